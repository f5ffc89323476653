//! Conditional headers: kept or refused, on every route, and never ignored.

use serde_json::{Value, json};
use standing::http::{Access, ROUTES};

use crate::guarded::Guarded;
use crate::server::Answer;

const JSON: (&str, &str) = ("content-type", "application/json");

fn put(town: &Guarded, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let headers = [&[JSON], headers].concat();
    town.with(&town.operator, "PUT", path, &headers, Some(body.to_string().as_bytes()))
}

fn get(town: &Guarded, path: &str, headers: &[(&str, &str)]) -> Answer {
    town.with(&town.operator, "GET", path, headers, None)
}

/// A noun of each kind that is there, as it is and otherwise, and the path of one that is not.
fn nouns() -> [(&'static str, Value, &'static str); 3] {
    let partner = json!({ "name": "Otherwise", "kind": "directBill", "status": "active" });
    let subscription = json!({
        "customer": "adatum", "service": "office365", "originalReseller": "contoso", "quantity": 7, "status": "active",
    });
    [
        ("/v1/partners/contoso", partner, "/v1/partners/new"),
        ("/v1/customers/adatum", json!({ "name": "Otherwise" }), "/v1/customers/new"),
        ("/v1/subscriptions/s-1", subscription, "/v1/subscriptions/new"),
    ]
}

#[test]
fn a_change_is_made_only_of_what_its_conditions_say() {
    let town = Guarded::new();
    for (path, body, absent) in nouns() {
        let before = get(&town, path, &[]);
        let tag = before.header("etag").unwrap().to_owned();
        let others = format!("\"999\", \"{}\"", u32::MAX);
        let two: [&[(&str, &str)]; 2] =
            [&[("if-match", "\"999\""), ("if-match", "\"998\"")], &[("if-none-match", "*")]];
        for headers in [&[("if-match", "\"999\"")][..], &[("if-match", others.as_str())], two[0], two[1]] {
            let refused = put(&town, path, headers, &body);
            assert_eq!(refused.status, 412, "{path} {headers:?}: {}", refused.text);
            assert_eq!(get(&town, path, &[]).text, before.text, "{path} {headers:?}");
        }
        for headers in [&[("if-match", "*")][..], &[("if-match", "\"999\"")]] {
            let refused = put(&town, absent, headers, &body);
            assert_eq!((refused.status, refused.code().as_str()), (412, "revision_moved"), "{absent} {headers:?}");
            assert_eq!(get(&town, absent, &[]).status, 404, "{absent}");
        }
        for headers in [
            &[("if-match", "W/\"1\"")][..],
            &[("if-match", "\"x\"")],
            &[("if-match", "*, \"1\"")],
            &[("if-match", "")],
            &[("if-none-match", "\"1\"")],
            &[("if-none-match", "*, \"1\"")],
            &[("if-none-match", "nonsense\"")],
            &[("if-unmodified-since", "Sat, 29 Oct 2050 19:43:31 GMT")],
            &[("if-modified-since", "Sat, 29 Oct 2050 19:43:31 GMT")],
            &[("if-range", tag.as_str())],
            &[("if-schedule-tag-match", tag.as_str())],
            &[("if", "(<urn:x>)")],
        ] {
            let refused = put(&town, path, headers, &body);
            assert_eq!(refused.status, 400, "{path} {headers:?}: {}", refused.text);
            assert_eq!(get(&town, path, &[]).text, before.text, "{path} {headers:?}");
        }
        let listed = format!("\"999\", {tag}");
        assert_eq!(put(&town, path, &[("if-match", &listed)], &body).status, 200, "{path}");
        assert_eq!(put(&town, path, &[("if-match", "*")], &body).status, 200, "{path}");
        let created = put(&town, absent, &[("if-none-match", "*")], &body);
        assert_eq!(created.status, 201, "{absent}: {}", created.text);
        let again = put(&town, absent, &[("if-none-match", "*")], &body);
        assert_eq!((again.status, again.code().as_str()), (412, "already_registered"), "{absent}");
        let moved = put(&town, path, &[("if-match", &tag)], &body);
        assert_eq!((moved.status, moved.code().as_str()), (412, "revision_moved"), "{path}");
    }
}

