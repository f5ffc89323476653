//! The pages of drafts: begun, edited a file at a time, proposed, and approved by somebody who did not edit it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::four_eyes::{BILLS, Press, built_in};
use crate::people::{Browser, with_token};
use crate::server::Answer;
use crate::shipped::TIGHTER;

const PATH: &str = TIGHTER.0;
const RULE: &str = TIGHTER.1;
const SELL: &str = "policies/may/api/sell.cedar";

/// A server whose rules are published, and tokens of two reviewers.
fn reviewers() -> (Press, [String; 2]) {
    let press = Press::start("", &[]);
    let tokens = ["ada", "bob"].map(|who| press.token_of("reviewer", &["--name", who]));
    (press, tokens)
}

/// Sends a form that stands on a page, with what is typed in it.
fn sent(browser: &mut Browser<'_>, page: &Answer, path: &str, typed: &[(&str, &str)]) -> Answer {
    let [key, once] = ["form_key", "once"].map(|name| Browser::hidden(page, name));
    browser.post(path, &[&[("form_key", &*key), ("once", &*once)], typed].concat())
}

/// What is typed in a form of a draft, with the version of the draft that the page shows.
fn of_version<'a>(page: &Answer, typed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let version: &'static str = Browser::hidden(page, "version").leak();
    [&[("version", version)], typed].concat()
}

fn begun(browser: &mut Browser<'_>) -> String {
    let page = browser.get("/rules/drafts");
    assert!(page.text.contains("There is no draft."), "{}", page.text);
    let unnamed = sent(browser, &page, "/rules/drafts", &[("name", " ")]);
    assert_eq!((unnamed.status, unnamed.text.contains("<title>Error: ")), (422, true), "{}", unnamed.text);
    let made = sent(browser, &page, "/rules/drafts", &[("name", "Tighten <b>transition")]);
    assert_eq!(made.status, 303, "{}", made.text);
    made.header("location").unwrap().to_owned()
}

fn saved(browser: &mut Browser<'_>, draft: &str, text: &str) -> Answer {
    let file = format!("{draft}/files/{PATH}");
    let page = browser.get(&file);
    let version = Browser::hidden(&page, "version");
    sent(browser, &page, &file, &[("version", &version), ("text", text), ("do", "save")])
}

#[test]
fn a_draft_is_begun_edited_wrongly_mended_proposed_and_approved_by_somebody_who_did_not_edit_it() {
    let (press, [ada, bob]) = reviewers();
    let (mut ada, mut bob) = (with_token(&press.server, &ada), with_token(&press.server, &bob));
    let draft = begun(&mut ada);
    assert!(ada.get(&draft).text.contains("Tighten &lt;b&gt;transition"));
    let wrong = saved(&mut ada, &draft, "forbid (\n");
    assert_eq!(wrong.status, 303, "what is wrong is kept as it is written: {}", wrong.text);
    let shown = ada.get(&format!("{draft}/files/{PATH}"));
    let says = "It cannot be read as rules yet";
    assert!(shown.text.contains(says) && shown.text.contains(&format!("{PATH}:")), "{}", shown.text);
    let page = ada.get(&draft);
    let refused =
        sent(&mut ada, &page, &format!("{draft}/proposal"), &of_version(&page, &[("title", "T<i>"), ("why", "W")]));
    assert_eq!((refused.status, refused.text.contains("<title>Error: ")), (422, true), "{}", refused.text);
    assert!(refused.text.contains("value=\"T&lt;i&gt;\"") && refused.text.contains("value=\"W\""), "as it was typed");
    assert!(refused.text.contains(&format!("{PATH}:")), "with its line and column: {}", refused.text);
    assert_eq!(saved(&mut ada, &draft, RULE).status, 303);
    let page = ada.get(&draft);
    assert!(page.text.contains("One file is changed"), "{}", page.text);
    let proposed = sent(
        &mut ada,
        &page,
        &format!("{draft}/proposal"),
        &of_version(&page, &[("title", "Tighten"), ("why", "As agreed.")]),
    );
    assert_eq!((proposed.status, proposed.header("location")), (303, Some("/rules/proposals/1")), "{}", proposed.text);
    let own = ada.get("/rules/proposals/1");
    assert!(own.text.contains("You proposed or edited this") && !own.text.contains("Go on to approve"), "{}", own.text);
    let page = bob.get("/rules/proposals/1/refusal");
    let empty = sent(&mut bob, &page, "/rules/proposals/1/refusal", &[("why", "")]);
    assert_eq!(empty.status, 422, "{}", empty.text);
    let page = bob.get("/rules/proposals/1/approval");
    let base = Browser::hidden(&page, "base");
    let typed = [("base", &*base), ("unproved", "There is no solver here.")];
    let approved = sent(&mut bob, &page, "/rules/proposals/1/approval", &typed);
    assert_eq!(approved.status, 303, "{}", approved.text);
    let moved = bob.get(&draft);
    assert!(moved.text.contains("The rules in force changed since"), "{}", moved.text);
    assert_eq!(saved(&mut bob, &draft, &RULE.replace("seller not", "seller never")).status, 303);
    // Over rules of before it would put back what was approved since.
    let page = bob.get(&draft);
    let late = sent(&mut bob, &page, &format!("{draft}/proposal"), &of_version(&page, &[("title", ""), ("why", "")]));
    assert!(late.status == 422 && late.text.contains("rules_moved"), "{} {}", late.status, late.text);
}

