//! Bought space, and what becomes of it when its time is over (R73 to R75): how much is in it, how much may be, and whether anything may be
//! written. Its steps are those of any ladder; this says when there is one.

use crate::measure::Quantity;
use crate::time::Instant;

/// What is deleted must have been measured so lately.
const READING_SECONDS: i64 = 3_600;

/// A space as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// By its last reading.
    pub used: Quantity,
    /// When that was; none: nobody has measured it yet.
    pub read_at: Option<Instant>,
    pub free: Quantity,
    /// What was bought beside it, and is in force.
    pub bought: Quantity,
    /// When what was bought was over; none: it is in force, or nothing ever was.
    pub over_since: Option<Instant>,
}

/// Why nothing is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotWritten {
    /// It is locked until no more is in it than is free.
    Locked,
    /// More would be in it than may be.
    Full,
}

impl Space {
    pub fn limit(&self) -> Quantity {
        self.free.checked_add(self.bought).unwrap_or(self.free)
    }

    /// Since when more is in it than is free, after what was bought: from the expiry on, however late it is seen.
    pub fn over(&self) -> Option<Instant> {
        self.over_since.filter(|_| self.used > self.free)
    }

    pub fn was_read_lately(&self, now: Instant) -> bool {
        self.read_at.is_some_and(|at| now.seconds_since(at) <= READING_SECONDS)
    }

    /// Whether so much more may be written. `locked`: a step has locked it.
    pub fn write(&self, more: Quantity, locked: bool) -> Result<Quantity, NotWritten> {
        if locked && self.used > self.free {
            return Err(NotWritten::Locked);
        }
        let after = self.used.checked_add(more).ok_or(NotWritten::Full)?;
        if after > self.limit() { Err(NotWritten::Full) } else { Ok(after) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gb(count: i64) -> Quantity {
        Quantity::from_millionths(count * 1_000_000)
    }

    fn space(used: i64, bought: i64, over: bool) -> Space {
        let at = Instant::parse("2026-05-01T00:00:00Z").unwrap();
        Space { used: gb(used), read_at: Some(at), free: gb(1_024), bought: gb(bought), over_since: over.then_some(at) }
    }

    /// "Usage <= free: nothing happens."
    #[test]
    fn it_is_over_where_more_is_in_it_than_is_free() {
        assert_eq!(space(1_024, 0, true).over(), None);
        assert!(space(1_025, 0, true).over().is_some());
        assert_eq!(space(1_025, 1_024, false).over(), None);
    }

    /// "No new writes until usage is below the free size … unlock at <=."
    #[test]
    fn writes_are_locked_above_and_go_on_at_the_free_size() {
        assert_eq!(space(1_025, 0, true).write(gb(1), true), Err(NotWritten::Locked));
        assert_eq!(space(1_000, 0, true).write(gb(24), true), Ok(gb(1_024)));
        assert_eq!(space(1_024, 0, true).write(gb(1), true), Err(NotWritten::Full));
        assert_eq!(space(1_500, 1_024, false).write(gb(1), false), Ok(gb(1_501)));
    }

    /// "Deletion needs a reading newer than an hour."
    #[test]
    fn a_reading_is_good_for_an_hour() {
        let at = |text| Instant::parse(text).unwrap();
        assert!(space(1, 0, true).was_read_lately(at("2026-05-01T01:00:00Z")));
        assert!(!space(1, 0, true).was_read_lately(at("2026-05-01T01:00:01Z")));
        let unread = Space { read_at: None, ..space(1, 0, true) };
        assert!(!unread.was_read_lately(at("2026-05-01T00:00:00Z")));
    }
}
