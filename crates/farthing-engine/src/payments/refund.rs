//! Money back (R19, R61, R98): what was paid and not used, to where it came from, the newest payment first; never a gift. It is asked, approved
//! as the policy says, and sent. From its approval on it is no longer on the balance.

use super::errands::send_errand;
use super::facts::RefundFacts;
use super::take_news::refund_told;
use crate::asked::Note;
use crate::folio::Work;
use crate::open_project::account_ever;
use crate::tax::tax_part;
use crate::top_up::positive;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::ledger::posting::{self, Refund, RefundTaxed, Stamp};
use farthing_core::ledger::{Chart, OwnerId, TransferId};
use farthing_core::money::Money;
use farthing_core::notice::Event;
use farthing_core::payment::{ErrandKind, PartState, PaymentLeft, RefundId, RefundState, refundable, split, tax_back};
use farthing_core::policy::Approval;
use farthing_core::settle::Question;
use farthing_store::{PayerRow, RefundFilter, RefundPartRow, RefundRow};
use serde_json::json;

/// Money that somebody wants back.
#[derive(Clone, Debug)]
pub struct NewRefund {
    pub account: String,
    /// Net; none: all that can be given back.
    pub amount: Option<Money>,
    pub reason: String,
    /// What its caller calls it: asked again with the same one, it is there.
    pub reference: Option<String>,
    /// An operator asks, on their own account: the policy's word on who approves is not needed, and it need not allow refunds.
    pub by_operator: bool,
}

impl Engine {
    pub fn refund(&self, cloud: &str, wanted: &NewRefund) -> Result<RefundFacts, Refused> {
        let own = wanted.clone();
        let ask = move |work: &mut Work<'_, '_>| ask_for(work, &own);
        self.ask_outside("refund", cloud, ask, |facts| self.sent_at_once(cloud, &facts))
    }

    /// An operator decides about one that waits.
    pub fn decide_refund(&self, cloud: &str, id: RefundId, approve: bool, note: &str) -> Result<RefundFacts, Refused> {
        let note = note.to_owned();
        let who = self.asked.as_ref().map_or_else(|| "operator".to_owned(), |asked| asked.who.clone());
        let decide = move |work: &mut Work<'_, '_>| {
            let (payer, mut row) = refund_locked(work, id)?;
            match (row.state, approve) {
                (RefundState::Asked, true) => approve_it(work, &payer, &mut row, &who, &note)?,
                (RefundState::Asked, false) => {
                    (row.state, row.decided) = (RefundState::Refused, Some(work.now));
                    (row.who, row.note) = (who.clone(), note.clone());
                    work.tx.refund_write(&row)?;
                    let told = refund_told(work, &payer, &row, note.clone());
                    work.tell(Some(payer.id), Event::RefundRefused(told));
                }
                (RefundState::Refused, false)
                | (RefundState::Approved | RefundState::Sent | RefundState::Failed, true) => {}
                (RefundState::Refused, true)
                | (RefundState::Approved | RefundState::Sent | RefundState::Failed, false) => {
                    let what = format!("refund {id} is {} already", row.state.name());
                    return Err(Refused::new(RefusalCode::Conflict, what));
                }
            }
            let told = json!({ "refund": id.to_string(), "state": row.state.name(), "note": note });
            work.notes.push(Note::new("refund.decided", format!("account {}", payer.name)).became(&told));
            facts_of(work, &payer, &row)
        };
        self.ask_outside("decide_refund", cloud, decide, |facts| self.sent_at_once(cloud, &facts))
    }

    fn sent_at_once(&self, cloud: &str, facts: &RefundFacts) -> Result<RefundFacts, Refused> {
        let Ok(id) = RefundId::parse(&facts.id) else { return Ok(facts.clone()) };
        self.run_errand_of(&id.to_bytes())?;
        self.refund_facts(cloud, id)
    }

    pub fn refund_facts(&self, cloud: &str, id: RefundId) -> Result<RefundFacts, Refused> {
        self.store.read("refund", |tx| {
            let missing = || Refused::not_found("refund", &id.to_string());
            let row = tx.refund(id)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?;
            let name = tx.payer_name(row.account)?;
            Ok(RefundFacts::of(&name, &row, &tx.refund_parts(id)?))
        })
    }

