//! What happens as time goes by to what runs for a time: renewals, tried from some days before the expiry and, where the policy says so,
//! after it; the expiry; and what it becomes then (R88, R75).

use super::agreement::{Agreement, calendar, every_of, open_terms, product_of};
use super::asked::{Asked, PartText, PlanText};
use super::change::{drop_quotes, term_told};
use super::pay::{can_pay, money_of, pay_from_balance, step};
use super::place::{bill_of, bills_orders, line_of, order_due, served, sold};
use crate::Refused;
use crate::bills::{Collected, OrderBilled};
use crate::folio::Work;
use crate::quotas::end_raises;
use crate::record_fact::{self, NewResource, Reported, ResourceFact};
use farthing_core::bill::BillLine;
use farthing_core::catalog::Charged;
use farthing_core::catalog::PriceAt;
use farthing_core::ledger::OwnerId;
use farthing_core::notice::Event;
use farthing_core::policy::{AtExpiry, BillOn};
use farthing_core::settle::SettleError;
use farthing_core::term::{Change, Key, OrderEvent, OrderKind, Side, SubscriptionState};
use farthing_core::time::{Duration, Instant, Span};
use farthing_store::{PurchaseRow, SubscriptionRow};
use std::collections::BTreeMap;

/// When something happens to it next.
pub(super) fn next(work: &mut Work<'_, '_>, agreement: &Agreement) -> Result<Option<Instant>, Refused> {
    let row = &agreement.row;
    let over = row.state.is_over();
    if row.parent != 0 && coterm(work, row) {
        return Ok(None); // with its parent
    }
    let expiry = row.paid_to;
    if agreement.charged == Charged::Arrears {
        return Ok((!over).then_some(expiry));
    }
    let policy = &work.policy_at(work.now)?.renewal;
    let bills = bills_orders(work, work.now)?;
    let plus = |at: Instant, more: Duration| at.checked_add(more).map_err(SettleError::from);
    if over {
        // Late success renews from the expiry (R75).
        let last = plus(expiry, policy.attempts_until)?;
        let waits = row.state == SubscriptionState::Expired && row.renew == AtExpiry::Renew && row.due_at.is_some();
        let again = plus(row.tried.unwrap_or(expiry), policy.every)?;
        return Ok(Some(again).filter(|again| waits && *again <= last));
    }
    if row.renew != AtExpiry::Renew || row.state == SubscriptionState::Suspended {
        return Ok(Some(expiry));
    }
    if bills {
        return Ok(Some(on_cycle_bill(work, row)?.unwrap_or(expiry)));
    }
    let first = expiry.checked_sub(policy.attempts_from).map_err(SettleError::from)?.max(row.began);
    let again = match row.tried.filter(|tried| *tried >= first) {
        None => first.max(work.now),
        Some(tried) => plus(tried, policy.every)?,
    };
    Ok(Some(again.min(expiry)))
}

/// When the bill of a billing period is issued that an expiry waits for: the one that ended at most its late window before (R13). What goes on
/// by the same cycle waits so; None: it has a bill of its own.
fn on_cycle_bill(work: &mut Work<'_, '_>, row: &SubscriptionRow) -> Result<Option<Instant>, Refused> {
    let bill = &work.policy_at(work.now)?.bill;
    if !bill.on.contains(&BillOn::Cycle) || every_of(&row.schedule)? != Span::Calendar(bill.cycle) {
        return Ok(None);
    }
    work.load(&[row.account])?;
    let ended = work.period_of(row.account, row.paid_to)?.start();
    let before = ended.checked_sub(Duration::from_seconds(1)).map_err(SettleError::from)?;
    let period = work.period_of(row.account, before)?;
    let closes = work.closes(period)?;
    if closes <= row.paid_to {
        return Ok(None);
    }
    work.await_closing(row.account, before)?;
    Ok(Some(closes))
}

