//! What waits for the writer, in order.
//!
//! An import holds the queue while its rows are written in pieces: changes wait until it is over, because it was worked
//! out on the facts as they are; records do not.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::StoreError;
use super::batch::Batch;
use super::log::{Filled, Written};
use crate::clock::Timestamp;
use crate::id::Revision;
use crate::limits::WAITING_WRITES_MAX;

/// How something may be written beside others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// It changes no fact, and depends on none.
    Record,
    /// It is worked out on the newest facts.
    Change,
    /// The beginning of an import, which waits for its turn as a change does, and holds up all after it.
    Hold,
    /// A piece of that import.
    Piece,
}

impl Kind {
    /// Does it wait while an import goes on, or what one left is taken back?
    pub(super) fn waits_for_imports(self) -> bool {
        matches!(self, Self::Change | Self::Hold)
    }
}

/// Something that waits to be written.
pub(super) trait Job: Send {
    /// Fills the transaction.
    ///
    /// # Errors
    /// When the file fails, so that nothing of the transaction can be written. A fault of this job alone is kept for
    /// [`Job::reply`], and concerns nobody else.
    fn fill(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError>;
    /// How may it be written?
    fn kind(&self) -> Kind;
    /// Sends the result to the waiting caller.
    fn reply(self: Box<Self>, written: Result<(), StoreError>);
}

struct Waiting<F, T> {
    work: Option<F>,
    kind: Kind,
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

    fn kind(&self) -> Kind {
        self.kind
    }

    fn reply(self: Box<Self>, written: Result<(), StoreError>) {
        // Whoever waited may have gone away; what was written stays written.
        let _ = self.reply.send(written.and(self.filled));
    }
}

pub(super) type Jobs = VecDeque<Box<dyn Job>>;

#[derive(Default)]
struct Line {
    waiting: Jobs,
    /// How much of that waits for imports.
    changes: usize,
    /// Does the writer wait for the bell? While it writes nobody rings: a ring is a call of the system.
    is_awaited: bool,
    /// Does an import hold up what changes facts?
    is_held: bool,
    /// Did one end since something was taken?
    is_import_over: bool,
    closed: bool,
}

impl Line {
    /// Everything that waits, may be written now and can share a transaction.
    fn next(&mut self) -> Jobs {
        let mut now = std::mem::take(&mut self.waiting);
        if self.is_held {
            (now, self.waiting) = now.into_iter().partition(|job| !job.kind().waits_for_imports());
        } else if std::mem::take(&mut self.is_import_over) {
            // What waited for one import waits for no other, however many of them stand before it.
            let (mut imports, first): (Jobs, Jobs) = now.into_iter().partition(|job| job.kind() == Kind::Hold);
            now = first;
            now.append(&mut imports);
        }
        let first_alone = now.iter().position(|job| matches!(job.kind(), Kind::Hold | Kind::Piece));
        let together = first_alone.map_or(now.len(), |first| first.max(1));
        let mut later = now.split_off(together);
        later.append(&mut self.waiting);
        self.wait_so(later);
        now
    }

    /// Has these jobs wait, and no others.
    fn wait_so(&mut self, waiting: Jobs) {
        self.changes = waiting.iter().filter(|job| job.kind().waits_for_imports()).count();
        self.waiting = waiting;
    }

