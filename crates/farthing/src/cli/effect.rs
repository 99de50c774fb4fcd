//! What a change of a cloud's files would have done to real usage, printed product by product. The engine tries it on a copy of the store.

use super::check::counted;
use super::store::engine_on;
use super::table::{Align, Table};
use farthing::failure::Failure;
use farthing_core::money::Money;
use farthing_core::policy::Files;
use farthing_core::time::Instant;
use farthing_engine::{Clock, PolicyEffect};
use farthing_store::{Location, Options, Schema, Store};

/// What is to be tried.
pub(super) struct Trial<'a> {
    pub(super) location: &'a Location,
    pub(super) cloud: &'a str,
    pub(super) files: &'a Files,
    /// Of service from here until now.
    pub(super) since: Instant,
}

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
    let store = Store::open(trial.location, &Options { schema: Schema::Expect, ..Options::default() })?;
    let engine = engine_on(store, Clock::real(None)?);
    match engine.try_policy(trial.cloud, trial.files, trial.since)? {
        None => println!("Nothing is in force yet: a first version has no effect on what was used."),
        Some(effect) => print(&effect)?,
    }
    Ok(())
}

fn print(effect: &PolicyEffect) -> Result<(), Failure> {
    let (since, currency) = (effect.since, effect.currency);
    if effect.products.is_empty() {
        println!("Nothing was charged since {since}: the change has no effect on it.");
    } else {
        let money = |units| Money::from_units(units, currency);
        let mut table = Table::new(&[
            ("product", Align::Left),
            ("was charged", Align::Number),
            ("would have been", Align::Number),
            ("change", Align::Number),
        ]);
        let (mut was, mut would) = (money(0), money(0));
        for one in &effect.products {
            was = was.checked_add(money(one.was))?;
            would = would.checked_add(money(one.would))?;
            let cells = [money(one.was).plain(), money(one.would).plain(), money(one.change()).plain()];
            let [before, after, change] = cells;
            table.row([one.name.clone(), before, after, change]);
        }
        table.total(["total".to_owned(), was.plain(), would.plain(), would.checked_sub(was)?.plain()]);
        println!("On what was used since {since}, in {}, had it been in force:\n\n{table}", currency.code());
        let (more, less) = effect.more_and_less();
        println!("\nIt would have cost {} more, and {} less.", counted(more, "account"), counted(less, "account"));
    }
    if effect.parked > 0 {
        println!(
            "{} could not be settled with it: what is used has no price any more.",
            counted(effect.parked, "account")
        );
    }
    Ok(())
}
