//! What an operator's page is asked with beside what every page is: what they are to the cloud, and what they may do there.
//!
//! A cloud that is not theirs is not there; what their role does not allow is said to be so (403): they know that it exists.

use crate::Console;
use crate::block::{Field, Form, Link};
use crate::frame::{self, PageError};
use crate::shell::{Shell, shown};
use crate::web::asked::Came;
use crate::web::door::Asking;
use crate::web::sight::Sight;
use crate::web::visitor::Visitor;
use axum::http::StatusCode;
use axum::response::Response;
use farthing_core::access::{OperatorDeed, OperatorRole};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

pub(crate) use crate::web::sight::{Done, Page, Stop, found};

/// The pages in the order of the side bar: what each is called in the texts, where it is, and who may open it.
pub(crate) const PAGES: [(&str, &str, OperatorDeed); 8] = [
    ("ops.today", "", OperatorDeed::SeeAccounts),
    ("ops.accounts", "/accounts", OperatorDeed::SeeAccounts),
    ("ops.queues", "/queues", OperatorDeed::SeeAccounts),
    ("ops.policy", "/policy", OperatorDeed::SeeAccounts),
    ("ops.money", "/money", OperatorDeed::SeeMoney),
    ("ops.deliveries", "/deliveries", OperatorDeed::SeeAccounts),
    ("ops.health", "/health", OperatorDeed::SeeAccounts),
    ("ops.audit", "/audit", OperatorDeed::SeeAudit),
];

pub(crate) struct Ask {
    pub(crate) sight: Sight,
    pub(crate) role: OperatorRole,
}

impl Deref for Ask {
    type Target = Sight;

    fn deref(&self) -> &Sight {
        &self.sight
    }
}

impl DerefMut for Ask {
    fn deref_mut(&mut self) -> &mut Sight {
        &mut self.sight
    }
}

impl Ask {
    pub(crate) fn may(&self, deed: OperatorDeed) -> bool {
        self.visitor.may_operate(deed)
    }

    pub(crate) fn must(&self, deed: OperatorDeed) -> Result<(), PageError> {
        if self.may(deed) {
            return Ok(());
        }
        let role = self.language.word("operator.role", self.role.name());
        Err(PageError::Forbidden(self.with("ops.forbidden", &[("role", &role)])))
    }

    /// An address of this cloud's.
    pub(crate) fn at(&self, rest: &str) -> String {
        format!("{}{rest}", frame::cloud_address(self.id()))
    }

    pub(crate) fn link(&self, rest: &str, key: &'static str) -> Link {
        Link::new(self.at(rest), self.say(key))
    }

    /// An address of an account.
    pub(crate) fn account_at(&self, account: &str, rest: &str) -> String {
        format!("{}{rest}", frame::customer_address(self.id(), account))
    }

    /// One that changes something: with its token, once.
    pub(crate) fn form(&self, action: String, submit: impl Into<String>) -> Form {
        Form::post(action, &self.visitor.csrf, submit).hidden("once", self.once())
    }

    /// Why; for the audit log.
    pub(crate) fn reason_field(&self) -> Field {
        Field::of("reason", self.say("ops.reason"), "area").help(self.say("ops.reason_help")).needed()
    }

    /// What somebody must type to confirm it.
    pub(crate) fn name_field(&self, name: &str) -> Field {
        Field::text("confirm", self.with("ops.type_name", &[("name", name)])).needed()
    }

    /// Whether it was typed.
    pub(crate) fn must_confirm(&self, name: &str) -> Result<(), Stop> {
        if self.was_entered("confirm") == Some(name) {
            return Ok(());
        }
        Err(Stop::Field { field: "confirm", what: self.with("ops.type_name", &[("name", name)]) })
    }

    pub(crate) fn count(&self, key: &str, number: usize) -> String {
        self.language.count(key, i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl Asking for Ask {
    /// Who is nobody here has been sent elsewhere before (`security::operators_only`).
    fn of(came: Came, console: Arc<Console>) -> Result<Ask, PageError> {
        let id = came.named("cloud").to_owned();
        let nowhere = || PageError::NotFound(came.spoken().say("error.no_page").to_owned());
        let visitor = came.parts().extensions.get::<Visitor>().cloned().ok_or_else(nowhere)?;
        let role = visitor.operator.ok_or_else(nowhere)?;
        let now = console.engine.now()?;
        let cloud = console.cloud_at(&id, now)?.ok_or_else(nowhere)?;
        let zone = cloud.time_zone.clone();
        Ok(Ask { sight: came.sight(console, (cloud, visitor), zone, now), role })
    }

    fn rendered(&self, page: Page, status: StatusCode) -> Result<Response, PageError> {
        let mut shell = Shell::open(&self.cloud, self.language, page.title.clone(), self.address.clone());
        if status != StatusCode::OK {
            // The address of a form that was refused cannot be opened.
            let own = PAGES.into_iter().find(|(key, ..)| *key == page.nav).map_or("", |(_, rest, _)| rest);
            shell.back = self.at(own);
        }
        shell.home = self.at("");
        shell.account = self.language.word("operator.role", self.role.name());
        shell.csrf.clone_from(&self.visitor.csrf);
        shell.leave.clone_from(&self.visitor.leave);
        shell.above.clone_from(&page.above);
        let entries = PAGES.into_iter().filter(|(.., deed)| self.may(*deed));
        shell.entries = entries.map(|(key, rest, _)| self.link(rest, key).here(key == page.nav)).collect();
        if self.visitor.everywhere {
            shell.others = vec![Link::new("/", self.say("ops.clouds"))];
            shell.feet.push(Link::new("/about", self.say("ops.about")));
        }
        let said = self.asked("done").and_then(|said| self.language.find(&format!("ops.done.{said}")));
        shown(shell, page, said, status)
    }
}

impl Page {
    /// One below an operators' page.
    pub(crate) fn under(ask: &Ask, nav: &'static str, rest: &str, title: String, sentence: impl Into<String>) -> Page {
        let above = vec![Link::new(ask.at(rest), ask.say(nav))];
        Page { nav, title, sentence: sentence.into(), above, sections: Vec::new() }
    }
}

impl Done {
    pub(crate) fn here(ask: &Ask, rest: &str, said: &'static str) -> Done {
        Done { to: ask.at(rest), said }
    }
}
