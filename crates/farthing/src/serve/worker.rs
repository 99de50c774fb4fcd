//! What works beside the requests: settling what is due, and small chores. One process at a time, by lease: of two on one
//! PostgreSQL the other takes over when the lease is over.

use super::{cashiers, couriers, exporters, is_older, seconds};
use crate::api::Door;
use crate::carry::Carriers;
use crate::failure::Failure;
use farthing_core::time::Instant;
use farthing_engine::{Engine, EngineError};
use farthing_store::Store;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The job whose holder settles.
const SETTLE: &str = "settle";
/// How long a lease is good that is not renewed, in seconds.
const LEASE_SECONDS: i64 = 10;
/// How long a lease on a process number is good.
const PROCESS_LEASE_SECONDS: i64 = 60;
/// A server's process numbers; those above are drawn by commands.
const SERVERS: u8 = 32;
/// As long as nothing is due earlier.
const NAP: Duration = Duration::from_millis(500);
/// How long kept answers to Idempotency-Keys are kept.
const ANSWERS_DAYS: i64 = 35;
/// How long events and how they were delivered are kept.
const EVENTS_DAYS: i64 = 90;

#[derive(Debug)]
pub(super) struct Workers {
    threads: Vec<JoinHandle<()>>,
    bell: Arc<Bell>,
}

/// Wakes sleepers when the process is to end.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: AtomicBool,
    lock: Mutex<()>,
    waiting: Condvar,
}

impl Bell {
    /// Sleeps so long; whether to go on.
    pub(super) fn sleep(&self, long: Duration) -> bool {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.rung.load(Ordering::Acquire) {
            drop(self.waiting.wait_timeout(guard, long).unwrap_or_else(PoisonError::into_inner));
        }
        !self.rung.load(Ordering::Acquire)
    }

    /// Whether the process is to end.
    pub(super) fn is_rung(&self) -> bool {
        self.rung.load(Ordering::Acquire)
    }

    fn ring(&self) {
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.rung.store(true, Ordering::Release);
        self.waiting.notify_all();
    }
}

/// With carriers it settles, collects and delivers; without it only answers.
pub(super) fn start(door: &Arc<Door>, work: Option<Carriers>) -> Workers {
    let bell = Arc::new(Bell::default());
    let spawn = |name: &str, job: Box<dyn FnOnce() + Send>| {
        std::thread::Builder::new().name(name.to_owned()).spawn(job).expect("the system gives a thread")
    };
    let mut threads = Vec::new();
    {
        let (door, bell) = (door.clone(), bell.clone());
        threads.push(spawn("chores", Box::new(move || chores(&door, &bell))));
    }
    if let Some(carriers) = work {
        let (engine, own_bell) = (door.worlds.live().clone(), bell.clone());
        threads.push(spawn("settle", Box::new(move || settle(&engine, &own_bell))));
        if !door.stripes.is_empty() {
            let (door, bell) = (door.clone(), bell.clone());
            threads.push(spawn("collect", Box::new(move || cashiers::collect(&door, &bell))));
        }
        let (exporting, own_bell) = (door.clone(), bell.clone());
        threads.push(spawn("export", Box::new(move || exporters::export(&exporting, &own_bell))));
        let (door, bell) = (door.clone(), bell.clone());
        threads.push(spawn("deliver", Box::new(move || couriers::deliver(&door, &Arc::new(carriers), &bell))));
    }
    Workers { threads, bell }
}

impl Workers {
    /// Lets what runs come to its end.
    pub(super) fn stop(self) {
        self.bell.ring();
        for thread in self.threads {
            let _ = thread.join(); // one that panicked has said so
        }
    }
}

/// How often it is noted that somebody takes steps.
const SEEN_SECONDS: i64 = 30;

