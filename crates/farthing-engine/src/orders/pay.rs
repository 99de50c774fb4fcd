//! Pays orders: by free credit that was chosen, by the balance, by a method; and what follows once all of an order is paid.

use super::agreement::{Agreement, deferred, open_terms, product_of, schedule_text};
use super::asked::{Asked, PartText};
use super::facts::OrderFacts;
use super::place::told;
use super::{provision, renew};
use crate::asked::Note;
use crate::bills::{broken, dues_of, is_settled, pay_by_balance, settle};
use crate::folio::Work;
use crate::payments::{NewPayment, PayBy, Through, choose_method, top_up_for, write_payment};
use crate::{Engine, EngineError, PayBillBy, RefusalCode, Refused};
use farthing_core::catalog::{Charged, Kind};
use farthing_core::config::Name;
use farthing_core::ledger::posting::{self, BillPaidByCredit, CreditPart, Stamp, TermBought};
use farthing_core::ledger::{Command, OwnerId, TransferId};
use farthing_core::notice::Event;
use farthing_core::payment::{BillId, PaymentId, Purpose, Verdict};
use farthing_core::policy::AtExpiry;
use farthing_core::term::{Key, OrderEvent, OrderKind, OrderState, SubscriptionState, TermMoney};
use farthing_core::time::{Instant, Period};
use farthing_store::{PayerRow, PurchaseRow, SubscriptionRow};
use serde_json::json;

/// How an order is to be paid.
#[derive(Clone, Debug)]
pub struct NewOrderPayment {
    /// Its name or its id.
    pub order: String,
    pub by: PayBillBy,
    /// The code of a coupon.
    pub coupon: Option<String>,
    /// Free credit that pays first, by its name.
    pub credit: Option<String>,
    /// The customer agrees that what pays is kept.
    pub keep: bool,
    pub back: String,
}

impl Engine {
    /// Paid already, it is answered as it is.
    pub fn pay_order(&self, cloud: &str, wanted: &NewOrderPayment) -> Result<OrderFacts, Refused> {
        let by = match &wanted.by {
            PayBillBy::Balance => PayBy::Default,
            PayBillBy::Provider(by) => by.clone(),
        };
        let (own, through) = (wanted.clone(), self.through_by(cloud, &by)?);
        let begin = move |work: &mut Work<'_, '_>| pay(work, &own, &through);
        self.ask_outside("pay_order", cloud, begin, |(order, payment): (String, Option<String>)| {
            if let Some(id) = payment.as_deref().and_then(|id| PaymentId::parse(id).ok()) {
                self.run_errand_of(&id.to_bytes())?;
            }
            self.order(cloud, &order)
        })
    }
}

/// By its id, or the newest of that name.
pub(super) fn order_named(work: &mut Work<'_, '_>, name: &str) -> Result<PurchaseRow, Refused> {
    let cloud = work.cloud.id.clone();
    let found = match farthing_core::term::OrderId::parse(name) {
        Ok(id) => work.tx.purchase(id)?.filter(|row| row.cloud == cloud),
        Err(_) => work.tx.purchase_by_name(&cloud, name)?,
    };
    found.ok_or_else(|| Refused::not_found("order", name))
}

/// The same with its account locked and brought to now.
pub(super) fn order_locked(work: &mut Work<'_, '_>, name: &str) -> Result<(PurchaseRow, PayerRow), Refused> {
    let found = order_named(work, name)?;
    work.load(&[found.account])?;
    let now = work.now;
    work.bring_to(found.account, now)?;
    let row = work.tx.purchase(found.id)?.ok_or_else(|| Refused::not_found("order", name))?;
    Ok((row, work.folio(found.account).payer.clone()))
}

pub(super) fn step(row: &mut PurchaseRow, event: OrderEvent) -> Result<(), Refused> {
    let next = row.state.after(event);
    let what = || format!("order {} is {}: this cannot happen to it any more", row.name, row.state);
    row.state = next.ok_or_else(|| Refused::new(RefusalCode::Conflict, what()))?;
    Ok(())
}

