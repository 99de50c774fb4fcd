//! From a line of a document to the charges it is of, and from a charge to its document: which is which follows from their cuts.

use super::account::AccountPages;
use crate::bills::facts_of;
use crate::folio::Work;
use crate::{Engine, ListedCharge, Refused};
use farthing_core::payment::BillId;
use farthing_core::settle::TermsKey;
use farthing_store::{ChargeRow, StoreError, ThingKind};

/// Charges read at once while those of one line are looked for.
const PAGE: i64 = 1_000;

/// The document a charge is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeDocument {
    pub bill: BillId,
    /// Empty: it is about to get one.
    pub number: String,
    /// `bill` or `statement`.
    pub kind: String,
    /// From 1; none: such charges came to nothing together.
    pub line: Option<i64>,
}

/// The charges of a line, and whose they are.
#[derive(Clone, Debug)]
pub struct LineCharge {
    pub account: String,
    pub listed: ListedCharge,
}

impl Engine {
    /// The charges of a document's line (from 1) in the order of sealing, after one of them, at most so many. A line of something else, or of
    /// what was billed before it was sealed, has none.
    pub fn bill_line_charges(
        &self,
        cloud: &str,
        bill: BillId,
        line: i64,
        after: i64,
        limit: usize,
    ) -> Result<Vec<LineCharge>, Refused> {
        self.look(cloud, |work| {
            let missing = || Refused::not_found("bill", &bill.to_string());
            let row = work.tx.bill(bill)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?;
            let facts = facts_of(work.tx, &row)?;
            let place = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
            let place = place.filter(|place| *place < facts.lines.len());
            let place = place.ok_or_else(|| Refused::not_found("line of this bill", &line.to_string()))?;
            let pages = AccountPages::begin(work, row.account)?;
            let Some(wanted) = pages.documents.iter().position(|document| document.id == bill) else {
                return Ok(Vec::new());
            };
            // What was sealed after the document is on none of its lines.
            let upto = work.tx.bill_cut(bill)?.map_or(pages.sealed, |row| row.cut.chain);
            let mut found = Vec::new();
            let mut after = after;
            while found.len() < limit {
                let rows = work.tx.charges_after(row.account, (after, upto), PAGE)?;
                let Some(last) = rows.last() else { break };
                after = last.chained;
                for row in rows.into_iter().filter(|row| pages.cuts.document_of(row.to, row.chained) == Some(wanted)) {
                    let known = work.cloud.clone().terms(work.tx, row.terms)?;
                    if pages.place_of(&row, &known.0).1 == Some(place) && found.len() < limit {
                        let listed = listed(work, row, (*known.0).clone())?;
                        found.push(LineCharge { account: facts.account.clone(), listed });
                    }
                }
            }
            Ok(found)
        })
    }
}

fn listed(work: &mut Work<'_, '_>, row: ChargeRow, terms: TermsKey) -> Result<ListedCharge, Refused> {
    let thing = work.tx.things(&[row.line.thing])?.pop();
    let thing = thing.ok_or_else(|| StoreError::corrupt(format!("charge {} is of nothing", row.chained)))?;
    let resource = (thing.kind == ThingKind::Resource).then_some(thing.name);
    Ok(ListedCharge { row, resource, terms })
}

/// None: it waits for one.
pub(crate) fn document_of_charge(
    work: &mut Work<'_, '_>,
    row: &ChargeRow,
    key: &TermsKey,
) -> Result<Option<ChargeDocument>, Refused> {
    let pages = AccountPages::begin(work, row.account)?;
    let (document, place, _) = pages.place_of(row, key);
    Ok(document.and_then(|place| pages.documents.get(place)).map(|document| ChargeDocument {
        bill: document.id,
        number: document.number.clone(),
        kind: document.kind.clone(),
        line: place.and_then(|place| i64::try_from(place.saturating_add(1)).ok()),
    }))
}
