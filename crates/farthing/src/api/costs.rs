//! Costs looked at: by product, project, resource, user or label, day by day, beside as many days before. The console's page asks the same.

use super::accounts::Named;
use super::asking::Path;
use super::blocking;
use super::caller::Reading;
use super::page::Asked;
use super::problem::{self, Problem};
use super::wire::Amount;
use axum::Json;
use farthing_core::cost::{CostFilter, CostGroup, GroupBy, PaidFrom};
use farthing_core::money::Currency;
use farthing_core::time::CivilDate;
use farthing_engine::{CostQuestion, CostsView, MonthView};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CostsAsked {
    /// The first day, in the account's zone; the first of this month when it is not said.
    #[param(example = "2026-11-01")]
    from: Option<String>,
    /// The last day, included; today when it is not said.
    #[param(example = "2026-11-30")]
    to: Option<String>,
    /// `product`, `project`, `resource`, `user`, or `label:` with the label's name.
    #[param(example = "product")]
    by: Option<String>,
    product: Option<String>,
    project: Option<String>,
    resource: Option<String>,
    /// Of this person only.
    user: Option<String>,
    /// Of resources in this state now.
    state: Option<String>,
    /// How it is charged: `running`, `usage`, `capacity`, `term`, `units` or `once`.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<String>,
    /// What paid: `cash`, `credit`, `debt` or `next_bill`. Amounts are then what that paid.
    paid: Option<String>,
    /// A label and what it says: `team=blue`.
    label: Option<String>,
}

/// What things cost: sealed charges and what is open now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Costs {
    account: String,
    /// The zone whose days these are.
    #[schema(example = "Europe/Berlin")]
    zone: String,
    #[schema(example = "product")]
    by: String,
    days: Vec<String>,
    /// The dearest first.
    groups: Vec<CostsGroup>,
    /// Without discounts.
    list: Amount,
    net: Amount,
    /// What as many days before cost together.
    before: Amount,
    month: CostsMonth,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CostsGroup {
    /// Empty: what belongs to none.
    #[schema(example = "gpu-pod")]
    name: String,
    list: Amount,
    net: Amount,
    /// As many days before.
    before: Amount,
    /// In the order of `days`.
    by_day: Vec<Amount>,
}

/// This month of the account, whatever was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CostsMonth {
    #[schema(example = "2026-11-01")]
    first: String,
    so_far: Amount,
    /// The month before, to the same day.
    before: Amount,
    /// All of the month before.
    before_whole: Amount,
    /// What the month will have cost if what runs and what was counted in the last seven days goes on.
    forecast: Amount,
}

/// What an account's things cost, grouped and day by day.
#[utoipa::path(get, path = "/v1/accounts/{account}/costs", tag = "charges", params(Named, CostsAsked),
    responses((status = OK, body = Costs), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(
    caller: Reading,
    Path(named): Path<Named>,
    Asked(asked): Asked<CostsAsked>,
) -> Result<Json<Costs>, Problem> {
    let answer = blocking(move || {
        let now = caller.engine.now()?;
        let month = caller.engine.month_of(&caller.cloud, &named.account, now)?;
        let question = asked.question(&month)?;
        let view = caller.engine.costs(&caller.cloud, &named.account, &question, now)?;
        Ok(costs(named.account, &question, &view, &month))
    })
    .await?;
    Ok(Json(answer))
}

impl CostsAsked {
    fn question(self, month: &MonthView) -> Result<CostQuestion, Problem> {
        let day = |text: Option<&String>, field: &str, otherwise: CivilDate| match text {
            None => Ok(otherwise),
            Some(text) => CivilDate::parse(text)
                .map_err(|error| Problem::new(problem::INVALID, format!("`{field}`: {error}")).field(field)),
        };
        let from = day(self.from.as_ref(), "from", month.month)?;
        let last = day(self.to.as_ref(), "to", month.today.max(from))?;
        let wrong = |field: &str, what: &str| Problem::new(problem::INVALID, what.to_owned()).field(field);
        let to = last.next_day().map_err(|error| wrong("to", &error.to_string()))?;
        let by = self.by.as_deref().unwrap_or("product");
        let by = GroupBy::parse(by)
            .ok_or_else(|| wrong("by", "`by` is product, project, resource, user, or label: with a label's name"))?;
        let paid = match self.paid.as_deref() {
            None => None,
            Some(text) => Some(
                PaidFrom::parse(text).ok_or_else(|| wrong("paid", "`paid` is one of cash, credit, debt, next_bill"))?,
            ),
        };
        let label = match self.label.as_deref() {
            None => None,
            Some(text) => {
                let (key, value) =
                    text.split_once('=').ok_or_else(|| wrong("label", "write a label like team=blue"))?;
                Some((key.to_owned(), value.to_owned()))
            }
        };
        let filter = CostFilter {
            product: self.product,
            project: self.project,
            resource: self.resource,
            person: self.user,
            state: self.state,
            kind: self.kind,
            paid,
            label,
            projects: None,
        };
        Ok(CostQuestion { from, to, by, filter })
    }
}

fn costs(account: String, question: &CostQuestion, view: &CostsView, month: &MonthView) -> Costs {
    let currency: Currency = view.currency;
    let amount = |units: i64| Amount::units(units, currency);
    let before = |key: &str| view.before.groups.iter().find(|group| group.key == key).map_or(0, |group| group.net);
    let group = |group: &CostGroup| CostsGroup {
        name: group.key.clone(),
        list: amount(group.list),
        net: amount(group.net),
        before: amount(before(&group.key)),
        by_day: group.by_day.iter().map(|units| amount(*units)).collect(),
    };
    Costs {
        account,
        zone: view.zone.name().to_owned(),
        by: question.by.name(),
        days: view.costs.days.iter().map(ToString::to_string).collect(),
        groups: view.costs.groups.iter().map(group).collect(),
        list: amount(view.costs.list),
        net: amount(view.costs.net),
        before: amount(view.before.net),
        month: CostsMonth {
            first: month.month.to_string(),
            so_far: amount(month.so_far),
            before: amount(month.before),
            before_whole: amount(month.before_whole),
            forecast: amount(month.forecast),
        },
    }
}
