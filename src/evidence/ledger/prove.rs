//! The proof of one record, whole, for whoever has nothing but a public key.

use crate::audit::{ProofFile, inclusion};
use crate::evidence::ledger::{LedgerError, kept, read_signed};
use crate::id::Seq;
use crate::pdp::Pdp;
use crate::pdp::call::{Call, CallError, Response};
use crate::store::Signed;

/// A record with the proof that it is in the ledger as it is now, and the signed head of that, which is kept too;
/// nothing when there is no such record.
///
/// # Errors
/// [`LedgerError`] for a record that cannot be read; [`CallError::Denied`] when the caller may not read the ledger.
pub async fn prove_decision(
    pdp: &Pdp,
    call: &Call,
    seq: Seq,
) -> Result<Response<Option<ProofFile>>, CallError<LedgerError>> {
    let prove = || {
        let view = pdp.store.ledger()?;
        let Some(kept) = kept(pdp, &view, seq)? else { return Ok(None) };
        let size = view.size()?;
        let proof = inclusion(seq.0, size, |node| view.full_node(node))?.map_err(LedgerError::from)?;
        let checkpoint = pdp.keys.ledger.sign(size, view.peaks(size)?.root()).map_err(LedgerError::from)?;
        Ok(Some(ProofFile { seq: seq.0, record: kept.record, size, proof, checkpoint }))
    };
    let head = |proof: &ProofFile| Signed { size: proof.size, note: proof.checkpoint.clone() };
    read_signed(pdp, call, prove, |proved| proved.as_ref().map(head)).await
}
