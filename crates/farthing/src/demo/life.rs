//! Months of life, posted to a store: every customer's days, in the order of their instants.
//!
//! Time and ids are simulated and seeded, so the same seed and end tell the same story. Commands are written down day by
//! day and posted many days at once; the first one that the ledger does not book as asked stops it all.

use super::cast::{self, Cast};
use super::customer::{Action, Customer};
use super::desk::Desk;
use super::dice::Dice;
use crate::clouds::Cloud;
use crate::failure::Failure;
use farthing_core::ledger::{Code, Command};
use farthing_core::policy::{Applied, ApplyRequest, plan_apply};
use farthing_core::time::{Instant, Zone};
use farthing_engine::{Clock, IdSource};
use farthing_store::Store;

/// How much life.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub days: i64,
    /// The fewest and the most customers of a cloud.
    pub customers: (usize, usize),
}

impl Size {
    pub const MONTHS: Size = Size { days: 121, customers: (13, cast::CUSTOMERS_MAX) };
    /// For tests: two weeks, and one customer of each kind that matters.
    pub const SMALL: Size = Size { days: 14, customers: (11, 11) };
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub since: Instant,
    pub clouds: usize,
    pub customers: usize,
}

const SEED: u64 = 1279; // the year the first round farthing was struck
/// Days that are posted in one transaction: few syncs, and no transaction of minutes.
const DAYS_PER_WRITE: usize = 20;
const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// Fills an empty store with the clouds' last days, up to `end`.
pub fn load(store: &Store, clouds: &[Cloud], size: Size, end: Instant) -> Result<Loaded, Failure> {
    let utc = Zone::parse("UTC")?;
    let today = utc.start_of_day(utc.civil_date_of(end)?)?;
    let since = Instant::from_micros(today.micros() - size.days * SECONDS_PER_DAY * MICROS_PER_SECOND);
    let mut dice = Dice::of(SEED);
    apply_profiles(store, clouds, since)?;
    let casts = open_casts(store, clouds, size, since, &mut dice)?;
    let mut life = Life {
        ids: IdSource::seeded(0, SEED),
        clock: Clock::simulated(since),
        since,
        end,
        towns: casts.into_iter().map(|cast| Town::of(cast, size.days, &mut dice)).collect(),
        written: Vec::new(),
    };
    let customers = life.towns.iter().map(|town| town.customers.len()).sum();
    for day in 0..=size.days {
        life.day(day, size.days, &mut dice)?;
        if life.written.len() >= DAYS_PER_WRITE {
            life.post(store)?;
        }
    }
    life.leave_calls_open()?;
    life.post(store)?;
    store.write("demo_sweep", move |tx| tx.holds_sweep(end, 10_000))?;
    Ok(Loaded { since, clouds: clouds.len(), customers })
}

/// Each cloud's files as its first version, in force since the demo begins.
fn apply_profiles(store: &Store, clouds: &[Cloud], since: Instant) -> Result<(), Failure> {
    let clouds = clouds.to_vec();
    store.write("demo_profiles", move |tx| {
        for cloud in &clouds {
            let versions = tx.policy_versions(&cloud.id)?;
            let why = format!("what {} says of its billing", cloud.name);
            let request =
                ApplyRequest { files: cloud.files.clone(), who: "demo".to_owned(), why, starts: None, corrects: None };
            if let Applied::New(version) = plan_apply(&versions, &request, since)? {
                tx.policy_append(&cloud.id, &version, &request.files)?;
            }
        }
        Ok::<_, Failure>(())
    })
}

fn open_casts(store: &Store, clouds: &[Cloud], size: Size, at: Instant, dice: &mut Dice) -> Result<Vec<Cast>, Failure> {
    let (fewest, most) = size.customers;
    let counts: Vec<usize> = clouds
        .iter()
        .map(|_| usize::try_from(dice.between(i64::try_from(fewest)?, i64::try_from(most)?)).map_err(Failure::from))
        .collect::<Result<_, Failure>>()?;
    let clouds = clouds.to_vec();
    store.write("demo_open", move |tx| {
        let opened = clouds.iter().zip(&counts).enumerate();
        opened.map(|(place, (cloud, count))| Ok(cast::open(tx, cloud, place, *count, at)?)).collect()
    })
}

