//! The process as a whole: how it starts, how it refuses to start, how it stops, and what is left when it is killed.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Server, question, standing};
use crate::stage::ACTIONS;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn refused(data: &Path, arguments: &[&str]) -> (i32, String) {
    match Server::try_start(data, arguments) {
        Ok(_) => panic!("the server started with {arguments:?}"),
        Err(output) => (output.status.code().unwrap(), said(&output)),
    }
}

const PARTNERS: [&str; 7] = ["contoso", "fabrikam", "northwind", "tailspin", "litware", "proseware", "stranger"];
const SUBSCRIPTIONS: [&str; 8] =
    ["s-office", "s-office-add-on", "s-azure", "s-suspended", "s-deleted", "s-direct", "s-intune", "s-ended"];

/// Every answer about the cast of the demonstration.
fn everything(server: &Server) -> Value {
    let cases = PARTNERS.iter().flat_map(|partner| {
        SUBSCRIPTIONS.iter().flat_map(move |sold| ACTIONS.map(|action| question(partner, action, "Subscription", sold)))
    });
    let answer =
        server.post("/access/v1/evaluations?explain=true", &json!({ "evaluations": cases.collect::<Vec<_>>() }));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[test]
fn the_demonstration_gives_the_decision_table_and_killing_it_changes_no_answer() {
    let data = folder();
    let server = Server::start(data.path(), &["--demo"]);
    let before = everything(&server);
    let yes = |answers: &Value| {
        answers["evaluations"].as_array().unwrap().iter().filter(|answer| answer["decision"] == true).count()
    };
    assert!(yes(&before) > 0, "the cast may do something");
    server.kill();
    for _ in 0..3 {
        let server = Server::start(data.path(), &["--demo"]);
        assert_eq!(everything(&server), before);
        server.kill();
    }
}

#[test]
fn a_server_killed_under_load_keeps_every_change_it_acknowledged_and_every_decision_it_answered() {
    let data = folder();
    let mut acknowledged = 0_u32;
    let mut answered = Vec::new();
    for round in 0..5 {
        let server = Server::start(data.path(), &["--anonymous"]);
        if round == 0 {
            assert_eq!(server.put("/v1/customers/c", &json!({ "name": "C" })).status, 201);
        }
        std::thread::scope(|scope| {
            let base = &server;
            let asking = scope.spawn(move || {
                let mut seen = Vec::new();
                loop {
                    let body = question("p", "provision", "Service", "c/office365").to_string();
                    let headers = [("content-type", "application/json")];
                    match base.try_send("POST", "/access/v1/evaluation", &headers, Some(body.as_bytes())) {
                        Ok(answer) => seen.push(answer.header("standing-decision").unwrap().parse::<u64>().unwrap()),
                        Err(_) => return seen,
                    }
                }
            });
            let changing = scope.spawn(move || {
                let mut last = acknowledged;
                loop {
                    let told = json!({ "name": format!("C {}", last + 1) }).to_string();
                    let headers = [("content-type", "application/json")];
                    match base.try_send("PUT", "/v1/customers/c", &headers, Some(told.as_bytes())) {
                        Ok(answer) if answer.status == 200 => last += 1,
                        _ => return last,
                    }
                }
            });
            std::thread::sleep(std::time::Duration::from_millis(150 + 60 * round));
            let id = server.id().to_string();
            assert!(std::process::Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
            answered.extend(asking.join().unwrap());
            acknowledged = changing.join().unwrap();
        });
        drop(server);
        let server = Server::start(data.path(), &["--anonymous"]);
        let name = server.get("/v1/customers/c").json()["name"].as_str().unwrap().to_owned();
        let kept: u32 = name.strip_prefix("C ").and_then(|number| number.parse().ok()).unwrap_or(0);
        // The last one sent may have been written without an answer, and nothing before it may be missing.
        assert!((acknowledged..=acknowledged + 1).contains(&kept), "{kept} kept, {acknowledged} acknowledged");
        acknowledged = kept;
    }
    assert!(!answered.is_empty(), "something was answered between the kills");
    let server = Server::start(data.path(), &["--anonymous"]);
    for seq in answered {
        let record = server.get(&format!("/v1/decisions/{seq}"));
        assert_eq!((record.status, record.json()["asked"].as_str()), (200, Some("evaluation")), "decision {seq}");
    }
}

#[test]
fn it_stops_gracefully_when_it_is_told_to() {
    let data = folder();
    let server = Server::start(data.path(), &["--demo"]);
    assert!(server.terminate().success());
    assert!(!data.path().join("standing.sock").exists(), "the socket is gone");
}

#[test]
fn what_cannot_be_served_is_refused_in_one_sentence_and_nothing_is_written() {
    let data = folder();
    let broken = folder();
    std::fs::create_dir_all(broken.path().join("policies/may")).unwrap();
    std::fs::write(
        broken.path().join("policies/may/remove-seats.cedar"),
        "@id(\"may/remove-seats\")\n@title(\"t\")\n@source(\"s\")\npermit (principal is Partner, action == Action::\"removeSeat\", resource);\n",
    )
    .unwrap();
    let rules = broken.path().to_str().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let settings = folder();
    let settings = settings.path().join("standing.toml");
    std::fs::write(&settings, "publicurl = \"https://standing.example\"\n").unwrap();
    for (arguments, expected) in [
        (vec!["--rules", rules], "policies/may/remove-seats.cedar:1:1"),
        (vec!["--rules", rules], "did you mean `Action::\"removeSeats\"`?"),
        (vec!["--rules", "/nowhere"], "`/nowhere` is not a folder"),
        (vec!["--listen", &taken], "cannot listen on"),
        (vec!["--anonymous", "--listen", "0.0.0.0:0"], "is not a loopback address"),
        (vec!["--config", settings.to_str().unwrap()], "unknown field `publicurl`"),
        (vec!["--world", "/nowhere"], "`/nowhere` is not a folder"),
    ] {
        let (code, message) = refused(data.path(), &arguments);
        assert_eq!(code, 1, "{arguments:?}: {message}");
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
    let written: Vec<_> = std::fs::read_dir(data.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let begun = ["standing.redb", "link-keys.json", "ledger.key", "ledger.pub"];
    assert!(
        written.iter().all(|name| begun.iter().any(|begun| name == begun)),
        "only an empty store may have been begun: {written:?}"
    );
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_as_it_is() {
    let data = folder();
    let file = data.path().join("standing.redb");
    for text in ["this is a text and no store\n".repeat(1_000), "x".to_owned()] {
        std::fs::write(&file, &text).unwrap();
        let (code, message) = refused(data.path(), &["--anonymous"]);
        assert_eq!(code, 1);
        assert!(message.contains("is not a store of standing"), "{message}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
}

#[test]
fn a_store_of_another_program_and_one_of_a_newer_format_are_refused() {
    let table: redb::TableDefinition<&str, &[u8]> = redb::TableDefinition::new("meta");
    for (format, expected) in
        [(vec![], "of another program"), (vec![7], "has format 7"), (vec![0], "of another program")]
    {
        let data = folder();
        let database = redb::Database::create(data.path().join("standing.redb")).unwrap();
        let write = database.begin_write().unwrap();
        {
            let mut meta = write.open_table(table).unwrap();
            if format.is_empty() {
                meta.insert("something", b"else".as_slice()).unwrap();
            } else {
                meta.insert("format", format.as_slice()).unwrap();
            }
        }
        write.commit().unwrap();
        drop(database);
        let (code, message) = refused(data.path(), &["--anonymous"]);
        assert_eq!(code, 1);
        assert!(message.contains(expected), "{format:?}: {message}");
    }
}

#[test]
fn commands_say_the_same_beside_a_server_and_without_one() {
    let data = folder();
    let path = data.path().to_str().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    let asked = [
        vec!["check", "Partner::contoso", "removeSeats", "Subscription::s-office", "--data", path],
        vec!["check", "Partner::fabrikam", "removeSeats", "Subscription::s-office", "--explain", "--data", path],
        vec!["check", "Partner::nobody", "removeSeats", "Subscription::s-office", "--json", "--data", path],
        vec!["check", "Partner::contoso", "removeSeats", "Subscription::s-office", "--as-of", "1", "--data", path],
        vec!["token", "list", "--data", path],
    ];
    let ask = || -> Vec<(Option<i32>, Vec<u8>, Vec<u8>)> {
        asked
            .iter()
            .map(|arguments| standing(arguments))
            .map(|output| (output.status.code(), output.stdout, output.stderr))
            .collect()
    };
    let beside = ask();
    assert!(server.terminate().success());
    let without = ask();
    assert_eq!(beside, without);
    let codes: Vec<_> = beside.iter().map(|(code, ..)| code.unwrap()).collect();
    assert_eq!(codes, [0, 2, 2, 2, 0]);
}

#[test]
fn wrong_usage_has_its_own_exit_code() {
    let data = folder();
    let path = data.path().to_str().unwrap();
    for (arguments, code, expected) in [
        (vec!["check"], 64, "Usage"),
        (vec!["serve", "--lissten", "x"], 64, "--listen"),
        (vec!["check", "contoso", "removeSeats", "Subscription::s", "--data", path], 64, "names no type"),
        (vec!["check", "Partner::a", "b", "Subscription::c", "--data", path], 1, "there is no store"),
        (vec!["tables", "--rules", "/nowhere"], 1, "is not a folder"),
    ] {
        let output = standing(&arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(expected), "{arguments:?}: {}", said(&output));
    }
}

#[test]
fn without_anonymous_the_first_start_makes_one_operator_token_and_every_call_needs_one() {
    let data = folder();
    let server = Server::start(data.path(), &[]);
    let denied = server.get("/v1/partners");
    assert_eq!(denied.status, 401);
    assert!(denied.header("www-authenticate").is_some_and(|scheme| scheme.starts_with("Bearer")));
    assert_eq!(server.get("/healthz").status, 200);
    let issued =
        standing(&["token", "create", "--role", "operator", "--json", "--data", data.path().to_str().unwrap()]);
    let issued: Value = serde_json::from_slice(&issued.stdout).unwrap();
    let bearer = format!("Bearer {}", issued["token"].as_str().unwrap());
    assert_eq!(server.send("GET", "/v1/partners", &[("authorization", &bearer)], None).status, 200);
    let list = standing(&["token", "list", "--data", data.path().to_str().unwrap()]);
    assert_eq!(String::from_utf8(list.stdout).unwrap().lines().count(), 2, "the first one and this one");
    assert!(!std::fs::read(data.path().join("standing.redb")).unwrap().windows(43).any(|bytes| {
        bytes == &issued["token"].as_str().unwrap().as_bytes()[issued["token"].as_str().unwrap().len() - 43..]
    }));
}
