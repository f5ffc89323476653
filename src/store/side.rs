//! What is kept beside the facts: access tokens, and answers remembered for retries.

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::redb_file::Store;
use super::view::{decode, encode};
use super::writer::Committed;
use crate::audit::Recorded;
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

    /// Writes a token, or another version of it, with the record of the call that did it.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is written.
    pub async fn put_token(&self, token: Token, records: Vec<Recorded>) -> Result<Committed<()>, StoreError> {
        let row = encode(&token)?;
        self.put_side(token_key(&token.id), row, records).await
    }
}
