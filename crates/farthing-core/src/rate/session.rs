//! The rounding and the minimum of a duration: they act once per session, from its first start to its stop.
//!
//! While a session lasts, plain seconds accrue, whatever cuts, days and resizes it has. The stop posts the remainder at the
//! last price: as money, not as seconds, so a restart inside it overlaps nothing.

use super::RateError;
use crate::time::Duration;

/// How long a session counts. A duration of zero switches either off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Counted in whole steps of this, a started one counts.
    pub round_up: Duration,
    /// Counted as this long at least; taken as it is written, not rounded up.
    pub min: Duration,
}

impl Session {
    /// Every second as it is.
    pub const PLAIN: Session = Session { round_up: Duration::ZERO, min: Duration::ZERO };

    /// How many seconds are charged for a session of so many. One that began and ended within a second costs nothing.
    pub fn billed_seconds(self, seconds: i64) -> Result<i64, RateError> {
        if seconds < 0 {
            return Err(RateError::NegativeSeconds { seconds });
        }
        if seconds == 0 {
            return Ok(0);
        }
        let missing = match self.round_up.seconds() {
            0 => 0,
            step => seconds
                .checked_rem(step)
                .filter(|over| *over > 0)
                .map_or(Some(0), |over| step.checked_sub(over))
                .ok_or(RateError::Overflow { operation: "round a session up" })?,
        };
        let rounded = seconds.checked_add(missing).ok_or(RateError::Overflow { operation: "round a session up" })?;
        Ok(rounded.max(self.min.seconds()))
    }

    /// What a session has to be charged beyond its own seconds when it stops.
    pub fn seconds_missing(self, seconds: i64) -> Result<i64, RateError> {
        let billed = self.billed_seconds(seconds)?;
        billed.checked_sub(seconds).ok_or(RateError::Overflow { operation: "end a session" })
    }
}
