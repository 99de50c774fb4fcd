//! What the tests of several files here begin with.

use super::{Nature, Row};
use crate::money::{Currency, Money};
use crate::time::CivilDate;

pub(super) fn euros(amount: &str) -> Money {
    Money::parse_amount(amount, Currency::EUR).unwrap()
}

/// Money that came in, on a day of August.
pub(super) fn row(amount: &str, name: &str, iban: &str, text: &str) -> Row {
    Row {
        line: 1,
        name: name.to_owned(),
        iban: iban.to_owned(),
        text: text.to_owned(),
        ..Row::bare(CivilDate::parse("2026-08-18").unwrap(), euros(amount), Nature::Transfer)
    }
}
