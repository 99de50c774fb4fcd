//! The stage that scenarios are played on: the real engine, on a fresh store, with a simulated clock.

use super::bank::BankOfStory;
use super::cloud::Others;
use super::command::{
    Apply, Around, Billing, BudgetAsked, Capture, Crediting, Ends, Estimate, Fact, NewAccount, NewGrant, NewHold,
    NewMember, Ordering, Outage, Paying, Place, Setting, TopUp, UnitsAsked,
};
use super::exports::Table;
use super::orders::Provisioning;
use super::payments::Payments;
use super::sent::Heard;
use super::stage::{
    About, Answer as Said, Done, Figure, Happening, Look, ProfileFiles, Show, Stage, StageError, Stages, Thing,
    UsageEvent,
};
use farthing_core::config::{Name, Size, Text};
use farthing_core::estimate::Ask;
use farthing_core::id::HoldId;
use farthing_core::ledger::OwnerId;
use farthing_core::measure::Quantity;
use farthing_core::money::Money;
use farthing_core::policy::ApplyRequest;
use farthing_core::time::Instant;
use farthing_core::timeline::State;
use farthing_core::usage::{Answer, Subject, UsageEvent as Event};
use farthing_engine::{
    ChargeQuestion, Clock, Engine, IdSource, NewResource, RefusalCode, Refused, Reported, ResourceFact,
};
use farthing_store::{Location, Options, Scratch, Store, StoreError, ThingKind};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Fresh stores: embedded ones, or databases of a server.
#[derive(Debug)]
pub(super) struct Engines {
    server: Option<String>,
    /// Databases that a story is done with: the next one renews one of them.
    done_with: DoneWith,
}

type DoneWith = Arc<Mutex<Vec<Scratch>>>;

impl Engines {
    pub(super) fn on(server: Option<String>) -> Engines {
        Engines { server, done_with: DoneWith::default() }
    }

    fn scratch(&self) -> Result<Scratch, StoreError> {
        let Some(url) = &self.server else { return Scratch::embedded() };
        let used = self.done_with.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(used) = used {
            used.renew()?;
            return Ok(used);
        }
        let new = Scratch::on_server(url)?;
        drop(Store::open(new.location(), &options())?);
        new.remember()?;
        Ok(new)
    }
}

impl Stages for Engines {
    fn fresh(&self, at: Instant) -> Result<Box<dyn Stage>, String> {
        let scratch =
            self.scratch().map_err(|error| format!("no store can be made: {}", farthing_store::chain_of(&error)))?;
        // The profile rules from the beginning of time, or what happened before the story begins would have no price.
        let engine = open(scratch.location(), Instant::EPOCH, 0)?;
        Ok(Box::new(EngineStage {
            engine: Some(engine),
            scratch: Some(scratch),
            done_with: self.done_with.clone(),
            begins: at,
            lives: 0,
            cloud: String::new(),
            zone: None,
            holds: BTreeMap::new(),
            ids: IdSource::seeded(0, 7),
            top_ups: 0,
            payments: Payments::default(),
            bank: BankOfStory::default(),
            provisioning: Provisioning::default(),
            others: Others::default(),
            reserved: BTreeMap::new(),
            heard: Heard::default(),
            estimated: None,
            exported: BTreeMap::new(),
        }))
    }
}

fn options() -> Options {
    Options { sqlite_log_mib: 1, sqlite_cache_kib: 2_048, postgres_connections: 2, ..Options::default() }
}

/// In one microsecond every life of the engine gives ids of its own.
fn open(location: &Location, at: Instant, life: u8) -> Result<Engine, String> {
    let store = Store::open(location, &options()).map_err(|error| farthing_store::chain_of(&error))?;
    Ok(Engine::new(store, Clock::simulated(at), IdSource::random(life % 64)))
}

