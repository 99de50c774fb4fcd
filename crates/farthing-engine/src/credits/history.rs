//! What a grant has paid for: which product, when, how much. Read off the transfers of its own ledger account.

use super::recur::every_text;
use crate::open_project::account_ever;
use crate::{Engine, EngineError, Refused};
use farthing_core::config::Name;
use farthing_core::ledger::{AccountId, Chart, Kind, TransferId};
use farthing_core::money::Currency;
use farthing_core::time::Instant;
use farthing_store::{HistoryLine, LotRow, RecurringRow, Tx};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A grant, with what became of it.
#[derive(Clone, Debug)]
pub struct CreditFacts {
    pub lot: LotRow,
    pub currency: Currency,
    /// The newest first.
    pub lines: Vec<CreditLine>,
}

/// One transfer of a grant's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditLine {
    pub transfer: TransferId,
    /// When it was booked.
    pub at: Instant,
    /// As the ledger calls it: granted, used, given back, lapsed.
    pub kind: Kind,
    /// What was paid for; none: nothing was.
    pub product: Option<Name>,
    /// In units: below zero where it paid.
    pub change: i64,
    pub left: i64,
}

/// A grant that comes again.
#[derive(Clone, Debug)]
pub struct RecurringFacts {
    pub row: RecurringRow,
    pub every: String,
    pub currency: Currency,
}

impl Engine {
    /// One of an account's grants, lapsed or not, and what moved it: those before a transfer, at most so many.
    pub fn credit(
        &self,
        cloud: &str,
        account: &str,
        name: &str,
        before: Option<TransferId>,
        limit: usize,
    ) -> Result<CreditFacts, Refused> {
        self.look(cloud, |work| {
            let payer = account_ever(work, account)?;
            let lot = work.tx.lot_by_name(payer.id, name)?.ok_or_else(|| Refused::not_found("grant", name))?;
            let currency = work.currency();
            let lines = lines_of(work.tx, lot.ledger, before, limit)?;
            Ok(CreditFacts { lot, currency, lines })
        })
    }

    /// All grants an account ever had, the newest first: those before a number, at most so many.
    pub fn credits(
        &self,
        cloud: &str,
        account: &str,
        before: Option<i64>,
        limit: usize,
    ) -> Result<(Currency, Vec<LotRow>), Refused> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.look(cloud, |work| {
            let payer = account_ever(work, account)?;
            Ok((work.currency(), work.tx.lots_ever(payer.id, before.unwrap_or(i64::MAX), limit)?))
        })
    }

    /// Those of its grants that come again, by name.
    pub fn recurring_credits(&self, cloud: &str, account: &str) -> Result<Vec<RecurringFacts>, Refused> {
        self.look(cloud, |work| {
            let payer = account_ever(work, account)?;
            let currency = work.currency();
            let rows = work.tx.recurring_of(payer.id)?.into_iter();
            let facts = |row: RecurringRow| RecurringFacts { every: every_text(row.recurring.every), row, currency };
            Ok(rows.map(facts).collect())
        })
    }
}

fn lines_of(
    tx: &mut Tx<'_>,
    ledger: AccountId,
    before: Option<TransferId>,
    limit: usize,
) -> Result<Vec<CreditLine>, EngineError> {
    let history = tx.account_history(ledger, before, limit)?;
    let mut products: BTreeMap<AccountId, Option<Name>> = BTreeMap::new();
    let mut lines = Vec::with_capacity(history.len());
    for line in history {
        let product = product_of(tx, &line, &mut products)?;
        lines.push(CreditLine {
            transfer: line.entry.id,
            at: line.entry.id.recorded(),
            kind: line.entry.kind,
            product,
            change: line.change,
            left: line.balance_after,
        });
    }
    Ok(lines)
}

/// Credit that is used leaves `promo-open`, and in the same set revenue rises out of `promo-used`: that transfer names the product.
fn product_of(
    tx: &mut Tx<'_>,
    line: &HistoryLine,
    known: &mut BTreeMap<AccountId, Option<Name>>,
) -> Result<Option<Name>, EngineError> {
    let mut accounts = vec![line.other];
    if let Some(companion) = tx.transfer_after_in_set(&line.entry)? {
        accounts.extend([companion.debit, companion.credit]);
    }
    for account in accounts {
        let product = match known.entry(account) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(free) => {
                let code = tx.account(account)?.map(|row| row.code).unwrap_or_default();
                free.insert(match Chart::parse(&code) {
                    Some(Chart::Revenue(product)) => Name::parse(&product),
                    _ => None,
                })
            }
        };
        if let Some(product) = product {
            return Ok(Some(product.clone()));
        }
    }
    Ok(None)
}
