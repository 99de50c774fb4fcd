//! Plays a story on a real engine with a simulated clock, and compares all that it says with what everything should have
//! cost, to the unit of money.

use super::cost::{Costs, Steps, costs, instant};
use super::price::{DOLLAR, Product, catalog_text, meter_id, product_id, sku_id};
use super::story::{Fact, Happening, PROJECT, SECOND, Story, Subject, What};
use farthing_core::config::Size;
use farthing_core::ledger::Chart;
use farthing_core::measure::Quantity;
use farthing_core::money::{Currency, Money};
use farthing_core::policy::{Applied, ApplyRequest};
use farthing_core::time::Instant;
use farthing_core::usage::{self, Answer, UsageEvent};
use farthing_engine::{
    ApplyPolicyError, ChargeQuestion, Clock, Engine, IdSource, NewAccount, NewResource, Refused, Reported,
    ResourceFact, Told,
};
use farthing_store::{ChargeFilter, Location, Options, Store, StoreError, chain_of};
use std::collections::BTreeMap;

pub(super) const CLOUD: &str = "oracle";

/// An engine on a store, and what it has been told.
#[derive(Debug)]
pub struct Stage {
    pub engine: Engine,
    pub told: Vec<Happening>,
}

impl Story {
    fn policy(&self) -> String {
        format!(
            "[cloud]\nid = \"{CLOUD}\"\nname = \"Oracle\"\ncurrency = \"USD\"\ntime_zone = \"{}\"\n[brand]\nlegal_name = \"Oracle\"\n\
             [settle]\nevery = \"{}\"\nlate_window = \"{}h\"\non_stop = {}\n[bill]\non = [\"cycle\"]\n",
            self.zone,
            self.settle.text(),
            self.late_hours,
            self.accounts.is_multiple_of(2)
        )
    }

    pub fn files(&self, products: &[Product]) -> BTreeMap<String, String> {
        BTreeMap::from([("cloud.toml".to_owned(), self.policy()), ("catalog.toml".to_owned(), catalog_text(products))])
    }
}

/// `process`: by which ids of one microsecond are told apart, where several lives of an engine write to one store.
pub fn open(location: &Location, at: Instant, process: u8) -> Engine {
    let options = Options {
        sqlite_log_mib: 1,
        sqlite_cache_kib: 2_048,
        postgres_connections: 2,
        usage_fingerprint_bits: 4,
        ..Options::default()
    };
    let store = Store::open(location, &options).unwrap_or_else(|error| panic!("{location}: {}", chain_of(&error)));
    Engine::new(store, Clock::simulated(at), IdSource::random(process))
}

pub(super) fn account(number: usize) -> String {
    format!("account-{number}")
}

fn thing(number: usize) -> String {
    format!("thing-{number}")
}

impl Stage {
    /// A fresh store at a story's beginning. Done again, nothing happens twice.
    pub fn begin(story: &Story, location: &Location) -> Result<Stage, String> {
        let stage = Stage { engine: open(location, instant(story.start), 0), told: Vec::new() };
        stage.furnish(story)?;
        Ok(stage)
    }

    pub fn furnish(&self, story: &Story) -> Result<(), String> {
        let engine = &self.engine;
        if engine.policy_versions(CLOUD).map_err(text)?.list().is_empty() {
            self.apply(story, &story.products, None, None)?;
        }
        for number in 0..story.accounts {
            let new = NewAccount { name: account(number), ..NewAccount::default() };
            engine.open_account(CLOUD, &new).map_err(refused)?;
            if story.cash > 0 {
                let money = Money::from_units(story.cash, Currency::USD);
                engine.top_up(CLOUD, &account(number), money, Some(&format!("first of {number}"))).map_err(refused)?;
            }
        }
        engine.open_project(CLOUD, PROJECT, &account(0)).map_err(refused)?;
        Ok(())
    }

