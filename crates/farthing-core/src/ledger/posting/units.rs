//! Packs of units: what was paid is deferred, and earned as the units are used.
//!
//! Earned is a running sum, paid x used / size rounded down, and each use posts the difference; so the last unit used
//! leaves nothing deferred, however the uses were cut.

use super::{Leg, Stamp, set};
use crate::ledger::{AccountId, Command, CommodityId, Kind, Mode};
use crate::money::{MoneyError, Rounding, mul_div_round};

/// A pack bought with cash, or straight through a provider.
#[derive(Clone, Copy, Debug)]
pub struct UnitsBought {
    pub commodity: CommodityId,
    /// Cash, or the provider that collected the money.
    pub paid_from: AccountId,
    pub deferred: AccountId,
    pub price: i64,
    pub unit: CommodityId,
    pub units_out: AccountId,
    pub units: AccountId,
    pub count: i64,
}

/// cash or provider -> deferred; units-out -> units. It asks: a pack is not sold on credit.
pub fn units_bought(stamp: &mut Stamp<'_>, facts: &UnitsBought) -> Command {
    let UnitsBought { commodity, paid_from, deferred, price, unit, units_out, units, count } = *facts;
    let kind = Kind::UnitsBought;
    let money = Leg { kind, debit: paid_from, credit: deferred, amount: price, commodity };
    let counted = Leg { kind, debit: units_out, credit: units, amount: count, commodity: unit };
    set(stamp, Mode::Asks, &[money, counted])
}

/// Some units of one pack.
#[derive(Clone, Copy, Debug)]
pub struct UnitsUsed {
    pub unit: CommodityId,
    pub units: AccountId,
    pub units_used: AccountId,
    pub used_before: i64,
    pub used: i64,
    /// What the whole pack holds, and what was paid for it.
    pub size: i64,
    pub paid: i64,
    pub commodity: CommodityId,
    pub deferred: AccountId,
    pub revenue: AccountId,
}

/// units -> units-used; deferred -> revenue by what these units earn
pub fn units_used(stamp: &mut Stamp<'_>, facts: &UnitsUsed) -> Result<Command, MoneyError> {
    let UnitsUsed { unit, commodity, used_before, used, size, paid, .. } = *facts;
    let overflow = MoneyError::Overflow { operation: "add" };
    let used_after = used_before.checked_add(used).ok_or(overflow)?;
    let now = earned(paid, size, used_after)?.checked_sub(earned(paid, size, used_before)?).ok_or(overflow)?;
    let kind = Kind::UnitsUsed;
    let counted = Leg { kind, debit: facts.units, credit: facts.units_used, amount: used, commodity: unit };
    let money = Leg { kind, debit: facts.deferred, credit: facts.revenue, amount: now, commodity };
    Ok(set(stamp, Mode::Reports, &[counted, money]))
}

/// units-used -> units; revenue -> deferred by what these units had earned: they were not used after all. `used_before`: these included.
pub fn units_returned(stamp: &mut Stamp<'_>, facts: &UnitsUsed) -> Result<Command, MoneyError> {
    let UnitsUsed { unit, commodity, used_before, used, size, paid, .. } = *facts;
    let overflow = MoneyError::Overflow { operation: "subtract" };
    let used_after = used_before.checked_sub(used).ok_or(overflow)?;
    let less = earned(paid, size, used_before)?.checked_sub(earned(paid, size, used_after)?).ok_or(overflow)?;
    let kind = Kind::UnitsReturned;
    let counted = Leg { kind, debit: facts.units_used, credit: facts.units, amount: used, commodity: unit };
    let money = Leg { kind, debit: facts.revenue, credit: facts.deferred, amount: less, commodity };
    Ok(set(stamp, Mode::Reports, &[counted, money]))
}

/// Units that nobody paid for.
#[derive(Clone, Copy, Debug)]
pub struct UnitsGranted {
    pub unit: CommodityId,
    pub units_out: AccountId,
    pub units: AccountId,
    pub count: i64,
}

/// units-out -> units
pub fn units_granted(stamp: &mut Stamp<'_>, facts: &UnitsGranted) -> Command {
    let UnitsGranted { unit, units_out, units, count } = *facts;
    let kind = Kind::UnitsGranted;
    set(stamp, Mode::Reports, &[Leg { kind, debit: units_out, credit: units, amount: count, commodity: unit }])
}

/// What is left of a pack whose time is over.
#[derive(Clone, Copy, Debug)]
pub struct PackLapsed {
    pub unit: CommodityId,
    pub units: AccountId,
    pub units_out: AccountId,
    pub left: i64,
    pub commodity: CommodityId,
    pub deferred: AccountId,
    pub breakage: AccountId,
    /// What of its price was not earned.
    pub unearned: i64,
}

/// units -> units-out; deferred -> breakage: what was paid and never used is income of another kind
pub fn pack_lapsed(stamp: &mut Stamp<'_>, facts: &PackLapsed) -> Command {
    let PackLapsed { unit, units, units_out, left, commodity, deferred, breakage, unearned } = *facts;
    let kind = Kind::PackLapsed;
    let counted = Leg { kind, debit: units, credit: units_out, amount: left, commodity: unit };
    let money = Leg { kind, debit: deferred, credit: breakage, amount: unearned, commodity };
    set(stamp, Mode::Reports, &[counted, money])
}

/// What so many used units of a pack have earned of its price.
pub fn earned(paid: i64, size: i64, used: i64) -> Result<i64, MoneyError> {
    let exact = mul_div_round(i128::from(paid), i128::from(used), i128::from(size), Rounding::Down)?;
    i64::try_from(exact).map_err(|_| MoneyError::Overflow { operation: "multiply and divide" })
}
