//! Who may have a trial (R36, R37), and what may be made in one.

use crate::config::Name;
use crate::policy::{Funding, Trial as Policy};

/// Who wants one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// This account has had one.
    pub had_one: bool,
    /// Who asks is not the one who pays for the account; or it is a wallet in another account, whose holder may have one.
    pub is_not_holder: bool,
    /// Money has ever come in.
    pub has_paid: bool,
    /// The cloud has said that it knows who they are; none: it has not said.
    pub verified: Option<bool>,
    pub cards: Vec<CardFacts>,
}

/// A card it could pay with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFacts {
    pub funding: Option<Funding>,
    /// Another account has had a trial with this card.
    pub had_one: bool,
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotEligible {
    HadOne,
    CardHadOne,
    CardFunding(Funding),
    HasPaid,
    NotHolder,
    NotVerified,
}

impl NotEligible {
    /// For people.
    pub fn sentence(self) -> String {
        match self {
            NotEligible::HadOne => "this account has had its trial: there is one for each customer".to_owned(),
            NotEligible::CardHadOne => {
                "another account has had a trial with this card: there is one for each customer".to_owned()
            }
            NotEligible::CardFunding(funding) => {
                format!("a trial is not opened with a {} card: add another one first", funding.word())
            }
            NotEligible::HasPaid => "a trial is for who has never paid in: this account has".to_owned(),
            NotEligible::NotHolder => "only who pays for the account can open its trial".to_owned(),
            NotEligible::NotVerified => {
                "who this customer is was not verified yet: verify it, then ask again".to_owned()
            }
        }
    }
}

/// The first reason against it.
pub fn may_have(policy: &Policy, candidate: &Candidate) -> Result<(), NotEligible> {
    if candidate.is_not_holder {
        return Err(NotEligible::NotHolder);
    }
    if candidate.had_one {
        return Err(NotEligible::HadOne); // whatever the policy: its credit is given once
    }
    if candidate.has_paid {
        return Err(NotEligible::HasPaid);
    }
    if candidate.verified == Some(false) || (policy.needs_verification && candidate.verified.is_none()) {
        return Err(NotEligible::NotVerified);
    }
    for card in &candidate.cards {
        if let Some(funding) = card.funding.filter(|funding| policy.refuse_card_funding.contains(funding)) {
            return Err(NotEligible::CardFunding(funding));
        }
        if policy.once_per_customer && card.had_one {
            return Err(NotEligible::CardHadOne);
        }
    }
    Ok(())
}

/// Whether something of a product may be made in a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Making {
    Allowed,
    /// It cannot be had with a trial.
    Excluded,
    /// There are as many already as a trial may have.
    Full {
        most: i64,
    },
}

/// `live`: of what product each thing is that lives now.
pub fn may_make<'n>(policy: &Policy, product: &Name, live: impl IntoIterator<Item = &'n Name>) -> Making {
    if policy.excluded.contains(product) {
        return Making::Excluded;
    }
    let counts = |product: &Name| !policy.uncounted.contains(product);
    let Some(most) = policy.max_running.map(|most| i64::from(most.0)).filter(|_| counts(product)) else {
        return Making::Allowed;
    };
    let there = i64::try_from(live.into_iter().filter(|product| counts(product)).count()).unwrap_or(i64::MAX);
    if there >= most { Making::Full { most } } else { Making::Allowed }
}

#[cfg(test)]
mod tests {
    use super::super::step::tests::policy;
    use super::*;

    fn card(funding: Funding, had_one: bool) -> CardFacts {
        CardFacts { funding: Some(funding), had_one }
    }

    #[test]
    fn once_first_and_with_a_card_that_is_a_card() {
        let policy = policy();
        let check = |candidate: Candidate| may_have(&policy, &candidate);
        assert_eq!(check(Candidate::default()), Ok(()));
        assert_eq!(check(Candidate { had_one: true, ..Candidate::default() }), Err(NotEligible::HadOne));
        assert_eq!(check(Candidate { has_paid: true, ..Candidate::default() }), Err(NotEligible::HasPaid));
        assert_eq!(check(Candidate { is_not_holder: true, ..Candidate::default() }), Err(NotEligible::NotHolder));
        assert_eq!(check(Candidate { verified: Some(false), ..Candidate::default() }), Err(NotEligible::NotVerified));
        let with = |cards| check(Candidate { cards, ..Candidate::default() });
        assert_eq!(with(vec![card(Funding::Credit, false), card(Funding::Debit, false)]), Ok(()));
        // One bad card among good ones is enough: it could be the one that pays.
        let mixed = vec![card(Funding::Credit, false), card(Funding::Prepaid, false)];
        assert_eq!(with(mixed), Err(NotEligible::CardFunding(Funding::Prepaid)));
        assert_eq!(with(vec![card(Funding::Credit, true)]), Err(NotEligible::CardHadOne));
        let strict = Policy { needs_verification: true, ..policy.clone() };
        assert_eq!(may_have(&strict, &Candidate::default()), Err(NotEligible::NotVerified));
        assert_eq!(may_have(&strict, &Candidate { verified: Some(true), ..Candidate::default() }), Ok(()));
    }

    #[test]
    fn four_services_and_as_many_volumes_as_one_likes() {
        let policy = policy();
        let name = |text: &str| Name::parse(text).unwrap();
        let (service, volume, domain) = (name("service"), name("volume"), name("domain"));
        let live = |services: usize| vec![&service; services].into_iter().chain([&volume, &volume]);
        assert_eq!(may_make(&policy, &service, live(3)), Making::Allowed);
        assert_eq!(may_make(&policy, &service, live(4)), Making::Full { most: 4 });
        assert_eq!(may_make(&policy, &volume, live(4)), Making::Allowed);
        assert_eq!(may_make(&policy, &domain, live(0)), Making::Excluded);
    }
}
