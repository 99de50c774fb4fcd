//! Invoices of money that was paid in, where a cloud's bills arise from that (R29): each holds only that amount, with the tax that was paid with
//! it, and is paid already. What goes back of it, by a refund or by a bank, bears a credit note of its own.
//!
//! A credit note stands for ever. So where its money comes again (the refund could not be sent, the dispute was won), credit is added again,
//! and that is what makes an invoice: a new one, of that amount. Nothing that was issued is voided, no number is taken twice, and
//! the books of any month say what happened in it.

use super::body::Body;
use super::broken;
use super::issue::{Noted, Settled, document, issue_credit_note, issue_receipt, notes_about, parties};
use super::pay_bill::step;
use crate::EngineError;
use crate::Refused;
use crate::folio::Work;
use crate::payments::Incoming;
use farthing_core::bill::{BillEvent, BillLife, BillLine, DraftBill, Origin, plan_bill};
use farthing_core::config::Name;
use farthing_core::ledger::TransferId;
use farthing_core::money::{Money, Rounding};
use farthing_core::payment::PaymentId;
use farthing_core::policy::{BillOn, Country, PricesAre};
use farthing_core::tax::Assessment;
use farthing_store::{BillKind, BillRow, PayerRow, PaymentRow};
use std::collections::BTreeMap;

/// Money that was credited, as an invoice says it.
struct Credited<'a> {
    net: i64,
    tax: i64,
    assessed: &'a str,
    text: &'a str,
    payment: Option<PaymentId>,
    transfer: TransferId,
}

/// Credit was added. Once for each payment, because that is booked once.
pub(crate) fn on_top_up(work: &mut Work<'_, '_>, money: &Incoming<'_>, first: TransferId) -> Result<(), Refused> {
    let credited = Credited {
        net: money.net,
        tax: money.tax,
        assessed: money.assessed,
        text: "Credit added to the balance",
        payment: money.payment,
        transfer: first,
    };
    let Some(row) = invoice(work, money.payer, &credited)? else { return Ok(()) };
    let method = crate::payments::paid_with(work, money)?;
    let settled = Settled { amount: row.total, method: &method, payment: money.payment, transfer: Some(first) };
    issue_receipt(work, money.payer, &row, &settled)?;
    Ok(())
}

/// Credit that went back has come again.
pub(crate) fn credited_again(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    payment: &PaymentRow,
    (net, tax): (i64, i64),
    transfer: TransferId,
) -> Result<(), Refused> {
    // Where nothing was taken back of an invoice, there is none to be made again.
    if work.tx.bills_of_payment(payment.id)?.is_empty() {
        return Ok(());
    }
    let (assessed, text) = (payment.assessed.clone(), "Credit added to the balance again");
    let credited = Credited { net, tax, assessed: &assessed, text, payment: Some(payment.id), transfer };
    invoice(work, payer, &credited)?;
    Ok(())
}

