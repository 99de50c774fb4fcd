//! Of which events an account's people want no mail.

use crate::{StoreError, Tx};
use farthing_core::ledger::OwnerId;
use farthing_core::notice::EventType;

impl Tx<'_> {
    /// In order of their names; what this version does not know is left out.
    pub fn notices_off(&mut self, account: OwnerId) -> Result<Vec<EventType>, StoreError> {
        let names =
            self.rows("SELECT type FROM notice_off WHERE account = $1 ORDER BY type", &[account.0.into()], |row| {
                row.text(0)
            })?;
        Ok(names.iter().filter_map(|name| EventType::parse(name)).collect())
    }

    pub fn is_notice_off(&mut self, account: OwnerId, kind: EventType) -> Result<bool, StoreError> {
        let sql = "SELECT CAST(1 AS BIGINT) FROM notice_off WHERE account = $1 AND type = $2";
        Ok(self.one(sql, &[account.0.into(), kind.name().into()], |row| row.int(0))?.is_some())
    }

    /// These, and no others.
    pub fn notices_off_put(&mut self, account: OwnerId, kinds: &[EventType]) -> Result<(), StoreError> {
        self.execute("DELETE FROM notice_off WHERE account = $1", &[account.0.into()])?;
        for kind in kinds {
            self.execute(
                "INSERT INTO notice_off (account, type) VALUES ($1, $2)",
                &[account.0.into(), kind.name().into()],
            )?;
        }
        Ok(())
    }
}
