//! Where PostgreSQL's own programs are. Debian keeps the server's off the PATH, in a folder a version.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The directory of `initdb`, `postgres` and `psql`, all of one version. Panics where there is none.
pub(super) fn directory() -> PathBuf {
    let path: Vec<PathBuf> = env::var_os("PATH").map_or_else(Vec::new, |path| env::split_paths(&path).collect());
    newest_version(Path::new("/usr/lib/postgresql"))
        .or_else(|| path.into_iter().find(|directory| is_complete(directory)))
        .or_else(told_by_pg_config)
        .expect(
            "PostgreSQL is not installed here and this test needs it: `apt-get install postgresql`, \
             or name a server: FARTHING_TEST_POSTGRES=postgres://user@host:port",
        )
}

/// Debian's layout: `<root>/15/bin`, `<root>/17/bin`.
fn newest_version(root: &Path) -> Option<PathBuf> {
    fs::read_dir(root)
        .ok()?
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(_, directory)| is_complete(directory))
        .max()
        .map(|(_, directory)| directory)
}

fn told_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let directory = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    is_complete(&directory).then_some(directory)
}

/// A package of clients alone brings `psql` and `pg_config` but no server.
fn is_complete(directory: &Path) -> bool {
    ["initdb", "postgres", "psql"].iter().all(|program| directory.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ScratchDir;

    #[test]
    fn newest_complete_version() {
        let root = ScratchDir::new("binaries");
        assert_eq!(newest_version(&root.join("absent")), None);
        assert_eq!(newest_version(root.path()), None);
        let install = |version: &str, programs: &[&str]| {
            let directory = root.join(version).join("bin");
            fs::create_dir_all(&directory).unwrap();
            for program in programs {
                fs::write(directory.join(program), "").unwrap();
            }
            directory
        };
        install("9", &["initdb", "postgres", "psql"]);
        let newest = install("15", &["initdb", "postgres", "psql"]);
        install("17", &["psql"]); // the client alone
        install("common", &["initdb", "postgres", "psql"]);
        assert_eq!(newest_version(root.path()), Some(newest));
    }
}
