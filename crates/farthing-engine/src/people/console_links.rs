//! Links by which a cloud's own portal sends somebody to the console: it knows who they are, so no password is asked.
//!
//! A link opens a session once, within a minute, in one account, in the role that the portal says. As with an export's, its secret comes from
//! the key that asks, so that asked twice it is the same one and stands nowhere.

use super::visits::put_session;
use super::{agent_of, two};
use crate::asked::Note;
use crate::open_project::account_of;
use crate::{Engine, EngineError, Origin, RefusalCode, Refused};
use farthing_core::access::{ENTER_LINK_SECONDS, Opens, Role, Token, TokenId};
use farthing_core::settle::SettleError;
use farthing_core::time::{Duration, Instant};
use farthing_store::{LinkPurpose, PersonLinkRow, StoreError, Whose};
use serde_json::json;

const WHO_MAX: usize = 200;
const RETURN_MAX: usize = 500;

#[derive(Clone, Debug)]
pub struct NewConsoleLink {
    pub account: String,
    /// What the portal calls them.
    pub person: String,
    pub role: Role,
    /// Such as `en`; empty: the cloud's.
    pub language: String,
    /// A path of the console's; may be empty.
    pub return_to: String,
}

/// A session that a link opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    pub session: Token,
    pub cloud: String,
    pub account: String,
    pub return_to: String,
}

/// What is kept of the making of a link: what its secret comes from, but not the secret.
type Made = ([u8; 16], [u8; 16]);

impl Engine {
    /// `test`: of a test cloud; `now`: the real time.
    pub fn console_link(
        &self,
        cloud: &str,
        new: &NewConsoleLink,
        (origin, test): (&Origin, bool),
        now: Instant,
    ) -> Result<(Token, Instant), Refused> {
        check(new)?;
        let (new, from) = (new.clone(), origin.clone());
        let (chance, salt, id): (_, [u8; 16], TokenId) =
            ([self.ids.bytes(), self.ids.bytes()], self.ids.bytes(), self.ids.id(now));
        let test_of = test.then(|| cloud.to_owned());
        let world = test_of.clone();
        let lasts = Duration::try_from_seconds(ENTER_LINK_SECONDS).map_err(SettleError::from)?;
        let expires = now.checked_add(lasts).map_err(SettleError::from)?;
        let (made, expires): (Made, i64) = self.ask("console_link", cloud, move |work| {
            let account = account_of(work, &new.account)?;
            let token = Token::new(Opens::Link, world.clone(), id, secret(&from, chance, id, &salt));
            let cloud = work.cloud.id.clone();
            work.tx.person_link_insert(&PersonLinkRow {
                id,
                hash: token.hash(),
                purpose: LinkPurpose::Enter,
                cloud,
                whose: Whose::Vouched { who: new.person.clone(), account: account.id, role: new.role },
                language: new.language.clone(),
                return_to: new.return_to.clone(),
                made: now,
                expires,
            })?;
            let facts = json!({ "account": new.account, "role": new.role.name() });
            work.notes.push(Note::new("console_link.made", id.to_string()).became(&facts));
            Ok(((id.to_bytes(), salt), expires.micros()))
        })?;
        let (id, salt) = (TokenId::from_bytes(made.0), made.1);
        let token = Token::new(Opens::Link, test_of, id, secret(origin, chance, id, &salt));
        // Made again of another key it would open nothing; used or over, it is told all the same: it opens nothing then.
        let kept = self.store.read("console_link", |tx| tx.person_link(id)).map_err(EngineError::from)?;
        if kept.is_none_or(|kept| token.fits(&kept.hash)) {
            return Ok((token, Instant::from_micros(expires)));
        }
        let what =
            "that link was told to the key that asked for it: ask for another, with an Idempotency-Key of its own";
        Err(Refused::new(RefusalCode::Conflict, what))
    }

    /// Opens a session with a link, which is used up. None: it opens nothing, and nothing tells why.
    pub fn enter(&self, link: &Token, agent: &str, now: Instant) -> Result<Option<Entered>, EngineError> {
        let found = self.store.read("enter_find", |tx| tx.person_link(link.id))?;
        let Some(row) = found.filter(|row| row.purpose == LinkPurpose::Enter && link.fits(&row.hash)) else {
            return Ok(None);
        };
        if now >= row.expires {
            return Ok(None);
        }
        let session = self.fresh_token(Opens::Session, link.test_of.as_deref(), now);
        let (token, agent, cloud) = (session.clone(), agent_of(agent), row.cloud.clone());
        let (return_to, row) = (row.return_to.clone(), row);
        let opened = self.ask_desk("enter", &cloud, move |desk| {
            let Whose::Vouched { account, .. } = &row.whose else { return Ok(None) };
            let Some(name) = desk.tx.account_name(&row.cloud, *account)? else { return Ok(None) };
            if !desk.tx.person_link_use(row.id)? {
                return Ok(None);
            }
            put_session(desk.tx, &token, (&row.cloud, row.whose.clone()), (&row.language, &agent, true), now)?;
            desk.notes.push(Note::new("console_link.used", row.id.to_string()));
            Ok(Some(name))
        });
        let account = opened.map_err(|refused: Refused| match refused {
            Refused::Engine(error) => error,
            Refused::ByRule { message, .. } => StoreError::corrupt(message).into(),
        })?;
        Ok(account.map(|account| Entered { session, cloud, account, return_to }))
    }
}

fn check(new: &NewConsoleLink) -> Result<(), Refused> {
    let plain = |text: &str, most: usize| text.len() <= most && !text.chars().any(char::is_control);
    if new.person.is_empty() || !plain(&new.person, WHO_MAX) {
        let what = format!("say who it is for: what you call them, 1 to {WHO_MAX} bytes in one line");
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    if !plain(&new.language, 35) {
        return Err(Refused::new(RefusalCode::Invalid, "a language is such as en or zh-CN"));
    }
    // Whoever is sent here must not be sent on to somewhere else.
    let ours = new.return_to.is_empty()
        || (new.return_to.starts_with('/') && !new.return_to.starts_with("//") && !new.return_to.contains('\\'));
    if !ours || !plain(&new.return_to, RETURN_MAX) {
        let what = "return_to is a path of the console: it begins with one slash";
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    Ok(())
}

fn secret(origin: &Origin, chance: [[u8; 16]; 2], link: TokenId, salt: &[u8]) -> [u8; 32] {
    match origin {
        Origin::Chance => two(chance),
        Origin::Key(key) => key.beget(&[b"console link", &link.to_bytes(), salt]),
    }
}
