//! What must be known to answer, and what was found.
//!
//! [`Needs`] says which facts a question turns on; [`Facts`] is what the store held of them at one revision and one
//! moment. A decision is a function of its question, its facts and its rules, so a record that holds the facts can
//! be decided again. Facts hold ids and statuses only, no names.

mod plain;

pub use plain::{PlainFacts, PlainSubscription};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::words;
use crate::id::{CustomerId, PartnerId, Revision, ServiceId, SubscriptionId};
use crate::question::{Entity, Kind, Target};

/// What must be known to answer a question.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Needs {
    /// Who asks to act.
    pub subject: Target,
    /// What would be acted on.
    pub resource: Target,
}

impl Needs {
    /// What a question about `subject` and `resource` turns on.
    #[must_use]
    pub fn of(subject: &Entity, resource: &Entity) -> Self {
        Self { subject: subject.target(), resource: resource.target() }
    }
}

words! {
    /// What is not known, by its place in the question and its type.
    Unknown {
        /// No partner of that id is registered.
        Partner = "unknown_partner",
        /// No customer of that id is registered.
        Customer = "unknown_customer",
        /// The customer is known, but no grant or subscription names that service.
        Service = "unknown_service",
        /// No subscription of that id is registered.
        Subscription = "unknown_subscription",
        /// No operator of that id.
        Operator = "unknown_operator",
        /// A subject of a type this store does not hold.
        Subject = "unknown_subject",
        /// A resource of a type this store does not hold.
        Resource = "unknown_resource",
    }
}

impl Unknown {
    /// What is unknown when nothing of `kind` has the id.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Partner => Self::Partner,
            Kind::Customer => Self::Customer,
            Kind::Service => Self::Service,
            Kind::Subscription => Self::Subscription,
            Kind::Operator => Self::Operator,
        }
    }
}

words! {
    /// What an access token was created for.
    Role {
        /// Runs the service, and may make every call.
        Operator = "operator",
        /// Tells facts.
        Registrar = "registrar",
        /// Asks for decisions.
        Asker = "asker",
        /// Judges rules.
        Reviewer = "reviewer",
        /// Reads everything.
        Auditor = "auditor",
    }
}

/// What decides about a partner.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PartnerFacts {
    /// How it takes part.
    pub kind: PartnerKind,
    /// Whether it is in good standing.
    pub status: PartnerStatus,
}

/// What decides about a subscription.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionFacts {
    /// The customer's service it is of.
    pub service: ServiceId,
    /// Where it stands in its life.
    pub status: SubscriptionStatus,
    /// The partner that sold it; of an add-on, nobody: its parent's counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_reseller: Option<PartnerId>,
    /// The subscription it adds to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<SubscriptionId>,
}

/// What was found, at one revision and one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Facts {
    /// The revision all of it was read at.
    pub revision: Revision,
    /// The moment for which end dates were judged.
    pub at: Timestamp,
    /// Partners that are known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub partners: BTreeMap<PartnerId, PartnerFacts>,
    /// Customers that are known.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub customers: BTreeSet<CustomerId>,
    /// Services that are known, each with the whole set of its delegated administrators.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<ServiceId, BTreeSet<PartnerId>>,
    /// Subscriptions that are known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub subscriptions: BTreeMap<SubscriptionId, SubscriptionFacts>,
    /// Commercial relationships, by customer and partner; a pair that is not here has none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub relationships: BTreeMap<CustomerId, BTreeMap<PartnerId, RelationshipState>>,
    /// People who run or read the service, by their token.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub operators: BTreeMap<String, Role>,
    /// The subject, when it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_subject: Option<Unknown>,
    /// The resource, when it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_resource: Option<Unknown>,
}

impl Facts {
    /// Whether the commercial relationship of a customer and a partner stands; nothing when there never was one.
    #[must_use]
    pub fn relationship(&self, customer: &CustomerId, partner: &PartnerId) -> Option<RelationshipState> {
        self.relationships.get(customer)?.get(partner).copied()
    }

    /// The partner that sold a subscription, or its parent.
    #[must_use]
    pub fn original_reseller<'a>(&'a self, subscription: &'a SubscriptionFacts) -> Option<&'a PartnerId> {
        match &subscription.parent {
            Some(parent) => self.subscriptions.get(parent)?.original_reseller.as_ref(),
            None => subscription.original_reseller.as_ref(),
        }
    }

    /// The service a resource is or belongs to.
    #[must_use]
    pub fn service_of(&self, resource: &Target) -> Option<ServiceId> {
        match resource {
            Target::Service(service) => Some(service.clone()),
            Target::Subscription(id) => self.subscriptions.get(id).map(|subscription| subscription.service.clone()),
            _ => None,
        }
    }
}
