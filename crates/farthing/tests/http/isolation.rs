//! Who may not, sees nothing: for every operation of the document, whatever it is added for.
//!
//! No key is answered 401, a key without the scope 403, another cloud's names 404; and in none of these answers is anything
//! that tells whether what was asked for exists.

use crate::bed::{Bed, CATALOG, Server, fresh, policy, until};
use crate::client::Request;
use crate::document::{Document, Operation};
use crate::world::{Place, Slot, World};
use farthing_core::access::{Scope, Scopes};
use farthing_core::time::Instant;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Every set of scopes that opens nothing of an operation: without admin, there are seven at most.
fn wrong_scopes(needed: &str) -> Vec<String> {
    let needed = Scope::parse(needed).expect("a scope");
    let sets = (1..8).filter_map(Scopes::from_bits).filter(|set| !set.allows(needed));
    sets.map(|set| set.to_string().replace(", ", ",")).collect()
}

both! {
    fn without_a_key_or_its_scope_nothing_is_told(bed: &Bed) {
        bed.cloud("ours");
        let (server, document) = (bed.serve(), Document::read());
        let admin = bed.key("ours", false, "admin");
        let world = World { server: &server, document: &document, key: &admin, prefix: "ours" };
        let unknown = format!("{}0", &admin[..admin.len() - 1]);
        let unknown = if unknown == admin { format!("{}1", &admin[..admin.len() - 1]) } else { unknown };
        let keys: Vec<(String, String)> = (1..8)
            .filter_map(Scopes::from_bits)
            .map(|set| (set.to_string().replace(", ", ","), make_key(&server, &admin, set, None)))
            .collect();
        for operation in document.operations() {
            let own = world.draft(&operation, &BTreeSet::new());
            let absent = absent_everywhere(&world, &own);
            let ask = |request: Request, name: &str| server.send(&request).masked(name);
            for (headers, what) in [
                (None, "no key"),
                (Some("Basic YTpi".to_owned()), "no bearer"),
                (Some("Bearer sesame".to_owned()), "no key's text"),
                (Some(format!("Bearer {unknown}")), "a wrong secret"),
            ] {
                let with = |request: Request| match &headers {
                    None => request,
                    Some(value) => request.header("Authorization", value),
                };
                let answer = server.send(&with(own.request()));
                assert_eq!(answer.problem(401), "unauthenticated", "{}: {what}", operation.name());
                assert!(answer.header("www-authenticate").is_some(), "{}", operation.name());
                assert_eq!(ask(with(own.request()), ""), ask(with(absent.request()), ""), "{}", operation.name());
            }
            let wrong = wrong_scopes(&operation.scope);
            assert!(!wrong.is_empty(), "{} asks for no scope that could be missing", operation.name());
            for (scopes, key) in keys.iter().filter(|(scopes, _)| wrong.contains(scopes)) {
                let answer = server.send(&own.request().key(key));
                assert_eq!(answer.problem(403), "forbidden", "{} with {scopes}", operation.name());
                let told = [ask(own.request().key(key), ""), ask(absent.request().key(key), "")];
                assert_eq!(told[0], told[1], "{} with {scopes}", operation.name());
            }
        }
    }
}

both! {
    fn another_clouds_names_are_not_there(bed: &Bed) {
        bed.cloud("ours");
        bed.cloud("theirs");
        // Its second version has a number that ours has not.
        bed.apply("theirs", &policy("theirs", "1h"), &CATALOG.replace("0.36", "0.37"));
        let (server, document) = (bed.serve(), Document::read());
        let ours = bed.key("ours", false, "admin");
        let theirs = bed.key("theirs", false, "admin");
        let us = World { server: &server, document: &document, key: &ours, prefix: "ours" };
        let them = World { server: &server, document: &document, key: &theirs, prefix: "theirs" };
        see_nothing(&us, &them, &[]);
    }
}

