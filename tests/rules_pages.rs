//! The pages about rules: what they say, who sees them, and what reviewers do there with a proposal.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::four_eyes::{Press, built_in};
use crate::people::{Browser, main_of, said_by, signed_in, with_token};
use crate::server::standing;
use crate::shipped::TIGHTER;

/// The shipped files, with a rule that tightens `transition`.
fn tightened() -> BTreeMap<String, String> {
    let mut files = built_in();
    files.insert(TIGHTER.0.to_owned(), TIGHTER.1.to_owned());
    files
}

/// A demonstration whose rules are published, with a proposal.
fn demo() -> (Press, Value) {
    let press = Press::start("", &["--demo"]);
    let body =
        json!({ "files": tightened(), "title": "A transition needs <b>", "why": "The sibling page asks for it." });
    let proposed = press.server.post("/v1/rules/proposals", &body);
    assert_eq!(proposed.status, 201, "{}", proposed.text);
    (press, proposed.json())
}

fn pages(proposal: &Value) -> Vec<String> {
    let of_set = proposal["base"].as_str().unwrap();
    let fixed = [
        "/rules",
        "/rules/tables",
        "/rules/tables/removeSeats",
        "/rules/files",
        "/rules/files/policies/may/remove-seats.cedar",
        "/rules/history",
        "/rules/proposals",
        "/rules/proposals/1",
        "/rules/proposals/1/approval",
    ];
    let compared = format!("/rules/compare?from={of_set}&to={}", proposal["digest"].as_str().unwrap());
    fixed.into_iter().map(str::to_owned).chain([format!("/rules/sets/{of_set}"), compared]).collect()
}

#[test]
fn every_page_about_rules_reads_as_reviewed_in_both_languages() {
    let (press, proposal) = demo();
    let server = &press.server;
    for language in ["en", "zh-Hans"] {
        let mut bob = signed_in(server, "bob", language);
        for page in pages(&proposal) {
            let shown = bob.get(&page);
            assert_eq!(shown.status, 200, "{page}: {}", shown.text);
            assert!(!shown.text.contains(" style=") && !shown.text.contains("<b>"), "{page}");
            // Long pages that rules alone make are held by what they are made of.
            let is_long = page.contains("/files") || page.contains("/sets/") || page.ends_with("/tables");
            if !is_long {
                let mut said = said_by(&shown.text);
                for (set, called) in [("base", "BASE"), ("digest", "CANDIDATE")] {
                    let digest = proposal[set].as_str().unwrap();
                    said = said.replace(digest, called).replace(&digest[..12], called);
                }
                let name = page.split('?').next().unwrap().replace('/', " ");
                insta::assert_snapshot!(format!("page {language}{name}"), said);
            }
        }
    }
}

#[test]
fn the_rules_are_read_by_those_who_review_audit_and_run_the_service_and_by_nobody_else() {
    let (press, proposal) = demo();
    let server = &press.server;
    for (who, status) in [("ada", 200), ("auditor", 200), ("operator", 200), ("contoso", 404), ("adatum", 404)] {
        let mut browser = signed_in(server, who, "en");
        for page in pages(&proposal) {
            assert_eq!(browser.get(&page).status, status, "{who} {page}");
        }
    }
    let mut visitor = Browser::of(server);
    assert_eq!(visitor.get("/rules").header("location"), Some("/sign-in?next=%2Frules"));
    let mut auditor = signed_in(server, "auditor", "en");
    let page = auditor.get("/rules/proposals/1");
    assert!(!page.text.contains("id=\"decide\""), "an auditor has nothing to decide");
    let key = Browser::hidden(&auditor.get("/rules"), "form_key");
    for path in ["/rules/proposals/1/approval", "/rules/proposals/1/withdrawal", "/rules/rollback"] {
        let base = proposal["base"].as_str().unwrap();
        let of_path: &[(&str, &str)] = match path {
            "/rules/proposals/1/approval" => &[("base", base)],
            "/rules/rollback" => &[("to", base)],
            _ => &[],
        };
        let fields = [&[("form_key", &*key), ("once", "ONCE")], of_path].concat();
        assert_eq!(auditor.post(path, &fields).status, 404, "{path}");
    }
    assert_eq!(server.get("/v1/rules/proposals/1").json()["state"], "open");
}

