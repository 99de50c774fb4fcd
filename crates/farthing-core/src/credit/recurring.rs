//! Grants that come again: when the next one is, and what is left of those before it.

use crate::time::{Anchor, Instant, OutOfRange, Span, Zone};

/// A grant that comes at its start and then again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurring {
    pub starts: Instant,
    pub every: Span,
    /// How often in all; none: for ever.
    pub times: Option<u32>,
    pub rollover: Rollover,
}

/// What becomes of what is left over when the next one comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollover {
    /// It lapses, all of it.
    None,
    /// So much at most is carried on, in units; the rest lapses. It stays after the last one too.
    UpTo(i64),
}

impl Recurring {
    /// When the one of this number begins, the first being 0. Months are counted from the first, so a 31st comes back after February.
    pub fn nth(&self, number: u32, zone: &Zone) -> Result<Instant, OutOfRange> {
        match self.every {
            Span::Exact(every) => self.starts.checked_add(every.checked_mul(number)?),
            Span::Calendar(every) => Anchor::at_instant(self.starts, every, zone.clone())?.nth(i64::from(number)),
        }
    }

    /// When the next one comes after so many; none: those were all.
    pub fn next(&self, given: u32, zone: &Zone) -> Result<Option<Instant>, OutOfRange> {
        if self.times.is_some_and(|times| given >= times) {
            return Ok(None);
        }
        self.nth(given, zone).map(Some)
    }
}

/// What lapses of grants that are still there, so that at most `carried` goes on: the oldest first, and never what a hold reserves. Each is
/// what is left of one, and what of that is held.
pub fn lapsing(left: &[(i64, i64)], carried: i64) -> Vec<i64> {
    let all = left.iter().fold(0_i64, |all, (balance, _)| all.saturating_add((*balance).max(0)));
    let mut rest = all.saturating_sub(carried).max(0);
    left.iter()
        .map(|(balance, held)| {
            let part = balance.saturating_sub(*held).clamp(0, rest);
            rest = rest.saturating_sub(part);
            part
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn it_comes_when_it_says() {
        let check = |starts: &str, every: &str, times, given, expected: Option<&str>| {
            let every = Span::parse(every).unwrap();
            let recurring = Recurring { starts: at(starts), every, times, rollover: Rollover::None };
            assert_eq!(recurring.next(given, &Zone::UTC).unwrap(), expected.map(at), "{every:?} after {given}");
        };
        check("2026-03-01T09:30:00Z", "1d", None, 0, Some("2026-03-01T09:30:00Z"));
        check("2026-03-01T09:30:00Z", "1d", None, 40, Some("2026-04-10T09:30:00Z"));
        check("2026-03-01T09:30:00Z", "1d", Some(2), 1, Some("2026-03-02T09:30:00Z"));
        check("2026-03-01T09:30:00Z", "1d", Some(2), 2, None);
        // Months are counted from the first: 31 January, 28 February, 31 March.
        check("2026-01-31T00:00:00Z", "1mo", None, 1, Some("2026-02-28T00:00:00Z"));
        check("2026-01-31T00:00:00Z", "1mo", None, 2, Some("2026-03-31T00:00:00Z"));
        assert!(Duration::parse("1d").is_ok());
    }

    #[test]
    fn what_is_more_than_may_be_carried_lapses_the_oldest_first() {
        assert_eq!(lapsing(&[(30, 0), (80, 0)], 50), [30, 30]);
        assert_eq!(lapsing(&[(30, 0), (80, 0)], 200), [0, 0]);
        assert_eq!(lapsing(&[(30, 0), (80, 0)], 0), [30, 80]);
        // What a hold reserves stays, and the next one gives more.
        assert_eq!(lapsing(&[(30, 20), (80, 0)], 50), [10, 50]);
        assert_eq!(lapsing(&[(0, 0)], 0), [0]);
        assert_eq!(lapsing(&[], 5), [0_i64; 0]);
    }
}
