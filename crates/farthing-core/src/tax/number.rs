//! VAT numbers of the European Union: the form of each member state's and its check digits, and Northern Ireland's (XI).
//!
//! What passes may still be nobody's: whether a number is registered only the tax offices' own service knows. The rules are
//! those the member states publish; where a state has several kinds of numbers, each has its branch.

use crate::policy::Country;
use std::error::Error;
use std::fmt;

/// A number whose form and check digits are right, as it is written on documents: `DE136695976`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VatNumber {
    text: String,
}

/// Why a text is no VAT number. Each is a sentence for who typed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VatNumberError {
    /// It does not begin with two letters that VAT numbers begin with.
    UnknownCountry { found: String },
    /// Not the letters and digits of that country's numbers.
    Form { of: &'static str, prefix: &'static str, form: &'static str, example: &'static str, found: String },
    /// Its check digits do not belong to the others: one of them is mistyped.
    Checksum { of: &'static str, found: String, example: &'static str },
}

/// What the numbers of one state look like.
struct Rule {
    prefix: &'static str,
    /// "a German"
    of: &'static str,
    /// What follows the prefix, for people.
    form: &'static str,
    example: &'static str,
    judge: fn(&str) -> Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Right,
    WrongForm,
    WrongChecksum,
}

impl VatNumber {
    /// Reads a number as people write it: small letters, spaces, dots and hyphens do not matter; `GR` is `EL`.
    pub fn parse(text: &str) -> Result<VatNumber, VatNumberError> {
        let separates =
            |letter: &char| letter.is_whitespace() || matches!(letter, '.' | '-' | '/' | '\u{2010}'..='\u{2015}');
        let letters = text.chars().filter(|letter| !separates(letter)).take(40);
        let plain: String = letters.map(|letter| letter.to_ascii_uppercase()).collect();
        let plain = plain.strip_prefix("GR").map_or(plain.clone(), |rest| format!("EL{rest}"));
        let known = RULES.iter().find_map(|rule| Some((rule, plain.strip_prefix(rule.prefix)?)));
        let Some((rule, rest)) = known else {
            return Err(VatNumberError::UnknownCountry { found: plain });
        };
        let Rule { prefix, of, form, example, judge } = *rule;
        // The rules below cut by bytes.
        match if rest.is_ascii() { judge(rest) } else { Verdict::WrongForm } {
            Verdict::Right => Ok(VatNumber { text: plain }),
            Verdict::WrongForm => Err(VatNumberError::Form { of, prefix, form, example, found: rest.to_owned() }),
            Verdict::WrongChecksum => Err(VatNumberError::Checksum { of, found: plain, example }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The country it is of, by ISO 3166: GR for `EL`, GB for `XI`, which is in the Union for goods alone.
    pub fn country(&self) -> Country {
        match *self.text.as_bytes() {
            [b'E', b'L', ..] => Country(*b"GR"),
            [b'X', b'I', ..] => Country(*b"GB"),
            [first, second, ..] => Country([first, second]),
            [] | [_] => unreachable!("a number begins with the prefix of a rule"),
        }
    }
}

impl fmt::Display for VatNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Display for VatNumberError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VatNumberError::UnknownCountry { found } if found.is_empty() => {
                out.write_str("there is no number; write one such as DE136695976, or leave the field empty")
            }
            VatNumberError::UnknownCountry { found } if found.starts_with("GB") => out.write_str(
                "a British number is no EU VAT number, but for Northern Ireland's, which begin with XI; leave the field empty",
            ),
            VatNumberError::UnknownCountry { found } => write!(
                out,
                "an EU VAT number begins with the two letters of a member state, such as DE (EL for Greece); this one begins with {:?}",
                found.chars().take(2).collect::<String>()
            ),
            VatNumberError::Form { of, prefix, form, example, found } => {
                write!(out, "{of} VAT number is {prefix} and {form}, such as {example}; this one ")?;
                if found.is_empty() {
                    write!(out, "has nothing after {prefix}")
                } else if found.bytes().all(|byte| byte.is_ascii_digit()) {
                    let s = if found.len() == 1 { "" } else { "s" };
                    write!(out, "has {} digit{s}", spelt(found.len()))
                } else {
                    write!(out, "is {prefix} and {found:?}")
                }
            }
            VatNumberError::Checksum { of, found, example } => write!(
                out,
                "{found} has the form of {of} VAT number, but its check digits do not fit the others; compare it with the original, one of them is mistyped (a right one is {example})"
            ),
        }
    }
}

