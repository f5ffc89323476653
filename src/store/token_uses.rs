//! When each access token was last used: rows beside the journal, because they open nothing.

use std::collections::BTreeMap;

use super::StoreError;
use super::ledger::guarded;
use super::log::Written;
use super::redb_file::Store;
use super::tables::METADATA;
use super::view::{decode, encode};
use crate::clock::Timestamp;
use crate::id::TokenId;

const BEGIN: &[u8] = b"z";
const END: &[u8] = b"{";

impl Store {
    /// Has written when a token was used, without waiting for it.
    ///
    /// # Errors
    /// [`StoreError`] when nothing can be written now.
    pub fn note_token_use(&self, id: &TokenId, at: Timestamp) -> Result<(), StoreError> {
        let (key, row) = ([BEGIN, id.as_str().as_bytes()].concat(), encode(&at)?);
        self.queue().post(move |batch| {
            batch.metadata_table.insert(key.as_slice(), row.as_slice())?;
            Ok(Ok(Written { value: (), revision: batch.revision, seqs: Vec::new() }))
        })
    }

    /// When each token was last used, as far as that was written.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn token_uses(&self) -> Result<BTreeMap<TokenId, Timestamp>, StoreError> {
        let metadata_table = self.read()?.open_table(METADATA)?;
        guarded(|| {
            let mut uses = BTreeMap::new();
            for found in metadata_table.range::<&[u8]>(BEGIN..END)? {
                let (key, row) = found?;
                let id = key.value().strip_prefix(BEGIN).and_then(|id| std::str::from_utf8(id).ok()?.parse().ok());
                // What names no token says nothing about one.
                if let Some(id) = id {
                    uses.insert(id, decode(row.value())?);
                }
            }
            Ok(uses)
        })
    }
}
