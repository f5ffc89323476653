//! The journal of changes: what happened, once and in order.

use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::Pdp;
use super::call::{About, Call, CallError, Coded, Told};
use crate::clock::Timestamp;
use crate::domain::event::Event;
use crate::id::Revision;
use crate::limits::PAGE_MAX;
use crate::store::StoreError;

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Change {
    /// The revision it made; what happened together has the same one.
    #[schema(value_type = u64)]
    pub revision: Revision,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who made it happen.
    pub by: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// A page of the journal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct ChangesPage {
    /// What happened, oldest first; everything of a revision stands on one page.
    pub changes: Vec<Change>,
    /// The revision to go on after: the last one told.
    #[schema(value_type = u64)]
    pub next: Revision,
    /// Was there nothing more when the page was read?
    pub complete: bool,
}

/// Why changes cannot be told.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChangesError {
    /// The revision to go on after has not come.
    #[error("`after` `{asked}` is not there yet, the newest revision is {newest}; go on after one up to it")]
    NotYet {
        /// The revision asked for.
        asked: Revision,
        /// The newest.
        newest: Revision,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Coded for ChangesError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotYet { .. } => "not_yet",
            Self::Store(_) => "unavailable",
        }
    }

    fn store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::NotYet { .. } => None,
        }
    }
}

impl Pdp {
    /// What happened after a revision, oldest first, about `limit` events of it: a revision is told whole.
    ///
    /// # Errors
    /// [`ChangesError::NotYet`]; [`CallError::Denied`] for whoever may not read the journal.
    pub async fn changes(
        &self,
        call: &Call,
        after: Revision,
        limit: usize,
    ) -> Result<Told<ChangesPage>, CallError<ChangesError>> {
        self.tell(call, "readChanges", &About::Installation, |view, _| self.page(after, limit, view.revision())).await
    }

    /// A further page for whoever was admitted by [`Pdp::changes`] and keeps listening; not recorded again.
    ///
    /// # Errors
    /// [`ChangesError`].
    pub fn changes_page(&self, after: Revision, limit: usize) -> Result<ChangesPage, ChangesError> {
        self.page(after, limit, self.store.revision())
    }

    /// Tells of each new revision. Whoever listens marks what it saw, reads pages until one is complete, and then
    /// waits for another: nothing is missed between the two.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Revision> {
        self.store.changes()
    }

    fn page(&self, after: Revision, limit: usize, newest: Revision) -> Result<ChangesPage, ChangesError> {
        if after > newest {
            return Err(ChangesError::NotYet { asked: after, newest });
        }
        let mut page = ChangesPage { changes: Vec::new(), next: after, complete: after == newest };
        if limit == 0 || page.complete {
            return Ok(page);
        }
        for (revision, entry) in self.store.journal(after, limit.min(PAGE_MAX))? {
            // What was written since the page was asked for is told on the next one.
            if revision > newest {
                break;
            }
            let told =
                entry.events.into_iter().map(|event| Change { revision, at: entry.at, by: entry.by.clone(), event });
            page.changes.extend(told);
            page.next = revision;
        }
        page.complete = page.next == newest;
        Ok(page)
    }
}
