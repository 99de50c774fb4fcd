//! The OpenAPI document, made of the handlers themselves, and where it is served. Without a key: it holds nothing of anybody.

use super::{Shared, pages};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr, Responses,
};

const ABOUT: &str = "The billing engine a cloud runs. Every request carries a key of one cloud and one of two modes, \
    `Authorization: Bearer fk_live_…` or `fk_test_…`, and sees that cloud alone. Whatever creates or moves something takes an \
    Idempotency-Key: sent again it happens once, and is answered the same. Lists come in pages: `next` is the cursor of the \
    following one. Amounts are decimals as text, times RFC 3339. What cannot be done is answered as RFC 9457 problems.";

const TAGS: [(&str, &str); 20] = [
    ("accounts", "Who pays, and what they have."),
    ("projects", "What holds resources, and who uses it."),
    ("resources", "What runs: reported as it happens, late or twice."),
    ("usage", "What is counted: events with an id, each once."),
    ("charges", "What it cost."),
    ("money", "Money in, credit, authorisations."),
    ("coupons", "Coupons: made, given out as codes, redeemed."),
    ("payments", "Money through a payment provider: payments, what pays, filling up by itself, money back."),
    ("bank", "The cloud's own account at its bank: statements, movements, files for it, what does not agree."),
    ("orders", "What is bought ahead: orders, and what runs for a time because of them."),
    ("bills", "Bills, receipts, credit notes."),
    ("revenue", "What months came to, by the ledger."),
    ("exports", "What was charged and billed, as files for other programs."),
    ("prices", "What it would cost."),
    ("policies", "The cloud's configuration, in dated versions."),
    ("people", "Who uses the console, and links that open it."),
    ("keys", "Who may ask."),
    ("webhooks", "What is told: endpoints, events, deliveries."),
    ("steps", "Accounts in arrears: how they stand, what comes, and what the cloud is asked to do."),
    ("operations", "What whoever runs the cloud looks after."),
];

/// What no handler says.
pub(super) fn frame() -> OpenApi {
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let contact = ContactBuilder::new().name(Some("Farthing")).build();
    let info = InfoBuilder::new()
        .title("Farthing")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(license))
        .contact(Some(contact));
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A key, such as fk_live_…; the scope that an operation needs stands beside it."))
        .build();
    let components = ComponentsBuilder::new().security_scheme("key", SecurityScheme::Http(key)).build();
    let tags = TAGS.map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build());
    OpenApiBuilder::new().info(info.build()).components(Some(components)).tags(Some(tags)).build()
}

/// The whole document.
pub fn openapi() -> OpenApi {
    let mut document = super::operations().into_openapi();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        operations.into_iter().flatten().for_each(|operation| problems_as_such(&mut operation.responses));
    }
    document
}

/// What a handler answers otherwise is a problem, and of its own content type: said here once.
fn problems_as_such(responses: &mut Responses) {
    if let Some(RefOr::T(otherwise)) = responses.responses.get_mut("default")
        && let Some(content) = otherwise.content.shift_remove("application/json")
    {
        otherwise.content.insert("application/problem+json".to_owned(), content);
    }
}

pub(super) fn router() -> Router<Shared> {
    let document = openapi();
    let text = document.to_pretty_json().unwrap_or_default();
    let openapi = get(move || {
        let text = text.clone();
        async move { ([(CONTENT_TYPE, "application/json")], text) }
    });
    let read = serde_json::to_value(&document).unwrap_or_default();
    Router::new().route("/openapi.json", openapi).merge(pages::router(&read))
}
