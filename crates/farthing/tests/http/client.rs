//! A client that says exactly what a test wants to be said, also what no library would: one request a connection, by hand.

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A server that says nothing for so long hangs.
const SILENCE: Duration = Duration::from_mins(2);

/// An amount as it is asked for.
pub(crate) fn usd(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "USD" })
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str) -> Request {
        Request { method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn get(path: &str) -> Request {
        Request::new("GET", path)
    }

    pub(crate) fn post(path: &str, body: &Value) -> Request {
        Request::new("POST", path).json(body)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn key(self, key: &str) -> Request {
        self.header("Authorization", &format!("Bearer {key}"))
    }

    /// With this Idempotency-Key.
    pub(crate) fn once(self, key: &str) -> Request {
        self.header("Idempotency-Key", key)
    }

    pub(crate) fn json(self, body: &Value) -> Request {
        self.body("application/json", body.to_string().as_bytes())
    }

    pub(crate) fn body(mut self, kind: &str, body: &[u8]) -> Request {
        body.clone_into(&mut self.body);
        self.header("Content-Type", kind)
    }

    /// Sends it; an error is a connection that was refused, or broke off before there was a whole answer.
    pub(crate) fn send(&self, address: SocketAddr) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(SILENCE))?;
        stream.set_nodelay(true)?;
        let Request { method, path, .. } = self;
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = write!(head, "Content-Length: {}\r\n\r\n", self.body.len());
        stream.write_all(head.as_bytes())?;
        stream.write_all(&self.body)?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        read(&bytes, method == "HEAD").ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "half an answer"))
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The JSON of an answer that is to have this status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// A problem: its code, after looking that it is one.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        problem["code"].as_str().expect("a code").to_owned()
    }

    /// Body and status without what differs by request: its id, and the name that was asked for.
    pub(crate) fn masked(&self, asked: &str) -> (u16, String) {
        let id = self.header("x-request-id").unwrap_or("no request id");
        let body = self.body.replace(id, "{request}");
        (self.status, if asked.is_empty() { body } else { body.replace(asked, "{asked}") })
    }

    /// Good, and so is everything in it that is answered for itself.
    pub(crate) fn is_done(&self) -> bool {
        let is_json = self.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        if !self.is_good() || !is_json {
            return self.is_good();
        }
        let told = self.json();
        let refused =
            told["results"].as_array().is_some_and(|results| results.iter().any(|one| one["problem"].is_object()));
        !refused && told["refused"].as_u64().unwrap_or(0) == 0
    }

    pub(crate) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// An answer, if all of it is there.
fn read(bytes: &[u8], bodiless: bool) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let body = bytes.get(end + 4..)?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let whole = body.len();
    // What is no text, a PDF, is looked at by its first bytes at most.
    let answer = Answer { status, headers, body: String::from_utf8_lossy(body).into_owned() };
    let announced: usize = answer.header("content-length").map_or(Some(0), |length| length.parse().ok())?;
    (bodiless || announced == whole).then_some(answer)
}
