//! What the code to scan for a SEPA transfer says (EPC069-12, version 2). Text only: who draws it is somebody else.

use super::plain_iban;
use crate::money::{Currency, Money};
use std::error::Error;
use std::fmt;

/// A transfer that a banking app fills in by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpcTransfer {
    /// Whom it is for.
    pub name: String,
    pub iban: String,
    /// May be empty: within the SEPA area the IBAN is enough.
    pub bic: String,
    /// None: the payer decides.
    pub amount: Option<Money>,
    /// What arrives with it: the reference, the number of the bill.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EpcError {
    /// A field that must say something does not, or says more than fits.
    Length {
        field: &'static str,
        characters: usize,
        least: usize,
        most: usize,
    },
    /// A line's end would begin the next field.
    Line {
        field: &'static str,
    },
    Currency(Currency),
    /// Less than a cent, more than 999,999,999.99, or parts of a cent.
    Amount(Money),
    TooLong {
        bytes: usize,
    },
}

/// A QR code of version 13 with correction M holds no more.
const BYTES_MAX: usize = 331;
const CENTS_MAX: i64 = 99_999_999_999;

impl EpcTransfer {
    /// The lines of the code, in UTF-8.
    pub fn payload(&self) -> Result<String, EpcError> {
        let (iban, bic) = (plain_iban(&self.iban), plain_iban(&self.bic));
        checked("name", &self.name, 1, 70)?;
        checked("IBAN", &iban, 15, 34)?;
        // Eight or eleven: nothing between them is a BIC, but then the bank says so.
        checked("BIC", &bic, if bic.is_empty() { 0 } else { 8 }, 11)?;
        checked("text", &self.text, 0, 140)?;
        let amount = self.amount.map(euros).transpose()?.unwrap_or_default();
        // Character set 1 is UTF-8. The purpose and the structured reference are empty: only one of the two texts may be given.
        let lines = ["BCD", "002", "1", "SCT", &bic, &self.name, &iban, &amount, "", "", &self.text];
        let payload = lines.join("\n").trim_end_matches('\n').to_owned();
        if payload.len() > BYTES_MAX { Err(EpcError::TooLong { bytes: payload.len() }) } else { Ok(payload) }
    }
}

fn checked(field: &'static str, text: &str, least: usize, most: usize) -> Result<(), EpcError> {
    if text.chars().any(char::is_control) {
        return Err(EpcError::Line { field });
    }
    let characters = text.chars().count();
    let fits = (least..=most).contains(&characters) && text.trim().chars().count() >= least;
    if fits { Ok(()) } else { Err(EpcError::Length { field, characters, least, most }) }
}

/// `EUR12.5` would do; two digits are what every app reads.
fn euros(amount: Money) -> Result<String, EpcError> {
    if amount.currency() != Currency::EUR {
        return Err(EpcError::Currency(amount.currency()));
    }
    let cents =
        amount.to_minor().ok().filter(|cents| (1..=CENTS_MAX).contains(cents)).ok_or(EpcError::Amount(amount))?;
    Ok(format!("EUR{}.{:02}", cents.div_euclid(100), cents.rem_euclid(100)))
}

impl fmt::Display for EpcError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EpcError::Length { field, characters, least, most } => {
                write!(out, "the {field} of a transfer by code has {characters} characters; it has {least} to {most}")
            }
            EpcError::Line { field } => write!(out, "the {field} of a transfer by code is written on one line"),
            EpcError::Currency(currency) => {
                write!(out, "a transfer by code is in EUR, not in {currency}; show the details of the account instead")
            }
            EpcError::Amount(amount) => {
                write!(out, "a transfer by code is 0.01 to 999999999.99 EUR in whole cents, not {amount}")
            }
            EpcError::TooLong { bytes } => write!(
                out,
                "the code for a transfer has {bytes} bytes; it has {BYTES_MAX} at the most: shorten the name or the text"
            ),
        }
    }
}

impl Error for EpcError {}

#[cfg(test)]
mod tests {
    use super::super::tests::euros;
    use super::*;

    fn transfer() -> EpcTransfer {
        EpcTransfer {
            name: "Elephant Cloud GmbH".to_owned(),
            iban: "de02 1203 0000 0000 2020 51".to_owned(),
            bic: String::new(),
            amount: Some(euros("1234.50")),
            text: "K7F-3M2Q-9XD".to_owned(),
        }
    }

    #[test]
    fn the_lines_of_a_code() {
        let payload = transfer().payload().unwrap();
        assert_eq!(
            payload,
            "BCD\n002\n1\nSCT\n\nElephant Cloud GmbH\nDE02120300000000202051\nEUR1234.50\n\n\nK7F-3M2Q-9XD"
        );
        let bare = EpcTransfer { amount: None, text: String::new(), bic: "BYLADEM1001".to_owned(), ..transfer() };
        assert_eq!(
            bare.payload().unwrap(),
            "BCD\n002\n1\nSCT\nBYLADEM1001\nElephant Cloud GmbH\nDE02120300000000202051"
        );
    }

    #[test]
    fn what_does_not_fit() {
        let check = |transfer: EpcTransfer, told: &str| assert_eq!(transfer.payload().unwrap_err().to_string(), told);
        check(
            EpcTransfer { name: "x".repeat(71), ..transfer() },
            "the name of a transfer by code has 71 characters; it has 1 to 70",
        );
        check(
            EpcTransfer { text: "a\nb".to_owned(), ..transfer() },
            "the text of a transfer by code is written on one line",
        );
        check(
            EpcTransfer { amount: Some(euros("0.001")), ..transfer() },
            "a transfer by code is 0.01 to 999999999.99 EUR in whole cents, not 0.001 EUR",
        );
        check(
            EpcTransfer { name: "ü".repeat(70), text: "ü".repeat(140), ..transfer() },
            "the code for a transfer has 472 bytes; it has 331 at the most: shorten the name or the text",
        );
        let dollars = Money::from_minor(100, Currency::USD).unwrap();
        check(
            EpcTransfer { amount: Some(dollars), ..transfer() },
            "a transfer by code is in EUR, not in USD; show the details of the account instead",
        );
    }
}
