//! Codes to scan, and pages of wallets (R59): until when a payment can be paid on one, and asking about it while it is open, so that news
//! of it that are lost lose no money. Whichever comes first, what was told or what was asked for, is taken once (`take_news`).
//!
//! The asking is one errand that waits again after each answer, and is dropped as soon as the payment is decided. At the code's end it is
//! asked for the last time, with the wish to close it; what nobody has paid by then has failed as `abandoned`. Money that comes
//! nevertheless is credited, and the payment says that it came late.

use super::errands::errand_of;
use super::facts::PaidFacts;
use crate::EngineError;
use crate::folio::Work;
use farthing_core::money::Money;
use farthing_core::payment::{
    Action, ErrandKind, Failure, FailureCode, News, PaymentId, PaymentNews, What, has_code, next_look, rate,
};
use farthing_core::settle::SettleError;
use farthing_core::time::{Duration, Instant};
use farthing_store::{CodeRow, ErrandRow, PaidRow, PaymentRow, StoreError, Tx};

/// What an errand says of itself while its code is open. It was answered: nobody waits for it.
const NOT_YET: &str = "it was not paid yet";

/// What follows from having asked about a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    Again(Instant),
    /// Its end has come, and nobody has paid.
    Over,
}

/// Says until when it can be paid, and when it is asked about first.
pub(super) fn open(work: &mut Work<'_, '_>, row: &PaymentRow) -> Result<(), EngineError> {
    if !has_code(row.channel) {
        return Ok(());
    }
    let now = work.now;
    let valid = work.policy_at(now)?.top_up.qr_valid;
    let until = now.checked_add(valid).map_err(SettleError::from)?;
    work.tx.payment_code_put(&CodeRow { payment: row.id, until, code: String::new() })?;
    let first = errand_of(work, row.account, &row.provider, ErrandKind::Look, row.id.to_bytes(), 0);
    work.tx.errand_insert(&ErrandRow { next_at: Some(next_look(0, now, until)), ..first })?;
    Ok(())
}

/// What is asked about a payment; none: there is nothing to ask yet.
pub(super) fn look_of(tx: &mut Tx<'_>, row: &PaymentRow, now: Instant) -> Result<Option<What>, StoreError> {
    let code = tx.payment_code(row.id)?;
    // Whoever opens it has not heard what the provider calls it.
    if code.is_some() && row.reference.is_empty() {
        return Ok(None);
    }
    let close = code.is_some_and(|code| now >= code.until);
    Ok(Some(What::Look { payment: row.id, payment_reference: row.reference.clone(), close }))
}

/// None: it is an errand like others. `asked`: nothing, where there was nothing to ask yet.
pub(super) fn looked(
    work: &mut Work<'_, '_>,
    errand: &ErrandRow,
    asked: Option<&What>,
    news: &News,
) -> Result<Option<Looked>, EngineError> {
    if errand.kind != ErrandKind::Look {
        return Ok(None);
    }
    let id = PaymentId::from_bytes(errand.subject);
    let Some(code) = work.tx.payment_code(id)? else { return Ok(None) };
    if !work.tx.payment(id)?.is_some_and(|row| row.state.is_open()) {
        return Ok(None);
    }
    let (now, until) = (work.now, code.until);
    let closed = matches!(asked, Some(What::Look { close: true, .. }));
    let pause = match (asked, news) {
        (None, _) if now >= until => return Ok(Some(Looked::Over)),
        (Some(_), News::Payment { news: PaymentNews::ActionNeeded(_), .. }) if closed => return Ok(Some(Looked::Over)),
        // Asked before its end and answered after it: it is asked once more.
        (Some(_), News::Payment { news: PaymentNews::ActionNeeded(_), .. }) if now >= until => {
            return Ok(Some(Looked::Again(now)));
        }
        (None, _)
        | (_, News::Payment { news: PaymentNews::ActionNeeded(_) | PaymentNews::Pending, .. } | News::Unknown { .. }) => {
            None
        }
        (_, News::NotNow { pause_seconds, .. }) => *pause_seconds,
        (_, News::Payment { .. } | News::Refund { .. } | News::Method(_) | News::Never { .. }) => return Ok(None),
    };
    let next = next_look(errand.attempts, now, until);
    // A provider that wants to be left alone is, longer than its code lasts if it says so.
    let rest = pause.and_then(|seconds| Duration::try_from_seconds(seconds.clamp(0, 3_600)).ok());
    let rest = rest.and_then(|rest| now.checked_add(rest).ok()).unwrap_or(now);
    Ok(Some(Looked::Again(next.max(rest))))
}

/// The errand, once it was asked.
pub(super) fn asked_again(errand: &ErrandRow, looked: &Looked, news: &News) -> ErrandRow {
    let why = match news {
        News::Unknown { why } | News::NotNow { why, .. } if !why.is_empty() => why.clone(),
        _ => NOT_YET.to_owned(),
    };
    match looked {
        Looked::Again(at) => {
            ErrandRow { state: "waiting".to_owned(), next_at: Some(*at), answer: why, ..errand.clone() }
        }
        Looked::Over => ErrandRow { state: "done".to_owned(), next_at: None, answer: String::new(), ..errand.clone() },
    }
}

/// What is told of a code that nobody has paid.
pub(super) fn ran_out() -> PaymentNews {
    let text = "it was not paid in time".to_owned();
    PaymentNews::Failed(Failure { code: FailureCode::Abandoned, text })
}

/// The provider has opened it: what it says, and its end where the provider's comes before ours.
pub(super) fn opened(work: &mut Work<'_, '_>, row: &PaymentRow, action: &Action) -> Result<(), EngineError> {
    let Some(known) = work.tx.payment_code(row.id)? else { return Ok(()) };
    let until = action.until.map_or(known.until, |until| until.min(known.until));
    work.tx.payment_code_put(&CodeRow { until, code: action.code.clone(), ..known })?;
    Ok(())
}

/// It is decided: nobody asks about it any more. Where it was paid after its end, it says so.
pub(super) fn decided(work: &mut Work<'_, '_>, row: &mut PaymentRow) -> Result<(), EngineError> {
    let Some(code) = work.tx.payment_code(row.id)? else { return Ok(()) };
    work.tx.errands_drop(&row.id.to_bytes())?;
    if row.succeeded.is_some_and(|at| at > code.until) {
        let said = format!("paid late: its code had ended at {}", code.until);
        row.verdict = if row.verdict.is_empty() { said } else { format!("{}\n{said}", row.verdict) };
    }
    Ok(())
}

/// Writes what was paid, where that is in another currency than the account's.
pub(super) fn keep_paid(work: &mut Work<'_, '_>, row: &PaymentRow, paid: Money) -> Result<(), EngineError> {
    let credited = row.gross();
    let Some(rate) = rate(paid, work.money(credited)) else { return Ok(()) };
    work.tx.payment_paid_insert(&PaidRow { payment: row.id, paid, credited, rate, at: work.now })?;
    Ok(())
}

/// What receipts say of it: `, 72.30 CNY at 7.23`; nothing where it was the account's currency.
pub(super) fn paid_words(tx: &mut Tx<'_>, payment: PaymentId) -> Result<String, StoreError> {
    let Some(paid) = tx.payment_paid(payment)? else { return Ok(String::new()) };
    Ok(format!(", {} {} at {}", paid.paid.plain(), paid.paid.currency().code(), paid.rate))
}

pub(super) fn paid_facts(paid: &PaidRow) -> PaidFacts {
    PaidFacts { amount: paid.paid.plain(), currency: paid.paid.currency().code().to_owned(), rate: paid.rate.clone() }
}
