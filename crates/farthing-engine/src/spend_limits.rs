//! Spend limits: how much an account, a project of it or a member (R78) may cost in a calendar month and by the hour. Whatever asks (a start, an
//! authorisation, an order) is refused beyond them; what reports is booked.
//!
//! `may_spend` is the one place that says so, and of budgets that block. Limits belong to who pays: a project that is given to another account has those of that one.

use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::{account_ever, account_of, project_of};
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::gate::{Asks, LimitPassed, SpendLimits, Spent};
use farthing_core::ledger::OwnerId;
use farthing_core::money::Money;
use farthing_core::settle::{SettleError, ThingId};
use farthing_core::time::{Anchor, Period};
use farthing_store::{LimitRow, PayerRow};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;

/// Whose limits: an account's, or those of one project of it, of one member, of one member in one project.
#[derive(Clone, Debug, Default)]
pub struct LimitsOf {
    pub account: String,
    pub project: Option<String>,
    pub person: Option<String>,
}

/// What is set.
#[derive(Clone, Debug, Default)]
pub struct NewLimits {
    pub of: LimitsOf,
    /// None: there is no such limit any more.
    pub month: Option<Money>,
    pub hour: Option<Money>,
}

/// Limits, and what has been spent of them. In units of the account's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitFacts {
    pub account: String,
    pub project: Option<String>,
    pub person: Option<String>,
    pub month: Option<i64>,
    pub hour: Option<i64>,
    pub month_spent: i64,
    pub hour_spent: i64,
}

impl Engine {
    pub fn set_limits(&self, cloud: &str, limits: &NewLimits) -> Result<LimitFacts, Refused> {
        let limits = limits.clone();
        self.ask("set_limits", cloud, move |work| set(work, &limits))
    }

    pub fn limits(&self, cloud: &str, of: &LimitsOf) -> Result<LimitFacts, Refused> {
        let of = of.clone();
        // Asked as of now: what is written along the way is what would be written anyway.
        self.work("limits", cloud, move |work| {
            let payer = account_ever(work, &of.account)?;
            let project = own_project(work, &payer, of.project.as_deref())?;
            facts_of(work, &payer, project, of.person.as_deref())
        })
    }
}

fn set(work: &mut Work<'_, '_>, wanted: &NewLimits) -> Result<LimitFacts, Refused> {
    let payer = account_of(work, &wanted.of.account)?;
    let project = own_project(work, &payer, wanted.of.project.as_deref())?;
    for amount in [wanted.month, wanted.hour].into_iter().flatten() {
        if amount.currency() != work.currency() || amount.is_negative() {
            let what = format!("{} is no limit in {}", amount.plain(), work.currency().code());
            return Err(Refused::new(RefusalCode::Invalid, what));
        }
    }
    let person = wanted.of.person.as_deref().unwrap_or_default();
    if !person.is_empty() {
        if !work.policy_at(work.now)?.members.quotas {
            let what = "members of this cloud have no limits of their own: set `members.quotas`";
            return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
        }
        let members = work.tx.members_of(payer.id)?;
        if !members.iter().any(|member| member.person == person) {
            return Err(Refused::not_found(&format!("member of account {}", payer.name), person));
        }
    }
    work.load(&[payer.id])?; // its lock
    let limits = SpendLimits { month: wanted.month.map(Money::units), hour: wanted.hour.map(Money::units) };
    let id = project.as_ref().map_or(0, |(id, _)| *id);
    let told = |work: &Work<'_, '_>, limits: &SpendLimits| {
        let plain = |units: Option<i64>| units.map(|units| work.money(units).plain());
        let NewLimits { of, .. } = wanted;
        // Who it is may be erased one day: that there was a limit of somebody's stays.
        let of = json!({ "project": of.project, "member": of.person.is_some() });
        json!({ "of": of, "month": plain(limits.month), "hour": plain(limits.hour) })
    };
    let known = work.tx.spend_limits(payer.id, id, person)?;
    let was = known.into_iter().find(|row| row.project == id && row.person == person);
    let was = was.map(|row| row.limits).unwrap_or_default();
    work.tx.spend_limit_put(&LimitRow { account: payer.id, project: id, person: person.to_owned(), limits })?;
    let note = Note::new("limits.changed", format!("account {}", payer.name));
    let note = note.was(&told(work, &was)).became(&told(work, &limits));
    work.notes.push(note);
    facts_of(work, &payer, project, wanted.of.person.as_deref())
}

/// A project that this account pays for.
fn own_project(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    project: Option<&str>,
) -> Result<Option<(i64, String)>, Refused> {
    let Some(name) = project else { return Ok(None) };
    let found = project_of(work, name)?;
    if found.account != payer.id {
        return Err(Refused::not_found(&format!("project of account {}", payer.name), name));
    }
    Ok(Some((found.id, found.name)))
}

