//! What a customer says is wrong about a bill (R55): one at a time, of what can still be credited of it, while the policy's time for it runs.

/// What became of a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DisputeState {
    Open,
    /// It was right, in part at least: the bill is credited by that.
    Granted,
    Refused,
    /// Whoever opened it has taken it back.
    Withdrawn,
}

impl DisputeState {
    pub const ALL: [DisputeState; 4] =
        [DisputeState::Open, DisputeState::Granted, DisputeState::Refused, DisputeState::Withdrawn];

    pub const fn word(self) -> &'static str {
        match self {
            DisputeState::Open => "open",
            DisputeState::Granted => "granted",
            DisputeState::Refused => "refused",
            DisputeState::Withdrawn => "withdrawn",
        }
    }

    pub fn parse(word: &str) -> Option<DisputeState> {
        DisputeState::ALL.into_iter().find(|state| state.word() == word)
    }
}
