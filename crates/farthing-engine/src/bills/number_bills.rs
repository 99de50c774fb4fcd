//! Gives documents their numbers: without a gap, each once, in order of issue, and tells of each that has one.
//!
//! Issuing takes no number, so that accounts which are billed at the same time never wait for each other. Whoever has issued something
//! comes here after it is committed, and so does whatever is due, in case they died in between. A series' row is
//! locked while its documents are numbered; a transaction that fails gives no number away. Nobody who holds an account's
//! lock ever waits for a series: this touches documents only.

use super::body::currency_of;
use super::facts::told_of;
use super::issue::format_of;
use crate::tell::{self, Notice};
use crate::{Engine, EngineError};
use farthing_core::bank::matching::number_keys;
use farthing_core::bill::BillState;
use farthing_core::ledger::OwnerId;
use farthing_core::notice::Event;
use farthing_store::{BillKind, BillRow, Tx};
use std::collections::{BTreeMap, BTreeSet};

/// Documents in one transaction.
const BATCH: i64 = 256;

impl Engine {
    /// How many were numbered.
    pub fn number_bills(&self, cloud: &str) -> Result<usize, EngineError> {
        let mut count = 0;
        loop {
            let series = self.store.read("bill_series_waiting", |tx| tx.bill_series_waiting(cloud))?;
            let mut numbered = 0;
            for series in series {
                numbered += self.number_series(cloud, series)?;
            }
            if numbered == 0 {
                return Ok(count);
            }
            count += numbered;
        }
    }

    fn number_series(&self, cloud: &str, series: String) -> Result<usize, EngineError> {
        let (cloud, clock, ids, clouds) = (cloud.to_owned(), self.clock.clone(), self.ids.clone(), self.clouds.clone());
        self.store.write("number_bills", move |tx| {
            let now = clock.now()?;
            let Some(book) = clouds.get(tx, &cloud)? else { return Ok(0) };
            let mut counted = tx.number_series_take(&cloud, &series)?;
            let mut rows = tx.bills_unnumbered(&cloud, &series, BATCH)?;
            let numbered = rows.len();
            let ids_of: BTreeSet<OwnerId> = rows.iter().map(|row| row.account).collect();
            let payers = tx.payers(&ids_of.into_iter().collect::<Vec<_>>())?;
            let names: BTreeMap<OwnerId, String> = payers.into_iter().map(|payer| (payer.id, payer.name)).collect();
            let mut notices = Vec::with_capacity(numbered);
            for row in &mut rows {
                counted += 1;
                let policy = &book.profile_at(row.issued)?.policy;
                let (format, on) = format_of(policy, row.issued)?;
                let seq = u64::try_from(counted).map_err(super::broken)?;
                row.number = if format.series(row.kind, on) == row.series {
                    format.render(row.kind, on, seq)
                } else {
                    // The configuration of that day was corrected since: the series stays what it was.
                    row.series.replace("{seq}", &seq.to_string())
                };
                row.seq = counted;
                if row.kind == BillKind::Bill && policy.bank.is_some() {
                    tx.bill_keys_put(&cloud, &number_keys(&row.number), row.id)?;
                }
                let account = names.get(&row.account).cloned().unwrap_or_default();
                tell_of(tx, row, account, policy.alerts.bill_issued, &mut notices)?;
            }
            tx.bill_numbers_write(&rows)?;
            tx.number_series_count(&cloud, &series, counted)?;
            tell::write(tx, &cloud, &ids, now, &notices)?;
            Ok::<_, EngineError>(numbered)
        })
    }
}

/// `reminds`: who has something to pay is written to at once (R53); where the policy says not to, only reminders come.
fn tell_of(
    tx: &mut Tx<'_>,
    row: &BillRow,
    account: String,
    reminds: bool,
    notices: &mut Vec<Notice>,
) -> Result<(), EngineError> {
    let told = told_of(tx, row, account, currency_of(&row.body)?)?;
    let mut tell = |event, mailed| notices.push(Notice { event, at: row.issued, account: Some(row.account), mailed });
    match row.kind {
        BillKind::Bill => {
            tell(Event::BillIssued(told.clone()), reminds || row.due_units() == 0);
            // Who paid it before it had its number could not tell. What a top-up has paid is no news.
            if row.state == BillState::Paid && row.receivable.is_some() {
                tell(Event::BillPaid(told), true);
            }
        }
        BillKind::Receipt => tell(Event::ReceiptIssued(told), true),
        BillKind::CreditNote => tell(Event::CreditNoteIssued(told), true),
        BillKind::Invoice => tell(Event::InvoiceIssued(told), true),
        BillKind::Statement => tell(Event::StatementIssued(told), false),
    }
    Ok(())
}
