//! Owners of ledger accounts: the customers of a cloud, and the shards of the cloud's own books.

use crate::{Column, StoreError, Tx};
use farthing_core::ledger::{OwnerId, chain};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerRow {
    pub id: OwnerId,
    pub cloud: String,
    pub name: String,
    /// The cloud's own books, not a customer.
    pub books: bool,
}

impl Tx<'_> {
    /// The owner of this name in this cloud, made if it is not there.
    pub fn owner_ensure(&mut self, cloud: &str, name: &str, books: bool) -> Result<OwnerId, StoreError> {
        if let Some(owner) = self.owner_by_name(cloud, name)? {
            if owner.books != books {
                // Never one for the other: a customer would have the cloud's own accounts.
                return Err(StoreError::Unusable(format!("{name:?} of cloud {cloud} is taken: use another name")));
            }
            return Ok(owner.id);
        }
        let id = self.next_number("SELECT coalesce(max(id), 0) + 1 FROM ledger_owner")?;
        self.execute(
            "INSERT INTO ledger_owner (id, cloud, name, books, seal) VALUES ($1, $2, $3, $4, $5)",
            &[id.into(), cloud.into(), name.into(), books.into(), chain::seal_owner(OwnerId(id), cloud, books).into()],
        )?;
        Ok(OwnerId(id))
    }

    /// Opens many customers at once, named `name-1` and so on after those that are there.
    pub fn owners_open(&mut self, cloud: &str, name: &str, count: usize) -> Result<Vec<OwnerId>, StoreError> {
        let first = self.next_number("SELECT coalesce(max(id), 0) + 1 FROM ledger_owner")?;
        let ids: Vec<i64> = (first..).take(count).collect();
        self.bulk_insert(
            "ledger_owner",
            &["id", "cloud", "name", "books", "seal"],
            vec![
                Column::Int(ids.clone()),
                Column::Text(vec![cloud.to_owned(); count]),
                Column::Text(ids.iter().map(|id| format!("{name}-{id}")).collect()),
                Column::Bool(vec![false; count]),
                Column::Int(ids.iter().map(|id| chain::seal_owner(OwnerId(*id), cloud, false)).collect()),
            ],
        )?;
        Ok(ids.into_iter().map(OwnerId).collect())
    }

    pub fn owner_by_name(&mut self, cloud: &str, name: &str) -> Result<Option<OwnerRow>, StoreError> {
        self.one(
            "SELECT id, cloud, name, books FROM ledger_owner WHERE cloud = $1 AND name = $2",
            &[cloud.into(), name.into()],
            |row| {
                Ok(OwnerRow { id: OwnerId(row.int(0)?), cloud: row.text(1)?, name: row.text(2)?, books: row.bool(3)? })
            },
        )
    }

    /// All owners, cloud by cloud, books first.
    pub fn owners(&mut self) -> Result<Vec<OwnerRow>, StoreError> {
        self.rows("SELECT id, cloud, name, books FROM ledger_owner ORDER BY cloud, books DESC, id", &[], |row| {
            Ok(OwnerRow { id: OwnerId(row.int(0)?), cloud: row.text(1)?, name: row.text(2)?, books: row.bool(3)? })
        })
    }

    /// A dense number, given in the transaction. Where another process takes the same one, its key refuses the second,
    /// and the closure runs again.
    pub(crate) fn next_number(&mut self, sql: &'static str) -> Result<i64, StoreError> {
        self.one(sql, &[], |row| row.int(0))?.ok_or_else(|| StoreError::corrupt("an aggregate answered with no row"))
    }
}
