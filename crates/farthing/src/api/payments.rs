//! Payments: money that customers pay in through a provider. Begun, listed, looked at by a person where the policy says so.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Administering, Caller, Reading, Writing};
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::problem::{self, Problem};
use super::wire::{Amount, maybe_written, some_text, time_of_micros, written};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::money::Currency;
use farthing_core::payment::{MethodId, PaymentId, State};
use farthing_core::policy::Channel;
use farthing_engine::{DisputeFacts, NewPayIn, PaidFacts, PayBy as EnginePayBy, PaymentFacts, RefusalCode, Refused};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPayment {
    /// What is credited; tax comes on top of it.
    amount: Amount,
    by: PayBy,
    /// The customer agrees that what pays is kept, and charged later while they are away.
    #[serde(default)]
    keep: bool,
    /// What you call it. It is there once: asked for again, this payment is answered.
    #[schema(example = "order-2026-0007", max_length = 255)]
    reference: Option<String>,
    /// Where the customer comes back to from the provider's page; needed where there is one.
    #[schema(example = "https://cloud.example.com/billing", max_length = 2000)]
    return_url: Option<String>,
}

/// What pays: one of these.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PayBy {
    /// What the customer's browser was given by the provider, used once.
    #[schema(example = json!({ "token": "card:visa" }))]
    Token(String),
    /// One that is kept, by its id.
    #[schema(example = json!({ "method": "pm_01m0abw8g0tfjbn245fasf0w43" }))]
    Method(String),
    /// True: the default of what is kept.
    #[schema(example = json!({ "default": true }))]
    Default(bool),
    /// A page of the provider, or a code to scan: `action_url` says where.
    #[schema(example = json!({ "page": "card" }))]
    Page(PayChannel),
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PayChannel {
    Card,
    SepaDebit,
    BankTransfer,
    Alipay,
    WechatPay,
    Paypal,
}

