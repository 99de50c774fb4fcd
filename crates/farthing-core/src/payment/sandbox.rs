//! A provider that is only pretended: for test clouds, the demo and scenarios. No money moves, and everything that happens to money can
//! be made to happen, by the name of the card.
//!
//! Pure: what it answers follows from what is asked, what it was told to do, and what it answered to the same key before. Whoever
//! calls it keeps that answer, and lets come true what comes later.

use super::{
    Action, Ask, Capabilities, Expiry, Failure, FailureCode, MethodFacts, MethodNews, News, PaymentNews, RefundNews,
    Reply, What,
};
use crate::money::Money;
use crate::policy::{Channel, Funding};
use crate::time::{Duration, Instant};

pub const NAME: &str = "sandbox";

pub const CAPABILITIES: Capabilities = Capabilities {
    stored: &[Channel::Card, Channel::SepaDebit, Channel::Paypal],
    pages: &[Channel::Card, Channel::Alipay, Channel::WechatPay, Channel::Paypal, Channel::SepaDebit],
    partial_refunds: true,
    per_second: 1_000,
};

/// What the provider was told to do to everything that is asked of it (`provider decline` in a scenario).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mood {
    #[default]
    Well,
    Declines,
    /// It does what it is asked, and its answer is lost.
    TimesOut,
    /// It is set up wrong: whatever it is asked it never does, and keeps no memory of it.
    Broken,
    /// It answers, but does not tell by itself what its customers do on pages and with codes: who wants to know has to ask.
    Silent,
}

impl Mood {
    pub const fn code(self) -> i64 {
        match self {
            Mood::Well => 0,
            Mood::Declines => 1,
            Mood::TimesOut => 2,
            Mood::Broken => 3,
            Mood::Silent => 4,
        }
    }

    pub const fn from_code(code: i64) -> Option<Mood> {
        match code {
            0 => Some(Mood::Well),
            1 => Some(Mood::Declines),
            2 => Some(Mood::TimesOut),
            3 => Some(Mood::Broken),
            4 => Some(Mood::Silent),
            _ => None,
        }
    }
}

/// What a pretended method does: the words after its channel, `card:visa-dispute`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Temper {
    Pays,
    Declines(FailureCode),
    /// Wants its owner, once, when one is there; while they are away it declines.
    WantsOwner,
    TimesOut,
    /// Pays, and a day later its owner complains.
    Disputes,
    /// On its way for three days, as a bank's debit is.
    Slow,
    /// Arrives, and a bank returns it after ten days.
    ReturnsLate,
}

/// What follows from one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// What the caller hears.
    pub reply: Reply,
    /// What it hears whenever it asks again with the same key.
    pub remembered: Reply,
    /// What happens to the payment later, and when.
    pub later: Vec<(Instant, Deed)>,
}

/// The methods that can be pretended, for people.
pub const METHODS: [(&str, &str); 12] = [
    ("card:visa", "pays"),
    ("card:mastercard", "pays"),
    ("card:declined", "is declined"),
    ("card:insufficient", "has not enough on it"),
    ("card:3ds", "wants its owner to confirm"),
    ("card:timeout", "pays, but the answer is lost"),
    ("card:dispute", "pays, and a day later its owner complains"),
    ("card:prepaid", "pays; it is a prepaid card"),
    ("sepa:main", "a debit that takes three days"),
    ("sepa:returns", "a debit that a bank returns after ten days"),
    ("sepa:us-account", "an account at a bank outside the SEPA area"),
    ("card:soon-expired", "pays, and ends next month"),
];

/// What is known of a pretended method: none where the text names none. `now`: its end is some years ahead.
pub fn method_facts(token: &str, now: Instant) -> Option<MethodFacts> {
    let (channel, name) = token.split_once(':')?;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
        return None;
    }
    let channel = match channel {
        "card" => Channel::Card,
        "sepa" | "sepa_debit" => Channel::SepaDebit,
        "alipay" => Channel::Alipay,
        "wechat" | "wechat_pay" => Channel::WechatPay,
        "paypal" => Channel::Paypal,
        _ => return None,
    };
    let is_card = channel == Channel::Card;
    let funding = if name.contains("prepaid") {
        Funding::Prepaid
    } else if name.contains("debit") {
        Funding::Debit
    } else {
        Funding::Credit
    };
    // The same name is the same card, wherever it is used.
    let hash = blake3::hash(token.as_bytes());
    let digits: String =
        hash.as_bytes().iter().take(4).map(|byte| char::from(b'0'.saturating_add(byte % 10))).collect();
    let brand = if name.contains("mastercard") {
        "mastercard"
    } else if is_card {
        "visa"
    } else {
        channel_brand(channel)
    };
    let text = now.to_string();
    let year: i16 = text.get(..4).and_then(|year| year.parse().ok()).unwrap_or(2030);
    let month: i8 = text.get(5..7).and_then(|month| month.parse().ok()).unwrap_or(1);
    let expires = if name.contains("soon-expired") {
        if month == 12 {
            Expiry { year: year.saturating_add(1), month: 1 }
        } else {
            Expiry { year, month: month.saturating_add(1) }
        }
    } else {
        Expiry { year: year.saturating_add(4), month: 12 }
    };
    Some(MethodFacts {
        token: token.to_owned(),
        channel,
        brand: brand.to_owned(),
        last4: digits,
        expires: is_card.then_some(expires),
        country: if name.starts_with("us-") { "US" } else { "DE" }.to_owned(),
        funding: is_card.then_some(funding),
        fingerprint: hash.to_hex().chars().take(16).collect(),
    })
}