pub(super) struct EngineStage {
    /// None only while it is killed and opened again. Before the store's folder, so that it closes first.
    engine: Option<Engine>,
    /// None only when it is over.
    scratch: Option<Scratch>,
    done_with: DoneWith,
    /// When the story does.
    begins: Instant,
    /// How often the engine was opened again.
    lives: u8,
    pub(super) cloud: String,
    pub(super) zone: Option<farthing_core::time::Zone>,
    holds: BTreeMap<String, (String, HoldId)>,
    ids: IdSource,
    top_ups: u64,
    pub(super) payments: Payments,
    pub(super) bank: BankOfStory,
    pub(super) provisioning: Provisioning,
    pub(super) others: Others,
    /// Whose each reservation is.
    pub(super) reserved: BTreeMap<String, String>,
    heard: Heard,
    /// What was estimated last.
    estimated: Option<Money>,
    /// Files by what the story calls them: names of columns, and rows.
    pub(super) exported: BTreeMap<String, Table>,
}

impl Drop for EngineStage {
    fn drop(&mut self) {
        self.engine = None;
        if let Some(scratch) = self.scratch.take().filter(|scratch| matches!(scratch.location(), Location::Postgres(_)))
        {
            self.done_with.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        }
    }
}

impl EngineStage {
    pub(super) fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("the engine is open between commands")
    }

    fn now(&self) -> Result<Instant, StageError> {
        self.engine().now().map_err(broken)
    }

    /// None: as it happens. What is told of the past names its time.
    fn past(&self, at: Instant) -> Result<Option<Instant>, StageError> {
        Ok((at != self.now()?).then_some(at))
    }

    /// Killed, and opened again on its store.
    fn reopen(&mut self, at: Instant) -> Done {
        let before = self.now()?;
        self.engine().take_steps(before).map_err(broken)?;
        self.engine = None;
        self.lives = self.lives.wrapping_add(1);
        let location = self.scratch.as_ref().map(Scratch::location).expect("it is there until the end");
        self.engine = Some(open(location, at, self.lives).map_err(StageError::Broken)?);
        self.engine().take_steps(at).map_err(broken)?;
        self.engine().run_due().map_err(broken)?;
        self.others_act().map(drop)
    }

    /// Whatever became due by what was just done happens now.
    pub(super) fn done(&mut self, done: Result<(), Refused>) -> Done {
        done.map_err(told)?;
        self.heard.forget();
        self.engine().run_due().map_err(broken)?;
        self.others_act().map(drop)
    }

    fn is_resource(&self, name: &str) -> Result<bool, StageError> {
        let store = self.engine().store();
        let found = store.read("is_resource", |tx| tx.thing_by_name(&self.cloud, ThingKind::Resource, name));
        Ok(found.map_err(broken)?.is_some())
    }

    fn is_locked(&self, name: &str) -> Result<bool, StageError> {
        if !self.is_resource(name)? {
            return Ok(false);
        }
        self.engine().is_locked(&self.cloud, name).map_err(told)
    }

    /// A user writes so much where they may, and the cloud measures it.
    fn write(&mut self, name: &str, size: &Size) -> Done {
        let after = self.engine().may_write(&self.cloud, name, size).map_err(told)?;
        let what = Reported::Gauge(Size { quantity: after, unit: None });
        let fact = ResourceFact { resource: name.to_owned(), at: None, id: None, what };
        let told = self.engine().record_fact(&self.cloud, &fact).map(drop);
        self.done(told)
    }

    /// By the price list that rules now, as anybody could ask who has no account.
    fn estimate(&mut self, asked: &Estimate) -> Done {
        let invalid = |what: String| StageError::refused("invalid", what);
        let named = |name: &String| Name::parse(name).ok_or_else(|| invalid(format!("{name:?} is no name")));
        let count = asked.quantity.map_or(Ok(1), |count| u32::try_from(count.millionths() / 1_000_000));
        let mut uses = Vec::new();
        for (meter, size) in &asked.meters {
            uses.push((named(meter)?, size.quantity));
        }
        let properties = asked.properties.iter().map(|(key, value)| (key.clone(), Text(value.clone())));
        let ask = Ask {
            sku: asked.sku.clone(),
            account: asked.account.as_ref().map(named).transpose()?,
            count: count.map_err(|_| invalid("as many as that are not estimated".to_owned()))?,
            lasting: asked.lasting,
            size: asked.size.clone(),
            uses,
            properties: properties.collect(),
            ..Ask::of(&asked.product, self.now()?)
        };
        let estimate = self.engine().estimate(&self.cloud, &ask).map_err(told)?;
        self.estimated = Some(estimate.map_err(|error| invalid(error.to_string()))?.total.net);
        Ok(())
    }

    fn unknown_account(name: &str) -> StageError {
        StageError::refused("not_found", format!("there is no account {name:?}"))
    }

    fn owner_of(&self, account: &str) -> Result<OwnerId, StageError> {
        let found = self.engine().store().read("owner", |tx| tx.payer_by_name(&self.cloud, account)).map_err(broken)?;
        found.map(|payer| payer.id).ok_or_else(|| EngineStage::unknown_account(account))
    }
}

