//! The rows of the ledger, wherever a record and its part of the tree lie: in frames, in frames whose records were
//! archived, or as they were written before there were frames.
//!
//! Of the tree over frames the leaves are stored with the records, and of the nodes above them those over
//! 2^[`STORED_LEVEL`] records and more; what is between is computed from the leaves.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable as _};

use super::StoreError;
use super::frame::StoredFrame;
use super::old_ledger::OldLedger;
use super::tables::{ARCHIVED_FRAMES, FRAMES, NODES};
use crate::audit::{Hash, Node, Peaks, children, leaf_node, leaves, node_hash};

/// The level of the first nodes that are stored; a leaf has level 0.
pub(super) const STORED_LEVEL: u32 = 8;

type Rows = ReadOnlyTable<u64, &'static [u8]>;

/// A frame with the place of its first record.
pub(super) struct HeldFrame {
    pub(super) first: u64,
    pub(super) frame: StoredFrame,
}

impl HeldFrame {
    /// The place of its last record.
    pub(super) fn last(&self) -> u64 {
        self.first + self.frame.count() as u64 - 1
    }

    /// The number of a record in it.
    fn number(&self, seq: u64) -> Option<usize> {
        (self.first..=self.last()).contains(&seq).then(|| usize::try_from(seq - self.first).ok())?
    }
}

/// The rows of the ledger as one read transaction sees them.
pub(super) struct LedgerRows {
    frames: Rows,
    archived: Rows,
    nodes: Rows,
    pub(super) old: OldLedger,
    size: OnceLock<u64>,
    /// The frame that was read last: whoever reads a record mostly reads the next one too.
    held: Mutex<Option<Arc<HeldFrame>>>,
}

