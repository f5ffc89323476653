//! What a browser keeps for this server while somebody signs in at a provider: sealed, so that it says nothing to
//! whoever reads it and cannot be made or changed by anybody, and good once.
//!
//! The key is this process's own. What is sealed is good for ten minutes; whoever is at a provider while the server
//! starts anew begins again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use data_encoding::BASE64URL_NOPAD;
use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::change::sessions::random_bytes;
use crate::clock::Timestamp;
use crate::limits::{SIGN_IN_COOKIE_LENGTH_MAX, SIGN_IN_MINUTES, SIGN_INS_OVER_MAX};
use crate::pdp::Pdp;
use crate::random::RandomError;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Seals what a browser keeps for a short time, and knows what of it is over.
pub struct Sealing {
    key: [u8; KEY_BYTES],
    over: Mutex<BTreeMap<String, Timestamp>>,
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealing")
    }
}

/// What is sealed, and until when it is good.
#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    until: Timestamp,
    held: T,
}

/// Why something cannot be sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SealError {
    /// A browser would not keep it.
    #[error("it is too long for a cookie; have less of it")]
    TooLong,
    /// It cannot be sealed now.
    #[error("it cannot be sealed now; try again")]
    Unsealed,
}

/// Random bytes as text, which nobody can guess.
///
/// # Errors
/// [`RandomError`].
pub fn random_text(pdp: &Pdp) -> Result<String, RandomError> {
    let mut bytes = [0; KEY_BYTES];
    random_bytes(pdp, &mut bytes)?;
    Ok(BASE64URL_NOPAD.encode(&bytes))
}

impl Sealing {
    /// Seals with a key of its own.
    ///
    /// # Errors
    /// [`RandomError`].
    pub fn new(pdp: &Pdp) -> Result<Self, RandomError> {
        let mut key = [0; KEY_BYTES];
        random_bytes(pdp, &mut key)?;
        Ok(Self { key, over: Mutex::default() })
    }

    /// Seals something for a purpose.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal<T: Serialize>(&self, pdp: &Pdp, purpose: &str, held: T) -> Result<String, SealError> {
        let until = pdp.now().checked_add(SignedDuration::from_mins(SIGN_IN_MINUTES));
        let until = until.map_err(|_| SealError::Unsealed)?;
        let text = serde_json::to_vec(&Sealed { until, held }).map_err(|_| SealError::Unsealed)?;
        let mut nonce = [0; NONCE_BYTES];
        random_bytes(pdp, &mut nonce).map_err(|_| SealError::Unsealed)?;
        let payload = Payload { msg: &text, aad: purpose.as_bytes() };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Unsealed)?;
        let cookie = BASE64URL_NOPAD.encode(&[nonce.as_slice(), sealed.as_slice()].concat());
        if cookie.len() <= SIGN_IN_COOKIE_LENGTH_MAX { Ok(cookie) } else { Err(SealError::TooLong) }
    }

    /// What was sealed for a purpose; nothing for what was not, or is not good any more.
    pub fn open<T: DeserializeOwned>(&self, pdp: &Pdp, purpose: &str, cookie: &str) -> Option<T> {
        if cookie.len() > SIGN_IN_COOKIE_LENGTH_MAX {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(cookie.as_bytes()).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: purpose.as_bytes() };
        let text = self.cipher().decrypt(&XNonce::from(*nonce), payload).ok()?;
        let Sealed { until, held } = serde_json::from_slice(&text).ok()?;
        (pdp.now() < until).then_some(held)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.key.into())
    }

    /// Has something be over that is good once, by its random name; no where it was already, or where so much is that no
    /// more can be remembered: what is forgotten would be good again.
    pub fn ends(&self, pdp: &Pdp, name: &str) -> bool {
        let now = pdp.now();
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        if over.len() >= SIGN_INS_OVER_MAX {
            over.retain(|_, until| now < *until);
        }
        if over.len() >= SIGN_INS_OVER_MAX {
            return false;
        }
        let until = now.checked_add(SignedDuration::from_mins(SIGN_IN_MINUTES)).unwrap_or(now);
        over.insert(name.to_owned(), until).is_none()
    }
}
