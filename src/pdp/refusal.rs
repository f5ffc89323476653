//! What is said to a caller that may not make a call: its role, the call, and which roles may make it.
//!
//! It says nothing of what the call was about: who may is asked of the rules over people and things that are made up,
//! so the words are the same whether something is there or not.

use crate::caller::Caller;
use crate::decide::{Decision, Namespace, Reason, installation, permits};
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::facts::{Facts, PartnerFacts, Role, SubscriptionFacts};
use crate::id::{CustomerId, PartnerId, ServiceId, SubscriptionId};
use crate::policy::Bundle;
use crate::question::{Entity, Kind, Question};

/// A call that the rules do not allow.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Denied {
    /// Why.
    pub reason: Reason,
    /// Why, in a sentence.
    pub message: String,
}

/// The action that a call was decided as before the schema had one of its own for it. A set of rules from then decides
/// it so: never more widely than before, or than what only an operator may.
const OLDER_NAMES: [(&str, &str); 19] = [
    ("askAboutThePast", "whatIf"),
    ("createToken", "manageTokens"),
    ("listTokens", "manageTokens"),
    ("revokeToken", "manageTokens"),
    ("rotateToken", "manageTokens"),
    ("listSessions", "manageTokens"),
    ("endSession", "manageTokens"),
    ("listLinkKeys", "manageLinkKeys"),
    ("rotateLinkKey", "manageLinkKeys"),
    ("retireLinkKey", "manageLinkKeys"),
    ("startAnyway", "manageTokens"),
    ("backup", "manageTokens"),
    // Whoever may propose any rules may write them before.
    ("draftRules", "proposeRules"),
    // About the installation, which is no customer, only an operator accepts.
    ("importRelationships", "acceptRelationship"),
    // Whoever proves who they are could always read who asks; a session opens no more than that proof does.
    ("signIn", "readRelationshipRequest"),
    ("signOut", "readRelationshipRequest"),
    // What only a tenant itself and whoever reads everything may look at.
    ("tryOwnChange", "reviewAccess"),
    ("askForItself", "reviewAccess"),
    ("readOwnChanges", "reviewAccess"),
];

/// The name by which a set of rules knows a call.
pub(crate) fn name_in<'a>(rules: &Bundle, action: &'a str) -> &'a str {
    if rules.vocabulary().action(Namespace::Api.as_str(), action).is_some() {
        return action;
    }
    OLDER_NAMES.iter().find(|(name, _)| *name == action).map_or(action, |(_, older)| older)
}

const PARTNER: &str = "a-partner";
const CUSTOMER: &str = "a-customer";
const SERVICE: &str = "a-customer/a-service";
const SUBSCRIPTION: &str = "a-subscription";
const OPERATOR: &str = "an-operator";

/// Why a call is not made that no rule permits.
pub(crate) fn not_permitted(rules: &Bundle, caller: &Caller, action: &str) -> Denied {
    let role = match caller {
        Caller::Operator { role, .. } => role.as_str(),
        Caller::Partner { .. } => "partner",
        Caller::Customer { .. } => "customer",
        Caller::Visitor => "visitor",
    };
    let may = who_may(rules, action);
    let may = if may.is_empty() { "no role may".to_owned() } else { format!("these may: {}", may.join(", ")) };
    Denied {
        reason: Reason::NOT_PERMITTED,
        message: format!("role `{role}` may not make the call `{action}` here; {may}"),
    }
}

/// Why a call is not made, as its decision says.
pub(crate) fn denied(rules: &Bundle, caller: &Caller, action: &str, decision: &Decision) -> Denied {
    match decision.reason() {
        Some(reason) if *reason != Reason::NOT_PERMITTED => {
            Denied { reason: reason.clone(), message: decision.message().to_owned() }
        }
        _ => not_permitted(rules, caller, action),
    }
}

/// The roles that may make a call, those that may make it for themselves alone with that word.
fn who_may(rules: &Bundle, action: &str) -> Vec<String> {
    // Names that are written here can be read; were they not, nobody would be named.
    let Some(facts) = made_up() else { return Vec::new() };
    let action = name_in(rules, action);
    let may = |subject: Entity, facts: &Facts, resource: Entity| {
        permits(rules, Namespace::Api, &Question::new(subject, action, resource), facts)
    };
    let of = |kind: Kind, id: &str| Entity::new(kind.as_str(), id);
    let roles = Role::ALL.iter().filter(|role| {
        let mut facts = facts.clone();
        facts.operators.insert(OPERATOR.to_owned(), **role);
        may(of(Kind::Operator, OPERATOR), &facts, installation())
    });
    let mut names: Vec<String> = roles.map(|role| format!("`{role}`")).collect();
    for (kind, id) in [(Kind::Partner, PARTNER), (Kind::Customer, CUSTOMER)] {
        let role = kind.as_str().to_lowercase();
        let own = [of(kind, id), of(Kind::Subscription, SUBSCRIPTION)];
        if may(of(kind, id), &facts, installation()) {
            names.push(format!("`{role}`"));
        } else if own.into_iter().any(|own| may(of(kind, id), &facts, own)) {
            names.push(format!("`{role}` for itself"));
        }
    }
    names
}

/// A partner that sold and administers, and the customer it did so for.
fn made_up() -> Option<Facts> {
    let (partner, customer): (PartnerId, CustomerId) = (PARTNER.parse().ok()?, CUSTOMER.parse().ok()?);
    let (service, sold): (ServiceId, SubscriptionId) = (SERVICE.parse().ok()?, SUBSCRIPTION.parse().ok()?);
    let subscription = SubscriptionFacts {
        service: service.clone(),
        status: SubscriptionStatus::Active,
        original_reseller: Some(partner.clone()),
        parent: None,
    };
    let mut facts = Facts::default();
    facts
        .partners
        .insert(partner.clone(), PartnerFacts { kind: PartnerKind::DirectBill, status: PartnerStatus::Active });
    facts.customers.insert(customer.clone());
    facts.services.insert(service, [partner.clone()].into());
    facts.subscriptions.insert(sold, subscription);
    facts.relationships.insert(customer, [(partner, RelationshipState::Active)].into());
    Some(facts)
}
