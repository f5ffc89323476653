//! One record with everything an auditor asks of it: its exact bytes, that it is the record that was written, and that it
//! is decided the same again.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::audit::{Record, hash_text, inclusion, verify_inclusion};
use crate::evidence::ledger::checkpoints::{keys_of, opened};
use crate::evidence::ledger::{InclusionProof, Kept, LedgerError, kept, texts};
use crate::evidence::replay::{Bench, By, ReplayError, Replayed};
use crate::id::Seq;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Coded, Response};
use crate::store::LedgerView;

/// A record and what can be shown of it.
pub struct RecordDetail {
    /// Its place in the ledger.
    pub seq: Seq,
    /// How many records there are.
    pub records: u64,
    /// Its exact bytes, the hash of its leaf, and where it was read from.
    pub kept: Kept,
    /// The SHA-256 of its exact bytes, in hexadecimal.
    pub sha256: String,
    /// What its bytes say; nothing where they are no record that this program reads.
    pub record: Option<Record>,
    /// The proof that it is in the ledger.
    pub proof: InclusionProof,
    /// Does the proof lead from its bytes to the root?
    pub is_proved: bool,
    /// Is that root the one that this service signed and kept? Nothing where no signed head reaches the record yet.
    pub signed: Option<bool>,
    /// What deciding it again comes to.
    pub replayed: Replayed,
}

/// Why a record cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum DetailError {
    /// It cannot be read.
    #[error(transparent)]
    Ledger(LedgerError),
    /// It cannot be decided by these rules.
    #[error(transparent)]
    Replay(ReplayError),
}

impl Coded for DetailError {
    fn code(&self) -> &'static str {
        match self {
            Self::Ledger(error) => error.code(),
            Self::Replay(error) => error.code(),
        }
    }
}

/// A record with its proof, decided again; nothing when it is not in the ledger.
///
/// # Errors
/// [`DetailError`]; [`CallError::Denied`] when the caller may not read the ledger.
pub async fn record_detail(
    pdp: &Pdp,
    call: &Call,
    seq: Seq,
    by: By,
) -> Result<Response<Option<RecordDetail>>, CallError<DetailError>> {
    call::read(pdp, call, "readDecisions", &CallTarget::Installation, |_, _| {
        let view = pdp.store.ledger()?;
        let kept = kept(pdp, &view, seq).map_err(|error| error.map(DetailError::Ledger))?;
        let Some(kept) = kept else { return Ok(None) };
        let (proof, is_proved, signed) =
            proved(pdp, &view, seq, &kept).map_err(|error| error.map(DetailError::Ledger))?;
        let bench = Bench::of(pdp, by).map_err(|error| error.map(DetailError::Replay))?;
        Ok(Some(RecordDetail {
            seq,
            records: view.size()?,
            sha256: HEXLOWER.encode(&Sha256::digest(&kept.record)),
            record: Record::from_bytes(&kept.record).ok(),
            proof,
            is_proved,
            signed,
            replayed: bench.replay(pdp, seq, Ok(kept.record.clone()))?,
            kept,
        }))
    })
    .await
}

/// The proof of a record in the newest signed head that reaches it, or else in the ledger as it is now.
fn proved(
    pdp: &Pdp,
    view: &LedgerView,
    seq: Seq,
    kept: &Kept,
) -> Result<(InclusionProof, bool, Option<bool>), CallError<LedgerError>> {
    let keys = keys_of(pdp);
    let heads = view.checkpoints()?.into_iter().rev().filter(|(size, _)| *size >= seq.0);
    let signed = heads.into_iter().find_map(|(_, note)| opened(&keys, &note).ok());
    let size = signed.as_ref().map_or(view.size()?, |signed| signed.size);
    let root = view.peaks(size)?.root();
    let proof = inclusion(seq.0, size, |node| view.full_node(node))?.map_err(LedgerError::from)?;
    let signed = signed.map(|signed| signed.root == root);
    let is_proved = verify_inclusion(&kept.record, seq.0, size, &root, &proof);
    let (leaf_hash, root_hash) = (kept.hash.clone(), hash_text(&root));
    Ok((InclusionProof { seq: seq.0, size, leaf_hash, root_hash, proof: texts(&proof) }, is_proved, signed))
}
