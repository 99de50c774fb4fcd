//! Carries errands to providers. An errand is claimed in a transaction of its own, asked outside of any, and what came of it is written in
//! another. A crash between them repeats it with the same key once the claim is over.

use super::codes::{self, Looked};
use super::provider::Provider;
use super::sandbox;
use super::take_news::{payment_unknown, take_method_news, take_payment_news, take_refund_news};
use crate::bank;
use crate::folio::Work;
use crate::run_due::engine_error;
use crate::{Engine, EngineError, Refused};
use farthing_core::ledger::OwnerId;
use farthing_core::payment::{
    Ask, Customer, ErrandKind, Failure, FailureCode, MethodId, MethodNews, News, PaymentId, PaymentNews, RefundId,
    RefundNews, Reply, What,
};
use farthing_core::settle::SettleError;
use farthing_core::time::{Duration, Instant};
use farthing_store::{ErrandRow, ErrandsOf, Tx};

/// For how long a claim is good: longer than a provider is waited for.
const CLAIM_SECONDS: i64 = 120;
/// As many as are claimed at once.
const BATCH: i64 = 64;
/// The first pause after a try that came to nothing; it doubles up to an hour.
const PAUSE_SECONDS: i64 = 15;
const PAUSE_MAX_SECONDS: i64 = 3_600;
/// After that a provider may have forgotten the key, and asking again might do it again: only the provider's own news decide then.
const KEY_GOOD_SECONDS: i64 = 23 * 3_600;
/// How often it is looked whether another has heard an answer: for ten seconds. What takes longer is told later.
const LOOKS: usize = 1_000;
const LOOK: std::time::Duration = std::time::Duration::from_millis(10);
/// A page waits so long for its customer, where nothing else is said.
const PAGE_SECONDS: i64 = 86_400;

/// Writes an errand, to be carried at once.
pub(crate) fn send_errand(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    provider: &str,
    kind: ErrandKind,
    subject: [u8; 16],
    part: i64,
) -> Result<(), EngineError> {
    let row = errand_of(work, account, provider, kind, subject, part);
    work.tx.errand_insert(&row)?;
    Ok(())
}

/// The same, to be written by who calls.
pub(super) fn errand_of(
    work: &mut Work<'_, '_>,
    account: OwnerId,
    provider: &str,
    kind: ErrandKind,
    subject: [u8; 16],
    part: i64,
) -> ErrandRow {
    let number = work.ids.number(work.now);
    let mut hash = blake3::Hasher::new();
    hash.update(work.cloud.id.as_bytes()).update(&[0]).update(kind.name().as_bytes()).update(&[0]);
    hash.update(&subject).update(&part.to_le_bytes());
    ErrandRow {
        number,
        cloud: work.cloud.id.clone(),
        account,
        provider: provider.to_owned(),
        kind,
        subject,
        part,
        key: hash.finalize().to_hex().chars().take(40).collect(),
        attempts: 0,
        begun: None,
        next_at: Some(work.now),
        state: "waiting".to_owned(),
        answer: String::new(),
    }
}

impl Engine {
    /// Asks the pretended provider whatever waits for it, and hears what has happened there. How many it was.
    pub(crate) fn run_sandbox(&self) -> Result<usize, EngineError> {
        let mut count = self.carry(&sandbox::Sandbox::new(self), ErrandsOf::default(), BATCH)?;
        loop {
            let now = self.now()?;
            let due = self.store.read("sandbox_events_due", |tx| tx.sandbox_events_due(now, BATCH))?;
            if due.is_empty() {
                return Ok(count);
            }
            for (id, at, payment, deed) in due {
                sandbox::come_true(self, &id, at, payment, &deed).map_err(engine_error)?;
                count += 1;
            }
        }
    }

    /// Writes down what the bank is to be asked for by the next file. How much it was.
    pub(crate) fn run_bank_errands(&self) -> Result<usize, EngineError> {
        self.carry(&bank::Bank::new(self), ErrandsOf::default(), BATCH)
    }

