//! Invoices that customers ask for, and which charges they are about.

use crate::charges::charge_from;
use crate::{ChargeRow, Row, StoreError, Tx, Value};
use farthing_core::bill::RequestState;
use farthing_core::config::Name;
use farthing_core::ledger::{OwnerId, chain};
use farthing_core::payment::{BillId, InvoiceRequestId};
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceRequestRow {
    pub id: InvoiceRequestId,
    pub cloud: String,
    pub account: OwnerId,
    pub state: RequestState,
    /// Who it is for, and where it goes; one text.
    pub buyer: String,
    pub asked: Instant,
    /// By when it is to be issued.
    pub due: Option<Instant>,
    /// It was not by then, and somebody was told.
    pub late: bool,
    pub decided: Option<Instant>,
    /// What its charges come to.
    pub exact: i64,
    /// What of it the invoice says, in whole coins.
    pub total: i64,
    pub bill: Option<BillId>,
    /// Who decided, and what they noted.
    pub who: String,
    pub note: String,
}

/// A charge that an invoice was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoicedRow {
    pub account: OwnerId,
    pub charged: i64,
    pub request: InvoiceRequestId,
    pub amount: i64,
}

/// Which of a cloud's requests.
#[derive(Clone, Debug, Default)]
pub struct InvoiceRequestFilter {
    pub account: Option<OwnerId>,
    pub state: Option<RequestState>,
}

macro_rules! columns {
    () => {
        "id, cloud, account, state, buyer, asked, due, late, decided, exact, total, bill, who, note"
    };
}

macro_rules! charge {
    () => {
        "c.account, c.thing, c.part, c.began, c.number, c.day, c.ends, c.product, c.terms, c.list, c.net, c.paid, c.recorded, c.chained"
    };
}

impl InvoiceRequestRow {
    pub(crate) fn seal(&self) -> i64 {
        let micros = |at: Option<Instant>| at.map_or(i64::MIN, Instant::micros);
        let numbers = [
            self.account.0,
            self.asked.micros(),
            micros(self.due),
            i64::from(self.late),
            micros(self.decided),
            self.exact,
            self.total,
        ];
        let texts: [&[u8]; 7] = [
            &self.id.to_bytes(),
            self.cloud.as_bytes(),
            self.state.word().as_bytes(),
            self.buyer.as_bytes(),
            &self.bill.map(BillId::to_bytes).unwrap_or_default(),
            self.who.as_bytes(),
            self.note.as_bytes(),
        ];
        chain::seal_row(b"invoice_request", &numbers, &texts)
    }
}

