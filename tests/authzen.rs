//! The conformance rules of the AuthZEN Authorization API 1.0 that the public vectors do not reach, over real HTTP.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::authority::Authority;
use crate::server::{Answer, Server};
use crate::tunnel::Tunnel;

const WORLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authzen/world");
const JSON: (&str, &str) = ("content-type", "application/json");

/// A server over a world: these rules hold over http and, where this file is `authzen_over_https`, over https.
fn world() -> (Server, (TempDir, Option<Tunnel>)) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = ["--anonymous", "--world", WORLD];
    if !module_path!().ends_with("over_https") {
        return (Server::start(&data, &arguments), (folder, None));
    }
    let authority = Authority::new(folder.path(), "authority");
    let own = authority.of_a_server(1);
    let settings = folder.path().join("standing.toml");
    std::fs::write(&settings, format!("[tls]\ncertificate = {:?}\nkey = {:?}\n", own.certificate, own.key)).unwrap();
    let mut server = Server::start(&data, &[&arguments[..], &["--config", settings.to_str().unwrap()]].concat());
    let tunnel = Tunnel::to(server.base.strip_prefix("https://").unwrap().parse().unwrap(), &authority.certificate);
    server.base = tunnel.base.clone();
    (server, (folder, Some(tunnel)))
}

fn raw(server: &Server, path: &str, body: &[u8]) -> Answer {
    server.send("POST", path, &[JSON], Some(body))
}

fn user(id: &str) -> Value {
    json!({ "type": "user", "id": id })
}

fn record(id: &str) -> Value {
    json!({ "type": "record", "id": id })
}

fn asked(subject: Value, action: &str, resource: Value) -> Value {
    json!({ "subject": subject, "action": { "name": action }, "resource": resource })
}

const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";

