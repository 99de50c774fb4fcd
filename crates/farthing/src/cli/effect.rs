//! What a change of a cloud's files would have done to real usage: the store is copied, the change put in force in the copy as if it
//! had been from the beginning of the version it replaces, and what everybody was charged compared. Nothing is reckoned apart from
//! the engine, so what it says is what `apply --corrects` would do.

use super::check::counted;
use super::store::engine_on;
use super::table::{Align, Table};
use farthing::failure::Failure;
use farthing_core::money::Money;
use farthing_core::policy::{ApplyRequest, Files};
use farthing_core::time::Instant;
use farthing_engine::{ChargeQuestion, Clock, Engine};
use farthing_store::{Location, Options, Store, backup_file, restore_file};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What is to be tried.
pub(super) struct Trial<'a> {
    pub(super) location: &'a Location,
    pub(super) cloud: &'a str,
    pub(super) files: &'a Files,
    /// Of service from here until now.
    pub(super) since: Instant,
}

/// What was charged: of each account, of each product.
type Charged = BTreeMap<(String, String), Money>;

/// Whether a store can be copied, asked before anything is printed.
pub(super) fn possible(location: &Location) -> Result<(), Failure> {
    match location {
        Location::Sqlite(_) => Ok(()),
        Location::Postgres(_) => {
            Err("an effect is tried on a copy, which is made of embedded stores only: leave --effect-since out".into())
        }
    }
}

/// Prints the effect, product by product.
pub(super) fn tell(trial: &Trial<'_>) -> Result<(), Failure> {
    if matches!(trial.location, Location::Sqlite(path) if !path.exists()) {
        println!("There is no store yet: a first version has no effect on what was used.");
        return Ok(());
    }
    let copy = Copy::of(trial.location)?;
    let store = Store::open(&Location::Sqlite(copy.store()), &Options { sqlite_log_mib: 4, ..Options::default() })?;
    let engine = engine_on(store, Clock::simulated(Clock::real(None)?.now()?.floor_second()));
    let now = engine.now()?;
    let versions = engine.policy_versions(trial.cloud)?;
    let Some(live) = versions.in_force_at(now) else {
        println!("Nothing is in force yet: a first version has no effect on what was used.");
        return Ok(());
    };
    engine.run_due()?;
    let mut products: BTreeSet<String> = products_of(&engine, trial.cloud, now)?;
    let before = charged(&engine, trial, &products, now)?;
    let request = ApplyRequest {
        files: trial.files.clone(),
        who: "plan".to_owned(),
        why: "to see its effect, in a copy".to_owned(),
        starts: None,
        corrects: Some(live.number),
    };
    engine.apply_policy(trial.cloud, request)?;
    engine.run_due()?;
    products.extend(products_of(&engine, trial.cloud, now)?);
    let after = charged(&engine, trial, &products, now)?;
    let parked = engine.parked()?.into_iter().filter(|row| row.cloud == trial.cloud).count();
    print(trial.since, &products, &before, &after)?;
    if parked > 0 {
        println!("{} could not be settled with it: what is used has no price any more.", counted(parked, "account"));
    }
    Ok(())
}

fn products_of(engine: &Engine, cloud: &str, now: Instant) -> Result<BTreeSet<String>, Failure> {
    let profile = engine.profile_at(cloud, now)?;
    Ok(profile.catalog.product.iter().map(|product| product.id.to_string()).collect())
}

fn charged(engine: &Engine, trial: &Trial<'_>, products: &BTreeSet<String>, now: Instant) -> Result<Charged, Failure> {
    let mut charged = Charged::new();
    for account in engine.account_names(trial.cloud)? {
        for product in products {
            let asked = ChargeQuestion { product: Some(product.clone()), from: Some(trial.since), to: None };
            let sum = engine.charges_sum(trial.cloud, &account, &asked, now)?;
            if !sum.is_zero() {
                charged.insert((account.clone(), product.clone()), sum);
            }
        }
    }
    Ok(charged)
}

fn print(since: Instant, products: &BTreeSet<String>, before: &Charged, after: &Charged) -> Result<(), Failure> {
    let Some(currency) = before.values().chain(after.values()).next().map(|money| money.currency()) else {
        println!("Nothing was charged since {since}: the change has no effect on it.");
        return Ok(());
    };
    let sum = |charged: &Charged, of: &dyn Fn(&(String, String)) -> bool| {
        Money::sum(currency, charged.iter().filter(|(key, _)| of(key)).map(|(_, money)| *money))
    };
    let mut table = Table::new(&[
        ("product", Align::Left),
        ("was charged", Align::Number),
        ("would have been", Align::Number),
        ("change", Align::Number),
    ]);
    for product in products {
        let of = |key: &(String, String)| key.1 == *product;
        let (was, would) = (sum(before, &of)?, sum(after, &of)?);
        if !was.is_zero() || !would.is_zero() {
            table.row([product.clone(), was.plain(), would.plain(), would.checked_sub(was)?.plain()]);
        }
    }
    let (was, would) = (sum(before, &|_| true)?, sum(after, &|_| true)?);
    table.total(["total".to_owned(), was.plain(), would.plain(), would.checked_sub(was)?.plain()]);
    println!("On what was used since {since}, in {}, had it been in force:\n\n{table}", currency.code());
    let accounts: BTreeSet<&String> = before.keys().chain(after.keys()).map(|(account, _)| account).collect();
    let (mut more, mut less) = (0_usize, 0_usize);
    for account in accounts {
        let of = |key: &(String, String)| key.0 == *account;
        let change = sum(after, &of)?.checked_sub(sum(before, &of)?)?;
        more += usize::from(change.is_positive());
        less += usize::from(change.is_negative());
    }
    println!("\nIt would have cost {} more, and {} less.", counted(more, "account"), counted(less, "account"));
    Ok(())
}

/// A copy of a store in a folder that only this user can enter, gone with its value.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    fn of(location: &Location) -> Result<Copy, Failure> {
        let folder = std::env::temp_dir().join(format!("farthing-effect-{}", std::process::id()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        let copy = Copy { folder };
        let backup = copy.folder.join("backup");
        backup_file(location, &backup, &mut |_| {})?;
        restore_file(&backup, &copy.store(), &mut |_| {})?;
        std::fs::remove_file(backup)?;
        Ok(copy)
    }

    fn store(&self) -> PathBuf {
        self.folder.join("copy.db")
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // In the temporary folder: what cannot be removed now goes with that.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
