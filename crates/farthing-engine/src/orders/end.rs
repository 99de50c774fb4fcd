//! Ends what runs for a time: now, with what is unused given back by the policy (R10, R12, R87), or with the end of what is paid; and what
//! happens at that end, which its owner may change until then (R88). What the cloud reports of it: switched off, on, gone.

use super::agreement::{Agreement, Elsewhere, GivenBack, give_up};
use super::asked::PlanText;
use super::change::{agreement_named, drop_quotes, must_run, term_told};
use super::facts::SubscriptionFacts;
use super::pay::order_named;
use super::{When, provision, renew};
use crate::asked::Note;
use crate::folio::Work;
use crate::payments::pay_arrears;
use crate::quotas::end_raises;
use crate::record_fact::{Reported, Told};
use crate::{Engine, RefusalCode, Refused, standing};
use farthing_core::catalog::Proration;
use farthing_core::money::Money;
use farthing_core::notice::Event;
use farthing_core::policy::{AtExpiry, TermRefund};
use farthing_core::term::{Change, OrderState, SubscriptionState};
use farthing_core::time::Instant;
use farthing_store::SubscriptionRow;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What an end gives back, or would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    pub subscription: SubscriptionFacts,
    /// When it ends.
    pub ends: String,
    /// To the balance, or off what is due; the fee taken off.
    pub back: String,
    pub fee: String,
    pub currency: String,
}

impl Engine {
    /// What ending it now would give back, without tax: nothing is changed.
    pub fn quote_end(&self, cloud: &str, name: &str) -> Result<Ending, Refused> {
        let name = name.to_owned();
        self.work("quote_end", cloud, move |work| {
            let mut agreement = agreement_named(work, &name)?;
            must_run(&agreement)?;
            let now = work.now.floor_second();
            if agreement.proration == Proration::Whole {
                let ends = agreement.row.paid_to;
                return ending(work, &agreement, ends, GivenBack::default());
            }
            let mut back = would_give(work, &mut agreement, now)?;
            for added in work.tx.subscriptions_added_to(agreement.row.id)? {
                if !added.state.is_over() && added.state != SubscriptionState::Pending {
                    let mut added = Agreement::read(work, added)?;
                    let more = would_give(work, &mut added, now)?;
                    back.cash += more.cash;
                    back.fee += more.fee;
                    back.value += more.value;
                }
            }
            ending(work, &agreement, now, back)
        })
    }

    /// Ends it. Sold by whole periods, it ends with the one that runs (R45).
    pub fn end_subscription(&self, cloud: &str, name: &str, when: When) -> Result<Ending, Refused> {
        let name = name.to_owned();
        self.ask("end_subscription", cloud, move |work| match when {
            When::Now => end_now(work, &name),
            When::AtTheEnd => {
                let agreement = choose(work, &name, AtExpiry::Stop)?;
                ending(work, &agreement, agreement.row.paid_to, GivenBack::default())
            }
        })
    }

    /// What happens at its expiry.
    pub fn choose_at_expiry(&self, cloud: &str, name: &str, renew: AtExpiry) -> Result<SubscriptionFacts, Refused> {
        let name = name.to_owned();
        self.ask("choose_at_expiry", cloud, move |work| {
            let agreement = choose(work, &name, renew)?;
            SubscriptionFacts::read(work, &agreement)
        })
    }
}

/// The same sums as giving it up, on copies.
fn would_give(work: &mut Work<'_, '_>, agreement: &mut Agreement, at: Instant) -> Result<GivenBack, Refused> {
    let sides = agreement.sides(work, &[(at, Change::End)], agreement.row.paid_to)?;
    let policy = work.policy_at(work.now)?;
    let mut back = GivenBack::default();
    if policy.refund.term == TermRefund::Nothing {
        return Ok(back);
    }
    let mut fee_left = policy.refund.fee.map_or(0, Money::units);
    let minor = work.currency().units_per_minor();
    for side in sides.iter().filter(|side| side.amount.is_negative()) {
        let mut rest = -side.amount.units();
        for term in agreement.terms.iter_mut().rev() {
            if term.period == side.key.period && PlanText::parse(&term.plan)? == side.key.plan {
                let given = term.money.give_up(rest, minor).map_err(super::agreement::calendar)?;
                let fee = given.cash.min(fee_left);
                fee_left -= fee;
                rest -= given.value;
                back.cash += given.cash - fee;
                back.fee += fee;
                back.value += given.value;
            }
        }
    }
    Ok(back)
}

fn choose(work: &mut Work<'_, '_>, name: &str, renew: AtExpiry) -> Result<Agreement, Refused> {
    let mut agreement = agreement_named(work, name)?;
    let waits = agreement.row.state == SubscriptionState::Expired && agreement.row.due_at.is_some();
    if !waits {
        must_run(&agreement)?;
    }
    let product = super::agreement::product_of(work, agreement.row.product.as_str(), work.now)?;
    if renew == AtExpiry::Convert && product.converts_to.is_none() {
        let what = format!("{} becomes nothing else at its expiry: choose \"renew\" or \"stop\"", product.id);
        return Err(Refused::new(RefusalCode::NotEligible, what));
    }
    let was = agreement.row.renew;
    agreement.row.renew = renew;
    agreement.row.due_at = renew::next(work, &agreement)?;
    agreement.write(work)?;
    let account = work.folio(agreement.row.account).payer.name.clone();
    let note = Note::new("subscription.at_expiry", format!("account {account}"));
    work.notes.push(note.became(&json!({ "subscription": name, "was": was.word(), "becomes": renew.word() })));
    Ok(agreement)
}

