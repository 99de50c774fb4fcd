//! Invoices that customers ask for, of what they have used and paid (R62): they choose the charges and say who it is for, an operator issues it, and
//! is told when it has waited too long. A charge is invoiced once, and of it only what money paid. What is taken back of it later is credited of
//! its invoice in the same transaction.

use super::body::Body;
use super::broken;
use super::facts::BillParty;
use super::issue::{Noted, deadline, document, issue_credit_note, parties};
use super::used::{lines_of, untaxed};
use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::account_ever;
use crate::periods::item_of;
use crate::run_due::{by_cloud, engine_error};
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::bill::{
    BilledUse, Consumed, Consumption, CreditedGroup, CreditedLine, Invoiceable, RequestState, choose,
};
use farthing_core::notice::{Event, InvoiceRequestTold};
use farthing_core::payment::InvoiceRequestId;
use farthing_core::policy::BillOn;
use farthing_core::tax::Assessment;
use farthing_core::time::Instant;
use farthing_store::{
    BillKind, BillRow, ChargeRow, InvoiceRequestFilter, InvoiceRequestRow, InvoicedRow, PayerRow, Tx,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Requests in one transaction.
const BATCH: i64 = 256;
const UNTAXED: &str = "it is of what was paid: no tax is added";
const TAKEN_BACK: &str = "what was used was corrected";

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct NewInvoiceRequest {
    pub account: String,
    /// Their numbers among the account's. Empty: all within the time.
    pub charges: Vec<i64>,
    pub from: Option<Instant>,
    pub to: Option<Instant>,
    pub buyer: InvoiceBuyer,
}

/// Who an invoice is for, where that is not who the account is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceBuyer {
    pub name: String,
    pub address: String,
    pub tax_number: String,
    /// Where it goes on paper; empty: by mail alone.
    pub post_to: String,
}

/// A request as it is told. Amounts are in units of the currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceRequestFacts {
    pub id: String,
    pub account: String,
    pub state: String,
    pub buyer: InvoiceBuyer,
    /// Microseconds since 1970.
    pub asked: i64,
    /// By when it is to be issued.
    pub due: Option<i64>,
    pub late: bool,
    pub decided: Option<i64>,
    /// What its charges come to.
    pub exact: i64,
    /// What the invoice says.
    pub total: i64,
    /// The invoice.
    pub bill: Option<String>,
    pub number: String,
    pub who: String,
    pub note: String,
    /// The charges it is about, by their numbers.
    pub charges: Vec<i64>,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceDecision {
    Issue,
    Refuse,
    /// Whoever asked takes it back.
    Withdraw,
}

impl Engine {
    pub fn request_invoice(&self, cloud: &str, wanted: &NewInvoiceRequest) -> Result<InvoiceRequestFacts, Refused> {
        let wanted = wanted.clone();
        self.ask("request_invoice", cloud, move |work| request(work, &wanted))
    }

    pub fn decide_invoice(
        &self,
        cloud: &str,
        id: InvoiceRequestId,
        decision: InvoiceDecision,
        note: &str,
    ) -> Result<InvoiceRequestFacts, Refused> {
        let (note, who) = (note.to_owned(), self.who());
        let done = self.ask("decide_invoice", cloud, move |work| decide(work, id, decision, (&who, &note)))?;
        if decision != InvoiceDecision::Issue {
            return Ok(done);
        }
        self.invoice_request(cloud, id) // it has its number by now
    }

    pub fn invoice_request(&self, cloud: &str, id: InvoiceRequestId) -> Result<InvoiceRequestFacts, Refused> {
        self.store.read("invoice_request", |tx| {
            let missing = || Refused::not_found("request", &id.to_string());
            let row = tx.invoice_request(id)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?;
            Ok(facts_of(tx, &row)?)
        })
    }

