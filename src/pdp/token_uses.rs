//! When access tokens were last used: written at most every few minutes, so that asking writes nothing more than its
//! record.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;

use crate::clock::Timestamp;
use crate::id::TokenId;
use crate::limits::{KNOWN_TOKENS_MAX, TOKEN_USE_WRITTEN_SECONDS};

/// When the use of each token was last written by this process.
#[derive(Default)]
pub(crate) struct TokenUses(Mutex<BTreeMap<TokenId, Timestamp>>);

impl TokenUses {
    /// Is the use of a token to be written again?
    pub(crate) fn is_due(&self, id: &TokenId, now: Timestamp) -> bool {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = SignedDuration::from_secs(TOKEN_USE_WRITTEN_SECONDS);
        if written.get(id).is_some_and(|at| now.duration_since(*at) < lately) {
            return false;
        }
        if written.len() >= KNOWN_TOKENS_MAX {
            written.clear();
        }
        written.insert(id.clone(), now);
        true
    }
}
