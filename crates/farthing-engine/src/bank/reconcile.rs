//! Whether what providers and the bank say agrees: what each clearing account still waits for, and since when.
//!
//! The oldest is paid out first: so what is open of a balance is the newest that makes it up.

use crate::{Engine, EngineError, Refused};
use farthing_core::ledger::Chart;
use farthing_core::time::{CivilDate, Zone};
use farthing_store::{AccountRow, Tx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Transfers that are walked through at once, and at most.
const PAGE: usize = 500;
const MOST: usize = 50_000;

/// A clearing account: a provider that owes what it has collected, or money of the bank that is nobody's yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// As in the ledger: `provider/stripe`, `suspense`.
    pub account: String,
    /// Above zero: it is still to come. Below zero: more came than anybody knows of.
    pub open: i64,
    /// The newest day first; empty where nothing is open.
    pub differences: Vec<OpenDifference>,
    /// It has more that is open than was looked at: the days do not add up to it.
    pub cut: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDifference {
    /// In the cloud's zone.
    pub day: String,
    pub amount: i64,
    pub days_old: i64,
}

impl Reconciliation {
    /// What is open of it, in words; each reads after an amount.
    pub fn meaning(&self) -> &'static str {
        match (self.account == "suspense", self.account == "provider/bank", self.open > 0) {
            (true, _, true) => "went out, and nobody knows why",
            (true, _, false) => "came in, and is nobody's yet",
            (_, true, true) => "asked of the bank, and not here yet",
            (_, true, false) => "on its way out",
            (false, false, true) => "still to come",
            (false, false, false) => "more came than is known of",
        }
    }
}

impl Engine {
    /// Every provider, and what of the bank is unknown.
    pub fn reconcile(&self, cloud: &str) -> Result<Vec<Reconciliation>, Refused> {
        let now = self.now()?;
        self.store.read("reconcile", |tx| {
            let book = self.clouds.get(tx, cloud)?.ok_or_else(|| Refused::not_found("cloud", cloud))?;
            let zone = book.profile_at(now).map_err(EngineError::from)?.policy.cloud.time_zone.clone();
            let today = zone.civil_date_of(now).map_err(farthing_core::settle::SettleError::from)?;
            let mut found = Vec::new();
            let Some(owner) = tx.owner_by_name(cloud, crate::folio::BOOKS)? else { return Ok(found) };
            for account in tx.accounts_of(owner.id)? {
                if matches!(Chart::parse(&account.code), Some(Chart::Provider(_) | Chart::Suspense)) {
                    found.push(open_of(tx, &account, &zone, today)?);
                }
            }
            found.sort_by(|a, b| a.account.cmp(&b.account));
            Ok(found)
        })
    }
}

fn open_of(
    tx: &mut Tx<'_>,
    account: &AccountRow,
    zone: &Zone,
    today: CivilDate,
) -> Result<Reconciliation, EngineError> {
    let open = account.account.balance().saturating_neg();
    let mut days: BTreeMap<CivilDate, i64> = BTreeMap::new();
    let (mut rest, mut seen, mut before) = (open, 0, None);
    while rest != 0 && seen < MOST {
        let lines = tx.account_history(account.account.id, before, PAGE)?;
        let Some(last) = lines.last() else { break };
        before = Some(last.entry.id);
        seen += lines.len();
        for line in &lines {
            let change = line.change.saturating_neg(); // what it is owed grows by debits
            if rest == 0 || change.signum() != rest.signum() {
                continue;
            }
            let part = if change.saturating_abs() > rest.saturating_abs() { rest } else { change };
            rest = rest.saturating_sub(part);
            let day = zone.civil_date_of(line.entry.effective).map_err(farthing_core::settle::SettleError::from)?;
            let sum = days.entry(day).or_default();
            *sum = sum.saturating_add(part);
        }
    }
    let differences = days.into_iter().rev().map(|(day, amount)| OpenDifference {
        day: day.to_string(),
        amount,
        days_old: day.days_until(today),
    });
    Ok(Reconciliation { account: account.code.clone(), open, differences: differences.collect(), cut: rest != 0 })
}
