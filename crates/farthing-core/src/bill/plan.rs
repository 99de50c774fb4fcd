//! What a bill comes to. Every choice about it is made here, so issuing it is writing it down.
//!
//! In this order: each tax group's accrued lines are added up to the unit, less what `carry` holds of earlier bills, and
//! rounded once; the lines share that sum by largest remainder, so they add up to it. Then coupons are shared over the
//! lines, the tax taken of each group's rest, half-up. So a line is off its exact amount by less than a minor unit (the
//! largest of its group by half of one more, where something was carried), a group's base by half of one over all its
//! bills together, and nothing is lost: billed = accrued + carry.

use super::line::{BillLine, Origin};
use super::zero;
use crate::config::Name;
use crate::coupon::{CouponValue, DiscountError, discount};
use crate::ledger::Chart;
use crate::money::{Currency, Money, MoneyError, Rounding};
use crate::policy::PricesAre;
use crate::rate::Percent;
use crate::tax::{Assessment, TaxGroup, Taxed};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

/// What is to be billed, and what it is decided by.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftBill {
    pub currency: Currency,
    /// `tax.prices`: whether the lines' amounts are without tax or with it.
    pub prices: PricesAre,
    pub lines: Vec<BillLine>,
    /// Those that may apply. No line is less by more than one of them, and together they take off as much as they can.
    pub coupons: Vec<Coupon>,
    /// What each group's `carry` account holds, as the ledger says it: above zero was billed too much so far.
    pub carries: BTreeMap<TaxGroup, Money>,
    /// What the balance pays of it at most, in whole minor units.
    pub balance: Money,
    /// `bill.roll_below` (R20).
    pub roll_below: Option<Money>,
    /// The account closes: there is no next bill to roll it into.
    pub last: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupon {
    /// As the document names it.
    pub text: String,
    pub value: CouponValue,
    /// The places of the lines it is for; none: all that are sold.
    pub lines: Option<Vec<usize>>,
}

/// A coupon that takes something off a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedCoupon {
    /// Its place among those of the draft.
    pub place: usize,
    pub text: String,
    pub amount: Money,
}

/// A whole bill, decided. The sums hold by construction; `plan_bill` is the only one who makes it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BillPlan {
    pub currency: Currency,
    pub prices: PricesAre,
    /// In the order of the draft.
    pub lines: Vec<PlannedLine>,
    /// What coupons take off.
    pub coupons: Vec<PlannedCoupon>,
    /// In the order of their keys. A sum brought forward is in none.
    pub groups: Vec<PlannedGroup>,
    /// After the coupon, without tax.
    pub net: Money,
    pub tax: Money,
    pub brought_forward: Money,
    /// net + tax + brought forward
    pub total: Money,
    /// What the balance pays of it.
    pub from_balance: Money,
    pub collection: Collection,
}

/// A line in whole minor units.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PlannedLine {
    pub line: BillLine,
    /// Before the coupon; net or gross as the prices are.
    pub amount: Money,
    /// Its share of the coupon.
    pub coupon: Money,
    /// Its share of its group's tax, for credit notes and reports; the tax itself is the group's.
    pub tax: Money,
    /// After the coupon, without tax.
    pub net: Money,
}

/// All that bears one tax.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PlannedGroup {
    pub group: TaxGroup,
    pub assessment: Assessment,
    /// After the coupon, without tax.
    pub base: Money,
    pub tax: Money,
    /// What its accrued lines come to, to the unit: `unbilled` is credited with it.
    pub accrued: Money,
    /// What `carry/<group>` holds before and after: billed - accrued of all bills so far. Issuing the bill books the difference.
    pub carry_before: Money,
    pub carry_after: Money,
}

/// What happens with the sum that the balance does not pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// There is nothing to collect.
    Nothing,
    Collect(Money),
    /// Rolled into the next bill (R20).
    Roll(Money),
    /// Corrections are more than what was sold: so much is the customer's, above zero here. It is no demand, so it has no
    /// [`BillLife`](super::BillLife): what is taken back belongs on credit notes of the bills it was on.
    GiveBack(Money),
}

