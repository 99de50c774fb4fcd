//! What an account has: balance, accrued, spendable, and the second at which it runs out.

use super::{AccountBook, Line, Lot, SettleError, ThingId};
use crate::config::Name;
use crate::policy::Pay;
use crate::time::{Duration, Instant};
use std::collections::BTreeSet;

/// The numbers of one instant, in units of the account's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    pub cash: i64,
    pub credit: i64,
    /// What is owed beyond the cash, and of bills past due.
    pub debt: i64,
    /// Posted cash + credit - debt.
    pub balance: i64,
    /// Cost that arose and is not posted yet, prepaid and postpaid.
    pub accrued: i64,
    /// What of it comes off the balance.
    pub accrued_prepaid: i64,
    /// Balance less what has accrued; a scoped lot counts if it may pay something in question.
    pub spendable: i64,
}

/// Costs since an instant that somebody wants to know of once they are more than so much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostWatch {
    pub since: Instant,
    /// What may be open of them.
    pub most: i64,
    /// Of what; none: of everything.
    pub things: Option<BTreeSet<ThingId>>,
}

impl CostWatch {
    pub fn counts(&self, line: &Line) -> bool {
        self.things.as_ref().is_none_or(|things| things.contains(&line.id.thing))
    }
}

/// For what the lots are counted.
#[derive(Clone, Copy, Debug)]
pub enum Question<'a> {
    /// What runs; every lot where nothing does.
    Standing,
    /// What runs, and this on top.
    Asked(&'a Name),
}

/// Nobody's money is foretold for longer: 10 years.
const HORIZON_SECONDS: i64 = 10 * 366 * 86_400;

impl AccountBook {
    pub fn figures(&self, at: Instant, question: Question<'_>) -> Result<Figures, SettleError> {
        let (accrued, prepaid) = self.accrued(at)?;
        let usable = |lot: &Lot| lot.is_usable(at);
        let worth = self.purse.worth(usable);
        let balance = worth.saturating_sub(self.overdue);
        let credit = worth.saturating_sub(self.purse.cash).saturating_add(self.purse.debt);
        let counts = |lot: &Lot| lot.is_usable(at) && self.may_pay_in_question(lot, question);
        Ok(Figures {
            cash: self.purse.cash,
            credit,
            debt: self.purse.debt.saturating_add(self.overdue),
            balance,
            accrued,
            accrued_prepaid: prepaid,
            spendable: self.purse.worth(counts).saturating_sub(self.overdue).saturating_sub(prepaid),
        })
    }

    /// Cost that arose and is not posted: all of it, and what of it comes off the balance.
    fn accrued(&self, at: Instant) -> Result<(i64, i64), SettleError> {
        let overflow = || SettleError::Overflow { what: "sum what has accrued" };
        let (mut all, mut prepaid) = (0_i64, 0_i64);
        for (product, (sum, pay)) in &self.open_by_product(at)? {
            let posted = self.posted.get(*product).map_or(0, super::Posted::sum);
            let rest = sum.checked_sub(posted).ok_or_else(overflow)?;
            all = all.checked_add(rest).ok_or_else(overflow)?;
            if *pay == Pay::Prepaid {
                prepaid = prepaid.checked_add(rest).ok_or_else(overflow)?;
            }
        }
        Ok((all, prepaid))
    }

    fn may_pay_in_question(&self, lot: &Lot, question: Question<'_>) -> bool {
        let mut runs = self.lines.iter().filter(|line| line.open.slope > 0 && line.pay == Pay::Prepaid).peekable();
        match question {
            Question::Asked(product) if lot.may_pay(product) => true,
            Question::Standing if runs.peek().is_none() => true,
            _ => lot.products.is_empty() || runs.any(|line| lot.may_pay(line.product())),
        }
    }

    /// Nothing is left to spend, or cost has arisen that nothing left may pay (R25).
    pub fn is_out(&self, at: Instant) -> Result<bool, SettleError> {
        if self.figures(at, Question::Standing)?.spendable <= 0 {
            return Ok(true);
        }
        if self.purse.lots().iter().all(|lot| lot.products.is_empty()) {
            return Ok(false); // everything may pay everything: nothing is left only when nothing is there
        }
        let mut purse = self.purse.clone();
        let before = purse.debt;
        for (product, (sum, pay)) in self.open_by_product(at)? {
            let posted = self.posted.get(product).map_or(0, super::Posted::sum);
            let rest = sum.saturating_sub(posted);
            if pay == Pay::Prepaid && rest > 0 {
                purse.pay(product, rest, at);
            }
        }
        Ok(purse.debt > before)
    }

    /// The first whole second at which nothing is left, as far as is known now; none where nothing runs or nothing ends.
    pub fn runs_out_at(&self, now: Instant) -> Result<Option<Instant>, SettleError> {
        let runs = self.lines.iter().any(|line| line.open.slope > 0 && line.pay == Pay::Prepaid);
        if !runs && !self.is_out(now)? {
            return Ok(None);
        }
        self.first_when(now, 0, |book, at| book.is_out(at))
    }

    /// The first whole second at which less than this can be spent, as far as is known now.
    pub fn falls_below_at(&self, now: Instant, below: i64) -> Result<Option<Instant>, SettleError> {
        self.first_when(now, below, |book, at| Ok(book.figures(at, Question::Standing)?.spendable < below))
    }