    fn apply(
        &self,
        story: &Story,
        products: &[Product],
        starts: Option<i64>,
        corrects: Option<i64>,
    ) -> Result<bool, String> {
        let request = ApplyRequest {
            files: story.files(products),
            who: "oracle".to_owned(),
            why: "prices change".to_owned(),
            starts: starts.map(instant),
            corrects,
        };
        match self.engine.apply_policy(CLOUD, request) {
            Ok(applied) => Ok(matches!(applied, Applied::New(_))),
            Err(ApplyPolicyError::Refused(_) | ApplyPolicyError::Reused(_)) => Ok(false),
            Err(ApplyPolicyError::Engine(error)) => Err(text(error)),
        }
    }

    /// Tells what happened, at the engine's now. False: it was known, or cannot be.
    pub fn tell(&mut self, story: &Story, happening: &Happening) -> Result<bool, String> {
        let id = format!("happening-{}", happening.id);
        let at = Instant::from_micros(happening.at_micros);
        let recorded = match &happening.what {
            What::Fact(number, fact) => {
                let what = reported(story, *number, *fact);
                let fact = ResourceFact { resource: thing(*number), at: Some(at), id: Some(id), what };
                self.engine.record_fact(CLOUD, &fact).map_err(refused)? == Told::Recorded
            }
            What::Use { product, subject, quantity } => {
                let subject = match subject {
                    Subject::Thing(number) => usage::Subject::Resource(thing(*number)),
                    Subject::Account(number) => {
                        usage::Subject::Account { name: account(*number), project: None, user: None }
                    }
                };
                let event = UsageEvent {
                    source: "oracle".to_owned(),
                    id,
                    subject,
                    product: Some(product_id(*product)),
                    at: Some(at),
                    quantities: vec![(meter_id(*product), Quantity::from_millionths(*quantity))],
                    properties: BTreeMap::new(),
                };
                let taken = self.engine.record_usage(CLOUD, vec![event]).map_err(refused)?;
                match taken[0].answer {
                    Answer::Accepted => true,
                    Answer::Duplicate => false,
                    Answer::Refused(reason) => return Err(format!("{REFUSED}{}): {happening:?}", reason.name())),
                }
            }
            What::Move(to) => {
                self.engine.move_project(CLOUD, PROJECT, &account(*to)).map_err(refused)?;
                true
            }
            What::Version { products, starts, corrects } => self.apply(story, products, *starts, *corrects)?,
        };
        if recorded {
            self.told.push(happening.clone());
        }
        Ok(recorded)
    }

    pub fn advance(&self, second: i64) -> Result<(), String> {
        self.engine.advance(instant(second)).map_err(text)
    }

    /// What the engine says that everything has cost by now.
    pub fn charges(&self, story: &Story) -> Result<Costs, String> {
        let now = self.engine.now().map_err(text)?;
        let mut found = Costs::new();
        for payer in 0..story.accounts {
            for product in 0..story.products.len() {
                let asked = ChargeQuestion { product: Some(product_id(product)), ..ChargeQuestion::default() };
                let sum = self.engine.charges_sum(CLOUD, &account(payer), &asked, now).map_err(refused)?.units();
                if sum != 0 {
                    found.insert((payer, product), sum);
                }
            }
        }
        Ok(found)
    }

    /// Everything that must hold at any time.
    pub fn check(&self, story: &Story) -> Result<(), String> {
        let now = self.engine.now().map_err(text)?;
        let expected = costs(story, &self.told, now.floor_second().seconds_since(Instant::EPOCH), Steps::Cuts);
        let found = self.charges(story)?;
        if found != expected {
            return Err(format!("at {now} the charges by (account, product) are {found:?}, not {expected:?}"));
        }
        self.check_money(story, &found)
    }