/// Somebody looks at it, or changes it, while its renewal waits for a bill: it is renewed now, with a bill of its own.
pub(super) fn catch_up(work: &mut Work<'_, '_>, agreement: Agreement) -> Result<Agreement, Refused> {
    let row = &agreement.row;
    let waits = row.paid_to <= work.now && row.due_at.is_some_and(|at| at > work.now);
    if !waits || row.state.is_over() || row.renew != AtExpiry::Renew || agreement.charged == Charged::Arrears {
        return Ok(agreement);
    }
    let (id, at) = (row.id, row.paid_to);
    let mut agreement = agreement;
    attempt(work, &mut agreement, at)?;
    let row = work.tx.subscription(id)?.ok_or_else(|| Refused::not_found("subscription", &agreement.row.name))?;
    Agreement::read(work, row)
}

fn coterm(work: &Work<'_, '_>, row: &SubscriptionRow) -> bool {
    let product =
        work.cloud.profile_at(work.now).ok().and_then(|profile| profile.catalog.product_by_id(row.product.as_str()));
    let addon = product.and_then(|product| product.addon.iter().find(|addon| addon.id.as_str() == row.addon));
    addon.is_none_or(|addon| addon.coterm)
}

/// Its time has come. One period after another where several are over: each at its own time.
pub(super) fn happen(work: &mut Work<'_, '_>, id: i64) -> Result<(), Refused> {
    while let Some(row) = work.tx.subscription(id)? {
        let Some(at) = row.due_at.filter(|at| *at <= work.now) else { return Ok(()) };
        let mut agreement = Agreement::read(work, row)?;
        if agreement.charged == Charged::Arrears {
            billed_afterwards(work, &mut agreement, at)?;
            continue;
        }
        let expiry = agreement.row.paid_to;
        let closed = work.folio(agreement.row.account).payer.closed.is_some();
        let is_suspended = agreement.row.state == SubscriptionState::Suspended;
        let renews = agreement.row.renew == AtExpiry::Renew && !closed && !is_suspended;
        if renews && attempt(work, &mut agreement, at)? {
            continue;
        }
        if at < expiry || agreement.row.state == SubscriptionState::Expired {
            agreement.row.tried = Some(at);
            agreement.row.due_at = next(work, &agreement)?;
            agreement.write(work)?;
            continue;
        }
        match agreement.row.renew {
            AtExpiry::Convert if !is_suspended => convert(work, &mut agreement, at)?,
            AtExpiry::Renew | AtExpiry::Stop | AtExpiry::Convert => expire(work, &mut agreement, at)?,
        }
    }
    Ok(())
}

/// Something that was to happen to it cannot: it is told, and looked at again in an hour.
pub(super) fn wait(work: &mut Work<'_, '_>, id: i64, account: OwnerId, why: &str) -> Result<(), Refused> {
    work.load(&[account])?;
    let Some(row) = work.tx.subscription(id)? else { return Ok(()) };
    let later = work.now.checked_add(Duration::from_seconds(3_600)).map_err(SettleError::from)?;
    work.tx.subscription_put(&SubscriptionRow { due_at: Some(later), ..row.clone() })?;
    let agreement = Agreement::read(work, SubscriptionRow { due_at: Some(later), ..row })?;
    let told = term_told(work, &agreement, 0, why);
    work.tell(Some(account), Event::TermRenewalFailed(told));
    Ok(())
}

/// Money has come: what could not be renewed is tried at once (R75).
pub(super) fn again(work: &mut Work<'_, '_>, account: OwnerId) -> Result<(), Refused> {
    let now = work.now;
    if !work.policy_at(now)?.renewal.on_top_up {
        return Ok(());
    }
    for row in work.tx.subscriptions_of(account)? {
        let failed = row.tried.is_some() && row.renew == AtExpiry::Renew && row.due_at.is_some();
        if failed && row.due_at.is_some_and(|at| at > now) {
            work.tx.subscription_put(&SubscriptionRow { due_at: Some(now), ..row })?;
        }
    }
    Ok(())
}

/// It, and what is added to it and goes on with it.
fn together(work: &mut Work<'_, '_>, agreement: &Agreement) -> Result<Vec<Agreement>, Refused> {
    let mut all = Vec::new();
    for row in work.tx.subscriptions_added_to(agreement.row.id)? {
        let waits = row.state == SubscriptionState::Expired && row.paid_to == agreement.row.paid_to;
        let goes_on = !row.state.is_over() || waits;
        if goes_on && row.state != SubscriptionState::Pending && row.renew == AtExpiry::Renew && coterm(work, &row) {
            all.push(Agreement::read(work, row)?);
        }
    }
    Ok(all)
}

