//! Changes what runs for a time: another SKU, another quantity, a pause. What costs more is an order that is paid first; what costs less is
//! done at once, and what was paid too much goes back by its cash share.

use super::agreement::{Agreement, Elsewhere, give_up, open_terms};
use super::asked::{Asked, ChangeText, PartText, PlanText};
use super::facts::{OrderFacts, SubscriptionFacts};
use super::pay::{money_of, paid, step};
use super::place::{bill_of, bills_orders, order_due, served, sold, told, valid_until};
use super::{provision, renew};
use crate::asked::Note;
use crate::bills::Collected;
use crate::folio::Work;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::catalog::Proration;
use farthing_core::notice::{Event, TermTold};
use farthing_core::term::{Change, OrderEvent, OrderKind, OrderState, Plan, Side, SubscriptionState};
use farthing_core::time::Instant;
use farthing_store::PurchaseRow;
use serde_json::json;
use std::collections::BTreeMap;

/// When a change counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Now,
    /// With the end of what is paid.
    AtTheEnd,
}

/// What is to be otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewChange {
    /// What is not said stays.
    Plan {
        sku: Option<String>,
        quantity: Option<i64>,
    },
    Pause,
    Resume,
}

impl Engine {
    /// The order that has to be paid for it; none: nothing has to be.
    pub fn change_subscription(
        &self,
        cloud: &str,
        name: &str,
        change: &NewChange,
        when: When,
    ) -> Result<(SubscriptionFacts, Option<OrderFacts>), Refused> {
        let (name, change) = (name.to_owned(), change.clone());
        self.ask("change_subscription", cloud, move |work| {
            let mut agreement = agreement_named(work, &name)?;
            must_run(&agreement)?;
            let order = change_now(work, &mut agreement, &change, when)?;
            let order = order.map(|row| OrderFacts::read(work.tx, &row)).transpose()?;
            Ok((SubscriptionFacts::read(work, &agreement)?, order))
        })
    }
}

/// A subscription with its account locked and brought to now.
pub(super) fn agreement_named(work: &mut Work<'_, '_>, name: &str) -> Result<Agreement, Refused> {
    let missing = || Refused::not_found("subscription", name);
    let found = super::subscription_named(work, name)?.ok_or_else(missing)?;
    work.load(&[found.account])?;
    let now = work.now;
    work.bring_to(found.account, now)?;
    let row = work.tx.subscription(found.id)?.ok_or_else(missing)?;
    let agreement = Agreement::read(work, row)?;
    renew::catch_up(work, agreement)
}

