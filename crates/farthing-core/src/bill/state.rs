//! What becomes of a bill, and what is due of it: the one place that says which step may follow which.
//!
//! due = total - (paid - refunded - charged back) - credited + given back - rolled. It is never below zero: what is too much
//! goes to the balance, and is told, because somebody has to post it. What is disputed of it is due all the same, and is not owed: nobody asks
//! for it meanwhile. Amounts are whole minor units and above zero.

use super::zero;
use crate::money::{Money, MoneyError};
use std::cmp::Ordering;
use std::error::Error;
use std::fmt;

/// Where a bill stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BillState {
    /// Not a document yet: its period collects late facts.
    Draft,
    /// A demand, with something due.
    Issued,
    /// Nothing is due.
    Paid,
    /// Something is due, and the time to pay is over.
    Overdue,
    /// Taken back before anything was paid of it.
    Void,
    /// Given up: it may still be paid.
    Uncollectible,
    /// Its due stands on the next bill (R20).
    Rolled,
}

/// What a bill has seen of money. What is due follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dues {
    pub total: Money,
    pub paid: Money,
    pub refunded: Money,
    pub charged_back: Money,
    /// By credit notes, with tax.
    pub credited: Money,
    /// To the balance: what credits and won disputes left over.
    pub given_back: Money,
    pub rolled: Money,
    /// What of what is due an open dispute is about (R55).
    pub disputed: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillEvent {
    Issue,
    /// By a provider or by the balance; not more than is due.
    Pay(Money),
    /// Of what was paid. With `adjust` the bill is lowered by as much, without it that is due again.
    Refund {
        amount: Money,
        adjust: bool,
    },
    Chargeback(Money),
    ChargebackReversed(Money),
    /// A credit note: it lowers what is due, the rest is the balance's.
    Credit(Money),
    /// The time to pay is over.
    PassDue,
    Void,
    WriteOff,
    Roll,
    /// So much of it is said to be wrong (R55): of what is due it is not asked for meanwhile.
    Dispute(Money),
    /// The dispute is over.
    EndDispute,
}

/// An event without its amount, for errors and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BillEventKind {
    Issue,
    Pay,
    Refund,
    Chargeback,
    ChargebackReversed,
    Credit,
    PassDue,
    Void,
    WriteOff,
    Roll,
    Dispute,
    EndDispute,
}

/// A bill's state and its money. Only events change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillLife {
    state: BillState,
    dues: Dues,
}

/// What an event has made of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    pub life: BillLife,
    /// What goes to the balance, because more than nothing would be left over.
    pub to_balance: Money,
}

/// Why an event cannot happen to a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransitionError {
    /// Not in this state.
    NotIn {
        state: BillState,
        event: BillEventKind,
    },
    NotPositive {
        event: BillEventKind,
        amount: Money,
    },
    /// More than there is of it: due, paid, charged back or left to credit.
    MoreThan {
        event: BillEventKind,
        amount: Money,
        most: Money,
    },
    /// It was paid, in part at least: a credit note takes it back, not a void.
    HasPayments {
        paid: Money,
    },
    /// A stored bill whose money does not belong to its state.
    Contradiction {
        state: BillState,
        due: Money,
    },
    Money(MoneyError),
}

impl Dues {
    pub fn new(total: Money) -> Dues {
        let nothing = zero(total.currency());
        Dues {
            total,
            paid: nothing,
            refunded: nothing,
            charged_back: nothing,
            credited: nothing,
            given_back: nothing,
            rolled: nothing,
            disputed: nothing,
        }
    }

    /// What is paid and was not taken back.
    pub fn held(&self) -> Result<Money, MoneyError> {
        self.paid.checked_sub(self.refunded)?.checked_sub(self.charged_back)
    }

    pub fn due(&self) -> Result<Money, MoneyError> {
        let settled = self.held()?.checked_add(self.credited)?.checked_add(self.rolled)?;
        self.total.checked_add(self.given_back)?.checked_sub(settled)
    }

    /// What is asked for.
    pub fn owed(&self) -> Result<Money, MoneyError> {
        self.due()?.checked_sub(self.disputed)
    }
}

impl BillLife {
    /// A draft that comes to so much: whole minor units, not below zero.
    pub fn draft(total: Money) -> Result<BillLife, TransitionError> {
        BillLife::restore(BillState::Draft, Dues::new(total))
    }

    /// As it was stored; an error where its money and its state do not belong together.
    pub fn restore(state: BillState, dues: Dues) -> Result<BillLife, TransitionError> {
        let Dues { total, paid, refunded, charged_back, credited, given_back, rolled, disputed } = dues;
        let whole = [total, paid, refunded, charged_back, credited, given_back, rolled, disputed];
        for amount in whole {
            amount.to_minor()?;
        }
        let due = dues.due()?;
        let sound = whole.iter().all(|amount| !amount.is_negative())
            && !dues.held()?.is_negative()
            && !due.is_negative()
            && !dues.owed()?.is_negative()
            && match state {
                BillState::Draft => dues == Dues::new(total),
                BillState::Issued | BillState::Overdue | BillState::Uncollectible => due.is_positive(),
                BillState::Paid | BillState::Void | BillState::Rolled => due.is_zero(),
            };
        if sound { Ok(BillLife { state, dues }) } else { Err(TransitionError::Contradiction { state, due }) }
    }

