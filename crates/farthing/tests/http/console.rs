//! The consoles behind the real server: who comes in, what another's session sees (nothing), forms of other sites, cookies that were stolen from
//! their time; and that nothing which opens something is in the log.

use crate::bed::{Bed, Server, fresh};
use crate::client::{Answer, Request};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use farthing_core::access::TotpSecret;
use farthing_core::time::Instant;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

const CONSOLE: &str = "[console]\n[payments]\nsandbox = true\n";
const PASSWORD: &str = "correct horse battery";

/// Keeps cookies as a browser does, and sends forms as pages have them.
struct Browser<'s> {
    server: &'s Server,
    cookies: BTreeMap<String, String>,
}

impl<'s> Browser<'s> {
    fn new(server: &'s Server) -> Browser<'s> {
        Browser { server, cookies: BTreeMap::new() }
    }

    fn with(&self, request: Request) -> Request {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if cookies.is_empty() { request } else { request.header("Cookie", &cookies.join("; ")) }
    }

    fn send(&mut self, request: Request) -> Answer {
        let answer = self.server.send(&self.with(request));
        for (name, value) in &answer.headers {
            if name.eq_ignore_ascii_case("set-cookie") {
                let (pair, rest) = value.split_once(';').expect("attributes");
                let (cookie, value) = pair.split_once('=').expect("a pair");
                if rest.contains("Max-Age=0") {
                    self.cookies.remove(cookie);
                } else {
                    self.cookies.insert(cookie.to_owned(), value.to_owned());
                }
            }
        }
        answer
    }

    fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path))
    }

    /// Sends fields with the text that the page's form carries.
    fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.get(page);
        let csrf = csrf_of(&shown).unwrap_or_else(|| panic!("{page} has no form: {} {}", shown.status, shown.body));
        self.post(action, &csrf, fields)
    }

    fn post(&mut self, action: &str, csrf: &str, fields: &[(&str, &str)]) -> Answer {
        let origin = format!("http://{}", self.server.address());
        self.send(form(action, csrf, fields).header("Origin", &origin))
    }
}

fn form(action: &str, csrf: &str, fields: &[(&str, &str)]) -> Request {
    let coded = |text: &str| -> String {
        text.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect()
    };
    let mut body = format!("csrf={csrf}");
    for (name, value) in fields {
        body = format!("{body}&{name}={}", coded(value));
    }
    Request::new("POST", action).body("application/x-www-form-urlencoded", body.as_bytes())
}

fn csrf_of(page: &Answer) -> Option<String> {
    let at = page.body.rfind("name=\"csrf\" value=\"")?;
    page.body.get(at + 19..)?.split('"').next().map(str::to_owned).filter(|csrf| !csrf.is_empty())
}

fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.header("location").expect("somewhere to go")
}

/// Sent by the portal: signed in to one account.
fn sent<'s>(server: &'s Server, key: &str, account: &str, role: &str) -> Browser<'s> {
    let new = json!({ "account": account, "person": "u-1842", "role": role });
    let made = server.send(&Request::post("/v1/console-links", &new).key(key).once(&fresh("once"))).expect(201);
    let url = made["url"].as_str().expect("a URL").to_owned();
    let mut browser = Browser::new(server);
    let entered = browser.get(&url);
    assert!(location(&entered).ends_with(account), "{entered:?}");
    browser
}

/// An operator who has chosen a password by the link that the command printed.
fn operator<'s>(bed: &Bed, server: &'s Server, email: &str, role: &str, cloud: Option<&str>) -> Browser<'s> {
    let mut arguments = vec!["operators", "add", email, "--role", role];
    if let Some(cloud) = cloud {
        arguments.extend(["--cloud", cloud]);
    }
    let link = bed.run(&arguments).trim().to_owned();
    let mut browser = Browser::new(server);
    let chosen = browser.submit(&link, &link, &[("password", PASSWORD), ("again", PASSWORD)]);
    assert_eq!(chosen.status, 303, "{}", chosen.body);
    browser
}

fn status(server: &Server, path: &str, cookie: Option<&str>) -> u16 {
    let request = Request::get(path);
    server
        .send(&match cookie {
            Some(cookie) => request.header("Cookie", &format!("farthing={cookie}")),
            None => request,
        })
        .status
}

