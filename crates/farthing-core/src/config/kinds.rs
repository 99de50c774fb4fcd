//! The kinds of values that stand in a cloud's files, each reading and printing itself.

use super::item::Node;
use super::{Item, Reader, Value, Whole};
use crate::measure::{DataStep, PriceTag, Quantity, Unit, UnitPrice};
use crate::money::{Currency, Locale, Money, MoneyParseProblem};
use crate::rate::Percent;
use crate::time::{
    CalendarSpan, CivilDate, Duration, Instant, OutOfRange, ParseError, Span, TimeOfDay, WorkingDays, WorkingWeek, Zone,
};
use std::fmt;
use std::num::NonZeroU16;

/// Words for people: a name, an address. Not empty, no space at its ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(pub String);

/// An id that people type: lower-case letters, digits, "-", "_" and ".".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub String);

/// How many, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(pub u32);

/// A day of a zone, or an instant: from when or until when something is offered. A day is meant whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Day(CivilDate),
    At(Instant),
}

/// sRGB, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

/// A quantity with its unit: `20 GB`; without one it is in the unit of the meter it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    pub quantity: Quantity,
    pub unit: Option<Unit>,
}

/// By when: exact hours, months of the calendar, or working days of the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    Span(Span),
    Working(WorkingDays),
}

/// How often what was used is taken off the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// At multiples of UTC: `5m`, `1h`.
    Every(Duration),
    /// At the end of the account's day.
    Day,
    /// At the end of the rating period.
    Cycle,
}

/// The most a thing costs in one rating period: an amount, or so much time at its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    Amount(Money),
    Time(Duration),
}

const TEXT_CHARACTERS_MAX: usize = 400;
const NAME_CHARACTERS_MAX: usize = 80;

impl Name {
    pub fn parse(text: &str) -> Option<Name> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
        let ends = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let named = bytes.first().is_some_and(|byte| ends(*byte)) && bytes.last().is_some_and(|byte| ends(*byte));
        (named && bytes.len() <= NAME_CHARACTERS_MAX && text.bytes().all(plain)).then(|| Name(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Colour {
    /// Reads `#0a66c2`.
    pub fn parse(text: &str) -> Option<Colour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u32::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Some(Colour([red, green, blue]))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(out, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unit {
            Some(unit) => write!(out, "{} {}", self.quantity, unit.beside(self.quantity == Quantity::ONE)),
            None => self.quantity.fmt(out),
        }
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cadence::Every(duration) => duration.fmt(out),
            Cadence::Day => out.write_str("day"),
            Cadence::Cycle => out.write_str("cycle"),
        }
    }
}

impl fmt::Display for Cap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cap::Amount(amount) => out.write_str(&plain_amount(*amount)),
            Cap::Time(time) => time.fmt(out),
        }
    }
}

impl Moment {
    /// When it begins: a day with its first second.
    pub fn start(self, zone: &Zone) -> Result<Instant, OutOfRange> {
        match self {
            Moment::Day(day) => Ok(zone.day(day)?.start()),
            Moment::At(at) => Ok(at),
        }
    }

    /// When it is over: a day with its last second.
    pub fn end(self, zone: &Zone) -> Result<Instant, OutOfRange> {
        match self {
            Moment::Day(day) => Ok(zone.day(day)?.end()),
            Moment::At(at) => Ok(at),
        }
    }
}

/// Without its currency, as it stands in a file.
fn plain_amount(amount: Money) -> String {
    let text = amount.plain();
    text.split_once(' ').map_or(text.clone(), |(amount, _)| amount.to_owned())
}

/// `1 month`, `2 weeks` and `72 hours` are `1mo`, `2w` and `72h`; what is written short stays as it is.
fn short_span(text: &str) -> String {
    const WORDS: [(&str, &str); 7] =
        [("second", "s"), ("minute", "m"), ("hour", "h"), ("day", "d"), ("week", "w"), ("month", "mo"), ("year", "y")];
    let Some((number, word)) = text.split_once(' ') else { return text.to_owned() };
    let word = word.trim();
    let one = word.strip_suffix('s').filter(|one| !one.is_empty()).unwrap_or(word);
    let short = WORDS.iter().find(|(long, _)| *long == one).map_or(word, |(_, short)| short);
    format!("{number}{short}")
}

