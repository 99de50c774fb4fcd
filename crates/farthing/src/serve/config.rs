//! How a server is set up: a file, then the environment, then flags, each over the one before.
//!
//! Secrets are not in the file and not among the flags, where others can read them: they come from the environment or from files
//! of their own (`*_file`). What is wrong is told with its place.

use super::console::{ConsoleFile, ConsoleSettings};
use super::exporters::folder_beside;
use super::payments::{PaymentSettings, PaymentsFile};
use super::proxies::Proxies;
use crate::carry::{MailServer, Password};
use crate::failure::Failure;
use clap::{Args, ValueEnum};
use farthing_core::access::Allowance;
use farthing_core::notice::Reach;
use farthing_store::Location;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What can be said on the command line or in the environment.
#[derive(Args, Clone, Debug, Default)]
pub struct Flags {
    /// A file with settings; every flag goes over it.
    #[arg(long, value_name = "FILE", env = "FARTHING_CONFIG")]
    pub config: Option<PathBuf>,
    /// The store: a SQLite file (made where there is none), or postgres://…
    #[arg(long, env = "FARTHING_STORE", hide_env_values = true)]
    pub store: Option<String>,
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS:PORT", env = "FARTHING_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// How the log is written.
    #[arg(long, value_enum, env = "FARTHING_LOG")]
    pub log: Option<LogFormat>,
    /// Only answers requests: another process settles and delivers.
    #[arg(long)]
    pub no_work: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Json,
    Text,
}

/// The file's keys.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    store: Option<String>,
    listen: Option<SocketAddr>,
    /// Whose `X-Forwarded-For` is believed: `["127.0.0.1", "10.0.0.0/8"]`
    proxies: Proxies,
    log: Option<LogFormat>,
    work: Option<bool>,
    limits: Limits,
    webhooks: Webhooks,
    mail: Mail,
    payments: PaymentsFile,
    exports: Exports,
    console: Option<ConsoleFile>,
    /// `https://billing.example.com`: what links in mails begin with.
    public_url: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Exports {
    /// Where files are kept; beside the database when it is not said. Several servers on one store share one.
    folder: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Webhooks {
    reach: Far,
}

/// How far webhooks go beyond the public network.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Far {
    Public,
    /// And to this machine itself.
    #[default]
    Loopback,
    /// Anywhere.
    Private,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Mail {
    /// `smtps://host:465` or `smtp://host:587`; without it no mail is sent.
    smtp: Option<String>,
    /// Whom mails come from where the cloud's brand.sender does not say it.
    from: Option<String>,
    user: Option<String>,
    /// A file that holds the password; or it is in the environment's `FARTHING_SMTP_PASSWORD`.
    password_file: Option<PathBuf>,
    tls: MailTls,
    /// Certificates (PEM) of whoever vouches for the mail server, where that is nobody whom everybody believes.
    authority_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MailTls {
    /// Unless the server is this machine and wants no password.
    #[default]
    Required,
    /// Never, and the password goes in the clear too.
    Off,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Limits {
    /// Of a key that has no limit of its own.
    requests_per_second: u32,
    burst: u32,
    body_mib: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { requests_per_second: 1_000, burst: 2_000, body_mib: 16 }
    }
}

#[derive(Clone, Debug)]
pub struct Config {
    pub store: Location,
    pub listen: SocketAddr,
    /// Who speaks for others.
    pub proxies: Proxies,
    pub log: LogFormat,
    /// Settles and delivers, besides answering.
    pub work: bool,
    /// How far webhooks go.
    pub reach: Reach,
    /// Where mails are handed in; none: none are sent.
    pub mail: Option<MailServer>,
    /// Whom money comes through.
    pub payments: PaymentSettings,
    /// Where the files of exports are kept.
    pub exports: PathBuf,
    /// Where the server is reached from outside, for links in mails; empty: not said.
    pub public_url: String,
    /// How the consoles are served; none: they are not.
    pub console: Option<ConsoleSettings>,
    limits: Limits,
}

impl Config {
    pub fn read(flags: &Flags) -> Result<Config, Failure> {
        let file = match &flags.config {
            Some(path) => read_file(path)?,
            None => File::default(),
        };
        let store = flags.store.clone().or(file.store).unwrap_or_else(|| "sqlite:farthing.db".to_owned());
        if file.limits.requests_per_second == 0 || file.limits.burst == 0 || file.limits.body_mib == 0 {
            return Err("limits of 0 would let nobody in: say at least 1, or leave them out".into());
        }
        let store = Location::parse(&store);
        let public_url = file.public_url.unwrap_or_default();
        if !(public_url.is_empty() || public_url.starts_with("https://") || public_url.starts_with("http://")) {
            return Err(
                format!("public_url {public_url:?} is no address: write it like https://billing.example.com").into()
            );
        }
        Ok(Config {
            console: file.console.map(|console| console.read(&public_url)).transpose()?,
            exports: file.exports.folder.unwrap_or_else(|| folder_beside(&store)),
            public_url,
            store,
            listen: flags.listen.or(file.listen).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            proxies: file.proxies,
            log: flags.log.or(file.log).unwrap_or_default(),
            work: !flags.no_work && file.work.unwrap_or(true),
            reach: match file.webhooks.reach {
                Far::Public => Reach::Public,
                Far::Loopback => Reach::Loopback,
                Far::Private => Reach::Private,
            },
            mail: mail_server(file.mail)?,
            payments: file.payments.read()?,
            limits: file.limits,
        })
    }

    pub fn allowance(&self) -> Allowance {
        Allowance { per_second: self.limits.requests_per_second, burst: self.limits.burst }
    }

    pub fn body_bytes_max(&self) -> usize {
        usize::try_from(self.limits.body_mib).unwrap_or(usize::MAX).saturating_mul(1024 * 1024)
    }
}

/// The password is not among the settings: it is in the environment or in a file of its own.
fn mail_server(mail: Mail) -> Result<Option<MailServer>, Failure> {
    let Some(url) = mail.smtp else { return Ok(None) };
    let given = std::env::var("FARTHING_SMTP_PASSWORD").ok().filter(|password| !password.is_empty());
    let password = match (given, &mail.password_file) {
        (Some(password), _) => Some(password),
        (None, Some(path)) => {
            let told = |error| format!("{}: {error}; mail.password_file names it", path.display());
            Some(std::fs::read_to_string(path).map_err(told)?.trim_end_matches(['\r', '\n']).to_owned())
        }
        (None, None) => None,
    };
    let authority = mail.authority_file.as_ref().map(|path| {
        std::fs::read(path).map_err(|error| format!("{}: {error}; mail.authority_file names it", path.display()))
    });
    // Set for several servers on one machine, it is nothing to one that needs none.
    let password = password.filter(|_| mail.user.is_some()).map(Password);
    Ok(Some(MailServer {
        url,
        in_the_clear: mail.tls == MailTls::Off,
        authority: authority.transpose()?,
        from: mail.from,
        user: mail.user,
        password,
    }))
}

/// What a file says of payments, before any secret is looked for.
pub(super) fn payments_of(path: &Path) -> Result<PaymentsFile, Failure> {
    Ok(read_file(path)?.payments)
}

fn read_file(path: &Path) -> Result<File, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("{} cannot be read: {error}; name the file with --config", path.display()))?;
    // The error shows the line and a caret.
    toml::from_str(&text).map_err(|error| format!("{}: {}", path.display(), covered(&error.to_string())).into())
}

