//! What a reviewer reads on the terminal, and the exit code it ends with.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use standing::policy::RuleFiles;
use tempfile::TempDir;

use crate::server::standing;
use crate::shipped::{TIGHTER, shipped_files};

const SCHEMA: &str = "schemas/standing.cedarschema";
const IDLE: (&str, &str) = (
    "policies/may/idle.cedar",
    "// Who may do nothing?\n@id(\"may/idle\")\n@title(\"Idle\")\n@source(\"ours\")\npermit (principal is Partner, action == Action::\"migrate\", resource is Subscription)\nwhen { resource.status == \"active\" && resource.status == \"deleted\" };\n",
);
const LOOSE: (&str, &str) = (
    "policies/may/loose.cedar",
    "// Who may do everything?\n@id(\"may/loose\")\n@title(\"Loose\")\n@source(\"ours\")\npermit (principal is Partner, action == Action::\"removeSeats\", resource is Subscription);\n",
);

/// A folder with the shipped rules and some more.
fn folder(more: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in shipped_files().iter().chain(more.iter().copied()) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Runs a command of the rules without a solver, in a folder without a store; proofs have tests of their own.
fn rules(arguments: &[&str]) -> (Option<i32>, String) {
    let here = tempfile::tempdir().unwrap();
    let output: Output = Command::new(env!("CARGO_BIN_EXE_standing"))
        .arg("rules")
        .args(arguments)
        .current_dir(here.path())
        .env("CVC5", "/nowhere/cvc5")
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The text without its line breaks.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_help_of_every_command_ends_with_the_exit_codes() {
    let mut commands = vec![Vec::<String>::new()];
    let mut seen = 0;
    while let Some(command) = commands.pop() {
        let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let output = standing(&arguments);
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{command:?}");
        let table = help.split_once("Exit codes:\n").unwrap_or_else(|| panic!("{command:?}: {help}")).1;
        for code in ["  0 ", "  1 ", "  2 ", "  64 "] {
            assert!(table.lines().any(|line| line.starts_with(code)), "{command:?} does not say {code}: {help}");
        }
        assert!(help.contains("Example"), "{command:?} has no example");
        let below = help.split_once("Commands:\n").map(|(_, rest)| rest).unwrap_or_default();
        let below = below.lines().take_while(|line| line.starts_with("  "));
        let names = below.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
        commands.extend(names.filter(|name| *name != "help").map(|name| {
            let mut path = command.clone();
            path.push(name.to_owned());
            path
        }));
        seen += 1;
    }
    assert!(seen > 20, "only {seen} commands were found");
}

#[test]
fn advice_alone_is_good_and_strict_makes_it_a_no() {
    let (advised, refused, good) = (folder(&[IDLE]), folder(&[LOOSE]), folder(&[]));
    let (advised, refused, good) = (text(advised.path()), text(refused.path()), text(good.path()));
    for (arguments, code) in [
        (vec!["check", "--rules", advised], 0),
        (vec!["check", "--rules", advised, "--strict", "--json"], 2),
        (vec!["check", "--rules", refused], 2),
        (vec!["review", advised], 0),
        (vec!["review", advised, "--strict"], 2),
        (vec!["diff", refused], 2),
        (vec!["coverage", "--rules", advised], 0),
        (vec!["coverage", "--rules", advised, "--strict"], 2),
        // Whoever asks for proofs and gets none has not got what was asked for.
        (vec!["prove", "--rules", good], 2),
    ] {
        let (ended, said) = rules(&arguments);
        assert_eq!(ended, Some(code), "{arguments:?}: {said}");
    }
}

#[test]
fn a_finding_shows_its_line_with_a_caret_below_the_place() {
    let wrong = (LOOSE.0, LOOSE.1.replace("\"removeSeats\"", "\"removeSeat\""));
    let folder = folder(&[(wrong.0, &wrong.1)]);
    let (code, said) = rules(&["check", "--rules", text(folder.path())]);
    assert_eq!(code, Some(2), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("refused: "), "{said}");
    let place = |line: usize| {
        let begin = format!("{line:>5} | ");
        let found = lines.iter().position(|line| line.starts_with(&begin));
        found.unwrap_or_else(|| panic!("line {line} is not in {said}"))
    };
    assert_eq!(lines[place(2)], "    2 | @id(\"may/loose\")");
    assert_eq!(lines[place(2) + 1], "      | ^");
    // The line is wider than the page, and the place in it is shown all the same.
    let caret = lines[place(5) + 1].find('^').unwrap();
    assert!(lines[place(5)][caret..].starts_with("Action::\"removeSeat\""), "{said}");
    // A syntax error names a column.
    let broken = (LOOSE.0, LOOSE.1.replace("resource is Subscription)", "resource is)"));
    let folder = self::folder(&[(broken.0, &broken.1)]);
    let (_, said) = rules(&["check", "--rules", text(folder.path())]);
    let lines: Vec<&str> = said.lines().collect();
    let source = lines.iter().position(|line| line.contains(" | ")).unwrap_or_else(|| panic!("no source in {said}"));
    let caret = lines[source + 1].find('^').unwrap();
    assert_eq!(lines[source].chars().nth(caret), Some(')'), "{said}");
    assert!(lines[source].starts_with("    5 | …"), "what is cut is said: {said}");
}

#[test]
fn what_is_printed_fits_its_page_and_has_no_colour_where_there_is_no_terminal() {
    let (tighter, loose) = (folder(&[TIGHTER]), folder(&[LOOSE]));
    for arguments in [
        vec!["review", text(tighter.path()), "--verbose"],
        vec!["review", text(loose.path())],
        vec!["prove", "--rules", text(loose.path())],
    ] {
        let (_, said) = rules(&arguments);
        assert!(!said.contains('\u{1b}'), "{arguments:?} is coloured: {said}");
        // A command that is to be copied stands in one line, however long the folder's name is.
        let wide = said.lines().find(|line| line.chars().count() > 80 && !line.starts_with("  standing "));
        assert_eq!(wide, None, "{arguments:?}: {said}");
    }
}

#[test]
fn a_review_begins_with_the_news_folds_what_is_as_it_should_be_and_ends_with_what_to_do_next() {
    let folder = folder(&[TIGHTER]);
    let candidate = text(folder.path());
    let (code, said) = rules(&["review", candidate]);
    assert_eq!(code, Some(0), "{said}");
    let place = |what: &str| unwrapped(&said).find(what).unwrap_or_else(|| panic!("`{what}` is not in {said}"));
    let order = [
        "compared with",
        "It can be put in force",
        "transition tightened: 8 rows",
        "answers would be gained and 2 lost",
        "claims: checked on every row, and not proved; `--verbose` lists them",
        "What to do next",
        "standing rules propose",
    ];
    assert!(order.map(place).is_sorted(), "{said}");
    assert!(!said.contains("always/only-the-original-reseller"), "{said}");
    let (_, verbose) = rules(&["review", candidate, "--verbose"]);
    assert!(unwrapped(&verbose).contains("(always/only-the-original-reseller)"), "{verbose}");
    assert!(said.lines().last().unwrap().ends_with(&format!("standing rules propose {candidate}")), "{said}");
}

#[test]
fn an_action_that_the_other_set_lacks_is_called_new_and_one_that_goes_is_said_to_go() {
    let files: RuleFiles = shipped_files();
    let schema = files.get(SCHEMA).unwrap();
    let more = format!(
        "{schema}\n@doc(\"Read the usage\")\naction readUsage appliesTo {{ principal: Partner, resource: Subscription }};\n"
    );
    let rule = "// Who may read the usage?\n@id(\"may/read-usage\")\n@title(\"Whoever sold it\")\n@source(\"ours\")\npermit (principal is Partner, action == Action::\"readUsage\", resource is Subscription)\nwhen { resource has sale && resource.sale.reseller == principal };\n";
    let wider = folder(&[(SCHEMA, &more), ("policies/may/read-usage.cedar", rule)]);
    let (_, said) = rules(&["diff", text(wider.path())]);
    assert!(unwrapped(&said).contains("new action readUsage: a yes in"), "{said}");
    assert!(!said.contains("readUsage reworded"), "{said}");
}
