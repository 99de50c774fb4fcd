//! Amounts as text: reading them strictly, printing them exactly, and printing them for people.
//!
//! Reading takes one notation, whatever the reader's language: digits, "," between thousands or nowhere, "." before the
//! decimals, "-" or U+2212 in front. What could be read in two ways ("0,123", "1.234,5", "007", ".5", "1e3") is refused with
//! a sentence that says where and what to write, for a guess here is somebody's money.

use std::error::Error;
use std::fmt;

use rust_decimal::Decimal;

use super::locale::{Locale, NO_BREAK_SPACE};
use super::{Currency, Money, Rounding, UnknownCurrency};

/// Why a text is not an amount: what was found, at which byte of the text, and (in `Display`) what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyParseError {
    pub input: String,
    pub at: usize,
    pub problem: MoneyParseProblem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoneyParseProblem {
    Empty,
    Unexpected { found: char },
    SecondSign,
    LeadingZero,
    Grouping,
    DigitMissing,
    TooManyDecimals { most: u32 },
    TooLarge { largest: Decimal },
    NegativePrice,
    NoCurrency,
    UnknownCurrency(UnknownCurrency),
}

const MINUS_SIGN: char = '\u{2212}';

impl Money {
    /// Reads "1,234.56 USD": an amount, one space, a currency code in either case.
    pub fn parse(text: &str) -> Result<Self, MoneyParseError> {
        let fail = |at, problem| MoneyParseError { input: text.to_owned(), at, problem };
        if text.is_empty() {
            return Err(fail(0, MoneyParseProblem::Empty));
        }
        let outside = text.char_indices().next().into_iter().chain(text.char_indices().next_back());
        if let Some((at, found)) = outside.into_iter().find(|(_, found)| found.is_whitespace()) {
            return Err(fail(at, MoneyParseProblem::Unexpected { found }));
        }
        let (amount, code) = text.rsplit_once(' ').ok_or_else(|| fail(text.len(), MoneyParseProblem::NoCurrency))?;
        let currency = Currency::parse(code).map_err(|unknown| {
            fail(amount.len().saturating_add(1), MoneyParseProblem::UnknownCurrency(unknown)) // after the space
        })?;
        // The amount is the beginning of the text, so its offsets are the text's.
        Self::parse_amount(amount, currency).map_err(|error| fail(error.at, error.problem))
    }

    /// Reads "1,234.56" as an amount of `currency`: at most the digits the currency keeps, never rounded.
    pub fn parse_amount(text: &str, currency: Currency) -> Result<Self, MoneyParseError> {
        let fail = |(at, problem)| MoneyParseError { input: text.to_owned(), at, problem };
        let most = currency.decimal_digits();
        let largest = Self::from_units(i64::MAX, currency).to_decimal();
        let scanned = scan(text, most, largest).map_err(fail)?;
        let units = || {
            let one = 10_i128.checked_pow(most.checked_sub(scanned.decimals)?)?;
            let magnitude = scanned.digits.checked_mul(one)?;
            i64::try_from(if scanned.negative { magnitude.checked_neg()? } else { magnitude }).ok()
        };
        let units = units().ok_or_else(|| fail((0, MoneyParseProblem::TooLarge { largest })))?;
        Ok(Self::from_units(units, currency))
    }

    /// The exact decimal without its currency, for APIs: "12.50", "-0.00000001", "1000" yen. The minor digits are always
    /// there, more only where they are not zero; "-" is ASCII. `parse_amount` reads it back to the same amount.
    pub fn plain(self) -> String {
        let digits = self.exact_digits();
        let minus = if digits.negative { "-" } else { "" };
        let mark = if digits.fraction.is_empty() { "" } else { "." };
        format!("{minus}{}{mark}{}", digits.whole, digits.fraction)
    }

