//! How long: exact seconds, whole months, or one of the two as a policy writes it.
//!
//! A day here is 86,400 seconds, always; what must follow the calendar says `1mo`, `1y` or counts civil days in a zone.

use std::{fmt, num::NonZeroU16};

use super::{
    Instant, OutOfRange, ParseError, Zone,
    text::{Format, parse_quantity},
};

/// Whole seconds, never negative: a term, a delay, a time to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(i64);

/// Largest first, so that printing finds the largest exact one.
const UNITS: [(&str, i64); 5] = [("w", 7 * 86_400), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

impl Duration {
    pub const ZERO: Duration = Duration(0);
    pub const MAX: Duration = Duration(i64::MAX);

    /// For constants in code; 32 bits of seconds are 136 years.
    pub const fn from_seconds(seconds: u32) -> Duration {
        Duration(seconds as i64)
    }

    pub const fn try_from_seconds(seconds: i64) -> Result<Duration, OutOfRange> {
        if seconds < 0 { Err(OutOfRange::Duration) } else { Ok(Duration(seconds)) }
    }

    pub const fn seconds(self) -> i64 {
        self.0
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub fn checked_add(self, other: Duration) -> Result<Duration, OutOfRange> {
        self.0.checked_add(other.0).map(Duration).ok_or(OutOfRange::Duration)
    }

    pub fn checked_sub(self, other: Duration) -> Result<Duration, OutOfRange> {
        Duration::try_from_seconds(self.0.checked_sub(other.0).ok_or(OutOfRange::Duration)?)
    }

    pub fn checked_mul(self, times: u32) -> Result<Duration, OutOfRange> {
        self.0.checked_mul(i64::from(times)).map(Duration).ok_or(OutOfRange::Duration)
    }

    /// Reads `90s`, `5m`, `100h`, `3d`, `2w`: one number, one unit.
    pub fn parse(text: &str) -> Result<Duration, ParseError> {
        parse_quantity(DURATION, text, |number, unit| match duration_of(number, unit) {
            Some(duration) => duration.map_err(|error| error.to_string()),
            None if is_calendar_unit(unit) => Err(format!("{unit:?} has no fixed number of seconds")),
            None => Err(format!("{unit:?} is no unit")),
        })
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |unit_seconds: &i64| self.0 != 0 && self.0.checked_rem(*unit_seconds) == Some(0);
        let (unit, unit_seconds) = UNITS.iter().find(|(_, seconds)| fits(seconds)).unwrap_or(&("s", 1));
        write!(out, "{}{unit}", self.0.checked_div(*unit_seconds).unwrap_or_default())
    }
}

/// A span of the calendar in whole months, at least one. How many seconds it has depends on where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalendarSpan {
    months: NonZeroU16,
}

impl CalendarSpan {
    pub const MONTH: CalendarSpan = CalendarSpan { months: NonZeroU16::MIN };
    pub const YEAR: CalendarSpan = CalendarSpan { months: NonZeroU16::MIN.saturating_add(11) };

    pub const fn from_months(months: NonZeroU16) -> CalendarSpan {
        CalendarSpan { months }
    }

    pub const fn months(self) -> u16 {
        self.months.get()
    }

    /// Reads `1mo`, `18mo`, `1y`.
    pub fn parse(text: &str) -> Result<CalendarSpan, ParseError> {
        parse_quantity(CALENDAR_SPAN, text, |number, unit| {
            calendar_span_of(number, unit).unwrap_or_else(|| Err(format!("{unit:?} is no unit of the calendar")))
        })
    }
}

impl fmt::Display for CalendarSpan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let months = self.months.get();
        match (months.checked_div(12), months.checked_rem(12)) {
            (Some(years), Some(0)) => write!(out, "{years}y"),
            _ => write!(out, "{months}mo"),
        }
    }
}

/// How long, as a policy may write it: `100h` is so many seconds, `1mo` follows the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    Exact(Duration),
    Calendar(CalendarSpan),
}

