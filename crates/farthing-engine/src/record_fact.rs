//! Takes in what the cloud reports of its resources: idempotent, in any order, late or on time.
//!
//! A fact is appended, the thing's timeline folded again, what is open of it replaced, what is sealed corrected. `start`,
//! `resume` and `restore` of this moment pass the gate first; what has happened already is booked, and flagged.

use crate::folio::{Work, scope_name, shared_scope, size_first};
use crate::gate::{self, Starting};
use crate::keep_wallets::payer_of;
use crate::open_project::{account_ever, account_of, project_of};
use crate::{Engine, EngineError, RefusalCode, Refused, fact_text, standing};
use farthing_core::catalog::{Kind, Product};
use farthing_core::config::{Name, Size, Text};
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::notice::Event;
use farthing_core::settle::{Priced, SettleError, ThingId, parts_of};
use farthing_core::term::SubscriptionState;
use farthing_core::time::Instant;
use farthing_core::timeline::{Change, Fact, FactKey, Start, State, What};
use farthing_store::{FactRow, ThingKind, ThingRow, properties_to_text};
use std::collections::{BTreeMap, BTreeSet};

/// Something the cloud reports of one resource.
#[derive(Clone, Debug)]
pub struct ResourceFact {
    /// What the cloud calls it.
    pub resource: String,
    /// None: now.
    pub at: Option<Instant>,
    /// By which it is known again, whatever else it says.
    pub id: Option<String>,
    pub what: Reported,
}

#[derive(Clone, Debug)]
pub enum Reported {
    Start(NewResource),
    Stop,
    Resume,
    Resize {
        sku: Option<String>,
        size: Option<Size>,
    },
    Gauge(Size),
    Delete,
    Restore,
    Fail,
    /// A sign of life (R84).
    Heartbeat,
}

/// How a resource starts. What is not said stays as it was, where it is there already.
#[derive(Clone, Debug, Default)]
pub struct NewResource {
    pub project: Option<String>,
    pub account: Option<String>,
    pub product: Option<String>,
    pub sku: Option<String>,
    pub size: Option<Size>,
    pub user: Option<String>,
    /// None: it runs.
    pub state: Option<State>,
    /// Dimensions and labels.
    pub properties: BTreeMap<String, String>,
}

/// What became of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Recorded,
    /// It was told before.
    Known,
}

/// A fact about a thing that is there.
pub(crate) struct FactToTell {
    pub(crate) at: Instant,
    pub(crate) key: Option<FactKey>,
    pub(crate) what: What,
    pub(crate) flagged: bool,
}

impl Engine {
    pub fn record_fact(&self, cloud: &str, fact: &ResourceFact) -> Result<Told, Refused> {
        let fact = fact.clone();
        self.work("record_fact", cloud, move |work| record(work, &fact))
    }

    /// Records many at once, in order, in one transaction; each is answered for itself, and what is refused changes nothing.
    pub fn record_facts(&self, cloud: &str, facts: &[ResourceFact]) -> Result<Vec<Result<Told, Refused>>, Refused> {
        let facts = facts.to_vec();
        self.work("record_facts", cloud, move |work| {
            let mut answers = Vec::with_capacity(facts.len());
            for fact in &facts {
                match record(work, fact) {
                    Err(Refused::Engine(error)) => return Err(Refused::Engine(error)),
                    answer => answers.push(answer),
                }
            }
            Ok(answers)
        })
    }

