//! Who calls: the subject of every call of this service itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::facts::Role;
use crate::id::{CustomerId, PartnerId};
use crate::question::{Entity, Kind};

/// Somebody who calls, as their access token says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Caller {
    /// Somebody who runs or reads the service.
    Operator {
        /// The token's public name, or where the caller comes from (`anonymous`, `socket`).
        id: String,
        /// What the token was created for.
        role: Role,
    },
    /// A partner, for itself.
    Partner {
        /// Which.
        id: PartnerId,
    },
    /// A customer's administrator, for the customer.
    Customer {
        /// Which.
        id: CustomerId,
    },
}

impl Caller {
    /// The caller of a server that asks no credentials.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::Operator { id: "anonymous".to_owned(), role: Role::Operator }
    }

    /// The caller beside the server, on its own machine.
    #[must_use]
    pub fn local() -> Self {
        Self::Operator { id: "local".to_owned(), role: Role::Operator }
    }

    /// The caller as the subject of a question.
    #[must_use]
    pub fn entity(&self) -> Entity {
        match self {
            Self::Operator { id, .. } => Entity::new(Kind::Operator.as_str(), id.clone()),
            Self::Partner { id } => Entity::new(Kind::Partner.as_str(), id.as_str()),
            Self::Customer { id } => Entity::new(Kind::Customer.as_str(), id.as_str()),
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator { id, role } => write!(f, "{role}:{id}"),
            Self::Partner { id } => write!(f, "partner:{id}"),
            Self::Customer { id } => write!(f, "customer:{id}"),
        }
    }
}
