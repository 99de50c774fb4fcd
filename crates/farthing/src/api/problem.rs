//! What a request is answered that cannot be done: RFC 9457, with a code for programs and a remedy for people.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use farthing_core::policy::ApplyError;
use farthing_engine::{ApplyPolicyError, EngineError, RefusalCode, Refused};
use farthing_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

/// `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Where the code is explained: a page of this server.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors#not_found")]
    about: &'static str,
    #[schema(example = "There is no such thing")]
    title: &'static str,
    status: u16,
    /// Stable: what a program branches on.
    #[schema(example = "not_found")]
    code: &'static str,
    /// What is wrong here, and what to do.
    detail: String,
    /// The field that is wrong, where it is one, such as `amount.currency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    field: Option<Box<str>>,
    /// The first words that explain an error are the request's: quote this to whoever runs the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    request_id: Option<Box<str>>,
    #[serde(flatten)]
    #[schema(value_type = More)]
    more: Option<Box<More>>,
}

/// What few problems have; apart, because every handler's answer is as large as a problem may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
struct More {
    /// Where a file is wrong, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// In characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// The address of what helps further.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/accounts/acme/transfer-details")]
    see: Option<String>,
    #[serde(skip)]
    retry_after: Option<u32>,
}

/// A code, its status, and what it means. `docs/errors.md` lists them all, and a test holds it to this.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "the word on the wire")]
pub struct Code {
    pub code: &'static str,
    pub status: StatusCode,
    /// Where it is explained.
    pub about: &'static str,
    pub title: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $status:ident, $title:literal, $remedy:literal;)*) => {
        $(pub(crate) const $name: Code =
            Code {
                code: $code,
                status: StatusCode::$status,
                about: concat!("/docs/errors#", $code),
                title: $title,
                remedy: $remedy,
            };)*
        /// Every code there is, in the order of its status.
        pub const CODES: &[Code] = &[$($name),*];
    };
}

codes! {
    INVALID = "invalid", BAD_REQUEST, "The request cannot be understood",
        "Mend the field that `field` names; `detail` says how.";
    IDEMPOTENCY_KEY_MISSING = "idempotency_key_missing", BAD_REQUEST, "An Idempotency-Key is missing",
        "Send a header Idempotency-Key with a text of your own for this request, such as a UUID, and the same one when you send it again.";
    SIGNATURE_WRONG = "signature_wrong", BAD_REQUEST, "Nobody known has signed this",
        "Give the server the endpoint's signing secret as the provider's dashboard shows it, and let both clocks be right.";
    UNAUTHENTICATED = "unauthenticated", UNAUTHORIZED, "There is no valid key",
        "Send a header Authorization: Bearer fk_live_… with a key that was not revoked.";
    FORBIDDEN = "forbidden", FORBIDDEN, "The key may not do this",
        "Use a key with the scope that `detail` names.";
    REFUSED_BY_POLICY = "refused_by_policy", FORBIDDEN, "The cloud's policy says no",
        "`detail` names the rule; it can be changed in cloud.toml.";
    NOT_FOUND = "not_found", NOT_FOUND, "There is no such thing",
        "Look at its spelling, and that the key is of the same cloud; or create it first.";
    METHOD_NOT_ALLOWED = "method_not_allowed", METHOD_NOT_ALLOWED, "This address has no such method",
        "The header Allow names those it has.";
    CONFLICT = "conflict", CONFLICT, "It is there already, or was changed meanwhile",
        "Read it as it is now, and decide again.";
    ID_REUSED = "id_reused", CONFLICT, "The id was used for something else",
        "Choose a new id for what is new; send the same request with the same id.";
    KEY_REUSED = "idempotency_key_reused", CONFLICT, "The Idempotency-Key came with another request",
        "Choose a new key for a new request.";
    HOLD_CLOSED = "hold_closed", CONFLICT, "The authorisation is closed",
        "It was released, or captured for the last time: authorise anew.";
    TOO_LARGE = "too_large", PAYLOAD_TOO_LARGE, "The request is too large",
        "Send less at once.";
    UNSUPPORTED = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "This kind of content is not known",
        "Send Content-Type: application/json, or one that the operation names.";
    BAD_FILE = "bad_file", UNPROCESSABLE_ENTITY, "The file cannot be taken",
        "Nothing of it was taken. `line` and `column` say where it is wrong, and `detail` what to do.";
    NO_E_INVOICE = "no_e_invoice", UNPROCESSABLE_ENTITY, "No e-invoice can be made of it",
        "`detail` names what is missing, and where it is set; the PDF is there all the same.";
    INSUFFICIENT_BALANCE = "insufficient_balance", UNPROCESSABLE_ENTITY, "Not so much is available",
        "Top up, or ask for less.";
    BELOW_MINIMUM = "below_minimum", UNPROCESSABLE_ENTITY, "It is less than the least",
        "`detail` names the least amount.";
    ABOVE_MAXIMUM = "above_maximum", UNPROCESSABLE_ENTITY, "It is more than the most",
        "`detail` names the largest amount.";
    LIMIT_REACHED = "limit_reached", UNPROCESSABLE_ENTITY, "A limit is reached",
        "`detail` names it.";
    NOT_ELIGIBLE = "not_eligible", UNPROCESSABLE_ENTITY, "It cannot be had by this account, or not in this way",
        "`detail` says what is missing: mend that, or use another.";
    EXPIRED = "expired", UNPROCESSABLE_ENTITY, "It is over",
        "`detail` says since when: use another.";
    SPACE_LOCKED = "locked", LOCKED, "Nothing may be written to it",
        "Delete files until no more than the free size is in it, or renew what was bought.";
    TOO_MANY = "too_many_requests", TOO_MANY_REQUESTS, "The key asks too often",
        "Wait for the seconds that Retry-After names.";
    INTERNAL = "internal", INTERNAL_SERVER_ERROR, "The server failed",
        "Send the same request again; if it goes on, tell whoever runs the server the request_id.";
    UNAVAILABLE = "unavailable", SERVICE_UNAVAILABLE, "The server cannot do this now",
        "Wait for the seconds that Retry-After names, and send the same request again.";
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Problem {
        Problem {
            about: code.about,
            title: code.title,
            status: code.status.as_u16(),
            code: code.code,
            detail: detail.into(),
            field: None,
            request_id: None,
            more: None,
        }
    }

    pub(crate) fn field(self, field: impl Into<String>) -> Problem {
        Problem { field: Some(field.into().into()), ..self }
    }

    /// Where a file is wrong.
    pub(crate) fn at(mut self, line: usize, column: usize) -> Problem {
        let more = self.more.get_or_insert_default();
        (more.line, more.column) = (Some(line), Some(column));
        self
    }

    /// Where to go on.
    pub(crate) fn see(mut self, address: String) -> Problem {
        self.more.get_or_insert_default().see = Some(address);
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u32) -> Problem {
        self.more.get_or_insert_default().retry_after = Some(seconds);
        self
    }

    /// Nothing of what failed is told: it stands in the log, beside the request's id.
    pub(crate) fn internal() -> Problem {
        Problem::new(INTERNAL, INTERNAL.remedy)
    }

    /// Of one of many things: its code is its own, and never a whole answer's.
    pub(crate) fn coded(code: &'static str, detail: &str) -> Problem {
        Problem { code, ..Problem::new(INVALID, detail) }
    }

    /// In a line of many.
    pub(crate) fn at_line(self, line: usize) -> Problem {
        Problem { detail: format!("line {line}: {}", self.detail), ..self }
    }

    /// Of something inside a field.
    pub(crate) fn below(self, field: &str) -> Problem {
        let inner = self.field.as_deref().map_or_else(|| field.to_owned(), |inner| format!("{field}.{inner}"));
        Problem { field: Some(inner.into()), ..self }
    }

    /// Code, detail and field, for an answer that is about many things.
    pub(crate) fn into_parts(self) -> (Option<String>, Option<String>, Option<String>) {
        (Some(self.code.to_owned()), Some(self.detail), self.field.map(String::from))
    }

    pub fn code(&self) -> &str {
        self.code
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        self.request_id = crate::serve::request_id().map(String::into_boxed_str);
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry = self.more.as_ref().and_then(|more| more.retry_after);
        let mut response = (status, axum::Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"farthing\""));
        }
        response
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        match refused {
            Refused::Engine(error) => error.into(),
            Refused::ByRule { code, message } => Problem::new(code_of(code), message),
        }
    }
}

