//! Budgets: what the months of an account, of a project of it or of a label may cost, and what happens on the way there.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::payments::currency_of;
use super::problem::Problem;
use super::wire::Amount;
use axum::Json;
use farthing_core::budget::{Does, Of, Step};
use farthing_core::money::Currency;
use farthing_engine::{BudgetFacts, NewBudget as EngineBudget, StepFacts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBudget {
    /// Of one project of the account; all of it when it is not said.
    project: Option<String>,
    /// Of what has this label, with this value: one of them.
    #[serde(default)]
    #[schema(example = json!({ "team": "blue" }))]
    label: BTreeMap<String, String>,
    /// What a calendar month of the account's zone may cost.
    month: Amount,
    /// What happens on the way there. Not said: it is told at 50, 80 and 100 % of what it costs, and when 100 % are foretold.
    #[schema(min_items = 1, max_items = 16)]
    steps: Option<Vec<NewStep>>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewStep {
    /// Of the month's amount.
    #[schema(minimum = 1, maximum = 1000, example = 80)]
    percent: u16,
    #[serde(default)]
    of: StepOf,
    #[serde(default)]
    action: Action,
}

/// `forecast` is looked at when something begins or ends, and once a day; nothing is stopped because of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepOf {
    #[default]
    Actual,
    Forecast,
}

/// `block`: nothing new begins until the month is over. `stop`: and what runs is stopped until then, where it can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    #[default]
    Notify,
    Block,
    Stop,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Budget {
    account: String,
    name: String,
    project: Option<String>,
    label: BTreeMap<String, String>,
    month: Amount,
    steps: Vec<BudgetStep>,
    /// What this month has cost so far.
    spent: Amount,
    /// What it will have cost, as things run now; where no step asks for it, what it has cost.
    forecast: Amount,
    /// Nothing new begins in it until the month is over.
    blocked: bool,
    /// What runs in it was stopped.
    stopped: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BudgetStep {
    percent: u16,
    /// `actual` or `forecast`.
    of: String,
    /// `notify`, `block` or `stop`.
    action: String,
    /// It was told this month.
    told: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Budgets {
    budgets: Vec<Budget>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dropped {
    dropped: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfBudget {
    account: String,
    /// What the account calls it.
    #[param(example = "team-blue")]
    budget: String,
}

/// An account's budgets, and how they stand now.
#[utoipa::path(get, path = "/v1/accounts/{account}/budgets", tag = "accounts", params(Named),
    responses((status = OK, body = Budgets), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(caller: Reading, Path(named): Path<Named>) -> Result<Json<Budgets>, Problem> {
    let answer = blocking(move || {
        let all = caller.engine.budgets(&caller.cloud, &named.account)?;
        let currency = currency_of(&caller)?;
        Ok(Budgets { budgets: all.into_iter().map(|facts| budget(facts, currency)).collect() })
    });
    Ok(Json(answer.await?))
}

/// Makes a budget, or changes the one of this name as a whole.
///
/// What is reached already is told at once; of what was told before a change nobody hears again. Whoever raises one that has stopped
/// something lets it run again.
#[utoipa::path(put, path = "/v1/accounts/{account}/budgets/{budget}", tag = "accounts", params(OfBudget, IdempotencyKey),
    request_body = NewBudget, responses((status = OK, body = Budget), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn set(
    caller: Writing,
    Path(of): Path<OfBudget>,
    Asking { body, once }: Asking<NewBudget>,
) -> Result<Json<Budget>, Problem> {
    if body.label.len() > 1 {
        return Err(Problem::new(super::problem::INVALID, "a budget is of one label at most").field("label"));
    }
    let wanted = EngineBudget {
        account: of.account,
        name: of.budget,
        project: body.project,
        label: body.label.into_iter().next(),
        month: body.month.money("month")?,
        steps: body.steps.map_or_else(usual, |steps| steps.into_iter().map(step).collect()),
    };
    let done = blocking(move || {
        let facts = caller.engine_for(Some(once)).set_budget(&caller.cloud, &wanted)?;
        Ok(budget(facts, currency_of(&caller)?))
    });
    Ok(Json(done.await?))
}

/// Drops a budget: what it has stopped runs again.
#[utoipa::path(delete, path = "/v1/accounts/{account}/budgets/{budget}", tag = "accounts", params(OfBudget, IdempotencyKey),
    responses((status = OK, body = Dropped), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn remove(
    caller: Writing,
    Path(of): Path<OfBudget>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Dropped>, Problem> {
    let done =
        blocking(move || Ok(caller.engine_for(Some(once)).drop_budget(&caller.cloud, &of.account, &of.budget)?));
    done.await?;
    Ok(Json(Dropped { dropped: true }))
}

/// What a budget does where nobody says.
pub(crate) fn usual() -> Vec<Step> {
    let told = [(Of::Actual, 50), (Of::Actual, 80), (Of::Actual, 100), (Of::Forecast, 100)];
    told.map(|(of, percent)| Step { of, percent, does: Does::Notify }).into()
}

fn step(asked: NewStep) -> Step {
    let of = match asked.of {
        StepOf::Actual => Of::Actual,
        StepOf::Forecast => Of::Forecast,
    };
    let does = match asked.action {
        Action::Notify => Does::Notify,
        Action::Block => Does::Block,
        Action::Stop => Does::Stop,
    };
    Step { of, percent: asked.percent, does }
}

fn budget(facts: BudgetFacts, currency: Currency) -> Budget {
    let amount = |units: i64| Amount::units(units, currency);
    let told = |StepFacts { of, percent, does, told }| BudgetStep { percent, of, action: does, told };
    Budget {
        account: facts.account,
        name: facts.name,
        project: facts.project,
        label: facts.label.into_iter().collect(),
        month: amount(facts.month),
        steps: facts.steps.into_iter().map(told).collect(),
        spent: amount(facts.spent),
        forecast: amount(facts.forecast),
        blocked: facts.blocked,
        stopped: facts.stopped,
    }
}