    /// May no more of a kind wait? What an import holds up leaves room for records, or nothing would be answered.
    fn is_full(&self, kind: Kind) -> bool {
        let alike = if kind.waits_for_imports() { self.changes } else { self.waiting.len() - self.changes };
        alike >= WAITING_WRITES_MAX
    }
}

/// What waits for the writer, in order.
#[derive(Clone, Default)]
pub(super) struct Queue(Arc<(Mutex<Line>, Condvar)>);

impl Queue {
    fn join<T: Send + 'static>(
        &self,
        kind: Kind,
        work: impl FnOnce(&mut Batch<'_>) -> Result<Filled<T>, StoreError> + Send + 'static,
    ) -> Result<oneshot::Receiver<Filled<T>>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Waiting { work: Some(work), kind, filled: Err(StoreError::Closing), reply });
        let mut line = self.line();
        if line.closed {
            return Err(StoreError::Closing);
        }
        if line.is_full(kind) {
            return Err(StoreError::Unusable(format!("{WAITING_WRITES_MAX} writes wait already")));
        }
        line.changes += usize::from(kind.waits_for_imports());
        line.waiting.push_back(job);
        let is_awaited = std::mem::take(&mut line.is_awaited);
        drop(line);
        if is_awaited {
            self.0.1.notify_one();
        }
        Ok(answer)
    }

    pub(super) async fn wait<T: Send + 'static>(
        &self,
        kind: Kind,
        work: impl FnOnce(&mut Batch<'_>) -> Result<Filled<T>, StoreError> + Send + 'static,
    ) -> Filled<T> {
        self.join(kind, work)?.await.map_err(|_| StoreError::Closing)?
    }

    /// Has something written, and does not wait for it.
    pub(super) fn post(
        &self,
        work: impl FnOnce(&mut Batch<'_>) -> Result<Filled<()>, StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.join(Kind::Record, work).map(drop)
    }

    /// Has something written, and waits for it on this thread.
    pub(super) fn wait_here<T: Send + 'static>(
        &self,
        kind: Kind,
        work: impl FnOnce(&mut Batch<'_>) -> Result<Filled<T>, StoreError> + Send + 'static,
    ) -> Filled<T> {
        self.join(kind, work)?.blocking_recv().map_err(|_| StoreError::Closing)?
    }

    /// Waits until everything before it is written, and then holds up what changes facts.
    pub(super) async fn hold(&self) -> Result<Hold, StoreError> {
        let queue = self.clone();
        let held = self.wait(Kind::Hold, move |batch| {
            queue.line().is_held = true;
            // Where the transaction fails, or nobody waits any more, it is dropped at once.
            let value = Hold { queue, at: batch.at, revision: batch.revision };
            Ok(Ok(Written { value, revision: batch.revision, seqs: Vec::new() }))
        });
        Ok(held.await?.value)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn close(&self) {
        self.line().closed = true;
        self.0.1.notify_all();
    }

    /// Has what waits for imports wait again: before whatever else does, and behind what only records, or a transaction
    /// of its own would keep that from being written.
    pub(super) fn again(&self, mut jobs: Jobs) {
        let mut line = self.line();
        let waiting = std::mem::take(&mut line.waiting);
        let (mut later, mut first): (Jobs, Jobs) = waiting.into_iter().partition(|job| job.kind().waits_for_imports());
        first.append(&mut jobs);
        first.append(&mut later);
        line.wait_so(first);
    }

    /// Is nothing taken any more?
    pub(super) fn is_closed(&self) -> bool {
        self.line().closed
    }

    /// How many writes wait.
    pub(super) fn len(&self) -> usize {
        self.line().waiting.len()
    }

    /// Everything that waits and can share a transaction, in order; nothing once the queue is closed and empty. Not
    /// waited for, and empty, while there is something else to do: while `is_idle` says no.
    pub(super) fn take(&self, is_idle: impl Fn() -> bool) -> Option<Jobs> {
        let mut line = self.line();
        loop {
            let next = line.next();
            if !next.is_empty() {
                return Some(next);
            }
            if line.closed && !line.is_held {
                return None;
            }
            if !is_idle() {
                return Some(VecDeque::new());
            }
            line.is_awaited = true;
            line = self.0.1.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Holds up what changes facts until it is dropped.
pub(super) struct Hold {
    queue: Queue,
    /// The moment of the import: that at which it began, and never before that of an earlier change.
    pub(super) at: Timestamp,
    /// The newest revision, which stays the newest.
    pub(super) revision: Revision,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut line = self.queue.line();
        (line.is_held, line.is_import_over) = (false, true);
        drop(line);
        self.queue.0.1.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::{Hold, Jobs, Kind, Queue, Timestamp, Written};
    use crate::id::Revision;
    use crate::limits::WAITING_WRITES_MAX;
    use crate::store::StoreError;

    fn waits(queue: &Queue, kind: Kind) -> Result<(), StoreError> {
        let written = || Written { value: (), revision: Revision(1), seqs: Vec::new() };
        queue.join(kind, move |_| Ok(Ok(written()))).map(drop)
    }

    fn kinds(jobs: &Jobs) -> Vec<Kind> {
        jobs.iter().map(|job| job.kind()).collect()
    }

    #[test]
    fn what_waits_for_imports_keeps_no_record_waiting_and_its_own_order() -> Result<(), StoreError> {
        let queue = Queue::default();
        [Kind::Hold, Kind::Record, Kind::Change].into_iter().try_for_each(|kind| waits(&queue, kind))?;
        let taken = |queue: &Queue| queue.take(|| true).unwrap_or_default();
        let hold = taken(&queue);
        assert_eq!(kinds(&hold), [Kind::Hold], "it is written alone");
        queue.again(hold);
        let record = taken(&queue);
        assert_eq!(kinds(&record), [Kind::Record], "it waits for nothing that is taken back");
        waits(&queue, Kind::Record)?;
        assert_eq!(kinds(&taken(&queue)), [Kind::Hold], "whatever comes meanwhile, it has its turn");
        assert_eq!(kinds(&taken(&queue)), [Kind::Change, Kind::Record]);
        Ok(())
    }

    #[test]
    fn what_waited_for_one_import_waits_for_no_other() -> Result<(), StoreError> {
        let queue = Queue::default();
        let taken = |queue: &Queue| kinds(&queue.take(|| true).unwrap_or_default());
        [Kind::Hold, Kind::Change, Kind::Hold, Kind::Hold, Kind::Change]
            .into_iter()
            .try_for_each(|kind| waits(&queue, kind))?;
        assert_eq!(taken(&queue), [Kind::Hold]);
        queue.line().is_held = true;
        [Kind::Piece, Kind::Change, Kind::Record].into_iter().try_for_each(|kind| waits(&queue, kind))?;
        assert_eq!(taken(&queue), [Kind::Piece], "a piece is written alone");
        assert_eq!(taken(&queue), [Kind::Record]);
        drop(Hold { queue: queue.clone(), at: Timestamp::UNIX_EPOCH, revision: Revision(1) });
        assert_eq!(taken(&queue), [Kind::Change; 3]);
        // The next one has its turn before whatever comes later.
        waits(&queue, Kind::Change)?;
        assert_eq!(taken(&queue), [Kind::Hold]);
        Ok(())
    }

    #[test]
    fn what_an_import_holds_up_leaves_room_for_records() -> Result<(), StoreError> {
        let queue = Queue::default();
        queue.line().is_held = true;
        (0..WAITING_WRITES_MAX).try_for_each(|_| waits(&queue, Kind::Change))?;
        assert!(waits(&queue, Kind::Change).is_err() && waits(&queue, Kind::Hold).is_err());
        (0..WAITING_WRITES_MAX).try_for_each(|_| waits(&queue, Kind::Record))?;
        assert!(waits(&queue, Kind::Record).is_err() && waits(&queue, Kind::Piece).is_err());
        Ok(())
    }
}