    /// For people: rounded half-even to the minor unit, in the manner of `locale`. −$1,234.50, 1.234,50 €.
    ///
    /// What is shown need not add up: print totals that were rounded as amounts (`round_to_minor`), not sums of these.
    pub fn format(self, locale: Locale) -> String {
        let minor_digits = self.currency().minor_digits();
        // Rounding an i64 to fewer digits always fits; were it ever not to, the exact amount is the honest answer.
        let digits = self.split_minor(Rounding::HalfEven).map_or_else(
            |_| self.exact_digits(),
            |(minor, _)| Digits::of(i128::from(minor), minor_digits, minor_digits),
        );
        digits.print(locale, self.currency())
    }

    /// For people who check a sum: like `format`, with every digit there is. $0.00000015
    pub fn format_exact(self, locale: Locale) -> String {
        self.exact_digits().print(locale, self.currency())
    }

    fn exact_digits(self) -> Digits {
        let currency = self.currency();
        Digits::of(i128::from(self.units()), currency.decimal_digits(), currency.minor_digits())
    }
}

/// "12.50 USD": exact, the same in every language; `Money::parse` reads it back.
impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{} {}", self.plain(), self.currency()))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Money({self})")
    }
}

/// A price's amount: as strict, never negative, with all the digits a `Decimal` holds.
pub(super) fn parse_price_decimal(text: &str) -> Result<Decimal, MoneyParseError> {
    let fail = |(at, problem)| MoneyParseError { input: text.to_owned(), at, problem };
    let largest = Decimal::MAX;
    let scanned = scan(text, Decimal::MAX_SCALE, largest).map_err(fail)?;
    if scanned.negative {
        return Err(fail((0, MoneyParseProblem::NegativePrice)));
    }
    Decimal::try_from_i128_with_scale(scanned.digits, scanned.decimals)
        .map_err(|_| fail((0, MoneyParseProblem::TooLarge { largest })))
}

/// A decimal as written: `digits / 10^decimals`, and its sign apart.
struct Scanned {
    negative: bool,
    digits: i128,
    decimals: u32,
}

/// Reads the one notation there is. A fault is the byte offset in `text` and what is wrong there.
fn scan(text: &str, decimals_most: u32, largest: Decimal) -> Result<Scanned, (usize, MoneyParseProblem)> {
    if text.is_empty() {
        return Err((0, MoneyParseProblem::Empty));
    }
    let unsigned = text.strip_prefix(['-', MINUS_SIGN]).unwrap_or(text);
    let start = text.len().saturating_sub(unsigned.len());
    if start > 0 && unsigned.starts_with(['-', MINUS_SIGN, '+']) {
        return Err((start, MoneyParseProblem::SecondSign));
    }
    let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(whole, rest)| (whole, Some(rest)));

    let stray = whole.char_indices().find(|(_, found)| !found.is_ascii_digit() && *found != ',');
    if let Some((at, found)) = stray {
        return Err((start.saturating_add(at), MoneyParseProblem::Unexpected { found }));
    }
    if whole.is_empty() {
        return Err((start, MoneyParseProblem::DigitMissing));
    }
    check_groups(whole).map_err(|(at, problem)| (start.saturating_add(at), problem))?;

    let fraction_digits = fraction.unwrap_or("");
    let fraction_start = text.len().saturating_sub(fraction_digits.len());
    if let Some((at, found)) = fraction_digits.char_indices().find(|(_, found)| !found.is_ascii_digit()) {
        return Err((fraction_start.saturating_add(at), MoneyParseProblem::Unexpected { found }));
    }
    if fraction == Some("") {
        return Err((fraction_start, MoneyParseProblem::DigitMissing));
    }
    let decimals = u32::try_from(fraction_digits.len()).unwrap_or(u32::MAX);
    if decimals > decimals_most {
        let at = fraction_start.saturating_add(decimals_most as usize);
        return Err((at, MoneyParseProblem::TooManyDecimals { most: decimals_most }));
    }

    let digits = whole.chars().chain(fraction_digits.chars()).filter_map(|digit| digit.to_digit(10));
    let digits = digits.map(i128::from).try_fold(0_i128, |sum, digit| sum.checked_mul(10)?.checked_add(digit));
    let digits = digits.ok_or((0, MoneyParseProblem::TooLarge { largest }))?;
    Ok(Scanned { negative: start > 0, digits, decimals })
}

