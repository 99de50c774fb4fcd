//! What follows from what a provider answers or tells. Both come here, in any order and any number of times: the core says what is new
//! about them, and all of it is written in one transaction.

use super::book_money::{Incoming, book_incoming};
use super::facts::progress_of;
use super::pay_in::told_of;
use super::refill::{refill_failed, refill_succeeded};
use crate::folio::Work;
use crate::tax::tax_part;
use crate::{Engine, EngineError, Refused};
use farthing_core::id::CauseId;
use farthing_core::ledger::posting::{self, Chargeback, ProviderFee, Stamp};
use farthing_core::ledger::{Chart, Kind, TransferId};
use farthing_core::money::Money;
use farthing_core::notice::{Event, MethodTold, RefundTold};
use farthing_core::payment::{
    Action, DisputeState, Effect, ErrandKind, MethodFacts, MethodId, MethodNews, MethodStanding, News, PartState,
    PaymentId, PaymentNews, Purpose, RefundId, RefundNews, RefundState, Told, tax_back,
};
use farthing_core::time::Instant;
use farthing_store::{DisputeRow, MethodRow, PayerRow, PaymentRow, RefundRow, StoreError};

impl Engine {
    /// Takes what a provider told by itself about something of this cloud; what it told before, or what nobody knows of, changes nothing.
    /// True: something was known of it.
    pub fn provider_told(&self, cloud: &str, provider: &str, told: &Told) -> Result<bool, Refused> {
        let (provider, told) = (provider.to_owned(), told.clone());
        self.work("provider_told", cloud, move |work| {
            let cloud = work.cloud.id.clone();
            match &told.news {
                News::Payment { reference, news } => {
                    let Some(row) = payment_of(work, &provider, &told, reference.as_deref())? else { return Ok(false) };
                    if row.cloud != cloud || row.provider != provider {
                        return Ok(false);
                    }
                    work.load(&[row.account])?;
                    // Under the account's lock, so that of fifty at once one is the first.
                    if work.tx.provider_event_keep(&provider, &told.id, work.now)? {
                        take_payment_news(work, row.id, reference.as_deref(), news)?;
                    }
                    Ok(true)
                }
                News::Refund { reference, news } => {
                    let known = match told.about.refund {
                        Some(ours) => Some(ours),
                        None => super::refund_outside::known_as(work, &provider, reference.as_deref())?,
                    };
                    let Some((id, part)) = known else {
                        return super::refund_outside::take(work, &provider, &told, reference.as_deref(), news);
                    };
                    let Some(refund) = work.tx.refund(id)?.filter(|refund| refund.cloud == cloud) else {
                        return Ok(false);
                    };
                    work.load(&[refund.account])?;
                    if work.tx.provider_event_keep(&provider, &told.id, work.now)? {
                        take_refund_news(work, id, part, reference.as_deref(), news)?;
                    }
                    Ok(true)
                }
                News::Method(news) => {
                    let mut known: Vec<MethodRow> = Vec::new();
                    if let Some(id) = told.about.method {
                        known.extend(work.tx.method(id)?);
                    } else if let Some(token) = &told.about.token {
                        known.extend(work.tx.methods_by_token(&provider, token)?);
                    }
                    known.retain(|method| method.cloud == cloud && method.provider == provider);
                    for method in &known {
                        work.load(&[method.account])?;
                    }
                    if !known.is_empty() && work.tx.provider_event_keep(&provider, &told.id, work.now)? {
                        for method in &known {
                            take_method_news(work, method.id, news)?;
                        }
                    }
                    Ok(!known.is_empty())
                }
                News::NotNow { .. } | News::Unknown { .. } | News::Never { .. } => Ok(false),
            }
        })
    }
}

fn payment_of(
    work: &mut Work<'_, '_>,
    provider: &str,
    told: &Told,
    reference: Option<&str>,
) -> Result<Option<PaymentRow>, EngineError> {
    if let Some(id) = told.about.payment {
        return Ok(work.tx.payment(id)?);
    }
    match told.about.reference.as_deref().or(reference) {
        Some(reference) => Ok(work.tx.payment_by_reference(provider, reference)?),
        None => Ok(None),
    }
}

