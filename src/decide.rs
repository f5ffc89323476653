//! A question, its facts and the rules give a decision; nothing else does.
//!
//! Nothing here reads a store or a clock or waits for anything: the same inputs give the same answer. This is the
//! only place that asks Cedar. Whatever is in doubt is refused: Cedar skips a rule that errs, so an erring forbid
//! would let everything through, and therefore any error at all refuses.

mod equivalence;
mod reason;
mod decision;
mod entities;
mod explain;
mod meant;
mod witness;
mod posing;
mod schema;
mod words;
mod table;
mod unrelated;
mod claim;
mod world;

pub use claim::{Claimed, claimed};
pub use decision::{Decision, Duty, Permit, Refusal, RuleFault};
pub use entities::check_schema;
pub use equivalence::{are_equivalent, named_by};
pub use explain::{Nearest, nearest};
pub use posing::{Posable, pose};
pub use reason::Reason;
pub use schema::schema_findings;
#[cfg(test)]
pub(crate) use table::put_into_cell;
pub use table::{decided_by_cedar, decision_of_standing, has_cells};
pub use unrelated::{allows_unrelated_resource, allows_unrelated_subject, refuses_unrelated};
pub use witness::{Model, Reproduced};
pub use words::{can_say, can_say_standing};
pub use world::{Properties, World, WorldError};

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use cedar_policy::{Authorizer, Context, Entities, Entity, EntityUid, PolicySet, Request};

use crate::facts::Facts;
use crate::policy::{Bundle, Deciding, RuleId, convert, missing};
use crate::question::{Kind, Question};
use crate::standing::rights;
use decision::Verdict;

/// Which actions a question is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Namespace {
    /// What callers ask about: the actions of the domain or of a world.
    Domain,
    /// The calls of this service itself.
    Api,
}

impl Namespace {
    /// The namespace as the schema writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Domain => "",
            Self::Api => "Api",
        }
    }

    fn action(self, name: &str) -> Option<EntityUid> {
        match self {
            Self::Domain => entities::uid("Action", name),
            Self::Api => entities::uid("Api::Action", name),
        }
    }
}

/// Decides a question about our own domain.
///
/// Precedence: what is unknown (subject, action, resource), a fact that the schema has no word for, an action that does
/// not apply, an invalid property, an error in a rule, a forbid, and last the missing right, named by the smallest
/// change of standing that would turn the answer.
#[must_use]
pub fn decide(bundle: &Bundle, namespace: Namespace, question: &Question, facts: &Facts) -> Decision {
    let cell = match namespace {
        Namespace::Domain => table::decision(bundle, question, facts),
        Namespace::Api => table::admission(bundle, question, facts),
    };
    cell.cloned().unwrap_or_else(|| decide_by_cedar(bundle, namespace, question, facts))
}

/// The same decision as that of [`decide`], whose every answer comes from Cedar and none from the table.
#[must_use]
pub fn decide_by_cedar(bundle: &Bundle, namespace: Namespace, question: &Question, facts: &Facts) -> Decision {
    let judge = |facts: &Facts| judge_domain(bundle, namespace, question, facts);
    let permits = |facts: &Facts| matches!(judge(facts), Verdict::Permitted(_));
    decision_of(bundle, namespace, question, facts, judge(facts), permits)
}

/// Holds the decision of a question from its cell against that of Cedar.
///
/// # Errors
/// Where they differ: a refusal of the question, and the table decides nothing any more.
pub fn hold_against_cedar(
    bundle: &Bundle,
    question: &Question,
    facts: &Facts,
    of_cell: &Decision,
) -> Result<(), Box<Decision>> {
    let of_rules = decide_by_cedar(bundle, Namespace::Domain, question, facts);
    if of_rules == *of_cell {
        return Ok(());
    }
    table::turn_off(bundle);
    let word = |decision: &Decision| if decision.is_allowed() { "yes" } else { "no" };
    let message = format!(
        "the table of decisions says {} and the rules say {}, or not for the same reason: the table is not used any more",
        word(of_cell),
        word(&of_rules)
    );
    let verdict = Verdict::Faulty(vec![RuleFault { rule: RuleId::from("table"), message }]);
    Err(Box::new(Decision::new(bundle, verdict, rights(question, facts), entities::duties(question, facts))))
}