/// Why a draft is no bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BillError {
    NoLines,
    Money(MoneyError),
    /// A top-up, an advance, a late fee or a sum brought forward is whole minor units by then.
    NotWholeMinor {
        line: usize,
        amount: Money,
    },
    NegativeCoupon {
        amount: Money,
    },
    /// A coupon of more than all.
    CouponAboveAll {
        percent: Percent,
    },
    NegativeBalance {
        amount: Money,
    },
    /// A line that was brought forward bears a tax: it had it on its own bill.
    BroughtForwardTaxed {
        line: usize,
    },
    /// A bill of a top-up holds that amount alone (R29): what it books, the payment does.
    TopUpAmongOthers,
}

/// Plans a bill of these lines.
pub fn plan_bill(draft: &DraftBill) -> Result<BillPlan, BillError> {
    let currency = draft.currency;
    if draft.lines.is_empty() {
        return Err(BillError::NoLines);
    }
    if draft.balance.is_negative() {
        return Err(BillError::NegativeBalance { amount: draft.balance });
    }
    draft.balance.to_minor()?;
    let top_ups = draft.lines.iter().filter(|line| line.origin == Origin::TopUp).count();
    if !(top_ups == 0 || top_ups == draft.lines.len()) {
        return Err(BillError::TopUpAmongOthers);
    }
    let (mut lines, carried) = whole_lines(draft)?;
    let coupons = share_coupons(draft, &mut lines)?;

    let mut groups = Vec::with_capacity(carried.len());
    for (group, carry) in carried {
        let mut of_group: Vec<&mut PlannedLine> =
            lines.iter_mut().filter(|line| line.line.is_taxable() && line.line.tax.group() == group).collect();
        let Some(assessment) = of_group.first().map(|line| line.line.tax.clone()) else { continue };
        let rests: Vec<Money> =
            of_group.iter().map(|line| line.amount.checked_sub(line.coupon)).collect::<Result<_, _>>()?;
        let taxed = Taxed::of(draft.prices, Money::sum(currency, rests.iter().copied())?, assessment.percent())?;
        for ((line, rest), tax) in of_group.iter_mut().zip(&rests).zip(shares(taxed.tax(), &rests)?) {
            line.tax = tax;
            line.net = match draft.prices {
                PricesAre::Net => *rest,
                PricesAre::Gross => rest.checked_sub(tax)?,
            };
        }
        let (base, tax) = (taxed.net(), taxed.tax());
        let Carry { accrued, before, after } = carry;
        groups.push(PlannedGroup { group, assessment, base, tax, accrued, carry_before: before, carry_after: after });
    }

    let forward = lines.iter().filter(|line| !line.line.is_taxable()).map(|line| line.amount);
    let brought_forward = Money::sum(currency, forward)?;
    let net = Money::sum(currency, groups.iter().map(|group| group.base))?;
    let tax = Money::sum(currency, groups.iter().map(|group| group.tax))?;
    let total = Money::sum(currency, [net, tax, brought_forward])?;
    let from_balance = draft.balance.checked_min(total.checked_max(zero(currency))?)?;
    let collection = collection(total.checked_sub(from_balance)?, draft)?;
    let prices = draft.prices;
    Ok(BillPlan {
        currency,
        prices,
        lines,
        coupons,
        groups,
        net,
        tax,
        brought_forward,
        total,
        from_balance,
        collection,
    })
}

/// What issuing a bill books, by account of the chart: the values of `posting::bill_issued`. Against the bill's receivable
/// `parts` + `carries` + the taxes without a product - `coupon` come to the bill's total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookings {
    /// Below zero is a correction.
    pub parts: Vec<(Chart, Money)>,
    pub coupon: Money,
    pub taxes: Vec<TaxBooking>,
    /// By how much each group's carry rises.
    pub carries: Vec<(Chart, Money)>,
}

/// A tax that falls due with the bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxBooking {
    /// Whose revenue it comes out of, where that was accrued with the tax in it; none: it comes on top, from the receivable.
    pub product: Option<Name>,
    pub tax: Chart,
    pub amount: Money,
}