    /// What the cloud says is there of an account. What is listed is alive; what runs by our books and is not listed was
    /// last alive when we last heard of it (R84). A list may come late (`at`; none: it is of now): what was heard of since is
    /// not missing for it. Answers what is listed and unknown here.
    pub fn record_inventory(
        &self,
        cloud: &str,
        account: &str,
        listed: &[String],
        at: Option<Instant>,
    ) -> Result<Vec<String>, Refused> {
        let (account, listed) = (account.to_owned(), listed.to_vec());
        self.work("record_inventory", cloud, move |work| {
            let payer = account_ever(work, &account)?;
            let at = at.unwrap_or(work.now);
            if at > work.now {
                let what = format!("an inventory of {at} cannot be reported at {}: report what is there", work.now);
                return Err(Refused::new(RefusalCode::Invalid, what));
            }
            let listed: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
            // What members' wallets pay for is there as well (R95).
            let wallets = work.tx.wallets_in(&[payer.id])?;
            let payers: BTreeSet<OwnerId> = wallets.iter().map(|wallet| wallet.account).chain([payer.id]).collect();
            let mut things = Vec::new();
            for payer in &payers {
                things.extend(work.tx.things_of_account(*payer)?);
            }
            things.sort_by_key(|thing| thing.id);
            things.dedup_by_key(|thing| thing.id);
            let own = |thing: &&ThingRow| thing.kind == ThingKind::Resource && payers.contains(&thing.account);
            for thing in things.iter().filter(own) {
                if listed.contains(thing.name.as_str()) {
                    if thing.listed_at.is_none_or(|known| known < at) {
                        work.tx.thing_listed(thing.id, at)?;
                    }
                    found(work, thing, at)?;
                } else if State::parse(&thing.state).is_some_and(State::is_alive) {
                    missed(work, thing, at)?;
                }
            }
            let known: BTreeSet<&str> = things.iter().filter(own).map(|thing| thing.name.as_str()).collect();
            Ok(listed.difference(&known).map(|name| (*name).to_owned()).collect())
        })
    }
}

