//! FOCUS rows of an account: a row for each charge, and for each document what of it no charge is.
//!
//! So the rows of a bill come to its total less what it brings forward, those of a credit note to its total below zero, and those of a
//! statement to nothing: it asks for nothing.

use super::account::{AccountPages, Said, Usage, sku_of};
use crate::bills::BillFacts;
use crate::folio::Work;
use crate::{BillLineFacts, EngineError};
use farthing_core::export::{DETAIL_LABELS, FocusCategory, FocusRow};
use farthing_core::payment::BillId;
use farthing_core::settle::SettleError;
use farthing_core::time::{CivilDate, Instant};
use std::collections::BTreeMap;

pub(super) fn usage_row(work: &Work<'_, '_>, account: &AccountPages, said: Said) -> Result<FocusRow, EngineError> {
    let document = said.document.and_then(|place| account.documents.get(place));
    let billing_period = match document {
        Some(document) => document.period,
        None => account.period_of_charge(work, &said.row)?,
    };
    let labels = said
        .properties
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix(DETAIL_LABELS)?.to_owned(), value.clone())));
    let quantity = said.usage.as_ref().map(|(quantity, usage)| {
        let unit = match usage {
            Usage::Seconds => "Seconds".to_owned(),
            Usage::SizeSeconds(unit) => format!("{unit}-Seconds"),
            Usage::Counted(unit) => unit.clone(),
        };
        (*quantity, unit)
    });
    let name = if said.product_name.is_empty() { said.row.product.to_string() } else { said.product_name.clone() };
    let sku = sku_of(&said.key);
    let of = [sku.as_str(), said.resource.as_str()];
    let description =
        of.into_iter().filter(|part| !part.is_empty()).fold(name.clone(), |text, part| format!("{text}, {part}"));
    Ok(FocusRow {
        description,
        billed: said.billed,
        effective: said.row.net.saturating_sub(said.credit),
        list: said.row.list,
        contracted: said.row.net,
        charge_period: (said.row.from, said.row.to),
        billing_period,
        project: said.project,
        quantity,
        region: said.properties.get("region").cloned().unwrap_or_default(),
        labels: labels.collect(),
        resource: said.resource,
        service_category: said.category,
        service: name,
        product: said.row.product.to_string(),
        sku,
        price_version: Some(said.key.version),
        correction: said.late || said.row.number > 0 || said.row.line.is_waiver(),
        line: said.line.and_then(|line| i64::try_from(line.saturating_add(1)).ok()),
        charge: Some(said.row.chained),
        credit: said.credit,
        user: said.user,
        document: document.map(|document| document.number.clone()).unwrap_or_default(),
        document_id: document.map(|document| document.id.to_string()).unwrap_or_default(),
        document_kind: document.map(|document| document.kind.clone()).unwrap_or_default(),
        ..bare(work, account, FocusCategory::Usage, said.row.from)?
    })
}

/// What of a document no charge is.
pub(super) fn document_rows(
    work: &Work<'_, '_>,
    account: &AccountPages,
    id: BillId,
    facts: &BillFacts,
) -> Result<Vec<FocusRow>, EngineError> {
    let kind = facts.kind.as_str();
    if !matches!(kind, "bill" | "credit_note") {
        return Ok(Vec::new()); // a receipt asks for nothing, and a statement's charges have been paid
    }
    let issued = Instant::from_micros(facts.issued);
    let found = account.documents.iter().find(|document| document.id == id);
    let billing_period = match found {
        Some(document) => document.period,
        None => account.period_of(work, issued)?,
    };
    let base = FocusRow {
        billing_period,
        charge_period: billing_period,
        document: facts.number.clone(),
        document_id: facts.id.clone(),
        document_kind: facts.kind.clone(),
        correction: kind == "credit_note",
        ..bare(work, account, FocusCategory::Adjustment, issued)?
    };
    let mut rows = Vec::new();
    let mut left =
        if kind == "bill" { facts.total.saturating_sub(facts.brought_forward) } else { facts.total.saturating_neg() };
    if kind == "bill" {
        let places = found.map(|document| document.places.as_slice()).unwrap_or_default();
        for (place, line) in facts.lines.iter().enumerate() {
            // The charges' own rows have what they are billed.
            let charged = line.used.filter(|_| places.contains(&place)).map(|used| used.unbilled);
            left = left.saturating_sub(charged.unwrap_or_default());
            rows.extend(line_rows(account, &base, place, line, charged)?);
        }
    }
    for group in &facts.groups {
        let sign = |units: i64| if kind == "bill" { units } else { units.saturating_neg() };
        if kind == "credit_note" && group.net != 0 {
            let description = format!("Credited: {}", facts.reason);
            rows.push(FocusRow { description, ..costing(&base, sign(group.net)) });
        }
        if group.tax != 0 {
            let description = format!("{} {}", group.name, group.percent);
            rows.push(FocusRow { category: FocusCategory::Tax, description, ..costing(&base, sign(group.tax)) });
        }
    }
    left = rows.iter().fold(left, |left, row| left.saturating_sub(row.billed));
    if left != 0 {
        rows.push(FocusRow { description: "Rounding".to_owned(), ..costing(&base, left) });
    }
    Ok(rows)
}

