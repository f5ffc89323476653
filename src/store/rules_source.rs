//! Where rules come from, as configured for the last server: stored for the next start and for commands.

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

    /// Sets the folder of the rules' files.
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

    /// The folder of the rules as the last server was configured; nothing in a store that never had one.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn rules_at(&self) -> Result<Option<RulesAt>, StoreError> {
        self.metadata(|metadata| metadata.row(b"w"))
    }
}
