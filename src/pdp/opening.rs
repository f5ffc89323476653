//! What is looked at before a store is opened, and what whoever starts a server may say by hand: that the clock is
//! right all the same, and that a missing key is to be replaced. Both are recorded.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audit::VerifierKey;
use crate::caller::Identity;
use crate::clock::{SharedClock, Timestamp};
use crate::config::pages::SessionSettings;
use crate::domain::invitation::LinkKeys;
use crate::files::{check_secret, check_writers};
use crate::pdp::archived::FOLDER_NAME;
use crate::pdp::call::{self, Call, CallError, CallTarget};
use crate::pdp::examiner::Examiner;
use crate::pdp::heads::{Against, BehindError, Heads, HoldError, give_up};
use crate::pdp::keys::{Keys, KeysError};
use crate::pdp::ledger_key::{self, PRIVATE_NAME, PUBLIC_NAME};
use crate::pdp::links::{FILE_NAME, LinkRing};
use crate::pdp::own::{self, Own};
use crate::pdp::{Pdp, PdpError, Terms};
use crate::policy::Bundle;
use crate::store::{KnownKeys, MetadataChanges, Store, StoreError, WriteContext};
use crate::trust::Trust;

/// What somebody says by hand who starts a server.
#[derive(Clone, Default, Debug)]
pub struct Opening {
    /// The clock is right, however far ahead of the store it is.
    pub accept_clock: bool,
    /// Keys that the store knows and that are not there are given up, and new ones are made.
    pub new_keys: bool,
    /// What was kept of a newer store is given up.
    pub accept_older: bool,
    /// The folder in which signed heads of the ledger are kept, away from the store.
    pub checkpoints_to: Option<PathBuf>,
    /// Each change is worked out twice, for tests ([`Store::each_change_twice`]).
    pub each_change_twice: bool,
}

/// The folder in a data directory in which a backup is verified before it is taken.
pub(crate) const RESTORING: &str = ".restoring";

const LOST_LEDGER: &str = "what was signed with it can be signed by nobody else";
const LOST_LINKS: &str = "links already sent work by no other";

/// Opens the store of a data directory that nobody else may write.
pub(crate) fn store(data: &Path, clock: &SharedClock, opening: &Opening) -> Result<Store, PdpError> {
    // A store that is begun beside what a restore left would take its keys for its own.
    if data.join(RESTORING).exists() && !Store::is_in(data) {
        return Err(PdpError::Restoring(data.to_owned()));
    }
    for path in [data.to_owned(), Store::file_in(data), data.join(FOLDER_NAME), data.join(PUBLIC_NAME)] {
        check_writers(&path)?;
    }
    for name in [PRIVATE_NAME, FILE_NAME] {
        check_secret(&data.join(name))?;
    }
    let store = Store::open_by(data, SharedClock::clone(clock), opening.accept_clock)?;
    Ok(if opening.each_change_twice { store.each_change_twice() } else { store })
}

/// Reads the keys of a store, or creates those of a store that has none yet.
fn keys(store: &Store, data: &Path, clock: &SharedClock, opening: &Opening) -> Result<Keys, PdpError> {
    let known = store.known_keys()?;
    // A store that was written before it kept what it knows had both files before it had a record.
    let has_lived = store.has_lived()?;
    let knows_ledger = known.as_ref().map_or(has_lived, |known| !known.ledger.is_empty());
    let knows_links = known.as_ref().map_or(has_lived, |known| !known.links.is_empty());
    let KnownKeys { ledger: known_ledger, links: known_links, retired } = known.unwrap_or_default();
    let mut replaced = Vec::new();
    for (name, is_known, lost) in [(PRIVATE_NAME, knows_ledger, LOST_LEDGER), (FILE_NAME, knows_links, LOST_LINKS)] {
        let path = data.join(name);
        if is_known && !path.exists() {
            if !opening.new_keys {
                return Err(KeysError::Missing { path, lost }.into());
            }
            replaced.push(name);
        }
    }
    let public = public_key_in(data);
    let (links, ledger) = (Arc::new(LinkRing::open(data, clock)?), ledger_key::open(data)?);
    if let Some(key) =
        links.keys().list().find(|key| key.retired().is_none() && retired.contains(&key.id().to_string()))
    {
        return Err(KeysError::Unretired { path: data.join(FILE_NAME), key: key.id().to_string() }.into());
    }
    let ids: Vec<String> = links.keys().list().map(|key| key.id().to_string()).collect();
    let other_ledger = known_ledger.last().filter(|last| *last != ledger.public().text()).map(|last| origin(last));
    let other_links = known_links.into_iter().find(|known| !ids.contains(known));
    for (name, other, lost) in [(PRIVATE_NAME, other_ledger, LOST_LEDGER), (FILE_NAME, other_links, LOST_LINKS)] {
        let Some(key) = other.filter(|_| !replaced.contains(&name)) else { continue };
        if !opening.new_keys {
            return Err(KeysError::Other { path: data.join(name), key, lost }.into());
        }
        replaced.push(name);
    }
    let mut former: Vec<VerifierKey> =
        known_ledger.iter().chain(&public).filter_map(|key| VerifierKey::parse(key).ok()).collect();
    former.retain(|key| key.text() != ledger.public().text());
    former.dedup_by(|a, b| a.text() == b.text());
    Ok(Keys { links, ledger, former, replaced })
}