fn line_rows(
    account: &AccountPages,
    base: &FocusRow,
    place: usize,
    line: &BillLineFacts,
    charged: Option<i64>,
) -> Result<Vec<FocusRow>, EngineError> {
    let (word, _) = line.origin.split_once(':').unwrap_or((line.origin.as_str(), ""));
    if word == "brought_forward" {
        return Ok(Vec::new()); // its own bill has it
    }
    let whole = line.net.saturating_add(line.coupon);
    let base = FocusRow {
        line: i64::try_from(place.saturating_add(1)).ok(),
        charge_period: days_of(account, line)?.unwrap_or(base.charge_period),
        product: line.product.clone(),
        service: line.text.clone(),
        ..base.clone()
    };
    let mut rows = Vec::new();
    match (word, charged) {
        ("accrued", Some(charged)) if whole != charged => {
            let description = format!("{}: rounded, or billed before", line.text);
            let billed = whole.saturating_sub(charged);
            rows.push(FocusRow { description, billed, ..base.clone() });
        }
        ("accrued", Some(_)) => {}
        // Billed before its charges were sealed: they say what it costs.
        ("accrued", None) if whole != 0 => {
            rows.push(FocusRow { description: line.text.clone(), billed: whole, ..base.clone() });
        }
        ("advance", _) => rows.push(FocusRow {
            category: FocusCategory::Purchase,
            recurring: true,
            description: line.text.clone(),
            ..costing(&base, whole)
        }),
        // What it pays for costs what it costs.
        ("top_up", _) => rows.push(FocusRow {
            category: FocusCategory::Purchase,
            description: line.text.clone(),
            effective: 0,
            ..costing(&base, whole)
        }),
        _ if whole != 0 => rows.push(FocusRow { description: line.text.clone(), ..costing(&base, whole) }),
        _ => {}
    }
    if line.coupon != 0 {
        let description = format!("Coupon on {}", line.text);
        let off = line.coupon.saturating_neg();
        rows.push(FocusRow { category: FocusCategory::Credit, description, ..costing(&base, off) });
    }
    Ok(rows)
}

fn costing(base: &FocusRow, units: i64) -> FocusRow {
    FocusRow { billed: units, effective: units, list: units, contracted: units, ..base.clone() }
}

/// The days that a line says, in the account's zone.
fn days_of(account: &AccountPages, line: &BillLineFacts) -> Result<Option<(Instant, Instant)>, EngineError> {
    let day = |text: &Option<String>| text.as_deref().and_then(|text| CivilDate::parse(text).ok());
    let (Some(first), Some(last)) = (day(&line.from), day(&line.to)) else { return Ok(None) };
    let at = |date| account.zone.day(date).map_err(SettleError::from);
    Ok(Some((at(first)?.start(), at(last)?.end())))
}

fn bare(
    work: &Work<'_, '_>,
    account: &AccountPages,
    category: FocusCategory,
    at: Instant,
) -> Result<FocusRow, EngineError> {
    let policy = work.policy_at(at)?;
    Ok(FocusRow {
        category,
        correction: false,
        recurring: false,
        description: String::new(),
        account: account.payer.name.clone(),
        project: String::new(),
        billing_period: (at, at),
        charge_period: (at, at),
        billed: 0,
        effective: 0,
        list: 0,
        contracted: 0,
        quantity: None,
        provider: policy.cloud.name.0.clone(),
        issuer: policy.brand.legal_name.0.clone(),
        region: String::new(),
        resource: String::new(),
        service_category: String::new(),
        service: String::new(),
        product: String::new(),
        sku: String::new(),
        price_version: None,
        labels: BTreeMap::new(),
        document: String::new(),
        document_id: String::new(),
        document_kind: String::new(),
        line: None,
        charge: None,
        credit: 0,
        user: String::new(),
    })
}
