//! How a cloud stands right now: what this month has earned, what is owed to it and by whom it may be lost, and whether its brake is on.

use crate::look_at_account::view_of;
use crate::open_project::account_ever;
use crate::{Engine, EngineError, LadderFacts, Refused};
use farthing_core::bill::{Ageing, age_of};
use farthing_core::ledger::{Chart, Month, Months, TransferId};
use farthing_core::money::Currency;
use farthing_core::settle::SettleError;
use farthing_core::time::Instant;

/// Sums in units of the currency.
#[derive(Clone, Debug)]
pub struct CloudToday {
    pub currency: Currency,
    /// This month so far, and the whole of the one before; none: nothing moved in it. What is `*_end` of them is not worked out here.
    pub month: Option<Month>,
    pub month_before: Option<Month>,
    /// On bills, and owed for use that a balance did not reach for.
    pub receivable: i128,
    /// Used, and on no bill yet.
    pub unbilled: i128,
    /// Sold ahead, and not earned yet.
    pub deferred: i128,
    /// What customers have: money that is not earned.
    pub balances: i128,
    /// Accounts that are open.
    pub accounts: i64,
    pub brake: Option<Brake>,
}

/// Nothing is destroyed while it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brake {
    pub since: Instant,
    pub why: String,
}

/// An account in arrears, and how much it owes.
#[derive(Clone, Debug)]
pub struct AtRisk {
    pub ladder: LadderFacts,
    pub owed: i64,
}

/// A bill that is owed.
#[derive(Clone, Debug)]
pub struct OwedBill {
    pub id: String,
    pub account: String,
    pub number: String,
    pub due_at: Option<Instant>,
    pub owed: i64,
    pub age: Ageing,
}

impl Engine {
    pub fn look_at_today(&self, cloud: &str) -> Result<CloudToday, Refused> {
        self.look(cloud, |work| {
            let (now, currency) = (work.now, work.currency());
            let zone = work.policy_at(now)?.cloud.time_zone.clone();
            let broken = |error| EngineError::from(SettleError::from(error));
            let this = zone.civil_date_of(now).map_err(broken)?.first_of_month();
            let before = this.add_months(-1).map_err(broken)?;
            let begins = zone.start_of_day(before).map_err(broken)?;
            let commodity = work.commodity()?;
            let charts = commodity.map(|commodity| work.tx.charts_of_cloud(cloud, commodity)).transpose()?;
            let charts = charts.unwrap_or_default();
            let mut months = Months::new(charts, zone);
            let mut wrong = None;
            let first = TransferId::from_parts(begins, 0, 0).map_or(0, TransferId::get);
            work.tx.moved_each_from(first, |id, sides, amount| {
                if let Err(error) = months.add(id.recorded(), sides, amount) {
                    wrong.get_or_insert(error);
                }
                Ok(())
            })?;
            if let Some(error) = wrong {
                return Err(broken(error).into());
            }
            let (mut month, mut month_before) = (None, None);
            for one in months.done() {
                if one.first == this {
                    month = Some(one);
                } else if one.first == before {
                    month_before = Some(one);
                }
            }
            let accounts = work.tx.accounts_count(cloud)?;
            let brake = work.tx.brake(cloud)?;
            let brake = brake.and_then(|row| Some(Brake { since: row.braked?, why: row.why }));
            let mut sums = CloudToday {
                currency,
                month,
                month_before,
                receivable: 0,
                unbilled: 0,
                deferred: 0,
                balances: 0,
                accounts,
                brake,
            };
            work.tx.cloud_accounts_each(cloud, |_, row| {
                if Some(row.account.commodity) != commodity {
                    return Ok(());
                }
                let balance = i128::from(row.account.balance());
                let (sum, part) = match Chart::parse(&row.code) {
                    Some(Chart::Receivable(_) | Chart::ReceivableNext | Chart::ReceivableDebt) => {
                        (&mut sums.receivable, balance.saturating_neg())
                    }
                    Some(Chart::Unbilled) => (&mut sums.unbilled, balance.saturating_neg()),
                    Some(Chart::Deferred(_)) => (&mut sums.deferred, balance),
                    Some(Chart::Cash | Chart::RefundDue) => (&mut sums.balances, balance),
                    _ => return Ok(()),
                };
                *sum = sum.saturating_add(part);
                Ok(())
            })?;
            Ok(sums)
        })
    }

    /// Every account in arrears, those that owe most first.
    pub fn at_risk(&self, cloud: &str) -> Result<Vec<AtRisk>, Refused> {
        let ladders = self.ladders(cloud)?;
        self.look(cloud, |work| {
            let mut risks = Vec::new();
            for ladder in ladders.iter().filter(|ladder| ladder.standing != "good") {
                let payer = account_ever(work, &ladder.account)?;
                let at = work.now;
                let owed = match view_of(work, payer.id, at) {
                    Ok(view) => view.due,
                    // Parked: what it owes on bills is known all the same.
                    Err(Refused::Engine(EngineError::Settle(_))) => {
                        work.tx.bills_overdue(&[payer.id])?.into_iter().map(|(_, owed)| owed).sum()
                    }
                    Err(other) => return Err(other),
                };
                risks.push(AtRisk { ladder: ladder.clone(), owed });
            }
            risks.sort_by_key(|risk| std::cmp::Reverse(risk.owed)); // stable: equal ones stay as they were
            Ok(risks)
        })
    }

    /// Every bill with something owed, the longest due first, and what balances owe beside them.
    pub fn receivables(&self, cloud: &str) -> Result<(Vec<OwedBill>, i128), Refused> {
        self.look(cloud, |work| {
            let now = work.now;
            let mut owed = Vec::new();
            for row in work.tx.bills_owed(cloud)? {
                let account = work.tx.account_name(cloud, row.account)?.unwrap_or_default();
                owed.push(OwedBill {
                    id: row.id.to_string(),
                    account,
                    number: row.number.clone(),
                    due_at: row.due,
                    owed: row.due_units(),
                    age: age_of(row.due, now),
                });
            }
            let commodity = work.commodity()?;
            let mut debts = 0_i128;
            work.tx.cloud_accounts_each(cloud, |_, row| {
                let owes = matches!(Chart::parse(&row.code), Some(Chart::ReceivableDebt | Chart::ReceivableNext));
                if owes && Some(row.account.commodity) == commodity {
                    debts = debts.saturating_sub(i128::from(row.account.balance()));
                }
                Ok(())
            })?;
            Ok((owed, debts))
        })
    }
}
