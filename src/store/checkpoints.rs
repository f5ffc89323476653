//! What is written of the ledger besides its records: signed checkpoints, and that records are archived.

use std::ops::RangeInclusive;

use redb::ReadableTable as _;

use super::StoreError;
use super::batch::Committed;
use super::ledger::{archive_row, checkpoint_key};
use super::redb_file::Store;

/// Of three checkpoints over fewer records than this, the one in the middle is not kept.
const CHECKPOINTS_APART: u64 = 1_000;

impl Store {
    /// Keeps a signed checkpoint, and of the ones before it every so many records one.
    ///
    /// # Errors
    /// [`StoreError`]; then it is not kept.
    pub async fn keep_checkpoint(&self, size: u64, note: String) -> Result<Committed<()>, StoreError> {
        self.queue()
            .wait(move |batch| {
                let before: Vec<Vec<u8>> = {
                    let (from, to) = (checkpoint_key(0), checkpoint_key(size));
                    let before = batch.side.range::<&[u8]>(from.as_slice()..to.as_slice())?.rev().take(2);
                    before.map(|found| found.map(|(key, _)| key.value().to_vec())).collect::<Result<_, _>>()?
                };
                if let [middle, first] = before.as_slice()
                    && *first > checkpoint_key(size.saturating_sub(CHECKPOINTS_APART))
                {
                    batch.side.remove(middle.as_slice())?;
                }
                batch.side.insert(checkpoint_key(size).as_slice(), note.as_bytes())?;
                Ok(Ok(Committed { value: (), revision: batch.revision, seqs: Vec::new() }))
            })
            .await
    }

    /// Takes records out of the ledger that stand in the archive file of that name, which is remembered; the tree over
    /// them stays.
    ///
    /// # Errors
    /// [`StoreError`]; then all of them are still there.
    pub async fn drop_archived(&self, records: RangeInclusive<u64>, file: String) -> Result<Committed<()>, StoreError> {
        self.queue()
            .wait(move |batch| {
                let (key, row) = archive_row(&records, &file);
                batch.side.insert(key.as_slice(), row.as_slice())?;
                batch.ledger.records.retain_in(records, |_, _| false)?;
                Ok(Ok(Committed { value: (), revision: batch.revision, seqs: Vec::new() }))
            })
            .await
    }
}
