//! The gate: whether something may start now (R26), and if not, why and how much is missing. `start`, `resume` and `restore` pass it, the
//! gate's own question asks it without doing anything, and what has happened already is flagged where it would have said no.
//!
//! What is asked, in this order: that the account is open, what a trial may have, how many there may be, the money, and what its payer
//! lets it spend. The decisions are the core's; here is gathered what they need.

use crate::clouds::CloudBook;
use crate::folio::Work;
use crate::keep_wallets::payer_of;
use crate::open_project::{account_of, is_open, project_of};
use crate::record_fact::{NewResource, product_of, start_of};
use crate::spend_limits::{Of, may_spend};
use crate::units::{UnitsLeft, units_for};
use crate::{Engine, EngineError, RefusalCode, Refused, quotas};
use farthing_core::catalog::{Kind, Product};
use farthing_core::config::{Name, Size, Text};
use farthing_core::estimate::Ask;
use farthing_core::gate::{Asks, Short, ShortOf, StartFacts, StartRules, may_start};
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::money::Money;
use farthing_core::policy::{Measure, Pay};
use farthing_core::settle::ThingId;
use farthing_core::time::{Duration, Instant, Span};
use farthing_core::timeline::{State, What};
use farthing_core::trial::{Making, TrialState, may_make};
use farthing_store::{ThingKind, ThingRow};
use std::collections::BTreeMap;

/// What wants to start.
pub(crate) struct Starting<'s> {
    pub(crate) payer: OwnerId,
    /// 0: none.
    pub(crate) project: i64,
    pub(crate) product: &'s Name,
    pub(crate) sku: Option<Name>,
    pub(crate) size: Option<Quantity>,
    pub(crate) properties: BTreeMap<String, Text>,
    /// Who starts it; empty: nobody knows.
    pub(crate) person: &'s str,
    /// None: it is new.
    pub(crate) thing: Option<ThingId>,
}

/// Why it may not.
pub(crate) struct No {
    pub(crate) code: RefusalCode,
    pub(crate) message: String,
    /// Where it is money that is missing.
    pub(crate) short: Option<Short>,
}

impl No {
    fn new(code: RefusalCode, message: impl Into<String>) -> No {
        No { code, message: message.into(), short: None }
    }

    /// Of what refuses by a rule; a fault stays one.
    fn of(refused: Refused) -> Result<No, EngineError> {
        match refused {
            Refused::ByRule { code, message } => Ok(No::new(code, message)),
            Refused::Engine(error) => Err(error),
        }
    }
}

/// What the gate says of something that nobody has started yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateFacts {
    pub allowed: bool,
    /// None where it is allowed.
    pub code: Option<RefusalCode>,
    /// What is in the way, and what to do about it; may be empty.
    pub why: String,
    pub available: Money,
    /// What must be available for it; none: nothing must, or something else is in the way.
    pub needed: Option<Money>,
}

impl Engine {
    /// Whether a resource could start now, as `start` or `resume` would be answered. Nothing is started. `resource`: one that is there.
    pub fn gate(&self, cloud: &str, resource: Option<&str>, new: &NewResource) -> Result<GateFacts, Refused> {
        let (resource, new) = (resource.map(str::to_owned), new.clone());
        // Asked as of now: what is written along the way is what would be written anyway.
        self.work("gate", cloud, move |work| {
            let (payer, no) = match &resource {
                Some(resource) => asked_of_known(work, resource)?,
                None => asked_of_new(work, &new)?,
            };
            work.load(&[payer])?;
            let now = work.now;
            work.bring_to(payer, now)?;
            let available = work.folio(payer).available(now.floor_second(), None)?;
            let short = no.as_ref().and_then(|no| no.short);
            Ok(GateFacts {
                allowed: no.is_none(),
                code: no.as_ref().map(|no| no.code),
                why: no.map(|no| no.message).unwrap_or_default(),
                available: work.money(short.map_or(available, |short| short.available)),
                needed: short.map(|short| work.money(short.needed)),
            })
        })
    }
}