fn invoice(work: &mut Work<'_, '_>, payer: &PayerRow, credited: &Credited<'_>) -> Result<Option<BillRow>, EngineError> {
    let policy = work.policy_at(work.now)?;
    if !policy.bill.on.contains(&BillOn::TopUp) {
        return Ok(None);
    }
    let seller_country = policy.brand.country;
    // An operator may book less than the smallest coin; nobody is invoiced that.
    let amount = work.money(credited.net).round_to_minor(Rounding::Down).map_err(broken)?.0;
    if !amount.is_positive() {
        return Ok(None);
    }
    let tax = if credited.assessed.is_empty() {
        let own = match *payer.country.as_bytes() {
            [first @ b'A'..=b'Z', second @ b'A'..=b'Z'] => Some(Country([first, second])),
            _ => None,
        };
        let country = own.or(seller_country).unwrap_or(Country(*b"ZZ"));
        Assessment::none(country, "no tax falls due when credit is added")
    } else {
        Assessment::parse(credited.assessed).map_err(broken)?
    };
    let line = BillLine {
        text: credited.text.to_owned(),
        product: Name::parse("top-up").ok_or_else(|| broken("top-up is no name"))?,
        service: None,
        quantity: None,
        category: None,
        amount,
        tax,
        origin: Origin::TopUp,
        used: None,
    };
    let nothing = Money::zero(amount.currency());
    let draft = DraftBill {
        currency: amount.currency(),
        // What is credited is net, however prices are (R33).
        prices: PricesAre::Net,
        lines: vec![line],
        coupons: Vec::new(),
        carries: BTreeMap::new(),
        balance: nothing,
        roll_below: None,
        last: false,
    };
    let mut plan = plan_bill(&draft).map_err(broken)?;
    // Its tax is what was paid with it: of a part of a payment, its share.
    let paid_tax = work.money(credited.tax);
    for group in &mut plan.groups {
        group.tax = paid_tax;
    }
    for line in &mut plan.lines {
        line.tax = paid_tax;
    }
    plan.tax = paid_tax;
    plan.total = plan.net.checked_add(paid_tax).map_err(broken)?;
    let (seller, buyer) = parties(work, payer)?;
    let mut row = document(work, payer, BillKind::Bill)?;
    let paid = BillLife::draft(plan.total)
        .and_then(|draft| draft.apply(BillEvent::Issue))
        .and_then(|issued| issued.life.apply(BillEvent::Pay(plan.total)))
        .map_err(broken)?;
    row.state = paid.life.state();
    row.take_dues(paid.life.dues());
    (row.net, row.tax) = (plan.net.units(), plan.tax.units());
    (row.payment, row.transfer) = (credited.payment, Some(credited.transfer));
    row.body = Body::of_plan(&plan, seller, buyer).text()?;
    work.tx.bill_insert(&row)?;
    Ok(Some(row))
}

/// How the money of a payment went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Back {
    Refunded,
    ChargedBack,
}

/// A part of a payment has gone back: what was invoiced of it is credited, the newest invoice first. The note says what was booked, so that the two
/// never differ by a rounding; the core says whether so much is left.
pub(crate) fn taken_back(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    payment: PaymentId,
    (net, tax): (i64, i64),
    back: Back,
    transfer: TransferId,
) -> Result<(), Refused> {
    let (mut net, mut tax) = (net, tax);
    let reason = match back {
        Back::Refunded => "The payment was refunded",
        Back::ChargedBack => "The payment was taken back by the customer's bank",
    };
    for mut row in work.tx.bills_of_payment(payment)?.into_iter().rev().filter(|row| row.receivable.is_none()) {
        let body = Body::parse(&row.body)?;
        let notes = notes_about(work, &row)?;
        let gone = notes.iter().fold((0_i64, 0_i64), |(net, tax), (note, _)| (net + note.net, tax + note.tax));
        let part = (net.min(row.net - gone.0), tax.min(row.tax - gone.1));
        if part.0 <= 0 {
            continue;
        }
        let before: Vec<Body> = notes.into_iter().map(|(_, body)| body).collect();
        let creditable = body.creditable(&before)?;
        let mut groups = body.credited()?.0;
        for group in &mut groups {
            (group.net, group.tax) = (work.money(part.0), work.money(part.1));
        }
        creditable.after(&groups, &[]).map_err(broken)?;
        let noted = Noted { groups: &groups, lines: &[], reason, payment: Some(payment), transfer: Some(transfer) };
        issue_credit_note(work, payer, &row, &noted)?;
        let amount = work.money(part.0 + part.1);
        match back {
            Back::Refunded => {
                step(work, &mut row, BillEvent::Refund { amount, adjust: true })?;
            }
            Back::ChargedBack => {
                step(work, &mut row, BillEvent::Chargeback(amount))?;
                step(work, &mut row, BillEvent::Credit(amount))?;
            }
        }
        (net, tax) = (net - part.0, tax - part.1);
    }
    Ok(())
}
