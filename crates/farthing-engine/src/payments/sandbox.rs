//! The pretended provider, with a memory: what it was asked, how it felt then, and what will happen there.

use super::provider::Provider;
use super::take_news::take_payment_news;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::money::{Currency, Money};
use farthing_core::payment::sandbox::{CAPABILITIES, Deed, Mood, NAME, answer, method_facts, seen};
use farthing_core::payment::{Ask, Capabilities, News, PaymentId, PaymentNews, Reply, What};
use farthing_core::time::Instant;
use farthing_store::{PaymentRow, StoreError, Tx};

/// Asked in transactions of its own, as a provider elsewhere would be.
#[derive(Debug)]
pub(super) struct Sandbox<'e> {
    engine: &'e Engine,
}

impl<'e> Sandbox<'e> {
    pub(super) fn new(engine: &'e Engine) -> Sandbox<'e> {
        Sandbox { engine }
    }

    fn try_ask(&self, ask: &Ask) -> Result<Reply, EngineError> {
        let (ask, now) = (ask.clone(), self.engine.now()?);
        self.engine.store.write("sandbox_ask", move |tx| {
            let mood = tx.sandbox_mood(&ask.cloud)?;
            if mood == Mood::Broken {
                return Ok(answer(&ask, mood, now).reply);
            }
            if let What::Look { payment, payment_reference, close } = &ask.what
                && let Some(news) = look(tx, *payment, payment_reference, *close)?
            {
                // Asking changes nothing: it is answered as things are, not as they were when it was asked first.
                let reference = Some(payment_reference.clone());
                let news = match mood {
                    Mood::TimesOut => News::Unknown { why: "the provider did not answer in time".to_owned() },
                    Mood::Well | Mood::Declines | Mood::Silent | Mood::Broken => News::Payment { reference, news },
                };
                return Ok(Reply { customer: None, news });
            }
            if let Some((then, at)) = tx.sandbox_asked(&ask.key)? {
                // The same key, the same answer; and no second deed. While answers are lost, so is this one.
                let reply = answer(&ask, then, at).remembered;
                if mood == Mood::TimesOut {
                    let why = "the provider did not answer in time".to_owned();
                    return Ok(Reply { news: News::Unknown { why }, ..reply });
                }
                return Ok(reply);
            }
            tx.sandbox_asked_keep(&ask.key, mood, now)?;
            let done = answer(&ask, mood, now);
            if let What::Charge { payment, .. } = &ask.what {
                for (at, deed) in &done.later {
                    tx.sandbox_event_insert(&format!("{}-{}", ask.key, deed.name()), *at, *payment, deed.name())?;
                }
            }
            Ok::<_, EngineError>(done.reply)
        })
    }
}

impl Provider for Sandbox<'_> {
    fn name(&self) -> &str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn ask(&self, ask: &Ask) -> Reply {
        self.try_ask(ask).unwrap_or_else(|error| Reply {
            customer: None,
            news: News::NotNow { why: farthing_store::chain_of(&error), pause_seconds: None },
        })
    }
}

/// Something happens there: it is told, and not again.
pub(super) fn come_true(
    engine: &Engine,
    id: &str,
    _at: Instant,
    payment: PaymentId,
    deed: &str,
) -> Result<(), Refused> {
    let found = engine.store.read("payment", |tx| tx.payment(payment)).map_err(EngineError::from)?;
    let deed = Deed::parse(deed).ok_or_else(|| StoreError::corrupt(format!("a sandbox that does {deed:?}")))?;
    let cloud = found.map(|row| row.cloud).ok_or_else(|| StoreError::corrupt("an event of no payment"))?;
    let id = id.to_owned();
    engine.work("sandbox_tells", &cloud, move |work| {
        work.tx.sandbox_event_drop(&id)?;
        happen(work, payment, deed, None, None)
    })
}

