//! Scenarios' words about trials, limits and quotas, said to the engine.

use super::command::{BudgetAsked, BudgetSet};
use super::engine::{EngineStage, told};
use super::stage::{Answer, Done, QuotaAsked, QuotaPart, StageError};
use farthing_core::config::Size;
use farthing_core::measure::Quantity;
use farthing_core::money::Money;
use farthing_engine::{LimitsOf, NewBudget, NewLimits, NewReservation, NewTrial, TrialCard};

/// What a line sets; what it does not name stays.
#[derive(Clone, Debug, Default)]
#[expect(clippy::option_option, reason = "not named, or named `off`, or an amount")]
pub(super) struct LimitsSet {
    /// Of one member; none: of everybody together.
    pub(super) member: Option<String>,
    pub(super) month: Option<Option<Money>>,
    pub(super) hour: Option<Option<Money>>,
}

impl EngineStage {
    pub(super) fn trial(&mut self, account: &str, method: Option<&str>) -> Done {
        let card = method.map(|method| TrialCard::Token(method.to_owned()));
        let wanted = NewTrial { account: account.to_owned(), card, ..NewTrial::default() };
        let begun = self.engine().begin_trial(&self.cloud, &wanted);
        self.done(begun.map(drop))
    }

    pub(super) fn limit(&mut self, account: &str, set: LimitsSet) -> Done {
        let of = LimitsOf { account: account.to_owned(), project: None, person: set.member };
        let known = self.engine().limits(&self.cloud, &of).map_err(told)?;
        let currency = self.engine().cloud_facts(&self.cloud).map_err(told)?.currency;
        let was = |units: Option<i64>| units.map(|units| Money::from_units(units, currency));
        let limits =
            NewLimits { of, month: set.month.unwrap_or(was(known.month)), hour: set.hour.unwrap_or(was(known.hour)) };
        let set = self.engine().set_limits(&self.cloud, &limits);
        self.done(set.map(drop))
    }

    pub(super) fn set_budget(&mut self, asked: &BudgetAsked) -> Done {
        let BudgetAsked { account, name, set } = asked.clone();
        let Some(BudgetSet { project, label, month, steps }) = set else {
            let dropped = self.engine().drop_budget(&self.cloud, &account, &name);
            return self.done(dropped);
        };
        let wanted = NewBudget { account, name, project, label, month, steps };
        let set = self.engine().set_budget(&self.cloud, &wanted);
        self.done(set.map(drop))
    }

    pub(super) fn reserve(&mut self, name: &str, account: &str, product: &str, meters: &[(String, Size)]) -> Done {
        let wanted = NewReservation {
            account: account.to_owned(),
            name: name.to_owned(),
            product: product.to_owned(),
            uses: meters.iter().map(|(meter, size)| (meter.clone(), size.quantity)).collect(),
        };
        let reserved = self.engine().reserve_quota(&self.cloud, &wanted);
        self.done(reserved.map(drop))?;
        self.reserved.insert(name.to_owned(), account.to_owned());
        Ok(())
    }

    pub(super) fn quota(&self, asked: &QuotaAsked) -> Result<Answer, StageError> {
        let all = self.engine().quotas(&self.cloud, &asked.account, asked.product.as_deref()).map_err(told)?;
        let mut named = all.iter().filter(|facts| asked.quota.as_ref().is_none_or(|quota| facts.quota == *quota));
        let (Some(facts), None) = (named.next(), named.next()) else {
            let known: Vec<String> =
                all.iter().map(|facts| format!("product={} quota={}", facts.product, facts.quota)).collect();
            let what = format!("say which quota of {}: {}", asked.account, known.join(", "));
            return Err(StageError::refused("not_found", what));
        };
        Ok(Answer::Number(match asked.part {
            QuotaPart::Left => facts.left(),
            QuotaPart::Limit => Quantity::from_millionths(facts.limit),
            QuotaPart::Used => Quantity::from_millionths(facts.used),
        }))
    }
}
