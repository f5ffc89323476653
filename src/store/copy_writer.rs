//! The file that is written of the pieces of a copy.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Builder, Database, ReadableDatabase as _, WriteTransaction};
use sha2::{Digest as _, Sha256};

use super::copy::{Copied, END, FRAME_HEAD, HEAD, ROWS, StoreCopy, TABLE, TABLES};
use super::ledger::guarded;
use crate::audit::{Hash, hash_text};
use crate::files::{SECRET, create};
use crate::id::Revision;
use crate::limits::COPY_FRAME_BYTES_MAX;

/// How many bytes of rows are written in one transaction.
const COMMIT_BYTES: usize = 64 * 1024 * 1024;

/// Why a copy is not made.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The file cannot be written.
    #[error("cannot write `{}`: {cause}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// It ended before its end.
    #[error("the copy of the store was cut off before its end; make it again")]
    CutOff,
    /// It is not what was sent.
    #[error("what came is not a copy of a store: {0}; use the same version of `standing` on both sides")]
    Altered(&'static str),
    /// The copy is of another state than it says.
    #[error("the copy is not what was to be copied: it holds {found}, and {expected} was sent; make it again")]
    Other {
        /// What it holds.
        found: String,
        /// What was to be copied.
        expected: String,
    },
}

/// A store that is written of the pieces of a copy.
pub struct StoreWriter {
    path: PathBuf,
    database: Database,
    write: Option<WriteTransaction>,
    uncommitted: usize,
    table: Option<&'static dyn Copied>,
    waiting: Vec<u8>,
    digest: Sha256,
    head: Option<String>,
    has_ended: bool,
}

/// Takes so many bytes that a length before them says.
fn part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (part, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *bytes = rest;
    Some(part)
}

impl StoreWriter {
    /// Begins a new file, which nobody else can read.
    ///
    /// # Errors
    /// [`CopyError::Unwritable`].
    pub fn new(path: &Path) -> Result<Self, CopyError> {
        let unwritable = |cause: String| CopyError::Unwritable { path: path.to_owned(), cause };
        drop(create(path, SECRET).map_err(|error| unwritable(error.to_string()))?);
        let file = File::options().read(true).write(true).open(path);
        let bytes = FileBackend::new(file.map_err(|error| unwritable(error.to_string()))?);
        let database = bytes.and_then(|bytes| Builder::new().create_with_backend(bytes));
        let database = database.map_err(|error| unwritable(error.to_string()))?;
        Ok(Self {
            path: path.to_owned(),
            database,
            write: None,
            uncommitted: 0,
            table: None,
            waiting: Vec::new(),
            digest: Sha256::new(),
            head: None,
            has_ended: false,
        })
    }

    fn unwritable(&self, cause: impl fmt::Display) -> CopyError {
        CopyError::Unwritable { path: self.path.clone(), cause: cause.to_string() }
    }

