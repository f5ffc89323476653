//! The ledger as it was written before there were frames: its records one by one, and the tree over them.
//!
//! The nodes lie in rows of [`ROW_NODES`], in their order, each in its place; 32 zero bytes are a node that is not full.
//! Nothing is added to either; records that are archived are removed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, Table, WriteTransaction};

use super::StoreError;
use super::tables::{LEDGER, TREE};
use crate::audit::{Hash, Peaks, leaf_hash, leaves_up_to};

/// How many nodes a row of the tree has.
const ROW_NODES: u64 = 64;
const HASH_BYTES: usize = size_of::<Hash>();
/// The placeholder of a node that is not full yet.
const NONE: Hash = [0; HASH_BYTES];

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

/// Nodes that are not yet in their rows.
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

/// The ledger of an earlier day as one read transaction sees it.
pub(super) struct OldLedger {
    pub(super) records: ReadOnlyTable<u64, &'static [u8]>,
    tree: ReadOnlyTable<u64, &'static [u8]>,
    /// How many records it was of.
    pub(super) size: u64,
}

impl OldLedger {
    pub(super) fn of(read: &ReadTransaction) -> Result<Self, StoreError> {
        let (records, tree) = (read.open_table(LEDGER)?, read.open_table(TREE)?);
        let last = tree.last()?.and_then(|(number, row)| last_node(number.value(), row.value()));
        Ok(Self { records, tree, size: leaves_up_to(last) })
    }

    /// A node of its tree; none where it is not full or was taken away.
    pub(super) fn node(&self, node: u64) -> Result<Option<Hash>, StoreError> {
        let (number, at) = place(node);
        Ok(self.tree.get(number)?.and_then(|row| node_in(row.value(), at)))
    }
}
