//! Credit notes: what is taken back of an issued bill, by lines or by an amount, never more than was billed.
//!
//! Tax goes back by running sum: after each note, what was returned of a group's tax is its tax x credited / billed, half-up,
//! and a note returns the difference. So many small notes return what one large one would, and all of them the whole tax.

use super::plan::{BillPlan, PlannedGroup, PlannedLine};
use super::zero;
use crate::money::{Currency, Money, MoneyError};
use crate::tax::{Assessment, TaxGroup};
use std::error::Error;
use std::fmt;

/// An issued bill as a credit note sees it: what was billed, and what of it was credited already.
#[derive(Clone, Debug, PartialEq)]
pub struct Creditable {
    currency: Currency,
    groups: Vec<Credited>,
    lines: Vec<LineLeft>,
}

#[derive(Clone, Debug, PartialEq)]
struct Credited {
    group: TaxGroup,
    assessment: Assessment,
    base: Money,
    tax: Money,
    net_back: Money,
    tax_back: Money,
}

#[derive(Clone, Debug, PartialEq)]
struct LineLeft {
    /// None for a sum brought forward: it is credited on its own bill.
    group: Option<TaxGroup>,
    /// Without tax, after the coupon.
    left: Money,
}

/// A tax group of an issued bill.
#[derive(Clone, Debug, PartialEq)]
pub struct BilledGroup {
    pub assessment: Assessment,
    /// After the coupon, without tax.
    pub base: Money,
    pub tax: Money,
}

/// A line of an issued bill.
#[derive(Clone, Debug, PartialEq)]
pub struct BilledLine {
    /// None for a sum brought forward.
    pub group: Option<TaxGroup>,
    /// After the coupon, without tax.
    pub net: Money,
}

/// What to credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditOf<'a> {
    /// So much of these lines, by their place on the bill; without tax.
    Lines(&'a [(usize, Money)]),
    /// So much with tax, over all groups by what is left of each.
    Amount(Money),
    /// All that is left.
    All,
}

/// A credit note, decided.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CreditNotePlan {
    /// Those that something is credited of, in the order of the bill.
    pub groups: Vec<CreditedGroup>,
    /// By line, where it was asked by lines.
    pub lines: Vec<CreditedLine>,
    pub net: Money,
    pub tax: Money,
    pub total: Money,
    /// As far as the bill is due, it lowers that; the rest is the balance's.
    pub reduces_due: Money,
    pub to_balance: Money,
    /// What the next credit note finds.
    pub after: Creditable,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CreditedGroup {
    pub group: TaxGroup,
    pub assessment: Assessment,
    pub net: Money,
    pub tax: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditedLine {
    pub line: usize,
    pub net: Money,
}

/// Why so much cannot be credited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreditError {
    Nothing,
    NoSuchLine { line: usize },
    BroughtForward { line: usize },
    NotPositive { amount: Money },
    LineLeft { line: usize, amount: Money, left: Money },
    GroupLeft { group: TaxGroup, amount: Money, left: Money },
    AmountLeft { amount: Money, left: Money },
    Money(MoneyError),
}

impl Creditable {
    /// A bill of which nothing was credited, as it was planned.
    pub fn of(plan: &BillPlan) -> Creditable {
        let group = |group: &PlannedGroup| {
            let PlannedGroup { assessment, base, tax, .. } = group;
            BilledGroup { assessment: assessment.clone(), base: *base, tax: *tax }
        };
        let line = |planned: &PlannedLine| {
            let group = planned.line.is_taxable().then(|| planned.line.tax.group());
            BilledLine { group, net: planned.net }
        };
        let (groups, lines) = (plan.groups.iter().map(group), plan.lines.iter().map(line));
        Creditable::billed(plan.currency, groups.collect(), lines.collect())
    }

    /// A bill of which nothing was credited, as a store has it. A group that came to nothing, or less, has nothing to give.
    pub fn billed(currency: Currency, groups: Vec<BilledGroup>, lines: Vec<BilledLine>) -> Creditable {
        let nothing = zero(currency);
        let groups = groups.into_iter().filter(|group| group.base.is_positive()).map(|group| Credited {
            group: group.assessment.group(),
            assessment: group.assessment,
            base: group.base,
            tax: group.tax,
            net_back: nothing,
            tax_back: nothing,
        });
        let lines = lines.into_iter().map(|line| LineLeft { group: line.group, left: line.net });
        Creditable { currency, groups: groups.collect(), lines: lines.collect() }
    }

    /// What can still be credited, with tax.
    pub fn left(&self) -> Result<Money, MoneyError> {
        let left: Vec<Money> = self.groups.iter().map(Credited::left).collect::<Result<_, _>>()?;
        Money::sum(self.currency, left)
    }

