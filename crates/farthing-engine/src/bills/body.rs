//! What stands on a document, as it is stored: one JSON text, written once. A bill's plan is worked out again from it, so that what is
//! credited later follows the same arithmetic; its sums are those that were issued.

use super::broken;
use super::facts::BillParty;
use crate::EngineError;
use farthing_core::bill::{
    BillLine, BillPlan, Creditable, CreditedGroup, CreditedLine, DraftBill, Origin, ServicePeriod, plan_bill,
};
use farthing_core::config::Name;
use farthing_core::money::{Currency, Money};
use farthing_core::policy::PricesAre;
use farthing_core::tax::Assessment;
use farthing_core::time::CivilDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) currency: String,
    pub(super) seller: BillParty,
    pub(super) buyer: BillParty,
    /// "net" or "gross".
    pub(super) prices: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) lines: Vec<Line>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) groups: Vec<Group>,
    #[serde(default)]
    pub(super) brought_forward: i64,
    /// Of a receipt: how it was paid.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) method: String,
    /// Of a receipt: what is still due after it.
    #[serde(default)]
    pub(super) due_after: i64,
    /// Of a credit note.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) reason: String,
    /// Of a credit note by lines: their places, and so much of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) credited: Vec<(usize, i64)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) product: String,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) quantity: Option<String>,
    pub(super) category: Option<String>,
    /// To the unit, as it was accrued.
    pub(super) exact: i64,
    /// An assessment, as text.
    pub(super) assessed: String,
    pub(super) origin: String,
    /// In whole minor units: before the coupon, and its share of that and of the tax; what is left of it without tax.
    pub(super) amount: i64,
    pub(super) coupon: i64,
    pub(super) tax: i64,
    pub(super) net: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    /// An assessment, as text.
    pub(super) assessed: String,
    pub(super) net: i64,
    pub(super) tax: i64,
    /// What its `carry` held before.
    #[serde(default)]
    pub(super) carry: i64,
}

impl Body {
    pub(super) fn of_plan(plan: &BillPlan, seller: BillParty, buyer: BillParty) -> Body {
        let prices = match plan.prices {
            PricesAre::Net => "net",
            PricesAre::Gross => "gross",
        };
        let line = |planned: &farthing_core::bill::PlannedLine| Line {
            text: planned.line.text.clone(),
            product: planned.line.product.to_string(),
            from: planned.line.service.map(|service| service.first().to_string()),
            to: planned.line.service.map(|service| service.last().to_string()),
            quantity: planned.line.quantity.clone(),
            category: planned.line.category.as_ref().map(Name::to_string),
            exact: planned.line.amount.units(),
            assessed: planned.line.tax.to_text(),
            origin: origin_text(&planned.line.origin),
            amount: planned.amount.units(),
            coupon: planned.coupon.units(),
            tax: planned.tax.units(),
            net: planned.net.units(),
        };
        let group = |group: &farthing_core::bill::PlannedGroup| Group {
            assessed: group.assessment.to_text(),
            net: group.base.units(),
            tax: group.tax.units(),
            carry: group.carry_before.units(),
        };
        Body {
            currency: plan.currency.code().to_owned(),
            seller,
            buyer,
            prices: prices.to_owned(),
            lines: plan.lines.iter().map(line).collect(),
            groups: plan.groups.iter().map(group).collect(),
            brought_forward: plan.brought_forward.units(),
            ..Body::default()
        }
    }

    pub(super) fn text(&self) -> Result<String, EngineError> {
        serde_json::to_string(self).map_err(broken)
    }

    pub(super) fn parse(text: &str) -> Result<Body, EngineError> {
        serde_json::from_str(text).map_err(|error| broken(format!("a document cannot be read: {error}")))
    }

