//! Stores that an earlier program wrote (`tests/kept/make`) open, and answer and prove what they did then.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Answer, Server, standing};

const JSON: (&str, &str) = ("content-type", "application/json");

/// A kept store, unpacked.
struct Kept {
    folder: TempDir,
    expected: Value,
    arguments: Vec<String>,
}

impl Kept {
    fn named(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/kept/{name}.tar.gz"));
        let unpacked = Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(folder.path()).status().unwrap();
        assert!(unpacked.success(), "{}", archive.display());
        let expected = std::fs::read_to_string(folder.path().join("expected.json")).unwrap();
        let arguments = match name {
            "publishing" => {
                let settings = folder.path().join("standing.toml");
                std::fs::write(&settings, "rules_from = \"publishing\"\n").unwrap();
                vec!["--config".to_owned(), settings.to_str().unwrap().to_owned()]
            }
            _ => vec!["--rules".to_owned(), folder.path().join("rules").to_str().unwrap().to_owned()],
        };
        Self { expected: serde_json::from_str(&expected).unwrap(), arguments, folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn start(&self) -> Server {
        Server::start(&self.data(), &self.arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn send(&self, server: &Server, who: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {}", self.expected["tokens"][who].as_str().unwrap());
        let body = body.map(Value::to_string);
        server.send(method, path, &[JSON, ("authorization", &bearer)], body.as_deref().map(str::as_bytes))
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let data = self.data();
        let output = standing(&[arguments, &["--data", data.to_str().unwrap()]].concat());
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }
}

fn decisions(answer: &Answer) -> Value {
    let answers = answer.json();
    answers["evaluations"].as_array().unwrap().iter().map(|answer| answer["decision"].clone()).collect()
}

#[test]
fn a_store_written_before_opens_and_answers_as_it_did() {
    for name in ["files", "publishing"] {
        let kept = Kept::named(name);
        let server = kept.start();
        let asked = kept.send(&server, "asker", "POST", "/access/v1/evaluations", Some(&kept.expected["questions"]));
        assert_eq!(asked.status, 200, "{name}: {}", asked.text);
        assert_eq!(decisions(&asked), kept.expected["answers"], "{name}");
        assert_eq!(kept.send(&server, "contoso", "GET", "/v1/partners/contoso/customers", None).status, 200, "{name}");
        assert_eq!(kept.send(&server, "gone", "GET", "/v1/decisions", None).status, 401, "{name}");
        let history = kept.send(&server, "operator", "GET", "/v1/rules/history", None).json();
        assert!(history["history"].as_array().unwrap().len() >= 2, "{name}: {history}");
        if name == "publishing" {
            let proposals = kept.send(&server, "operator", "GET", "/v1/rules/proposals", None).json();
            let states: Vec<&Value> =
                proposals["proposals"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
            assert_eq!(states.len(), 2, "{proposals}");
            assert!(states.contains(&&json!("open")), "{proposals}");
            // Rules in the words of then are compared with each other as they were.
            let digests: Vec<&str> =
                history["history"].as_array().unwrap().iter().map(|entry| entry["digest"].as_str().unwrap()).collect();
            let path = format!("/v1/rules/difference?from={}&to={}", digests[0], digests[1]);
            let compared = kept.send(&server, "operator", "GET", &path, None);
            assert_eq!(compared.status, 200, "{}", compared.text);
            assert!(compared.json().get("findings").is_none(), "{}", compared.text);
        }
        // A link that was sent before its key was replaced is still good.
        let path = format!("/v1/relationship-requests/{}/acceptance", kept.expected["link"].as_str().unwrap());
        let body = json!({ "customer": "wingtip", "services": ["azure"] });
        let accepted = kept.send(&server, "operator", "POST", &path, Some(&body));
        assert_eq!(accepted.status, 200, "{name}: {}", accepted.text);
        assert_eq!(accepted.json()["granted"], json!(["azure"]), "{name}");
        // The rules that were kept know no call of its own for this yet.
        let made = kept.send(&server, "operator", "POST", "/v1/tokens", Some(&json!({ "role": "asker" })));
        assert_eq!(made.status, 201, "{name}: {}", made.text);
        let refused = kept.send(&server, "asker", "POST", "/v1/tokens", Some(&json!({ "role": "operator" })));
        assert_eq!(refused.status, 403, "{name}: {}", refused.text);
    }
}

#[test]
fn a_ledger_written_before_verifies_and_replays_beside_what_is_written_now() {
    for name in ["files", "publishing"] {
        let kept = Kept::named(name);
        let server = kept.start();
        let asked = kept.send(&server, "asker", "POST", "/access/v1/evaluations", Some(&kept.expected["questions"]));
        assert_eq!(asked.status, 200, "{name}: {}", asked.text);
        server.terminate();
        let (code, said) = kept.run(&["ledger", "verify"]);
        assert_eq!(code, Some(0), "{name}: {said}");
        let (code, said) = kept.run(&["ledger", "replay", "--all"]);
        assert_eq!(code, Some(0), "{name}: {said}");
        let (file, key, checkpoint) =
            (kept.folder.path().join("ledger"), kept.data().join("ledger.pub"), kept.folder.path().join("checkpoint"));
        let (code, said) = kept.run(&["ledger", "export", file.to_str().unwrap()]);
        assert_eq!(code, Some(0), "{name}: {said}");
        let verified = standing(&[
            "ledger",
            "verify",
            "--file",
            file.to_str().unwrap(),
            "--key",
            key.to_str().unwrap(),
            "--checkpoint",
            checkpoint.to_str().unwrap(),
        ]);
        assert!(verified.status.success(), "{name}: {}", String::from_utf8_lossy(&verified.stderr));
    }
}

#[test]
fn what_is_masked_of_a_record_without_a_salt_is_said_to_be_guessable() {
    let kept = Kept::named("files");
    let server = kept.start();
    kept.send(&server, "asker", "POST", "/access/v1/evaluations", Some(&kept.expected["questions"]));
    server.terminate();
    let file = kept.folder.path().join("masked");
    let (code, said) = kept.run(&["ledger", "export", file.to_str().unwrap(), "--mask", "subject"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("can be guessed"), "{said}");
    let lines = std::fs::read_to_string(&file).unwrap();
    let masked =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|line| line["masked"].is_array());
    let (mut salted, mut guessable) = (0, 0);
    for line in masked {
        match line.get("guessable") {
            Some(said) => {
                assert_eq!((said, line["record"].get("salt")), (&json!(true), None), "{line}");
                guessable += 1;
            }
            None => {
                assert_eq!(line["record"]["salt"], "(masked)", "{line}");
                salted += 1;
            }
        }
    }
    assert!(salted > 400 && guessable > 1_000, "{salted} salted, {guessable} guessable");
}

#[test]
fn the_rules_of_this_program_take_the_place_of_those_written_before_when_somebody_says_so() {
    let kept = Kept { arguments: ["--rules", "built-in"].map(str::to_owned).into(), ..Kept::named("files") };
    let server = kept.start();
    let said = kept.send(&server, "operator", "GET", "/v1/rules", None).json();
    // What was promised then and is not now has its line in `policies/retired.md`.
    assert_eq!((said.get("refused"), said["by"].as_str()), (None, Some("built-in")), "{said}");
    server.terminate();
    let kept = Kept { arguments: Vec::new(), ..kept };
    let server = Server::start_in(kept.folder.path(), &kept.data(), &[]);
    let said = kept.send(&server, "operator", "GET", "/v1/rules", None).json();
    assert_eq!((said.get("refused"), said["by"].as_str()), (None, Some("built-in")), "{said}");
}

#[test]
fn a_store_that_was_never_told_where_its_rules_stand_goes_on_with_those_it_has() {
    let kept = Kept::named("files");
    let before = kept.run(&["check", "Partner::contoso", "transition", "Subscription::s-azure"]);
    let server = Server::start(&kept.data(), &[]);
    let said = kept.send(&server, "operator", "GET", "/v1/rules", None).json();
    assert_eq!((said.get("refused"), said.get("folder"), said["why"].as_str()), (None, None, Some("files")), "{said}");
    let past =
        kept.send(&server, "operator", "POST", "/access/v1/evaluations?as_of=3", Some(&kept.expected["questions"]));
    assert_eq!(past.status, 200, "{}", past.text);
    let refused =
        kept.send(&server, "asker", "POST", "/access/v1/evaluations?as_of=3", Some(&kept.expected["questions"]));
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert_eq!(kept.run(&["check", "Partner::contoso", "transition", "Subscription::s-azure"]), before);
}

#[test]
fn what_a_store_written_before_holds_is_taken_over_once_and_has_to_stay_so() {
    type Bytes = redb::TableDefinition<'static, &'static [u8], &'static [u8]>;
    const FACTS: Bytes = redb::TableDefinition::new("facts");
    const SIDE: Bytes = redb::TableDefinition::new("side");
    let flipped = |kept: &Kept, table: Bytes, prefix: &[u8]| {
        let database = redb::Database::open(kept.data().join("standing.redb")).unwrap();
        let write = database.begin_write().unwrap();
        {
            let mut table = write.open_table(table).unwrap();
            let (key, mut row) = {
                let (key, row) =
                    redb::ReadableTable::range::<&[u8]>(&table, prefix..).unwrap().next().unwrap().unwrap();
                (key.value().to_vec(), row.value().to_vec())
            };
            assert!(key.starts_with(prefix));
            *row.last_mut().unwrap() ^= 1;
            table.insert(key.as_slice(), row.as_slice()).unwrap();
        }
        write.commit().unwrap();
    };
    for name in ["files", "publishing"] {
        let kept = Kept::named(name);
        assert!(kept.start().terminate().success());
        let (code, said) = kept.run(&["ledger", "verify"]);
        assert_eq!(code, Some(0), "{name}: {said}");
        let token = kept.expected["tokens"]["asker"].as_str().unwrap();
        let id = token.split('_').nth(1).unwrap();
        flipped(&kept, SIDE, format!("t{id}").as_bytes());
        flipped(&kept, FACTS, b"c");
        let (code, said) = kept.run(&["ledger", "verify"]);
        assert_eq!(code, Some(2), "{name}: {said}");
        assert!(said.contains(&format!("token `{id}` was changed")), "{name}: {said}");
        assert!(said.contains("a fact of a revision up to"), "{name}: {said}");
        let server = kept.start();
        assert_eq!(kept.send(&server, "asker", "GET", "/v1/partners", None).status, 401, "{name}");
        assert_eq!(kept.send(&server, "operator", "GET", "/v1/partners", None).status, 200, "{name}");
    }
}
