//! Exports: asked for, looked at while they are written, and fetched by a link that opens them for some days.

use super::asking::{Asking, IdempotencyKey, Nothing, Path};
use super::blocking;
use super::caller::Reading;
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::problem::{self, Problem};
use super::wire::{read_times, some_text, time, time_of_micros};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::access::Mode;
use farthing_core::export::{ExportId, ExportWhat, FileFormat};
use farthing_engine::{ExportAsk, ExportFacts, NewExport as EngineNewExport, Origin};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportRows {
    /// What each thing cost, charge by charge.
    Charges,
    /// Bills, statements, receipts and credit notes.
    Bills,
    /// Their lines.
    Lines,
    /// FOCUS 1.0.
    Focus,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportFormat {
    /// UTF-8; with a byte order mark unless the rows are FOCUS.
    Csv,
    /// JSON lines: an object a row.
    Json,
    Parquet,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewExport {
    what: ExportRows,
    format: ExportFormat,
    /// Only this account's; the whole cloud when it is not said.
    account: Option<String>,
    /// Of service, or issued, from here on.
    #[schema(format = DateTime)]
    from: Option<String>,
    /// Before this.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Only of this product: of charges and lines.
    #[schema(example = "service")]
    product: Option<String>,
    /// Only of this project: of charges, like those that follow.
    project: Option<String>,
    resource: Option<String>,
    #[schema(example = "li")]
    user: Option<String>,
    /// Only what has this label.
    label: Option<ExportLabel>,
    /// The account's contact is written to when it is ready, with a link.
    #[serde(default)]
    mail: bool,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportLabel {
    #[schema(example = "team")]
    name: String,
    #[schema(example = "blue")]
    value: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Export {
    #[schema(example = "exp_01m0abw8g0tfjbn245fasf0w43")]
    id: String,
    /// Null: of the whole cloud.
    account: Option<String>,
    #[schema(example = "charges")]
    what: String,
    #[schema(example = "csv")]
    format: String,
    #[schema(format = DateTime)]
    from: Option<String>,
    #[schema(format = DateTime)]
    until: Option<String>,
    product: Option<String>,
    project: Option<String>,
    resource: Option<String>,
    user: Option<String>,
    label: Option<ExportLabel>,
    mail: bool,
    /// `waiting`, `working`, `ready`, `failed`, or `expired`: its file was deleted.
    #[schema(example = "working")]
    state: String,
    progress: ExportProgress,
    #[schema(format = DateTime)]
    asked_at: String,
    file: Option<ExportFile>,
    /// Why it failed, or is tried again.
    why: Option<String>,
}

/// How much of what there is has been read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportProgress {
    /// Charges or documents.
    done: i64,
    of: i64,
    /// Rows written.
    rows: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportFile {
    bytes: i64,
    /// Its BLAKE3 hash.
    digest: String,
    /// When it is deleted.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// A link, told once: whoever has it, has the file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportLink {
    /// Of this server.
    #[schema(example = "/exports/fx_live_mycloud_01m0abw8g0tfjbn245fasf0w43_…")]
    link: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ExportNamed {
    /// The export's id.
    #[param(example = "exp_01m0abw8g0tfjbn245fasf0w43")]
    export: String,
}

impl ExportNamed {
    fn id(&self) -> Result<ExportId, Problem> {
        let unknown = |_| Problem::new(problem::NOT_FOUND, format!("there is no export {:?}", self.export));
        ExportId::parse(&self.export).map_err(unknown)
    }
}

/// Lists exports, the newest first.
#[utoipa::path(get, path = "/v1/exports", tag = "exports", params(Paging),
    responses((status = OK, body = Page<Export>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(caller: Reading, Asked(paging): Asked<Paging>) -> Result<Json<Page<Export>>, Problem> {
    let limit = paging.limit()?;
    let before = paging.text().map(|text| ExportId::parse(text).map_err(|_| wrong_cursor())).transpose()?;
    let rows = blocking(move || Ok(caller.engine.exports(&caller.cloud, before, limit + 1)?)).await?;
    let exports: Vec<Export> = rows.into_iter().map(export).collect::<Result<_, Problem>>()?;
    Ok(Json(Page::of(exports, limit, |export| export.id.clone(), |export| export)))
}

/// Asks for an export. It is written beside the requests; where it stands is told at its address, and as `export.ready`.
#[utoipa::path(post, path = "/v1/exports", tag = "exports", params(IdempotencyKey), request_body = NewExport,
    responses((status = CREATED, body = Export), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn ask(
    caller: Reading,
    Asking { body, once }: Asking<NewExport>,
) -> Result<(StatusCode, Json<Export>), Problem> {
    let new = EngineNewExport {
        what: match body.what {
            ExportRows::Charges => ExportWhat::Charges,
            ExportRows::Bills => ExportWhat::Bills,
            ExportRows::Lines => ExportWhat::Lines,
            ExportRows::Focus => ExportWhat::Focus,
        },
        format: match body.format {
            ExportFormat::Csv => FileFormat::Csv,
            ExportFormat::Json => FileFormat::Json,
            ExportFormat::Parquet => FileFormat::Parquet,
        },
        ask: ExportAsk {
            account: body.account,
            from: read_times(body.from.as_ref(), "from")?,
            to: read_times(body.until.as_ref(), "until")?,
            product: body.product,
            project: body.project,
            resource: body.resource,
            user: body.user,
            label: body.label.map(|label| (label.name, label.value)),
        },
        mail: body.mail,
    };
    let facts = blocking(move || Ok(caller.engine_for(Some(once)).export_ask(&caller.cloud, &new)?)).await?;
    Ok((StatusCode::CREATED, Json(export(facts)?)))
}

/// One export: how far it is.
#[utoipa::path(get, path = "/v1/exports/{export}", tag = "exports", params(ExportNamed),
    responses((status = OK, body = Export), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(named): Path<ExportNamed>) -> Result<Json<Export>, Problem> {
    let id = named.id()?;
    Ok(Json(export(blocking(move || Ok(caller.engine.export(&caller.cloud, id)?)).await?)?))
}

/// Makes a link to the file of an export that is ready. It opens the file without a key, until its time is over.
#[utoipa::path(post, path = "/v1/exports/{export}/links", tag = "exports", params(ExportNamed, IdempotencyKey),
    responses((status = CREATED, body = ExportLink), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn link(
    caller: Reading,
    Path(named): Path<ExportNamed>,
    Asking { once, .. }: Asking<Nothing>,
) -> Result<(StatusCode, Json<ExportLink>), Problem> {
    let id = named.id()?;
    let (text, expires) = blocking(move || {
        // Files are kept by the real time, those of a test cloud too.
        let now = caller.home().now()?;
        let (origin, test) = (Origin::Key(caller.text().clone()), caller.mode == Mode::Test);
        Ok(caller.engine_for(Some(once)).export_link(&caller.cloud, (id, test), &origin, now)?)
    })
    .await?;
    let link = format!("/exports/{}", text.reveal());
    Ok((StatusCode::CREATED, Json(ExportLink { link, expires_at: time(expires) })))
}

fn export(facts: ExportFacts) -> Result<Export, Problem> {
    let ask = facts.ask().map_err(Problem::from)?;
    let file = facts.expires.map(|expires| ExportFile {
        bytes: facts.bytes,
        digest: facts.digest,
        expires_at: time_of_micros(expires),
    });
    Ok(Export {
        id: facts.id,
        account: facts.account,
        what: facts.what,
        format: facts.format,
        from: ask.from.map(time),
        until: ask.to.map(time),
        product: ask.product,
        project: ask.project,
        resource: ask.resource,
        user: ask.user,
        label: ask.label.map(|(name, value)| ExportLabel { name, value }),
        mail: facts.mail,
        state: facts.state,
        progress: ExportProgress { done: facts.done, of: facts.most, rows: facts.rows },
        asked_at: time_of_micros(facts.made),
        file,
        why: some_text(facts.why),
    })
}
