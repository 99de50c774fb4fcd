//! Whom each cloud's money comes through: `[payments]` of the settings. Secrets stand in files of their own or in the environment, and
//! nothing of them is ever shown.

use super::config::payments_of;
use crate::failure::Failure;
use farthing_stripe::{SecretText, StripeSettings};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Default)]
pub struct PaymentSettings {
    /// Clouds without a provider pretend.
    pub sandbox: bool,
    pub stripe: BTreeMap<String, StripeSettings>,
}

/// `sandbox`, and a table for each cloud.
#[derive(Debug, Default)]
pub(super) struct PaymentsFile {
    sandbox: bool,
    clouds: BTreeMap<String, CloudFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CloudFile {
    stripe: StripeFile,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StripeFile {
    /// Holds the secret key, or a restricted one.
    secret_key_file: Option<PathBuf>,
    /// Holds the webhook endpoint's signing secret; two lines while it is rolled.
    webhook_secret_file: Option<PathBuf>,
    /// Where Stripe is asked, for tests.
    api_base: Option<String>,
    requests_per_second: Option<u32>,
    /// How long an answer is waited for.
    timeout_seconds: Option<u64>,
    /// Where customers come back to when their bank wanted to see them.
    return_url: Option<String>,
}

impl<'de> Deserialize<'de> for PaymentsFile {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<PaymentsFile, D::Error> {
        reader.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = PaymentsFile;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("`sandbox`, and tables such as [payments.CLOUD.stripe]")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<PaymentsFile, A::Error> {
        let mut file = PaymentsFile::default();
        while let Some(name) = entries.next_key::<String>()? {
            if name == "sandbox" {
                file.sandbox = entries.next_value()?;
            } else {
                file.clouds.insert(name, entries.next_value()?);
            }
        }
        Ok(file)
    }
}

impl PaymentsFile {
    pub(super) fn read(self) -> Result<PaymentSettings, Failure> {
        let mut stripe = BTreeMap::new();
        for (cloud, file) in self.clouds {
            let settings = file.stripe.read(&cloud)?;
            stripe.insert(cloud, settings);
        }
        Ok(PaymentSettings { sandbox: self.sandbox, stripe })
    }
}

/// What was found where secrets stand. Shown to nobody.
struct Secrets {
    key: String,
    webhooks: Vec<String>,
}

impl StripeFile {
    fn read(&self, cloud: &str) -> Result<StripeSettings, String> {
        if self.requests_per_second == Some(0) || self.timeout_seconds == Some(0) {
            return Err(format!(
                "payments.{cloud}.stripe: 0 requests, or 0 seconds, would ask nothing: say at least 1"
            ));
        }
        let secrets = self.secrets(cloud)?;
        let webhooks = secrets.webhooks.into_iter().map(SecretText::new).collect();
        let mut settings = StripeSettings::new(SecretText::new(secrets.key), webhooks);
        if let Some(base) = &self.api_base {
            settings.api_base.clone_from(base);
        }
        settings.per_second = self.requests_per_second.map_or(settings.per_second, i64::from);
        settings.timeout_seconds = self.timeout_seconds.unwrap_or(settings.timeout_seconds);
        settings.return_url.clone_from(&self.return_url);
        Ok(settings)
    }

    fn secrets(&self, cloud: &str) -> Result<Secrets, String> {
        let named = |what: &str| format!("payments.{cloud}.stripe.{what}");
        let key = secret(&variable("KEY", cloud), self.secret_key_file.as_deref(), &named("secret_key_file"))?;
        let webhooks = secret(
            &variable("WEBHOOK_SECRET", cloud),
            self.webhook_secret_file.as_deref(),
            &named("webhook_secret_file"),
        )?;
        // A copied line has a space behind it more often than a secret has one in it.
        let webhooks = webhooks.split_whitespace().map(str::to_owned).collect();
        Ok(Secrets { key: key.trim().to_owned(), webhooks })
    }
}

/// `FARTHING_STRIPE_KEY_EXAMPLE_CLOUD` for the cloud `example-cloud`.
fn variable(what: &str, cloud: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
    let cloud: String = cloud.chars().map(plain).collect();
    format!("FARTHING_STRIPE_{what}_{cloud}")
}

/// Out of the environment, or out of a file. What is wrong names the place and never what stands there.
fn secret(variable: &str, file: Option<&Path>, setting: &str) -> Result<String, String> {
    let given = std::env::var(variable).ok().filter(|text| !text.trim().is_empty());
    let text = match (given, file) {
        (Some(text), _) => text,
        (None, Some(path)) => {
            std::fs::read_to_string(path).map_err(|error| format!("{}: {error}; {setting} names it", path.display()))?
        }
        (None, None) => {
            return Err(format!("{setting} is missing: name a file that holds it, or set {variable}"));
        }
    };
    if text.trim().is_empty() {
        return Err(format!("{setting} names an empty file: put the secret there"));
    }
    Ok(text)
}

/// What a look at the settings of a cloud's Stripe finds; nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripeFacts {
    pub cloud: String,
    /// Why it cannot be used.
    pub trouble: Option<String>,
    /// The key moves no real money.
    pub test_key: bool,
    /// By its first letters it is a secret key, not the one that browsers have.
    pub key_has_form: bool,
    pub webhooks_have_form: bool,
    /// The secrets' files, with their modes.
    pub files: Vec<(PathBuf, u32)>,
    /// Not Stripe's own.
    pub api_base: Option<String>,
}

/// Looks at what a file of settings says of Stripe, cloud by cloud, and whether money may be pretended.
pub fn stripe_facts(settings: &Path) -> Result<(bool, Vec<StripeFacts>), Failure> {
    let file = payments_of(settings)?;
    let facts = file.clouds.iter().map(|(cloud, file)| file.stripe.facts(cloud)).collect();
    Ok((file.sandbox, facts))
}

impl StripeFile {
    fn facts(&self, cloud: &str) -> StripeFacts {
        let mode = |path: &PathBuf| {
            let facts = std::fs::metadata(path).ok()?;
            Some((path.clone(), facts.permissions().mode()))
        };
        let files = [&self.secret_key_file, &self.webhook_secret_file].into_iter().flatten().filter_map(mode).collect();
        let secrets = self.secrets(cloud);
        let (key, webhooks) = match &secrets {
            Ok(secrets) => (secrets.key.as_str(), secrets.webhooks.as_slice()),
            Err(_) => ("", &[][..]),
        };
        StripeFacts {
            cloud: cloud.to_owned(),
            test_key: ["sk_test_", "rk_test_"].iter().any(|form| key.starts_with(form)),
            key_has_form: ["sk_", "rk_"].iter().any(|form| key.starts_with(form)),
            webhooks_have_form: webhooks.iter().all(|secret| secret.starts_with("whsec_")),
            trouble: self.read(cloud).err(),
            files,
            api_base: self.api_base.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PaymentSettings, String> {
        let file: PaymentsFile = toml::from_str(text).map_err(|error| error.to_string())?;
        file.read().map_err(|error| error.to_string())
    }

    #[test]
    fn secrets_stand_in_files_and_are_not_shown() {
        let folder = std::env::temp_dir().join(format!("farthing-stripe-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (key, webhooks) = (folder.join("key"), folder.join("webhooks"));
        std::fs::write(&key, "sk_live_hunter2\n").unwrap();
        std::fs::write(&webhooks, "whsec_hunter3\nwhsec_hunter4\n").unwrap();
        let text =
            format!("sandbox = true\n[acme.stripe]\nsecret_key_file = {key:?}\nwebhook_secret_file = {webhooks:?}\n");
        let read_one = read(&text).unwrap();
        let settings = &read_one.stripe["acme"];
        assert_eq!(settings.secret_key, SecretText::new("sk_live_hunter2"));
        assert_eq!(settings.webhook_secrets, [SecretText::new("whsec_hunter3"), SecretText::new("whsec_hunter4")]);
        assert!(read_one.sandbox);
        assert!(!format!("{read_one:?}").contains("hunter"), "{read_one:?}");
        std::fs::write(&key, "\n").unwrap();
        assert!(read(&text).unwrap_err().contains("payments.acme.stripe.secret_key_file names an empty file"));
        std::fs::remove_dir_all(&folder).unwrap();
        let told = read(&text).unwrap_err();
        assert!(told.contains("payments.acme.stripe.secret_key_file names it"), "{told}");
    }

    #[test]
    fn what_is_missing_or_misspelt_is_told() {
        let told = read("[acme-cloud.stripe]\n").unwrap_err();
        assert!(told.contains("name a file that holds it, or set FARTHING_STRIPE_KEY_ACME_CLOUD"), "{told}");
        let told = read("[acme.strype]\n").unwrap_err();
        assert!(told.contains("strype"), "{told}");
        let told = read("[acme.stripe]\nsecret_key = \"sk_live_hunter2\"\n").unwrap_err();
        assert!(told.contains("unknown field `secret_key`"), "{told}");
        assert_eq!(read("").unwrap().stripe.len(), 0);
    }
}