pub(super) fn must_run(agreement: &Agreement) -> Result<(), Refused> {
    let state = agreement.row.state;
    if state.is_over() || state == SubscriptionState::Pending {
        let what = format!("{} is {}: there is nothing to change", agreement.row.name, state.name());
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    Ok(())
}

/// What was quoted of it and not paid is quoted anew once something else has changed.
pub(super) fn drop_quotes(work: &mut Work<'_, '_>, agreement: &Agreement) -> Result<(), Refused> {
    let (cloud, account) = (agreement.row.cloud.clone(), agreement.row.account);
    let due = work.tx.purchases(&cloud, Some(account), Some(OrderState::Due), i64::MAX, 100)?;
    for mut row in due {
        if row.name == agreement.row.name && row.kind == OrderKind::Change {
            provision::over(work, &mut row, OrderEvent::Cancel, "something else was changed first")?;
        }
    }
    Ok(())
}

fn change_now(
    work: &mut Work<'_, '_>,
    agreement: &mut Agreement,
    change: &NewChange,
    when: When,
) -> Result<Option<PurchaseRow>, Refused> {
    let now = work.now.floor_second();
    let conflict = |what: String| Err(Refused::new(RefusalCode::Conflict, what));
    let paused = agreement.row.state == SubscriptionState::Paused;
    let (fact, sku, quantity) = match change {
        NewChange::Pause if paused => return conflict(format!("{} is paused already", agreement.row.name)),
        NewChange::Pause => (Change::Pause, None, None),
        NewChange::Resume if !paused => return conflict(format!("{} is not paused", agreement.row.name)),
        NewChange::Resume => (Change::Resume, None, None),
        NewChange::Plan { sku, quantity } => {
            let plan = plan_of(work, agreement, sku.as_deref(), *quantity)?;
            (Change::To(plan), sku.clone(), *quantity)
        }
    };
    drop_quotes(work, agreement)?;
    if when == When::AtTheEnd {
        if !matches!(fact, Change::To(_)) {
            let what = "a pause begins and ends now: ask for it then";
            return Err(Refused::new(RefusalCode::Invalid, what));
        }
        let at = agreement.row.paid_to;
        agreement.agree(work, at, &fact)?;
        tell(work, agreement, 0);
        return Ok(None);
    }
    if agreement.proration == Proration::Whole {
        let what =
            format!("{} is sold by whole periods: change it with the end of the one that runs", agreement.row.product);
        return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
    }
    let until = agreement.row.paid_to;
    let sides = agreement.sides(work, &[(now, fact.clone())], until)?;
    let mut row = quoted(work, agreement, &sides, (now, &fact))?;
    (row.asked, row.kind) = {
        let mut asked = Asked::parse(&row.asked)?;
        if let Some(sku) = sku {
            asked.sku = sku;
        }
        if let Some(quantity) = quantity {
            asked.quantity = quantity;
        }
        (asked.text()?, OrderKind::Change)
    };
    let asked = Asked::parse(&row.asked)?;
    if row.amount > 0 && bills_orders(work, work.now)? {
        let payer = work.folio(row.account).payer.clone();
        let service = served(now, until, &agreement.zone)?;
        row.bill = bill_of(work, &payer, &row, &asked, service, (row.valid_until, Collected::ByHand), None)?.bill;
    }
    work.tx.purchase_insert(&row)?;
    if row.amount == 0 {
        row.valid_until = None;
        paid(work, &mut row)?;
        let id = agreement.row.id;
        let written = work.tx.subscription(id)?.ok_or_else(|| Refused::not_found("subscription", &row.name))?;
        *agreement = Agreement::read(work, written)?;
    } else {
        let told = told(work, &row, &asked)?;
        work.tell(Some(row.account), Event::OrderPlaced(told));
    }
    let facts = json!({ "subscription": agreement.row.name, "order": row.id.to_string() });
    let account = work.folio(row.account).payer.name.clone();
    work.notes.push(Note::new("subscription.changed", format!("account {account}")).became(&facts));
    Ok(Some(row))
}

/// Another plan of the same product, at the price of today; of the same SKU at the price it has.
fn plan_of(
    work: &mut Work<'_, '_>,
    agreement: &Agreement,
    sku: Option<&str>,
    quantity: Option<i64>,
) -> Result<Plan, Refused> {
    let row = &agreement.row;
    let now = work.now;
    let quantity = quantity.unwrap_or(row.quantity);
    if quantity < 1 {
        let what = format!("{quantity} of something cannot be had: end it instead");
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    let current = agreement.plan_at(now)?;
    if let Some(current) = current.filter(|_| sku.is_none_or(|sku| sku == row.sku)) {
        return Ok(Plan { quantity, ..current });
    }
    let properties: BTreeMap<String, String> = serde_json::from_str(&row.facts).map_err(crate::bills::broken)?;
    let payer = work.folio(row.account).payer.clone();
    let wanted = sku.map_or_else(|| row.sku.clone(), str::to_owned);
    let sold = sold(work, &payer, row.product.as_str(), (Some(&wanted), &row.addon), &properties, now)?;
    Ok(sold.plan(quantity))
}

/// An order for what a change costs: what is more than what it gives up.
pub(super) fn quoted(
    work: &mut Work<'_, '_>,
    agreement: &Agreement,
    sides: &[Side],
    (at, change): (Instant, &Change),
) -> Result<PurchaseRow, Refused> {
    let now = work.now;
    let more: i64 = sides.iter().map(|side| side.amount.units().max(0)).sum();
    let less: i64 = -sides.iter().map(|side| side.amount.units().min(0)).sum::<i64>();
    let row = &agreement.row;
    let mut parts = Vec::new();
    for side in sides.iter().filter(|side| side.amount.is_positive()) {
        // What was had of the same plan before is another term's.
        let had = side.had.unwrap_or(side.key.period).split_at(at).1;
        parts.push(PartText::of(&side.key, had, side.amount.units(), row.id));
    }
    let product = super::agreement::product_of(work, row.product.as_str(), now)?;
    let plan = match change {
        Change::Begin(plan) | Change::To(plan) => PlanText::of(plan),
        Change::Pause | Change::Resume | Change::End => {
            agreement.plan_at(now)?.as_ref().map(PlanText::of).unwrap_or_default()
        }
    };
    let asked = Asked {
        product: row.product.to_string(),
        sku: row.sku.clone(),
        addon: row.addon.clone(),
        project: row.project,
        quantity: row.quantity,
        periods: 1,
        text: format!("{}, changed: {}", product.name.0, plan.name),
        plan,
        list: more,
        from: Some(at.micros()),
        parts,
        change: Some(ChangeText::of(change)),
        ..Asked::default()
    };
    let mut order = order_due(work, OrderKind::Change, (row.account, &row.name), now, &asked, (more - less).max(0))?;
    order.valid_until = Some(valid_until(work, now, Some(row.paid_to).filter(|end| *end > now))?);
    Ok(order)
}

/// It is paid: from the instant it was quoted for it is so.
pub(super) fn take_effect(work: &mut Work<'_, '_>, order: &mut PurchaseRow) -> Result<(), Refused> {
    let asked = Asked::parse(&order.asked)?;
    let mut agreement = agreement_named(work, &order.name)?;
    let at = asked.from.map_or(order.ordered, Instant::from_micros);
    let change = asked.change.as_ref().map(ChangeText::change).transpose()?;
    let change = change.ok_or_else(|| crate::bills::broken("a change of nothing"))?;
    agreement.agree(work, at, &change)?;
    let until = agreement.row.paid_to;
    let sides = agreement.sides(work, &[], until)?;
    let more: i64 = sides.iter().map(|side| side.amount.units().max(0)).sum();
    let elsewhere =
        Elsewhere { into: Some(order), most: more - order.amount, fee: 0, at, reason: "the plan was changed" };
    let (taken, back) = give_up(work, &mut agreement, &sides, &elsewhere)?;
    let mut money = money_of(order);
    money.value += taken.value;
    money.cash += taken.cash;
    let product = agreement.row.product.clone();
    let opened = open_terms(work, order, &product, &asked.parts, money)?;
    agreement.terms.extend(opened);
    match &change {
        Change::To(plan) => {
            agreement.row.quantity = plan.quantity;
            agreement.row.sku.clone_from(&asked.sku);
            provision::raise(work, &agreement.row)?;
        }
        Change::Pause => agreement.row.state = SubscriptionState::Paused,
        Change::Resume => agreement.row.state = SubscriptionState::Running,
        Change::Begin(_) | Change::End => {}
    }
    let end = asked.parts.iter().map(|part| part.period.1).max().map_or(until, Instant::from_micros);
    agreement.row.paid_to = end.max(until);
    agreement.row.due_at = renew::next(work, &agreement)?;
    agreement.write(work)?;
    step(order, OrderEvent::PayAtOnce)?;
    order.valid_until = None;
    work.tx.purchase_write(order)?;
    provision::coupon_used(work, order)?;
    tell(work, &agreement, back.cash);
    Ok(())
}

/// Tells that something runs otherwise from now on, and what came back of it.
pub(super) fn tell(work: &mut Work<'_, '_>, agreement: &Agreement, back: i64) {
    let told = term_told(work, agreement, back, "");
    work.tell(Some(agreement.row.account), Event::TermChanged(told));
}

/// What events say of what runs for a time.
pub(super) fn term_told(work: &mut Work<'_, '_>, agreement: &Agreement, back: i64, why: &str) -> TermTold {
    let row = &agreement.row;
    TermTold {
        account: work.folio(row.account).payer.name.clone(),
        name: row.name.clone(),
        product: row.product.to_string(),
        sku: row.sku.clone(),
        addon: row.addon.clone(),
        quantity: row.quantity,
        state: row.state.name().to_owned(),
        paid_to: row.paid_to,
        back: work.money(back),
        why: why.to_owned(),
    }
}
