//! People, sessions, links and tries on both stores; and that whoever is erased leaves nothing.

use crate::support::{Bed, NOON, read, write};
use farthing_core::access::{
    HashCost, Opens, OperatorRole, PasswordHash, PersonId, Role, SessionTimes, Token, TokenId, TotpSecret, Tries,
};
use farthing_core::ledger::OwnerId;
use farthing_core::time::Instant;
use farthing_store::{LinkPurpose, MemberRow, PersonLinkRow, PersonRow, SessionRow, Store, Whose};

fn later(seconds: i64) -> Instant {
    Instant::from_micros(NOON.micros() + seconds * 1_000_000)
}

fn person(last: u8, cloud: &str, email: &str) -> PersonRow {
    PersonRow {
        id: PersonId::from_parts(1_800_000_000_000, [last; 10]),
        cloud: cloud.to_owned(),
        person: format!("person-{last}"),
        email: email.to_owned(),
        name: "张三 \"it's\"".to_owned(),
        language: "zh".to_owned(),
        operator: None,
        password: None,
        totp: None,
        totp_new: None,
        totp_step: None,
        made: NOON,
        signed_in: None,
    }
}

fn token(last: u8) -> Token {
    Token::new(Opens::Session, None, TokenId::from_parts(1_800_000_000_000, [last; 10]), [last; 32])
}

fn session(last: u8, whose: Whose) -> SessionRow {
    SessionRow {
        id: token(last).id,
        hash: token(last).hash(),
        cloud: "one".to_owned(),
        whose,
        language: "en".to_owned(),
        proven: true,
        agent: "Firefox on Linux".to_owned(),
        times: SessionTimes { made: NOON, seen: NOON },
    }
}

fn vouched() -> Whose {
    Whose::Vouched { who: "person-1".to_owned(), account: OwnerId(7), role: Role::Finance }
}

fn insert(store: &Store, rows: &[PersonRow]) {
    let rows = rows.to_vec();
    write(store, move |tx| rows.iter().try_for_each(|row| tx.person_insert(row)));
}

both! {
    fn people_come_back(bed: &Bed) {
        let store = bed.open();
        let operator = PersonRow {
            operator: Some(OperatorRole::Owner), cloud: String::new(), person: String::new(), ..person(3, "", "anna@one.example")
        };
        // One address may be a customer's in two clouds, and an operator's.
        let all = [person(1, "one", "anna@one.example"), person(2, "two", "anna@one.example"), operator.clone()];
        insert(&store, &all);
        for (cloud, row) in [("one", &all[0]), ("two", &all[1])] {
            assert_eq!(read(&store, |tx| tx.person_by_email(cloud, "anna@one.example")).as_ref(), Some(row));
            assert_eq!(read(&store, |tx| tx.person_by_name(cloud, &row.person)).as_ref(), Some(row));
            assert_eq!(read(&store, |tx| tx.people_page(cloud, false, None, 10)), std::slice::from_ref(row));
        }
        assert_eq!(read(&store, |tx| tx.operator_by_email("anna@one.example")), Some(operator.clone()));
        assert_eq!(read(&store, |tx| tx.operators()), [operator]);
        assert_eq!(read(&store, |tx| tx.people_page("one", false, Some(all[0].id), 10)), []);
        // Twice in one cloud they are not.
        for again in [PersonRow { person: "other".to_owned(), ..person(4, "one", "anna@one.example") },
            PersonRow { person: "person-1".to_owned(), ..person(5, "one", "other@one.example") }]
        {
            assert!(store.write("test", move |tx| tx.person_insert(&again)).is_err());
        }
        let changed = PersonRow {
            name: "Anna".to_owned(),
            password: Some(PasswordHash { cost: HashCost::NOW, salt: [1; 16], hash: [2; 32] }),
            totp: Some(TotpSecret::new([3; 20])),
            totp_new: Some(TotpSecret::new([4; 20])),
            totp_step: Some(5),
            signed_in: Some(later(1)),
            ..all[0].clone()
        };
        let row = changed.clone();
        write(&store, move |tx| tx.person_write(&row));
        assert_eq!(read(&store, |tx| tx.person(changed.id)), Some(changed));
    }
}

both! {
    fn recovery_codes_are_good_once(bed: &Bed) {
        let store = bed.open();
        let id = person(1, "one", "a@one.example").id;
        write(&store, move |tx| tx.recovery_codes_put(id, &[[1; 32], [2; 32]]));
        assert_eq!(read(&store, |tx| tx.recovery_codes_left(id)), 2);
        assert_eq!([1, 1, 3].map(|code| write(&store, move |tx| tx.recovery_code_use(id, &[code; 32]))), [true, false, false]);
        write(&store, move |tx| tx.recovery_codes_put(id, &[[9; 32]]));
        assert!(!write(&store, move |tx| tx.recovery_code_use(id, &[2; 32])), "new ones replace the old");
        assert_eq!(read(&store, |tx| tx.recovery_codes_left(id)), 1);
    }
}

