//! Could somebody be allowed something who has nothing to do with it?
//!
//! A search looks only where the store's indexes lead: at what a partner sold and administers, or at who sold and
//! administers a thing. Everything else is unrelated. Whether the rules allow a partner anything on what is unrelated to
//! it is found here by deciding every such standing. Rules that see more than a standing holds are taken to allow it.

use super::{Namespace, permits, table};
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::facts::{Facts, PartnerFacts};
use crate::id::PartnerId;
use crate::policy::{ActionShape, Bundle};
use crate::question::{Entity, Kind, Question};
use crate::standing::Standing;

/// Could a partner of which that is known be allowed the action of a question on something of the asked type that it
/// neither sold nor administers? Neither the id of the subject nor that of the resource is read, so the answer is the
/// same for every such partner.
#[must_use]
pub fn allows_unrelated_resource(bundle: &Bundle, question: &Question, partner: &PartnerFacts) -> bool {
    let action = &question.action.name;
    if question.subject.kind != Kind::Partner.as_str() || !table::sees_standings(bundle, action) {
        return true;
    }
    let is_asked = |standing: &Standing| {
        standing.thing.kind().as_str() == question.resource.kind
            && (standing.partner_kind, standing.partner_status) == (partner.kind, partner.status)
            && standing.rights().is_empty()
    };
    let is_said = !question.context.is_empty() || !question.action.properties.is_empty();
    let is_allowed = |standing: &Standing| {
        let cell = if is_said { None } else { table::permits_standing(bundle, action, standing) };
        cell.unwrap_or_else(|| {
            let of_standing = standing.question(action);
            let asked = Question { subject: of_standing.subject, resource: of_standing.resource, ..question.clone() };
            permits(bundle, Namespace::Domain, &asked, &standing.facts())
        })
    };
    Standing::all().filter(is_asked).any(|standing| is_allowed(&standing))
}

/// Could a partner be allowed the action of a question on its resource that neither sold nor administers it? The id of
/// the subject is not read; `facts` are those of the resource.
#[must_use]
pub fn allows_unrelated_subject(bundle: &Bundle, question: &Question, facts: &Facts) -> bool {
    if question.subject.kind != Kind::Partner.as_str() || !table::sees_standings(bundle, &question.action.name) {
        return true;
    }
    let Some(service) = facts.service_of(&question.resource.target()) else { return true };
    let known = |id: &PartnerId| {
        facts.partners.contains_key(id)
            || facts.services.values().any(|administrators| administrators.contains(id))
            || facts.subscriptions.values().any(|subscription| subscription.original_reseller.as_ref() == Some(id))
            || facts.relationships.values().any(|pairs| pairs.contains_key(id))
    };
    let unknown = (0_u64..).filter_map(|count| format!("~{count}").parse().ok()).find(|id| !known(id));
    let Some(unrelated) = unknown else { return true };
    let mut question = question.clone();
    question.subject.id = unrelated.to_string();
    for partner in partners() {
        for related in [None].into_iter().chain(RelationshipState::ALL.iter().copied().map(Some)) {
            let mut facts = facts.clone();
            facts.partners.insert(unrelated.clone(), partner.clone());
            if let Some(state) = related {
                let pairs = facts.relationships.entry(service.customer.clone()).or_default();
                pairs.insert(unrelated.clone(), state);
            }
            if permits(bundle, Namespace::Domain, &question, &facts) {
                return true;
            }
        }
    }
    false
}

/// Do the rules refuse everything to every partner that neither sold nor administers what it asks about?
#[must_use]
pub fn refuses_unrelated(bundle: &Bundle) -> bool {
    let refuses = |(name, action): (&str, &ActionShape)| {
        let kinds = [Kind::Service, Kind::Subscription].into_iter().map(Kind::as_str);
        kinds.filter(|kind| action.resources.contains(*kind)).all(|kind| {
            let question = Question::new(Entity::new(Kind::Partner.as_str(), ""), name, Entity::new(kind, ""));
            partners().all(|partner| !allows_unrelated_resource(bundle, &question, &partner))
        })
    };
    table::refuses_unrelated(bundle, || bundle.vocabulary().actions(Namespace::Domain.as_str()).all(refuses))
}

/// Every partner that a rule can tell from the others.
fn partners() -> impl Iterator<Item = PartnerFacts> {
    let of = |&kind: &PartnerKind| PartnerStatus::ALL.iter().map(move |&status| PartnerFacts { kind, status });
    PartnerKind::ALL.iter().flat_map(of)
}
