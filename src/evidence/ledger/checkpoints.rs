//! The signed heads of the ledger that the store keeps, against which it is verified, and which others may have kept too.

use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::{Checkpoint, CheckpointError, VerifierKey, hash_text};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};
use crate::pdp::cursor::Seal;
use crate::pdp::page::{ListError, Page};

/// A signed head of the ledger as it is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeptCheckpoint {
    /// How many records it is over.
    pub size: u64,
    /// The root of the tree over them as it was signed, in base64; absent where the note is not believed.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_hash: Option<String>,
    /// The checkpoint itself: a signed note of C2SP.
    pub note: String,
    /// Why the note is not believed: it is not what this ledger's key signed.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong: Option<String>,
}

impl KeptCheckpoint {
    fn of(keys: &[VerifierKey], size: u64, note: String) -> Self {
        let opened = opened(keys, &note).map_err(|error| error.to_string());
        let opened = opened.and_then(|checkpoint| match checkpoint.size == size {
            true => Ok(hash_text(&checkpoint.root)),
            false => Err(format!("it is over {} records and kept as one over {size}", checkpoint.size)),
        });
        let (root_hash, wrong) = match opened {
            Ok(root) => (Some(root), None),
            Err(wrong) => (None, Some(wrong)),
        };
        Self { size, root_hash, note, wrong }
    }
}

/// The keys that signed this ledger: the one that does now, and those of before.
pub(crate) fn keys_of(pdp: &Pdp) -> Vec<VerifierKey> {
    [pdp.keys.ledger.public()].into_iter().chain(&pdp.keys.former).cloned().collect()
}

/// What a checkpoint says that one of these keys signed.
pub(crate) fn opened(keys: &[VerifierKey], note: &str) -> Result<Checkpoint, CheckpointError> {
    let mut opened = Err(CheckpointError::NotANote("there is no key to hold it against".to_owned()));
    // The one that signs comes first, and what it says of an unknown note is what is reported.
    for key in keys.iter().rev() {
        opened = key.open(note);
        if opened.is_ok() {
            return opened;
        }
    }
    opened
}

/// A signed head that is kept, by how many records it is over.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not read the ledger.
pub async fn kept_checkpoint(
    pdp: &Pdp,
    call: &Call,
    size: u64,
) -> Result<Response<Option<KeptCheckpoint>>, CallError<ListError>> {
    call::read(pdp, call, "readDecisions", &CallTarget::Installation, |_, _| {
        let mut kept = pdp.store.ledger()?.checkpoints()?.into_iter();
        let found = kept.find(|(known, _)| *known == size);
        Ok(found.map(|(size, note)| KeptCheckpoint::of(&keys_of(pdp), size, note)))
    })
    .await
}

/// The signed heads that are kept, the newest first.
///
/// # Errors
/// [`ListError::Cursor`]; [`CallError::Denied`] when the caller may not read the ledger.
pub async fn checkpoints(
    pdp: &Pdp,
    call: &Call,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Response<Page<KeptCheckpoint>>, CallError<ListError>> {
    call::read(pdp, call, "readDecisions", &CallTarget::Installation, |_, _| {
        let seal = Seal::of(&pdp.keys.ledger, &call.caller, &"checkpoints");
        let mut page = Page::new(limit, seal);
        let last: Option<u64> = page.after(cursor)?;
        let (keys, kept) = (keys_of(pdp), pdp.store.ledger()?.checkpoints()?);
        let older = kept.into_iter().rev().filter(|(size, _)| last.is_none_or(|last| *size < last));
        for (size, note) in older {
            if page.take(KeptCheckpoint::of(&keys, size, note), size.to_string()).is_break() {
                break;
            }
        }
        Ok(page)
    })
    .await
}