    /// Carries what waits for a provider outside, at most so many; how many it was. `cloud`: whose provider it is.
    pub fn run_errands(&self, cloud: &str, most: usize) -> Result<usize, EngineError> {
        let Some(provider) = self.providers.of(cloud).cloned() else { return Ok(0) };
        // Each cloud has its own account there: another's errands are not for this one to ask.
        let of = ErrandsOf { cloud: Some(cloud), subject: None };
        self.carry(provider.as_ref(), of, i64::try_from(most).unwrap_or(BATCH))
    }

    /// Carries what waits for one subject now, while its customer waits for it.
    pub(crate) fn run_errand_of(&self, subject: &[u8; 16]) -> Result<(), EngineError> {
        let subject = *subject;
        let waiting = self.store.read("errands_of", |tx| tx.errands_of(&subject))?;
        for errand in waiting.into_iter().filter(|errand| errand.next_at.is_some()) {
            if errand.provider == farthing_core::payment::sandbox::NAME {
                self.carry(&sandbox::Sandbox::new(self), ErrandsOf::default(), BATCH)?;
            } else if errand.provider == bank::NAME {
                self.run_bank_errands()?;
            } else if let Some(provider) = self.providers.of(&errand.cloud).cloned() {
                // Whatever else waits is not what this customer waits for.
                let of = ErrandsOf { cloud: Some(&errand.cloud), subject: Some(&subject) };
                self.carry(provider.as_ref(), of, BATCH)?;
            }
        }
        self.wait_for_answer(subject)
    }

