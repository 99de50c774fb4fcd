//! `/clouds/{id}/customers/{name}/payments`: what a customer pays with, how their balance is filled up by itself, and every payment and
//! refund. `/clouds/{id}/queues`: what waits for a person.

use super::bank::{self, BankQueues, TransferTo};
use crate::Cloud;
use crate::Console;
use crate::chart::qr::Qr;
use crate::frame::{self, Frame, PageError};
use crate::words::figure::{Figure, Notation};
use crate::words::moment::Moment;
use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use farthing_core::payment::{RefundState, State as PaymentState};
use farthing_core::time::Instant;
use farthing_engine::{GivenUp, MethodFacts, PaymentFacts, RefillFacts, RefundFacts, Refused};
use std::sync::Arc;

/// As many as a page shows of each.
const MOST: usize = 200;

#[derive(Template)]
#[template(path = "payments.html")]
struct PaymentsPage {
    frame: Frame,
    sentence: String,
    refill: String,
    transfer: Option<TransferTo>,
    methods: Vec<MethodLine>,
    payments: Vec<PaymentLine>,
    refunds: Vec<RefundLine>,
    code: &'static str,
}

#[derive(Template)]
#[template(path = "queues.html")]
struct QueuesPage {
    frame: Frame,
    sentence: String,
    payments: Vec<PaymentLine>,
    refunds: Vec<RefundLine>,
    unknown: Vec<PaymentLine>,
    given_up: Vec<GivenUpLine>,
    bank: BankQueues,
    code: &'static str,
}

struct GivenUpLine {
    when: Option<Moment>,
    customer: String,
    address: String,
    what: &'static str,
    subject: String,
    provider: String,
    why: String,
    id: String,
}

struct MethodLine {
    label: String,
    words: String,
    consent: String,
    until: String,
}

struct PaymentLine {
    when: Moment,
    customer: String,
    address: String,
    by: String,
    what: &'static str,
    state: String,
    class: &'static str,
    why: String,
    net: Figure,
    tax: Figure,
    /// A code to scan, while it is open.
    code: Option<Qr>,
}

struct RefundLine {
    when: Moment,
    customer: String,
    address: String,
    reason: String,
    state: String,
    why: String,
    amount: Figure,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Response {
    let Ok(Path((id, name))) = path else { return frame::nowhere().await.into_response() };
    frame::answer(console, move |console| payments_page(console, cloud_of(console, &id)?, &name)).await
}

pub(crate) async fn queues(State(console): State<Arc<Console>>, path: Result<Path<String>, PathRejection>) -> Response {
    let Ok(Path(id)) = path else { return frame::nowhere().await.into_response() };
    frame::answer(console, move |console| queues_page(console, cloud_of(console, &id)?)).await
}

fn cloud_of<'c>(console: &'c Console, id: &str) -> Result<&'c Cloud, PageError> {
    console.cloud(id).ok_or_else(|| PageError::NotFound("There is no cloud of this name.".to_owned()))
}

fn here(refused: Refused) -> PageError {
    match refused {
        Refused::ByRule { .. } => PageError::NotFound("There is no customer of this name.".to_owned()),
        Refused::Engine(error) => error.into(),
    }
}

fn payments_page(console: &Console, cloud: &Cloud, name: &str) -> Result<PaymentsPage, PageError> {
    let notation = Notation::Money { currency: cloud.currency, locale: cloud.locale() };
    let (id, engine) = (&cloud.id, &console.engine);
    let methods = engine.methods(id, name, false).map_err(here)?;
    let payments = engine.payments(id, Some(name), None, None, MOST).map_err(here)?;
    let refunds = engine.refunds(id, Some(name), None, None, MOST).map_err(here)?;
    let refill = engine.refill(id, name).map_err(here)?;
    let paid: i128 = payments.iter().filter(|paid| paid.succeeded.is_some()).map(|paid| i128::from(paid.net)).sum();
    let sentence = match payments.iter().filter(|paid| paid.succeeded.is_some()).count() {
        0 => format!("{name} has paid nothing in online."),
        1 => format!("{name} paid {} in, in one payment.", notation.full(paid)?.text),
        many => format!("{name} paid {} in, in {many} payments.", notation.full(paid)?.text),
    };
    Ok(PaymentsPage {
        frame: Frame::of(format!("Payments of {name}"), cloud)
            .below(frame::cloud_address(id), cloud.name.clone())
            .below(frame::customer_address(id, name), name),
        sentence,
        refill: refill_words(&refill, &notation)?,
        transfer: bank::transfer_to(engine, cloud, name, &notation)?,
        methods: methods.iter().map(method_line).collect(),
        payments: payment_lines(&payments, cloud, &notation)?,
        refunds: refund_lines(&refunds, cloud, &notation)?,
        code: cloud.currency.code(),
    })
}

