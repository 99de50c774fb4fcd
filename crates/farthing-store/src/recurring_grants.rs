//! Grants that come again: what each gives, and when the next one is. Whoever writes one holds its account's lock.

use crate::things::name_from;
use crate::{Row, StoreError, Tx};
use farthing_core::config::Name;
use farthing_core::credit::{Recurring, Rollover};
use farthing_core::ledger::{OwnerId, chain};
use farthing_core::time::{Instant, Span};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecurringRow {
    pub account: OwnerId,
    /// Those it gives are called so, with a number behind.
    pub name: Name,
    pub amount: i64,
    pub products: Vec<Name>,
    pub priority: i64,
    pub recurring: Recurring,
    pub reason: String,
    /// How many there were.
    pub given: u32,
    /// None: those were all.
    pub next_at: Option<Instant>,
}

impl RecurringRow {
    fn every_text(&self) -> String {
        match self.recurring.every {
            Span::Exact(every) => every.to_string(),
            Span::Calendar(every) => every.to_string(),
        }
    }

    fn products_text(&self) -> String {
        self.products.iter().map(Name::as_str).collect::<Vec<_>>().join(" ")
    }

    fn rollover(&self) -> Option<i64> {
        match self.recurring.rollover {
            Rollover::None => None,
            Rollover::UpTo(most) => Some(most),
        }
    }

    pub fn seal(&self) -> i64 {
        let none = |number: Option<i64>| number.unwrap_or(i64::MIN);
        let numbers = [
            self.account.0,
            self.amount,
            self.priority,
            self.recurring.starts.micros(),
            none(self.recurring.times.map(i64::from)),
            none(self.rollover()),
            i64::from(self.given),
            none(self.next_at.map(Instant::micros)),
        ];
        let (every, products) = (self.every_text(), self.products_text());
        let texts = [self.name.as_str().as_bytes(), every.as_bytes(), products.as_bytes(), self.reason.as_bytes()];
        chain::seal_row(b"recurring_grant", &numbers, &texts)
    }
}

impl Tx<'_> {
    /// Begins one, or writes how far it has come.
    pub fn recurring_put(&mut self, row: &RecurringRow) -> Result<(), StoreError> {
        let (every, products) = (row.every_text(), row.products_text());
        self.execute(
            "INSERT INTO recurring_grant (account, name, amount, products, priority, starts, every, times, rollover, reason, given, next_at, seal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             ON CONFLICT (account, name) DO UPDATE SET given = excluded.given, next_at = excluded.next_at, seal = excluded.seal",
            &[
                row.account.0.into(),
                row.name.as_str().into(),
                row.amount.into(),
                products.as_str().into(),
                row.priority.into(),
                row.recurring.starts.micros().into(),
                every.as_str().into(),
                row.recurring.times.map(i64::from).into(),
                row.rollover().into(),
                row.reason.as_str().into(),
                i64::from(row.given).into(),
                row.next_at.map(Instant::micros).into(),
                row.seal().into(),
            ],
        )?;
        Ok(())
    }

    /// All of an account, by name.
    pub fn recurring_of(&mut self, account: OwnerId) -> Result<Vec<RecurringRow>, StoreError> {
        let mut rows = self.rows(
            "SELECT account, name, amount, products, priority, starts, every, times, rollover, reason, given, next_at
             FROM recurring_grant WHERE account = $1",
            &[account.0.into()],
            recurring_from,
        )?;
        rows.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(rows)
    }
}

pub(crate) fn recurring_from(row: &Row<'_>) -> Result<RecurringRow, StoreError> {
    let count = |number: i64| {
        u32::try_from(number).map_err(|_| StoreError::corrupt(format!("a grant that comes {number} times")))
    };
    let every = row.text(6)?;
    let every = Span::parse(&every).map_err(|_| StoreError::corrupt(format!("a grant that comes every {every:?}")))?;
    Ok(RecurringRow {
        account: OwnerId(row.int(0)?),
        name: name_from(&row.text(1)?)?,
        amount: row.int(2)?,
        products: row.text(3)?.split_ascii_whitespace().map(name_from).collect::<Result<_, _>>()?,
        priority: row.int(4)?,
        recurring: Recurring {
            starts: Instant::from_micros(row.int(5)?),
            every,
            times: row.opt_int(7)?.map(count).transpose()?,
            rollover: row.opt_int(8)?.map_or(Rollover::None, Rollover::UpTo),
        },
        reason: row.text(9)?,
        given: count(row.int(10)?)?,
        next_at: row.opt_int(11)?.map(Instant::from_micros),
    })
}
