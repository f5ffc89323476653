//! An archive file that is missing or damaged is named wherever its records belong, and no list says that it is complete.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::server::{Server, question, standing};

/// The cast of the demonstration, its first decisions in an archive file, and one decision after them.
struct Archived {
    data: TempDir,
    name: String,
    last: u64,
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

impl Archived {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path(), &["--demo"]);
        for partner in ["contoso", "fabrikam"] {
            let asked = question(partner, "removeSeats", "Subscription", "s-office");
            assert_eq!(server.post("/access/v1/evaluation", &asked).status, 200);
        }
        assert!(server.terminate().success());
        std::thread::sleep(std::time::Duration::from_millis(5));
        let path = data.path().to_str().unwrap();
        let output = standing(&["ledger", "archive", "--older-than", "1ms", "--json", "--data", path]);
        let archived: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
        let file = &archived["files"][0];
        let (name, last) = (file["file"].as_str().unwrap().to_owned(), file["last"].as_u64().unwrap());
        assert!(last > 2, "{archived}");
        Self { data, name, last }
    }

    fn path(&self) -> PathBuf {
        self.data.path().join(&self.name)
    }

    fn serve(&self) -> Server {
        let server = Server::start(self.data.path(), &["--anonymous"]);
        let headers = [("content-type", "application/json"), ("x-request-id", "later")];
        let asked = question("fabrikam", "provision", "Subscription", "s-office").to_string();
        assert_eq!(server.send("POST", "/access/v1/evaluation", &headers, Some(asked.as_bytes())).status, 200);
        server
    }

    fn run(&self, arguments: &[&str]) -> Output {
        standing(&[&["ledger"], arguments, &["--data", self.data.path().to_str().unwrap()]].concat())
    }

    fn is_named_in(&self, text: &str) -> bool {
        text.contains(&self.name)
    }
}

