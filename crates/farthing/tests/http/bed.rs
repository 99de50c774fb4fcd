//! What a test stands on: a fresh store, clouds and keys on it, and servers, which end with the test however it ends.

use crate::client::{Answer, Request};
use farthing_testbed::{Database, ScratchDir};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a machine that does much else: whoever waits so long waits in vain.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the clouds of these tests sell. Names are those of the examples in the document, so that its examples can be sent.
pub(crate) const CATALOG: &str = r#"[[meter]]
id = "input_tokens"
unit = "token"

[[meter]]
id = "calls"
unit = "call"

[[meter]]
id = "stored"
unit = "GB"
aggregate = "time_weighted"

[[gift]]
id = "welcome"
name = "Welcome"
credit = "5.00"
per_account = 1000

[[coupon]]
code = "SPRING20"
amount = "1.00"
per_account = 1000

[[product]]
id = "hosted"
name = "Hosted node"
kind = "term"
period = "1 month"
price = "9.00"

[[product]]
id = "share"
name = "Share"
kind = "term"
meter = "stored"
free = { size = "10 GB", per = "resource" }
size = "10 GB"
period = "1 month"
price = "3.00"

[[product]]
id = "gpu-units"
name = "GPU units"
kind = "units"
unit = "gpu-unit"
packs = [{ units = 100, price = "10.00" }]

[[product]]
id = "service"
name = "Service"
kind = "running"
round_up = "1s"
[[product.sku]]
id = "medium-2c-4g"
price = "0.36 / hour"

[[product]]
id = "leased"
name = "Leased"
kind = "running"
on_suspend = "stop"
price = "0.36 / hour"

[[product]]
id = "chat"
name = "Chat"
kind = "usage"
meter = "input_tokens"
price = "2.50 / 1M tokens"

[[product]]
id = "api"
name = "API"
kind = "usage"
meter = "calls"
price = "0.01 / call"
"#;

pub(crate) fn policy(cloud: &str, every: &str) -> String {
    format!(
        "[cloud]\nid = \"{cloud}\"\nname = \"{cloud}\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\n\n\
        [brand]\nlegal_name = \"{cloud}\"\n\n[bill]\non = [\"top_up\", \"order\", \"request\"]\ndispute_window = \"7d\"\nnumber = \"B-{{year}}-{{seq:6}}\"\n\n[settle]\nevery = \"{every}\"\n\n\
        [refund]\nunconsumed_cash = true\n\n[space]\ngrace = \"30d\"\n\n[ladder]\nsuspend = {{ after = \"0h\" }}\n\n[bank]\naccount = \"DE89370400440532013000\"\n\n[members]\nwallets = true\n"
    )
}

#[derive(Debug)]
pub(crate) struct Bed {
    store: String,
    folder: ScratchDir,
    _database: Option<Database>,
}

impl Bed {
    pub(crate) fn sqlite() -> Bed {
        let folder = ScratchDir::new("http");
        let store = format!("sqlite:{}", folder.join("farthing.db").display());
        Bed { store, folder, _database: None }
    }

    pub(crate) fn postgres() -> Bed {
        let database = farthing_testbed::postgres().database("http");
        Bed { store: database.url(), folder: ScratchDir::new("http"), _database: Some(database) }
    }

    pub(crate) fn folder(&self) -> &ScratchDir {
        &self.folder
    }

    /// A cloud that settles by the hour.
    pub(crate) fn cloud(&self, cloud: &str) {
        self.apply(cloud, &policy(cloud, "1h"), CATALOG);
    }

