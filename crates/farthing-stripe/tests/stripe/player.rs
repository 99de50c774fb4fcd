//! Plays what was recorded: each request must be the next one of the recording, to the last field, and gets its answer.

use crate::http::{Request, answer, pairs};
use crate::{KEY, filled};
use serde_json::Value;
use std::fs;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

pub(crate) enum Act {
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// Takes the request and never answers.
    Hold,
    /// Takes the request and hangs up.
    HangUp,
}

struct Exchange {
    request: Option<Value>,
    act: Act,
}

pub(crate) struct Player {
    base: String,
    thread: Option<JoinHandle<Result<(), String>>>,
    stop: Sender<()>,
}

impl Player {
    /// The exchanges of a file in `exchanges/`.
    pub(crate) fn of(name: &str) -> Player {
        Player::at(name, 0)
    }

    /// `until`: what `{until}` stands for in it.
    pub(crate) fn at(name: &str, until: i64) -> Player {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stripe/exchanges").join(name).with_extension("json");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let recorded: Value = serde_json::from_str(&filled(&text).replace("{until}", &until.to_string()))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let exchange = |one: &Value| {
            let body = serde_json::to_vec(&one["answer"]).expect("JSON is written");
            let status = one["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
            Exchange { request: Some(one["request"].clone()), act: Act::Answer { status, headers: Vec::new(), body } }
        };
        Player::start(recorded.as_array().expect("a list of exchanges").iter().map(exchange).collect())
    }

    /// Acts, whatever is asked.
    pub(crate) fn acting(acts: Vec<Act>) -> Player {
        Player::start(acts.into_iter().map(|act| Exchange { request: None, act }).collect())
    }

    /// Understands nothing of what is said, and acts.
    pub(crate) fn deaf(act: Act) -> Player {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let base = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept().map_err(|error| error.to_string())?;
            if matches!(act, Act::HangUp) {
                let _ = stream.shutdown(Shutdown::Both);
            }
            let _ = stopped.recv();
            Ok(())
        });
        Player { base, thread: Some(thread), stop }
    }

    fn start(exchanges: Vec<Exchange>) -> Player {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let base = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || play(&listener, exchanges, &stopped));
        Player { base, thread: Some(thread), stop }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Everything was asked for, and as it was recorded.
    pub(crate) fn finish(mut self) {
        let _ = self.stop.send(());
        // What waits for a request that never came is let go.
        let _ = TcpStream::connect(self.base.trim_start_matches("http://"));
        let played = self.thread.take().expect("it is finished once").join().expect("it plays to the end");
        played.unwrap_or_else(|error| panic!("{error}"));
    }
}

fn play(listener: &TcpListener, exchanges: Vec<Exchange>, stopped: &Receiver<()>) -> Result<(), String> {
    let mut held = Vec::new();
    let mut wrong = None;
    for (number, exchange) in exchanges.into_iter().enumerate() {
        let (stream, _) = listener.accept().map_err(|error| error.to_string())?;
        let Some(request) = Request::read(&stream) else {
            return Err(wrong.unwrap_or(format!("request {number} was not sent")));
        };
        if let Err(error) = check(&request, exchange.request.as_ref()) {
            wrong.get_or_insert(format!("request {number}: {error}"));
        }
        match exchange.act {
            Act::Answer { status, headers, body } => answer(&stream, status, &headers, &body),
            Act::HangUp => drop(stream.shutdown(Shutdown::Both)),
            Act::Hold => held.push(stream),
        }
    }
    let (stream, _) = listener.accept().map_err(|error| error.to_string())?;
    if stopped.try_recv().is_err() {
        return Err(format!("more was asked: {:?}", Request::read(&stream)));
    }
    wrong.map_or(Ok(()), Err)
}

fn check(request: &Request, recorded: Option<&Value>) -> Result<(), String> {
    let same = |what: &str, found: &str, wanted: &str| {
        if found == wanted { Ok(()) } else { Err(format!("{what} is\n{found}\nand was recorded as\n{wanted}")) }
    };
    same("the key", request.header("authorization").unwrap_or_default(), &format!("Bearer {KEY}"))?;
    same("the version", request.header("stripe-version").unwrap_or_default(), farthing_stripe::API_VERSION)?;
    let once = request.header("idempotency-key");
    if (request.method == "POST") != once.is_some() {
        return Err(format!("{} has the Idempotency-Key {once:?}", request.method));
    }
    let Some(recorded) = recorded else { return Ok(()) };
    let text = |name: &str| recorded[name].as_str().unwrap_or_default().to_owned();
    same("the method", &request.method, &text("method"))?;
    same("the path", &request.path, &text("path"))?;
    if request.method == "POST" {
        same("its type", request.header("content-type").unwrap_or_default(), "application/x-www-form-urlencoded")?;
    }
    let sent = if request.method == "POST" { &String::from_utf8_lossy(&request.body) } else { request.query.as_str() };
    let mut sent = pairs(sent);
    // One that is made of a hash is tested where it is made.
    if text("once") != "any" {
        let end = sent.iter().find(|(name, _)| name == "expires_at").map_or("", |(_, value)| value.as_str());
        same("the Idempotency-Key", once.unwrap_or_default(), &text("once").replace("{expires_at}", end))?;
    }
    for (name, value) in &mut sent {
        if recorded["fields"][name.as_str()] == "{any}" {
            "{any}".clone_into(value);
        }
    }
    let mut wanted = Vec::new();
    for (name, value) in recorded["fields"].as_object().into_iter().flatten() {
        let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        wanted.extend(values.iter().map(|value| (name.clone(), value.as_str().unwrap_or_default().to_owned())));
    }
    wanted.sort();
    same("the form", &format!("{sent:#?}"), &format!("{wanted:#?}"))
}
