//! Why money is thought to be somebody's, in a sentence that a person can check.

use super::super::Reference;
use crate::money::Money;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its code was written without a slip.
    Reference { reference: Reference, fit: Fit },
    /// Bills of it were named.
    Named { numbers: Vec<String>, difference: Difference, witness: Option<Witness> },
    /// Its code was written with a slip.
    Mended { reference: Reference, witness: Option<Witness> },
    /// It came from where this account's money came from before.
    KnownBank { times: u32, witness: Option<Witness> },
    /// The sender is called as this account is.
    Name { name: String, fit: Fit },
}

/// What agrees with a clue that would not be enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witness {
    KnownBank,
    Name,
    /// And nobody else owes that.
    Amount(Fit),
}

/// Which bills the amount fits to the cent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    None,
    /// By their numbers.
    Bills(Vec<String>),
}

/// Between the money and what is owed on the bills that were named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    None,
    Short(Money),
    Over(Money),
    /// The bills are paid already.
    Paid,
    /// Of another currency.
    Unclear,
}

impl fmt::Display for Why {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Reference { reference, fit } => {
                write!(out, "the reference {reference} is this account's{}", Tail(fit))
            }
            Why::Named { numbers, difference, witness } => {
                let bills = if numbers.len() == 1 { "bill" } else { "bills" };
                write!(out, "{bills} {} named", listed(numbers))?;
                match difference {
                    Difference::None => out.write_str(", amount fits")?,
                    Difference::Short(by) => write!(out, ", amount {by} short")?,
                    Difference::Over(by) => write!(out, ", amount {by} over")?,
                    Difference::Paid => out.write_str(", already paid")?,
                    Difference::Unclear => out.write_str(", in another currency")?,
                }
                match witness {
                    // That it fits is said already.
                    None | Some(Witness::Amount(_)) => Ok(()),
                    Some(witness) => write!(out, "; {witness}"),
                }
            }
            Why::Mended { reference, witness } => {
                write!(out, "the reference, with a slip in it, reads {reference}, which is this account's")?;
                witness.iter().try_for_each(|witness| write!(out, "; {witness}"))
            }
            Why::KnownBank { times, witness } => {
                let times = if *times == 1 { "once".to_owned() } else { format!("{times} times") };
                write!(out, "sent from a bank account that paid for this account {times}")?;
                witness.iter().try_for_each(|witness| write!(out, "; {witness}"))
            }
            Why::Name { name, fit } => write!(out, "the sender {name} is called much like this account{}", Tail(fit)),
        }
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Witness::KnownBank => out.write_str("sent from its known bank account"),
            Witness::Name => out.write_str("the sender has its name"),
            Witness::Amount(fit) => write!(out, "{fit}"),
        }
    }
}

impl fmt::Display for Fit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fit::None => out.write_str("amount fits no bill"),
            Fit::Bills(numbers) if numbers.len() == 1 => write!(out, "amount fits bill {}", listed(numbers)),
            Fit::Bills(numbers) => write!(out, "amount fits bills {} together", listed(numbers)),
        }
    }
}

/// Behind the first half of a sentence, where there is something to say.
struct Tail<'f>(&'f Fit);

impl fmt::Display for Tail<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Fit::None => Ok(()),
            fit @ Fit::Bills(_) => write!(out, "; {fit}"),
        }
    }
}

fn listed(numbers: &[String]) -> String {
    match numbers {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        one => one.concat(),
    }
}
