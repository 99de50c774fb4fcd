//! Playing a scenario on a stage: the clock, each line in its turn, and what did not come as it should.

use super::command::{Apply, Command, Ends, NewGrant, Use};
use super::expect::{Comparison, Condition, Decimal, Found, Subject};
use super::read::{Asked, Does, Scenario, Step};
use super::stage::{Answer, Happening, Look, Stage, StageError, Stages, UsageEvent};
use farthing_core::measure::Quantity;
use farthing_core::money::Money;
use farthing_core::time::{Duration, Instant, Span, Zone};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

/// How a scenario went.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// None: it passed.
    pub troubles: Vec<Trouble>,
    /// What `show` printed, in order.
    pub shown: Vec<String>,
}

/// One line that did not come as it should.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub at: Range<usize>,
    /// A sentence without its full stop.
    pub what: String,
    /// `expected 5.80, found 6.00 USD`, or what to do.
    pub so: String,
    /// The newest things that happened to whom it is about.
    pub lately: Vec<(String, Vec<Happening>)>,
}

/// Where the clock stands in a scenario that does not say.
const BEGINNING: Instant = Instant::from_micros(1_767_225_600_000_000); // 2026-01-01T00:00:00Z

/// `wait until` gives up after this.
const PATIENCE: Duration = Duration::from_seconds(400 * 86_400);

/// So much of what happened to an account is told.
const LATELY: usize = 10;

/// Events of one line and one instant are handed over by so many.
const BATCH: usize = 1_000;

/// Plays a scenario on a fresh stage.
pub fn play(scenario: &Scenario, stages: &dyn Stages) -> Played {
    // What is done before the clock is set for the first time is done then.
    let mut before = scenario.steps.iter().take_while(|step| !matches!(step.does, Does::Wait(_) | Does::WaitUntil(_)));
    let first = before.find_map(|step| if let Does::At(at) = step.does { Some(at) } else { None });
    let start = first.unwrap_or(BEGINNING);
    let mut played = Played::default();
    let head = scenario.steps.first().map_or(0..0, |step| step.at.clone());
    let stage = match stages.fresh(start) {
        Ok(stage) => stage,
        Err(what) => {
            let so = "nothing of it was played".to_owned();
            played.troubles.push(Trouble { at: head, what, so, lately: Vec::new() });
            return played;
        }
    };
    let mut run = Run { scenario, stage, clock: start, zones: BTreeMap::new(), diary: Vec::new(), events: 0, played };
    run.all(head);
    run.played
}

struct Run<'s> {
    scenario: &'s Scenario,
    stage: Box<dyn Stage>,
    clock: Instant,
    /// The accounts there are, with the zones their months follow.
    zones: BTreeMap<String, Zone>,
    /// What was done, when, and whom it was about.
    diary: Vec<(Instant, Vec<String>, String)>,
    /// How many events without an id of their own there were.
    events: u64,
    played: Played,
}

/// What ends a line: a refusal where none was expected, or what `told` says.
enum Stop {
    Stage(StageError),
    Told { what: String, so: String },
}

impl From<StageError> for Stop {
    fn from(error: StageError) -> Stop {
        Stop::Stage(error)
    }
}

type Ran = Result<(), Stop>;

