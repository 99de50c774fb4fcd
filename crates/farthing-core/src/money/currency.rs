//! Which currency an amount is in, and how an unknown code is answered. The facts are in `currency_table.rs`.

use std::error::Error;
use std::fmt;

use super::currency_table::{INSTEAD, Row, TABLE};

/// A currency of ISO 4217. One byte, `Copy`, ordered by code.
///
/// It is a position in today's table, so store and send the code (`code()`, `Display`), never the position.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(u8);

/// A code that is no currency of ours, with the codes the writer may have meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCurrency {
    pub found: String,
    pub near: Vec<Currency>,
}

impl Currency {
    pub const AUD: Self = known("AUD");
    pub const BHD: Self = known("BHD");
    pub const BRL: Self = known("BRL");
    pub const CAD: Self = known("CAD");
    pub const CHF: Self = known("CHF");
    pub const CNY: Self = known("CNY");
    pub const EUR: Self = known("EUR");
    pub const GBP: Self = known("GBP");
    pub const HKD: Self = known("HKD");
    pub const IDR: Self = known("IDR");
    pub const INR: Self = known("INR");
    pub const JPY: Self = known("JPY");
    pub const KRW: Self = known("KRW");
    pub const SGD: Self = known("SGD");
    pub const TWD: Self = known("TWD");
    pub const USD: Self = known("USD");

    /// Reads a code in either case. The error names the nearest codes.
    pub fn parse(code: &str) -> Result<Self, UnknownCurrency> {
        Self::all()
            .find(|currency| currency.code().eq_ignore_ascii_case(code))
            .ok_or_else(|| UnknownCurrency { found: code.to_owned(), near: near(code) })
    }

    /// Every currency, in the order of the codes.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        // The table has fewer rows than a byte has values (a test says so), so no row is dropped.
        (0..u8::try_from(TABLE.len()).unwrap_or(u8::MAX)).map(Self)
    }

    /// "USD"
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// 840 for USD; print it with three digits.
    pub fn numeric(self) -> u16 {
        self.row().numeric
    }

    /// "US Dollar"
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Digits of the smallest sum one can pay: 2 for USD, 0 for JPY, 3 for BHD.
    pub fn minor_digits(self) -> u32 {
        self.row().minor_digits
    }

    /// Digits we keep below the minor unit: 6, or fewer for currencies of tiny value.
    pub fn extra_digits(self) -> u32 {
        self.row().extra_digits
    }

    /// All the digits after the decimal mark that an amount can hold: minor and extra, 8 for USD.
    pub fn decimal_digits(self) -> u32 {
        // Both are single digits; row() in the table would not compile otherwise.
        self.minor_digits().saturating_add(self.extra_digits())
    }

    /// Units in one minor unit: 1,000,000 for a cent.
    pub fn units_per_minor(self) -> i64 {
        self.row().units_per_minor
    }

    /// Units in one major unit: 100,000,000 for a dollar.
    pub fn units_per_major(self) -> i64 {
        self.row().units_per_major
    }

    fn row(self) -> &'static Row {
        &TABLE[usize::from(self.0)]
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl fmt::Display for UnknownCurrency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} is not a currency code", self.found)?;
        if self.near.is_empty() {
            return write!(formatter, "; use three letters of ISO 4217, such as USD");
        }
        write!(formatter, "; did you mean ")?;
        for (position, currency) in self.near.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(formatter, "{separator}{currency} ({})", currency.name())?;
        }
        write!(formatter, "?")
    }
}

impl Error for UnknownCurrency {}

/// For the constants above: a missing code stops the build.
const fn known(code: &str) -> Currency {
    let wanted = code.as_bytes();
    let mut position: u8 = 0;
    let mut rows = TABLE;
    while let [first, rest @ ..] = rows {
        let found = first.code.as_bytes();
        if found[0] == wanted[0] && found[1] == wanted[1] && found[2] == wanted[2] {
            return Currency(position);
        }
        position = position.strict_add(1);
        rows = rest;
    }
    panic!("no such currency in the table")
}

