//! The ledger and its tree, in the order they grow.
//!
//! A record and the nodes of the tree that are full by it are written in one transaction, so neither is ever ahead of
//! the other. The tree says how many records there are: it is kept whole when old records move to archive files.
//!
//! The nodes lie in rows of [`ROW_NODES`], in their order, each in its place; 32 zero bytes are a node that is not full
//! yet. So a transaction of many records writes few rows.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, Table, WriteTransaction};

use super::StoreError;
use super::tables::{LEDGER, METADATA, MetadataTable, TREE};
use crate::audit::{Hash, Peaks, children, leaf_hash, leaves_up_to, node_hash};
use crate::id::Seq;

/// How many nodes a row of the tree has.
const ROW_NODES: u64 = 64;
const HASH_BYTES: usize = size_of::<Hash>();
/// The placeholder of a node that is not full yet.
const NONE: Hash = [0; HASH_BYTES];

/// The metadata table in a write transaction.
type MetadataTableMut<'txn> = Table<'txn, &'static [u8], &'static [u8]>;

pub(super) fn checkpoint_key(size: u64) -> Vec<u8> {
    [b"c".as_slice(), &size.to_be_bytes()].concat()
}

/// The row of a record that stood where another had to be written.
fn stray_key(seq: u64) -> Vec<u8> {
    [b"x".as_slice(), &seq.to_be_bytes()].concat()
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

/// The row of a node, and where in it the node begins.
fn place(node: u64) -> (u64, usize) {
    (node / ROW_NODES, (node % ROW_NODES) as usize * HASH_BYTES)
}

fn node_in(row: &[u8], at: usize) -> Option<Hash> {
    let hash: Hash = row.get(at..at + HASH_BYTES)?.try_into().ok()?;
    (hash != NONE).then_some(hash)
}

/// The last node of a tree whose last row is this one.
fn last_node(number: u64, row: &[u8]) -> Option<u64> {
    let nodes = (row.len() / HASH_BYTES) as u64;
    let last = (0..nodes).rev().find(|node| node_in(row, *node as usize * HASH_BYTES).is_some())?;
    Some(number * ROW_NODES + last)
}

/// The nodes that one transaction has added, not yet in their rows.
#[derive(Default)]
struct Rows(BTreeMap<u64, Vec<u8>>);

impl Rows {
    fn put(&mut self, tree: &impl ReadableTable<u64, &'static [u8]>, node: u64, hash: &Hash) -> Result<(), StoreError> {
        let (number, at) = place(node);
        let row = match self.0.entry(number) {
            Entry::Occupied(row) => row.into_mut(),
            Entry::Vacant(row) => row.insert(tree.get(number)?.map_or_else(Vec::new, |row| row.value().to_vec())),
        };
        if row.len() < at + HASH_BYTES {
            row.resize(at + HASH_BYTES, 0);
        }
        row[at..at + HASH_BYTES].copy_from_slice(hash);
        Ok(())
    }

    fn write(&mut self, tree: &mut Table<'_, u64, &'static [u8]>) -> Result<(), StoreError> {
        for (number, row) in std::mem::take(&mut self.0) {
            tree.insert(number, row.as_slice())?;
        }
        Ok(())
    }
}

/// The ledger and its tree in a transaction that writes.
pub(super) struct LedgerAppender<'txn> {
    pub(super) records: Table<'txn, u64, &'static [u8]>,
    tree: Table<'txn, u64, &'static [u8]>,
    /// Read when the first record is appended.
    peaks: Option<Peaks>,
    rows: Rows,
}

impl<'txn> LedgerAppender<'txn> {
    pub(super) fn open(write: &'txn WriteTransaction) -> Result<Self, StoreError> {
        let (records, tree) = (write.open_table(LEDGER)?, write.open_table(TREE)?);
        Ok(Self { records, tree, peaks: None, rows: Rows::default() })
    }

    /// Appends a record with its leaf and the nodes that are full by it; these are written by
    /// [`LedgerAppender::close`].
    pub(super) fn append(
        &mut self,
        record: &[u8],
        metadata_table: &mut MetadataTableMut<'_>,
    ) -> Result<Seq, StoreError> {
        let mut peaks = match self.peaks.take() {
            Some(peaks) => peaks,
            None => self.read_peaks()?,
        };
        let seq = peaks.size() + 1;
        let stray = self.records.insert(seq, record)?.map(|stray| stray.value().to_vec());
        if let Some(stray) = stray {
            // This program never wrote there: the row is kept for verification.
            metadata_table.insert(stray_key(seq).as_slice(), stray.as_slice())?;
        }
        peaks.push(leaf_hash(record), |node, hash| self.rows.put(&self.tree, node, hash))?;
        self.peaks = Some(peaks);
        Ok(Seq(seq))
    }

