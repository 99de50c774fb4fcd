//! Stripe, in the words that `farthing_core::payment` has for providers.
//!
//! Owns how Stripe is asked (`wire`, `request`), what its answers (`reply`, `failure`) and its webhooks (`event`, `signature`) mean, and
//! how it counts money (`amount`). Keeps nothing: no state, no queue, no retry. Whoever calls it keeps what it says, asks again
//! when told to, and lets no more requests through than `capabilities` names.
//!
//! - **Once.** Every POST carries an Idempotency-Key made from the key of the `Ask`. Stripe remembers one for a day at least, also
//!   the answer to it, be it an error of its own. So what is `Unknown` may be asked again for a day; after that it has to be looked for
//!   (`What::Look`, with an empty reference where there is none yet), or it may be done twice.
//! - **Never "failed" where nobody knows.** An answer that was lost, or an error of Stripe's own, is `Unknown` for all that
//!   may move money.
//! - **What events leave out**, such as the fee and the card's last digits, `complete` asks for. It sends a request, so not
//!   while Stripe waits for the webhook's answer.

#![expect(clippy::result_large_err, reason = "an error here is an answer like any other, once a request")]

mod amount;
mod event;
mod failure;
mod reply;
mod request;
mod secret;
mod signature;
mod wire;

pub use event::EVENTS;
pub use secret::SecretText;
pub use signature::SignatureError;
pub use wire::API_VERSION;

use amount::to_stripe;
use farthing_core::money::Money;
use farthing_core::payment::{
    Ask, Capabilities, MethodNews, News, PaymentId, PaymentNews, RefundNews, Reply, Told, What,
};
use farthing_core::policy::Channel;
use farthing_core::time::Instant;
use request::{Amount, Charge, Page};
use serde_json::Value;
use std::time::{Duration, SystemTime};
use wire::{Form, Refusal, Trouble, Wire};

pub const NAME: &str = "stripe";

#[derive(Clone, Debug)]
pub struct StripeSettings {
    pub secret_key: SecretText,
    /// Where Stripe is asked.
    pub api_base: String,
    /// Of the endpoint in Stripe's dashboard. Several while one is rolled.
    pub webhook_secrets: Vec<SecretText>,
    /// Where customers come back to when their bank wanted to see them while a stored card was charged. None: such a charge fails.
    pub return_url: Option<String>,
    /// What Stripe allows in test mode; of a live account it takes 100 unless it has agreed to more.
    pub per_second: i64,
    /// How long an answer is waited for.
    pub timeout_seconds: u64,
}

impl StripeSettings {
    pub fn new(secret_key: SecretText, webhook_secrets: Vec<SecretText>) -> StripeSettings {
        StripeSettings {
            secret_key,
            api_base: "https://api.stripe.com".to_owned(),
            webhook_secrets,
            return_url: None,
            per_second: 25,
            // Stripe's own libraries wait for 80: banks are slow.
            timeout_seconds: 80,
        }
    }
}

#[derive(Debug)]
pub struct Stripe {
    wire: Wire,
    webhook_secrets: Vec<SecretText>,
    return_url: Option<String>,
    per_second: i64,
}

impl Stripe {
    pub fn new(settings: StripeSettings) -> Stripe {
        let timeout = Duration::from_secs(settings.timeout_seconds);
        Stripe {
            wire: Wire::new(&settings.api_base, settings.secret_key, timeout),
            webhook_secrets: settings.webhook_secrets,
            return_url: settings.return_url,
            per_second: settings.per_second,
        }
    }

    pub fn capabilities(&self) -> Capabilities {
        Capabilities {
            stored: &[Channel::Card, Channel::SepaDebit, Channel::Paypal],
            pages: &[Channel::Card, Channel::SepaDebit, Channel::Paypal, Channel::Alipay, Channel::WechatPay],
            partial_refunds: true,
            per_second: self.per_second,
        }
    }

    /// Asks, and waits for the answer.
    pub fn ask(&self, ask: &Ask) -> Reply {
        let mut customer = ask.customer.reference.clone();
        let news = self.answer(ask, &mut customer).unwrap_or_else(|news| news);
        Reply { customer, news }
    }

    /// What a webhook says. None: nothing that matters to us. `signature_header`: `Stripe-Signature`.
    pub fn told(&self, body: &[u8], signature_header: &str, now: Instant) -> Result<Option<Told>, SignatureError> {
        signature::check(&self.webhook_secrets, signature_header, body, now)?;
        Ok(event::read(body))
    }