/// Puts a verdict into words. `permits` answers the same question under other facts.
fn decision_of(
    bundle: &Bundle,
    namespace: Namespace,
    question: &Question,
    facts: &Facts,
    verdict: Verdict,
    permits: impl Fn(&Facts) -> bool,
) -> Decision {
    let verdict = match verdict {
        Verdict::Missing if namespace == Namespace::Domain => {
            Verdict::Refused(explain::missing_right(question, facts, permits))
        }
        Verdict::Missing => Verdict::Refused(Reason::NOT_PERMITTED),
        other => other,
    };
    let decision = Decision::new(bundle, verdict, rights(question, facts), entities::duties(question, facts));
    let meant = meant::meant(bundle, namespace, question, decision.reason());
    decision.hinting(meant)
}

/// Is the answer to a question about our own domain a yes? The same answer as that of [`decide`], without the search
/// for the words of a no.
#[must_use]
pub fn permits(bundle: &Bundle, namespace: Namespace, question: &Question, facts: &Facts) -> bool {
    let cell = (namespace == Namespace::Domain).then(|| table::permits(bundle, question, facts)).flatten();
    cell.unwrap_or_else(|| matches!(judge_domain(bundle, namespace, question, facts), Verdict::Permitted(_)))
}

/// Decides a question in a world of its own, whose entities may be unknown: rules judge them as they are claimed.
#[must_use]
pub fn decide_in(bundle: &Bundle, question: &Question, world: &World) -> Decision {
    let verdict = match world.entities_for(bundle, question) {
        Ok(entities) => match posed_on(bundle, Namespace::Domain, question, |_| Some(entities)) {
            Ok(posed) => posed.verdict(&posed.deciding.rules),
            Err(refused) => refused,
        },
        Err(_) => Verdict::Refused(Reason::INVALID_PROPERTY),
    };
    let verdict = if matches!(verdict, Verdict::Missing) { Verdict::Refused(Reason::NOT_PERMITTED) } else { verdict };
    let decision = Decision::new(bundle, verdict, Vec::new(), Vec::new());
    let meant = meant::meant(bundle, Namespace::Domain, question, decision.reason());
    decision.hinting(meant)
}

/// Could an answer about an action tell partners apart by how they take part: by a rule or a claim, or because the
/// schema has no word for one of the kinds? Where it cannot, every kind of partner gets the same answer.
#[must_use]
pub fn sees_kinds(bundle: &Bundle, namespace: Namespace, action: &str) -> bool {
    let lacks_a_kind = || {
        let mut missing = bundle.missing_words().iter();
        missing.any(|missing| missing.kind == Kind::Partner && missing.attribute == "kind")
    };
    namespace.action(action).is_none_or(|action| bundle.sees_kinds(&action)) || lacks_a_kind()
}

/// Can what the caller says turn the answer to an action, as far as it can be read from the rules?
#[must_use]
pub fn reads_context(bundle: &Bundle, namespace: Namespace, action: &str) -> bool {
    deciding(bundle, namespace, action).is_some_and(|deciding| deciding.reads_context)
}

/// The same of the rules and of the claims about it.
#[must_use]
pub fn claims_read_context(bundle: &Bundle, namespace: Namespace, action: &str) -> bool {
    deciding(bundle, namespace, action).is_some_and(|deciding| deciding.reads_context || deciding.claims_read_context)
}

fn deciding<'a>(bundle: &'a Bundle, namespace: Namespace, action: &str) -> Option<&'a Deciding> {
    bundle.deciding(&namespace.action(action)?)
}

/// The answer before the missing right is named.
fn judge_domain(bundle: &Bundle, namespace: Namespace, question: &Question, facts: &Facts) -> Verdict {
    if let Some(unknown) = facts.unknown_subject {
        return Verdict::Refused(Reason::of_unknown(unknown));
    }
    let action = bundle.vocabulary().action(namespace.as_str(), &question.action.name);
    if action.is_none() {
        return Verdict::Refused(Reason::UNKNOWN_ACTION);
    }
    if let Some(unknown) = facts.unknown_resource {
        return Verdict::Refused(Reason::of_unknown(unknown));
    }
    if !can_say(bundle, namespace, &question.action.name, facts) {
        return Verdict::Refused(Reason::INVALID_FACT);
    }
    match entities::of(bundle, facts) {
        Ok(entities) => judge(bundle, namespace, question, entities),
        Err(_) => Verdict::Refused(Reason::RULE_ERROR),
    }
}

/// Asks Cedar what the rules say.
fn judge(bundle: &Bundle, namespace: Namespace, question: &Question, entities: Vec<Entity>) -> Verdict {
    match posed(bundle, namespace, question, entities) {
        Ok(posed) => posed.verdict(&posed.deciding.rules),
        Err(refused) => refused,
    }
}

