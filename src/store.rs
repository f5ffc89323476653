//! What is known and what was decided, kept in one file: facts with their whole history, the journal of changes, and
//! the ledger.
//!
//! Every write is one revision. A fact is kept as it was at every revision, so any past one reads as fast as the
//! present. Facts and ledger share one file, so that a change and its record are written both or neither.

mod rows;
mod tables;
mod view;
mod time;
mod metadata;
mod customer_summary;
mod present;
mod index_rows;
mod facts;
mod plain;
mod history;
mod customer_snapshot;
mod overlay;
mod frame;
mod records;
mod segment;
mod old_ledger;
mod frames;
mod appender;
mod ledger_index;
mod tail;
mod ledger;
mod prepare;
mod staged;
mod disk;
mod token;
mod proposal;
mod in_force;
mod metadata_changes;
mod sheet;
mod log;
mod snapshot;
mod file;
mod batch;
mod embedded;
mod queue;
mod writer;
mod indexer;
mod postings;
mod redb_file;
mod checkpoints;
mod write;
mod pace;
mod bulk_import;
mod probe;
mod journal;
mod journal_view;
mod ledger_reader;
mod known_keys;
mod tokens;
mod unjournaled;
mod session;
mod person;
mod token_uses;
mod rules;
mod draft;
mod rules_source;
mod copy;
mod copy_writer;
#[cfg(test)]
mod contract;

pub use bulk_import::BulkImport;
pub use checkpoints::Signed;
pub use copy::{CopyPieces, StoreCopy};
pub use copy_writer::{CopiedState, CopyError, StoreWriter};
pub use customer_snapshot::CustomerSnapshot;
pub use draft::{ChangedFile, Draft, DraftReview, DraftTexts, GoneDrafts, ReviewEnd, WholeDraft, with_changes};
pub use frame::{Body, Frame, StoredFrame};
pub use history::Versions;
pub use in_force::{InForce, Why};
pub use journal_view::{Breach, JournalView, Named};
pub use known_keys::KnownKeys;
pub use ledger::LedgerView;
pub use ledger_reader::{LedgerReader, Looked, Order, Walk, has_terms};
pub use log::{WriteContext, Written};
pub use metadata_changes::MetadataChanges;
pub use overlay::Overlay;
pub use person::PersonNames;
pub use proposal::{Approval, Closed, Editor, Proposal, ProposalState};
pub use records::Records;
pub use redb_file::Store;
pub use rows::Listed;
pub use session::{Session, SignedInAt};
pub use sheet::{Sheet, Work};
pub use snapshot::Snapshot;
pub use staged::ImportPieces;
pub use token::{Maker, Remembered, Token};
pub use view::{Kept, View};

use std::path::PathBuf;

use crate::clock::Timestamp;
use crate::id::Revision;

/// Why the store cannot be opened, read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error("the store `{}` is in use by another process; stop it, or ask through its socket", path.display())]
    Held {
        /// The store's file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("`{}` is not a store of standing: {cause}; name another folder with `--data`, or restore a backup", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: String,
    },
    /// A newer program wrote it.
    #[error("the store `{}` has format {found}, and this program reads up to {known}; use a newer standing", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The format it has.
        found: u8,
        /// The newest this program reads.
        known: u8,
    },
    /// The folder or file cannot be made or opened.
    #[error("cannot open the store `{}`: {cause}; check the folder and its rights", path.display())]
    Unopenable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// The file cannot be read or written now.
    #[error("the store cannot be used now: {0}; nothing was written, try again")]
    Unusable(String),
    /// What was read is not what was written.
    #[error("the store holds something unreadable: {0}; restore a backup")]
    Unreadable(String),
    /// A row of the metadata is not the one the journal recorded.
    #[error("the store is not as it was written: {0}; run `standing ledger verify`, and bring back a backup")]
    Altered(String),
    /// The clock shows a time long after everything that is stored.
    #[error(
        "the clock shows `{shown}` and the newest entry of the store is of `{newest}`, more than 366 days before: nothing is opened by a clock that is rather wrong; set it right or, if it is right, start once with `--accept-clock`"
    )]
    ClockAhead {
        /// What the clock shows.
        shown: Timestamp,
        /// The time of the newest entry.
        newest: Timestamp,
    },
    /// The clock was set further ahead than time can have passed.
    #[error(
        "the clock shows `{shown}` where it should show about `{expected}`: nothing is written by a clock that was set ahead; set it right or, if it is right, start the server again"
    )]
    ClockJumped {
        /// What the clock shows.
        shown: Timestamp,
        /// What it should show by the time that has passed.
        expected: Timestamp,
    },
    /// The long work that reads has to end; nothing is wrong with the store.
    #[error(transparent)]
    Stopped(#[from] crate::work::Stopped),
    /// The store is closing.
    #[error("the store is closing; try again once the server is back")]
    Closing,
    /// A revision that is not there yet.
    #[error("revision {asked} is not there yet, the newest is {newest}; ask for one up to it")]
    NotYet {
        /// The revision asked for.
        asked: Revision,
        /// The newest.
        newest: Revision,
    },
}

/// One revision of the store, as the journal records it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// When it was written.
    pub at: Timestamp,
    /// Who wrote it.
    pub by: String,
    /// What happened, in order.
    pub events: Vec<crate::domain::event::Event>,
    /// The digest of the rows of the facts that it wrote; an entry of an earlier format has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<crate::audit::Hash>,
    /// The SHA-256 of the newest entry of the metadata journal when it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<crate::audit::Hash>,
}
