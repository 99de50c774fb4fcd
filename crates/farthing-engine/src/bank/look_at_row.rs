//! What a movement was. What answers something that we asked the bank for is told as any provider's news; a customer's money is credited where it is
//! certain whose it is; the rest waits, and says why.

use super::credit::{self, Found};
use super::facts::say;
use super::{book_known, through_the_bank};
use crate::folio::Work;
use crate::payments::{take_method_news, take_payment_news, take_refund_news};
use crate::{EngineError, Refused};
use farthing_core::bank::{BankRowId, Follow, Nature, OrderKind, OrderState, ReturnReason, RowState};
use farthing_core::ledger::{Chart, OwnerId};
use farthing_core::notice::Event;
use farthing_core::payment::{Failure, FailureCode, MethodNews, PaymentId, PaymentNews, RefundId, RefundNews};
use farthing_store::{BankOrderRow, BankRow};

pub(super) fn look(work: &mut Work<'_, '_>, id: BankRowId) -> Result<(), Refused> {
    let cloud = work.cloud.id.clone();
    let Some(mut row) = work.tx.bank_row_locked(id)?.filter(|row| row.cloud == cloud && row.state == RowState::New)
    else {
        return Ok(());
    };
    let asked = orders_of(work, &row)?;
    if !asked.is_empty() {
        return answer(work, &mut row, &asked);
    }
    if row.nature == Nature::Fee {
        book_known(work, Chart::Fees, row.amount)?;
        return settled(work, &mut row, "the bank's price");
    }
    if let Some(provider) = payer_out(work, &row)? {
        book_known(work, Chart::Provider(provider.clone()), row.amount)?;
        return settled(work, &mut row, &format!("paid out by {provider}"));
    }
    if row.amount < 0 {
        return wait(work, &mut row, "nobody had asked the bank for it");
    }
    match credit::whose(work, &row)? {
        Found::Certain { account, bills, why } => credit::credit(work, &mut row, account, &bills, &why, ""),
        Found::Perhaps(why) => wait(work, &mut row, &why),
    }
}

/// What we asked the bank for that this answers: one thing by the name we gave it, or all of a batch.
fn orders_of(work: &mut Work<'_, '_>, row: &BankRow) -> Result<Vec<BankOrderRow>, EngineError> {
    let cloud = row.cloud.clone();
    if !row.end_to_end.is_empty()
        && let Some(order) = work.tx.bank_order(&cloud, &row.end_to_end)?
    {
        return Ok(vec![order]);
    }
    if row.batch.is_empty() {
        return Ok(Vec::new());
    }
    Ok(work.tx.bank_orders_of_batch(&cloud, &row.batch)?)
}

fn answer(work: &mut Work<'_, '_>, row: &mut BankRow, orders: &[BankOrderRow]) -> Result<(), Refused> {
    let accounts: Vec<OwnerId> = orders.iter().filter_map(|order| order.account).collect();
    work.load(&accounts)?;
    // Read again under the accounts' locks.
    let orders = orders_of(work, row)?;
    let debits = orders.iter().all(|order| order.kind == OrderKind::Debit);
    let sign = if debits { 1 } else { -1 };
    // It goes the other way than what was asked for: it comes back.
    if row.amount.signum() != sign {
        return match orders.as_slice() {
            [order] => come_back(work, row, order.clone()),
            _ => wait(work, row, "it comes back, and does not say which of its batch it is"),
        };
    }
    // What the bank refused was never collected.
    let counts = |order: &&BankOrderRow| !matches!(order.state, OrderState::Refused | OrderState::Dropped);
    let expected: i64 = orders.iter().filter(counts).map(|order| order.amount).sum();
    if row.amount.saturating_mul(sign) != expected {
        let (asked, came) = (say(work.money(expected)), say(work.money(row.amount.saturating_abs())));
        return wait(work, row, &format!("the bank was asked for {asked}, and it is {came}"));
    }
    book_known(work, through_the_bank(), row.amount)?;
    for order in orders.into_iter().filter(|order| order.state == OrderState::Filed) {
        done(work, order)?;
    }
    settled(work, row, if debits { "direct debits that we asked for" } else { "transfers that we asked for" })
}

/// The bank has done what it was asked for.
fn done(work: &mut Work<'_, '_>, mut order: BankOrderRow) -> Result<(), Refused> {
    order.state = OrderState::Done;
    work.tx.bank_order_write(&order)?;
    match order.kind {
        OrderKind::Debit => {
            let news = PaymentNews::Succeeded { fee: None, method: None, paid: None };
            take_payment_news(work, PaymentId::from_bytes(order.subject), Some(&order.end_to_end), &news)
        }
        OrderKind::Refund => {
            let id = RefundId::from_bytes(order.subject);
            take_refund_news(work, id, order.part, Some(&order.end_to_end), &RefundNews::Sent)
        }
        OrderKind::SendBack => {
            let sent = BankRowId::from_bytes(order.subject);
            if let Some(mut row) = work.tx.bank_row_locked(sent)?.filter(|row| row.state == RowState::GoingBack) {
                row.state = RowState::GoneBack;
                row.changed = work.now;
                work.tx.bank_row_write(&row)?;
            }
            Ok(())
        }
    }
}

