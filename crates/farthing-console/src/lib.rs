//! The consoles: what a cloud's customers, its own people and anybody see in a browser, made on the server and whole without script.
//!
//! One module a page: it reads what the page shows and hands it to its template, which only lays it out. The binary mounts
//! the router; nothing here listens on a network or keeps a clock.

mod assets;
mod block;
mod chart;
mod cloud;
mod customer;
mod enter;
mod frame;
mod help;
mod operator;
mod printer;
mod proof;
mod public;
mod reader;
mod shell;
mod web;
mod words;

pub use assets::{MARK_INLINE, Readable, mark, style};
pub use cloud::Cloud;
pub use enter::{Directory, DirectoryPerson, DirectoryStart, Gate, Guest, Said, SessionPorter, test_cloud_asked};
pub use help::{HelpTrouble, help_troubles};
pub use operator::{Verdict, counted, wrong};
pub use printer::{Print, Printed, Printer, Stopper};
pub use reader::{FilesRead, Reader};
pub use web::visitor::{Porter, Seat, ThisMachine, Visitor};
pub use words::Language;
pub use words::figure::grouped;
pub use words::prices::prices as price_lines;

use axum::Router;
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use farthing_core::time::Instant;
use farthing_engine::{Engine, RefusalCode};
use frame::PageError;
use proof::Proofs;
use std::collections::BTreeMap;
use std::sync::Arc;
use web::security;

/// What every page works with.
#[derive(Debug)]
pub struct Console {
    engine: Engine,
    clouds: Vec<Cloud>,
    proofs: Proofs,
    /// Whose clock people live by: a test cloud's stands until it is moved.
    home: Engine,
    /// The cloud whose test cloud this is of; none: the live world.
    test_of: Option<String>,
    /// How people come in; none: whoever reaches these pages is in already.
    gate: Option<Gate>,
    /// Who may come in, and as whom.
    porter: Arc<dyn Porter>,
    /// None: documents are shown, and cannot be fetched.
    printer: Option<Arc<dyn Printer>>,
    /// None: what runs is stopped elsewhere.
    stopper: Option<Arc<dyn Stopper>>,
    /// None: files are shown, and no others are put in force here.
    reader: Option<Arc<dyn Reader>>,
    /// Mails go out; where none do, the link of an invitation is shown to whoever invites.
    mails: bool,
}

impl Console {
    pub fn new(engine: Engine, clouds: Vec<Cloud>, verdict: Verdict) -> Console {
        let porter = Arc::new(ThisMachine::new(engine.ids().bytes()));
        Console { clouds, proofs: Proofs::of(verdict), ..Console::looked_at(engine, porter) }
    }

    /// Of a server: people sign in. `home`: the live world, where time is the real one.
    pub fn behind(engine: Engine, home: Engine, clouds: Vec<Cloud>, gate: Gate) -> Console {
        let porter = Arc::new(SessionPorter::new(engine.clone(), home.clone(), gate.clone()));
        Console { clouds, home, gate: Some(gate), ..Console::looked_at(engine, porter) }
    }

    /// For looking only, by whomever the porter lets in: nothing is known of the store but what a page asks.
    pub fn looked_at(engine: Engine, porter: Arc<dyn Porter>) -> Console {
        Console {
            home: engine.clone(),
            engine,
            clouds: Vec::new(),
            proofs: Proofs::default(),
            test_of: None,
            gate: None,
            porter,
            printer: None,
            stopper: None,
            reader: None,
            mails: false,
        }
    }

    /// The same of a cloud's test cloud.
    #[must_use]
    pub fn of_test(self, cloud: &str) -> Console {
        Console { test_of: Some(cloud.to_owned()), ..self }
    }

    #[must_use]
    pub fn with_porter(self, porter: Arc<dyn Porter>) -> Console {
        Console { porter, ..self }
    }

    /// What somebody who has proven the store says of it.
    #[must_use]
    pub fn with_verdict(self, verdict: Verdict) -> Console {
        Console { proofs: Proofs::of(verdict), ..self }
    }

    #[must_use]
    pub fn with_printer(self, printer: Arc<dyn Printer>) -> Console {
        Console { printer: Some(printer), ..self }
    }

    #[must_use]
    pub fn with_stopper(self, stopper: Arc<dyn Stopper>) -> Console {
        Console { stopper: Some(stopper), ..self }
    }

    #[must_use]
    pub fn with_reader(self, reader: Arc<dyn Reader>) -> Console {
        Console { reader: Some(reader), ..self }
    }

    #[must_use]
    pub fn with_mails(self, mails: bool) -> Console {
        Console { mails, ..self }
    }

    /// An address of ours as others are told it.
    fn absolute(&self, path: &str) -> String {
        self.gate.as_ref().map_or_else(|| path.to_owned(), |gate| gate.absolute(path))
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

    /// Whether anybody is signed in, wherever they belong.
    fn is_known(&self, parts: &Parts) -> bool {
        let token = self.gate.as_ref().and_then(|gate| enter::token_of(gate, &parts.headers));
        let known = |token| self.engine.visit(&token, self.home.now().ok()?).ok().flatten();
        token.and_then(known).is_some()
    }

    fn cloud(&self, id: &str) -> Option<&Cloud> {
        self.clouds.iter().find(|cloud| cloud.id == id)
    }
}

/// Every address of a page that is somebody's, with names in braces: for tests that try them all.
pub fn addresses() -> Vec<String> {
    let operators = operator::routes().into_iter().map(|(address, _)| address.to_owned());
    operators.chain(customer::addresses()).collect()
}

/// All pages and what they load. Every answer passes `security::guard`.
pub fn router(console: Console) -> Router {
    let brands = assets::brands(&console.clouds);
    let entering = console.gate.as_ref().map_or_else(Router::new, enter::router);
    let console = Arc::new(console);
    let operators =
        operator::routes().into_iter().fold(Router::new(), |router, (address, page)| router.route(address, page));
    let operators = operators.route_layer(from_fn_with_state(console.clone(), security::operators_only));
    Router::new()
        .merge(operators)
        .merge(entering)
        .route("/style/console.css", get(assets::style))
        .route("/style/brands.css", get(move || async { assets::brands_style(brands) }))
        .route("/mark.svg", get(assets::mark))
        .route("/language", post(web::tongue::choose))
        .merge(customer::router())
        .merge(public::router())
        .fallback(frame::nowhere)
        .method_not_allowed_fallback(frame::read_only)
        .layer(from_fn_with_state(console.clone(), security::guard))
        .with_state(console)
}
