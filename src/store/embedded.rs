//! The log without a database: the file that everybody reads is the log, and a commit is a transaction of it.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use redb::ReadableTable as _;

use super::batch::Batch;
use super::file::Shared;
use super::frames::LedgerRows;
use super::log::{Head, Log};
use super::metadata::Known;
use super::prepare::{keep_newest, newest};
use super::tables::{ENTRIES, JOURNAL};
use super::view::decode;
use super::{Entry, StoreError};
use crate::audit::IndexEntry;
use crate::clock::Timestamp;
use crate::id::Revision;

/// What everybody sees once a commit is durable.
struct Published {
    head: Head,
    /// The metadata entries it added.
    newer: Option<Known>,
    /// The rules it activates.
    in_force: Option<(u64, String)>,
    /// Was as much written as a record takes?
    is_real: bool,
    /// What its records are indexed by, as far as they say.
    entries: Vec<Option<IndexEntry>>,
}

impl Log for Shared {
    type Commit<'txn> = Batch<'txn>;

    fn head(&self) -> Result<Head, StoreError> {
        let read = self.read()?;
        let (revision, _) = newest(&read.open_table(JOURNAL)?)?;
        let entry = read.open_table(ENTRIES)?.last()?.map_or(0, |(number, _)| number.value());
        Ok(Head { revision, entry, records: LedgerRows::of(&read)?.peaks()? })
    }

    fn commit(
        &self,
        after: Head,
        now: Timestamp,
        fill: impl FnOnce(&mut Batch<'_>) -> Result<(), StoreError>,
    ) -> Result<Head, StoreError> {
        let first = after.records.size() + 1;
        let Published { head, newer, in_force, is_real, entries } = written(self, after, now, fill)?;
        let is_newer = newer.is_some();
        if let Some(newer) = newer {
            self.known.write().unwrap_or_else(PoisonError::into_inner).merge(newer);
            if in_force.is_some() {
                self.put_in_force(in_force);
            }
        }
        // After the rules: a change that came after them is never read by those before.
        let before = self.publish(head.revision);
        if is_newer {
            self.newest_metadata.send_replace(head.entry);
        }
        // A small change may fit on the disk where no record does.
        if is_real {
            self.writable.store(true, Ordering::Release);
            self.collect(first, &entries);
        }
        if before != head.revision {
            self.changed.send_replace(head.revision);
        }
        Ok(head)
    }

    fn entries(&self, after: Revision, to: Revision, enough: usize) -> Result<Vec<(Revision, Entry)>, StoreError> {
        let journal = self.read()?.open_table(JOURNAL)?;
        let (mut entries, mut events) = (Vec::new(), 0);
        if after < to {
            for found in journal.range(after.next().0..=to.0)? {
                let (revision, entry) = found?;
                let entry: Entry = decode(entry.value())?;
                events += entry.events.len();
                entries.push((Revision(revision.value()), entry));
                if events >= enough {
                    break;
                }
            }
        }
        Ok(entries)
    }
}

/// Writes a commit in one transaction.
fn written(
    shared: &Shared,
    after: Head,
    now: Timestamp,
    fill: impl FnOnce(&mut Batch<'_>) -> Result<(), StoreError>,
) -> Result<Published, StoreError> {
    let database = shared.database.read().unwrap_or_else(PoisonError::into_inner);
    let write = database.as_ref().ok_or(StoreError::Closing)?.begin_write()?;
    let before = after.revision;
    let (revision, entry, newer, in_force, is_real, ledger, at) = {
        let mut batch = Batch::open(&write, now, shared, after)?;
        fill(&mut batch)?;
        let entry = batch.newer.number;
        let newer = (entry > batch.known.number).then_some(batch.newer);
        let Batch { revision, in_force, is_real, ledger, at, .. } = batch;
        // A frame has its time, and what only records writes nothing else.
        if revision != before || newer.is_some() || !ledger.has_any() {
            keep_newest(&write, at)?;
        }
        (revision, entry, newer, in_force, is_real, ledger, at)
    };
    let (records, entries) = ledger.close(&write, at)?;
    write.commit()?;
    Ok(Published { head: Head { revision, entry, records }, newer, in_force, is_real, entries })
}
