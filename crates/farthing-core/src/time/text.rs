//! Reading short texts left to right, so that every refusal can say at which character it stopped.
//!
//! All our formats are ASCII: a character is consumed only when it is an expected ASCII one, so bytes consumed are
//! characters consumed.

use super::ParseError;

/// What is being read, and how it should be written: the fixed words of its errors.
#[derive(Clone, Copy)]
pub(super) struct Format {
    pub(super) what: &'static str,
    pub(super) remedy: &'static str,
}

pub(super) struct Scanner<'a> {
    format: Format,
    text: &'a str,
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(format: Format, text: &'a str) -> Scanner<'a> {
        Scanner { format, text, rest: text }
    }

    pub(super) fn consumed(&self) -> usize {
        self.text.len().saturating_sub(self.rest.len())
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Takes the next character if it is one of these.
    pub(super) fn take(&mut self, wanted: &[char]) -> Option<char> {
        debug_assert!(wanted.iter().all(char::is_ascii));
        let found = self.rest.chars().next().filter(|next| wanted.contains(next))?;
        self.rest = self.rest.strip_prefix(found).unwrap_or_default();
        Some(found)
    }

    pub(super) fn expect(&mut self, wanted: &[char]) -> Result<char, ParseError> {
        match self.take(wanted) {
            Some(found) => Ok(found),
            None => Err(self.stopped(&format!("expected {:?}", wanted.iter().collect::<String>()))),
        }
    }

    /// Exactly `count` digits; few enough that a `u32` holds them.
    pub(super) fn digits(&mut self, count: usize, name: &str) -> Result<u32, ParseError> {
        debug_assert!(count <= 9);
        let digits: &str = self.rest.get(..count).unwrap_or_default();
        match digits.parse() {
            Ok(number) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.rest = self.rest.get(count..).unwrap_or_default();
                Ok(number)
            }
            _ => Err(self.stopped(&format!("expected the {name} as {count} digits"))),
        }
    }

    /// As many digits as there are, at least one.
    pub(super) fn digit_run(&mut self, name: &str) -> Result<&'a str, ParseError> {
        let after = self.rest.trim_start_matches(|next: char| next.is_ascii_digit());
        let run = self.rest.strip_suffix(after).unwrap_or_default();
        if run.is_empty() {
            return Err(self.stopped(&format!("expected the {name} as digits")));
        }
        self.rest = after;
        Ok(run)
    }

    pub(super) fn end(&self) -> Result<(), ParseError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.stopped("expected nothing more")) }
    }

    /// Refuses at the next unread character.
    pub(super) fn stopped(&self, expected: &str) -> ParseError {
        let problem = match self.rest.chars().next() {
            Some(next) => format!("{expected}, found {next:?}"),
            None => format!("{expected}, found the end"),
        };
        self.refused_at(self.consumed(), problem)
    }

    /// Refuses what began after `consumed` characters.
    pub(super) fn refused_at(&self, consumed: usize, problem: String) -> ParseError {
        ParseError {
            what: self.format.what,
            text: self.text.to_owned(),
            character: consumed.saturating_add(1),
            problem,
            remedy: self.format.remedy,
        }
    }
}

/// A whole number and its unit, as in `90s`, `1mo`, `7wd`; `make` knows the units and says what is wrong with others.
pub(super) fn parse_quantity<T>(
    format: Format,
    text: &str,
    make: impl FnOnce(u64, &str) -> Result<T, String>,
) -> Result<T, ParseError> {
    let mut scanner = Scanner::new(format, text);
    let digits = scanner.digit_run("number")?;
    let number = digits.parse().map_err(|_| scanner.refused_at(0, "the number is too large".to_owned()))?;
    let unit = scanner.rest();
    if unit.is_empty() {
        return Err(scanner.stopped("expected a unit"));
    }
    make(number, unit).map_err(|problem| scanner.refused_at(scanner.consumed(), problem))
}