#[test]
fn what_another_saved_meanwhile_is_neither_proposed_nor_deleted_unseen() {
    let (press, [ada, bob]) = reviewers();
    let (mut ada, mut bob) = (with_token(&press.server, &ada), with_token(&press.server, &bob));
    let draft = begun(&mut ada);
    assert_eq!(saved(&mut ada, &draft, RULE).status, 303);
    let shown = ada.get(&draft);
    assert_eq!(saved(&mut bob, &draft, &RULE.replace("seller not", "seller never")).status, 303);
    let typed = of_version(&shown, &[("title", ""), ("why", "")]);
    let proposed = sent(&mut ada, &shown, &format!("{draft}/proposal"), &typed);
    assert!(proposed.status == 422 && proposed.text.contains("draft_changed"), "{}", proposed.text);
    let removal = format!("{draft}/removal");
    let asked = ada.get(&removal);
    assert!(asked.text.contains("What it changes in one file is lost."), "{}", asked.text);
    let deleted = sent(&mut ada, &shown, &removal, &of_version(&shown, &[]));
    assert_eq!(deleted.status, 409, "{}", deleted.text);
    assert!(bob.get(&draft).text.contains("seller never"));
    assert_eq!(sent(&mut ada, &asked, &removal, &of_version(&asked, &[])).status, 303);
    assert_eq!(bob.get(&draft).status, 404);
}

/// The proposal of what a draft says, put in force by another person.
fn in_force(press: &Press, by: &str, approver: &str, files: &BTreeMap<String, String>) {
    let proposed = press.send(by, "POST", "/v1/rules/proposals", Some(&json!({ "files": files })));
    assert_eq!(proposed.status, 201, "{}", proposed.text);
    assert_eq!(press.approves(approver, &proposed.json()), (200, String::new()));
}

