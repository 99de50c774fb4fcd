//! On whose behalf something is done, and that it is done once: what an outside request brings to a use case.
//!
//! The answer to a request with an Idempotency-Key is kept in the transaction of its effect, so that whoever asks again, at
//! the same moment or after a crash, gets that answer and no second effect. What was refused had no effect and is not
//! kept: asked again it is decided again. What was changed is noted in the audit log in the same transaction.
//!
//! Where a provider is asked before the answer is given, two things are kept: what was begun, with its effect, and the whole answer, once it is
//! known. Who asks again before that waits for it as the first does; whoever has it first is who is believed.

use crate::folio::Work;
use crate::{Engine, IdSource, RefusalCode, Refused};
use farthing_core::time::Instant;
use farthing_store::{AnswerRow, NewEntry, StoreError, Tx};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Asked {
    /// A key's id, or who works at the command line.
    pub who: String,
    /// Where it came from: an address.
    pub source: String,
    pub once: Option<Once>,
    /// Why, in the words of whoever asks; empty: what is asked says so itself, or nobody has to say.
    pub why: String,
}

#[derive(Clone, Debug)]
pub struct Once {
    pub key: String,
    /// Of everything that was asked.
    pub digest: [u8; 32],
}

/// What is to stand in the audit log.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) what: &'static str,
    pub(crate) subject: String,
    /// JSON, or nothing.
    pub(crate) was: String,
    pub(crate) became: String,
}

impl Note {
    pub(crate) fn new(what: &'static str, subject: String) -> Note {
        Note { what, subject, was: String::new(), became: String::new() }
    }

    pub(crate) fn was(self, was: &serde_json::Value) -> Note {
        Note { was: was.to_string(), ..self }
    }

    pub(crate) fn became(self, became: &serde_json::Value) -> Note {
        Note { became: became.to_string(), ..self }
    }
}

/// A transaction of what has nothing to do with accounts.
pub(crate) struct Desk<'d, 't> {
    pub(crate) tx: &'d mut Tx<'t>,
    pub(crate) cloud: &'d str,
    pub(crate) ids: &'d IdSource,
    pub(crate) now: Instant,
    pub(crate) notes: Vec<Note>,
}

impl Engine {
    /// The same engine, working for somebody.
    #[must_use]
    pub fn asked_by(&self, asked: Asked) -> Engine {
        Engine { asked: Some(Arc::new(asked)), ..self.clone() }
    }