impl BillPlan {
    /// What issuing it books. Of a top-up's bill that is nothing: its payment books net and tax.
    pub fn bookings(&self) -> Result<Bookings, MoneyError> {
        let nothing = zero(self.currency);
        let mut parts: BTreeMap<Chart, Money> = BTreeMap::new();
        let mut taxes: BTreeMap<(Chart, Option<Name>), Money> = BTreeMap::new();
        for planned in &self.lines {
            let PlannedLine { line, amount, coupon, tax, net } = planned;
            let (chart, amount, product) = match &line.origin {
                Origin::Accrued => {
                    // Accrued as the prices are: a tax that is in them went to revenue.
                    let product = match self.prices {
                        PricesAre::Net => None,
                        PricesAre::Gross => Some(line.product.clone()),
                    };
                    (Chart::Unbilled, line.amount, product)
                }
                Origin::Advance(order) => (Chart::Deferred(order.clone()), net.checked_add(*coupon)?, None),
                Origin::LateFee(_) => (Chart::LateFees, net.checked_add(*coupon)?, None),
                Origin::BroughtForward(_) => (Chart::ReceivableNext, *amount, None),
                Origin::TopUp => continue,
            };
            let part = parts.entry(chart).or_insert(nothing);
            *part = part.checked_add(amount)?;
            let sum = taxes.entry((Chart::Tax(line.tax.group().to_string()), product)).or_insert(nothing);
            *sum = sum.checked_add(*tax)?;
        }
        let coupon = Money::sum(self.currency, self.coupons.iter().map(|coupon| coupon.amount))?;
        let taxes = taxes.into_iter().map(|((tax, product), amount)| TaxBooking { product, tax, amount });
        let mut carries = Vec::new();
        for group in &self.groups {
            let rises = group.carry_after.checked_sub(group.carry_before)?;
            carries.push((Chart::Carry(group.group.to_string()), rises));
        }
        carries.retain(|(_, rises)| !rises.is_zero());
        Ok(Bookings {
            parts: parts.into_iter().filter(|(_, amount)| !amount.is_zero()).collect(),
            coupon,
            taxes: taxes.filter(|tax| !tax.amount.is_zero()).collect(),
            carries,
        })
    }
}

/// R20: strictly less than the bound on what would be collected, after the balance, with tax and what was brought forward.
fn collection(left: Money, draft: &DraftBill) -> Result<Collection, BillError> {
    if left.is_zero() {
        return Ok(Collection::Nothing);
    }
    if left.is_negative() {
        return Ok(Collection::GiveBack(left.abs()?));
    }
    let small = match draft.roll_below {
        Some(bound) => left.checked_cmp(bound)?.is_lt(),
        None => false,
    };
    Ok(if small && !draft.last { Collection::Roll(left) } else { Collection::Collect(left) })
}

/// What a group's accrual comes to, and its carry.
struct Carry {
    accrued: Money,
    before: Money,
    after: Money,
}

/// Each line in whole minor units, and what that does to each group's carry.
fn whole_lines(draft: &DraftBill) -> Result<(Vec<PlannedLine>, BTreeMap<TaxGroup, Carry>), BillError> {
    let currency = draft.currency;
    let nothing = zero(currency);
    let mut lines = Vec::with_capacity(draft.lines.len());
    let mut accrued: BTreeMap<TaxGroup, Vec<usize>> = BTreeMap::new();
    for (place, line) in draft.lines.iter().enumerate() {
        nothing.checked_add(line.amount)?; // of this currency
        let amount = match line.origin {
            Origin::Accrued => {
                accrued.entry(line.tax.group()).or_default().push(place);
                nothing
            }
            Origin::Advance(_) | Origin::LateFee(_) | Origin::TopUp | Origin::BroughtForward(_) => {
                let whole = line.amount.to_minor();
                whole.map_err(|_| BillError::NotWholeMinor { line: place, amount: line.amount })?;
                if line.is_taxable() {
                    accrued.entry(line.tax.group()).or_default();
                } else if !line.tax.percent().is_zero() {
                    return Err(BillError::BroughtForwardTaxed { line: place });
                }
                line.amount
            }
        };
        lines.push(PlannedLine { line: line.clone(), amount, coupon: nothing, tax: nothing, net: amount });
    }
    let mut carries = BTreeMap::new();
    for (group, places) in accrued {
        let before = draft.carries.get(&group).copied().unwrap_or(nothing);
        let exact: Vec<Money> =
            places.iter().filter_map(|place| draft.lines.get(*place)).map(|line| line.amount).collect();
        let sum = Money::sum(currency, exact.iter().copied())?;
        let after = if exact.is_empty() {
            before
        } else {
            let (amounts, after) = to_whole(&exact, before)?;
            for (place, amount) in places.iter().zip(amounts) {
                if let Some(line) = lines.get_mut(*place) {
                    line.amount = amount;
                    line.net = amount;
                }
            }
            after
        };
        carries.insert(group, Carry { accrued: sum, before, after });
    }
    Ok((lines, carries))
}

