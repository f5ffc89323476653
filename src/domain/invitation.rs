//! The link a partner sends to ask for a reseller relationship, and the email it stands in.
//!
//! A link names the kind of relationship and the partner, nothing of any customer, and is the same every time. It
//! is signed, so an altered one is refused and names nobody else. Keys are handed in: nothing here draws a random
//! number, reads a clock or touches a file.

mod email_language;
mod email;
mod keys_document;

pub use email::{Email, EmailError, PARAGRAPH_LENGTH_MAX, PARAGRAPHS_MAX};
pub use email_language::EmailLanguage;

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ed25519_dalek::{SIGNATURE_LENGTH, Signature, Signer, SigningKey};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::id::{IdError, PartnerId};
use crate::limits::ID_LENGTH_MAX;

/// The path every link has before its token; a text that holds it elsewhere holds a link that is not ours.
pub const LINK_PATH: &str = "/relationship-requests/";
/// The longest token, in characters.
pub const TOKEN_LENGTH_MAX: usize = (HEAD_LENGTH + ID_LENGTH_MAX + SIGNATURE_LENGTH).div_ceil(3) * 4;
/// The most link keys kept at a time, retired ones included.
pub const LINK_KEYS_MAX: usize = 64;

/// Signed before every token and never sent, so that no signature made for another purpose is one of ours.
const SIGNED_PREFIX: &[u8] = b"standing relationship request\0";
const TOKEN_VERSION: u8 = 1;
/// The one kind of relationship there is to ask for.
const RESELLER: u8 = b'r';
const KEY_ID_LENGTH: usize = 8;
/// Version, kind and key id.
const HEAD_LENGTH: usize = 2 + KEY_ID_LENGTH;
const KEYS_VERSION: u64 = 1;

/// The public name of a link key, derived from the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKeyId([u8; KEY_ID_LENGTH]);

impl LinkKeyId {
    fn of(key: &SigningKey) -> Self {
        let digest = Sha256::digest(key.verifying_key().as_bytes());
        let mut id = [0; KEY_ID_LENGTH];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(id)
    }
}

impl fmt::Display for LinkKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for LinkKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "link key `{self}`")
    }
}

impl FromStr for LinkKeyId {
    type Err = LinkKeyError;

    fn from_str(input: &str) -> Result<Self, LinkKeyError> {
        HEXLOWER
            .decode(input.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| LinkKeyError::Id { input: input.chars().take(ID_LENGTH_MAX).collect() })
    }
}

/// Why link keys cannot be read, rotated or retired.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkKeyError {
    /// A string that names no link key.
    #[error("`{input}` is no id of a link key; give 16 characters of `0-9a-f`, as the list of keys shows them")]
    Id {
        /// The string as given, cut when it is very long.
        input: String,
    },
    /// No key has this id.
    #[error("link key `{0}` is not known; take an id from the list of keys")]
    Unknown(LinkKeyId),
    /// The key that signs cannot be retired.
    #[error("link key `{0}` signs the links that are sent now; rotate to a new key first, then retire this one")]
    Signing(LinkKeyId),
    /// The key is retired already.
    #[error("link key `{id}` was retired at {at}; nothing is left to do")]
    Retired {
        /// Which key.
        id: LinkKeyId,
        /// Since when.
        at: Timestamp,
    },
    /// The same key twice.
    #[error("link key `{0}` is there already; give a new random seed")]
    Repeated(LinkKeyId),
    /// No room for another key.
    #[error("{LINK_KEYS_MAX} link keys are kept and none is retired; retire one first")]
    Full,
    /// Keys stored by a later program.
    #[error("the link keys are stored in version {found} and this program reads {KEYS_VERSION}; use a newer program")]
    Version {
        /// The version that was found.
        found: u64,
    },
    /// Keys that were not stored by us.
    #[error("the link keys cannot be read: {message}; restore them from a backup")]
    Document {
        /// What is wrong, without any secret.
        message: String,
    },
    /// A key stored under another key's id.
    #[error("the seed stored as link key `{stored}` belongs to `{derived}`; restore the link keys from a backup")]
    Mismatch {
        /// The id it is stored under.
        stored: LinkKeyId,
        /// The id it has.
        derived: LinkKeyId,
    },
}

/// One key of the ring, as it may be shown: its seed never leaves it but into the stored document.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkKey {
    id: LinkKeyId,
    created: Timestamp,
    retired: Option<Timestamp>,
    key: SigningKey,
}

impl LinkKey {
    fn new(seed: [u8; 32], created: Timestamp) -> Self {
        let key = SigningKey::from_bytes(&seed);
        Self { id: LinkKeyId::of(&key), created, retired: None, key }
    }

    /// Its public name.
    #[must_use]
    pub fn id(&self) -> LinkKeyId {
        self.id
    }

    /// Since when it is there.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// Since when its links are refused, if they are.
    #[must_use]
    pub fn retired(&self) -> Option<Timestamp> {
        self.retired
    }
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkKey")
            .field("id", &self.id)
            .field("created", &self.created)
            .field("retired", &self.retired)
            .finish_non_exhaustive()
    }
}

/// The keys that sign and verify links: the newest signs, all that are not retired verify.
///
/// Serialized it is the document to keep, seeds included; printed with `Debug` it shows no seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkKeys {
    newest: LinkKey,
    /// Newest first.
    older: Vec<LinkKey>,
}

impl LinkKeys {
    /// A ring of one key, which signs.
    #[must_use]
    pub fn begin(seed: [u8; 32], at: Timestamp) -> Self {
        Self { newest: LinkKey::new(seed, at), older: Vec::new() }
    }

