//! Whether records can be written, where nobody asks for one.

use super::StoreError;
use super::log::Written;
use super::queue::Kind;
use super::redb_file::Store;

/// The row that is written for a moment.
const KEY: &[u8] = b"~";
/// How much is written: more pages than the records of a call take.
const BYTES: usize = 64 * 1024;

impl Store {
    /// Writes as much as records take, and takes it away again. A disk that has room for less would have a small write
    /// done, and every answer refused.
    ///
    /// # Errors
    /// [`StoreError`] while it cannot be written.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.queue()
            .wait(Kind::Record, |batch| {
                batch.metadata_table.insert(KEY, vec![0; BYTES].as_slice())?;
                batch.is_real = true;
                Ok(Ok(Written { value: (), revision: batch.revision, seqs: Vec::new() }))
            })
            .await?;
        self.queue()
            .wait(Kind::Record, |batch| {
                batch.metadata_table.remove(KEY)?;
                Ok(Ok(Written { value: (), revision: batch.revision, seqs: Vec::new() }))
            })
            .await
            .map(drop)
    }
}
