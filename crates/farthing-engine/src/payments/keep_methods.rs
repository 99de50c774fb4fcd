//! What an account pays with: added with its owner's consent, removed, put in order, watched until its end (R15, R37, R51, R54).

use super::debits::must_be_eligible;
use super::errands::send_errand;
use super::facts::MethodFacts;
use super::provider::Through;
use super::take_news::method_told;
use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::{account_ever, account_of};
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::notice::Event;
use farthing_core::payment::{ErrandKind, MethodFacts as Facts, MethodId, MethodStanding, notice_after, sandbox};
use farthing_core::policy::Channel;
use farthing_core::time::Instant;
use farthing_store::{MethodRow, PayerRow};
use serde_json::json;

/// A method to be kept.
#[derive(Clone, Debug)]
pub struct NewMethod {
    pub account: String,
    pub channel: Channel,
    /// What the customer's browser was given by the provider; none: a page is opened.
    pub token: Option<String>,
    /// The words in which its owner agreed to be charged later; none: they did not, and it only pays when they are there.
    pub mandate: Option<String>,
    /// It becomes the first that is charged.
    pub default: bool,
    /// Where the customer comes back to after a page.
    pub back: String,
}

/// What is to change of a method.
#[derive(Clone, Debug, Default)]
pub struct MethodChange {
    pub default: bool,
    /// Its owner agrees now, in these words.
    pub mandate: Option<String>,
    /// Its owner agrees no more: it pays only while they are there.
    pub withdraw: bool,
}

impl Engine {
    /// Writes a method, and asks the provider to keep it.
    pub fn add_method(&self, cloud: &str, method: &NewMethod) -> Result<MethodFacts, Refused> {
        let through = self.through(cloud)?;
        let own = method.clone();
        let begin = move |work: &mut Work<'_, '_>| add(work, &own, &through);
        let added = self.ask_outside("add_method", cloud, begin, |facts: MethodFacts| {
            let Ok(id) = MethodId::parse(&facts.id) else { return Ok(facts) };
            self.run_errand_of(&id.to_bytes())?;
            let facts = self.method(cloud, id)?;
            if facts.standing == MethodStanding::Failed.name() {
                let what = format!("the provider does not keep this method: {}", facts.action);
                return Err(Refused::new(RefusalCode::NotEligible, what));
            }
            Ok(facts)
        });
        if let Err(Refused::ByRule { code: RefusalCode::LimitReached, message }) = &added {
            let facts = json!({ "channel": method.channel.word(), "why": message });
            let note = Note::new("method.refused", format!("account {}", method.account)).became(&facts);
            self.note_refused(cloud, note)?;
        }
        added
    }

    /// It is not charged any more, from this moment on.
    pub fn remove_method(&self, cloud: &str, account: &str, id: MethodId) -> Result<MethodFacts, Refused> {
        let account = account.to_owned();
        self.ask("remove_method", cloud, move |work| {
            let (payer, mut row) = own_method(work, &account, id)?;
            if row.standing != MethodStanding::Gone {
                let told = method_told(work, &payer, &row)?;
                let kept = row.standing == MethodStanding::Ready;
                row.standing = MethodStanding::Gone;
                (row.ended, row.warn_at) = (Some(work.now), None);
                work.tx.method_write(&row)?;
                if kept {
                    send_errand(work, payer.id, &row.provider, ErrandKind::Detach, id.to_bytes(), 0)?;
                    work.tell(Some(payer.id), Event::MethodRemoved(told));
                }
                work.notes.push(
                    Note::new("method.removed", format!("account {account}")).was(&json!({ "method": id.to_string() })),
                );
                super::refill::watch(work, payer.id)?;
            }
            Ok(MethodFacts::of(&payer.name, &row, false))
        })
    }

