//! What no row of a table can show is said all the same: rules that name somebody, and what is allowed to nobody there.

use std::path::PathBuf;
use std::sync::Arc;

use standing::assure::release::{Outcome, examine};
use standing::clock::{SharedClock, Stopped};
use standing::config::{RulesAt, RulesFrom};
use standing::pdp::Terms;
use standing::policy::Finding;
use standing::publish;
use standing::publish::review::Evidence;

use crate::in_force::Folder;
use crate::proofs::solver;
use crate::shipped::{candidate, shipped_files};
use crate::stage::{BEGIN, terms, time};

const SCHEMA: &str = "schemas/standing.cedarschema";

type File = (String, String);

/// The shipped schema with something more.
fn schema(more: &str) -> File {
    let text = shipped_files().get(SCHEMA).expect("it is there").to_owned();
    (SCHEMA.to_owned(), format!("{text}\n{more}\n"))
}

fn usage(principals: &str) -> File {
    schema(&format!(
        "@doc(\"Read usage\")\naction readUsage appliesTo {{ principal: {principals}, resource: Subscription }};"
    ))
}

fn rule(id: &str, text: &str) -> File {
    let reason = if id.starts_with("never/") { "@reason(\"not_you\")\n" } else { "" };
    (
        format!("policies/{id}.cedar"),
        format!("// Who?\n@id(\"{id}\")\n@title(\"Them\")\n@source(\"ours\")\n{reason}{text}\n"),
    )
}

fn may(id: &str, principal: &str, resource: &str, when: &str) -> File {
    rule(id, &format!("permit ({principal}, action == Action::\"readUsage\", {resource})\n{when};"))
}

/// What a review says of changes to a base of the shipped rules and something more.
fn review(base: &[File], changes: &[File], solver: Option<PathBuf>) -> Evidence {
    let (folder, data) = (Folder::shipped(), tempfile::tempdir().unwrap());
    for (path, text) in base {
        folder.write(path, text);
    }
    let terms = Terms { solver, ..terms() };
    let at = RulesAt::Folder(folder.path().to_owned());
    let clock: SharedClock = Arc::new(Stopped::at(time(BEGIN)));
    let data = data.path().join("data");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let pdp = publish::begin::begin(&data, clock, at.into(), RulesFrom::Files, terms).await.unwrap();
        let mut files = shipped_files();
        for (path, text) in base.iter().chain(changes) {
            files.insert(path.as_str(), text.as_str());
        }
        publish::review::examine(&pdp, files).await.unwrap()
    })
}

fn has(findings: &[Finding], is_advice: bool, parts: &[&str]) -> bool {
    let is_it = |found: &&Finding| found.advisory == is_advice && parts.iter().all(|part| found.message.contains(part));
    findings.iter().any(|found| is_it(&found))
}

#[test]
fn a_new_action_that_is_allowed_to_somebody_by_name_is_refused_until_a_claim_bounds_it() {
    let Some(solver) = solver() else { return };
    let (any, subscription) = ("principal is Partner", "resource is Subscription");
    let named = [
        usage("Partner"),
        may("may/one", "principal == Partner::\"later\"", subscription, ""),
        may("may/two", any, "resource == Subscription::\"later\"", ""),
        may("may/three", any, subscription, "when { resource.customer == Customer::\"future\" }"),
        may("may/four", any, subscription, "when { [Service::\"future/office365\"].contains(resource.service) }"),
    ];
    let evidence = review(&[], &named, Some(solver));
    assert_eq!(evidence.outcome, Outcome::Refused);
    for name in
        ["Partner::\"later\"", "Subscription::\"later\"", "Customer::\"future\"", "Service::\"future/office365\""]
    {
        let names = format!("the rule names `{name}`");
        assert!(has(&evidence.findings, false, &[&names, "bounds `readUsage`"]), "{name}: {:#?}", evidence.findings);
        assert!(has(&evidence.findings, true, &[&names, "no row of a table shows"]), "{name}");
    }
    for untrue in ["nobody may `readUsage`", "no row of the table needs"] {
        assert!(!evidence.findings.iter().any(|found| found.message.contains(untrue)), "{:#?}", evidence.findings);
    }
    let loosened =
        evidence.beyond.iter().find(|beyond| beyond.action == "readUsage").and_then(|beyond| beyond.loosened.as_ref());
    assert!(loosened.is_some_and(|case| case.decision && !case.sentence.contains("  ")), "{:#?}", evidence.beyond);
}

#[test]
fn a_word_of_a_comment_in_a_schema_hides_nothing_of_what_turns() {
    let Some(solver) = solver() else { return };
    let forbid = "forbid (principal is Partner, action == Action::\"transition\", resource == Subscription::\"later\")\nunless { resource.service.delegatedAdministrators.contains(principal) };";
    let evidence = review(&[], &[schema("// A comment."), rule("never/x", forbid)], Some(solver));
    let beyond = evidence.beyond.iter().find(|beyond| beyond.action == "transition");
    let tightened =
        beyond.and_then(|beyond| beyond.tightened.as_ref()).unwrap_or_else(|| panic!("{:#?}", evidence.beyond));
    let sentence = &tightened.sentence;
    assert!(sentence.contains("partner P-demo") && sentence.contains("on subscription later"), "{sentence}");
    assert_eq!((evidence.beyond.len(), evidence.beyond_unknown), (1, None), "{:#?}", evidence.beyond);
    // What a claim bounds is told and not refused.
    assert_eq!(evidence.outcome, Outcome::Proved, "{:#?}", evidence.findings);
    assert!(has(&evidence.findings, true, &["the rule names `Subscription::\"later\"`"]), "{:#?}", evidence.findings);
}

