//! Bills an account for what it has used and not paid: what waits in `unbilled`, a line for each product, and what earlier bills left (R13, R20).

use super::broken;
use super::collect::collect;
use super::facts::BillFacts;
use super::issue::issue_bill;
use super::pay_bill::payable;
use crate::asked::Note;
use crate::coupons::coupons_for_bill;
use crate::folio::Work;
use crate::open_project::account_ever;
use crate::{Engine, EngineError, Refused};
use farthing_core::bill::{BillLine, Collection, Origin, ServicePeriod};
use farthing_core::config::Name;
use farthing_core::ledger::{AccountId, Chart, Kind, TransferId};
use farthing_core::payment::{BillId, PaymentId};
use farthing_core::policy::{Country, TaxPoint};
use farthing_core::settle::SettleError;
use farthing_core::tax::Assessment;
use farthing_core::time::{Duration, Instant};
use farthing_store::PayerRow;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// What came of billing an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billed {
    /// None: nothing waits that comes to a coin.
    pub bill: Option<BillFacts>,
    /// The payment by which it is collected by itself.
    pub payment: Option<String>,
}

/// Transfers read at once.
const PAGE: usize = 500;

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
    let now = work.now;
    work.load(&[payer.id])?;
    work.bring_to(payer.id, now)?;
    work.post_all(payer.id, now)?;
    work.flush_postings()?;
    let payer = work.folio(payer.id).payer.clone(); // it may have an account of what waits by now
    let lines = lines_of(work, &payer)?;
    if lines.is_empty() {
        return Ok((None, None));
    }
    let balance = payable(work, payer.id);
    let coupons = coupons_for_bill(work, payer.id, &lines)?;
    let issued = issue_bill(work, &payer, lines, balance, &coupons)?;
    let Some((row, collection)) = issued else { return Ok((None, None)) };
    work.folio(payer.id).unbilled = 0;
    let told = json!({ "bill": row.id.to_string(), "total": work.money(row.total).plain() });
    work.notes.push(Note::new("bill.issued", format!("account {account}")).became(&told));
    let payment = match collection {
        Collection::Collect(_) => collect(work, &payer, &row, &[])?,
        Collection::Nothing | Collection::Roll(_) | Collection::GiveBack(_) => None,
    };
    Ok((Some(row.id.to_string()), payment.as_ref().map(PaymentId::to_string)))
}

fn lines_of(work: &mut Work<'_, '_>, payer: &PayerRow) -> Result<Vec<BillLine>, Refused> {
    let mut lines = Vec::new();
    let tax = assessed(work, payer)?;
    if let Some(unbilled) = payer.unbilled {
        let waits = waiting(work, unbilled)?;
        let zone = work.folio(payer.id).zone.clone();
        for (product, Waiting { amount, from, to }) in waits {
            if amount == 0 {
                continue;
            }
            let day = |at: Instant| zone.civil_date_of(at).map_err(SettleError::from);
            let known = work.cloud.profile_at(work.now)?.catalog.product_by_id(product.as_str());
            lines.push(BillLine {
                text: known.map_or_else(|| product.to_string(), |known| known.name.0.clone()),
                product,
                service: ServicePeriod::try_new(day(from)?, day(to)?),
                quantity: None,
                category: None,
                amount: work.money(amount),
                tax: tax.clone(),
                origin: Origin::Accrued,
            });
        }
    }
    if let Some(line) = brought_forward(work, payer, &tax)? {
        lines.push(line);
    }
    Ok(lines)
}

/// How what an account uses is taxed: as its sales are today. Where tax falls due with the top-up it was paid by then.
pub(crate) fn assessed(work: &mut Work<'_, '_>, payer: &PayerRow) -> Result<Assessment, EngineError> {
    let policy = work.policy_at(work.now)?;
    let (point, seller) = (policy.tax.tax_point, policy.brand.country);
    let found = crate::tax::assessed(work, payer)?;
    let country = found.as_ref().map(Assessment::country).or(seller).unwrap_or(Country(*b"ZZ"));
    Ok(match (point, found) {
        (TaxPoint::Bill | TaxPoint::Charge, Some(found)) => found,
        (TaxPoint::Bill | TaxPoint::Charge, None) => {
            Assessment::none(country, "no country is known, so no tax is charged")
        }
        (TaxPoint::TopUp, _) => Assessment::none(country, "tax fell due when the credit was added"),
    })
}

/// What waits of a product, and of when it is.
struct Waiting {
    amount: i64,
    from: Instant,
    to: Instant,
}

/// By product, what was posted to `unbilled` since the last bill took what was there.
fn waiting(work: &mut Work<'_, '_>, unbilled: AccountId) -> Result<BTreeMap<Name, Waiting>, EngineError> {
    let mut by_account: BTreeMap<AccountId, Waiting> = BTreeMap::new();
    let mut before: Option<TransferId> = None;
    let second = Duration::try_from_seconds(1).map_err(SettleError::from)?;
    'walk: loop {
        let lines = work.tx.account_history(unbilled, before, PAGE)?;
        for line in &lines {
            if line.entry.kind == Kind::BillIssued {
                break 'walk;
            }
            // What is posted at an instant is of before it.
            let at = line.entry.effective.checked_sub(second).map_err(SettleError::from)?;
            let waiting = by_account.entry(line.other).or_insert(Waiting { amount: 0, from: at, to: at });
            waiting.amount = waiting.amount.saturating_sub(line.change);
            waiting.from = waiting.from.min(at);
            waiting.to = waiting.to.max(at);
        }
        match lines.last() {
            Some(last) if lines.len() == PAGE => before = Some(last.entry.id),
            _ => break,
        }
    }
    let mut by_product = BTreeMap::new();
    for (account, waiting) in by_account {
        let code = work.tx.account(account)?.map(|row| row.code).unwrap_or_default();
        let product = match Chart::parse(&code) {
            Some(Chart::Revenue(product)) => Name::parse(&product),
            _ => None,
        };
        let product = product.ok_or_else(|| broken(format!("something of {code} waits for a bill")))?;
        by_product.insert(product, waiting);
    }
    Ok(by_product)
}

/// What the last bill left because it was too small to be collected.
fn brought_forward(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    tax: &Assessment,
) -> Result<Option<BillLine>, EngineError> {
    let Some(last) = work.tx.bill_rolled_last(payer.id)? else { return Ok(None) };
    let next = work.customer_account(payer.id, Chart::ReceivableNext)?;
    let owed = work.tx.account(next)?.map_or(0, |row| row.account.balance()).saturating_neg();
    if owed <= 0 {
        return Ok(None);
    }
    Ok(Some(BillLine {
        text: format!("Brought forward from {}", last.number),
        product: Name::parse("brought-forward").ok_or_else(|| broken("brought-forward is no name"))?,
        service: None,
        quantity: None,
        category: None,
        amount: work.money(owed),
        tax: Assessment::none(tax.country(), "taxed on the bill that it comes from"),
        origin: Origin::BroughtForward(last.number),
    }))
}
