//! What was paid of a bill goes back: by a refund, with or without lowering the bill by as much, or by a bank; and comes again.

use super::body::Body;
use super::broken;
use super::credit_note::{Credited, credit_bill};
use super::issue::notes_about;
use super::on_top_up::{Back, credited_again, taken_back};
use super::pay_bill::{bill_locked, receivable_of, step, tell_if_paid};
use crate::asked::Note;
use crate::folio::Work;
use crate::payments::{RefundFacts, send_errand};
use crate::top_up::positive;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::bill::{BillEvent, CreditOf, plan_credit_note};
use farthing_core::id::CauseId;
use farthing_core::ledger::posting::{self, BillPaymentReturned, Chargeback, Overpaid, Stamp};
use farthing_core::ledger::{Chart, Kind, TransferId};
use farthing_core::money::Money;
use farthing_core::payment::{BillId, ErrandKind, PartState, PaymentId, Purpose, RefundId, RefundState, State};
use farthing_store::{BillRow, PayerRow, PaymentRow, RefundPartRow, RefundRow};
use serde_json::json;

/// Money that was paid for a bill, back to what paid it.
#[derive(Clone, Debug)]
pub struct NewBillRefund {
    pub payment: PaymentId,
    /// None: all that is left of it.
    pub amount: Option<Money>,
    /// The bill is lowered by as much, and a credit note says so; else so much is due again.
    pub adjust: bool,
    pub reason: String,
    /// What its caller calls it: asked again with the same one, it is there.
    pub reference: Option<String>,
}

impl Engine {
    /// An operator gives back what a customer has paid for a bill.
    pub fn refund_bill(&self, cloud: &str, wanted: &NewBillRefund) -> Result<RefundFacts, Refused> {
        let own = wanted.clone();
        let give = move |work: &mut Work<'_, '_>| refund(work, &own);
        self.ask_outside("refund_bill", cloud, give, |facts: RefundFacts| {
            let Ok(id) = RefundId::parse(&facts.id) else { return Ok(facts) };
            self.run_errand_of(&id.to_bytes())?;
            self.refund_facts(cloud, id)
        })
    }
}

fn refund(work: &mut Work<'_, '_>, wanted: &NewBillRefund) -> Result<RefundFacts, Refused> {
    let (cloud, now) = (work.cloud.id.clone(), work.now);
    let missing = || Refused::not_found("payment of a bill", &wanted.payment.to_string());
    let of_bill = |row: &PaymentRow| row.cloud == cloud && row.purpose == Purpose::Bill;
    let bill = work.tx.payment(wanted.payment)?.filter(of_bill).and_then(|row| row.bill).ok_or_else(missing)?;
    let (mut row, payer) = bill_locked(work, BillId::from_bytes(bill))?;
    let mut paid = work.tx.payment(wanted.payment)?.ok_or_else(missing)?;
    if let Some(reference) = &wanted.reference
        && let Some(there) = work.tx.refund_by_once(&cloud, reference)?
    {
        let parts = work.tx.refund_parts(there.id)?;
        let same = parts.iter().any(|part| part.payment == paid.id)
            && wanted.amount.is_none_or(|amount| amount.units() == there.amount);
        if same {
            return Ok(RefundFacts::of(&payer.name, &there, &parts));
        }
        let what = format!("refund {reference:?} was of another amount, or of another payment");
        return Err(Refused::new(RefusalCode::IdReused, what));
    }
    let left = if paid.state == State::Succeeded { with_bill(work, &row, &paid)? } else { 0 };
    let amount = match wanted.amount {
        Some(amount) => positive(work, amount)?,
        None => left,
    };
    if amount <= 0 || amount > left || work.money(amount).to_minor().is_err() {
        let what = format!("{} of this payment can be given back", work.money(left).plain());
        return Err(Refused::new(RefusalCode::InsufficientBalance, what));
    }
    let receivable = receivable_of(work, &row)?;
    let refund_due = work.customer_account(payer.id, Chart::RefundDue)?;
    let commodity = work.books()?.commodity;
    let first = work.ids.transfer(now);
    let mut ids = || first;
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: now.floor_second() };
    let facts = BillPaymentReturned { commodity, receivable, returned_to: refund_due, amount };
    let command = posting::bill_payment_returned(&mut stamp, &facts);
    work.book(&[command])?;
    if wanted.adjust {
        lower(work, &payer, &row, amount, &wanted.reason, (paid.id, first))?;
    }
    let money = work.money(amount);
    step(work, &mut row, BillEvent::Refund { amount: money, adjust: wanted.adjust })?;
    paid.refunded = paid.refunded.saturating_add(amount);
    paid.changed = now;
    work.tx.payment_write(&paid)?;
    let who = "operator".to_owned();
    let refund = RefundRow {
        id: work.ids.id(now),
        cloud,
        account: payer.id,
        once: wanted.reference.clone().unwrap_or_default(),
        amount,
        state: RefundState::Approved,
        reason: wanted.reason.clone(),
        asked: now,
        decided: Some(now),
        who,
        note: String::new(),
    };
    work.tx.refund_insert(&refund)?;
    let part = RefundPartRow {
        refund: refund.id,
        part: 1,
        payment: paid.id,
        net: amount,
        tax: 0,
        state: PartState::Waiting,
        reference: String::new(),
        transfer: first,
    };
    work.tx.refund_part_insert(&part)?;
    send_errand(work, payer.id, &paid.provider, ErrandKind::Refund, refund.id.to_bytes(), 1)?;
    let told = json!({ "bill": row.id.to_string(), "amount": money.plain(), "adjust": wanted.adjust });
    work.notes.push(Note::new("bill.refunded", format!("account {}", payer.name)).became(&told));
    Ok(RefundFacts::of(&payer.name, &refund, &[part]))
}

