//! A subscription with what was agreed and what was billed of it: what a change would come to, and what it does to the money.

use super::asked::{ChangeText, PartText, PlanText};
use super::earn;
use crate::bills::{Returned, broken, return_of_bill};
use crate::folio::Work;
use crate::{EngineError, Refused};
use farthing_core::catalog::{Charged, Product, Proration};
use farthing_core::ledger::posting::{self, Stamp, TermEnded, TermMoved};
use farthing_core::ledger::{Chart, OwnerId};
use farthing_core::money::{Money, allocate};
use farthing_core::policy::TermRefund;
use farthing_core::term::{
    Change, Fact, Key, OrderId, Schedule, Side, SubscriptionState, TermError, TermMoney, difference, owed, stretches,
};
use farthing_core::time::{Instant, Span, Zone};
use farthing_store::{AgreedRow, PurchaseRow, SubscriptionRow, TermRow};
use std::collections::BTreeMap;

pub(super) fn calendar(error: TermError) -> EngineError {
    match error {
        TermError::Time(error) => EngineError::Settle(error.into()),
        TermError::Money(error) => EngineError::Settle(error.into()),
        TermError::NoPeriod => broken(error),
    }
}

pub(super) struct Agreement {
    pub(super) row: SubscriptionRow,
    pub(super) facts: Vec<Fact>,
    pub(super) terms: Vec<TermRow>,
    pub(super) schedule: Schedule,
    pub(super) zone: Zone,
    pub(super) charged: Charged,
    pub(super) proration: Proration,
}

/// `INSTANT EVERY`: from when its periods are counted, and how long they are.
pub(super) fn schedule_text(origin: Instant, every: Span) -> String {
    format!("{origin} {every}")
}

pub(super) fn schedule_of(text: &str, zone: &Zone) -> Result<Schedule, EngineError> {
    let (origin, every) = origin_and_every(text)?;
    Schedule::from(origin, every, zone).map_err(calendar)
}

/// How long its periods are.
pub(super) fn every_of(text: &str) -> Result<Span, EngineError> {
    Ok(origin_and_every(text)?.1)
}

fn origin_and_every(text: &str) -> Result<(Instant, Span), EngineError> {
    let wrong = || broken(format!("periods that are {text:?}"));
    let (origin, every) = text.split_once(' ').ok_or_else(wrong)?;
    Ok((Instant::parse(origin).map_err(|_| wrong())?, Span::parse(every).map_err(|_| wrong())?))
}

/// What the catalogue in force says of a product; where it is gone, what it said when something of it began.
pub(super) fn product_ever(work: &Work<'_, '_>, id: &str, began: Instant) -> Result<Product, Refused> {
    product_of(work, id, work.now).or_else(|_| product_of(work, id, began))
}

/// What the catalogue in force at an instant says of a product.
pub(super) fn product_of(work: &Work<'_, '_>, id: &str, at: Instant) -> Result<Product, Refused> {
    let found = work.cloud.profile_at(at)?.catalog.product_by_id(id).cloned();
    found.ok_or_else(|| Refused::not_found("product", id))
}

/// By its name, of this cloud.
pub(crate) fn subscription_named(work: &mut Work<'_, '_>, name: &str) -> Result<Option<SubscriptionRow>, EngineError> {
    let cloud = work.cloud.id.clone();
    Ok(work.tx.subscription_by_name(&cloud, name)?)
}

/// How many of a space are bought under its name and in force; and since when what was bought is over.
pub(crate) fn had_of_space(work: &mut Work<'_, '_>, name: &str) -> Result<(i64, Option<Instant>), EngineError> {
    let Some(row) = subscription_named(work, name)? else { return Ok((0, None)) };
    Ok(match row.state {
        SubscriptionState::Pending | SubscriptionState::Converted => (0, None),
        SubscriptionState::Running
        | SubscriptionState::Stopped
        | SubscriptionState::Paused
        | SubscriptionState::Suspended => (row.quantity, None),
        SubscriptionState::Expired => (0, Some(row.paid_to)),
        SubscriptionState::Ended => {
            let mut ended = None;
            for agreed in work.tx.agreed(row.id)? {
                if ChangeText::parse(&agreed.change)? == Change::End {
                    ended = Some(agreed.at);
                }
            }
            (0, ended.or(Some(row.paid_to)))
        }
    })
}

impl Agreement {
    /// Reads one; its account is loaded.
    pub(super) fn read(work: &mut Work<'_, '_>, row: SubscriptionRow) -> Result<Agreement, Refused> {
        let product = product_ever(work, row.product.as_str(), row.began)?;
        let zone = work.folio(row.account).zone.clone();
        let schedule = schedule_of(&row.schedule, &zone)?;
        let mut facts = Vec::new();
        for agreed in work.tx.agreed(row.id)? {
            facts.push(Fact { at: agreed.at, number: agreed.number, change: ChangeText::parse(&agreed.change)? });
        }
        let terms = work.tx.terms_of_subscription(row.id)?;
        // Its project may have changed hands: what was paid before is another account's.
        let payers: Vec<OwnerId> = terms.iter().map(|term| term.account).collect();
        work.load(&payers)?;
        let (charged, proration) = (product.charge, product.proration);
        Ok(Agreement { row, facts, terms, schedule, zone, charged, proration })
    }

