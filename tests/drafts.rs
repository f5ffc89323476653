//! Drafts of rules: written a file at a time, kept as they are written, proposed, and never approved by an editor.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::four_eyes::{Press, built_in, remarked};
use crate::server::Answer;
use crate::shipped::TIGHTER;

const DRAFT: &str = "/v1/rules/drafts/tighter";
const BILLS: &str = "policies/may/receive-bill.cedar";
const SELL: &str = "policies/may/api/sell.cedar";

fn file(path: &str) -> String {
    format!("{DRAFT}/files/{path}")
}

fn text(answer: &Answer, member: &str) -> String {
    answer.json()[member].as_str().unwrap_or_else(|| panic!("no `{member}`: {}", answer.text)).to_owned()
}

impl Press {
    /// Writes a file of the draft, on a condition.
    fn writes(&self, token: &str, path: &str, text: &str, condition: Option<(&str, &str)>) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        let headers: Vec<_> = headers.into_iter().chain(condition).collect();
        self.server.send("PUT", &file(path), &headers, Some(json!({ "text": text }).to_string().as_bytes()))
    }

    #[track_caller]
    fn gets(&self, token: &str, path: &str) -> Value {
        let answer = self.send(token, "GET", path, None);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    #[track_caller]
    fn begins(&self, token: &str) -> Value {
        let begun = self.send(token, "PUT", DRAFT, Some(&json!({ "name": "Transitions need administration" })));
        assert_eq!(begun.status, 201, "{}", begun.text);
        begun.json()
    }
}

fn newest(press: &Press, token: &str) -> Value {
    press.gets(token, "/v1/decisions?order=newest&limit=1&action=Api::draftRules")["decisions"][0].clone()
}

#[test]
fn a_draft_is_begun_over_the_rules_in_force_renamed_listed_and_deleted_and_each_call_has_its_record() {
    let press = Press::start("", &[]);
    let (ada, bob) = (press.token(&["--person", "ada"]), press.token(&["--person", "bob"]));
    let in_force = press.status(&ada)["digest"].clone();
    let begun = press.begins(&ada);
    assert_eq!((&begun["base"], &begun["inForce"], &begun["moved"]), (&in_force, &in_force, &json!(false)));
    assert_eq!(
        (&begun["version"], &begun["files"], &begun["name"]),
        (&json!(1), &json!({}), &json!("Transitions need administration"))
    );
    assert_eq!(begun["editors"][0]["person"], "ada (standing)", "{begun}");
    let record = newest(&press, &ada);
    assert_eq!(
        (&record["question"]["context"]["draft"], record["outcome"].is_null()),
        (&json!("tighter"), false),
        "{record}"
    );

    let again = press.send(&bob, "PUT", DRAFT, Some(&json!({ "name": "Administration first" })));
    assert_eq!((again.status, again.header("etag")), (200, Some("\"2\"")), "{}", again.text);
    assert_eq!(again.json()["editors"].as_array().unwrap().len(), 1, "a name is none of the rules: {}", again.text);
    let listed = press.gets(&bob, "/v1/rules/drafts");
    assert_eq!((&listed["drafts"][0]["name"], &listed["complete"]), (&json!("Administration first"), &json!(true)));

    press.writes(&bob, BILLS, "// Nothing yet.\n", None);
    assert!(press.gets(&ada, "/v1/rules/drafts")["drafts"][0]["files"][BILLS].get("text").is_none(), "{listed}");
    assert_eq!(press.gets(&ada, DRAFT)["files"][BILLS]["text"], "// Nothing yet.\n");
    let elsewhere = press.send(&ada, "PUT", DRAFT, Some(&json!({ "base": "0".repeat(64) })));
    assert_eq!((elsewhere.status, elsewhere.code().as_str()), (404, "unknown_rules"));

    let deleted = press.send(&bob, "DELETE", DRAFT, None);
    assert_eq!(deleted.status, 200, "{}", deleted.text);
    assert_eq!(press.gets(&ada, "/v1/rules/drafts"), json!({ "drafts": [], "complete": true }));
    for (method, body) in [("GET", None), ("DELETE", None)] {
        let gone = press.send(&ada, method, DRAFT, body);
        assert_eq!((gone.status, gone.code().as_str()), (404, "unknown_draft"), "{method}");
    }
    // One that is begun, under the same id or another, is not the one that somebody read.
    let begun = press.begins(&bob);
    assert_eq!(
        (&begun["version"], &begun["files"], &begun["editors"][0]["person"]),
        (&json!(5), &json!({}), &json!("bob (standing)"))
    );
    let other = press.send(&ada, "PUT", "/v1/rules/drafts/other", Some(&json!({})));
    assert_eq!(other.header("etag"), Some("\"5\""), "{}", other.text);
    assert_eq!(press.verified(), Some(0));
}