#[test]
fn a_draft_is_brought_up_to_date_by_saying_for_each_file_that_both_sides_changed_which_text_stays() {
    let (press, [of_ada, of_bob]) = reviewers();
    let mut ada = with_token(&press.server, &of_ada);
    let draft = begun(&mut ada);
    let base = format!("{draft}/base");
    assert!(ada.get(&base).text.contains("There is nothing to do."));
    for (path, text) in [(BILLS, "// of the draft\n"), (SELL, "// also of the draft\n")] {
        let file = format!("{draft}/files/{path}");
        let page = ada.get(&file);
        let version = Browser::hidden(&page, "version");
        let typed = [("version", &*version), ("text", text), ("do", "save")];
        assert_eq!(sent(&mut ada, &page, &file, &typed).status, 303);
    }
    let mut theirs = built_in();
    for path in [BILLS, SELL] {
        theirs.get_mut(path).unwrap().push_str("// of the others\n");
    }
    in_force(&press, &of_ada, &of_bob, &theirs);
    assert!(ada.get(&draft).text.contains(&format!("href=\"{base}\"")));
    let page = ada.get(&base);
    let [version, to] = ["version", "to"].map(|name| Browser::hidden(&page, name));
    let fields: [(&str, &str); 4] = [("version", &version), ("to", &to), ("path", BILLS), ("path", SELL)];
    assert!(page.text.contains("2 files were changed by both sides"), "{}", page.text);
    assert!(page.text.contains("// of the others") && page.text.contains("// of the draft"), "{}", page.text);

    let half = [("stays-0", "keep"), ("stays-1", "")];
    let half = sent(&mut ada, &page, &base, &[&fields[..], &half].concat());
    assert_eq!((half.status, half.text.contains("href=\"#stays-1\"")), (422, true), "{}", half.text);
    assert!(half.text.contains("value=\"keep\" selected"), "what was chosen is still chosen: {}", half.text);

    // Somebody changes the draft meanwhile: nothing of what was chosen is done.
    let mut bob = with_token(&press.server, &of_bob);
    assert_eq!(saved(&mut bob, &draft, RULE).status, 303);
    let chosen = [("stays-0", "keep"), ("stays-1", "take")];
    let late = sent(&mut ada, &page, &base, &[&fields[..], &chosen].concat());
    assert!(late.text.contains("Something changed since you looked"), "{}", late.text);
    assert!(ada.get(&draft).text.contains(&format!("href=\"{base}\"")), "it still stands over the rules of before");

    let page = ada.get(&base);
    let version = Browser::hidden(&page, "version");
    let fields: [(&str, &str); 4] = [("version", &version), ("to", &to), ("path", BILLS), ("path", SELL)];
    let brought = sent(&mut ada, &page, &base, &[&fields[..], &chosen].concat());
    assert_eq!(brought.status, 303, "{}", brought.text);
    let read = press.send(&of_ada, "GET", &draft.replace("/rules", "/v1/rules"), None).json();
    assert_eq!((&read["moved"], &read["base"]), (&json!(false), &json!(to)), "{read}");
    assert_eq!(read["files"].as_object().unwrap().keys().collect::<Vec<_>>(), [BILLS, PATH], "{read}");
}

#[test]
fn what_is_wrong_with_a_file_is_said_beside_what_was_typed() {
    let (press, [ada, _]) = reviewers();
    let mut ada = with_token(&press.server, &ada);
    let draft = begun(&mut ada);
    let file = format!("{draft}/files/elsewhere/a.cedar");
    let page = ada.get(&file);
    let typed = [("version", ""), ("text", "permit (\u{202e}typed"), ("do", "save")];
    let refused = sent(&mut ada, &page, &file, &typed);
    assert!(refused.status == 422 && refused.text.contains("It is not saved"), "{}", refused.text);
    assert!(refused.text.contains("\u{202e}typed"), "what was typed is in the field as it is");
    assert_eq!(saved(&mut ada, &draft, &format!("// \u{202e}hidden\n{RULE}")).status, 303);
    let shown = ada.get(&draft);
    assert!(shown.text.contains("[U+202E]hidden"), "what turns text round is shown by its code: {}", shown.text);
}