/// A debit was returned, or a transfer that we had sent came back.
fn come_back(work: &mut Work<'_, '_>, row: &mut BankRow, mut order: BankOrderRow) -> Result<(), Refused> {
    let reason = ReturnReason::of(&row.reason);
    let why = if row.reason.is_empty() { "the bank says no reason".to_owned() } else { reason.to_string() };
    if order.state == OrderState::Returned {
        return wait(work, row, "what it gives back was given back before");
    }
    // Of what a debtor's bank takes back, the banks' own price is a part.
    let expected = match order.kind {
        OrderKind::Debit => order.amount.saturating_add(row.fee),
        OrderKind::Refund | OrderKind::SendBack => order.amount.saturating_sub(row.fee),
    };
    if row.amount.saturating_abs() != expected {
        let (asked, came) = (say(work.money(expected)), say(work.money(row.amount.saturating_abs())));
        return wait(work, row, &format!("it gives back {came} of {asked}"));
    }
    book_known(work, through_the_bank(), row.amount)?;
    order.state = OrderState::Returned;
    work.tx.bank_order_write(&order)?;
    match order.kind {
        OrderKind::Debit => {
            let id = PaymentId::from_bytes(order.subject);
            let (dispute, amount) = (format!("return-{}", row.id), work.money(order.amount));
            let fee = (row.fee > 0).then(|| work.money(row.fee));
            let taken = PaymentNews::Disputed { dispute: dispute.clone(), amount, fee, why: why.clone() };
            take_payment_news(work, id, Some(&order.end_to_end), &taken)?;
            // Nobody asks us what we say to it: it is gone.
            let ended = PaymentNews::DisputeEnded { dispute, won: false, amount };
            take_payment_news(work, id, Some(&order.end_to_end), &ended)?;
            forget_method(work, id, &reason)?;
        }
        OrderKind::Refund => {
            let failure = Failure { code: FailureCode::Returned, text: why.clone() };
            let id = RefundId::from_bytes(order.subject);
            take_refund_news(work, id, order.part, Some(&order.end_to_end), &RefundNews::Failed(failure))?;
            book_back_fee(work, row.fee)?;
        }
        OrderKind::SendBack => {
            // It is here again, and nobody's: as it was before it was sent.
            book_known(work, through_the_bank(), order.amount.saturating_neg())?;
            book_back_fee(work, row.fee)?;
            let sent = BankRowId::from_bytes(order.subject);
            if let Some(mut first) = work.tx.bank_row_locked(sent)? {
                first.state = RowState::Waiting;
                first.why = format!("it was sent back, and came again: {why}");
                first.changed = work.now;
                work.tx.bank_row_write(&first)?;
            }
        }
    }
    row.account = order.account;
    settled(work, row, &why)
}

/// What banks kept of money that came back.
fn book_back_fee(work: &mut Work<'_, '_>, fee: i64) -> Result<(), Refused> {
    if fee == 0 {
        return Ok(());
    }
    book_known(work, through_the_bank(), fee)?;
    book_known(work, Chart::Fees, fee.saturating_neg())
}

/// Where the reason says that it can never be debited again, or not before the customer was asked, it is not.
pub(super) fn forget_method(work: &mut Work<'_, '_>, payment: PaymentId, reason: &ReturnReason) -> Result<(), Refused> {
    let Some(method) = work.tx.payment(payment)?.and_then(|row| row.method) else { return Ok(()) };
    match reason.follow {
        Follow::MandateDead | Follow::MethodDead => take_method_news(work, method, &MethodNews::Detached),
        // Until the customer agrees once more.
        Follow::AskCustomer => {
            if let Some(mut row) = work.tx.method(method)? {
                row.consented = None;
                work.tx.method_write(&row)?;
                crate::payments::watch_refill(work, row.account)?;
            }
            Ok(())
        }
        Follow::TryLater | Follow::Correct => Ok(()),
    }
}

/// A provider's payout, where the policy says how it is told.
fn payer_out(work: &Work<'_, '_>, row: &BankRow) -> Result<Option<String>, EngineError> {
    let Some(bank) = &work.policy_at(work.now)?.bank else { return Ok(None) };
    let said = format!("{}\n{}", row.name, row.text).to_lowercase();
    let of = bank.payouts.iter().find(|payouts| said.contains(&payouts.says.0.to_lowercase()));
    Ok(of.map(|payouts| payouts.provider.0.clone()))
}

pub(super) fn settled(work: &mut Work<'_, '_>, row: &mut BankRow, why: &str) -> Result<(), Refused> {
    row.state = RowState::Settled;
    why.clone_into(&mut row.why);
    row.changed = work.now;
    Ok(work.tx.bank_row_write(row)?)
}

/// A person decides.
pub(super) fn wait(work: &mut Work<'_, '_>, row: &mut BankRow, why: &str) -> Result<(), Refused> {
    row.state = RowState::Waiting;
    why.clone_into(&mut row.why);
    row.changed = work.now;
    work.tx.bank_row_write(row)?;
    let event = Event::BankMoneyUnknown {
        row: row.id.to_string(),
        amount: work.money(row.amount),
        name: row.name.clone(),
        why: why.to_owned(),
    };
    work.tell(None, event);
    Ok(())
}
