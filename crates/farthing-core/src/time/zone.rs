//! A time zone: what the clocks of a place show at an instant, and when they first show a date and time.
//!
//! One rule answers every gap and fold: **a civil time means the first instant at which the clocks there show it or
//! later**. So a time that a change to summer time skips is the end of the gap, a time that comes twice is its first
//! coming, and the start of a day is the first instant of the day, whatever the change does to midnight.

use std::{
    cmp::Ordering,
    error::Error,
    fmt,
    hash::{Hash, Hasher},
};

use jiff::{
    Timestamp,
    tz::{self, AmbiguousOffset, TimeZoneDatabase},
};

use super::{CivilDate, Instant, OutOfRange, Period, TimeOfDay};

/// A zone of the IANA database, known by its name. A clone shares its data. Equal and sorted by name: an alias such as
/// `Asia/Calcutta` is not equal to `Asia/Kolkata`, as their rules may part in a later database.
#[derive(Clone)]
pub struct Zone(tz::TimeZone);

impl Zone {
    pub const UTC: Zone = Zone(tz::TimeZone::UTC);

    /// Reads an IANA name, letter for letter: one zone has one spelling in configuration, rows and answers.
    pub fn parse(name: &str) -> Result<Zone, UnknownZone> {
        // Never the machine's own zone files, whatever jiff features another crate switches on.
        let found = TimeZoneDatabase::bundled().get(name).ok().filter(|zone| zone.iana_name() == Some(name));
        match found {
            Some(zone) if !zone.is_unknown() => Ok(Zone(zone)),
            _ => Err(UnknownZone { name: name.to_owned(), near: names_near(name) }),
        }
    }

    pub fn name(&self) -> &str {
        self.0.iana_name().expect("a zone is made only from its IANA name")
    }

    /// The civil day that `instant` belongs to: the one whose `day` contains it.
    ///
    /// It is the date on the wall, but for one hour in the zones that once set their clocks back across midnight
    /// (`America/St_Johns` until 2011, 00:01 to 23:01): there the new day has begun, and stays.
    pub fn civil_date_of(&self, instant: Instant) -> Result<CivilDate, OutOfRange> {
        let timestamp = instant.to_jiff()?;
        let shown = CivilDate::from_jiff(self.0.to_datetime(timestamp).date())?;
        match shown.next_day().and_then(|next| Ok((next, self.first_showing(next, TimeOfDay::MIDNIGHT)?))) {
            Ok((next, next_start)) if next_start <= timestamp => Ok(next),
            _ => Ok(shown),
        }
    }

    /// What calendar and clock on the wall show at `instant`, to the second. For people to read: which day an instant
    /// is billed on, `civil_date_of` says.
    pub fn wall_at(&self, instant: Instant) -> Result<(CivilDate, TimeOfDay), OutOfRange> {
        let shown = self.0.to_datetime(instant.to_jiff()?);
        Ok((CivilDate::from_jiff(shown.date())?, TimeOfDay::from_jiff(shown.time())))
    }

    /// The first instant of the day.
    pub fn start_of_day(&self, date: CivilDate) -> Result<Instant, OutOfRange> {
        self.instant_at(date, TimeOfDay::MIDNIGHT)
    }

    /// The first instant at which the clocks show that time of that date, or later.
    pub fn instant_at(&self, date: CivilDate, time: TimeOfDay) -> Result<Instant, OutOfRange> {
        Instant::from_jiff(self.first_showing(date, time)?)
    }

    /// The civil day as a period: 23 to 25 hours where clocks change, and empty where a place skipped the whole day
    /// (`Pacific/Apia`, 2011-12-30).
    pub fn day(&self, date: CivilDate) -> Result<Period, OutOfRange> {
        let (start, end) = (self.start_of_day(date)?, self.start_of_day(date.next_day()?)?);
        Ok(Period::in_order(start, end))
    }

    /// The civil day that contains `instant`.
    pub fn day_of(&self, instant: Instant) -> Result<Period, OutOfRange> {
        self.day(self.civil_date_of(instant)?)
    }

