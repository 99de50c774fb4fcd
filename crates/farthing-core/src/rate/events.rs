//! Prices over single events: a part of each amount, something fixed for each, a minimum and a maximum of each.
//!
//! What an event costs may depend on those before it (free events, tiers), so they are taken in one order, by time and then
//! by id: whoever hands them in any order gets the same total. Everything stays an exact fraction until a total is asked
//! for. Called through `Formula::fold` and `Formula::amount_of`.

use super::compile::Compiler;
use super::curve::{Curve, common, whole_number};
use super::divisor::Divisor;
use super::formula::Formula;
use super::{Charge, Model, RateError, Tariff};
use crate::measure::Quantity;
use crate::money::{Money, Ratio};
use crate::time::Instant;

/// One event: when, which one, and how much of what is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    pub at: Instant,
    pub id: u128,
    pub value: Quantity,
}

/// What has to be known of a tariff to price events one by one.
#[derive(Clone, Debug)]
pub(super) struct EventRules {
    list: Side,
    net: Side,
    free_events: u64,
    /// Ticks of the amounts up to here are free.
    free_upto: Option<u128>,
}

/// One of list and net, all over its one denominator.
#[derive(Clone, Debug)]
struct Side {
    divisor: Divisor,
    /// None: what an event costs is what it adds to the curve.
    part: Option<Part>,
    min: Option<u128>,
    max: Option<u128>,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    slope: u128,
    fixed: u128,
    /// What the free amount would cost: it need not be a whole number of ticks.
    free: u128,
}

const OVERFLOW: RateError = RateError::Overflow { operation: "price an event" };

impl EventRules {
    /// None where a total says everything.
    pub(super) fn of(
        list: &Compiler<'_>,
        net: &Compiler<'_>,
        curves: (&Curve, &Curve),
    ) -> Result<Option<EventRules>, RateError> {
        let Tariff { model, each, free, .. } = list.tariff;
        let (fixed, free_events, free_amount) = match model {
            Model::Percentage { fixed, free_events, free_amount, .. } => (*fixed, *free_events, *free_amount),
            _ => (None, 0, None),
        };
        let free_amount = free_amount.filter(|amount| !amount.is_zero());
        let is_part = fixed.is_some() || free_events > 0 || free_amount.is_some();
        if !is_part && each.is_none() {
            return Ok(None);
        }
        if !each.is_none() && matches!(model, Model::Volume(_)) {
            return Err(RateError::EachOverVolume);
        }
        if free_events > 0 && !free.is_zero() {
            return Err(RateError::FreeTwice);
        }
        let min = list.tariff.units(each.min, "what an event costs at least")?;
        let max = list.tariff.units(each.max, "what an event costs at most")?;
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            return Err(RateError::LimitsCross);
        }
        // The free amount is one of the currency, the ticks are of the amounts: both from the exact price of all of it.
        let free_units = list.tariff.units(free_amount, "the free amount")?.unwrap_or(0);
        let major = i128::from(list.tariff.currency.units_per_major());
        let free_ticks = Ratio::new(i128::from(free_units), major)?
            .checked_mul(Ratio::new(list.ticks.per_unit, 1)?)?
            .checked_add(list.free()?)?;
        let side = |compiler: &Compiler<'_>, curve: &Curve| {
            if is_part { Side::of_part(compiler, free_ticks, fixed, min, max) } else { Side::of_curve(curve, min, max) }
        };
        let whole = free_ticks.numerator().checked_div_euclid(free_ticks.denominator()).ok_or(OVERFLOW)?;
        let free_upto = (free_ticks != Ratio::ZERO).then(|| u128::try_from(whole).map_err(|_| OVERFLOW)).transpose()?;
        Ok(Some(EventRules { list: side(list, curves.0)?, net: side(net, curves.1)?, free_events, free_upto }))
    }
}

