//! A story with the money that comes and goes beside it, as one list of deeds in order of time: what a process does that may
//! be killed at any moment, and what the one after it goes on with. Each carries an id, so asked again it happens once.

use super::cost::instant;
use super::drive::{CLOUD, REFUSED, Stage, account, open, refused, seconds_of, text};
use super::generate::{Taste, story};
use super::price::{DOLLAR, Settle};
use super::story::{Happening, Story, What};
use crate::seed::Dice;
use farthing_core::id::HoldId;
use farthing_core::money::{Currency, Money};
use farthing_core::time::{Duration, Instant};
use farthing_engine::{NewCapture, NewGrant, NewHold};
use farthing_store::Location;

/// What is done, by whom it may be done again.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Prices, accounts, their first money and the project.
    Furnish,
    Tell(Happening),
    TopUp {
        payer: usize,
        amount: i64,
    },
    Grant {
        payer: usize,
        amount: i64,
        expires: Option<i64>,
    },
    Authorise {
        hold: usize,
        payer: usize,
        amount: i64,
        lasts: i64,
    },
    Capture {
        hold: usize,
        payer: usize,
        amount: i64,
        last: bool,
    },
    Release {
        hold: usize,
        payer: usize,
    },
    /// Nothing but time going by.
    Wait,
}

#[derive(Clone, Debug)]
pub struct Timed {
    pub second: i64,
    pub deed: Deed,
}

/// A whole play: the same for the same seed.
#[derive(Clone, Debug)]
pub struct Script {
    pub story: Story,
    pub deeds: Vec<Timed>,
}

/// What somebody says who does it, a line each, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// What follows happens at this second.
    At(i64),
    /// This deed is done, and how it was answered.
    Done(usize, String),
}

impl Script {
    pub fn of(seed: u64) -> Script {
        let mut dice = Dice::of(&[seed, 0xDEED]);
        // Little enough that some run out, enough that some do not.
        let cash = [5, 50, 100_000][dice.below(3)] * DOLLAR;
        let late = dice.below(3);
        let mut story = story(seed, Taste { late, cash, ..Taste::default() });
        if story.settle == Settle::Minutes(5) && story.end - story.start > 10 * 3_600 {
            story.settle = Settle::Minutes(60); // one tick is like another; many take long
        }
        let mut deeds = vec![Timed { second: story.start, deed: Deed::Furnish }];
        let told = story
            .happenings
            .iter()
            .map(|happening| Timed { second: happening.told, deed: Deed::Tell(happening.clone()) });
        deeds.extend(told);
        let (first, last) = (story.start + 1, story.end);
        for payer in 0..story.accounts {
            for _ in 0..=dice.below(4) {
                let amount = dice.between(1, 200) * DOLLAR / 10;
                deeds.push(Timed { second: dice.between(first, last), deed: Deed::TopUp { payer, amount } });
            }
            for _ in 0..=dice.below(3) {
                let second = dice.between(first, last);
                let expires = (dice.below(3) > 0).then(|| dice.between(second + 1, last + 3_600));
                let amount = dice.between(1, 80) * DOLLAR / 10;
                deeds.push(Timed { second, deed: Deed::Grant { payer, amount, expires } });
            }
        }
        for hold in 0..2 + dice.below(5) {
            let payer = dice.below(story.accounts);
            let (begins, amount) = (dice.between(first, last), dice.between(1, 100) * DOLLAR / 10);
            let lasts = dice.between(60, 6 * 3_600);
            deeds.push(Timed { second: begins, deed: Deed::Authorise { hold, payer, amount, lasts } });
            let mut second = begins;
            for turn in 0..dice.below(3) {
                second = dice.between(second, last); // some come after its end
                let amount = dice.between(1, amount);
                deeds.push(Timed { second, deed: Deed::Capture { hold, payer, amount, last: turn == 1 } });
            }
            if dice.below(2) == 0 {
                let second = dice.between(second, last);
                deeds.push(Timed { second, deed: Deed::Release { hold, payer } });
            }
        }
        deeds.sort_by_key(|timed| timed.second); // what comes together stays in order
        // Until the last day is sealed, in every zone.
        deeds.push(Timed { second: story.end + 26 * 3_600, deed: Deed::Wait });
        Script { story, deeds }
    }

    /// Takes up the play where a process before has left it: `first` is the first deed that was not said to be done, `clock`
    /// the last second that was said to be. What was done there already finds itself done.
    pub fn take_up(&self, location: &Location, first: usize, clock: i64, life: u8) -> Result<Stage, String> {
        let stage = Stage { engine: open(location, instant(clock), life), told: Vec::new() };
        if first > 0 {
            stage.engine.run_due().map_err(text)?;
            stage.engine.run_tick(instant(clock)).map_err(text)?;
        }
        Ok(stage)
    }

