//! What the tests of several crates stand on: scratch directories and private PostgreSQL servers that clean up after
//! themselves, also when the test process is killed. Development only: nothing that ships depends on it.
//!
//! A test never skips itself: where something it needs is missing it panics, with a sentence that says what to install.
//!
//! ```no_run
//! let database = farthing_testbed::postgres().database("ledger");
//! println!("{}", database.url()); // postgres://farthing@127.0.0.1:40123/ledger_7211_0_18c2f
//! ```
//!
//! | variable | what it does |
//! |---|---|
//! | `FARTHING_TEST_POSTGRES` | a server to use instead of a private one: `postgres://user@host:port`, a superuser |
//! | `CARGO_TARGET_DIR` | where environments for Python are kept: `python/` in it |
//! | `FARTHING_TEST_POSTGRES_FSYNC` | `off`: private servers do not wait for the disk. Only for tests of logic |

mod postgres;
mod python;
mod scratch;

pub use postgres::cluster::{Cluster, TlsCluster, postgres, tls_cluster};
pub use postgres::database::Database;
pub use python::python;
pub use scratch::ScratchDir;

/// One test on each store: `both! { fn name(bed: &Bed) { .. } }`, where the caller's own `Bed` has `sqlite()` and `postgres()`.
#[macro_export]
macro_rules! both {
    ($(#[$meta:meta])* fn $name:ident($bed:ident: &Bed) $body:block) => {
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn on_either($bed: &Bed) $body

            #[test]
            fn sqlite() {
                on_either(&Bed::sqlite());
            }

            #[test]
            fn postgres() {
                on_either(&Bed::postgres());
            }
        }
    };
}