fn now() -> Instant {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros();
    Instant::from_micros(i64::try_from(micros).expect("it fits"))
}

/// What an authenticator shows, from the letters under the QR code.
fn code_of(letters: &str) -> String {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for letter in letters.bytes() {
        let value = if letter >= b'A' { letter - b'A' } else { letter - b'2' + 26 };
        bits = bits << 5 | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 255).expect("a byte"));
        }
    }
    let secret = TotpSecret::new(bytes.try_into().expect("twenty bytes"));
    let at = now();
    let step = at.micros().div_euclid(30_000_000);
    (0..1_000_000)
        .map(|code| format!("{code:06}"))
        .find(|code| secret.step_of(code, at, None) == Some(step))
        .expect("one")
}

both! {
    /// The portal's link opens one account, once; the cookie is safe; what ends a session ends it everywhere.
    fn a_portal_sends_somebody(bed: &Bed) {
        bed.cloud("ours");
        let key = bed.key("ours", false, "write");
        let server = bed.serve_with(CONSOLE);
        for account in ["acme", "beta"] {
            server.post(&key, "/v1/accounts", &json!({ "name": account }));
        }
        let new = json!({ "account": "acme", "person": "u-1", "role": "finance", "language": "zh", "return_to": "/c/ours/acme/balance" });
        let made = server.send(&Request::post("/v1/console-links", &new).key(&key).once("portal")).expect(201);
        let url = made["url"].as_str().expect("a URL").to_owned();
        let mut browser = Browser::new(&server);
        let entered = browser.get(&url);
        assert_eq!(location(&entered), "/c/ours/acme/balance");
        let cookie = entered.header("set-cookie").expect("a cookie");
        assert!(cookie.starts_with("farthing=fs_live_") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
        assert_eq!(browser.get(&url).status, 404, "once");
        let page = browser.get("/c/ours/acme/balance");
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains("lang=\"zh\""), "the language of the link");
        for (name, value) in [
            ("x-frame-options", "DENY"), ("x-content-type-options", "nosniff"), ("cache-control", "no-store"), ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(page.header(name), Some(value));
        }
        let csp = page.header("content-security-policy").expect("a policy");
        assert!(csp.contains("default-src 'none'") && csp.contains("frame-ancestors 'none'") && !csp.contains("unsafe"), "{csp}");
        assert!(!page.body.contains("<script") && !page.body.contains(" style=") && !page.body.contains(" onclick="));
        // A cookie is looked at whole.
        let kept = browser.cookies["farthing"].clone();
        assert_eq!(status(&server, "/c/ours/acme", Some(&kept)), 200);
        for wrong in [&kept[..kept.len() - 1], &kept.replace("fs_", "fl_"), &kept.to_uppercase(), "fs_live_x_y", ""] {
            assert_eq!(status(&server, "/c/ours/acme", Some(wrong)), 303, "{wrong}");
        }
        // A session that is over leads to the door it came in by, also from the pages that are everybody's.
        browser.cookies.remove("farthing");
        for page in ["/my/security", "/my/accounts", "/c/ours/acme"] {
            let led = browser.get(page);
            assert!(location(&led).starts_with("/sign-in/ours"), "{page}: {led:?}");
        }
        browser.cookies.insert("farthing".to_owned(), kept.clone());
        // Signed out, the cookie that somebody kept opens nothing.
        let out = browser.submit("/c/ours/acme", "/sign-out", &[]);
        assert_eq!(location(&out), "/sign-in/ours");
        assert_eq!(status(&server, "/c/ours/acme", Some(&kept)), 303);
        assert!(!browser.cookies.contains_key("farthing"));
        let log = server.whole_log();
        assert!(log.iter().any(|line| line.contains("/sign-in/enter/…")), "{log:?}");
        assert!(log.iter().all(|line| !line.contains("fl_live_") && !line.contains("fs_live_")), "{log:?}");
    }
}

/// Names in the addresses of pages, of things that there are in the foreign account.
fn filled(address: &str, cloud: &str, account: &str) -> String {
    let mut path = address.replace("{cloud}", cloud).replace("{account}", account).replace("{customer}", account);
    while let Some(open) = path.find('{') {
        let close = path[open..].find('}').expect("it closes");
        path.replace_range(open..=open + close, "1");
    }
    path
}

