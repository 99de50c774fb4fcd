//! An instant: microseconds of UTC since 1970.
//!
//! Owns its range, its flooring and its RFC 3339 text. What a clock on a wall shows at it is `Zone`'s to say.

use std::fmt;

use jiff::{civil, tz};

use super::{
    Duration, OutOfRange, ParseError,
    text::{Format, Scanner},
};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_HOUR: i64 = 3_600 * MICROS_PER_SECOND;

/// A moment, in microseconds UTC since 1970-01-01. Facts keep all six digits; what cuts a timeline is floored first.
///
/// `from_micros` takes any number, so that what is compared or stored needs no check; `try_from_micros` and everything
/// that computes an instant or reads a calendar refuse what lies outside `EPOCH..=MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    pub const EPOCH: Instant = Instant(0);

    /// 9999-12-30T21:59:59.999999Z: the last microsecond that still has a four-digit year in every zone.
    pub const MAX: Instant = Instant(253_402_207_199_999_999);

    pub const fn from_micros(micros: i64) -> Instant {
        Instant(micros)
    }

    pub const fn try_from_micros(micros: i64) -> Result<Instant, OutOfRange> {
        let instant = Instant(micros);
        if instant.is_in_range() { Ok(instant) } else { Err(OutOfRange::Instant) }
    }

    pub fn try_from_seconds(seconds: i64) -> Result<Instant, OutOfRange> {
        Instant::try_from_micros(seconds.checked_mul(MICROS_PER_SECOND).ok_or(OutOfRange::Instant)?)
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    pub const fn is_in_range(self) -> bool {
        Instant::EPOCH.0 <= self.0 && self.0 <= Instant::MAX.0
    }

    /// The whole second it lies in: every instant that cuts a timeline goes through here when it arrives.
    #[must_use]
    pub fn floor_second(self) -> Instant {
        self.floor_to(MICROS_PER_SECOND)
    }

    /// The UTC hour it lies in: the time part of ids derived from a cause.
    #[must_use]
    pub fn floor_hour(self) -> Instant {
        self.floor_to(MICROS_PER_HOUR)
    }

    pub fn is_whole_second(self) -> bool {
        self.0.rem_euclid(MICROS_PER_SECOND) == 0
    }

    pub fn checked_add(self, duration: Duration) -> Result<Instant, OutOfRange> {
        self.checked_add_micros(micros_of(duration)?)
    }

    pub fn checked_sub(self, duration: Duration) -> Result<Instant, OutOfRange> {
        self.checked_add_micros(micros_of(duration)?.checked_neg().ok_or(OutOfRange::Instant)?)
    }

    pub fn checked_add_micros(self, micros: i64) -> Result<Instant, OutOfRange> {
        Instant::try_from_micros(self.0.checked_add(micros).ok_or(OutOfRange::Instant)?)
    }

    /// Whole seconds from `earlier` to here, negative when it is later. Both ends are floored first, so the seconds of
    /// parts always add up to the seconds of the whole, wherever it is cut.
    pub fn seconds_since(self, earlier: Instant) -> i64 {
        let (end, start) = (self.0.div_euclid(MICROS_PER_SECOND), earlier.0.div_euclid(MICROS_PER_SECOND));
        end.checked_sub(start).expect("64-bit microseconds are too few seconds to overflow a difference")
    }

    /// The same as a duration; `earlier` must not be the later one.
    pub fn duration_since(self, earlier: Instant) -> Result<Duration, OutOfRange> {
        Duration::try_from_seconds(self.seconds_since(earlier))
    }

    /// Reads RFC 3339. Offsets are accepted and resolved. Digits beyond the microsecond are cut, not rounded, so that
    /// no instant moves into the next second; a leap second `:60` is read as `:59` of its own day, as UTC without leap
    /// seconds has no other place for it.
    pub fn parse(text: &str) -> Result<Instant, ParseError> {
        let mut scanner = Scanner::new(RFC_3339, text);
        let date = super::civil::scan_date(&mut scanner)?;
        scanner.expect(&['T', 't'])?;
        let hour = scan_below(&mut scanner, "hour", 24)?;
        scanner.expect(&[':'])?;
        let minute = scan_below(&mut scanner, "minute", 60)?;
        scanner.expect(&[':'])?;
        let second = scan_below(&mut scanner, "second", 61)?.min(59);
        let micros =
            if scanner.take(&['.']).is_some() { micros_of_fraction(scanner.digit_run("fraction")?) } else { 0 };
        let offset_minutes = scan_offset_minutes(&mut scanner)?;
        scanner.end()?;

        let clock = civil::Time::new(hour, minute, second, 0).expect("each part was just checked");
        let local = date.to_jiff().to_datetime(clock);
        tz::Offset::UTC
            .to_timestamp(local)
            .ok()
            .and_then(|local| local.as_second().checked_sub(offset_minutes.checked_mul(60)?))
            .and_then(|seconds| seconds.checked_mul(MICROS_PER_SECOND)?.checked_add(micros))
            .and_then(|micros| Instant::try_from_micros(micros).ok())
            .ok_or_else(|| scanner.refused_at(0, OutOfRange::Instant.to_string()))
    }

    fn floor_to(self, step_micros: i64) -> Instant {
        // Saturates only within one step of i64::MIN, some 290,000 years before the range begins.
        Instant(self.0.saturating_sub(self.0.rem_euclid(step_micros)))
    }

    pub(super) fn to_jiff(self) -> Result<jiff::Timestamp, OutOfRange> {
        let checked = Instant::try_from_micros(self.0)?;
        jiff::Timestamp::from_microsecond(checked.0).map_err(|_| OutOfRange::Instant)
    }

    pub(super) fn from_jiff(timestamp: jiff::Timestamp) -> Result<Instant, OutOfRange> {
        Instant::try_from_micros(timestamp.as_microsecond())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not an error here: a message about an impossible instant must still be printable.
        let Ok(timestamp) = self.to_jiff() else {
            return write!(out, "(instant out of range: {} microseconds)", self.0);
        };
        let at = tz::Offset::UTC.to_datetime(timestamp);
        let (year, month, day) = (at.year(), at.month(), at.day());
        let (hour, minute, second) = (at.hour(), at.minute(), at.second());
        write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if !self.is_whole_second() {
            write!(out, ".{:06}", self.0.rem_euclid(MICROS_PER_SECOND))?;
        }
        out.write_str("Z")
    }
}

