//! An instant: microseconds of UTC since 1970.

/// A moment, in microseconds UTC since 1970-01-01. Facts keep all six digits; what cuts a timeline is floored first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    pub const EPOCH: Instant = Instant(0);

    pub const fn from_micros(micros: i64) -> Instant {
        Instant(micros)
    }

    pub const fn micros(self) -> i64 {
        self.0
    }
}
