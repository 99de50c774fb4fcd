//! What accounts and commodities are called in a journal: valid for the program, never the same for two, never changed.
//!
//! An account is `class:owner:code:commodity`, its code's `/` one more `:`. Owners and codes are written so that they can
//! be read back, whatever they hold. The commodity is part of the name because a cloud's cash in two currencies is two
//! accounts; it comes last, so that reports cut off above it add them up side by side. No name is the beginning of
//! another's: Beancount's assertions count what is below.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::ledger::{Chart, Class, Commodity};

/// For hledger and Ledger: `liabilities:acme:cash:USD`.
pub(super) fn plain_account(owner: &str, chart: &Chart, code: &str) -> String {
    let class = match chart.class() {
        Class::Asset => "assets",
        Class::Liability => "liabilities",
        Class::Income => "income",
        Class::Expense => "expenses",
        Class::Equity => "equity",
    };
    let mut name = format!("{class}:{}", percent_encoded(owner));
    for part in parts(&chart.to_string()) {
        name.push(':');
        name.push_str(&percent_encoded(part));
    }
    name.push(':');
    name.push_str(&percent_encoded(code));
    name
}

/// For Beancount: `Liabilities:Acme:Cash:USD`; `currency` as `beancount_currency` gave it.
pub(super) fn beancount_account(owner: &str, chart: &Chart, currency: &str) -> String {
    let class = match chart.class() {
        Class::Asset => "Assets",
        Class::Liability => "Liabilities",
        Class::Income => "Income",
        Class::Expense => "Expenses",
        Class::Equity => "Equity",
    };
    let mut name = format!("{class}:{}", beancount_component(owner));
    for part in parts(&chart.to_string()) {
        name.push(':');
        name.push_str(&beancount_component(part));
    }
    name.push(':');
    name.push_str(currency);
    name
}

/// A code's name and, where it has one, its detail; a further `/` belongs to the detail.
fn parts(code: &str) -> impl Iterator<Item = &str> {
    code.splitn(2, '/')
}

/// Letters and digits of every script, `-`, `_` and `.` stay; all else becomes `%` and two digits a byte, as in a URL.
/// So no name holds a space, a `:` or a sign that a program reads as more than a letter. Nothing at all is `%`.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.') {
            encoded.push(letter);
        } else {
            percent_encode(letter, &mut encoded);
        }
    }
    if encoded.is_empty() { "%".to_owned() } else { encoded }
}

fn percent_encode(letter: char, encoded: &mut String) {
    for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
        write!(encoded, "%{byte:02x}").expect("a string takes all that is written to it");
    }
}

/// Codes that a program takes for something of its own: seconds, minutes and hours are one another's multiples in
/// Ledger, and `AUTO` stands for an amount left out in hledger.
const SYMBOLS_TAKEN: [&str; 4] = ["s", "m", "h", "AUTO"];

/// A commodity's symbol for hledger and Ledger: `USD`, `"gpu-unit"`. Quoted, it may be any text without a quote, even a
/// word of Ledger's expressions.
pub(super) fn plain_symbol(code: &str) -> String {
    if !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_uppercase()) && !SYMBOLS_TAKEN.contains(&code) {
        return code.to_owned();
    }
    let mut rest = code.chars();
    let mut symbol = String::new();
    if SYMBOLS_TAKEN.contains(&code) {
        // A letter is encoded nowhere else, so no other code becomes this symbol.
        rest.next().into_iter().for_each(|first| percent_encode(first, &mut symbol));
        symbol.push_str(rest.as_str());
    } else {
        symbol = percent_encoded(code);
    }
    format!("\"{symbol}\"")
}

