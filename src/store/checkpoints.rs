//! Writing signed checkpoints of the ledger, and that records are archived.

use std::ops::RangeInclusive;

use redb::ReadableTable as _;

use super::StoreError;
use super::appender::Archiving;
use super::batch::Batch;
use super::frames::LedgerRows;
use super::ledger::{archive_row, checkpoint_key, guarded};
use super::log::{Commit as _, Written};
use super::queue::Kind;
use super::records::Records;
use super::redb_file::Store;

/// Of three checkpoints over fewer records than this, the one in the middle is removed.
const CHECKPOINTS_APART: u64 = 1_000;

/// A signed checkpoint to store.
#[derive(Clone, Debug)]
pub struct Signed {
    /// How many records it is over.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

impl Batch<'_> {
    /// Stores a signed checkpoint, and of the ones before it every so many records one.
    fn keep_checkpoint(&mut self, Signed { size, note }: &Signed) -> Result<(), StoreError> {
        let before: Vec<Vec<u8>> = {
            let (from, to) = (checkpoint_key(0), checkpoint_key(*size));
            let before = self.metadata_table.range::<&[u8]>(from.as_slice()..to.as_slice())?.rev().take(2);
            before.map(|found| found.map(|(key, _)| key.value().to_vec())).collect::<Result<_, _>>()?
        };
        if let [middle, first] = before.as_slice()
            && *first > checkpoint_key(size.saturating_sub(CHECKPOINTS_APART))
        {
            self.metadata_table.remove(middle.as_slice())?;
        }
        self.metadata_table.insert(checkpoint_key(*size).as_slice(), note.as_bytes())?;
        Ok(())
    }
}

impl Store {
    /// Writes records and keeps a signed checkpoint with them; they are durable when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is written, and what the records are about must not be answered.
    pub async fn append_with(
        &self,
        records: impl Into<Records>,
        signed: Option<Signed>,
    ) -> Result<Written<()>, StoreError> {
        let records = records.into();
        self.queue()
            .wait(Kind::Record, move |batch| {
                let seqs = batch.append(records);
                if let Some(signed) = &signed {
                    batch.keep_checkpoint(signed)?;
                }
                Ok(Ok(Written { value: (), revision: batch.revision, seqs }))
            })
            .await
    }

    /// Removes records from the ledger that are in the archive file of that name, which is stored; the tree over
    /// them stays.
    ///
    /// # Errors
    /// [`StoreError`]; then all of them are still there.
    pub async fn drop_archived(&self, records: RangeInclusive<u64>, file: String) -> Result<Written<()>, StoreError> {
        self.shared().segments_up_to(*records.end()).await;
        let archiving = {
            let rows = LedgerRows::of(&self.read()?)?;
            tokio::task::spawn_blocking(move || guarded(|| Archiving::of(&rows, records)))
        };
        let archiving = archiving.await.map_err(|error| StoreError::Unusable(error.to_string()))??;
        self.queue()
            .wait(Kind::Record, move |batch| {
                let (key, row) = archive_row(archiving.records(), &file);
                batch.metadata_table.insert(key.as_slice(), row.as_slice())?;
                archiving.write(batch.write)?;
                Ok(Ok(Written { value: (), revision: batch.revision, seqs: Vec::new() }))
            })
            .await
    }
}
