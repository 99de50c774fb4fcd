//! Trials, the gate's question, spend limits and quotas, on both stores.

use crate::support::{Bed, CATALOG, START, apply, at, later, policy, proven, read, start, told, usd};
use farthing_core::catalog::Raise;
use farthing_core::config::Name;
use farthing_core::measure::Quantity;
use farthing_core::policy::Channel;
use farthing_core::standing::InstructionId;
use farthing_engine::{
    Contact, Engine, InstructionFacts, LimitsOf, NewAccount, NewLimits, NewMember, NewMethod, NewReservation,
    NewResource, NewTrial, RefusalCode, Refused, Reported, TrialFacts,
};
use farthing_store::MessageFilter;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};

const TRIAL: &str = "\n[start]\nmin_balance = \"5.00\"\nrunway = \"10h\"\n\n[auto_refill]\ndefault = \"on\"\nthreshold = \"5.00\"\namount = \"25.00\"\n\n\
    [trial]\ncredit = \"20.00\"\nlasts = \"72h\"\nmax_running = 2\nnotices = [\"24h\"]\nneeds_verification = true\n\
    convert = { min = \"10.00\", max = \"25.00\" }\ndestroy_after_run_out = \"24h\"\n";

fn bed_of(bed: &Bed, accounts: &[&str]) -> Engine {
    let engine = bed.engine(0, at(START));
    let catalog = format!(
        "{}quota = [{{ id = \"rpm\", meter = \"calls\", limit = \"60\", per = \"1m\" }}]\n\n\
        [[product]]\nid = \"node\"\nname = \"Node\"\nkind = \"running\"\nprice = \"0.10 / hour\"\n\
        quota = [{{ id = \"live\", counts = \"things\", limit = \"1\" }}]\n",
        CATALOG.replace(
            "kind = \"running\"",
            "kind = \"running\"\non_suspend = \"stop\"\non_delete = \"delete_keep_data\""
        )
    );
    apply(&engine, "one", &format!("{}{TRIAL}", policy("one")), &catalog);
    for account in accounts {
        let contact =
            Contact { name: (*account).to_owned(), email: format!("{account}@acme.example"), language: String::new() };
        let new = NewAccount { name: (*account).to_owned(), contact: Some(contact), ..NewAccount::default() };
        engine.open_account("one", &new).expect("it opens");
    }
    engine
}

fn code<T>(answer: Result<T, Refused>) -> Option<RefusalCode> {
    answer.err().and_then(|refused| refused.code())
}

fn verified(account: &str) -> NewTrial {
    NewTrial { account: account.to_owned(), verified: Some(true), ..NewTrial::default() }
}

fn node(account: &str) -> NewResource {
    NewResource { account: Some(account.to_owned()), product: Some("node".to_owned()), ..NewResource::default() }
}

fn server(account: &str) -> NewResource {
    NewResource {
        account: Some(account.to_owned()),
        product: Some("server".to_owned()),
        sku: Some("std".to_owned()),
        ..NewResource::default()
    }
}

/// What was told of a kind, oldest first.
fn heard(engine: &Engine, kind: &str) -> Vec<String> {
    let filter = MessageFilter { kind: Some(kind.to_owned()), account: None };
    let mut rows = read(engine, |tx| tx.messages("one", &filter, i64::MAX, 100));
    rows.sort_by_key(|row| row.number);
    rows.into_iter().map(|row| row.data).collect()
}

/// What the cloud is asked to do to what an account has, and has not done yet, in order.
fn asked(engine: &Engine, account: &str) -> Vec<InstructionFacts> {
    let mut rows = engine.instructions("one", Some(account), None, true, None, 100).expect("its instructions");
    rows.reverse();
    rows
}

/// The cloud does it.
fn done(engine: &Engine, account: &str) {
    for row in asked(engine, account) {
        let id = InstructionId::parse(&row.id).expect("an id");
        if row.claim {
            assert_eq!(engine.claim_instruction("one", id).expect("it is claimed").answer, "go");
        }
        engine.confirm_instruction("one", id, "").expect("it is done");
    }
    engine.run_due().expect("what follows");
}

