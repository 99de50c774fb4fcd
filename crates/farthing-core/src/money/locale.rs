//! How people of a language expect an amount to look: grouping, decimal mark, symbol and its place.
//!
//! This is for documents and screens. `Display` and `plain` (text.rs) are for machines and logs and know no language.
//! The conventions follow Unicode CLDR, with two departures: the minus sign is U+2212 everywhere (it lines up with digits
//! and does not break from its number), and a symbol that two currencies share in a language gives way to the code.

use super::Currency;

/// A language we print amounts in. Names and dates are other modules' matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Locale {
    /// $1,234.50
    En,
    /// ¥1,234.50 (yuan), US$1,234.50
    Zh,
    /// ¥1,234 (yen), $1,234.50
    Ja,
    /// ₩1,234, US$1,234.50
    Ko,
    /// 1.234,50 €
    De,
    /// 1 234,50 €
    Fr,
}

/// What `Money::format` needs to know of a locale.
pub(super) struct Convention {
    pub(super) group_mark: char,
    pub(super) decimal_mark: char,
    pub(super) symbol_first: bool,
}

/// Keeps a symbol on the line of its number.
pub(super) const NO_BREAK_SPACE: char = '\u{a0}';
const NARROW_NO_BREAK_SPACE: char = '\u{202f}';

impl Locale {
    pub const ALL: [Self; 6] = [Self::En, Self::Zh, Self::Ja, Self::Ko, Self::De, Self::Fr];

    /// The locale for a language tag such as `zh-CN` or `fr_CA`, by its language; none where we have no convention, and
    /// the caller then says what it falls back to.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|locale| locale.language().eq_ignore_ascii_case(language))
    }

    /// "en"
    pub fn language(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
            Self::Ja => "ja",
            Self::Ko => "ko",
            Self::De => "de",
            Self::Fr => "fr",
        }
    }

    pub(super) fn convention(self) -> Convention {
        match self {
            Self::En | Self::Zh | Self::Ja | Self::Ko => {
                Convention { group_mark: ',', decimal_mark: '.', symbol_first: true }
            }
            Self::De => Convention { group_mark: '.', decimal_mark: ',', symbol_first: false },
            Self::Fr => Convention { group_mark: NARROW_NO_BREAK_SPACE, decimal_mark: ',', symbol_first: false },
        }
    }

    /// The symbol readers of this language know the currency by, or its code.
    pub(super) fn symbol(self, currency: Currency) -> &'static str {
        let code = currency.code();
        match (self, code) {
            (_, "EUR") => "€",
            (_, "INR") => "₹",
            (_, "KRW") => "₩",
            (_, "VND") => "₫",
            (_, "ILS") => "₪",
            (_, "PHP") => "₱",
            (Self::Fr, "GBP") => "£GB",
            (_, "GBP") => "£",

            (Self::Zh, "CNY") | (Self::En | Self::Ja | Self::De, "JPY") => "¥",
            (Self::Zh | Self::Ko, "JPY") => "JP¥",
            (Self::En | Self::Ja | Self::Ko | Self::De, "CNY") => "CN¥",

            (Self::Zh | Self::Ko, "USD") => "US$",
            (Self::Fr, "USD") => "$US",
            (_, "USD") => "$",
            (Self::Fr, "CAD") => "$CA",
            (_, "CAD") => "CA$",
            (Self::Fr, "AUD") => "$AU",
            (Self::Zh | Self::Ko | Self::De, "AUD") => "AU$",
            (_, "AUD") => "A$",
            (Self::Fr, "NZD") => "$NZ",
            (_, "NZD") => "NZ$",
            (Self::En | Self::Zh | Self::Ja | Self::Ko | Self::De, "HKD") => "HK$",
            (Self::En | Self::Zh | Self::Ja | Self::Ko | Self::De, "TWD") => "NT$",
            (_, "BRL") => "R$",
            (Self::Fr, "MXN") => "$MX",
            (_, "MXN") => "MX$",
            _ => code,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn no_symbol_stands_for_two_currencies() {
        for locale in Locale::ALL {
            let mut seen = BTreeMap::new();
            for currency in Currency::all() {
                if let Some(other) = seen.insert(locale.symbol(currency), currency) {
                    panic!("{locale:?} writes {other} and {currency} the same");
                }
            }
        }
    }

    #[test]
    fn tags() {
        let check = |tag, expected| assert_eq!(Locale::from_tag(tag), expected, "{tag}");
        check("en", Some(Locale::En));
        check("zh-CN", Some(Locale::Zh));
        check("zh_TW", Some(Locale::Zh));
        check("FR-ca", Some(Locale::Fr));
        check("pt-BR", None);
        check("", None);
    }
}
