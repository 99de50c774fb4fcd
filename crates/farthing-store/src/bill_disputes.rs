//! What customers say is wrong about their bills, and what was decided.

use crate::{Row, StoreError, Tx};
use farthing_core::bill::DisputeState;
use farthing_core::ledger::{OwnerId, chain};
use farthing_core::payment::{BillDisputeId, BillId};
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillDisputeRow {
    pub id: BillDisputeId,
    pub cloud: String,
    pub account: OwnerId,
    pub bill: BillId,
    pub amount: i64,
    pub reason: String,
    pub opened: Instant,
    pub state: DisputeState,
    pub decided: Option<Instant>,
    /// What the bill was credited by, with its tax.
    pub granted: i64,
    /// Who decided, and what they noted.
    pub who: String,
    pub note: String,
}

/// Which of a cloud's disputes.
#[derive(Clone, Debug, Default)]
pub struct BillDisputeFilter {
    pub account: Option<OwnerId>,
    pub bill: Option<BillId>,
    pub state: Option<DisputeState>,
}

macro_rules! columns {
    () => {
        "id, cloud, account, bill, amount, reason, opened, state, decided, granted, who, note"
    };
}

impl BillDisputeRow {
    pub(crate) fn seal(&self) -> i64 {
        let numbers = [
            self.account.0,
            self.amount,
            self.opened.micros(),
            self.decided.map_or(i64::MIN, Instant::micros),
            self.granted,
        ];
        let texts: [&[u8]; 7] = [
            &self.id.to_bytes(),
            self.cloud.as_bytes(),
            &self.bill.to_bytes(),
            self.reason.as_bytes(),
            self.state.word().as_bytes(),
            self.who.as_bytes(),
            self.note.as_bytes(),
        ];
        chain::seal_row(b"bill_dispute", &numbers, &texts)
    }
}

impl Tx<'_> {
    pub fn bill_dispute_insert(&mut self, row: &BillDisputeRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO bill_dispute (id, cloud, account, bill, amount, reason, opened, state, decided, granted, who, note, seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            &[
                row.id.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.account.0.into(),
                row.bill.to_bytes().as_slice().into(),
                row.amount.into(),
                row.reason.as_str().into(),
                row.opened.micros().into(),
                row.state.word().into(),
                row.decided.map(Instant::micros).into(),
                row.granted.into(),
                row.who.as_str().into(),
                row.note.as_str().into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// What was decided.
    pub fn bill_dispute_write(&mut self, row: &BillDisputeRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE bill_dispute SET state = $2, decided = $3, granted = $4, who = $5, note = $6, seal = $7 WHERE id = $1",
            &[
                row.id.to_bytes().as_slice().into(),
                row.state.word().into(),
                row.decided.map(Instant::micros).into(),
                row.granted.into(),
                row.who.as_str().into(),
                row.note.as_str().into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    pub fn bill_dispute(&mut self, id: BillDisputeId) -> Result<Option<BillDisputeRow>, StoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM bill_dispute WHERE id = $1");
        self.one(sql, &[id.to_bytes().as_slice().into()], dispute_from)
    }

    /// The one that is open about a bill.
    pub fn bill_dispute_open(&mut self, bill: BillId) -> Result<Option<BillDisputeRow>, StoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM bill_dispute WHERE bill = $1 AND state = 'open'");
        self.one(sql, &[bill.to_bytes().as_slice().into()], dispute_from)
    }

    /// A cloud's, the newest first: those before one, at most so many.
    pub fn bill_disputes(
        &mut self,
        cloud: &str,
        filter: &BillDisputeFilter,
        before: Option<BillDisputeId>,
        limit: i64,
    ) -> Result<Vec<BillDisputeRow>, StoreError> {
        let before = before.map_or([0xff; 16], BillDisputeId::to_bytes);
        let bill = filter.bill.map_or_else(Vec::new, |bill| bill.to_bytes().to_vec());
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM bill_dispute WHERE cloud = $1 AND id < $2 AND (account = $3 OR $3 = 0) AND ($4 = '' OR state = $4)
                AND (bill = $5 OR length($5) = 0) ORDER BY id DESC LIMIT $6"
        );
        self.rows(
            sql,
            &[
                cloud.into(),
                before.as_slice().into(),
                filter.account.map_or(0, |account| account.0).into(),
                filter.state.map_or("", DisputeState::word).into(),
                bill.as_slice().into(),
                limit.into(),
            ],
            dispute_from,
        )
    }
}

pub(crate) fn dispute_from(row: &Row<'_>) -> Result<BillDisputeRow, StoreError> {
    let state = row.text(7)?;
    Ok(BillDisputeRow {
        id: BillDisputeId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        account: OwnerId(row.int(2)?),
        bill: BillId::from_bytes(row.bytes(3)?),
        amount: row.int(4)?,
        reason: row.text(5)?,
        opened: Instant::from_micros(row.int(6)?),
        state: DisputeState::parse(&state)
            .ok_or_else(|| StoreError::corrupt(format!("a dispute with the state {state:?}")))?,
        decided: row.opt_int(8)?.map(Instant::from_micros),
        granted: row.int(9)?,
        who: row.text(10)?,
        note: row.text(11)?,
    })
}
