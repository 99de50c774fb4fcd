//! Payments, refunds and methods as they are told to whoever asks. Amounts are in units of the account's currency.

use farthing_core::ledger::TransferId;
use farthing_core::payment::{Dispute, MethodId, PaymentId, Progress, shown};
use farthing_core::time::Instant;
use farthing_store::{DisputeRow, MethodRow, PaymentRow, RefundPartRow, RefundRow, StoreError, Tx};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFacts {
    pub id: String,
    pub account: String,
    /// What its caller calls it; may be empty.
    pub reference: String,
    pub purpose: String,
    pub channel: String,
    pub provider: String,
    pub method: Option<String>,
    pub bill: Option<String>,
    pub net: i64,
    pub tax: i64,
    /// One word; see the core's `shown`.
    pub state: String,
    pub failure: String,
    pub failure_text: String,
    /// Where the customer goes on; may be empty.
    pub action: String,
    /// Why it was let through, held or refused.
    pub verdict: Vec<String>,
    pub refunded: i64,
    pub taken_back: i64,
    /// Microseconds since 1970.
    pub created: i64,
    pub changed: i64,
    pub succeeded: Option<i64>,
    pub transfer: Option<String>,
    /// A code to scan, or the page of a wallet, can be paid until then; microseconds since 1970.
    pub expires: Option<i64>,
    /// What a code to draw says; empty: there is only a page.
    #[serde(default)]
    pub code: String,
    /// It was paid after that.
    #[serde(default)]
    pub late: bool,
    /// What the customer paid, where that was in another currency than the account's.
    pub paid: Option<PaidFacts>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidFacts {
    pub amount: String,
    pub currency: String,
    /// How much of it is one of what was credited with its tax, as a decimal fraction.
    pub rate: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeFacts {
    pub reference: String,
    pub amount: i64,
    pub state: String,
    pub why: String,
    pub opened: i64,
    pub ended: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodFacts {
    pub id: String,
    pub account: String,
    pub provider: String,
    pub channel: String,
    pub brand: String,
    pub last4: String,
    /// `2027-03`; empty: it has no end.
    pub expires: String,
    pub country: String,
    pub funding: String,
    pub standing: String,
    pub default: bool,
    pub consented: Option<i64>,
    pub mandate: String,
    /// Where the customer goes on; may be empty.
    pub action: String,
    pub added: i64,
    pub ended: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundFacts {
    pub id: String,
    pub account: String,
    pub reference: String,
    pub amount: i64,
    pub state: String,
    pub reason: String,
    pub asked: i64,
    pub decided: Option<i64>,
    pub who: String,
    pub note: String,
    /// To which payments it goes, with its tax.
    pub parts: Vec<RefundPartFacts>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundPartFacts {
    pub payment: String,
    pub net: i64,
    pub tax: i64,
    pub state: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefillFacts {
    pub on: bool,
    pub threshold: i64,
    pub amount: i64,
    pub monthly_max: Option<i64>,
    /// Why nothing happens by itself now; empty: it is watched.
    pub inert: String,
    pub failures: i64,
    /// What was filled up in this calendar month.
    pub month_sum: i64,
    pub last: Option<i64>,
    /// The one under way.
    pub payment: Option<String>,
}

impl PaymentFacts {
    pub(crate) fn read(tx: &mut Tx<'_>, account: &str, row: &PaymentRow) -> Result<PaymentFacts, StoreError> {
        let (disputes, code, paid) = (tx.disputes_of(row.id)?, tx.payment_code(row.id)?, tx.payment_paid(row.id)?);
        let disputes = disputes.as_slice();
        let until = code.as_ref().map(|code| code.until);
        Ok(PaymentFacts {
            id: row.id.to_string(),
            account: account.to_owned(),
            reference: row.once.clone(),
            purpose: row.purpose.name().to_owned(),
            channel: row.channel.word().to_owned(),
            provider: row.provider.clone(),
            method: row.method.as_ref().map(MethodId::to_string),
            bill: row.bill.map(|bill| farthing_core::payment::BillId::from_bytes(bill).to_string()),
            net: row.net,
            tax: row.tax,
            state: shown(&progress_of(row, disputes), row.net, row.refunded).to_owned(),
            failure: row.failure.clone(),
            failure_text: row.failure_text.clone(),
            action: row.action.clone(),
            verdict: row.verdict.lines().map(str::to_owned).collect(),
            refunded: row.refunded,
            taken_back: row.taken_back,
            created: row.created.micros(),
            changed: row.changed.micros(),
            succeeded: row.succeeded.map(Instant::micros),
            transfer: row.transfer.as_ref().map(TransferId::to_string),
            expires: until.map(Instant::micros),
            code: code.map(|code| code.code).unwrap_or_default(),
            late: row.succeeded.zip(until).is_some_and(|(at, until)| at > until),
            paid: paid.as_ref().map(super::codes::paid_facts),
        })
    }

    /// Its id, as it can be asked for.
    pub fn payment_id(&self) -> Option<PaymentId> {
        PaymentId::parse(&self.id).ok()
    }
}

impl DisputeFacts {
    pub(crate) fn of(row: &DisputeRow) -> DisputeFacts {
        DisputeFacts {
            reference: row.reference.clone(),
            amount: row.amount,
            state: row.state.name().to_owned(),
            why: row.why.clone(),
            opened: row.opened.micros(),
            ended: row.ended.map(Instant::micros),
        }
    }
}

impl MethodFacts {
    pub(crate) fn of(account: &str, row: &MethodRow, default: bool) -> MethodFacts {
        MethodFacts {
            id: row.id.to_string(),
            account: account.to_owned(),
            provider: row.provider.clone(),
            channel: row.facts.channel.word().to_owned(),
            brand: row.facts.brand.clone(),
            last4: row.facts.last4.clone(),
            expires: row.facts.expires.map(|expires| expires.to_string()).unwrap_or_default(),
            country: row.facts.country.clone(),
            funding: row.facts.funding.map(|funding| funding.word().to_owned()).unwrap_or_default(),
            standing: row.standing.name().to_owned(),
            default,
            consented: row.consented.map(Instant::micros),
            mandate: row.mandate.clone(),
            action: row.action.clone(),
            added: row.added.micros(),
            ended: row.ended.map(Instant::micros),
        }
    }
}

impl RefundFacts {
    pub(crate) fn of(account: &str, row: &RefundRow, parts: &[RefundPartRow]) -> RefundFacts {
        let part = |part: &RefundPartRow| RefundPartFacts {
            payment: part.payment.to_string(),
            net: part.net,
            tax: part.tax,
            state: part.state.name().to_owned(),
        };
        RefundFacts {
            id: row.id.to_string(),
            account: account.to_owned(),
            reference: row.once.clone(),
            amount: row.amount,
            state: row.state.name().to_owned(),
            reason: row.reason.clone(),
            asked: row.asked.micros(),
            decided: row.decided.map(Instant::micros),
            who: row.who.clone(),
            note: row.note.clone(),
            parts: parts.iter().map(part).collect(),
        }
    }
}

pub(crate) fn progress_of(row: &PaymentRow, disputes: &[DisputeRow]) -> Progress {
    let known = |row: &DisputeRow| Dispute { reference: row.reference.clone(), state: row.state };
    Progress { state: row.state, disputes: disputes.iter().map(known).collect() }
}

/// As its owner knows it.
pub(crate) fn label(brand: &str, last4: &str) -> String {
    format!("{brand} {last4}").trim().to_owned()
}