impl Stage for EngineStage {
    fn apply_profile(&mut self, files: &ProfileFiles, change: &Apply, _: Instant) -> Done {
        let cloud = files.profile.policy.cloud.id.to_string();
        let first = self.cloud.is_empty();
        if first {
            self.cloud.clone_from(&cloud);
            self.zone = Some(files.profile.policy.cloud.time_zone.clone());
        }
        let why = change.file.as_ref().map_or("the profile of the story".to_owned(), |file| file.display().to_string());
        let request = ApplyRequest {
            files: files.files.clone(),
            who: "scenario".to_owned(),
            why,
            starts: change.starts,
            corrects: change.corrects,
        };
        self.engine().apply_policy(&self.cloud, request).map_err(|error| match error {
            farthing_engine::ApplyPolicyError::Refused(refused) => StageError::refused("invalid", refused.to_string()),
            farthing_engine::ApplyPolicyError::Engine(error) => broken(error),
            farthing_engine::ApplyPolicyError::Reused(what) => StageError::refused("idempotency_key_reused", what),
        })?;
        if first {
            self.engine().clock().advance_to(self.begins);
        }
        self.engine().run_due().map_err(broken)
    }

    fn open_account(&mut self, account: &NewAccount, _: Instant) -> Done {
        let mut new = farthing_engine::NewAccount {
            name: account.name.clone(),
            currency: Some(account.currency),
            ..farthing_engine::NewAccount::default()
        };
        for setting in &account.settings {
            match setting {
                Setting::Country(country) => new.country = Some(country.clone()),
                Setting::TimeZone(zone) => new.zone = Some(zone.name().to_owned()),
                Setting::Pay(pay) => new.pay = Some(*pay),
                _ => {}
            }
        }
        // Everybody of a story can be written to, unless it says otherwise.
        new.contact = Some(farthing_engine::Contact {
            name: account.name.clone(),
            email: format!("{}@customer.example", account.name),
            ..farthing_engine::Contact::default()
        });
        let opened = self.engine().open_account(&self.cloud, &new);
        self.done(opened.map(drop))?;
        let others = account
            .settings
            .iter()
            .filter(|setting| !matches!(setting, Setting::Country(_) | Setting::TimeZone(_) | Setting::Pay(_)));
        let others: Vec<Setting> = others.cloned().collect();
        self.set_all(&account.name, &others)
    }

    fn open_project(&mut self, project: &str, account: &str, _: Instant) -> Done {
        let opened = self.engine().open_project(&self.cloud, project, account);
        self.done(opened.map(drop))
    }

