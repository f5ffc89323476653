//! The ledger as evidence: signed checkpoints, proofs, the walk that finds what was changed, and the export that an
//! outsider can verify.

pub mod archive;
pub mod checkpoints;
pub mod comparison;
mod export;
pub mod prove;
pub mod records;
mod walk;

use crate::pdp::absent::Absent;
pub(crate) use archive::Archive;
pub use archive::{Archived, ArchivedFile};
pub use export::LedgerExport;
pub(crate) use records::{Read, Records};
pub use walk::LedgerWalk;

use std::io;
use std::path::PathBuf;

use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::{
    CheckpointError, Hash, LedgerKey, Mask, ProofError, consistency, hash_text, inclusion, leaf_hash, leaf_node,
};
use crate::clock::OnceAMinute;
use crate::id::Seq;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Coded, Response};
use crate::store::{LedgerView, Signed, StoreError};

/// What is said while heads cannot be kept elsewhere.
static UNKEPT: OnceAMinute = OnceAMinute::new();

/// Why a call about the ledger fails.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// There is no such proof.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The checkpoint cannot be signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A record is not what its leaf in the tree says.
    #[error("record {0} is not as it was written; run `standing ledger verify`")]
    Damaged(u64),
    /// A record is in an archive file that is missing or cannot be read.
    #[error(transparent)]
    Absent(#[from] Absent),
    /// There is no folder for archive files.
    #[error("this store is kept nowhere, so nothing can be archived")]
    NoFolder,
    /// An archive file cannot be read or written.
    #[error("cannot use the archive `{}`: {cause}; nothing was taken out of the ledger", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// An archive file that was just written, or was there already, does not verify.
    #[error("the archive `{}` does not verify: {cause}; nothing was taken out of the ledger, move the file away", path.display())]
    Unverified {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
}

impl Coded for LedgerError {
    fn code(&self) -> &'static str {
        match self {
            Self::Proof(ProofError::Zero(_)) => "invalid_number",
            Self::Proof(ProofError::NotIn { .. }) => "record_not_in_tree",
            Self::Proof(ProofError::Beyond { .. }) => "size_beyond_ledger",
            Self::Proof(ProofError::Backwards { .. }) => "sizes_backwards",
            Self::Checkpoint(_) => "checkpoint_unsigned",
            Self::Damaged(_) => "ledger_damaged",
            Self::Absent(_) | Self::NoFolder | Self::Archive { .. } | Self::Unverified { .. } => "archive_unusable",
        }
    }
}

/// The signed head of the ledger's tree.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedCheckpoint {
    /// Whose ledger it is.
    pub origin: String,
    /// How many records it has.
    pub size: u64,
    /// The root of the tree over them, in base64.
    pub root_hash: String,
    /// The public key it is signed with, as `ledger.pub` holds it.
    pub key: String,
    /// The checkpoint itself: a signed note of C2SP.
    pub note: String,
}

/// The proof that a record is in the ledger.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InclusionProof {
    /// The record.
    pub seq: u64,
    /// The size of the tree it is proved in.
    pub size: u64,
    /// The hash of its leaf, in base64.
    pub leaf_hash: String,
    /// The root of the tree, in base64.
    pub root_hash: String,
    /// The audit path of RFC 9162 §2.1.3, leaf first, in base64.
    pub proof: Vec<String>,
}

/// The proof that the ledger has only grown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsistencyProof {
    /// The smaller size.
    pub from: u64,
    /// The larger size.
    pub to: u64,
    /// The root at the smaller size, in base64.
    pub from_root_hash: String,
    /// The root at the larger size, in base64.
    pub to_root_hash: String,
    /// The proof of RFC 9162 §2.1.4, in base64.
    pub proof: Vec<String>,
}

/// A record with the hash of its leaf.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Its bytes.
    pub record: Vec<u8>,
    /// The hash of its leaf, in base64.
    pub hash: String,
    /// The archive file it was read from, when it was.
    pub archive: Option<String>,
}

pub(crate) fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(hash_text).collect()
}