impl Error for VatNumberError {}

fn spelt(count: usize) -> String {
    const WORDS: [&str; 13] =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    WORDS.get(count).map_or_else(|| count.to_string(), |word| (*word).to_owned())
}

const fn rule(
    prefix: &'static str,
    of: &'static str,
    form: &'static str,
    example: &'static str,
    judge: fn(&str) -> Verdict,
) -> Rule {
    Rule { prefix, of, form, example, judge }
}

const RULES: &[Rule] = &[
    rule("AT", "an Austrian", "U with eight digits", "ATU13585627", austria),
    rule("BE", "a Belgian", "ten digits that begin with 0 or 1", "BE0428759497", belgium),
    rule("BG", "a Bulgarian", "nine or ten digits", "BG175074752", bulgaria),
    rule("CY", "a Cypriot", "eight digits and a letter", "CY10259033P", cyprus),
    rule("CZ", "a Czech", "eight, nine or ten digits", "CZ25123891", czechia),
    rule("DE", "a German", "nine digits", "DE136695976", germany),
    rule("DK", "a Danish", "eight digits", "DK13585628", denmark),
    rule("EE", "an Estonian", "nine digits", "EE100931558", estonia),
    rule("EL", "a Greek", "nine digits", "EL094259216", greece),
    rule("ES", "a Spanish", "nine letters and digits, the first or the last a letter", "ESJ99216582", spain),
    rule("FI", "a Finnish", "eight digits", "FI20774740", finland),
    rule("FR", "a French", "two letters or digits and nine digits", "FR40303265045", france),
    rule("HR", "a Croatian", "eleven digits", "HR33392005961", croatia),
    rule("HU", "a Hungarian", "eight digits", "HU12892312", hungary),
    rule("IE", "an Irish", "seven digits and one or two letters", "IE6433435F", ireland),
    rule("IT", "an Italian", "eleven digits", "IT00743110157", italy),
    rule("LT", "a Lithuanian", "nine or twelve digits", "LT119511515", lithuania),
    rule("LU", "a Luxembourgish", "eight digits", "LU15027442", luxembourg),
    rule("LV", "a Latvian", "eleven digits", "LV40003521600", latvia),
    rule("MT", "a Maltese", "eight digits", "MT11679112", malta),
    rule("NL", "a Dutch", "nine digits, B and two digits", "NL004495445B01", netherlands),
    rule("PL", "a Polish", "ten digits", "PL8567346215", poland),
    rule("PT", "a Portuguese", "nine digits", "PT501964843", portugal),
    rule("RO", "a Romanian", "two to ten digits", "RO18547290", romania),
    rule("SE", "a Swedish", "twelve digits", "SE123456789701", sweden),
    rule("SI", "a Slovenian", "eight digits", "SI50223054", slovenia),
    rule("SK", "a Slovak", "ten digits", "SK2022749619", slovakia),
    rule(
        "XI",
        "a Northern Irish",
        "nine or twelve digits, or GD or HA and three digits",
        "XI980780684",
        northern_ireland,
    ),
];

fn fits(right: bool) -> Verdict {
    if right { Verdict::Right } else { Verdict::WrongChecksum }
}

/// Exactly so many digits, as numbers.
fn digits<const N: usize>(text: &str) -> Option<[u32; N]> {
    let mut digits = [0; N];
    if text.len() != N {
        return None;
    }
    for (digit, byte) in digits.iter_mut().zip(text.bytes()) {
        *digit = char::from(byte).to_digit(10)?;
    }
    Some(digits)
}

/// Each digit times its weight, added up; as many as there are weights. At most 13 digits and weights below 300.
fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    let products = digits.iter().zip(weights).map(|(digit, weight)| digit.saturating_mul(*weight));
    products.fold(0, u32::saturating_add)
}

/// The digits as one number; at most 13 of them.
fn number(digits: &[u32]) -> u64 {
    digits.iter().fold(0, |number: u64, digit| number.saturating_mul(10).saturating_add(u64::from(*digit)))
}

