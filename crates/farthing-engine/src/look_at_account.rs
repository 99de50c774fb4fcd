//! What an account has, what it has cost, how a resource is: read in one snapshot, from working state, never from history.

use crate::folio::Work;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::money::{Currency, Money};
use farthing_core::settle::{Figures, Line, Question, SettleError};
use farthing_core::time::Instant;
use farthing_core::timeline::Timeline;
use farthing_store::{ChargeFilter, ChargeRow, LotRow, ThingKind, ThingRow};

/// The numbers of an account at an instant.
#[derive(Clone, Debug)]
pub struct AccountView {
    pub currency: Currency,
    pub figures: Figures,
    /// What holds reserve.
    pub held: i64,
    /// Spendable less what is held.
    pub available: i64,
    /// What is owed and payable: a debt below one minor unit is not.
    pub due: i64,
    pub burn_per_hour: i64,
    pub runs_out_at: Option<Instant>,
    pub ran_out_at: Option<Instant>,
    pub lots: Vec<LotRow>,
}

/// What is asked of an account's charges. The end is not included.
#[derive(Clone, Debug, Default)]
pub struct ChargeQuestion {
    pub product: Option<String>,
    pub from: Option<Instant>,
    pub to: Option<Instant>,
}

/// A resource with its timeline.
#[derive(Clone, Debug)]
pub struct ResourceView {
    pub thing: ThingRow,
    pub timeline: Timeline,
}

impl Engine {
    /// An account as it is at an instant, if nothing else happens until then.
    pub fn account_view(&self, cloud: &str, account: &str, at: Instant) -> Result<AccountView, Refused> {
        self.look(cloud, |work| {
            let id = account_id(work, account)?;
            work.load(&[id])?;
            let currency = work.currency();
            let folio = work.folio(id);
            let second = at.floor_second();
            let figures = folio.book.figures(second, Question::Standing)?;
            let minor = currency.units_per_minor();
            Ok(AccountView {
                currency,
                figures,
                held: folio.held,
                available: figures.spendable.saturating_sub(folio.held),
                due: if figures.debt < minor { 0 } else { figures.debt },
                burn_per_hour: folio.book.burn_per_hour(second)?,
                runs_out_at: folio.book.runs_out_at(second)?,
                ran_out_at: folio.state.ran_out_at,
                lots: folio.lots.clone(),
            })
        })
    }

    /// What things cost an account in a stretch of time, sealed and open.
    pub fn charges_sum(&self, cloud: &str, account: &str, asked: &ChargeQuestion, at: Instant) -> Result<Money, Refused> {
        self.look(cloud, |work| {
            let id = account_id(work, account)?;
            let product = product_name(asked.product.as_deref())?;
            let filter = ChargeFilter { product: product.clone(), from: asked.from, to: asked.to };
            let mut sum: i64 = work.tx.charges_of(id, &filter)?.iter().map(|row| row.net).sum();
            work.load(&[id])?;
            let currency = work.currency();
            let folio = work.folio(id);
            let end = asked.to.map_or(at, |to| to.min(at)).floor_second();
            for line in folio.book.lines.iter().filter(|line| product.as_ref().is_none_or(|name| line.product == *name)) {
                sum = sum.saturating_add(open_within(line, folio.state.open_from, asked.from, end)?);
            }
            Ok(Money::from_units(sum, currency))
        })
    }

    /// An account's sealed charges, by day.
    pub fn charges(&self, cloud: &str, account: &str, asked: &ChargeQuestion) -> Result<Vec<ChargeRow>, Refused> {
        self.look(cloud, |work| {
            let id = account_id(work, account)?;
            let product = product_name(asked.product.as_deref())?;
            Ok(work.tx.charges_of(id, &ChargeFilter { product, from: asked.from, to: asked.to })?)
        })
    }

    pub fn resource_view(&self, cloud: &str, resource: &str) -> Result<ResourceView, Refused> {
        self.look(cloud, |work| {
            let cloud = work.cloud.id.clone();
            let thing = work
                .tx
                .thing_by_name(&cloud, ThingKind::Resource, resource)?
                .ok_or_else(|| Refused::not_found("resource", resource))?;
            let product = crate::record_fact::product_of(work, &thing)?;
            let timeline = work.timeline_of(&thing, &product)?;
            Ok(ResourceView { thing, timeline })
        })
    }

    /// The names of a cloud's accounts.
    pub fn account_names(&self, cloud: &str) -> Result<Vec<String>, EngineError> {
        let payers = self.store.read("account_names", |tx| tx.payers_of(cloud))?;
        Ok(payers.into_iter().map(|payer| payer.name).collect())
    }

    /// Everything that a refusal must leave alone, as lines.
    pub fn account_lines(&self, cloud: &str, account: &str) -> Result<Vec<String>, Refused> {
        self.look(cloud, |work| {
            let id = account_id(work, account)?;
            let mut lines = Vec::new();
            for thing in work.tx.things_of_account(id)? {
                lines.push(format!("{thing:?}"));
                lines.extend(work.tx.facts_of(thing.id)?.iter().map(|fact| format!("{fact:?}")));
            }
            for ledger in work.tx.accounts_of(id)? {
                let account = ledger.account;
                lines.push(format!("{} {} {} {}", ledger.code, account.debits, account.credits, account.held));
            }
            lines.extend(work.tx.lots(&[id])?.iter().map(|lot| format!("{lot:?}")));
            lines.extend(work.tx.members_of(id)?.iter().map(|member| format!("{member:?}")));
            Ok(lines)
        })
    }

    fn look<T>(
        &self,
        cloud: &str,
        mut question: impl FnMut(&mut Work<'_, '_>) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let (now, ids, clouds) = (self.now()?, &*self.ids, &*self.clouds);
        self.store.read("look", |tx| {
            let Some(book) = clouds.get(tx, cloud)? else { return Err(Refused::not_found("cloud with a configuration", cloud)) };
            question(&mut Work::new(tx, book, ids, now)?)
        })
    }
}

/// What of a line's open amount lies within a stretch of time.
fn open_within(line: &Line, open_from: Instant, from: Option<Instant>, end: Instant) -> Result<i64, SettleError> {
    let begins = if line.open.by_period { line.open.since.min(open_from) } else { open_from };
    if end <= begins {
        return Ok(0);
    }
    let until = line.net_at(end)?;
    let before = match from {
        Some(from) if from >= end => until,
        Some(from) if from > begins => line.net_at(from.floor_second())?,
        _ => 0,
    };
    Ok(until.saturating_sub(before))
}

fn account_id(work: &mut Work<'_, '_>, account: &str) -> Result<OwnerId, Refused> {
    let cloud = work.cloud.id.clone();
    let found = work.tx.payer_by_name(&cloud, account)?;
    found.map(|payer| payer.id).ok_or_else(|| Refused::not_found("account", account))
}

fn product_name(product: Option<&str>) -> Result<Option<Name>, Refused> {
    let parse = |text: &str| {
        Name::parse(text).ok_or_else(|| Refused::new(RefusalCode::Invalid, format!("{text:?} is no name of a product")))
    };
    product.map(parse).transpose()
}
