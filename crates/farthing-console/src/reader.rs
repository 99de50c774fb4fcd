//! Reading a cloud's files as `farthing check` does: what is in a folder, and what is to be said of it, is the binary's to know.

use farthing_core::profile::Profile;
use std::collections::BTreeMap;
use std::fmt;

/// Files that can be used, and what is to be said of them all the same.
#[derive(Clone, Debug)]
pub struct FilesRead {
    pub profile: Profile,
    /// With line and caret.
    pub remarks: Vec<String>,
}

pub trait Reader: Send + Sync + fmt::Debug {
    /// Everything that is wrong with them, each with line and caret.
    fn read(&self, cloud: &str, files: &BTreeMap<String, String>) -> Result<FilesRead, Vec<String>>;
}
