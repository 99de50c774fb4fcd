//! Places an order: what it costs, until when that holds, and where the cloud bills at once, its bill (R9).

use super::agreement::{Agreement, calendar, product_of};
use super::asked::{Asked, PartText, PlanText};
use super::facts::OrderFacts;
use crate::asked::Note;
use crate::bills::{Collected, OrderBilled, OrderTerms, is_settled, order_bill, void_bill};
use crate::coupons::{ForOrder, Reserved, coupons_for, reserve_coupon};
use crate::folio::Work;
use crate::gate::{Starting, of_trial};
use crate::open_project::{account_of, project_of};
use crate::spend_limits::{Of, may_spend};
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::bill::{BillLine, Coupon, Origin, ServicePeriod};
use farthing_core::catalog::{Charged, Kind, Product, Provision, Wanted as OfferWanted};
use farthing_core::config::{Name, Text};
use farthing_core::coupon::{Sold as CouponSold, SoldKind, discount};
use farthing_core::gate::Asks;
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::money::Money;
use farthing_core::notice::{Event, OrderTold};
use farthing_core::policy::{AtExpiry, BillOn, PricesAre};
use farthing_core::rate::Charge;
use farthing_core::settle::SettleError;
use farthing_core::term::{
    Change, Fact, Key, OrderKind, OrderState, Plan, Schedule, SubscriptionState, one, owed, stretches, worth,
};
use farthing_core::time::{Instant, Period};
use farthing_store::{PayerRow, PurchaseRow, ThingKind, ThingRow};
use serde_json::json;
use std::collections::BTreeMap;

/// What somebody wants to have.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// What it makes is called so too; of all things of a cloud nothing else is.
    pub name: String,
    pub account: Option<String>,
    pub project: Option<String>,
    pub wanted: Wanted,
    /// How many; of a pack, how many units.
    pub quantity: i64,
    /// How many periods at once.
    pub periods: i64,
    pub renew: Option<AtExpiry>,
    /// What chooses a SKU or a price: provider, region.
    pub properties: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Product { product: String, sku: Option<String> },
    Addon { addon: String, parent: String },
}

/// As many of one thing as anybody orders.
const QUANTITY_MAX: i64 = 1_000_000;
const PERIODS_MAX: i64 = 120;

impl Engine {
    /// Asked again with the same facts, it is there.
    pub fn place_order(&self, cloud: &str, wanted: &NewOrder) -> Result<OrderFacts, Refused> {
        let wanted = wanted.clone();
        self.ask("place_order", cloud, move |work| place(work, &wanted))
    }
}

/// A thing that is sold, found and priced.
pub(super) struct Sold {
    pub(super) product: Product,
    pub(super) sku: String,
    pub(super) addon: String,
    pub(super) text: String,
    /// Of one, for one period.
    pub(super) price: Charge,
}

impl Sold {
    pub(super) fn plan(&self, quantity: i64) -> Plan {
        let mut name = self.product.id.to_string();
        for part in [&self.sku, &self.addon].into_iter().filter(|part| !part.is_empty()) {
            name.push('/');
            name.push_str(part);
        }
        let price = self.price.net.units();
        Plan { name, sku: self.sku.clone(), fixed: false, price, quantity, every: self.product.period }
    }
}

