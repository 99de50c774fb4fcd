//! The operators' pages, asked for through the router: in both languages, by each role; what may be done there, and that it stands in the audit log
//! with who did it and why. Two small clouds on a store of their own, on the engine itself.

mod support;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method, Request, StatusCode};
use farthing_console::{Console, FilesRead, Porter, Reader, Verdict, Visitor, router};
use farthing_core::access::{OperatorDeed, OperatorRole, operator_may};
use farthing_core::bank::{Nature, Row, RowState, Statement};
use farthing_core::config::{Severity, Source};
use farthing_core::money::{Currency, Money};
use farthing_core::profile::{CATALOG_FILE, POLICY_FILE, Profile};
use farthing_core::time::CivilDate;
use farthing_engine::{
    Asked, Contact, Engine, NewAccount, NewPayIn, NewRefund, NewResource, NewStatement, PayBy, Reported, ResourceFact,
};
use farthing_testbed::ScratchDir;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use support::{Answer, NOW, Site, TOKEN, apply, at, coded, dollars, files, hidden, plain, with};

const CLOUD: &str = "aicloud";
const OTHER: &str = "elestio";

/// An operator of `CLOUD`, and of no other.
#[derive(Debug)]
struct Door {
    role: OperatorRole,
}

impl Porter for Door {
    fn who(&self, cloud: &str, _: Option<&str>, parts: &Parts) -> Option<Visitor> {
        (parts.headers.contains_key("x-known") && cloud == CLOUD).then(|| Visitor {
            person: format!("op_{}", self.role),
            known_as: String::new(),
            name: "Ada".to_owned(),
            language: None,
            accounts: Vec::new(),
            operator: Some(self.role),
            everywhere: false,
            csrf: TOKEN.to_owned(),
            leave: "/sign-out".to_owned(),
        })
    }
}

/// Reads files as `farthing check` does of a folder without help pages.
#[derive(Debug)]
struct Files;

impl Reader for Files {
    fn read(&self, _: &str, files: &BTreeMap<String, String>) -> Result<FilesRead, Vec<String>> {
        let source = |name: &str| files.get(name).map(|text| Source::new(name, text.clone()));
        let (policy, catalog) = (source(POLICY_FILE).expect("a policy"), source(CATALOG_FILE));
        let sources: Vec<Source> = catalog.iter().cloned().chain([policy.clone()]).collect();
        let checked = Profile::read(&policy, catalog.as_ref());
        let errors = checked.remarks.iter().filter(|remark| remark.severity == Severity::Error);
        let errors: Vec<String> = errors.map(|remark| remark.render(&sources)).collect();
        match checked.profile {
            Some(profile) if errors.is_empty() => Ok(FilesRead { profile, remarks: Vec::new() }),
            _ => Err(errors),
        }
    }
}

struct Stage {
    site: Site,
    engine: Engine,
    refund: String,
    movement: String,
    _folder: ScratchDir,
}

/// Somebody who has left out what their transfer is for.
fn statement() -> NewStatement {
    let row = Row {
        bank_reference: "R1".to_owned(),
        name: "Somebody Unknown".to_owned(),
        iban: "021000021-7".to_owned(),
        text: "for the pods".to_owned(),
        ..Row::bare(CivilDate::parse("2026-11-02").unwrap(), dollars("35.00"), Nature::Transfer)
    };
    let statement = Statement {
        id: "s1".to_owned(),
        account: "021000021-4402893".to_owned(),
        currency: Currency::USD,
        opening: None,
        closing: None,
        rows: vec![row],
    };
    NewStatement { name: "s1".to_owned(), digest: "s1".to_owned(), statements: vec![statement] }
}

