//! What a cloud's months came to, by its ledger: what was earned of each product, what was sold ahead and is not earned yet, what customers owe and
//! what they have. A transfer is of the month in which it was recorded, so a month that is over never changes.

use super::{AccountId, Chart};
use crate::time::{CivilDate, Instant, OutOfRange, Zone};
use std::collections::BTreeMap;

/// A month by its first day, and everything in units of the currency. What is `*_end` is as it was when the month was over, or is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    pub first: CivilDate,
    /// By product; what corrections and credit notes took back is off it.
    pub earned: BTreeMap<String, i128>,
    pub late_fees: i128,
    /// Paid packs that lapsed.
    pub breakage: i128,
    /// What of it free credit and coupons paid: no money came for that.
    pub promotions: i128,
    /// Given up, less what was recovered.
    pub bad_debt: i128,
    /// Of providers.
    pub fees: i128,
    pub tax: i128,
    /// Sold ahead in the month, and earned or given back in it.
    pub deferred_more: i128,
    pub deferred_less: i128,
    pub deferred_end: i128,
    /// Used and on no bill.
    pub unbilled_end: i128,
    /// On bills, and not paid.
    pub receivable_end: i128,
    /// What customers have: money that is not earned.
    pub balances_end: i128,
}

/// Adds transfers up, in the order of their time.
#[derive(Debug)]
pub struct Months {
    accounts: BTreeMap<AccountId, Chart>,
    zone: Zone,
    found: Vec<Month>,
    /// The end of the last of them.
    ends: Instant,
}

impl Month {
    fn after(before: Option<&Month>, first: CivilDate) -> Month {
        let end = |of: fn(&Month) -> i128| before.map_or(0, of);
        Month {
            first,
            earned: BTreeMap::new(),
            late_fees: 0,
            breakage: 0,
            promotions: 0,
            bad_debt: 0,
            fees: 0,
            tax: 0,
            deferred_more: 0,
            deferred_less: 0,
            deferred_end: end(|month| month.deferred_end),
            unbilled_end: end(|month| month.unbilled_end),
            receivable_end: end(|month| month.receivable_end),
            balances_end: end(|month| month.balances_end),
        }
    }

    /// All that was earned, with fees and breakage.
    pub fn revenue(&self) -> i128 {
        let products = self.earned.values().fold(0_i128, |sum, part| sum.saturating_add(*part));
        products.saturating_add(self.late_fees).saturating_add(self.breakage)
    }

    /// So much more is on the credit side of an account of the cloud; below zero: on its debit side.
    fn credit(&mut self, account: &Chart, amount: i128) {
        let less = amount.saturating_neg();
        let (sum, amount) = match account {
            Chart::Revenue(product) => (self.earned.entry(product.clone()).or_default(), amount),
            Chart::LateFees => (&mut self.late_fees, amount),
            Chart::Breakage => (&mut self.breakage, amount),
            Chart::PromoUsed => (&mut self.promotions, less),
            Chart::BadDebt => (&mut self.bad_debt, less),
            Chart::Fees => (&mut self.fees, less),
            Chart::Tax(_) => (&mut self.tax, amount),
            Chart::Deferred(_) => {
                let side = if amount > 0 { &mut self.deferred_more } else { &mut self.deferred_less };
                *side = side.saturating_add(amount.saturating_abs());
                (&mut self.deferred_end, amount)
            }
            Chart::Unbilled => (&mut self.unbilled_end, less),
            Chart::Receivable(_) | Chart::ReceivableNext | Chart::ReceivableDebt => (&mut self.receivable_end, less),
            Chart::Cash | Chart::RefundDue => (&mut self.balances_end, amount),
            Chart::Credit(_)
            | Chart::Units(_)
            | Chart::Carry(_)
            | Chart::Bank
            | Chart::Provider(_)
            | Chart::Suspense
            | Chart::PromoOpen
            | Chart::Rounding
            | Chart::UnitsOut
            | Chart::UnitsUsed
            | Chart::OpeningBalances => return,
        };
        *sum = sum.saturating_add(amount);
    }
}

