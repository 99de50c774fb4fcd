//! What is wrong with a set-up: facts are gathered in `examine`, and judged one by one in `judge`, which only decides.

mod examine;
mod judge;

pub use examine::examine;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Ok,
    /// It works, and may not for long.
    Warn,
    /// Money or data is at risk, or nothing works.
    Bad,
}

impl State {
    pub const fn name(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Bad => "bad",
        }
    }
}

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub what: &'static str,
    pub state: State,
    pub told: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl Check {
    fn ok(what: &'static str, told: impl Into<String>) -> Check {
        Check { what, state: State::Ok, told: told.into(), remedy: None }
    }

    fn warn(what: &'static str, told: impl Into<String>, remedy: impl Into<String>) -> Check {
        Check { what, state: State::Warn, told: told.into(), remedy: Some(remedy.into()) }
    }

    fn bad(what: &'static str, told: impl Into<String>, remedy: impl Into<String>) -> Check {
        Check { what, state: State::Bad, told: told.into(), remedy: Some(remedy.into()) }
    }
}
