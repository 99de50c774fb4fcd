//! The operator's pages: server-rendered, read-only, no log-ins yet, so for this machine only.
//!
//! One module a page: it reads what the page shows in one snapshot and hands it to its template, which only lays it out.

mod about;
mod assets;
mod balance_line;
mod bank;
mod charge;
mod charges;
mod cloud;
mod customer;
mod figure;
mod home;
mod moment;
mod outlook;
mod page;
mod payments;
mod price_words;
mod prices;
mod qr;
mod resources;
mod security;
mod transfer;
mod trial_balance;
mod verdict;
mod wealth;
mod words;

pub(crate) use assets::{mark, style};
pub use figure::grouped;
pub use price_words::prices as price_lines;
pub use verdict::{Verdict, counted, wrong};

use crate::clouds::Cloud;
use axum::Router;
use axum::middleware::from_fn;
use axum::routing::get;
use farthing_engine::Engine;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

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
        .route("/clouds/{cloud}", get(cloud::page))
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
        .fallback(page::nowhere)
        .method_not_allowed_fallback(page::read_only)
        .layer(from_fn(security::guard))
        .with_state(Arc::new(console))
}

/// Serves until this process is told to end (Ctrl-C, or SIGTERM).
pub fn serve(console: Console, listener: TcpListener) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = runtime.block_on(async move {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let server = tokio::spawn(async move { axum::serve(listener, router(console)).await });
        let ended = told_to_end().await;
        server.abort(); // pages are read-only: one that is cut off is asked for again
        ended
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    ended
}

#[cfg(unix)]
pub(crate) async fn told_to_end() -> std::io::Result<()> {
    use std::future::poll_fn;
    use std::task::Poll;
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    poll_fn(move |context| {
        let told = interrupt.poll_recv(context).is_ready() || terminate.poll_recv(context).is_ready();
        if told { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    Ok(())
}

#[cfg(not(unix))]
pub(crate) async fn told_to_end() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