/// Renews it for its next period, where that can be paid, or is billed. Whether it was.
fn attempt(work: &mut Work<'_, '_>, agreement: &mut Agreement, at: Instant) -> Result<bool, Refused> {
    let bills = bills_orders(work, at)?;
    let Some(next) = next_period(work, agreement, at)? else { return Ok(false) };
    let account = agreement.row.account;
    if !bills
        && next.order.amount > 0
        && let Err(refused) = can_pay(work, &next.order)
    {
        let Refused::ByRule { message, .. } = refused else { return Err(refused) };
        let told = term_told(work, agreement, 0, &message);
        work.tell_of(Some(account), Event::TermRenewalFailed(told), at);
        return Ok(false);
    }
    let (mut order, asked, until) = agreed(work, agreement, next)?;
    let payer = work.folio(account).payer.clone();
    if order.amount == 0 {
        super::pay::paid(work, &mut order)?;
    } else if bills {
        let service = served(agreement.row.paid_to, until, &agreement.zone)?;
        // It goes on whether it is paid in time or not: who does not pay meets the steps of arrears.
        let billed = bill_of(work, &payer, &order, &asked, service, (None, Collected::ByItself), None)?;
        (order.bill, order.credit) = (billed.bill, billed.coupon);
        super::pay::paid(work, &mut order)?;
    } else {
        pay_from_balance(work, &payer, &mut order, None)?;
    }
    Ok(true)
}

/// A renewal that stands on the bill of its account's billing period.
pub(crate) struct Renewal {
    order: PurchaseRow,
    pub(crate) line: BillLine,
}

/// What of an account goes on and waited for the bill of a period that ended then, agreed: it is in force with that bill (`renewed`).
pub(crate) fn renewals_due(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    subscribed: &[SubscriptionRow],
    ended: Instant,
) -> Result<Vec<Renewal>, Refused> {
    let mut renewals = Vec::new();
    for row in subscribed {
        let waits = row.paid_to >= ended && row.due_at.is_some_and(|at| at > row.paid_to && at <= work.now);
        let goes_on = !row.state.is_over() && row.state != SubscriptionState::Suspended;
        if !waits || !goes_on || row.renew != AtExpiry::Renew {
            continue;
        }
        let mut agreement = Agreement::read(work, row.clone())?;
        let at = agreement.row.paid_to;
        let Some(next) = next_period(work, &agreement, at)? else { continue };
        if next.order.amount == 0 {
            continue; // its own time renews it, without a bill
        }
        let (order, asked, until) = agreed(work, &mut agreement, next)?;
        let payer = work.folio(account).payer.clone();
        let service = served(at, until, &agreement.zone)?;
        let line = line_of(work, &payer, &order, &asked, service)?;
        renewals.push(Renewal { order, line });
    }
    Ok(renewals)
}

/// What goes on of an account waits for the bills of its periods.
pub(crate) fn await_renewals(work: &mut Work<'_, '_>, subscribed: &[SubscriptionRow]) -> Result<(), Refused> {
    for row in subscribed {
        if !row.state.is_over() && row.due_at.is_some_and(|at| at > row.paid_to) {
            on_cycle_bill(work, row)?;
        }
    }
    Ok(())
}

/// It is billed: its period is had.
pub(crate) fn renewed(work: &mut Work<'_, '_>, renewal: Renewal, billed: OrderBilled) -> Result<(), Refused> {
    let mut order = renewal.order;
    (order.bill, order.credit) = (billed.bill, billed.coupon);
    super::pay::paid(work, &mut order)
}

/// What a next period costs, and what is agreed with it.
struct NextPeriod {
    order: PurchaseRow,
    asked: Asked,
    until: Instant,
    together: Vec<Agreement>,
    plans: Vec<(i64, Instant, Change)>,
}