/// Digits and commas: no commas at all, or one to three digits and then threes. No zero in front, so that "0,123", which
/// half of the world reads as a fraction, is never 123.
fn check_groups(whole: &str) -> Result<(), (usize, MoneyParseProblem)> {
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if !whole.contains(',') {
        return if leading_zero { Err((0, MoneyParseProblem::LeadingZero)) } else { Ok(()) };
    }
    let mut at: usize = 0;
    for group in whole.split(',') {
        let fits = if at == 0 { (1..=3).contains(&group.len()) && !leading_zero } else { group.len() == 3 };
        if !fits {
            return Err((at, MoneyParseProblem::Grouping));
        }
        at = at.saturating_add(group.len()).saturating_add(1); // the comma
    }
    Ok(())
}

/// An amount taken apart for printing. Zero is never negative.
struct Digits {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Digits {
    /// `count / 10^decimals`, without the zeros at the end beyond `decimals_least`.
    fn of(count: i128, decimals: u32, decimals_least: u32) -> Self {
        let (decimals, decimals_least) = (decimals as usize, decimals_least as usize);
        // Padded so that one digit at least stands before the mark: 5 of 8 decimals is "000000005".
        let padded = format!("{:0width$}", count.unsigned_abs(), width = decimals.saturating_add(1));
        let (whole, fraction) = padded.split_at(padded.len().saturating_sub(decimals));
        let kept = fraction.trim_end_matches('0').len().max(decimals_least);
        Self { negative: count < 0, whole: whole.to_owned(), fraction: fraction[..kept].to_owned() }
    }

    fn print(&self, locale: Locale, currency: Currency) -> String {
        let convention = locale.convention();
        let symbol = locale.symbol(currency);
        let mut text = String::new();
        if self.negative {
            text.push(MINUS_SIGN);
        }
        if convention.symbol_first {
            text.push_str(symbol);
            if symbol.ends_with(char::is_alphabetic) {
                text.push(NO_BREAK_SPACE); // a code: "CHF 5.00", but "$5.00"
            }
        }
        push_grouped(&mut text, &self.whole, convention.group_mark);
        if !self.fraction.is_empty() {
            text.push(convention.decimal_mark);
            text.push_str(&self.fraction);
        }
        if !convention.symbol_first {
            text.push(NO_BREAK_SPACE);
            text.push_str(symbol);
        }
        text
    }
}

fn push_grouped(text: &mut String, whole: &str, group_mark: char) {
    let (first, mut rest) = whole.split_at(whole.len() % 3);
    text.push_str(first);
    let mut separate = !first.is_empty();
    while !rest.is_empty() {
        let (group, after) = rest.split_at(3);
        if separate {
            text.push(group_mark);
        }
        text.push_str(group);
        separate = true;
        rest = after;
    }
}

impl fmt::Display for MoneyParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was written, but not a page of it.
        let shown: String = self.input.chars().take(40).collect();
        let more = if shown.len() < self.input.len() { "..." } else { "" };
        let at = self.at;
        write!(formatter, "\"{}{more}\": ", shown.escape_debug())?;
        match &self.problem {
            MoneyParseProblem::Empty => write!(formatter, "there is no amount; write one, such as 12.50"),
            MoneyParseProblem::Unexpected { found } => write!(
                formatter,
                "found {found:?} at byte {at}; write digits, \",\" between thousands or not at all, \".\" before \
                 decimals, \"-\" below zero, as in -1,234.56"
            ),
            MoneyParseProblem::SecondSign => {
                write!(formatter, "found a second sign at byte {at}; write one \"-\" or none")
            }
            MoneyParseProblem::LeadingZero => {
                write!(formatter, "found a zero in front at byte {at}; write the number without it")
            }
            MoneyParseProblem::Grouping => write!(
                formatter,
                "the digits at byte {at} are not grouped in threes; \",\" separates thousands (1,234.56), and \".\" is \
                 the decimal mark"
            ),
            MoneyParseProblem::DigitMissing => {
                write!(formatter, "a digit is missing at byte {at}; write digits on both sides of \".\", as in 0.50")
            }
            MoneyParseProblem::TooManyDecimals { most } => write!(
                formatter,
                "the digit at byte {at} is one too many; at most {most} stand after the decimal mark, so round it first"
            ),
            MoneyParseProblem::TooLarge { largest } => {
                write!(formatter, "the number has more digits than fit; the largest is {largest}")
            }
            MoneyParseProblem::NegativePrice => {
                write!(formatter, "a price cannot be negative; write a discount or a credit instead")
            }
            MoneyParseProblem::NoCurrency => {
                write!(formatter, "there is no currency; write the amount, a space and the code, as in 12.50 USD")
            }
            MoneyParseProblem::UnknownCurrency(_) => write!(formatter, "the currency at byte {at} is not known"),
        }
    }
}

