//! How much may be used before an account has to be looked at, so that use which only adds to totals needs no more of its
//! account than the lines it adds to.
//!
//! Whenever an account is looked at, what it will have left when it is due again is shared out over its lines of usage. While
//! each stays within its share nothing can run out before that, and nobody reads purse, lots or the other lines.

use super::{AccountBook, CostWatch, Line, Question, SettleError};
use crate::policy::Pay;
use crate::time::{Duration, Instant};

/// At what else than nothing an account has to be looked at.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// As soon as less than this is left.
    pub least: i64,
    /// And as soon as any of these costs so much.
    pub costs: Vec<CostWatch>,
}

fn part(room: i64, lines: usize) -> i64 {
    room.checked_div(i64::try_from(lines).unwrap_or(i64::MAX)).unwrap_or(0)
}

impl AccountBook {
    /// Says of each line of usage up to which amount nobody has to look at the account before it is due. `is_out`: there is
    /// nothing left that could run out.
    pub fn share_room(
        &mut self,
        now: Instant,
        due: Option<Instant>,
        is_out: bool,
        watched: &Watched,
    ) -> Result<(), SettleError> {
        let is_use = |line: &&mut Line| line.id.began > 0;
        let runs_out = |line: &Line| line.pay == Pay::Prepaid && !is_out;
        let count = self.lines.iter_mut().filter(is_use).filter(|line| runs_out(line)).count();
        let share = if count > 0 { part(self.room_until(now, due, watched.least)?, count) } else { 0 };
        let mut cost_shares: Vec<(&CostWatch, i64)> = Vec::new();
        for cost in &watched.costs {
            let costing = self.lines.iter().filter(|line| line.id.began > 0 && cost.counts(line)).count();
            if costing > 0 {
                cost_shares.push((cost, part(self.cost_room_until(now, due, cost)?, costing)));
            }
        }
        for line in self.lines.iter_mut().filter(is_use) {
            let shares = cost_shares.iter().filter(|(cost, _)| cost.counts(line)).map(|(_, share)| *share);
            let cost_share = shares.min().unwrap_or(i64::MAX);
            // What is billed later takes nothing off a balance, and what is owed already is owed.
            let share = if runs_out(line) { share.min(cost_share) } else { cost_share };
            line.room_to = if share == i64::MAX { share } else { line.net_at(now)?.saturating_add(share) };
        }
        Ok(())
    }

    /// What may still be used before the costs that are watched pass what they may be, in the last second before `due`.
    fn cost_room_until(&self, now: Instant, due: Option<Instant>, cost: &CostWatch) -> Result<i64, SettleError> {
        let Some(due) = due.filter(|due| *due > now) else { return Ok(0) };
        let last = due.checked_sub(Duration::try_from_seconds(1)?)?.max(now);
        Ok(cost.most.saturating_sub(self.open_since(cost.since, last, |line| cost.counts(line))?).max(0))
    }

    /// What may still be used without anything running out before `due`. Cost only grows between two due times, so it is what is
    /// left in the last second before; none where a lot pays for some products only: which of them the use draws on is for
    /// the purse to say.
    fn room_until(&self, now: Instant, due: Option<Instant>, keep: i64) -> Result<i64, SettleError> {
        let Some(due) = due.filter(|due| *due > now) else { return Ok(0) };
        if self.purse.lots().iter().any(|lot| !lot.products.is_empty()) {
            return Ok(0);
        }
        let last = due.checked_sub(Duration::try_from_seconds(1)?)?.max(now);
        let left = |at: Instant| Ok::<_, SettleError>(self.figures(at, Question::Standing)?.spendable);
        Ok(left(now)?.min(left(last)?).saturating_sub(keep.max(0)).saturating_sub(1).max(0))
    }
}

impl Line {
    /// The total with more of it used; none where its account has to be looked at: its share of the room is used up, or it
    /// costs less than before.
    pub fn total_with(&self, more: i128, at: Instant) -> Result<Option<i128>, SettleError> {
        let overflow = || SettleError::Overflow { what: "count a total" };
        let total = self.open.total.checked_add(more).ok_or_else(overflow)?;
        let before = self.open.amount_at(&self.meterage, at)?.net.units();
        let grown = super::OpenCharge { total, ..self.open.clone() };
        let after = grown.amount_at(&self.meterage, at)?.net.units();
        Ok((after >= before && after <= self.room_to).then_some(total))
    }
}
