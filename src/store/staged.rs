//! Rows of an import that is not published.
//!
//! They lie in the tables of the facts, under the revision after the newest one: everybody reads at a revision that the
//! journal has, and finds what these rows replaced in the history. The entry of the journal publishes all of them at
//! once. A row beside the format says that they are there; what its import left is taken back before any other change.

use std::time::Duration;

use redb::{Database, ReadableDatabase as _, ReadableTable, WriteTransaction};

use super::StoreError;
use super::customer_summary::{revision_of, summary_as_written};
use super::prepare::{FORMAT, STAGED_FORMAT, newest};
use super::present::{WrittenFacts, version};
use super::rows::{parse, row};
use super::tables::{JOURNAL, META};
use super::view::{decode, encode};
use crate::id::Revision;
use crate::limits::{IMPORT_PIECE_ROWS_MAX, IMPORT_WAITING_BYTES_MAX};
use crate::work::{is_ending, start_goes_on};

/// How long one such transaction may take at a start, on a disk that hardly goes on.
const PIECE_WITHIN: Duration = Duration::from_secs(60);
/// The key of the row.
const STAGED: &str = "staged";
/// How many rows are looked at in one transaction that takes some back.
const SCANNED_AT_ONCE: usize = 20_000;
/// How many of them are taken back in it.
const TAKEN_AT_ONCE: usize = 1_000;

/// How large the pieces of an import are.
#[derive(Clone, Copy, Debug)]
pub struct ImportPieces {
    /// How many bytes of rows wait in memory, so that many are written in the order of their keys.
    pub waiting_bytes: usize,
    /// How many rows are written in one transaction at most.
    pub rows: usize,
}

impl Default for ImportPieces {
    fn default() -> Self {
        Self { waiting_bytes: IMPORT_WAITING_BYTES_MAX, rows: IMPORT_PIECE_ROWS_MAX }
    }
}

/// What is staged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Staged {
    /// The revision it will be.
    pub(super) revision: Revision,
    /// How many pieces of it are written.
    pub(super) pieces: u64,
}

impl Staged {
    /// What is staged in a file.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when that is not the revision after the newest one: nothing is taken back then.
    pub(super) fn of(
        meta: &impl ReadableTable<&'static str, &'static [u8]>,
        journal: &impl ReadableTable<u64, &'static [u8]>,
    ) -> Result<Option<Self>, StoreError> {
        let Some(found) = meta.get(STAGED)? else { return Ok(None) };
        let (revision, pieces) = decode(found.value())?;
        if revision != newest(journal)?.0.next() {
            return Err(StoreError::Unreadable(format!(
                "rows of revision {revision}, which is not the next, are staged"
            )));
        }
        Ok(Some(Self { revision, pieces }))
    }

    /// What is staged, as a write transaction sees it.
    pub(super) fn within(write: &WriteTransaction) -> Result<Option<Self>, StoreError> {
        let Some(found) = write.open_table(META)?.get(STAGED)?.map(|found| decode(found.value())) else {
            return Ok(None);
        };
        let (revision, pieces) = found?;
        Ok(Some(Self { revision, pieces }))
    }

    /// Says that this is staged.
    pub(super) fn enter(&self, write: &WriteTransaction) -> Result<(), StoreError> {
        let mut meta = write.open_table(META)?;
        meta.insert("format", [STAGED_FORMAT].as_slice())?;
        meta.insert(STAGED, encode(&(self.revision, self.pieces))?.as_slice())?;
        Ok(())
    }

    /// Says that nothing is staged any more.
    pub(super) fn leave(write: &WriteTransaction) -> Result<(), StoreError> {
        let mut meta = write.open_table(META)?;
        meta.insert("format", [FORMAT].as_slice())?;
        meta.remove(STAGED)?;
        Ok(())
    }
}

/// Where taking back goes on.
pub(super) enum Rest {
    /// At the first fact whose key is not below it.
    Facts(Vec<u8>),
    /// At the first summary whose customer is not below it.
    Summaries(String),
}

impl Rest {
    /// All of it.
    pub(super) fn all() -> Self {
        Self::Facts(Vec::new())
    }

