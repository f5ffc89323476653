//! The one writer: everything that waits is written in one transaction and one sync.
//!
//! A change is made here, on the newest facts and one after the other, so that what was true when it was decided is
//! true when it is written. If the process dies before the sync, nothing was answered and nothing is there; if it
//! dies after it, everything is there. A sync that fails fails everything that waited for it.
//!
//! A load is written in a transaction of its own, which it can drop; everything else waits while it runs.

mod grow;
mod load;
mod probe;

pub use load::Loader;

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

use redb::{ReadableTable, Table, WriteTransaction};
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

use super::entered::rows_of;
use super::ledger::Growing;
use super::ledger_index::{Entries, IndexTable, LEDGER_INDEX};
use super::prepare::{keep_newest, newest};
use super::redb_file::{FACTS, JOURNAL, SIDE, Shared, Store};
use super::rows::row;
use super::rules::{After, Beside};
use super::side::{self, Remembered};
use super::view::{View, decode, encode};
use super::{Entry, StoreError};
use crate::audit::{Record, Recorded, SALT_BYTES};
use crate::clock::Timestamp;
use crate::decide::Permit;
use crate::domain::event::{Event, Fact, Happening};
use crate::id::{Revision, Seq};
use crate::limits::WAITING_WRITES_MAX;
use crate::random::{Random, SharedRandom};

/// How long the writer waits before it tries again to open a file that failed.
const RETRY: Duration = Duration::from_millis(250);

/// What a piece of work leaves to be written.
pub struct Work<T> {
    /// What changes, and the proof that it may; nothing for work that only records.
    pub change: Option<(Permit, Happening)>,
    /// Who changes it.
    pub by: String,
    /// The records of what was decided.
    pub records: Vec<Record>,
    /// What is remembered of the answer, so that a retry gets the same one.
    pub remember: Option<Remembered>,
    /// What changes beside the facts.
    pub beside: Beside,
    /// What the caller gets once all of it is durable.
    pub value: T,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Committed<T> {
    /// What the work returned.
    pub value: T,
    /// The newest revision once it was written: the one it made, if it changed anything.
    pub revision: Revision,
    /// The places of its records in the ledger.
    pub seqs: Vec<Seq>,
}

/// What a piece of work sees: the newest facts, the moment, and the revision it would make.
pub struct Desk<'a> {
    /// The newest facts.
    pub view: View<'a>,
    /// The moment of the change; never before that of an earlier one.
    pub at: Timestamp,
    /// The revision the change would make.
    pub next: Revision,
    pub(super) side: &'a Table<'a, &'static [u8], &'static [u8]>,
}

impl Desk<'_> {
    /// The answer that is remembered under a key.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn remembered(&self, key: &[u8]) -> Result<Option<Remembered>, StoreError> {
        self.side.get(side::remembered_key(key).as_slice())?.map(|found| decode(found.value())).transpose()
    }
}

/// One transaction that is being filled.
pub(super) struct Batch<'txn> {
    random: SharedRandom,
    facts: Table<'txn, &'static [u8], &'static [u8]>,
    journal: Table<'txn, u64, &'static [u8]>,
    ledger: Growing<'txn>,
    index: IndexTable<'txn>,
    entries: Entries,
    side: Table<'txn, &'static [u8], &'static [u8]>,
    revision: Revision,
    at: Timestamp,
    /// What is done as soon as all of it is durable.
    after: Vec<After>,
    /// Nothing of it is to be written.
    is_dropped: bool,
    /// Does it hold as much as a record?
    is_real: bool,
}

impl<'txn> Batch<'txn> {
    fn open(write: &'txn WriteTransaction, now: Timestamp, random: SharedRandom) -> Result<Self, StoreError> {
        let journal = write.open_table(JOURNAL)?;
        let ledger = Growing::open(write)?;
        let (revision, newest_at) = newest(&journal)?;
        let at = now.max(newest_at);
        keep_newest(write, at)?;
        let (facts, side) = (write.open_table(FACTS)?, write.open_table(SIDE)?);
        let (index, entries) = (write.open_table(LEDGER_INDEX)?, Entries::default());
        let (after, is_dropped, is_real) = (Vec::new(), false, false);
        Ok(Self { random, facts, journal, ledger, index, entries, side, revision, at, after, is_dropped, is_real })
    }

