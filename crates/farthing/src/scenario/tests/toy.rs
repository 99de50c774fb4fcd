//! A stage that does just enough to test the runner, honestly: cash, credit, holds, things with a linear price that are
//! settled on the hour and suspended at zero, events counted once. No late facts, no profile but prices by the hour.

use super::super::command::{
    Apply, BudgetAsked, Capture, Fact, NewAccount, NewGrant, NewHold, NewMember, Outage, Place, Setting, TopUp,
};
use super::super::stage::{
    About, Done, Figure, Happening, ProfileFiles, Show, Stage, StageError, Stages, Thing, UsageEvent,
};
use farthing_core::catalog::Wanted;
use farthing_core::measure::Quantity;
use farthing_core::money::{Currency, Money, Rounding, mul_div_round};
use farthing_core::time::{Duration, Instant, Period};
use std::collections::{BTreeMap, BTreeSet};

/// With `forgetful`, what is refused leaves a trace all the same; with `unbalanced`, the books never add up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Toys {
    pub forgetful: bool,
    pub unbalanced: bool,
}

impl Stages for Toys {
    fn fresh(&self, at: Instant) -> Result<Box<dyn Stage>, String> {
        Ok(Box::new(Toy { now: at, toys: *self, ..Toy::default() }))
    }
}

#[derive(Debug)]
struct Toy {
    now: Instant,
    toys: Toys,
    files: Option<ProfileFiles>,
    accounts: BTreeMap<String, Account>,
    projects: BTreeMap<String, String>,
    things: BTreeMap<String, Thing_>,
    holds: BTreeMap<String, (String, i64)>,
    events: BTreeSet<String>,
    refusals: u32,
}

#[derive(Debug, Default)]
struct Account {
    cash: i64,
    credit: i64,
    log: Vec<Happening>,
}

#[derive(Debug)]
struct Thing_ {
    account: String,
    state: &'static str,
    /// Units an hour, since when, and how much of it is posted.
    rate: i64,
    since: Instant,
    posted: i64,
}

impl Default for Toy {
    fn default() -> Toy {
        Toy {
            now: Instant::EPOCH,
            toys: Toys::default(),
            files: None,
            accounts: BTreeMap::new(),
            projects: BTreeMap::new(),
            things: BTreeMap::new(),
            holds: BTreeMap::new(),
            events: BTreeSet::new(),
            refusals: 0,
        }
    }
}

impl Thing_ {
    fn cost(&self, at: Instant) -> i64 {
        if self.state != "running" {
            return self.posted;
        }
        let exact =
            mul_div_round(i128::from(self.rate), i128::from(at.seconds_since(self.since)), 3_600, Rounding::HalfEven);
        i64::try_from(exact.unwrap()).unwrap()
    }
}

impl Toy {
    fn currency(&self) -> Currency {
        self.files.as_ref().map_or(Currency::USD, |files| files.profile.policy.cloud.currency)
    }

    fn account(&mut self, name: &str) -> Result<&mut Account, StageError> {
        self.accounts
            .get_mut(name)
            .ok_or_else(|| StageError::refused("not_found", format!("there is no account {name}")))
    }

    fn thing(&mut self, name: &str) -> Result<&mut Thing_, StageError> {
        self.things
            .get_mut(name)
            .ok_or_else(|| StageError::refused("not_found", format!("there is no resource {name}")))
    }

    fn accrued(&self, account: &str, at: Instant) -> i64 {
        self.things.values().filter(|thing| thing.account == account).map(|thing| thing.cost(at) - thing.posted).sum()
    }

    fn spendable(&self, account: &str, at: Instant) -> i64 {
        let known = &self.accounts[account];
        known.cash + known.credit - self.accrued(account, at)
    }

    fn available(&self, account: &str) -> i64 {
        let held: i64 = self.holds.values().filter(|(owner, _)| owner == account).map(|(_, amount)| amount).sum();
        self.spendable(account, self.now) - held
    }

    fn settle(&mut self, at: Instant) {
        for (name, thing) in &mut self.things {
            let cost = thing.cost(at) - thing.posted;
            if cost == 0 {
                continue;
            }
            thing.posted += cost;
            let account = self.accounts.get_mut(&thing.account).unwrap();
            let credit = cost.min(account.credit);
            account.credit -= credit;
            account.cash -= cost - credit;
            let what = format!("settled {} for {name}", Money::from_units(cost, Currency::USD));
            account.log.push(Happening { at, what });
        }
        let empty: Vec<String> = self
            .accounts
            .iter()
            .filter(|(_, account)| account.cash + account.credit <= 0)
            .map(|(name, _)| name.clone())
            .collect();
        for (name, thing) in self.things.iter_mut().filter(|(_, thing)| thing.state == "running") {
            if empty.contains(&thing.account) {
                thing.state = "suspended";
                let what = format!("suspended {name}");
                self.accounts.get_mut(&thing.account).unwrap().log.push(Happening { at, what });
            }
        }
    }