impl LedgerRows {
    pub(super) fn of(read: &ReadTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            frames: read.open_table(FRAMES)?,
            archived: read.open_table(ARCHIVED_FRAMES)?,
            nodes: read.open_table(NODES)?,
            old: OldLedger::of(read)?,
            size: OnceLock::new(),
            held: Mutex::new(None),
        })
    }

    /// The newest frame.
    fn newest(&self) -> Result<Option<HeldFrame>, StoreError> {
        let mut newest: Option<HeldFrame> = None;
        for rows in [&self.archived, &self.frames] {
            if let Some((first, bytes)) = rows.last()? {
                let first = first.value();
                if newest.as_ref().is_none_or(|newest| newest.first < first) {
                    newest = Some(HeldFrame { first, frame: StoredFrame::of(bytes.value())? });
                }
            }
        }
        Ok(newest)
    }

    /// How many records were ever written.
    pub(super) fn size(&self) -> Result<u64, StoreError> {
        if let Some(size) = self.size.get() {
            return Ok(*size);
        }
        let size = self.newest()?.map_or(0, |newest| newest.last()).max(self.old.size);
        Ok(*self.size.get_or_init(|| size))
    }

    /// The last record that a row is of, even where the row cannot be read.
    pub(super) fn reach(&self) -> Result<u64, StoreError> {
        match self.size() {
            Ok(size) => Ok(size),
            Err(StoreError::Unreadable(_)) => {
                let firsts = [self.archived.last()?, self.frames.last()?].into_iter().flatten();
                Ok(firsts.map(|(first, _)| first.value()).max().unwrap_or(0).max(self.old.size))
            }
            Err(error) => Err(error),
        }
    }

    /// The newest time that a frame knows, in milliseconds since 1970.
    pub(super) fn newest_at(&self) -> Result<Option<i64>, StoreError> {
        Ok(self.newest()?.map(|newest| newest.frame.at()))
    }

    /// The frame that a record is in; none where it is in none.
    pub(super) fn frame_of(&self, seq: u64) -> Result<Option<Arc<HeldFrame>>, StoreError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_ref().filter(|held| held.number(seq).is_some()) {
            return Ok(Some(Arc::clone(held)));
        }
        for rows in [&self.frames, &self.archived] {
            if let Some((first, bytes)) = rows.range(..=seq)?.next_back().transpose()? {
                let found = HeldFrame { first: first.value(), frame: StoredFrame::of(bytes.value())? };
                if found.number(seq).is_some() {
                    let found = Arc::new(found);
                    *held = Some(Arc::clone(&found));
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// The bytes of a record as they are stored; none where it was archived or is not there.
    pub(super) fn record(&self, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
        if seq <= self.old.size {
            return Ok(self.old.records.get(seq)?.map(|found| found.value().to_vec()));
        }
        let Some(held) = self.frame_of(seq)? else { return Ok(None) };
        let record = held.number(seq).map(|number| held.frame.record(number)).transpose()?.flatten();
        Ok(record.map(<[u8]>::to_vec))
    }

    /// The first record that was not archived.
    pub(super) fn first(&self) -> Result<Option<u64>, StoreError> {
        if let Some((seq, _)) = self.old.records.first()? {
            return Ok(Some(seq.value()));
        }
        let Some((first, bytes)) = self.frames.first()? else { return Ok(None) };
        Ok(Some(first.value() + StoredFrame::of(bytes.value())?.archived() as u64))
    }

    /// The frames that hold any of some records that were not archived.
    pub(super) fn frames(&self, from: u64, to: u64) -> Result<Vec<HeldFrame>, StoreError> {
        let first = self.frames.range(..=from)?.next_back().transpose()?.map_or(from, |(first, _)| first.value());
        let mut found = Vec::new();
        for row in self.frames.range(first..=to)? {
            let (first, bytes) = row?;
            let frame = HeldFrame { first: first.value(), frame: StoredFrame::of(bytes.value())? };
            if frame.last() >= from {
                found.push(frame);
            }
        }
        Ok(found)
    }

    /// The leaf of a record.
    pub(super) fn leaf(&self, seq: u64) -> Result<Option<Hash>, StoreError> {
        let Some(index) = seq.checked_sub(1) else { return Ok(None) };
        if seq <= self.old.size {
            return self.old.node(leaf_node(index));
        }
        let Some(held) = self.frame_of(seq)? else { return Ok(None) };
        Ok(held.number(seq).and_then(|number| held.frame.leaf(number)))
    }

    /// A full node of the tree as it is stored.
    pub(super) fn stored_node(&self, node: u64) -> Result<Node, StoreError> {
        let stored = |found: Option<Hash>| found.map_or(Node::Missing, Node::Stored);
        let (_, last) = leaves(node);
        if last < self.old.size {
            return Ok(stored(self.old.node(node)?));
        }
        match node.trailing_ones() {
            0 => Ok(stored(self.leaf(last + 1)?)),
            level if level < STORED_LEVEL => Ok(Node::Computed),
            _ => {
                let found = self.nodes.get(node)?;
                Ok(stored(found.and_then(|found| found.value().try_into().ok())))
            }
        }
    }

    /// A full node of the tree, stored or computed from the leaves beneath it; none where it is not full, or was taken
    /// away.
    pub(super) fn node(&self, node: u64) -> Result<Option<Hash>, StoreError> {
        match self.stored_node(node)? {
            Node::Stored(hash) => Ok(Some(hash)),
            Node::Missing => Ok(None),
            Node::Computed => {
                let (first, last) = leaves(node);
                let mut peaks = Peaks::default();
                for seq in first + 1..=last + 1 {
                    let Some(leaf) = self.leaf(seq)? else { return Ok(None) };
                    let Ok(()) = peaks.push(leaf, |_, _| Ok::<(), std::convert::Infallible>(()));
                }
                Ok(Some(peaks.root()))
            }
        }
    }

    /// The peaks of the whole tree, to go on from; a node that was taken away is computed from those beneath it.
    pub(super) fn peaks(&self) -> Result<Peaks, StoreError> {
        let peaks = Peaks::read(self.size()?, |node| self.attested(node))?;
        // What is not whole is not built on.
        match self.newest()? {
            Some(newest) if newest.last() == peaks.size() && newest.frame.root() != peaks.root() => {
                let message = format!("the tree over the {} records is not the one that was written", peaks.size());
                Err(StoreError::Unreadable(message))
            }
            _ => Ok(peaks),
        }
    }

    fn attested(&self, node: u64) -> Result<Hash, StoreError> {
        if let Some(hash) = self.node(node)? {
            return Ok(hash);
        }
        match children(node) {
            Some((left, right)) => Ok(node_hash(&self.attested(left)?, &self.attested(right)?)),
            None => Err(StoreError::Unreadable(format!("the leaf of record {} is gone", node / 2 + 1))),
        }
    }
}
