//! `farthing serve`: the HTTP server with everything around a request (ids, logs, counts, addresses), and what works beside it.
//!
//! Owns the process: its configuration, its threads, its graceful end. What requests mean is `api`'s.

mod board;
mod cashiers;
mod config;
mod console;
mod couriers;
mod ended;
mod exporters;
mod health;
mod logs;
mod metrics;
mod payments;
mod proxies;
mod request;
mod worker;
mod worlds;

pub use config::{Config, Flags, LogFormat};
pub use console::{ConsoleSettings, Pages};
pub use ended::told_to_end;
pub use metrics::Metrics;
pub use payments::{PaymentSettings, StripeFacts, stripe_facts};
pub use request::{address_of, note_key, request_id};
pub use worlds::Worlds;

use crate::api::{self, Door};
use crate::carry::{Carriers, Postman, StripeProvider};
use crate::failure::Failure;
use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use farthing_core::time::{Duration, Instant};
use farthing_engine::{Clock, Engine, IdSource, Providers};
use farthing_store::{Options, Store};
use proxies::Proxies;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tower::ServiceExt as _;

/// How long requests that run may take to end once the process is told to.
const GRACE: std::time::Duration = std::time::Duration::from_secs(20);

/// The HTTP server's whole router; with the consoles, if they are served.
pub fn router(door: Arc<Door>, pages: Option<Pages>) -> Router {
    // Around each of them, so that the route is known to what counts.
    let around = |router: Router| router.layer(from_fn_with_state(door.clone(), request::around));
    let api = around(api(door.clone()));
    let Some(pages) = pages else { return api };
    Router::new().fallback(move |request: Request| {
        let (api, pages, door) = (api.clone(), pages.clone(), door.clone());
        async move {
            if console::is_api(request.uri().path()) {
                return api.oneshot(request).await;
            }
            let asked = pages.test_cloud_asked(&request);
            let router = pages.router_for(door.clone(), asked).await;
            router.layer(from_fn_with_state(door, request::around)).oneshot(request).await
        }
    })
}

fn api(door: Arc<Door>) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .with_state(door.clone())
        .merge(api::router(door))
}

/// Runs until the process is told to end.
pub fn run(config: &Config) -> Result<(), Failure> {
    logs::start(config.log);
    let listener = TcpListener::bind(config.listen)
        .map_err(|error| format!("{} cannot be listened on: {error}; choose another with --listen", config.listen))?;
    let began = std::time::Instant::now();
    let (engine, stripes) = with_providers(open(config)?, config);
    let mail = config.mail.as_ref().map(Postman::new).transpose()?;
    let carriers = Carriers::new(config.reach, mail);
    let door = Door::new(Worlds::new(engine), config.allowance(), config.body_bytes_max())
        .with_reach(config.reach)
        .with_exports(config.exports.clone())
        .with_stripes(stripes);
    let door = Arc::new(door);
    let workers = worker::start(&door, config.work.then_some(carriers));
    let address = listener.local_addr()?;
    let pages =
        config.console.as_ref().map(|settings| Pages::new(&door, settings, config.mail.is_some())).transpose()?;
    tracing::info!(
        listen = %address,
        store = %config.store,
        ready_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "ready"
    );
    let ended = serve(router(door, pages), &config.proxies, listener);
    workers.stop();
    tracing::info!("ended");
    ended
}

/// The engine on the store of the configuration, with the machine's clock.
fn open(config: &Config) -> Result<Engine, Failure> {
    let store = Store::open(&config.store, &Options::default())?;
    let newest = store.read("newest_record", |tx| tx.newest_record())?;
    let clock = Clock::real(newest)?;
    let now = clock.now()?;
    let process = worker::process_number(&store, now)?;
    let engine = Engine::new(store, clock, IdSource::random(process)).with_public_url(&config.public_url);
    let epoch = engine.store().epoch_open(engine.ids().bytes(), now)?;
    if !epoch.accepted {
        tracing::warn!(
            epoch = epoch.number,
            reason = epoch.reason,
            "this copy was restored: it sends nothing until `farthing accept` says that it is the living one"
        );
    }
    Ok(engine)
}

/// With whom each cloud's money comes through.
fn with_providers(engine: Engine, config: &Config) -> (Engine, BTreeMap<String, Arc<StripeProvider>>) {
    let stripes: BTreeMap<String, Arc<StripeProvider>> = config
        .payments
        .stripe
        .iter()
        .map(|(cloud, settings)| (cloud.clone(), Arc::new(StripeProvider::new(cloud, settings.clone()))))
        .collect();
    let mut providers = Providers::new();
    for (cloud, stripe) in &stripes {
        providers = providers.with(cloud, stripe.clone());
        tracing::info!(cloud, "takes money through Stripe");
    }
    if config.payments.sandbox {
        tracing::warn!("payments.sandbox is on: clouds without a provider take money that is only pretended");
        providers = providers.pretending();
    }
    (engine.with_providers(providers), stripes)
}

fn serve(router: Router, proxies: &Proxies, listener: TcpListener) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended: std::io::Result<()> = runtime.block_on(async move {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let router = router.layer(from_fn_with_state(Arc::new(proxies.clone()), proxies::see_through));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let (told, stop) = tokio::sync::oneshot::channel::<()>();
        let server = axum::serve(listener, service).with_graceful_shutdown(async {
            let _ = stop.await;
        });
        let server = tokio::spawn(server.into_future());
        ended::told_to_end().await?;
        tracing::info!("told to end: requests that run are finished, new ones refused");
        let _ = told.send(());
        match tokio::time::timeout(GRACE, server).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(broken)) => Err(std::io::Error::other(broken)),
            Err(_) => {
                tracing::warn!("some requests did not end in time: they were cut off");
                Ok(())
            }
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    Ok(ended?)
}

/// So many seconds.
fn seconds(count: i64) -> Duration {
    Duration::try_from_seconds(count).unwrap_or(Duration::ZERO)
}

/// Whether an instant lies so far back.
fn is_older(at: Instant, now: Instant, count: i64) -> bool {
    now.seconds_since(at) >= count
}