    /// What is sealed and open is what was moved and has accrued; a balance is cash and credit less debt.
    fn check_money(&self, story: &Story, charges: &Costs) -> Result<(), String> {
        let now = self.engine.now().map_err(text)?;
        let mut moved_in_all: BTreeMap<String, i64> = BTreeMap::new();
        for payer in 0..story.accounts {
            let name = account(payer);
            let view = self.engine.account_view(CLOUD, &name, now).map_err(refused)?;
            let figures = view.figures;
            let of_account: i64 = charges.iter().filter(|((of, _), _)| *of == payer).map(|(_, cost)| cost).sum();
            let whole =
                self.engine.charges_sum(CLOUD, &name, &ChargeQuestion::default(), now).map_err(refused)?.units();
            let told = || format!("at {now}, {name}: {figures:?}, charges {of_account}");
            if whole != of_account {
                return Err(format!("{}: all charges together are {whole}", told()));
            }
            if figures.cash < 0 || figures.debt < 0 || (figures.cash > 0 && figures.debt > 0) {
                return Err(format!("{}: cash or debt is not as it can be", told()));
            }
            if figures.balance != figures.cash + figures.credit - figures.debt {
                return Err(format!("{}: the balance is not cash and credit less debt", told()));
            }
            let on_bills = self.on_bills(&name)?;
            if story.cash - figures.balance + figures.accrued + on_bills != of_account {
                return Err(format!(
                    "{}: {} came in and {on_bills} stands on bills, so what was moved and accrued is not what was charged",
                    told(),
                    story.cash
                ));
            }
            let (posted, rows) = self
                .engine
                .store()
                .read("posted", |tx| {
                    let id = tx.payer_by_name(CLOUD, &name)?.expect("it was opened").id;
                    Ok::<_, StoreError>((tx.posted(&[id])?, tx.charges_of(id, &ChargeFilter::default())?))
                })
                .map_err(text)?;
            for row in &rows {
                let paid: i64 = row.paid.iter().map(|(_, part)| part).sum();
                *moved_in_all.entry(row.product.to_string()).or_default() += paid;
                if paid != row.net {
                    return Err(format!("{}: {} of {} was paid for {row:?}", told(), paid, row.net));
                }
            }
            for (_, product, posted) in posted {
                *moved_in_all.entry(product.to_string()).or_default() += posted.sum();
            }
        }
        for (product, paid) in moved_in_all {
            let sum = self
                .engine
                .store()
                .read("revenue", |tx| {
                    let currency = tx.commodity_ensure_currency(Currency::USD);
                    let Ok(currency) = currency else { return Ok(None) };
                    tx.books_sum(CLOUD, &Chart::Revenue(product.clone()).to_string(), currency).map(Some)
                })
                .map_err(text)?;
            if sum.is_some_and(|sum| sum != i128::from(paid)) {
                return Err(format!("at {now} {product} has the revenue {sum:?}, and {paid} was paid for it"));
            }
        }
        Ok(())
    }

    /// What an account owes on bills, what those too small have left for the next, and the part of a cent each of them left out.
    fn on_bills(&self, name: &str) -> Result<i64, String> {
        let accounts = self.engine.store().read("on bills", |tx| {
            let id = tx.payer_by_name(CLOUD, name)?.expect("it was opened").id;
            tx.accounts_of(id)
        });
        let of_bills = |code: &str| {
            matches!(Chart::parse(code), Some(Chart::Receivable(_) | Chart::ReceivableNext | Chart::Carry(_)))
        };
        let accounts = accounts.map_err(text)?;
        Ok(accounts.iter().filter(|row| of_bills(&row.code)).map(|row| -row.account.balance()).sum())
    }

    /// Every row proves every other, and what is open and was charged is what facts and events come to.
    pub fn audit(&self) -> Result<(), String> {
        let report = self.engine.store().read("audit", |tx| tx.audit()).map_err(text)?;
        if !report.findings.is_empty() {
            return Err(format!("the audit finds {:?}", report.findings));
        }
        let anew = self.engine.check_open().map_err(text)?;
        if anew.is_empty() { Ok(()) } else { Err(format!("worked out anew, it finds {anew:?}")) }
    }
}

