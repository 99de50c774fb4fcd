//! `/clouds/{id}/customers/{name}/charges/{number}`: why one charge is what it is: what ran, at which price, what paid for it.

use super::charges;
use super::outlook::length;
use crate::Cloud;
use crate::Console;
use crate::frame::{self, Frame, PageError};
use crate::words::figure::{Figure, Notation};
use crate::words::moment::Moment;
use crate::words::prices as price_words;
use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use farthing_core::settle::Did;
use farthing_core::time::Zone;
use farthing_engine::{ChargeReasons, PaidBy, RefusalCode, Refused};
use farthing_store::ThingKind;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "charge.html")]
struct ChargePage {
    frame: Frame,
    sentence: String,
    what: String,
    when: String,
    product: String,
    product_address: String,
    prices: Vec<String>,
    version: i64,
    list: Option<Figure>,
    discount: Option<Figure>,
    net: Figure,
    paid: String,
    recorded: Moment,
    number: i64,
    correction: bool,
    usage: bool,
    segments: Vec<Line>,
    steps: Vec<String>,
}

/// One stretch of what the thing did.
struct Line {
    from: Moment,
    to: Moment,
    state: &'static str,
    detail: String,
    lasted: String,
    share: String,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    path: Result<Path<(String, String, i64)>, PathRejection>,
) -> Response {
    let Ok(Path((id, name, number))) = path else { return frame::nowhere().await.into_response() };
    frame::answer(console, move |console| {
        let cloud =
            console.cloud(&id).ok_or_else(|| PageError::NotFound("There is no cloud of this name.".to_owned()))?;
        charge_page(console, cloud, &name, number)
    })
    .await
}

fn charge_page(console: &Console, cloud: &Cloud, name: &str, number: i64) -> Result<ChargePage, PageError> {
    let why = match console.engine.explain_charge(&cloud.id, name, number) {
        Err(Refused::ByRule { code: RefusalCode::NotFound, .. }) => {
            return Err(PageError::NotFound(format!("{name} has no charge of this number.")));
        }
        why => why?,
    };
    let (row, key) = (&why.row, &why.terms);
    let notation = Notation::Money { currency: cloud.currency, locale: cloud.locale() };
    let (list, net) = (i128::from(row.list), i128::from(row.net));
    let what = charges::thing_words(Some(&why.thing), key);
    let product = charges::product_words(cloud, key);
    let when = charges::when(row.from, row.to, &cloud.time_zone)?;
    let subject = if what.is_empty() { product.clone() } else { what.clone() };
    let correction = row.number > 0;
    // Rounded, unless nothing would be left of it; the facts below have every digit.
    let rounded = notation.full(net.abs())?;
    let is_dust = net != 0 && rounded.text == notation.full(0)?.text;
    let amount = if is_dust { notation.exact(net.abs())? } else { rounded.text };
    let sentence = match (correction, net < 0) {
        (false, _) => format!("{subject} cost {amount} on {when}."),
        (true, true) => format!("{amount} of what {subject} cost on {when} was given back."),
        (true, false) => format!("{subject} cost {amount} more on {when} than was known when that day closed."),
    };
    let sentence = if when.contains(" to ") { sentence.replace(" on ", " from ") } else { sentence };
    let prices = why.price.as_ref().map(|(product, pricing)| price_words::prices(pricing, product));
    Ok(ChargePage {
        frame: Frame::of(format!("Charge {number}"), cloud)
            .below(frame::cloud_address(&cloud.id), cloud.name.clone())
            .below(frame::customer_address(&cloud.id, name), name)
            .below(frame::charges_address(&cloud.id, name), "Charges"),
        sentence,
        what: subject,
        when,
        product,
        product_address: format!("{}/prices/{}", frame::cloud_address(&cloud.id), frame::segment(key.product.as_str())),
        prices: prices.unwrap_or_default(),
        version: key.version,
        list: (list != net).then(|| notation.fine(list)).transpose()?,
        discount: (list != net).then(|| notation.fine(net - list)).transpose()?,
        net: notation.fine(net)?,
        paid: paid(&why, &notation)?,
        recorded: Moment::of(row.recorded, &cloud.time_zone)?,
        number,
        correction,
        usage: why.thing.kind == ThingKind::Usage,
        segments: why.did.iter().map(|did| line(did, &cloud.time_zone)).collect::<Result<_, PageError>>()?,
        steps: why.steps,
    })
}

/// "cash", or "free credit: trial $0.30, cash $0.19" where several paid.
fn paid(why: &ChargeReasons, notation: &Notation) -> Result<String, PageError> {
    let by = |payer: &PaidBy| match payer {
        PaidBy::Cash => "cash".to_owned(),
        PaidBy::Debt => "debt".to_owned(),
        PaidBy::NextBill => "the next bill".to_owned(),
        PaidBy::Credit(name) => format!("free credit: {name}"),
    };
    charges::paid_words(why.paid.iter().map(|(payer, amount)| (by(payer), *amount)).collect(), notation)
}

fn line(did: &Did, zone: &Zone) -> Result<Line, PageError> {
    let sku = did.sku.as_ref().map(ToString::to_string);
    let size = did.size.as_ref().map(|(size, unit)| format!("{size} {}", unit.beside(false)));
    Ok(Line {
        from: Moment::of(did.from, zone)?,
        to: Moment::of(did.to, zone)?,
        state: did.state.name(),
        detail: sku.or(size).unwrap_or_default(),
        lasted: exactly(did.seconds),
        share: did.share.map_or_else(|| "not charged".to_owned(), |share| share_words(&share.to_string())),
    })
}

fn share_words(share: &str) -> String {
    match share {
        "1" => "the whole price".to_owned(),
        other => format!("{other} of the price"),
    }
}

/// "8 h 12 min 3 s"
pub(crate) fn exactly(seconds: i64) -> String {
    let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let told: Vec<String> =
        parts.into_iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number} {unit}")).collect();
    if told.is_empty() { length(0) } else { told.join(" ") }
}
