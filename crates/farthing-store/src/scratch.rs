//! A store for a trial: a folder of its own for an embedded one, a database of its own on a PostgreSQL server. It is removed
//! with its value, also under connections still open.

use crate::{Location, StoreError, postgres};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug)]
pub struct Scratch {
    location: Location,
    made: Made,
}

#[derive(Debug)]
enum Made {
    Folder(PathBuf),
    /// On the server that this URL names.
    Database {
        server: String,
        name: String,
    },
}

impl Scratch {
    /// In the system's folder for temporary files.
    pub fn embedded() -> Result<Scratch, StoreError> {
        let folder = std::env::temp_dir().join(unique_name());
        // A ledger is its owner's alone, here too.
        std::fs::DirBuilder::new().mode(0o700).create(&folder).map_err(StoreError::Io)?;
        Ok(Scratch { location: Location::Sqlite(folder.join("farthing.db")), made: Made::Folder(folder) })
    }

    /// On the server of this URL, whose user must be allowed to create databases; the database it names is left alone.
    pub fn on_server(url: &str) -> Result<Scratch, StoreError> {
        let name = unique_name();
        postgres::run_alone(url, &format!("CREATE DATABASE {name} TEMPLATE template0"))?;
        let location = Location::Postgres(with_database(url, &name));
        Ok(Scratch { location, made: Made::Database { server: url.to_owned(), name } })
    }

    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Keeps what a fresh store has in its tables, right after one was made here: `renew` brings back exactly that.
    pub fn remember(&self) -> Result<(), StoreError> {
        self.on_database(REMEMBER)
    }

    /// As fresh as when it was remembered, and sooner than a new one: a server takes its time for each table of a database. An embedded one
    /// is made sooner than emptied, so nobody asks.
    pub fn renew(&self) -> Result<(), StoreError> {
        self.on_database(RENEW)
    }

    fn on_database(&self, statement: &str) -> Result<(), StoreError> {
        match (&self.made, &self.location) {
            (Made::Database { .. }, Location::Postgres(url)) => postgres::run_alone(url, statement),
            _ => Ok(()),
        }
    }
}

const REMEMBER: &str = "CREATE SCHEMA fresh;
DO $$
DECLARE own text; has boolean;
BEGIN
    FOR own IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', own) INTO has;
        IF has THEN EXECUTE format('CREATE TABLE fresh.%I AS TABLE public.%I', own, own); END IF;
    END LOOP;
END $$";

const RENEW: &str = "DO $$
DECLARE own text;
BEGIN
    FOR own IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%I', own);
    END LOOP;
    FOR own IN SELECT tablename FROM pg_tables WHERE schemaname = 'fresh' LOOP
        EXECUTE format('INSERT INTO public.%I SELECT * FROM fresh.%I', own, own);
    END LOOP;
END $$";

impl Drop for Scratch {
    fn drop(&mut self) {
        let removed = match &self.made {
            Made::Folder(folder) => std::fs::remove_dir_all(folder).map_err(StoreError::Io),
            Made::Database { server, name } => {
                postgres::run_alone(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            }
        };
        if let Err(error) = removed {
            eprintln!("{} cannot be removed: {}", self.location, crate::chain_of(&error));
        }
    }
}

/// A name nobody else uses, here or in another process.
fn unique_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // Process ids come again after a while.
    let nanoseconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    format!("farthing_trial_{}_{count}_{nanoseconds:x}", std::process::id())
}

/// The same URL, for another database of its server.
fn with_database(url: &str, name: &str) -> String {
    let (head, query) = url.split_once('?').map_or((url, String::new()), |(head, query)| (head, format!("?{query}")));
    let host = head.find("://").map_or(0, |scheme| scheme + 3);
    let end = head[host..].find('/').map_or(head.len(), |slash| host + slash);
    format!("{}/{name}{query}", &head[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_of_a_url_changes() {
        let check = |url: &str, expected: &str| assert_eq!(with_database(url, "trial"), expected);
        check(
            "postgres://me:secret@host:5432/main?sslmode=require",
            "postgres://me:secret@host:5432/trial?sslmode=require",
        );
        check("postgres://host/main", "postgres://host/trial");
        check("postgresql://host", "postgresql://host/trial");
        check("postgres://host?sslmode=disable", "postgres://host/trial?sslmode=disable");
    }

    #[test]
    fn a_folder_goes_with_its_value() {
        let scratch = Scratch::embedded().unwrap();
        let Location::Sqlite(file) = scratch.location().clone() else { panic!("it is embedded") };
        std::fs::write(&file, "something").unwrap();
        drop(scratch);
        assert!(!file.parent().unwrap().exists());
    }
}
