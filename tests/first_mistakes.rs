//! The first mistakes of everybody, and what is said to whoever makes them.

use serde_json::{Value, json};

use crate::guarded::Guarded;
use crate::server::{Answer, Server, question, standing};

const WORLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/authzen/world");

fn detail(answer: &Answer) -> String {
    answer.json()["detail"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
}

#[test]
fn a_word_that_is_nearly_right_is_a_no_that_says_which_was_meant() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    let asked = |subject: &str, action: &str, resource: &str| {
        let mut asked = question("contoso", action, resource, "s-office");
        asked["subject"]["type"] = json!(subject);
        asked
    };
    for (asked, reason, meant) in [
        (asked("partner", "removeSeats", "Subscription"), "unknown_subject", Some("Partner")),
        (asked("Partners", "removeSeats", "Subscription"), "unknown_subject", Some("Partner")),
        (asked("Partner", "remove_seats", "Subscription"), "unknown_action", Some("removeSeats")),
        (asked("Partner", "removeseats", "Subscription"), "unknown_action", Some("removeSeats")),
        (asked("Partner", "provison", "Subscription"), "unknown_action", Some("provision")),
        (asked("Partner", "removeSeats", "subscription"), "unknown_resource", Some("Subscription")),
        (asked("Partner", "removeSeats", "Subscripton"), "unknown_resource", Some("Subscription")),
        (asked("user", "removeSeats", "Subscription"), "unknown_subject", None),
        (asked("Partner", "view", "Subscription"), "unknown_action", None),
        (asked("Partner", "removeSeats", "todo"), "unknown_resource", None),
        (asked(&"p".repeat(10_000), "removeSeats", "Subscription"), "unknown_subject", None),
    ] {
        let answer = server.post("/access/v1/evaluation", &asked).json();
        let context = &answer["context"];
        assert_eq!((&answer["decision"], &context["reason"]), (&json!(false), &json!(reason)), "{asked}");
        let message = context["message"].as_str().unwrap();
        match meant {
            Some(meant) => assert!(message.ends_with(&format!("; did you mean `{meant}`?")), "{asked}: {message}"),
            None => assert!(!message.contains("did you mean"), "{asked}: {message}"),
        }
    }
    let path = data.path().to_str().unwrap();
    let said = standing(&["check", "Partner::contoso", "remove_seats", "Subscription::s-office", "--data", path]);
    assert_eq!(said.status.code(), Some(2));
    assert!(String::from_utf8(said.stdout).unwrap().contains("did you mean `removeSeats`?"));
}

#[test]
fn a_world_of_its_own_says_which_of_its_own_words_was_meant() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--anonymous", "--world", WORLD]);
    let message = |subject: &str, action: &str| {
        let asked = json!({
            "subject": { "type": subject, "id": "alice" },
            "action": { "name": action },
            "resource": { "type": "record", "id": "1" },
        });
        let answer = server.post("/access/v1/evaluation", &asked).json();
        assert_eq!(answer["decision"], false, "{answer}");
        answer["context"]["message"].as_str().unwrap().to_owned()
    };
    assert!(message("User", "view").contains("did you mean `user`?"), "{}", message("User", "view"));
    assert!(message("user", "View").contains("did you mean `view`?"), "{}", message("user", "View"));
}

#[test]
fn a_403_names_the_role_the_call_and_which_roles_may() {
    let town = Guarded::new();
    let partner = town.token(&["--role", "partner", "--for", "contoso"]);
    let customer = town.token(&["--role", "customer", "--for", "adatum"]);
    let asker = town.token(&["--role", "asker"]);
    let auditor = town.token(&["--role", "auditor"]);
    let noun = json!({ "name": "X", "kind": "advisor", "status": "active" });
    let cases: [(&str, &str, &str, Option<&Value>, &[&str]); 6] = [
        (&asker, "GET", "/v1/partners", None, &["`asker`", "`listPartners`", "`operator`", "`registrar`", "`auditor`"]),
        (&auditor, "PUT", "/v1/partners/x", Some(&noun), &["`auditor`", "`writePartner`", "`operator`", "`registrar`"]),
        (&auditor, "POST", "/v1/tokens", Some(&json!({ "role": "asker" })), &["`auditor`", "`operator`"]),
        (&partner, "GET", "/v1/partners/fabrikam", None, &["`partner`", "`readPartner`", "`partner` for itself"]),
        (&partner, "GET", "/v1/customers/adatum", None, &["`partner`", "`readCustomer`", "`customer` for itself"]),
        (
            &customer,
            "GET",
            "/v1/subscriptions/s-foreign",
            None,
            &["`customer`", "`readSubscription`", "`partner` for itself", "`customer` for itself"],
        ),
    ];
    for (token, method, path, body, named) in cases {
        let answer = town.by(token, method, path, body);
        assert_eq!((answer.status, answer.code().as_str()), (403, "not_permitted"), "{method} {path}");
        let said = detail(&answer);
        assert!(named.iter().all(|name| said.contains(name)), "{method} {path}: {said}");
        assert!(!said.contains("fabrikam") && !said.contains("foreign"), "{said}");
    }
    let said = detail(&town.by(&auditor, "PUT", "/v1/partners/x", Some(&noun)));
    assert_eq!(said, "role `auditor` may not make the call `writePartner` here; these may: `operator`, `registrar`");
}