fn channel_brand(channel: Channel) -> &'static str {
    match channel {
        Channel::Card => "visa",
        Channel::SepaDebit => "Sandbox Bank",
        Channel::BankTransfer => "bank",
        Channel::Alipay => "alipay",
        Channel::WechatPay => "wechat pay",
        Channel::Paypal => "paypal",
    }
}

fn temper(token: &str) -> Temper {
    let name = token.split_once(':').map_or(token, |(_, name)| name);
    let has = |word: &str| name.contains(word);
    if has("insufficient") {
        Temper::Declines(FailureCode::InsufficientFunds)
    } else if has("declin") {
        Temper::Declines(FailureCode::Declined)
    } else if has("expired-card") {
        Temper::Declines(FailureCode::Expired)
    } else if has("3ds") {
        Temper::WantsOwner
    } else if has("timeout") {
        Temper::TimesOut
    } else if has("dispute") {
        Temper::Disputes
    } else if has("returns") {
        Temper::ReturnsLate
    } else if token.starts_with("sepa") {
        Temper::Slow
    } else {
        Temper::Pays
    }
}

/// Answers a request that was not asked before under this key.
pub fn answer(ask: &Ask, mood: Mood, now: Instant) -> Done {
    let customer = Some(format!("sandbox-customer-{}", ask.customer.account));
    let reply = |news: News| Reply { customer: customer.clone(), news };
    let plain = |news: News| Done { reply: reply(news.clone()), remembered: reply(news), later: Vec::new() };
    if mood == Mood::Broken {
        return plain(News::Never { why: "the sandbox was told that it is set up wrong".to_owned() });
    }
    match &ask.what {
        What::Charge { payment, token, present, .. } => {
            let reference = format!("sandbox-{payment}");
            let of = |news| News::Payment { reference: Some(reference.clone()), news };
            if mood == Mood::Declines {
                return plain(of(failed(FailureCode::Declined)));
            }
            let paid = PaymentNews::Succeeded { fee: None, method: None, paid: None };
            let after = |days: i64, deed: Deed| later(now, days).map(|at| (at, deed));
            let mut done = match temper(token) {
                Temper::Pays => plain(of(paid)),
                Temper::Declines(code) => plain(of(failed(code))),
                Temper::WantsOwner if *present => plain(of(PaymentNews::ActionNeeded(action(&reference, None)))),
                Temper::WantsOwner => plain(of(failed(FailureCode::AuthenticationRequired))),
                Temper::TimesOut => lost(plain(of(paid)), customer.as_ref()),
                Temper::Disputes => {
                    let later = after(1, Deed::Dispute).into_iter().collect();
                    Done { later, ..plain(of(paid)) }
                }
                Temper::Slow => {
                    let later = after(3, Deed::Pay).into_iter().collect();
                    Done { later, ..plain(of(PaymentNews::Pending)) }
                }
                Temper::ReturnsLate => {
                    let later = after(3, Deed::Pay).into_iter().chain(after(10, Deed::Return)).collect();
                    Done { later, ..plain(of(PaymentNews::Pending)) }
                }
            };
            if mood == Mood::TimesOut {
                done = lost(done, customer.as_ref());
            }
            done
        }
        What::Page { payment, channel, until, .. } => {
            let reference = format!("sandbox-{payment}");
            let news = PaymentNews::ActionNeeded(opened(&reference, *channel, Some(*until)));
            plain(News::Payment { reference: Some(reference), news })
        }
        What::SetUp { token, .. } => {
            let facts = token.as_deref().and_then(|token| method_facts(token, now));
            plain(News::Method(match (facts, token) {
                (_, Some(token)) if mood == Mood::Declines || matches!(temper(token), Temper::Declines(_)) => {
                    MethodNews::Failed(failure(FailureCode::Declined))
                }
                (Some(facts), _) => MethodNews::Ready(facts),
                (None, Some(_)) => MethodNews::Failed(failure(FailureCode::Other)),
                (None, None) => MethodNews::ActionNeeded(action(&ask.key, None)),
            }))
        }
        What::Refund { refund, part, .. } => {
            let reference = Some(format!("sandbox-{refund}-{part}"));
            let news = if mood == Mood::Declines {
                RefundNews::Failed(failure(FailureCode::Declined))
            } else {
                RefundNews::Sent
            };
            let done = plain(News::Refund { reference, news });
            if mood == Mood::TimesOut { lost(done, customer.as_ref()) } else { done }
        }
        What::Detach { .. } => plain(News::Method(MethodNews::Detached)),
        // Of what its customers do it is `seen` that says.
        What::Look { payment_reference, .. } => {
            plain(News::Payment { reference: Some(payment_reference.clone()), news: PaymentNews::Pending })
        }
    }
}