/// What of a payment is still with its bill: not on the balance, not gone back. A refund that could not be sent is on the balance.
fn with_bill(work: &mut Work<'_, '_>, row: &BillRow, paid: &PaymentRow) -> Result<i64, EngineError> {
    let first = paid.transfer.ok_or_else(|| broken("a payment that succeeded without a transfer"))?;
    let entry = work.tx.transfer(first)?.ok_or_else(|| broken("a payment whose transfer is gone"))?;
    let brought = if matches!(entry.kind, Kind::BillPaid | Kind::Recovered) { entry.amount } else { 0 };
    let left = brought.saturating_sub(paid.refunded).saturating_sub(paid.taken_back);
    let held = row.paid.saturating_sub(row.refunded).saturating_sub(row.charged_back);
    Ok(left.min(held).max(0))
}

/// Lowers a bill of which as much has just become due again: a credit note, and what was sold is given up with its tax.
fn lower(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &BillRow,
    amount: i64,
    reason: &str,
    (payment, transfer): (PaymentId, TransferId),
) -> Result<(), Refused> {
    let body = Body::parse(&row.body)?;
    let notes: Vec<Body> = notes_about(work, row)?.into_iter().map(|(_, body)| body).collect();
    let creditable = body.creditable(&notes)?;
    let money = work.money(amount);
    let plan = plan_credit_note(&creditable, CreditOf::Amount(money), money)
        .map_err(|error| Refused::new(RefusalCode::Conflict, error.to_string()))?;
    let credited = Credited { plan: &plan, of: &body, reason, payment: Some(payment), transfer: Some(transfer) };
    credit_bill(work, payer, row, &credited)?;
    Ok(())
}

/// Somebody has given money of a bill's payment back by hand, at the provider: so much is due of the bill again. How much that is, and the first
/// transfer; what is more had gone to the balance.
pub(crate) fn refund_reported(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    payment: &PaymentRow,
    amount: i64,
) -> Result<(i64, Option<TransferId>), Refused> {
    let id = payment.bill.map(BillId::from_bytes).ok_or_else(|| broken("a payment for no bill"))?;
    let (mut row, _) = bill_locked(work, id)?;
    let with_bill = with_bill(work, &row, payment)?.min(amount);
    if with_bill <= 0 {
        return Ok((0, None));
    }
    let (receivable, commodity) = (receivable_of(work, &row)?, work.books()?.commodity);
    let refund_due = work.customer_account(payer.id, Chart::RefundDue)?;
    let first = work.ids.transfer(work.now);
    let mut ids = || first;
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: work.now.floor_second() };
    let facts = BillPaymentReturned { commodity, receivable, returned_to: refund_due, amount: with_bill };
    let command = posting::bill_payment_returned(&mut stamp, &facts);
    work.book(&[command])?;
    let money = work.money(with_bill);
    step(work, &mut row, BillEvent::Refund { amount: money, adjust: false })?;
    Ok((with_bill, Some(first)))
}

