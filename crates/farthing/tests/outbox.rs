//! What leaves a real server: webhooks that the official library of Standard Webhooks believes, mails that a real SMTP server takes.
//!
//! Python must be installed, with what makes its environments (Debian: python3-venv); the libraries are fetched into one below the
//! target folder. The test says so rather than pass without them.

use farthing_testbed::ScratchDir;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

const LIBRARIES: [&str; 2] = ["standardwebhooks==1.0.1", "aiosmtpd==1.4.6"];
/// Longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_mins(1);

const POLICY: &str = r#"
[cloud]
id = "one"
name = "Cloud One"
currency = "USD"
time_zone = "UTC"
languages = ["en", "zh"]

[brand]
legal_name = "Cloud One Ltd"
sender = "billing@one.example"
support = "help@one.example"
"#;

/// The interpreter of an environment with the libraries, made once.
fn python() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let make = || {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
        let (python, mark) = (folder.join("bin/python"), folder.join(LIBRARIES.join(" ").replace('=', "")));
        if !mark.exists() {
            let _ = fs::remove_dir_all(&folder);
            run(Command::new("python3").args(["-m", "venv"]).arg(&folder), "install python3 and python3-venv");
            let mut pip = Command::new(&python);
            run(pip.args(["-m", "pip", "install", "--quiet"]).args(LIBRARIES), "PyPI must be reachable");
            fs::write(&mark, "").expect("the folder is ours");
        }
        python
    };
    MADE.get_or_init(make).clone()
}

fn run(command: &mut Command, remedy: &str) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; {remedy}"));
    assert!(output.status.success(), "{command:?}: {}; {remedy}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A process whose lines are read as they come.
struct Lines {
    child: Child,
    stdin: Option<ChildStdin>,
    coming: Receiver<String>,
    kept: Mutex<Vec<Value>>,
}

impl Lines {
    fn of(mut command: Command, errors: bool) -> Lines {
        let (out, err) = if errors { (Stdio::null(), Stdio::piped()) } else { (Stdio::piped(), Stdio::inherit()) };
        let mut child = command.stdin(Stdio::piped()).stdout(out).stderr(err).spawn().expect("the program is there");
        let (say, coming) = channel();
        let mut read: Box<dyn std::io::Read + Send> = if errors {
            Box::new(child.stderr.take().expect("piped"))
        } else {
            Box::new(child.stdout.take().expect("piped"))
        };
        std::thread::spawn(move || {
            for line in BufReader::new(&mut read).lines().map_while(Result::ok) {
                if say.send(line).is_err() {
                    break;
                }
            }
        });
        let stdin = child.stdin.take();
        Lines { child, stdin, coming, kept: Mutex::default() }
    }

    /// The first line that fits, those that came before included.
    fn find(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.iter().find(|line| fits(line)) {
            return found.clone();
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.coming.recv_timeout(left) else { panic!("no {what} came; what came: {kept:#?}") };
            let line: Value = serde_json::from_str(&line).unwrap_or(Value::String(line));
            kept.push(line.clone());
            if fits(&line) {
                return line;
            }
        }
    }

    /// Everything that came so far.
    fn all(&self) -> Vec<Value> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(self.coming.try_iter().map(|line| serde_json::from_str(&line).unwrap_or(Value::String(line))));
        kept.clone()
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let rest: Vec<String> = self.coming.try_iter().filter(|line| !line.contains("\"INFO\"")).collect();
            eprintln!("what it said last:\n{}", rest.join("\n"));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server on a store, and somebody who receives what leaves it.
struct Stage {
    server: Lines,
    receiver: Lines,
    api: String,
    hooks: String,
    _folder: ScratchDir,
}

impl Stage {
    fn new(store: Option<&str>) -> Stage {
        let mails = |ports: &Value, _: &Path| format!("smtp = \"smtp://127.0.0.1:{}\"\n", ports["mails"]);
        Stage::with_mail(store, &[], ScratchDir::new("outbox"), mails)
    }

    /// With other settings for mail, made of the receiver's ports and the folder, and files for the receiver's own servers.
    fn with_mail(
        store: Option<&str>,
        files: &[PathBuf],
        folder: ScratchDir,
        mail: impl Fn(&Value, &Path) -> String,
    ) -> Stage {
        Stage::with(POLICY, store, files, folder, mail)
    }

    fn with(
        policy: &str,
        store: Option<&str>,
        files: &[PathBuf],
        folder: ScratchDir,
        mail: impl Fn(&Value, &Path) -> String,
    ) -> Stage {
        let store = store.map_or_else(|| format!("sqlite:{}", folder.join("farthing.db").display()), str::to_owned);
        let cloud = folder.join("one");
        fs::create_dir_all(cloud.join("mail")).expect("the folder is ours");
        fs::write(cloud.join("cloud.toml"), policy).expect("the folder is ours");
        fs::write(cloud.join("catalog.toml"), "").expect("the folder is ours");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outbox/receiver.py");
        let mut command = Command::new(python());
        command.arg(script).args(files);
        let receiver = Lines::of(command, false);
        let ports = receiver.find("port", |line| line["hooks"].is_u64());
        let settings = format!("store = {store:?}\nlisten = \"127.0.0.1:0\"\n[mail]\n{}", mail(&ports, folder.path()));
        fs::write(folder.join("settings.toml"), settings).expect("the folder is ours");
        let binary = env!("CARGO_BIN_EXE_farthing");
        run(
            Command::new(binary).arg("apply").arg(&cloud).args(["--store", &store, "--why", "a test", "--who", "anna"]),
            "",
        );
        let key = |more: &[&str]| {
            let mut command = Command::new(binary);
            command.args(["keys", "create", "one", "--name", "test", "--scope", "admin", "--store", &store]).args(more);
            run(&mut command, "").split_whitespace().find(|word| word.starts_with("fk_")).expect("a key").to_owned()
        };
        let keys = (key(&[]), key(&["--test"]));
        let mut command = Command::new(binary);
        command.arg("serve").arg("--config").arg(folder.join("settings.toml"));
        let server = Lines::of(command, true);
        let ready = server.find("server", |line| line["message"] == "ready");
        let api = format!("http://{}", ready["listen"].as_str().expect("an address"));
        let hooks = format!("http://127.0.0.1:{}", ports["hooks"]);
        KEYS.lock().unwrap_or_else(PoisonError::into_inner).push((api.clone(), keys));
        Stage { server, receiver, api, hooks, _folder: folder }
    }

    fn as_world(&self, test: bool) -> Caller<'_> {
        let keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, keys) = keys.iter().find(|(api, _)| *api == self.api).expect("the stage made them");
        Caller { api: &self.api, key: if test { keys.1.clone() } else { keys.0.clone() } }
    }

    fn hand_over(&mut self, secret: &str) {
        let count = self.receiver.all().iter().filter(|line| line["secret"].is_u64()).count() + 1;
        let stdin = self.receiver.stdin.as_mut().expect("piped");
        writeln!(stdin, "{secret}").expect("it reads");
        self.receiver.find("secret", |line| line["secret"] == count);
    }
}