both! {
    fn sessions_and_links_end(bed: &Bed) {
        let store = bed.open();
        let anna = person(1, "one", "a@one.example").id;
        let sessions = [session(1, Whose::Person(anna)), session(2, Whose::Person(anna)), session(3, vouched())];
        let rows = sessions.clone();
        write(&store, move |tx| rows.iter().try_for_each(|row| tx.session_insert(row)));
        for row in &sessions {
            assert_eq!(read(&store, |tx| tx.session(row.id)).as_ref(), Some(row));
        }
        write(&store, move |tx| tx.session_seen(token(1).id, later(90)));
        write(&store, move |tx| tx.session_seen(token(1).id, later(60))); // another process was slower
        assert_eq!(read(&store, |tx| tx.session(token(1).id)).map(|row| row.times.seen), Some(later(90)));
        write(&store, move |tx| tx.session_language(token(1).id, "zh"));
        let mine: Vec<TokenId> = read(&store, |tx| tx.sessions_of(anna)).into_iter().map(|row| row.id).collect();
        assert_eq!(mine, [token(2).id, token(1).id]);
        assert_eq!(write(&store, move |tx| tx.sessions_end(anna, Some(token(1).id))), 1);
        assert_eq!([1, 1].map(|last| write(&store, move |tx| tx.session_end(token(last).id))), [true, false]);

        let link = PersonLinkRow {
            id: token(4).id,
            hash: token(4).hash(),
            purpose: LinkPurpose::Enter,
            cloud: "one".to_owned(),
            whose: vouched(),
            language: "zh".to_owned(),
            return_to: "/one/bills".to_owned(),
            made: NOON,
            expires: later(60),
        };
        let row = link.clone();
        write(&store, move |tx| tx.person_link_insert(&row));
        assert_eq!(read(&store, |tx| tx.person_link(link.id)), Some(link.clone()));
        assert_eq!([(); 2].map(|()| write(&store, move |tx| tx.person_link_use(link.id))), [true, false]);
        assert_eq!(write(&store, |tx| tx.vouched_end("one", "person-1")), 1);
    }
}

both! {
    fn tries_are_kept_until_they_are_forgotten(bed: &Bed) {
        let store = bed.open();
        let tries = Tries { wrong: 3, last: Some(NOON) };
        assert_eq!(read(&store, |tx| tx.sign_in_tries(&[1; 32])), Tries::default());
        write(&store, move |tx| tx.sign_in_tries_put(&[1; 32], tries));
        write(&store, move |tx| tx.sign_in_tries_put(&[2; 32], Tries { wrong: 1, last: Some(later(5)) }));
        assert_eq!(read(&store, |tx| tx.sign_in_tries(&[1; 32])), tries);
        write(&store, move |tx| tx.sign_in_tries_put(&[2; 32], Tries { wrong: 0, last: Some(later(6)) }));
        assert_eq!(read(&store, |tx| tx.sign_in_tries(&[2; 32])), Tries::default());
        let row = session(1, vouched());
        write(&store, move |tx| tx.session_insert(&row));
        assert_eq!(write(&store, |tx| tx.access_forget(NOON)), 0);
        assert_eq!(write(&store, |tx| tx.access_forget(later(1))), 2);
    }
}

both! {
    /// Nothing of a person is left, and others keep what is theirs.
    fn whoever_is_erased_leaves_nothing(bed: &Bed) {
        let store = bed.open();
        let accounts = [("one", "acme"), ("two", "acme")].map(|(cloud, name)| write(&store, move |tx| crate::support::billing::payer(tx, cloud, name, None)).id);
        let people = [person(1, "one", "anna@one.example"), PersonRow { person: "person-1".to_owned(), ..person(2, "two", "b@two.example") }];
        insert(&store, &people);
        let project = write(&store, move |tx| tx.project_insert("one", "web", accounts[0], NOON));
        let put = |account: OwnerId, project: i64, role: &str| {
            let row = MemberRow { account, project, person: "person-1".to_owned(), role: role.to_owned() };
            write(&store, move |tx| tx.member_put(&row, NOON));
        };
        put(accounts[0], 0, "finance");
        put(accounts[0], project, "member");
        put(accounts[1], 0, "payer");
        let roles = |cloud: &str| {
            let rows = read(&store, |tx| tx.person_roles(cloud, "person-1"));
            rows.into_iter().map(|row| (row.account_name, row.project.map(|(_, name)| name), row.role)).collect::<Vec<_>>()
        };
        let told = |role: &str, project: Option<&str>| ("acme".to_owned(), project.map(str::to_owned), role.to_owned());
        assert_eq!(roles("one"), [told("finance", None), told("member", Some("web"))]);
        let row = session(1, Whose::Person(people[0].id));
        let vouched = session(2, vouched());
        write(&store, move |tx| {
            tx.session_insert(&row)?;
            tx.session_insert(&vouched)?;
            tx.recovery_codes_put(row_person(&row), &[[1; 32]])
        });
        let gone = people[0].clone();
        write(&store, move |tx| tx.person_erase(&gone));
        assert_eq!((roles("one"), roles("two")), (vec![], vec![told("payer", None)]));
        assert_eq!(read(&store, |tx| tx.person(people[0].id)), None);
        assert_eq!(read(&store, |tx| tx.recovery_codes_left(people[0].id)), 0);
        assert_eq!([1, 2].map(|last| read(&store, |tx| tx.session(token(last).id))), [None, None]);
        assert!(read(&store, |tx| tx.person(people[1].id)).is_some());
        assert_eq!(read(&store, |tx| tx.audit()).findings, []);
    }
}

fn row_person(row: &SessionRow) -> PersonId {
    match row.whose {
        Whose::Person(id) => id,
        Whose::Vouched { .. } => unreachable!("it is a person's"),
    }
}