impl std::ops::Deref for Stage {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl Stage {
    fn new(role: OperatorRole) -> Stage {
        let folder = ScratchDir::new("console-operators");
        let engine = support::engine(&folder);
        let engine = engine.asked_by(Asked {
            who: "key_setup".to_owned(),
            source: "here".to_owned(),
            once: None,
            why: String::new(),
        });
        for cloud in [CLOUD, OTHER] {
            apply(&engine, cloud);
        }
        for (cloud, name) in [(CLOUD, "acme"), (CLOUD, "beta"), (OTHER, "foreign")] {
            let account = NewAccount { name: name.into(), ..NewAccount::default() };
            engine.open_account(cloud, &account).unwrap();
            engine.top_up(cloud, name, dollars("50.00"), Some(&format!("wire-{name}"))).unwrap();
        }
        let contact = Contact { name: "Ada".into(), email: "ada@acme.example".into(), language: "en".into() };
        engine.set_contact(CLOUD, "acme", Some(&contact)).unwrap();
        let start = NewResource {
            account: Some("acme".into()),
            product: Some("gpu-pod".into()),
            sku: Some("l40s-48g".into()),
            ..NewResource::default()
        };
        let fact = ResourceFact { resource: "acme-pod".into(), at: None, id: None, what: Reported::Start(start) };
        engine.record_fact(CLOUD, &fact).unwrap();
        let paid = NewPayIn {
            account: "acme".into(),
            amount: dollars("40.00"),
            by: PayBy::Token("card:visa".into()),
            keep: false,
            reference: Some("order-77".into()),
            back: String::new(),
        };
        engine.pay_in(CLOUD, &paid).unwrap();
        engine.advance(at(NOW)).unwrap();
        let wanted = NewRefund {
            account: "acme".into(),
            amount: Some(dollars("12.00")),
            reason: "we use less".into(),
            reference: None,
            by_operator: false,
        };
        let refund = engine.refund(CLOUD, &wanted).unwrap().id;
        engine.take_statement(CLOUD, &statement()).unwrap();
        let movement = engine.bank_rows(CLOUD, Some(RowState::Waiting), None, None, 5).unwrap().remove(0).id;
        let verdict = Verdict::of(&engine).unwrap();
        let console = Console::new(engine.clone(), Vec::new(), verdict)
            .with_porter(Arc::new(Door { role }))
            .with_reader(Arc::new(Files));
        Stage { site: Site { router: router(console) }, engine, refund, movement, _folder: folder }
    }

    fn good(&self, rest: &str) -> String {
        self.site.good(&format!("/clouds/{CLOUD}{rest}"))
    }

    fn fill(&self, page: &str, action: &str, filled: &[(&str, &str)]) -> Answer {
        self.site.fill(&format!("/clouds/{CLOUD}{page}"), &format!("/clouds/{CLOUD}{action}"), filled)
    }

    /// The newest entry of the audit log of a kind.
    fn noted(&self, what: &str) -> farthing_core::trail::Entry {
        let entries = self.engine.trail(CLOUD, None, 50).unwrap();
        let found = entries.into_iter().find(|entry| entry.what == what);
        found.unwrap_or_else(|| panic!("no {what} in the audit log"))
    }
}

/// Every page that is about nothing in particular.
const PAGES: [&str; 27] = [
    "",
    "/accounts",
    "/accounts?standing=arrears",
    "/accounts?standing=parked",
    "/accounts?q=ada%40acme",
    "/accounts/acme",
    "/accounts/acme?kind=fact",
    "/accounts/acme/costs",
    "/accounts/acme/resources",
    "/accounts/acme/bills",
    "/accounts/acme/balance",
    "/accounts/acme/credits",
    "/accounts/acme/orders",
    "/accounts/acme/ledger",
    "/accounts/acme/actions",
    "/queues",
    "/queues/brake",
    "/queues/statements",
    "/policy",
    "/policy/versions/1",
    "/policy/change",
    "/money",
    "/deliveries",
    "/deliveries?state=dead&to=mail",
    "/health",
    "/audit",
    "/audit?chain=read",
];

/// A key that was shown instead of its text.
fn keys_shown(page: &str) -> Vec<&str> {
    let groups = [
        "ops.",
        "today.",
        "accounts.",
        "account.",
        "timeline.",
        "fact.",
        "actions.",
        "queues.",
        "queue.",
        "bank.",
        "statement.",
        "brake.",
        "policy.",
        "deliveries.",
        "health.",
        "audit.",
        "money.",
        "trial.",
        "ledger.",
        "ledger_page.",
        "ageing.",
        "nav.",
        "wrong.",
    ];
    // What was decided is shown by its name.
    let page = page.split("<section id=\"chain\">").next().unwrap_or(page);
    let words = page.split(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '.' | '_')));
    let names =
        ["account.opened", "policy.applied", "money.topped_up", "account.contact_changed", "bank.statement_taken"];
    words
        .filter(|word| groups.iter().any(|group| word.starts_with(group) && word.len() > group.len()))
        .filter(|word| !names.contains(word))
        .collect()
}

