//! Access tokens, and answers remembered for retries, as they are kept.

use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Person};
use crate::clock::Timestamp;
use crate::id::TokenId;

/// An access token as it is kept: never the secret, only its hash.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Its public name.
    pub id: TokenId,
    /// Who it speaks for.
    pub caller: Caller,
    /// What people call it; tokens of an earlier version have no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whose it is, as whoever created it named them; nothing when it is a person of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The token that created it; nothing when a command created it, or an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<TokenId>,
    /// Who created it, where that was neither a token nor a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<Maker>,
    /// When it was created.
    pub created: Timestamp,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
    /// The token that it replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<TokenId>,
    /// The SHA-256 of the secret.
    pub sha256: [u8; 32],
}

/// Who created a token, where that was proved by another proof than a token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Maker {
    /// Whom the call spoke for.
    pub caller: Caller,
    /// Who made it, where that was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
}

impl Token {
    /// Does it open anything at a time: is it neither revoked nor over?
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }
}

/// An answer that is remembered, so that a retry with the same idempotency key gets it again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Remembered {
    /// The caller and its key.
    pub key: Vec<u8>,
    /// The SHA-256 of the request, so that a key is not used for two.
    pub request: [u8; 32],
    /// The answer, as JSON.
    pub answer: String,
    /// The revision it made.
    pub revision: crate::id::Revision,
    /// When it was remembered.
    pub at: Timestamp,
}

pub(super) fn remembered_key(key: &[u8]) -> Vec<u8> {
    [b"k", key].concat()
}

pub(super) fn token_key(id: &TokenId) -> Vec<u8> {
    [b"t", id.as_str().as_bytes()].concat()
}
