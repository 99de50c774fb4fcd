//! What a customer's page is asked with beside what every page is: whose account it is, and what the visitor is to it.

use super::PAGES;
use crate::Console;
use crate::block::Link;
use crate::frame::{self, PageError};
use crate::shell::{Shell, shown};
use crate::web::asked::Came;
use crate::web::door::Asking;
use crate::web::sight::Sight;
use crate::web::visitor::Seat;
use axum::http::StatusCode;
use axum::response::Response;
use farthing_core::access::Deed;
use farthing_core::time::Zone;
use farthing_engine::{AccountFacts, RefusalCode};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

pub(crate) use crate::web::sight::{Done, Page, Stop, found};

pub(crate) struct Ask {
    pub(crate) sight: Sight,
    pub(crate) seat: Seat,
    pub(crate) facts: AccountFacts,
    /// Where these pages are: an operator looks at them elsewhere than their owner.
    pub(crate) base: String,
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
    pub(crate) fn account(&self) -> &str {
        &self.facts.name
    }

    pub(crate) fn may(&self, deed: Deed) -> bool {
        self.seat.may(deed)
    }

    /// Whoever may not do it does not find where it is done.
    pub(crate) fn must(&self, deed: Deed) -> Result<(), PageError> {
        if self.may(deed) { Ok(()) } else { Err(PageError::NotFound(self.say("error.no_page").to_owned())) }
    }

    /// An address of this account.
    pub(crate) fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.base)
    }

    pub(crate) fn link(&self, rest: &str, key: &'static str) -> Link {
        Link::new(self.at(rest), self.say(key))
    }
}

pub(crate) fn account_address(cloud: &str, account: &str, rest: &str) -> String {
    format!("/c/{cloud}/{}{rest}", frame::segment(account))
}

impl Asking for Ask {
    /// An account that is not theirs is not there, and said so in the same words.
    fn of(came: Came, console: Arc<Console>) -> Result<Ask, PageError> {
        let (id, account) = (came.named("cloud").to_owned(), came.named("account").to_owned());
        let nowhere = || PageError::NotFound(came.spoken().say("error.no_page").to_owned());
        let now = console.engine.now()?;
        let cloud = console.cloud_at(&id, now)?.ok_or_else(nowhere)?;
        let Some(visitor) = console.porter.who(&id, Some(&account), came.parts()) else {
            let sign_in = console.porter.sign_in(&id, &came.address());
            return Err(sign_in.map_or_else(nowhere, PageError::SignIn));
        };
        let seat = visitor.seat(&account).cloned().ok_or_else(nowhere)?;
        let facts = match console.engine.account_facts(&id, &account) {
            Ok(facts) => facts,
            Err(refused) if refused.code() == Some(RefusalCode::NotFound) => return Err(nowhere()),
            Err(refused) => return Err(refused.into()),
        };
        let zone = Zone::parse(&facts.zone).unwrap_or_else(|_| cloud.time_zone.clone());
        let base = account_address(&id, &account, "");
        Ok(Ask { sight: came.sight(console, (cloud, visitor), zone, now), seat, facts, base })
    }

    fn rendered(&self, page: Page, status: StatusCode) -> Result<Response, PageError> {
        rendered(self, page, status)
    }
}

fn rendered(ask: &Ask, page: Page, status: StatusCode) -> Result<Response, PageError> {
    let mut shell = Shell::open(&ask.cloud, ask.language, page.title.clone(), ask.address.clone());
    if status != StatusCode::OK {
        // The address of a form that was refused cannot be opened.
        let own = PAGES.into_iter().find(|(key, _)| *key == page.nav).map_or("", |(_, rest)| rest);
        shell.back = ask.at(own);
    }
    shell.home = ask.at("");
    ask.account().clone_into(&mut shell.account);
    shell.csrf.clone_from(&ask.visitor.csrf);
    shell.leave.clone_from(&ask.visitor.leave);
    shell.above.clone_from(&page.above);
    let may_open = |key: &str| match key {
        "nav.bills" => ask.may(Deed::SeePapers),
        "nav.payment" => ask.may(Deed::SetMethods),
        _ => true,
    };
    let entries = PAGES.into_iter().filter(|(key, _)| may_open(key));
    shell.entries = entries.map(|(key, rest)| ask.link(rest, key).here(key == page.nav)).collect();
    let others = ask.visitor.accounts.iter().filter(|seat| seat.account != ask.account());
    shell.others =
        others.map(|seat| Link::new(account_address(ask.id(), &seat.account, ""), seat.account.clone())).collect();
    let said = ask.asked("done").and_then(|said| ask.language.find(&format!("done.{said}")));
    shown(shell, page, said, status)
}

impl Page {
    /// One below a page of the side bar.
    pub(crate) fn below(ask: &Ask, nav: &'static str, rest: &str, title: String, sentence: impl Into<String>) -> Page {
        let above = vec![Link::new(ask.at(rest), ask.say(nav))];
        Page { nav, title, sentence: sentence.into(), above, sections: Vec::new() }
    }
}

impl Done {
    pub(crate) fn at(ask: &Ask, rest: &str, said: &'static str) -> Done {
        Done { to: ask.at(rest), said }
    }
}
