//! An operator gives up a part of a bill: a credit note says so, what is due is lowered first, and the rest is the balance's.

use super::body::Body;
use super::credit_note::{Credited, credit_bill};
use super::facts::{BillFacts, facts_of};
use super::issue::notes_about;
use super::pay_bill::{bill_locked, step};
use crate::asked::Note;
use crate::folio::Work;
use crate::top_up::positive;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::bill::{BillEvent, CreditOf, plan_credit_note};
use farthing_core::money::Money;
use farthing_core::payment::BillId;
use farthing_store::{BillRow, PayerRow};
use serde_json::json;

impl Engine {
    /// Credits a bill by so much with its tax, or by all that is left to credit of it.
    pub fn credit_bill(
        &self,
        cloud: &str,
        bill: BillId,
        amount: Option<Money>,
        reason: &str,
    ) -> Result<BillFacts, Refused> {
        let reason = reason.to_owned();
        self.ask("credit_bill", cloud, move |work| {
            let (mut row, payer) = bill_locked(work, bill)?;
            let amount = match amount {
                Some(amount) => positive(work, amount)?,
                None => row.total.saturating_sub(row.credited),
            };
            credit_amount(work, &payer, &mut row, amount, &reason)?;
            let told = json!({ "bill": row.id.to_string(), "amount": work.money(amount).plain(), "reason": reason });
            work.notes.push(Note::new("bill.credited", format!("account {}", payer.name)).became(&told));
            work.reload(payer.id)?;
            Ok(facts_of(work.tx, &row)?)
        })
    }
}

/// An invoice of money that came in asks for nothing: what is wrong about it goes back with the money.
pub(super) fn was_asked_for(row: &BillRow) -> Result<(), Refused> {
    if row.receivable.is_some() {
        return Ok(());
    }
    let what = format!("bill {} is of money that was paid in: give that back instead", row.number);
    Err(Refused::new(RefusalCode::Conflict, what))
}

/// With its tax, of all lines alike.
pub(super) fn credit_amount(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &mut BillRow,
    amount: i64,
    reason: &str,
) -> Result<(), Refused> {
    was_asked_for(row)?;
    let body = Body::parse(&row.body)?;
    let notes: Vec<Body> = notes_about(work, row)?.into_iter().map(|(_, body)| body).collect();
    let (money, due) = (work.money(amount), work.money(row.due_units()));
    let plan = plan_credit_note(&body.creditable(&notes)?, CreditOf::Amount(money), due)
        .map_err(|error| Refused::new(RefusalCode::Conflict, error.to_string()))?;
    let credited = Credited { plan: &plan, of: &body, reason, payment: None, transfer: None };
    credit_bill(work, payer, row, &credited)?;
    step(work, row, BillEvent::Credit(money))?;
    Ok(())
}
