//! What stands on a document, as it is stored: one JSON text, written once, from which what is credited later is worked out.

use super::broken;
use super::facts::{BillParty, UsedFacts};
use crate::EngineError;
use farthing_core::bill::{
    BillLine, BillPlan, BilledGroup, BilledLine, Creditable, CreditedGroup, CreditedLine, Origin,
};
use farthing_core::config::Name;
use farthing_core::ledger::Chart;
use farthing_core::money::{Currency, Money};
use farthing_core::policy::PricesAre;
use farthing_core::tax::{Assessment, TaxGroup};
use serde::{Deserialize, Serialize};

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
    /// What coupons took off, by the code of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) coupons: Vec<(String, i64)>,
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
    /// Of what was used: what it cost, whatever paid it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) used: Option<UsedFacts>,
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
            used: planned.line.used.map(UsedFacts::from),
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
            coupons: plan.coupons.iter().map(|coupon| (coupon.text.clone(), coupon.amount.units())).collect(),
            brought_forward: plan.brought_forward.units(),
            ..Body::default()
        }
    }

    /// Of what was used, as it was charged: nothing of it is asked for.
    pub(super) fn of_used(currency: Currency, lines: &[BillLine], seller: BillParty, buyer: BillParty) -> Body {
        let line = |line: &BillLine| {
            let used = line.used.unwrap_or_default();
            Line {
                text: line.text.clone(),
                product: line.product.to_string(),
                from: line.service.map(|service| service.first().to_string()),
                to: line.service.map(|service| service.last().to_string()),
                quantity: line.quantity.clone(),
                category: line.category.as_ref().map(Name::to_string),
                exact: used.net,
                assessed: line.tax.to_text(),
                origin: origin_text(&line.origin),
                amount: used.net,
                coupon: 0,
                tax: 0,
                net: used.net,
                used: Some(used.into()),
            }
        };
        let lines = lines.iter().map(line).collect();
        Body { currency: currency.code().to_owned(), seller, buyer, prices: "net".to_owned(), lines, ..Body::default() }
    }

    /// Of what was paid already, with the one tax it bears.
    pub(super) fn of_paid(
        currency: Currency,
        lines: &[BillLine],
        tax: &Assessment,
        seller: BillParty,
        buyer: BillParty,
    ) -> Body {
        let mut body = Body::of_used(currency, lines, seller, buyer);
        for (line, planned) in body.lines.iter_mut().zip(lines) {
            let amount = planned.amount.units();
            (line.exact, line.amount, line.net, line.used) = (amount, amount, amount, None);
        }
        let net = body.lines.iter().map(|line| line.net).fold(0, i64::saturating_add);
        body.groups = vec![Group { assessed: tax.to_text(), net, tax: 0, carry: 0 }];
        body
    }

    pub(super) fn text(&self) -> Result<String, EngineError> {
        serde_json::to_string(self).map_err(broken)
    }

    pub(super) fn parse(text: &str) -> Result<Body, EngineError> {
        serde_json::from_str(text).map_err(|error| broken(format!("a document cannot be read: {error}")))
    }

    /// What a credit note took back.
    pub(super) fn credited(&self) -> Result<(Vec<CreditedGroup>, Vec<CreditedLine>), EngineError> {
        let currency = self.currency()?;
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
        let currency = self.currency()?;
        let money = |units| Money::from_units(units, currency);
        let mut groups = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let assessment = Assessment::parse(&group.assessed).map_err(broken)?;
            groups.push(BilledGroup { assessment, base: money(group.net), tax: money(group.tax) });
        }
        let mut lines = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            lines.push(BilledLine { group: line.group()?, net: money(line.net) });
        }
        let mut creditable = Creditable::billed(currency, groups, lines);
        for note in notes {
            let (groups, lines) = note.credited()?;
            creditable = creditable.after(&groups, &lines).map_err(broken)?;
        }
        Ok(creditable)
    }

    pub(super) fn currency(&self) -> Result<Currency, EngineError> {
        currency_from(&self.currency)
    }
}

/// The currency of a document, without the rest of it.
pub(super) fn currency_of(text: &str) -> Result<Currency, EngineError> {
    #[derive(Deserialize)]
    struct Head {
        currency: String,
    }
    let head: Head =
        serde_json::from_str(text).map_err(|error| broken(format!("a document cannot be read: {error}")))?;
    currency_from(&head.currency)
}

fn currency_from(code: &str) -> Result<Currency, EngineError> {
    Currency::parse(code).map_err(|_| broken("a document in no currency"))
}

impl Line {
    /// None for a sum brought forward: it is taxed on its own bill.
    pub(super) fn group(&self) -> Result<Option<TaxGroup>, EngineError> {
        if self.origin.starts_with("brought_forward:") {
            return Ok(None);
        }
        Ok(Some(Assessment::parse(&self.assessed).map_err(broken)?.group()))
    }

    /// What earlier lateness cost, and what earlier bills left: no fee is on that.
    pub(super) fn is_no_principal(&self) -> bool {
        matches!(origin_from(&self.origin), Some(Origin::LateFee(_) | Origin::BroughtForward(_)))
    }

    /// Where it stood in the ledger before it was billed, and what is credited of it stands again.
    pub(super) fn chart(&self) -> Chart {
        match self.origin.split_once(':') {
            Some(("advance", order)) => Chart::Deferred(order.to_owned()),
            Some(("late_fee", _)) => Chart::LateFees,
            _ => Chart::Revenue(self.product.clone()),
        }
    }
}

pub(super) fn origin_text(origin: &Origin) -> String {
    match origin {
        Origin::Accrued => "accrued".to_owned(),
        Origin::Advance(order) => format!("advance:{order}"),
        Origin::LateFee(bill) => format!("late_fee:{bill}"),
        Origin::TopUp => "top_up".to_owned(),
        Origin::BroughtForward(number) => format!("brought_forward:{number}"),
    }
}

pub(super) fn origin_from(text: &str) -> Option<Origin> {
    let of = |(word, of): (&str, &str)| match word {
        "advance" => Some(Origin::Advance(of.to_owned())),
        "late_fee" => Some(Origin::LateFee(of.to_owned())),
        "brought_forward" => Some(Origin::BroughtForward(of.to_owned())),
        _ => None,
    };
    match text {
        "accrued" => Some(Origin::Accrued),
        "top_up" => Some(Origin::TopUp),
        other => other.split_once(':').and_then(of),
    }
}
