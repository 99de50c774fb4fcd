//! How two profiles differ, key by key: what `plan` prints before anything is applied.

use super::Profile;
use crate::config::{Source, Value};
use std::collections::BTreeMap;

/// One key that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Dotted: `product.service.sku.small.price`
    pub path: String,
    pub change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Added { now: String },
    Removed { before: String },
    Changed { before: String, now: String },
}

impl Profile {
    /// What is different in `other`, in the order of the paths. Where keys stand, comments and what is written out though it
    /// is the default make no difference.
    pub fn differences(&self, other: &Profile) -> Vec<Difference> {
        let (before, now) = (self.entries(), other.entries());
        let mut paths: Vec<&String> = before.keys().chain(now.keys()).collect();
        paths.sort_unstable();
        paths.dedup();
        let differ = paths.into_iter().filter_map(|path| {
            let change = match (before.get(path), now.get(path)) {
                (None, Some(now)) => Change::Added { now: now.clone() },
                (Some(before), None) => Change::Removed { before: before.clone() },
                (Some(before), Some(now)) if before != now => {
                    Change::Changed { before: before.clone(), now: now.clone() }
                }
                _ => return None,
            };
            Some(Difference { path: path.clone(), change })
        });
        differ.collect()
    }

    /// The same cloud before it said anything else: what a first version is compared with.
    #[must_use]
    pub fn emptied(&self) -> Profile {
        let (cloud, brand) = (&self.policy.cloud, &self.policy.brand);
        let heads = format!(
            "[cloud]\nid = {}\nname = {}\ncurrency = {}\n[brand]\nlegal_name = {}\n",
            cloud.id.print(),
            cloud.name.print(),
            cloud.currency.print(),
            brand.legal_name.print(),
        );
        let read = Profile::read(&Source::new("nothing", heads), None);
        read.profile.unwrap_or_else(|| self.clone())
    }

    fn entries(&self) -> BTreeMap<String, String> {
        let mut entries = BTreeMap::new();
        self.policy.entries("", &mut entries);
        self.catalog.entries("", &mut entries);
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str =
        "[cloud]\nid = \"north\"\nname = \"North\"\ncurrency = \"USD\"\n[brand]\nlegal_name = \"North\"\n";

    fn profile(policy: &str, catalog: &str) -> Profile {
        let checked = Profile::read(
            &Source::new("cloud.toml", format!("{POLICY}{policy}")),
            Some(&Source::new("catalog.toml", catalog)),
        );
        checked.usable().unwrap_or_else(|remarks| panic!("{remarks:#?}"))
    }

    const SMALL: &str = "[[product]]\nid = \"vm\"\nname = \"VM\"\nkind = \"running\"\n[[product.sku]]\nid = \"small\"\nprice = \"0.04 / hour\"\n";

    #[test]
    fn a_diff_says_which_key_was_what() {
        let check = |policy: &str, catalog: &str, differences: &[&str]| {
            let found = profile("", SMALL).differences(&profile(policy, catalog));
            let told: Vec<String> = found
                .iter()
                .map(|Difference { path, change }| match change {
                    Change::Added { now } => format!("+ {path} = {now}"),
                    Change::Removed { before } => format!("- {path} = {before}"),
                    Change::Changed { before, now } => format!("~ {path} = {before} -> {now}"),
                })
                .collect();
            assert_eq!(told, differences);
        };
        check("", SMALL, &[]);
        check("[settle]\nevery = \"1h\" # the default, said aloud\n", SMALL, &[]);
        check("[settle]\nevery = \"5m\"\n", SMALL, &["~ settle.every = \"1h\" -> \"5m\""]);
        check("[start]\nmin_balance = \"5.00\"\n", SMALL, &["+ start.min_balance = \"5.00\""]);
        check(
            "",
            &SMALL.replace("0.04", "0.05"),
            &["~ product.vm.sku.small.price = \"0.04 / hour\" -> \"0.05 / hour\""],
        );
        let differences = profile("", SMALL).differences(&profile("", ""));
        assert!(differences.iter().all(|difference| matches!(difference.change, Change::Removed { .. })));
        assert!(differences.iter().any(|difference| difference.path == "product.vm.sku.small.price"));
    }
}