#[test]
fn a_text_is_kept_as_it_is_written_and_nobody_overwrites_what_another_saved_meanwhile() {
    let press = Press::start("", &[]);
    let (ada, bob) = (press.token(&["--person", "ada"]), press.token(&["--person", "bob"]));
    press.begins(&ada);
    let read = press.send(&bob, "GET", &file(BILLS), None);
    assert_eq!((read.status, read.header("etag")), (200, Some("\"1\"")), "{}", read.text);
    assert_eq!(
        (text(&read, "text"), &read.json()["changed"]),
        (remarked("")[BILLS].replace("// \n", ""), &json!(false))
    );

    let wrong = "permit (principal, action, \u{feff}\r\n// no end";
    let saved = press.writes(&ada, BILLS, wrong, Some(("if-match", "\"1\"")));
    assert_eq!((saved.status, saved.header("etag")), (200, Some("\"2\"")), "{}", saved.text);
    let lost = press.writes(&bob, BILLS, "// Bob's.\n", Some(("if-match", "\"1\"")));
    assert_eq!((lost.status, lost.code().as_str()), (412, "revision_moved"), "{}", lost.text);
    let read = press.gets(&bob, &file(BILLS));
    assert_eq!((read["text"].as_str(), &read["version"], &read["changed"]), (Some(wrong), &json!(2), &json!(true)));
    assert!(read["base"].as_str().unwrap().starts_with("// "), "{read}");
    let known = press.server.send(
        "GET",
        &file(BILLS),
        &[("authorization", &format!("Bearer {bob}")), ("if-none-match", "\"2\"")],
        None,
    );
    assert_eq!(known.status, 304);

    // Another file has a version of its own.
    let other = press.writes(&bob, "policies/never/new.cedar", "// new\n", Some(("if-none-match", "*")));
    assert_eq!((other.status, other.header("etag")), (201, Some("\"3\"")), "{}", other.text);
    let there = press.writes(&ada, "policies/never/new.cedar", "// new too\n", Some(("if-none-match", "*")));
    assert_eq!((there.status, there.code().as_str()), (412, "already_registered"));
    assert_eq!(press.writes(&ada, BILLS, "// right\n", Some(("if-match", "\"2\""))).status, 200);

    // As in its base it is no change any more, and one that was only added is gone once it is removed.
    let base = read["base"].as_str().unwrap();
    assert_eq!(press.writes(&ada, BILLS, base, None).json()["changed"], false);
    let encoded = format!("{DRAFT}/files/{}", "policies/never/new.cedar".replace('/', "%2F"));
    assert_eq!(press.send(&ada, "DELETE", &encoded, None).status, 200);
    let removed = press.send(&ada, "DELETE", &file(SELL), None);
    assert_eq!((removed.status, &removed.json()["removed"]), (200, &json!(true)), "{}", removed.text);
    let draft = press.gets(&ada, DRAFT);
    assert_eq!(draft["files"], json!({ SELL: { "version": 7, "removed": true } }), "{draft}");
    let editors: Vec<&Value> = draft["editors"].as_array().unwrap().iter().map(|editor| &editor["person"]).collect();
    assert_eq!(editors, ["ada (standing)", "bob (standing)"]);
}

