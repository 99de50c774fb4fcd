//! What looks like misuse (R37, R54, R98): refused, or looked at by a person before anything is asked of a provider. Every decision says why.

use crate::money::Money;
use crate::policy::Risk;

/// What is known when somebody wants to pay in. Days are the last 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskFacts {
    pub amount: Money,
    /// Top-ups of the account begun in the last day, failed ones too.
    pub top_ups: i64,
    /// Their amounts, without those that failed.
    pub amounts: i64,
    /// Top-ups by the same card in the last day, whichever account they were for.
    pub by_card: i64,
    /// Failures of the account in the last hour.
    pub failures: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What it was measured by.
    Accepted(Vec<String>),
    /// A person looks first.
    Review(Vec<String>),
    Refused(Vec<String>),
}

impl Verdict {
    pub fn reasons(&self) -> &[String] {
        match self {
            Verdict::Accepted(reasons) | Verdict::Review(reasons) | Verdict::Refused(reasons) => reasons,
        }
    }
}

/// Every limit that is set is looked at, and every one that is passed is named.
pub fn judge(policy: &Risk, facts: &RiskFacts) -> Verdict {
    let (mut refused, mut review, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    let mut within = |limit: Option<i64>, with_this: i64, what: &str| {
        let Some(limit) = limit else { return };
        let said = format!("{what}: {with_this} of {limit}");
        if with_this > limit { refused.push(said) } else { kept.push(said) }
    };
    let one_more = |count: i64| count.saturating_add(1);
    within(policy.top_ups_per_day.map(|count| i64::from(count.0)), one_more(facts.top_ups), "top-ups in 24 hours");
    within(
        policy.top_ups_per_card_per_day.map(|count| i64::from(count.0)),
        one_more(facts.by_card),
        "top-ups by this card in 24 hours",
    );
    within(policy.failures_per_hour.map(|count| i64::from(count.0)), facts.failures, "failed payments in an hour");
    let currency = facts.amount.currency();
    let sum = facts.amounts.saturating_add(facts.amount.units());
    if let Some(most) = policy.amount_per_day {
        let said = format!("paid in within 24 hours: {} of {}", Money::from_units(sum, currency).plain(), most.plain());
        if sum > most.units() { refused.push(said) } else { kept.push(said) }
    }
    if let Some(above) = policy.hold_for_review_above {
        let said = format!("{} where a person looks at more than {}", facts.amount.plain(), above.plain());
        if facts.amount.units() > above.units() { review.push(said) } else { kept.push(said) }
    }
    if !refused.is_empty() {
        Verdict::Refused(refused)
    } else if !review.is_empty() {
        Verdict::Review(review)
    } else {
        Verdict::Accepted(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Count;
    use crate::money::Currency;

    fn dollars(amount: i64) -> Money {
        Money::from_minor(amount * 100, Currency::USD).unwrap()
    }

    fn facts(amount: i64) -> RiskFacts {
        RiskFacts { amount: dollars(amount), top_ups: 0, amounts: 0, by_card: 0, failures: 0 }
    }

    #[test]
    fn every_limit_that_is_passed_is_named() {
        let policy = Risk {
            top_ups_per_day: Some(Count(2)),
            top_ups_per_card_per_day: Some(Count(3)),
            failures_per_hour: Some(Count(5)),
            amount_per_day: Some(dollars(100)),
            cards_per_account: None,
            hold_for_review_above: Some(dollars(50)),
            places: crate::config::Places::default(),
        };
        assert!(matches!(judge(&policy, &facts(50)), Verdict::Accepted(reasons) if reasons.len() == 5));
        assert!(matches!(judge(&policy, &facts(51)), Verdict::Review(reasons) if reasons.len() == 1));
        let third = RiskFacts { top_ups: 2, ..facts(10) };
        assert_eq!(judge(&policy, &third), Verdict::Refused(vec!["top-ups in 24 hours: 3 of 2".to_owned()]));
        let much = RiskFacts { amounts: dollars(60).units(), failures: 6, ..facts(41) };
        assert_eq!(
            judge(&policy, &much).reasons(),
            ["failed payments in an hour: 6 of 5", "paid in within 24 hours: 101.00 of 100.00"]
        );
    }
}
