//! The key of the ledger's checkpoints, in a file of the data directory, and its public half in another.

use std::io;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;

use crate::audit::{KeyError, LedgerKey};
use crate::files::{PUBLIC, SECRET, replace};

pub(crate) const PRIVATE_NAME: &str = "ledger.key";
pub(crate) const PUBLIC_NAME: &str = "ledger.pub";

/// Why the ledger's key cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum LedgerKeyError {
    /// The file cannot be read or written.
    #[error("cannot use the ledger's key `{}`: {cause}; check the data directory and its rights", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file does not hold a key.
    #[error("`{}` does not hold the ledger's key: {cause}; restore it from a backup, signed checkpoints depend on it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: KeyError,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}; no key was made")]
    NoRandomness(getrandom::Error),
}

/// A key of random bytes with a random origin, not stored.
pub(crate) fn make() -> Result<LedgerKey, LedgerKeyError> {
    let (mut seed, mut name) = ([0; 32], [0; 4]);
    getrandom::fill(&mut seed).map_err(LedgerKeyError::NoRandomness)?;
    getrandom::fill(&mut name).map_err(LedgerKeyError::NoRandomness)?;
    let origin = format!("standing/{}", HEXLOWER.encode(&name));
    let path = PathBuf::from(PRIVATE_NAME);
    LedgerKey::of_seed(&seed, &origin).map_err(|cause| LedgerKeyError::Unreadable { path, cause })
}

/// Reads the key of a data directory, or makes it; an unreadable one is never replaced.
pub(crate) fn open(data: &Path) -> Result<LedgerKey, LedgerKeyError> {
    let path = data.join(PRIVATE_NAME);
    let key = match std::fs::read_to_string(&path) {
        Ok(text) => {
            LedgerKey::parse(&text).map_err(|cause| LedgerKeyError::Unreadable { path: path.clone(), cause })?
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = make()?;
            write(&path, SECRET, key.text())?;
            key
        }
        Err(cause) => return Err(LedgerKeyError::Unusable { path, cause }),
    };
    let metadata = data.join(PUBLIC_NAME);
    let is_there = std::fs::read_to_string(&metadata).is_ok_and(|text| text.trim() == key.public().text());
    if !is_there {
        write(&metadata, PUBLIC, key.public().text())?;
    }
    Ok(key)
}

fn write(path: &Path, mode: u32, text: &str) -> Result<(), LedgerKeyError> {
    let written = replace(path, mode, format!("{text}\n").as_bytes());
    written.map_err(|cause| LedgerKeyError::Unusable { path: path.to_owned(), cause })
}
