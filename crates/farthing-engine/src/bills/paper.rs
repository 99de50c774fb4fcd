//! What a document is drawn from: what it says, and how its cloud and its reader want it. Drawing is the shell's.
//!
//! The brand is that of the day it was issued, so that it looks the same whenever it is asked for; where the reader is reached, and in
//! what language, is as it is now.

use super::body::Body;
use super::facts::{BillFacts, UsedFacts, facts_of};
use crate::bank::takes_transfers;
use crate::clouds::Clouds;
use crate::{Engine, EngineError, Refused};
use farthing_core::payment::BillId;
use farthing_core::profile::Profile;
use farthing_core::time::Instant;
use farthing_store::{BillKind, BillRow, Tx};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Paper {
    pub facts: BillFacts,
    /// Of a credit note by lines: what of the bill's lines was taken back.
    pub lines: Vec<PaperLine>,
    /// When the bill was issued that it is about.
    pub of_issued: Option<Instant>,
    /// Of a receipt: what is still due of the bill after it.
    pub due_after: i64,
    /// The account's contact: may be empty.
    pub email: String,
    pub language: String,
    /// As it was in force when the document was issued.
    pub profile: Arc<Profile>,
    /// What `brand.logo` names, as the version's file has it.
    pub logo: Option<String>,
    pub takes_transfers: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperLine {
    pub text: String,
    pub from: Option<String>,
    pub to: Option<String>,
    pub quantity: Option<String>,
    /// Before coupons, net or gross as the prices are; of a credit note net.
    pub amount: i64,
    pub coupon: i64,
    /// Without tax, less the coupons.
    pub net: i64,
    /// None: a sum brought forward, which is taxed on its own bill.
    pub group: Option<String>,
    pub used: Option<UsedFacts>,
}

impl Engine {
    pub fn paper(&self, cloud: &str, id: BillId) -> Result<Paper, Refused> {
        let clouds = &*self.clouds;
        self.store.read("paper", |tx| {
            let missing = || Refused::not_found("bill", &id.to_string());
            let row = tx.bill(id)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?;
            Ok(paper_of(tx, clouds, &row)?)
        })
    }
}

pub(crate) fn paper_of(tx: &mut Tx<'_>, clouds: &Clouds, row: &BillRow) -> Result<Paper, EngineError> {
    let facts = facts_of(tx, row)?;
    let body = Body::parse(&row.body)?;
    let book =
        clouds.get(tx, &row.cloud)?.ok_or_else(|| super::broken("a document of a cloud without configuration"))?;
    let profile = book.profile_at(row.issued)?.clone();
    let logo = match (&profile.policy.brand.logo, book.prices.number_at(row.issued)) {
        (Some(name), Some(number)) => tx.policy_files(&row.cloud, number)?.and_then(|mut files| files.remove(&name.0)),
        _ => None,
    };
    let about = match row.of {
        Some(of) => tx.bill(of)?,
        None => None,
    };
    let lines = match &about {
        Some(about) if row.kind == BillKind::CreditNote => credited(&body, &Body::parse(&about.body)?)?,
        _ => lines(&body)?,
    };
    let contact = tx.contact(row.account)?.unwrap_or_default();
    Ok(Paper {
        lines,
        of_issued: about.map(|about| about.issued),
        due_after: body.due_after,
        email: contact.email,
        language: contact.language,
        takes_transfers: takes_transfers(&profile.policy),
        profile,
        logo,
        facts,
    })
}

fn lines(body: &Body) -> Result<Vec<PaperLine>, EngineError> {
    let line = |line: &super::body::Line| -> Result<PaperLine, EngineError> {
        Ok(PaperLine {
            text: line.text.clone(),
            from: line.from.clone(),
            to: line.to.clone(),
            quantity: line.quantity.clone(),
            amount: line.amount,
            coupon: line.coupon,
            net: line.net,
            group: line.group()?.map(|group| group.to_string()),
            used: line.used,
        })
    };
    body.lines.iter().map(line).collect()
}

/// What a credit note names of its bill's lines: none where it is of an amount.
fn credited(note: &Body, bill: &Body) -> Result<Vec<PaperLine>, EngineError> {
    let all = lines(bill)?;
    let line = |(place, net): &(usize, i64)| -> Result<PaperLine, EngineError> {
        let line =
            all.get(*place).cloned().ok_or_else(|| super::broken("a credit note of a line that is not there"))?;
        Ok(PaperLine { amount: *net, coupon: 0, net: *net, quantity: None, used: None, ..line })
    };
    note.credited.iter().map(line).collect()
}
