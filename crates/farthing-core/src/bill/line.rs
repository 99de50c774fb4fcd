//! One line of a bill, before it is brought to whole minor units.

use super::Used;
use crate::config::Name;
use crate::money::Money;
use crate::tax::Assessment;
use crate::time::CivilDate;

/// What somebody pays for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillLine {
    /// For people.
    pub text: String,
    pub product: Name,
    /// The days it was supplied, where it has some.
    pub service: Option<ServicePeriod>,
    /// For people: "744 h", "1,204 GB".
    pub quantity: Option<String>,
    pub category: Option<Name>,
    /// Net or gross as the prices are, to the unit.
    pub amount: Money,
    /// Frozen with the line, because a correction bears the rate of its own period.
    pub tax: Assessment,
    pub origin: Origin,
    /// Of what was used: what it cost and what has paid of it, be it billed or not.
    pub used: Option<Used>,
}

/// From one day to another, both served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServicePeriod {
    first: CivilDate,
    last: CivilDate,
}

/// Where the amount stands in the ledger until the bill is issued: the account that issuing it credits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Used and accrued, to the unit: `unbilled`. Only these lines meet `carry`.
    Accrued,
    /// Sold in advance and earned later: `deferred/O`, of the whole minor units that are billed.
    Advance(String),
    /// A late fee (R56): `late-fees`.
    LateFee(String),
    /// Credit added by a top-up (R29): cash, which the posting of the payment books, so issuing the bill books nothing.
    TopUp,
    /// The due of the bill of this number, which was rolled into this one (R20): `receivable/next`. It bears no second tax.
    BroughtForward(String),
}

impl ServicePeriod {
    /// None where the last day comes before the first.
    pub fn try_new(first: CivilDate, last: CivilDate) -> Option<ServicePeriod> {
        (first <= last).then_some(ServicePeriod { first, last })
    }

    pub const fn first(self) -> CivilDate {
        self.first
    }

    pub const fn last(self) -> CivilDate {
        self.last
    }
}

impl BillLine {
    /// Whether it is in a tax group, be its rate zero.
    pub const fn is_taxable(&self) -> bool {
        match self.origin {
            Origin::Accrued | Origin::Advance(_) | Origin::LateFee(_) | Origin::TopUp => true,
            Origin::BroughtForward(_) => false,
        }
    }
}