/// None: it is sold no more, or has no price, and that is told.
fn next_period(work: &mut Work<'_, '_>, agreement: &Agreement, at: Instant) -> Result<Option<NextPeriod>, Refused> {
    let mut together = together(work, agreement)?;
    // What is suspended is not renewed with the rest: its time is over.
    for mut held in together.extract_if(.., |added| added.row.state == SubscriptionState::Suspended) {
        if held.row.paid_to <= at {
            over(work, &mut held, at)?;
        }
    }
    let (account, name) = (agreement.row.account, agreement.row.name.clone());
    let mut plans: Vec<(i64, Instant, Change)> = Vec::new();
    let found = parts_of_all(work, agreement, (&together, at), &mut plans);
    let (parts, last) = match found {
        Ok(found) => found,
        Err(Refused::ByRule { message, .. }) => {
            let told = term_told(work, agreement, 0, &message);
            work.tell_of(Some(account), Event::TermRenewalFailed(told), at);
            return Ok(None);
        }
        Err(fault) => return Err(fault),
    };
    let until = Instant::from_micros(last.period.1);
    let text = agreement.row.product.to_string();
    let text = product_of(work, &text, at).map_or(text, |product| product.name.0);
    let amount: i64 = parts.iter().map(|part| part.amount).sum();
    let asked = Asked {
        product: agreement.row.product.to_string(),
        sku: agreement.row.sku.clone(),
        project: agreement.row.project,
        quantity: agreement.row.quantity,
        periods: 1,
        text,
        plan: last.plan.clone(),
        list: amount,
        from: Some(agreement.row.paid_to.micros()),
        parts,
        ..Asked::default()
    };
    let order = order_due(work, OrderKind::Renew, (account, &name), at, &asked, amount)?;
    Ok(Some(NextPeriod { order, asked, until, together, plans }))
}

/// A next period is agreed: what was quoted before is void, and the order is there.
fn agreed(
    work: &mut Work<'_, '_>,
    agreement: &mut Agreement,
    next: NextPeriod,
) -> Result<(PurchaseRow, Asked, Instant), Refused> {
    let NextPeriod { order, asked, until, mut together, plans } = next;
    drop_quotes(work, agreement)?;
    for (id, from, change) in plans {
        let own = together.iter_mut().find(|other| other.row.id == id);
        own.unwrap_or(agreement).agree(work, from, &change)?;
    }
    work.tx.purchase_insert(&order)?;
    Ok((order, asked, until))
}

/// The next period of it and of what goes on with it; and the last part of its own, be it paused or not.
fn parts_of_all(
    work: &mut Work<'_, '_>,
    agreement: &Agreement,
    (all, at): (&[Agreement], Instant),
    plans: &mut Vec<(i64, Instant, Change)>,
) -> Result<(Vec<PartText>, PartText), Refused> {
    let main = next_parts(work, agreement, at, plans)?;
    let last = main.last().cloned().ok_or_else(|| crate::bills::broken("a period of no plan"))?;
    let mut parts = Vec::new();
    if agreement.row.state != SubscriptionState::Paused {
        parts.extend(main);
    }
    for added in all.iter().filter(|added| added.row.state != SubscriptionState::Paused) {
        parts.extend(next_parts(work, added, at, plans)?);
    }
    Ok((parts, last))
}

/// The next period of one: its plan as it was agreed, at the price of today where the product's price lives. Where another plan was agreed for
/// a time in it, each has its part.
fn next_parts(
    work: &mut Work<'_, '_>,
    agreement: &Agreement,
    at: Instant,
    plans: &mut Vec<(i64, Instant, Change)>,
) -> Result<Vec<PartText>, Refused> {
    let row = &agreement.row;
    let from = row.paid_to;
    let schedule = agreement.schedule_at(from)?;
    let (_, period) = schedule.containing(from).map_err(calendar)?;
    let plan = agreement.plan_at(from)?.ok_or_else(|| crate::bills::broken("something without a plan"))?;
    let product = product_of(work, row.product.as_str(), at)?;
    let mut more = Vec::new();
    if product.at == PriceAt::Live && !plan.fixed {
        let properties: BTreeMap<String, String> = serde_json::from_str(&row.facts).map_err(crate::bills::broken)?;
        let payer = work.folio(row.account).payer.clone();
        // The SKU may be one that was chosen for from then on.
        let today = sold(work, &payer, row.product.as_str(), (Some(&plan.sku), &row.addon), &properties, at)?;
        let today = today.plan(plan.quantity);
        if today != plan {
            more.push((from, Change::To(today)));
        }
    }
    let own = |side: &Side| side.amount.is_positive() && side.key.period == period;
    let mut parts: Vec<PartText> = agreement
        .sides(work, &more, period.end())?
        .iter()
        .filter(|side| own(side))
        .map(|side| PartText::of(&side.key, side.had.unwrap_or(period), side.amount.units(), row.id))
        .collect();
    if parts.is_empty() {
        parts.push(PartText::of(&Key { period, plan }, period, 0, row.id)); // for nothing, or paused
    }
    plans.extend(more.into_iter().map(|(from, change)| (row.id, from, change)));
    Ok(parts)
}

