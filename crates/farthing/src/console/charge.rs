//! `/clouds/{id}/customers/{name}/charges/{number}`: why one charge is what it is: what ran, at which price, what paid for it.

use super::Console;
use super::charges::{self, Known};
use super::figure::{Figure, Notation};
use super::moment::Moment;
use super::outlook::length;
use super::page::{self, Frame, PageError};
use super::price_words;
use crate::clouds::Cloud;
use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use farthing_core::catalog::{Kind, Wanted};
use farthing_core::config::Size;
use farthing_core::estimate::Ask;
use farthing_core::measure::Quantity;
use farthing_core::settle::TermsKey;
use farthing_core::time::{Instant, Span};
use farthing_core::timeline::{Segment, Timeline};
use farthing_engine::ChargeQuestion;
use farthing_store::{ChargeRow, ThingKind};
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

pub(super) async fn page(
    State(console): State<Arc<Console>>,
    path: Result<Path<(String, String, i64)>, PathRejection>,
) -> Response {
    let Ok(Path((id, name, number))) = path else { return page::nowhere().await.into_response() };
    page::answer(console, move |console| {
        let cloud =
            console.cloud(&id).ok_or_else(|| PageError::NotFound("There is no cloud of this name.".to_owned()))?;
        charge_page(console, cloud, &name, number)
    })
    .await
}

fn charge_page(console: &Console, cloud: &Cloud, name: &str, number: i64) -> Result<ChargePage, PageError> {
    let rows = console.engine.charges(&cloud.id, name, &ChargeQuestion::default())?;
    let row = rows.into_iter().find(|row| row.chained == number);
    let row = row.ok_or_else(|| PageError::NotFound(format!("{name} has no charge of this number.")))?;
    let known = console.engine.store().read("console_charge", |tx| Known::of(tx, std::slice::from_ref(&row)))?;
    let key = &known.terms[&row.terms];
    let thing = known.things.get(&row.line.thing);
    let resource = thing.filter(|thing| thing.kind == ThingKind::Resource);
    let timeline = match resource {
        Some(thing) => Some(console.engine.resource_view(&cloud.id, &thing.name)?.timeline),
        None => None,
    };
    let notation = Notation::Money { currency: cloud.currency, locale: cloud.locale() };
    let (list, net) = (i128::from(row.list), i128::from(row.net));
    let what = charges::thing_words(thing, key);
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
    Ok(ChargePage {
        frame: Frame::of(format!("Charge {number}"), cloud)
            .below(page::cloud_address(&cloud.id), cloud.name.clone())
            .below(page::customer_address(&cloud.id, name), name)
            .below(page::charges_address(&cloud.id, name), "Charges"),
        sentence,
        what: subject,
        when,
        product,
        product_address: format!("{}/prices/{}", page::cloud_address(&cloud.id), page::segment(key.product.as_str())),
        prices: prices(cloud, key),
        version: key.version,
        list: (list != net).then(|| notation.fine(list)).transpose()?,
        discount: (list != net).then(|| notation.fine(net - list)).transpose()?,
        net: notation.fine(net)?,
        paid: known.paid(&row.paid, &notation)?,
        recorded: Moment::of(row.recorded, &cloud.time_zone)?,
        number,
        correction,
        usage: thing.is_some_and(|thing| thing.kind == ThingKind::Usage),
        steps: timeline.as_ref().and_then(|timeline| steps(cloud, &row, key, timeline)).unwrap_or_default(),
        segments: match &timeline {
            Some(timeline) => segments(cloud, &row, key, timeline)?,
            None => Vec::new(),
        },
    })
}

/// The price in the catalogue's own words.
fn prices(cloud: &Cloud, key: &TermsKey) -> Vec<String> {
    let wanted = Wanted {
        product: key.product.as_str(),
        sku: key.sku.as_ref().map(farthing_core::config::Name::as_str),
        component: key.part.as_ref(),
        account: key.account.as_ref(),
        on: Some(key.on),
    };
    let offer = cloud.profile.catalog.offer(wanted).ok();
    offer.map(|offer| price_words::prices(&offer.pricing, offer.product)).unwrap_or_default()
}

