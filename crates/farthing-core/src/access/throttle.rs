//! How often somebody may try to sign in: some tries at once, then each wrong one doubles the wait. Counted for the person who is tried, and
//! for the address it comes from, each by itself.
//!
//! A wait ends by itself and is never long: whoever tries wrong ones on purpose must not lock somebody out of their own account for
//! good. A link by mail is not counted here, and ends the wait.

use crate::time::Instant;

/// What is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryLimits {
    /// So many wrong ones cost nothing.
    pub free: u32,
    pub first_wait_seconds: i64,
    pub longest_wait_seconds: i64,
    /// Quiet for so long, all is forgotten.
    pub forget_seconds: i64,
}

/// Of one person: at 15 minutes a try, a million codes of six digits take 28 years.
pub const OF_PERSON: TryLimits =
    TryLimits { free: 5, first_wait_seconds: 15, longest_wait_seconds: 900, forget_seconds: 86_400 };
/// Of one address, behind which an office may sit.
pub const OF_ADDRESS: TryLimits =
    TryLimits { free: 30, first_wait_seconds: 15, longest_wait_seconds: 900, forget_seconds: 3_600 };

/// What is known of somebody's tries: how many were wrong, and when the last was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    pub wrong: u32,
    pub last: Option<Instant>,
}

impl Tries {
    /// Counts one more as wrong before it is looked at, so that many at once are no way around; or in how many seconds one may try again.
    /// One that turns out right is given back (`right`).
    pub fn begin(self, limits: TryLimits, now: Instant) -> Result<Tries, u32> {
        let known = self.forgotten(limits, now);
        let wait = known.wait_seconds(limits);
        let since = known.last.map_or(i64::MAX, |last| now.seconds_since(last).max(0));
        if since < wait {
            return Err(u32::try_from(wait.saturating_sub(since)).unwrap_or(u32::MAX));
        }
        Ok(Tries { wrong: known.wrong.saturating_add(1), last: Some(now) })
    }

    /// The last one was right: for a person all is forgotten, for an address only this one, because others may come from there.
    #[must_use]
    pub const fn given_back(self) -> Tries {
        Tries { wrong: self.wrong.saturating_sub(1), last: self.last }
    }

    fn forgotten(self, limits: TryLimits, now: Instant) -> Tries {
        match self.last {
            Some(last) if now.seconds_since(last) < limits.forget_seconds => self,
            _ => Tries::default(),
        }
    }

    fn wait_seconds(self, limits: TryLimits) -> i64 {
        let Some(beyond) = self.wrong.checked_sub(limits.free) else { return 0 };
        let doubled = 1_i64.checked_shl(beyond).filter(|doubled| *doubled > 0).unwrap_or(i64::MAX);
        limits.first_wait_seconds.saturating_mul(doubled).min(limits.longest_wait_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(1_800_000_000_000_000 + seconds * 1_000_000)
    }

    #[test]
    fn five_are_free_then_each_wrong_one_doubles_the_wait() {
        let mut tries = Tries::default();
        for _ in 0..5 {
            tries = tries.begin(OF_PERSON, at(0)).unwrap();
        }
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..9 {
            let wait = tries.begin(OF_PERSON, at(now)).unwrap_err();
            assert!(tries.begin(OF_PERSON, at(now + i64::from(wait) - 1)).is_err());
            waits.push(wait);
            now += i64::from(wait);
            tries = tries.begin(OF_PERSON, at(now)).unwrap();
        }
        assert_eq!(waits, [15, 30, 60, 120, 240, 480, 900, 900, 900]);
        // A refused try does not count: asking again and again does not make the wait longer.
        assert_eq!(tries.begin(OF_PERSON, at(now)), tries.begin(OF_PERSON, at(now)));
    }

    #[test]
    fn a_quiet_day_is_forgotten() {
        let tries = Tries { wrong: 40, last: Some(at(0)) };
        assert_eq!(tries.begin(OF_PERSON, at(86_399)).unwrap().wrong, 41);
        assert_eq!(tries.begin(OF_PERSON, at(86_400)).unwrap().wrong, 1);
        assert!(Tries { wrong: u32::MAX, last: Some(at(0)) }.begin(OF_PERSON, at(1)).is_err());
    }

    #[test]
    fn who_signs_in_rightly_all_day_is_not_slowed() {
        let mut tries = Tries::default();
        for second in 0..1_000 {
            tries = tries.begin(OF_ADDRESS, at(second)).unwrap().given_back();
        }
        assert_eq!(tries.wrong, 0);
    }
}
