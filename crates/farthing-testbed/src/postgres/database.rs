//! One database of one test.

use super::server::Server;
use crate::scratch::unique_name;

/// A database nobody else uses, dropped with this value, also under connections still open.
#[derive(Debug)]
pub struct Database {
    server: Server,
    name: String,
}

impl Database {
    pub(super) fn create(server: &Server, prefix: &str) -> Self {
        let name = unique_name(prefix);
        // Nobody can be connected to template0, and a template with somebody connected cannot be copied.
        server
            .sql("postgres", &format!("CREATE DATABASE \"{name}\" TEMPLATE template0"))
            .unwrap_or_else(|told| panic!("cannot create a database at {}: {told}", server.url()));
        Self { server: server.clone(), name }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// `postgres://farthing@127.0.0.1:40123/<name>`
    pub fn url(&self) -> String {
        self.server.database_url(&self.name)
    }

    /// Runs statements through psql, past whatever is tested. Rows come back one a line, their columns parted by `|`.
    pub fn sql(&self, statements: &str) -> Result<String, String> {
        self.server.sql(&self.name, statements)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(told) = self.server.sql("postgres", &format!("DROP DATABASE \"{}\" WITH (FORCE)", self.name)) {
            eprintln!("cannot drop the database {}: {told}", self.name);
        }
    }
}
