//! What an account has, what it has cost, how a resource is: read in one snapshot, from working state, never from history.

use crate::folio::Work;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::config::Name;
use farthing_core::ledger::Chart;
use farthing_core::ledger::OwnerId;
use farthing_core::money::{Currency, Money};
use farthing_core::policy::Measure;
use farthing_core::settle::{Figures, Question, ThingId};
use farthing_core::time::Instant;
use farthing_core::timeline::Timeline;
use farthing_store::{ChargeFilter, ChargeRow, LotRow, PayerRow, ThingKind, ThingRow};
use std::collections::BTreeSet;

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
    /// What was posted and waits for a bill.
    pub unbilled: i64,
    /// What bills too small to be collected have left for the next one (R20).
    pub rolled: i64,
    pub lots: Vec<LotRow>,
    /// Why it cannot be settled; empty: it can.
    pub parked: String,
}

/// An account among its cloud's.
#[derive(Clone, Debug)]
pub struct AccountStanding {
    pub name: String,
    /// Why it cannot be settled; empty: it can.
    pub parked: String,
    /// None where it cannot be worked out, which is why it is parked.
    pub view: Option<AccountView>,
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
            view_of(work, id, at)
        })
    }

    /// Every account of a cloud, as `account_view` has each, in one snapshot and in order of arrival.
    pub fn account_standings(&self, cloud: &str, at: Instant) -> Result<Vec<AccountStanding>, Refused> {
        self.look(cloud, |work| {
            let payers = work.tx.payers_of(cloud)?;
            payers.into_iter().map(|payer| standing_of(work, payer, at)).collect()
        })
    }

    /// One of them.
    pub fn account_standing(&self, cloud: &str, account: &str, at: Instant) -> Result<AccountStanding, Refused> {
        self.look(cloud, |work| {
            let payer = work.tx.payer_by_name(cloud, account)?;
            standing_of(work, payer.ok_or_else(|| Refused::not_found("account", account))?, at)
        })
    }

    /// What things cost an account in a stretch of time, sealed and open.
    pub fn charges_sum(
        &self,
        cloud: &str,
        account: &str,
        asked: &ChargeQuestion,
        at: Instant,
    ) -> Result<Money, Refused> {
        self.look(cloud, |work| {
            let id = account_id(work, account)?;
            sum_of_charges(work, id, asked, at)
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
            lines.extend(work.tx.redemptions_of(id)?.iter().map(|row| format!("{row:?}")));
            lines.extend(work.tx.recurring_of(id)?.iter().map(|row| format!("{row:?}")));
            for ledger in work.tx.accounts_of(id)? {
                let account = ledger.account;
                lines.push(format!("{} {} {} {}", ledger.code, account.debits, account.credits, account.held));
            }
            lines.extend(work.tx.lots(&[id])?.iter().map(|lot| format!("{lot:?}")));
            lines.extend(work.tx.members_of(id)?.iter().map(|member| format!("{member:?}")));
            Ok(lines)
        })
    }

    pub(crate) fn look<T>(
        &self,
        cloud: &str,
        mut question: impl FnMut(&mut Work<'_, '_>) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let (now, ids, clouds) = (self.now()?, &*self.ids, &*self.clouds);
        self.store.read("look", |tx| {
            let Some(book) = clouds.get(tx, cloud)? else {
                return Err(Refused::not_found("cloud with a configuration", cloud));
            };
            question(&mut Work::new(tx, book, ids, now)?)
        })
    }
}

fn standing_of(work: &mut Work<'_, '_>, payer: PayerRow, at: Instant) -> Result<AccountStanding, Refused> {
    let parked = work.tx.payer_states(&[payer.id])?.pop().map_or_else(String::new, |state| state.parked);
    let view = match view_of(work, payer.id, at) {
        Ok(view) => Some(view),
        Err(Refused::Engine(EngineError::Settle(_))) if !parked.is_empty() => None,
        Err(other) => return Err(other),
    };
    Ok(AccountStanding { name: payer.name, parked, view })
}

