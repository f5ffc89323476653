//! Where rules come from, as the last server was told: kept beside them, for the next start and for commands.

use super::StoreError;
use super::metadata_changes::MetadataChanges;
use super::redb_file::Store;
use crate::config::{RulesAt, RulesFrom};

impl MetadataChanges {
    /// Notes where rules come from.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_rules_from(&mut self, from: RulesFrom) -> Result<(), StoreError> {
        self.put(b"o".to_vec(), &from)
    }

    /// Notes whether who approves has to be known by another issuer than this service.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_needs_persons(&mut self, needs_persons: bool) -> Result<(), StoreError> {
        self.put(b"q".to_vec(), &needs_persons)
    }

    /// Notes where the files of the rules stand.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be put into bytes.
    pub fn put_rules_at(&mut self, at: &RulesAt) -> Result<(), StoreError> {
        self.put(b"w".to_vec(), at)
    }
}

impl Store {
    /// Where rules come from, as the last server said.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn rules_from(&self) -> Result<RulesFrom, StoreError> {
        Ok(self.metadata(|metadata| metadata.row(b"o"))?.unwrap_or_default())
    }

    /// Whether who approves has to be known by another issuer than this service, as the last server said.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn needs_persons(&self) -> Result<bool, StoreError> {
        Ok(self.metadata(|metadata| metadata.row(b"q"))?.unwrap_or_default())
    }

    /// Where the files of the rules stand, as the last server was told; nothing in a store that was never told.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn rules_at(&self) -> Result<Option<RulesAt>, StoreError> {
        self.metadata(|metadata| metadata.row(b"w"))
    }
}
