//! Reads files for the consoles as `farthing check` does.

use super::Folder;
use farthing_console::{FilesRead, Reader};
use farthing_core::config::Severity;
use std::collections::BTreeMap;

#[derive(Debug)]
pub struct Folders;

impl Reader for Folders {
    fn read(&self, cloud: &str, files: &BTreeMap<String, String>) -> Result<FilesRead, Vec<String>> {
        let folder = Folder::of_version(cloud, files).map_err(|error| vec![error.to_string()])?;
        let (checked, sources) = (folder.check(), folder.sources());
        let told = |errors: bool| {
            let remarks = checked.remarks.iter().filter(move |one| (one.severity == Severity::Error) == errors);
            remarks.map(|remark| remark.render(&sources)).collect::<Vec<String>>()
        };
        let errors = told(true);
        match &checked.profile {
            Some(profile) if errors.is_empty() => Ok(FilesRead { profile: profile.clone(), remarks: told(false) }),
            _ => Err(errors),
        }
    }
}
