//! Documents as they are told to whoever asks. Amounts are in units of the currency.

use super::body::Body;
use crate::folio::Work;
use crate::{Engine, EngineError, Refused};
use farthing_core::bill::{BillState, Used};
use farthing_core::money::{Currency, Money};
use farthing_core::notice::{BillTold, Event};
use farthing_core::payment::{BillId, PaymentId};
use farthing_core::tax::Assessment;
use farthing_core::time::Instant;
use farthing_store::{BillFilter, BillKind, BillRow, Tx};
use serde::{Deserialize, Serialize};

/// One of the two whom a document is between, as they were when it was issued.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillParty {
    /// As the cloud calls it; empty: the cloud itself.
    #[serde(default)]
    pub account: String,
    pub name: String,
    pub address: String,
    pub country: String,
    pub region: String,
    pub tax_number: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillFacts {
    pub id: String,
    pub account: String,
    /// `bill`, `receipt` or `credit_note`.
    pub kind: String,
    /// Empty: it is about to get one.
    pub number: String,
    /// Of a bill; a receipt and a credit note are `issued` for ever.
    pub state: String,
    pub currency: String,
    /// Microseconds since 1970.
    pub issued: i64,
    pub due_at: Option<i64>,
    pub net: i64,
    pub tax: i64,
    /// What earlier bills left.
    pub brought_forward: i64,
    pub total: i64,
    pub paid: i64,
    pub refunded: i64,
    pub charged_back: i64,
    pub credited: i64,
    pub given_back: i64,
    pub rolled: i64,
    /// What is due of it.
    pub due: i64,
    /// What of that an open dispute is about: it is not asked for.
    #[serde(default)]
    pub disputed: i64,
    /// Of a receipt or a credit note: the bill it is about. Of a bill: the one it was issued anew for.
    pub of: Option<String>,
    pub of_number: String,
    pub payment: Option<String>,
    pub transfer: Option<String>,
    /// Of a receipt: how it was paid.
    pub method: String,
    /// Of a credit note.
    pub reason: String,
    pub seller: BillParty,
    pub buyer: BillParty,
    /// Whether the lines' amounts are `net` or `gross`.
    pub prices: String,
    pub lines: Vec<BillLineFacts>,
    pub groups: Vec<BillGroup>,
    /// What coupons took off, by the code of each.
    #[serde(default)]
    pub coupons: Vec<(String, i64)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillLineFacts {
    pub text: String,
    pub product: String,
    /// The days it was supplied, both included.
    pub from: Option<String>,
    pub to: Option<String>,
    pub quantity: Option<String>,
    /// Before coupons.
    pub amount: i64,
    /// What coupons took off it.
    #[serde(default)]
    pub coupon: i64,
    /// What is left of it, without tax.
    #[serde(default)]
    pub net: i64,
    /// The group of taxes it is in.
    pub tax_group: String,
    /// `accrued`, `advance:…`, `late_fee:…`, `top_up`, `brought_forward:…`
    pub origin: String,
    /// Of what was used: all of it, and what paid it.
    #[serde(default)]
    pub used: Option<UsedFacts>,
}

/// What the use of a line cost, and what paid it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedFacts {
    /// Without the discount.
    pub list: i64,
    pub net: i64,
    pub credit: i64,
    pub balance: i64,
    /// By a bill: this one, unless some of it was billed before.
    pub unbilled: i64,
}

impl From<Used> for UsedFacts {
    fn from(used: Used) -> UsedFacts {
        let Used { list, net, credit, balance, unbilled } = used;
        UsedFacts { list, net, credit, balance, unbilled }
    }
}

impl From<UsedFacts> for Used {
    fn from(used: UsedFacts) -> Used {
        let UsedFacts { list, net, credit, balance, unbilled } = used;
        Used { list, net, credit, balance, unbilled }
    }
}

/// All that bears one tax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillGroup {
    /// `DE-19`
    pub group: String,
    /// `VAT`
    pub name: String,
    pub treatment: String,
    /// `19%`
    pub percent: String,
    pub reason: String,
    /// What the document has to say beside the amounts; may be empty.
    pub note: String,
    pub net: i64,
    pub tax: i64,
}

impl Engine {
    pub fn bill(&self, cloud: &str, id: BillId) -> Result<BillFacts, Refused> {
        self.store.read("bill", |tx| {
            let missing = || Refused::not_found("bill", &id.to_string());
            let row = tx.bill(id)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?;
            Ok(facts_of(tx, &row)?)
        })
    }

    pub fn bill_by_number(&self, cloud: &str, number: &str) -> Result<BillFacts, Refused> {
        self.store.read("bill", |tx| {
            let row = tx.bill_by_number(cloud, number)?.ok_or_else(|| Refused::not_found("bill", number))?;
            Ok(facts_of(tx, &row)?)
        })
    }