    /// Runs a use case over accounts of one cloud, once if that was asked.
    pub(crate) fn ask<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        name: &'static str,
        cloud: &str,
        change: impl FnMut(&mut Work<'_, '_>) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        self.work(name, cloud, once(self.asked.clone(), cloud.to_owned(), change))
    }

    /// The same for each of many, each on somebody's behalf: one that is refused takes no other with it.
    pub(crate) fn ask_each<T, C>(&self, name: &'static str, changes: Vec<(Asked, String, C)>) -> Vec<Result<T, Refused>>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        C: FnMut(&mut Work<'_, '_>) -> Result<T, Refused> + Send + 'static,
    {
        let one = |(asked, cloud, change): (Asked, String, C)| {
            let change = once(Some(Arc::new(asked)), cloud.clone(), change);
            (cloud, change)
        };
        self.work_each(name, changes.into_iter().map(one).collect())
    }

    /// The same where something outside is asked before it is answered: `then` does so, and says what came of it. It is answered as it was.
    pub(crate) fn ask_outside<B, T>(
        &self,
        name: &'static str,
        cloud: &str,
        change: impl FnMut(&mut Work<'_, '_>) -> Result<B, Refused> + Send + 'static,
        then: impl FnOnce(B) -> Result<T, Refused>,
    ) -> Result<T, Refused>
    where
        B: Serialize + DeserializeOwned + Send + 'static,
        T: Serialize + DeserializeOwned + Send + 'static,
    {
        if let Some(whole) = self.whole_answer(cloud)? {
            return Ok(whole);
        }
        let answer = then(self.ask(name, cloud, change)?)?;
        self.keep_whole(cloud, answer)
    }

    fn whole_answer<T: DeserializeOwned>(&self, cloud: &str) -> Result<Option<T>, Refused> {
        let Some(once) = self.asked.as_ref().and_then(|asked| asked.once.as_ref()) else { return Ok(None) };
        let kept = self.store.read("whole_answer", |tx| tx.answer(cloud, &once.key))?;
        // Another request under the same key is refused where it is begun.
        let kept = kept.filter(|kept| kept.digest == once.digest).map(|kept| kept.answer);
        match kept.filter(|text| text.starts_with(WHOLE)) {
            Some(text) => Ok(Some(read_answer::<Whole<serde_json::Value, T>>(&text)?.whole)),
            None => Ok(None),
        }
    }

    fn keep_whole<T>(&self, cloud: &str, answer: T) -> Result<T, Refused>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
    {
        let Some(asked) = self.asked.clone().filter(|asked| asked.once.is_some()) else { return Ok(answer) };
        let whole = serde_json::to_value(&answer).map_err(|error| unwritten(&error))?;
        let cloud = cloud.to_owned();
        let first = self.store.write("keep_whole", move |tx| {
            let Some(once) = &asked.once else { return Ok(None) };
            let Some(kept) = tx.answer(&cloud, &once.key)? else { return Ok(None) };
            if kept.answer.starts_with(WHOLE) {
                return Ok(Some(read_answer::<Whole<serde_json::Value, T>>(&kept.answer)?.whole));
            }
            let begun: serde_json::Value = read_answer(&kept.answer)?;
            let text =
                serde_json::to_string(&Whole { begun, whole: whole.clone() }).map_err(|error| unwritten(&error))?;
            tx.answer_write(&cloud, &once.key, &text)?;
            Ok::<_, StoreError>(None)
        })?;
        Ok(first.unwrap_or(answer))
    }

    /// Notes in the audit log what was refused: a transaction of its own, since that of the request has come to nothing.
    pub(crate) fn note_refused(&self, cloud: &str, note: Note) -> Result<(), Refused> {
        let (asked, cloud, clock) = (self.asked.clone(), cloud.to_owned(), self.clock.clone());
        self.store.write("note_refused", move |tx| {
            let now = clock.now()?;
            note_all(tx, &cloud, asked.as_deref(), std::slice::from_ref(&note), now)?;
            Ok::<_, Refused>(())
        })
    }

    /// The same for what is not about accounts: the cloud need not be configured.
    pub(crate) fn ask_desk<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        name: &'static str,
        cloud: &str,
        mut change: impl FnMut(&mut Desk<'_, '_>) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Refused> {
        let (asked, cloud) = (self.asked.clone(), cloud.to_owned());
        let (clock, ids) = (self.clock.clone(), self.ids.clone());
        self.store.write(name, move |tx| {
            let now = clock.now()?;
            if let Some(answer) = answer_kept(tx, &cloud, asked.as_deref())? {
                return Ok(answer);
            }
            let mut desk = Desk { tx, cloud: &cloud, ids: &ids, now, notes: Vec::new() };
            let answer = change(&mut desk)?;
            let notes = std::mem::take(&mut desk.notes);
            keep(tx, &cloud, asked.as_deref(), &answer, &notes, now)?;
            Ok(answer)
        })
    }

    /// Takes the key of a batch whose parts are answered each for itself: no other batch comes under it.
    pub fn take_key(&self, cloud: &str) -> Result<(), Refused> {
        self.ask_desk("take_key", cloud, |_| Ok(()))
    }
}

/// What is asked, done once: whoever asks again gets the answer that was given.
fn once<T, C>(
    asked: Option<Arc<Asked>>,
    cloud: String,
    mut change: C,
) -> impl FnMut(&mut Work<'_, '_>) -> Result<T, Refused> + Send + 'static
where
    T: Serialize + DeserializeOwned + Send + 'static,
    C: FnMut(&mut Work<'_, '_>) -> Result<T, Refused> + Send + 'static,
{
    move |work| {
        if let Some(answer) = answer_kept(work.tx, &cloud, asked.as_deref())? {
            return Ok(answer);
        }
        let answer = change(work)?;
        let notes = std::mem::take(&mut work.notes);
        keep(work.tx, &cloud, asked.as_deref(), &answer, &notes, work.now)?;
        Ok(answer)
    }
}

