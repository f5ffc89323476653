//! Access tokens: whose they are, what they are called, and what the ledger says of every call about them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use standing::change::tokens::{self, NewToken, Speaker};
use standing::facts::Role;

use crate::server::{Answer, Server, standing};
use crate::stage::{Stage, operator};

const JSON: (&str, &str) = ("content-type", "application/json");

struct Office {
    server: Server,
    data: tempfile::TempDir,
    operator: String,
}

impl Office {
    fn open() -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path(), &[]);
        let operator = created(data.path(), &["--role", "operator", "--name", "Olga"]);
        Self { server, operator: operator["token"].as_str().unwrap().to_owned(), data }
    }

    fn by(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {token}");
        let body = body.map(Value::to_string);
        self.server.send(method, path, &[JSON, ("authorization", &bearer)], body.as_deref().map(str::as_bytes))
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.by(&self.operator, method, path, body)
    }

    /// The newest record of an action, whole.
    fn record(&self, action: &str) -> Value {
        let listed = self.call("GET", &format!("/v1/decisions?action={action}&order=newest&limit=1"), None).json();
        listed["decisions"][0].clone()
    }

    fn records(&self, action: &str) -> usize {
        let listed = self.call("GET", &format!("/v1/decisions?action={action}"), None).json();
        listed["decisions"].as_array().unwrap().len()
    }
}

