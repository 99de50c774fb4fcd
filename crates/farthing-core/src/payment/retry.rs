//! When a bill that could not be collected by itself is tried again (R15, R54).

use crate::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextTry {
    pub at: Instant,
    /// How many of the policy's times are over with it.
    pub made: usize,
}

/// Each time is counted from the first failure, whatever became of those between. Those that were missed are one try, now. None: none is left.
pub fn next_try(retries: &[Duration], failed: Instant, made: usize, now: Instant) -> Option<NextTry> {
    let mut times: Vec<Instant> = retries.iter().filter_map(|after| failed.checked_add(*after).ok()).collect();
    times.sort_unstable();
    let missed = times.iter().filter(|at| **at <= now).count();
    if missed > made {
        return Some(NextTry { at: now, made: missed });
    }
    times.get(made).map(|at| NextTry { at: *at, made: made.saturating_add(1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: i64) -> Instant {
        Instant::from_micros(hour * 3_600_000_000)
    }

    fn after(hours: &[i64]) -> Vec<Duration> {
        hours.iter().map(|hours| Duration::try_from_seconds(hours * 3_600).unwrap()).collect()
    }

    #[test]
    fn r54_each_time_is_counted_from_the_first_failure() {
        let retries = after(&[24, 72]);
        assert_eq!(next_try(&retries, hour(10), 0, hour(10)), Some(NextTry { at: hour(34), made: 1 }));
        assert_eq!(next_try(&retries, hour(10), 1, hour(34)), Some(NextTry { at: hour(82), made: 2 }));
        assert_eq!(next_try(&retries, hour(10), 2, hour(82)), None);
        assert_eq!(next_try(&[], hour(10), 0, hour(10)), None);
    }

    #[test]
    fn times_that_were_missed_are_one_try() {
        let retries = after(&[1, 2, 3, 9]);
        assert_eq!(next_try(&retries, hour(0), 0, hour(4)), Some(NextTry { at: hour(4), made: 3 }));
        assert_eq!(next_try(&retries, hour(0), 3, hour(4)), Some(NextTry { at: hour(9), made: 4 }));
    }

    #[test]
    fn they_may_be_written_in_any_order() {
        let retries = after(&[72, 24]);
        assert_eq!(next_try(&retries, hour(0), 0, hour(0)), Some(NextTry { at: hour(24), made: 1 }));
    }
}
