//! Backups: made beside a server under load, brought back whole, and refused when anything in them is another.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use standing::clock::{SharedClock, Stopped};
use standing::evidence::backup::{BackupFolder, KeysWanted, copy_store, restore};
use standing::pdp::PdpError;
use standing::pdp::opening;
use standing::policy::RuleFiles;
use standing::store::StoreError;
use standing::{change, publish, random};
use tempfile::TempDir;

use crate::server::{Answer, Server, question, standing};
use crate::stage::{BEGIN, operator, shipped, terms, time};

const PASSPHRASE: &str = "correct horse battery staple";
const LATER: &str = "2028-01-04T00:00:00Z";

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder with a data directory, a passphrase, and room for backups.
struct Yard {
    folder: TempDir,
}

impl Yard {
    fn new() -> Self {
        let yard = Self { folder: tempfile::tempdir().unwrap() };
        yard.passphrase("passphrase", PASSPHRASE);
        yard
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn passphrase(&self, name: &str, passphrase: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, format!("{passphrase}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn backup(&self, to: &str, keys: &[&str]) -> Output {
        let (to, data) = (self.path(to), self.path("data"));
        standing(&[&["backup", text(&to), "--data", text(&data), "--json"], keys].concat())
    }

    fn sealed(&self, to: &str) -> Value {
        let passphrase = self.path("passphrase");
        let output = self.backup(to, &["--passphrase-file", text(&passphrase)]);
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn restore(&self, from: &str, data: &str, keys: &[&str]) -> Output {
        let (from, data) = (self.path(from), self.path(data));
        standing(&[&["restore", text(&from), "--data", text(&data)], keys].concat())
    }

    /// Every name in the folder.
    fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// What a server answers about the cast of the demonstration.
fn answers(server: &Server) -> Vec<String> {
    let mut answers = Vec::new();
    let shown = |answer: Answer| answer.json()["subscriptions"].as_array().unwrap().clone();
    for subscription in shown(server.get("/v1/subscriptions?limit=1000")) {
        let id = subscription["id"].as_str().unwrap();
        for partner in ["contoso", "fabrikam", "proseware"] {
            for action in ["addSeats", "removeSeats", "provision", "receiveBill", "transition"] {
                let answer = server.post("/access/v1/evaluation", &question(partner, action, "Subscription", id));
                let reason = answer.json()["context"]["reason"].clone();
                answers.push(format!("{partner} {action} {id}: {} {reason}", answer.json()["decision"]));
            }
        }
    }
    assert!(answers.len() > 30, "{answers:?}");
    answers
}

#[test]
fn a_backup_under_load_is_one_revision_and_brings_back_the_same_answers_and_the_same_root() {
    let yard = Yard::new();
    let server = Server::start(&yard.path("data"), &["--demo"]);
    let before = answers(&server);
    let archived = standing(&["ledger", "archive", "--older-than", "1ms", "--data", text(&yard.path("data"))]);
    assert!(archived.status.success(), "{}", said(&archived));
    let link = server.get("/v1/partners/fabrikam/relationship-request").json()["token"].as_str().unwrap().to_owned();
    let (is_over, told) = (AtomicBool::new(false), AtomicU64::new(0));
    let backed = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let asked = question("contoso", "removeSeats", "Subscription", "s-office");
                assert_eq!(server.post("/access/v1/evaluation", &asked).status, 200);
            }
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let next = told.load(Ordering::Relaxed);
                assert_eq!(server.put(&format!("/v1/customers/load-{next}"), &json!({ "name": "L" })).status, 201);
                told.store(next + 1, Ordering::Relaxed);
            }
        });
        let more_than = |many: u64| {
            while told.load(Ordering::Relaxed) <= many {
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        more_than(20);
        let backed = yard.sealed("backup");
        more_than(told.load(Ordering::Relaxed) + 1);
        is_over.store(true, Ordering::Relaxed);
        backed
    });
    let head = &backed["manifest"]["store"];
    let (records, root) = (head["records"].as_u64().unwrap(), head["rootHash"].as_str().unwrap());
    let then = server.get(&format!("/v1/ledger/consistency?from={records}")).json();
    assert_eq!(then["fromRootHash"], root, "the root of the backup is one the ledger had");
    let calls = server.get("/v1/decisions?action=Api::backup").json()["decisions"].as_array().unwrap().len();
    assert_eq!(calls, 1, "a backup has one record");
    server.kill();
    // The machine is gone, and all that is left is the backup.
    fs::remove_dir_all(yard.path("data")).unwrap();
    for name in ["manifest.json", "standing.redb", "keys.sealed", "ledger.pub"] {
        let mode = fs::metadata(yard.path("backup").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let passphrase = yard.path("passphrase");
    let restored = yard.restore("backup", "data", &["--passphrase-file", text(&passphrase)]);
    assert!(restored.status.success(), "{}", said(&restored));
    let verified = standing(&["ledger", "verify", "--json", "--data", text(&yard.path("data"))]);
    let verified: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(
        (&verified["whole"], &verified["rootHash"], &verified["records"]),
        (&json!(true), &json!(root), &json!(records))
    );
    assert!(verified["archived"].as_u64().unwrap() > 30, "{verified}");
    let server = Server::start(&yard.path("data"), &["--anonymous"]);
    assert!(server.ready.contains(&format!("revision {}", head["revision"])), "{}", server.ready);
    assert_eq!(answers(&server), before);
    // Of what was told meanwhile everything up to one revision is there, and nothing after it.
    let is_there = |n: u64| server.get(&format!("/v1/customers/load-{n}")).status == 200;
    let kept = (0..told.load(Ordering::Relaxed)).take_while(|n| is_there(*n)).count() as u64;
    assert!(kept > 20 && kept < told.load(Ordering::Relaxed), "{kept}");
    assert!((kept..told.load(Ordering::Relaxed)).all(|n| !is_there(n)));
    let accepted = server.post(
        &format!("/v1/relationship-requests/{link}/acceptance"),
        &json!({ "customer": "load-0", "services": ["office365"] }),
    );
    assert_eq!(accepted.status, 200, "a link that was sent before is accepted: {}", accepted.text);
}

/// A data directory with an archive file, and a backup of it.
fn backed() -> Yard {
    let yard = Yard::new();
    let server = Server::start(&yard.path("data"), &["--demo"]);
    let asked = question("contoso", "removeSeats", "Subscription", "s-office");
    assert_eq!(server.post("/access/v1/evaluation", &asked).status, 200);
    assert!(server.terminate().success());
    let archived = standing(&["ledger", "archive", "--older-than", "1ms", "--data", text(&yard.path("data"))]);
    assert!(archived.status.success(), "{}", said(&archived));
    yard.sealed("backup");
    yard
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn edit(path: &Path, how: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(path).unwrap();
    let edited = how(text.clone());
    assert_ne!(text, edited, "nothing was edited in `{}`", path.display());
    fs::write(path, edited).unwrap();
}

fn manifest_with(folder: &Path, how: impl FnOnce(&mut Value)) {
    let path = folder.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    how(&mut manifest);
    fs::write(path, manifest.to_string()).unwrap();
}

/// Has the manifest say of a file what it is.
fn hashed_anew(folder: &Path, name: &str) {
    let bytes = fs::read(folder.join(name)).unwrap();
    let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    manifest_with(folder, |manifest| manifest["files"][name] = json!({ "bytes": bytes.len(), "sha256": sha256 }));
}

fn archive_in(folder: &Path) -> String {
    let entry = fs::read_dir(folder.join("archive")).unwrap().next().unwrap().unwrap();
    format!("archive/{}", entry.file_name().into_string().unwrap())
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_backup_in_which_anything_is_another_is_refused_and_nothing_is_written() {
    let yard = backed();
    type Fault<'a> = (&'a str, Box<dyn Fn(&Path)>, &'a str);
    let faults: Vec<Fault<'_>> = vec![
        ("no manifest", Box::new(|folder| fs::remove_file(folder.join("manifest.json")).unwrap()), "is no backup"),
        (
            "a manifest cut off",
            Box::new(|folder| edit(&folder.join("manifest.json"), |text| text[..90].to_owned())),
            "is no backup",
        ),
        (
            "a manifest of a later day",
            Box::new(|folder| manifest_with(folder, |manifest| manifest["backup"] = json!(2))),
            "use a newer standing",
        ),
        (
            "a manifest that leads elsewhere",
            Box::new(|folder| {
                manifest_with(folder, |manifest| {
                    manifest["files"]["../data/standing.redb"] = json!({ "bytes": 0, "sha256": "" })
                });
            }),
            "belongs to no backup",
        ),
        (
            "a manifest without its archive file",
            Box::new(|folder| {
                let name = archive_in(folder);
                manifest_with(folder, |manifest| drop(manifest["files"].as_object_mut().unwrap().remove(&name)));
            }),
            "it does not name `archive/ledger-",
        ),
        ("a store with another byte", Box::new(|folder| flip(&folder.join("standing.redb"))), "its SHA-256 is another"),
        ("no store", Box::new(|folder| fs::remove_file(folder.join("standing.redb")).unwrap()), "it is missing"),
        (
            "an archive file with another byte",
            Box::new(|folder| flip(&folder.join(archive_in(folder)))),
            "its SHA-256 is another",
        ),
        (
            "a missing archive file",
            Box::new(|folder| fs::remove_file(folder.join(archive_in(folder))).unwrap()),
            "it is missing",
        ),
        ("a file of its own", Box::new(|folder| fs::write(folder.join("more"), "more").unwrap()), "does not name it"),
        (
            "a link in place of the store",
            Box::new(|folder| {
                fs::rename(folder.join("standing.redb"), folder.with_extension("elsewhere")).unwrap();
                std::os::unix::fs::symlink(folder.with_extension("elsewhere"), folder.join("standing.redb")).unwrap();
            }),
            "it is missing",
        ),
        (
            "an archive file that was altered and hashed anew",
            Box::new(|folder| {
                let name = archive_in(folder);
                edit(&folder.join(&name), |text| text.replacen("contoso", "fabriko", 1));
                hashed_anew(folder, &name);
            }),
            "is not as it was written",
        ),
        (
            "another root",
            Box::new(|folder| {
                manifest_with(folder, |manifest| {
                    manifest["store"]["rootHash"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
                });
            }),
            "is not as it was written",
        ),
        (
            "fewer records",
            Box::new(|folder| manifest_with(folder, |manifest| manifest["store"]["records"] = json!(1))),
            "is not as it was written",
        ),
        (
            "other rules",
            Box::new(|folder| manifest_with(folder, |manifest| manifest["store"]["rules"] = json!("0".repeat(64)))),
            "the rules in force are not those",
        ),
        (
            "another key of the ledger",
            Box::new(|folder| {
                edit(&folder.join("ledger.pub"), |text| text.replacen("standing/", "standing/0", 1));
                hashed_anew(folder, "ledger.pub");
            }),
            "is not as it was written",
        ),
        (
            "an archive that its ledger does not name",
            Box::new(|folder| {
                let name = "archive/ledger-1-99999.ndjson";
                fs::write(folder.join(name), "{}\n").unwrap();
                hashed_anew(folder, name);
                manifest_with(folder, |manifest| {
                    manifest["store"]["archives"].as_array_mut().unwrap().push(json!("archive/ledger-1-99999.ndjson"));
                });
            }),
            "its archives are not those",
        ),
        (
            "keys that are said to be left out",
            Box::new(|folder| {
                fs::remove_file(folder.join("keys.sealed")).unwrap();
                manifest_with(folder, |manifest| {
                    manifest["keys"] = json!("leftOut");
                    manifest["files"].as_object_mut().unwrap().remove("keys.sealed");
                });
            }),
            "its keys were left out",
        ),
        (
            "a manifest that is a pipe",
            Box::new(|folder| {
                fs::remove_file(folder.join("manifest.json")).unwrap();
                assert!(Command::new("mkfifo").arg(folder.join("manifest.json")).status().unwrap().success());
            }),
            "`manifest.json` cannot be read",
        ),
        (
            "sealed keys of another backup",
            Box::new(|folder| {
                edit(&folder.join("keys.sealed"), |text| text.replacen("\"nonce\": \"", "\"nonce\": \"AAAA", 1));
                hashed_anew(folder, "keys.sealed");
            }),
            "holds no sealed keys",
        ),
        (
            "a store that the keys were not sealed beside",
            Box::new(|folder| {
                flip(&folder.join("standing.redb"));
                hashed_anew(folder, "standing.redb");
            }),
            "belong to another backup",
        ),
    ];
    let (names, passphrase) = (yard.names(), yard.path("passphrase"));
    for (what, fault, why) in faults {
        copy_folder(&yard.path("backup"), &yard.path("altered"));
        fault(&yard.path("altered"));
        let output = yard.restore("altered", "new", &["--passphrase-file", text(&passphrase)]);
        assert_eq!(output.status.code(), Some(1), "{what}: {}", said(&output));
        assert!(said(&output).contains(why), "{what}: {}", said(&output));
        fs::remove_dir_all(yard.path("altered")).unwrap();
        let _ = fs::remove_file(yard.path("altered.elsewhere"));
        assert_eq!(yard.names(), names, "{what}");
    }
    let wrong = yard.passphrase("wrong", "another passphrase");
    let short = yard.passphrase("short", "short");
    fs::write(yard.path("open"), PASSPHRASE).unwrap();
    fs::set_permissions(yard.path("open"), Permissions::from_mode(0o644)).unwrap();
    for (keys, why) in [
        (vec!["--passphrase-file", text(&wrong)], "the passphrase is another one"),
        (vec!["--passphrase-file", text(&short)], "fewer than 12 bytes"),
        (vec!["--passphrase-file", text(&yard.path("open"))], "run `chmod 600"),
        (vec![], "--passphrase-file"),
    ] {
        let output = yard.restore("backup", "new", &keys);
        assert_eq!(output.status.code(), Some(1), "{why}: {}", said(&output));
        assert!(said(&output).contains(why) && !yard.path("new").exists(), "{why}: {}", said(&output));
    }
    let output = yard.restore("backup", "data", &["--passphrase-file", text(&passphrase)]);
    assert!(said(&output).contains("is not empty"), "{}", said(&output));
    // What is refused above is good as it is, into a folder that is there and empty.
    fs::create_dir(yard.path("new")).unwrap();
    let output = yard.restore("backup", "new", &["--passphrase-file", text(&passphrase)]);
    assert!(output.status.success(), "{}", said(&output));
    let kept: Vec<_> = fs::read_dir(yard.path("new")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!kept.iter().any(|name| name == ".restoring"), "{kept:?}");
}

#[test]
fn no_server_begins_a_store_beside_what_a_restore_left_when_it_was_cut_off() {
    let yard = Yard::new();
    fs::create_dir_all(yard.path("data").join(".restoring")).unwrap();
    let refused = Server::try_start(&yard.path("data"), &["--demo"]).err().unwrap();
    assert!(said(&refused).contains("was cut off") && !yard.path("data/standing.redb").exists(), "{}", said(&refused));
}

#[test]
fn a_backup_needs_a_word_about_the_keys_and_a_name_that_is_free() {
    let yard = backed();
    let (names, passphrase) = (yard.names(), yard.path("passphrase"));
    let output = yard.backup("second", &[]);
    assert_eq!(output.status.code(), Some(64), "{}", said(&output));
    let output = yard.backup("backup", &["--passphrase-file", text(&passphrase)]);
    assert!(said(&output).contains("is there already"), "{}", said(&output));
    assert_eq!(yard.names(), names);
}

#[test]
fn a_backup_without_keys_says_so_and_is_brought_back_without_them() {
    let yard = backed();
    let output = yard.backup("bare", &["--without-keys"]);
    assert!(output.status.success(), "{}", said(&output));
    let manifest = fs::read_to_string(yard.path("bare").join("manifest.json")).unwrap();
    assert!(
        manifest.contains("\"keys\": \"leftOut\"") && !yard.path("bare").join("keys.sealed").exists(),
        "{manifest}"
    );
    // Whoever has a passphrase expects keys that were sealed with it.
    let output = yard.restore("bare", "new", &["--passphrase-file", text(&yard.path("passphrase"))]);
    assert!(!output.status.success() && said(&output).contains("its keys were left out"), "{}", said(&output));
    assert!(!yard.path("new").exists());
    let output = yard.restore("bare", "new", &[]);
    assert!(output.status.success() && said(&output).contains("--new-keys"), "{}", said(&output));
    let refused = Server::try_start(&yard.path("new"), &["--anonymous"]).err().unwrap();
    assert!(said(&refused).contains("ledger.key"), "{}", said(&refused));
    for name in ["ledger.key", "link-keys.json"] {
        fs::copy(yard.path("data").join(name), yard.path("new").join(name)).unwrap();
    }
    drop(Server::start(&yard.path("new"), &["--anonymous"]));
}

#[test]
fn a_backup_that_was_killed_leaves_nothing_that_looks_like_one() {
    let yard = Yard::new();
    let server = Server::start(&yard.path("data"), &["--demo"]);
    let signal = |name: &str, id: u32| Command::new("kill").args([name, &id.to_string()]).status().unwrap();
    // While the server does not answer, the backup is under way for as long as it takes to look at it.
    assert!(signal("-STOP", server.id()).success());
    let mut child = Command::new(env!("CARGO_BIN_EXE_standing"))
        .args(["backup", text(&yard.path("backup")), "--without-keys", "--data", text(&yard.path("data"))])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let part = loop {
        if let Some(part) = yard.names().into_iter().find(|name| name.starts_with(".backup.")) {
            break part;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "the backup does not begin");
        std::thread::sleep(Duration::from_millis(5));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(signal("-CONT", server.id()).success());
    assert!(!yard.path("backup").exists());
    let mode = fs::metadata(yard.path(&part)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "nobody else looks into what is being written");
    let output = yard.restore(&part, "new", &[]);
    assert!(said(&output).contains("is no backup") && !yard.path("new").exists(), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_brought_back_long_after_it_was_backed_up() {
    let yard = Yard::new();
    let clock = |at: &str| -> SharedClock { Arc::new(Stopped::at(time(at))) };
    let pdp = opening::open(&yard.path("data"), clock(BEGIN), shipped(), terms()).unwrap();
    let customer =
        standing::domain::customer::Customer { id: "c".parse().unwrap(), name: "C".to_owned(), domain: None };
    change::registry::put_customer(&pdp, &operator(), customer).await.unwrap();
    let folder = BackupFolder::begin(&yard.path("backup")).unwrap();
    let mut store = folder.store().unwrap();
    let pieces: Vec<Vec<u8>> = copy_store(&pdp, &operator()).await.unwrap().value.collect::<Result<_, _>>().unwrap();
    // However the bytes come, the file is the same; and a copy without its end is none.
    let bytes = pieces.concat();
    for piece in bytes.chunks(7) {
        store.add(piece).unwrap();
    }
    let cut_off = BackupFolder::begin(&yard.path("cut-off")).unwrap();
    let mut cut_off_store = cut_off.store().unwrap();
    cut_off_store.add(&bytes[..bytes.len() - 1]).unwrap();
    let keys = KeysWanted::Sealed(PASSPHRASE.into());
    let error = cut_off.end(cut_off_store, &yard.path("data"), &keys, &random::System).unwrap_err();
    assert!(error.to_string().contains("was cut off") && !yard.path("cut-off").exists(), "{error}");
    folder.end(store, &yard.path("data"), &keys, &random::System).unwrap();
    drop(pdp);
    restore(&yard.path("backup"), &yard.path("new"), Some(PASSPHRASE.as_bytes()), &clock(LATER)).unwrap();
    let opened = opening::open(&yard.path("new"), clock(LATER), shipped(), terms());
    assert!(matches!(opened, Err(PdpError::Store(StoreError::ClockAhead { .. }))), "the clock is far ahead of it");
    let files = || Ok(RuleFiles::built_in());
    publish::begin::accept_clock(&yard.path("new"), clock(LATER), files, terms()).await.unwrap();
    let pdp = opening::open(&yard.path("new"), clock(LATER), shipped(), terms()).unwrap();
    assert_eq!(pdp.records().unwrap(), 3, "of the customer, that the clock was accepted, and which keys there are");
}
