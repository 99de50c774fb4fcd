//! Refunds as they were asked for, and their parts, each of which goes to one payment.

use crate::{Row, StoreError, Tx};
use farthing_core::ledger::{OwnerId, TransferId};
use farthing_core::payment::{PartState, PaymentId, RefundId, RefundState};
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRow {
    pub id: RefundId,
    pub cloud: String,
    pub account: OwnerId,
    /// What its caller calls it, given once a cloud; may be empty.
    pub once: String,
    /// Net.
    pub amount: i64,
    pub state: RefundState,
    pub reason: String,
    pub asked: Instant,
    pub decided: Option<Instant>,
    /// Who decided, and what they noted.
    pub who: String,
    pub note: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundPartRow {
    pub refund: RefundId,
    pub part: i64,
    pub payment: PaymentId,
    pub net: i64,
    pub tax: i64,
    pub state: PartState,
    /// What the provider calls it; may be empty.
    pub reference: String,
    /// The first transfer that took it off the balance.
    pub transfer: TransferId,
}

/// Which of a cloud's refunds.
#[derive(Clone, Debug, Default)]
pub struct RefundFilter {
    pub account: Option<OwnerId>,
    pub state: Option<RefundState>,
}

impl Tx<'_> {
    pub fn refund_insert(&mut self, row: &RefundRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO refund (id, cloud, account, once, amount, state, reason, asked, decided, who, note)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            &[
                row.id.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.account.0.into(),
                row.once.as_str().into(),
                row.amount.into(),
                row.state.name().into(),
                row.reason.as_str().into(),
                row.asked.micros().into(),
                row.decided.map(Instant::micros).into(),
                row.who.as_str().into(),
                row.note.as_str().into(),
            ],
        )?;
        Ok(())
    }

    pub fn refund_write(&mut self, row: &RefundRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE refund SET state = $2, decided = $3, who = $4, note = $5 WHERE id = $1",
            &[
                row.id.to_bytes().as_slice().into(),
                row.state.name().into(),
                row.decided.map(Instant::micros).into(),
                row.who.as_str().into(),
                row.note.as_str().into(),
            ],
        )?;
        Ok(())
    }

    /// Who changes it holds its account's lock.
    pub fn refund(&mut self, id: RefundId) -> Result<Option<RefundRow>, StoreError> {
        self.one(
            "SELECT id, cloud, account, once, amount, state, reason, asked, decided, who, note FROM refund WHERE id = $1",
            &[id.to_bytes().as_slice().into()],
            refund_from,
        )
    }

    pub fn refund_by_once(&mut self, cloud: &str, once: &str) -> Result<Option<RefundRow>, StoreError> {
        self.one(
            "SELECT id, cloud, account, once, amount, state, reason, asked, decided, who, note FROM refund
             WHERE cloud = $1 AND once = $2 AND once <> ''",
            &[cloud.into(), once.into()],
            refund_from,
        )
    }

    /// A cloud's refunds, the newest first: those before one, at most so many.
    pub fn refunds(
        &mut self,
        cloud: &str,
        filter: &RefundFilter,
        before: Option<RefundId>,
        limit: i64,
    ) -> Result<Vec<RefundRow>, StoreError> {
        let before = before.map_or([0xff; 16], RefundId::to_bytes);
        let state = filter.state.map_or("", RefundState::name);
        let (any, account) = (filter.account.is_none(), filter.account.map_or(0, |account| account.0));
        self.rows(
            "SELECT id, cloud, account, once, amount, state, reason, asked, decided, who, note FROM refund
             WHERE cloud = $1 AND id < $2 AND ($3 = '' OR state = $3) AND ($4 OR account = $5) ORDER BY id DESC LIMIT $6",
            &[cloud.into(), before.as_slice().into(), state.into(), any.into(), account.into(), limit.into()],
            refund_from,
        )
    }

    pub fn refund_part_insert(&mut self, row: &RefundPartRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO refund_part (refund, part, payment, net, tax, state, reference, transfer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                row.refund.to_bytes().as_slice().into(),
                row.part.into(),
                row.payment.to_bytes().as_slice().into(),
                row.net.into(),
                row.tax.into(),
                row.state.name().into(),
                row.reference.as_str().into(),
                row.transfer.get().into(),
            ],
        )?;
        Ok(())
    }

    pub fn refund_part_write(&mut self, row: &RefundPartRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE refund_part SET state = $3, reference = $4 WHERE refund = $1 AND part = $2",
            &[
                row.refund.to_bytes().as_slice().into(),
                row.part.into(),
                row.state.name().into(),
                row.reference.as_str().into(),
            ],
        )?;
        Ok(())
    }

    pub fn refund_parts(&mut self, refund: RefundId) -> Result<Vec<RefundPartRow>, StoreError> {
        self.rows(
            "SELECT refund, part, payment, net, tax, state, reference, transfer FROM refund_part WHERE refund = $1 ORDER BY part",
            &[refund.to_bytes().as_slice().into()],
            part_from,
        )
    }

    /// What of a payment has gone back, or is on its way.
    pub fn refund_parts_of_payment(&mut self, payment: PaymentId) -> Result<Vec<RefundPartRow>, StoreError> {
        self.rows(
            "SELECT refund, part, payment, net, tax, state, reference, transfer FROM refund_part WHERE payment = $1 ORDER BY refund, part",
            &[payment.to_bytes().as_slice().into()],
            part_from,
        )
    }

    /// Parts that a provider calls so.
    pub fn refund_parts_by_reference(&mut self, reference: &str) -> Result<Vec<RefundPartRow>, StoreError> {
        self.rows(
            "SELECT refund, part, payment, net, tax, state, reference, transfer FROM refund_part
             WHERE reference = $1 AND reference <> '' ORDER BY refund, part",
            &[reference.into()],
            part_from,
        )
    }
}

fn refund_from(row: &Row<'_>) -> Result<RefundRow, StoreError> {
    let state = row.text(5)?;
    Ok(RefundRow {
        id: RefundId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        account: OwnerId(row.int(2)?),
        once: row.text(3)?,
        amount: row.int(4)?,
        state: RefundState::parse(&state).ok_or_else(|| StoreError::corrupt(format!("a refund that is {state:?}")))?,
        reason: row.text(6)?,
        asked: Instant::from_micros(row.int(7)?),
        decided: row.opt_int(8)?.map(Instant::from_micros),
        who: row.text(9)?,
        note: row.text(10)?,
    })
}

fn part_from(row: &Row<'_>) -> Result<RefundPartRow, StoreError> {
    let state = row.text(5)?;
    let wrong = || StoreError::corrupt(format!("a part of a refund that is {state:?}"));
    Ok(RefundPartRow {
        refund: RefundId::from_bytes(row.bytes(0)?),
        part: row.int(1)?,
        payment: PaymentId::from_bytes(row.bytes(2)?),
        net: row.int(3)?,
        tax: row.int(4)?,
        state: PartState::parse(&state).ok_or_else(wrong)?,
        reference: row.text(6)?,
        transfer: TransferId::from_i64(row.int(7)?)
            .ok_or_else(|| StoreError::corrupt("a part of a refund without a transfer"))?,
    })
}