impl Side {
    fn of_part(
        compiler: &Compiler<'_>,
        free_ticks: Ratio,
        fixed: Option<Money>,
        min: Option<i64>,
        max: Option<i64>,
    ) -> Result<Side, RateError> {
        let Model::Percentage { percent, .. } = &compiler.tariff.model else { return Err(OVERFLOW) };
        let slope = compiler.part_of_amount(percent.of_one()?)?;
        let fixed = compiler.money(fixed, "the fixed part of an event")?.checked_mul(compiler.left)?;
        let free = slope.checked_mul(free_ticks)?;
        let mut denominator = Ratio::new(1, 1)?;
        for part in [slope, fixed, free] {
            denominator = common(denominator, part)?;
        }
        let whole = |part: Ratio| whole_number(part.checked_mul(denominator)?);
        let part = Part { slope: whole(slope)?, fixed: whole(fixed)?, free: whole(free)? };
        Side::limited(Divisor::try_new(whole_number(denominator)?)?, Some(part), min, max)
    }

    fn of_curve(curve: &Curve, min: Option<i64>, max: Option<i64>) -> Result<Side, RateError> {
        Side::limited(*curve.divisor(), None, min, max)
    }

    fn limited(divisor: Divisor, part: Option<Part>, min: Option<i64>, max: Option<i64>) -> Result<Side, RateError> {
        let exact = |units: Option<i64>| {
            units.map(|units| u128::try_from(units).ok()?.checked_mul(divisor.by())).map(|exact| exact.ok_or(OVERFLOW))
        };
        Ok(Side { divisor, part, min: exact(min).transpose()?, max: exact(max).transpose()? })
    }

    fn limit(&self, cost: u128) -> (u128, u128) {
        let lifted = self.min.map_or(cost, |min| cost.max(min));
        (lifted, self.max.map_or(lifted, |max| lifted.min(max)))
    }
}

/// The running total over events in their order; what it costs after each is known at once.
#[derive(Clone, Debug)]
pub struct EventFold<'a> {
    formula: &'a Formula,
    last: Option<(Instant, u128)>,
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    /// The total so far, and in ticks.
    pub(super) total: u128,
    pub(super) ticks: u128,
    pub(super) events: u64,
    pub(super) free: u64,
    list: Sum,
    net: Sum,
}

/// Exact sums over the denominator of their side: before the limits of each event, after its minimum, after both.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    plain: u128,
    lifted: u128,
    limited: u128,
}

/// The steps of a fold, rounded, for an explanation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rounded {
    pub(super) list: i64,
    pub(super) net: i64,
    pub(super) lifted: i64,
    pub(super) limited: i64,
}

/// What of an event has a price.
struct Paid {
    whole: bool,
    free: bool,
}

impl<'a> EventFold<'a> {
    pub(super) fn new(formula: &'a Formula) -> EventFold<'a> {
        EventFold { formula, last: None, state: State::default() }
    }

    /// Takes the next event and says what the period costs with it. After an error nothing has changed.
    pub fn push(&mut self, event: &Event) -> Result<Charge, RateError> {
        let place = (event.at, event.id);
        if self.last.is_some_and(|last| place < last) {
            return Err(RateError::OutOfOrder { at: event.at });
        }
        let value = u128::try_from(event.value.millionths()).map_err(|_| RateError::NegativeQuantity)?;
        let next = self.formula.next_state(&self.state, value).ok_or(OVERFLOW)?;
        let charge = self.formula.charge_of(&next)?;
        (self.state, self.last) = (next, Some(place));
        Ok(charge)
    }

    /// What the events so far cost.
    pub fn charge(&self) -> Result<Charge, RateError> {
        self.formula.charge_of(&self.state)
    }

    pub(super) const fn state(&self) -> &State {
        &self.state
    }

    pub(super) const fn formula(&self) -> &'a Formula {
        self.formula
    }
}