impl Span {
    pub fn parse(text: &str) -> Result<Span, ParseError> {
        parse_quantity(SPAN, text, |number, unit| {
            let exact = || Some(duration_of(number, unit)?.map(Span::Exact).map_err(|error| error.to_string()));
            let calendar = || Some(calendar_span_of(number, unit)?.map(Span::Calendar));
            exact().or_else(calendar).unwrap_or_else(|| Err(format!("{unit:?} is no unit")))
        })
    }

    /// When a span that begins at `start` is over. Months keep the clock time of `start` in `zone` and are clamped at
    /// the end of a short month; a repeating cycle is an `Anchor`, as repeating this would chain the clamping.
    pub fn end_from(self, start: Instant, zone: &Zone) -> Result<Instant, OutOfRange> {
        match self {
            Span::Exact(duration) => start.checked_add(duration),
            Span::Calendar(span) => zone.add_months(start, i64::from(span.months())),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Span::Exact(duration) => duration.fmt(out),
            Span::Calendar(span) => span.fmt(out),
        }
    }
}

const DURATION: Format =
    Format { what: "a duration", remedy: "write a whole number and one of s, m, h, d, w, like 90s, 100h or 2w" };
const CALENDAR_SPAN: Format =
    Format { what: "a calendar span", remedy: "write a whole number and mo or y, like 1mo or 1y" };
const SPAN: Format =
    Format { what: "a span of time", remedy: "write a whole number and one of s, m, h, d, w, mo, y, like 100h or 1mo" };

