//! Servers that die with webhooks on their way: each message reaches its endpoint at least once, with one id, and in order within its
//! lane. Two servers on one PostgreSQL never carry one delivery at once.

use crate::bed::{Bed, Server, until};
use farthing_core::time::Instant;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

const ACCOUNTS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
/// As many couriers as go to one endpoint at once.
const COURIERS: usize = 4;
/// As long as the lease on delivering lasts that is not renewed.
const LEASE_MICROS: i64 = 15_000_000;

/// What came in, in its order.
#[derive(Clone, Debug)]
struct Arrival {
    id: String,
    account: String,
    number: u64,
    body: String,
}

#[derive(Debug, Default)]
struct Book {
    arrivals: Vec<Arrival>,
    /// How many more are answered at once; none: all.
    answers: Option<usize>,
    /// Who waits for an answer.
    held: usize,
    /// The most that were ever in one delivery's hands at once.
    at_once: usize,
    open: BTreeMap<String, usize>,
    /// Counts what sends away those who wait.
    round: u64,
}

/// An endpoint that answers only when it is told to.
#[derive(Debug)]
struct Endpoint {
    address: SocketAddr,
    shared: Arc<(Mutex<Book>, Condvar)>,
}

impl Endpoint {
    fn new() -> Endpoint {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared: Arc<(Mutex<Book>, Condvar)> = Arc::default();
        let own = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let own = own.clone();
                std::thread::spawn(move || drop(receive(&stream, &own)));
            }
        });
        Endpoint { address, shared }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers so many more, and keeps all others waiting.
    fn hold_after(&self, answers: usize) {
        self.book().answers = Some(answers);
    }

    /// Who waits gets no answer any more; whoever comes from now on gets one.
    fn let_go(&self) {
        let mut book = self.book();
        book.answers = None;
        book.round += 1;
        self.shared.1.notify_all();
    }

    fn arrivals(&self) -> Vec<Arrival> {
        self.book().arrivals.clone()
    }

    fn until_in_flight(&self) {
        until("as many as can are on their way", || (self.book().held == COURIERS).then_some(()));
    }
}

/// One request: noted, and answered if it may be.
fn receive(stream: &TcpStream, shared: &(Mutex<Book>, Condvar)) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            None if line.trim_end().is_empty() => break,
            Some((name, value)) if name.eq_ignore_ascii_case("webhook-id") => value.clone_into(&mut id),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8(body).expect("a text");
    let told: Value = serde_json::from_str(&body).expect("JSON");
    let reference = told["data"]["reference"].as_str().expect("a reference");
    let (account, number) = reference.split_once('-').expect("account and number");
    let arrival =
        Arrival { id: id.clone(), account: account.to_owned(), number: number.parse().expect("a number"), body };
    let (book, changed) = shared;
    let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
    book.arrivals.push(arrival);
    let open = book.open.entry(id.clone()).or_default();
    *open += 1;
    book.at_once = book.at_once.max(*book.open.get(&id).unwrap_or(&0));
    let answered = book.answers.is_none_or(|left| left > 0);
    if let Some(left) = book.answers.as_mut().filter(|left| **left > 0) {
        *left -= 1;
    }
    if !answered {
        let round = book.round;
        book.held += 1;
        while book.round == round {
            book = changed.wait(book).unwrap_or_else(PoisonError::into_inner);
        }
        book.held -= 1;
    }
    book.open.remove(&id);
    drop(book);
    if answered {
        (&*stream).write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")?;
    }
    Ok(())
}

/// Tops up each account once for each of these numbers.
fn top_up(server: &Server, key: &str, numbers: std::ops::Range<u64>) {
    for number in numbers {
        for account in ACCOUNTS {
            let amount = json!({ "amount": { "amount": "1.00", "currency": "USD" }, "reference": format!("{account}-{number}") });
            server.post(key, &format!("/v1/accounts/{account}/top-ups"), &amount);
        }
    }
}

/// A cloud with an endpoint that hears of money.
fn ready(server: &Server, key: &str, endpoint: &Endpoint) {
    for account in ACCOUNTS {
        server.post(key, "/v1/accounts", &json!({ "name": account }));
    }
    let hook = json!({ "url": format!("http://{}/hook", endpoint.address), "types": ["money.*"] });
    server.post(key, "/v1/endpoints", &hook);
}

fn all_delivered(server: &Server, key: &str, many: usize) -> Vec<Value> {
    until("all is delivered", || {
        let listed = server.get(key, "/v1/deliveries?state=delivered&limit=1000");
        let all = listed["data"].as_array().expect("a list").clone();
        (all.len() == many).then_some(all)
    })
}