#[test]
fn a_table_has_the_answers_that_are_printed_and_each_yes_leads_to_the_line_of_its_rule() {
    let (press, _) = demo();
    let server = &press.server;
    let mut bob = signed_in(server, "bob", "en");
    let printed = standing(&["tables"]).stdout;
    let printed = String::from_utf8(printed).unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    let begins: Vec<usize> = (1..lines.len()).filter(|at| lines[*at].starts_with("===")).map(|at| at - 1).collect();
    let listed = bob.get("/rules/tables");
    for (place, begin) in begins.iter().enumerate() {
        let action = lines[*begin].split(':').next().unwrap();
        let whole = &lines[*begin..begins.get(place + 1).copied().unwrap_or(lines.len())];
        assert!(listed.text.contains(&format!("/rules/tables/{action}\"")), "{action}");
        let count = |word: &str| -> usize {
            whole.iter().filter(|line| line.starts_with("  ")).map(|line| line.matches(word).count()).sum()
        };
        let page = main_of(&bob.get(&format!("/rules/tables/{action}")));
        let shown = ["<span class=\"yes\">", "<span class=\"no\">"].map(|class| page.matches(class).count());
        assert_eq!(shown, [count("  yes "), count("  no  ")], "{action}");
        for cell in page.split("<td>").filter(|cell| cell.contains("class=\"yes\"")) {
            let to = cell.split_once("href=\"").unwrap().1.split('"').next().unwrap();
            let (path, line) = to.split_once('#').unwrap();
            let file = bob.get(path);
            let row = file.text.split_once(&format!("<tr id=\"{line}\">")).unwrap_or_else(|| panic!("{to}")).1;
            assert!(row.split("</tr>").next().unwrap().contains(">permit<"), "{to}");
        }
    }
    assert!(begins.len() >= 11, "{printed}");
    assert_eq!(bob.get("/rules/tables/nothing").status, 404);
}

#[test]
fn a_reviewer_approves_and_goes_back_and_the_history_says_both() {
    let (press, proposal) = demo();
    let server = &press.server;
    let (base, digest) = (proposal["base"].as_str().unwrap(), proposal["digest"].as_str().unwrap());
    let mut bob = signed_in(server, "bob", "en");
    let asked = bob.get("/rules/proposals/1/approval");
    let [key, once, over] = ["form_key", "once", "base"].map(|name| Browser::hidden(&asked, name));
    assert_eq!(over, base);
    let fields = [("form_key", &*key), ("once", &*once), ("base", &*over)];
    let path = "/rules/proposals/1/approval";
    let wrong = bob.post(path, &[&fields[..], &[("activate-at", "tomorrow"), ("comment", "Kept.")]].concat());
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("<title>Error: ") && wrong.text.contains("value=\"Kept.\""), "{}", wrong.text);
    let moved = bob.post(path, &[("form_key", &*key), ("once", "OTHER"), ("base", digest)]);
    assert!(moved.text.contains("nothing was approved"), "{}", moved.text);
    assert_eq!(server.get("/v1/rules").json()["digest"], base);
    let unproved = bob.post(path, &[&fields[..], &[("comment", "As discussed.")]].concat());
    assert_eq!(unproved.status, 422, "{}", unproved.text);
    assert!(unproved.text.contains("href=\"#unproved\""), "{}", unproved.text);
    let fields = [("form_key", &*key), ("once", "LAST"), ("base", &*over), ("unproved", "There is no solver here.")];
    for (again, says) in [("once", "Its rules are in force."), ("and again", "This was done already, on ")] {
        let approved = bob.post(path, &[&fields[..], &[("comment", "As discussed.")]].concat());
        assert_eq!((approved.status, approved.header("location")), (303, Some("/rules")), "{again} {}", approved.text);
        let now = bob.get("/rules");
        assert!(now.text.contains(says) && now.text.contains("As discussed."), "{again} {}", now.text);
    }
    let status = server.get("/v1/rules").json();
    assert_eq!((&status["digest"], &status["comment"]), (&json!(digest), &json!("As discussed.")));
    let back = format!("/rules/rollback?to={base}");
    let asked = bob.get(&back);
    assert!(asked.text.contains("takes effect at once") && asked.text.contains(TIGHTER.0), "{}", asked.text);
    let [key, once] = ["form_key", "once"].map(|name| Browser::hidden(&asked, name));
    let went = bob.post("/rules/rollback", &[("form_key", &*key), ("once", &*once), ("to", base)]);
    assert_eq!((went.status, went.header("location")), (303, Some("/rules")), "{}", went.text);
    assert!(bob.get("/rules").text.contains("emergency"), "it is said wherever the rules are shown");
    let history = main_of(&bob.get("/rules/history"));
    assert_eq!((history.matches("they were called back").count(), history.matches("As discussed.").count()), (1, 1));
}