impl Tx<'_> {
    pub fn invoice_request_insert(&mut self, row: &InvoiceRequestRow) -> Result<(), StoreError> {
        let bill = row.bill.map(BillId::to_bytes);
        self.execute(
            "INSERT INTO invoice_request (id, cloud, account, state, buyer, asked, due, late, decided, exact, total, bill, who, note, seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            &[
                row.id.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.account.0.into(),
                row.state.word().into(),
                row.buyer.as_str().into(),
                row.asked.micros().into(),
                row.due.map(Instant::micros).into(),
                i64::from(row.late).into(),
                row.decided.map(Instant::micros).into(),
                row.exact.into(),
                row.total.into(),
                bill.as_ref().map_or(Value::Null, |id| id.as_slice().into()),
                row.who.as_str().into(),
                row.note.as_str().into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// What has become of it.
    pub fn invoice_request_write(&mut self, row: &InvoiceRequestRow) -> Result<(), StoreError> {
        let bill = row.bill.map(BillId::to_bytes);
        self.execute(
            "UPDATE invoice_request SET state = $2, late = $3, decided = $4, exact = $5, total = $6, bill = $7, who = $8, note = $9, seal = $10
             WHERE id = $1",
            &[
                row.id.to_bytes().as_slice().into(),
                row.state.word().into(),
                i64::from(row.late).into(),
                row.decided.map(Instant::micros).into(),
                row.exact.into(),
                row.total.into(),
                bill.as_ref().map_or(Value::Null, |id| id.as_slice().into()),
                row.who.as_str().into(),
                row.note.as_str().into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    pub fn invoice_request(&mut self, id: InvoiceRequestId) -> Result<Option<InvoiceRequestRow>, StoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM invoice_request WHERE id = $1");
        self.one(sql, &[id.to_bytes().as_slice().into()], request_from)
    }

    /// A cloud's, the newest first: those before one, at most so many.
    pub fn invoice_requests(
        &mut self,
        cloud: &str,
        filter: &InvoiceRequestFilter,
        before: Option<InvoiceRequestId>,
        limit: i64,
    ) -> Result<Vec<InvoiceRequestRow>, StoreError> {
        let before = before.map_or([0xff; 16], InvoiceRequestId::to_bytes);
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM invoice_request WHERE cloud = $1 AND id < $2 AND (account = $3 OR $3 = 0) AND ($4 = '' OR state = $4)
                ORDER BY id DESC LIMIT $5"
        );
        self.rows(
            sql,
            &[
                cloud.into(),
                before.as_slice().into(),
                filter.account.map_or(0, |account| account.0).into(),
                filter.state.map_or("", RequestState::word).into(),
                limit.into(),
            ],
            request_from,
        )
    }

    /// Those that should have been issued by now, and of which nobody was told yet.
    pub fn invoice_requests_late(&mut self, at: Instant, most: i64) -> Result<Vec<InvoiceRequestRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM invoice_request WHERE state = 'asked' AND late = 0 AND due <= $1 ORDER BY due, id LIMIT $2"
        );
        self.rows(sql, &[at.micros().into(), most.into()], request_from)
    }

    /// What an account's issued invoices come to beyond what they say, in parts of a coin: the next one has it.
    pub fn invoices_carry(&mut self, account: OwnerId) -> Result<i64, StoreError> {
        let sql = "SELECT CAST(coalesce(sum(exact - total), 0) AS BIGINT) FROM invoice_request WHERE account = $1 AND state = 'issued'";
        Ok(self.one(sql, &[account.0.into()], |row| row.int(0))?.unwrap_or(0))
    }

    pub fn invoiced_insert(&mut self, rows: &[InvoicedRow]) -> Result<(), StoreError> {
        for row in rows {
            self.execute(
                "INSERT INTO invoiced (account, charged, request, amount) VALUES ($1, $2, $3, $4)",
                &[
                    row.account.0.into(),
                    row.charged.into(),
                    row.request.to_bytes().as_slice().into(),
                    row.amount.into(),
                ],
            )?;
        }
        Ok(())
    }

    /// It is not issued: its charges can be asked for again.
    pub fn invoiced_drop(&mut self, request: InvoiceRequestId) -> Result<(), StoreError> {
        self.execute("DELETE FROM invoiced WHERE request = $1", &[request.to_bytes().as_slice().into()])?;
        Ok(())
    }

    /// The charges of a request, in the order of sealing, each with what of it is invoiced.
    pub fn invoiced_of(&mut self, request: InvoiceRequestId) -> Result<Vec<(ChargeRow, i64)>, StoreError> {
        let sql = concat!(
            "SELECT ",
            charge!(),
            ", i.amount FROM invoiced i JOIN charge c ON c.account = i.account AND c.chained = i.charged
             WHERE i.request = $1 ORDER BY i.charged"
        );
        self.rows(sql, &[request.to_bytes().as_slice().into()], |row| Ok((charge_from(row)?, row.int(14)?)))
    }

    /// The charges of an account within a time of service that no invoice was asked for, in the order of sealing.
    pub fn not_invoiced(
        &mut self,
        account: OwnerId,
        from: Option<Instant>,
        to: Option<Instant>,
    ) -> Result<Vec<ChargeRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            charge!(),
            " FROM charge c LEFT JOIN invoiced i ON i.account = c.account AND i.charged = c.chained
             WHERE c.account = $1 AND i.request IS NULL AND c.day >= $2 AND c.day < $3 ORDER BY c.chained"
        );
        let micros = |at: Option<Instant>, otherwise: i64| at.map_or(otherwise, Instant::micros);
        self.rows(sql, &[account.0.into(), micros(from, 0).into(), micros(to, i64::MAX).into()], charge_from)
    }

    /// The requests with charges of a product for service within a time, the newest first.
    pub fn invoiced_within(
        &mut self,
        account: OwnerId,
        product: &Name,
        from: Instant,
        to: Instant,
    ) -> Result<Vec<(ChargeRow, InvoiceRequestId)>, StoreError> {
        let sql = concat!(
            "SELECT ",
            charge!(),
            ", i.request FROM invoiced i JOIN charge c ON c.account = i.account AND c.chained = i.charged
             WHERE i.account = $1 AND c.product = $2 AND c.day < $4 AND c.ends > $3 AND i.amount > 0 ORDER BY i.charged DESC"
        );
        self.rows(
            sql,
            &[account.0.into(), product.to_string().as_str().into(), from.micros().into(), to.micros().into()],
            |row| Ok((charge_from(row)?, InvoiceRequestId::from_bytes(row.bytes(14)?))),
        )
    }
}

pub(crate) fn request_from(row: &Row<'_>) -> Result<InvoiceRequestRow, StoreError> {
    let state = row.text(3)?;
    Ok(InvoiceRequestRow {
        id: InvoiceRequestId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        account: OwnerId(row.int(2)?),
        state: RequestState::parse(&state)
            .ok_or_else(|| StoreError::corrupt(format!("a request for an invoice with the state {state:?}")))?,
        buyer: row.text(4)?,
        asked: Instant::from_micros(row.int(5)?),
        due: row.opt_int(6)?.map(Instant::from_micros),
        late: row.int(7)? != 0,
        decided: row.opt_int(8)?.map(Instant::from_micros),
        exact: row.int(9)?,
        total: row.int(10)?,
        bill: row.opt_bytes(11)?.map(BillId::from_bytes),
        who: row.text(12)?,
        note: row.text(13)?,
    })
}