    /// What was billed of each plan in each period, less what was given up of it.
    pub(super) fn billed(&self, work: &Work<'_, '_>) -> Result<BTreeMap<Key, Money>, EngineError> {
        let mut billed: BTreeMap<Key, Money> = BTreeMap::new();
        for term in &self.terms {
            let key = Key { period: term.period, plan: PlanText::parse(&term.plan)? };
            let sum = billed.entry(key).or_insert(work.money(0));
            *sum = sum.checked_add(work.money(term.money.left())).map_err(broken)?;
        }
        Ok(billed)
    }

    /// What should be billed with these changes, too, for as far as it is paid; less what was.
    pub(super) fn sides(
        &self,
        work: &Work<'_, '_>,
        more: &[(Instant, Change)],
        until: Instant,
    ) -> Result<Vec<Side>, EngineError> {
        let mut facts = self.facts.clone();
        for (at, change) in more {
            let number = next_number(&facts);
            facts.push(Fact { at: *at, number, change: change.clone() });
        }
        let stretches = stretches(&facts, &self.schedule, &self.zone).map_err(calendar)?;
        let owed = owed(&stretches, work.currency(), self.charged, self.proration, &self.zone, until);
        difference(&owed.map_err(calendar)?, &self.billed(work)?).map_err(calendar)
    }

    /// Keeps that something was agreed.
    pub(super) fn agree(&mut self, work: &mut Work<'_, '_>, at: Instant, change: &Change) -> Result<(), EngineError> {
        let number = next_number(&self.facts);
        let text = ChangeText::of(change).text()?;
        let row = AgreedRow { subscription: self.row.id, number, at, recorded: work.now, change: text };
        work.tx.agreed_insert(&row)?;
        self.facts.push(Fact { at, number, change: change.clone() });
        Ok(())
    }

    pub(super) fn write(&self, work: &mut Work<'_, '_>) -> Result<(), EngineError> {
        work.tx.subscription_put(&self.row)?;
        crate::standing::bought_changed(work, &self.row.name)
    }

    /// The plan that is in force at an instant.
    pub(super) fn plan_at(&self, at: Instant) -> Result<Option<farthing_core::term::Plan>, EngineError> {
        let stretches = stretches(&self.facts, &self.schedule, &self.zone).map_err(calendar)?;
        let holds = |stretch: &&farthing_core::term::Stretch| stretch.from <= at && stretch.to.is_none_or(|to| at < to);
        Ok(stretches.iter().find(holds).or(stretches.last()).map(|stretch| stretch.plan.clone()))
    }

    /// The periods in force at an instant.
    pub(super) fn schedule_at(&self, at: Instant) -> Result<Schedule, EngineError> {
        let stretches = stretches(&self.facts, &self.schedule, &self.zone).map_err(calendar)?;
        let found = stretches.iter().rfind(|stretch| stretch.from <= at).or(stretches.last());
        Ok(found.map_or_else(|| self.schedule.clone(), |stretch| stretch.schedule.clone()))
    }
}

fn next_number(facts: &[Fact]) -> i64 {
    facts.iter().map(|fact| fact.number).max().unwrap_or(0) + 1
}

/// The deferred account of an order.
pub(super) fn deferred(
    work: &mut Work<'_, '_>,
    order: &PurchaseRow,
) -> Result<farthing_core::ledger::AccountId, EngineError> {
    work.customer_account(order.account, Chart::Deferred(order.id.to_string()))
}

/// Opens the terms of what an order has bought: `money` is what paid all of it, shared by what each of them is worth.
pub(super) fn open_terms(
    work: &mut Work<'_, '_>,
    order: &PurchaseRow,
    product: &farthing_core::config::Name,
    parts: &[PartText],
    money: TermMoney,
) -> Result<Vec<TermRow>, EngineError> {
    let ledger = deferred(work, order)?;
    let weights: Vec<u64> = parts.iter().map(|part| part.amount.unsigned_abs()).collect();
    let share = |of: i64| -> Result<Vec<i64>, EngineError> {
        if weights.iter().all(|weight| *weight == 0) {
            return Ok(vec![0; parts.len()]);
        }
        allocate(of, &weights).map_err(broken)
    };
    let cash = share(money.cash)?;
    let mut terms = Vec::with_capacity(parts.len());
    for (part, cash) in parts.iter().zip(cash) {
        let key = part.key()?;
        let mut term = TermRow {
            id: work.ids.number(work.now),
            subscription: part.subscription,
            account: order.account,
            purchase: order.id,
            product: product.clone(),
            plan: part.plan.text()?,
            period: key.period,
            had: part.had()?,
            ledger,
            money: TermMoney { value: part.amount, cash, ..TermMoney::default() },
            earned: 0,
            earn_at: None,
        };
        earn::settle(work, &mut term)?; // what is billed late has earned something already
        work.tx.term_put(&term)?;
        terms.push(term);
    }
    Ok(terms)
}

