//! `/clouds/{id}/customers/{name}/charges`: what a customer was charged in a month, by day, each charge with the way to its why.
//!
//! The lines are made here for the customer's own page too, which shows the newest of them.

use crate::Cloud;
use crate::Console;
use crate::frame::{self, Frame, PageError};
use crate::words::figure::{Figure, Notation};
use crate::words::ledger as words;
use crate::words::moment::{date_text, month_text};
use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use farthing_core::ledger::AccountId;
use farthing_core::settle::{Paid, Source, TermsKey, ThingId};
use farthing_core::time::{CivilDate, Instant, Zone};
use farthing_engine::ChargeQuestion;
use farthing_store::{ChargeRow, TermsId, ThingKind, ThingRow, Tx};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "charges.html")]
struct ChargesPage {
    frame: Frame,
    sentence: String,
    as_of: String,
    code: &'static str,
    days: Vec<Day>,
    total: Figure,
    earlier: Option<Month>,
    later: Option<Month>,
}

struct Month {
    address: String,
    text: String,
}

/// The charges of one day, or of one rating period.
pub(crate) struct Day {
    pub(crate) when: String,
    pub(crate) total: Figure,
    pub(crate) lines: Vec<Line>,
}

pub(crate) struct Line {
    pub(crate) address: String,
    pub(crate) what: String,
    pub(crate) product: String,
    pub(crate) correction: bool,
    pub(crate) net: Figure,
    pub(crate) paid: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    /// `2026-11`; none: the month it is.
    month: Option<String>,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    path: Result<Path<(String, String)>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let (Ok(Path((id, name))), Ok(Query(asked))) = (path, asked) else { return frame::nowhere().await.into_response() };
    frame::answer(console, move |console| {
        let cloud = console.cloud(&id).ok_or_else(|| not_here("There is no cloud of this name."))?;
        charges_page(console, cloud, &name, asked.month.as_deref())
    })
    .await
}

fn not_here(sentence: &str) -> PageError {
    PageError::NotFound(sentence.to_owned())
}

fn charges_page(console: &Console, cloud: &Cloud, name: &str, month: Option<&str>) -> Result<ChargesPage, PageError> {
    let now = console.engine.now()?;
    let this_month = cloud.time_zone.civil_date_of(now)?.first_of_month();
    let first = match month {
        None => this_month,
        Some(text) => {
            let parsed = CivilDate::parse(&format!("{text}-01"));
            parsed.map_err(|_| not_here("A month is written like 2026-11."))?
        }
    };
    let next = first.add_months(1)?;
    let asked = ChargeQuestion {
        product: None,
        from: Some(cloud.time_zone.start_of_day(first)?),
        to: Some(cloud.time_zone.start_of_day(next)?),
    };
    let rows = console.engine.charges(&cloud.id, name, &asked)?;
    let notation = Notation::Money { currency: cloud.currency, locale: cloud.locale() };
    let known = console.engine.store().read("console_charges", |tx| Known::of(tx, &rows))?;
    let sum: i128 = rows.iter().map(|row| i128::from(row.net)).sum();
    let total = notation.full(sum)?;
    let address = frame::charges_address(&cloud.id, name);
    let to_month = |date: CivilDate| Month {
        address: format!("{address}?month={}-{:02}", date.year(), date.month()),
        text: format!("{} {}", month_text(date), date.year()),
    };
    let at = to_month(first).text;
    let sentence = match rows.len() {
        0 => format!("{name} was charged nothing in {at}."),
        1 => format!("{name} was charged {} in {at}, in one charge.", total.text),
        many => format!("{name} was charged {} in {at}, in {} charges.", total.text, crate::grouped(many as u64)),
    };
    let opened = console.engine.store().read("console_charges", |tx| tx.payer_by_name(&cloud.id, name))?;
    let opened = opened.map(|payer| cloud.time_zone.civil_date_of(payer.opened)).transpose()?;
    let previous = first.add_months(-1)?;
    Ok(ChargesPage {
        frame: Frame::of(format!("Charges, {at}"), cloud)
            .below(frame::cloud_address(&cloud.id), cloud.name.clone())
            .below(frame::customer_address(&cloud.id, name), name),
        sentence,
        as_of: date_text(cloud.time_zone.civil_date_of(now)?),
        code: cloud.currency.code(),
        days: days(&rows, &known, cloud, name, &notation)?,
        total: notation.bare(sum)?,
        earlier: opened.filter(|opened| *opened < first).map(|_| to_month(previous)),
        later: (next <= this_month).then(|| to_month(next)),
    })
}

/// What rows name only by number.
pub(crate) struct Known {
    pub(crate) things: BTreeMap<ThingId, ThingRow>,
    pub(crate) terms: BTreeMap<TermsId, TermsKey>,
    lots: BTreeMap<AccountId, String>,
}