    /// A cloud's bills, receipts and credit notes, the newest first: those before one, at most so many.
    pub fn bills(
        &self,
        cloud: &str,
        account: Option<&str>,
        kind: Option<BillKind>,
        state: Option<BillState>,
        before: Option<BillId>,
        limit: usize,
    ) -> Result<Vec<BillFacts>, Refused> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.store.read("bills", |tx| {
            let account = match account {
                None => None,
                Some(name) => {
                    Some(tx.payer_by_name(cloud, name)?.ok_or_else(|| Refused::not_found("account", name))?.id)
                }
            };
            let rows = tx.bills(cloud, &BillFilter { account, kind, state }, before, limit)?;
            let mut facts = Vec::with_capacity(rows.len());
            for row in &rows {
                facts.push(facts_of(tx, row)?);
            }
            Ok(facts)
        })
    }
}

/// As events tell of it.
pub(super) fn told_of(
    tx: &mut Tx<'_>,
    row: &BillRow,
    account: String,
    currency: Currency,
) -> Result<BillTold, EngineError> {
    let of = match row.of {
        Some(of) => tx.bill(of)?.map(|of| of.number).unwrap_or_default(),
        None => String::new(),
    };
    let money = |units| Money::from_units(units, currency);
    Ok(BillTold {
        account,
        bill: row.id.to_string(),
        number: row.number.clone(),
        total: money(row.total),
        tax: money(row.tax),
        owed: money(if row.kind == BillKind::Bill { row.owed_units() } else { 0 }),
        due: row.due,
        of,
    })
}

/// Tells of what has just happened to it.
pub(super) fn tell_bill(
    work: &mut Work<'_, '_>,
    row: &BillRow,
    event: fn(BillTold) -> Event,
) -> Result<(), EngineError> {
    let currency = work.currency();
    let account = work.tx.payer_name(row.account)?;
    let told = told_of(work.tx, row, account, currency)?;
    work.tell(Some(row.account), event(told));
    Ok(())
}

pub(crate) fn facts_of(tx: &mut Tx<'_>, row: &BillRow) -> Result<BillFacts, EngineError> {
    let body = Body::parse(&row.body)?;
    let account = tx.payer_name(row.account)?;
    let of_number = match row.of {
        Some(of) => tx.bill(of)?.map(|of| of.number).unwrap_or_default(),
        None => String::new(),
    };
    let mut lines = Vec::with_capacity(body.lines.len());
    for line in body.lines {
        let assessment = Assessment::parse(&line.assessed).map_err(super::broken)?;
        lines.push(BillLineFacts {
            text: line.text,
            product: line.product,
            from: line.from,
            to: line.to,
            quantity: line.quantity,
            amount: line.amount,
            coupon: line.coupon,
            net: line.net,
            tax_group: assessment.group().to_string(),
            origin: line.origin,
            used: line.used,
        });
    }
    let mut groups = Vec::with_capacity(body.groups.len());
    for group in body.groups {
        let assessment = Assessment::parse(&group.assessed).map_err(super::broken)?;
        groups.push(BillGroup {
            group: assessment.group().to_string(),
            name: assessment.name().to_owned(),
            treatment: assessment.treatment().word().to_owned(),
            percent: assessment.percent().to_string(),
            reason: assessment.reason().to_owned(),
            note: assessment.note().unwrap_or_default().to_owned(),
            net: group.net,
            tax: group.tax,
        });
    }
    let is_bill = row.kind == BillKind::Bill;
    Ok(BillFacts {
        id: row.id.to_string(),
        account,
        kind: row.kind.word().to_owned(),
        number: row.number.clone(),
        state: if is_bill { row.state } else { BillState::Issued }.word().to_owned(),
        currency: body.currency,
        issued: row.issued.micros(),
        due_at: row.due.map(Instant::micros),
        net: row.net,
        tax: row.tax,
        brought_forward: body.brought_forward,
        total: row.total,
        paid: row.paid,
        refunded: row.refunded,
        charged_back: row.charged_back,
        credited: row.credited,
        given_back: row.given_back,
        rolled: row.rolled,
        due: if is_bill { row.due_units() } else { 0 },
        disputed: row.disputed,
        of: row.of.map(|of| of.to_string()),
        of_number,
        payment: row.payment.as_ref().map(PaymentId::to_string),
        transfer: row.transfer.map(|transfer| transfer.to_string()),
        method: body.method,
        reason: body.reason,
        seller: body.seller,
        buyer: body.buyer,
        prices: body.prices,
        lines,
        groups,
        coupons: body.coupons,
    })
}
