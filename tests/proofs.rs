//! What is proved of the shipped rules, and that what is broken is found, said and found again.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use standing::assure::fate::{Fate, Original};
use standing::assure::mutants::mutants;
use standing::assure::proof::{Proof, Proofs};
use standing::assure::prove::prove;
use standing::assure::release::{Outcome, examine};
use standing::config::SolverSetting;
use standing::decide::{Namespace, permits};
use standing::policy::{Bundle, Digest};

use crate::server::{PROVING, Server, standing};
use crate::shipped::{TIGHTER, candidate, shipped, shipped_files};

/// The solver of this machine. Without one the tests say so, unless it is required.
pub fn solver() -> Option<PathBuf> {
    let setting = SolverSetting::read();
    assert!(
        setting.program.is_some() || !setting.is_required,
        "there is no solver, and STANDING_REQUIRE_SOLVER asks for one; install cvc5"
    );
    if setting.program.is_none() {
        println!("not proved: there is no solver on this machine");
    }
    setting.program
}

fn shipped_proofs() -> Option<&'static Proofs> {
    static PROOFS: LazyLock<Option<Proofs>> =
        LazyLock::new(|| solver().map(|solver| prove(shipped(), &solver).expect("the solver runs")));
    PROOFS.as_ref()
}

/// The shipped rules with one text in place of another in one file.
fn with(path: &str, from: &str, to: &str) -> Bundle {
    let files = shipped_files();
    let text = files.get(path).unwrap_or_else(|| panic!("there is no `{path}`"));
    assert!(text.contains(from), "`{path}` does not hold `{from}`");
    candidate(&[(path, &text.replace(from, to))])
}

#[test]
fn every_claim_about_the_shipped_rules_is_proved_and_no_rule_errs() {
    let Some(proofs) = shipped_proofs() else { return };
    let unproved: Vec<_> = proofs.claims.iter().filter(|claim| claim.proof != Proof::Proved).collect();
    assert!(unproved.is_empty(), "{unproved:#?}");
    assert!(proofs.claims.len() >= 20, "only {} claims are shipped", proofs.claims.len());
    assert_eq!(proofs.never_errs, Some(true));
    assert_eq!(proofs.findings, []);
}

#[test]
fn nothing_is_found_in_the_shipped_rules_and_without_a_solver_they_are_not_called_proved() {
    let examined = examine(shipped(), None, None);
    assert_eq!(examined.findings, []);
    assert_eq!(examined.outcome(), Outcome::NotProved);
    assert!(examined.proofs.claims.iter().all(|claim| claim.proof == Proof::CheckedOnEveryRow));
    let gone = examine(shipped(), None, Some(Path::new("/nowhere/cvc5")));
    assert_eq!(gone.outcome(), Outcome::NotProved);
    assert!(gone.proofs.why.is_some_and(|why| why.contains("/nowhere/cvc5")));
}

