//! What was used, as lines of a bill or a statement: named as the catalogue names it, taxed as its period is.

use super::broken;
use crate::folio::Work;
use crate::{EngineError, Refused};
use farthing_core::bill::{BillLine, BilledUse, ConsumedLine, Origin, ServicePeriod, Used};
use farthing_core::catalog::Catalog;
use farthing_core::config::Name;
use farthing_core::ledger::Chart;
use farthing_core::policy::{Country, TaxPoint};
use farthing_core::settle::SettleError;
use farthing_core::tax::Assessment;
use farthing_core::time::{Duration, Instant};
use farthing_store::{Beside, PayerRow};

/// The lines of what was used, on a document of an instant.
pub(super) fn lines_of(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    uses: Vec<BilledUse>,
    dated: Instant,
) -> Result<Vec<BillLine>, Refused> {
    let zone = work.folio(payer.id).zone.clone();
    let catalog = work.cloud.profile_at(dated)?.catalog.clone();
    let mut lines = Vec::with_capacity(uses.len());
    for BilledUse { line, billed } in uses {
        let service = if line.from < line.to {
            let last = line.to.checked_sub(Duration::from_seconds(1)).map_err(SettleError::from)?;
            let day = |at| zone.civil_date_of(at).map_err(SettleError::from);
            ServicePeriod::try_new(day(line.from)?, day(last)?)
        } else {
            None
        };
        let category = catalog.product_by_id(line.product.as_str()).and_then(|product| product.tax_category.clone());
        // What came late bears the tax of its own period.
        let taxed = if line.late { line.to.min(dated) } else { dated };
        lines.push(BillLine {
            text: text_of(&catalog, &line),
            tax: tax_of_sales(work, payer, category.as_ref(), taxed)?,
            product: line.product,
            service,
            quantity: None,
            category,
            amount: work.money(billed),
            origin: Origin::Accrued,
            used: Some(line.used).filter(|used| *used != Used::NOTHING),
        });
    }
    Ok(lines)
}

/// "GPU pod, a100-2x: disk"
fn text_of(catalog: &Catalog, line: &ConsumedLine) -> String {
    let product = catalog.product_by_id(line.product.as_str());
    let (sku, part) = line.item.split_once('/').map_or((line.item.as_str(), None), |(sku, part)| (sku, Some(part)));
    let mut text = product.map_or_else(|| line.product.to_string(), |product| product.name.0.clone());
    if !sku.is_empty() {
        let named = product.and_then(|product| product.sku_by_id(sku)).and_then(|sku| sku.name.clone());
        text = format!("{text}, {}", named.map_or_else(|| sku.to_owned(), |name| name.0));
    }
    if let Some(part) = part {
        text = format!("{text}: {part}");
    }
    if line.late && line.used != Used::NOTHING {
        text = format!("{text} (told after its bill)");
    }
    text
}

/// How what is sold to an account is taxed at an instant. Where tax falls due with the top-up it was paid by then.
pub(crate) fn tax_of_sales(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    category: Option<&Name>,
    at: Instant,
) -> Result<Assessment, EngineError> {
    let policy = work.policy_at(at)?;
    let (point, seller) = (policy.tax.tax_point, policy.brand.country);
    let found = crate::tax::assessed_of(work, payer, category, at)?;
    let country = found.as_ref().map(Assessment::country).or(seller).unwrap_or(Country(*b"ZZ"));
    Ok(match (point, found) {
        (TaxPoint::Bill | TaxPoint::Charge, Some(found)) => found,
        (TaxPoint::Bill | TaxPoint::Charge, None) => {
            Assessment::none(country, "no country is known, so no tax is charged")
        }
        (TaxPoint::TopUp, _) => Assessment::none(country, "tax fell due when the credit was added"),
    })
}

/// For what bears no tax of its own.
pub(super) fn untaxed(work: &mut Work<'_, '_>, payer: &PayerRow, why: &str) -> Result<Assessment, EngineError> {
    let now = work.now;
    let country = tax_of_sales(work, payer, None, now)?.country();
    Ok(Assessment::none(country, why))
}

/// What the last bill left because it was too small to be collected.
pub(super) fn brought_forward(work: &mut Work<'_, '_>, payer: &PayerRow) -> Result<Option<BillLine>, EngineError> {
    if work.has_none(payer.id, Beside::Rolled) {
        return Ok(None);
    }
    let Some(last) = work.tx.bill_rolled_last(payer.id)? else { return Ok(None) };
    let owed = work.tx.balance_of_code(payer.id, &Chart::ReceivableNext)?.saturating_neg();
    if owed <= 0 {
        return Ok(None);
    }
    Ok(Some(BillLine {
        text: format!("Brought forward from {}", last.number),
        product: Name::parse("brought-forward").ok_or_else(|| broken("brought-forward is no name"))?,
        service: None,
        quantity: None,
        category: None,
        amount: work.money(owed),
        tax: untaxed(work, payer, "taxed on the bill that it comes from")?,
        origin: Origin::BroughtForward(last.number),
        used: None,
    }))
}