#[test]
fn every_page_is_there_in_both_languages_and_whole() {
    let stage = Stage::new(OperatorRole::Owner);
    let own = [
        format!("/queues/refunds/{}", stage.refund),
        format!("/queues/bank/{}", stage.movement),
        "/audit/1".to_owned(),
    ];
    for rest in PAGES.iter().map(|rest| (*rest).to_owned()).chain(own) {
        for (language, lang, title) in
            [("en", "<html lang=\"en\">", "Skip to"), ("zh-CN", "<html lang=\"zh\">", "跳到正文")]
        {
            let answer = stage.get(&format!("/clouds/{CLOUD}{rest}"), language);
            assert_eq!(answer.status, StatusCode::OK, "{rest}: {}", answer.text);
            let page = &answer.text;
            assert!(page.contains(lang) && page.contains(title) && page.matches("<h1>").count() == 1, "{rest}");
            for refused in ["<script", " style=", "<style", "onclick", "http://", "<h1></h1>"] {
                assert!(!page.contains(refused), "{rest} has {refused}");
            }
            assert_eq!(keys_shown(page), Vec::<&str>::new(), "{rest} in {language}");
            let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{rest}: {ids:?}");
            assert!(page.contains("action=\"/sign-out\""), "{rest} has no way out");
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        }
    }
}

/// What another cloud has is not there: not its pages, and not its things at one's own addresses.
#[test]
fn another_cloud_is_not_there() {
    for role in OperatorRole::ALL {
        let stage = Stage::new(role);
        for rest in PAGES {
            let answer = stage.get(&format!("/clouds/{OTHER}{}", rest.replace("acme", "foreign")), "en");
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{role} {rest}");
            assert!(!answer.text.contains("50.00") && !answer.text.contains("foreign"), "{rest}");
        }
        let transfer = stage.engine.store().read("test", |tx| {
            let owner = tx.owner_by_name(OTHER, "foreign")?.unwrap();
            Ok::<_, farthing_store::StoreError>(tx.accounts_of(owner.id)?.remove(0).account.newest.unwrap())
        });
        let transfer = transfer.unwrap();
        for rest in
            ["/accounts/foreign", "/accounts/foreign/costs", "/accounts/foreign/actions", "/accounts/foreign/ledger"]
        {
            let status = stage.get(&format!("/clouds/{CLOUD}{rest}"), "en").status;
            let wanted = if rest.ends_with("ledger") && !operator_may(role, OperatorDeed::SeeMoney) {
                StatusCode::FORBIDDEN
            } else {
                StatusCode::NOT_FOUND
            };
            assert_eq!(status, wanted, "{role} {rest}");
        }
        let answer = stage.get(&format!("/clouds/{CLOUD}/transfers/{transfer}"), "en");
        assert_ne!(answer.status, StatusCode::OK, "{role}");
        assert!(!answer.text.contains("50.00"));
        // Found by nothing either.
        assert!(stage.good("/accounts?q=foreign").contains("Nothing of this cloud is called"));
        // Of every cloud, and of nobody.
        assert_eq!(stage.get("/", "en").status, StatusCode::NOT_FOUND);
        let request = Request::builder().uri(format!("/clouds/{CLOUD}")).header("host", "127.0.0.1");
        assert_eq!(stage.ask(request.body(Body::empty()).unwrap()).status, StatusCode::NOT_FOUND);
    }
}