    fn add_member(&mut self, member: &NewMember, _: Instant) -> Done {
        if let (Some(wallet), Some(account)) = (&member.wallet, &member.account) {
            let wallet = farthing_engine::NewWallet {
                account: account.clone(),
                person: member.name.clone(),
                name: None,
                threshold: wallet.threshold,
                stop_on_overdue: wallet.stop_on_overdue,
                contact: None,
            };
            let put = self.engine().put_wallet(&self.cloud, &wallet);
            self.done(put.map(drop))?;
        }
        let member = farthing_engine::NewMember {
            person: member.name.clone(),
            project: member.project.clone(),
            account: member.account.clone(),
            role: member.role.clone().unwrap_or_else(|| "member".to_owned()),
        };
        let added = self.engine().add_member(&self.cloud, &member);
        self.done(added)
    }

    fn move_project(&mut self, project: &str, to: &str, _: Instant) -> Done {
        let moved = self.engine().move_project(&self.cloud, project, to);
        self.done(moved)
    }

    fn close_account(&mut self, account: &str, _: Instant) -> Done {
        let closed = self.engine().close_account(&self.cloud, account);
        self.done(closed.map(drop))
    }

    fn keep(&mut self, name: &str, _: Instant) -> Done {
        let what = if self.is_resource(name)? { "resource" } else { "account" };
        let kept = self.engine().keep(&self.cloud, what, name, "the story says so");
        self.done(kept.map(drop))
    }

    fn set(&mut self, account: &str, settings: &[Setting], _: Instant) -> Done {
        self.set_all(account, settings)
    }

    fn fact(&mut self, name: &str, fact: &Fact, at: Instant) -> Done {
        if let Fact::Resize { sku, size } = fact {
            let quantity = size.as_ref().map(|size| size.quantity.millionths() / 1_000_000);
            if let Some(done) = self.resized(name, sku.as_deref(), quantity) {
                return done;
            }
        }
        let what = match fact {
            Fact::Start(start) => {
                let state = match &start.state {
                    None => None,
                    Some(state) => Some(State::parse(state).ok_or_else(|| {
                        StageError::refused("invalid", format!("{state:?} is no state of a resource"))
                    })?),
                };
                let (project, account) = match &start.place {
                    Some(Place::Project(project)) => (Some(project.clone()), None),
                    Some(Place::Account(account)) => (None, Some(account.clone())),
                    None => (None, None),
                };
                let labels = start.labels.iter().map(|(key, value)| (format!("label.{key}"), value.clone()));
                Reported::Start(NewResource {
                    project,
                    account,
                    product: start.product.clone(),
                    sku: start.sku.clone(),
                    size: start.size.clone(),
                    user: start.user.clone(),
                    state,
                    properties: labels.chain(start.properties.clone()).collect(),
                })
            }
            Fact::Stop => Reported::Stop,
            Fact::Resume => Reported::Resume,
            Fact::Resize { sku, size } => Reported::Resize { sku: sku.clone(), size: size.clone() },
            Fact::Delete => Reported::Delete,
            Fact::Restore => Reported::Restore,
            Fact::Fail => Reported::Fail,
            Fact::Heartbeat => Reported::Heartbeat,
            Fact::Gauge(size) => Reported::Gauge(size.clone()),
        };
        let at = self.past(at)?;
        let fact = ResourceFact { resource: name.to_owned(), at, id: None, what };
        let told = self.engine().record_fact(&self.cloud, &fact).map(|_| ());
        self.done(told)
    }

    fn inventory(&mut self, account: &str, names: &[String], at: Instant) -> Done {
        let at = self.past(at)?;
        let listed = self.engine().record_inventory(&self.cloud, account, names, at).map(|_| ());
        self.done(listed)
    }

    fn budget(&mut self, budget: &BudgetAsked) -> Done {
        self.set_budget(budget)
    }

    fn outage(&mut self, outage: &Outage) -> Done {
        let Outage { name, product, from, to, sku, resource, properties } = outage.clone();
        let name = name.unwrap_or_else(|| format!("{product}.{}.{}", from.micros(), to.micros()));
        let outage = farthing_engine::NewOutage {
            name,
            product,
            from,
            to,
            skus: sku.into_iter().collect(),
            properties,
            resources: resource.into_iter().collect(),
        };
        let reported = self.engine().report_outage(&self.cloud, &outage);
        self.done(reported.map(drop))
    }

