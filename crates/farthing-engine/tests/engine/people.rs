//! People: invited by mail, signing in with a password and a code, links of the portal; who may not, and who is gone.

use crate::support::{self, Bed, later, proven, read};
use farthing_core::access::{KeyId, KeyText, Mode, Opens, OperatorRole, PersonId, Role, Token, TotpSecret};
use farthing_core::time::Instant;
use farthing_engine::{
    Asked, Carried, Carrier, Engine, NewConsoleLink, NewMember, NewOperator, NewPerson, Once, Origin, Outcome, Parcel,
    RefusalCode, Side, SignIn, SignInRefused, SignedIn, To, Visit,
};
use farthing_store::Channel;
use std::sync::Mutex;

const PASSWORD: &str = "correct horse battery";

/// Takes every mail, and keeps what it said.
#[derive(Default)]
struct Postman(Mutex<Vec<(String, String, serde_json::Value)>>);

impl Carrier for Postman {
    fn carry(&self, parcel: &Parcel, _now: Instant) -> Carried {
        let To::Mail(envelope) = &parcel.to else {
            return Carried { outcome: Outcome::Never, status: None, answer: String::new() };
        };
        let data = serde_json::from_str(&parcel.data).expect("JSON");
        let kept = (envelope.address.clone(), parcel.kind.clone(), data);
        self.0.lock().expect("nobody panicked").push(kept);
        Carried { outcome: Outcome::Taken, status: Some(250), answer: String::new() }
    }
}

/// What was mailed since the last look: to whom, of what, with which link.
fn mailed(engine: &Engine, now: Instant) -> Vec<(String, String, Option<Token>)> {
    let postman = Postman::default();
    engine.deliver_ready(Channel::Mail, &postman, now, 100).expect("mails go out");
    let kept = postman.0.into_inner().expect("nobody panicked");
    kept.into_iter()
        .map(|(to, kind, data)| {
            let text = data["link"].as_str().and_then(|link| link.rsplit('/').next());
            (to, kind, text.map(|text| Token::parse(Opens::Link, text).expect("a link's text")))
        })
        .collect()
}

fn engine(bed: &Bed) -> Engine {
    let engine = bed.engine(0, later(0)).with_public_url("https://billing.one.example/");
    support::cloud(&engine, "one", &["acme", "beta"]);
    engine.asked_by(Asked { who: "key_x".to_owned(), source: "192.0.2.1".to_owned(), once: None, why: String::new() })
}

fn side() -> Side {
    Side::Customers { cloud: "one".to_owned(), test: false }
}

fn anna(role: Role) -> NewPerson {
    NewPerson {
        email: "Anna@One.example".to_owned(),
        name: "Anna".to_owned(),
        language: "en".to_owned(),
        person: Some("user-7".to_owned()),
        account: "acme".to_owned(),
        project: None,
        role,
    }
}

fn asked(email: &str, password: &str) -> SignIn {
    SignIn {
        email: email.to_owned(),
        password: password.to_owned(),
        address: "198.51.100.7".to_owned(),
        agent: "Firefox".to_owned(),
        language: "en".to_owned(),
    }
}

fn sign_in(engine: &Engine, password: &str, now: Instant) -> Result<SignedIn, String> {
    engine.sign_in(&side(), &asked("anna@one.example", password), now).map_err(|refused| refused.to_string())
}

/// Invited, and signed in with the password that the mail's link let her choose.
fn arrived(engine: &Engine, role: Role) -> (PersonId, Token) {
    let id = engine.invite_person("one", &anna(role), later(0)).expect("invited");
    let mails = mailed(engine, later(0));
    let link = mails[0].2.clone().expect("a link");
    let token = engine.choose_password(&link, PASSWORD, ("Firefox", "en"), later(1)).expect("chosen");
    (id, token.token().clone())
}

fn visit(engine: &Engine, token: &Token, now: Instant) -> Option<Visit> {
    engine.visit(token, now).expect("the store answers")
}

/// What an authenticator shows.
fn code_of(secret: &TotpSecret, now: Instant) -> String {
    let fits = |code: &String| {
        let step = now.micros().div_euclid(30_000_000);
        secret.step_of(code, now, None) == Some(step)
    };
    (0..1_000_000).map(|code| format!("{code:06}")).find(fits).expect("one of a million")
}

