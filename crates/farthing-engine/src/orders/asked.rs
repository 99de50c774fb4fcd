//! What was ordered and quoted, as it is kept: one JSON text, written once, by which everything that follows is done.

use crate::EngineError;
use crate::bills::broken;
use farthing_core::term::{Change, Key, Plan};
use farthing_core::time::{Instant, Period, Span};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) product: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) sku: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) addon: String,
    /// The name of what it is added to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) parent: String,
    #[serde(default)]
    pub(super) project: i64,
    pub(super) quantity: i64,
    /// How many periods are bought at once.
    pub(super) periods: i64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) properties: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) renew: String,
    /// For people.
    pub(super) text: String,
    /// What one period of all of it costs, and what the list says of it.
    pub(super) plan: PlanText,
    pub(super) list: i64,
    /// From when on it counts, in microseconds; none: from its payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<i64>,
    /// What is billed: of each plan in each period; empty where that is known only when it is paid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) parts: Vec<PartText>,
    /// Of a change: what is agreed once it is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) change: Option<ChangeText>,
    /// Units of a pack, in millionths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pack: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlanText {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) sku: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) fixed: bool,
    pub(super) price: i64,
    pub(super) quantity: i64,
    pub(super) every: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartText {
    pub(super) plan: PlanText,
    pub(super) period: (i64, i64),
    pub(super) had: (i64, i64),
    pub(super) amount: i64,
    /// Whose: 0: of the order's own.
    #[serde(default)]
    pub(super) subscription: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChangeText {
    Begin(PlanText),
    To(PlanText),
    Pause,
    Resume,
    End,
}

impl Asked {
    pub(super) fn text(&self) -> Result<String, EngineError> {
        serde_json::to_string(self).map_err(broken)
    }

    pub(super) fn parse(text: &str) -> Result<Asked, EngineError> {
        serde_json::from_str(text).map_err(|error| broken(format!("an order cannot be read: {error}")))
    }
}

impl PlanText {
    pub(super) fn of(plan: &Plan) -> PlanText {
        let Plan { name, sku, fixed, price, quantity, every } = plan.clone();
        PlanText { name, sku, fixed, price, quantity, every: every.to_string() }
    }

    pub(super) fn plan(&self) -> Result<Plan, EngineError> {
        let every = Span::parse(&self.every).map_err(broken)?;
        let PlanText { name, sku, fixed, price, quantity, .. } = self.clone();
        Ok(Plan { name, sku, fixed, price, quantity, every })
    }

    pub(super) fn text(&self) -> Result<String, EngineError> {
        serde_json::to_string(self).map_err(broken)
    }

    pub(super) fn parse(text: &str) -> Result<Plan, EngineError> {
        let read: PlanText =
            serde_json::from_str(text).map_err(|error| broken(format!("a plan cannot be read: {error}")))?;
        read.plan()
    }
}

impl PartText {
    pub(super) fn of(key: &Key, had: Period, amount: i64, subscription: i64) -> PartText {
        let pair = |period: Period| (period.start().micros(), period.end().micros());
        PartText { plan: PlanText::of(&key.plan), period: pair(key.period), had: pair(had), amount, subscription }
    }

    pub(super) fn key(&self) -> Result<Key, EngineError> {
        Ok(Key { period: period_of(self.period)?, plan: self.plan.plan()? })
    }

    pub(super) fn had(&self) -> Result<Period, EngineError> {
        period_of(self.had)
    }
}

fn period_of((from, to): (i64, i64)) -> Result<Period, EngineError> {
    Period::try_new_or_empty(Instant::from_micros(from), Instant::from_micros(to)).map_err(broken)
}

impl ChangeText {
    pub(super) fn of(change: &Change) -> ChangeText {
        match change {
            Change::Begin(plan) => ChangeText::Begin(PlanText::of(plan)),
            Change::To(plan) => ChangeText::To(PlanText::of(plan)),
            Change::Pause => ChangeText::Pause,
            Change::Resume => ChangeText::Resume,
            Change::End => ChangeText::End,
        }
    }

    pub(super) fn change(&self) -> Result<Change, EngineError> {
        Ok(match self {
            ChangeText::Begin(plan) => Change::Begin(plan.plan()?),
            ChangeText::To(plan) => Change::To(plan.plan()?),
            ChangeText::Pause => Change::Pause,
            ChangeText::Resume => Change::Resume,
            ChangeText::End => Change::End,
        })
    }

    pub(super) fn text(&self) -> Result<String, EngineError> {
        serde_json::to_string(self).map_err(broken)
    }

    pub(super) fn parse(text: &str) -> Result<Change, EngineError> {
        let read: ChangeText =
            serde_json::from_str(text).map_err(|error| broken(format!("an agreement cannot be read: {error}")))?;
        read.change()
    }
}
