//! What calendars and clocks on a wall show: a date, a weekday, a time of day. None of it is an instant until a `Zone`
//! says.

use std::{error::Error, fmt};

use jiff::civil;

use super::{
    OutOfRange, ParseError,
    text::{Format, Scanner},
};

/// A day on the calendar, in the years 1 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDate(civil::Date);

/// The three numbers name no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchDate {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

impl CivilDate {
    pub fn try_new(year: u16, month: u8, day: u8) -> Result<CivilDate, NoSuchDate> {
        let date = || {
            let date = civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
            CivilDate::from_jiff(date.ok()?).ok()
        };
        date().ok_or(NoSuchDate { year, month, day })
    }

    pub fn year(self) -> u16 {
        self.0.year().unsigned_abs()
    }

    pub fn month(self) -> u8 {
        self.0.month().unsigned_abs()
    }

    pub fn day(self) -> u8 {
        self.0.day().unsigned_abs()
    }

    pub fn weekday(self) -> Weekday {
        match self.0.weekday() {
            civil::Weekday::Monday => Weekday::Monday,
            civil::Weekday::Tuesday => Weekday::Tuesday,
            civil::Weekday::Wednesday => Weekday::Wednesday,
            civil::Weekday::Thursday => Weekday::Thursday,
            civil::Weekday::Friday => Weekday::Friday,
            civil::Weekday::Saturday => Weekday::Saturday,
            civil::Weekday::Sunday => Weekday::Sunday,
        }
    }

    #[must_use]
    pub fn first_of_month(self) -> CivilDate {
        CivilDate(self.0.first_of_month())
    }

    /// In English, as documents and mails have it.
    pub fn month_name(self) -> &'static str {
        const NAMES: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        NAMES.get(usize::from(self.month()).saturating_sub(1)).copied().unwrap_or_default()
    }

    #[must_use]
    pub fn last_of_month(self) -> CivilDate {
        CivilDate(self.0.last_of_month())
    }

    pub fn next_day(self) -> Result<CivilDate, OutOfRange> {
        self.0.tomorrow().map(CivilDate).map_err(|_| OutOfRange::Date)
    }

    /// `days` later, or earlier when negative.
    pub fn add_days(self, days: i64) -> Result<CivilDate, OutOfRange> {
        let days = jiff::Span::new().try_days(days).map_err(|_| OutOfRange::Date)?;
        CivilDate::from_jiff(self.0.checked_add(days).map_err(|_| OutOfRange::Date)?)
    }

    /// `months` later or earlier, on the same day of the month or the last one there is.
    pub fn add_months(self, months: i64) -> Result<CivilDate, OutOfRange> {
        let month_index = self.month_index().checked_add(months).ok_or(OutOfRange::Date)?;
        CivilDate::in_month(month_index, self.day())
    }

    /// Days from here to `later`; negative when it is earlier.
    pub fn days_until(self, later: CivilDate) -> i64 {
        // Civil days have no clock changes: the difference is a whole number of 24 hours.
        self.0.duration_until(later.0).as_hours().div_euclid(24)
    }

    /// Reads ISO 8601, `2026-08-18`.
    pub fn parse(text: &str) -> Result<CivilDate, ParseError> {
        let mut scanner = Scanner::new(DATE, text);
        let date = scan_date(&mut scanner)?;
        scanner.end()?;
        Ok(date)
    }

    /// Months since January of the year 0, so that month arithmetic is plain addition.
    pub(super) fn month_index(self) -> i64 {
        month_index(self.year(), self.month())
    }

    /// Day `day` of that month, or its last day when it has fewer.
    pub(super) fn in_month(month_index: i64, day: u8) -> Result<CivilDate, OutOfRange> {
        let year = i16::try_from(month_index.div_euclid(12)).map_err(|_| OutOfRange::Date)?;
        let month = i8::try_from(month_index.rem_euclid(12).saturating_add(1)).map_err(|_| OutOfRange::Date)?;
        let first = CivilDate::from_jiff(civil::Date::new(year, month, 1).map_err(|_| OutOfRange::Date)?)?;
        first.add_days(i64::from(day.min(first.last_of_month().day()).saturating_sub(1)))
    }

    pub(super) fn to_jiff(self) -> civil::Date {
        self.0
    }

    pub(super) fn from_jiff(date: civil::Date) -> Result<CivilDate, OutOfRange> {
        if date.year() < 1 { Err(OutOfRange::Date) } else { Ok(CivilDate(date)) }
    }
}

impl fmt::Display for CivilDate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.year(), self.month(), self.day())
    }
}

impl fmt::Debug for CivilDate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl fmt::Display for NoSuchDate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}-{:02} is no day of the years 1 to 9999", self.year, self.month, self.day)
    }
}