/// A kind that is one word of text: what it is called, an example, how it is read and printed.
macro_rules! worded {
    ($kind:ty, $one:literal, $example:literal, |$text:ident, $reader:ident| $read:expr, |$value:ident| $print:expr) => {
        impl $crate::config::Value for $kind {
            const KIND: $crate::config::Whole = $crate::config::Whole { one: $one, example: $example };

            fn read(item: &$crate::config::Item, reader: &mut $crate::config::Reader<'_>) -> Option<Self> {
                let $text = reader.text::<Self>(item)?;
                let read = {
                    let $reader = &*reader;
                    let _ = $reader;
                    $read
                };
                read.map_or_else(|why: Option<String>| reader.not_a::<Self>(item, why), Some)
            }

            fn print(&self) -> String {
                let $value = self;
                format!("\"{}\"", $print)
            }
        }
    };
}

pub(crate) use worded;

#[expect(clippy::unnecessary_wraps, reason = "a kind may also have nothing to say")]
pub(crate) fn said(error: impl fmt::Display) -> Option<String> {
    Some(error.to_string())
}

#[expect(clippy::unnecessary_wraps, clippy::needless_pass_by_value, reason = "as `said`, for map_err")]
fn when(error: ParseError) -> Option<String> {
    Some(error.plainly())
}

/// An amount of the cloud's currency, whose code may stand behind it; never negative.
fn amount_of(text: &str, currency: Currency) -> Result<Money, Option<String>> {
    let (amount, code) = match text.rsplit_once(' ') {
        Some((amount, code)) => (amount.trim_end(), Some(code)),
        None => (text.strip_suffix(currency.code()).unwrap_or(text), None),
    };
    match code.map(Currency::parse) {
        Some(Ok(other)) if other != currency => {
            return Err(Some(format!(
                "amounts of this cloud are in {currency}; write it in {currency}, without a code"
            )));
        }
        Some(Err(_)) => return Err(Some("; write a number and nothing behind it, such as \"5.00\"".to_owned())),
        _ => {}
    }
    match Money::parse_amount(amount, currency) {
        Ok(amount) if amount.is_negative() => Err(Some("it cannot be negative; write 0 or more".to_owned())),
        Ok(amount) => Ok(amount),
        Err(error) => Err(Some(match error.problem {
            MoneyParseProblem::TooManyDecimals { most } => {
                format!("{currency} has {most} decimals at most here; round it")
            }
            MoneyParseProblem::TooLarge { largest } => format!("it is too large; write {largest} at most"),
            _ => "; write digits, with \".\" before the decimals, such as \"5.00\" or \"1,234.50\"".to_owned(),
        })),
    }
}

