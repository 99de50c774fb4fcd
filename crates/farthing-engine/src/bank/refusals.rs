//! What the bank refused of what it was asked for, before it was done (pain.002): those payments and refunds fail, and say why.

use super::facts::BankFileFacts;
use super::files::refuse;
use super::look_at_row::forget_method;
use crate::asked::Note;
use crate::{Engine, Refused};
use farthing_core::bank::{BankFileId, FileKind, OrderKind, OrderState, ReturnReason};
use farthing_core::ledger::OwnerId;
use farthing_core::payment::PaymentId;
use farthing_store::{BankFileRow, BankOrderRow, Tx};
use serde_json::json;

/// One thing that the bank does not do; without `end_to_end`, all of a batch; without `batch` too, the whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What we called the file.
    pub message: String,
    pub batch: String,
    pub end_to_end: String,
    /// ISO 20022's code.
    pub reason: String,
    pub text: String,
}

impl Engine {
    /// Takes a file of refusals: the same one twice changes nothing.
    pub fn take_refusals(
        &self,
        cloud: &str,
        name: &str,
        digest: &str,
        refusals: &[Refusal],
    ) -> Result<BankFileFacts, Refused> {
        let (name, digest, mut refusals, who) = (name.to_owned(), digest.to_owned(), refusals.to_vec(), self.who());
        // What is said of one thing is nearer to the truth than what is said of all: it comes first.
        refusals.sort_by_key(|refusal| (refusal.end_to_end.is_empty(), refusal.batch.is_empty()));
        self.ask("take_refusals", cloud, move |work| {
            let cloud = work.cloud.id.clone();
            if let Some(there) = work.tx.bank_file_by_digest(&cloud, &digest)? {
                return Ok(BankFileFacts::of(&there, true));
            }
            let mut found: Vec<(BankOrderRow, Refusal)> = Vec::new();
            for refusal in &refusals {
                let orders = orders_of(work.tx, &cloud, refusal)?;
                found.extend(orders.into_iter().map(|order| (order, refusal.clone())));
            }
            let accounts: Vec<OwnerId> = found.iter().filter_map(|(order, _)| order.account).collect();
            work.load(&accounts)?;
            let (mut fresh, mut total) = (0_i64, 0_i64);
            for (order, refusal) in found {
                let Some(order) = work.tx.bank_order(&cloud, &order.end_to_end)? else { continue };
                if order.state != OrderState::Filed {
                    continue; // it is over already
                }
                fresh = fresh.saturating_add(1);
                total = total.saturating_add(order.amount);
                let reason = ReturnReason::of(&refusal.reason);
                let text = if refusal.text.is_empty() { String::new() } else { format!(" ({})", refusal.text) };
                let (kind, subject) = (order.kind, order.subject);
                refuse(work, order, &reason, &format!("{reason}{text}"))?;
                if kind == OrderKind::Debit {
                    forget_method(work, PaymentId::from_bytes(subject), &reason)?;
                }
            }
            let id: BankFileId = work.ids.id(work.now);
            let row = BankFileRow {
                id,
                cloud,
                kind: FileKind::Refusals,
                name: name.clone(),
                digest: digest.clone(),
                at: work.now,
                rows: i64::try_from(refusals.len()).unwrap_or(i64::MAX),
                fresh,
                total,
                who: who.clone(),
            };
            work.tx.bank_file_insert(&row, "")?;
            let told = json!({ "file": id.to_string(), "refused": fresh, "total": work.money(total).plain() });
            work.notes.push(Note::new("bank.refusals_taken", format!("file {name}")).became(&told));
            Ok(BankFileFacts::of(&row, false))
        })
    }
}

/// What a refusal is about. A file's batches are numbered from 1, and none is empty.
fn orders_of(tx: &mut Tx<'_>, cloud: &str, refusal: &Refusal) -> Result<Vec<BankOrderRow>, Refused> {
    if !refusal.end_to_end.is_empty() {
        return Ok(tx.bank_order(cloud, &refusal.end_to_end)?.into_iter().collect());
    }
    if !refusal.batch.is_empty() {
        return Ok(tx.bank_orders_of_batch(cloud, &refusal.batch)?);
    }
    let mut all = Vec::new();
    for number in 1_u32.. {
        let orders = tx.bank_orders_of_batch(cloud, &format!("{}-{number}", refusal.message))?;
        if orders.is_empty() {
            break;
        }
        all.extend(orders);
    }
    Ok(all)
}
