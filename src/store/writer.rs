//! The one writer: everything that waits is written in one transaction and one sync.
//!
//! A change is made here, on the newest facts and one after the other, so that what was true when it was decided is
//! true when it is written. If the process dies before the sync, nothing was answered and nothing is there; if it
//! dies after it, everything is there. A sync that fails fails everything that waited for it.
//!
//! A bulk import is written in a transaction of its own, which it can drop; everything else waits while it runs.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use redb::ReadableDatabase as _;
use tokio::sync::oneshot;

use super::StoreError;
use super::appender::LedgerAppender;
use super::batch::{Batch, Written, panicked};
use super::file::Shared;
use super::frame::FrameWriter;
use super::frames::LedgerRows;
use super::metadata::Known;
use super::prepare::keep_newest;
use crate::audit::Peaks;
use crate::clock::Timestamp;
use crate::id::Revision;
use crate::limits::WAITING_WRITES_MAX;

/// How long the writer waits before it tries again to open a file that failed.
const RETRY: Duration = Duration::from_millis(250);

/// Something that waits to be written.
trait Job: Send {
    /// Fills the transaction.
    ///
    /// # Errors
    /// When the file fails, so that nothing of the transaction can be written. A fault of this job alone is kept for
    /// [`Job::reply`], and concerns nobody else.
    fn fill(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError>;
    /// Does it need a transaction of its own?
    fn is_alone(&self) -> bool;
    /// Sends the result to the waiting caller.
    fn reply(self: Box<Self>, written: Result<(), StoreError>);
}

/// The result of a job: its value and records, or a fault of its own for which it wrote nothing.
pub(super) type Filled<T> = Result<Written<T>, StoreError>;

struct Waiting<F, T> {
    work: Option<F>,
    is_alone: bool,
    filled: Filled<T>,
    reply: oneshot::Sender<Result<Written<T>, StoreError>>,
}

impl<F, T> Job for Waiting<F, T>
where
    F: FnOnce(&mut Batch<'_>) -> Result<Filled<T>, StoreError> + Send,
    T: Send,
{
    fn fill(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        if let Some(work) = self.work.take() {
            self.filled = work(batch)?;
        }
        Ok(())
    }

    fn is_alone(&self) -> bool {
        self.is_alone
    }

    fn reply(self: Box<Self>, written: Result<(), StoreError>) {
        // Whoever waited may have gone away; what was written stays written.
        let _ = self.reply.send(written.and(self.filled));
    }
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Box<dyn Job>>,
    /// Does the writer wait for the bell? While it writes nobody rings: a ring is a call of the system.
    is_awaited: bool,
    closed: bool,
}

/// What waits for the writer, in order.
#[derive(Clone, Default)]
pub(super) struct Queue(Arc<(Mutex<Line>, Condvar)>);

impl Queue {
    fn join(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let (line, bell) = &*self.0;
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.closed {
            return Err(StoreError::Closing);
        }
        if line.waiting.len() >= WAITING_WRITES_MAX {
            return Err(StoreError::Unusable(format!("{WAITING_WRITES_MAX} writes wait already")));
        }
        line.waiting.push_back(job);
        let is_awaited = std::mem::take(&mut line.is_awaited);
        drop(line);
        if is_awaited {
            bell.notify_one();
        }
        Ok(())
    }

    pub(super) async fn wait<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Batch<'_>) -> Result<Filled<T>, StoreError> + Send + 'static,
    ) -> Result<Written<T>, StoreError> {
        self.wait_in_line(false, work).await
    }

    pub(super) async fn wait_in_line<T: Send + 'static>(
        &self,
        is_alone: bool,
        work: impl FnOnce(&mut Batch<'_>) -> Result<Filled<T>, StoreError> + Send + 'static,
    ) -> Result<Written<T>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting { work: Some(work), is_alone, filled: Err(StoreError::Closing), reply };
        self.join(Box::new(waiting))?;
        answer.await.map_err(|_| StoreError::Closing)?
    }