both! {
    fn who_is_invited_comes_in_and_sees_their_accounts_alone(bed: &Bed) {
        let engine = engine(bed);
        let id = engine.invite_person("one", &anna(Role::Finance), later(0)).expect("invited");
        assert_eq!(engine.invite_person("one", &anna(Role::Finance), later(0)).expect("again"), id, "nobody is there twice");
        let told = read(&engine, |tx| tx.messages("one", &farthing_store::MessageFilter::default(), i64::MAX, 100));
        let told: Vec<String> = told.into_iter().map(|message| message.data).collect();
        assert!(told.iter().all(|data| !data.contains('@') && !data.contains("fl_")), "{told:?}");
        let mails = mailed(&engine, later(0));
        let kinds: Vec<(&str, &str)> = mails.iter().map(|(to, kind, _)| (to.as_str(), kind.as_str())).collect();
        assert_eq!(kinds, [("anna@one.example", "person.invited"); 2]);
        let [first, second] = [0, 1].map(|place: usize| mails[place].2.clone().expect("a link"));
        assert_eq!(sign_in(&engine, PASSWORD, later(1)), Err("the address, the password or the code is wrong".to_owned()));

        let facts = engine.link_facts(&first, later(2)).expect("the store answers").expect("it opens");
        assert!(facts.is_invitation && facts.email == "anna@one.example" && !facts.operator);
        let weak = engine.choose_password(&first, "anna@one.example", ("", "en"), later(2)).unwrap_err();
        assert_eq!(weak.code(), Some(RefusalCode::Invalid));
        let chosen = engine.choose_password(&first, PASSWORD, ("Firefox", "en"), later(3)).expect("chosen");
        let SignedIn::Whole(token) = chosen else { panic!("no second factor: {chosen:?}") };
        for gone in [&first, &second] {
            assert_eq!(engine.link_facts(gone, later(3)).expect("the store answers"), None, "one password, no link left");
            assert!(engine.choose_password(gone, PASSWORD, ("", "en"), later(3)).is_err());
        }
        let seen = visit(&engine, &token, later(4)).expect("signed in");
        assert_eq!((seen.name.as_str(), seen.cloud.as_str(), seen.operator), ("Anna", "one", None));
        let accounts: Vec<_> = seen.accounts.iter().map(|access| (access.account.as_str(), access.role)).collect();
        assert_eq!(accounts, [("acme", Some(Role::Finance))]);
        // Who has a password is asked to sign in, not to choose another.
        engine.invite_person("one", &NewPerson { account: "beta".to_owned(), ..anna(Role::Viewer) }, later(5)).expect("invited");
        assert_eq!(mailed(&engine, later(5))[0].2, None);
        assert_eq!(visit(&engine, &token, later(6)).expect("signed in").accounts.len(), 2);
        // Roles are looked at with every page.
        engine.set_person_role("one", id, ("beta", None), Role::Payer).expect("changed");
        assert_eq!(visit(&engine, &token, later(7)).expect("in").access("beta").and_then(|access| access.role), Some(Role::Payer));
        engine.remove_person("one", id, ("acme", None)).expect("removed");
        engine.remove_person("one", id, ("beta", None)).expect("removed");
        assert_eq!(visit(&engine, &token, later(8)).expect("in").accounts, []);
        engine.erase_person("one", id).expect("erased");
        assert_eq!(visit(&engine, &token, later(9)), None);
        assert_eq!(engine.erase_person("one", id).unwrap_err().code(), Some(RefusalCode::NotFound));
        let trail = read(&engine, |tx| tx.trail("one", i64::MAX, 100));
        let whole = format!("{trail:?}");
        assert!(whole.contains("person.erased") && !whole.contains("anna@") && !whole.contains("Anna") && !whole.contains("user-7"));
        proven(&engine);
    }
}

