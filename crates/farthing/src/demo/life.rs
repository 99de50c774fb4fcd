//! Months of life, lived on the engine: every customer's days in the order of their instants, on a simulated clock; and how it goes on.
//!
//! Time, ids and chance are seeded, so the same end tells the same story. In the last day the engine settles at every tick of
//! its cadences. Before it, ticks are left out: what fell due is done at its own time and comes to the same money, in a transfer
//! a day where there would be twenty-four, or three hundred.

use super::cast::{self, Town};
use super::customer::{Action, Customer, Today};
use super::desk::Desk;
use super::dice::Dice;
use crate::clouds::Cloud;
use crate::failure::Failure;
use farthing_core::policy::ApplyRequest;
use farthing_core::time::{Instant, Weekday, Zone};
use farthing_core::usage::UsageEvent;
use farthing_engine::{Clock, Engine, IdSource};
use farthing_store::Store;
use std::collections::VecDeque;

/// How much life.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub days: i64,
    /// The fewest and the most customers of a cloud.
    pub customers: (usize, usize),
}

impl Size {
    /// So many days, and clouds of which the largest has so many customers.
    pub const fn of(days: i64, most: usize) -> Size {
        Size { days, customers: (most * 3 / 4, most) }
    }

    /// For tests: two weeks, and one customer of each kind that matters.
    pub const SMALL: Size = Size { days: 14, customers: (11, 11) };
}

/// What was made.
#[derive(Debug)]
pub struct Loaded {
    /// Its clock stands at the end of the story.
    pub engine: Engine,
    pub since: Instant,
    pub customers: usize,
    /// For whoever lets it go on.
    pub life: Life,
}

const SEED: u64 = 1279; // the year the first round farthing was struck
const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_SECOND: i64 = 1_000_000;
/// So much of the end is settled at every tick, and watched.
const TICKING_SECONDS: i64 = SECONDS_PER_DAY;
/// Seconds of the day at which use is reported: before the days of the clouds' zones end.
const REPORTS: [i64; 3] = [28_500, 57_300, 86_100];
/// What falls due is looked for so often before the end.
const LOOKS_SECONDS: i64 = 1_800;
/// One of the things that are watched is not heard of any more so long before the end.
const SILENCE_SECONDS: i64 = 17 * 3_600;

/// Fills an empty store with the clouds' last days, up to `end`.
pub fn load(store: Store, clouds: &[Cloud], size: Size, end: Instant) -> Result<Loaded, Failure> {
    let utc = Zone::parse("UTC")?;
    let today = utc.start_of_day(utc.civil_date_of(end)?)?;
    let since = later(today, -size.days * SECONDS_PER_DAY);
    let mut dice = Dice::of(SEED);
    let engine = Engine::new(store, Clock::simulated(since), IdSource::seeded(0, SEED));
    apply_profiles(&engine, clouds)?;
    let (fewest, most) = size.customers;
    let mut towns = Vec::with_capacity(clouds.len());
    for (place, cloud) in clouds.iter().enumerate() {
        let count = usize::try_from(dice.between(i64::try_from(fewest)?, i64::try_from(most)?))?;
        towns.push(Town::of(cloud, place, count, size.days, since, &mut dice));
    }
    let customers = towns.iter().map(|town| town.customers.len()).sum();
    let used = towns.iter().map(|_| Vec::new()).collect();
    let ticking_from = later(end, -TICKING_SECONDS);
    let mut life = Life {
        engine,
        utc,
        since,
        end,
        ticking_from,
        days: size.days,
        towns,
        used,
        late: Vec::new(),
        events: 0,
        dice,
        next_day: 0,
        coming: VecDeque::new(),
        looked: since,
    };
    life.live_until(end)?;
    life.leave_calls_open()?;
    life.ask_back()?;
    Ok(Loaded { engine: life.engine.clone(), since, customers, life })
}

/// Each cloud's files as its first version, in force since the demo begins.
fn apply_profiles(engine: &Engine, clouds: &[Cloud]) -> Result<(), Failure> {
    for cloud in clouds {
        let why = format!("what {} says of its billing", cloud.name);
        let request =
            ApplyRequest { files: cloud.files.clone(), who: "demo".to_owned(), why, starts: None, corrects: None };
        engine.apply_policy(&cloud.id, request)?;
    }
    Ok(())
}

fn later(at: Instant, seconds: i64) -> Instant {
    Instant::from_micros(at.micros() + seconds * MICROS_PER_SECOND)
}

