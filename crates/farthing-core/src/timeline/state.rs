//! The states a thing can be in. What each costs is a share of its price, in the product's `states`.

use std::fmt;

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What a thing is doing, as the cloud says or as follows from what it said.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum State { $($(#[$doc])* $name,)* }

        impl State {
            pub const ALL: &[State] = &[$(State::$name,)*];
            pub const fn name(self) -> &'static str { match self { $(State::$name => $text,)* } }
            pub fn parse(text: &str) -> Option<State> { match text { $($text => Some(State::$name),)* _ => None } }
        }
    };
}

states! {
    /// Ordered, nothing of it is there yet.
    Pending = "pending",
    Queued = "queued",
    Starting = "starting",
    Running = "running",
    /// By its owner.
    Stopped = "stopped",
    /// By us.
    Suspended = "suspended",
    Locked = "locked",
    /// Not heard of any more: billed to the last moment confirmed alive (R84).
    Missing = "missing",
    Failed = "failed",
    /// It can be restored.
    Deleted = "deleted",
    Purged = "purged",
    /// A term that is over.
    Expired = "expired",
}

impl State {
    /// Something is there that a stop, a failure or a silence can end.
    pub const fn is_alive(self) -> bool {
        matches!(self, State::Queued | State::Starting | State::Running)
    }

    /// Nothing of it is there any more; only a restoration brings it back.
    pub const fn is_gone(self) -> bool {
        matches!(self, State::Deleted | State::Purged)
    }
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
