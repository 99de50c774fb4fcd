//! Bills an account for what it has used and not paid, at once: what its sealed charges left, and what was posted of those that are open.

use super::arrears::fees_due;
use super::close_period::{Document, documents};
use super::collect::collect;
use super::facts::BillFacts;
use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::account_ever;
use crate::{Engine, Refused};
use farthing_core::bill::{BilledUse, Collection, ConsumedLine, Used, less_apart};
use farthing_core::payment::{BillId, PaymentId};
use farthing_core::policy::BillOn;
use farthing_store::PayerRow;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What came of billing an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billed {
    /// None: nothing waits that comes to a coin.
    pub bill: Option<BillFacts>,
    /// The payment by which it is collected by itself.
    pub payment: Option<String>,
}

impl Engine {
    /// Issues a bill of all that waits for one.
    pub fn bill_now(&self, cloud: &str, account: &str) -> Result<Billed, Refused> {
        let account = account.to_owned();
        let issue = move |work: &mut Work<'_, '_>| bill(work, &account);
        self.ask_outside("bill_now", cloud, issue, |(bill, payment): (Option<String>, Option<String>)| {
            if let Some(id) = payment.as_deref().and_then(|id| PaymentId::parse(id).ok()) {
                self.run_errand_of(&id.to_bytes())?;
            }
            let bill = bill.and_then(|id| BillId::parse(&id).ok());
            Ok(Billed { bill: bill.map(|id| self.bill(cloud, id)).transpose()?, payment })
        })
    }
}

fn bill(work: &mut Work<'_, '_>, account: &str) -> Result<(Option<String>, Option<String>), Refused> {
    let payer = account_ever(work, account)?;
    work.load(&[payer.id])?;
    bill_all(work, &payer)
}

/// The last bill of an account that is closed, where the cloud bills by the period: it comes at once.
pub(crate) fn bill_last(work: &mut Work<'_, '_>, payer: &PayerRow) -> Result<(), Refused> {
    if work.policy_at(work.now)?.bill.on.contains(&BillOn::Cycle) {
        bill_all(work, payer)?;
    }
    Ok(())
}

/// A bill of all that waits for one: its id, and that of the payment which collects it. The account was loaded.
fn bill_all(work: &mut Work<'_, '_>, payer: &PayerRow) -> Result<(Option<String>, Option<String>), Refused> {
    let now = work.now;
    work.bring_to(payer.id, now)?;
    work.seal_corrections(payer.id)?;
    work.post_all(payer.id, now)?;
    work.flush_postings()?;
    let upto = now.floor_second();
    let billing = work.billing(payer.id)?;
    let (mut waiting, apart, since) = (billing.waiting.clone(), billing.apart.clone(), billing.cut.upto);
    let mut rest = apart;
    let mut uses = less_apart(waiting.take(upto), &mut rest);
    // What was posted of open charges is billed with them; they will cost that much less on the next.
    let posted = work.folio(payer.id).book.posted.clone();
    for (product, posted) in posted {
        let unbilled = Used::of(0, 0, &posted.paid).unbilled;
        let before = rest.insert(product.clone(), unbilled).unwrap_or(0);
        if unbilled != before {
            let from = work.folio(payer.id).book.open_from.max(since).min(upto);
            let (item, used) = (String::new(), Used::NOTHING);
            let line = ConsumedLine { period: upto, late: false, product, item, from, to: upto, used };
            uses.push(BilledUse { line, billed: unbilled.saturating_sub(before) });
        }
    }
    rest.retain(|_, amount| *amount != 0);
    let fees = fees_due(work, payer.id, now)?;
    let found = Document { waiting, apart: rest, uses, upto, dated: now, renewals: Vec::new(), fees };
    let Some((row, collection)) = documents(work, payer.id, found)? else { return Ok((None, None)) };
    let told = json!({ "bill": row.id.to_string(), "total": work.money(row.total).plain() });
    work.notes.push(Note::new("bill.issued", format!("account {}", payer.name)).became(&told));
    let payer = work.folio(payer.id).payer.clone();
    let payment = match collection {
        Collection::Collect(_) => collect(work, &payer, &row, &[])?,
        Collection::Nothing | Collection::Roll(_) | Collection::GiveBack(_) => None,
    };
    Ok((Some(row.id.to_string()), payment.as_ref().map(PaymentId::to_string)))
}
