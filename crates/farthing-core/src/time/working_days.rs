//! Working days: which days are worked, and when a deadline counted in them is over.
//!
//! A calendar is a working week and a list of holidays, both given by the operator: no list of any country is kept
//! here.

use std::{collections::BTreeSet, fmt};

use super::{
    CivilDate, Instant, OutOfRange, ParseError, Weekday, Zone,
    text::{Format, Scanner, parse_quantity},
};

/// The days of the week that are worked, as one run of days: `mon-fri`, `sun-thu`, `mon-sat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WorkingWeek {
    first: Weekday,
    last: Weekday,
}

impl WorkingWeek {
    pub const MONDAY_TO_FRIDAY: WorkingWeek = WorkingWeek { first: Weekday::Monday, last: Weekday::Friday };

    pub fn contains(self, weekday: Weekday) -> bool {
        if self.first <= self.last {
            self.first <= weekday && weekday <= self.last
        } else {
            // The run goes over Sunday: `sun-thu`.
            self.first <= weekday || weekday <= self.last
        }
    }

    /// Reads `mon-fri`, over the end of the week too (`sun-thu`); `fri-fri` is one day.
    pub fn parse(text: &str) -> Result<WorkingWeek, ParseError> {
        let scanner = Scanner::new(WORKING_WEEK, text);
        let Some((first_name, last_name)) = text.split_once('-') else {
            return Err(scanner.refused_at(0, "expected two days with a hyphen between".to_owned()));
        };
        let weekday = |at: usize, name: &str| {
            Weekday::from_name(name).ok_or_else(|| scanner.refused_at(at, format!("{name:?} is no day of the week")))
        };
        let first = weekday(0, first_name)?;
        // A known first day has three letters, and the hyphen follows them.
        Ok(WorkingWeek { first, last: weekday(4, last_name)? })
    }
}

impl fmt::Display for WorkingWeek {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.first, self.last)
    }
}

/// A number of working days, as a policy writes it: `7wd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkingDays(pub u16);

impl WorkingDays {
    pub fn parse(text: &str) -> Result<WorkingDays, ParseError> {
        parse_quantity(WORKING_DAYS, text, |number, unit| match u16::try_from(number) {
            _ if unit != "wd" => Err(format!("{unit:?} is not wd")),
            Ok(number) => Ok(WorkingDays(number)),
            Err(_) => Err(format!("more than {} days are too many", u16::MAX)),
        })
    }
}

impl fmt::Display for WorkingDays {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}wd", self.0)
    }
}

/// Which days are worked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkingCalendar {
    week: WorkingWeek,
    holidays: BTreeSet<CivilDate>,
}

impl WorkingCalendar {
    pub fn new(week: WorkingWeek, holidays: impl IntoIterator<Item = CivilDate>) -> WorkingCalendar {
        WorkingCalendar { week, holidays: holidays.into_iter().collect() }
    }

    pub fn is_working_day(&self, date: CivilDate) -> bool {
        self.week.contains(date.weekday()) && !self.holidays.contains(&date)
    }

    /// The n-th working day after `date`, which itself does not count, worked or not: Friday + 1 is Monday, and so is
    /// Saturday + 1. Zero days is `date`, or the next working day when it is none.
    pub fn add_working_days(&self, date: CivilDate, days: WorkingDays) -> Result<CivilDate, OutOfRange> {
        if days.0 == 0 && self.is_working_day(date) {
            return Ok(date);
        }
        let mut reached = date;
        for _ in 0..days.0.max(1) {
            reached = self.next_working_day(reached)?;
        }
        Ok(reached)
    }

    /// When a deadline of so many working days from `start` has passed: at the end of the last of them in `zone`, which
    /// is the first instant of the day after. What happens before it is in time.
    pub fn deadline(&self, start: Instant, days: WorkingDays, zone: &Zone) -> Result<Instant, OutOfRange> {
        let last_day = self.add_working_days(zone.civil_date_of(start)?, days)?;
        zone.start_of_day(last_day.next_day()?)
    }

    fn next_working_day(&self, date: CivilDate) -> Result<CivilDate, OutOfRange> {
        // Ends: a working week has a day, and the list of holidays is finite.
        let mut candidate = date.next_day()?;
        while !self.is_working_day(candidate) {
            candidate = candidate.next_day()?;
        }
        Ok(candidate)
    }
}

const WORKING_WEEK: Format =
    Format { what: "a working week", remedy: "write its first and last day, like mon-fri, sun-thu or mon-sat" };
