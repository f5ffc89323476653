//! The tables of the file, and how rows are read in them.

use redb::{AccessGuard, ReadOnlyTable, ReadableTable, StorageError, Table, TableDefinition, TableError};

use super::StoreError;
use super::rows::{Rows, Visit, parse, row};
use crate::id::Revision;

pub(super) const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
pub(super) const FACTS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("facts");
pub(super) const JOURNAL: TableDefinition<u64, &[u8]> = TableDefinition::new("journal");
/// The records and their part of the tree, by the first record of each frame.
pub(super) const FRAMES: TableDefinition<u64, &[u8]> = TableDefinition::new("frames");
/// The frames whose records were all archived.
pub(super) const ARCHIVED_FRAMES: TableDefinition<u64, &[u8]> = TableDefinition::new("archived_frames");
/// The nodes of the tree over so many records that they are not computed each time.
pub(super) const NODES: TableDefinition<u64, &[u8]> = TableDefinition::new("nodes");
/// The records one by one, as they were written before there were frames.
pub(super) const LEDGER: TableDefinition<u64, &[u8]> = TableDefinition::new("ledger");
/// The tree over these.
pub(super) const TREE: TableDefinition<u64, &[u8]> = TableDefinition::new("tree");
pub(super) const METADATA: TableDefinition<&[u8], &[u8]> = TableDefinition::new("side");
/// The metadata journal, by the number of the entry.
pub(super) const ENTRIES: TableDefinition<u64, &[u8]> = TableDefinition::new("entries");

/// The metadata table in a read transaction.
pub(super) type MetadataTable = ReadOnlyTable<&'static [u8], &'static [u8]>;

macro_rules! unusable {
    ($($error:ty),*) => {$(
        impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                Self::Unusable(error.to_string())
            }
        }
    )*};
}
unusable!(StorageError, TableError, redb::TransactionError, redb::CommitError, redb::SetDurabilityError);

macro_rules! rows {
    ($($table:ty),*) => {$(
        impl Rows for $table {
            fn newest(&self, key: &[u8], at: Revision) -> Result<Option<(Revision, Vec<u8>)>, StoreError> {
                let (from, to) = (row(key, Revision(0)), row(key, at));
                let Some(found) = self.range::<&[u8]>(from.as_slice()..=to.as_slice())?.next_back() else {
                    return Ok(None);
                };
                let (found, value) = found?;
                let (_, revision) =
                    parse(found.value()).ok_or_else(|| StoreError::Unreadable("a row without a revision".to_owned()))?;
                Ok(Some((revision, value.value().to_vec())))
            }

            fn first_from(&self, from: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
                let found = self.range::<&[u8]>(from..)?.next().transpose()?;
                Ok(found.map(|(row, _)| row.value().to_vec()))
            }

            /// One way down the tree for all of them.
            fn walk(&self, prefix: &[u8], at: Revision, visit: &mut Visit<'_>) -> Result<(), StoreError> {
                let mut newest = None;
                let mut key = Vec::new();
                for found in self.range::<&[u8]>(prefix..)? {
                    let (row, value) = found?;
                    let Some((next, revision)) = parse(row.value()).filter(|(next, _)| next.starts_with(prefix)) else {
                        break;
                    };
                    if next != key.as_slice() {
                        if let Some(value) = newest.take()
                            && visit(&key, AccessGuard::value(&value))?.is_break()
                        {
                            return Ok(());
                        }
                        key.clear();
                        key.extend_from_slice(next);
                    }
                    if revision <= at {
                        newest = Some(value);
                    }
                }
                newest.map_or(Ok(()), |value| visit(&key, value.value()).map(drop))
            }
        }
    )*};
}
rows!(ReadOnlyTable<&'static [u8], &'static [u8]>, Table<'_, &'static [u8], &'static [u8]>);
