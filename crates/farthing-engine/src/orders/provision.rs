//! What was paid is made by the cloud: it says that it is there, or that it could not be made. Then, and where nobody says anything in
//! time, the order is voided and everything goes back, gifts as gifts (R83).

use super::agreement::{Agreement, deferred};
use super::asked::Asked;
use super::earn;
use super::facts::OrderFacts;
use super::pay::{order_locked, step};
use super::place::told;
use crate::asked::Note;
use crate::bills::{Returned, broken, credit_unpaid, dues_of, return_of_bill, void_bill};
use crate::coupons::{release_reserved, use_reserved};
use crate::folio::Work;
use crate::quotas::raise_quota;
use crate::record_fact::make_space;
use crate::standing::bought_changed;
use crate::units::{PaidPack, deliver_pack};
use crate::{Engine, RefusalCode, Refused};
use farthing_core::catalog::Product;
use farthing_core::ledger::Chart;
use farthing_core::ledger::posting::{self, FreeCredit, Stamp, TermEnded};
use farthing_core::measure::Quantity;
use farthing_core::notice::Event;
use farthing_core::term::{Change, OrderEvent, OrderKind, OrderState, SubscriptionState};
use farthing_store::{PurchaseRow, SubscriptionRow, TermRow};
use serde_json::json;

/// What the cloud says of something it was to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    It,
    /// Why not.
    Not(String),
}

impl Engine {
    /// The cloud has made what an order is about, or could not. Told again it is as it is.
    pub fn order_made(&self, cloud: &str, order: &str, made: &Made) -> Result<OrderFacts, Refused> {
        let (order, made) = (order.to_owned(), made.clone());
        self.ask("order_made", cloud, move |work| {
            let (mut row, payer) = order_locked(work, &order)?;
            match (&made, row.state) {
                (Made::It, OrderState::Provisioning) => {
                    is_there(work, &mut row)?;
                    let facts = json!({ "order": row.id.to_string() });
                    work.notes.push(Note::new("order.made", format!("account {}", payer.name)).became(&facts));
                }
                (Made::Not(why), OrderState::Provisioning) => void(work, &mut row, why)?,
                (Made::It, OrderState::Active) | (Made::Not(_), OrderState::Voided) => {}
                _ => {
                    let what = format!("order {} is {}: there is nothing to make", row.name, row.state);
                    return Err(Refused::new(RefusalCode::Conflict, what));
                }
            }
            OrderFacts::read(work.tx, &row)
        })
    }

    /// Takes an order back before it is paid.
    pub fn cancel_order(&self, cloud: &str, order: &str) -> Result<OrderFacts, Refused> {
        let order = order.to_owned();
        self.ask("cancel_order", cloud, move |work| {
            let (mut row, _) = order_locked(work, &order)?;
            if row.state != OrderState::Cancelled {
                over(work, &mut row, OrderEvent::Cancel, "")?;
            }
            OrderFacts::read(work.tx, &row)
        })
    }
}

pub(super) fn is_there(work: &mut Work<'_, '_>, row: &mut PurchaseRow) -> Result<(), Refused> {
    step(row, OrderEvent::Provisioned)?;
    (row.valid_until, row.changed) = (None, work.now);
    work.tx.purchase_write(row)?;
    let asked = Asked::parse(&row.asked)?;
    if let Some(mut found) = super::subscription_named(work, &row.name)?
        && found.state == SubscriptionState::Pending
    {
        found.state = SubscriptionState::Running;
        work.tx.subscription_put(&found)?;
        raise(work, &found)?;
        space(work, &found)?;
    }
    coupon_used(work, row)?;
    let told = told(work, row, &asked)?;
    work.tell(Some(row.account), Event::OrderActive(told));
    Ok(())
}

/// What is bought of a space is measured under the name it was bought by.
fn space(work: &mut Work<'_, '_>, row: &SubscriptionRow) -> Result<(), Refused> {
    let product = super::agreement::product_of(work, row.product.as_str(), work.now)?;
    if product.size.is_some() {
        make_space(work, &product, (&row.name, row.account, row.project))?;
        bought_changed(work, &row.name)?;
    }
    Ok(())
}