    /// Does everything from a deed on. `say` hears what is about to be and what is done.
    pub fn play(&self, stage: &mut Stage, first: usize, mut say: impl FnMut(&Line)) -> Result<(), String> {
        for (number, timed) in self.deeds.iter().enumerate().skip(first) {
            let begun = number > 0;
            while let Some(next) = if begun { next_due(stage, timed.second)? } else { None } {
                say(&Line::At(next));
                stage.advance(next)?;
            }
            say(&Line::At(timed.second));
            if begun {
                stage.advance(timed.second)?;
            }
            let answer = self.do_it(stage, number)?;
            say(&Line::Done(number, answer));
        }
        Ok(())
    }

    /// Does one deed, and says how it was answered; what a rule refuses is an answer.
    pub fn do_it(&self, stage: &mut Stage, number: usize) -> Result<String, String> {
        let done = self.ask(stage, number).and_then(|what| {
            stage.engine.run_due().map_err(text)?;
            Ok(what.to_owned())
        });
        match done {
            Err(why) if why.starts_with(REFUSED) => Ok(why.split(')').next().unwrap_or_default().to_owned()),
            other => other,
        }
    }

    fn ask(&self, stage: &mut Stage, number: usize) -> Result<&'static str, String> {
        let money = |units: i64| Money::from_units(units, Currency::USD);
        let id = format!("deed-{number}");
        let hold_id = |hold: &usize| HoldId::derive(Instant::EPOCH, &[b"hold", &hold.to_le_bytes()]);
        let done = match &self.deeds[number].deed {
            Deed::Wait => Ok(()),
            Deed::Furnish => return stage.furnish(&self.story).map(|()| "furnished"),
            Deed::Tell(happening) => {
                // What repeats another's id, and a project that is where it goes, is known from the first time on.
                let known = !stage.tell(&self.story, happening)? && !matches!(happening.what, What::Version { .. });
                return Ok(if known { "known" } else { "told" });
            }
            Deed::TopUp { payer, amount } => {
                stage.engine.top_up(CLOUD, &account(*payer), money(*amount), Some(&id)).map(drop)
            }
            Deed::Grant { payer, amount, expires } => {
                let grant = NewGrant {
                    name: id,
                    account: account(*payer),
                    amount: money(*amount),
                    products: Vec::new(),
                    priority: 0,
                    starts: None,
                    expires: expires.map(instant),
                    reason: None,
                };
                stage.engine.grant_credit(CLOUD, &grant)
            }
            Deed::Authorise { hold, payer, amount, lasts } => {
                let lasts = Duration::try_from_seconds(*lasts).map_err(text)?;
                let new = NewHold {
                    id: hold_id(hold),
                    account: account(*payer),
                    amount: money(*amount),
                    product: None,
                    uses: Vec::new(),
                    lasts: Some(lasts),
                };
                stage.engine.authorise(CLOUD, &new).map(drop)
            }
            Deed::Capture { hold, payer, amount, last } => {
                let capture = NewCapture {
                    id: Some(id),
                    account: account(*payer),
                    hold: hold_id(hold),
                    amount: money(*amount),
                    product: None,
                    last: *last,
                    at: None,
                };
                stage.engine.capture(CLOUD, &capture).map(drop)
            }
            Deed::Release { hold, payer } => stage.engine.release(CLOUD, &account(*payer), hold_id(hold)).map(drop),
        };
        done.map_err(refused).map(|()| "done")
    }
}

/// What falls due on the way there.
fn next_due(stage: &Stage, to: i64) -> Result<Option<i64>, String> {
    let now = stage.engine.now().map_err(text)?;
    let next = stage.engine.next_due(now).map_err(text)?.filter(|next| *next < instant(to));
    // A due time within a second is looked at when that second is over, as everywhere here.
    Ok(next.map(|next| seconds_of(next.micros())).filter(|next| *next < to))
}

impl Line {
    pub fn parse(line: &str) -> Option<Line> {
        let (word, rest) = line.split_once(' ')?;
        match word {
            "at" => Some(Line::At(rest.parse().ok()?)),
            "done" => {
                let (number, answer) = rest.split_once(' ')?;
                Some(Line::Done(number.parse().ok()?, answer.to_owned()))
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Line::At(second) => write!(out, "at {second}"),
            Line::Done(number, answer) => write!(out, "done {number} {answer}"),
        }
    }
}
