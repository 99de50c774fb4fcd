//! Standing: what stands between a low balance and a deleted disk. An account in arrears goes down a ladder of steps, each announced, at
//! exact hours; when it has paid it comes up again.
//!
//! Pure: the shell says what there is, this says what to do next, and when to look again. What is to be done to a thing is an instruction:
//! we ask the cloud, which does it and says so.

mod brake;
mod instruction;
mod ladder;
mod space;

pub use brake::{Lately, Limits, exceeded};
pub use instruction::{Claim, Deed, InstructionState, claim};
pub use ladder::{Facts, Ladder, Notice, Plan, Step, Terms, begun, next};
pub use space::{NotWritten, Space};

crate::id_kind!(InstructionId, InstructionKind, "step");

crate::payment::words! {
    /// A step down.
    Rung {
        /// What a budget of its owner's stops: no step of a ladder.
        Budget = "budget",
        /// What runs is stopped, what is written is locked.
        Suspend = "suspend",
        /// Nothing more is written to a space.
        Lock = "lock",
        /// What there is is deleted, and can be restored for a while.
        Delete = "delete",
        /// The files in a space are deleted, all of them.
        Empty = "empty",
        /// What its owner has switched off for long is given up.
        Release = "release",
        /// What was deleted cannot be restored any longer.
        Purge = "purge",
    }
}

crate::payment::words! {
    /// Why an account is in arrears.
    Cause {
        /// It pays ahead, and has nothing left.
        Out = "out",
        /// A bill of it is past due.
        Due = "due",
        /// More is in a space than is free, and what was bought of it is over.
        Space = "space",
        /// Its owner has switched it off.
        Off = "off",
        /// It is in arrears no more; what was deleted is purged in its time.
        Paid = "paid",
    }
}

crate::payment::words! {
    /// How an account stands, in a word.
    Standing {
        Good = "good",
        /// Less is left than it wants to be told of.
        Low = "low",
        /// It has nothing left, and what runs goes on for a while.
        Grace = "grace",
        /// A bill is past due, and what runs goes on for a while.
        Due = "due",
        Suspended = "suspended",
        /// The cloud was asked to delete what it has.
        DeletionScheduled = "deletion_scheduled",
        /// It can be restored.
        Deleted = "deleted",
        Purged = "purged",
    }
}

crate::payment::words! {
    /// Why nothing is destroyed yet.
    Guard {
        /// A payment is on its way, waits for somebody, or nobody knows what became of it.
        Payment = "payment",
        /// Money came in at the bank that could be theirs.
        BankMoney = "bank_money",
        /// What they owe is disputed.
        Dispute = "dispute",
        /// The account cannot be settled.
        Parked = "parked",
        /// An operator keeps it.
        Keep = "keep",
        /// Nobody is known to have heard of it.
        Unheard = "unheard",
        /// Nobody has said lately how much is in a space.
        Reading = "reading",
        /// Somebody is just back: what providers and banks said meanwhile may not have come in.
        Unread = "unread",
        /// More than usual is suspended or deleted in the cloud: somebody has to look first.
        Brake = "brake",
    }
}

impl Rung {
    /// It cannot be undone by paying.
    pub const fn destroys(self) -> bool {
        matches!(self, Rung::Delete | Rung::Empty | Rung::Release | Rung::Purge)
    }

    /// It is a step of an account's own ladder.
    pub const fn is_of_account(self) -> bool {
        matches!(self, Rung::Suspend | Rung::Delete | Rung::Purge)
    }

    /// It is a step about one thing, whatever its account owes.
    pub const fn is_of_thing(self) -> bool {
        matches!(self, Rung::Lock | Rung::Empty | Rung::Release)
    }
}

impl Guard {
    pub const fn sentence(self) -> &'static str {
        match self {
            Guard::Payment => "a payment is on its way, or nobody knows what became of it",
            Guard::BankMoney => "money came in at the bank that nobody has matched yet, and it could be theirs",
            Guard::Dispute => "a dispute about what they owe is open",
            Guard::Parked => "the account cannot be settled",
            Guard::Keep => "an operator keeps it",
            Guard::Unheard => "no notice of it was accepted by a mail server",
            Guard::Reading => "nobody has said in the last hour how much is in it",
            Guard::Unread => {
                "nobody was there for a while, and what providers and banks said meanwhile may not have come in"
            }
            Guard::Brake => "more is suspended or deleted than usual, and nobody has looked yet",
        }
    }
}

/// How an account stands: by the ladder it is on, or by what it has.
pub fn standing(ladder: Option<&Ladder>, asked: Option<Rung>, is_low: bool) -> Standing {
    let Some(ladder) = ladder else { return if is_low { Standing::Low } else { Standing::Good } };
    match (ladder.reached, ladder.cause) {
        (None, Cause::Out) => Standing::Grace,
        (None, Cause::Due) => Standing::Due,
        // What becomes of one thing is no standing of its account's.
        (_, Cause::Space | Cause::Off | Cause::Paid) if is_low => Standing::Low,
        (_, Cause::Space | Cause::Off | Cause::Paid) => Standing::Good,
        (Some(Rung::Budget | Rung::Suspend | Rung::Lock), _) => Standing::Suspended,
        (Some(Rung::Delete), _) if asked == Some(Rung::Delete) => Standing::DeletionScheduled,
        (Some(Rung::Delete | Rung::Empty | Rung::Release), _) => Standing::Deleted,
        (Some(Rung::Purge), _) if asked == Some(Rung::Purge) => Standing::Deleted,
        (Some(Rung::Purge), _) => Standing::Purged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Instant;
    use std::collections::BTreeMap;

    /// The design's words, each by what says it: good, low, grace, due, suspended, deletion scheduled, deleted, purged.
    #[test]
    fn each_word_has_one_reason() {
        let since = Instant::parse("2026-03-01T00:00:00Z").unwrap();
        let on = |cause, reached| Ladder { cause, since, reached, dates: BTreeMap::new(), told: Vec::new() };
        let word = |cause, reached, asked| standing(Some(&on(cause, reached)), asked, false).name();
        assert_eq!((standing(None, None, false).name(), standing(None, None, true).name()), ("good", "low"));
        assert_eq!((word(Cause::Out, None, None), word(Cause::Due, None, None)), ("grace", "due"));
        assert_eq!(word(Cause::Out, Some(Rung::Suspend), None), "suspended");
        assert_eq!(word(Cause::Out, Some(Rung::Delete), Some(Rung::Delete)), "deletion_scheduled");
        assert_eq!(word(Cause::Out, Some(Rung::Delete), None), "deleted");
        assert_eq!(word(Cause::Out, Some(Rung::Purge), Some(Rung::Purge)), "deleted", "until the cloud has done it");
        assert_eq!(word(Cause::Out, Some(Rung::Purge), None), "purged");
        for cause in [Cause::Space, Cause::Off, Cause::Paid] {
            assert_eq!(word(cause, Some(Rung::Release), None), "good", "of one thing, or paid");
            assert_eq!(standing(Some(&on(cause, None)), None, true).name(), "low");
        }
        assert_eq!(standing(Some(&on(Cause::Out, None)), None, true).name(), "grace", "what is worse is said");
    }
}
