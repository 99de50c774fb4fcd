//! Whether the server lives, whether it can work, and what it counts. Without a key: nothing of any cloud is in it.

use crate::api::Door;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// The store answers and the clock is right.
pub(super) async fn ready(State(door): State<Arc<Door>>) -> Response {
    let asked = tokio::task::spawn_blocking(move || {
        let engine = door.worlds.live();
        engine.now()?;
        engine.store().read("ready", |tx| tx.newest_record())?;
        Ok::<_, farthing_engine::EngineError>(())
    });
    match asked.await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n").into_response(),
        Ok(Err(error)) => {
            tracing::error!(error = farthing_store::chain_of(&error), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready: the log says why\n").into_response()
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready: the log says why\n").into_response(),
    }
}

pub(super) async fn metrics(State(door): State<Arc<Door>>) -> Response {
    let read = tokio::task::spawn_blocking(move || {
        let engine = door.worlds.live();
        let now = engine.now()?;
        let (parked, due) = engine.store().read("metrics", |tx| {
            Ok::<_, farthing_store::StoreError>((tx.payers_parked_count()?, tx.payer_due_next()?))
        })?;
        let lag = due.map_or(0, |due| now.seconds_since(due).max(0));
        let gauges = [
            ("farthing_accounts_parked", "Accounts that cannot be settled until somebody has looked.", parked),
            ("farthing_settlement_lag_seconds", "How late the account is that is due longest.", lag),
        ];
        Ok::<_, farthing_engine::EngineError>(door.metrics.text(&gauges))
    });
    match read.await {
        Ok(Ok(text)) => ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response(),
    }
}