#[test]
fn what_can_be_no_file_of_rules_is_refused_and_nothing_is_written() {
    let press = Press::start("", &[]);
    let ada = press.token(&[]);
    press.begins(&ada);
    let long = "a".repeat(1024 * 1024 + 1);
    for (path, text, status, code) in [
        ("README.md", "// x", 422, "invalid_rule_file"),
        ("policies/may/x.txt", "// x", 422, "invalid_rule_file"),
        ("policies/.hidden/x.cedar", "// x", 422, "invalid_rule_file"),
        ("policies/may/x.cedar", long.as_str(), 422, "invalid_rule_file"),
    ] {
        let answer = press.writes(&ada, path, text, None);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path}");
    }
    for (method, path) in [("GET", "policies/may/no.cedar"), ("DELETE", "policies/may/no.cedar")] {
        let answer = press.send(&ada, method, &file(path), None);
        assert_eq!((answer.status, answer.code().as_str()), (404, "unknown_rule_file"), "{method}");
    }
    // All texts together are as large as a set that is sent may be.
    let most = "a".repeat(1024 * 1024);
    let statuses: Vec<u16> =
        (0..5).map(|n| press.writes(&ada, &format!("policies/may/{n}.cedar"), &most, None).status).collect();
    assert_eq!(statuses, [201, 201, 201, 201, 422]);
    let draft = press.gets(&ada, "/v1/rules/drafts");
    assert_eq!(draft["drafts"][0]["files"].as_object().unwrap().len(), 4);
    for n in 1..100 {
        let begun = press.send(&ada, "PUT", &format!("/v1/rules/drafts/d-{n}"), Some(&json!({})));
        assert_eq!(begun.status, 201, "{n}: {}", begun.text);
    }
    let more = press.send(&ada, "PUT", "/v1/rules/drafts/d-100", Some(&json!({})));
    assert_eq!((more.status, more.code().as_str()), (409, "too_many_drafts"));
}

#[test]
fn many_files_are_written_as_one_version_of_a_draft_or_none_of_them() {
    let press = Press::start("", &[]);
    let (ada, bob) = (press.token(&["--person", "ada"]), press.token(&["--person", "bob"]));
    press.begins(&ada);
    let writes = |token: &str, files: &Value, condition: Option<(&str, &str)>| {
        let bearer = format!("Bearer {token}");
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        let headers: Vec<_> = headers.into_iter().chain(condition).collect();
        let body = json!({ "files": files }).to_string();
        press.server.send("POST", &format!("{DRAFT}/files"), &headers, Some(body.as_bytes()))
    };
    let files = json!({ BILLS: "// all\n", (TIGHTER.0): TIGHTER.1, SELL: built_in()[SELL] });
    let written = writes(&bob, &files, Some(("if-match", "\"1\"")));
    assert_eq!((written.status, written.header("etag")), (200, Some("\"2\"")), "{}", written.text);
    let changed = |path: &str| written.json()["files"][path].clone();
    let is_changed = json!({ "version": 2, "removed": false });
    assert_eq!([BILLS, TIGHTER.0, SELL].map(changed), [is_changed.clone(), is_changed, Value::Null]);
    let record = newest(&press, &ada);
    let context = &record["question"]["context"];
    assert_eq!((&context["files"], context["paths"].as_array().unwrap().len()), (&json!(3), 3), "{record}");
    let draft = press.gets(&ada, DRAFT);
    assert_eq!(
        (&draft["files"][BILLS]["text"], &draft["editors"][1]["person"]),
        (&json!("// all\n"), &json!("bob (standing)"))
    );
    // As they are already, they are no version, and nobody is an editor by them.
    let same = writes(&press.token(&["--person", "cid"]), &files, None);
    assert_eq!((same.status, same.header("etag")), (200, Some("\"2\"")), "{}", same.text);
    assert_eq!(press.gets(&ada, DRAFT), draft);

    let most = "a".repeat(1024 * 1024);
    for (files, condition, status, code) in [
        (json!({ BILLS: "// late\n" }), Some(("if-match", "\"1\"")), 412, "revision_moved"),
        (json!({ BILLS: "// x\n", "policies/a\\b.cedar": "// x\n" }), None, 422, "invalid_rule_file"),
        (json!({ BILLS: "// x\n", "policies/a\u{7}.cedar": "// x\n" }), None, 422, "invalid_rule_file"),
        (
            json!({ BILLS: "// x\n", (format!("policies/{}.cedar", "a".repeat(1024))): "// x\n" }),
            None,
            422,
            "invalid_rule_file",
        ),
        (json!({ BILLS: "// x\n", "policies/.DS_Store": "x" }), None, 422, "invalid_rule_file"),
    ] {
        let refused = writes(&ada, &files, condition);
        assert_eq!((refused.status, refused.code().as_str()), (status, code), "{files}");
    }
    for n in 0..4 {
        let large = writes(&ada, &json!({ (format!("policies/{n}.cedar")): most }), None);
        let expected = if n < 3 { 200 } else { 422 };
        assert_eq!(large.status, expected, "{n}: {}", large.text);
    }
    assert_eq!(press.gets(&ada, DRAFT)["version"], 5);
}