/// `None` when the unit is none of ours.
fn duration_of(number: u64, unit: &str) -> Option<Result<Duration, OutOfRange>> {
    let (_, unit_seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let seconds = i64::try_from(number).ok().and_then(|number| number.checked_mul(*unit_seconds));
    Some(seconds.map(Duration).ok_or(OutOfRange::Duration))
}

fn is_calendar_unit(unit: &str) -> bool {
    matches!(unit, "mo" | "y")
}

/// `None` when the unit is none of the calendar's.
fn calendar_span_of(number: u64, unit: &str) -> Option<Result<CalendarSpan, String>> {
    let months_per_unit = match unit {
        "mo" => 1,
        "y" => 12,
        _ => return None,
    };
    let months = number.checked_mul(months_per_unit).and_then(|months| u16::try_from(months).ok());
    Some(match months.map(NonZeroU16::new) {
        Some(Some(months)) => Ok(CalendarSpan { months }),
        Some(None) => Err("a span of no months goes nowhere".to_owned()),
        None => Err(format!("more than {} months are too many", u16::MAX)),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_and_prints_the_largest_exact_unit() {
        fn check(text: &str, seconds: i64, printed: &str) {
            let duration = Duration::parse(text).unwrap();
            assert_eq!((duration.seconds(), duration.to_string().as_str()), (seconds, printed), "{text}");
        }
        check("0s", 0, "0s");
        check("0w", 0, "0s");
        check("90s", 90, "90s");
        check("60s", 60, "1m");
        check("5m", 300, "5m");
        check("90m", 5_400, "90m");
        check("100h", 360_000, "100h");
        check("24h", 86_400, "1d");
        check("3d", 259_200, "3d");
        check("14d", 1_209_600, "2w");
        check("2w", 1_209_600, "2w");
        check("9223372036854775807s", i64::MAX, "9223372036854775807s");
    }

    #[test]
    fn refuses_what_is_no_duration() {
        fn check(text: &str, character: usize, problem: &str) {
            let error = Duration::parse(text).unwrap_err();
            assert_eq!((error.character(), error.problem.as_str()), (character, problem), "{text}");
        }
        let range = "the duration is negative or longer than 64 bits of seconds";
        check("", 1, "expected the number as digits, found the end");
        check("-5m", 1, "expected the number as digits, found '-'");
        check("m", 1, "expected the number as digits, found 'm'");
        check("90", 3, "expected a unit, found the end");
        check("5 m", 2, "\" m\" is no unit");
        check("1.5h", 2, "\".5h\" is no unit");
        check("1h30m", 2, "\"h30m\" is no unit");
        check("5M", 2, "\"M\" is no unit");
        check("7wd", 2, "\"wd\" is no unit");
        check("1mo", 2, "\"mo\" has no fixed number of seconds");
        check("9223372036854775808s", 20, range);
        check("9223372036854775807w", 20, range);
        check("99999999999999999999s", 1, "the number is too large");
    }

    #[test]
    fn spans_are_exact_or_of_the_calendar() {
        fn check(text: &str, expected: Result<Span, &str>, printed: &str) {
            let span = Span::parse(text);
            assert_eq!(
                span.as_ref().map_err(|error| error.problem.as_str()),
                expected.as_ref().map_err(|e| *e),
                "{text}"
            );
            assert_eq!(span.map_or_else(|error| error.what.to_owned(), |span| span.to_string()), printed, "{text}");
        }
        let months = |months| Ok(Span::Calendar(CalendarSpan::from_months(NonZeroU16::new(months).unwrap())));
        check("100h", Ok(Span::Exact(Duration(360_000))), "100h");
        check("1m", Ok(Span::Exact(Duration(60))), "1m");
        check("1mo", Ok(Span::Calendar(CalendarSpan::MONTH)), "1mo");
        check("1y", Ok(Span::Calendar(CalendarSpan::YEAR)), "1y");
        check("12mo", Ok(Span::Calendar(CalendarSpan::YEAR)), "1y");
        check("18mo", months(18), "18mo");
        check("65535mo", months(65_535), "65535mo");
        check("0mo", Err("a span of no months goes nowhere"), "a span of time");
        check("65536mo", Err("more than 65535 months are too many"), "a span of time");
        check("1q", Err("\"q\" is no unit"), "a span of time");
        assert!(CalendarSpan::parse("3d").is_err());
    }

    #[test]
    fn a_span_ends_by_seconds_or_by_calendar() {
        fn check(span: &str, start: &str, zone: &str, end: &str) {
            let end_found =
                Span::parse(span).unwrap().end_from(Instant::parse(start).unwrap(), &Zone::parse(zone).unwrap());
            assert_eq!(end_found.unwrap().to_string(), end, "{span} from {start} in {zone}");
        }
        check("1mo", "2026-01-31T10:00:00Z", "UTC", "2026-02-28T10:00:00Z");
        check("1y", "2028-02-29T00:00:00Z", "UTC", "2029-02-28T00:00:00Z");
        check("1mo", "2026-01-31T10:00:00.250000Z", "UTC", "2026-02-28T10:00:00.250000Z");
        // Noon in Rome stays noon over the change to summer time, 31 days less an hour; exact days do not.
        check("1mo", "2026-03-15T11:00:00Z", "Europe/Rome", "2026-04-15T10:00:00Z");
        check("31d", "2026-03-15T11:00:00Z", "Europe/Rome", "2026-04-15T11:00:00Z");
    }

    #[test]
    fn arithmetic_is_checked() {
        let (one, two) = (Duration::from_seconds(1), Duration::from_seconds(2));
        assert_eq!(one.checked_add(one), Ok(two));
        assert_eq!(two.checked_sub(one), Ok(one));
        assert_eq!(one.checked_mul(2), Ok(two));
        assert_eq!(one.checked_sub(two), Err(OutOfRange::Duration));
        assert_eq!(Duration::MAX.checked_add(one), Err(OutOfRange::Duration));
        assert_eq!(Duration::MAX.checked_mul(2), Err(OutOfRange::Duration));
        assert_eq!(Duration::try_from_seconds(-1), Err(OutOfRange::Duration));
    }

    proptest! {
        #[test]
        fn printing_is_read_back(
            seconds in prop_oneof![0..=i64::MAX, (0..1_000_i64).prop_map(|n| n * 3_600)],
            months in 1..=u16::MAX,
        ) {
            let exact = Span::Exact(Duration(seconds));
            let calendar = Span::Calendar(CalendarSpan::from_months(NonZeroU16::new(months).unwrap()));
            prop_assert_eq!(Span::parse(&exact.to_string()), Ok(exact));
            prop_assert_eq!(Span::parse(&calendar.to_string()), Ok(calendar));
            prop_assert_eq!(Duration::parse(&exact.to_string()), Ok(Duration(seconds)));
        }
    }
}