/// A question in Cedar's words.
struct Posed<'a> {
    request: Request,
    entities: Cow<'a, Entities>,
    deciding: &'a Deciding,
}

impl Posed<'_> {
    fn verdict(&self, rules: &PolicySet) -> Verdict {
        self.deciding.evaluations.fetch_add(1, Ordering::Relaxed);
        #[expect(clippy::disallowed_methods, reason = "the one place that asks Cedar")]
        let response = Authorizer::new().is_authorized(&self.request, rules, &self.entities);
        let faults: Vec<RuleFault> = response.diagnostics().errors().map(RuleFault::of).collect();
        if !faults.is_empty() {
            return Verdict::Faulty(faults);
        }
        let mut rules: Vec<RuleId> =
            response.diagnostics().reason().map(|id| RuleId::from(AsRef::<str>::as_ref(id))).collect();
        rules.sort();
        match (response.decision(), rules.is_empty()) {
            (cedar_policy::Decision::Allow, false) => Verdict::Permitted(rules),
            (cedar_policy::Decision::Deny, false) => Verdict::Forbidden(rules),
            // An allow that no rule gave cannot be; if it ever is, it is not a yes.
            (_, true) => Verdict::Missing,
        }
    }
}

/// Puts a question in Cedar's words, over these entities and the action with its groups.
fn posed<'a>(
    bundle: &'a Bundle,
    namespace: Namespace,
    question: &Question,
    entities: Vec<Entity>,
) -> Result<Posed<'a>, Verdict> {
    posed_on(bundle, namespace, question, |actions| actions.clone().add_entities(entities, None).ok().map(Cow::Owned))
}

/// Puts a question in Cedar's words, over the entities that are made of the action and its groups.
fn posed_on<'a>(
    bundle: &'a Bundle,
    namespace: Namespace,
    question: &Question,
    entities: impl FnOnce(&'a Entities) -> Option<Cow<'a, Entities>>,
) -> Result<Posed<'a>, Verdict> {
    let Some(action) = bundle.vocabulary().action(namespace.as_str(), &question.action.name) else {
        return Err(Verdict::Refused(Reason::UNKNOWN_ACTION));
    };
    if !action.principals.contains(&question.subject.kind) || !action.resources.contains(&question.resource.kind) {
        return Err(Verdict::Refused(Reason::ACTION_NOT_APPLICABLE));
    }
    let (Some(principal), Some(uid), Some(resource)) = (
        entities::uid(&question.subject.kind, &question.subject.id),
        namespace.action(&question.action.name),
        entities::uid(&question.resource.kind, &question.resource.id),
    ) else {
        return Err(Verdict::Refused(Reason::ACTION_NOT_APPLICABLE));
    };
    let Some(deciding) = bundle.deciding(&uid) else { return Err(Verdict::Refused(Reason::UNKNOWN_ACTION)) };
    let mut said = question.said();
    if deciding.reads_context && action.context.get("action").is_some_and(|declared| declared.required) {
        // Of the properties of an action none is said by whoever leaves them out.
        said.entry("action").or_insert_with(|| serde_json::Map::new().into());
    }
    // What a rule proved over every context of the schema decides about no other.
    if deciding.reads_context && missing("context", &action.context, &said).is_some() {
        return Err(Verdict::Refused(Reason::INVALID_PROPERTY));
    }
    let context = convert("context", &action.context, &said).map(Context::from_pairs);
    let Ok(Ok(context)) = context else { return Err(Verdict::Refused(Reason::INVALID_PROPERTY)) };
    let Ok(request) = Request::new(principal, uid, resource, context, None) else {
        return Err(Verdict::Refused(Reason::RULE_ERROR));
    };
    let Some(entities) = entities(&deciding.actions) else { return Err(Verdict::Refused(Reason::RULE_ERROR)) };
    Ok(Posed { request, entities, deciding })
}

/// The type and the id of the subject of a call of somebody who has not said who they are.
const VISITOR: (&str, &str) = ("Api::Visitor", "visitor");

/// The subject of a call of somebody who has not said who they are: one and the same, whoever it is.
#[must_use]
pub fn visitor() -> crate::question::Entity {
    crate::question::Entity::new(VISITOR.0, VISITOR.1)
}

/// The type and the id of the resource of such a call.
const INSTALLATION: (&str, &str) = ("Api::Installation", "standing");

/// The resource of a call that is about no single partner, customer or subscription, or about one not known.
#[must_use]
pub fn installation() -> crate::question::Entity {
    crate::question::Entity::new(INSTALLATION.0, INSTALLATION.1)
}