    /// The first second of the hour at which an account has nothing left.
    fn zero_before(&self, account: &str, end: Instant) -> Option<Instant> {
        if self.accrued(account, end) == 0 {
            return None;
        }
        let seconds = 1..=end.seconds_since(self.now.floor_second());
        let at = |second: i64| self.now.floor_second().checked_add_micros(second * 1_000_000).unwrap();
        seconds.map(at).find(|at| self.spendable(account, *at) <= 0)
    }

    fn running(&self, account: &str) -> bool {
        self.things.values().any(|thing| thing.account == account && thing.state == "running")
    }
}

impl Stage for Toy {
    fn pay(&mut self, _: &super::super::command::Paying, _: Instant) -> Done {
        Err(StageError::NotBuilt("payments"))
    }

    fn apply_profile(&mut self, files: &ProfileFiles, _: &Apply, _: Instant) -> Done {
        self.files = Some(files.clone());
        Ok(())
    }

    fn open_account(&mut self, account: &NewAccount, _: Instant) -> Done {
        self.accounts.insert(account.name.clone(), Account::default());
        Ok(())
    }

    fn open_project(&mut self, project: &str, account: &str, _: Instant) -> Done {
        self.account(account)?;
        self.projects.insert(project.to_owned(), account.to_owned());
        Ok(())
    }

    fn add_member(&mut self, _: &NewMember, _: Instant) -> Done {
        Err(StageError::NotBuilt("member"))
    }

    fn move_project(&mut self, _: &str, _: &str, _: Instant) -> Done {
        Err(StageError::NotBuilt("move"))
    }

    fn close_account(&mut self, _: &str, _: Instant) -> Done {
        panic!("a toy cannot close")
    }

    fn keep(&mut self, _: &str, _: Instant) -> Done {
        Err(StageError::NotBuilt("keep"))
    }

    fn set(&mut self, _: &str, _: &[Setting], _: Instant) -> Done {
        Err(StageError::NotBuilt("set"))
    }

    fn fact(&mut self, name: &str, fact: &Fact, at: Instant) -> Done {
        match fact {
            Fact::Start(start) => {
                let account = match &start.place {
                    Some(Place::Project(project)) => self.projects.get(project).cloned().unwrap_or_default(),
                    Some(Place::Account(account)) => account.clone(),
                    None => self.thing(name)?.account.clone(),
                };
                self.account(&account)?;
                let policy = &self.files.as_ref().unwrap().profile;
                let least = policy.policy.start.min_balance.map_or(1, Money::units);
                if at == self.now && self.available(&account) < least {
                    self.refusals += 1;
                    return Err(StageError::refused("insufficient_balance", "there is not enough to start with"));
                }
                let wanted = Wanted {
                    product: start.product.as_deref().unwrap_or_default(),
                    sku: start.sku.as_deref(),
                    component: None,
                    account: None,
                    on: None,
                };
                let offer = policy
                    .catalog
                    .offer(wanted)
                    .map_err(|error| StageError::refused("not_found", error.to_string()))?;
                let tag = offer.pricing.price.clone().unwrap();
                let rate = tag.rate(self.currency(), None, policy.policy.cloud.data_step, 1).unwrap();
                let rate = rate.numerator() * 3_600 * 1_000_000 / rate.denominator();
                let rate = i64::try_from(rate).unwrap();
                let thing = Thing_ { account, state: "running", rate, since: at.floor_second(), posted: 0 };
                self.things.insert(name.to_owned(), thing);
            }
            Fact::Stop => {
                self.settle(at);
                self.thing(name)?.state = "stopped";
            }
            Fact::Resume => {
                let at = at.floor_second();
                let thing = self.thing(name)?;
                (thing.state, thing.since, thing.posted) = ("running", at, 0);
            }
            _ => return Err(StageError::NotBuilt("that fact")),
        }
        Ok(())
    }

    fn inventory(&mut self, _: &str, _: &[String], _: Instant) -> Done {
        Err(StageError::NotBuilt("inventory"))
    }

    fn budget(&mut self, _: &BudgetAsked) -> Done {
        Ok(())
    }

    fn outage(&mut self, _: &Outage) -> Done {
        Err(StageError::Broken("a toy has no power cuts".to_owned()))
    }

    fn no_outage(&mut self, _: &str) -> Done {
        Err(StageError::Broken("a toy has no power cuts".to_owned()))
    }

    /// Every call costs a cent, whatever it is.
    fn usage(&mut self, events: &[UsageEvent]) -> Done {
        for event in events {
            let identity = format!("{}/{}", event.source.as_deref().unwrap_or_default(), event.id);
            let counted: i64 = event.meters.iter().map(|(_, size)| size.quantity.millionths()).sum();
            if counted < 0 {
                return Err(StageError::refused("invalid", "less than nothing was used"));
            }
            let subject = self.things.get(&event.subject).map_or(event.subject.clone(), |thing| thing.account.clone());
            let account = self.account(&subject)?;
            account.log.push(Happening { at: event.at, what: format!("used {}", event.id) });
            account.cash -= counted;
            if !self.events.insert(identity) {
                self.account(&subject)?.cash += counted;
            }
        }
        Ok(())
    }

