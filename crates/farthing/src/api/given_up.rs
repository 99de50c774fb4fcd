//! What was to be asked of a payment provider and was given up: it waits for an operator, who has it asked again.

use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::Administering;
use super::page::{Asked, Page, Paging, cursor_of};
use super::payments::Decision;
use super::problem::{self, Problem};
use super::wire::{time_of_micros, written};
use axum::Json;
use farthing_engine::GivenUp as EngineGivenUp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Something that a provider was not asked, or did not answer, until it was given up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GivenUp {
    id: String,
    account: String,
    #[schema(example = "stripe")]
    provider: String,
    /// `charge`, `page` (of a payment), `look` (what became of it), `refund`, `set_up` or `detach` (of a method).
    #[schema(example = "refund")]
    what: String,
    /// The id of the payment, refund or method that it is about.
    #[schema(example = "rf_01m0abw8g0tfjbn245fasf0w43")]
    subject: String,
    attempts: i64,
    #[schema(format = DateTime)]
    first_asked_at: Option<String>,
    /// What went wrong last.
    why: String,
    /// Whether there is anything left to ask; false: what it is about has ended, or it is asked again.
    open: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ErrandNamed {
    /// Its id.
    #[param(example = "7245938471923")]
    errand: String,
}

/// What was given up, the newest first.
#[utoipa::path(get, path = "/v1/given-up", tag = "payments", params(Paging),
    responses((status = OK, body = Page<GivenUp>), (status = "default", body = Problem)), security(("key" = ["admin"])))]
pub(crate) async fn list(caller: Administering, Asked(paging): Asked<Paging>) -> Result<Json<Page<GivenUp>>, Problem> {
    let (limit, before) = (paging.limit()?, paging.number()?);
    let rows = blocking(move || Ok(caller.engine.given_up(&caller.cloud, before, limit + 1)?)).await?;
    Ok(Json(Page::of(rows, limit, |row| cursor_of(row.number), given_up)))
}

/// Has it asked again, once you have looked at the provider.
///
/// Of a charge it is asked what became of it: it is never charged anew. Everything else is asked with the key it had; a provider that has forgotten
/// the key may do it twice, so look there first.
#[utoipa::path(post, path = "/v1/given-up/{errand}/ask-again", tag = "payments", params(ErrandNamed, IdempotencyKey),
    request_body = Decision, responses((status = OK, body = GivenUp), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn ask_again(
    caller: Administering,
    Path(named): Path<ErrandNamed>,
    Asking { body, once }: Asking<Decision>,
) -> Result<Json<GivenUp>, Problem> {
    written(&body.note, 1_000, "note")?;
    let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no errand {:?}", named.errand));
    let number: i64 = named.errand.parse().map_err(unknown)?;
    let done = blocking(move || Ok(caller.engine_for(Some(once)).ask_again(&caller.cloud, number, &body.note)?));
    Ok(Json(given_up(done.await?)))
}

fn given_up(facts: EngineGivenUp) -> GivenUp {
    GivenUp {
        id: facts.number.to_string(),
        account: facts.account,
        provider: facts.provider,
        what: facts.what,
        subject: facts.subject,
        attempts: facts.attempts,
        first_asked_at: facts.first.map(time_of_micros),
        why: facts.why,
        open: facts.open,
    }
}