/// Quotas that it raises for as long as it lasts (R46).
pub(super) fn raise(work: &mut Work<'_, '_>, row: &SubscriptionRow) -> Result<(), Refused> {
    let product = super::agreement::product_of(work, row.product.as_str(), work.now)?;
    let from = work.now;
    if !product.raises.is_empty() {
        raise_quota(work, row.account, &row.name, &product.raises, row.quantity, from, None)?;
    }
    Ok(())
}

/// What was reserved for an order that has come to something is used.
pub(super) fn coupon_used(work: &mut Work<'_, '_>, row: &PurchaseRow) -> Result<(), Refused> {
    let taken = coupon_of(work, row)?;
    use_reserved(work, &row.id.to_string(), taken)
}

/// What a coupon took off it: what was not paid, neither by money nor by credit.
fn coupon_of(work: &mut Work<'_, '_>, row: &PurchaseRow) -> Result<i64, Refused> {
    let mut by_credit = 0;
    for id in &row.transfers {
        let entry = work.tx.transfer(*id)?.ok_or_else(|| broken("an order whose transfer is gone"))?;
        let code = work.tx.account(entry.debit)?.map(|account| account.code).unwrap_or_default();
        if matches!(Chart::parse(&code), Some(Chart::Credit(_))) {
            by_credit += entry.amount;
        }
    }
    Ok((row.credit - by_credit).max(0))
}

/// Nobody paid it, or nobody wants it any more: what was begun of paying it goes back.
pub(super) fn over(
    work: &mut Work<'_, '_>,
    row: &mut PurchaseRow,
    event: OrderEvent,
    why: &str,
) -> Result<(), Refused> {
    step(row, event)?;
    release_reserved(work, &row.id.to_string())?; // R16
    unpay(work, row, "the order was not paid in full")?;
    (row.valid_until, row.changed, row.why) = (None, work.now, why.to_owned());
    row.awaits = String::new();
    work.tx.purchase_write(row)?;
    let asked = Asked::parse(&row.asked)?;
    let told = told(work, row, &asked)?;
    if event == OrderEvent::Expire {
        work.tell(Some(row.account), Event::OrderExpired(told));
    }
    Ok(())
}

/// A paid order that came to nothing.
pub(super) fn void(work: &mut Work<'_, '_>, row: &mut PurchaseRow, why: &str) -> Result<(), Refused> {
    step(row, OrderEvent::Fail)?;
    if row.kind == OrderKind::New
        && let Some(found) = super::subscription_named(work, &row.name)?
        && found.state == SubscriptionState::Pending
    {
        let mut agreement = Agreement::read(work, found)?;
        let at = agreement.row.began;
        agreement.agree(work, at, &Change::End)?;
        for place in 0..agreement.terms.len() {
            let mut term = agreement.terms[place].clone();
            nothing_of(&mut term);
            earn::settle(work, &mut term)?;
            work.tx.term_put(&term)?;
        }
        agreement.row.state = SubscriptionState::Ended;
        // Its name is free again: it never was.
        agreement.row.name = format!("{}~{}", agreement.row.name, row.id);
        agreement.row.due_at = None;
        work.tx.subscription_end(&agreement.row)?;
    }
    release_reserved(work, &row.id.to_string())?;
    unpay(work, row, why)?;
    (row.valid_until, row.changed, row.why) = (None, work.now, why.to_owned());
    work.tx.purchase_write(row)?;
    let asked = Asked::parse(&row.asked)?;
    let told = told(work, row, &asked)?;
    work.tell(Some(row.account), Event::OrderVoided(told));
    let facts = json!({ "order": row.id.to_string(), "why": why });
    let account = work.folio(row.account).payer.name.clone();
    work.notes.push(Note::new("order.voided", format!("account {account}")).became(&facts));
    Ok(())
}