/// Every page of a list: its items, what it says is missing, and what its last page says.
fn pages(server: &Server, path: &str, noun: &str) -> (Vec<Value>, Vec<Value>, bool) {
    let (mut items, mut missing, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let answer = server.get(&format!("{path}{cursor}"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let page = answer.json();
        items.extend(page[noun].as_array().unwrap().clone());
        missing.extend(page["missing"].as_array().into_iter().flatten().cloned());
        let is_complete = page["complete"].as_bool().unwrap();
        match page["next"].as_str() {
            Some(next) => {
                assert!(!is_complete);
                cursor = format!("&cursor={next}");
            }
            None => return (items, missing, is_complete),
        }
    }
}

/// What can become of an archive file.
const DAMAGES: [(&str, fn(&Path)); 5] = [
    ("gone", |path| std::fs::remove_file(path).unwrap()),
    ("its folder gone", |path| std::fs::remove_dir_all(path.parent().unwrap()).unwrap()),
    ("no file any more", |path| {
        std::fs::remove_file(path).unwrap();
        std::fs::create_dir(path).unwrap();
    }),
    ("emptied", |path| std::fs::write(path, "").unwrap()),
    ("altered", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        std::fs::write(path, text.replace("\"decision\":", "\"Decision\":")).unwrap();
    }),
];

#[test]
fn lists_name_an_archive_they_cannot_read_and_say_that_they_are_not_complete() {
    for (damage, spoil) in DAMAGES {
        let kept = Archived::new();
        spoil(&kept.path());
        let server = kept.serve();
        for order in ["oldest", "newest"] {
            for limit in [1, 3, 1000] {
                let path = format!("/v1/decisions?order={order}&limit={limit}");
                let (items, missing, is_complete) = pages(&server, &path, "decisions");
                assert!(!is_complete, "{damage}: {path}");
                assert!(items.iter().all(|item| item["seq"].as_u64().unwrap() > kept.last), "{damage}: {path}");
                let lost: u64 = missing.iter().map(|missing| missing["records"].as_u64().unwrap()).sum();
                assert_eq!(lost, kept.last, "{damage}: {path}: {missing:?}");
                assert!(missing.iter().all(|missing| missing["archive"] == kept.name.as_str()), "{missing:?}");
            }
        }
        // A list to which nothing belongs that is missing is complete, and one to which something does is not.
        let (items, missing, is_complete) = pages(&server, "/v1/decisions?requestId=later", "decisions");
        assert_eq!((items.len(), missing.len(), is_complete), (1, 0, true), "{damage}");
        let asked = "/v1/decisions?subject=Partner::contoso&asked=evaluation";
        let (items, missing, is_complete) = pages(&server, asked, "decisions");
        assert_eq!((items.len(), missing.len(), is_complete), (0, 1, false), "{damage}");

        let single = server.get("/v1/decisions/1");
        if damage == "altered" {
            assert_eq!((single.status, single.code().as_str()), (500, "ledger_damaged"), "{}", single.text);
        } else {
            assert_eq!((single.status, single.code().as_str()), (503, "archive_unusable"), "{damage}: {}", single.text);
            assert!(kept.is_named_in(&single.text), "{damage}: {}", single.text);
        }
        let again = server.send("POST", "/v1/decisions/1/replay", &[], None);
        assert_eq!((again.status, again.json()["same"].as_bool()), (200, Some(false)), "{damage}: {}", again.text);
        assert_eq!(again.json()["missing"][0]["ingredient"], "record", "{damage}: {}", again.text);
        assert!(kept.is_named_in(&again.text), "{damage}: {}", again.text);
        assert_eq!(server.send("POST", "/v1/decisions/99999/replay", &[], None).code(), "unknown_decision");
    }
}

#[test]
fn a_review_of_access_says_which_archive_it_could_not_read() {
    for (damage, spoil) in DAMAGES {
        let kept = Archived::new();
        let used = |rows: &[Value]| {
            let row = rows.iter().find(|row| row["action"] == "removeSeats" && row["resource"]["id"] == "s-office");
            row.unwrap()["lastUsed"].clone()
        };
        let path = "/v1/access-review?partner=contoso&limit=2";
        {
            let server = kept.serve();
            let (rows, missing, is_complete) = pages(&server, path, "access");
            assert!(is_complete && missing.is_empty(), "{damage}: {missing:?}");
            assert!(used(&rows)["at"].is_string(), "{damage}");
            assert!(server.terminate().success());
        }
        spoil(&kept.path());
        let server = kept.serve();
        let (rows, missing, is_complete) = pages(&server, path, "access");
        let used = used(&rows);
        assert!(used["seq"].is_u64() && used["at"].is_null(), "{damage}: {used}");
        assert!(kept.is_named_in(used["missing"].as_str().unwrap()), "{damage}: {used}");
        assert!(!is_complete, "{damage}");
        assert!(missing.iter().any(|missing| missing["archive"] == kept.name.as_str()), "{damage}: {missing:?}");
        for format in ["csv", "html"] {
            let whole = server.get(&format!("/v1/access-review?partner=contoso&format={format}"));
            assert!(kept.is_named_in(&whole.text), "{damage}, {format}: {}", whole.text);
        }
    }
}

#[test]
fn commands_name_an_archive_that_is_missing_and_end_with_another_code() {
    for (damage, spoil) in DAMAGES {
        let kept = Archived::new();
        spoil(&kept.path());
        let file = kept.data.path().join("out.ndjson");
        let (file, public) = (file.to_str().unwrap(), kept.data.path().join("ledger.pub"));
        let verify = ["ledger", "verify", "--file", file, "--key", public.to_str().unwrap()];
        for (what, output, code) in [
            ("export", kept.run(&["export", file]), 2),
            ("the export", standing(&verify), 2),
            ("replay", kept.run(&["replay", "--all"]), 2),
            ("replay of one", kept.run(&["replay", "1"]), 2),
            ("show", kept.run(&["show", "1"]), 1),
            ("verify", kept.run(&["verify"]), 2),
        ] {
            // What was altered is exported as it is, and whoever verifies finds it.
            let is_altered = damage == "altered" && !what.starts_with("replay");
            let code = if is_altered && what == "export" { 0 } else { code };
            assert_eq!(output.status.code(), Some(code), "{damage}, {what}: {}", said(&output));
            if what == "replay of one" {
                assert!(said(&output).starts_with("1: not decided again: "), "{damage}: {}", said(&output));
            }
            assert!(is_altered || kept.is_named_in(&said(&output)), "{damage}, {what}: {}", said(&output));
        }
        // What is not missing is exported all the same, and the signed end shows that nothing was cut off.
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.lines().last().unwrap().starts_with("{\"checkpoint\":"), "{damage}: {text}");
    }
}
