//! Bills, receipts and credit notes: what an account was asked to pay, what it paid, what was taken off again.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::blocking;
use super::caller::{Administering, Reading, Writing};
use super::charges::{Charge, charge};
use super::page::{Asked, Page, Paging, cursor_of, wrong_cursor};
use super::payments::{PayBy, Payment, currency_of, payment, read_by, return_url};
use super::problem::{self, Problem};
use super::wire::{Amount, maybe_written, some_text, time_of_micros, written};
use crate::paper::{self, Format, NotMade};
use axum::Json;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use farthing_core::money::Currency;
use farthing_core::payment::BillId;
use farthing_engine::{BillFacts, BillParty, LineCharge, NewBillPayment, PayBillBy, PayBy as EnginePayBy};
use farthing_store::BillKind;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Bill {
    #[schema(example = "bill_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    account: String,
    /// `bill`: a demand; `receipt`: what was paid; `credit_note`: what was taken off a bill; `statement`: what was used in a
    /// billing period, where nothing of it is asked for; `invoice`: what was used and paid, where the account asked for a document of it.
    #[schema(example = "bill")]
    kind: String,
    /// Null: it is about to get one.
    #[schema(example = "ELE-2026-000042")]
    number: Option<String>,
    /// Of a bill `issued`, `paid`, `overdue`, `void`, `uncollectible` or `rolled` into the next; of the others `issued`.
    #[schema(example = "paid")]
    state: String,
    #[schema(format = DateTime)]
    issued_at: String,
    #[schema(format = DateTime)]
    due_at: Option<String>,
    net: Amount,
    tax: Amount,
    /// With tax, and with what earlier bills left.
    total: Amount,
    paid: Amount,
    /// By credit notes.
    credited: Amount,
    due: Amount,
    /// What of that an open dispute is about: nobody asks for it.
    disputed: Amount,
    /// Of a receipt or a credit note: the bill it is about. Of a bill: the one it was issued anew for.
    of: Option<String>,
    payment: Option<String>,
    reason: Option<String>,
    seller: Party,
    buyer: Party,
    /// Whether the lines are `net` or `gross`.
    prices: String,
    lines: Vec<BillLine>,
    taxes: Vec<BillTax>,
    /// What coupons took off, without tax.
    coupons: Vec<BillCoupon>,
}

/// As they were when it was issued.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Party {
    name: String,
    address: String,
    country: String,
    tax_number: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BillLine {
    text: String,
    product: String,
    /// The days it was supplied, both included.
    from: Option<String>,
    to: Option<String>,
    quantity: Option<String>,
    /// Before coupons.
    amount: Amount,
    /// What coupons took off it.
    coupon: Amount,
    tax_group: String,
    /// Of use: all of it, and what had paid it before; null: it is no use, or was billed before it was sealed.
    used: Option<BillUse>,
}

/// What the use of a line cost, and what paid it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BillUse {
    /// Without the discount.
    list: Amount,
    net: Amount,
    credit: Amount,
    balance: Amount,
    /// By a bill: this one, unless some of it was billed before.
    unbilled: Amount,
}

/// What a coupon took off.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BillCoupon {
    code: String,
    amount: Amount,
}

/// Everything that bears one tax.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BillTax {
    #[schema(example = "DE-19")]
    group: String,
    #[schema(example = "VAT")]
    name: String,
    #[schema(example = "19%")]
    percent: String,
    /// Why so much.
    reason: String,
    /// What the document says besides, such as that the buyer owes the tax.
    note: Option<String>,
    net: Amount,
    tax: Amount,
}