fn pay(
    work: &mut Work<'_, '_>,
    wanted: &NewOrderPayment,
    through: &Through,
) -> Result<(String, Option<String>), Refused> {
    let (mut row, payer) = order_locked(work, &wanted.order)?;
    let id = row.id.to_string();
    match row.state {
        OrderState::Due => {}
        OrderState::Provisioning | OrderState::Active => return Ok((id, None)),
        OrderState::Expired => {
            let what = format!("order {} expired on {}: order it again", row.name, row.changed);
            return Err(Refused::new(RefusalCode::Expired, what));
        }
        OrderState::Cancelled | OrderState::Voided => {
            let what = format!("order {} was {}: order it again", row.name, row.state);
            return Err(Refused::new(RefusalCode::Conflict, what));
        }
    }
    if row.valid_until.is_some_and(|until| until <= work.now) {
        let what =
            format!("order {} had to be paid by {}: order it again", row.name, row.valid_until.unwrap_or(work.now));
        return Err(Refused::new(RefusalCode::Expired, what));
    }
    let facts = json!({ "order": id, "name": row.name });
    work.notes.push(Note::new("order.payment_begun", format!("account {}", payer.name)).became(&facts));
    if let Some(code) = &wanted.coupon {
        super::place::apply_coupon(work, &payer, &mut row, code)?;
        if row.state != OrderState::Due {
            return Ok((id, None));
        }
    }
    let Some(bill) = row.bill else {
        return match &wanted.by {
            PayBillBy::Balance => {
                pay_from_balance(work, &payer, &mut row, wanted.credit.as_deref())?;
                Ok((id, None))
            }
            PayBillBy::Provider(by) => {
                let payment = bring_money(work, &payer, &mut row, wanted, (by, through))?;
                Ok((id, payment.map(|payment| payment.to_string())))
            }
        };
    };
    pay_by_credit(work, &payer, &mut row, bill, wanted.credit.as_deref())?;
    let (due, mut document) = dues_of(work, bill)?;
    if due == 0 {
        return Ok((id, None)); // the credit has paid all of it
    }
    match &wanted.by {
        PayBillBy::Balance => {
            pay_by_balance(work, &payer, &mut document, due)?;
            Ok((id, None))
        }
        PayBillBy::Provider(by) => {
            let chosen = choose_method(work, &payer, by, through)?;
            let first = work.policy_at(work.now)?.collect.first_payment_authorises;
            let keeps = wanted.keep || first;
            let verdict = Verdict::Accepted(Vec::new());
            let how = (String::new(), keeps, verdict, wanted.back.clone());
            let payment = crate::bills::begin(work, &payer, &document, chosen, due, how)?;
            Ok((id, Some(payment.id.to_string())))
        }
    }
}

/// Which lots pay how much of an amount, in their order: those that were chosen, or all that may where nobody has to choose (R17).
fn lots_for(
    work: &mut Work<'_, '_>,
    id: OwnerId,
    product: &Name,
    (most, minor): (i64, i64),
    chosen: Option<&str>,
) -> Result<Vec<CreditPart>, Refused> {
    let now = work.now;
    let policy = work.policy_at(now)?;
    let by_themselves = !policy.credit.chosen_at_checkout && policy.credit.spend_before_cash;
    let folio = work.folio(id);
    let mut parts = Vec::new();
    let mut rest = most;
    if let Some(name) = chosen {
        let found = folio.lots.iter().find(|lot| lot.name == name);
        let lot = found.ok_or_else(|| Refused::not_found("credit", name))?;
        if !lot.products.is_empty() && !lot.products.contains(product) {
            let what = format!("credit {name:?} does not pay for {product}");
            return Err(Refused::new(RefusalCode::NotEligible, what));
        }
    }
    let purse = folio.book.purse.clone();
    for lot in purse.lots() {
        let Some(row) = folio.lots.iter().find(|row| row.ledger == lot.account) else { continue };
        let wanted = chosen.map_or(by_themselves, |name| row.name == name);
        if !wanted || !lot.may_pay(product) || !lot.is_usable(now) {
            continue;
        }
        let free = (lot.balance - row.held).max(0);
        let part = free.min(rest);
        let part = part - part % minor;
        if part > 0 {
            parts.push(CreditPart { credit: lot.account, amount: part });
            rest -= part;
        }
    }
    if let (Some(name), true) = (chosen, parts.is_empty()) {
        let what = format!("nothing is left of credit {name:?} that could pay");
        return Err(Refused::new(RefusalCode::InsufficientBalance, what));
    }
    Ok(parts)
}