    /// Asks for what an event leaves out, where it does. What cannot be had is left out.
    #[must_use]
    pub fn complete(&self, mut told: Told) -> Told {
        match &mut told.news {
            News::Payment { reference: Some(reference), news: news @ PaymentNews::Succeeded { fee: None, .. } } => {
                if let Ok(News::Payment { news: full @ PaymentNews::Succeeded { .. }, .. }) = self.look_at(reference) {
                    keep_paid(news, full);
                }
            }
            News::Method(MethodNews::Ready(facts)) if facts.brand.is_empty() => {
                let found = path("/v1/payment_methods", &facts.token, "")
                    .and_then(|path| self.wire.get(&path, &Form::default()).map_err(|trouble| trouble.news(false)));
                if let Some(full) = found.ok().as_ref().and_then(reply::facts) {
                    *facts = full;
                }
            }
            _ => {}
        }
        told
    }

    /// Either way it is news. `customer`: what Stripe calls them, as soon as that is known.
    fn answer(&self, ask: &Ask, customer: &mut Option<String>) -> Result<News, News> {
        let key = ask.key.as_str();
        match &ask.what {
            What::Charge { payment, amount, channel, token, present, text } => {
                let amount = amount_of(*amount)?;
                known(*channel)?;
                let charge = Charge {
                    payment: *payment,
                    amount,
                    customer: self.customer(ask, customer)?,
                    channel: *channel,
                    token,
                    present: *present,
                    back: self.return_url.as_deref(),
                    text,
                };
                self.charge(&charge, key)
            }
            What::Page { payment, amount, channel, keep, back, until, text } => {
                let amount = amount_of(*amount)?;
                known(*channel)?;
                let (until_seconds, moved) = request::page_end(*until, wall_clock());
                // A time that our clock chose is another one the next time, which Stripe would not take under the same key. Whoever
                // asks again has not seen the first page, so that nobody can pay on both.
                let once = if moved { format!("{key}-{until_seconds}") } else { key.to_owned() };
                let page = Page {
                    payment: *payment,
                    amount,
                    customer: self.customer(ask, customer)?,
                    channel: *channel,
                    keep: *keep,
                    back,
                    until_seconds,
                    text,
                };
                if matches!(channel, Channel::Alipay | Channel::WechatPay) {
                    return self.wallet(&page, key);
                }
                let session = self.post("/v1/checkout/sessions", &request::page(&page), &once, false)?;
                Ok(News::Payment { reference: reply::session_reference(&session), news: reply::session(&session) })
            }
            What::SetUp { method, channel, token, back } => {
                known(*channel)?;
                let customer = self.customer(ask, customer)?;
                match token {
                    Some(token) if *channel == Channel::Card => {
                        self.set_up(&request::set_up(*method, customer, *channel), token, back, key)
                    }
                    // A mandate needs the address and the browser of whoever gave it, which a page of Stripe's sees and we do not.
                    _ => {
                        let form = request::set_up_page(*method, customer, *channel, back);
                        let session = self.post("/v1/checkout/sessions", &form, key, false)?;
                        let action = reply::page(&session).ok_or_else(|| strange("a page without an address"))?;
                        Ok(News::Method(MethodNews::ActionNeeded(action)))
                    }
                }
            }
            What::Refund { refund, part, payment, payment_reference, amount } => {
                let amount = amount_of(*amount)?;
                let intent = self.intent_of(payment_reference)?;
                let form = request::refund(*refund, *part, *payment, &intent, amount);
                match self.wire.post("/v1/refunds", &form, key) {
                    Ok(refund) => {
                        let reference = reply::id(&refund).map(str::to_owned);
                        Ok(News::Refund { reference, news: reply::refund(&refund) })
                    }
                    // Not for ever: there will be money again.
                    Err(Trouble::Refused(refusal)) if refusal.code() == "balance_insufficient" => {
                        let failure = failure::failure(&refusal.error, false);
                        Ok(News::Refund { reference: None, news: RefundNews::Failed(failure) })
                    }
                    Err(trouble) => Err(trouble.news(true)),
                }
            }
            What::Detach { token, .. } => {
                let sent = self.wire.post(&path("/v1/payment_methods", token, "/detach")?, &Form::default(), key);
                match sent {
                    Ok(_) => Ok(News::Method(MethodNews::Detached)),
                    Err(Trouble::Refused(refusal)) if is_gone(&refusal) => Ok(News::Method(MethodNews::Detached)),
                    Err(trouble) => Err(trouble.news(false)),
                }
            }
            What::Look { payment, payment_reference, .. } if payment_reference.is_empty() => {
                self.look_for(*payment, customer.as_deref())
            }
            What::Look { payment_reference, close: true, .. } => self.close(payment_reference, key),
            What::Look { payment_reference, .. } => self.look_at(payment_reference),
        }
    }

