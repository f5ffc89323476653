//! Digests that tell searches and their pages apart.

use sha2::{Digest as _, Sha256};

/// The first bytes of the SHA-256 of parts, each with its length.
pub(crate) fn digest<const BYTES: usize>(parts: &[&[u8]]) -> [u8; BYTES] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut first = [0; BYTES];
    first.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    first
}