fn asked_of_known(work: &mut Work<'_, '_>, resource: &str) -> Result<(OwnerId, Option<No>), Refused> {
    let cloud = work.cloud.id.clone();
    let thing = work.tx.thing_by_name(&cloud, ThingKind::Resource, resource)?;
    let thing = thing.ok_or_else(|| Refused::not_found("resource", resource))?;
    let runs = State::parse(&thing.state).is_some_and(State::is_alive);
    // What runs is not asked again.
    let no = if runs { None } else { look(work, &starting_again(work, &thing)?)? };
    Ok((thing.account, no))
}

fn asked_of_new(work: &mut Work<'_, '_>, new: &NewResource) -> Result<(OwnerId, Option<No>), Refused> {
    let invalid = |what: &str| Refused::new(RefusalCode::Invalid, what);
    let id = new.product.as_deref().ok_or_else(|| invalid("say which product, or which resource it is"))?;
    let cloud: std::sync::Arc<CloudBook> = work.cloud.clone();
    let catalog = &cloud.profile_at(work.now)?.catalog;
    let product = catalog.product_by_id(id).ok_or_else(|| Refused::not_found("product", id))?;
    let (account, project) = match (&new.project, &new.account) {
        (Some(project), _) => {
            let project = project_of(work, project)?;
            (project.account, project.id)
        }
        (None, Some(account)) => (account_of(work, account)?.id, 0),
        (None, None) => return Err(invalid("say in which project it would be, or which account would pay")),
    };
    let payer = payer_of(work, account, new.user.as_deref().unwrap_or_default())?;
    let start = start_of(work, product, new, payer, None)?;
    let starting = Starting {
        payer,
        project,
        product: &product.id,
        sku: start.sku,
        size: start.size,
        properties: start.properties,
        person: new.user.as_deref().unwrap_or_default(),
        thing: None,
    };
    Ok((payer, look(work, &starting)?))
}

/// A thing that is there, as it would start again.
pub(crate) fn starting_again<'s>(work: &Work<'_, '_>, thing: &'s ThingRow) -> Result<Starting<'s>, EngineError> {
    let product = product_of(work, thing)?;
    let properties = farthing_store::properties_from_text(&thing.properties);
    Ok(Starting {
        payer: thing.account,
        project: thing.project,
        product: &thing.product,
        sku: thing.sku.clone(),
        size: sized(&product, thing.size),
        properties: properties.into_iter().map(|(key, value)| (key, Text(value))).collect(),
        person: &thing.person,
        thing: Some(thing.id),
    })
}

fn sized(product: &Product, size: Quantity) -> Option<Quantity> {
    (product.kind == Kind::Capacity || size != Quantity::ONE).then_some(size)
}

/// Lets a fact pass, or refuses it. True: it is a fact that has happened already, and it would have been refused.
pub(crate) fn pass(
    work: &mut Work<'_, '_>,
    starting: &Starting<'_>,
    what: &What,
    state: &str,
    at: Option<Instant>,
) -> Result<bool, Refused> {
    let starts = match what {
        What::Start(start) => start.state.is_alive(),
        What::Resume | What::Restore => true,
        What::Stop
        | What::Resize(_)
        | What::Gauge(_)
        | What::Delete
        | What::Purge
        | What::Fail
        | What::Suspend
        | What::Missing
        | What::Found
        | What::Move(_) => false,
    };
    if !starts || State::parse(state).is_some_and(State::is_alive) {
        return Ok(false);
    }
    let asks = at.is_none_or(|at| at >= work.now.floor_second());
    match look(work, starting)? {
        None => Ok(false),
        Some(_) if !asks => Ok(true),
        Some(no) => Err(Refused::new(no.code, no.message)),
    }
}

/// Whether a thing that is there may start again now.
pub(crate) fn may_start_again(work: &mut Work<'_, '_>, thing: &ThingRow) -> Result<bool, EngineError> {
    let starting = starting_again(work, thing)?;
    Ok(look(work, &starting)?.is_none())
}