    /// Makes it the default, or takes or gives back consent.
    pub fn change_method(
        &self,
        cloud: &str,
        account: &str,
        id: MethodId,
        change: &MethodChange,
    ) -> Result<MethodFacts, Refused> {
        let (account, change) = (account.to_owned(), change.clone());
        self.ask("change_method", cloud, move |work| {
            let (payer, mut row) = own_method(work, &account, id)?;
            if row.standing != MethodStanding::Ready {
                let what = format!("method {id} is {}: it cannot be changed", row.standing.name());
                return Err(Refused::new(RefusalCode::Conflict, what));
            }
            if let Some(mandate) = &change.mandate {
                row.consented = Some(work.now);
                row.mandate.clone_from(mandate);
            }
            if change.withdraw {
                row.consented = None;
                row.mandate.clear();
            }
            if change.default {
                row.rank = lowest_rank(work, payer.id)?;
            }
            work.tx.method_write(&row)?;
            let facts =
                json!({ "method": id.to_string(), "default": change.default, "consent": row.consented.is_some() });
            work.notes.push(Note::new("method.changed", format!("account {account}")).became(&facts));
            super::refill::watch(work, payer.id)?;
            Ok(MethodFacts::of(&payer.name, &row, change.default))
        })
    }

    pub fn method(&self, cloud: &str, id: MethodId) -> Result<MethodFacts, Refused> {
        self.store.read("method", |tx| {
            let missing = || Refused::not_found("method", &id.to_string());
            let row = tx.method(id)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?;
            let name = tx.payer_name(row.account)?;
            let first = tx.methods_of(row.account)?.into_iter().find(|method| method.standing == MethodStanding::Ready);
            Ok(MethodFacts::of(&name, &row, first.is_some_and(|first| first.id == id)))
        })
    }

    /// An account's methods, the default first. `all`: those that are gone too.
    pub fn methods(&self, cloud: &str, account: &str, all: bool) -> Result<Vec<MethodFacts>, Refused> {
        self.store.read("methods", |tx| {
            let payer = tx.payer_by_name(cloud, account)?.ok_or_else(|| Refused::not_found("account", account))?;
            let rows = tx.methods_of(payer.id)?;
            let first = rows.iter().find(|method| method.standing == MethodStanding::Ready).map(|method| method.id);
            let shown =
                |row: &&MethodRow| all || matches!(row.standing, MethodStanding::Ready | MethodStanding::Waiting);
            Ok(rows.iter().filter(shown).map(|row| MethodFacts::of(account, row, first == Some(row.id))).collect())
        })
    }

    /// Tells of methods that are about to end, as long before as their cloud's policy says.
    pub(crate) fn run_expiries(&self, now: Instant) -> Result<(), EngineError> {
        let due = self.store.read("methods_to_warn", |tx| tx.methods_to_warn(now, 1_000))?;
        for found in due {
            let (id, account) = (found.id, found.account);
            self.work("method_expiring", &found.cloud, move |work| {
                work.load(&[account])?;
                let Some(mut row) = work.tx.method(id)?.filter(|row| row.warn_at.is_some_and(|at| at <= work.now))
                else {
                    return Ok(());
                };
                let is_ready = row.standing == MethodStanding::Ready;
                watch_end(work, &mut row)?;
                work.tx.method_write(&row)?;
                if is_ready {
                    let payer = work.folio(account).payer.clone();
                    let told = method_told(work, &payer, &row)?;
                    work.tell(Some(account), Event::MethodExpiring(told));
                }
                Ok(())
            })
            .map_err(crate::run_due::engine_error)?;
        }
        Ok(())
    }
}

/// Says when its owner is told next that it is about to end.
pub(super) fn watch_end(work: &mut Work<'_, '_>, row: &mut MethodRow) -> Result<(), EngineError> {
    let before = &work.policy_at(work.now)?.alerts.card_expires;
    let ready = row.facts.expires.filter(|_| row.standing == MethodStanding::Ready);
    row.warn_at = ready.and_then(|expires| notice_after(expires, before, work.now));
    Ok(())
}

fn own_method(work: &mut Work<'_, '_>, account: &str, id: MethodId) -> Result<(PayerRow, MethodRow), Refused> {
    let payer = account_ever(work, account)?;
    work.load(&[payer.id])?;
    let row = work.tx.method(id)?.filter(|row| row.account == payer.id);
    let row = row.ok_or_else(|| Refused::not_found("method", &id.to_string()))?;
    Ok((payer, row))
}

fn lowest_rank(work: &mut Work<'_, '_>, account: farthing_core::ledger::OwnerId) -> Result<i64, EngineError> {
    Ok(work.tx.methods_of(account)?.iter().map(|method| method.rank).min().unwrap_or(0).saturating_sub(1))
}

