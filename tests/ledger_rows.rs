//! The rows of a ledger in the hands of somebody who can write to the file: for tests that tamper with it, and for
//! stores as they were before there were frames.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;

use redb::{Database, ReadableTable as _, TableDefinition, WriteTransaction};
use standing::audit::{Hash, Peaks, leaf_hash, leaf_node, leaves_up_to};
use standing::store::{Body, Frame, StoredFrame};

pub type Numbered = TableDefinition<'static, u64, &'static [u8]>;

pub const FRAMES: Numbered = TableDefinition::new("frames");
pub const ARCHIVED_FRAMES: Numbered = TableDefinition::new("archived_frames");
pub const NODES: Numbered = TableDefinition::new("nodes");
pub const LEDGER: Numbered = TableDefinition::new("ledger");
pub const TREE: Numbered = TableDefinition::new("tree");
const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const HASH_BYTES: usize = 32;
const ROW_NODES: usize = 64;
const STORED_LEVEL: u32 = 8;

/// The rows of a numbered table.
pub type Rows = BTreeMap<u64, Vec<u8>>;

pub fn change_file(data: &Path, change: impl FnOnce(&WriteTransaction)) {
    let database = Database::open(data.join("standing.redb")).unwrap();
    let write = database.begin_write().unwrap();
    change(&write);
    write.commit().unwrap();
}

fn read(write: &WriteTransaction, table: Numbered) -> Rows {
    let table = write.open_table(table).unwrap();
    let rows = table.iter().unwrap().map(|row| row.unwrap());
    rows.map(|(key, value)| (key.value(), value.value().to_vec())).collect()
}

fn replace(write: &WriteTransaction, table: Numbered, rows: &Rows) {
    let mut table = write.open_table(table).unwrap();
    table.retain(|_, _| false).unwrap();
    for (key, row) in rows {
        table.insert(key, row.as_slice()).unwrap();
    }
}

/// Changes the rows of a table behind the back of everything.
pub fn tamper_table(data: &Path, table: Numbered, change: impl FnOnce(&mut Rows)) {
    change_file(data, |write| {
        let mut rows = read(write, table);
        change(&mut rows);
        replace(write, table, &rows);
    });
}

/// Whose leaves stand in the tree once records were changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    /// Those of the records as they were.
    Before,
    /// Those of the records as they are, with all the nodes above them.
    Forged,
}

/// Changes the records of a ledger, by their places, behind the back of everything. A record beyond the end is put
/// where a stray one would stand.
pub fn tamper(data: &Path, leaves: Leaves, change: impl FnOnce(&mut Rows)) {
    change_file(data, |write| {
        let before = Found::of(write);
        let mut after = before.records.clone();
        change(&mut after);
        before.write(write, after, leaves);
    });
}

/// Rewrites a store as it was before there were frames.
pub fn as_before_frames(data: &Path) {
    change_file(data, |write| {
        let found = Found::of(write);
        assert!(found.old_size == 0 && found.records.len() == found.leaves.len(), "nothing is archived yet");
        let mut tree = Rows::new();
        let mut peaks = Peaks::default();
        for leaf in found.leaves.values() {
            let Ok(()) = peaks.push(*leaf, |node, hash| {
                put(&mut tree, node, hash);
                Ok::<(), Infallible>(())
            });
        }
        replace(write, LEDGER, &found.records);
        replace(write, TREE, &tree);
        for table in [FRAMES, ARCHIVED_FRAMES, NODES] {
            assert!(write.delete_table(table).unwrap());
        }
        for table in ["ledger_segments", "present"].map(TableDefinition::<&[u8], &[u8]>::new) {
            write.delete_table(table).unwrap();
        }
        write.delete_table(TableDefinition::<u64, u64>::new("ledger_segment_spans")).unwrap();
        write.open_table(META).unwrap().insert("format", [3].as_slice()).unwrap();
    });
}

