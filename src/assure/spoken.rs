//! What callers can say of the actions of a set of rules, or of two: found by a solver, else listed where there are
//! nothing but Booleans to say, and otherwise not known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::context::{Contexts, Said, Turning, least};
use super::proof::is_busy;
use super::prove::contexts;
use crate::decide::{Namespace, claims_read_context, reads_context};
use crate::policy::{Bundle, Finding, RecordShape, RuleId, Shape};
use crate::question::Members;

/// How many things callers can say are listed without a solver.
const LISTED_MAX: usize = 81;

/// What callers can say of each action about which something reads it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Spoken {
    actions: BTreeMap<String, Contexts>,
    /// What callers say of every other action: nothing.
    nothing: Said,
    /// Why no solver was asked, if none was.
    pub no_solver: Option<String>,
}

impl Spoken {
    /// What callers can say of the actions of a set of rules.
    #[must_use]
    pub fn of(bundle: &Bundle, program: Option<&Path>) -> Self {
        Self::found(None, bundle, program)
    }

    /// What callers can say of the actions of two sets of rules, as far as the answers of either or what turns between
    /// them do.
    #[must_use]
    pub fn between(old: &Bundle, new: &Bundle, program: Option<&Path>) -> Self {
        Self::found(Some(old), new, program)
    }

    fn found(old: Option<&Bundle>, new: &Bundle, program: Option<&Path>) -> Self {
        let asked = Namespace::Domain;
        let bundles: Vec<&Bundle> = [Some(new), old].into_iter().flatten().collect();
        let names: BTreeSet<&str> = bundles
            .iter()
            .flat_map(|bundle| bundle.vocabulary().actions(asked.as_str()).map(|(name, _)| (*bundle, name)))
            .filter(|(bundle, name)| claims_read_context(bundle, asked, name))
            .map(|(_, name)| name)
            .collect();
        if names.is_empty() {
            return Self::default();
        }
        let why = match program.map(|program| contexts::find(&bundles, &names, program)) {
            Some(Ok(actions)) => return Self { actions, ..Self::default() },
            Some(Err(why)) => why,
            None => "there is no solver".to_owned(),
        };
        let listed = names.into_iter().map(|name| {
            let shapes: Vec<&RecordShape> = bundles.iter().filter_map(|bundle| context_of(bundle, name)).collect();
            let Some(first) = shapes.first().copied() else { return (name.to_owned(), Contexts::default()) };
            let is_one = shapes.iter().all(|shape| *shape == first);
            let contexts = match listed(first).filter(|_| is_one) {
                Some(all) => Contexts::of(least(first), all, None),
                None => Contexts::of(least(first), Vec::new(), Some(why.clone())),
            };
            (name.to_owned(), contexts)
        });
        Self { actions: listed.collect(), no_solver: Some(why), ..Self::default() }
    }

