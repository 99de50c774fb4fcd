//! Pays bills: off the balance, through a provider, and out of money that comes in once they are past due (R60). That they are collected by
//! themselves is `collect`'s. What a payment brings beyond what is due goes to the balance.

use super::arrears::{Before, follow};
use super::broken;
use super::facts::{BillFacts, tell_bill};
use super::issue::{Settled, issue_receipt};
use crate::asked::Note;
use crate::folio::Work;
use crate::payments::{
    Chosen, Incoming, NewPayment, PayBy, PaymentFacts, Through, book_incoming, choose_method, method_label,
    write_payment,
};
use crate::run_due::{by_cloud, engine_error};
use crate::tax::TaxDue;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::bill::{BillEvent, BillLife, BillState, TransitionError};
use farthing_core::id::CauseId;
use farthing_core::ledger::posting::{self, Stamp};
use farthing_core::ledger::{AccountId, Chart, OwnerId, TransferId};
use farthing_core::money::Money;
use farthing_core::notice::Event;
use farthing_core::payment::{BillId, PaymentId, Purpose, Verdict};
use farthing_core::time::Instant;
use farthing_store::{BillKind, BillRow, PayerRow, PaymentRow};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How a bill is to be paid.
#[derive(Clone, Debug)]
pub struct NewBillPayment {
    pub bill: BillId,
    pub by: PayBillBy,
    /// None: all that is due.
    pub amount: Option<Money>,
    /// The customer agrees that what pays is kept, and charged later while they are away.
    pub keep: bool,
    /// What its caller calls the payment: asked again with the same one, it is there.
    pub reference: Option<String>,
    /// Where the customer comes back to after a page.
    pub back: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayBillBy {
    Balance,
    Provider(PayBy),
}

/// The bill, and the payment that was begun; none: the balance paid it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillPayment {
    pub bill: BillFacts,
    pub payment: Option<PaymentFacts>,
}

/// Bills in one transaction.
const BATCH: i64 = 256;

impl Engine {
    pub fn pay_bill(&self, cloud: &str, wanted: &NewBillPayment) -> Result<BillPayment, Refused> {
        let by = match &wanted.by {
            PayBillBy::Balance => PayBy::Default,
            PayBillBy::Provider(by) => by.clone(),
        };
        let (own, through) = (wanted.clone(), self.through_by(cloud, &by)?);
        let begin = move |work: &mut Work<'_, '_>| pay(work, &own, &through);
        self.ask_outside("pay_bill", cloud, begin, |payment: Option<String>| {
            let payment = payment.and_then(|id| PaymentId::parse(&id).ok());
            if let Some(id) = payment {
                self.run_errand_of(&id.to_bytes())?;
            }
            let payment = payment.map(|id| self.payment(cloud, id)).transpose()?;
            Ok(BillPayment { bill: self.bill(cloud, wanted.bill)?, payment })
        })
    }

    /// Bills whose time to pay is over become overdue, and whatever waits for a number gets one.
    pub(crate) fn run_bills(&self, now: Instant) -> Result<(), EngineError> {
        loop {
            let due = self.store.read("bills_past_due", |tx| tx.bills_past_due(now, BATCH))?;
            if due.is_empty() {
                break;
            }
            for (cloud, due) in by_cloud(due.into_iter().map(|(cloud, account, bill)| (cloud, (account, bill)))) {
                self.work("bills_past_due", &cloud, move |work| {
                    let accounts: Vec<OwnerId> = due.iter().map(|(account, _)| *account).collect();
                    work.load(&accounts)?;
                    for (_, bill) in &due {
                        // Read again: who had the lock may have paid it.
                        let still = |row: &BillRow| {
                            row.state == BillState::Issued && row.due.is_some_and(|due| due <= work.now)
                        };
                        if let Some(mut row) = work.tx.bill(*bill)?.filter(still) {
                            step(work, &mut row, BillEvent::PassDue)?;
                        }
                    }
                    Ok(())
                })
                .map_err(engine_error)?;
            }
        }
        self.run_collecting(now)?;
        self.run_reminders(now)?;
        self.run_invoice_requests(now)?;
        for cloud in self.clouds_known()? {
            self.number_bills(&cloud)?;
        }
        Ok(())
    }
}

/// A bill of this cloud whose account is locked, brought to now.
pub(crate) fn bill_locked(work: &mut Work<'_, '_>, id: BillId) -> Result<(BillRow, PayerRow), Refused> {
    let cloud = work.cloud.id.clone();
    let missing = || Refused::not_found("bill", &id.to_string());
    let known = |row: &BillRow| row.cloud == cloud && row.kind == BillKind::Bill;
    let account = work.tx.bill(id)?.filter(known).ok_or_else(missing)?.account;
    work.load(&[account])?;
    let row = work.tx.bill(id)?.ok_or_else(missing)?;
    let now = work.now;
    work.bring_to(account, now)?;
    Ok((row, work.folio(account).payer.clone()))
}