/// Mistakes, the claim each breaks, and what the sentence of its counterexample says.
const MISTAKES: &[(&str, &str, &str, &str, &[&str])] = &[
    (
        "policies/may/remove-seats.cedar",
        "resource.sale.reseller == principal",
        "resource.service.delegatedAdministrators.contains(principal)",
        "always/administration-alone-gives-no-commerce",
        &["partner P-attacker", "did not sell S-demo", "could remove seats", "because of `may/remove-seats` line 7"],
    ),
    (
        "policies/may/receive-bill.cedar",
        " && resource.sale.relationship == \"active\"",
        "",
        "always/an-ended-relationship-gives-nothing",
        &["whose commercial relationship with C-demo has ended", "could receive bill", "`may/receive-bill`"],
    ),
    (
        "policies/may/provision.cedar",
        "resource.service.delegatedAdministrators.contains(principal)",
        "resource.service.delegatedAdministrators.contains(principal) || resource.customer == resource.customer",
        "always/only-administrators-provision-and-support",
        &["does not administer it", "could provision"],
    ),
    (
        "policies/never/partner-suspended.cedar",
        r#"principal.status == "active""#,
        r#"principal.status == "active" || principal.kind == "advisor""#,
        "always/a-suspended-partner-orders-nothing",
        &["suspended partner P-attacker"],
    ),
    (
        "policies/never/subscription-parent-not-active.cedar",
        r#"resource.parent.status != "active""#,
        r#"resource.parent.status == "suspended""#,
        "always/nothing-changes-on-what-is-not-active",
        &["S-add-on", "whose parent is"],
    ),
    (
        "policies/may/add-seats.cedar",
        "resource.sale.reseller == principal",
        "resource.service.delegatedAdministrators.contains(principal)",
        "always/administration-alone-gives-no-commerce",
        &["did not sell S-demo", "could add seats", "because of `may/add-seats` line 6"],
    ),
    (
        "policies/never/reactivation-of-what-is-not-suspended.cedar",
        r#"resource.status == "suspended""#,
        r#"(resource.status == "suspended" || resource.status == "expired")"#,
        "always/only-what-is-suspended-is-reactivated",
        &["S-demo, which is expired", "could reactivate", "because of `may/reactivate`"],
    ),
    (
        "policies/may/api/customer.cedar",
        "resource == principal",
        "resource == resource",
        "always/api/a-customer-speaks-for-itself-alone",
        &["customer C-attacker", "about customer C-demo"],
    ),
    (
        "policies/may/api/partner.cedar",
        "resource == principal",
        "resource == principal || principal.kind == \"indirectProvider\"",
        "always/api/a-partner-speaks-for-itself-alone",
        &["partner P-attacker", "about partner P-"],
    ),
    (
        "policies/may/provide-support.cedar",
        "resource.service.delegatedAdministrators.contains(principal)",
        "resource.service.delegatedAdministrators.contains(principal) && principal.kind != \"advisor\"",
        "always/administration-gives-provisioning-and-support",
        &["partner P-demo", "could not provide support", "because no rule allows it"],
    ),
];

#[test]
fn a_mistake_breaks_its_claim_with_a_counterexample_in_plain_words_that_deciding_finds_again() {
    for (path, from, to, claim, said) in MISTAKES {
        let rules = with(path, from, to);
        let mut ways = vec![("on every row", examine(&rules, None, None))];
        if let Some(solver) = solver() {
            ways.push(("proved", examine(&rules, None, Some(&solver))));
        }
        for (way, examined) in ways {
            assert_eq!(examined.outcome(), Outcome::Refused, "{path}, {way}");
            let broken = examined.proofs.claims.iter().find(|proof| proof.claim.as_str() == *claim);
            let Some(Proof::Broken { counterexample }) = broken.map(|broken| &broken.proof) else {
                panic!("{path}, {way}: `{claim}` is {:?}", broken.map(|broken| &broken.proof))
            };
            if way == "proved" {
                for words in *said {
                    let sentence = &counterexample.sentence;
                    assert!(sentence.contains(words), "{path}: `{sentence}` does not say `{words}`");
                }
            }
            let facts = counterexample.facts.as_ref().unwrap_or_else(|| panic!("{path}, {way}: no facts"));
            let namespace = if claim.starts_with("always/api/") { Namespace::Api } else { Namespace::Domain };
            let again = permits(&rules, namespace, &counterexample.question, facts);
            assert_eq!(again, counterexample.decision, "{path}, {way}");
            assert_ne!(permits(shipped(), namespace, &counterexample.question, facts), again, "{path}, {way}");
        }
    }
}

