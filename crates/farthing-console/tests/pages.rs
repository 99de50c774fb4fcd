//! Every customer page and every open page, asked for through the router: in both languages, by whom it is theirs and by whom it is not; and
//! what the forms do. One small account on a store of its own, on the engine itself.

mod support;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Request, StatusCode};
use farthing_console::{Console, Porter, Seat, Verdict, Visitor, router};
use farthing_core::access::{Opens, Role, Token};
use farthing_core::money::{Currency, Money};
use farthing_engine::{Engine, NewAccount, NewPerson, NewResource, Reported, ResourceFact};
use farthing_testbed::ScratchDir;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use support::{NOW, Site, TOKEN, apply, at, dollars, hidden};

/// Whoever `who` names has these seats; nobody else is known.
#[derive(Debug)]
struct Door {
    accounts: Vec<Seat>,
}

impl Porter for Door {
    fn who(&self, _: &str, _: Option<&str>, parts: &Parts) -> Option<Visitor> {
        parts.headers.contains_key("x-known").then(|| Visitor {
            person: "per_1".to_owned(),
            known_as: "ada".to_owned(),
            name: "Ada".to_owned(),
            language: None,
            accounts: self.accounts.clone(),
            operator: None,
            everywhere: false,
            csrf: TOKEN.to_owned(),
            leave: String::new(),
        })
    }
}

struct Stage {
    site: Site,
    engine: Engine,
    _folder: ScratchDir,
}

impl std::ops::Deref for Stage {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl Stage {
    fn new(role: Role) -> Stage {
        let folder = ScratchDir::new("console-pages");
        let engine = support::engine(&folder);
        apply(&engine, "elestio");
        for name in ["acme", "other"] {
            let account = NewAccount { name: name.into(), ..NewAccount::default() };
            engine.open_account("elestio", &account).unwrap();
            engine.top_up("elestio", name, dollars("50.00"), Some(&format!("wire-{name}"))).unwrap();
            let start = NewResource {
                account: Some(name.into()),
                product: Some("service".into()),
                sku: Some("digitalocean-nyc3-medium-2c-4g".into()),
                user: Some("ada".into()),
                properties: BTreeMap::from([("label.team".to_owned(), "blue".to_owned())]),
                ..NewResource::default()
            };
            let resource = format!("{name}-vm");
            let fact = ResourceFact { resource, at: None, id: None, what: Reported::Start(start) };
            engine.record_fact("elestio", &fact).unwrap();
        }
        engine.advance(at(NOW)).unwrap();
        let verdict = Verdict::of(&engine).unwrap();
        let seat = Seat { account: "acme".into(), role, projects: None, looks: false };
        let console =
            Console::new(engine.clone(), Vec::new(), verdict).with_porter(Arc::new(Door { accounts: vec![seat] }));
        Stage { site: Site { router: router(console) }, engine, _folder: folder }
    }

    fn cash(&self) -> i64 {
        self.engine.account_view("elestio", "acme", at(NOW)).unwrap().figures.cash
    }
}

const PAGES: [&str; 13] = [
    "",
    "/costs",
    "/costs?period=last&by=resource",
    "/costs?by=label%3Ateam&user=ada&paid=cash",
    "/costs?projects=part",
    "/resources",
    "/bills",
    "/balance",
    "/balance?source=holds",
    "/balance/top-up",
    "/payment",
    "/credits",
    "/orders",
];

/// Somebody's page, whoever they are.
const PERSON: &str = "/settings/people/per_01m0abw8g0tfjbn245fasf0w43";

/// A key that was shown instead of its text.
fn keys_shown(page: &str) -> Vec<&str> {
    let groups = [
        "nav.",
        "figure.",
        "costs.",
        "bill.",
        "bills.",
        "methods.",
        "refill.",
        "standing.",
        "needs.",
        "error.",
        "month.",
        "people.",
    ];
    let words = page.split(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '.' | '_')));
    words.filter(|word| groups.iter().any(|group| word.starts_with(group) && word.len() > group.len())).collect()
}

