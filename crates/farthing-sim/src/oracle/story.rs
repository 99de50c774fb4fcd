//! What can happen, when it happened and when it was told; and how a thing was at any second, by its facts.

use super::price::{Kind, Product};
use farthing_core::time::Instant;

/// One thing after the other, in whatever order it is told.
#[derive(Clone, Debug)]
pub struct Story {
    /// Whole seconds since 1970.
    pub start: i64,
    pub end: i64,
    pub zone: &'static str,
    pub settle: super::price::Settle,
    /// How long a month collects what is told of it.
    pub late_hours: i64,
    pub accounts: usize,
    pub cash: i64,
    pub products: Vec<Product>,
    pub things: Vec<Thing>,
    pub happenings: Vec<Happening>,
    /// Seconds at which everything is compared on the way.
    pub looks: Vec<i64>,
}

#[derive(Clone, Copy, Debug)]
pub struct Thing {
    pub product: usize,
    /// It is in the project, else of the first account.
    pub in_project: bool,
}

/// The project belongs to the first account until it moves.
pub const PROJECT: &str = "site";

#[derive(Clone, Debug)]
pub struct Happening {
    pub id: usize,
    pub at_micros: i64,
    /// Not before `at_micros`, in seconds.
    pub told: i64,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    Fact(usize, Fact),
    /// Of a thing, or of an account; millionths.
    Use {
        product: usize,
        subject: Subject,
        quantity: i64,
    },
    /// The project is given to another account.
    Move(usize),
    Version {
        products: Vec<Product>,
        starts: Option<i64>,
        corrects: Option<i64>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Thing(usize),
    Account(usize),
}

/// Sizes in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    Start { sku: usize, size: Option<i64> },
    Stop,
    Resume,
    Resize { sku: Option<usize>, size: Option<i64> },
    Gauge(i64),
    Delete,
    Restore,
    Fail,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    Stopped,
    Failed,
    Deleted,
}

/// A thing at a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub state: State,
    pub payer: usize,
    pub sku: usize,
    pub size: i64,
    /// When a price that is kept was taken.
    pub priced_at: i64,
    pub session: Option<i64>,
}

/// How a thing was from each second at which a fact says something on.
#[derive(Clone, Debug, Default)]
pub struct Life {
    /// By second; of one second the last holds.
    pub looks: Vec<(i64, Look)>,
    /// When a session ended, and when it had begun.
    pub sessions: Vec<(i64, i64)>,
}

impl Life {
    pub fn at(&self, second: i64) -> Option<Look> {
        self.looks.iter().rev().find(|(from, _)| *from <= second).map(|(_, look)| *look)
    }
}

pub const SECOND: i64 = 1_000_000;

/// As somebody reads it who looks for a fault.
impl std::fmt::Display for Story {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Story { start, end, zone, settle, late_hours, accounts, cash, looks, .. } = self;
        let name = super::cost::instant(*start);
        writeln!(out, "from {name} ({start}) to {end} in {zone}, settled {settle:?}, {accounts} accounts with {cash}")?;
        writeln!(out, "months close after {late_hours} h")?;
        writeln!(out, "{}", super::price::catalog_text(&self.products))?;
        writeln!(out, "looks at {looks:?}")?;
        for (number, thing) in self.things.iter().enumerate() {
            writeln!(out, "thing {number}: {thing:?}")?;
        }
        let mut happenings: Vec<&Happening> = self.happenings.iter().collect();
        happenings.sort_by_key(|happening| (happening.told, happening.id));
        for Happening { id, at_micros, told, what } in happenings {
            let at = Instant::from_micros(*at_micros);
            match what {
                What::Version { products, starts, corrects } => {
                    writeln!(out, "{told} #{id}: a version from {starts:?}, correcting {corrects:?}")?;
                    writeln!(out, "{}", super::price::catalog_text(products))?;
                }
                _ => writeln!(out, "{told} #{id}: at {at} {what:?}")?,
            }
        }
        Ok(())
    }
}

