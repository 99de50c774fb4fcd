//! Stripe, as the provider of one cloud: no more requests than it takes, each outcome in the log, and what its webhooks leave out asked
//! for. What its words mean is `farthing_stripe`'s, what follows from them the engine's.

use farthing_core::payment::{Ask, Capabilities, MethodNews, News, PaymentNews, Reply, Told, What};
use farthing_core::time::Instant;
use farthing_engine::Provider;
use farthing_stripe::{NAME, SignatureError, Stripe, StripeSettings};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

/// Stripe waits for the answer of a webhook; whoever takes much longer is told of it again.
const COMPLETE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct StripeProvider {
    cloud: String,
    stripe: Stripe,
    pace: Pace,
    /// Since it last answered.
    failures: AtomicU32,
}

impl StripeProvider {
    pub fn new(cloud: &str, settings: StripeSettings) -> StripeProvider {
        let stripe = Stripe::new(settings);
        let pace = Pace::new(stripe.capabilities().per_second);
        StripeProvider { cloud: cloud.to_owned(), stripe, pace, failures: AtomicU32::new(0) }
    }

    /// Whether it could not be asked the last time: whoever has more to ask comes back later.
    pub(crate) fn is_failing(&self) -> bool {
        self.failures.load(Ordering::Relaxed) > 0
    }

    /// What a webhook says; none: nothing that matters to us.
    pub(crate) fn told(&self, body: &[u8], signature: &str, now: Instant) -> Result<Option<Told>, SignatureError> {
        self.stripe.told(body, signature, now)
    }

    /// Asks for what a webhook leaves out: a fee is booked with its payment or never. What does not come in time is left out.
    pub(crate) fn complete(self: &Arc<Self>, told: Told) -> Told {
        let lacks = match &told.news {
            News::Payment { news: PaymentNews::Succeeded { fee, .. }, .. } => fee.is_none(),
            News::Method(MethodNews::Ready(facts)) => facts.brand.is_empty(),
            _ => false,
        };
        if !lacks {
            return told;
        }
        let (send, receive) = mpsc::channel();
        let (own, asked) = (self.clone(), told.clone());
        let ask = move || {
            own.pace.wait(1);
            let _ = send.send(own.stripe.complete(asked)); // nobody may be waiting any more
        };
        match std::thread::Builder::new().name("complete".to_owned()).spawn(ask) {
            Ok(_) => receive.recv_timeout(COMPLETE).unwrap_or(told),
            Err(_) => told,
        }
    }
}

impl Provider for StripeProvider {
    fn name(&self) -> &str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        self.stripe.capabilities()
    }

    fn ask(&self, ask: &Ask) -> Reply {
        self.pace.wait(requests_of(ask));
        let reply = self.stripe.ask(ask);
        let failed = matches!(reply.news, News::NotNow { .. } | News::Unknown { .. });
        if failed {
            self.failures.fetch_add(1, Ordering::Relaxed);
        } else {
            self.failures.store(0, Ordering::Relaxed);
        }
        let (cloud, asked) = (self.cloud.as_str(), about(&ask.what));
        match &reply.news {
            News::NotNow { why, .. } => {
                tracing::warn!(cloud, asked, why, "Stripe could not be asked: it is tried again");
            }
            News::Unknown { why } => {
                tracing::warn!(cloud, asked, why, "nobody knows what Stripe did: it is asked again");
            }
            News::Never { why } => tracing::error!(cloud, asked, why, "Stripe does not do this: mend what it says"),
            News::Payment { .. } | News::Refund { .. } | News::Method(_) => {
                tracing::info!(cloud, asked, "Stripe has answered");
            }
        }
        reply
    }
}

/// How many requests it may come to.
fn requests_of(ask: &Ask) -> u32 {
    let own = match ask.what {
        What::Look { close: true, .. } => 3,
        What::Charge { .. } | What::Page { .. } | What::Detach { .. } | What::Look { .. } => 1,
        What::SetUp { .. } | What::Refund { .. } => 2,
    };
    own + u32::from(ask.customer.reference.is_none())
}

fn about(what: &What) -> String {
    match what {
        What::Charge { payment, .. } => format!("charge {payment}"),
        What::Page { payment, .. } => format!("page {payment}"),
        What::SetUp { method, .. } => format!("set up {method}"),
        What::Refund { refund, part, .. } => format!("refund {refund} {part}"),
        What::Detach { method, .. } => format!("detach {method}"),
        What::Look { payment, .. } => format!("look {payment}"),
    }
}

/// Evenly, so many a second, whoever asks.
#[derive(Debug)]
struct Pace {
    each: Duration,
    next: Mutex<std::time::Instant>,
}

impl Pace {
    fn new(per_second: i64) -> Pace {
        let per_second = u32::try_from(per_second).unwrap_or(1).max(1);
        Pace { each: Duration::from_secs(1) / per_second, next: Mutex::new(std::time::Instant::now()) }
    }

    /// Waits for its turn.
    fn wait(&self, requests: u32) {
        let now = std::time::Instant::now();
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = (*next).max(now);
            *next = turn + self.each * requests;
            turn
        };
        std::thread::sleep(turn.saturating_duration_since(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_given_evenly() {
        let pace = Pace::new(1_000);
        let begun = std::time::Instant::now();
        for _ in 0..10 {
            pace.wait(2);
        }
        // The tenth goes after nine of two requests each.
        assert!(begun.elapsed() >= Duration::from_millis(18), "{:?}", begun.elapsed());
    }
}