    /// Lets a new key sign from now on, and gives its id; links signed by older keys still verify.
    ///
    /// In a full ring the key retired longest is forgotten; its links stay refused.
    ///
    /// # Errors
    /// [`LinkKeyError::Repeated`] or [`LinkKeyError::Full`].
    pub fn rotate(&mut self, seed: [u8; 32], at: Timestamp) -> Result<LinkKeyId, LinkKeyError> {
        let key = LinkKey::new(seed, at);
        let id = key.id;
        if self.list().any(|known| known.id == id) {
            return Err(LinkKeyError::Repeated(id));
        }
        if self.older.len() + 1 >= LINK_KEYS_MAX {
            let forgotten = self
                .older
                .iter()
                .enumerate()
                .filter_map(|(place, key)| Some((key.retired?, place)))
                .min()
                .map(|(_, place)| place)
                .ok_or(LinkKeyError::Full)?;
            self.older.remove(forgotten);
        }
        self.older.insert(0, std::mem::replace(&mut self.newest, key));
        Ok(id)
    }

    /// Refuses the links of an older key from now on.
    ///
    /// # Errors
    /// [`LinkKeyError::Signing`], [`LinkKeyError::Unknown`] or [`LinkKeyError::Retired`].
    pub fn retire(&mut self, id: LinkKeyId, at: Timestamp) -> Result<(), LinkKeyError> {
        if self.newest.id == id {
            return Err(LinkKeyError::Signing(id));
        }
        let key = self.older.iter_mut().find(|key| key.id == id).ok_or(LinkKeyError::Unknown(id))?;
        if let Some(at) = key.retired {
            return Err(LinkKeyError::Retired { id, at });
        }
        key.retired = Some(at);
        Ok(())
    }

    /// Every key, newest first; the first one signs.
    pub fn list(&self) -> impl Iterator<Item = &LinkKey> {
        std::iter::once(&self.newest).chain(&self.older)
    }

    /// The token of a partner's link: the same every time until a new key signs.
    #[must_use]
    pub fn token(&self, partner: &PartnerId) -> Token {
        let mut payload = vec![TOKEN_VERSION, RESELLER];
        payload.extend(self.newest.id.0);
        payload.extend(partner.as_str().as_bytes());
        let signature = self.newest.key.sign(&signed(&payload));
        payload.extend(signature.to_bytes());
        Token(BASE64URL_NOPAD.encode(&payload))
    }

    /// Whom a token names: exactly the partner it was made for, or nobody.
    ///
    /// # Errors
    /// A [`TokenError`] for every string that is not one of our tokens, and for those of a retired key.
    pub fn verify(&self, token: &str) -> Result<Invitation, TokenError> {
        if token.len() > TOKEN_LENGTH_MAX {
            return Err(TokenError::TooLong { length: token.len() });
        }
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| TokenError::Malformed)?;
        let (payload, signature) = bytes.split_last_chunk::<SIGNATURE_LENGTH>().ok_or(TokenError::Malformed)?;
        let (&[version, kind], rest) = payload.split_first_chunk().ok_or(TokenError::Malformed)?;
        if (version, kind) != (TOKEN_VERSION, RESELLER) {
            return Err(TokenError::Kind);
        }
        let (id, partner) = rest.split_first_chunk().ok_or(TokenError::Malformed)?;
        let key = self.list().find(|key| key.id.0 == *id).ok_or(TokenError::UnknownKey)?;
        key.key
            .verifying_key()
            .verify_strict(&signed(payload), &Signature::from_bytes(signature))
            .map_err(|_| TokenError::Altered)?;
        if key.retired.is_some() {
            return Err(TokenError::RetiredKey(key.id));
        }
        let partner = std::str::from_utf8(partner).map_err(|_| TokenError::Malformed)?;
        Ok(Invitation { partner: partner.parse().map_err(|_: IdError| TokenError::Malformed)? })
    }
}

/// A token of ours that names whatever was written where the partner stands: for names that nobody thought of.
#[cfg(fuzzing)]
pub fn token_of_any(seed: [u8; 32], partner: &[u8]) -> String {
    let key = LinkKey::new(seed, Timestamp::UNIX_EPOCH);
    let payload = [&[TOKEN_VERSION, RESELLER], key.id.0.as_slice(), partner].concat();
    let signature = key.key.sign(&signed(&payload)).to_bytes();
    BASE64URL_NOPAD.encode(&[payload.as_slice(), &signature].concat())
}

fn signed(payload: &[u8]) -> Vec<u8> {
    [SIGNED_PREFIX, payload].concat()
}

/// What stands at the end of a partner's link; it can stand in a path as it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct Token(String);

impl Token {
    /// The token as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The link: `base` is all that comes before [`LINK_PATH`], for example `https://standing.example/v1`.
    #[must_use]
    pub fn link(&self, base: &str) -> String {
        format!("{}{LINK_PATH}{self}", base.trim_end_matches('/'))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a token that verifies says: who asks for a reseller relationship.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invitation {
    /// Who asks.
    pub partner: PartnerId,
}

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than any token.
    #[error(
        "the token has {length} characters and none has more than {TOKEN_LENGTH_MAX}; \
         copy the link again, and nothing after it"
    )]
    TooLong {
        /// How long it is, in bytes.
        length: usize,
    },
    /// Not written as a token is.
    #[error("the token is not whole or has something added; copy the link again")]
    Malformed,
    /// A token of another version, or that asks for something else.
    #[error("the token asks for nothing that is known here; ask the partner for its link of today")]
    Kind,
    /// Signed by nobody known here.
    #[error("the token was not made here; ask the partner for its link")]
    UnknownKey,
    /// Not what was signed.
    #[error("the token was altered; copy the link again as it stands in the email")]
    Altered,
    /// Signed by a key whose links are refused by now.
    #[error("link key `{0}` of this token is retired; ask the partner for its link of today")]
    RetiredKey(LinkKeyId),
}