    fn top_up(&mut self, top_up: &TopUp, _: Instant) -> Done {
        if !top_up.amount.is_positive() {
            return Err(StageError::refused("invalid", "a top-up brings money"));
        }
        self.account(&top_up.account)?.cash += top_up.amount.units();
        Ok(())
    }

    fn grant(&mut self, grant: &NewGrant, _: Instant) -> Done {
        self.account(&grant.account)?.credit += grant.amount.units();
        Ok(())
    }

    fn credit(&mut self, _: &super::super::command::Crediting, _: Instant) -> Done {
        Err(StageError::NotBuilt("coupons"))
    }

    fn authorise(&mut self, hold: &NewHold, _: Instant) -> Done {
        self.account(&hold.account)?;
        if self.available(&hold.account) < hold.amount.units() {
            self.refusals += 1;
            return Err(StageError::refused("insufficient_balance", "that much is not available"));
        }
        self.holds.insert(hold.name.clone(), (hold.account.clone(), hold.amount.units()));
        Ok(())
    }

    fn capture(&mut self, capture: &Capture, _: Instant) -> Done {
        let Some((account, held)) = self.holds.get_mut(&capture.hold) else {
            return Err(StageError::refused("hold_closed", "nothing is held"));
        };
        let account = account.clone();
        *held -= capture.amount.units();
        if capture.last || *held <= 0 {
            self.holds.remove(&capture.hold);
        }
        self.account(&account)?.cash -= capture.amount.units();
        Ok(())
    }

    fn release(&mut self, hold: &str, _: Instant) -> Done {
        self.holds.remove(hold).map(|_| ()).ok_or_else(|| StageError::refused("hold_closed", "nothing is held"))
    }

    fn advance(&mut self, to: Instant) -> Done {
        assert!(to >= self.now, "the clock of a stage does not go back");
        while let Some(due) = self.next_due()?.filter(|due| *due <= to) {
            self.now = due;
            self.settle(due);
        }
        self.now = to;
        Ok(())
    }

    fn next_due(&mut self) -> Result<Option<Instant>, StageError> {
        let hour = Period::utc_multiple_of(Duration::from_seconds(3_600), self.now).unwrap().end();
        let running: Vec<&String> = self.accounts.keys().filter(|account| self.running(account)).collect();
        let zeros = running.iter().filter_map(|account| self.zero_before(account, hour)).min();
        Ok(if running.is_empty() { None } else { Some(zeros.unwrap_or(hour)) })
    }

    fn down(&mut self, until: Instant) -> Done {
        self.now = until;
        self.settle(until);
        Ok(())
    }

    fn crash(&mut self) -> Done {
        Ok(())
    }

    fn figure(&mut self, figure: Figure, of: &About, at: Instant) -> Result<Money, StageError> {
        let account = self.account(&of.account)?;
        let (cash, credit) = (account.cash, account.credit);
        let units = match figure {
            Figure::Balance => cash + credit,
            Figure::Spendable => self.spendable(&of.account, at),
            Figure::Available => self.available(&of.account),
            Figure::Accrued => self.accrued(&of.account, at),
            Figure::Due => (-cash).max(0),
            Figure::Rolled => 0,
            Figure::Credit => credit,
        };
        Ok(Money::from_units(units, self.currency()))
    }

    fn units(&mut self, _: &About, _: Instant) -> Result<Quantity, StageError> {
        Ok(Quantity::ZERO)
    }

    fn charges(&mut self, of: &About, at: Instant) -> Result<Money, StageError> {
        let cost = self.things.values().filter(|thing| thing.account == of.account).map(|thing| thing.cost(at)).sum();
        Ok(Money::from_units(cost, self.currency()))
    }

    fn state(&mut self, of: Thing, name: &str, _: Instant) -> Result<String, StageError> {
        match of {
            Thing::Any | Thing::Resource => Ok(self.thing(name)?.state.to_owned()),
            _ => Err(StageError::NotBuilt("that state")),
        }
    }

    fn ledger_faults(&mut self) -> Result<Vec<String>, StageError> {
        Ok(if self.toys.unbalanced { vec!["one unit is missing".to_owned()] } else { Vec::new() })
    }

    fn fingerprint(&mut self) -> Result<Vec<String>, StageError> {
        let mut lines: Vec<String> =
            self.accounts.iter().map(|(name, account)| format!("{name} {account:?}")).collect();
        lines.push(format!("{:?}", (&self.things, &self.holds, &self.projects)));
        if self.toys.forgetful {
            lines.push(format!("{} refusals", self.refusals));
        }
        Ok(lines)
    }

    fn happened(&mut self, account: &str, most: usize) -> Result<Vec<Happening>, StageError> {
        let log = &self.account(account)?.log;
        Ok(log[log.len().saturating_sub(most)..].to_vec())
    }

    fn show(&mut self, what: &Show, at: Instant) -> Result<Vec<String>, StageError> {
        match what {
            Show::Ledger { account } => {
                let balance = self.figure(Figure::Balance, &About::account(account), at)?;
                Ok(vec![format!("balance {balance}")])
            }
            other => Err(StageError::NotBuilt(other.name())),
        }
    }
}
