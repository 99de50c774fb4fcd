//! Revenue: what a cloud's months came to, by its ledger.

use super::blocking;
use super::caller::Reading;
use super::page::Asked;
use super::problem::{self, Problem};
use super::wire::Amount;
use axum::Json;
use farthing_core::ledger::Month;
use farthing_core::money::Currency;
use farthing_core::time::CivilDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RevenueWindow {
    /// The first month, such as `2026-01`; the cloud's first when it is not said.
    #[param(example = "2026-01")]
    from: Option<String>,
    /// The last month, included; this one when it is not said.
    #[param(example = "2026-06")]
    to: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Revenue {
    /// In order of time; months are the cloud's, and what was recorded in one is in it.
    months: Vec<RevenueMonth>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevenueMonth {
    #[schema(example = "2026-06")]
    month: String,
    /// With late fees and breakage. What free credit and coupons paid of it is `promotions`.
    revenue: Amount,
    /// By product, without tax; what corrections and credit notes took back is off it.
    products: Vec<ProductRevenue>,
    late_fees: Amount,
    /// Of packs that were paid and lapsed.
    breakage: Amount,
    promotions: Amount,
    /// Given up, less what was paid all the same.
    bad_debt: Amount,
    /// Of providers.
    fees: Amount,
    tax: Amount,
    deferred: Deferred,
    /// Used by the end of the month, and on no bill.
    unbilled: Amount,
    /// On bills by then, or owed for use that the balance did not reach for.
    receivable: Amount,
    /// What customers had by then.
    balances: Amount,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductRevenue {
    product: String,
    amount: Amount,
}

/// Sold ahead: paid, or asked for, and earned later.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deferred {
    /// Sold in the month.
    more: Amount,
    /// Earned, or given back, in it.
    less: Amount,
    /// Not earned by its end.
    end: Amount,
}

/// What each month came to.
#[utoipa::path(get, path = "/v1/revenue", tag = "revenue", params(RevenueWindow),
    responses((status = OK, body = Revenue), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Asked(window): Asked<RevenueWindow>) -> Result<Json<Revenue>, Problem> {
    let (from, to) = (month_of(window.from.as_ref(), "from")?, month_of(window.to.as_ref(), "to")?);
    let found = blocking(move || Ok(caller.engine.revenue(&caller.cloud, from, to)?)).await?;
    let months = found.months.iter().map(|month| of_month(month, found.currency));
    Ok(Json(Revenue { months: months.collect::<Result<_, Problem>>()? }))
}

/// `2026-06`, as its first day.
fn month_of(text: Option<&String>, field: &str) -> Result<Option<CivilDate>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let first = Some(text).filter(|text| text.len() == 7).map(|text| CivilDate::parse(&format!("{text}-01")));
    if let Some(Ok(first)) = first {
        return Ok(Some(first));
    }
    let what = format!("{field} is no month: write one like 2026-06");
    Err(Problem::new(problem::INVALID, what).field(field))
}

fn of_month(month: &Month, currency: Currency) -> Result<RevenueMonth, Problem> {
    let amount = |units: i128| {
        let units = i64::try_from(units).map_err(|_| Problem::internal())?;
        Ok::<_, Problem>(Amount::units(units, currency))
    };
    let product = |(product, units): (&String, &i128)| {
        Ok::<_, Problem>(ProductRevenue { product: product.clone(), amount: amount(*units)? })
    };
    Ok(RevenueMonth {
        month: format!("{}-{:02}", month.first.year(), month.first.month()),
        revenue: amount(month.revenue())?,
        products: month.earned.iter().map(product).collect::<Result<_, Problem>>()?,
        late_fees: amount(month.late_fees)?,
        breakage: amount(month.breakage)?,
        promotions: amount(month.promotions)?,
        bad_debt: amount(month.bad_debt)?,
        fees: amount(month.fees)?,
        tax: amount(month.tax)?,
        deferred: Deferred {
            more: amount(month.deferred_more)?,
            less: amount(month.deferred_less)?,
            end: amount(month.deferred_end)?,
        },
        unbilled: amount(month.unbilled_end)?,
        receivable: amount(month.receivable_end)?,
        balances: amount(month.balances_end)?,
    })
}
