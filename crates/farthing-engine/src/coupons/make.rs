//! Makes coupons that no file says, in the words of the file and with its checks; and codes that are good once.

use super::coupon_named;
use super::facts::{CouponFacts, facts_of};
use crate::asked::Note;
use crate::folio::Work;
use crate::{Engine, RefusalCode, Refused};
use farthing_core::catalog::Codes;
use farthing_core::config::{Severity, Source};
use farthing_core::coupon::key_of;
use farthing_store::{CouponCodeRow, CouponRow};
use serde_json::json;
use std::fmt::Write as _;

/// A coupon as a `[[coupon]]` of the catalogue has it: every key means what it means there.
#[derive(Clone, Debug, Default)]
pub struct NewCoupon {
    pub code: String,
    pub percent: Option<String>,
    pub amount: Option<String>,
    pub free_periods: Option<u32>,
    pub products: Vec<String>,
    pub skus: Vec<String>,
    pub first_order: bool,
    /// `shared` or `single`.
    pub codes: Option<String>,
    pub redemptions: Option<u32>,
    pub per_account: Option<u32>,
    pub per_period: Option<(u32, String)>,
    /// A number, or `none`: for all.
    pub bills: Option<String>,
    pub from: Option<String>,
    pub until: Option<String>,
}

/// Codes made at once, at most.
const CODES_MAX: u32 = 10_000;
/// Of a code that is good once, behind the coupon's: 50 bits nobody guesses, without letters that look alike.
const CODE_LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const CODE_LENGTH: usize = 10;

impl NewCoupon {
    /// As the file would have it.
    fn to_toml(&self) -> String {
        let mut text = String::new();
        let quoted = |value: &str| serde_json::to_string(value).unwrap_or_default(); // TOML's escapes are JSON's
        let mut line = |key: &str, value: String| {
            let _ = writeln!(text, "{key} = {value}");
        };
        line("code", quoted(&self.code));
        for (key, value) in [
            ("percent", &self.percent),
            ("amount", &self.amount),
            ("codes", &self.codes),
            ("bills", &self.bills),
            ("from", &self.from),
            ("until", &self.until),
        ] {
            if let Some(value) = value {
                line(key, quoted(value));
            }
        }
        let counts =
            [("free_periods", self.free_periods), ("redemptions", self.redemptions), ("per_account", self.per_account)];
        for (key, value) in counts {
            if let Some(value) = value {
                line(key, value.to_string());
            }
        }
        for (key, values) in [("products", &self.products), ("skus", &self.skus)] {
            if !values.is_empty() {
                let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                line(key, format!("[{}]", values.join(", ")));
            }
        }
        if self.first_order {
            line("first_order", "true".to_owned());
        }
        if let Some((count, every)) = &self.per_period {
            line("per_period", format!("{{ count = {count}, every = {} }}", quoted(every)));
        }
        text
    }
}

impl Engine {
    /// Makes a coupon. The same again is the same; another under its code is refused.
    pub fn make_coupon(&self, cloud: &str, coupon: &NewCoupon) -> Result<CouponFacts, Refused> {
        let text = coupon.to_toml();
        self.ask("make_coupon", cloud, move |work| make(work, &text))
    }

    /// Makes codes of a coupon, each of which is good once.
    pub fn make_coupon_codes(&self, cloud: &str, coupon: &str, count: u32) -> Result<Vec<String>, Refused> {
        let coupon = coupon.to_owned();
        self.ask("make_coupon_codes", cloud, move |work| make_codes(work, &coupon, count))
    }
}

fn make(work: &mut Work<'_, '_>, text: &str) -> Result<CouponFacts, Refused> {
    let profile = work.cloud.profile_at(work.now)?.clone();
    let source = Source::new("coupon", text);
    let (coupon, remarks) = profile.catalog.read_coupon(&source, work.currency());
    let wrong = remarks.iter().find(|remark| remark.severity == Severity::Error);
    if let Some(wrong) = wrong {
        return Err(Refused::new(RefusalCode::Invalid, format!("{}: {}", wrong.what, wrong.remedy)));
    }
    let coupon = coupon.ok_or_else(|| Refused::new(RefusalCode::Invalid, "this is no coupon: give its code"))?;
    let (cloud, key) = (work.cloud.id.clone(), coupon.key());
    let taken = |where_from: &str| {
        let what = format!("there is a coupon {:?} {where_from}: give this one another code", coupon.code.0);
        Refused::new(RefusalCode::Conflict, what)
    };
    if profile.catalog.coupon_by_code(&key).is_some() {
        return Err(taken("in the catalogue"));
    }
    if work.tx.coupon_code(&cloud, &key)?.is_some() {
        return Err(taken("whose code this is"));
    }
    let row = CouponRow { cloud: cloud.clone(), code: key.clone(), terms: coupon.to_text(), made: work.now };
    if work.tx.coupon_insert(&row)? {
        let facts = json!({ "code": coupon.code.0, "says": row.terms });
        work.notes.push(Note::new("coupon.made", format!("coupon {key}")).became(&facts));
    } else if work.tx.coupon(&cloud, &key)?.is_none_or(|there| there.terms != row.terms) {
        return Err(taken("with other facts"));
    }
    facts_of(work, &coupon, false)
}

fn make_codes(work: &mut Work<'_, '_>, coupon: &str, count: u32) -> Result<Vec<String>, Refused> {
    let key = key_of(coupon);
    let found = coupon_named(work, &key)?.ok_or_else(|| Refused::not_found("coupon", coupon))?;
    if found.codes != Codes::Single {
        let what = format!(
            "everybody redeems {:?} by its own code: make one with codes = \"single\" for codes that are good once",
            found.code.0
        );
        return Err(Refused::new(RefusalCode::Conflict, what));
    }
    if !(1..=CODES_MAX).contains(&count) {
        return Err(Refused::new(RefusalCode::Invalid, format!("1 to {CODES_MAX} codes are made at once")));
    }
    let (cloud, made) = (work.cloud.id.clone(), work.now);
    let mut codes = Vec::new();
    while codes.len() < usize::try_from(count).unwrap_or(usize::MAX) {
        let chance = work.ids.bytes();
        let letters = chance.iter().take(CODE_LENGTH).filter_map(|byte| CODE_LETTERS.get(usize::from(byte % 32)));
        let code = format!("{key}-{}", letters.map(|letter| char::from(*letter)).collect::<String>());
        let row =
            CouponCodeRow { cloud: cloud.clone(), code: code.clone(), coupon: key.clone(), made, redemption: None };
        // One that is there already is drawn again.
        if work.tx.coupon_code_insert(&row)? {
            codes.push(code);
        }
    }
    work.notes.push(Note::new("coupon.codes_made", format!("coupon {key}")).became(&json!({ "count": count })));
    Ok(codes)
}
