//! Where money is only pretended: what customers and their banks do, done by hand. Refused wherever money is real.

use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::Writing;
use super::payments::{Payment, PaymentNamed, currency_of, payment};
use super::problem::{self, Problem};
use super::wire::Amount;
use axum::Json;
use farthing_core::payment::sandbox;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Simulation {
    deed: Deed,
    /// What they pay, where their wallet holds another currency than the account's; only with `pay`.
    paid: Option<Amount>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deed {
    /// The customer pays.
    Pay,
    /// They do not.
    TurnAway,
    /// Their bank returns it.
    Return,
    /// They complain at their bank.
    Dispute,
    /// And that ends well for you.
    WinDispute,
    /// Or not.
    LoseDispute,
}

impl Deed {
    const fn core(self) -> sandbox::Deed {
        match self {
            Deed::Pay => sandbox::Deed::Pay,
            Deed::TurnAway => sandbox::Deed::TurnAway,
            Deed::Return => sandbox::Deed::Return,
            Deed::Dispute => sandbox::Deed::Dispute,
            Deed::WinDispute => sandbox::Deed::WinDispute,
            Deed::LoseDispute => sandbox::Deed::LoseDispute,
        }
    }
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sandbox {
    mood: Mood,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mood {
    /// It answers by the method that pays.
    Well,
    /// It declines everything.
    Declines,
    /// It does what it is asked, and its answers are lost.
    TimesOut,
    /// It is set up wrong: whatever it is asked it never does.
    Broken,
    /// It does not tell by itself what customers do on pages and with codes: it is found out by asking.
    Silent,
}

impl Mood {
    const fn core(self) -> sandbox::Mood {
        match self {
            Mood::Well => sandbox::Mood::Well,
            Mood::Declines => sandbox::Mood::Declines,
            Mood::TimesOut => sandbox::Mood::TimesOut,
            Mood::Broken => sandbox::Mood::Broken,
            Mood::Silent => sandbox::Mood::Silent,
        }
    }
}

/// Makes something happen to a payment whose money is only pretended.
#[utoipa::path(post, path = "/v1/payments/{payment}/simulate", tag = "payments", params(PaymentNamed, IdempotencyKey),
    request_body = Simulation, responses((status = OK, body = Payment), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn simulate(
    caller: Writing,
    Path(named): Path<PaymentNamed>,
    Asking { body, once }: Asking<Simulation>,
) -> Result<Json<Payment>, Problem> {
    let id = named.id()?;
    let deed = body.deed.core();
    let paid = body.paid.map(|paid| paid.money("paid")).transpose()?;
    if paid.is_some() && deed != sandbox::Deed::Pay {
        return Err(Problem::new(problem::INVALID, "only who pays says what they pay").field("paid"));
    }
    let done = blocking(move || {
        let engine = caller.engine_for(Some(once));
        let facts = match deed {
            sandbox::Deed::Pay => engine.sandbox_scan(&caller.cloud, id, paid)?,
            deed => engine.sandbox_do(&caller.cloud, id, deed)?,
        };
        Ok(payment(facts, currency_of(&caller)?))
    });
    Ok(Json(done.await?))
}

/// Says how the pretended provider answers from now on, whatever it is asked.
#[utoipa::path(post, path = "/v1/sandbox", tag = "payments", params(IdempotencyKey), request_body = Sandbox,
    responses((status = OK, body = Sandbox), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn set_mood(
    caller: Writing,
    Asking { body, once }: Asking<Sandbox>,
) -> Result<Json<Sandbox>, Problem> {
    let mood = body.mood.core();
    blocking(move || {
        if !caller.engine.pretends(&caller.cloud) {
            let what = "money is real here: what a provider does is only pretended in a test cloud";
            return Err(Problem::new(problem::REFUSED_BY_POLICY, what));
        }
        Ok(caller.engine_for(Some(once)).sandbox_mood(&caller.cloud, mood)?)
    })
    .await?;
    Ok(Json(body))
}