    fn no_outage(&mut self, name: &str) -> Done {
        let withdrawn = self.engine().withdraw_outage(&self.cloud, name);
        self.done(withdrawn.map(drop))
    }

    fn usage(&mut self, events: &[UsageEvent]) -> Done {
        let now = self.now()?;
        let mut batch = Vec::with_capacity(events.len());
        for event in events {
            let is_resource = self
                .engine()
                .store()
                .read("subject", |tx| tx.thing_by_name(&self.cloud, ThingKind::Resource, &event.subject))
                .map_err(broken)?
                .is_some();
            let mut properties = event.properties.clone();
            let product = properties.remove("product");
            let (project, user) = (properties.remove("project"), properties.remove("user"));
            let subject = if is_resource {
                Subject::Resource(event.subject.clone())
            } else {
                Subject::Account { name: event.subject.clone(), project, user }
            };
            batch.push(Event {
                source: event.source.clone().unwrap_or_else(|| "scenario".to_owned()),
                id: event.id.clone(),
                subject,
                product,
                at: (event.at != now).then_some(event.at),
                quantities: event.meters.iter().map(|(meter, size)| (meter.clone(), size.quantity)).collect(),
                properties,
            });
        }
        let taken = self.engine().record_usage(&self.cloud, batch).map_err(told)?;
        for (taken, event) in taken.iter().zip(events) {
            if let Answer::Refused(reason) = taken.answer {
                let code = match reason.name() {
                    "id_reused" => "id_reused",
                    "unknown_subject" | "unknown_meter" => "not_found",
                    _ => "invalid",
                };
                return Err(StageError::refused(
                    code,
                    format!("event {:?} is on the list of refused ones: {}", event.id, reason.name()),
                ));
            }
        }
        self.engine().run_due().map_err(broken)?;
        self.others_act().map(drop)
    }

    fn top_up(&mut self, top_up: &TopUp, at: Instant) -> Done {
        let at = self.past(at)?;
        if let (Some(method), None) = (top_up.method.as_deref().filter(|method| *method != "balance"), at) {
            return self.pay_in(top_up, method);
        }
        self.top_ups += 1;
        let id = format!("top-up {}", self.top_ups);
        let booked = self.engine().top_up_told(&self.cloud, &top_up.account, top_up.amount, Some(&id), at);
        self.done(booked.map(drop))
    }

    fn grant(&mut self, grant: &NewGrant, at: Instant) -> Done {
        let zone = self.zone.clone().ok_or_else(|| StageError::Broken("there is no profile".to_owned()))?;
        let expires = match grant.expires {
            None => None,
            Some(ends) => Some(ends_at(ends, at, &zone)?),
        };
        let grant = farthing_engine::NewGrant {
            name: grant.name.clone(),
            account: grant.account.clone(),
            amount: grant.amount,
            products: grant.products.clone(),
            priority: i64::from(grant.priority.unwrap_or(10)),
            starts: self.past(at)?,
            expires,
            reason: None,
        };
        let given = self.engine().grant_credit(&self.cloud, &grant);
        self.done(given)
    }

    fn credit(&mut self, asked: &Crediting, at: Instant) -> Done {
        self.crediting(asked, at)
    }

    fn authorise(&mut self, hold: &NewHold, at: Instant) -> Done {
        let id = match self.holds.get(&hold.name) {
            Some((_, id)) => *id,
            None => self.ids.id(at),
        };
        let asked = farthing_engine::NewHold {
            id,
            account: hold.account.clone(),
            amount: hold.amount,
            product: None,
            uses: Vec::new(),
            lasts: hold.ttl,
        };
        let authorised = self.engine().authorise(&self.cloud, &asked);
        self.done(authorised.map(drop))?;
        self.holds.insert(hold.name.clone(), (hold.account.clone(), id));
        Ok(())
    }

