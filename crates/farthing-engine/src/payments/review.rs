//! Payments that a person looks at first (R98): approved they are asked of the provider, refused they never are.

use super::errands::send_errand;
use super::facts::PaymentFacts;
use super::pay_in::told_of;
use crate::asked::Note;
use crate::folio::Work;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::notice::Event;
use farthing_core::payment::{ErrandKind, PaymentId, State};
use serde_json::json;

impl Engine {
    /// An operator decides about a payment that waits for it.
    pub fn decide_payment(
        &self,
        cloud: &str,
        id: PaymentId,
        approve: bool,
        note: &str,
    ) -> Result<PaymentFacts, Refused> {
        let note = note.to_owned();
        let decide = move |work: &mut Work<'_, '_>| {
            let cloud = work.cloud.id.clone();
            let missing = || Refused::not_found("payment", &id.to_string());
            let account = work.tx.payment(id)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?.account;
            work.load(&[account])?;
            let mut row = work.tx.payment(id)?.ok_or_else(missing)?;
            if row.state != State::Review {
                let what = format!("payment {id} waits for nobody: it is {}", row.state.name());
                return Err(Refused::new(RefusalCode::Conflict, what));
            }
            let payer = work.folio(account).payer.clone();
            let said = if approve { "approved" } else { "refused" };
            row.verdict = format!("{}\n{said}: {note}", row.verdict);
            row.changed = work.now;
            if approve {
                row.state = State::Created;
                let kind = if row.token.is_empty() { ErrandKind::Page } else { ErrandKind::Charge };
                send_errand(work, account, &row.provider, kind, id.to_bytes(), 0)?;
                if kind == ErrandKind::Page {
                    super::codes::open(work, &row)?;
                }
            } else {
                row.state = State::Refused;
                row.failure_text.clone_from(&note);
                let told = told_of(work, &payer, &row, note.clone())?;
                work.tell(Some(account), Event::PaymentFailed(told));
            }
            work.tx.payment_write(&row)?;
            let told = json!({ "payment": id.to_string(), "state": row.state.name(), "note": note });
            work.notes.push(Note::new("payment.decided", format!("account {}", payer.name)).became(&told));
            Ok(())
        };
        self.ask_outside("decide_payment", cloud, decide, |()| {
            self.run_errand_of(&id.to_bytes())?;
            self.payment(cloud, id)
        })
    }
}