    pub(crate) fn apply(&self, cloud: &str, policy: &str, catalog: &str) {
        let folder = self.folder.join(cloud);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("cloud.toml"), policy).expect("written");
        std::fs::write(folder.join("catalog.toml"), catalog).expect("written");
        let folder = folder.to_str().expect("a path");
        farthing(&["apply", folder, "--why", "test", "--who", "test", "--store", &self.store]);
    }

    /// A key's text, made as an operator makes the first one.
    pub(crate) fn key(&self, cloud: &str, test: bool, scopes: &str) -> String {
        let mut arguments = vec!["keys", "create", cloud, "--name", "test", "--scope", scopes, "--store", &self.store];
        if test {
            arguments.push("--test");
        }
        farthing(&arguments).trim().to_owned()
    }

    /// Runs a command on this store, and answers what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        farthing(&[arguments, &["--store", &self.store]].concat())
    }

    /// Every row proves every other, in every world that stands beside this store.
    pub(crate) fn verify(&self) {
        farthing(&["verify", "--deep", "--store", &self.store]);
    }

    /// Where money is only pretended, in the live world too.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with("[payments]\nsandbox = true\n")
    }

    /// With these settings in its file.
    pub(crate) fn serve_with(&self, settings: &str) -> Server {
        let config = self.folder.join("farthing.toml");
        std::fs::write(&config, settings).expect("written");
        let mut child = Command::new(env!("CARGO_BIN_EXE_farthing"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "json", "--store", &self.store, "--config"])
            .arg(&config)
            .current_dir(self.folder.path()) // where a server on PostgreSQL keeps its exports
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let log = Arc::new(Mutex::new(Vec::new()));
        let (told, address) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let kept = log.clone();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some(listens) = listening(&line) {
                    let _ = told.send(listens);
                }
                // Answers are too many to keep, but for those whose addresses must not be told.
                let told = !line.contains("\"answered\"") || line.contains("\"ERROR\"") || line.contains("/sign-in");
                if told {
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                }
            }
        });
        let mut server = Server { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), log };
        match address.recv_timeout(PATIENCE) {
            Ok(address) => server.address = address,
            Err(why) => panic!("the server does not get ready ({why}): {:?}", server.log()),
        }
        server
    }
}

fn farthing(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_farthing")).args(arguments).output().expect("the binary runs");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "farthing {arguments:?}\n{said}{complained}");
    said.into_owned()
}

/// The address of a line that says that the server is ready.
fn listening(line: &str) -> Option<SocketAddr> {
    let told: Value = serde_json::from_str(line).ok()?;
    if told["message"] == "ready" { told["listen"].as_str()?.parse().ok() } else { None }
}

#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    #[track_caller]
    pub(crate) fn send(&self, request: &Request) -> Answer {
        match request.send(self.address) {
            Ok(answer) => answer,
            Err(error) => panic!("{request:?} is not answered ({error}): {:?}", self.log()),
        }
    }

    #[track_caller]
    pub(crate) fn get(&self, key: &str, path: &str) -> Value {
        self.send(&Request::get(path).key(key)).expect(200)
    }

    /// Posts once, under a fresh Idempotency-Key.
    #[track_caller]
    pub(crate) fn post(&self, key: &str, path: &str, body: &Value) -> Value {
        let answer = self.send(&Request::post(path, body).key(key).once(&fresh("once")));
        assert!(answer.is_good(), "{path} {body}: {} {}", answer.status, answer.body);
        answer.json()
    }

    /// SIGKILL: it can do nothing about it.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// What it said, with the answers of the sign-in pages.
    pub(crate) fn whole_log(&self) -> Vec<String> {
        self.log()
    }

    /// What it said besides its answers.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the server said:\n{}", self.log().join("\n"));
        }
    }
}

/// Asked once, of whom a key is.
pub(crate) fn ask(server: &Server, key: &str, method: &str, path: &str, body: &Value) -> Answer {
    server.send(&Request::new(method, path).json(body).key(key).once(&fresh("once")))
}

/// A text that no other of this process is.
pub(crate) fn fresh(what: &str) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{what}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Looks until there is something to be seen.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Chance that comes again: the same for the same seed.
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// From 0 up to and without `sides`.
    pub(crate) fn throw(&mut self, sides: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}
