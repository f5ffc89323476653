//! Two sets of rules that are kept, compared row by row and on the live world.

use serde_json::{Value, json};

use crate::four_eyes::{Press, remarked};
use crate::shipped::TIGHTER;

/// Contoso sold a subscription to Adatum and administers nothing there.
fn with_a_sale(press: &Press, token: &str) {
    for (path, body) in [
        ("/v1/partners/contoso", json!({ "name": "Contoso", "kind": "directBill", "status": "active" })),
        ("/v1/customers/adatum", json!({ "name": "Adatum" })),
        (
            "/v1/subscriptions/s-1",
            json!({ "customer": "adatum", "service": "office365", "originalReseller": "contoso", "quantity": 5,
                "status": "active" }),
        ),
    ] {
        let answer = press.send(token, "PUT", path, Some(&body));
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
}

fn difference(press: &Press, token: &str, from: &str, to: &str) -> Value {
    let answer = press.send(token, "GET", &format!("/v1/rules/difference?from={from}&to={to}"), None);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[test]
fn what_turns_between_two_kept_sets_is_what_a_review_says_turns_either_way() {
    let press = Press::start("", &[]);
    let (ada, bob) = (press.token(&[]), press.token(&[]));
    with_a_sale(&press, &ada);
    let first = press.status(&ada)["digest"].as_str().unwrap().to_owned();
    let mut files = remarked("and tighter");
    files.insert(TIGHTER.0.to_owned(), TIGHTER.1.to_owned());
    let proposed = press.send(&ada, "POST", "/v1/rules/proposals", Some(&json!({ "files": files })));
    assert_eq!(proposed.status, 201, "{}", proposed.text);
    let proposed = proposed.json();
    let tighter = proposed["digest"].as_str().unwrap();

    // One that is proposed is kept too.
    let forward = difference(&press, &ada, &first, tighter);
    let reviewed = press.send(&ada, "POST", "/v1/rules/review", Some(&json!({ "files": files }))).json();
    assert_eq!((forward["from"].as_str(), forward["to"].as_str()), (Some(first.as_str()), Some(tighter)));
    assert_eq!((&forward["same"], &forward["rows"]), (&json!(false), &reviewed["rows"]));
    for member in ["old", "new", "gained", "lost", "actions", "concerned"] {
        assert_eq!(forward["world"][member], reviewed["world"][member], "{member}");
    }
    assert_eq!((&forward["world"]["gained"], &forward["world"]["lost"]), (&json!(0), &json!(1)), "{forward}");

    assert_eq!(press.approves(&bob, &proposed), (200, String::new()));
    let back = difference(&press, &ada, &tighter[..12], &first[..12]);
    assert_eq!((&back["world"]["gained"], &back["world"]["lost"]), (&json!(1), &json!(0)), "{back}");
    assert_eq!(back["rows"][0]["loosened"]["rows"], forward["rows"][0]["tightened"]["rows"], "{back}");
    assert_eq!(back["world"]["actions"][0]["action"], "transition", "{back}");
    // Neither has to be in force.
    press.publishes(&ada, &bob, "as before");
    let again = difference(&press, &ada, tighter, &first);
    assert_eq!((&again["rows"], &again["world"]["gained"]), (&back["rows"], &json!(1)), "{again}");
}

#[test]
fn a_set_is_the_same_as_itself_and_one_that_is_unknown_is_not_found() {
    let press = Press::start("", &[]);
    let ada = press.token(&[]);
    let first = press.status(&ada)["digest"].as_str().unwrap().to_owned();
    let itself = difference(&press, &ada, &first, &first[..8]);
    assert_eq!(itself, json!({ "from": first, "to": first, "same": true, "rows": [], "beyond": [] }));
    let nothing = "0".repeat(64);
    for (query, status, code) in [
        (format!("from={nothing}&to={first}"), 404, "unknown_rules"),
        (format!("from={first}&to=12345678"), 404, "unknown_rules"),
        (format!("from={first}"), 400, "missing_parameter"),
        (format!("from={first}&to={first}&rules=current"), 400, "unknown_parameter"),
    ] {
        let answer = press.send(&ada, "GET", &format!("/v1/rules/difference?{query}"), None);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{query}: {}", answer.text);
    }
    let auditor = press.send(&ada, "POST", "/v1/tokens", Some(&json!({ "role": "auditor" }))).json();
    let (token, newest) = (auditor["token"].as_str().unwrap(), "/v1/decisions?order=newest&limit=1");
    let refused = press.send(token, "GET", &format!("/v1/rules/difference?from={first}&to={first}"), None);
    assert_eq!(refused.status, 403, "{}", refused.text);
    let record = press.send(token, "GET", newest, None).json()["decisions"][0].clone();
    assert_eq!(
        (&record["question"]["action"]["name"], &record["decision"]),
        (&json!("Api::reviewRules"), &json!(false))
    );
}
