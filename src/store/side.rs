//! What is kept beside the facts: access tokens, and answers remembered for retries.

use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::redb_file::Store;
use super::rules::Beside;
use super::view::decode;
use super::writer::Desk;
use crate::caller::Caller;
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
    /// What people call it; tokens of an earlier day have no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whose it is, as whoever created it named them; nothing when it is a person of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The token that created it; nothing when it was created beside the server, or on an earlier day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<TokenId>,
    /// When it was created.
    pub created: Timestamp,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
    /// The SHA-256 of the secret.
    pub sha256: [u8; 32],
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

fn token_key(id: &TokenId) -> Vec<u8> {
    [b"t", id.as_str().as_bytes()].concat()
}

impl Store {
    /// A token by its public name.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read; then nobody is let in.
    pub fn token(&self, id: &TokenId) -> Result<Option<Token>, StoreError> {
        self.side()?.get(token_key(id).as_slice())?.map(|token| decode(token.value())).transpose()
    }

    /// Every token, in the order of their names.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let mut tokens = Vec::new();
        for found in self.side()?.range::<&[u8]>(b"t".as_slice()..b"u".as_slice())? {
            tokens.push(decode(found?.1.value())?);
        }
        Ok(tokens)
    }
}

impl Beside {
    /// Keeps a token as it is now.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_token(&mut self, token: &Token) -> Result<(), StoreError> {
        self.put(token_key(&token.id), token)
    }
}

impl Desk<'_> {
    /// A token by its public name, as it is where the change is made.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn token(&self, id: &TokenId) -> Result<Option<Token>, StoreError> {
        self.side.get(token_key(id).as_slice())?.map(|token| decode(token.value())).transpose()
    }

    /// How many tokens were ever created that speak for a role.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn tokens_of(&self, speaks_for: impl Fn(&Caller) -> bool) -> Result<usize, StoreError> {
        let mut count = 0;
        for found in self.side.range::<&[u8]>(b"t".as_slice()..b"u".as_slice())? {
            let token: Token = decode(found?.1.value())?;
            count += usize::from(speaks_for(&token.caller));
        }
        Ok(count)
    }
}
