//! That a promise which holds could have failed: each claim is shown with a mistake that would break it.

use standing::assure::checked::check_claims;
use standing::assure::proof::Control;
use standing::assure::proof::{ClaimProof, Proof};
use standing::assure::release::examine;
use standing::assure::spoken::Spoken;
use standing::decide::{Namespace, claimed, permits};
use standing::policy::{Bundle, Rulebook};

use crate::proofs::solver;
use crate::shipped::{candidate, shipped, shipped_files};

/// The shipped rules with the mistake of a control in them.
fn mistaken(rule: &str, mutant: Option<&str>) -> Bundle {
    let (mut files, path) = (shipped_files(), format!("policies/{rule}.cedar"));
    match mutant {
        Some(text) => files.insert(path, text),
        None => drop(files.remove(&path)),
    }
    Bundle::load(files, Rulebook::Domain).unwrap_or_else(|error| panic!("`{rule}` is not read: {error}"))
}

fn namespace(claim: &ClaimProof) -> Namespace {
    if claim.claim.as_str().starts_with("always/api/") { Namespace::Api } else { Namespace::Domain }
}

#[test]
fn every_shipped_claim_is_shown_with_a_mistake_that_breaks_it_and_deciding_finds_that_again() {
    let claims = check_claims(shipped(), &Spoken::default());
    assert!(claims.len() >= 20, "only {} claims are shipped", claims.len());
    for claim in &claims {
        let Some(Control::Broken { rule, mutant, counterexample, .. }) = &claim.negative_control else {
            panic!("`{}` is not seen to fail: {:?}", claim.claim, claim.negative_control)
        };
        let facts = counterexample.facts.as_ref().expect("it is a row of the table");
        let before = permits(shipped(), namespace(claim), &counterexample.question, facts);
        assert_ne!(before, counterexample.decision, "{}", claim.claim);
        let mistaken = mistaken(rule.as_str(), mutant.as_deref());
        let now = permits(&mistaken, namespace(claim), &counterexample.question, facts);
        assert_eq!(now, counterexample.decision, "{}", claim.claim);
        let held = claimed(&mistaken, namespace(claim), &counterexample.question, facts);
        let held = held.iter().find(|held| held.rule == claim.claim).expect("it is about that");
        assert!(held.is_broken_by(now), "`{}` holds with the mistake", claim.claim);
    }
}

#[test]
fn evidence_names_the_mistake_and_says_so_where_none_is_found() {
    let claim = "@id(\"always/nobody-is-named-so\")\n@title(\"t\")\n@source(\"ours\")\n@claim(\"only-when\")\npermit (principal is Partner, action in Action::\"commerce\", resource is Subscription)\nwhen { principal != Partner::\"somebody-else\" };\n";
    let rules = candidate(&[("policies/always/nobody-is-named-so.cedar", claim)]);
    let examined = examine(&rules, None, None);
    let control = |name: &str| {
        let found = examined.proofs.claims.iter().find(|claim| claim.claim.as_str() == name);
        serde_json::to_value(found.expect("it is there")).unwrap()["negativeControl"].clone()
    };
    let found = control("always/the-seller-is-billed");
    assert_eq!(found["result"], "broken", "{found}");
    assert!(found["rule"].as_str().unwrap().starts_with("may/"), "{found}");
    assert!(found["counterexample"]["sentence"].as_str().unwrap().contains("could not receive bill"), "{found}");
    let none = control("always/nobody-is-named-so");
    assert_eq!(none["result"], "notFound", "{none}");
    assert!(none["why"].as_str().unwrap().contains("mutants of the rules breaks it"), "{none}");
}

#[test]
fn a_claim_that_is_broken_needs_no_mistake_and_one_that_is_proved_has_its_own() {
    let path = "policies/may/receive-bill.cedar";
    let text = shipped_files().get(path).unwrap().replace(" && resource.sale.relationship == \"active\"", "");
    let examined = examine(&candidate(&[(path, &text)]), None, solver().as_deref());
    for claim in &examined.proofs.claims {
        let is_broken = matches!(claim.proof, Proof::Broken { .. });
        assert_eq!(claim.negative_control.is_none(), is_broken, "{}: {:?}", claim.claim, claim.proof);
    }
}
