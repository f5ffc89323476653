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
            failures.extend(["401", "429", "503"]);
        }
        // An import alone may be as large as it likes.
        let body = operation.get("requestBody").map(|body| &body["content"]);
        if body.is_some_and(|content| content.get("application/json").is_some()) {
            failures.push("413");
        }
        for status in failures {
            assert!(responses.contains_key(status), "{at} does not document {status}");
        }
        // What asks for nothing says so.
        assert_eq!(operation["security"].as_array().unwrap().is_empty(), route.access == Access::Public, "{at}");
        for (status, response) in responses {
            let response = resolved(&document, response);
            assert!(response["description"].is_string(), "{at} {status}");
            if status == "304" {
                assert!(response.get("content").is_none(), "{at}: there is nothing to send again");
                continue;
            }
            // What a proxy asks before it passes a call on is answered by the status alone.
            if path == "/v1/forward-auth" && status == "200" {
                assert!(response.get("content").is_none(), "{at}");
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
        let members = ["type", "enum", "oneOf", "anyOf"];
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
    let mut found = BTreeSet::new();
    for (_, path, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().unwrap().iter().filter(|given| given["in"] == "path") {
            let (name, schema) = (parameter["name"].as_str().unwrap(), resolved(&document, &parameter["schema"]));
            let is_id = ["partner", "customer", "subscription", "token"].contains(&name);
            if is_id && !path.starts_with("/v1/relationship-requests/") {
                assert_eq!(schema["pattern"], "^[A-Za-z0-9._~@:+-]+$", "{path}");
                assert_eq!((&schema["minLength"], &schema["maxLength"]), (&1.into(), &128.into()), "{path}");
                found.insert(name);
            }
        }
    }
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn a_page_holds_as_many_items_as_the_document_says_and_no_more() {
    let (document, server, _data) = served(&["--demo"]);
    for (method, path, operation) in operations(&document) {
        let parameters = operation["parameters"].as_array().unwrap();
        let Some(limit) = parameters.iter().find(|given| given["name"] == "limit") else { continue };
        let schema = &limit["schema"];
        assert_eq!(schema["maximum"], standing::limits::PAGE_MAX, "{method} {path}");
        assert_eq!(schema["default"], standing::limits::PAGE_DEFAULT, "{method} {path}");
    }
    let most = standing::limits::PAGE_MAX;
    assert_eq!(server.get(&format!("/v1/partners?limit={most}")).status, 200);
    assert_eq!(server.get(&format!("/v1/partners?limit={}", most + 1)).code(), "invalid_parameter");
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

/// Everything in the document that is a schema, or may stand in one.
fn each(value: &Value, seen: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            seen(members);
            members.values().for_each(|member| each(member, seen));
        }
        Value::Array(items) => items.iter().for_each(|item| each(item, seen)),
        _ => {}
    }
}

#[test]
fn what_is_open_says_so_and_each_of_several_shapes_has_a_name() {
    let (document, _server, _data) = served(&["--demo"]);
    each(&document, &mut |schema| {
        let is_object =
            |kind: &Value| kind == "object" || kind.as_array().is_some_and(|of| of.contains(&"object".into()));
        if schema.get("type").is_some_and(is_object) {
            let says = ["properties", "additionalProperties"].iter().any(|member| schema.contains_key(*member));
            assert!(says, "of this no program knows what members it has: {schema:?}");
        }
        assert!(!schema.contains_key("allOf"), "{schema:?}");
        for shape in ["oneOf", "anyOf"].iter().filter_map(|several| schema.get(*several)?.as_array()).flatten() {
            assert!(shape.get("properties").is_none(), "this shape is nameless: {shape}");
        }
    });
    let question = &document["components"]["schemas"]["EvaluationRequest"]["properties"];
    assert_eq!(question["context"]["additionalProperties"], true, "{question}");
}

#[test]
fn a_change_is_one_of_several_whole_shapes_told_apart_by_a_word() {
    let (document, _server, _data) = served(&["--demo"]);
    let shapes = document["components"]["schemas"]["Change"]["oneOf"].as_array().unwrap();
    let mut events = BTreeSet::new();
    for shape in shapes.iter().map(|shape| resolved(&document, shape)) {
        assert!(events.insert(shape["properties"]["event"]["const"].as_str().unwrap()), "{shape}");
        let required: BTreeSet<&str> =
            shape["required"].as_array().unwrap().iter().map(|member| member.as_str().unwrap()).collect();
        assert!(required.is_superset(&BTreeSet::from(["revision", "at", "by", "event"])), "{shape}");
    }
    assert!(events.contains("partner-registered") && events.len() > 10, "{events:?}");
}

#[test]
fn the_changes_go_on_after_what_next_says() {
    let (document, server, _data) = served(&["--demo"]);
    let schemas = &document["components"]["schemas"];
    let parameters = document["paths"]["/v1/changes"]["get"]["parameters"].as_array().unwrap();
    let mut parameters = parameters.iter().map(|given| resolved(&document, given));
    let after = parameters.find(|parameter| parameter["name"] == "after").unwrap();
    assert_eq!(after["schema"]["type"], schemas["ChangesPage"]["properties"]["next"]["type"]);
    let first = server.get("/v1/changes?limit=1").json();
    let second = server.get(&format!("/v1/changes?limit=1&after={}", first["next"])).json();
    assert!(second["changes"][0]["revision"].as_u64() > first["changes"][0]["revision"].as_u64(), "{second}");
}

/// Words that are no names in the languages most clients are written in.
const RESERVED: [&str; 12] =
    ["import", "export", "delete", "from", "class", "with", "default", "in", "is", "new", "return", "yield"];

#[test]
fn no_operation_is_named_by_a_reserved_word() {
    let (document, _server, _data) = served(&["--demo"]);
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(!RESERVED.contains(&id), "{method} {path}: `{id}`");
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{method} {path}: `{id}`");
    }
}