#[test]
fn what_was_typed_is_kept_when_the_session_ended_and_when_another_began() {
    let (press, [token, bob]) = reviewers();
    let mut ada = with_token(&press.server, &token);
    let draft = begun(&mut ada);
    let file = format!("{draft}/files/{PATH}");
    let page = ada.get(&file);
    let version = Browser::hidden(&page, "version");
    let typed = [("version", &*version), ("text", RULE), ("do", "save")];
    // Another session begins in another tab: the key of the page is not its own.
    ada.post("/sign-in/token", &[("token", &*token)]);
    let kept = sent(&mut ada, &page, &file, &typed);
    assert!(kept.status == 403 && kept.text.contains("foreign_form"), "{} {}", kept.status, kept.text);
    let field = kept.text.split_once("<textarea").unwrap().1.split_once("</textarea>").unwrap().0;
    assert!(field.contains("@id(") && field.contains("forbid") && field.contains("class=\"code\""), "{field}");
    assert!(!ada.get(&draft).text.contains("One file is changed"), "nothing was written");
    assert_eq!(sent(&mut ada, &kept, &file, &typed).status, 303, "it is sent again from that page");
    // Signed out, it is kept until somebody is signed in.
    let page = ada.get(&file);
    let version = Browser::hidden(&page, "version");
    let changed = RULE.replace("seller not", "seller never");
    let typed = [("version", &*version), ("text", &*changed), ("do", "save")];
    ada.cookies().clear();
    let kept = sent(&mut ada, &page, &file, &typed);
    assert!(kept.status == 403 && kept.text.contains("seller never"), "{} {}", kept.status, kept.text);
    assert_eq!(Browser::hidden(&kept, "version"), version);
    ada.post("/sign-in/token", &[("token", &*token)]);
    let once = Browser::hidden(&kept, "once");
    let again = ada.post(&file, &[&[("once", &*once)], &typed[..]].concat());
    assert!(again.status == 403 && again.text.contains("seller never"), "{} {}", again.status, again.text);
    assert_eq!(sent(&mut ada, &again, &file, &typed).status, 303);
    // From elsewhere nothing is shown again, and a form without text leads to its own page.
    let elsewhere = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    let foreign = ada.call("POST", &file, &elsewhere, Some("text=secret&do=save&version=&once=A"));
    assert!(foreign.status == 403 && !foreign.text.contains("secret"), "{}", foreign.text);
    let removal = format!("{draft}/removal");
    let plain = ada.post(&removal, &[("form_key", "x"), ("once", "A"), ("version", "1")]);
    assert!(plain.status == 403 && plain.text.contains(&format!("href=\"{removal}\"")), "{}", plain.text);
    // What a draft is called; and, of whoever is signed out, a checkpoint that somebody kept.
    let named = [("form_key", "x"), ("once", "A"), ("name", "N<i>")];
    let kept = ada.post("/rules/drafts", &named);
    assert!(kept.status == 403 && kept.text.contains("value=\"N&lt;i&gt;\""), "{} {}", kept.status, kept.text);
    for (path, field) in [("/rules/drafts", "name"), ("/ledger/checkpoints", "note")] {
        let kept = Browser::of(&press.server).post(path, &[("form_key", "x"), ("once", "A"), (field, "C<i>")]);
        assert!(kept.status == 403 && kept.text.contains("C&lt;i&gt;"), "{path}: {} {}", kept.status, kept.text);
    }
    // What is proposed, and why somebody says no.
    let written = [("form_key", "x"), ("once", "A"), ("version", "1"), ("title", "T<i>"), ("why", "W<i>")];
    let kept = ada.post(&format!("{draft}/proposal"), &written);
    assert!(kept.status == 403 && kept.text.contains("value=\"T&lt;i&gt;\""), "{}", kept.text);
    let shown = ada.get(&draft);
    let typed = of_version(&shown, &[("title", ""), ("why", "")]);
    assert_eq!(sent(&mut ada, &shown, &format!("{draft}/proposal"), &typed).status, 303);
    let mut bob = with_token(&press.server, &bob);
    let no = bob.post("/rules/proposals/1/refusal", &[("form_key", "x"), ("once", "A"), ("why", "W<i>")]);
    assert!(no.status == 403 && no.text.contains("value=\"W&lt;i&gt;\""), "{} {}", no.status, no.text);
}

#[test]
fn a_path_that_can_be_no_file_is_a_mistake_at_its_field_and_is_kept() {
    let (press, [ada, _]) = reviewers();
    let mut ada = with_token(&press.server, &ada);
    let draft = begun(&mut ada);
    let path = format!("{draft}/files");
    for typed in ["", "../x.cedar", "policies/a.txt", "elsewhere/<a>.cedar"] {
        let page = ada.get(&draft);
        let wrong = sent(&mut ada, &page, &path, &[("path", typed)]);
        assert_eq!((wrong.status, wrong.text.contains("href=\"#path\"")), (422, true), "{typed}: {}", wrong.text);
        let kept = format!("value=\"{}\"", typed.replace('<', "&lt;").replace('>', "&gt;"));
        assert!(wrong.text.contains(&kept), "{typed}: {}", wrong.text);
    }
    let page = ada.get(&draft);
    let to = sent(&mut ada, &page, &path, &[("path", PATH)]);
    assert_eq!((to.status, to.header("location")), (303, Some(&*format!("{path}/{PATH}"))), "{}", to.text);
}