/// Settles at each cadence, and does whatever falls due within a second of it.
fn settle(engine: &Engine, bell: &Bell) {
    let holder = process_holder();
    let mut ticked: Option<Instant> = None;
    let mut seen: Option<Instant> = None;
    let mut failing = false;
    loop {
        match settle_once(engine, &holder, (&mut ticked, &mut seen)) {
            Ok(()) => failing = false,
            Err(error) => {
                // The same failure every half second is told once.
                if !failing {
                    tracing::error!(error = farthing_store::chain_of(&error), "settling failed: it is tried again");
                }
                failing = true;
            }
        }
        if !bell.sleep(NAP) {
            break;
        }
    }
    let ended = engine.store().write("lease_drop", move |tx| tx.lease_drop(SETTLE, &holder));
    if let Err(error) = ended {
        tracing::warn!(error = farthing_store::chain_of(&error), "the lease on settling was not given up");
    }
}

fn settle_once(
    engine: &Engine,
    holder: &str,
    (ticked, seen): (&mut Option<Instant>, &mut Option<Instant>),
) -> Result<(), EngineError> {
    let now = engine.now()?;
    let name = holder.to_owned();
    let lasts = seconds(LEASE_SECONDS);
    let held = engine.store().write("lease_take", move |tx| tx.lease_take(SETTLE, &name, now, lasts))?;
    if held.is_none() {
        (*ticked, *seen) = (None, None); // another settles
        return Ok(());
    }
    if seen.is_none_or(|seen| is_older(seen, now, SEEN_SECONDS)) {
        engine.take_steps(now)?;
        *seen = Some(now);
    }
    engine.run_due()?;
    // What ticked before it was ours to settle comes with the next tick: settling posts differences.
    let after = ticked.unwrap_or(now);
    for tick in engine.ticks_between(after, now)? {
        engine.run_tick(tick)?;
    }
    *ticked = Some(now);
    Ok(())
}

/// Small things of now and then.
fn chores(door: &Door, bell: &Bell) {
    let engine = door.worlds.live();
    let process = engine.ids().process();
    let name = process_holder();
    let mut swept: Option<Instant> = None;
    while bell.sleep(Duration::from_secs(15)) {
        let done = door.note_keys_used().and_then(|()| {
            let now = engine.now()?;
            let (job, name, lasts) = (process_job(process), name.clone(), seconds(PROCESS_LEASE_SECONDS));
            engine.store().write("lease_take", move |tx| tx.lease_take(&job, &name, now, lasts))?;
            if swept.is_none_or(|swept| is_older(swept, now, 3_600)) {
                let before = now.checked_sub(seconds(ANSWERS_DAYS * 86_400)).unwrap_or(Instant::EPOCH);
                engine.store().write("answers_forget", move |tx| tx.answers_forget(before))?;
                engine.events_forget(now.checked_sub(seconds(EVENTS_DAYS * 86_400)).unwrap_or(Instant::EPOCH))?;
                let tests = door.worlds.tests_open().into_iter().map(|(_, test)| test);
                for world in std::iter::once(engine.clone()).chain(tests) {
                    world.access_forget(now)?;
                }
                swept = Some(now);
            }
            Ok(())
        });
        if let Err(error) = done {
            tracing::warn!(error = farthing_store::chain_of(&error), "a chore failed: it is tried again");
        }
    }
    let _ = door.note_keys_used();
    let job = process_job(process);
    let _ = engine.store().write("lease_drop", move |tx| tx.lease_drop(&job, &name));
}

/// A number no other server on this store has, so that two never give one id.
pub(super) fn process_number(store: &Store, now: Instant) -> Result<u8, Failure> {
    let holder = process_holder();
    for number in 0..SERVERS {
        let (job, holder, lasts) = (process_job(number), holder.clone(), seconds(PROCESS_LEASE_SECONDS));
        let held = store.write("lease_take", move |tx| tx.lease_take(&job, &holder, now, lasts))?;
        if held.is_some() {
            return Ok(number);
        }
    }
    Err(format!("{SERVERS} servers run on this store already: end one of them first").into())
}

fn process_job(number: u8) -> String {
    format!("process {number}")
}

/// This process, and no other on any machine.
pub(super) fn process_holder() -> String {
    use std::sync::OnceLock;
    static HOLDER: OnceLock<String> = OnceLock::new();
    let made = || {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let chance = farthing_engine::chance();
        let chance = u64::from_le_bytes(chance.first_chunk().copied().unwrap_or_default());
        format!("{}:{}:{chance:016x}", host.trim(), std::process::id())
    };
    HOLDER.get_or_init(made).clone()
}
