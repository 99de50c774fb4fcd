//! The front door: usage events and authorisations over HTTP, against a server of its own process, by a client in this one.
//!
//! Each answer is waited for, so what is counted was on the disk. How much of the machine the client itself takes is printed:
//! on two cores it is not little.

use super::crowd::{self, Crowd};
use super::measure::{Measured, heading};
use super::{Bed, Where, floor, ingest, ledger};
use clap::Args;
use farthing::failure::Failure;
use farthing_core::access::{Mode, Scope, Scopes};
use farthing_engine::{NewKey, Origin};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What the floor appends for one event, and for one authorisation.
const EVENT_BYTES: u64 = 150;
const HOLD_BYTES: u64 = 200;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    at: Where,
    /// How many usage events.
    #[arg(long, default_value_t = 500_000)]
    rows: u64,
    /// How many events a request carries.
    #[arg(long, default_value_t = 1_000)]
    batch: u64,
    /// How many connections send events.
    #[arg(long, default_value_t = 4)]
    senders: u64,
    /// How many authorisations.
    #[arg(long, default_value_t = 20_000)]
    authorisations: u64,
    /// How many connections authorise, each waiting for its answer.
    #[arg(long, default_value_t = 64)]
    callers: u64,
    /// How many customers there are.
    #[arg(long, default_value_t = 1_000)]
    customers: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    heading(arguments.at.json);
    for _ in 0..arguments.at.runs.max(1) {
        let bed = Bed::new(&arguments.at)?;
        let engine = &bed.engine;
        let crowd = Crowd {
            accounts: arguments.customers,
            resources: 0,
            product: "model",
            skus: &[],
            policy: crowd::HOURLY,
            money: crowd::Means::Plenty,
        };
        let cloud = crowd::fill(engine, ingest::CATALOG, &crowd, engine.now()?)?;
        let scopes = Scopes::of(&[Scope::Admin]);
        let new = NewKey { name: "bench".to_owned(), mode: Mode::Live, scopes, per_second: 1_000_000, expires: None };
        let key = engine.key_create(&cloud, &new, &Origin::Chance).map_err(|error| error.to_string())?.reveal();
        let server = Server::start(&engine.store().location().clone(), &arguments.at)?;
        usage(arguments, &bed, &server, &key)?;
        authorise(arguments, &bed, &server, &key)?;
    }
    Ok(())
}