#[test]
fn every_page_is_there_in_both_languages_and_whole() {
    let stage = Stage::new(Role::Payer);
    let open = [
        "/elestio/prices",
        "/elestio/prices?q=hetzner",
        "/elestio/calculator",
        "/elestio/billing",
        "/elestio/prices/service",
    ];
    let own = PAGES.iter().chain(&["/settings"]).map(|rest| format!("/c/elestio/acme{rest}"));
    for address in own.chain(open.map(str::to_owned)) {
        for (language, lang, title) in
            [("en", "<html lang=\"en\">", "Skip to"), ("zh-CN", "<html lang=\"zh\">", "跳到正文")]
        {
            let answer = stage.get(&address, language);
            assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.text);
            let page = &answer.text;
            assert!(page.contains(lang) && page.contains(title) && page.matches("<h1>").count() == 1, "{address}");
            for refused in ["<script", " style=", "<style", "onclick", "{{", "http://"] {
                assert!(!page.contains(refused), "{address} has {refused}");
            }
            assert_eq!(keys_shown(page), Vec::<&str>::new(), "{address} in {language}");
            let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{address}: {ids:?}");
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(!policy.contains("unsafe"), "{policy}");
        }
    }
}

#[test]
fn another_account_is_not_there_whoever_asks() {
    for role in Role::ALL {
        let stage = Stage::new(role);
        let all = PAGES.iter().chain(&["/settings", "/charges/1", "/costs/export", "/resources/other-vm/stop", PERSON]);
        for rest in all {
            for account in ["other", "nobody"] {
                let answer = stage.get(&format!("/c/elestio/{account}{rest}"), "en");
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{role} {account}{rest}");
                assert!(!answer.text.contains("50.00") && !answer.text.contains("other-vm"), "{account}{rest}");
            }
        }
        // Its charges and resources are not reached through one's own address either.
        for rest in ["/charges/999", "/resources/other-vm/stop", "/bills/bill_1", "/balance/payments/pay_1"] {
            assert_eq!(stage.get(&format!("/c/elestio/acme{rest}"), "en").status, StatusCode::NOT_FOUND, "{rest}");
        }
        assert_eq!(stage.get("/c/nowhere/acme", "en").status, StatusCode::NOT_FOUND);
    }
}

#[test]
fn who_is_not_known_sees_nothing() {
    let stage = Stage::new(Role::Payer);
    let request = Request::builder().uri("/c/elestio/acme").header("host", "127.0.0.1").body(Body::empty()).unwrap();
    let answer = stage.ask(request);
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(!answer.text.contains("acme-vm"));
}

#[test]
fn a_role_finds_what_it_may_do_and_no_more() {
    let check = |role: Role, hidden: &[&str]| {
        let stage = Stage::new(role);
        for rest in ["/bills", "/payment", "/balance/top-up", "/costs", "/resources", "/settings"] {
            let wanted = if hidden.contains(&rest) { StatusCode::NOT_FOUND } else { StatusCode::OK };
            assert_eq!(stage.get(&format!("/c/elestio/acme{rest}"), "en").status, wanted, "{role} {rest}");
        }
        let overview = stage.good("/c/elestio/acme");
        assert_eq!(overview.contains("/balance/top-up"), !hidden.contains(&"/balance/top-up"), "{role}");
    };
    check(Role::Payer, &[]);
    check(Role::Finance, &[]);
    check(Role::Member, &["/bills", "/payment", "/balance/top-up"]);
    check(Role::Viewer, &["/bills", "/payment", "/balance/top-up"]);
}

/// Sums on different pages are one sum, and the engine's.
#[test]
fn numbers_agree() {
    let stage = Stage::new(Role::Payer);
    let month = stage.engine.month_of("elestio", "acme", at(NOW)).unwrap();
    assert!(month.so_far > 0 && month.before_whole > 0 && month.forecast > month.so_far);
    let text = |units: i64| Money::from_units(units, Currency::USD).format(farthing_core::money::Locale::En);
    let bare = |units: i64| text(units).trim_start_matches('$').to_owned();
    let overview = stage.good("/c/elestio/acme");
    for units in [month.so_far, month.before_whole, month.forecast] {
        assert!(overview.contains(&text(units)), "{} is not on the overview", text(units));
    }
    let costs = stage.good("/c/elestio/acme/costs");
    assert!(costs.contains(&format!("<h1>{} since 1 November 2026.</h1>", text(month.so_far))), "{costs}");
    // The one resource there is costs what the account does, and will.
    let resources = stage.good("/c/elestio/acme/resources");
    assert!(resources.contains(&bare(month.so_far)) && resources.contains(&bare(month.forecast)), "{resources}");
    let chinese = stage.get("/c/elestio/acme/resources", "zh").text;
    assert!(chinese.contains("小时") && !chinese.contains("/ hour"), "{chinese}");
    let last = stage.good("/c/elestio/acme/costs?period=last");
    assert!(last.contains(&text(month.before_whole)));
    let export = stage.get("/c/elestio/acme/costs/export", "en");
    assert!(export.text.starts_with("\u{feff}product,currency,list,net,2026-11-01,"), "{}", export.text);
    let net = export.text.lines().nth(1).unwrap().split(',').nth(3).unwrap();
    assert_eq!(dollars(net).units(), month.so_far, "the file has every digit");
}