/// A commodity's currency for Beancount: 2 to 24 of `A-Z0-9-`, a letter first and no dash last. Too few for every code to
/// be read back, so two codes that would be one (`gpu-unit`, `GPU-UNIT`) are told apart by the number of the commodity
/// that came later. Call it in the order of the numbers, with what it gave before in `taken`.
pub(super) fn beancount_currency(commodity: &Commodity, taken: &mut BTreeSet<String>) -> String {
    let mut letters = String::new();
    for letter in commodity.code.chars() {
        if letter.is_ascii_alphanumeric() {
            letters.push(letter.to_ascii_uppercase());
        } else if !letters.ends_with('-') {
            letters.push('-');
        }
    }
    let letters = letters.trim_matches('-');
    let is_word = matches!(letters, "TRUE" | "FALSE" | "NULL");
    let base = if letters.len() < 2 || letters.starts_with(|first: char| first.is_ascii_digit()) || is_word {
        format!("UNIT-{letters}")
    } else {
        letters.to_owned()
    };
    let number = commodity.id.0.unsigned_abs().to_string();
    let mut currency = cut(&base, CURRENCY_LENGTH_MAX).to_owned();
    let mut suffix = String::new();
    while taken.contains(&currency) {
        suffix = format!("{suffix}-{number}");
        let room = CURRENCY_LENGTH_MAX.saturating_sub(suffix.len());
        currency = format!("{}{suffix}", cut(&base, room));
    }
    taken.insert(currency.clone());
    currency
}

const CURRENCY_LENGTH_MAX: usize = 24;

/// The first letters of an ASCII text, without a dash at their end.
fn cut(text: &str, length_max: usize) -> &str {
    text.get(..length_max).unwrap_or(text).trim_end_matches('-')
}

