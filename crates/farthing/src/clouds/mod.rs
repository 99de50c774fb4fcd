//! The clouds this binary bills for: one folder each under `clouds/`, embedded when it is built, or a folder on the disk.
//!
//! Owns where the files come from. What they mean is `farthing_core::profile`'s.

mod folder;
mod reading;

pub use farthing_console::Cloud;
pub use folder::{Folder, file_bytes};
pub use reading::Folders;

use crate::failure::Failure;
use farthing_core::config::Source;
use farthing_core::profile::{CATALOG_FILE, POLICY_FILE};
use rust_embed::RustEmbed;
use std::collections::BTreeMap;

#[derive(RustEmbed)]
#[folder = "../../clouds"]
struct Embedded;

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
        let mut help: BTreeMap<String, String> = Embedded::iter()
            .filter_map(|path| Some(path.strip_prefix(&own)?.to_owned()))
            .filter(|path| path.starts_with("help/"))
            .filter_map(|path| Some((path.clone(), file(&format!("{name}/{path}"))?.text)))
            .collect();
        if let Some(images) = folder::images_name(&policy.text) {
            let within = format!("{own}{images}/");
            help.extend(Embedded::iter().filter(|path| path.starts_with(&within)).filter_map(|path| {
                let text = folder::logo_text(&Embedded::get(&path)?.data)?;
                Some((path.strip_prefix(&own)?.to_owned(), text))
            }));
        }
        Some(Folder { name, policy, catalog, mail, help, logo })
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
