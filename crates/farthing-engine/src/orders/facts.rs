//! Orders and subscriptions as their callers see them.

use super::agreement::Agreement;
use super::asked::{Asked, PlanText};
use crate::bills::broken;
use crate::folio::Work;
use crate::{Engine, Refused};
use farthing_core::money::Money;
use farthing_core::term::OrderState;
use farthing_core::time::Instant;
use farthing_store::{PurchaseRow, Tx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFacts {
    pub id: String,
    pub name: String,
    pub account: String,
    pub kind: String,
    pub state: String,
    pub product: String,
    pub sku: String,
    pub addon: String,
    pub parent: String,
    pub quantity: i64,
    pub periods: i64,
    pub properties: BTreeMap<String, String>,
    /// Before discounts, of one period.
    pub list: String,
    /// What it costs, without tax.
    pub amount: String,
    pub currency: String,
    /// What of that free credit and coupons paid, and what money did.
    pub credit: String,
    pub cash: String,
    pub bill: Option<String>,
    pub ordered: String,
    /// Paid, or made, by then.
    pub until: Option<String>,
    /// Why it ended as it did; may be empty.
    pub why: String,
    /// Where the list goes on.
    pub number: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionFacts {
    pub name: String,
    pub account: String,
    pub project: Option<String>,
    pub product: String,
    pub sku: String,
    pub addon: String,
    pub parent: Option<String>,
    pub quantity: i64,
    pub state: String,
    pub at_expiry: String,
    pub began: String,
    pub paid_to: String,
    /// When something happens to it next by itself.
    pub next: Option<String>,
    /// Of one period at the plan that is in force.
    pub price: String,
    pub currency: String,
    pub terms: Vec<TermFacts>,
}

/// The money of a plan in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermFacts {
    pub order: String,
    pub plan: String,
    pub quantity: i64,
    pub from: String,
    pub to: String,
    pub value: String,
    /// What of the value was paid by money.
    pub cash: String,
    pub returned: String,
    pub earned: String,
}

impl OrderFacts {
    pub(super) fn read(tx: &mut Tx<'_>, row: &PurchaseRow) -> Result<OrderFacts, Refused> {
        let asked = Asked::parse(&row.asked)?;
        let payer = tx.payers(&[row.account])?.pop().ok_or_else(|| broken("an order of nobody"))?;
        let currency = tx.account_currency(payer.cash)?.ok_or_else(|| broken("an account in no currency"))?;
        let money = |units: i64| Money::from_units(units, currency).plain();
        Ok(OrderFacts {
            id: row.id.to_string(),
            name: row.name.clone(),
            account: payer.name,
            kind: row.kind.name().to_owned(),
            state: row.state.name().to_owned(),
            product: asked.product,
            sku: asked.sku,
            addon: asked.addon,
            parent: asked.parent,
            quantity: asked.quantity,
            periods: asked.periods,
            properties: asked.properties,
            list: money(asked.list),
            amount: money(row.amount),
            currency: currency.code().to_owned(),
            credit: money(row.credit),
            cash: money(row.cash),
            bill: row.bill.map(|bill| bill.to_string()),
            ordered: row.ordered.to_string(),
            until: row.valid_until.as_ref().map(Instant::to_string),
            why: row.why.clone(),
            number: row.number,
        })
    }
}

impl SubscriptionFacts {
    pub(super) fn read(work: &mut Work<'_, '_>, agreement: &Agreement) -> Result<SubscriptionFacts, Refused> {
        let row = agreement.row.clone();
        let currency = work.currency();
        let money = |units: i64| Money::from_units(units, currency).plain();
        let parent = if row.parent == 0 { None } else { work.tx.subscription(row.parent)?.map(|parent| parent.name) };
        let project = if row.project == 0 { None } else { work.tx.project_name(row.project)? };
        let plan = agreement.plan_at(work.now)?;
        let price = plan.map_or(Ok(0), |plan| plan.worth(currency).map(Money::units)).map_err(broken)?;
        let mut terms = Vec::with_capacity(agreement.terms.len());
        for term in &agreement.terms {
            let plan = PlanText::parse(&term.plan)?;
            terms.push(TermFacts {
                order: term.purchase.to_string(),
                plan: plan.name,
                quantity: plan.quantity,
                from: term.had.start().to_string(),
                to: term.had.end().to_string(),
                value: money(term.money.value),
                cash: money(term.money.cash),
                returned: money(term.money.returned),
                earned: money(term.earned),
            });
        }
        Ok(SubscriptionFacts {
            name: row.name,
            account: work.folio(row.account).payer.name.clone(),
            project,
            product: row.product.to_string(),
            sku: row.sku,
            addon: row.addon,
            parent,
            quantity: row.quantity,
            state: row.state.name().to_owned(),
            at_expiry: row.renew.word().to_owned(),
            began: row.began.to_string(),
            paid_to: row.paid_to.to_string(),
            next: row.due_at.as_ref().map(Instant::to_string),
            price: money(price),
            currency: currency.code().to_owned(),
            terms,
        })
    }
}

impl Engine {
    /// By its id, or the newest of that name.
    pub fn order(&self, cloud: &str, order: &str) -> Result<OrderFacts, Refused> {
        self.store.read("order", |tx| {
            let found = match farthing_core::term::OrderId::parse(order) {
                Ok(id) => tx.purchase(id)?.filter(|row| row.cloud == cloud),
                Err(_) => tx.purchase_by_name(cloud, order)?,
            };
            OrderFacts::read(tx, &found.ok_or_else(|| Refused::not_found("order", order))?)
        })
    }

    /// A cloud's orders, the newest first: those before a number.
    pub fn orders(
        &self,
        cloud: &str,
        account: Option<&str>,
        state: Option<OrderState>,
        before: Option<i64>,
        most: usize,
    ) -> Result<Vec<OrderFacts>, Refused> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.store.read("orders", |tx| {
            let account = match account {
                None => None,
                Some(name) => {
                    Some(tx.payer_by_name(cloud, name)?.ok_or_else(|| Refused::not_found("account", name))?.id)
                }
            };
            let rows = tx.purchases(cloud, account, state, before.unwrap_or(i64::MAX), most)?;
            rows.iter().map(|row| OrderFacts::read(tx, row)).collect()
        })
    }

    pub fn subscription(&self, cloud: &str, name: &str) -> Result<SubscriptionFacts, Refused> {
        self.look(cloud, |work| {
            let row = super::subscription_named(work, name)?.ok_or_else(|| Refused::not_found("subscription", name))?;
            work.load(&[row.account])?;
            let agreement = Agreement::read(work, row)?;
            SubscriptionFacts::read(work, &agreement)
        })
    }

    /// What an account has for a time, ended or not.
    pub fn subscriptions(&self, cloud: &str, account: &str) -> Result<Vec<SubscriptionFacts>, Refused> {
        self.look(cloud, |work| {
            let payer = crate::open_project::account_ever(work, account)?;
            work.load(&[payer.id])?;
            let mut all = Vec::new();
            for row in work.tx.subscriptions_of(payer.id)? {
                let agreement = Agreement::read(work, row)?;
                all.push(SubscriptionFacts::read(work, &agreement)?);
            }
            Ok(all)
        })
    }
}
