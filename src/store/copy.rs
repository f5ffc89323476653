//! A copy of the whole file at one revision, made beside the writer: every row of every table, as one read transaction
//! sees them, in pieces that may be sent.
//!
//! The file itself is never copied: redb writes its pages in place, so a copy of its bytes would be of no moment. What
//! is copied is rows, and whoever writes them gets a file without the space that was freed. A piece is a frame: what it
//! is, how long it is, and its bytes. The last one holds the SHA-256 of all before it, so that a copy that was cut off
//! is never taken for a whole one.

use std::collections::BTreeSet;

use redb::{
    Key, MultimapTableHandle as _, ReadTransaction, TableDefinition, TableError, TableHandle, Value, WriteTransaction,
};
use sha2::{Digest as _, Sha256};

use super::StoreError;
use super::in_force::InForce;
use super::ledger::{LedgerView, guarded};
use super::ledger_index::LEDGER_INDEX;
use super::metadata::{Known, Metadata};
use super::prepare::{FORMAT, newest};
use super::redb_file::Store;
use super::segment::{SEGMENT_SPANS, SEGMENTS};
use super::tables::{
    ARCHIVED_FRAMES, CUSTOMER_SUMMARIES, ENTRIES, FRAMES, HISTORY, JOURNAL, LEDGER, META, METADATA, NODES, PRESENT,
    TREE,
};
use crate::id::Revision;
use crate::limits::{COPY_FRAME_BYTES_MAX, EXPORT_CHUNK_BYTES};

/// How long what a frame begins with is: its kind, and the length of what follows.
pub(super) const FRAME_HEAD: usize = 5;

/// What is told of the store before its rows.
pub(super) const HEAD: u8 = b'h';
/// The name of the table that the next rows are of.
pub(super) const TABLE: u8 = b't';
pub(super) const ROWS: u8 = b'r';
pub(super) const END: u8 = b'e';

type Row = (Vec<u8>, Vec<u8>);
type Rows = Box<dyn Iterator<Item = Result<Row, StoreError>> + Send>;

/// A table, whatever its keys and values are.
pub(super) trait Copied: Sync {
    fn name(&self) -> &str;
    fn rows(&self, read: &ReadTransaction) -> Result<Rows, StoreError>;
    fn insert(&self, write: &WriteTransaction, rows: &[(&[u8], &[u8])]) -> Result<(), StoreError>;
}

impl<K: Key + Send + Sync + 'static, V: Value + Send + Sync + 'static> Copied for TableDefinition<'static, K, V> {
    fn name(&self) -> &str {
        TableHandle::name(self)
    }

    fn rows(&self, read: &ReadTransaction) -> Result<Rows, StoreError> {
        let table = match read.open_table(*self) {
            Ok(table) => table,
            // A store that was begun with frames has none of the tables of before.
            Err(TableError::TableDoesNotExist(_)) => return Ok(Box::new(std::iter::empty())),
            Err(error) => return Err(error.into()),
        };
        let rows = table.range_owned::<K::SelfType<'_>>(..)?;
        Ok(Box::new(rows.map(|found| {
            let (key, value) = found?;
            let (key, value) = (key.value(), value.value());
            Ok((K::as_bytes(&key).as_ref().to_vec(), V::as_bytes(&value).as_ref().to_vec()))
        })))
    }

    fn insert(&self, write: &WriteTransaction, rows: &[(&[u8], &[u8])]) -> Result<(), StoreError> {
        let mut table = write.open_table(*self)?;
        for (key, value) in rows {
            table.insert(K::from_bytes(key), V::from_bytes(value))?;
        }
        Ok(())
    }
}

/// Every table of a store.
pub(super) static TABLES: [&dyn Copied; 15] = [
    &META,
    &PRESENT,
    &CUSTOMER_SUMMARIES,
    &HISTORY,
    &JOURNAL,
    &FRAMES,
    &ARCHIVED_FRAMES,
    &NODES,
    &LEDGER,
    &TREE,
    &METADATA,
    &ENTRIES,
    &LEDGER_INDEX,
    &SEGMENTS,
    &SEGMENT_SPANS,
];