#[test]
fn a_charge_says_why() {
    let stage = Stage::new(Role::Payer);
    let page = stage.good("/c/elestio/acme/costs?resource=acme-vm");
    let link = page.split("href=\"/c/elestio/acme/charges/").nth(1).expect("a charge").split('"').next().unwrap();
    let why = stage.good(&format!("/c/elestio/acme/charges/{link}"));
    assert!(
        why.contains("acme-vm cost $") && why.contains("The arithmetic") && why.contains("/elestio/prices/service"),
        "{why}"
    );
}

#[test]
fn topping_up_says_first_what_happens_and_happens_once() {
    let stage = Stage::new(Role::Payer);
    let before = stage.cash();
    let low = stage.good("/c/elestio/acme/balance/top-up?amount=1&by=page%3Acard");
    assert!(low.contains("At least $10.00.") && low.contains("aria-invalid"), "{low}");
    let page = "/c/elestio/acme/balance/top-up?amount=20.00&by=page%3Acard";
    let confirm = stage.good(page);
    assert!(confirm.contains("$20.00 by Card.") && confirm.contains("$20.00 is added to your balance."), "{confirm}");
    let mut fields = hidden(&confirm, "/c/elestio/acme/balance/top-up");
    let send = |fields: &[(String, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        stage.send("/c/elestio/acme/balance/top-up", &fields)
    };
    let first = send(&fields);
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.text);
    let to = first.headers["location"].to_str().unwrap().to_owned();
    assert!(to.starts_with("/c/elestio/acme/balance/payments/pay_"), "{to}");
    // Sent twice, it is one payment.
    assert_eq!(send(&fields).headers["location"].to_str().unwrap(), to);
    assert_eq!(stage.cash(), before, "nothing is paid yet");
    let paid = stage.fill(&to, &format!("{to}/pretend"), &[]);
    assert_eq!(paid.status, StatusCode::SEE_OTHER, "{}", paid.text);
    // Money that comes in settles first what has been used since the last hour.
    let came = stage.cash() - before;
    assert!(came <= dollars("20.00").units() && came > dollars("19.90").units(), "{came}");
    assert!(stage.good("/c/elestio/acme/balance?done=paid").contains("The money is on your balance."));
    // Without the token nothing happens.
    fields.retain(|(name, _)| name != "csrf");
    assert_eq!(send(&fields).status, StatusCode::FORBIDDEN);
    fields.push(("csrf".to_owned(), "another".to_owned()));
    assert_eq!(send(&fields).status, StatusCode::FORBIDDEN);
}

#[test]
fn a_form_that_is_wrong_says_where_and_keeps_what_was_entered() {
    let stage = Stage::new(Role::Payer);
    let settings = "/c/elestio/acme/settings";
    let answer =
        stage.fill(settings, "/c/elestio/acme/settings/alerts", &[("low_balance", "much"), ("runway_days", "7")]);
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.text.contains("“much” is not an amount") && answer.text.contains("value=\"much\""),
        "{}",
        answer.text
    );
    let answer =
        stage.fill(settings, "/c/elestio/acme/settings/alerts", &[("low_balance", "12.50"), ("runway_days", "")]);
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let alerts = stage.engine.alerts("elestio", "acme").unwrap();
    assert_eq!((alerts.low_balance, alerts.runway_days), (Some(dollars("12.50").units()), None));
    let wrong = stage.fill("/c/elestio/acme/credits", "/c/elestio/acme/credits/redeem", &[("code", "NO-SUCH")]);
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("value=\"NO-SUCH\"") && wrong.text.contains("class=\"error\""), "{}", wrong.text);
    let fields = [("threshold", "7.00"), ("amount", "30.00"), ("monthly_max", "200.00"), ("on", "yes")];
    let refill = stage.fill("/c/elestio/acme/payment", "/c/elestio/acme/payment/refill", &fields);
    assert_eq!(refill.status, StatusCode::SEE_OTHER, "{}", refill.text);
    assert_eq!(stage.engine.refill("elestio", "acme").unwrap().amount, dollars("30.00").units());
}

