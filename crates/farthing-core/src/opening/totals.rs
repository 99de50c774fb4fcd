//! What became of each line of a file of opening balances, and the sums of them: they add up to the file's own.

use crate::money::{Currency, Money, MoneyError};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is booked; in a dry run: it would be.
    Accepted,
    /// It was booked before, with the same facts.
    There,
    Refused {
        /// Empty: the line as a whole.
        column: String,
        what: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub line: usize,
    pub account: String,
    /// None: it could not be read.
    pub balance: Option<Money>,
    pub credit: Option<Money>,
    pub verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    pub lines: usize,
    pub balance: Money,
    pub credit: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    pub accepted: Tally,
    pub there: Tally,
    pub refused: Tally,
    pub all: Tally,
    /// Lines whose balance could not be read: they are in no sum.
    pub unreadable: usize,
}

pub fn totals(outcomes: &[Outcome], currency: Currency) -> Result<Totals, MoneyError> {
    let nothing = Tally { lines: 0, balance: Money::zero(currency), credit: Money::zero(currency) };
    let mut totals = Totals { accepted: nothing, there: nothing, refused: nothing, all: nothing, unreadable: 0 };
    for outcome in outcomes {
        let of = match outcome.verdict {
            Verdict::Accepted => &mut totals.accepted,
            Verdict::There => &mut totals.there,
            Verdict::Refused { .. } => &mut totals.refused,
        };
        of.add(outcome)?;
        totals.all.add(outcome)?;
        totals.unreadable = totals.unreadable.saturating_add(usize::from(outcome.balance.is_none()));
    }
    Ok(totals)
}

impl Tally {
    fn add(&mut self, outcome: &Outcome) -> Result<(), MoneyError> {
        self.lines = self.lines.saturating_add(1);
        self.balance = outcome.balance.map_or(Ok(self.balance), |balance| self.balance.checked_add(balance))?;
        self.credit = outcome.credit.map_or(Ok(self.credit), |credit| self.credit.checked_add(credit))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_to_the_file() {
        let usd = Currency::parse("USD").unwrap();
        let amount = |text| Some(Money::parse_amount(text, usd).unwrap());
        let line = |balance, credit, verdict| Outcome { line: 1, account: "a".to_owned(), balance, credit, verdict };
        let refused = Verdict::Refused { column: "pay".to_owned(), what: "wrong".to_owned() };
        let outcomes = [
            line(amount("10.00"), amount("1.00"), Verdict::Accepted),
            line(amount("-4.00"), None, Verdict::There),
            line(amount("0.50"), None, refused.clone()),
            line(None, None, refused),
        ];
        let totals = totals(&outcomes, usd).unwrap();
        let told = |tally: Tally| (tally.lines, tally.balance.plain(), tally.credit.plain());
        assert_eq!(told(totals.accepted), (1, "10.00".to_owned(), "1.00".to_owned()));
        assert_eq!(told(totals.there), (1, "-4.00".to_owned(), "0.00".to_owned()));
        assert_eq!(told(totals.refused), (2, "0.50".to_owned(), "0.00".to_owned()));
        assert_eq!(told(totals.all), (4, "6.50".to_owned(), "1.00".to_owned()));
        assert_eq!(totals.unreadable, 1);
    }
}