/// What came of billing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Billed {
    /// Null: nothing waits for a bill.
    bill: Option<Bill>,
    /// The payment that was begun for it by itself.
    payment: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBillPay {
    /// What pays; off the balance when it is not said.
    by: Option<PayBy>,
    /// All that is due when it is not said.
    amount: Option<Amount>,
    /// The customer agrees that what pays is kept, and charged later while they are away.
    #[serde(default)]
    keep: bool,
    /// What you call the payment. It is there once.
    #[schema(example = "order-2026-0008", max_length = 255)]
    reference: Option<String>,
    /// Where the customer comes back to from the provider's page; needed where there is one.
    #[schema(example = "https://cloud.example.com/billing", max_length = 2000)]
    return_url: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCredit {
    /// With its tax; all that the bill asked for when it is not said.
    amount: Option<Amount>,
    /// The credit note says it.
    #[schema(example = "the second node was never delivered", max_length = 1000)]
    reason: String,
}

/// Why a bill is issued anew, or given up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Because {
    #[schema(example = "the company has moved", max_length = 1000)]
    reason: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BillPaid {
    bill: Bill,
    /// The payment that was begun; null: the balance paid.
    payment: Option<Payment>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Bill,
    Receipt,
    CreditNote,
    Statement,
    Invoice,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BillSearch {
    /// Only this account's.
    account: Option<String>,
    /// Only these.
    kind: Option<Kind>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct BillNamed {
    /// The bill's id.
    #[param(example = "bill_01m0abw8g0tfjbn245fasf0w43")]
    bill: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct LineNamed {
    /// The bill's id.
    #[param(example = "bill_01m0abw8g0tfjbn245fasf0w43")]
    bill: String,
    /// The line's place on it.
    #[param(example = 1, minimum = 1)]
    line: i64,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DocumentFormat {
    /// PDF/A-3.
    Pdf,
    /// UBL 2.1, as PEPPOL BIS Billing 3 wants it between two VAT numbers.
    Ubl,
    /// Cross Industry Invoice D16B, which Factur-X carries.
    Cii,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DocumentAs {
    /// `pdf` when it is not said.
    format: Option<DocumentFormat>,
}

impl BillNamed {
    pub(super) fn id(&self) -> Result<BillId, Problem> {
        let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no bill {:?}", self.bill));
        BillId::parse(&self.bill).map_err(unknown)
    }
}

/// Lists bills, receipts and credit notes, the newest first.
#[utoipa::path(get, path = "/v1/bills", tag = "bills", params(BillSearch, Paging),
    responses((status = OK, body = Page<Bill>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Asked(search): Asked<BillSearch>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Bill>>, Problem> {
    let limit = paging.limit()?;
    let before = paging.text().map(|text| BillId::parse(text).map_err(|_| wrong_cursor())).transpose()?;
    let kind = search.kind.map(|kind| match kind {
        Kind::Bill => BillKind::Bill,
        Kind::Receipt => BillKind::Receipt,
        Kind::CreditNote => BillKind::CreditNote,
        Kind::Statement => BillKind::Statement,
        Kind::Invoice => BillKind::Invoice,
    });
    let rows = blocking(move || {
        Ok(caller.engine.bills(&caller.cloud, search.account.as_deref(), kind, None, before, limit + 1)?)
    })
    .await?;
    let bills: Vec<Bill> = rows.into_iter().map(bill).collect::<Result<_, Problem>>()?;
    Ok(Json(Page::of(bills, limit, |bill| bill.id.clone(), |bill| bill)))
}

/// One bill, receipt or credit note.
#[utoipa::path(get, path = "/v1/bills/{bill}", tag = "bills", params(BillNamed),
    responses((status = OK, body = Bill), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<BillNamed>) -> Result<Json<Bill>, Problem> {
    let id = named.id()?;
    Ok(Json(bill(blocking(move || Ok(caller.engine.bill(&caller.cloud, id)?)).await?)?))
}

/// The charges that a line of a bill or a statement is of, in the order of sealing: each is explained at its address. A line of something
/// else than use has none.
#[utoipa::path(get, path = "/v1/bills/{bill}/lines/{line}/charges", tag = "bills", params(LineNamed, Paging),
    responses((status = OK, body = Page<Charge>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn line_charges(
    caller: Reading,
    Path(named): Path<LineNamed>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Charge>>, Problem> {
    let (limit, after) = (paging.limit()?, paging.number()?.unwrap_or(0));
    let id = BillNamed { bill: named.bill }.id()?;
    let (rows, currency) = blocking(move || {
        let rows = caller.engine.bill_line_charges(&caller.cloud, id, named.line, after, limit + 1)?;
        Ok((rows, currency_of(&caller)?))
    })
    .await?;
    let wire =
        |line: LineCharge| charge(&line.account, &line.listed.row, line.listed.resource, line.listed.terms, currency);
    Ok(Json(Page::of(rows, limit, |line| cursor_of(line.listed.row.chained), wire)))
}

/// The document itself, as people and authorities take it: a PDF/A-3 in the account's language, with the e-invoice inside it where its
/// data suffices; or the e-invoice alone, of bills and credit notes. As of now: what is paid of a bill stands on it.
#[utoipa::path(get, path = "/v1/bills/{bill}/document", tag = "bills", params(BillNamed, DocumentAs),
    responses((status = OK, content((Vec<u8> = "application/pdf"), (String = "application/xml"))),
        (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn download(
    caller: Reading,
    Path(named): Path<BillNamed>,
    Asked(wanted): Asked<DocumentAs>,
) -> Result<Response, Problem> {
    let id = named.id()?;
    let format = match wanted.format.unwrap_or(DocumentFormat::Pdf) {
        DocumentFormat::Pdf => Format::Pdf,
        DocumentFormat::Ubl => Format::Ubl,
        DocumentFormat::Cii => Format::Cii,
    };
    let made = blocking(move || {
        let paper = caller.engine.paper(&caller.cloud, id)?;
        paper::make(&paper, format).map_err(|error| match error {
            NotMade::NoEInvoice(_) => Problem::new(problem::NO_E_INVOICE, error.to_string()),
            NotMade::NoNumber => Problem::new(problem::UNAVAILABLE, error.to_string()).retry_after(1),
            NotMade::Fault(why) => {
                tracing::error!(bill = %id, why, "a document cannot be made");
                Problem::internal()
            }
        })
    })
    .await?;
    let mut response = made.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(made.media_type));
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", made.file_name)) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// Bills an account for what waits for its next bill, now.
#[utoipa::path(post, path = "/v1/accounts/{account}/bills", tag = "bills", params(Named, IdempotencyKey),
    responses((status = OK, body = Billed), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn issue(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Billed>, Problem> {
    let work = move || Ok(caller.engine_for(Some(once)).bill_now(&caller.cloud, &named.account)?);
    let billed = blocking(work).await?;
    Ok(Json(Billed { bill: billed.bill.map(bill).transpose()?, payment: billed.payment }))
}

/// Pays a bill, off the balance or by what the customer pays with.
#[utoipa::path(post, path = "/v1/bills/{bill}/pay", tag = "bills", params(BillNamed, IdempotencyKey),
    request_body = NewBillPay, responses((status = CREATED, body = BillPaid), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn pay(
    caller: Writing,
    Path(named): Path<BillNamed>,
    Asking { body, once }: Asking<NewBillPay>,
) -> Result<(StatusCode, Json<BillPaid>), Problem> {
    maybe_written(body.reference.as_ref(), 255, "reference")?;
    let by = match body.by {
        None => PayBillBy::Balance,
        Some(by) => PayBillBy::Provider(read_by(by)?),
    };
    let back = return_url(body.return_url, matches!(by, PayBillBy::Provider(EnginePayBy::Page(_))))?;
    let amount = body.amount.map(|amount| amount.money("amount")).transpose()?;
    let wanted = NewBillPayment { bill: named.id()?, by, amount, keep: body.keep, reference: body.reference, back };
    let (paid, currency) = blocking(move || {
        let paid = caller.engine_for(Some(once)).pay_bill(&caller.cloud, &wanted)?;
        Ok((paid, currency_of(&caller)?))
    })
    .await?;
    let answer = BillPaid { bill: bill(paid.bill)?, payment: paid.payment.map(|facts| payment(facts, currency)) };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Lowers a bill by a credit note: what is due first, and what was paid too much goes to the balance.
#[utoipa::path(post, path = "/v1/bills/{bill}/credit", tag = "bills", params(BillNamed, IdempotencyKey),
    request_body = NewCredit, responses((status = OK, body = Bill), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn credit(
    caller: Administering,
    Path(named): Path<BillNamed>,
    Asking { body, once }: Asking<NewCredit>,
) -> Result<Json<Bill>, Problem> {
    written(&body.reason, 1_000, "reason")?;
    let amount = body.amount.map(|amount| amount.money("amount")).transpose()?;
    let id = named.id()?;
    let work = move || Ok(caller.engine_for(Some(once)).credit_bill(&caller.cloud, id, amount, &body.reason)?);
    Ok(Json(bill(blocking(work).await?)?))
}

/// Takes a bill back of which nothing was paid, and issues it anew: the same lines, for the buyer as they are now, with the tax that is right now.
/// Answers the new one.
#[utoipa::path(post, path = "/v1/bills/{bill}/reissue", tag = "bills", params(BillNamed, IdempotencyKey),
    request_body = Because, responses((status = OK, body = Bill), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn reissue(
    caller: Administering,
    Path(named): Path<BillNamed>,
    Asking { body, once }: Asking<Because>,
) -> Result<Json<Bill>, Problem> {
    written(&body.reason, 1_000, "reason")?;
    let id = named.id()?;
    let work = move || Ok(caller.engine_for(Some(once)).reissue_bill(&caller.cloud, id, &body.reason)?);
    Ok(Json(bill(blocking(work).await?)?))
}

/// Gives a bill up: nobody asks for it any more, and what is due of it is a bad debt. It may still be paid.
#[utoipa::path(post, path = "/v1/bills/{bill}/write-off", tag = "bills", params(BillNamed, IdempotencyKey),
    request_body = Because, responses((status = OK, body = Bill), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn write_off(
    caller: Administering,
    Path(named): Path<BillNamed>,
    Asking { body, once }: Asking<Because>,
) -> Result<Json<Bill>, Problem> {
    written(&body.reason, 1_000, "reason")?;
    let id = named.id()?;
    let work = move || Ok(caller.engine_for(Some(once)).write_off_bill(&caller.cloud, id, &body.reason)?);
    Ok(Json(bill(blocking(work).await?)?))
}

fn bill(facts: BillFacts) -> Result<Bill, Problem> {
    let currency = Currency::parse(&facts.currency).map_err(|_| Problem::internal())?;
    let amount = |units| Amount::units(units, currency);
    let lines = facts.lines.into_iter().map(|line| BillLine {
        text: line.text,
        product: line.product,
        from: line.from,
        to: line.to,
        quantity: line.quantity,
        amount: amount(line.amount),
        coupon: amount(line.coupon),
        tax_group: line.tax_group,
        used: line.used.map(|used| BillUse {
            list: amount(used.list),
            net: amount(used.net),
            credit: amount(used.credit),
            balance: amount(used.balance),
            unbilled: amount(used.unbilled),
        }),
    });
    let coupons = facts.coupons.into_iter().map(|(code, off)| BillCoupon { code, amount: amount(off) });
    let taxes = facts.groups.into_iter().map(|group| BillTax {
        group: group.group,
        name: group.name,
        percent: group.percent,
        reason: group.reason,
        note: some_text(group.note),
        net: amount(group.net),
        tax: amount(group.tax),
    });
    Ok(Bill {
        id: facts.id,
        account: facts.account,
        kind: facts.kind,
        number: some_text(facts.number),
        state: facts.state,
        issued_at: time_of_micros(facts.issued),
        due_at: facts.due_at.map(time_of_micros),
        net: amount(facts.net),
        tax: amount(facts.tax),
        total: amount(facts.total),
        paid: amount(facts.paid),
        credited: amount(facts.credited),
        due: amount(facts.due),
        disputed: amount(facts.disputed),
        of: facts.of,
        payment: facts.payment,
        reason: some_text(facts.reason),
        seller: party(facts.seller),
        buyer: party(facts.buyer),
        prices: facts.prices,
        lines: lines.collect(),
        taxes: taxes.collect(),
        coupons: coupons.collect(),
    })
}

fn party(party: BillParty) -> Party {
    Party { name: party.name, address: party.address, country: party.country, tax_number: party.tax_number }
}
