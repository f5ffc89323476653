//! One type per kind of name, parsed at the edge.
//!
//! A name that exists is legal: 1 to 128 of `A-Za-z0-9._~@:+-`. A [`ServiceId`] is a customer and the name
//! of one of its services, written `customer/service`. In a *question* any other string is simply unknown, so
//! questions carry plain strings and only what is stored carries these types.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::limits::ID_LENGTH_MAX;

/// Why a string is not a legal name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The string is empty.
    #[error("{what} is empty; give 1 to {ID_LENGTH_MAX} characters")]
    Empty {
        /// What the string should have named.
        what: &'static str,
    },
    /// The string is longer than any name may be.
    #[error("{what} has {length} characters; give at most {ID_LENGTH_MAX}")]
    TooLong {
        /// What the string should have named.
        what: &'static str,
        /// How long it is, in bytes.
        length: usize,
    },
    /// A character that no name may hold.
    #[error("{what} `{input}` holds `{character}`; use only `A-Za-z0-9._~@:+-`")]
    Character {
        /// What the string should have named.
        what: &'static str,
        /// The string as given.
        input: String,
        /// The first character that is not allowed.
        character: char,
    },
    /// A service id without its customer.
    #[error("service `{input}` names no customer; write `customer/service`")]
    NoCustomer {
        /// The string as given.
        input: String,
    },
}

/// May a name hold the character?
fn may_hold(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._~@:+-".contains(&byte)
}

/// Is it a legal name?
#[must_use]
pub fn is_legal(name: &str) -> bool {
    (1..=ID_LENGTH_MAX).contains(&name.len()) && name.bytes().all(may_hold)
}

fn legal(what: &'static str, input: &str) -> Result<(), IdError> {
    if is_legal(input) {
        return Ok(());
    }
    if input.is_empty() {
        return Err(IdError::Empty { what });
    }
    if input.len() > ID_LENGTH_MAX {
        return Err(IdError::TooLong { what, length: input.len() });
    }
    let character = input.chars().find(|&c| !u8::try_from(c).is_ok_and(may_hold)).unwrap_or_default();
    Err(IdError::Character { what, input: input.to_owned(), character })
}

/// The pattern of a legal name, less its length.
const PATTERN: &str = "^[A-Za-z0-9._~@:+-]+$";

/// A name as the document of the wire format describes it.
fn described(what: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(format!("The id of a {what}: 1 to {ID_LENGTH_MAX} of `A-Za-z0-9._~@:+-`")))
        .min_length(Some(1))
        .max_length(Some(ID_LENGTH_MAX))
        .pattern(Some(PATTERN))
        .into()
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as it is written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(input: &str) -> Result<Self, IdError> {
                legal($what, input).map(|()| Self(input.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(input: String) -> Result<Self, IdError> {
                input.parse()
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                described($what)
            }
        }

        impl utoipa::ToSchema for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($what, " `{}`"), self.0)
            }
        }
    )*};
}

names! {
    /// A partner's tenant; not its MPN id.
    PartnerId = "partner";
    /// A customer's tenant.
    CustomerId = "customer";
    /// What a customer subscribes to, for example `office365`; an open key, data and not code.
    ServiceName = "service";
    /// One subscription of one customer.
    SubscriptionId = "subscription";
    /// A partner's number in the partner network; the partner of record is one of these, never a [`PartnerId`].
    MpnId = "mpn id";
    /// The offer a subscription was bought under.
    OfferId = "offer";
    /// An access token's public name; the secret itself is never stored.
    TokenId = "token";
    /// The public name of a session on the pages; the secret of its cookie is never stored.
    SessionId = "session";
    /// A draft of rules.
    DraftId = "draft";
}

/// A service of one customer, written `customer/service`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceId {
    /// Whose service it is.
    pub customer: CustomerId,
    /// Which service it is.
    pub service: ServiceName,
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.customer, self.service)
    }
}

impl FromStr for ServiceId {
    type Err = IdError;
    fn from_str(input: &str) -> Result<Self, IdError> {
        let (customer, service) =
            input.split_once('/').ok_or_else(|| IdError::NoCustomer { input: input.to_owned() })?;
        Ok(Self { customer: customer.parse()?, service: service.parse()? })
    }
}

impl TryFrom<String> for ServiceId {
    type Error = IdError;
    fn try_from(input: String) -> Result<Self, IdError> {
        input.parse()
    }
}

impl From<ServiceId> for String {
    fn from(id: ServiceId) -> Self {
        id.to_string()
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The one after this.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(input: &str) -> Result<Self, Self::Err> {
                input.parse().map(Self)
            }
        }
    )*};
}

counters! {
    /// A moment of the store: every write is one. Revision 0 is the empty store.
    Revision;
    /// The place of a record in the ledger; the first record is 1.
    Seq;
}
