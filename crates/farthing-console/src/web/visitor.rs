//! Who is asking: one value that every page of a signed-in person works with, whoever fills it.
//!
//! A `Porter` says who stands at the door: from a session, or in the demo from the address alone. What somebody may do there is the core's
//! table (`access::may`); which accounts are theirs is in the value, so that a page has no way to another one.

use crate::words::Language;
use axum::http::request::Parts;
use farthing_core::access::{Deed, OperatorDeed, OperatorRole, Role, may, operator_may};
use farthing_engine::Access;
use std::fmt::{self, Write as _};

/// Somebody who may come in.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// As the audit log names them: never a mail address.
    pub person: String,
    /// What the cloud's own application calls them: whose use it is that it reports.
    pub known_as: String,
    /// As they are called on the page.
    pub name: String,
    /// None: whatever their browser asks for.
    pub language: Option<Language>,
    /// What is theirs, and as what.
    pub accounts: Vec<Seat>,
    /// What they are to the cloud itself.
    pub operator: Option<OperatorRole>,
    /// They are so to every cloud.
    pub everywhere: bool,
    /// Must come back with every form.
    pub csrf: String,
    /// Where they sign out; empty: they never signed in.
    pub leave: String,
}

/// What somebody is in one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    pub account: String,
    pub role: Role,
    /// The projects they are a member of, where that is all they may see; none: the whole account (R65).
    pub projects: Option<Vec<String>>,
    /// They only look: an operator, at what its people see.
    pub looks: bool,
}

impl Visitor {
    /// Their place in an account; none: it is not theirs, and for them not there.
    pub fn seat(&self, account: &str) -> Option<&Seat> {
        self.accounts.iter().find(|seat| seat.account == account)
    }

    pub fn may_operate(&self, deed: OperatorDeed) -> bool {
        self.operator.is_some_and(|role| operator_may(role, deed))
    }
}

impl Seat {
    /// What is theirs by their roles; none: nothing. In some projects alone nobody is more than a member: money and papers are the whole
    /// account's.
    pub fn of(access: &Access) -> Option<Seat> {
        if let Some(role) = access.role {
            return Some(Seat { account: access.account.clone(), role, projects: None, looks: false });
        }
        let weakest = access.projects.iter().map(|(_, _, role)| *role).max()?;
        let role = match weakest {
            Role::Payer | Role::Admin | Role::Member => Role::Member,
            Role::Finance | Role::Viewer => Role::Viewer,
        };
        let projects = access.projects.iter().map(|(_, name, _)| name.clone()).collect();
        Some(Seat { account: access.account.clone(), role, projects: Some(projects), looks: false })
    }

    pub fn may(&self, deed: Deed) -> bool {
        let only_looks = matches!(deed, Deed::SeeCosts | Deed::SeeBalance | Deed::SeePapers | Deed::Export);
        may(self.role, deed) && (only_looks || !self.looks)
    }
}

/// Knows who stands at the door of a cloud.
pub trait Porter: Send + Sync + fmt::Debug {
    /// None: nobody who is known; they are shown to the sign-in page, if there is one. May look into the store: it is asked where
    /// waiting is no harm.
    fn who(&self, cloud: &str, account: Option<&str>, parts: &Parts) -> Option<Visitor>;

    /// Where somebody who is not known signs in; none: nowhere.
    fn sign_in(&self, cloud: &str, back: &str) -> Option<String> {
        let _ = (cloud, back);
        None
    }
}

/// This machine only: whoever reaches the pages is everybody. For the demo.
#[derive(Debug)]
pub struct ThisMachine {
    csrf: String,
}

impl ThisMachine {
    pub fn new(chance: [u8; 16]) -> ThisMachine {
        ThisMachine { csrf: hex(chance) }
    }
}

impl Porter for ThisMachine {
    fn who(&self, _: &str, account: Option<&str>, _: &Parts) -> Option<Visitor> {
        let seat =
            |account: &str| Seat { account: account.to_owned(), role: Role::Payer, projects: None, looks: false };
        Some(Visitor {
            person: "demo".to_owned(),
            known_as: "demo".to_owned(),
            name: String::new(),
            language: None,
            accounts: account.map(seat).into_iter().collect(),
            operator: Some(OperatorRole::Owner),
            everywhere: true,
            csrf: self.csrf.clone(),
            leave: String::new(),
        })
    }
}

pub(crate) fn hex(bytes: [u8; 16]) -> String {
    bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