fn frame(kind: u8, bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length as usize <= COPY_FRAME_BYTES_MAX);
    let length = length.ok_or_else(|| StoreError::Unreadable("a row that is too long to be copied".to_owned()))?;
    let mut framed = Vec::with_capacity(bytes.len() + FRAME_HEAD);
    framed.push(kind);
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(bytes);
    Ok(framed)
}

/// The store at the moment of one read transaction, to be copied.
pub struct StoreCopy {
    read: ReadTransaction,
    /// The newest revision in it.
    pub revision: Revision,
    /// The digest of the rules that are in force in it.
    pub rules: Option<String>,
}

impl Store {
    /// The whole store as it is now, to be copied while others go on writing.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read, or holds a table that this program does not know.
    pub fn to_copy(&self) -> Result<StoreCopy, StoreError> {
        guarded(|| StoreCopy::of(self.read()?))
    }
}

impl StoreCopy {
    /// The format of the file.
    pub const FORMAT: u8 = FORMAT;

    pub(super) fn of(read: ReadTransaction) -> Result<Self, StoreError> {
        let known: BTreeSet<&str> = TABLES.iter().map(|table| table.name()).collect();
        let others: Vec<String> = read.list_tables()?.map(|table| table.name().to_owned()).collect();
        let others = others.into_iter().chain(read.list_multimap_tables()?.map(|table| table.name().to_owned()));
        if let Some(name) = others.into_iter().find(|name| !known.contains(name.as_str())) {
            return Err(StoreError::Unreadable(format!(
                "the file has a table `{name}` that this program does not know"
            )));
        }
        let (revision, _) = newest(&read.open_table(JOURNAL)?)?;
        let rules = {
            let (known, newer) = (Known::read(&read.open_table(ENTRIES)?)?, Known::default());
            let metadata_table = read.open_table(METADATA)?;
            Metadata { metadata_table: &metadata_table, known: &known, newer: &newer }.last::<InForce>(b'h')?
        };
        Ok(Self { read, revision, rules: rules.map(|(_, in_force)| in_force.digest) })
    }

    /// The ledger at this moment.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn ledger(&self) -> Result<LedgerView, StoreError> {
        LedgerView::of(&self.read)
    }

    /// The copy in pieces, after what is told of it.
    #[must_use]
    pub fn pieces(self, head: String) -> CopyPieces {
        let state = State { digest: Sha256::new(), head: Some(head), table: 0, rows: None, has_ended: false };
        CopyPieces { read: self.read, state }
    }
}

/// The pieces of a copy; after a failure nothing more, and no end.
pub struct CopyPieces {
    read: ReadTransaction,
    state: State,
}

struct State {
    digest: Sha256,
    head: Option<String>,
    /// The place of the next table.
    table: usize,
    rows: Option<Rows>,
    has_ended: bool,
}

impl CopyPieces {
    fn piece(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let state = &mut self.state;
        if state.has_ended {
            return Ok(None);
        }
        if let Some(head) = state.head.take() {
            return frame(HEAD, head.as_bytes()).map(Some);
        }
        if let Some(rows) = &mut state.rows {
            let mut many = Vec::new();
            while many.len() < EXPORT_CHUNK_BYTES {
                let Some(row) = rows.next() else { break };
                let (key, value) = row?;
                for part in [key, value] {
                    let length = u32::try_from(part.len());
                    let length = length.map_err(|_| StoreError::Unreadable("a row that is too long".to_owned()))?;
                    many.extend_from_slice(&length.to_be_bytes());
                    many.extend_from_slice(&part);
                }
            }
            if !many.is_empty() {
                return frame(ROWS, &many).map(Some);
            }
            state.rows = None;
        }
        if let Some(table) = TABLES.get(state.table) {
            state.table += 1;
            state.rows = Some(table.rows(&self.read)?);
            return frame(TABLE, table.name().as_bytes()).map(Some);
        }
        state.has_ended = true;
        frame(END, &state.digest.clone().finalize()).map(Some)
    }
}

impl Iterator for CopyPieces {
    type Item = Result<Vec<u8>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        match guarded(|| self.piece()) {
            Ok(piece) => {
                let piece = piece?;
                self.state.digest.update(&piece);
                Some(Ok(piece))
            }
            Err(error) => {
                self.state.has_ended = true;
                Some(Err(error))
            }
        }
    }
}