impl Error for MoneyParseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let MoneyParseProblem::UnknownCurrency(unknown) = &self.problem { Some(unknown) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_and_prints() {
        let check = |text: &str, units: i64, code: &str, printed: &str| {
            let found = Money::parse(text).unwrap();
            assert_eq!((found.units(), found.currency().code()), (units, code), "{text}");
            assert_eq!(found.to_string(), printed, "{text}");
        };
        check("1,234.56 USD", 123_456_000_000, "USD", "1234.56 USD");
        check("1234.56 usd", 123_456_000_000, "USD", "1234.56 USD");
        check("12.5 USD", 1_250_000_000, "USD", "12.50 USD");
        check("12 USD", 1_200_000_000, "USD", "12.00 USD");
        check("0.00000001 USD", 1, "USD", "0.00000001 USD");
        check("-0.00000010 USD", -10, "USD", "-0.0000001 USD");
        check("\u{2212}7.50 EUR", -750_000_000, "EUR", "-7.50 EUR");
        check("-0 USD", 0, "USD", "0.00 USD");
        check("1000 JPY", 1_000_000_000, "JPY", "1000 JPY");
        check("1,000.5 JPY", 1_000_500_000, "JPY", "1000.5 JPY");
        check("1.2345 KWD", 1_234_500_000, "KWD", "1.2345 KWD");
        check("1 KWD", 1_000_000_000, "KWD", "1.000 KWD");
        check("1.00001 IDR", 100_001, "IDR", "1.00001 IDR");
        check("1 CLF", 10_000_000_000, "CLF", "1.0000 CLF");
        check("92233720368.54775807 USD", i64::MAX, "USD", "92233720368.54775807 USD");
        check("-92,233,720,368.54775808 USD", i64::MIN, "USD", "-92233720368.54775808 USD");
    }

    #[test]
    fn refuses_and_says_where() {
        use MoneyParseProblem as Problem;
        let check = |text: &str, at, problem: Problem| {
            let found = Money::parse(&format!("{text} USD")).unwrap_err();
            assert_eq!((found.at, found.problem), (at, problem), "{text}");
        };
        let unexpected = |found| Problem::Unexpected { found };
        check("1e5", 1, unexpected('e'));
        check("+5", 0, unexpected('+'));
        check("$5", 0, unexpected('$'));
        check("1 234", 1, unexpected(' '));
        check("1.234,5", 5, unexpected(','));
        check("1.2.3", 3, unexpected('.'));
        check("5-", 1, unexpected('-'));
        check("٣", 0, unexpected('٣')); // a digit, but not one of ours
        check("--5", 1, Problem::SecondSign);
        check("\u{2212}-5", 3, Problem::SecondSign); // U+2212 is three bytes
        check("-+5", 1, Problem::SecondSign);
        check("007", 0, Problem::LeadingZero);
        check("-00.5", 1, Problem::LeadingZero);
        check("1,5", 2, Problem::Grouping);
        check("1,2345", 2, Problem::Grouping);
        check("1234,567", 0, Problem::Grouping);
        check("1,,234", 2, Problem::Grouping);
        check(",234", 0, Problem::Grouping);
        check("1,234,", 6, Problem::Grouping);
        check("0,123", 0, Problem::Grouping); // 0.123 to many readers
        check(".5", 0, Problem::DigitMissing);
        check("5.", 2, Problem::DigitMissing);
        check("-", 1, Problem::DigitMissing);
        check(".", 0, Problem::DigitMissing);
        check("0.123456789", 10, Problem::TooManyDecimals { most: 8 });
        check("0.000000000", 10, Problem::TooManyDecimals { most: 8 }); // strict even for a zero
        let largest = Decimal::new(i64::MAX, 8);
        check("92233720368.54775808", 0, Problem::TooLarge { largest });
        check("-92233720368.54775809", 0, Problem::TooLarge { largest });
        check(&"9".repeat(100), 0, Problem::TooLarge { largest });
    }