both! {
    /// Every page and form there is, with the session of another account and of another cloud, and of nobody.
    fn anothers_pages_are_not_there(bed: &Bed) {
        bed.cloud("ours");
        bed.cloud("theirs");
        let keys = ["ours", "theirs"].map(|cloud| bed.key(cloud, false, "write"));
        let server = bed.serve_with(CONSOLE);
        for (key, accounts) in keys.iter().zip([["acme", "beta"], ["acme", "other"]]) {
            for account in accounts {
                server.post(key, "/v1/accounts", &json!({ "name": account }));
            }
        }
        let mut ours = sent(&server, &keys[0], "acme", "payer");
        let mut support = operator(bed, &server, "support@ours.example", "support", Some("ours"));
        let mut asked = 0;
        for address in farthing_console::addresses() {
            let customers = address.contains("{account}");
            let operators = address == "/" || address == "/about" || address.starts_with("/clouds/");
            if !customers && !operators {
                continue;
            }
            for (cloud, account) in [("ours", "beta"), ("theirs", "acme"), ("theirs", "other"), ("ours", "nowhere"), ("nowhere", "acme")] {
                let path = filled(&address, cloud, account);
                // Of nobody: the way to sign in, or nothing.
                assert!([303, 404, 405].contains(&status(&server, &path, None)), "{path} of nobody");
                for method in ["GET", "POST"] {
                    let csrf = csrf_of(&ours.get("/c/ours/acme")).expect("a form");
                    let request = if method == "GET" { Request::get(&path) } else { form(&path, &csrf, &[("amount", "5.00"), ("session", "x")]) };
                    let answer = ours.send(request);
                    // Where there is no such method it is the same for everybody; where there is, it is not there.
                    assert!([404, 405, 303].contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.body);
                    if answer.status == 303 {
                        assert!(location(&answer).starts_with("/sign-in"), "{method} {path}: {answer:?}");
                    }
                    assert!(!answer.body.contains("beta") || path.contains("beta"), "{method} {path}: {}", answer.body);
                    asked += 1;
                }
                // An operator of ours is nobody to theirs, and no customer of anybody.
                if customers || cloud != "ours" {
                    let answer = support.get(&path);
                    assert!([404, 303, 405].contains(&answer.status), "{path} of an operator: {}", answer.status);
                }
            }
        }
        assert!(asked > 300, "only {asked} pages were asked for");
        // And nothing of a session is good at the API.
        let cookie = ours.cookies["farthing"].clone();
        for path in ["/v1/accounts", "/v1/people", "/v1/keys"] {
            let with = Request::get(path).header("Cookie", &format!("farthing={cookie}"));
            assert_eq!(server.send(&with).problem(401), "unauthenticated");
            assert_eq!(server.send(&Request::get(path).key(&cookie)).problem(401), "unauthenticated");
        }
        // What one's own role does not allow is not there either.
        let mut viewer = sent(&server, &keys[0], "acme", "viewer");
        for path in ["/c/ours/acme/bills", "/c/ours/acme/payment", "/c/ours/acme/balance/top-up"] {
            assert_eq!(viewer.get(path).status, 404, "{path} of a viewer");
        }
        assert_eq!(viewer.get("/c/ours/acme/costs").status, 200);
        drop(server);
        bed.verify();
    }
}

#[test]
fn a_test_cloud_has_pages_of_its_own() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let (key, test) = (bed.key("ours", false, "write"), bed.key("ours", true, "write"));
    let server = bed.serve_with(CONSOLE);
    server.post(&key, "/v1/accounts", &json!({ "name": "real" }));
    server.post(&test, "/v1/accounts", &json!({ "name": "tried" }));
    let mut tester = sent(&server, &test, "tried", "payer");
    assert!(tester.cookies["farthing"].starts_with("fs_test_"));
    assert_eq!([tester.get("/c/ours/tried").status, tester.get("/c/ours/real").status], [200, 404]);
    let mut live = sent(&server, &key, "real", "payer");
    assert_eq!([live.get("/c/ours/real").status, live.get("/c/ours/tried").status], [200, 404]);
    let out = tester.submit("/c/ours/tried", "/sign-out", &[]);
    assert_eq!(location(&out), "/sign-in/ours?world=test");
    assert_eq!(tester.get("/sign-in/ours?world=test").status, 200);
    // Whoever makes up a test cloud gets none.
    let made_up =
        tester.cookies.insert("farthing".to_owned(), format!("fs_test_{}_{}_nowhere", "0".repeat(26), "a".repeat(64)));
    assert_eq!(made_up, None);
    assert_eq!(tester.get("/c/nowhere/tried").status, 404);
}

