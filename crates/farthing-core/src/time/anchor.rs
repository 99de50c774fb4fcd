//! Where billing cycles begin: an anchor, and every n-th start counted from the anchor itself.
//!
//! Owns "monthly on the 31st" (case P7). Starts are never chained, so one short month does not shorten the next: from
//! 31 December come 31 January, 28 February, 31 March, 30 April. Which anchor an account has is its policy's matter.

use std::{error::Error, fmt};

use super::{CalendarSpan, CivilDate, Instant, OutOfRange, Period, TimeOfDay, Zone, civil::month_index};

/// The start of cycle 0 and the way to all others, before and after it. Cycle starts are strictly increasing in n, so
/// cycles tile time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Anchor {
    origin_month_index: i64,
    day: u8,
    time: TimeOfDay,
    every: CalendarSpan,
    zone: Zone,
}

/// What an anchor is made of. `day` may be one that `month` has not (31 in February): each cycle takes the last day
/// there is, and returns to `day` in the months that have it.
#[derive(Clone, Debug)]
pub struct AnchorSpec {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub time: TimeOfDay,
    pub every: CalendarSpan,
    pub zone: Zone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorError {
    NoSuchYear(u16),
    NoSuchMonth(u8),
    NoSuchDay(u8),
}

impl Anchor {
    pub fn try_new(spec: AnchorSpec) -> Result<Anchor, AnchorError> {
        let AnchorSpec { year, month, day, time, every, zone } = spec;
        if !(1..=9999).contains(&year) {
            return Err(AnchorError::NoSuchYear(year));
        }
        if !(1..=12).contains(&month) {
            return Err(AnchorError::NoSuchMonth(month));
        }
        if !(1..=31).contains(&day) {
            return Err(AnchorError::NoSuchDay(day));
        }
        Ok(Anchor { origin_month_index: month_index(year, month), day, time, every, zone })
    }

    /// Cycle 0 begins at the start of `date`.
    pub fn on_date(date: CivilDate, every: CalendarSpan, zone: Zone) -> Anchor {
        Anchor { origin_month_index: date.month_index(), day: date.day(), time: TimeOfDay::MIDNIGHT, every, zone }
    }

    /// Cycle 0 begins when the clocks first show the date and second of `start`: at `start` itself, unless it lies in
    /// the second coming of an hour that clocks were set back over.
    pub fn at_instant(start: Instant, every: CalendarSpan, zone: Zone) -> Result<Anchor, OutOfRange> {
        let (date, time) = zone.wall_at(start)?;
        Ok(Anchor { origin_month_index: date.month_index(), day: date.day(), time, every, zone })
    }

    /// Calendar months, numbered from January 1970.
    pub fn calendar_month(zone: Zone) -> Anchor {
        let origin_month_index = month_index(1970, 1);
        Anchor { origin_month_index, day: 1, time: TimeOfDay::MIDNIGHT, every: CalendarSpan::MONTH, zone }
    }

    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    pub fn every(&self) -> CalendarSpan {
        self.every
    }

    /// The day of the month that is meant, before any clamping.
    pub fn day(&self) -> u8 {
        self.day
    }

    pub fn time(&self) -> TimeOfDay {
        self.time
    }

    /// The date on which cycle `n` begins; negative before the anchor.
    pub fn nth_date(&self, n: i64) -> Result<CivilDate, OutOfRange> {
        let months = n.checked_mul(i64::from(self.every.months())).ok_or(OutOfRange::Date)?;
        CivilDate::in_month(self.origin_month_index.checked_add(months).ok_or(OutOfRange::Date)?, self.day)
    }

    /// The instant at which cycle `n` begins.
    pub fn nth(&self, n: i64) -> Result<Instant, OutOfRange> {
        self.zone.instant_at(self.nth_date(n)?, self.time)
    }

    /// Cycle `n`: from its start to the next one's.
    pub fn period(&self, n: i64) -> Result<Period, OutOfRange> {
        let start = self.nth(n)?;
        Ok(Period::in_order(start, self.nth(n.checked_add(1).ok_or(OutOfRange::Instant)?)?))
    }