    /// How many records there are with those that were appended.
    pub(super) fn size(&mut self) -> Result<u64, StoreError> {
        let peaks = match self.peaks.take() {
            Some(peaks) => peaks,
            None => self.read_peaks()?,
        };
        Ok(self.peaks.insert(peaks).size())
    }

    /// Writes the nodes of the records that were appended.
    pub(super) fn close(&mut self) -> Result<(), StoreError> {
        self.rows.write(&mut self.tree)
    }

    fn read_peaks(&self) -> Result<Peaks, StoreError> {
        let last = self.tree.last()?.and_then(|(number, row)| last_node(number.value(), row.value()));
        Peaks::read(leaves_up_to(last), |node| self.node(node))
    }

    /// A node as it is stored; where it was removed, the hash computed from the records beneath it.
    fn node(&self, node: u64) -> Result<Hash, StoreError> {
        let (number, at) = place(node);
        if let Some(found) = self.tree.get(number)?.and_then(|row| node_in(row.value(), at)) {
            return Ok(found);
        }
        if let Some((left, right)) = children(node) {
            return Ok(node_hash(&self.node(left)?, &self.node(right)?));
        }
        let record = self.records.get(node / 2 + 1)?;
        let record = record.ok_or_else(|| StoreError::Unreadable(format!("record {} is gone", node / 2 + 1)))?;
        Ok(leaf_hash(record.value()))
    }
}

/// Builds the tree over the ledger of a store that had none yet.
pub(super) fn plant(write: &WriteTransaction) -> Result<(), StoreError> {
    let (records, mut tree) = (write.open_table(LEDGER)?, write.open_table(TREE)?);
    let (mut peaks, mut rows) = (Peaks::default(), Rows::default());
    for record in records.iter()? {
        peaks.push(leaf_hash(record?.1.value()), |node, hash| rows.put(&tree, node, hash))?;
        if rows.0.len() as u64 > ROW_NODES {
            rows.write(&mut tree)?;
        }
    }
    rows.write(&mut tree)
}

/// The ledger and its tree as one read transaction sees them.
pub struct LedgerView {
    records: ReadOnlyTable<u64, &'static [u8]>,
    tree: ReadOnlyTable<u64, &'static [u8]>,
    metadata_table: MetadataTable,
}

/// A damaged page can make redb panic where it reads; that is one more finding, and does not end the walk.
pub(super) fn guarded<T>(read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let read = catch_unwind(AssertUnwindSafe(read));
    read.unwrap_or_else(|_| Err(StoreError::Unreadable("a page of the file is damaged".to_owned())))
}

impl LedgerView {
    pub(super) fn of(read: &ReadTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            records: read.open_table(LEDGER)?,
            tree: read.open_table(TREE)?,
            metadata_table: read.open_table(METADATA)?,
        })
    }

    /// How many records were ever written.
    ///
    /// # Errors
    /// [`StoreError`] when the tree cannot be read.
    pub fn size(&self) -> Result<u64, StoreError> {
        guarded(|| {
            let last = self.tree.last()?;
            Ok(leaves_up_to(last.and_then(|(number, row)| last_node(number.value(), row.value()))))
        })
    }

    /// A full node of the tree.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn node(&self, node: u64) -> Result<Option<Hash>, StoreError> {
        let (number, at) = place(node);
        guarded(|| Ok(self.tree.get(number)?.and_then(|row| node_in(row.value(), at))))
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

    /// The bytes of a record, unless it is archived.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn record(&self, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
        guarded(|| Ok(self.records.get(seq)?.map(|found| found.value().to_vec())))
    }

    /// The first record that is not archived.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn first(&self) -> Result<Option<u64>, StoreError> {
        guarded(|| Ok(self.records.first()?.map(|(seq, _)| seq.value())))
    }

    /// Records no tree knows: those beyond its end and those that were moved aside, by their places.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn strays(&self) -> Result<Vec<u64>, StoreError> {
        let beyond = self.size()? + 1;
        guarded(|| {
            let mut strays = Vec::new();
            for found in self.metadata_table.range::<&[u8]>(b"x".as_slice()..b"y".as_slice())? {
                strays.push(number(found?.0.value())?);
            }
            if self.records.get(0)?.is_some() {
                strays.push(0);
            }
            for found in self.records.range(beyond..)? {
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
