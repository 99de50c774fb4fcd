//! One request to Stripe and its answer: HTTP, the key, and what is known when it went wrong. Knows no payment.

use crate::secret::SecretText;
use farthing_core::payment::News;
use serde_json::Value;
use std::time::Duration;
use std::{fmt, io};
use ureq::Body;
use ureq::Timeout;
use ureq::http::Response;

/// What the words in this crate mean. Stripe keeps to a version for as long as it is asked for.
pub const API_VERSION: &str = "2025-12-15.clover";

const CONNECT: Duration = Duration::from_secs(10);
/// More than any answer of Stripe's has.
const ANSWER_BYTES: u64 = 4 * 1024 * 1024;
/// As much of what Stripe says as is handed on.
const TEXT_CHARS: usize = 500;

#[derive(Debug)]
pub(crate) struct Wire {
    agent: ureq::Agent,
    base: String,
    key: SecretText,
}

/// The fields of a request, in the order in which they are sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn with(mut self, name: &str, value: impl fmt::Display) -> Form {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }

    pub(crate) fn with_some(self, name: &str, value: Option<impl fmt::Display>) -> Form {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

/// Why there is no answer to use.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It never left, because something is set up wrong.
    Unsendable(String),
    /// It did not reach Stripe.
    NotSent(String),
    /// It may have been done: the answer was lost, or Stripe itself does not know.
    Lost(String),
    /// Stripe answered no.
    Refused(Refusal),
}

#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// Stripe's error object; null where it sent none.
    pub(crate) error: Value,
    /// In words, without anything secret.
    pub(crate) text: String,
    pause_seconds: Option<i64>,
}

impl Refusal {
    /// Stripe's word for it.
    pub(crate) fn code(&self) -> &str {
        self.error["code"].as_str().unwrap_or_default()
    }

    fn kind(&self) -> &str {
        self.error["type"].as_str().unwrap_or_default()
    }
}

impl Trouble {
    /// `moves_money`: where the request may have been done, that must not be taken for "it was not".
    pub(crate) fn news(self, moves_money: bool) -> News {
        let in_doubt = |why: String| {
            if moves_money { News::Unknown { why } } else { News::NotNow { why, pause_seconds: None } }
        };
        match self {
            Trouble::Unsendable(why) => News::Never { why },
            Trouble::NotSent(why) => News::NotNow { why, pause_seconds: None },
            Trouble::Lost(why) => in_doubt(why),
            Trouble::Refused(refusal) => match refusal.status {
                401 => News::Never { why: "the key is not one of Stripe's (401): copy it anew".to_owned() },
                403 => News::Never { why: "the key may not do this at Stripe (403): give it the right".to_owned() },
                // The same key is being worked on by an earlier request, which may yet be done.
                409 => in_doubt(refusal.text),
                429 => News::NotNow { why: refusal.text, pause_seconds: refusal.pause_seconds },
                // The same key was used for another request, which may have been done.
                _ if refusal.kind() == "idempotency_error" && moves_money => News::Unknown { why: refusal.text },
                _ => News::Never { why: refusal.text },
            },
        }
    }
}

impl Wire {
    pub(crate) fn new(base: &str, key: SecretText, timeout: Duration) -> Wire {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A key is not sent on to whoever a redirect names.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_resolve(Some(CONNECT.min(timeout)))
            .timeout_connect(Some(CONNECT.min(timeout)))
            .timeout_global(Some(timeout))
            .user_agent(concat!("Farthing/", env!("CARGO_PKG_VERSION")))
            .build();
        Wire { agent: config.into(), base: base.trim_end_matches('/').to_owned(), key }
    }

    /// `once`: the Idempotency-Key.
    pub(crate) fn post(&self, path: &str, form: &Form, once: &str) -> Result<Value, Trouble> {
        let request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.key.reveal()))
            .header("stripe-version", API_VERSION)
            .header("idempotency-key", once);
        self.read(request.send_form(form.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))))
    }

    pub(crate) fn get(&self, path: &str, query: &Form) -> Result<Value, Trouble> {
        let request = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.key.reveal()))
            .header("stripe-version", API_VERSION);
        self.read(request.query_pairs(query.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))).call())
    }

    fn read(&self, sent: Result<Response<Body>, ureq::Error>) -> Result<Value, Trouble> {
        let mut response = sent.map_err(|error| self.unanswered(&error))?;
        let status = response.status().as_u16();
        let pause_seconds =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let body = response.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec();
        let body = body.ok().and_then(|body| serde_json::from_slice::<Value>(&body).ok());
        match (status, body) {
            (200..=299, Some(body)) => Ok(body),
            (200..=299, None) => Err(Trouble::Lost(format!("Stripe answered {status}, and the answer was cut off"))),
            // 424: somebody whom Stripe asked did not answer.
            (424 | 500.., body) => Err(Trouble::Lost(self.words(status, body.as_ref()))),
            (_, body) => {
                let text = self.words(status, body.as_ref());
                let error = body.map(|mut body| body["error"].take()).unwrap_or_default();
                Err(Trouble::Refused(Refusal { status, error, text, pause_seconds }))
            }
        }
    }

    fn words(&self, status: u16, body: Option<&Value>) -> String {
        let said = body.and_then(|body| body["error"]["message"].as_str()).unwrap_or("no reason given");
        self.clean(&format!("Stripe answered {status}: {said}"))
    }

    /// What others say, short and without the key.
    pub(crate) fn clean(&self, text: &str) -> String {
        self.key.out_of(text).chars().take(TEXT_CHARS).collect()
    }

    fn unanswered(&self, error: &ureq::Error) -> Trouble {
        let why = self.clean(&format!("Stripe could not be asked: {error}"));
        match error {
            ureq::Error::HostNotFound
            | ureq::Error::ConnectionFailed
            | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect)
            | ureq::Error::Tls(_)
            | ureq::Error::Rustls(_) => Trouble::NotSent(why),
            ureq::Error::Io(io) if io.kind() == io::ErrorKind::ConnectionRefused => Trouble::NotSent(why),
            ureq::Error::Http(_) | ureq::Error::BadUri(_) => Trouble::Unsendable(why),
            _ => Trouble::Lost(self.clean(&format!("Stripe was asked, and its answer did not come: {error}"))),
        }
    }
}
