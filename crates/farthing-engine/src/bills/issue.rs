//! Writes documents: a bill of lines, booked against a receivable of its own, a receipt, a credit note. Both parties stand on them as they
//! were. None has a number yet.

use super::body::{Body, Group};
use super::broken;
use super::facts::BillParty;
use super::pay_bill::settle;
use crate::coupons::used_on_bill;
use crate::folio::Work;
use crate::{EngineError, Refused};
use farthing_core::bill::{
    BillEvent, BillLife, BillLine, BillPlan, BillState, Collection, Coupon, CreditedGroup, CreditedLine, DraftBill,
    NumberFormat, plan_bill,
};
use farthing_core::config::Deadline;
use farthing_core::coupon::RedemptionId;
use farthing_core::ledger::posting::{self, BillIssued, BillRolled, BillTax, Part, Stamp};
use farthing_core::ledger::{AccountId, Chart, Command, TransferId};
use farthing_core::money::Money;
use farthing_core::payment::{BillId, PaymentId};
use farthing_core::policy::Policy;
use farthing_core::settle::SettleError;
use farthing_core::time::{Anchor, CivilDate, Instant, Span, WorkingCalendar, Zone};
use farthing_store::{Beside, BillKind, BillRow, PayerRow};
use std::collections::{BTreeMap, BTreeSet};

/// Where a policy says nothing.
const FORMAT: &str = "INV-{year}-{seq:6}";

/// How a policy's documents are numbered, and the day of an instant where the cloud is.
pub(super) fn format_of(policy: &Policy, at: Instant) -> Result<(NumberFormat, CivilDate), EngineError> {
    let text = policy.bill.number.as_ref().map_or(FORMAT, |text| text.0.as_str());
    let on = policy.cloud.time_zone.civil_date_of(at).map_err(SettleError::from)?;
    Ok((NumberFormat::parse(text).map_err(broken)?, on))
}

/// A document of a kind, of now, with nothing on it yet.
pub(super) fn document(work: &mut Work<'_, '_>, payer: &PayerRow, kind: BillKind) -> Result<BillRow, EngineError> {
    let now = work.now;
    let (format, on) = format_of(work.policy_at(now)?, now)?;
    work.issued = true;
    Ok(BillRow {
        id: work.ids.id(now),
        cloud: work.cloud.id.clone(),
        account: payer.id,
        kind,
        series: format.series(kind, on),
        seq: 0,
        number: String::new(),
        state: BillState::Paid,
        place: work.ids.number(now),
        issued: now,
        due: None,
        net: 0,
        tax: 0,
        total: 0,
        paid: 0,
        refunded: 0,
        charged_back: 0,
        credited: 0,
        given_back: 0,
        rolled: 0,
        of: None,
        payment: None,
        receivable: None,
        transfer: None,
        body: String::new(),
        disputed: 0,
    })
}

/// The cloud and the account, as they are now.
pub(super) fn parties(work: &mut Work<'_, '_>, payer: &PayerRow) -> Result<(BillParty, BillParty), EngineError> {
    let company = work.company(payer.id)?.clone();
    let unknown = work.has_none(payer.id, Beside::Contact);
    let contact = if unknown { None } else { work.tx.contact(payer.id)? }.unwrap_or_default();
    let brand = &work.policy_at(work.now)?.brand;
    let text =
        |text: &Option<farthing_core::config::Text>| text.as_ref().map(|text| text.0.clone()).unwrap_or_default();
    let seller = BillParty {
        account: String::new(),
        name: brand.legal_name.0.clone(),
        address: text(&brand.address),
        country: brand.country.map(|country| country.to_string()).unwrap_or_default(),
        region: String::new(),
        tax_number: text(&brand.tax_number),
    };
    let name = [company.name, contact.name].into_iter().find(|name| !name.is_empty());
    let buyer = BillParty {
        account: payer.name.clone(),
        name: name.unwrap_or_else(|| payer.name.clone()),
        address: company.address,
        country: if company.country.is_empty() { payer.country.clone() } else { company.country },
        region: company.region,
        tax_number: company.tax_number,
    };
    Ok((seller, buyer))
}