impl Error for NoSuchDate {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    pub const ALL: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    /// The short name: `mon`.
    pub const fn name(self) -> &'static str {
        match self {
            Weekday::Monday => "mon",
            Weekday::Tuesday => "tue",
            Weekday::Wednesday => "wed",
            Weekday::Thursday => "thu",
            Weekday::Friday => "fri",
            Weekday::Saturday => "sat",
            Weekday::Sunday => "sun",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Weekday> {
        Weekday::ALL.into_iter().find(|weekday| weekday.name() == name)
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// What a clock on a wall shows, to the second: 00:00:00 to 23:59:59.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(civil::Time);

impl TimeOfDay {
    pub const MIDNIGHT: TimeOfDay = TimeOfDay(civil::Time::midnight());

    /// `None` unless less than 86,400.
    pub fn try_from_second_of_day(second: u32) -> Option<TimeOfDay> {
        let part = |divisor: u32, limit: u32| i8::try_from(second.checked_div(divisor)?.checked_rem(limit)?).ok();
        let hour = i8::try_from(second.checked_div(3_600)?).ok()?;
        civil::Time::new(hour, part(60, 60)?, part(1, 60)?, 0).ok().map(TimeOfDay)
    }

    pub fn second_of_day(self) -> u32 {
        let [hour, minute, second] =
            [self.0.hour(), self.0.minute(), self.0.second()].map(|part| u32::from(part.unsigned_abs()));
        hour.saturating_mul(3_600).saturating_add(minute.saturating_mul(60)).saturating_add(second)
    }

    /// Reads `06:00` or `06:00:30`.
    pub fn parse(text: &str) -> Result<TimeOfDay, ParseError> {
        let mut scanner = Scanner::new(TIME_OF_DAY, text);
        let hour = scanner.digits(2, "hour")?;
        scanner.expect(&[':'])?;
        let minute = scanner.digits(2, "minute")?;
        let second = if scanner.take(&[':']).is_some() { scanner.digits(2, "second")? } else { 0 };
        scanner.end()?;
        let second_of_day = hour.saturating_mul(3_600).saturating_add(minute.saturating_mul(60)).saturating_add(second);
        TimeOfDay::try_from_second_of_day(second_of_day)
            .filter(|_| minute < 60 && second < 60)
            .ok_or_else(|| scanner.refused_at(0, "no clock shows this".to_owned()))
    }

    pub(super) fn to_jiff(self) -> civil::Time {
        self.0
    }

    /// The whole second of it.
    pub(super) fn from_jiff(time: civil::Time) -> TimeOfDay {
        let whole = civil::Time::new(time.hour(), time.minute(), time.second(), 0);
        TimeOfDay(whole.expect("parts of a time are a time"))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:02}:{:02}", self.0.hour(), self.0.minute())?;
        if self.0.second() == 0 { Ok(()) } else { write!(out, ":{:02}", self.0.second()) }
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

const DATE: Format = Format { what: "a date", remedy: "write it as year-month-day, like 2026-08-18" };
const TIME_OF_DAY: Format = Format { what: "a time of day", remedy: "write it like 06:00 or 23:59:59" };

pub(super) fn month_index(year: u16, month: u8) -> i64 {
    i64::from(year).saturating_mul(12).saturating_add(i64::from(month)).saturating_sub(1)
}

/// The date at the head of a text; the first part of an RFC 3339 instant too.
pub(super) fn scan_date(scanner: &mut Scanner<'_>) -> Result<CivilDate, ParseError> {
    let year = scanner.digits(4, "year")?;
    scanner.expect(&['-'])?;
    let month_at = scanner.consumed();
    let month = scanner.digits(2, "month")?;
    scanner.expect(&['-'])?;
    let day_at = scanner.consumed();
    let day = scanner.digits(2, "day")?;

    if year == 0 {
        return Err(scanner.refused_at(0, "year 0000 is before the first".to_owned()));
    }
    if !(1..=12).contains(&month) {
        return Err(scanner.refused_at(month_at, format!("month {month:02} does not exist")));
    }
    let small = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    CivilDate::try_new(u16::try_from(year).unwrap_or(u16::MAX), small(month), small(day))
        .map_err(|_| scanner.refused_at(day_at, format!("{year:04}-{month:02} has no day {day:02}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> CivilDate {
        CivilDate::parse(text).unwrap()
    }

    #[test]
    fn dates_know_their_month_and_weekday() {
        fn check(text: &str, weekday: &str, last_of_month: &str, next: &str) {
            let date = date(text);
            let found = (date.weekday().name(), date.last_of_month().to_string(), date.next_day().unwrap().to_string());
            assert_eq!(found, (weekday, last_of_month.to_owned(), next.to_owned()), "{text}");
            assert_eq!(date.first_of_month().day(), 1);
        }
        check("2026-08-18", "tue", "2026-08-31", "2026-08-19");
        check("2026-02-28", "sat", "2026-02-28", "2026-03-01");
        check("2028-02-28", "mon", "2028-02-29", "2028-02-29");
        check("2028-02-29", "tue", "2028-02-29", "2028-03-01");
        check("2000-02-29", "tue", "2000-02-29", "2000-03-01"); // 400 divides it
        check("2100-02-28", "sun", "2100-02-28", "2100-03-01"); // 100 does, 400 does not
        check("2026-12-31", "thu", "2026-12-31", "2027-01-01");
    }

    #[test]
    fn days_and_months_are_added() {
        fn check(from: &str, days: i64, by_days: &str, months: i64, by_months: &str) {
            assert_eq!(date(from).add_days(days).unwrap().to_string(), by_days, "{from} + {days} days");
            assert_eq!(date(from).add_months(months).unwrap().to_string(), by_months, "{from} + {months} months");
        }
        check("2026-01-31", 1, "2026-02-01", 1, "2026-02-28");
        check("2028-01-31", 29, "2028-02-29", 1, "2028-02-29");
        check("2026-01-01", -1, "2025-12-31", -1, "2025-12-01");
        check("2025-12-31", 365, "2026-12-31", 14, "2027-02-28");
        assert_eq!(date("9999-12-31").add_days(1), Err(OutOfRange::Date));
        assert_eq!(date("9999-12-31").next_day(), Err(OutOfRange::Date));
        assert_eq!(date("9999-12-31").add_months(1), Err(OutOfRange::Date));
        assert_eq!(date("0001-01-01").add_days(-1), Err(OutOfRange::Date));
        assert_eq!(date("0001-01-01").add_months(-1), Err(OutOfRange::Date));
        assert_eq!(date("2026-01-01").add_days(i64::MAX), Err(OutOfRange::Date));
        assert_eq!(date("2026-01-01").add_months(i64::MAX), Err(OutOfRange::Date));
    }

    #[test]
    fn refuses_what_is_no_date() {
        fn check(text: &str, character: usize, problem: &str) {
            let error = CivilDate::parse(text).unwrap_err();
            assert_eq!((error.character(), error.problem.as_str()), (character, problem), "{text}");
        }
        check("2026-02-30", 9, "2026-02 has no day 30");
        check("2026-04-31", 9, "2026-04 has no day 31");
        check("2026-04-00", 9, "2026-04 has no day 00");
        check("2026-00-01", 6, "month 00 does not exist");
        check("0000-01-01", 1, "year 0000 is before the first");
        check("18/08/2026", 1, "expected the year as 4 digits, found '1'");
        check("2026-08-18T", 11, "expected nothing more, found 'T'");
        assert_eq!(CivilDate::try_new(2026, 2, 29), Err(NoSuchDate { year: 2026, month: 2, day: 29 }));
        assert!(CivilDate::try_new(0, 1, 1).is_err() && CivilDate::try_new(10_000, 1, 1).is_err());
        assert!(CivilDate::try_new(2026, 200, 1).is_err() && CivilDate::try_new(2026, 1, 200).is_err());
    }

    #[test]
    fn times_of_day() {
        fn check(text: &str, second_of_day: Option<u32>, printed: &str) {
            let time = TimeOfDay::parse(text).ok();
            assert_eq!(time.map(TimeOfDay::second_of_day), second_of_day, "{text}");
            assert_eq!(time.map(|time| time.to_string()).unwrap_or_default(), printed, "{text}");
        }
        check("00:00", Some(0), "00:00");
        check("06:30", Some(23_400), "06:30");
        check("23:59:59", Some(86_399), "23:59:59");
        check("24:00", None, "");
        check("12:60", None, "");
        check("12:00:60", None, "");
        check("6:30", None, "");
        assert_eq!(TimeOfDay::try_from_second_of_day(86_400), None);
        assert_eq!(TimeOfDay::try_from_second_of_day(u32::MAX), None);
    }

    proptest! {
        #[test]
        fn printing_is_read_back(days in 0..3_652_058_i64, second in 0..86_400_u32) {
            let date = date("0001-01-01").add_days(days).unwrap();
            prop_assert_eq!(CivilDate::parse(&date.to_string()), Ok(date));
            prop_assert_eq!(CivilDate::try_new(date.year(), date.month(), date.day()), Ok(date));
            let time = TimeOfDay::try_from_second_of_day(second).unwrap();
            prop_assert_eq!(TimeOfDay::parse(&time.to_string()), Ok(time));
            prop_assert_eq!(time.second_of_day(), second);
        }

        #[test]
        fn days_until_undoes_add_days(from in 0..3_652_058_i64, to in 0..3_652_058_i64) {
            let start = date("0001-01-01").add_days(from).unwrap();
            let end = start.add_days(to - from).unwrap();
            prop_assert_eq!(start.days_until(end), to - from);
        }
    }
}