fn queues_page(console: &Console, cloud: &Cloud) -> Result<QueuesPage, PageError> {
    let notation = Notation::Money { currency: cloud.currency, locale: cloud.locale() };
    let (id, engine) = (&cloud.id, &console.engine);
    let waiting = |state| engine.payments(id, None, Some(state), None, MOST).map_err(here);
    let (payments, unknown) = (waiting(PaymentState::Review)?, waiting(PaymentState::Unknown)?);
    let refunds = engine.refunds(id, None, Some(RefundState::Asked), None, MOST).map_err(here)?;
    let bank = bank::queues(engine, cloud, &notation)?;
    let mut given_up = engine.given_up(id, None, MOST).map_err(here)?;
    given_up.retain(|errand| errand.open);
    let waiting = payments.len() + refunds.len() + unknown.len() + given_up.len() + bank.movements.len();
    let sentence = match waiting {
        0 => "Nothing waits for a person.".to_owned(),
        1 => "One thing waits for a person.".to_owned(),
        many => format!("{many} things wait for a person."),
    };
    Ok(QueuesPage {
        frame: Frame::of("Queues", cloud).below(frame::cloud_address(id), cloud.name.clone()),
        sentence,
        payments: payment_lines(&payments, cloud, &notation)?,
        refunds: refund_lines(&refunds, cloud, &notation)?,
        unknown: payment_lines(&unknown, cloud, &notation)?,
        given_up: given_up.iter().map(|errand| given_up_line(errand, cloud)).collect::<Result<_, _>>()?,
        bank,
        code: cloud.currency.code(),
    })
}

fn given_up_line(errand: &GivenUp, cloud: &Cloud) -> Result<GivenUpLine, PageError> {
    let first = errand.first.map(Instant::from_micros);
    Ok(GivenUpLine {
        when: first.map(|at| Moment::of(at, &cloud.time_zone)).transpose()?,
        customer: errand.account.clone(),
        address: payments_address(&cloud.id, &errand.account),
        what: match errand.what.as_str() {
            "charge" | "page" => "begin a payment",
            "look" => "say what became of a payment",
            "refund" => "send a refund",
            "set_up" => "keep a method",
            _ => "forget a method",
        },
        subject: errand.subject.clone(),
        provider: errand.provider.clone(),
        why: errand.why.clone(),
        id: errand.number.to_string(),
    })
}

/// The whole of it in one sentence, or why nothing happens by itself.
fn refill_words(refill: &RefillFacts, notation: &Notation) -> Result<String, PageError> {
    if !refill.on {
        let why = if refill.inert.starts_with("it was switched off:") { refill.inert.as_str() } else { "" };
        return Ok(match why {
            "" => "The balance is not topped up by itself.".to_owned(),
            why => format!("The balance is not topped up by itself: {why}."),
        });
    }
    let (threshold, amount) = (notation.full(refill.threshold.into())?.text, notation.full(refill.amount.into())?.text);
    let most = match refill.monthly_max {
        None => String::new(),
        Some(most) => format!(", at most {} a month", notation.full(most.into())?.text),
    };
    let now = if refill.inert.is_empty() { String::new() } else { format!(" Not now: {}.", refill.inert) };
    Ok(format!("When less than {threshold} is left to spend, {amount} is topped up by itself{most}.{now}"))
}

