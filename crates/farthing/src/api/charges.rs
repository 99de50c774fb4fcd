//! Charges: what each thing cost in a day or a rating period, sealed, with where its price comes from and what paid it.

use super::accounts::Named;
use super::asking::Path;
use super::blocking;
use super::caller::Reading;
use super::page::{Asked, Page, Paging, cursor_of};
use super::problem::{self, Problem};
use super::wire::{Amount, read_times, time};
use axum::Json;
use farthing_core::money::Currency;
use farthing_engine::{ChargeQuestion, ListedCharge};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Window {
    /// Of service from here on.
    from: Option<String>,
    /// Of service before this.
    to: Option<String>,
    /// Only of this product.
    product: Option<String>,
}

impl Window {
    fn question(&self) -> Result<ChargeQuestion, Problem> {
        let from = read_times(self.from.as_ref(), "from")?;
        let to = read_times(self.to.as_ref(), "to")?;
        if let (Some(from), Some(to)) = (from, to)
            && to <= from
        {
            return Err(Problem::new(problem::INVALID, "`to` is after `from`").field("to"));
        }
        Ok(ChargeQuestion { product: self.product.clone(), from, to })
    }
}

/// A sealed charge: it never changes. What late facts change of it is a charge of its own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Charge {
    /// Its place among the account's charges.
    #[schema(example = 41)]
    number: i64,
    /// What it is of; null: the account's own use of the product.
    resource: Option<String>,
    product: String,
    sku: Option<String>,
    /// The part of the product it is for, where it has parts.
    component: Option<String>,
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    to: String,
    /// Whether it corrects what was sealed before.
    correction: bool,
    /// Without the discount.
    list: Amount,
    /// What was charged.
    net: Amount,
    /// The version of the cloud's configuration its price is of.
    price_version: i64,
    #[schema(format = DateTime)]
    sealed_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChargeSum {
    /// Sealed and open together, up to now.
    sum: Amount,
    #[schema(format = DateTime)]
    at: String,
}

/// Lists an account's sealed charges, in the order of sealing.
#[utoipa::path(get, path = "/v1/accounts/{account}/charges", tag = "charges", params(Named, Window, Paging),
    responses((status = OK, body = Page<Charge>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(
    caller: Reading,
    Path(named): Path<Named>,
    Asked(window): Asked<Window>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Charge>>, Problem> {
    let (limit, after) = (paging.limit()?, paging.number()?.unwrap_or(0));
    let question = window.question()?;
    let (rows, currency) = blocking(move || {
        let rows = caller.engine.charges_page(&caller.cloud, &named.account, &question, after, limit + 1)?;
        Ok((rows, caller.engine.cloud_facts(&caller.cloud)?.currency))
    })
    .await?;
    Ok(Json(Page::of(rows, limit, |listed| cursor_of(listed.row.chained), |listed| charge(listed, currency))))
}

/// What things cost an account in a stretch of time: sealed charges and what is open, to the second.
#[utoipa::path(get, path = "/v1/accounts/{account}/charges/sum", tag = "charges", params(Named, Window),
    responses((status = OK, body = ChargeSum), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn sum(
    caller: Reading,
    Path(named): Path<Named>,
    Asked(window): Asked<Window>,
) -> Result<Json<ChargeSum>, Problem> {
    let question = window.question()?;
    let (sum, at) = blocking(move || {
        let now = caller.engine.now()?;
        Ok((caller.engine.charges_sum(&caller.cloud, &named.account, &question, now)?, now))
    })
    .await?;
    Ok(Json(ChargeSum { sum: Amount::of(sum), at: time(at) }))
}

fn charge(listed: ListedCharge, currency: Currency) -> Charge {
    let row = listed.row;
    Charge {
        number: row.chained,
        resource: listed.resource,
        product: row.product.to_string(),
        sku: listed.terms.sku.map(|sku| sku.to_string()),
        component: listed.terms.part.map(|part| part.to_string()),
        from: time(row.from),
        to: time(row.to),
        correction: row.number > 0,
        list: Amount::units(row.list, currency),
        net: Amount::units(row.net, currency),
        price_version: listed.terms.version,
        sealed_at: time(row.recorded),
    }
}