/// A page or a deed that the role does not allow is refused (403), whatever was sent; what it allows is there.
#[test]
fn a_role_may_what_the_table_says() {
    let pages: [(&str, OperatorDeed); 10] = [
        ("/accounts", OperatorDeed::SeeAccounts),
        ("/queues", OperatorDeed::SeeAccounts),
        ("/money", OperatorDeed::SeeMoney),
        ("/accounts/acme/ledger", OperatorDeed::SeeMoney),
        ("/audit", OperatorDeed::SeeAudit),
        ("/audit/1", OperatorDeed::SeeAudit),
        ("/policy/change", OperatorDeed::ApplyPolicy),
        ("/queues/brake", OperatorDeed::SetStanding),
        ("/queues/statements", OperatorDeed::MatchBank),
        ("/health", OperatorDeed::SeeAccounts),
    ];
    let deeds: [(&str, OperatorDeed); 15] = [
        ("/accounts/acme/keep", OperatorDeed::SetStanding),
        ("/accounts/acme/end-keep", OperatorDeed::SetStanding),
        ("/accounts/acme/credit", OperatorDeed::HelpAccount),
        ("/accounts/acme/waive", OperatorDeed::HelpAccount),
        ("/accounts/acme/retry", OperatorDeed::HelpAccount),
        ("/accounts/acme/refund", OperatorDeed::DecideMoney),
        ("/accounts/acme/bills/bill_x/write-off", OperatorDeed::DecideMoney),
        ("/queues/refunds/REFUND", OperatorDeed::DecideMoney),
        ("/queues/bank/MOVEMENT", OperatorDeed::MatchBank),
        ("/queues/statements", OperatorDeed::MatchBank),
        ("/queues/brake", OperatorDeed::SetStanding),
        ("/policy/plan", OperatorDeed::ApplyPolicy),
        ("/policy/apply", OperatorDeed::ApplyPolicy),
        ("/deliveries/dlv_x", OperatorDeed::SetDeliveries),
        ("/health/prove", OperatorDeed::SeeAudit),
    ];
    for role in OperatorRole::ALL {
        let stage = Stage::new(role);
        for (rest, deed) in pages {
            let answer = stage.get(&format!("/clouds/{CLOUD}{rest}"), "en");
            let wanted = if operator_may(role, deed) { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, wanted, "{role} {rest}");
            if wanted == StatusCode::FORBIDDEN {
                assert!(answer.text.contains("you may not do this"), "{}", answer.text);
                assert!(stage.get(&format!("/clouds/{CLOUD}{rest}"), "zh").text.contains("无权执行此操作"));
            }
        }
        let overview = stage.good("");
        assert_eq!(
            overview.contains(&format!("href=\"/clouds/{CLOUD}/money\"")),
            operator_may(role, OperatorDeed::SeeMoney)
        );
        for (rest, deed) in deeds {
            let rest = rest.replace("REFUND", &stage.refund).replace("MOVEMENT", &stage.movement);
            let address = format!("/clouds/{CLOUD}{rest}");
            // Nothing of it is filled in: who may is told so, or that there is no such thing; who may not is told that.
            let answer = stage.send(&address, &[("csrf".to_owned(), TOKEN.to_owned())]);
            let refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(refused, !operator_may(role, deed), "{role} {rest}: {} {}", answer.status, answer.text);
            // Without the token it is nobody's form.
            for token in ["", "another"] {
                let answer = stage.send(&address, &[("csrf".to_owned(), token.to_owned())]);
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{role} {rest}");
                assert!(answer.text.contains("too old"), "{}", answer.text);
            }
        }
        assert!(stage.engine.keeps(CLOUD).unwrap().is_empty(), "{role}");
    }
}

#[test]
fn an_account_is_found_by_anything() {
    let stage = Stage::new(OperatorRole::Owner);
    let payment = stage.engine.payments(CLOUD, Some("acme"), None, None, 1).unwrap().remove(0).id;
    for (text, by) in [
        ("acme", "name acme"),
        ("ADA@acme", "mails to ada@acme.example"),
        ("acme-pod", "resource acme-pod"),
        ("order-77", "payment order-77"),
        (payment.as_str(), "payment pay_"),
        (stage.refund.as_str(), "refund rf_"),
    ] {
        let page = stage.good(&format!("/accounts?q={}", coded(text)));
        assert!(page.contains("1 account found.") && page.contains(by), "{text}: {page}");
        assert!(page.contains(&format!("/clouds/{CLOUD}/accounts/acme\"")), "{text}");
    }
}

