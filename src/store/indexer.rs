//! What keeps the index behind the records.
//!
//! The writer collects in the tail what each commit wrote. A thread of its own reads again whatever was not: the records
//! of a store that was just opened, and those that say nothing of themselves; and where the tail has as many records as
//! a segment holds, it writes them as one. Whoever reads asks the segments and the tail, and looks itself at the records
//! that are in neither yet, so that a list is complete at every moment.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use redb::ReadableTable;

use super::StoreError;
use super::batch::Batch;
use super::file::Shared;
use super::frames::LedgerRows;
use super::ledger::guarded;
use super::ledger_index::{LEDGER_INDEX, old_rows_to};
use super::log::Written;
use super::queue::{Kind, Queue};
use super::segment::{RECORDS_MAX, SEGMENT_SPANS, SEGMENTS, segment_key};
use super::tail::{Part, Tail};
use crate::audit::IndexEntry;

/// How many records are read at once.
const AT_ONCE: usize = 1_024;
/// How long is waited after the file failed.
const RETRY: Duration = Duration::from_millis(500);

/// The record after the last one that rows or segments hold.
pub(super) fn first_unindexed(
    index: &impl ReadableTable<&'static [u8], &'static [u8]>,
    spans: &impl ReadableTable<u64, u64>,
) -> Result<u64, StoreError> {
    let in_segments = spans.last()?.map_or(0, |(_, last)| last.value());
    Ok(in_segments.max(old_rows_to(index)?) + 1)
}

/// The thread that collects.
pub(super) struct Indexer {
    thread: Option<JoinHandle<()>>,
    ends: Arc<AtomicBool>,
}

impl Indexer {
    pub(super) fn start(shared: Arc<Shared>, queue: Queue) -> io::Result<Self> {
        let ends = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ends);
        let indexing = move || {
            // A damaged page can make redb panic where it reads: the thread goes on, and says so.
            let next = || guarded(|| index_next(&shared, &queue));
            while !ended.load(Ordering::Acquire) {
                match next() {
                    // The writer goes on where it has caught up, which it never does while it sleeps.
                    Ok(1..) => {}
                    Ok(0) => {
                        shared.indexer_waits();
                        // What was written before it said so wakes nobody.
                        if matches!(next(), Ok(0)) {
                            thread::park();
                        }
                    }
                    Err(error) => {
                        if let Some(earlier) = shared.log.due() {
                            tracing::error!(%error, earlier, "records are not indexed yet; said once a minute");
                        }
                        thread::park_timeout(RETRY);
                    }
                }
            }
        };
        let thread = thread::Builder::new().name("store-indexer".to_owned()).spawn(indexing)?;
        Ok(Self { thread: Some(thread), ends })
    }
}

impl Drop for Indexer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// Indexes the next records that were written, or writes the tail as a segment where it is full; how many records more
/// are indexed, and [`AT_ONCE`] where there may be others.
fn index_next(shared: &Shared, queue: &Queue) -> Result<usize, StoreError> {
    let tail = shared.tail();
    let (last, count) = tail.read(|part| (part.last, part.count()));
    let wanted = shared.segments_to.load(Ordering::Acquire);
    if count >= RECORDS_MAX || (count > 0 && last >= wanted && *shared.in_segments.borrow() < wanted) {
        write_segment(shared, queue, &tail)?;
        return Ok(AT_ONCE);
    }
    let rows = LedgerRows::of(&shared.read()?)?;
    let next = (last + 1..=rows.size()?).take(AT_ONCE);
    let records: Vec<IndexEntry> = next.map(|seq| indexed(&rows, seq)).collect::<Result<_, _>>()?;
    // No read transaction is held longer than it has to be.
    drop(rows);
    tail.add(last + 1, records.iter().map(Some));
    Ok(records.len())
}

/// What a record is found by. One that is damaged, or was archived before it was indexed, is found by nothing.
pub(super) fn indexed(rows: &LedgerRows, seq: u64) -> Result<IndexEntry, StoreError> {
    match guarded(|| rows.record(seq)) {
        Ok(record) => Ok(record.map_or_else(IndexEntry::default, |bytes| IndexEntry::read(&bytes))),
        Err(StoreError::Unreadable(_)) => Ok(IndexEntry::default()),
        Err(error) => Err(error),
    }
}

/// Writes a tail as a segment, up to as many records as one holds, and has it go on after them.
pub(super) fn write_segment(shared: &Shared, queue: &Queue, tail: &Arc<Tail>) -> Result<(), StoreError> {
    // Copied, so that nobody waits while it is put in order.
    let Part { first, last, places, minutes } = tail.read(Part::one_segment);
    if last < first {
        return Ok(());
    }
    let rows = places.rows();
    queue.wait_here(Kind::Record, move |batch: &mut Batch<'_>| {
        let mut segments = batch.write.open_table(SEGMENTS)?;
        for (row, bytes) in &rows {
            segments.insert(segment_key(first, *row).as_slice(), bytes.as_slice())?;
        }
        batch.write.open_table(SEGMENT_SPANS)?.insert(first, last)?;
        minutes.write(&mut batch.write.open_table(LEDGER_INDEX)?)?;
        Ok(Ok(Written { value: (), revision: batch.revision, seqs: Vec::new() }))
    })?;
    // Nothing is collected meanwhile, or it would be missing in the next one.
    let mut newest = shared.tail.write().unwrap_or_else(PoisonError::into_inner);
    let later = tail.read(|part| part.after(last));
    *newest = Arc::new(Tail::of(later));
    drop(newest);
    shared.in_segments.send_replace(last);
    Ok(())
}