/// A payment of this cloud whose account is locked, brought to now.
pub(super) fn payment_locked(work: &mut Work<'_, '_>, id: PaymentId) -> Result<(PaymentRow, PayerRow), Refused> {
    let missing = || Refused::not_found("payment", &id.to_string());
    let account = work.tx.payment(id)?.ok_or_else(missing)?.account;
    work.load(&[account])?;
    // Read again: whoever had the lock may have changed it.
    let row = work.tx.payment(id)?.ok_or_else(missing)?;
    let now = work.now;
    work.bring_to(account, now)?;
    let payer = work.folio(account).payer.clone();
    Ok((row, payer))
}

pub(crate) fn take_payment_news(
    work: &mut Work<'_, '_>,
    id: PaymentId,
    reference: Option<&str>,
    news: &PaymentNews,
) -> Result<(), Refused> {
    let (mut row, payer) = payment_locked(work, id)?;
    let disputes = work.tx.disputes_of(id)?;
    let mut progress = progress_of(&row, &disputes);
    let before = progress.state;
    let effects = progress.take(news);
    row.state = progress.state;
    // A page has a name of its own until somebody pays on it; what is told later of a payment names that alone.
    let names = row.reference.is_empty() || matches!(news, PaymentNews::Succeeded { .. });
    if let Some(reference) = reference.filter(|reference| names && !reference.is_empty()) {
        reference.clone_into(&mut row.reference);
    }
    row.changed = work.now;
    if let PaymentNews::Succeeded { paid: Some(paid), .. } = news {
        super::codes::keep_paid(work, &row, *paid)?; // before the receipt, which says it
    }
    for effect in effects {
        follow(work, &payer, &mut row, &disputes, news, effect)?;
    }
    if before != row.state && !row.state.is_open() {
        super::codes::decided(work, &mut row)?;
    }
    work.tx.payment_write(&row)?;
    if before != row.state && row.state == farthing_core::payment::State::Pending {
        let told = told_of(work, &payer, &row, String::new())?;
        work.tell(Some(payer.id), Event::PaymentPending(told));
    }
    Ok(())
}

/// It was asked for, and nobody knows whether it was done.
pub(super) fn payment_unknown(work: &mut Work<'_, '_>, id: PaymentId) -> Result<(), Refused> {
    let (mut row, _) = payment_locked(work, id)?;
    let mut progress = progress_of(&row, &[]);
    progress.unknown();
    if row.state != progress.state {
        row.state = progress.state;
        row.changed = work.now;
        work.tx.payment_write(&row)?;
    }
    Ok(())
}

fn follow(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &mut PaymentRow,
    disputes: &[DisputeRow],
    news: &PaymentNews,
    effect: Effect,
) -> Result<(), Refused> {
    match effect {
        Effect::Credit => {
            credit(work, payer, row)?;
            if let PaymentNews::Succeeded { method: Some(facts), .. } = news {
                keep_method(work, payer, row, facts)?;
            }
            Ok(())
        }
        Effect::Fee(fee) => book_fee(work, &row.provider, fee),
        Effect::Fail(failure) => {
            failure.code.name().clone_into(&mut row.failure);
            row.failure_text.clone_from(&failure.text);
            row.action.clear();
            let why = match row.purpose {
                Purpose::Bill => crate::bills::collect_failed(work, payer, row)?.told(&failure.text),
                Purpose::TopUp | Purpose::Refill => failure.text.clone(),
            };
            let told = told_of(work, payer, row, why)?;
            work.tell(Some(payer.id), Event::PaymentFailed(told));
            // What the bank will never take again is not tried again.
            if row.purpose == Purpose::Refill {
                refill_failed(work, payer, row)?;
            }
            Ok(())
        }
        Effect::Act(action) => {
            super::codes::opened(work, row, &action)?;
            let Action { url, .. } = action;
            row.action.clone_from(&url);
            let mut told = told_of(work, payer, row, String::new())?;
            told.url = url;
            work.tell(Some(payer.id), Event::PaymentActionNeeded(told));
            Ok(())
        }
        Effect::TakeBack { dispute, amount, fee, why } => take_back(work, payer, row, &dispute, amount, fee, why),
        Effect::GiveAgain { dispute } => give_again(work, payer, row, disputes, &dispute),
        Effect::StaysGone { dispute } => end_dispute(work, payer, row, disputes, &dispute, false),
    }
}

