//! Trials (R36 to R39): who may have one, what may be made in it, and what becomes of it: a state machine that is looked at when its time has
//! come, when its credit is used, and when money came or failed to come.
//!
//! Pure: the shell says what there is, this says what to do. What was made in a trial that nothing pays for goes down a ladder as that of any
//! account in arrears does (`standing::Terms::of_trial`); here is only that it has run out.

mod eligible;
mod step;

pub use eligible::{Candidate, CardFacts, Making, NotEligible, may_have, may_make};
pub use step::{Facts, Paid, Step, Terms, Trial, begun, conversion_amount, ended_by_hand, step};

crate::payment::words! {
    /// How far a trial is.
    TrialState {
        Running = "running",
        /// It has ended, and the first payment after it is on its way.
        Converting = "converting",
        /// It is a paying account.
        Converted = "converted",
        /// It has ended, and left nothing that would have to be paid.
        Ended = "ended",
        /// It has ended, what was made in it is left, and nothing pays for that: it is in arrears.
        RunOut = "run_out",
        /// What was made in it is destroyed.
        Destroyed = "destroyed",
    }
}

crate::payment::words! {
    /// Why it ended.
    TrialEnd {
        /// Its credit was used.
        Used = "used",
        /// Its time was over.
        Over = "over",
        /// An operator ended it (R37).
        Stopped = "stopped",
    }
}