fn put(tree: &mut Rows, node: u64, hash: &Hash) {
    let (number, at) = (node / ROW_NODES as u64, node as usize % ROW_NODES * HASH_BYTES);
    let row = tree.entry(number).or_default();
    row.resize(row.len().max(at + HASH_BYTES), 0);
    row[at..at + HASH_BYTES].copy_from_slice(hash);
}

/// A ledger as it is found.
struct Found {
    records: Rows,
    leaves: BTreeMap<u64, Hash>,
    /// How many records are from before there were frames.
    old_size: u64,
    tree: Rows,
    strays: Rows,
}

impl Found {
    fn of(write: &WriteTransaction) -> Self {
        let tree = read(write, TREE);
        let node = |node: u64| -> Option<Hash> {
            let row = tree.get(&(node / ROW_NODES as u64))?;
            let hash: Hash = row.get(node as usize % ROW_NODES * HASH_BYTES..)?.get(..HASH_BYTES)?.try_into().ok()?;
            (hash != [0; HASH_BYTES]).then_some(hash)
        };
        let last = tree.keys().last().map_or(0, |row| (row + 1) * ROW_NODES as u64);
        let old_size = leaves_up_to((0..last).rev().find(|number| node(*number).is_some()));
        let mut leaves: BTreeMap<u64, Hash> =
            (1..=old_size).map(|seq| (seq, node(leaf_node(seq - 1)).unwrap())).collect();
        let mut records = read(write, LEDGER);
        let strays = records.split_off(&(old_size + 1));
        for (first, bytes) in read(write, ARCHIVED_FRAMES).into_iter().chain(read(write, FRAMES)) {
            let frame = StoredFrame::of(&bytes).unwrap();
            leaves.extend((first..).zip(frame.leaves()));
            records.extend((first + frame.archived() as u64..).zip(frame.records().unwrap().iter().cloned()));
        }
        Self { records, leaves, old_size, tree, strays }
    }

    /// Writes records in the place of those that were there: of frames each has one of its own.
    fn write(&self, write: &WriteTransaction, mut records: Rows, which: Leaves) {
        let size = self.leaves.len() as u64;
        let beyond = records.split_off(&(size + 1));
        let leaf = |seq: &u64, before: &Hash| match (which, records.get(seq)) {
            (Leaves::Forged, Some(record)) => leaf_hash(record),
            _ => *before,
        };
        let (mut peaks, mut tree, mut nodes) = (Peaks::default(), self.tree.clone(), Rows::new());
        let (mut frames, mut archived) = (Rows::new(), Rows::new());
        for (seq, before) in &self.leaves {
            let (leaf, root_before) = (leaf(seq, before), peaks.root());
            let Ok(()) = peaks.push(leaf, |node, hash| {
                if *seq <= self.old_size {
                    put(&mut tree, node, hash);
                } else if node.trailing_ones() >= STORED_LEVEL {
                    nodes.insert(node, hash.to_vec());
                }
                Ok::<(), Infallible>(())
            });
            if *seq > self.old_size {
                let record = records.get(seq).map(Vec::as_slice);
                let (record, leaves) = (Vec::from_iter(record), [leaf]);
                let body = Body::of(&record).unwrap();
                let frame = Frame { body: &body, leaves: &leaves, before: root_before, root: peaks.root(), at: 0 };
                let rows = if record.is_empty() { &mut archived } else { &mut frames };
                rows.insert(*seq, frame.bytes().unwrap());
            }
        }
        let mut old = records.clone();
        old.retain(|seq, _| *seq <= self.old_size);
        old.extend(self.strays.clone());
        old.extend(beyond);
        for (table, rows) in
            [(LEDGER, &old), (TREE, &tree), (FRAMES, &frames), (ARCHIVED_FRAMES, &archived), (NODES, &nodes)]
        {
            replace(write, table, rows);
        }
    }
}
