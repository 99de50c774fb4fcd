//! What a payment has come to, by everything that was told of it: in any order, any number of times.
//!
//! A payment is credited once, whatever else is told before or after; each dispute takes its money once, and gives it again once.
//! So nothing here looks at when news were sent: what they say is enough.

use super::{Action, Failure, PaymentNews};
use crate::money::Money;

super::words! {
    /// What the money is for.
    Purpose {
        TopUp = "top_up",
        /// A top-up by itself.
        Refill = "refill",
        Bill = "bill",
    }
}

super::words! {
    /// How far it has come.
    State {
        /// A person looks at it before anything is asked of a provider.
        Review = "review",
        /// That person said no.
        Refused = "refused",
        /// Nothing is known but that it is wanted.
        Created = "created",
        Pending = "pending",
        /// The customer has something to do.
        ActionNeeded = "requires_action",
        /// It was asked for, and nobody knows whether it was done.
        Unknown = "unknown",
        Succeeded = "succeeded",
        Failed = "failed",
    }
}

super::words! {
    /// How a dispute stands.
    DisputeState {
        Open = "open",
        Won = "won",
        Lost = "lost",
    }
}

impl State {
    /// Money may still come of it.
    pub const fn is_open(self) -> bool {
        match self {
            State::Review | State::Created | State::Pending | State::ActionNeeded | State::Unknown => true,
            State::Refused | State::Succeeded | State::Failed => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// What the provider calls it.
    pub reference: String,
    pub state: DisputeState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub state: State,
    pub disputes: Vec<Dispute>,
}

/// What follows from news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The money is there: book it.
    Credit,
    /// What the provider keeps of it.
    Fee(Money),
    Fail(Failure),
    Act(Action),
    /// It goes back to the customer's bank.
    TakeBack {
        dispute: String,
        amount: Money,
        fee: Option<Money>,
        why: String,
    },
    /// And comes again.
    GiveAgain {
        dispute: String,
    },
    /// It stays gone.
    StaysGone {
        dispute: String,
    },
}

impl Progress {
    /// Takes news in, and says what follows.
    pub fn take(&mut self, news: &PaymentNews) -> Vec<Effect> {
        match news {
            PaymentNews::Pending => {
                if matches!(self.state, State::Created | State::ActionNeeded | State::Unknown) {
                    self.state = State::Pending;
                }
                Vec::new()
            }
            PaymentNews::ActionNeeded(action) => {
                let news = matches!(self.state, State::Created | State::Pending | State::Unknown);
                if news {
                    self.state = State::ActionNeeded;
                }
                if news { vec![Effect::Act(action.clone())] } else { Vec::new() }
            }
            PaymentNews::Succeeded { fee, .. } => {
                let mut effects = self.succeed();
                if !effects.is_empty() {
                    effects.extend(fee.filter(|fee| fee.is_positive()).map(Effect::Fee));
                }
                effects
            }
            // What failed once and then went well (a second card on the same page) has gone well, in whichever order it is told.
            PaymentNews::Failed(failure) => {
                if !self.state.is_open() {
                    return Vec::new();
                }
                self.state = State::Failed;
                vec![Effect::Fail(failure.clone())]
            }
            PaymentNews::Disputed { dispute, amount, fee, why } => {
                if self.disputes.iter().any(|known| known.reference == *dispute) {
                    return Vec::new();
                }
                self.disputes.push(Dispute { reference: dispute.clone(), state: DisputeState::Open });
                // What is taken back has been there.
                let mut effects = self.succeed();
                let (dispute, why) = (dispute.clone(), why.clone());
                effects.push(Effect::TakeBack { dispute, amount: *amount, fee: *fee, why });
                effects
            }
            PaymentNews::DisputeEnded { dispute, won, amount } => self.end_dispute(dispute, *won, *amount),
        }
    }

    /// Asked for, and nobody knows.
    pub fn unknown(&mut self) {
        if matches!(self.state, State::Created | State::Pending) {
            self.state = State::Unknown;
        }
    }

    fn succeed(&mut self) -> Vec<Effect> {
        if self.state == State::Succeeded {
            return Vec::new();
        }
        self.state = State::Succeeded;
        vec![Effect::Credit]
    }

