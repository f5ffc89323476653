//! A case in which a claim does not hold, in plain words.

use serde::{Deserialize, Serialize};

use crate::assure::context;
use crate::decide::{Namespace, Reproduced, decide, visitor};
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::PartnerStatus;
use crate::domain::subscription::SubscriptionStatus;
use crate::facts::{Facts, SubscriptionFacts};
use crate::id::PartnerId;
use crate::policy::{Bundle, RuleId};
use crate::question::{Entity, Kind, Question, Target};

/// A rule that decided a counterexample, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Deciding {
    /// Its name.
    pub rule: RuleId,
    /// Its file.
    pub path: String,
    /// The line its `permit` or `forbid` stands on, from 1.
    pub line: usize,
}

/// A case in which a claim does not hold, as deciding found it again.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counterexample {
    /// The case in one sentence.
    pub sentence: String,
    /// The question.
    pub question: Question,
    /// The answer that the claim does not allow.
    pub decision: bool,
    /// The rules that decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deciding: Vec<Deciding>,
    /// The facts; nothing where the store could hold none such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
}

impl Counterexample {
    /// Decides a question of which the facts are known, and puts what that finds into words.
    pub(in crate::assure) fn decided(bundle: &Bundle, namespace: Namespace, question: Question, facts: Facts) -> Self {
        let decision = decide(bundle, namespace, &question, &facts);
        let (is_allowed, rules) = (decision.is_allowed(), decision.rules().to_vec());
        Self::of(bundle, Reproduced { namespace, question, facts: Some(facts), is_allowed, rules })
    }

    /// Puts what deciding found again into words.
    pub(in crate::assure) fn of(bundle: &Bundle, found: Reproduced) -> Self {
        let Reproduced { namespace, question, facts, is_allowed, rules } = found;
        let deciding: Vec<Deciding> = rules
            .iter()
            .filter_map(|id| bundle.rule(id))
            .map(|rule| Deciding { rule: rule.id.clone(), path: rule.path.clone(), line: rule.line })
            .collect();
        let because = match (deciding.first(), is_allowed) {
            (Some(first), _) => format!("because of `{}` line {}", first.rule, first.line),
            (None, true) => "because of a rule".to_owned(),
            (None, false) => "because no rule allows it".to_owned(),
        };
        let verb = if is_allowed { "could" } else { "could not" };
        let who = subject(&question, facts.as_ref());
        let what = match namespace {
            Namespace::Domain => format!("{} {}", plainly(&question.action.name), object(&question, facts.as_ref())),
            Namespace::Api => format!("call `{}` {}", question.action.name, called(&question.resource, facts.as_ref())),
        };
        let said = question.said();
        let saying =
            if said.is_empty() { String::new() } else { format!("if the caller says {}, ", context::words(&said)) };
        Self {
            sentence: format!("{who} {verb} {what} {saying}{because}"),
            question,
            decision: is_allowed,
            deciding,
            facts,
        }
    }
}

/// An action's name in plain words: `removeSeats` is `remove seats`.
fn plainly(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// Who asks, and how they stand to what they ask about.
fn subject(question: &Question, facts: Option<&Facts>) -> String {
    let id = &question.subject.id;
    if id.is_empty() && Kind::named(&question.subject.kind).is_some() {
        return some(&question.subject);
    }
    match (question.subject.target(), Kind::named(&question.subject.kind), facts) {
        (Target::Partner(partner), _, Some(facts)) => {
            let status = facts.partners.get(&partner).map(|partner| partner.status);
            let suspended = if status == Some(PartnerStatus::Suspended) { "suspended " } else { "" };
            match standing(&partner, question, facts) {
                Some(standing) => format!("{suspended}partner {id}, who {standing},"),
                None => format!("{suspended}partner {id}"),
            }
        }
        (_, Some(Kind::Operator), Some(facts)) => match facts.operators.get(id) {
            Some(role) => format!("{} {id}", with_article(role.as_str())),
            None => format!("operator {id}"),
        },
        (_, None, _) if question.subject.kind == visitor().kind => "somebody who has not said who they are".to_owned(),
        _ => format!("{} {id}", question.subject.kind.to_lowercase()),
    }
}

/// What a prover left without a name, which nothing that is stored is.
fn some(entity: &Entity) -> String {
    format!("some {}", entity.kind.to_lowercase())
}

fn with_article(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {word}")
}

/// What a partner is to a subscription or service.
fn standing(partner: &PartnerId, question: &Question, facts: &Facts) -> Option<String> {
    let resource = question.resource.target();
    let service = facts.service_of(&resource)?;
    let administers = facts.services.get(&service).is_some_and(|all| all.contains(partner));
    let administering = match (administers, &resource) {
        (true, Target::Service(_)) => "administers it",
        (false, Target::Service(_)) => "does not administer it",
        (true, _) => "administers its service",
        (false, _) => "does not administer its service",
    };
    let Target::Subscription(id) = &resource else { return Some(administering.to_owned()) };
    let subscription = facts.subscriptions.get(id)?;
    let sold = facts.original_reseller(subscription) == Some(partner);
    let relation = facts.relationship(&service.customer, partner);
    let selling = if sold { format!("sold {id}") } else { format!("did not sell {id}") };
    Some(match (sold, relation) {
        (true, Some(RelationshipState::Ended)) => {
            let customer = &service.customer;
            format!("{selling}, {administering}, and whose commercial relationship with {customer} has ended")
        }
        _ => format!("{selling} and {administering}"),
    })
}

/// What is asked about, with what is unusual about it.
fn object(question: &Question, facts: Option<&Facts>) -> String {
    let Entity { kind, id, .. } = &question.resource;
    if id.is_empty() {
        return format!("on {}", some(&question.resource));
    }
    let status = |subscription: &SubscriptionFacts| match subscription.status {
        SubscriptionStatus::Active => None,
        other => Some(other.as_str()),
    };
    let of = match (question.resource.target(), facts) {
        (Target::Subscription(id), Some(facts)) => facts.subscriptions.get(&id).map(|subscription| {
            let parent = subscription.parent.as_ref().and_then(|parent| facts.subscriptions.get(parent));
            let own = status(subscription).map(|status| format!(", which is {status}"));
            let above = parent.and_then(status).map(|status| format!(", whose parent is {status}"));
            own.or(above).unwrap_or_default()
        }),
        _ => None,
    };
    let of = of.unwrap_or_default();
    let comma = if of.is_empty() { "" } else { "," };
    format!("on {} {id}{of}{comma}", kind.to_lowercase())
}

/// What a call is about.
fn called(resource: &Entity, facts: Option<&Facts>) -> String {
    match (resource.target(), facts) {
        _ if resource.id.is_empty() => format!("about {}", some(resource)),
        (Target::Foreign, _) => "about this installation".to_owned(),
        (Target::Partner(id), Some(facts)) => match facts.partners.get(&id) {
            Some(partner) => {
                let is = with_article(partner.status.as_str());
                format!("about partner {id}, {is} {},", plainly(partner.kind.as_str()))
            }
            None => format!("about partner {id}"),
        },
        _ => format!("about {} {}", resource.kind.to_lowercase(), resource.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_left_without_a_name_is_somebody() {
        let question = Question::new(Entity::new("Partner", ""), "transition", Entity::new("Subscription", ""));
        assert_eq!(subject(&question, None), "some partner");
        assert_eq!(object(&question, None), "on some subscription");
        assert_eq!(called(&question.resource, None), "about some subscription");
    }
}
