//! The one real clock, and one for simulations. Everything else is told the time.

use farthing_core::time::Instant;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// While running, the wall clock and the monotonic one may part by so much; beyond it somebody has set the clock, and
/// nothing that depends on time may go on until an operator has looked.
const PARTING_MAX_MICROS: i64 = 60_000_000;

#[derive(Debug)]
pub enum Clock {
    Real(RealClock),
    /// Stands still until it is moved; never backwards.
    Simulated(AtomicI64),
}

#[derive(Debug)]
pub struct RealClock {
    started_wall: i64,
    started: std::time::Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockError {
    /// The wall clock was set, by so many microseconds, since the start.
    Parted {
        micros: i64,
    },
    /// At the start: the store's newest record is later than the clock.
    BehindRecords {
        newest: Instant,
        now: Instant,
    },
    OutOfRange,
}

impl fmt::Display for ClockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClockError::Parted { micros } => write!(
                f,
                "this machine's clock was set by {} s while Farthing ran: set it right and start Farthing again; until then nothing is settled",
                micros / 1_000_000
            ),
            ClockError::BehindRecords { newest, now } => write!(
                f,
                "this machine's clock says {now}, but the store's newest record is of {newest}: set the clock right, or open the store it belongs to"
            ),
            ClockError::OutOfRange => {
                f.write_str("this machine's clock is outside the years 2020 to 2091: set it right")
            }
        }
    }
}

impl std::error::Error for ClockError {}

impl Clock {
    /// The machine's clock. `newest` is the time of the store's newest record: time does not go back over a restart.
    pub fn real(newest: Option<Instant>) -> Result<Clock, ClockError> {
        let now = wall_micros()?;
        if let Some(newest) = newest.filter(|newest| newest.micros() > now) {
            return Err(ClockError::BehindRecords { newest, now: Instant::from_micros(now) });
        }
        Ok(Clock::Real(RealClock { started_wall: now, started: std::time::Instant::now() }))
    }

    pub fn simulated(at: Instant) -> Clock {
        Clock::Simulated(AtomicI64::new(at.micros()))
    }

    pub fn now(&self) -> Result<Instant, ClockError> {
        match self {
            Clock::Simulated(micros) => Ok(Instant::from_micros(micros.load(Ordering::Acquire))),
            Clock::Real(clock) => {
                let elapsed = i64::try_from(clock.started.elapsed().as_micros()).map_err(|_| ClockError::OutOfRange)?;
                agreed(wall_micros()?, clock.started_wall + elapsed).map(Instant::from_micros)
            }
        }
    }

    /// A simulated clock that another process has moved is moved to the same instant; never back.
    pub fn follow(&self, at: Instant) {
        if let Clock::Simulated(micros) = self {
            micros.fetch_max(at.micros(), Ordering::AcqRel);
        }
    }

    /// Moves a simulated clock on. A real one, or a step back, is a bug of the caller.
    pub fn advance_to(&self, at: Instant) {
        let Clock::Simulated(micros) = self else { panic!("the real clock is not ours to move") };
        let before = micros.fetch_max(at.micros(), Ordering::AcqRel);
        assert!(before <= at.micros(), "time does not go back: from {} to {at}", Instant::from_micros(before));
    }
}

fn agreed(wall: i64, expected: i64) -> Result<i64, ClockError> {
    let parted = wall - expected;
    if parted.abs() > PARTING_MAX_MICROS { Err(ClockError::Parted { micros: parted }) } else { Ok(wall) }
}

fn wall_micros() -> Result<i64, ClockError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| ClockError::OutOfRange)?;
    i64::try_from(since.as_micros()).map_err(|_| ClockError::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stops_answering_when_somebody_sets_it() {
        let minute = PARTING_MAX_MICROS;
        for (wall, expected, answer) in [
            (100, 100, Ok(100)),
            (100 + minute, 100, Ok(100 + minute)),
            (100, 100 + minute, Ok(100)),
            (101 + minute, 100, Err(ClockError::Parted { micros: minute + 1 })),
            (100, 101 + minute, Err(ClockError::Parted { micros: -minute - 1 })),
        ] {
            assert_eq!(agreed(wall, expected), answer, "{wall} where {expected} is expected");
        }
    }

    #[test]
    fn a_start_before_the_newest_record_is_refused() {
        let now = Clock::real(None).unwrap().now().unwrap();
        assert!(Clock::real(Some(now)).is_ok());
        let later = Instant::from_micros(now.micros() + 3_600_000_000);
        let told = Clock::real(Some(later)).unwrap_err().to_string();
        assert!(told.contains("set the clock right") && told.contains(&later.to_string()), "{told}");
    }

    #[test]
    fn a_simulated_clock_stands_until_it_is_moved() {
        let clock = Clock::simulated(Instant::from_micros(5));
        assert_eq!(clock.now(), Ok(Instant::from_micros(5)));
        clock.advance_to(Instant::from_micros(9));
        assert_eq!(clock.now(), Ok(Instant::from_micros(9)));
        let back = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| clock.advance_to(Instant::from_micros(8))));
        assert!(back.is_err());
        assert_eq!(clock.now(), Ok(Instant::from_micros(9)));
    }
}