#[test]
fn whoever_edited_a_draft_does_not_approve_what_is_made_of_it() {
    let press = Press::start("", &[]);
    let [ada, bob, phone, cid, dora] =
        ["ada", "bob", "bob", "cid", "dora"].map(|person| press.token(&["--person", person]));
    press.begins(&ada);
    assert_eq!(press.writes(&ada, BILLS, "// To be written.\n", None).status, 200);
    assert_eq!(press.writes(&bob, BILLS, &remarked("by two")[BILLS], None).status, 200);
    let both = json!({ "draft": "tighter", "files": {}, "why": "both" });
    let unknown = json!({ "draft": "unknown" });
    let earlier = json!({ "draft": "tighter", "version": 2 });
    let of_none = json!({ "files": {}, "version": 2 });
    for (body, status, code) in [
        (&both, 400, "invalid_body"),
        (&of_none, 400, "invalid_body"),
        (&unknown, 404, "unknown_draft"),
        (&earlier, 409, "draft_changed"),
    ] {
        let answer = press.send(&cid, "POST", "/v1/rules/proposals", Some(body));
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text);
    }
    let body = json!({ "draft": "tighter", "why": "they ask for it" });
    let proposed = press.send(&cid, "POST", "/v1/rules/proposals", Some(&body));
    assert_eq!(proposed.status, 201, "{}", proposed.text);
    let proposal = proposed.json();
    assert_eq!(
        (&proposal["draft"], proposal["editors"].as_array().unwrap().len()),
        (&json!("tighter"), 2),
        "{proposal}"
    );
    // Over what was proposed alone a draft would have lost its editors.
    let over = json!({ "base": proposal["digest"] });
    let begun = press.send(&cid, "PUT", "/v1/rules/drafts/over-it", Some(&over));
    assert_eq!((begun.status, begun.code().as_str()), (404, "unknown_rules"), "{}", begun.text);
    let brought = press.send(&bob, "POST", &format!("{DRAFT}/base"), Some(&json!({ "to": proposal["digest"] })));
    assert_eq!((brought.status, brought.code().as_str()), (404, "unknown_rules"), "{}", brought.text);
    let path = format!("/v1/rules/proposals/{}", proposal["id"]);
    let expected: BTreeMap<String, String> = remarked("by two");
    assert_eq!(press.gets(&ada, &path)["files"], json!(expected));
    // What becomes of the draft afterwards changes nothing of the proposal.
    assert_eq!(press.send(&cid, "DELETE", DRAFT, None).status, 200);
    let no = |code: &str| (403, code.to_owned());
    for (token, who) in
        [(&ada, "an editor"), (&bob, "an editor"), (&phone, "an editor's phone"), (&cid, "the proposer")]
    {
        assert_eq!(press.approves(token, &proposal), no("same_identity"), "{who}");
        let refused = press.send(token, "POST", &format!("{path}/refusal"), Some(&json!({ "why": "mine" })));
        assert_eq!((refused.status, refused.code().as_str()), (403, "same_identity"), "{who}");
    }
    assert_eq!(press.approves(&press.made_by(&bob), &proposal), no("same_hand"), "made by an editor");
    assert_eq!(press.approves(&dora, &proposal), (200, String::new()));
}

