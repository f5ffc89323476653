//! Listing, rotating and retiring the keys that relationship requests are signed with.

use std::sync::{Arc, OnceLock};

use crate::domain::invitation::LinkKeyId;
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Committed, Done, Response};
use crate::pdp::links::{LinkKeySummary, LinkRing, LinksError};
use crate::pdp::opening::{self, known_keys};
use crate::store::MetadataChanges;

/// The keys that links are signed with, newest first; the first one signs.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not manage them.
pub async fn link_keys(pdp: &Pdp, call: &Call) -> Result<Response<Vec<LinkKeySummary>>, CallError<LinksError>> {
    call::read(pdp, call, "listLinkKeys", &CallTarget::Installation, |_, _| Ok(pdp.keys.links.summaries())).await
}

/// Signs links with a new key from now on; links already sent still verify.
///
/// # Errors
/// [`LinksError`]; [`CallError::Denied`] when the caller may not rotate keys.
pub async fn rotate_link_key(pdp: &Pdp, call: &Call) -> Result<Committed<Vec<LinkKeySummary>>, CallError<LinksError>> {
    alter_link_keys(pdp, call, "rotateLinkKey", LinkRing::rotate).await
}

/// Refuses the links signed with a key from now on.
///
/// # Errors
/// [`LinksError`]; [`CallError::Denied`] when the caller may not retire keys.
pub async fn retire_link_key(
    pdp: &Pdp,
    call: &Call,
    id: LinkKeyId,
) -> Result<Committed<Vec<LinkKeySummary>>, CallError<LinksError>> {
    let mut call = call.clone();
    call.said.insert("key".to_owned(), id.to_string().into());
    alter_link_keys(pdp, &call, "retireLinkKey", move |links| links.retire(id).map(|()| id)).await
}

/// Alters the ring where its record is written; a ring whose record cannot be written is put back as it was.
async fn alter_link_keys(
    pdp: &Pdp,
    call: &Call,
    action: &'static str,
    alter: impl FnOnce(&LinkRing) -> Result<LinkKeyId, LinksError> + Send + 'static,
) -> Result<Committed<Vec<LinkKeySummary>>, CallError<LinksError>> {
    let before = Arc::new(OnceLock::new());
    let (links, kept) = (Arc::clone(&pdp.keys.links), Arc::clone(&before));
    let ledger_keys = pdp.settings.folder.as_ref().map(|_| opening::ledger_keys(pdp));
    let changed = call::change(pdp, call, action, CallTarget::Installation, move |_, _| {
        let was = links.keys();
        let key = alter(&links)?;
        // Only what was altered has to be put back.
        let _ = kept.set(was);
        let mut metadata = MetadataChanges::default();
        if let Some(ledger) = ledger_keys {
            metadata.put_known_keys(&known_keys(ledger, &links.keys()))?;
        }
        let mut done = Done { has_acted: true, ..Done::metadata(metadata, links.summaries()) };
        done.said.insert("key".to_owned(), key.to_string().into());
        Ok(done)
    })
    .await;
    if let (Err(CallError::Store(_)), Some(was)) = (&changed, before.get()) {
        pdp.keys
            .links
            .alter(|keys, _| {
                keys.clone_from(was);
                Ok(())
            })
            .map_err(CallError::Refused)?;
    }
    changed
}
