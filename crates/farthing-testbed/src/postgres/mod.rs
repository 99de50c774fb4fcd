//! PostgreSQL for tests: which programs, which server, which database.

mod binaries;
pub(crate) mod cluster;
pub(crate) mod database;
mod keeper;
mod server;
