//! The bank: files from it and for it, movements of the cloud's own account, what is asked of it. Who changes a movement of nobody's holds its row;
//! who changes what is an account's holds that account's lock too.

use crate::{Row, StoreError, Tx, Value};
use farthing_core::bank::{BankFileId, BankRowId, FileKind, Nature, OrderKind, OrderState, RowState, Scheme};
use farthing_core::ledger::{OwnerId, TransferId, chain};
use farthing_core::payment::{MethodId, PaymentId};
use farthing_core::time::{CivilDate, Instant};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankFileRow {
    pub id: BankFileId,
    pub cloud: String,
    pub kind: FileKind,
    pub name: String,
    /// Of what came in; empty: it is for the bank.
    pub digest: String,
    pub at: Instant,
    pub rows: i64,
    /// Of them, those that nobody had told before.
    pub fresh: i64,
    pub total: i64,
    pub who: String,
}

/// A movement. Its texts are as the bank tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankRow {
    pub id: BankRowId,
    pub cloud: String,
    pub file: BankFileId,
    /// The cloud's own account.
    pub own: String,
    pub identity: String,
    pub booked: CivilDate,
    pub amount: i64,
    pub nature: Nature,
    pub bank_reference: String,
    pub name: String,
    pub iban: String,
    pub text: String,
    pub reference: String,
    pub end_to_end: String,
    pub batch: String,
    pub mandate: String,
    pub reason: String,
    pub fee: i64,
    pub state: RowState,
    /// Whose it is.
    pub account: Option<OwnerId>,
    /// How that is known; of one that waits, why it does.
    pub why: String,
    /// Who said so; empty: nobody had to.
    pub who: String,
    pub told: Instant,
    pub changed: Instant,
    /// What booked it against suspense.
    pub transfer: TransferId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MandateRow {
    pub method: MethodId,
    pub cloud: String,
    pub account: OwnerId,
    pub holder: String,
    pub iban: String,
    pub bic: String,
    pub scheme: Scheme,
    pub signed: CivilDate,
    /// When it was first collected by, and last.
    pub first_used: Option<CivilDate>,
    pub last_used: Option<CivilDate>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankOrderRow {
    pub cloud: String,
    /// What the bank knows it by.
    pub end_to_end: String,
    pub kind: OrderKind,
    pub account: Option<OwnerId>,
    /// The payment, refund or movement.
    pub subject: [u8; 16],
    /// Of a refund.
    pub part: i64,
    pub amount: i64,
    /// Of a debit, once a file asks for it.
    pub due: Option<CivilDate>,
    pub name: String,
    pub iban: String,
    pub bic: String,
    /// What the other side reads.
    pub text: String,
    pub state: OrderState,
    pub file: Option<BankFileId>,
    pub batch: String,
}

impl BankRow {
    pub(crate) fn seal(&self) -> i64 {
        let numbers = [
            self.amount,
            self.fee,
            self.account.map_or(0, |account| account.0),
            self.told.micros(),
            self.transfer.get(),
        ];
        let (id, booked) = (self.id.to_bytes(), self.booked.to_string());
        let texts: [&[u8]; 16] = [
            &id,
            self.cloud.as_bytes(),
            self.own.as_bytes(),
            self.identity.as_bytes(),
            booked.as_bytes(),
            self.nature.name().as_bytes(),
            self.bank_reference.as_bytes(),
            self.name.as_bytes(),
            self.iban.as_bytes(),
            self.text.as_bytes(),
            self.reference.as_bytes(),
            self.end_to_end.as_bytes(),
            self.batch.as_bytes(),
            self.mandate.as_bytes(),
            self.reason.as_bytes(),
            self.state.name().as_bytes(),
        ];
        chain::seal_row(b"bank_row", &numbers, &texts)
    }
}

impl Tx<'_> {
    // --- Files

    pub fn bank_file_insert(&mut self, row: &BankFileRow, body: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO bank_file (id, cloud, kind, name, digest, at, rows, fresh, total, who, body)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            &[
                row.id.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.kind.name().into(),
                row.name.as_str().into(),
                row.digest.as_str().into(),
                row.at.micros().into(),
                row.rows.into(),
                row.fresh.into(),
                row.total.into(),
                row.who.as_str().into(),
                body.into(),
            ],
        )?;
        Ok(())
    }

    /// The same file, where it has come before.
    pub fn bank_file_by_digest(&mut self, cloud: &str, digest: &str) -> Result<Option<BankFileRow>, StoreError> {
        self.one(
            "SELECT id, cloud, kind, name, digest, at, rows, fresh, total, who FROM bank_file
             WHERE cloud = $1 AND digest = $2 AND digest <> ''",
            &[cloud.into(), digest.into()],
            file_from,
        )
    }

    /// A cloud's files, the newest first: those before one, at most so many.
    pub fn bank_files(
        &mut self,
        cloud: &str,
        before: Option<BankFileId>,
        limit: i64,
    ) -> Result<Vec<BankFileRow>, StoreError> {
        let before = before.map_or([0xff; 16], BankFileId::to_bytes);
        self.rows(
            "SELECT id, cloud, kind, name, digest, at, rows, fresh, total, who FROM bank_file
             WHERE cloud = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
            &[cloud.into(), before.as_slice().into(), limit.into()],
            file_from,
        )
    }

    /// One with what is sent to the bank.
    pub fn bank_file(&mut self, id: BankFileId) -> Result<Option<(BankFileRow, String)>, StoreError> {
        self.one(
            "SELECT id, cloud, kind, name, digest, at, rows, fresh, total, who, body FROM bank_file WHERE id = $1",
            &[id.to_bytes().as_slice().into()],
            |row| Ok((file_from(row)?, row.text(10)?)),
        )
    }

    // --- Movements

    /// Writes a movement; false: it was told before.
    pub fn bank_row_insert(&mut self, row: &BankRow) -> Result<bool, StoreError> {
        let written = self.execute(
            "INSERT INTO bank_row (id, cloud, file, own, identity, booked, amount, nature, bank_reference, name, iban, text, reference,
                end_to_end, batch, mandate, reason, fee, state, account, why, who, told, changed, transfer, seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)
             ON CONFLICT (cloud, own, identity) DO NOTHING",
            &[
                row.id.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.file.to_bytes().as_slice().into(),
                row.own.as_str().into(),
                row.identity.as_str().into(),
                row.booked.to_string().as_str().into(),
                row.amount.into(),
                row.nature.name().into(),
                row.bank_reference.as_str().into(),
                row.name.as_str().into(),
                row.iban.as_str().into(),
                row.text.as_str().into(),
                row.reference.as_str().into(),
                row.end_to_end.as_str().into(),
                row.batch.as_str().into(),
                row.mandate.as_str().into(),
                row.reason.as_str().into(),
                row.fee.into(),
                row.state.name().into(),
                row.account.map(|account| account.0).into(),
                row.why.as_str().into(),
                row.who.as_str().into(),
                row.told.micros().into(),
                row.changed.micros().into(),
                row.transfer.get().into(),
                row.seal().into(),
            ],
        )?;
        Ok(written > 0)
    }

    /// What becomes of it.
    pub fn bank_row_write(&mut self, row: &BankRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE bank_row SET state = $2, account = $3, why = $4, who = $5, changed = $6, seal = $7 WHERE id = $1",
            &[
                row.id.to_bytes().as_slice().into(),
                row.state.name().into(),
                row.account.map(|account| account.0).into(),
                row.why.as_str().into(),
                row.who.as_str().into(),
                row.changed.micros().into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// A movement, held until the end of the transaction: who changes it reads it by this.
    pub fn bank_row_locked(&mut self, id: BankRowId) -> Result<Option<BankRow>, StoreError> {
        self.one(
            "SELECT b.id, b.cloud, b.file, b.own, b.identity, b.booked, b.amount, b.nature, b.bank_reference, b.name, b.iban, b.text,
                b.reference, b.end_to_end, b.batch, b.mandate, b.reason, b.fee, b.state, b.account, b.why, b.who, b.told, b.changed,
                b.transfer
             FROM bank_row b WHERE b.id = $1 {lock b}",
            &[id.to_bytes().as_slice().into()],
            bank_row_from,
        )
    }

    pub fn bank_row(&mut self, id: BankRowId) -> Result<Option<BankRow>, StoreError> {
        self.one(
            "SELECT id, cloud, file, own, identity, booked, amount, nature, bank_reference, name, iban, text,
                reference, end_to_end, batch, mandate, reason, fee, state, account, why, who, told, changed, transfer
             FROM bank_row WHERE id = $1",
            &[id.to_bytes().as_slice().into()],
            bank_row_from,
        )
    }

    /// Movements that nobody has looked at yet, in the order in which they were told, at most so many.
    pub fn bank_rows_new(&mut self, cloud: &str, limit: i64) -> Result<Vec<BankRowId>, StoreError> {
        self.rows(
            "SELECT id FROM bank_row WHERE cloud = $1 AND state = 'new' ORDER BY transfer LIMIT $2",
            &[cloud.into(), limit.into()],
            |row| Ok(BankRowId::from_bytes(row.bytes(0)?)),
        )
    }

    /// A cloud's movements, the newest first: those before one, at most so many; of one state, of one account.
    pub fn bank_rows(
        &mut self,
        cloud: &str,
        state: Option<RowState>,
        account: Option<OwnerId>,
        before: Option<BankRowId>,
        limit: i64,
    ) -> Result<Vec<BankRow>, StoreError> {
        let before = before.map_or([0xff; 16], BankRowId::to_bytes);
        let (any, account) = (account.is_none(), account.map_or(0, |account| account.0));
        if state == Some(RowState::Waiting) && any {
            return self.rows(
                "SELECT id, cloud, file, own, identity, booked, amount, nature, bank_reference, name, iban, text,
                    reference, end_to_end, batch, mandate, reason, fee, state, account, why, who, told, changed, transfer
                 FROM bank_row WHERE cloud = $1 AND state = 'waiting' AND id < $2 ORDER BY id DESC LIMIT $3",
                &[cloud.into(), before.as_slice().into(), limit.into()],
                bank_row_from,
            );
        }
        self.rows(
            "SELECT id, cloud, file, own, identity, booked, amount, nature, bank_reference, name, iban, text,
                reference, end_to_end, batch, mandate, reason, fee, state, account, why, who, told, changed, transfer
             FROM bank_row WHERE cloud = $1 AND id < $2 AND ($3 = '' OR state = $3) AND ($4 OR account = $5)
             ORDER BY id DESC LIMIT $6",
            &[
                cloud.into(),
                before.as_slice().into(),
                state.map_or("", RowState::name).into(),
                any.into(),
                account.into(),
                limit.into(),
            ],
            bank_row_from,
        )
    }

    /// Whose the money from this account at a bank was before, and how often.
    pub fn bank_payers(&mut self, cloud: &str, iban: &str) -> Result<Vec<(OwnerId, i64)>, StoreError> {
        self.rows(
            "SELECT account, count(*) FROM bank_row WHERE cloud = $1 AND iban = $2 AND state = 'matched' AND iban <> ''
                AND account IS NOT NULL GROUP BY account ORDER BY account",
            &[cloud.into(), iban.into()],
            |row| Ok((OwnerId(row.int(0)?), row.int(1)?)),
        )
    }

    // --- Codes

    pub fn transfer_code_of(&mut self, account: OwnerId) -> Result<Option<String>, StoreError> {
        self.one("SELECT code FROM transfer_code WHERE account = $1", &[account.0.into()], |row| row.text(0))
    }

    /// Gives an account its code; false: another has this one, or the account has one.
    pub fn transfer_code_put(&mut self, cloud: &str, code: &str, account: OwnerId) -> Result<bool, StoreError> {
        let written = self.execute(
            "INSERT INTO transfer_code (cloud, code, account) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            &[cloud.into(), code.into(), account.0.into()],
        )?;
        Ok(written > 0)
    }

    pub fn transfer_code_owner(&mut self, cloud: &str, code: &str) -> Result<Option<OwnerId>, StoreError> {
        self.one(
            "SELECT account FROM transfer_code WHERE cloud = $1 AND code = $2",
            &[cloud.into(), code.into()],
            |row| Ok(OwnerId(row.int(0)?)),
        )
    }

    // --- Mandates

    pub fn mandate_insert(&mut self, row: &MandateRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO mandate (method, cloud, account, holder, iban, bic, scheme, signed, first_used, last_used)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                row.method.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.account.0.into(),
                row.holder.as_str().into(),
                row.iban.as_str().into(),
                row.bic.as_str().into(),
                row.scheme.name().into(),
                row.signed.to_string().as_str().into(),
                date_text(row.first_used).as_str().into(),
                date_text(row.last_used).as_str().into(),
            ],
        )?;
        Ok(())
    }

    /// That it was used, or that its first use came to nothing.
    pub fn mandate_write(&mut self, row: &MandateRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE mandate SET first_used = $2, last_used = $3 WHERE method = $1",
            &[
                row.method.to_bytes().as_slice().into(),
                date_text(row.first_used).as_str().into(),
                date_text(row.last_used).as_str().into(),
            ],
        )?;
        Ok(())
    }

    pub fn mandate(&mut self, method: MethodId) -> Result<Option<MandateRow>, StoreError> {
        self.one(
            "SELECT method, cloud, account, holder, iban, bic, scheme, signed, first_used, last_used
             FROM mandate WHERE method = $1",
            &[method.to_bytes().as_slice().into()],
            mandate_from,
        )
    }

    // --- Debits that were announced

    pub fn announced_put(
        &mut self,
        payment: PaymentId,
        cloud: &str,
        account: OwnerId,
        at: Instant,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO announced (payment, cloud, account, at) VALUES ($1, $2, $3, $4)",
            &[payment.to_bytes().as_slice().into(), cloud.into(), account.0.into(), at.micros().into()],
        )?;
        Ok(())
    }

    pub fn announced_of(&mut self, payment: PaymentId) -> Result<Option<Instant>, StoreError> {
        self.one("SELECT at FROM announced WHERE payment = $1", &[payment.to_bytes().as_slice().into()], |row| {
            Ok(Instant::from_micros(row.int(0)?))
        })
    }

    /// It waits no more; false: it did not.
    pub fn announced_drop(&mut self, payment: PaymentId) -> Result<bool, StoreError> {
        let dropped =
            self.execute("DELETE FROM announced WHERE payment = $1", &[payment.to_bytes().as_slice().into()])?;
        Ok(dropped > 0)
    }

    /// Those whose time has come, in order.
    pub fn announced_due(&mut self, now: Instant, limit: i64) -> Result<Vec<(String, OwnerId, PaymentId)>, StoreError> {
        self.rows(
            "SELECT cloud, account, payment FROM announced WHERE at <= $1 ORDER BY at, payment LIMIT $2",
            &[now.micros().into(), limit.into()],
            |row| Ok((row.text(0)?, OwnerId(row.int(1)?), PaymentId::from_bytes(row.bytes(2)?))),
        )
    }

    // --- Orders

    /// Writes what the bank is to be asked for; false: it is there.
    pub fn bank_order_insert(&mut self, row: &BankOrderRow) -> Result<bool, StoreError> {
        let file = row.file.map(BankFileId::to_bytes);
        let written = self.execute(
            "INSERT INTO bank_order (cloud, end_to_end, kind, account, subject, part, amount, due, name, iban, bic, text, state, file, batch)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (cloud, end_to_end) DO NOTHING",
            &[
                row.cloud.as_str().into(),
                row.end_to_end.as_str().into(),
                row.kind.name().into(),
                row.account.map(|account| account.0).into(),
                row.subject.as_slice().into(),
                row.part.into(),
                row.amount.into(),
                date_text(row.due).as_str().into(),
                row.name.as_str().into(),
                row.iban.as_str().into(),
                row.bic.as_str().into(),
                row.text.as_str().into(),
                row.state.name().into(),
                file.as_ref().map_or(Value::Null, |id| id.as_slice().into()),
                row.batch.as_str().into(),
            ],
        )?;
        Ok(written > 0)
    }

    pub fn bank_order_write(&mut self, row: &BankOrderRow) -> Result<(), StoreError> {
        let file = row.file.map(BankFileId::to_bytes);
        self.execute(
            "UPDATE bank_order SET due = $3, state = $4, file = $5, batch = $6 WHERE cloud = $1 AND end_to_end = $2",
            &[
                row.cloud.as_str().into(),
                row.end_to_end.as_str().into(),
                date_text(row.due).as_str().into(),
                row.state.name().into(),
                file.as_ref().map_or(Value::Null, |id| id.as_slice().into()),
                row.batch.as_str().into(),
            ],
        )?;
        Ok(())
    }

    /// What no file asks for yet, held until the end of the transaction, in order.
    pub fn bank_orders_waiting(&mut self, cloud: &str, limit: i64) -> Result<Vec<BankOrderRow>, StoreError> {
        self.rows(
            "SELECT o.cloud, o.end_to_end, o.kind, o.account, o.subject, o.part, o.amount, o.due, o.name, o.iban, o.bic, o.text, o.state,
                o.file, o.batch
             FROM bank_order o WHERE o.cloud = $1 AND o.state = 'waiting' ORDER BY o.end_to_end LIMIT $2 {lock o}",
            &[cloud.into(), limit.into()],
            order_from,
        )
    }

    /// What files ask for and nobody has told the end of, in order.
    pub fn bank_orders_filed(&mut self, cloud: &str) -> Result<Vec<BankOrderRow>, StoreError> {
        self.rows(
            "SELECT cloud, end_to_end, kind, account, subject, part, amount, due, name, iban, bic, text, state, file, batch
             FROM bank_order WHERE cloud = $1 AND state = 'filed' ORDER BY end_to_end",
            &[cloud.into()],
            order_from,
        )
    }

    pub fn bank_order(&mut self, cloud: &str, end_to_end: &str) -> Result<Option<BankOrderRow>, StoreError> {
        self.one(
            "SELECT cloud, end_to_end, kind, account, subject, part, amount, due, name, iban, bic, text, state, file, batch
             FROM bank_order WHERE cloud = $1 AND end_to_end = $2",
            &[cloud.into(), end_to_end.into()],
            order_from,
        )
    }

    pub fn bank_orders_of_batch(&mut self, cloud: &str, batch: &str) -> Result<Vec<BankOrderRow>, StoreError> {
        self.rows(
            "SELECT cloud, end_to_end, kind, account, subject, part, amount, due, name, iban, bic, text, state, file, batch
             FROM bank_order WHERE cloud = $1 AND batch = $2 AND batch <> '' ORDER BY end_to_end",
            &[cloud.into(), batch.into()],
            order_from,
        )
    }

    pub fn bank_orders_of(&mut self, subject: &[u8; 16]) -> Result<Vec<BankOrderRow>, StoreError> {
        self.rows(
            "SELECT cloud, end_to_end, kind, account, subject, part, amount, due, name, iban, bic, text, state, file, batch
             FROM bank_order WHERE subject = $1 ORDER BY end_to_end",
            &[subject.as_slice().into()],
            order_from,
        )
    }

    /// How many wait for a file, and for how much.
    pub fn bank_orders_sum(&mut self, cloud: &str) -> Result<(i64, i64), StoreError> {
        let sum = self.one(
            "SELECT count(*), CAST(coalesce(sum(amount), 0) AS BIGINT) FROM bank_order WHERE cloud = $1 AND state = 'waiting'",
            &[cloud.into()],
            |row| Ok((row.int(0)?, row.int(1)?)),
        )?;
        Ok(sum.unwrap_or_default())
    }
}