both! {
    fn another_clouds_people_are_not_there(bed: &Bed) {
        let engine = engine(bed);
        support::cloud(&engine, "two", &["acme"]);
        let (id, token) = arrived(&engine, Role::Payer);
        let code = |refused: farthing_engine::Refused| refused.code();
        assert_eq!(engine.person("two", id).map_err(code), Err(Some(RefusalCode::NotFound)));
        assert_eq!(engine.erase_person("two", id).map_err(code), Err(Some(RefusalCode::NotFound)));
        assert_eq!(engine.set_person_role("two", id, ("acme", None), Role::Payer).map_err(code), Err(Some(RefusalCode::NotFound)));
        assert_eq!(engine.people("two", None, 10).expect("a list"), []);
        let door = Side::Customers { cloud: "two".to_owned(), test: false };
        assert!(matches!(engine.sign_in(&door, &asked("anna@one.example", PASSWORD), later(9)), Err(SignInRefused::Wrong)));
        assert!(matches!(engine.sign_in(&Side::Operators, &asked("anna@one.example", PASSWORD), later(9)), Err(SignInRefused::Wrong)));
        // A member of another cloud of the same name is somebody else.
        let member = NewMember { person: "user-7".to_owned(), project: None, account: Some("acme".to_owned()), role: "payer".to_owned() };
        engine.add_member("two", &member).expect("added");
        assert_eq!(visit(&engine, &token, later(9)).expect("in").accounts.len(), 1);
    }
}

both! {
    fn a_project_is_all_that_its_member_sees(bed: &Bed) {
        let engine = engine(bed);
        engine.open_project("one", "web", "acme").expect("opened");
        let new = NewPerson { project: Some("web".to_owned()), ..anna(Role::Member) };
        let wrong = engine.invite_person("one", &NewPerson { account: "beta".to_owned(), ..new.clone() }, later(0)).unwrap_err();
        assert_eq!(wrong.code(), Some(RefusalCode::NotFound), "beta has no such project");
        engine.invite_person("one", &new, later(0)).expect("invited");
        let link = mailed(&engine, later(0))[0].2.clone().expect("a link");
        let token = engine.choose_password(&link, PASSWORD, ("", "en"), later(0)).expect("chosen").token().clone();
        let seen = |now| {
            let accounts = visit(&engine, &token, now).expect("in").accounts;
            let one = accounts.first().expect("one");
            (one.account.clone(), one.role, one.projects.iter().map(|(_, name, role)| (name.clone(), *role)).collect::<Vec<_>>())
        };
        assert_eq!(seen(later(1)), ("acme".to_owned(), None, vec![("web".to_owned(), Role::Member)]));
        // It goes where its project goes.
        engine.move_project("one", "web", "beta").expect("moved");
        assert_eq!(seen(later(2)).0, "beta");
        // A word of the cloud's own opens nothing.
        let odd = NewMember { person: "user-7".to_owned(), project: None, account: Some("acme".to_owned()), role: "chief".to_owned() };
        engine.add_member("one", &odd).expect("added");
        assert_eq!(visit(&engine, &token, later(3)).expect("in").accounts.len(), 1);
    }
}

both! {
    fn sessions_end_by_quiet_by_age_and_by_hand(bed: &Bed) {
        let engine = engine(bed);
        let (id, first) = arrived(&engine, Role::Payer);
        let second = sign_in(&engine, PASSWORD, later(10)).expect("in").token().clone();
        assert_eq!(engine.sessions(id, later(11)).expect("a list").len(), 2);
        assert!(visit(&engine, &first, later(7_199)).is_some());
        assert_eq!(visit(&engine, &second, later(7_210)), None, "two quiet hours");
        assert!(visit(&engine, &first, later(2 * 7_199 - 1)).is_some(), "it was seen in between");
        let mut now = 0;
        while now < 86_400 {
            now += 3_600;
            visit(&engine, &first, later(now));
        }
        assert_eq!(visit(&engine, &first, later(86_401)), None, "however busy");
        // Of another's, nothing.
        let third = sign_in(&engine, PASSWORD, later(90_000)).expect("in").token().clone();
        let other = PersonId::from_bytes([9; 16]);
        assert!(!engine.session_end(other, third.id).expect("the store answers"));
        let forged = Token::new(Opens::Session, None, third.id, [0; 32]);
        assert_eq!(visit(&engine, &forged, later(90_001)), None, "an id is no secret");
        engine.sign_out(&forged).expect("the store answers");
        assert!(visit(&engine, &third, later(90_001)).is_some());
        engine.sign_out(&third).expect("out");
        assert_eq!(visit(&engine, &third, later(90_002)), None);
        let fourth = sign_in(&engine, PASSWORD, later(90_010)).expect("in").token().clone();
        engine.sign_out_everywhere(id, None).expect("out");
        assert_eq!(visit(&engine, &fourth, later(90_011)), None);
        assert!(engine.access_forget(later(90_011 + 9 * 86_400)).is_ok());
    }
}