/// A server with two reviewers, of whom the first has proposed.
fn two_reviewers(settings: &str) -> (Press, [String; 2]) {
    let press = Press::start(settings, &[]);
    let tokens = ["ada", "bob"].map(|who| press.token_of("reviewer", &["--name", who]));
    let proposed = press.send(&tokens[0], "POST", "/v1/rules/proposals", Some(&json!({ "files": tightened() })));
    assert_eq!(proposed.status, 201, "{}", proposed.text);
    (press, tokens)
}

#[test]
fn whoever_proposed_has_no_way_to_approve_and_a_form_made_by_hand_is_refused() {
    let (press, [ada, bob]) = two_reviewers("");
    let server = &press.server;
    let mut ada = with_token(server, &ada);
    for page in ["/rules/proposals/1", "/rules/proposals/1/approval"] {
        let shown = ada.get(page);
        assert!(
            shown.text.contains("You proposed or edited this, so somebody else approves it."),
            "{page} {}",
            shown.text
        );
        for way in ["href=\"/rules/proposals/1/approval\"", "action=\"/rules/proposals/1/approval\""] {
            assert!(!shown.text.contains(way), "{page} {way}");
        }
    }
    let page = ada.get("/rules");
    let base = page.text.split_once("/rules/sets/").unwrap().1.split('"').next().unwrap().to_owned();
    let key = Browser::hidden(&page, "form_key");
    let fields = [("form_key", &*key), ("once", "BYHAND"), ("base", &*base)];
    let refused = ada.post("/rules/proposals/1/approval", &fields);
    assert!(refused.status >= 400 && refused.text.contains("same_identity"), "{} {}", refused.status, refused.text);
    let mut bob = with_token(server, &bob);
    let key = Browser::hidden(&bob.get("/rules/proposals/1/approval"), "form_key");
    let fields = [("form_key", &*key), ("once", "BYHAND"), ("base", &*base), ("unproved", "There is no solver here.")];
    let approved = bob.post("/rules/proposals/1/approval", &fields);
    assert_eq!(approved.status, 303, "{}", approved.text);
    let said = main_of(&bob.get("/rules/proposals/1"));
    assert!(
        said.contains("<bdi>ada</bdi>") && said.contains("<bdi>bob</bdi>") && said.contains("came in force"),
        "{said}"
    );
    let history = main_of(&bob.get("/rules/history"));
    assert!(history.contains("proposed by <bdi>ada</bdi>") && history.contains("<bdi>bob</bdi>"), "{history}");
}

#[test]
fn what_weighs_much_asks_for_a_sign_in_of_lately_and_comes_back() {
    let (press, [_, bob]) = two_reviewers("[sessions]\nfresh_minutes = 0\n");
    let mut bob = with_token(&press.server, &bob);
    let path = "/rules/proposals/1/approval";
    let page = bob.get(path);
    let again = "/sign-in?next=%2Frules%2Fproposals%2F1%2Fapproval&amp;again=yes";
    assert!(page.text.contains(again) && !page.text.contains("Approve proposal 1<"), "{}", page.text);
    let [key, once, base] = ["form_key", "once", "base"].map(|name| Browser::hidden(&page, name));
    let sent = bob.post(path, &[("form_key", &*key), ("once", &*once), ("base", &*base)]);
    assert_eq!((sent.status, sent.header("location")), (303, Some(&*again.replace("&amp;", "&"))));
    // What is written with it is shown again, to be sent once it is proved.
    let written = [("form_key", &*key), ("once", "KEPT"), ("base", &*base), ("comment", "As <we> agreed")];
    for fields in [written, [("form_key", "x"), written[1], written[2], written[3]]] {
        let kept = bob.post(path, &fields);
        assert!(kept.text.contains("value=\"As &lt;we&gt; agreed\""), "{} {}", kept.status, kept.text);
        assert!(kept.text.contains("Approve proposal 1<") && kept.text.contains(again), "{}", kept.text);
        assert!(kept.status == 403 && kept.text.contains("Nothing was done"), "{} {}", kept.status, kept.text);
    }
    let asked = bob.get(&again.replace("&amp;", "&"));
    assert!(
        asked.text.contains("Sign in again to go on") && asked.text.contains("value=\"/rules/proposals/1/approval\"")
    );
    assert!(main_of(&bob.get("/rules/proposals/1")).contains("open"));
}
