//! By what it is found whose money came in at the bank: bills' numbers, words of names, amounts that are owed.

use crate::{BillRow, Column, StoreError, Tx};
use farthing_core::ledger::OwnerId;
use farthing_core::payment::BillId;

/// A word that so many accounts share tells nobody apart.
const NAMES_MAX: i64 = 50;

impl Tx<'_> {
    /// What a bill is found by.
    pub fn bill_keys_put(&mut self, cloud: &str, keys: &[String], bill: BillId) -> Result<(), StoreError> {
        for key in keys {
            self.execute(
                "INSERT INTO bill_key (cloud, key, bill) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                &[cloud.into(), key.as_str().into(), bill.to_bytes().as_slice().into()],
            )?;
        }
        Ok(())
    }

    /// Bills that one of these keys is of.
    pub fn bills_by_keys(&mut self, cloud: &str, keys: &[String]) -> Result<Vec<BillRow>, StoreError> {
        let clouds = keys.iter().map(|_| cloud.to_owned()).collect();
        let mut ids = self.bulk_rows(
            "SELECT k.bill FROM {bulk} JOIN bill_key k ON k.cloud = bulk.c1 AND k.key = bulk.c2",
            vec![Column::Text(clouds), Column::Text(keys.to_vec())],
            |row| Ok(BillId::from_bytes(row.bytes(0)?)),
        )?;
        ids.sort_unstable();
        ids.dedup();
        let mut bills = Vec::with_capacity(ids.len());
        for id in ids {
            bills.extend(self.bill(id)?);
        }
        Ok(bills)
    }

    /// Sets the words of an account's name; none: it is forgotten.
    pub fn name_words_put(&mut self, cloud: &str, account: OwnerId, words: &[String]) -> Result<(), StoreError> {
        self.execute("DELETE FROM name_word WHERE account = $1", &[account.0.into()])?;
        for word in words {
            self.execute(
                "INSERT INTO name_word (cloud, word, account) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                &[cloud.into(), word.as_str().into(), account.0.into()],
            )?;
        }
        Ok(())
    }

    /// Accounts whose name shares one of these words, by words that do not stand in too many names.
    pub fn accounts_by_words(&mut self, cloud: &str, words: &[String]) -> Result<Vec<OwnerId>, StoreError> {
        let mut found = Vec::new();
        for word in words {
            let sharing = self.rows(
                "SELECT account FROM name_word WHERE cloud = $1 AND word = $2 ORDER BY account LIMIT $3",
                &[cloud.into(), word.as_str().into(), (NAMES_MAX + 1).into()],
                |row| Ok(OwnerId(row.int(0)?)),
            )?;
            if i64::try_from(sharing.len()).is_ok_and(|count| count <= NAMES_MAX) {
                found.extend(sharing);
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Two of the accounts that owe exactly so much on one bill, or one, or none.
    pub fn accounts_that_owe(&mut self, cloud: &str, amount: i64) -> Result<Vec<OwnerId>, StoreError> {
        self.rows(
            "SELECT DISTINCT account FROM bill WHERE cloud = $1 AND (state = 'issued' OR state = 'overdue')
                AND (total + given_back + refunded + charged_back - paid - credited - rolled) = $2
             ORDER BY account LIMIT 2",
            &[cloud.into(), amount.into()],
            |row| Ok(OwnerId(row.int(0)?)),
        )
    }
}
