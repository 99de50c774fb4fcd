//! Names of others: who is named where somebody else pays, and what a search finds.

use crate::support::{Bed, START, at, cloud, later, proven, start, told};
use farthing_core::ledger::OwnerId;
use farthing_engine::{Engine, NewResource, RefusalCode, Refused, Reported, ResourceFact, Told};

fn by(account: Option<&str>, project: Option<&str>) -> Reported {
    Reported::Start(NewResource {
        account: account.map(str::to_owned),
        project: project.map(str::to_owned),
        product: Some("server".to_owned()),
        sku: Some("std".to_owned()),
        ..NewResource::default()
    })
}

/// Everything that is known of an account's resources and money.
fn all(engine: &Engine) -> Vec<String> {
    ["acme", "beta"].into_iter().flat_map(|name| engine.account_lines("one", name).expect("lines")).collect()
}

#[track_caller]
fn refused(engine: &Engine, answer: Result<Told, Refused>, before: &[String]) -> String {
    let refused = answer.expect_err("it is refused");
    assert_eq!(refused.code(), Some(RefusalCode::Conflict));
    assert_eq!(all(engine), before, "nothing was recorded");
    refused.to_string()
}

both! {
    fn a_start_that_names_somebody_else_than_who_pays_is_refused(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme", "beta"]);
        engine.open_project("one", "site", "acme").expect("a project");
        engine.open_project("one", "shop", "acme").expect("a project");
        engine.open_project("one", "lab", "beta").expect("a project");
        told(&engine, "one", "web", None, by(None, Some("site"))).expect("it starts");
        start(&engine, "one", "own", "acme");
        engine.advance(later(3_600)).expect("time goes by");
        let before = all(&engine);

        let why = refused(&engine, told(&engine, "one", "web", None, by(Some("beta"), None)), &before);
        assert_eq!(
            why,
            "resource \"web\" belongs to project \"site\" of another account: move its project instead; nothing was recorded"
        );
        refused(&engine, told(&engine, "one", "web", None, by(None, Some("lab"))), &before);
        let why = refused(&engine, told(&engine, "one", "own", None, by(Some("beta"), None)), &before);
        assert!(why.contains("belongs to another account, and to no project"), "{why}");
        // In the past, and before everything that is known of it.
        refused(&engine, told(&engine, "one", "web", Some(later(1_800)), by(Some("beta"), None)), &before);
        refused(&engine, told(&engine, "one", "web", Some(later(-1_800)), by(Some("beta"), None)), &before);
        // Of many, each for itself.
        let fact = |account| ResourceFact { resource: "web".to_owned(), at: None, id: None, what: by(Some(account), None) };
        let answers = engine.record_facts("one", &[fact("beta"), fact("acme")]).expect("answers");
        assert_eq!(answers[0].as_ref().expect_err("refused").code(), Some(RefusalCode::Conflict));
        assert_eq!(answers[1].as_ref().expect("recorded"), &Told::Recorded);
        // An account that is not there is no other one.
        let none = told(&engine, "one", "web", None, by(Some("nobody"), None)).expect_err("it is refused");
        assert_eq!(none.code(), Some(RefusalCode::NotFound));
        proven(&engine);
    }
}

both! {
    fn after_a_move_who_paid_then_is_who_is_named(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme", "beta"]);
        engine.open_project("one", "site", "acme").expect("a project");
        told(&engine, "one", "web", None, by(Some("acme"), Some("site"))).expect("it starts");
        engine.advance(later(3_600)).expect("time goes by");
        engine.move_project("one", "site", "beta").expect("it is moved");
        engine.advance(later(7_200)).expect("time goes by");
        let before = all(&engine);
        let tell = |seconds, account| told(&engine, "one", "web", Some(later(seconds)), by(Some(account), None));
        refused(&engine, tell(5_000, "acme"), &before);
        refused(&engine, tell(1_000, "beta"), &before);
        assert_eq!(tell(1_000, "acme").expect("acme paid then"), Told::Recorded);
        assert_eq!(tell(5_000, "beta").expect("beta paid then"), Told::Recorded);
        assert_eq!(told(&engine, "one", "web", None, by(None, Some("site"))).expect("its own project"), Told::Recorded);
        proven(&engine);
    }
}

both! {
    fn a_search_takes_every_letter_for_itself(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme", "a_me", "acme-2", "a.me"]);
        let found = |containing: &str| -> Vec<String> {
            let rows = engine.accounts("one", OwnerId(0), containing, 10).expect("rows");
            rows.into_iter().map(|row| row.name).collect()
        };
        assert_eq!(found("a_m"), ["a_me"]);
        assert_eq!(found("_"), ["a_me"]);
        assert_eq!(found("%"), [""; 0]);
        assert_eq!(found("a%e"), [""; 0]);
        assert_eq!(found("\\"), [""; 0]);
        assert_eq!(found("'"), [""; 0]);
        assert_eq!(found("ACME"), ["acme", "acme-2"]);
        assert_eq!(found(""), ["acme", "a_me", "acme-2", "a.me"]);
    }
}
