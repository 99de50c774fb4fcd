//! A customer says that something of a bill is wrong (R55): while that is looked at, nobody asks for so much of it, and it is not late. An operator
//! decides: what is right about it is credited, the rest is owed again.

use super::broken;
use super::credit_by_hand::{credit_amount, was_asked_for};
use super::issue::deadline;
use super::pay_bill::{bill_locked, step};
use crate::asked::Note;
use crate::folio::Work;
use crate::top_up::positive;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::bill::{BillEvent, DisputeState};
use farthing_core::money::Money;
use farthing_core::notice::{BillDisputeTold, Event};
use farthing_core::payment::{BillDisputeId, BillId};
use farthing_core::time::Instant;
use farthing_store::{BillDisputeFilter, BillDisputeRow, BillRow, PayerRow, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What is said to be wrong.
#[derive(Clone, Debug)]
pub struct NewBillDispute {
    pub bill: BillId,
    /// With tax. None: all that is owed of it, or where nothing is, all that it asked for.
    pub amount: Option<Money>,
    pub reason: String,
}

/// How a dispute ends.
#[derive(Clone, Debug)]
pub enum Decision {
    /// So much is credited, with tax. None: all that was disputed.
    Grant(Option<Money>),
    Refuse,
    /// Whoever opened it takes it back.
    Withdraw,
}

/// A dispute as it is told. Amounts are in units of the currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillDisputeFacts {
    pub id: String,
    pub account: String,
    pub bill: String,
    /// Of the bill.
    pub number: String,
    pub amount: i64,
    pub reason: String,
    /// Microseconds since 1970.
    pub opened: i64,
    pub state: String,
    pub decided: Option<i64>,
    /// What the bill was credited by.
    pub granted: i64,
    pub who: String,
    pub note: String,
}

impl Engine {
    pub fn dispute_bill(&self, cloud: &str, wanted: &NewBillDispute) -> Result<BillDisputeFacts, Refused> {
        let wanted = wanted.clone();
        self.ask("dispute_bill", cloud, move |work| open(work, &wanted))
    }

    pub fn decide_bill_dispute(
        &self,
        cloud: &str,
        id: BillDisputeId,
        decision: &Decision,
        note: &str,
    ) -> Result<BillDisputeFacts, Refused> {
        let (decision, note, who) = (decision.clone(), note.to_owned(), self.who());
        self.ask("decide_bill_dispute", cloud, move |work| decide(work, id, &decision, (&who, &note)))
    }

    pub fn bill_dispute(&self, cloud: &str, id: BillDisputeId) -> Result<BillDisputeFacts, Refused> {
        self.store.read("bill_dispute", |tx| {
            let missing = || Refused::not_found("dispute", &id.to_string());
            let row = tx.bill_dispute(id)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?;
            Ok(facts_of(tx, &row)?)
        })
    }

    /// A cloud's, the newest first: those before one, at most so many.
    pub fn bill_disputes(
        &self,
        cloud: &str,
        (account, bill): (Option<&str>, Option<BillId>),
        state: Option<DisputeState>,
        before: Option<BillDisputeId>,
        limit: usize,
    ) -> Result<Vec<BillDisputeFacts>, Refused> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.store.read("bill_disputes", |tx| {
            let known = |tx: &mut Tx<'_>, name: &str| {
                Ok::<_, Refused>(tx.payer_by_name(cloud, name)?.ok_or_else(|| Refused::not_found("account", name))?.id)
            };
            let account = account.map(|name| known(tx, name)).transpose()?;
            let rows = tx.bill_disputes(cloud, &BillDisputeFilter { account, bill, state }, before, limit)?;
            rows.iter().map(|row| Ok(facts_of(tx, row)?)).collect()
        })
    }
}

/// Until when a bill can be disputed; none: its policy knows no disputes.
pub(super) fn disputable_until(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &BillRow,
) -> Result<Option<Instant>, EngineError> {
    let Some(window) = work.policy_at(row.issued)?.bill.dispute_window else { return Ok(None) };
    // It may have been issued later than it says.
    let came = Instant::from_micros(i64::try_from(row.id.time_ms()).map_err(broken)?.saturating_mul(1_000));
    Ok(Some(deadline(work, payer, window, row.issued.max(came))?))
}