    fn put(&mut self, fact: &Fact, revision: Revision) -> Result<(), StoreError> {
        let rows = rows_of(&View::new(&self.facts, Revision(u64::MAX)), fact)?;
        for (key, value) in rows {
            self.facts.insert(row(&key, revision).as_slice(), value.as_slice())?;
        }
        Ok(())
    }

    /// Enters in the journal what happened; the SHA-256 of the entry.
    fn enter(&mut self, by: String, events: Vec<Event>) -> Result<[u8; 32], StoreError> {
        let next = self.revision.next();
        let entry = encode(&Entry { at: self.at, by, events })?;
        self.journal.insert(next.0, entry.as_slice())?;
        self.revision = next;
        Ok(Sha256::digest(&entry).into())
    }

    fn append(&mut self, records: Vec<Recorded>) -> Result<Vec<Seq>, StoreError> {
        let mut seqs = Vec::with_capacity(records.len());
        self.is_real |= !records.is_empty();
        for Recorded { bytes, at, terms } in records {
            let seq = self.ledger.append(&bytes, &mut self.side)?;
            self.entries.note(seq, at, terms);
            seqs.push(seq);
        }
        Ok(seqs)
    }

    fn desk(&self) -> Desk<'_> {
        let view = View::new(&self.facts, self.revision);
        Desk { view, at: self.at, next: self.revision.next(), side: &self.side }
    }

    /// Enters what a piece of work left; `has_put` when facts of the same change were put already.
    fn keep<T>(&mut self, work: Work<T>, has_put: bool) -> Result<Committed<T>, StoreError> {
        let Work { change, by, mut records, remember, beside, value } = work;
        if let Some((_permit, happening)) = change.filter(|(_, happening)| has_put || !happening.is_empty()) {
            let next = self.revision.next();
            for fact in &happening.facts {
                self.put(fact, next)?;
            }
            let entry = self.enter(by, happening.events)?;
            records.iter_mut().for_each(|record| record.belongs_to(&entry));
        }
        if let Some(remembered) = remember {
            let key = side::remembered_key(&remembered.key);
            self.side.insert(key.as_slice(), encode(&remembered)?.as_slice())?;
        }
        let Beside { rows, after } = beside;
        for (key, row) in rows {
            self.side.insert(key.as_slice(), row.as_slice())?;
        }
        self.after.extend(after);
        let records: Result<Vec<_>, _> = records.into_iter().map(|record| recorded(record, &*self.random)).collect();
        let seqs = self.append(records?)?;
        Ok(Committed { value, revision: self.revision, seqs })
    }
}

/// Something that waits to be written.
trait Job: Send {
    /// Fills the transaction.
    ///
    /// # Errors
    /// When the file fails, so that nothing of the transaction can be written. A fault of this job alone is kept for
    /// [`Job::tell`], and concerns nobody else.
    fn fill(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError>;
    /// Does it need a transaction of its own?
    fn is_alone(&self) -> bool;
    /// Tells whoever waits.
    fn tell(self: Box<Self>, written: Result<(), StoreError>);
}

/// What a job came to: its value and records, or a fault of its own for which it wrote nothing.
type Filled<T> = Result<Committed<T>, StoreError>;

struct Waiting<F, T> {
    work: Option<F>,
    is_alone: bool,
    filled: Filled<T>,
    tell: oneshot::Sender<Result<Committed<T>, StoreError>>,
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

    fn tell(self: Box<Self>, written: Result<(), StoreError>) {
        // Whoever waited may have gone away; what was written stays written.
        let _ = self.tell.send(written.and(self.filled));
    }
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Box<dyn Job>>,
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
        bell.notify_one();
        Ok(())
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
            line = bell.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

pub(super) fn start(shared: Arc<Shared>) -> io::Result<(Queue, JoinHandle<()>)> {
    let queue = Queue::default();
    let line = queue.clone();
    let writer = thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
        while let Some(jobs) = line.take(|| is_open(&shared)) {
            if jobs.is_empty() {
                // Whoever only asks reads first, and must not wait for somebody who writes.
                let _ = reopened(&shared);
            } else {
                write(&shared, jobs);
            }
        }
        shared.database.write().unwrap_or_else(PoisonError::into_inner).take();
    })?;
    Ok((queue, writer))
}

