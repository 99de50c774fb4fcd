//! The days on which banks of the euro area settle (TARGET): weekends and six holidays are none, whatever a country has besides.

use crate::time::{CivilDate, OutOfRange, Weekday};

pub fn is_business_day(date: CivilDate) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    let fixed = matches!((date.month(), date.day()), (1 | 5, 1) | (12, 25 | 26));
    // Good Friday and Easter Monday.
    let movable = easter(date.year()).is_some_and(|easter| matches!(easter.days_until(date), -2 | 1));
    !(weekend || fixed || movable)
}

/// The day itself, or the first business day after it.
pub fn business_day_from(date: CivilDate) -> Result<CivilDate, OutOfRange> {
    business_days_after(date, 0)
}

/// The n-th business day after a day, which itself does not count. None of them: the day itself, or the next business day.
pub fn business_days_after(date: CivilDate, days: u16) -> Result<CivilDate, OutOfRange> {
    walk(date, days, 1)
}

/// The n-th business day before a day, which itself does not count. None of them: the day itself, or the one before.
pub fn business_days_before(date: CivilDate, days: u16) -> Result<CivilDate, OutOfRange> {
    walk(date, days, -1)
}

fn walk(date: CivilDate, days: u16, step: i64) -> Result<CivilDate, OutOfRange> {
    let mut date = date;
    for _ in 0..days {
        date = business_day(date.add_days(step)?, step)?;
    }
    business_day(date, step)
}

/// Five days in a row are none at the most: Christmas before a weekend has four.
fn business_day(date: CivilDate, step: i64) -> Result<CivilDate, OutOfRange> {
    let mut date = date;
    while !is_business_day(date) {
        date = date.add_days(step)?;
    }
    Ok(date)
}

/// Easter Sunday of the Gregorian calendar, as Oudin computes it.
#[expect(clippy::arithmetic_side_effects, reason = "numbers of a calendar: none leaves the range of years")]
fn easter(year: u16) -> Option<CivilDate> {
    let year_number = i64::from(year);
    let century = year_number / 100;
    let golden = year_number % 19;
    let leap = (century - century / 4 - (century - (century - 17) / 25) / 3 + 19 * golden + 15) % 30;
    let full_moon = leap - (leap / 28) * (1 - (leap / 28) * (29 / (leap + 1)) * ((21 - golden) / 11));
    let weekday = (year_number + year_number / 4 + full_moon + 2 - century + century / 4) % 7;
    let from_march = full_moon - weekday;
    CivilDate::try_new(year, 3, 28).ok()?.add_days(from_march).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> CivilDate {
        CivilDate::parse(text).unwrap()
    }

    /// As the central bank announces them: Good Friday and Easter Monday.
    #[test]
    fn easter_as_announced() {
        let table = [
            (2000, "2000-04-21", "2000-04-24"),
            (2008, "2008-03-21", "2008-03-24"),
            (2011, "2011-04-22", "2011-04-25"),
            (2019, "2019-04-19", "2019-04-22"),
            (2023, "2023-04-07", "2023-04-10"),
            (2024, "2024-03-29", "2024-04-01"),
            (2025, "2025-04-18", "2025-04-21"),
            (2026, "2026-04-03", "2026-04-06"),
            (2027, "2027-03-26", "2027-03-29"),
            (2028, "2028-04-14", "2028-04-17"),
            (2029, "2029-03-30", "2029-04-02"),
            (2030, "2030-04-19", "2030-04-22"),
            (2038, "2038-04-23", "2038-04-26"),
        ];
        for (year, friday, monday) in table {
            let easter = easter(year).unwrap();
            assert_eq!((easter.add_days(-2), easter.add_days(1)), (Ok(date(friday)), Ok(date(monday))), "{year}");
            assert!(!is_business_day(date(friday)) && !is_business_day(date(monday)), "{year}");
        }
    }

    /// Every day that is none, on weekdays, in a table written by hand.
    #[test]
    fn the_weekdays_that_are_closed() {
        let check = |year: u16, closed: &str| {
            let mut day = CivilDate::try_new(year, 1, 1).unwrap();
            let mut found = Vec::new();
            while day.year() == year {
                if !is_business_day(day) && !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
                    found.push(day.to_string()[5..].to_owned());
                }
                day = day.next_day().unwrap();
            }
            assert_eq!(found.join(" "), closed, "{year}");
        };
        check(2024, "01-01 03-29 04-01 05-01 12-25 12-26");
        check(2025, "01-01 04-18 04-21 05-01 12-25 12-26");
        check(2026, "01-01 04-03 04-06 05-01 12-25");
        check(2027, "01-01 03-26 03-29");
        check(2028, "04-14 04-17 05-01 12-25 12-26");
        check(2029, "01-01 03-30 04-02 05-01 12-25 12-26");
    }

    #[test]
    fn days_are_counted_over_closed_ones() {
        let after = |from: &str, days| business_days_after(date(from), days).unwrap().to_string();
        assert_eq!(after("2026-04-02", 1), "2026-04-07", "over Easter");
        assert_eq!(after("2026-04-02", 0), "2026-04-02");
        assert_eq!(after("2026-04-03", 0), "2026-04-07");
        assert_eq!(after("2026-04-04", 1), "2026-04-07");
        assert_eq!(after("2026-12-24", 2), "2026-12-29");
        let before = |from: &str, days| business_days_before(date(from), days).unwrap().to_string();
        assert_eq!(before("2026-04-07", 1), "2026-04-02");
        assert_eq!(before("2026-04-05", 0), "2026-04-02");
        assert_eq!(before("2027-01-04", 3), "2026-12-29");
        assert_eq!(business_day_from(date("2026-05-01")), Ok(date("2026-05-04")));
        assert_eq!(business_days_after(date("9999-12-31"), 1), Err(OutOfRange::Date));
    }
}