/// A segment as far as it lies within the charge's time: from, to, and its whole seconds.
fn clipped<'t>(row: &ChargeRow, timeline: &'t Timeline) -> impl Iterator<Item = (Instant, Instant, i64, &'t Segment)> {
    let (from, to) = (row.from, row.to);
    timeline.segments.iter().filter_map(move |segment| {
        let begin = segment.from.max(from);
        let end = segment.to.map_or(to, |end| end.min(to));
        let seconds = end.floor_second().seconds_since(begin.floor_second());
        (begin < end).then_some((begin, end, seconds, segment))
    })
}

fn segments(cloud: &Cloud, row: &ChargeRow, key: &TermsKey, timeline: &Timeline) -> Result<Vec<Line>, PageError> {
    let product = cloud.profile.catalog.product_by_id(key.product.as_str());
    let unit = product.and_then(|product| product.meter.as_ref());
    let unit = unit.and_then(|meter| cloud.profile.catalog.meter_by_id(meter)).map(|meter| meter.unit.beside(false));
    let line = |(from, to, seconds, segment): (Instant, Instant, i64, &Segment)| {
        let share = product.and_then(|product| product.states.get(segment.state.name()));
        let sku = segment.sku.as_ref().map(ToString::to_string);
        let size = unit.as_ref().map(|unit| format!("{} {unit}", segment.size));
        Ok(Line {
            from: Moment::of(from, &cloud.time_zone)?,
            to: Moment::of(to, &cloud.time_zone)?,
            state: segment.state.name(),
            detail: sku.or(size).unwrap_or_default(),
            lasted: exactly(seconds),
            share: share.map_or_else(|| "not charged".to_owned(), |share| share_words(&share.to_string())),
        })
    };
    clipped(row, timeline).map(line).collect()
}

fn share_words(share: &str) -> String {
    match share {
        "1" => "the whole price".to_owned(),
        "0" => "not charged".to_owned(),
        other => format!("{other} of the price"),
    }
}

/// "8 h 12 min 3 s"
fn exactly(seconds: i64) -> String {
    let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let told: Vec<String> =
        parts.into_iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number} {unit}")).collect();
    if told.is_empty() { length(0) } else { told.join(" ") }
}

/// The arithmetic, where one price held all the time and comes to this charge: worked out by the rating itself, so it is never
/// shown where it would say something else.
fn steps(cloud: &Cloud, row: &ChargeRow, key: &TermsKey, timeline: &Timeline) -> Option<Vec<String>> {
    let product = cloud.profile.catalog.product_by_id(key.product.as_str())?;
    let mut seconds = 0_i64;
    let mut sizes: Vec<Quantity> = Vec::new();
    for (_, _, lasted, segment) in clipped(row, timeline) {
        let share = product.states.get(segment.state.name()).map(ToString::to_string);
        match share.as_deref() {
            Some("1") if segment.sku == key.sku => {
                seconds += lasted;
                sizes.push(segment.size);
            }
            None | Some("0") => {}
            Some(_) => return None,
        }
    }
    sizes.dedup();
    let mut ask = Ask {
        sku: key.sku.as_ref().map(ToString::to_string),
        lasting: Some(Span::parse(&format!("{seconds}s")).ok()?),
        ..Ask::of(key.product.as_str(), row.from)
    };
    if product.kind == Kind::Capacity {
        let [size] = sizes.as_slice() else { return None };
        ask.size = Some(Size { quantity: *size, unit: None });
    }
    let estimate = cloud.profile.estimate(&ask).ok()?;
    // What rounding leaves over is carried from day to day: one unit more or less is the same arithmetic.
    let near = estimate.total.net.units().abs_diff(row.net) <= 1;
    (near && row.number == 0).then(|| estimate.lines.into_iter().flat_map(|line| line.steps).collect())
}
