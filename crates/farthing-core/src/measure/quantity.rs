//! A quantity: a count of millionths of some unit, in 64 bits. Sums times seconds are 128 bits wide, at the caller's.

use super::MeasureError;
use std::fmt;

/// Millionths of the unit it is counted in; the unit is known where the quantity stands (its meter, its price).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

/// What a number may end in: "100k", "1.5M", "2B".
const MULTIPLES: [(&str, i64); 4] = [("k", 1_000), ("K", 1_000), ("M", 1_000_000), ("B", 1_000_000_000)];
const DECIMALS_MOST: usize = 6;

impl Quantity {
    pub const ZERO: Quantity = Quantity(0);
    pub const ONE: Quantity = Quantity(1_000_000);

    pub const fn from_millionths(millionths: i64) -> Quantity {
        Quantity(millionths)
    }

    pub fn from_whole(number: i64) -> Option<Quantity> {
        number.checked_mul(1_000_000).map(Quantity)
    }

    pub const fn millionths(self) -> i64 {
        self.0
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The exact decimal, for APIs: without the commas that `Display` puts in for people.
    pub fn plain(self) -> String {
        self.to_string().replace(',', "")
    }

    pub fn checked_add(self, other: Quantity) -> Option<Quantity> {
        self.0.checked_add(other.0).map(Quantity)
    }

    pub fn checked_sub(self, other: Quantity) -> Option<Quantity> {
        self.0.checked_sub(other.0).map(Quantity)
    }

    /// Reads `1500`, `1,500`, `1.5`, `100k`, `1.5M`: never negative, at most six decimals, exactly.
    pub fn parse(text: &str) -> Result<Quantity, MeasureError> {
        let wrong = |why: &str| {
            MeasureError::new(format!("{text:?} is not a quantity: {why}; write it like 1500, 1.5, 100k or 1.5M"))
        };
        let (number, multiple) = MULTIPLES
            .iter()
            .find_map(|(suffix, multiple)| Some((text.strip_suffix(suffix)?, *multiple)))
            .unwrap_or((text, 1));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let whole = ungrouped(whole)
            .ok_or_else(|| wrong("it is not made of digits, \".\" before decimals and \",\" between thousands"))?;
        if number.contains('.') && fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong("digits belong after the point"));
        }
        // What a multiple makes whole again may have more decimals: 1.2345678M is 1,234,567.8.
        let digits: i128 = format!("{whole}{fraction}").parse().map_err(|_| wrong("it is too long"))?;
        let one = u32::try_from(fraction.len()).ok().and_then(|decimals| 10_i128.checked_pow(decimals));
        let millionths = || {
            let scaled = digits.checked_mul(i128::from(multiple))?.checked_mul(1_000_000)?;
            let one = one?;
            (scaled.checked_rem(one)? == 0).then(|| scaled.checked_div(one)).flatten()
        };
        if fraction.len() > DECIMALS_MOST && millionths().is_none() {
            return Err(wrong("it has more than six decimals"));
        }
        let millionths = millionths().ok_or_else(|| wrong("it has more than six decimals"))?;
        i64::try_from(millionths).map(Quantity).map_err(|_| wrong("it is too large"))
    }

    /// Reads a quantity with the unit it is written in: `20 GB`, `1TB`, `1M tokens`. No unit: the text ends after the number.
    pub fn parse_with_unit(text: &str) -> Result<(Quantity, Option<super::Unit>), MeasureError> {
        let text = text.trim();
        let end = text.find(|found: char| !found.is_ascii_digit() && !matches!(found, '.' | ',')).unwrap_or(text.len());
        let (number, rest) = text.split_at(end);
        // "1M tokens" has a multiple, "1MB" has none: a multiple stands alone, before a space or the end.
        let multiple = MULTIPLES.iter().find(|(suffix, _)| {
            rest.strip_prefix(suffix).is_some_and(|after| after.is_empty() || after.starts_with(' '))
        });
        let (number, unit) = match multiple {
            Some((suffix, _)) => (format!("{number}{suffix}"), rest.strip_prefix(suffix).unwrap_or_default()),
            None => (number.to_owned(), rest),
        };
        if number.is_empty() {
            return Err(MeasureError::new(format!(
                "{text:?} is not a quantity: it begins with no number; write it like 20 GB"
            )));
        }
        let quantity = Quantity::parse(&number)?;
        let unit = unit.trim();
        Ok((quantity, if unit.is_empty() { None } else { Some(super::Unit::parse(unit)?) }))
    }
}

/// Digits without their thousands marks; none where the marks are wrong or there are no digits.
fn ungrouped(whole: &str) -> Option<String> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(',');
    let first = groups.next().filter(|first| digits(first))?;
    let mut plain = first.to_owned();
    for group in groups {
        if first.len() > 3 || group.len() != 3 || !digits(group) {
            return None;
        }
        plain.push_str(group);
    }
    Some(plain)
}

/// Exactly, with thousands marks: `1,234.5`.
pub fn decimal_of_millionths(millionths: i128) -> String {
    let magnitude = millionths.unsigned_abs();
    let (whole, fraction) = (magnitude.checked_div(1_000_000), magnitude.checked_rem(1_000_000));
    let digits = whole.unwrap_or_default().to_string();
    let mut text = String::new();
    if millionths < 0 {
        text.push('\u{2212}');
    }
    for (position, digit) in digits.char_indices() {
        let left = digits.len().saturating_sub(position);
        if position > 0 && left.is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    let fraction = format!("{:06}", fraction.unwrap_or_default());
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

impl fmt::Display for Quantity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&decimal_of_millionths(i128::from(self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_exactly_or_refused() {
        let check = |text: &str, millionths: i64| {
            assert_eq!(Quantity::parse(text).map(Quantity::millionths), Ok(millionths), "{text}");
        };
        check("0", 0);
        check("1500", 1_500_000_000);
        check("1,500", 1_500_000_000);
        check("1.5", 1_500_000);
        check("0.000001", 1);
        check("100k", 100_000_000_000);
        check("1.5M", 1_500_000_000_000);
        check("1.2345678M", 1_234_567_800_000);
        check("2B", 2_000_000_000_000_000);
        check("9223372036854.775807", i64::MAX);
        for wrong in
            ["", "-1", "1.", ".5", "1e3", "1,50", "1,5000", "1234,567", "0.0000001", "9223372036854.775808", "k"]
        {
            assert!(Quantity::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_unit_may_stand_behind() {
        let check = |text: &str, quantity: &str, unit: Option<&str>| {
            let (found, found_unit) = Quantity::parse_with_unit(text).unwrap();
            assert_eq!(
                (found, found_unit.map(|unit| unit.to_string())),
                (Quantity::parse(quantity).unwrap(), unit.map(str::to_owned)),
                "{text}"
            );
        };
        check("20 GB", "20", Some("GB"));
        check("1TB", "1", Some("TB"));
        check("1MB", "1", Some("MB"));
        check("1M", "1000000", None);
        check("1M tokens", "1000000", Some("token"));
        check("1000 calls", "1000", Some("call"));
        check("15", "15", None);
        assert!(Quantity::parse_with_unit("GB").is_err());
        assert!(Quantity::parse_with_unit("").is_err());
    }

    #[test]
    fn printed_exactly() {
        let check = |millionths: i128, text: &str| assert_eq!(decimal_of_millionths(millionths), text);
        check(0, "0");
        check(1, "0.000001");
        check(1_500_000, "1.5");
        check(1_234_567_000_000, "1,234,567");
        check(100_000_000, "100");
        check(-1_500_000_000, "\u{2212}1,500");
    }
}