fn date_text(date: Option<CivilDate>) -> String {
    date.map(|date| date.to_string()).unwrap_or_default()
}

fn date_from(text: &str) -> Result<CivilDate, StoreError> {
    CivilDate::parse(text).map_err(|_| StoreError::corrupt(format!("{text:?} is no date")))
}

fn opt_date_from(text: &str) -> Result<Option<CivilDate>, StoreError> {
    if text.is_empty() { Ok(None) } else { date_from(text).map(Some) }
}

fn word<T>(found: Option<T>, what: &str, text: &str) -> Result<T, StoreError> {
    found.ok_or_else(|| StoreError::corrupt(format!("{what} that is {text:?}")))
}

fn file_from(row: &Row<'_>) -> Result<BankFileRow, StoreError> {
    let kind = row.text(2)?;
    Ok(BankFileRow {
        id: BankFileId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        kind: word(FileKind::parse(&kind), "a file", &kind)?,
        name: row.text(3)?,
        digest: row.text(4)?,
        at: Instant::from_micros(row.int(5)?),
        rows: row.int(6)?,
        fresh: row.int(7)?,
        total: row.int(8)?,
        who: row.text(9)?,
    })
}

pub(crate) fn bank_row_from(row: &Row<'_>) -> Result<BankRow, StoreError> {
    let (nature, state) = (row.text(7)?, row.text(18)?);
    Ok(BankRow {
        id: BankRowId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        file: BankFileId::from_bytes(row.bytes(2)?),
        own: row.text(3)?,
        identity: row.text(4)?,
        booked: date_from(&row.text(5)?)?,
        amount: row.int(6)?,
        nature: word(Nature::parse(&nature), "a movement", &nature)?,
        bank_reference: row.text(8)?,
        name: row.text(9)?,
        iban: row.text(10)?,
        text: row.text(11)?,
        reference: row.text(12)?,
        end_to_end: row.text(13)?,
        batch: row.text(14)?,
        mandate: row.text(15)?,
        reason: row.text(16)?,
        fee: row.int(17)?,
        state: word(RowState::parse(&state), "a movement", &state)?,
        account: row.opt_int(19)?.map(OwnerId),
        why: row.text(20)?,
        who: row.text(21)?,
        told: Instant::from_micros(row.int(22)?),
        changed: Instant::from_micros(row.int(23)?),
        transfer: TransferId::from_i64(row.int(24)?)
            .ok_or_else(|| StoreError::corrupt("a movement of the bank without a transfer"))?,
    })
}

