//! The account's own pages, as its people have them, for an operator to look at: the same functions, with a seat that does nothing. What they do
//! about a bill or a charge stands below it.

use super::{actions, tabs};
use crate::Console;
use crate::block::{Block, Link, Section};
use crate::customer::{self, Ask as Customers};
use crate::frame::PageError;
use crate::operator::ask::{Ask, Page, found};
use crate::web::asked::Came;
use crate::web::door::{Asking, Shown, fetches, shows};
use crate::web::sight::{File, Sight};
use crate::web::visitor::Seat;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::MethodRouter;
use farthing_core::access::{OperatorDeed, Role};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// An operator at a page of an account's.
pub(in crate::operator) struct Looking {
    own: Ask,
    customers: Customers,
}

impl Deref for Looking {
    type Target = Sight;

    fn deref(&self) -> &Sight {
        &self.own.sight
    }
}

impl DerefMut for Looking {
    fn deref_mut(&mut self) -> &mut Sight {
        &mut self.own.sight
    }
}

impl Asking for Looking {
    fn of(came: Came, console: Arc<Console>) -> Result<Looking, PageError> {
        let own = Ask::of(came, console)?;
        let name = own.name("customer").to_owned();
        let facts = found(own.engine().account_facts(own.id(), &name), &own)?;
        let base = own.account_at(&name, "");
        let seat = Seat { account: name, role: Role::Payer, projects: None, looks: true };
        let customers = Customers { sight: own.sight.clone(), seat, facts, base };
        Ok(Looking { own, customers })
    }

    fn rendered(&self, mut page: Page, status: StatusCode) -> Result<Response, PageError> {
        let name = self.customers.account();
        let here = customer::PAGES.into_iter().find(|(key, _)| *key == page.nav).map_or("", |(_, rest)| rest);
        let mut above =
            vec![self.own.link("/accounts", "ops.accounts"), Link::new(self.own.account_at(name, ""), name.to_owned())];
        above.append(&mut page.above);
        let lead = Block::Lead(self.with("account.as_they_see", &[("name", name)]));
        page.sections.insert(0, Section::plain(vec![tabs(&self.own, name, here), lead]));
        self.own.rendered(Page { nav: "ops.accounts", above, ..page }, status)
    }
}

/// One of the customers' pages.
pub(in crate::operator) fn looks(page: Shown<Looking>) -> MethodRouter<Arc<Console>> {
    shows(page)
}

pub(in crate::operator) fn account_file(file: fn(&Looking) -> Result<File, PageError>) -> MethodRouter<Arc<Console>> {
    fetches(file)
}

impl Looking {
    pub(in crate::operator) fn customers(&self) -> &Customers {
        &self.customers
    }
}

/// A document, and what may be done about it.
pub(in crate::operator) fn bill_page(looking: &Looking) -> Result<Page, PageError> {
    let page = customer::bill_page(&looking.customers)?;
    Ok(match actions::about_bill(&looking.own)? {
        Some(section) => page.section(section),
        None => page,
    })
}

/// Why a charge is what it is, and waiving some of it.
pub(in crate::operator) fn charge_page(looking: &Looking) -> Result<Page, PageError> {
    let page = customer::charge_page(&looking.customers)?;
    if !looking.own.may(OperatorDeed::HelpAccount) {
        return Ok(page);
    }
    Ok(match actions::about_charge(&looking.own)? {
        Some(section) => page.section(section),
        None => page,
    })
}
