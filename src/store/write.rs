//! Writing: records, and changes computed from the newest facts.

use super::StoreError;
use super::batch::{recorded, salt};
use super::log::{self, WriteContext, Written};
use super::queue::Kind;
use super::records::Records;
use super::redb_file::Store;
use super::sheet::Work;
use crate::audit::{PlainRecord, Record, Recorded};

impl Store {
    /// Makes a record ready to be written: salted, and in the bytes that are hashed.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be; then what it is about must not be answered.
    pub fn recorded(&self, record: Record) -> Result<Recorded, StoreError> {
        recorded(record, &*self.random())
    }

    /// Makes the record of a plain question ready to be written.
    ///
    /// # Errors
    /// As [`Store::recorded`].
    pub fn recorded_plain(&self, record: &PlainRecord<'_>) -> Result<Recorded, StoreError> {
        let salt = salt(&*self.random())?;
        record.recorded(&salt).map_err(|error| StoreError::Unusable(error.to_string()))
    }

    /// Writes records; they are durable when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; then none of them is written, and what they are about must not be answered.
    pub async fn append(&self, records: impl Into<Records>) -> Result<Written<()>, StoreError> {
        self.append_with(records, None).await
    }

    /// Does a piece of work on the newest facts and writes its result: change, journal, records and remembered answer,
    /// all or nothing. It may be done more than once, and must come to the same on the same facts.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is written.
    pub async fn change<T: Send + 'static>(
        &self,
        work: impl Fn(&WriteContext<'_>) -> Result<Work<T>, StoreError> + Send + 'static,
    ) -> Result<Written<T>, StoreError> {
        let is_twice = self.is_each_change_twice();
        self.queue().wait(Kind::Change, move |batch| log::change(batch, &work, is_twice)).await
    }
}