fn usage(arguments: &Arguments, bed: &Bed, server: &Server, key: &str) -> Result<(), Failure> {
    let requests = arguments.rows.div_ceil(arguments.batch);
    let customers = u64::try_from(arguments.customers)?;
    let body = |request: u64| {
        let mut body = String::with_capacity(usize::try_from(arguments.batch).unwrap_or(0) * 90);
        for event in 0..arguments.batch {
            let number = request * arguments.batch + event;
            // Ids in no order, as they come from many machines.
            let id = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let customer = 1 + id % customers;
            let _ = writeln!(
                body,
                "{{\"id\":\"{id:016x}\",\"account\":\"customer-{customer}\",\"quantities\":{{\"tokens\":7}}}}"
            );
        }
        body
    };
    let measured = drive(server, arguments.senders, requests, &|request| {
        let body = body(request);
        format!(
            "POST /v1/usage HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\nContent-Type: application/x-ndjson\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    })?;
    let rows = requests * arguments.batch;
    let floor = floor::append(rows * EVENT_BYTES, requests)?;
    let name = format!("http usage {} / {}", ledger::size(rows), arguments.batch);
    measured.print(name, bed, rows, floor, arguments.at.json)
}

fn authorise(arguments: &Arguments, bed: &Bed, server: &Server, key: &str) -> Result<(), Failure> {
    let customers = u64::try_from(arguments.customers)?;
    let measured = drive(server, arguments.callers, arguments.authorisations, &|request| {
        let customer = 1 + request.wrapping_mul(0x9E37_79B9_7F4A_7C15) % customers;
        let body = format!(
            "{{\"account\":\"customer-{customer}\",\"amount\":{{\"amount\":\"0.01\",\"currency\":\"USD\"}},\"expires_in_seconds\":60}}"
        );
        format!(
            "POST /v1/authorisations HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
             Idempotency-Key: bench-{request}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    })?;
    let commits = arguments.authorisations.div_ceil(arguments.callers.max(1));
    let floor = floor::append(arguments.authorisations * HOLD_BYTES, commits)?;
    let name = format!("http authorise, {} callers", arguments.callers);
    measured.print(name, bed, arguments.authorisations, floor, arguments.at.json)
}

/// What a drive came to.
struct Driven {
    took: Duration,
    waits: Vec<Duration>,
    client_cpu: f64,
    server_cpu: f64,
}

impl Driven {
    fn print(self, name: String, bed: &Bed, rows: u64, floor: Duration, json: bool) -> Result<(), Failure> {
        let whole = (self.client_cpu + self.server_cpu).max(1e-9);
        let more = vec![
            ("client's share of the CPU time", self.client_cpu / whole),
            ("server's CPU seconds", self.server_cpu),
        ];
        let Driven { took, waits, .. } = self;
        Measured { name, store: bed.name, rows, took, waits, floor: Some(floor), more }.print(json)
    }
}

/// Sends so many requests over so many connections, each waiting for its answer, which must be good.
fn drive(
    server: &Server,
    connections: u64,
    requests: u64,
    request: &(dyn Fn(u64) -> String + Sync),
) -> Result<Driven, Failure> {
    let next = AtomicU64::new(0);
    let waits = Mutex::new(Vec::new());
    let failed: Mutex<Option<String>> = Mutex::new(None);
    let (client_before, server_before) = (cpu_seconds("self")?, cpu_seconds(&server.child.id().to_string())?);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let done = Connection::open(server.address).and_then(|mut connection| {
                    let mut own = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= requests {
                            return Ok(own);
                        }
                        let text = request(number);
                        let begun = Instant::now();
                        connection.ask(&text)?;
                        own.push(begun.elapsed());
                    }
                });
                match done {
                    Ok(own) => waits.lock().expect("nobody panics").extend(own),
                    Err(error) => *failed.lock().expect("nobody panics") = Some(error.to_string()),
                }
            });
        }
    });
    let took = began.elapsed();
    if let Some(error) = failed.into_inner().expect("nobody panics") {
        return Err(error.into());
    }
    Ok(Driven {
        took,
        waits: waits.into_inner().expect("nobody panics"),
        client_cpu: cpu_seconds("self")? - client_before,
        server_cpu: cpu_seconds(&server.child.id().to_string())? - server_before,
    })
}

/// User and system time of a process so far.
fn cpu_seconds(process: &str) -> Result<f64, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = after.split_whitespace().skip(11).take(2).filter_map(|text| text.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / 100.0)
}

/// One keep-alive connection.
struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    fn open(address: SocketAddr) -> Result<Connection, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream: BufReader::new(stream) })
    }

    fn ask(&mut self, request: &str) -> Result<(), Failure> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut status = String::new();
        self.stream.read_line(&mut status)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let line = line.trim();
            if line.is_empty() {
                break;
            }
            if let Some(told) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = told.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        if status.starts_with("HTTP/1.1 20") && !body.windows(11).any(|part| part == b"\"refused\":1") {
            return Ok(());
        }
        Err(format!("the server answered {} {}", status.trim(), String::from_utf8_lossy(&body)).into())
    }
}

/// `farthing serve`, in a process of its own; it ends with its value.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(location: &farthing_store::Location, at: &Where) -> Result<Server, Failure> {
        // A port that is free now; nobody else is likely to take it in between.
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let store = at.store.clone().unwrap_or_else(|| location.to_string());
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "--listen", &address.to_string(), "--store", &store])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Server { child, address };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if began.elapsed() > Duration::from_secs(20) {
                return Err("the server does not start".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