impl PayChannel {
    pub(crate) const fn core(self) -> Channel {
        match self {
            PayChannel::Card => Channel::Card,
            PayChannel::SepaDebit => Channel::SepaDebit,
            PayChannel::BankTransfer => Channel::BankTransfer,
            PayChannel::Alipay => Channel::Alipay,
            PayChannel::WechatPay => Channel::WechatPay,
            PayChannel::Paypal => Channel::Paypal,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Payment {
    #[schema(example = "pay_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    account: String,
    reference: Option<String>,
    /// `top_up`; `refill`: a top-up by itself; `bill`.
    purpose: String,
    /// What is credited.
    amount: Amount,
    /// What is paid on top of it.
    tax: Amount,
    /// Such as `card`.
    channel: String,
    #[schema(example = "stripe")]
    provider: String,
    /// The kept method that pays; null: none.
    method: Option<String>,
    /// Whose payment it is; null: of no bill.
    bill: Option<String>,
    /// `review`: a person looks at it first; `refused` by them; `created`; `pending`: a bank takes days; `requires_action`: the
    /// customer has something to do at `action_url`; `unknown`: it was asked for and nobody knows yet; `succeeded`; `failed`. And
    /// where it has gone back since: `refunded`, `refunded_in_part`, `disputed`, `reversed`.
    #[schema(example = "succeeded")]
    state: String,
    /// Where the customer goes on; null: there is nothing to do.
    action_url: Option<String>,
    /// What the code says that the customer scans: draw it as a QR code. Null: there is none.
    #[schema(example = "weixin://wxpay/bizpayurl?pr=AbCdEf")]
    code: Option<String>,
    /// Until then a code or a wallet's page can be paid; null: it has no such end.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// It was paid after that, and credited all the same.
    late: bool,
    /// What the customer paid, where that was in another currency; null: it was in this one.
    paid: Option<PaidIn>,
    /// Null: it has not failed.
    failure: Option<PaymentFailure>,
    /// Why it was let through, held or refused.
    verdict: Vec<String>,
    refunded: Amount,
    /// What banks took back.
    taken_back: Amount,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    changed_at: String,
    #[schema(format = DateTime)]
    succeeded_at: Option<String>,
    /// The transfer that credited it.
    transfer: Option<String>,
}

/// What a customer's wallet paid for `amount` and `tax`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaidIn {
    amount: Amount,
    /// How much of it is one of the account's currency: a decimal fraction, rounded half-even at its tenth digit.
    #[schema(example = "7.23")]
    rate: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentFailure {
    /// `declined`, `insufficient_funds`, `expired`, `authentication_required`, `abandoned`, `method_gone`, `returned` or `other`.
    #[schema(example = "declined")]
    code: String,
    /// In the provider's words.
    text: String,
}

/// A payment, and what became of it at the customer's bank.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentInFull {
    #[serde(flatten)]
    payment: Payment,
    disputes: Vec<Dispute>,
}

/// The customer's bank has taken a payment back: by a complaint, or because a debit was returned.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dispute {
    /// What the provider calls it.
    reference: String,
    amount: Amount,
    /// `open`, `won`: the money is there again, or `lost`.
    #[schema(example = "open")]
    state: String,
    why: String,
    #[schema(format = DateTime)]
    opened_at: String,
    #[schema(format = DateTime)]
    ended_at: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    /// Why; whoever reads the history sees it.
    #[serde(default)]
    #[schema(example = "called the customer back", max_length = 1000)]
    pub(crate) note: String,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentState {
    Review,
    Refused,
    Created,
    Pending,
    RequiresAction,
    Unknown,
    Succeeded,
    Failed,
}

impl PaymentState {
    const fn core(self) -> State {
        match self {
            PaymentState::Review => State::Review,
            PaymentState::Refused => State::Refused,
            PaymentState::Created => State::Created,
            PaymentState::Pending => State::Pending,
            PaymentState::RequiresAction => State::ActionNeeded,
            PaymentState::Unknown => State::Unknown,
            PaymentState::Succeeded => State::Succeeded,
            PaymentState::Failed => State::Failed,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaymentSearch {
    /// Only this account's.
    account: Option<String>,
    /// Only those in this state; `succeeded` are those that have gone back since, too. `review`: what waits for an operator.
    state: Option<PaymentState>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct PaymentNamed {
    /// The payment's id.
    #[param(example = "pay_01m0abw8g0tfjbn245fasf0w43")]
    payment: String,
}

impl PaymentNamed {
    pub(crate) fn id(&self) -> Result<PaymentId, Problem> {
        let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no payment {:?}", self.payment));
        PaymentId::parse(&self.payment).map_err(unknown)
    }
}

/// What pays, as the engine has it.
pub(super) fn read_by(by: PayBy) -> Result<EnginePayBy, Problem> {
    Ok(match by {
        PayBy::Token(token) => {
            written(&token, 255, "by.token")?;
            EnginePayBy::Token(token)
        }
        PayBy::Method(text) => {
            let unknown =
                |_| Problem::new(problem::NOT_FOUND, format!("there is no method {text:?}")).field("by.method");
            EnginePayBy::Method(MethodId::parse(&text).map_err(unknown)?)
        }
        PayBy::Default(true) => EnginePayBy::Default,
        PayBy::Default(false) => {
            return Err(Problem::new(problem::INVALID, "say {\"default\": true}, or what pays instead").field("by"));
        }
        PayBy::Page(channel) => EnginePayBy::Page(channel.core()),
    })
}

/// Begins a payment, and asks the provider for it at once.
///
/// Answered as far as it has come by then: what takes longer is told by webhooks (`money.topped_up`, `payment.failed`, …).
#[utoipa::path(post, path = "/v1/accounts/{account}/payments", tag = "payments", params(Named, IdempotencyKey),
    request_body = NewPayment, responses((status = CREATED, body = Payment), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn begin(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewPayment>,
) -> Result<(StatusCode, Json<Payment>), Problem> {
    maybe_written(body.reference.as_ref(), 255, "reference")?;
    let by = read_by(body.by)?;
    let back = return_url(body.return_url, matches!(by, EnginePayBy::Page(_)))?;
    let wanted = NewPayIn {
        account: named.account,
        amount: body.amount.money("amount")?,
        by,
        keep: body.keep,
        reference: body.reference,
        back,
    };
    let done = blocking(move || {
        let paid = caller.engine_for(Some(once)).pay_in(&caller.cloud, &wanted);
        let facts = paid.map_err(|refused| or_by_transfer(&caller, &wanted.account, refused))?;
        Ok(payment(facts, currency_of(&caller)?))
    });
    Ok((StatusCode::CREATED, Json(done.await?)))
}

/// What is too much to be paid in this way can be transferred, where the cloud takes transfers.
fn or_by_transfer(caller: &Caller, account: &str, refused: Refused) -> Problem {
    let is_above = matches!(&refused, Refused::ByRule { code: RefusalCode::AboveMaximum, .. });
    let problem = Problem::from(refused);
    if is_above && caller.engine.takes_transfers(&caller.cloud).unwrap_or(false) {
        return problem.see(format!("/v1/accounts/{account}/transfer-details"));
    }
    problem
}

/// Lists payments, the newest first.
#[utoipa::path(get, path = "/v1/payments", tag = "payments", params(PaymentSearch, Paging),
    responses((status = OK, body = Page<Payment>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Asked(search): Asked<PaymentSearch>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Payment>>, Problem> {
    let limit = paging.limit()?;
    let before = paging.text().map(|text| PaymentId::parse(text).map_err(|_| wrong_cursor())).transpose()?;
    let (rows, currency) = blocking(move || {
        let state = search.state.map(PaymentState::core);
        let rows = caller.engine.payments(&caller.cloud, search.account.as_deref(), state, before, limit + 1)?;
        Ok((rows, currency_of(&caller)?))
    })
    .await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.clone(), |row| payment(row, currency))))
}

/// One payment, with its disputes.
#[utoipa::path(get, path = "/v1/payments/{payment}", tag = "payments", params(PaymentNamed),
    responses((status = OK, body = PaymentInFull), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<PaymentNamed>) -> Result<Json<PaymentInFull>, Problem> {
    let id = named.id()?;
    let answer = blocking(move || {
        let currency = currency_of(&caller)?;
        let facts = caller.engine.payment(&caller.cloud, id)?;
        let disputes = caller.engine.disputes(&caller.cloud, id)?;
        let disputes = disputes.into_iter().map(|known| dispute(known, currency)).collect();
        Ok(PaymentInFull { payment: payment(facts, currency), disputes })
    });
    Ok(Json(answer.await?))
}

/// Lets a payment through that waits for a person (state `review`): it is asked of the provider now.
#[utoipa::path(post, path = "/v1/payments/{payment}/approve", tag = "payments", params(PaymentNamed, IdempotencyKey),
    request_body = Decision, responses((status = OK, body = Payment), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn approve(
    caller: Administering,
    Path(named): Path<PaymentNamed>,
    asking: Asking<Decision>,
) -> Result<Json<Payment>, Problem> {
    decide(caller, named, asking, true).await
}

/// Refuses a payment that waits for a person: nothing is ever asked of the provider.
#[utoipa::path(post, path = "/v1/payments/{payment}/refuse", tag = "payments", params(PaymentNamed, IdempotencyKey),
    request_body = Decision, responses((status = OK, body = Payment), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn refuse(
    caller: Administering,
    Path(named): Path<PaymentNamed>,
    asking: Asking<Decision>,
) -> Result<Json<Payment>, Problem> {
    decide(caller, named, asking, false).await
}

async fn decide(
    caller: Administering,
    named: PaymentNamed,
    Asking { body, once }: Asking<Decision>,
    approves: bool,
) -> Result<Json<Payment>, Problem> {
    let id = named.id()?;
    written(&body.note, 1_000, "note")?;
    let done = blocking(move || {
        let facts = caller.engine_for(Some(once)).decide_payment(&caller.cloud, id, approves, &body.note)?;
        Ok(payment(facts, currency_of(&caller)?))
    });
    Ok(Json(done.await?))
}

pub(super) fn currency_of(caller: &Caller) -> Result<Currency, Problem> {
    Ok(caller.engine.cloud_facts(&caller.cloud)?.currency)
}

/// A page sends its customer back somewhere; what a test cloud takes, a live one takes too, so it is asked for in both.
pub(super) fn return_url(url: Option<String>, needed: bool) -> Result<String, Problem> {
    maybe_written(url.as_ref(), 2_000, "return_url")?;
    match url {
        Some(url) if url.starts_with("https://") || url.starts_with("http://") => Ok(url),
        Some(_) => {
            let what = "this is no address of a page: it begins with https://";
            Err(Problem::new(problem::INVALID, what).field("return_url"))
        }
        None if needed => {
            let what = "say where the customer comes back to from the provider's page";
            Err(Problem::new(problem::INVALID, what).field("return_url"))
        }
        None => Ok(String::new()),
    }
}

pub(super) fn payment(facts: PaymentFacts, currency: Currency) -> Payment {
    // Before the provider has said where to go, its place holds where the customer comes back to.
    let acts = facts.state == State::ActionNeeded.name();
    let failure = some_text(facts.failure).map(|code| PaymentFailure { code, text: facts.failure_text });
    Payment {
        id: facts.id,
        account: facts.account,
        reference: some_text(facts.reference),
        purpose: facts.purpose,
        amount: Amount::units(facts.net, currency),
        tax: Amount::units(facts.tax, currency),
        channel: facts.channel,
        provider: facts.provider,
        method: facts.method,
        bill: facts.bill,
        state: facts.state,
        action_url: some_text(facts.action).filter(|_| acts),
        code: some_text(facts.code).filter(|_| acts),
        expires_at: facts.expires.map(time_of_micros),
        late: facts.late,
        paid: facts.paid.map(paid_in),
        failure,
        verdict: facts.verdict,
        refunded: Amount::units(facts.refunded, currency),
        taken_back: Amount::units(facts.taken_back, currency),
        created_at: time_of_micros(facts.created),
        changed_at: time_of_micros(facts.changed),
        succeeded_at: facts.succeeded.map(time_of_micros),
        transfer: facts.transfer,
    }
}

fn paid_in(paid: PaidFacts) -> PaidIn {
    PaidIn { amount: Amount { amount: paid.amount, currency: paid.currency }, rate: paid.rate }
}

fn dispute(facts: DisputeFacts, currency: Currency) -> Dispute {
    Dispute {
        reference: facts.reference,
        amount: Amount::units(facts.amount, currency),
        state: facts.state,
        why: facts.why,
        opened_at: time_of_micros(facts.opened),
        ended_at: facts.ended.map(time_of_micros),
    }
}
