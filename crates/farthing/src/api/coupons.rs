//! Coupons: those of the catalogue and those made here, codes that are good once, and what accounts redeem.

use super::accounts::Named;
use super::asking::{Asking, IdempotencyKey, Path};
use super::blocking;
use super::caller::{Reading, Writing};
use super::page::{Asked, Page, Paging, wrong_cursor};
use super::problem::{self, Problem};
use super::wire::{Amount, some_text, time_of_micros, written};
use axum::Json;
use axum::http::StatusCode;
use farthing_core::money::Currency;
use farthing_engine::{CouponFacts, NewCoupon as EngineNewCoupon, RedemptionFacts};
use farthing_store::CouponCodeRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// In the words of the catalogue's `[[coupon]]`: one of `percent`, `amount` and `free_periods`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCoupon {
    /// What people type, in capitals or not.
    #[schema(example = "SUMMER25", min_length = 3, max_length = 40)]
    code: String,
    /// Off what it applies to.
    #[schema(example = "20", max_length = 20)]
    percent: Option<String>,
    /// Or so much.
    amount: Option<Amount>,
    /// Or so many periods of a term for nothing.
    #[schema(minimum = 1)]
    free_periods: Option<u32>,
    /// Which products; all when there is none.
    #[serde(default)]
    products: Vec<String>,
    /// Which of their SKUs; all when there is none.
    #[serde(default)]
    skus: Vec<String>,
    /// Only the first order of an account.
    #[serde(default)]
    first_order: bool,
    /// `shared` when it is not said: everybody types the code. `single`: each has one of its own, which is good once.
    #[schema(example = "shared", max_length = 10)]
    codes: Option<String>,
    /// How often in all; without end when it is not said.
    #[schema(minimum = 1)]
    redemptions: Option<u32>,
    /// How often by one account; once when it is not said.
    #[schema(minimum = 1)]
    per_account: Option<u32>,
    /// How often in all within each so long.
    per_period: Option<PerPeriod>,
    /// For how many bills it holds: a number, or `none` for all; one when it is not said.
    #[schema(example = "3", max_length = 10)]
    bills: Option<String>,
    /// From when it can be redeemed: a day of the cloud's, or an instant.
    #[schema(example = "2027-01-01", max_length = 40)]
    from: Option<String>,
    /// Until when: a day is its last.
    #[schema(example = "2027-06-30", max_length = 40)]
    until: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PerPeriod {
    #[schema(minimum = 1)]
    count: u32,
    #[schema(example = "1mo", max_length = 20)]
    every: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Coupon {
    code: String,
    /// It stands in the catalogue.
    in_catalogue: bool,
    percent: Option<String>,
    amount: Option<Amount>,
    free_periods: Option<u32>,
    products: Vec<String>,
    skus: Vec<String>,
    first_order: bool,
    /// `shared` or `single`.
    codes: String,
    redemptions: Option<u32>,
    per_account: u32,
    per_period: Option<PerPeriod>,
    /// For how many bills or periods; null: for all.
    uses: Option<u32>,
    from: Option<String>,
    until: Option<String>,
    /// How often it was redeemed and not given back.
    redeemed: i64,
}

/// How many codes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCodes {
    #[schema(minimum = 1, maximum = 10000, example = 100)]
    count: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeCodes {
    codes: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CouponCode {
    code: String,
    /// Whose it is; null: nobody has redeemed it.
    redemption: Option<String>,
}

/// Redeems a code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRedemption {
    #[schema(example = "SPRING20", max_length = 60)]
    code: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Redemption {
    #[schema(example = "redeem_01m0abw8g0ksx01tfeknmcatch")]
    id: String,
    coupon: String,
    /// What was typed.
    code: String,
    #[schema(format = DateTime)]
    at: String,
    /// `redeemed`, `reserved` for an order, `used_up`, or `released` by one.
    state: String,
    /// For how many bills or periods it is good yet; null: for all.
    left: Option<i64>,
    /// The order it is reserved for; null: none.
    order: Option<String>,
    /// What it took off.
    uses: Vec<CouponUse>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CouponUse {
    /// A bill's id, an order's, or `credit/NAME`: it has become that grant.
    document: String,
    amount: Amount,
    #[schema(format = DateTime)]
    at: String,
}

#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct OfCoupon {
    /// Its code, in capitals or not.
    #[param(example = "SPRING20")]
    coupon: String,
}

/// Makes a coupon that the catalogue does not have.
#[utoipa::path(post, path = "/v1/coupons", tag = "coupons", params(IdempotencyKey),
    request_body = NewCoupon, responses((status = CREATED, body = Coupon), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn make(
    caller: Writing,
    Asking { body, once }: Asking<NewCoupon>,
) -> Result<(StatusCode, Json<Coupon>), Problem> {
    for (text, field) in [(Some(&body.code), "code"), (body.from.as_ref(), "from"), (body.until.as_ref(), "until")] {
        text.map_or(Ok(()), |text| written(text, 100, field))?;
    }
    let coupon = EngineNewCoupon {
        code: body.code,
        percent: body.percent,
        amount: body.amount.as_ref().map(|amount| amount.money("amount")).transpose()?.map(|amount| amount.to_string()),
        free_periods: body.free_periods,
        products: body.products,
        skus: body.skus,
        first_order: body.first_order,
        codes: body.codes,
        redemptions: body.redemptions,
        per_account: body.per_account,
        per_period: body.per_period.map(|limit| (limit.count, limit.every)),
        bills: body.bills,
        from: body.from,
        until: body.until,
    };
    let facts = blocking(move || Ok(caller.engine_for(Some(once)).make_coupon(&caller.cloud, &coupon)?)).await?;
    Ok((StatusCode::CREATED, Json(coupon_of(facts)?)))
}

/// Lists the cloud's coupons: those of the catalogue in force, then those made here.
#[utoipa::path(get, path = "/v1/coupons", tag = "coupons",
    responses((status = OK, body = Page<Coupon>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list(caller: Reading) -> Result<Json<Page<Coupon>>, Problem> {
    let found = blocking(move || Ok(caller.engine.coupons(&caller.cloud)?)).await?;
    let data = found.into_iter().map(coupon_of).collect::<Result<_, _>>()?;
    Ok(Json(Page { data, next: None }))
}

/// Shows a coupon, and how often it was redeemed.
#[utoipa::path(get, path = "/v1/coupons/{coupon}", tag = "coupons", params(OfCoupon),
    responses((status = OK, body = Coupon), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn show(caller: Reading, Path(of): Path<OfCoupon>) -> Result<Json<Coupon>, Problem> {
    let found = blocking(move || Ok(caller.engine.coupon(&caller.cloud, &of.coupon)?)).await?;
    Ok(Json(coupon_of(found)?))
}

/// Makes codes of a coupon whose codes are `single`: each is good once.
#[utoipa::path(post, path = "/v1/coupons/{coupon}/codes", tag = "coupons", params(OfCoupon, IdempotencyKey),
    request_body = NewCodes, responses((status = CREATED, body = MadeCodes), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn make_codes(
    caller: Writing,
    Path(of): Path<OfCoupon>,
    Asking { body, once }: Asking<NewCodes>,
) -> Result<(StatusCode, Json<MadeCodes>), Problem> {
    let codes =
        blocking(move || Ok(caller.engine_for(Some(once)).make_coupon_codes(&caller.cloud, &of.coupon, body.count)?))
            .await?;
    Ok((StatusCode::CREATED, Json(MadeCodes { codes })))
}

/// Lists the codes of a coupon, in the order of the alphabet.
#[utoipa::path(get, path = "/v1/coupons/{coupon}/codes", tag = "coupons", params(OfCoupon, Paging),
    responses((status = OK, body = Page<CouponCode>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn list_codes(
    caller: Reading,
    Path(of): Path<OfCoupon>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<CouponCode>>, Problem> {
    let limit = paging.limit()?;
    let after = paging.text().unwrap_or_default().to_owned();
    if !after.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Err(wrong_cursor());
    }
    let rows = blocking(move || Ok(caller.engine.coupon_codes(&caller.cloud, &of.coupon, &after, limit + 1)?)).await?;
    let code = |row: CouponCodeRow| CouponCode { code: row.code, redemption: row.redemption.map(|id| id.to_string()) };
    Ok(Json(Page::of(rows, limit, |row: &CouponCodeRow| row.code.clone(), code)))
}

/// Redeems a code: its coupon takes something off the account's next bills, or becomes credit where no bill arises.
#[utoipa::path(post, path = "/v1/accounts/{account}/coupons", tag = "coupons", params(Named, IdempotencyKey),
    request_body = NewRedemption, responses((status = CREATED, body = Redemption), (status = "default", body = Problem)),
    security(("key" = ["write"])))]
pub(crate) async fn redeem(
    caller: Writing,
    Path(named): Path<Named>,
    Asking { body, once }: Asking<NewRedemption>,
) -> Result<(StatusCode, Json<Redemption>), Problem> {
    let facts =
        blocking(move || Ok(caller.engine_for(Some(once)).redeem_coupon(&caller.cloud, &named.account, &body.code)?))
            .await?;
    Ok((StatusCode::CREATED, Json(redemption_of(facts)?)))
}

/// Lists what an account has redeemed, the newest first.
#[utoipa::path(get, path = "/v1/accounts/{account}/coupons", tag = "coupons", params(Named),
    responses((status = OK, body = Page<Redemption>), (status = "default", body = Problem)), security(("key" = ["read"])))]
pub(crate) async fn redeemed(caller: Reading, Path(named): Path<Named>) -> Result<Json<Page<Redemption>>, Problem> {
    let found = blocking(move || Ok(caller.engine.redemptions(&caller.cloud, &named.account)?)).await?;
    let data = found.into_iter().map(redemption_of).collect::<Result<_, _>>()?;
    Ok(Json(Page { data, next: None }))
}

fn currency(code: &str) -> Result<Currency, Problem> {
    Currency::parse(code).map_err(|error| Problem::new(problem::INTERNAL, error.to_string()))
}

fn coupon_of(facts: CouponFacts) -> Result<Coupon, Problem> {
    let currency = currency(&facts.currency)?;
    Ok(Coupon {
        code: facts.code,
        in_catalogue: facts.in_catalogue,
        percent: facts.percent,
        amount: facts.amount.map(|units| Amount::units(units, currency)),
        free_periods: facts.free_periods,
        products: facts.products,
        skus: facts.skus,
        first_order: facts.first_order,
        codes: facts.codes,
        redemptions: facts.redemptions,
        per_account: facts.per_account,
        per_period: facts.per_period.map(|(count, every)| PerPeriod { count, every }),
        uses: facts.uses,
        from: facts.from,
        until: facts.until,
        redeemed: facts.redeemed,
    })
}

fn redemption_of(facts: RedemptionFacts) -> Result<Redemption, Problem> {
    let currency = currency(&facts.currency)?;
    let used = |used: farthing_engine::CouponUse| CouponUse {
        document: used.document,
        amount: Amount::units(used.amount, currency),
        at: time_of_micros(used.at),
    };
    Ok(Redemption {
        id: facts.id,
        coupon: facts.coupon,
        code: facts.code,
        at: time_of_micros(facts.at),
        state: facts.state,
        left: facts.left,
        order: some_text(facts.order),
        uses: facts.uses.into_iter().map(used).collect(),
    })
}
