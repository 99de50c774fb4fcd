//! Grants: credit in lots, each with a ledger account of its own.

use crate::payers::ids_column;
use crate::things::name_from;
use crate::{Row, StoreError, Tx};
use farthing_core::config::Name;
use farthing_core::credit::GrantSource;
use farthing_core::ledger::{AccountId, OwnerId, chain};
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LotRow {
    pub account: OwnerId,
    pub number: i64,
    pub name: String,
    pub ledger: AccountId,
    pub amount: i64,
    pub priority: i64,
    pub products: Vec<Name>,
    pub starts: Instant,
    pub expires: Option<Instant>,
    pub lapsed: bool,
    /// Why it was given; may be empty.
    pub reason: String,
    /// Where it comes from; None: it was given before that was kept.
    pub source: Option<GrantSource>,
    /// What is left of it.
    pub balance: i64,
    /// What holds reserve of that.
    pub held: i64,
}

impl LotRow {
    /// Of what was granted. What is left of it is its ledger account's balance.
    pub fn seal(&self) -> i64 {
        let numbers = [
            self.account.0,
            self.number,
            self.ledger.0,
            self.amount,
            self.priority,
            self.starts.micros(),
            self.expires.map_or(i64::MIN, Instant::micros),
            i64::from(self.lapsed),
        ];
        let products = self.products_text();
        // Those of before reasons were kept have a seal without one.
        let mut texts = vec![self.name.as_bytes(), products.as_bytes()];
        let source = self.source_text();
        let more = [self.reason.as_bytes(), source.as_bytes()];
        let kept = if source.is_empty() { usize::from(!self.reason.is_empty()) } else { more.len() };
        texts.extend(more.iter().take(kept));
        chain::seal_row(b"lot", &numbers, &texts)
    }

    fn source_text(&self) -> String {
        self.source.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    fn products_text(&self) -> String {
        self.products.iter().map(Name::as_str).collect::<Vec<_>>().join(" ")
    }
}

impl Tx<'_> {
    pub fn lot_insert(&mut self, lot: &LotRow) -> Result<(), StoreError> {
        let (products, source) = (lot.products_text(), lot.source_text());
        self.execute(
            "INSERT INTO lot (account, number, name, ledger, amount, priority, products, starts, expires, lapsed, seal, reason, source)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            &[
                lot.account.0.into(),
                lot.number.into(),
                lot.name.as_str().into(),
                lot.ledger.0.into(),
                lot.amount.into(),
                lot.priority.into(),
                products.as_str().into(),
                lot.starts.micros().into(),
                lot.expires.map(Instant::micros).into(),
                lot.lapsed.into(),
                lot.seal().into(),
                lot.reason.as_str().into(),
                source.as_str().into(),
            ],
        )?;
        Ok(())
    }

    pub fn lot_lapse(&mut self, lot: &LotRow) -> Result<(), StoreError> {
        let lapsed = LotRow { lapsed: true, ..lot.clone() };
        self.execute(
            "UPDATE lot SET lapsed = $3, seal = $4 WHERE account = $1 AND number = $2",
            &[lot.account.0.into(), lot.number.into(), true.into(), lapsed.seal().into()],
        )?;
        Ok(())
    }

    /// It ends sooner than it was to.
    pub fn lot_end(&mut self, lot: &LotRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE lot SET expires = $3, seal = $4 WHERE account = $1 AND number = $2",
            &[lot.account.0.into(), lot.number.into(), lot.expires.map(Instant::micros).into(), lot.seal().into()],
        )?;
        Ok(())
    }

    /// The next number an account's grant gets.
    pub fn lot_number(&mut self, account: OwnerId) -> Result<i64, StoreError> {
        let number =
            self.one("SELECT coalesce(max(number), 0) + 1 FROM lot WHERE account = $1", &[account.0.into()], |row| {
                row.int(0)
            })?;
        Ok(number.unwrap_or(1))
    }

    /// Lapsed or not.
    pub fn lot_by_name(&mut self, account: OwnerId, name: &str) -> Result<Option<LotRow>, StoreError> {
        self.one(
            "SELECT l.account, l.number, l.name, l.ledger, l.amount, l.priority, l.products, l.starts, l.expires, l.lapsed,
                    b.credits - b.debits, coalesce(h.held, 0), l.reason, l.source
             FROM lot l JOIN ledger_balance b ON b.account = l.ledger LEFT JOIN ledger_held h ON h.account = l.ledger
             WHERE l.account = $1 AND l.name = $2",
            &[account.0.into(), name.into()],
            lot_from,
        )
    }

    /// All an account ever had, lapsed or not, the newest first: those before one of this number, at most so many.
    pub fn lots_ever(&mut self, account: OwnerId, before: i64, most: i64) -> Result<Vec<LotRow>, StoreError> {
        self.rows(
            "SELECT l.account, l.number, l.name, l.ledger, l.amount, l.priority, l.products, l.starts, l.expires, l.lapsed,
                    b.credits - b.debits, coalesce(h.held, 0), l.reason, l.source
             FROM lot l JOIN ledger_balance b ON b.account = l.ledger LEFT JOIN ledger_held h ON h.account = l.ledger
             WHERE l.account = $1 AND l.number < $2 ORDER BY l.number DESC LIMIT $3",
            &[account.0.into(), before.into(), most.into()],
            lot_from,
        )
    }

    /// How many an account was ever given of one kind.
    pub fn lots_from_count(&mut self, account: OwnerId, source: &GrantSource) -> Result<i64, StoreError> {
        let source = source.to_string();
        let count = self.one(
            "SELECT count(*) FROM lot WHERE account = $1 AND source = $2",
            &[account.0.into(), source.as_str().into()],
            |row| row.int(0),
        )?;
        Ok(count.unwrap_or(0))
    }

    /// The lots of these accounts that are not lapsed, with what is left of them.
    pub fn lots(&mut self, accounts: &[OwnerId]) -> Result<Vec<LotRow>, StoreError> {
        self.bulk_rows(
            "SELECT l.account, l.number, l.name, l.ledger, l.amount, l.priority, l.products, l.starts, l.expires, l.lapsed,
                    b.credits - b.debits, coalesce(h.held, 0), l.reason, l.source
             FROM {bulk} JOIN lot l ON l.account = bulk.c1 JOIN ledger_balance b ON b.account = l.ledger
             LEFT JOIN ledger_held h ON h.account = l.ledger
             WHERE NOT l.lapsed ORDER BY bulk.c1",
            vec![ids_column(accounts)],
            lot_from,
        )
    }
}

fn source_from(text: &str) -> Result<Option<GrantSource>, StoreError> {
    if text.is_empty() {
        return Ok(None);
    }
    let source = GrantSource::parse(text);
    source.map(Some).ok_or_else(|| StoreError::corrupt(format!("a grant that comes from {text:?}")))
}

pub(crate) fn lot_from(row: &Row<'_>) -> Result<LotRow, StoreError> {
    let products = row.text(6)?;
    Ok(LotRow {
        account: OwnerId(row.int(0)?),
        number: row.int(1)?,
        name: row.text(2)?,
        ledger: AccountId(row.int(3)?),
        amount: row.int(4)?,
        priority: row.int(5)?,
        products: products.split_ascii_whitespace().map(name_from).collect::<Result<_, _>>()?,
        starts: Instant::from_micros(row.int(7)?),
        expires: row.opt_int(8)?.map(Instant::from_micros),
        lapsed: row.bool(9)?,
        balance: row.int(10)?,
        held: row.int(11)?,
        reason: row.text(12)?,
        source: source_from(&row.text(13)?)?,
    })
}