/// What happens at an instant, in which town.
#[derive(Clone, Debug)]
enum Step {
    Join {
        customer: usize,
    },
    Act {
        customer: usize,
        action: Action,
    },
    /// What was used is told.
    Report,
    /// The cloud's people look at what waits for them.
    Office,
    /// Something of the cloud's own was out of order.
    Outage,
    /// What is watched gives a sign of life.
    Alive,
}

/// The five towns, and how far their life has come.
#[derive(Debug)]
pub struct Life {
    engine: Engine,
    utc: Zone,
    since: Instant,
    /// As far as the story is told at once; what follows is lived as time passes.
    end: Instant,
    ticking_from: Instant,
    days: i64,
    towns: Vec<Town>,
    /// What each town has used and not told yet.
    used: Vec<Vec<UsageEvent>>,
    /// What comes late, and when it is told.
    late: Vec<(Instant, usize, UsageEvent)>,
    events: usize,
    dice: Dice,
    /// The first day that is not planned yet.
    next_day: i64,
    /// What is still to come of the days that are planned, in order.
    coming: VecDeque<(Instant, usize, Step)>,
    /// When whatever was due was looked for last.
    looked: Instant,
}

impl Life {
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn towns(&self) -> &[Town] {
        &self.towns
    }

    /// How far it has come.
    pub(super) fn now(&self) -> Instant {
        self.looked
    }

    /// Everything that happens until then.
    pub fn live_until(&mut self, until: Instant) -> Result<(), Failure> {
        loop {
            while self.coming.front().is_some_and(|(at, ..)| *at <= until) {
                let Some((at, place, step)) = self.coming.pop_front() else { break };
                self.reach(at)?;
                self.step(place, step)?;
            }
            let midnight = later(self.since, self.next_day * SECONDS_PER_DAY);
            if midnight > until {
                return self.arrive(until);
            }
            self.arrive(midnight)?;
            self.plan_day()?;
        }
    }

    fn plan_day(&mut self) -> Result<(), Failure> {
        let day = self.next_day;
        self.next_day += 1;
        let midnight = later(self.since, day * SECONDS_PER_DAY);
        let weekday = self.utc.civil_date_of(midnight)?.weekday();
        let works = !matches!(weekday, Weekday::Saturday | Weekday::Sunday);
        let today = Today { day, days: self.days, works };
        let mut steps: Vec<(Instant, usize, Step)> = Vec::new();
        for place in 0..self.towns.len() {
            let planned = self.plan(place, today)?;
            for (second, step) in planned {
                let micros = if matches!(step, Step::Act { .. }) { self.dice.between(0, 999_999) } else { 0 };
                steps.push((Instant::from_micros(later(midnight, second).micros() + micros), place, step));
            }
        }
        steps.sort_by_key(|(at, ..)| *at);
        self.coming.extend(steps);
        Ok(())
    }

    /// What a town's customers and its cloud do on a day, by its seconds.
    fn plan(&mut self, place: usize, today: Today) -> Result<Vec<(i64, Step)>, Failure> {
        let now = self.engine.now()?;
        let mut seen = Vec::with_capacity(self.towns[place].customers.len());
        let desk = self.desk(place)?;
        for customer in &desk.town.customers {
            seen.push(if customer.here && customer.looks(today.day) { Some(desk.look(customer)?) } else { None });
        }
        let dice = &mut self.dice;
        let Town { menu, customers, .. } = &mut self.towns[place];
        let mut steps: Vec<(i64, Step)> = REPORTS.iter().map(|second| (*second, Step::Report)).collect();
        steps.push((37_800, Step::Office));
        if today.day == today.days * 2 / 3 {
            steps.push((52_200, Step::Outage));
        }
        for (number, (customer, seen)) in customers.iter_mut().zip(seen).enumerate() {
            if today.day == customer.joined {
                steps.push((dice.between(18_000, 23_000), Step::Join { customer: number }));
            }
            let planned = customer.plan(today, seen, menu, dice);
            steps.extend(planned.into_iter().map(|(at, action)| (at, Step::Act { customer: number, action })));
        }
        if let Some(every) = menu.heartbeat_seconds.filter(|every| *every > 0) {
            let watched = |second: &i64| later(now, *second) >= self.ticking_from;
            let seconds = (0..SECONDS_PER_DAY / every).map(|times| times * every).filter(watched);
            steps.extend(seconds.map(|second| (second, Step::Alive)));
        }
        Ok(steps)
    }

    /// Lets time pass until something is done: what falls due on the way is looked for now and then, and in the last day at once.
    fn reach(&mut self, at: Instant) -> Result<(), Failure> {
        if at < self.ticking_from && at.seconds_since(self.looked) < LOOKS_SECONDS {
            self.engine.clock().advance_to(at);
            return Ok(());
        }
        self.arrive(at)
    }

