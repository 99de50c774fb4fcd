//! A customer pays in through a provider: judged by the policy's bounds and by what looks like misuse, written, then asked of the provider.

use super::book_money::Incoming;
use super::debits::{announce, must_be_eligible};
use super::errands::send_errand;
use super::facts::PaymentFacts;
use super::provider::Through;
use crate::asked::Note;
use crate::bank::takes_transfers;
use crate::folio::Work;
use crate::open_project::{account_ever, is_open};
use crate::tax::{TaxDue, tax_on_top_up};
use crate::top_up::positive;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::money::Money;
use farthing_core::notice::{Event, PaymentTold};
use farthing_core::payment::{
    ErrandKind, MethodFacts, MethodId, MethodStanding, PaymentId, Purpose, RiskFacts, State, Verdict, judge, sandbox,
};
use farthing_core::policy::{Channel, Policy};
use farthing_core::time::{Duration, Instant};
use farthing_store::{MethodRow, PayerRow, PaymentFilter, PaymentRow};
use serde_json::json;

/// What a customer wants to pay in.
#[derive(Clone, Debug)]
pub struct NewPayIn {
    pub account: String,
    /// What is credited; its tax comes on top.
    pub amount: Money,
    pub by: PayBy,
    /// The customer agrees that what pays is kept, and charged later while they are away.
    pub keep: bool,
    /// What its caller calls it: asked again with the same one, it is there.
    pub reference: Option<String>,
    /// Where the customer comes back to after a page.
    pub back: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayBy {
    /// The default of what is kept.
    Default,
    /// One that is kept.
    Method(MethodId),
    /// One that the provider knows by this token, used once.
    Token(String),
    /// A page of the provider, or a code to scan.
    Page(Channel),
}

/// What pays, once it was found.
pub(crate) struct Chosen {
    pub(crate) channel: Channel,
    pub(crate) method: Option<MethodRow>,
    pub(crate) token: String,
    pub(crate) fingerprint: String,
    pub(crate) provider: String,
    pub(crate) kind: ErrandKind,
}

impl Engine {
    /// Writes a payment and asks the provider for it at once. What is not answered yet comes later.
    pub fn pay_in(&self, cloud: &str, wanted: &NewPayIn) -> Result<PaymentFacts, Refused> {
        let through = self.through_by(cloud, &wanted.by)?;
        let own = wanted.clone();
        let begin = move |work: &mut Work<'_, '_>| pay_in(work, &own, &through);
        let asked = self.ask_outside("pay_in", cloud, begin, |begun: PaymentFacts| {
            let Some(id) = begun.payment_id() else { return Ok(begun) };
            self.run_errand_of(&id.to_bytes())?;
            self.payment(cloud, id)
        });
        if let Err(Refused::ByRule { code: RefusalCode::LimitReached, message }) = &asked {
            self.note_refused(cloud, refused_by_risk(wanted, message))?;
        }
        asked
    }

    pub fn payment(&self, cloud: &str, id: PaymentId) -> Result<PaymentFacts, Refused> {
        self.store.read("payment", |tx| {
            let missing = || Refused::not_found("payment", &id.to_string());
            let row = tx.payment(id)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?;
            let name = tx.payer_name(row.account)?;
            Ok(PaymentFacts::read(tx, &name, &row)?)
        })
    }

    /// A cloud's payments, the newest first: those before one, at most so many.
    pub fn payments(
        &self,
        cloud: &str,
        account: Option<&str>,
        state: Option<State>,
        before: Option<PaymentId>,
        limit: usize,
    ) -> Result<Vec<PaymentFacts>, Refused> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.store.read("payments", |tx| {
            let account = match account {
                None => None,
                Some(name) => {
                    Some(tx.payer_by_name(cloud, name)?.ok_or_else(|| Refused::not_found("account", name))?.id)
                }
            };
            let rows = tx.payments(cloud, &PaymentFilter { account, state }, before, limit)?;
            let mut facts = Vec::with_capacity(rows.len());
            for row in rows {
                let name = tx.payer_name(row.account)?;
                facts.push(PaymentFacts::read(tx, &name, &row)?);
            }
            Ok(facts)
        })
    }

    /// The disputes about a payment.
    pub fn disputes(&self, cloud: &str, id: PaymentId) -> Result<Vec<super::DisputeFacts>, Refused> {
        self.store.read("disputes", |tx| {
            let known = tx.payment(id)?.is_some_and(|row| row.cloud == cloud);
            if !known {
                return Err(Refused::not_found("payment", &id.to_string()));
            }
            Ok(tx.disputes_of(id)?.iter().map(super::DisputeFacts::of).collect())
        })
    }
}

