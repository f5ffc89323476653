//! The open file, as whoever reads and the one writer share it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, Thread};

use redb::{Database, ReadTransaction, ReadableDatabase};

use super::StoreError;
use super::disk::Opener;
use super::in_force::InForce;
use super::metadata::{Known, Metadata};
use super::segment::RECORDS_MAX;
use super::snapshot::Snapshot;
use super::tables::{ENTRIES, METADATA};
use super::tail::Tail;
use super::time::StoreTime;
use crate::audit::IndexEntry;
use crate::clock::{Durations, OnceAMinute};
use crate::id::Revision;
use crate::random::SharedRandom;

/// What the store and its writer share.
pub(super) struct Shared {
    pub(super) database: RwLock<Option<Database>>,
    pub(super) revision: AtomicU64,
    /// The journaled hashes of the metadata rows.
    pub(super) known: RwLock<Known>,
    /// The rules that are in force: their number in the history, and their digest.
    pub(super) in_force: RwLock<Option<(u64, String)>>,
    /// Announces each new entry of the metadata journal.
    pub(super) newest_metadata: tokio::sync::watch::Sender<u64>,
    pub(super) time: StoreTime,
    /// Was a record, or as much as one takes, written since the last failure?
    pub(super) writable: AtomicBool,
    /// What is said while nothing can be written.
    pub(super) log: OnceAMinute,
    /// How many writes failed.
    pub(super) failures: AtomicU64,
    /// How long those took that did not.
    pub(super) commits: Durations,
    pub(super) changed: tokio::sync::watch::Sender<Revision>,
    /// The present as of the newest commit, where somebody has read it since.
    pub(super) present: Mutex<Option<Snapshot>>,
    pub(super) open: Box<Opener>,
    pub(super) random: SharedRandom,
    /// The newest part of the ledger's index.
    pub(super) tail: RwLock<Arc<Tail>>,
    /// Up to which record everything is to be in a segment, however short it becomes.
    pub(super) segments_to: AtomicU64,
    /// Up to which record everything is in a segment.
    pub(super) in_segments: tokio::sync::watch::Sender<u64>,
    /// The indexer, while it waits for records.
    pub(super) waiting_indexer: Mutex<Option<Thread>>,
}

impl Shared {
    /// Reads the metadata journal when the file is opened.
    pub(super) fn learn(&self, database: &Database) -> Result<(), StoreError> {
        let read = database.begin_read()?;
        let (known, newer) = (Known::read(&read.open_table(ENTRIES)?)?, Known::default());
        let metadata_table = read.open_table(METADATA)?;
        // What is wrong with the rules is reported where they are used to decide.
        let newest = Metadata { metadata_table: &metadata_table, known: &known, newer: &newer }
            .last::<InForce>(b'h')
            .ok()
            .flatten();
        self.put_in_force(newest.map(|(number, entry)| (number, entry.digest)));
        let number = known.number;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        self.newest_metadata.send_replace(number);
        Ok(())
    }

    /// Reads metadata, checked against the journal.
    pub(super) fn metadata<T>(
        &self,
        read: impl FnOnce(&Metadata<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // What is known first: the transaction then sees at least as much.
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let transaction = self.read()?;
        let mut newer = known.after();
        newer.follow(&transaction.open_table(ENTRIES)?)?;
        read(&Metadata { metadata_table: &transaction.open_table(METADATA)?, known: &known, newer: &newer })
    }

    /// The newest part of the ledger's index.
    pub(super) fn tail(&self) -> Arc<Tail> {
        Arc::clone(&self.tail.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Collects the records from `first` on, which are durable, and wakes the indexer where there is something for it.
    pub(super) fn collect(&self, first: u64, entries: &[Option<IndexEntry>]) {
        // Held, so that no other tail takes its place meanwhile.
        let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
        let is_collected = tail.add(first, entries.iter().map(Option::as_ref));
        let is_full = tail.read(|part| part.count() >= RECORDS_MAX);
        drop(tail);
        if !is_collected || is_full {
            self.wake_indexer();
        }
    }

    /// Has the indexer, on whose thread this is, woken when there is something for it.
    pub(super) fn indexer_waits(&self) {
        *self.waiting_indexer.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
    }

    /// Waits until everything up to a record is in a segment, so that its terms are known without it.
    pub(super) async fn segments_up_to(&self, record: u64) {
        self.segments_to.fetch_max(record, Ordering::AcqRel);
        let mut in_segments = self.in_segments.subscribe();
        self.wake_indexer();
        // The sender is as old as the store.
        let _ = in_segments.wait_for(|last| *last >= record).await;
    }

    /// Wakes the indexer, if it waits.
    pub(super) fn wake_indexer(&self) {
        if let Some(indexer) = self.waiting_indexer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            indexer.unpark();
        }
    }

    pub(super) fn put_in_force(&self, in_force: Option<(u64, String)>) {
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = in_force;
    }

    pub(super) fn read(&self) -> Result<ReadTransaction, StoreError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().ok_or_else(|| StoreError::Unusable("it is being opened again".to_owned()))?;
        Ok(database.begin_read()?)
    }

    /// The present, which whoever reads between two commits shares: to open it costs as much as to read a fact.
    pub(super) fn present(&self) -> Result<Snapshot, StoreError> {
        // Held while it is opened: what was opened before a commit must not take its place after it was forgotten.
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(present) = &*present {
            return Ok(present.clone());
        }
        // The revision first: the transaction then holds at least it, and history shows exactly it.
        let revision = Revision(self.revision.load(Ordering::Acquire));
        Ok(present.insert(Snapshot::of(self.read()?, revision)?).clone())
    }

    /// Has whoever reads from now on read anew.
    pub(super) fn forget_present(&self) {
        let before = self.present.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Closed without anybody waiting for it.
        drop(before);
    }

    /// Makes a revision the newest, after its commit and before anybody is told of that; returns the one before. Whoever
    /// sees it is given no present of before.
    pub(super) fn publish(&self, revision: Revision) -> Revision {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.revision.swap(revision.0, Ordering::AcqRel);
        let forgotten = present.take();
        drop(present);
        drop(forgotten);
        Revision(before)
    }

    /// Closes the file.
    pub(super) fn close(&self) {
        // Held until it is closed, so that nobody opens it once more.
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        drop(present.take());
        self.database.write().unwrap_or_else(PoisonError::into_inner).take();
    }
}
