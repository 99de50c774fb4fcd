//! Delivers what the outbox holds, of the live world and of the test clouds that are open: one process at a time for each, by lease.
//!
//! Each place that something goes to has couriers of its own, a few where much waits for it. So one that does not answer keeps its
//! own couriers waiting and nobody else's; where nothing is taken any more they come back after a pause.

use super::board::Board;
use super::seconds;
use super::worker::{Bell, process_holder};
use crate::api::Door;
use crate::carry::Carriers;
use farthing_core::time::Instant;
use farthing_engine::{Carrier as _, Engine, EngineError};
use farthing_store::{Channel, DeliveryState};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// The job whose holder delivers.
const DELIVER: &str = "deliver";
const LEASE_SECONDS: i64 = 15;
/// How often a lease is renewed.
const RENEW: Duration = Duration::from_secs(4);
/// How long nobody looks whether there is something to send.
const NAP: Duration = Duration::from_millis(200);
/// Couriers at once.
const ALL_MAX: usize = 64;

/// A world by its test cloud, empty for the live one, and where something goes.
type Place = (String, Channel);

/// Runs until the bell rings; whoever is on the way then comes back first.
pub(super) fn deliver(door: &Arc<Door>, carriers: &Arc<Carriers>, bell: &Arc<Bell>) {
    let board: Arc<Board<Place>> = Arc::default();
    let mut renewed: BTreeMap<String, Option<std::time::Instant>> = BTreeMap::new();
    let mut couriers: Vec<JoinHandle<()>> = Vec::new();
    let mut failing = false;
    loop {
        let live = (String::new(), door.worlds.live().clone());
        let worlds: Vec<(String, Engine)> = std::iter::once(live).chain(door.worlds.tests_open()).collect();
        for (world, engine) in worlds {
            let looked = look(door, &engine, renewed.entry(world.clone()).or_default());
            let ready = match looked {
                Ok(ready) => {
                    failing = false;
                    ready
                }
                Err(error) => {
                    // The same failure five times a second is told once.
                    if !failing {
                        tracing::error!(
                            error = farthing_store::chain_of(&error),
                            "delivering failed: it is tried again"
                        );
                    }
                    failing = true;
                    continue;
                }
            };
            for channel in ready {
                let place = (world.clone(), channel);
                couriers.retain(|courier| !courier.is_finished());
                if couriers.len() >= ALL_MAX || !board.admits(&place) {
                    continue;
                }
                let (door, engine, carriers) = (door.clone(), engine.clone(), carriers.clone());
                let (board, bell) = (board.clone(), bell.clone());
                let round = move || {
                    go(&door, &engine, &carriers, &board, &place, &bell);
                    board.leave(&place);
                };
                match std::thread::Builder::new().name("courier".to_owned()).spawn(round) {
                    Ok(courier) => couriers.push(courier),
                    Err(error) => tracing::error!(%error, "there is no thread for a courier: it is tried again"),
                }
            }
        }
        if !bell.sleep(NAP) {
            break;
        }
    }
    for courier in couriers {
        let _ = courier.join(); // one that panicked has said so
    }
    let holder = process_holder();
    for engine in
        std::iter::once(door.worlds.live().clone()).chain(door.worlds.tests_open().into_iter().map(|(_, e)| e))
    {
        let name = holder.clone();
        if let Err(error) = engine.store().write("lease_drop", move |tx| tx.lease_drop(DELIVER, &name)) {
            tracing::warn!(error = farthing_store::chain_of(&error), "the lease on delivering was not given up");
        }
    }
}

/// Where something of a world is ready, if this process delivers for it. Messages are sent by the real time, also those of a test cloud.
fn look(door: &Door, engine: &Engine, renewed: &mut Option<std::time::Instant>) -> Result<Vec<Channel>, EngineError> {
    let now = door.worlds.live().now()?;
    if renewed.is_none_or(|last| last.elapsed() >= RENEW) {
        let (holder, lasts) = (process_holder(), seconds(LEASE_SECONDS));
        let held = engine.store().write("lease_take", move |tx| tx.lease_take(DELIVER, &holder, now, lasts))?;
        *renewed = held.map(|_| std::time::Instant::now());
    }
    if renewed.is_none() { Ok(Vec::new()) } else { engine.channels_ready(now) }
}

/// One courier's round: parcel after parcel, until there is none or they are not taken.
fn go(door: &Door, engine: &Engine, carriers: &Carriers, board: &Board<Place>, place: &Place, bell: &Bell) {
    while !bell.is_rung() {
        match send_one(door, engine, carriers, place.1) {
            Ok(None) => return,
            Ok(Some(state)) => {
                // What nobody can be reached with says nothing of the way there.
                if !board.note(place, state != DeliveryState::Waiting) {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(error = farthing_store::chain_of(&error), "a delivery failed: it is tried again");
                board.note(place, false);
                return;
            }
        }
    }
}

fn send_one(
    door: &Door,
    engine: &Engine,
    carriers: &Carriers,
    channel: Channel,
) -> Result<Option<DeliveryState>, EngineError> {
    let now: Instant = door.worlds.live().now()?;
    let claimed = engine.parcels_claim(channel, now, 1)?;
    let Some(parcel) = claimed.first() else { return Ok(None) };
    let carried = carriers.carry(parcel, now);
    let state = engine.parcel_done(parcel, &carried, door.worlds.live().now()?, farthing_engine::chance()[0])?;
    let (id, kind) = (parcel.id.to_string(), &parcel.kind);
    match state {
        DeliveryState::Delivered => tracing::info!(id, kind, status = carried.status, "delivered"),
        DeliveryState::Waiting => tracing::info!(id, kind, status = carried.status, "not taken: it is tried again"),
        DeliveryState::Dead => {
            tracing::warn!(id, kind, status = carried.status, "given up: it can be sent again by hand");
        }
    }
    Ok(Some(state))
}
