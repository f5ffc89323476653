//! Bulk imports: more facts than fit in memory, as one change.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::StoreError;
use super::batch::{Batch, WriteContext, Written, panicked};
use super::queue::Kind;
use super::redb_file::Store;
use super::sheet::{Sheet, Work};
use super::view::View;
use crate::audit::Hash;
use crate::clock::Timestamp;
use crate::domain::event::Fact;
use crate::id::Revision;

/// A change that is being put fact by fact; what is put is committed only if the import ends with a permitted change.
pub struct BulkImport<'a, 'txn> {
    batch: &'a mut Batch<'txn>,
    has_put: bool,
    fault: Option<StoreError>,
}

impl BulkImport<'_, '_> {
    /// What a piece of work sees that begins before anything is put.
    #[must_use]
    pub fn context(&self) -> WriteContext<'_> {
        self.batch.context()
    }

    /// The facts as they are with everything put so far.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View::new(&self.batch.facts, self.next())
    }

    /// The moment of the change; never before that of an earlier one.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.batch.at
    }

    /// The revision the change would make.
    #[must_use]
    pub fn next(&self) -> Revision {
        self.batch.revision.next()
    }

    /// Was anything put?
    #[must_use]
    pub fn has_put(&self) -> bool {
        self.has_put
    }

    /// Puts a fact.
    ///
    /// # Errors
    /// [`StoreError`] when the file fails; then nothing of the load is written, whatever it ends with.
    pub fn put(&mut self, fact: &Fact) -> Result<(), StoreError> {
        self.has_put = true;
        let next = self.next();
        self.batch.put(fact, next).inspect_err(|error| self.fault = Some(error.clone()))
    }
}

impl Store {
    /// Does a piece of work that puts its facts one by one, as one change of one revision: for more than fits in
    /// memory. All of it is written or, when the work leaves no change, none of it but its records. It may be done more
    /// than once, and must come to the same on the same facts.
    ///
    /// Everything else that would be written waits until it is done, decisions too, whose records must be durable
    /// before they are answered. So it must not wait for anybody: slow input is to be buffered first.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing is written.
    pub async fn bulk_import<T: Send + 'static>(
        &self,
        work: impl Fn(&mut BulkImport<'_, '_>) -> Result<Work<T>, StoreError> + Send + 'static,
    ) -> Result<Written<T>, StoreError> {
        let (work, first) = if self.is_each_change_twice() { self.tried(work).await? } else { (work, None) };
        let imported = self.queue().wait(Kind::Import, move |batch| {
            let (done, has_put) = run(batch, &work)?;
            let kept = done.and_then(|work| {
                let is_kept = work.change.is_some() || !has_put;
                let (sheet, value) = work.sheet(batch.at, batch.revision.next(), has_put);
                first.map_or(Ok(()), |first| first.check_again(batch, &sheet))?;
                Ok((is_kept, sheet, value))
            });
            match kept {
                Ok((true, sheet, value)) => {
                    let Written { value, revision, seqs } = batch.keep(sheet, value)?;
                    Ok(Ok(Written { value: (value, None), revision, seqs }))
                }
                left => {
                    batch.is_dropped = has_put;
                    let left = left.map(|(_, sheet, value)| (value, Some(sheet.records)));
                    Ok(left.map(|value| Written { value, revision: batch.revision, seqs: Vec::new() }))
                }
            }
        });
        let Written { value: (value, dropped), revision, seqs } = imported.await?;
        match dropped {
            None => Ok(Written { value, revision, seqs }),
            // What was put is gone with its transaction; that it was refused is recorded in another.
            Some(records) => {
                let records: Result<_, _> = records.into_iter().map(|record| self.recorded(record)).collect();
                let records = records?;
                let Written { revision, seqs, .. } = self.append(records).await?;
                Ok(Written { value, revision, seqs })
            }
        }
    }

    /// What an import comes to before it is run again, in a transaction that is dropped.
    async fn tried<W, T>(&self, work: W) -> Result<(W, Option<First>), StoreError>
    where
        W: Fn(&mut BulkImport<'_, '_>) -> Result<Work<T>, StoreError> + Send + 'static,
    {
        let tried = self.queue().wait(Kind::Import, move |batch| {
            let (done, has_put) = run(batch, &work)?;
            batch.is_dropped = true;
            let next = batch.revision.next();
            let first = match done {
                Ok(done) => Some(First {
                    on: batch.newest(),
                    sheet: done.sheet(batch.at, next, has_put).0,
                    put: batch.facts.written(next)?,
                }),
                Err(_) => None,
            };
            Ok(Ok(Written { value: (work, first), revision: batch.revision, seqs: Vec::new() }))
        });
        Ok(tried.await?.value)
    }
}

/// What an import came to the first time.
struct First {
    /// What was newest then.
    on: (Timestamp, Revision, u64),
    sheet: Sheet,
    /// The digest of the rows that were put before the sheet.
    put: Hash,
}

impl First {
    fn check_again(&self, batch: &mut Batch<'_>, again: &Sheet) -> Result<(), StoreError> {
        if batch.newest() != self.on {
            // Others wrote in between, and an import on other facts may come to something else.
            return Ok(());
        }
        self.sheet.check_again(again)?;
        if batch.facts.written(batch.revision.next())? != self.put {
            return Err(StoreError::Unusable("the import put other facts when it was run again".to_owned()));
        }
        Ok(())
    }
}

/// Has an import put its facts; returns what it ends with, and whether it put any.
fn run<T>(
    batch: &mut Batch<'_>,
    work: &impl Fn(&mut BulkImport<'_, '_>) -> Result<Work<T>, StoreError>,
) -> Result<(Result<Work<T>, StoreError>, bool), StoreError> {
    let mut import = BulkImport { batch, has_put: false, fault: None };
    let done = catch_unwind(AssertUnwindSafe(|| work(&mut import)));
    let BulkImport { has_put, fault, .. } = import;
    match fault {
        Some(fault) => Err(fault),
        None => Ok((done.unwrap_or_else(|panic| Err(panicked(&*panic))), has_put)),
    }
}