    pub const fn state(&self) -> BillState {
        self.state
    }

    pub const fn dues(&self) -> &Dues {
        &self.dues
    }

    pub fn due(&self) -> Result<Money, MoneyError> {
        self.dues.due()
    }

    /// What becomes of the bill by this event.
    pub fn apply(&self, event: BillEvent) -> Result<Applied, TransitionError> {
        use BillEvent as E;
        use BillState as S;
        let kind = event.kind();
        let refused = || Err(TransitionError::NotIn { state: self.state, event: kind });
        let mut dues = self.dues;
        let due = dues.due()?;
        let held = dues.held()?;
        // The state that it has while something is due.
        let open = match (self.state, event) {
            (S::Draft, E::Issue) => S::Issued,
            (S::Draft | S::Issued | S::Overdue, E::Void) => {
                if dues.paid.is_positive() {
                    return Err(TransitionError::HasPayments { paid: dues.paid });
                }
                dues.credited = dues.credited.checked_add(due)?;
                return BillLife::settled(S::Void, dues);
            }
            (S::Issued | S::Overdue | S::Uncollectible, E::Pay(amount)) => {
                within(kind, amount, due)?;
                dues.paid = dues.paid.checked_add(amount)?;
                self.state
            }
            (S::Issued | S::Overdue | S::Paid | S::Uncollectible, E::Refund { amount, adjust }) => {
                within(kind, amount, held)?;
                dues.refunded = dues.refunded.checked_add(amount)?;
                if adjust {
                    within(kind, amount, left_to_credit(&dues)?)?;
                    dues.credited = dues.credited.checked_add(amount)?;
                }
                self.reopened()
            }
            (S::Issued | S::Overdue | S::Paid | S::Uncollectible, E::Chargeback(amount)) => {
                within(kind, amount, held)?;
                dues.charged_back = dues.charged_back.checked_add(amount)?;
                self.reopened()
            }
            (S::Issued | S::Overdue | S::Paid | S::Uncollectible, E::ChargebackReversed(amount)) => {
                within(kind, amount, dues.charged_back)?;
                dues.charged_back = dues.charged_back.checked_sub(amount)?;
                self.reopened()
            }
            (S::Issued | S::Overdue | S::Paid | S::Uncollectible | S::Rolled, E::Credit(amount)) => {
                within(kind, amount, left_to_credit(&dues)?)?;
                dues.credited = dues.credited.checked_add(amount)?;
                self.state
            }
            (S::Issued | S::Overdue | S::Paid, E::Dispute(amount)) => {
                within(kind, amount, left_to_credit(&dues)?)?;
                dues.disputed = dues.disputed.checked_add(amount)?;
                self.state
            }
            (S::Issued | S::Overdue | S::Paid | S::Void | S::Uncollectible | S::Rolled, E::EndDispute) => {
                dues.disputed = zero(due.currency());
                self.state
            }
            (S::Issued | S::Overdue, E::PassDue) => S::Overdue,
            (S::Issued | S::Overdue, E::WriteOff) => S::Uncollectible,
            (S::Issued, E::Roll) => {
                dues.rolled = due;
                return BillLife::settled(S::Rolled, dues);
            }
            (S::Overdue | S::Paid | S::Uncollectible, E::Roll)
            | (S::Uncollectible, E::Dispute(_))
            | (S::Issued | S::Overdue | S::Paid | S::Uncollectible, E::Issue)
            | (S::Paid | S::Uncollectible, E::PassDue | E::Void | E::WriteOff)
            | (S::Paid, E::Pay(_))
            | (
                S::Draft,
                E::Pay(_)
                | E::Refund { .. }
                | E::Chargeback(_)
                | E::ChargebackReversed(_)
                | E::Credit(_)
                | E::PassDue
                | E::WriteOff
                | E::Roll
                | E::Dispute(_)
                | E::EndDispute,
            )
            | (
                S::Rolled,
                E::Issue
                | E::Pay(_)
                | E::Refund { .. }
                | E::Chargeback(_)
                | E::ChargebackReversed(_)
                | E::PassDue
                | E::Void
                | E::WriteOff
                | E::Roll
                | E::Dispute(_),
            )
            | (
                S::Void,
                E::Issue
                | E::Pay(_)
                | E::Refund { .. }
                | E::Chargeback(_)
                | E::ChargebackReversed(_)
                | E::Credit(_)
                | E::PassDue
                | E::Void
                | E::WriteOff
                | E::Roll
                | E::Dispute(_),
            ) => return refused(),
        };
        BillLife::settled(open, dues)
    }

