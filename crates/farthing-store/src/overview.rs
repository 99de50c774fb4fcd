//! Reading many rows for people: a cloud's accounts with their owners, names of accounts, open holds, what is linked.
//!
//! Nothing here locks or decides; it is for `Store::read`, whose snapshot makes what one page shows agree with itself.

use crate::accounts::account_from;
use crate::ledger::{entry_from, hold_from};
use crate::{AccountRow, Column, OwnerRow, StoreError, Tx};
use farthing_core::ledger::{AccountId, CommodityId, Entry, Hold, OwnerId, TransferId};
use farthing_core::time::Instant;
use std::collections::BTreeMap;

/// How many rows after the first of a linked set are looked through for the others: sets are booked in one batch, with
/// ids that follow one another.
const LINKED_WITHIN: i64 = 512;

/// Whose account it is, and which of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountName {
    pub owner: OwnerRow,
    pub code: String,
    pub commodity: CommodityId,
}

impl Tx<'_> {
    /// Every account of a cloud with its owner: the cloud's books first, then customer by customer.
    pub fn cloud_accounts_each(
        &mut self,
        cloud: &str,
        mut each: impl FnMut(&OwnerRow, &AccountRow) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.each(
            "SELECT a.id, a.owner, a.commodity, a.floor, a.hard, a.closed, b.debits, b.credits, coalesce(h.held, 0), b.newest, b.head,
                    a.code, a.opened, o.name, o.books
             FROM ledger_owner o JOIN ledger_account a ON a.owner = o.id JOIN ledger_balance b ON b.account = a.id
             LEFT JOIN ledger_held h ON h.account = a.id
             WHERE o.cloud = $1 ORDER BY o.books DESC, o.id, a.id",
            &[cloud.into()],
            |row| {
                let opened = Instant::from_micros(row.int(12)?);
                let account = AccountRow { account: account_from(row)?, code: row.text(11)?, opened };
                let (name, books) = (row.text(13)?, row.bool(14)?);
                each(&OwnerRow { id: account.account.owner, cloud: cloud.to_owned(), name, books }, &account)
            },
        )
    }

    /// Whose these accounts are.
    pub fn account_names(&mut self, ids: &[AccountId]) -> Result<BTreeMap<AccountId, AccountName>, StoreError> {
        let mut ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        ids.sort_unstable();
        ids.dedup();
        let rows = self.bulk_rows(
            "SELECT a.id, a.code, a.commodity, o.id, o.cloud, o.name, o.books
             FROM {bulk} JOIN ledger_account a ON a.id = bulk.c1 JOIN ledger_owner o ON o.id = a.owner",
            vec![Column::Int(ids)],
            |row| {
                let owner =
                    OwnerRow { id: OwnerId(row.int(3)?), cloud: row.text(4)?, name: row.text(5)?, books: row.bool(6)? };
                let name = AccountName { owner, code: row.text(1)?, commodity: CommodityId(row.int(2)?) };
                Ok((AccountId(row.int(0)?), name))
            },
        )?;
        Ok(rows.into_iter().collect())
    }

    /// An owner's holds that have not ended, at most so many, the first to expire first.
    pub fn holds_open(&mut self, owner: OwnerId, most: i64) -> Result<Vec<Hold>, StoreError> {
        self.rows(
            "SELECT id, owner, amount, captured, expires_at, state, parts FROM hold
             WHERE state = 0 AND owner = $1 ORDER BY expires_at, id LIMIT $2",
            &[owner.0.into(), most.into()],
            hold_from,
        )
    }

    /// The transfers booked together with `first`, itself included, in order.
    pub fn transfers_linked(&mut self, first: TransferId) -> Result<Vec<Entry>, StoreError> {
        self.rows(
            "SELECT id, debit, credit, amount, kind, flags, effective, reverses, linked, cause,
                    debit_after, credit_after, debit_previous, credit_previous
             FROM (SELECT * FROM transfer WHERE id >= $1 ORDER BY id LIMIT $2) AS near WHERE linked = $1 ORDER BY id",
            &[first.get().into(), LINKED_WITHIN.into()],
            entry_from,
        )
    }

    /// The transfer that takes this one back, if there is one.
    pub fn transfer_reversing(&mut self, target: TransferId) -> Result<Option<TransferId>, StoreError> {
        let found = self.one(
            "SELECT id FROM transfer WHERE reverses = $1 AND reverses IS NOT NULL",
            &[target.get().into()],
            |row| row.int(0),
        )?;
        Ok(found.and_then(TransferId::from_i64))
    }
}