    /// The first whole second at which something is so that, between two lapses, stays so once it is: cost only grows. So it is a
    /// search, not a sum. `near`: about how much is left then.
    fn first_when(
        &self,
        now: Instant,
        near: i64,
        is_so: impl Fn(&AccountBook, Instant) -> Result<bool, SettleError>,
    ) -> Result<Option<Instant>, SettleError> {
        let mut from = now.floor_second();
        if is_so(self, from)? {
            return Ok(Some(from));
        }
        // What has grown beyond every number by then has taken everything there is.
        let will_be = |at: Instant| is_so(self, at).unwrap_or(true);
        let end = now.checked_add(Duration::try_from_seconds(HORIZON_SECONDS)?).unwrap_or(Instant::MAX);
        let mut edges: Vec<Instant> = self.purse.lots().iter().filter_map(|lot| lot.expires).collect();
        edges.extend(self.purse.lots().iter().map(|lot| lot.starts));
        edges.retain(|edge| *edge > from && *edge < end);
        edges.sort_unstable();
        edges.push(end);
        for edge in edges {
            // At the edge itself a lot may have lapsed or begun: the second before belongs to this stretch.
            let last = edge.checked_sub(Duration::try_from_seconds(1)?)?;
            if last > from && will_be(last) {
                return self.first_between(from, last, near, will_be).map(Some);
            }
            if will_be(edge) {
                return Ok(Some(edge));
            }
            from = edge;
        }
        Ok(None)
    }

    /// Between an instant at which it is not so and a later one at which it is.
    fn first_between(
        &self,
        from: Instant,
        to: Instant,
        near: i64,
        will_be: impl Fn(Instant) -> bool,
    ) -> Result<Instant, SettleError> {
        let (mut before, mut after) = (0_i64, to.seconds_since(from));
        // Most costs are straight lines: where they cross is guessed first, and only a curve has to be searched.
        if let Some(guess) = self.guess(from, near)? {
            for near in [guess.saturating_sub(2), guess.saturating_add(2)] {
                if near > before && near < after {
                    if will_be(from.checked_add(Duration::try_from_seconds(near)?)?) {
                        after = near;
                    } else {
                        before = near;
                    }
                }
            }
        }
        while after.saturating_sub(before) > 1 {
            let middle = before.saturating_add(after.saturating_sub(before) / 2);
            if will_be(from.checked_add(Duration::try_from_seconds(middle)?)?) {
                after = middle;
            } else {
                before = middle;
            }
        }
        Ok(from.checked_add(Duration::try_from_seconds(after)?)?)
    }

    /// After how many seconds so much is left, if costs go on as in the next day.
    fn guess(&self, from: Instant, near: i64) -> Result<Option<i64>, SettleError> {
        let day = Duration::try_from_seconds(86_400)?;
        let now = self.figures(from, Question::Standing)?.spendable;
        let cost = now.saturating_sub(self.figures(from.checked_add(day)?, Question::Standing)?.spendable);
        let seconds = i128::from(now.saturating_sub(near)).saturating_mul(86_400).checked_div(i128::from(cost));
        Ok(seconds.and_then(|seconds| i64::try_from(seconds).ok()))
    }

    /// What is open of what has cost since an instant: what corrects an earlier time is that time's.
    pub fn open_since(&self, since: Instant, at: Instant, counts: impl Fn(&Line) -> bool) -> Result<i64, SettleError> {
        let mut sum = 0_i64;
        let own = |line: &&Line| counts(line) && (!line.id.is_correction() || line.open.since >= since);
        for line in self.lines.iter().filter(own) {
            sum = sum.checked_add(line.net_at(at)?).ok_or(SettleError::Overflow { what: "sum a month's costs" })?;
        }
        Ok(sum)
    }

    /// The first whole second after now, and before an end, at which more than this is open of it, as far as is known now.
    pub fn open_passes_at(&self, now: Instant, end: Instant, cost: &CostWatch) -> Result<Option<Instant>, SettleError> {
        let from = now.floor_second();
        // What has grown beyond every number by then is more than this.
        let open = |at: Instant| self.open_since(cost.since, at, |line| cost.counts(line));
        let is_more = |at: Instant| open(at).map_or(true, |open| open > cost.most);
        let last = end.seconds_since(from).saturating_sub(1);
        let after = |seconds: i64| Ok::<_, SettleError>(from.checked_add(Duration::try_from_seconds(seconds)?)?);
        if last <= 0 || is_more(from) || !is_more(after(last)?) {
            return Ok(None);
        }
        let (mut before, mut found) = (0_i64, last);
        while found.saturating_sub(before) > 1 {
            let middle = before.saturating_add(found.saturating_sub(before) / 2);
            if is_more(after(middle)?) {
                found = middle;
            } else {
                before = middle;
            }
        }
        after(found).map(Some)
    }

    /// What an hour costs as things run now: the next hour's cost of what comes off the balance.
    pub fn burn_per_hour(&self, now: Instant) -> Result<i64, SettleError> {
        self.cost_of_hour(now, |line| line.pay == Pay::Prepaid)
    }

    /// The same with what comes on bills.
    pub fn spend_per_hour(&self, now: Instant) -> Result<i64, SettleError> {
        self.cost_of_hour(now, |_| true)
    }

    /// What some of its lines will have cost in an hour from now, as things run.
    pub fn cost_of_hour(&self, now: Instant, counts: impl Fn(&Line) -> bool) -> Result<i64, SettleError> {
        let mut sum = 0_i64;
        for (_, cost) in self.costs_of_hour(now, counts)? {
            sum = sum.saturating_add(cost);
        }
        Ok(sum)
    }

    /// The same by line.
    pub fn costs_of_hour(
        &self,
        now: Instant,
        counts: impl Fn(&Line) -> bool,
    ) -> Result<Vec<(&Line, i64)>, SettleError> {
        let later = now.checked_add(Duration::try_from_seconds(3_600)?)?;
        let mut costs = Vec::new();
        for line in self.lines.iter().filter(|line| counts(line)) {
            costs.push((line, line.net_at(later)?.saturating_sub(line.net_at(now)?)));
        }
        Ok(costs)
    }
}
