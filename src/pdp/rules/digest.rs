//! Rules by their digest, or by a prefix of it that is unique here.

use crate::limits::{DIGEST_LENGTH, DIGEST_PREFIX_MIN};
use crate::pdp::Pdp;
use crate::pdp::call::{CallError, Coded};

/// A prefix that several digests share.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{short}` begins the digests of several sets of rules: {}; write more of the one you mean", .digests.join(", "))]
pub struct AmbiguousDigest {
    /// What was written.
    pub short: String,
    /// The matching digests; the first of them, where there are many.
    pub digests: Vec<String>,
}

/// How many digests are named where one was meant.
const NAMED: usize = 5;

/// The full digest with the prefix `written`; nothing where no rules here have one. A digest that is written
/// whole is taken as it is, whether there are such rules or not.
pub(crate) fn whole_digest<E>(pdp: &Pdp, written: &str) -> Result<Option<String>, CallError<E>>
where
    E: Coded + From<AmbiguousDigest>,
{
    if written.len() == DIGEST_LENGTH {
        return Ok(Some(written.to_owned()));
    }
    if written.len() < DIGEST_PREFIX_MIN {
        return Ok(None);
    }
    let mut found = pdp.store.digests_beginning(written, NAMED)?;
    // What decides may not be stored: a world of its own, or rules that were never in the history.
    for deciding in [pdp.rules().digest().to_string(), pdp.digest().to_string()] {
        if deciding.starts_with(written) && !found.contains(&deciding) {
            found.push(deciding);
        }
    }
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => Err(E::from(AmbiguousDigest { short: written.to_owned(), digests: found }).into()),
    }
}