#[test]
fn a_promise_in_force_is_held_against_a_set_that_leaves_it_out() {
    let mut files = shipped_files();
    for path in ["an-ended-relationship-gives-nothing", "only-the-original-reseller"] {
        files.remove(&format!("policies/always/{path}.cedar"));
    }
    files.remove("policies/tables/removeSeats.md");
    let kept = Bundle::load(files.clone(), standing::policy::Rulebook::Domain).expect("it loads");
    let solver = solver();
    let retired = examine(&kept, Some(shipped()), solver.as_deref());
    assert_ne!(retired.outcome(), Outcome::Refused, "a promise may be retired while it is kept");
    let names: Vec<&str> = retired.gone.iter().map(|gone| gone.promise.as_str()).collect();
    let expected =
        ["always/an-ended-relationship-gives-nothing", "always/only-the-original-reseller", "tables/removeSeats"];
    assert_eq!(names, expected);
    let text = files.get("policies/may/remove-seats.cedar").expect("it is there").to_owned();
    let loosened = text.replace(" && resource.sale.relationship == \"active\"", "");
    assert_ne!(loosened, text);
    files.insert("policies/may/remove-seats.cedar", loosened);
    let broken = Bundle::load(files, standing::policy::Rulebook::Domain).expect("it loads");
    let alone = examine(&broken, None, solver.as_deref());
    assert_ne!(alone.outcome(), Outcome::Refused, "by itself nothing speaks against it");
    let held = examine(&broken, Some(shipped()), solver.as_deref());
    assert_eq!(held.outcome(), Outcome::Refused);
    assert!(
        held.findings.iter().any(|found| found
            .message
            .contains("`in force: always/an-ended-relationship-gives-nothing` does not hold")),
        "{:#?}",
        held.findings
    );
}

#[test]
fn a_schema_can_not_take_an_action_or_a_status_out_of_sight_of_a_promise() {
    let schema = shipped_files().get("schemas/standing.cedarschema").expect("it is there").to_owned();
    let out = schema.replace("action removeSeats in [changeOfSubscription]", "action removeSeats");
    assert_ne!(out, schema);
    let loose = "@id(\"may/remove-seats\")\n@title(\"Loose\")\n@source(\"ours\")\npermit (principal is Partner, action == Action::\"removeSeats\", resource is Subscription);\n";
    let mut files = shipped_files();
    files.insert("schemas/standing.cedarschema", out);
    files.insert("policies/may/remove-seats.cedar", loose);
    files.remove("policies/tables/removeSeats.md");
    let hidden = Bundle::load(files, standing::policy::Rulebook::Domain).expect("it loads");
    let examined = examine(&hidden, Some(shipped()), solver().as_deref());
    assert_eq!(examined.outcome(), Outcome::Refused);
    let said = "the claim `always/only-the-original-reseller` in force does not cover `Action::\"removeSeats\"`";
    assert!(examined.findings.iter().any(|found| found.message.contains(said)), "{:#?}", examined.findings);
    // A proof assumes that the words of a schema are all there are.
    let narrow =
        schema.replace("@values(\"active suspended expired deleted\")", "@values(\"active suspended deleted\")");
    assert_ne!(narrow, schema);
    let rules = candidate(&[("schemas/standing.cedarschema", &narrow)]);
    let examined = examine(&rules, Some(shipped()), None);
    let said = "`Subscription.status` can be `expired`, which its `@values` leave out";
    let found = examined.findings.iter().find(|found| found.message == said);
    assert!(found.is_some_and(|found| !found.advisory), "{:#?}", examined.findings);
    // Beside rules that lack the word too it is no promise that goes.
    let found = rules.missing_words_against(Some(&rules));
    assert!(found.iter().any(|found| found.message == said && found.advisory), "{found:#?}");
}

/// What is found in the shipped rules with one text of a schema in place of another.
fn found_with_schema(schema: &str, (from, to): (&str, &str)) -> Vec<String> {
    let text = shipped_files().get(schema).expect("it is there").to_owned();
    assert!(text.contains(from), "`{schema}` does not hold `{from}`");
    let changed = text.replace(from, to);
    let rules = candidate(&[(schema, &changed)]);
    let found = standing::decide::schema_findings(&rules);
    if !found.is_empty() {
        return found.iter().map(ToString::to_string).collect();
    }
    let (_, findings) = rules.held_to_claims_of(shipped());
    let unasked = rules.unasked_of(shipped()).into_values().flatten();
    findings.into_iter().filter(|found| !found.advisory).chain(unasked).map(|found| found.to_string()).collect()
}

/// A rule besides those that are shipped, with a title and a source.
fn besides(id: &str, text: &str) -> (String, String) {
    (format!("policies/{id}.cedar"), format!("@id(\"{id}\")\n@title(\"Loose\")\n@source(\"ours\")\n{text}\n"))
}

