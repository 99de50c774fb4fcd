//! Carries out what customers do, by asking the engine: the demo moves no money of its own.

use super::cast::{Temper, Town};
use super::customer::{Action, Customer, Seen, Thing, What};
use super::dice::Dice;
use crate::failure::Failure;
use farthing_core::config::Size;
use farthing_core::measure::Quantity;
use farthing_core::money::Money;
use farthing_core::policy::Channel;
use farthing_core::time::{Duration, Instant};
use farthing_core::usage::{Answer, Subject, UsageEvent};
use farthing_engine::{
    Engine, NewAccount, NewCapture, NewGrant, NewHold, NewMethod, NewPayIn, NewRefund, NewResource, PayBy, RefusalCode,
    Refused, Reported, ResourceFact,
};

/// The engine, at the instant its clock says, and one town.
pub(super) struct Desk<'a> {
    pub(super) engine: &'a Engine,
    pub(super) town: &'a Town,
    pub(super) now: Instant,
    /// It is the last day: what waits for a person waits.
    pub(super) last: bool,
}

const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_SECOND: i64 = 1_000_000;

impl Desk<'_> {
    fn cloud(&self) -> &str {
        &self.town.cloud.id
    }

    /// An account with a project of its own.
    pub(super) fn sign_up(&self, customer: &Customer) -> Result<(), Failure> {
        let pay = (customer.prepaid && !self.town.menu.ahead).then_some(farthing_core::policy::Pay::Prepaid);
        let account = NewAccount { name: customer.name.clone(), pay, ..NewAccount::default() };
        self.engine.open_account(self.cloud(), &account)?;
        if self.town.menu.refills && matches!(customer.temper, Temper::Steady | Temper::Growing) {
            let method = NewMethod {
                account: customer.name.clone(),
                channel: self.town.menu.channel,
                token: Some(self.token(customer)),
                mandate: Some("charge this card whenever my balance runs low".to_owned()),
                default: true,
                back: String::new(),
            };
            self.engine.add_method(self.cloud(), &method)?;
        }
        Ok(self.engine.open_project(self.cloud(), &customer.name, &customer.name)?)
    }

    /// What a customer pays with at the pretended provider; some are declined the first time they try.
    fn token(&self, customer: &Customer) -> String {
        let brand = if customer.name.len().is_multiple_of(3) { "mastercard" } else { "visa" };
        match self.town.menu.channel {
            Channel::Card => format!("card:{brand}-{}", customer.name),
            other => format!("{}:{}", other.word(), customer.name),
        }
    }

    /// Pays in as a customer does. What a person has to look at is let through by one who knows them, but for what came in on the last day;
    /// what is too much for a card comes by a transfer that somebody books.
    fn pay_in(&self, customer: &Customer, amount: Money, id: &str) -> Result<(), Refused> {
        let cloud = self.cloud();
        let wanted = |token: String, reference: String| NewPayIn {
            account: customer.name.clone(),
            amount,
            by: PayBy::Token(token),
            keep: false,
            reference: Some(reference),
            back: String::new(),
        };
        if customer.temper == Temper::RanDry && self.town.menu.channel == Channel::Card {
            self.engine.pay_in(cloud, &wanted("card:insufficient".to_owned(), format!("{id}-declined")))?;
        }
        let paid = match self.engine.pay_in(cloud, &wanted(self.token(customer), id.to_owned())) {
            Err(refused) if matches!(refused.code(), Some(RefusalCode::AboveMaximum | RefusalCode::LimitReached)) => {
                return self.engine.top_up_by_contract(cloud, &customer.name, amount, Some(id)).map(drop);
            }
            paid => paid?,
        };
        match paid.payment_id().filter(|_| paid.state == "review" && !self.last) {
            Some(waiting) => self.engine.decide_payment(cloud, waiting, true, "a customer for years").map(drop),
            None => Ok(()),
        }
    }

    /// At the end one customer wants back what they have not used, where their cloud gives it.
    pub(super) fn ask_back(&self) -> Result<(), Failure> {
        if !self.town.menu.refunds {
            return Ok(());
        }
        for customer in self.town.customers.iter().filter(|customer| customer.here) {
            let most = self.engine.refundable(self.cloud(), &customer.name)?;
            if most.units() < 10 * self.town.menu.coin {
                continue;
            }
            let wanted = NewRefund {
                account: customer.name.clone(),
                amount: Some(Money::from_units(10 * self.town.menu.coin, most.currency())),
                reason: "we use less than we thought".to_owned(),
                reference: None,
                by_operator: false,
            };
            self.engine.refund(self.cloud(), &wanted)?;
            return Ok(());
        }
        Ok(())
    }

    /// What its account says to a customer who looks.
    pub(super) fn look(&self, customer: &Customer) -> Result<Seen, Failure> {
        let view = self.engine.account_view(self.cloud(), &customer.name, self.now)?;
        let left = |end: Instant| end.seconds_since(self.now) / SECONDS_PER_DAY;
        Ok(Seen {
            days_left: view.runs_out_at.map(left),
            available_coins: view.available / self.town.menu.coin,
            owed: view.due > 0,
            out: view.ran_out_at.is_some(),
        })
    }

    /// Does it, unless the account has too little for it: then nothing has happened, and the answer is no.
    pub(super) fn act(&self, customer: &mut Customer, action: &Action) -> Result<bool, Failure> {
        let (cloud, account) = (self.cloud(), customer.name.as_str());
        let answer = match action {
            Action::TopUp { coins } => {
                let id = format!("{account}-{}", customer.top_ups + 1);
                self.pay_in(customer, self.top_up(*coins), &id)
            }
            Action::Grant { number } => self.engine.grant_credit(cloud, &self.grant(account, *number)),
            Action::Start { thing } => self.start(account, thing),
            Action::Stop { name } => self.tell(name, None, Reported::Stop),
            Action::StopLate { name, seconds_ago } => {
                let at = Instant::from_micros(self.now.micros() - seconds_ago * MICROS_PER_SECOND);
                self.tell(name, Some(at), Reported::Stop)
            }
            Action::Resume { name } => self.tell(name, None, Reported::Resume),
            Action::Size { name, size } => {
                self.tell(name, None, Reported::Resize { sku: None, size: Some(gigabytes(*size)) })
            }
            Action::Sku { name, machine } => {
                let sku = self.town.menu.machines[*machine].sku.as_ref().map(ToString::to_string);
                self.tell(name, None, Reported::Resize { sku, size: None })
            }
            Action::Delete { name } if customer.things.iter().any(|thing| thing.name == *name) => {
                self.tell(name, None, Reported::Delete)
            }
            Action::Delete { .. } => return Ok(false), // it was never let start
            Action::Authorise { call, cents, lasts_seconds } => {
                let id = self.engine.ids().id(self.now);
                let lasts = Duration::try_from_seconds(*lasts_seconds).ok();
                let hold = NewHold {
                    id,
                    account: account.to_owned(),
                    amount: self.cents(*cents),
                    product: None,
                    uses: Vec::new(),
                    lasts,
                };
                let answer = self.engine.authorise(cloud, &hold);
                if answer.is_ok() {
                    customer.calls.push((*call, id));
                }
                answer.map(drop)
            }
            Action::Capture { call, cents, last } => {
                let Some(id) = call_of(customer, *call) else { return Ok(false) };
                let capture = NewCapture {
                    id: None,
                    account: account.to_owned(),
                    hold: id,
                    amount: self.cents(*cents),
                    product: None,
                    last: *last,
                    at: None,
                };
                self.engine.capture(cloud, &capture).map(drop)
            }
            Action::Release { call } => {
                let Some(id) = call_of(customer, *call) else { return Ok(false) };
                self.engine.release(cloud, account, id).map(drop)
            }
            Action::Use { .. } => Ok(()), // reported with others, see `report`
        };
        match answer {
            Ok(()) => {
                customer.did(action);
                Ok(true)
            }
            Err(refused) if refused.code() == Some(RefusalCode::InsufficientBalance) => Ok(false),
            // Anything else that is refused is the demo's own mistake.
            Err(refused) => Err(refused.into()),
        }
    }

    /// What was used since the last report, in one batch.
    pub(super) fn report(&self, events: Vec<UsageEvent>) -> Result<(), Failure> {
        if events.is_empty() {
            return Ok(());
        }
        let taken = self.engine.record_usage(self.cloud(), events)?;
        match taken.iter().find_map(|taken| if let Answer::Refused(why) = taken.answer { Some(why) } else { None }) {
            Some(why) => Err(Failure::from(format!("{} refused its use: {}", self.cloud(), why.name()))),
            None => Ok(()),
        }
    }

    /// One event of use, of now.
    pub(super) fn event(&self, customer: &Customer, which: usize, number: usize, dice: &mut Dice) -> UsageEvent {
        let used = self.town.menu.uses[which].some(dice);
        let name = customer.name.clone();
        UsageEvent {
            source: "gateway".to_owned(),
            id: format!("{name}-{number}"),
            subject: Subject::Account { name: name.clone(), project: Some(name), user: None },
            product: Some(used.product),
            at: Some(self.now),
            quantities: used.quantities,
            properties: used.properties,
        }
    }

    /// These things are alive now.
    pub(super) fn alive(&self, names: Vec<String>) -> Result<(), Failure> {
        let sign = |resource| ResourceFact { resource, at: None, id: None, what: Reported::Heartbeat };
        let facts: Vec<ResourceFact> = names.into_iter().map(sign).collect();
        if facts.is_empty() {
            return Ok(());
        }
        for answer in self.engine.record_facts(self.cloud(), &facts)? {
            answer?;
        }
        Ok(())
    }

    fn start(&self, account: &str, thing: &Thing) -> Result<(), Refused> {
        let menu = &self.town.menu;
        let (product, sku, size) = match thing.what {
            What::Machine(place) => (&menu.machines[place].product, menu.machines[place].sku.as_ref(), None),
            What::Space(place, size) => (&menu.spaces[place].product, None, Some(gigabytes(size))),
        };
        let new = NewResource {
            project: Some(account.to_owned()),
            product: Some(product.to_string()),
            sku: sku.map(ToString::to_string),
            size,
            ..NewResource::default()
        };
        self.tell(&thing.name, None, Reported::Start(new))
    }

    fn tell(&self, resource: &str, at: Option<Instant>, what: Reported) -> Result<(), Refused> {
        let fact = ResourceFact { resource: resource.to_owned(), at, id: None, what };
        self.engine.record_fact(self.cloud(), &fact).map(|_| ())
    }

    fn grant(&self, account: &str, number: usize) -> NewGrant {
        let gift = &self.town.menu.gift;
        NewGrant {
            name: if number == 0 { gift.name.clone() } else { format!("{}-{}", gift.name, number + 1) },
            account: account.to_owned(),
            amount: gift.credit,
            products: gift.products.clone(),
            priority: 10,
            starts: None,
            expires: gift.ends(self.now, &self.town.cloud.time_zone),
            reason: None,
        }
    }

    /// So many coins, within what the cloud takes at once.
    fn top_up(&self, coins: i64) -> Money {
        let menu = &self.town.menu;
        let least = menu.top_up_least.map_or(0, Money::units);
        let most = menu.top_up_most.map_or(i64::MAX, Money::units);
        Money::from_units((coins * menu.coin).clamp(least, most), self.town.cloud.currency)
    }

    fn cents(&self, cents: i64) -> Money {
        Money::from_units(cents * self.town.menu.coin / 100, self.town.cloud.currency)
    }
}

fn call_of(customer: &Customer, call: i64) -> Option<farthing_core::id::HoldId> {
    customer.calls.iter().find(|(number, _)| *number == call).map(|(_, id)| *id)
}

/// In the unit of the meter that measures it.
fn gigabytes(size: i64) -> Size {
    Size { quantity: Quantity::from_whole(size).unwrap_or(Quantity::ZERO), unit: None }
}
