//! Worked answers: what a signature is, what it is of, and what becomes of tables that nobody signed.

use std::path::Path;
use std::process::{Command, Output};

use standing::assure::signed_tables::{check, drafted, signed};
use standing::policy::{Bundle, Finding, RuleFiles, Rulebook};

use crate::server::standing;
use crate::shipped::{candidate, shipped_files, shipped_table};

const TABLE: &str = "policies/tables/removeSeats.md";

/// What is found in the shipped rules with another text of one table.
fn found(text: &str) -> Vec<Finding> {
    // A table decides nothing, so the answers are those of the shipped rules.
    check(&candidate(&[(TABLE, text)]), shipped_table())
}

fn table() -> String {
    shipped_files().get(TABLE).unwrap().to_owned()
}

fn signature(text: &str) -> &str {
    text.lines().find(|line| line.starts_with("Signed: ")).unwrap()
}

fn sign(text: &str, name: &str) -> String {
    signed(TABLE, text, "removeSeats", name, "2026-11-25".parse().unwrap()).unwrap()
}

#[test]
fn a_signature_is_a_name_a_date_and_the_digest_of_the_rows_and_every_shipped_table_has_one() {
    for (action, _) in shipped_table().actions() {
        let path = format!("policies/tables/{action}.md");
        let files = shipped_files();
        let text = files.get(&path).unwrap_or_else(|| panic!("`{path}` is not there"));
        let said = signature(text);
        let (date, digest) = said.rsplit_once(", sha256:").unwrap();
        assert_eq!(digest.len(), 64, "{path}: {said}");
        assert!(date.ends_with("2026-11-25") || date.len() > 20, "{path}: {said}");
    }
    assert_eq!(found(&table()), []);
}

#[test]
fn a_signature_is_of_what_the_rows_say_and_not_of_how_they_are_laid_out() {
    let text = table();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    let (head, body) = rows.split_at(2);
    let mut turned: Vec<&str> = body.to_vec();
    turned.reverse();
    let beside = |line: &str, cell: &str| format!("| {cell} {}", line.replace("  ", " "));
    let mut lines = vec![beside(head[0], "kind"), beside(head[1], "---")];
    lines.extend(turned.into_iter().map(|line| beside(line, "any")));
    let laid_out = format!("# Anything\n\n{}\n\nAnother remark.\n\n{}\n", signature(&text), lines.join("\n"));
    assert_eq!(found(&laid_out), []);
}

#[test]
fn a_row_that_was_changed_after_it_was_signed_is_found_with_the_digest_to_sign() {
    let text = table();
    for (from, to) in [("may/remove-seats", ""), ("| nobody", "| "), ("partner_suspended", "any")] {
        let changed = text.replacen(from, to, 1);
        if changed == text {
            continue;
        }
        let findings = found(&changed);
        let said = findings.iter().find(|found| found.message.contains("the rows are not those that `")).unwrap();
        assert!(!said.advisory && said.line > 0, "{said}");
        let again = sign(&changed, "Ada");
        let digest = signature(&again).rsplit_once(", ").unwrap().1;
        assert!(said.hint.as_deref().unwrap().contains(digest), "{said}");
        let again = found(&again);
        assert!(again.iter().all(|found| !found.message.contains("the rows are not those")), "{again:#?}");
    }
}

#[test]
fn a_draft_promises_nothing_and_is_found() {
    let text = drafted(shipped_table()).get(TABLE).unwrap().to_owned();
    let older =
        text.replace("Signed: nobody yet; drafted from the rules.", "Drafted from the rules; signed by nobody yet.");
    assert_ne!(older, text);
    for draft in [&text, &older] {
        let findings = found(draft);
        let said: Vec<&str> = findings.iter().map(|found| found.message.as_str()).collect();
        assert_eq!(said, ["no answer to `removeSeats` is signed: these rows are a draft"]);
        // Whatever stands in it refuses nothing.
        let wrong = found(&draft.replacen("| yes ", "| no  ", 1));
        assert!(wrong.len() == 2 && wrong.iter().all(|found| found.advisory), "{wrong:#?}");
        assert_eq!(found(&sign(draft, "Ada")), []);
        assert!(!sign(draft, "Ada").contains("nobody yet"));
    }
}

#[test]
fn what_only_looks_like_a_signature_is_refused() {
    let text = table();
    let good = signature(&text).to_owned();
    let (before, digest) = good.rsplit_once(", ").unwrap();
    for bad in [
        "Signed: ".to_owned(),
        "Signed: Ada".to_owned(),
        format!("Signed: Ada, {digest}"),
        format!("Signed: Ada, 2026-13-45, {digest}"),
        format!("Signed: Ada, yesterday, {digest}"),
        format!("Signed: , 2026-11-25, {digest}"),
        format!("{before}, sha256:abc"),
        format!("{before}, {}", digest.to_uppercase()),
    ] {
        let findings = found(&text.replace(&good, &bad));
        let said = findings.iter().find(|found| found.message == "this is no signature");
        assert!(said.is_some_and(|found| !found.advisory && found.line > 0), "{bad}: {findings:#?}");
    }
}

/// A table of an earlier day: its own words, and a signature without name, date and digest.
const OLDER: &str = "# removeSeats

Signed with the shipped rules, each row read against the seed and the pages named in the rules.

| about        | sold by                              | delegated administration | relationship    | status | parent         | partner | kind | answer | because                       |
| ------------ | ------------------------------------ | ------------------------ | --------------- | ------ | -------------- | ------- | ---- | ------ | ----------------------------- |
| subscription | it                                   | any                      | active          | active | none or active | active  | any  | yes    | may/remove-seats              |
| subscription | it                                   | any                      | ended           | active | none or active | active  | any  | no     | commercial_relationship_ended |
| subscription | another or another (ended) or nobody | any                      | active          | active | none or active | active  | any  | no     | not_original_reseller         |
";