fn pay(work: &mut Work<'_, '_>, wanted: &NewBillPayment, through: &Through) -> Result<Option<String>, Refused> {
    let (mut row, payer) = bill_locked(work, wanted.bill)?;
    let cloud = work.cloud.id.clone();
    if let Some(reference) = &wanted.reference
        && let Some(there) = work.tx.payment_by_once(&cloud, reference)?
    {
        if there.bill == Some(row.id.to_bytes()) && wanted.amount.is_none_or(|amount| amount.units() == there.net) {
            return Ok(Some(there.id.to_string()));
        }
        let what = format!("payment {reference:?} was of another amount, or of another bill");
        return Err(Refused::new(RefusalCode::IdReused, what));
    }
    let due = row.due_units();
    let amount = match wanted.amount {
        None => row.owed_units(),
        Some(amount) => crate::top_up::positive(work, amount)?,
    };
    if due <= 0 || amount > due || work.money(amount).to_minor().is_err() {
        let what = format!("{} of bill {} is due: pay as much, or less", work.money(due).plain(), row.number);
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    let told = json!({ "bill": row.id.to_string(), "amount": work.money(amount).plain() });
    work.notes.push(Note::new("bill.payment_begun", format!("account {}", payer.name)).became(&told));
    let by = match &wanted.by {
        PayBillBy::Balance => {
            pay_by_balance(work, &payer, &mut row, amount)?;
            return Ok(None);
        }
        PayBillBy::Provider(by) => by,
    };
    let chosen = choose_method(work, &payer, by, through)?;
    let first = work.policy_at(work.now)?.collect.first_payment_authorises;
    let keeps = wanted.keep || first && matches!(by, PayBy::Page(_));
    let verdict = Verdict::Accepted(Vec::new());
    let once = wanted.reference.clone().unwrap_or_default();
    let payment = begin(work, &payer, &row, chosen, amount, (once, keeps, verdict, wanted.back.clone()))?;
    Ok(Some(payment.id.to_string()))
}

pub(crate) fn begin(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &BillRow,
    chosen: Chosen,
    amount: i64,
    (once, keeps, verdict, back): (String, bool, Verdict, String),
) -> Result<PaymentRow, EngineError> {
    let wanted = NewPayment {
        purpose: Purpose::Bill,
        once,
        net: amount,
        tax: TaxDue::default(), // it is in the bill
        bill: Some(row.id.to_bytes()),
        keeps,
        verdict,
        back,
    };
    write_payment(work, payer, chosen, wanted)
}

pub(crate) fn pay_by_balance(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &mut BillRow,
    amount: i64,
) -> Result<(), Refused> {
    let now = work.now;
    work.post_all(payer.id, now)?;
    work.flush_postings()?;
    let most = payable(work, payer.id);
    if amount > most {
        let what =
            format!("{} of the balance can pay it: what is held, and free credit, cannot", work.money(most).plain());
        return Err(Refused::new(RefusalCode::InsufficientBalance, what));
    }
    let receivable = receivable_of(work, row)?;
    let commodity = work.books()?.commodity;
    let mut fresh = work.stamp_ids();
    let first = fresh();
    let mut ids = || first;
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: now.floor_second() };
    let facts = posting::BillPaid { commodity, paid_from: payer.cash, receivable, amount };
    let command = posting::bill_paid_by_balance(&mut stamp, &facts);
    let outcomes = work.tx.ledger_run(&[command], now)?;
    if outcomes.iter().any(|outcome| !outcome.code.stands()) {
        let what = "not so much is available: something was reserved a moment ago";
        return Err(Refused::new(RefusalCode::InsufficientBalance, what));
    }
    settle(work, payer, row, amount, "balance", None, Some(first))?;
    work.reload(payer.id)?;
    Ok(())
}

/// What of the cash can pay bills now: whole coins that nothing is promised of.
pub(crate) fn payable(work: &mut Work<'_, '_>, id: OwnerId) -> i64 {
    let minor = work.currency().units_per_minor();
    let folio = work.folio(id);
    let free = (folio.book.purse.cash - folio.held).max(0);
    free - free % minor
}

/// Where in the ledger what is due of it stands.
pub(super) fn receivable_of(work: &mut Work<'_, '_>, row: &BillRow) -> Result<AccountId, EngineError> {
    if row.state == BillState::Uncollectible {
        return work.book_account(Chart::BadDebt);
    }
    row.receivable.ok_or_else(|| broken(format!("bill {} stands nowhere in the ledger", row.id)))
}