/// An answer that is whole begins so.
const WHOLE: &str = "{\"begun\":";

#[derive(Serialize, Deserialize)]
struct Whole<B, T> {
    begun: B,
    whole: T,
}

fn read_answer<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::corrupt(format!("a kept answer cannot be read: {error}")))
}

fn unwritten(error: &serde_json::Error) -> StoreError {
    StoreError::corrupt(format!("an answer cannot be written: {error}"))
}

/// What was answered, where the same was asked before.
pub(crate) fn answer_kept<T: DeserializeOwned>(
    tx: &mut Tx<'_>,
    cloud: &str,
    asked: Option<&Asked>,
) -> Result<Option<T>, Refused> {
    let Some(once) = asked.and_then(|asked| asked.once.as_ref()) else { return Ok(None) };
    let Some(kept) = tx.answer(cloud, &once.key)? else { return Ok(None) };
    if kept.digest != once.digest {
        let what = format!(
            "the Idempotency-Key {:?} was used for another request: choose a new key for a new request",
            once.key
        );
        return Err(Refused::new(RefusalCode::KeyReused, what));
    }
    if kept.answer.starts_with(WHOLE) {
        return Ok(Some(read_answer::<Whole<T, serde_json::Value>>(&kept.answer)?.begun));
    }
    Ok(Some(read_answer(&kept.answer)?))
}

/// Notes what was changed, and keeps the answer.
pub(crate) fn keep<T: Serialize>(
    tx: &mut Tx<'_>,
    cloud: &str,
    asked: Option<&Asked>,
    answer: &T,
    notes: &[Note],
    now: Instant,
) -> Result<(), Refused> {
    let Some(asked) = asked else { return Ok(()) };
    note_all(tx, cloud, Some(asked), notes, now)?;
    if let Some(once) = &asked.once {
        let answer = serde_json::to_string(answer).map_err(|error| unwritten(&error))?;
        tx.answer_insert(cloud, &once.key, &AnswerRow { digest: once.digest, answer }, now)?;
    }
    Ok(())
}

/// Appends to the audit log, where somebody asked.
pub(crate) fn note_all(
    tx: &mut Tx<'_>,
    cloud: &str,
    asked: Option<&Asked>,
    notes: &[Note],
    now: Instant,
) -> Result<(), StoreError> {
    let Some(asked) = asked else { return Ok(()) };
    for note in notes {
        let became = with_reason(&note.became, &asked.why);
        let entry = NewEntry {
            who: &asked.who,
            source: &asked.source,
            what: note.what,
            subject: &note.subject,
            was: &note.was,
            became: &became,
        };
        tx.trail_append(cloud, &entry, now)?;
    }
    Ok(())
}

/// What became of it, and why, where whoever asked said so and the use case has no word of its own for it.
fn with_reason<'n>(became: &'n str, why: &str) -> Cow<'n, str> {
    if why.is_empty() {
        return Cow::Borrowed(became);
    }
    let mut facts = match serde_json::from_str(became) {
        Ok(serde_json::Value::Object(facts)) => facts,
        _ if became.is_empty() => serde_json::Map::new(),
        // What is no object has no room for more.
        _ => return Cow::Borrowed(became),
    };
    let told = ["why", "reason", "note"].iter().any(|key| facts.get(*key).is_some_and(|said| said == why));
    if !told {
        facts.insert("why".to_owned(), why.into());
    }
    Cow::Owned(serde_json::Value::Object(facts).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_stands_in_the_entry_once() {
        let check = |became: &str, why: &str, told: &str| assert_eq!(with_reason(became, why), told);
        check("", "", "");
        check("{\"a\":1}", "", "{\"a\":1}");
        check("", "they asked", "{\"why\":\"they asked\"}");
        check("{\"a\":1}", "they asked", "{\"a\":1,\"why\":\"they asked\"}");
        check("{\"reason\":\"they asked\"}", "they asked", "{\"reason\":\"they asked\"}");
        check("[1]", "they asked", "[1]");
    }
}