/// A renewal is paid, or billed: its period is had.
pub(super) fn take_effect(work: &mut Work<'_, '_>, order: &mut PurchaseRow) -> Result<(), Refused> {
    let asked = Asked::parse(&order.asked)?;
    let mut parts: BTreeMap<i64, Vec<PartText>> = BTreeMap::new();
    for part in &asked.parts {
        parts.entry(part.subscription).or_default().push(part.clone());
    }
    let product = farthing_core::config::Name::parse(&asked.product)
        .ok_or_else(|| crate::bills::broken("an order of no product"))?;
    open_terms(work, order, &product, &asked.parts, money_of(order))?;
    let mut ids: Vec<i64> = parts.keys().copied().collect();
    if let Some(main) = super::subscription_named(work, &order.name)? {
        ids.push(main.id);
    }
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let Some(mut row) = work.tx.subscription(id)? else { continue };
        let end = parts.get(&id).and_then(|own| own.iter().map(|part| part.period.1).max());
        let (was, began) = (row.state, row.paid_to);
        row.paid_to = if let Some(end) = end {
            Instant::from_micros(end)
        } else {
            // It stands still: its next period begins where that of what is renewed does.
            let agreement = Agreement::read(work, row.clone())?;
            agreement.schedule_at(began)?.containing(began).map_err(calendar)?.1.end()
        };
        row.tried = None;
        if was == SubscriptionState::Expired {
            row.state = SubscriptionState::Running;
            super::provision::raise(work, &row)?;
        }
        let mut agreement = Agreement::read(work, row)?;
        if let Some(plan) = agreement.plan_at(began)? {
            agreement.row.quantity = plan.quantity;
            agreement.row.sku = plan.sku;
        }
        agreement.row.due_at = next(work, &agreement)?;
        agreement.write(work)?;
        let told = term_told(work, &agreement, 0, "");
        work.tell_of(Some(agreement.row.account), Event::TermRenewed(told), order.ordered);
    }
    step(order, OrderEvent::PayAtOnce)?;
    work.tx.purchase_write(order)?;
    Ok(())
}

/// Its time is over. What was added to it ends with it.
fn expire(work: &mut Work<'_, '_>, agreement: &mut Agreement, at: Instant) -> Result<(), Refused> {
    drop_quotes(work, agreement)?;
    for mut added in together(work, agreement)? {
        over(work, &mut added, at)?;
    }
    over(work, agreement, at)
}

fn over(work: &mut Work<'_, '_>, agreement: &mut Agreement, at: Instant) -> Result<(), Refused> {
    // Who has not paid the last period is not billed another.
    let tries_on = agreement.row.renew == AtExpiry::Renew && agreement.row.state != SubscriptionState::Suspended;
    agreement.row.state = SubscriptionState::Expired;
    agreement.row.tried = Some(at);
    agreement.row.due_at = tries_on.then_some(at);
    agreement.row.due_at = if tries_on { next(work, agreement)? } else { None };
    agreement.write(work)?;
    end_raises(work, agreement.row.account, &agreement.row.name, at)?;
    let told = term_told(work, agreement, 0, "");
    work.tell_of(Some(agreement.row.account), Event::TermExpired(told), at);
    Ok(())
}

