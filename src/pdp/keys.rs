//! The keys of a store, and why they are not used.

use std::path::PathBuf;
use std::sync::Arc;

use crate::audit::{LedgerKey, VerifierKey};
use crate::pdp::links::LinkRing;

/// Why the keys of a store are not used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A file is not there.
    #[error("`{}` is not there, and this store knows the key in it: {lost}; bring the file back from a backup, or start once with `--new-keys` to give it up", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What is lost with it.
        lost: &'static str,
    },
    /// A file holds another key.
    #[error("`{}` does not hold the key `{key}` that this store knows: {lost}; bring back the file that belongs to it, or start once with `--new-keys` to give it up", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// The name of the key.
        key: String,
        /// What is lost with it.
        lost: &'static str,
    },
    /// A file holds a key as one in use that was retired.
    #[error("`{}` holds the key `{key}` as one in use, and this store knows that it was retired; bring back the file as it was then", path.display())]
    Unretired {
        /// The file.
        path: PathBuf,
        /// The name of the key.
        key: String,
    },
}

/// The keys of a store.
pub(crate) struct Keys {
    pub(crate) links: Arc<LinkRing>,
    pub(crate) ledger: LedgerKey,
    /// The public keys that older checkpoints were signed with.
    pub(crate) former: Vec<VerifierKey>,
    /// The files whose keys were given up for new ones.
    pub(crate) replaced: Vec<&'static str>,
}
