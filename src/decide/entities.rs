//! Our facts in Cedar's words, and the standing they give; the only file that spells both languages.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::str::FromStr;
use std::sync::LazyLock;

use cedar_policy::{
    Entities, Entity, EntityAttrEvaluationError, EntityId, EntityTypeName, EntityUid, RestrictedExpression,
};

use super::decision::Duty;
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::facts::{Facts, PartnerFacts, Role, SubscriptionFacts};
use crate::policy::{
    Bundle, COMMERCIAL_RELATIONSHIP, Finding, ORIGINAL_RESELLER, RELATIONSHIP, RESELLER, SALE, SaleWords, full,
};
use crate::question::{Kind, Question, Target};

/// The types that every decision names, read once: Cedar reads a name with its whole parser.
static NAMES: LazyLock<BTreeMap<&str, EntityTypeName>> = LazyLock::new(|| {
    let kinds = Kind::ALL.iter().map(|kind| kind.as_str()).chain(["Action", "Api::Action", "Api::Installation"]);
    kinds.filter_map(|kind| Some((kind, EntityTypeName::from_str(kind).ok()?))).collect()
});

/// The Cedar name of an entity; nothing when the type cannot be one.
pub(super) fn uid(kind: &str, id: &str) -> Option<EntityUid> {
    let name = match NAMES.get(kind) {
        Some(name) => name.clone(),
        None => EntityTypeName::from_str(kind).ok()?,
    };
    Some(EntityUid::from_type_name_and_id(name, EntityId::new(id)))
}

fn own(kind: Kind, id: &str) -> Option<EntityUid> {
    uid(kind.as_str(), id)
}

fn reference(kind: Kind, id: &str) -> Option<RestrictedExpression> {
    own(kind, id).map(RestrictedExpression::new_entity_uid)
}

fn word(word: &str) -> Option<RestrictedExpression> {
    Some(RestrictedExpression::new_string(word.to_owned()))
}

/// An entity whose facts cannot be put into Cedar's words.
#[derive(Debug)]
pub(super) struct Unspeakable;

impl From<EntityAttrEvaluationError> for Unspeakable {
    fn from(_: EntityAttrEvaluationError) -> Self {
        Self
    }
}

