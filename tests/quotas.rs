//! What one caller may take of what all share, over a server that asks for credentials.

use serde_json::{Value, json};

use crate::server::{Answer, Server, question, standing};

/// A server with limits, and the tokens of an asker and of another.
struct Office {
    server: Server,
    data: tempfile::TempDir,
    asker: String,
    other: String,
}

impl Office {
    fn open(limits: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::try_start_in(data.path(), &[], limits)
            .unwrap_or_else(|output| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let token = || {
            let folder = data.path().to_str().unwrap();
            let made = standing(&["token", "create", "--json", "--role", "asker", "--data", folder]);
            let made: Value = serde_json::from_slice(&made.stdout).unwrap();
            made["token"].as_str().unwrap().to_owned()
        };
        let (asker, other) = (token(), token());
        Self { server, data, asker, other }
    }

    fn ask(&self, token: &str, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let bearer = format!("Bearer {token}");
        let own = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        self.server.send("POST", path, &[&own, headers].concat(), Some(body.to_string().as_bytes()))
    }

    fn batch(&self, token: &str, times: usize, headers: &[(&str, &str)]) -> Answer {
        let mut body = question("p", "removeSeats", "Subscription", "s");
        body["evaluations"] = vec![json!({}); times].into();
        self.ask(token, "/access/v1/evaluations", &body, headers)
    }

    fn one(&self, token: &str) -> Answer {
        self.ask(token, "/access/v1/evaluation", &question("p", "removeSeats", "Subscription", "s"), &[])
    }
}

#[test]
fn a_caller_that_took_too_much_comes_back_later_and_others_are_answered() {
    let cases = [
        ("STANDING_LIMITS_DECISIONS_PER_SECOND", "1", "decisions_per_second"),
        ("STANDING_LIMITS_RECORDED_BYTES_PER_SECOND", "1024", "recorded_bytes_per_second"),
    ];
    for (variable, value, setting) in cases {
        let office = Office::open(&[(variable, value)]);
        // What it takes is known when it is done.
        assert_eq!(office.batch(&office.asker, 1_000, &[]).status, 200, "{setting}");
        let refused = office.one(&office.asker);
        assert_eq!((refused.status, refused.code().as_str()), (429, "quota_reached"), "{setting}");
        assert!(refused.text.contains(setting), "{}", refused.text);
        let after: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!(after >= 1, "{after}");
        assert_eq!(office.one(&office.other).status, 200, "{setting}");
        // The machine's own commands are held by none of it.
        let folder = office.data.path().to_str().unwrap();
        for _ in 0..3 {
            let asked = standing(&["check", "Partner::p", "removeSeats", "Subscription::s", "--data", folder]);
            assert_ne!(asked.status.code(), Some(1), "{}", String::from_utf8_lossy(&asked.stderr));
        }
        let operator = standing(&["token", "create", "--json", "--role", "auditor", "--data", folder]);
        let auditor: Value = serde_json::from_slice(&operator.stdout).unwrap();
        let bearer = format!("Bearer {}", auditor["token"].as_str().unwrap());
        let metrics = office.server.send("GET", "/metrics", &[("authorization", &bearer)], None).text;
        let counted = format!("standing_limits_reached_total{{limit=\"{setting}\"}} 1");
        assert!(metrics.contains(&counted), "{counted} is not in\n{metrics}");
    }
}

#[test]
fn a_call_that_was_refused_for_a_quota_has_no_record_and_one_that_is_too_many_says_so() {
    let office = Office::open(&[("STANDING_LIMITS_DECISIONS_PER_SECOND", "1")]);
    assert_eq!(office.batch(&office.asker, 100, &[]).status, 200);
    let before = office.server.get("/readyz");
    for _ in 0..5 {
        assert_eq!(office.one(&office.asker).status, 429);
    }
    assert_eq!(before.status, 200);
    let folder = office.data.path().to_str().unwrap();
    let made = standing(&["token", "create", "--json", "--role", "auditor", "--data", folder]);
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let bearer = format!("Bearer {}", made["token"].as_str().unwrap());
    let listed =
        office.server.send("GET", "/v1/decisions?asked=evaluation&limit=1000", &[("authorization", &bearer)], None);
    assert_eq!(listed.json()["decisions"].as_array().unwrap().len(), 100, "{}", listed.text.len());
}

#[test]
fn what_a_batch_shares_is_stored_once() {
    let office = Office::open(&[]);
    let stored = || -> u64 {
        use std::os::unix::fs::MetadataExt as _;
        let entries = std::fs::read_dir(office.data.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().metadata().unwrap())
            .filter(|file| file.is_file())
            .map(|file| file.blocks() * 512)
            .sum()
    };
    assert_eq!(office.one(&office.asker).status, 200);
    let before = stored();
    let id = "r".repeat(1_024);
    let answer = office.batch(&office.asker, 10_000, &[("x-request-id", &id)]);
    assert_eq!(answer.status, 200);
    // A kilobyte in each record would be 10 MiB by itself.
    let grown = stored().saturating_sub(before);
    assert!(grown < 6 * 1024 * 1024, "{grown} bytes");
}