/// The size that was asked for, if the ledger is that large.
fn up_to(asked: Option<u64>, size: u64) -> Result<u64, LedgerError> {
    match asked {
        Some(asked) if asked > size => Err(ProofError::Beyond { asked, size }.into()),
        asked => Ok(asked.unwrap_or(size)),
    }
}

/// The key the ledger's checkpoints are signed with.
#[must_use]
pub fn ledger_key(pdp: &Pdp) -> &LedgerKey {
    &pdp.keys.ledger
}

fn signed(pdp: &Pdp) -> Result<SignedCheckpoint, CallError<LedgerError>> {
    let view = pdp.store.ledger()?;
    let peaks = view.peaks(view.size()?)?;
    Ok(SignedCheckpoint {
        origin: pdp.keys.ledger.public().origin().to_owned(),
        size: peaks.size(),
        root_hash: hash_text(&peaks.root()),
        key: pdp.keys.ledger.public().text().to_owned(),
        note: pdp.keys.ledger.sign(peaks.size(), peaks.root()).map_err(LedgerError::from)?,
    })
}

/// Signs the ledger as it is and keeps the checkpoint, so that a later verification holds it against what is there.
///
/// # Errors
/// [`LedgerError`]; then none is kept.
pub async fn keep_checkpoint(pdp: &Pdp) -> Result<(), CallError<LedgerError>> {
    let signed = signed(pdp)?;
    if signed.size > 0 {
        let head = Signed { size: signed.size, note: signed.note.clone() };
        pdp.store.append_with(Vec::new(), Some(head)).await?;
        keep_head(pdp, signed.size, &signed.note);
        pdp.metrics.signed(pdp.now());
    }
    Ok(())
}

/// The signed head of the ledger, which is kept with the record of this call; that record is not among the signed ones.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not read the ledger.
pub async fn checkpoint(pdp: &Pdp, call: &Call) -> Result<Response<SignedCheckpoint>, CallError<LedgerError>> {
    let head = |response: &SignedCheckpoint| Some(Signed { size: response.size, note: response.note.clone() });
    read_signed(pdp, call, || signed(pdp), head).await
}

/// Answers a call about the ledger, and stores the signed head it returns; an empty ledger has none.
async fn read_signed<T>(
    pdp: &Pdp,
    call: &Call,
    look: impl FnOnce() -> Result<T, CallError<LedgerError>>,
    head: impl Fn(&T) -> Option<Signed>,
) -> Result<Response<T>, CallError<LedgerError>> {
    let head = |response: &T| head(response).filter(|head| head.size > 0);
    let (rules, target) = (pdp.rules(), CallTarget::Installation);
    let response = call::read_keeping(pdp, &rules, call, "readDecisions", &target, |_, _| look(), head).await?;
    if let Some(head) = head(&response.value) {
        keep_head(pdp, head.size, &head.note);
        pdp.metrics.signed(pdp.now());
    }
    Ok(response)
}

/// Stores a signed head elsewhere, where the settings say so.
fn keep_head(pdp: &Pdp, size: u64, note: &str) {
    let Some(heads) = &pdp.settings.heads else { return };
    if let Err(error) = heads.keep(pdp.keys.ledger.public().origin(), size, note)
        && let Some(earlier) = UNKEPT.due()
    {
        tracing::error!(%error, earlier, "a signed head of the ledger was not kept elsewhere; said once a minute");
    }
}

/// The proof that a record is among the first `size`; among all when nothing is said.
///
/// # Errors
/// [`LedgerError::Proof`] for numbers that are not there; [`CallError::Denied`] when the caller may not read the
/// ledger.
pub async fn inclusion_proof(
    pdp: &Pdp,
    call: &Call,
    seq: u64,
    size: Option<u64>,
) -> Result<Response<InclusionProof>, CallError<LedgerError>> {
    call::read(pdp, call, "readDecisions", &CallTarget::Installation, |_, _| {
        let view = pdp.store.ledger()?;
        let size = up_to(size, view.size()?)?;
        let proof = inclusion(seq, size, |node| view.full_node(node))?.map_err(LedgerError::from)?;
        let leaf = view.full_node(leaf_node(seq - 1))?;
        let root = view.peaks(size)?.root();
        Ok(InclusionProof { seq, size, leaf_hash: hash_text(&leaf), root_hash: hash_text(&root), proof: texts(&proof) })
    })
    .await
}

