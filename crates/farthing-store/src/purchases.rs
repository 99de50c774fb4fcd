//! Orders: what somebody wants to have, what it was quoted at, and what became of it.

use crate::{Row, StoreError, Tx, Value};
use farthing_core::ledger::{OwnerId, TransferId, chain};
use farthing_core::payment::BillId;
use farthing_core::term::{OrderId, OrderKind, OrderState};
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchaseRow {
    pub id: OrderId,
    pub cloud: String,
    pub account: OwnerId,
    /// Its maker's name for it: what it makes or changes is called so too.
    pub name: String,
    /// In the order in which they were made.
    pub number: i64,
    pub kind: OrderKind,
    pub state: OrderState,
    pub ordered: Instant,
    /// Paid by then, or made by then; none: it waits for nothing.
    pub valid_until: Option<Instant>,
    /// What was ordered and quoted, as a text that is written once.
    pub asked: String,
    /// What it costs, without tax, coupons not taken off.
    pub amount: i64,
    pub bill: Option<BillId>,
    /// What free credit and coupons paid of it, and what money did; without tax.
    pub credit: i64,
    pub cash: i64,
    /// What paid it beside its bill, to be reversed should it be voided.
    pub transfers: Vec<TransferId>,
    /// What it is paid with once money has come in, as text; empty: nothing.
    pub awaits: String,
    /// Why it ended as it did; may be empty.
    pub why: String,
    pub changed: Instant,
}

impl PurchaseRow {
    /// Of what was ordered; what becomes of it is told by its events and the ledger.
    pub fn seal(&self) -> i64 {
        let numbers = [self.account.0, self.number, self.ordered.micros(), self.amount];
        let texts = [
            self.cloud.as_bytes(),
            self.name.as_bytes(),
            self.kind.name().as_bytes(),
            self.asked.as_bytes(),
            &self.id.to_bytes(),
        ];
        chain::seal_row(b"purchase", &numbers, &texts)
    }

    fn transfers_text(&self) -> String {
        self.transfers.iter().map(|id| id.get().to_string()).collect::<Vec<_>>().join(" ")
    }
}

/// What is read and written, in this order.
macro_rules! columns {
    () => {
        "id, cloud, account, name, number, kind, state, ordered, valid_until, asked, amount, bill, credit, cash, transfers, awaits, why, changed"
    };
}