fn end_now(work: &mut Work<'_, '_>, name: &str) -> Result<Ending, Refused> {
    // What is named may be an order that is not paid yet.
    if super::subscription_named(work, name)?.is_none() {
        let order = order_named(work, name)?;
        let what = format!("order {} is {}: cancel the order", order.name, order.state);
        return Err(Refused::new(
            if order.state == OrderState::Due { RefusalCode::Conflict } else { RefusalCode::NotFound },
            what,
        ));
    }
    let mut agreement = agreement_named(work, name)?;
    if agreement.proration == Proration::Whole && !agreement.row.state.is_over() {
        let agreement = choose(work, name, AtExpiry::Stop)?;
        return ending(work, &agreement, agreement.row.paid_to, GivenBack::default());
    }
    let now = work.now;
    let back = end_at(work, &mut agreement, now)?;
    let ending = ending(work, &agreement, now, back)?;
    let account = work.folio(agreement.row.account).payer.name.clone();
    let note = Note::new("subscription.ended", format!("account {account}"));
    work.notes.push(note.became(&json!({ "subscription": name, "back": ending.back, "fee": ending.fee })));
    Ok(ending)
}

fn ending(work: &mut Work<'_, '_>, agreement: &Agreement, ends: Instant, back: GivenBack) -> Result<Ending, Refused> {
    let currency = work.currency();
    let money = |units| Money::from_units(units, currency).plain();
    Ok(Ending {
        subscription: SubscriptionFacts::read(work, agreement)?,
        ends: ends.to_string(),
        back: money(back.cash),
        fee: money(back.fee),
        currency: currency.code().to_owned(),
    })
}

/// Ends it, and what was added to it, at an instant that has come.
pub(super) fn end_at(work: &mut Work<'_, '_>, agreement: &mut Agreement, at: Instant) -> Result<GivenBack, Refused> {
    must_run(agreement)?;
    drop_quotes(work, agreement)?;
    let at = at.floor_second();
    let mut sum = GivenBack::default();
    for added in work.tx.subscriptions_added_to(agreement.row.id)? {
        if !added.state.is_over() && added.state != SubscriptionState::Pending {
            let mut added = Agreement::read(work, added)?;
            let back = end_at(work, &mut added, at)?;
            sum.cash += back.cash;
            sum.fee += back.fee;
            sum.value += back.value;
        }
    }
    agreement.agree(work, at, &Change::End)?;
    let until = agreement.row.paid_to;
    let sides = agreement.sides(work, &[], until)?;
    let policy = work.policy_at(work.now)?;
    let fee = match policy.refund.term {
        TermRefund::UnusedTime => policy.refund.fee.map_or(0, Money::units),
        TermRefund::Nothing => 0,
    };
    let elsewhere = Elsewhere { into: None, most: 0, fee, at, reason: "it was ended before its time was over" };
    let (_, back) = give_up(work, agreement, &sides, &elsewhere)?;
    sum.cash += back.cash;
    sum.fee += back.fee;
    sum.value += back.value;
    agreement.row.state = SubscriptionState::Ended;
    agreement.row.due_at = None;
    agreement.write(work)?;
    end_raises(work, agreement.row.account, &agreement.row.name, at)?;
    // What came back pays what is owed first (R12, R60).
    pay_arrears(work, agreement.row.account)?;
    let told = term_told(work, agreement, back.cash, "");
    work.tell(Some(agreement.row.account), Event::TermEnded(told));
    Ok(sum)
}

/// What the cloud reports of something that runs for a time.
pub(crate) fn reported(
    work: &mut Work<'_, '_>,
    found: &SubscriptionRow,
    what: &Reported,
    at: Instant,
) -> Result<Told, Refused> {
    let mut agreement = agreement_named(work, &found.name)?;
    if standing::reported_of_term(work, agreement.row.id, what)? {
        return Ok(Told::Recorded);
    }
    let state = agreement.row.state;
    let next = match what {
        Reported::Delete => {
            if state.is_over() {
                return Ok(Told::Known);
            }
            end_at(work, &mut agreement, at)?;
            return Ok(Told::Recorded);
        }
        // Switched off it goes on costing.
        Reported::Stop | Reported::Fail => SubscriptionState::Stopped,
        Reported::Start(_) | Reported::Resume | Reported::Restore => SubscriptionState::Running,
        Reported::Heartbeat | Reported::Gauge(_) => return Ok(Told::Recorded),
        Reported::Resize { .. } => {
            let what = format!("{} is paid ahead: change its plan, and pay what that costs", found.name);
            return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
        }
    };
    // Who reports that it runs has made it.
    if state == SubscriptionState::Pending && next == SubscriptionState::Running {
        let mut order = order_named(work, &found.name)?;
        provision::is_there(work, &mut order)?;
        return Ok(Told::Recorded);
    }
    match state {
        SubscriptionState::Running | SubscriptionState::Stopped => {}
        SubscriptionState::Suspended if next == SubscriptionState::Stopped => return Ok(Told::Known),
        SubscriptionState::Suspended => {
            let what = format!("{} is suspended: it comes back when its bill is paid", found.name);
            return Err(Refused::new(RefusalCode::Conflict, what));
        }
        SubscriptionState::Pending | SubscriptionState::Paused => {
            let what = format!("{} is {}: it can be neither on nor off", found.name, state.name());
            return Err(Refused::new(RefusalCode::Conflict, what));
        }
        SubscriptionState::Expired | SubscriptionState::Ended | SubscriptionState::Converted => {
            let what = format!("{} is {}: renew it, or order it again", found.name, state.name());
            return Err(Refused::new(RefusalCode::Conflict, what));
        }
    }
    if state == next {
        return Ok(Told::Known);
    }
    agreement.row.state = next;
    agreement.write(work)?;
    Ok(Told::Recorded)
}
