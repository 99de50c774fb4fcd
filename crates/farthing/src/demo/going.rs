//! How the demo's life goes on while it is looked at: a thread that lets its clock run, so many seconds of it to one of ours.

use super::life::Life;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as Stopwatch};

const NAP: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Going {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Going {
    /// `speed`: seconds of the demo in one of ours; 0: its clock stands.
    pub(super) fn on(mut life: Life, speed: u32) -> Going {
        let ended = Arc::new(AtomicBool::new(false));
        let told = ended.clone();
        let thread = (speed > 0).then(|| {
            std::thread::spawn(move || {
                let (from, began) = (life.now(), Stopwatch::now());
                while !told.load(Ordering::Acquire) {
                    std::thread::sleep(NAP);
                    let gone = began.elapsed().as_micros().saturating_mul(u128::from(speed));
                    let until = i64::try_from(gone).ok().and_then(|gone| from.checked_add_micros(gone).ok());
                    let Some(until) = until else { return };
                    if let Err(error) = life.live_until(until) {
                        // The pages go on without it.
                        eprintln!("farthing: the demo's clock stands from here on: {error}");
                        return;
                    }
                }
            })
        });
        Going { ended, thread }
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // one that panicked has said so
        }
    }
}