    /// Somebody who carries whatever waits may have taken it first: then their answer is waited for as one's own would be.
    fn wait_for_answer(&self, subject: [u8; 16]) -> Result<(), EngineError> {
        for _ in 0..LOOKS {
            let errands = self.store.read("errands_of", |tx| tx.errands_of(&subject))?;
            let is_asked =
                |errand: &ErrandRow| errand.state == "waiting" && errand.attempts > 0 && errand.answer.is_empty();
            if !errands.iter().any(is_asked) {
                break;
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    fn carry(&self, provider: &dyn Provider, of: ErrandsOf<'_>, most: i64) -> Result<usize, EngineError> {
        let mut count = 0;
        loop {
            let now = self.now()?;
            let claimed = self.claim(provider.name(), of, now, most)?;
            let full = i64::try_from(claimed.len()) == Ok(most);
            for (errand, ask) in claimed {
                let reply = match &ask {
                    Some(ask) => provider.ask(ask),
                    None => Reply {
                        customer: None,
                        news: News::Never { why: "there is nothing to ask any more".to_owned() },
                    },
                };
                self.errand_done(&errand, ask.as_ref().map(|ask| &ask.what), &reply)?;
                count += 1;
            }
            // What is outside is paced by whoever calls; what is only written down here is done now.
            if !full || !matches!(provider.name(), farthing_core::payment::sandbox::NAME | bank::NAME) {
                return Ok(count);
            }
        }
    }

    fn claim(
        &self,
        provider: &str,
        of: ErrandsOf<'_>,
        now: Instant,
        most: i64,
    ) -> Result<Vec<(ErrandRow, Option<Ask>)>, EngineError> {
        let (cloud, subject) = (of.cloud.map(str::to_owned), of.subject.copied());
        let until = now.checked_add(seconds(CLAIM_SECONDS)?).map_err(SettleError::from)?;
        let provider = provider.to_owned();
        self.store.write("errands_claim", move |tx| {
            if !tx.effects_may_leave()? {
                return Ok(Vec::new());
            }
            let of = ErrandsOf { cloud: cloud.as_deref(), subject: subject.as_ref() };
            let rows = tx.errands_claim(&provider, of, now, until, most)?;
            let mut claimed = Vec::with_capacity(rows.len());
            for row in rows {
                let ask = ask_of(tx, &row, now)?;
                claimed.push((row, ask));
            }
            Ok::<_, EngineError>(claimed)
        })
    }

    /// Writes what came of a try, and whatever follows from it.
    fn errand_done(&self, errand: &ErrandRow, asked: Option<&What>, reply: &Reply) -> Result<(), EngineError> {
        let (errand, asked, reply) = (errand.clone(), asked.cloned(), reply.clone());
        let cloud = errand.cloud.clone();
        self.work("errand_done", &cloud, move |work| {
            work.load(&[errand.account])?;
            let looked = codes::looked(work, &errand, asked.as_ref(), &reply.news)?;
            let asked = asked.is_some();
            let (state, next_at, answer) = after(&errand, asked, &reply.news, work.now)?;
            let done = match &looked {
                Some(looked) => codes::asked_again(&errand, looked, &reply.news),
                None => ErrandRow { state: state.to_owned(), next_at, answer, ..errand.clone() },
            };
            if !work.tx.errand_tried(&done)? {
                return Ok(()); // another try has begun since: what it hears counts
            }
            if let Some(customer) = &reply.customer {
                work.tx.customer_keep(errand.account, &errand.provider, customer)?;
            }
            if looked == Some(Looked::Over) {
                return take_payment_news(work, PaymentId::from_bytes(errand.subject), None, &codes::ran_out());
            }
            if !asked {
                return Ok(());
            }
            // Asked again it might be done twice: the provider is asked what became of it instead.
            if errand.kind == ErrandKind::Charge && state == "dead" && matches!(reply.news, News::Unknown { .. }) {
                send_errand(work, errand.account, &errand.provider, ErrandKind::Look, errand.subject, 0)?;
            }
            heard(work, &errand, &reply.news)
        })
        .map_err(engine_error)
    }
}

/// What becomes of an errand after a try.
fn after(
    errand: &ErrandRow,
    asked: bool,
    news: &News,
    now: Instant,
) -> Result<(&'static str, Option<Instant>, String), EngineError> {
    if !asked {
        return Ok(("done", None, String::new()));
    }
    let pause =
        PAUSE_SECONDS.saturating_mul(1 << errand.attempts.saturating_sub(1).clamp(0, 12)).min(PAUSE_MAX_SECONDS);
    let again = |seconds_asked: Option<i64>| -> Result<Option<Instant>, EngineError> {
        let pause = seconds_asked.unwrap_or(pause).clamp(1, PAUSE_MAX_SECONDS);
        Ok(Some(now.checked_add(seconds(pause)?).map_err(SettleError::from)?))
    };
    let first = errand.begun.unwrap_or(now);
    let key_is_good = now.seconds_since(first) < KEY_GOOD_SECONDS;
    Ok(match news {
        News::Payment { .. } | News::Refund { .. } | News::Method(_) => ("done", None, String::new()),
        News::NotNow { why, pause_seconds } => ("waiting", again(*pause_seconds)?, why.clone()),
        News::Unknown { why } if key_is_good => ("waiting", again(None)?, why.clone()),
        News::Unknown { why } => ("dead", None, format!("{why}; asking again might do it twice: look at the provider")),
        News::Never { why } => ("dead", None, why.clone()),
    })
}

/// What a provider answered is taken like anything it tells.
fn heard(work: &mut Work<'_, '_>, errand: &ErrandRow, news: &News) -> Result<(), Refused> {
    let failure = |why: &String| Failure { code: FailureCode::Other, text: why.clone() };
    match errand.kind {
        ErrandKind::Charge | ErrandKind::Page | ErrandKind::Look => {
            let id = PaymentId::from_bytes(errand.subject);
            match news {
                News::Payment { reference, news } => take_payment_news(work, id, reference.as_deref(), news),
                News::Unknown { .. } => payment_unknown(work, id),
                News::Never { why } => take_payment_news(work, id, None, &PaymentNews::Failed(failure(why))),
                News::NotNow { .. } | News::Refund { .. } | News::Method(_) => Ok(()),
            }
        }
        ErrandKind::Refund => {
            let id = RefundId::from_bytes(errand.subject);
            match news {
                News::Refund { reference, news } => take_refund_news(work, id, errand.part, reference.as_deref(), news),
                News::Never { why } => take_refund_news(work, id, errand.part, None, &RefundNews::Failed(failure(why))),
                News::NotNow { .. } | News::Unknown { .. } | News::Payment { .. } | News::Method(_) => Ok(()),
            }
        }
        ErrandKind::SetUp | ErrandKind::Detach => {
            let id = MethodId::from_bytes(errand.subject);
            match news {
                News::Method(news) => take_method_news(work, id, news),
                News::Never { why } if errand.kind == ErrandKind::SetUp => {
                    take_method_news(work, id, &MethodNews::Failed(failure(why)))
                }
                _ => Ok(()),
            }
        }
    }
}

/// The request that an errand stands for, as things are now; none where there is nothing left to ask.
pub(super) fn ask_of(tx: &mut Tx<'_>, errand: &ErrandRow, now: Instant) -> Result<Option<Ask>, EngineError> {
    let what = match errand.kind {
        ErrandKind::Charge | ErrandKind::Page | ErrandKind::Look => {
            let Some(row) = tx.payment(PaymentId::from_bytes(errand.subject))? else { return Ok(None) };
            if !row.state.is_open() {
                return Ok(None);
            }
            let Some(currency) = tx.payers(&[row.account])?.pop().map(|payer| payer.cash) else { return Ok(None) };
            let Some(currency) = tx.account_currency(currency)? else { return Ok(None) };
            let amount = farthing_core::money::Money::from_units(row.gross(), currency);
            let text = row.once.clone();
            match errand.kind {
                ErrandKind::Charge => What::Charge {
                    payment: row.id,
                    amount,
                    channel: row.channel,
                    token: row.token.clone(),
                    present: super::debits::customer_is_there(&row),
                    text,
                },
                ErrandKind::Page => What::Page {
                    payment: row.id,
                    amount,
                    channel: row.channel,
                    keep: row.keeps,
                    back: row.action.clone(),
                    until: match tx.payment_code(row.id)? {
                        Some(code) => code.until,
                        None => now.checked_add(seconds(PAGE_SECONDS)?).map_err(SettleError::from)?,
                    },
                    text,
                },
                _ => {
                    let Some(look) = codes::look_of(tx, &row, now)? else { return Ok(None) };
                    look
                }
            }
        }
        ErrandKind::Refund => {
            let id = RefundId::from_bytes(errand.subject);
            let part = tx.refund_parts(id)?.into_iter().find(|part| part.part == errand.part);
            let Some(part) = part.filter(|part| part.state == farthing_core::payment::PartState::Waiting) else {
                return Ok(None);
            };
            let Some(payment) = tx.payment(part.payment)? else { return Ok(None) };
            let Some(cash) = tx.payers(&[payment.account])?.pop().map(|payer| payer.cash) else { return Ok(None) };
            let Some(currency) = tx.account_currency(cash)? else { return Ok(None) };
            What::Refund {
                refund: id,
                part: part.part,
                payment: payment.id,
                payment_reference: payment.reference,
                amount: farthing_core::money::Money::from_units(part.net.saturating_add(part.tax), currency),
            }
        }
        ErrandKind::SetUp | ErrandKind::Detach => {
            let Some(method) = tx.method(MethodId::from_bytes(errand.subject))? else { return Ok(None) };
            if errand.kind == ErrandKind::Detach {
                What::Detach { method: method.id, token: method.facts.token }
            } else {
                let token = Some(method.facts.token).filter(|token| !token.is_empty());
                What::SetUp { method: method.id, channel: method.facts.channel, token, back: method.action }
            }
        }
    };
    let contact = tx.contact(errand.account)?.unwrap_or_default();
    let account = tx.payer_name(errand.account)?;
    let reference = tx.customer(errand.account, &errand.provider)?;
    let customer = Customer { account, reference, name: contact.name, email: contact.email };
    Ok(Some(Ask { key: errand.key.clone(), cloud: errand.cloud.clone(), customer, what }))
}

pub(super) fn seconds(count: i64) -> Result<Duration, EngineError> {
    Ok(Duration::try_from_seconds(count).map_err(SettleError::from)?)
}
