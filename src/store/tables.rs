//! The tables of the file.

use redb::{ReadOnlyTable, StorageError, TableDefinition, TableError};

use super::StoreError;

pub(super) const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
/// What each fact is now.
pub(super) const PRESENT: TableDefinition<&[u8], &[u8]> = TableDefinition::new("present");
/// What a question may need of a customer, in one row beside the facts.
pub(super) const CUSTOMER_SUMMARIES: TableDefinition<&str, &[u8]> = TableDefinition::new("customer_summaries");
/// What facts were before; in a store that was written before there were present rows, also what they are.
pub(super) const HISTORY: TableDefinition<&[u8], &[u8]> = TableDefinition::new("facts");
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