    /// What can still be credited of a line, without tax, where so much of some lines is about to be: not more than is left of it, nor, where the
    /// bill was credited by amounts, than is left of its group.
    pub fn line_left(&self, line: usize, taken: &[(usize, Money)]) -> Result<Money, MoneyError> {
        let nothing = zero(self.currency);
        let group_of = |line: usize| self.lines.get(line).and_then(|known| known.group.as_ref());
        let Some(known) = self.lines.get(line) else { return Ok(nothing) };
        let Some(group) = self.groups.iter().find(|group| Some(&group.group) == known.group.as_ref()) else {
            return Ok(nothing);
        };
        let of = |which: &dyn Fn(usize) -> bool| {
            Money::sum(self.currency, taken.iter().filter(|(at, _)| which(*at)).map(|(_, net)| *net))
        };
        let own = known.left.checked_sub(of(&|at| at == line)?)?;
        let all = group.base.checked_sub(group.net_back)?.checked_sub(of(&|at| group_of(at) == Some(&group.group))?)?;
        own.checked_min(all)?.checked_max(nothing)
    }

    /// As it was after a credit note that was issued: for whoever reads notes from a store, oldest first.
    pub fn after(&self, note: &[CreditedGroup], lines: &[CreditedLine]) -> Result<Creditable, CreditError> {
        let mut after = self.clone();
        for credited in note {
            let amount = credited.net.checked_add(credited.tax)?;
            let missing =
                || CreditError::GroupLeft { group: credited.group.clone(), amount, left: zero(self.currency) };
            let group = after.groups.iter_mut().find(|group| group.group == credited.group).ok_or_else(missing)?;
            let net = group.net_back.checked_add(credited.net)?;
            let tax = group.tax_back.checked_add(credited.tax)?;
            if net.checked_cmp(group.base)?.is_gt() || tax.checked_cmp(group.tax)?.is_gt() {
                return Err(CreditError::GroupLeft { group: group.group.clone(), amount, left: group.left()? });
            }
            (group.net_back, group.tax_back) = (net, tax);
        }
        for credited in lines {
            let missing = CreditError::NoSuchLine { line: credited.line };
            let line = after.lines.get_mut(credited.line).ok_or(missing)?;
            line.left = line.left.checked_sub(credited.net)?;
        }
        Ok(after)
    }
}

/// Plans a credit note. `due` is what is due of the bill now.
pub fn plan_credit_note(of: &Creditable, what: CreditOf<'_>, due: Money) -> Result<CreditNotePlan, CreditError> {
    let (groups, lines) = match what {
        CreditOf::Lines(lines) => by_lines(of, lines)?,
        CreditOf::Amount(amount) => (by_amount(of, amount)?, Vec::new()),
        CreditOf::All => (by_amount(of, of.left()?)?, Vec::new()),
    };
    let groups: Vec<CreditedGroup> =
        groups.into_iter().filter(|group| !(group.net.is_zero() && group.tax.is_zero())).collect();
    let net = Money::sum(of.currency, groups.iter().map(|group| group.net))?;
    let tax = Money::sum(of.currency, groups.iter().map(|group| group.tax))?;
    let total = net.checked_add(tax)?;
    if !total.is_positive() {
        return Err(CreditError::Nothing);
    }
    let reduces_due = total.checked_min(due.checked_max(zero(of.currency))?)?;
    let to_balance = total.checked_sub(reduces_due)?;
    let after = of.after(&groups, &lines)?;
    Ok(CreditNotePlan { groups, lines, net, tax, total, reduces_due, to_balance, after })
}

fn by_lines(
    of: &Creditable,
    wanted: &[(usize, Money)],
) -> Result<(Vec<CreditedGroup>, Vec<CreditedLine>), CreditError> {
    let mut lines: Vec<CreditedLine> = Vec::with_capacity(wanted.len());
    for (line, amount) in wanted {
        let known = of.lines.get(*line).ok_or(CreditError::NoSuchLine { line: *line })?;
        if known.group.is_none() {
            return Err(CreditError::BroughtForward { line: *line });
        }
        positive(*amount)?;
        let twice = lines.iter().filter(|credited| credited.line == *line).map(|credited| credited.net);
        let all = Money::sum(of.currency, twice.chain([*amount]))?;
        if all.checked_cmp(known.left)?.is_gt() {
            return Err(CreditError::LineLeft { line: *line, amount: all, left: known.left });
        }
        lines.push(CreditedLine { line: *line, net: *amount });
    }
    let mut groups = Vec::new();
    for group in &of.groups {
        let own = |line: &&CreditedLine| {
            of.lines.get(line.line).is_some_and(|known| known.group.as_ref() == Some(&group.group))
        };
        let net = Money::sum(of.currency, lines.iter().filter(own).map(|line| line.net))?;
        if net.is_zero() {
            continue;
        }
        let left = group.base.checked_sub(group.net_back)?;
        if net.checked_cmp(left)?.is_gt() {
            return Err(CreditError::GroupLeft { group: group.group.clone(), amount: net, left });
        }
        let tax = group.tax_at(group.net_back.checked_add(net)?, group.base)?;
        // An amount credited before may have returned a minor unit of tax more than the running sum has by now.
        let tax = tax.checked_max(group.tax_back)?.checked_sub(group.tax_back)?;
        groups.push(group.credited(net, tax));
    }
    // A line of a group that came to nothing, or less: there is nothing of it to give back.
    if let Some(line) = lines.iter().find(|line| {
        let group = of.lines.get(line.line).and_then(|known| known.group.as_ref());
        !groups.iter().any(|credited| Some(&credited.group) == group)
    }) {
        return Err(CreditError::LineLeft { line: line.line, amount: line.net, left: zero(of.currency) });
    }
    Ok((groups, lines))
}