    /// In the state for what is due now; what is too much is given back.
    fn settled(open: BillState, mut dues: Dues) -> Result<Applied, TransitionError> {
        let due = dues.due()?;
        let to_balance = if due.is_negative() { due.checked_neg()? } else { zero(due.currency()) };
        dues.given_back = dues.given_back.checked_add(to_balance)?;
        dues.disputed = dues.disputed.checked_min(dues.due()?)?;
        let state = match open {
            BillState::Issued | BillState::Overdue | BillState::Uncollectible | BillState::Paid
                if !due.is_positive() =>
            {
                BillState::Paid
            }
            BillState::Draft
            | BillState::Issued
            | BillState::Paid
            | BillState::Overdue
            | BillState::Void
            | BillState::Uncollectible
            | BillState::Rolled => open,
        };
        Ok(Applied { life: BillLife { state, dues }, to_balance })
    }

    /// A paid bill of which something is due again is a demand again; the others stay what they are.
    fn reopened(&self) -> BillState {
        match self.state {
            BillState::Paid => BillState::Issued,
            BillState::Draft
            | BillState::Issued
            | BillState::Overdue
            | BillState::Void
            | BillState::Uncollectible
            | BillState::Rolled => self.state,
        }
    }
}

/// A bill is credited as a whole at most.
fn left_to_credit(dues: &Dues) -> Result<Money, MoneyError> {
    dues.total.checked_sub(dues.credited)
}

/// Whole minor units, above zero, at most so much.
fn within(event: BillEventKind, amount: Money, most: Money) -> Result<(), TransitionError> {
    amount.to_minor()?;
    if !amount.is_positive() {
        return Err(TransitionError::NotPositive { event, amount });
    }
    match amount.checked_cmp(most)? {
        Ordering::Greater => Err(TransitionError::MoreThan { event, amount, most }),
        Ordering::Less | Ordering::Equal => Ok(()),
    }
}

impl BillState {
    pub const ALL: [BillState; 7] = [
        BillState::Draft,
        BillState::Issued,
        BillState::Paid,
        BillState::Overdue,
        BillState::Void,
        BillState::Uncollectible,
        BillState::Rolled,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            BillState::Draft => "draft",
            BillState::Issued => "issued",
            BillState::Paid => "paid",
            BillState::Overdue => "overdue",
            BillState::Void => "void",
            BillState::Uncollectible => "uncollectible",
            BillState::Rolled => "rolled",
        }
    }

    pub fn parse(word: &str) -> Option<BillState> {
        BillState::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl BillEvent {
    pub const fn kind(self) -> BillEventKind {
        match self {
            BillEvent::Issue => BillEventKind::Issue,
            BillEvent::Pay(_) => BillEventKind::Pay,
            BillEvent::Refund { .. } => BillEventKind::Refund,
            BillEvent::Chargeback(_) => BillEventKind::Chargeback,
            BillEvent::ChargebackReversed(_) => BillEventKind::ChargebackReversed,
            BillEvent::Credit(_) => BillEventKind::Credit,
            BillEvent::PassDue => BillEventKind::PassDue,
            BillEvent::Void => BillEventKind::Void,
            BillEvent::WriteOff => BillEventKind::WriteOff,
            BillEvent::Roll => BillEventKind::Roll,
            BillEvent::Dispute(_) => BillEventKind::Dispute,
            BillEvent::EndDispute => BillEventKind::EndDispute,
        }
    }
}

impl BillEventKind {
    /// As it stands in a sentence: "a draft bill cannot be paid".
    const fn done(self) -> &'static str {
        match self {
            BillEventKind::Issue => "be issued",
            BillEventKind::Pay => "be paid",
            BillEventKind::Refund => "be refunded",
            BillEventKind::Chargeback => "be charged back",
            BillEventKind::ChargebackReversed => "win a chargeback",
            BillEventKind::Credit => "be credited",
            BillEventKind::PassDue => "become overdue",
            BillEventKind::Void => "be voided",
            BillEventKind::WriteOff => "be written off",
            BillEventKind::Roll => "be rolled into the next one",
            BillEventKind::Dispute => "be disputed",
            BillEventKind::EndDispute => "end a dispute",
        }
    }
}

impl fmt::Display for BillState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

impl From<MoneyError> for TransitionError {
    fn from(error: MoneyError) -> TransitionError {
        TransitionError::Money(error)
    }
}

impl fmt::Display for TransitionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransitionError::NotIn { state, event } => write!(out, "a bill that is {state} cannot {}", event.done()),
            TransitionError::NotPositive { event, amount } => {
                write!(out, "a bill cannot {} by {amount}; the amount must be above zero", event.done())
            }
            TransitionError::MoreThan { event, amount, most } => {
                write!(out, "a bill cannot {} by {amount}, for that is more than {most}", event.done())
            }
            TransitionError::HasPayments { paid } => {
                write!(out, "{paid} of the bill is paid, so it cannot be voided; issue a credit note")
            }
            TransitionError::Contradiction { state, due } => {
                write!(out, "a bill cannot be {state} with {due} due; its row is damaged")
            }
            TransitionError::Money(_) => out.write_str("the amounts of the bill cannot be added up"),
        }
    }
}

impl Error for TransitionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TransitionError::Money(error) => Some(error),
            TransitionError::NotIn { .. }
            | TransitionError::NotPositive { .. }
            | TransitionError::MoreThan { .. }
            | TransitionError::HasPayments { .. }
            | TransitionError::Contradiction { .. } => None,
        }
    }
}
