//! Takes in the cloud's reports of its own outages (R83), their withdrawals, and lists them.
//!
//! A report is evidence, known again by its name: told twice it counts once. Whether what it is about is taken back is said by the policy in
//! force when the outage began (`monitor.void_outages`); it is recorded either way. Who is concerned becomes due, and takes it in by
//! itself (`take_outages`): however many they are, no transaction holds them all. A report that was wrong is withdrawn, and the right one
//! told under another name.

use crate::asked::Note;
use crate::folio::Work;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::config::Name;
use farthing_core::time::Instant;
use farthing_core::timeline::{Outage, OutageReport};
use farthing_store::OutageRow;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// As long as a name may be.
const NAME_MAX: usize = 100;

/// As long as one may last: each of its days is worked out again, for everybody concerned.
const SECONDS_MAX: i64 = 31 * 86_400;

/// 1 January 1980: years after the calendar begins, and before any cloud.
const EARLIEST: Instant = Instant::from_micros(3_652 * 86_400 * 1_000_000);

/// As many as one report may name of a kind.
const NAMED_MAX: usize = 1_000;

/// An outage that is over.
#[derive(Clone, Debug)]
pub struct NewOutage {
    pub name: String,
    pub product: String,
    pub from: Instant,
    pub to: Instant,
    /// None: every configuration of it.
    pub skus: Vec<String>,
    /// Only what has all of these.
    pub properties: BTreeMap<String, String>,
    /// None: every resource.
    pub resources: Vec<String>,
}

/// Times in microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutageFacts {
    pub name: String,
    pub product: String,
    pub from: i64,
    pub to: i64,
    pub skus: Vec<String>,
    pub properties: BTreeMap<String, String>,
    pub resources: Vec<String>,
    pub reported: i64,
    pub withdrawn: Option<i64>,
    /// What was used in it is not paid, unless it is withdrawn.
    pub voids: bool,
}

impl Engine {
    /// Records an outage. The answer says whether it was known.
    pub fn report_outage(&self, cloud: &str, outage: &NewOutage) -> Result<(OutageFacts, bool), Refused> {
        let outage = outage.clone();
        self.ask("report_outage", cloud, move |work| report(work, &outage))
    }

    /// It was none: what came back because of it is charged again. Withdrawn twice it is withdrawn once.
    pub fn withdraw_outage(&self, cloud: &str, name: &str) -> Result<OutageFacts, Refused> {
        let name = name.to_owned();
        self.ask("withdraw_outage", cloud, move |work| withdraw(work, &name))
    }

    /// What was reported, the newest first: those before a number, at most so many, each with its number.
    pub fn outages(&self, cloud: &str, before: i64, limit: usize) -> Result<Vec<(i64, OutageFacts)>, Refused> {
        self.look(cloud, |work| {
            let rows = reports(work)?;
            let told = rows.iter().rev().filter(|row| !row.withdrawn && row.number < before).take(limit);
            Ok(told.map(|row| (row.number, facts_of(work, row, &rows))).collect())
        })
    }

    /// One of them.
    pub fn outage(&self, cloud: &str, name: &str) -> Result<OutageFacts, Refused> {
        self.look(cloud, |work| {
            let rows = reports(work)?;
            Ok(facts_of(work, known(&rows, name)?, &rows))
        })
    }
}

fn reports(work: &mut Work<'_, '_>) -> Result<Vec<OutageReport>, Refused> {
    let cloud = work.cloud.id.clone();
    Ok(work.tx.outages_of(&cloud)?.into_iter().map(|row| row.report).collect())
}

fn known<'r>(rows: &'r [OutageReport], name: &str) -> Result<&'r OutageReport, Refused> {
    let found = rows.iter().find(|row| row.name == name && !row.withdrawn);
    found.ok_or_else(|| Refused::new(RefusalCode::NotFound, format!("no outage {name:?} was reported")))
}

fn report(work: &mut Work<'_, '_>, new: &NewOutage) -> Result<(OutageFacts, bool), Refused> {
    let outage = read(work, new)?;
    let mut rows = reports(work)?;
    if let Ok(there) = known(&rows, &new.name) {
        if there.outage == outage {
            return Ok((facts_of(work, there, &rows), true));
        }
        let what = format!(
            "outage {:?} was reported with other facts: withdraw it, and report the right ones under another name",
            new.name
        );
        return Err(Refused::new(RefusalCode::IdReused, what));
    }
    append(work, &mut rows, &new.name, outage, false)?;
    let fact = |row: &OutageReport| {
        json!({ "product": row.outage.product.as_str(), "from": row.outage.from.to_string(), "to": row.outage.to.to_string(),
            "skus": new.skus, "properties": new.properties, "resources": new.resources })
    };
    let row = known(&rows, &new.name)?;
    work.notes.push(Note::new("outage.reported", format!("outage {}", new.name)).became(&fact(row)));
    Ok((facts_of(work, row, &rows), false))
}

