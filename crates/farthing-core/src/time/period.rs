//! A half-open stretch of time, and the ways billing cuts it: at an instant, at civil days, at multiples of UTC.

use std::{error::Error, fmt};

use super::{CivilDate, Duration, Instant, OutOfRange, Zone};

/// `[start, end)`: the start belongs to it, the end to the next. Never backwards; empty only where that was asked for.
/// Both ends lie in the range of `Instant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    start: Instant,
    end: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodError {
    OutOfRange(OutOfRange),
    EndBeforeStart { start: Instant, end: Instant },
    Empty { at: Instant },
}

impl Period {
    /// At least a microsecond long.
    pub fn try_new(start: Instant, end: Instant) -> Result<Period, PeriodError> {
        let period = Period::try_new_or_empty(start, end)?;
        if period.is_empty() { Err(PeriodError::Empty { at: start }) } else { Ok(period) }
    }

    /// For segments of a timeline, where two events in one second leave nothing between them.
    pub fn try_new_or_empty(start: Instant, end: Instant) -> Result<Period, PeriodError> {
        if !start.is_in_range() || !end.is_in_range() {
            return Err(PeriodError::OutOfRange(OutOfRange::Instant));
        }
        if end < start { Err(PeriodError::EndBeforeStart { start, end }) } else { Ok(Period { start, end }) }
    }

    /// For ends that the calendar itself has put in order.
    pub(super) fn in_order(start: Instant, end: Instant) -> Period {
        Period::try_new_or_empty(start, end).expect("the calendar's instants are in range and in order")
    }

    /// The stretch of length `step` that contains `at`, counted from 1970 in UTC: cadences such as `5m` and `1h`.
    /// `None` when `step` is zero or the stretch leaves the range.
    pub fn utc_multiple_of(step: Duration, at: Instant) -> Option<Period> {
        let seconds = at.seconds_since(Instant::EPOCH);
        let start = seconds.checked_sub(seconds.checked_rem_euclid(step.seconds())?)?;
        let start = Instant::try_from_seconds(start).ok()?;
        Period::try_new(start, start.checked_add(step).ok()?).ok()
    }

    /// The UTC hour that contains `at`.
    pub fn hour_of(at: Instant) -> Result<Period, OutOfRange> {
        Period::utc_multiple_of(Duration::from_seconds(3_600), at).ok_or(OutOfRange::Instant)
    }

    pub fn start(self) -> Instant {
        self.start
    }

    pub fn end(self) -> Instant {
        self.end
    }

    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub fn contains(self, at: Instant) -> bool {
        self.start <= at && at < self.end
    }

    /// Whole seconds, ends floored: wherever it is split, the parts have as many together.
    pub fn seconds(self) -> i64 {
        self.end.seconds_since(self.start)
    }

    /// What both have; `None` when they share no time, as when one ends where the other starts.
    pub fn intersect(self, other: Period) -> Option<Period> {
        let (start, end) = (self.start.max(other.start), self.end.min(other.end));
        (start < end).then_some(Period { start, end })
    }

    /// What lies before `at` and what lies from it on. They always tile the whole: one is empty where `at` is not
    /// inside.
    pub fn split_at(self, at: Instant) -> (Period, Period) {
        let cut = at.clamp(self.start, self.end);
        (Period { start: self.start, end: cut }, Period { start: cut, end: self.end })
    }

    /// Its parts, cut where civil days begin in `zone`, each with its date. An empty period has none.
    pub fn days(self, zone: &Zone) -> Days<'_> {
        Days { zone, rest: self }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} to {}", self.start, self.end)
    }
}

/// See [`Period::days`].
#[derive(Clone, Debug)]
pub struct Days<'a> {
    zone: &'a Zone,
    rest: Period,
}