fn credit(work: &mut Work<'_, '_>, payer: &PayerRow, row: &mut PaymentRow) -> Result<(), Refused> {
    let now = work.now;
    let id = row.id.to_string();
    let money = Incoming {
        payer,
        net: row.net,
        tax: row.tax,
        assessed: &row.assessed,
        provider: &row.provider.clone(),
        // Once for ever, whoever tells it.
        cause: Some(CauseId::derive(Instant::EPOCH, &[b"payment", &row.id.to_bytes()])),
        came: now,
        reference: Some(if row.once.is_empty() { id.clone() } else { row.once.clone() }),
        called: id,
        payment: Some(row.id),
    };
    let first =
        if row.bill.is_some() { crate::bills::paid_by(work, payer, row)? } else { book_incoming(work, &money)? };
    row.transfer = Some(first);
    row.succeeded = Some(now);
    row.failure.clear();
    row.failure_text.clear();
    row.action.clear();
    if row.purpose == Purpose::Refill {
        refill_succeeded(work, payer, row)?;
    }
    Ok(())
}

/// What paid is kept, as its owner agreed; where it is the first, it is the default (R15).
fn keep_method(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &mut PaymentRow,
    facts: &MethodFacts,
) -> Result<(), Refused> {
    row.fingerprint.clone_from(&facts.fingerprint);
    if !row.keeps || row.method.is_some() || facts.token.is_empty() {
        return Ok(());
    }
    let methods = work.tx.methods_of(payer.id)?;
    if let Some(there) = methods.iter().find(|method| method.facts.token == facts.token) {
        row.method = Some(there.id);
        return Ok(());
    }
    let method =
        super::keep_methods::insert_method(work, payer, &row.provider.clone(), facts, MethodStanding::Ready, true)?;
    row.method = Some(method.id);
    super::refill::watch(work, payer.id)?;
    Ok(())
}

/// In the currency that the provider keeps it in: where it settles in another than its payments have, the books have it there.
fn book_fee(work: &mut Work<'_, '_>, provider: &str, fee: Money) -> Result<(), Refused> {
    let at = work.now.floor_second();
    let commodity = work.tx.commodity_ensure_currency(fee.currency())?;
    let fees = work.book_account_in(Chart::Fees, commodity)?;
    let provider = work.book_account_in(Chart::Provider(provider.to_owned()), commodity)?;
    let mut ids = work.stamp_ids();
    let mut stamp = Stamp { ids: &mut ids, cause: None, effective: at };
    let facts = ProviderFee { commodity, fees, provider, amount: fee.units() };
    Ok(work.book(&[posting::provider_fee(&mut stamp, &facts)])?)
}

/// A bank takes it back: out of the cash as far as it reaches, the rest is debt.
fn take_back(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &mut PaymentRow,
    dispute: &str,
    amount: Money,
    fee: Option<Money>,
    why: String,
) -> Result<(), Refused> {
    let now = work.now;
    work.post_all(payer.id, now)?;
    work.flush_postings()?;
    let gross = amount.units().clamp(0, row.gross());
    let own = fee.filter(|fee| fee.currency() == work.currency());
    if let (None, Some(fee)) = (own, fee.filter(|fee| fee.is_positive())) {
        book_fee(work, &row.provider, fee)?;
    }
    let fee = own.map_or(0, Money::units);
    let cause = CauseId::derive(Instant::EPOCH, &[b"dispute", row.provider.as_bytes(), dispute.as_bytes()]);
    let left = row.net.saturating_sub(row.refunded).saturating_sub(row.taken_back).max(0);
    let made = if row.bill.is_some() {
        let made = crate::bills::charged_back(work, payer, row, (gross, fee), cause)?;
        row.taken_back = row.taken_back.saturating_add(gross.min(left));
        made
    } else {
        take_back_credit(work, payer, row, (gross, fee, left), cause)?
    };
    work.reload(payer.id)?;
    let kept = DisputeRow {
        provider: row.provider.clone(),
        reference: dispute.to_owned(),
        payment: row.id,
        amount: gross,
        state: DisputeState::Open,
        why: why.clone(),
        opened: now,
        ended: None,
        transfers: made,
    };
    work.tx.dispute_put(&kept)?;
    let told = told_of(work, payer, row, why)?;
    work.tell(Some(payer.id), Event::PaymentDisputed(told));
    Ok(())
}