impl Story {
    /// Follows a thing through everything told of it.
    pub fn life(&self, told: &[Happening], number: usize) -> Life {
        let thing = self.things[number];
        let mut facts: Vec<&Happening> = told
            .iter()
            .filter(|happening| match &happening.what {
                What::Fact(of, _) => *of == number,
                What::Move(_) => thing.in_project,
                What::Use { .. } | What::Version { .. } => false,
            })
            .collect();
        facts.sort_by_key(|happening| (happening.at_micros, happening.id));
        let first_size = if matches!(self.products[thing.product].kind, Kind::Capacity { .. }) { 0 } else { 1_000_000 };
        let mut life = Life::default();
        let mut now: Option<Look> = None;
        let mut owner = 0;
        while !facts.is_empty() {
            // Of one microsecond: what changes the state first, a deletion last.
            let first = facts[0].at_micros;
            let together = facts.iter().take_while(|happening| happening.at_micros == first).count();
            let is_delete = |happening: &Happening| matches!(happening.what, What::Fact(_, Fact::Delete));
            let changes = |happening: &Happening| {
                let after = after(now, happening, owner, first_size);
                after.map(|look| look.state) != now.map(|look| look.state)
            };
            let place = (0..together)
                .find(|place| !is_delete(facts[*place]) && changes(facts[*place]))
                .or_else(|| (0..together).find(|place| !is_delete(facts[*place])))
                .unwrap_or(0);
            let fact = facts.remove(place);
            let then = after(now, fact, owner, first_size);
            if let What::Move(to) = fact.what {
                owner = to;
            }
            let second = fact.at_micros.div_euclid(SECOND);
            let (was, is) = (now.and_then(|look| look.session), then.and_then(|look| look.session));
            if let Some(began) = was.filter(|_| was != is) {
                life.sessions.push((second, began));
            }
            if let Some(look) = then {
                life.looks.push((second, look));
            }
            now = then;
        }
        life
    }
}

fn after(now: Option<Look>, happening: &Happening, owner: usize, first_size: i64) -> Option<Look> {
    let second = happening.at_micros.div_euclid(SECOND);
    let run = |look: Look| {
        let fresh = look.session.is_none();
        let priced_at = if fresh { second } else { look.priced_at };
        Some(Look { state: State::Running, session: look.session.or(Some(second)), priced_at, ..look })
    };
    let end = |look: Look, state| Some(Look { state, session: None, ..look });
    let Some(look) = now else {
        return match happening.what {
            What::Fact(_, Fact::Start { sku, size }) => run(Look {
                state: State::Running,
                payer: owner,
                sku,
                size: size.unwrap_or(first_size),
                priced_at: second,
                session: None,
            }),
            _ => None,
        };
    };
    match happening.what {
        What::Move(to) => Some(Look { payer: to, ..look }),
        What::Fact(_, fact) => match fact {
            Fact::Start { sku, size } => {
                let other = sku != look.sku;
                let look = Look { sku, size: size.unwrap_or(look.size), ..look };
                run(Look { priced_at: if other { second } else { look.priced_at }, ..look })
            }
            Fact::Stop if look.state != State::Deleted => end(look, State::Stopped),
            Fact::Fail if look.state != State::Deleted => end(look, State::Failed),
            Fact::Delete if look.state != State::Deleted => end(look, State::Deleted),
            Fact::Resume if look.state != State::Deleted => run(look),
            Fact::Restore if look.state == State::Deleted => run(look),
            Fact::Resize { sku, size } => {
                Some(Look { sku: sku.unwrap_or(look.sku), size: size.unwrap_or(look.size), priced_at: second, ..look })
            }
            Fact::Gauge(size) => Some(Look { size, ..look }),
            Fact::Stop | Fact::Fail | Fact::Delete | Fact::Resume | Fact::Restore => now,
        },
        What::Use { .. } | What::Version { .. } => now,
    }
}