/// The proof that the first `from` records are the beginning of the first `to`; of all when nothing is said.
///
/// # Errors
/// [`LedgerError::Proof`] for sizes that are not there; [`CallError::Denied`] when the caller may not read the ledger.
pub async fn consistency_proof(
    pdp: &Pdp,
    call: &Call,
    from: u64,
    to: Option<u64>,
) -> Result<Response<ConsistencyProof>, CallError<LedgerError>> {
    call::read(pdp, call, "readDecisions", &CallTarget::Installation, |_, _| {
        let view = pdp.store.ledger()?;
        let to = up_to(to, view.size()?)?;
        let proof = consistency(from, to, |node| view.full_node(node))?.map_err(LedgerError::from)?;
        let (from_root, to_root) = (view.peaks(from)?.root(), view.peaks(to)?.root());
        Ok(ConsistencyProof {
            from,
            to,
            from_root_hash: hash_text(&from_root),
            to_root_hash: hash_text(&to_root),
            proof: texts(&proof),
        })
    })
    .await
}

/// A record of the ledger, from its archive file when it is there.
///
/// # Errors
/// [`LedgerError::Damaged`] for one that is not what its leaf says; [`CallError::Denied`] for whoever may not read
/// the ledger.
pub async fn decision(pdp: &Pdp, call: &Call, seq: Seq) -> Result<Response<Option<Kept>>, CallError<LedgerError>> {
    call::read(pdp, call, "readDecisions", &CallTarget::Installation, |_, _| kept(pdp, &pdp.store.ledger()?, seq)).await
}

/// How many records there are.
///
/// # Errors
/// [`StoreError`] when the ledger cannot be read.
pub fn records_kept(pdp: &Pdp) -> Result<u64, StoreError> {
    pdp.store.ledger()?.size()
}

/// A record from wherever it is, when it is what its leaf says.
pub(crate) fn kept(pdp: &Pdp, view: &LedgerView, seq: Seq) -> Result<Option<Kept>, CallError<LedgerError>> {
    if seq.0 == 0 || seq.0 > view.size()? {
        return Ok(None);
    }
    let leaf = view.full_node(leaf_node(seq.0 - 1))?;
    let (record, archive) = match view.record(seq.0)? {
        Some(record) => (record, None),
        None => {
            let mut archive = Archive::of(pdp.settings.folder.as_deref(), view)?;
            (archive.record(seq.0).map_err(LedgerError::from)?, archive.name_of(seq.0))
        }
    };
    if leaf_hash(&record) != leaf {
        return Err(LedgerError::Damaged(seq.0).into());
    }
    Ok(Some(Kept { record, hash: hash_text(&leaf), archive }))
}

/// A walk along the whole ledger, the journal and the tables, as they are now.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not read the ledger.
pub async fn verify_ledger(pdp: &Pdp, call: &Call) -> Result<Response<LedgerWalk>, CallError<LedgerError>> {
    call::read(pdp, call, "readDecisions", &CallTarget::Installation, |_, _| {
        let keys = checkpoints::keys_of(pdp);
        let (view, journal) = pdp.store.ledger_and_journal()?;
        let archive = Archive::of(pdp.settings.folder.as_deref(), &view)?;
        Ok(LedgerWalk::of(view, journal, archive, keys)?)
    })
    .await
}

/// The whole ledger in lines, as it is now, without what is masked, with a signed checkpoint at its end.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not read the ledger.
pub async fn export_ledger(
    pdp: &Pdp,
    call: &Call,
    mask: Mask,
) -> Result<Response<LedgerExport>, CallError<LedgerError>> {
    call::read(pdp, call, "readDecisions", &CallTarget::Installation, |_, _| {
        let view = pdp.store.ledger()?;
        let size = view.size()?;
        let archive = Archive::of(pdp.settings.folder.as_deref(), &view)?;
        LedgerExport::of(view, archive, &pdp.keys.ledger, mask, 1, size)
    })
    .await
}
