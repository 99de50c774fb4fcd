//! What payment providers tell by themselves. Without a key of ours: their signature proves whom it is from, so nothing is read of what
//! is not signed. Not in the document, which is for clouds.

use super::problem::{self, Problem};
use super::{Shared, asking, blocking};
use crate::carry::StripeProvider;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::StatusCode;
use axum::routing::post;
use farthing_core::payment::{News, State as PaymentState, Told};
use farthing_engine::{Engine, Provider as _};
use std::sync::Arc;

/// Far more than an event of Stripe's has.
const BODY_BYTES_MAX: usize = 512 * 1024;
const SIGNATURE: &str = "stripe-signature";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/v1/providers/stripe/{cloud}/events", post(stripe))
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// 200 also for what we know nothing of and for what we were told before: it need not be told again. Whatever else goes wrong is told
/// again for days.
async fn stripe(
    State(door): State<Shared>,
    Path(cloud): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let provider = door.stripes.get(&cloud).cloned();
    let unknown = || Problem::new(problem::NOT_FOUND, "no cloud of this name takes money through Stripe here");
    let provider = provider.ok_or_else(unknown)?;
    let signature =
        request.headers().get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let body = asking::bytes(request, &door).await?;
    blocking(move || {
        let engine = door.worlds.live();
        let told = provider
            .told(&body, &signature, engine.now()?)
            .map_err(|error| Problem::new(problem::SIGNATURE_WRONG, error.to_string()))?;
        if let Some(told) = told {
            take(engine, &cloud, &provider, told)?;
        }
        Ok(StatusCode::OK)
    })
    .await
}

fn take(engine: &Engine, cloud: &str, provider: &Arc<StripeProvider>, told: Told) -> Result<(), Problem> {
    let told = if is_new(engine, cloud, &told) { provider.complete(told) } else { told };
    let known = engine.provider_told(cloud, provider.name(), &told)?;
    let event = told.id.as_str();
    if known {
        tracing::info!(cloud, event, "Stripe has told something");
    } else {
        tracing::info!(cloud, event, "Stripe has told of something that is not here: nothing happened");
    }
    Ok(())
}

/// Whether it may be news: of a payment that has gone well before, nothing more need be asked.
fn is_new(engine: &Engine, cloud: &str, told: &Told) -> bool {
    match (&told.news, told.about.payment) {
        (News::Payment { .. }, Some(payment)) => engine
            .payment(cloud, payment)
            .is_ok_and(|facts| PaymentState::parse(&facts.state).is_some_and(|s| s != PaymentState::Succeeded)),
        _ => true,
    }
}