    /// A cloud's, the newest first: those before one, at most so many.
    pub fn invoice_requests(
        &self,
        cloud: &str,
        account: Option<&str>,
        state: Option<RequestState>,
        before: Option<InvoiceRequestId>,
        limit: usize,
    ) -> Result<Vec<InvoiceRequestFacts>, Refused> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.store.read("invoice_requests", |tx| {
            let account = match account {
                None => None,
                Some(name) => {
                    Some(tx.payer_by_name(cloud, name)?.ok_or_else(|| Refused::not_found("account", name))?.id)
                }
            };
            let rows = tx.invoice_requests(cloud, &InvoiceRequestFilter { account, state }, before, limit)?;
            rows.iter().map(|row| Ok(facts_of(tx, row)?)).collect()
        })
    }

    /// Whoever is to issue invoices is told of those that have waited too long.
    pub(crate) fn run_invoice_requests(&self, now: Instant) -> Result<(), EngineError> {
        loop {
            let late = self.store.read("invoice_requests_late", |tx| tx.invoice_requests_late(now, BATCH))?;
            if late.is_empty() {
                return Ok(());
            }
            for (cloud, late) in by_cloud(late.into_iter().map(|row| (row.cloud.clone(), row))) {
                self.work("invoice_requests_late", &cloud, move |work| {
                    let accounts: Vec<_> = late.iter().map(|row| row.account).collect();
                    work.load(&accounts)?;
                    for row in &late {
                        let waits = |row: &InvoiceRequestRow| row.state == RequestState::Asked && !row.late;
                        if let Some(mut row) = work.tx.invoice_request(row.id)?.filter(waits) {
                            row.late = true;
                            work.tx.invoice_request_write(&row)?;
                            tell(work, &row, Event::InvoiceLate)?;
                        }
                    }
                    Ok(())
                })
                .map_err(engine_error)?;
            }
        }
    }
}

fn invoiceable(row: &ChargeRow) -> Invoiceable<'_> {
    let (thing, product, paid) = (row.line.thing, &row.product, &row.paid);
    Invoiceable { charged: row.chained, thing, product, from: row.from, to: row.to, paid }
}