    /// What Stripe calls the customer. One that it does not know yet is made.
    fn customer<'a>(&self, ask: &Ask, customer: &'a mut Option<String>) -> Result<&'a str, News> {
        if customer.is_none() {
            let once = request::customer_once(&ask.cloud, &ask.customer);
            let made = self.post("/v1/customers", &request::customer(&ask.customer), &once, false)?;
            let made = reply::id(&made).ok_or_else(|| strange("a customer without an id"))?;
            *customer = Some(made.to_owned());
        }
        Ok(customer.as_deref().unwrap_or_default())
    }

    fn charge(&self, charge: &Charge<'_>, key: &str) -> Result<News, News> {
        let failed = |reference: Option<&str>, failure| {
            let (reference, news) = (reference.map(str::to_owned), PaymentNews::Failed(failure));
            News::Payment { reference, news }
        };
        match self.wire.post("/v1/payment_intents", &request::charge(charge), key) {
            // Nobody is there to do what it wants. Stripe says so with 402; what it says here would wait for ever.
            Ok(intent) if !charge.present && intent["status"] == "requires_action" => {
                Ok(failed(reply::id(&intent), reply::owner_needed()))
            }
            Ok(intent) => {
                let reference = reply::id(&intent).ok_or_else(|| lost("a payment without an id"))?;
                Ok(News::Payment { reference: Some(reference.to_owned()), news: reply::intent(&intent) })
            }
            Err(Trouble::Refused(refusal)) if refusal.status == 402 || is_missing(&refusal, "payment_method") => {
                let failure = failure::failure(&refusal.error, charge.channel == Channel::SepaDebit);
                Ok(failed(reply::id(&refusal.error["payment_intent"]), failure))
            }
            Err(trouble) => Err(trouble.news(true)),
        }
    }

    /// A code that nobody has scanned moves no money: whoever asks again under the same key sees the same one.
    fn wallet(&self, page: &Page<'_>, key: &str) -> Result<News, News> {
        match self.wire.post("/v1/payment_intents", &request::wallet(page), key) {
            Ok(intent) => {
                let reference = reply::id(&intent).ok_or_else(|| lost("a payment without an id"))?;
                Ok(News::Payment { reference: Some(reference.to_owned()), news: reply::intent(&intent) })
            }
            Err(Trouble::Refused(refusal)) if refusal.status == 402 => {
                let reference = reply::id(&refusal.error["payment_intent"]).map(str::to_owned);
                let news = PaymentNews::Failed(failure::failure(&refusal.error, false));
                Ok(News::Payment { reference, news })
            }
            Err(trouble) => Err(trouble.news(true)),
        }
    }

    /// Looked at first: what was paid cannot be closed. Where it is paid between the two requests Stripe refuses to, and it is looked at again.
    fn close(&self, reference: &str, key: &str) -> Result<News, News> {
        let seen = self.look_at(reference)?;
        if !matches!(seen, News::Payment { news: PaymentNews::ActionNeeded(_) | PaymentNews::Pending, .. }) {
            return Ok(seen);
        }
        let (folder, verb) =
            if is_page(reference) { ("/v1/checkout/sessions", "/expire") } else { ("/v1/payment_intents", "/cancel") };
        match self.wire.post(&path(folder, reference, verb)?, &Form::default(), &format!("{key}-close")) {
            Ok(object) if is_page(reference) => {
                Ok(News::Payment { reference: reply::session_reference(&object), news: reply::session(&object) })
            }
            Ok(intent) => Ok(News::Payment { reference: Some(reference.to_owned()), news: reply::intent(&intent) }),
            Err(Trouble::Refused(_)) => self.look_at(reference),
            Err(trouble) => Err(trouble.news(false)),
        }
    }

    /// Two requests, so that one whose answer was lost goes on where it stopped.
    fn set_up(&self, form: &Form, token: &str, back: &str, key: &str) -> Result<News, News> {
        let intent = self.post("/v1/setup_intents", form, key, false)?;
        let intent = reply::id(&intent).ok_or_else(|| strange("a set-up without an id"))?;
        let confirm = path("/v1/setup_intents", intent, "/confirm")?;
        match self.wire.post(&confirm, &request::set_up_confirm(token, back), &format!("{key}-confirm")) {
            Ok(intent) => match reply::setup(&intent) {
                Some(news) => Ok(News::Method(news)),
                None => Err(strange("a card that is neither set up nor refused")),
            },
            Err(Trouble::Refused(refusal)) if refusal.status == 402 || is_missing(&refusal, "payment_method") => {
                Ok(News::Method(MethodNews::Failed(failure::failure(&refusal.error, false))))
            }
            Err(trouble) => Err(trouble.news(false)),
        }
    }

    fn look_at(&self, reference: &str) -> Result<News, News> {
        let found = if is_page(reference) {
            let session = self.get(&path("/v1/checkout/sessions", reference, "")?, &request::look_at_page())?;
            (reply::session_reference(&session), reply::session(&session))
        } else {
            let intent = self.get(&path("/v1/payment_intents", reference, "")?, &request::look())?;
            (Some(reference.to_owned()), reply::intent(&intent))
        };
        let (reference, news) = found;
        Ok(News::Payment { reference, news })
    }

    /// Among the customer's last hundred payments: what was asked for and never answered has no reference yet.
    fn look_for(&self, payment: PaymentId, customer: Option<&str>) -> Result<News, News> {
        let not_found = || News::Unknown { why: format!("Stripe shows no payment {payment} of this customer") };
        let customer = customer.ok_or_else(not_found)?;
        let all = self.get("/v1/payment_intents", &request::look_for(customer))?;
        let payment = payment.to_string();
        let mut all = all["data"].as_array().into_iter().flatten();
        let found = all.find(|intent| intent["metadata"][reply::PAYMENT] == payment.as_str()).ok_or_else(not_found)?;
        Ok(News::Payment { reference: reply::id(found).map(str::to_owned), news: reply::intent(found) })
    }

    /// Refunds are of intents, and a payment on a page may still be known by its page.
    fn intent_of(&self, reference: &str) -> Result<String, News> {
        if !is_page(reference) {
            return Ok(reference.to_owned());
        }
        let session = self.get(&path("/v1/checkout/sessions", reference, "")?, &Form::default())?;
        let intent = reply::id(&session["payment_intent"]).map(str::to_owned);
        intent.ok_or_else(|| News::Never { why: "nothing was paid on this page".to_owned() })
    }

    fn post(&self, path: &str, form: &Form, once: &str, moves_money: bool) -> Result<Value, News> {
        self.wire.post(path, form, once).map_err(|trouble| trouble.news(moves_money))
    }

    fn get(&self, path: &str, query: &Form) -> Result<Value, News> {
        self.wire.get(path, query).map_err(|trouble| trouble.news(false))
    }
}

