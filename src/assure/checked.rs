//! Claims held against every row there is: what is left to believe where no solver proves them, and the first thing
//! that shows one broken.

use std::collections::BTreeMap;

use super::control::controls;
use super::counterexample::Counterexample;
use super::proof::{ClaimProof, Proof};
use super::rows::{Row, rows};
use super::spoken::Spoken;
use crate::decide::{claimed, permits};
use crate::policy::{Bundle, RuleId};

/// Checks every claim on every row, and finds for each a mistake that would break it.
#[must_use]
pub fn check_claims(bundle: &Bundle, spoken: &Spoken) -> Vec<ClaimProof> {
    let mut broken: BTreeMap<RuleId, Counterexample> = BTreeMap::new();
    let (mut answered, mut hanging) = (Vec::new(), BTreeMap::<RuleId, Vec<usize>>::new());
    for (namespace, question, facts) in rows(bundle, spoken) {
        let claims = claimed(bundle, namespace, &question, &facts);
        if claims.is_empty() {
            continue;
        }
        let is_allowed = permits(bundle, namespace, &question, &facts);
        for claim in &claims {
            if claim.is_broken_by(is_allowed) {
                broken
                    .entry(claim.rule.clone())
                    .or_insert_with(|| Counterexample::decided(bundle, namespace, question.clone(), facts.clone()));
            } else if claim.is_broken_by(!is_allowed) {
                hanging.entry(claim.rule.clone()).or_default().push(answered.len());
            }
        }
        answered.push(Row { namespace, question, facts, is_allowed });
    }
    let mut controls = controls(bundle, &answered, &hanging);
    let proof = |id: &RuleId| match broken.get(id) {
        Some(counterexample) => Proof::Broken { counterexample: Box::new(counterexample.clone()) },
        None => Proof::CheckedOnEveryRow,
    };
    let claims = bundle.claims().map(|(rule, kind)| ClaimProof {
        claim: rule.id.clone(),
        title: rule.title.clone(),
        kind,
        proof: proof(&rule.id),
        // One that is broken has shown that it can be.
        negative_control: controls.remove(&rule.id).filter(|_| !broken.contains_key(&rule.id)),
    });
    claims.collect()
}
