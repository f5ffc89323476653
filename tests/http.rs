//! The surface over HTTP that the stories do not reach: nouns, preconditions, retries, transfers and the journal.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Server, question, standing};

const JSON: (&str, &str) = ("content-type", "application/json");

fn demo() -> (Server, TempDir) {
    let data = tempfile::tempdir().unwrap();
    (Server::start(data.path(), &["--demo"]), data)
}

fn empty() -> (Server, TempDir) {
    let data = tempfile::tempdir().unwrap();
    (Server::start(data.path(), &["--anonymous"]), data)
}

#[test]
fn nouns_that_cannot_be_are_refused_with_a_code_and_the_member_is_named() {
    let (server, _data) = demo();
    let long = "x".repeat(129);
    for (path, body, status, code, named) in [
        ("/v1/partners/p", json!({}), 400, "invalid_body", "name"),
        ("/v1/partners/p", json!({ "name": "P", "kind": "direct", "status": "active" }), 400, "invalid_body", "kind"),
        (
            "/v1/partners/p",
            json!({ "name": "P", "kind": "advisor", "status": "active", "colour": 1 }),
            400,
            "invalid_body",
            "colour",
        ),
        (
            "/v1/partners/p",
            json!({ "id": "q", "name": "P", "kind": "advisor", "status": "active" }),
            400,
            "invalid_body",
            "id",
        ),
        (
            "/v1/partners/p",
            json!({ "name": "", "kind": "advisor", "status": "active" }),
            422,
            "invalid_partner",
            "name",
        ),
        ("/v1/partners/p%20q", json!({ "name": "P", "kind": "advisor", "status": "active" }), 400, "invalid_id", "p q"),
        ("/v1/partners/p%2Fq", json!({ "name": "P", "kind": "advisor", "status": "active" }), 400, "invalid_id", "p/q"),
        (&format!("/v1/customers/{long}"), json!({ "name": "C" }), 400, "invalid_id", "129"),
        ("/v1/customers/c", json!({ "name": 7 }), 400, "invalid_body", "name"),
        ("/v1/customers/c", json!([]), 400, "invalid_body", "object"),
        (
            "/v1/subscriptions/s",
            json!({ "customer": "adatum", "service": "x", "quantity": -1, "status": "active" }),
            400,
            "invalid_body",
            "quantity",
        ),
        (
            "/v1/subscriptions/s",
            json!({ "customer": "nobody", "service": "x", "quantity": 1, "status": "active" }),
            422,
            "unknown_customer",
            "nobody",
        ),
        (
            "/v1/subscriptions/s",
            json!({ "customer": "adatum", "service": "x", "quantity": 1, "status": "active", "originalReseller": "nobody" }),
            422,
            "unknown_partner",
            "nobody",
        ),
        (
            "/v1/subscriptions/s",
            json!({ "customer": "wingtip", "service": "x", "quantity": 1, "status": "active", "parent": "s-office" }),
            422,
            "parent_of_another_customer",
            "s-office",
        ),
        (
            "/v1/subscriptions/s",
            json!({ "customer": "adatum", "service": "x", "quantity": 1, "status": "active", "parent": "s-office-add-on" }),
            422,
            "parent_is_add_on",
            "s-office-add-on",
        ),
        (
            "/v1/subscriptions/s",
            json!({ "customer": "adatum", "service": "x", "quantity": 1, "status": "active", "parent": "s-office", "originalReseller": "contoso" }),
            422,
            "invalid_subscription",
            "originalReseller",
        ),
        (
            "/v1/subscriptions/s-direct",
            json!({ "customer": "adatum", "service": "office365", "quantity": 1, "status": "active", "originalReseller": "contoso" }),
            409,
            "fixed_at_creation",
            "originalReseller",
        ),
        (
            "/v1/subscriptions/s-office",
            json!({ "customer": "adatum", "service": "office365", "quantity": 1, "status": "active" }),
            409,
            "fixed_at_creation",
            "originalReseller",
        ),
        (
            "/v1/subscriptions/s-new",
            json!({ "customer": "wingtip", "service": "office365", "quantity": 1, "status": "active", "originalReseller": "fabrikam" }),
            409,
            "commercial_relationship_ended",
            "fabrikam",
        ),
        (
            "/v1/subscriptions/s-new",
            json!({ "customer": "wingtip", "service": "office365", "quantity": 1, "status": "active", "parent": "s-ended" }),
            409,
            "commercial_relationship_ended",
            "fabrikam",
        ),
        (
            "/v1/subscriptions/s-new",
            json!({ "customer": "adatum", "service": "azure", "quantity": 1, "status": "active", "parent": "s-suspended" }),
            409,
            "parent_not_active",
            "s-suspended",
        ),
        (
            "/v1/subscriptions/s-deleted",
            json!({ "customer": "adatum", "service": "azure", "quantity": 25, "status": "active", "originalReseller": "contoso" }),
            409,
            "status_cannot_become",
            "deleted",
        ),
    ] {
        let before = server.get("/readyz").json()["revision"].clone();
        let answer = server.put(path, &body);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path} {body}: {}", answer.text);
        assert!(answer.json()["detail"].as_str().unwrap().contains(named), "{path} {body}: {}", answer.text);
        assert_eq!(server.get("/readyz").json()["revision"], before, "nothing was written");
    }
}