fn add(work: &mut Work<'_, '_>, method: &NewMethod, through: &Through) -> Result<MethodFacts, Refused> {
    let payer = account_of(work, &method.account)?;
    work.load(&[payer.id])?;
    let channel = method.channel;
    if !through.can.stored.contains(&channel) {
        let what = format!("{} keeps no {}", through.name, channel.word());
        return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
    }
    let channels = &work.policy_at(work.now)?.top_up.channels;
    if !channels.is_empty() && !channels.contains(&channel) {
        let what = format!("this cloud takes no money by {}", channel.word());
        return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
    }
    let token = method.token.clone().unwrap_or_default();
    let methods = work.tx.methods_of(payer.id)?;
    let alive = |row: &&MethodRow| matches!(row.standing, MethodStanding::Ready | MethodStanding::Waiting);
    if let Some(there) = methods.iter().filter(alive).find(|row| !token.is_empty() && row.facts.token == token) {
        return Ok(MethodFacts::of(&payer.name, there, false)); // it is there already
    }
    let facts = Facts {
        token,
        channel,
        brand: String::new(),
        last4: String::new(),
        expires: None,
        country: String::new(),
        funding: None,
        fingerprint: String::new(),
    };
    // What the sandbox will say of it is known: it is judged before it is kept.
    if through.name == sandbox::NAME
        && let Some(facts) = sandbox::method_facts(&facts.token, work.now)
    {
        may_keep(work, &payer, &facts, None)?;
    }
    let mut row = insert_method(work, &payer, &through.name, &facts, MethodStanding::Waiting, false)?;
    if let Some(mandate) = &method.mandate {
        row.consented = Some(work.now);
        row.mandate.clone_from(mandate);
    }
    if method.default {
        row.rank = lowest_rank(work, payer.id)?;
    }
    row.action.clone_from(&method.back);
    work.tx.method_write(&row)?;
    send_errand(work, payer.id, &through.name, ErrandKind::SetUp, row.id.to_bytes(), 0)?;
    let told = json!({ "method": row.id.to_string(), "channel": channel.word(), "consent": method.mandate.is_some() });
    work.notes.push(Note::new("method.added", format!("account {}", payer.name)).became(&told));
    Ok(MethodFacts::of(&payer.name, &row, false))
}

/// Whether one more may be kept: not more than the policy lets one account have, and none of a kind it refuses.
pub(super) fn may_keep(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    facts: &Facts,
    known: Option<MethodId>,
) -> Result<(), Refused> {
    must_be_eligible(work, payer, facts)?;
    let policy = work.policy_at(work.now)?;
    let most = policy.risk.cards_per_account.map(|count| i64::from(count.0));
    if let (Some(most), Channel::Card) = (most, facts.channel) {
        let cards = work.tx.methods_of(payer.id)?;
        let others = cards.iter().filter(|card| {
            card.facts.channel == Channel::Card && Some(card.id) != known && card.standing == MethodStanding::Ready
        });
        if i64::try_from(others.count()).unwrap_or(i64::MAX) >= most {
            let what = format!("an account keeps at most {most} cards: remove one first");
            return Err(Refused::new(RefusalCode::LimitReached, what));
        }
    }
    Ok(())
}

/// Behind those that are there.
pub(crate) fn insert_method(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    provider: &str,
    facts: &Facts,
    standing: MethodStanding,
    consents: bool,
) -> Result<MethodRow, EngineError> {
    let rank =
        work.tx.methods_of(payer.id)?.iter().map(|method| method.rank).max().map_or(0, |rank| rank.saturating_add(1));
    let mandate = if consents { "agreed with the first payment" } else { "" };
    let mut row = MethodRow {
        id: work.ids.id(work.now),
        cloud: work.cloud.id.clone(),
        account: payer.id,
        provider: provider.to_owned(),
        facts: facts.clone(),
        standing,
        rank,
        consented: consents.then_some(work.now),
        mandate: mandate.to_owned(),
        action: String::new(),
        added: work.now,
        ended: None,
        warn_at: None,
    };
    watch_end(work, &mut row)?;
    work.tx.method_insert(&row)?;
    if standing == MethodStanding::Ready {
        let told = method_told(work, payer, &row)?;
        work.tell(Some(payer.id), Event::MethodAdded(told));
    }
    Ok(row)
}