#[test]
fn a_draft_whose_base_moved_says_so_and_takes_over_what_it_does_not_change_itself() {
    let press = Press::start("", &[]);
    let (ada, bob) = (press.token(&[]), press.token(&[]));
    press.begins(&ada);
    assert_eq!(press.writes(&ada, BILLS, &remarked("of the draft")[BILLS], None).status, 200);
    assert_eq!(press.writes(&ada, TIGHTER.0, TIGHTER.1, None).status, 201);
    let up_to_date = |body: &Value| press.send(&ada, "POST", &format!("{DRAFT}/base"), Some(body));
    assert_eq!(up_to_date(&json!({})).json()["version"], 3, "there is nothing to bring");

    // The others change a file that the draft changes, too, and add one.
    let mut theirs = remarked("of the others");
    theirs.insert(
        "policies/never/theirs.cedar".to_owned(),
        TIGHTER.1.replace("transition-needs-administration", "theirs"),
    );
    let proposed = press.send(&ada, "POST", "/v1/rules/proposals", Some(&json!({ "files": theirs })));
    assert_eq!(proposed.status, 201, "{}", proposed.text);
    assert_eq!(press.approves(&bob, &proposed.json()), (200, String::new()));
    let draft = press.gets(&ada, DRAFT);
    assert_eq!((&draft["moved"], &draft["inForce"]), (&json!(true), &proposed.json()["digest"]), "{draft}");

    // As it is, it would put back what the others changed.
    let late = press.send(&ada, "POST", "/v1/rules/proposals", Some(&json!({ "draft": "tighter" })));
    assert_eq!((late.status, late.code().as_str()), (409, "rules_moved"), "{}", late.text);
    let conflict = up_to_date(&json!({}));
    assert_eq!((conflict.status, conflict.code().as_str()), (409, "draft_conflicts"), "{}", conflict.text);
    let conflicts = conflict.json()["evidence"]["conflicts"].clone();
    assert_eq!(conflicts.as_array().unwrap().len(), 1, "{conflicts}");
    assert_eq!((&conflicts[0]["path"], conflicts[0]["theirs"].as_str()), (&json!(BILLS), Some(theirs[BILLS].as_str())));
    assert_eq!(conflicts[0]["ours"].as_str(), Some(remarked("of the draft")[BILLS].as_str()));
    assert_eq!(press.gets(&ada, DRAFT), draft, "nothing is changed");
    let not_asked = up_to_date(&json!({ "keep": [BILLS, SELL] }));
    assert_eq!((not_asked.status, not_asked.code().as_str()), (422, "no_conflict"), "{}", not_asked.text);

    let read = press.gets(&ada, &file(BILLS))["version"].to_string();
    let keep = json!({ "keep": [BILLS] });
    let of_version = |tag: &str| {
        let bearer = format!("Bearer {ada}");
        let headers = [("content-type", "application/json"), ("authorization", &*bearer), ("if-match", tag)];
        press.server.send("POST", &format!("{DRAFT}/base"), &headers, Some(keep.to_string().as_bytes()))
    };
    let of_before = of_version("\"2\"");
    assert_eq!((of_before.status, of_before.code().as_str()), (412, "revision_moved"), "{}", of_before.text);
    let brought = of_version("\"3\"");
    assert_eq!((brought.status, brought.header("etag")), (200, Some("\"4\"")), "{}", brought.text);
    // Whoever read it beside the text that the others changed has not seen theirs.
    let unseen = press.writes(&ada, BILLS, "// As before.\n", Some(("if-match", &format!("\"{read}\""))));
    assert_eq!(unseen.status, 412, "{}", unseen.text);
    let brought = brought.json();
    assert_eq!(
        (&brought["moved"], &brought["base"], &brought["version"]),
        (&json!(false), &draft["inForce"], &json!(4))
    );
    assert_eq!(brought["files"][BILLS]["text"].as_str(), Some(remarked("of the draft")[BILLS].as_str()));
    let taken = press.gets(&ada, &file("policies/never/theirs.cedar"));
    assert_eq!((&taken["changed"], &taken["version"]), (&json!(false), &json!(4)), "{taken}");
}

#[test]
fn drafts_are_there_after_a_restart_and_in_no_export() {
    let press = Press::start("", &[]);
    let ada = press.token(&[]);
    press.begins(&ada);
    press.writes(&ada, BILLS, "// kept\n", None);
    let before = press.gets(&ada, DRAFT);
    assert!(!press.send(&ada, "GET", "/v1/export", None).text.contains("tighter"));
    assert_eq!(press.gets(&ada, "/v1/changes?after=0")["changes"], json!([]));
    let press = press.again();
    assert_eq!(press.gets(&ada, DRAFT), before);
}

const REVIEW: &str = "/v1/rules/drafts/tighter/review";

impl Press {
    /// Writes a file of some draft.
    fn writes_to(&self, token: &str, draft: &str, path: &str, text: &str) -> Answer {
        self.send(token, "PUT", &format!("{draft}/files/{path}"), Some(&json!({ "text": text })))
    }
}

