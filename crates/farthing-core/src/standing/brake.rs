//! The brake: when more is suspended or deleted than a day usually sees, nothing is destroyed until a person has looked. It is a price list
//! that was wrong, or a clock, far more often than it is a thousand customers who left in one night.

use crate::policy::Brake;

/// What a cloud's last 24 hours saw, and what they usually see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lately {
    pub accounts: i64,
    /// Accounts that were suspended.
    pub suspended: i64,
    /// Deletions that fell due.
    pub deletions: i64,
    /// Deletions of the 30 days before.
    pub deletions_before: i64,
}

/// How much is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub suspended: i64,
    /// Billionths of a percent of all accounts.
    pub suspended_percent: i64,
    pub deletions: i64,
    pub deletions_times_mean: i64,
}

impl Limits {
    pub fn of(policy: &Brake) -> Limits {
        Limits {
            suspended: count(policy.suspended_accounts.0),
            suspended_percent: i64::try_from(policy.suspended_percent.billionths()).unwrap_or(i64::MAX),
            deletions: count(policy.deletions.0),
            deletions_times_mean: count(policy.deletions_times_mean.0),
        }
    }
}

fn count(of: u32) -> i64 {
    i64::from(of)
}

/// What is too much; none: it is a day as any other.
pub fn exceeded(limits: &Limits, lately: &Lately) -> Option<String> {
    let part =
        i128::from(lately.accounts).saturating_mul(i128::from(limits.suspended_percent)).checked_div(100_000_000_000);
    let part = part.and_then(|part| i64::try_from(part).ok()).unwrap_or(0);
    let most = limits.suspended.max(part);
    if lately.suspended > most {
        return Some(format!("{} accounts were suspended in 24 hours, and {most} are usual", lately.suspended));
    }
    let times = lately.deletions_before.saturating_mul(limits.deletions_times_mean).checked_div(30).unwrap_or(0);
    let most = limits.deletions.max(times);
    (lately.deletions > most)
        .then(|| format!("{} deletions fell due in 24 hours, and {most} are usual", lately.deletions))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits =
        Limits { suspended: 5, suspended_percent: 2_000_000_000, deletions: 3, deletions_times_mean: 3 };

    /// More than max(5 accounts, 2%) suspended, or more than max(3, 3 x the daily mean of 30 days) deletions.
    #[test]
    fn the_larger_of_a_number_and_a_part_is_usual() {
        let lately = |accounts, suspended, deletions, before| Lately {
            accounts,
            suspended,
            deletions,
            deletions_before: before,
        };
        assert_eq!(exceeded(&LIMITS, &lately(10, 5, 3, 0)), None);
        assert!(exceeded(&LIMITS, &lately(10, 6, 0, 0)).unwrap().starts_with("6 accounts"));
        assert_eq!(exceeded(&LIMITS, &lately(1_000, 20, 0, 0)), None, "2% of a thousand");
        assert!(exceeded(&LIMITS, &lately(1_000, 21, 0, 0)).is_some());
        assert!(exceeded(&LIMITS, &lately(10, 0, 4, 0)).unwrap().starts_with("4 deletions"));
        assert_eq!(exceeded(&LIMITS, &lately(10, 0, 6, 60)), None, "three times two a day");
        assert!(exceeded(&LIMITS, &lately(10, 0, 7, 60)).is_some());
    }
}