    /// A cloud's refunds, the newest first: those before one, at most so many.
    pub fn refunds(
        &self,
        cloud: &str,
        account: Option<&str>,
        state: Option<RefundState>,
        before: Option<RefundId>,
        limit: usize,
    ) -> Result<Vec<RefundFacts>, Refused> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.store.read("refunds", |tx| {
            let account = match account {
                None => None,
                Some(name) => {
                    Some(tx.payer_by_name(cloud, name)?.ok_or_else(|| Refused::not_found("account", name))?.id)
                }
            };
            let mut facts = Vec::new();
            for row in tx.refunds(cloud, &RefundFilter { account, state }, before, limit)? {
                let name = tx.payer_name(row.account)?;
                facts.push(RefundFacts::of(&name, &row, &tx.refund_parts(row.id)?));
            }
            Ok(facts)
        })
    }

    /// What could be given back now, in whole coins.
    pub fn refundable(&self, cloud: &str, account: &str) -> Result<Money, Refused> {
        let account = account.to_owned();
        self.work("refundable", cloud, move |work| {
            let payer = account_ever(work, &account)?;
            let now = work.now;
            work.load(&[payer.id])?;
            work.bring_to(payer.id, now)?;
            let most = most_of(work, &payer)?;
            Ok(work.money(most))
        })
    }
}

fn refund_locked(work: &mut Work<'_, '_>, id: RefundId) -> Result<(PayerRow, RefundRow), Refused> {
    let cloud = work.cloud.id.clone();
    let missing = || Refused::not_found("refund", &id.to_string());
    let account = work.tx.refund(id)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?.account;
    work.load(&[account])?;
    let row = work.tx.refund(id)?.ok_or_else(missing)?;
    let now = work.now;
    work.bring_to(account, now)?;
    Ok((work.folio(account).payer.clone(), row))
}

fn facts_of(work: &mut Work<'_, '_>, payer: &PayerRow, row: &RefundRow) -> Result<RefundFacts, Refused> {
    Ok(RefundFacts::of(&payer.name, row, &work.tx.refund_parts(row.id)?))
}

/// What may be given back: unheld cash less debt and what has accrued, as far as payments reach that it came from.
fn most_of(work: &mut Work<'_, '_>, payer: &PayerRow) -> Result<i64, EngineError> {
    let now = work.now.floor_second();
    let minor = work.currency().units_per_minor();
    let figures = work.folio(payer.id).book.figures(now, Question::Standing)?;
    let held = work.folio(payer.id).held;
    let free = refundable(figures.cash, held, figures.debt, figures.accrued_prepaid, minor);
    let paid: i64 = left_of(work, payer)?.iter().map(|payment| payment.left).fold(0, i64::saturating_add);
    Ok(free.min(paid))
}

fn left_of(work: &mut Work<'_, '_>, payer: &PayerRow) -> Result<Vec<PaymentLeft>, EngineError> {
    let rows = work.tx.payments_refundable(payer.id)?;
    let left = |row: &farthing_store::PaymentRow| PaymentLeft {
        id: row.id,
        left: row.net.saturating_sub(row.refunded).saturating_sub(row.taken_back),
    };
    Ok(rows.iter().map(left).collect())
}