/// Time passes, and the mail server takes what is sent.
fn go_on(engine: &Engine, seconds: i64) {
    engine
        .advance_among(later(seconds), &mut |engine: &Engine| {
            engine.pretend_mail(true)?;
            Ok::<_, farthing_engine::EngineError>(None)
        })
        .expect("time passes");
}

fn state_of(engine: &Engine, account: &str) -> TrialFacts {
    engine.trial("one", account).expect("its trial")
}

fn whole(number: i64) -> Quantity {
    Quantity::from_whole(number).expect("a number")
}

fn call(account: &str, name: &str, calls: i64) -> NewReservation {
    NewReservation {
        account: account.to_owned(),
        name: name.to_owned(),
        product: "api".to_owned(),
        uses: vec![("calls".to_owned(), whole(calls))],
    }
}

both! {
    /// A thousand callers of a limit of sixty: sixty.
    fn a_thousand_at_once_get_what_there_is(bed: &Bed) {
        let first = bed_of(bed, &["acme"]);
        let engines: Vec<Engine> = (1..9).map(|process| bed.engine(process, at(START))).collect();
        let (good, full) = (AtomicU32::new(0), AtomicU32::new(0));
        let barrier = Barrier::new(engines.len());
        std::thread::scope(|scope| {
            for (place, engine) in engines.iter().enumerate() {
                let (barrier, good, full) = (&barrier, &good, &full);
                scope.spawn(move || {
                    barrier.wait();
                    for turn in 0..125 {
                        match engine.reserve_quota("one", &call("acme", &format!("{place}-{turn}"), 1)) {
                            Ok(_) => good.fetch_add(1, Ordering::Relaxed),
                            Err(refused) => {
                                assert_eq!(refused.code(), Some(RefusalCode::LimitReached), "{refused}");
                                full.fetch_add(1, Ordering::Relaxed)
                            }
                        };
                    }
                });
            }
        });
        assert_eq!((good.into_inner(), full.into_inner()), (60, 940));
        let quotas = first.quotas("one", "acme", Some("api")).expect("its quotas");
        assert_eq!((quotas[0].used, quotas[0].left()), (60_000_000, Quantity::ZERO));
    }
}

both! {
    fn a_reservation_is_counted_once_and_given_back_once(bed: &Bed) {
        let engine = bed_of(bed, &["acme", "beta"]);
        let left = |account: &str| engine.quotas("one", account, Some("api")).expect("its quotas")[0].left();
        engine.reserve_quota("one", &call("acme", "a", 40)).expect("counted");
        engine.reserve_quota("one", &call("acme", "a", 40)).expect("it is there");
        assert_eq!((left("acme"), left("beta")), (whole(20), whole(60)));
        assert_eq!(code(engine.reserve_quota("one", &call("acme", "a", 41))), Some(RefusalCode::IdReused));
        let refused = engine.reserve_quota("one", &call("acme", "b", 21)).expect_err("21 of 20");
        assert!(refused.to_string().contains("2026-04-01T10:01:00Z"), "{refused}");
        for _ in 0..2 {
            engine.release_quota("one", "acme", "a").expect("given back");
            assert_eq!(left("acme"), whole(60));
        }
        // What raises it, while it does: 60 + 30 x 1.
        let raise = Raise {
            product: Name::parse("api").expect("a name"),
            quota: Name::parse("rpm").expect("a name"),
            by: whole(30),
            places: farthing_core::config::Places::default(),
        };
        engine.raise_quota("one", "acme", "term-1", &raise, Some(later(120))).expect("raised");
        engine.reserve_quota("one", &call("acme", "c", 90)).expect("90 of 90");
        assert_eq!(code(engine.reserve_quota("one", &call("acme", "d", 1))), Some(RefusalCode::LimitReached));
        engine.advance(later(119)).expect("time goes by");
        assert_eq!(left("acme"), whole(90), "the next minute");
        engine.release_quota("one", "acme", "c").expect("of a minute that is over");
        assert_eq!(left("acme"), whole(90));
        engine.advance(later(120)).expect("time goes by");
        assert_eq!(left("acme"), whole(60), "it has ended");
        engine.raise_quota("one", "acme", "term-2", &raise, None).expect("raised");
        assert_eq!(left("acme"), whole(90));
        engine.lower_quota("one", "acme", "term-2").expect("lowered");
        assert_eq!(left("acme"), whole(60));
        proven(&engine);
    }
}

