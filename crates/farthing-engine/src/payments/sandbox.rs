//! The pretended provider, with a memory: what it was asked, how it felt then, and what will happen there.

use super::provider::Provider;
use super::take_news::take_payment_news;
use crate::{Engine, EngineError, RefusalCode, Refused};
use farthing_core::money::Money;
use farthing_core::payment::sandbox::{CAPABILITIES, Deed, Mood, NAME, answer, method_facts};
use farthing_core::payment::{Ask, Capabilities, News, PaymentId, PaymentNews, Reply, What};
use farthing_core::time::Instant;
use farthing_store::StoreError;

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
        happen(work, payment, deed, None)
    })
}

fn happen(
    work: &mut crate::folio::Work<'_, '_>,
    payment: PaymentId,
    deed: Deed,
    part: Option<Money>,
) -> Result<(), Refused> {
    let cloud = work.cloud.id.clone();
    let missing = || Refused::not_found("payment", &payment.to_string());
    let row = work.tx.payment(payment)?.filter(|row| row.cloud == cloud).ok_or_else(missing)?;
    if row.provider != NAME {
        let what = format!("payment {payment} went through {}: what happens to it is not ours to say", row.provider);
        return Err(Refused::new(RefusalCode::RefusedByPolicy, what));
    }
    let reference = format!("sandbox-{payment}");
    let news = match deed {
        // On a page its customer chose what pays, and the page says what that was.
        Deed::Pay if row.token.is_empty() => {
            let method = method_facts(&format!("{}:visa-of-a-page", row.channel.word()), work.now);
            PaymentNews::Succeeded { fee: None, method }
        }
        deed => deed.news(&reference, part.unwrap_or(work.money(row.gross()))),
    };
    take_payment_news(work, payment, Some(&reference), &news)
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
        let do_it = move |work: &mut crate::folio::Work<'_, '_>| happen(work, payment, deed, part);
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