fn created(data: &Path, arguments: &[&str]) -> Value {
    let output = standing(&[&["token", "create", "--json", "--data", data.to_str().unwrap()], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_token_has_a_name_a_person_and_the_token_that_made_it() {
    let office = Office::open();
    let made = office.call(
        "POST",
        "/v1/tokens",
        Some(&json!({ "role": "reviewer", "name": "Ada's laptop", "person": "ada@adatum.example" })),
    );
    assert_eq!(made.status, 201, "{}", made.text);
    let (made, unnamed) = (made.json(), office.call("POST", "/v1/tokens", Some(&json!({ "role": "reviewer" }))).json());
    assert_eq!((&made["name"], &made["person"]), (&json!("Ada's laptop"), &json!("ada@adatum.example")));
    assert_eq!((&unnamed["name"], &unnamed["person"]), (&json!("reviewer 2"), &unnamed["id"]));
    let listed = office.call("GET", "/v1/tokens", None).json();
    let token = |id: &Value| {
        let tokens = listed["tokens"].as_array().unwrap();
        tokens.iter().find(|token| token["id"] == *id).unwrap_or_else(|| panic!("{id} in {listed}")).clone()
    };
    let operator = office.operator.split('_').nth(1).unwrap();
    assert_eq!(token(&made["id"])["madeBy"], operator);
    assert_eq!(
        (&token(&made["id"])["name"], &token(&made["id"])["madeByName"]),
        (&json!("Ada's laptop"), &json!("Olga"))
    );
    // Whoever reaches the socket is no token, so nothing made this one.
    assert_eq!(token(&json!(operator)).get("madeBy"), None);
    assert!(!listed.to_string().contains("sha256"), "{listed}");
}

#[test]
fn a_token_for_nobody_or_without_a_readable_name_is_not_made() {
    let office = Office::open();
    let before = office.call("GET", "/v1/tokens", None).json();
    for (body, status, code) in [
        (json!({ "role": "partner", "for": "contosso" }), 422, "unknown_speaker"),
        (json!({ "role": "customer", "for": "nobody" }), 422, "unknown_speaker"),
        (json!({ "role": "reviewer", "name": "" }), 422, "invalid_name"),
        (json!({ "role": "reviewer", "name": "two\nlines" }), 422, "invalid_name"),
        (json!({ "role": "reviewer", "name": "x".repeat(129) }), 422, "invalid_name"),
        (json!({ "role": "reviewer", "person": " ada" }), 422, "invalid_name"),
        (json!({ "role": "reviewer", "expires": "2020-01-01T00:00:00Z" }), 422, "end_date_passed"),
        (json!({ "role": "reviewer", "nick": "ada" }), 400, "invalid_body"),
    ] {
        let answer = office.call("POST", "/v1/tokens", Some(&body));
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body}: {}", answer.text);
        if status == 422 {
            assert_eq!(office.record("Api::createToken")["outcome"], json!({ "refused": code }), "{body}");
        }
    }
    // When one was last used is told besides.
    let named = |list: &Value| -> Vec<Value> {
        list["tokens"].as_array().unwrap().iter().map(|token| token["id"].clone()).collect()
    };
    assert_eq!(named(&office.call("GET", "/v1/tokens", None).json()), named(&before));
}

#[test]
fn every_call_about_tokens_and_link_keys_has_one_record_of_its_own_that_says_what_was_done() {
    let office = Office::open();
    let made = office.call("POST", "/v1/tokens", Some(&json!({ "role": "auditor", "name": "Eve" }))).json();
    let id = made["id"].as_str().unwrap();
    let record = office.record("Api::createToken");
    let said = &record["question"]["context"];
    assert_eq!((&said["token"], &said["name"], &said["role"]), (&json!(id), &json!("Eve"), &json!("auditor")));
    assert_eq!(record["outcome"], "done");
    assert_eq!(record["proof"], json!({ "by": "token", "id": office.operator.split('_').nth(1).unwrap() }));
    assert_eq!(record["person"]["issuer"], "standing");
    assert!(!record.to_string().contains(made["token"].as_str().unwrap().splitn(3, '_').nth(2).unwrap()), "{record}");

    let path = format!("/v1/tokens/{id}");
    assert_eq!(office.call("DELETE", &path, None).status, 200);
    let record = office.record("Api::revokeToken");
    assert_eq!((&record["question"]["context"]["role"], &record["outcome"]), (&json!("auditor"), &json!("done")));
    assert_eq!(office.call("DELETE", &path, None).status, 200);
    assert_eq!(office.record("Api::revokeToken")["outcome"], "unchanged");
    assert_eq!(office.call("DELETE", "/v1/tokens/0000000000000000", None).status, 404);
    let record = office.record("Api::revokeToken");
    assert_eq!(record["outcome"], json!({ "refused": "unknown_token" }));
    assert_eq!(record["question"]["context"]["token"], "0000000000000000");
    assert_eq!(office.records("Api::revokeToken"), 3);

    let keys = office.call("POST", "/v1/link-keys", None).json();
    let record = office.record("Api::rotateLinkKey");
    assert_eq!((&record["question"]["context"]["key"], &record["outcome"]), (&keys["keys"][0]["id"], &json!("done")));
    let old = keys["keys"][1]["id"].as_str().unwrap();
    assert_eq!(office.call("DELETE", &format!("/v1/link-keys/{old}"), None).status, 200);
    let record = office.record("Api::retireLinkKey");
    assert_eq!((&record["question"]["context"]["key"], &record["outcome"]), (&json!(old), &json!("done")));
    let signs = keys["keys"][0]["id"].as_str().unwrap();
    let refused = office.call("DELETE", &format!("/v1/link-keys/{signs}"), None);
    assert_eq!(office.record("Api::retireLinkKey")["outcome"], json!({ "refused": refused.code() }));
    office.call("GET", "/v1/link-keys", None);
    office.call("GET", "/v1/tokens", None);
    assert_eq!((office.records("Api::listLinkKeys"), office.records("Api::listTokens")), (1, 1));
}

#[test]
fn a_name_stands_beside_every_id_of_a_caller() {
    let office = Office::open();
    let body = json!({ "name": "Contoso", "kind": "directBill", "status": "active" });
    assert_eq!(office.call("PUT", "/v1/partners/contoso", Some(&body)).status, 201);
    let contoso = office.call("POST", "/v1/tokens", Some(&json!({ "role": "partner", "for": "contoso" }))).json();
    office.by(contoso["token"].as_str().unwrap(), "GET", "/v1/partners/contoso", None);
    let changes = office.call("GET", "/v1/changes", None).json();
    assert_eq!(changes["changes"][0]["byName"], "Olga", "{changes}");
    assert_eq!(office.record("Api::readPartner")["callerName"], "Contoso");
    let record = office.record("Api::createToken");
    assert_eq!(record["callerName"], "Olga");
    let one = office.call("GET", &format!("/v1/decisions/{}", record["seq"]), None).json();
    assert_eq!(one["callerName"], "Olga");
}

#[test]
fn the_first_wrong_credentials_are_recorded_and_those_that_follow_are_counted() {
    let office = Office::open();
    let known = office.operator.split('_').nth(1).unwrap();
    let wrong = format!("standing_{known}_{}", "A".repeat(43));
    for token in [wrong.as_str(), "standing_0000000000000000_x", "x", wrong.as_str()] {
        assert_eq!(office.by(token, "GET", "/v1/partners", None).status, 401);
    }
    // No credentials at all are no wrong ones.
    assert_eq!(office.server.send("GET", "/v1/partners", &[], None).status, 401);
    assert_eq!(office.records("Api::authenticate"), 1);
    let record = office.record("Api::authenticate");
    assert_eq!(record["question"]["context"]["token"], known);
    assert_eq!((&record["decision"], &record["caller"]["type"]), (&json!(false), &json!("Visitor")));
    let metrics = office.call("GET", "/metrics", None).text;
    assert!(metrics.contains("wrong_credentials_total 4"), "{metrics}");
    // At the end of the minute, or of the server, the others are counted in one record.
    let Office { server, data, .. } = office;
    server.terminate();
    let output = standing(&["ledger", "replay", "--all", "--data", data.path().to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let server = Server::start(data.path(), &["--anonymous"]);
    let listed = server.get("/v1/decisions?action=Api::authenticate&order=newest").json();
    assert_eq!(listed["decisions"].as_array().unwrap().len(), 2, "{listed}");
    assert_eq!(listed["decisions"][0]["question"]["context"]["count"], 3);
}

#[test]
fn a_record_names_the_trace_its_call_belongs_to_and_no_other_text() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--anonymous"]);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (parent, named) in [
        (format!("00-{trace}-00f067aa0ba902b7-01"), json!(trace)),
        (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), Value::Null),
        (format!("ff-{trace}-00f067aa0ba902b7-01"), Value::Null),
        (format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()), Value::Null),
        ("nonsense".to_owned(), Value::Null),
    ] {
        server.send("GET", "/v1/partners", &[("traceparent", &parent)], None);
        let listed = server.get("/v1/decisions?action=Api::listPartners&order=newest&limit=1").json();
        assert_eq!(listed["decisions"][0]["trace"], named, "{parent}");
    }
}

