//! Backups: everything a data directory holds at one revision, in a folder that says what is in it, and its way back.
//!
//! Whoever holds the store sends a copy of it, made in one read transaction beside the writer; whoever asks for the
//! backup writes it, and takes keys and archive files from the data directory itself, so that no secret is sent.

mod manifest;
mod seal;
mod folder;
mod restore;

pub use folder::{Backed, BackupFolder, KeysWanted, PassphraseError, passphrase};
pub use manifest::{KeysKept, Manifest};
pub use restore::{RestoreError, Restored, restore};

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::audit::{Hash, hash_text, parse_hash};
use crate::clock::Timestamp;
use crate::evidence::ledger::LedgerError;
use crate::id::Revision;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::store::{CopiedState, CopyError, CopyPieces, StoreCopy, StoreError};

/// What is told of a store that is copied.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StoreHead {
    /// When it was copied.
    pub at: Timestamp,
    /// The version of the program that held it.
    pub version: String,
    /// The format of its file.
    pub format: u8,
    /// The newest revision in it.
    pub revision: Revision,
    /// How many records its ledger has.
    pub records: u64,
    /// The root of the tree over them, in base64.
    pub root_hash: String,
    /// The same, signed: a note of C2SP.
    pub checkpoint: String,
    /// The public key the ledger is signed with.
    pub key: String,
    /// The digest of the rules that are in force in it.
    pub rules: Option<String>,
    /// The archive files that its old records are in.
    pub archives: Vec<String>,
}

impl StoreHead {
    fn root(&self) -> Option<Hash> {
        parse_hash(&self.root_hash)
    }

    /// Reads what a copy says of itself, and the state it has to have.
    fn read(text: &str) -> Result<(Self, CopiedState), CopyError> {
        let head: Self =
            serde_json::from_str(text).map_err(|_| CopyError::Altered("what is told of it is not known"))?;
        let root = head.root().ok_or(CopyError::Altered("its root is none"))?;
        let state = CopiedState { revision: head.revision, records: head.records, root };
        Ok((head, state))
    }
}

/// A copy of the store as it is now, in pieces, made while others go on writing.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not back up; [`LedgerError`] when the ledger cannot be signed.
pub async fn copy_store(pdp: &Pdp, call: &Call) -> Result<Response<CopyPieces>, CallError<LedgerError>> {
    call::read(pdp, call, "backup", &CallTarget::Installation, |_, at| {
        let copy = pdp.store.to_copy()?;
        let ledger = copy.ledger()?;
        let peaks = ledger.peaks(ledger.size()?)?;
        let head = StoreHead {
            at,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            format: StoreCopy::FORMAT,
            revision: copy.revision,
            records: peaks.size(),
            root_hash: hash_text(&peaks.root()),
            checkpoint: pdp.keys.ledger.sign(peaks.size(), peaks.root()).map_err(LedgerError::from)?,
            key: pdp.keys.ledger.public().text().to_owned(),
            rules: copy.rules.clone(),
            archives: ledger.archives()?.into_iter().map(|(_, file)| file).collect(),
        };
        let head = serde_json::to_string(&head).map_err(|error| StoreError::Unusable(error.to_string()))?;
        Ok(copy.pieces(head))
    })
    .await
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use `{}`: {cause}", path.display())]
pub struct FileError {
    path: PathBuf,
    cause: std::io::Error,
}

/// Names the file of an error.
fn of_file(path: &std::path::Path) -> impl Fn(std::io::Error) -> FileError + '_ {
    move |cause| FileError { path: path.to_owned(), cause }
}
