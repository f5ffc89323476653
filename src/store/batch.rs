//! A write transaction: what a piece of work reads in it, and how the sheet it yields becomes rows.

use std::sync::{Arc, PoisonError, RwLockReadGuard};

use redb::{Table, WriteTransaction};

use super::appender::LedgerAppender;
use super::file::Shared;
use super::index_rows::index_rows_of;
use super::log::{Commit, Head, WriteContext};
use super::metadata::{Known, Metadata, MetadataEntry, sha256};
use super::metadata_changes::MetadataChanges;
use super::prepare::newest;
use super::present::WrittenFacts;
use super::records::Records;
use super::sheet::Sheet;
use super::tables::{ENTRIES, JOURNAL, METADATA};
use super::token::remembered_key;
use super::view::{View, encode};
use super::{Entry, StoreError};
use crate::audit::{Hash, Record, Recorded, SALT_BYTES};
use crate::clock::Timestamp;
use crate::domain::event::{Event, Fact};
use crate::id::{Revision, Seq};
use crate::random::{Random, SharedRandom};

/// A write transaction that is being filled.
pub(super) struct Batch<'txn> {
    pub(super) write: &'txn WriteTransaction,
    random: SharedRandom,
    pub(super) facts: WrittenFacts<'txn>,
    journal: Table<'txn, u64, &'static [u8]>,
    metadata: Table<'txn, u64, &'static [u8]>,
    /// The journaled hashes of the metadata rows, and those this transaction adds.
    pub(super) known: RwLockReadGuard<'txn, Known>,
    pub(super) newer: Known,
    /// The rules that this transaction activates.
    pub(super) in_force: Option<(u64, String)>,
    pub(super) ledger: LedgerAppender,
    pub(super) metadata_table: Table<'txn, &'static [u8], &'static [u8]>,
    pub(super) revision: Revision,
    pub(super) at: Timestamp,
    /// The digest of the rows of an import that were written before.
    pub(super) staged: Option<Hash>,
    /// Does it hold at least a record?
    pub(super) is_real: bool,
}

impl<'txn> Batch<'txn> {
    pub(super) fn open(
        write: &'txn WriteTransaction,
        now: Timestamp,
        shared: &'txn Shared,
        after: Head,
    ) -> Result<Self, StoreError> {
        let journal = write.open_table(JOURNAL)?;
        let (revision, newest_at) = newest(&journal)?;
        let at = now.max(newest_at);
        let (facts, metadata_table) = (WrittenFacts::open(write)?, write.open_table(METADATA)?);
        let known = shared.known.read().unwrap_or_else(PoisonError::into_inner);
        after.check(revision, known.number)?;
        Ok(Self {
            write,
            random: Arc::clone(&shared.random),
            facts,
            journal,
            metadata: write.open_table(ENTRIES)?,
            newer: known.after(),
            known,
            in_force: None,
            ledger: LedgerAppender::after(after.records),
            metadata_table,
            revision,
            at,
            staged: None,
            is_real: false,
        })
    }

    pub(super) fn put(&mut self, fact: &Fact, revision: Revision) -> Result<(), StoreError> {
        let rows = index_rows_of(&View::new(&self.facts, Revision(u64::MAX)), fact)?;
        rows.into_iter().try_for_each(|(key, value)| self.facts.put(key, revision, value))
    }

    /// Appends the events to the journal as `revision`; returns the SHA-256 of the entry.
    fn enter_revision(
        &mut self,
        revision: Revision,
        (at, by): (Timestamp, String),
        events: Vec<Event>,
    ) -> Result<Hash, StoreError> {
        let put = self.facts.written(revision)?;
        let facts = Some(self.staged.take().unwrap_or(put));
        let metadata = (self.newer.number > 0).then_some(self.newer.head);
        let entry = encode(&Entry { at, by, events, facts, metadata })?;
        self.journal.insert(revision.0, entry.as_slice())?;
        self.revision = revision;
        Ok(sha256(&entry))
    }

    /// Writes metadata rows and their journal entry, `with` so many records; returns the SHA-256 of the entry.
    fn enter_metadata(
        &mut self,
        (at, by): (Timestamp, String),
        metadata: MetadataChanges,
        with: usize,
    ) -> Result<Hash, StoreError> {
        let rows: Vec<_> = metadata.rows.iter().map(|(key, row)| (key.clone(), sha256(row))).collect();
        let records = self.ledger.size() + with as u64;
        let entry = MetadataEntry { at, by, before: self.newer.head, records, rows, adopted: None };
        let bytes = encode(&entry)?;
        self.metadata.insert(self.newer.number + 1, bytes.as_slice())?;
        self.newer.note(&bytes, entry.rows);
        for (key, row) in metadata.rows {
            match row.is_empty() {
                true => drop(self.metadata_table.remove(key.as_slice())?),
                false => drop(self.metadata_table.insert(key.as_slice(), row.as_slice())?),
            }
        }
        self.in_force = metadata.in_force.or(self.in_force.take());
        Ok(self.newer.head)
    }
}

impl Commit for Batch<'_> {
    fn context(&self) -> WriteContext<'_> {
        let view = View::new(&self.facts, self.revision);
        let metadata = Metadata { metadata_table: &self.metadata_table, known: &self.known, newer: &self.newer };
        WriteContext { view, at: self.at, next: self.revision.next(), metadata }
    }

    fn enter(&mut self, sheet: Sheet) -> Result<Vec<Seq>, StoreError> {
        let Sheet { revision, at, by, events, facts, metadata, remember, mut records } = sheet;
        if !metadata.is_empty() {
            let entry = self.enter_metadata((at, by.clone()), metadata, records.len())?;
            records.iter_mut().for_each(|record| record.belongs_to(&entry));
        }
        if let Some(revision) = revision {
            let next = self.revision.next();
            if revision != next {
                return Err(StoreError::Unusable(format!("a change makes revision {revision} where {next} is next")));
            }
            for fact in &facts {
                self.put(fact, revision)?;
            }
            let entry = self.enter_revision(revision, (at, by), events)?;
            records.iter_mut().for_each(|record| record.belongs_to(&entry));
        }
        if let Some(remembered) = remember {
            let key = remembered_key(&remembered.key);
            self.metadata_table.insert(key.as_slice(), encode(&remembered)?.as_slice())?;
        }
        let records: Result<Vec<_>, _> = records.into_iter().map(|record| recorded(record, &*self.random)).collect();
        Ok(self.append(records?.into()))
    }

    fn append(&mut self, records: Records) -> Vec<Seq> {
        self.is_real |= !records.is_empty();
        self.ledger.append(records)
    }
}

/// A record ready to be written, with its salt.
pub(super) fn recorded(mut record: Record, random: &dyn Random) -> Result<Recorded, StoreError> {
    record.salt(&salt(random)?);
    record.recorded().map_err(|error| StoreError::Unusable(error.to_string()))
}

/// Random bytes for the salt of a record.
pub(super) fn salt(random: &dyn Random) -> Result<[u8; SALT_BYTES], StoreError> {
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt).map_err(|error| StoreError::Unusable(error.to_string()))?;
    Ok(salt)
}