    /// Whatever falls due until then has happened: at each tick towards the end, in strides before.
    fn arrive(&mut self, at: Instant) -> Result<(), Failure> {
        self.looked = at;
        let others = &mut |engine: &Engine| others_act(engine, &self.towns);
        if at < self.ticking_from {
            self.engine.advance_without_ticks(at, others)
        } else {
            self.engine.advance_among(at, others)
        }
    }

    fn step(&mut self, place: usize, step: Step) -> Result<(), Failure> {
        let now = self.engine.now()?;
        match step {
            Step::Join { customer } => {
                let desk = self.desk(place)?;
                desk.sign_up(&desk.town.customers[customer])?;
                self.towns[place].customers[customer].here = true;
                Ok(())
            }
            Step::Act { customer, .. } if !self.towns[place].customers[customer].here => Ok(()),
            Step::Act { customer, action: Action::Use { which, late_seconds } } => {
                self.events += 1;
                let (number, mut dice) = (self.events, self.dice.clone());
                let desk = self.desk(place)?;
                let event = desk.event(&desk.town.customers[customer], which, number, &mut dice);
                self.dice = dice;
                if late_seconds > 0 {
                    self.late.push((later(now, late_seconds), place, event));
                } else {
                    self.used[place].push(event);
                }
                Ok(())
            }
            Step::Act { customer, action } => self.act(place, customer, &action).map(drop),
            Step::Report => self.report(place),
            Step::Office => self.desk(place)?.work_through(),
            Step::Outage => self.desk(place)?.outage(),
            Step::Alive => {
                let desk = self.desk(place)?;
                let silent = later(self.end, -SILENCE_SECONDS);
                desk.alive(desk.town.customers.iter().flat_map(|customer| watched(customer, now >= silent)).collect())
            }
        }
    }

    /// What asks the engine on behalf of one town, now.
    fn desk(&self, place: usize) -> Result<Desk<'_>, Failure> {
        let now = self.engine.now()?;
        Ok(Desk { engine: &self.engine, town: &self.towns[place], now, last: now >= self.ticking_from })
    }

    fn ask_back(&mut self) -> Result<(), Failure> {
        (0..self.towns.len()).try_for_each(|place| self.desk(place)?.ask_back())
    }

    fn act(&mut self, place: usize, customer: usize, action: &Action) -> Result<bool, Failure> {
        let mut whose = self.towns[place].customers[customer].clone();
        let done = self.desk(place)?.act(&mut whose, action)?;
        self.towns[place].customers[customer] = whose;
        Ok(done)
    }

    fn report(&mut self, place: usize) -> Result<(), Failure> {
        let now = self.engine.now()?;
        let mut events = std::mem::take(&mut self.used[place]);
        let (told, kept) =
            std::mem::take(&mut self.late).into_iter().partition(|(at, of, _)| *of == place && *at <= now);
        self.late = kept;
        let told: Vec<(Instant, usize, UsageEvent)> = told;
        events.extend(told.into_iter().map(|(_, _, event)| event));
        self.desk(place)?.report(events)
    }

    /// Those who call all day have long calls running right now, so that there are holds to look at.
    fn leave_calls_open(&mut self) -> Result<(), Failure> {
        for place in 0..self.towns.len() {
            self.report(place)?;
            for customer in 0..self.towns[place].customers.len() {
                let Customer { temper, here, .. } = self.towns[place].customers[customer];
                if temper == cast::Temper::Caller && here {
                    for (call, cents, hours) in [(-1, 300, 30), (-2, 500, 54)] {
                        let action = Action::Authorise { call, cents, lasts_seconds: hours * 3_600 };
                        self.act(place, customer, &action)?;
                    }
                }
            }
        }
        self.arrive(self.end)
    }
}

/// The clouds themselves do what they are asked, make what is paid, and their mail servers take what is sent.
fn others_act(engine: &Engine, towns: &[Town]) -> Result<Option<Instant>, Failure> {
    if !engine.anybody_is_asked()? {
        return Ok(None);
    }
    if engine.notices_wait()? {
        engine.pretend_mail(true)?;
    }
    let now = engine.now()?;
    for town in towns {
        engine.pretend_to_do(&town.cloud.id, now)?;
    }
    engine.run_due()?;
    Ok(None)
}

/// What of a customer gives signs of life: one of those of which one falls silent gives none any more.
fn watched(customer: &Customer, silent: bool) -> Vec<String> {
    if customer.temper != cast::Temper::Silent {
        return Vec::new();
    }
    let running = customer.machines(true).map(|thing| thing.name.clone());
    running.skip(usize::from(silent)).collect()
}
