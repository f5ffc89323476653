//! What the one writer needs of a log: where it ends, and that what comes after that is entered whole or not at all.
//!
//! The file that everybody reads is the log. Nothing here says so: whatever keeps these few promises may take its place.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::metadata::Metadata;
use super::records::Records;
use super::sheet::{Sheet, Work};
use super::token::{Remembered, remembered_key};
use super::view::{View, decode};
use super::{Entry, StoreError};
use crate::audit::Peaks;
use crate::clock::Timestamp;
use crate::id::{Revision, Seq};

/// What was written.
#[derive(Clone, Debug)]
pub struct Written<T> {
    /// What the work returned.
    pub value: T,
    /// The newest revision once it was written: the one it made, if it changed anything.
    pub revision: Revision,
    /// The places of its records in the ledger.
    pub seqs: Vec<Seq>,
}

/// What a job comes to: its value and records, or a fault of its own for which it wrote nothing.
pub(super) type Filled<T> = Result<Written<T>, StoreError>;

/// What a piece of work sees: the newest facts, the moment, and the revision it would make.
pub struct WriteContext<'a> {
    /// The newest facts.
    pub view: View<'a>,
    /// The moment of the change; never before that of an earlier one.
    pub at: Timestamp,
    /// The revision the change would make.
    pub next: Revision,
    pub(super) metadata: Metadata<'a>,
}

impl WriteContext<'_> {
    /// The answer that is remembered under a key.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn remembered(&self, key: &[u8]) -> Result<Option<Remembered>, StoreError> {
        self.metadata.metadata_table.bytes(&remembered_key(key))?.map(|bytes| decode(&bytes)).transpose()
    }
}

/// Where a log ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Head {
    /// The newest revision.
    pub(super) revision: Revision,
    /// The number of the newest entry of the metadata journal.
    pub(super) entry: u64,
    /// The tree over all records.
    pub(super) records: Peaks,
}

impl Head {
    /// Checks that the log still ends here.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when it goes on: what was worked out here is worked out again from its new end.
    pub(super) fn check(&self, revision: Revision, entry: u64) -> Result<(), StoreError> {
        if (self.revision, self.entry) == (revision, entry) {
            return Ok(());
        }
        Err(StoreError::Unusable("the log goes on after what was read of it".to_owned()))
    }
}

/// Keeps what changes and calls come to: commits, one after the other.
pub(super) trait Log {
    /// A commit that is being filled.
    type Commit<'log>: Commit;

    /// Where it ends.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read, or is not whole; then nothing can be entered.
    fn head(&self) -> Result<Head, StoreError>;

    /// Enters all that `fill` puts in a commit after the head that is given, by a clock that shows `now`: facts, entries and
    /// records are durable when this returns, and read at once. Where it ends then.
    ///
    /// # Errors
    /// [`StoreError`] when `fill` fails, the log ends elsewhere or cannot keep it; then none of it is read, and where the
    /// log ends has to be read again.
    fn commit(
        &self,
        after: Head,
        now: Timestamp,
        fill: impl FnOnce(&mut Self::Commit<'_>) -> Result<(), StoreError>,
    ) -> Result<Head, StoreError>;

    /// The entries after a revision and up to another, oldest first, until there are `enough` events; no entry is split.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    fn entries(&self, after: Revision, to: Revision, enough: usize) -> Result<Vec<(Revision, Entry)>, StoreError>;
}

/// What is entered at once.
pub(super) trait Commit {
    /// What the next change sees: everything that was entered, in this commit too.
    fn context(&self) -> WriteContext<'_>;

    /// Enters a sheet; returns the places of its records.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing of the commit can be entered.
    fn enter(&mut self, sheet: Sheet) -> Result<Vec<Seq>, StoreError>;

    /// Appends records; returns their places.
    fn append(&mut self, records: Records) -> Vec<Seq>;

    /// Enters what a change comes to.
    ///
    /// # Errors
    /// As [`Commit::enter`].
    fn keep<T>(&mut self, sheet: Sheet, value: T) -> Result<Written<T>, StoreError> {
        let seqs = self.enter(sheet)?;
        Ok(Written { value, revision: self.context().view.revision(), seqs })
    }
}

/// Does a piece of work on the newest facts and enters what it comes to; twice, where `is_twice`, and then only what
/// comes to the same.
///
/// # Errors
/// As [`Commit::enter`]. A fault of the work alone is within: nothing of it is entered.
pub(super) fn change<T>(
    commit: &mut impl Commit,
    work: &impl Fn(&WriteContext<'_>) -> Result<Work<T>, StoreError>,
    is_twice: bool,
) -> Result<Filled<T>, StoreError> {
    // Nothing is entered before the work is complete, so an error concerns it alone.
    let made = catch_unwind(AssertUnwindSafe(|| {
        let context = commit.context();
        let made = || Ok::<_, StoreError>(work(&context)?.sheet(context.at, context.next, false));
        let (sheet, value) = made()?;
        if is_twice {
            sheet.check_again(&made()?.0)?;
        }
        Ok((sheet, value))
    }));
    match made.unwrap_or_else(|panic| Err(panicked(&*panic))) {
        Ok((sheet, value)) => commit.keep(sheet, value).map(Ok),
        Err(error) => Ok(Err(error)),
    }
}

pub(super) fn panicked(panic: &(dyn Any + Send)) -> StoreError {
    let message = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    StoreError::Unusable(format!("the writer stopped: {}", message.unwrap_or("no reason given")))
}