#[test]
fn the_timeline_tells_what_happened_in_one_line() {
    let stage = Stage::new(OperatorRole::Owner);
    let page = stage.good("/accounts/acme");
    let timeline = page.split_once("<section id=\"timeline\">").expect("a timeline").1;
    for told in [
        "Started",
        "acme-pod",
        "Charged",
        "Payment",
        "Refund",
        "Decided",
        "account.opened",
        "account opened",
        "money came in",
    ] {
        assert!(timeline.contains(told), "{told} is not in {timeline}");
    }
    // The newest first.
    let times: Vec<&str> = timeline.split("datetime=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(times.len() > 5 && times.windows(2).all(|pair| pair[0] >= pair[1]), "{times:?}");
    let only = stage.good("/accounts/acme?kind=payment");
    let only = only.split_once("<section id=\"timeline\">").unwrap().1;
    assert!(only.contains("Refund") && !only.contains("Started"), "{only}");
    // Support does not see who decided what.
    let support = Stage::new(OperatorRole::Support).good("/accounts/acme");
    assert!(!support.contains("account.opened") && support.contains("account opened"), "{support}");
}

#[test]
fn a_keep_has_its_reason_and_its_end_is_confirmed() {
    let stage = Stage::new(OperatorRole::Support);
    let nothing = stage.fill("/accounts/acme/actions", "/accounts/acme/keep", &[("reason", "  ")]);
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nothing.text.contains("This is needed.") && stage.engine.keeps(CLOUD).unwrap().is_empty());
    let kept =
        stage.fill("/accounts/acme/actions", "/accounts/acme/keep", &[("reason", "they move to another entity")]);
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text);
    let entry = stage.noted("kept");
    assert_eq!((entry.who.as_str(), entry.subject.as_str()), ("op_support", "account acme"));
    assert!(entry.became.contains("they move to another entity"));
    assert!(stage.good("/accounts/acme").contains("Kept by op_support"));
    let end = [("reason", "they have moved"), ("confirm", "beta")];
    let wrong = stage.fill("/accounts/acme/actions", "/accounts/acme/end-keep", &end);
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("value=\"beta\"") && wrong.text.contains("Type acme to confirm"), "{}", wrong.text);
    assert_eq!(stage.engine.keeps(CLOUD).unwrap().len(), 1);
    let end = [("reason", "they have moved"), ("confirm", "acme")];
    let ended = stage.fill("/accounts/acme/actions", "/accounts/acme/end-keep", &end);
    assert_eq!(ended.status, StatusCode::SEE_OTHER, "{}", ended.text);
    assert!(stage.engine.keeps(CLOUD).unwrap().is_empty());
    assert!(stage.noted("let_go").became.contains("they have moved"), "the reason stands there too");
}

#[test]
fn help_is_given_once_and_with_its_reason() {
    let stage = Stage::new(OperatorRole::Support);
    let credit = |stage: &Stage| stage.engine.account_view(CLOUD, "acme", at(NOW)).unwrap().figures.credit;
    let page = stage.good("/accounts/acme/actions");
    let action = format!("/clouds/{CLOUD}/accounts/acme/credit");
    let fields = with(
        hidden(&page, &action),
        &[("amount", "5.00"), ("name", "sorry"), ("expires", ""), ("reason", "a slow disk")],
    );
    let first = stage.send(&action, &fields);
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.text);
    assert_eq!(stage.send(&action, &fields).status, StatusCode::SEE_OTHER, "sent twice it is one");
    assert_eq!(credit(&stage), dollars("5.00").units());
    let entry = stage.noted("credit.granted");
    assert!(entry.who == "op_support" && entry.became.contains("a slow disk"), "{entry:?}");
    let again = stage.fill(
        "/accounts/acme/actions",
        "/accounts/acme/credit",
        &[("amount", "1.00"), ("name", "sorry"), ("reason", "x")],
    );
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "each name is given once");
    let much = stage.fill(
        "/accounts/acme/actions",
        "/accounts/acme/credit",
        &[("amount", "much"), ("name", "b"), ("reason", "x")],
    );
    assert!(much.status == StatusCode::UNPROCESSABLE_ENTITY && much.text.contains("“much” is not an amount"));
    // A charge that was sealed, by what it says of itself.
    let charges = stage.engine.charges(CLOUD, "acme", &farthing_engine::ChargeQuestion::default()).unwrap();
    let charge = charges.iter().find(|row| row.net > dollars("1.00").units()).expect("a charge");
    let waived = stage.fill(
        &format!("/accounts/acme/charges/{}", charge.chained),
        "/accounts/acme/waive",
        &[("amount", "1.00"), ("reason", "it stood still")],
    );
    assert_eq!(waived.status, StatusCode::SEE_OTHER, "{}", waived.text);
    assert!(stage.noted("charge.waived").became.contains("it stood still"));
    let too_much = stage.fill(
        "/accounts/acme/actions",
        "/accounts/acme/waive",
        &[("product", "gpu-pod"), ("from", ""), ("to", ""), ("amount", "99999.00"), ("reason", "all of it")],
    );
    assert_eq!(too_much.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(too_much.text.contains("class=\"error\""), "{}", too_much.text);
}