#[test]
fn what_is_done_stands_in_the_audit_log_under_the_persons_name() {
    let stage = Stage::new(Role::Payer);
    let fields = [("month", "100.00"), ("hour", "")];
    stage.fill("/c/elestio/acme/settings", "/c/elestio/acme/settings/limits", &fields);
    let trail = stage.engine.trail("elestio", None, 5).unwrap();
    assert!(trail.iter().any(|entry| entry.who == "per_1"), "{trail:?}");
}

#[test]
fn the_language_is_kept_and_nobody_is_sent_elsewhere() {
    let stage = Stage::new(Role::Payer);
    let answer = stage.send("/language", &[("language", "zh"), ("back", "/c/elestio/acme/costs")]);
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.headers["location"], "/c/elestio/acme/costs");
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("language=zh;") && cookie.contains("HttpOnly"), "{cookie}");
    let request = Request::builder().uri("/c/elestio/acme/costs").header("host", "127.0.0.1").header("x-known", "yes");
    let request = request.header("cookie", "other=1; language=zh").header("accept-language", "en");
    assert!(stage.ask(request.body(Body::empty()).unwrap()).text.contains("<html lang=\"zh\">"));
    assert_eq!(stage.send("/language", &[("language", "zh"), ("back", "//evil")]).headers["location"], "/");
}

/// The policy page says what the policy says, and nothing it does not.
#[test]
fn billing_in_plain_sentences_follows_the_policy() {
    let stage = Stage::new(Role::Payer);
    let page = stage.good("/elestio/billing");
    for told in [
        "every 60 minutes",
        "at least $5.00 must be available",
        "at least $10.00 and at most $1,000.00",
        "suspended at once",
        "3 days after the money ran out",
        "tops up $25.00 whenever less than $5.00",
        "A trial gives $20.00 of credit for 3 days.",
    ] {
        assert!(page.contains(told), "the page does not say {told:?}: {page}");
    }
    assert!(!page.contains("disputed for"), "this cloud has no window of disputes");
    let chinese = stage.get("/elestio/billing", "zh").text;
    assert!(chinese.contains("余额用完时立即暂停运行中的资源。"), "{chinese}");
}

/// Somebody invited to an account as its portal would.
fn invited(stage: &Stage, email: &str, account: &str, role: Role, known_as: Option<&str>) -> String {
    let new = NewPerson {
        email: email.into(),
        name: String::new(),
        language: "en".into(),
        person: known_as.map(str::to_owned),
        account: account.into(),
        project: None,
        role,
    };
    stage.engine.invite_person("elestio", &new, at(NOW)).unwrap().to_string()
}

fn role_of(stage: &Stage, email: &str) -> Option<String> {
    let people = stage.engine.people_of_account("elestio", "acme").unwrap();
    people.into_iter().find(|facts| facts.email == email)?.roles.first().map(|place| place.role.clone())
}

/// Invited, let in by a link where no mail goes out, given another role, and removed.
#[test]
fn people_are_invited_changed_and_removed() {
    let stage = Stage::new(Role::Payer);
    let settings = "/c/elestio/acme/settings";
    let new = [("email", "Bob@acme.example"), ("name", "Bob"), ("role", "member"), ("project", "")];
    let sent = stage.fill(settings, "/c/elestio/acme/settings/people", &new);
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let to = sent.headers["location"].to_str().unwrap().split('?').next().unwrap().to_owned();
    let list = stage.good(settings);
    assert!(list.contains(&format!("href=\"{to}\">Bob</a>")) && list.contains("bob@acme.example"), "{list}");
    assert_eq!(role_of(&stage, "bob@acme.example").as_deref(), Some("member"));
    for (language, told) in [("en", "What Bob may do in acme."), ("zh", "Bob 在 acme 中的权限。")] {
        let page = stage.get(&to, language).text;
        assert!(page.contains(told) && keys_shown(&page).is_empty(), "{page}");
    }
    // The link is on the answer to this form alone, and it opens the page where a password is chosen.
    let shown = stage.fill(&to, &format!("{to}/link"), &[]);
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    let link = shown.text.split("/sign-in/invitation/").nth(1).expect("a link");
    let link: String =
        link.chars().take_while(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.')).collect();
    let token = Token::parse(Opens::Link, &link).expect("a token");
    let whose = stage.engine.link_facts(&token, at(NOW)).unwrap().expect("it opens something");
    assert_eq!((whose.email.as_str(), whose.is_invitation), ("bob@acme.example", true));
    assert!(!stage.good(&to).contains("/sign-in/invitation/"));
    let changed = stage.fill(&to, &format!("{to}/role"), &[("role", "finance"), ("project", "")]);
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text);
    assert_eq!(role_of(&stage, "bob@acme.example").as_deref(), Some("finance"));
    let removed = stage.fill(&to, &format!("{to}/remove"), &[("project", "")]);
    assert_eq!(removed.status, StatusCode::SEE_OTHER, "{}", removed.text);
    assert_eq!(role_of(&stage, "bob@acme.example"), None);
    assert_eq!(stage.get(&to, "en").status, StatusCode::NOT_FOUND);
    let trail: Vec<String> =
        stage.engine.trail("elestio", None, 9).unwrap().into_iter().map(|entry| entry.what).collect();
    for what in ["person.invited", "person.link_shown", "person.role_changed", "person.removed"] {
        assert!(trail.iter().any(|known| known == what), "{what} is not in {trail:?}");
    }
}