fn facts_of(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    project: Option<(i64, String)>,
    person: Option<&str>,
) -> Result<LimitFacts, Refused> {
    let id = project.as_ref().map_or(0, |(id, _)| *id);
    let whose = person.unwrap_or_default();
    let mut rows = work.tx.spend_limits(payer.id, id, whose)?.into_iter();
    let limits = rows.find(|row| row.project == id && row.person == whose).map(|row| row.limits).unwrap_or_default();
    let now = work.now;
    work.load(&[payer.id])?;
    work.bring_to(payer.id, now)?;
    let spent = spent(work, payer.id, id, whose)?;
    Ok(LimitFacts {
        account: payer.name.clone(),
        project: project.map(|(_, name)| name),
        person: person.map(str::to_owned),
        month: limits.month,
        hour: limits.hour,
        month_spent: spent.month,
        hour_spent: spent.per_hour,
    })
}

/// Of what something is that costs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Of<'o> {
    /// 0: of none.
    pub(crate) project: i64,
    /// Who asks for it; empty: nobody knows.
    pub(crate) person: &'o str,
    /// `key=value` lines, labels among them.
    pub(crate) properties: &'o str,
}

/// Whether an account may spend what is asked for: within its limits, and while no budget of it blocks that. Said of now.
pub(crate) fn may_spend(work: &mut Work<'_, '_>, account: OwnerId, of: &Of<'_>, asks: Asks) -> Result<(), Refused> {
    let rows = work.tx.spend_limits(account, of.project, of.person)?;
    work.load(&[account])?;
    if rows.is_empty() && work.folio(account).budgets.is_empty() {
        return Ok(());
    }
    let now = work.now;
    work.bring_to(account, now)?;
    if let Some(what) = work.budget_that_blocks(account, of.project, of.properties)? {
        return Err(Refused::new(RefusalCode::LimitReached, what));
    }
    for row in rows {
        let spent = spent(work, account, row.project, &row.person)?;
        let Some(passed) = row.limits.passed(&spent, &asks) else { continue };
        let whose = match row.project {
            _ if !row.person.is_empty() => format!("member {}", row.person),
            0 => format!("account {}", work.folio(account).payer.name),
            id => format!("project {}", work.tx.project_name(id)?.unwrap_or_default()),
        };
        let ends = month_of(work, account)?.end();
        let money = |units| work.money(units).plain();
        let what = match passed {
            LimitPassed::Month { limit, spent, asked } => {
                format!(
                    "{whose} may cost {} a month, {} of it is spent, and this asks for {}: raise the limit, or wait until {ends}",
                    money(limit),
                    money(spent),
                    money(asked)
                )
            }
            LimitPassed::Hour { limit, spent, asked } => format!(
                "{whose} may cost {} an hour, what runs costs {}, and this would cost {}: raise the limit, or stop something first",
                money(limit),
                money(spent),
                money(asked)
            ),
        };
        return Err(Refused::new(RefusalCode::LimitReached, what));
    }
    Ok(())
}

fn month_of(work: &mut Work<'_, '_>, account: OwnerId) -> Result<Period, EngineError> {
    let zone = work.folio(account).zone.clone();
    Ok(Anchor::calendar_month(zone).period_containing(work.now).map_err(SettleError::from)?.1)
}

/// What an account that was brought to now, or a project or a member of it, has spent this month, and what the next hour will cost.
fn spent(work: &mut Work<'_, '_>, account: OwnerId, project: i64, person: &str) -> Result<Spent, EngineError> {
    let now = work.now;
    let from = month_of(work, account)?.start();
    let own: Option<BTreeSet<ThingId>> = match project {
        0 if person.is_empty() => None,
        0 => Some(work.tx.things_of_account(account)?),
        id => Some(work.tx.things_of_project(id)?),
    }
    .map(|things| {
        let theirs = things.into_iter().filter(|thing| person.is_empty() || thing.person == person);
        theirs.map(|thing| thing.id).collect()
    });
    let is_own = |thing: ThingId| own.as_ref().is_none_or(|own| own.contains(&thing));
    let sealed = work.charges_since(account, from)?;
    let mut month: i64 =
        sealed.iter().filter(|row| is_own(row.line.thing)).map(|row| row.net).fold(0, i64::saturating_add);
    let folio = work.folio(account);
    for line in folio.book.lines.iter().filter(|line| is_own(line.id.thing)) {
        // What corrects an earlier month is that month's.
        if !line.id.is_correction() || line.open.since >= from {
            month = month.saturating_add(line.net_at(now)?);
        }
    }
    let per_hour = folio.book.cost_of_hour(now, |line| is_own(line.id.thing))?;
    if project == 0 && person.is_empty() {
        // What is promised to holds is as good as spent, and what was captured of them is no charge.
        month = month.saturating_add(folio.held).saturating_add(work.tx.captured_since(account, from)?);
    }
    Ok(Spent { month, per_hour })
}
