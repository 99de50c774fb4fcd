//! API keys: made, rotated, revoked, and looked up at the door.

use crate::asked::Note;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::access::{KeyId, KeyText, Mode, Scopes};
use farthing_core::settle::SettleError;
use farthing_core::time::{Duration, Instant};
use farthing_store::KeyRow;
use serde_json::json;

/// As many characters as a key's name has at most.
const NAME_MAX: usize = 80;

#[derive(Clone, Debug)]
pub struct NewKey {
    pub name: String,
    pub mode: Mode,
    pub scopes: Scopes,
    /// Requests a second; 0: the server's.
    pub per_second: u32,
    pub expires: Option<Instant>,
}

/// Where a new secret comes from: chance, or the key that asks, so that asked twice it is the same one and stands nowhere.
#[derive(Clone, Debug)]
pub enum Origin {
    Chance,
    Key(KeyText),
}

/// What is kept of the making of a key: what its secret comes from, but not the secret.
type Made = ([u8; 16], Vec<u8>);

impl Engine {
    /// Makes a key. Its text is answered here and never again, but to the same key asking with the same Idempotency-Key.
    pub fn key_create(&self, cloud: &str, new: &NewKey, origin: &Origin) -> Result<KeyText, Refused> {
        let (new, from) = (new.clone(), origin.clone());
        if new.name.is_empty() || new.name.len() > NAME_MAX {
            let what = format!("a key's name has 1 to {NAME_MAX} characters: say what will hold it");
            return Err(Refused::new(RefusalCode::Invalid, what));
        }
        if new.scopes.is_empty() {
            return Err(Refused::new(RefusalCode::Invalid, "a key without scopes opens nothing: name one"));
        }
        let mode = new.mode;
        let chance = Chance::new(self);
        let kept = chance.clone();
        let made: Made = self.ask_desk("key_create", cloud, move |desk| {
            if new.expires.is_some_and(|expires| expires <= desk.now) {
                return Err(Refused::new(RefusalCode::Invalid, "a key expires after it is made: give a later time"));
            }
            let id: KeyId = desk.ids.id(desk.now);
            let text = kept.text(&from, mode, id);
            desk.tx.key_insert(&KeyRow {
                id,
                cloud: desk.cloud.to_owned(),
                name: new.name.clone(),
                test: mode == Mode::Test,
                scopes: new.scopes,
                per_second: i64::from(new.per_second),
                hash: text.hash(),
                old: None,
                created: desk.now,
                expires: new.expires,
                revoked: None,
                last_used: None,
            })?;
            let facts = json!({ "name": new.name, "mode": mode.name(), "scopes": new.scopes.to_string() });
            desk.notes.push(Note::new("key.created", id.to_string()).became(&facts));
            Ok((id.to_bytes(), kept.salt(&from)))
        })?;
        self.still_it(chance.again(origin, mode, &made))
    }

    /// A secret that was told before is made again of the key that asked for it then; made of another it would open nothing.
    fn still_it(&self, text: KeyText) -> Result<KeyText, Refused> {
        let kept = self.store.read("key", |tx| tx.key(text.id))?;
        if kept.is_some_and(|key| text.fits(&key.hash)) {
            return Ok(text);
        }
        let what = format!("the secret of {} was told to the key that asked for it: rotate it for another", text.id);
        Err(Refused::new(RefusalCode::Conflict, what))
    }

    /// Gives a key another secret; the one it had is good for so long.
    pub fn key_rotate(&self, cloud: &str, id: KeyId, grace: Duration, origin: &Origin) -> Result<KeyText, Refused> {
        let from = origin.clone();
        let chance = Chance::new(self);
        let kept = chance.clone();
        let (test, made): (bool, Made) = self.ask_desk("key_rotate", cloud, move |desk| {
            let key = desk.tx.key(id)?.filter(|key| key.cloud == desk.cloud);
            let Some(key) = key.filter(|key| key.revoked.is_none()) else {
                return Err(Refused::not_found("key", &id.to_string()));
            };
            let mode = if key.test { Mode::Test } else { Mode::Live };
            let until = desk.now.checked_add(grace).map_err(SettleError::from)?;
            desk.tx.key_rotate(id, &kept.text(&from, mode, id).hash(), until)?;
            let facts = json!({ "old_secret_until": until.to_string() });
            desk.notes.push(Note::new("key.rotated", id.to_string()).became(&facts));
            Ok((key.test, (id.to_bytes(), kept.salt(&from))))
        })?;
        self.still_it(chance.again(origin, if test { Mode::Test } else { Mode::Live }, &made))
    }