#[test]
fn a_review_of_a_draft_goes_on_when_its_page_is_left_and_is_kept_with_the_draft() {
    let (press, [ada, bob]) = reviewers();
    let (mut ada, mut bob) = (with_token(&press.server, &ada), with_token(&press.server, &bob));
    let draft = begun(&mut ada);
    assert_eq!(saved(&mut ada, &draft, RULE).status, 303);
    let path = format!("{draft}/evidence");
    let page = ada.get(&path);
    assert!(page.text.contains("It was not reviewed yet."), "{}", page.text);
    assert_eq!(sent(&mut ada, &page, &path, &[]).status, 303);
    let by = Instant::now() + Duration::from_secs(60);
    let finished = loop {
        let page = bob.get(&path);
        let goes_on = page.text.contains("<progress");
        let after = page.header("refresh").map(|after| (3..=30).contains(&after.parse::<u16>().unwrap()));
        assert_eq!(after, goes_on.then_some(true), "{}", page.text);
        if !goes_on {
            break page;
        }
        assert!(Instant::now() < by, "it goes on: {}", page.text);
        std::thread::sleep(Duration::from_millis(100));
    };
    for says in ["Reviewed on", "It can be put in force with a word why", "Rows of the tables that turn", PATH] {
        assert!(finished.text.contains(says), "{says}: {}", finished.text);
    }
    assert_eq!(saved(&mut ada, &draft, &RULE.replace("Move", "Bring")).status, 303);
    let changed = saved(&mut bob, &draft, &format!("{RULE}// more\n"));
    assert_eq!(changed.status, 303);
    assert!(bob.get(&path).text.contains("The draft or the rules in force changed since"));
}

#[test]
fn the_evidence_of_what_cannot_be_read_says_that_nothing_was_compared() {
    let (press, [ada, _]) = reviewers();
    let mut ada = with_token(&press.server, &ada);
    let draft = begun(&mut ada);
    assert_eq!(saved(&mut ada, &draft, "forbid (\n").status, 303);
    let path = format!("{draft}/evidence");
    let page = ada.get(&path);
    assert_eq!(sent(&mut ada, &page, &path, &[]).status, 303);
    let by = Instant::now() + Duration::from_secs(60);
    let finished = loop {
        let page = ada.get(&path);
        if !page.text.contains("<progress") {
            break page;
        }
        assert!(Instant::now() < by, "it goes on: {}", page.text);
        std::thread::sleep(Duration::from_millis(100));
    };
    let says = "Nothing was compared; what was found says why.";
    assert!(finished.text.contains(says) && !finished.text.contains("No row turns."), "{}", finished.text);
}

#[test]
fn whoever_edited_a_draft_cannot_approve_what_another_proposed_of_it() {
    let (press, [ada, bob]) = reviewers();
    let (mut ada, mut bob) = (with_token(&press.server, &ada), with_token(&press.server, &bob));
    let draft = begun(&mut ada);
    assert_eq!(saved(&mut ada, &draft, RULE).status, 303);
    let page = bob.get(&draft);
    let typed = of_version(&page, &[("title", ""), ("why", "")]);
    assert_eq!(sent(&mut bob, &page, &format!("{draft}/proposal"), &typed).status, 303);
    for mut hand in [ada, bob] {
        let page = hand.get("/rules/proposals/1/approval");
        assert!(page.text.contains("You proposed or edited this"), "{}", page.text);
    }
}

#[test]
fn two_who_save_the_same_file_lose_nothing() {
    let (press, [ada, bob]) = reviewers();
    let (mut ada, mut bob) = (with_token(&press.server, &ada), with_token(&press.server, &bob));
    let draft = begun(&mut ada);
    let file = format!("{draft}/files/{PATH}");
    let shown = bob.get(&file);
    assert_eq!(saved(&mut ada, &draft, RULE).status, 303);
    let late = sent(&mut bob, &shown, &file, &[("version", ""), ("text", "// Mine.\n"), ("do", "save")]);
    assert_eq!(late.status, 409);
    for both in ["// Mine.", "delegated_admin_permissions_disabled", "Somebody saved this file meanwhile"] {
        assert!(late.text.contains(both), "{both}: {}", late.text);
    }
    let version = Browser::hidden(&late, "version");
    let again = sent(&mut bob, &late, &file, &[("version", &version), ("text", "// Mine.\n"), ("do", "save")]);
    assert_eq!(again.status, 303, "{}", again.text);
    assert!(ada.get(&file).text.contains("// Mine."));
    let page = ada.get(&file);
    let version = Browser::hidden(&page, "version");
    let gone = sent(&mut ada, &page, &file, &[("version", &version), ("text", ""), ("do", "remove")]);
    assert_eq!(gone.status, 303, "{}", gone.text);
    assert!(ada.get(&draft).text.contains("No file is changed"), "{}", ada.get(&draft).text);
}

