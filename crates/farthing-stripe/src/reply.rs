//! What Stripe's objects mean in our words. Pure. Fields that are missing are news that are missing, never a panic.

use crate::amount::from_stripe;
use crate::failure::failure;
use farthing_core::money::Money;
use farthing_core::payment::{Action, Expiry, Failure, FailureCode, MethodFacts, MethodNews, PaymentNews, RefundNews};
use farthing_core::policy::{Channel, Funding};
use farthing_core::time::Instant;
use serde_json::Value;

/// Our names in Stripe's `metadata`, by which we know its objects again.
pub(crate) const PAYMENT: &str = "farthing_payment";
pub(crate) const REFUND: &str = "farthing_refund";
pub(crate) const PART: &str = "farthing_part";
pub(crate) const METHOD: &str = "farthing_method";
pub(crate) const ACCOUNT: &str = "farthing_account";
/// On what a page of Stripe's makes. There a card that is declined is not the end: the page is told, and another card is tried.
pub(crate) const PAGE: &str = "farthing_page";

/// The object's own id, or the id that stands for it where it is not expanded.
pub(crate) fn id(object: &Value) -> Option<&str> {
    object.as_str().or_else(|| object["id"].as_str())
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(crate) fn money(amount: &Value, currency: &Value) -> Option<Money> {
    from_stripe(amount.as_i64()?, currency.as_str()?)
}

pub(crate) fn is_page(object: &Value) -> bool {
    object["metadata"][PAGE].is_string()
}

/// A `PaymentIntent`, by its status.
pub(crate) fn intent(intent: &Value) -> PaymentNews {
    match intent["status"].as_str().unwrap_or_default() {
        "succeeded" => succeeded(intent),
        "requires_action" => match action(intent) {
            Some(action) => PaymentNews::ActionNeeded(action),
            None => PaymentNews::Failed(owner_needed()),
        },
        "requires_payment_method" if !is_page(intent) => PaymentNews::Failed(intent_failure(intent)),
        "canceled" => PaymentNews::Failed(abandoned()),
        // "processing"; and what comes before it and after it on a page.
        _ => PaymentNews::Pending,
    }
}

pub(crate) fn succeeded(intent: &Value) -> PaymentNews {
    let kept = intent["setup_future_usage"].is_string();
    PaymentNews::Succeeded {
        fee: fee(&intent["latest_charge"]["balance_transaction"]),
        method: if kept { facts_of(intent) } else { None },
        paid: paid(intent),
    }
}

/// What the customer was shown and paid, where it was in another currency than was asked for. The `exchange_rate` of a balance transaction is
/// another matter: by it Stripe turns what was asked for into the currency of the operator's bank account, whatever the customer paid in.
pub(crate) fn paid(object: &Value) -> Option<Money> {
    let shown = &object["presentment_details"];
    let currency = &shown["presentment_currency"];
    money(&shown["presentment_amount"], currency).filter(|_| *currency != object["currency"])
}

pub(crate) fn intent_failure(intent: &Value) -> Failure {
    let is_debit = only_type(intent) == Some(Channel::SepaDebit);
    failure(&intent["last_payment_error"], is_debit)
}

/// What Stripe kept, in the currency it settles in, which need not be the payment's. None where it is not expanded.
pub(crate) fn fee(transaction: &Value) -> Option<Money> {
    money(&transaction["fee"], &transaction["currency"])
}

/// A Checkout Session in mode `payment`.
pub(crate) fn session(session: &Value) -> PaymentNews {
    match (session["status"].as_str(), session["payment_status"].as_str()) {
        (Some("expired"), _) => PaymentNews::Failed(abandoned()),
        (Some("open"), _) => match page(session) {
            Some(action) => PaymentNews::ActionNeeded(action),
            None => PaymentNews::Pending,
        },
        _ if session["payment_intent"].is_object() => match intent(&session["payment_intent"]) {
            PaymentNews::Succeeded { fee, method, paid: None } => {
                PaymentNews::Succeeded { fee, method, paid: paid(session) }
            }
            news => news,
        },
        (_, Some("paid")) => PaymentNews::Succeeded { fee: None, method: None, paid: paid(session) },
        _ => PaymentNews::Pending,
    }
}

/// What stands for the payment: the intent, as soon as there is one; a page has one only once somebody pays on it.
pub(crate) fn session_reference(session: &Value) -> Option<String> {
    id(&session["payment_intent"]).or_else(|| id(session)).map(str::to_owned)
}

pub(crate) fn page(session: &Value) -> Option<Action> {
    Some(Action {
        url: session["url"].as_str()?.to_owned(),
        code: String::new(),
        until: instant(&session["expires_at"]),
    })
}

/// A `SetupIntent`, by its status. None: Stripe is still at it.
pub(crate) fn setup(setup: &Value) -> Option<MethodNews> {
    Some(match setup["status"].as_str()? {
        "succeeded" => MethodNews::Ready(facts_of(setup)?),
        "requires_action" => match action(setup) {
            Some(action) => MethodNews::ActionNeeded(action),
            None => MethodNews::Failed(owner_needed()),
        },
        "requires_payment_method" => MethodNews::Failed(failure(&setup["last_setup_error"], false)),
        "canceled" => MethodNews::Failed(abandoned()),
        _ => return None,
    })
}

pub(crate) fn refund(refund: &Value) -> RefundNews {
    match refund["status"].as_str().unwrap_or_default() {
        "succeeded" => RefundNews::Sent,
        "failed" | "canceled" => {
            let why = refund["failure_reason"].as_str().unwrap_or("Stripe gave no reason");
            let code = match why {
                "expired_or_canceled_card" | "lost_or_stolen_card" => FailureCode::MethodGone,
                "insufficient_funds" => FailureCode::InsufficientFunds,
                "declined" => FailureCode::Declined,
                _ => FailureCode::Other,
            };
            RefundNews::Failed(Failure { code, text: why.to_owned() })
        }
        _ => RefundNews::Pending,
    }
}

/// Of the method in an intent. Where it is not expanded its name is all there is, and the rest is left empty.
pub(crate) fn facts_of(intent: &Value) -> Option<MethodFacts> {
    let method = &intent["payment_method"];
    if method.is_object() {
        return facts(method);
    }
    Some(MethodFacts {
        token: id(method)?.to_owned(),
        channel: only_type(intent)?,
        brand: String::new(),
        last4: String::new(),
        expires: None,
        country: String::new(),
        funding: None,
        fingerprint: String::new(),
    })
}

/// A `PaymentMethod`. None where it is of a kind that we have no word for.
pub(crate) fn facts(method: &Value) -> Option<MethodFacts> {
    let name = method["type"].as_str()?;
    let channel = channel(name)?;
    let of = &method[name];
    let (brand, fingerprint) = match channel {
        Channel::Card => (text(&of["brand"]), text(&of["fingerprint"])),
        Channel::SepaDebit => (text(&of["bank_code"]), text(&of["fingerprint"])),
        // The same for the same person there.
        Channel::Paypal => (name.to_owned(), text(&of["payer_id"])),
        Channel::BankTransfer | Channel::Alipay | Channel::WechatPay => (name.to_owned(), text(&of["fingerprint"])),
    };
    let funding = match of["funding"].as_str() {
        Some("credit") => Some(Funding::Credit),
        Some("debit") => Some(Funding::Debit),
        Some("prepaid") => Some(Funding::Prepaid),
        _ => None,
    };
    let expires = of["exp_year"].as_i64().zip(of["exp_month"].as_i64());
    let expires = expires.and_then(|(year, month)| Expiry::parse(&format!("{year:04}-{month:02}")));
    Some(MethodFacts {
        token: method["id"].as_str()?.to_owned(),
        channel,
        brand,
        last4: text(&of["last4"]),
        expires,
        country: text(&of["country"]),
        funding,
        fingerprint,
    })
}

/// What Stripe calls a kind of method.
pub(crate) const fn kind(channel: Channel) -> &'static str {
    match channel {
        Channel::Card => "card",
        Channel::SepaDebit => "sepa_debit",
        Channel::Alipay => "alipay",
        Channel::WechatPay => "wechat_pay",
        Channel::Paypal => "paypal",
        // Never asked for: it would be a balance that Stripe keeps for the customer.
        Channel::BankTransfer => "customer_balance",
    }
}

