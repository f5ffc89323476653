//! Rows of the metadata beside the journal: nothing opens by them, so they may be written over.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::log::Written;
use super::queue::Kind;
use super::redb_file::Store;
use super::tables::METADATA;
use super::token::{Remembered, remembered_key};
use super::view::{decode, encode};

impl Store {
    /// A row, as it was last written.
    pub(super) fn unjournaled<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        let table = self.read()?.open_table(METADATA)?;
        let found = table.get(key)?;
        found.map(|found| decode(found.value())).transpose()
    }

    /// The answer that is remembered under a key.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn remembered(&self, key: &[u8]) -> Result<Option<Remembered>, StoreError> {
        self.unjournaled(&remembered_key(key))
    }

    /// Writes a row.
    pub(super) async fn put_unjournaled<T: Serialize>(&self, key: Vec<u8>, row: &T) -> Result<(), StoreError> {
        let row = encode(row)?;
        let written = self.queue().wait(Kind::Record, move |batch| {
            batch.metadata_table.insert(key.as_slice(), row.as_slice())?;
            batch.is_real = true;
            Ok(Ok(Written { value: (), revision: batch.revision, seqs: Vec::new() }))
        });
        written.await.map(drop)
    }
}
