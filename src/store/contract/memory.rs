//! A log in memory: every promise in the plainest way to keep it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::index_rows::index_rows_of;
use super::super::log::{Commit, Head, Log, WriteContext};
use super::super::metadata::{Known, Metadata, MetadataEntry, MetadataRows, sha256};
use super::super::present::digest_of;
use super::super::records::Records;
use super::super::rows::{Rows, Visit};
use super::super::sheet::Sheet;
use super::super::token::remembered_key;
use super::super::view::{View, encode};
use super::super::{Entry, StoreError};
use super::opened::{Fault, Opened};
use crate::audit::{Peaks, Recorded, SALT_BYTES};
use crate::clock::Timestamp;
use crate::id::{Revision, Seq};

/// A log that lasts as long as this.
#[derive(Default)]
pub(super) struct MemoryLog {
    kept: Mutex<Kept>,
    fault: Mutex<Option<Fault>>,
}

/// Everything that was entered; a commit is a copy that takes its place.
#[derive(Clone, Default)]
struct Kept {
    facts: Versions,
    journal: Vec<Entry>,
    rows: MetadataMap,
    known: Known,
    records: Vec<Recorded>,
}

/// Every version of every fact.
#[derive(Clone, Default)]
struct Versions(BTreeMap<Vec<u8>, BTreeMap<Revision, Vec<u8>>>);

#[derive(Clone, Default)]
struct MetadataMap(BTreeMap<Vec<u8>, Vec<u8>>);

/// A commit of it that is being filled.
pub(super) struct MemoryCommit {
    kept: Kept,
    at: Timestamp,
    newer: Known,
}

impl Rows for Versions {
    fn newest(&self, key: &[u8], at: Revision) -> Result<Option<(Revision, Vec<u8>)>, StoreError> {
        let newest = self.0.get(key).and_then(|versions| versions.range(..=at).next_back());
        Ok(newest.map(|(revision, value)| (*revision, value.clone())))
    }

    fn walk(&self, prefix: &[u8], from: &[u8], at: Revision, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        for (key, versions) in self.0.range(from.to_vec()..).filter(|(key, _)| key.starts_with(prefix)) {
            if let Some((_, value)) = versions.range(..=at).next_back()
                && visit(key, value)?.is_break()
            {
                break;
            }
        }
        Ok(())
    }
}

impl MetadataRows for MetadataMap {
    fn bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(key).cloned())
    }
}

impl Kept {
    fn head(&self) -> Head {
        let mut records = Peaks::default();
        for record in &self.records {
            let Ok(()) = records.push(record.leaf, |_, _| Ok::<(), std::convert::Infallible>(()));
        }
        Head { revision: Revision(self.journal.len() as u64), entry: self.known.number, records }
    }
}

impl MemoryLog {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for MemoryLog {
    type Commit<'log> = MemoryCommit;

    fn head(&self) -> Result<Head, StoreError> {
        Ok(self.kept().head())
    }

    fn commit(
        &self,
        after: Head,
        now: Timestamp,
        fill: impl FnOnce(&mut MemoryCommit) -> Result<(), StoreError>,
    ) -> Result<Head, StoreError> {
        let mut kept = self.kept();
        if kept.head() != after {
            return Err(StoreError::Unusable("the log goes on".to_owned()));
        }
        let at = kept.journal.last().map_or(now, |newest| now.max(newest.at));
        let mut commit = MemoryCommit { kept: kept.clone(), at, newer: Known::default() };
        fill(&mut commit)?;
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner).take();
        if fault != Some(Fault::Write) {
            *kept = commit.kept;
        }
        fault.map_or_else(|| Ok(kept.head()), |_| Err(StoreError::Unusable("it fails".to_owned())))
    }

    fn entries(&self, after: Revision, to: Revision, enough: usize) -> Result<Vec<(Revision, Entry)>, StoreError> {
        let (mut found, mut events) = (Vec::new(), 0);
        for (revision, entry) in (1..).map(Revision).zip(&self.kept().journal) {
            if revision > after && revision <= to && events < enough {
                events += entry.events.len();
                found.push((revision, entry.clone()));
            }
        }
        Ok(found)
    }
}

impl Commit for MemoryCommit {
    fn context(&self) -> WriteContext<'_> {
        let revision = self.kept.head().revision;
        let metadata = Metadata { metadata_table: &self.kept.rows, known: &self.kept.known, newer: &self.newer };
        WriteContext { view: View::new(&self.kept.facts, revision), at: self.at, next: revision.next(), metadata }
    }

    fn enter(&mut self, sheet: Sheet) -> Result<Vec<Seq>, StoreError> {
        let Sheet { revision, at, by, events, facts, metadata, remember, mut records } = sheet;
        let Kept { facts: versions, journal, rows, known, records: recorded } = &mut self.kept;
        let mut made_entries = Vec::new();
        if !metadata.is_empty() {
            let hashes = metadata.rows.iter().map(|(key, row)| (key.clone(), sha256(row))).collect();
            let count = (recorded.len() + records.len()) as u64;
            let (before, by) = (known.head, by.clone());
            let entry = MetadataEntry { at, by, before, records: count, rows: hashes, adopted: None };
            known.note(&encode(&entry)?, entry.rows);
            for (key, row) in metadata.rows {
                match row.is_empty() {
                    true => drop(rows.0.remove(&key)),
                    false => drop(rows.0.insert(key, row)),
                }
            }
            made_entries.push(known.head);
        }
        if let Some(revision) = revision {
            if revision != Revision(journal.len() as u64).next() {
                return Err(StoreError::Unusable(format!("revision {revision} is not next")));
            }
            let mut put = BTreeMap::new();
            for fact in &facts {
                for (key, value) in index_rows_of(&View::new(versions, revision), fact)? {
                    versions.0.entry(key.clone()).or_default().insert(revision, value.clone());
                    put.insert(key, value);
                }
            }
            let metadata = (known.number > 0).then_some(known.head);
            let entry = Entry { at, by, events, facts: Some(digest_of(&put, revision)), metadata };
            made_entries.push(sha256(&encode(&entry)?));
            journal.push(entry);
        }
        if let Some(remembered) = remember {
            rows.0.insert(remembered_key(&remembered.key), encode(&remembered)?);
        }
        for record in &mut records {
            made_entries.iter().for_each(|entry| record.belongs_to(entry));
            // As the source of random bytes of these tests gives them.
            record.salt(&[7; SALT_BYTES]);
        }
        let records: Result<Vec<_>, _> = records.iter().map(crate::audit::Record::recorded).collect();
        Ok(self.append(records.map_err(|error| StoreError::Unusable(error.to_string()))?.into()))
    }

    fn append(&mut self, records: Records) -> Vec<Seq> {
        let first = self.kept.records.len() as u64 + 1;
        let seqs = (first..).map(Seq).take(records.len()).collect();
        self.kept.records.extend(records.0.into_iter().flat_map(|group| group.records));
        seqs
    }
}

impl Opened for MemoryLog {
    type Log = Self;

    fn new() -> Result<Self, StoreError> {
        Ok(Self::default())
    }

    fn log(&self) -> &Self {
        self
    }

    fn fail_once(&self, fault: Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    fn again(self) -> Result<Self, StoreError> {
        let kept = self.kept().clone();
        Ok(Self { kept: Mutex::new(kept), ..Self::default() })
    }
}
