//! A second ledger that anyone can read in one sitting, and random runs that hold the real one to it. Development only.
//!
//! `model.rs` says what the ledger means; `script.rs` thinks of what to ask; `stage.rs` opens stores with the same
//! accounts in them; `check.rs` compares; `workload.rs` is what many threads do, in one process or in one that is killed.
//! `bank` is a month of a cloud's bank account, for whoever matches, imports or reconciles.
//!
//! | variable | what it does |
//! |---|---|
//! | `FARTHING_SIM_CASES` | how many random cases a property runs on SQLite, instead of 200; PostgreSQL runs an eighth |
//! | `FARTHING_SIM_SEED` | where randomness begins: a failure names the seed that finds it again |

pub mod bank;
pub mod check;
pub mod model;
pub mod oracle;
pub mod script;
pub mod seed;
pub mod stage;
pub mod workload;
