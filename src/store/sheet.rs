//! What one change enters: a value, before any row is made of it.

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::metadata_changes::MetadataChanges;
use super::token::Remembered;
use super::view::{decode, encode};
use crate::audit::Record;
use crate::clock::Timestamp;
use crate::decide::Permit;
use crate::domain::event::{ChangeSet, Event, Fact};
use crate::id::Revision;

/// Everything one change enters, all or nothing.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Sheet {
    /// The revision it makes; nothing where no fact changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The facts as they become; those of an import were put before it.
    pub facts: Vec<Fact>,
    /// The rows of the metadata, and the rules it activates.
    pub metadata: MetadataChanges,
    /// What is remembered of the answer, so that a retry gets the same one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remember: Option<Remembered>,
    /// The records of what was decided, before they are salted and name the entries they made.
    pub records: Vec<Record>,
}

impl Sheet {
    /// Checks that the same change came to the same again, and that bytes hold all of it.
    pub(super) fn check_again(&self, again: &Self) -> Result<(), StoreError> {
        let unlike = |why: &str| StoreError::Unusable(format!("the change by `{}` {why}", self.by));
        if again != self {
            return Err(unlike("came to something else when it was run again"));
        }
        if decode::<Self>(&encode(self)?)? != *self {
            return Err(unlike("cannot be read back as it was written"));
        }
        Ok(())
    }
}

/// What a piece of work returns to be written.
pub struct Work<T> {
    /// What changes, and the proof that it may; nothing for work that only records.
    pub change: Option<(Permit, ChangeSet)>,
    /// Who changes it.
    pub by: String,
    /// The records of what was decided.
    pub records: Vec<Record>,
    /// What is remembered of the answer, so that a retry gets the same one.
    pub remember: Option<Remembered>,
    /// The metadata it changes.
    pub metadata: MetadataChanges,
    /// What the caller gets once all of it is durable.
    pub value: T,
}

impl<T> Work<T> {
    /// What it enters at the moment `at`, as the revision `next` if a fact changes; `has_put` when facts of the same
    /// change were put already.
    pub(super) fn sheet(self, at: Timestamp, next: Revision, has_put: bool) -> (Sheet, T) {
        let Self { change, by, records, remember, metadata, value } = self;
        // The permit has done its work: without one no fact comes this far.
        let change_set = change.map(|(_permit, change_set)| change_set);
        let change_set = change_set.filter(|change_set| has_put || !change_set.is_empty());
        let revision = change_set.is_some().then_some(next);
        let ChangeSet { facts, events } = change_set.unwrap_or_default();
        (Sheet { revision, at, by, events, facts, metadata, remember, records }, value)
    }
}