#[test]
fn forms_of_another_site_do_nothing() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let key = bed.key("ours", false, "write");
    let server = bed.serve_with(CONSOLE);
    server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
    let mut browser = sent(&server, &key, "acme", "payer");
    let csrf = csrf_of(&browser.get("/c/ours/acme")).expect("a form");
    let fields = [("email", "a@acme.example"), ("name", "Eve"), ("language", "en")];
    let action = "/c/ours/acme/settings/contact";
    let contact = || server.get(&key, "/v1/accounts/acme")["contact"].clone();
    let own = format!("http://{}", server.address());
    for (text, origin, site) in [
        ("", own.as_str(), "same-origin"),
        ("0", own.as_str(), "same-origin"),
        (csrf.as_str(), "https://evil.example", "cross-site"),
        (csrf.as_str(), "null", "cross-site"),
        (csrf.as_str(), own.as_str(), "cross-site"),
    ] {
        let sent = form(action, text, &fields).header("Origin", origin).header("Sec-Fetch-Site", site);
        assert_eq!(browser.send(sent).status, 403, "{text:?} from {origin}");
        assert_eq!(contact(), json!(null));
    }
    // Another session's text is none of this one's.
    let mut other = sent(&server, &key, "acme", "payer");
    let others = csrf_of(&other.get("/c/ours/acme")).expect("a form");
    assert_eq!(browser.post(action, &others, &fields).status, 403);
    let out = browser.send(form("/sign-out", "", &[]).header("Origin", "https://evil.example"));
    assert_eq!(out.status, 403, "nobody is signed out from elsewhere");
    let done = browser.post(action, &csrf, &fields);
    assert_eq!(done.status, 303, "{}", done.body);
    assert_eq!(contact()["email"], "a@acme.example");
    // Nor can anybody be signed in from elsewhere.
    let mut stranger = Browser::new(&server);
    let shown = stranger.get("/sign-in/ours");
    let door = csrf_of(&shown).expect("a form");
    let sign_in = [("email", "a@acme.example"), ("password", PASSWORD)];
    assert_eq!(Browser::new(&server).post("/sign-in/ours", &door, &sign_in).status, 403, "without its cookie");
    assert_eq!(stranger.post("/sign-in/ours", "0", &sign_in).status, 403);
    assert_eq!(stranger.post("/sign-in/ours", &door, &sign_in).status, 422);
    assert_eq!(stranger.get("/sign-in/nowhere").status, 404);
}

