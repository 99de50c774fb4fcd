//! Whose money it is, and crediting it: the bills it is for first, then the balance. The core decides; here what it asks for is looked up.

use super::{NAME, book_known, through_the_bank};
use crate::folio::Work;
use crate::payments::{Chosen, NewPayment, insert_payment, take_payment_news};
use crate::tax::{TaxDue, tax_within};
use crate::{EngineError, Refused};
use farthing_core::bank::matching::{Clues, Decision, Known, KnownAccount, Match, OpenBill, PaidBefore, clues, decide};
use farthing_core::bank::{Row, RowState};
use farthing_core::bill::BillState;
use farthing_core::ledger::OwnerId;
use farthing_core::payment::{BillId, ErrandKind, PaymentNews, Purpose, Verdict};
use farthing_core::policy::Channel;
use farthing_store::{BankRow, BillKind, BillRow, Tx};
use std::collections::BTreeSet;

/// Bills of one account that are looked at.
const BILLS_MAX: usize = 100;

pub(super) enum Found {
    Certain {
        account: OwnerId,
        bills: Vec<BillId>,
        why: String,
    },
    /// Why a person has to look.
    Perhaps(String),
}

/// The core's view of a movement.
fn as_told(row: &BankRow, currency: farthing_core::money::Currency) -> Row {
    let money = |units| farthing_core::money::Money::from_units(units, currency);
    Row {
        line: 0,
        booked: row.booked,
        amount: money(row.amount),
        nature: row.nature,
        bank_reference: row.bank_reference.clone(),
        name: row.name.clone(),
        iban: row.iban.clone(),
        text: row.text.clone(),
        reference: row.reference.clone(),
        end_to_end: row.end_to_end.clone(),
        batch: row.batch.clone(),
        mandate: row.mandate.clone(),
        reason: row.reason.clone(),
        fee: (row.fee != 0).then(|| money(row.fee)),
    }
}

/// What the core thinks of a movement, by what is known now.
pub(super) fn decision(
    tx: &mut Tx<'_>,
    row: &BankRow,
    currency: farthing_core::money::Currency,
) -> Result<Decision, EngineError> {
    let told = as_told(row, currency);
    let clues = clues(&told);
    let known = known(tx, row, &clues, currency)?;
    Ok(decide(&told, &clues, &known))
}

pub(super) fn whose(work: &mut Work<'_, '_>, row: &BankRow) -> Result<Found, Refused> {
    let currency = work.currency();
    match decision(work.tx, row, currency)? {
        Decision::Matched(Match { account, why, .. }) => {
            work.load(&[account])?;
            if let Some(closed) = work.folio(account).payer.closed {
                return Ok(Found::Perhaps(format!("{why}; but the account was closed on {closed}")));
            }
            // Read again under its lock: what it named may have been paid or billed meanwhile.
            match decision(work.tx, row, currency)? {
                Decision::Matched(again) if again.account == account => {
                    Ok(Found::Certain { account, bills: again.bills, why: again.why.to_string() })
                }
                _ => Ok(Found::Perhaps(format!("{why}; but that changed while it was looked at"))),
            }
        }
        Decision::Suggested(suggested) => {
            let best = suggested.first().map(|best| best.why.to_string()).unwrap_or_default();
            Ok(Found::Perhaps(match suggested.len() {
                0 | 1 => best,
                more => format!("{best}; or it is one of {more} accounts"),
            }))
        }
        Decision::Unknown => Ok(Found::Perhaps("nothing in it says whose it is".to_owned())),
    }
}

