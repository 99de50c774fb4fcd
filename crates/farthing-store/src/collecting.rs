//! Bills that could not be collected by themselves, and when that is tried again.

use crate::{Row, StoreError, Tx};
use farthing_core::ledger::OwnerId;
use farthing_core::payment::BillId;
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectingRow {
    pub bill: BillId,
    pub cloud: String,
    pub account: OwnerId,
    /// When it failed first.
    pub failed: Instant,
    /// When it was tried last: what has failed since is of this time.
    pub begun: Instant,
    /// How many of the policy's times are over.
    pub made: i64,
    /// None: a payment is under way, or no time is left.
    pub next_at: Option<Instant>,
}

impl Tx<'_> {
    /// Who writes it holds its account's lock.
    pub fn collecting_put(&mut self, row: &CollectingRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO collecting (bill, cloud, account, failed, begun, made, next_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (bill) DO UPDATE SET begun = excluded.begun, made = excluded.made, next_at = excluded.next_at",
            &[
                row.bill.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.account.0.into(),
                row.failed.micros().into(),
                row.begun.micros().into(),
                row.made.into(),
                row.next_at.map(Instant::micros).into(),
            ],
        )?;
        Ok(())
    }

    pub fn collecting(&mut self, bill: BillId) -> Result<Option<CollectingRow>, StoreError> {
        self.one(
            "SELECT bill, cloud, account, failed, begun, made, next_at FROM collecting WHERE bill = $1",
            &[bill.to_bytes().as_slice().into()],
            collecting_from,
        )
    }

    /// Nothing more is tried of it by itself.
    pub fn collecting_drop(&mut self, bill: BillId) -> Result<(), StoreError> {
        self.execute("DELETE FROM collecting WHERE bill = $1", &[bill.to_bytes().as_slice().into()])?;
        Ok(())
    }

    pub fn collecting_due(&mut self, now: Instant, most: i64) -> Result<Vec<CollectingRow>, StoreError> {
        self.rows(
            "SELECT bill, cloud, account, failed, begun, made, next_at FROM collecting WHERE next_at <= $1 ORDER BY next_at, bill LIMIT $2",
            &[now.micros().into(), most.into()],
            collecting_from,
        )
    }
}

fn collecting_from(row: &Row<'_>) -> Result<CollectingRow, StoreError> {
    Ok(CollectingRow {
        bill: BillId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        account: OwnerId(row.int(2)?),
        failed: Instant::from_micros(row.int(3)?),
        begun: Instant::from_micros(row.int(4)?),
        made: row.int(5)?,
        next_at: row.opt_int(6)?.map(Instant::from_micros),
    })
}
