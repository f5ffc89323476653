//! An issuer and its keys: read from a file or fetched, kept, and looked for again.
//!
//! Keys are read again when they are old, and when a token names one that is not there: at most once a minute, however
//! many such tokens come. While they cannot be read, those of before are used.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use hyper::Uri;
use jiff::SignedDuration;
use rustls::ClientConfig;
use tokio::sync::Mutex;

use super::fetch::{AuthoritiesError, FetchError, authorities, fetch};
use super::keys::{KeySet, KeySetError};
use crate::clock::Timestamp;
use crate::config::issuer::{IssuerSettings, SigningAlgorithm};
use crate::limits::{JWKS_AGAIN_SECONDS, JWKS_BYTES_MAX, JWKS_KEPT_SECONDS};

/// Why the keys of an issuer cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// They cannot be fetched.
    #[error("the keys of issuer `{issuer}` cannot be fetched from `{url}`: {cause}")]
    Fetch {
        /// The issuer.
        issuer: String,
        /// Where they are.
        url: String,
        /// Why.
        cause: FetchError,
    },
    /// Their file cannot be read.
    #[error("the keys of issuer `{issuer}` cannot be read from `{}`: {cause}", path.display())]
    File {
        /// The issuer.
        issuer: String,
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// What is there is no set of keys.
    #[error("the keys of issuer `{issuer}` cannot be used: {cause}")]
    Keys {
        /// The issuer.
        issuer: String,
        /// Why.
        cause: KeySetError,
    },
    /// Nobody vouches for the host of its keys.
    #[error("issuer `{issuer}`: {cause}")]
    Authorities {
        /// The issuer.
        issuer: String,
        /// Why.
        cause: AuthoritiesError,
    },
    /// The place of its keys is no URL.
    #[error("issuer `{issuer}`: `{url}` is no URL; name one in `jwks_url`")]
    Url {
        /// The issuer.
        issuer: String,
        /// What is there.
        url: String,
    },
}

/// Where the keys of an issuer are.
enum Source {
    File(PathBuf),
    Url { url: Uri, tls: Option<Arc<ClientConfig>> },
}

/// The keys as they were read last.
struct Held {
    keys: Arc<KeySet>,
    /// When; nothing while they never were.
    read: Option<Timestamp>,
}

/// An issuer.
pub(super) struct Issuer {
    pub(super) settings: IssuerSettings,
    source: Source,
    held: RwLock<Held>,
    /// When the keys were last asked for, with or without success; held by whoever does.
    tried: Mutex<Option<Timestamp>>,
    /// Could they not be read the last time?
    has_failed: AtomicBool,
}

impl Issuer {
    /// An issuer, as the settings name it; its keys are not read yet.
    ///
    /// # Errors
    /// [`IssuerError`] where nothing can ever be fetched so.
    pub(super) fn of(settings: IssuerSettings) -> Result<Self, IssuerError> {
        let issuer = || settings.issuer.clone();
        let source = match (&settings.jwks_file, &settings.jwks_url) {
            (Some(path), _) => Source::File(path.clone()),
            (None, url) => {
                let written = url.clone().unwrap_or_default();
                let url = written.parse::<Uri>().map_err(|_| IssuerError::Url { issuer: issuer(), url: written })?;
                let is_https = url.scheme_str() == Some("https");
                let tls = is_https.then(|| authorities(settings.ca.as_deref())).transpose();
                let tls = tls.map_err(|cause| IssuerError::Authorities { issuer: issuer(), cause })?;
                Source::Url { url, tls }
            }
        };
        let held = RwLock::new(Held { keys: Arc::default(), read: None });
        Ok(Self { settings, source, held, tried: Mutex::default(), has_failed: AtomicBool::new(false) })
    }

    /// The keys as they were read last.
    pub(super) fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner).keys)
    }

    /// Is a key missing that might be there, had the keys been read the last time?
    pub(super) fn may_lack(&self, id: Option<&str>, algorithm: SigningAlgorithm) -> bool {
        self.has_failed.load(Ordering::Acquire) && !self.keys().has(id, algorithm)
    }

    fn is_old(&self, now: Timestamp) -> bool {
        let read = self.held.read().unwrap_or_else(PoisonError::into_inner).read;
        read.is_none_or(|read| now.duration_since(read) >= SignedDuration::from_secs(JWKS_KEPT_SECONDS))
    }

    /// The keys, read again where they are old or lack the one that a token means.
    pub(super) async fn keys_for(
        self: &Arc<Self>,
        id: Option<&str>,
        algorithm: SigningAlgorithm,
        now: Timestamp,
    ) -> Arc<KeySet> {
        let keys = self.keys();
        let is_there = keys.has(id, algorithm);
        if is_there && !self.is_old(now) {
            return keys;
        }
        let issuer = Arc::clone(self);
        // A caller that goes away must not take along what was begun for all.
        let reading = tokio::spawn(async move {
            let tried = match issuer.tried.try_lock() {
                Ok(tried) => tried,
                // Somebody is at it: whoever has a key need not wait for that.
                Err(_) if is_there => return,
                Err(_) => issuer.tried.lock().await,
            };
            issuer.read_if_due(tried, now).await;
        });
        // It does not panic, and without it the keys are those of before.
        let _ = reading.await;
        self.keys()
    }

    async fn read_if_due(&self, mut tried: tokio::sync::MutexGuard<'_, Option<Timestamp>>, now: Timestamp) {
        let again = SignedDuration::from_secs(JWKS_AGAIN_SECONDS);
        if tried.is_some_and(|tried| now.duration_since(tried) < again) {
            return;
        }
        *tried = Some(now);
        let read = self.read(now).await;
        self.has_failed.store(read.is_err(), Ordering::Release);
        if let Err(error) = read {
            tracing::warn!(%error, "the keys of before are used; it is tried again in a minute");
        }
    }

    /// Reads the keys, whenever that was done last.
    ///
    /// # Errors
    /// [`IssuerError`]; the keys of before stay.
    pub(super) async fn read(&self, now: Timestamp) -> Result<(), IssuerError> {
        let issuer = || self.settings.issuer.clone();
        let bytes = match &self.source {
            Source::File(path) => {
                let cause = |cause| IssuerError::File { issuer: issuer(), path: path.clone(), cause };
                let length = tokio::fs::metadata(path).await.map_err(cause)?.len();
                if length > JWKS_BYTES_MAX as u64 {
                    return Err(cause(std::io::Error::other(format!("it has more than {JWKS_BYTES_MAX} bytes"))));
                }
                Bytes::from(tokio::fs::read(path).await.map_err(cause)?)
            }
            Source::Url { url, tls } => fetch(url, tls.as_ref()).await.map_err(|cause| IssuerError::Fetch {
                issuer: issuer(),
                url: url.to_string(),
                cause,
            })?,
        };
        let keys = KeySet::read(&bytes, self.settings.trust_domain.is_some())
            .map_err(|cause| IssuerError::Keys { issuer: issuer(), cause })?;
        if keys.len() == 0 {
            tracing::warn!(
                issuer = issuer(),
                "none of the keys of an issuer can be used, so none of its tokens is taken"
            );
        }
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Held { keys: Arc::new(keys), read: Some(now) };
        Ok(())
    }

    /// Are the keys in a file?
    pub(super) fn has_file(&self) -> bool {
        matches!(self.source, Source::File(_))
    }
}