impl Months {
    /// Of these accounts; months begin where the cloud is.
    pub fn new(accounts: BTreeMap<AccountId, Chart>, zone: Zone) -> Months {
        Months { accounts, zone, found: Vec::new(), ends: Instant::EPOCH }
    }

    pub fn add(
        &mut self,
        recorded: Instant,
        (debit, credit): (AccountId, AccountId),
        amount: i64,
    ) -> Result<(), OutOfRange> {
        let (from, to) = (self.accounts.get(&debit), self.accounts.get(&credit));
        if from.is_none() && to.is_none() {
            return Ok(());
        }
        while self.found.is_empty() || recorded >= self.ends {
            let first = match self.found.last() {
                Some(last) => last.first.add_months(1)?,
                None => self.zone.civil_date_of(recorded)?.first_of_month(),
            };
            self.ends = self.zone.start_of_day(first.add_months(1)?)?;
            let next = Month::after(self.found.last(), first);
            self.found.push(next);
        }
        let Some(month) = self.found.last_mut() else { return Ok(()) };
        let amount = i128::from(amount);
        if let Some(account) = from {
            month.credit(account, amount.saturating_neg());
        }
        if let Some(account) = to {
            month.credit(account, amount);
        }
        Ok(())
    }

    pub fn done(self) -> Vec<Month> {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn a_year_ahead_is_earned_month_by_month() {
        let charts = [
            Chart::Cash,
            Chart::Deferred("o-1".to_owned()),
            Chart::Revenue("vm".to_owned()),
            Chart::Unbilled,
            Chart::Receivable("b-1".to_owned()),
            Chart::BadDebt,
            Chart::PromoUsed,
            Chart::PromoOpen,
        ];
        let accounts = charts.into_iter().enumerate();
        let accounts = accounts.map(|(id, chart)| (AccountId(i64::try_from(id).unwrap()), chart)).collect();
        let (cash, deferred, revenue, unbilled, receivable) = (0, 1, 2, 3, 4);
        let mut months = Months::new(accounts, Zone::parse("Asia/Shanghai").unwrap());
        let mut add = |when: &str, from: i64, to: i64, amount: i64| {
            months.add(at(when), (AccountId(from), AccountId(to)), amount).unwrap();
        };
        add("2026-01-10T00:00:00Z", 99, cash, 500); // from outside of what is looked at
        add("2026-01-10T00:00:00Z", cash, deferred, 120);
        add("2026-01-31T15:59:59Z", deferred, revenue, 10);
        add("2026-01-31T16:00:00Z", deferred, revenue, 10); // February, where the cloud is
        add("2026-02-10T00:00:00Z", unbilled, revenue, 30);
        add("2026-02-11T00:00:00Z", receivable, unbilled, 30);
        add("2026-02-12T00:00:00Z", 6, 7, 5); // free credit paid a part
        add("2026-04-01T00:00:00Z", 5, receivable, 30);
        add("2026-04-01T00:00:00Z", revenue, cash, 2);
        add("2026-05-01T00:00:00Z", 77, 78, 1_000); // of another cloud
        let found = months.done();
        let earned = |month: &Month| month.earned.get("vm").copied().unwrap_or(0);
        assert_eq!(found.iter().map(earned).collect::<Vec<_>>(), [10, 40, 0, -2]);
        assert_eq!(found.iter().map(|month| month.deferred_end).collect::<Vec<_>>(), [110, 100, 100, 100]);
        assert_eq!(found.iter().map(|month| month.receivable_end).collect::<Vec<_>>(), [0, 30, 30, 0]);
        assert_eq!(found.iter().map(|month| month.balances_end).collect::<Vec<_>>(), [380, 380, 380, 382]);
        assert_eq!((found[0].deferred_more, found[0].deferred_less), (120, 10));
        assert_eq!((found[1].promotions, found[3].bad_debt, found[1].unbilled_end), (5, 30, 0));
    }
}
