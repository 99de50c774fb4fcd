//! The OpenAPI document as tests read it: every operation with its scope and its parameters, and a request made of its schema.
//!
//! So an operation that is added is tested without a line written for it. What a schema cannot say stands in `said`.

use crate::bed::{CATALOG, policy};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

#[derive(Debug)]
pub(crate) struct Document {
    value: Value,
}

#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) method: String,
    /// With names in braces.
    pub(crate) path: String,
    /// The scope it needs.
    pub(crate) scope: String,
    /// Whether it takes an Idempotency-Key.
    pub(crate) once: bool,
    pub(crate) in_path: Vec<String>,
    pub(crate) in_query: Vec<String>,
    /// The schema of its JSON body.
    pub(crate) body: Option<Value>,
    /// Its body is a file as it is.
    pub(crate) takes_file: bool,
}

impl Operation {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// How it is refused but in a state that no request brings about: an account that is parked, a delivery that has ended, a payment
    /// that a policy holds, a day that is over.
    pub(crate) fn refused_without_a_state(&self) -> Option<u16> {
        match self.path.as_str() {
            "/v1/accounts/{account}/retry"
            | "/v1/deliveries/{delivery}/replay"
            | "/v1/payments/{payment}/approve"
            | "/v1/payments/{payment}/refuse"
            | "/v1/bills/{bill}/pay"
            | "/v1/bills/{bill}/disputes"
            | "/v1/bills/{bill}/credit"
            | "/v1/bills/{bill}/reissue"
            | "/v1/bills/{bill}/write-off"
            // What came from the bank is not kept as a text.
            | "/v1/bank/files/{file}/xml" => Some(409),
            // Debits need more of a policy, and Euros.
            "/v1/accounts/{account}/mandates" => Some(403),
            // Nothing of a new account has been charged for yet.
            "/v1/accounts/{account}/waivers" | "/v1/accounts/{account}/invoice-requests" => Some(422),
            // The test's cloud gives no trials, and so nobody has had one.
            "/v1/accounts/{account}/trial" if self.method == "POST" => Some(403),
            "/v1/accounts/{account}/trial"
            | "/v1/invoice-requests/{invoice}"
            | "/v1/invoice-requests/{invoice}/issue"
            | "/v1/invoice-requests/{invoice}/refuse"
            | "/v1/invoice-requests/{invoice}/withdraw"
            | "/v1/accounts/{account}/trial/end"
            | "/v1/accounts/{account}/charges/{charge}" => Some(404),
            _ => None,
        }
    }
}

impl Document {
    pub(crate) fn read() -> Document {
        let text = farthing::api::openapi().to_json().expect("the document is JSON");
        Document { value: serde_json::from_str(&text).expect("the document is JSON") }
    }

    pub(crate) fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, item) in object(&self.value["paths"]) {
            for (method, said) in object(item) {
                operations.push(operation(method, path, said));
            }
        }
        assert!(operations.len() > 40, "the document holds {} operations", operations.len());
        operations
    }

    /// Names that stand in addresses: each is something that belongs to a cloud.
    pub(crate) fn nouns(&self) -> BTreeSet<String> {
        self.operations().into_iter().flat_map(|operation| operation.in_path).collect()
    }

    /// Where things of a kind are listed and made: the address before its name.
    pub(crate) fn collection(&self, noun: &str) -> String {
        let tail = format!("/{{{noun}}}");
        let found = self.operations().into_iter().find_map(|operation| {
            let place = operation.path.find(&tail)?;
            Some(operation.path.get(..place)?.to_owned())
        });
        found.unwrap_or_else(|| panic!("no address has a {noun}"))
    }

    pub(crate) fn operation(&self, method: &str, path: &str) -> Option<Operation> {
        self.operations().into_iter().find(|operation| operation.method == method && operation.path == path)
    }

    fn resolved<'d>(&'d self, schema: &'d Value) -> &'d Value {
        match schema["$ref"].as_str() {
            None => schema,
            Some(path) => {
                let name = path.strip_prefix("#/components/schemas/").expect("a reference into the document");
                &self.value["components"]["schemas"][name]
            }
        }
    }

    /// A value of a schema: its example where it has one, of what is optional only what `with` names.
    pub(crate) fn sample(&self, schema: &Value, with: &BTreeSet<String>) -> Value {
        let schema = self.resolved(schema);
        let examples = schema["examples"].as_array().and_then(|examples| examples.first());
        if let Some(example) = schema.get("example").or(examples) {
            return example.clone();
        }
        if let Some(cases) = schema["oneOf"].as_array() {
            let case = cases.iter().find(|case| case["type"] != "null").expect("a case that is something");
            return self.sample(case, with);
        }
        if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
            return first.clone();
        }
        match kind(schema) {
            "object" => self.sample_object(schema, with),
            "array" => json!([self.sample(&schema["items"], with)]),
            "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
            "boolean" => json!(false),
            _ if schema["format"] == "date-time" => json!("2026-11-01T00:00:00Z"),
            _ => json!("sample"),
        }
    }

    fn sample_object(&self, schema: &Value, with: &BTreeSet<String>) -> Value {
        let required: BTreeSet<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut made = Map::new();
        for (name, property) in object(&schema["properties"]) {
            if required.contains(name.as_str()) || with.contains(name) {
                let value = said(name).unwrap_or_else(|| self.sample(property, with));
                made.insert(name.clone(), value);
            }
        }
        Value::Object(made)
    }

    /// The names of a schema's properties, at whatever depth: those that may be left out.
    pub(crate) fn optional(&self, schema: &Value) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.properties(schema, &mut |name, required| {
            if !required {
                found.insert(name.to_owned());
            }
        });
        found
    }

    fn properties(&self, schema: &Value, each: &mut dyn FnMut(&str, bool)) {
        let schema = self.resolved(schema);
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, property) in object(&schema["properties"]) {
            each(name, required.contains(&name.as_str()));
            self.properties(property, each);
        }
        for case in schema["oneOf"].as_array().into_iter().flatten() {
            self.properties(case, each);
        }
        if schema["items"].is_object() {
            self.properties(&schema["items"], each);
        }
    }
}

/// What no schema can say.
fn said(property: &str) -> Option<Value> {
    match property {
        "files" => Some(json!({ "cloud.toml": policy("ours", "1h"), "catalog.toml": CATALOG })),
        _ => None,
    }
}

fn operation(method: &str, path: &str, said: &Value) -> Operation {
    let scope = &said["security"][0]["key"][0];
    let named = |place: &str| -> Vec<String> {
        let parameters = said["parameters"].as_array().into_iter().flatten();
        parameters
            .filter(|parameter| parameter["in"] == place)
            .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
            .collect()
    };
    let schema = &said["requestBody"]["content"]["application/json"]["schema"];
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        scope: scope.as_str().unwrap_or_else(|| panic!("{method} {path} names no scope")).to_owned(),
        once: named("header").iter().any(|name| name == "Idempotency-Key"),
        in_path: named("path"),
        in_query: named("query"),
        takes_file: said["requestBody"]["content"]["application/octet-stream"].is_object(),
        body: if schema.is_null() { None } else { Some(schema.clone()) },
    }
}

fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null"),
        one => one.as_str().unwrap_or("object"),
    }
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