worded!(
    Text,
    "a text",
    "\"…\"",
    |text, _reader| {
        let whole = text.trim() == text && !text.is_empty();
        if whole && text.chars().count() <= TEXT_CHARACTERS_MAX {
            Ok(Text(text))
        } else {
            Err(Some(format!("; write 1 to {TEXT_CHARACTERS_MAX} characters, with no space at the ends")))
        }
    },
    |value| value.0.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
);
worded!(
    Name,
    "a name",
    "\"small-2c-4g\"",
    |text, _reader| {
        Name::parse(&text).ok_or_else(|| Some(
        "; write lower-case letters, digits, \"-\", \"_\" and \".\", beginning and ending with a letter or digit, 80 at most"
            .to_owned()
    ))
    },
    |value| value
);
worded!(Money, "an amount", "\"5.00\"", |text, reader| amount_of(&text, reader.currency), |value| plain_amount(*value));
worded!(Quantity, "a quantity", "\"100k\"", |text, _reader| Quantity::parse(&text).map_err(said), |value| value);
worded!(
    Size,
    "a size",
    "\"20 GB\"",
    |text, _reader| Quantity::parse_with_unit(&text).map(|(quantity, unit)| Size { quantity, unit }).map_err(said),
    |value| value
);
worded!(
    PriceTag,
    "a price",
    "\"0.042 / hour\"",
    |text, reader| PriceTag::parse(&text, reader.currency).map_err(said),
    |value| value
);
worded!(
    Duration,
    "a duration",
    "\"72h\"",
    |text, _reader| Duration::parse(&short_span(&text)).map_err(when),
    |value| value
);
worded!(
    Span,
    "a span of time",
    "\"1 month\"",
    |text, _reader| Span::parse(&short_span(&text)).map_err(when),
    |value| match value {
        Span::Exact(duration) => duration.to_string(),
        Span::Calendar(span) => span.to_string(),
    }
);
worded!(
    CalendarSpan,
    "a span of the calendar",
    "\"1 month\"",
    |text, _reader| match text.as_str() {
        "month" => Ok(CalendarSpan::MONTH),
        "quarter" => NonZeroU16::new(3).map(CalendarSpan::from_months).ok_or(None),
        "year" => Ok(CalendarSpan::YEAR),
        other => CalendarSpan::parse(&short_span(other)).map_err(when),
    },
    |value| value
);
worded!(
    Deadline,
    "a deadline",
    "\"7wd\"",
    |text, _reader| if text.ends_with("wd") {
        WorkingDays::parse(&text).map(Deadline::Working).map_err(when)
    } else {
        Span::parse(&short_span(&text)).map(Deadline::Span).map_err(when)
    },
    |value| match value {
        Deadline::Span(Span::Exact(duration)) => duration.to_string(),
        Deadline::Span(Span::Calendar(span)) => span.to_string(),
        Deadline::Working(days) => format!("{}wd", days.0),
    }
);
worded!(
    Cadence,
    "a cadence",
    "\"1h\"",
    |text, _reader| match text.as_str() {
        "day" => Ok(Cadence::Day),
        "cycle" => Ok(Cadence::Cycle),
        other => match Duration::parse(&short_span(other)) {
            Ok(duration) if duration.is_zero() || 86_400_i64.checked_rem(duration.seconds()) != Some(0) => {
                Err(Some("it does not divide a day evenly; write 5m, 15m or 1h, or \"day\" or \"cycle\"".to_owned()))
            }
            Ok(duration) => Ok(Cadence::Every(duration)),
            Err(_) => Err(Some(
                "; write a time that divides a day evenly, such as 5m or 1h, or \"day\" or \"cycle\"".to_owned()
            )),
        },
    },
    |value| value
);
worded!(
    Cap,
    "a cap",
    "\"28.00\"",
    |text, reader| match Duration::parse(&short_span(&text)) {
        Ok(time) => Ok(Cap::Time(time)),
        Err(_) => amount_of(&text, reader.currency).map(Cap::Amount).map_err(|why| {
            let why = why.filter(|why| !why.starts_with("; "));
            why.or_else(|| Some("; write an amount such as \"28.00\", or a time such as \"672h\"".to_owned()))
        }),
    },
    |value| value
);
worded!(Unit, "a unit", "\"GB\"", |text, _reader| Unit::parse(&text).map_err(said), |value| value);
worded!(
    UnitPrice,
    "a price in units",
    "\"1 gpu-unit / hour\"",
    |text, _reader| UnitPrice::parse(&text).map_err(said),
    |value| value
);
worded!(
    Percent,
    "a percentage",
    "\"20\"",
    |text, _reader| Percent::parse(text.strip_suffix('%').unwrap_or(&text)).map_err(said),
    |value| value
);
worded!(
    DataStep,
    "1024 or 1000",
    "1024 or 1000",
    |text, _reader| match text.as_str() {
        "1024" => Ok(DataStep::Binary),
        "1000" => Ok(DataStep::Decimal),
        _ => Err(None),
    },
    |value| match value {
        DataStep::Binary => 1024,
        DataStep::Decimal => 1000,
    }
);
worded!(
    Count,
    "a whole number",
    "4",
    |text, _reader| text
        .parse()
        .map(Count)
        .map_err(|_| { Some(format!("; write one from 0 to {}, without decimals", u32::MAX)) }),
    |value| value.0
);
worded!(
    Currency,
    "a currency",
    "\"USD\"",
    |text, _reader| match Currency::parse(&text) {
        Ok(currency) if currency.code() == text => Ok(currency),
        Ok(currency) => Err(Some(format!("codes are in capitals; write {:?}", currency.code()))),
        Err(error) => Err(said(error)),
    },
    |value| value.code()
);
worded!(
    Zone,
    "a time zone",
    "\"Europe/Rome\"",
    |text, _reader| Zone::parse(&text)
        .map_err(|error| error.to_string().split_once("; ").map(|(_, remedy)| format!("; {remedy}"))),
    |value| value
);
worded!(
    Locale,
    "a language",
    "\"en\"",
    |text, _reader| Locale::from_tag(&text).ok_or_else(|| {
        let known: Vec<&str> = Locale::ALL.into_iter().map(Locale::language).collect();
        Some(format!("; amounts can be written in {}", known.join(", ")))
    }),
    |value| value.language()
);
worded!(
    WorkingWeek,
    "days of a week",
    "\"mon-fri\"",
    |text, _reader| WorkingWeek::parse(&text).map_err(when),
    |value| value
);
worded!(CivilDate, "a date", "\"2026-12-25\"", |text, _reader| CivilDate::parse(&text).map_err(when), |value| value);
worded!(
    Moment,
    "a date or a time",
    "\"2026-12-25\"",
    |text, _reader| if text.contains('T') {
        Instant::parse(&text).map(Moment::At).map_err(when)
    } else {
        CivilDate::parse(&text).map(Moment::Day).map_err(when)
    },
    |value| match value {
        Moment::Day(day) => day.to_string(),
        Moment::At(at) => at.to_string(),
    }
);
worded!(
    TimeOfDay,
    "a time of day",
    "\"22:00\"",
    |text, _reader| {
        let whole = if text.len() == 5 { format!("{text}:00") } else { text };
        TimeOfDay::parse(&whole).map_err(when)
    },
    |value| value
);
worded!(
    Colour,
    "a colour",
    "\"#0a66c2\"",
    |text, _reader| Colour::parse(&text)
        .ok_or_else(|| Some("; write \"#\" and six hexadecimal digits, such as \"#0a66c2\"".to_owned())),
    |value| value
);