    fn capture(&mut self, capture: &Capture, at: Instant) -> Done {
        let (account, hold) = self.holds.get(&capture.hold).cloned().ok_or_else(|| no_hold(&capture.hold))?;
        let at = self.past(at)?;
        let Capture { amount, last, .. } = *capture;
        let new = farthing_engine::NewCapture { id: None, account, hold, amount, product: None, last, at };
        let captured = self.engine().capture(&self.cloud, &new);
        self.done(captured.map(drop))
    }

    fn release(&mut self, hold: &str, _: Instant) -> Done {
        if let Some(account) = self.reserved.get(hold).cloned() {
            let released = self.engine().release_quota(&self.cloud, &account, hold);
            return self.done(released.map(drop));
        }
        let (account, id) = self.holds.get(hold).cloned().ok_or_else(|| no_hold(hold))?;
        let released = self.engine().release(&self.cloud, &account, id);
        self.done(released.map(drop))
    }

    fn pay(&mut self, asked: &Paying, at: Instant) -> Done {
        self.paying(asked, at)
    }

    fn order(&mut self, asked: &Ordering, _: Instant) -> Done {
        self.ordering(asked)
    }

    fn bill(&mut self, asked: &Billing, _: Instant) -> Done {
        self.billing(asked)
    }

    fn look(&mut self, at_what: &Look, _: Instant) -> Result<Said, StageError> {
        match at_what {
            Look::Sent { account, kind, contains } => {
                let account = self.owner_of(account)?;
                let store = self.engine.as_ref().expect("it is open between commands").store();
                let held = self.heard.sent(store, &self.cloud, account, kind, contains.as_deref());
                held.map(Said::Holds)
            }
            Look::NothingSent { kind } => {
                let store = self.engine.as_ref().expect("it is open between commands").store();
                let held = self.heard.nothing_sent(store, &self.cloud, kind.as_deref());
                held.map(Said::Holds)
            }
            Look::Bill { which, part } => self.bill_part(which, *part),
            Look::Suspense => self.suspense(),
            Look::Estimate => match self.estimated {
                Some(amount) => Ok(Said::Money(amount)),
                None => Err(StageError::refused("not_found", "nothing was estimated yet")),
            },
            Look::History { account, grant } => self.history(account, grant),
            Look::Export { name, column } => self.exported(name, column.as_deref()),
            Look::Quota(asked) => self.quota(asked),
            Look::Costs(asked) => self.costs(asked),
            Look::Page(asked) => self.page(asked),
        }
    }

    fn around(&mut self, asked: &Around, _: Instant) -> Done {
        match asked {
            Around::Mail { ok } => self.others.mail = *ok,
            Around::CloudAcks(answering) => self.others.acks = *answering,
            Around::Write { name, size } => self.write(name, size)?,
            Around::Estimate(asked) => self.estimate(asked)?,
        }
        self.heard.forget();
        self.others_act().map(drop)
    }

    fn advance(&mut self, to: Instant) -> Done {
        self.heard.forget();
        self.go_on(to)
    }

    fn next_due(&mut self) -> Result<Option<Instant>, StageError> {
        let now = self.now()?;
        let next = self.engine().next_due(now).map_err(broken)?;
        let others = self.others_act()?.filter(|at| *at > now);
        Ok(next.into_iter().chain(others).min())
    }

    /// Time passes and nobody looks; when the engine is back it catches up, each thing at its own time.
    fn down(&mut self, until: Instant) -> Done {
        self.reopen(until)
    }

    fn crash(&mut self) -> Done {
        let now = self.now()?;
        self.reopen(now)
    }

