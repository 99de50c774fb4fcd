//! What becomes of bills that are not paid: when they are reminded of, and what their lateness costs. Working state: a bill's row changes with the
//! bill, under its account's lock.

use crate::{Row, StoreError, Tx};
use farthing_core::bill::{Late, LatePart, Lateness};
use farthing_core::ledger::OwnerId;
use farthing_core::payment::BillId;
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrearsRow {
    pub bill: BillId,
    pub cloud: String,
    pub account: OwnerId,
    /// Since when something of it is due again that was paid.
    pub again: Option<Instant>,
    pub late: Lateness,
    /// The bills that ask for what lateness costs, and how much each.
    pub charged: Vec<(BillId, i64)>,
    /// Lateness costs more than they ask for, or will.
    pub counts: bool,
    pub remind_at: Option<Instant>,
}

macro_rules! columns {
    () => {
        "bill, cloud, account, again, late, charged, counts, remind_at"
    };
}

impl ArrearsRow {
    pub fn new(bill: BillId, cloud: String, account: OwnerId) -> ArrearsRow {
        let late = Lateness::default();
        ArrearsRow { bill, cloud, account, again: None, late, charged: Vec::new(), counts: false, remind_at: None }
    }

    pub fn charged_units(&self) -> i64 {
        self.charged.iter().fold(0, |sum, (_, amount)| sum.saturating_add(*amount))
    }
}

impl Tx<'_> {
    pub fn arrears_put(&mut self, row: &ArrearsRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO arrears (bill, cloud, account, again, late, charged, counts, remind_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (bill) DO UPDATE SET again = excluded.again, late = excluded.late, charged = excluded.charged,
                counts = excluded.counts, remind_at = excluded.remind_at",
            &[
                row.bill.to_bytes().as_slice().into(),
                row.cloud.as_str().into(),
                row.account.0.into(),
                row.again.map(Instant::micros).into(),
                late_text(&row.late).as_str().into(),
                charged_text(&row.charged).as_str().into(),
                i64::from(row.counts).into(),
                row.remind_at.map(Instant::micros).into(),
            ],
        )?;
        Ok(())
    }

    pub fn arrears_drop(&mut self, bill: BillId) -> Result<(), StoreError> {
        self.execute("DELETE FROM arrears WHERE bill = $1", &[bill.to_bytes().as_slice().into()])?;
        Ok(())
    }

    pub fn arrears(&mut self, bill: BillId) -> Result<Option<ArrearsRow>, StoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM arrears WHERE bill = $1");
        self.one(sql, &[bill.to_bytes().as_slice().into()], arrears_from)
    }

    /// Those of an account that cost more than was asked for, or will; in the order of their bills.
    pub fn arrears_counting(&mut self, account: OwnerId) -> Result<Vec<ArrearsRow>, StoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM arrears WHERE account = $1 AND counts = 1 ORDER BY bill");
        self.rows(sql, &[account.0.into()], arrears_from)
    }

    /// A bill was issued anew: what an account's lateness cost is on the new one.
    pub fn arrears_rebill(&mut self, account: OwnerId, from: BillId, to: BillId) -> Result<(), StoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM arrears WHERE account = $1 AND charged <> '' ORDER BY bill");
        for mut row in self.rows(sql, &[account.0.into()], arrears_from)? {
            let on = row.charged.iter_mut().filter(|(bill, _)| *bill == from);
            if on.map(|(bill, _)| *bill = to).count() > 0 {
                self.arrears_put(&row)?;
            }
        }
        Ok(())
    }

    pub fn reminders_due(&mut self, at: Instant, most: i64) -> Result<Vec<ArrearsRow>, StoreError> {
        let sql =
            concat!("SELECT ", columns!(), " FROM arrears WHERE remind_at <= $1 ORDER BY remind_at, bill LIMIT $2");
        self.rows(sql, &[at.micros().into(), most.into()], arrears_from)
    }
}

fn arrears_from(row: &Row<'_>) -> Result<ArrearsRow, StoreError> {
    Ok(ArrearsRow {
        bill: BillId::from_bytes(row.bytes(0)?),
        cloud: row.text(1)?,
        account: OwnerId(row.int(2)?),
        again: row.opt_int(3)?.map(Instant::from_micros),
        late: late_from(&row.text(4)?)?,
        charged: charged_from(&row.text(5)?)?,
        counts: row.int(6)? != 0,
        remind_at: row.opt_int(7)?.map(Instant::from_micros),
    })
}

/// `since:AMOUNT:MICROSECONDS paused:AMOUNT:SECONDS ended:AMOUNT:SECONDS`
fn late_text(late: &Lateness) -> String {
    let part = |part: &LatePart| {
        let (word, number) = match part.late {
            Late::Since(at) => ("since", at.micros()),
            Late::Paused(seconds) => ("paused", seconds),
            Late::Ended(seconds) => ("ended", seconds),
        };
        format!("{word}:{}:{number}", part.amount)
    };
    late.parts().iter().map(part).collect::<Vec<_>>().join(" ")
}

pub(crate) fn late_from(text: &str) -> Result<Lateness, StoreError> {
    let part = |text: &str| {
        let mut fields = text.split(':');
        let (word, amount, number) = (fields.next()?, fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let late = match word {
            "since" => Late::Since(Instant::from_micros(number)),
            "paused" => Late::Paused(number),
            "ended" => Late::Ended(number),
            _ => return None,
        };
        Some(LatePart { amount, late })
    };
    let parts: Option<Vec<LatePart>> = text.split(' ').filter(|text| !text.is_empty()).map(part).collect();
    parts.map(Lateness::of).ok_or_else(|| StoreError::corrupt(format!("what is late of a bill reads {text:?}")))
}

/// `BILL:AMOUNT BILL:AMOUNT`
fn charged_text(charged: &[(BillId, i64)]) -> String {
    charged.iter().map(|(bill, amount)| format!("{bill}:{amount}")).collect::<Vec<_>>().join(" ")
}

pub(crate) fn charged_from(text: &str) -> Result<Vec<(BillId, i64)>, StoreError> {
    let one = |text: &str| {
        let (bill, amount) = text.split_once(':')?;
        Some((BillId::parse(bill).ok()?, amount.parse().ok()?))
    };
    let all: Option<Vec<_>> = text.split(' ').filter(|text| !text.is_empty()).map(one).collect();
    all.ok_or_else(|| StoreError::corrupt(format!("what a bill's lateness was billed with reads {text:?}")))
}