/// Nothing of it was had.
fn nothing_of(term: &mut TermRow) {
    let start = term.had.start();
    (term.money.returned, term.money.cash_returned) = (term.money.value, term.money.cash);
    term.had = term.had.split_at(start).0;
}

/// What paid an order goes back: free credit into its lots, money to the balance.
fn unpay(work: &mut Work<'_, '_>, row: &mut PurchaseRow, reason: &str) -> Result<(), Refused> {
    let now = work.now;
    let made = std::mem::take(&mut row.transfers);
    let mut from_credit = 0;
    if !made.is_empty() {
        let mut lots = Vec::new();
        for id in &made {
            let entry = work.tx.transfer(*id)?.ok_or_else(|| broken("an order whose transfer is gone"))?;
            let code = work.tx.account(entry.debit)?.map(|account| account.code).unwrap_or_default();
            if matches!(Chart::parse(&code), Some(Chart::Credit(_))) {
                from_credit += entry.amount;
                lots.push((entry.debit, entry.amount));
            }
        }
        let mut ids = work.stamp_ids();
        let mut stamp = Stamp { ids: &mut ids, cause: None, effective: now.floor_second() };
        let command = posting::reversed(&mut stamp, &made);
        work.book(&[command])?;
        // What returns to a lot that has lapsed lapses again at once.
        let (commodity, promo_open) = (work.books()?.commodity, work.promo()?.0);
        for (credit, amount) in lots {
            if !work.folio(row.account).lots.iter().any(|lot| lot.ledger == credit) {
                let mut ids = work.stamp_ids();
                let mut stamp = Stamp { ids: &mut ids, cause: None, effective: now.floor_second() };
                let facts = FreeCredit { commodity, promo_open, credit, amount };
                let command = posting::credit_lapsed(&mut stamp, &facts);
                work.book(&[command])?;
            }
        }
    }
    if let Some(bill) = row.bill {
        credit_unpaid(work, bill, from_credit)?;
        let (_, document) = dues_of(work, bill)?;
        if document.paid == 0 {
            void_bill(work, bill)?;
        } else {
            let payer = work.folio(row.account).payer.clone();
            let wanted = Returned { bill, origin: format!("advance:{}", row.id), net: document.net, reason };
            return_of_bill(work, &payer, &wanted)?;
            // What a coupon had taken off was income of nobody.
            let rest = deferred_left(work, row)?;
            if rest > 0 {
                let (account, cash) = (deferred(work, row)?, payer.cash);
                let (commodity, promo_used) = (work.books()?.commodity, work.promo()?.1);
                let mut ids = work.stamp_ids();
                let mut stamp = Stamp { ids: &mut ids, cause: None, effective: now.floor_second() };
                let facts = TermEnded {
                    commodity,
                    deferred: account,
                    cash,
                    to_cash: 0,
                    revenue: promo_used,
                    fee: 0,
                    promo_used,
                    gift: rest,
                };
                let command = posting::term_ended(&mut stamp, &facts);
                work.book(&[command])?;
            }
        }
    }
    (row.credit, row.cash) = (0, 0);
    work.reload(row.account)?;
    Ok(())
}

fn deferred_left(work: &mut Work<'_, '_>, row: &PurchaseRow) -> Result<i64, Refused> {
    let account = deferred(work, row)?;
    Ok(work.tx.account(account)?.map_or(0, |account| account.account.balance()))
}

/// A pack is there as soon as it is paid: what paid the order goes on to stand for its units.
pub(super) fn deliver(
    work: &mut Work<'_, '_>,
    row: &PurchaseRow,
    asked: &Asked,
    product: &Product,
) -> Result<(), Refused> {
    let units = asked.pack.ok_or_else(|| broken("an order of a pack of nothing"))?;
    let paid_from = deferred(work, row)?;
    let pack = PaidPack {
        account: row.account,
        product: &product.id,
        units: Quantity::from_millionths(units),
        price: row.amount,
        paid_from,
        cause: None,
    };
    deliver_pack(work, &pack)?;
    coupon_used(work, row)
}
