//! Which keys a store knows, so that a missing one is noticed: the secrets are in files of their own.

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::metadata_changes::MetadataChanges;
use super::redb_file::Store;

/// Their row.
const KEY: &[u8] = b"!keys";

/// The keys a store knows, by what is no secret of them.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KnownKeys {
    /// The public keys that the ledger's checkpoints were signed with, as `ledger.pub` holds them; the last one signs.
    pub ledger: Vec<String>,
    /// The names of the keys that links are signed with, newest first, without those that are retired.
    pub links: Vec<String>,
    /// The names of those that are retired.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<String>,
}

impl MetadataChanges {
    /// Sets the keys the store knows.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be put into bytes.
    pub fn put_known_keys(&mut self, keys: &KnownKeys) -> Result<(), StoreError> {
        self.put(KEY.to_vec(), keys)
    }
}

impl Store {
    /// The keys the store knows; nothing where they were never stored.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn known_keys(&self) -> Result<Option<KnownKeys>, StoreError> {
        self.metadata(|metadata| metadata.row(KEY))
    }

    /// Was anything ever written by a call?
    ///
    /// # Errors
    /// [`StoreError`] when the ledger cannot be read.
    pub fn has_lived(&self) -> Result<bool, StoreError> {
        Ok(self.revision().0 > 0 || self.records()? > 0)
    }
}