const SCHEMA: &str = "schemas/standing.cedarschema";
const API: &str = "schemas/api.cedarschema";

/// Changes of a schema that would let a promise be proved of something else than it was made about.
const DODGES: &[(&str, (&str, &str), &str)] = &[
    (
        API,
        ("action manageTokens in [call]", "action manageTokens in [call, ask]"),
        "`always/api/a-role-keeps-to-its-calls` in force speaks of `Api::Action::\"ask\"`, which `Api::Action::\"manageTokens\"` joins",
    ),
    (
        API,
        (
            "action readCustomer in [readFacts, ofCustomer]\n    appliesTo { principal: [Partner, Customer, Operator, Visitor]",
            "action readCustomer in [readFacts, ofCustomer]\n    appliesTo { principal: [Partner, Operator, Visitor]",
        ),
        "promises `Api::Action::\"readCustomer\"` to `Customer` on `Customer`, to which it does not apply",
    ),
    (
        SCHEMA,
        (
            "action provision in [administration] appliesTo { principal: Partner,",
            "action provision in [administration] appliesTo { principal: [Partner, Customer],",
        ),
        "`Action::\"provision\"` applies to `Customer` on `Subscription` in this schema, and no claim says",
    ),
    (SCHEMA, ("entity Customer;", "entity Customer enum [\"customer\", \"C-demo\"];"), "`Customer` lists its entities"),
    (SCHEMA, ("sale?: {", "sale: {"), "`Subscription.sale` is not always there"),
    (
        API,
        ("entity Installation;", "entity Installation = { known: Bool };"),
        "no fact fills `Api::Installation.known`",
    ),
];

#[test]
fn a_schema_can_not_have_a_promise_proved_of_something_else() {
    for (schema, change, said) in DODGES {
        let found = found_with_schema(schema, *change);
        assert!(found.iter().any(|found| found.contains(said)), "{change:?}: {found:#?}");
    }
}

#[test]
fn a_rule_reads_nothing_of_what_it_names_or_chooses_since_only_a_proof_knows_it() {
    let choices = [
        "Partner::\"nobody\" has status",
        "Subscription::\"s-1\" has status",
        "resource has sale && (if principal == Partner::\"z\" then principal else resource.sale.reseller) has status",
        "resource has sale && {one: resource.sale.reseller}.one has status",
    ];
    for choice in choices {
        let (path, text) = besides(
            "may/loose",
            &format!(
                "permit (principal is Partner, action == Action::\"removeSeats\", resource is Subscription)\nwhen {{ if {choice} then false else resource != Subscription::\"the-subscription\" }};"
            ),
        );
        let found = candidate(&[(&path, &text)]).out_of_reach();
        let is_said = |found: &standing::policy::Finding| {
            !found.advisory && found.path == path && found.message.contains("is read of what may be neither")
        };
        assert!(found.iter().any(is_said), "{choice}: {found:#?}");
    }
}

#[test]
fn a_review_says_the_same_beside_a_server_and_without_one_and_names_who_loses_what() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (path, text) in shipped_files().iter().chain([TIGHTER]) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let server = Server::start(data.path(), &["--demo", PROVING]);
    let review = |more: &[&str]| {
        let given = ["rules", "review", folder.path().to_str().unwrap(), "--data", data.path().to_str().unwrap()];
        let output = standing(&[&given[..], more].concat());
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let beside = review(&[]);
    assert!(server.terminate().success());
    let without = review(&[]);
    assert_eq!(beside, without);
    let (code, said) = beside;
    assert_eq!(code, Some(0), "{said}");
    let proved = "It can be put in force: every claim is proved.";
    for line in [
        "transition tightened: 8 rows",
        "0 answers would be gained and 2 lost at revision 26; concerned: 1 partner, 1 customer, 1 service, 2 subscriptions",
        "  - Partner::contoso on Subscription::s-office-add-on",
        if solver().is_some() { proved } else { "It can be put in force with a word why it is not proved" },
    ] {
        let unwrapped = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(unwrapped.contains(line.trim_start()), "`{line}` is not in {said}");
    }
    let (_, each) = review(&["--all"]);
    assert_eq!(each.lines().filter(|line| line.starts_with("lost Partner::contoso transition ")).count(), 2, "{each}");
}

