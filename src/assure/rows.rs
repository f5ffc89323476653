//! Claims held against every row there is: what is left to believe where no solver proves them, and the first thing
//! that shows one broken.

use std::collections::BTreeMap;

use super::calls::CallCase;
use super::context::{Said, Spoken};
use super::control::controls;
use super::prove::{ClaimProof, Counterexample, Proof};
use crate::decide::{Namespace, can_say_standing, claimed, permits, sees_kinds};
use crate::facts::Facts;
use crate::policy::{Bundle, RuleId};
use crate::question::Question;
use crate::standing::Standing;

/// Every question the tables ask, with its facts and what callers can say; of kinds of partners that no rule or claim
/// tells apart, the first.
pub(super) fn rows<'a>(
    bundle: &'a Bundle,
    spoken: &'a Spoken,
) -> impl Iterator<Item = (Namespace, Question, Facts)> + 'a {
    let asked = bundle.vocabulary().actions(Namespace::Domain.as_str()).flat_map(move |(action, shape)| {
        let applies = |case: &Standing| {
            shape.principals.contains("Partner") && shape.resources.contains(case.thing.kind().as_str())
        };
        let sees_kinds = sees_kinds(bundle, Namespace::Domain, action);
        let is_shown = move |case: &Standing| sees_kinds || case.of_first_kind() == *case;
        Standing::all()
            .filter(applies)
            .filter(is_shown)
            .filter(move |case| can_say_standing(bundle, action, case))
            .flat_map(move |case| {
                let asked = move |said: &Said| (Namespace::Domain, said.asks(case.question(action)), case.facts());
                spoken.said(action).iter().map(asked)
            })
    });
    let calls = bundle.vocabulary().actions(Namespace::Api.as_str()).flat_map(move |(call, shape)| {
        CallCase::all().map(move |case| (case.question(call), case)).filter_map(|(question, case)| {
            let applies =
                shape.principals.contains(&question.subject.kind) && shape.resources.contains(&question.resource.kind);
            (applies && case.is_said_in(bundle, call)).then(|| (Namespace::Api, question, case.facts()))
        })
    });
    asked.chain(calls)
}

/// A row with the answer it gets.
pub(super) struct Row {
    pub(super) namespace: Namespace,
    pub(super) question: Question,
    pub(super) facts: Facts,
    pub(super) is_allowed: bool,
}

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
