//! How often a key may ask: a bucket that fills at a rate and holds a burst. Whoever finds it empty is told when to come again.

use crate::time::Instant;

/// So many at once, and so many a second for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub per_second: u32,
    pub burst: u32,
}

/// What is left of an allowance, in millionths of one request, as of an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    millionths: i64,
    at: Instant,
}

const ONE: i64 = 1_000_000;

impl Bucket {
    pub fn full(allowance: Allowance, now: Instant) -> Bucket {
        Bucket { millionths: i64::from(allowance.burst).saturating_mul(ONE), at: now }
    }

    /// Takes one: how many are left, or in how many seconds, rounded up, there is one again.
    pub fn take(&mut self, allowance: Allowance, now: Instant) -> Result<u32, u32> {
        // A microsecond brings as many millionths as a second brings requests.
        let micros = now.micros().saturating_sub(self.at.micros()).max(0);
        let brought = micros.saturating_mul(i64::from(allowance.per_second));
        let most = i64::from(allowance.burst).saturating_mul(ONE);
        self.millionths = self.millionths.saturating_add(brought).min(most);
        self.at = self.at.max(now);
        if self.millionths < ONE {
            let missing = ONE.saturating_sub(self.millionths);
            let micros = missing
                .checked_div(i64::from(allowance.per_second))
                .map_or(i64::MAX, |micros| micros.saturating_add(1));
            let seconds = micros.saturating_add(ONE - 1) / ONE;
            return Err(u32::try_from(seconds).unwrap_or(u32::MAX));
        }
        self.millionths = self.millionths.saturating_sub(ONE);
        Ok(u32::try_from(self.millionths / ONE).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_rate() {
        let allowance = Allowance { per_second: 2, burst: 3 };
        let at = |millis: i64| Instant::from_micros(1_800_000_000_000_000 + millis * 1_000);
        let mut bucket = Bucket::full(allowance, at(0));
        assert_eq!([0, 0, 0, 0].map(|millis| bucket.take(allowance, at(millis))), [Ok(2), Ok(1), Ok(0), Err(1)]);
        assert_eq!(bucket.take(allowance, at(499)), Err(1));
        assert_eq!(bucket.take(allowance, at(500)), Ok(0));
        assert_eq!(bucket.take(allowance, at(100)), Err(1), "a clock that steps back brings nothing");
        assert_eq!(bucket.take(allowance, at(3_600_000)), Ok(2), "it never holds more than its burst");
    }

    #[test]
    fn who_may_never_ask_is_told_so() {
        let allowance = Allowance { per_second: 0, burst: 0 };
        let mut bucket = Bucket::full(allowance, Instant::EPOCH);
        assert_eq!(bucket.take(allowance, Instant::EPOCH), Err(u32::MAX));
    }
}
