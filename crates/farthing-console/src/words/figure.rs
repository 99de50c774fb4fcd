//! Amounts as people read them: how many digits, which sign, and what the exact value is where the shown one is rounded.

use crate::frame::PageError;
use farthing_core::ledger::{Commodity, CommodityKind};
use farthing_core::money::{Currency, Locale, Money};

const MINUS: char = '\u{2212}';

/// An amount to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) text: String,
    /// Where `text` is rounded.
    pub(crate) exact: Option<String>,
    sign: std::cmp::Ordering,
}

impl Figure {
    /// For the style sheet; the sign itself is in the text.
    pub(crate) fn class(&self) -> &'static str {
        match self.sign {
            std::cmp::Ordering::Less => "below",
            std::cmp::Ordering::Equal => "zero",
            std::cmp::Ordering::Greater => "above",
        }
    }
}

/// All digits of an amount, those below the minor unit apart, so that a column of them lines up and adds up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exact {
    pub(crate) main: String,
    pub(crate) fine: String,
}

/// How amounts of one commodity are written for readers of one language.
#[derive(Clone, Debug)]
pub(crate) enum Notation {
    Money { currency: Currency, locale: Locale },
    Units { code: String, decimals: u32 },
}

impl Notation {
    pub(crate) fn of(commodity: &Commodity, locale: Locale) -> Notation {
        match (commodity.kind, Currency::parse(&commodity.code)) {
            // Only if it is kept in the digits we know, else its numbers would say something else.
            (CommodityKind::Currency, Ok(currency)) if currency.decimal_digits() == commodity.decimals => {
                Notation::Money { currency, locale }
            }
            _ => Notation::Units { code: commodity.code.clone(), decimals: commodity.decimals },
        }
    }

    /// What a column of bare numbers is headed with.
    pub(crate) fn label(&self) -> &str {
        match self {
            Notation::Money { currency, .. } => currency.code(),
            Notation::Units { code, .. } => code,
        }
    }

    /// With its currency or unit: for sentences and figures that stand alone.
    pub(crate) fn full(&self, units: i128) -> Result<Figure, PageError> {
        self.figure(units, Money::format, |number, code| format!("{number} {code}"))
    }

    /// With every digit there is, as a figure.
    pub(crate) fn fine(&self, units: i128) -> Result<Figure, PageError> {
        let figure = self.full(units)?;
        let text = figure.exact.unwrap_or(figure.text);
        Ok(Figure { text, exact: None, ..figure })
    }

    /// The number alone: for columns that say their currency once.
    pub(crate) fn bare(&self, units: i128) -> Result<Figure, PageError> {
        self.figure(units, |money, locale| number_of(&money.format(locale)), |number, _| number)
    }

    /// The number alone, its sign always written: for what was added and what was taken.
    pub(crate) fn change(&self, units: i128) -> Result<Figure, PageError> {
        let figure = self.bare(units)?;
        let text = if units > 0 { format!("+{}", figure.text) } else { figure.text };
        Ok(Figure { text, ..figure })
    }

    fn figure(
        &self,
        units: i128,
        money_text: impl Fn(Money, Locale) -> String,
        units_text: impl Fn(String, &str) -> String,
    ) -> Result<Figure, PageError> {
        let sign = units.cmp(&0);
        Ok(match self {
            Notation::Money { currency, locale } => {
                let units =
                    i64::try_from(units).map_err(|_| PageError::Failed("a sum is too large to be written".into()))?;
                let money = Money::from_units(units, *currency);
                let exact = money.to_minor().is_err().then(|| money.format_exact(*locale));
                Figure { text: money_text(money, *locale), exact, sign }
            }
            Notation::Units { code, decimals } => {
                let number = plain_number(units, *decimals);
                Figure { text: units_text(number, code), exact: None, sign }
            }
        })
    }

    /// With every digit there is.
    pub(crate) fn exact(&self, units: i128) -> Result<String, PageError> {
        let figure = self.full(units)?;
        Ok(figure.exact.unwrap_or(figure.text))
    }

    /// How many decimals these amounts need, together, to be written exactly.
    pub(crate) fn decimals_of(&self, amounts: impl IntoIterator<Item = i128>) -> u32 {
        let (most, least) = match self {
            Notation::Money { currency, .. } => (currency.decimal_digits(), currency.minor_digits()),
            Notation::Units { decimals, .. } => (*decimals, 0),
        };
        let needed =
            |amount: i128| (least..most).find(|digits| amount % 10_i128.pow(most - digits) == 0).unwrap_or(most);
        amounts.into_iter().map(needed).max().unwrap_or(least)
    }

