//! Listing, rotating and retiring the keys that relationship requests are signed with.

use std::sync::Arc;

use crate::domain::invitation::{LinkKeyId, LinkKeys};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Coded, Committed, Done, Response};
use crate::pdp::links::{Altering, LinkKeySummary, LinksError, summaries};
use crate::pdp::opening::{self, known_keys};
use crate::pdp::refused;
use crate::store::MetadataChanges;

impl Coded for LinksError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unusable { .. } | Self::Unreadable { .. } | Self::NoRandomness(_) => "link_keys_unusable",
            Self::Key(_) => "invalid_link_key",
        }
    }
}

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
    alter_link_keys(pdp, call, "rotateLinkKey", Altering::rotated).await
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
    alter_link_keys(pdp, &call, "retireLinkKey", |links| links.retired(id)).await
}

/// Alters the ring where its record is written; a ring whose record cannot be written is put back as it was.
///
/// What it becomes is known before, so that the change may be run again: putting the same keys twice is putting them
/// once. The ring stays held until nobody makes the change or waits for it any more.
async fn alter_link_keys(
    pdp: &Pdp,
    call: &Call,
    action: &'static str,
    alter: impl FnOnce(&Altering) -> Result<(LinkKeys, LinkKeyId), LinksError>,
) -> Result<Committed<Vec<LinkKeySummary>>, CallError<LinksError>> {
    // Whoever may not alter the ring holds nobody up who may.
    call::may(pdp, call, action).await?;
    let links = Arc::new(pdp.keys.links.altering().await);
    let before = links.keys();
    let (after, key) = match alter(&links) {
        Ok(altered) => altered,
        Err(error) => return refused::refuse(pdp, call, action, CallTarget::Installation, error).await,
    };
    let known = pdp.settings.folder.as_ref().map(|_| known_keys(opening::ledger_keys(pdp), &after));
    let held = Arc::clone(&links);
    let changed = call::change(pdp, call, action, CallTarget::Installation, move |_, _| {
        held.put(&after)?;
        let mut metadata = MetadataChanges::default();
        if let Some(known) = &known {
            metadata.put_known_keys(known)?;
        }
        let mut done = Done { has_acted: true, ..Done::metadata(metadata, summaries(&after)) };
        done.said.insert("key".to_owned(), key.to_string().into());
        Ok(done)
    })
    .await;
    // Only what was altered has to be put back.
    if matches!(changed, Err(CallError::Store(_))) && links.keys() != before {
        links.put(&before).map_err(CallError::Refused)?;
    }
    changed
}