fn channel(kind_there: &str) -> Option<Channel> {
    Channel::ALL.iter().copied().find(|channel| kind(*channel) == kind_there)
}

/// We ask for one kind at a time.
fn only_type(intent: &Value) -> Option<Channel> {
    match intent["payment_method_types"].as_array()?.as_slice() {
        [name] => channel(name.as_str()?),
        _ => None,
    }
}

/// Where the customer has to go, and what the code says that they scan. None where only Stripe's program in a browser could take them there.
pub(crate) fn action(intent: &Value) -> Option<Action> {
    let next = &intent["next_action"];
    let of = &next[next["type"].as_str()?];
    let url =
        ["url", "hosted_instructions_url", "hosted_verification_url"].into_iter().find_map(|name| of[name].as_str())?;
    // Only codes to display have it (`wechat_pay_display_qr_code`); the page says the same, drawn.
    Some(Action { url: url.to_owned(), code: text(&of["data"]), until: instant(&of["expires_at"]) })
}

pub(crate) fn instant(seconds: &Value) -> Option<Instant> {
    Instant::try_from_seconds(seconds.as_i64()?).ok()
}

pub(crate) fn abandoned() -> Failure {
    Failure { code: FailureCode::Abandoned, text: "it was not paid in time".to_owned() }
}

pub(crate) fn owner_needed() -> Failure {
    let text = "the customer's bank wants the customer to confirm it".to_owned();
    Failure { code: FailureCode::AuthenticationRequired, text }
}