both! {
    fn wrong_ones_cost_time_and_right_ones_nothing(bed: &Bed) {
        let engine = engine(bed);
        arrived(&engine, Role::Payer);
        for second in 0..20 {
            assert!(sign_in(&engine, PASSWORD, later(second)).is_ok(), "{second}");
        }
        for _ in 0..5 {
            assert!(sign_in(&engine, "incorrect horse", later(30)).unwrap_err().contains("wrong"));
        }
        let told = sign_in(&engine, PASSWORD, later(30)).unwrap_err();
        assert_eq!(told, "too many tries were wrong: wait 15 s", "the right one waits as well");
        assert!(sign_in(&engine, PASSWORD, later(45)).is_ok());
        // Somebody who is not there costs the same.
        for place in 0..6 {
            let told = engine.sign_in(&side(), &asked("nobody@one.example", PASSWORD), later(50)).unwrap_err().to_string();
            assert_eq!(told.contains("wait 15 s"), place == 5, "{told}");
        }
        // And an address that tries many.
        let mut waits = false;
        for place in 0..40 {
            let told = engine.sign_in(&side(), &asked(&format!("p{place}@one.example"), PASSWORD), later(60)).unwrap_err();
            waits |= matches!(told, SignInRefused::Wait { .. });
        }
        assert!(waits);
    }
}

both! {
    fn a_second_factor_is_asked_for_and_each_code_is_good_once(bed: &Bed) {
        let engine = engine(bed);
        let (id, token) = arrived(&engine, Role::Payer);
        let session = token.id;
        let other = sign_in(&engine, PASSWORD, later(1)).expect("in").token().clone();
        assert!(matches!(engine.second_factor_begin(id, "incorrect horse", "", later(2)), Err(SignInRefused::Wrong)));
        let secret = engine.second_factor_begin(id, PASSWORD, "", later(2)).expect("a secret");
        assert_eq!(engine.second_factor_begun(id).expect("the store answers"), Some(secret.clone()));
        assert!(matches!(sign_in(&engine, PASSWORD, later(3)), Ok(SignedIn::Whole(_))), "not confirmed yet");
        assert!(engine.second_factor_on((id, session), "000000", later(4)).is_err());
        let codes = engine.second_factor_on((id, session), &code_of(&secret, later(4)), later(4)).expect("on");
        assert_eq!((codes.len(), engine.recovery_codes_left(id).expect("a number")), (10, 10));
        assert_eq!(visit(&engine, &other, later(5)), None, "who has not shown it is out");
        assert!(visit(&engine, &token, later(5)).expect("in").second_factor);

        let half = |now: Instant| match sign_in(&engine, PASSWORD, now) {
            Ok(SignedIn::Half(token)) => token,
            other => panic!("{other:?}"),
        };
        let one = half(later(60));
        assert_eq!(visit(&engine, &one, later(60)), None, "half is nothing");
        assert!(engine.is_half_way(&one, later(60)).expect("the store answers"));
        assert!(matches!(engine.sign_in_code(&one, "123", "", later(61)), Err(SignInRefused::Wrong)));
        let code = code_of(&secret, later(61));
        let whole = engine.sign_in_code(&one, &code, "", later(61)).expect("in");
        assert!(visit(&engine, &whole, later(61)).is_some());
        assert!(matches!(engine.sign_in_code(&one, &code, "", later(61)), Err(SignInRefused::Wrong)), "the half is used up");
        let two = half(later(62));
        assert!(matches!(engine.sign_in_code(&two, &code, "", later(62)), Err(SignInRefused::Wrong)), "the code is used up");
        assert!(engine.sign_in_code(&two, &codes[3].to_uppercase(), "", later(62)).is_ok());
        let three = half(later(63));
        assert!(matches!(engine.sign_in_code(&three, &codes[3], "", later(63)), Err(SignInRefused::Wrong)));
        assert!(matches!(engine.sign_in_code(&three, &code_of(&secret, later(700)), "", later(700)), Err(SignInRefused::Wrong)),
            "ten minutes between the password and the code");
        // Guessing is slowed, whoever knows the password.
        let mut waits = false;
        for _ in 0..8 {
            waits |= matches!(engine.sign_in_code(&half(later(800)), "000000", "", later(800)), Err(SignInRefused::Wait { .. }));
        }
        assert!(waits);
        let kinds: Vec<String> = mailed(&engine, later(801)).into_iter().map(|(_, kind, _)| kind).collect();
        assert_eq!(kinds, ["person.security_changed"; 2], "it was turned on, and a recovery code was used");
        engine.second_factor_off(id, PASSWORD, "", later(4_000)).expect("off");
        assert!(matches!(sign_in(&engine, PASSWORD, later(4_001)), Ok(SignedIn::Whole(_))));
        proven(&engine);
    }
}

