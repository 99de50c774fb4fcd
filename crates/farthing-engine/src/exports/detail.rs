//! Rows of the detailed export: charges, then terms that were paid ahead.

use super::account::{AccountPages, Said, Usage, sku_of};
use super::ask::ExportAsk;
use crate::folio::Work;
use crate::{EngineError, Refused};
use farthing_core::catalog::Kind;
use farthing_core::config::Name;
use farthing_core::export::{DETAIL_LABELS, DetailRow};
use farthing_store::SubscriptionRow;
use std::collections::BTreeMap;

pub(super) fn wants(ask: &ExportAsk, said: &Said) -> bool {
    let label = |(key, value): &(String, String)| {
        said.properties.get(&format!("{DETAIL_LABELS}{key}")).is_some_and(|found| found == value)
    };
    ask.has(said.row.from)
        && ask.product.as_ref().is_none_or(|product| said.row.product.as_str() == product)
        && ask.project.as_ref().is_none_or(|project| said.project == *project)
        && ask.resource.as_ref().is_none_or(|resource| said.resource == *resource)
        && ask.user.as_ref().is_none_or(|user| said.user == *user)
        && ask.label.as_ref().is_none_or(label)
}

pub(super) fn row_of(work: &Work<'_, '_>, account: &AccountPages, said: Said) -> Result<DetailRow, EngineError> {
    let document = said.document.and_then(|place| account.documents.get(place));
    let period = match document {
        Some(document) => document.period,
        None => account.period_of_charge(work, &said.row)?,
    };
    let (usage, unit) = match said.usage {
        None => (None, String::new()),
        Some((quantity, Usage::Seconds)) => (Some(quantity), "second".to_owned()),
        Some((quantity, Usage::SizeSeconds(unit))) => (Some(quantity), format!("{unit}-second")),
        Some((quantity, Usage::Counted(unit))) => (Some(quantity), unit),
    };
    Ok(DetailRow {
        account: account.payer.name.clone(),
        project: said.project,
        user: said.user,
        bill: document.map(|document| document.number.clone()).unwrap_or_default(),
        bill_kind: document.map(|document| document.kind.clone()).unwrap_or_default(),
        bill_id: document.map(|document| document.id.to_string()).unwrap_or_default(),
        line: said.line.and_then(|line| i64::try_from(line.saturating_add(1)).ok()),
        period: Some(period),
        number: Some(said.row.chained),
        product: said.row.product.to_string(),
        product_name: said.product_name,
        resource: said.resource,
        item: sku_of(&said.key),
        part: said.key.part.as_ref().map(Name::to_string).unwrap_or_default(),
        mode: mode_of(said.kind).to_owned(),
        order: String::new(),
        from: said.row.from,
        to: said.row.to,
        ran: said.ran,
        usage,
        unit,
        price: said.price,
        price_version: said.key.version,
        list: said.row.list,
        net: said.row.net,
        credit: said.credit,
        cash: said.cash,
        debt: said.debt,
        billed: said.billed,
        correction: said.row.number > 0 || said.row.line.is_waiver() || said.row.line.is_correction(),
        sealed: said.row.recorded,
        properties: said.properties,
    })
}

const fn mode_of(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Running | Kind::Usage | Kind::Capacity) => "pay_as_you_go",
        Some(Kind::Term) => "subscription",
        Some(Kind::Units) => "units",
        Some(Kind::Once) => "once",
        None => "",
    }
}

/// The terms of an account, each as it was paid; what was given up of one is a row of its own.
pub(super) fn term_rows(
    work: &mut Work<'_, '_>,
    account: &AccountPages,
    ask: &ExportAsk,
) -> Result<Vec<DetailRow>, Refused> {
    let mut rows = Vec::new();
    if ask.user.is_some() || ask.label.is_some() {
        return Ok(rows); // a term has neither
    }
    for subscription in work.tx.subscriptions_of(account.payer.id)? {
        let named = |asked: &Option<String>, own: &str| asked.as_ref().is_none_or(|asked| asked == own);
        let project = match subscription.project {
            0 => String::new(),
            id => work.tx.project_name(id)?.unwrap_or_default(),
        };
        if !named(&ask.product, subscription.product.as_str())
            || !named(&ask.resource, &subscription.name)
            || !named(&ask.project, &project)
        {
            continue;
        }
        for term in work.tx.terms_of_subscription(subscription.id)? {
            if term.account != account.payer.id || !ask.has(term.had.start()) {
                continue;
            }
            let whole = term_row(work, account, &subscription, &project, &term)?;
            if term.money.returned != 0 {
                let back = |units: i64| units.saturating_neg();
                let credit = term.money.returned.saturating_sub(term.money.cash_returned).max(0);
                rows.push(DetailRow {
                    list: back(term.money.returned),
                    net: back(term.money.returned),
                    credit: back(credit),
                    cash: back(term.money.returned.saturating_sub(credit)),
                    billed: 0,
                    correction: true,
                    ..whole.clone()
                });
            }
            rows.push(whole);
        }
    }
    Ok(rows)
}

fn term_row(
    work: &mut Work<'_, '_>,
    account: &AccountPages,
    subscription: &SubscriptionRow,
    project: &str,
    term: &farthing_store::TermRow,
) -> Result<DetailRow, Refused> {
    let profile = work.cloud.profile_at(term.period.start())?.clone();
    let product = profile.catalog.product_by_id(term.product.as_str());
    let purchase = work.tx.purchase(term.purchase)?;
    let bill = match purchase.as_ref().and_then(|purchase| purchase.bill) {
        Some(bill) => work.tx.bill(bill)?,
        None => None,
    };
    let (value, money) = (term.money.value, term.money.cash);
    let period = account.period_of(work, term.period.start())?;
    Ok(DetailRow {
        account: account.payer.name.clone(),
        project: project.to_owned(),
        user: String::new(),
        bill: bill.as_ref().map(|bill| bill.number.clone()).unwrap_or_default(),
        bill_kind: bill.as_ref().map(|bill| bill.kind.word().to_owned()).unwrap_or_default(),
        bill_id: bill.as_ref().map(|bill| bill.id.to_string()).unwrap_or_default(),
        line: None,
        period: Some(period),
        number: None,
        product: term.product.to_string(),
        product_name: product.map(|product| product.name.0.clone()).unwrap_or_default(),
        resource: subscription.name.clone(),
        item: if subscription.sku.is_empty() { subscription.addon.clone() } else { subscription.sku.clone() },
        part: String::new(),
        mode: mode_of(Some(Kind::Term)).to_owned(),
        order: term.purchase.to_string(),
        from: term.had.start(),
        to: term.had.end(),
        ran: None,
        usage: Some(i128::from(subscription.quantity).saturating_mul(1_000_000)),
        unit: "term".to_owned(),
        price: String::new(),
        price_version: work.cloud.version_at(term.period.start()),
        list: value,
        net: value,
        credit: value.saturating_sub(money),
        cash: if bill.is_some() { 0 } else { money },
        debt: 0,
        billed: if bill.is_some() { money } else { 0 },
        correction: false,
        sealed: purchase.map_or(term.had.start(), |purchase| purchase.ordered),
        properties: BTreeMap::new(),
    })
}