    /// Has something written, and does not wait for it.
    pub(super) fn post(
        &self,
        work: impl FnOnce(&mut Batch<'_>) -> Result<Filled<()>, StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let (reply, _) = oneshot::channel();
        self.join(Box::new(Waiting { work: Some(work), is_alone: false, filled: Err(StoreError::Closing), reply }))
    }

    /// Has something written, and waits for it on this thread.
    pub(super) fn wait_here(
        &self,
        work: impl FnOnce(&mut Batch<'_>) -> Result<Filled<()>, StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.join(Box::new(Waiting { work: Some(work), is_alone: false, filled: Err(StoreError::Closing), reply }))?;
        answer.blocking_recv().map_err(|_| StoreError::Closing)?.map(drop)
    }

    pub(super) fn close(&self) {
        let (line, bell) = &*self.0;
        line.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        bell.notify_all();
    }

    /// How many writes wait.
    pub(super) fn len(&self) -> usize {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).waiting.len()
    }

    /// Everything that waits and can share a transaction, in order; nothing once the queue is closed and empty. Not
    /// waited for, and empty, while there is something else to do: while `is_idle` says no.
    fn take(&self, is_idle: impl Fn() -> bool) -> Option<VecDeque<Box<dyn Job>>> {
        let (line, bell) = &*self.0;
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if !line.waiting.is_empty() {
                let together = match line.waiting.iter().position(|job| job.is_alone()) {
                    None => line.waiting.len(),
                    Some(first) => first.max(1),
                };
                let later = line.waiting.split_off(together);
                return Some(std::mem::replace(&mut line.waiting, later));
            }
            if line.closed {
                return None;
            }
            if !is_idle() {
                return Some(VecDeque::new());
            }
            line.is_awaited = true;
            line = bell.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// What the writer has at hand from one transaction to the next.
struct Writer {
    /// The peaks of the ledger's tree; read again after a failure.
    peaks: Option<Peaks>,
    frames: FrameWriter,
}

pub(super) fn start(shared: Arc<Shared>) -> Result<(Queue, JoinHandle<()>), StoreError> {
    let mut writer = Writer { peaks: None, frames: FrameWriter::new()? };
    let queue = Queue::default();
    let line = queue.clone();
    let spawned = thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
        while let Some(jobs) = line.take(|| is_open(&shared)) {
            if jobs.is_empty() {
                // Readers take their turn first, and must not wait for a writer.
                let _ = reopened(&shared);
            } else {
                write(&shared, &mut writer, jobs);
            }
        }
        shared.database.write().unwrap_or_else(PoisonError::into_inner).take();
    });
    let writer = spawned.map_err(|cause| StoreError::Unusable(cause.to_string()))?;
    Ok((queue, writer))
}

/// Writes all of `jobs` in one transaction, or none, and answers each.
fn write(shared: &Shared, writer: &mut Writer, mut jobs: VecDeque<Box<dyn Job>>) {
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

fn fill(
    shared: &Shared,
    writer: &mut Writer,
    now: Timestamp,
    jobs: &mut VecDeque<Box<dyn Job>>,
) -> Result<Whole, StoreError> {
    let database = shared.database.read().unwrap_or_else(PoisonError::into_inner);
    let database = database.as_ref().ok_or(StoreError::Closing)?;
    // Taken, so that they are read again unless all goes well.
    let before = match writer.peaks.take() {
        Some(peaks) => peaks,
        None => LedgerRows::of(&database.begin_read()?)?.peaks()?,
    };
    let write = database.begin_write()?;
    let (mut whole, is_dropped, ledger, at) = {
        let mut batch = Batch::open(&write, now, shared, LedgerAppender::after(before.clone()))?;
        let revision_before = batch.revision;
        for job in jobs {
            job.fill(&mut batch)?;
        }
        let newer = (batch.newer.number > batch.known.number).then_some(batch.newer);
        let Batch { revision, is_real, in_force, is_dropped, ledger, at, .. } = batch;
        // A frame has its time, and what only records writes nothing else.
        if revision != revision_before || newer.is_some() || !ledger.has_any() {
            keep_newest(&write, at)?;
        }
        (Whole { revision, is_real, newer, in_force }, is_dropped, ledger, at)
    };
    let after = if is_dropped { before } else { ledger.close(&write, &mut writer.frames, at)? };
    if is_dropped {
        write.abort()?;
        whole = Whole { is_real: false, newer: None, in_force: None, ..whole };
    } else {
        write.commit()?;
    }
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