/// From its expiry on it is used and paid as another product: the SKU with the same dimensions.
fn convert(work: &mut Work<'_, '_>, agreement: &mut Agreement, at: Instant) -> Result<(), Refused> {
    let row = agreement.row.clone();
    let catalog = work.cloud.profile_at(at)?.catalog.clone();
    let product = product_of(work, row.product.as_str(), at)?;
    let Some(into) = product.converts_to.clone() else { return expire(work, agreement, at) };
    let dims = product.sku_by_id(&row.sku).map(|sku| sku.dims.clone()).unwrap_or_default();
    let sku = catalog.sku_with(into.as_str(), &dims).ok().map(|sku| sku.id.to_string());
    let properties: BTreeMap<String, String> = serde_json::from_str(&row.facts).map_err(crate::bills::broken)?;
    let project = if row.project == 0 { None } else { work.tx.project_name(row.project)? };
    let account = work.folio(row.account).payer.name.clone();
    let start = NewResource {
        account: project.is_none().then_some(account),
        project,
        product: Some(into.to_string()),
        sku,
        properties,
        ..NewResource::default()
    };
    drop_quotes(work, agreement)?;
    agreement.row.state = SubscriptionState::Converted;
    agreement.row.due_at = None;
    agreement.write(work)?;
    let fact = ResourceFact { resource: row.name.clone(), at: Some(at), id: None, what: Reported::Start(start) };
    match record_fact::record(work, &fact) {
        Ok(_) => {
            let told = term_told(work, agreement, 0, "");
            work.tell_of(Some(row.account), Event::TermConverted(told), at);
            Ok(())
        }
        // Nothing that could pay for it, or no such configuration any more: it is shut down.
        Err(Refused::ByRule { message, .. }) => {
            agreement.row.state = SubscriptionState::Expired;
            agreement.write(work)?;
            let told = term_told(work, agreement, 0, &message);
            work.tell_of(Some(row.account), Event::TermExpired(told), at);
            Ok(())
        }
        Err(other) => Err(other),
    }
}

/// Paid afterwards: the period that is over is billed.
fn billed_afterwards(work: &mut Work<'_, '_>, agreement: &mut Agreement, at: Instant) -> Result<(), Refused> {
    let sides = agreement.sides(work, &[], at)?;
    let amount: i64 = sides.iter().map(|side| side.amount.units()).sum();
    let payer = work.folio(agreement.row.account).payer.clone();
    if amount > 0 {
        let parts = sides
            .iter()
            .filter(|side| side.amount.is_positive())
            .map(|side| {
                PartText::of(&side.key, side.had.unwrap_or(side.key.period), side.amount.units(), agreement.row.id)
            })
            .collect();
        let product = product_of(work, agreement.row.product.as_str(), at)?;
        let asked = Asked {
            product: agreement.row.product.to_string(),
            sku: agreement.row.sku.clone(),
            quantity: agreement.row.quantity,
            periods: 1,
            text: product.name.0,
            plan: agreement.plan_at(at)?.as_ref().map(PlanText::of).unwrap_or_default(),
            list: amount,
            parts,
            ..Asked::default()
        };
        let whose = (agreement.row.account, agreement.row.name.as_str());
        let mut order = order_due(work, OrderKind::Renew, whose, at, &asked, amount)?;
        work.tx.purchase_insert(&order)?;
        let service = served(agreement.row.began, at, &agreement.zone)?;
        let billed = bill_of(work, &payer, &order, &asked, service, (None, Collected::ByItself), None)?;
        (order.bill, order.credit) = (billed.bill, billed.coupon);
        order.cash = order.amount - order.credit;
        let product = agreement.row.product.clone();
        open_terms(work, &order, &product, &asked.parts, money_of(&order))?;
        step(&mut order, OrderEvent::PayAtOnce)?;
        work.tx.purchase_write(&order)?;
    }
    let row = work
        .tx
        .subscription(agreement.row.id)?
        .ok_or_else(|| Refused::not_found("subscription", &agreement.row.name))?;
    *agreement = Agreement::read(work, row)?;
    if agreement.row.renew != AtExpiry::Renew {
        return expire(work, agreement, at);
    }
    let schedule = agreement.schedule_at(at)?;
    agreement.row.paid_to = schedule.containing(at).map_err(calendar)?.1.end();
    agreement.row.due_at = Some(agreement.row.paid_to);
    agreement.write(work)?;
    Ok(())
}
