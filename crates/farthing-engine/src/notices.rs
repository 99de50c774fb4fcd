//! What an account's people are written: the notices themselves, as an inbox, and of which events they want no mail. An endpoint hears of everything
//! all the same, and what takes something away is always written (`EventType::may_be_off`).

use crate::asked::Note;
use crate::deliver::{Envelope, Parcel, mail_of};
use crate::open_project::{account_ever, account_of};
use crate::{Clock, Engine, RefusalCode, Refused};
use farthing_core::notice::EventType;
use farthing_core::time::Instant;
use farthing_store::MessageFilter;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Messages in one look.
const LOOK: i64 = 200;
/// As many messages are looked through for one page.
const LOOKED_THROUGH: i64 = 5_000;

/// A notice as it can be read, with what is needed to write it out.
#[derive(Clone, Debug)]
pub struct NoticeView {
    /// Of an inbox they only grow.
    pub number: i64,
    pub at: Instant,
    pub kind: EventType,
    pub parcel: Parcel,
    pub envelope: Envelope,
}

/// Of which events an account is written to. The names are those of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeSettings {
    pub account: String,
    /// What is always written.
    pub always: Vec<String>,
    pub on: Vec<String>,
    pub off: Vec<String>,
}

impl Engine {
    /// What an account's people have been told, the newest first: those before a number, at most so many.
    pub fn notices(
        &self,
        cloud: &str,
        account: &str,
        before: Option<i64>,
        most: usize,
    ) -> Result<Vec<NoticeView>, Refused> {
        let test = matches!(*self.clock, Clock::Simulated(_));
        self.store.read("notices", |tx| {
            let payer = tx.payer_by_name(cloud, account)?.ok_or_else(|| Refused::not_found("account", account))?;
            let contact = tx.contact(payer.id)?.unwrap_or_default();
            let filter = MessageFilter { account: Some(payer.id), kind: None };
            let (mut found, mut before, mut looked) = (Vec::new(), before.unwrap_or(i64::MAX), 0);
            while found.len() < most && looked < LOOKED_THROUGH {
                let page = tx.messages(cloud, &filter, before, LOOK)?;
                let Some(last) = page.last() else { break };
                before = last.number;
                looked += LOOK;
                for message in page {
                    let told = EventType::parse(&message.kind).filter(|kind| kind.is_mailed());
                    let Some(kind) = told.filter(|_| found.len() < most) else { continue };
                    let Some((parcel, envelope)) = mail_of(tx, &self.clouds, &message, &contact, test)? else {
                        continue;
                    };
                    found.push(NoticeView { number: message.number, at: message.at, kind, parcel, envelope });
                }
            }
            Ok(found)
        })
    }

    pub fn notice_settings(&self, cloud: &str, account: &str) -> Result<NoticeSettings, Refused> {
        self.look(cloud, |work| {
            let payer = account_ever(work, account)?;
            let off = work.tx.notices_off(payer.id)?;
            Ok(settings(account, &off))
        })
    }

    /// Says of which events no mail is wanted: these and no others.
    pub fn set_notices_off(&self, cloud: &str, account: &str, off: &[String]) -> Result<NoticeSettings, Refused> {
        let (account, off) = (account.to_owned(), off.to_vec());
        self.ask("set_notices_off", cloud, move |work| {
            let payer = account_of(work, &account)?;
            let mut kinds = Vec::new();
            for name in &off {
                let kind = EventType::parse(name).filter(|kind| kind.is_mailed());
                let kind = kind.ok_or_else(|| {
                    Refused::new(RefusalCode::Invalid, format!("{name:?} is nothing that anybody is written about"))
                })?;
                if !kind.may_be_off() {
                    let what = format!("{name} is always written: it is about what is owed, or what may be lost");
                    return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
                }
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            let was = work.tx.notices_off(payer.id)?;
            work.tx.notices_off_put(payer.id, &kinds)?;
            let names =
                |kinds: &[EventType]| json!({ "off": kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>() });
            let note = Note::new("notices.changed", format!("account {account}"));
            work.notes.push(note.was(&names(&was)).became(&names(&kinds)));
            Ok(settings(&account, &kinds))
        })
    }
}

fn settings(account: &str, off: &[EventType]) -> NoticeSettings {
    let names = |wanted: &dyn Fn(EventType) -> bool| {
        // What is of one person is no matter of the account's.
        let own = |kind: &EventType| kind.is_mailed() && !kind.name().starts_with("person.") && wanted(*kind);
        EventType::ALL.iter().copied().filter(own).map(|kind| kind.name().to_owned()).collect()
    };
    NoticeSettings {
        account: account.to_owned(),
        always: names(&|kind| !kind.may_be_off()),
        on: names(&|kind| kind.may_be_off() && !off.contains(&kind)),
        off: names(&|kind| off.contains(&kind)),
    }
}