/// Runs a command that asks; its transfers.
fn asking(work: &mut Work<'_, '_>, command: Command) -> Result<Vec<TransferId>, Refused> {
    let ids = match &command {
        Command::Linked(transfers) => transfers.iter().map(|transfer| transfer.id).collect(),
        _ => Vec::new(),
    };
    let outcomes = work.tx.ledger_run(&[command], work.now)?;
    if outcomes.iter().any(|outcome| !outcome.code.stands()) {
        let what = "not so much is available: something was reserved a moment ago";
        return Err(Refused::new(RefusalCode::InsufficientBalance, what));
    }
    Ok(ids)
}

/// Free credit pays of an order's bill what it can.
fn pay_by_credit(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &mut PurchaseRow,
    bill: BillId,
    chosen: Option<&str>,
) -> Result<(), Refused> {
    let now = work.now;
    work.post_all(payer.id, now)?;
    work.flush_postings()?;
    let asked = Asked::parse(&row.asked)?;
    let product = Name::parse(&asked.product).ok_or_else(|| broken("an order of no product"))?;
    let minor = work.currency().units_per_minor();
    let (due, mut document) = dues_of(work, bill)?;
    let parts = lots_for(work, payer.id, &product, (due, minor), chosen)?;
    let sum: i64 = parts.iter().map(|part| part.amount).sum();
    if sum == 0 {
        return Ok(());
    }
    let receivable = document.receivable.ok_or_else(|| broken("a bill that stands nowhere"))?;
    let (commodity, (promo_open, promo_used)) = (work.books()?.commodity, work.promo()?);
    let mut ids = work.stamp_ids();
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: now.floor_second() };
    let facts = BillPaidByCredit { commodity, lots: &parts, promo_open, promo_used, receivable };
    let command = posting::bill_paid_by_credit(&mut stamp, &facts);
    let made = asking(work, command)?;
    // Of its value without tax the same share.
    let net = share(sum, document.net, document.total)?;
    row.credit += net;
    row.transfers.extend(&made);
    row.changed = now;
    work.tx.purchase_write(row)?;
    work.reload(payer.id)?;
    settle(work, payer, &mut document, sum, "credit", None, made.first().copied())?;
    *row = work.tx.purchase(row.id)?.ok_or_else(|| broken("an order that is gone"))?;
    Ok(())
}

fn share(part: i64, of: i64, whole: i64) -> Result<i64, EngineError> {
    use farthing_core::money::{Rounding, mul_div_round};
    let exact = mul_div_round(i128::from(part), i128::from(of), i128::from(whole.max(1)), Rounding::HalfEven);
    exact.ok().and_then(|exact| i64::try_from(exact).ok()).ok_or_else(|| broken("a share that does not fit"))
}

/// Whether credit and cash can pay all of it.
pub(super) fn can_pay(work: &mut Work<'_, '_>, row: &PurchaseRow) -> Result<(), Refused> {
    laid_over(work, row, None).map(|_| ())
}

/// Which lots pay how much of it, and how much cash does; refused where they do not reach.
fn laid_over(
    work: &mut Work<'_, '_>,
    row: &PurchaseRow,
    chosen: Option<&str>,
) -> Result<(Vec<CreditPart>, i64), Refused> {
    let now = work.now;
    work.post_all(row.account, now)?;
    work.flush_postings()?;
    let asked = Asked::parse(&row.asked)?;
    let product = Name::parse(&asked.product).ok_or_else(|| broken("an order of no product"))?;
    let due = row.amount - row.credit;
    let lots = lots_for(work, row.account, &product, (due, 1), chosen)?;
    let credit: i64 = lots.iter().map(|part| part.amount).sum();
    let cash = due - credit;
    let folio = work.folio(row.account);
    let free = folio.book.purse.cash.saturating_sub(folio.book.purse.debt).saturating_sub(folio.held).max(0);
    let available = folio.available(now.floor_second(), Some(&product))?;
    if cash > free || due > available {
        let what = format!(
            "{} is needed, and {} of the balance can pay it: add credit, and pay again",
            work.money(cash).plain(),
            work.money(free.min(available.max(0))).plain()
        );
        return Err(Refused::new(RefusalCode::InsufficientBalance, what));
    }
    Ok((lots, cash))
}

