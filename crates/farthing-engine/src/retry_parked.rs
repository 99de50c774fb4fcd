//! Tries an account again that could not be settled: what was wrong has been mended, or it stays parked with the reason it has now.

use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::account_of;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::ledger::{OwnerId, TransferId};
use farthing_core::time::Instant;
use farthing_store::ParkedRow;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retried {
    /// Why it was parked.
    pub was: String,
    /// Why it still is; none: it is settled up to now.
    pub still: Option<String>,
}

impl Engine {
    /// Accounts that cannot be settled, of all clouds.
    pub fn parked(&self) -> Result<Vec<ParkedRow>, EngineError> {
        Ok(self.store.read("parked", |tx| tx.payers_parked())?)
    }

    pub fn retry_parked(&self, cloud: &str, account: &str) -> Result<Retried, Refused> {
        let account = account.to_owned();
        self.ask("retry_parked", cloud, move |work| {
            let payer = account_of(work, &account)?;
            work.load(&[payer.id])?;
            let was = work.folio(payer.id).state.parked.clone();
            if was.is_empty() {
                let what = format!("account {account:?} is not parked: it is settled as it falls due");
                return Err(Refused::new(RefusalCode::Conflict, what));
            }
            let done = settle(work, payer.id).map_err(Refused::from);
            work.park_if_failed(payer.id, done)?;
            let still = Some(work.folio(payer.id).state.parked.clone()).filter(|why| !why.is_empty());
            let facts = json!({ "parked": still });
            let note = Note::new("account.retried", format!("account {account}"));
            work.notes.push(note.was(&json!({ "parked": was })).became(&facts));
            Ok(Retried { was, still })
        })
    }
}

/// Everything since it was parked happens at its own time, then what has accrued is posted.
fn settle(work: &mut Work<'_, '_>, id: OwnerId) -> Result<(), EngineError> {
    let (now, done) = (work.now, last_done(work, id)?);
    let late_window = work.policy_at(done)?.settle.late_window;
    let cloud = work.cloud.clone();
    work.folio(id).find_due(done, late_window, &cloud)?;
    work.bring_to(id, now)?;
    work.post_all(id, now)?;
    let folio = work.folio(id);
    folio.state.parked.clear();
    folio.stir();
    Ok(())
}

/// Until when nothing was left undone. Parking forgot what was due next, and before this nothing of it may happen again: it is the
/// later of the day that is open and of the last transfer, for each of its own times settles before it changes what can pay.
fn last_done(work: &mut Work<'_, '_>, id: OwnerId) -> Result<Instant, EngineError> {
    let open_from = work.folio(id).state.open_from;
    let posted = work.tx.accounts_of(id)?.into_iter().filter_map(|row| row.account.newest).map(TransferId::recorded);
    Ok(posted.max().map_or(open_from, |posted| posted.floor_second().max(open_from)))
}