#[test]
fn a_noun_reads_back_as_it_was_told_and_a_stale_revision_is_a_412() {
    let (server, _data) = empty();
    let told = json!({ "name": "P", "kind": "directBill", "status": "active", "mpnId": "m-1" });
    let first = server.put("/v1/partners/p", &told);
    assert_eq!(
        (first.status, first.header("etag"), first.header("standing-revision")),
        (201, Some("\"1\""), Some("1"))
    );
    let again = server.put("/v1/partners/p", &told);
    assert_eq!((again.status, again.header("etag")), (200, Some("\"1\"")), "nothing changed");
    let mut expected = told.clone();
    expected["id"] = json!("p");
    assert_eq!(server.get("/v1/partners/p").json(), expected);
    let mut changed = told.clone();
    changed["name"] = json!("Q");
    let send = |revision: &str, body: &Value| {
        server.send("PUT", "/v1/partners/p", &[JSON, ("if-match", revision)], Some(body.to_string().as_bytes()))
    };
    assert_eq!(send("\"1\"", &changed).header("etag"), Some("\"2\""));
    let stale = send("\"1\"", &told);
    assert_eq!((stale.status, stale.code().as_str()), (412, "revision_moved"));
    assert_eq!(send("x", &told).status, 400);
    let absent =
        server.send("PUT", "/v1/partners/new", &[JSON, ("if-match", "\"1\"")], Some(told.to_string().as_bytes()));
    assert_eq!(absent.status, 412, "what is not there is at no revision");
}

#[test]
fn a_retry_with_the_same_key_gets_the_same_answer_and_the_key_serves_one_request() {
    let (server, _data) = demo();
    let request = server.get("/v1/partners/fabrikam/relationship-request").json();
    let path = format!("/v1/relationship-requests/{}/acceptance", request["token"].as_str().unwrap());
    let send = |key: &str, body: Value| {
        server.send("POST", &path, &[JSON, ("idempotency-key", key)], Some(body.to_string().as_bytes()))
    };
    let body = json!({ "customer": "adatum", "services": ["azure"] });
    let first = send("k1", body.clone());
    assert_eq!(first.json()["displaced"], json!([{ "service": "azure", "partner": "contoso" }]), "{}", first.text);
    server.send("DELETE", "/v1/customers/adatum/partners/fabrikam/delegated-administration?service=azure", &[], None);
    let again = send("k1", body.clone());
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert!(!server.post("/access/v1/evaluation", &question("fabrikam", "provision", "Service", "adatum/azure")).json()["decision"].as_bool().unwrap());
    let other = send("k1", json!({ "customer": "adatum", "services": ["office365"] }));
    assert_eq!((other.status, other.code().as_str()), (422, "idempotency_key_reused"));
}

