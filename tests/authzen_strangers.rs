//! What clients and gateways of others send to the endpoints of AuthZEN, and how they are answered.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Server, question, standing};

const WORLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authzen/world");
const JSON: (&str, &str) = ("content-type", "application/json");
const CONFIGURATION: &str = "/.well-known/authzen-configuration";

fn world() -> (Server, TempDir) {
    let data = tempfile::tempdir().unwrap();
    (Server::start(data.path(), &["--anonymous", "--world", WORLD]), data)
}

fn demo() -> (Server, TempDir) {
    let data = tempfile::tempdir().unwrap();
    (Server::start(data.path(), &["--demo"]), data)
}

fn of_contoso() -> Value {
    question("contoso", "removeSeats", "Subscription", "s-office")
}

#[test]
fn an_element_that_is_no_evaluation_always_says_what_is_wrong_with_it() {
    let (server, _data) = demo();
    let body = json!({
        "subject": { "type": "Partner", "id": "contoso" }, "action": { "name": "removeSeats" },
        "evaluations": [
            { "resource": { "type": "Subscription", "id": "s-office" } },
            { "resource": { "type": "Subscription" } },
            {},
            "x",
            { "resource": { "type": "Subscription", "id": 7 } },
            { "resource": { "type": "Subscription", "id": "s-office" }, "context": [] },
            { "resource": { "type": "Subscription", "id": "s-office" }, "action": null },
        ],
    });
    for query in ["", "?explain=false", "?explain=true"] {
        let answer = server.post(&format!("/access/v1/evaluations{query}"), &body);
        let answers = answer.json()["evaluations"].as_array().unwrap().clone();
        assert_eq!(answers.len(), 7, "{}", answer.text);
        assert_eq!(answers[0]["decision"], true);
        if query != "?explain=true" {
            assert_eq!(answers[0], json!({ "decision": true }), "what is one stays bare");
        }
        let said = |index: usize| answers[index]["context"]["error"]["message"].as_str().unwrap().to_owned();
        for (index, about) in [
            (1, "`resource.id` is missing"),
            (2, "`resource` is missing"),
            (3, "the element is not an object"),
            (4, "`resource.id` is not a string"),
            (5, "`context` is not an object"),
            (6, "`action` is missing"),
        ] {
            assert_eq!(
                (&answers[index]["decision"], &answers[index]["context"]["error"]["status"]),
                (&json!(false), &json!(400))
            );
            assert!(said(index).starts_with(about), "{index}: {}", said(index));
        }
        assert_eq!(server.post(&format!("/access/v1/evaluations{query}"), &body).json()["evaluations"], json!(answers));
    }
}

#[test]
fn every_element_of_a_batch_has_a_record_in_its_place() {
    for (server, _data) in [demo(), world()] {
        let whole = of_contoso();
        let body = json!({ "evaluations": [{}, whole, "x", whole, { "subject": 7 }] });
        let answer = server.post("/access/v1/evaluations", &body);
        let header = answer.header("standing-decision").unwrap();
        let (first, last) = header.split_once('-').unwrap();
        let (first, last): (u64, u64) = (first.parse().unwrap(), last.parse().unwrap());
        assert_eq!(last - first, 4, "one record an element: {header}");
        let answers = answer.json()["evaluations"].as_array().unwrap().clone();
        for (seq, answer) in (first..).zip(&answers) {
            let record = server.get(&format!("/v1/decisions/{seq}")).json();
            assert_eq!(
                (&record["asked"], &record["decision"]),
                (&json!("evaluation"), &answer["decision"]),
                "{record}"
            );
            let error = &answer["context"]["error"]["message"];
            assert_eq!(record.get("invalid"), Some(error).filter(|error| error.is_string()), "{record}");
            let replayed = server.send("POST", &format!("/v1/decisions/{seq}/replay"), &[], None).json();
            assert_eq!(replayed["same"], true, "{replayed}");
        }
        let none = server.post("/access/v1/evaluations", &json!({ "evaluations": [{}] }));
        let alone: u64 =
            none.header("standing-decision").unwrap().parse().expect("one record, even when every one fails");
        let stopped =
            json!({ "options": { "evaluations_semantic": "deny_on_first_deny" }, "evaluations": [{}, whole] });
        let stopped = server.post("/access/v1/evaluations", &stopped);
        assert_eq!(
            stopped.header("standing-decision").unwrap(),
            (alone + 1).to_string(),
            "and none of what was not looked at"
        );
        let found = server.get("/v1/decisions?asked=evaluation&order=newest&limit=1");
        assert_eq!(
            (found.status, &found.json()["decisions"][0]["invalid"]),
            (200, &json!("`subject` is missing; give it")),
            "{}",
            found.text
        );
    }
}