#[test]
fn a_noun_that_is_known_already_is_not_sent_again_and_the_reading_is_recorded() {
    let town = Guarded::new();
    for (path, body, absent) in nouns() {
        let tag = get(&town, path, &[]).header("etag").unwrap().to_owned();
        let (weak, listed) = (format!("W/{tag}"), format!("\"999\", {tag}"));
        for known in [tag.as_str(), &weak, &listed, "*"] {
            let answer = get(&town, path, &[("if-none-match", known)]);
            assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{path} {known}");
            assert_eq!(answer.header("etag"), Some(tag.as_str()));
            let seq = answer.header("standing-decision").unwrap();
            let record = get(&town, &format!("/v1/decisions/{seq}"), &[]).json();
            assert_eq!((&record["asked"], &record["decision"]), (&json!("call"), &json!(true)));
        }
        for other in ["\"999\"", "\"x\"", "\"998\", \"999\""] {
            assert_eq!(get(&town, path, &[("if-none-match", other)]).status, 200, "{path} {other}");
        }
        for nonsense in ["{}", "x", "\"1", "1, {}"] {
            let refused = get(&town, path, &[("if-none-match", nonsense)]);
            assert_eq!((refused.status, refused.code().as_str()), (400, "invalid_if_none_match"), "{path} {nonsense}");
        }
        assert_eq!(get(&town, absent, &[("if-none-match", "*")]).status, 404, "{absent}");
        assert_eq!(put(&town, path, &[], &body).status, 200);
        assert_eq!(get(&town, path, &[("if-none-match", &tag)]).status, 200, "{path} moved");
        for header in ["if-match", "if-modified-since", "if-unmodified-since", "if-range"] {
            let answer = get(&town, path, &[(header, tag.as_str())]);
            assert_eq!((answer.status, answer.code().as_str()), (400, "header_not_taken"), "{path} {header}");
        }
    }
}

#[test]
fn a_condition_on_a_call_that_has_no_use_for_it_is_refused_but_for_authzen() {
    let town = Guarded::new();
    for route in ROUTES.iter().filter(|route| !route.is_noun) {
        let mut path = route.path.to_owned();
        for (part, name) in [
            ("{partner}", "contoso"),
            ("{customer}", "adatum"),
            ("{seq}", "1"),
            ("{proposal}", "1"),
            ("{token}", "x"),
            ("{draft}", "x"),
        ] {
            path = path.replace(part, name);
        }
        let path = path.replace("{key}", "0123456789abcdef").replace("{digest}", &"0".repeat(64));
        for (name, value) in
            [("if-match", "\"1\""), ("if-none-match", "*"), ("if-modified-since", "x"), ("if-range", "\"1\"")]
        {
            let answer = town.with(&town.operator, route.method.as_str(), &path, &[JSON, (name, value)], None);
            let is_refused = (answer.status, answer.text.contains("header_not_taken")) == (400, true);
            // The headers that a proxy passes on are those of another call.
            let is_foreign = route.is_authzen() || route.path == "/v1/forward-auth";
            assert_eq!(is_refused, !is_foreign, "{} {path} {name}: {}", route.method, answer.text);
        }
    }
    let asked = crate::server::question("contoso", "removeSeats", "Subscription", "s-1").to_string();
    let headers = [JSON, ("if-match", "foreign"), ("if-none-match", "\"x\""), ("if-range", "x")];
    let answer = town.with(&town.operator, "POST", "/access/v1/evaluation", &headers, Some(asked.as_bytes()));
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(ROUTES.iter().filter(|route| route.is_noun).all(|route| route.access == Access::Caller));
}
