//! International bank account numbers: read strictly, shown in groups of four.
//!
//! Owns what an IBAN looks like: its check digits, and by country its length and which places are digits. Not whether there is such an
//! account; nobody but its bank knows.

use std::error::Error;
use std::fmt;

/// An IBAN that adds up, in capitals and without spaces.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iban(String);

/// Why a text is no IBAN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadIban {
    Empty,
    /// Something that is neither a letter A to Z, nor a digit, nor a space between.
    Character {
        found: char,
    },
    /// It does not begin with a country that has IBANs, and two digits.
    Country {
        found: String,
    },
    Length {
        country: &'static str,
        expected: usize,
        found: usize,
    },
    /// A letter where the country has a digit, or the other way round. The place counts from 1, without spaces.
    Shape {
        country: &'static str,
        place: usize,
        found: char,
    },
    /// All looks right, and a digit or two are not.
    CheckDigits,
}

impl Iban {
    /// Reads it as people and programs write it: in either case, with or without spaces.
    pub fn parse(text: &str) -> Result<Iban, BadIban> {
        let compact: String =
            text.chars().filter(|char| !char.is_whitespace()).map(|char| char.to_ascii_uppercase()).collect();
        if compact.is_empty() {
            return Err(BadIban::Empty);
        }
        if let Some(found) = compact.chars().find(|char| !char.is_ascii_alphanumeric()) {
            return Err(BadIban::Character { found });
        }
        // Only ASCII is left, so that bytes are characters.
        let (country, shape) = known(&compact)?;
        let bban = compact.get(4..).unwrap_or_default();
        fits(country, shape, bban)?;
        // 00, 01 and 99 would add up as 97, 98 and 02 do, and are never given.
        let given = !["00", "01", "99"].contains(&compact.get(2..4).unwrap_or_default());
        if given && remainder(&compact) == 1 { Ok(Iban(compact)) } else { Err(BadIban::CheckDigits) }
    }

    /// With the check digits worked out: `DE` and `370400440532013000` are DE89 3704 0044 0532 0130 00.
    pub fn of(country: &str, bban: &str) -> Result<Iban, BadIban> {
        let without = format!("{country}00{bban}");
        if let Some(found) = without.chars().find(|char| !char.is_ascii_digit() && !char.is_ascii_uppercase()) {
            return Err(BadIban::Character { found });
        }
        let (country, shape) = known(&without)?;
        fits(country, shape, bban)?;
        let check = 98_u32.saturating_sub(remainder(&without));
        Ok(Iban(format!("{country}{check:02}{bban}")))
    }

    /// In capitals, without spaces, as files have it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// "DE"
    pub fn country(&self) -> &str {
        self.0.get(..2).unwrap_or_default()
    }

    /// For people: `DE89 3704 0044 0532 0130 00`.
    pub fn grouped(&self) -> String {
        let mut text = String::new();
        for (place, char) in self.0.chars().enumerate() {
            if place > 0 && place.is_multiple_of(4) {
                text.push(' ');
            }
            text.push(char);
        }
        text
    }
}

impl fmt::Display for Iban {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl fmt::Debug for Iban {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for BadIban {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadIban::Empty => write!(out, "an IBAN is missing; it begins with a country and two digits, such as DE89"),
            BadIban::Character { found } => {
                write!(out, "an IBAN cannot have {found:?} in it; write letters A to Z and digits only")
            }
            BadIban::Country { found } => {
                write!(out, "no IBAN begins with {found:?}; it begins with a country and two digits, such as DE89")
            }
            BadIban::Length { country, expected, found } => {
                write!(
                    out,
                    "an IBAN of {country} has {expected} characters and this one has {found}; look for what is missing or twice"
                )
            }
            BadIban::Shape { country, place, found } => {
                write!(out, "an IBAN of {country} cannot have {found:?} as its character {place}; look it up again")
            }
            BadIban::CheckDigits => {
                write!(out, "the check digits of the IBAN do not fit the rest; a digit is wrong or two are swapped")
            }
        }
    }
}

impl Error for BadIban {}

