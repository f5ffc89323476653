//! What the log never says, however much it says: no secret, and nobody's name.

use data_encoding::BASE64;
use serde_json::{Value, json};
use standing::http::ROUTES;

use crate::permissions::{Town, tries};
use crate::server::question;

/// Stands in whatever is a name, a free text or an id of somebody here.
const NAME: &str = "zarquon";
/// Stands in whatever opens something here, besides the tokens and links that were made.
const SECRET: &str = "vogonsecret";

/// Everything in an answer that opens something.
fn secrets_in(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if ["token", "link", "secret"].contains(&name.as_str()) && text.len() > 30 => {
                        // A link's token may hold any of its characters anywhere; only an access token has parts.
                        let last = text.rsplit('/').next().unwrap();
                        let secret = last.strip_prefix("standing_").and_then(|rest| rest.split_once('_'));
                        found.push(secret.map_or(last, |(_, secret)| secret).to_owned());
                    }
                    value => secrets_in(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| secrets_in(item, found)),
        _ => {}
    }
}

/// Makes every kind of call, with names and secrets that can be found again, and returns what must not be in the log.
fn every_call(town: &Town) -> Vec<String> {
    let mut marks = vec![NAME.to_owned(), SECRET.to_owned()];
    marks.extend(town.tokens.values().map(|token| token.splitn(3, '_').nth(2).unwrap().to_owned()));
    let wrong = format!("Bearer standing_0123456789abcdef_{SECRET}");
    let pair = format!("Basic {}", BASE64.encode(format!("{NAME}:{SECRET}").as_bytes()));
    for route in ROUTES {
        for called in tries(town, route) {
            let (method, body) = (route.method.as_str(), called.body);
            let path = town.ready(&called.path);
            // The link in a path opens a relationship.
            marks.extend(path.split('/').filter(|part| part.len() > 100).map(str::to_owned));
            for credentials in [Some(wrong.as_str()), Some(pair.as_str()), None] {
                town.with(credentials, method, &path, body.as_ref());
            }
            for who in ["another customer", "asker", "operator"] {
                let answer = town.with(Some(&format!("Bearer {}", town.tokens[who])), method, &path, body.as_ref());
                secrets_in(&serde_json::from_str(&answer.text).unwrap_or_default(), &mut marks);
            }
        }
    }
    let mut told = |method: &str, path: &str, body: Option<Value>| {
        let operator = format!("Bearer {}", town.tokens["operator"]);
        let answer = town.with(Some(&operator), method, path, body.as_ref());
        secrets_in(&serde_json::from_str(&answer.text).unwrap_or_default(), &mut marks);
        answer.status
    };
    let id = format!("{NAME}-id");
    let partner = json!({ "name": NAME, "kind": "directBill", "status": "active", "mpnId": NAME });
    assert_eq!(told("PUT", &format!("/v1/partners/{id}"), Some(partner)), 201);
    let customer = json!({ "name": NAME, "domain": format!("{NAME}.example") });
    assert_eq!(told("PUT", &format!("/v1/customers/{id}"), Some(customer)), 201);
    let sold = json!({ "customer": id, "service": NAME, "originalReseller": id, "quantity": 5, "status": "active" });
    assert_eq!(told("PUT", &format!("/v1/subscriptions/{id}"), Some(sold)), 201);
    let mut asked = question(&id, NAME, "Subscription", &id);
    asked["context"] = json!({ NAME: SECRET });
    assert_eq!(told("POST", "/access/v1/evaluation", Some(asked.clone())), 200);
    assert_eq!(told("POST", "/access/v1/evaluations", Some(json!({ "evaluations": [asked, NAME, 1] }))), 200);
    assert_eq!(told("POST", "/access/v1/search/resource", Some(question(&id, "addSeats", "Subscription", &id))), 200);
    for (path, status) in [
        (format!("/v1/partners/{id}"), 200),
        (format!("/v1/partners/{id}/relationship-request"), 200),
        (format!("/v1/customers/{id}/partners"), 200),
        (format!("/v1/access-review?customer={id}"), 200),
        (format!("/v1/decisions?subject=Partner::{id}"), 200),
        (format!("/v1/relationship-requests/{SECRET}"), 404),
        (format!("/v1/{SECRET}/{NAME}"), 404),
        (format!("/v1/partners?{NAME}={SECRET}"), 400),
        (format!("/v1/partners/{NAME}%FF{SECRET}"), 400),
        (format!("/v1/decisions?caller={NAME}%20{SECRET}"), 200),
    ] {
        let found = told("GET", &path, None);
        assert!(found == status || found == 400, "{path}: {found}");
    }
    let paragraphs = json!({ "paragraphs": [format!("Dear {NAME}, {SECRET}")] });
    told("POST", &format!("/v1/partners/{id}/relationship-request/email"), Some(paragraphs));
    let token = json!({ "role": "asker", "name": NAME, "person": format!("{NAME}@adatum.example") });
    assert_eq!(told("POST", "/v1/tokens", Some(token)), 201);
    told("POST", "/v1/import", Some(json!({ "noun": "customer", "id": id, "name": NAME, SECRET: 1 })));
    told("POST", "/v1/rules/review", Some(json!({ "files": { "policies/may/x.cedar": format!("{NAME} {SECRET}") } })));
    for headers in [
        vec![("x-request-id", "call-1"), ("cookie", SECRET), ("idempotency-key", NAME), ("x-partner", NAME)],
        vec![("x-request-id", "call-2"), ("authorization", SECRET)],
        vec![("x-request-id", "call-3"), ("traceparent", SECRET), ("accept", NAME), ("if-match", SECRET)],
        vec![("x-request-id", "last-call"), ("content-type", NAME), ("host", SECRET)],
    ] {
        for path in ["/v1/partners", "/access/v1/evaluation", "/v1/forward-auth"] {
            let _ =
                town.server.try_send("POST", path, &headers, Some(format!("{{\"{NAME}\": \"{SECRET}\"").as_bytes()));
        }
    }
    marks
}

#[test]
fn the_log_holds_no_secret_and_nobodys_name_at_any_level() {
    for level in ["standing=debug", "trace"] {
        let town = Town::in_environment(&[("RUST_LOG", level), ("STANDING_LOG", "json")]);
        let marks = every_call(&town);
        assert!(marks.len() > 15, "{marks:?}");
        town.server.prints("last-call");
        let log = town.server.printed();
        assert!(log.contains("\"answered\""), "{log}");
        assert!(log.lines().count() > ROUTES.len() * 3, "{level}: {} lines", log.lines().count());
        for mark in &marks {
            let line = log.lines().find(|line| line.contains(mark.as_str()));
            assert!(line.is_none(), "{level}: `{mark}` stands in {line:?}");
        }
    }
}