fn ask_for(work: &mut Work<'_, '_>, wanted: &NewRefund) -> Result<RefundFacts, Refused> {
    let payer = account_ever(work, &wanted.account)?;
    let now = work.now;
    work.load(&[payer.id])?;
    work.bring_to(payer.id, now)?;
    let cloud = work.cloud.id.clone();
    if let Some(reference) = &wanted.reference
        && let Some(there) = work.tx.refund_by_once(&cloud, reference)?
    {
        let same = there.account == payer.id && wanted.amount.is_none_or(|amount| amount.units() == there.amount);
        if same {
            return facts_of(work, &payer, &there);
        }
        let what = format!("refund {reference:?} was of another amount, or of another account");
        return Err(Refused::new(RefusalCode::IdReused, what));
    }
    let policy = work.policy_at(now)?.refund.clone();
    if !policy.unconsumed_cash && !wanted.by_operator {
        let what = "this cloud gives no unconsumed money back: ask its support";
        return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
    }
    let most = most_of(work, &payer)?;
    let units = match wanted.amount {
        Some(amount) => positive(work, amount)?,
        None => most,
    };
    if units > most || units <= 0 {
        let what = format!(
            "{} can be given back now: what was paid in, is not used, not held and not owed; credit is never paid out",
            work.money(most).plain()
        );
        return Err(Refused::new(RefusalCode::InsufficientBalance, what));
    }
    if work.money(units).to_minor().is_err() {
        let what = "an amount below the smallest coin cannot be paid out";
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    let mut row = RefundRow {
        id: work.ids.id(now),
        cloud,
        account: payer.id,
        once: wanted.reference.clone().unwrap_or_default(),
        amount: units,
        state: RefundState::Asked,
        reason: wanted.reason.clone(),
        asked: now,
        decided: None,
        who: String::new(),
        note: String::new(),
    };
    work.tx.refund_insert(&row)?;
    let told = json!({ "refund": row.id.to_string(), "amount": work.money(units).plain(), "reason": row.reason });
    work.notes.push(Note::new("refund.asked", format!("account {}", payer.name)).became(&told));
    if wanted.by_operator || policy.approval == Approval::Automatic {
        approve_it(work, &payer, &mut row, "policy", "")?;
    } else {
        let told = refund_told(work, &payer, &row, String::new());
        work.tell(Some(payer.id), Event::RefundRequested(told));
    }
    facts_of(work, &payer, &row)
}

/// What a closed account has left is asked back by itself, where the policy gives money back.
pub(crate) fn refund_rest(work: &mut Work<'_, '_>, payer: &PayerRow) -> Result<(), Refused> {
    let now = work.now;
    if !work.policy_at(now)?.refund.unconsumed_cash || most_of(work, payer)? <= 0 {
        return Ok(());
    }
    let rest = NewRefund {
        account: payer.name.clone(),
        amount: None,
        reason: "the account was closed".to_owned(),
        reference: None,
        by_operator: false,
    };
    ask_for(work, &rest).map(drop)
}

/// Takes it off the balance, payment by payment, and sends each part on its way. What has become too much since it was asked is refused.
fn approve_it(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &mut RefundRow,
    who: &str,
    note: &str,
) -> Result<(), Refused> {
    let now = work.now;
    work.post_all(payer.id, now)?;
    work.flush_postings()?;
    let most = most_of(work, payer)?;
    if row.amount > most {
        let what =
            format!("only {} can be given back by now: the rest was used, held or owed", work.money(most).plain());
        return Err(Refused::new(RefusalCode::InsufficientBalance, what));
    }
    let parts = split(row.amount, &left_of(work, payer)?).map_err(|short| {
        let what = format!("only {} came in by payments that can take it back", work.money(short.most).plain());
        Refused::new(RefusalCode::InsufficientBalance, what)
    })?;
    let refund_due = refund_due(work, payer.id)?;
    let commodity = work.books()?.commodity;
    for (number, (payment, net)) in (1_i64..).zip(parts) {
        let mut paid =
            work.tx.payment(payment)?.ok_or_else(|| farthing_store::StoreError::corrupt("a payment is gone"))?;
        let minor = work.currency().units_per_minor();
        let tax = tax_back(paid.net, paid.tax, paid.refunded.saturating_add(paid.taken_back), net, minor);
        let taxes = tax_part(work, &paid.assessed, tax)?;
        let mut ids = work.stamp_ids();
        let mut first: Option<TransferId> = None;
        let mut ids = || {
            let id = ids();
            first.get_or_insert(id);
            id
        };
        let mut stamp = Stamp { ids: &mut ids, cause: None, effective: now.floor_second() };
        let facts = RefundTaxed { commodity, cash: payer.cash, refund_due, net, taxes: &taxes };
        let command = posting::refund_approved_taxed(&mut stamp, &facts);
        let outcome = work.tx.ledger_run(&[command], now)?;
        if outcome.iter().any(|outcome| !outcome.code.stands()) {
            let what = "not so much is available: something was reserved a moment ago";
            return Err(Refused::new(RefusalCode::InsufficientBalance, what));
        }
        let transfer = first.ok_or_else(|| farthing_store::StoreError::corrupt("a refund without a transfer"))?;
        let part = RefundPartRow {
            refund: row.id,
            part: number,
            payment,
            net,
            tax,
            state: PartState::Waiting,
            reference: String::new(),
            transfer,
        };
        work.tx.refund_part_insert(&part)?;
        paid.refunded = paid.refunded.saturating_add(net);
        paid.changed = now;
        work.tx.payment_write(&paid)?;
        crate::bills::taken_back(work, payer, payment, (net, tax), crate::bills::Back::Refunded, transfer)?;
        send_errand(work, payer.id, &paid.provider, ErrandKind::Refund, row.id.to_bytes(), number)?;
    }
    (row.state, row.decided) = (RefundState::Approved, Some(now));
    (row.who, row.note) = (who.to_owned(), note.to_owned());
    work.tx.refund_write(row)?;
    work.reload(payer.id)?;
    Ok(())
}

pub(super) fn refund_due(
    work: &mut Work<'_, '_>,
    owner: OwnerId,
) -> Result<farthing_core::ledger::AccountId, EngineError> {
    work.customer_account(owner, Chart::RefundDue)
}

/// It is on its way: the provider has it.
pub(super) fn book_sent(work: &mut Work<'_, '_>, account: OwnerId, part: &RefundPartRow) -> Result<(), Refused> {
    let (facts, at) = moved(work, account, part)?;
    let mut ids = work.stamp_ids();
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: at };
    let command = posting::refund_sent(&mut stamp, &facts);
    Ok(work.book(&[command])?)
}

