//! The ledger and its tree, as they are read.
//!
//! Records and the tree over them are written in one transaction, so neither is ever ahead of the other. The leaves say
//! how many records there are: they are kept when old records move to archive files.

use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::ReadTransaction;

use super::StoreError;
use super::frames::LedgerRows;
use super::tables::{METADATA, MetadataTable};
use crate::audit::{FrameRoots, Hash, Node, Peaks};

pub(super) fn checkpoint_key(size: u64) -> Vec<u8> {
    [b"c".as_slice(), &size.to_be_bytes()].concat()
}

/// The row that says in which archive file records are, and its key.
pub(super) fn archive_row(records: &RangeInclusive<u64>, file: &str) -> (Vec<u8>, Vec<u8>) {
    let key = [b"a".as_slice(), &records.start().to_be_bytes()].concat();
    (key, [&records.end().to_be_bytes(), file.as_bytes()].concat())
}

/// The number in a key of a metadata row.
fn number(key: &[u8]) -> Result<u64, StoreError> {
    let number = key.get(1..).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
    number.ok_or_else(|| StoreError::Unreadable("a side row without its number".to_owned()))
}

/// The ledger and its tree as one read transaction sees them.
pub struct LedgerView {
    rows: LedgerRows,
    metadata_table: MetadataTable,
}

/// A damaged page can make redb panic where it reads; that is one more finding, and does not end the walk.
pub(super) fn guarded<T>(read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let read = catch_unwind(AssertUnwindSafe(read));
    read.unwrap_or_else(|_| Err(StoreError::Unreadable("a page of the file is damaged".to_owned())))
}

impl LedgerView {
    pub(super) fn of(read: &ReadTransaction) -> Result<Self, StoreError> {
        Ok(Self { rows: LedgerRows::of(read)?, metadata_table: read.open_table(METADATA)? })
    }

    /// How many records were ever written.
    ///
    /// # Errors
    /// [`StoreError`] when the tree cannot be read.
    pub fn size(&self) -> Result<u64, StoreError> {
        guarded(|| self.rows.size())
    }

    /// The last record that there is anything of, even where that cannot be read.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn reach(&self) -> Result<u64, StoreError> {
        guarded(|| self.rows.reach())
    }

    /// A full node of the tree, stored or computed.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn node(&self, node: u64) -> Result<Option<Hash>, StoreError> {
        guarded(|| self.rows.node(node))
    }

    /// A full node of the tree as it is stored.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn stored_node(&self, node: u64) -> Result<Node, StoreError> {
        guarded(|| self.rows.stored_node(node))
    }

    /// What the frame that a record is in says of the tree; nothing where it is in none.
    ///
    /// # Errors
    /// [`StoreError`] when the frame cannot be read.
    pub fn frame_roots(&self, seq: u64) -> Result<Option<FrameRoots>, StoreError> {
        let held = guarded(|| self.rows.frame_of(seq))?;
        Ok(held.map(|held| {
            let (before, root) = (held.frame.before(), held.frame.root());
            FrameRoots { first: held.first, last: held.last(), before, root }
        }))
    }

    /// A full node that must be there.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when it is not.
    pub fn full_node(&self, node: u64) -> Result<Hash, StoreError> {
        let gone = || StoreError::Unreadable(format!("node {node} of the ledger's tree is gone"));
        self.node(node)?.ok_or_else(gone)
    }

    /// The peaks of the tree over the first `size` records.
    ///
    /// # Errors
    /// [`StoreError`] when the tree cannot be read.
    pub fn peaks(&self, size: u64) -> Result<Peaks, StoreError> {
        Peaks::read(size, |node| self.full_node(node))
    }

    /// The peaks of the whole tree, to go on from.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when the tree is not whole; then nothing can be written.
    pub fn newest_peaks(&self) -> Result<Peaks, StoreError> {
        guarded(|| self.rows.peaks())
    }

    /// The bytes of a record as they are stored, unless it is archived.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn record(&self, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
        guarded(|| self.rows.record(seq))
    }

    /// The first record that is not archived.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn first(&self) -> Result<Option<u64>, StoreError> {
        guarded(|| self.rows.first())
    }

    /// Records no tree knows: those of an earlier day beyond the end of their tree, and those that were moved aside, by
    /// their places.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn strays(&self) -> Result<Vec<u64>, StoreError> {
        guarded(|| {
            let mut strays = Vec::new();
            for found in self.metadata_table.range::<&[u8]>(b"x".as_slice()..b"y".as_slice())? {
                strays.push(number(found?.0.value())?);
            }
            let old = &self.rows.old;
            if old.records.get(0)?.is_some() {
                strays.push(0);
            }
            for found in old.records.range(old.size + 1..)? {
                strays.push(found?.0.value());
            }
            Ok(strays)
        })
    }

    /// The archive files that records were moved to, with the records of each. A store of an earlier version does not
    /// know those it made.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn archives(&self) -> Result<Vec<(RangeInclusive<u64>, String)>, StoreError> {
        let unreadable = || StoreError::Unreadable("the row of an archive file is not one".to_owned());
        guarded(|| {
            let mut known = Vec::new();
            for found in self.metadata_table.range::<&[u8]>(b"a".as_slice()..b"b".as_slice())? {
                let (key, row) = found?;
                let (last, file) = row.value().split_first_chunk().ok_or_else(unreadable)?;
                let records = number(key.value())?..=u64::from_be_bytes(*last);
                known.push((records, String::from_utf8_lossy(file).into_owned()));
            }
            Ok(known)
        })
    }

    /// Every signed checkpoint that is kept, by its size.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn checkpoints(&self) -> Result<Vec<(u64, String)>, StoreError> {
        guarded(|| {
            let mut kept = Vec::new();
            for found in self.metadata_table.range::<&[u8]>(b"c".as_slice()..b"d".as_slice())? {
                let (key, note) = found?;
                kept.push((number(key.value())?, String::from_utf8_lossy(note.value()).into_owned()));
            }
            Ok(kept)
        })
    }
}
