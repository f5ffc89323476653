//! The document of the API: what it says is what is served, and whoever reads it can follow every word.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use standing::http::{Access, Body, ROUTES};
use tempfile::TempDir;

use crate::server::Server;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const WORLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authzen/world");

fn served(arguments: &[&str]) -> (Value, Server, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), arguments);
    let answer = server.get("/openapi.json");
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("max-age=300"));
    (answer.json(), server, data)
}

/// Method, path and operation of everything the document describes.
fn operations(document: &Value) -> Vec<(String, String, &Map<String, Value>)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(METHODS.contains(&method.as_str()), "`{method}` of `{path}` is no method");
            found.push((method.to_uppercase(), path.clone(), operation.as_object().unwrap()));
        }
    }
    found
}

fn described(document: &Value) -> BTreeSet<(String, String)> {
    operations(document).into_iter().map(|(method, path, _)| (method, path)).collect()
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => value,
    }
}

#[test]
fn the_document_describes_every_route_and_nothing_else() {
    let (document, _server, _data) = served(&["--demo"]);
    let routes: BTreeSet<_> = ROUTES.iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    assert_eq!(described(&document), routes);
}

#[test]
fn over_a_world_of_its_own_the_document_describes_what_is_there() {
    let (document, _server, _data) = served(&["--anonymous", "--world", WORLD]);
    let routes = ROUTES.iter().filter(|route| route.in_worlds);
    let routes: BTreeSet<_> = routes.map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    assert_eq!(described(&document), routes);
}

#[test]
fn every_operation_documents_what_it_answers_and_how_it_fails() {
    let (document, _server, _data) = served(&["--demo"]);
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let at = format!("{method} {path}");
        let route = ROUTES.iter().find(|route| route.method == method.as_str() && route.path == path).unwrap();
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "the id of {at} is another's too");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{at} says nothing");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{at}");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{at} never succeeds");
        let takes_body = operation.contains_key("requestBody");
        assert_eq!(takes_body, route.body != Body::None, "{at} says of a body what is not so");
        let mut failures = vec!["400", "403"];
        if takes_body {
            failures.push("415");
        }
        if route.access == Access::Caller {
            failures.extend(["401", "503"]);
        }
        // An import alone may be as large as it likes.
        let body = operation.get("requestBody").map(|body| &body["content"]);
        if body.is_some_and(|content| content.get("application/json").is_some()) {
            failures.push("413");
        }
        for status in failures {
            assert!(responses.contains_key(status), "{at} does not document {status}");
        }
        assert_eq!(operation.contains_key("security"), route.access == Access::Caller, "{at}");
        for (status, response) in responses {
            let response = resolved(&document, response);
            assert!(response["description"].is_string(), "{at} {status}");
            if status == "304" {
                assert!(response.get("content").is_none(), "{at}: there is nothing to send again");
                continue;
            }
            let media: Vec<&String> = response["content"].as_object().unwrap().keys().collect();
            if !status.starts_with('2') {
                let is_of_authzen = path.starts_with("/access/v1/") || path.starts_with("/.well-known/");
                let problem: &[&str] = &["application/problem+json", "application/json"];
                assert_eq!(media, problem[..if is_of_authzen { 2 } else { 1 }], "{at} {status}");
                let schema = &response["content"]["application/problem+json"]["schema"];
                assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{at} {status}");
            }
        }
    }
}

