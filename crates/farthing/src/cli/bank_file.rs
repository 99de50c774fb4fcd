//! Files of a bank as they lie on a disk, and what is said of one that is refused: its line with a caret, as `farthing check` tells it.

use farthing::failure::Failure;
use farthing_engine::Unread;
use std::path::Path;

pub(super) fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?)
}

pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Why nothing was taken of a file.
pub(super) fn told(path: &Path, bytes: &[u8], why: Unread) -> Failure {
    match why {
        Unread::Bad(bad) => format!("{}\nNothing was taken.", bad.shown(&path.display().to_string(), bytes)).into(),
        Unread::Refused(refused) => format!("{}: {}", path.display(), farthing_store::chain_of(&refused)).into(),
    }
}