/// Each message came, as one text with one id, and none before the one before it in its lane was through.
fn all_came_in_order(server: &Server, key: &str, arrivals: &[Arrival], many: usize) {
    let events = server.get(key, "/v1/events?type=money.topped_up&limit=1000");
    let told: BTreeSet<String> = events["data"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| event["id"].as_str().expect("an id").to_owned())
        .collect();
    let came: BTreeSet<String> = arrivals.iter().map(|arrival| arrival.id.clone()).collect();
    assert_eq!(told.len(), many);
    assert_eq!(came, told, "each at least once, with its id");
    let mut texts: BTreeMap<&str, &Arrival> = BTreeMap::new();
    let mut reached: BTreeMap<&str, u64> = BTreeMap::new();
    for arrival in arrivals {
        let first = texts.entry(&arrival.id).or_insert(arrival);
        assert_eq!(first.body, arrival.body);
        let before = reached.insert(&arrival.account, arrival.number).unwrap_or(0);
        assert!(
            arrival.number == before || arrival.number == before + 1,
            "{}: {} after {before}",
            arrival.account,
            arrival.number
        );
    }
}

fn arrivals_of<'a>(arrivals: &'a [Arrival], id: &'a str) -> usize {
    arrivals.iter().filter(|arrival| arrival.id == id).count()
}

both! {
    fn what_was_on_its_way_goes_again(bed: &Bed) {
        bed.cloud("ours");
        let key = bed.key("ours", false, "admin");
        let (endpoint, server) = (Endpoint::new(), bed.serve());
        ready(&server, &key, &endpoint);
        endpoint.hold_after(9);
        top_up(&server, &key, 1..6);
        endpoint.until_in_flight();
        let before = endpoint.arrivals();
        assert_eq!(before.len(), 9 + COURIERS);
        server.kill();
        endpoint.let_go();

        let server = bed.serve();
        let many = 5 * ACCOUNTS.len();
        let delivered = all_delivered(&server, &key, many);
        let arrivals = endpoint.arrivals();
        all_came_in_order(&server, &key, &arrivals, many);
        // What it was not answered for came once more; of the last that were answered it may have died before it wrote that down.
        for held in &before[9..] {
            assert_eq!(arrivals_of(&arrivals, &held.id), 2, "{held:?}");
        }
        assert!(arrivals.len() <= many + 2 * COURIERS, "{}", arrivals.len());
        for delivery in &delivered {
            let id = delivery["event"].as_str().expect("an id");
            assert_eq!(delivery["attempts"], arrivals_of(&arrivals, id), "each try is counted: {delivery}");
        }
        drop(server);
        bed.verify();
    }
}

/// Who delivers: its process, its fence and until when.
fn delivering(server: &Server, key: &str) -> (String, i64, Instant) {
    let jobs = server.get(key, "/v1/jobs");
    let job = jobs["data"].as_array().into_iter().flatten().find(|job| job["job"] == "deliver");
    let job = job.unwrap_or_else(|| panic!("nobody delivers: {jobs}"));
    let until = Instant::parse(job["until"].as_str().expect("a time")).expect("a time");
    (job["holder"].as_str().expect("a holder").to_owned(), job["fence"].as_i64().expect("a fence"), until)
}

#[test]
fn of_two_servers_one_carries_and_the_other_takes_over() {
    let bed = Bed::postgres();
    bed.cloud("ours");
    let key = bed.key("ours", false, "admin");
    let endpoint = Endpoint::new();
    let (one, two) = (bed.serve(), bed.serve());
    ready(&one, &key, &endpoint);

    // Both take in what is told, and each message goes out once.
    top_up(&one, &key, 1..3);
    top_up(&two, &key, 3..5);
    let delivered = all_delivered(&two, &key, 4 * ACCOUNTS.len());
    assert!(delivered.iter().all(|delivery| delivery["attempts"] == 1), "{delivered:?}");
    assert_eq!(endpoint.arrivals().len(), 4 * ACCOUNTS.len());

    // The one that carries is killed with as many on their way as there can be.
    endpoint.hold_after(0);
    top_up(&two, &key, 5..6);
    endpoint.until_in_flight();
    let (holder, fence, _) = delivering(&two, &key);
    let its = |server: &Server| holder.contains(&format!(":{}:", server.process()));
    let (killed, left) = if its(&one) { (one, two) } else { (two, one) };
    assert!(its(&killed), "{holder} is one of both");
    killed.kill();
    let (_, _, ended) = delivering(&left, &key);
    endpoint.let_go();
    top_up(&left, &key, 6..8);
    let (successor, next, renewed) = until("the other takes over", || {
        let now = delivering(&left, &key);
        (now.0 != holder).then_some(now)
    });
    assert!(successor.contains(&format!(":{}:", left.process())), "{successor}");
    assert_eq!(next, fence + 1, "it changed hands once");
    let began = renewed.micros() - LEASE_MICROS;
    assert!(began >= ended.micros(), "never do both hold it: {ended} and {renewed}");

    let many = 7 * ACCOUNTS.len();
    let delivered = all_delivered(&left, &key, many);
    let arrivals = endpoint.arrivals();
    all_came_in_order(&left, &key, &arrivals, many);
    assert_eq!(arrivals.len(), many + COURIERS, "only what was on its way came twice");
    assert_eq!(endpoint.book().at_once, 1, "never was one carried by both");
    for delivery in &delivered {
        let id = delivery["event"].as_str().expect("an id");
        assert_eq!(delivery["attempts"], arrivals_of(&arrivals, id), "{delivery}");
    }
    drop(left);
    bed.verify();
}
