//! What is asked: may this subject do this action on this resource?
//!
//! A question is made of plain strings: any of them may be unknown, and an unknown one is an answer, not an error.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::id::{CustomerId, PartnerId, ServiceId, SubscriptionId};

/// Members of a JSON object, in the order of their names.
pub type Members = Map<String, Value>;

/// A subject or a resource: its type, its id, and what the caller claims about it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Entity {
    /// The entity type, for example `Partner`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The id, unique within the type.
    pub id: String,
    /// What the caller claims about it; never read for the types our own store holds.
    #[schema(value_type = Option<Object>)]
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub properties: Members,
}

impl Entity {
    /// An entity about which nothing is claimed.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: id.into(), properties: Map::new() }
    }
}

/// An action: its name and what the caller says about this call of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Action {
    /// The name, for example `removeSeats`.
    pub name: String,
    /// What the caller says about it; rules see it as `context.action`.
    #[schema(value_type = Option<Object>)]
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub properties: Members,
}

/// A question whole.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = EvaluationRequest)]
pub struct Question {
    /// Who wants to act.
    pub subject: Entity,
    /// What they want to do.
    pub action: Action,
    /// What they want to do it to.
    pub resource: Entity,
    /// The circumstances.
    #[schema(value_type = Option<Object>)]
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub context: Members,
}

impl Question {
    /// A question about ids alone.
    pub fn new(subject: Entity, action: impl Into<String>, resource: Entity) -> Self {
        Self { subject, action: Action { name: action.into(), properties: Map::new() }, resource, context: Map::new() }
    }

    /// The same from a caller that says this, as rules see it: the properties of the action stand under `action`.
    #[must_use]
    pub fn saying(mut self, mut said: Members) -> Self {
        self.action.properties = match said.remove("action") {
            Some(Value::Object(properties)) => properties,
            _ => Map::new(),
        };
        self.context = said;
        self
    }

    /// What the caller says, as rules see it: what it says about the action under the one key that it cannot forge.
    #[must_use]
    pub fn said(&self) -> Members {
        let mut said = self.context.clone();
        said.remove("action");
        if !self.action.properties.is_empty() {
            said.insert("action".to_owned(), self.action.properties.clone().into());
        }
        said
    }
}

/// The entity types of our own domain, which are the AuthZEN `type` as it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A partner.
    Partner,
    /// A customer.
    Customer,
    /// A service of a customer, id `customer/service`.
    Service,
    /// A subscription.
    Subscription,
    /// Somebody who runs or reads this service.
    Operator,
}

impl Kind {
    /// Every type.
    pub const ALL: &'static [Self] =
        &[Self::Partner, Self::Customer, Self::Service, Self::Subscription, Self::Operator];

    /// The type as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Partner => "Partner",
            Self::Customer => "Customer",
            Self::Service => "Service",
            Self::Subscription => "Subscription",
            Self::Operator => "Operator",
        }
    }

    /// The type that is written so, if it is one of ours.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

/// A subject or resource of our own domain, as far as its id can be one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
    /// A partner.
    Partner(PartnerId),
    /// A customer.
    Customer(CustomerId),
    /// A service of a customer.
    Service(ServiceId),
    /// A subscription.
    Subscription(SubscriptionId),
    /// An id of one of our types that can name nothing.
    Nothing(Kind),
    /// A type our store does not hold.
    Foreign,
}

impl Target {
    /// The type it is of; nothing where it can be nothing that is stored.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Partner(_) => Some(Kind::Partner),
            Self::Customer(_) => Some(Kind::Customer),
            Self::Service(_) => Some(Kind::Service),
            Self::Subscription(_) => Some(Kind::Subscription),
            Self::Nothing(_) | Self::Foreign => None,
        }
    }

    /// It as a question names it; nothing where it can be nothing that is stored.
    #[must_use]
    pub fn entity(&self) -> Option<Entity> {
        let id = match self {
            Self::Partner(id) => id.to_string(),
            Self::Customer(id) => id.to_string(),
            Self::Service(id) => id.to_string(),
            Self::Subscription(id) => id.to_string(),
            Self::Nothing(_) | Self::Foreign => return None,
        };
        Some(Entity::new(self.kind()?.as_str(), id))
    }
}

impl Entity {
    /// What of our own domain this names.
    #[must_use]
    pub fn target(&self) -> Target {
        let Some(kind) = Kind::named(&self.kind) else { return Target::Foreign };
        let found = match kind {
            Kind::Partner => self.id.parse().ok().map(Target::Partner),
            Kind::Customer => self.id.parse().ok().map(Target::Customer),
            Kind::Service => self.id.parse().ok().map(Target::Service),
            Kind::Subscription => self.id.parse().ok().map(Target::Subscription),
            Kind::Operator => None,
        };
        found.unwrap_or(Target::Nothing(kind))
    }
}
