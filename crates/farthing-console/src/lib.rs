//! The consoles: what a cloud's customers, its own people and anybody see in a browser, made on the server and whole without script.
//!
//! One module a page: it reads what the page shows and hands it to its template, which only lays it out. The binary mounts
//! the router; nothing here listens on a network or keeps a clock.

mod assets;
mod block;
mod chart;
mod cloud;
mod customer;
mod frame;
mod help;
mod operator;
mod printer;
mod public;
mod web;
mod words;

pub use assets::{MARK_INLINE, Readable, mark, style};
pub use cloud::Cloud;
pub use help::{HelpTrouble, help_troubles};
pub use operator::{Verdict, counted, wrong};
pub use printer::{Print, Printed, Printer, Stopper};
pub use web::visitor::{Porter, Seat, ThisMachine, Visitor};
pub use words::Language;
pub use words::figure::grouped;
pub use words::prices::prices as price_lines;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use farthing_core::time::Instant;
use farthing_engine::{Engine, RefusalCode};
use frame::PageError;
use operator::{about, charge, charges, home, payments, transfer};
use public::prices;
use std::collections::BTreeMap;
use std::sync::Arc;
use web::security;

/// What every page works with.
#[derive(Debug)]
pub struct Console {
    engine: Engine,
    clouds: Vec<Cloud>,
    verdict: Verdict,
    /// Who may come in, and as whom.
    porter: Arc<dyn Porter>,
    /// None: documents are shown, and cannot be fetched.
    printer: Option<Arc<dyn Printer>>,
    /// None: what runs is stopped elsewhere.
    stopper: Option<Arc<dyn Stopper>>,
}

impl Console {
    pub fn new(engine: Engine, clouds: Vec<Cloud>, verdict: Verdict) -> Console {
        let porter = Arc::new(ThisMachine::new(engine.ids().bytes()));
        Console { engine, clouds, verdict, porter, printer: None, stopper: None }
    }

    #[must_use]
    pub fn with_porter(self, porter: Arc<dyn Porter>) -> Console {
        Console { porter, ..self }
    }

    #[must_use]
    pub fn with_printer(self, printer: Arc<dyn Printer>) -> Console {
        Console { printer: Some(printer), ..self }
    }

    #[must_use]
    pub fn with_stopper(self, stopper: Arc<dyn Stopper>) -> Console {
        Console { stopper: Some(stopper), ..self }
    }

    /// The files of the version that rules a cloud at an instant.
    fn files_of(&self, cloud: &str, at: Instant) -> Result<BTreeMap<String, String>, PageError> {
        let versions = self.engine.policy_versions(cloud)?;
        let Some(version) = versions.in_force_at(at) else { return Ok(BTreeMap::new()) };
        Ok(self.engine.policy_files(cloud, version.number)?.unwrap_or_default())
    }

    /// A cloud as its configuration is at an instant; none: there is no such cloud.
    fn cloud_at(&self, id: &str, at: Instant) -> Result<Option<Cloud>, PageError> {
        match self.engine.profile_at(id, at) {
            Ok(profile) => Ok(Some(Cloud::of(profile, BTreeMap::new()))),
            Err(refused) if refused.code() == Some(RefusalCode::NotFound) => Ok(None),
            Err(refused) => Err(refused.into()),
        }
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
        .route("/clouds/{cloud}/customers/{customer}", get(operator::customer::page))
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
        .route("/language", post(web::tongue::choose))
        .merge(customer::router())
        .merge(public::router())
        .fallback(frame::nowhere)
        .method_not_allowed_fallback(frame::read_only)
        .layer(from_fn(security::guard))
        .with_state(Arc::new(console))
}