/// Rules that are idle, and what is said of them.
const IDLE: &[(&str, &str, &str)] = &[
    (
        "never matches",
        "permit (principal is Partner, action == Action::\"migrate\", resource is Subscription)\nwhen { resource.status == \"active\" && resource.status == \"deleted\" };",
        "the rule can never match",
    ),
    (
        "is implied",
        "permit (principal is Partner, action == Action::\"migrate\", resource is Subscription)\nwhen {\n  resource has sale && resource.sale.reseller == principal &&\n  resource has sale && resource.sale.relationship == \"active\" && principal.kind == \"advisor\"\n};",
        "the rule is implied by `may/migrate`",
    ),
    (
        "is overruled",
        "permit (principal is Partner, action == Action::\"migrate\", resource is Subscription)\nwhen { resource.status == \"deleted\" };",
        "the rule is always overruled by `never/subscription-not-active`",
    ),
];

#[test]
fn an_idle_rule_is_found_with_what_makes_it_idle() {
    let Some(solver) = solver() else { return };
    for (name, rule, said) in IDLE {
        let text = format!("@id(\"may/idle\")\n@title(\"Idle\")\n@source(\"ours\")\n{rule}\n");
        let examined = examine(&candidate(&[("policies/may/idle.cedar", &text)]), None, Some(&solver));
        let found: Vec<&str> = examined.findings.iter().map(|found| found.message.as_str()).collect();
        assert!(found.contains(said), "{name}: {found:?}");
        assert_ne!(examined.outcome(), Outcome::Refused, "{name}: an idle rule is advice");
    }
}

#[test]
fn a_rule_that_can_err_is_refused() {
    let Some(solver) = solver() else { return };
    let schema = shipped_files().get("schemas/standing.cedarschema").expect("it is there").replace(
        "action migrate in [changeOfSubscription] appliesTo { principal: Partner, resource: Subscription };",
        "action migrate in [changeOfSubscription] appliesTo { principal: Partner, resource: Subscription, context: { seats: Long } };",
    );
    let rule = "@id(\"never/many\")\n@title(\"Many\")\n@source(\"ours\")\n@reason(\"too_many\")\nforbid (principal is Partner, action == Action::\"migrate\", resource is Subscription)\nwhen { context.seats * context.seats > 100 };\n";
    let rules = candidate(&[("schemas/standing.cedarschema", &schema), ("policies/never/many.cedar", rule)]);
    let examined = examine(&rules, None, Some(&solver));
    assert_eq!(examined.proofs.never_errs, Some(false));
    assert_eq!(examined.outcome(), Outcome::Refused);
    assert!(
        examined
            .findings
            .iter()
            .any(|found| found.path.ends_with("never/many.cedar") && found.message.contains("can err"))
    );
}

/// Mutants of the shipped rules that nothing notices: a promise is missing for each. The list is empty and stays so.
const SURVIVORS: &[&str] = &[];

#[test]
fn no_mutant_of_a_shipped_rule_survives() {
    let solver = solver();
    let original = Original::of(shipped(), solver.as_deref());
    let (mut survivors, mut fates) = (Vec::new(), std::collections::BTreeMap::new());
    for rule in shipped().deciders() {
        for mutant in mutants(rule) {
            let fate = original.fate(&mutant);
            if fate == Fate::Survived {
                survivors.push(mutant.to_string());
            }
            let kind = match fate {
                Fate::Refused => "refused when read",
                Fate::BreaksClaim(_) => "broke a claim",
                Fate::ContradictsSigned(_) => "contradicted a signed row",
                Fate::Equivalent => "proved equivalent",
                Fate::Survived => "survived",
            };
            *fates.entry(kind).or_insert(0) += 1;
        }
    }
    println!("{fates:?}");
    if solver.is_some() {
        assert_eq!(survivors, SURVIVORS, "{fates:?}");
    }
    assert!(fates.get("broke a claim").is_some_and(|count| *count > 100), "{fates:?}");
    let _: &Digest = shipped().digest();
}