both! {
    /// Things are counted by what lives: one node, and another once it is raised or the first has gone.
    fn things_are_counted_when_they_start(bed: &Bed) {
        let engine = bed_of(bed, &["acme"]);
        engine.top_up("one", "acme", usd("50.00"), None).expect("booked");
        told(&engine, "one", "node-1", None, Reported::Start(node("acme"))).expect("it starts");
        assert_eq!(code(told(&engine, "one", "node-2", None, Reported::Start(node("acme")))), Some(RefusalCode::LimitReached));
        told(&engine, "one", "node-1", None, Reported::Stop).expect("it stops");
        told(&engine, "one", "node-2", None, Reported::Start(node("acme"))).expect("it starts");
        assert_eq!(code(told(&engine, "one", "node-1", None, Reported::Resume)), Some(RefusalCode::LimitReached));
    }
}

both! {
    /// Twenty hours of the first, of which ten are needed for everything that runs with the new one in it.
    fn the_gate_says_why_and_how_much_is_missing(bed: &Bed) {
        let engine = bed_of(bed, &["acme"]);
        engine.top_up("one", "acme", usd("20.00"), None).expect("booked");
        let asked = |resource: Option<&str>, new: &NewResource| engine.gate("one", resource, new).expect("it answers");
        assert!(asked(None, &server("acme")).allowed, "10 x 1.00");
        start(&engine, "one", "web", "acme");
        assert!(asked(None, &server("acme")).allowed, "10 x 2.00 are 20.00");
        assert!(asked(Some("web"), &NewResource::default()).allowed, "what runs is not asked");
        engine.advance(later(1_800)).expect("time goes by");
        let no = asked(None, &server("acme"));
        assert_eq!((no.allowed, no.code), (false, Some(RefusalCode::InsufficientBalance)));
        assert_eq!((no.available, no.needed), (usd("19.50"), Some(usd("20.00"))));
        assert!(no.why.contains("add 0.50"), "{}", no.why);
        assert_eq!(code(told(&engine, "one", "db", None, Reported::Start(server("acme")))), Some(RefusalCode::InsufficientBalance));
        // What has happened is booked, and flagged.
        told(&engine, "one", "db", Some(later(1_200)), Reported::Start(server("acme"))).expect("it is a fact");
        let flagged = |name: &str| {
            read(&engine, |tx| {
                let thing = tx.thing_by_name("one", farthing_store::ThingKind::Resource, name)?.expect("it is there");
                Ok(tx.facts_of(thing.id)?.iter().any(|fact| fact.flagged))
            })
        };
        assert_eq!((flagged("web"), flagged("db")), (false, true));
        assert_eq!(code(engine.gate("one", Some("nothing"), &NewResource::default())), Some(RefusalCode::NotFound));
        proven(&engine);
    }
}

both! {
    /// A project may cost 3.00 a month and 1.00 an hour, its account as much as it has.
    fn a_project_has_limits_of_its_own(bed: &Bed) {
        let engine = bed_of(bed, &["acme", "beta"]);
        engine.top_up("one", "acme", usd("100.00"), None).expect("booked");
        for project in ["site", "shop"] {
            engine.open_project("one", project, "acme").expect("it opens");
        }
        let limits = NewLimits {
            of: of("acme", Some("site"), None),
            month: Some(usd("3.00")),
            hour: Some(usd("1.00")),
        };
        engine.set_limits("one", &limits).expect("set");
        let other = NewLimits { of: of("beta", Some("site"), None), ..limits.clone() };
        assert_eq!(code(engine.set_limits("one", &other)), Some(RefusalCode::NotFound), "it is not theirs");
        let in_project = |project: &str| NewResource { project: Some(project.to_owned()), account: None, ..server("acme") };
        told(&engine, "one", "web", None, Reported::Start(in_project("site"))).expect("it starts");
        assert_eq!(code(told(&engine, "one", "web-2", None, Reported::Start(in_project("site")))), Some(RefusalCode::LimitReached));
        told(&engine, "one", "web-2", None, Reported::Start(in_project("shop"))).expect("it starts");
        engine.advance(later(2 * 3_600 + 1_800)).expect("time goes by");
        let facts = engine.limits("one", &of("acme", Some("site"), None)).expect("its limits");
        assert_eq!((facts.month_spent, facts.hour_spent), (usd("2.50").units(), usd("1.00").units()));
        let account = engine.limits("one", &of("acme", None, None)).expect("its limits");
        assert_eq!((account.month, account.month_spent), (None, usd("5.00").units()));
        told(&engine, "one", "web", None, Reported::Stop).expect("it stops");
        // 2.50 and an hour of 1.00 are more than 3.00.
        assert_eq!(code(told(&engine, "one", "web", None, Reported::Resume)), Some(RefusalCode::LimitReached));
        proven(&engine);
    }
}