#[test]
fn the_record_of_a_token_says_whom_it_speaks_for_and_when_it_ends_whatever_way_it_is_made() {
    let office = Office::open();
    let body = json!({ "name": "Contoso", "kind": "directBill", "status": "active" });
    assert_eq!(office.call("PUT", "/v1/partners/contoso", Some(&body)).status, 201);
    let end = "2099-12-31T00:00:00Z";
    let operator = office.operator.split('_').nth(1).unwrap();
    for (by, proof) in [("socket", json!({ "by": "socket" })), ("token", json!({ "by": "token", "id": operator }))] {
        let made = if by == "socket" {
            created(office.data.path(), &["--role", "partner", "--for", "contoso", "--expires", end])
        } else {
            let body = json!({ "role": "partner", "for": "contoso", "expires": end });
            office.call("POST", "/v1/tokens", Some(&body)).json()
        };
        let id = made["id"].as_str().unwrap();
        let of = |record: &Value| {
            let said = &record["question"]["context"];
            let said = ["token", "role", "expires"].map(|member| said[member].as_str().unwrap_or_default().to_owned());
            (said, record["outcome"].clone(), record["proof"].clone())
        };
        let expected = ([id.to_owned(), "partner:contoso".to_owned(), end.to_owned()], json!("done"), proof);
        assert_eq!(of(&office.record("Api::createToken")), expected, "{by}");
        if by == "socket" {
            let output = standing(&["token", "revoke", id, "--data", office.data.path().to_str().unwrap()]);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        } else {
            assert_eq!(office.call("DELETE", &format!("/v1/tokens/{id}"), None).status, 200);
        }
        assert_eq!(of(&office.record("Api::revokeToken")), expected, "{by}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_use_opens_nothing_from_the_moment_it_is_said_to_be_revoked() {
    let stage = Stage::new();
    for _ in 0..20 {
        let new = NewToken::of(Speaker::Role(Role::Asker));
        let issued = tokens::create_token(&stage.pdp, &operator(), new).await.unwrap().value;
        let is_over = Arc::new(AtomicBool::new(false));
        let callers = [(); 2].map(|()| {
            let (pdp, token, is_over) = (Arc::clone(&stage.pdp), issued.token.clone(), Arc::clone(&is_over));
            std::thread::spawn(move || {
                let mut opened = 0;
                while !is_over.load(Ordering::Acquire) {
                    opened += usize::from(tokens::authenticate(&pdp, &token).unwrap().is_some());
                }
                opened
            })
        });
        let opens = |token: &str| tokens::authenticate(&stage.pdp, token).unwrap().is_some();
        assert!(opens(&issued.token) && opens(&issued.token));
        // A wrong secret opens nothing while the right one is in use.
        assert!(!opens(&format!("{}x", issued.token)) && !opens(&issued.token[..issued.token.len() - 1]));
        tokens::revoke_token(&stage.pdp, &operator(), &issued.id).await.unwrap();
        for _ in 0..100 {
            assert!(!opens(&issued.token));
        }
        is_over.store(true, Ordering::Release);
        for caller in callers {
            caller.join().unwrap();
        }
    }
}

/// When a token of the list is, or was, as one of its members says.
fn moment(token: &Value, member: &str) -> standing::clock::Timestamp {
    token[member].as_str().unwrap_or_else(|| panic!("no `{member}` in {token}")).parse().unwrap()
}

#[test]
fn a_token_ends_after_90_days_unless_somebody_says_when() {
    let office = Office::open();
    let made = office.call("POST", "/v1/tokens", Some(&json!({ "role": "asker" }))).json();
    let id = made["id"].as_str().unwrap();
    let listed = listed(&office, id);
    let days = moment(&listed, "expires").duration_since(moment(&listed, "created")).as_hours() / 24;
    assert_eq!((days, &made["expires"]), (90, &listed["expires"]));
    assert_eq!(office.record("Api::createToken")["question"]["context"]["expires"], made["expires"]);
    let later = json!({ "role": "asker", "expires": "2099-01-01T00:00:00Z" });
    assert_eq!(office.call("POST", "/v1/tokens", Some(&later)).json()["expires"], "2099-01-01T00:00:00Z");
}

/// A token as it is listed.
fn listed(office: &Office, id: &str) -> Value {
    let listed = office.call("GET", "/v1/tokens", None).json();
    let found = listed["tokens"].as_array().unwrap().iter().find(|token| token["id"] == id).cloned();
    found.unwrap_or_else(|| panic!("{id} in {listed}"))
}

#[test]
fn the_list_says_when_a_token_was_last_used_and_the_journal_does_not() {
    let office = Office::open();
    let made = office.call("POST", "/v1/tokens", Some(&json!({ "role": "auditor" }))).json();
    let (id, token) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    assert_eq!(listed(&office, id).get("lastUsed"), None);
    assert_eq!(office.by(&format!("{token}x"), "GET", "/v1/partners", None).status, 401);
    assert_eq!(listed(&office, id).get("lastUsed"), None, "a wrong secret is no use of it");
    assert_eq!(office.by(token, "GET", "/v1/partners", None).status, 200);
    // A write that comes after it is not there before it.
    let entry = |office: &Office| office.call("POST", "/v1/tokens", Some(&json!({ "role": "asker" }))).status;
    assert_eq!(entry(&office), 201);
    let used = listed(&office, id);
    assert!(moment(&used, "lastUsed") >= moment(&used, "created"), "{used}");
    // Used again within minutes it is not written again.
    assert_eq!(office.by(token, "GET", "/v1/partners", None).status, 200);
    assert_eq!(entry(&office), 201);
    assert_eq!(listed(&office, id)["lastUsed"], used["lastUsed"]);
    let printed = standing(&["token", "list", "--data", office.data.path().to_str().unwrap()]);
    let printed = String::from_utf8(printed.stdout).unwrap();
    let line = printed.lines().find(|line| line.starts_with(id)).unwrap();
    assert!(line.contains(&format!("last used {}", used["lastUsed"].as_str().unwrap())), "{line}");
    let verified = office.call("GET", "/v1/ledger/verification", None);
    let result: Value = serde_json::from_str(verified.text.lines().last().unwrap()).unwrap();
    assert_eq!(result["result"]["whole"], true, "{}", verified.text);
}

#[test]
fn a_token_is_replaced_by_one_of_the_same_person_and_both_are_good_for_a_while() {
    let office = Office::open();
    let body = json!({ "role": "auditor", "name": "Eve", "person": "eve@adatum.example" });
    let old = office.call("POST", "/v1/tokens", Some(&body)).json();
    let (old_id, old_token) = (old["id"].as_str().unwrap(), old["token"].as_str().unwrap());
    let path = format!("/v1/tokens/{old_id}/rotation");
    let answer = office.call("POST", &path, Some(&json!({ "overlap": "2h" })));
    assert_eq!(answer.status, 201, "{}", answer.text);
    let new = answer.json();
    let (id, token) = (new["id"].as_str().unwrap(), new["token"].as_str().unwrap());
    assert_ne!(id, old_id);
    for member in ["name", "role", "person"] {
        assert_eq!(new[member], old[member], "{member}");
    }
    for token in [old_token, token] {
        assert_eq!(office.by(token, "GET", "/v1/partners", None).status, 200);
    }
    let (old_listed, new_listed) = (listed(&office, old_id), listed(&office, id));
    assert_eq!(new_listed["replaces"], old_id);
    assert_eq!(new_listed["madeBy"], office.operator.split('_').nth(1).unwrap());
    let hours = moment(&old_listed, "expires").duration_since(moment(&new_listed, "created")).as_hours();
    assert_eq!(hours, 2);
    let record = office.record("Api::rotateToken");
    let said = &record["question"]["context"];
    assert_eq!((&said["token"], &said["replaces"], &record["outcome"]), (&json!(id), &json!(old_id), &json!("done")));
    // At once, from the command line.
    let data = office.data.path().to_str().unwrap();
    let output = standing(&["token", "rotate", id, "--overlap", "0s", "--json", "--data", data]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let last: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(office.by(token, "GET", "/v1/partners", None).status, 401);
    assert_eq!(office.by(last["token"].as_str().unwrap(), "GET", "/v1/partners", None).status, 200);
    for (id, body, status, code) in [
        (id, json!({}), 409, "token_ended"),
        ("0000000000000000", json!({}), 404, "unknown_token"),
        (old_id, json!({ "overlap": "31d" }), 422, "invalid_overlap"),
        (old_id, json!({ "overlap": "-1h" }), 422, "invalid_overlap"),
        (old_id, json!({ "overlap": "soon" }), 400, "invalid_body"),
        (old_id, json!({ "overlaps": "1h" }), 400, "invalid_body"),
    ] {
        let answer = office.call("POST", &format!("/v1/tokens/{id}/rotation"), Some(&body));
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{body}: {}", answer.text);
    }
    // No overlap makes the old one good for longer than it was.
    let short = in_minutes(5);
    let brief = office.call("POST", "/v1/tokens", Some(&json!({ "role": "asker", "expires": short }))).json();
    let brief = brief["id"].as_str().unwrap();
    assert_eq!(office.call("POST", &format!("/v1/tokens/{brief}/rotation"), None).status, 201);
    assert_eq!(moment(&listed(&office, brief), "expires").to_string(), short);
}

/// So many minutes from now, to the second.
fn in_minutes(minutes: i64) -> String {
    let now = standing::clock::Clock::now(&standing::clock::System).as_second();
    standing::clock::Timestamp::from_second(now + 60 * minutes).unwrap().to_string()
}

#[test]
fn ending_the_sessions_of_somebody_who_has_none_says_so() {
    let office = Office::open();
    let data = office.data.path().to_str().unwrap();
    let output = standing(&["session", "end", "--person", "https://login.example", "x", "--data", data]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no session of that person is open"), "{said}");
}
