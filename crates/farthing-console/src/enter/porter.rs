//! Whose session a cookie is: looked up with every page, so that what was taken from somebody is gone with their next click.

use super::door::{Gate, token_of};
use crate::web::visitor::{Porter, Seat, Visitor};
use crate::words::Language;
use axum::http::request::Parts;
use farthing_core::access::Token;
use farthing_engine::{Engine, Visit};

#[derive(Clone, Debug)]
pub struct SessionPorter {
    engine: Engine,
    /// Whoever sits before a screen lives by its clock.
    home: Engine,
    gate: Gate,
}

impl SessionPorter {
    pub const fn new(engine: Engine, home: Engine, gate: Gate) -> SessionPorter {
        SessionPorter { engine, home, gate }
    }
}

impl Porter for SessionPorter {
    fn who(&self, cloud: &str, _account: Option<&str>, parts: &Parts) -> Option<Visitor> {
        let token = token_of(&self.gate, &parts.headers)?;
        let visit = self.home.now().ok().and_then(|now| self.engine.visit(&token, now).ok().flatten())?;
        visitor(&token, &visit, cloud)
    }

    fn sign_in(&self, cloud: &str, back: &str) -> Option<String> {
        let back = crate::frame::segment(back);
        Some(if cloud.is_empty() { format!("/sign-in?back={back}") } else { format!("/sign-in/{cloud}?back={back}") })
    }
}

/// Somebody as the pages of a cloud see them. Of another cloud they are nobody: not even signed in.
fn visitor(token: &Token, visit: &Visit, cloud: &str) -> Option<Visitor> {
    let theirs = visit.cloud == cloud || (visit.operator.is_some() && visit.cloud.is_empty());
    if !theirs {
        return None;
    }
    Some(Visitor {
        person: visit.asked_as(),
        known_as: visit.known_as.clone(),
        name: visit.name.clone(),
        language: Language::parse(&visit.language),
        accounts: visit.accounts.iter().filter_map(Seat::of).collect(),
        operator: visit.operator,
        everywhere: visit.operator.is_some() && visit.cloud.is_empty(),
        csrf: token.form_text(),
        leave: super::SIGN_OUT.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_core::access::Role;
    use farthing_core::ledger::OwnerId;
    use farthing_engine::Access;

    #[test]
    fn a_members_projects_make_no_payer_of_them() {
        let access = |role, projects: &[Role]| Access {
            id: OwnerId(1),
            account: "acme".to_owned(),
            role,
            projects: projects.iter().map(|role| (1, "web".to_owned(), *role)).collect(),
        };
        let check = |role, projects: &[Role]| {
            Seat::of(&access(role, projects)).map(|seat| (seat.role, seat.projects.is_some()))
        };
        assert_eq!(check(Some(Role::Finance), &[Role::Payer]), Some((Role::Finance, false)));
        assert_eq!(check(None, &[Role::Payer]), Some((Role::Member, true)));
        assert_eq!(check(None, &[Role::Member, Role::Viewer]), Some((Role::Viewer, true)));
        assert_eq!(check(None, &[]), None);
    }
}