#[test]
fn an_operator_with_a_second_step() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    bed.cloud("theirs");
    let server = bed.serve_with(CONSOLE);
    let mut first = operator(&bed, &server, "ops@ours.example", "operator", Some("ours"));
    assert_eq!(first.get("/clouds/ours").status, 200);
    assert_eq!(first.get("/clouds/theirs").status, 404);
    assert_eq!(first.get("/").status, 404, "of every cloud");
    assert!(first.get("/clouds/ours").body.contains("action=\"/sign-out\""), "out again from every page");
    // Support may not look at money; another's cloud is not there rather than closed.
    let mut helper = operator(&bed, &server, "help@ours.example", "support", Some("ours"));
    assert_eq!(
        ["/clouds/ours", "/clouds/ours/money", "/clouds/theirs/money"].map(|page| helper.get(page).status),
        [200, 403, 404]
    );
    let mut root = operator(&bed, &server, "root@ours.example", "owner", None);
    assert_eq!([root.get("/").status, root.get("/clouds/theirs").status], [200, 200]);

    let security = "/my/security";
    let weak = first.submit(
        security,
        "/my/security/password",
        &[("current", PASSWORD), ("password", "short"), ("again", "short")],
    );
    assert_eq!(weak.status, 422);
    let wrong = first.submit(security, "/my/security/second-factor", &[("current", "incorrect horse")]);
    assert_eq!(wrong.status, 422);
    let begun = first.submit(security, "/my/security/second-factor", &[("current", PASSWORD)]);
    let set_up = first.get(location(&begun).split('#').next().expect("a path"));
    assert!(set_up.body.contains("class=\"qr\""), "{}", set_up.body);
    let letters =
        set_up.body.split("<figcaption>").nth(1).and_then(|rest| rest.split('<').next()).expect("letters").to_owned();
    let csrf = csrf_of(&set_up).expect("a form");
    let on = first.post("/my/security/second-factor/on", &csrf, &[("code", &code_of(&letters))]);
    assert_eq!(on.status, 200, "{}", on.body);
    let codes: Vec<&str> =
        on.body.split("<li>").filter_map(|item| item.split('<').next()).filter(|text| text.len() == 19).collect();
    assert_eq!(codes.len(), 10, "{}", on.body);

    let sign_in = |browser: &mut Browser<'_>| {
        browser.submit("/sign-in", "/sign-in", &[("email", "OPS@ours.example"), ("password", PASSWORD)])
    };
    let mut again = Browser::new(&server);
    assert_eq!(location(&sign_in(&mut again)), "/sign-in-code");
    assert_eq!(again.get("/clouds/ours").status, 303, "half is nothing");
    let half = again.cookies["farthing"].clone();
    assert_eq!(again.submit("/sign-in-code", "/sign-in-code", &[("code", "000000")]).status, 422);
    let whole = again.submit("/sign-in-code", "/sign-in-code", &[("code", codes[0])]);
    assert_eq!(location(&whole), "/clouds/ours");
    assert_eq!(again.get("/clouds/ours").status, 200);
    assert_ne!(again.cookies["farthing"], half, "what was known before the code opens nothing");
    assert_eq!(status(&server, "/clouds/ours", Some(&half)), 303);
    // A used one is not good again, and guessing is slowed.
    let mut third = Browser::new(&server);
    sign_in(&mut third);
    let told: Vec<u16> =
        (0..7).map(|_| third.submit("/sign-in-code", "/sign-in-code", &[("code", codes[0])]).status).collect();
    assert_eq!(told, [422, 422, 422, 422, 422, 429, 429]);

    // A changed password ends the other sessions, and the stolen cookie with them.
    let stolen = first.cookies["farthing"].clone();
    let new = "another good sentence";
    let changed =
        again.submit(security, "/my/security/password", &[("current", PASSWORD), ("password", new), ("again", new)]);
    // The text that a form carries is the page's last: of the sessions' forms, all the same.
    assert!([303, 429].contains(&changed.status), "{}", changed.body);
    if changed.status == 303 {
        assert_eq!(status(&server, "/clouds/ours", Some(&stolen)), 303);
        assert_eq!(again.get("/clouds/ours").status, 200);
    }
    bed.run(&["operators", "remove", "ops@ours.example"]);
    assert_eq!(again.get("/clouds/ours").status, 303);
    let log = server.whole_log().join("\n");
    for secret in [PASSWORD, new, "fs_live_", "fl_live_", &letters, codes[0]] {
        assert!(!log.contains(secret), "{secret} in the log");
    }
    let listed = bed.run(&["operators", "list"]);
    assert!(listed.contains("root@ours.example") && !listed.contains("ops@ours.example"), "{listed}");
}

#[test]
fn wrong_passwords_are_slowed_and_forgotten_ones_answered_alike() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let server = bed.serve_with(CONSOLE);
    drop(operator(&bed, &server, "ops@ours.example", "operator", None));
    let mut browser = Browser::new(&server);
    let attempt = |browser: &mut Browser<'_>, password: &str| {
        browser.submit("/sign-in", "/sign-in", &[("email", "ops@ours.example"), ("password", password)])
    };
    for _ in 0..5 {
        let wrong = attempt(&mut browser, "incorrect horse battery");
        assert_eq!(wrong.status, 422);
        assert!(
            wrong.body.contains("ops@ours.example") && !wrong.body.contains("incorrect horse"),
            "what was entered, but no password"
        );
    }
    // Each stands in the audit log of the cloud whose person it is, with nothing of what was entered.
    drop(operator(&bed, &server, "support@ours.example", "support", Some("ours")));
    let mut other = Browser::new(&server);
    let tried = [("email", "support@ours.example"), ("password", "incorrect horse battery")];
    assert_eq!(other.submit("/sign-in", "/sign-in", &tried).status, 422);
    assert_eq!(other.submit("/sign-in/ours", "/sign-in/ours", &[("email", "eve@x.example"), tried[1]]).status, 422);
    let log = server.get(&bed.key("ours", false, "admin"), "/v1/audit").to_string();
    assert_eq!(log.matches("person.sign_in_failed").count(), 2, "{log}");
    assert!(!log.contains("incorrect horse") && !log.contains("eve@x.example"), "{log}");
    let slowed = attempt(&mut browser, PASSWORD);
    assert_eq!((slowed.status, slowed.header("retry-after").is_some()), (429, true));
    let ask = |email: &str| {
        let mut browser = Browser::new(&server);
        let answer = browser.submit("/forgotten-password", "/forgotten-password", &[("email", email)]);
        (answer.status, answer.body)
    };
    assert_eq!(ask("ops@ours.example"), ask("nobody@ours.example"));
}