/// Credit and cash pay all of it, or nothing.
pub(super) fn pay_from_balance(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &mut PurchaseRow,
    chosen: Option<&str>,
) -> Result<(), Refused> {
    let now = work.now;
    let (lots, cash) = laid_over(work, row, chosen)?;
    let credit: i64 = lots.iter().map(|part| part.amount).sum();
    let account = deferred(work, row)?;
    let (commodity, (promo_open, promo_used)) = (work.books()?.commodity, work.promo()?);
    let mut ids = work.stamp_ids();
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: now.floor_second() };
    let facts = TermBought {
        commodity,
        cash: payer.cash,
        amount: cash,
        lots: &lots,
        coupon: row.credit,
        promo_open,
        promo_used,
        deferred: account,
    };
    let command = posting::term_bought(&mut stamp, &facts);
    let made = asking(work, command)?;
    row.credit += credit;
    row.transfers.extend(made);
    work.reload(payer.id)?;
    paid(work, row)
}

/// What the balance lacks is paid in first; the order is paid once that has come.
fn bring_money(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &mut PurchaseRow,
    wanted: &NewOrderPayment,
    (by, through): (&PayBy, &Through),
) -> Result<Option<PaymentId>, Refused> {
    match pay_from_balance(work, payer, row, wanted.credit.as_deref()) {
        Err(Refused::ByRule { code: RefusalCode::InsufficientBalance, .. }) => {}
        done => return done.map(|()| None),
    }
    let asked = Asked::parse(&row.asked)?;
    let product = Name::parse(&asked.product);
    let now = work.now.floor_second();
    let available = work.folio(payer.id).available(now, product.as_ref())?.max(0);
    let minor = work.currency().units_per_minor();
    let missing = (row.amount - row.credit - available).max(minor);
    let missing = missing + (minor - missing % minor) % minor;
    let (chosen, net, tax, verdict) = top_up_for(work, payer, missing, (by, through))?;
    row.awaits = json!({ "credit": wanted.credit }).to_string();
    work.tx.purchase_write(row)?;
    let new = NewPayment {
        purpose: Purpose::TopUp,
        once: String::new(),
        net,
        tax,
        bill: None,
        keeps: wanted.keep,
        verdict,
        back: wanted.back.clone(),
    };
    Ok(Some(write_payment(work, payer, chosen, new)?.id))
}

/// Money has come in for an account: orders that waited for it are paid, and renewals that failed are tried again (R75).
pub(crate) fn money_came(work: &mut Work<'_, '_>, payer: &PayerRow) -> Result<(), Refused> {
    let cloud = work.cloud.id.clone();
    for mut row in work.tx.purchases_awaiting(&cloud, payer.id)? {
        if row.valid_until.is_some_and(|until| until <= work.now) {
            continue;
        }
        let awaits: serde_json::Value = serde_json::from_str(&row.awaits).map_err(broken)?;
        let credit = awaits["credit"].as_str().map(str::to_owned);
        match pay_from_balance(work, payer, &mut row, credit.as_deref()) {
            Err(Refused::ByRule { .. }) => {} // something else was quicker: it goes on waiting
            done => done?,
        }
    }
    renew::again(work, payer.id)
}

/// A bill is settled: what was ordered with it is paid.
pub(crate) fn bill_paid(work: &mut Work<'_, '_>, bill: BillId) -> Result<(), Refused> {
    let waits = |row: &PurchaseRow| row.state == OrderState::Due;
    let Some(mut row) = work.tx.purchase_of_bill(bill)?.filter(waits) else { return Ok(()) };
    if is_settled(work, bill)? { paid(work, &mut row) } else { Ok(()) }
}

/// All of an order is paid: what it is about begins, changes or goes on.
pub(super) fn paid(work: &mut Work<'_, '_>, row: &mut PurchaseRow) -> Result<(), Refused> {
    row.cash = row.amount - row.credit;
    row.awaits = String::new();
    row.changed = work.now;
    match row.kind {
        OrderKind::New => begin(work, row),
        OrderKind::Change => super::change::take_effect(work, row),
        OrderKind::Renew => renew::take_effect(work, row),
    }
}

