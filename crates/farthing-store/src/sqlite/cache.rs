//! The accounts that the writer has read or written last, so that the next batch need not read them again.
//!
//! Sound because one connection writes: it is emptied whenever anything is rolled back, and whenever another connection
//! (another process) has committed, which SQLite counts. Readers never see it. Reading 8,000 accounts was more than a
//! quarter of what a batch of transfers costs.

use farthing_core::ledger::{Account, AccountId};
use std::collections::HashMap;

/// When it would hold more than these, it begins anew: about 20 MB.
const ACCOUNTS_MAX: usize = 131_072;

#[derive(Debug, Default)]
pub(crate) struct AccountCache {
    /// SQLite's count of others' commits when this was right.
    version: i64,
    accounts: HashMap<AccountId, Account>,
}

impl AccountCache {
    /// At the beginning of every transaction.
    pub(super) fn begin(&mut self, version: i64) {
        if self.version != version {
            self.accounts.clear();
            self.version = version;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.accounts.clear();
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