#[test]
fn over_https_cookies_are_the_hosts_own() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let key = bed.key("ours", false, "write");
    let server = bed.serve_with(&format!("public_url = \"https://billing.ours.example\"\n{CONSOLE}"));
    server.post(&key, "/v1/accounts", &json!({ "name": "acme" }));
    let new = json!({ "account": "acme", "person": "u-1", "role": "payer" });
    let made = server.send(&Request::post("/v1/console-links", &new).key(&key).once("once")).expect(201);
    let path = made["url"]
        .as_str()
        .and_then(|url| url.strip_prefix("https://billing.ours.example"))
        .expect("a URL")
        .to_owned();
    let entered = server.send(&Request::get(&path));
    let cookie = entered.header("set-cookie").expect("a cookie").to_owned();
    assert!(
        cookie.starts_with("__Host-farthing=fs_live_") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"),
        "{cookie}"
    );
    let value = cookie.split(['=', ';']).nth(1).expect("a value");
    let ask =
        |name: &str| server.send(&Request::get("/c/ours/acme").header("Cookie", &format!("{name}={value}"))).status;
    assert_eq!(
        (ask("__Host-farthing"), ask("farthing")),
        (200, 303),
        "one that could come in the clear is not believed"
    );
    assert_eq!(server.send(&Request::get("/healthz")).status, 200);
}

/// A directory of the test's own: it lets one person in, and signs with a key of its own.
struct Directory {
    address: SocketAddr,
    /// What the next token says, and the nonce it has to answer.
    told: Arc<Mutex<Told>>,
}

#[derive(Default)]
struct Told {
    email: String,
    audience: String,
    nonce: String,
    challenge: String,
    redirect: String,
    /// The code is good once.
    code: Option<String>,
}

impl Directory {
    fn open() -> Directory {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let told = Arc::new(Mutex::new(Told { audience: "farthing".to_owned(), ..Told::default() }));
        let kept = told.clone();
        let chance = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &chance).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &chance).expect("a key");
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, address, &pair, &kept);
            }
        });
        Directory { address, told }
    }

    fn settings(&self) -> String {
        format!(
            "public_url = \"https://billing.ours.example\"\n[console]\n[console.directory]\nissuer = \"http://{}\"\nclient_id = \"farthing\"\n",
            self.address
        )
    }

    /// Somebody signs in there: the address that their browser is sent back to.
    fn lets_in(&self, way: &str, email: &str) -> String {
        let asked: BTreeMap<String, String> = way
            .split_once('?')
            .expect("a query")
            .1
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), plain(value)))
            .collect();
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", "farthing"));
        assert_eq!((asked["code_challenge_method"].as_str(), asked["scope"].as_str()), ("S256", "openid email"));
        let mut told = self.told.lock().expect("nobody panicked");
        email.clone_into(&mut told.email);
        told.nonce.clone_from(&asked["nonce"]);
        told.challenge.clone_from(&asked["code_challenge"]);
        told.redirect.clone_from(&asked["redirect_uri"]);
        told.code = Some(fresh("code"));
        assert_eq!(told.redirect, "https://billing.ours.example/sign-in/directory/back");
        format!("/sign-in/directory/back?code={}&state={}", told.code.as_ref().expect("a code"), asked["state"])
    }
}