/// Writes all of `jobs` in one transaction, or none, and tells each.
fn write(shared: &Shared, mut jobs: VecDeque<Box<dyn Job>>) {
    let now = match shared.time.to_write() {
        Ok(now) => now,
        // The disk is as well as before.
        Err(error) => return jobs.into_iter().for_each(|job| job.tell(Err(error.clone()))),
    };
    let written = reopened(shared).and_then(|()| {
        catch_unwind(AssertUnwindSafe(|| fill(shared, now, &mut jobs))).unwrap_or_else(|panic| Err(panicked(&*panic)))
    });
    match &written {
        Ok((revision, is_real)) => {
            // What changes hardly a page may fit where no record does.
            if *is_real {
                shared.writable.store(true, Ordering::Release);
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
        job.tell(written.as_ref().map(|_| ()).map_err(Clone::clone));
    }
}

/// The newest revision, and whether as much was written as a record takes.
fn fill(shared: &Shared, now: Timestamp, jobs: &mut VecDeque<Box<dyn Job>>) -> Result<(Revision, bool), StoreError> {
    let database = shared.database.read().unwrap_or_else(PoisonError::into_inner);
    let database = database.as_ref().ok_or(StoreError::Closing)?;
    let write = database.begin_write()?;
    let (revision, is_real, after, is_dropped) = {
        let mut batch = Batch::open(&write, now, Arc::clone(&shared.random))?;
        for job in jobs {
            job.fill(&mut batch)?;
        }
        batch.ledger.close()?;
        std::mem::take(&mut batch.entries).write(&mut batch.index)?;
        (batch.revision, batch.is_real, batch.after, batch.is_dropped)
    };
    if is_dropped {
        write.abort()?;
    } else {
        write.commit()?;
        // Here, so that it is done in the order of the commits, and even when nobody waits for it any more.
        after.into_iter().for_each(|then| then());
    }
    Ok((revision, is_real && !is_dropped))
}

fn is_open(shared: &Shared) -> bool {
    shared.database.read().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// Opens the file again after a failure.
fn reopened(shared: &Shared) -> Result<(), StoreError> {
    if is_open(shared) {
        return Ok(());
    }
    match (shared.open)() {
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

fn panicked(panic: &(dyn Any + Send)) -> StoreError {
    let message = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    StoreError::Unusable(format!("the writer stopped: {}", message.unwrap_or("no reason given")))
}

/// A record ready to be written, with its salt.
fn recorded(mut record: Record, random: &dyn Random) -> Result<Recorded, StoreError> {
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt).map_err(|error| StoreError::Unusable(error.to_string()))?;
    record.salt(&salt);
    record.recorded().map_err(|error| StoreError::Unusable(error.to_string()))
}

impl Store {
    /// Makes a record ready to be written: salted, and in the bytes that are hashed.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be; then what it is about must not be answered.
    pub fn recorded(&self, record: Record) -> Result<Recorded, StoreError> {
        recorded(record, &*self.random())
    }

    async fn wait<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Batch<'_>) -> Result<Filled<T>, StoreError> + Send + 'static,
    ) -> Result<Committed<T>, StoreError> {
        self.wait_in_line(false, work).await
    }

    async fn wait_in_line<T: Send + 'static>(
        &self,
        is_alone: bool,
        work: impl FnOnce(&mut Batch<'_>) -> Result<Filled<T>, StoreError> + Send + 'static,
    ) -> Result<Committed<T>, StoreError> {
        let (tell, told) = oneshot::channel();
        let waiting = Waiting { work: Some(work), is_alone, filled: Err(StoreError::Closing), tell };
        self.queue().join(Box::new(waiting))?;
        told.await.map_err(|_| StoreError::Closing)?
    }

    /// Writes records; they are durable when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; then none of them is written, and what they are about must not be answered.
    pub async fn append(&self, records: Vec<Recorded>) -> Result<Committed<()>, StoreError> {
        self.wait(move |batch| {
            let seqs = batch.append(records)?;
            Ok(Ok(Committed { value: (), revision: batch.revision, seqs }))
        })
        .await
    }

    /// Does a piece of work on the newest facts and writes what it leaves: change, journal, records and what is
    /// remembered, all or nothing.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is written.
    pub async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk<'_>) -> Result<Work<T>, StoreError> + Send + 'static,
    ) -> Result<Committed<T>, StoreError> {
        self.wait(move |batch| {
            // Nothing is written before the work is whole, so whatever is wrong with it is its own fault.
            match catch_unwind(AssertUnwindSafe(|| work(&batch.desk()))) {
                Ok(Ok(work)) => batch.keep(work, false).map(Ok),
                Ok(Err(error)) => Ok(Err(error)),
                Err(panic) => Ok(Err(panicked(&*panic))),
            }
        })
        .await
    }
}
