//! Four eyes are two persons, whichever way rules come in force; and the way back that one person may go alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use standing::policy::RuleFiles;
use tempfile::TempDir;

use crate::server::{Answer, Server, standing};

pub const BILLS: &str = "policies/may/receive-bill.cedar";

/// The shipped files, as they are sent.
pub fn built_in() -> BTreeMap<String, String> {
    RuleFiles::built_in().iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// The shipped rules with a remark, so that they decide as before under another digest.
pub fn remarked(remark: &str) -> BTreeMap<String, String> {
    let mut files = built_in();
    files.insert(BILLS.to_owned(), format!("{}// {remark}\n", files[BILLS]));
    files
}

/// A server that publishes rules.
pub struct Press {
    pub server: Server,
    data: TempDir,
}

impl Press {
    pub fn start(settings: &str, arguments: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("standing.toml");
        std::fs::write(&file, format!("rules_from = \"publishing\"\n{settings}")).unwrap();
        let server = Server::start(data.path(), &[arguments, &["--config", file.to_str().unwrap()]].concat());
        Self { server, data }
    }

    /// The server stops and starts again.
    pub fn again(self) -> Self {
        let Self { server, data } = self;
        server.terminate();
        let file = data.path().join("standing.toml");
        let server = Server::start(data.path(), &["--config", file.to_str().unwrap()]);
        Self { server, data }
    }

    /// A token of an operator that is created on the socket.
    pub fn token(&self, more: &[&str]) -> String {
        self.token_of("operator", more)
    }

    /// A token that is created on the socket.
    pub fn token_of(&self, role: &str, more: &[&str]) -> String {
        let data = self.data.path().to_str().unwrap();
        let output = standing(&[&["token", "create", "--json", "--data", data, "--role", role], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let created: Value = serde_json::from_slice(&output.stdout).unwrap();
        created["token"].as_str().unwrap().to_owned()
    }

    /// A token that is created with another one.
    /// The status with which the ledger is verified beside the server: zero where all is as written.
    pub fn verified(&self) -> Option<i32> {
        standing(&["ledger", "verify", "--data", self.data.path().to_str().unwrap()]).status.code()
    }

    pub fn made_by(&self, maker: &str) -> String {
        let created = self.send(maker, "POST", "/v1/tokens", Some(&json!({ "role": "operator" })));
        assert_eq!(created.status, 201, "{}", created.text);
        created.json()["token"].as_str().unwrap().to_owned()
    }

    /// A token that is put in the place of another.
    fn replaced_by(&self, by: &str, token: &str) -> String {
        let path = format!("/v1/tokens/{}/rotation", token.split('_').nth(1).unwrap());
        let created = self.send(by, "POST", &path, None);
        assert_eq!(created.status, 201, "{}", created.text);
        created.json()["token"].as_str().unwrap().to_owned()
    }

    pub fn send(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        self.server.send(method, path, &headers, body.map(Value::to_string).as_deref().map(str::as_bytes))
    }

    pub fn proposes(&self, token: &str, remark: &str) -> Value {
        let proposed = self.send(token, "POST", "/v1/rules/proposals", Some(&json!({ "files": remarked(remark) })));
        assert_eq!(proposed.status, 201, "{}", proposed.text);
        proposed.json()
    }

    pub fn approves(&self, token: &str, proposal: &Value) -> (u16, String) {
        let path = format!("/v1/rules/proposals/{}/approval", proposal["id"]);
        let answer = self.send(token, "POST", &path, Some(&json!({ "unproved": "read", "comment": "a test" })));
        (answer.status, if answer.status == 200 { String::new() } else { answer.code() })
    }

    pub fn publishes(&self, ada: &str, bob: &str, remark: &str) -> String {
        let proposal = self.proposes(ada, remark);
        assert_eq!(self.approves(bob, &proposal), (200, String::new()));
        proposal["digest"].as_str().unwrap().to_owned()
    }

    pub fn rolls_back(&self, token: &str, to: &str) -> Answer {
        self.send(token, "POST", "/v1/rules/rollback", Some(&json!({ "to": to, "comment": "it was better" })))
    }

    pub fn status(&self, token: &str) -> Value {
        self.send(token, "GET", "/v1/rules", None).json()
    }

    fn rules(&self, arguments: &[&str], token: Option<&str>) -> (Option<i32>, String, String) {
        rules(self.data.path(), arguments, token)
    }
}

/// Runs `standing rules` over some data, asked by whoever holds a token.
fn rules(data: &Path, arguments: &[&str], token: Option<&str>) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standing"));
    command.arg("rules").args(arguments).arg("--data").arg(data).env("CVC5", "/nowhere/cvc5");
    if let Some(token) = token {
        let file = data.join("token");
        std::fs::write(&file, format!("{token}\n")).unwrap();
        command.arg("--token-file").arg(file);
    }
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A folder with a candidate.
fn folder(remark: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in remarked(remark) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let path = folder.path().to_owned();
    (folder, path)
}

#[test]
fn tokens_of_one_hand_are_not_two_pairs_of_eyes() {
    let press = Press::start("", &[]);
    let ada = press.token(&[]);
    let child = press.made_by(&ada);
    let grandchild = press.made_by(&child);
    let other_child = press.made_by(&ada);
    let bob = press.token(&[]);
    let no = |code: &str| (403, code.to_owned());
    let proposal = press.proposes(&ada, "by the maker");
    assert_eq!(press.approves(&ada, &proposal), no("same_identity"));
    assert_eq!(press.approves(&child, &proposal), no("same_hand"));
    assert_eq!(press.approves(&grandchild, &proposal), no("same_hand"), "however many tokens lie between");
    let replaced = press.replaced_by(&bob, &child);
    assert_eq!(press.approves(&replaced, &proposal), no("same_hand"), "whoever replaced it");
    let turned = press.proposes(&grandchild, "by what was made");
    assert_eq!(press.approves(&ada, &turned), no("same_hand"));
    assert_eq!(press.approves(&child, &turned), no("same_hand"));
    assert_eq!(press.approves(&other_child, &turned), (200, String::new()), "neither of them made the other");
    let proposal = press.proposes(&ada, "by the maker again");
    assert_eq!(press.approves(&bob, &proposal), (200, String::new()));
    let told = press.send(&bob, "GET", &format!("/v1/rules/proposals/{}", proposal["id"]), None).json();
    assert_ne!(told["person"], told["approval"]["person"], "{told}");
    assert!(told["approval"]["person"].as_str().unwrap().ends_with(" (standing)"), "{told}");
    assert_eq!(told["approval"]["comment"], "a test");
}

#[test]
fn two_tokens_of_one_person_are_one_pair_of_eyes() {
    let press = Press::start("", &[]);
    let (laptop, phone) = (press.token(&["--person", "ada"]), press.token(&["--person", "ada"]));
    let bob = press.token(&["--person", "bob"]);
    let proposal = press.proposes(&laptop, "from the laptop");
    assert_eq!(press.approves(&phone, &proposal), (403, "same_identity".to_owned()));
    assert_eq!(press.approves(&bob, &proposal), (200, String::new()));
}

#[test]
fn a_command_beside_the_server_proposes_and_never_approves_unless_it_says_who_asks() {
    let press = Press::start("", &[]);
    let bob = press.token(&[]);
    let (_folder, candidate) = folder("from the command line");
    let candidate = candidate.to_str().unwrap();
    let (code, said, _) = press.rules(&["propose", candidate, "--title", "A remark"], None);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("proposal 1 of the rules "), "{said}");
    assert!(said.contains("It can be put in force with a word why it is not proved"), "{said}");
    assert!(said.contains("standing rules approve 1"), "{said}");
    let approve = ["approve", "1", "--unproved", "read", "--why", "as agreed"];
    let (code, _, why) = press.rules(&approve, None);
    assert_eq!(code, Some(2), "{why}");
    assert!(why.contains("`operator:local` is no person") && why.contains("--token-file"), "{why}");
    let (code, _, why) = press.rules(&approve, Some("standing_0123_wrong"));
    assert_eq!(code, Some(1), "a wrong token is nobody, and not whoever opens the socket: {why}");
    let (code, said, _) = press.rules(&approve, Some(&bob));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("proposal 1 is approved by") && said.contains("are in force"), "{said}");
    let status = press.status(&bob);
    assert_eq!((&status["proposal"], &status["comment"]), (&json!(1), &json!("as agreed")));
}

#[test]
fn the_environment_says_who_asks_where_no_file_does() {
    let press = Press::start("", &[]);
    let bob = press.token(&["--name", "Bob"]);
    let (_folder, candidate) = folder("from the environment");
    let output = Command::new(env!("CARGO_BIN_EXE_standing"))
        .args([
            "rules",
            "propose",
            candidate.to_str().unwrap(),
            "--json",
            "--data",
            press.data.path().to_str().unwrap(),
        ])
        .env("STANDING_TOKEN", &bob)
        .output()
        .unwrap();
    let proposed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let id = bob.split('_').nth(1).unwrap();
    assert_eq!(proposed["proposer"], format!("operator:{id}"), "{proposed}");
}

#[test]
fn where_no_credentials_are_asked_nobody_approves_or_goes_back() {
    let press = Press::start("", &["--anonymous"]);
    let body = json!({ "files": remarked("anonymous") });
    let proposal = press.server.post("/v1/rules/proposals", &body).json();
    let (first, path) =
        (proposal["base"].as_str().unwrap(), format!("/v1/rules/proposals/{}/approval", proposal["id"]));
    let bob = press.token(&[]);
    for answer in [
        press.server.post(&path, &json!({ "unproved": "x" })),
        // Whatever credentials come are ignored there.
        press.send(&bob, "POST", &path, Some(&json!({ "unproved": "x" }))),
        press.server.post("/v1/rules/rollback", &json!({ "to": first })),
        press.send(&bob, "POST", "/v1/rules/rollback", Some(&json!({ "to": first }))),
    ] {
        assert_eq!((answer.status, answer.code().as_str()), (403, "no_person"), "{}", answer.text);
        assert!(answer.json()["detail"].as_str().unwrap().contains("asks for no credentials"), "{}", answer.text);
    }
    // Beside it, whoever says who it is does.
    let (code, said, why) = press.rules(&["approve", "1", "--unproved", "read"], Some(&bob));
    assert_eq!(code, Some(0), "{said}{why}");
}

#[test]
fn where_persons_of_another_issuer_are_asked_for_no_token_approves_with_the_server_or_without() {
    let press = Press::start("approval_needs_person = true\n", &[]);
    let (ada, bob) = (press.token(&[]), press.token(&["--person", "bob"]));
    let proposal = press.proposes(&ada, "by a token");
    assert_eq!(press.approves(&bob, &proposal), (403, "person_needed".to_owned()));
    let Press { server, data } = press;
    assert!(server.terminate().success());
    let (code, _, why) = rules(data.path(), &["approve", "1", "--unproved", "read"], Some(&bob));
    assert_eq!(code, Some(2), "{why}");
    assert!(why.contains("approval_needs_person"), "{why}");
}

#[test]
fn one_person_alone_goes_back_to_the_last_good_set_and_to_nothing_else() {
    let press = Press::start("", &[]);
    let (ada, bob, cid) = (press.token(&[]), press.token(&[]), press.token(&[]));
    let first = press.status(&ada)["digest"].as_str().unwrap().to_owned();
    let second = press.publishes(&ada, &bob, "second");
    let third = press.publishes(&ada, &bob, "third");
    let nothing = press.send(&cid, "POST", "/v1/rules/rollback", Some(&json!({})));
    assert_eq!(nothing.status, 400, "a rollback names its target: {}", nothing.text);
    // To anything older it is a proposal, which whoever made it does not approve.
    let older = press.rolls_back(&cid, &first);
    assert_eq!((older.status, older.json()["state"].as_str()), (201, Some("open")), "{}", older.text);
    assert_eq!(older.json()["evidence"]["candidate"], first.as_str(), "it says what it turns");
    assert_eq!(press.status(&ada)["digest"], third.as_str(), "nothing is in force by it");
    assert_eq!(press.approves(&cid, &older.json()), (403, "same_identity".to_owned()));
    // To the one before it is an emergency.
    let back = press.rolls_back(&cid, &second[..12]);
    assert_eq!(back.status, 200, "{}", back.text);
    let back = back.json();
    assert_eq!((back["digest"].as_str(), back["why"].as_str()), (Some(&*second), Some("rolledBack")));
    assert_eq!((&back["emergency"], &back["comment"]), (&json!(true), &json!("it was better")));
    assert_eq!(back["evidence"]["inForce"], third.as_str(), "it says what it turns");
    let status = press.status(&ada);
    assert_eq!((&status["digest"], &status["emergency"]), (&json!(second), &json!(true)));
    let history = press.send(&ada, "GET", "/v1/rules/history", None).json();
    assert_eq!(history["history"].as_array().unwrap().last().unwrap()["emergency"], true);
    // And it is not undone the same way, however often it is tried.
    for _ in 0..2 {
        let again = press.rolls_back(&cid, &third);
        assert_eq!((again.status, again.json()["state"].as_str()), (201, Some("open")), "{}", again.text);
        assert_eq!(press.status(&ada)["digest"], second.as_str());
    }
    assert_eq!(press.rolls_back(&cid, &second).code(), "already_in_force");
    assert_eq!(press.rolls_back(&cid, "0000000000").code(), "unknown_rules");
}

#[test]
fn a_command_beside_the_server_goes_back_in_an_emergency_and_else_proposes() {
    let press = Press::start("", &[]);
    let (ada, bob) = (press.token(&[]), press.token(&[]));
    let first = press.status(&ada)["digest"].as_str().unwrap().to_owned();
    let second = press.publishes(&ada, &bob, "second");
    let (code, said, why) = press.rules(&["rollback", "--to", &first[..8], "--why", "it refuses all"], None);
    assert_eq!(code, Some(0), "{said}{why}");
    assert!(said.contains("as an emergency") && said.contains("Rows of the table that turn"), "{said}");
    assert_eq!(press.status(&ada)["digest"], first.as_str());
    let (code, said, why) = press.rules(&["rollback", "--to", &second[..12]], None);
    assert_eq!(code, Some(0), "{said}{why}");
    assert!(said.starts_with("this is no emergency, so it is proposed:"), "{said}");
    assert_eq!(press.status(&ada)["digest"], first.as_str());
    let (_, history, _) = press.rules(&["history"], None);
    assert!(history.contains("EMERGENCY: called back by operator:local alone"), "{history}");
    assert!(history.contains("\"it refuses all\""), "{history}");
}

#[test]
fn a_reviewer_publishes_from_the_command_line_and_reads_everything_there() {
    let press = Press::start("", &[]);
    let (ada, bob) = (press.token(&["--name", "Ada"]), press.token(&["--name", "Bob"]));
    let (_folder, candidate) = folder("a story");
    let (code, said, _) =
        press.rules(&["propose", candidate.to_str().unwrap(), "--why", "they ask for it"], Some(&ada));
    assert_eq!(code, Some(0), "{said}");
    let (_, waiting, _) = press.rules(&["history"], Some(&bob));
    assert!(waiting.starts_with("Proposed\n") && waiting.contains("\"they ask for it\""), "{waiting}");
    let (_, shown, _) = press.rules(&["show", "1"], Some(&bob));
    assert!(shown.contains("proposed by Ada (operator:"), "{shown}");
    assert!(shown.contains("Rows of the table that turn") && shown.contains(&format!("changed: {BILLS}")), "{shown}");
    let (_, text, _) = press.rules(&["show", "1", "--file", BILLS], Some(&bob));
    assert!(text.ends_with("// a story\n"), "{text}");
    // Without a proof it needs a word.
    let (code, said, why) = press.rules(&["approve", "1"], Some(&bob));
    assert_eq!((code, why.contains("not proved")), (Some(2), true), "{said}{why}");
    assert!(said.contains("It can be put in force with a word"), "{said}");
    let (code, ..) = press.rules(&["approve", "1", "--unproved", "read", "--why", "well read"], Some(&bob));
    assert_eq!(code, Some(0));
    let (_, history, _) = press.rules(&["history"], None);
    let newest: Vec<&str> = history.lines().take(3).collect();
    assert!(newest[0].ends_with(", in force") && newest[1].contains("approved by"), "{history}");
    assert_eq!(newest[2], "  \"well read\"");
    assert!(newest[1].contains("approved by Bob (operator:"), "{history}");
    // In JSON too, wherever the rules and what was proposed are told.
    let told = |path: &str| press.send(&bob, "GET", path, None).json();
    let (status, listed) = (told("/v1/rules"), told("/v1/rules/history"));
    let digest = status["digest"].as_str().unwrap();
    let (kept, proposals) = (told(&format!("/v1/rules/{digest}")), told("/v1/rules/proposals"));
    for by in [&status, &listed["history"][1], &kept["inForce"][0]] {
        assert_eq!(by["byName"], "Bob", "{by}");
    }
    for proposal in [&told("/v1/rules/proposals/1"), &proposals["proposals"][0]] {
        let names = (&proposal["proposerName"], &proposal["approval"]["byName"]);
        assert_eq!(names, (&json!("Ada"), &json!("Bob")), "{proposal}");
    }
    let (_, shown, _) = press.rules(&["show", "1"], Some(&bob));
    assert!(shown.contains("approved by Bob (operator:"), "{shown}");
    // What is printed of a digest names it, everywhere.
    let short = newest[0].split(' ').next().unwrap();
    let (code, shown, why) = press.rules(&["show", short], None);
    assert_eq!(code, Some(0), "{why}");
    assert!(shown.starts_with(&format!("the rules {short}")), "{shown}");
    let (_folder, other) = folder("another story");
    let (_, said, _) = press.rules(&["propose", other.to_str().unwrap()], Some(&ada));
    let proposed = said.split("of the rules ").nth(1).and_then(|rest| rest.split(',').next()).unwrap().to_owned();
    let (code, shown, why) = press.rules(&["show", &proposed], Some(&bob));
    assert_eq!(code, Some(0), "{why}");
    assert!(shown.contains("were proposed, and never in force"), "{shown}");
    let (code, said, _) = press.rules(&["withdraw", "2"], Some(&ada));
    assert_eq!(code, Some(0));
    assert!(said.starts_with("proposal 2 is withdrawn by"), "{said}");
    for (arguments, code) in [
        (vec!["approve", "2", "--unproved", "x"], 2),
        (vec!["approve", "99", "--unproved", "x"], 1),
        (vec!["show", "0123456789"], 1),
        (vec!["show", "99"], 1),
        (vec!["rollback"], 64),
    ] {
        let (ended, said, why) = press.rules(&arguments, Some(&bob));
        assert_eq!(ended, Some(code), "{arguments:?}: {said}{why}");
    }
}

#[test]
fn a_short_digest_is_taken_wherever_a_digest_is() {
    let press = Press::start("", &[]);
    let asker = press.token(&[]);
    let digest = press.status(&asker)["digest"].as_str().unwrap().to_owned();
    let question = json!({
        "subject": { "type": "Partner", "id": "p" }, "action": { "name": "receiveBill" },
        "resource": { "type": "Subscription", "id": "s" },
    });
    for length in [8, 12, 64] {
        let short = &digest[..length];
        let rules = press.send(&asker, "GET", &format!("/v1/rules/{short}"), None);
        assert_eq!((rules.status, rules.json()["digest"].as_str()), (200, Some(&*digest)), "{}", rules.text);
        let asked = press.send(&asker, "POST", &format!("/access/v1/evaluation?rules={short}"), Some(&question));
        assert_eq!((asked.status, asked.header("standing-rules")), (200, Some(&*digest)), "{}", asked.text);
        let replayed = press.send(&asker, "POST", &format!("/v1/decisions/1/replay?rules={short}"), None);
        assert_eq!(replayed.status, 200, "{}", replayed.text);
        let listed = press.send(&asker, "GET", &format!("/v1/decisions?rules={short}&limit=1"), None);
        assert_eq!((listed.status, listed.json()["decisions"].as_array().unwrap().len()), (200, 1), "{}", listed.text);
    }
    for path in [&digest[..7], "ffffffffffff", "none"] {
        assert_eq!(press.send(&asker, "GET", &format!("/v1/rules/{path}"), None).status, 404, "{path}");
    }
    let unknown = press.send(&asker, "GET", "/v1/decisions?rules=ffffffffffff", None);
    assert_eq!((unknown.status, unknown.code().as_str()), (400, "unknown_rules"), "{}", unknown.text);
}

#[test]
fn a_rollback_that_is_proposed_needs_another_hand_and_a_command_without_a_server_a_person() {
    let press = Press::start("", &[]);
    let (ada, bob, cid) = (press.token(&[]), press.token(&[]), press.token(&[]));
    let (child, first) = (press.made_by(&cid), press.status(&ada)["digest"].as_str().unwrap().to_owned());
    let grandchild = press.made_by(&child);
    let second = press.publishes(&ada, &bob, "second");
    assert_eq!(press.rolls_back(&cid, &first).status, 200, "once, in an emergency");
    let same_hand = (403, "same_hand".to_owned());
    let proposed = press.rolls_back(&cid, &second);
    assert_eq!((proposed.status, proposed.json()["state"].as_str()), (201, Some("open")), "{}", proposed.text);
    for approver in [&child, &grandchild] {
        assert_eq!(press.approves(approver, &proposed.json()), same_hand);
    }
    assert_eq!(press.status(&ada)["digest"], first.as_str());
    // Who opens the folder of a stopped server is nobody, however it is asked.
    let Press { server, data } = press;
    assert!(server.terminate().success());
    let approve = ["approve", "2", "--unproved", "read"];
    let (code, _, why) = rules(data.path(), &approve, None);
    assert_eq!(code, Some(2), "{why}");
    assert!(why.contains("`operator:local` is no person") && why.contains("--token-file"), "{why}");
    let (code, _, why) = rules(data.path(), &approve, Some(&child));
    assert_eq!(code, Some(2), "{why}");
    assert!(why.contains("was made with"), "{why}");
}

#[test]
fn another_person_says_no_with_a_reason_and_the_proposal_is_closed_by_it() {
    let press = Press::start("", &[]);
    let (ada, bob) = (press.token(&["--person", "ada"]), press.token(&["--person", "bob"]));
    let (phone, cid) = (press.token(&["--person", "ada"]), press.token(&["--person", "cid"]));
    let proposal = press.proposes(&ada, "to be refused");
    let path = format!("/v1/rules/proposals/{}", proposal["id"]);
    let refuses = |token: &str, path: &str, why: &str| {
        let answer = press.send(token, "POST", &format!("{path}/refusal"), Some(&json!({ "why": why })));
        (answer.status, if answer.status == 200 { String::new() } else { answer.code() })
    };
    let no = |status: u16, code: &str| (status, code.to_owned());
    for (token, at, why, outcome) in [
        (&ada, path.as_str(), "my own", no(403, "same_identity")),
        (&phone, &path, "my own", no(403, "same_identity")),
        (&press.made_by(&ada), &path, "by my hand", no(403, "same_hand")),
        (&bob, &path, " ", no(422, "invalid_text")),
        (&bob, &path, &"a".repeat(1_025), no(422, "invalid_text")),
        (&bob, "/v1/rules/proposals/99", "none", no(404, "unknown_proposal")),
        (&bob, &path, "it turns what nobody read", no(200, "")),
        (&cid, &path, "again", no(409, "proposal_closed")),
        (&ada, &path, "my own again", no(409, "proposal_closed")),
    ] {
        assert_eq!(refuses(token, at, why), outcome, "{why}");
    }
    let refused = press.send(&ada, "GET", &path, None).json();
    assert_eq!(
        (&refused["state"], &refused["ended"]["message"]),
        (&json!("refused"), &json!("it turns what nobody read"))
    );
    assert_eq!(refused["ended"]["by"], format!("operator:{}", bob.split('_').nth(1).unwrap()), "{refused}");
    assert!(refused["ended"]["at"].is_string() && refused.get("approval").is_none(), "{refused}");
    assert_eq!(press.approves(&cid, &proposal), no(409, "proposal_closed"));
    let withdrawn = press.send(&ada, "DELETE", &path, None);
    assert_eq!((withdrawn.status, withdrawn.code().as_str()), (409, "proposal_closed"));
    let records = press.send(&bob, "GET", "/v1/decisions?action=Api::approveRules&limit=100", None).json();
    let said: Vec<&Value> =
        records["decisions"].as_array().unwrap().iter().map(|record| &record["question"]["context"]["why"]).collect();
    // Nine refusals and an approval; a text that is too long fills no ledger.
    assert_eq!((said.len(), said.iter().filter(|why| why.is_string()).count()), (10, 7), "{said:?}");
}
