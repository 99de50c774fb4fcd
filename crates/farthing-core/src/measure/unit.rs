//! Units by name, and which of them can be turned into which: sizes of data among themselves, nothing else.

use super::MeasureError;
use std::fmt;

/// What is counted, by its name in the singular: `token`, `call`, `GB`, `vcpu`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit(String);

/// How many MB a GB has, and so on: 1024 unless a cloud says 1000. KiB, MiB, GiB … are always 1024 apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataStep {
    Binary,
    Decimal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimeUnit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    /// The seconds of the rating period it is charged in, unless the product says how many hours a month has.
    Month,
    /// The seconds of the year of twelve such months.
    Year,
}

const UNIT_CHARACTERS_MAX: usize = 40;
const DATA_PREFIXES: [&str; 6] = ["", "K", "M", "G", "T", "P"];

impl Unit {
    pub fn parse(text: &str) -> Result<Unit, MeasureError> {
        let plain = |found: char| found.is_ascii_alphanumeric() || found == '-' || found == '_';
        let starts = text.starts_with(|first: char| first.is_ascii_alphabetic());
        if !starts || !text.chars().all(plain) || text.len() > UNIT_CHARACTERS_MAX {
            return Err(MeasureError::new(format!(
                "{text:?} is no unit; use a word such as token, GB or gpu-unit, with letters, digits and \"-\""
            )));
        }
        Ok(Unit(singular(text).to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it reads beside a number: `1 call`, `3 calls`, `3 GB`.
    pub fn beside(&self, one: bool) -> String {
        let abbreviation = self.data().is_some() || self.0.bytes().any(|byte| byte.is_ascii_uppercase());
        if one || abbreviation { self.0.clone() } else { format!("{}s", self.0) }
    }

    /// How many of `other` one of these is, where both are sizes of data or the same: a fraction in whole numbers.
    pub fn per(&self, other: &Unit, step: DataStep) -> Option<(u64, u64)> {
        if self == other {
            return Some((1, 1));
        }
        Some((self.bytes(step)?, other.bytes(step)?))
    }

    fn bytes(&self, step: DataStep) -> Option<u64> {
        let (prefix, binary) = self.data()?;
        let step: u64 = if binary || step == DataStep::Binary { 1024 } else { 1000 };
        step.checked_pow(prefix)
    }

    /// Which prefix, and whether it is one of 1024 by its name.
    fn data(&self) -> Option<(u32, bool)> {
        let body = self.0.strip_suffix('B')?;
        let (prefix, binary) = body.strip_suffix('i').map_or((body, false), |prefix| (prefix, true));
        let place = DATA_PREFIXES.iter().position(|known| *known == prefix)?;
        (place > 0 || !binary).then_some((u32::try_from(place).ok()?, binary))
    }
}

/// "tokens" and "token" are one unit. What ends in two s ("class") is no plural.
fn singular(text: &str) -> &str {
    match text.strip_suffix('s') {
        Some(one) if one.len() > 1 && !one.ends_with('s') => one,
        _ => text,
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TimeUnit {
    pub const ALL: [TimeUnit; 7] = [
        TimeUnit::Second,
        TimeUnit::Minute,
        TimeUnit::Hour,
        TimeUnit::Day,
        TimeUnit::Week,
        TimeUnit::Month,
        TimeUnit::Year,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            TimeUnit::Second => "second",
            TimeUnit::Minute => "minute",
            TimeUnit::Hour => "hour",
            TimeUnit::Day => "day",
            TimeUnit::Week => "week",
            TimeUnit::Month => "month",
            TimeUnit::Year => "year",
        }
    }

    /// Its seconds, where it always has the same: a day is 24 hours here, whatever the clocks do.
    pub const fn seconds(self) -> Option<i64> {
        match self {
            TimeUnit::Second => Some(1),
            TimeUnit::Minute => Some(60),
            TimeUnit::Hour => Some(3_600),
            TimeUnit::Day => Some(86_400),
            TimeUnit::Week => Some(604_800),
            TimeUnit::Month | TimeUnit::Year => None,
        }
    }

    pub fn parse(text: &str) -> Option<TimeUnit> {
        TimeUnit::ALL.into_iter().find(|unit| unit.name() == singular(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unit_has_one_name() {
        let check = |text: &str, name: &str| assert_eq!(Unit::parse(text).unwrap().as_str(), name);
        check("tokens", "token");
        check("GPU-units", "GPU-unit");
        check("GB", "GB");
        check("class", "class");
        for wrong in ["", "1GB", "a b", "-x", "ü"] {
            assert!(Unit::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_of_data_are_turned_into_each_other_exactly() {
        let check = |one: &str, other: &str, step, expected| {
            assert_eq!(Unit::parse(one).unwrap().per(&Unit::parse(other).unwrap(), step), expected, "{one} in {other}");
        };
        let (gb, tb) = (1024_u64.pow(3), 1024_u64.pow(4));
        check("TB", "GB", DataStep::Binary, Some((tb, gb))); // R71: 1 TB = 1024 GB
        check("TB", "GB", DataStep::Decimal, Some((1000_u64.pow(4), 1000_u64.pow(3))));
        check("TiB", "GiB", DataStep::Decimal, Some((tb, gb)));
        check("token", "token", DataStep::Binary, Some((1, 1)));
        check("token", "call", DataStep::Binary, None);
        check("GB", "call", DataStep::Binary, None);
    }
}