const RFC_3339: Format = Format {
    what: "an instant",
    remedy: "write it as RFC 3339, like 2026-08-18T12:00:00Z or 2026-08-18T20:00:00+08:00",
};

fn micros_of(duration: Duration) -> Result<i64, OutOfRange> {
    duration.seconds().checked_mul(MICROS_PER_SECOND).ok_or(OutOfRange::Instant)
}

/// Two digits, less than `limit` (at most 61, so an `i8` holds them).
fn scan_below(scanner: &mut Scanner<'_>, name: &str, limit: i8) -> Result<i8, ParseError> {
    let start = scanner.consumed();
    let number = scanner.digits(2, name)?;
    i8::try_from(number)
        .ok()
        .filter(|number| *number < limit)
        .ok_or_else(|| scanner.refused_at(start, format!("{name} {number:02} does not exist")))
}

fn micros_of_fraction(digits: &str) -> i64 {
    let six: String = digits.chars().chain("000000".chars()).take(6).collect();
    six.parse().expect("six digits are a number")
}

fn scan_offset_minutes(scanner: &mut Scanner<'_>) -> Result<i64, ParseError> {
    let Some(sign) = scanner.take(&['Z', 'z', '+', '-']) else {
        return Err(scanner.stopped("expected Z or an offset such as +08:00"));
    };
    if matches!(sign, 'Z' | 'z') {
        return Ok(0);
    }
    let hours = i64::from(scan_below(scanner, "offset hour", 24)?);
    scanner.expect(&[':'])?;
    let minutes = i64::from(scan_below(scanner, "offset minute", 60)?);
    let size = hours.saturating_mul(60).saturating_add(minutes);
    Ok(if sign == '-' { size.saturating_neg() } else { size })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parses_rfc_3339() {
        fn check(text: &str, printed: &str) {
            assert_eq!(Instant::parse(text).unwrap().to_string(), printed, "{text}");
        }
        check("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z");
        check("2026-08-18T12:00:00Z", "2026-08-18T12:00:00Z");
        check("2026-08-18t12:00:00z", "2026-08-18T12:00:00Z");
        check("2026-08-18T20:00:00+08:00", "2026-08-18T12:00:00Z");
        check("2026-08-18T05:00:00-07:00", "2026-08-18T12:00:00Z");
        check("2026-08-18T12:00:00-00:00", "2026-08-18T12:00:00Z");
        check("2026-08-18T17:30:00+05:30", "2026-08-18T12:00:00Z");
        check("2026-08-18T12:00:00.5Z", "2026-08-18T12:00:00.500000Z");
        check("2026-08-18T12:00:00.000001Z", "2026-08-18T12:00:00.000001Z");
        check("2026-08-18T12:00:00.999999999Z", "2026-08-18T12:00:00.999999Z"); // cut, not rounded
        check("2026-08-18T12:00:00.000000Z", "2026-08-18T12:00:00Z");
        check("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"); // leap second
        check("2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z");
        check("9999-12-30T21:59:59.999999Z", "9999-12-30T21:59:59.999999Z");
        check("1969-12-31T19:00:00-05:00", "1970-01-01T00:00:00Z");
    }

    #[test]
    fn refusals_say_what_where_and_what_to_do() {
        fn check(text: &str, character: usize, problem: &str) {
            let error = Instant::parse(text).unwrap_err();
            assert_eq!((error.character, error.problem.as_str()), (character, problem), "{text}");
        }
        check("", 1, "expected the year as 4 digits, found the end");
        check("yesterday", 1, "expected the year as 4 digits, found 'y'");
        check("+026-08-18T12:00:00Z", 1, "expected the year as 4 digits, found '+'");
        check("2026-8-18T12:00:00Z", 6, "expected the month as 2 digits, found '8'");
        check("2026-13-18T12:00:00Z", 6, "month 13 does not exist");
        check("2026-02-29T12:00:00Z", 9, "2026-02 has no day 29");
        check("2026-08-18 12:00:00Z", 11, "expected \"Tt\", found ' '");
        check("2026-08-18", 11, "expected \"Tt\", found the end");
        check("2026-08-18T24:00:00Z", 12, "hour 24 does not exist");
        check("2026-08-18T12:60:00Z", 15, "minute 60 does not exist");
        check("2026-08-18T12:00:61Z", 18, "second 61 does not exist");
        check("2026-08-18T12:00:00", 20, "expected Z or an offset such as +08:00, found the end");
        check("2026-08-18T12:00:00.Z", 21, "expected the fraction as digits, found 'Z'");
        check("2026-08-18T12:00:00+0800", 23, "expected \":\", found '0'");
        check("2026-08-18T12:00:00+24:00", 21, "offset hour 24 does not exist");
        check("2026-08-18T12:00:00Z[UTC]", 21, "expected nothing more, found '['");
        check("２０２６-08-18T12:00:00Z", 1, "expected the year as 4 digits, found '２'");
        let range = "the instant lies outside 1970-01-01T00:00:00Z to 9999-12-30T21:59:59.999999Z";
        check("1969-12-31T23:59:59Z", 1, range);
        check("9999-12-31T23:59:59Z", 1, range);
        check("0001-01-01T00:00:00+23:59", 1, range);

        assert_eq!(
            Instant::parse("2026-13-18T12:00:00Z").unwrap_err().to_string(),
            "\"2026-13-18T12:00:00Z\" is not an instant: month 13 does not exist at character 6; \
             write it as RFC 3339, like 2026-08-18T12:00:00Z or 2026-08-18T20:00:00+08:00"
        );
    }

    #[test]
    fn leaving_the_range_is_an_error() {
        let second = Duration::from_seconds(1);
        assert_eq!(Instant::EPOCH.checked_sub(second), Err(OutOfRange::Instant));
        assert_eq!(Instant::MAX.checked_add(second), Err(OutOfRange::Instant));
        assert_eq!(Instant::MAX.checked_add_micros(1), Err(OutOfRange::Instant));
        assert_eq!(Instant::from_micros(i64::MAX).checked_add_micros(1), Err(OutOfRange::Instant));
        assert_eq!(Instant::EPOCH.checked_add(Duration::MAX), Err(OutOfRange::Instant));
        assert_eq!(Instant::try_from_seconds(i64::MAX), Err(OutOfRange::Instant));
        assert_eq!(Instant::EPOCH.duration_since(Instant::MAX), Err(OutOfRange::Duration));
        assert_eq!(Instant::try_from_seconds(1), Instant::EPOCH.checked_add(second));
        assert_eq!(Instant::from_micros(-1).to_string(), "(instant out of range: -1 microseconds)");
    }

    #[test]
    fn seconds_count_the_boundaries_between() {
        fn check(start_micros: i64, end_micros: i64, seconds: i64) {
            assert_eq!(Instant::from_micros(end_micros).seconds_since(Instant::from_micros(start_micros)), seconds);
        }
        check(0, 999_999, 0);
        check(0, 1_000_000, 1);
        check(999_999, 1_000_000, 1);
        check(999_999, 1_999_998, 1);
        check(1_000_000, 0, -1);
        check(i64::MIN, i64::MAX, 18_446_744_073_709);
    }

    proptest! {
        #[test]
        fn printing_is_read_back(micros in 0..=Instant::MAX.micros()) {
            let instant = Instant::from_micros(micros);
            prop_assert_eq!(Instant::parse(&instant.to_string()), Ok(instant));
        }

        #[test]
        fn floor_is_idempotent_and_never_later(micros in any::<i64>()) {
            let instant = Instant::from_micros(micros);
            prop_assert!(instant.floor_second() <= instant);
            prop_assert_eq!(instant.floor_second().floor_second(), instant.floor_second());
            prop_assert_eq!(instant.floor_hour().floor_hour(), instant.floor_hour());
            if instant.is_in_range() {
                prop_assert!(instant.floor_second().is_whole_second());
                prop_assert!(instant.floor_hour() <= instant.floor_second());
            }
        }

        #[test]
        fn seconds_of_parts_add_up(a in any::<i64>(), b in any::<i64>(), c in any::<i64>()) {
            let [a, b, c] = [a, b, c].map(Instant::from_micros);
            prop_assert_eq!(b.seconds_since(a) + c.seconds_since(b), c.seconds_since(a));
        }
    }
}