/// At most this many suggestions: enough to hold the right one, few enough to read.
const NEAR_MAX: usize = 4;

/// What the writer may have meant, best first. Where we know what the text stands for, only that.
fn near(found: &str) -> Vec<Currency> {
    let found = found.trim().to_ascii_uppercase();
    let mut ranked: Vec<(u8, Currency)> =
        Currency::all().filter_map(|currency| rank(&found, currency).map(|rank| (rank, currency))).collect();
    ranked.sort_unstable();
    let sure = ranked.iter().filter(|(rank, _)| *rank == SURE).count();
    ranked.truncate(if sure > 0 { sure } else { NEAR_MAX });
    ranked.into_iter().map(|(_, currency)| currency).collect()
}

const SURE: u8 = 0;

/// How likely `found` means `currency`, the lowest most: known to stand for it, its letters in another order, one letter
/// wrong at the end (people know how a code begins), one wrong elsewhere, one missing or too many, a part of the name.
fn rank(found: &str, currency: Currency) -> Option<u8> {
    let code = currency.code();
    let name = currency.name().to_uppercase();
    let three = found.len() == 3;
    let same_letters = code.chars().zip(found.chars()).filter(|(left, right)| left == right).count();
    // `found == code`: only the spaces around it were wrong.
    let sure = found == code || found == name || INSTEAD.contains(&(found, code));
    if sure {
        Some(SURE)
    } else if three && sorted_letters(found) == sorted_letters(code) {
        Some(1)
    } else if three && found.starts_with(&code[..2]) {
        Some(2)
    } else if three && same_letters == 2 {
        Some(3)
    } else if (found.len() == 2 && code.starts_with(found)) || (found.len() > 3 && found.starts_with(code)) {
        Some(4)
    } else if found.len() >= 3 && name.contains(found) {
        Some(5)
    } else {
        None
    }
}

