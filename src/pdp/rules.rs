//! The rules that are and were in force.

use std::sync::{Arc, PoisonError};

use super::Pdp;
use crate::policy::{Bundle, RuleFiles, Rulebook};
use crate::store::{Store, StoreError};

/// The rules that were last in force over the store in a data directory, if it is there and any were.
///
/// # Errors
/// [`StoreError`] when the store cannot be opened or its rules do not load any more.
pub fn last_in_force(store: &Store) -> Result<Option<Bundle>, StoreError> {
    let Some(newest) = store.rules_history()?.pop() else { return Ok(None) };
    let Some(files) = store.kept_rules(&newest.digest)? else { return Ok(None) };
    loaded(&newest.digest, files).map(Some)
}

fn loaded(digest: &str, files: Vec<(String, String)>) -> Result<Bundle, StoreError> {
    let files: RuleFiles = files.into_iter().collect();
    Bundle::load(files, Rulebook::Domain)
        .map_err(|error| StoreError::Unreadable(format!("the rules `{digest}` were kept and do not load: {error}")))
}

impl Pdp {
    /// Keeps the rules in force by their digest, with who put them in force and when, so that what they decided can be
    /// decided again.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be kept; then they must not decide.
    pub async fn keep_rules(&self, by: &str) -> Result<(), StoreError> {
        let rules = self.rules();
        let files: Vec<(String, String)> =
            rules.files().iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
        let at = self.store.now();
        self.store.keep_rules(rules.digest().as_str().to_owned(), files, by.to_owned(), at).await
    }

    /// The rules with a digest, if they are or were in force.
    pub(super) fn rules_of(&self, digest: &str) -> Result<Option<Arc<Bundle>>, StoreError> {
        let current = self.rules();
        if current.digest().as_str() == digest {
            return Ok(Some(current));
        }
        if let Some(known) = self.past.read().unwrap_or_else(PoisonError::into_inner).get(digest) {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(files) = self.store.kept_rules(digest)? else { return Ok(None) };
        let bundle = Arc::new(loaded(digest, files)?);
        self.past.write().unwrap_or_else(PoisonError::into_inner).insert(digest.to_owned(), Arc::clone(&bundle));
        Ok(Some(bundle))
    }
}