fn known(
    tx: &mut Tx<'_>,
    row: &BankRow,
    clues: &Clues,
    currency: farthing_core::money::Currency,
) -> Result<Known, EngineError> {
    let cloud = row.cloud.as_str();
    let mut known = Known::default();
    for found in &clues.references {
        if let Some(owner) = tx.transfer_code_owner(cloud, &found.reference.to_string())? {
            known.references.push((found.reference, owner));
        }
    }
    let numbers: Vec<String> = clues.numbers.iter().cloned().collect();
    let open = |bill: &BillRow| OpenBill {
        id: bill.id,
        number: bill.number.clone(),
        account: bill.account,
        owed: farthing_core::money::Money::from_units(owed(bill), currency),
    };
    known.named =
        tx.bills_by_keys(cloud, &numbers)?.iter().filter(|bill| bill.kind == BillKind::Bill).map(open).collect();
    known.paid_before = tx
        .bank_payers(cloud, &clues.iban)?
        .into_iter()
        .map(|(account, times)| PaidBefore { account, times: u32::try_from(times).unwrap_or(u32::MAX) })
        .collect();
    known.same_amount = tx.accounts_that_owe(cloud, row.amount)?;
    let mut ids: BTreeSet<OwnerId> = tx.accounts_by_words(cloud, &clues.words)?.into_iter().collect();
    ids.extend(known.references.iter().map(|(_, owner)| *owner));
    ids.extend(known.named.iter().map(|bill| bill.account));
    ids.extend(known.paid_before.iter().map(|before| before.account));
    let ids: Vec<OwnerId> = ids.into_iter().collect();
    for payer in tx.payers(&ids)? {
        let company = tx.company(payer.id)?.unwrap_or_default();
        let names = [payer.name.clone(), company.name].into_iter().filter(|name| !name.is_empty()).collect();
        known.accounts.push(KnownAccount { id: payer.id, names });
        known.open.extend(tx.bills_open(payer.id)?.iter().take(BILLS_MAX).map(open));
    }
    Ok(known)
}

fn owed(bill: &BillRow) -> i64 {
    match bill.state {
        BillState::Issued | BillState::Overdue | BillState::Uncollectible => bill.due_units().max(0),
        _ => 0,
    }
}

/// Credits a movement to an account: so much to each of the bills, the rest to the balance, its tax taken out of it where tax falls due then.
pub(super) fn credit(
    work: &mut Work<'_, '_>,
    row: &mut BankRow,
    account: OwnerId,
    bills: &[BillId],
    why: &str,
    who: &str,
) -> Result<(), Refused> {
    work.load(&[account])?;
    let now = work.now;
    work.bring_to(account, now)?;
    let payer = work.folio(account).payer.clone();
    book_known(work, through_the_bank(), row.amount)?;
    let mut rest = row.amount;
    let mut parts: Vec<(Purpose, i64, TaxDue, Option<BillId>)> = Vec::with_capacity(bills.len().saturating_add(1));
    for id in bills {
        let due = work.tx.bill(*id)?.filter(|bill| bill.account == account).map_or(0, |bill| owed(&bill)).min(rest);
        if due > 0 {
            rest = rest.saturating_sub(due);
            parts.push((Purpose::Bill, due, TaxDue::default(), Some(*id)));
        }
    }
    if rest > 0 {
        let (net, tax) = tax_within(work, &payer, rest)?;
        parts.push((Purpose::TopUp, net, tax, None));
    }
    for (position, (purpose, net, tax, bill)) in parts.into_iter().enumerate() {
        let chosen = Chosen {
            channel: Channel::BankTransfer,
            method: None,
            token: String::new(),
            fingerprint: String::new(),
            provider: NAME.to_owned(),
            kind: ErrandKind::Look,
        };
        let wanted = NewPayment {
            purpose,
            once: format!("{}-{}", row.id, position.saturating_add(1)),
            net,
            tax,
            bill: bill.map(BillId::to_bytes),
            keeps: false,
            verdict: Verdict::Accepted(Vec::new()),
            back: String::new(),
        };
        let payment = insert_payment(work, &payer, chosen, wanted)?;
        let news = PaymentNews::Succeeded { fee: None, method: None, paid: None };
        take_payment_news(work, payment.id, Some(&row.id.to_string()), &news)?;
    }
    (row.state, row.account, row.changed) = (RowState::Matched, Some(account), now);
    why.clone_into(&mut row.why);
    who.clone_into(&mut row.who);
    Ok(work.tx.bank_row_write(row)?)
}