/// A part of a Beancount account's name: an upper-case letter or a digit, then ASCII letters, digits and dashes.
///
/// Letters and digits stay, and so does a dash between two of them; all else becomes `--`, its code point in
/// hexadecimal, `-`. So `--` always begins such a sign, and three more rules make the first letter upper-case: a
/// lower-case one is raised; where it was upper-case before, `--` at the very end says so; anything else, also nothing
/// at all, follows `X---`. `acme` is `Acme`, `Acme` is `Acme--`, `cloud-one` is `Cloud-one`, `a b` is `A--20-b`.
fn beancount_component(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let is_plain = |place: Option<usize>| {
        place.and_then(|place| letters.get(place)).is_some_and(|letter: &char| letter.is_ascii_alphanumeric())
    };
    let mut written = String::with_capacity(text.len());
    for (place, &letter) in letters.iter().enumerate() {
        let between = is_plain(place.checked_sub(1)) && is_plain(place.checked_add(1));
        if letter.is_ascii_alphanumeric() || letter == '-' && between {
            written.push(letter);
        } else {
            write!(written, "--{:x}-", u32::from(letter)).expect("a string takes all that is written to it");
        }
    }
    match letters.first() {
        Some(first) if first.is_ascii_lowercase() => {
            written.replace_range(..1, &first.to_ascii_uppercase().to_string());
            written
        }
        Some(first) if first.is_ascii_uppercase() => written + "--",
        Some(first) if first.is_ascii_digit() => written,
        Some(_) | None => format!("X---{written}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ledger::{CommodityId, CommodityKind};

    /// Every text of up to `length_max` of these letters.
    fn texts(letters: &[char], length_max: u32) -> Vec<String> {
        let mut texts = vec![String::new()];
        let mut from = 0;
        for _ in 0..length_max {
            let to = texts.len();
            for place in from..to {
                texts.extend(letters.iter().map(|letter| format!("{}{letter}", texts[place])).collect::<Vec<_>>());
            }
            from = to;
        }
        texts
    }

    fn assert_tells_apart(texts: &[String], write: impl Fn(&str) -> String, is_valid: impl Fn(&str) -> bool) {
        let mut seen = BTreeMap::new();
        for text in texts {
            let written = write(text);
            assert!(is_valid(&written), "{text:?} is {written:?}");
            if let Some(other) = seen.insert(written.clone(), text) {
                panic!("{text:?} and {other:?} are both {written:?}");
            }
        }
    }

    #[test]
    fn no_two_texts_share_a_name_in_a_journal() {
        let texts = texts(&['a', 'A', 'x', 'X', '2', 'd', '0', '-', ' '], 5);
        assert_tells_apart(&texts, beancount_component, |name| {
            name.starts_with(|first: char| first.is_ascii_uppercase() || first.is_ascii_digit())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
        let texts = self::texts(&['a', '%', '2', '5', '~', ':', '/', '€', 'é'], 5);
        let is_valid = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '%');
        assert_tells_apart(&texts, percent_encoded, is_valid);
        let texts = self::texts(&['h', 's', '%', '6', '8', 'U', 'A', '"'], 5);
        assert_tells_apart(&texts, plain_symbol, |symbol| {
            let inner = symbol.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            !symbol.is_empty() && !inner.unwrap_or(symbol).contains('"')
        });
    }

    #[test]
    fn names_of_accounts_in_journals() {
        fn check(owner: &str, code: &str, plain: &str, beancount: &str) {
            let chart = Chart::parse(code).unwrap();
            assert_eq!(plain_account(owner, &chart, "USD"), plain);
            assert_eq!(beancount_account(owner, &chart, "USD"), beancount);
        }
        check("acme", "cash", "liabilities:acme:cash:USD", "Liabilities:Acme:Cash:USD");
        check("Acme", "unbilled", "assets:Acme:unbilled:USD", "Assets:Acme--:Unbilled:USD");
        let (plain, beancount) = ("income:c-1:revenue:a%2fb:USD", "Income:C-1:Revenue:A--2f-b:USD");
        check("c-1", "revenue/a/b", plain, beancount);
        check("€", "rounding", "expenses:%e2%82%ac:rounding:USD", "Expenses:X-----20ac-:Rounding:USD");
        check("", "receivable/debt", "assets:%:receivable:debt:USD", "Assets:X---:Receivable:Debt:USD");
    }

    #[test]
    fn symbols_of_commodities_in_journals() {
        let symbols = ["USD", "gpu-unit", "usd", "h", "AUTO", "", "a\"b", "AND2"].map(plain_symbol);
        let expected = ["USD", "\"gpu-unit\"", "\"usd\"", "\"%68\"", "\"%41UTO\"", "\"%\"", "\"a%22b\"", "\"AND2\""];
        assert_eq!(symbols, expected);
    }

    #[test]
    fn currencies_of_a_beancount_journal_are_valid_and_never_two_of_one() {
        let codes = [
            "USD",
            "gpu-unit",
            "GPU-UNIT",
            "gpu_unit",
            "GPU-UNIT-3",
            "h",
            "5G",
            "true",
            "名",
            "€",
            "--",
            "a-very-long-name-of-a-unit-of-one",
            "a-very-long-name-of-a-unit-of-two",
            "abcdefghijklmnopqrstuvw-x",
        ];
        let mut taken = BTreeSet::new();
        let currencies: Vec<String> = (1..)
            .zip(codes)
            .map(|(number, code)| {
                let id = CommodityId(number);
                let commodity = Commodity { id, code: code.to_owned(), kind: CommodityKind::Unit, decimals: 0 };
                beancount_currency(&commodity, &mut taken)
            })
            .collect();
        let expected = [
            "USD",
            "GPU-UNIT",
            "GPU-UNIT-3",
            "GPU-UNIT-4",
            "GPU-UNIT-3-5",
            "UNIT-H",
            "UNIT-5G",
            "UNIT-TRUE",
            "UNIT",
            "UNIT-10",
            "UNIT-11",
            "A-VERY-LONG-NAME-OF-A-UN",
            "A-VERY-LONG-NAME-OF-A-13",
            "ABCDEFGHIJKLMNOPQRSTUVW",
        ];
        assert_eq!(currencies, expected);
    }
}