    fn figure(&mut self, figure: Figure, of: &About, at: Instant) -> Result<Money, StageError> {
        if of.product.is_some() && figure != Figure::Credit {
            return Err(StageError::NotBuilt("a figure of one product"));
        }
        let view = self.engine().account_view(&self.cloud, &of.account, at).map_err(told)?;
        let figures = view.figures;
        if let Some(grant) = &of.grant {
            if figure != Figure::Credit {
                return Err(StageError::refused("invalid", "a grant has credit, and no other figure"));
            }
            // One that has lapsed is there no more. A grant that comes again is all of those that can be used.
            let of_series = |lot: &farthing_store::LotRow| {
                let one = lot.name.strip_prefix(grant).is_some_and(|rest| rest.starts_with('.'));
                one && lot.expires.is_none_or(|end| at < end)
            };
            let own = view.lots.iter().filter(|lot| lot.name == *grant || of_series(lot));
            let left = own.map(|lot| lot.balance).sum();
            return Ok(Money::from_units(left, view.currency));
        }
        let units = match figure {
            Figure::Balance => figures.balance,
            Figure::Spendable => figures.spendable,
            Figure::Available => view.available,
            Figure::Accrued => figures.accrued,
            Figure::Due => view.due,
            Figure::Rolled => view.rolled,
            Figure::Credit => match &of.product {
                None => figures.credit,
                Some(product) => {
                    let pays = |lot: &&farthing_store::LotRow| {
                        lot.starts <= at
                            && lot.expires.is_none_or(|end| at < end)
                            && (lot.products.is_empty() || lot.products.iter().any(|name| name.as_str() == product))
                    };
                    view.lots.iter().filter(pays).map(|lot| lot.balance).sum()
                }
            },
        };
        Ok(Money::from_units(units, view.currency))
    }

    fn units(&mut self, of: &About, at: Instant) -> Result<Quantity, StageError> {
        self.units_left(of, at)
    }

    fn units_asked(&mut self, asked: &UnitsAsked, at: Instant, zone: &farthing_core::time::Zone) -> Done {
        self.give_or_buy(asked, at, zone)
    }

    fn charges(&mut self, of: &About, at: Instant) -> Result<Money, StageError> {
        let asked = ChargeQuestion { product: of.product.clone(), from: of.from, to: of.to };
        self.engine().charges_sum(&self.cloud, &of.account, &asked, at).map_err(told)
    }

    fn state(&mut self, of: Thing, name: &str, _: Instant) -> Result<String, StageError> {
        match of {
            Thing::Any if self.payments.knows(name) => self.payment_state(name),
            // What was bought of a space, and the space: under one name.
            Thing::Any
                if self.subscribed(name)? && !self.is_locked(name)? && self.ordered_state(name)? != "converted" =>
            {
                self.ordered_state(name)
            }
            Thing::Any | Thing::Resource if !self.is_resource(name)? => self.ordered_state(name),
            Thing::Any | Thing::Resource => {
                let view = self.engine().resource_view(&self.cloud, name).map_err(told)?;
                let state = view.timeline.state;
                let there = state.is_some_and(|state| !state.is_gone());
                if there && self.is_locked(name)? {
                    return Ok(State::Locked.name().to_owned());
                }
                Ok(state.map_or("pending", State::name).to_owned())
            }
            Thing::Order => self.order_state(name),
            Thing::Subscription => self.ordered_state(name),
            Thing::Payment => self.payment_state(name),
            Thing::Standing => Ok(self.engine().ladder(&self.cloud, name).map_err(told)?.standing),
        }
    }

    fn ledger_faults(&mut self) -> Result<Vec<String>, StageError> {
        let report = self.engine().store().read("audit", |tx| tx.audit()).map_err(broken)?;
        let anew = self.engine().check_open().map_err(broken)?;
        Ok(report.findings.iter().chain(&anew).map(|finding| format!("{}: {}", finding.row, finding.what)).collect())
    }

    fn fingerprint(&mut self) -> Result<Vec<String>, StageError> {
        let mut lines = Vec::new();
        for account in self.engine().account_names(&self.cloud).map_err(broken)? {
            let own = self.engine().account_lines(&self.cloud, &account).map_err(told)?;
            lines.extend(own.into_iter().map(|line| format!("{account}: {line}")));
            for order in self.engine().orders(&self.cloud, Some(&account), None, None, 1_000).map_err(told)? {
                lines.push(format!("{account}: order {} {} {} {}", order.id, order.name, order.state, order.credit));
            }
            for had in self.engine().subscriptions(&self.cloud, &account).map_err(told)? {
                lines.push(format!("{account}: {had:?}"));
            }
        }
        Ok(lines)
    }

