//! What the claims say about one question.
//!
//! A claim decides nothing: it says when something may at most, or has at least to be allowed. What the rules decided
//! is held against it.

use cedar_policy::{EntityTypeName, Policy, PolicySet, PrincipalConstraint, ResourceConstraint};

use super::{Namespace, Posed, Verdict, can_say, entities, posed};
use crate::facts::Facts;
use crate::policy::{Bundle, Claim, RuleId};
use crate::question::Question;

/// A claim whose scope covers a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claimed {
    /// The claim.
    pub rule: RuleId,
    /// What it claims.
    pub claim: Claim,
    /// Does its condition hold? Nothing when that cannot be said: it could not be evaluated.
    pub holds: Option<bool>,
}

impl Claimed {
    /// Is the claim broken by that answer? One whose condition cannot be evaluated is broken by any.
    #[must_use]
    pub fn is_broken_by(&self, is_allowed: bool) -> bool {
        match (self.claim, self.holds) {
            (_, None) => true,
            (Claim::OnlyWhen, Some(holds)) => is_allowed && !holds,
            (Claim::Whenever, Some(holds)) => holds && !is_allowed,
        }
    }
}

/// The claims whose scope covers a question, in the order of their names, and whether their conditions hold on `facts`.
#[must_use]
pub fn claimed(bundle: &Bundle, namespace: Namespace, question: &Question, facts: &Facts) -> Vec<Claimed> {
    if !can_say(bundle, namespace, &question.action.name, facts) {
        // Nothing is said of what the schema has no words for, and everything about it is refused.
        return Vec::new();
    }
    let Ok(posed) = entities::of(bundle, facts)
        .map_err(|_| ())
        .and_then(|entities| posed(bundle, namespace, question, entities).map_err(|_| ()))
    else {
        return Vec::new();
    };
    let is = |named: &EntityTypeName, kind: &str| named.to_string() == kind;
    let mut claimed = Vec::new();
    // They are permits without a forbid, so every one that holds is named as a reason.
    let verdict = posed.verdict(&posed.deciding.claims);
    for policy in posed.deciding.claims.policies() {
        let covers_subject = match policy.principal_constraint() {
            PrincipalConstraint::Is(named) => is(&named, &question.subject.kind),
            _ => true,
        };
        let covers_resource = match policy.resource_constraint() {
            ResourceConstraint::Is(named) => is(&named, &question.resource.kind),
            _ => true,
        };
        let id = RuleId::from(AsRef::<str>::as_ref(policy.id()));
        let Some(claim) = bundle.rule(&id).and_then(|rule| rule.claim) else { continue };
        if covers_subject && covers_resource {
            let holds = match &verdict {
                Verdict::Permitted(holding) => Some(holding.contains(&id)),
                Verdict::Faulty(faults) if faults.iter().any(|fault| fault.rule == id) => None,
                Verdict::Faulty(_) => holds_alone(&posed, policy),
                _ => Some(false),
            };
            claimed.push(Claimed { rule: id, claim, holds });
        }
    }
    claimed.sort_by(|one, other| one.rule.cmp(&other.rule));
    claimed
}

/// Does one claim's condition hold, where another could not be evaluated?
fn holds_alone(posed: &Posed<'_>, policy: &Policy) -> Option<bool> {
    match posed.verdict(&PolicySet::from_policies([policy.clone()]).ok()?) {
        Verdict::Permitted(_) => Some(true),
        Verdict::Faulty(_) => None,
        _ => Some(false),
    }
}
