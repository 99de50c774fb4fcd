//! A bill that is wrong about its parties or its tax is taken back and issued anew, in one transaction: the same lines, for whom they are for now,
//! by the tax that is right now. Nothing may have been paid of it: what was paid is put right by credit notes.

use super::body::{Body, origin_from};
use super::broken;
use super::collect::collect;
use super::facts::{BillFacts, tell_bill};
use super::issue::{Terms, issue_bill_on};
use super::order_bill::void_bill;
use super::pay_bill::{bill_locked, payable};
use super::used::{tax_of_sales, untaxed};
use crate::asked::Note;
use crate::folio::Work;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::bill::{BillLine, BillState, Collection, Origin, ServicePeriod};
use farthing_core::config::Name;
use farthing_core::money::Money;
use farthing_core::notice::Event;
use farthing_core::payment::{BillId, PaymentId};
use farthing_core::tax::Assessment;
use farthing_core::time::CivilDate;
use farthing_store::{BillRow, PayerRow};
use serde_json::json;

impl Engine {
    /// The bill that takes its place.
    pub fn reissue_bill(&self, cloud: &str, bill: BillId, reason: &str) -> Result<BillFacts, Refused> {
        let reason = reason.to_owned();
        let anew = move |work: &mut Work<'_, '_>| reissue(work, bill, &reason);
        self.ask_outside("reissue_bill", cloud, anew, |(bill, payment): (String, Option<String>)| {
            if let Some(id) = payment.as_deref().and_then(|id| PaymentId::parse(id).ok()) {
                self.run_errand_of(&id.to_bytes())?;
            }
            self.bill(cloud, BillId::parse(&bill).map_err(|_| broken("a bill's id is none"))?)
        })
    }
}

fn reissue(work: &mut Work<'_, '_>, id: BillId, reason: &str) -> Result<(String, Option<String>), Refused> {
    let (row, _) = bill_locked(work, id)?;
    let body = Body::parse(&row.body)?;
    can_be_taken_back(work, &row, &body)?;
    let now = work.now;
    work.post_all(row.account, now)?;
    work.flush_postings()?;
    void_bill(work, id)?;
    work.reload(row.account)?;
    let payer = work.folio(row.account).payer.clone();
    let lines = lines_anew(work, &payer, &row, body)?;
    let balance = payable(work, payer.id);
    let terms = Terms { balance, due: None, dated: now, offered: &[], reserved: None, replaces: Some(id) };
    let issued = issue_bill_on(work, &payer, lines, &terms)?;
    let Some((fresh, collection)) = issued else {
        let what = format!("issued anew, bill {} would come to nothing: credit it instead", row.number);
        return Err(Refused::new(RefusalCode::Conflict, what));
    };
    if let Some(cut) = work.tx.bill_cut(id)? {
        work.tx.bill_cut_pass(&cut, fresh.id)?;
    }
    work.tx.purchases_rebill(id, fresh.id)?;
    work.tx.arrears_rebill(payer.id, id, fresh.id)?;
    let told = json!({ "bill": id.to_string(), "anew": fresh.id.to_string(), "reason": reason });
    work.notes.push(Note::new("bill.reissued", format!("account {}", payer.name)).became(&told));
    let taken_back = work.tx.bill(id)?.ok_or_else(|| broken(format!("bill {id} is gone")))?;
    tell_bill(work, &taken_back, Event::BillVoided)?;
    work.reload(payer.id)?;
    let payment = match collection {
        Collection::Collect(_) => collect(work, &payer, &fresh, &[])?,
        Collection::Nothing | Collection::Roll(_) | Collection::GiveBack(_) => None,
    };
    Ok((fresh.id.to_string(), payment.as_ref().map(PaymentId::to_string)))
}

fn can_be_taken_back(work: &mut Work<'_, '_>, row: &BillRow, body: &Body) -> Result<(), Refused> {
    let refused = |why: String| Err(Refused::new(RefusalCode::Conflict, why));
    let number = &row.number;
    if !matches!(row.state, BillState::Issued | BillState::Overdue) {
        return refused(format!("bill {number} is {}: only one that waits for its payment is issued anew", row.state));
    }
    if row.paid != 0 || row.credited != 0 {
        return refused(format!("a part of bill {number} is paid or credited: credit what is wrong about it"));
    }
    if !body.coupons.is_empty() {
        return refused(format!("a coupon was used on bill {number}: credit what is wrong about it"));
    }
    if let Some(dispute) = work.tx.bill_dispute_open(row.id)? {
        return refused(format!("dispute {} about bill {number} is open: decide it first", dispute.id));
    }
    if work.tx.payments_open(row.account)?.iter().any(|other| other.bill == Some(row.id.to_bytes())) {
        return refused(format!("a payment of bill {number} is on its way: wait for its end"));
    }
    Ok(())
}

fn lines_anew(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &BillRow,
    body: Body,
) -> Result<Vec<BillLine>, EngineError> {
    let mut lines = Vec::with_capacity(body.lines.len());
    for line in body.lines {
        let day = |text: Option<String>| text.and_then(|text| CivilDate::parse(&text).ok());
        let service = day(line.from).zip(day(line.to)).and_then(|(first, last)| ServicePeriod::try_new(first, last));
        let category = line.category.as_deref().and_then(Name::parse);
        let origin = origin_from(&line.origin).ok_or_else(|| broken(format!("a line from {:?}", line.origin)))?;
        let tax = match origin {
            Origin::Accrued | Origin::Advance(_) | Origin::TopUp => {
                tax_of_sales(work, payer, category.as_ref(), row.issued)?
            }
            Origin::LateFee(_) | Origin::BroughtForward(_) => {
                let reason = Assessment::parse(&line.assessed).map_err(broken)?.reason().to_owned();
                untaxed(work, payer, &reason)?
            }
        };
        lines.push(BillLine {
            text: line.text,
            product: Name::parse(&line.product).ok_or_else(|| broken("a line of no product"))?,
            service,
            quantity: line.quantity,
            category,
            amount: Money::from_units(line.exact, work.currency()),
            tax,
            origin,
            used: line.used.map(Into::into),
        });
    }
    Ok(lines)
}