    fn happened(&mut self, account: &str, most: usize) -> Result<Vec<Happening>, StageError> {
        let asked = ChargeQuestion::default();
        let charges = self.engine().charges(&self.cloud, account, &asked).map_err(told)?;
        let newest = charges.into_iter().rev().take(most);
        let mut happened: Vec<Happening> = newest
            .map(|row| Happening {
                at: row.recorded,
                what: format!(
                    "{} of {} to {}: {} ({})",
                    if row.number == 0 { "sealed" } else { "corrected" },
                    row.product,
                    row.to,
                    Money::from_units(row.net, farthing_core::money::Currency::USD).plain().replace(" USD", ""),
                    farthing_core::settle::paid_to_text(&row.paid)
                ),
            })
            .collect();
        happened.reverse();
        Ok(happened)
    }

    fn show(&mut self, what: &Show, _: Instant) -> Result<Vec<String>, StageError> {
        match what {
            Show::Bill(which) => self.bill_lines(which),
            Show::Ledger { account } => {
                let owner = self.owner_of(account)?;
                let rows = self.engine().store().read("show", |tx| tx.accounts_of(owner)).map_err(broken)?;
                Ok(rows.iter().map(|row| format!("{:<24} {}", row.code, row.account.balance())).collect())
            }
            Show::Timeline { name } => {
                let view = self.engine().resource_view(&self.cloud, name).map_err(told)?;
                let line = |segment: &farthing_core::timeline::Segment| {
                    let to = segment.to.map_or("now".to_owned(), |to| to.to_string());
                    format!("{} to {to}: {} {}", segment.from, segment.state, segment.size)
                };
                Ok(view.timeline.segments.iter().map(line).collect())
            }
        }
    }
}

pub(super) fn ends_at(ends: Ends, from: Instant, zone: &farthing_core::time::Zone) -> Result<Instant, StageError> {
    ends.instant(from, zone).map_err(|error| StageError::refused("invalid", error.to_string()))
}

/// What of an account waits for which part: tax and mails, refills and alerts, limits, and a zone that changes with the billing
/// period.
pub(super) const fn later_setting(setting: &Setting) -> &'static str {
    match setting {
        Setting::Country(_) => "set country",
        Setting::Region(_) => "set region",
        Setting::TimeZone(_) => "set time_zone",
        Setting::Language(_) => "set language",
        Setting::Pay(_) => "set pay",
        Setting::Company(_) => "set company",
        Setting::TaxNumber(_) => "set tax_number",
        Setting::Email(_) => "set email",
        Setting::AutoRefill(_)
        | Setting::AutoRefillThreshold(_)
        | Setting::AutoRefillAmount(_)
        | Setting::AutoRefillMonthlyMax(_) => "set auto_refill",
        Setting::AlertThreshold(_) | Setting::AlertRunway(_) | Setting::AlertMonthCost(_) => "set alerts",
        Setting::AutomaticDeduction(_) => "set automatic_deduction",
        Setting::LimitOf(_) => "set member",
        Setting::MonthLimit(_) => "set month_limit",
        Setting::HourLimit(_) => "set hour_limit",
        Setting::StopOnOverdue(_) => "set stop_on_overdue",
    }
}

fn no_hold(name: &str) -> StageError {
    StageError::refused("not_found", format!("there is no hold {name:?}"))
}

pub(super) fn told(refused: Refused) -> StageError {
    match refused {
        Refused::ByRule { code, message } => StageError::refused(code_of(code), message),
        Refused::Engine(error) => broken(error),
    }
}

const fn code_of(code: RefusalCode) -> &'static str {
    code.name()
}

pub(super) fn broken(error: impl std::error::Error + 'static) -> StageError {
    StageError::Broken(farthing_store::chain_of(&error))
}