/// The country a compact text begins with, and what its numbers look like.
fn known(compact: &str) -> Result<(&'static str, &'static str), BadIban> {
    let head = compact.get(..4).unwrap_or(compact);
    let digits = head.get(2..4).is_some_and(|check| check.bytes().all(|byte| byte.is_ascii_digit()));
    let found = SHAPES.iter().find(|(country, _)| digits && head.starts_with(country));
    found.copied().ok_or_else(|| BadIban::Country { found: head.to_owned() })
}

fn fits(country: &'static str, shape: &str, bban: &str) -> Result<(), BadIban> {
    let places: Vec<u8> = places(shape).collect();
    if places.len() != bban.len() {
        let (expected, found) = (places.len().saturating_add(4), bban.len().saturating_add(4));
        return Err(BadIban::Length { country, expected, found });
    }
    for (at, (kind, char)) in places.into_iter().zip(bban.chars()).enumerate() {
        let right = match kind {
            b'n' => char.is_ascii_digit(),
            b'a' => char.is_ascii_uppercase(),
            _ => true,
        };
        if !right {
            return Err(BadIban::Shape { country, place: at.saturating_add(5), found: char });
        }
    }
    Ok(())
}

/// `2a3n` is a letter twice and a digit three times.
fn places(shape: &str) -> impl Iterator<Item = u8> {
    let mut count: usize = 0;
    shape.bytes().flat_map(move |byte| {
        let times = if byte.is_ascii_digit() {
            count = count.saturating_mul(10).saturating_add(usize::from(byte.saturating_sub(b'0')));
            0
        } else {
            std::mem::take(&mut count)
        };
        std::iter::repeat_n(byte, times)
    })
}

/// Modulo 97 of ISO 7064, the first four characters moved to the end and letters counted from 10.
fn remainder(compact: &str) -> u32 {
    let (head, rest) = compact.split_at_checked(4).unwrap_or((compact, ""));
    let digits = rest.chars().chain(head.chars()).filter_map(|char| char.to_digit(36));
    digits.fold(0, |sum: u32, digit| {
        let shifted = sum.saturating_mul(if digit < 10 { 10 } else { 100 });
        shifted.saturating_add(digit).checked_rem(97).unwrap_or_default()
    })
}