#[test]
fn a_rule_that_forbids_by_name_is_told_and_asked_for_no_ceiling() {
    let forbid =
        "forbid (principal == Partner::\"later\", action == Action::\"removeSeats\", resource is Subscription);";
    for solver in [None, solver()] {
        let (path, text) = rule("never/x", forbid);
        let named = examine(&candidate(&[(&path, &text)]), None, solver.as_deref());
        let names = "the rule names `Partner::\"later\"`";
        assert!(has(&named.findings, true, &[names, "no row of a table shows"]), "{:#?}", named.findings);
        assert!(!has(&named.findings, false, &[names]), "{:#?}", named.findings);
    }
}

#[test]
fn what_turns_in_rows_does_not_hide_what_turns_in_none() {
    let Some(solver) = solver() else { return };
    let (any, subscription) = ("principal is Partner", "resource is Subscription");
    let administers = "when { resource.service.delegatedAdministrators.contains(principal) }";
    let sold = "when { resource has sale && resource.sale.reseller == principal && resource.sale.relationship == \"active\" && resource.status == \"active\" }";
    let base = [usage("Partner"), may("may/usage", any, subscription, administers)];
    let seller = may("may/seller", any, subscription, sold);
    let later = may("may/later", "principal == Partner::\"later\"", subscription, "");
    let of = |changes: &[File]| {
        let evidence = review(&base, changes, Some(solver.clone()));
        let rows =
            evidence.rows.iter().find(|flips| flips.action == "readUsage").map_or(0, |flips| flips.loosened.rows);
        let beyond = evidence.beyond.into_iter().find(|beyond| beyond.action == "readUsage");
        (rows, beyond)
    };
    let (rows, beyond) = of(std::slice::from_ref(&seller));
    assert!(rows > 0 && beyond.is_none(), "{rows} rows show it all: {beyond:#?}");
    let (rows, beyond) = of(&[seller, later]);
    let loosened = beyond.as_ref().and_then(|beyond| beyond.loosened.as_ref());
    assert!(rows > 0 && loosened.is_some_and(|case| case.sentence.contains("partner later")), "{rows}: {beyond:#?}");
}

#[test]
fn rows_of_add_ons_do_not_hide_those_of_another_service_than_their_parent() {
    let Some(solver) = solver() else { return };
    let above = "when { resource has parent && resource.parent.service.delegatedAdministrators.contains(principal) }";
    let rule = may("may/above", "principal is Partner", "resource is Subscription", above);
    let evidence = review(&[], &[usage("Partner"), rule], Some(solver));
    let rows = evidence.rows.iter().find(|flips| flips.action == "readUsage").map_or(0, |flips| flips.loosened.rows);
    assert!(rows > 0 && evidence.beyond.iter().any(|beyond| beyond.action == "readUsage"), "{:#?}", evidence.beyond);
}

#[test]
fn of_a_call_that_turns_in_rows_it_is_said_that_more_may_turn_than_they_show() {
    let Some(solver) = solver() else { return };
    let forbid = "forbid (principal is Operator, action == Api::Action::\"listPartners\", resource) when { principal.role == \"auditor\" };";
    let evidence = review(&[], &[rule("never/api/x", forbid)], Some(solver));
    let of = "Api::listPartners";
    assert!(evidence.rows.iter().any(|flips| flips.action == of && flips.tightened.rows > 0), "{:#?}", evidence.rows);
    let beyond = evidence.beyond.iter().find(|beyond| beyond.action == of);
    let why = beyond.and_then(|beyond| beyond.unknown.as_deref()).unwrap_or_default();
    assert!(why.contains("is not told apart") && why.contains("could not call"), "{:#?}", evidence.beyond);
}

#[test]
fn nobody_may_do_something_only_where_that_is_proved() {
    let Some(solver) = solver() else { return };
    let (path, text) = usage("[Partner, Customer]");
    let text =
        format!("{text}\n@doc(\"Rest\")\naction rest appliesTo {{ principal: Partner, resource: Subscription }};\n");
    let (rule, permit) = may("may/usage", "principal is Customer", "resource is Subscription", "");
    let examined = examine(&candidate(&[(&path, &text), (&rule, &permit)]), None, Some(&solver));
    assert!(has(&examined.findings, true, &["nobody may `rest`"]), "{:#?}", examined.findings);
    assert!(!has(&examined.findings, true, &["nobody may `readUsage`"]), "{:#?}", examined.findings);
    assert!(has(&examined.findings, true, &["`readUsage` is a no in every row"]), "{:#?}", examined.findings);
}

#[test]
fn without_a_solver_a_rule_that_names_somebody_is_refused_and_it_is_said_what_is_not_known() {
    let seats = "policies/may/remove-seats.cedar";
    let lie = shipped_files().get(seats).expect("it is there").replace("The original reseller may", "Nobody may");
    let later =
        "permit (principal == Partner::\"later\", action == Action::\"removeSeats\", resource is Subscription);";
    let changes = [(seats.to_owned(), lie), rule("may/later", later)];
    let evidence = review(&[], &changes, None);
    assert_eq!(evidence.outcome, Outcome::Refused);
    assert!(has(&evidence.findings, false, &["names `Partner::\"later\"`", "not known"]), "{:#?}", evidence.findings);
    assert!(evidence.beyond_unknown.is_some());
    // What is said of a rule is told where it changes, though it decides the same.
    let [retitled] = evidence.retitled.as_slice() else { panic!("{:#?}", evidence.retitled) };
    let title = retitled.title.as_ref().map(|title| (title.was.as_str(), title.is.as_str()));
    assert_eq!(title, Some(("The original reseller may remove seats", "Nobody may remove seats")));
    assert_eq!((retitled.rule.as_str(), &retitled.reason), ("may/remove-seats", &None));
}
