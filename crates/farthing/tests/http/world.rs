//! What operations are about: a cloud as one key sees it, and whatever of it a test needs, made over the API itself.

use crate::bed::{Server, fresh};
use crate::client::{Answer, Request, usd};
use crate::document::{Document, Operation};
use farthing_core::bank::Row;
use farthing_core::money::Currency;
use farthing_core::time::Instant;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Not ours to know or to deny: ids that the cloud itself gives, of people, and names and numbers of what is within something that is asked for.
const NOT_OURS: [&str; 5] = ["person", "charge", "grant", "line", "budget"];

#[derive(Clone, Debug)]
pub(crate) struct World<'w> {
    pub(crate) server: &'w Server,
    pub(crate) document: &'w Document,
    /// An admin key.
    pub(crate) key: &'w str,
    /// What names begin with.
    pub(crate) prefix: &'w str,
}

/// One of an operation's names that belong to a cloud.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    pub(crate) place: Place,
    pub(crate) noun: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Path,
    Query,
    Body,
}

/// A request with all its names, before it is one.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    operation: Operation,
    pub(crate) path: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    /// Everything that was made for it, by noun.
    own: BTreeMap<String, String>,
    pub(crate) body: Option<Value>,
    /// A file as it is.
    file: Option<String>,
}

impl World<'_> {
    /// Something fresh of a kind: its name or id.
    pub(crate) fn make(&self, noun: &str) -> String {
        match noun {
            "account" => self.make_account(),
            "resource" => self.make_resource(),
            "space" => self.start(json!({ "product": "share" })),
            "version" => {
                let versions = self.server.get(self.key, "/v1/policies");
                let newest = versions["data"].as_array().and_then(|versions| versions.last());
                newest.expect("the cloud has a version")["number"].to_string()
            }
            "payment" => {
                self.make_of_account("payments", &json!({ "amount": usd("12.50"), "by": { "token": "card:visa" } }))
            }
            "method" => self.make_of_account("methods", &json!({ "channel": "card", "token": "card:visa" })),
            "refund" => self.make_of_account("refunds", &json!({ "amount": usd("2.50") })),
            "bill" => {
                let listed = self.server.get(self.key, &format!("/v1/bills?account={}", self.make_account()));
                id_of(&listed["data"][0]).unwrap_or_else(|| panic!("a top-up brings an invoice: {listed}"))
            }
            "dispute" => self.make_dispute(),
            "step" => self.make_step(),
            // Nobody has used anything that an invoice could be of.
            "invoice" => "ireq_01m0abw8g0tfjbn245fasf0w43".to_owned(),
            "delivery" => self.make_delivery(),
            "wallet" => self.make_wallet(),
            "errand" => self.make_errand(),
            "file" => self.take_statement(),
            "movement" => {
                self.take_statement();
                let waiting = self.server.get(self.key, "/v1/bank/movements?state=waiting&limit=1");
                id_of(&waiting["data"][0]).unwrap_or_else(|| panic!("nobody knows it: {waiting}"))
            }
            "person" => fresh("person"),
            "person_id" => self.make_person(),
            // Each account counts its own.
            "charge" | "line" => "1".to_owned(),
            "grant" => "welcome".to_owned(),
            "budget" => "team-blue".to_owned(),
            "coupon" => self.make_coupon(),
            "order" => self.make_order().0,
            "subscription" => self.make_subscription(),
            _ => self.make_of_collection(noun),
        }
    }

    /// One with money, so that whatever is asked of it can be done.
    fn make_account(&self) -> String {
        let name = fresh(self.prefix);
        self.server.post(self.key, "/v1/accounts", &json!({ "name": name }));
        // By a card: so it can be given back.
        let money = json!({ "amount": usd("100.00"), "by": { "token": "card:visa" } });
        let paid = self.server.post(self.key, &format!("/v1/accounts/{name}/payments"), &money);
        assert_eq!(paid["state"], "succeeded", "{paid}");
        name
    }

    /// What is made for an account, and known by an address of its own.
    fn make_of_account(&self, what: &str, new: &Value) -> String {
        let account = self.make_account();
        let made = self.server.post(self.key, &format!("/v1/accounts/{account}/{what}"), new);
        id_of(&made).unwrap_or_else(|| panic!("it has no id: {made}"))
    }

    fn make_resource(&self) -> String {
        self.start(json!({ "product": "service", "sku": "medium-2c-4g" }))
    }

    fn start(&self, what: Value) -> String {
        let (name, account) = (fresh(self.prefix), self.make_account());
        let mut event = what;
        for (key, value) in [("type", "start"), ("resource", &name), ("account", &account)] {
            event[key] = json!(value);
        }
        let start = json!({ "events": [event] });
        let told = self.server.post(self.key, "/v1/resource-events", &start);
        assert_eq!(told["recorded"], 1, "{told}");
        name
    }

    /// One with money of its own.
    fn make_wallet(&self) -> String {
        let (account, person) = (self.make_account(), fresh(self.prefix));
        let put = Request::new("PUT", &format!("/v1/accounts/{account}/wallets/{person}")).json(&json!({}));
        let made = self.server.send(&put.key(self.key).once(&fresh("wallet"))).expect(200);
        let name = made["name"].as_str().expect("a name").to_owned();
        self.server.post(self.key, &format!("/v1/wallets/{name}/fund"), &json!({ "amount": usd("40.00") }));
        name
    }

    /// A provider that is set up wrong is not asked to forget a method.
    fn make_errand(&self) -> String {
        let method = self.make("method");
        self.server.post(self.key, "/v1/sandbox", &json!({ "mood": "broken" }));
        let remove = Request::new("DELETE", &format!("/v1/methods/{method}"));
        self.server.send(&remove.key(self.key).once(&fresh("remove"))).expect(200);
        // Whatever is asked next of the pretended provider has it asked this as well.
        let one = json!({ "channel": "card", "token": "card:visa" });
        let account = fresh(self.prefix);
        self.server.post(self.key, "/v1/accounts", &json!({ "name": account }));
        let add = Request::post(&format!("/v1/accounts/{account}/methods"), &one);
        self.server.send(&add.key(self.key).once(&fresh("add")));
        // Another thread of the server's may be about to hear the answer.
        let errand = crate::bed::until("it is given up", || {
            let listed = self.server.get(self.key, "/v1/given-up");
            let mut known = listed["data"].as_array().into_iter().flatten();
            id_of(known.find(|errand| errand["subject"] == json!(method))?)
        });
        self.server.post(self.key, "/v1/sandbox", &json!({ "mood": "well" }));
        errand
    }

    /// One that waits to be paid: its id, and its name.
    fn make_order(&self) -> (String, String) {
        let (name, account) = (fresh(self.prefix), self.make_account());
        let new = json!({ "name": name, "account": account, "product": "hosted" });
        let placed = self.server.post(self.key, "/v1/orders", &new);
        (id_of(&placed).unwrap_or_else(|| panic!("an order has no id: {placed}")), name)
    }

    /// About the bill of an order, which waits for its payment.
    fn make_dispute(&self) -> String {
        let (order, _) = self.make_order();
        let placed = self.server.get(self.key, &format!("/v1/orders/{order}"));
        let bill = placed["bill"].as_str().unwrap_or_else(|| panic!("an order has a bill: {placed}"));
        let new = json!({ "reason": "nobody ordered this" });
        let made = self.server.post(self.key, &format!("/v1/bills/{bill}/disputes"), &new);
        id_of(&made).unwrap_or_else(|| panic!("a dispute has no id: {made}"))
    }

    /// Somebody whom nobody knew.
    fn make_person(&self) -> String {
        let new = json!({ "email": format!("{}@acme.example", fresh("p")), "account": self.make_account(), "role": "viewer" });
        let made = self.server.post(self.key, "/v1/people", &new);
        id_of(&made).unwrap_or_else(|| panic!("a person has no id: {made}"))
    }

    /// To stop what nothing pays for: it was started an hour ago, which nobody can refuse any more.
    fn make_step(&self) -> String {
        let (name, account) = (fresh(self.prefix), fresh(self.prefix));
        self.server.post(self.key, "/v1/accounts", &json!({ "name": account }));
        let ago = SystemTime::now() - Duration::from_hours(1);
        let seconds = ago.duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let at = Instant::try_from_seconds(i64::try_from(seconds).expect("it fits")).expect("a time");
        let start = json!({ "events": [{ "type": "start", "resource": name, "account": account, "product": "leased",
            "at": at.to_string() }] });
        let told = self.server.post(self.key, "/v1/resource-events", &start);
        assert_eq!(told["recorded"], 1, "{told}");
        crate::bed::until("it is to be stopped", || {
            // A test cloud's clock stands until it is moved; the live one's goes by itself.
            let move_on = Request::post("/v1/clock/advance", &json!({ "seconds": 1 }));
            self.server.send(&move_on.key(self.key).once(&fresh("advance")));
            let listed = self.server.get(self.key, &format!("/v1/steps?account={account}"));
            id_of(&listed["data"][0])
        })
    }

    /// What an order made once it was paid.
    fn make_subscription(&self) -> String {
        let (order, name) = self.make_order();
        self.server.post(self.key, &format!("/v1/orders/{order}/pay"), &json!({}));
        self.server.post(self.key, &format!("/v1/orders/{order}/made"), &json!({}));
        name
    }

    /// What an operation is about is in the state that it is for.
    fn prepare(&self, operation: &Operation, path: &BTreeMap<String, String>) {
        if let (Some(order), "/v1/orders/{order}/made" | "/v1/orders/{order}/not-made") =
            (path.get("order"), operation.path.as_str())
        {
            self.server.post(self.key, &format!("/v1/orders/{order}/pay"), &json!({}));
        }
        if let (Some(export), "/v1/exports/{export}/links") = (path.get("export"), operation.path.as_str()) {
            crate::bed::until("an export is ready", || {
                let facts = self.server.get(self.key, &format!("/v1/exports/{export}"));
                (facts["state"] == "ready").then_some(())
            });
        }
        if let (Some(name), "/v1/subscriptions/{subscription}/resume") =
            (path.get("subscription"), operation.path.as_str())
        {
            self.server.post(self.key, &format!("/v1/subscriptions/{name}/pause"), &json!({}));
        }
    }

    /// One whose codes are good once.
    fn make_coupon(&self) -> String {
        let code = fresh(self.prefix).to_uppercase();
        self.server.post(self.key, "/v1/coupons", &json!({ "code": code, "percent": "20", "codes": "single" }));
        code
    }

    /// What an endpoint is sent when it is tried.
    fn make_delivery(&self) -> String {
        let endpoint = self.make("endpoint");
        self.server.post(self.key, &format!("/v1/endpoints/{endpoint}/test"), &json!({}));
        let listed = self.server.get(self.key, &format!("/v1/deliveries?endpoint={endpoint}"));
        id_of(&listed["data"][0]).unwrap_or_else(|| panic!("nothing is to be delivered: {listed}"))
    }

    /// A statement with one movement that nobody knows: its file's id.
    fn take_statement(&self) -> String {
        let request = Request::new("POST", "/v1/bank/statements").key(self.key);
        let taken = self.server.send(&request.body("application/xml", statement().as_bytes())).expect(200);
        id_of(&taken).unwrap_or_else(|| panic!("a file has no id: {taken}"))
    }

    /// Posted to where such things are, with the example of the document; or the first that is there.
    fn make_of_collection(&self, noun: &str) -> String {
        let collection = self.document.collection(noun);
        if let Some(create) = self.document.operation("POST", &collection) {
            let answer = self.good(&create).0;
            // A secret stands beside what was made.
            let made = answer.json();
            return id_of(&made)
                .or_else(|| id_of(&made[noun]))
                .unwrap_or_else(|| panic!("a {noun} has no id in {}", answer.body));
        }
        let listed = self.document.operation("GET", &collection).map(|list| self.good(&list).0.json());
        let first = listed.as_ref().and_then(|listed| id_of(&listed["data"][0]));
        first.unwrap_or_else(|| panic!("nothing makes a {noun}: teach `World::make` how"))
    }

    /// The names of an operation that belong to a cloud.
    pub(crate) fn slots(&self, operation: &Operation) -> BTreeSet<Slot> {
        let mut nouns = self.document.nouns();
        nouns.retain(|noun| !NOT_OURS.contains(&noun.as_str()));
        let slot = |place, noun: &String| Slot { place, noun: noun.clone() };
        let mut slots: BTreeSet<Slot> = BTreeSet::new();
        slots.extend(operation.in_path.iter().filter(|name| nouns.contains(*name)).map(|name| slot(Place::Path, name)));
        slots.extend(
            operation.in_query.iter().filter(|name| nouns.contains(*name)).map(|name| slot(Place::Query, name)),
        );
        if let Some(schema) = &operation.body {
            let sample = self.document.sample(schema, &self.document.optional(schema));
            let mut named = BTreeSet::new();
            names_in(&sample, &mut named);
            slots.extend(named.iter().filter(|name| nouns.contains(*name)).map(|name| slot(Place::Body, name)));
        }
        slots
    }

    /// A request for an operation about things of this world's own, made for it.
    pub(crate) fn draft(&self, operation: &Operation, with: &BTreeSet<String>) -> Draft {
        let nouns = self.document.nouns();
        let mut own: BTreeMap<String, String> = BTreeMap::new();
        let mut known = |noun: &str| own.entry(noun.to_owned()).or_insert_with(|| self.make(noun)).clone();
        let path: BTreeMap<String, String> = operation.in_path.iter().map(|noun| (noun.clone(), known(noun))).collect();
        if let (Some(account), Some(grant)) = (path.get("account"), path.get("grant")) {
            let credit = json!({ "name": grant, "amount": usd("1.00"), "reason": "a test" });
            self.server.post(self.key, &format!("/v1/accounts/{account}/grants"), &credit);
        }
        if let (Some(account), Some(budget)) = (path.get("account"), path.get("budget")) {
            let put = Request::new("PUT", &format!("/v1/accounts/{account}/budgets/{budget}"));
            let put = put.json(&json!({ "month": usd("50.00") }));
            self.server.send(&put.key(self.key).once(&fresh("budget"))).expect(200);
        }
        self.prepare(operation, &path);
        let asked = operation.in_query.iter().filter(|name| nouns.contains(*name) && with.contains(*name));
        let query = asked.map(|noun| (noun.clone(), known(noun))).collect();
        let body = operation.body.as_ref().map(|schema| {
            let mut body = self.document.sample(schema, with);
            if body["name"].is_string() {
                body["name"] = json!(fresh(self.prefix));
            }
            if body["to"].is_string() {
                body["to"] = json!(self.in_an_hour());
            }
            if operation.path == "/v1/orders" {
                // Of a product, for somebody: the document says one of several ways.
                body["product"] = json!("hosted");
                if !with.contains("project") {
                    body["account"] = json!("");
                }
                for other in ["addon", "parent", "sku"] {
                    body.as_object_mut().expect("an object").remove(other);
                }
            }
            fill(&mut body, &mut |noun| nouns.contains(noun).then(|| known(noun)));
            body
        });
        let file = operation.takes_file.then(|| match operation.path.as_str() {
            "/v1/bank/refusals" => refusals(),
            _ => statement(),
        });
        Draft { operation: operation.clone(), path, query, own, body, file }
    }

    fn in_an_hour(&self) -> String {
        let cloud = self.server.get(self.key, "/v1/cloud");
        let now = Instant::parse(cloud["now"].as_str().expect("a time")).expect("a time");
        Instant::from_micros(now.micros() + 3_600_000_000).to_string()
    }

    /// What is optional and has to be there: tried one by one, until the operation does what it is for.
    pub(crate) fn good(&self, operation: &Operation) -> (Answer, Draft, BTreeSet<String>) {
        let optional = operation.body.as_ref().map(|schema| self.document.optional(schema)).unwrap_or_default();
        let one_more = optional.iter().map(|name| BTreeSet::from([name.clone()]));
        let mut told = Vec::new();
        for with in std::iter::once(BTreeSet::new()).chain(one_more) {
            let draft = self.draft(operation, &with);
            let answer = self.server.send(&draft.request().key(self.key));
            let reached = operation.refused_without_a_state() == Some(answer.status);
            if answer.is_done() || reached {
                return (answer, draft, with);
            }
            told.push(format!("{:?}: {}", draft.body, answer.body));
        }
        panic!("the document's example of {} is refused:\n{}", operation.name(), told.join("\n"));
    }
}