/// What giving terms up comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GivenBack {
    /// To the balance, or off what is due, fees taken off.
    pub(crate) cash: i64,
    pub(crate) fee: i64,
    pub(crate) value: i64,
}

/// Where what is given up of old terms goes: so much of it into a new order, the rest back by its cash share.
pub(super) struct Elsewhere<'a> {
    pub(super) into: Option<&'a PurchaseRow>,
    pub(super) most: i64,
    pub(super) fee: i64,
    /// From when on it is not had any more.
    pub(super) at: Instant,
    pub(super) reason: &'a str,
}

/// Gives up what the sides below zero say, of the newest terms first. What was taken into another order, and what came back.
pub(super) fn give_up(
    work: &mut Work<'_, '_>,
    agreement: &mut Agreement,
    sides: &[Side],
    elsewhere: &Elsewhere<'_>,
) -> Result<(TermMoney, GivenBack), Refused> {
    let now = work.now;
    let refunds = work.policy_at(now)?.refund.term == TermRefund::UnusedTime;
    let minor = work.currency().units_per_minor();
    let (mut room, mut fee_left) = (elsewhere.most, elsewhere.fee);
    let mut taken = TermMoney::default();
    let mut back = GivenBack::default();
    for side in sides.iter().filter(|side| side.amount.is_negative()) {
        let mut rest = -side.amount.units();
        let mut places: Vec<usize> = Vec::new();
        for (place, term) in agreement.terms.iter().enumerate() {
            if term.period == side.key.period && PlanText::parse(&term.plan)? == side.key.plan {
                places.push(place);
            }
        }
        for place in places.into_iter().rev() {
            let mut term = agreement.terms[place].clone();
            // What was earned until now is earned before the rest is given up.
            let moved = term.money.left().min(rest).min(room);
            if moved > 0
                && let Some(order) = elsewhere.into
            {
                let part = term.money.hand_over(moved).map_err(calendar)?;
                taken.value += part.value;
                taken.cash += part.cash;
                let (commodity, to) = (work.books()?.commodity, deferred(work, order)?);
                let mut ids = work.stamp_ids();
                let mut stamp = Stamp { ids: &mut ids, cause: None, effective: now.floor_second() };
                let facts = TermMoved { commodity, from: term.ledger, to, amount: part.value };
                work.book(&[posting::term_moved(&mut stamp, &facts)])?;
                (room, rest) = (room - part.value, rest - part.value);
            }
            let value = term.money.left().min(rest);
            if value > 0 && refunds {
                let given = term.money.give_up(value, minor).map_err(calendar)?;
                let fee = given.cash.min(fee_left);
                let cash = give_back(work, &term, given.value, given.cash, fee, elsewhere.reason)?;
                fee_left -= fee;
                back.cash += cash;
                back.fee += fee;
                back.value += given.value;
                rest -= given.value;
            }
            // Where nothing is given back, it is had to its end.
            if rest == 0 || refunds {
                term.had = term.had.split_at(elsewhere.at).0;
            }
            earn::settle(work, &mut term)?;
            work.tx.term_put(&term)?;
            agreement.terms[place] = term;
            if rest == 0 {
                break;
            }
        }
    }
    Ok((taken, back))
}

/// Books what of a term is given up: by a credit note where its bill is, else straight to the balance. How much money came back.
fn give_back(
    work: &mut Work<'_, '_>,
    term: &TermRow,
    value: i64,
    cash: i64,
    fee: i64,
    reason: &str,
) -> Result<i64, Refused> {
    let order = order_of(work, term.purchase)?;
    let to_cash = cash - fee;
    let mut gift = value - cash;
    let mut returned = to_cash;
    if let Some(bill) = order.bill {
        let payer = work.folio(order.account).payer.clone();
        let wanted = Returned { bill, origin: format!("advance:{}", order.id), net: to_cash, reason };
        returned = return_of_bill(work, &payer, &wanted)?;
    } else if to_cash > 0 {
        book_ended(work, term, to_cash, 0, 0)?;
    }
    if fee > 0 || gift > 0 {
        gift = gift.max(0);
        book_ended(work, term, 0, fee, gift)?;
    }
    work.reload(term.account)?;
    Ok(returned)
}

fn book_ended(work: &mut Work<'_, '_>, term: &TermRow, to_cash: i64, fee: i64, gift: i64) -> Result<(), Refused> {
    let revenue = work.book_account(Chart::Revenue(term.product.to_string()))?;
    let (commodity, promo_used) = (work.books()?.commodity, work.promo()?.1);
    let cash = work.folio(term.account).payer.cash;
    let mut ids = work.stamp_ids();
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: work.now.floor_second() };
    let facts = TermEnded { commodity, deferred: term.ledger, cash, to_cash, revenue, fee, promo_used, gift };
    let command = posting::term_ended(&mut stamp, &facts);
    Ok(work.book(&[command])?)
}

pub(super) fn order_of(work: &mut Work<'_, '_>, id: OrderId) -> Result<PurchaseRow, EngineError> {
    work.tx.purchase(id)?.ok_or_else(|| broken(format!("order {id} is gone")))
}
