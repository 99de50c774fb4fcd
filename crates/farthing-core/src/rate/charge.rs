//! What something costs, twice: at the list price, and after the discount.

use crate::money::{Currency, Money, MoneyError};

/// `list` is what the same use costs somebody without the percent discount; everything else, caps and minimums too, holds
/// for both. So `list - net` is what the discount has saved, and for a whole period never below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    pub list: Money,
    pub net: Money,
}

impl Charge {
    pub const fn zero(currency: Currency) -> Charge {
        Charge { list: Money::zero(currency), net: Money::zero(currency) }
    }

    pub fn discount(self) -> Result<Money, MoneyError> {
        self.list.checked_sub(self.net)
    }

    pub fn checked_add(self, other: Charge) -> Result<Charge, MoneyError> {
        Ok(Charge { list: self.list.checked_add(other.list)?, net: self.net.checked_add(other.net)? })
    }

    /// At least this much, list and net: nothing is corrected below what was waived of it.
    #[must_use]
    pub fn at_least(self, waived: Money) -> Charge {
        let most = |one: Money| if one.units() < waived.units() { waived } else { one };
        Charge { list: most(self.list), net: most(self.net) }
    }

    /// What is still to be posted where `posted` has been: it may be negative.
    pub fn checked_sub(self, posted: Charge) -> Result<Charge, MoneyError> {
        Ok(Charge { list: self.list.checked_sub(posted.list)?, net: self.net.checked_sub(posted.net)? })
    }
}
