//! An operator gives a bill up: nobody asks for it any more, and what is due of it is a bad debt. What is paid of it all the same is recovered.

use super::facts::{BillFacts, facts_of, tell_bill};
use super::pay_bill::{bill_locked, receivable_of, step};
use crate::asked::Note;
use crate::folio::Work;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::bill::{BillEvent, BillState};
use farthing_core::ledger::Chart;
use farthing_core::ledger::posting::{self, Stamp, WrittenOff};
use farthing_core::notice::Event;
use farthing_core::payment::BillId;
use serde_json::json;

impl Engine {
    pub fn write_off_bill(&self, cloud: &str, bill: BillId, reason: &str) -> Result<BillFacts, Refused> {
        let reason = reason.to_owned();
        self.ask("write_off_bill", cloud, move |work| write_off(work, bill, &reason))
    }
}

fn write_off(work: &mut Work<'_, '_>, bill: BillId, reason: &str) -> Result<BillFacts, Refused> {
    let (mut row, payer) = bill_locked(work, bill)?;
    if !matches!(row.state, BillState::Issued | BillState::Overdue) {
        let what = format!("bill {} is {}: there is nothing to give up", row.number, row.state);
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    if let Some(dispute) = work.tx.bill_dispute_open(row.id)? {
        let what = format!("dispute {} about bill {} is open: decide it first", dispute.id, row.number);
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    let amount = row.due_units();
    let (receivable, commodity) = (receivable_of(work, &row)?, work.books()?.commodity);
    let bad_debt = work.book_account(Chart::BadDebt)?;
    let mut fresh = work.stamp_ids();
    let mut stamp = Stamp { ids: &mut fresh, cause: None, effective: work.now.floor_second() };
    let command = posting::written_off(&mut stamp, &WrittenOff { commodity, bad_debt, receivable, amount });
    work.book(&[command])?;
    step(work, &mut row, BillEvent::WriteOff)?;
    let told = json!({ "bill": row.id.to_string(), "amount": work.money(amount).plain(), "reason": reason });
    work.notes.push(Note::new("bill.written_off", format!("account {}", payer.name)).became(&told));
    tell_bill(work, &row, Event::BillWrittenOff)?;
    work.reload(payer.id)?;
    Ok(facts_of(work.tx, &row)?)
}
