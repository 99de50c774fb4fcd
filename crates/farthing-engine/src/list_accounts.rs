//! Accounts with their money, for whoever looks at many.

use crate::look_at_account::view_of;
use crate::open_account::facts_of;
use crate::{AccountFacts, AccountView, Engine, EngineError, Refused};
use farthing_core::ledger::OwnerId;
use farthing_core::time::Instant;

#[derive(Clone, Debug)]
pub struct AccountLine {
    pub facts: AccountFacts,
    /// None: it cannot be worked out, and is parked or will be.
    pub view: Option<AccountView>,
}

impl Engine {
    /// As `accounts`, each with what it has.
    pub fn accounts_viewed(
        &self,
        cloud: &str,
        after: OwnerId,
        containing: &str,
        limit: usize,
        at: Instant,
    ) -> Result<Vec<AccountLine>, Refused> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.look(cloud, |work| {
            let mut lines = Vec::new();
            for payer in work.tx.payers_page(cloud, after, containing, limit)? {
                let view = match view_of(work, payer.id, at) {
                    Ok(view) => Some(view),
                    Err(Refused::Engine(EngineError::Settle(_))) => None,
                    Err(other) => return Err(other),
                };
                lines.push(AccountLine { facts: facts_of(work.tx, &payer)?, view });
            }
            Ok(lines)
        })
    }
}
