//! What a customer opens most: the overview and the costs of an account with very many resources and a year behind it, in a store of many
//! more charges; made by the router, without a network. Said beside the time: what a page weighs.
//!
//! The account's year is the engine's own, settled hour by hour. Everybody else's charges are written straight to the store: settling ten
//! million would take longer than what is measured.

use super::crowd::{self, Crowd};
use super::measure::{Measured, heading};
use super::{Bed, Where};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{Request, StatusCode};
use clap::Args;
use farthing::failure::Failure;
use farthing_console::{Console, Porter, Seat, Visitor, router};
use farthing_core::access::Role;
use farthing_core::ledger::OwnerId;
use farthing_core::money::Money;
use farthing_core::settle::{LineId, ThingId};
use farthing_core::time::Instant as Moment;
use farthing_engine::Engine;
use farthing_store::{ChargeFilter, ChargeRow};
use std::sync::Arc;
use std::time::Instant;
use tower::ServiceExt as _;

const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 86_400;
const DAYS: i64 = 365;
const RESOURCES: usize = 1_000;
const PLANS: usize = 10;
/// How many things each of the others has.
const OTHERS_THINGS: i64 = 10;
/// The account that is looked at.
const ACCOUNT: &str = "customer-1";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    at: Where,
    /// How many charges there are in all.
    #[arg(long, default_value_t = 10_000_000)]
    charges: usize,
    /// How often each page is asked for.
    #[arg(long, default_value_t = 200)]
    pages: usize,
}

/// Its owner, always.
#[derive(Debug)]
struct Owner;

impl Porter for Owner {
    fn who(&self, _: &str, _: Option<&str>, _: &Parts) -> Option<Visitor> {
        Some(Visitor {
            person: "per_bench".to_owned(),
            known_as: "ada".to_owned(),
            name: "Ada".to_owned(),
            language: None,
            accounts: vec![Seat { account: ACCOUNT.to_owned(), role: Role::Payer, projects: None, looks: false }],
            operator: None,
            everywhere: false,
            csrf: "token".to_owned(),
            leave: String::new(),
        })
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    heading(arguments.at.json);
    // The last day of a long month after another one: as many days as the costs' page ever shows at first.
    let today = Moment::parse("2027-01-31T00:00:00Z")?;
    let begins = crowd::after(today, -DAYS * DAY_SECONDS);
    let bed = Bed::simulated(&arguments.at, begins)?;
    let (skus, catalog) = crowd::machines(PLANS);
    let crowd = Crowd {
        accounts: 1,
        resources: RESOURCES,
        product: "machine",
        skus: &skus,
        policy: crowd::HOURLY,
        money: crowd::Means::Plenty,
    };
    let cloud = crowd::fill(&bed.engine, &catalog, &crowd, begins)?;
    live(&bed.engine, &cloud, today)?;
    others(&bed.engine, &cloud, today, arguments.charges)?;
    bed.engine.clock().advance_to(crowd::after(today, 15 * HOUR_SECONDS + 1_800));
    let pages = router(Console::looked_at(bed.engine.clone(), Arc::new(Owner)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    for (name, rest) in [
        ("overview", ""),
        ("costs", "/costs"),
        ("costs of 90 days", "/costs?period=quarter"),
        ("costs by resource", "/costs?by=resource"),
        ("costs of one resource", "/costs?resource=r-7"),
    ] {
        let address = format!("/c/{cloud}/{ACCOUNT}{rest}");
        let (mut waits, mut bytes) = (Vec::with_capacity(arguments.pages), 0);
        runtime.block_on(ask(&pages, &address))?; // the first reads what every later one has in memory
        for _ in 0..arguments.pages.max(1) {
            let begun = Instant::now();
            bytes = runtime.block_on(ask(&pages, &address))?;
            waits.push(begun.elapsed());
        }
        let (rows, took) = (waits.len() as u64, waits.iter().sum());
        #[expect(clippy::cast_precision_loss, reason = "kilobytes for people")]
        let more = vec![("kB", bytes as f64 / 1e3)];
        Measured { name: name.to_owned(), store: bed.name, rows, took, waits, floor: None, more }
            .print(arguments.at.json)?;
    }
    Ok(())
}

/// A page, whole; how many bytes it has.
async fn ask(pages: &Router, address: &str) -> Result<usize, Failure> {
    let request = Request::builder().uri(address).header("host", "127.0.0.1").header("accept-language", "en");
    let response = pages.clone().oneshot(request.body(Body::empty())?).await?;
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await?;
    if status != StatusCode::OK {
        return Err(format!("{address}: {status}: {}", String::from_utf8_lossy(&bytes)).into());
    }
    Ok(bytes.len())
}

/// A year of it, settled every hour.
fn live(engine: &Engine, cloud: &str, today: Moment) -> Result<(), Failure> {
    let means = Money::parse("1000000 USD").map_err(|error| error.to_string())?;
    engine.top_up(cloud, ACCOUNT, means, None).map_err(|error| error.to_string())?;
    for hour in 1..=DAYS * 24 {
        let at = crowd::after(today, (hour - DAYS * 24) * HOUR_SECONDS);
        engine.clock().advance_to(at);
        engine.run_due()?;
        engine.run_tick(at)?;
    }
    Ok(())
}

/// What everybody else was charged in that year, day by day as settling seals it.
fn others(engine: &Engine, cloud: &str, today: Moment, count: usize) -> Result<(), Failure> {
    let begins = crowd::after(today, -DAYS * DAY_SECONDS);
    let own = engine.store().read("bench_own", |tx| {
        let payer = tx.payer_by_name(cloud, ACCOUNT)?.expect("just made");
        tx.charges_of(payer.id, &ChargeFilter { from: Some(begins), ..ChargeFilter::default() })
    })?;
    let pattern = own.first().ok_or("nothing was charged")?.clone();
    let days = usize::try_from(DAYS)?;
    let others = i64::try_from(count.saturating_sub(own.len()) / days)?;
    for day in 0..DAYS {
        let from = crowd::after(begins, day * DAY_SECONDS);
        let to = crowd::after(from, DAY_SECONDS);
        let row = |other: i64| ChargeRow {
            account: OwnerId(pattern.account.0 + 1 + other / OTHERS_THINGS),
            line: LineId { thing: ThingId(1_000_000 + other), ..pattern.line.clone() },
            from,
            to,
            recorded: to,
            chained: day * OTHERS_THINGS + other % OTHERS_THINGS + 1,
            ..pattern.clone()
        };
        let rows: Vec<ChargeRow> = (0..others).map(row).collect();
        engine.store().write("bench_charges", move |tx| tx.charges_append(&rows))?;
    }
    Ok(())
}