fn by_amount(of: &Creditable, amount: Money) -> Result<Vec<CreditedGroup>, CreditError> {
    let left = of.left()?;
    if left.is_zero() {
        return Err(CreditError::AmountLeft { amount, left });
    }
    positive(amount)?;
    if amount.checked_cmp(left)?.is_gt() {
        return Err(CreditError::AmountLeft { amount, left });
    }
    // By what is left, so no part is more than that: the exact one is not, and it is whole minor units.
    let lefts: Vec<Money> = of.groups.iter().map(Credited::left).collect::<Result<_, _>>()?;
    let weights: Vec<u64> = lefts.iter().map(|left| left.units().unsigned_abs()).collect();
    let parts = amount.allocate_minor(&weights)?;
    let mut groups = Vec::new();
    for (group, part) in of.groups.iter().zip(parts) {
        let gross = group.net_back.checked_add(group.tax_back)?.checked_add(part)?;
        let all = group.base.checked_add(group.tax)?;
        // Between what the note may take at least (the net does not reach further) and at most of tax.
        let least = group.tax_back.checked_max(gross.checked_sub(group.base)?)?;
        let most = group.tax.checked_min(gross.checked_sub(group.net_back)?)?;
        let tax = group.tax_at(gross, all)?.checked_max(least)?.checked_min(most)?.checked_sub(group.tax_back)?;
        groups.push(group.credited(part.checked_sub(tax)?, tax));
    }
    Ok(groups)
}

fn positive(amount: Money) -> Result<(), CreditError> {
    amount.to_minor()?;
    if amount.is_positive() { Ok(()) } else { Err(CreditError::NotPositive { amount }) }
}

impl Credited {
    fn left(&self) -> Result<Money, MoneyError> {
        let all = self.base.checked_add(self.tax)?;
        all.checked_sub(self.net_back)?.checked_sub(self.tax_back)
    }

    /// What of the tax belongs to so much of all, half-up.
    fn tax_at(&self, credited: Money, all: Money) -> Result<Money, MoneyError> {
        crate::tax::part_of_minor(self.tax, i128::from(credited.units()), i128::from(all.units()))
    }

    fn credited(&self, net: Money, tax: Money) -> CreditedGroup {
        CreditedGroup { group: self.group.clone(), assessment: self.assessment.clone(), net, tax }
    }
}

impl From<MoneyError> for CreditError {
    fn from(error: MoneyError) -> CreditError {
        CreditError::Money(error)
    }
}

impl fmt::Display for CreditError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |line: &usize| line.saturating_add(1);
        match self {
            CreditError::Nothing => out.write_str("a credit note of nothing; say which lines, or how much"),
            CreditError::NoSuchLine { line } => write!(out, "the bill has no line {}", place(line)),
            CreditError::BroughtForward { line } => {
                write!(out, "line {} is brought forward; credit it on the bill that it comes from", place(line))
            }
            CreditError::NotPositive { amount } => write!(out, "{amount} cannot be credited; it must be above zero"),
            CreditError::LineLeft { line, amount, left } => {
                write!(out, "{amount} of line {} cannot be credited; {left} of it are left", place(line))
            }
            CreditError::GroupLeft { group, amount, left } => {
                write!(out, "{amount} taxed as {group} cannot be credited; {left} are left")
            }
            CreditError::AmountLeft { amount, left } => {
                write!(out, "{amount} cannot be credited; {left} of the bill are left")
            }
            CreditError::Money(_) => out.write_str("the amounts of the credit note cannot be added up"),
        }
    }
}

impl Error for CreditError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            CreditError::Money(error) => Some(error),
            CreditError::Nothing
            | CreditError::NoSuchLine { .. }
            | CreditError::BroughtForward { .. }
            | CreditError::NotPositive { .. }
            | CreditError::LineLeft { .. }
            | CreditError::GroupLeft { .. }
            | CreditError::AmountLeft { .. } => None,
        }
    }
}
