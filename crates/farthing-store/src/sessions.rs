//! Who is signed in, links that are good once, and how often somebody has tried: what opens a console, and what keeps it shut.

use crate::{Row, StoreError, Tx, Value};
use farthing_core::access::{PersonId, Role, SessionTimes, TokenId, Tries};
use farthing_core::ledger::OwnerId;
use farthing_core::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    pub id: TokenId,
    pub hash: [u8; 32],
    /// Empty: of an operator of every cloud.
    pub cloud: String,
    pub whose: Whose,
    pub language: String,
    /// The second factor was shown, or there is none.
    pub proven: bool,
    /// What the browser says of itself.
    pub agent: String,
    pub times: SessionTimes,
}

/// Whom a session or a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    Person(PersonId),
    /// Somebody the cloud's portal vouches for, in one account.
    Vouched {
        who: String,
        account: OwnerId,
        role: Role,
    },
}

/// What a link that is good once does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Opens a session.
    Enter,
    /// Lets somebody who was invited choose a password.
    Invitation,
    /// Lets somebody who forgot theirs choose another.
    Password,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonLinkRow {
    pub id: TokenId,
    pub hash: [u8; 32],
    pub purpose: LinkPurpose,
    pub cloud: String,
    pub whose: Whose,
    pub language: String,
    /// A path of ours to go to after; may be empty.
    pub return_to: String,
    pub made: Instant,
    pub expires: Instant,
}

impl LinkPurpose {
    pub const fn name(self) -> &'static str {
        match self {
            LinkPurpose::Enter => "enter",
            LinkPurpose::Invitation => "invitation",
            LinkPurpose::Password => "password",
        }
    }

    pub fn parse(name: &str) -> Option<LinkPurpose> {
        [LinkPurpose::Enter, LinkPurpose::Invitation, LinkPurpose::Password]
            .into_iter()
            .find(|known| known.name() == name)
    }
}

/// As columns have it: person, who, account, role.
type WhoseColumns<'w> = (Option<[u8; 16]>, &'w str, i64, &'static str);

impl Whose {
    fn columns(&self) -> WhoseColumns<'_> {
        match self {
            Whose::Person(id) => (Some(id.to_bytes()), "", 0, ""),
            Whose::Vouched { who, account, role } => (None, who, account.0, role.name()),
        }
    }

    fn read(person: Option<[u8; 16]>, who: String, account: i64, role: &str) -> Result<Whose, StoreError> {
        if let Some(id) = person {
            return Ok(Whose::Person(PersonId::from_bytes(id)));
        }
        let role = Role::parse(role).ok_or_else(|| StoreError::corrupt("a session with a role that there is not"))?;
        Ok(Whose::Vouched { who, account: OwnerId(account), role })
    }
}

fn bytes_or_null(bytes: Option<&[u8; 16]>) -> Value<'_> {
    bytes.map_or(Value::Null, |bytes| Value::Bytes(bytes))
}