/// What paid an order, by value.
pub(super) fn money_of(row: &PurchaseRow) -> TermMoney {
    TermMoney { value: row.amount, cash: row.cash, ..TermMoney::default() }
}

fn begin(work: &mut Work<'_, '_>, row: &mut PurchaseRow) -> Result<(), Refused> {
    let asked = Asked::parse(&row.asked)?;
    let now = work.now;
    let product = product_of(work, &asked.product, row.ordered)?;
    let plan = asked.plan.plan()?;
    let at = asked.from.map_or(now, Instant::from_micros).floor_second();
    match product.kind {
        Kind::Term => {
            let parent = match asked.parent.as_str() {
                "" => None,
                parent => super::subscription_named(work, parent)?,
            };
            let coterm = asked.from.is_some();
            let schedule = match &parent {
                Some(parent) if coterm => parent.schedule.clone(),
                _ => {
                    let zone = work.folio(row.account).zone.clone();
                    schedule_text(super::place::paid_from(&product, at, &zone)?, product.period)
                }
            };
            let renew =
                AtExpiry::parse(&asked.renew).or(product.renew).unwrap_or(work.policy_at(now)?.renewal.at_expiry);
            let subscription = SubscriptionRow {
                id: work.ids.number(now),
                cloud: row.cloud.clone(),
                account: row.account,
                project: asked.project,
                name: row.name.clone(),
                product: product.id.clone(),
                sku: asked.sku.clone(),
                addon: asked.addon.clone(),
                parent: parent.as_ref().map_or(0, |parent| parent.id),
                quantity: asked.quantity,
                state: SubscriptionState::Pending,
                renew,
                schedule,
                facts: serde_json::to_string(&asked.properties).map_err(broken)?,
                began: at,
                paid_to: at,
                tried: None,
                due_at: None,
            };
            work.tx.subscription_put(&subscription)?;
            let mut agreement = Agreement::read(work, subscription)?;
            for fact in super::place::begin_facts(&product, &plan, at, &agreement.zone)? {
                agreement.agree(work, fact.at, &fact.change)?;
            }
            let mut parts = asked.parts.clone();
            if parts.is_empty() {
                let each = plan.worth(work.currency()).map_err(broken)?.units();
                for n in 0..asked.periods {
                    let period = agreement.schedule.period(n).map_err(super::agreement::calendar)?;
                    let key = Key { period, plan: plan.clone() };
                    parts.push(PartText::of(&key, period, each, 0));
                }
            }
            let end = parts.iter().map(|part| part.period.1).max().map_or(at, Instant::from_micros);
            agreement.row.paid_to = end;
            for part in &mut parts {
                part.subscription = agreement.row.id;
            }
            if product.charge == Charged::Advance {
                agreement.terms = open_terms(work, row, &product.id, &parts, money_of(row))?;
            }
            agreement.row.due_at = renew::next(work, &agreement)?;
            agreement.write(work)?;
        }
        // Sold once it is earned when it is there; what was paid waits until then.
        Kind::Once => {
            let period = Period::try_new_or_empty(at, at).map_err(broken)?;
            let part = PartText::of(&Key { period, plan }, period, row.amount, 0);
            open_terms(work, row, &product.id, &[part], money_of(row))?;
        }
        Kind::Units => provision::deliver(work, row, &asked, &product)?,
        Kind::Running | Kind::Usage | Kind::Capacity => {
            return Err(Refused::from(broken("an order of what is not sold")));
        }
    }
    if product.kind == Kind::Units {
        step(row, OrderEvent::PayAtOnce)?;
        row.valid_until = None;
        work.tx.purchase_write(row)?;
        let told = told(work, row, &asked)?;
        work.tell(Some(row.account), Event::OrderActive(told));
        return Ok(());
    }
    step(row, OrderEvent::Pay)?;
    let within = work.policy_at(now)?.monitor.provision_within;
    row.valid_until = match within {
        Some(within) => Some(now.checked_add(within).map_err(farthing_core::settle::SettleError::from)?),
        None => None,
    };
    work.tx.purchase_write(row)?;
    let told = told(work, row, &asked)?;
    work.tell(Some(row.account), Event::OrderPaid(told));
    Ok(())
}