fn sorted_letters(code: &str) -> Vec<char> {
    let mut letters: Vec<char> = code.chars().collect();
    letters.sort_unstable();
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_unique_and_fits_a_byte() {
        assert!(TABLE.len() < usize::from(u8::MAX));
        assert_eq!(Currency::all().len(), TABLE.len());
        for pair in TABLE.windows(2) {
            assert!(pair[0].code < pair[1].code, "{} before {}", pair[0].code, pair[1].code);
        }
        let mut numerics: Vec<u16> = TABLE.iter().map(|row| row.numeric).collect();
        numerics.sort_unstable();
        numerics.dedup();
        assert_eq!(numerics.len(), TABLE.len());
        for row in TABLE {
            assert!(row.code.len() == 3 && row.code.bytes().all(|letter| letter.is_ascii_uppercase()), "{}", row.code);
            assert!(row.numeric < 1000 && !row.name.is_empty(), "{}", row.code);
            assert!(row.minor_digits <= 4 && row.extra_digits <= 6, "{}", row.code);
        }
        for (written, instead) in INSTEAD {
            assert!(Currency::parse(written).is_err(), "{written} needs no replacement");
            assert!(Currency::parse(instead).is_ok(), "{instead}");
        }
    }

    /// The codes with `digits` of something, as one line, so that a change of a row is seen as a change of a rule.
    fn codes_with(digits: u32, of: fn(Currency) -> u32) -> String {
        let codes: Vec<&str> = Currency::all().filter(|currency| of(*currency) == digits).map(Currency::code).collect();
        codes.join(" ")
    }

    #[test]
    fn minor_digits_are_iso_4217s() {
        let check = |digits, codes: &str| assert_eq!(codes_with(digits, Currency::minor_digits), codes);
        check(0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF");
        check(1, "");
        check(3, "BHD IQD JOD KWD LYD OMR TND");
        check(4, "CLF UYW");
    }

    /// These lines are what stored units mean. A failure here is a data migration, not a test to update.
    #[test]
    fn digits_after_the_mark_never_change() {
        let check = |digits, codes: &str| assert_eq!(codes_with(digits, Currency::decimal_digits), codes);
        check(3, "IRR");
        check(4, "");
        check(5, "IDR LAK LBP SYP UZS VND");
        check(
            6,
            "ARS BIF CDF CLP COP DJF GNF IQD ISK JPY KHR KMF KPW KRW MGA MMK MNT MWK NGN PYG RWF SDG SSP TZS UGX UYI VED \
             VES VUV XAF XOF XPF YER",
        );
        check(7, "AMD AOA BDT CRC CUP DZD ETB GYD HTG HUF JMD KES KZT LKR LRD NPR PKR RSD SOS");
        check(9, "BHD JOD KWD LYD OMR TND");
        check(10, "CLF");
        assert_eq!(codes_with(8, Currency::decimal_digits).split(' ').count(), 160 - 1 - 6 - 33 - 19 - 6 - 1);
    }

    #[test]
    fn facts_of_a_few() {
        let check = |currency: Currency, code, numeric, minor, units_per_minor, units_per_major, whole_max| {
            assert_eq!(currency.code(), code);
            assert_eq!(currency.numeric(), numeric, "{code}");
            assert_eq!(currency.minor_digits(), minor, "{code}");
            assert_eq!(currency.units_per_minor(), units_per_minor, "{code}");
            assert_eq!(currency.units_per_major(), units_per_major, "{code}");
            assert_eq!(i64::MAX / currency.units_per_major(), whole_max, "{code}");
        };
        check(Currency::USD, "USD", 840, 2, 1_000_000, 100_000_000, 92_233_720_368_i64);
        check(Currency::JPY, "JPY", 392, 0, 1_000_000, 1_000_000, 9_223_372_036_854);
        check(Currency::BHD, "BHD", 48, 3, 1_000_000, 1_000_000_000, 9_223_372_036);
        check(Currency::IDR, "IDR", 360, 2, 1_000, 100_000, 92_233_720_368_547);
        check(Currency::parse("irr").unwrap(), "IRR", 364, 2, 10, 1_000, 9_223_372_036_854_775);
        check(Currency::parse("CLF").unwrap(), "CLF", 990, 4, 1_000_000, 10_000_000_000, 922_337_203);
    }

    #[test]
    fn parse_finds_each_by_its_code_in_either_case() {
        for currency in Currency::all() {
            assert_eq!(Currency::parse(currency.code()), Ok(currency));
            assert_eq!(Currency::parse(&currency.code().to_lowercase()), Ok(currency));
        }
    }

    #[test]
    fn an_unknown_code_names_its_neighbours() {
        let check = |found: &str, codes: &str| {
            let near: Vec<&str> = Currency::parse(found).unwrap_err().near.into_iter().map(Currency::code).collect();
            assert_eq!(near.join(" "), codes, "{found}");
        };
        check("UDS", "USD UZS"); // two letters changed places; one letter wrong
        check("CYN", "CNY BYN");
        check("JPN", "JPY");
        check("USA", "USD");
        check("US", "USD");
        check("USDT", "USD");
        check(" USD", "USD");
        check("RMB", "CNY");
        check("bgn", "EUR"); // Bulgaria's lev, until 2026
        check("won", "KRW");
        check("dollars", "USD");
        check("sterling", "GBP");
        check("rupee", "INR LKR MUR NPR");
        check("bitcoin", "");
        check("€", "");
        check("", "");
    }

    #[test]
    fn the_sentence_says_what_to_do() {
        let check = |found: &str, sentence: &str| {
            assert_eq!(Currency::parse(found).unwrap_err().to_string(), sentence);
        };
        check("UDS", "\"UDS\" is not a currency code; did you mean USD (US Dollar), UZS (Uzbekistan Sum)?");
        check("bitcoin", "\"bitcoin\" is not a currency code; use three letters of ISO 4217, such as USD");
    }
}
