//! The text of an id: `prefix_` and 26 characters of lower-case Crockford base32, as ULIDs write them.
//!
//! Strict both ways, so that one id has one text: no capitals, no look-alikes (`i`, `l`, `o`, `u`), no missing zeros.

use std::{error::Error, fmt};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const BODY_LENGTH: usize = 26;

/// Why a text is no id of the kind asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdParseError {
    /// An id of another kind, or no id at all (then `found` is empty).
    WrongPrefix { expected: &'static str, found: String },
    /// `found` characters after the prefix.
    WrongLength { prefix: &'static str, found: usize },
    /// `position` counts the characters of the whole text from 1.
    BadCharacter { prefix: &'static str, found: char, position: usize },
    /// 26 characters hold 130 bits; the first one is at most 7.
    TooLarge { prefix: &'static str, found: char },
}

pub(super) fn print(prefix: &str, mut value: u128) -> String {
    let mut body = ['0'; BODY_LENGTH];
    for letter in body.iter_mut().rev() {
        *letter = char::from(ALPHABET[(value & 31) as usize]);
        value >>= 5;
    }
    let mut text = String::with_capacity(prefix.len().saturating_add(1 + BODY_LENGTH));
    text.push_str(prefix);
    text.push('_');
    text.extend(body);
    text
}

pub(super) fn parse(prefix: &'static str, text: &str) -> Result<u128, IdParseError> {
    let body = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    let Some(body) = body else {
        let found = text.split_once('_').map_or("", |(found, _)| found).chars().take(PREFIX_SHOWN_MAX).collect();
        return Err(IdParseError::WrongPrefix { expected: prefix, found });
    };
    let length = body.chars().count();
    if length != BODY_LENGTH {
        return Err(IdParseError::WrongLength { prefix, found: length });
    }
    let mut value: u128 = 0;
    let first_position = prefix.len().saturating_add(2);
    for (position, letter) in (first_position..).zip(body.chars()) {
        let digit = (0_u128..).zip(ALPHABET).find(|(_, known)| char::from(**known) == letter);
        let Some((digit, _)) = digit else {
            return Err(IdParseError::BadCharacter { prefix, found: letter, position });
        };
        if position == first_position && digit > 7 {
            return Err(IdParseError::TooLarge { prefix, found: letter });
        }
        value = (value << 5) | digit;
    }
    Ok(value)
}

/// Enough to recognise any prefix of ours.
const PREFIX_SHOWN_MAX: usize = 16;

impl fmt::Display for IdParseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdParseError::WrongPrefix { expected, found } if found.is_empty() => {
                write!(out, "this is no id: one that begins with {expected}_ is expected here")
            }
            IdParseError::WrongPrefix { expected, found } => write!(
                out,
                "an id that begins with {found}_ names something else: one that begins with {expected}_ is expected \
                 here"
            ),
            IdParseError::WrongLength { prefix, found } => {
                write!(out, "{found} characters follow {prefix}_ in this id, not {BODY_LENGTH}; copy it in full")
            }
            IdParseError::BadCharacter { prefix, found, position } => write!(
                out,
                "{found:?} at character {position} of this {prefix}_ id stands in no id; digits and the lower-case \
                 letters without i, l, o, u do"
            ),
            IdParseError::TooLarge { prefix, found } => {
                write!(out, "no {prefix}_ id begins with {found:?}; the first character after the prefix is 0 to 7")
            }
        }
    }
}

impl Error for IdParseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_crockford_base32() {
        fn check(value: u128, text: &str) {
            assert_eq!(print("trf", value), text);
            assert_eq!(parse("trf", text), Ok(value));
        }
        check(0, "trf_00000000000000000000000000");
        check(31, "trf_0000000000000000000000000z");
        check(32, "trf_00000000000000000000000010");
        check(u128::MAX, "trf_7zzzzzzzzzzzzzzzzzzzzzzzzz");
        // The ULID specification's own example, 01ARZ3NDEKTSV4RRFFQ69G5FAV, in lower case.
        check(0x0156_3e3a_b5d3_d676_4c61_efb9_9302_bd5b, "trf_01arz3ndektsv4rrffq69g5fav");
    }

    #[test]
    fn refuses_whatever_it_would_not_print() {
        fn check(text: &str, error: &IdParseError, message: &str) {
            assert_eq!(parse("trf", text).as_ref(), Err(error), "{text}");
            assert_eq!(error.to_string(), message);
        }
        let wrong = |found: &str| IdParseError::WrongPrefix { expected: "trf", found: found.to_owned() };
        let no_id = "this is no id: one that begins with trf_ is expected here";
        check("", &wrong(""), no_id);
        check("01arz3ndektsv4rrffq69g5fav", &wrong(""), no_id);
        check("trf01arz3ndektsv4rrffq69g5fav", &wrong(""), no_id);
        check(
            "hold_01arz3ndektsv4rrffq69g5fav",
            &wrong("hold"),
            "an id that begins with hold_ names something else: one that begins with trf_ is expected here",
        );
        check(
            "TRF_01arz3ndektsv4rrffq69g5fav",
            &wrong("TRF"),
            "an id that begins with TRF_ names something else: one that begins with trf_ is expected here",
        );
        check(
            "trf_01arz3ndektsv4rrffq69g5fa",
            &IdParseError::WrongLength { prefix: "trf", found: 25 },
            "25 characters follow trf_ in this id, not 26; copy it in full",
        );
        check(
            "trf_01arz3ndektsv4rrffq69g5fav ",
            &IdParseError::WrongLength { prefix: "trf", found: 27 },
            "27 characters follow trf_ in this id, not 26; copy it in full",
        );
        let bad = |found, position| IdParseError::BadCharacter { prefix: "trf", found, position };
        let allowed = "stands in no id; digits and the lower-case letters without i, l, o, u do";
        check("trf_01Arz3ndektsv4rrffq69g5fav", &bad('A', 7), &format!("'A' at character 7 of this trf_ id {allowed}"));
        check(
            "trf_01arz3ndektsv4rrffq69g5fau",
            &bad('u', 30),
            &format!("'u' at character 30 of this trf_ id {allowed}"),
        );
        check("trf_ü1arz3ndektsv4rrffq69g5fav", &bad('ü', 5), &format!("'ü' at character 5 of this trf_ id {allowed}"));
        check(
            "trf_80000000000000000000000000",
            &IdParseError::TooLarge { prefix: "trf", found: '8' },
            "no trf_ id begins with '8'; the first character after the prefix is 0 to 7",
        );
    }
}
