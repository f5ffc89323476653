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

use redb::ReadableDatabase as _;

use super::StoreError;
use super::appender::LedgerAppender;
use super::batch::{Batch, panicked};
use super::file::Shared;
use super::frame::FrameWriter;
use super::frames::LedgerRows;
use super::metadata::Known;
use super::prepare::keep_newest;
use super::queue::{Jobs, Queue};
use super::staged::{Rest, take_back_some};
use crate::audit::Peaks;
use crate::clock::Timestamp;
use crate::id::Revision;

/// How long the writer waits before it tries again to open a file that failed.
const RETRY: Duration = Duration::from_millis(250);

/// What the writer has at hand from one transaction to the next.
struct Writer {
    /// The peaks of the ledger's tree; read again after a failure.
    peaks: Option<Peaks>,
    frames: FrameWriter,
    /// What is left to be taken back of an import that was not done, where that is known.
    rest: Option<Rest>,
}

pub(super) fn start(shared: Arc<Shared>) -> Result<(Queue, JoinHandle<()>), StoreError> {
    let mut writer = Writer { peaks: None, frames: FrameWriter::new()?, rest: None };
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
        shared.database.write().unwrap_or_else(PoisonError::into_inner).take();
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
                shared.database.write().unwrap_or_else(PoisonError::into_inner).take();
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
    let mut written = reopened(shared).and_then(|()| {
        catch_unwind(AssertUnwindSafe(|| fill(shared, writer, now, &mut jobs)))
            .unwrap_or_else(|panic| Err(panicked(&*panic)))
    });
    match &mut written {
        Ok(Whole { revision, is_real, newer, in_force }) => {
            shared.commits.observe(began.elapsed());
            if let Some(newer) = newer.take() {
                let number = newer.number;
                shared.known.write().unwrap_or_else(PoisonError::into_inner).merge(newer);
                if in_force.is_some() {
                    shared.put_in_force(in_force.take());
                }
                shared.newest_metadata.send_replace(number);
            }
            // A small change may fit on the disk where no record does.
            if *is_real {
                shared.writable.store(true, Ordering::Release);
                shared.records_written();
            }
            let before = shared.revision.swap(revision.0, Ordering::AcqRel);
            if before != revision.0 {
                shared.changed.send_replace(*revision);
            }
        }
        Err(error) => {
            if let Some(earlier) = shared.log.due() {
                tracing::error!(%error, waiting = jobs.len(), earlier, "nothing could be written; said once a minute");
            }
            shared.writable.store(false, Ordering::Release);
            shared.failures.fetch_add(1, Ordering::AcqRel);
            // After a failed write redb refuses all others until the file is opened again.
            shared.database.write().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
    for job in jobs {
        job.reply(written.as_ref().map(|_| ()).map_err(Clone::clone));
    }
}

/// The result of a transaction.
struct Whole {
    /// The newest revision.
    revision: Revision,
    /// Was as much written as a record takes?
    is_real: bool,
    /// The metadata entries it added.
    newer: Option<Known>,
    in_force: Option<(u64, String)>,
}

fn fill(shared: &Shared, writer: &mut Writer, now: Timestamp, jobs: &mut Jobs) -> Result<Whole, StoreError> {
    let database = shared.database.read().unwrap_or_else(PoisonError::into_inner);
    let database = database.as_ref().ok_or(StoreError::Closing)?;
    // Taken, so that they are read again unless all goes well.
    let before = match writer.peaks.take() {
        Some(peaks) => peaks,
        None => LedgerRows::of(&database.begin_read()?)?.peaks()?,
    };
    let write = database.begin_write()?;
    let (whole, ledger, at) = {
        let mut batch = Batch::open(&write, now, shared, LedgerAppender::after(before))?;
        let revision_before = batch.revision;
        for job in jobs {
            job.fill(&mut batch)?;
        }
        let newer = (batch.newer.number > batch.known.number).then_some(batch.newer);
        let Batch { revision, is_real, in_force, ledger, at, .. } = batch;
        // A frame has its time, and what only records writes nothing else.
        if revision != revision_before || newer.is_some() || !ledger.has_any() {
            keep_newest(&write, at)?;
        }
        (Whole { revision, is_real, newer, in_force }, ledger, at)
    };
    let after = ledger.close(&write, &mut writer.frames, at)?;
    write.commit()?;
    writer.peaks = Some(after);
    Ok(whole)
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
