//! The access tokens that calls came with lately, as they are written, so that the next call with one reads nothing.
//!
//! Every change of a token is an entry of the journal, and the newest number of the journal is announced before
//! whoever made the change is answered. So what was read stands as long as that number does, and a token that is
//! revoked opens nothing from the next call on. The secret and the end of a token are looked at by each call.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use crate::limits::KNOWN_TOKENS_MAX;
use crate::store::{Store, Token};

/// Tokens as they are written, each of which opened something.
pub(crate) struct KnownTokens {
    newest: watch::Receiver<u64>,
    read: RwLock<Read>,
}

/// What was read while an entry was the newest of the journal.
#[derive(Default)]
struct Read {
    at: u64,
    tokens: BTreeMap<String, Arc<Token>>,
}

impl KnownTokens {
    /// None yet, of a store.
    pub(crate) fn of(store: &Store) -> Self {
        Self { newest: store.metadata_changed(), read: RwLock::default() }
    }

    /// The moment of the journal before a token is read.
    pub(crate) fn read_at(&self) -> ReadAt {
        ReadAt(*self.newest.borrow())
    }

    /// A token that is known, if nothing of the journal is newer. While nothing can be written none is: a caller is then
    /// told that, whatever token it comes with.
    pub(crate) fn get(&self, store: &Store, id: &str) -> Option<Arc<Token>> {
        let ReadAt(now) = self.read_at();
        let read = self.read.read().unwrap_or_else(PoisonError::into_inner);
        let stands = read.at == now && store.is_writable();
        read.tokens.get(id).filter(|_| stands).cloned()
    }

    /// Keeps a token that was read after this moment of the journal.
    pub(crate) fn keep(&self, ReadAt(read_at): ReadAt, token: Token) {
        let mut read = self.read.write().unwrap_or_else(PoisonError::into_inner);
        if read.at < read_at {
            *read = Read { at: read_at, tokens: BTreeMap::new() };
        }
        // Another thread may have read newer ones meanwhile.
        if read.at == read_at {
            if read.tokens.len() >= KNOWN_TOKENS_MAX {
                read.tokens.clear();
            }
            read.tokens.insert(token.id.to_string(), Arc::new(token));
        }
    }
}

/// A moment of the journal.
pub(crate) struct ReadAt(u64);
