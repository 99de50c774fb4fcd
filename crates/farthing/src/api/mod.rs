//! The HTTP API: wire types and handlers, one file a noun. What a handler does is: read what was asked, run one use case of the
//! engine on a blocking thread, write its answer. Who may ask is decided before (`caller.rs`), once-ness by the engine.

mod accounts;
mod alerts;
mod asking;
mod authorisations;
mod bank;
mod bills;
mod budgets;
mod caller;
mod charges;
mod companies;
mod console_links;
mod costs;
mod coupons;
mod credits;
mod deliveries;
mod disputes;
mod document;
mod downloads;
mod endpoints;
mod events;
mod exports;
mod gate;
mod given_up;
mod invoices;
mod keys;
mod limits;
mod methods;
mod notices;
mod operations;
mod orders;
mod outages;
mod page;
mod pages;
mod payments;
mod people;
mod policies;
mod prices;
mod problem;
mod projects;
mod providers;
mod quotas;
mod refills;
mod refunds;
mod resources;
mod revenue;
mod sandbox;
mod spaces;
mod steps;
mod subscriptions;
mod together;
mod top_ups;
mod transfers;
mod trials;
mod units;
mod usage;
mod wallets;
mod wire;

pub use document::openapi;
pub use problem::{CODES, Problem};

use crate::carry::StripeProvider;
use crate::serve::{Metrics, Worlds};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use farthing_core::access::Allowance;
use farthing_core::notice::Reach;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What every handler works with.
#[derive(Debug)]
pub struct Door {
    pub worlds: Worlds,
    pub metrics: Metrics,
    /// What a key may do that has no limit of its own.
    pub allowance: Allowance,
    pub body_bytes_max: usize,
    /// How far webhooks go.
    pub reach: Reach,
    /// Where the files of exports are kept.
    pub exports: PathBuf,
    /// Of each cloud whose money comes through Stripe.
    pub(crate) stripes: BTreeMap<String, Arc<StripeProvider>>,
    keys: caller::KnownKeys,
    /// What is authorised in the live world.
    together: Arc<together::Together>,
}

impl Door {
    pub fn new(worlds: Worlds, allowance: Allowance, body_bytes_max: usize) -> Door {
        let keys = caller::KnownKeys::default();
        let (metrics, reach, stripes) = (Metrics::default(), Reach::default(), BTreeMap::new());
        let exports = PathBuf::from("farthing-exports");
        Door { worlds, metrics, allowance, body_bytes_max, reach, exports, stripes, keys, together: Arc::default() }
    }

    #[must_use]
    pub fn with_stripes(self, stripes: BTreeMap<String, Arc<StripeProvider>>) -> Door {
        Door { stripes, ..self }
    }

    #[must_use]
    pub fn with_exports(self, exports: PathBuf) -> Door {
        Door { exports, ..self }
    }

    #[must_use]
    pub fn with_reach(self, reach: Reach) -> Door {
        Door { reach, ..self }
    }
}

type Shared = Arc<Door>;