    /// `months` later at the same time of day, on the same day of the month or the last one there is.
    pub fn add_months(&self, start: Instant, months: i64) -> Result<Instant, OutOfRange> {
        let (date, time) = self.wall_at(start)?;
        let whole = self.instant_at(date.add_months(months)?, time)?;
        whole.checked_add_micros(start.micros().rem_euclid(1_000_000))
    }

    /// The rule of this file, in jiff's own instants: those reach before 1970, where a first day may have begun.
    fn first_showing(&self, date: CivilDate, time: TimeOfDay) -> Result<Timestamp, OutOfRange> {
        let shown = date.to_jiff().to_datetime(time.to_jiff());
        match self.0.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                offset.to_timestamp(shown).map_err(|_| OutOfRange::Instant)
            }
            AmbiguousOffset::Gap { after, .. } => {
                // Clocks already on the new offset would show it before the change happened: so the change comes next.
                let before_the_change = after.to_timestamp(shown).map_err(|_| OutOfRange::Instant)?;
                let change = self.0.following(before_the_change).find(|change| change.offset() == after);
                Ok(change.expect("a gap is made by a change of offset").timestamp())
            }
        }
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Zone) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

impl PartialOrd for Zone {
    fn partial_cmp(&self, other: &Zone) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Zone {
    fn cmp(&self, other: &Zone) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Zone({})", self.name())
    }
}

/// No zone has this name; `near` lists names that may have been meant, the likeliest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownZone {
    pub name: String,
    pub near: Vec<String>,
}

impl fmt::Display for UnknownZone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.name.chars().take(NAME_MAX).collect();
        write!(out, "no time zone is named {shown:?}; ")?;
        if self.near.is_empty() {
            return out.write_str("write its IANA name, such as Europe/Rome, Asia/Shanghai or UTC");
        }
        write!(out, "did you mean {}?", self.near.join(" or "))
    }
}

impl Error for UnknownZone {}

/// Longer than any name in the database; what is longer is no misspelling and is not compared.
const NAME_MAX: usize = 64;
const NEAR_MAX: usize = 3;

/// Names a few letters away from `name`, in any case, as a whole or by their city alone (`shanghai`, `New York`).
fn names_near(name: &str) -> Vec<String> {
    if name.chars().count() > NAME_MAX {
        return Vec::new();
    }
    let wanted = plain(name);
    // One letter in four may differ, one at least and three at most: `Rom`, `Asia/Shangai`, `Europ/Berlin`.
    let edits_max = wanted.chars().count().div_euclid(4).clamp(1, 3);
    let database = TimeZoneDatabase::bundled();
    let mut near: Vec<(usize, String)> = database
        .available()
        .map(|candidate| candidate.as_str().to_owned())
        .filter(|candidate| candidate != "Etc/Unknown")
        .map(|candidate| {
            let city = candidate.rsplit('/').next().unwrap_or_default();
            (edits_between(&wanted, &plain(&candidate)).min(edits_between(&wanted, &plain(city))), candidate)
        })
        .filter(|(edits, _)| *edits <= edits_max)
        .collect();
    near.sort();
    // An exact city leaves no doubt; the rest would only be noise.
    let best = near.first().map_or(0, |(edits, _)| *edits);
    near.into_iter().filter(|(edits, _)| best > 0 || *edits == 0).take(NEAR_MAX).map(|(_, name)| name).collect()
}

fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

