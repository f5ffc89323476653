//! The record of every decision, and the proof that it is unchanged.

mod finding;
mod mask;
mod record;
mod tree;
mod term;
mod recorded;
mod writing;
mod checkpoint;
mod export_format;
mod proof_file;
mod verify;
mod verify_file;

pub use checkpoint::{Checkpoint, CheckpointError, KeyError, LedgerKey, VerifierKey};
pub use export_format::{ExportLine, Header, LineError, MissingLine, RecordLine, read_line};
pub use finding::{Fault, Finding, Place, Walked};
pub use mask::{Mask, Masked};
pub use proof_file::{ProofFile, ProofFileError};
pub use record::{CallOutcome, Claimed, ENGINE, Record, RecordError, RecordKind, Results, SALT_BYTES, SearchKind};
pub(crate) use recorded::IndexEntry;
pub use recorded::{Indexed, Recorded};
pub use term::{Field, Fingerprint, Term};
pub use tree::{
    Hash, Node, Peaks, ProofError, children, consistency, hash_text, inclusion, leaf_hash, leaf_node, leaves,
    leaves_up_to, node_hash, nodes_to_come, parse_hash, verify_consistency, verify_inclusion,
};
pub use verify::Walk;
pub use verify::frames::FrameRoots;
pub use verify_file::{VerifyFileError, verify_lines};
pub use writing::PlainRecord;
