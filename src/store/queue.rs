//! What waits for the writer, in order.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::StoreError;
use super::batch::{Batch, Written};
use crate::limits::WAITING_WRITES_MAX;

/// Something that waits to be written.
pub(super) trait Job: Send {
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
    pub(super) fn take(&self, is_idle: impl Fn() -> bool) -> Option<VecDeque<Box<dyn Job>>> {
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