fn request(work: &mut Work<'_, '_>, wanted: &NewInvoiceRequest) -> Result<InvoiceRequestFacts, Refused> {
    let payer = account_ever(work, &wanted.account)?;
    let now = work.now;
    if !work.policy_at(now)?.bill.on.contains(&BillOn::Request) {
        let what = "invoices are not issued on request: bill.on does not say so";
        return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
    }
    work.load(&[payer.id])?;
    work.bring_to(payer.id, now)?;
    // What was taken back of charges may be of another day than they are.
    let waits = work.tx.not_invoiced(payer.id, None, None)?;
    let numbers: BTreeSet<i64> = wanted.charges.iter().copied().collect();
    if let Some(missing) = numbers.iter().find(|number| waits.iter().all(|row| row.chained != **number)) {
        let what = match work.tx.charge_by_number(payer.id, *missing)? {
            Some(_) => format!("an invoice was asked for charge {missing} already"),
            None => format!("{} has no charge {missing}", wanted.account),
        };
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    let within = |charge: &Invoiceable<'_>| {
        wanted.from.is_none_or(|from| charge.from >= from) && wanted.to.is_none_or(|to| charge.from < to)
    };
    let all: Vec<Invoiceable<'_>> = waits.iter().map(invoiceable).collect();
    let chosen = choose(&all, |charge| (numbers.is_empty() && within(charge)) || numbers.contains(&charge.charged));
    let minor = work.currency().units_per_minor();
    if chosen.exact < minor {
        let what = format!(
            "{} was paid of them, and not by free credit: nothing to invoice",
            work.money(chosen.exact).plain()
        );
        return Err(Refused::new(RefusalCode::BelowMinimum, what));
    }
    // What the balance did not reach for is owed until it has something again.
    let owed = work.folio(payer.id).book.purse.debt;
    let is_owed = |row: &&ChargeRow| {
        chosen.charges.iter().any(|(charged, _)| *charged == row.chained)
            && row.paid.iter().any(|(source, _)| *source == farthing_core::settle::Source::Debt)
    };
    if owed >= minor && waits.iter().any(|row| is_owed(&row)) {
        let what = format!("{} of what was used is owed: pay that first", work.money(owed).plain());
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    let due = match work.policy_at(now)?.bill.request_sla {
        Some(length) => Some(deadline(work, &payer, length, now)?),
        None => None,
    };
    let row = InvoiceRequestRow {
        id: work.ids.id(now),
        cloud: work.cloud.id.clone(),
        account: payer.id,
        state: RequestState::Asked,
        buyer: serde_json::to_string(&wanted.buyer).map_err(broken)?,
        asked: now,
        due,
        late: false,
        decided: None,
        exact: chosen.exact,
        total: 0,
        bill: None,
        who: String::new(),
        note: String::new(),
    };
    work.tx.invoice_request_insert(&row)?;
    let (account, request) = (payer.id, row.id);
    let rows = chosen.charges.iter().map(|(charged, amount)| InvoicedRow {
        account,
        charged: *charged,
        request,
        amount: *amount,
    });
    work.tx.invoiced_insert(&rows.collect::<Vec<_>>())?;
    let told = json!({ "request": row.id.to_string(), "amount": work.money(row.exact).plain() });
    work.notes.push(Note::new("invoice.requested", format!("account {}", payer.name)).became(&told));
    tell(work, &row, Event::InvoiceRequested)?;
    Ok(facts_of(work.tx, &row)?)
}

fn decide(
    work: &mut Work<'_, '_>,
    id: InvoiceRequestId,
    decision: InvoiceDecision,
    (who, note): (&str, &str),
) -> Result<InvoiceRequestFacts, Refused> {
    let cloud = work.cloud.id.clone();
    let missing = || Refused::not_found("request", &id.to_string());
    let account = work.tx.invoice_request(id)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?.account;
    work.load(&[account])?;
    let mut row = work.tx.invoice_request(id)?.ok_or_else(missing)?; // as it is now that the account is locked
    if row.state != RequestState::Asked {
        return Err(Refused::new(RefusalCode::Conflict, format!("request {id} is {} already", row.state.word())));
    }
    let payer = work.folio(account).payer.clone();
    (row.decided, row.who, row.note) = (Some(work.now), who.to_owned(), note.to_owned());
    match decision {
        InvoiceDecision::Issue => issue(work, &payer, &mut row)?,
        InvoiceDecision::Refuse | InvoiceDecision::Withdraw => {
            work.tx.invoiced_drop(id)?;
            row.state =
                if decision == InvoiceDecision::Refuse { RequestState::Refused } else { RequestState::Withdrawn };
        }
    }
    work.tx.invoice_request_write(&row)?;
    let told = json!({ "request": id.to_string(), "state": row.state.word(), "note": note });
    work.notes.push(Note::new("invoice.decided", format!("account {}", payer.name)).became(&told));
    if row.state == RequestState::Refused {
        tell(work, &row, Event::InvoiceRefused)?;
    }
    Ok(facts_of(work.tx, &row)?)
}

/// In whole coins: what is left of one is on the account's next invoice.
fn issue(work: &mut Work<'_, '_>, payer: &PayerRow, row: &mut InvoiceRequestRow) -> Result<(), Refused> {
    let charges = work.tx.invoiced_of(row.id)?;
    row.exact = charges.iter().map(|(_, amount)| *amount).fold(0, i64::saturating_add);
    let minor = work.currency().units_per_minor();
    let exact = row.exact.saturating_add(work.tx.invoices_carry(payer.id)?);
    row.total = exact - exact.rem_euclid(minor);
    if row.total <= 0 {
        let what = "all of it was taken back meanwhile: refuse it";
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    let buyer: InvoiceBuyer = serde_json::from_str(&row.buyer).map_err(broken)?;
    let now = work.now;
    let uses = uses_of(work, &charges)?;
    let mut lines = lines_of(work, payer, uses, now)?;
    let tax = untaxed(work, payer, UNTAXED)?;
    let weights: Vec<u64> = lines.iter().map(|line| line.amount.units().unsigned_abs()).collect();
    let amounts = work.money(row.total).allocate_minor(&weights).map_err(broken)?;
    for (line, amount) in lines.iter_mut().zip(amounts) {
        (line.amount, line.tax, line.used) = (amount, tax.clone(), None);
    }
    let (seller, own) = parties(work, payer)?;
    let or = |wanted: String, own: String| if wanted.is_empty() { own } else { wanted };
    let buyer = BillParty {
        name: or(buyer.name, own.name),
        address: or(buyer.address, own.address),
        tax_number: or(buyer.tax_number, own.tax_number),
        ..own
    };
    let mut document = document(work, payer, BillKind::Invoice)?;
    (document.net, document.total, document.paid) = (row.total, row.total, row.total);
    document.body = Body::of_paid(work.currency(), &lines, &tax, seller, buyer).text()?;
    work.tx.bill_insert(&document)?;
    (row.state, row.bill) = (RequestState::Issued, Some(document.id));
    Ok(())
}

/// What was used, a line for each product and plan; a line that comes to nothing, or to less, is left out: others have what it gave back.
fn uses_of(work: &mut Work<'_, '_>, charges: &[(ChargeRow, i64)]) -> Result<Vec<BilledUse>, EngineError> {
    let mut uses = Consumption::default();
    for (row, amount) in charges {
        let item = work.tx.terms(row.terms)?.map_or_else(String::new, |key| item_of(&key));
        let paid = vec![(farthing_core::settle::Source::Cash, *amount)];
        let (product, from, to) = (&row.product, row.from, row.to);
        let consumed = Consumed { product, item: &item, from, to, list: *amount, net: *amount, paid: &paid };
        uses.count(&consumed, Instant::EPOCH, Instant::EPOCH);
    }
    let lines = uses.lines().iter().filter(|line| line.used.balance > 0);
    Ok(lines.map(|line| BilledUse { billed: line.used.balance, line: line.clone() }).collect())
}

impl Work<'_, '_> {
    /// What was just taken back of charges that invoices are about: those that wait say less, those that are issued are credited.
    pub(crate) fn credit_invoices(&mut self, fresh: &[ChargeRow]) -> Result<(), EngineError> {
        let mut credited: BTreeMap<InvoiceRequestId, i64> = BTreeMap::new();
        for row in fresh {
            let charge = invoiceable(row);
            let cash = charge.cash();
            if cash >= 0 {
                continue;
            }
            let found = self.tx.invoiced_within(row.account, &row.product, row.from, row.to)?;
            let Some((_, request)) = found.iter().find(|(other, _)| charge.takes_back(&invoiceable(other))) else {
                continue;
            };
            let taken = InvoicedRow { account: row.account, charged: row.chained, request: *request, amount: cash };
            self.tx.invoiced_insert(&[taken])?;
            *credited.entry(*request).or_default() += cash;
        }
        for (id, cash) in credited {
            self.credit_invoice(id, cash)?;
        }
        Ok(())
    }

    fn credit_invoice(&mut self, id: InvoiceRequestId, cash: i64) -> Result<(), EngineError> {
        let gone = || broken(format!("request {id} is gone"));
        let mut request = self.tx.invoice_request(id)?.ok_or_else(gone)?;
        let was = request.exact;
        request.exact = was.saturating_add(cash);
        if let Some(bill) = request.bill.filter(|_| request.state == RequestState::Issued) {
            let mut row = self.tx.bill(bill)?.ok_or_else(|| broken(format!("invoice {bill} is gone")))?;
            let minor = self.currency().units_per_minor();
            let carry = self.tx.invoices_carry(request.account)?.saturating_sub(was.saturating_sub(request.total));
            let exact = request.exact.saturating_add(carry);
            let left = (exact - exact.rem_euclid(minor)).clamp(0, request.total);
            if left < request.total {
                self.note_credit(&mut row, request.total - left)?;
                request.total = left;
            }
        }
        self.tx.invoice_request_write(&request)?;
        Ok(())
    }

    fn note_credit(&mut self, row: &mut BillRow, less: i64) -> Result<(), EngineError> {
        let payer = self.folio(row.account).payer.clone();
        let body = Body::parse(&row.body)?;
        let weights: Vec<u64> = body.lines.iter().map(|line| line.net.unsigned_abs()).collect();
        let parts = self.money(less).allocate_minor(&weights).map_err(broken)?;
        let lines: Vec<CreditedLine> =
            parts.into_iter().enumerate().map(|(line, net)| CreditedLine { line, net }).collect();
        let mut groups = Vec::with_capacity(body.groups.len());
        for group in &body.groups {
            let assessment = Assessment::parse(&group.assessed).map_err(broken)?;
            let (net, tax) = (self.money(less), self.money(0));
            groups.push(CreditedGroup { group: assessment.group(), assessment, net, tax });
        }
        let noted = Noted { groups: &groups, lines: &lines, reason: TAKEN_BACK, payment: None, transfer: None };
        issue_credit_note(self, &payer, row, &noted)?;
        row.credited = row.credited.saturating_add(less);
        self.tx.bill_write(row)?;
        Ok(())
    }
}

fn tell(
    work: &mut Work<'_, '_>,
    row: &InvoiceRequestRow,
    event: fn(InvoiceRequestTold) -> Event,
) -> Result<(), EngineError> {
    let facts = facts_of(work.tx, row)?;
    let told = InvoiceRequestTold {
        account: facts.account,
        request: facts.id,
        amount: work.money(row.exact),
        due: row.due,
        note: row.note.clone(),
    };
    work.tell(Some(row.account), event(told));
    Ok(())
}

fn facts_of(tx: &mut Tx<'_>, row: &InvoiceRequestRow) -> Result<InvoiceRequestFacts, EngineError> {
    let account = tx.payer_name(row.account)?;
    let number = match row.bill {
        Some(bill) => tx.bill(bill)?.map(|bill| bill.number).unwrap_or_default(),
        None => String::new(),
    };
    let charges = tx.invoiced_of(row.id)?.into_iter().map(|(charge, _)| charge.chained).collect();
    Ok(InvoiceRequestFacts {
        id: row.id.to_string(),
        account,
        state: row.state.word().to_owned(),
        buyer: serde_json::from_str(&row.buyer).map_err(broken)?,
        asked: row.asked.micros(),
        due: row.due.map(Instant::micros),
        late: row.late,
        decided: row.decided.map(Instant::micros),
        exact: row.exact,
        total: row.total,
        bill: row.bill.map(|bill| bill.to_string()),
        number,
        who: row.who.clone(),
        note: row.note.clone(),
        charges,
    })
}