fn happen(
    work: &mut crate::folio::Work<'_, '_>,
    payment: PaymentId,
    deed: Deed,
    part: Option<Money>,
    paid: Option<Money>,
) -> Result<(), Refused> {
    let cloud = work.cloud.id.clone();
    let missing = || Refused::not_found("payment", &payment.to_string());
    let row = work.tx.payment(payment)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?;
    if row.provider != NAME {
        let what = format!("payment {payment} went through {}: what happens to it is not ours to say", row.provider);
        return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
    }
    if let Some(paid) = paid.filter(|paid| paid.currency() == work.currency() || !paid.is_positive()) {
        let what =
            format!("{paid} is nothing in another currency: leave it out where what is paid is what was asked for");
        return Err(Refused::new(RefusalCode::Invalid, what));
    }
    let reference = format!("sandbox-{payment}");
    let news = match deed {
        Deed::Pay if row.token.is_empty() => paid_on_page(&row, paid, work.now),
        deed => deed.news(&reference, part.unwrap_or(work.money(row.gross()))),
    };
    if matches!(deed, Deed::Pay | Deed::TurnAway) && work.tx.payment_code(payment)?.is_some() {
        work.tx.sandbox_done_keep(payment, deed.name(), paid)?;
        if work.tx.sandbox_mood(&cloud)? == Mood::Silent {
            return Ok(());
        }
    }
    take_payment_news(work, payment, Some(&reference), &news)
}

/// On a page its customer chose what pays, and the page says what that was.
fn paid_on_page(row: &PaymentRow, paid: Option<Money>, now: Instant) -> PaymentNews {
    let method = method_facts(&format!("{}:visa-of-a-page", row.channel.word()), now);
    PaymentNews::Succeeded { fee: None, method, paid }
}

/// What has become of a page or a code; none: it is neither.
fn look(tx: &mut Tx<'_>, payment: PaymentId, reference: &str, close: bool) -> Result<Option<PaymentNews>, StoreError> {
    let Some(row) = tx.payment(payment)? else { return Ok(None) };
    let Some(code) = tx.payment_code(payment)? else { return Ok(None) };
    let done = match tx.sandbox_done(payment)? {
        Some((deed, paid)) if deed == Deed::Pay.name() => Some(paid_on_page(&row, paid, code.until)),
        Some((deed, _)) => Deed::parse(&deed).map(|deed| deed.news(reference, Money::zero(Currency::USD))),
        None => None,
    };
    Ok(Some(seen(reference, row.channel, done, close)))
}

impl Engine {
    /// Makes something happen to a pretended payment: its customer pays or turns away, complains, wins or loses.
    pub fn sandbox_do(&self, cloud: &str, payment: PaymentId, deed: Deed) -> Result<super::PaymentFacts, Refused> {
        self.sandbox_do_part(cloud, payment, deed, None)
    }

    /// The same of a part of what was paid, net.
    pub fn sandbox_do_part(
        &self,
        cloud: &str,
        payment: PaymentId,
        deed: Deed,
        part: Option<Money>,
    ) -> Result<super::PaymentFacts, Refused> {
        let do_it = move |work: &mut crate::folio::Work<'_, '_>| happen(work, payment, deed, part, None);
        self.ask_outside("sandbox_do", cloud, do_it, |()| self.payment(cloud, payment))
    }

    /// Its customer pays, on a page or by scanning its code. `paid`: how much of another currency than the account's.
    pub fn sandbox_scan(
        &self,
        cloud: &str,
        payment: PaymentId,
        paid: Option<Money>,
    ) -> Result<super::PaymentFacts, Refused> {
        let do_it = move |work: &mut crate::folio::Work<'_, '_>| happen(work, payment, Deed::Pay, None, paid);
        self.ask_outside("sandbox_do", cloud, do_it, |()| self.payment(cloud, payment))
    }

    /// Tells the pretended provider how to answer from now on.
    pub fn sandbox_mood(&self, cloud: &str, mood: Mood) -> Result<(), Refused> {
        self.ask_desk("sandbox_mood", cloud, move |desk| {
            let cloud = desk.cloud.to_owned();
            desk.tx.sandbox_mood_put(&cloud, mood)?;
            Ok(())
        })
    }
}
