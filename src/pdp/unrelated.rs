//! Whether rules could let a partner do something to what it has nothing to do with, found out once for each kind of
//! partner.
//!
//! That is a function of the rules alone, unless the caller says something besides who and what: that may turn it, and
//! then it is found out for every search.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::decide::allows_strange_resource;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::facts::PartnerFacts;
use crate::policy::{Bundle, Digest};
use crate::question::Question;

/// By action, type of resource, and kind and status of partner.
type Answers = BTreeMap<(String, String, PartnerKind, PartnerStatus), bool>;

/// What has been found out of the rules that were asked last.
#[derive(Default)]
pub(crate) struct UnrelatedResources(Mutex<Option<(Digest, Answers)>>);

impl UnrelatedResources {
    /// Could a partner of which that is known be allowed the action on something it has nothing to do with?
    pub(crate) fn are_allowed(&self, rules: &Bundle, question: &Question, partner: &PartnerFacts) -> bool {
        if !question.context.is_empty() || !question.action.properties.is_empty() {
            return allows_strange_resource(rules, question, partner);
        }
        let asked = (question.action.name.clone(), question.resource.kind.clone(), partner.kind, partner.status);
        {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let answers = known.as_ref().filter(|(digest, _)| digest == rules.digest());
            if let Some(allowed) = answers.and_then(|(_, answers)| answers.get(&asked)) {
                return *allowed;
            }
        }
        // Computed outside the lock: two searches may compute the same, and neither waits for the other.
        let allowed = allows_strange_resource(rules, question, partner);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.as_mut().filter(|(digest, _)| digest == rules.digest()) {
            Some((_, answers)) => {
                answers.insert(asked, allowed);
            }
            None => *known = Some((rules.digest().clone(), BTreeMap::from([(asked, allowed)]))),
        }
        allowed
    }
}
