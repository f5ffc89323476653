//! The file itself: opened, opened again when the disk failed, and read.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use redb::{ReadTransaction, ReadableDatabase as _};

use super::StoreError;
use super::disk::{self, Opener, damaged, make, unopenable};
use super::file::Shared;
use super::indexer::{Indexer, first_unindexed};
use super::ledger_index::LEDGER_INDEX;
use super::metadata::Metadata;
use super::prepare::prepare;
use super::queue::Queue;
use super::segment::SEGMENT_SPANS;
use super::snapshot::Snapshot;
use super::staged::{ImportPieces, take_back_all};
use super::tail::{Part, Tail};
use super::time::StoreTime;
use super::writer;
use crate::clock::{ClockState, Durations, OnceAMinute, SharedClock, Timestamp};
use crate::id::Revision;
use crate::random::{self, SharedRandom};

/// The file in the data directory.
const FILE_NAME: &str = "standing.redb";

/// Facts with their history, the journal and the ledger, in one file.
///
/// Reading needs no lock; everything that is written goes through one writer, many waiting writes in one sync.
pub struct Store {
    shared: Arc<Shared>,
    queue: Queue,
    writer: Option<JoinHandle<()>>,
    indexer: Option<Indexer>,
    /// Is each change worked out twice?
    each_change_twice: bool,
    import_pieces: ImportPieces,
}

impl Store {
    /// The name of the file in the data directory.
    pub const FILE_NAME: &'static str = FILE_NAME;