pub(crate) fn record(work: &mut Work<'_, '_>, fact: &ResourceFact) -> Result<Told, Refused> {
    let at = fact.at.unwrap_or(work.now);
    if at > work.now {
        let what = format!("a fact of {at} cannot be reported at {}: report it when it has happened", work.now);
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    let cloud = work.cloud.id.clone();
    let there = work.tx.thing_by_name(&cloud, ThingKind::Resource, &fact.resource)?;
    let Some(thing) = there else {
        // What ran for a time and is paid by use from now on is a resource like any other.
        let for_a_time = |row: &farthing_store::SubscriptionRow| row.state != SubscriptionState::Converted;
        if let Some(found) = crate::orders::subscription_named(work, &fact.resource)?.filter(for_a_time) {
            return crate::orders::reported(work, &found, &fact.what, at);
        }
        let Reported::Start(start) = &fact.what else { return Err(Refused::not_found("resource", &fact.resource)) };
        return create(work, fact, start, at);
    };
    let product = product_of(work, &thing)?;
    // Of a space that was bought, how much is in it is a fact of its own; all else is of what was bought.
    if product.size.is_some()
        && !matches!(fact.what, Reported::Gauge(_) | Reported::Heartbeat)
        && let Some(found) = crate::orders::subscription_named(work, &fact.resource)?
    {
        return crate::orders::reported(work, &found, &fact.what, at);
    }
    let key = fact.id.as_deref().map(|id| key_of(&[b"id", id.as_bytes()]));
    if let Some(key) = key
        && work.tx.facts_of(thing.id)?.iter().any(|row| row.key == key)
    {
        return Ok(Told::Known); // before the gate, whose answer may be another by now
    }
    if thing.state == State::Purged.name()
        && matches!(fact.what, Reported::Start(_) | Reported::Resume | Reported::Restore)
    {
        let what = format!(
            "resource {:?} is gone for good since {}: start a new one; nothing was recorded",
            thing.name, thing.since
        );
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    let what = match &fact.what {
        Reported::Heartbeat => return sign_of_life(work, thing, at),
        Reported::Start(start) => {
            if let Some(other) = start.product.as_deref().filter(|other| *other != thing.product.as_str()) {
                let what = format!(
                    "resource {:?} is of product {}; it cannot become one of {other}",
                    thing.name, thing.product
                );
                return Err(Refused::new(RefusalCode::Conflict, what));
            }
            // Dated before every other fact, it is who paid first that pays from there.
            let facts = work.facts_of(&thing)?;
            let first = facts.iter().find_map(Fact::payer).unwrap_or(thing.account);
            let moves = facts.iter().filter(|fact| fact.at <= at && matches!(fact.what, What::Move(_)));
            let paid_then = moves.filter_map(Fact::payer).next_back().unwrap_or(first);
            same_payer(work, &thing, start, paid_then)?;
            What::Start(start_of(work, &product, start, first, thing.sku.as_ref())?)
        }
        Reported::Stop => What::Stop,
        Reported::Resume => What::Resume,
        Reported::Delete => What::Delete,
        Reported::Restore => What::Restore,
        Reported::Fail => What::Fail,
        Reported::Gauge(size) => What::Gauge(size_of(work, &product, size)?),
        Reported::Resize { sku, size } => {
            let sku = sku.as_deref().map(|sku| sku_of(&product, sku)).transpose()?;
            let size = size.as_ref().map(|size| size_of(work, &product, size)).transpose()?;
            What::Resize(Change { sku, size })
        }
    };
    let at = if fact.at.is_none() && matches!(what, What::Gauge(_)) { after_the_last(work, &thing, at)? } else { at };
    let payer = payer_from_now(work, &thing, &what, fact.at)?;
    let start = if let What::Start(start) = &what { Some(start) } else { None };
    let again = gate::starting_again(work, &thing)?;
    let starting = Starting {
        payer,
        sku: start.and_then(|start| start.sku.clone()).or(again.sku),
        size: start.and_then(|start| start.size).or(again.size),
        properties: again
            .properties
            .into_iter()
            .chain(start.into_iter().flat_map(|start| start.properties.clone()))
            .collect(),
        person: start.and_then(|start| start.user.as_ref()).map_or(again.person, Name::as_str),
        ..again
    };
    let flagged = gate::pass(work, &starting, &what, &thing.state, fact.at)?;
    let thing = if payer == thing.account { thing } else { give(work, thing, payer, at)? };
    if standing::is_as_asked(work, &thing, &what)? {
        return Ok(Told::Recorded);
    }
    let told = tell(work, &thing, &FactToTell { at, key, what: what.clone(), flagged })?;
    standing::reported(work, &thing, &what)?;
    if let What::Gauge(_) | What::Start(_) = what {
        standing::space_changed(work, &thing)?;
    }
    Ok(told)
}

/// Of two readings that are told in one instant the later one counts.
pub(crate) fn after_the_last(work: &mut Work<'_, '_>, thing: &ThingRow, at: Instant) -> Result<Instant, EngineError> {
    let last =
        work.facts_of(thing)?.iter().filter(|fact| matches!(fact.what, What::Gauge(_))).map(|fact| fact.at).max();
    Ok(last.filter(|last| *last >= at).map_or(at, |last| Instant::from_micros(last.micros().saturating_add(1))))
}

/// Who pays for a resource is changed by moving its project (R23): a start that names somebody else than who paid then is a mistake,
/// which must not be booked on either of the two.
fn same_payer(
    work: &mut Work<'_, '_>,
    thing: &ThingRow,
    start: &NewResource,
    paid_then: OwnerId,
) -> Result<(), Refused> {
    let named = match (&start.project, &start.account) {
        (Some(project), _) => {
            let project = project_of(work, project)?;
            // Its own project's history is the resource's own.
            if project.id == thing.project { paid_then } else { project.account }
        }
        (None, Some(account)) => account_ever(work, account)?.id,
        (None, None) => paid_then,
    };
    // A wallet pays for what its person starts in the account that it is in (R95).
    let within =
        |work: &mut Work<'_, '_>, account| Ok::<_, EngineError>(work.tx.wallet(account)?.map(|wallet| wallet.parent));
    if named == paid_then || within(work, paid_then)? == Some(named) || within(work, named)? == Some(paid_then) {
        return Ok(());
    }
    let project = if thing.project == 0 { None } else { work.tx.project_name(thing.project)? };
    let what = match project {
        Some(project) => format!(
            "resource {:?} belongs to project {project:?} of another account: move its project instead; nothing was recorded",
            thing.name
        ),
        None => format!(
            "resource {:?} belongs to another account, and to no project that could be moved: start it under a name of its own; \
             nothing was recorded",
            thing.name
        ),
    };
    Err(Refused::new(RefusalCode::Conflict, what))
}

/// Who pays for what starts again now: whoever's it was, or a wallet its person has been given since (R95). What is told late changes nobody.
fn payer_from_now(
    work: &mut Work<'_, '_>,
    thing: &ThingRow,
    what: &What,
    at: Option<Instant>,
) -> Result<OwnerId, EngineError> {
    let What::Start(start) = what else { return Ok(thing.account) };
    let is_past = at.is_some_and(|at| at < work.now.floor_second());
    if is_past || State::parse(&thing.state).is_some_and(State::is_alive) {
        return Ok(thing.account);
    }
    let wallet = work.tx.wallet(thing.account)?;
    let account = wallet.map_or(thing.account, |wallet| wallet.parent);
    payer_of(work, account, start.user.as_ref().map_or(thing.person.as_str(), Name::as_str))
}

/// From now on another account pays for a thing that does not run.
fn give(work: &mut Work<'_, '_>, thing: ThingRow, to: OwnerId, at: Instant) -> Result<ThingRow, Refused> {
    let last = work.facts_of(&thing)?.iter().map(|fact| fact.at).max();
    let at = last.map_or(at, |last| at.max(Instant::from_micros(last.micros() + 1)));
    tell(work, &thing, &FactToTell { at, key: None, what: What::Move(to), flagged: false })?;
    Ok(work.tx.things(&[thing.id])?.pop().unwrap_or(thing))
}

/// A resource that nobody has told us of.
fn create(work: &mut Work<'_, '_>, fact: &ResourceFact, start: &NewResource, at: Instant) -> Result<Told, Refused> {
    let name = &fact.resource;
    if Name::parse(name).is_none() {
        let what = format!("{name:?} is no name for a resource: use lower-case letters, digits, - and _");
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    let Some(product_id) = &start.product else {
        return Err(Refused::new(
            RefusalCode::Invalid,
            format!("resource {name:?} is new: say which product it is of"),
        ));
    };
    let catalog = work.cloud.profile_at(work.now)?.catalog.clone();
    let product = catalog.product_by_id(product_id).ok_or_else(|| Refused::not_found("product", product_id))?;
    let (account, project) = match (&start.project, &start.account) {
        (Some(project), _) => {
            let project = project_of(work, project)?;
            (project.account, project.id)
        }
        (None, Some(account)) => (account_of(work, account)?.id, 0),
        (None, None) => {
            let what = format!("resource {name:?} is new: say in which project it is, or which account pays for it");
            return Err(Refused::new(RefusalCode::Invalid, what));
        }
    };
    let payer = payer_of(work, account, start.user.as_deref().unwrap_or_default())?;
    let begun = start_of(work, product, start, payer, None)?;
    priced(work, product, &begun, at)?;
    let starting = Starting {
        payer,
        project,
        product: &product.id,
        sku: begun.sku.clone(),
        size: begun.size,
        properties: begun.properties.clone(),
        person: start.user.as_deref().unwrap_or_default(),
        thing: None,
    };
    let what = What::Start(begun);
    let flagged = gate::pass(work, &starting, &what, "", fact.at)?;
    if let Some(project) = &start.project
        && work.tx.shares_writing()
        && project_of(work, project)?.account != account
    {
        return Err(work.tx.overtaken("the project was moved meanwhile").into());
    }
    let thing = insert(work, product, name, (payer, project), (start.user.as_deref(), &start.properties), at)?;
    let key = fact.id.as_deref().map(|id| key_of(&[b"id", id.as_bytes()]));
    tell(work, &thing, &FactToTell { at, key, what, flagged })
}

/// A resource that nothing is told of yet. Whose it is: who pays, and in which project (0: none).
fn insert(
    work: &mut Work<'_, '_>,
    product: &Product,
    name: &str,
    (payer, project): (OwnerId, i64),
    (person, properties): (Option<&str>, &BTreeMap<String, String>),
    since: Instant,
) -> Result<ThingRow, EngineError> {
    let thing = ThingRow {
        id: work.tx.thing_number()?,
        cloud: work.cloud.id.clone(),
        kind: ThingKind::Resource,
        name: name.to_owned(),
        account: payer,
        project,
        product: product.id.clone(),
        sku: None,
        state: String::new(),
        size: size_first(product),
        person: person.unwrap_or_default().to_owned(),
        properties: properties_to_text(properties),
        since,
        seen_at: None,
        listed_at: None,
    };
    work.tx.thing_insert(&thing)?;
    work.tx.thing_payer_put(payer, thing.id)?;
    Ok(thing)
}

/// A space that is bought is there from now on, where it is not yet.
pub(crate) fn make_space(
    work: &mut Work<'_, '_>,
    product: &Product,
    (name, payer, project): (&str, OwnerId, i64),
) -> Result<(), Refused> {
    let cloud = work.cloud.id.clone();
    if work.tx.thing_by_name(&cloud, ThingKind::Resource, name)?.is_some() {
        return Ok(());
    }
    let now = work.now;
    let thing = insert(work, product, name, (payer, project), (None, &BTreeMap::new()), now)?;
    let begun = start_of(work, product, &NewResource::default(), payer, None)?;
    tell(work, &thing, &FactToTell { at: now, key: None, what: What::Start(begun), flagged: false }).map(drop)
}

/// Appends a fact and lets everything follow from it.
pub(crate) fn tell(work: &mut Work<'_, '_>, thing: &ThingRow, fact: &FactToTell) -> Result<Told, Refused> {
    let mut thing = thing.clone();
    let product = product_of(work, &thing)?;
    let text = fact_text::write(&fact.what);
    let key = fact.key.unwrap_or_else(|| key_of(&[b"what", text.as_bytes()]));
    let now = work.now;
    let mut payers: BTreeSet<OwnerId> = BTreeSet::from([thing.account]);
    payers.extend(Fact { at: fact.at, key, what: fact.what.clone() }.payer());
    loop {
        let known = work.facts_of(&thing)?;
        if fact.key.is_some() && known.iter().any(|fact| fact.key == key) {
            return Ok(Told::Known);
        }
        let before = payers.len();
        payers.extend(known.iter().filter_map(Fact::payer));
        let all: Vec<OwnerId> = payers.iter().copied().collect();
        work.load(&all)?;
        // Until everybody who pays is locked, another process may have given it to somebody else.
        if !work.tx.shares_writing() || payers.len() == before {
            break;
        }
    }
    if work.tx.shares_writing()
        && let Some(now) = work.tx.things(&[thing.id])?.pop()
    {
        thing = now;
    }
    let payers: Vec<OwnerId> = payers.into_iter().collect();
    if let What::Move(to) = &fact.what {
        work.tx.thing_payer_put(*to, thing.id)?;
    }
    for payer in &payers {
        work.bring_to(*payer, now)?;
    }
    let row = FactRow { thing: thing.id, at: fact.at, key, what: text, recorded: now, flagged: fact.flagged };
    if !work.tx.fact_insert(&row)? {
        return Ok(Told::Known);
    }
    let timeline = work.timeline_of(&thing, &product)?;
    let changed = ThingRow {
        account: timeline.payer.unwrap_or(thing.account),
        sku: timeline.sku.clone(),
        state: timeline.state.map(|state| state.name().to_owned()).unwrap_or_default(),
        size: timeline.size,
        person: timeline.user.as_ref().map_or(thing.person.clone(), ToString::to_string),
        since: timeline.since.unwrap_or(thing.since),
        ..thing.clone()
    };
    work.tx.thing_write(&changed)?;
    standing::state_changed(work, &changed)?;
    let as_of = now.floor_second();
    if shared_scope(&product).is_some() {
        // Whoever has it, or had it: it counts to the one from where it no longer counts to the other.
        let mut persons: BTreeSet<String> = BTreeSet::from([changed.person.clone()]);
        let users = timeline.segments.iter().map(|segment| segment.user.as_ref().map_or("", Name::as_str));
        persons.extend(users.map(str::to_owned));
        // Payers one after the other may have the same project, and it is looked at once.
        let mut scopes: BTreeMap<ThingId, ThingRow> = BTreeMap::new();
        for payer in &payers {
            let mut names: BTreeSet<String> = BTreeSet::new();
            for person in &persons {
                let member = ThingRow { person: person.clone(), ..changed.clone() };
                let Some(name) = scope_name(&product, &member, *payer) else { continue };
                if names.insert(name.clone()) {
                    let scope = scope_ensure(work, &product, &member, *payer, name)?;
                    scopes.insert(scope.id, scope);
                }
            }
        }
        for scope in scopes.values() {
            work.refold(scope, fact.at, as_of)?;
        }
    } else {
        work.refold(&changed, fact.at, as_of)?;
    }
    for payer in &payers {
        // What starts although nothing pays for it stands at the top of a ladder.
        if work.folio(*payer).state.ran_out_at.is_some() {
            standing::look_soon(work, *payer)?;
        }
    }
    let ends = matches!(fact.what, What::Stop | What::Delete | What::Fail | What::Suspend | What::Missing);
    if ends && work.policy_at(now)?.settle.on_stop {
        for payer in payers {
            work.post(payer, as_of, |product| *product == thing.product)?;
        }
    }
    Ok(Told::Recorded)
}

fn scope_ensure(
    work: &mut Work<'_, '_>,
    product: &Product,
    member: &ThingRow,
    payer: OwnerId,
    name: String,
) -> Result<ThingRow, Refused> {
    let cloud = work.cloud.id.clone();
    if let Some(found) = work.tx.thing_by_name(&cloud, ThingKind::Scope, &name)? {
        work.tx.thing_payer_put(payer, found.id)?;
        return Ok(found);
    }
    let scope = ThingRow {
        id: work.tx.thing_number()?,
        kind: ThingKind::Scope,
        name,
        account: payer,
        sku: None,
        state: String::new(),
        size: Quantity::ZERO,
        properties: String::new(),
        seen_at: None,
        listed_at: None,
        product: product.id.clone(),
        ..member.clone()
    };
    work.tx.thing_insert(&scope)?;
    work.tx.thing_payer_put(payer, scope.id)?;
    Ok(scope)
}

/// A sign of life: the thing is watched from the first one on.
fn sign_of_life(work: &mut Work<'_, '_>, thing: ThingRow, at: Instant) -> Result<Told, Refused> {
    if thing.seen_at.is_some_and(|seen| at <= seen) {
        return Ok(Told::Known); // it was known when the thing was found missing, if it was
    }
    work.tx.thing_seen(thing.id, at)?;
    found(work, &ThingRow { seen_at: Some(at), ..thing }, at)?;
    Ok(Told::Recorded)
}

/// What was missing is there again.
fn found(work: &mut Work<'_, '_>, thing: &ThingRow, at: Instant) -> Result<(), Refused> {
    // Of the very instant from which it was missed it is no news.
    let missed = thing.state == State::Missing.name() && at > thing.since;
    let found = FactToTell { at, key: None, what: What::Found, flagged: false };
    if missed && tell(work, thing, &found)? == Told::Recorded {
        let (resource, product) = (thing.name.clone(), thing.product.to_string());
        let account = work.folio(thing.account).payer.name.clone();
        work.tell(Some(thing.account), Event::ResourceFound { resource, account, product, seen_at: at });
    }
    Ok(())
}

/// It was not heard of by an instant: it was alive until the last sign of it, a fact or a heartbeat.
pub(crate) fn missed(work: &mut Work<'_, '_>, thing: &ThingRow, by: Instant) -> Result<(), Refused> {
    let facts = work.tx.facts_of(thing.id)?;
    let last_fact = facts.iter().map(|fact| fact.at).max();
    let Some(at) = last_fact.max(thing.seen_at).max(thing.listed_at).filter(|at| *at <= by) else { return Ok(()) };
    if tell(work, thing, &FactToTell { at, key: None, what: What::Missing, flagged: false })? == Told::Recorded {
        let (resource, product) = (thing.name.clone(), thing.product.to_string());
        let account = work.folio(thing.account).payer.name.clone();
        work.tell(Some(thing.account), Event::ResourceMissing { resource, account, product, last_seen_at: at });
    }
    Ok(())
}

/// What is started must have a price.
fn priced(work: &mut Work<'_, '_>, product: &Product, start: &Start, at: Instant) -> Result<(), Refused> {
    work.load(&[start.payer])?;
    let cloud = work.cloud.clone();
    let (account, zone) = {
        let folio = work.folio(start.payer);
        (folio.name.clone(), folio.zone.clone())
    };
    let properties = start.properties.iter().map(|(key, value)| (key.clone(), value.0.clone())).collect();
    for part in parts_of(product) {
        let priced = Priced {
            product: &product.id,
            sku: start.sku.as_ref(),
            part: part.as_ref(),
            account: &account,
            zone: &zone,
            properties: &properties,
            fixed_at: None,
        };
        let found = cloud.prices.terms_at(&priced, at);
        if let (Err(SettleError::Offer(error)), Kind::Running | Kind::Capacity) = (&found, product.kind) {
            return Err(Refused::new(RefusalCode::Invalid, error.to_string()));
        }
    }
    Ok(())
}

pub(crate) fn start_of(
    work: &Work<'_, '_>,
    product: &Product,
    start: &NewResource,
    payer: OwnerId,
    sku_before: Option<&Name>,
) -> Result<Start, Refused> {
    let properties: BTreeMap<String, Text> =
        start.properties.iter().map(|(key, value)| (key.clone(), Text(value.clone()))).collect();
    let sku = match &start.sku {
        Some(sku) => Some(sku_of(product, sku)?),
        None if sku_before.is_some() => None,
        None => product.sku_by_dims(&properties).map(|sku| sku.id.clone()),
    };
    let user = start.user.as_deref().map(|user| {
        Name::parse(user).ok_or_else(|| Refused::new(RefusalCode::Invalid, format!("{user:?} is no name for a person")))
    });
    Ok(Start {
        state: start.state.unwrap_or(State::Running),
        sku,
        size: start.size.as_ref().map(|size| size_of(work, product, size)).transpose()?,
        user: user.transpose()?,
        payer,
        properties,
    })
}

fn sku_of(product: &Product, sku: &str) -> Result<Name, Refused> {
    match product.sku_by_id(sku) {
        Some(found) => Ok(found.id.clone()),
        None => Err(Refused::not_found(&format!("SKU of product {}", product.id), sku)),
    }
}

/// A size as the product's meter counts it.
pub(crate) fn size_of(work: &Work<'_, '_>, product: &Product, size: &Size) -> Result<Quantity, Refused> {
    let profile = work.cloud.profile_at(work.now)?;
    let step = profile.policy.cloud.data_step;
    let meter = product.meter.as_ref().and_then(|id| profile.catalog.meter_by_id(id));
    match meter {
        Some(meter) => meter.count(size, step).map_err(|error| Refused::new(RefusalCode::Invalid, error.to_string())),
        None => Ok(size.quantity),
    }
}

pub(crate) fn product_of(work: &Work<'_, '_>, thing: &ThingRow) -> Result<Product, EngineError> {
    let catalog = &work.cloud.profile_at(work.now)?.catalog;
    let found = catalog.product_by_id(thing.product.as_str());
    found.cloned().ok_or_else(|| {
        let product = thing.product.to_string();
        SettleError::Offer(farthing_core::catalog::OfferError::NoProduct { product }).into()
    })
}

fn key_of(parts: &[&[u8]]) -> FactKey {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    FactKey(i64::from_le_bytes(bytes) & i64::MAX)
}