/// What was refused leaves nothing but this: who wanted how much, how, and why not. Never what names a card.
fn refused_by_risk(wanted: &NewPayIn, why: &str) -> Note {
    let by = match &wanted.by {
        PayBy::Default => "the default method".to_owned(),
        PayBy::Method(id) => id.to_string(),
        PayBy::Token(_) => "a token".to_owned(),
        PayBy::Page(channel) => format!("a page for {}", channel.word()),
    };
    let facts = json!({ "amount": wanted.amount.plain(), "by": by, "reference": wanted.reference, "why": why });
    Note::new("payment.refused", format!("account {}", wanted.account)).became(&facts)
}

fn pay_in(work: &mut Work<'_, '_>, wanted: &NewPayIn, through: &Through) -> Result<PaymentFacts, Refused> {
    let units = positive(work, wanted.amount)?;
    if wanted.amount.to_minor().is_err() {
        let what = format!(
            "{} is no amount that can be paid: leave out what is below the smallest coin",
            wanted.amount.plain()
        );
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    let payer = account_ever(work, &wanted.account)?;
    work.load(&[payer.id])?;
    let cloud = work.cloud.id.clone();
    if let Some(reference) = &wanted.reference
        && let Some(there) = work.tx.payment_by_once(&cloud, reference)?
    {
        if there.account == payer.id && there.net == units {
            return Ok(PaymentFacts::read(work.tx, &payer.name, &there)?);
        }
        let what = format!("payment {reference:?} was of another amount, or of another account");
        return Err(Refused::new(RefusalCode::IdReused, what));
    }
    is_open(&payer)?;
    let policy = work.policy_at(work.now)?.clone();
    within_bounds(&policy, wanted.amount)?;
    let chosen = choose(work, &payer, &wanted.by, through)?;
    allows(&policy, chosen.channel)?;
    if let Some(facts) = facts_of_chosen(work, &chosen) {
        must_be_eligible(work, &payer, &facts)?;
    }
    let tax = tax_on_top_up(work, &payer, units)?;
    let verdict = judged(work, &payer, &policy, wanted.amount, &chosen.fingerprint)?;
    if let Verdict::Refused(reasons) = &verdict {
        let what = format!("this payment is not taken: {}", reasons.join("; "));
        return Err(Refused::new(RefusalCode::LimitReached, what));
    }
    let keeps = wanted.keep || policy.collect.first_payment_authorises && matches!(wanted.by, PayBy::Page(_));
    let facts = NewPayment {
        purpose: Purpose::TopUp,
        once: wanted.reference.clone().unwrap_or_default(),
        net: units,
        tax,
        bill: None,
        keeps,
        verdict,
        back: wanted.back.clone(),
    };
    let row = write_payment(work, &payer, chosen, facts)?;
    let told = json!({ "amount": wanted.amount.plain(), "channel": row.channel.word(), "state": row.state.name() });
    work.notes.push(Note::new("payment.begun", format!("account {}", payer.name)).became(&told));
    Ok(PaymentFacts::read(work.tx, &payer.name, &row)?)
}

/// A top-up of what something costs beyond the balance: at least the policy's least. What pays, how much, its tax, and the verdict.
pub(crate) fn top_up_for(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    missing: i64,
    (by, through): (&PayBy, &Through),
) -> Result<(Chosen, i64, TaxDue, Verdict), Refused> {
    let policy = work.policy_at(work.now)?.clone();
    let net = policy.top_up.min.map_or(missing, |min| missing.max(min.units()));
    let amount = work.money(net);
    within_bounds(&policy, amount)?;
    let chosen = choose(work, payer, by, through)?;
    allows(&policy, chosen.channel)?;
    let tax = tax_on_top_up(work, payer, net)?;
    let verdict = judged(work, payer, &policy, amount, &chosen.fingerprint)?;
    if let Verdict::Refused(reasons) = &verdict {
        let what = format!("this payment is not taken: {}", reasons.join("; "));
        return Err(Refused::new(RefusalCode::LimitReached, what));
    }
    Ok((chosen, net, tax, verdict))
}

/// A payment to be written.
pub(crate) struct NewPayment {
    pub(crate) purpose: Purpose,
    pub(crate) once: String,
    pub(crate) net: i64,
    pub(crate) tax: TaxDue,
    pub(crate) bill: Option<[u8; 16]>,
    pub(crate) keeps: bool,
    pub(crate) verdict: Verdict,
    pub(crate) back: String,
}

/// Writes a payment and, unless a person looks first, the errand to the provider.
pub(crate) fn write_payment(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    chosen: Chosen,
    wanted: NewPayment,
) -> Result<PaymentRow, EngineError> {
    let (kind, held) = (chosen.kind, matches!(wanted.verdict, Verdict::Review(_)));
    let row = insert_payment(work, payer, chosen, wanted)?;
    if held {
        let told = told_of(work, payer, &row, row.verdict.replace('\n', "; "))?;
        work.tell(Some(payer.id), Event::PaymentHeld(told));
        return Ok(row);
    }
    let at = announce(work, payer, &row)?;
    if at.is_none_or(|at| at <= work.now) {
        send_errand(work, payer.id, &row.provider, kind, row.id.to_bytes(), 0)?;
        if kind == ErrandKind::Page {
            super::codes::open(work, &row)?;
        }
    }
    Ok(row)
}

/// Writes a payment, and asks nobody for it.
pub(crate) fn insert_payment(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    chosen: Chosen,
    wanted: NewPayment,
) -> Result<PaymentRow, EngineError> {
    let held = matches!(wanted.verdict, Verdict::Review(_));
    let row = PaymentRow {
        id: work.ids.id(work.now),
        cloud: work.cloud.id.clone(),
        account: payer.id,
        once: wanted.once,
        purpose: wanted.purpose,
        channel: chosen.channel,
        provider: chosen.provider,
        method: chosen.method.as_ref().map(|method| method.id),
        token: chosen.token,
        fingerprint: chosen.fingerprint,
        bill: wanted.bill,
        net: wanted.net,
        tax: wanted.tax.amount,
        assessed: wanted.tax.assessed,
        state: if held { State::Review } else { State::Created },
        reference: String::new(),
        failure: String::new(),
        failure_text: String::new(),
        action: wanted.back,
        verdict: wanted.verdict.reasons().join("\n"),
        keeps: wanted.keeps,
        created: work.now,
        changed: work.now,
        succeeded: None,
        transfer: None,
        refunded: 0,
        taken_back: 0,
    };
    work.tx.payment_insert(&row)?;
    Ok(row)
}

/// What is known of what pays, before it does.
fn facts_of_chosen(work: &Work<'_, '_>, chosen: &Chosen) -> Option<MethodFacts> {
    match &chosen.method {
        Some(method) => Some(method.facts.clone()),
        None => sandbox::method_facts(&chosen.token, work.now).filter(|_| chosen.provider == sandbox::NAME),
    }
}

/// What events say of a payment.
pub(super) fn told_of(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &PaymentRow,
    why: String,
) -> Result<PaymentTold, EngineError> {
    let paid_with = method_label(work, row)?;
    Ok(PaymentTold {
        account: payer.name.clone(),
        payment: row.id.to_string(),
        purpose: row.purpose.name().to_owned(),
        amount: work.money(row.net),
        tax: work.money(row.tax),
        paid_with,
        why,
        url: String::new(),
    })
}

/// What paid, as its owner knows it: `visa 4242`; empty where nobody knows.
pub(crate) fn method_label(work: &mut Work<'_, '_>, row: &PaymentRow) -> Result<String, EngineError> {
    let label = match row.method {
        Some(id) => work.tx.method(id)?.map(|method| super::facts::label(&method.facts.brand, &method.facts.last4)),
        None => sandbox::method_facts(&row.token, work.now)
            .filter(|_| row.provider == sandbox::NAME)
            .map(|facts| super::facts::label(&facts.brand, &facts.last4)),
    };
    Ok(label.unwrap_or_default())
}

/// The same of money that has come in.
pub(crate) fn paid_with(work: &mut Work<'_, '_>, money: &Incoming<'_>) -> Result<String, EngineError> {
    let payment = match money.payment {
        Some(id) => work.tx.payment(id)?,
        None => None,
    };
    let label = match &payment {
        Some(payment) => method_label(work, payment)?,
        None => String::new(),
    };
    let channel = payment.as_ref().map(|payment| payment.channel.word().replace('_', " "));
    let with = if label.is_empty() { channel.unwrap_or_else(|| "by hand".to_owned()) } else { label };
    let paid = match &payment {
        Some(payment) => super::codes::paid_words(work.tx, payment.id)?,
        None => String::new(),
    };
    Ok(format!("{with}{paid}"))
}

pub(crate) fn within_bounds(policy: &Policy, amount: Money) -> Result<(), Refused> {
    let bounds = &policy.top_up;
    let units = amount.units();
    if let Some(min) = bounds.min.filter(|min| units < min.units()) {
        return Err(Refused::new(RefusalCode::BelowMinimum, format!("the least top-up is {}", min.plain())));
    }
    let most = [bounds.max, bounds.bank_transfer_above].into_iter().flatten().min_by_key(|most| most.units());
    if let Some(max) = most.filter(|max| units > max.units()) {
        let further = if takes_transfers(policy) {
            ": send more by bank transfer, as the account's transfer details say"
        } else {
            ""
        };
        let what = format!("the most in one top-up is {}{further}", max.plain());
        return Err(Refused::new(RefusalCode::AboveMaximum, what));
    }
    Ok(())
}

fn allows(policy: &Policy, channel: Channel) -> Result<(), Refused> {
    let channels = &policy.top_up.channels;
    if channels.is_empty() || channels.contains(&channel) {
        return Ok(());
    }
    let known: Vec<&str> = channels.iter().map(|channel| channel.word()).collect();
    let what = format!("this cloud takes no money by {}: {} are open", channel.word(), known.join(", "));
    Err(Refused::new(RefusalCode::RefusedByPolicy, what))
}

pub(crate) fn choose(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    by: &PayBy,
    through: &Through,
) -> Result<Chosen, Refused> {
    match by {
        PayBy::Default => {
            let methods = work.tx.methods_of(payer.id)?;
            let ready = methods.into_iter().find(|method| method.standing == MethodStanding::Ready);
            let none = || Refused::new(RefusalCode::NotFound, "there is no stored method: add one, or name what pays");
            Ok(of_method(ready.ok_or_else(none)?))
        }
        PayBy::Method(id) => {
            let found = work.tx.method(*id)?.filter(|method| method.account == payer.id);
            let method = found.ok_or_else(|| Refused::not_found("method", &id.to_string()))?;
            if method.standing != MethodStanding::Ready {
                let what = format!("method {id} is {}: it cannot be charged", method.standing.name());
                return Err(Refused::new(RefusalCode::Conflict, what));
            }
            Ok(of_method(method))
        }
        PayBy::Token(token) => {
            let facts = sandbox::method_facts(token, work.now).filter(|_| through.name == sandbox::NAME);
            if through.name == sandbox::NAME && facts.is_none() {
                let what = format!("{token:?} is no method of the sandbox: write one like card:visa");
                return Err(Refused::new(RefusalCode::Invalid, what));
            }
            Ok(Chosen {
                channel: facts.as_ref().map_or(Channel::Card, |facts| facts.channel),
                method: None,
                token: token.clone(),
                fingerprint: facts.map(|facts| facts.fingerprint).unwrap_or_default(),
                provider: through.name.clone(),
                kind: ErrandKind::Charge,
            })
        }
        PayBy::Page(channel) => {
            if !through.can.pages.contains(channel) {
                let what = format!("{} takes no money by {}", through.name, channel.word());
                return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
            }
            Ok(Chosen {
                channel: *channel,
                method: None,
                token: String::new(),
                fingerprint: String::new(),
                provider: through.name.clone(),
                kind: ErrandKind::Page,
            })
        }
    }
}

pub(crate) fn of_method(method: MethodRow) -> Chosen {
    Chosen {
        channel: method.facts.channel,
        token: method.facts.token.clone(),
        fingerprint: method.facts.fingerprint.clone(),
        provider: method.provider.clone(),
        method: Some(method),
        kind: ErrandKind::Charge,
    }
}

fn judged(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    policy: &Policy,
    amount: Money,
    fingerprint: &str,
) -> Result<Verdict, EngineError> {
    let before = |now: Instant, seconds: i64| -> Result<Instant, EngineError> {
        let ago = Duration::try_from_seconds(seconds).map_err(farthing_core::settle::SettleError::from)?;
        Ok(now.checked_sub(ago).unwrap_or(Instant::EPOCH))
    };
    let (day, hour) = (before(work.now, 86_400)?, before(work.now, 3_600)?);
    let lately = work.tx.payments_lately(payer.id, day)?;
    let failures = work.tx.payments_lately(payer.id, hour)?.failed;
    let cloud = work.cloud.id.clone();
    let by_card = if fingerprint.is_empty() { 0 } else { work.tx.payments_by_card(&cloud, fingerprint, day)? };
    let facts = RiskFacts { amount, top_ups: lately.begun, amounts: lately.amounts, by_card, failures };
    Ok(judge(&policy.risk, &facts))
}