impl Tx<'_> {
    pub fn session_insert(&mut self, session: &SessionRow) -> Result<(), StoreError> {
        let (person, who, account, role) = session.whose.columns();
        self.execute(
            "INSERT INTO session (id, hash, cloud, person, who, account, role, language, proven, agent, made, seen)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            &[
                session.id.to_bytes().as_slice().into(),
                session.hash.as_slice().into(),
                session.cloud.as_str().into(),
                bytes_or_null(person.as_ref()),
                who.into(),
                account.into(),
                role.into(),
                session.language.as_str().into(),
                session.proven.into(),
                session.agent.as_str().into(),
                session.times.made.micros().into(),
                session.times.seen.micros().into(),
            ],
        )?;
        Ok(())
    }

    pub fn session(&mut self, id: TokenId) -> Result<Option<SessionRow>, StoreError> {
        self.one(
            "SELECT id, hash, cloud, person, who, account, role, language, proven, agent, made, seen FROM session WHERE id = $1",
            &[id.to_bytes().as_slice().into()],
            session_from,
        )
    }

    /// A person's, the newest first.
    pub fn sessions_of(&mut self, person: PersonId) -> Result<Vec<SessionRow>, StoreError> {
        self.rows(
            "SELECT id, hash, cloud, person, who, account, role, language, proven, agent, made, seen FROM session
             WHERE person = $1 ORDER BY id DESC",
            &[person.to_bytes().as_slice().into()],
            session_from,
        )
    }

    pub fn session_seen(&mut self, id: TokenId, at: Instant) -> Result<(), StoreError> {
        self.execute(
            "UPDATE session SET seen = $2 WHERE id = $1 AND seen < $2",
            &[id.to_bytes().as_slice().into(), at.micros().into()],
        )?;
        Ok(())
    }

    pub fn session_language(&mut self, id: TokenId, language: &str) -> Result<(), StoreError> {
        self.execute(
            "UPDATE session SET language = $2 WHERE id = $1",
            &[id.to_bytes().as_slice().into(), language.into()],
        )?;
        Ok(())
    }

    /// False: it had ended.
    pub fn session_end(&mut self, id: TokenId) -> Result<bool, StoreError> {
        Ok(self.execute("DELETE FROM session WHERE id = $1", &[id.to_bytes().as_slice().into()])? > 0)
    }

    /// Ends a person's sessions but one, if one is named; how many.
    pub fn sessions_end(&mut self, person: PersonId, but: Option<TokenId>) -> Result<u64, StoreError> {
        let but = but.map_or([0; 16], TokenId::to_bytes);
        self.execute(
            "DELETE FROM session WHERE person = $1 AND id <> $2",
            &[person.to_bytes().as_slice().into(), but.as_slice().into()],
        )
    }

    /// Ends what the portal opened for somebody.
    pub fn vouched_end(&mut self, cloud: &str, who: &str) -> Result<u64, StoreError> {
        self.execute(
            "DELETE FROM person_link WHERE cloud = $1 AND account <> 0 AND who = $2",
            &[cloud.into(), who.into()],
        )?;
        self.execute("DELETE FROM session WHERE cloud = $1 AND account <> 0 AND who = $2", &[cloud.into(), who.into()])
    }

    // --- Links

    pub fn person_link_insert(&mut self, link: &PersonLinkRow) -> Result<(), StoreError> {
        let (person, who, account, role) = link.whose.columns();
        self.execute(
            "INSERT INTO person_link (id, hash, purpose, cloud, person, who, account, role, language, return_to, made, expires)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            &[
                link.id.to_bytes().as_slice().into(),
                link.hash.as_slice().into(),
                link.purpose.name().into(),
                link.cloud.as_str().into(),
                bytes_or_null(person.as_ref()),
                who.into(),
                account.into(),
                role.into(),
                link.language.as_str().into(),
                link.return_to.as_str().into(),
                link.made.micros().into(),
                link.expires.micros().into(),
            ],
        )?;
        Ok(())
    }

    pub fn person_link(&mut self, id: TokenId) -> Result<Option<PersonLinkRow>, StoreError> {
        self.one(
            "SELECT l.id, l.hash, l.purpose, l.cloud, l.person, l.who, l.account, l.role, l.language, l.return_to, l.made, l.expires
             FROM person_link l WHERE l.id = $1 {lock l}",
            &[id.to_bytes().as_slice().into()],
            |row| {
                let purpose = LinkPurpose::parse(&row.text(2)?);
                Ok(PersonLinkRow {
                    id: TokenId::from_bytes(row.bytes(0)?),
                    hash: row.bytes(1)?,
                    purpose: purpose.ok_or_else(|| StoreError::corrupt("a link for nothing that there is"))?,
                    cloud: row.text(3)?,
                    whose: Whose::read(row.opt_bytes(4)?, row.text(5)?, row.int(6)?, &row.text(7)?)?,
                    language: row.text(8)?,
                    return_to: row.text(9)?,
                    made: Instant::from_micros(row.int(10)?),
                    expires: Instant::from_micros(row.int(11)?),
                })
            },
        )
    }

    /// Uses one up. False: somebody else has.
    pub fn person_link_use(&mut self, id: TokenId) -> Result<bool, StoreError> {
        Ok(self.execute("DELETE FROM person_link WHERE id = $1", &[id.to_bytes().as_slice().into()])? > 0)
    }

    /// None of a person's links opens anything any more.
    pub fn person_links_forget(&mut self, person: PersonId) -> Result<(), StoreError> {
        self.execute("DELETE FROM person_link WHERE person = $1", &[person.to_bytes().as_slice().into()])?;
        Ok(())
    }

    // --- Tries

    pub fn sign_in_tries(&mut self, subject: &[u8; 32]) -> Result<Tries, StoreError> {
        let found = self.one(
            "SELECT t.wrong, t.last FROM sign_in_try t WHERE t.subject = $1 {lock t}",
            &[subject.as_slice().into()],
            |row| {
                let wrong = u32::try_from(row.int(0)?).unwrap_or(u32::MAX);
                Ok(Tries { wrong, last: Some(Instant::from_micros(row.int(1)?)) })
            },
        )?;
        Ok(found.unwrap_or_default())
    }

    /// None left: the row goes.
    pub fn sign_in_tries_put(&mut self, subject: &[u8; 32], tries: Tries) -> Result<(), StoreError> {
        let Some(last) = tries.last.filter(|_| tries.wrong > 0) else {
            self.execute("DELETE FROM sign_in_try WHERE subject = $1", &[subject.as_slice().into()])?;
            return Ok(());
        };
        self.execute(
            "INSERT INTO sign_in_try (subject, wrong, last) VALUES ($1, $2, $3)
             ON CONFLICT (subject) DO UPDATE SET wrong = excluded.wrong, last = excluded.last",
            &[subject.as_slice().into(), i64::from(tries.wrong).into(), last.micros().into()],
        )?;
        Ok(())
    }

    /// Forgets sessions, links and tries that are of no use to anybody since an instant.
    pub fn access_forget(&mut self, before: Instant) -> Result<u64, StoreError> {
        let before = before.micros();
        let sessions = self.execute("DELETE FROM session WHERE made < $1", &[before.into()])?;
        let links = self.execute("DELETE FROM person_link WHERE expires < $1", &[before.into()])?;
        let tries = self.execute("DELETE FROM sign_in_try WHERE last < $1", &[before.into()])?;
        Ok(sessions + links + tries)
    }
}

fn session_from(row: &Row<'_>) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        id: TokenId::from_bytes(row.bytes(0)?),
        hash: row.bytes(1)?,
        cloud: row.text(2)?,
        whose: Whose::read(row.opt_bytes(3)?, row.text(4)?, row.int(5)?, &row.text(6)?)?,
        language: row.text(7)?,
        proven: row.bool(8)?,
        agent: row.text(9)?,
        times: SessionTimes { made: Instant::from_micros(row.int(10)?), seen: Instant::from_micros(row.int(11)?) },
    })
}