fn answer(mut stream: TcpStream, own: SocketAddr, pair: &EcdsaKeyPair, told: &Mutex<Told>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head
        .split("content-length:")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next()?.trim().parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the body");
    let body = String::from_utf8_lossy(&body).into_owned();
    let sent: BTreeMap<String, String> = body
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), plain(value)))
        .collect();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let (status, said) = match path.as_str() {
        "/.well-known/openid-configuration" => (
            200,
            json!({
                "issuer": format!("http://{own}"), "authorization_endpoint": format!("http://{own}/way"),
                "token_endpoint": format!("http://{own}/token"), "jwks_uri": format!("http://{own}/keys"),
            }),
        ),
        "/keys" => {
            let point = pair.public_key().as_ref();
            let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
            (
                200,
                json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "one", "alg": "ES256", "x": part(1..33), "y": part(33..65) }] }),
            )
        }
        "/token" => {
            let mut told = told.lock().expect("nobody panicked");
            let code = told.code.take();
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(sent["code_verifier"].as_bytes()));
            let right = code.is_some_and(|code| sent["code"] == code)
                && challenge == told.challenge
                && sent["redirect_uri"] == told.redirect
                && sent["client_id"] == "farthing";
            if right {
                (200, json!({ "id_token": token(own, pair, &told) }))
            } else {
                (400, json!({ "error": "invalid_grant" }))
            }
        }
        _ => (404, json!({})),
    };
    let said = said.to_string();
    let whole = format!(
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{said}",
        said.len()
    );
    let _ = stream.write_all(whole.as_bytes());
}

fn token(own: SocketAddr, pair: &EcdsaKeyPair, told: &Told) -> String {
    let seconds = now().micros() / 1_000_000;
    let claims = json!({
        "iss": format!("http://{own}"), "aud": told.audience, "exp": seconds + 60, "iat": seconds, "nonce": told.nonce,
        "email": told.email, "email_verified": true,
    });
    let signed = [json!({ "alg": "ES256", "kid": "one" }), claims]
        .map(|part| URL_SAFE_NO_PAD.encode(part.to_string()))
        .join(".");
    let seal = pair.sign(&SystemRandom::new(), signed.as_bytes()).expect("signed");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(seal.as_ref()))
}

fn plain(coded: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = coded.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next(), rest.next()].map(|digit| char::from(digit.expect("two digits")));
            bytes.push(u8::from_str_radix(&String::from_iter(digits), 16).expect("a byte"));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).expect("text")
}

/// Operators come in by their organisation's directory: with the browser that was sent there, once, and only those that the server knows.
#[test]
fn a_directory_lets_operators_in() {
    let bed = Bed::sqlite();
    bed.cloud("ours");
    let directory = Directory::open();
    let server = bed.serve_with(&directory.settings());
    bed.run(&["operators", "add", "ops@ours.example", "--role", "finance", "--cloud", "ours"]);
    let mut browser = Browser::new(&server);
    assert!(browser.get("/sign-in").body.contains("/sign-in/directory"));
    let way = location(&browser.get("/sign-in/directory")).to_owned();
    assert!(way.starts_with(&format!("http://{}/way?", directory.address)), "{way}");
    let back = directory.lets_in(&way, "Ops@ours.example");
    // Another browser was not sent there, and a forged state is not the one that was.
    assert_eq!(Browser::new(&server).get(&back).status, 403);
    let mut forged = Browser { server: &server, cookies: browser.cookies.clone() };
    assert_eq!(forged.get(&format!("{}x", &back[..back.len() - 1])).status, 403);
    let entered = browser.get(&back);
    assert_eq!(location(&entered), "/clouds/ours");
    assert_eq!(browser.get("/clouds/ours").status, 200);
    assert_eq!(browser.get(&back).status, 403, "once");
    for (email, audience) in [("nobody@ours.example", "farthing"), ("ops@ours.example", "other")] {
        let mut other = Browser::new(&server);
        let way = location(&other.get("/sign-in/directory")).to_owned();
        let back = directory.lets_in(&way, email);
        audience.clone_into(&mut directory.told.lock().expect("nobody panicked").audience);
        assert_eq!(other.get(&back).status, 403, "{email} for {audience}");
        assert!(!other.cookies.contains_key("__Host-farthing"));
    }
    assert!(server.whole_log().iter().all(|line| !line.contains("fs_live_")));
}