#[test]
fn texts_that_take_too_long_to_compare_are_not_put_side_by_side_and_nothing_of_them_is_lost() {
    let (press, [ada, _]) = reviewers();
    let mut ada = with_token(&press.server, &ada);
    let draft = begun(&mut ada);
    for (lines, is_compared) in [(2_000, true), (9_000, false)] {
        let text: String = (0..lines).map(|line| format!("// {line}\n")).collect();
        assert_eq!(saved(&mut ada, &draft, &text).status, 303);
        let shown = ada.get(&draft);
        let says = shown.text.contains("too long to be put side by side");
        assert_eq!((shown.status, says), (200, !is_compared), "{lines}");
        let file = ada.get(&format!("{draft}/files/{PATH}"));
        assert!(file.text.contains(&format!("// {}\n", lines - 1)), "{lines}");
    }
}

/// What a draft is to whoever reads it under `/v1`.
fn read(press: &Press, token: &str, draft: &str) -> serde_json::Value {
    press.send(token, "GET", &draft.replace("/rules", "/v1/rules"), None).json()
}

/// Sends files with the form that stands on the page of a draft, into a folder.
fn uploaded(browser: &mut Browser<'_>, page: &Answer, into: &str, files: &[(&str, &str, &str)]) -> Answer {
    let draft = page.text.split_once("/folder\" enctype").unwrap().0.rsplit_once('"').unwrap().1.to_owned();
    let [key, once, version] = ["form_key", "once", "version"].map(|name| Browser::hidden(page, name));
    let fields = [("form_key", &*key), ("once", &once), ("version", &version), ("into", into)];
    browser.upload(&format!("{draft}/folder"), &fields, files)
}

