//! Coupons and redemptions as they are told to whoever asks. Amounts are in units of the currency.

use super::{coupon_named, left_of, terms_of};
use crate::folio::Work;
use crate::open_project::account_ever;
use crate::{Engine, EngineError, Refused};
use farthing_core::catalog::Coupon;
use farthing_core::config::{Moment, Name};
use farthing_core::coupon::key_of;
use farthing_core::money::Money;
use farthing_core::time::Span;
use farthing_store::{CouponCodeRow, RedemptionRow};
use serde::{Deserialize, Serialize};

/// What a coupon says, and how often it was redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponFacts {
    pub code: String,
    /// It stands in the catalogue.
    pub in_catalogue: bool,
    /// `20%`
    pub percent: Option<String>,
    pub amount: Option<i64>,
    pub free_periods: Option<u32>,
    pub products: Vec<String>,
    pub skus: Vec<String>,
    pub first_order: bool,
    /// `shared` or `single`.
    pub codes: String,
    pub redemptions: Option<u32>,
    pub per_account: u32,
    pub per_period: Option<(u32, String)>,
    /// For how many bills or periods; none: for all.
    pub uses: Option<u32>,
    pub from: Option<String>,
    pub until: Option<String>,
    pub currency: String,
    /// How often it was redeemed and not given back.
    pub redeemed: i64,
}

/// A coupon that an account has redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedemptionFacts {
    pub id: String,
    pub coupon: String,
    pub code: String,
    /// Microseconds since 1970.
    pub at: i64,
    /// `redeemed`, `reserved`, `used_up` or `released`.
    pub state: String,
    /// What it says, as the file would.
    pub terms: String,
    pub used: i64,
    /// For how many bills or periods it is good yet; none: for all.
    pub left: Option<i64>,
    pub order: String,
    pub currency: String,
    pub uses: Vec<CouponUse>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponUse {
    /// A bill's id, an order's, or `credit/NAME`: it has become that grant.
    pub document: String,
    pub amount: i64,
    /// Microseconds since 1970.
    pub at: i64,
}

impl Engine {
    /// All coupons of a cloud: those of the catalogue in force, then those made by hand, by code.
    pub fn coupons(&self, cloud: &str) -> Result<Vec<CouponFacts>, Refused> {
        self.look(cloud, |work| {
            let written = work.cloud.profile_at(work.now)?.catalog.coupon.clone();
            let mut facts = Vec::new();
            for coupon in &written {
                facts.push(facts_of(work, coupon, true)?);
            }
            let (id, currency) = (work.cloud.id.clone(), work.currency());
            for row in work.tx.coupons(&id)? {
                let coupon = terms_of(&row.terms, currency)?;
                // One that the file has by now is the file's.
                if written.iter().all(|other| other.key() != row.code) {
                    facts.push(facts_of(work, &coupon, false)?);
                }
            }
            Ok(facts)
        })
    }

    pub fn coupon(&self, cloud: &str, code: &str) -> Result<CouponFacts, Refused> {
        self.look(cloud, |work| {
            let key = key_of(code);
            let coupon = coupon_named(work, &key)?.ok_or_else(|| Refused::not_found("coupon", code))?;
            let in_catalogue = work.cloud.profile_at(work.now)?.catalog.coupon_by_code(&key).is_some();
            facts_of(work, &coupon, in_catalogue)
        })
    }

    /// The codes of a coupon that are good once, after one of them, at most so many.
    pub fn coupon_codes(
        &self,
        cloud: &str,
        coupon: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<CouponCodeRow>, Refused> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.look(cloud, |work| {
            let (id, key) = (work.cloud.id.clone(), key_of(coupon));
            coupon_named(work, &key)?.ok_or_else(|| Refused::not_found("coupon", coupon))?;
            Ok(work.tx.coupon_codes(&id, &key, after, limit)?)
        })
    }

    /// What an account has redeemed, the newest first.
    pub fn redemptions(&self, cloud: &str, account: &str) -> Result<Vec<RedemptionFacts>, Refused> {
        self.look(cloud, |work| {
            let payer = account_ever(work, account)?;
            let rows = work.tx.redemptions_of(payer.id)?;
            rows.iter().rev().map(|row| redemption_facts(work, row)).collect()
        })
    }
}

pub(super) fn facts_of(work: &mut Work<'_, '_>, coupon: &Coupon, in_catalogue: bool) -> Result<CouponFacts, Refused> {
    let cloud = work.cloud.id.clone();
    let redeemed = work.tx.coupon_redeemed(&cloud, &coupon.key())?;
    let names = |names: &[Name]| names.iter().map(ToString::to_string).collect();
    let moment = |moment: Option<Moment>| {
        moment.map(|moment| match moment {
            Moment::Day(day) => day.to_string(),
            Moment::At(at) => at.to_string(),
        })
    };
    let every = |every: Span| match every {
        Span::Exact(every) => every.to_string(),
        Span::Calendar(every) => every.to_string(),
    };
    Ok(CouponFacts {
        code: coupon.code.0.clone(),
        in_catalogue,
        percent: coupon.percent.map(|percent| percent.to_string()),
        amount: coupon.amount.map(Money::units),
        free_periods: coupon.free_periods.map(|count| count.0),
        products: names(&coupon.products),
        skus: names(&coupon.skus),
        first_order: coupon.first_order,
        codes: coupon.codes.word().to_owned(),
        redemptions: coupon.redemptions.map(|count| count.0),
        per_account: coupon.per_account.0,
        per_period: coupon.per_period.as_ref().map(|limit| (limit.count.0, every(limit.every))),
        uses: coupon.uses(),
        from: moment(coupon.from),
        until: moment(coupon.until),
        currency: work.currency().code().to_owned(),
        redeemed,
    })
}

pub(super) fn redemption_facts(work: &mut Work<'_, '_>, row: &RedemptionRow) -> Result<RedemptionFacts, Refused> {
    let currency = work.currency();
    let coupon = terms_of(&row.terms, currency)?;
    let uses = work.tx.coupon_uses(row.id)?.into_iter();
    let uses = uses.map(|used| CouponUse { document: used.document, amount: used.amount, at: used.at.micros() });
    Ok::<_, EngineError>(RedemptionFacts {
        id: row.id.to_string(),
        coupon: row.coupon.clone(),
        code: row.code.clone(),
        at: row.at.micros(),
        state: row.state.word().to_owned(),
        terms: row.terms.clone(),
        used: row.used,
        left: left_of(row, &coupon),
        order: row.order.clone(),
        currency: currency.code().to_owned(),
        uses: uses.collect(),
    })
    .map_err(Refused::from)
}