const WORKING_DAYS: Format =
    Format { what: "a number of working days", remedy: "write a whole number and wd, like 7wd" };

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> CivilDate {
        CivilDate::parse(text).unwrap()
    }

    fn calendar(week: &str, holidays: &[&str]) -> WorkingCalendar {
        WorkingCalendar::new(WorkingWeek::parse(week).unwrap(), holidays.iter().map(|text| date(text)))
    }

    #[test]
    fn weeks_are_runs_of_days() {
        fn check(week: &str, worked: &str) {
            let week_read = WorkingWeek::parse(week).unwrap();
            let found: Vec<_> =
                Weekday::ALL.into_iter().filter(|day| week_read.contains(*day)).map(Weekday::name).collect();
            assert_eq!((found.join(" "), week_read.to_string()), (worked.to_owned(), week.to_owned()));
        }
        check("mon-fri", "mon tue wed thu fri");
        check("mon-sat", "mon tue wed thu fri sat");
        check("sun-thu", "mon tue wed thu sun");
        check("sat-wed", "mon tue wed sat sun");
        check("mon-sun", "mon tue wed thu fri sat sun");
        check("fri-fri", "fri");
    }

    #[test]
    fn refuses_what_is_no_week_and_no_number_of_days() {
        fn check(error: &ParseError, message: &str) {
            assert_eq!(error.to_string(), message);
        }
        let week = |text| WorkingWeek::parse(text).unwrap_err();
        let remedy = "write its first and last day, like mon-fri, sun-thu or mon-sat";
        check(
            &week("monday"),
            &format!(
                "\"monday\" is not a working week: expected two days with a hyphen between at character 1; {remedy}"
            ),
        );
        check(
            &week("mon-frid"),
            &format!("\"mon-frid\" is not a working week: \"frid\" is no day of the week at character 5; {remedy}"),
        );
        let days = |text| WorkingDays::parse(text).unwrap_err();
        let remedy = "write a whole number and wd, like 7wd";
        check(
            &days("7d"),
            &format!("\"7d\" is not a number of working days: \"d\" is not wd at character 2; {remedy}"),
        );
        assert_eq!(days("65536wd").character(), 6);
        assert_eq!(days("-1wd").character(), 1);
    }

    #[test]
    fn working_days_skip_weekends_and_holidays() {
        fn check(calendar: &WorkingCalendar, from: &str, days: &str, expected: &str) {
            let found = calendar.add_working_days(date(from), WorkingDays::parse(days).unwrap());
            assert_eq!(found.unwrap().to_string(), expected, "{from} + {days}");
        }
        let plain = calendar("mon-fri", &[]);
        check(&plain, "2026-08-18", "0wd", "2026-08-18"); // a Tuesday
        check(&plain, "2026-08-18", "1wd", "2026-08-19");
        check(&plain, "2026-08-21", "1wd", "2026-08-24"); // Friday to Monday
        check(&plain, "2026-08-22", "0wd", "2026-08-24");
        check(&plain, "2026-08-22", "1wd", "2026-08-24");
        check(&plain, "2026-08-18", "7wd", "2026-08-27");
        check(&calendar("sun-thu", &[]), "2026-08-20", "1wd", "2026-08-23"); // Thursday to Sunday
        check(&calendar("mon-sat", &[]), "2026-08-21", "1wd", "2026-08-22");
        // Over the turn of the year: Thursday 24 Dec + 1 skips Christmas Day, the weekend and Boxing Day's Monday.
        let london = calendar("mon-fri", &["2026-12-25", "2026-12-28", "2027-01-01"]);
        check(&london, "2026-12-24", "1wd", "2026-12-29");
        check(&london, "2026-12-25", "0wd", "2026-12-29");
        check(&london, "2026-12-31", "1wd", "2027-01-04");
        check(&plain, "2028-02-28", "2wd", "2028-03-01"); // Monday, leap Tuesday, Wednesday
        assert!(!london.is_working_day(date("2026-12-25")) && plain.is_working_day(date("2026-12-25")));
        assert_eq!(plain.add_working_days(date("9999-12-31"), WorkingDays(1)), Err(OutOfRange::Date));
    }

    #[test]
    fn deadlines_are_the_end_of_the_day_in_a_zone() {
        fn check(start: &str, days: &str, zone: &str, expected: &str) {
            let (start, days) = (Instant::parse(start).unwrap(), WorkingDays::parse(days).unwrap());
            let found = calendar("mon-fri", &[]).deadline(start, days, &Zone::parse(zone).unwrap()).unwrap();
            assert_eq!(found.to_string(), expected, "{start} + {days} in {zone}");
        }
        check("2026-08-18T12:00:00Z", "7wd", "UTC", "2026-08-28T00:00:00Z");
        check("2026-08-18T12:00:00Z", "7wd", "Asia/Shanghai", "2026-08-27T16:00:00Z");
        check("2026-08-18T16:00:00Z", "7wd", "Asia/Shanghai", "2026-08-28T16:00:00Z"); // the 19th there
        check("2026-03-27T12:00:00Z", "1wd", "Europe/Rome", "2026-03-30T22:00:00Z"); // summer time began on the Sunday
        check("2026-10-30T12:00:00Z", "1wd", "America/Los_Angeles", "2026-11-03T08:00:00Z"); // and ended
    }

    proptest! {
        #[test]
        fn n_days_hold_n_worked_ones(
            start in 0..20_000_i64,
            days in 1..60_u16,
            holidays in proptest::collection::vec(0..20_100_i64, 0..400),
        ) {
            let day = |n| date("1990-01-01").add_days(n).unwrap();
            let calendar = WorkingCalendar::new(WorkingWeek::MONDAY_TO_FRIDAY, holidays.into_iter().map(day));
            let end = calendar.add_working_days(day(start), WorkingDays(days)).unwrap();
            prop_assert!(calendar.is_working_day(end));
            let worked = (1..=day(start).days_until(end)).filter(|n| calendar.is_working_day(day(start + n))).count();
            prop_assert_eq!(worked, usize::from(days));
        }

        #[test]
        fn printing_is_read_back(days in any::<u16>(), first in 0..7_usize, last in 0..7_usize) {
            prop_assert_eq!(WorkingDays::parse(&WorkingDays(days).to_string()), Ok(WorkingDays(days)));
            let week = WorkingWeek { first: Weekday::ALL[first], last: Weekday::ALL[last] };
            prop_assert_eq!(WorkingWeek::parse(&week.to_string()), Ok(week));
        }
    }
}