#[test]
fn parameters_and_headers_that_are_not_ours_are_passed_over() {
    let (server, _data) = demo();
    let bodies = [
        ("/access/v1/evaluation", of_contoso()),
        ("/access/v1/evaluations", json!({ "evaluations": [of_contoso()] })),
        ("/access/v1/search/subject", of_contoso()),
        ("/access/v1/search/resource", of_contoso()),
        ("/access/v1/search/action", of_contoso()),
    ];
    for (path, body) in &bodies {
        let plain = server.post(path, body);
        assert_eq!(plain.status, 200, "{path}: {}", plain.text);
        for query in [
            "?subscription-key=7",
            "?utm_source=a&utm_source=b",
            "?explian=true",
            "?api-version=2024-01-01&%F0%9F%A6%80",
            "?=&&",
            "?at-least=7",
        ] {
            let answer = server.post(&format!("{path}{query}"), body);
            assert_eq!((answer.status, &answer.text), (200, &plain.text), "{path}{query}");
        }
        for header in [
            ("if-match", "\"33a64df551425fcc55e4d42a148795d9f25f89d4\""),
            ("if-match", "*"),
            ("if-match", "\"a\", \"b\""),
            ("if-none-match", "*"),
            ("if-unmodified-since", "Wed, 21 Oct 2015 07:28:00 GMT"),
            ("idempotency-key", ""),
            ("idempotency-key", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\" and more"),
            ("prefer", "return=minimal"),
            ("cookie", "session=1"),
        ] {
            let answer = server.send("POST", path, &[JSON, header], Some(body.to_string().as_bytes()));
            assert_eq!((answer.status, &answer.text), (200, &plain.text), "{path} {header:?}");
        }
        // What is ours has one meaning or none.
        for query in
            ["?explain=perhaps", "?explain=true&explain=false", "?as_of=yesterday", "?rules=0000", "?at_least=-1"]
        {
            assert_eq!(server.post(&format!("{path}{query}"), body).status, 400, "{path}{query}");
        }
    }
    let metadata = server.get(&format!("{CONFIGURATION}?cache=no&cache=yes"));
    assert_eq!((metadata.status, metadata.json()), (200, server.get(CONFIGURATION).json()));
    // On our own calls a slip would silently do more than was meant.
    for path in ["/v1/partners?limt=1", "/v1/partners?limit=1&limit=2"] {
        assert_eq!(server.get(path).status, 400, "{path}");
    }
    let noun = json!({ "name": "Adatum" }).to_string();
    for header in [("if-match", "\"33a64\""), ("idempotency-key", "a b")] {
        let answer = server.send("PUT", "/v1/customers/adatum", &[JSON, header], Some(noun.as_bytes()));
        assert_eq!(answer.status, 400, "{header:?}: {}", answer.text);
    }
}

