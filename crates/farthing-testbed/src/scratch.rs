//! Scratch directories: new, private to the user, gone when dropped. A process that is killed leaves its own behind.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs, io, process};

/// A directory of one test, removed with all that is in it when this value is dropped.
#[derive(Debug)]
pub struct ScratchDir {
    path: PathBuf,
}

impl ScratchDir {
    /// Creates `<temporary directory>/farthing-<what>_<unique>`.
    pub fn new(what: &str) -> Self {
        loop {
            let path = env::temp_dir().join(format!("farthing-{}", unique_name(what)));
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Self { path },
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => panic!("cannot create the scratch directory {}: {error}", path.display()),
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of something in it, which need not exist.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("cannot remove the scratch directory {}: {error}", self.path.display());
        }
    }
}

/// A name nobody else uses, here or in another process: `<what>_<process>_<count>_<nanoseconds>` in lower-case letters,
/// digits and underscores, within the 63 bytes that PostgreSQL keeps of a name.
pub(crate) fn unique_name(what: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let what: String =
        what.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).take(20).collect();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // Process ids come again after a while, and a server may outlive many processes.
    let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    format!("{what}_{}_{count}_{nanoseconds:x}", process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_with_its_content() {
        let scratch = ScratchDir::new("scratch");
        let path = scratch.path().to_owned();
        fs::create_dir(scratch.join("folder")).unwrap();
        fs::write(scratch.join("folder/file"), "text").unwrap();
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn names_differ_and_fit() {
        let names = [0; 3].map(|_| unique_name("Store::Ledger/öre and everything that comes after it"));
        assert!(names[0] != names[1] && names[1] != names[2]);
        for name in names {
            assert!(name.starts_with("store__ledger__re_an_"), "{name}");
            assert!(name.len() <= 63, "{name}");
        }
    }
}
