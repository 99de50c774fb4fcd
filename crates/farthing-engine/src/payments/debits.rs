//! Direct debits while their owner is away (R40): who may be debited is looked at when a method is kept and again before each debit; what is to
//! be taken is announced, and asked for when its time has come.

use super::errands::send_errand;
use super::facts::label;
use super::take_news::take_payment_news;
use crate::folio::Work;
use crate::run_due::engine_error;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::bank::{Eligibility, eligible};
use farthing_core::ledger::OwnerId;
use farthing_core::notice::{DebitTold, Event};
use farthing_core::payment::{ErrandKind, Failure, FailureCode, MethodFacts, PaymentNews, Purpose, Usable};
use farthing_core::policy::{Channel, Country};
use farthing_core::settle::SettleError;
use farthing_core::time::Instant;
use farthing_store::{MethodRow, PayerRow, PaymentRow};

/// As many as begin at once.
const BATCH: i64 = 256;

/// Whether somebody waits for it: who tops up, or pays a bill by hand, is there; what begins by itself says why it did.
pub(super) fn customer_is_there(row: &PaymentRow) -> bool {
    match row.purpose {
        Purpose::TopUp => true,
        Purpose::Refill => false,
        Purpose::Bill => row.verdict.is_empty(),
    }
}

/// Why this must not be debited now; nothing: it may be, or is no debit.
pub(crate) fn not_eligible(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    facts: &MethodFacts,
) -> Result<Option<String>, EngineError> {
    let now = work.now;
    let Some(sepa) = work.policy_at(now)?.sepa.clone().filter(|_| facts.channel == Channel::SepaDebit) else {
        return Ok(None);
    };
    let &[first, second] = facts.country.as_bytes() else { return Ok(None) }; // the provider does not say where it is
    let folio = work.folio(payer.id);
    let (zone, spend) = (folio.zone.clone(), folio.book.spend_per_hour(now)?);
    let hourly_spend = work.money(spend);
    let debtor = Eligibility { country: Country([first, second]), hourly_spend, opened: payer.opened, now, zone };
    let refused = match eligible(&sepa, &debtor) {
        Ok(()) => return Ok(None),
        Err(refused) => refused,
    };
    let words: Vec<String> = refused.iter().map(ToString::to_string).collect();
    Ok(Some(words.join("; ")))
}

pub(crate) fn must_be_eligible(work: &mut Work<'_, '_>, payer: &PayerRow, facts: &MethodFacts) -> Result<(), Refused> {
    match not_eligible(work, payer, facts)? {
        None => Ok(()),
        Some(why) => Err(Refused::new(RefusalCode::NotEligible, format!("no direct debit: {why}"))),
    }
}

/// An account's methods that may be charged now, as far as rules about debits say.
pub(crate) fn chargeable(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    methods: &[MethodRow],
) -> Result<Vec<Usable>, EngineError> {
    let mut usable = Vec::with_capacity(methods.len());
    for method in methods {
        if not_eligible(work, payer, &method.facts)?.is_none() {
            usable.push(method.usable());
        }
    }
    Ok(usable)
}

/// Tells that a debit is to come; when it may be asked for. None: it is no debit that has to be announced.
pub(super) fn announce(
    work: &mut Work<'_, '_>,
    payer: &PayerRow,
    row: &PaymentRow,
) -> Result<Option<Instant>, EngineError> {
    let now = work.now;
    let policy = work.policy_at(now)?;
    let Some(sepa) = &policy.sepa else { return Ok(None) };
    if row.channel != Channel::SepaDebit || customer_is_there(row) {
        return Ok(None);
    }
    let at = now.checked_add(sepa.pre_notification).map_err(SettleError::from)?;
    let creditor = policy.bank.as_ref().and_then(|bank| bank.creditor_id.clone());
    let on = work.folio(payer.id).zone.civil_date_of(at).map_err(SettleError::from)?;
    let method = match row.method {
        Some(id) => work.tx.method(id)?,
        None => None,
    };
    let told = DebitTold {
        account: payer.name.clone(),
        payment: row.id.to_string(),
        amount: work.money(row.gross()),
        on: on.to_string(),
        paid_with: method.as_ref().map(|method| label(&method.facts.brand, &method.facts.last4)).unwrap_or_default(),
        mandate: row.token.clone(),
        creditor: creditor.map(|creditor| creditor.0).unwrap_or_default(),
    };
    work.tell(Some(payer.id), Event::DebitAnnounced(told));
    if at > now {
        let cloud = work.cloud.id.clone();
        work.tx.announced_put(row.id, &cloud, payer.id, at)?;
    }
    Ok(Some(at))
}

impl Engine {
    /// Debits whose time has come are asked for, or fail where their account may not be debited any more: then the next method pays.
    pub(crate) fn run_debits(&self, now: Instant) -> Result<(), EngineError> {
        loop {
            let due = self.store.read("announced_due", |tx| tx.announced_due(now, BATCH))?;
            if due.is_empty() {
                return Ok(());
            }
            for (cloud, account, payment) in due {
                self.work("debit_due", &cloud, move |work| {
                    work.load(&[account])?;
                    if !work.tx.announced_drop(payment)? {
                        return Ok(());
                    }
                    let Some(row) = work.tx.payment(payment)?.filter(|row| row.state.is_open()) else { return Ok(()) };
                    let now = work.now;
                    work.bring_to(account, now)?;
                    begin(work, account, &row)
                })
                .map_err(engine_error)?;
            }
        }
    }
}

fn begin(work: &mut Work<'_, '_>, account: OwnerId, row: &PaymentRow) -> Result<(), Refused> {
    let payer = work.folio(account).payer.clone();
    let method = match row.method {
        Some(id) => work.tx.method(id)?,
        None => None,
    };
    let refused = match &method {
        _ if payer.closed.is_some() => Some("the account is closed".to_owned()),
        Some(method) if method.standing == farthing_core::payment::MethodStanding::Ready => {
            not_eligible(work, &payer, &method.facts)?
        }
        _ => Some("what was to be debited is not there any more".to_owned()),
    };
    match refused {
        None => Ok(send_errand(work, account, &row.provider, ErrandKind::Charge, row.id.to_bytes(), 0)?),
        Some(why) => {
            let failure = Failure { code: FailureCode::NotEligible, text: format!("no direct debit: {why}") };
            take_payment_news(work, row.id, None, &PaymentNews::Failed(failure))
        }
    }
}
