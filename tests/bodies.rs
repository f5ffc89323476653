//! Bodies: a call that takes none refuses one, and what cannot be read is refused by its name.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};
use standing::http::{Access, Body, ROUTES, Route};

use crate::guarded::Guarded;
use crate::server::Answer;

/// A path of a route, about what is there.
fn path(route: &Route) -> String {
    let named = [
        ("{partner}", "contoso"),
        ("{customer}", "adatum"),
        ("{subscription}", "s-1"),
        ("{seq}", "1"),
        ("{proposal}", "1"),
        ("{key}", "0123456789abcdef"),
        ("{token}", "nothing"),
        ("{draft}", "nothing"),
        ("{path}", "policies/nothing.cedar"),
    ];
    let mut path = route.path.to_owned();
    for (part, name) in named {
        path = path.replace(part, name);
    }
    path.replace("{digest}", &"0".repeat(64))
}

/// The answer to a call sent byte for byte: what stands after its head is the caller's own.
fn sent(town: &Guarded, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let address = town.server.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    let credentials = format!("authorization: Bearer {}\r\n", town.operator);
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{credentials}{headers}\r\n{body}"
    )
    .unwrap();
    // A backup is no text.
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.split(' ').nth(1).unwrap_or_else(|| panic!("{text}")).parse().unwrap();
    (status, text)
}

#[test]
fn whoever_sends_a_large_body_that_is_not_taken_gets_the_answer() {
    let town = Guarded::new();
    let body = "x".repeat(24 * 1024 * 1024);
    let (length, json) = (format!("content-length: {}\r\n", body.len()), "content-type: application/json\r\n");
    let coded = format!("{length}{json}content-encoding: gzip\r\n");
    for (method, path, headers, code) in [
        ("POST", "/access/v1/evaluation", format!("{length}{json}"), (413, "body_too_large")),
        ("PUT", "/v1/partners/contoso", format!("{length}{json}"), (413, "body_too_large")),
        ("POST", "/access/v1/evaluation", coded, (415, "content_encoding")),
        ("GET", "/v1/partners", length.clone(), (400, "body_not_taken")),
        ("POST", "/nothing/here", length.clone(), (404, "no_such_route")),
        ("PATCH", "/v1/partners", length.clone(), (405, "method_not_allowed")),
        ("PUT", "/v1/partners/contoso", format!("{length}{json}if-match: never\r\n"), (400, "invalid_if_match")),
    ] {
        let (status, said) = sent(&town, method, path, &headers, &body);
        assert!((status, said.contains(code.1)) == (code.0, true), "{method} {path}: {said}");
    }
}

#[test]
fn whoever_waits_to_be_told_to_go_on_is_not_told_so_when_the_body_is_not_taken() {
    let town = Guarded::new();
    for (path, length, refused) in [("/nothing/here", 20, 404), ("/access/v1/evaluation", 25_165_824, 413)] {
        let json = "content-type: application/json\r\n";
        let headers = format!("content-length: {length}\r\nexpect: 100-continue\r\n{json}");
        let (status, said) = sent(&town, "POST", path, &headers, "");
        assert!(status == refused && !said.contains("100 Continue"), "{said}");
    }
}

fn revision(town: &Guarded) -> Value {
    town.server.get("/readyz").json()["revision"].clone()
}

#[test]
fn a_body_on_a_call_that_takes_none_is_refused_before_anything_happens() {
    let town = Guarded::new();
    let before = revision(&town);
    let text = json!({ "service": "mail", "rules": "current" }).to_string();
    let mut refused = 0;
    for route in ROUTES.iter().filter(|route| route.body == Body::None) {
        let (method, path) = (route.method.as_str(), path(route));
        let answer = town.by(&town.operator, method, &path, Some(&json!({ "service": "mail" })));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "body_not_taken"),
            "{method} {path}: {}",
            answer.text
        );
        let chunked = format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len());
        let (status, said) = sent(&town, method, &path, "transfer-encoding: chunked\r\n", &chunked);
        assert!(status == 400 && said.contains("body_not_taken"), "{method} {path}: {said}");
        if method == "GET" {
            let length = format!("content-length: {}\r\n", text.len());
            let (status, _) = sent(&town, "HEAD", &path, &length, &text);
            assert_eq!(status, 400, "HEAD {path}");
        }
        refused += 1;
    }
    assert!(refused > 30, "only {refused} routes take no body");
    assert_eq!(revision(&town), before);
    let partners = town.by(&town.operator, "GET", "/v1/customers/adatum/partners", None).json();
    let services = partners["partners"][0]["services"].as_array().unwrap();
    assert!(services.iter().all(|held| held["delegatedAdministrator"] == true), "{partners}");
}