/// What lines come to, by what the ledger has of them.
pub(super) fn plan(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    lines: Vec<BillLine>,
    balance: i64,
    coupons: Vec<Coupon>,
) -> Result<BillPlan, EngineError> {
    let policy = work.policy_at(work.now)?;
    let (prices, roll_below) = (policy.tax.prices, policy.bill.roll_below);
    let groups: BTreeSet<_> = lines.iter().filter(|line| line.is_taxable()).map(|line| line.tax.group()).collect();
    let mut carries = BTreeMap::new();
    for group in groups {
        let carried = work.tx.balance_of_code(payer.id, &Chart::Carry(group.to_string()))?;
        carries.insert(group, work.money(carried));
    }
    let draft = DraftBill {
        currency: work.currency(),
        prices,
        lines,
        coupons,
        carries,
        balance: work.money(balance),
        roll_below,
        last: payer.closed.is_some(),
    };
    plan_bill(&draft).map_err(broken)
}

/// A coupon, and who redeemed it: `used_on_bill` counts what it took off.
pub(super) type Offered = (RedemptionId, Coupon);

/// By what a bill is paid at once, and by when the rest of it.
pub(super) struct Terms<'a> {
    pub(super) balance: i64,
    /// None: as the policy says.
    pub(super) due: Option<Instant>,
    /// What is found late bears the date of when it was to be.
    pub(super) dated: Instant,
    pub(super) offered: &'a [Offered],
    /// One that is reserved for the order: who reserved it counts its use.
    pub(super) reserved: Option<Coupon>,
    /// The bill that it is issued anew for.
    pub(super) replaces: Option<BillId>,
}

/// Issues a bill of lines. What the balance pays of it is paid at once; what is too small to be collected is rolled on (R20). None where it
/// comes to nothing, or to less: then it waits. What comes to nothing by a coupon is issued: it was used.
pub(super) fn issue_bill_on(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    lines: Vec<BillLine>,
    terms: &Terms<'_>,
) -> Result<Option<(BillRow, Collection)>, Refused> {
    let offered = terms.offered;
    let coupons = offered.iter().map(|(_, coupon)| coupon.clone()).chain(terms.reserved.clone()).collect();
    let plan = plan(work, payer, lines, terms.balance, coupons)?;
    if plan.total.is_negative() || (plan.total.is_zero() && plan.coupons.is_empty()) {
        return Ok(None);
    }
    let (seller, buyer) = parties(work, payer)?;
    let mut row = document(work, payer, BillKind::Bill)?;
    let receivable = work.new_account(payer.id, Chart::Receivable(row.id.to_string()))?;
    let (issued, first) = issued(work, payer, &plan, receivable)?;
    let (paid, paid_first) = paid_from_balance(work, payer, &plan, receivable)?;
    let rolled = rolled(work, payer, &plan, receivable)?;
    let commands: Vec<Command> = std::iter::once(issued).chain(paid).chain(rolled).collect();
    work.book(&commands)?;
    let life = BillLife::draft(plan.total).and_then(|draft| draft.apply(BillEvent::Issue)).map_err(broken)?.life;
    row.state = life.state();
    row.take_dues(life.dues());
    (row.net, row.tax) = (plan.net.units(), plan.tax.units());
    (row.receivable, row.transfer) = (Some(receivable), Some(first));
    row.due = Some(match terms.due {
        Some(due) => due,
        // Whenever it was to be: there is the whole time to pay it.
        None => due_of(work, payer, terms.dated.max(work.now))?,
    });
    let (format, on) = format_of(work.policy_at(terms.dated)?, terms.dated)?;
    row.series = format.series(BillKind::Bill, on);
    row.issued = terms.dated;
    row.of = terms.replaces;
    row.body = Body::of_plan(&plan, seller, buyer).text()?;
    work.tx.bill_insert(&row)?;
    super::arrears::begin(work, &row)?;
    let counted: Vec<_> = plan.coupons.iter().filter(|taken| taken.place < offered.len()).cloned().collect();
    used_on_bill(work, offered, &counted, &row.id.to_string())?;
    if plan.from_balance.is_positive() {
        settle(work, payer, &mut row, plan.from_balance.units(), "balance", None, paid_first)?;
    }
    if let Collection::Roll(_) = plan.collection {
        super::pay_bill::step(work, &mut row, BillEvent::Roll)?;
    }
    if plan.from_balance.is_positive() {
        work.reload(payer.id)?;
    } else {
        // What is owed is moved from one account to another: nobody's money is.
        work.load(&[payer.id])?;
        work.folio(payer.id).stir();
    }
    Ok(Some((row, plan.collection)))
}

