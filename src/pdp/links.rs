//! The keys relationship requests are signed with, in a file of the data directory.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, OwnedMutexGuard};
use utoipa::ToSchema;

use crate::clock::{SharedClock, Timestamp};
use crate::domain::invitation::{Invitation, LinkKeyError, LinkKeyId, LinkKeys, Token, TokenError};
use crate::files::{SECRET, replace};
use crate::id::PartnerId;

pub(crate) const FILE_NAME: &str = "link-keys.json";

/// Why the link keys cannot be read, made or changed.
#[derive(Debug, thiserror::Error)]
pub enum LinksError {
    /// The file cannot be read or written.
    #[error("cannot use the link keys `{}`: {cause}; check the data directory and its rights", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file does not hold link keys.
    #[error("`{}` does not hold link keys: {cause}; restore it from a backup, links already sent depend on it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}; no key was made")]
    NoRandomness(getrandom::Error),
    /// The ring of keys refuses.
    #[error(transparent)]
    Key(#[from] LinkKeyError),
}

/// The ring of keys: the newest signs, older ones still verify until they are retired.
pub struct LinkRing {
    path: Option<PathBuf>,
    keys: RwLock<LinkKeys>,
    clock: SharedClock,
    changing: Arc<Mutex<()>>,
}

impl LinkRing {
    /// Reads the ring from the data directory, or begins it.
    ///
    /// # Errors
    /// A [`LinksError`]; an unreadable ring is never replaced, links already sent depend on it.
    pub fn open(data: &Path, clock: &SharedClock) -> Result<Self, LinksError> {
        let path = data.join(FILE_NAME);
        let keys = match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .map_err(|error| LinksError::Unreadable { path: path.clone(), cause: error.to_string() })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let keys = LinkKeys::begin(seed()?, clock.now());
                write(&path, &keys)?;
                keys
            }
            Err(cause) => return Err(LinksError::Unusable { path, cause }),
        };
        Ok(Self { path: Some(path), keys: RwLock::new(keys), clock: clock.clone(), changing: Arc::default() })
    }

    /// A ring from a seed that is stored nowhere; for examples and tests with fixed randomness.
    #[must_use]
    pub fn of_seed(seed: [u8; 32], clock: &SharedClock) -> Self {
        let keys = RwLock::new(LinkKeys::begin(seed, clock.now()));
        Self { path: None, keys, clock: clock.clone(), changing: Arc::default() }
    }

    /// The token of a partner's request; the same every time while the signing key is the same.
    #[must_use]
    pub fn token(&self, partner: &PartnerId) -> Token {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).token(partner)
    }

    /// Whose request a token is.
    ///
    /// # Errors
    /// A [`TokenError`] when it is altered, foreign, or signed with a key that is retired.
    pub fn verify(&self, token: &str) -> Result<Invitation, TokenError> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).verify(token)
    }

    pub(crate) fn summaries(&self) -> Vec<LinkKeySummary> {
        summaries(&self.keys())
    }

    /// The keys as they are.
    #[must_use]
    pub fn keys(&self) -> LinkKeys {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until nobody else alters the ring.
    pub(crate) async fn altering(self: &Arc<Self>) -> Altering {
        let alone = Arc::clone(&self.changing).lock_owned().await;
        Altering { ring: Arc::clone(self), _alone: alone }
    }
}

/// The ring for whoever alters it, alone until this is dropped.
pub(crate) struct Altering {
    ring: Arc<LinkRing>,
    _alone: OwnedMutexGuard<()>,
}

impl Altering {
    /// The keys as they are.
    pub(crate) fn keys(&self) -> LinkKeys {
        self.ring.keys()
    }

    /// The keys with a new one that signs; links already sent still verify.
    pub(crate) fn rotated(&self) -> Result<(LinkKeys, LinkKeyId), LinksError> {
        let (seed, mut keys) = (seed()?, self.keys());
        let id = keys.rotate(seed, self.ring.clock.now())?;
        Ok((keys, id))
    }

    /// The keys without one; links signed with it are refused.
    pub(crate) fn retired(&self, id: LinkKeyId) -> Result<(LinkKeys, LinkKeyId), LinksError> {
        let mut keys = self.keys();
        keys.retire(id, self.ring.clock.now())?;
        Ok((keys, id))
    }

    /// Signs and verifies with these keys from now on, once they are in the file; again changes nothing.
    pub(crate) fn put(&self, keys: &LinkKeys) -> Result<(), LinksError> {
        if let Some(path) = &self.ring.path {
            write(path, keys)?;
        }
        self.ring.keys.write().unwrap_or_else(PoisonError::into_inner).clone_from(keys);
        Ok(())
    }
}

/// A key that links are signed with, without its secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct LinkKeySummary {
    /// Its public name.
    pub id: String,
    /// When it began to sign.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// Is it the one that signs now?
    pub signs: bool,
    /// Since when links signed with it are refused.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<Timestamp>,
}

/// The keys as they are listed, newest first.
pub(crate) fn summaries(keys: &LinkKeys) -> Vec<LinkKeySummary> {
    let summary = |(index, key): (usize, &crate::domain::invitation::LinkKey)| LinkKeySummary {
        id: key.id().to_string(),
        created: key.created(),
        signs: index == 0,
        retired: key.retired(),
    };
    keys.list().enumerate().map(summary).collect()
}

fn seed() -> Result<[u8; 32], LinksError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(LinksError::NoRandomness)?;
    Ok(seed)
}

fn write(path: &Path, keys: &LinkKeys) -> Result<(), LinksError> {
    let unusable = |cause| LinksError::Unusable { path: path.to_owned(), cause };
    let text = serde_json::to_string_pretty(keys).map_err(|error| unusable(io::Error::other(error)))?;
    replace(path, SECRET, text.as_bytes()).map_err(unusable)
}