/// What was credited, and the tax that was paid with it; the transfers that took it.
fn take_back_credit(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &mut PaymentRow,
    (gross, fee, left): (i64, i64, i64),
    cause: CauseId,
) -> Result<Vec<TransferId>, Refused> {
    let now = work.now;
    let minor = work.currency().units_per_minor();
    let tax = tax_of(row, gross, left, minor);
    let net = gross.saturating_sub(tax);
    let (provider, fees) = (work.book_account(Chart::Provider(row.provider.clone()))?, work.book_account(Chart::Fees)?);
    let commodity = work.books()?.commodity;
    let taxes = tax_part(work, &row.assessed, tax)?;
    let debt = work.debt_account(payer.id)?;
    let cash_balance = work.folio(payer.id).book.purse.cash;
    let facts = Chargeback { commodity, cash: payer.cash, cash_balance, debt, provider, fees, amount: net, fee };
    let mut made = Vec::new();
    let mut fresh = work.stamp_ids();
    let mut ids = || {
        let id = fresh();
        made.push(id);
        id
    };
    let mut stamp = Stamp { ids: &mut ids, cause: Some(cause), effective: now.floor_second() };
    let command = posting::chargeback_taxed(&mut stamp, &facts, &taxes);
    work.book(&[command])?;
    // The fee stays, however it ends: it comes after what was taken, which is one transfer or two.
    if fee > 0 {
        let taken = usize::from(net.min(cash_balance.max(0)) > 0) + usize::from(net > cash_balance.max(0));
        made.remove(taken);
    }
    row.taken_back = row.taken_back.saturating_add(net.min(left));
    if let Some(first) = made.first() {
        crate::bills::taken_back(work, payer, row.id, (net.min(left), tax), crate::bills::Back::ChargedBack, *first)?;
    }
    Ok(made)
}

/// The dispute was won: what was taken comes again, by link.
fn give_again(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &mut PaymentRow,
    disputes: &[DisputeRow],
    dispute: &str,
) -> Result<(), Refused> {
    let now = work.now;
    work.post_all(payer.id, now)?;
    work.flush_postings()?;
    if let Some(known) = disputes.iter().find(|known| known.reference == dispute) {
        let cause = CauseId::derive(Instant::EPOCH, &[b"dispute-won", row.provider.as_bytes(), dispute.as_bytes()]);
        let mut fresh = work.stamp_ids();
        let mut first = None;
        let mut ids = || {
            let id = fresh();
            first.get_or_insert(id);
            id
        };
        let mut stamp = Stamp { ids: &mut ids, cause: Some(cause), effective: now.floor_second() };
        let command = posting::reversed(&mut stamp, &known.transfers);
        work.book(&[command])?;
        work.reload(payer.id)?;
        let (net, tax) = taken_by(work, &known.transfers)?;
        let net = net.min(row.taken_back);
        row.taken_back = row.taken_back.saturating_sub(net);
        if let Some(first) = first {
            if row.bill.is_some() {
                crate::bills::given_again(work, payer, row, &known.transfers, first)?;
            } else {
                crate::bills::credited_again(work, payer, row, (net, tax), first)?;
            }
        }
        // A debt that was paid in the meantime is not owed the other way round: it is the customer's cash.
        let overpaid = work.folio(payer.id).book.purse.debt.saturating_neg();
        if overpaid > 0 {
            let (commodity, debt) = (work.books()?.commodity, work.debt_account(payer.id)?);
            let mut ids = work.stamp_ids();
            let mut stamp = Stamp { ids: &mut ids, cause: None, effective: now.floor_second() };
            let facts = posting::Overpaid { commodity, cash: payer.cash, debt, amount: overpaid };
            work.book(&[posting::overpaid(&mut stamp, &facts)])?;
            work.reload(payer.id)?;
        }
    }
    end_dispute(work, payer, row, disputes, dispute, true)
}