fn entity(
    kind: Kind,
    id: &str,
    attributes: impl IntoIterator<Item = (&'static str, Option<RestrictedExpression>)>,
) -> Result<Entity, Unspeakable> {
    let attributes: Option<HashMap<_, _>> =
        attributes.into_iter().map(|(name, value)| value.map(|value| (name.to_owned(), value))).collect();
    Ok(Entity::new(own(kind, id).ok_or(Unspeakable)?, attributes.ok_or(Unspeakable)?, HashSet::new())?)
}

/// The entities of the facts, in the words of the schema of a set of rules.
pub(super) fn of(bundle: &Bundle, facts: &Facts) -> Result<Vec<Entity>, Unspeakable> {
    in_words(bundle.sale_words(), facts)
}

/// The entities of the facts, with a sale said in those words.
pub(super) fn in_words(words: SaleWords, facts: &Facts) -> Result<Vec<Entity>, Unspeakable> {
    let mut entities = Vec::with_capacity(8);
    for (id, partner) in &facts.partners {
        let attributes = [("kind", word(partner.kind.as_str())), ("status", word(partner.status.as_str()))];
        entities.push(entity(Kind::Partner, id.as_str(), attributes)?);
    }
    for id in &facts.customers {
        entities.push(entity(Kind::Customer, id.as_str(), [])?);
    }
    for (id, administrators) in &facts.services {
        let administrators: Option<Vec<_>> =
            administrators.iter().map(|partner| reference(Kind::Partner, partner.as_str())).collect();
        let attributes = [
            ("customer", reference(Kind::Customer, id.customer.as_str())),
            ("delegatedAdministrators", administrators.map(RestrictedExpression::new_set)),
        ];
        entities.push(entity(Kind::Service, &id.to_string(), attributes)?);
    }
    for (id, subscription) in &facts.subscriptions {
        entities.push(entity(Kind::Subscription, id.as_str(), subscription_attributes(words, facts, subscription))?);
    }
    for (id, role) in &facts.operators {
        entities.push(entity(Kind::Operator, id, [("role", word(role.as_str()))])?);
    }
    Ok(entities)
}

fn subscription_attributes(
    words: SaleWords,
    facts: &Facts,
    subscription: &SubscriptionFacts,
) -> Vec<(&'static str, Option<RestrictedExpression>)> {
    let customer = &subscription.service.customer;
    let mut attributes = vec![
        ("customer", reference(Kind::Customer, customer.as_str())),
        ("service", reference(Kind::Service, &subscription.service.to_string())),
        ("status", word(subscription.status.as_str())),
    ];
    if let Some(parent) = &subscription.parent {
        attributes.push(("parent", reference(Kind::Subscription, parent.as_str())));
    }
    if let Some(reseller) = facts.original_reseller(subscription) {
        // A sale begins the relationship, so one that is missing is a fault of the store: it gives no right.
        let state = facts.relationship(customer, reseller).unwrap_or(RelationshipState::Ended);
        let (reseller, state) = (reference(Kind::Partner, reseller.as_str()), word(state.as_str()));
        match words {
            SaleWords::Together => attributes.push((SALE, sale(reseller, state))),
            SaleWords::Apart => attributes.extend([(ORIGINAL_RESELLER, reseller), (COMMERCIAL_RELATIONSHIP, state)]),
        }
    }
    attributes
}

fn sale(reseller: Option<RestrictedExpression>, state: Option<RestrictedExpression>) -> Option<RestrictedExpression> {
    let members = [(RESELLER.to_owned(), reseller?), (RELATIONSHIP.to_owned(), state?)];
    RestrictedExpression::new_record(members).ok()
}

/// The duties of the subject of a question towards the customer of its resource.
pub(super) fn duties(question: &Question, facts: &Facts) -> Vec<Duty> {
    let resource = question.resource.target();
    let customer = match &resource {
        Target::Customer(customer) => Some(customer.clone()),
        other => facts.service_of(other).map(|service| service.customer),
    };
    match (question.subject.target(), customer) {
        (Target::Partner(partner), Some(customer))
            if facts.relationship(&customer, &partner) == Some(RelationshipState::Active) =>
        {
            Duty::ALL.to_vec()
        }
        _ => Vec::new(),
    }
}

/// Checks that what our facts become is what a schema declares: a reviewer's schema may add to the words the rules
/// use, but what the store holds has to keep its name and shape. Which words an attribute may hold is another thing:
/// [`Bundle::missing_words`].
///
/// # Errors
/// A [`Finding`] about the schema.
pub fn check_schema(bundle: &Bundle) -> Result<(), Finding> {
    let mended = |message: String| Finding::whole("schemas", message, "keep the shipped attributes as they are");
    let mut entities =
        of(bundle, &specimen()).map_err(|Unspeakable| mended("the facts cannot be said in this schema".into()))?;
    if let Some(other) = bundle.sale_words().mixed_with(bundle.vocabulary()) {
        // A rule that asks for it would never find it.
        return Err(mended(format!("the schema says a sale in two ways, and no fact fills `Subscription.{other}`")));
    }
    let installation = super::installation();
    // A proof takes those a schema lists for all there are.
    let kinds = Kind::ALL.iter().map(|kind| kind.as_str()).chain([installation.kind.as_str(), super::VISITOR.0]);
    if let Some(kind) = kinds.into_iter().find(|kind| bundle.vocabulary().is_enumerated(kind)) {
        return Err(mended(format!("`{kind}` lists its entities, and the store may hold others")));
    }
    if bundle.vocabulary().entity(&installation.kind).is_some() {
        entities.extend(uid(&installation.kind, &installation.id).map(Entity::with_uid));
    }
    Entities::from_entities(entities, Some(bundle.schema()))
        .map_err(|error| mended(format!("the schema does not hold the facts that are stored: {}", full(&error))))?;
    Ok(())
}

/// Facts that show every attribute the store can give, and leave out each that it can leave out.
pub(super) fn specimen() -> Facts {
    let mut facts = Facts::default();
    let (Ok(partner), Ok(service)) =
        ("partner".parse::<crate::id::PartnerId>(), "customer/service".parse::<crate::id::ServiceId>())
    else {
        return facts;
    };
    facts
        .partners
        .insert(partner.clone(), PartnerFacts { kind: PartnerKind::DirectBill, status: PartnerStatus::Active });
    facts.customers.insert(service.customer.clone());
    facts.services.insert(service.clone(), [partner.clone()].into());
    facts.operators.insert("operator".to_owned(), Role::Operator);
    facts.relationships.insert(service.customer.clone(), [(partner.clone(), RelationshipState::Active)].into());
    let sold = SubscriptionFacts {
        service,
        status: SubscriptionStatus::Active,
        original_reseller: Some(partner),
        parent: None,
    };
    if let (Ok(base), Ok(add_on)) = ("base".parse::<crate::id::SubscriptionId>(), "add-on".parse()) {
        let added = SubscriptionFacts { original_reseller: None, parent: Some(base.clone()), ..sold.clone() };
        facts.subscriptions.extend([(base, sold.clone()), (add_on, added)]);
    }
    if let Ok(direct) = "direct".parse() {
        facts.subscriptions.insert(direct, SubscriptionFacts { original_reseller: None, ..sold });
    }
    facts
}