impl Formula {
    /// To take events one by one, in the order of time and id.
    pub fn fold(&self) -> EventFold<'_> {
        EventFold::new(self)
    }

    /// What events cost together, in whatever order they come; no event may be among them twice.
    pub fn amount_of(&self, events: &[Event]) -> Result<Charge, RateError> {
        let mut sorted = events.to_vec();
        sorted.sort_unstable();
        let mut state = State::default();
        for event in &sorted {
            let value = u128::try_from(event.value.millionths()).map_err(|_| RateError::NegativeQuantity)?;
            state = self.next_state(&state, value).ok_or(OVERFLOW)?;
        }
        self.charge_of(&state)
    }

    #[inline]
    fn next_state(&self, state: &State, value: u128) -> Option<State> {
        let total = state.total.checked_add(value)?;
        let ticks = self.ticks().count(total)?;
        let events = state.events.checked_add(1)?;
        let mut next = State { total, ticks, events, ..*state };
        let Some(rules) = self.event_rules() else { return Some(next) };
        let paid = rules.paid(state.ticks, &next);
        if paid.free {
            // A minimum is for what is paid: a free event costs nothing.
            next.free = state.free.checked_add(1)?;
            return Some(next);
        }
        next.list = rules.list.add(&state.list, self.list_curve(), state.ticks, &next, &paid)?;
        next.net = match self.net_curve() {
            Some(curve) => rules.net.add(&state.net, curve, state.ticks, &next, &paid)?,
            None => next.list,
        };
        Some(next)
    }

    fn charge_of(&self, state: &State) -> Result<Charge, RateError> {
        let Some(rules) = self.event_rules() else {
            return self.amount(i128::try_from(state.total).map_err(|_| OVERFLOW)?);
        };
        let list = rules.list.divisor.half_even(state.list.limited).ok_or(OVERFLOW)?;
        let net = match self.net_curve() {
            Some(_) => rules.net.divisor.half_even(state.net.limited).ok_or(OVERFLOW)?,
            None => list,
        };
        Ok(self.under_cap(list, net))
    }

    pub(super) fn rounded(&self, state: &State) -> Result<Option<Rounded>, RateError> {
        let Some(rules) = self.event_rules() else { return Ok(None) };
        let round = |side: &Side, sum: u128| side.divisor.half_even(sum).ok_or(OVERFLOW);
        let (side, sum) = if self.net_curve().is_some() { (&rules.net, state.net) } else { (&rules.list, state.list) };
        Ok(Some(Rounded {
            list: round(&rules.list, state.list.plain)?,
            net: round(side, sum.plain)?,
            lifted: round(side, sum.lifted)?,
            limited: round(side, sum.limited)?,
        }))
    }
}

impl EventRules {
    fn paid(&self, before: u128, next: &State) -> Paid {
        let among_first = next.events <= self.free_events;
        match self.free_upto {
            None => Paid { whole: true, free: among_first },
            // Free while both last; without a count, as long as the amount lasts.
            Some(_) if self.free_events > 0 && !among_first => Paid { whole: true, free: false },
            Some(upto) => Paid { whole: before > upto, free: next.ticks <= upto },
        }
    }
}

impl Side {
    #[inline]
    fn add(&self, sum: &Sum, curve: &Curve, before: u128, next: &State, paid: &Paid) -> Option<Sum> {
        let cost = match &self.part {
            None => curve.numerator(next.ticks)?.checked_sub(curve.numerator(before)?)?,
            Some(part) if paid.whole => {
                next.ticks.checked_sub(before)?.checked_mul(part.slope)?.checked_add(part.fixed)?
            }
            Some(part) => next.ticks.checked_mul(part.slope)?.checked_sub(part.free)?.checked_add(part.fixed)?,
        };
        let (lifted, limited) = self.limit(cost);
        Some(Sum {
            plain: sum.plain.checked_add(cost)?,
            lifted: sum.lifted.checked_add(lifted)?,
            limited: sum.limited.checked_add(limited)?,
        })
    }
}