/// A cloud, its customers, and what its payment provider holds.
struct Town {
    cast: Cast,
    customers: Vec<Customer>,
    provider: i64,
}

impl Town {
    fn of(cast: Cast, days: i64, dice: &mut Dice) -> Town {
        let of = |(temper, wallet): &_| Customer::new(*temper, *wallet, cast.coin, days, dice);
        let customers = cast.customers.iter().map(of).collect();
        Town { cast, customers, provider: 0 }
    }
}

/// Who does what: a customer of a town, or the town's provider, which pays out.
#[derive(Clone, Copy, Debug)]
enum Step {
    Act { customer: usize, action: Action },
    Payout,
}

struct Life {
    ids: IdSource,
    clock: Clock,
    since: Instant,
    end: Instant,
    towns: Vec<Town>,
    /// The commands of each day that is not posted yet, and the instant at which they are run.
    written: Vec<(Vec<Command>, Instant)>,
}

impl Life {
    fn day(&mut self, day: i64, days: i64, dice: &mut Dice) -> Result<(), Failure> {
        let midnight = self.since.micros() + day * SECONDS_PER_DAY * MICROS_PER_SECOND;
        let mut steps: Vec<(i64, usize, Step)> = Vec::new();
        for (place, town) in self.towns.iter_mut().enumerate() {
            for (customer, who) in town.customers.iter_mut().enumerate() {
                let planned = who.plan(day, days, dice);
                steps.extend(
                    planned.into_iter().map(|(second, action)| (second, place, Step::Act { customer, action })),
                );
            }
            if day % 7 == 1 {
                steps.push((32_400, place, Step::Payout));
            }
        }
        let micros = |second: i64, dice: &mut Dice| midnight + second * MICROS_PER_SECOND + dice.between(0, 999_999);
        let mut steps: Vec<(i64, usize, Step)> =
            steps.into_iter().map(|(second, town, step)| (micros(second, dice), town, step)).collect();
        steps.sort_by_key(|(at, ..)| *at);
        let mut commands = Vec::new();
        for (at, place, step) in steps.into_iter().filter(|(at, ..)| *at < self.end.micros()) {
            self.clock.advance_to(Instant::from_micros(at));
            let now = self.clock.now()?;
            let Town { cast, customers, provider } = &mut self.towns[place];
            let mut desk = Desk { ids: &self.ids, now, day, cast, provider, commands: &mut commands };
            match step {
                Step::Act { customer, action } => desk.act(&mut customers[customer], action)?,
                Step::Payout => desk.payout(),
            }
        }
        let midnight_after = Instant::from_micros(midnight + SECONDS_PER_DAY * MICROS_PER_SECOND);
        self.written.push((commands, midnight_after.min(self.end)));
        Ok(())
    }

    /// Those who call all day have long calls running right now, so that there are holds to look at.
    fn leave_calls_open(&mut self) -> Result<(), Failure> {
        self.clock.advance_to(self.end);
        let now = self.clock.now()?;
        let mut commands = Vec::new();
        for Town { cast, customers, provider } in &mut self.towns {
            let coin = cast.coin;
            for customer in customers.iter_mut().filter(|customer| customer.temper == cast::Temper::Caller) {
                let mut desk = Desk { ids: &self.ids, now, day: 0, cast, provider, commands: &mut commands };
                for (call, coins, hours) in [(-1, 3, 30), (-2, 5, 54)] {
                    desk.act(customer, Action::Authorise { call, amount: coins * coin, lasts_seconds: hours * 3_600 })?;
                }
            }
        }
        self.written.push((commands, self.end));
        Ok(())
    }

    fn post(&mut self, store: &Store) -> Result<(), Failure> {
        let batches = std::mem::take(&mut self.written);
        store.write("demo_life", move |tx| {
            for (commands, now) in &batches {
                let outcomes = tx.ledger_run(commands, *now)?;
                if let Some(refused) = outcomes.iter().find(|outcome| outcome.code != Code::Created) {
                    let what = refused.code.name();
                    return Err(Failure::from(format!(
                        "the demo's life went wrong before {now}: the ledger answered {what}"
                    )));
                }
            }
            Ok(())
        })
    }
}