/// A document of what was used and what paid it, which asks for nothing. Its amounts are exact: nobody pays them again.
pub(super) fn issue_statement(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    lines: &[BillLine],
    dated: Instant,
) -> Result<BillRow, EngineError> {
    let (seller, buyer) = parties(work, payer)?;
    let mut row = document(work, payer, BillKind::Statement)?;
    let body = Body::of_used(work.currency(), lines, seller, buyer);
    let total = body.lines.iter().map(|line| line.net).fold(0, i64::saturating_add);
    (row.net, row.total, row.paid) = (total, total, total);
    let (format, on) = format_of(work.policy_at(dated)?, dated)?;
    row.series = format.series(BillKind::Statement, on);
    row.issued = dated;
    row.body = body.text()?;
    work.tx.bill_insert(&row)?;
    Ok(row)
}

/// What of it the balance pays at once, and the transfer's id.
fn paid_from_balance(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    plan: &BillPlan,
    receivable: AccountId,
) -> Result<(Option<Command>, Option<TransferId>), EngineError> {
    if !plan.from_balance.is_positive() {
        return Ok((None, None));
    }
    let commodity = work.books()?.commodity;
    let mut fresh = work.stamp_ids();
    let mut first = None;
    let mut ids = || *first.insert(fresh());
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: work.now.floor_second() };
    let amount = plan.from_balance.units();
    let facts = posting::BillPaid { commodity, paid_from: payer.cash, receivable, amount };
    let command = posting::bill_paid_by_balance(&mut stamp, &facts);
    Ok((Some(command), first))
}

/// What of it is too small to be collected.
fn rolled(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    plan: &BillPlan,
    receivable: AccountId,
) -> Result<Option<Command>, EngineError> {
    let Collection::Roll(amount) = plan.collection else { return Ok(None) };
    let (commodity, next) = (work.books()?.commodity, work.customer_account(payer.id, Chart::ReceivableNext)?);
    let mut ids = work.stamp_ids();
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: work.now.floor_second() };
    let facts = BillRolled { commodity, next, receivable, amount: amount.units() };
    Ok(Some(posting::bill_rolled(&mut stamp, &facts)))
}

/// A bill's lines, its tax and what is carried, against its receivable; and the first transfer's id.
fn issued(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    plan: &BillPlan,
    receivable: AccountId,
) -> Result<(Command, TransferId), EngineError> {
    let bookings = plan.bookings().map_err(broken)?;
    let mut parts = Vec::with_capacity(bookings.parts.len());
    for (chart, amount) in bookings.parts {
        let account = match chart {
            // The cloud's own.
            Chart::LateFees => work.book_account(chart)?,
            Chart::Unbilled => work.unbilled_account(payer.id)?,
            _ => work.customer_account(payer.id, chart)?,
        };
        parts.push(Part { account, amount: amount.units() });
    }
    let mut taxes = Vec::with_capacity(bookings.taxes.len());
    for tax in bookings.taxes {
        let from = match tax.product {
            Some(product) => work.book_account(Chart::Revenue(product.to_string()))?,
            None => receivable,
        };
        taxes.push(BillTax { from, tax: work.book_account(tax.tax)?, amount: tax.amount.units() });
    }
    let mut carries = Vec::with_capacity(bookings.carries.len());
    for (chart, amount) in bookings.carries {
        carries.push(Part { account: work.customer_account(payer.id, chart)?, amount: amount.units() });
    }
    let coupon = bookings.coupon.units();
    let promo_used = if coupon == 0 { receivable } else { work.promo()?.1 };
    let commodity = work.books()?.commodity;
    let mut fresh = work.stamp_ids();
    let first = fresh();
    let mut unused = Some(first);
    let mut ids = move || unused.take().unwrap_or_else(&mut fresh);
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: work.now.floor_second() };
    let facts =
        BillIssued { commodity, receivable, parts: &parts, promo_used, coupon, taxes: &taxes, carries: &carries };
    Ok((posting::bill_issued(&mut stamp, &facts), first))
}

/// By when a bill of an instant has to be paid.
fn due_of(work: &mut Work<'_, '_>, payer: &PayerRow, now: Instant) -> Result<Instant, EngineError> {
    let due = work.policy_at(now)?.bill.due;
    deadline(work, payer, due, now)
}