#[test]
fn money_goes_back_by_those_who_decide_and_with_the_name_typed() {
    let stage = Stage::new(OperatorRole::Finance);
    let cash = || stage.engine.account_view(CLOUD, "acme", at(NOW)).unwrap().figures.cash;
    let before = cash();
    let page = format!("/queues/refunds/{}", stage.refund);
    let unsaid = stage.fill(&page, &page, &[("reason", "they asked")]);
    assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY, "neither yes nor no");
    assert_eq!(cash(), before);
    let approved = stage.fill(&page, &page, &[("decision", "yes"), ("reason", "they asked")]);
    assert_eq!(approved.status, StatusCode::SEE_OTHER, "{}", approved.text);
    assert_eq!(before - cash(), dollars("12.00").units());
    let entry = stage.noted("refund.decided");
    assert!(entry.who == "op_finance" && entry.became.contains("they asked"), "{entry:?}");
    assert!(!stage.good(&page).contains("name=\"decision\""), "it is decided");
    let own = [("amount", "3.00"), ("reason", "too much was paid"), ("confirm", "ACME")];
    let wrong = stage.fill("/accounts/acme/actions", "/accounts/acme/refund", &own);
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text);
    let own = [("amount", "3.00"), ("reason", "too much was paid"), ("confirm", "acme")];
    let paid = stage.fill("/accounts/acme/actions", "/accounts/acme/refund", &own);
    assert_eq!(paid.status, StatusCode::SEE_OTHER, "{}", paid.text);
    assert_eq!(before - cash(), dollars("15.00").units());
}

#[test]
fn a_transfer_nobody_knows_is_matched_to_an_account() {
    let stage = Stage::new(OperatorRole::Finance);
    let cash = || stage.engine.account_view(CLOUD, "beta", at(NOW)).unwrap().figures.cash;
    let before = cash();
    assert!(stage.good("").contains("Bank transfers") && stage.good("/queues").contains("Somebody Unknown"));
    let page = format!("/queues/bank/{}", stage.movement);
    let nobody =
        stage.fill(&page, &page, &[("becomes", "account"), ("account", "foreign"), ("bills", ""), ("reason", "x")]);
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nobody.text.contains("There is no account foreign."), "{}", nobody.text);
    let no_bill =
        stage.fill(&page, &page, &[("becomes", "account"), ("account", "beta"), ("bills", "AIC-1"), ("reason", "x")]);
    assert!(no_bill.text.contains("There is no bill AIC-1."), "{}", no_bill.text);
    assert_eq!(cash(), before);
    let matched = [("becomes", "account"), ("account", "beta"), ("bills", ""), ("reason", "they called us")];
    let matched = stage.fill(&page, &page, &matched);
    assert_eq!(matched.status, StatusCode::SEE_OTHER, "{}", matched.text);
    assert_eq!(cash() - before, dollars("35.00").units());
    let entry = stage.noted("bank.movement_decided");
    assert!(entry.who == "op_finance" && entry.became.contains("they called us"), "{entry:?}");
    assert!(stage.good("/queues").contains("Whatever moved at the bank is known."));
}

