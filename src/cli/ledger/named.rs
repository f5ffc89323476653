//! What is said of a file that cannot be used, and reading the key a ledger is verified with.

use std::path::Path;

use crate::audit::VerifierKey;
use crate::cli::ended::Failure;

pub(super) fn named(path: &Path) -> impl Fn(std::io::Error) -> Failure + '_ {
    move |error| Failure::failed(format!("cannot use `{}`: {error}", path.display()))
}

/// Reads a public key.
pub(super) fn key(file: &Path) -> Result<VerifierKey, Failure> {
    let text = std::fs::read_to_string(file).map_err(named(file))?;
    VerifierKey::parse(&text).map_err(|error| Failure::failed(format!("`{}`: {error}", file.display())))
}
