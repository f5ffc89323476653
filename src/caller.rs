//! Who calls: the subject of every call of this service itself, the person behind it, and how that is known.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::decide::visitor;
use crate::facts::Role;
use crate::id::{CustomerId, PartnerId, TokenId};
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
    /// Somebody who has not said who they are, or not so that it can be believed.
    Visitor,
}

impl Caller {
    /// The caller of a server that asks no credentials.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::Operator { id: "anonymous".to_owned(), role: Role::Operator }
    }

    /// The caller on the server's own machine.
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
            Self::Visitor => visitor(),
        }
    }
}

/// A caller as records name it, from how somebody writes it: `partner:contoso`, or `Partner::contoso` as a type and an
/// id; nothing where it can be no caller. One of type `Operator` has its role in front of its id in a record, so that the
/// type alone names none.
#[must_use]
pub fn named_caller(given: &str) -> Option<String> {
    let visitor = visitor();
    if matches!(given, "visitor" | "Visitor") || given == format!("{}::{}", visitor.kind, visitor.id) {
        return Some(Caller::Visitor.to_string());
    }
    let (is_entity, kind, id) = match given.split_once("::") {
        Some((kind, id)) if !kind.contains(':') => (true, kind, id),
        _ => given.split_once(':').map_or((false, given, ""), |(kind, id)| (false, kind, id)),
    };
    let caller = match (is_entity, kind) {
        (false, "partner") | (true, "Partner") => Caller::Partner { id: id.parse().ok()? }.to_string(),
        (false, "customer") | (true, "Customer") => Caller::Customer { id: id.parse().ok()? }.to_string(),
        (false, role) if !id.is_empty() => Caller::Operator { id: id.to_owned(), role: role.parse().ok()? }.to_string(),
        _ => return None,
    };
    Some(caller)
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator { id, role } => write!(f, "{role}:{id}"),
            Self::Partner { id } => write!(f, "partner:{id}"),
            Self::Customer { id } => write!(f, "customer:{id}"),
            Self::Visitor => f.write_str("visitor"),
        }
    }
}

/// The issuer of the persons that this service names itself, with their tokens.
pub const OWN_ISSUER: &str = "standing";

/// Somebody, whoever they speak for: what four eyes are counted by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Person {
    /// Who says who it is; [`OWN_ISSUER`] where a token of this service does.
    pub issuer: String,
    /// Who it is, as the issuer names them.
    pub subject: String,
}

impl Person {
    /// A person that a token of this service names.
    #[must_use]
    pub fn of_token(subject: impl Into<String>) -> Self {
        Self { issuer: OWN_ISSUER.to_owned(), subject: subject.into() }
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.subject, self.issuer)
    }
}

/// How a caller was established.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "camelCase")]
pub enum Proof {
    /// By an access token of this service.
    Token {
        /// Its public name.
        id: TokenId,
    },
    /// By a JSON Web Token of an issuer that the settings name.
    Jwt {
        /// Which.
        issuer: String,
    },
    /// By signing in at a provider that the settings name.
    SignIn {
        /// Its issuer.
        issuer: String,
    },
    /// By a client certificate that the settings name.
    Certificate {
        /// Its SHA-256 in hexadecimal.
        sha256: String,
    },
    /// By reaching the socket in the data directory, which only its owner can.
    Socket,
    /// Not at all: no credentials are asked here.
    Unasked,
    /// The service itself did it, for example by its schedule.
    Service,
}

impl Proof {
    /// The access token that it is, if it is one.
    #[must_use]
    pub const fn token(&self) -> Option<&TokenId> {
        match self {
            Self::Token { id } => Some(id),
            Self::Jwt { .. }
            | Self::SignIn { .. }
            | Self::Certificate { .. }
            | Self::Socket
            | Self::Unasked
            | Self::Service => None,
        }
    }
}

/// Who calls, the person behind it, and how both were established.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Whom the call speaks for.
    pub caller: Caller,
    /// Who makes it, where that is known.
    pub person: Option<Person>,
    /// How that was established.
    pub proof: Proof,
    /// Until when what came with the call proves that, where it says so itself.
    pub until: Option<Timestamp>,
}

impl Identity {
    /// Whoever calls a server that asks no credentials.
    #[must_use]
    pub fn anonymous() -> Self {
        Self { caller: Caller::anonymous(), person: None, proof: Proof::Unasked, until: None }
    }

    /// Somebody who calls what needs no credentials, and is asked for none.
    #[must_use]
    pub fn visitor() -> Self {
        Self { caller: Caller::Visitor, person: None, proof: Proof::Unasked, until: None }
    }

    /// Whoever reaches the socket in the data directory.
    #[must_use]
    pub fn local() -> Self {
        Self { caller: Caller::local(), person: None, proof: Proof::Socket, until: None }
    }

    /// The service itself, on behalf of whoever runs it.
    #[must_use]
    pub fn service() -> Self {
        Self { caller: Caller::local(), person: None, proof: Proof::Service, until: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_named_as_records_have_it_or_as_a_type_and_an_id_and_anything_else_is_none() {
        for (given, named) in [
            ("partner:contoso", Some("partner:contoso")),
            ("Partner::contoso", Some("partner:contoso")),
            ("Customer::adatum", Some("customer:adatum")),
            ("auditor:dns:gateway.example", Some("auditor:dns:gateway.example")),
            ("operator:anonymous", Some("operator:anonymous")),
            ("visitor", Some("visitor")),
            ("Visitor", Some("visitor")),
            ("Operator::anonymous", None),
            ("anonymous", None),
            ("partner::contoso", None),
            ("Partner:contoso", None),
            ("partner:", None),
            ("Partner::", None),
            ("operator:", None),
            ("nobody:x", None),
            ("visitor:x", None),
            ("", None),
        ] {
            assert_eq!(named_caller(given).as_deref(), named, "{given}");
        }
        let of_entity = |caller: &Caller| {
            let entity = caller.entity();
            named_caller(&format!("{}::{}", entity.kind, entity.id))
        };
        assert_eq!(of_entity(&Caller::Visitor).as_deref(), Some("visitor"));
    }
}
