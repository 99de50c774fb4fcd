//! What was agreed over time: facts told in any order, to stretches of one plan each.

use super::{Schedule, TermError};
use crate::money::{Money, MoneyError};
use crate::time::{Instant, Span, Zone};

/// What is had for a time, and for how much.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plan {
    /// Of which product, SKU and add-on, for people.
    pub name: String,
    /// May be empty.
    pub sku: String,
    /// Its price stays as it was agreed, where those of others live: that of a phase.
    pub fixed: bool,
    /// Of one, for one period: whole minor units.
    pub price: i64,
    pub quantity: i64,
    pub every: Span,
}

/// What happens to what was agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Begin(Plan),
    /// From then on another plan.
    To(Plan),
    Pause,
    Resume,
    End,
}

/// A change, and when it counts from. Of two at one instant the one that was told later counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub at: Instant,
    /// In the order in which they were told.
    pub number: i64,
    pub change: Change,
}

/// A plan over a stretch of time, and the periods it is cut by. The last one has no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub from: Instant,
    pub to: Option<Instant>,
    pub plan: Plan,
    pub schedule: Schedule,
}

impl Plan {
    /// Of a whole period.
    pub fn worth(&self, currency: crate::money::Currency) -> Result<Money, MoneyError> {
        Money::from_units(self.price, currency).checked_mul_int(self.quantity)
    }
}

/// The stretches, in order of time. `schedule`: the periods of the first plan. What makes no sense where it stands (a pause of what
/// is paused, anything after the end) changes nothing.
pub fn stretches(facts: &[Fact], schedule: &Schedule, zone: &Zone) -> Result<Vec<Stretch>, TermError> {
    let mut facts: Vec<&Fact> = facts.iter().collect();
    facts.sort_by_key(|fact| (fact.at.floor_second(), fact.number));
    let mut schedule = schedule.clone();
    let mut plan: Option<&Plan> = None;
    let mut since: Option<Instant> = None;
    let mut ended = false;
    let mut stretches: Vec<Stretch> = Vec::new();
    for fact in facts {
        let at = fact.at.floor_second();
        if ended {
            break;
        }
        let close = |since: &mut Option<Instant>, schedule: &Schedule, plan: Option<&Plan>, into: &mut Vec<Stretch>| {
            if let (Some(from), Some(plan)) = (since.take(), plan)
                && from < at
            {
                into.push(Stretch { from, to: Some(at), plan: plan.clone(), schedule: schedule.clone() });
            }
        };
        match &fact.change {
            Change::Begin(new) => {
                if plan.is_none() {
                    (plan, since) = (Some(new), Some(at));
                }
            }
            Change::To(new) => {
                let Some(old) = plan else { continue };
                let runs = since.is_some();
                close(&mut since, &schedule, plan, &mut stretches);
                if new.every != old.every {
                    schedule = schedule.with(new.every, at, zone)?;
                }
                plan = Some(new);
                since = runs.then_some(at);
            }
            Change::Pause => close(&mut since, &schedule, plan, &mut stretches),
            Change::Resume => {
                if plan.is_some() && since.is_none() {
                    since = Some(at);
                }
            }
            Change::End => {
                close(&mut since, &schedule, plan, &mut stretches);
                ended = true;
            }
        }
    }
    if let (Some(from), Some(plan)) = (since, plan)
        && !ended
    {
        stretches.push(Stretch { from, to: None, plan: plan.clone(), schedule });
    }
    Ok(stretches)
}