/// Waits until the review of a draft is at its end.
#[track_caller]
fn ended(press: &Press, token: &str, path: &str) -> Value {
    for _ in 0..2_400 {
        let review = press.gets(token, path);
        if !["waiting", "running"].contains(&review["state"].as_str().unwrap()) {
            return review;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the review goes on: {}", press.gets(token, path));
}

#[test]
fn a_draft_is_reviewed_while_nobody_waits_and_what_came_of_it_is_kept_with_it() {
    let press = Press::start("", &[]);
    let ada = press.token(&[]);
    press.begins(&ada);
    let none = press.send(&ada, "GET", REVIEW, None);
    assert_eq!((none.status, none.code().as_str()), (404, "no_review"));
    assert_eq!(press.writes(&ada, TIGHTER.0, TIGHTER.1, None).status, 201);
    let begun = press.send(&ada, "POST", REVIEW, None);
    assert_eq!(begun.status, 202, "{}", begun.text);
    assert!(["waiting", "running"].contains(&text(&begun, "state").as_str()), "{}", begun.text);
    let again = press.send(&ada, "POST", REVIEW, None).json();
    assert_eq!(again["begun"], begun.json()["begun"], "one of the same files is enough");
    // A name is none of its files.
    assert_eq!(press.send(&ada, "PUT", DRAFT, Some(&json!({ "name": "Another name" }))).status, 200);
    let finished = ended(&press, &ada, REVIEW);
    assert_eq!((&finished["state"], &finished["current"]), (&json!("finished"), &json!(true)), "{finished}");
    let mut files = remarked("");
    files.insert(BILLS.to_owned(), files[BILLS].replace("// \n", ""));
    files.insert(TIGHTER.0.to_owned(), TIGHTER.1.to_owned());
    let mut reviewed = press.send(&ada, "POST", "/v1/rules/review", Some(&json!({ "files": files }))).json();
    let mut evidence = finished["evidence"].clone();
    // The moment of the comparison alone is another.
    for told in [&mut reviewed, &mut evidence] {
        told["world"]["at"] = Value::Null;
    }
    assert_eq!(evidence, reviewed);

    let press = press.again();
    assert_eq!(press.gets(&ada, REVIEW), finished, "it is there after a restart");
    assert_eq!(press.writes(&ada, TIGHTER.0, "// otherwise\n", None).status, 200);
    let old = press.gets(&ada, REVIEW);
    assert_eq!((&old["state"], &old["current"]), (&json!("finished"), &json!(false)), "{old}");
}

#[test]
fn a_review_is_cancelled_when_the_draft_changes_or_the_service_stops_and_others_wait_their_turn() {
    let press = Press::start("", &[]);
    let ada = press.token(&[]);
    press.begins(&ada);
    assert_eq!(press.send(&ada, "POST", REVIEW, None).status, 202);
    for n in 1..4 {
        let draft = format!("/v1/rules/drafts/d-{n}");
        assert_eq!(press.send(&ada, "PUT", &draft, None).status, 201);
        assert_eq!(press.writes_to(&ada, &draft, BILLS, &remarked(&n.to_string())[BILLS]).status, 200);
        assert_eq!(press.send(&ada, "POST", &format!("{draft}/review"), None).status, 202);
    }
    let third = press.gets(&ada, "/v1/rules/drafts/d-3/review");
    assert_eq!(third["state"], "waiting", "{third}");
    assert!((1..=2).contains(&third["place"].as_u64().unwrap()), "{third}");
    assert_eq!(press.writes(&ada, TIGHTER.0, TIGHTER.1, None).status, 201);
    let cancelled = ended(&press, &ada, REVIEW);
    assert_eq!((&cancelled["state"], &cancelled["current"]), (&json!("cancelled"), &json!(false)), "{cancelled}");
    assert!(cancelled["why"].as_str().unwrap().contains("the draft changed"), "{cancelled}");
    // Of one that is deleted nothing is left.
    assert_eq!(press.send(&ada, "DELETE", "/v1/rules/drafts/d-1", None).status, 200);
    assert_eq!(press.send(&ada, "PUT", "/v1/rules/drafts/d-1", None).status, 201);
    assert_eq!(press.send(&ada, "GET", "/v1/rules/drafts/d-1/review", None).code(), "no_review");
    let press = press.again();
    for n in 2..4 {
        let stopped = press.gets(&ada, &format!("/v1/rules/drafts/d-{n}/review"));
        assert_eq!((&stopped["state"], &stopped["current"]), (&json!("cancelled"), &json!(true)), "{stopped}");
        assert!(stopped["why"].as_str().unwrap().contains("started again"), "{stopped}");
    }
    // What went on then is begun anew.
    let begun = press.send(&ada, "POST", "/v1/rules/drafts/d-2/review", None);
    assert_eq!(begun.status, 202, "{}", begun.text);
    assert!(["waiting", "running"].contains(&text(&begun, "state").as_str()), "{}", begun.text);
}
