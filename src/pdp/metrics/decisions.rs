//! Decisions by action, verdict and reason, each counted by a few atomics once it was seen.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::decide::{Decision, Namespace, Reason};
use crate::policy::Bundle;

/// The most actions that are counted by their names, and for each the most reasons.
const NAMED_MAX: usize = 100;
/// The name of all others.
const OTHER: &str = "other";
/// A yes has no reason.
const NO_REASON: &str = "";

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct DecisionLabels {
    action: String,
    decision: &'static str,
    reason: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct ReasonLabels {
    reason: String,
}

/// Where the decisions about one action are counted.
#[derive(Default)]
struct ActionCounters {
    yes: Option<Counter>,
    /// By reason: those about this action, and those about any.
    no: BTreeMap<String, (Counter, Counter)>,
}

/// The decisions that were given as answers.
#[derive(Default)]
pub(crate) struct DecisionMetrics {
    decisions: Family<DecisionLabels, Counter>,
    reasons: Family<ReasonLabels, Counter>,
    by_action: RwLock<BTreeMap<String, ActionCounters>>,
}

impl DecisionMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("decisions", "Questions answered, by action, decision and reason", self.decisions.clone());
        registry.register("decisions_refused", "Questions answered with no, by the reason", self.reasons.clone());
    }

    /// Counts a decision by these rules. An action that no rules knew is counted under one name, so that no caller
    /// brings names of its own into the figures.
    pub(crate) fn decided(&self, rules: &Bundle, action: &str, decision: &Decision) {
        let reason = match decision.is_allowed() {
            true => None,
            false => Some(decision.reason().map_or(Reason::NOT_PERMITTED.as_str(), Reason::as_str)),
        };
        if self.count(action, reason) {
            return;
        }
        let is_known = rules.vocabulary().action(Namespace::Domain.as_str(), action).is_some();
        let action = if is_known { action } else { OTHER };
        if !self.count(action, reason) {
            self.count_first(action, reason);
        }
    }

    fn count(&self, action: &str, reason: Option<&str>) -> bool {
        let by_action = self.by_action.read().unwrap_or_else(PoisonError::into_inner);
        by_action.get(action).is_some_and(|counters| counters.count(reason))
    }

    /// Counts the first decision of a kind, and makes room for more of it.
    fn count_first(&self, action: &str, reason: Option<&str>) {
        let mut by_action = self.by_action.write().unwrap_or_else(PoisonError::into_inner);
        // Rules define actions and reasons of their own, and other rules others.
        let action = if by_action.len() < NAMED_MAX || by_action.contains_key(action) { action } else { OTHER };
        let counters = by_action.entry(action.to_owned()).or_default();
        let reason = reason.map(|reason| match counters.no.len() < NAMED_MAX || counters.no.contains_key(reason) {
            true => reason,
            false => OTHER,
        });
        if counters.count(reason) {
            return;
        }
        let labels =
            |decision, reason: &str| DecisionLabels { action: action.to_owned(), decision, reason: reason.to_owned() };
        match reason {
            None => counters.yes = Some(self.decisions.get_or_create_owned(&labels("yes", NO_REASON))),
            Some(reason) => {
                let own = self.decisions.get_or_create_owned(&labels("no", reason));
                let any = self.reasons.get_or_create_owned(&ReasonLabels { reason: reason.to_owned() });
                counters.no.insert(reason.to_owned(), (own, any));
            }
        }
        counters.count(reason);
    }
}

impl ActionCounters {
    /// Counts a decision, if there is a counter for it.
    fn count(&self, reason: Option<&str>) -> bool {
        match reason {
            None => self.yes.as_ref().map(Counter::inc).is_some(),
            Some(reason) => {
                let counters = self.no.get(reason);
                counters.map(|(own, any)| (own.inc(), any.inc())).is_some()
            }
        }
    }
}
