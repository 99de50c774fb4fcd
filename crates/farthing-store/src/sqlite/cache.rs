//! The accounts that the writer has read or written last, and whom names belong to, so that the next batch need not read them
//! again.
//!
//! Sound because one connection writes: it is emptied whenever anything is rolled back, and whenever another connection
//! (another process) has committed, which SQLite counts. Readers never see it. Reading 8,000 accounts was more than a
//! quarter of what a batch of transfers costs.

use crate::payers::PayerBrief;
use farthing_core::ledger::{Account, AccountId, OwnerId};
use farthing_core::settle::ThingId;
use std::collections::HashMap;

/// When it would hold more than these, it begins anew: about 20 MB.
const ACCOUNTS_MAX: usize = 131_072;

#[derive(Debug, Default)]
pub(crate) struct AccountCache {
    /// SQLite's count of others' commits when this was right.
    version: i64,
    accounts: HashMap<AccountId, Account>,
    pub(crate) names: Box<KnownNames>,
}

/// Whom names belong to.
#[derive(Debug, Default)]
pub(crate) struct KnownNames {
    pub(crate) payers: Names<PayerBrief>,
    /// What usage is charged to.
    pub(crate) usage_things: Names<(ThingId, OwnerId)>,
}

/// What names stand for, cloud by cloud: a look-up by name is four by number, and most names come again with the next batch.
#[derive(Debug)]
pub(crate) struct Names<T> {
    clouds: HashMap<String, HashMap<String, T>>,
}

impl<T> Default for Names<T> {
    fn default() -> Names<T> {
        Names { clouds: HashMap::new() }
    }
}

impl<T> Names<T> {
    pub(crate) fn of(&mut self, cloud: &str) -> &HashMap<String, T> {
        if !self.clouds.contains_key(cloud) {
            self.clouds.insert(cloud.to_owned(), HashMap::new());
        }
        &self.clouds[cloud]
    }

    pub(crate) fn keep(&mut self, cloud: &str, name: &str, what: T) {
        let Some(names) = self.clouds.get_mut(cloud) else { return };
        if names.len() >= ACCOUNTS_MAX {
            names.clear();
        }
        names.insert(name.to_owned(), what);
    }

    pub(crate) fn clear(&mut self) {
        self.clouds.clear();
    }
}

impl AccountCache {
    /// At the beginning of every transaction.
    pub(super) fn begin(&mut self, version: i64) {
        if self.version != version {
            self.clear();
            self.version = version;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.accounts.clear();
        self.names.payers.clear();
        self.names.usage_things.clear();
    }

    pub(crate) fn get(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    pub(crate) fn keep(&mut self, account: &Account) {
        if let Some(kept) = self.accounts.get_mut(&account.id) {
            kept.clone_from(account);
            return;
        }
        if self.accounts.len() >= ACCOUNTS_MAX {
            self.accounts.clear();
        }
        self.accounts.insert(account.id, account.clone());
    }
}