impl Run<'_> {
    fn all(&mut self, head: Range<usize>) {
        let scenario = self.scenario;
        let begun = self.stage.apply_profile(&scenario.profile, &Apply::default(), self.clock);
        if let Err(error) = begun {
            self.trouble(head, &[], error.into());
            return;
        }
        for step in &scenario.steps {
            if let Err(stop) = self.step(step) {
                // An expectation that fails is told and the story goes on; a command that fails leaves no story.
                let goes_on =
                    matches!((&step.does, &stop), (Does::Expect(_) | Does::Refused { .. }, Stop::Told { .. }));
                self.trouble(step.at.clone(), &step.accounts, stop);
                if !goes_on {
                    break;
                }
            }
        }
        let last = scenario.steps.last().map_or(0..0, |step| step.at.clone());
        match self.stage.ledger_faults() {
            Ok(faults) if faults.is_empty() => {}
            Ok(faults) => {
                let what = "the books do not add up at the end of the story".to_owned();
                self.trouble(last, &[], Stop::Told { what, so: faults.join("; ") });
            }
            Err(error) => self.trouble(last, &[], error.into()),
        }
    }

    fn trouble(&mut self, at: Range<usize>, accounts: &[String], stop: Stop) {
        let (what, so) = match stop {
            Stop::Told { what, so } => (what, so),
            Stop::Stage(StageError::Refused { code, message }) => {
                let so = format!("{message}; where that is the story, write: expect error … -> {code}");
                (format!("this was refused with {code}"), so)
            }
            Stop::Stage(StageError::NotBuilt(name)) => (
                format!("not built yet: {name}"),
                "this version of Farthing has no such part; the story waits for it".to_owned(),
            ),
            Stop::Stage(StageError::Broken(what)) => (
                "Farthing failed at this line".to_owned(),
                format!("{what}; this is a fault of its own, not of the story"),
            ),
        };
        let about: Vec<String> = match accounts {
            // Whoever there is alone is meant.
            [] if self.zones.len() == 1 => self.zones.keys().cloned().collect(),
            accounts => accounts.to_vec(),
        };
        let lately = about.into_iter().map(|account| (account.clone(), self.lately(&account))).collect();
        self.played.troubles.push(Trouble { at, what, so, lately });
    }

    /// The newest things that happened to an account: what the story did, and what the engine did by itself.
    fn lately(&mut self, account: &str) -> Vec<Happening> {
        let own = self.diary.iter().filter(|(_, accounts, _)| accounts.iter().any(|known| known == account));
        let mut all: Vec<Happening> = own.map(|(at, _, what)| Happening { at: *at, what: what.clone() }).collect();
        all.extend(self.stage.happened(account, LATELY).unwrap_or_default());
        all.sort_by_key(|happening| happening.at);
        all.split_off(all.len().saturating_sub(LATELY))
    }

    fn step(&mut self, step: &Step) -> Ran {
        match &step.does {
            Does::At(at) => self.at(*at),
            Does::Wait(span) => {
                let until = self.after(*span)?;
                self.advance(until)
            }
            Does::WaitUntil(condition) => self.wait_until(condition),
            Does::Command(asked) => {
                self.ask(asked, step.line)?;
                self.note(step);
                Ok(())
            }
            Does::Expect(condition) => self.expect(condition),
            Does::Refused { asked, code } => self.refused(asked, code, step.line),
            Does::Show(show) => {
                let lines = self.stage.show(show, self.clock)?;
                self.played.shown.push(format!("{} at {}\n{}", self.text_of(&step.at), self.clock, lines.join("\n")));
                Ok(())
            }
        }
    }

    fn text_of(&self, at: &Range<usize>) -> String {
        self.scenario.source.text[at.clone()].split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn note(&mut self, step: &Step) {
        let text = self.text_of(&step.at);
        self.diary.push((self.clock, step.accounts.clone(), text));
    }

    // --- The clock

    fn at(&mut self, at: Instant) -> Ran {
        if at < self.clock {
            let what = "the clock would go back".to_owned();
            return Err(Stop::Told {
                what,
                so: format!("it is {} here already; report what is late with at=", self.clock),
            });
        }
        self.advance(at)
    }

    fn advance(&mut self, to: Instant) -> Ran {
        self.stage.advance(to)?;
        self.clock = to;
        Ok(())
    }

    /// When a span that begins now is over. Months are those of the accounts, which must agree.
    fn after(&self, span: Span) -> Result<Instant, Stop> {
        let mut zones: Vec<&Zone> = self.zones.values().collect();
        zones.dedup_by_key(|zone| zone.name().to_owned());
        let own = &self.scenario.profile.profile.policy.cloud.time_zone;
        if zones.len() > 1 && matches!(span, Span::Calendar(_)) {
            return Err(Stop::Told {
                what: "the accounts live in different time zones, so this is no one instant".to_owned(),
                so: "write the time: at 2026-04-01T00:00:00Z".to_owned(),
            });
        }
        let zone = zones.first().copied().unwrap_or(own);
        span.end_from(self.clock, zone)
            .map_err(|error| Stop::Told { what: error.to_string(), so: "wait less".to_owned() })
    }

    /// Stops at the first whole second at which the condition holds.
    ///
    /// What has happened changes only at due instants, so each of them is looked at. Between two of them figures change with
    /// time alone, and only in one direction (`Stage::next_due` says so): the second is found by bisection.
    fn wait_until(&mut self, condition: &Condition) -> Ran {
        let limit = self.clock.checked_add(PATIENCE).unwrap_or(Instant::MAX);
        loop {
            if self.holds(condition)? {
                return Ok(());
            }
            let due = self.stage.next_due()?.filter(|due| *due <= limit);
            if let Some(due) = due.filter(|due| *due <= self.clock) {
                let clock = self.clock;
                return Err(StageError::Broken(format!("what is due at {due} is still due at {clock}")).into());
            }
            if let Condition::Compare(comparison) = condition
                && comparison.moves_with_time()
            {
                // The due instant itself is looked at once it has happened.
                let end = match due {
                    Some(due) => due.checked_add_micros(-1).unwrap_or(due),
                    None => limit,
                };
                if let Some(second) = self.first_second(comparison, end)? {
                    return self.advance(second);
                }
            }
            self.advance(due.unwrap_or(limit))?;
            if due.is_none() {
                break;
            }
        }
        let now = match condition {
            Condition::Compare(comparison) => {
                let found = self.found(&comparison.subject, self.clock)?;
                format!("; it is {}", comparison.told(&found))
            }
            _ => String::new(),
        };
        Err(Stop::Told {
            what: "this did not become true within 400 days".to_owned(),
            so: format!("looked at every instant at which something happened, and at the seconds between{now}"),
        })
    }

    /// The first whole second after the clock, up to `end`, at which a figure that only rises or only falls fits.
    fn first_second(&mut self, comparison: &Comparison, end: Instant) -> Result<Option<Instant>, Stop> {
        let base = self.clock.floor_second();
        let second = |number: i64| base.checked_add_micros(number.saturating_mul(1_000_000)).unwrap_or(Instant::MAX);
        let (mut low, mut high) = (1, end.seconds_since(base));
        if low > high {
            return Ok(None);
        }
        let mut side =
            |at: Instant| -> Result<Ordering, Stop> { Ok(comparison.side(&self.found(&comparison.subject, at)?)) };
        let before = side(second(low))?;
        if before == Ordering::Equal {
            return Ok(Some(second(low)));
        }
        if side(second(high))? == before {
            return Ok(None);
        }
        // At `low` it is on the side where it began, at `high` no longer.
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if side(second(middle))? == before { low = middle } else { high = middle }
        }
        // It may have jumped over the value.
        Ok((side(second(high))? == Ordering::Equal).then(|| second(high)))
    }

    // --- What is done

    fn ask(&mut self, asked: &Asked, line: usize) -> Ran {
        let at = asked.at.unwrap_or(self.clock);
        if at > self.clock {
            let message = format!("at={at} is later than the clock, which stands at {}", self.clock);
            return Err(StageError::refused("invalid", message).into());
        }
        let stage = &mut self.stage;
        match &asked.command {
            Command::Account(account) => {
                stage.open_account(account, at)?;
                let zone = account.time_zone().unwrap_or(&self.scenario.profile.profile.policy.cloud.time_zone);
                self.zones.insert(account.name.clone(), zone.clone());
            }
            Command::Project { project, account } => stage.open_project(project, account, at)?,
            Command::Member(member) => stage.add_member(member, at)?,
            Command::Move { project, to } => stage.move_project(project, to, at)?,
            Command::Close { account } => stage.close_account(account, at)?,
            Command::Keep { name } => stage.keep(name, at)?,
            Command::Set { account, settings } => stage.set(account, settings, at)?,
            Command::Fact { name, fact } => stage.fact(name, fact, at)?,
            Command::Use(used) => return self.usage(used, asked.at, line),
            Command::Inventory { account, names } => stage.inventory(account, names, at)?,
            Command::Budget(budget) => stage.budget(budget)?,
            Command::Outage(outage) => {
                if outage.to > self.clock {
                    return Err(StageError::refused("invalid", "the outage has not ended yet").into());
                }
                stage.outage(outage)?;
            }
            Command::NoOutage { name } => stage.no_outage(name)?,
            Command::TopUp(top_up) => stage.top_up(top_up, at)?,
            Command::Grant(grant) => {
                // Months are those of the account.
                let zone = self.zones.get(&grant.account);
                let zone = zone.unwrap_or(&self.scenario.profile.profile.policy.cloud.time_zone);
                let expires = match grant.expires {
                    Some(ends) => Some(Ends::At(
                        ends.instant(at, zone).map_err(|error| StageError::refused("invalid", error.to_string()))?,
                    )),
                    None => None,
                };
                stage.grant(&NewGrant { expires, ..grant.clone() }, at)?;
            }
            Command::Crediting(crediting) => stage.credit(crediting, at)?,
            Command::Units(asked) => {
                // Months are those of the account.
                let zone = self.zones.get(asked.account());
                let zone = zone.unwrap_or(&self.scenario.profile.profile.policy.cloud.time_zone);
                stage.units_asked(asked, at, zone)?;
            }
            Command::Authorise(hold) => stage.authorise(hold, at)?,
            Command::Capture(capture) => stage.capture(capture, at)?,
            Command::Release { hold } => stage.release(hold, at)?,
            Command::Apply { change, files: Ok(files) } => stage.apply_profile(files, change, at)?,
            Command::Apply { files: Err(why), .. } => return Err(StageError::refused("invalid", why.clone()).into()),
            Command::Paying(paying) => stage.pay(paying, at)?,
            Command::Ordering(ordering) => stage.order(ordering, at)?,
            Command::Billing(billing) => stage.bill(billing, at)?,
            Command::Around(around) => stage.around(around, at)?,
            Command::Down(span) => {
                let until = self.after(*span)?;
                self.stage.down(until)?;
                self.clock = until;
            }
            Command::Crash => stage.crash()?,
        }
        Ok(())
    }

    /// One line of usage: at one instant in batches, or spread over time with the clock going along.
    fn usage(&mut self, used: &Use, at: Option<Instant>, line: usize) -> Ran {
        let from = at.unwrap_or(self.clock);
        let mut batch = Vec::new();
        for turn in 0..used.times {
            let at = match used.every {
                None => from,
                Some(every) => every
                    .checked_mul(turn)
                    .and_then(|gone| from.checked_add(gone))
                    .map_err(|error| StageError::refused("invalid", error.to_string()))?,
            };
            if at > self.clock {
                self.advance(at)?;
            }
            self.events += 1;
            batch.push(UsageEvent {
                subject: used.subject.clone(),
                meters: used.meters.clone(),
                id: used.id.clone().unwrap_or_else(|| format!("line-{line}-{}", self.events)),
                source: used.source.clone(),
                at,
                properties: used.properties.clone(),
            });
            if used.every.is_some() || batch.len() == BATCH {
                self.stage.usage(&batch)?;
                batch.clear();
            }
        }
        if !batch.is_empty() {
            self.stage.usage(&batch)?;
        }
        Ok(())
    }

    // --- What is expected

    fn expect(&mut self, condition: &Condition) -> Ran {
        match condition {
            Condition::Compare(comparison) => {
                let found = self.found(&comparison.subject, self.clock)?;
                if comparison.side(&found) == Ordering::Equal {
                    return Ok(());
                }
                let wanted = match &comparison.how {
                    super::expect::How::Equals | super::expect::How::Is => comparison.value.to_string(),
                    how => format!("{how} {}", comparison.value),
                };
                Err(Stop::Told {
                    what: "this is not so".to_owned(),
                    so: format!("expected {wanted}, found {}", comparison.told(&found)),
                })
            }
            Condition::LedgerBalanced => match self.stage.ledger_faults()? {
                faults if faults.is_empty() => Ok(()),
                faults => Err(Stop::Told { what: "the books do not add up".to_owned(), so: faults.join("; ") }),
            },
            Condition::Sent { .. } | Condition::NothingSent { .. } => match self.sent(condition)? {
                Ok(()) => Ok(()),
                Err(instead) => Err(Stop::Told { what: "this is not so".to_owned(), so: instead }),
            },
        }
    }

    fn holds(&mut self, condition: &Condition) -> Result<bool, Stop> {
        match condition {
            Condition::Compare(comparison) => {
                let found = self.found(&comparison.subject, self.clock)?;
                Ok(comparison.side(&found) == Ordering::Equal)
            }
            Condition::LedgerBalanced => Ok(self.stage.ledger_faults()?.is_empty()),
            Condition::Sent { .. } | Condition::NothingSent { .. } => Ok(self.sent(condition)?.is_ok()),
        }
    }

    fn sent(&mut self, condition: &Condition) -> Result<Result<(), String>, Stop> {
        let look = match condition {
            Condition::Sent { account, kind, contains } => {
                Look::Sent { account: account.clone(), kind: kind.clone(), contains: contains.clone() }
            }
            Condition::NothingSent { kind } => Look::NothingSent { kind: kind.clone() },
            Condition::Compare(_) | Condition::LedgerBalanced => return Ok(Ok(())),
        };
        match self.stage.look(&look, self.clock)? {
            Answer::Holds(holds) => Ok(holds),
            other => Err(StageError::Broken(format!("asked what was sent, the answer was {other:?}")).into()),
        }
    }

    /// What there is, now or, where nothing happens before then, at a later instant.
    fn found(&mut self, subject: &Subject, at: Instant) -> Result<Found, Stop> {
        Ok(match subject {
            Subject::Clock => Found::Time(at),
            Subject::Figure(figure, about) => money(self.stage.figure(*figure, about, at)?),
            Subject::Charges(about) => money(self.stage.charges(about, at)?),
            Subject::Units(about) => quantity(self.stage.units(about, at)?),
            Subject::State(thing, name) => Found::Word(self.stage.state(*thing, name, at)?),
            Subject::Bill(bill, part) => {
                answered(self.stage.look(&Look::Bill { which: bill.clone(), part: *part }, at)?)
            }
            Subject::Suspense => answered(self.stage.look(&Look::Suspense, at)?),
            Subject::Estimate => answered(self.stage.look(&Look::Estimate, at)?),
            Subject::History { account, grant } => {
                answered(self.stage.look(&Look::History { account: account.clone(), grant: grant.clone() }, at)?)
            }
            Subject::Export { name, column } => {
                let look = Look::Export { name: name.clone(), column: column.clone() };
                answered(self.stage.look(&look, at)?)
            }
            Subject::Quota(asked) => answered(self.stage.look(&Look::Quota(asked.clone()), at)?),
            Subject::Costs(asked) => answered(self.stage.look(&Look::Costs(asked.clone()), at)?),
            Subject::Page(asked) => answered(self.stage.look(&Look::Page(asked.clone()), at)?),
        })
    }

    /// A command that must fail with a code, and leave everything as it was.
    fn refused(&mut self, asked: &Asked, code: &str, line: usize) -> Ran {
        let before = self.stage.fingerprint()?;
        let what = "this was to be refused".to_owned();
        match self.ask(asked, line) {
            Err(Stop::Stage(StageError::Refused { code: found, .. })) if found == code => {}
            Err(Stop::Stage(StageError::Refused { code: found, message })) => {
                return Err(Stop::Told { what, so: format!("expected {code}, found {found}: {message}") });
            }
            Err(other) => return Err(other),
            Ok(()) => return Err(Stop::Told { what, so: format!("expected {code}, but it was done") }),
        }
        let after = self.stage.fingerprint()?;
        let Some(difference) = difference(&before, &after) else { return Ok(()) };
        Err(Stop::Told { what: format!("this was refused with {code} and yet changed something"), so: difference })
    }
}

