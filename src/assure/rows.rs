//! Every question the tables ask, with its facts: what claims and mutants are held against.

use super::calls::CallCase;
use super::context::Said;
use super::spoken::Spoken;
use crate::decide::{Namespace, can_say_standing, sees_kinds};
use crate::facts::Facts;
use crate::policy::Bundle;
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
