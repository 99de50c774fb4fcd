//! A cloud's profile: its policy and its catalogue together, read from the files of one folder.
//!
//! Owns what only both together can say (a trial that excludes a product that is not there), which keys are not in force in
//! this version, and how two profiles differ. Reading folders is the shell's.

mod changes;
mod check;
mod diff;
mod force;

pub use changes::{Changes, KeyChange, PriceChange, ThingChange, WhatChanged};
pub use diff::{Change, Difference};

use crate::catalog::Catalog;
use crate::config::{Item, Key, Remark, Severity, Source};
use crate::policy::Policy;

#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub policy: Policy,
    pub catalog: Catalog,
}

/// The files a profile is made of, by the names they have in its folder.
pub const POLICY_FILE: &str = "cloud.toml";
pub const CATALOG_FILE: &str = "catalog.toml";

/// What reading a profile came to. Errors: it cannot be used, though what could be read is there for further checks.
#[derive(Clone, Debug)]
pub struct Checked {
    pub profile: Option<Profile>,
    /// The graver first; those of one gravity in the order of the files and lines.
    pub remarks: Vec<Remark>,
}

impl Profile {
    /// Reads both files. A cloud may have no catalogue yet: then it sells nothing.
    pub fn read(policy: &Source, catalog: Option<&Source>) -> Checked {
        let (policy_table, mut remarks) = Item::read_file(policy);
        // What else a file that is no TOML lacks, it may lack because of that.
        let read = if remarks.is_empty() {
            let (read, more) = Policy::read(policy, &policy_table);
            remarks.extend(more);
            read
        } else {
            None
        };
        let Some(read) = read else { return Checked { profile: None, remarks: in_order(remarks, &[Some(policy)]) } };
        let nothing = Source::new(CATALOG_FILE, "");
        let source = catalog.unwrap_or(&nothing);
        let (catalog_table, more) = Item::read_file(source);
        let (products, more) =
            if more.is_empty() { Catalog::read(source, &catalog_table, &read) } else { (None, more) };
        remarks.extend(more);
        let profile = products.map(|catalog| Profile { policy: read, catalog });
        if let Some(profile) = &profile
            && remarks.iter().all(|remark| remark.severity != Severity::Error)
        {
            check::check(profile, policy, source, &mut remarks);
        }
        force::tell(policy, &policy_table, &Policy::all_keys(), &mut remarks);
        force::tell(source, &catalog_table, &Catalog::all_keys(), &mut remarks);
        Checked { profile, remarks: in_order(remarks, &[Some(policy), catalog]) }
    }

    /// Every key there is, file by file.
    pub fn all_keys() -> [(&'static str, Vec<Key>); 2] {
        [(POLICY_FILE, Policy::all_keys()), (CATALOG_FILE, Catalog::all_keys())]
    }
}

impl Checked {
    /// The profile, where nothing is wrong with it.
    pub fn usable(self) -> Result<Profile, Vec<Remark>> {
        match self.profile {
            Some(profile) if self.remarks.iter().all(|remark| remark.severity != Severity::Error) => Ok(profile),
            _ => Err(self.remarks),
        }
    }

    pub fn count(&self, severity: Severity) -> usize {
        self.remarks.iter().filter(|remark| remark.severity == severity).count()
    }
}

fn in_order(mut remarks: Vec<Remark>, files: &[Option<&Source>]) -> Vec<Remark> {
    let file = |remark: &Remark| files.iter().position(|file| file.is_some_and(|file| file.name == remark.file));
    remarks.sort_by_key(|remark| (remark.severity, file(remark), remark.at.start));
    remarks.dedup();
    remarks
}
