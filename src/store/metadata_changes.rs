//! The metadata that a change writes.

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::view::encode;

/// The metadata that a piece of work changes, in the same commit and in one entry of the journal.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MetadataChanges {
    /// The rows as they become; one of no bytes is taken away.
    pub(super) rows: Vec<(Vec<u8>, Vec<u8>)>,
    /// The rules it activates.
    pub(super) in_force: Option<(u64, String)>,
}

impl MetadataChanges {
    /// Does nothing change?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn put<T: Serialize>(&mut self, key: Vec<u8>, row: &T) -> Result<(), StoreError> {
        self.rows.push((key, encode(row)?));
        Ok(())
    }

    pub(super) fn remove(&mut self, key: Vec<u8>) {
        self.rows.push((key, Vec::new()));
    }
}