    #[test]
    fn the_sentence_says_what_to_do() {
        let check = |text: &str, sentence: &str| assert_eq!(Money::parse(text).unwrap_err().to_string(), sentence);
        check("", "\"\": there is no amount; write one, such as 12.50");
        check(
            "1e5 USD",
            "\"1e5 USD\": found 'e' at byte 1; write digits, \",\" between thousands or not at all, \".\" before decimals, \
             \"-\" below zero, as in -1,234.56",
        );
        check(
            " 5 USD",
            "\" 5 USD\": found ' ' at byte 0; write digits, \",\" between thousands or not at all, \".\" before decimals, \
             \"-\" below zero, as in -1,234.56",
        );
        check(
            "5 USD\n",
            "\"5 USD\\n\": found '\\n' at byte 5; write digits, \",\" between thousands or not at all, \".\" before \
             decimals, \"-\" below zero, as in -1,234.56",
        );
        check(
            "1,5 EUR",
            "\"1,5 EUR\": the digits at byte 2 are not grouped in threes; \",\" separates thousands (1,234.56), and \".\" is \
             the decimal mark",
        );
        check(
            "0.1234567 JPY",
            "\"0.1234567 JPY\": the digit at byte 8 is one too many; at most 6 stand after the decimal mark, so round it \
             first",
        );
        check(
            "10000000000000 JPY",
            "\"10000000000000 JPY\": the number has more digits than fit; the largest is 9223372036854.775807",
        );
        check("5", "\"5\": there is no currency; write the amount, a space and the code, as in 12.50 USD");
        check("5USD", "\"5USD\": there is no currency; write the amount, a space and the code, as in 12.50 USD");
        let unknown = Money::parse("5 UDS").unwrap_err();
        assert_eq!(unknown.to_string(), "\"5 UDS\": the currency at byte 2 is not known");
        assert_eq!(
            unknown.source().unwrap().to_string(),
            "\"UDS\" is not a currency code; did you mean USD (US Dollar), UZS (Uzbekistan Sum)?"
        );
        assert!(Money::parse(&"x".repeat(10_000)).unwrap_err().to_string().len() < 200);
    }

    #[test]
    fn in_the_manner_of_a_language() {
        // "_" stands for the no-break space, "'" for the narrow one, to be seen in this file
        let check = |text: &str, expected: [&str; 6]| {
            let amount = Money::parse(text).unwrap();
            for (locale, expected) in Locale::ALL.into_iter().zip(expected) {
                let found = amount.format(locale).replace('\u{a0}', "_").replace('\u{202f}', "'");
                assert_eq!(found, expected, "{text} {locale:?}");
            }
        };
        // En, Zh, Ja, Ko, De, Fr
        check(
            "-1234567.5 USD",
            [
                "−$1,234,567.50",
                "−US$1,234,567.50",
                "−$1,234,567.50",
                "−US$1,234,567.50",
                "−1.234.567,50_$",
                "−1'234'567,50_$US",
            ],
        );
        check("999 EUR", ["€999.00", "€999.00", "€999.00", "€999.00", "999,00_€", "999,00_€"]);
        check("1000 CNY", ["CN¥1,000.00", "¥1,000.00", "CN¥1,000.00", "CN¥1,000.00", "1.000,00_CN¥", "1'000,00_CNY"]);
        check("1000 JPY", ["¥1,000", "JP¥1,000", "¥1,000", "JP¥1,000", "1.000_¥", "1'000_JPY"]);
        check("100 CHF", ["CHF_100.00", "CHF_100.00", "CHF_100.00", "CHF_100.00", "100,00_CHF", "100,00_CHF"]);
        check("1.2345 BHD", ["BHD_1.234", "BHD_1.234", "BHD_1.234", "BHD_1.234", "1,234_BHD", "1,234_BHD"]); // tie, to even
        check("-0.004 EUR", ["€0.00", "€0.00", "€0.00", "€0.00", "0,00_€", "0,00_€"]); // rounds to zero: no minus
        check("0.015 GBP", ["£0.02", "£0.02", "£0.02", "£0.02", "0,02_£", "0,02_£GB"]); // tie, to even
        check("0.5 KRW", ["₩0", "₩0", "₩0", "₩0", "0_₩", "0_₩"]); // tie, to even
    }