#[test]
fn an_error_comes_as_plain_json_to_whoever_does_not_take_problems() {
    let (server, _data) = demo();
    let told = |method: &str, path: &str, accept: Option<&str>| {
        let headers: Vec<(&str, &str)> = accept.map(|accept| ("accept", accept)).into_iter().chain([JSON]).collect();
        let answer = server.send(method, path, &headers, Some(b"{"));
        assert!(answer.status >= 400, "{method} {path}: {}", answer.text);
        let answered = (answer.header("content-type").unwrap().to_owned(), answer.json());
        assert_eq!(answered.1["status"], answer.status, "{}", answer.text);
        answered
    };
    let (problem, plain) = ("application/problem+json", "application/json");
    for (accept, media) in [
        (None, problem),
        (Some("*/*"), problem),
        (Some("application/json, text/plain, */*"), problem),
        (Some("application/*"), problem),
        (Some("application/problem+json"), problem),
        (Some("application/json, Application/Problem+JSON;q=0.5"), problem),
        (Some("application/json"), plain),
        (Some("application/json; charset=utf-8"), plain),
        (Some("text/html"), plain),
        (Some("application/json, application/problem+json;q=0"), plain),
        (Some("application/problem+json;q=0.000, */*"), plain),
        (Some("*/*;q=0"), plain),
    ] {
        let of_a_question = told("POST", "/access/v1/evaluation", accept);
        assert_eq!(of_a_question.0, media, "{accept:?}");
        assert_eq!(of_a_question.1["code"], "invalid_json", "the same body");
        assert_eq!(told("PUT", "/access/v1/search/subject", accept).0, media, "a method: {accept:?}");
        assert_eq!(told("POST", "/access/v1/nothing", accept).0, media, "a path: {accept:?}");
        assert_eq!(told("POST", CONFIGURATION, accept).0, media, "the metadata: {accept:?}");
        assert_eq!(told("PUT", "/v1/partners/p", accept).0, problem, "our own calls: {accept:?}");
    }
}

