//! Appending to the ledger: the records of one commit become frames, with the nodes of the tree that they complete.

use std::ops::RangeInclusive;

use redb::{ReadableTable as _, Table, WriteTransaction};

use super::StoreError;
use super::frame::{Body, Frame};
use super::frames::{HeldFrame, LedgerRows, STORED_LEVEL};
use super::records::Records;
use super::tables::{ARCHIVED_FRAMES, FRAMES, LEDGER, NODES};
use crate::audit::{Hash, IndexEntry, Peaks};
use crate::clock::Timestamp;
use crate::id::Seq;

/// The records that one transaction appends.
pub(super) struct LedgerAppender {
    peaks: Peaks,
    pending: Records,
}

impl LedgerAppender {
    /// Appends to the tree with these peaks.
    pub(super) fn after(peaks: Peaks) -> Self {
        Self { peaks, pending: Records::default() }
    }

    /// Appends records, which are written by [`LedgerAppender::close`]; returns their places.
    pub(super) fn append(&mut self, records: Records) -> Vec<Seq> {
        for record in records.0.iter().flat_map(|group| &group.records) {
            // Whatever said it: it is found by what its bytes say.
            debug_assert!(record.entry.as_ref().is_none_or(|entry| *entry == IndexEntry::read(&record.bytes)));
        }
        let first = self.size() + 1;
        self.pending.append(records);
        (first..=self.size()).map(Seq).collect()
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
    /// them, and what each is indexed by.
    pub(super) fn close(
        mut self,
        write: &WriteTransaction,
        at: Timestamp,
    ) -> Result<(Peaks, Vec<Option<IndexEntry>>), StoreError> {
        let mut table = write.open_table(FRAMES)?;
        if let Some((first, _)) = table.last()?.filter(|(first, _)| first.value() > self.peaks.size()) {
            let (first, size) = (first.value(), self.peaks.size());
            return Err(StoreError::Unreadable(format!("a frame begins at record {first} where {size} are known")));
        }
        let (mut full, mut entries) = (Vec::new(), Vec::new());
        for framed in self.pending.into_frames() {
            let (records, body) = framed?;
            let (first, before) = (self.peaks.size() + 1, self.peaks.root());
            for record in &records {
                self.peaks.push(record.leaf, |node, hash| {
                    if node.trailing_ones() >= STORED_LEVEL {
                        full.push((node, *hash));
                    }
                    Ok::<(), StoreError>(())
                })?;
            }
            let leaves: Vec<Hash> = records.iter().map(|record| record.leaf).collect();
            let (root, at) = (self.peaks.root(), at.as_millisecond());
            let frame = Frame { body: &body, leaves: &leaves, before, root, at };
            table.insert(first, frame.bytes()?.as_slice())?;
            entries.extend(records.into_iter().map(|record| record.entry));
        }
        if !full.is_empty() {
            let mut nodes = write.open_table(NODES)?;
            for (node, hash) in full {
                nodes.insert(node, hash.as_slice())?;
            }
        }
        Ok((self.peaks, entries))
    }
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
        let mut frames = Vec::new();
        for held in rows.frames(*records.start(), *records.end())? {
            let HeldFrame { first, frame } = &held;
            let archived = usize::try_from(records.end() + 1 - first).unwrap_or(usize::MAX).min(frame.count());
            let left = frame.records()?.iter().skip(archived - frame.archived().min(archived));
            let (left, leaves): (Vec<&[u8]>, Vec<Hash>) = (left.map(Vec::as_slice).collect(), frame.leaves().collect());
            let (before, root, at) = (frame.before(), frame.root(), frame.at());
            let bytes = Frame { body: &Body::of(&left)?, leaves: &leaves, before, root, at }.bytes()?;
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
