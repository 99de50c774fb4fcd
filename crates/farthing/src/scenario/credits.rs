//! Scenarios' words about gifts, grants that come again and coupons, said to the engine.

use super::command::{Bills, Crediting, NewCoupon, NewGrant, Off};
use super::engine::{EngineStage, ends_at, told};
use super::stage::{Answer, Done, StageError};
use farthing_core::money::Money;
use farthing_core::time::{Instant, Span};
use farthing_engine::{NewGift, Recurrence};

impl EngineStage {
    pub(super) fn crediting(&mut self, asked: &Crediting, at: Instant) -> Done {
        match asked {
            Crediting::Gift { name, account, gift } => {
                let wanted =
                    NewGift { account: account.clone(), gift: gift.clone(), name: Some(name.clone()), reason: None };
                let given = self.engine().give_gift(&self.cloud, &wanted);
                self.done(given.map(drop))
            }
            Crediting::Recurring { grant, every, times, rollover } => {
                let recurs = Recurrence { every: *every, times: *times, rollover: *rollover };
                if grant.expires.is_some() {
                    return Err(StageError::refused(
                        "invalid",
                        "a grant that comes again ends with its last: write times=",
                    ));
                }
                let given = self.engine().grant_recurring(&self.cloud, &new_grant(grant), &recurs);
                self.done(given)
            }
            Crediting::Coupon(coupon) => {
                let zone = self.zone.clone().ok_or_else(|| StageError::Broken("there is no profile".to_owned()))?;
                let until = coupon.expires.map(|ends| ends_at(ends, at, &zone)).transpose()?;
                let made = self.engine().make_coupon(&self.cloud, &new_coupon(coupon, until));
                self.done(made.map(drop))
            }
            Crediting::Redeem { account, code } => {
                let redeemed = self.engine().redeem_coupon(&self.cloud, account, code);
                self.done(redeemed.map(drop))
            }
        }
    }

    /// `storage: -1.50 USD, 8.50 USD left`, the oldest first.
    pub(super) fn history(&self, account: &str, grant: &str) -> Result<Answer, StageError> {
        let facts = self.engine().credit(&self.cloud, account, grant, None, 1_000).map_err(told)?;
        let money = |units| Money::from_units(units, facts.currency).to_string();
        let line = |line: &farthing_engine::CreditLine| {
            let what = line.product.as_ref().map_or_else(|| line.kind.name().to_owned(), ToString::to_string);
            format!("{what}: {}, {} left", money(line.change), money(line.left))
        };
        Ok(Answer::Lines(facts.lines.iter().rev().map(line).collect()))
    }
}

fn new_grant(grant: &NewGrant) -> farthing_engine::NewGrant {
    farthing_engine::NewGrant {
        name: grant.name.clone(),
        account: grant.account.clone(),
        amount: grant.amount,
        products: grant.products.clone(),
        priority: i64::from(grant.priority.unwrap_or(10)),
        starts: None,
        expires: None,
        reason: None,
    }
}

fn new_coupon(coupon: &NewCoupon, until: Option<Instant>) -> farthing_engine::NewCoupon {
    let (mut percent, mut amount, mut free_periods) = (None, None, None);
    match coupon.off {
        Off::Percent(off) => percent = Some(off.to_string()),
        Off::Amount(off) => amount = Some(off.plain()),
        Off::FreePeriods(periods) => free_periods = Some(periods),
    }
    let every = |every: Span| match every {
        Span::Exact(every) => every.to_string(),
        Span::Calendar(every) => every.to_string(),
    };
    farthing_engine::NewCoupon {
        code: coupon.code.clone(),
        percent,
        amount,
        free_periods,
        products: coupon.products.clone(),
        skus: coupon.skus.clone(),
        first_order: coupon.first_order,
        codes: None,
        redemptions: coupon.redemptions,
        per_account: coupon.per_account,
        per_period: coupon.per_period.map(|(count, span)| (count, every(span))),
        bills: coupon.bills.map(|bills| match bills {
            Bills::Some(count) => count.to_string(),
            Bills::All => "none".to_owned(),
        }),
        from: coupon.from.clone(),
        until: until.map(|until| until.to_string()),
    }
}