both! {
    fn a_forgotten_password_is_answered_alike(bed: &Bed) {
        let engine = engine(bed);
        let (id, token) = arrived(&engine, Role::Payer);
        for email in ["anna@one.example", "nobody@one.example"] {
            assert!(engine.forgot_password(&side(), email, later(10)).is_ok());
        }
        let mails = mailed(&engine, later(11));
        assert_eq!(mails.len(), 1, "{mails:?}");
        let link = mails[0].2.clone().expect("a link");
        assert!(!engine.link_facts(&link, later(12)).expect("the store answers").expect("it opens").is_invitation);
        assert_eq!(engine.link_facts(&link, later(12 + 3_600)).expect("the store answers"), None, "an hour");
        let chosen = engine.choose_password(&link, "another good sentence", ("", "en"), later(20)).expect("chosen");
        assert_eq!(visit(&engine, &token, later(21)), None, "whoever sat there is out");
        assert!(visit(&engine, chosen.token(), later(21)).is_some());
        assert!(sign_in(&engine, PASSWORD, later(22)).is_err() && sign_in(&engine, "another good sentence", later(22)).is_ok());
        // Nobody's letter-box is filled.
        for _ in 0..20 {
            assert!(engine.forgot_password(&side(), "anna@one.example", later(30)).is_ok());
        }
        let kinds = mailed(&engine, later(31)).into_iter().filter(|(_, kind, _)| kind == "person.password_asked").count();
        assert_eq!(kinds, 2, "three in all");
        // With her own, the other sessions end.
        let here = sign_in(&engine, "another good sentence", later(40)).expect("in").token().clone();
        let there = sign_in(&engine, "another good sentence", later(40)).expect("in").token().clone();
        let change = |old: &str, new: &str, now| engine.change_password((id, here.id), (old, new), "", now);
        assert!(matches!(change("incorrect horse", PASSWORD, later(41)), Err(SignInRefused::Wrong)));
        assert!(matches!(change("another good sentence", "short", later(41)), Ok(Err(_))));
        assert!(matches!(change("another good sentence", PASSWORD, later(41)), Ok(Ok(()))));
        assert!(visit(&engine, &here, later(42)).is_some());
        assert_eq!(visit(&engine, &there, later(42)), None);
    }
}

both! {
    fn the_portal_sends_somebody_once_within_a_minute(bed: &Bed) {
        let engine = engine(bed);
        let new = NewConsoleLink {
            account: "acme".to_owned(),
            person: "user-9".to_owned(),
            role: Role::Viewer,
            language: "zh".to_owned(),
            return_to: "/one/bills".to_owned(),
        };
        let key = KeyText::new(Mode::Live, KeyId::from_bytes([1; 16]), [1; 32]);
        let once = |name: &str| {
            let once = Once { key: name.to_owned(), digest: [1; 32] };
            engine.asked_by(Asked { who: "key_x".to_owned(), source: String::new(), once: Some(once), why: String::new() })
        };
        let make = |name: &str, origin: &KeyText, now| {
            once(name).console_link("one", &new, (&Origin::Key(origin.clone()), false), now)
        };
        let (link, expires) = make("a", &key, later(0)).expect("a link");
        assert_eq!(expires, later(60));
        assert_eq!(make("a", &key, later(5)).expect("again").0, link, "asked twice it is one");
        let other = KeyText::new(Mode::Live, KeyId::from_bytes([2; 16]), [2; 32]);
        assert_eq!(make("a", &other, later(5)).unwrap_err().code(), Some(RefusalCode::Conflict));
        let kept = read(&engine, |tx| tx.rows("SELECT answer FROM answer", &[], |row| row.text(0)));
        assert!(kept.iter().all(|answer| !link.reveal().contains(answer) && !answer.contains("fl_")), "{kept:?}");

        let forged = Token::new(Opens::Link, None, link.id, [0; 32]);
        assert_eq!(engine.enter(&forged, "", later(10)).expect("the store answers"), None);
        let entered = engine.enter(&link, "Firefox", later(59)).expect("the store answers").expect("it opens");
        assert_eq!((entered.account.as_str(), entered.return_to.as_str()), ("acme", "/one/bills"));
        assert_eq!(engine.enter(&link, "Firefox", later(59)).expect("the store answers"), None, "once");
        let (late, _) = make("b", &key, later(100)).expect("a link");
        assert_eq!(engine.enter(&late, "", later(160)).expect("the store answers"), None, "a minute");
        let seen = visit(&engine, &entered.session, later(61)).expect("in");
        let accounts: Vec<_> = seen.accounts.iter().map(|access| (access.account.as_str(), access.role)).collect();
        assert_eq!((accounts, seen.language.as_str(), seen.person()), (vec![("acme", Some(Role::Viewer))], "zh", None));
        assert!(!seen.asked_as().contains("user-9"), "{}", seen.asked_as());
        for away in ["//evil.example", "https://evil.example", "/\\evil.example", "x", "/a\nb"] {
            let bad = NewConsoleLink { return_to: away.to_owned(), ..new.clone() };
            let told = engine.console_link("one", &bad, (&Origin::Chance, false), later(0)).unwrap_err();
            assert_eq!(told.code(), Some(RefusalCode::Invalid), "{away}");
        }
        let bad = NewConsoleLink { account: "nobody".to_owned(), ..new };
        assert_eq!(engine.console_link("one", &bad, (&Origin::Chance, false), later(0)).unwrap_err().code(), Some(RefusalCode::NotFound));
    }
}

