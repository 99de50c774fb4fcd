//! Bills, receipts and credit notes, and the numbers they are given. Who changes a bill holds its account's lock; who gives numbers holds a
//! series' lock, and writes nothing but them: so each has a seal of its own, and neither undoes what the other wrote.

use crate::{Column, Row, StoreError, Tx, Value};
use farthing_core::bill::{BillState, DocumentKind, Dues};
use farthing_core::ledger::{AccountId, OwnerId, TransferId, chain};
use farthing_core::money::{Currency, Money};
use farthing_core::payment::{BillId, PaymentId};
use farthing_core::time::Instant;

pub type BillKind = DocumentKind;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillRow {
    pub id: BillId,
    pub cloud: String,
    pub account: OwnerId,
    pub kind: BillKind,
    /// What it is counted with.
    pub series: String,
    /// Its place in the series; 0: it has no number yet.
    pub seq: i64,
    /// Empty: it has none yet.
    pub number: String,
    /// Of a receipt or a credit note: paid, because nothing is due of it.
    pub state: BillState,
    /// The order of issue.
    pub place: i64,
    pub issued: Instant,
    pub due: Option<Instant>,
    pub net: i64,
    pub tax: i64,
    pub total: i64,
    pub paid: i64,
    pub refunded: i64,
    pub charged_back: i64,
    pub credited: i64,
    pub given_back: i64,
    pub rolled: i64,
    /// The bill that a receipt or a credit note is about.
    pub of: Option<BillId>,
    pub payment: Option<PaymentId>,
    /// Where it stands in the ledger.
    pub receivable: Option<AccountId>,
    /// The first transfer of what it is about.
    pub transfer: Option<TransferId>,
    /// Lines, groups and parties, as they were.
    pub body: String,
    /// What of its due an open dispute is about.
    pub disputed: i64,
}

/// Which of a cloud's documents.
#[derive(Clone, Debug, Default)]
pub struct BillFilter {
    pub account: Option<OwnerId>,
    pub kind: Option<BillKind>,
    pub state: Option<BillState>,
}

impl BillRow {
    pub fn dues(&self, currency: Currency) -> Dues {
        let money = |units| Money::from_units(units, currency);
        Dues {
            total: money(self.total),
            paid: money(self.paid),
            refunded: money(self.refunded),
            charged_back: money(self.charged_back),
            credited: money(self.credited),
            given_back: money(self.given_back),
            rolled: money(self.rolled),
            disputed: money(self.disputed),
        }
    }

    pub fn take_dues(&mut self, dues: &Dues) {
        self.total = dues.total.units();
        self.paid = dues.paid.units();
        self.refunded = dues.refunded.units();
        self.charged_back = dues.charged_back.units();
        self.credited = dues.credited.units();
        self.given_back = dues.given_back.units();
        self.rolled = dues.rolled.units();
        self.disputed = dues.disputed.units();
    }

    /// What is due of a bill.
    pub fn due_units(&self) -> i64 {
        let held = self.paid.saturating_sub(self.refunded).saturating_sub(self.charged_back);
        let settled = held.saturating_add(self.credited).saturating_add(self.rolled);
        self.total.saturating_add(self.given_back).saturating_sub(settled)
    }

    /// What is asked for: not what a dispute is about.
    pub fn owed_units(&self) -> i64 {
        self.due_units().saturating_sub(self.disputed)
    }

    /// Of all but the number.
    pub fn seal(&self) -> i64 {
        let numbers = [
            self.account.0,
            self.place,
            self.issued.micros(),
            self.due.map_or(i64::MIN, Instant::micros),
            self.net,
            self.tax,
            self.total,
            self.paid,
            self.refunded,
            self.charged_back,
            self.credited,
            self.given_back,
            self.rolled,
            self.disputed,
            self.receivable.map_or(0, |account| account.0),
            self.transfer.map_or(0, TransferId::get),
        ];
        let texts: [&[u8]; 8] = [
            &self.id.to_bytes(),
            self.cloud.as_bytes(),
            self.kind.word().as_bytes(),
            self.series.as_bytes(),
            self.state.word().as_bytes(),
            &self.of.map(BillId::to_bytes).unwrap_or_default(),
            &self.payment.map(PaymentId::to_bytes).unwrap_or_default(),
            self.body.as_bytes(),
        ];
        chain::seal_row(b"bill", &numbers, &texts)
    }

