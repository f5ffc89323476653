//! Appending to the ledger: the records of one commit become frames, with the nodes of the tree that they complete.

use std::ops::RangeInclusive;

use redb::{ReadableTable as _, Table, WriteTransaction};

use super::StoreError;
use super::frame::{BYTES_MAX, Frame, FrameWriter, RECORDS_MAX};
use super::frames::{HeldFrame, LedgerRows, STORED_LEVEL};
use super::tables::{ARCHIVED_FRAMES, FRAMES, LEDGER, NODES};
use crate::audit::{Hash, Peaks, Recorded};
use crate::clock::Timestamp;
use crate::id::Seq;

/// The records that one transaction appends.
pub(super) struct LedgerAppender {
    peaks: Peaks,
    pending: Vec<Recorded>,
}

impl LedgerAppender {
    /// Appends to the tree with these peaks.
    pub(super) fn after(peaks: Peaks) -> Self {
        Self { peaks, pending: Vec::new() }
    }

    /// Appends a record; it is written by [`LedgerAppender::close`].
    pub(super) fn append(&mut self, record: Recorded) -> Seq {
        self.pending.push(record);
        Seq(self.size())
    }

    /// How many records there are with those that were appended.
    pub(super) fn size(&self) -> u64 {
        self.peaks.size() + self.pending.len() as u64
    }

    /// Was any record appended?
    pub(super) fn has_any(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Writes the records that were appended in frames, and the nodes they complete; returns the peaks of the tree with
    /// them.
    pub(super) fn close(
        mut self,
        write: &WriteTransaction,
        frames: &mut FrameWriter,
        at: Timestamp,
    ) -> Result<Peaks, StoreError> {
        let mut table = write.open_table(FRAMES)?;
        if let Some((first, _)) = table.last()?.filter(|(first, _)| first.value() > self.peaks.size()) {
            let (first, size) = (first.value(), self.peaks.size());
            return Err(StoreError::Unreadable(format!("a frame begins at record {first} where {size} are known")));
        }
        let mut full = Vec::new();
        let mut rest = self.pending.as_slice();
        while !rest.is_empty() {
            let (records, after) = rest.split_at(in_one_frame(rest));
            let (first, before) = (self.peaks.size() + 1, self.peaks.root());
            for record in records {
                self.peaks.push(record.leaf, |node, hash| {
                    if node.trailing_ones() >= STORED_LEVEL {
                        full.push((node, *hash));
                    }
                    Ok::<(), StoreError>(())
                })?;
            }
            let leaves: Vec<Hash> = records.iter().map(|record| record.leaf).collect();
            let records: Vec<&[u8]> = records.iter().map(|record| record.bytes.as_slice()).collect();
            let (root, at) = (self.peaks.root(), at.as_millisecond());
            let frame = frames.bytes(&Frame { records: &records, leaves: &leaves, before, root, at })?;
            table.insert(first, frame.as_slice())?;
            rest = after;
        }
        if !full.is_empty() {
            let mut nodes = write.open_table(NODES)?;
            for (node, hash) in full {
                nodes.insert(node, hash.as_slice())?;
            }
        }
        Ok(self.peaks)
    }
}

/// How many of some records one frame takes: at least one.
fn in_one_frame(records: &[Recorded]) -> usize {
    let mut bytes = 0;
    let fits = |record: &&Recorded| {
        bytes += record.bytes.len();
        bytes <= BYTES_MAX
    };
    records.iter().take(RECORDS_MAX).take_while(fits).count().max(1)
}

/// The frames of records that are archived, as they become: without these records, and with their leaves.
pub(super) struct Archiving {
    records: RangeInclusive<u64>,
    /// By its first record, and whether a record is left in it.
    frames: Vec<(u64, bool, Vec<u8>)>,
}

impl Archiving {
    /// # Errors
    /// [`StoreError`] when the frames cannot be read.
    pub(super) fn of(rows: &LedgerRows, records: RangeInclusive<u64>) -> Result<Self, StoreError> {
        let (mut writer, mut frames) = (FrameWriter::new()?, Vec::new());
        for held in rows.frames(*records.start(), *records.end())? {
            let HeldFrame { first, frame } = &held;
            let archived = usize::try_from(records.end() + 1 - first).unwrap_or(usize::MAX).min(frame.count());
            let left = frame.records()?.iter().skip(archived - frame.archived().min(archived));
            let (left, leaves): (Vec<&[u8]>, Vec<Hash>) = (left.map(Vec::as_slice).collect(), frame.leaves().collect());
            let (before, root, at) = (frame.before(), frame.root(), frame.at());
            let bytes = writer.bytes(&Frame { records: &left, leaves: &leaves, before, root, at })?;
            frames.push((*first, !left.is_empty(), bytes));
        }
        Ok(Self { records, frames })
    }

    /// The records that are archived.
    pub(super) fn records(&self) -> &RangeInclusive<u64> {
        &self.records
    }

    /// Puts the frames in the place of those that hold the records.
    pub(super) fn write(&self, write: &WriteTransaction) -> Result<(), StoreError> {
        let mut records: Table<'_, u64, &[u8]> = write.open_table(LEDGER)?;
        records.retain_in(self.records.clone(), |_, _| false)?;
        let (mut kept, mut archived) = (write.open_table(FRAMES)?, write.open_table(ARCHIVED_FRAMES)?);
        for (first, has_any, bytes) in &self.frames {
            if *has_any {
                kept.insert(*first, bytes.as_slice())?;
            } else {
                kept.remove(*first)?;
                archived.insert(*first, bytes.as_slice())?;
            }
        }
        Ok(())
    }
}