impl Draft {
    /// The same with another name in one place.
    pub(crate) fn with(&self, slot: &Slot, name: &str) -> Draft {
        let mut draft = self.clone();
        match slot.place {
            Place::Path => {
                draft.path.insert(slot.noun.clone(), name.to_owned());
            }
            Place::Query => {
                draft.query.insert(slot.noun.clone(), name.to_owned());
            }
            Place::Body => {
                if let Some(body) = &mut draft.body {
                    fill(body, &mut |noun| (noun == slot.noun).then(|| name.to_owned()));
                }
            }
        }
        draft
    }

    /// What an answer says whoever is asked for, and whatever was made to ask it.
    pub(crate) fn masked(&self, answer: &Answer, asked: &str) -> (u16, String) {
        let (status, mut body) = answer.masked(asked);
        for (noun, name) in &self.own {
            body = body.replace(name, &format!("{{own {noun}}}"));
        }
        (status, body)
    }

    /// Without a key; with a fresh Idempotency-Key where one is needed.
    pub(crate) fn request(&self) -> Request {
        let request = self.bare();
        if self.operation.once { request.once(&fresh("once")) } else { request }
    }

    pub(crate) fn bare(&self) -> Request {
        self.bare_with("")
    }

    /// With more in its query.
    pub(crate) fn bare_with(&self, more: &str) -> Request {
        let mut path = self.operation.path.clone();
        for (noun, name) in &self.path {
            path = path.replace(&format!("{{{noun}}}"), name);
        }
        let mut query: Vec<String> = self.query.iter().map(|(noun, name)| format!("{noun}={name}")).collect();
        if !more.is_empty() {
            query.push(more.to_owned());
        }
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let request = Request::new(&self.operation.method, &path);
        match (&self.body, &self.file) {
            (Some(body), _) => request.json(body),
            (None, Some(file)) => request.body("application/xml", file.as_bytes()),
            (None, None) => request,
        }
    }
}