impl Known {
    pub(crate) fn of(tx: &mut Tx<'_>, rows: &[ChargeRow]) -> Result<Known, PageError> {
        let mut ids: Vec<ThingId> = rows.iter().map(|row| row.line.thing).collect();
        ids.sort_unstable();
        ids.dedup();
        let things = tx.things(&ids)?.into_iter().map(|thing| (thing.id, thing)).collect();
        let mut terms = BTreeMap::new();
        for row in rows {
            if let Entry::Vacant(place) = terms.entry(row.terms) {
                let missing = || PageError::Failed(format!("there are no terms {}", row.terms.0));
                place.insert(tx.terms(row.terms)?.ok_or_else(missing)?);
            }
        }
        let sources = rows.iter().flat_map(|row| &row.paid).filter_map(|(source, _)| match source {
            Source::Lot(account) => Some(*account),
            Source::Cash | Source::Debt | Source::Unbilled => None,
        });
        let lots = tx.account_names(&sources.collect::<Vec<_>>())?;
        let lots = lots.into_iter().map(|(id, name)| (id, name.code)).collect();
        Ok(Known { things, terms, lots })
    }

    /// "cash", or "free credit: trial $0.30, cash $0.19" where several paid.
    pub(crate) fn paid(&self, paid: &Paid, notation: &Notation) -> Result<String, PageError> {
        let source = |source: &Source| match source {
            Source::Cash => "cash".to_owned(),
            Source::Debt => "debt".to_owned(),
            Source::Unbilled => "the next bill".to_owned(),
            Source::Lot(account) => {
                let code = self.lots.get(account).map_or("", String::as_str);
                words::account(code).replace("Free credit", "free credit")
            }
        };
        paid_words(paid.iter().map(|(from, amount)| (source(from), *amount)).collect(), notation)
    }
}

/// What paid; how much of it, where several did.
pub(crate) fn paid_words(paid: Vec<(String, i64)>, notation: &Notation) -> Result<String, PageError> {
    if let [(only, _)] = paid.as_slice() {
        return Ok(only.clone());
    }
    let part =
        |(by, amount): (String, i64)| Ok::<_, PageError>(format!("{by} {}", notation.full(i128::from(amount))?.text));
    Ok(paid.into_iter().map(part).collect::<Result<Vec<_>, _>>()?.join(", "))
}

/// What a charge is for, as its owner knows it.
pub(crate) fn thing_words(thing: Option<&ThingRow>, key: &TermsKey) -> String {
    let part = key.part.as_ref().map(|part| part.as_str().replace('_', " "));
    let told: Vec<&str> = key.properties.values().map(String::as_str).collect();
    match thing {
        Some(thing) if thing.kind == ThingKind::Resource => thing.name.clone(),
        Some(thing) if thing.kind == ThingKind::Scope => "all together".to_owned(),
        _ => part
            .into_iter()
            .chain(told.iter().map(|text| (*text).to_owned()))
            .fold(String::new(), |all, word| if all.is_empty() { word } else { format!("{all}, {word}") }),
    }
}

pub(crate) fn product_words(cloud: &Cloud, key: &TermsKey) -> String {
    let product = cloud.profile.catalog.product_by_id(key.product.as_str());
    let name = product.map_or_else(|| key.product.to_string(), |product| product.name.to_string());
    key.sku.as_ref().map_or(name.clone(), |sku| format!("{name}, {sku}"))
}

/// `19 Nov 2026`; `1 to 30 Nov 2026` for what is charged once a rating period.
pub(crate) fn when(from: Instant, to: Instant, zone: &Zone) -> Result<String, PageError> {
    let (first, end) = (zone.civil_date_of(from)?, zone.civil_date_of(to)?);
    let last = end.add_days(-1)?;
    Ok(if last <= first {
        date_text(first)
    } else if last.month() == first.month() {
        format!("{} to {}", first.day(), date_text(last))
    } else {
        format!("{} to {}", date_text(first), date_text(last))
    })
}

/// Charges by the day they are of, the newest first.
pub(crate) fn days(
    rows: &[ChargeRow],
    known: &Known,
    cloud: &Cloud,
    name: &str,
    notation: &Notation,
) -> Result<Vec<Day>, PageError> {
    let mut by_day: BTreeMap<(Instant, Instant), Vec<&ChargeRow>> = BTreeMap::new();
    for row in rows {
        by_day.entry((row.from, row.to)).or_default().push(row);
    }
    let line = |row: &ChargeRow| {
        let key = &known.terms[&row.terms];
        Ok(Line {
            address: format!("{}/{}", frame::charges_address(&cloud.id, name), row.chained),
            what: thing_words(known.things.get(&row.line.thing), key),
            product: product_words(cloud, key),
            correction: row.number > 0,
            net: notation.bare(i128::from(row.net))?,
            paid: known.paid(&row.paid, notation)?,
        })
    };
    let day = |((from, to), rows): ((Instant, Instant), Vec<&ChargeRow>)| {
        Ok(Day {
            when: when(from, to, &cloud.time_zone)?,
            total: notation.bare(rows.iter().map(|row| i128::from(row.net)).sum())?,
            lines: rows.into_iter().map(line).collect::<Result<_, PageError>>()?,
        })
    };
    by_day.into_iter().rev().map(day).collect()
}