    pub fn number_seal(&self) -> i64 {
        let texts: [&[u8]; 4] =
            [&self.id.to_bytes(), self.cloud.as_bytes(), self.series.as_bytes(), self.number.as_bytes()];
        chain::seal_row(b"bill_number", &[self.seq], &texts)
    }
}

/// What is read, in this order.
macro_rules! columns {
    () => {
        "id, cloud, account, kind, series, seq, number, state, place, issued, due, net, tax, total, paid, refunded, charged_back, credited,
            given_back, rolled, of, payment, receivable, transfer, body, disputed"
    };
}

impl Tx<'_> {
    pub fn bill_insert(&mut self, row: &BillRow) -> Result<(), StoreError> {
        let (of, payment) = (row.of.map(BillId::to_bytes), row.payment.map(PaymentId::to_bytes));
        self.execute(
            "INSERT INTO bill (id, cloud, account, kind, series, seq, number, state, place, issued, due, net, tax, total, paid, refunded,
                charged_back, credited, given_back, rolled, of, payment, receivable, transfer, body, disputed, seal, number_seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
                $26, $27, $28)",
            &[
                row.id.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.account.0.into(),
                row.kind.word().into(),
                row.series.as_str().into(),
                row.seq.into(),
                row.number.as_str().into(),
                row.state.word().into(),
                row.place.into(),
                row.issued.micros().into(),
                row.due.map(Instant::micros).into(),
                row.net.into(),
                row.tax.into(),
                row.total.into(),
                row.paid.into(),
                row.refunded.into(),
                row.charged_back.into(),
                row.credited.into(),
                row.given_back.into(),
                row.rolled.into(),
                of.as_ref().map_or(Value::Null, |id| id.as_slice().into()),
                payment.as_ref().map_or(Value::Null, |id| id.as_slice().into()),
                row.receivable.map(|account| account.0).into(),
                row.transfer.map(TransferId::get).into(),
                row.body.as_str().into(),
                row.disputed.into(),
                row.seal().into(),
                row.number_seal().into(),
            ],
        )?;
        Ok(())
    }

    /// What becomes of it; not its number. Which number it has by then: whoever gives it one meanwhile waits for this row, or has given it.
    pub fn bill_write(&mut self, row: &BillRow) -> Result<String, StoreError> {
        let number = self.one(
            "UPDATE bill SET state = $2, paid = $3, refunded = $4, charged_back = $5, credited = $6, given_back = $7, rolled = $8, disputed = $9, seal = $10
             WHERE id = $1 RETURNING number",
            &[
                row.id.to_bytes().as_slice().into(),
                row.state.word().into(),
                row.paid.into(),
                row.refunded.into(),
                row.charged_back.into(),
                row.credited.into(),
                row.given_back.into(),
                row.rolled.into(),
                row.disputed.into(),
                row.seal().into(),
            ],
            |row| row.text(0),
        )?;
        number.ok_or_else(|| StoreError::corrupt(format!("bill {} is gone", row.id)))
    }

    pub fn bill(&mut self, id: BillId) -> Result<Option<BillRow>, StoreError> {
        self.one(
            concat!("SELECT ", columns!(), " FROM bill WHERE id = $1"),
            &[id.to_bytes().as_slice().into()],
            bill_from,
        )
    }

    pub fn bill_by_number(&mut self, cloud: &str, number: &str) -> Result<Option<BillRow>, StoreError> {
        self.one(
            concat!("SELECT ", columns!(), " FROM bill WHERE cloud = $1 AND number = $2 AND number <> ''"),
            &[cloud.into(), number.into()],
            bill_from,
        )
    }

    /// A cloud's documents, the newest first: those before one, at most so many.
    pub fn bills(
        &mut self,
        cloud: &str,
        filter: &BillFilter,
        before: Option<BillId>,
        limit: i64,
    ) -> Result<Vec<BillRow>, StoreError> {
        let before = before.map_or([0xff; 16], BillId::to_bytes);
        let (kind, state) = (filter.kind.map_or("", DocumentKind::word), filter.state.map_or("", BillState::word));
        match filter.account {
            Some(account) => self.rows(
                concat!("SELECT ", columns!(), " FROM bill WHERE account = $1 AND id < $2 AND ($3 = '' OR kind = $3) AND ($4 = '' OR (state = $4 AND kind = 'bill')) AND cloud = $5 ORDER BY id DESC LIMIT $6"),
                &[
                    account.0.into(),
                    before.as_slice().into(),
                    kind.into(),
                    state.into(),
                    cloud.into(),
                    limit.into(),
                ],
                bill_from,
            ),
            None => self.rows(
                concat!("SELECT ", columns!(), " FROM bill WHERE cloud = $1 AND id < $2 AND ($3 = '' OR kind = $3) AND ($4 = '' OR (state = $4 AND kind = 'bill')) ORDER BY id DESC LIMIT $5"),
                &[cloud.into(), before.as_slice().into(), kind.into(), state.into(), limit.into()],
                bill_from,
            ),
        }
    }

    /// Bills of an account with something due, in order of due time, those without one last.
    pub fn bills_open(&mut self, account: OwnerId) -> Result<Vec<BillRow>, StoreError> {
        let mut rows = self.rows(
            concat!("SELECT ", columns!(), " FROM bill WHERE account = $1 AND (state = 'issued' OR state = 'overdue')"),
            &[account.0.into()],
            bill_from,
        )?;
        rows.sort_by_key(|row| (row.due.map_or(i64::MAX, Instant::micros), row.place));
        Ok(rows)
    }

    /// Every bill of a cloud with something due, in order of due time, those without one last.
    pub fn bills_owed(&mut self, cloud: &str) -> Result<Vec<BillRow>, StoreError> {
        let mut rows = self.rows(
            concat!("SELECT ", columns!(), " FROM bill WHERE cloud = $1 AND (state = 'issued' OR state = 'overdue')"),
            &[cloud.into()],
            bill_from,
        )?;
        rows.sort_by_key(|row| (row.due.map_or(i64::MAX, Instant::micros), row.place));
        Ok(rows)
    }

    /// What is owed of these accounts' bills whose time to pay is over; those that owe nothing are not among them.
    pub fn bills_overdue(&mut self, accounts: &[OwnerId]) -> Result<Vec<(OwnerId, i64)>, StoreError> {
        self.bulk_rows(
            "SELECT b.account, CAST(sum(b.total + b.given_back - b.paid + b.refunded + b.charged_back - b.credited - b.rolled - b.disputed) AS BIGINT)
             FROM {bulk} JOIN bill b ON b.account = bulk.c1 WHERE b.state = 'overdue' GROUP BY b.account",
            vec![crate::payers::ids_column(accounts)],
            |row| Ok((OwnerId(row.int(0)?), row.int(1)?)),
        )
    }

    /// The last of an account's bills that was rolled into the next.
    pub fn bill_rolled_last(&mut self, account: OwnerId) -> Result<Option<BillRow>, StoreError> {
        self.one(
            concat!(
                "SELECT ",
                columns!(),
                " FROM bill WHERE account = $1 AND state = 'rolled' ORDER BY place DESC LIMIT 1"
            ),
            &[account.0.into()],
            bill_from,
        )
    }

    /// Receipts and credit notes of a bill, in order of issue.
    pub fn bills_about(&mut self, of: BillId) -> Result<Vec<BillRow>, StoreError> {
        self.rows(
            concat!("SELECT ", columns!(), " FROM bill WHERE of = $1 ORDER BY place"),
            &[of.to_bytes().as_slice().into()],
            bill_from,
        )
    }

    /// Invoices that a payment brought about, in order of issue.
    pub fn bills_of_payment(&mut self, payment: PaymentId) -> Result<Vec<BillRow>, StoreError> {
        self.rows(
            concat!("SELECT ", columns!(), " FROM bill WHERE payment = $1 AND kind = 'bill' ORDER BY place"),
            &[payment.to_bytes().as_slice().into()],
            bill_from,
        )
    }

    /// Bills whose time to pay is over, and which do not say so yet: the cloud, the account, the bill.
    pub fn bills_past_due(&mut self, at: Instant, most: i64) -> Result<Vec<(String, OwnerId, BillId)>, StoreError> {
        self.rows(
            "SELECT cloud, account, id FROM bill WHERE state = 'issued' AND due IS NOT NULL AND due <= $1 ORDER BY due, id LIMIT $2",
            &[at.micros().into(), most.into()],
            |row| Ok((row.text(0)?, OwnerId(row.int(1)?), BillId::from_bytes(row.bytes(2)?))),
        )
    }

    // --- Numbers

    /// Series of a cloud in which documents wait for numbers: bills first, since the others name theirs.
    pub fn bill_series_waiting(&mut self, cloud: &str) -> Result<Vec<String>, StoreError> {
        self.rows(
            "SELECT series, min(kind) FROM bill WHERE cloud = $1 AND number = '' GROUP BY series ORDER BY 2, 1",
            &[cloud.into()],
            |row| row.text(0),
        )
    }

    /// Takes a series, until this transaction ends: how many numbers it has given.
    pub fn number_series_take(&mut self, cloud: &str, series: &str) -> Result<i64, StoreError> {
        self.execute(
            "INSERT INTO number_series (cloud, series, counted) VALUES ($1, $2, 0) ON CONFLICT (cloud, series) DO NOTHING",
            &[cloud.into(), series.into()],
        )?;
        let counted = self.one(
            "SELECT n.counted FROM number_series n WHERE n.cloud = $1 AND n.series = $2 {lock n}",
            &[cloud.into(), series.into()],
            |row| row.int(0),
        )?;
        counted.ok_or_else(|| StoreError::corrupt("a series of numbers is gone"))
    }

    pub fn number_series_count(&mut self, cloud: &str, series: &str, counted: i64) -> Result<(), StoreError> {
        self.execute(
            "UPDATE number_series SET counted = $3 WHERE cloud = $1 AND series = $2",
            &[cloud.into(), series.into(), counted.into()],
        )?;
        Ok(())
    }

    /// Documents of a series that wait for their numbers, in order of issue, locked; those about a bill once that has one.
    pub fn bills_unnumbered(&mut self, cloud: &str, series: &str, most: i64) -> Result<Vec<BillRow>, StoreError> {
        self.rows(
            "SELECT b.id, b.cloud, b.account, b.kind, b.series, b.seq, b.number, b.state, b.place, b.issued, b.due, b.net, b.tax, b.total,
                b.paid, b.refunded, b.charged_back, b.credited, b.given_back, b.rolled, b.of, b.payment, b.receivable, b.transfer, b.body, b.disputed
             FROM bill b WHERE b.cloud = $1 AND b.series = $2 AND b.number = ''
                AND (b.of IS NULL OR EXISTS (SELECT 1 FROM bill o WHERE o.id = b.of AND o.number <> ''))
             ORDER BY b.place LIMIT $3 {lock b}",
            &[cloud.into(), series.into(), most.into()],
            bill_from,
        )
    }

    pub fn bill_numbers_write(&mut self, rows: &[BillRow]) -> Result<(), StoreError> {
        self.bulk_execute(
            "UPDATE bill SET seq = bulk.c2, number = bulk.c3, number_seal = bulk.c4 FROM {bulk} WHERE bill.id = bulk.c1",
            vec![
                Column::Id(rows.iter().map(|row| row.id.to_bytes()).collect()),
                Column::Int(rows.iter().map(|row| row.seq).collect()),
                Column::joined(&rows.iter().map(|row| row.number.as_str()).collect::<Vec<_>>()),
                Column::Int(rows.iter().map(BillRow::number_seal).collect()),
            ],
        )?;
        Ok(())
    }
}