fn money(amount: Money) -> Found {
    let currency = amount.currency();
    let exact = Decimal { digits: i128::from(amount.units()), decimals: currency.decimal_digits() };
    Found::Number(exact.shortened(currency.minor_digits()), currency.code().to_owned())
}

fn quantity(quantity: Quantity) -> Found {
    Found::Number(Decimal { digits: i128::from(quantity.millionths()), decimals: 6 }.shortened(0), String::new())
}

fn answered(answer: Answer) -> Found {
    match answer {
        Answer::Money(amount) => money(amount),
        Answer::Number(number) => quantity(number),
        Answer::Word(word) => Found::Word(word),
        Answer::Lines(lines) => Found::Lines(lines),
        Answer::Holds(holds) => Found::Word(if holds.is_ok() { "yes" } else { "no" }.to_owned()),
    }
}

/// The first line that is not in both.
fn difference(before: &[String], after: &[String]) -> Option<String> {
    if before == after {
        return None;
    }
    let gone = before.iter().find(|line| !after.contains(line));
    let new = after.iter().find(|line| !before.contains(line));
    Some(match (gone, new) {
        (Some(gone), Some(new)) => format!("before: {gone}; after: {new}"),
        (Some(gone), None) => format!("gone: {gone}"),
        (None, Some(new)) => format!("new: {new}"),
        (None, None) => "the order of what there is".to_owned(),
    })
}