#[test]
fn the_front_door_leads_to_what_there_is() {
    let town = Guarded::new();
    let door = town.server.get("/");
    assert_eq!((door.status, door.header("content-type")), (200, Some("application/json")));
    let links = door.json()["links"].clone();
    let links = links.as_object().unwrap();
    assert!(["openapi", "metadata", "health"].iter().all(|name| links.contains_key(*name)), "{links:?}");
    assert!(door.json()["documentation"].as_str().unwrap().contains("README.md"));
    for (name, path) in links {
        // An evaluation is a POST, and figures may be for those alone who may read them.
        let known: &[u16] = match name.as_str() {
            "evaluation" => &[405],
            "metrics" => &[200, 401],
            _ => &[200],
        };
        assert!(known.contains(&town.server.get(path.as_str().unwrap()).status), "{name}");
    }
    let text = town.server.send("GET", "/", &[("accept", "text/plain, application/json;q=0.5")], None);
    assert_eq!(text.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(links.values().all(|path| text.text.contains(path.as_str().unwrap())), "{}", text.text);
    assert_eq!(town.server.send("HEAD", "/", &[], None).status, 200);
    assert_eq!(town.server.send("GET", "/", &[("accept", "application/json;q=0")], None).code(), "not_acceptable");
}

#[test]
fn a_plus_in_a_query_is_a_blank_and_an_id_that_has_one_is_refused_with_the_way_to_write_it() {
    let town = Guarded::new();
    let told = json!({ "name": "A", "kind": "directBill", "status": "active" });
    assert_eq!(town.by(&town.operator, "PUT", "/v1/partners/a+b", Some(&told)).status, 201);
    let asked = question("a+b", "removeSeats", "Subscription", "s-1");
    assert_eq!(town.by(&town.operator, "POST", "/access/v1/evaluation", Some(&asked)).status, 200);
    for query in [
        "/v1/decisions?subject=Partner::a+b",
        "/v1/decisions?subject=Partner::a%20b",
        "/v1/decisions?resource=Subscription::a+b",
        "/v1/decisions?caller=partner:a+b",
        "/v1/decisions?action=a+b",
        "/v1/decisions?rule=may/a+b",
        "/v1/decisions?requestId=a+b",
        "/v1/decisions?from=2026-01-01T00:00:00+01:00",
        "/v1/subscriptions?customer=a+b",
        "/v1/subscriptions?partner=a+b",
        "/v1/access-review?customer=a+b",
        "/v1/access-review?partner=a+b",
        "/v1/customers/adatum/partners?as_of=2026-01-01T00:00:00+01:00",
    ] {
        let answer = town.by(&town.operator, "GET", query, None);
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_parameter"), "{query}");
        assert!(detail(&answer).contains("write it as `%2B`"), "{query}: {}", answer.text);
    }
    let removal = "/v1/customers/adatum/partners/contoso/delegated-administration?service=a+b";
    assert!(detail(&town.by(&town.operator, "DELETE", removal, None)).contains("%2B"));
    for query in [
        "/v1/decisions?subject=Partner::a%2Bb",
        "/v1/decisions?requestId=a%20b",
        "/v1/subscriptions?partner=a%2Bb",
        "/v1/access-review?partner=a%2bb",
    ] {
        assert_eq!(town.by(&town.operator, "GET", query, None).status, 200, "{query}");
    }
    let found = town.by(&town.operator, "GET", "/v1/decisions?subject=Partner::a%2Bb", None).json();
    assert_eq!(found["decisions"].as_array().unwrap().len(), 1, "{found}");
}

#[test]
fn weights_of_accept_count_wherever_an_answer_has_several_forms() {
    let town = Guarded::new();
    let form = |path: &str, accept: &str| {
        let answer = town.with(&town.operator, "GET", path, &[("accept", accept)], None);
        let form = answer.header("content-type").unwrap_or_default().split(';').next().unwrap().to_owned();
        (answer.status, form)
    };
    for (path, accept, wanted) in [
        ("/v1/changes", "application/json, text/event-stream;q=0", "application/json"),
        ("/v1/changes", "text/event-stream;q=0.1, application/json", "application/json"),
        ("/v1/changes", "*/*", "application/json"),
        ("/v1/access-review?customer=adatum", "text/csv;q=0.2, text/html;q=0.9, */*;q=0.1", "text/html"),
        ("/v1/access-review?customer=adatum", "text/html;q=0, text/csv;q=0.001", "text/csv"),
        ("/v1/access-review?customer=adatum", "text/html;q=0, text/csv;q=0", "application/json"),
        ("/v1/access-review?customer=adatum", "text/*", "text/csv"),
        ("/v1/ledger/checkpoint", "text/plain;q=0.4, application/json;q=0.3", "text/plain"),
        ("/v1/ledger/checkpoint", "text/plain;q=0, */*", "application/json"),
        ("/v1/ledger/checkpoint", "text/plain;q=0.3, application/json;q=0.4", "application/json"),
    ] {
        assert_eq!(form(path, accept), (200, wanted.to_owned()), "{path} {accept}");
    }
    for path in ["/v1/changes", "/v1/access-review?customer=adatum", "/v1/ledger/checkpoint", "/"] {
        assert_eq!(form(path, "*/*;q=0"), (406, "application/problem+json".to_owned()), "{path}");
    }
}

#[test]
fn the_latest_time_is_said_and_never_is_taken() {
    let town = Guarded::new();
    let link = "/v1/partners/fabrikam/relationship-request";
    let link = town.by(&town.operator, "GET", link, None).json()["token"].as_str().unwrap().to_owned();
    let path = format!("/v1/relationship-requests/{link}/acceptance");
    let accept = |until: &str| {
        let body = json!({ "customer": "wingtip", "services": ["office365"], "until": until });
        town.by(&town.operator, "POST", &path, Some(&body))
    };
    for (until, says) in [
        ("9999-12-31T12:00:00Z", "the latest time that can be named"),
        ("10000-01-01T00:00:00Z", "at the latest `9999-12-30T22:00:00.999Z`"),
        ("never", "`9999-12-31T23:59:59Z` for never"),
    ] {
        let answer = accept(until);
        assert_eq!(answer.status, 400, "{until}: {}", answer.text);
        assert!(
            detail(&answer).contains(says) && detail(&answer).contains("9999-12-30T22:00:00.999Z"),
            "{}",
            answer.text
        );
    }
    let never = "9999-12-31T23:59:59Z";
    assert_eq!(accept(never).status, 200);
    let line = json!({
        "noun": "grant", "customer": "adatum", "service": "other", "partner": "contoso", "delegatedAdministrator": true,
        "since": "2020-01-01T00:00:00Z", "until": never,
    });
    let headers = [("content-type", "application/x-ndjson")];
    let imported = town.with(&town.operator, "POST", "/v1/import", &headers, Some(line.to_string().as_bytes()));
    assert_eq!(imported.status, 200, "{}", imported.text);
    let token = json!({ "role": "asker", "expires": never });
    assert_eq!(town.by(&town.operator, "POST", "/v1/tokens", Some(&token)).status, 201);
    let what_if = json!({ "changes": [{ "accept": {
        "partner": "contoso", "customer": "wingtip", "services": ["office365"], "until": never,
    } }] });
    assert_eq!(town.by(&town.operator, "POST", "/v1/what-if", Some(&what_if)).status, 200);
    assert_eq!(town.by(&town.operator, "GET", &format!("/v1/decisions?to={never}"), None).status, 200);
    let early = town.by(&town.operator, "GET", "/v1/decisions?to=9999-12-31T12:00:00Z", None);
    assert!(detail(&early).contains("the latest time that can be named"), "{}", early.text);
    let exported = town.by(&town.operator, "GET", "/v1/export", None).text;
    assert!(
        exported.contains("\"until\":\"9999-12-30T22:00:00.999Z\""),
        "it reads back as the latest time: {exported}"
    );
}