fn method_line(method: &MethodFacts) -> MethodLine {
    let label = format!("{} {}", method.brand, method.last4).trim().to_owned();
    let words = match (method.standing.as_str(), method.default) {
        ("ready", true) => "the default",
        ("ready", false) => "a backup",
        (_, _) => "waits for its owner",
    };
    MethodLine {
        label: match (label.is_empty(), method.channel.as_str()) {
            (true, channel) => channel.replace('_', " "),
            (false, "sepa_debit") => format!("{label}, by direct debit"),
            (false, _) => label,
        },
        words: words.to_owned(),
        consent: if method.consented.is_some() {
            method.mandate.clone()
        } else {
            "only while its owner is there".to_owned()
        },
        until: method.expires.clone(),
    }
}

fn payment_lines(payments: &[PaymentFacts], cloud: &Cloud, notation: &Notation) -> Result<Vec<PaymentLine>, PageError> {
    let line = |paid: &PaymentFacts| -> Result<PaymentLine, PageError> {
        let why = match paid.state.as_str() {
            "review" => paid.verdict.join("; "),
            "unknown" => "asked for, and the provider has not answered: it is asked again".to_owned(),
            "requires_action" => open_words(paid, cloud)?,
            _ => paid.failure_text.clone(),
        };
        let why = match (&paid.paid, paid.late) {
            (Some(other), late) => {
                let late = if late { ", after its code had ended" } else { "" };
                format!("paid {} {} at {}{late}", other.amount, other.currency, other.rate)
            }
            (None, true) => "paid after its code had ended".to_owned(),
            (None, false) => why,
        };
        Ok(PaymentLine {
            when: Moment::of(Instant::from_micros(paid.created), &cloud.time_zone)?,
            customer: paid.account.clone(),
            address: payments_address(&cloud.id, &paid.account),
            by: paid.channel.replace('_', " "),
            what: match paid.purpose.as_str() {
                "refill" => "by itself",
                "bill" => "for a bill",
                _ => "by hand",
            },
            state: paid.state.replace('_', " "),
            class: match paid.state.as_str() {
                "succeeded" => "good",
                "failed" | "refused" | "disputed" | "reversed" => "bad",
                _ => "warn",
            },
            why,
            net: notation.bare(paid.net.into())?,
            tax: notation.bare(paid.tax.into())?,
            code: Qr::of(&paid.code, "A code to scan").filter(|_| paid.state == "requires_action"),
        })
    };
    payments.iter().map(line).collect()
}

/// What its customer has to do, and until when.
fn open_words(paid: &PaymentFacts, cloud: &Cloud) -> Result<String, PageError> {
    let Some(until) = paid.expires else { return Ok("its customer has something to do".to_owned()) };
    let until = Moment::of(Instant::from_micros(until), &cloud.time_zone)?;
    let what = if paid.code.is_empty() { "its page is open" } else { "its code can be scanned" };
    Ok(format!("{what} until {} {}", until.date, until.time))
}

fn refund_lines(refunds: &[RefundFacts], cloud: &Cloud, notation: &Notation) -> Result<Vec<RefundLine>, PageError> {
    let line = |refund: &RefundFacts| -> Result<RefundLine, PageError> {
        Ok(RefundLine {
            when: Moment::of(Instant::from_micros(refund.asked), &cloud.time_zone)?,
            customer: refund.account.clone(),
            address: payments_address(&cloud.id, &refund.account),
            reason: refund.reason.clone(),
            state: refund.state.clone(),
            why: refund.note.clone(),
            amount: notation.bare(refund.amount.into())?,
        })
    };
    refunds.iter().map(line).collect()
}

pub(crate) fn payments_address(cloud: &str, name: &str) -> String {
    format!("{}/payments", frame::customer_address(cloud, name))
}

pub(crate) fn queues_address(cloud: &str) -> String {
    format!("{}/queues", frame::cloud_address(cloud))
}