#[test]
fn a_parameter_that_is_misspelt_is_refused_before_it_widens_a_removal() {
    let (server, _data) = demo();
    let path = "/v1/customers/adatum/partners/contoso/delegated-administration";
    let answer = server.send("DELETE", &format!("{path}?servcie=azure"), &[], None);
    assert_eq!((answer.status, answer.code().as_str()), (400, "unknown_parameter"));
    let answer = server.send("DELETE", &format!("{path}?service=azure"), &[], None);
    assert_eq!(answer.json()["removed"], json!([{ "service": "azure", "partner": "contoso" }]));
    assert_eq!(server.send("DELETE", &format!("{path}?service=azure"), &[], None).json()["removed"], json!([]));
}

#[test]
fn lists_are_complete_or_say_where_to_go_on() {
    let (server, _data) = demo();
    for (path, noun) in [
        ("/v1/partners", "partners"),
        ("/v1/subscriptions", "subscriptions"),
        ("/v1/subscriptions?customer=adatum", "subscriptions"),
        ("/v1/customers/adatum/partners", "partners"),
    ] {
        let whole = server.get(path).json();
        assert_eq!(whole["complete"], true);
        let separator = if path.contains('?') { '&' } else { '?' };
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = server.get(&format!("{path}{separator}limit=1{cursor}")).json();
            found.extend(page[noun].as_array().unwrap().clone());
            if page["complete"] == true {
                break;
            }
            cursor = format!("&cursor={}", page["next"].as_str().unwrap());
        }
        assert_eq!(json!(found), whole[noun], "{path}");
        assert_eq!(server.get(&format!("{path}{separator}cursor=nonsense!")).status, 400);
        assert_eq!(server.get(&format!("{path}{separator}limit=0")).status, 400);
    }
}

#[test]
fn the_page_says_which_grants_end_soon() {
    let (server, _data) = demo();
    let request = server.get("/v1/partners/litware/relationship-request").json();
    let path = format!("/v1/relationship-requests/{}/acceptance", request["token"].as_str().unwrap());
    let now = standing::clock::Clock::now(&standing::clock::System);
    let until = now.checked_add(jiff::Span::new().hours(24 * 10)).unwrap();
    let accepted =
        server.post(&path, &json!({ "customer": "wingtip", "services": ["office365"], "until": until.to_string() }));
    assert_eq!(accepted.status, 200, "{}", accepted.text);
    let past =
        server.post(&path, &json!({ "customer": "wingtip", "services": ["azure"], "until": "2020-01-01T00:00:00Z" }));
    assert_eq!((past.status, past.code().as_str()), (422, "end_date_passed"));
    for (query, ending) in [("", 1), ("?ending_within=P9D", 0), ("?ending_within=11", 1), ("?ending_within=5d", 0)] {
        let page = server.get(&format!("/v1/customers/wingtip/partners{query}")).json();
        assert_eq!(page["ending"].as_array().unwrap().len(), ending, "{query}: {page}");
    }
    assert_eq!(server.get("/v1/customers/wingtip/partners?ending_within=soon").status, 400);
}

