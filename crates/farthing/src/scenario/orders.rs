//! Scenarios' words about what is bought ahead, said to the engine; and the cloud that makes what is paid.

use super::command::{Answering, NewOrder, Ordered, Ordering, Place, When};
use super::engine::{EngineStage, broken, told};
use super::stage::{Done, StageError};
use farthing_core::policy::Channel;
use farthing_core::term::OrderState;
use farthing_core::time::Instant;
use farthing_engine::{Made, NewChange, NewOrderPayment, PayBillBy, PayBy, Wanted};

/// How the cloud makes what is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Provisioning(Answering);

impl Default for Provisioning {
    fn default() -> Provisioning {
        Provisioning(Answering::On)
    }
}

/// As many orders of a story as wait at once.
const MOST: usize = 500;

impl EngineStage {
    pub(super) fn ordering(&mut self, asked: &Ordering) -> Done {
        match asked {
            Ordering::Order(order) => self.order(order),
            Ordering::Pay { order, method, coupon, credit } => {
                let by = match method.as_deref() {
                    None | Some("balance") => PayBillBy::Balance,
                    Some(method) => PayBillBy::Provider(
                        Channel::parse(method).map_or_else(|| PayBy::Token(method.to_owned()), PayBy::Page),
                    ),
                };
                let payment = NewOrderPayment {
                    order: order.clone(),
                    by,
                    coupon: coupon.clone(),
                    credit: credit.clone(),
                    keep: false,
                    back: String::new(),
                };
                let paid = self.engine().pay_order(&self.cloud, &payment);
                self.done(paid.map(drop))
            }
            Ordering::Cancel { order, when } => {
                let runs = self.subscribed(order)?;
                let done = if runs {
                    let when = match when {
                        None | Some(When::Now) => farthing_engine::When::Now,
                        Some(When::AtTheEnd) => farthing_engine::When::AtTheEnd,
                    };
                    self.engine().end_subscription(&self.cloud, order, when).map(drop)
                } else {
                    self.engine().cancel_order(&self.cloud, order).map(drop)
                };
                self.done(done)
            }
            Ordering::Expire { name, becomes } => {
                let chosen = self.engine().choose_at_expiry(&self.cloud, name, *becomes);
                self.done(chosen.map(drop))
            }
            Ordering::Provisions(answering) => {
                self.provisioning = Provisioning(*answering);
                self.others_act().map(drop)
            }
        }
    }

    fn order(&mut self, order: &NewOrder) -> Done {
        let (project, account) = match &order.place {
            Some(Place::Project(project)) => (Some(project.clone()), None),
            Some(Place::Account(account)) => (None, Some(account.clone())),
            None => (None, None),
        };
        let wanted = match &order.what {
            Ordered::Product { product, sku } => Wanted::Product { product: product.clone(), sku: sku.clone() },
            Ordered::Addon { addon, parent } => Wanted::Addon { addon: addon.clone(), parent: parent.clone() },
        };
        let mut properties = order.properties.clone();
        let periods = properties.remove("periods").and_then(|periods| periods.parse().ok()).unwrap_or(1);
        let new = farthing_engine::NewOrder {
            name: order.name.clone(),
            account,
            project,
            wanted,
            quantity: order.quantity.map_or(1, |quantity| quantity.millionths() / 1_000_000),
            periods,
            renew: order.renew,
            properties,
        };
        let placed = self.engine().place_order(&self.cloud, &new);
        self.done(placed.map(drop))
    }

    /// Another plan of something that runs for a time; whether it is such a thing.
    pub(super) fn resized(&mut self, name: &str, sku: Option<&str>, quantity: Option<i64>) -> Option<Done> {
        match self.subscribed(name) {
            Ok(false) => None,
            Err(error) => Some(Err(error)),
            Ok(true) => {
                let change = NewChange::Plan { sku: sku.map(str::to_owned), quantity };
                let changed = self.engine().change_subscription(&self.cloud, name, &change, farthing_engine::When::Now);
                Some(self.done(changed.map(drop)))
            }
        }
    }

    pub(super) fn subscribed(&self, name: &str) -> Result<bool, StageError> {
        let found = self.engine().store().read("subscribed", |tx| tx.subscription_by_name(&self.cloud, name));
        Ok(found.map_err(broken)?.is_some())
    }

    /// Where an order stands, by its own word.
    pub(super) fn order_state(&self, name: &str) -> Result<String, StageError> {
        Ok(self.engine().order(&self.cloud, name).map_err(told)?.state)
    }

    /// Where what was ordered stands: what runs for a time, or an order of it that is not there yet.
    pub(super) fn ordered_state(&self, name: &str) -> Result<String, StageError> {
        if self.subscribed(name)? {
            return Ok(self.engine().subscription(&self.cloud, name).map_err(told)?.state);
        }
        let state = self.order_state(name)?;
        Ok(match OrderState::parse(&state) {
            Some(OrderState::Due | OrderState::Provisioning) => "pending".to_owned(),
            Some(OrderState::Active) => "running".to_owned(),
            Some(OrderState::Expired) => "expired".to_owned(),
            Some(OrderState::Cancelled | OrderState::Voided) | None => "deleted".to_owned(),
        })
    }

    /// The cloud makes what is paid, or cannot; and when it makes the next by itself.
    pub(super) fn make_what_is_due(&mut self) -> Result<Option<Instant>, StageError> {
        let now = self.engine().now().map_err(broken)?;
        while let Some((order, at)) = self.made_next()? {
            if at > now {
                break;
            }
            let made = match self.provisioning.0 {
                Answering::Fail => Made::Not("the cloud could not make it".to_owned()),
                Answering::On | Answering::After(_) => Made::It,
                Answering::Off => break,
            };
            self.engine().order_made(&self.cloud, &order, &made).map_err(told)?;
            self.engine().run_due().map_err(broken)?;
        }
        Ok(self.made_next()?.map(|(_, at)| at).filter(|at| *at > now))
    }

    /// Which order is made next, and when.
    pub(super) fn made_next(&self) -> Result<Option<(String, Instant)>, StageError> {
        let after = match self.provisioning.0 {
            Answering::Off => return Ok(None),
            Answering::On | Answering::Fail => farthing_core::time::Duration::ZERO,
            Answering::After(after) => after,
        };
        let waiting = self.engine().store().read("provisioning", |tx| {
            let most = i64::try_from(MOST).unwrap_or(i64::MAX);
            tx.purchases(&self.cloud, None, Some(OrderState::Provisioning), i64::MAX, most)
        });
        let next = waiting.map_err(broken)?.into_iter().filter_map(|row| {
            let at = row.changed.checked_add(after).ok()?;
            Some((row.id.to_string(), at))
        });
        Ok(next.min_by_key(|(id, at)| (*at, id.clone())))
    }
}
