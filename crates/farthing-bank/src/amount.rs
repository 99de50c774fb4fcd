//! Amounts and currencies as banks write them. Never rounded: what has digits below the smallest coin is refused.

use crate::bad_file::BadFile;
use crate::source::Source;
use farthing_core::money::{Currency, Money};

/// How a number is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notation {
    pub(crate) decimal: char,
    pub(crate) thousands: Option<char>,
    /// Zeros below the smallest coin mean nothing. Where a thousands mark could be meant, they are refused.
    pub(crate) zeros: bool,
    pub(crate) signed: bool,
}

/// ISO 20022: a point, no sign.
pub(crate) const ISO: Notation = Notation { decimal: '.', thousands: None, zeros: true, signed: false };
/// MT940: a comma, no sign.
pub(crate) const SWIFT: Notation = Notation { decimal: ',', thousands: None, zeros: true, signed: false };

pub(crate) fn read(
    text: &str,
    currency: Currency,
    notation: Notation,
    source: &Source<'_>,
    at: usize,
) -> Result<Money, BadFile> {
    let example = format!("12{}50", notation.decimal);
    let unreadable = |why: &str| {
        let fix = format!("it must be written like {example}; {}", crate::source::FETCH_AGAIN);
        source.bad(at, format!("{text:?} is no amount: {why}"), fix)
    };
    let (negative, magnitude) = match text.trim() {
        signed if notation.signed => sign(signed),
        plain => (false, plain),
    };
    let (whole, fraction) = magnitude.split_once(notation.decimal).unwrap_or((magnitude, ""));
    let whole = match notation.thousands {
        Some(mark) if whole.contains(mark) => {
            ungrouped(whole, mark).ok_or_else(|| unreadable("its thousands are not in groups of three"))?
        }
        _ => whole.to_owned(),
    };
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(&whole) || !is_digits(fraction) {
        return Err(unreadable("it must be digits"));
    }
    let digits = currency.minor_digits() as usize;
    let (kept, below) = fraction.split_at_checked(digits).unwrap_or((fraction, ""));
    if below.bytes().any(|byte| byte != b'0') || (!notation.zeros && !below.is_empty()) {
        let what = format!("{text:?} has {} decimals and {currency} has {digits}", fraction.len());
        return Err(source.bad(at, what, "ask the bank for the exact amount; nothing is rounded"));
    }
    let minor = format!("{whole}{kept:0<digits$}").parse::<i64>().ok();
    let minor = minor.map(|minor| if negative { -minor } else { minor });
    let money = minor.and_then(|minor| Money::from_minor(minor, currency).ok());
    money.ok_or_else(|| {
        source.bad(at, format!("{text:?} is more than an amount can hold"), "look at the file: it cannot be meant")
    })
}

/// A sign before or behind: `-12,50`, `12,50-`, `+12,50`.
fn sign(text: &str) -> (bool, &str) {
    for minus in ["-", "\u{2212}"] {
        if let Some(rest) = text.strip_prefix(minus).or_else(|| text.strip_suffix(minus)) {
            return (true, rest.trim());
        }
    }
    (false, text.strip_prefix('+').or_else(|| text.strip_suffix('+')).unwrap_or(text).trim())
}

fn ungrouped(whole: &str, mark: char) -> Option<String> {
    let mut groups = whole.split(mark);
    let first = groups.next()?;
    let right = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    right.then(|| whole.replace(mark, ""))
}

pub(crate) fn currency(code: &str, source: &Source<'_>, at: usize) -> Result<Currency, BadFile> {
    // The codes of ISO 4217 are capitals; what is not is a broken file, not somebody's typing.
    let found = Currency::parse(code).ok().filter(|currency| currency.code() == code);
    found.ok_or_else(|| {
        source.bad(at, format!("{code:?} is no currency that is known"), "it must be a code of ISO 4217, such as EUR")
    })
}

/// Adds, where nobody can have that much.
pub(crate) fn sum(
    currency: Currency,
    all: impl IntoIterator<Item = Money>,
    source: &Source<'_>,
    at: usize,
) -> Result<Money, BadFile> {
    Money::sum(currency, all).map_err(|_| {
        source.bad(at, "the amounts add up to more than an amount can hold", "look at the file: it cannot be meant")
    })
}