fn words(document: &Value, schema: &str) -> BTreeSet<String> {
    let words = document["components"]["schemas"][schema]["enum"].as_array().unwrap();
    let listed: BTreeSet<String> = words.iter().map(|word| word.as_str().unwrap().to_owned()).collect();
    assert_eq!(listed.len(), words.len(), "a word of `{schema}` stands twice");
    listed
}

/// The codes of problems in the text of a source: whatever a function `code` gives, and whatever a problem is made with.
fn codes(text: &str) -> BTreeSet<String> {
    let code = |text: &str| {
        let (_, rest) = text.split_once('"')?;
        let (code, _) = rest.split_once('"')?;
        code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_').then(|| code.to_owned())
    };
    let made = ["Problem::of(", "Problem::bad(", "Problem::not_found(", "Self::of(", "Self::bad("];
    let made = made.iter().flat_map(|made| text.split(made).skip(1));
    // The code is the first text among the arguments, where it is written there at all.
    let made = made.filter_map(|rest| code(rest.split(['{', ';']).next()?.split("format!").next()?));
    let bodies = text.split("fn code(&self)").skip(1).map(|rest| rest.split("\n    }\n").next().unwrap());
    let tables = text.split("\ncoded! {").skip(1).map(|rest| rest.split("\n}\n").next().unwrap());
    let told = bodies.chain(tables).flat_map(|body| body.split("=>").skip(1));
    made.chain(told.filter_map(|told| code(told.split([',', '\n']).next()?))).collect()
}

/// The constants of a source that may be codes: those named as they read.
fn constants(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter_map(|line| line.split_once("const ")?.1.split_once(": &str = \""));
    let written = lines.filter_map(|(name, rest)| Some((name, rest.strip_suffix("\";")?)));
    written.filter(|(name, code)| code.to_uppercase() == *name).map(|(_, code)| code.to_owned()).collect()
}

#[test]
fn every_code_of_a_problem_stands_in_the_document() {
    let (document, _server, _data) = served(&["--demo"]);
    let (mut written, mut named) = (BTreeSet::new(), BTreeSet::new());
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                written.extend(codes(&text));
                named.extend(constants(&text));
            }
        }
    }
    assert!(written.len() > 80 && written.contains("invalid_cursor") && written.contains("no_service"), "{written:?}");
    let (listed, reasons) = (words(&document, "ProblemCode"), words(&document, "Reason"));
    assert_eq!(written.difference(&listed).collect::<Vec<_>>(), Vec::<&String>::new(), "not in the list");
    // A refused call has the reason of its refusal.
    let known: BTreeSet<String> = written.union(&reasons).chain(&named).cloned().collect();
    assert_eq!(listed.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "in no source");
}

#[test]
fn the_reasons_of_the_rules_in_force_stand_in_the_document() {
    let rules = tempfile::tempdir().unwrap();
    let copied = std::process::Command::new("cp")
        .args(["-r", concat!(env!("CARGO_MANIFEST_DIR"), "/policies"), concat!(env!("CARGO_MANIFEST_DIR"), "/schemas")])
        .arg(rules.path())
        .status();
    assert!(copied.unwrap().success());
    let frozen = "@id(\"never/frozen\")\n@title(\"Nothing is removed\")\n@source(\"a test\")\n@reason(\"frozen\")\n\
                  forbid (principal, action == Action::\"removeSeats\", resource);\n";
    std::fs::write(rules.path().join("policies/never/frozen.cedar"), frozen).unwrap();
    let (document, server, _data) = served(&["--demo", "--rules", rules.path().to_str().unwrap()]);
    let question = serde_json::json!({
        "subject": { "type": "Partner", "id": "contoso" },
        "action": { "name": "removeSeats" },
        "resource": { "type": "Subscription", "id": "s-office" },
    });
    let answer = server.post("/access/v1/evaluation", &question);
    assert_eq!(answer.json()["context"]["reason"], "frozen");
    for schema in ["Reason", "ProblemCode"] {
        assert!(words(&document, schema).contains("frozen"), "{schema}");
    }
}
