//! Opening a store: its tables are created, its format is checked, and its state is read.

use std::path::Path;
use std::time::Duration;

use redb::{Database, ReadableDatabase as _, ReadableTable, ReadableTableMetadata as _, WriteTransaction};

use super::frames::LedgerRows;
use super::ledger_index::LEDGER_INDEX;
use super::metadata::{Adopted, JOURNALED, MetadataEntry, RowsDigest, sha256};
use super::old_ledger::plant;
use super::segment::{SEGMENT_SPANS, SEGMENTS};
use super::tables::{
    ARCHIVED_FRAMES, CUSTOMER_SUMMARIES, ENTRIES, FRAMES, HISTORY, JOURNAL, LEDGER, META, METADATA, NODES, PRESENT,
    TREE,
};
use super::view::{decode, encode};
use super::{Entry, StoreError};
use crate::audit::{Hash, Indexed};
use crate::clock::Timestamp;
use crate::id::Revision;
use crate::work::start_goes_on;

/// The format this program writes, and the newest it reads.
pub(super) const FORMAT: u8 = 6;
/// The format of a file with rows that are not published, so that a program that knows nothing of them leaves it alone.
pub(super) const STAGED_FORMAT: u8 = 0x80 | FORMAT;
/// The last format in which no row of the metadata was taken away.
const WITH_EVERY_ROW: u8 = 5;
/// The same, with rows that are not published.
const STAGED_WITH_EVERY_ROW: u8 = 0x80 | WITH_EVERY_ROW;
/// The last format with every version of a fact in one table.
const WITHOUT_PRESENT: u8 = 4;
/// The last format without frames, and with an index in the commit of each record.
const WITHOUT_FRAMES: u8 = 3;
/// The last format without a journal of the metadata.
const WITHOUT_ENTRIES: u8 = 2;
/// The format before there was a tree over the ledger.
const WITHOUT_TREE: u8 = 1;

/// How long a start may take to read a whole store of an earlier format, once.
const ADOPTED_WITHIN: Duration = Duration::from_secs(3_600);

/// Makes the tables of a new store, or checks the format of one that is there.
pub(super) fn prepare(database: &Database, path: &Path) -> Result<(Revision, Timestamp), StoreError> {
    let not_a_store = |cause: &str| StoreError::NotAStore { path: path.to_owned(), cause: cause.to_owned() };
    let write = database.begin_write()?;
    let is_new = write.list_tables()?.next().is_none();
    let (mut is_old, tables) = (false, write.list_tables()?.count());
    let has_all;
    let revision = {
        let mut meta = write.open_table(META).map_err(|_| not_a_store("it is a redb file of another program"))?;
        if is_new {
            meta.insert("format", [FORMAT].as_slice())?;
        }
        let found = meta.get("format")?.and_then(|found| found.value().first().copied());
        match found {
            Some(FORMAT | STAGED_FORMAT) => {}
            Some(STAGED_WITH_EVERY_ROW) => {
                is_old = true;
                meta.insert("format", [STAGED_FORMAT].as_slice())?;
            }
            Some(WITHOUT_FRAMES | WITHOUT_PRESENT | WITH_EVERY_ROW) => {
                is_old = true;
                meta.insert("format", [FORMAT].as_slice())?;
            }
            Some(before @ (WITHOUT_TREE | WITHOUT_ENTRIES)) => {
                is_old = true;
                start_goes_on(ADOPTED_WITHIN);
                meta.insert("format", [FORMAT].as_slice())?;
                if before == WITHOUT_TREE {
                    plant(&write)?;
                }
                if has_entries(&write)? {
                    return Err(not_a_store("its format was set back"));
                }
                move_archives(&write)?;
                adopt(&write)?;
            }
            Some(found) if found > FORMAT => {
                return Err(StoreError::NewerFormat { path: path.to_owned(), found, known: FORMAT });
            }
            _ => return Err(not_a_store("it is a redb file of another program")),
        }
        write.open_table(PRESENT)?;
        write.open_table(CUSTOMER_SUMMARIES)?;
        write.open_table(HISTORY)?;
        write.open_table(METADATA)?;
        write.open_table(ENTRIES)?;
        write.open_table(LEDGER_INDEX)?;
        write.open_table(SEGMENTS)?;
        write.open_table(SEGMENT_SPANS)?;
        write.open_table(FRAMES)?;
        write.open_table(ARCHIVED_FRAMES)?;
        write.open_table(NODES)?;
        // Where there are frames, records that no tree knows are found when the ledger is verified.
        let has_frames = !write.open_table(FRAMES)?.is_empty()? || !write.open_table(ARCHIVED_FRAMES)?.is_empty()?;
        if !has_frames && write.open_table(TREE)?.is_empty()? && !write.open_table(LEDGER)?.is_empty()? {
            return Err(not_a_store("the tree over its ledger was taken away"));
        }
        has_all = write.list_tables()?.count() == tables;
        let (revision, at) = newest(&write.open_table(JOURNAL)?)?;
        (revision, at.max(newest_at(&meta)?).max(newest_record(&write.open_table(LEDGER)?)?))
    };
    if is_new || is_old || !has_all {
        write.commit()?
    } else {
        write.abort()?
    }
    let (revision, at) = revision;
    Ok((revision, at.max(newest_frame(database)?)))
}