/// Whole minor units for exact amounts, whose sum is (exact sum - carry) rounded half to even; and the carry that is left.
///
/// What was carried is taken off the largest line, where it shows least. Then each line gets what is whole in it, toward
/// minus infinity, and what is missing to the sum goes one minor unit each to the largest fractions: never more than there
/// are lines, whatever their signs.
fn to_whole(exact: &[Money], carry: Money) -> Result<(Vec<Money>, Money), MoneyError> {
    let currency = carry.currency();
    let mut exact = exact.to_vec();
    let largest = exact.iter_mut().rev().max_by_key(|amount| amount.units().unsigned_abs());
    if let Some(largest) = largest {
        *largest = largest.checked_sub(carry)?;
    }
    let (sum, less) = Money::sum(currency, exact.iter().copied())?.round_to_minor(Rounding::HalfEven)?;
    let mut whole = Vec::with_capacity(exact.len());
    let mut fractions = Vec::with_capacity(exact.len());
    for (place, amount) in exact.iter().enumerate() {
        let (floor, fraction) = amount.round_to_minor(Rounding::Floor)?;
        fractions.push((std::cmp::Reverse(fraction.units()), place));
        whole.push(floor);
    }
    fractions.sort_unstable();
    let missing = sum.checked_sub(Money::sum(currency, whole.iter().copied())?)?.to_minor()?;
    let one = Money::from_minor(1, currency)?;
    let missing = usize::try_from(missing).map_err(|_| MoneyError::Overflow { operation: "share a sum" })?;
    assert!(missing <= whole.len(), "fractions below one add up to less than there are of them");
    for (_, place) in fractions.iter().take(missing) {
        if let Some(amount) = whole.get_mut(*place) {
            *amount = amount.checked_add(one)?;
        }
    }
    Ok((whole, less.checked_neg()?)) // billed - accrued: above zero where the rounding went up
}

/// Coupons over the lines that cost something (case C7). No line is less by more than one of them, and they are taken in the order that takes
/// off most: whoever has several pays the least that they can come to.
fn share_coupons(draft: &DraftBill, lines: &mut [PlannedLine]) -> Result<Vec<PlannedCoupon>, BillError> {
    let left: Vec<usize> = (0..draft.coupons.len()).collect();
    let best = best_order(draft, lines, &left, &vec![false; lines.len()])?;
    let mut planned = Vec::with_capacity(best.taken.len());
    for Taken { place, amount, shares } in best.taken {
        for (line, share) in lines.iter_mut().zip(shares).filter(|(_, share)| share.is_positive()) {
            line.coupon = share;
            line.net = line.amount.checked_sub(share)?;
        }
        let text = draft.coupons.get(place).map(|coupon| coupon.text.clone()).unwrap_or_default();
        planned.push(PlannedCoupon { place, text, amount });
    }
    Ok(planned)
}

/// What one coupon takes off, and each line's share of it.
struct Taken {
    place: usize,
    amount: Money,
    shares: Vec<Money>,
}

/// Coupons in an order, and what they take off together, in units.
#[derive(Default)]
struct Order {
    all: i64,
    taken: Vec<Taken>,
}

/// As many coupons are tried in every order: 120 of them. Of more the one that takes off most alone goes first.
const TRIED_MAX: usize = 5;

/// The order of what is left of the coupons that takes off most of the lines that none has taken from; of those alike the first.
fn best_order(draft: &DraftBill, lines: &[PlannedLine], left: &[usize], closed: &[bool]) -> Result<Order, BillError> {
    let mut next = Vec::with_capacity(left.len());
    for place in left {
        let Some(coupon) = draft.coupons.get(*place) else { continue };
        let costs: Vec<Money> = lines
            .iter()
            .zip(closed)
            .enumerate()
            .map(|(at, (line, closed))| {
                let is_for = coupon.lines.as_ref().is_none_or(|lines| lines.contains(&at));
                if is_for && !closed && discounted(&line.line) { line.amount } else { zero(draft.currency) }
            })
            .collect();
        let (amount, shares) = discount(coupon.value, &costs)?;
        if amount.is_positive() {
            next.push(Taken { place: *place, amount, shares });
        }
    }
    if next.len() > TRIED_MAX {
        next.sort_by_key(|taken| std::cmp::Reverse(taken.amount.units()));
        next.truncate(1);
    }
    let mut best = Order::default();
    for taken in next {
        let others: Vec<usize> = left.iter().copied().filter(|place| *place != taken.place).collect();
        let closed: Vec<bool> =
            closed.iter().zip(&taken.shares).map(|(closed, share)| *closed || share.is_positive()).collect();
        let mut rest = best_order(draft, lines, &others, &closed)?;
        let all = rest.all.saturating_add(taken.amount.units());
        if all > best.all {
            rest.taken.insert(0, taken);
            best = Order { all, taken: rest.taken };
        }
    }
    Ok(best)
}

