//! Looking for an account by whatever somebody has of it: each way one statement, at most so many rows.

use crate::{StoreError, Tx};

/// An account, and what of it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRow {
    pub account: String,
    pub what: String,
}

impl Tx<'_> {
    /// Accounts whose own name holds it; `text` is in lower case, as names are.
    pub fn found_by_name(&mut self, cloud: &str, text: &str, most: i64) -> Result<Vec<FoundRow>, StoreError> {
        self.found(
            "SELECT a.name, a.name FROM account a WHERE a.cloud = $1 AND replace(lower(a.name), $2, '') <> lower(a.name)
             ORDER BY a.name LIMIT $3",
            (cloud, text, most),
        )
    }

    /// By whom its mails go to.
    pub fn found_by_contact(&mut self, cloud: &str, text: &str, most: i64) -> Result<Vec<FoundRow>, StoreError> {
        self.found(
            "SELECT a.name, CASE WHEN replace(lower(c.email), $2, '') <> lower(c.email) THEN c.email ELSE c.name END
             FROM contact c JOIN account a ON a.id = c.account
             WHERE a.cloud = $1 AND (replace(lower(c.email), $2, '') <> lower(c.email) OR replace(lower(c.name), $2, '') <> lower(c.name))
             ORDER BY a.name LIMIT $3",
            (cloud, text, most),
        )
    }

    /// By what its bills are made out to.
    pub fn found_by_company(&mut self, cloud: &str, text: &str, most: i64) -> Result<Vec<FoundRow>, StoreError> {
        self.found(
            "SELECT a.name, c.name FROM company c JOIN account a ON a.id = c.account
             WHERE a.cloud = $1 AND (replace(lower(c.name), $2, '') <> lower(c.name) OR lower(c.tax_number) = $2)
             ORDER BY a.name LIMIT $3",
            (cloud, text, most),
        )
    }

    /// By the address that one of its people signs in with.
    pub fn found_by_person(&mut self, cloud: &str, text: &str, most: i64) -> Result<Vec<FoundRow>, StoreError> {
        self.found(
            "SELECT DISTINCT a.name, p.email FROM person p JOIN member m ON m.person = p.person JOIN account a ON a.id = m.account
             WHERE p.cloud = $1 AND a.cloud = $1 AND NOT p.operator AND replace(lower(p.email), $2, '') <> lower(p.email)
             ORDER BY a.name LIMIT $3",
            (cloud, text, most),
        )
    }

    pub fn found_by_project(&mut self, cloud: &str, text: &str, most: i64) -> Result<Vec<FoundRow>, StoreError> {
        self.found(
            "SELECT a.name, p.name FROM project p JOIN account a ON a.id = p.account
             WHERE p.cloud = $1 AND replace(lower(p.name), $2, '') <> lower(p.name) ORDER BY a.name, p.name LIMIT $3",
            (cloud, text, most),
        )
    }

    pub fn found_by_resource(&mut self, cloud: &str, text: &str, most: i64) -> Result<Vec<FoundRow>, StoreError> {
        self.found(
            "SELECT a.name, t.name FROM thing t JOIN account a ON a.id = t.account
             WHERE t.cloud = $1 AND t.kind = 0 AND replace(lower(t.name), $2, '') <> lower(t.name) ORDER BY a.name, t.name LIMIT $3",
            (cloud, text, most),
        )
    }

    /// By a payment as its provider or whoever asked for it calls it, or by what a transfer has to be written with.
    pub fn found_by_reference(&mut self, cloud: &str, text: &str, most: i64) -> Result<Vec<FoundRow>, StoreError> {
        let mut found = self.found(
            "SELECT a.name, CASE WHEN lower(p.reference) = $2 THEN p.reference ELSE p.once END
             FROM payment p JOIN account a ON a.id = p.account
             WHERE p.cloud = $1 AND (lower(p.reference) = $2 OR lower(p.once) = $2) ORDER BY p.id DESC LIMIT $3",
            (cloud, text, most),
        )?;
        found.extend(self.found(
            "SELECT a.name, c.code FROM transfer_code c JOIN account a ON a.id = c.account
             WHERE c.cloud = $1 AND lower(c.code) = $2 LIMIT $3",
            (cloud, text, most),
        )?);
        Ok(found)
    }

    fn found(
        &mut self,
        sql: &'static str,
        (cloud, text, most): (&str, &str, i64),
    ) -> Result<Vec<FoundRow>, StoreError> {
        self.rows(sql, &[cloud.into(), text.into(), most.into()], |row| {
            Ok(FoundRow { account: row.text(0)?, what: row.text(1)? })
        })
    }
}