#[test]
fn a_whole_number_is_a_limit_however_it_is_written_and_a_fraction_is_none() {
    let (server, _data) = demo();
    let search = |page: &str| {
        let body = format!(
            r#"{{"subject":{{"type":"Partner","id":"contoso"}},"action":{{"name":"receiveBill"}},"resource":{{"type":"Subscription"}},"page":{page}}}"#
        );
        server.send("POST", "/access/v1/search/resource", &[JSON], Some(body.as_bytes()))
    };
    for (limit, results) in
        [("1", 1), ("1.0", 1), ("1e0", 1), ("10e-1", 1), ("2.00", 2), ("0", 0), ("0.0", 0), ("-0", 0)]
    {
        let answer = search(&format!(r#"{{"limit":{limit}}}"#));
        assert_eq!(answer.status, 200, "{limit}: {}", answer.text);
        assert_eq!(answer.json()["results"].as_array().unwrap().len(), results, "{limit}");
    }
    for limit in ["1e300", "18446744073709551616"] {
        assert_eq!(search(&format!(r#"{{"limit":{limit}}}"#)).status, 200, "more than there can be is all: {limit}");
    }
    for limit in ["1.5", "-1", "-1.0", "1e-1", "\"1\"", "true", "[1]", "{}"] {
        assert_eq!(search(&format!(r#"{{"limit":{limit}}}"#)).status, 400, "{limit}");
    }
    let first = search(r#"{"limit":1.0}"#).json();
    let token = first["page"]["next_token"].as_str().unwrap();
    assert_eq!(search(&format!(r#"{{"token":"{token}","limit":1}}"#)).status, 200, "it is the same limit");
}

#[test]
fn a_token_serves_the_request_it_was_given_for_and_an_empty_one_is_the_first_page() {
    let (server, _data) = demo();
    let search = |query: &str, context: &Value, page: Value| {
        let body = json!({
            "subject": { "type": "Partner", "id": "contoso", "properties": { "said": 1 } }, "action": { "name": "receiveBill" },
            "resource": { "type": "Subscription" }, "context": context, "page": page,
        });
        server.post(&format!("/access/v1/search/resource{query}"), &body)
    };
    let context = json!({ "a": 1, "b": { "c": 2, "d": 3 } });
    let sorted = json!({ "sort": "id", "descending": true });
    let token_of = |page: Value| {
        let answer = search("", &context, page);
        let token = answer.json()["page"]["next_token"].as_str().unwrap().to_owned();
        assert!(!token.is_empty(), "{}", answer.text);
        token
    };
    let with = token_of(json!({ "limit": 1, "properties": sorted }));
    let without = token_of(json!({ "limit": 1 }));
    for (what, token, page, status) in [
        ("the same", &with, json!({ "properties": sorted }), 200),
        ("the same in another order", &with, json!({ "properties": { "descending": true, "sort": "id" } }), 200),
        ("left out", &with, json!({}), 200),
        ("null is left out", &with, json!({ "properties": null }), 200),
        ("a value changed", &with, json!({ "properties": { "sort": "name", "descending": true } }), 400),
        ("a member less", &with, json!({ "properties": { "sort": "id" } }), 400),
        ("a member more", &with, json!({ "properties": { "sort": "id", "descending": true, "x": null } }), 400),
        ("none before", &without, json!({ "properties": sorted }), 400),
        ("none before and none now", &without, json!({ "properties": {} }), 200),
        ("another limit", &with, json!({ "properties": sorted, "limit": 2 }), 400),
    ] {
        let mut page = page;
        page["token"] = json!(token);
        let answer = search("", &context, page);
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
    }
    let page = || json!({ "token": with });
    let in_another_order = json!({ "b": { "d": 3, "c": 2 }, "a": 1 });
    assert_eq!(search("", &in_another_order, page()).status, 200, "the order of members says nothing");
    assert_eq!(search("", &json!({ "a": 2 }), page()).status, 400, "another context");
    assert_eq!(search("?as_of=1", &context, page()).status, 400, "another moment");
    assert_eq!(search("?rules=current", &context, page()).status, 400, "other rules");
    let second = search("", &context, page()).json();
    let again = json!({ "token": second["page"]["next_token"], "properties": { "sort": "name" } });
    assert_eq!(search("", &context, again).status, 400, "the token after it still knows");
    let first = search("", &context, json!({ "limit": 1, "properties": sorted })).json();
    let empty = search("", &context, json!({ "token": "", "limit": 1, "properties": sorted }));
    assert_eq!((empty.status, empty.json()), (200, first), "an empty token is none");
}

#[test]
fn a_search_with_page_properties_is_made_again_from_its_record() {
    let (server, _data) = demo();
    let mut page = json!({ "limit": 1, "properties": { "sort": "id" } });
    for _ in 0..3 {
        let mut body = of_contoso();
        body["page"] = page;
        let answer = server.post("/access/v1/search/resource", &body);
        let seq = answer.header("standing-decision").unwrap();
        let replayed = server.send("POST", &format!("/v1/decisions/{seq}/replay"), &[], None).json();
        assert_eq!((&replayed["same"], replayed.get("missing")), (&json!(true), None), "{replayed}");
        page = json!({ "token": answer.json()["page"]["next_token"] });
    }
}

/// A server with a public URL, on its data and over a world when there is one.
fn public(data: &Path, url: &str, more: &[&str]) -> Server {
    let settings = data.join("settings.toml");
    std::fs::write(&settings, format!("public_url = \"{url}\"\n")).unwrap();
    Server::start(data, &[&["--anonymous", "--config", settings.to_str().unwrap()], more].concat())
}

#[test]
fn the_metadata_of_a_decision_point_with_a_path_is_where_its_url_leads() {
    for (url, suffix) in [
        ("https://h.example/tenant1", "/tenant1"),
        ("https://h.example:8443/a/b%20c", "/a/b%20c"),
        ("https://h.example", ""),
    ] {
        for more in [&[][..], &["--world", WORLD]] {
            let data = tempfile::tempdir().unwrap();
            let server = public(data.path(), url, more);
            for path in [CONFIGURATION.to_owned(), format!("{CONFIGURATION}{suffix}")] {
                let answer = server.get(&path);
                assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{path}");
                assert_eq!(answer.json()["policy_decision_point"], url, "{path}");
                assert_eq!(answer.json()["access_evaluation_endpoint"], format!("{url}/access/v1/evaluation"));
            }
            for other in ["/tenant2", "/tenant1/", "/tenant1/x", "/TENANT1", "/", "/a", "//tenant1", "tenant1"] {
                let answer = server.get(&format!("{CONFIGURATION}{other}"));
                assert_eq!(answer.status, 404, "{url}: {other}");
            }
            let posted = server.send("POST", &format!("{CONFIGURATION}{suffix}"), &[JSON], Some(b"{}"));
            assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD")));
        }
    }
}

#[test]
fn without_a_public_url_metadata_and_links_name_what_is_served() {
    let (server, _data) = demo();
    assert!(server.base.starts_with("http://127.0.0.1:"), "{}", server.base);
    let metadata = server.get(CONFIGURATION).json();
    assert_eq!(metadata["policy_decision_point"], server.base);
    let endpoint = metadata["access_evaluation_endpoint"].as_str().unwrap();
    let answer = server.post(endpoint.strip_prefix(&server.base).unwrap(), &of_contoso());
    assert_eq!((answer.status, &answer.json()["decision"]), (200, &json!(true)), "the endpoint it names is there");
    let link = server.get("/v1/partners/contoso/relationship-request").json()["link"].as_str().unwrap().to_owned();
    let offer = server.get(link.strip_prefix(&server.base).unwrap());
    assert_eq!(offer.status, 200, "{link}: {}", offer.text);
}

#[test]
fn a_public_url_is_https_and_plain_http_for_this_machine_alone() {
    for (url, is_taken) in [
        ("http://localhost:8181", true),
        ("http://127.0.0.1:8181/tenant1", true),
        ("http://[::1]:8181", true),
        ("https://h.example", true),
        ("http://h.example", false),
        ("http://localhost.h.example", false),
        ("http://localhost@h.example", false),
        ("https://h.example/", false),
        ("https://h.example?a=b", false),
        ("h.example", false),
    ] {
        let data = tempfile::tempdir().unwrap();
        let settings = data.path().join("settings.toml");
        std::fs::write(&settings, format!("public_url = \"{url}\"\n")).unwrap();
        let arguments = ["--anonymous", "--config", settings.to_str().unwrap()];
        match Server::try_start(data.path(), &arguments) {
            Ok(server) => {
                assert!(is_taken, "{url} was taken");
                assert_eq!(server.get(CONFIGURATION).json()["policy_decision_point"], url);
            }
            Err(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                // A user in a URL may come with a password.
                let shown = url.split_once('@').map_or(url.to_owned(), |(_, host)| format!("http://***@{host}"));
                assert!(!is_taken && said.contains("`public_url`") && said.contains(&shown), "{url}: {said}");
            }
        }
    }
}

#[test]
fn a_server_without_a_public_url_says_at_the_start_what_it_names() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_standing"))
        .args(["serve", "--anonymous", "--listen", "127.0.0.1:0", "--data"])
        .arg(data.path())
        .env("CVC5", "/nowhere/cvc5")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stdout.take().unwrap()), &mut line).unwrap();
    server.kill().unwrap();
    let said = String::from_utf8_lossy(&server.wait_with_output().unwrap().stderr).into_owned();
    let base = line.split("at ").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
    let warning = said.lines().find(|line| line.contains("public_url")).unwrap_or_else(|| panic!("{said}"));
    assert!(warning.contains("WARN") && warning.contains(base), "{base}: {warning}");
}

#[test]
fn check_takes_the_circumstances_of_a_question_and_refuses_what_are_none() {
    let (server, data) = demo();
    let check = |more: &[&str]| {
        let question = ["check", "Partner::contoso", "removeSeats", "Subscription::s-office", "--json", "--data"];
        standing(&[&question[..], &[data.path().to_str().unwrap()], more].concat())
    };
    for (context, code) in [
        ("{}", 0),
        (r#"{"hour": 9, "deep": {"er": [1, null]}}"#, 0),
        ("", 64),
        ("{", 64),
        ("[]", 64),
        ("9", 64),
        ("null", 64),
        (r#""{}""#, 64),
        (r#"{"a": 1, "a": 2}"#, 64),
        ("{} {}", 64),
    ] {
        let output = check(&["--context", context]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{context}: {said}");
        assert!(code == 0 || said.contains("`--context`"), "{context}: {said}");
    }
    let (world, data_of_world) = world();
    let bob = |context: &[&str]| {
        let question = ["check", "user::bob", "delete", "record::1", "--data", data_of_world.path().to_str().unwrap()];
        standing(&[&question[..], context].concat()).status.code()
    };
    assert_eq!(world.get("/readyz").status, 200);
    assert_eq!(
        (bob(&["--context", r#"{"hour": 9}"#]), bob(&["--context", r#"{"hour": 13}"#]), bob(&[])),
        (Some(0), Some(2), Some(2))
    );
    // Before anything was told nobody may do anything, and at the newest revision the answer is today's.
    let newest = server.get("/v1/customers").header("standing-revision").unwrap().to_owned();
    for (as_of, code) in [("0", 2), (newest.as_str(), 0), ("2020-01-01T00:00:00Z", 2), ("yesterday", 64), ("999999", 1)]
    {
        let output = check(&["--as-of", as_of]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{as_of}: {said}");
    }
}
