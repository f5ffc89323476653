//! Rules from files: what an edit does to a server that answers, and what a bad one does not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use standing::clock::System;
use standing::decide::{Namespace, Reason, decide};
use standing::domain::grant::Multichannel;
use standing::domain::subscription::SubscriptionStatus;
use standing::policy::{Digest, RuleFiles};
use standing::standing::Standing;
use standing::store::{InForce, MetadataChanges, Store, Work};
use tempfile::TempDir;

use crate::server::{Server, question};
use crate::shipped::{TIGHTER, candidate, shipped_files};
use crate::stage::Stage;

const BILLS: &str = "policies/may/receive-bill.cedar";

/// A folder with the shipped rules, to be edited.
pub struct Folder(TempDir);

impl Folder {
    pub fn shipped() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (path, text) in RuleFiles::built_in().iter() {
            folder.write(path, text);
        }
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Writes a file as a careful editor does: beside it, and then in its place.
    pub fn write(&self, path: &str, text: &str) {
        let file = self.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let beside = file.with_file_name("beside~");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, file).unwrap();
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.path().join(path)).unwrap();
    }
}

fn serve(data: &Path, rules: &Path) -> Server {
    Server::start(data, &["--demo", "--rules", rules.to_str().unwrap()])
}

fn rules(server: &Server) -> Value {
    let answer = server.get("/v1/rules");
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// Waits until what is said of the rules is as it should be.
#[track_caller]
pub fn until(server: &Server, is_so: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let said = rules(server);
        if is_so(&said) {
            return said;
        }
        assert!(began.elapsed() < Duration::from_secs(240), "the rules stay as they are: {said}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// May contoso, that does not administer its service any more, transition what it sold, and by which rules?
fn ask(server: &Server) -> (bool, String) {
    let answer = server.post("/access/v1/evaluation", &question("contoso", "transition", "Subscription", "s-office"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    (answer.json()["decision"].as_bool().unwrap(), answer.header("standing-rules").unwrap().to_owned())
}

fn figure(server: &Server, name: &str) -> f64 {
    let text = server.get("/metrics").text;
    let line = text.lines().find(|line| line.split(' ').next() == Some(name));
    let line = line.unwrap_or_else(|| panic!("no `{name}` in {text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

fn history(server: &Server) -> Vec<(String, String)> {
    let listed = server.get("/v1/rules/history").json();
    assert_eq!(listed["complete"], true);
    let entries = listed["history"].as_array().unwrap().iter();
    let text = |entry: &Value, member: &str| entry[member].as_str().unwrap().to_owned();
    entries.map(|entry| (text(entry, "digest"), text(entry, "why"))).collect()
}

#[test]
fn editing_a_file_while_requests_run_loses_none_and_each_answer_agrees_with_the_digest_it_names() {
    let (data, folder) = (tempfile::tempdir().unwrap(), Folder::shipped());
    let server = serve(data.path(), folder.path());
    let (allowed, first) = ask(&server);
    assert!(allowed);
    let done = AtomicBool::new(false);
    let answers = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut answers = Vec::new();
                    while !done.load(Ordering::Relaxed) {
                        answers.push(ask(&server));
                    }
                    answers
                })
            })
            .collect();
        for _ in 0..2 {
            folder.write(TIGHTER.0, TIGHTER.1);
            until(&server, |said| said["digest"] != first.as_str());
            folder.remove(TIGHTER.0);
            until(&server, |said| said["digest"] == first.as_str());
        }
        done.store(true, Ordering::Relaxed);
        asking.into_iter().flat_map(|asking| asking.join().unwrap()).collect::<Vec<_>>()
    });
    let told: BTreeSet<_> = answers.into_iter().collect();
    assert_eq!(told.len(), 2, "each digest gives one answer: {told:?}");
    for (allowed, digest) in told {
        assert_eq!(allowed, digest == first, "{digest}");
    }
    let whys: Vec<String> = history(&server).into_iter().map(|(_, why)| why).collect();
    assert_eq!(whys, ["start", "files", "files", "files", "files"]);
    assert!((figure(&server, "standing_rules_swaps_total") - 4.0).abs() < 0.5);
}

#[test]
fn a_bad_edit_changes_nothing_and_is_told_and_mending_it_puts_it_in_force() {
    let (data, folder) = (tempfile::tempdir().unwrap(), Folder::shipped());
    let server = serve(data.path(), folder.path());
    let before = ask(&server);
    assert!(rules(&server).get("refused").is_none());
    let bills = folder.text(BILLS);
    folder.write(BILLS, &bills.replace("receiveBill", "receiveBills"));
    let said = until(&server, |said| said.get("refused").is_some());
    assert_eq!(said["digest"], before.1.as_str());
    assert_eq!(said["refused"]["findings"][0]["path"], BILLS, "{said}");
    assert!(said["refused"]["findings"][0]["line"].as_u64().unwrap() > 0, "{said}");
    assert_eq!(ask(&server), before);
    // It is said once, however often the folder is read.
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(rules(&server)["refused"], said["refused"]);
    for (name, value) in [("standing_rules_refused", 1.0), ("standing_rules_refusals_total", 1.0)] {
        assert!((figure(&server, name) - value).abs() < 0.5, "{name}");
    }
    // What is no file of rules is another finding.
    folder.write("policies/may/notes.txt", "not a rule");
    let said = until(&server, |said| said["refused"].get("digest").is_none());
    assert!(said["refused"]["findings"][0]["message"].as_str().unwrap().contains("notes.txt"), "{said}");
    folder.remove("policies/may/notes.txt");
    folder.write(BILLS, &format!("{bills}// mended\n"));
    let said = until(&server, |said| said.get("refused").is_none());
    assert_ne!(said["digest"], before.1.as_str());
    assert_eq!((said["why"].as_str(), said["by"].as_str()), (Some("files"), Some("files")));
    assert_eq!(ask(&server), (true, said["digest"].as_str().unwrap().to_owned()));
    assert!(figure(&server, "standing_rules_refused") < 0.5);
    // The set of before is still there, and decides when it is asked to.
    let kept = server.get(&format!("/v1/rules/{}", before.1)).json();
    assert_eq!(kept["files"][BILLS], bills.as_str());
    assert_eq!(server.get("/v1/rules/0000").status, 404);
}

#[test]
fn an_attribute_that_no_fact_fills_is_said_with_its_place_at_check_and_by_a_server() {
    const SCHEMA: &str = "schemas/standing.cedarschema";
    let (data, folder) = (tempfile::tempdir().unwrap(), Folder::shipped());
    let server = serve(data.path(), folder.path());
    let first = rules(&server)["digest"].clone();
    let parent = "  parent?: Subscription,\n";
    let schema = folder.text(SCHEMA).replacen(parent, &format!("{parent}  country?: String,\n"), 1);
    let line = schema.lines().position(|line| line == "  country?: String,").unwrap() + 1;
    folder.write(SCHEMA, &schema);
    let said = until(&server, |said| said.get("refused").is_some());
    assert_eq!(said["digest"], first);
    let finding = &said["refused"]["findings"][0];
    let place = (finding["path"].as_str(), finding["line"].as_u64(), finding["column"].as_u64());
    assert_eq!(place, (Some(SCHEMA), Some(line as u64), Some(3)), "{said}");
    let message = "no fact fills `Subscription.country`";
    assert_eq!((finding["message"].as_str(), finding.get("advisory")), (Some(message), None), "{said}");
    // Whoever runs the server reads it in the log.
    let logged = server.prints("rules were refused");
    assert!(logged.contains(&format!("{SCHEMA}:{line}:3: {message}")), "{logged}");
    drop(server);
    let checked = std::process::Command::new(env!("CARGO_BIN_EXE_standing"))
        .args(["rules", "check", "--rules", folder.path().to_str().unwrap()])
        .args(["--data", folder.path().join("none").to_str().unwrap()])
        .env("CVC5", "/nowhere/cvc5")
        .output()
        .unwrap();
    let printed = String::from_utf8(checked.stdout).unwrap();
    assert_eq!(checked.status.code(), Some(2), "{printed}");
    assert!(printed.contains(&format!("{SCHEMA}:{line}:3")) && printed.contains(message), "{printed}");
}

#[test]
fn two_files_that_belong_together_never_come_in_force_one_without_the_other() {
    let (data, folder) = (tempfile::tempdir().unwrap(), Folder::shipped());
    let (one, other) = (BILLS, "policies/may/provision.cedar");
    let (first, second) = (folder.text(one), folder.text(other));
    let server = serve(data.path(), folder.path());
    for number in 0..10 {
        folder.write(one, &format!("{first}// {number}\n"));
        folder.write(other, &format!("{second}// {number}\n"));
        std::thread::sleep(Duration::from_millis(180 + number * 30));
    }
    until(&server, |said| {
        let files = server.get(&format!("/v1/rules/{}", said["digest"].as_str().unwrap())).json();
        files["files"][one].as_str().unwrap().ends_with("// 9\n")
    });
    for (digest, _) in history(&server).into_iter().skip(1) {
        let kept = server.get(&format!("/v1/rules/{digest}")).json();
        let last = |path: &str| kept["files"][path].as_str().unwrap().lines().last().unwrap().to_owned();
        assert_eq!(last(one), last(other));
    }
}

#[test]
fn a_folder_behind_a_link_is_swapped_with_the_link() {
    let (data, here) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (old, new) = (Folder::shipped(), Folder::shipped());
    new.write(TIGHTER.0, TIGHTER.1);
    let point = |target: &Path| {
        let beside: PathBuf = here.path().join("beside");
        std::os::unix::fs::symlink(target, &beside).unwrap();
        fs::rename(beside, here.path().join("rules")).unwrap();
    };
    point(old.path());
    let server = serve(data.path(), &here.path().join("rules"));
    let (allowed, first) = ask(&server);
    assert!(allowed);
    point(new.path());
    until(&server, |said| said["digest"] != first.as_str());
    assert!(!ask(&server).0);
}

#[test]
fn a_restart_keeps_the_last_good_rules_whatever_became_of_the_files() {
    let (data, folder) = (tempfile::tempdir().unwrap(), Folder::shipped());
    let bills = folder.text(BILLS);
    folder.write(BILLS, &format!("{bills}// ours\n"));
    let server = serve(data.path(), folder.path());
    let before = ask(&server);
    server.kill();
    folder.write(BILLS, "permit (principal, action, resource)");
    let server = serve(data.path(), folder.path());
    assert_eq!(ask(&server), before, "the last good set decides");
    let said = rules(&server);
    assert_eq!(said["refused"]["findings"][0]["path"], BILLS, "{said}");
    assert_eq!(history(&server).len(), 1, "nothing else was in force");
    server.kill();
    folder.write(BILLS, &bills);
    folder.write(TIGHTER.0, TIGHTER.1);
    let server = serve(data.path(), folder.path());
    assert!(!ask(&server).0, "good files decide from the start");
    let whys: Vec<String> = history(&server).into_iter().map(|(_, why)| why).collect();
    assert_eq!(whys, ["start", "files"]);
    server.kill();
    // Without a good set to keep there is nothing to serve.
    folder.write(BILLS, "permit (principal, action, resource)");
    let empty = tempfile::tempdir().unwrap();
    let refused = Server::try_start(empty.path(), &["--demo", "--rules", folder.path().to_str().unwrap()]);
    let output = refused.err().expect("bad rules were served");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(BILLS));
}

#[test]
fn killed_around_an_edit_the_history_the_files_and_what_decides_agree() {
    let (data, folder) = (tempfile::tempdir().unwrap(), Folder::shipped());
    let bills = folder.text(BILLS);
    for round in 0..6_u64 {
        let server = serve(data.path(), folder.path());
        let said = rules(&server);
        assert_eq!(ask(&server).1, said["digest"].as_str().unwrap());
        folder.write(BILLS, &format!("{bills}// {round}\n"));
        std::thread::sleep(Duration::from_millis(450 + round * 80));
        server.kill();
    }
    let server = serve(data.path(), folder.path());
    let said = rules(&server);
    let told = history(&server);
    assert_eq!(told.last().unwrap().0, said["digest"].as_str().unwrap());
    assert_eq!(ask(&server), (true, told.last().unwrap().0.clone()));
    assert_eq!(told.len(), 7, "each edit came in force once, before the kill or at the next start");
    for (digest, _) in told {
        assert_eq!(server.get(&format!("/v1/rules/{digest}")).status, 200);
    }
}

/// A store that began with rules of its own, and their folder.
fn with_rules_of_its_own() -> (tempfile::TempDir, Folder) {
    let (data, folder) = (tempfile::tempdir().unwrap(), Folder::shipped());
    folder.write(TIGHTER.0, TIGHTER.1);
    let server = serve(data.path(), folder.path());
    assert!(!ask(&server).0);
    server.kill();
    (data, folder)
}

fn whose(said: &Value) -> (Option<&str>, Option<&str>) {
    (said["by"].as_str(), said["folder"].as_str())
}

#[test]
fn a_later_start_goes_on_with_the_folder_of_the_first_wherever_it_is_started() {
    let (data, folder) = with_rules_of_its_own();
    let elsewhere = tempfile::tempdir().unwrap();
    let named = folder.path().to_str().unwrap();
    let server = Server::start_in(elsewhere.path(), data.path(), &["--anonymous"]);
    assert!(server.ready.contains(&format!(" from {named},")), "{}", server.ready);
    let said = rules(&server);
    assert_eq!(whose(&said), (Some("start"), Some(named)));
    assert!(!ask(&server).0);
    // It is watched there too.
    folder.remove(TIGHTER.0);
    let said = until(&server, |now| now["digest"] != said["digest"]);
    assert_eq!(whose(&said), (Some("files"), Some(named)));
    assert!(ask(&server).0);
    let listed = server.get("/v1/rules/history").json();
    let folders: Vec<&str> =
        listed["history"].as_array().unwrap().iter().map(|entry| entry["folder"].as_str().unwrap()).collect();
    assert_eq!(folders, [named, named]);
    // A folder that only happens to hold rules where it is started is none of its business.
    server.kill();
    folder.write(TIGHTER.0, TIGHTER.1);
    let server = Server::start_in(Path::new(env!("CARGO_MANIFEST_DIR")), data.path(), &["--anonymous"]);
    assert_eq!(whose(&rules(&server)).1, Some(named));
    assert!(!ask(&server).0);
}

#[test]
fn a_folder_that_is_gone_leaves_the_last_good_set_and_that_is_said() {
    let (data, folder) = with_rules_of_its_own();
    let named = folder.path().to_str().unwrap().to_owned();
    drop(folder);
    let elsewhere = tempfile::tempdir().unwrap();
    let server = Server::start_in(elsewhere.path(), data.path(), &["--anonymous"]);
    assert!(!ask(&server).0, "the last good set decides");
    let said = rules(&server);
    let finding = said["refused"]["findings"][0]["message"].as_str().unwrap();
    assert!(finding.contains(&named) && finding.contains("is not a folder"), "{said}");
}

#[test]
fn the_built_in_rules_take_the_place_of_others_only_where_somebody_says_so() {
    let (data, folder) = with_rules_of_its_own();
    let elsewhere = tempfile::tempdir().unwrap();
    let server = Server::start_in(elsewhere.path(), data.path(), &["--anonymous", "--rules", "built-in"]);
    let said = rules(&server);
    assert_eq!(whose(&said), (Some("built-in"), None), "{said}");
    assert!(ask(&server).0);
    assert!(server.ready.contains(" built in,"), "{}", server.ready);
    server.kill();
    // That is kept as well, and taken back in the same way.
    let server = Server::start_in(Path::new(env!("CARGO_MANIFEST_DIR")), data.path(), &["--anonymous"]);
    assert_eq!(whose(&rules(&server)), (Some("built-in"), None));
    server.kill();
    let server = serve(data.path(), folder.path());
    assert!(!ask(&server).0);
    let by = server.get("/v1/rules/history").json();
    let by: Vec<&str> = by["history"].as_array().unwrap().iter().map(|entry| entry["by"].as_str().unwrap()).collect();
    assert_eq!(by, ["start", "built-in", "files"]);
}

#[test]
fn what_an_editor_left_is_said_and_refuses_nothing() {
    let (data, folder) = (tempfile::tempdir().unwrap(), Folder::shipped());
    let server = serve(data.path(), folder.path());
    let first = rules(&server);
    assert!(first.get("passedOver").is_none());
    folder.write("policies/may/remove-seats.cedar~", "permit (principal, action, resource);");
    folder.write("policies/Thumbs.db", "");
    let said = until(&server, |said| said.get("passedOver").is_some_and(|over| over.as_array().unwrap().len() == 2));
    assert_eq!((&said["digest"], said.get("refused")), (&first["digest"], None));
    assert_eq!(said["passedOver"], serde_json::json!(["policies/Thumbs.db", "policies/may/remove-seats.cedar~"]));
    let bills = folder.text(BILLS);
    folder.write(BILLS, &format!("\u{feff}{bills}// ours\n"));
    let said = until(&server, |said| said["digest"] != first["digest"]);
    assert!(said.get("refused").is_none(), "{said}");
    let checked =
        crate::server::standing(&["rules", "check", "--rules", folder.path().to_str().unwrap(), "--data", "/nowhere"]);
    let printed = String::from_utf8(checked.stdout).unwrap();
    assert!(printed.contains("passed over: policies/may/remove-seats.cedar~ is no part of the rules"), "{printed}");
    assert_eq!(checked.status.code(), Some(0), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_do_not_load_any_more_are_not_taken_for_none() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path(), Arc::new(System)).unwrap();
    let bad = [("policies/may/x.cedar".to_owned(), "permit (principal, action, resource);".to_owned())];
    let digest = Digest::of(&bad.iter().cloned().collect()).to_string();
    let entry = serde_json::json!({ "digest": digest, "by": "files", "at": "2026-01-01T00:00:00Z" });
    let entry: InForce = serde_json::from_value(entry).unwrap();
    let written = store.change(move |_| {
        let mut metadata = MetadataChanges::default();
        metadata.put_in_force(0, &entry, &bad, None)?;
        Ok(Work { change: None, by: String::new(), records: Vec::new(), remember: None, metadata, value: () })
    });
    written.await.unwrap();
    drop(store);
    for more in [&[][..], &["--rules", "built-in"]] {
        let refused = Server::try_start(data.path(), &[&["--anonymous"][..], more].concat());
        let output = refused.err().expect("other rules took the place of those in force");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("the rules `{digest}` were kept and do not load")), "{said}");
    }
}

#[test]
fn a_stored_word_that_the_rules_in_force_do_not_know_refuses_the_question_and_not_the_start() {
    let schema = shipped_files().get("schemas/standing.cedarschema").unwrap().to_owned();
    let narrow = schema.replace("@values(\"active suspended expired deleted\")", "@values(\"active expired deleted\")");
    assert_ne!(narrow, schema);
    let rules = candidate(&[("schemas/standing.cedarschema", &narrow)]);
    let answers: BTreeSet<(bool, bool)> = Standing::all()
        .map(|case| {
            let facts = case.facts();
            let decision = decide(&rules, Namespace::Domain, &case.question("provideSupport"), &facts);
            let is_unknown = facts.subscriptions.values().any(|known| known.status == SubscriptionStatus::Suspended);
            (is_unknown, decision.reason() == Some(&Reason::INVALID_FACT))
        })
        .collect();
    assert_eq!(answers, [(false, false), (true, true)].into());
    Stage::with(rules, Multichannel::Displace);
}
