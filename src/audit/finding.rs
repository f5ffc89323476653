//! What a verification of the ledger finds.

use serde::{Deserialize, Serialize};

/// A record as it was found.
pub enum Place<'a> {
    /// Its bytes.
    Record(&'a [u8]),
    /// Bytes of which something is masked.
    Masked,
    /// Nothing, and where it should be, as far as that is known.
    Nothing(Option<String>),
    /// Something that cannot be read, and why.
    Unreadable(String),
}

/// What was done to the ledger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// The bytes of a record are not those that were written.
    Changed,
    /// A record is gone.
    Dropped,
    /// A record is there that was not written.
    Inserted,
    /// Two records stand in each other's place.
    Swapped,
    /// A record stands in the place of another.
    Moved,
    /// A leaf or a node of the tree is not what it was.
    Tree,
    /// Bytes are as they were written and are no record, or cannot be read from the disk.
    Unreadable,
    /// An entry of the journal is not what its record names, is gone, or was never written.
    Journal,
    /// A fact, a token, a key or a set of rules is not what its entry in the journal was made for.
    Table,
    /// A checkpoint is not signed by the ledger's key, or says another root.
    Checkpoint,
}

/// Something that is not as it was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// What was done.
    pub fault: Fault,
    /// The first record it touches.
    pub seq: u64,
    /// The last one, when there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
    /// The same in a sentence.
    pub message: String,
}

/// The result of a verification.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Walked {
    /// Is everything as it was written?
    pub whole: bool,
    /// The first record that was walked past; what came before it is known by its hashes alone.
    pub first: u64,
    /// The last one, which is how many records there are.
    pub records: u64,
    /// How many of them were read from archive files.
    pub archived: u64,
    /// How many of them are masked, so that their hashes are taken as they stand.
    pub masked: u64,
    /// How many signed checkpoints agree.
    pub checkpoints: u64,
    /// The root of the tree over the records.
    pub root_hash: String,
    /// Everything that is not as it was written, the first record first.
    pub findings: Vec<Finding>,
    /// What is worth knowing and is no finding, such as a checkpoint that is older than what was walked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}
