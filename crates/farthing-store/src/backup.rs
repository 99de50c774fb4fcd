//! Copies of an embedded store: made while others write, and proven to be whole before they are used.
//!
//! A backup is the SQLite file of one snapshot with 64 bytes behind it: what it is, how long the file is, and its hash. SQLite
//! leaves them alone, so a backup opens as a database too; and whatever was cut off or changed since is found before a restore.
//! PostgreSQL has tools of its own, which are named.

use crate::{Location, StoreError, sqlite};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 24] = b"farthing backup, form 1\n";
const TRAILER: u64 = 64;
/// Read and hashed at once.
const CHUNK: usize = 1 << 20;

/// How far a long work is, for whoever watches.
pub type Progress<'p> = &'p mut dyn FnMut(Step);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub what: &'static str,
    pub done: u64,
    pub of: u64,
}

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupFacts {
    /// Of the database, without what stands behind it.
    pub bytes: u64,
    pub hash: [u8; 32],
}

/// Copies a store as it is at one moment into a new file, while others go on writing. The file is there only when it is whole. The
/// store may be of an older schema: it is before an upgrade that a backup is wanted most.
pub fn backup_file(location: &Location, to: &Path, progress: Progress<'_>) -> Result<BackupFacts, StoreError> {
    let Location::Sqlite(from) = location else {
        return Err(StoreError::Unusable(postgres_words(location)));
    };
    if !from.exists() {
        return Err(StoreError::Absent(format!("{}: there is no such file; name an existing store", from.display())));
    }
    let part = Part::create(to)?;
    sqlite::copy(from, &part.path, &mut |done, of| progress(Step { what: "copied", done, of }))?;
    let facts = part.seal(progress)?;
    part.place(to)?;
    Ok(facts)
}

/// Checks that a backup is whole, and copies it into a new store file, which is there only when it is whole.
pub fn restore_file(from: &Path, to: &Path, progress: Progress<'_>) -> Result<BackupFacts, StoreError> {
    let mut source = File::open(from).map_err(|error| told(from, &format!("it cannot be read ({error})")))?;
    let facts = trailer(&mut source, from)?;
    let part = Part::create(to)?;
    let hash = hashed(&mut source, facts.bytes, Some(&part.path), progress)?;
    if hash != facts.hash {
        return Err(told(from, "it is not what was backed up: bytes of it have changed; take another backup"));
    }
    part.place(to)?;
    Ok(facts)
}

/// How PostgreSQL is backed up and restored.
fn postgres_words(location: &Location) -> String {
    format!(
        "{location} is PostgreSQL, which is backed up by its own tools: \
         `pg_dump --format=custom --no-owner --no-acl --file=farthing.dump --dbname=URL` copies one moment while others write; \
         `createdb NEW` and `pg_restore --exit-on-error --no-owner --no-acl --single-transaction --dbname=NEW-URL farthing.dump` bring it back; \
         then `farthing restore --store NEW-URL` proves it and keeps it from sending anything until it is accepted"
    )
}

/// A file under another name until it is whole: gone if it never is.
struct Part {
    path: PathBuf,
}

impl Part {
    fn create(to: &Path) -> Result<Part, StoreError> {
        if to.exists() {
            return Err(told(to, "it is there already, and nothing is overwritten: name another file"));
        }
        let mut name = to.as_os_str().to_owned();
        name.push(".part");
        let part = Part { path: PathBuf::from(name) };
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part.path);
        match made {
            Ok(_) => Ok(part),
            Err(error) => {
                let path = part.path.clone();
                std::mem::forget(part); // it is another's
                let what =
                    format!("it cannot be made ({error}): look at the folder, or remove what a broken run has left");
                Err(told(&path, &what))
            }
        }
    }

    /// Writes what proves it behind it.
    fn seal(&self, progress: Progress<'_>) -> Result<BackupFacts, StoreError> {
        let mut file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        let bytes = file.metadata()?.len();
        let hash = hashed(&mut file, bytes, None, progress)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(MAGIC)?;
        file.write_all(&bytes.to_le_bytes())?;
        file.write_all(&hash)?;
        Ok(BackupFacts { bytes, hash })
    }

    /// Gives it its name, on the disk; what stands there meanwhile is not overwritten.
    fn place(self, to: &Path) -> Result<(), StoreError> {
        File::open(&self.path)?.sync_all()?;
        std::fs::hard_link(&self.path, to).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                told(to, "it is there already, and nothing is overwritten: name another file")
            }
            _ => told(to, &format!("it cannot be made ({error}): choose a folder on another disk")),
        })?;
        std::fs::remove_file(&self.path)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        std::mem::forget(self);
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Whatever became of it, it is not what was asked for; SQLite may have left files beside it.
        for end in ["", "-wal", "-shm", "-journal"] {
            let mut name = self.path.as_os_str().to_owned();
            name.push(end);
            let _ = std::fs::remove_file(name);
        }
    }
}

/// What stands behind a backup, if it is one and has its whole length.
fn trailer(file: &mut File, path: &Path) -> Result<BackupFacts, StoreError> {
    let length = file.metadata()?.len();
    let bytes = length.saturating_sub(TRAILER);
    let mut end = [0_u8; 64];
    if length > TRAILER {
        file.seek(SeekFrom::Start(bytes))?;
        file.read_exact(&mut end)?;
    }
    let (magic, rest) = end.split_at(MAGIC.len());
    let (said, hash) = rest.split_at(8);
    let said = u64::from_le_bytes(said.try_into().unwrap_or_default());
    if magic != MAGIC || said != bytes {
        return Err(told(
            path,
            "it is no whole backup: its end is missing, or `farthing backup` did not write it; take another, or copy the file again",
        ));
    }
    Ok(BackupFacts { bytes, hash: hash.try_into().unwrap_or_default() })
}

/// The hash of a file's first bytes, which are copied on the way if that is asked.
fn hashed(from: &mut File, bytes: u64, to: Option<&Path>, progress: Progress<'_>) -> Result<[u8; 32], StoreError> {
    let what = if to.is_some() { "copied" } else { "hashed" };
    let mut copy = to.map(|path| OpenOptions::new().write(true).open(path)).transpose()?;
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0_u8; CHUNK];
    let mut done = 0;
    from.seek(SeekFrom::Start(0))?;
    while done < bytes {
        let most = usize::try_from(bytes - done).map_or(CHUNK, |left| left.min(CHUNK));
        let read = from.read(&mut chunk[..most])?;
        if read == 0 {
            return Err(StoreError::Io(std::io::ErrorKind::UnexpectedEof.into()));
        }
        hasher.update(&chunk[..read]);
        if let Some(copy) = &mut copy {
            copy.write_all(&chunk[..read])?;
        }
        done += read as u64;
        progress(Step { what, done, of: bytes });
    }
    Ok(*hasher.finalize().as_bytes())
}

fn told(path: &Path, what: &str) -> StoreError {
    StoreError::Unusable(format!("{}: {what}", path.display()))
}
