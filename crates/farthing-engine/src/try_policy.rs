//! What a change of a cloud's files would have done to real usage: the store is copied, the change put in force in the copy as if it had been
//! from the beginning of the version it replaces, and what everybody was charged compared. Nothing is reckoned apart from the engine, so what it
//! says is what correcting that version would do.

use crate::{ApplyPolicyError, ChargeQuestion, Clock, Engine, EngineError, IdSource, RefusalCode, Refused};
use farthing_core::money::Currency;
use farthing_core::policy::{ApplyRequest, Files};
use farthing_core::time::Instant;
use farthing_store::{Location, Options, Store, backup_file, restore_file};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

/// What was charged since an instant, and what would have been; in units of the currency.
#[derive(Clone, Debug)]
pub struct PolicyEffect {
    pub since: Instant,
    pub currency: Currency,
    /// By product, in order of their names; only those that anything was charged for.
    pub products: Vec<Effect>,
    /// By account, in order of their names; only those that would have paid more or less.
    pub accounts: Vec<Effect>,
    /// How many accounts could not be settled with it: what they use has no price any more.
    pub parked: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    pub name: String,
    pub was: i64,
    pub would: i64,
}

impl Effect {
    pub const fn change(&self) -> i64 {
        self.would.saturating_sub(self.was)
    }
}

impl PolicyEffect {
    /// How many accounts would have paid more, and how many less.
    pub fn more_and_less(&self) -> (usize, usize) {
        let count = |of: fn(i64) -> bool| self.accounts.iter().filter(|one| of(one.change())).count();
        (count(|change| change > 0), count(|change| change < 0))
    }
}

/// What was charged: of each account, of each product.
type Charged = BTreeMap<(String, String), i64>;

impl Engine {
    /// Whether a change can be tried: the copy is made of embedded stores only.
    pub fn can_try_policy(&self) -> bool {
        matches!(self.store.location(), Location::Sqlite(_))
    }

    /// None: no version is in force yet, so there is nothing that it could change.
    pub fn try_policy(&self, cloud: &str, files: &Files, since: Instant) -> Result<Option<PolicyEffect>, Refused> {
        if !self.can_try_policy() {
            let what = "an effect is tried on a copy, which is made of embedded stores only";
            return Err(Refused::new(RefusalCode::Conflict, what));
        }
        let copy = Copy::of(self.store.location(), &self.ids)?;
        let options = Options { sqlite_log_mib: 4, sqlite_sync_commits: false, ..Options::default() };
        let store = Store::open(&Location::Sqlite(copy.store()), &options)?;
        let now = self.now()?.floor_second();
        let tried = Engine::new(store, Clock::simulated(now), IdSource::random(IdSource::any_process()));
        let versions = tried.policy_versions(cloud)?;
        let Some(live) = versions.in_force_at(now) else { return Ok(None) };
        tried.run_due()?;
        let currency = tried.profile_at(cloud, now)?.policy.cloud.currency;
        let mut products = tried.products_at(cloud, now)?;
        let before = tried.charged(cloud, &products, since, now)?;
        let request = ApplyRequest {
            files: files.clone(),
            who: "plan".to_owned(),
            why: "to see its effect, in a copy".to_owned(),
            starts: None,
            corrects: Some(live.number),
        };
        tried.apply_policy(cloud, request).map_err(refused)?;
        tried.run_due()?;
        products.extend(tried.products_at(cloud, now)?);
        let after = tried.charged(cloud, &products, since, now)?;
        let parked = tried.parked()?.into_iter().filter(|row| row.cloud == cloud).count();
        let mut accounts = compared(&before, &after, |(account, _)| account);
        accounts.retain(|one| one.change() != 0);
        let products = compared(&before, &after, |(_, product)| product);
        Ok(Some(PolicyEffect { since, currency, products, accounts, parked }))
    }

    fn products_at(&self, cloud: &str, now: Instant) -> Result<BTreeSet<String>, Refused> {
        let profile = self.profile_at(cloud, now)?;
        Ok(profile.catalog.product.iter().map(|product| product.id.to_string()).collect())
    }

    fn charged(
        &self,
        cloud: &str,
        products: &BTreeSet<String>,
        since: Instant,
        now: Instant,
    ) -> Result<Charged, Refused> {
        let mut charged = Charged::new();
        for account in self.account_names(cloud)? {
            for product in products {
                let asked = ChargeQuestion { product: Some(product.clone()), from: Some(since), to: None };
                let sum = self.charges_sum(cloud, &account, &asked, now)?.units();
                if sum != 0 {
                    charged.insert((account.clone(), product.clone()), sum);
                }
            }
        }
        Ok(charged)
    }
}

fn compared(before: &Charged, after: &Charged, name: impl Fn(&(String, String)) -> &String) -> Vec<Effect> {
    let mut sums: BTreeMap<&String, (i64, i64)> = BTreeMap::new();
    for (key, units) in before {
        let sum = sums.entry(name(key)).or_default();
        sum.0 = sum.0.saturating_add(*units);
    }
    for (key, units) in after {
        let sum = sums.entry(name(key)).or_default();
        sum.1 = sum.1.saturating_add(*units);
    }
    sums.into_iter().map(|(name, (was, would))| Effect { name: name.clone(), was, would }).collect()
}

fn refused(error: ApplyPolicyError) -> Refused {
    match error {
        ApplyPolicyError::Engine(error) => error.into(),
        ApplyPolicyError::Refused(error) => Refused::new(RefusalCode::Invalid, error.to_string()),
        ApplyPolicyError::Reused(what) => Refused::new(RefusalCode::KeyReused, what),
    }
}

/// A copy of a store in a folder that only this user can enter, gone with its value.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    fn of(location: &Location, ids: &IdSource) -> Result<Copy, Refused> {
        let mut name = String::from("farthing-effect-");
        for byte in ids.bytes() {
            let _ = write!(name, "{byte:02x}");
        }
        let folder = std::env::temp_dir().join(name);
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(|error| not_made(&folder, &error))?;
        let copy = Copy { folder };
        let backup = copy.folder.join("backup");
        backup_file(location, &backup, &mut |_| {}).map_err(EngineError::from)?;
        restore_file(&backup, &copy.store(), &mut |_| {}).map_err(EngineError::from)?;
        std::fs::remove_file(&backup).map_err(|error| not_made(&backup, &error))?;
        Ok(copy)
    }

    fn store(&self) -> PathBuf {
        self.folder.join("copy.db")
    }
}

fn not_made(path: &std::path::Path, error: &std::io::Error) -> Refused {
    Refused::new(RefusalCode::Conflict, format!("a copy cannot be made at {}: {error}", path.display()))
}

impl Drop for Copy {
    fn drop(&mut self) {
        // In the temporary folder: what cannot be removed now goes with that.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