    /// Writes what came next.
    ///
    /// # Errors
    /// A [`CopyError`]; then the file is of no use.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), CopyError> {
        self.waiting.extend_from_slice(bytes);
        let waiting = std::mem::take(&mut self.waiting);
        let mut rest = waiting.as_slice();
        while let Some((&kind, after)) = rest.split_first() {
            if self.has_ended {
                return Err(CopyError::Altered("it goes on after its end"));
            }
            let Some((length, _)) = after.split_first_chunk::<4>() else { break };
            if u32::from_be_bytes(*length) as usize > COPY_FRAME_BYTES_MAX {
                return Err(CopyError::Altered("a piece of it is too long"));
            }
            let mut after = after;
            let Some(payload) = part(&mut after) else { break };
            self.frame(kind, payload)?;
            let (whole, next) = rest.split_at(payload.len() + FRAME_HEAD);
            self.digest.update(whole);
            rest = next;
        }
        self.waiting = rest.to_vec();
        Ok(())
    }

    fn frame(&mut self, kind: u8, payload: &[u8]) -> Result<(), CopyError> {
        let text = || std::str::from_utf8(payload).map_err(|_| CopyError::Altered("a name in it is no text"));
        match (kind, &self.head) {
            (HEAD, None) => self.head = Some(text()?.to_owned()),
            (TABLE, Some(_)) => {
                let name = text()?;
                let table = TABLES.iter().find(|table| table.name() == name);
                let table = *table.ok_or(CopyError::Altered("it has a table that is not known here"))?;
                self.insert(table, &[])?;
                self.table = Some(table);
            }
            (ROWS, Some(_)) => {
                let table = self.table.ok_or(CopyError::Altered("its rows are of no table"))?;
                let (mut rows, mut rest) = (Vec::new(), payload);
                while !rest.is_empty() {
                    let row = part(&mut rest).and_then(|key| Some((key, part(&mut rest)?)));
                    rows.push(row.ok_or(CopyError::Altered("a row of it is not whole"))?);
                }
                self.insert(table, &rows)?;
                self.uncommitted += payload.len();
                if self.uncommitted >= COMMIT_BYTES {
                    self.commit()?;
                }
            }
            (END, Some(_)) => {
                if payload != self.digest.clone().finalize().as_slice() {
                    return Err(CopyError::Altered("its end is that of another"));
                }
                self.has_ended = true;
            }
            _ => return Err(CopyError::Altered("it does not begin as one")),
        }
        Ok(())
    }

    fn insert(&mut self, table: &'static dyn Copied, rows: &[(&[u8], &[u8])]) -> Result<(), CopyError> {
        let write = match self.write.take() {
            Some(write) => write,
            None => self.database.begin_write().map_err(|error| self.unwritable(error))?,
        };
        // What is no key of the table makes redb panic.
        let inserted = guarded(|| table.insert(&write, rows));
        self.write = Some(write);
        inserted.map_err(|error| self.unwritable(error))
    }

    fn commit(&mut self) -> Result<(), CopyError> {
        self.uncommitted = 0;
        let Some(write) = self.write.take() else { return Ok(()) };
        write.commit().map_err(|error| self.unwritable(error))
    }

    /// Ends the file, which is on the disk once this returns, and says what was told of the store: the copy is held
    /// against what `expected` reads of that, a revision, a number of records and a root.
    ///
    /// # Errors
    /// [`CopyError::CutOff`] when the end did not come, [`CopyError::Other`] when the file holds something else.
    pub fn end<T>(
        mut self,
        expected: impl FnOnce(&str) -> Result<(T, CopiedState), CopyError>,
    ) -> Result<T, CopyError> {
        if !self.has_ended || !self.waiting.is_empty() {
            return Err(CopyError::CutOff);
        }
        self.commit()?;
        let (value, expected) = expected(self.head.as_deref().unwrap_or_default())?;
        let found = guarded(|| {
            let copy = StoreCopy::of(self.database.begin_read()?)?;
            let ledger = copy.ledger()?;
            let records = ledger.size()?;
            Ok(CopiedState { revision: copy.revision, records, root: ledger.peaks(records)?.root() })
        });
        let found = found.map_err(|error| self.unwritable(error))?;
        if found != expected {
            return Err(CopyError::Other { found: found.to_string(), expected: expected.to_string() });
        }
        let path = self.path;
        let unwritable = |cause: String| CopyError::Unwritable { path: path.clone(), cause };
        self.database.close().map_err(|error| unwritable(error.to_string()))?;
        let synced = File::open(&path).and_then(|file| file.sync_all());
        synced.map_err(|error| unwritable(error.to_string()))?;
        Ok(value)
    }
}

/// The state of a store, as far as a copy of it is held against it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopiedState {
    /// Its newest revision.
    pub revision: Revision,
    /// How many records it has.
    pub records: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl fmt::Display for CopiedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { revision, records, root } = self;
        write!(f, "revision {revision} and {records} records with the root {}", hash_text(root))
    }
}