    /// Takes back some of the rows of a revision that is not published; what is left, if anything may be.
    pub(super) fn take_back(
        self,
        facts: &mut WrittenFacts<'_>,
        revision: Revision,
    ) -> Result<Option<Self>, StoreError> {
        match self {
            Self::Facts(from) => {
                let rest = facts_back(facts, revision, &from)?;
                Ok(Some(rest.map_or_else(|| Self::Summaries(String::new()), Self::Facts)))
            }
            Self::Summaries(from) => Ok(summaries_back(facts, revision, &from)?.map(Self::Summaries)),
        }
    }
}

fn facts_back(facts: &mut WrittenFacts<'_>, revision: Revision, from: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let tables = facts.tables();
    let (mut keys, mut rest) = (Vec::new(), None);
    for found in tables.present.range::<&[u8]>(from..)?.take(SCANNED_AT_ONCE) {
        let (key, bytes) = found?;
        let key = key.value();
        rest = Some([key, &[0]].concat());
        // What cannot be read is none of it, and verification names it.
        if version(bytes.value()).is_ok_and(|(at, _)| at == revision) {
            keys.push(key.to_vec());
            if keys.len() == TAKEN_AT_ONCE {
                break;
            }
        }
    }
    for key in keys {
        let (first, last) = (row(&key, Revision(0)), row(&key, revision));
        let before = tables.history.range::<&[u8]>(first.as_slice()..last.as_slice())?.next_back().transpose()?;
        let before = before.map(|(row, value)| (row.value().to_vec(), value.value().to_vec()));
        let replaced = before.as_ref().and_then(|(row, _)| parse(row)).map(|(_, replaced)| replaced);
        match before.zip(replaced) {
            Some(((row, value), replaced)) => {
                let bytes = [replaced.0.to_be_bytes().as_slice(), &value].concat();
                tables.present.insert(key.as_slice(), bytes.as_slice())?;
                tables.history.remove(row.as_slice())?;
            }
            None => drop(tables.present.remove(key.as_slice())?),
        }
    }
    Ok(rest)
}

fn summaries_back(facts: &mut WrittenFacts<'_>, revision: Revision, from: &str) -> Result<Option<String>, StoreError> {
    let (mut customers, mut rest) = (Vec::new(), None);
    for found in facts.summaries.range::<&str>(from..)?.take(SCANNED_AT_ONCE) {
        let (customer, bytes) = found?;
        let customer = customer.value();
        rest = Some(format!("{customer}\0"));
        if revision_of(bytes.value()) == Some(revision) {
            customers.push(customer.to_owned());
            if customers.len() == TAKEN_AT_ONCE {
                break;
            }
        }
    }
    for customer in customers {
        match summary_as_written(facts.tables(), &customer)? {
            Some(row) => facts.summaries.insert(customer.as_str(), row.as_slice())?,
            None => facts.summaries.remove(customer.as_str())?,
        };
    }
    Ok(rest)
}

/// Takes back all that an import left that is not published, in pieces.
///
/// # Errors
/// As of [`take_back_some`].
pub(super) fn take_back_all(database: &Database) -> Result<(), StoreError> {
    let mut rest = None;
    while !take_back_some(database, &mut rest)? {}
    Ok(())
}

/// Takes back a piece of what an import left that is not published, and notes in `rest` what is left; is it nothing?
///
/// # Errors
/// [`StoreError`]; then the rest is taken back later, and nobody looks at it meanwhile. [`StoreError::Closing`] where the
/// process ends: the next start does it.
pub(super) fn take_back_some(database: &Database, rest: &mut Option<Rest>) -> Result<bool, StoreError> {
    let read = database.begin_read()?;
    let Some(staged) = Staged::of(&read.open_table(META)?, &read.open_table(JOURNAL)?)? else { return Ok(true) };
    drop(read);
    if is_ending() {
        return Err(StoreError::Closing);
    }
    let some = rest.take().unwrap_or_else(|| {
        tracing::info!(pieces = staged.pieces, "an import that was not done is taken back");
        Rest::all()
    });
    start_goes_on(PIECE_WITHIN);
    let write = database.begin_write()?;
    *rest = some.take_back(&mut WrittenFacts::open(&write)?, staged.revision)?;
    if rest.is_none() {
        Staged::leave(&write)?;
    }
    write.commit()?;
    Ok(rest.is_none())
}