/// Every operation below `/v1`, with its description.
fn operations() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(document::frame())
        .routes(routes!(accounts::list, accounts::open))
        .routes(routes!(accounts::show, accounts::change))
        .routes(routes!(accounts::set_contact, accounts::erase_contact))
        .routes(routes!(accounts::balance))
        .routes(routes!(accounts::close))
        .routes(routes!(units::list, units::buy))
        .routes(routes!(units::give))
        .routes(routes!(wallets::list))
        .routes(routes!(wallets::set))
        .routes(routes!(wallets::show))
        .routes(routes!(wallets::fund))
        .routes(routes!(wallets::take_back))
        .routes(routes!(projects::members, projects::add_to_account))
        .routes(routes!(projects::remove_from_account))
        .routes(routes!(projects::list, projects::open))
        .routes(routes!(projects::show))
        .routes(routes!(projects::relocate))
        .routes(routes!(projects::add_to_project))
        .routes(routes!(projects::remove_from_project))
        .routes(routes!(resources::report))
        .routes(routes!(resources::list))
        .routes(routes!(resources::show))
        .routes(routes!(resources::inventory))
        .routes(routes!(spaces::show))
        .routes(routes!(spaces::may_write))
        .routes(routes!(outages::list, outages::report))
        .routes(routes!(outages::show))
        .routes(routes!(outages::withdraw))
        .routes(routes!(gate::ask))
        .routes(routes!(usage::take))
        .routes(routes!(usage::list_refused))
        .routes(routes!(quotas::list))
        .routes(routes!(quotas::reserve))
        .routes(routes!(quotas::release))
        .routes(routes!(charges::list))
        .routes(routes!(charges::sum))
        .routes(routes!(charges::explain))
        .routes(routes!(top_ups::top_up))
        .routes(routes!(payments::begin))
        .routes(routes!(payments::list))
        .routes(routes!(payments::show))
        .routes(routes!(payments::approve))
        .routes(routes!(payments::refuse))
        .routes(routes!(given_up::list))
        .routes(routes!(given_up::ask_again))
        .routes(routes!(sandbox::simulate))
        .routes(routes!(sandbox::set_mood))
        .routes(routes!(methods::list, methods::add))
        .routes(routes!(methods::show, methods::change, methods::remove))
        .routes(routes!(transfers::details))
        .routes(routes!(transfers::add_mandate))
        .routes(routes!(refills::show, refills::set))
        .routes(routes!(refunds::ask))
        .routes(routes!(refunds::refundable))
        .routes(routes!(refunds::list))
        .routes(routes!(refunds::show))
        .routes(routes!(refunds::approve))
        .routes(routes!(refunds::refuse))
        .routes(routes!(bank::take_statement))
        .routes(routes!(bank::movements))
        .routes(routes!(bank::show_movement))
        .routes(routes!(bank::decide))
        .routes(routes!(bank::make_files, bank::files))
        .routes(routes!(bank::download))
        .routes(routes!(bank::take_refusals))
        .routes(routes!(bank::reconcile))
        .routes(routes!(revenue::show))
        .routes(routes!(bills::list))
        .routes(routes!(bills::show))
        .routes(routes!(bills::download))
        .routes(routes!(bills::issue))
        .routes(routes!(bills::pay))
        .routes(routes!(bills::credit))
        .routes(routes!(bills::reissue))
        .routes(routes!(bills::write_off))
        .routes(routes!(invoices::ask))
        .routes(routes!(invoices::list))
        .routes(routes!(invoices::show))
        .routes(routes!(invoices::issue))
        .routes(routes!(invoices::refuse))
        .routes(routes!(invoices::withdraw))
        .routes(routes!(disputes::open))
        .routes(routes!(disputes::list))
        .routes(routes!(disputes::show))
        .routes(routes!(disputes::grant))
        .routes(routes!(disputes::refuse))
        .routes(routes!(disputes::withdraw))
        .routes(routes!(bills::line_charges))
        .routes(routes!(exports::list, exports::ask))
        .routes(routes!(exports::show))
        .routes(routes!(exports::link))
        .routes(routes!(orders::list, orders::place))
        .routes(routes!(orders::show))
        .routes(routes!(orders::pay))
        .routes(routes!(orders::cancel))
        .routes(routes!(orders::made))
        .routes(routes!(orders::not_made))
        .routes(routes!(subscriptions::list))
        .routes(routes!(subscriptions::show))
        .routes(routes!(subscriptions::change))
        .routes(routes!(subscriptions::pause))
        .routes(routes!(subscriptions::resume))
        .routes(routes!(subscriptions::quote_end))
        .routes(routes!(subscriptions::end))
        .routes(routes!(subscriptions::at_expiry))
        .routes(routes!(companies::show, companies::set, companies::erase))
        .routes(routes!(companies::waive))
        .routes(routes!(credits::list, credits::give))
        .routes(routes!(credits::give_gift))
        .routes(routes!(credits::list_again, credits::give_again))
        .routes(routes!(credits::list_ever))
        .routes(routes!(credits::show))
        .routes(routes!(credits::history))
        .routes(routes!(coupons::list, coupons::make))
        .routes(routes!(coupons::show))
        .routes(routes!(coupons::list_codes, coupons::make_codes))
        .routes(routes!(coupons::redeemed, coupons::redeem))
        .routes(routes!(limits::show, limits::set))
        .routes(routes!(alerts::show, alerts::set))
        .routes(routes!(notices::list))
        .routes(routes!(notices::show, notices::set))
        .routes(routes!(budgets::list))
        .routes(routes!(budgets::set, budgets::remove))
        .routes(routes!(costs::show))
        .routes(routes!(trials::show, trials::begin))
        .routes(routes!(trials::end))
        .routes(routes!(steps::list))
        .routes(routes!(steps::accept))
        .routes(routes!(steps::forecast))
        .routes(routes!(steps::show))
        .routes(routes!(steps::claim))
        .routes(routes!(steps::confirm))
        .routes(routes!(steps::standing))
        .routes(routes!(steps::arrears))
        .routes(routes!(steps::keeps))
        .routes(routes!(steps::keep_account))
        .routes(routes!(steps::let_go_account))
        .routes(routes!(steps::keep_resource))
        .routes(routes!(steps::let_go_resource))
        .routes(routes!(authorisations::authorise))
        .routes(routes!(authorisations::authorise_many))
        .routes(routes!(authorisations::show))
        .routes(routes!(authorisations::capture))
        .routes(routes!(authorisations::extend))
        .routes(routes!(authorisations::release))
        .routes(routes!(authorisations::debit))
        .routes(routes!(prices::list))
        .routes(routes!(prices::estimate))
        .routes(routes!(policies::list, policies::apply))
        .routes(routes!(policies::plan))
        .routes(routes!(policies::show))
        .routes(routes!(operations::cloud))
        .routes(routes!(operations::audit))
        .routes(routes!(operations::parked))
        .routes(routes!(operations::retry))
        .routes(routes!(operations::jobs))
        .routes(routes!(operations::advance))
        .routes(routes!(people::list, people::invite))
        .routes(routes!(people::show, people::erase))
        .routes(routes!(people::set_role))
        .routes(routes!(people::remove))
        .routes(routes!(console_links::make))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(endpoints::list, endpoints::create))
        .routes(routes!(endpoints::show, endpoints::change, endpoints::delete))
        .routes(routes!(endpoints::rotate_secret))
        .routes(routes!(endpoints::test))
        .routes(routes!(events::list))
        .routes(routes!(events::show))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::replay))
}

pub fn router(door: Shared) -> Router {
    let (operations, _) = operations().split_for_parts();
    let limit = DefaultBodyLimit::max(door.body_bytes_max);
    operations
        .fallback(problem::nowhere)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(limit)
        .layer(from_fn_with_state(door.clone(), caller::authenticate))
        .merge(providers::router())
        .merge(downloads::router())
        .merge(document::router())
        .with_state(door)
}

/// Runs a use case where it may wait for the disk.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Problem> + Send + 'static) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(failed) => {
            tracing::error!(error = %failed, "a request's work broke off");
            Err(Problem::internal())
        }
    }
}
