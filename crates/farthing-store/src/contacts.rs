//! Whom to write to: the only place that knows a person. Erased, nothing else of the account changes.

use crate::payers::ids_column;
use crate::{StoreError, Tx};
use farthing_core::ledger::OwnerId;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactRow {
    pub name: String,
    pub email: String,
    /// Such as `en`; empty: the cloud's.
    pub language: String,
}

impl Tx<'_> {
    pub fn contact(&mut self, account: OwnerId) -> Result<Option<ContactRow>, StoreError> {
        self.one("SELECT name, email, language FROM contact WHERE account = $1", &[account.0.into()], |row| {
            Ok(ContactRow { name: row.text(0)?, email: row.text(1)?, language: row.text(2)? })
        })
    }

    /// Which of these have an address to be written to.
    pub fn accounts_with_mail(&mut self, accounts: &[OwnerId]) -> Result<Vec<OwnerId>, StoreError> {
        self.bulk_rows(
            "SELECT c.account FROM {bulk} JOIN contact c ON c.account = bulk.c1 WHERE c.email <> ''",
            vec![ids_column(accounts)],
            |row| Ok(OwnerId(row.int(0)?)),
        )
    }

    pub fn contact_put(&mut self, account: OwnerId, contact: &ContactRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO contact (account, name, email, language) VALUES ($1, $2, $3, $4)
             ON CONFLICT (account) DO UPDATE SET name = excluded.name, email = excluded.email, language = excluded.language",
            &[
                account.0.into(),
                contact.name.as_str().into(),
                contact.email.as_str().into(),
                contact.language.as_str().into(),
            ],
        )?;
        Ok(())
    }

    pub fn contact_erase(&mut self, account: OwnerId) -> Result<(), StoreError> {
        self.execute("DELETE FROM contact WHERE account = $1", &[account.0.into()])?;
        Ok(())
    }
}
