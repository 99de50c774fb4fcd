//! Webhooks: one POST, signed, to an address that may be reached, with no redirect followed and little of the answer read.

use farthing_core::notice::{Reach, WebhookUrl, is_success, may_reach};
use farthing_core::time::Instant;
use farthing_engine::{Carried, Hook, Outcome, Parcel};
use std::io::Read as _;
use std::time::Duration;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(15);
/// As much of an answer as is read.
const ANSWER_BYTES: u64 = 2_048;

#[derive(Debug)]
pub struct WebhookCarrier {
    agent: ureq::Agent,
    reach: Reach,
}

impl WebhookCarrier {
    pub fn new(reach: Reach) -> WebhookCarrier {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // Whoever answers must not send us elsewhere, and the environment's proxy would resolve names for us.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(WHOLE))
            .user_agent(concat!("Farthing/", env!("CARGO_PKG_VERSION")))
            .build();
        let agent = ureq::Agent::with_parts(config, DefaultConnector::default(), Guard::new(reach));
        WebhookCarrier { agent, reach }
    }

    pub(super) fn carry(&self, parcel: &Parcel, hook: &Hook, now: Instant) -> Carried {
        // The setting may be another than when the endpoint was made.
        if let Err(error) = WebhookUrl::parse(&hook.url, self.reach) {
            return not_taken(None, None, error.to_string());
        }
        let body = parcel.body();
        let mut request = self.agent.post(&hook.url).header("content-type", "application/json");
        for (name, value) in parcel.headers(hook, &body, now) {
            request = request.header(name, value);
        }
        let mut response = match request.send(body.as_bytes()) {
            Ok(response) => response,
            Err(error) => return not_taken(None, None, error.to_string()),
        };
        let status = response.status().as_u16();
        let pause = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut answer = Vec::new();
        // How an answer goes on that was given does not matter.
        let _ = response.body_mut().as_reader().take(ANSWER_BYTES).read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        match status {
            status if is_success(status) => Carried { outcome: Outcome::Taken, status: Some(status), answer },
            410 => Carried { outcome: Outcome::Gone, status: Some(status), answer },
            300..=399 => {
                not_taken(Some(status), None, "redirects are not followed: name the address it leads to".to_owned())
            }
            _ => not_taken(Some(status), pause, answer),
        }
    }
}

fn not_taken(status: Option<u16>, pause_seconds: Option<i64>, answer: String) -> Carried {
    Carried { outcome: Outcome::NotTaken { pause_seconds }, status, answer }
}

/// Resolves names, and leaves out the addresses that may not be reached: the connection is opened to what is left, so that a name
/// cannot be judged as one address and called as another.
#[derive(Debug)]
struct Guard {
    names: DefaultResolver,
    reach: Reach,
}

impl Guard {
    fn new(reach: Reach) -> Guard {
        Guard { names: DefaultResolver::default(), reach }
    }
}

impl Resolver for Guard {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        let host = uri.host().unwrap_or_default();
        let mut kept = self.empty();
        for address in found.iter().filter(|address| may_reach(address.ip(), host, self.reach)) {
            kept.push(*address);
        }
        if kept.is_empty() {
            let what =
                "the address leads to a network that webhooks may not reach (the server's setting webhooks.reach)";
            return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, what).into());
        }
        Ok(kept)
    }
}
