//! What anybody may look at, in both languages: a cloud's prices, what something would cost, and how its billing works, all from the files that
//! bills are made by (R72, R94).

pub(crate) mod billing;
mod brand;
mod calculation;
pub(crate) mod open;
mod price_list;
mod shelf;

use crate::Console;
use axum::Router;
use open::opens;
use std::sync::Arc;

pub(crate) fn router() -> Router<Arc<Console>> {
    Router::new()
        .route("/{cloud}/prices", opens(price_list::page))
        .route("/{cloud}/prices/{product}", opens(price_list::calculator))
        .route("/{cloud}/calculator", opens(price_list::products))
        .route("/{cloud}/billing", opens(billing::page))
        .route("/{cloud}/help/{page}", opens(brand::help))
        .route("/{cloud}/logo", axum::routing::get(brand::logo))
        .route("/{cloud}/images/{image}", axum::routing::get(brand::image))
}