/// What the store is to know of the keys.
pub(crate) fn known_keys(ledger: Vec<String>, links: &LinkKeys) -> KnownKeys {
    let named = |is_retired: bool| {
        let keys = links.list().filter(move |key| key.retired().is_some() == is_retired);
        keys.map(|key| key.id().to_string()).collect()
    };
    KnownKeys { ledger, links: named(false), retired: named(true) }
}

/// The public key in the data directory, whose private half may be missing.
pub(crate) fn public_key_in(data: &Path) -> Option<String> {
    std::fs::read_to_string(data.join(PUBLIC_NAME)).ok().map(|text| text.trim().to_owned())
}

/// Whose key a public key is.
fn origin(text: &str) -> String {
    VerifierKey::parse(text).map_or_else(|_| text.to_owned(), |key| key.origin().to_owned())
}

/// Opens the store in `data` and puts `rules` in force over it.
///
/// # Errors
/// A [`PdpError`]; then nothing is served.
pub fn open(data: &Path, clock: SharedClock, rules: Bundle, terms: Terms) -> Result<Pdp, PdpError> {
    let opening = Opening::default();
    over(store(data, &clock, &opening)?, data, &clock, rules, terms, &opening)
}

pub(crate) fn over(
    store: Store,
    data: &Path,
    clock: &SharedClock,
    rules: Bundle,
    terms: Terms,
    opening: &Opening,
) -> Result<Pdp, PdpError> {
    let keys = keys(&store, data, clock, opening)?;
    let heads = opening.checkpoints_to.as_deref().map(Heads::in_folder).transpose()?;
    let known: Vec<VerifierKey> = [keys.ledger.public()].into_iter().chain(&keys.former).cloned().collect();
    let against = Against { data, heads: heads.as_ref(), keys: &known };
    let given_up = against.hold(&store, opening.accept_older).map_err(|error| match error {
        HoldError::Behind(error) => PdpError::from(error),
        HoldError::Store(error) => PdpError::from(error),
    })?;
    let mut pdp = Pdp::with_keys(store, keys, rules, terms)?;
    (pdp.settings.folder, pdp.settings.heads, pdp.settings.given_up) = (Some(data.to_owned()), heads, given_up);
    Ok(pdp)
}

/// Keeps which keys there are, and records what was said by hand as the store was opened.
///
/// # Errors
/// [`PdpError`] when it cannot be kept, or the rules in force do not allow it; then nothing is served.
pub(crate) async fn note_opening(pdp: &Pdp) -> Result<(), PdpError> {
    let accepted = pdp.store.accepted_clock();
    if accepted.is_some() || !pdp.keys.replaced.is_empty() || !pdp.settings.given_up.is_empty() {
        record_opening(pdp, accepted).await?;
    }
    give_up(&pdp.settings.given_up).map_err(|error| {
        let path = pdp.settings.given_up.first().cloned().unwrap_or_default();
        BehindError::Unusable { path, cause: error.to_string() }
    })?;
    keep_known_keys(pdp).await?;
    Ok(())
}