/// Whoever writes a secret into the settings is not shown it again.
fn covered(told: &str) -> String {
    let mut text = told.to_owned();
    for form in ["sk_", "rk_", "whsec_"] {
        while let Some(place) = text.find(form) {
            let long = text.get(place..).and_then(|rest| rest.find([' ', '\n', '"']));
            text.replace_range(place..long.map_or(text.len(), |long| place + long), "…");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, flags: Flags) -> Result<Config, String> {
        let folder = std::env::temp_dir().join(format!("farthing-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{:?}.toml", std::thread::current().id()));
        std::fs::write(&path, text).unwrap();
        let read = Config::read(&Flags { config: Some(path.clone()), ..flags }).map_err(|error| error.to_string());
        std::fs::remove_file(&path).unwrap();
        read
    }

    #[test]
    fn flags_go_over_the_file() {
        let text = "store = \"sqlite:/var/lib/farthing/a.db\"\nlisten = \"0.0.0.0:80\"\n[limits]\nbody_mib = 2\n";
        let config = read(text, Flags { listen: Some("127.0.0.1:9".parse().unwrap()), ..Flags::default() }).unwrap();
        assert_eq!(config.store.to_string(), "sqlite:/var/lib/farthing/a.db");
        assert_eq!(config.listen.to_string(), "127.0.0.1:9");
        assert_eq!((config.body_bytes_max(), config.allowance().per_second), (2 * 1024 * 1024, 1_000));
        assert!(config.work);
    }

    #[test]
    fn mail_has_its_password_in_a_file_of_its_own() {
        let file = std::env::temp_dir().join(format!("farthing-password-{}", std::process::id()));
        std::fs::write(&file, "hunter2\n").unwrap();
        let text = format!("[mail]\nsmtp = \"smtps://mail.example.com\"\nuser = \"anna\"\npassword_file = {file:?}\n");
        let config = read(&text, Flags::default()).unwrap();
        let mail = config.mail.clone().unwrap();
        assert_eq!(mail.password.unwrap().0, "hunter2");
        assert!(!format!("{config:?}").contains("hunter2"));
        std::fs::remove_file(&file).unwrap();
        let told = read(&text, Flags::default()).unwrap_err();
        assert!(told.contains("mail.password_file"), "{told}");
        assert!(read("", Flags::default()).unwrap().mail.is_none());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let told = read("listen = \"0.0.0.0:80\"\nstroe = \"x\"\n", Flags::default()).unwrap_err();
        assert!(told.contains("line 2") && told.contains("stroe"), "{told}");
        let told = read("[payments.acme.stripe]\nkey = \"sk_live_hunter2\"\n", Flags::default()).unwrap_err();
        assert!(told.contains("line 2") && !told.contains("hunter2"), "{told}");
        let told = read("proxies = [\"127.0.0.1\", \"10.0.0.0/99\"]\n", Flags::default()).unwrap_err();
        assert!(told.contains("line 1") && told.contains("10.0.0.0/99"), "{told}");
        let told = read("[limits]\nburst = 0\n", Flags::default()).unwrap_err();
        assert!(told.contains("let nobody in"), "{told}");
    }
}