/// A time counted from an instant: working days are the cloud's, calendars the account's.
pub(super) fn deadline(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    length: Deadline,
    now: Instant,
) -> Result<Instant, EngineError> {
    let zone = Zone::parse(&payer.zone).map_err(|_| broken(format!("an account in the zone {:?}", payer.zone)))?;
    let policy = work.policy_at(now)?;
    let due = match length {
        Deadline::Span(Span::Exact(length)) => now.checked_add(length),
        Deadline::Span(Span::Calendar(span)) => {
            let anchor = Anchor::at_instant(now, span, zone).map_err(SettleError::from)?;
            return Ok(anchor.period_containing(now).map_err(SettleError::from)?.1.end());
        }
        Deadline::Working(days) => {
            let calendar = WorkingCalendar::new(policy.cloud.working_days, policy.cloud.holidays.iter().copied());
            calendar.deadline(now, days, &zone)
        }
    };
    Ok(due.map_err(SettleError::from)?)
}

/// What a receipt says.
pub(super) struct Settled<'a> {
    pub(super) amount: i64,
    pub(super) method: &'a str,
    pub(super) payment: Option<PaymentId>,
    pub(super) transfer: Option<TransferId>,
}

/// A document of its own that a bill, or a part of it, is paid (R1).
pub(super) fn issue_receipt(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    of: &BillRow,
    paid: &Settled<'_>,
) -> Result<(), EngineError> {
    if !work.policy_at(work.now)?.bill.receipts {
        return Ok(());
    }
    let about = Body::parse(&of.body)?;
    let mut row = document(work, payer, BillKind::Receipt)?;
    (row.net, row.total, row.paid) = (paid.amount, paid.amount, paid.amount);
    (row.of, row.payment, row.transfer) = (Some(of.id), paid.payment, paid.transfer);
    let body = Body {
        currency: about.currency,
        seller: about.seller,
        buyer: about.buyer,
        prices: about.prices,
        method: paid.method.to_owned(),
        due_after: of.due_units(),
        ..Body::default()
    };
    row.body = body.text()?;
    Ok(work.tx.bill_insert(&row)?)
}

/// What a credit note takes back of a bill, and why.
pub(super) struct Noted<'a> {
    pub(super) groups: &'a [CreditedGroup],
    pub(super) lines: &'a [CreditedLine],
    pub(super) reason: &'a str,
    pub(super) payment: Option<PaymentId>,
    pub(super) transfer: Option<TransferId>,
}

/// Who calls has seen to it that no more is credited than was billed.
pub(super) fn issue_credit_note(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    of: &BillRow,
    noted: &Noted<'_>,
) -> Result<BillRow, EngineError> {
    let about = Body::parse(&of.body)?;
    let mut row = document(work, payer, BillKind::CreditNote)?;
    let sum = |amounts: &mut dyn Iterator<Item = Money>| amounts.map(Money::units).fold(0_i64, i64::saturating_add);
    row.net = sum(&mut noted.groups.iter().map(|group| group.net));
    row.tax = sum(&mut noted.groups.iter().map(|group| group.tax));
    row.total = row.net.saturating_add(row.tax);
    (row.of, row.payment, row.transfer) = (Some(of.id), noted.payment, noted.transfer);
    let group = |group: &CreditedGroup| Group {
        assessed: group.assessment.to_text(),
        net: group.net.units(),
        tax: group.tax.units(),
        carry: 0,
    };
    let body = Body {
        currency: about.currency,
        seller: about.seller,
        buyer: about.buyer,
        prices: about.prices,
        groups: noted.groups.iter().map(group).collect(),
        reason: noted.reason.to_owned(),
        credited: noted.lines.iter().map(|line| (line.line, line.net.units())).collect(),
        ..Body::default()
    };
    row.body = body.text()?;
    work.tx.bill_insert(&row)?;
    Ok(row)
}

/// The bodies of the credit notes about a bill, oldest first.
pub(super) fn notes_about(work: &mut Work<'_, '_>, of: &BillRow) -> Result<Vec<(BillRow, Body)>, EngineError> {
    let about = work.tx.bills_about(of.id)?.into_iter().filter(|row| row.kind == BillKind::CreditNote);
    about
        .map(|row| {
            let body = Body::parse(&row.body)?;
            Ok((row, body))
        })
        .collect()
}
