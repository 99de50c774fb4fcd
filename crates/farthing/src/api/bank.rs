//! The cloud's bank: statements and refusals in as files, movements that wait decided, files for the bank out, and what does not agree.

use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::blocking;
use super::caller::{Administering, Reading, Writing};
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::payments::currency_of;
use super::problem::{self, Problem};
use super::wire::{Amount, some_text, time_of_micros, written};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use farthing_core::bank::{BankFileId, BankRowId, RowState};
use farthing_core::money::Currency;
use farthing_core::payment::BillId;
use farthing_engine::{
    BankFileFacts, BankRowFacts, NewStatement, Reconciliation as EngineReconciliation, RowDecision, StatementFormat,
    Unread, read_refusals,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const NAME_MAX: usize = 255;

/// A file as it is, whatever it says it is: banks' portals and their tools agree on no content type.
#[derive(Debug)]
pub(crate) struct File(Bytes);

impl<S: Send + Sync> FromRequest<S> for File {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<File, Problem> {
        super::asking::bytes(request, state).await.map(File)
    }
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    Camt053,
    Camt054,
    Mt940,
    Csv,
}

impl Format {
    const fn engine(self) -> StatementFormat {
        match self {
            Format::Camt053 => StatementFormat::Camt053,
            Format::Camt054 => StatementFormat::Camt054,
            Format::Mt940 => StatementFormat::Mt940,
            Format::Csv => StatementFormat::Csv,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatementAsked {
    /// What the file is called, for whoever looks for it later.
    #[param(example = "2026-11-20.xml", max_length = 255)]
    name: Option<String>,
    /// What it is, where it does not say so itself. CSV is read by the columns that the policy's `[bank.csv]` names.
    format: Option<Format>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RefusalsAsked {
    /// What the file is called, for whoever looks for it later.
    #[param(example = "pain002-2026-11-20.xml", max_length = 255)]
    name: Option<String>,
}

/// A file from the bank or for it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BankFile {
    #[schema(example = "bf_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    /// `statement` and `refusals` came from the bank; `debits` (pain.008) and `transfers` (pain.001) are for it.
    #[schema(example = "statement")]
    kind: String,
    name: String,
    #[schema(format = DateTime)]
    at: String,
    /// Movements, refusals or orders in it.
    entries: i64,
    /// Of them, those that nobody had told before.
    fresh: i64,
    /// What those come to.
    total: Amount,
    /// Which key or person.
    by: Option<String>,
    /// The same file was here before: nothing has changed.
    again: bool,
}

/// Something that moved on the cloud's account at its bank.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Movement {
    #[schema(example = "br_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    /// The bank's day.
    #[schema(example = "2026-11-20")]
    booked_on: String,
    /// Above zero: it came in.
    amount: Amount,
    /// `transfer`, `debits`, `return` or `fee`.
    nature: String,
    /// Of the other side.
    name: Option<String>,
    iban: Option<String>,
    /// What they wrote.
    text: Option<String>,
    reference: Option<String>,
    /// ISO 20022's code of why it came back.
    #[schema(example = "AC04")]
    reason: Option<String>,
    /// `new`: nobody has looked yet; `waiting`: a person decides; `matched`: credited to `account`; `settled`: it answers what the
    /// bank was asked for, or is a payout or a fee; `going_back`, `gone_back`: to who sent it; `set_aside`: not of these books.
    #[schema(example = "matched")]
    state: String,
    /// Whose it is; null: nobody's here, or nobody knows.
    account: Option<String>,
    /// Why it is so, or why it waits.
    why: String,
    /// Who decided; null: it was certain.
    decided_by: Option<String>,
    #[schema(format = DateTime)]
    told_at: String,
    /// Of one that waits: whose it may be, the likeliest first.
    suggestions: Vec<Suggestion>,
}

/// Whose a movement may be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Suggestion {
    account: String,
    /// The numbers of bills that it would pay, in order.
    bills: Vec<String>,
    #[schema(example = "the name is the account's, and so much is open")]
    why: String,
}

/// What becomes of a movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Becomes {
    /// It is the money of `account`: for `bills` in their order, and what is left over for its balance.
    Account,
    /// It goes back to who sent it, with the next file of transfers.
    SendBack,
    /// It is no customer's and leaves these books.
    SetAside,
    /// It is looked at once more, by what is known now.
    LookAgain,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MovementDecision {
    becomes: Becomes,
    /// Whose it is, where it becomes an account's.
    account: Option<String>,
    /// Ids of the account's bills.
    #[serde(default)]
    bills: Vec<String>,
    /// Why; whoever reads the history sees it.
    #[serde(default)]
    #[schema(example = "they wrote us which bill it is for", max_length = 1000)]
    note: String,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MovementState {
    New,
    Waiting,
    Matched,
    Settled,
    GoingBack,
    GoneBack,
    SetAside,
}

impl MovementState {
    const fn core(self) -> RowState {
        match self {
            MovementState::New => RowState::New,
            MovementState::Waiting => RowState::Waiting,
            MovementState::Matched => RowState::Matched,
            MovementState::Settled => RowState::Settled,
            MovementState::GoingBack => RowState::GoingBack,
            MovementState::GoneBack => RowState::GoneBack,
            MovementState::SetAside => RowState::SetAside,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MovementSearch {
    /// Only this account's.
    account: Option<String>,
    /// Only those in this state. `waiting`: what a person has to decide.
    state: Option<MovementState>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct MovementNamed {
    /// The movement's id.
    #[param(example = "br_01m0abw8g0tfjbn245fasf0w43")]
    movement: String,
}

impl MovementNamed {
    fn id(&self) -> Result<BankRowId, Problem> {
        let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no movement {:?}", self.movement));
        BankRowId::parse(&self.movement).map_err(unknown)
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct FileNamed {
    /// The file's id.
    #[param(example = "bf_01m0abw8g0tfjbn245fasf0w43")]
    file: String,
}

impl FileNamed {
    fn id(&self) -> Result<BankFileId, Problem> {
        let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no file {:?}", self.file));
        BankFileId::parse(&self.file).map_err(unknown)
    }
}

/// What the books and the outside world do not agree about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reconciliation {
    /// How many orders wait for the next file to the bank.
    orders_waiting: i64,
    orders_total: Amount,
    /// Each provider, the bank among them, and money of the bank that nobody knows (`suspense`).
    accounts: Vec<Clearing>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Clearing {
    #[schema(example = "provider/stripe")]
    code: String,
    /// Above zero: it is still to come. Below zero: more came than is known of.
    open: Amount,
    /// The newest day first; empty where nothing is open.
    differences: Vec<Difference>,
    /// More days are open than were looked at.
    cut: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Difference {
    /// In the cloud's zone.
    #[schema(example = "2026-11-18")]
    day: String,
    amount: Amount,
    days_old: i64,
}

/// Takes a statement of the bank: the file as it is. Whatever is certain is credited; the rest waits for a person.
///
/// It is taken whole or not at all. It needs no Idempotency-Key: a file is known again by its bytes, and each movement by what the
/// bank calls it, so that overlapping statements and another format of the same day change nothing.
#[utoipa::path(post, path = "/v1/bank/statements", tag = "bank", params(StatementAsked),
    request_body(content = String, content_type = "application/octet-stream", description = "camt.053, camt.054, MT940 or CSV"),
    responses((status = OK, body = BankFile), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn take_statement(
    caller: Writing,
    Asked(asked): Asked<StatementAsked>,
    File(bytes): File,
) -> Result<Json<BankFile>, Problem> {
    let name = named(asked.name, "statement")?;
    let done = blocking(move || {
        let engine = caller.engine_for(None);
        let format = asked.format.map(Format::engine);
        let statements = engine.read_statement(&caller.cloud, &bytes, format).map_err(unread)?;
        let statement = NewStatement { name, digest: digest(&bytes), statements };
        Ok(file(engine.take_statement(&caller.cloud, &statement)?, currency_of(&caller)?))
    });
    Ok(Json(done.await?))
}

/// Takes what the bank refused of a file before doing it (pain.002): those payments and refunds fail, and say why.
///
/// It needs no Idempotency-Key: the same file again changes nothing.
#[utoipa::path(post, path = "/v1/bank/refusals", tag = "bank", params(RefusalsAsked),
    request_body(content = String, content_type = "application/octet-stream", description = "pain.002"),
    responses((status = OK, body = BankFile), (status = "default", body = Problem)), security(("key" = ["write"])))]
pub(crate) async fn take_refusals(
    caller: Writing,
    Asked(asked): Asked<RefusalsAsked>,
    File(bytes): File,
) -> Result<Json<BankFile>, Problem> {
    let name = named(asked.name, "refusals")?;
    let done = blocking(move || {
        let refusals = read_refusals(&bytes).map_err(|bad| unread(Unread::Bad(bad)))?;
        let facts = caller.engine_for(None).take_refusals(&caller.cloud, &name, &digest(&bytes), &refusals)?;
        Ok(file(facts, currency_of(&caller)?))
    });
    Ok(Json(done.await?))
}

/// Lists what moved at the bank, the newest first.
#[utoipa::path(get, path = "/v1/bank/movements", tag = "bank", params(MovementSearch, Paging),
    responses((status = OK, body = Page<Movement>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn movements(
    caller: Reading,
    Asked(search): Asked<MovementSearch>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Movement>>, Problem> {
    let limit = paging.limit()?;
    let before = paging.text().map(|text| BankRowId::parse(text).map_err(|_| wrong_cursor())).transpose()?;
    let (rows, currency) = blocking(move || {
        let state = search.state.map(MovementState::core);
        let rows = caller.engine.bank_rows(&caller.cloud, state, search.account.as_deref(), before, limit + 1)?;
        Ok((rows, currency_of(&caller)?))
    })
    .await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.clone(), |row| movement(row, currency))))
}

/// One movement; of one that waits, whose it may be and why.
#[utoipa::path(get, path = "/v1/bank/movements/{movement}", tag = "bank", params(MovementNamed),
    responses((status = OK, body = Movement), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show_movement(
    caller: Reading,
    Path(named): Path<MovementNamed>,
) -> Result<Json<Movement>, Problem> {
    let id = named.id()?;
    let answer = blocking(move || {
        let facts = caller.engine.bank_row(&caller.cloud, id)?;
        Ok(movement(facts, currency_of(&caller)?))
    });
    Ok(Json(answer.await?))
}

/// Decides about a movement that waits.
#[utoipa::path(post, path = "/v1/bank/movements/{movement}/decide", tag = "bank", params(MovementNamed, IdempotencyKey),
    request_body = MovementDecision, responses((status = OK, body = Movement), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn decide(
    caller: Administering,
    Path(named): Path<MovementNamed>,
    Asking { body, once }: Asking<MovementDecision>,
) -> Result<Json<Movement>, Problem> {
    let id = named.id()?;
    written(&body.note, 1_000, "note")?;
    let decision = decision(body.becomes, body.account, &body.bills)?;
    let note = body.note;
    let done = blocking(move || {
        let facts = caller.engine_for(Some(once)).decide_bank_row(&caller.cloud, id, &decision, &note)?;
        Ok(movement(facts, currency_of(&caller)?))
    });
    Ok(Json(done.await?))
}

/// Puts whatever waits for the bank into files: debits by their day, and transfers. None is made where nothing waits.
#[utoipa::path(post, path = "/v1/bank/files", tag = "bank", params(IdempotencyKey),
    responses((status = OK, body = Page<BankFile>), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn make_files(
    caller: Administering,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<Json<Page<BankFile>>, Problem> {
    let done = blocking(move || {
        let made = caller.engine_for(Some(once)).make_bank_files(&caller.cloud)?;
        let currency = currency_of(&caller)?;
        Ok(Page { data: made.into_iter().map(|facts| file(facts, currency)).collect(), next: None })
    });
    Ok(Json(done.await?))
}

/// Lists files from the bank and for it, the newest first.
#[utoipa::path(get, path = "/v1/bank/files", tag = "bank", params(Paging),
    responses((status = OK, body = Page<BankFile>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn files(caller: Reading, Asked(paging): Asked<Paging>) -> Result<Json<Page<BankFile>>, Problem> {
    let limit = paging.limit()?;
    let before = paging.text().map(|text| BankFileId::parse(text).map_err(|_| wrong_cursor())).transpose()?;
    let (rows, currency) =
        blocking(move || Ok((caller.engine.bank_files(&caller.cloud, before, limit + 1)?, currency_of(&caller)?)))
            .await?;
    Ok(Json(Page::of(rows, limit, |row| row.id.clone(), |row| file(row, currency))))
}

/// A file for the bank, to be given to it as it is: pain.008 or pain.001. It is the same whenever it is asked for.
#[utoipa::path(get, path = "/v1/bank/files/{file}/xml", tag = "bank", params(FileNamed),
    responses((status = OK, body = String, content_type = "application/xml"), (status = "default", body = Problem)),
    security(("key" = ["admin"])))]
pub(crate) async fn download(caller: Administering, Path(named): Path<FileNamed>) -> Result<Response, Problem> {
    let id = named.id()?;
    let (facts, text) = blocking(move || Ok(caller.engine.bank_file(&caller.cloud, id)?)).await?;
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
    // Its name is of an id and a word of ours.
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", facts.name)) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// What each provider and the bank still owe by the books, and since when; and what waits for the next file.
#[utoipa::path(get, path = "/v1/bank/reconciliation", tag = "bank",
    responses((status = OK, body = Reconciliation), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn reconcile(caller: Reading) -> Result<Json<Reconciliation>, Problem> {
    let answer = blocking(move || {
        let currency = currency_of(&caller)?;
        let accounts = caller.engine.reconcile(&caller.cloud)?;
        let (orders_waiting, total) = caller.engine.bank_orders_waiting(&caller.cloud)?;
        let accounts = accounts.into_iter().map(|account| clearing(account, currency)).collect();
        Ok(Reconciliation { orders_waiting, orders_total: Amount::units(total, currency), accounts })
    });
    Ok(Json(answer.await?))
}

fn named(name: Option<String>, otherwise: &str) -> Result<String, Problem> {
    let name = name.unwrap_or_else(|| otherwise.to_owned());
    written(&name, NAME_MAX, "name")?;
    Ok(name)
}

fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Why nothing of a file is taken, with where it is wrong.
fn unread(why: Unread) -> Problem {
    match why {
        Unread::Refused(refused) => refused.into(),
        Unread::Bad(bad) => Problem::new(problem::BAD_FILE, bad.to_string()).at(bad.line, bad.column),
    }
}

fn decision(becomes: Becomes, account: Option<String>, bills: &[String]) -> Result<RowDecision, Problem> {
    if becomes != Becomes::Account && (account.is_some() || !bills.is_empty()) {
        let what = "an account and its bills are said only where it becomes an account's";
        return Err(Problem::new(problem::INVALID, what).field("account"));
    }
    Ok(match (becomes, account) {
        (Becomes::Account, Some(account)) => {
            let bill = |(place, text): (usize, &String)| {
                let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no bill {text:?}"));
                BillId::parse(text).map_err(|error| unknown(error).field(format!("bills[{place}]")))
            };
            RowDecision::Account { account, bills: bills.iter().enumerate().map(bill).collect::<Result<_, _>>()? }
        }
        (Becomes::Account, None) => {
            return Err(Problem::new(problem::INVALID, "say whose it is").field("account"));
        }
        (Becomes::SendBack, _) => RowDecision::SendBack,
        (Becomes::SetAside, _) => RowDecision::SetAside,
        (Becomes::LookAgain, _) => RowDecision::LookAgain,
    })
}

fn file(facts: BankFileFacts, currency: Currency) -> BankFile {
    BankFile {
        id: facts.id,
        kind: facts.kind,
        name: facts.name,
        at: time_of_micros(facts.at),
        entries: facts.rows,
        fresh: facts.fresh,
        total: Amount::units(facts.total, currency),
        by: some_text(facts.who),
        again: facts.again,
    }
}

fn movement(facts: BankRowFacts, currency: Currency) -> Movement {
    let suggestions = facts.suggestions.into_iter();
    Movement {
        id: facts.id,
        booked_on: facts.booked,
        amount: Amount::units(facts.amount, currency),
        nature: facts.nature,
        name: some_text(facts.name),
        iban: some_text(facts.iban),
        text: some_text(facts.text),
        reference: some_text(facts.reference),
        reason: some_text(facts.reason),
        state: facts.state,
        account: some_text(facts.account),
        why: facts.why,
        decided_by: some_text(facts.who),
        told_at: time_of_micros(facts.told),
        suggestions: suggestions
            .map(|one| Suggestion { account: one.account, bills: one.bills, why: one.why })
            .collect(),
    }
}

fn clearing(account: EngineReconciliation, currency: Currency) -> Clearing {
    let differences = account.differences.into_iter();
    Clearing {
        code: account.account,
        open: Amount::units(account.open, currency),
        differences: differences
            .map(|one| Difference { day: one.day, amount: Amount::units(one.amount, currency), days_old: one.days_old })
            .collect(),
        cut: account.cut,
    }
}