/// What a dispute's transfers took: net, and tax.
fn taken_by(work: &mut Work<'_, '_>, transfers: &[TransferId]) -> Result<(i64, i64), StoreError> {
    let (mut net, mut tax) = (0_i64, 0_i64);
    for id in transfers {
        let entry = work.tx.transfer(*id)?.ok_or_else(|| StoreError::corrupt("a dispute whose transfer is gone"))?;
        let sum = if entry.kind == Kind::TaxReturned { &mut tax } else { &mut net };
        *sum = sum.saturating_add(entry.amount);
    }
    Ok((net, tax))
}

fn end_dispute(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &PaymentRow,
    disputes: &[DisputeRow],
    dispute: &str,
    won: bool,
) -> Result<(), Refused> {
    let state = if won { DisputeState::Won } else { DisputeState::Lost };
    // One whose end came before its beginning was written a moment ago, by what took its money.
    let known = disputes.iter().find(|known| known.reference == dispute).cloned();
    let known = match known {
        Some(known) => known,
        None => {
            work.tx.disputes_of(row.id)?.into_iter().find(|known| known.reference == dispute).unwrap_or(DisputeRow {
                provider: row.provider.clone(),
                reference: dispute.to_owned(),
                payment: row.id,
                amount: 0,
                state,
                why: String::new(),
                opened: work.now,
                ended: None,
                transfers: Vec::new(),
            })
        }
    };
    work.tx.dispute_put(&DisputeRow { state, ended: Some(work.now), ..known })?;
    let told = told_of(work, payer, row, if won { "won" } else { "lost" }.to_owned())?;
    work.tell(Some(payer.id), Event::PaymentDisputeEnded(told));
    Ok(())
}

/// What of so much of a payment, with its tax, is tax. Of a part of it, the tax of that part, in whole coins; of more than is left, all the tax that
/// is left.
pub(super) fn tax_of(row: &PaymentRow, gross: i64, left: i64, minor: i64) -> i64 {
    let before = row.refunded.saturating_add(row.taken_back);
    let tax_left = row.tax.saturating_sub(tax_back(row.net, row.tax, 0, before, minor));
    if gross >= left.saturating_add(tax_left) {
        return tax_left;
    }
    let share = share(gross, row.tax, row.gross());
    share.saturating_sub(share.checked_rem(minor).unwrap_or(0)).min(tax_left)
}

fn share(amount: i64, part: i64, whole: i64) -> i64 {
    use farthing_core::money::{Rounding, mul_div_round};
    let exact = mul_div_round(amount.into(), part.into(), whole.max(1).into(), Rounding::HalfEven).unwrap_or(0);
    i64::try_from(exact).unwrap_or(i64::MAX)
}

// --- Refunds

pub(crate) fn take_refund_news(
    work: &mut Work<'_, '_>,
    id: RefundId,
    part: i64,
    reference: Option<&str>,
    news: &RefundNews,
) -> Result<(), Refused> {
    let missing = || Refused::not_found("refund", &id.to_string());
    let account = work.tx.refund(id)?.ok_or_else(missing)?.account;
    work.load(&[account])?;
    let mut refund = work.tx.refund(id)?.ok_or_else(missing)?;
    let parts = work.tx.refund_parts(id)?;
    let Some(mut own) = parts.iter().find(|known| known.part == part).cloned() else { return Ok(()) };
    if let Some(reference) = reference.filter(|_| own.reference.is_empty()) {
        own.reference = reference.to_owned();
        work.tx.refund_part_write(&own)?;
    }
    match (news, own.state) {
        (RefundNews::Sent, PartState::Waiting) => {
            own.state = PartState::Sent;
            super::refund::book_sent(work, account, &own)?;
        }
        // A bank may send it back days later.
        (RefundNews::Failed(_), PartState::Waiting | PartState::Sent) => {
            super::refund::book_failed(work, account, &own)?;
            own.state = PartState::Failed;
        }
        (RefundNews::Pending | RefundNews::Sent | RefundNews::Failed(_), _) => return Ok(()),
    }
    work.tx.refund_part_write(&own)?;
    let states: Vec<PartState> =
        parts.iter().map(|known| if known.part == part { own.state } else { known.state }).collect();
    if states.contains(&PartState::Waiting) {
        return Ok(());
    }
    refund.state = if states.contains(&PartState::Failed) { RefundState::Failed } else { RefundState::Sent };
    work.tx.refund_write(&refund)?;
    let why = match news {
        RefundNews::Failed(failure) => failure.text.clone(),
        RefundNews::Pending | RefundNews::Sent => String::new(),
    };
    let payer = work.folio(account).payer.clone();
    let told = refund_told(work, &payer, &refund, why);
    let event = if refund.state == RefundState::Sent { Event::RefundSent(told) } else { Event::RefundFailed(told) };
    work.tell(Some(account), event);
    Ok(())
}