async fn record_opening(pdp: &Pdp, accepted: Option<(Timestamp, Timestamp)>) -> Result<(), PdpError> {
    let mut call = Call::by(Identity::service());
    if let Some((newest, shown)) = accepted {
        call.said.insert("newest".to_owned(), newest.to_string().into());
        call.said.insert("acceptedClock".to_owned(), shown.to_string().into());
    }
    if !pdp.keys.replaced.is_empty() {
        call.said.insert("newKeys".to_owned(), pdp.keys.replaced.clone().into());
    }
    if !pdp.settings.given_up.is_empty() {
        let paths: Vec<String> = pdp.settings.given_up.iter().map(|path| path.display().to_string()).collect();
        call.said.insert("givenUp".to_owned(), paths.into());
    }
    let response = call::read(pdp, &call, "startAnyway", &CallTarget::Installation, |_, _| Ok(())).await;
    match response {
        Ok(response) => {
            tracing::warn!(record = ?response.seqs, accepted_clock = accepted.is_some(), new_keys = ?pdp.keys.replaced, "started as somebody said by hand");
            Ok(())
        }
        Err(CallError::<Infallible>::Store(error)) => Err(error.into()),
        Err(CallError::Denied(denied)) => Err(PdpError::NotStarted(denied.message)),
        Err(CallError::Precondition(error)) => Err(PdpError::NotStarted(error.to_string())),
    }
}

/// Has the store know the keys that there are, so that it is noticed when one is gone.
pub(crate) async fn keep_known_keys(pdp: &Pdp) -> Result<(), StoreError> {
    if pdp.settings.folder.is_none() {
        return Ok(());
    }
    let keys = known_keys(ledger_keys(pdp), &pdp.keys.links.keys());
    if pdp.store.known_keys()?.as_ref() == Some(&keys) {
        return Ok(());
    }
    let message = "the keys beside the store were noted".to_owned();
    let own = Own { action: "noteKeys", by: String::new(), message };
    let put = move |_: &WriteContext<'_>| {
        let mut metadata = MetadataChanges::default();
        metadata.put_known_keys(&keys)?;
        Ok(metadata)
    };
    own::write_own(pdp, own, put).await
}

/// The public keys the ledger was and is signed with.
pub(crate) fn ledger_keys(pdp: &Pdp) -> Vec<String> {
    pdp.keys.former.iter().chain([pdp.keys.ledger.public()]).map(|key| key.text().to_owned()).collect()
}

/// Has the link of a partner's email be the address of a page for people.
#[must_use]
pub fn with_pages(mut pdp: Pdp) -> Pdp {
    pdp.settings.has_pages = true;
    pdp
}

/// Has candidates examined by processes of that program, which is this one.
#[must_use]
pub fn examining_with(mut pdp: Pdp, program: PathBuf) -> Pdp {
    pdp.settings.examiner = Some(Examiner::new(program));
    pdp
}

/// Has the word of others about a caller taken, as the settings name them.
#[must_use]
pub fn trusting(mut pdp: Pdp, trust: Arc<Trust>) -> Pdp {
    pdp.settings.trust = trust;
    pdp
}

/// Says how long sessions of people on pages last.
#[must_use]
pub fn with_sessions(mut pdp: Pdp, sessions: SessionSettings) -> Pdp {
    pdp.settings.sessions = sessions;
    pdp
}

/// Whose word about a caller is taken.
#[must_use]
pub fn trust(pdp: &Pdp) -> &Arc<Trust> {
    &pdp.settings.trust
}

/// Says whether whoever approves rules has to be known by another issuer than this service; commands that open the
/// store themselves heed it too.
///
/// # Errors
/// [`StoreError`] when it cannot be kept.
pub async fn with_needs_persons(mut pdp: Pdp, needs_persons: bool) -> Result<Pdp, StoreError> {
    if pdp.store.needs_persons()? != needs_persons {
        let message = format!("approval needs a person of another issuer: {needs_persons}");
        let own = own::Own { action: "changeSettings", by: String::new(), message };
        let put = move |_: &WriteContext<'_>| {
            let mut metadata = MetadataChanges::default();
            metadata.put_needs_persons(needs_persons)?;
            Ok(metadata)
        };
        own::write_own(&pdp, own, put).await?;
    }
    pdp.settings.needs_persons = needs_persons;
    Ok(pdp)
}