/// One step of a bill's life, written; what it leaves over for the balance.
pub(super) fn step(work: &mut Work<'_, '_>, row: &mut BillRow, event: BillEvent) -> Result<Money, Refused> {
    let life = BillLife::restore(row.state, row.dues(work.currency())).map_err(broken)?;
    let applied = life.apply(event).map_err(|error| match error {
        TransitionError::Contradiction { .. } | TransitionError::Money(_) => Refused::from(broken(error)),
        refused => Refused::new(RefusalCode::Conflict, refused.to_string()),
    })?;
    let overdue = |row: &BillRow| if row.state == BillState::Overdue { row.owed_units() } else { 0 };
    let (before, earlier) = (overdue(row), Before::of(row));
    row.state = applied.life.state();
    row.take_dues(applied.life.dues());
    row.number = work.tx.bill_write(row)?;
    if !matches!(row.state, BillState::Issued | BillState::Overdue) {
        work.tx.collecting_drop(row.id)?; // whatever becomes due of it again is not charged by itself
    }
    if overdue(row) != before {
        let folio = work.folio(row.account);
        folio.book.overdue = folio.book.overdue.saturating_sub(before).saturating_add(overdue(row));
        folio.stir();
        crate::standing::look_soon(work, row.account)?;
    }
    follow(work, row, earlier)?;
    Ok(applied.to_balance)
}

/// A bill, or a part of it, was paid and booked: it says so, and so do a receipt and, once nothing is due, an event.
pub(crate) fn settle(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &mut BillRow,
    amount: i64,
    method: &str,
    payment: Option<PaymentId>,
    transfer: Option<TransferId>,
) -> Result<(), Refused> {
    let paid = work.money(amount);
    step(work, row, BillEvent::Pay(paid))?;
    issue_receipt(work, payer, row, &Settled { amount, method, payment, transfer })?;
    tell_if_paid(work, row)?;
    if row.state == BillState::Paid { crate::orders::bill_paid(work, row.id) } else { Ok(()) }
}

/// One without a number yet is told by whoever gives it one.
pub(super) fn tell_if_paid(work: &mut Work<'_, '_>, row: &BillRow) -> Result<(), EngineError> {
    if row.state == BillState::Paid && !row.number.is_empty() {
        tell_bill(work, row, Event::BillPaid)?;
    }
    Ok(())
}

/// What of so much money pays bills past due, the oldest due first (R60).
pub(crate) fn past_due(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    money: i64,
) -> Result<Vec<(BillRow, i64)>, EngineError> {
    let (now, minor) = (work.now, work.currency().units_per_minor());
    let mut rest = money.max(0) - money.max(0) % minor;
    let mut owed = Vec::new();
    for row in work.tx.bills_open(account)? {
        let late = row.state == BillState::Overdue || row.due.is_some_and(|due| due <= now);
        let amount = row.owed_units().min(rest);
        if late && amount > 0 {
            rest -= amount;
            owed.push((row, amount));
        }
    }
    Ok(owed)
}

/// A payment for a bill has come: it pays what is due, and what is more is credited. The first transfer.
pub(crate) fn paid_by(work: &mut Work<'_, '_>, payer: &PayerRow, payment: &PaymentRow) -> Result<TransferId, Refused> {
    let now = work.now;
    let id = payment.bill.map(BillId::from_bytes).ok_or_else(|| broken("a payment for no bill"))?;
    let (mut row, _) = bill_locked(work, id)?;
    let payable = matches!(row.state, BillState::Issued | BillState::Overdue | BillState::Uncollectible);
    let amount = if payable { row.due_units().min(payment.net) } else { 0 };
    let mut cause = Some(CauseId::derive(Instant::EPOCH, &[b"payment", &payment.id.to_bytes()]));
    let mut transfer = None;
    if amount > 0 {
        let (receivable, commodity) = (receivable_of(work, &row)?, work.books()?.commodity);
        let provider = work.book_account(Chart::Provider(payment.provider.clone()))?;
        let first = work.ids.transfer(now);
        let mut ids = || first;
        let mut stamp = Stamp { ids: &mut ids, cause: cause.take(), effective: now.floor_second() };
        let facts = posting::BillPaid { commodity, paid_from: provider, receivable, amount };
        let command = match row.state {
            BillState::Uncollectible => posting::bill_recovered(&mut stamp, &facts),
            _ => posting::bill_paid(&mut stamp, &facts),
        };
        work.book(&[command])?;
        transfer = Some(first);
        let method = method_label(work, payment)?;
        settle(work, payer, &mut row, amount, &method, Some(payment.id), transfer)?;
    }
    let rest = payment.net - amount;
    if rest > 0 {
        let money = Incoming {
            payer,
            net: rest,
            tax: 0,
            assessed: "",
            provider: &payment.provider,
            cause: cause.take(),
            came: now,
            reference: Some(payment.id.to_string()),
            called: payment.id.to_string(),
            payment: Some(payment.id),
        };
        let first = book_incoming(work, &money)?;
        transfer.get_or_insert(first);
    }
    transfer.ok_or_else(|| Refused::from(broken("a payment of nothing")))
}
