//! Spend limits: how much an account or a project of it may cost, in a calendar month and by the hour. They stop what asks, never what
//! happened.

/// What was set; none: there is no such limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpendLimits {
    /// In a calendar month of the account's zone.
    pub month: Option<i64>,
    /// What everything that runs may cost together in an hour.
    pub hour: Option<i64>,
}

/// What has been spent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// This month: charged, accrued, captured, and promised to holds.
    pub month: i64,
    /// In the next hour, as things run now.
    pub per_hour: i64,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asks {
    /// At once. A start asks for its first hour.
    pub amount: i64,
    /// And by the hour from now on.
    pub per_hour: i64,
}

/// Which limit says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitPassed {
    Month { limit: i64, spent: i64, asked: i64 },
    Hour { limit: i64, spent: i64, asked: i64 },
}

impl SpendLimits {
    pub fn is_none(&self) -> bool {
        self.month.is_none() && self.hour.is_none()
    }

    /// The first limit that what is asked would pass; exactly the limit is within it. Where nothing is left of the month, nothing begins,
    /// though its price may not be known.
    pub fn passed(&self, spent: &Spent, asks: &Asks) -> Option<LimitPassed> {
        if let Some(limit) = self.month {
            let asked = asks.amount;
            let after = i128::from(spent.month).saturating_add(i128::from(asked));
            if after > i128::from(limit) || (asked == 0 && spent.month >= limit) {
                return Some(LimitPassed::Month { limit, spent: spent.month, asked });
            }
        }
        let (limit, asked) = (self.hour?, asks.per_hour);
        let after = i128::from(spent.per_hour).saturating_add(i128::from(asked));
        (asked > 0 && after > i128::from(limit)).then_some(LimitPassed::Hour { limit, spent: spent.per_hour, asked })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_limit_is_within_it() {
        let limits = SpendLimits { month: Some(1_000), hour: Some(100) };
        let passed = |month, per_hour, amount, asks_per_hour| {
            limits.passed(&Spent { month, per_hour }, &Asks { amount, per_hour: asks_per_hour })
        };
        assert_eq!(passed(900, 50, 100, 50), None);
        assert_eq!(passed(901, 50, 100, 50), Some(LimitPassed::Month { limit: 1_000, spent: 901, asked: 100 }));
        assert_eq!(passed(900, 51, 100, 50), Some(LimitPassed::Hour { limit: 100, spent: 51, asked: 50 }));
        // What costs nothing begins as long as anything is left, and not after.
        assert_eq!(passed(999, 0, 0, 0), None);
        assert_eq!(passed(1_000, 0, 0, 0), Some(LimitPassed::Month { limit: 1_000, spent: 1_000, asked: 0 }));
        // An order or an authorisation runs by no hour.
        assert_eq!(passed(0, 500, 10, 0), None);
        assert!(passed(i64::MAX, 0, i64::MAX, 0).is_some());
        assert_eq!(
            SpendLimits::default().passed(&Spent { month: 9, per_hour: 9 }, &Asks { amount: 9, per_hour: 9 }),
            None
        );
    }
}
