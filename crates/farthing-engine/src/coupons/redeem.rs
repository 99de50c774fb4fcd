//! Redeems a coupon: for the bills of an account, or for an order.

use super::facts::{RedemptionFacts, redemption_facts};
use super::{Found, coupon_of};
use crate::asked::Note;
use crate::credits::{NewGrant, give_as};
use crate::folio::Work;
use crate::open_project::account_of;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::catalog::Coupon;
use farthing_core::coupon::{NotRedeemed, Redeeming, RedemptionState, redeemable};
use farthing_core::credit::GrantSource;
use farthing_core::policy::BillOn;
use farthing_core::settle::{SettleError, rating_period};
use farthing_core::time::Instant;
use farthing_store::{Counted, CouponUseRow, PayerRow, RedemptionRow};
use serde_json::json;

impl Engine {
    /// Redeems a code: its coupon then takes something off the account's next bills. Where no bill arises, an amount becomes credit.
    pub fn redeem_coupon(&self, cloud: &str, account: &str, code: &str) -> Result<RedemptionFacts, Refused> {
        let (account, code) = (account.to_owned(), code.to_owned());
        self.ask("redeem_coupon", cloud, move |work| {
            let payer = account_of(work, &account)?;
            work.load(&[payer.id])?;
            let found = coupon_of(work, &code)?;
            let mut row = redeem(work, &payer, &found, None)?;
            if !has_bills(work)? {
                become_credit(work, &payer, &found.coupon, &mut row)?;
            }
            redemption_facts(work, &row)
        })
    }
}

/// Whether bills arise of what is used or ordered here. Those of a top-up hold that amount alone.
fn has_bills(work: &Work<'_, '_>) -> Result<bool, SettleError> {
    Ok(work.policy_at(work.now)?.bill.on.iter().any(|on| match on {
        BillOn::Order | BillOn::Cycle | BillOn::Request | BillOn::Threshold => true,
        BillOn::TopUp => false,
    }))
}

/// Counts it and writes it down, for an account that is locked. `order`: it is that order's until it is paid or over.
pub(super) fn redeem(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    found: &Found,
    order: Option<&str>,
) -> Result<RedemptionRow, Refused> {
    let Found { coupon, code, single } = found;
    let (cloud, key, now) = (work.cloud.id.clone(), coupon.key(), work.now);
    let zone = work.policy_at(now)?.cloud.time_zone.clone();
    let earlier = work.tx.redemptions_of(payer.id)?;
    let had = earlier.iter().filter(|row| row.coupon == key && row.state != RedemptionState::Released).count();
    let asked = Redeeming {
        now,
        zone: &zone,
        had: u32::try_from(had).unwrap_or(u32::MAX),
        ordered: order.is_some(),
        bills: has_bills(work)?,
    };
    redeemable(coupon, &asked).map_err(SettleError::from)?.map_err(|why| not_redeemed(coupon, why))?;
    let period = match &coupon.per_period {
        None => None,
        Some(limit) => Some(rating_period(limit.every, now, &zone)?.start()),
    };
    count(work, coupon, &key, period)?;
    let id = work.ids.id(now);
    if *single && !work.tx.coupon_code_take(&cloud, code, id)? {
        return Err(Refused::new(RefusalCode::LimitReached, format!("the code {code} is good once, and was redeemed")));
    }
    let row = RedemptionRow {
        id,
        cloud,
        account: payer.id,
        coupon: key,
        code: code.clone(),
        terms: coupon.to_text(),
        at: now,
        period,
        state: if order.is_some() { RedemptionState::Reserved } else { RedemptionState::Redeemed },
        used: 0,
        order: order.unwrap_or_default().to_owned(),
        fresh: order.is_some(),
    };
    work.tx.redemption_insert(&row)?;
    let facts = json!({ "coupon": row.coupon, "code": row.code, "redemption": id.to_string(), "order": order });
    work.notes.push(Note::new("coupon.redeemed", format!("account {}", payer.name)).became(&facts));
    Ok(row)
}

fn count(work: &mut Work<'_, '_>, coupon: &Coupon, key: &str, period: Option<Instant>) -> Result<(), Refused> {
    let cloud = work.cloud.id.clone();
    let of = |period| Counted { cloud: &cloud, coupon: key, period };
    let most = coupon.redemptions.map(|most| i64::from(most.0));
    if !work.tx.coupon_count_up(of(None), most)? {
        let what = format!("coupon {} was redeemed as often as it can be", coupon.code.0);
        return Err(Refused::new(RefusalCode::LimitReached, what));
    }
    let most = coupon.per_period.as_ref().map(|limit| i64::from(limit.count.0));
    if period.is_some() && !work.tx.coupon_count_up(of(period), most)? {
        let what = format!("coupon {} was redeemed as often as it can be for now: try again later", coupon.code.0);
        return Err(Refused::new(RefusalCode::LimitReached, what));
    }
    Ok(())
}

fn not_redeemed(coupon: &Coupon, why: NotRedeemed) -> Refused {
    let code = match why {
        NotRedeemed::NotYet { .. } | NotRedeemed::NoBills => RefusalCode::NotEligible,
        NotRedeemed::Expired { .. } => RefusalCode::Expired,
        NotRedeemed::Had { .. } => RefusalCode::LimitReached,
    };
    Refused::new(code, format!("coupon {} cannot be redeemed: {why}", coupon.code.0))
}

/// Where what is used comes off the balance and no bill arises, an amount is credit for the same products.
fn become_credit(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    coupon: &Coupon,
    row: &mut RedemptionRow,
) -> Result<(), Refused> {
    let Some(amount) = coupon.amount else { return Ok(()) };
    let tail: String = row.id.to_string().chars().rev().take(6).collect();
    let name = format!("coupon-{}-{tail}", row.coupon.to_ascii_lowercase());
    let grant = NewGrant {
        name: name.clone(),
        account: payer.name.clone(),
        amount,
        products: coupon.products.iter().map(ToString::to_string).collect(),
        priority: 10,
        starts: None,
        expires: None,
        reason: None,
    };
    give_as(work, &grant, &GrantSource::Coupon(row.coupon.clone()))?;
    use_once(work, row, &format!("credit/{name}"), amount.units())?;
    row.state = RedemptionState::UsedUp;
    Ok(work.tx.redemption_write(row)?)
}

/// Notes what it took off something; who calls writes the row.
pub(super) fn use_once(
    work: &mut Work<'_, '_>,
    row: &mut RedemptionRow,
    document: &str,
    amount: i64,
) -> Result<(), EngineError> {
    row.used = row.used.saturating_add(1);
    let used =
        CouponUseRow { redemption: row.id, number: row.used, document: document.to_owned(), amount, at: work.now };
    Ok(work.tx.coupon_use_insert(&used)?)
}
