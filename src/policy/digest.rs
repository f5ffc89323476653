//! The identity of a set of rules.

use std::fmt;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::retired::RETIRED;
use super::source::RuleFiles;

/// The identity of a set of rules: the SHA-256 of its files, in hexadecimal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(Arc<str>);

impl Digest {
    /// The digest as it is written: 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digest of a set of files: each path and text, with its length, in the order of the paths.
    #[must_use]
    pub fn of(files: &RuleFiles) -> Self {
        let mut hash = Sha256::new();
        for (path, text) in files.iter().filter(|(path, _)| counts(path)) {
            for part in [path, text] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        Self(HEXLOWER.encode(&hash.finalize()).into())
    }
}

/// Is the file part of what the rules are? The pages beside them, which explain, are not.
fn counts(path: &str) -> bool {
    let is_rule = path.ends_with(".cedar") || path.ends_with(".cedarschema");
    is_rule || path.starts_with("policies/tables/") || path == RETIRED
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
