//! What we ask the cloud to do to a thing. Stopping and starting are asked and done; what locks or destroys is offered: the cloud claims it
//! right before it acts, and is then told whether the reason still holds.

use super::{Guard, Rung};
use crate::time::{Duration, Instant, OutOfRange};

crate::payment::words! {
    /// What is asked.
    Deed {
        Stop = "stop",
        /// Nothing more is written to it.
        Lock = "lock",
        /// It runs again.
        Resume = "resume",
        /// It can be written to again.
        Unlock = "unlock",
        /// It is deleted so that it can be restored.
        DeleteKeepData = "delete_keep_data",
        /// It is deleted with what is in it.
        DeleteData = "delete_data",
        /// It says how much is in it.
        Measure = "measure",
    }
}

crate::payment::words! {
    /// How far it is.
    InstructionState {
        /// The cloud was told, and has not said anything.
        Asked = "asked",
        /// The cloud is about to do it.
        Claimed = "claimed",
        /// It is done.
        Confirmed = "confirmed",
        /// The reason ended first.
        Cancelled = "cancelled",
    }
}

/// A claim is good for so long.
const CLAIM_SECONDS: u32 = 60;

impl Deed {
    /// It must be claimed before it is done.
    pub const fn is_offered(self) -> bool {
        matches!(self, Deed::Lock | Deed::DeleteKeepData | Deed::DeleteData)
    }

    pub const fn destroys(self) -> bool {
        matches!(self, Deed::DeleteKeepData | Deed::DeleteData)
    }

    /// It undoes what a suspension did.
    pub const fn gives_back(self) -> bool {
        matches!(self, Deed::Resume | Deed::Unlock)
    }
}

impl InstructionState {
    pub const fn is_open(self) -> bool {
        matches!(self, InstructionState::Asked | InstructionState::Claimed)
    }
}

/// What a claim is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Do it, before then.
    Go(Instant),
    /// The reason has ended: leave it, for ever.
    Cancelled,
    /// Something stands in the way: leave it, it may be claimed again.
    Wait(Vec<Guard>),
}

/// Decides a claim by what is so right now. `reached`: how far the ladder is by now; none: there is none any more.
pub fn claim(
    deed: Deed,
    rung: Rung,
    reached: Option<Option<Rung>>,
    guards: &[Guard],
    now: Instant,
) -> Result<Claim, OutOfRange> {
    let stands = reached.is_some_and(|reached| reached >= Some(rung));
    if !stands && !deed.gives_back() {
        return Ok(Claim::Cancelled);
    }
    if deed.destroys() && !guards.is_empty() {
        return Ok(Claim::Wait(guards.to_vec()));
    }
    Ok(Claim::Go(now.checked_add(Duration::from_seconds(CLAIM_SECONDS))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "The claim re-checks money, holds, pending payments … in one transaction and answers go (60 s) or cancelled."
    #[test]
    fn a_claim_is_answered_by_what_is_so_now() {
        let now = Instant::parse("2026-03-01T00:00:00Z").unwrap();
        let until = Instant::parse("2026-03-01T00:01:00Z").unwrap();
        let ask = |deed, rung, reached, guards: &[Guard]| claim(deed, rung, reached, guards, now).unwrap();
        let deleted = Some(Some(Rung::Delete));
        assert_eq!(ask(Deed::DeleteKeepData, Rung::Delete, deleted, &[]), Claim::Go(until));
        assert_eq!(ask(Deed::DeleteKeepData, Rung::Delete, None, &[]), Claim::Cancelled, "they have paid");
        assert_eq!(
            ask(Deed::DeleteKeepData, Rung::Delete, Some(Some(Rung::Suspend)), &[]),
            Claim::Cancelled,
            "a ladder that began anew"
        );
        let waits = Claim::Wait(vec![Guard::Payment]);
        assert_eq!(ask(Deed::DeleteData, Rung::Purge, Some(Some(Rung::Purge)), &[Guard::Payment]), waits);
        assert_eq!(ask(Deed::Lock, Rung::Suspend, Some(Some(Rung::Suspend)), &[Guard::Payment]), Claim::Go(until));
        assert_eq!(ask(Deed::Unlock, Rung::Suspend, None, &[]), Claim::Go(until));
        assert!(Deed::Lock.is_offered() && !Deed::Stop.is_offered() && !Deed::Lock.destroys());
    }
}