#[test]
fn an_empty_body_is_none_however_it_is_sent() {
    let town = Guarded::new();
    for route in ROUTES.iter().filter(|route| route.body == Body::None) {
        let (method, path) = (route.method.as_str(), path(route));
        for (headers, body) in [
            ("", ""),
            ("content-length: 0\r\n", ""),
            ("content-type: application/json\r\ncontent-length: 0\r\n", ""),
            ("transfer-encoding: chunked\r\n", "0\r\n\r\n"),
        ] {
            let (_, said) = sent(&town, method, &path, headers, body);
            assert!(!said.contains("\"code\":\"body_not_taken\""), "{method} {path} {headers}: {said}");
        }
    }
}

#[test]
fn a_replay_does_not_pass_over_what_its_body_says() {
    let town = Guarded::new();
    let replay = |body: Option<&Value>| town.by(&town.operator, "POST", "/v1/decisions/1/replay", body);
    let refused = replay(Some(&json!({ "rules": "current" })));
    assert_eq!((refused.status, refused.code().as_str()), (400, "body_not_taken"));
    assert!(refused.text.contains("the query"), "{}", refused.text);
    assert_eq!(replay(None).status, 200);
}

#[test]
fn a_coding_that_is_not_undone_here_is_a_415_that_names_it() {
    let town = Guarded::new();
    let send = |path: &str, coding: &str| -> Answer {
        let headers = [("content-type", "application/json"), ("content-encoding", coding)];
        town.with(&town.operator, "POST", path, &headers, Some(b"{}"))
    };
    for path in ["/access/v1/evaluation", "/v1/what-if", "/v1/rules/rollback", "/v1/import"] {
        for (coding, named) in [("gzip", "`gzip`"), ("identity, br", "`br`"), ("zstd", "`zstd`")] {
            let answer = send(path, coding);
            assert_eq!((answer.status, answer.code().as_str()), (415, "content_encoding"), "{path} {coding}");
            assert!(answer.text.contains(named), "{}", answer.text);
        }
        assert_ne!(send(path, "Identity").code(), "content_encoding", "{path}");
    }
}

#[test]
fn an_import_asks_for_lines_of_json_whoever_sends_it() {
    let town = Guarded::new();
    let line = b"{\"noun\":\"customer\",\"id\":\"new\",\"name\":\"New\"}\n";
    let import = |headers: &[(&str, &str)]| town.with(&town.operator, "POST", "/v1/import", headers, Some(line));
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/json")],
        &[("content-type", "application/x-www-form-urlencoded")],
    ] {
        let answer = import(headers);
        assert_eq!((answer.status, answer.code().as_str()), (415, "content_type"), "{headers:?}: {}", answer.text);
    }
    assert_eq!(town.by(&town.operator, "GET", "/v1/customers/new", None).status, 404);
    let taken = import(&[("content-type", "application/x-ndjson; charset=utf-8")]);
    assert_eq!(taken.status, 200, "{}", taken.text);
}

#[test]
fn every_route_says_what_body_it_takes() {
    for route in ROUTES {
        let takes_none = route.body == Body::None;
        let is_reading = ["GET", "DELETE"].contains(&route.method.as_str());
        assert!(takes_none || !is_reading, "{} {} takes a body", route.method, route.path);
        assert!(!takes_none || route.method != "PUT", "PUT {} takes no body", route.path);
        assert!(!takes_none || !route.is_authzen() || route.access == Access::Public, "{}", route.path);
    }
}