both! {
    fn operators_come_through_a_door_of_their_own(bed: &Bed) {
        let engine = engine(bed);
        let new = NewOperator {
            email: "Root@One.example".to_owned(),
            name: "Root".to_owned(),
            role: OperatorRole::Owner,
            cloud: None,
            language: "en".to_owned(),
        };
        let id = engine.operator_add(&new, later(0)).expect("added");
        let of_one = NewOperator { email: "ops@one.example".to_owned(), cloud: Some("one".to_owned()), ..new.clone() };
        engine.operator_add(&of_one, later(0)).expect("added");
        let wrong = NewOperator { cloud: Some("nowhere".to_owned()), ..new.clone() };
        assert_eq!(engine.operator_add(&wrong, later(0)).unwrap_err().code(), Some(RefusalCode::NotFound));
        let moved = NewOperator { cloud: Some("one".to_owned()), ..new.clone() };
        assert_eq!(engine.operator_add(&moved, later(0)).unwrap_err().code(), Some(RefusalCode::Conflict));
        assert_eq!(engine.operators().expect("a list").len(), 2);
        let (link, _) = engine.operator_link("root@one.example", later(0)).expect("a link");
        let token = engine.choose_password(&link, PASSWORD, ("", "en"), later(1)).expect("chosen").token().clone();
        let seen = visit(&engine, &token, later(2)).expect("in");
        assert_eq!((seen.operator, seen.cloud.as_str(), seen.accounts.len()), (Some(OperatorRole::Owner), "", 0));
        assert_eq!(visit(&engine, &token, later(2 + 1_800)), None, "half an hour of quiet");
        engine.operator_add(&NewOperator { role: OperatorRole::Support, ..new.clone() }, later(0)).expect("changed");
        let door = |password: &str, now| engine.sign_in(&Side::Operators, &asked("root@one.example", password), now);
        let again = door(PASSWORD, later(3)).expect("in").token().clone();
        assert_eq!(visit(&engine, &again, later(4)).expect("in").operator, Some(OperatorRole::Support));
        assert!(matches!(engine.sign_in(&side(), &asked("ops@one.example", PASSWORD), later(5)), Err(SignInRefused::Wrong)));
        engine.operator_password("root@one.example", "another good sentence", true).expect("set");
        assert_eq!(visit(&engine, &again, later(6)), None);
        assert!(door(PASSWORD, later(7)).is_err() && door("another good sentence", later(8)).is_ok());
        assert!(engine.sign_in_operator("ROOT@one.example", "", "en", later(9)).is_ok());
        assert!(engine.sign_in_operator("nobody@one.example", "", "en", later(9)).is_err());
        assert_eq!(engine.person("one", id).unwrap_err().code(), Some(RefusalCode::NotFound), "no customer's person");
        engine.operator_remove("root@one.example").expect("gone");
        assert!(door("another good sentence", later(10)).is_err());
        proven(&engine);
    }
}