/// What the event said of the currency stays where the payment does not say it.
fn keep_paid(news: &mut PaymentNews, full: PaymentNews) {
    if let (PaymentNews::Succeeded { paid: said, .. }, PaymentNews::Succeeded { fee, method, paid }) = (&*news, full) {
        *news = PaymentNews::Succeeded { fee, method, paid: paid.or(*said) };
    }
}

fn amount_of(amount: Money) -> Result<Amount, News> {
    let value = to_stripe(amount).map_err(|why| News::Never { why })?;
    Ok(Amount { value, currency: amount.currency() })
}

fn known(channel: Channel) -> Result<(), News> {
    match channel {
        Channel::Card | Channel::SepaDebit | Channel::Alipay | Channel::WechatPay | Channel::Paypal => Ok(()),
        Channel::BankTransfer => Err(News::Never { why: "Stripe is not asked for bank transfers".to_owned() }),
    }
}

/// A reference is put into an address only where it can be one of Stripe's.
fn path(folder: &str, reference: &str, verb: &str) -> Result<String, News> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if reference.is_empty() || !reference.bytes().all(is_plain) {
        return Err(News::Never { why: format!("{reference:?} is no reference of Stripe's") });
    }
    Ok(format!("{folder}/{reference}{verb}"))
}

fn is_page(reference: &str) -> bool {
    reference.starts_with("cs_")
}

fn is_missing(refusal: &Refusal, what: &str) -> bool {
    refusal.code() == "resource_missing" && refusal.error["param"] == what
}

/// Detached before, or never there.
fn is_gone(refusal: &Refusal) -> bool {
    refusal.code() == "resource_missing" || (refusal.status == 400 && refusal.text.contains("not attached"))
}

/// Nothing that could have moved money was answered with something that cannot be read.
fn strange(what: &str) -> News {
    News::NotNow { why: format!("Stripe answered with {what}"), pause_seconds: None }
}

fn lost(what: &str) -> News {
    News::Unknown { why: format!("Stripe answered with {what}") }
}

fn wall_clock() -> Instant {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Instant::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