/// A camt.053 of one movement that was never told before, and that nobody knows.
fn statement() -> String {
    let row = Row {
        bank_reference: fresh("B"),
        name: "Stranger".to_owned(),
        ..crate::bank::movement("12.50", Currency::USD)
    };
    crate::bank::camt053(vec![row], Currency::USD)
}

/// A pain.002 that refuses nothing.
fn refusals() -> String {
    let message = fresh("message");
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt><OrgnlGrpInfAndSts>\
        <OrgnlMsgId>{message}</OrgnlMsgId><GrpSts>ACCP</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"
    )
}

/// By which something that was made is asked for.
fn id_of(made: &Value) -> Option<String> {
    ["id", "name", "number"].into_iter().find_map(|field| match &made[field] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// Puts names where a body has such properties.
fn fill(body: &mut Value, name: &mut dyn FnMut(&str) -> Option<String>) {
    match body {
        Value::Object(properties) => {
            for (property, value) in properties {
                match value {
                    Value::String(_) => {
                        if let Some(name) = name(property) {
                            *value = Value::String(name);
                        }
                    }
                    inner => fill(inner, name),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, name)),
        _ => {}
    }
}

fn names_in(body: &Value, found: &mut BTreeSet<String>) {
    match body {
        Value::Object(properties) => {
            for (property, value) in properties {
                if value.is_string() {
                    found.insert(property.clone());
                }
                names_in(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names_in(item, found)),
        _ => {}
    }
}