both! {
    fn the_two_worlds_of_a_cloud_see_nothing_of_each_other(bed: &Bed) {
        bed.cloud("ours");
        let (server, document) = (bed.serve(), Document::read());
        let live = bed.key("ours", false, "admin");
        let test = bed.key("ours", true, "admin");
        let live = World { server: &server, document: &document, key: &live, prefix: "live" };
        let test = World { server: &server, document: &document, key: &test, prefix: "test" };
        // The test cloud has a copy of the configuration: version 1 is there in both.
        see_nothing(&test, &live, &["version"]);
        // Live admins make test keys, and look after them.
        see_nothing(&live, &test, &["version", "key"]);
    }
}

/// Whatever `us` asks about what is of `them` is answered as if it had never been.
fn see_nothing(us: &World<'_>, them: &World<'_>, shared: &[&str]) {
    let mut asked_for = 0;
    for operation in us.document.operations() {
        let slots: Vec<Slot> =
            us.slots(&operation).into_iter().filter(|slot| !shared.contains(&slot.noun.as_str())).collect();
        if slots.is_empty() {
            continue;
        }
        // It can be done at all: what is refused below is refused for the name.
        let (_, _, needed) = us.good(&operation);
        for slot in slots {
            let mut with = needed.clone();
            with.insert(slot.noun.clone());
            // Each is asked of things of its own: what was done once is known the second time.
            let (one, other) = (us.draft(&operation, &with), us.draft(&operation, &with));
            let (foreign, absent) = (them.make(&slot.noun), absent(us, &slot.noun));
            let asked = us.server.send(&one.with(&slot, &foreign).request().key(us.key));
            let never = us.server.send(&other.with(&slot, &absent).request().key(us.key));
            let what = format!("{}: {slot:?} {foreign} against {absent}", operation.name());
            assert_eq!(one.masked(&asked, &foreign), other.masked(&never, &absent), "{what}");
            if slot.place == Place::Path {
                assert_eq!(asked.problem(404), "not_found", "{what}");
            }
            asked_for += 1;
        }
    }
    assert!(asked_for > 20, "only {asked_for} names were asked for");
    // Names that we have never said: what we tell ourselves may come back.
    let kinds = us.document.nouns().into_iter().filter(|noun| !shared.contains(&noun.as_str()) && noun != "person");
    let of_them = kinds.map(|noun| them.make(&noun)).collect();
    nothing_listed(us, them, &of_them, shared);
}

/// No list of ours has anything of theirs in it; theirs has, or this would say nothing.
fn nothing_listed(us: &World<'_>, them: &World<'_>, of_them: &BTreeSet<String>, shared: &[&str]) {
    let lists = us.document.operations().into_iter().filter(|operation| {
        operation.method == "GET"
            && operation.in_path.is_empty()
            && !(operation.path == "/v1/keys" && shared.contains(&"key"))
    });
    let mut seen = 0;
    for list in lists {
        let all = |world: &World<'_>| {
            let limit = if list.in_query.iter().any(|name| name == "limit") { "limit=1000" } else { "" };
            let answer = world.server.send(&world.draft(&list, &BTreeSet::new()).bare_with(limit).key(world.key));
            answer.expect(200).to_string()
        };
        let (own, others) = (all(us), all(them));
        for name in of_them.iter().filter(|name| name.len() > 3) {
            let quoted = format!("\"{name}\"");
            assert!(!own.contains(&quoted), "{}: {name} in {own}", list.path);
            seen += usize::from(others.contains(&quoted));
        }
    }
    assert!(seen >= 3, "their own lists show only {seen} of {of_them:?}");
}

/// A name or id of the same form, of nothing.
fn absent(world: &World<'_>, noun: &str) -> String {
    let there = world.make(noun);
    if there.parse::<u64>().is_ok() {
        return "9999".to_owned();
    }
    match there.split_once('_') {
        // An id: its last letters are chance, and another's.
        Some((kind, id)) => format!("{kind}_{}zzzzzz", &id[..id.len() - 6]),
        None => fresh("nobody"),
    }
}

fn absent_everywhere(world: &World<'_>, own: &crate::world::Draft) -> crate::world::Draft {
    let mut draft = own.clone();
    for noun in own.path.keys() {
        let slot = Slot { place: Place::Path, noun: noun.clone() };
        draft = draft.with(&slot, &absent(world, noun));
    }
    draft
}

