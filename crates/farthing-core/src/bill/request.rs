//! Invoices that a customer asks for, of what was used and paid (R62). A charge is invoiced once, and of it only what was paid: not what free
//! credit covered. A charge below zero goes with what it takes back of.

use super::Used;
use crate::config::Name;
use crate::settle::{Paid, ThingId};
use crate::time::Instant;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestState {
    /// It waits for somebody to issue it.
    Asked,
    Issued,
    Refused,
    /// Whoever asked has taken it back.
    Withdrawn,
}

/// A charge, as requests see it.
#[derive(Clone, Copy, Debug)]
pub struct Invoiceable<'a> {
    /// Its place in the account's chain.
    pub charged: i64,
    pub thing: ThingId,
    pub product: &'a Name,
    pub from: Instant,
    pub to: Instant,
    pub paid: &'a Paid,
}

/// Which charges an invoice is about, and what of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    pub charges: Vec<(i64, i64)>,
    pub exact: i64,
}

impl RequestState {
    pub const ALL: [RequestState; 4] =
        [RequestState::Asked, RequestState::Issued, RequestState::Refused, RequestState::Withdrawn];

    pub const fn word(self) -> &'static str {
        match self {
            RequestState::Asked => "asked",
            RequestState::Issued => "issued",
            RequestState::Refused => "refused",
            RequestState::Withdrawn => "withdrawn",
        }
    }

    pub fn parse(word: &str) -> Option<RequestState> {
        RequestState::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl Invoiceable<'_> {
    /// What was paid of it. Use that the balance did not reach for was paid since, or is owed: who asks sees to that.
    pub fn cash(&self) -> i64 {
        Used::of(0, 0, self.paid).balance
    }

    /// Whether what this one takes back is of that one.
    pub fn takes_back(&self, other: &Invoiceable<'_>) -> bool {
        (self.thing, self.product) == (other.thing, other.product) && self.from < other.to && other.from < self.to
    }
}

/// What an invoice of these charges is about: those that are wanted, with all that was taken back of them. `waits`: all that no invoice has.
pub fn choose(waits: &[Invoiceable<'_>], wanted: impl Fn(&Invoiceable<'_>) -> bool) -> Chosen {
    let mut chosen = Chosen::default();
    let asked: Vec<&Invoiceable<'_>> = waits.iter().filter(|charge| charge.cash() > 0 && wanted(charge)).collect();
    for charge in waits {
        let cash = charge.cash();
        let of_them = cash < 0 && asked.iter().any(|other| charge.takes_back(other));
        if of_them || asked.iter().any(|other| other.charged == charge.charged) {
            chosen.charges.push((charge.charged, cash));
            chosen.exact = chosen.exact.saturating_add(cash);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::AccountId;
    use crate::settle::Source;

    fn at(day: i64) -> Instant {
        Instant::try_from_seconds(day * 86_400).unwrap()
    }

    #[test]
    fn a_charge_goes_with_what_was_taken_back_of_it() {
        let (job, disk) = (Name::parse("job").unwrap(), Name::parse("disk").unwrap());
        let lot = AccountId(9);
        let paid: [Paid; 5] = [
            vec![(Source::Cash, 100)],
            vec![(Source::Lot(lot), 70), (Source::Cash, 30)],
            vec![(Source::Cash, -10)],
            vec![(Source::Cash, 40)],
            vec![(Source::Debt, 5)],
        ];
        let charge = |charged: i64, product, day, paid| {
            let (thing, from, to) = (ThingId(i64::from(product == &disk)), at(day), at(day + 1));
            Invoiceable { charged, thing, product, from, to, paid }
        };
        let all = [
            charge(1, &job, 0, &paid[0]),
            charge(2, &job, 1, &paid[1]),
            charge(3, &job, 0, &paid[2]), // takes back of the first
            charge(4, &disk, 0, &paid[3]),
            charge(5, &job, 2, &paid[4]),
        ];
        let first = choose(&all, |charge| charge.charged == 1);
        assert_eq!(first, Chosen { charges: vec![(1, 100), (3, -10)], exact: 90 });
        // The part that free credit paid is not invoiced; what is taken back of another day stays with it.
        let second = choose(&all, |charge| charge.charged == 2);
        assert_eq!(second, Chosen { charges: vec![(2, 30)], exact: 30 });
        assert_eq!(choose(&all, |_| true).exact, 165);
        assert_eq!(choose(&all, |charge| charge.charged == 3), Chosen::default());
    }
}