pub(crate) fn bill_from(row: &Row<'_>) -> Result<BillRow, StoreError> {
    let wrong = |what: &str, text: &str| StoreError::corrupt(format!("a bill with the {what} {text:?}"));
    let (kind, state) = (row.text(3)?, row.text(7)?);
    Ok(BillRow {
        id: BillId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        account: OwnerId(row.int(2)?),
        kind: DocumentKind::ALL.into_iter().find(|known| known.word() == kind).ok_or_else(|| wrong("kind", &kind))?,
        series: row.text(4)?,
        seq: row.int(5)?,
        number: row.text(6)?,
        state: BillState::ALL.into_iter().find(|known| known.word() == state).ok_or_else(|| wrong("state", &state))?,
        place: row.int(8)?,
        issued: Instant::from_micros(row.int(9)?),
        due: row.opt_int(10)?.map(Instant::from_micros),
        net: row.int(11)?,
        tax: row.int(12)?,
        total: row.int(13)?,
        paid: row.int(14)?,
        refunded: row.int(15)?,
        charged_back: row.int(16)?,
        credited: row.int(17)?,
        given_back: row.int(18)?,
        rolled: row.int(19)?,
        of: row.opt_bytes(20)?.map(BillId::from_bytes),
        payment: row.opt_bytes(21)?.map(PaymentId::from_bytes),
        receivable: row.opt_int(22)?.map(AccountId),
        transfer: row.opt_int(23)?.and_then(TransferId::from_i64),
        body: row.text(24)?,
        disputed: row.int(25)?,
    })
}