/// A file of the bank's, sent as browsers send it: taken once; and where it is wrong, nothing of it, with its line and a caret.
#[test]
fn a_statement_is_taken_whole_or_shown_where_it_is_wrong() {
    let stage = Stage::new(OperatorRole::Finance);
    let address = format!("/clouds/{CLOUD}/queues/statements");
    let send = |file: &[u8]| {
        let part = |name: &str| format!("--b7\r\nContent-Disposition: form-data; name=\"{name}\"");
        let head = format!("{}\r\n\r\n{TOKEN}\r\n{}; filename=\"november.sta\"\r\n\r\n", part("csrf"), part("file"));
        let request = Request::builder().method(Method::POST).uri(&address).header("host", "127.0.0.1");
        let request = request.header("x-known", "yes").header("content-type", "multipart/form-data; boundary=b7");
        stage.ask(request.body(Body::from([head.as_bytes(), file, b"\r\n--b7--\r\n"].concat())).unwrap())
    };
    let movements = || stage.engine.bank_rows(CLOUD, None, None, None, 50).unwrap().len();
    let before = movements();
    assert!(stage.good("/queues").contains(&format!("href=\"{address}\"")), "the queue leads there");
    // Latin letters of another century: kept as bytes, they are read as the bank wrote them.
    let good = b":20:STMT1\r\n:25:021000021-4402893\r\n:28C:1/1\r\n:60F:C261102USD100,00\r\n\
        :61:2611021102C35,00NTRFNONREF//R77\r\n:86:from Ada M\xfcller\r\n:62F:C261102USD135,00\r\n-\r\n";
    let bad = String::from_utf8_lossy(good).replace("USD135,00", "USD136,00").into_bytes();
    let told = send(&bad);
    assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
    let shown = plain(&told.text);
    assert!(shown.contains("--> november.sta:7:6") && shown.contains("7 | :62F:C261102USD136,00"), "{shown}");
    // The caret stands below the sixth letter, behind the same gutter.
    let caret = shown.lines().find(|line| line.ends_with('^')).unwrap_or_default();
    assert_eq!(caret.split_once("| ").map(|(_, rest)| rest), Some("     ^"), "{shown}");
    assert!(shown.contains("nothing of it was taken"), "{shown}");
    assert_eq!(movements(), before, "nothing of a bad file is taken");
    let empty = send(b"");
    assert!(
        empty.status == StatusCode::UNPROCESSABLE_ENTITY && empty.text.contains("class=\"error\""),
        "{}",
        empty.text
    );
    let taken = send(good);
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text);
    assert_eq!(taken.headers["location"], format!("{address}?done=statement"));
    assert_eq!(movements(), before + 1);
    let page = stage.good("/queues/statements?done=statement");
    assert!(page.contains("november.sta") && page.contains("The statement is taken."), "{page}");
    let again = send(good);
    assert_eq!(again.headers["location"], format!("{address}?done=statement_again"));
    assert_eq!(movements(), before + 1);
    assert_eq!(stage.noted("bank.statement_taken").who, "op_finance");
}

