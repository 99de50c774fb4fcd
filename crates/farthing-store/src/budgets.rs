//! Budgets of accounts, and what was done about each in the month that is counted.

use crate::payers::ids_column;
use crate::{Row, StoreError, Tx};
use farthing_core::budget::{Budget, Does, Of, Step, Told};
use farthing_core::ledger::{OwnerId, chain};
use farthing_core::time::Instant;

/// What a budget is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BudgetOver {
    /// 0: whatever project it is in.
    pub project: i64,
    /// `key=value`; empty: whatever its labels are.
    pub label: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetRow {
    pub account: OwnerId,
    pub name: String,
    pub over: BudgetOver,
    pub budget: Budget,
    /// The month that is counted, and what of it is sealed; none: nobody has counted yet.
    pub counted: Option<(Instant, i64)>,
    pub told: Told,
    /// What runs in it was stopped.
    pub stopped: bool,
    /// The day on which somebody looked ahead last.
    pub foretold: Option<Instant>,
}

macro_rules! columns {
    () => {
        "b.account, b.name, b.project, b.label, b.month, b.steps, b.seal, b.since, b.units, b.told, b.stops, b.stopped, b.foretold"
    };
}

/// For the audit: reading one compares its seal.
pub(crate) const EVERY: &str = concat!("SELECT ", columns!(), " FROM budget b ORDER BY b.account, b.name");

impl BudgetOver {
    pub fn is_all(&self) -> bool {
        self.project == 0 && self.label.is_empty()
    }
}

impl BudgetRow {
    /// Of what was set.
    pub fn seal(&self) -> i64 {
        let numbers = [self.account.0, self.over.project, self.budget.month()];
        let steps = steps_text(self.budget.steps());
        chain::seal_row(b"budget", &numbers, &[self.name.as_bytes(), self.over.label.as_bytes(), steps.as_bytes()])
    }
}

impl Tx<'_> {
    /// Those of some accounts, in order of account and name.
    pub fn budgets_of(&mut self, accounts: &[OwnerId]) -> Result<Vec<BudgetRow>, StoreError> {
        self.bulk_rows(
            concat!(
                "SELECT ",
                columns!(),
                " FROM {bulk} JOIN budget b ON b.account = bulk.c1 ORDER BY b.account, b.name"
            ),
            vec![ids_column(accounts)],
            budget_from,
        )
    }

    pub fn budget_put(&mut self, row: &BudgetRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO budget (account, name, project, label, month, steps, seal, since, units, told, stops, stopped, foretold)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             ON CONFLICT (account, name) DO UPDATE SET project = excluded.project, label = excluded.label, month = excluded.month,
                steps = excluded.steps, seal = excluded.seal, since = excluded.since, units = excluded.units, told = excluded.told,
                stops = excluded.stops, stopped = excluded.stopped, foretold = excluded.foretold",
            &[
                row.account.0.into(),
                row.name.as_str().into(),
                row.over.project.into(),
                row.over.label.as_str().into(),
                row.budget.month().into(),
                steps_text(row.budget.steps()).as_str().into(),
                row.seal().into(),
                row.counted.map(|(since, _)| since.micros()).into(),
                row.counted.map_or(0, |(_, units)| units).into(),
                i64::from(row.told.steps).into(),
                row.told.stops.into(),
                row.stopped.into(),
                row.foretold.map(Instant::micros).into(),
            ],
        )?;
        Ok(())
    }

    /// Those whose things are to be stopped, or come back, each with its cloud.
    pub fn budgets_due(&mut self, most: i64) -> Result<Vec<(String, OwnerId, String)>, StoreError> {
        self.rows(
            "SELECT a.cloud, b.account, b.name FROM budget b JOIN account a ON a.id = b.account
             WHERE b.stops <> b.stopped ORDER BY b.account, b.name LIMIT $1",
            &[most.into()],
            |row| Ok((row.text(0)?, OwnerId(row.int(1)?), row.text(2)?)),
        )
    }

    /// Whether there was one.
    pub fn budget_drop(&mut self, account: OwnerId, name: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM budget WHERE account = $1 AND name = $2";
        Ok(self.execute(sql, &[account.0.into(), name.into()])? > 0)
    }
}

fn steps_text(steps: &[Step]) -> String {
    let each = steps.iter().map(|step| format!("{} {} {}", step.of.name(), step.percent, step.does.name()));
    each.collect::<Vec<_>>().join("\n")
}

fn steps_from(text: &str) -> Option<Vec<Step>> {
    let step = |line: &str| {
        let mut words = line.split(' ');
        let found = Step {
            of: Of::parse(words.next()?)?,
            percent: words.next()?.parse().ok()?,
            does: Does::parse(words.next()?)?,
        };
        words.next().is_none().then_some(found)
    };
    text.lines().map(step).collect()
}

pub(crate) fn budget_from(row: &Row<'_>) -> Result<BudgetRow, StoreError> {
    let (account, name) = (OwnerId(row.int(0)?), row.text(1)?);
    let wrong = || StoreError::corrupt(format!("budget {name} of account {} is not what was written", account.0));
    let steps = steps_from(&row.text(5)?).ok_or_else(wrong)?;
    let budget = Budget::try_new(row.int(4)?, steps).map_err(|_| wrong())?;
    let units = row.int(8)?;
    let found = BudgetRow {
        account,
        name: name.clone(),
        over: BudgetOver { project: row.int(2)?, label: row.text(3)? },
        budget,
        counted: row.opt_int(7)?.map(|since| (Instant::from_micros(since), units)),
        told: Told { steps: u16::try_from(row.int(9)?).map_err(|_| wrong())?, stops: row.bool(10)? },
        stopped: row.bool(11)?,
        foretold: row.opt_int(12)?.map(Instant::from_micros),
    };
    if row.int(6)? == found.seal() { Ok(found) } else { Err(wrong()) }
}