fn mandate_from(row: &Row<'_>) -> Result<MandateRow, StoreError> {
    let scheme = row.text(6)?;
    Ok(MandateRow {
        method: MethodId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        account: OwnerId(row.int(2)?),
        holder: row.text(3)?,
        iban: row.text(4)?,
        bic: row.text(5)?,
        scheme: word(Scheme::parse(&scheme), "a mandate", &scheme)?,
        signed: date_from(&row.text(7)?)?,
        first_used: opt_date_from(&row.text(8)?)?,
        last_used: opt_date_from(&row.text(9)?)?,
    })
}

fn order_from(row: &Row<'_>) -> Result<BankOrderRow, StoreError> {
    let (kind, state) = (row.text(2)?, row.text(12)?);
    Ok(BankOrderRow {
        cloud: row.text(0)?,
        end_to_end: row.text(1)?,
        kind: word(OrderKind::parse(&kind), "an order to the bank", &kind)?,
        account: row.opt_int(3)?.map(OwnerId),
        subject: row.bytes(4)?,
        part: row.int(5)?,
        amount: row.int(6)?,
        due: opt_date_from(&row.text(7)?)?,
        name: row.text(8)?,
        iban: row.text(9)?,
        bic: row.text(10)?,
        text: row.text(11)?,
        state: word(OrderState::parse(&state), "an order to the bank", &state)?,
        file: row.opt_bytes(13)?.map(BankFileId::from_bytes),
        batch: row.text(14)?,
    })
}