/// An account as it is at an instant.
pub(crate) fn view_of(work: &mut Work<'_, '_>, id: OwnerId, at: Instant) -> Result<AccountView, Refused> {
    work.load(&[id])?;
    let currency = work.currency();
    let measure = work.policy_at(at)?.settle.measure;
    let folio = work.folio(id);
    let second = at.floor_second();
    let mut figures = folio.book.figures(second, Question::Standing)?;
    // What waits for a bill is cost all the same; it is never taken off what can be spent.
    figures.accrued = figures.accrued.saturating_add(folio.unbilled);
    if measure == Measure::Balance {
        figures.spendable = figures.balance;
    }
    let minor = currency.units_per_minor();
    let rolled = work.tx.balance_of_code(id, &Chart::ReceivableNext)?.saturating_neg();
    let folio = work.folio(id);
    Ok(AccountView {
        currency,
        figures,
        held: folio.held,
        available: figures.spendable.saturating_sub(folio.held),
        due: if figures.debt < minor { 0 } else { figures.debt },
        burn_per_hour: folio.book.burn_per_hour(second)?,
        runs_out_at: folio.book.runs_out_at(second)?,
        ran_out_at: folio.state.ran_out_at,
        unbilled: folio.unbilled,
        rolled,
        lots: folio.lots.clone(),
        parked: folio.state.parked.clone(),
    })
}

/// What an account was charged and has open within a question.
pub(crate) fn sum_of_charges(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    asked: &ChargeQuestion,
    at: Instant,
) -> Result<Money, Refused> {
    let product = product_name(asked.product.as_deref())?;
    let days = (asked.from.unwrap_or(Instant::from_micros(0)), asked.to.unwrap_or(Instant::from_micros(i64::MAX)));
    let sealed: i64 = work.tx.charge_sums(id, product.as_ref(), days)?.iter().map(|(_, net)| net).sum();
    let sum = sealed.saturating_add(open_between(work, id, product.as_ref(), (asked.from, asked.to), at)?);
    Ok(Money::from_units(sum, work.currency()))
}

/// What an account has open within a stretch of time, and waits as a correction of it.
pub(crate) fn open_between(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    product: Option<&Name>,
    (from, to): (Option<Instant>, Option<Instant>),
    at: Instant,
) -> Result<i64, Refused> {
    let mut sum = 0_i64;
    work.load(&[id])?;
    let open_from = work.folio(id).state.open_from;
    let end = to.map_or(at, |to| to.min(at)).floor_second();
    let begin = from.map(Instant::floor_second).filter(|from| *from > open_from);
    if to.is_none_or(|to| to > open_from) && begin.is_none_or(|from| from < end) {
        sum = sum.saturating_add(open_at(work, id, product, end, at)?);
        if let Some(from) = begin {
            sum = sum.saturating_sub(open_at(work, id, product, from, at)?);
        }
    }
    // Corrections of sealed days that wait for the next settlement.
    let within = |at: Instant| from.is_none_or(|from| at >= from) && to.is_none_or(|to| at < to);
    for line in work.folio(id).book.lines.iter().filter(|line| line.id.is_correction()) {
        if product.is_none_or(|name| line.product() == name) && within(line.open.since) {
            sum = sum.saturating_add(line.net_at(at)?);
        }
    }
    Ok(sum)
}

/// What was open of an account at an instant of its open day, as is known now. What was used is known by day only.
fn open_at(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    product: Option<&Name>,
    at: Instant,
    now: Instant,
) -> Result<i64, Refused> {
    let asked = |other: &Name| product.is_none_or(|name| other == name);
    let folio = work.folio(id);
    let mut sum = 0_i64;
    let mut things = BTreeSet::new();
    for line in folio.book.lines.iter().filter(|line| asked(line.product())) {
        if line.id.is_correction() {
            continue; // of another day
        }
        if at >= now.floor_second() || line.id.began != 0 {
            sum = sum.saturating_add(if at >= now.floor_second() { line.net_at(at)? } else { 0 });
        } else {
            things.insert(line.id.thing);
        }
    }
    let things: Vec<ThingId> = things.into_iter().collect();
    for thing in work.tx.things(&things)? {
        sum = sum.saturating_add(work.open_of_thing(id, &thing, at)?);
    }
    Ok(sum)
}

pub(crate) fn account_id(work: &mut Work<'_, '_>, account: &str) -> Result<OwnerId, Refused> {
    let cloud = work.cloud.id.clone();
    let found = work.tx.payer_by_name(&cloud, account)?;
    found.map(|payer| payer.id).ok_or_else(|| Refused::not_found("account", account))
}

pub(crate) fn product_name(product: Option<&str>) -> Result<Option<Name>, Refused> {
    let parse = |text: &str| {
        Name::parse(text).ok_or_else(|| Refused::new(RefusalCode::Invalid, format!("{text:?} is no name of a product")))
    };
    product.map(parse).transpose()
}