fn reported(story: &Story, number: usize, fact: Fact) -> Reported {
    let of = story.things[number];
    let size = |millionths: i64| Size { quantity: Quantity::from_millionths(millionths), unit: None };
    let by_sku = story.products[of.product].is_by_sku();
    let sku = |sku: usize| by_sku.then(|| sku_id(sku));
    match fact {
        Fact::Start { sku: which, size: many } => Reported::Start(NewResource {
            project: of.in_project.then(|| PROJECT.to_owned()),
            account: (!of.in_project).then(|| account(0)),
            product: Some(product_id(of.product)),
            sku: sku(which),
            size: many.map(size),
            ..NewResource::default()
        }),
        Fact::Stop => Reported::Stop,
        Fact::Resume => Reported::Resume,
        Fact::Resize { sku: which, size: many } => Reported::Resize { sku: which.and_then(sku), size: many.map(size) },
        Fact::Gauge(value) => Reported::Gauge(size(value)),
        Fact::Delete => Reported::Delete,
        Fact::Restore => Reported::Restore,
        Fact::Fail => Reported::Fail,
    }
}

/// How a story is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Whatever is due on the way is done at its time.
    Plainly,
    /// And everything is compared after each happening.
    Closely,
    /// Between two looks nobody does what is due: what is told comes first.
    Alone,
}

/// Plays a whole story on a store: everything is compared at each look, and at the end.
pub fn play(story: &Story, location: &Location, manner: Manner) -> Result<Stage, String> {
    let mut stage = Stage::begin(story, location)?;
    let mut looks = story.looks.clone();
    looks.sort_unstable();
    let mut looks = looks.into_iter().peekable();
    let mut order: Vec<&Happening> = story.happenings.iter().collect();
    order.sort_by_key(|happening| happening.told);
    for happening in order {
        while let Some(look) = looks.next_if(|look| *look <= happening.told) {
            stage.advance(look)?;
            stage.check(story).map_err(|why| format!("looking at {look}: {why}"))?;
        }
        match manner {
            Manner::Alone => stage.engine.clock().advance_to(instant(happening.told)),
            Manner::Closely | Manner::Plainly => stage.advance(happening.told)?,
        }
        stage.tell(story, happening).map_err(|why| format!("telling {happening:?}: {why}"))?;
        if manner != Manner::Alone {
            stage.engine.run_due().map_err(text)?;
        }
        if manner == Manner::Closely {
            stage.check(story).map_err(|why| format!("after {happening:?}: {why}"))?;
        }
    }
    for look in looks.chain([story.end]) {
        stage.advance(look.min(story.end))?;
        stage.check(story).map_err(|why| format!("looking at {look}: {why}"))?;
    }
    stage.audit()?;
    Ok(stage)
}

/// What an account has in the end.
pub fn balances(stage: &Stage, story: &Story) -> Result<Vec<i64>, String> {
    let now = stage.engine.now().map_err(text)?;
    (0..story.accounts)
        .map(|number| {
            let name = account(number);
            let figures = stage.engine.account_view(CLOUD, &name, now).map_err(refused)?.figures;
            Ok(figures.balance - figures.accrued - stage.on_bills(&name)?)
        })
        .collect()
}

/// A story's money, where nobody runs out.
pub const ENOUGH: i64 = 10_000_000 * DOLLAR;

pub fn seconds_of(micros: i64) -> i64 {
    micros.div_euclid(SECOND) + i64::from(micros.rem_euclid(SECOND) != 0)
}

/// How what a rule refuses begins.
pub const REFUSED: &str = "refused (";

pub(super) fn refused(refused: Refused) -> String {
    match refused {
        Refused::ByRule { code, message } => format!("{REFUSED}{}): {message}", code.name()),
        Refused::Engine(error) => text(error),
    }
}

pub(super) fn text(error: impl std::error::Error + 'static) -> String {
    chain_of(&error)
}