/// Live and test key of each server of this process.
static KEYS: Mutex<Vec<(String, (String, String))>> = Mutex::new(Vec::new());

struct Caller<'s> {
    api: &'s str,
    key: String,
}

impl Caller<'_> {
    fn post(&self, path: &str, body: &Value) -> Value {
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let once = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let answer = agent()
            .post(format!("{}{path}", self.api))
            .header("authorization", format!("Bearer {}", self.key))
            .header("idempotency-key", format!("key-{once}"))
            .header("content-type", "application/json")
            .send(body.to_string());
        read(answer)
    }

    fn get(&self, path: &str) -> Value {
        let authorization = format!("Bearer {}", self.key);
        read(agent().get(format!("{}{path}", self.api)).header("authorization", authorization).call())
    }

    fn delivered(&self, wait_for: usize) {
        let until = Instant::now() + PATIENCE;
        loop {
            let list = self.get("/v1/deliveries?state=delivered");
            if list["data"].as_array().expect("a list").len() == wait_for {
                return;
            }
            assert!(Instant::now() < until, "{:#}", self.get("/v1/deliveries"));
            std::thread::sleep(Duration::from_millis(50)); // until the answer that the receiver gave is written down
        }
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().new_agent()
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Value {
    let mut answer = answer.expect("an answer");
    let text = answer.body_mut().read_to_string().expect("a text");
    assert!(answer.status().is_success(), "{}: {text}", answer.status());
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

fn story(store: Option<&str>) {
    let mut stage = Stage::new(store);
    let make = |path: &str, types: &Value| {
        let body = json!({ "url": format!("{}{path}", stage.hooks), "types": types });
        stage.as_world(false).post("/v1/endpoints", &body)
    };
    let flaky = make("/flaky", &json!(["money.*", "endpoint.*"]));
    let elsewhere = make("/elsewhere", &json!(["account.*"]));
    stage.hand_over(flaky["secret"].as_str().expect("a secret"));
    let live = stage.as_world(false);
    let contact = json!({ "name": "Ada", "email": "ada@acme.example", "language": "zh-CN" });
    live.post("/v1/accounts", &json!({ "name": "acme", "contact": contact }));
    let amount = json!({ "amount": { "amount": "1234.5", "currency": "USD" }, "reference": "bank-1" });
    live.post("/v1/accounts/acme/top-ups", &amount);

    // The webhook: refused once, then taken with the same id and body; what is altered by one byte is not believed.
    let is_top_up = |line: &Value, refused: bool| line["path"] == "/flaky" && line["refused"] == refused;
    let first = stage.receiver.find("webhook", |line| is_top_up(line, true));
    let second = stage.receiver.find("second try", |line| is_top_up(line, false));
    assert_eq!((&first["id"], &first["text"]), (&second["id"], &second["text"]));
    for hook in [&first, &second] {
        assert_eq!((&hook["fits"], &hook["altered"]), (&json!([0]), &json!(0)), "{hook:#}");
    }
    let sent = &second["webhook"];
    assert_eq!((&sent["type"], &sent["cloud"], &sent["id"]), (&json!("money.topped_up"), &json!("one"), &second["id"]));
    assert_eq!((&sent["data"]["amount"], &sent["data"]["reference"]), (&json!("1234.50"), &json!("bank-1")));
    let event = live.get(&format!("/v1/events/{}", sent["id"].as_str().expect("an id")));
    assert_eq!((&event["data"], &event["timestamp"]), (&sent["data"], &sent["timestamp"]));

    // The mail: in the reader's language, of the cloud, with the event's id.
    let mail = stage.receiver.find("mail", |line| line["mail"].is_object());
    assert_eq!((&mail["to"], &mail["sender"]), (&json!(["ada@acme.example"]), &json!("billing@one.example")));
    assert_eq!(mail["mail"]["Subject"], "acme 已到账 $1,234.50".replace('$', "US$"));
    assert_eq!(mail["mail"]["Message-ID"], format!("<{}@one.example>", sent["id"].as_str().expect("an id")));
    assert!(mail["plain"].as_str().expect("a text").contains("现在的余额是 US$1,234.50"), "{mail:#}");
    let html = mail["html"].as_str().expect("HTML");
    assert!(html.contains("<p ") && html.contains("lang=\"zh\"") && html.contains("help@one.example"), "{html}");

    // A redirect is not followed, and holds up nobody else.
    live.delivered(2);
    let waiting = live.get("/v1/deliveries?state=waiting");
    assert_eq!(waiting["data"][0]["endpoint"], elsewhere["endpoint"]["id"]);
    assert_eq!(waiting["data"][0]["last_status"], 302);
    assert!(stage.receiver.all().iter().all(|line| line["path"] != "/trap"));

    // Both secrets sign while one rotates; and what was delivered is sent again when somebody asks.
    let id = flaky["endpoint"]["id"].as_str().expect("an id").to_owned();
    let rotated = live.post(&format!("/v1/endpoints/{id}/rotate-secret"), &json!({}));
    stage.hand_over(rotated["secret"].as_str().expect("a secret"));
    let live = stage.as_world(false);
    let delivered = live.get(&format!("/v1/deliveries?endpoint={id}"));
    let delivery = delivered["data"][0]["id"].as_str().expect("an id").to_owned();
    live.post(&format!("/v1/deliveries/{delivery}/replay"), &json!({}));
    let again = stage.receiver.find("replay", |line| line["fits"] == json!([0, 1]));
    assert_eq!((&again["id"], &again["text"]), (&second["id"], &second["text"]));

    // A test cloud's mails say what they are, and its webhooks go out though its clock stands.
    let test = stage.as_world(true);
    test.post("/v1/accounts", &json!({ "name": "acme", "contact": { "email": "tester@acme.example" } }));
    let hook = json!({ "url": format!("{}/test", stage.hooks) });
    test.post("/v1/endpoints", &hook);
    test.post("/v1/accounts/acme/top-ups", &json!({ "amount": { "amount": "5", "currency": "USD" } }));
    stage.receiver.find("webhook of the test cloud", |line| line["path"] == "/test");
    let mail = stage.receiver.find("mail of the test cloud", |line| line["to"] == json!(["tester@acme.example"]));
    assert_eq!(mail["mail"]["Subject"], "[Test] $5.00 received for acme");
    assert_eq!(live.get("/v1/events?type=money.topped_up")["data"].as_array().expect("a list").len(), 1);

    // Neither secrets nor addresses stand in the log.
    let log = format!("{:?}", stage.server.all());
    assert!(!log.contains("whsec_") && !log.contains("acme.example"), "{log}");
}

/// An authority of our own and a server's certificate for this machine that it vouches for: authority, certificate, key.
fn certificates(folder: &Path) -> [PathBuf; 3] {
    let [authority, authority_key, request, certificate, key] =
        ["ca.pem", "ca.key", "server.csr", "server.pem", "server.key"].map(|name| folder.join(name));
    let said = folder.join("said.cnf");
    fs::write(&said, "subjectAltName = IP:127.0.0.1, DNS:localhost\nbasicConstraints = critical, CA:FALSE\n")
        .expect("ours");
    let openssl = |arguments: &[&str], files: &[(&str, &Path)]| {
        let mut command = Command::new("openssl");
        command.args(arguments);
        for (flag, file) in files {
            command.arg(flag).arg(file);
        }
        run(&mut command, "install openssl");
    };
    let fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    openssl(
        &[&["req", "-x509", "-days", "30", "-subj", "/CN=Test authority"][..], &fresh].concat(),
        &[("-keyout", &authority_key), ("-out", &authority)],
    );
    openssl(&[&["req", "-subj", "/CN=localhost"][..], &fresh].concat(), &[("-keyout", &key), ("-out", &request)]);
    openssl(
        &["x509", "-req", "-days", "30", "-CAcreateserial"],
        &[
            ("-in", &request),
            ("-CA", &authority),
            ("-CAkey", &authority_key),
            ("-extfile", &said),
            ("-out", &certificate),
        ],
    );
    [authority, certificate, key]
}

/// A stage whose mails go to one of the receiver's servers, and what its delivery says once `enough` is so.
fn handed_in(to: &str, password: &str, more: &str, enough: impl Fn(&Value) -> bool) -> (Stage, Value) {
    let folder = ScratchDir::new("mail");
    let [authority, certificate, key] = certificates(folder.path());
    fs::write(folder.join("password"), format!("{password}\n")).expect("ours");
    let more = more.replace("{authority}", &format!("authority_file = '{}'", authority.display()));
    let settings = |ports: &Value, folder: &Path| {
        let file = folder.join("password");
        let (port, file) = (&ports[to], file.display());
        format!("smtp = \"smtp://127.0.0.1:{port}\"\nuser = \"billing\"\npassword_file = '{file}'\n{more}\n")
    };
    let stage = Stage::with_mail(None, &[certificate, key], folder, settings);
    let live = stage.as_world(false);
    live.post("/v1/accounts", &json!({ "name": "acme", "contact": { "email": "ada@acme.example" } }));
    live.post("/v1/accounts/acme/top-ups", &json!({ "amount": { "amount": "5", "currency": "USD" } }));
    let until = Instant::now() + PATIENCE;
    loop {
        let listed = live.get("/v1/deliveries");
        if let Some(delivery) = listed["data"].as_array().and_then(|all| all.iter().find(|delivery| enough(delivery))) {
            return (stage, delivery.clone());
        }
        assert!(Instant::now() < until, "{listed:#}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn delivered(delivery: &Value) -> bool {
    delivery["state"] == "delivered"
}

/// It was tried, and goes on being tried.
fn waits(delivery: &Value) -> bool {
    delivery["state"] == "waiting" && delivery["last_attempt_at"].is_string() && delivery["next_attempt_at"].is_string()
}

#[test]
fn a_mail_is_handed_in_over_starttls_by_whoever_is_known() {
    for (server, mechanism) in [("tls", "PLAIN"), ("old", "LOGIN")] {
        let (stage, _) = handed_in(server, "hunter2", "{authority}", delivered);
        let login = stage.receiver.find("login", |line| line["login"] == "billing");
        assert_eq!(
            (&login["good"], &login["mechanism"], &login["tls"]),
            (&json!(true), &json!(mechanism), &json!(true))
        );
        let mail = stage.receiver.find("mail", |line| line["mail"].is_object());
        assert_eq!((&mail["server"], &mail["tls"], &mail["known"]), (&json!(server), &json!(true), &json!(true)));
        assert_eq!(mail["mail"]["Subject"], "$5.00 received for acme");
    }
}

#[test]
fn a_wrong_password_waits_and_is_told_nowhere() {
    let (stage, delivery) = handed_in("tls", "sesame-7731", "{authority}", waits);
    assert_eq!(delivery["last_status"], 535);
    // The server has said it all again.
    let answer = delivery["last_answer"].as_str().expect("a text");
    assert!(answer.contains("billing has not …"), "{answer}");
    let (events, log) = (stage.as_world(false).get("/v1/events"), stage.server.all());
    let told = format!("{delivery} {events} {log:?}");
    assert!(!told.contains("sesame-7731") && !told.contains("AGJpbGxpbmcAc2VzYW1lLTc3MzE"), "{told}");
    assert!(stage.receiver.all().iter().all(|line| !line["mail"].is_object()));
}

#[test]
fn a_server_without_tls_is_told_no_password_unless_somebody_says_so() {
    let (stage, delivery) = handed_in("clear", "hunter2", "", waits);
    let answer = delivery["last_answer"].as_str().expect("a text");
    assert!(answer.contains("STARTTLS"), "{answer}");
    stage.receiver.find("greeting", |line| line["greeted"] == "clear");
    assert!(stage.receiver.all().iter().all(|line| line["login"].is_null() && !line["mail"].is_object()));

    let (stage, _) = handed_in("clear", "hunter2", "tls = \"off\"", delivered);
    let login = stage.receiver.find("login", |line| line["login"] == "billing");
    assert_eq!((&login["good"], &login["tls"]), (&json!(true), &json!(false)));
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_not_believed() {
    let (stage, delivery) = handed_in("tls", "hunter2", "", waits);
    let answer = delivery["last_answer"].as_str().expect("a text");
    assert!(answer.contains("certificate"), "{answer}");
    assert!(stage.receiver.all().iter().all(|line| line["login"].is_null()));
}

/// What a mail tells of goes with it, drawn when it is sent: the bill of a top-up, and the receipt.
#[test]
fn bills_and_receipts_go_out_with_their_pdf() {
    let billing = format!(
        "{POLICY}country = \"IE\"\n\n[bill]\non = [\"top_up\"]\nreceipts = true\nnumber = \"ONE-{{year}}-{{seq:4}}\"\n"
    );
    let mails = |ports: &Value, _: &Path| format!("smtp = \"smtp://127.0.0.1:{}\"\n", ports["mails"]);
    let stage = Stage::with(&billing, None, &[], ScratchDir::new("outbox"), mails);
    let live = stage.as_world(false);
    let contact = json!({ "name": "Ada", "email": "ada@acme.example", "language": "zh-CN" });
    live.post("/v1/accounts", &json!({ "name": "acme", "contact": contact }));
    let amount = json!({ "amount": { "amount": "50", "currency": "USD" }, "reference": "bank-1" });
    live.post("/v1/accounts/acme/top-ups", &amount);
    let bills = live.get("/v1/bills?account=acme");
    for bill in bills["data"].as_array().expect("a list") {
        let number = bill["number"].as_str().expect("a number");
        let file = format!("{number}.pdf");
        let mail = stage.receiver.find("mail", |line| line["attached"][0]["name"] == json!(file));
        let [attached] = mail["attached"].as_array().expect("a list").as_slice() else { panic!("{mail:#}") };
        assert_eq!((&attached["kind"], &attached["begin"]), (&json!("application/pdf"), &json!("%PDF-")));
        assert_eq!(attached["within"], "multipart/mixed");
        assert!(attached["size"].as_u64().is_some_and(|size| size > 5_000), "{mail:#}");
        assert!(mail["html"].as_str().expect("HTML").contains(number), "{mail:#}");
    }
    let kinds: Vec<&Value> = bills["data"].as_array().expect("a list").iter().map(|bill| &bill["kind"]).collect();
    assert_eq!(kinds, ["receipt", "bill"]);
    // What tells of no document carries none.
    let told = stage.receiver.find("mail of the money", |line| {
        line["mail"]["Subject"].as_str().is_some_and(|subject| subject.contains("已到账"))
    });
    assert_eq!(told["attached"], json!([]));
}

#[test]
fn a_top_up_is_heard_of_on_sqlite() {
    story(None);
}

#[test]
fn a_top_up_is_heard_of_on_postgres() {
    let database = farthing_testbed::postgres().database("outbox");
    story(Some(&database.url()));
}
