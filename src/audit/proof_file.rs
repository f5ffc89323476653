//! The proof of one record in a file: the record, its inclusion proof and the signed head of the ledger, a line each.
//!
//! - `{"seq": n, "hash": .., "record": {..}}`, as in an export: the exact bytes of the record, and the hash of its leaf
//! - `{"seq": n, "size": s, "proof": [..]}`: the audit path of RFC 9162 §2.1.3 from the leaf to the root, in base64
//! - `{"checkpoint": note}`: the signed head of the ledger of `s` records

use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, CheckpointError, VerifierKey};
use super::export_format::{ExportLine, LineError, RecordLine, read_line};
use super::mask::Mask;
use super::tree::{Hash, hash_text, leaf_hash, parse_hash, verify_inclusion};

/// A record with everything that proves that it is in a ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProofFile {
    /// Its place in the ledger.
    pub seq: u64,
    /// Its exact bytes.
    pub record: Vec<u8>,
    /// How many records the ledger had.
    pub size: u64,
    /// The audit path from its leaf to the root.
    pub proof: Vec<Hash>,
    /// The signed head of the ledger.
    pub checkpoint: String,
}

/// Why a file proves nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProofFileError {
    /// It has other lines than a proof has.
    #[error("it is not a proof: a proof is three lines, the record, its proof and a signed checkpoint")]
    NotAProof,
    /// A line cannot be read.
    #[error("line {line}: {cause}")]
    Line {
        /// Which, counted from 1.
        line: usize,
        /// What is wrong with it.
        cause: LineError,
    },
    /// The head of the ledger is not believed.
    #[error("the signed checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The head is that of another number of records than the proof is for.
    #[error("the proof is for a ledger of {proved} records, and the checkpoint was signed over {signed}")]
    OtherSize {
        /// The size the proof is for.
        proved: u64,
        /// The size that was signed.
        signed: u64,
    },
    /// The bytes of the record are not those of its hash.
    #[error("record {0} was changed: its bytes do not have the hash that stands beside them")]
    Changed(u64),
    /// The proof leads to another root.
    #[error("record {seq} is not in the ledger that was signed over {size} records, or not in that place")]
    NotIn {
        /// The record.
        seq: u64,
        /// The size that was signed.
        size: u64,
    },
}

/// The line of the proof.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PathLine {
    seq: u64,
    size: u64,
    proof: Vec<String>,
}

impl ProofFile {
    /// The file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let record = RecordLine::write(self.seq, &leaf_hash(&self.record), &self.record, &Mask::default());
        let path = serde_json::json!({
            "seq": self.seq,
            "size": self.size,
            "proof": self.proof.iter().map(hash_text).collect::<Vec<_>>(),
        });
        format!("{record}\n{path}\n{}\n", serde_json::json!({ "checkpoint": self.checkpoint }))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ProofFileError`] for what is none, or whose record is not the one of its hash.
    pub fn parse(text: &str) -> Result<Self, ProofFileError> {
        let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
        let [record, path, checkpoint] = lines.as_slice() else { return Err(ProofFileError::NotAProof) };
        let wrong = |line: usize| move |cause: LineError| ProofFileError::Line { line, cause };
        let ExportLine::Record(record) = read_line(record).map_err(wrong(1))? else {
            return Err(ProofFileError::NotAProof);
        };
        let path: PathLine =
            serde_json::from_str(path).map_err(|error| wrong(2)(LineError::NotALine(error.to_string())))?;
        let ExportLine::Checkpoint(checkpoint) = read_line(checkpoint).map_err(wrong(3))? else {
            return Err(ProofFileError::NotAProof);
        };
        let proof: Option<Vec<Hash>> = path.proof.iter().map(|hash| parse_hash(hash)).collect();
        let proof = proof.ok_or_else(|| wrong(2)(LineError::Member("proof")))?;
        if !record.masked.is_empty() || record.seq != path.seq {
            return Err(ProofFileError::NotAProof);
        }
        if leaf_hash(&record.record) != record.hash {
            return Err(ProofFileError::Changed(record.seq));
        }
        Ok(Self { seq: record.seq, record: record.record, size: path.size, proof, checkpoint })
    }

    /// Is the record in the ledger whose head the key signed? Says which ledger that is.
    ///
    /// # Errors
    /// [`ProofFileError`] when it is not shown to be.
    pub fn verify(&self, key: &VerifierKey) -> Result<Checkpoint, ProofFileError> {
        let Self { seq, size, .. } = *self;
        let head = key.open(&self.checkpoint)?;
        if head.size != size {
            return Err(ProofFileError::OtherSize { proved: size, signed: head.size });
        }
        if !verify_inclusion(&self.record, seq, size, &head.root, &self.proof) {
            return Err(ProofFileError::NotIn { seq, size });
        }
        Ok(head)
    }
}