impl Value for bool {
    const KIND: Whole = Whole { one: "true or false", example: "true or false" };

    fn read(item: &Item, reader: &mut Reader<'_>) -> Option<bool> {
        match &item.node {
            Node::Boolean(value) => Some(*value),
            Node::Text(text) if text == "on" => Some(true),
            Node::Text(text) if text == "off" => Some(false),
            _ => reader.not_a::<bool>(item, None),
        }
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;

    fn read<T: Value>(text: &str) -> Result<T, String> {
        let source = Source::new("test", text);
        let mut reader = Reader::new(&source, Currency::USD);
        T::read(&Item::loose(text), &mut reader).ok_or_else(|| {
            let remark = reader.remarks.remove(0);
            format!("{}; {}", remark.what, remark.remedy)
        })
    }

    #[test]
    fn each_kind_reads_what_it_prints() {
        fn check<T: Value + PartialEq + fmt::Debug>(text: &str, printed: &str) {
            let value: T = read(text).unwrap();
            assert_eq!(value.print(), printed, "{text}");
            assert_eq!(read::<T>(printed).as_ref(), Ok(&value), "{printed}");
        }
        check::<Money>("5.00", "\"5.00\"");
        check::<Money>("\"1,000.00 USD\"", "\"1000.00\"");
        check::<Size>("\"20 GB\"", "\"20 GB\"");
        check::<Duration>("3d", "\"3d\"");
        check::<Duration>("\"72 hours\"", "\"3d\"");
        check::<Span>("\"1 month\"", "\"1mo\"");
        check::<Span>("2w", "\"2w\"");
        check::<CalendarSpan>("month", "\"1mo\"");
        check::<CalendarSpan>("quarter", "\"3mo\"");
        check::<Deadline>("7wd", "\"7wd\"");
        check::<Deadline>("24h", "\"1d\"");
        check::<Cadence>("5m", "\"5m\"");
        check::<Cadence>("cycle", "\"cycle\"");
        check::<Cap>("28.00", "\"28.00\"");
        check::<Cap>("\"672 h\"", "\"4w\"");
        check::<Count>("4", "\"4\"");
        check::<Zone>("Europe/Rome", "\"Europe/Rome\"");
        check::<WorkingWeek>("mon-fri", "\"mon-fri\"");
        check::<CivilDate>("2026-12-25", "\"2026-12-25\"");
        check::<TimeOfDay>("\"22:00\"", "\"22:00\"");
        check::<Colour>("\"#0a66c2\"", "\"#0a66c2\"");
        check::<bool>("on", "true");
        check::<Option<Money>>("none", "\"none\"");
        check::<Vec<Name>>("[\"a\", \"b-1\"]", "[\"a\", \"b-1\"]");
    }

    #[test]
    fn what_does_not_fit_is_told() {
        fn check<T: Value + fmt::Debug>(text: &str, told: &str) {
            let what = read::<T>(text).expect_err(text);
            assert!(what.contains(told), "{text}: {what}");
        }
        check::<Money>("five", "takes an amount");
        check::<Money>("\"-5\"", "cannot be negative");
        check::<Money>("\"5 EUR\"", "5 EUR");
        check::<Cadence>("7m", "divide a day");
        check::<Name>("\"Big One\"", "lower-case");
        check::<bool>("1", "true or false");
        check::<Currency>("usd", "write \"USD\"");
        check::<Colour>("blue", "six hexadecimal");
        check::<Duration>("\"1 month\"", "no fixed number of seconds");
    }
}