/// Gives the rows of archive files a key of their own: they had that of the files of proposals.
fn move_archives(write: &WriteTransaction) -> Result<(), StoreError> {
    let mut metadata_table = write.open_table(METADATA)?;
    let mut moved = Vec::new();
    for found in metadata_table.range::<&[u8]>(b"f".as_slice()..b"g".as_slice())? {
        let (key, row) = found?;
        // It begins with a place in the ledger, and what is no row of an archive with the mark of a list.
        if row.value().first() == Some(&0) {
            moved.push((key.value().to_vec(), row.value().to_vec()));
        }
    }
    for (mut key, row) in moved {
        metadata_table.remove(key.as_slice())?;
        if let Some(kind) = key.first_mut() {
            *kind = b'a';
        }
        metadata_table.insert(key.as_slice(), row.as_slice())?;
    }
    Ok(())
}

/// Was anything written by a program that journals the metadata?
fn has_entries(write: &WriteTransaction) -> Result<bool, StoreError> {
    let journal = write.open_table(JOURNAL)?;
    let newest: Option<Entry> = journal.last()?.map(|(_, entry)| decode(entry.value())).transpose()?;
    Ok(newest.is_some_and(|entry| entry.facts.is_some()) || !write.open_table(ENTRIES)?.is_empty()?)
}

/// Journals the metadata of a store of an earlier format: it is what it is, and from then on every change of it
/// is an entry.
fn adopt(write: &WriteTransaction) -> Result<(), StoreError> {
    let (journal, facts, metadata_table) =
        (write.open_table(JOURNAL)?, write.open_table(HISTORY)?, write.open_table(METADATA)?);
    let (revision, at) = newest(&journal)?;
    let (mut entries, mut kept, mut rows) = (RowsDigest::default(), RowsDigest::default(), Vec::new());
    for found in journal.iter()? {
        let (revision, entry) = found?;
        entries.add(&revision.value().to_be_bytes(), entry.value());
    }
    for found in facts.iter()? {
        let (row, value) = found?;
        kept.add(row.value(), value.value());
    }
    for found in metadata_table.iter()? {
        let (key, row) = found?;
        if key.value().first().is_some_and(|kind| JOURNALED.contains(kind)) {
            rows.push((key.value().to_vec(), sha256(row.value())));
        }
    }
    let adopted = Some(Adopted { revision: revision.0, journal: entries.end(), facts: kept.end() });
    let entry = MetadataEntry { at, by: String::new(), before: Hash::default(), records: 0, rows, adopted };
    write.open_table(ENTRIES)?.insert(1, encode(&entry)?.as_slice())?;
    Ok(())
}

/// The newest revision and when it was written.
pub(super) fn newest(journal: &impl ReadableTable<u64, &'static [u8]>) -> Result<(Revision, Timestamp), StoreError> {
    match journal.last()? {
        Some((revision, entry)) => Ok((Revision(revision.value()), decode::<Entry>(entry.value())?.at)),
        None => Ok((Revision(0), Timestamp::UNIX_EPOCH)),
    }
}

/// The key of the newest time of anything in the store, in milliseconds since 1970.
const NEWEST: &str = "newest";

/// The newest time of anything that was written.
fn newest_at(meta: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<Timestamp, StoreError> {
    let Some(found) = meta.get(NEWEST)? else { return Ok(Timestamp::UNIX_EPOCH) };
    let at = found.value().try_into().map(i64::from_be_bytes).ok().map(Timestamp::from_millisecond);
    at.and_then(Result::ok).ok_or_else(|| StoreError::Unreadable("its newest time is none".to_owned()))
}

/// Stores the newest time of anything in the store with what is written at that time.
pub(super) fn keep_newest(write: &WriteTransaction, at: Timestamp) -> Result<(), StoreError> {
    write.open_table(META)?.insert(NEWEST, at.as_millisecond().to_be_bytes().as_slice())?;
    Ok(())
}

/// The time of the newest frame. Where it cannot be read nothing is answered, whatever the time.
fn newest_frame(database: &Database) -> Result<Timestamp, StoreError> {
    let newest = LedgerRows::of(&database.begin_read()?)?.newest_at().ok().flatten();
    Ok(newest.and_then(|at| Timestamp::from_millisecond(at).ok()).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// The time of the newest record, for a store in which the newest time of anything was not kept yet.
fn newest_record(records: &impl ReadableTable<u64, &'static [u8]>) -> Result<Timestamp, StoreError> {
    let newest = records.last()?.and_then(|(_, record)| Indexed::read(record.value()).at);
    Ok(newest.unwrap_or(Timestamp::UNIX_EPOCH))
}