    /// Is there a store in a folder?
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        Self::file_in(folder).exists()
    }

    /// The file of the store in a folder.
    #[must_use]
    pub fn file_in(folder: &Path) -> PathBuf {
        folder.join(FILE_NAME)
    }

    /// Opens the store in the folder `data`, or makes it.
    ///
    /// # Errors
    /// [`StoreError::Held`] when another process has it, [`StoreError::NotAStore`] and [`StoreError::NewerFormat`]
    /// when the file is something else, [`StoreError::Unopenable`] when the folder or file cannot be opened,
    /// [`StoreError::ClockAhead`] when the clock shows a time so far ahead that it is rather wrong.
    pub fn open(data: &Path, clock: SharedClock) -> Result<Self, StoreError> {
        Self::open_by(data, clock, false)
    }

    /// The same by a clock that somebody says is right, however far ahead of the store it is, where `accepts_clock`.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_by(data: &Path, clock: SharedClock, accepts_clock: bool) -> Result<Self, StoreError> {
        Self::open_in(data, (clock, accepts_clock), Arc::new(random::System))
    }

    /// Opens the store in the folder `data`, or makes it, with random bytes that somebody else gives.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(data: &Path, clock: SharedClock, random: SharedRandom) -> Result<Self, StoreError> {
        Self::open_in(data, (clock, false), random)
    }

    fn open_in(data: &Path, clock: (SharedClock, bool), random: SharedRandom) -> Result<Self, StoreError> {
        let path = data.join(FILE_NAME);
        fs::create_dir_all(data).map_err(|cause| unopenable(&path, &cause))?;
        if !path.exists() {
            make(data, &path)?;
        }
        Self::start(disk::file(path.clone()), &path, clock, random)
    }

    /// Opens a store over any bytes that can be opened again; for tests that break the disk.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn over<B: redb::StorageBackend>(
        open: impl Fn() -> B + Send + Sync + 'static,
        clock: SharedClock,
    ) -> Result<Self, StoreError> {
        Self::over_with(open, clock, Arc::new(random::System))
    }

    /// Like [`Store::over`], with random bytes that somebody else gives.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn over_with<B: redb::StorageBackend>(
        open: impl Fn() -> B + Send + Sync + 'static,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Result<Self, StoreError> {
        let path = PathBuf::from(FILE_NAME);
        Self::start(disk::over(open, path.clone()), &path, (clock, false), random)
    }

    /// Opens a store by a clock, and whether that is taken for right however far ahead it is.
    fn start(
        open: Box<Opener>,
        path: &Path,
        (clock, accepts_clock): (SharedClock, bool),
        random: SharedRandom,
    ) -> Result<Self, StoreError> {
        let mut database = open()?;
        let prepared = catch_unwind(AssertUnwindSafe(|| prepare(&database, path)));
        let (revision, newest_at) = prepared.unwrap_or_else(|_| Err(damaged(path)))?;
        let time = StoreTime::open(clock, newest_at, accepts_clock)?;
        match catch_unwind(AssertUnwindSafe(|| take_back_all(&database))).unwrap_or_else(|_| Err(damaged(path))) {
            Err(StoreError::Unusable(cause)) => {
                // As on a full disk: what is there can be read, and the rest is tried again before the next change.
                tracing::warn!(%cause, "an import that was not done cannot be taken back yet");
                drop(database);
                database = open()?;
            }
            taken => taken?,
        }
        let first_unindexed = {
            let read = database.begin_read()?;
            first_unindexed(&read.open_table(LEDGER_INDEX)?, &read.open_table(SEGMENT_SPANS)?)?
        };
        let shared = Arc::new(Shared {
            database: RwLock::default(),
            revision: AtomicU64::new(revision.0),
            known: RwLock::default(),
            in_force: RwLock::default(),
            newest_metadata: tokio::sync::watch::Sender::default(),
            time,
            writable: AtomicBool::new(false),
            log: OnceAMinute::new(),
            failures: AtomicU64::new(0),
            present: Mutex::default(),
            commits: Durations::default(),
            changed: tokio::sync::watch::Sender::new(revision),
            open,
            random,
            tail: RwLock::new(Arc::new(Tail::of(Part::from(first_unindexed)))),
            segments_to: AtomicU64::new(0),
            in_segments: tokio::sync::watch::Sender::new(first_unindexed - 1),
            waiting_indexer: Mutex::default(),
        });
        catch_unwind(AssertUnwindSafe(|| shared.learn(&database))).unwrap_or_else(|_| Err(damaged(path)))?;
        *shared.database.write().unwrap_or_else(PoisonError::into_inner) = Some(database);
        let (queue, writer) = writer::start(Arc::clone(&shared))?;
        let indexer = Indexer::start(Arc::clone(&shared), queue.clone()).map_err(|cause| unopenable(path, &cause))?;
        let (writer, indexer, import_pieces) = (Some(writer), Some(indexer), ImportPieces::default());
        Ok(Self { shared, queue, writer, indexer, each_change_twice: false, import_pieces })
    }

    /// Works each change out twice before it is written, and refuses one that does not come to the same: for tests,
    /// because a change may be run again at any time.
    #[must_use]
    pub fn each_change_twice(mut self) -> Self {
        self.each_change_twice = true;
        self
    }

    /// Imports in pieces of another size: for tests, because a small import has one piece otherwise.
    #[must_use]
    pub fn import_in(mut self, pieces: ImportPieces) -> Self {
        self.import_pieces = pieces;
        self
    }

    pub(super) fn import_pieces(&self) -> ImportPieces {
        self.import_pieces
    }

    pub(super) fn is_each_change_twice(&self) -> bool {
        self.each_change_twice
    }

    /// What this store takes its random bytes from.
    #[must_use]
    pub fn random(&self) -> SharedRandom {
        Arc::clone(&self.shared.random)
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Now, and never before anything that is stored or was answered: a clock that is set back must not bring back a
    /// grant that ended.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.time.now()
    }

    /// What this store takes the time from.
    #[must_use]
    pub fn clock(&self) -> SharedClock {
        self.shared.time.clock()
    }

    /// Whether the machine's clock can be true.
    #[must_use]
    pub fn clock_state(&self) -> ClockState {
        self.shared.time.state()
    }

    /// Can anything be written by the machine's clock?
    ///
    /// # Errors
    /// [`StoreError::ClockJumped`] while it is further ahead than time can have passed.
    pub fn check_clock(&self) -> Result<(), StoreError> {
        self.shared.time.to_write().map(drop)
    }

    /// The newest time of the store and that of the clock, where the clock was accepted only because somebody said so.
    #[must_use]
    pub fn accepted_clock(&self) -> Option<(Timestamp, Timestamp)> {
        self.shared.time.accepted
    }

    /// The newest revision.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision(self.shared.revision.load(Ordering::Acquire))
    }

    /// Did a record, or as much as one takes, reach the disk since the last failure?
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.shared.writable.load(Ordering::Acquire)
    }

    /// How many writes failed. What one of them held may be there all the same: only the file knows.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.shared.failures.load(Ordering::Acquire)
    }

    /// How long transactions take, each with its sync.
    #[must_use]
    pub fn commits(&self) -> Durations {
        self.shared.commits.clone()
    }

    /// How many writes wait for the writer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Announces each new revision.
    #[must_use]
    pub fn changes(&self) -> tokio::sync::watch::Receiver<Revision> {
        self.shared.changed.subscribe()
    }

    pub(super) fn read(&self) -> Result<ReadTransaction, StoreError> {
        self.shared.read()
    }

    /// The present, as one read transaction sees it, which whoever reads between two commits shares.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.shared.present()
    }

    /// The store as it was at a revision.
    ///
    /// # Errors
    /// [`StoreError::NotYet`] for a revision that is still to come.
    pub fn snapshot_at(&self, revision: Revision) -> Result<Snapshot, StoreError> {
        let newest = self.revision();
        if revision > newest {
            return Err(StoreError::NotYet { asked: revision, newest });
        }
        Snapshot::of(self.read()?, revision)
    }

    /// The rules that are in force as of the newest commit: their number in the history, and their digest.
    #[must_use]
    pub fn in_force(&self) -> Option<(u64, String)> {
        self.shared.in_force.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number in the history of the rules that are in force as of the newest commit.
    #[must_use]
    pub fn in_force_number(&self) -> Option<u64> {
        self.shared.in_force.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(number, _)| *number)
    }

    /// Announces each new entry of the metadata journal, by its number.
    #[must_use]
    pub fn metadata_changed(&self) -> tokio::sync::watch::Receiver<u64> {
        self.shared.newest_metadata.subscribe()
    }

    /// Reads metadata, checked against the journal.
    pub(super) fn metadata<T>(
        &self,
        read: impl FnOnce(&Metadata<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.shared.metadata(read)
    }
}

impl Drop for Store {
    /// Writes what still waits, then closes the file.
    fn drop(&mut self) {
        self.indexer.take();
        self.queue.close();
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has failed every waiting write already.
            let _ = writer.join();
        }
    }
}
