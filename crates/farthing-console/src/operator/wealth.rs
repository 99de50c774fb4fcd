//! What customers have and owe, added up over their ledger accounts in their cloud's currency.

use crate::Cloud;
use crate::frame::PageError;
use farthing_core::ledger::{Chart, Commodity, CommodityId, OwnerId, TransferId};
use farthing_store::{AccountRow, Tx};
use std::collections::BTreeMap;

/// Sums of one customer, or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wealth {
    pub(crate) cash: i128,
    pub(crate) credit: i128,
    /// What is owed, above zero.
    pub(crate) owed: i128,
    pub(crate) held: i128,
    pub(crate) newest: Option<TransferId>,
}

impl Wealth {
    pub(crate) fn count(&mut self, row: &AccountRow, currency: CommodityId) {
        self.newest = self.newest.max(row.account.newest);
        if row.account.commodity != currency {
            return;
        }
        let balance = i128::from(row.account.balance());
        self.held += i128::from(row.account.held);
        match Chart::parse(&row.code) {
            Some(Chart::Cash) => self.cash += balance,
            Some(Chart::Credit(_)) => self.credit += balance,
            Some(Chart::Receivable(_) | Chart::ReceivableNext | Chart::ReceivableDebt) => self.owed -= balance,
            _ => {}
        }
    }

    pub(crate) fn add(&mut self, other: &Wealth) {
        self.cash += other.cash;
        self.credit += other.credit;
        self.owed += other.owed;
        self.held += other.held;
        self.newest = self.newest.max(other.newest);
    }
}

/// A customer of a cloud, and what it has.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) name: String,
    pub(crate) wealth: Wealth,
}

/// A cloud's customers and its own books.
#[derive(Clone, Debug, Default)]
pub(crate) struct CloudAccounts {
    /// In order of arrival.
    pub(crate) customers: Vec<Customer>,
    pub(crate) together: Wealth,
    /// Every account: whether it is of the cloud's own books, and its row.
    pub(crate) accounts: Vec<(bool, AccountRow)>,
}

impl CloudAccounts {
    pub(crate) fn read(tx: &mut Tx<'_>, cloud: &Cloud, currency: CommodityId) -> Result<CloudAccounts, PageError> {
        let mut read = CloudAccounts::default();
        let mut places: BTreeMap<OwnerId, usize> = BTreeMap::new();
        tx.cloud_accounts_each(&cloud.id, |owner, row| {
            if !owner.books {
                let place = *places.entry(owner.id).or_insert(read.customers.len());
                if place == read.customers.len() {
                    read.customers.push(Customer { name: owner.name.clone(), wealth: Wealth::default() });
                }
                read.customers[place].wealth.count(row, currency);
            }
            read.accounts.push((owner.books, row.clone()));
            Ok(())
        })?;
        for customer in &read.customers {
            read.together.add(&customer.wealth);
        }
        Ok(read)
    }

    /// What the cloud has earned, less the free credit that paid for it.
    pub(crate) fn revenue(&self, currency: CommodityId) -> i128 {
        let books = self.accounts.iter().filter(|(books, row)| *books && row.account.commodity == currency);
        books
            .filter(|(_, row)| matches!(Chart::parse(&row.code), Some(Chart::Revenue(_) | Chart::PromoUsed)))
            .map(|(_, row)| i128::from(row.account.balance()))
            .sum()
    }

    pub(crate) fn in_debt(&self) -> usize {
        self.customers.iter().filter(|customer| customer.wealth.owed > 0).count()
    }
}

/// The commodity that stands for the cloud's currency; one with an impossible number while nothing was ever posted in it.
pub(crate) fn currency_of(commodities: &[Commodity], cloud: &Cloud) -> CommodityId {
    let found = commodities.iter().find(|commodity| commodity.code == cloud.currency.code());
    found.map_or(CommodityId(0), |commodity| commodity.id)
}