/// A bank takes back what paid a bill: so much is due of it again. What had gone to the balance comes off that. The transfers that took it, without
/// the provider's fee.
pub(crate) fn charged_back(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    payment: &PaymentRow,
    (amount, fee): (i64, i64),
    cause: CauseId,
) -> Result<Vec<TransferId>, Refused> {
    let id = payment.bill.map(BillId::from_bytes).ok_or_else(|| broken("a payment for no bill"))?;
    let (mut row, _) = bill_locked(work, id)?;
    let now = work.now;
    let with_bill = with_bill(work, &row, payment)?.min(amount);
    let rest = amount - with_bill;
    let (provider, fees) =
        (work.book_account(Chart::Provider(payment.provider.clone()))?, work.book_account(Chart::Fees)?);
    let commodity = work.books()?.commodity;
    let debt = if rest > 0 { work.debt_account(payer.id)? } else { payer.cash };
    let cash_balance = work.folio(payer.id).book.purse.cash;
    let mut made = Vec::new();
    let mut fresh = work.stamp_ids();
    let mut ids = || {
        let id = fresh();
        made.push(id);
        id
    };
    let mut stamp = Stamp { ids: &mut ids, cause: Some(cause), effective: now.floor_second() };
    let mut commands = Vec::new();
    if with_bill > 0 {
        let receivable = receivable_of(work, &row)?;
        let facts = BillPaymentReturned { commodity, receivable, returned_to: provider, amount: with_bill };
        commands.push(posting::bill_payment_returned(&mut stamp, &facts));
        stamp.cause = None;
    }
    if rest > 0 || fee > 0 {
        let cash = payer.cash;
        let facts = Chargeback { commodity, cash, cash_balance, debt, provider, fees, amount: rest, fee };
        commands.push(posting::chargeback(&mut stamp, &facts));
    }
    work.book(&commands)?;
    if fee > 0 {
        made.pop(); // the fee stays, however it ends
    }
    if with_bill > 0 {
        let taken = work.money(with_bill);
        step(work, &mut row, BillEvent::Chargeback(taken))?;
    }
    // What was more than the bill was credit, and may have been invoiced as that.
    if let Some(last) = made.last().filter(|_| rest > 0) {
        taken_back(work, payer, payment.id, (rest, 0), Back::ChargedBack, *last)?;
    }
    Ok(made)
}

/// The dispute was won: what was taken is with the bill again, and what has been paid instead is the customer's.
pub(crate) fn given_again(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    payment: &PaymentRow,
    transfers: &[TransferId],
    first: TransferId,
) -> Result<(), Refused> {
    let id = payment.bill.map(BillId::from_bytes).ok_or_else(|| broken("a payment for no bill"))?;
    let (mut row, _) = bill_locked(work, id)?;
    let (mut amount, mut rest) = (0_i64, 0_i64);
    for id in transfers {
        let entry = work.tx.transfer(*id)?.ok_or_else(|| broken("a dispute whose transfer is gone"))?;
        let sum = if entry.kind == Kind::BillPaymentReturned { &mut amount } else { &mut rest };
        *sum = sum.saturating_add(entry.amount);
    }
    if rest > 0 {
        credited_again(work, payer, payment, (rest, 0), first)?;
    }
    if amount == 0 {
        return Ok(());
    }
    let money = work.money(amount);
    let was_open = row.due_units() > 0;
    let over = step(work, &mut row, BillEvent::ChargebackReversed(money))?;
    if over.is_positive() {
        let (commodity, receivable) = (work.books()?.commodity, receivable_of(work, &row)?);
        let mut ids = work.stamp_ids();
        let mut stamp = Stamp { ids: &mut ids, cause: None, effective: work.now.floor_second() };
        let facts = Overpaid { commodity, cash: payer.cash, debt: receivable, amount: over.units() };
        let command = posting::overpaid(&mut stamp, &facts);
        work.book(&[command])?;
        work.reload(payer.id)?;
    }
    if was_open {
        tell_if_paid(work, &row)?;
    }
    Ok(())
}
