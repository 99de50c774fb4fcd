//! How long who signed in stays so.

use crate::time::Instant;

/// Ends by quiet, and in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTerms {
    pub idle_seconds: i64,
    pub most_seconds: i64,
}

/// A customer's people pay bills here, a few times a month.
pub const OF_CUSTOMERS: SessionTerms = SessionTerms { idle_seconds: 2 * 3_600, most_seconds: 24 * 3_600 };
/// Operators move other people's money.
pub const OF_OPERATORS: SessionTerms = SessionTerms { idle_seconds: 30 * 60, most_seconds: 12 * 3_600 };
/// Between the password and the code.
pub const HALF_WAY: SessionTerms = SessionTerms { idle_seconds: 10 * 60, most_seconds: 10 * 60 };

/// A link of the cloud's own portal, which sends the browser here at once.
pub const ENTER_LINK_SECONDS: i64 = 60;
/// A new password is chosen while the mail is on the screen.
pub const PASSWORD_LINK_SECONDS: i64 = 3_600;
/// An invitation waits for its reader.
pub const INVITATION_SECONDS: i64 = 7 * 86_400;
/// Seen so lately, a session's row is not written again: a page load is a read.
pub const SEEN_SECONDS: i64 = 60;

/// What decides whether a session is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimes {
    pub made: Instant,
    pub seen: Instant,
}

impl SessionTerms {
    pub fn is_good(self, times: SessionTimes, now: Instant) -> bool {
        now.seconds_since(times.seen) < self.idle_seconds && now.seconds_since(times.made) < self.most_seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_quiet_and_in_any_case() {
        let at = |seconds: i64| Instant::from_micros(1_800_000_000_000_000 + seconds * 1_000_000);
        let times = |seen: i64| SessionTimes { made: at(0), seen: at(seen) };
        assert!(OF_CUSTOMERS.is_good(times(0), at(7_199)));
        assert!(!OF_CUSTOMERS.is_good(times(0), at(7_200)));
        assert!(OF_CUSTOMERS.is_good(times(86_000), at(86_399)));
        assert!(!OF_CUSTOMERS.is_good(times(86_399), at(86_400)), "however busy");
        assert!(!OF_OPERATORS.is_good(times(0), at(1_800)));
        assert!(HALF_WAY.is_good(times(0), at(599)) && !HALF_WAY.is_good(times(599), at(600)));
    }
}