/// Whoever may not say who comes here neither sees addresses nor reaches anybody's page; an admin makes no payer and unmakes none.
#[test]
fn people_are_changed_by_those_who_may() {
    for role in [Role::Finance, Role::Member, Role::Viewer] {
        let stage = Stage::new(role);
        let bob = invited(&stage, "bob@acme.example", "acme", Role::Member, None);
        let settings = stage.good("/c/elestio/acme/settings");
        assert!(!settings.contains("bob@acme.example") && !settings.contains("settings/people"), "{role}: {settings}");
        let page = format!("/c/elestio/acme/settings/people/{bob}");
        assert_eq!(stage.get(&page, "en").status, StatusCode::NOT_FOUND, "{role}");
        for deed in ["/role", "/remove", "/link"] {
            let fields = [("csrf", TOKEN), ("role", "admin"), ("project", "")];
            assert_eq!(stage.send(&format!("{page}{deed}"), &fields).status, StatusCode::NOT_FOUND, "{role} {deed}");
        }
        let fields = [("csrf", TOKEN), ("email", "eve@acme.example"), ("role", "member")];
        assert_eq!(stage.send("/c/elestio/acme/settings/people", &fields).status, StatusCode::NOT_FOUND, "{role}");
        assert_eq!(role_of(&stage, "bob@acme.example").as_deref(), Some("member"));
        assert_eq!(role_of(&stage, "eve@acme.example"), None);
    }
    let stage = Stage::new(Role::Admin);
    let payer = invited(&stage, "payer@acme.example", "acme", Role::Payer, None);
    let own = invited(&stage, "ada@acme.example", "acme", Role::Admin, Some("ada"));
    let both = invited(&stage, "both@acme.example", "acme", Role::Member, None);
    invited(&stage, "both@acme.example", "other", Role::Member, None);
    let foreign = invited(&stage, "foreign@other.example", "other", Role::Member, None);
    let at = |id: &str| format!("/c/elestio/acme/settings/people/{id}");
    let refused = |address: String, fields: &[(&str, &str)], told: &str| {
        let mut all = vec![("csrf", TOKEN), ("project", "")];
        all.extend(fields);
        let answer = stage.send(&address, &all);
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}: {}", answer.text);
        assert!(answer.text.contains(told), "{address}: {}", answer.text);
    };
    assert!(!stage.good(&at(&both)).contains("<option value=\"payer\""));
    refused(format!("{}/role", at(&both)), &[("role", "payer")], "Choose one of these.");
    refused(format!("{}/role", at(&payer)), &[("role", "viewer")], "Only a payer makes");
    refused(format!("{}/remove", at(&payer)), &[], "Only a payer makes");
    let again = [("email", "Payer@acme.example"), ("role", "viewer")];
    refused("/c/elestio/acme/settings/people".to_owned(), &again, "Only a payer makes");
    assert_eq!(role_of(&stage, "payer@acme.example").as_deref(), Some("payer"));
    refused(format!("{}/remove", at(&own)), &[], "You cannot change what you are yourself.");
    assert!(stage.good(&at(&own)).contains("You cannot change what you are yourself."));
    // A link would let an admin of this account into the other.
    refused(format!("{}/link", at(&both)), &[], "invited to another account too");
    assert_eq!(stage.get(&at(&foreign), "en").status, StatusCode::NOT_FOUND);
    assert_eq!(stage.send(&format!("{}/remove", at(&foreign)), &[("csrf", TOKEN)]).status, StatusCode::NOT_FOUND);
}