/// The registry of ISO 13616: what follows the check digits, n a digit, a a letter, c either.
const SHAPES: &[(&str, &str)] = &[
    ("AD", "8n12c"),
    ("AE", "19n"),
    ("AL", "8n16c"),
    ("AT", "16n"),
    ("AX", "14n"),
    ("AZ", "4a20c"),
    ("BA", "16n"),
    ("BE", "12n"),
    ("BG", "4a6n8c"),
    ("BH", "4a14c"),
    ("BI", "23n"),
    ("BL", "10n11c2n"),
    ("BR", "8c15n2c"),
    ("BY", "4c4n16c"),
    ("CH", "5n12c"),
    ("CR", "18n"),
    ("CY", "8n16c"),
    ("CZ", "20n"),
    ("DE", "18n"),
    ("DJ", "23n"),
    ("DK", "14n"),
    ("DO", "4c20n"),
    ("EE", "16n"),
    ("EG", "25n"),
    ("ES", "20n"),
    ("FI", "14n"),
    ("FK", "2a12n"),
    ("FO", "14n"),
    ("FR", "10n11c2n"),
    ("GB", "4a14n"),
    ("GE", "2a16n"),
    ("GF", "10n11c2n"),
    ("GG", "4a14n"),
    ("GI", "4a15c"),
    ("GL", "14n"),
    ("GP", "10n11c2n"),
    ("GR", "7n16c"),
    ("GT", "24c"),
    ("HN", "4a20n"),
    ("HR", "17n"),
    ("HU", "24n"),
    ("IE", "4a14n"),
    ("IL", "19n"),
    ("IM", "4a14n"),
    ("IQ", "4a15n"),
    ("IS", "22n"),
    ("IT", "1a10n12c"),
    ("JE", "4a14n"),
    ("JO", "4a4n18c"),
    ("KW", "4a22c"),
    ("KZ", "3n13c"),
    ("LB", "4n20c"),
    ("LC", "4a24c"),
    ("LI", "5n12c"),
    ("LT", "16n"),
    ("LU", "3n13c"),
    ("LV", "4a13c"),
    ("LY", "21n"),
    ("MC", "10n11c2n"),
    ("MD", "20c"),
    ("ME", "18n"),
    ("MF", "10n11c2n"),
    ("MK", "3n10c2n"),
    ("MN", "16n"),
    ("MQ", "10n11c2n"),
    ("MR", "23n"),
    ("MT", "4a5n18c"),
    ("MU", "4a19n3a"),
    ("NC", "10n11c2n"),
    ("NI", "4a20n"),
    ("NL", "4a10n"),
    ("NO", "11n"),
    ("OM", "3n16c"),
    ("PF", "10n11c2n"),
    ("PK", "4a16c"),
    ("PL", "24n"),
    ("PM", "10n11c2n"),
    ("PS", "4a21c"),
    ("PT", "21n"),
    ("QA", "4a21c"),
    ("RE", "10n11c2n"),
    ("RO", "4a16c"),
    ("RS", "18n"),
    ("RU", "14n15c"),
    ("SA", "2n18c"),
    ("SC", "4a20n3a"),
    ("SD", "14n"),
    ("SE", "20n"),
    ("SI", "15n"),
    ("SK", "20n"),
    ("SM", "1a10n12c"),
    ("SO", "19n"),
    ("ST", "21n"),
    ("SV", "4a20n"),
    ("TF", "10n11c2n"),
    ("TL", "19n"),
    ("TN", "20n"),
    ("TR", "6n16c"),
    ("UA", "6n19c"),
    ("VA", "18n"),
    ("VG", "4a16n"),
    ("WF", "10n11c2n"),
    ("XK", "16n"),
    ("YE", "4a4n18c"),
    ("YT", "10n11c2n"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_and_shown() {
        let check = |text: &str, grouped: &str, country: &str| {
            let iban = Iban::parse(text).unwrap();
            assert_eq!((iban.grouped().as_str(), iban.country()), (grouped, country));
            assert_eq!(Iban::parse(iban.as_str()), Ok(iban.clone()));
            assert_eq!(Iban::of(country, &iban.as_str()[4..]), Ok(iban));
        };
        check("DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "DE");
        check(" nl91 abna 0417 1643 00", "NL91 ABNA 0417 1643 00", "NL");
        check("FR1420041010050500013M02606", "FR14 2004 1010 0505 0001 3M02 606", "FR");
        check("MT84MALT011000012345MTLCAST001S", "MT84 MALT 0110 0001 2345 MTLC AST0 01S", "MT");
        check("NO9386011117947", "NO93 8601 1117 947", "NO");
    }

    #[test]
    fn refused_with_what_to_look_for() {
        let check = |text: &str, expected: &str| assert_eq!(Iban::parse(text).unwrap_err().to_string(), expected);
        check(" ", "an IBAN is missing; it begins with a country and two digits, such as DE89");
        check("DE89-3704", "an IBAN cannot have '-' in it; write letters A to Z and digits only");
        check("DÉ89", "an IBAN cannot have 'É' in it; write letters A to Z and digits only");
        check("XX89370400", "no IBAN begins with \"XX89\"; it begins with a country and two digits, such as DE89");
        check("DEB9370400", "no IBAN begins with \"DEB9\"; it begins with a country and two digits, such as DE89");
        check("D", "no IBAN begins with \"D\"; it begins with a country and two digits, such as DE89");
        check(
            "DE8937040044053201300",
            "an IBAN of DE has 22 characters and this one has 21; look for what is missing or twice",
        );
        check("DE8937040044O532013000", "an IBAN of DE cannot have 'O' as its character 13; look it up again");
        let swapped = "the check digits of the IBAN do not fit the rest; a digit is wrong or two are swapped";
        check("DE89370400440532031000", swapped);
        check("DE88370400440532013000", swapped);
    }

    #[test]
    fn every_wrong_digit_is_found() {
        let good = "DE89370400440532013000";
        for place in 2..good.len() {
            for digit in "0123456789".chars() {
                let mut text: Vec<char> = good.chars().collect();
                text[place] = digit;
                let text: String = text.into_iter().collect();
                assert_eq!(Iban::parse(&text).is_ok(), text == good, "{text}");
            }
        }
    }
}