    /// The plan that it was issued by.
    pub(super) fn plan(&self) -> Result<BillPlan, EngineError> {
        let currency = Currency::parse(&self.currency).map_err(|_| broken("a document in no currency"))?;
        let money = |units| Money::from_units(units, currency);
        let mut carries = BTreeMap::new();
        for group in &self.groups {
            let assessment = Assessment::parse(&group.assessed).map_err(broken)?;
            carries.insert(assessment.group(), money(group.carry));
        }
        let lines = self.lines.iter().map(|line| line.read(currency)).collect::<Result<Vec<_>, _>>()?;
        let draft = DraftBill {
            currency,
            prices: if self.prices == "gross" { PricesAre::Gross } else { PricesAre::Net },
            lines,
            coupon: None,
            carries,
            balance: money(0),
            roll_below: None,
            last: false,
        };
        let mut plan = plan_bill(&draft).map_err(broken)?;
        // What was issued is what counts: a part of a payment that came again bears the part of its tax that came with it.
        for (planned, group) in plan.groups.iter_mut().zip(&self.groups) {
            (planned.base, planned.tax) = (money(group.net), money(group.tax));
        }
        Ok(plan)
    }

    /// What a credit note took back.
    pub(super) fn credited(&self) -> Result<(Vec<CreditedGroup>, Vec<CreditedLine>), EngineError> {
        let currency = Currency::parse(&self.currency).map_err(|_| broken("a document in no currency"))?;
        let money = |units| Money::from_units(units, currency);
        let mut groups = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let assessment = Assessment::parse(&group.assessed).map_err(broken)?;
            let (net, tax) = (money(group.net), money(group.tax));
            groups.push(CreditedGroup { group: assessment.group(), assessment, net, tax });
        }
        let lines = self.credited.iter().map(|(line, net)| CreditedLine { line: *line, net: money(*net) }).collect();
        Ok((groups, lines))
    }

    /// What of a bill can still be credited, after these notes about it, oldest first.
    pub(super) fn creditable(&self, notes: &[Body]) -> Result<Creditable, EngineError> {
        let mut creditable = Creditable::of(&self.plan()?);
        for note in notes {
            let (groups, lines) = note.credited()?;
            creditable = creditable.after(&groups, &lines).map_err(broken)?;
        }
        Ok(creditable)
    }
}

impl Line {
    fn read(&self, currency: Currency) -> Result<BillLine, EngineError> {
        let name = |text: &str| Name::parse(text).ok_or_else(|| broken(format!("a bill of the product {text:?}")));
        let date = |text: &Option<String>| -> Result<Option<CivilDate>, EngineError> {
            text.as_deref().map(CivilDate::parse).transpose().map_err(broken)
        };
        let service = match (date(&self.from)?, date(&self.to)?) {
            (Some(first), Some(last)) => ServicePeriod::try_new(first, last),
            _ => None,
        };
        Ok(BillLine {
            text: self.text.clone(),
            product: name(&self.product)?,
            service,
            quantity: self.quantity.clone(),
            category: self.category.as_deref().map(name).transpose()?,
            amount: Money::from_units(self.exact, currency),
            tax: Assessment::parse(&self.assessed).map_err(broken)?,
            origin: origin_from(&self.origin)?,
        })
    }
}

pub(super) fn origin_text(origin: &Origin) -> String {
    match origin {
        Origin::Accrued => "accrued".to_owned(),
        Origin::Advance(order) => format!("advance:{order}"),
        Origin::LateFee => "late_fee".to_owned(),
        Origin::TopUp => "top_up".to_owned(),
        Origin::BroughtForward(number) => format!("brought_forward:{number}"),
    }
}

fn origin_from(text: &str) -> Result<Origin, EngineError> {
    let (word, of) = text.split_once(':').unwrap_or((text, ""));
    Ok(match word {
        "accrued" => Origin::Accrued,
        "advance" => Origin::Advance(of.to_owned()),
        "late_fee" => Origin::LateFee,
        "top_up" => Origin::TopUp,
        "brought_forward" => Origin::BroughtForward(of.to_owned()),
        _ => return Err(broken(format!("a line of a bill that comes from {text:?}"))),
    })
}