    /// The cycle that `at` lies in, and its number.
    pub fn period_containing(&self, at: Instant) -> Result<(i64, Period), OutOfRange> {
        let months = self.zone.civil_date_of(at)?.month_index().saturating_sub(self.origin_month_index);
        // The cycle that begins in the month of `at`, or the last one to begin before it. Its start may still lie after
        // `at` in that month: then it is the cycle before.
        let guess = months.div_euclid(i64::from(self.every.months()));
        let n = if self.nth(guess)? > at { guess.saturating_sub(1) } else { guess };
        let period = self.period(n)?;
        assert!(period.contains(at), "cycles of an anchor tile time");
        Ok((n, period))
    }
}

impl fmt::Display for AnchorError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnchorError::NoSuchYear(year) => {
                write!(out, "an anchor cannot be in the year {year}; give one of 1 to 9999")
            }
            AnchorError::NoSuchMonth(month) => write!(out, "an anchor cannot be in month {month}; give one of 1 to 12"),
            AnchorError::NoSuchDay(day) => write!(
                out,
                "an anchor cannot be on day {day} of a month; give one of 1 to 31; 31 is the last day of every month"
            ),
        }
    }
}

impl Error for AnchorError {}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use proptest::prelude::*;

    use super::*;
    use crate::time::zone::tests::any_zone;

    fn instant(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    fn anchor(date: &str, every: &str, time: &str, zone_name: &str) -> Anchor {
        let date = CivilDate::parse(date).unwrap();
        Anchor::try_new(AnchorSpec {
            year: date.year(),
            month: date.month(),
            day: date.day(),
            time: TimeOfDay::parse(time).unwrap(),
            every: CalendarSpan::parse(every).unwrap(),
            zone: zone(zone_name),
        })
        .unwrap()
    }

    /// P7: clamped at the end of a short month, and returning.
    #[test]
    fn p7_anchors_clamp_and_return() {
        fn check(date: &str, every: &str, expected: &str) {
            let anchor =
                Anchor::on_date(CivilDate::parse(date).unwrap(), CalendarSpan::parse(every).unwrap(), Zone::UTC);
            let dates: Vec<_> = (1..=4).map(|n| anchor.nth_date(n).unwrap().to_string()).collect();
            assert_eq!(dates.join(" "), expected, "{date} every {every}");
            assert_eq!(anchor.nth(1).unwrap(), instant(&format!("{}T00:00:00Z", dates[0])));
        }
        check("2025-12-31", "1mo", "2026-01-31 2026-02-28 2026-03-31 2026-04-30");
        check("2026-01-31", "1mo", "2026-02-28 2026-03-31 2026-04-30 2026-05-31");
        check("2028-01-31", "1mo", "2028-02-29 2028-03-31 2028-04-30 2028-05-31");
        check("2026-01-30", "1mo", "2026-02-28 2026-03-30 2026-04-30 2026-05-30");
        check("2026-01-29", "1mo", "2026-02-28 2026-03-29 2026-04-29 2026-05-29");
        check("2026-01-28", "1mo", "2026-02-28 2026-03-28 2026-04-28 2026-05-28");
        check("2026-11-30", "3mo", "2027-02-28 2027-05-30 2027-08-30 2027-11-30");
        check("2028-02-29", "1y", "2029-02-28 2030-02-28 2031-02-28 2032-02-29");
        check("2026-12-31", "1y", "2027-12-31 2028-12-31 2029-12-31 2030-12-31");
    }

    /// P7: the end of the calendar month that contains 2026-08-18T12:00Z, in four zones.
    #[test]
    fn p7_calendar_months_end_where_their_zone_says() {
        fn check(zone_name: &str, end: &str) {
            let anchor = Anchor::calendar_month(zone(zone_name));
            let (n, period) = anchor.period_containing(instant("2026-08-18T12:00:00Z")).unwrap();
            assert_eq!((n, period.end()), (56 * 12 + 7, instant(end)), "{zone_name}"); // months from January 1970
        }
        check("UTC", "2026-09-01T00:00:00Z");
        check("Asia/Kolkata", "2026-08-31T18:30:00Z");
        check("America/Los_Angeles", "2026-09-01T07:00:00Z");
        check("Europe/Rome", "2026-08-31T22:00:00Z");
    }

    #[test]
    fn a_billing_day_the_first_month_has_not() {
        let spec = |day| AnchorSpec {
            year: 2026,
            month: 2,
            day,
            time: TimeOfDay::MIDNIGHT,
            every: CalendarSpan::MONTH,
            zone: Zone::UTC,
        };
        let anchor = Anchor::try_new(spec(31)).unwrap();
        let dates: Vec<_> = (-2..=1).map(|n| anchor.nth_date(n).unwrap().to_string()).collect();
        assert_eq!(dates.join(" "), "2025-12-31 2026-01-31 2026-02-28 2026-03-31");
        assert_eq!(anchor.day(), 31);

        assert_eq!(Anchor::try_new(spec(0)), Err(AnchorError::NoSuchDay(0)));
        assert_eq!(Anchor::try_new(spec(32)), Err(AnchorError::NoSuchDay(32)));
        assert_eq!(Anchor::try_new(AnchorSpec { month: 13, ..spec(1) }), Err(AnchorError::NoSuchMonth(13)));
        assert_eq!(Anchor::try_new(AnchorSpec { year: 0, ..spec(1) }), Err(AnchorError::NoSuchYear(0)));
        assert_eq!(
            AnchorError::NoSuchDay(32).to_string(),
            "an anchor cannot be on day 32 of a month; give one of 1 to 31; 31 is the last day of every month"
        );
    }

    #[test]
    fn the_cycle_that_contains_an_instant() {
        fn check(anchor: &Anchor, at: &str, n: i64, period: &str) {
            let (found_n, found) = anchor.period_containing(instant(at)).unwrap();
            assert_eq!((found_n, found.to_string().as_str()), (n, period), "{at}");
        }
        let month_end = anchor("2025-12-31", "1mo", "00:00", "UTC");
        check(&month_end, "2025-12-31T00:00:00Z", 0, "2025-12-31T00:00:00Z to 2026-01-31T00:00:00Z");
        check(&month_end, "2025-12-30T23:59:59.999999Z", -1, "2025-11-30T00:00:00Z to 2025-12-31T00:00:00Z");
        check(&month_end, "2026-02-27T23:59:59Z", 1, "2026-01-31T00:00:00Z to 2026-02-28T00:00:00Z");
        check(&month_end, "2026-02-28T00:00:00Z", 2, "2026-02-28T00:00:00Z to 2026-03-31T00:00:00Z");
        let yearly = anchor("2028-02-29", "1y", "12:00", "UTC");
        check(&yearly, "2029-02-28T11:59:59Z", 0, "2028-02-29T12:00:00Z to 2029-02-28T12:00:00Z");
        check(&yearly, "2032-02-29T12:00:00Z", 4, "2032-02-29T12:00:00Z to 2033-02-28T12:00:00Z");
        let quarterly = anchor("2026-11-30", "3mo", "00:00", "Asia/Shanghai");
        check(&quarterly, "2027-02-27T16:00:00Z", 1, "2027-02-27T16:00:00Z to 2027-05-29T16:00:00Z");
        check(&quarterly, "2026-10-01T00:00:00Z", -1, "2026-08-29T16:00:00Z to 2026-11-29T16:00:00Z");
        // 02:30 is skipped on 8 March in Los Angeles: that cycle begins at 03:00 there, the next at 02:30 again.
        let skipped = anchor("2026-02-08", "1mo", "02:30", "America/Los_Angeles");
        check(&skipped, "2026-03-08T09:59:59Z", 0, "2026-02-08T10:30:00Z to 2026-03-08T10:00:00Z");
        check(&skipped, "2026-03-08T10:00:00Z", 1, "2026-03-08T10:00:00Z to 2026-04-08T09:30:00Z");
        // 02:30 comes twice on 25 October in Rome: the first counts.
        let twice = anchor("2026-09-25", "1mo", "02:30", "Europe/Rome");
        check(&twice, "2026-10-25T00:30:00Z", 1, "2026-10-25T00:30:00Z to 2026-11-25T01:30:00Z");
        check(&twice, "2026-10-25T01:30:00Z", 1, "2026-10-25T00:30:00Z to 2026-11-25T01:30:00Z");
        // Lord Howe skips half an hour, 02:00 to 02:30.
        let lord_howe = anchor("2026-09-04", "1mo", "02:15", "Australia/Lord_Howe");
        check(&lord_howe, "2026-10-03T15:30:00Z", 1, "2026-10-03T15:30:00Z to 2026-11-03T15:15:00Z");
        // No day of Apia is 30 December 2011: the cycle begins with the 31st.
        let apia = anchor("2011-11-30", "1mo", "00:00", "Pacific/Apia");
        check(&apia, "2011-12-30T10:00:00Z", 1, "2011-12-30T10:00:00Z to 2012-01-29T10:00:00Z");
    }

    #[test]
    fn an_anchor_at_an_instant_begins_there() {
        fn check(start: &str, zone_name: &str, starts: &str) {
            let anchor = Anchor::at_instant(instant(start), CalendarSpan::MONTH, zone(zone_name)).unwrap();
            let found: Vec<_> = (0..3).map(|n| anchor.nth(n).unwrap().to_string()).collect();
            assert_eq!(found.join(" "), starts, "{start} in {zone_name}");
        }
        check("2026-01-31T10:00:07.9Z", "UTC", "2026-01-31T10:00:07Z 2026-02-28T10:00:07Z 2026-03-31T10:00:07Z");
        check(
            "2026-01-31T16:00:00Z",
            "Asia/Shanghai",
            "2026-01-31T16:00:00Z 2026-02-28T16:00:00Z 2026-03-31T16:00:00Z",
        );
        check("2026-03-01T11:00:00Z", "Europe/Rome", "2026-03-01T11:00:00Z 2026-04-01T10:00:00Z 2026-05-01T10:00:00Z");
        // The second coming of 02:30 is billed from the first.
        check("2026-10-25T01:30:00Z", "Europe/Rome", "2026-10-25T00:30:00Z 2026-11-25T01:30:00Z 2026-12-25T01:30:00Z");
        check(
            "2010-11-07T03:00:00Z",
            "America/St_Johns",
            "2010-11-07T02:00:00Z 2010-12-07T03:00:00Z 2011-01-07T03:00:00Z",
        );
    }

    #[test]
    fn the_ends_of_the_range_are_errors() {
        let months = Anchor::calendar_month(Zone::UTC);
        assert_eq!(months.nth(0), Ok(Instant::EPOCH));
        assert_eq!(months.nth(-1), Err(OutOfRange::Instant));
        assert_eq!(months.nth(i64::MAX), Err(OutOfRange::Date));
        assert_eq!(months.nth(i64::MIN), Err(OutOfRange::Date));
        assert_eq!(months.period(i64::MAX), Err(OutOfRange::Date));
        assert!(months.period_containing(Instant::EPOCH).is_ok());
        assert_eq!(months.period_containing(Instant::MAX), Err(OutOfRange::Date)); // its end has no date
        assert_eq!(months.period_containing(Instant::from_micros(i64::MIN)), Err(OutOfRange::Instant));
        let shanghai = Anchor::calendar_month(zone("Asia/Shanghai"));
        assert_eq!(shanghai.period_containing(Instant::EPOCH), Err(OutOfRange::Instant));
    }

    fn any_anchor() -> impl Strategy<Value = Anchor> {
        let every = proptest::sample::select(vec![1_u16, 3, 6, 12, 24]);
        (any_zone(), 1_975..2_040_u16, 1..=12_u8, 1..=31_u8, prop_oneof![Just(0), 0..86_400_u32], every).prop_map(
            |(zone, year, month, day, second, every)| {
                let time = TimeOfDay::try_from_second_of_day(second).unwrap();
                let every = CalendarSpan::from_months(NonZeroU16::new(every).unwrap());
                Anchor::try_new(AnchorSpec { year, month, day, time, every, zone }).unwrap()
            },
        )
    }

    proptest! {
        #[test]
        fn cycles_tile_time(
            anchor in any_anchor(),
            seconds in 86_400_000..2_524_608_000_i64,
            micros in 0..1_000_000_i64,
        ) {
            let at = Instant::try_from_seconds(seconds).unwrap().checked_add_micros(micros).unwrap();
            let (n, period) = anchor.period_containing(at).unwrap();
            prop_assert!(period.contains(at));
            prop_assert_eq!(anchor.period(n), Ok(period));
            prop_assert_eq!(anchor.period(n + 1).unwrap().start(), period.end());
            prop_assert_eq!(anchor.period_containing(period.start()), Ok((n, period)));
            prop_assert_eq!(anchor.period_containing(period.end()).unwrap().0, n + 1);
            prop_assert_eq!(anchor.period_containing(period.end().checked_add_micros(-1).unwrap()), Ok((n, period)));
        }

        #[test]
        fn starts_are_on_the_day_meant_or_the_last_there_is(anchor in any_anchor(), n in 0..200_i64) {
            let date = anchor.nth_date(n).unwrap();
            prop_assert!(date.day() == anchor.day() || (date.day() < anchor.day() && date == date.last_of_month()));
        }
    }
}