/// ISO 7064, mod 11, 10: the last digit checks the others (Germany, Croatia).
fn mod_11_10(digits: &[u32]) -> bool {
    let mut check = 5_u32;
    for digit in digits {
        let doubled = if check == 0 { 10 } else { check }.saturating_mul(2) % 11;
        check = doubled.saturating_add(*digit) % 10;
    }
    check == 1
}

/// Luhn: every second digit from the right, beginning with the one before the last, is doubled and its digits added.
fn luhn(digits: &[u32]) -> bool {
    let mut sum = 0_u32;
    for (place, digit) in digits.iter().rev().enumerate() {
        let times = if place % 2 == 0 { *digit } else { digit.saturating_mul(2) };
        sum = sum.saturating_add(times / 10).saturating_add(times % 10);
    }
    sum.is_multiple_of(10)
}

/// A letter's place in an alphabet, as a number.
fn place_in(alphabet: &str, letter: u8) -> Option<u32> {
    alphabet.bytes().position(|known| known == letter).and_then(|place| u32::try_from(place).ok())
}

fn austria(rest: &str) -> Verdict {
    let Some(digits) = rest.strip_prefix('U').and_then(digits::<8>) else { return Verdict::WrongForm };
    // Luhn with 4 added: the doubled ones stand where Luhn has them, counted from the check digit.
    let [head @ .., check] = digits;
    let mut sum = 4_u32;
    for (place, digit) in head.iter().enumerate() {
        let times = if place % 2 == 0 { *digit } else { digit.saturating_mul(2) };
        sum = sum.saturating_add(times / 10).saturating_add(times % 10);
    }
    fits(sum.saturating_add(check).is_multiple_of(10))
}

fn belgium(rest: &str) -> Verdict {
    let Some(digits) = digits::<10>(rest).filter(|digits| digits[0] <= 1) else { return Verdict::WrongForm };
    let (head, check) = digits.split_at(8);
    fits((number(head) % 97).saturating_add(number(check)) == 97)
}