#[test]
fn a_table_signed_in_an_older_form_is_held_to_and_its_form_is_said() {
    let findings = found(OLDER);
    let [said] = findings.as_slice() else { panic!("{findings:#?}") };
    assert!(said.advisory && said.message.contains("signed without a name, a date and a digest"), "{said}");
    let wrong = found(&OLDER.replace("| yes ", "| no  "));
    assert!(wrong.iter().any(|found| !found.advisory && found.message.contains("`no` is signed")), "{wrong:#?}");
    assert_eq!(found(&sign(OLDER, "Ada")), []);
}

#[test]
fn a_new_name_joins_those_that_signed_the_same_rows_and_takes_the_place_of_any_other() {
    let both = sign(&sign(&table(), "Ada"), "Grace, of the board");
    assert_eq!(found(&both), []);
    let names = |text: &str| text.lines().filter(|line| line.starts_with("Signed: ")).count();
    assert_eq!(names(&both), names(&table()) + 2, "{both}");
    assert_eq!(sign(&both, "Ada").lines().filter(|line| line.starts_with("Signed: Ada, ")).count(), 1);
    let changed = sign(&both.replacen("may/remove-seats", "", 1), "Ada");
    assert_eq!(names(&changed), 1, "{changed}");
    assert_eq!(found(&changed), []);
    for name in ["", " ", "Ada\n", "nobody yet", &"x".repeat(201)] {
        assert!(signed(TABLE, OLDER, "removeSeats", name, "2026-11-25".parse().unwrap()).is_err(), "{name:?}");
    }
}

#[test]
fn a_drafted_table_has_no_column_that_says_nothing_and_its_first_rows_say_yes() {
    for (path, text) in drafted(shipped_table()).iter() {
        let rows: Vec<Vec<&str>> = text
            .lines()
            .filter(|line| line.starts_with('|') && !line.starts_with("| -"))
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        let (titles, rows) = rows.split_first().unwrap();
        for (column, title) in titles.iter().enumerate() {
            let says = rows.iter().any(|row| !["any", "-"].contains(&row[column]));
            assert!(says, "{path}: `{title}`");
        }
        let answer = titles.iter().position(|title| *title == "answer").unwrap();
        assert!(rows.iter().map(|row| row[answer]).is_sorted_by(|one, other| one >= other), "{path}");
        for word in rows.iter().flatten().flat_map(|cell| cell.split(" or ")) {
            assert_ne!(word, "it", "{path}");
        }
    }
}

#[test]
fn every_draft_is_good_once_it_is_signed() {
    let mut files = shipped_files();
    for (path, text) in drafted(shipped_table()).iter() {
        let action = path.trim_start_matches("policies/tables/").trim_end_matches(".md");
        files.insert(path, signed(path, text, action, "Ada", "2026-11-25".parse().unwrap()).unwrap());
    }
    assert_eq!(check(&Bundle::load(files, Rulebook::Domain).unwrap(), shipped_table()), []);
}

fn written(folder: &Path, files: &RuleFiles) {
    for (path, text) in files.iter() {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_command_drafts_and_signs_and_the_check_says_which_is_which() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = shipped_files();
    files.remove(TABLE);
    written(folder.path(), &files);
    let rules = folder.path().to_str().unwrap();
    let tables = |arguments: &[&str]| standing(&[&["tables", "--rules", rules], arguments].concat());
    assert_eq!(tables(&["--sign", "Ada", "removeSeats"]).status.code(), Some(1), "there is nothing to sign");
    let drafting = tables(&["--write"]);
    assert!(said(&drafting).contains("drafted") && drafting.status.success(), "{}", said(&drafting));
    let checked = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standing"));
        command.args(["rules", "check", "--rules", rules, "--data", "/nowhere"]).env("CVC5", "/nowhere/cvc5");
        // The page is folded to its width.
        said(&command.output().unwrap()).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let found = checked();
    assert!(found.contains("no answer to `removeSeats` is signed: these rows are a draft"), "{found}");
    let signing = tables(&["--sign", "Ada Lovelace", "removeSeats"]);
    assert!(said(&signing).contains("signed") && signing.status.success(), "{}", said(&signing));
    let text = std::fs::read_to_string(folder.path().join(TABLE)).unwrap();
    assert!(signature(&text).starts_with("Signed: Ada Lovelace, 20"), "{text}");
    let found = checked();
    assert!(!found.contains("removeSeats"), "{found}");
}

#[test]
fn an_action_is_printed_alone_and_a_name_that_is_none_leads_to_the_one_that_is_near() {
    let page = standing(&["tables", "removeSeats"]);
    assert_eq!(String::from_utf8(page.stdout).unwrap(), shipped_table().page("removeSeats").unwrap() + "\n");
    let json = standing(&["tables", "removeSeats", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(json["answers"].as_array().unwrap().iter().all(|line| line["action"] == "removeSeats"));
    for (wrong, hint) in [
        ("remove_seats", "did you mean `removeSeats`?"),
        ("RemoveSeats", "did you mean `removeSeats`?"),
        ("removeSaets", "did you mean `removeSeats`?"),
        ("fly", "use one of `addSeats`, "),
    ] {
        let output = standing(&["tables", wrong]);
        assert_eq!(output.status.code(), Some(64), "{wrong}");
        assert!(said(&output).contains(&format!("there is no action `{wrong}`; {hint}")), "{}", said(&output));
    }
}
