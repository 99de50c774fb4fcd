//! Why an order cannot be written: whatever a bank would send back is refused before it goes out.

use super::characters::is_plain;
use farthing_core::bank::{Iban, Party};
use farthing_core::money::{Currency, Money};
use std::error::Error;
use std::fmt;

/// Nothing of such an order is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Empty where it is the message itself.
    pub batch: String,
    /// Empty where it is the batch itself.
    pub end_to_end: String,
    pub what: String,
    pub fix: String,
}

impl fmt::Display for Unfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.batch.is_empty() {
            write!(out, "batch {}: ", self.batch)?;
        }
        if !self.end_to_end.is_empty() {
            write!(out, "{}: ", self.end_to_end)?;
        }
        write!(out, "{}; {}", self.what, self.fix)
    }
}

impl Error for Unfit {}

/// Which batch and which order in it is looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'a> {
    pub(super) batch: &'a str,
    pub(super) end_to_end: &'a str,
}

/// The standard's longest reference.
const ID_MAX: usize = 35;
/// Cents: 999,999,999.99.
const CENTS_MAX: i64 = 99_999_999_999;

impl Place<'_> {
    pub(super) fn unfit(self, what: impl Into<String>, fix: impl Into<String>) -> Unfit {
        let (batch, end_to_end) = (self.batch.to_owned(), self.end_to_end.to_owned());
        Unfit { batch, end_to_end, what: what.into(), fix: fix.into() }
    }

    /// References come back on statements, so that they are never changed: they fit or are refused.
    pub(super) fn id(self, name: &str, id: &str) -> Result<(), Unfit> {
        let length = id.chars().count();
        if length == 0 || length > ID_MAX {
            let what = format!("{name} {id:?} has {length} characters");
            return Err(self.unfit(what, format!("give one of 1 to {ID_MAX}")));
        }
        let slashes = id.starts_with('/') || id.ends_with('/') || id.contains("//");
        if slashes || id.trim() != id || !id.chars().all(is_plain) {
            let fix = "write letters A to Z, digits and - ? : ( ) . , ' + with single slashes inside";
            return Err(self.unfit(format!("{name} {id:?} has characters that banks do not take"), fix));
        }
        Ok(())
    }

    /// Cents. SEPA is of Euros only.
    pub(super) fn cents(self, amount: Money) -> Result<i64, Unfit> {
        if amount.currency() != Currency::EUR {
            let what = format!("{amount} cannot be sent");
            return Err(self.unfit(what, "SEPA takes EUR only; choose another way for it"));
        }
        let cents = amount.to_minor().ok().filter(|cents| (1..=CENTS_MAX).contains(cents));
        cents.ok_or_else(|| {
            self.unfit(format!("{amount} cannot be sent"), "it must be whole cents, of 0.01 to 999999999.99 EUR")
        })
    }

    pub(super) fn party(self, role: &str, party: &Party) -> Result<Iban, Unfit> {
        if party.name.trim().is_empty() {
            return Err(self.unfit(format!("the {role} has no name"), "give the name of who holds the account"));
        }
        let bic = party.bic.as_bytes();
        let right = matches!(bic.len(), 8 | 11)
            && bic.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
            && bic.iter().take(6).all(u8::is_ascii_uppercase)
            && !matches!(bic.get(6), Some(b'0' | b'1'))
            && bic.get(7) != Some(&b'O');
        if !bic.is_empty() && !right {
            let what = format!("the {role}'s BIC {:?} is none", party.bic);
            return Err(self.unfit(what, "leave it out: the IBAN is enough"));
        }
        Iban::parse(&party.iban)
            .map_err(|error| self.unfit(format!("the {role}'s IBAN {:?} is none", party.iban), error.to_string()))
    }

    /// Two letters, two check digits, three of the creditor's own choice, and what its country gave it.
    pub(super) fn creditor_id(self, id: &str) -> Result<(), Unfit> {
        let shape = (8..=35).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
            && id.bytes().take(2).all(|byte| byte.is_ascii_uppercase())
            && id.bytes().skip(2).take(2).all(|byte| byte.is_ascii_digit());
        let parts = id.get(..4).zip(id.get(7..)).filter(|_| shape);
        // The creditor's own three do not count.
        let rest = parts.map(|(head, national)| {
            let digits = national.chars().chain(head.chars()).filter_map(|char| char.to_digit(36));
            digits.fold(0, |sum, digit| (sum * if digit < 10 { 10 } else { 100 } + digit) % 97)
        });
        if rest == Some(1) {
            return Ok(());
        }
        let fix = "look it up in what the central bank sent; it is like DE98ZZZ09999999999";
        Err(self.unfit(format!("the creditor identifier {id:?} is none"), fix))
    }
}