fn make_key(server: &Server, admin: &str, scopes: Scopes, expires: Option<String>) -> String {
    let scopes: Vec<&str> = scopes.list().into_iter().map(Scope::name).collect();
    let mut new = json!({ "name": "made", "scopes": scopes });
    if let Some(expires) = expires {
        new["expires_at"] = json!(expires);
    }
    let made = server.post(admin, "/v1/keys", &new);
    made["key"].as_str().expect("the key's text").to_owned()
}

both! {
    fn a_key_opens_nothing_after_its_time(bed: &Bed) {
        bed.cloud("ours");
        let (server, document) = (bed.serve(), Document::read());
        let admin = bed.key("ours", false, "admin");
        let world = World { server: &server, document: &document, key: &admin, prefix: "ours" };
        let all = Scopes::of(&Scope::ALL);
        let opens = |key: &str| server.send(&Request::get("/v1/cloud").key(key)).is_good();
        let id_of = |text: &str| {
            let listed = server.get(&admin, "/v1/keys?limit=1000");
            let id = text.split('_').nth(2).expect("an id").to_owned();
            let known = listed["data"].as_array().into_iter().flatten();
            let key: Vec<&Value> = known.filter(|key| key["id"].as_str().is_some_and(|known| known.ends_with(&id))).collect();
            assert_eq!(key.len(), 1, "{listed}");
            key[0]["id"].as_str().expect("an id").to_owned()
        };

        let revoked = make_key(&server, &admin, all, None);
        let rotated = make_key(&server, &admin, all, None);
        let graced = make_key(&server, &admin, all, None);
        for key in [&revoked, &rotated, &graced] {
            assert!(opens(key), "a fresh key opens");
        }
        let soon = Instant::from_micros(now(&server, &admin).micros() + 3_000_000);
        let expired = make_key(&server, &admin, all, Some(soon.to_string()));
        let gone = server.send(&Request::new("DELETE", &format!("/v1/keys/{}", id_of(&revoked))).key(&admin).once("gone"));
        assert_eq!((gone.status, gone.body.as_str()), (204, ""));
        let rotate = |key: &str, hours: u32| {
            let path = format!("/v1/keys/{}/rotate", id_of(key));
            server.post(&admin, &path, &json!({ "grace_hours": hours }))["key"].as_str().expect("a text").to_owned()
        };
        let fresh_one = rotate(&rotated, 0);
        let fresh_two = rotate(&graced, 1);

        for (key, why) in [(&revoked, "revoked"), (&rotated, "rotated"), (&expired, "expired")] {
            until(&format!("a key that is {why} opens nothing"), || (!opens(key)).then_some(()));
            for operation in document.operations() {
                let draft = world.draft(&operation, &BTreeSet::new());
                let answer = server.send(&draft.request().key(key));
                assert_eq!(answer.problem(401), "unauthenticated", "{}: {why}", operation.name());
            }
        }
        assert!(now(&server, &admin) >= soon, "a key opens up to its end");
        assert!(opens(&fresh_one) && opens(&fresh_two), "the new secrets open");
        assert!(opens(&graced), "the old secret opens in its hour of grace");
        let answer = server.send(&Request::new("POST", &format!("/v1/keys/{}/rotate", id_of(&revoked))).key(&admin).once("dead"));
        assert_eq!(answer.problem(404), "not_found", "what is revoked is not brought to life");
    }
}

fn now(server: &Server, key: &str) -> Instant {
    Instant::parse(server.get(key, "/v1/cloud")["now"].as_str().expect("a time")).expect("a time")
}

/// Scopes as the document has them are those there are.
#[test]
fn every_operation_names_one_scope() {
    let scopes: BTreeSet<String> =
        Document::read().operations().into_iter().map(|operation: Operation| operation.scope).collect();
    let all: BTreeSet<String> = Scope::ALL.into_iter().map(|scope| scope.name().to_owned()).collect();
    assert_eq!(scopes, all);
}