/// Finds what is sold, and its price for an account at an instant. `properties`: what the thing has, SKU's dimensions included.
pub(super) fn sold(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    product: &str,
    (sku, addon): (Option<&str>, &str),
    properties: &BTreeMap<String, String>,
    at: Instant,
) -> Result<Sold, Refused> {
    let invalid = |what: String| Refused::new(RefusalCode::Invalid, what);
    let found = product_of(work, product, at)?;
    let profile = work.cloud.profile_at(at)?.clone();
    let (policy, catalog) = (&profile.policy, &profile.catalog);
    let mut told: BTreeMap<String, Text> =
        properties.iter().map(|(key, value)| (key.clone(), Text(value.clone()))).collect();
    // A SKU is named, or chosen by what it is to be (R2).
    let sku = match sku.filter(|sku| !sku.is_empty()) {
        Some(sku) => Some(sku.to_owned()),
        None if found.sku.is_empty() || found.kind == Kind::Units => None,
        None => {
            let chosen = catalog.sku_with(product, &told).map_err(|error| invalid(error.to_string()))?;
            Some(chosen.id.to_string())
        }
    };
    let zone = farthing_core::time::Zone::parse(&payer.zone).map_err(crate::bills::broken)?;
    let account = Name::parse(&payer.name);
    let wanted = OfferWanted {
        product,
        sku: sku.as_deref(),
        component: None,
        account: account.as_ref(),
        on: Some(zone.civil_date_of(at).map_err(SettleError::from)?),
    };
    let offer = catalog.offer(wanted).map_err(|error| invalid(error.to_string()))?;
    if let Some(chosen) = offer.sku {
        for (dim, value) in &chosen.dims {
            told.entry(dim.clone()).or_insert_with(|| value.clone());
        }
    }
    let (currency, step) = (policy.cloud.currency, policy.cloud.data_step);
    let named = match offer.sku.and_then(|sku| sku.name.as_ref()) {
        Some(name) => format!("{}, {}", found.name.0, name.0),
        None => match &sku {
            Some(sku) => format!("{}, {sku}", found.name.0),
            None => found.name.0.clone(),
        },
    };
    if addon.is_empty() {
        let price = match found.kind {
            Kind::Units => Charge::zero(currency), // its packs say it
            _ => one(&offer, currency, step, &told).map_err(|error| invalid(error.to_string()))?,
        };
        return Ok(Sold { sku: sku.unwrap_or_default(), addon: String::new(), text: named, price, product: found });
    }
    let Some(added) = found.addon.iter().find(|known| known.id.as_str() == addon) else {
        let known: Vec<&str> = found.addon.iter().map(|known| known.id.as_str()).collect();
        return Err(invalid(format!(
            "{product} has no add-on {addon:?}: {}",
            if known.is_empty() { "it has none".to_owned() } else { format!("choose one of {}", known.join(", ")) }
        )));
    };
    let offer = farthing_core::catalog::Offer { pricing: added.pricing.clone(), ..offer };
    let price = one(&offer, currency, step, &told).map_err(|error| invalid(error.to_string()))?;
    let text = format!("{}, {}", added.name.0, found.name.0);
    Ok(Sold { sku: sku.unwrap_or_default(), addon: addon.to_owned(), text, price, product: found })
}

/// What is sold in orders at all.
fn must_be_sold(product: &Product, bills: bool) -> Result<(), Refused> {
    let refused = |what: String| Err(Refused::new(RefusalCode::RefusedByPolicy, what));
    match product.kind {
        Kind::Term | Kind::Units | Kind::Once => {}
        Kind::Running | Kind::Usage | Kind::Capacity => {
            return refused(format!("{} is not ordered: it is paid as it is used; report its start", product.id));
        }
    }
    if product.charge == Charged::Arrears && !bills {
        return refused(format!("{} is paid afterwards, and this cloud issues no bills: set `bill.on`", product.id));
    }
    Ok(())
}

/// Bills arise from orders, or once a month from everything: then an order is a demand, with a document.
pub(super) fn bills_orders(work: &Work<'_, '_>, at: Instant) -> Result<bool, Refused> {
    let on = &work.policy_at(at)?.bill.on;
    Ok(on.contains(&BillOn::Order) || on.contains(&BillOn::Cycle))
}

