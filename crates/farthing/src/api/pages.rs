//! `/docs`: the OpenAPI document as a page to read, and `/docs/errors`, to which every problem's `type` refers. Made once when the
//! server starts; they load nothing from elsewhere.

use super::Shared;
use super::problem::{CODES, Code};
use askama::Template;
use axum::Router;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::routing::{MethodRouter, get};
use farthing_console::{MARK_INLINE, mark, style};
use serde_json::Value;

const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "docs.html")]
struct Docs {
    mark: &'static str,
    version: String,
    about: String,
    groups: Vec<Group>,
    codes: &'static [Code],
}

#[derive(Template)]
#[template(path = "docs_errors.html")]
struct Errors {
    mark: &'static str,
    codes: &'static [Code],
}

struct Group {
    name: String,
    about: String,
    operations: Vec<Operation>,
}

struct Operation {
    anchor: String,
    method: String,
    path: String,
    summary: String,
    about: String,
    scope: String,
    parameters: Vec<Field>,
    body: Vec<Field>,
    answer: Vec<Field>,
}

struct Field {
    name: String,
    kind: String,
    needed: bool,
    about: String,
}

pub(super) fn router(document: &Value) -> Router<Shared> {
    Router::new()
        .route("/docs", served(page(document)))
        .route("/docs/errors", served(rendered(&Errors { mark: MARK_INLINE, codes: CODES })))
        .route("/style/console.css", get(style))
        .route("/mark.svg", get(mark))
}

fn served(page: String) -> MethodRouter<Shared> {
    get(move || {
        let page = page.clone();
        let headers = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
        ];
        async move { (headers, page) }
    })
}

fn rendered(page: &impl Template) -> String {
    page.render().unwrap_or_else(|error| format!("the page cannot be made: {error}"))
}

fn page(document: &Value) -> String {
    let tags = document["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    let groups = tags.iter().map(|tag| {
        let name = text(&tag["name"]);
        Group { about: text(&tag["description"]), operations: operations(document, &name), name }
    });
    let docs = Docs {
        mark: MARK_INLINE,
        version: text(&document["info"]["version"]),
        about: text(&document["info"]["description"]).replace('`', ""),
        groups: groups.collect(),
        codes: CODES,
    };
    rendered(&docs)
}

fn operations(document: &Value, tag: &str) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            if operation["tags"].as_array().is_some_and(|tags| tags.iter().any(|other| other == tag)) {
                found.push(described(document, path, method, operation));
            }
        }
    }
    found
}

fn described(document: &Value, path: &str, method: &str, operation: &Value) -> Operation {
    let scope = operation["security"][0]["key"].as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
    let parameters = operation["parameters"].as_array().into_iter().flatten().map(|parameter| Field {
        name: text(&parameter["name"]),
        kind: format!("{}, {}", text(&parameter["in"]), kind(&parameter["schema"])),
        needed: parameter["required"] == true,
        about: text(&parameter["description"]),
    });
    let answers = operation["responses"].as_object();
    let good = answers.into_iter().flatten().find(|(status, _)| status.starts_with('2')).map(|(_, answer)| answer);
    Operation {
        anchor: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        about: text(&operation["description"]),
        scope: scope.join(", "),
        parameters: parameters.collect(),
        body: fields(document, first_schema(&operation["requestBody"]["content"])),
        answer: good.map(|answer| fields(document, first_schema(&answer["content"]))).unwrap_or_default(),
    }
}

/// The schema of the first kind of content; JSON comes first.
fn first_schema(content: &Value) -> Option<&Value> {
    let kinds = content.as_object()?;
    kinds.get("application/json").or_else(|| kinds.values().next()).map(|content| &content["schema"])
}

fn fields(document: &Value, schema: Option<&Value>) -> Vec<Field> {
    let Some(schema) = schema.map(|schema| resolved(document, schema)) else { return Vec::new() };
    let mut found = Vec::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        found.extend(fields(document, Some(part)));
    }
    let needed = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        found.push(Field {
            kind: kind(field),
            needed: needed.iter().any(|other| other == name),
            about: text(&field["description"]),
            name: name.clone(),
        });
    }
    found
}

fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let named = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/components/schemas/"));
    named.map_or(schema, |name| &document["components"]["schemas"][name])
}

/// A type in a word or two.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(one) = schema["oneOf"].as_array().and_then(|kinds| kinds.iter().find(|kind| kind["type"] != "null")) {
        return kind(one);
    }
    if let Some(format) = schema["format"].as_str().filter(|format| *format == "date-time") {
        return format.to_owned();
    }
    let plain = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).find(|kind| kind != "null").unwrap_or_default(),
        other => text(other),
    };
    if plain == "array" { format!("list of {}", kind(&schema["items"])) } else { plain }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_on_the_page_with_its_scope() {
        let document = serde_json::to_value(super::super::openapi()).unwrap();
        let page = page(&document);
        let mut operations = 0;
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                operations += 1;
                let id = operation["operationId"].as_str().unwrap();
                assert!(page.contains(&format!("id=\"{id}\"")), "{method} {path} is not on the page");
                assert!(operation["security"][0]["key"][0].is_string(), "{method} {path} names no scope");
                assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{method} {path} says nothing");
            }
        }
        assert!(operations > 40, "{operations}");
        assert!(!page.contains("<script") && !page.contains("style="));
    }
}