fn code_of(code: RefusalCode) -> Code {
    match code {
        RefusalCode::InsufficientBalance => INSUFFICIENT_BALANCE,
        RefusalCode::BelowMinimum => BELOW_MINIMUM,
        RefusalCode::AboveMaximum => ABOVE_MAXIMUM,
        RefusalCode::LimitReached => LIMIT_REACHED,
        RefusalCode::NotEligible => NOT_ELIGIBLE,
        RefusalCode::HoldClosed => HOLD_CLOSED,
        RefusalCode::Expired => EXPIRED,
        RefusalCode::IdReused => ID_REUSED,
        RefusalCode::KeyReused => KEY_REUSED,
        RefusalCode::NotFound => NOT_FOUND,
        RefusalCode::Conflict => CONFLICT,
        RefusalCode::Invalid => INVALID,
        RefusalCode::RefusedByPolicy => REFUSED_BY_POLICY,
        RefusalCode::Locked => SPACE_LOCKED,
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Problem {
        tracing::error!(error = farthing_store::chain_of(&error), "a use case failed");
        match error {
            EngineError::Clock(_) | EngineError::Store(StoreError::Conflict(_)) | EngineError::Abandoned => {
                Problem::new(UNAVAILABLE, UNAVAILABLE.remedy).retry_after(1)
            }
            EngineError::Store(_) | EngineError::Settle(_) | EngineError::Configuration { .. } => Problem::internal(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        EngineError::from(error).into()
    }
}

impl From<ApplyPolicyError> for Problem {
    fn from(error: ApplyPolicyError) -> Problem {
        match error {
            ApplyPolicyError::Engine(error) => error.into(),
            ApplyPolicyError::Refused(error) => error.into(),
            ApplyPolicyError::Reused(what) => Problem::new(KEY_REUSED, what),
        }
    }
}

impl From<ApplyError> for Problem {
    fn from(error: ApplyError) -> Problem {
        Problem::new(CONFLICT, error.to_string())
    }
}

pub(super) async fn nowhere() -> Problem {
    Problem::new(NOT_FOUND, "there is no such address: /openapi.json lists those there are")
}

pub(super) async fn wrong_method() -> Problem {
    Problem::new(METHOD_NOT_ALLOWED, METHOD_NOT_ALLOWED.remedy)
}