fn place(work: &mut Work<'_, '_>, wanted: &NewOrder) -> Result<OrderFacts, Refused> {
    let invalid = |what: String| Refused::new(RefusalCode::Invalid, what);
    if Name::parse(&wanted.name).is_none() {
        let what = format!("{:?} is no name for an order: use lower-case letters, digits, - and _", wanted.name);
        return Err(invalid(what));
    }
    let (parent, account, project) = whose(work, wanted)?;
    work.load(&[account.id])?;
    let now = work.now;
    work.bring_to(account.id, now)?;
    let cloud = work.cloud.id.clone();
    let product = match (&wanted.wanted, &parent) {
        (Wanted::Product { product, .. }, _) => product.clone(),
        (Wanted::Addon { .. }, Some(parent)) => parent.row.product.to_string(),
        (Wanted::Addon { parent, .. }, None) => return Err(Refused::not_found("subscription", parent)),
    };
    let mut properties = wanted.properties.clone();
    let (sku, addon) = match (&wanted.wanted, &parent) {
        (Wanted::Addon { addon, .. }, Some(parent)) => {
            let own: BTreeMap<String, String> =
                serde_json::from_str(&parent.row.facts).map_err(crate::bills::broken)?;
            properties.extend(own);
            (Some(parent.row.sku.clone()).filter(|sku| !sku.is_empty()), addon.clone())
        }
        (Wanted::Product { sku, .. }, _) => (sku.clone(), String::new()),
        (Wanted::Addon { addon, .. }, None) => (None, addon.clone()),
    };
    let sold = sold(work, &account, &product, (sku.as_deref(), &addon), &properties, now)?;
    let bills = bills_orders(work, now)?;
    must_be_sold(&sold.product, bills)?;
    if work.policy_at(now)?.tax.prices == PricesAre::Gross
        && !crate::bills::tax_of_sales(work, &account, None, work.now)?.percent().is_zero()
    {
        // What is deferred is without tax, what is owed by the catalogue with it: they would part.
        let what = "what is bought ahead is priced without tax: set `tax.prices = \"net\"` to sell it";
        return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
    }
    if sold.product.sku_by_id(&sold.sku).is_some_and(|sku| sku.retired) {
        let what = format!("{} is no longer sold as {}", product, sold.sku);
        return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
    }
    if !(1..=QUANTITY_MAX).contains(&wanted.quantity) {
        return Err(invalid(format!("an order is for 1 to {QUANTITY_MAX}, not for {}", wanted.quantity)));
    }
    let least = i64::from(sold.product.min_periods.0);
    if !(1..=PERIODS_MAX).contains(&wanted.periods) || sold.product.kind == Kind::Term && wanted.periods < least {
        let what = format!("{product} is sold for {least} to {PERIODS_MAX} periods, not for {}", wanted.periods);
        return Err(invalid(what));
    }
    let mut asked = Asked {
        product: product.clone(),
        sku: sold.sku.clone(),
        addon: sold.addon.clone(),
        parent: parent.as_ref().map(|parent| parent.row.name.clone()).unwrap_or_default(),
        project,
        quantity: wanted.quantity,
        periods: wanted.periods,
        properties,
        renew: wanted.renew.map(|renew| renew.word().to_owned()).unwrap_or_default(),
        text: sold.text.clone(),
        plan: PlanText::of(&sold.plan(wanted.quantity)),
        list: sold.price.list.units().saturating_mul(wanted.quantity),
        ..Asked::default()
    };
    if let Some(there) = work.tx.purchase_by_name(&cloud, &wanted.name)? {
        let known = Asked::parse(&there.asked)?;
        let same = there.kind == OrderKind::New
            && there.account == account.id
            && (known.product == asked.product && known.sku == asked.sku && known.addon == asked.addon)
            && (known.quantity, known.periods, &known.parent) == (asked.quantity, asked.periods, &asked.parent);
        if same {
            return OrderFacts::read(work.tx, &there);
        }
        if matches!(there.state, OrderState::Due | OrderState::Provisioning | OrderState::Active) {
            let what = format!("{:?} was ordered already, and is {}: choose another name", wanted.name, there.state);
            return Err(Refused::new(RefusalCode::Conflict, what));
        }
    }
    let there = work.tx.thing_by_name(&cloud, ThingKind::Resource, &wanted.name)?;
    // More of a space is bought for one that is there: it has its name.
    let its_space = |thing: &ThingRow| {
        sold.product.size.is_some()
            && thing.product == sold.product.id
            && (thing.account, thing.project) == (account.id, project)
    };
    let taken =
        there.is_some_and(|thing| !its_space(&thing)) || work.tx.subscription_by_name(&cloud, &wanted.name)?.is_some();
    if taken {
        let what = format!("{:?} is the name of something that is there already: choose another", wanted.name);
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    let starting = Starting {
        payer: account.id,
        project,
        product: &sold.product.id,
        sku: None,
        size: None,
        properties: BTreeMap::new(),
        person: "",
        thing: None,
    };
    if let Some(no) = of_trial(work, account.id, &starting)? {
        return Err(Refused::new(no.code, no.message));
    }
    let (amount, service, latest) = quote(work, account.id, &sold, parent.as_ref(), &mut asked, wanted)?;
    may_spend(work, account.id, &Of { project, ..Of::default() }, Asks { amount, per_hour: 0 })?;
    let valid = valid_until(work, now, latest)?;
    let at_once = bills && sold.product.kind == Kind::Term && sold.product.provision == Provision::AtOnce;
    let mut row = order_due(work, OrderKind::New, (account.id, &wanted.name), now, &asked, amount)?;
    row.valid_until = Some(valid);
    let coupon = best_coupon(work, &account, &row, &asked)?;
    if bills {
        // What is made at once is paid as any other bill.
        let due = if at_once { None } else { Some(valid) };
        let coupon = coupon.as_ref().map(coupon_on_bill);
        let billed = bill_of(work, &account, &row, &asked, service, (due, Collected::ByHand), coupon)?;
        (row.bill, row.credit) = (billed.bill, billed.coupon);
    } else if let Some(coupon) = &coupon {
        row.credit = taken_off(work, coupon, amount)?;
    }
    work.tx.purchase_insert(&row)?;
    let facts = json!({ "order": row.id.to_string(), "product": product, "amount": work.money(amount).plain() });
    work.notes.push(Note::new("order.placed", format!("account {}", account.name)).became(&facts));
    let told = told(work, &row, &asked)?;
    work.tell(Some(account.id), Event::OrderPlaced(told));
    let settled = match row.bill {
        Some(bill) => is_settled(work, bill)?,
        None => amount == row.credit,
    };
    if settled || at_once {
        super::pay::paid(work, &mut row)?;
    }
    OrderFacts::read(work.tx, &row)
}

/// An order that waits to be paid, without an end.
pub(super) fn order_due(
    work: &mut Work<'_, '_>,
    kind: OrderKind,
    (account, name): (OwnerId, &str),
    at: Instant,
    asked: &Asked,
    amount: i64,
) -> Result<PurchaseRow, EngineError> {
    Ok(PurchaseRow {
        id: work.ids.id(work.now),
        cloud: work.cloud.id.clone(),
        account,
        name: name.to_owned(),
        number: work.ids.number(work.now),
        kind,
        state: OrderState::Due,
        ordered: at,
        valid_until: None,
        asked: asked.text()?,
        amount,
        bill: None,
        credit: 0,
        cash: 0,
        transfers: Vec::new(),
        awaits: String::new(),
        why: String::new(),
        changed: at,
    })
}

/// Who pays, in which project, and what it is added to.
fn whose(work: &mut Work<'_, '_>, wanted: &NewOrder) -> Result<(Option<Agreement>, PayerRow, i64), Refused> {
    if let Wanted::Addon { parent, .. } = &wanted.wanted {
        let missing = || Refused::not_found("subscription", parent);
        let row = super::subscription_named(work, parent)?.ok_or_else(missing)?;
        work.load(&[row.account])?;
        let row = work.tx.subscription(row.id)?.ok_or_else(missing)?;
        if row.state.is_over() || row.state == SubscriptionState::Pending || row.parent != 0 {
            let what = format!("nothing can be added to {parent:?}, which is {}", row.state.name());
            return Err(Refused::new(RefusalCode::Conflict, what));
        }
        let (account, project) = (work.folio(row.account).payer.clone(), row.project);
        crate::open_project::is_open(&account)?;
        return Ok((Some(Agreement::read(work, row)?), account, project));
    }
    match (&wanted.project, &wanted.account) {
        (Some(project), _) => {
            let project = project_of(work, project)?;
            let payer = work.tx.payers(&[project.account])?.pop();
            let payer = payer.ok_or_else(|| Refused::not_found("account", &project.name))?;
            crate::open_project::is_open(&payer)?;
            Ok((None, payer, project.id))
        }
        (None, Some(account)) => Ok((None, account_of(work, account)?, 0)),
        (None, None) => Err(Refused::new(RefusalCode::Invalid, "say for which account or project it is ordered")),
    }
}

/// What it comes to, of which days that is, and the latest instant by which it has to be paid.
fn quote(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    sold: &Sold,
    parent: Option<&Agreement>,
    asked: &mut Asked,
    wanted: &NewOrder,
) -> Result<(i64, Option<ServicePeriod>, Option<Instant>), Refused> {
    let overflow = || SettleError::Overflow { what: "price an order" };
    let now = work.now.floor_second();
    let currency = work.currency();
    let zone = work.folio(account).zone.clone();
    if sold.product.kind == Kind::Units {
        let whole = Quantity::from_millionths(wanted.quantity.saturating_mul(1_000_000));
        let Some(pack) = sold.product.packs.iter().find(|pack| pack.units == whole) else {
            let packs: Vec<String> = sold.product.packs.iter().map(|pack| pack.units.to_string()).collect();
            let what = format!("{} is sold in packs of {}: order one of them", sold.product.id, packs.join(", "));
            return Err(Refused::new(RefusalCode::Invalid, what));
        };
        asked.pack = Some(pack.units.millionths());
        asked.list = pack.price.units();
        return Ok((pack.price.units(), None, None));
    }
    let plan = sold.plan(wanted.quantity);
    let of_one = plan.worth(currency).map_err(|_| overflow())?;
    let whole = of_one.checked_mul_int(wanted.periods).map_err(|_| overflow())?;
    if sold.product.kind == Kind::Once {
        return Ok((whole.units(), None, None));
    }
    let coterm =
        sold.product.addon.iter().find(|known| known.id.as_str() == sold.addon).is_some_and(|addon| addon.coterm);
    let Some(parent) = parent.filter(|_| coterm) else {
        let paid_from = paid_from(&sold.product, now, &zone)?;
        let schedule = Schedule::from(paid_from, sold.product.period, &zone).map_err(calendar)?;
        if paid_from > now {
            // For nothing until then; its periods, and what it costs, begin there.
            let second = farthing_core::time::Duration::try_from_seconds(1).map_err(SettleError::from)?;
            let before = paid_from.checked_sub(second).map_err(SettleError::from)?;
            let (_, period) = schedule.containing(before).map_err(calendar)?;
            let facts = begin_facts(&sold.product, &plan, now, &zone)?;
            let first = facts.into_iter().find_map(|fact| match fact.change {
                Change::Begin(plan) => Some(plan),
                Change::To(_) | Change::Pause | Change::Resume | Change::End => None,
            });
            let key = Key { period, plan: first.unwrap_or(plan) };
            let had = Period::try_new_or_empty(now.max(period.start()), paid_from).map_err(crate::bills::broken)?;
            asked.parts.push(PartText::of(&key, had, 0, 0));
            asked.from = Some(now.micros());
            return Ok((0, served(now, paid_from, &zone)?, None));
        }
        let last = schedule.period(wanted.periods - 1).map_err(calendar)?;
        if !sold.product.phases.is_empty() && sold.product.charge == Charged::Advance {
            // Where its price changes on the way, its periods are those that were quoted.
            let facts = begin_facts(&sold.product, &plan, now, &zone)?;
            let stretches = stretches(&facts, &schedule, &zone).map_err(calendar)?;
            let (charged, proration) = (sold.product.charge, sold.product.proration);
            let owed = owed(&stretches, currency, charged, proration, &zone, last.end()).map_err(calendar)?;
            let mut sum = Money::zero(currency);
            for (key, (amount, had)) in owed {
                asked.parts.push(PartText::of(&key, had, amount.units(), 0));
                sum = sum.checked_add(amount).map_err(|_| overflow())?;
            }
            asked.from = Some(now.micros());
            return Ok((sum.units(), served(now, last.end(), &zone)?, None));
        }
        let amount = if sold.product.charge == Charged::Arrears { 0 } else { whole.units() };
        return Ok((amount, served(now, last.end(), &zone)?, None));
    };
    // The rest of each period that its parent has paid (R4, R10).
    let schedule = parent.schedule_at(now)?;
    let mut sum = Money::zero(currency);
    let (mut n, mut period) = schedule.containing(now).map_err(calendar)?;
    let end = parent.row.paid_to;
    while period.start() < end {
        let had = Period::try_new_or_empty(now.max(period.start()), period.end()).map_err(crate::bills::broken)?;
        let amount = worth(of_one, period, had, parent.proration, &parent.zone).map_err(calendar)?;
        let key = Key { period, plan: plan.clone() };
        asked.parts.push(PartText::of(&key, had, amount.units(), 0));
        sum = sum.checked_add(amount).map_err(|_| overflow())?;
        n += 1;
        period = schedule.period(n).map_err(calendar)?;
    }
    if asked.parts.is_empty() {
        let what = format!("{} is not paid for any time to come: renew it first", parent.row.name);
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    asked.from = Some(now.micros());
    Ok((sum.units(), served(now, end, &parent.zone)?, Some(end)))
}

/// When it first costs something: its first phases may be free, and its periods are counted from their end.
pub(super) fn paid_from(product: &Product, at: Instant, zone: &farthing_core::time::Zone) -> Result<Instant, Refused> {
    if product.charge != Charged::Advance {
        return Ok(at);
    }
    let free = product.phases.iter().take_while(|phase| phase.price.is_zero());
    Ok(free
        .map(|phase| phase.lasts)
        .try_fold(at, |from, lasts| lasts.end_from(from, zone))
        .map_err(SettleError::from)?)
}

/// What is agreed at the beginning: its plan, or those of its phases and then its own.
pub(super) fn begin_facts(
    product: &Product,
    plan: &Plan,
    at: Instant,
    zone: &farthing_core::time::Zone,
) -> Result<Vec<Fact>, Refused> {
    let mut facts = Vec::with_capacity(product.phases.len() + 1);
    let mut from = at;
    for (number, phase) in (1..).zip(&product.phases) {
        let name = format!("{}/phase-{number}", plan.name);
        let own = Plan { name, fixed: true, price: phase.price.units(), ..plan.clone() };
        let change = if number == 1 { Change::Begin(own) } else { Change::To(own) };
        facts.push(Fact { at: from, number, change });
        from = phase.lasts.end_from(from, zone).map_err(SettleError::from)?;
    }
    let number = i64::try_from(facts.len()).unwrap_or(i64::MAX) + 1;
    let change = if facts.is_empty() { Change::Begin(plan.clone()) } else { Change::To(plan.clone()) };
    facts.push(Fact { at: from, number, change });
    Ok(facts)
}

pub(super) fn served(
    from: Instant,
    to: Instant,
    zone: &farthing_core::time::Zone,
) -> Result<Option<ServicePeriod>, Refused> {
    let second = farthing_core::time::Duration::try_from_seconds(1).map_err(SettleError::from)?;
    let last = to.checked_sub(second).map_err(SettleError::from)?.max(from);
    let day = |at: Instant| zone.civil_date_of(at).map_err(SettleError::from);
    Ok(ServicePeriod::try_new(day(from)?, day(last)?))
}

pub(super) fn valid_until(work: &Work<'_, '_>, now: Instant, latest: Option<Instant>) -> Result<Instant, Refused> {
    let valid = now.checked_add(work.policy_at(now)?.bill.order_valid).map_err(SettleError::from)?;
    Ok(latest.map_or(valid, |latest| latest.min(valid)))
}

/// The bill of an order, and what became of collecting it: one line for each part, or one for all of it.
pub(super) fn bill_of(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &PurchaseRow,
    asked: &Asked,
    service: Option<ServicePeriod>,
    (due, collected): (Option<Instant>, Collected),
    coupon: Option<Coupon>,
) -> Result<OrderBilled, Refused> {
    if row.amount <= 0 {
        return Ok(OrderBilled::default());
    }
    let line = line_of(work, payer, row, asked, service)?;
    order_bill(work, payer, vec![line], OrderTerms { due, dated: row.ordered, collected, coupon })
}

/// What an order costs, as a line of a bill.
pub(super) fn line_of(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &PurchaseRow,
    asked: &Asked,
    service: Option<ServicePeriod>,
) -> Result<BillLine, Refused> {
    let category = work
        .cloud
        .profile_at(work.now)?
        .catalog
        .product_by_id(&asked.product)
        .and_then(|product| product.tax_category.clone());
    let product = Name::parse(&asked.product).ok_or_else(|| Refused::not_found("product", &asked.product))?;
    let tax = crate::bills::tax_of_sales(work, payer, category.as_ref(), work.now)?;
    Ok(BillLine {
        text: asked.text.clone(),
        product,
        service,
        quantity: (asked.quantity > 1).then(|| asked.quantity.to_string()),
        category,
        amount: work.money(row.amount),
        tax,
        origin: Origin::Advance(row.id.to_string()),
        used: None,
    })
}

/// What events say of an order.
pub(super) fn told(work: &mut Work<'_, '_>, row: &PurchaseRow, asked: &Asked) -> Result<OrderTold, Refused> {
    let account = work.tx.payer_name(row.account)?;
    Ok(OrderTold {
        account,
        order: row.id.to_string(),
        name: row.name.clone(),
        kind: row.kind.name().to_owned(),
        product: asked.product.clone(),
        sku: asked.sku.clone(),
        addon: asked.addon.clone(),
        parent: asked.parent.clone(),
        quantity: asked.quantity,
        properties: asked.properties.clone(),
        amount: work.money(row.amount),
        until: row.valid_until,
        why: row.why.clone(),
    })
}

/// What an account has redeemed that takes something off an order, the best of it, reserved for the order.
fn best_coupon(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &PurchaseRow,
    asked: &Asked,
) -> Result<Option<Reserved>, Refused> {
    if row.amount <= 0 {
        return Ok(None);
    }
    let Some(product) = Name::parse(&asked.product) else { return Ok(None) };
    let sku = Name::parse(&asked.sku);
    let sold = CouponSold { product: &product, sku: sku.as_ref(), kind: SoldKind::Ordered };
    let wanted = for_order(work, row, asked)?;
    let found = coupons_for(work, payer.id, &sold)?;
    let found = found.into_iter().find(|one| wanted.first || !one.coupon.first_order);
    found.map(|one| reserve_coupon(work, payer, &one.redemption.to_string(), &wanted)).transpose()
}

fn for_order(work: &mut Work<'_, '_>, row: &PurchaseRow, asked: &Asked) -> Result<ForOrder, Refused> {
    let product = Name::parse(&asked.product).ok_or_else(|| Refused::not_found("product", &asked.product))?;
    // One that came to nothing was none.
    let before = work.tx.purchases(&row.cloud, Some(row.account), None, i64::MAX, 1_000)?;
    let counts = |other: &PurchaseRow| {
        other.id != row.id && matches!(other.state, OrderState::Due | OrderState::Provisioning | OrderState::Active)
    };
    let first = !before.iter().any(counts);
    Ok(ForOrder { order: row.id.to_string(), products: vec![(product, Name::parse(&asked.sku))], first })
}

fn coupon_on_bill(reserved: &Reserved) -> Coupon {
    Coupon { text: reserved.text.clone(), value: reserved.value, lines: None }
}

/// What a coupon takes off where there is no bill.
fn taken_off(work: &Work<'_, '_>, reserved: &Reserved, amount: i64) -> Result<i64, Refused> {
    let (off, _) = discount(reserved.value, &[work.money(amount)]).map_err(crate::bills::broken)?;
    Ok(off.units())
}

/// A coupon on an order that was placed without it: its bill is taken back, and another one issued.
pub(super) fn apply_coupon(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &mut PurchaseRow,
    code: &str,
) -> Result<(), Refused> {
    let asked = Asked::parse(&row.asked)?;
    if row.credit > 0 || !row.transfers.is_empty() {
        return Err(Refused::new(RefusalCode::Conflict, "an order has one coupon: cancel it and order again"));
    }
    let wanted = for_order(work, row, &asked)?;
    let reserved = reserve_coupon(work, payer, code, &wanted)?;
    if let Some(bill) = row.bill {
        void_bill(work, bill)?;
        let service = match asked.parts.as_slice() {
            [] => None,
            parts => {
                let zone = work.folio(payer.id).zone.clone();
                let from = parts.iter().map(|part| part.had.0).min().unwrap_or(row.ordered.micros());
                let to = parts.iter().map(|part| part.had.1).max().unwrap_or(from);
                served(Instant::from_micros(from), Instant::from_micros(to), &zone)?
            }
        };
        let coupon = Some(coupon_on_bill(&reserved));
        let billed = bill_of(work, payer, row, &asked, service, (row.valid_until, Collected::ByHand), coupon)?;
        (row.bill, row.credit) = (billed.bill, billed.coupon);
    } else {
        row.credit = taken_off(work, &reserved, row.amount)?;
    }
    work.tx.purchase_write(row)?;
    let settled = match row.bill {
        Some(bill) => is_settled(work, bill)?,
        None => row.amount == row.credit,
    };
    if settled { super::pay::paid(work, row) } else { Ok(()) }
}
