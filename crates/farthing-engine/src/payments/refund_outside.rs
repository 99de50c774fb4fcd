//! A refund that was made by hand at the provider, in its dashboard: nobody asked for it here, and its money is gone. It is known by the payment it is
//! of, as the provider calls it, and booked once, as a refund out of that payment. What the cash does not reach is owed.

use super::refund::refund_due;
use super::take_news::{payment_locked, take_payment_news, take_refund_news, tax_of};
use crate::asked::Note;
use crate::folio::Work;
use crate::tax::tax_part;
use crate::{EngineError, Refused};
use farthing_core::ledger::TransferId;
use farthing_core::ledger::posting::{self, RefundTaxed, Stamp};
use farthing_core::money::Money;
use farthing_core::payment::{
    PartState, PaymentId, PaymentNews, RefundId, RefundNews, RefundOf, RefundState, State, Told,
};
use farthing_store::{PayerRow, PaymentRow, RefundPartRow, RefundRow, StoreError};
use serde_json::json;

/// Which refund a provider calls so.
pub(super) fn known_as(
    work: &mut Work<'_, '_>,
    provider: &str,
    reference: Option<&str>,
) -> Result<Option<(RefundId, i64)>, EngineError> {
    let Some(reference) = reference else { return Ok(None) };
    for part in work.tx.refund_parts_by_reference(reference)? {
        if work.tx.payment(part.payment)?.is_some_and(|paid| paid.provider == provider) {
            return Ok(Some((part.refund, part.part)));
        }
    }
    Ok(None)
}

/// True: the payment is known here.
pub(super) fn take(
    work: &mut Work<'_, '_>,
    provider: &str,
    told: &Told,
    reference: Option<&str>,
    news: &RefundNews,
) -> Result<bool, Refused> {
    let (Some(RefundOf { payment, amount }), Some(reference)) = (&told.about.refund_of, reference) else {
        return Ok(false);
    };
    let cloud = work.cloud.id.clone();
    let found = match told.about.payment {
        Some(id) => work.tx.payment(id)?,
        None => work.tx.payment_by_reference(provider, payment)?,
    };
    let ours = |row: &PaymentRow| row.cloud == cloud && row.provider == provider;
    let Some(paid) = found.filter(ours) else { return Ok(false) };
    work.load(&[paid.account])?;
    // Under the account's lock, so that of several at once one is the first; and of two events about one refund, too.
    if !work.tx.provider_event_keep(provider, &told.id, work.now)? {
        return Ok(true);
    }
    let (id, part) = match known_as(work, provider, Some(reference))? {
        Some(known) => known,
        // What never left is nothing to book.
        None if matches!(news, RefundNews::Failed(_)) => return Ok(true),
        None => (book(work, paid.id, reference, *amount)?, 1),
    };
    take_refund_news(work, id, part, Some(reference), news)?;
    Ok(true)
}

fn book(work: &mut Work<'_, '_>, id: PaymentId, reference: &str, amount: Money) -> Result<RefundId, Refused> {
    let (mut paid, payer) = payment_locked(work, id)?;
    if paid.state != State::Succeeded {
        // What is given back has been there.
        take_payment_news(work, id, None, &PaymentNews::Succeeded { fee: None, method: None, paid: None })?;
        paid = work.tx.payment(id)?.ok_or_else(|| StoreError::corrupt("a payment is gone"))?;
    }
    let now = work.now;
    work.post_all(payer.id, now)?;
    work.flush_postings()?;
    let left = paid.net.saturating_sub(paid.refunded).saturating_sub(paid.taken_back).max(0);
    let gross = amount.units().clamp(0, paid.gross());
    let (net, tax, first) = if paid.bill.is_some() {
        let (with_bill, first) = crate::bills::refund_reported(work, &payer, &paid, gross)?;
        let rest = gross.saturating_sub(with_bill).min(left.saturating_sub(with_bill)).max(0);
        let credit = take_off(work, &payer, &paid, (rest, 0))?;
        (with_bill.saturating_add(rest), 0, first.or(credit))
    } else {
        let tax = tax_of(&paid, gross, left, work.currency().units_per_minor());
        let net = gross.saturating_sub(tax).min(left).max(0);
        (net, tax, take_off(work, &payer, &paid, (net, tax))?)
    };
    let Some(transfer) = first else {
        let what = format!("refund {reference} of payment {id} gives back more than is left of it");
        return Err(Refused::from(EngineError::from(StoreError::corrupt(what))));
    };
    let provider = paid.provider.clone();
    let refund = RefundRow {
        id: work.ids.id(now),
        cloud: work.cloud.id.clone(),
        account: payer.id,
        once: String::new(),
        amount: net,
        state: RefundState::Approved,
        reason: format!("given back by hand at {provider}"),
        asked: now,
        decided: Some(now),
        who: provider.clone(),
        note: format!("{provider} calls it {reference}; nobody asked for it here"),
    };
    work.tx.refund_insert(&refund)?;
    work.tx.refund_part_insert(&RefundPartRow {
        refund: refund.id,
        part: 1,
        payment: paid.id,
        net,
        tax,
        state: PartState::Waiting,
        reference: reference.to_owned(),
        transfer,
    })?;
    paid.refunded = paid.refunded.saturating_add(net);
    paid.changed = now;
    work.tx.payment_write(&paid)?;
    let facts = json!({ "refund": refund.id.to_string(), "amount": work.money(net).plain(), "reference": reference });
    work.notes.push(Note::new("refund.made_outside", format!("account {}", payer.name)).became(&facts));
    work.reload(payer.id)?;
    Ok(refund.id)
}

/// Off the balance, with the tax that was paid with it; the first transfer.
fn take_off(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    paid: &PaymentRow,
    (net, tax): (i64, i64),
) -> Result<Option<TransferId>, Refused> {
    if net <= 0 && tax <= 0 {
        return Ok(None);
    }
    let from_cash = net.min(work.folio(payer.id).book.purse.cash.max(0));
    let owed = net.saturating_sub(from_cash);
    let debt = if owed > 0 { work.debt_account(payer.id)? } else { payer.cash };
    let due = refund_due(work, payer.id)?;
    let taxes = tax_part(work, &paid.assessed, tax)?;
    let commodity = work.books()?.commodity;
    let mut fresh = work.stamp_ids();
    let mut first = None;
    let mut ids = || {
        let id = fresh();
        first.get_or_insert(id);
        id
    };
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: work.now.floor_second() };
    let facts = RefundTaxed { commodity, cash: payer.cash, refund_due: due, net: from_cash, taxes: &taxes };
    let command = posting::refund_reported(&mut stamp, &facts, debt, owed);
    work.book(&[command])?;
    work.reload(payer.id)?;
    if let Some(first) = first {
        crate::bills::taken_back(work, payer, paid.id, (net, tax), crate::bills::Back::Refunded, first)?;
    }
    Ok(first)
}
