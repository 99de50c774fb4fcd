//! Waives a charge, in whole or in part: an operator's goodwill, with a reason. It is taken off what a product has cost, the newest first.
//!
//! A waiver is a charge of its own, below zero, on a line of its own (`LineId::waiver`). Rating knows nothing of it: a late fact or a
//! corrected price is compared with what was charged, so it neither takes the waiver back nor gives the same money once more, because
//! nothing is corrected below what was waived of it. What is given back goes to what paid, last what paid first, as a correction does.
//! What stands on a bill already is taken off that, by a credit note (`bills/credit_used`). Only sealed charges can be waived: what is still open may turn out to cost less.

use crate::asked::Note;
use crate::bills::{Corrected, credit_used};
use crate::folio::{Charged, Work};
use crate::open_project::account_ever;
use crate::payments::pay_arrears;
use crate::top_up::positive;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::money::Money;
use farthing_core::notice::Event;
use farthing_core::rate::Charge;
use farthing_core::settle::{Correction, LineId, Service};
use farthing_core::time::Instant;
use farthing_store::{ChargeRow, TermsId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// What is not asked for.
#[derive(Clone, Debug)]
pub struct Waiver {
    pub product: String,
    pub amount: Money,
    /// For the audit log, and for who is written to.
    pub reason: String,
    /// Of charges whose service began in between only.
    pub from: Option<Instant>,
    pub to: Option<Instant>,
}

/// What became of a waiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waived {
    /// Off how many charges it was taken.
    pub charges: usize,
    /// What could still be waived by the same question.
    pub left: i64,
}

/// What a thing cost in a day, a rating period or a closed billing period, and may be waived of it.
struct Slot {
    line: LineId,
    service: Service,
    terms: TermsId,
    charged: Charged,
    most: i64,
}

impl Engine {
    pub fn waive_charge(&self, cloud: &str, account: &str, waiver: &Waiver) -> Result<Waived, Refused> {
        let (account, waiver) = (account.to_owned(), waiver.clone());
        self.ask("waive_charge", cloud, move |work| waive(work, &account, &waiver))
    }
}

fn waive(work: &mut Work<'_, '_>, account: &str, waiver: &Waiver) -> Result<Waived, Refused> {
    let units = positive(work, waiver.amount)?;
    if waiver.reason.trim().is_empty() {
        let what = "a waiver has a reason: say why, for the audit log and for the customer";
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    let not_there = || Refused::not_found("product", &waiver.product);
    let product = Name::parse(&waiver.product).ok_or_else(not_there)?;
    let payer = account_ever(work, account)?;
    let now = work.now;
    work.load(&[payer.id])?;
    work.bring_to(payer.id, now)?;
    work.post_all(payer.id, now)?; // what has accrued is paid by what was there
    let slots = slots_of(work, payer.id, &product, waiver)?;
    if slots.is_empty() && work.cloud.profile_at(now)?.catalog.product_by_id(product.as_str()).is_none() {
        return Err(not_there());
    }
    let most = slots.iter().map(|slot| slot.most).fold(0, i64::saturating_add);
    if units > most {
        let what = format!(
            "what account {account} was charged for {product} there still costs {}: waive at most that",
            work.money(most).plain()
        );
        return Err(Refused::new(RefusalCode::AboveMaximum, what));
    }
    let mut rest = units;
    let mut waivers = Vec::new();
    for slot in slots {
        let part = rest.min(slot.most);
        if part == 0 {
            break;
        }
        rest -= part;
        waivers.push(waiver_of(work, payer.id, slot, part)?);
    }
    let charges = waivers.len();
    work.book_corrections(payer.id, waivers)?;
    // What stands on a bill already is credited of it.
    let sealed = &work.folio(payer.id).sealed;
    let fresh = sealed.iter().skip(sealed.len().saturating_sub(charges));
    let parts: Vec<Corrected> = fresh.filter_map(|(sealed, _)| Corrected::of(sealed)).collect();
    let payer = work.folio(payer.id).payer.clone();
    credit_used(work, &payer, &waiver.reason, &parts)?;
    // What came back as cash pays what is owed for something else.
    pay_arrears(work, payer.id)?;
    let facts = json!({
        "product": product.as_str(),
        "amount": waiver.amount.plain(),
        "reason": waiver.reason,
        "from": waiver.from.map(|from| from.to_string()),
        "to": waiver.to.map(|to| to.to_string()),
    });
    work.notes.push(Note::new("charge.waived", format!("account {account}")).became(&facts));
    let event = Event::ChargeWaived {
        account: account.to_owned(),
        product: product.to_string(),
        amount: waiver.amount,
        reason: waiver.reason.clone(),
    };
    work.tell(Some(payer.id), event);
    Ok(Waived { charges, left: most - units })
}

/// What still costs something, the newest first.
fn slots_of(work: &mut Work<'_, '_>, id: OwnerId, product: &Name, waiver: &Waiver) -> Result<Vec<Slot>, EngineError> {
    let mut rows = work.charges_of_product(id, product)?;
    Charged::sort(&mut rows);
    let asked =
        |row: &ChargeRow| waiver.from.is_none_or(|from| row.from >= from) && waiver.to.is_none_or(|to| row.from < to);
    let mut slots: BTreeMap<(Service, LineId), (Slot, i64)> = BTreeMap::new();
    for row in rows {
        let key = work.cloud.clone().terms(work.tx, row.terms)?.0.clone();
        let service = work.service_of(id, &key, (row.from, row.to), work.now)?;
        let line = row.line.waiver();
        let (slot, within) = slots
            .entry((service, line.clone()))
            .or_insert_with(|| (Slot { line, service, terms: row.terms, charged: Charged::new(key), most: 0 }, 0));
        slot.charged.take(&row);
        if asked(&row) && !row.line.is_waiver() {
            *within = within.saturating_add(row.net);
        }
    }
    let mut left = Vec::with_capacity(slots.len());
    for (mut slot, within) in slots.into_values().rev() {
        // The days of a closed period are one charge, of which any part was waived: what was may have been of the days asked for.
        let there = slot.charged.paid.iter().map(|(_, part)| *part).fold(0, i64::saturating_add);
        slot.most = slot.charged.net.min(within).saturating_sub(slot.charged.waived).clamp(0, there.max(0));
        if slot.most > 0 {
            left.push(slot);
        }
    }
    left.sort_by_key(|slot| std::cmp::Reverse((slot.service.to, slot.service.from)));
    Ok(left)
}

fn waiver_of(work: &mut Work<'_, '_>, id: OwnerId, slot: Slot, part: i64) -> Result<Correction, EngineError> {
    let known = work.cloud.clone().terms(work.tx, slot.terms)?;
    let pay = work.pay_of(known.1.pay, &work.folios[&id].payer)?;
    let less = work.money(part.saturating_neg());
    Ok(Correction {
        line: slot.line,
        product: known.0.product.clone(),
        key: known.0.clone(),
        service: slot.service,
        charge: Charge { list: less, net: less },
        paid: slot.charged.paid,
        pay,
    })
}
