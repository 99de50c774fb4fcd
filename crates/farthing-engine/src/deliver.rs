//! Takes messages out of the outbox to where they go, and looks at how that went.
//!
//! A delivery is claimed in a transaction of its own, carried outside of any, and what came of it written in another. A crash between
//! the two repeats it with the same id once the claim is over: at least once, never silently not.
//!
//! `now` is the time of whoever sends, not of the world that is told of: a test cloud's clock stands while its webhooks go out.

use crate::asked::Note;
use crate::bills::{Paper, broken, paper_of};
use crate::exports::mail_link;
use crate::people;
use crate::{Clock, Engine, EngineError, RefusalCode, Refused};
use farthing_core::notice::{
    Attempt, DeliveryId, EndpointId, Event, EventType, MessageId, Next, Secret, after_failure, delivery_id,
    delivery_number, signature_header,
};
use farthing_core::payment::BillId;
use farthing_core::policy::Policy;
use farthing_core::settle::SettleError;
use farthing_core::standing::{InstructionId, InstructionState};
use farthing_core::time::{Duration, Instant};
use farthing_store::{
    Channel, ContactRow, DeliveryFilter, DeliveryRow, DeliveryState, DeliveryTried, EndpointRow, MessageFilter,
    MessageRow, StoreError, Tx,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// For how long a claim on one parcel is good, and so how long what was on its way waits when a server dies: longer than it can take to
/// carry it. A webhook takes fifteen seconds at most; a mail is a conversation of a dozen steps, each of which may take as long.
const WEBHOOK_CLAIM_SECONDS: i64 = 30;
const MAIL_CLAIM_SECONDS: i64 = 240;
/// As many characters as are kept of an answer.
const ANSWER_MAX: usize = 200;

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Parcel {
    delivery: i64,
    attempt: i64,
    tries: i64,
    begun: Instant,
    pub id: MessageId,
    pub cloud: String,
    /// The type of event.
    pub kind: String,
    /// When it happened.
    pub at: Instant,
    /// JSON.
    pub data: String,
    pub to: To,
}

#[derive(Clone, Debug)]
pub enum To {
    Webhook(Hook),
    Mail(Box<Envelope>),
    /// There is nobody any more to send it to, and why.
    Nobody(&'static str),
}

#[derive(Clone, Debug)]
pub struct Hook {
    pub endpoint: EndpointId,
    pub url: String,
    /// The newest first.
    pub secrets: Vec<Secret>,
}

/// Whom a mail is for, and on whose behalf.
#[derive(Clone, Debug)]
pub struct Envelope {
    pub name: String,
    pub address: String,
    /// The contact's own, such as `zh-CN`; may be empty.
    pub language: String,
    pub policy: Arc<Policy>,
    /// The cloud's own templates: files below `mail/`.
    pub templates: Arc<BTreeMap<String, String>>,
    /// It is of a test cloud: its reader must see that nothing of it is real.
    pub test: bool,
    pub enclosed: Enclosed,
}

/// What goes with a mail.
#[derive(Clone, Debug, Default)]
pub enum Enclosed {
    #[default]
    Nothing,
    /// The document that the mail tells of, to be drawn.
    Document(Box<Paper>),
    /// It could not be read, and why: the mail waits for it.
    Unread(String),
}

/// What carries messages out. It may take its time, and tells what came of it; it never decides what follows.
pub trait Carrier: Send + Sync {
    fn carry(&self, parcel: &Parcel, now: Instant) -> Carried;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    pub outcome: Outcome,
    /// What the other side's protocol calls it.
    pub status: Option<u16>,
    /// How its answer began, or what went wrong on the way.
    pub answer: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Taken,
    /// It is tried again, not before the pause that was asked for.
    NotTaken {
        pause_seconds: Option<i64>,
    },
    /// Trying again would not help.
    Never,
    /// The receiver wants nothing more (410): the endpoint is disabled.
    Gone,
}

/// A delivery as it is looked at, with what it delivers.
#[derive(Clone, Debug)]
pub struct DeliveryView {
    pub id: DeliveryId,
    pub row: DeliveryRow,
    pub message: MessageRow,
}

impl Parcel {
    /// One that is on no way, to see what it looks like.
    pub fn sample(event: &Event, envelope: Envelope) -> Parcel {
        Parcel {
            delivery: 0,
            attempt: 0,
            tries: 0,
            begun: Instant::EPOCH,
            id: MessageId::from_bytes([0; 16]),
            cloud: envelope.policy.cloud.id.to_string(),
            kind: event.kind().name().to_owned(),
            at: Instant::EPOCH,
            data: event.data().to_string(),
            to: To::Mail(Box::new(envelope)),
        }
    }

    /// The body of a webhook.
    pub fn body(&self) -> String {
        Event::body(&self.id.to_string(), &self.kind, self.at, &self.cloud, &self.data)
    }

    /// The headers that Standard Webhooks asks for.
    pub fn headers(&self, hook: &Hook, body: &str, now: Instant) -> [(&'static str, String); 3] {
        let (id, timestamp) = (self.id.to_string(), now.micros().div_euclid(1_000_000));
        let signature = signature_header(&hook.secrets, &id, timestamp, body.as_bytes());
        [("webhook-id", id), ("webhook-timestamp", timestamp.to_string()), ("webhook-signature", signature)]
    }
}

impl Engine {
    /// Where something is ready to be sent. A copy that was restored sends nothing until it is accepted.
    pub fn channels_ready(&self, now: Instant) -> Result<Vec<Channel>, EngineError> {
        Ok(self.store.read("channels_ready", |tx| {
            if tx.effects_may_leave()? { tx.channels_ready(now) } else { Ok(Vec::new()) }
        })?)
    }

    /// Takes up to so many messages for a channel, each the first of its lane. What came of each is told with `parcel_done`. Who takes
    /// more than one has to carry them side by side: the claim is one parcel's.
    pub fn parcels_claim(&self, channel: Channel, now: Instant, most: usize) -> Result<Vec<Parcel>, EngineError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let claimed_seconds = match channel {
            Channel::Endpoint(_) => WEBHOOK_CLAIM_SECONDS,
            Channel::Mail => MAIL_CLAIM_SECONDS,
        };
        let lasts = Duration::try_from_seconds(claimed_seconds).map_err(SettleError::from)?;
        let until = now.checked_add(lasts).map_err(SettleError::from)?;
        let (clouds, test) = (self.clouds.clone(), matches!(*self.clock, Clock::Simulated(_)));
        let (ids, base) = (self.ids.clone(), self.public_url.clone());
        self.store.write("parcels_claim", move |tx| {
            if !tx.effects_may_leave()? {
                return Ok(Vec::new());
            }
            let endpoint = match channel {
                Channel::Mail => None,
                Channel::Endpoint(id) => match tx.endpoint(id)?.filter(|row| row.disabled.is_empty()) {
                    Some(row) => Some(row),
                    None => return Ok(Vec::new()),
                },
            };
            let claimed = tx.deliveries_claim(channel, now, until, most)?;
            let mut parcels = Vec::with_capacity(claimed.len());
            for (row, mut message) in claimed {
                if endpoint.is_none() && message.kind == EventType::ExportReady.name() {
                    let fresh = (ids.id(now), [ids.bytes(), ids.bytes()], test);
                    message.data = mail_link(tx, &message.cloud, &message.data, fresh, (&base, now))?;
                }
                if endpoint.is_none()
                    && let Some(purpose) = people::link_purpose(&message.kind)
                {
                    let fresh = (ids.id(now), [ids.bytes(), ids.bytes()], test);
                    message.data =
                        people::mail_link(tx, (&message.cloud, &message.data), purpose, fresh, (&base, now))?;
                }
                let to = match &endpoint {
                    Some(_) if is_over(tx, &message)? => To::Nobody("it is not to be done any more"),
                    Some(endpoint) => To::Webhook(hook_of(endpoint, now)),
                    None => addressee(tx, &clouds, &message, test)?,
                };
                parcels.push(Parcel {
                    delivery: row.number,
                    attempt: row.attempts,
                    tries: row.tries,
                    begun: row.begun.unwrap_or(now),
                    id: message.id,
                    cloud: message.cloud,
                    kind: message.kind,
                    at: message.at,
                    data: message.data,
                    to,
                });
            }
            Ok(parcels)
        })
    }

    /// Writes what came of a parcel. `jitter`: chance, so that what failed together is not tried again together.
    pub fn parcel_done(
        &self,
        parcel: &Parcel,
        carried: &Carried,
        now: Instant,
        jitter: u8,
    ) -> Result<DeliveryState, EngineError> {
        let (state, next_at) = match carried.outcome {
            Outcome::Taken => (DeliveryState::Delivered, None),
            Outcome::Never | Outcome::Gone => (DeliveryState::Dead, None),
            Outcome::NotTaken { pause_seconds } => {
                let attempt =
                    Attempt { number: parcel.tries, first: parcel.begun, now, asked_seconds: pause_seconds, jitter };
                match after_failure(&attempt) {
                    Next::At(at) => (DeliveryState::Waiting, Some(at)),
                    Next::Dead => (DeliveryState::Dead, None),
                }
            }
        };
        let (delivery, attempt) = (parcel.delivery, parcel.attempt);
        let (status, answer) = (carried.status.map(i64::from), excerpt(&carried.answer));
        let gone = match (&parcel.to, carried.outcome) {
            (To::Webhook(hook), Outcome::Gone) => Some(hook.endpoint),
            _ => None,
        };
        let heard = (matches!(parcel.to, To::Mail(_))
            && carried.outcome == Outcome::Taken
            && [EventType::StepAnnounced.name(), EventType::SpaceGrace.name()].contains(&parcel.kind.as_str()))
        .then_some(parcel.id);
        // Whoever is told of a step has until then: by the time of the world that they live in.
        let world = self.now()?;
        self.store.write("parcel_done", move |tx| {
            if let Some(message) = heard {
                tx.step_notice_heard(message, world)?;
            }
            let tried = DeliveryTried { number: delivery, attempt, state, next_at, at: now, status, answer: &answer };
            let ours = tx.delivery_tried(&tried)?;
            if let Some(id) = gone.filter(|_| ours)
                && let Some(mut row) = tx.endpoint(id)?.filter(|row| row.disabled.is_empty())
            {
                row.disabled = format!("it answered 410 Gone at {now}");
                tx.endpoint_write(&row)?;
            }
            Ok::<_, StoreError>(())
        })?;
        Ok(state)
    }

    /// Claims and carries one parcel after another for a channel, as long as there are any that are ready and at most so many; how
    /// many were taken. For whoever has one thread.
    pub fn deliver_ready(
        &self,
        channel: Channel,
        carrier: &dyn Carrier,
        now: Instant,
        most: usize,
    ) -> Result<usize, EngineError> {
        let mut taken = 0;
        for _ in 0..most {
            let claimed = self.parcels_claim(channel, now, 1)?;
            let Some(parcel) = claimed.first() else { break };
            let carried = carrier.carry(parcel, now);
            if self.parcel_done(parcel, &carried, now, 0)? == DeliveryState::Delivered {
                taken += 1;
            }
        }
        Ok(taken)
    }

    // --- Looking

    /// A cloud's events, the newest first: those before a number, at most so many.
    pub fn events(
        &self,
        cloud: &str,
        kind: Option<&str>,
        account: Option<&str>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<MessageRow>, Refused> {
        if let Some(kind) = kind.filter(|kind| EventType::parse(kind).is_none()) {
            let what = format!("there is no type of event {kind:?}: docs/webhooks.md lists them");
            return Err(Refused::new(RefusalCode::Invalid, what));
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.store.read("events", |tx| {
            let account = match account {
                None => None,
                Some(name) => {
                    let payer = tx.payer_by_name(cloud, name)?;
                    Some(payer.ok_or_else(|| Refused::not_found("account", name))?.id)
                }
            };
            let filter = MessageFilter { kind: kind.map(str::to_owned), account };
            Ok(tx.messages(cloud, &filter, before.unwrap_or(i64::MAX), limit)?)
        })
    }

    pub fn event(&self, cloud: &str, id: MessageId) -> Result<MessageRow, Refused> {
        let found = self.store.read("event", |tx| tx.message(cloud, id)).map_err(EngineError::from)?;
        found.ok_or_else(|| Refused::not_found("event", &id.to_string()))
    }

    /// A cloud's deliveries, the newest first: those before a number, at most so many.
    pub fn deliveries(
        &self,
        cloud: &str,
        filter: &DeliveryFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<DeliveryView>, EngineError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows =
            self.store.read("deliveries", |tx| tx.deliveries(cloud, filter, before.unwrap_or(i64::MAX), limit))?;
        Ok(rows.into_iter().map(view).collect())
    }

    /// Sends one again that was delivered or given up, with the id it had.
    pub fn delivery_replay(&self, cloud: &str, id: DeliveryId) -> Result<DeliveryView, Refused> {
        let unknown = move || Refused::not_found("delivery", &id.to_string());
        let number = delivery_number(id).ok_or_else(unknown)?;
        self.ask_desk("delivery_replay", cloud, move |desk| {
            let (row, message) = desk.tx.delivery(desk.cloud, number)?.ok_or_else(unknown)?;
            if row.state == DeliveryState::Waiting {
                let what = format!("delivery {id} still waits, and is tried by itself");
                return Err(Refused::new(RefusalCode::Conflict, what));
            }
            // What this version does not know of is not its to repeat.
            if !EventType::parse(&message.kind).is_some_and(EventType::may_be_replayed) {
                let what = format!("{} tells the cloud to destroy something: it is not sent again", message.kind);
                return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
            }
            desk.tx.delivery_replay(&row, Instant::EPOCH)?;
            let facts = json!({ "event": message.id.to_string(), "type": message.kind });
            desk.notes.push(Note::new("delivery.replayed", id.to_string()).became(&facts));
            Ok(())
        })?;
        let found = self.store.read("delivery", |tx| tx.delivery(cloud, number)).map_err(EngineError::from)?;
        found.map(view).ok_or_else(unknown)
    }

    /// Forgets events that were told before an instant, and how their deliveries went; none that still waits.
    pub fn events_forget(&self, before: Instant) -> Result<u64, EngineError> {
        let Some(first) = farthing_core::ledger::TransferId::from_parts(before, 0, 0) else { return Ok(0) };
        Ok(self.store.write("events_forget", move |tx| tx.messages_forget(first.get(), 10_000))?)
    }
}

fn view((row, message): (DeliveryRow, MessageRow)) -> DeliveryView {
    DeliveryView { id: delivery_id(row.number), row, message }
}

fn hook_of(endpoint: &EndpointRow, now: Instant) -> Hook {
    let old = endpoint.old.iter().filter(|(_, until)| now < *until).map(|(secret, _)| secret.clone());
    let secrets = std::iter::once(endpoint.secret.clone()).chain(old).collect();
    Hook { endpoint: endpoint.id, url: endpoint.url.clone(), secrets }
}

/// An instruction leaves the outbox when its reason ends.
fn is_over(tx: &mut Tx<'_>, message: &MessageRow) -> Result<bool, EngineError> {
    if message.kind != EventType::InstructionAsked.name() {
        return Ok(false);
    }
    let data: serde_json::Value = serde_json::from_str(&message.data).map_err(broken)?;
    let id = InstructionId::parse(data["instruction"].as_str().unwrap_or_default()).map_err(broken)?;
    Ok(tx.instruction(id)?.is_some_and(|row| row.state == InstructionState::Cancelled))
}

/// A message as its account's people would read it, whoever has an address; none where the cloud is not there.
pub(crate) fn mail_of(
    tx: &mut Tx<'_>,
    clouds: &crate::clouds::Clouds,
    message: &MessageRow,
    contact: &ContactRow,
    test: bool,
) -> Result<Option<(Parcel, Envelope)>, EngineError> {
    let Some((policy, templates)) = wording(tx, clouds, message)? else { return Ok(None) };
    let ContactRow { name, email: address, language } = contact.clone();
    let envelope = Envelope { name, address, language, policy, templates, test, enclosed: Enclosed::Nothing };
    let parcel = Parcel {
        delivery: 0,
        attempt: 0,
        tries: 0,
        begun: message.at,
        id: message.id,
        cloud: message.cloud.clone(),
        kind: message.kind.clone(),
        at: message.at,
        data: message.data.clone(),
        to: To::Nobody("it is read where it lies"),
    };
    Ok(Some((parcel, envelope)))
}

/// How a cloud writes.
type Wording = (Arc<Policy>, Arc<BTreeMap<String, String>>);

fn wording(
    tx: &mut Tx<'_>,
    clouds: &crate::clouds::Clouds,
    message: &MessageRow,
) -> Result<Option<Wording>, EngineError> {
    let Some(book) = clouds.get(tx, &message.cloud)? else { return Ok(None) };
    let policy = Arc::new(book.profile_at(message.at)?.policy.clone());
    Ok(Some((policy, book.templates.clone())))
}

/// Whom a mail is for now, and how the cloud writes it.
fn addressee(
    tx: &mut Tx<'_>,
    clouds: &crate::clouds::Clouds,
    message: &MessageRow,
    test: bool,
) -> Result<To, EngineError> {
    let contact = if people::is_to_person(&message.kind) {
        people::contact_of(tx, &message.data)?
    } else {
        match message.account {
            Some(account) => tx.contact(account)?,
            None => None,
        }
    };
    let Some(ContactRow { name, email, language }) = contact.filter(|contact| !contact.email.is_empty()) else {
        return Ok(To::Nobody("there is no address to write to"));
    };
    let Some((policy, templates)) = wording(tx, clouds, message)? else {
        return Ok(To::Nobody("the cloud has no configuration"));
    };
    let enclosed = enclosed(tx, clouds, message);
    Ok(To::Mail(Box::new(Envelope { name, address: email, language, policy, templates, test, enclosed })))
}

/// One that cannot be read keeps its own mail back, and no other.
fn enclosed(tx: &mut Tx<'_>, clouds: &crate::clouds::Clouds, message: &MessageRow) -> Enclosed {
    let tells = [EventType::BillIssued, EventType::ReceiptIssued, EventType::CreditNoteIssued].map(EventType::name);
    if !tells.contains(&message.kind.as_str()) {
        return Enclosed::Nothing;
    }
    let mut read = || -> Result<Paper, EngineError> {
        let data: serde_json::Value = serde_json::from_str(&message.data).map_err(broken)?;
        let id = BillId::parse(data["bill"].as_str().unwrap_or_default()).map_err(broken)?;
        let row = tx.bill(id)?.filter(|row| row.cloud == message.cloud).ok_or_else(|| broken("it is not there"))?;
        paper_of(tx, clouds, &row)
    };
    read().map_or_else(|error| Enclosed::Unread(error.to_string()), |paper| Enclosed::Document(Box::new(paper)))
}

/// The beginning of an answer, in one line that any text column keeps.
fn excerpt(answer: &str) -> String {
    let plain = answer.chars().map(|char| if char.is_control() { ' ' } else { char });
    let text: String = plain.take(ANSWER_MAX).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