#[test]
fn prices_change_after_their_differences_were_shown() {
    let stage = Stage::new(OperatorRole::Operator);
    let mut changed = files(CLOUD);
    let catalog = changed[CATALOG_FILE].clone();
    let dearer = catalog.replace("0.99 / hour", "1.98 / hour");
    assert_ne!(dearer, catalog, "the catalogue sells an l40s-48g");
    changed.insert(CATALOG_FILE.to_owned(), dearer.clone());
    let plan = format!("/clouds/{CLOUD}/policy/plan");
    let sent = |catalog: &str, more: &[(&str, &str)]| {
        let mut fields = vec![
            ("csrf".to_owned(), TOKEN.to_owned()),
            ("cloud_toml".to_owned(), changed[POLICY_FILE].replace('\n', "\r\n")),
            ("catalog_toml".to_owned(), catalog.replace('\n', "\r\n")),
        ];
        fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        stage.send(&plan, &fields)
    };
    let same = sent(&catalog, &[]);
    assert!(same.status == StatusCode::OK && same.text.contains("say just what version 1 says"), "{}", same.text);
    let broken = sent("[[product]\nid = 7", &[]);
    assert_eq!(broken.status, StatusCode::UNPROCESSABLE_ENTITY);
    let caret = broken.text.split("<pre").nth(1).expect("what is wrong");
    assert!(caret.contains("catalog.toml:1") && caret.contains('^'), "{caret}");
    assert!(broken.text.contains("[[product]\nid = 7</textarea>"), "what was pasted stays");
    // Since November: three days and a half at twice the price.
    let planned = sent(&dearer, &[("try", "yes"), ("since", "2026-11-01")]);
    assert_eq!(planned.status, StatusCode::OK, "{}", planned.text);
    for told in
        ["1 change against version 1", "1 price up", "+100.0%", "1 account would have paid more", "/accounts/acme\""]
    {
        assert!(plain(&planned.text).contains(told), "{told} is not in {}", planned.text);
    }
    let was = stage
        .engine
        .charges_sum(
            CLOUD,
            "acme",
            &farthing_engine::ChargeQuestion { product: None, from: Some(at("2026-11-01T00:00:00Z")), to: None },
            at(NOW),
        )
        .unwrap();
    let twice = Money::from_units(was.units() * 2, Currency::USD).format(farthing_core::money::Locale::En);
    assert!(planned.text.contains(&twice), "{twice} is not in {}", planned.text);
    assert_eq!(stage.engine.policy_versions(CLOUD).unwrap().list().len(), 1, "nothing is applied yet");
    let apply = format!("/clouds/{CLOUD}/policy/apply");
    let form = hidden(&planned.text, &apply);
    let unconfirmed = stage.send(&apply, &with(form.clone(), &[("reason", "power costs more"), ("confirm", "")]));
    assert_eq!(unconfirmed.status, StatusCode::UNPROCESSABLE_ENTITY);
    let confirmed = with(form, &[("reaches", ""), ("starts", ""), ("reason", "power costs more"), ("confirm", CLOUD)]);
    let applied = stage.send(&apply, &confirmed);
    assert_eq!(applied.status, StatusCode::SEE_OTHER, "{}", applied.text);
    assert!(applied.headers["location"].to_str().unwrap().ends_with("/policy/versions/2?done=applied"));
    let versions = stage.engine.policy_versions(CLOUD).unwrap();
    let version = versions.in_force_at(at(NOW)).unwrap();
    assert_eq!((version.number, version.who.as_str(), version.why.as_str()), (2, "op_operator", "power costs more"));
    assert_eq!(stage.engine.policy_files(CLOUD, 2).unwrap().unwrap(), changed, "line ends are as in the files");
    let shown = plain(&stage.good("/policy/versions/2"));
    assert!(shown.contains("+100.0%") && shown.contains("power costs more"), "{shown}");
    assert_eq!(stage.noted("policy.applied").who, "op_operator");
    // A form from before says so and does nothing.
    let stale = stage.send(
        &apply,
        &with(
            vec![
                ("csrf".to_owned(), TOKEN.to_owned()),
                ("cloud_toml".to_owned(), changed[POLICY_FILE].clone()),
                ("catalog_toml".to_owned(), catalog),
                ("against".to_owned(), "1".to_owned()),
            ],
            &[("reason", "back"), ("confirm", CLOUD)],
        ),
    );
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(stale.text.contains("Another version came into force meanwhile"), "{}", stale.text);
}

/// Files are sent as browsers send them, and taken instead of what stands in the fields.
#[test]
fn files_are_taken_as_they_are_sent() {
    let stage = Stage::new(OperatorRole::Owner);
    let sent = files(CLOUD);
    let dearer = sent[CATALOG_FILE].replace("0.99 / hour", "1.09 / hour");
    let mut body = String::new();
    for (name, text) in [
        ("csrf", TOKEN),
        ("cloud_toml", &sent[POLICY_FILE]),
        ("catalog_toml", "left over"),
        ("catalog_file", &dearer),
        ("cloud_file", ""),
    ] {
        let file = if name.ends_with("_file") { "; filename=\"x.toml\"\r\nContent-Type: text/plain" } else { "" };
        let head = format!("--b7\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body = body + &head + text + "\r\n";
    }
    body.push_str("--b7--\r\n");
    let request = Request::builder().method(Method::POST).uri(format!("/clouds/{CLOUD}/policy/plan"));
    let request = request.header("host", "127.0.0.1").header("x-known", "yes");
    let request = request.header("content-type", "multipart/form-data; boundary=b7").body(Body::from(body)).unwrap();
    let answer = stage.ask(request);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(plain(&answer.text).contains("+10.1%"), "{}", answer.text);
}

#[test]
fn the_store_is_proven_when_it_is_asked_for() {
    let stage = Stage::new(OperatorRole::Owner);
    let before = stage.good("/health");
    assert!(before.contains("Nothing is wrong as of") && before.contains("chains intact"), "{before}");
    let begun = stage.fill("/health", "/health/prove", &[]);
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text);
    let mut tries = 0;
    while stage.good("/health").contains("A proof has been under way") {
        tries += 1;
        assert!(tries < 100_000, "it never ends");
    }
    assert!(stage.good("/health").contains("Nothing is wrong as of"));
    assert!(stage.good("/audit?chain=read").contains("nothing was changed"));
}
