//! Credit (R17): grants by hand, gifts of the catalogue, grants that come again, what each has paid for, and what is said before one lapses.

mod expiring;
mod give;
mod history;
mod place;
mod recur;

pub use give::{NewGift, NewGrant};
pub use history::{CreditFacts, CreditLine, RecurringFacts};
pub use recur::Recurrence;

pub(crate) use expiring::tell_expiring;
pub(crate) use give::{give, give_as};
pub(crate) use recur::give_due;
