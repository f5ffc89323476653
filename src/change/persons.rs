//! What persons are called: told by their provider each time they sign in, kept apart from everything that is decided
//! or recorded, and shown to themselves.

use crate::caller::Person;
use crate::pdp::Pdp;
use crate::store::StoreError;

pub use crate::store::PersonNames;

/// Keeps what a person's provider says that they are called, in place of what it said before.
///
/// # Errors
/// [`StoreError`] when it cannot be read or written.
pub async fn name_person(pdp: &Pdp, person: &Person, names: &PersonNames) -> Result<(), StoreError> {
    if pdp.store.person_names(person)?.as_ref() == Some(names) {
        return Ok(());
    }
    pdp.store.name_person(person, names).await
}

/// What a person is called, as far as a provider told.
///
/// # Errors
/// [`StoreError`] when it cannot be read.
pub fn called(pdp: &Pdp, person: &Person) -> Result<Option<String>, StoreError> {
    Ok(pdp.store.person_names(person)?.and_then(|names| names.name.or(names.email)))
}