both! {
    /// Nobody pays: suspended in the second its credit is used, told, and a day later told to be destroyed.
    fn what_was_made_in_a_trial_goes_with_it(bed: &Bed) {
        let engine = bed_of(bed, &["acme"]);
        assert_eq!(code(engine.begin_trial("one", &NewTrial { verified: None, ..verified("acme") })), Some(RefusalCode::NotEligible));
        engine.begin_trial("one", &verified("acme")).expect("it begins");
        start(&engine, "one", "web", "acme");
        start(&engine, "one", "db", "acme");
        assert_eq!(code(told(&engine, "one", "third", None, Reported::Start(server("acme")))), Some(RefusalCode::LimitReached));
        // 20.00 at 2.00 an hour.
        go_on(&engine, 36_000 - 1);
        assert_eq!((state_of(&engine, "acme").state.as_str(), asked(&engine, "acme").len()), ("running", 0));
        go_on(&engine, 36_000);
        let out = state_of(&engine, "acme");
        assert_eq!((out.state.as_str(), out.why.as_str(), out.destroy_at), ("run_out", "used", Some(later(36_000 + 86_400).micros())));
        let stops = asked(&engine, "acme");
        let words: Vec<(&str, &str, &str, i64)> =
            stops.iter().map(|row| (row.deed.as_str(), row.resource.as_str(), row.step.as_str(), row.fence)).collect();
        assert_eq!(words, [("stop", "web", "suspend", 1), ("stop", "db", "suspend", 1)]);
        let ended = heard(&engine, "trial.ended");
        assert!(ended.len() == 1 && ended[0].contains("\"becomes\":\"run_out\""), "{ended:?}");
        assert_eq!((heard(&engine, "account.suspended").len(), heard(&engine, "step.announced").len()), (1, 1), "and that it is deleted");
        for name in ["web", "db"] {
            let view = engine.resource_view("one", name).expect("it is there");
            assert_eq!(view.timeline.state.map(farthing_core::timeline::State::name), Some("suspended"));
        }
        done(&engine, "acme");
        go_on(&engine, 36_000 + 86_399);
        assert!(asked(&engine, "acme").is_empty());
        go_on(&engine, 36_000 + 86_400);
        let deletes = asked(&engine, "acme");
        assert!(deletes.len() == 2 && deletes.iter().all(|row| row.deed == "delete_keep_data" && row.claim && row.fence == 2), "{deletes:?}");
        assert_eq!(state_of(&engine, "acme").state, "run_out", "until the cloud has done it");
        done(&engine, "acme");
        assert_eq!(state_of(&engine, "acme").state, "destroyed");
        assert_eq!(heard(&engine, "account.things_deleted").len(), 1);
        go_on(&engine, 40 * 86_400);
        assert!(asked(&engine, "acme").is_empty(), "once");
        let now = engine.now().expect("the clock");
        assert_eq!(engine.charges_sum("one", "acme", &farthing_engine::ChargeQuestion::default(), now).expect("its charges"), usd("20.00"));
        proven(&engine);
    }
}

