//! What the ids of callers are called, for whoever reads them. Records and rows hold ids; a name is looked up when
//! something is shown.

use std::collections::BTreeMap;

use crate::id::SubscriptionId;
use crate::pdp::Pdp;
use crate::store::{Snapshot, Store, StoreError};

/// Names as they are at one moment, each looked up once.
pub struct Names<'a> {
    store: &'a Store,
    snapshot: Snapshot,
    known: BTreeMap<String, Option<String>>,
}

impl Names<'_> {
    /// What a caller is called, by how the journal, the history and records name callers: `reviewer:ID`, `partner:ID`.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be looked up.
    pub fn name(&mut self, caller: &str) -> Result<Option<String>, StoreError> {
        if let Some(known) = self.known.get(caller) {
            return Ok(known.clone());
        }
        let name = match caller.split_once(':') {
            Some(("partner", id)) => self.partner(id)?,
            Some(("customer", id)) => self.customer(id)?,
            Some((_, id)) => self.token(id)?,
            None => None,
        };
        self.known.insert(caller.to_owned(), name.clone());
        Ok(name)
    }

    /// What a subscription adds to, if anything.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be looked up.
    pub fn parent(&self, subscription: &SubscriptionId) -> Result<Option<SubscriptionId>, StoreError> {
        Ok(self.snapshot.view().subscription(subscription)?.and_then(|kept| kept.fact.parent))
    }

    fn partner(&self, id: &str) -> Result<Option<String>, StoreError> {
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(self.snapshot.view().partner(&id)?.map(|kept| kept.fact.name))
    }

    fn customer(&self, id: &str) -> Result<Option<String>, StoreError> {
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(self.snapshot.view().customer(&id)?.map(|kept| kept.fact.name))
    }

    fn token(&self, id: &str) -> Result<Option<String>, StoreError> {
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(self.store.token(&id)?.and_then(|token| token.name))
    }
}

/// The names of callers as they are now.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub fn names(pdp: &Pdp) -> Result<Names<'_>, StoreError> {
    Ok(Names { store: &pdp.store, snapshot: pdp.store.snapshot()?, known: BTreeMap::new() })
}
