//! The clouds this binary bills for: one folder each under `clouds/`, embedded when it is built, or a folder on the disk.
//!
//! Owns where the files come from. What they mean is `farthing_core::profile`'s.

mod colour;
mod folder;

pub use colour::Readable;
pub use folder::{Folder, file_bytes};

use crate::failure::Failure;
use farthing_core::config::{Colour, Source};
use farthing_core::money::{Currency, Locale};
use farthing_core::profile::{CATALOG_FILE, POLICY_FILE, Profile};
use farthing_core::time::Zone;
use rust_embed::RustEmbed;
use std::collections::BTreeMap;

#[derive(RustEmbed)]
#[folder = "../../clouds"]
struct Embedded;

/// The copper of the mark, for a cloud that says no colour.
const COPPER: Colour = Colour([0x9a, 0x4a, 0x1c]);

/// One cloud, as its files say.
#[derive(Clone, Debug, PartialEq)]
pub struct Cloud {
    /// The folder's name: lower-case letters, digits and `-`. In addresses, rows and commands.
    pub id: String,
    pub name: String,
    pub currency: Currency,
    pub time_zone: Zone,
    /// The languages its people read, the first one by default.
    pub languages: Vec<Locale>,
    pub legal_name: String,
    pub accent: Colour,
    pub profile: Profile,
    /// What it was read from.
    pub files: BTreeMap<String, String>,
}

impl Cloud {
    fn of(profile: Profile, files: BTreeMap<String, String>) -> Cloud {
        let (cloud, brand) = (&profile.policy.cloud, &profile.policy.brand);
        Cloud {
            id: cloud.id.to_string(),
            name: cloud.name.to_string(),
            currency: cloud.currency,
            time_zone: cloud.time_zone.clone(),
            languages: cloud.languages.clone(),
            legal_name: brand.legal_name.to_string(),
            accent: brand.accent.unwrap_or(COPPER),
            profile,
            files,
        }
    }

    /// How its own people expect an amount to look.
    pub fn locale(&self) -> Locale {
        self.languages.first().copied().unwrap_or(Locale::En)
    }
}

/// The folders that were built in, by their names.
pub fn embedded_folders() -> Vec<Folder> {
    let file = |path: &str| {
        let bytes = Embedded::get(path)?.data;
        Some(Source::new(format!("clouds/{path}"), String::from_utf8_lossy(&bytes)))
    };
    let names: Vec<String> = Embedded::iter()
        .filter_map(|path| Some(path.strip_suffix(POLICY_FILE)?.strip_suffix('/')?.to_owned()))
        .collect();
    let folder = |name: String| {
        let policy = file(&format!("{name}/{POLICY_FILE}"))?;
        let catalog = file(&format!("{name}/{CATALOG_FILE}"));
        let own = format!("{name}/");
        let mail = Embedded::iter()
            .filter_map(|path| Some(path.strip_prefix(&own)?.to_owned()))
            .filter(|path| path.starts_with("mail/"))
            .filter_map(|path| Some((path.clone(), file(&format!("{name}/{path}"))?.text)))
            .collect();
        let logo = folder::logo_name(&policy.text).and_then(|logo| {
            let bytes = Embedded::get(&format!("{name}/{logo}"))?.data;
            Some((logo, folder::logo_text(&bytes)?))
        });
        Some(Folder { name, policy, catalog, mail, logo })
    };
    names.into_iter().filter_map(folder).collect()
}

/// The clouds whose folders were built in, by name.
pub fn embedded() -> Result<Vec<Cloud>, Failure> {
    let mut clouds: Vec<Cloud> = embedded_folders()
        .iter()
        .map(|folder| Ok(Cloud::of(folder.profile()?, folder.files())))
        .collect::<Result<_, Failure>>()?;
    clouds.sort_by_key(|cloud| cloud.name.to_lowercase());
    Ok(clouds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_core::config::Severity;

    #[test]
    fn every_cloud_built_in_is_without_errors_and_warnings() {
        let folders = embedded_folders();
        assert!(folders.len() >= 5);
        for folder in folders {
            let (checked, sources) = (folder.check(), folder.sources());
            let wrong: Vec<String> = checked
                .remarks
                .iter()
                .filter(|remark| remark.severity != Severity::Note)
                .map(|remark| remark.render(&sources))
                .collect();
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        }
    }
}