#[test]
fn a_request_that_is_none_is_a_400_and_never_a_decision() {
    let (server, _data) = world();
    let whole = asked(user("alice"), "view", record("1"));
    let with = |path: &str, value: Value| {
        let mut body = whole.clone();
        *body.pointer_mut(path).unwrap() = value;
        body.to_string()
    };
    let without = |parent: &str, name: &str| {
        let mut body = whole.clone();
        body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
        body.to_string()
    };
    let extended = |name: &str, value: Value| {
        let mut body = whole.clone();
        body[name] = value;
        body.to_string()
    };
    let mut deep = String::from("1");
    for _ in 0..70 {
        deep = format!("[{deep}]");
    }
    for body in [
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "\"x\"".to_owned(),
        "{}".to_owned(),
        without("", "subject"),
        without("", "action"),
        without("", "resource"),
        without("/subject", "type"),
        without("/subject", "id"),
        without("/action", "name"),
        without("/resource", "type"),
        without("/resource", "id"),
        with("/subject", json!("alice")),
        with("/subject", json!(null)),
        with("/subject", json!([])),
        with("/subject/id", json!(1)),
        with("/subject/type", json!(null)),
        with("/action", json!("view")),
        with("/action/name", json!(123)),
        with("/resource/id", json!({})),
        extended("context", json!("noon")),
        extended("context", json!([])),
        whole.to_string().replace(r#""name":"view""#, r#""name":"view","properties":[]"#),
        whole.to_string().replace(r#""id":"alice""#, r#""id":"alice","properties":"x""#),
        whole.to_string().replace(r#""id":"alice""#, r#""id":"alice","id":"bob""#),
        whole.to_string().replace(r#""id":"alice""#, r#""id":"\ud800""#),
        whole.to_string().replace(r#""id":"alice""#, r#""id":"alice","properties":{"n":1e999}"#),
        whole.to_string().replacen('{', &format!("{{\"x\":{deep},"), 1),
        format!("{whole} {whole}"),
    ] {
        for path in [EVALUATION, EVALUATIONS] {
            let answer = raw(&server, path, body.as_bytes());
            assert_eq!(answer.status, 400, "{path} {body}: {}", answer.text);
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
            assert!(answer.json().get("decision").is_none());
        }
    }
    let answer = raw(&server, EVALUATION, b"{\"subject\":\"\xff\"}");
    assert_eq!(answer.status, 400, "not UTF-8: {}", answer.text);
}

#[test]
fn the_content_type_has_to_be_json_with_any_parameters() {
    let (server, _data) = world();
    let body = asked(user("alice"), "view", record("1")).to_string();
    for (content_type, status) in [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("text/plain", 400),
        ("application/x-www-form-urlencoded", 400),
        ("application/jsonx", 400),
    ] {
        for path in [EVALUATION, EVALUATIONS] {
            let answer = server.send("POST", path, &[("content-type", content_type)], Some(body.as_bytes()));
            assert_eq!(answer.status, status, "{content_type}: {}", answer.text);
        }
    }
    assert_eq!(server.send("POST", EVALUATION, &[], Some(body.as_bytes())).status, 400, "no content type");
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let answer = server.send(method, EVALUATION, &[JSON], Some(body.as_bytes()));
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
    }
}

#[test]
fn what_is_unknown_is_a_no_and_what_is_not_declared_is_ignored() {
    let (server, _data) = world();
    let with_properties = |subject: Value, properties: Value| {
        let mut subject = subject;
        subject["properties"] = properties;
        subject
    };
    let claimed = |properties: Value| with_properties(record("new"), properties);
    for (what, body, decision) in [
        ("a stored manager", asked(user("alice"), "view", record("1")), true),
        ("the same department", asked(user("bob"), "view", record("1")), true),
        ("another department", asked(user("bob"), "view", record("2")), false),
        ("an unknown user", asked(user("nobody"), "view", record("1")), false),
        ("an unknown resource", asked(user("bob"), "view", record("99")), false),
        ("an unknown action", asked(user("alice"), "fly", record("1")), false),
        ("an action as a group", asked(user("alice"), "Action", record("1")), false),
        ("a type no one declares", asked(json!({ "type": "robot", "id": "r2" }), "view", record("1")), false),
        ("a type that can be none", asked(json!({ "type": "urn:x:y z", "id": "" }), "view", record("1")), false),
        ("an empty type and id", asked(json!({ "type": "", "id": "" }), "view", record("1")), false),
        ("the types the wrong way round", asked(record("1"), "view", user("alice")), false),
        (
            "a claim about something not stored",
            asked(user("bob"), "view", claimed(json!({ "department": "Legal" }))),
            true,
        ),
        (
            "a claim against what is stored",
            asked(user("bob"), "view", with_properties(record("2"), json!({ "department": "Legal" }))),
            false,
        ),
        (
            "a role claimed over the stored one",
            asked(with_properties(user("bob"), json!({ "role": "manager" })), "view", record("2")),
            false,
        ),
        (
            "a role claimed where none is stored",
            asked(with_properties(user("carol"), json!({ "role": "manager" })), "view", record("2")),
            false,
        ),
        (
            "a role claimed of somebody who is not stored",
            asked(with_properties(user("guest"), json!({ "role": "manager" })), "view", record("2")),
            true,
        ),
        ("undeclared members", asked(user("alice"), "view", claimed(json!({ "colour": { "__entity": 1 } }))), true),
        ("null is nothing", asked(user("alice"), "view", claimed(json!({ "department": null }))), true),
        ("a declared member of another type", asked(user("alice"), "view", claimed(json!({ "department": 7 }))), false),
        (
            "an entity is never claimed",
            asked(
                user("alice"),
                "edit",
                claimed(json!({ "owner": { "__entity": { "type": "user", "id": "alice" } } })),
            ),
            false,
        ),
        ("nor by its id", asked(user("alice"), "edit", claimed(json!({ "owner": "alice" }))), false),
        ("a whole number", asked(user("bob"), "edit", claimed(json!({ "level": 7 }))), true),
        ("a whole number as a double", asked(user("bob"), "edit", claimed(json!({ "level": 7.0 }))), true),
        ("a fraction is no whole number", asked(user("bob"), "edit", claimed(json!({ "level": 7.5 }))), false),
        ("a number too large", asked(user("bob"), "edit", claimed(json!({ "level": 1e30 }))), false),
        ("a decimal with too many places", asked(user("alice"), "view", claimed(json!({ "price": 1.23456 }))), false),
        (
            "a rule that errs refuses, though another permits",
            asked(user("alice"), "view", claimed(json!({ "level": 3 }))),
            false,
        ),
    ] {
        let answer = server.post(EVALUATION, &body);
        assert_eq!(answer.status, 200, "{what}: {}", answer.text);
        assert_eq!(answer.json()["decision"], decision, "{what}: {}", answer.text);
    }
    let mut body = asked(user("alice"), "view", claimed(json!({ "level": 3 })));
    assert_eq!(server.post(EVALUATION, &body).json()["context"]["reason"], "rule_error");
    body = asked(user("alice"), "view", claimed(json!({ "department": 7 })));
    assert_eq!(server.post(EVALUATION, &body).json()["context"]["reason"], "invalid_property");
}

#[test]
fn context_is_optional_and_what_is_said_of_the_action_cannot_be_forged_through_it() {
    let (server, _data) = world();
    let ask = |action: Value, context: Option<Value>| {
        let mut body = json!({ "subject": user("bob"), "action": action, "resource": record("3") });
        if let Some(context) = context {
            body["context"] = context;
        }
        server.post(EVALUATION, &body).json()["decision"].as_bool().unwrap()
    };
    let delete = json!({ "name": "delete" });
    assert!(!ask(delete.clone(), None));
    assert!(!ask(delete.clone(), Some(json!(null))));
    assert!(ask(delete.clone(), Some(json!({ "hour": 9, "time": "1985-10-26T01:22-07:00", "x": [1, { "y": null }] }))));
    assert!(!ask(delete.clone(), Some(json!({ "hour": 13 }))));
    assert!(!ask(delete, Some(json!({ "hour": "9" }))), "a declared member of another type refuses");
    assert!(ask(json!({ "name": "import_file", "properties": { "method": "POST" } }), None));
    assert!(!ask(json!({ "name": "import_file" }), Some(json!({ "action": { "method": "POST" } }))));
    assert!(!ask(
        json!({ "name": "import_file", "properties": { "method": "GET" } }),
        Some(json!({ "action": { "method": "POST" } }))
    ));
}

#[test]
fn a_batch_takes_defaults_whole_and_fails_in_band() {
    let (server, _data) = world();
    let ask = |body: Value| server.post(EVALUATIONS, &body);
    let decisions = |answer: &Answer| -> Vec<bool> {
        let items = answer.json()["evaluations"].as_array().unwrap_or_else(|| panic!("{}", answer.text)).clone();
        items.iter().map(|item| item["decision"].as_bool().unwrap()).collect()
    };
    let view = json!({ "name": "view" });
    for (what, body, expected) in [
        (
            "defaults for what an element has not",
            json!({ "subject": user("bob"), "action": view, "evaluations": [{ "resource": record("1") }, { "resource": record("2") }] }),
            vec![true, false],
        ),
        (
            "an element that has nothing inherits everything",
            json!({ "subject": user("bob"), "action": view, "resource": record("1"), "evaluations": [{}, {}] }),
            vec![true, true],
        ),
        (
            "a member replaces the default whole",
            json!({
                "subject": { "type": "user", "id": "guest", "properties": { "role": "manager" } }, "action": view, "resource": record("1"),
                "evaluations": [{}, { "subject": user("guest") }, { "subject": { "id": "guest" } }]
            }),
            vec![true, false, false],
        ),
        (
            "context members are not merged",
            json!({
                "subject": user("bob"), "action": { "name": "delete" }, "resource": record("1"), "context": { "hour": 9 },
                "evaluations": [{}, { "context": { "other": 1 } }, { "context": null }]
            }),
            vec![true, false, true],
        ),
        (
            "a default that nobody uses is not looked at",
            json!({ "subject": user("bob"), "action": view, "resource": {}, "evaluations": [{ "resource": record("1") }] }),
            vec![true],
        ),
        (
            "what is no evaluation is a no in its place",
            json!({ "subject": user("alice"), "action": view, "evaluations": [{ "resource": record("1") }, "x", null, [], { "resource": { "type": 1 } }, { "resource": record("2") }] }),
            vec![true, false, false, false, false, true],
        ),
        (
            "even when every one fails",
            json!({ "evaluations": [{ "action": view, "resource": record("1") }] }),
            vec![false],
        ),
        (
            "all are answered unless it is said otherwise",
            json!({ "subject": user("bob"), "action": view, "options": { "another": true }, "evaluations": [{ "resource": record("2") }, { "resource": record("1") }] }),
            vec![false, true],
        ),
        (
            "it stops after the first no",
            json!({ "subject": user("bob"), "action": view, "options": { "evaluations_semantic": "deny_on_first_deny" }, "evaluations": [{ "resource": record("1") }, { "resource": record("2") }, { "resource": record("1") }] }),
            vec![true, false],
        ),
        (
            "a failure counts as a no",
            json!({ "subject": user("bob"), "action": view, "options": { "evaluations_semantic": "deny_on_first_deny" }, "evaluations": [{}, { "resource": record("1") }] }),
            vec![false],
        ),
        (
            "it stops after the first yes",
            json!({ "subject": user("bob"), "action": view, "options": { "evaluations_semantic": "permit_on_first_permit" }, "evaluations": [{ "resource": record("2") }, { "resource": record("1") }, { "resource": record("1") }] }),
            vec![false, true],
        ),
        (
            "no yes leaves all of them",
            json!({ "subject": user("bob"), "action": view, "options": { "evaluations_semantic": "permit_on_first_permit" }, "evaluations": [{ "resource": record("2") }, { "resource": record("2") }] }),
            vec![false, false],
        ),
    ] {
        let answer = ask(body);
        assert_eq!(answer.status, 200, "{what}: {}", answer.text);
        assert_eq!(decisions(&answer), expected, "{what}");
        // An answer is bare; what is no evaluation says so.
        let items = answer.json()["evaluations"].as_array().unwrap().clone();
        let bare =
            items.iter().all(|item| item.as_object().unwrap().len() == 1 || item["context"]["error"].is_object());
        assert!(bare && answer.json().as_object().unwrap().len() == 1, "{what}: {}", answer.text);
    }
    for (what, body) in [
        ("no evaluations", asked(user("alice"), "view", record("1"))),
        ("an empty list", {
            let mut body = asked(user("alice"), "view", record("1"));
            body["evaluations"] = json!([]);
            body
        }),
    ] {
        let answer = ask(body);
        assert_eq!(answer.json()["decision"], true, "{what} is a single question: {}", answer.text);
        assert!(answer.json().get("evaluations").is_none());
    }
    for (what, body) in [
        ("evaluations that are no list", json!({ "evaluations": {} })),
        ("an unknown semantic", json!({ "options": { "evaluations_semantic": "all" }, "evaluations": [{}] })),
        ("a semantic that is no text", json!({ "options": { "evaluations_semantic": 1 }, "evaluations": [{}] })),
        ("options that are no object", json!({ "options": [], "evaluations": [{}] })),
        ("too many", json!({ "evaluations": vec![json!({}); 10_001] })),
        ("far too many", json!({ "evaluations": vec![json!({}); 100_000] })),
    ] {
        assert_eq!(ask(body).status, 400, "{what}");
    }
    let ten_thousand = ask(
        json!({ "subject": user("alice"), "action": view, "resource": record("1"), "evaluations": vec![json!({}); 10_000] }),
    );
    assert_eq!((ten_thousand.status, decisions(&ten_thousand).len()), (200, 10_000));
}

#[test]
fn a_body_that_is_too_large_is_a_413_and_the_server_goes_on() {
    let (server, _data) = world();
    let large = format!("{{\"x\":\"{}\"}}", "y".repeat(10 * 1024 * 1024));
    let answer = server.send("POST", EVALUATION, &[JSON], Some(large.as_bytes()));
    assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));
    let brackets = "[".repeat(1024 * 1024 - 1);
    assert_eq!(raw(&server, EVALUATION, brackets.as_bytes()).status, 400);
    assert_eq!(server.post(EVALUATION, &asked(user("alice"), "view", record("1"))).status, 200);
}

#[test]
fn a_request_id_comes_back_on_every_answer_and_equal_questions_get_equal_bodies() {
    let (server, _data) = world();
    let body = asked(user("alice"), "view", record("1")).to_string();
    let id = ("x-request-id", "conformance-8b1c0000-1111-2222-3333-444455556666");
    for (method, path, headers, body) in [
        ("POST", EVALUATION, vec![JSON, id], body.as_str()),
        ("POST", EVALUATION, vec![JSON, id], "{"),
        ("POST", EVALUATION, vec![id], body.as_str()),
        ("PUT", EVALUATION, vec![JSON, id], body.as_str()),
        ("POST", "/nothing/here", vec![JSON, id], body.as_str()),
    ] {
        let answer = server.send(method, path, &headers, Some(body.as_bytes()));
        assert_eq!(answer.header("x-request-id"), Some(id.1), "{method} {path} {}", answer.status);
    }
    assert_eq!(raw(&server, EVALUATION, body.as_bytes()).header("x-request-id"), None);
    let first = raw(&server, EVALUATION, body.as_bytes());
    let again = server.send("POST", EVALUATION, &[JSON, ("authorization", "undefined")], Some(body.as_bytes()));
    assert_eq!(first.text, again.text, "with credentials off, whatever comes as credentials is ignored");
}

#[test]
fn discovery_names_the_public_url_and_nothing_empty() {
    let data = tempfile::tempdir().unwrap();
    let settings = data.path().join("settings.toml");
    std::fs::write(&settings, "public_url = \"https://pdp.example\"").unwrap();
    let server = Server::start(data.path(), &["--anonymous", "--config", settings.to_str().unwrap()]);
    let answer = server.get("/.well-known/authzen-configuration");
    assert_eq!(answer.status, 200);
    assert!(answer.header("cache-control").is_some_and(|held| held.starts_with("max-age=")));
    let metadata = answer.json();
    let base = metadata["policy_decision_point"].as_str().unwrap();
    assert_eq!(base, "https://pdp.example");
    for (member, path) in [
        ("access_evaluation_endpoint", "/access/v1/evaluation"),
        ("access_evaluations_endpoint", "/access/v1/evaluations"),
        ("search_subject_endpoint", "/access/v1/search/subject"),
        ("search_resource_endpoint", "/access/v1/search/resource"),
        ("search_action_endpoint", "/access/v1/search/action"),
    ] {
        assert_eq!(metadata[member], format!("{base}{path}"));
    }
    assert_eq!(metadata.as_object().unwrap().len(), 6, "no capabilities while there are none");
}

#[test]
fn a_world_has_decisions_and_no_relationships() {
    let (server, _data) = world();
    for path in ["/v1/partners", "/v1/customers/c/partners", "/v1/changes"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    let answer = server.post(EVALUATION, &asked(user("alice"), "view", record("1")));
    let seq = answer.header("standing-decision").unwrap();
    let record = server.get(&format!("/v1/decisions/{seq}")).json();
    assert_eq!(record["question"]["subject"]["id"], "alice");
    assert_eq!(record["world"].as_str().unwrap().len(), 64);
}

const SUBJECTS: &str = "/access/v1/search/subject";
const RESOURCES: &str = "/access/v1/search/resource";
const ACTIONS: &str = "/access/v1/search/action";

#[test]
fn a_search_takes_the_body_of_its_kind_and_finds_nothing_for_what_is_unknown() {
    let (server, _data) = world();
    let view = json!({ "name": "view" });
    for (what, path, body, results) in [
        (
            "who may view it",
            SUBJECTS,
            json!({ "subject": { "type": "user" }, "action": view, "resource": record("1") }),
            json!([user("alice"), user("bob")]),
        ),
        (
            "an id where the hole is, is ignored",
            SUBJECTS,
            json!({ "subject": user("carol"), "action": view, "resource": record("1") }),
            json!([user("alice"), user("bob")]),
        ),
        (
            "what may be viewed",
            RESOURCES,
            json!({ "subject": user("bob"), "action": view, "resource": { "type": "record", "properties": { "department": "Legal" } } }),
            json!([record("1")]),
        ),
        (
            "what may be done",
            ACTIONS,
            json!({ "subject": user("alice"), "resource": record("1"), "action": { "name": 7 } }),
            json!([{ "name": "edit" }, { "name": "view" }]),
        ),
        (
            "an unknown subject",
            RESOURCES,
            json!({ "subject": user("nobody"), "action": view, "resource": { "type": "record" } }),
            json!([]),
        ),
        (
            "an unknown action",
            RESOURCES,
            json!({ "subject": user("alice"), "action": { "name": "fly" }, "resource": { "type": "record" } }),
            json!([]),
        ),
        (
            "an unknown type",
            SUBJECTS,
            json!({ "subject": { "type": "urn:robot" }, "action": view, "resource": record("1") }),
            json!([]),
        ),
        ("an unknown resource", ACTIONS, json!({ "subject": user("nobody"), "resource": record("99") }), json!([])),
    ] {
        let answer = server.post(path, &body);
        assert_eq!((answer.status, answer.json()), (200, json!({ "results": results })), "{what}");
    }
    let ambiguous = json!({ "subject": { "type": "user" }, "action": view, "resource": { "type": "record" } });
    let hole = json!({ "type": "record" });
    for (path, body) in [
        (SUBJECTS, ambiguous.clone()),
        (RESOURCES, ambiguous.clone()),
        (ACTIONS, ambiguous),
        (SUBJECTS, json!({ "action": view, "resource": record("1") })),
        (RESOURCES, json!({ "subject": user("alice"), "resource": hole })),
        (RESOURCES, json!({ "subject": user("alice"), "action": view, "resource": {} })),
        (ACTIONS, json!({ "subject": user("alice") })),
        (RESOURCES, json!({ "subject": user("alice"), "action": view, "resource": hole, "page": [] })),
        (RESOURCES, json!({ "subject": user("alice"), "action": view, "resource": hole, "page": { "limit": -1 } })),
        (RESOURCES, json!({ "subject": user("alice"), "action": view, "resource": hole, "page": { "limit": 1.5 } })),
        (RESOURCES, json!({ "subject": user("alice"), "action": view, "resource": hole, "page": { "limit": "1" } })),
        (RESOURCES, json!({ "subject": user("alice"), "action": view, "resource": hole, "page": { "token": 1 } })),
        (RESOURCES, json!({ "subject": user("alice"), "action": view, "resource": hole, "page": { "token": "x" } })),
        (RESOURCES, json!([])),
    ] {
        assert_eq!(server.post(path, &body).status, 400, "{path} {body}");
    }
}

#[test]
fn pages_of_a_search_put_together_are_the_whole_and_a_token_serves_its_own_search() {
    let (server, _data) = world();
    let search = |subject: &str, page: Value| {
        server.post(
            RESOURCES,
            &json!({ "subject": user(subject), "action": { "name": "view" }, "resource": { "type": "record" }, "page": page }),
        )
    };
    let whole = search("alice", Value::Null).json()["results"].clone();
    assert_eq!(whole.as_array().unwrap().len(), 3);
    for limit in 1..=4 {
        for repeats_limit in [true, false] {
            let mut found = Vec::new();
            let mut page = json!({ "limit": limit, "unknown": true });
            loop {
                let answer = search("alice", page);
                assert!(answer.text.starts_with("{\"page\":"), "the page is told first: {}", answer.text);
                let shown = answer.json();
                assert_eq!(shown["page"]["count"], shown["results"].as_array().unwrap().len());
                found.extend(shown["results"].as_array().unwrap().clone());
                let token = shown["page"]["next_token"].as_str().unwrap().to_owned();
                if token.is_empty() {
                    break;
                }
                page =
                    if repeats_limit { json!({ "token": token, "limit": limit }) } else { json!({ "token": token }) };
            }
            assert_eq!(json!(found), whole, "{limit} at a time");
        }
    }
    let token = search("alice", json!({ "limit": 1 })).json()["page"]["next_token"].clone();
    assert_eq!(search("bob", json!({ "token": token })).status, 400, "another subject");
    assert_eq!(search("alice", json!({ "token": token, "limit": 2 })).status, 400, "another limit");
    let nothing = search("alice", json!({ "limit": 0 })).json();
    assert_eq!(nothing["results"], json!([]));
    assert_ne!(nothing["page"]["next_token"], "", "there is something");
    assert_eq!(search("nobody", json!({ "limit": 0 })).json()["page"]["next_token"], "");
}

#[test]
fn claims_about_one_entity_in_two_places_do_not_undo_each_other() {
    let (server, _data) = world();
    let claiming = |properties: Value| json!({ "type": "user", "id": "mallory", "properties": properties });
    let blocked = claiming(json!({ "role": "manager", "tags": ["blocked"] }));
    let unblocked = claiming(json!({ "role": "manager" }));
    for (subject, resource, decision) in [
        (&unblocked, &unblocked, true),
        (&blocked, &blocked, false),
        (&blocked, &unblocked, false),
        (&unblocked, &blocked, false),
    ] {
        let answer = server.post(EVALUATION, &asked(subject.clone(), "meet", resource.clone()));
        assert_eq!((answer.status, &answer.json()["decision"]), (200, &json!(decision)), "{}", answer.text);
    }
}

#[test]
fn a_batch_whose_defaults_would_be_copied_beyond_measure_is_refused() {
    let (server, _data) = world();
    let large = "x".repeat(400_000);
    let body = json!({
        "subject": user("alice"), "action": { "name": "view" }, "resource": record("1"), "context": { "note": large },
        "evaluations": vec![json!({}); 1_000],
    });
    let answer = server.post(EVALUATIONS, &body);
    assert_eq!((answer.status, answer.code().as_str()), (413, "batch_too_large"));
}

/// The names of members, at every depth.
fn members(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| members(item, into)),
        Value::Object(named) => named.iter().for_each(|(name, value)| {
            into.push(name.clone());
            members(value, into);
        }),
        _ => {}
    }
}

#[test]
fn what_a_partner_owes_stands_in_duties_and_obligations_stay_free() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    let office = json!({ "type": "Subscription", "id": "s-office" });
    let contoso = json!({ "type": "Partner", "id": "contoso" });
    let of = |action: &str| asked(contoso.clone(), action, office.clone());
    let owed = json!(["provideSupport", "adhereToResellerAgreement"]);
    let mut said = Vec::new();
    // Whatever the verdict, and as strings.
    for (action, is_yes) in [("removeSeats", true), ("provideSupport", false)] {
        let answer = server.post(EVALUATION, &of(action));
        assert_eq!(answer.json()["decision"], is_yes, "{action}: {}", answer.text);
        assert_eq!(answer.json()["context"]["duties"], owed, "{action}: {}", answer.text);
        let record = server.get(&format!("/v1/decisions/{}", answer.header("standing-decision").unwrap())).json();
        said.extend([answer.json(), record]);
    }
    let batch = json!({ "evaluations": [of("removeSeats"), of("provideSupport")] });
    let explained = server.post(&format!("{EVALUATIONS}?explain=true"), &batch).json();
    for (element, is_yes) in explained["evaluations"].as_array().unwrap().iter().zip([true, false]) {
        assert_eq!((&element["decision"], &element["context"]["duties"]), (&json!(is_yes), &owed), "{explained}");
    }
    let search = asked(contoso.clone(), "removeSeats", json!({ "type": "Subscription" }));
    let found = server.post("/access/v1/search/resource?explain=true", &search).json();
    assert_eq!(found["context"]["decisions"][0]["duties"], owed, "{found}");
    // Who owes nothing has no such member.
    let stranger =
        server.post(EVALUATION, &asked(json!({ "type": "Partner", "id": "stranger" }), "removeSeats", office));
    assert_eq!(stranger.json()["context"].get("duties"), None, "{}", stranger.text);
    said.extend([explained, found, stranger.json(), server.get("/openapi.json").json()]);
    for value in said {
        let mut names = Vec::new();
        members(&value, &mut names);
        assert!(!names.iter().any(|name| name == "obligations"), "{value}");
    }
}

#[test]
fn a_world_is_served_from_within_its_own_folder_whose_policies_are_no_rules_of_relationships() {
    let data = tempfile::tempdir().unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(WORLD);
    let server = Server::start_in(&folder, data.path(), &["--anonymous", "--world", "."]);
    let asked = serde_json::json!({
        "subject": { "type": "user", "id": "alice" }, "action": { "name": "view" },
        "resource": { "type": "record", "id": "1" },
    });
    assert_eq!(server.post("/access/v1/evaluation", &asked).json()["decision"], true);
}
