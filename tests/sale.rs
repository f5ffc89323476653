//! A sale is one attribute today and was two before: sets of rules in the words of either day say the same.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use standing::assure::calls::CallTable;
use standing::assure::promises::gone;
use standing::assure::proof::Proof;
use standing::assure::prove::prove;
use standing::assure::release::{Outcome, examine};
use standing::assure::table::Table;
use standing::decide::{Namespace, can_say, check_schema, decide, decide_by_cedar, has_cells, permits};
use standing::policy::{Bundle, RuleFiles, Rulebook};
use standing::standing::Standing;

use crate::cells::{actions, compare, facts, question};
use crate::proofs::solver;
use crate::shipped::{ROOT, candidate, shipped, shipped_files, shipped_table};
use crate::worlds::Chance;

const SCHEMA: &str = "schemas/standing.cedarschema";
const BILL: &str = "policies/may/receive-bill.cedar";
/// Claims that say who receives a bill at most.
const CEILINGS: [&str; 2] = ["always/an-ended-relationship-gives-nothing", "always/only-the-original-reseller"];

/// The rules as they were shipped last with `originalReseller` and `commercialRelationship`, with the calls of today.
fn earlier_files() -> RuleFiles {
    static FILES: LazyLock<RuleFiles> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let archive = Path::new(ROOT).join("tests/kept/rules.tar.gz");
        let unpacked = Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(folder.path()).status().unwrap();
        assert!(unpacked.success(), "{}", archive.display());
        let files = RuleFiles::read(folder.path(), &RuleFiles::default()).unwrap();
        let is_of_calls = |path: &str| path.contains("/api") || path == "policies/retired.md";
        let mut earlier = RuleFiles::default();
        for (path, text) in files.iter().filter(|(path, _)| !is_of_calls(path)) {
            earlier.insert(path, text);
        }
        for (path, text) in shipped_files().iter().filter(|(path, _)| is_of_calls(path)) {
            let said = text.replace("has sale", "has originalReseller").replace(".sale.reseller", ".originalReseller");
            earlier.insert(path, said);
        }
        earlier
    });
    FILES.clone()
}

fn earlier() -> &'static Bundle {
    static EARLIER: LazyLock<Bundle> = LazyLock::new(|| Bundle::load(earlier_files(), Rulebook::Domain).unwrap());
    &EARLIER
}

/// A set with one text in place of another in one file.
fn with(mut files: RuleFiles, path: &str, from: &str, to: &str) -> RuleFiles {
    let text = files.get(path).unwrap().to_owned();
    assert!(text.contains(from), "`{path}` does not hold `{from}`");
    files.insert(path, text.replacen(from, to, 1));
    files
}

#[test]
fn every_standing_is_answered_alike_in_the_words_of_either_day() {
    let schema = earlier_files().get(SCHEMA).unwrap().to_owned();
    assert!(schema.contains("originalReseller?: Partner") && schema.contains("commercialRelationship?: String"));
    assert!(!schema.contains("sale?"), "{schema}");
    let all = actions(shipped());
    assert_eq!(actions(earlier()), all);
    let mut compared = 0;
    for action in &all {
        assert!(has_cells(earlier(), action) && has_cells(shipped(), action), "{action}");
        for standing in Standing::all() {
            let (question, facts) = (standing.question(action), standing.facts());
            let says = |rules: &Bundle| decide_by_cedar(rules, Namespace::Domain, &question, &facts);
            let (before, today) = (says(earlier()), says(shipped()));
            assert_eq!(before, today, "{action} of {standing:?}");
            for rules in [earlier(), shipped()] {
                assert_eq!(decide(rules, Namespace::Domain, &question, &facts), today, "{action} of {standing:?}");
                let is_yes = permits(rules, Namespace::Domain, &question, &facts);
                assert_eq!(is_yes, today.is_allowed(), "{action} of {standing:?}");
            }
            compared += 1;
        }
    }
    assert_eq!(compared, all.len() * Standing::all().count());
    let cells = |table: &Table| -> Vec<String> { table.cells().map(|cell| format!("{cell:?}")).collect() };
    assert_eq!(cells(&Table::of(earlier())), cells(shipped_table()));
    assert_eq!(CallTable::of(earlier()), CallTable::of(shipped()));
}

#[test]
fn facts_that_no_standing_holds_are_answered_alike_too() {
    let all = actions(shipped());
    assert!(compare("the words of an earlier day", earlier(), &all, 3, 100) > 300);
    let mut chance = Chance::of(4);
    for _ in 0..150 {
        let facts = facts(&mut chance);
        for _ in 0..24 {
            let question = question(&mut chance, &all);
            let says = |rules: &Bundle| decide(rules, Namespace::Domain, &question, &facts);
            assert_eq!(says(earlier()), says(shipped()), "{question:?} of {facts:?}");
        }
    }
}

#[test]
fn a_promise_in_the_words_of_one_day_is_kept_by_a_set_in_those_of_the_other() {
    let promised = |rules: &Bundle| rules.claims().count();
    for (rules, in_force) in [(shipped(), earlier()), (earlier(), shipped())] {
        let (held, findings) = rules.held_to_claims_of(in_force);
        assert_eq!(findings, []);
        assert_eq!(promised(&held), promised(in_force), "no claim is to be held besides those of the set");
        assert_eq!(gone(rules, in_force, &BTreeSet::new()), []);
    }
}