/// What is in the way; none: it may start.
fn look(work: &mut Work<'_, '_>, starting: &Starting<'_>) -> Result<Option<No>, EngineError> {
    let now = work.now;
    let payer = starting.payer;
    // Where a wallet does not stop, the account it is in pays as well.
    let wallet = work.tx.wallet(payer)?;
    let owner = wallet.as_ref().map_or(payer, |wallet| wallet.parent);
    let parent = wallet.filter(|wallet| !wallet.stop_on_overdue).map(|wallet| wallet.parent);
    let both: Vec<OwnerId> = parent.into_iter().chain([payer]).collect();
    work.load(&both)?;
    for id in &both {
        work.bring_to(*id, now)?;
    }
    if let Err(closed) = is_open(&work.folio(payer).payer) {
        return No::of(closed).map(Some);
    }
    if let Some(no) = of_trial(work, owner, starting)? {
        return Ok(Some(no));
    }
    if let Some(message) = quotas::too_many(work, payer, starting.product, starting.thing)? {
        return Ok(Some(No::new(RefusalCode::LimitReached, message)));
    }
    // What units pay for needs no money.
    let properties: BTreeMap<String, String> =
        starting.properties.iter().map(|(key, value)| (key.clone(), value.0.clone())).collect();
    let told = farthing_store::properties_to_text(&properties);
    match units_for(work, payer, starting.product, starting.sku.as_ref(), &told)? {
        UnitsLeft::Some => return Ok(None),
        UnitsLeft::NoneOf(unit) => {
            let unit = unit.beside(false);
            let what =
                format!("no {unit} are left, and this costs nothing else: buy some and try again; nothing was started");
            return Ok(Some(No::new(RefusalCode::InsufficientBalance, what)));
        }
        UnitsLeft::Money => {}
    }
    let own = own_per_hour(work, starting)?;
    if let Some(no) = of_money(work, &both, starting, own)? {
        return Ok(Some(no));
    }
    // A start asks for its first hour.
    match may_spend(
        work,
        payer,
        &Of { project: starting.project, person: starting.person, properties: &told },
        Asks { amount: own, per_hour: own },
    ) {
        Ok(()) => Ok(None),
        Err(refused) => No::of(refused).map(Some),
    }
}

/// What a trial may have (R36): of what starts, and of what is ordered.
pub(crate) fn of_trial(
    work: &mut Work<'_, '_>,
    owner: OwnerId,
    starting: &Starting<'_>,
) -> Result<Option<No>, EngineError> {
    let Some(policy) = work.policy_at(work.now)?.trial.clone() else { return Ok(None) };
    let runs = work.tx.trial(owner)?.is_some_and(|row| row.trial.state == TrialState::Running);
    if !runs {
        return Ok(None);
    }
    let live = live_things(work, owner)?;
    let others = live.iter().filter(|thing| Some(thing.id) != starting.thing).map(|thing| &thing.product);
    Ok(match may_make(&policy, starting.product, others) {
        Making::Allowed => None,
        Making::Excluded => {
            let what = format!("{} is not part of a trial: it can be had once the trial is over", starting.product);
            Some(No::new(RefusalCode::NotEligible, what))
        }
        Making::Full { most } => {
            let what = format!("a trial has at most {most} of these at once: stop one first, or wait until it is over");
            Some(No::new(RefusalCode::LimitReached, what))
        }
    })
}

/// What an account pays for that lives now.
pub(crate) fn live_things(work: &mut Work<'_, '_>, account: OwnerId) -> Result<Vec<ThingRow>, EngineError> {
    let mut things = work.tx.things_of_account(account)?;
    things.retain(|thing| {
        thing.kind == ThingKind::Resource
            && thing.account == account
            && State::parse(&thing.state).is_some_and(State::is_alive)
    });
    Ok(things)
}