/// How many letters to insert, delete or replace (Levenshtein).
fn edits_between(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, from_letter) in (1..).zip(from.chars()) {
        let mut diagonal = std::mem::replace(&mut row[0], line);
        let mut left = line;
        for (cell, to_letter) in row.iter_mut().skip(1).zip(to.chars()) {
            let replaced = diagonal.saturating_add(usize::from(from_letter != to_letter));
            diagonal = *cell;
            left = replaced.min(left.min(*cell).saturating_add(1));
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    fn date(text: &str) -> CivilDate {
        CivilDate::parse(text).unwrap()
    }

    fn instant(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn days_start_and_last_as_their_zone_says() {
        fn check(zone_name: &str, day: &str, start: &str, minutes: i64) {
            let period = zone(zone_name).day(date(day)).unwrap();
            let found = (period.start().to_string(), period.seconds());
            assert_eq!(found, (start.to_owned(), minutes * 60), "{day} in {zone_name}");
        }
        check("UTC", "2026-03-29", "2026-03-29T00:00:00Z", 1_440);
        check("Asia/Shanghai", "2026-01-01", "2025-12-31T16:00:00Z", 1_440);
        check("Asia/Kolkata", "2026-08-31", "2026-08-30T18:30:00Z", 1_440);
        check("Asia/Kathmandu", "2026-08-31", "2026-08-30T18:15:00Z", 1_440);
        check("Europe/Rome", "2026-03-28", "2026-03-27T23:00:00Z", 1_440);
        check("Europe/Rome", "2026-03-29", "2026-03-28T23:00:00Z", 1_380);
        check("Europe/Rome", "2026-10-25", "2026-10-24T22:00:00Z", 1_500);
        check("America/Los_Angeles", "2026-03-08", "2026-03-08T08:00:00Z", 1_380);
        check("America/Los_Angeles", "2026-11-01", "2026-11-01T07:00:00Z", 1_500);
        check("America/Los_Angeles", "2028-02-29", "2028-02-29T08:00:00Z", 1_440);
        check("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", 1_470); // changes by half an hour
        check("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", 1_410);
        check("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", 1_380); // no midnight: begins at 01:00
        check("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00Z", 1_500); // 23:00 comes twice
        check("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", 1_500); // midnight comes twice, the first counts
        check("America/St_Johns", "2010-11-06", "2010-11-06T02:30:00Z", 1_440); // clocks went back at 00:01 of the 7th
        check("America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z", 1_500);
        check("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", 1_440);
        check("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", 0); // never was
        check("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", 1_440);
        check("Europe/Rome", "2060-03-28", "2060-03-27T23:00:00Z", 1_380); // by rule, beyond every table
    }

    #[test]
    fn an_instant_belongs_to_one_day() {
        fn check(zone_name: &str, at: &str, day: &str, time: &str) {
            let zone = zone(zone_name);
            assert_eq!(zone.civil_date_of(instant(at)).unwrap().to_string(), day, "{at} in {zone_name}");
            assert_eq!(zone.wall_at(instant(at)).unwrap().1.to_string(), time, "{at} in {zone_name}");
        }
        check("UTC", "2026-12-31T23:59:59.999999Z", "2026-12-31", "23:59:59");
        check("UTC", "2027-01-01T00:00:00Z", "2027-01-01", "00:00");
        check("Asia/Shanghai", "2026-12-31T15:59:59Z", "2026-12-31", "23:59:59");
        check("Asia/Shanghai", "2026-12-31T16:00:00Z", "2027-01-01", "00:00");
        check("America/Los_Angeles", "1970-01-01T00:00:00Z", "1969-12-31", "16:00");
        check("Europe/Rome", "2026-10-25T00:30:00Z", "2026-10-25", "02:30");
        check("Europe/Rome", "2026-10-25T01:30:00Z", "2026-10-25", "02:30");
        check("Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29", "23:59:59");
        check("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31", "00:00");
        // The wall shows the 6th again, the billing day of the 7th has begun and stays.
        check("America/St_Johns", "2010-11-07T02:31:00Z", "2010-11-07", "23:01");
    }

    #[test]
    fn a_time_is_the_first_instant_that_shows_it_or_later() {
        fn check(zone_name: &str, day: &str, time: &str, at: &str) {
            let found = zone(zone_name).instant_at(date(day), TimeOfDay::parse(time).unwrap()).unwrap();
            assert_eq!(found.to_string(), at, "{day} {time} in {zone_name}");
        }
        check("Europe/Rome", "2026-03-29", "01:59:59", "2026-03-29T00:59:59Z");
        check("Europe/Rome", "2026-03-29", "02:00", "2026-03-29T01:00:00Z");
        check("Europe/Rome", "2026-03-29", "02:30", "2026-03-29T01:00:00Z"); // in the gap: its end
        check("Europe/Rome", "2026-03-29", "03:00", "2026-03-29T01:00:00Z");
        check("Europe/Rome", "2026-10-25", "02:30", "2026-10-25T00:30:00Z"); // comes twice: the first
        check("Europe/Rome", "2026-10-25", "03:00", "2026-10-25T02:00:00Z");
        check("America/Los_Angeles", "2026-03-08", "02:30", "2026-03-08T10:00:00Z");
        check("America/Los_Angeles", "2060-03-14", "02:30", "2060-03-14T10:00:00Z");
        check("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:30:00Z");
        check("America/Sao_Paulo", "2018-11-04", "00:30", "2018-11-04T03:00:00Z");
        check("Pacific/Apia", "2011-12-30", "12:00", "2011-12-30T10:00:00Z");
    }

    #[test]
    fn names_are_exact_and_near_ones_are_suggested() {
        fn check(name: &str, message: &str) {
            assert_eq!(Zone::parse(name).unwrap_err().to_string(), message);
        }
        let write = |name: &str| {
            format!("no time zone is named {name:?}; write its IANA name, such as Europe/Rome, Asia/Shanghai or UTC")
        };
        check("Asia/Shangai", "no time zone is named \"Asia/Shangai\"; did you mean Asia/Shanghai?");
        check("asia/shanghai", "no time zone is named \"asia/shanghai\"; did you mean Asia/Shanghai?");
        check("Shanghai", "no time zone is named \"Shanghai\"; did you mean Asia/Shanghai?");
        check("new york", "no time zone is named \"new york\"; did you mean America/New_York?");
        check("Rom", "no time zone is named \"Rom\"; did you mean Europe/Rome or ROC or ROK?");
        check("UTC+8", &write("UTC+8"));
        check("Etc/Unknown", &write("Etc/Unknown"));
        check("/etc/localtime", &write("/etc/localtime"));
        check("", &write(""));
        assert_eq!(Zone::parse(&"x".repeat(10_000)).unwrap_err().near, Vec::<String>::new());
    }

    #[test]
    fn zones_keep_their_name() {
        for name in ["UTC", "Asia/Shanghai", "Asia/Calcutta", "Asia/Kolkata", "America/Argentina/Buenos_Aires"] {
            assert_eq!(zone(name).name(), name);
            assert_eq!(zone(name).clone(), zone(name));
        }
        assert_eq!(Zone::UTC, zone("UTC"));
        assert_ne!(zone("Asia/Calcutta"), zone("Asia/Kolkata"));
    }

    #[test]
    fn the_ends_of_the_range_are_errors() {
        let (shanghai, honolulu) = (zone("Asia/Shanghai"), zone("Pacific/Honolulu"));
        // Their first day began before 1970 UTC.
        assert_eq!(shanghai.day_of(Instant::EPOCH), Err(OutOfRange::Instant));
        assert_eq!(shanghai.civil_date_of(Instant::EPOCH), Ok(date("1970-01-01")));
        assert_eq!(honolulu.day_of(Instant::MAX), Err(OutOfRange::Instant));
        assert_eq!(Zone::UTC.start_of_day(date("9999-12-31")), Err(OutOfRange::Instant));
        assert_eq!(Zone::UTC.day(date("9999-12-31")), Err(OutOfRange::Instant));
        assert_eq!(Zone::UTC.civil_date_of(Instant::from_micros(-1)), Err(OutOfRange::Instant));
        assert_eq!(Zone::UTC.civil_date_of(Instant::from_micros(i64::MAX)), Err(OutOfRange::Instant));
    }

    #[test]
    fn months_are_added_on_the_wall() {
        fn check(zone_name: &str, start: &str, months: i64, end: &str) {
            assert_eq!(zone(zone_name).add_months(instant(start), months).unwrap().to_string(), end);
        }
        check("UTC", "2026-01-31T00:00:00Z", 1, "2026-02-28T00:00:00Z");
        check("UTC", "2026-03-31T00:00:00Z", -1, "2026-02-28T00:00:00Z");
        check("Asia/Shanghai", "2026-01-31T15:59:59Z", 1, "2026-02-28T15:59:59Z"); // still the 31st there
        check("Asia/Shanghai", "2026-01-31T16:00:00Z", 1, "2026-02-28T16:00:00Z"); // the 1st there
        // 02:30 is skipped there.
        check("America/Los_Angeles", "2026-02-08T10:30:00.000001Z", 1, "2026-03-08T10:00:00.000001Z");
    }

    /// No zone has a change of clocks since 1970 around which days leave a gap or overlap, or a skipped time is not its
    /// end.
    #[test]
    fn every_change_of_every_zone() {
        let database = TimeZoneDatabase::bundled();
        let (from, to) = (instant("1970-02-01T00:00:00Z"), instant("2040-01-01T00:00:00Z"));
        let mut changes = 0;
        for name in database.available().filter(|name| name.as_str() != "Etc/Unknown") {
            let zone = zone(name.as_str());
            for change in zone
                .0
                .following(from.to_jiff().unwrap())
                .take_while(|change| change.timestamp() < to.to_jiff().unwrap())
            {
                changes += 1;
                let at = Instant::from_jiff(change.timestamp()).unwrap();
                let before = zone.day_of(at.checked_add_micros(-1).unwrap()).unwrap();
                let after = zone.day_of(at).unwrap();
                assert!(before.contains(at.checked_add_micros(-1).unwrap()) && after.contains(at), "{zone} {at}");
                assert!(before == after || before.end() == after.start(), "{zone} {at}");
                let offset_before = zone.0.to_offset(at.checked_add_micros(-1).unwrap().to_jiff().unwrap());
                if offset_before < change.offset() {
                    let skipped = offset_before.to_datetime(change.timestamp());
                    let (date, time) =
                        (CivilDate::from_jiff(skipped.date()).unwrap(), TimeOfDay::from_jiff(skipped.time()));
                    assert_eq!(zone.instant_at(date, time), Ok(at), "{zone} {date} {time}");
                }
            }
        }
        assert!(changes > 20_000, "only {changes} changes were seen");
    }

    pub(crate) fn any_zone() -> impl Strategy<Value = Zone> {
        proptest::sample::select(vec![
            "UTC",
            "Asia/Shanghai",
            "Asia/Kolkata",
            "Asia/Kathmandu",
            "Asia/Tehran",
            "Africa/Cairo",
            "Africa/Casablanca",
            "Europe/Rome",
            "Europe/Dublin",
            "Atlantic/Azores",
            "America/Los_Angeles",
            "America/St_Johns",
            "America/Sao_Paulo",
            "America/Havana",
            "Australia/Lord_Howe",
            "Antarctica/Troll",
            "Pacific/Apia",
            "Pacific/Chatham",
            "Pacific/Kwajalein",
            "Pacific/Kiritimati",
        ])
        .prop_map(zone)
    }

    proptest! {
        /// From 1970-02 to 2050, every day of every kind of zone.
        #[test]
        fn days_tile_time(zone in any_zone(), seconds in 2_678_400..2_524_608_000_i64, micros in 0..1_000_000_i64) {
            let at = Instant::try_from_seconds(seconds).unwrap().checked_add_micros(micros).unwrap();
            let day = zone.day_of(at).unwrap();
            let date = zone.civil_date_of(at).unwrap();
            prop_assert!(day.contains(at));
            prop_assert_eq!(zone.civil_date_of(day.start()), Ok(date));
            prop_assert_eq!(zone.civil_date_of(day.end().checked_add_micros(-1).unwrap()), Ok(date));
            prop_assert!(zone.civil_date_of(day.end()).unwrap() > date);
            prop_assert_eq!(zone.day_of(day.end()).unwrap().start(), day.end());
        }

        #[test]
        fn later_on_the_wall_is_never_earlier(
            zone in any_zone(),
            day in 40..29_000_i64,
            a in 0..86_400_u32,
            b in 0..86_400_u32,
        ) {
            let date = date("1970-01-01").add_days(day).unwrap();
            let at = |second| zone.instant_at(date, TimeOfDay::try_from_second_of_day(second).unwrap()).unwrap();
            prop_assert!(at(a.min(b)) <= at(a.max(b)));
            prop_assert!(at(a) >= zone.start_of_day(date).unwrap());
        }
    }
}