    /// What callers can say of one action; nothing where nothing about it reads what they say.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Contexts> {
        self.actions.get(name)
    }

    /// The things that stand for all that callers can say of one action, the least first.
    #[must_use]
    pub fn said(&self, name: &str) -> &[Said] {
        self.action(name).map_or(std::slice::from_ref(&self.nothing), Contexts::said)
    }

    /// Does what callers say turn any answer, as far as is known?
    #[must_use]
    pub fn turns_answers(&self) -> bool {
        !self.actions.is_empty()
    }

    /// May the solver `program` find more the next time: had it no time, or could it not be used?
    #[must_use]
    pub fn may_say_more(&self, program: Option<&Path>) -> bool {
        let had_no_time = |contexts: &Contexts| contexts.unknown.as_deref().is_some_and(is_busy);
        program.is_some() && (self.no_solver.is_some() || self.actions.values().any(had_no_time))
    }

    /// What callers can say of one action where the rules of a set read it.
    #[must_use]
    pub fn read_by_rules(&self, bundle: &Bundle, name: &str) -> Option<&Contexts> {
        self.action(name).filter(|_| reads_context(bundle, Namespace::Domain, name))
    }

    /// What refuses a set of rules: what a caller says turns an answer, and nothing that is proved bounds it.
    pub(super) fn findings(&self, bundle: &Bundle, is_proved: impl Fn(&RuleId) -> bool) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (name, contexts) in &self.actions {
            let Some(rule) = bundle.readers(Namespace::Domain.as_str(), name).into_iter().next() else { continue };
            let mut say = |message: String, hint: &str| {
                findings.push(Finding::of_rule(rule, message, hint).refusing_first());
            };
            match (&self.no_solver, &contexts.unknown) {
                (Some(why), _) => {
                    let message = format!(
                        "what a caller says can turn the answer to `{name}`, and without a solver it is not known whom it lets do what: {why}"
                    );
                    say(message, "install cvc5, or name it with `CVC5`; or write the rule without `context`");
                    continue;
                }
                (None, Some(why)) => {
                    let message =
                        format!("what a caller says can turn the answer to `{name}`, and it is not known how: {why}");
                    say(message, "write the rule more simply, or without `context`");
                    continue;
                }
                (None, None) => {}
            }
            for Turning { sentence, bounds } in &contexts.turning {
                if bounds.is_empty() {
                    let message =
                        format!("what a caller says turns the answer to `{name}`, and no claim bounds it: {sentence}");
                    say(message, BOUND);
                } else if !bounds.iter().any(&is_proved) {
                    let claims: Vec<String> = bounds.iter().map(|claim| format!("`{claim}`")).collect();
                    let message = format!(
                        "what a caller says turns the answer to `{name}`, and no claim that bounds it is proved ({}): {sentence}",
                        claims.join(", ")
                    );
                    say(message, BOUND);
                }
            }
        }
        for (call, _) in bundle.vocabulary().actions(Namespace::Api.as_str()) {
            for rule in bundle.readers(Namespace::Api.as_str(), call) {
                let message =
                    format!("the rule reads what a caller says, and nothing can be said with the call `{call}`");
                findings.push(Finding::of_rule(rule, message, "write it without `context`"));
            }
        }
        findings
    }
}

fn context_of<'b>(bundle: &'b Bundle, action: &str) -> Option<&'b RecordShape> {
    bundle.vocabulary().action(Namespace::Domain.as_str(), action).map(|shape| &shape.context)
}

const BOUND: &str = "write a claim `only-when` in `policies/always/` that covers it and says without `context` when it is allowed at most";

/// Everything that can be said where there are nothing but a few Booleans to say; nothing where there is more.
fn listed(shape: &RecordShape) -> Option<Vec<Members>> {
    let mut all = vec![Members::new()];
    for (name, attribute) in shape {
        let values: Vec<Value> = match &attribute.shape {
            Shape::Bool => vec![false.into(), true.into()],
            Shape::Record(inner) => listed(inner)?.into_iter().map(Value::Object).collect(),
            _ => return None,
        };
        let mut longer = if attribute.required { Vec::new() } else { all.clone() };
        for before in &all {
            for value in &values {
                let mut members = before.clone();
                members.insert(name.clone(), value.clone());
                longer.push(members);
            }
        }
        if longer.len() > LISTED_MAX {
            return None;
        }
        all = longer;
    }
    // Properties of an action of which none is said are not there.
    all.retain(|members| members.get("action").is_none_or(|action| *action != Value::Object(Members::new())));
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assure::proof::BUSY;

    #[test]
    fn more_may_be_found_only_by_a_solver_that_had_no_time_or_could_not_be_used() {
        let program = Some(Path::new("cvc5"));
        let unknown = |why: &str| {
            let contexts = Contexts::of(Members::new(), Vec::new(), Some(why.to_owned()));
            Spoken { actions: BTreeMap::from([("readUsage".to_owned(), contexts)]), ..Spoken::default() }
        };
        let unusable = Spoken { no_solver: Some("it cannot be run".to_owned()), ..Spoken::default() };
        assert!(unknown(BUSY).may_say_more(program) && unusable.may_say_more(program));
        assert!(!unknown(BUSY).may_say_more(None) && !unusable.may_say_more(None));
        assert!(!unknown("the solver came to no answer").may_say_more(program));
        assert!(!Spoken::default().may_say_more(program));
    }
}
