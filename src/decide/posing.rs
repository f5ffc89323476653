//! A question put in Cedar's words once, to be answered by many sets of rules.

use cedar_policy::{EntityUid, PolicySet};

use super::{Namespace, Posed, Verdict, entities, posed};
use crate::facts::Facts;
use crate::policy::{Bundle, RuleId};
use crate::question::Question;

/// A question in Cedar's words, with the rules of its bundle about it.
pub struct Posable<'a> {
    posed: Posed<'a>,
    action: EntityUid,
}

/// Puts a question in Cedar's words; nothing where the bundle cannot be asked it.
#[must_use]
pub fn pose<'a>(bundle: &'a Bundle, namespace: Namespace, question: &Question, facts: &Facts) -> Option<Posable<'a>> {
    let posed = posed(bundle, namespace, question, entities::of(bundle, facts).ok()?).ok()?;
    let action = posed.request.action()?.clone();
    Some(Posable { posed, action })
}

impl Posable<'_> {
    /// What is asked about.
    #[must_use]
    pub fn action(&self) -> &EntityUid {
        &self.action
    }

    /// The rules of the bundle about it.
    #[must_use]
    pub fn rules(&self) -> &PolicySet {
        &self.posed.deciding.rules
    }

    /// The answer that other rules give, and which of them decided.
    #[must_use]
    pub fn answer(&self, rules: &PolicySet) -> (bool, Vec<RuleId>) {
        match self.posed.verdict(rules) {
            Verdict::Permitted(rules) => (true, rules),
            Verdict::Forbidden(rules) => (false, rules),
            Verdict::Faulty(faults) => (false, faults.into_iter().map(|fault| fault.rule).collect()),
            Verdict::Refused(_) | Verdict::Missing => (false, Vec::new()),
        }
    }
}