/// A coupon takes off what is sold: no fee for lateness, no money of the customer's own, nothing of an older bill.
fn discounted(line: &BillLine) -> bool {
    match line.origin {
        Origin::Accrued | Origin::Advance(_) => true,
        Origin::LateFee(_) | Origin::TopUp | Origin::BroughtForward(_) => false,
    }
}

/// Whole minor units shared by the sizes of these amounts; nothing to nobody where all are zero.
fn shares(amount: Money, by: &[Money]) -> Result<Vec<Money>, MoneyError> {
    let weights: Vec<u64> = by.iter().map(|part| part.units().unsigned_abs()).collect();
    if amount.is_zero() || weights.iter().all(|weight| *weight == 0) {
        return Ok(vec![zero(amount.currency()); by.len()]);
    }
    // Where corrections stand beside costs, a line's share has the line's sign: the rest is the largest line's.
    if by.iter().all(|part| part.is_negative() == amount.is_negative() || part.is_zero()) {
        return amount.allocate_minor(&weights);
    }
    let sum = Money::sum(amount.currency(), by.iter().copied())?;
    let mut parts = Vec::with_capacity(by.len());
    for part in by {
        let exact = part.checked_mul_div(i128::from(amount.units()), i128::from(sum.units()), Rounding::HalfEven)?;
        parts.push(exact);
    }
    // Their sum is the amount but for less than a unit a line; as whole minor units they are it.
    let off = Money::sum(amount.currency(), parts.iter().copied())?.checked_sub(amount)?;
    Ok(to_whole(&parts, off)?.0)
}

impl From<DiscountError> for BillError {
    fn from(error: DiscountError) -> BillError {
        match error {
            DiscountError::Negative { amount } => BillError::NegativeCoupon { amount },
            DiscountError::AboveAll { percent } => BillError::CouponAboveAll { percent },
            DiscountError::Money(error) => BillError::Money(error),
        }
    }
}

impl From<MoneyError> for BillError {
    fn from(error: MoneyError) -> BillError {
        BillError::Money(error)
    }
}

impl fmt::Display for BillError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BillError::NoLines => out.write_str("a bill without lines bills nothing; issue none"),
            BillError::Money(_) => out.write_str("the amounts of the bill cannot be added up"),
            BillError::NotWholeMinor { line, amount } => write!(
                out,
                "line {} is {amount}: only what was accrued may have digits below the minor unit; round it where it arises",
                line.saturating_add(1)
            ),
            BillError::NegativeCoupon { amount } => write!(out, "a coupon of {amount} would add to the bill"),
            BillError::CouponAboveAll { percent } => write!(out, "a coupon of {percent} takes off more than there is"),
            BillError::NegativeBalance { amount } => write!(out, "a balance of {amount} cannot pay; give zero"),
            BillError::BroughtForwardTaxed { line } => write!(
                out,
                "line {} is brought forward and bears a tax, which was charged on its own bill already",
                line.saturating_add(1)
            ),
            BillError::TopUpAmongOthers => {
                out.write_str("a bill of a top-up holds that amount alone; bill the other lines by themselves")
            }
        }
    }
}

impl Error for BillError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            BillError::Money(error) => Some(error),
            BillError::NoLines
            | BillError::NotWholeMinor { .. }
            | BillError::NegativeCoupon { .. }
            | BillError::CouponAboveAll { .. }
            | BillError::NegativeBalance { .. }
            | BillError::BroughtForwardTaxed { .. }
            | BillError::TopUpAmongOthers => None,
        }
    }
}