#[test]
fn everything_that_is_exported_imports_into_an_empty_store_with_the_same_answers() {
    let (server, _data) = demo();
    let exported = server.get("/v1/export");
    assert_eq!((exported.status, exported.header("content-type")), (200, Some("application/x-ndjson")));
    let (copy, data) = empty();
    let imported =
        copy.send("POST", "/v1/import", &[("content-type", "application/x-ndjson")], Some(exported.text.as_bytes()));
    assert_eq!(imported.status, 200, "{}", imported.text);
    assert_eq!(copy.get("/v1/export").text, exported.text);
    for partner in ["contoso", "fabrikam", "proseware", "litware"] {
        for subscription in ["s-office", "s-intune", "s-ended", "s-office-add-on"] {
            for action in crate::stage::ACTIONS {
                let asked = question(partner, action, "Subscription", subscription);
                let answers = [&server, &copy].map(|server| server.post("/access/v1/evaluation", &asked).text);
                assert_eq!(answers[0], answers[1], "{asked}");
            }
        }
    }
    let broken = format!("{}{{\"noun\":\"customer\",\"id\":\"x\"}}\n", exported.text);
    let refused = copy.send("POST", "/v1/import", &[("content-type", "application/x-ndjson")], Some(broken.as_bytes()));
    assert_eq!((refused.status, refused.code().as_str()), (422, "invalid_line"), "{}", refused.text);
    let line = format!("line {}:", exported.text.lines().count() + 1);
    assert!(refused.text.contains(&line), "{}", refused.text);
    // The same through the commands, beside the server and without it.
    let (path, file) = (data.path().to_str().unwrap().to_owned(), data.path().join("out.ndjson"));
    let file = file.to_str().unwrap();
    assert!(standing(&["export", file, "--data", &path]).status.success());
    assert_eq!(std::fs::read_to_string(file).unwrap(), exported.text);
    assert!(copy.terminate().success());
    std::fs::remove_file(file).unwrap();
    assert!(standing(&["export", file, "--data", &path]).status.success());
    assert_eq!(std::fs::read_to_string(file).unwrap(), exported.text);
    let fresh = tempfile::tempdir().unwrap();
    let said = standing(&["import", file, "--data", fresh.path().to_str().unwrap()]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert!(String::from_utf8(said.stdout).unwrap().contains("8 subscriptions"));
}

/// Reads server-sent events until `enough` have come, as pairs of id and data.
fn events(server: &Server, query: &str, last: Option<&str>, enough: usize) -> Vec<(String, Value)> {
    let address = server.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let last = last.map(|last| format!("last-event-id: {last}\r\n")).unwrap_or_default();
    write!(stream, "GET /v1/changes{query} HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n{last}\r\n")
        .unwrap();
    let (mut found, mut id, mut data) = (Vec::new(), String::new(), None);
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        if let Some(value) = line.strip_prefix("id:") {
            value.trim().clone_into(&mut id);
        } else if let Some(value) = line.strip_prefix("data:") {
            data = Some(serde_json::from_str(value).unwrap());
        } else if line.is_empty()
            && let Some(data) = data.take()
        {
            found.push((id.clone(), data));
            if found.len() == enough {
                break;
            }
        }
    }
    found
}

#[test]
fn the_journal_is_told_once_and_in_order_by_pages_and_by_a_stream_that_resumes_anywhere() {
    let (server, _data) = demo();
    let whole = server.get("/v1/changes?limit=1000").json();
    assert_eq!(whole["complete"], true);
    let changes = whole["changes"].as_array().unwrap().clone();
    let (mut paged, mut after) = (Vec::new(), json!(0));
    loop {
        let page = server.get(&format!("/v1/changes?after={after}&limit=1")).json();
        paged.extend(page["changes"].as_array().unwrap().clone());
        after = page["next"].clone();
        if page["complete"] == true {
            break;
        }
    }
    assert_eq!(paged, changes);
    let streamed = events(&server, "", None, changes.len());
    assert_eq!(streamed.iter().map(|(_, data)| data.clone()).collect::<Vec<_>>(), changes);
    for cut in 0..changes.len() - 1 {
        let rest = events(&server, "", Some(&streamed[cut].0), changes.len() - cut - 1);
        assert_eq!(rest, streamed[cut + 1..], "after {}", streamed[cut].0);
    }
    let revision = whole["next"].to_string();
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| events(&server, &format!("?after={revision}"), None, 1));
        std::thread::sleep(std::time::Duration::from_millis(200));
        server.put("/v1/customers/new", &json!({ "name": "New" }));
        waiting.join().unwrap()
    });
    assert_eq!(waiting[0].1["event"], "customer-registered");
    assert_eq!(server.get("/v1/changes?after=9999").status, 409);
}

#[test]
fn a_stream_ends_when_the_server_stops() {
    let (server, _data) = demo();
    let address = server.base.strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "GET /v1/changes HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n\r\n").unwrap();
    let mut lines = BufReader::new(stream).lines();
    assert!(lines.next().unwrap().unwrap().contains("200"));
    let asked = std::time::Instant::now();
    assert!(server.terminate().success());
    assert!(asked.elapsed() < std::time::Duration::from_secs(8), "it did not wait for the stream");
}

