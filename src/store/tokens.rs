//! Reading and writing access tokens.

use super::StoreError;
use super::log::WriteContext;
use super::metadata_changes::MetadataChanges;
use super::redb_file::Store;
use super::token::{Token, token_key};
use crate::caller::Caller;
use crate::id::TokenId;

impl Store {
    /// A token by its public name.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read, or is not the one that the journal knows; then nobody is let in.
    pub fn token(&self, id: &TokenId) -> Result<Option<Token>, StoreError> {
        self.metadata(|metadata| metadata.row(&token_key(id)))
    }

    /// Every token, in the order of their names.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let tokens = self.metadata(|metadata| metadata.rows(b"t", b"u", usize::MAX))?;
        Ok(tokens.into_iter().map(|(_, token)| token).collect())
    }

    /// Was a token ever created, even if it was revoked?
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be read.
    pub fn has_tokens(&self) -> Result<bool, StoreError> {
        self.metadata(|metadata| Ok(!metadata.keys(b"t", b"u").is_empty()))
    }
}

impl MetadataChanges {
    /// Stores a token as it is now.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_token(&mut self, token: &Token) -> Result<(), StoreError> {
        self.put(token_key(&token.id), token)
    }
}

impl WriteContext<'_> {
    /// A token by its public name, as it is where the change is made.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn token(&self, id: &TokenId) -> Result<Option<Token>, StoreError> {
        self.metadata.row(&token_key(id))
    }

    /// How many tokens were ever created that speak for a role.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn tokens_of(&self, speaks_for: impl Fn(&Caller) -> bool) -> Result<usize, StoreError> {
        let tokens = self.metadata.rows::<Token>(b"t", b"u", usize::MAX)?;
        Ok(tokens.iter().filter(|(_, token)| speaks_for(&token.caller)).count())
    }
}
