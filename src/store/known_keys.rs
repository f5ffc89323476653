//! Which keys a store knows, so that it is noticed when one is gone: the secrets stand in files beside it.

use serde::{Deserialize, Serialize};

use super::view::{decode, encode};
use super::{Beside, Store, StoreError, Work};

/// The row they stand in.
const KEY: &[u8] = b"!keys";

/// The keys a store knows, by what is no secret of them.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KnownKeys {
    /// The public keys that the ledger's checkpoints were signed with, as `ledger.pub` holds them; the last one signs.
    pub ledger: Vec<String>,
    /// The names of the keys that links are signed with, newest first, without those that are retired.
    pub links: Vec<String>,
}

impl Store {
    /// The keys the store knows; nothing where they were never kept.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read.
    pub fn known_keys(&self) -> Result<Option<KnownKeys>, StoreError> {
        self.side()?.get(KEY)?.map(|found| decode(found.value())).transpose()
    }

    /// Was anything ever written by somebody who called?
    ///
    /// # Errors
    /// [`StoreError`] when the ledger cannot be read.
    pub fn has_lived(&self) -> Result<bool, StoreError> {
        Ok(self.revision().0 > 0 || self.records()? > 0)
    }

    /// Keeps the keys the store knows.
    ///
    /// # Errors
    /// [`StoreError`]; then it knows those of before.
    pub async fn keep_known_keys(&self, keys: &KnownKeys) -> Result<(), StoreError> {
        if self.known_keys()?.as_ref() == Some(keys) {
            return Ok(());
        }
        let mut beside = Beside::default();
        beside.rows.push((KEY.to_vec(), encode(keys)?));
        let by = String::new();
        let work = Work { change: None, by, records: Vec::new(), remember: None, beside, value: () };
        self.change(move |_| Ok(work)).await.map(drop)
    }
}