fn bulgaria(rest: &str) -> Verdict {
    if let Some(digits) = digits::<9>(rest) {
        let first = weighted(&digits, &[1, 2, 3, 4, 5, 6, 7, 8]) % 11;
        let second = weighted(&digits, &[3, 4, 5, 6, 7, 8, 9, 10]) % 11 % 10;
        return fits(digits[8] == if first == 10 { second } else { first });
    }
    let Some(digits) = digits::<10>(rest) else { return Verdict::WrongForm };
    let person = weighted(&digits, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
    let foreigner = weighted(&digits, &[21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10;
    // 11 less the remainder: 11 stands for 0, and 10 for no number at all.
    let other = match weighted(&digits, &[4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11 {
        0 => Some(0),
        1 => None,
        remainder => 11_u32.checked_sub(remainder),
    };
    fits(digits[9] == person || digits[9] == foreigner || Some(digits[9]) == other)
}

fn cyprus(rest: &str) -> Verdict {
    let Some((head, letter)) = rest.split_at_checked(8) else { return Verdict::WrongForm };
    let (Some(digits), &[letter @ b'A'..=b'Z']) = (digits::<8>(head), letter.as_bytes()) else {
        return Verdict::WrongForm;
    };
    if digits.starts_with(&[1, 2]) {
        return Verdict::WrongForm;
    }
    let mut sum = 0_u32;
    for (place, digit) in digits.iter().enumerate() {
        let odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21].get(*digit as usize).copied().unwrap_or(0);
        sum = sum.saturating_add(if place % 2 == 0 { odd } else { *digit });
    }
    fits(place_in("ABCDEFGHIJKLMNOPQRSTUVWXYZ", letter) == Some(sum % 26))
}

fn czechia(rest: &str) -> Verdict {
    if let Some(digits) = digits::<8>(rest) {
        if digits[0] == 9 {
            return Verdict::WrongForm;
        }
        let check = match weighted(&digits, &[8, 7, 6, 5, 4, 3, 2]) % 11 {
            0 => 1,
            1 => 0,
            remainder => 11_u32.saturating_sub(remainder),
        };
        return fits(digits[7] == check);
    }
    if let Some(digits) = digits::<9>(rest) {
        if digits[0] == 6 {
            let sum = weighted(&digits[1..], &[8, 7, 6, 5, 4, 3, 2]) % 11;
            // 8 - ((10 - sum) mod 11), where -1 stands for 9
            let check = 18_u32.saturating_sub(21_u32.saturating_sub(sum) % 11) % 10;
            return fits(digits[8] == check);
        }
        // A person born before 1954: a date and three digits that nothing checks.
        return if is_birthday(&digits) { Verdict::Right } else { Verdict::WrongForm };
    }
    let Some(digits) = digits::<10>(rest).filter(|digits| is_birthday(digits)) else { return Verdict::WrongForm };
    fits(u64::from(digits[9]) == number(&digits[..9]) % 11 % 10)
}

/// Whether a Czech personal number begins with a day of birth: women have 50 more in the month, full series 20 more; those
/// born before 1954 have nine digits.
fn is_birthday(digits: &[u32]) -> bool {
    let year = number(digits.get(..2).unwrap_or_default()).saturating_add(1900);
    let year = match digits.len() {
        9 if year >= 1980 => year.saturating_sub(100),
        9 if year >= 1954 => return false,
        10 if year < 1954 => year.saturating_add(100),
        _ => year,
    };
    let month = number(digits.get(2..4).unwrap_or_default()) % 50 % 20;
    let day = number(digits.get(4..6).unwrap_or_default());
    let (Ok(year), Ok(month), Ok(day)) = (u16::try_from(year), u8::try_from(month), u8::try_from(day)) else {
        return false;
    };
    crate::time::CivilDate::try_new(year, month, day).is_ok()
}

fn germany(rest: &str) -> Verdict {
    let Some(digits) = digits::<9>(rest).filter(|digits| digits[0] != 0) else { return Verdict::WrongForm };
    fits(mod_11_10(&digits))
}

fn denmark(rest: &str) -> Verdict {
    let Some(digits) = digits::<8>(rest).filter(|digits| digits[0] != 0) else { return Verdict::WrongForm };
    fits(weighted(&digits, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11))
}

fn estonia(rest: &str) -> Verdict {
    let Some(digits) = digits::<9>(rest) else { return Verdict::WrongForm };
    fits(weighted(&digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10))
}

fn greece(rest: &str) -> Verdict {
    let Some(digits) = digits::<9>(rest) else { return Verdict::WrongForm };
    fits(weighted(&digits, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == digits[8])
}

fn spain(rest: &str) -> Verdict {
    /// The letter of a person's number.
    fn letter_of(number: u64) -> Option<u8> {
        let place = usize::try_from(number % 23).ok()?;
        b"TRWAGMYFPDXBNJZSQVHLCKE".get(place).copied()
    }
    let &[first, .., last] = rest.as_bytes() else { return Verdict::WrongForm };
    let Some(middle) = rest.get(1..rest.len().saturating_sub(1)).and_then(digits::<7>) else {
        return Verdict::WrongForm;
    };
    match first {
        b'0'..=b'9' | b'X' | b'Y' | b'Z' if last.is_ascii_uppercase() => {
            // X, Y and Z of foreigners count as 0, 1 and 2.
            let leading = if first.is_ascii_digit() { first.wrapping_sub(b'0') } else { first.wrapping_sub(b'X') };
            let number = u64::from(leading).saturating_mul(10_000_000).saturating_add(number(&middle));
            fits(letter_of(number) == Some(last))
        }
        b'K' | b'L' | b'M' if last.is_ascii_uppercase() => fits(letter_of(number(&middle)) == Some(last)),
        b'A'..=b'H' | b'J' | b'N' | b'P'..=b'S' | b'U' | b'V' | b'W' => {
            // A company's check is a digit or the letter in its place; which kind has which is told differently.
            let check = (0..10).find(|check| luhn(&[&middle[..], &[*check]].concat()));
            let digit = place_in("0123456789", last).or_else(|| place_in("JABCDEFGHI", last));
            if digit.is_none() { Verdict::WrongForm } else { fits(digit == check) }
        }
        _ => Verdict::WrongForm,
    }
}

fn finland(rest: &str) -> Verdict {
    let Some(digits) = digits::<8>(rest) else { return Verdict::WrongForm };
    fits(weighted(&digits, &[7, 9, 10, 5, 8, 4, 2, 1]).is_multiple_of(11))
}

fn france(rest: &str) -> Verdict {
    // No I and no O.
    const KEYS: &str = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let Some((key, siren)) = rest.split_at_checked(2) else { return Verdict::WrongForm };
    let &[first, second] = key.as_bytes() else { return Verdict::WrongForm };
    let (Some(one), Some(two), Some(siren)) = (place_in(KEYS, first), place_in(KEYS, second), digits::<9>(siren))
    else {
        return Verdict::WrongForm;
    };
    // Those of Monaco begin with 000 and are no numbers of the register of companies.
    if !siren.starts_with(&[0, 0, 0]) && !luhn(&siren) {
        return Verdict::WrongChecksum;
    }
    let siren = number(&siren);
    if first.is_ascii_digit() && second.is_ascii_digit() {
        let check = siren.saturating_mul(100).saturating_add(12) % 97;
        return fits(u64::from(one.saturating_mul(10).saturating_add(two)) == check);
    }
    let key = if first.is_ascii_digit() {
        one.saturating_mul(24).saturating_add(two).checked_sub(10)
    } else {
        one.saturating_mul(34).saturating_add(two).checked_sub(100)
    };
    let Some(key) = key.map(u64::from) else { return Verdict::WrongChecksum };
    fits(siren.saturating_add(1).saturating_add(key / 11) % 11 == key % 11)
}

fn croatia(rest: &str) -> Verdict {
    let Some(digits) = digits::<11>(rest) else { return Verdict::WrongForm };
    fits(mod_11_10(&digits))
}

fn hungary(rest: &str) -> Verdict {
    let Some(digits) = digits::<8>(rest) else { return Verdict::WrongForm };
    fits(weighted(&digits, &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10))
}

fn ireland(rest: &str) -> Verdict {
    const LETTERS: &str = "WABCDEFGHIJKLMNOPQRSTUV";
    let Some((head, letters)) = rest.split_at_checked(7) else { return Verdict::WrongForm };
    let (check, extra) = match *letters.as_bytes() {
        [check] => (check, Some(0)),
        [check, second] => (check, place_in(LETTERS, second)),
        _ => return Verdict::WrongForm,
    };
    let (Some(check), Some(extra)) = (place_in(LETTERS, check), extra) else { return Verdict::WrongForm };
    let digits = match (digits::<7>(head), head.as_bytes()) {
        (Some(digits), _) => digits,
        // The old form: a digit, a letter or sign, five digits. The first digit counts as the last, and 0 goes before.
        (None, [first @ b'0'..=b'9', b'A'..=b'Z' | b'+' | b'*', ..]) => {
            let five = head.get(2..).unwrap_or_default();
            let Some(digits) = digits::<7>(&format!("0{five}{}", char::from(*first))) else {
                return Verdict::WrongForm;
            };
            digits
        }
        (None, _) => return Verdict::WrongForm,
    };
    let sum = weighted(&digits, &[8, 7, 6, 5, 4, 3, 2]).saturating_add(extra.saturating_mul(9));
    fits(sum % 23 == check)
}

fn italy(rest: &str) -> Verdict {
    let Some(digits) = digits::<11>(rest).filter(|digits| number(&digits[..7]) != 0) else { return Verdict::WrongForm };
    // The office that gave it: 001 to 100, and a few more.
    if !matches!(number(&digits[7..10]), 1..=100 | 120 | 121 | 888 | 999) {
        return Verdict::WrongForm;
    }
    fits(luhn(&digits))
}

fn lithuania(rest: &str) -> Verdict {
    fn right(digits: &[u32]) -> bool {
        let [head @ .., before_last, last] = digits else { return false };
        let sum = |shift: usize| {
            let digits = head.iter().chain([before_last]).enumerate();
            let products = digits.map(|(place, digit)| {
                let weight = place.saturating_add(shift) % 9;
                digit.saturating_mul(u32::try_from(weight).unwrap_or(0).saturating_add(1))
            });
            products.fold(0, u32::saturating_add) % 11
        };
        let check = if sum(0) == 10 { sum(2) % 10 } else { sum(0) };
        *last == check
    }
    // The digit before the last is 1.
    match (digits::<9>(rest), digits::<12>(rest)) {
        (Some(digits), _) if digits[7] == 1 => fits(right(&digits)),
        (_, Some(digits)) if digits[10] == 1 => fits(right(&digits)),
        (_, _) => Verdict::WrongForm,
    }
}

fn luxembourg(rest: &str) -> Verdict {
    let Some(digits) = digits::<8>(rest) else { return Verdict::WrongForm };
    let (head, check) = digits.split_at(6);
    fits(number(head) % 89 == number(check))
}

fn latvia(rest: &str) -> Verdict {
    let Some(digits) = digits::<11>(rest) else { return Verdict::WrongForm };
    if digits[0] > 3 {
        return fits(weighted(&digits, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3);
    }
    let person = weighted(&digits, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9]).saturating_add(1);
    fits(person % 11 % 10 == digits[10])
}

fn malta(rest: &str) -> Verdict {
    let Some(digits) = digits::<8>(rest).filter(|digits| digits[0] != 0) else { return Verdict::WrongForm };
    fits(weighted(&digits, &[3, 4, 6, 7, 8, 9, 10, 1]).is_multiple_of(37))
}

fn netherlands(rest: &str) -> Verdict {
    let Some((head, tail)) = rest.split_at_checked(9) else { return Verdict::WrongForm };
    let (Some(head), Some(tail)) = (digits::<9>(head), tail.strip_prefix('B').and_then(digits::<2>)) else {
        return Verdict::WrongForm;
    };
    // Companies: the ninth digit checks eight. People since 2020: all of NL…B.. is 1 modulo 97, letters as 10 to 35.
    let company = number(&head) != 0 && weighted(&head, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == head[8];
    if number(&tail) == 0 {
        return Verdict::WrongForm;
    }
    let letters = 2_321_u64; // N is 23, L is 21
    let whole = letters.saturating_mul(1_000_000_000).saturating_add(number(&head)); // NL and nine digits
    let whole = whole.saturating_mul(10_000).saturating_add(1_100).saturating_add(number(&tail)); // B is 11
    fits(company || whole % 97 == 1)
}

fn poland(rest: &str) -> Verdict {
    let Some(digits) = digits::<10>(rest) else { return Verdict::WrongForm };
    fits(weighted(&digits, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == digits[9])
}

fn portugal(rest: &str) -> Verdict {
    let Some(digits) = digits::<9>(rest).filter(|digits| digits[0] != 0) else { return Verdict::WrongForm };
    let remainder = weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    fits(11_u32.saturating_sub(remainder) % 11 % 10 == digits[8])
}

fn romania(rest: &str) -> Verdict {
    if !(2..=10).contains(&rest.len()) || rest.starts_with('0') {
        return Verdict::WrongForm;
    }
    let Some(digits) = digits::<10>(&format!("{rest:0>10}")) else { return Verdict::WrongForm };
    let sum = weighted(&digits, &[7, 5, 3, 2, 1, 7, 5, 3, 2]);
    fits(sum.saturating_mul(10) % 11 % 10 == digits[9])
}

fn sweden(rest: &str) -> Verdict {
    // The last two count the registrations of one company: 01 for nearly all.
    let Some(digits) = digits::<12>(rest).filter(|digits| number(&digits[10..]) != 0) else {
        return Verdict::WrongForm;
    };
    fits(luhn(&digits[..10]))
}

fn slovenia(rest: &str) -> Verdict {
    let Some(digits) = digits::<8>(rest).filter(|digits| digits[0] != 0) else { return Verdict::WrongForm };
    let check = match weighted(&digits, &[8, 7, 6, 5, 4, 3, 2]) % 11 {
        0 => None,
        1 => Some(0),
        remainder => 11_u32.checked_sub(remainder),
    };
    fits(Some(digits[7]) == check)
}

fn slovakia(rest: &str) -> Verdict {
    let digits = digits::<10>(rest).filter(|digits| digits[0] != 0 && matches!(digits[2], 2..=4 | 7..=9));
    let Some(digits) = digits else { return Verdict::WrongForm };
    fits(number(&digits).is_multiple_of(11))
}

/// As in Great Britain: 97 is taken from the weighted sum until it is 0, or 42 where numbers begin at 100.
fn northern_ireland(rest: &str) -> Verdict {
    if let Some(office) = rest.strip_prefix("GD").or_else(|| rest.strip_prefix("HA")) {
        let Some(office) = digits::<3>(office) else { return Verdict::WrongForm };
        return if (number(&office) < 500) == rest.starts_with("GD") { Verdict::Right } else { Verdict::WrongForm };
    }
    // With twelve, the last three are a branch.
    let company = if rest.len() == 12 && digits::<12>(rest).is_some() { rest.get(..9) } else { Some(rest) };
    let Some(digits) = company.and_then(digits::<9>) else { return Verdict::WrongForm };
    let remainder = weighted(&digits, &[8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
    fits(remainder == 0 || number(&digits[..3]) >= 100 && matches!(remainder, 42 | 55))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Real numbers, or such as the tax offices print: none was made by the rules above.
    #[test]
    fn numbers_of_every_member_state_are_right() {
        let numbers = [
            "ATU13585627",
            "BE0428759497",
            "BG175074752",
            "CY10259033P",
            "CZ25123891",
            "DE136695976",
            "DK13585628",
            "EE100931558",
            "EL094259216",
            "ESJ99216582",
            "ES54362315K",
            "ESX5253868R",
            "FI20774740",
            "FR40303265045",
            "FRK7399859412",
            "HR33392005961",
            "HU12892312",
            "IE6433435F",
            "IE6433435OA",
            "IE8D79739I",
            "IT00743110157",
            "LT119511515",
            "LT100001919017",
            "LU15027442",
            "LV40003521600",
            "LV16117519997",
            "MT11679112",
            "NL004495445B01",
            "PL8567346215",
            "PT501964843",
            "RO18547290",
            "SE123456789701",
            "SI50223054",
            "SK2022749619",
            "XI980780684",
        ];
        for number in numbers {
            assert_eq!(VatNumber::parse(number).map(|number| number.to_string()).as_deref(), Ok(number));
        }
        let prefixes: std::collections::BTreeSet<&str> = numbers.iter().map(|number| &number[..2]).collect();
        assert_eq!(prefixes.len(), 28);
        for rule in RULES {
            assert!(VatNumber::parse(rule.example).is_ok(), "{}", rule.example);
        }
    }

    /// Every check of today's numbers finds one wrong digit, whichever it is.
    #[test]
    fn a_mistyped_digit_is_found() {
        for rule in RULES {
            let mut found = 0;
            for (place, letter) in
                rule.example.bytes().enumerate().skip(2).filter(|(_, letter)| letter.is_ascii_digit())
            {
                let mut typed = rule.example.as_bytes().to_vec();
                typed[place] = if letter == b'9' { b'0' } else { letter + 1 };
                found += usize::from(VatNumber::parse(std::str::from_utf8(&typed).unwrap()).is_err());
            }
            // A Swedish number's last two digits count, they check nothing; nor do a Dutch company's.
            let unchecked = if matches!(rule.prefix, "SE" | "NL") { 2 } else { 0 };
            let digits = rule.example.bytes().filter(u8::is_ascii_digit).count();
            assert_eq!(found, digits - unchecked, "{}", rule.prefix);
        }
    }

    #[test]
    fn as_people_write_them() {
        let check = |typed: &str, number: &str, country: &str| {
            let found = VatNumber::parse(typed).unwrap();
            assert_eq!((found.as_str(), found.country().to_string().as_str()), (number, country));
        };
        check(" de 136.695.976 ", "DE136695976", "DE");
        check("GR 094259216", "EL094259216", "GR");
        check("el-094259216", "EL094259216", "GR");
        check("be 0428.759.497", "BE0428759497", "BE");
        check("XI 980 7806 84", "XI980780684", "GB");
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_do() {
        let check = |typed: &str, sentence: &str| {
            assert_eq!(VatNumber::parse(typed).unwrap_err().to_string(), sentence);
        };
        check(
            "DE13669597",
            "a German VAT number is DE and nine digits, such as DE136695976; this one has eight digits",
        );
        check("DE", "a German VAT number is DE and nine digits, such as DE136695976; this one has nothing after DE");
        check(
            "DE13669597X",
            "a German VAT number is DE and nine digits, such as DE136695976; this one is DE and \"13669597X\"",
        );
        check("DEé", "a German VAT number is DE and nine digits, such as DE136695976; this one is DE and \"é\"");
        check(
            "DE136695978",
            "DE136695978 has the form of a German VAT number, but its check digits do not fit the others; compare it with \
             the original, one of them is mistyped (a right one is DE136695976)",
        );
        check(
            "CHE-123.456.788",
            "an EU VAT number begins with the two letters of a member state, such as DE (EL for Greece); this one begins \
             with \"CH\"",
        );
        check(
            "GB980780684",
            "a British number is no EU VAT number, but for Northern Ireland's, which begin with XI; leave the field empty",
        );
        check("", "there is no number; write one such as DE136695976, or leave the field empty");
    }
}
