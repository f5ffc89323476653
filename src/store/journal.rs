//! The journal: what happened at each revision, in order.

use super::log::Log as _;
use super::redb_file::Store;
use super::tables::JOURNAL;
use super::view::decode;
use super::{Entry, StoreError};
use crate::clock::Timestamp;
use crate::id::Revision;

impl Store {
    /// The newest revision written at or before a moment.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be read.
    pub fn revision_at(&self, at: Timestamp) -> Result<Revision, StoreError> {
        let journal = self.read()?.open_table(JOURNAL)?;
        let (mut known, mut beyond) = (0, self.revision().0 + 1);
        while known + 1 < beyond {
            let middle = known + (beyond - known) / 2;
            let entry: Option<Entry> = journal.get(middle)?.map(|found| decode(found.value())).transpose()?;
            match entry {
                Some(entry) if entry.at <= at => known = middle,
                _ => beyond = middle,
            }
        }
        Ok(Revision(known))
    }

    /// The journal after a revision, oldest first, until there are `enough` events; a revision is never split.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be read.
    pub fn journal(&self, after: Revision, enough: usize) -> Result<Vec<(Revision, Entry)>, StoreError> {
        self.shared().entries(after, self.revision(), enough)
    }

    /// The entries after a revision, up to another.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn journal_between(&self, after: Revision, to: Revision) -> Result<Vec<(Revision, Entry)>, StoreError> {
        self.shared().entries(after, to.min(self.revision()), usize::MAX)
    }

    /// The journal's entry of one revision.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be read.
    pub fn entry(&self, revision: Revision) -> Result<Option<Entry>, StoreError> {
        let journal = self.read()?.open_table(JOURNAL)?;
        journal.get(revision.0)?.map(|found| decode(found.value())).transpose()
    }
}