fn open(work: &mut Work<'_, '_>, wanted: &NewBillDispute) -> Result<BillDisputeFacts, Refused> {
    let (mut row, payer) = bill_locked(work, wanted.bill)?;
    was_asked_for(&row)?;
    let now = work.now;
    let Some(until) = disputable_until(work, &payer, &row)? else {
        let what = "bills cannot be disputed: bill.dispute_window is not set";
        return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
    };
    if now >= until {
        let what = format!("bill {} could be disputed until {until}: it counts as accepted", row.number);
        return Err(Refused::new(RefusalCode::Expired, what));
    }
    if let Some(other) = work.tx.bill_dispute_open(row.id)? {
        let what = format!("dispute {} about bill {} is open: withdraw it, or wait for its end", other.id, row.number);
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    let most = row.total.saturating_sub(row.credited);
    let amount = match wanted.amount {
        Some(amount) => positive(work, amount)?,
        None if row.owed_units() > 0 => row.owed_units(),
        None => most,
    };
    if amount > most {
        let what = format!("bill {} asked for {}: dispute as much, or less", row.number, work.money(most).plain());
        return Err(Refused::new(RefusalCode::AboveMaximum, what));
    }
    let event = BillEvent::Dispute(work.money(amount));
    step(work, &mut row, event)?;
    let dispute = BillDisputeRow {
        id: work.ids.id(now),
        cloud: row.cloud.clone(),
        account: row.account,
        bill: row.id,
        amount,
        reason: wanted.reason.clone(),
        opened: now,
        state: DisputeState::Open,
        decided: None,
        granted: 0,
        who: String::new(),
        note: String::new(),
    };
    work.tx.bill_dispute_insert(&dispute)?;
    let told =
        json!({ "dispute": dispute.id.to_string(), "amount": work.money(amount).plain(), "reason": wanted.reason });
    work.notes.push(Note::new("bill.disputed", format!("account {}", payer.name)).became(&told));
    let facts = facts_of(work.tx, &dispute)?;
    let told = told_of(work, &facts);
    work.tell(Some(payer.id), Event::BillDisputed(told));
    Ok(facts)
}

fn decide(
    work: &mut Work<'_, '_>,
    id: BillDisputeId,
    decision: &Decision,
    (who, note): (&str, &str),
) -> Result<BillDisputeFacts, Refused> {
    let missing = || Refused::not_found("dispute", &id.to_string());
    let cloud = work.cloud.id.clone();
    let bill = work.tx.bill_dispute(id)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?.bill;
    let (mut row, payer) = bill_locked(work, bill)?;
    let mut dispute = work.tx.bill_dispute(id)?.ok_or_else(missing)?; // as it is now that the account is locked
    if dispute.state != DisputeState::Open {
        let what = format!("dispute {id} is {} already", dispute.state.word());
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    dispute.state = match decision {
        Decision::Grant(amount) => {
            let granted = match amount {
                Some(amount) => positive(work, *amount)?,
                None => dispute.amount,
            };
            if granted > dispute.amount {
                let what = format!("{} is disputed: grant as much, or less", work.money(dispute.amount).plain());
                return Err(Refused::new(RefusalCode::AboveMaximum, what));
            }
            let reason = if note.is_empty() { &dispute.reason } else { note };
            credit_amount(work, &payer, &mut row, granted, reason)?;
            dispute.granted = granted;
            DisputeState::Granted
        }
        Decision::Refuse => DisputeState::Refused,
        Decision::Withdraw => DisputeState::Withdrawn,
    };
    step(work, &mut row, BillEvent::EndDispute)?;
    (dispute.decided, dispute.who, dispute.note) = (Some(work.now), who.to_owned(), note.to_owned());
    work.tx.bill_dispute_write(&dispute)?;
    let told = json!({ "dispute": id.to_string(), "state": dispute.state.word(), "granted": work.money(dispute.granted).plain() });
    work.notes.push(Note::new("bill.dispute_ended", format!("account {}", payer.name)).became(&told));
    let facts = facts_of(work.tx, &dispute)?;
    let told = told_of(work, &facts);
    work.tell(Some(payer.id), Event::BillDisputeEnded(told));
    work.reload(payer.id)?;
    Ok(facts)
}

fn told_of(work: &Work<'_, '_>, facts: &BillDisputeFacts) -> BillDisputeTold {
    BillDisputeTold {
        account: facts.account.clone(),
        bill: facts.bill.clone(),
        number: facts.number.clone(),
        dispute: facts.id.clone(),
        amount: work.money(facts.amount),
        granted: work.money(facts.granted),
        state: facts.state.clone(),
        reason: facts.reason.clone(),
        note: facts.note.clone(),
    }
}

fn facts_of(tx: &mut Tx<'_>, row: &BillDisputeRow) -> Result<BillDisputeFacts, EngineError> {
    let account = tx.payer_name(row.account)?;
    let bill = tx.bill(row.bill)?.ok_or_else(|| broken(format!("bill {} is gone", row.bill)))?;
    Ok(BillDisputeFacts {
        id: row.id.to_string(),
        account,
        bill: row.bill.to_string(),
        number: bill.number,
        amount: row.amount,
        reason: row.reason.clone(),
        opened: row.opened.micros(),
        state: row.state.word().to_owned(),
        decided: row.decided.map(Instant::micros),
        granted: row.granted,
        who: row.who.clone(),
        note: row.note.clone(),
    })
}
