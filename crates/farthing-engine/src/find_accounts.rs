//! An account by whatever somebody has of it: its name, whom it writes to, a project, a resource, the number of a document, a payment.
//!
//! What is an id is looked up as one; everything else is looked for in names. Only ever in one cloud.

use crate::{Engine, EngineError, Refused};
use farthing_core::bank::BankRowId;
use farthing_core::ledger::{OwnerId, TransferId};
use farthing_core::payment::{BillDisputeId, BillId, InvoiceRequestId, PaymentId, RefundId};
use farthing_core::standing::InstructionId;
use farthing_store::{FoundRow, StoreError, Tx};

/// An account that was found, and by what of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundAccount {
    pub account: String,
    pub by: FoundBy,
    /// What it says there.
    pub what: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoundBy {
    Name,
    Contact,
    Company,
    Person,
    Project,
    Resource,
    Document,
    Payment,
    Refund,
    Transfer,
    Movement,
    Step,
    Dispute,
    InvoiceRequest,
    Order,
}

impl FoundBy {
    pub const fn name(self) -> &'static str {
        match self {
            FoundBy::Name => "name",
            FoundBy::Contact => "contact",
            FoundBy::Company => "company",
            FoundBy::Person => "person",
            FoundBy::Project => "project",
            FoundBy::Resource => "resource",
            FoundBy::Document => "document",
            FoundBy::Payment => "payment",
            FoundBy::Refund => "refund",
            FoundBy::Transfer => "transfer",
            FoundBy::Movement => "movement",
            FoundBy::Step => "step",
            FoundBy::Dispute => "dispute",
            FoundBy::InvoiceRequest => "invoice_request",
            FoundBy::Order => "order",
        }
    }
}

impl Engine {
    /// The best first: what is known by an id, then names. Each account once for each way it was found by.
    pub fn find_accounts(&self, cloud: &str, text: &str, most: usize) -> Result<Vec<FoundAccount>, Refused> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let order = self.order(cloud, text).ok().map(|order| (order.account, order.name));
        let subscription = self.subscription(cloud, text).ok().map(|one| (one.account, one.name));
        let mut found = self.store.read("find_accounts", |tx| {
            let mut found = by_id(tx, cloud, text)?;
            let lower = text.to_lowercase();
            let mut names = |by, rows: Vec<FoundRow>| {
                found.extend(rows.into_iter().map(|row| FoundAccount { account: row.account, by, what: row.what }));
            };
            names(FoundBy::Name, tx.found_by_name(cloud, &lower, limit)?);
            names(FoundBy::Contact, tx.found_by_contact(cloud, &lower, limit)?);
            names(FoundBy::Company, tx.found_by_company(cloud, &lower, limit)?);
            names(FoundBy::Person, tx.found_by_person(cloud, &lower, limit)?);
            names(FoundBy::Project, tx.found_by_project(cloud, &lower, limit)?);
            names(FoundBy::Resource, tx.found_by_resource(cloud, &lower, limit)?);
            names(FoundBy::Payment, tx.found_by_reference(cloud, &lower, limit)?);
            Ok::<_, EngineError>(found)
        })?;
        for (account, what) in order.into_iter().chain(subscription) {
            found.push(FoundAccount { account, by: FoundBy::Order, what });
        }
        found.sort_by_key(|one| one.by != FoundBy::Name || one.what != text); // stable: the very name stands first
        let mut seen = Vec::with_capacity(found.len());
        for one in found {
            if !seen.contains(&one) {
                seen.push(one);
            }
        }
        seen.truncate(most);
        Ok(seen)
    }
}

/// Whose an id is, in this cloud.
fn by_id(tx: &mut Tx<'_>, cloud: &str, text: &str) -> Result<Vec<FoundAccount>, StoreError> {
    let mut owners: Vec<(FoundBy, OwnerId, String)> = Vec::new();
    if let Some(bill) = tx.bill_by_number(cloud, text)? {
        owners.push((FoundBy::Document, bill.account, bill.number));
    }
    if let Some(bill) = BillId::parse(text).ok().map(|id| tx.bill(id)).transpose()?.flatten() {
        owners.push((FoundBy::Document, bill.account, bill.number));
    }
    if let Some(payment) = PaymentId::parse(text).ok().map(|id| tx.payment(id)).transpose()?.flatten() {
        owners.push((FoundBy::Payment, payment.account, text.to_owned()));
    }
    if let Some(refund) = RefundId::parse(text).ok().map(|id| tx.refund(id)).transpose()?.flatten() {
        owners.push((FoundBy::Refund, refund.account, text.to_owned()));
    }
    if let Some(step) = InstructionId::parse(text).ok().map(|id| tx.instruction(id)).transpose()?.flatten() {
        owners.push((FoundBy::Step, step.account, step.resource));
    }
    if let Some(dispute) = BillDisputeId::parse(text).ok().map(|id| tx.bill_dispute(id)).transpose()?.flatten() {
        owners.push((FoundBy::Dispute, dispute.account, text.to_owned()));
    }
    if let Some(asked) = InvoiceRequestId::parse(text).ok().map(|id| tx.invoice_request(id)).transpose()?.flatten() {
        owners.push((FoundBy::InvoiceRequest, asked.account, text.to_owned()));
    }
    let movement = BankRowId::parse(text).ok().map(|id| tx.bank_row(id)).transpose()?.flatten();
    if let Some((row, account)) = movement.and_then(|row| row.account.map(|account| (row, account))) {
        owners.push((FoundBy::Movement, account, row.id.to_string()));
    }
    if let Some(entry) = TransferId::parse(text).map(|id| tx.transfer(id)).transpose()?.flatten() {
        for (_, name) in tx.account_names(&[entry.debit, entry.credit])? {
            if !name.owner.books {
                owners.push((FoundBy::Transfer, name.owner.id, text.to_owned()));
            }
        }
    }
    let mut found = Vec::with_capacity(owners.len());
    for (by, owner, what) in owners {
        // Another cloud's is not there.
        if let Some(account) = tx.account_name(cloud, owner)? {
            found.push(FoundAccount { account, by, what });
        }
    }
    Ok(found)
}