both! {
    /// Ended by hand: what is left of the credit is gone, nobody is charged though they could be. Money within the day saves what was made.
    fn an_operator_ends_it(bed: &Bed) {
        let engine = bed_of(bed, &["acme"]);
        engine.begin_trial("one", &verified("acme")).expect("it begins");
        card(&engine, "acme", "card:visa");
        start(&engine, "one", "web", "acme");
        engine.advance(later(3_600)).expect("time goes by");
        let facts = engine.end_trial("one", "acme", "it mines coins").expect("it ends");
        assert_eq!((facts.state.as_str(), facts.why.as_str(), facts.left), ("run_out", "stopped", 0));
        engine.run_due().expect("what is due");
        let view = engine.account_view("one", "acme", later(3_600)).expect("the account");
        assert_eq!(view.figures.credit, 0, "19.00 are gone");
        assert_eq!(asked(&engine, "acme").len(), 1);
        done(&engine, "acme");
        go_on(&engine, 3_600 + 86_399);
        engine.top_up("one", "acme", usd("10.00"), None).expect("booked");
        engine.run_due().expect("what is due");
        assert_eq!(state_of(&engine, "acme").state, "converted");
        assert_eq!(asked(&engine, "acme")[0].deed, "resume");
        done(&engine, "acme");
        // From now on it is an account as any other of this cloud, of which nothing is suspended.
        go_on(&engine, 5 * 86_400);
        assert!(asked(&engine, "acme").is_empty());
        proven(&engine);
    }
}

fn card(engine: &Engine, account: &str, token: &str) {
    let method = NewMethod {
        account: account.to_owned(),
        channel: Channel::Card,
        token: Some(token.to_owned()),
        mandate: Some("charge me later".to_owned()),
        default: true,
        back: String::new(),
    };
    engine.add_method("one", &method).expect("it is kept");
}

both! {
    /// The card of one wants its owner, who is away: suspended at once. The refill that comes an hour later fails as well.
    fn a_payment_that_fails_saves_nothing(bed: &Bed) {
        let engine = bed_of(bed, &["acme", "beta"]);
        engine.begin_trial("one", &verified("acme")).expect("it begins");
        engine.begin_trial("one", &verified("beta")).expect("it begins");
        card(&engine, "acme", "card:3ds"); // it wants its owner, who is away
        card(&engine, "beta", "card:mastercard");
        start(&engine, "one", "web", "acme");
        start(&engine, "one", "shop", "beta");
        // 20.00 at 1.00 an hour.
        engine.advance(later(72_000)).expect("time goes by");
        assert_eq!((state_of(&engine, "acme").state.as_str(), state_of(&engine, "beta").state.as_str()), ("run_out", "converted"));
        let view = engine.account_view("one", "beta", later(72_000)).expect("the account");
        assert_eq!(view.figures.balance, usd("25.00").units(), "720.00 a month are more than the most");
        assert_eq!((asked(&engine, "acme").len(), asked(&engine, "beta").len()), (1, 0));
        done(&engine, "acme");
        go_on(&engine, 72_000 + 2 * 86_400);
        done(&engine, "acme");
        assert_eq!(state_of(&engine, "acme").state, "destroyed");
        proven(&engine);
    }
}

both! {
    fn only_who_pays_may_open_it(bed: &Bed) {
        let engine = bed_of(bed, &["acme"]);
        for (person, role) in [("ada", "payer"), ("bob", "developer")] {
            let member = NewMember {
                person: person.to_owned(),
                account: Some("acme".to_owned()),
                project: None,
                role: role.to_owned(),
            };
            engine.add_member("one", &member).expect("added");
        }
        let by = |person: &str| NewTrial { person: Some(person.to_owned()), ..verified("acme") };
        assert_eq!(code(engine.begin_trial("one", &by("bob"))), Some(RefusalCode::NotEligible));
        assert_eq!(code(engine.begin_trial("one", &by("eve"))), Some(RefusalCode::NotEligible));
        assert_eq!(engine.begin_trial("one", &by("ada")).expect("it begins").ends, later(72 * 3_600).micros());
    }
}

fn of(account: &str, project: Option<&str>, person: Option<&str>) -> LimitsOf {
    LimitsOf { account: account.to_owned(), project: project.map(str::to_owned), person: person.map(str::to_owned) }
}
