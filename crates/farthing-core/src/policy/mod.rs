//! Policy: what a cloud's configuration says, and which version of it is in force when.

mod version;

pub use version::{
    Applied, ApplyError, ApplyRequest, Files, InForce, MisplacedVersion, Version, VersionAuditor, Versions,
    digest_of_files, plan_apply, seal_file,
};