    #[test]
    fn with_every_digit() {
        let check = |text: &str, locale, expected: &str| {
            assert_eq!(Money::parse(text).unwrap().format_exact(locale), expected, "{text}");
        };
        check("0.00000015 USD", Locale::En, "$0.00000015");
        check("-1234.5 USD", Locale::En, "−$1,234.50");
        check("1234.005 EUR", Locale::De, "1.234,005\u{a0}€");
        check("0.5 JPY", Locale::Ja, "¥0.5");
    }

    #[test]
    fn printing_at_the_ends() {
        let check = |units, format: &str| {
            assert_eq!(Money::from_units(units, Currency::USD).format(Locale::En), format);
        };
        check(i64::MAX, "$92,233,720,368.55"); // rounded up beyond what an amount can hold
        check(i64::MIN, "−$92,233,720,368.55");
        assert_eq!(format!("{:>12}|", Money::zero(Currency::USD)), "    0.00 USD|");
        assert_eq!(format!("{:?}", Money::from_units(1, Currency::USD)), "Money(0.00000001 USD)");
    }

    #[test]
    fn a_price_is_read_as_strictly() {
        let check = |text: &str, expected: Result<Decimal, MoneyParseProblem>| {
            assert_eq!(parse_price_decimal(text).map_err(|error| error.problem), expected, "{text}");
        };
        check("0.15", Ok(Decimal::new(15, 2)));
        check("0.0000000000000000000000000001", Ok(Decimal::new(1, 28)));
        check("2,400", Ok(Decimal::new(2400, 0)));
        check("-0.15", Err(MoneyParseProblem::NegativePrice));
        check("1e-3", Err(MoneyParseProblem::Unexpected { found: 'e' }));
        check("", Err(MoneyParseProblem::Empty));
        check("99999999999999999999999999999", Err(MoneyParseProblem::TooLarge { largest: Decimal::MAX }));
    }

    fn any_money() -> impl Strategy<Value = Money> {
        let any_currency = proptest::sample::select(Currency::all().collect::<Vec<_>>());
        let any_units = prop_oneof![any::<i64>(), -1000_i64..=1000];
        (any_units, any_currency).prop_map(|(units, currency)| Money::from_units(units, currency))
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(amount in any_money()) {
            prop_assert_eq!(Money::parse(&amount.to_string()), Ok(amount));
            prop_assert_eq!(Money::parse_amount(&amount.plain(), amount.currency()), Ok(amount));
        }

        /// English grouping and U+2212 are what `parse_amount` reads, once the symbol is gone.
        #[test]
        fn what_people_see_reads_back(amount in any_money()) {
            let symbol = Locale::En.symbol(amount.currency());
            let number = amount.format_exact(Locale::En).replace(symbol, "").replace(NO_BREAK_SPACE, "");
            prop_assert_eq!(Money::parse_amount(&number, amount.currency()), Ok(amount));
        }

        #[test]
        fn any_text_is_an_amount_or_a_fault_within_it(text in prop_oneof![".*", "[-−]{0,2}[0-9,.]{0,12} ?(USD|usd|JPY|X)?"]) {
            match Money::parse(&text) {
                Ok(amount) => prop_assert_eq!(Money::parse(&amount.to_string()), Ok(amount)),
                Err(error) => prop_assert!(text.is_char_boundary(error.at) && !error.to_string().is_empty()),
            }
        }
    }
}