impl Tx<'_> {
    pub fn purchase_insert(&mut self, row: &PurchaseRow) -> Result<(), StoreError> {
        let transfers = row.transfers_text();
        let bill = row.bill.map(BillId::to_bytes);
        self.execute(
            concat!(
                "INSERT INTO purchase (",
                columns!(),
                ", seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
            ),
            &[
                row.id.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.account.0.into(),
                row.name.as_str().into(),
                row.number.into(),
                row.kind.name().into(),
                row.state.name().into(),
                row.ordered.micros().into(),
                row.valid_until.map(Instant::micros).into(),
                row.asked.as_str().into(),
                row.amount.into(),
                bill.as_ref().map_or(Value::Null, |id| id.as_slice().into()),
                row.credit.into(),
                row.cash.into(),
                transfers.as_str().into(),
                row.awaits.as_str().into(),
                row.why.as_str().into(),
                row.changed.micros().into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// Who writes it holds its account's lock.
    pub fn purchase_write(&mut self, row: &PurchaseRow) -> Result<(), StoreError> {
        let transfers = row.transfers_text();
        let bill = row.bill.map(BillId::to_bytes);
        self.execute(
            "UPDATE purchase SET state = $2, valid_until = $3, bill = $4, credit = $5, cash = $6, transfers = $7, awaits = $8, why = $9,
                    changed = $10 WHERE id = $1",
            &[
                row.id.to_bytes().as_slice().into(),
                row.state.name().into(),
                row.valid_until.map(Instant::micros).into(),
                bill.as_ref().map_or(Value::Null, |id| id.as_slice().into()),
                row.credit.into(),
                row.cash.into(),
                transfers.as_str().into(),
                row.awaits.as_str().into(),
                row.why.as_str().into(),
                row.changed.micros().into(),
            ],
        )?;
        Ok(())
    }

    pub fn purchase(&mut self, id: OrderId) -> Result<Option<PurchaseRow>, StoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM purchase WHERE id = $1");
        self.one(sql, &[id.to_bytes().as_slice().into()], purchase_from)
    }

    /// The newest of that name.
    pub fn purchase_by_name(&mut self, cloud: &str, name: &str) -> Result<Option<PurchaseRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM purchase WHERE cloud = $1 AND name = $2 ORDER BY number DESC LIMIT 1"
        );
        self.one(sql, &[cloud.into(), name.into()], purchase_from)
    }

    pub fn purchase_of_bill(&mut self, bill: BillId) -> Result<Option<PurchaseRow>, StoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM purchase WHERE bill = $1");
        self.one(sql, &[bill.to_bytes().as_slice().into()], purchase_from)
    }

    /// A bill was issued anew: orders wait for the new one.
    pub fn purchases_rebill(&mut self, from: BillId, to: BillId) -> Result<(), StoreError> {
        self.execute(
            "UPDATE purchase SET bill = $2 WHERE bill = $1",
            &[from.to_bytes().as_slice().into(), to.to_bytes().as_slice().into()],
        )?;
        Ok(())
    }

    /// A cloud's orders, the newest first: those before a number.
    pub fn purchases(
        &mut self,
        cloud: &str,
        account: Option<OwnerId>,
        state: Option<OrderState>,
        before: i64,
        most: i64,
    ) -> Result<Vec<PurchaseRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM purchase WHERE cloud = $1 AND ($2 OR account = $3) AND ($4 = '' OR state = $4) AND number < $5
             ORDER BY number DESC LIMIT $6"
        );
        let (any, account) = (account.is_none(), account.map_or(0, |account| account.0));
        let state = state.map_or("", OrderState::name);
        self.rows(
            sql,
            &[cloud.into(), any.into(), account.into(), state.into(), before.into(), most.into()],
            purchase_from,
        )
    }

    /// Those of an account that are to be paid once money has come in, the oldest first.
    pub fn purchases_awaiting(&mut self, cloud: &str, account: OwnerId) -> Result<Vec<PurchaseRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM purchase WHERE cloud = $1 AND account = $2 AND state = 'due' AND awaits <> '' ORDER BY number"
        );
        self.rows(sql, &[cloud.into(), account.0.into()], purchase_from)
    }

    /// Which orders' time is over, of which clouds and accounts.
    pub fn purchases_due(
        &mut self,
        now: Instant,
        most: i64,
    ) -> Result<Vec<(OrderId, String, OwnerId, Instant)>, StoreError> {
        self.rows(
            "SELECT id, cloud, account, valid_until FROM purchase WHERE valid_until <= $1 ORDER BY valid_until, id LIMIT $2",
            &[now.micros().into(), most.into()],
            |row| {
                let at = Instant::from_micros(row.int(3)?);
                Ok((OrderId::from_bytes(row.bytes(0)?), row.text(1)?, OwnerId(row.int(2)?), at))
            },
        )
    }
}

pub(crate) fn purchase_from(row: &Row<'_>) -> Result<PurchaseRow, StoreError> {
    let (kind, state, transfers) = (row.text(5)?, row.text(6)?, row.text(14)?);
    let transfer = |text: &str| {
        let id = text.parse().ok().and_then(TransferId::from_i64);
        id.ok_or_else(|| StoreError::corrupt(format!("an order that was paid by {text:?}")))
    };
    Ok(PurchaseRow {
        id: OrderId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        account: OwnerId(row.int(2)?),
        name: row.text(3)?,
        number: row.int(4)?,
        kind: OrderKind::parse(&kind).ok_or_else(|| StoreError::corrupt(format!("an order of kind {kind:?}")))?,
        state: OrderState::parse(&state).ok_or_else(|| StoreError::corrupt(format!("an order that is {state:?}")))?,
        ordered: Instant::from_micros(row.int(7)?),
        valid_until: row.opt_int(8)?.map(Instant::from_micros),
        asked: row.text(9)?,
        amount: row.int(10)?,
        bill: row.opt_bytes(11)?.map(BillId::from_bytes),
        credit: row.int(12)?,
        cash: row.int(13)?,
        transfers: transfers.split_ascii_whitespace().map(transfer).collect::<Result<_, _>>()?,
        awaits: row.text(15)?,
        why: row.text(16)?,
        changed: Instant::from_micros(row.int(17)?),
    })
}
