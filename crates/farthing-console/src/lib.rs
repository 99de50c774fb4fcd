//! The consoles: what a cloud's customers, its own people and anybody see in a browser, made on the server and whole without script.
//!
//! One module a page: it reads what the page shows and hands it to its template, which only lays it out. The binary mounts
//! the router; nothing here listens on a network or keeps a clock.

mod assets;
mod chart;
mod cloud;
mod frame;
mod operator;
mod public;
mod web;
mod words;

pub use assets::{MARK_INLINE, Readable, mark, style};
pub use cloud::Cloud;
pub use operator::{Verdict, counted, wrong};
pub use words::figure::grouped;
pub use words::prices::prices as price_lines;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::get;
use farthing_engine::Engine;
use operator::{about, charge, charges, customer, home, payments, transfer};
use public::prices;
use std::sync::Arc;
use web::security;

/// What every page works with.
#[derive(Debug)]
pub struct Console {
    engine: Engine,
    clouds: Vec<Cloud>,
    verdict: Verdict,
}

impl Console {
    pub fn new(engine: Engine, clouds: Vec<Cloud>, verdict: Verdict) -> Console {
        Console { engine, clouds, verdict }
    }

    fn cloud(&self, id: &str) -> Option<&Cloud> {
        self.clouds.iter().find(|cloud| cloud.id == id)
    }
}

/// All pages and what they load. Every answer passes `security::guard`.
pub fn router(console: Console) -> Router {
    let brands = assets::brands(&console.clouds);
    Router::new()
        .route("/", get(home::page))
        .route("/about", get(about::page))
        .route("/clouds/{cloud}", get(operator::cloud::page))
        .route("/clouds/{cloud}/customers/{customer}", get(customer::page))
        .route("/clouds/{cloud}/customers/{customer}/charges", get(charges::page))
        .route("/clouds/{cloud}/customers/{customer}/charges/{charge}", get(charge::page))
        .route("/clouds/{cloud}/customers/{customer}/payments", get(payments::page))
        .route("/clouds/{cloud}/queues", get(payments::queues))
        .route("/clouds/{cloud}/prices", get(prices::page))
        .route("/clouds/{cloud}/prices/{product}", get(prices::calculator))
        .route("/transfers/{transfer}", get(transfer::page))
        .route("/style/console.css", get(assets::style))
        .route("/style/brands.css", get(move || async { assets::brands_style(brands) }))
        .route("/mark.svg", get(assets::mark))
        .fallback(frame::nowhere)
        .method_not_allowed_fallback(frame::read_only)
        .layer(from_fn(security::guard))
        .with_state(Arc::new(console))
}
