//! When a message that was not taken is sent again: soon, then ever more rarely, for three days, then it is dead.

use crate::time::{Duration, Instant};

/// After the first failure, the second, and so on; the last one repeats until the three days are over.
const DELAYS_SECONDS: [i64; 10] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200];
/// How long it is tried.
const TRIED_SECONDS: i64 = 3 * 86_400;
/// A receiver may ask for a pause (`Retry-After`), but not for a longer one.
const ASKED_MAX_SECONDS: i64 = 43_200;

/// An attempt that failed.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// It was the first, second, … of this message to this endpoint.
    pub number: i64,
    /// When the first one was made.
    pub first: Instant,
    pub now: Instant,
    /// The pause the receiver asks for.
    pub asked_seconds: Option<i64>,
    /// Chance. Many that failed at one moment do not come again at one moment: each waits up to a fifth longer.
    pub jitter: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    At(Instant),
    /// Three days are over. It is kept, and can be sent again by hand.
    Dead,
}

pub fn after_failure(attempt: &Attempt) -> Next {
    let end = later(attempt.first, TRIED_SECONDS);
    if attempt.now >= end {
        return Next::Dead;
    }
    let place =
        usize::try_from(attempt.number.saturating_sub(1)).unwrap_or(0).min(DELAYS_SECONDS.len().saturating_sub(1));
    let delay = DELAYS_SECONDS.get(place).copied().unwrap_or(ASKED_MAX_SECONDS);
    let jittered = delay.saturating_add(delay.saturating_mul(i64::from(attempt.jitter)).div_euclid(5 * 256));
    let asked = attempt.asked_seconds.unwrap_or(0).clamp(0, ASKED_MAX_SECONDS);
    // The last attempt is made when the three days end, not after them.
    Next::At(later(attempt.now, jittered.max(asked)).min(end))
}

/// Taken is what was answered with success. Redirects are not followed: they would lead to where nobody has agreed to be sent.
pub const fn is_success(status: u16) -> bool {
    status >= 200 && status < 300
}

fn later(at: Instant, seconds: i64) -> Instant {
    Duration::try_from_seconds(seconds).ok().and_then(|wait| at.checked_add(wait).ok()).unwrap_or(Instant::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant::from_micros(1_800_000_000_000_000);

    /// When it is tried, in seconds after the first attempt, by a receiver that never takes it.
    fn tries(jitter: u8) -> Vec<i64> {
        let (mut tries, mut now) = (vec![0], START);
        for number in 1.. {
            let attempt = Attempt { number, first: START, now, asked_seconds: None, jitter };
            match after_failure(&attempt) {
                Next::At(at) => {
                    assert!(at > now);
                    now = at;
                    tries.push(at.seconds_since(START));
                }
                Next::Dead => return tries,
            }
        }
        tries
    }

    #[test]
    fn it_is_tried_for_three_days_and_no_longer() {
        let expected =
            [0, 5, 35, 155, 755, 2_555, 6_155, 13_355, 27_755, 56_555, 99_755, 142_955, 186_155, 229_355, 259_200];
        assert_eq!(tries(0), expected);
        let late = tries(255);
        assert_eq!(late.last(), Some(&259_200));
        assert_eq!(late[1], 5, "a fifth of five seconds less a 256th is no whole second");
        assert!((36_000..45_000).contains(&(late[8])) || late[8] < 36_000, "{late:?}");
    }

    #[test]
    fn a_receiver_may_ask_for_a_pause_and_not_for_ever() {
        let attempt = |asked| Attempt { number: 1, first: START, now: START, asked_seconds: Some(asked), jitter: 0 };
        let wait = |asked| match after_failure(&attempt(asked)) {
            Next::At(at) => at.seconds_since(START),
            Next::Dead => panic!("it is not dead"),
        };
        assert_eq!((wait(1), wait(90), wait(i64::MAX), wait(-5)), (5, 90, 43_200, 5));
    }

    #[test]
    fn only_success_is_taken() {
        assert_eq!(
            [199, 200, 204, 299, 300, 302, 404, 500].map(is_success),
            [false, true, true, true, false, false, false, false]
        );
    }
}
