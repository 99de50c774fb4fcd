//! Carries out what customers do, by asking the engine: the demo moves no money of its own.

use super::cast::{Temper, Town};
use super::customer::{Action, Customer, Seen, Thing, What};
use super::dice::Dice;
use crate::failure::Failure;
use farthing_core::bill::{BillState, DisputeState, RequestState};
use farthing_core::config::Size;
use farthing_core::measure::Quantity;
use farthing_core::money::Money;
use farthing_core::payment::{BillDisputeId, BillId, InvoiceRequestId, RefundId, RefundState};
use farthing_core::policy::Channel;
use farthing_core::term::OrderState;
use farthing_core::time::{Duration, Instant};
use farthing_core::usage::{Answer, Subject, UsageEvent};
use farthing_engine::{
    Contact, Decision, Engine, InvoiceDecision, Made, NewAccount, NewBillDispute, NewBillPayment, NewCapture, NewGrant,
    NewHold, NewInvoiceRequest, NewMethod, NewOrder, NewOrderPayment, NewOutage, NewPayIn, NewRefund, NewResource,
    NewTrial, NewUnits, PayBillBy, PayBy, RefusalCode, Refused, Reported, ResourceFact, TrialCard, Wanted, When,
};
use farthing_store::BillKind;

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

    /// An account with projects of its own, and somebody to write to.
    pub(super) fn sign_up(&self, customer: &Customer) -> Result<(), Failure> {
        let menu = &self.town.menu;
        let pay = (customer.prepaid && !menu.ahead).then_some(farthing_core::policy::Pay::Prepaid);
        let contact = Contact {
            name: customer.name.clone(),
            email: format!("billing@{}.example", customer.name),
            language: String::new(),
        };
        let account = NewAccount { name: customer.name.clone(), pay, contact: Some(contact), ..NewAccount::default() };
        self.engine.open_account(self.cloud(), &account)?;
        let refilled = menu.refills && matches!(customer.temper, Temper::Steady | Temper::Growing);
        // Whoever pays late has nothing that a bill could be charged to.
        let charged =
            menu.collects && !customer.prepaid && !matches!(customer.temper, Temper::LatePayer | Temper::Leaver);
        if refilled || charged {
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
        for project in projects_of(customer) {
            self.engine.open_project(self.cloud(), &project, &customer.name)?;
        }
        Ok(())
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
            if most.units() >= 10 * self.town.menu.coin {
                return Ok(self.ask_for_money(&customer.name, 10)?);
            }
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
            Action::Start { thing } => self.start(customer, thing),
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
            Action::Trial => {
                let card = Some(TrialCard::Token(self.token(customer)));
                let wanted = NewTrial { account: account.to_owned(), card, ..NewTrial::default() };
                self.engine.begin_trial(cloud, &wanted).map(drop)
            }
            Action::Order { name, term, by_card } => self.order(customer, name, *term, *by_card),
            Action::EndTerm { name } => self.engine.end_subscription(cloud, name, When::Now).map(drop),
            Action::Fill { name, size } => self.tell(name, None, Reported::Gauge(gigabytes(*size))),
            Action::BuyUnits { packs } => match &self.town.menu.units {
                Some(units) => {
                    let many = Quantity::from_millionths(units.pack.millionths() * packs);
                    let product = Some(units.product.to_string());
                    let wanted = NewUnits { account: account.to_owned(), product, units: many };
                    self.engine.buy_units(cloud, &wanted).map(drop)
                }
                None => return Ok(false),
            },
            Action::PayBills => self.pay_bills(customer),
            Action::DisputeBill => self.dispute_bill(account),
            Action::PayDoubtfully { coins } => {
                let token = format!("card:dispute-{account}");
                let wanted = NewPayIn {
                    account: account.to_owned(),
                    amount: self.top_up(*coins),
                    by: PayBy::Token(token),
                    keep: false,
                    reference: Some(format!("{account}-doubtful")),
                    back: String::new(),
                };
                if self.town.menu.channel != Channel::Card {
                    return Ok(false);
                }
                self.engine.pay_in(cloud, &wanted).map(drop)
            }
            Action::RequestInvoice => {
                let wanted = NewInvoiceRequest { account: account.to_owned(), ..NewInvoiceRequest::default() };
                self.engine.request_invoice(cloud, &wanted).map(drop)
            }
            Action::AskBack { coins } => self.ask_for_money(account, *coins),
        };
        match answer {
            Ok(()) => {
                customer.did(action);
                Ok(true)
            }
            // What a customer may find closed: no money, or what they had is suspended or gone.
            Err(refused) if refused.code().is_some_and(|code| !MISTAKES.contains(&code)) => Ok(false),
            // Anything else that is refused is the demo's own mistake.
            Err(refused) => Err(format!("{cloud}, {account}, {action:?}: {refused}").into()),
        }
    }

    /// Something for a time, with a coupon where there is one for it.
    fn order(&self, customer: &Customer, name: &str, term: usize, by_card: bool) -> Result<(), Refused> {
        let (cloud, menu) = (self.cloud(), &self.town.menu);
        let term = &menu.terms[term];
        let product = term.product.to_string();
        let wanted = NewOrder {
            name: name.to_owned(),
            account: None,
            project: Some(customer.name.clone()),
            wanted: Wanted::Product { product: product.clone(), sku: term.sku.as_ref().map(ToString::to_string) },
            quantity: 1,
            periods: term.periods,
            renew: None,
            properties: std::collections::BTreeMap::new(),
        };
        self.engine.place_order(cloud, &wanted)?;
        let coupon = menu.coupons.iter().find(|(_, products)| products.is_empty() || products.contains(&product));
        let coupon = coupon.filter(|_| customer.temper == Temper::Subscriber).map(|(code, _)| code.clone());
        let by_card = by_card && menu.channel == Channel::Card;
        let by = if by_card { PayBillBy::Provider(PayBy::Token(self.token(customer))) } else { PayBillBy::Balance };
        let payment =
            NewOrderPayment { order: name.to_owned(), by, coupon, credit: None, keep: by_card, back: String::new() };
        if self.engine.pay_order(cloud, &payment)?.state == OrderState::Provisioning.name() {
            self.engine.order_made(cloud, name, &Made::It)?;
        }
        Ok(())
    }

    fn pay_bills(&self, customer: &Customer) -> Result<(), Refused> {
        let cloud = self.cloud();
        let issued = Some(BillState::Issued);
        for bill in self.engine.bills(cloud, Some(&customer.name), Some(BillKind::Bill), issued, None, 10)? {
            let Some(id) = BillId::parse(&bill.id).ok().filter(|_| bill.due > 0) else { continue };
            let wanted = NewBillPayment {
                bill: id,
                by: PayBillBy::Provider(PayBy::Token(self.token(customer))),
                amount: None,
                keep: false,
                reference: Some(format!("by hand {}", bill.number)),
                back: String::new(),
            };
            self.engine.pay_bill(cloud, &wanted)?;
        }
        Ok(())
    }

    /// A third of the newest bill.
    fn dispute_bill(&self, account: &str) -> Result<(), Refused> {
        let newest = self.engine.bills(self.cloud(), Some(account), Some(BillKind::Bill), None, None, 1)?;
        let Some(bill) = newest.first().filter(|bill| bill.total > 0) else { return Ok(()) };
        let Ok(id) = BillId::parse(&bill.id) else { return Ok(()) };
        let minor = self.town.cloud.currency.units_per_minor();
        let third = Money::from_units((bill.total / 3 / minor).max(1) * minor, self.town.cloud.currency);
        let reason = "one of our machines was off in the second week".to_owned();
        let wanted = NewBillDispute { bill: id, amount: Some(third), reason };
        self.engine.dispute_bill(self.cloud(), &wanted).map(drop)
    }

    fn ask_for_money(&self, account: &str, coins: i64) -> Result<(), Refused> {
        let most = self.engine.refundable(self.cloud(), account)?;
        let wanted = Money::from_units(coins * self.town.menu.coin, most.currency());
        if most.units() < wanted.units() {
            return Ok(());
        }
        let wanted = NewRefund {
            account: account.to_owned(),
            amount: Some(wanted),
            reason: "we use less than we thought".to_owned(),
            reference: None,
            by_operator: false,
        };
        self.engine.refund(self.cloud(), &wanted).map(drop)
    }

    /// What the cloud's own people do once a day: whatever has waited for them for some days; on the last ones it goes on waiting.
    pub(super) fn work_through(&self) -> Result<(), Failure> {
        let cloud = self.cloud();
        let old = |micros: i64, days: i64| self.now.micros() - micros > days * SECONDS_PER_DAY * MICROS_PER_SECOND;
        for dispute in self.engine.bill_disputes(cloud, (None, None), Some(DisputeState::Open), None, 100)? {
            let Some(id) = BillDisputeId::parse(&dispute.id).ok().filter(|_| old(dispute.opened, 4)) else { continue };
            self.engine.decide_bill_dispute(cloud, id, &Decision::Grant(None), "our monitoring says the same")?;
        }
        for refund in self.engine.refunds(cloud, None, Some(RefundState::Asked), None, 100)? {
            let Some(id) = RefundId::parse(&refund.id).ok().filter(|_| old(refund.asked, 2)) else { continue };
            match self.engine.decide_refund(cloud, id, true, "a customer in good standing") {
                // What was asked for may have been used meanwhile.
                Err(Refused::ByRule { .. }) => {
                    self.engine.decide_refund(cloud, id, false, "it was used before we could look")?;
                }
                decided => drop(decided?),
            }
        }
        if self.town.menu.on_request {
            let asked = self.engine.invoice_requests(cloud, None, Some(RequestState::Asked), None, 100)?;
            for request in asked {
                let Some(id) = InvoiceRequestId::parse(&request.id).ok().filter(|_| old(request.asked, 3)) else {
                    continue;
                };
                self.engine.decide_invoice(cloud, id, InvoiceDecision::Issue, "as asked")?;
            }
        }
        self.engine.accept_steps(cloud)?;
        Ok(())
    }

    /// An hour in which the cloud's own machines were down is given back.
    pub(super) fn outage(&self) -> Result<(), Failure> {
        let Some(machine) = self.town.menu.machines.first().filter(|_| self.town.menu.voids_outages) else {
            return Ok(());
        };
        let ago = |seconds: i64| Instant::from_micros(self.now.micros() - seconds * MICROS_PER_SECOND);
        let outage = NewOutage {
            name: "switch-failure".to_owned(),
            product: machine.product.to_string(),
            from: ago(5_400),
            to: ago(1_800),
            skus: Vec::new(),
            properties: std::collections::BTreeMap::new(),
            resources: Vec::new(),
        };
        self.engine.report_outage(self.cloud(), &outage)?;
        Ok(())
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
        let (person, _) = PEOPLE[number % PEOPLE.len()];
        let used = self.town.menu.uses[which].some(dice);
        let name = customer.name.clone();
        UsageEvent {
            source: "gateway".to_owned(),
            id: format!("{name}-{number}"),
            subject: Subject::Account { name: name.clone(), project: Some(name), user: Some(person.to_owned()) },
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

    fn start(&self, customer: &Customer, thing: &Thing) -> Result<(), Refused> {
        let menu = &self.town.menu;
        let (product, sku, size) = match thing.what {
            What::Machine(place) => (&menu.machines[place].product, menu.machines[place].sku.as_ref(), None),
            What::Space(place, size) => (&menu.spaces[place].product, None, Some(gigabytes(size))),
            What::UnitMachine(place) => {
                let Some((product, sku)) = menu.units.as_ref().and_then(|units| units.machines.get(place)) else {
                    return Ok(());
                };
                (product, sku.as_ref(), None)
            }
        };
        // Whoever started it, for which team, is known by its name.
        let (person, team) = PEOPLE[thing.name.len() % PEOPLE.len()];
        let projects = projects_of(customer);
        let new = NewResource {
            project: Some(projects[thing.name.len() % projects.len()].clone()),
            product: Some(product.to_string()),
            sku: sku.map(ToString::to_string),
            size,
            user: Some(person.to_owned()),
            properties: [("label.team".to_owned(), team.to_owned())].into(),
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

/// Those who work at every customer's, and for which team.
pub(super) const PEOPLE: [(&str, &str); 3] = [("ada", "models"), ("bo", "web"), ("chen", "data")];

/// What no customer can be refused with, if the demo does what it means to: whatever else happens to people as well.
const MISTAKES: [RefusalCode; 3] = [RefusalCode::Invalid, RefusalCode::IdReused, RefusalCode::KeyReused];

/// Those who have much have it in two projects.
pub(super) fn projects_of(customer: &Customer) -> Vec<String> {
    let name = customer.name.clone();
    if matches!(customer.temper, Temper::Steady | Temper::Growing | Temper::Silent) {
        let second = format!("{name}-staging");
        return vec![name, second];
    }
    vec![name]
}

fn call_of(customer: &Customer, call: i64) -> Option<farthing_core::id::HoldId> {
    customer.calls.iter().find(|(number, _)| *number == call).map(|(_, id)| *id)
}

/// In the unit of the meter that measures it.
fn gigabytes(size: i64) -> Size {
    Size { quantity: Quantity::from_whole(size).unwrap_or(Quantity::ZERO), unit: None }
}