pub(super) fn refund_told(work: &Work<'_, '_>, payer: &PayerRow, refund: &RefundRow, why: String) -> RefundTold {
    RefundTold {
        account: payer.name.clone(),
        refund: refund.id.to_string(),
        amount: work.money(refund.amount),
        reason: refund.reason.clone(),
        why,
    }
}

// --- Methods

pub(crate) fn take_method_news(work: &mut Work<'_, '_>, id: MethodId, news: &MethodNews) -> Result<(), Refused> {
    let missing = || Refused::not_found("method", &id.to_string());
    let account = work.tx.method(id)?.ok_or_else(missing)?.account;
    work.load(&[account])?;
    let mut row = work.tx.method(id)?.ok_or_else(missing)?;
    let payer = work.folio(account).payer.clone();
    match news {
        MethodNews::Ready(facts) => {
            if row.standing == MethodStanding::Gone {
                return Ok(());
            }
            let is_new = row.standing != MethodStanding::Ready;
            row.facts = facts.clone();
            if is_new && let Err(refused) = super::keep_methods::may_keep(work, &payer, facts, Some(row.id)) {
                // The customer has gone through the provider's page already: what may not be kept is forgotten there too.
                let Refused::ByRule { message, .. } = refused else { return Err(refused) };
                row.standing = MethodStanding::Failed;
                row.ended = Some(work.now);
                row.action = message;
                work.tx.method_write(&row)?;
                let provider = row.provider.clone();
                super::errands::send_errand(work, account, &provider, ErrandKind::Detach, id.to_bytes(), 0)?;
                return Ok(());
            }
            row.standing = MethodStanding::Ready;
            row.action.clear();
            super::keep_methods::watch_end(work, &mut row)?;
            work.tx.method_write(&row)?;
            if is_new {
                let told = method_told(work, &payer, &row)?;
                work.tell(Some(account), Event::MethodAdded(told));
            }
        }
        MethodNews::ActionNeeded(action) => {
            if row.standing == MethodStanding::Waiting {
                row.action.clone_from(&action.url);
                work.tx.method_write(&row)?;
            }
        }
        MethodNews::Failed(failure) => {
            if row.standing != MethodStanding::Waiting {
                return Ok(());
            }
            row.standing = MethodStanding::Failed;
            row.ended = Some(work.now);
            row.action.clone_from(&failure.text);
            work.tx.method_write(&row)?;
        }
        MethodNews::Detached => {
            if row.standing == MethodStanding::Gone {
                return Ok(());
            }
            row.standing = MethodStanding::Gone;
            row.ended = Some(work.now);
            work.tx.method_write(&row)?;
            let told = method_told(work, &payer, &row)?;
            work.tell(Some(account), Event::MethodRemoved(told));
        }
    }
    super::refill::watch(work, account)?;
    Ok(())
}

pub(super) fn method_told(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &MethodRow,
) -> Result<MethodTold, StoreError> {
    let first = work.tx.methods_of(payer.id)?.into_iter().find(|method| method.standing == MethodStanding::Ready);
    Ok(MethodTold {
        account: payer.name.clone(),
        method: row.id.to_string(),
        channel: row.facts.channel.word().to_owned(),
        label: super::facts::label(&row.facts.brand, &row.facts.last4),
        expires: row.facts.expires.map(|expires| expires.to_string()).unwrap_or_default(),
        default: first.is_some_and(|first| first.id == row.id),
    })
}