/// It could not be sent, or came back: it is on the balance again, with the payment it came from.
pub(super) fn book_failed(work: &mut Work<'_, '_>, account: OwnerId, part: &RefundPartRow) -> Result<(), Refused> {
    let now = work.now;
    work.bring_to(account, now)?;
    work.post_all(account, now)?;
    work.flush_postings()?;
    let payment = work.tx.payment(part.payment)?;
    let assessed = payment.as_ref().map(|payment| payment.assessed.clone()).unwrap_or_default();
    let taxes = tax_part(work, &assessed, part.tax)?;
    let (facts, at) = moved(work, account, part)?;
    let Refund { commodity, cash, refund_due, .. } = facts;
    let mut fresh = work.stamp_ids();
    let mut last = None;
    let mut ids = || *last.insert(fresh());
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: at };
    let mut commands = Vec::new();
    if part.state == PartState::Sent {
        commands.push(posting::refund_returned(&mut stamp, &facts));
    }
    let back = RefundTaxed { commodity, cash, refund_due, net: part.net, taxes: &taxes };
    commands.push(posting::refund_given_up(&mut stamp, &back));
    work.book(&commands)?;
    if let Some(mut paid) = payment {
        paid.refunded = paid.refunded.saturating_sub(part.net).max(0);
        paid.changed = now;
        work.tx.payment_write(&paid)?;
        let payer = work.folio(account).payer.clone();
        if let Some(transfer) = last.filter(|_| paid.bill.is_none()) {
            crate::bills::credited_again(work, &payer, &paid, (part.net, part.tax), transfer)?;
        }
    }
    work.reload(account)?;
    // What was given back by hand may have left a debt, which this pays (R60).
    if work.folio(account).book.purse.debt > 0 {
        super::book_money::pay_arrears(work, account)?;
    }
    Ok(())
}

fn moved(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    part: &RefundPartRow,
) -> Result<(Refund, farthing_core::time::Instant), EngineError> {
    let name = work.tx.payment(part.payment)?.map(|payment| payment.provider).unwrap_or_default();
    let provider = work.book_account(Chart::Provider(name))?;
    let (commodity, cash) = (work.books()?.commodity, work.folio(account).payer.cash);
    let refund_due = refund_due(work, account)?;
    let amount = part.net.saturating_add(part.tax);
    Ok((Refund { commodity, cash, refund_due, provider, amount }, work.now.floor_second()))
}
