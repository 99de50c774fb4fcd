//! Asks payment providers whatever waits to be asked of them: one process at a time, by lease; of each cloud a few cashiers, paced by its
//! provider. What a customer waits for is asked at once, by the request itself; cashiers do what comes of itself and what has to be
//! asked again.

use super::board::Board;
use super::seconds;
use super::worker::{Bell, process_holder};
use crate::api::Door;
use crate::carry::StripeProvider;
use farthing_engine::{Engine, EngineError};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// The job whose holder asks.
const COLLECT: &str = "collect";
/// Longer than it takes to come round again while all cashiers wait for answers.
const LEASE_SECONDS: i64 = 15;
const RENEW: Duration = Duration::from_secs(4);
/// How long nobody looks whether something waits.
const NAP: Duration = Duration::from_millis(200);

/// Runs until the bell rings; whoever waits for an answer then hears it first.
pub(super) fn collect(door: &Arc<Door>, bell: &Arc<Bell>) {
    let engine = door.worlds.live();
    let board: Arc<Board<String>> = Arc::default();
    let mut cashiers: Vec<JoinHandle<()>> = Vec::new();
    let mut renewed: Option<std::time::Instant> = None;
    let mut failing = false;
    loop {
        match look(engine, &mut renewed) {
            Ok(false) => failing = false,
            Ok(true) => {
                failing = false;
                cashiers.retain(|cashier| !cashier.is_finished());
                for (cloud, provider) in &door.stripes {
                    if !board.admits(cloud) {
                        continue;
                    }
                    let (engine, provider, board) = (engine.clone(), provider.clone(), board.clone());
                    let (cloud, bell) = (cloud.clone(), bell.clone());
                    let round = move || {
                        go(&engine, &cloud, &provider, &board, &bell);
                        board.leave(&cloud);
                    };
                    match std::thread::Builder::new().name("cashier".to_owned()).spawn(round) {
                        Ok(cashier) => cashiers.push(cashier),
                        Err(error) => tracing::error!(%error, "there is no thread for a cashier: it is tried again"),
                    }
                }
            }
            Err(error) => {
                // The same failure five times a second is told once.
                if !failing {
                    tracing::error!(error = farthing_store::chain_of(&error), "collecting failed: it is tried again");
                }
                failing = true;
            }
        }
        if !bell.sleep(NAP) {
            break;
        }
    }
    for cashier in cashiers {
        let _ = cashier.join(); // one that panicked has said so
    }
    let holder = process_holder();
    if let Err(error) = engine.store().write("lease_drop", move |tx| tx.lease_drop(COLLECT, &holder)) {
        tracing::warn!(error = farthing_store::chain_of(&error), "the lease on collecting was not given up");
    }
}

/// Whether something waits, and it is this process that asks.
fn look(engine: &Engine, renewed: &mut Option<std::time::Instant>) -> Result<bool, EngineError> {
    let now = engine.now()?;
    if renewed.is_none_or(|last| last.elapsed() >= RENEW) {
        let (holder, lasts) = (process_holder(), seconds(LEASE_SECONDS));
        let held = engine.store().write("lease_take", move |tx| tx.lease_take(COLLECT, &holder, now, lasts))?;
        *renewed = held.map(|_| std::time::Instant::now());
    }
    if renewed.is_none() {
        return Ok(false);
    }
    let (next, may) = engine.store().read("errand_next", |tx| {
        Ok::<_, EngineError>((tx.errand_next(farthing_stripe::NAME)?, tx.effects_may_leave()?))
    })?;
    Ok(may && next.is_some_and(|next| next <= now))
}

/// One cashier's round: errand after errand, until there is none or the provider cannot be asked. One at a time, so that a claim never
/// runs out while others are waited for.
fn go(engine: &Engine, cloud: &str, provider: &StripeProvider, board: &Board<String>, bell: &Bell) {
    while !bell.is_rung() {
        match engine.run_errands(cloud, 1) {
            Ok(0) => return,
            Ok(_) => {
                if !board.note(&cloud.to_owned(), !provider.is_failing()) {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(error = farthing_store::chain_of(&error), cloud, "an errand failed: it is tried again");
                board.note(&cloud.to_owned(), false);
                return;
            }
        }
    }
}