/// The least balance and the runway (R26).
fn of_money(
    work: &mut Work<'_, '_>,
    both: &[OwnerId],
    starting: &Starting<'_>,
    own_per_hour: i64,
) -> Result<Option<No>, EngineError> {
    let now = work.now;
    let policy = work.policy_at(now)?.clone();
    let catalog = &work.cloud.profile_at(now)?.catalog;
    let pay = catalog.product_by_id(starting.product.as_str()).and_then(|product| product.pay);
    let folio = work.folio(starting.payer);
    let prepaid = pay.or(folio.payer.pay).unwrap_or(policy.settle.pay) == Pay::Prepaid;
    let others_per_hour =
        folio.book.cost_of_hour(now, |line| line.pay == Pay::Prepaid && Some(line.id.thing) != starting.thing)?;
    let mut available = 0_i64;
    for id in both {
        let folio = work.folio(*id);
        available = available.saturating_add(match policy.settle.measure {
            Measure::Spendable => folio.available(now.floor_second(), Some(starting.product))?,
            Measure::Balance => folio.balance_available(now.floor_second())?,
        });
    }
    // Where something happens at zero, nothing starts there that costs, whatever may run on (R25, R77, R85).
    let at_zero = policy.zero.block_new_only || policy.ladder.suspend.is_some();
    let floor = policy.zero.floor.map_or(0, Money::units).saturating_neg();
    let something = if at_zero && own_per_hour > 0 { 1 } else { floor };
    let least = policy.start.min_balance.map(Money::units).or(prepaid.then_some(something));
    let rules = StartRules { least, runway: policy.start.runway };
    let own_per_hour = if prepaid { own_per_hour } else { 0 };
    let Some(short) = may_start(&rules, &StartFacts { available, others_per_hour, own_per_hour }) else {
        return Ok(None);
    };
    let money = |units: i64| work.money(units).plain();
    let needed = match short.of {
        ShortOf::Minimum if short.needed == 1 => "something must be left to start this".to_owned(),
        ShortOf::Minimum => format!("{} is needed to start this", money(short.needed)),
        ShortOf::Runway => format!(
            "{} is needed, for {} of everything that runs with this in it",
            money(short.needed),
            policy.start.runway
        ),
    };
    let message = format!(
        "{} is available, and {needed}: add {} and try again; nothing was started",
        money(short.available),
        money(short.missing())
    );
    Ok(Some(No { code: RefusalCode::InsufficientBalance, message, short: Some(short) }))
}

/// What an hour of it costs by its price alone; nothing where that is not known before it is used. Only asked where it matters.
fn own_per_hour(work: &mut Work<'_, '_>, starting: &Starting<'_>) -> Result<i64, EngineError> {
    let now = work.now;
    let profile = work.cloud.clone();
    let profile = profile.profile_at(now)?;
    let limited = !work.tx.spend_limits(starting.payer, starting.project, starting.person)?.is_empty();
    let folio = work.folio(starting.payer);
    let left =
        folio.available(now.floor_second(), Some(starting.product))?.min(folio.balance_available(now.floor_second())?);
    // Where there is something left, and nobody limits anything, nobody asks.
    if profile.policy.start.runway.is_zero() && !limited && left > 0 {
        return Ok(0);
    }
    let hour = Duration::try_from_seconds(3_600).map_err(farthing_core::settle::SettleError::from)?;
    let capacity =
        profile.catalog.product_by_id(starting.product.as_str()).is_some_and(|own| own.kind == Kind::Capacity);
    let size = starting.size.filter(|_| capacity).map(|quantity| Size { quantity, unit: None });
    let count = starting.size.filter(|_| !capacity).map_or(1, |size| size.millionths() / Quantity::ONE.millionths());
    let ask = Ask {
        sku: starting.sku.as_ref().map(ToString::to_string),
        account: Some(work.folio(starting.payer).name.clone()),
        count: u32::try_from(count).unwrap_or(u32::MAX),
        lasting: Some(Span::Exact(hour)),
        size,
        properties: starting.properties.clone(),
        ..Ask::of(starting.product.as_str(), now)
    };
    Ok(profile.estimate(&ask).map_or(0, |estimate| estimate.total.net.units()))
}
