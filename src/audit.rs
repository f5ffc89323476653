//! What is remembered of every decision, and why it can be believed.

mod checkpoint;
mod finding;
mod mask;
mod line;
mod outside;
mod proof_file;
mod record;
mod recorded;
mod tree;
mod walk;

pub use checkpoint::{Checkpoint, CheckpointError, KeyError, LedgerKey, VerifierKey};
pub use finding::{Fault, Finding, Walked};
pub use line::{ExportLine, Header, LineError, MissingLine, RecordLine, read_line};
pub use mask::{Mask, Masked};
pub use outside::{OutsideError, verify_lines};
pub use proof_file::{ProofFile, ProofFileError};
pub use record::{Asked, Became, Claimed, ENGINE, Record, RecordError, Results, SALT_BYTES, Sought};
pub use recorded::{Field, Recorded, Term};
pub use tree::{
    Hash, Peaks, ProofError, children, consistency, hash_text, inclusion, leaf_hash, leaf_node, leaves_up_to,
    node_hash, nodes_to_come, parse_hash, verify_consistency, verify_inclusion,
};
pub use walk::{Place, Walk};
