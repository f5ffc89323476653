//! A checkpoint that somebody kept, held against the ledger as it is now.

use crate::audit::{CheckpointError, consistency, hash_text, verify_consistency};
use crate::evidence::ledger::checkpoints::{keys_of, opened};
use crate::evidence::ledger::{ConsistencyProof, LedgerError, texts};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Response};

/// What comes of holding a checkpoint against the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// The ledger has only grown since, and this proves it.
    Consistent(ConsistencyProof),
    /// Another history was signed: the records that it is over are not those that are here.
    Other {
        /// How many records it is over.
        size: u64,
        /// The root that was signed, in base64.
        signed: String,
        /// The root of the first records here, in base64.
        here: String,
    },
    /// It is over more records than there are.
    Beyond {
        /// How many records it is over.
        size: u64,
        /// How many there are.
        records: u64,
    },
    /// It is of another ledger.
    OtherLedger {
        /// The ledger it names.
        origin: String,
    },
    /// It names this ledger, and no key of it signed what it says.
    NotSigned,
    /// It is no signed checkpoint.
    NotACheckpoint,
}

/// Holds a checkpoint that was kept against the ledger as it is.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not read the ledger.
pub async fn compare_checkpoint(
    pdp: &Pdp,
    call: &Call,
    note: &str,
) -> Result<Response<Comparison>, CallError<LedgerError>> {
    call::read(pdp, call, "readDecisions", &CallTarget::Installation, |_, _| compared(pdp, note)).await
}

fn compared(pdp: &Pdp, note: &str) -> Result<Comparison, CallError<LedgerError>> {
    let checkpoint = match opened(&keys_of(pdp), note) {
        Ok(checkpoint) => checkpoint,
        Err(CheckpointError::NotSigned { .. }) => {
            let origin = note.lines().next().unwrap_or_default().to_owned();
            let is_own = keys_of(pdp).iter().any(|key| key.origin() == origin);
            return Ok(if is_own { Comparison::NotSigned } else { Comparison::OtherLedger { origin } });
        }
        Err(_) => return Ok(Comparison::NotACheckpoint),
    };
    let view = pdp.store.ledger()?;
    let (from, to) = (checkpoint.size, view.size()?);
    if from > to {
        return Ok(Comparison::Beyond { size: from, records: to });
    }
    let here = view.peaks(from)?.root();
    let (to_root, signed) = (view.peaks(to)?.root(), checkpoint.root);
    let other = Comparison::Other { size: from, signed: hash_text(&signed), here: hash_text(&here) };
    if signed != here {
        return Ok(other);
    }
    let proof = match from {
        // Every ledger begins with none.
        0 => Vec::new(),
        _ => consistency(from, to, |node| view.full_node(node))?.map_err(LedgerError::from)?,
    };
    let has_grown = from > 0 && from < to;
    if has_grown && !verify_consistency(from, &signed, to, &to_root, &proof) {
        return Ok(other);
    }
    Ok(Comparison::Consistent(ConsistencyProof {
        from,
        to,
        from_root_hash: hash_text(&signed),
        to_root_hash: hash_text(&to_root),
        proof: texts(&proof),
    }))
}