    fn end_dispute(&mut self, reference: &str, won: bool, amount: Money) -> Vec<Effect> {
        let (dispute, state) = (reference.to_owned(), if won { DisputeState::Won } else { DisputeState::Lost });
        match self.disputes.iter_mut().find(|known| known.reference == reference) {
            Some(known) if known.state == DisputeState::Open => {
                known.state = state;
                vec![if won { Effect::GiveAgain { dispute } } else { Effect::StaysGone { dispute } }]
            }
            Some(_) => Vec::new(),
            // Its end is told before its beginning: where it was won nothing has moved, where it was lost it is gone at once.
            None => {
                self.disputes.push(Dispute { reference: dispute.clone(), state });
                let mut effects = self.succeed();
                if !won {
                    effects.push(Effect::TakeBack { dispute, amount, fee: None, why: String::new() });
                }
                effects
            }
        }
    }
}

/// The one word for it, also where it has gone back since.
pub fn shown(progress: &Progress, amount: i64, refunded: i64) -> &'static str {
    if progress.state != State::Succeeded {
        return progress.state.name();
    }
    let has = |state| progress.disputes.iter().any(|dispute| dispute.state == state);
    if has(DisputeState::Open) {
        "disputed"
    } else if has(DisputeState::Lost) {
        "reversed"
    } else if refunded >= amount && amount > 0 {
        "refunded"
    } else if refunded > 0 {
        "refunded_in_part"
    } else {
        "succeeded"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use crate::payment::FailureCode;
    use proptest::prelude::*;

    fn told() -> [PaymentNews; 6] {
        let failure = Failure { code: FailureCode::Declined, text: "no".to_owned() };
        let amount = Money::from_minor(1_000, Currency::USD).unwrap();
        [
            PaymentNews::Pending,
            PaymentNews::ActionNeeded(Action { url: String::new(), code: String::new(), until: None }),
            PaymentNews::Failed(failure),
            PaymentNews::Succeeded { fee: Some(amount), method: None, paid: None },
            PaymentNews::Disputed { dispute: "dp".to_owned(), amount, fee: None, why: String::new() },
            PaymentNews::DisputeEnded { dispute: "dp".to_owned(), won: true, amount },
        ]
    }

    fn play(order: &[usize]) -> (Progress, Vec<Effect>) {
        let mut progress = Progress { state: State::Created, disputes: Vec::new() };
        let effects = order.iter().flat_map(|index| progress.take(&told()[*index])).collect();
        (progress, effects)
    }

    proptest! {
        /// Whatever is told, however often and in whichever order: money comes at most once, goes at most once, comes again at most
        /// once; and where its success was told, it has come.
        #[test]
        fn once_in_any_order(order in prop::collection::vec(0..6_usize, 0..24)) {
            let (progress, effects) = play(&order);
            let count = |wanted: fn(&Effect) -> bool| effects.iter().filter(|effect| wanted(effect)).count();
            let credits = count(|effect| matches!(effect, Effect::Credit));
            let taken = count(|effect| matches!(effect, Effect::TakeBack { .. }));
            let given = count(|effect| matches!(effect, Effect::GiveAgain { .. }));
            prop_assert_eq!(credits, usize::from(order.iter().any(|index| *index >= 3)));
            // Won before it was told to have begun, it has moved nothing.
            let first = |wanted: usize| order.iter().position(|index| *index == wanted);
            let begun = first(4).is_some_and(|begun| first(5).is_none_or(|ended| begun < ended));
            prop_assert_eq!(taken, usize::from(begun));
            prop_assert_eq!(given, usize::from(begun && first(5).is_some()));
            prop_assert_eq!(progress.state == State::Succeeded, credits == 1);
            // Told once more, nothing follows.
            let mut again = progress.clone();
            for index in [3, 4].into_iter().filter(|index| order.contains(index)) {
                prop_assert_eq!(again.take(&told()[index]), vec![]);
            }
        }
    }

    #[test]
    fn a_failure_that_is_told_late_takes_nothing_away() {
        let (progress, effects) = play(&[3, 2]);
        assert_eq!(progress.state, State::Succeeded);
        assert!(effects.iter().all(|effect| !matches!(effect, Effect::Fail(_))));
    }

    #[test]
    fn what_failed_and_then_went_well_has_gone_well() {
        let (progress, effects) = play(&[2, 3]);
        assert_eq!(progress.state, State::Succeeded);
        assert!(effects.contains(&Effect::Credit));
    }

    #[test]
    fn one_word_for_what_has_gone_back() {
        let word = |order: &[usize], refunded| shown(&play(order).0, 100, refunded);
        assert_eq!(word(&[3], 0), "succeeded");
        assert_eq!(word(&[3], 10), "refunded_in_part");
        assert_eq!(word(&[3], 100), "refunded");
        assert_eq!(word(&[3, 4], 0), "disputed");
        assert_eq!(word(&[3, 4, 5], 0), "succeeded");
        assert_eq!(word(&[0], 0), "pending");
    }
}
