//! Checkpoints that were kept elsewhere, held against what there is now: an export, an archive, or the store itself.
use std::process::{Command, Output};
use std::sync::Arc;

use serde_json::Value;
use standing::audit::{Hash, LedgerKey, Peaks};
use standing::clock::System;
use standing::store::Store;
use tempfile::TempDir;

use crate::server::{Server, question, standing};

/// A store with a ledger, two archive files and an export of all of it.
struct Kept {
    data: TempDir,
    /// The signed head of the store when it was new.
    fresh: String,
}

fn ask(server: &Server, times: usize) {
    for number in 0..times {
        let asked = question(&format!("p{number}"), "provision", "Service", "c/office365");
        assert_eq!(server.post("/access/v1/evaluation", &asked).status, 200);
    }
}

impl Kept {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path(), &["--anonymous"]);
        let head = |server: &Server| server.send("GET", "/v1/ledger/checkpoint", &[("accept", "text/plain")], None);
        let fresh = head(&server).text;
        ask(&server, 5);
        assert!(server.terminate().success());
        let kept = Self { data, fresh };
        kept.archive();
        let server = Server::start(kept.data.path(), &["--anonymous"]);
        ask(&server, 4);
        assert!(server.terminate().success());
        kept.archive();
        let output = kept.run(&["export", &kept.file("all.ndjson")]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        kept
    }

    fn run(&self, arguments: &[&str]) -> Output {
        standing(&[&["ledger"], arguments, &["--data", self.data.path().to_str().unwrap()]].concat())
    }

    fn archive(&self) {
        std::thread::sleep(std::time::Duration::from_millis(5));
        let output = self.run(&["archive", "--older-than", "1ms"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }

    fn file(&self, name: &str) -> String {
        self.data.path().join(name).to_str().unwrap().to_owned()
    }

    /// The second archive file, and the first record in it.
    fn second_archive(&self) -> (String, u64) {
        let names = std::fs::read_dir(self.data.path().join("archive")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let first = |name: &str| name.split('-').nth(1).unwrap().parse::<u64>().unwrap();
        let name = names.max_by_key(|name| first(name)).unwrap();
        (self.file(&format!("archive/{name}")), first(&name))
    }

    fn key(&self) -> LedgerKey {
        LedgerKey::parse(&std::fs::read_to_string(self.data.path().join("ledger.key")).unwrap()).unwrap()
    }

    /// The root of the tree over the first records, as the store has it.
    fn root(&self, size: u64) -> Hash {
        let store = Store::open(self.data.path(), Arc::new(System)).unwrap();
        store.ledger().unwrap().peaks(size).unwrap().root()
    }

    /// What comes of holding a checkpoint against a file, or against the store when there is none.
    fn held(&self, file: Option<&str>, note: &str) -> (i32, Value) {
        std::fs::write(self.file("checkpoint"), note).unwrap();
        let (public, checkpoint) = (self.file("ledger.pub"), self.file("checkpoint"));
        let output = match file {
            Some(file) => {
                standing(&["ledger", "verify", "--file", file, "--key", &public, "--checkpoint", &checkpoint, "--json"])
            }
            None => self.run(&["verify", "--checkpoint", &checkpoint, "--json"]),
        };
        let walked = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
        (output.status.code().unwrap(), walked)
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn remark(walked: &Value) -> String {
    walked["remarks"][0].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_real_checkpoint_from_before_a_file_is_no_alarm_and_a_forged_one_is() {
    let kept = Kept::new();
    let all = kept.file("all.ndjson");
    let (archive, first) = kept.second_archive();
    assert!(first > 5, "records were archived twice");

    // Of the empty ledger, as a fresh store signed it.
    for file in [Some(all.as_str()), Some(&archive), None] {
        let (code, walked) = kept.held(file, &kept.fresh);
        assert_eq!((code, walked["whole"].as_bool()), (0, Some(true)), "{file:?}: {walked}");
        assert!(!remark(&walked).is_empty(), "{file:?}: {walked}");
        let (code, walked) = kept.held(file, &kept.key().sign(0, [7; 32]).unwrap());
        assert_eq!((code, walked["findings"][0]["fault"].as_str()), (2, Some("checkpoint")), "{file:?}: {walked}");
    }

    // Of every size there was before the archive: compared where the archive says enough of it.
    let before = first - 1;
    let mut compared = 0;
    for size in 0..=before {
        let signed = kept.key().sign(size, kept.root(size)).unwrap();
        let (code, walked) = kept.held(Some(&archive), &signed);
        assert_eq!(code, 0, "{size}: {walked}");
        let is_said = !remark(&walked).contains("could not be compared");
        // What the archive goes on from are the full subtrees before it: a size that ends with one of them is told.
        let ends: Vec<u64> = (0..64).rev().filter(|bit| before >> bit & 1 == 1).map(|bit| 1 << bit).collect();
        let ends: Vec<u64> = (0..=ends.len()).map(|count| ends[..count].iter().sum()).collect();
        assert_eq!(is_said, ends.contains(&size), "{size} before {first}: {walked}");
        let (code, walked) = kept.held(Some(&archive), &kept.key().sign(size, [9; 32]).unwrap());
        assert_eq!(code, if is_said { 2 } else { 0 }, "{size}: {walked}");
        compared += u64::from(is_said);
    }
    assert!(compared >= 2);

    // Signed by somebody else, of any age: never believed.
    let stranger = LedgerKey::of_seed(&[5; 32], "standing/other").unwrap();
    for size in [0, 3, before, before + 1, 1_000] {
        for file in [Some(all.as_str()), Some(&archive), None] {
            let (code, walked) = kept.held(file, &stranger.sign(size, Peaks::default().root()).unwrap());
            assert_eq!((code, walked["whole"].as_bool()), (2, Some(false)), "{size} {file:?}: {walked}");
        }
    }
}

#[test]
fn a_kept_checkpoint_is_held_against_the_tree_of_a_data_directory() {
    let kept = Kept::new();
    let records = kept.held(None, &kept.fresh).1["records"].as_u64().unwrap();
    for size in [1, 2, 5, 6, records - 1] {
        let (code, walked) = kept.held(None, &kept.key().sign(size, kept.root(size)).unwrap());
        assert_eq!(code, 0, "{size}: {walked}");
        let (code, walked) = kept.held(None, &kept.key().sign(size, [1; 32]).unwrap());
        assert_eq!((code, walked["findings"][0]["fault"].as_str()), (2, Some("checkpoint")), "{size}: {walked}");
    }
    let (code, walked) = kept.held(None, &kept.key().sign(1_000, [1; 32]).unwrap());
    assert_eq!((code, walked["findings"][0]["fault"].as_str()), (2, Some("dropped")), "{walked}");
    let earlier = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-a").arg(kept.data.path().join(".")).arg(earlier.path()).status();
    assert!(copied.unwrap().success());
    // Beside a running server it is the same.
    let server = Server::start(kept.data.path(), &["--anonymous"]);
    for _ in 0..3 {
        server.get("/v1/partners");
    }
    let head = server.send("GET", "/v1/ledger/checkpoint", &[("accept", "text/plain")], None).text;
    assert_eq!(kept.held(None, &head).0, 0);
    assert_eq!(kept.held(None, &kept.fresh).0, 0);
    // An older store that was put back does not have the records that were signed.
    assert!(server.terminate().success());
    std::fs::write(kept.file("head"), &head).unwrap();
    let (folder, head) = (earlier.path().to_str().unwrap(), kept.file("head"));
    let output = standing(&["ledger", "verify", "--checkpoint", &head, "--data", folder]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let output = standing(&["ledger", "verify", "--key", &kept.file("ledger.pub"), "--data", &kept.file("")]);
    assert_eq!(output.status.code(), Some(64), "{}", said(&output));
}