impl Iterator for Days<'_> {
    type Item = (CivilDate, Period);

    fn next(&mut self) -> Option<(CivilDate, Period)> {
        if self.rest.is_empty() {
            return None;
        }
        let date = self.zone.civil_date_of(self.rest.start).expect("a period lies in the range of instants");
        // Past the last instant nothing cuts any more.
        let next_day = date.next_day().and_then(|next| self.zone.start_of_day(next)).unwrap_or(Instant::MAX);
        let (day, rest) = self.rest.split_at(next_day);
        self.rest = rest;
        Some((date, day))
    }
}

impl fmt::Display for PeriodError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PeriodError::OutOfRange(error) => error.fmt(out),
            PeriodError::EndBeforeStart { start, end } => {
                write!(
                    out,
                    "the period would end at {end}, before its start at {start}; give the earlier instant first"
                )
            }
            PeriodError::Empty { at } => write!(out, "the period would start and end at {at}; its end must be later"),
        }
    }
}

impl Error for PeriodError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::zone::tests::any_zone;

    fn instant(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn period(start_micros: i64, end_micros: i64) -> Period {
        Period::try_new_or_empty(Instant::from_micros(start_micros), Instant::from_micros(end_micros)).unwrap()
    }

    #[test]
    fn the_start_belongs_and_the_end_does_not() {
        let ten = period(10, 20);
        assert_eq!([9, 10, 19, 20].map(|at| ten.contains(Instant::from_micros(at))), [false, true, true, false]);
        assert!(!period(10, 10).contains(Instant::from_micros(10)));
    }

    #[test]
    fn emptiness_is_asked_for_and_backwards_never_given() {
        let (one, two) = (Instant::from_micros(1), Instant::from_micros(2));
        assert_eq!(Period::try_new(one, one), Err(PeriodError::Empty { at: one }));
        assert_eq!(Period::try_new(two, one), Err(PeriodError::EndBeforeStart { start: two, end: one }));
        assert_eq!(Period::try_new_or_empty(two, one), Err(PeriodError::EndBeforeStart { start: two, end: one }));
        assert!(Period::try_new_or_empty(one, one).unwrap().is_empty());
        let outside = Err(PeriodError::OutOfRange(OutOfRange::Instant));
        assert_eq!(Period::try_new(Instant::from_micros(-1), one), outside);
        assert_eq!(Period::try_new(one, Instant::from_micros(i64::MAX)), outside);
    }

    #[test]
    fn intersections() {
        fn check(a: (i64, i64), b: (i64, i64), expected: Option<(i64, i64)>) {
            let (a, b) = (period(a.0, a.1), period(b.0, b.1));
            let expected = expected.map(|(start, end)| period(start, end));
            assert_eq!((a.intersect(b), b.intersect(a)), (expected, expected));
        }
        check((0, 10), (5, 15), Some((5, 10)));
        check((0, 10), (2, 3), Some((2, 3)));
        check((0, 10), (0, 10), Some((0, 10)));
        check((0, 10), (10, 20), None);
        check((0, 10), (12, 20), None);
        check((0, 10), (5, 5), None);
    }

    #[test]
    fn splits_tile_the_whole() {
        fn check(at: i64, first: (i64, i64), second: (i64, i64)) {
            let halves = period(10, 20).split_at(Instant::from_micros(at));
            assert_eq!(halves, (period(first.0, first.1), period(second.0, second.1)), "at {at}");
        }
        check(15, (10, 15), (15, 20));
        check(10, (10, 10), (10, 20));
        check(20, (10, 20), (20, 20));
        check(-5, (10, 10), (10, 20));
        check(99, (10, 20), (20, 20));
    }

    #[test]
    fn cadences_are_multiples_of_utc() {
        fn check(step: &str, at: &str, expected: &str) {
            let found = Period::utc_multiple_of(Duration::parse(step).unwrap(), instant(at));
            assert_eq!(found.map(|found| found.to_string()).unwrap_or_default(), expected, "{step} at {at}");
        }
        check("1h", "2026-08-18T12:34:56.789Z", "2026-08-18T12:00:00Z to 2026-08-18T13:00:00Z");
        check("1h", "2026-08-18T12:00:00Z", "2026-08-18T12:00:00Z to 2026-08-18T13:00:00Z");
        check("5m", "2026-08-18T12:34:56Z", "2026-08-18T12:30:00Z to 2026-08-18T12:35:00Z");
        check("1s", "2026-08-18T12:34:56.789Z", "2026-08-18T12:34:56Z to 2026-08-18T12:34:57Z");
        check("0s", "2026-08-18T12:34:56Z", "");
        check("9223372036854775807s", "2026-08-18T12:34:56Z", "");
        let hour = Period::hour_of(instant("2026-08-18T12:34:56Z")).unwrap();
        assert_eq!(hour.to_string(), "2026-08-18T12:00:00Z to 2026-08-18T13:00:00Z");
        assert_eq!(Period::hour_of(Instant::from_micros(-1)), Err(OutOfRange::Instant));
    }

    #[test]
    fn days_cut_at_civil_midnight() {
        fn check(zone: &str, start: &str, end: &str, expected: &str) {
            let zone = Zone::parse(zone).unwrap();
            let whole = Period::try_new_or_empty(instant(start), instant(end)).unwrap();
            let days: Vec<_> = whole.days(&zone).map(|(date, part)| format!("{date} {}", part.seconds())).collect();
            assert_eq!(days.join(", "), expected, "{whole} in {zone}");
        }
        check("UTC", "2026-08-18T12:00:00Z", "2026-08-18T12:00:00Z", "");
        check("UTC", "2026-08-18T00:00:00Z", "2026-08-19T00:00:00Z", "2026-08-18 86400");
        check(
            "UTC",
            "2026-08-18T12:00:00Z",
            "2026-08-20T00:00:01Z",
            "2026-08-18 43200, 2026-08-19 86400, 2026-08-20 1",
        );
        check("Asia/Kolkata", "2026-08-31T18:00:00Z", "2026-08-31T19:00:00Z", "2026-08-31 1800, 2026-09-01 1800");
        // 23 and 25 hours
        check("Europe/Rome", "2026-03-28T23:00:00Z", "2026-03-29T22:00:01Z", "2026-03-29 82800, 2026-03-30 1");
        check("Europe/Rome", "2026-10-24T22:00:00Z", "2026-10-25T23:00:01Z", "2026-10-25 90000, 2026-10-26 1");
        check("Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-30T11:00:00Z", "2011-12-29 3600, 2011-12-31 3600");
        check("America/St_Johns", "2010-11-07T02:00:00Z", "2010-11-07T04:00:00Z", "2010-11-06 1800, 2010-11-07 5400");
        check(
            "UTC",
            "2028-02-28T23:00:00Z",
            "2028-03-01T01:00:00Z",
            "2028-02-28 3600, 2028-02-29 86400, 2028-03-01 3600",
        );
        check("UTC", "9999-12-30T21:59:58Z", "9999-12-30T21:59:59Z", "9999-12-30 1");
    }

    proptest! {
        #[test]
        fn days_tile_the_period(
            zone in any_zone(),
            start in 0..4_000_000_000_000_000_i64,
            length in 0..10_000_000_000_000_i64,
        ) {
            let whole = period(start, start + length);
            let mut reached = whole.start();
            let mut last_date = None;
            let mut seconds = 0;
            for (date, part) in whole.days(&zone) {
                prop_assert_eq!(part.start(), reached);
                prop_assert!(!part.is_empty() && last_date < Some(date));
                (reached, last_date, seconds) = (part.end(), Some(date), seconds + part.seconds());
            }
            prop_assert_eq!((reached, seconds), (whole.end(), whole.seconds()));
        }

        #[test]
        fn seconds_survive_any_split(start in 0..9_000_000_i64, length in 0..9_000_000_i64, at in 0..20_000_000_i64) {
            let whole = period(start, start + length);
            let (before, after) = whole.split_at(Instant::from_micros(at));
            prop_assert_eq!(before.seconds() + after.seconds(), whole.seconds());
        }
    }
}
