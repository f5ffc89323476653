//! What persons are called, as their provider last told: rows beside the journal, because nothing opens by them. They
//! are in no fact, record or export, and can be overwritten.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::StoreError;
use super::redb_file::Store;
use crate::caller::Person;

const PERSON: &[u8] = b"n";

/// What a person is called.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct PersonNames {
    /// What people call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

fn key(of: &Person) -> Vec<u8> {
    let who = Sha256::digest(format!("{}\n{}", of.issuer, of.subject));
    [PERSON, who.as_slice()].concat()
}

impl Store {
    /// What a person is called, as it was last told.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn person_names(&self, of: &Person) -> Result<Option<PersonNames>, StoreError> {
        self.unjournaled(&key(of))
    }

    /// Writes what a person is called.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be written.
    pub async fn name_person(&self, of: &Person, names: &PersonNames) -> Result<(), StoreError> {
        self.put_unjournaled(key(of), names).await
    }
}