/// What a customer does on a pretended page, or an operator makes happen to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Pay,
    TurnAway,
    /// A bank returns it.
    Return,
    Dispute,
    WinDispute,
    LoseDispute,
}

impl Deed {
    pub const ALL: [(Deed, &str); 6] = [
        (Deed::Pay, "pay"),
        (Deed::TurnAway, "turn_away"),
        (Deed::Return, "return"),
        (Deed::Dispute, "dispute"),
        (Deed::WinDispute, "win_dispute"),
        (Deed::LoseDispute, "lose_dispute"),
    ];

    pub fn parse(name: &str) -> Option<Deed> {
        Deed::ALL.into_iter().find(|(_, known)| *known == name).map(|(deed, _)| deed)
    }

    pub fn name(self) -> &'static str {
        Deed::ALL.into_iter().find(|(deed, _)| *deed == self).map_or("", |(_, name)| name)
    }

    /// What is told of it.
    pub fn news(self, payment_reference: &str, amount: Money) -> PaymentNews {
        let dispute = format!("{payment_reference}-dispute");
        match self {
            Deed::Pay => PaymentNews::Succeeded { fee: None, method: None, paid: None },
            Deed::TurnAway => failed(FailureCode::Abandoned),
            Deed::Return => {
                PaymentNews::Disputed { dispute, amount, fee: None, why: "the bank returned the debit".to_owned() }
            }
            Deed::Dispute => {
                PaymentNews::Disputed { dispute, amount, fee: None, why: "the customer complained".to_owned() }
            }
            Deed::WinDispute => PaymentNews::DisputeEnded { dispute, won: true, amount },
            Deed::LoseDispute => PaymentNews::DisputeEnded { dispute, won: false, amount },
        }
    }
}

fn later(now: Instant, days: i64) -> Option<Instant> {
    now.checked_add(Duration::try_from_seconds(days.saturating_mul(86_400)).ok()?).ok()
}

fn action(reference: &str, until: Option<Instant>) -> Action {
    Action { url: format!("/sandbox/{reference}"), code: String::new(), until }
}

/// A page; a wallet that is scanned has a code as well.
fn opened(reference: &str, channel: Channel, until: Option<Instant>) -> Action {
    let scheme = match channel {
        Channel::Alipay => "https://qr.alipay.example/",
        Channel::WechatPay => "weixin://wxpay/bizpayurl?pr=",
        Channel::Paypal | Channel::Card | Channel::SepaDebit | Channel::BankTransfer => "",
    };
    let code = if scheme.is_empty() { String::new() } else { format!("{scheme}{reference}") };
    Action { code, ..action(reference, until) }
}

/// What it says of a page or a code when it is asked. `done`: what its customer did; `close`: what nobody paid is over.
pub fn seen(reference: &str, channel: Channel, done: Option<PaymentNews>, close: bool) -> PaymentNews {
    match done {
        Some(news) => news,
        None if close => {
            let text = "it was not paid in time".to_owned();
            PaymentNews::Failed(Failure { code: FailureCode::Abandoned, text })
        }
        None => PaymentNews::ActionNeeded(opened(reference, channel, None)),
    }
}

fn failure(code: FailureCode) -> Failure {
    Failure { code, text: "the sandbox was told to refuse".to_owned() }
}

fn failed(code: FailureCode) -> PaymentNews {
    PaymentNews::Failed(failure(code))
}

/// It was done, and nobody heard of it.
fn lost(done: Done, customer: Option<&String>) -> Done {
    let why = "the provider did not answer in time".to_owned();
    Done { reply: Reply { customer: customer.cloned(), news: News::Unknown { why } }, ..done }
}