#[test]
fn every_part_of_a_path_is_a_parameter_and_every_parameter_is_there() {
    let (document, _server, _data) = served(&["--demo"]);
    for (method, path, operation) in operations(&document) {
        let parts: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = operation["parameters"].as_array().unwrap();
        let parameters: Vec<&Value> = parameters.iter().map(|given| resolved(&document, given)).collect();
        let mut named = BTreeSet::new();
        let mut in_path = BTreeSet::new();
        for parameter in parameters {
            let (name, place) = (parameter["name"].as_str().unwrap(), parameter["in"].as_str().unwrap());
            assert!(["path", "query", "header"].contains(&place), "{method} {path}: `{name}` is in `{place}`");
            assert!(named.insert((place, name)), "{method} {path}: `{name}` stands twice");
            assert!(parameter["schema"].is_object(), "{method} {path}: `{name}` has no schema");
            assert_eq!(parameter["required"] == true, place == "path", "{method} {path}: `{name}`");
            if place == "path" {
                in_path.insert(name);
            }
        }
        assert_eq!(in_path, parts, "{method} {path}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let (document, _server, _data) = served(&["--demo"]);
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    for reference in &used {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "`{reference}` leads nowhere");
    }
    for (kind, components) in document["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys() {
            let is_scheme = kind == "securitySchemes";
            assert!(is_scheme || used.contains(&format!("#/components/{kind}/{name}")), "`{kind}/{name}` is not used");
        }
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.insert(reference.clone());
            }
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn the_document_is_one_of_openapi_3_1() {
    let (document, _server, _data) = served(&["--demo"]);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document["info"]["title"].is_string());
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes["bearer"]["scheme"], "bearer");
    assert_eq!(schemes["basic"]["scheme"], "basic");
    let tags: BTreeSet<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    for (method, path, operation) in operations(&document) {
        assert!(tags.contains(operation["tags"][0].as_str().unwrap()), "{method} {path}");
        for requirement in operation.get("security").into_iter().flat_map(|given| given.as_array().unwrap()) {
            for scheme in requirement.as_object().unwrap().keys() {
                assert!(schemes.contains_key(scheme), "{method} {path} asks for `{scheme}`");
            }
        }
        for link in operation["responses"].as_object().unwrap().values().filter_map(|answer| answer.get("links")) {
            for link in link.as_object().unwrap().values() {
                let leads_to =
                    |(_, _, other): &(String, String, &Map<String, Value>)| other["operationId"] == link["operationId"];
                assert!(operations(&document).iter().any(leads_to), "{method} {path} leads to {link}");
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let members = ["type", "enum", "oneOf", "anyOf", "allOf"];
        assert!(members.iter().any(|member| schema.get(member).is_some()), "schema `{name}` says nothing: {schema}");
        for required in schema["required"].as_array().into_iter().flatten() {
            let required = required.as_str().unwrap();
            assert!(schema["properties"].get(required).is_some(), "schema `{name}` requires `{required}`");
        }
    }
}

#[test]
fn an_id_in_a_path_has_the_pattern_of_every_id() {
    let (document, _server, _data) = served(&["--demo"]);
    for name in ["partner", "customer", "subscription", "token"] {
        let schema = &document["components"]["parameters"][name]["schema"];
        let schema = resolved(&document, schema);
        assert_eq!(schema["pattern"], "^[A-Za-z0-9._~@:+-]+$", "{name}");
        assert_eq!((&schema["minLength"], &schema["maxLength"]), (&1.into(), &128.into()), "{name}");
    }
}

#[test]
fn the_body_of_a_noun_leaves_the_id_to_the_path() {
    let (document, _server, _data) = served(&["--demo"]);
    for (noun, required) in [
        ("Partner", vec!["name", "kind", "status"]),
        ("Customer", vec!["name"]),
        ("Subscription", vec!["customer", "service", "quantity", "status"]),
    ] {
        let body = &document["components"]["schemas"][format!("{noun}Body")];
        assert!(body["properties"].get("id").is_none(), "{noun}");
        let asked: BTreeSet<&str> =
            body["required"].as_array().unwrap().iter().map(|member| member.as_str().unwrap()).collect();
        assert_eq!(asked, required.into_iter().collect(), "{noun}");
    }
}

#[test]
fn the_statuses_of_every_operation_are_as_reviewed() {
    let (document, _server, _data) = served(&["--demo"]);
    let mut lines = BTreeMap::new();
    for (method, path, operation) in operations(&document) {
        let statuses: Vec<&str> = operation["responses"].as_object().unwrap().keys().map(String::as_str).collect();
        lines.insert((path.clone(), method.clone()), format!("{method:<6} {path}\n       {}", statuses.join(" ")));
    }
    let overview: Vec<String> = lines.into_values().collect();
    insta::assert_snapshot!(overview.join("\n"));
}