    /// From now on it opens nothing.
    pub fn key_revoke(&self, cloud: &str, id: KeyId) -> Result<(), Refused> {
        self.ask_desk("key_revoke", cloud, move |desk| {
            let Some(key) = desk.tx.key(id)?.filter(|key| key.cloud == desk.cloud) else {
                return Err(Refused::not_found("key", &id.to_string()));
            };
            if key.revoked.is_none() {
                desk.tx.key_revoke(id, desk.now)?;
                desk.notes.push(Note::new("key.revoked", id.to_string()));
            }
            Ok(())
        })
    }

    /// Those that `sees` may know of: who holds a live key looks after the test keys as well.
    pub fn keys(
        &self,
        cloud: &str,
        sees: Mode,
        after: Option<KeyId>,
        limit: usize,
    ) -> Result<Vec<KeyRow>, EngineError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.store.read("keys", |tx| tx.keys_of(cloud, sees == Mode::Live, after, limit))?)
    }

    /// Refuses a key that is not there for whoever `sees` one world.
    pub fn key_seen(&self, cloud: &str, sees: Mode, id: KeyId) -> Result<(), Refused> {
        let key = self.store.read("key", |tx| tx.key(id))?.filter(|key| key.cloud == cloud);
        match key {
            Some(key) if key.test || sees == Mode::Live => Ok(()),
            _ => Err(Refused::not_found("key", &id.to_string())),
        }
    }

    /// The key that a text opens with, if it does now.
    pub fn key_of(&self, text: &KeyText) -> Result<Option<KeyRow>, EngineError> {
        let now = self.now()?;
        let found = self.store.read("key_of", |tx| tx.key(text.id))?;
        let opens = |key: &KeyRow| {
            let known = text.fits(&key.hash) || key.old.is_some_and(|(old, until)| text.fits(&old) && now < until);
            let mode = key.test == (text.mode == Mode::Test);
            known && mode && key.revoked.is_none() && key.expires.is_none_or(|expires| now < expires)
        };
        Ok(found.filter(opens))
    }

    /// Notes when keys were last used.
    pub fn keys_used(&self, used: Vec<(KeyId, Instant)>) -> Result<(), EngineError> {
        Ok(self.store.write("keys_used", move |tx| tx.keys_used(&used))?)
    }
}

/// What is drawn for one asking: drawn before the transaction, which may run again.
#[derive(Clone)]
struct Chance {
    secret: [u8; 32],
    salt: [u8; 16],
}

impl Chance {
    fn new(engine: &Engine) -> Chance {
        let mut secret = [0; 32];
        let (first, second) = secret.split_at_mut(16);
        first.copy_from_slice(&engine.ids.bytes());
        second.copy_from_slice(&engine.ids.bytes());
        Chance { secret, salt: engine.ids.bytes() }
    }

    fn salt(&self, origin: &Origin) -> Vec<u8> {
        match origin {
            Origin::Chance => Vec::new(),
            Origin::Key(_) => self.salt.to_vec(),
        }
    }

    fn text(&self, origin: &Origin, mode: Mode, id: KeyId) -> KeyText {
        let secret = match origin {
            Origin::Chance => self.secret,
            Origin::Key(key) => key.beget(&[&id.to_bytes(), &self.salt]),
        };
        KeyText::new(mode, id, secret)
    }

    /// The text that belongs to what was kept, of this asking or an earlier one.
    fn again(&self, origin: &Origin, mode: Mode, (id, salt): &Made) -> KeyText {
        let id = KeyId::from_bytes(*id);
        match origin {
            Origin::Chance => self.text(origin, mode, id),
            Origin::Key(key) => KeyText::new(mode, id, key.beget(&[&id.to_bytes(), salt])),
        }
    }
}