#[test]
fn what_if_tells_the_exact_delta_and_writes_nothing() {
    let (server, _data) = demo();
    let before = server.get("/readyz").json()["revision"].clone();
    let ask = |changes: Value| server.post("/v1/what-if", &json!({ "changes": changes }));
    let removed = ask(json!([{ "remove": { "customer": "adatum", "partner": "litware" } }])).json();
    assert_eq!(removed["gained"], json!([]));
    let lost = removed["lost"].as_array().unwrap();
    assert!(!lost.is_empty());
    for flip in lost {
        assert_eq!(flip["subject"], json!({ "type": "Partner", "id": "litware" }));
        let now = server.post(
            "/access/v1/evaluation",
            &json!({ "subject": flip["subject"], "action": flip["action"], "resource": flip["resource"] }),
        );
        assert_eq!(now.json()["decision"], true, "{flip}");
    }
    let refused = ask(json!([{ "accept": { "partner": "tailspin", "customer": "adatum", "services": ["x"] } }]));
    assert_eq!((refused.status, refused.code().as_str()), (422, "invalid_change"), "{}", refused.text);
    assert_eq!(ask(json!([{ "explode": {} }])).status, 400);
    assert_eq!(server.get("/readyz").json()["revision"], before);
}

#[test]
fn the_past_answers_as_it_was_and_the_header_names_the_rules_that_answered() {
    let (server, _data) = demo();
    let asked = question("contoso", "provideSupport", "Subscription", "s-office");
    let at = |query: &str| server.post(&format!("/access/v1/evaluation{query}"), &asked);
    assert_eq!(at("").json()["decision"], false, "displaced by now");
    let changes = server.get("/v1/changes?limit=1000").json();
    let displaced =
        changes["changes"].as_array().unwrap().iter().find(|change| change["cause"] == "displaced").unwrap().clone();
    let revision = displaced["revision"].as_u64().unwrap();
    assert_eq!(at(&format!("?as_of={}", revision - 1)).json()["decision"], true);
    assert_eq!(at(&format!("?as_of={revision}")).json()["decision"], false);
    let past = at("?as_of=0");
    assert_eq!(past.json()["context"]["reason"], "unknown_partner");
    let record = server.get(&format!("/v1/decisions/{}", past.header("standing-decision").unwrap())).json();
    assert_ne!(record["at"], record["facts"]["at"], "asked now about then: {record}");
    assert_eq!(past.header("standing-rules").unwrap(), record["rules"].as_str().unwrap());
    for (query, status, code) in [
        ("?as_of=99999", 409, "revision_not_reached"),
        ("?as_of=2999-01-01T00:00:00Z", 400, "not_yet"),
        ("?as_of=yesterday", 400, "invalid_parameter"),
        ("?at_least=99999", 409, "revision_not_reached"),
        ("?rules=abc", 400, "unknown_rules"),
    ] {
        let answer = at(query);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{query}: {}", answer.text);
    }
    assert_eq!(at("?at_least=1&rules=current").status, 200);
}

#[test]
fn links_sent_before_a_new_key_work_until_the_old_key_is_retired() {
    let (server, data) = demo();
    let path = data.path().to_str().unwrap();
    let token = || server.get("/v1/partners/contoso/relationship-request").json()["token"].as_str().unwrap().to_owned();
    let old = token();
    assert_eq!(token(), old, "the same every time");
    let listed = |arguments: &[&str]| -> Value {
        serde_json::from_slice(&standing(&[arguments, &["--json", "--data", path]].concat()).stdout).unwrap()
    };
    let first = listed(&["link-key", "list"])["keys"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(listed(&["link-key", "rotate"])["keys"].as_array().unwrap().len(), 2);
    let new = token();
    assert_ne!(new, old);
    let status = |token: &str| server.get(&format!("/v1/relationship-requests/{token}")).status;
    assert_eq!((status(&old), status(&new)), (200, 200));
    listed(&["link-key", "retire", &first]);
    assert_eq!((status(&old), status(&new)), (404, 200));
    let refused = server.post(&format!("/v1/relationship-requests/{old}/acceptance"), &json!("nonsense"));
    assert_eq!(refused.status, 404, "whatever else is wrong, a link that is none is not found");
}

#[test]
fn an_edited_email_keeps_the_link_or_is_refused() {
    let (server, _data) = demo();
    let request = server.get("/v1/partners/contoso/relationship-request").json();
    let text = request["email"]["text"].as_str().unwrap();
    let link = request["link"].as_str().unwrap();
    let edit = |body: Value| server.post("/v1/partners/contoso/relationship-request/email", &body);
    assert_eq!(edit(json!({ "text": text })).status, 200);
    assert_eq!(edit(json!({ "paragraphs": [] })).status, 200);
    assert!(edit(json!({ "paragraphs": ["Dear customer,"] })).json()["text"].as_str().unwrap().contains(link));
    for (what, body) in [
        ("no link", json!({ "text": "Dear customer" })),
        ("another link", json!({ "text": text.replace(link, &format!("{link}x")) })),
        ("three paragraphs", json!({ "paragraphs": ["a", "b", "c"] })),
    ] {
        assert_eq!(edit(body).status, 422, "{what}");
    }
}

#[test]
fn what_a_browser_is_made_to_send_from_another_site_is_refused_where_no_credentials_are_asked() {
    let (server, _data) = demo();
    let address = server.base.strip_prefix("http://").unwrap();
    for (headers, status) in [
        (vec![("host", address)], 200),
        (vec![("host", "localhost:1")], 200),
        (vec![("host", "evil.example")], 403),
        (vec![("host", address), ("origin", "https://evil.example")], 403),
        (vec![("host", address), ("origin", server.base.as_str())], 200),
        (vec![("host", address), ("origin", "http://127.0.0.1:8181")], 403),
    ] {
        assert_eq!(server.send("GET", "/v1/partners", &headers, None).status, status, "{headers:?}");
    }
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "CONNECT x:1 HTTP/1.1\r\nhost: {address}\r\n\r\n").unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    assert!(line.contains("405"), "{line}");
}