#[test]
fn a_promise_that_a_set_lacks_is_held_against_it_in_its_own_words() {
    let solver = solver();
    let sets = [
        (shipped_files(), " && resource.sale.relationship == \"active\"", earlier()),
        (
            earlier_files(),
            " &&\n  resource has commercialRelationship &&\n  resource.commercialRelationship == \"active\"",
            shipped(),
        ),
    ];
    for (files, condition, in_force) in sets {
        let mut files = with(files, BILL, condition, "");
        for claim in CEILINGS {
            files.remove(&format!("policies/{claim}.cedar")).unwrap();
        }
        let rules = Bundle::load(files, Rulebook::Domain).unwrap();
        for program in [None, solver.as_deref()] {
            let examined = examine(&rules, Some(in_force), program);
            assert_eq!(examined.outcome(), Outcome::Refused);
            for claim in CEILINGS {
                let id = format!("in force: {claim}");
                let held = examined.proofs.claims.iter().find(|proof| proof.claim.as_str() == id);
                let Some(Proof::Broken { counterexample }) = held.map(|held| &held.proof) else {
                    panic!("`{id}` is {:?}", held.map(|held| &held.proof))
                };
                assert!(counterexample.facts.is_some(), "{counterexample:?}");
            }
        }
    }
}

#[test]
fn rules_in_the_words_of_an_earlier_day_are_proved_in_them() {
    let Some(solver) = solver() else { return };
    let proofs = prove(earlier(), &solver).unwrap();
    let unproved: Vec<_> = proofs.claims.iter().filter(|claim| claim.proof != Proof::Proved).collect();
    assert!(unproved.is_empty(), "{unproved:#?}");
    assert_eq!((proofs.never_errs, proofs.findings), (Some(true), Vec::new()));
}

#[test]
fn a_word_that_either_schema_lacks_refuses_what_is_asked_of_it_and_no_start() {
    for files in [shipped_files(), earlier_files()] {
        let mut files = with(files, SCHEMA, "@values(\"active ended\")", "@values(\"active\")");
        // It compares with the word that there is not.
        files.remove("policies/always/an-ended-relationship-gives-nothing.cedar").unwrap();
        let lacking = Bundle::load(files, Rulebook::Domain).unwrap();
        assert!(check_schema(&lacking).is_ok());
        assert_eq!(lacking.missing_words().len(), 1);
        let (mut refused, mut answered) = (0, 0);
        for standing in Standing::all() {
            let (question, facts) = (standing.question("removeSeats"), standing.facts());
            let decision = decide(&lacking, Namespace::Domain, &question, &facts);
            if can_say(&lacking, Namespace::Domain, "removeSeats", &facts) {
                assert_eq!(decision, decide(shipped(), Namespace::Domain, &question, &facts), "{standing:?}");
                answered += 1;
            } else {
                assert!(!decision.is_allowed(), "{standing:?}");
                assert_eq!(decision.reason().map(|reason| reason.as_str()), Some("invalid_fact"), "{standing:?}");
                refused += 1;
            }
        }
        assert!(refused > 1_000 && answered > 1_000, "{refused} refused, {answered} answered");
    }
}

#[test]
fn a_schema_that_says_a_sale_in_both_ways_is_refused() {
    let text = shipped_files().get(SCHEMA).unwrap().to_owned();
    for other in ["originalReseller?: Partner", "commercialRelationship?: String"] {
        let mixed = text.replacen("  sale?: {", &format!("  {other},\n  sale?: {{"), 1);
        assert_ne!(mixed, text);
        let refused = check_schema(&candidate(&[(SCHEMA, &mixed)])).unwrap_err().to_string();
        let name = other.split('?').next().unwrap();
        let said = format!("the schema says a sale in two ways, and no fact fills `Subscription.{name}`");
        assert!(refused.contains(&said), "{refused}");
    }
}

#[test]
fn what_a_caller_says_keeps_its_names() {
    // The claim reads a member of the context that is called as an attribute of an earlier day was.
    let declared = "action migrate in [changeOfSubscription] appliesTo { principal: Partner, resource: Subscription, context: { originalReseller?: String } };";
    let plain = "action migrate in [changeOfSubscription] appliesTo { principal: Partner, resource: Subscription };";
    let claim = r#"@id("always/said") @title("Said") @source("a test") @claim("only-when")
        permit (principal is Partner, action == Action::"migrate", resource is Subscription)
        when { if context has originalReseller then context.originalReseller != "nobody" else true };"#;
    let mut files = with(shipped_files(), SCHEMA, plain, declared);
    files.insert("policies/always/said.cedar", claim);
    let in_force = Bundle::load(files, Rulebook::Domain).unwrap();
    let without = Bundle::load(with(shipped_files(), SCHEMA, plain, declared), Rulebook::Domain).unwrap();
    let (held, findings) = without.held_to_claims_of(&in_force);
    assert_eq!(findings, []);
    let claim = held.claims().find(|(rule, _)| rule.id.as_str() == "in force: always/said").unwrap().0;
    assert!(claim.policy.to_string().contains("context.originalReseller"), "{}", claim.policy);
}
