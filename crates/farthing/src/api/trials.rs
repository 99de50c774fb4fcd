//! Trials: begun once for each customer, looked at, ended by an operator.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Administering, Reading, Writing};
use super::payments::currency_of;
use super::problem::{self, Problem};
use super::wire::{Amount, maybe_written, some_text, time_of_micros, written};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::money::Currency;
use farthing_core::payment::MethodId;
use farthing_engine::{NewTrial as EngineTrial, TrialCard, TrialFacts};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTrial {
    /// The kept method that it is opened with; all that are kept are looked at anyway.
    method: Option<String>,
    /// The member who asks: their role in the account has to be `payer` or `owner`.
    #[schema(max_length = 200)]
    person: Option<String>,
    /// Whether you have verified who the customer is.
    verified: Option<bool>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndedTrial {
    /// Why, for the audit log.
    #[schema(example = "it mines coins", min_length = 1, max_length = 1000)]
    why: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trial {
    account: String,
    /// `running`, `converting`, `converted`, `ended`, `run_out` or `destroyed`.
    state: String,
    credit: Amount,
    /// What of it can still be spent.
    left: Amount,
    #[schema(format = DateTime)]
    began_at: String,
    /// When it is over at the latest.
    #[schema(format = DateTime)]
    ends_at: String,
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// `used`: its credit was; `over`: its time; `stopped`: somebody ended it.
    why: Option<String>,
    /// When what was made in it is to be destroyed, unless something pays before then.
    #[schema(format = DateTime)]
    destroy_at: Option<String>,
}

/// Gives an account its trial. Who may not have one is answered `not_eligible`, and why.
#[utoipa::path(post, path = "/v1/accounts/{account}/trial", tag = "money", params(Named, IdempotencyKey),
    request_body = NewTrial, responses((status = CREATED, body = Trial), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn begin(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewTrial>,
) -> Result<(StatusCode, Json<Trial>), Problem> {
    maybe_written(body.person.as_ref(), 200, "person")?;
    let method = |text: &String| {
        MethodId::parse(text).map_err(|_| Problem::new(problem::NOT_FOUND, format!("there is no method {text:?}")))
    };
    let wanted = EngineTrial {
        account: named.account,
        card: body.method.as_ref().map(method).transpose()?.map(TrialCard::Method),
        person: body.person,
        verified: body.verified,
    };
    let begun = blocking(move || {
        let facts = caller.engine_for(Some(once)).begin_trial(&caller.cloud, &wanted)?;
        Ok(trial(facts, currency_of(&caller)?))
    });
    Ok((StatusCode::CREATED, Json(begun.await?)))
}

/// An account's trial.
#[utoipa::path(get, path = "/v1/accounts/{account}/trial", tag = "money", params(Named),
    responses((status = OK, body = Trial), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<Named>) -> Result<Json<Trial>, Problem> {
    let answer = blocking(move || {
        let facts = caller.engine.trial(&caller.cloud, &named.account)?;
        Ok(trial(facts, currency_of(&caller)?))
    });
    Ok(Json(answer.await?))
}

/// Ends a trial now, where somebody misuses it: what is left of its credit is gone, and what was made in it is suspended. Nobody is charged.
#[utoipa::path(post, path = "/v1/accounts/{account}/trial/end", tag = "money", params(Named, IdempotencyKey),
    request_body = EndedTrial, responses((status = OK, body = Trial), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn end(
    caller: Administering,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<EndedTrial>,
) -> Result<Json<Trial>, Problem> {
    written(&body.why, 1_000, "why")?;
    let ended = blocking(move || {
        let facts = caller.engine_for(Some(once)).end_trial(&caller.cloud, &named.account, &body.why)?;
        Ok(trial(facts, currency_of(&caller)?))
    });
    Ok(Json(ended.await?))
}

fn trial(facts: TrialFacts, currency: Currency) -> Trial {
    Trial {
        account: facts.account,
        state: facts.state,
        credit: Amount::units(facts.credit, currency),
        left: Amount::units(facts.left, currency),
        began_at: time_of_micros(facts.began),
        ends_at: time_of_micros(facts.ends),
        ended_at: facts.ended.map(time_of_micros),
        why: some_text(facts.why),
        destroy_at: facts.destroy_at.map(time_of_micros),
    }
}
