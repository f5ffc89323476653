//! The proof of one record, whole, for whoever has nothing but a public key.

use crate::audit::{ProofFile, inclusion};
use crate::evidence::ledger::LedgerError;
use crate::id::Seq;
use crate::pdp::Pdp;
use crate::pdp::call::{About, Call, CallError, Told};

impl Pdp {
    /// A record with the proof that it is in the ledger as it is now, and the signed head of that, which is kept too;
    /// nothing when there is no such record.
    ///
    /// # Errors
    /// [`LedgerError`] for a record that cannot be read; [`CallError::Denied`] for whoever may not read the ledger.
    pub async fn prove_decision(
        &self,
        call: &Call,
        seq: Seq,
    ) -> Result<Told<Option<ProofFile>>, CallError<LedgerError>> {
        let proved = self
            .tell(call, "readDecisions", &About::Installation, |_, _| {
                let view = self.store.ledger()?;
                let Some(kept) = self.kept(&view, seq)? else { return Ok(None) };
                let size = view.size()?;
                let proof = inclusion(seq.0, size, |node| view.full_node(node))??;
                let checkpoint = self.ledger_key.sign(size, view.peaks(size)?.root())?;
                Ok(Some(ProofFile { seq: seq.0, record: kept.record, size, proof, checkpoint }))
            })
            .await?;
        if let Some(proof) = &proved.value {
            let kept = self.store.keep_checkpoint(proof.size, proof.checkpoint.clone()).await;
            kept.map_err(CallError::Unavailable)?;
            self.keep_head(proof.size, &proof.checkpoint);
        }
        Ok(proved)
    }
}