#[test]
fn a_folder_is_put_into_a_draft_in_one_version_and_what_an_editor_left_in_it_is_passed_over_and_said() {
    let (press, [of_ada, _]) = reviewers();
    let mut ada = with_token(&press.server, &of_ada);
    let draft = begun(&mut ada);
    let page = ada.get(&draft);
    let (rule, seller, same) = (format!("rules/{PATH}"), format!("rules/{SELL}"), built_in()[BILLS].clone());
    let files = [
        ("folder", &*rule, RULE),
        ("folder", &seller, "// as it is typed\r\nforbid ("),
        ("folder", "rules/policies/may/receive-bill.cedar", &same),
        ("folder", "rules/policies/.DS_Store", "\u{1}"),
        ("folder", "rules/policies/never/a.cedar~", "permit (principal, action, resource);"),
        ("some-files", "", ""),
    ];
    let sent = uploaded(&mut ada, &page, "", &files);
    assert_eq!((sent.status, sent.header("location")), (303, Some(&*draft)), "{}", sent.text);
    let shown = ada.get(&draft);
    assert!(shown.text.contains("3 files are in the draft as you sent them."), "{}", shown.text);
    assert!(shown.text.contains("2 files were passed over") && shown.text.contains("a.cedar~"), "{}", shown.text);
    let is = |version: u64| {
        let draft = read(&press, &of_ada, &draft);
        let files: Vec<&str> = draft["files"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((&draft["version"], files), (&json!(version), vec![SELL, PATH]), "{draft}");
        assert_eq!(draft["files"][SELL]["text"], "// as it is typed\r\nforbid (", "{draft}");
    };
    is(2);
    // Sent twice it is done once, and what is there already is no version.
    assert_eq!(uploaded(&mut ada, &page, "", &files).status, 303);
    assert_eq!(uploaded(&mut ada, &shown, "", &files).status, 303);
    is(2);

    let page = ada.get(&draft);
    let nowhere = uploaded(&mut ada, &page, "", &[("some-files", "b.cedar", "// b\n")]);
    assert_eq!((nowhere.status, nowhere.text.contains("href=\"#into\"")), (422, true), "{}", nowhere.text);
    let alone = uploaded(&mut ada, &page, "/policies/never/", &[("some-files", "b.cedar", "// b\n")]);
    assert_eq!(alone.status, 303, "{}", alone.text);
    assert_eq!(read(&press, &of_ada, &draft)["files"]["policies/never/b.cedar"]["text"], "// b\n");
}

#[test]
fn of_a_folder_with_one_file_that_cannot_be_a_rule_nothing_is_written() {
    let (press, [of_ada, of_bob]) = reviewers();
    let mut ada = with_token(&press.server, &of_ada);
    let draft = begun(&mut ada);
    let page = ada.get(&draft);
    let rule = format!("rules/{PATH}");
    for wrong in [
        "rules/README.md",
        "rules/policies/never/a.ceder",
        "rules/policies/never/.a.cedar",
        "rules/policies/../policies/a.cedar",
        "../policies/never/a.cedar",
        "/policies/never/a.cedar",
        "rules/policies/never\\a.cedar",
        "rules/policies/never//a.cedar",
        "rules/policies/never/a%22.cedar",
        &rule,
    ] {
        let files = [("folder", &*rule, RULE), ("folder", wrong, "// a\n")];
        let refused = uploaded(&mut ada, &page, "policies/never", &files);
        let says = refused.text.contains("cannot be put into a draft") && refused.text.contains("<title>Error: ");
        assert_eq!((refused.status, says), (422, true), "{wrong}: {}", refused.text);
    }
    let stray = uploaded(&mut ada, &page, "", &[("folder", "rules/policies/.DS_Store", "x")]);
    assert!(stray.status == 422 && stray.text.contains("href=\"#folder\""), "{}", stray.text);
    let long = "a".repeat(1024 * 1024 + 1);
    assert_eq!(uploaded(&mut ada, &page, "", &[("folder", &rule, &long)]).status, 422);

    // From elsewhere, with another key, or cut off.
    let address = format!("{draft}/folder");
    let [key, once, version] = ["form_key", "once", "version"].map(|name| Browser::hidden(&page, name));
    let file = [("folder", &*rule, RULE)];
    let [right, other] = [&*key, "another"].map(|key| [("form_key", key), ("once", &once), ("version", &version)]);
    assert_eq!(ada.upload(&address, &other, &file).status, 403);
    assert_eq!(ada.upload(&address, &right[1..], &file).status, 403);
    let unknown = [&right[..], &[("more", "")]].concat();
    assert_eq!(ada.upload(&address, &unknown, &file).status, 400);
    assert_eq!(ada.upload(&address, &right, &[("text", "rules/a", "")]).status, 400, "a file where none is taken");
    let media = ("content-type", "multipart/form-data; boundary=x");
    let cut = format!("--x\r\nContent-Disposition: form-data; name=\"form_key\"\r\n\r\n{key}\r\n--x\r\n");
    for (site, status) in [("cross-site", 403), ("same-origin", 400)] {
        let sent = ada.call("POST", &address, &[media, ("sec-fetch-site", site)], Some(&cut));
        assert_eq!(sent.status, status, "{site}: {}", sent.text);
    }
    let elsewhere = ada.call("POST", "/language", &[media, ("sec-fetch-site", "same-origin")], Some(&cut));
    assert_eq!(elsewhere.status, 400, "other forms hold no files");
    assert_eq!(
        (&read(&press, &of_ada, &draft)["version"], &read(&press, &of_ada, &draft)["files"]),
        (&json!(1), &json!({}))
    );

    // Somebody else changed the draft since it was shown.
    let mut bob = with_token(&press.server, &of_bob);
    assert_eq!(saved(&mut bob, &draft, &RULE.replace("seller not", "seller never")).status, 303);
    let late = uploaded(&mut ada, &page, "", &file);
    assert!(late.status == 422 && late.text.contains("Somebody changed the draft meanwhile"), "{}", late.text);
    assert_eq!(read(&press, &of_ada, &draft)["version"], 2);
}

#[test]
fn drafts_are_of_reviewers_and_nobody_else_sees_them() {
    let (press, [ada, _]) = reviewers();
    let draft = begun(&mut with_token(&press.server, &ada));
    let partner = serde_json::json!({ "name": "Contoso", "kind": "directBill", "status": "active" });
    let registered = press.send(&press.token(&[]), "PUT", "/v1/partners/contoso", Some(&partner));
    assert_eq!(registered.status, 201, "{}", registered.text);
    for (role, whose) in [("auditor", &[][..]), ("registrar", &[]), ("partner", &["--for", "contoso"])] {
        let mut browser = with_token(&press.server, &press.token_of(role, whose));
        for page in ["/rules/drafts", &draft, &format!("{draft}/files/{PATH}")] {
            assert_eq!(browser.get(page).status, 404, "{role} {page}");
        }
    }
}