#[test]
fn commands_in_parallel_all_get_their_answer() {
    let (server, data) = demo();
    assert!(server.terminate().success());
    let path = data.path().to_str().unwrap();
    let codes: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    standing(&["check", "Partner::contoso", "removeSeats", "Subscription::s-office", "--data", path])
                })
            })
            .collect();
        asked
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .map(|output| (output.status.code(), String::from_utf8(output.stderr).unwrap()))
            .collect()
    });
    assert!(codes.iter().all(|(code, _)| *code == Some(0)), "{codes:?}");
}

#[test]
fn a_command_without_a_server_answers_by_the_rules_that_were_last_served() {
    let data = tempfile::tempdir().unwrap();
    let rules = tempfile::tempdir().unwrap();
    let copied = std::process::Command::new("cp")
        .args(["-r", concat!(env!("CARGO_MANIFEST_DIR"), "/policies"), concat!(env!("CARGO_MANIFEST_DIR"), "/schemas")])
        .arg(rules.path())
        .status();
    assert!(copied.unwrap().success());
    std::fs::write(
        rules.path().join("policies/never/frozen.cedar"),
        "@id(\"never/frozen\")\n@title(\"Nothing is removed\")\n@source(\"a test\")\n@reason(\"frozen\")\nforbid (principal, action == Action::\"removeSeats\", resource);\n",
    )
    .unwrap();
    let server = Server::start(data.path(), &["--demo", "--rules", rules.path().to_str().unwrap()]);
    let check = || {
        standing(&[
            "check",
            "Partner::contoso",
            "removeSeats",
            "Subscription::s-office",
            "--data",
            data.path().to_str().unwrap(),
        ])
    };
    let beside = check();
    assert_eq!(beside.status.code(), Some(2), "{}", String::from_utf8_lossy(&beside.stdout));
    assert!(server.terminate().success());
    let without = check();
    assert_eq!((without.status.code(), without.stdout), (beside.status.code(), beside.stdout));
}

#[test]
fn what_was_never_granted_is_a_404_that_names_what_was_meant() {
    let (server, _data) = demo();
    let before = server.get("/readyz").json()["revision"].clone();
    for (path, meant) in [
        ("partners/fabrikam/delegated-administration?service=Office365", "did you mean `office365`?"),
        ("partners/fabricam/delegated-administration", "did you mean `fabrikam`?"),
        ("delegated-administration?service=OFFICE365", "did you mean `office365`?"),
    ] {
        let answer = server.send("DELETE", &format!("/v1/customers/adatum/{path}"), &[], None);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
        assert!(answer.json()["detail"].as_str().unwrap().contains(meant), "{path}: {}", answer.text);
        assert_eq!(server.get("/readyz").json()["revision"], before, "nothing was removed");
    }
}
