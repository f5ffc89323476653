//! The one writer: everything that waits is written in one transaction and one sync.
//!
//! A change is made here, on the newest facts and one after the other, so that what was true when it was decided is
//! true when it is written. If the process dies before the sync, nothing was answered and nothing is there; if it
//! dies after it, everything is there. A sync that fails fails everything that waited for it.
//!
//! An import is written in pieces that nobody sees until the last one publishes them. What one left that ended before that
//! is taken back before the next change.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::StoreError;
use super::file::Shared;
use super::log::{Head, Log as _, panicked};
use super::queue::{Jobs, Queue};
use super::staged::{Rest, take_back_some};

/// How long the writer waits before it tries again to open a file that failed.
const RETRY: Duration = Duration::from_millis(250);

/// What the writer has at hand from one transaction to the next.
struct Writer {
    /// Where the log ends; read again after a failure.
    head: Option<Head>,
    /// What is left to be taken back of an import that was not done, where that is known.
    rest: Option<Rest>,
}

pub(super) fn start(shared: Arc<Shared>) -> Result<(Queue, JoinHandle<()>), StoreError> {
    let mut writer = Writer { head: None, rest: None };
    let queue = Queue::default();
    let line = queue.clone();
    let spawned = thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
        while let Some(jobs) = line.take(|| is_open(&shared)) {
            if jobs.is_empty() {
                // Readers take their turn first, and must not wait for a writer.
                let _ = reopened(&shared);
            } else {
                let jobs = ready(&shared, &mut writer, &line, jobs);
                if !jobs.is_empty() {
                    write(&shared, &mut writer, jobs);
                }
            }
        }
        shared.close();
    });
    let writer = spawned.map_err(|cause| StoreError::Unusable(cause.to_string()))?;
    Ok((queue, writer))
}

/// The jobs that can be written now. What changes facts waits until what an import left is taken back, a piece at a time,
/// so that what only records is written meanwhile; where that fails, it fails, and nothing else.
fn ready(shared: &Shared, writer: &mut Writer, line: &Queue, jobs: Jobs) -> Jobs {
    if !jobs.iter().any(|job| job.kind().waits_for_imports()) {
        return jobs;
    }
    let taken = reopened(shared).and_then(|()| {
        let database = shared.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().ok_or(StoreError::Closing)?;
        let taken = || take_back_some(database, &mut writer.rest);
        catch_unwind(AssertUnwindSafe(taken)).unwrap_or_else(|panic| Err(panicked(&*panic)))
    });
    shared.forget_present();
    if matches!(taken, Ok(true)) {
        return jobs;
    }
    let (changes, others): (Jobs, Jobs) = jobs.into_iter().partition(|job| job.kind().waits_for_imports());
    match taken {
        Ok(_) => line.again(changes),
        Err(error) => {
            writer.rest = None;
            if !matches!(error, StoreError::Closing | StoreError::Unreadable(_)) {
                // After a failed write redb refuses all others until the file is opened again.
                shared.close();
            }
            if let Some(earlier) = shared.log.due() {
                tracing::error!(%error, waiting = changes.len(), earlier, "nothing can be changed; said once a minute");
            }
            changes.into_iter().for_each(|job| job.reply(Err(error.clone())));
        }
    }
    others
}

/// Writes all of `jobs` in one transaction, or none, and answers each.
fn write(shared: &Shared, writer: &mut Writer, mut jobs: Jobs) {
    let now = match shared.time.to_write() {
        Ok(now) => now,
        // The disk works as before.
        Err(error) => return jobs.into_iter().for_each(|job| job.reply(Err(error.clone()))),
    };
    let began = Instant::now();
    let written = reopened(shared).and_then(|()| {
        let entered = || {
            // Taken, so that it is read again unless all goes well.
            let head = writer.head.take().map_or_else(|| shared.head(), Ok)?;
            shared.commit(head, now, |batch| jobs.iter_mut().try_for_each(|job| job.fill(batch)))
        };
        catch_unwind(AssertUnwindSafe(entered)).unwrap_or_else(|panic| Err(panicked(&*panic)))
    });
    let written = match written {
        Ok(head) => {
            shared.commits.observe(began.elapsed());
            writer.head = Some(head);
            Ok(())
        }
        Err(error) => {
            if let Some(earlier) = shared.log.due() {
                tracing::error!(%error, waiting = jobs.len(), earlier, "nothing could be written; said once a minute");
            }
            shared.writable.store(false, Ordering::Release);
            shared.failures.fetch_add(1, Ordering::AcqRel);
            // After a failed write redb refuses all others until the file is opened again.
            shared.close();
            Err(error)
        }
    };
    for job in jobs {
        job.reply(written.clone());
    }
}

fn is_open(shared: &Shared) -> bool {
    shared.database.read().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// Opens the file again after a failure.
fn reopened(shared: &Shared) -> Result<(), StoreError> {
    if is_open(shared) {
        return Ok(());
    }
    // Before anything is read or written: the failed write may be on the disk all the same.
    let opened = (shared.open)().and_then(|database| shared.learn(&database).map(|()| database));
    match opened {
        Ok(database) => {
            *shared.database.write().unwrap_or_else(PoisonError::into_inner) = Some(database);
            Ok(())
        }
        Err(error) => {
            thread::sleep(RETRY);
            Err(error)
        }
    }
}