fn withdraw(work: &mut Work<'_, '_>, name: &str) -> Result<OutageFacts, Refused> {
    let mut rows = reports(work)?;
    let outage = known(&rows, name)?.outage.clone();
    if !rows.iter().any(|row| row.withdrawn && row.name == name) {
        append(work, &mut rows, name, outage, true)?;
        work.notes.push(Note::new("outage.withdrawn", format!("outage {name}")));
    }
    Ok(facts_of(work, known(&rows, name)?, &rows))
}

fn append(
    work: &mut Work<'_, '_>,
    rows: &mut Vec<OutageReport>,
    name: &str,
    outage: Outage,
    withdrawn: bool,
) -> Result<(), Refused> {
    let (cloud, now) = (work.cloud.id.clone(), work.now);
    let number = rows.last().map_or(0, |row| row.number).saturating_add(1);
    let report = OutageReport { number, name: name.to_owned(), outage, withdrawn, recorded: now };
    work.tx.outage_insert(&OutageRow { cloud: cloud.clone(), report: report.clone() })?;
    work.tx.payers_hurry_of(&cloud, &report.outage.product, now)?;
    rows.push(report);
    Ok(())
}

/// What was told, as it is kept: whole seconds, and each name once.
fn read(work: &Work<'_, '_>, new: &NewOutage) -> Result<Outage, Refused> {
    let invalid = |what: String| Err(Refused::new(RefusalCode::Invalid, what));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    if new.name.is_empty() || new.name.len() > NAME_MAX || !new.name.bytes().all(plain) {
        return invalid(format!(
            "{:?} is no name for an outage: use up to {NAME_MAX} letters, digits, - _ . and :",
            new.name
        ));
    }
    let (from, to) = (new.from.floor_second(), new.to.floor_second());
    if from >= to {
        return invalid("an outage lasts a second or more: its end is after its beginning".to_owned());
    }
    if from < EARLIEST || to.seconds_since(from) > SECONDS_MAX {
        return invalid(
            "an outage lasts 31 days at most, and began in 1980 or later: report a longer one in parts".to_owned(),
        );
    }
    if to > work.now {
        return invalid(format!("an outage is reported when it is over, and {to} is to come: report it then"));
    }
    let product = work.cloud.profile_at(work.now)?.catalog.product_by_id(&new.product);
    let product = product.ok_or_else(|| Refused::not_found("product", &new.product))?;
    if new.skus.len().max(new.resources.len()).max(new.properties.len()) > NAMED_MAX {
        return invalid(format!("an outage names at most {NAMED_MAX} of each: report it in parts, or leave them out"));
    }
    let mut skus = Vec::with_capacity(new.skus.len());
    for sku in &new.skus {
        let found = product.sku_by_id(sku);
        let found = found.ok_or_else(|| Refused::not_found(&format!("SKU of product {}", product.id), sku))?;
        skus.push(found.id.clone());
    }
    // Of resources that were never told of nothing can come back, and they may be told of late: they need not be known.
    let mut resources = new.resources.clone();
    if let Some(wrong) = resources.iter().find(|name| Name::parse(name).is_none()) {
        return invalid(format!("{wrong:?} is no name of a resource"));
    }
    let line = |text: &String| !text.is_empty() && !text.contains(['\n', '\r', '=']) && text.len() <= 200;
    let odd = new.properties.iter().find(|(key, value)| !line(key) || !line(value));
    if let Some((key, _)) = odd {
        return invalid(format!("the property {key:?} is not one of a resource: give one line of text, without ="));
    }
    skus.sort_unstable();
    skus.dedup();
    resources.sort_unstable();
    resources.dedup();
    Ok(Outage { product: product.id.clone(), from, to, skus, properties: new.properties.clone(), resources })
}

fn facts_of(work: &Work<'_, '_>, row: &OutageReport, rows: &[OutageReport]) -> OutageFacts {
    let withdrawn = rows.iter().find(|other| other.withdrawn && other.name == row.name);
    let outage = &row.outage;
    OutageFacts {
        name: row.name.clone(),
        product: outage.product.to_string(),
        from: outage.from.micros(),
        to: outage.to.micros(),
        skus: outage.skus.iter().map(ToString::to_string).collect(),
        properties: outage.properties.clone(),
        resources: outage.resources.clone(),
        reported: row.recorded.micros(),
        withdrawn: withdrawn.map(|row| row.recorded.micros()),
        voids: withdrawn.is_none() && work.cloud.voids(outage),
    }
}
