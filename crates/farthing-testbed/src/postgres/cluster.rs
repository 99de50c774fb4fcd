//! The servers tests use: one for all tests of a process, shared between processes where the environment names one, and a
//! second kind that speaks nothing but TLS.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::binaries;
use super::database::Database;
use super::keeper::{Access, Keeper};
use super::server::Server;

/// The server for all tests of this process: the one `FARTHING_TEST_POSTGRES` names, else a private one, started by the
/// first call and gone when the process is, however it ends.
pub fn postgres() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| match env::var("FARTHING_TEST_POSTGRES") {
        Ok(url) if !url.is_empty() => Cluster::at(&url),
        _ => Cluster::start(),
    })
}

/// A private server that lets nobody in without TLS and a password, with a certificate for `localhost` and 127.0.0.1.
pub fn tls_cluster() -> &'static TlsCluster {
    static CLUSTER: OnceLock<TlsCluster> = OnceLock::new();
    CLUSTER.get_or_init(TlsCluster::start)
}

/// A PostgreSQL server on which tests make databases.
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    keeper: Option<Keeper>,
}

impl Cluster {
    /// A server of one's own, stopped when dropped. Most tests share [`postgres`]: this takes about a second.
    pub fn start() -> Self {
        let binaries = binaries::directory();
        let keeper = Keeper::start(&binaries, Access::Plain, fsync_options());
        let url = format!("postgres://farthing@127.0.0.1:{}", keeper.port());
        Self { server: Server::parse(binaries.join("psql"), &url), keeper: Some(keeper) }
    }

    fn at(url: &str) -> Self {
        Self { server: Server::parse(binaries::directory().join("psql"), url), keeper: None }
    }

    /// The server's URL without a database, as `FARTHING_TEST_POSTGRES` takes it.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Where a private server's unix socket is.
    pub fn socket_dir(&self) -> Option<&Path> {
        self.keeper.as_ref().map(Keeper::directory)
    }

    /// A fresh and empty database, dropped with the value. `prefix` is for whoever reads the server's log.
    pub fn database(&self, prefix: &str) -> Database {
        Database::create(&self.server, prefix)
    }
}

/// See [`tls_cluster`].
#[derive(Debug)]
pub struct TlsCluster {
    server: Server,
    keeper: Keeper,
}

impl TlsCluster {
    fn start() -> Self {
        let binaries = binaries::directory();
        let keeper = Keeper::start(&binaries, Access::Tls, fsync_options());
        let url = format!("postgres://farthing:farthing@127.0.0.1:{}?sslmode=require", keeper.port());
        Self { server: Server::parse(binaries.join("psql"), &url), keeper }
    }

    /// The certificate of the authority that signed the server's, in PEM.
    pub fn ca_path(&self) -> PathBuf {
        self.keeper.directory().join("ca.crt")
    }

    /// A fresh and empty database; its URL holds the password and asks for TLS (`sslmode=require`).
    pub fn database(&self, prefix: &str) -> Database {
        Database::create(&self.server, prefix)
    }
}

/// A commit waits for the disk, as in production, unless told not to. `synchronous_commit` stays on either way, so what
/// one connection has committed the others see, and only a crash of the machine could tell the difference.
fn fsync_options() -> &'static [&'static str] {
    match env::var("FARTHING_TEST_POSTGRES_FSYNC").as_deref() {
        Err(_) | Ok("" | "on") => &[],
        Ok("off") => &["-c", "fsync=off", "-c", "full_page_writes=off"],
        Ok(other) => panic!("FARTHING_TEST_POSTGRES_FSYNC={other}: this is `on` or `off`"),
    }
}