    /// With so many decimals, which must be enough for it.
    pub(crate) fn aligned(&self, amount: i128, decimals: u32) -> Exact {
        let (most, least) = match self {
            Notation::Money { currency, .. } => (currency.decimal_digits(), currency.minor_digits()),
            Notation::Units { decimals, .. } => (*decimals, 0),
        };
        let one = 10_u128.pow(most);
        let whole = grouped(u64::try_from(amount.unsigned_abs() / one).unwrap_or(u64::MAX));
        let fraction = format!("{:0>width$}", amount.unsigned_abs() % one, width = most as usize);
        let (main, fine) = fraction[..decimals.min(most) as usize].split_at(least.min(decimals) as usize);
        let sign = if amount < 0 { String::from(MINUS) } else { String::new() };
        // Decimals of a unit have no minor ones to stand apart from.
        let (main, fine) = if least == 0 { (fine, "") } else { (main, fine) };
        let main = if main.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{main}") };
        Exact { main, fine: fine.to_owned() }
    }
}

/// What is left of "−$1,234.50" without the currency.
fn number_of(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_digit() || [',', '.', MINUS, '\u{202f}'].contains(c)).collect()
}

/// `-1234500000` of 6 decimals is `−1,234.5`.
fn plain_number(units: i128, decimals: u32) -> String {
    let one = 10_u128.pow(decimals);
    let whole = grouped(u64::try_from(units.unsigned_abs() / one).unwrap_or(u64::MAX));
    let fraction = format!("{:0>width$}", units.unsigned_abs() % one, width = decimals as usize);
    let fraction = fraction.trim_end_matches('0');
    let sign = if units < 0 { String::from(MINUS) } else { String::new() };
    if fraction.is_empty() || decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// `12345` is `12,345`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const USD: Notation = Notation::Money { currency: Currency::USD, locale: Locale::En };

    #[test]
    fn amounts_are_rounded_and_keep_their_exact_value() {
        let check = |units, text: &str, exact: Option<&str>| {
            let figure = USD.full(units).unwrap();
            assert_eq!((figure.text.as_str(), figure.exact.as_deref()), (text, exact));
        };
        check(123_450_000_000, "$1,234.50", None);
        check(-123_450_000_015, "−$1,234.50", Some("−$1,234.50000015"));
        check(0, "$0.00", None);
        assert_eq!(USD.bare(-123_450_000_000).unwrap().text, "−1,234.50");
        assert_eq!(USD.change(50_000_000).unwrap().text, "+0.50");
        assert!(USD.full(i128::from(i64::MAX) + 1).is_err());
        let yuan = Notation::Money { currency: Currency::CNY, locale: Locale::Zh };
        assert_eq!(yuan.full(8_000_000_000).unwrap().text, "¥80.00");
    }

    #[test]
    fn a_column_shows_as_many_decimals_as_its_finest_amount_needs() {
        let amounts = [123_450_000_000_i128, -10_500_000, 0];
        assert_eq!(USD.decimals_of(amounts), 3);
        let shown = amounts.map(|amount| USD.aligned(amount, 3));
        let text = shown.map(|exact| format!("{}|{}", exact.main, exact.fine));
        assert_eq!(text, ["1,234.50|0", "−0.10|5", "0.00|0"]);
        assert_eq!(USD.aligned(100_000_000, 2), Exact { main: "1.00".into(), fine: String::new() });
    }

    #[test]
    fn units_have_no_more_decimals_than_they_need() {
        let gpu = Notation::Units { code: "gpu-unit".into(), decimals: 6 };
        assert_eq!(gpu.full(1_234_500_000).unwrap().text, "1,234.5 gpu-unit");
        assert_eq!(gpu.bare(-7_000_000).unwrap().text, "−7");
        assert_eq!(gpu.decimals_of([1_234_500_000, 7_000_000]), 1);
        assert_eq!(gpu.aligned(7_000_000, 1), Exact { main: "7.0".into(), fine: String::new() });
    }

    #[test]
    fn digits_are_grouped_by_three() {
        let grouped_all = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(grouped_all, ["0", "999", "1,000", "1,234,567"]);
    }
}
