//! The public keys of an issuer, as a JSON Web Key Set (RFC 7517) says them.

use std::collections::BTreeSet;

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::crypto::verify;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse, ThumbprintHash,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use crate::config::issuer::SigningAlgorithm;
use crate::json;
use crate::limits::{JWKS_DEPTH_MAX, JWKS_KEYS_MAX};

/// What a bundle of SPIFFE says a key is for that signs tokens (SPIFFE Trust Domain and Bundle, 4.2.2).
const JWT_SVID: &str = "jwt-svid";
/// The shortest modulus of an RSA key that is used, in bytes: 2,048 bits.
const RSA_BYTES_MIN: usize = 256;

/// What names a key whatever it is called: its thumbprint (RFC 7638).
pub(super) type KeyName = String;

/// Why a set of keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// It is no JSON, or not as it should be.
    #[error("it is no JSON Web Key Set: {0}")]
    Unreadable(String),
    /// There are more keys than any issuer needs.
    #[error("it holds {0} keys; {JWKS_KEYS_MAX} are read at most")]
    TooMany(usize),
}

/// One key.
pub(super) struct Key {
    /// Its name in the set.
    id: Option<String>,
    /// What it is named whatever the set calls it.
    pub(super) name: KeyName,
    /// The algorithms that it is for.
    algorithms: BTreeSet<SigningAlgorithm>,
    key: DecodingKey,
}

/// The keys of an issuer; those that cannot be used here are left out.
#[derive(Default)]
pub(super) struct KeySet(Vec<Key>);

impl KeySet {
    /// Reads a set of keys; that of a trust domain of SPIFFE says of a key which kind of SVID it is for.
    ///
    /// # Errors
    /// [`KeySetError`].
    pub(super) fn read(bytes: &[u8], is_of_trust_domain: bool) -> Result<Self, KeySetError> {
        let unreadable = |error: String| KeySetError::Unreadable(error);
        let set = json::read(bytes, JWKS_DEPTH_MAX).map_err(|error| unreadable(error.to_string()))?;
        let keys = set.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or_else(|| unreadable("it has no list `keys`".to_owned()))?;
        if keys.len() > JWKS_KEYS_MAX {
            return Err(KeySetError::TooMany(keys.len()));
        }
        // A key of a kind that is not known here says nothing about the others (RFC 7517, 5).
        Ok(Self(keys.iter().filter_map(|key| Key::read(key, is_of_trust_domain)).collect()))
    }

    /// How many keys can be used.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Is there a key that a token may mean which is signed by an algorithm and names its key so?
    pub(super) fn has(&self, id: Option<&str>, algorithm: SigningAlgorithm) -> bool {
        self.meant(id, algorithm).next().is_some()
    }

    /// Is a key still there?
    pub(super) fn holds(&self, name: &KeyName) -> bool {
        self.0.iter().any(|key| key.name == *name)
    }

    /// The keys that a token may mean. One that names none means the one that there is.
    fn meant(&self, id: Option<&str>, algorithm: SigningAlgorithm) -> impl Iterator<Item = &Key> {
        let fitting = move |key: &&Key| key.algorithms.contains(&algorithm);
        let is_only = id.is_some() || self.0.iter().filter(fitting).count() == 1;
        let is_named = move |key: &&Key| is_only && id.is_none_or(|id| key.id.as_deref() == Some(id));
        self.0.iter().filter(fitting).filter(is_named)
    }

    /// The key by which a message is signed, if it is by one that its token may mean.
    pub(super) fn signer(
        &self,
        id: Option<&str>,
        algorithm: SigningAlgorithm,
        message: &[u8],
        signature: &str,
    ) -> Option<&Key> {
        let is_signed = |key: &&Key| verify(signature, message, &key.key, library(algorithm)).is_ok_and(|is| is);
        self.meant(id, algorithm).find(is_signed)
    }
}

impl Key {
    /// Reads a key; nothing for one that cannot or must not be used to verify what an issuer signed.
    fn read(value: &Value, is_of_trust_domain: bool) -> Option<Self> {
        // One half of it is a secret that should not be here: anybody may have it now.
        if ["d", "k", "p", "q"].iter().any(|secret| value.get(secret).is_some()) {
            return None;
        }
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        let is_for_signatures = match &jwk.common.public_key_use {
            None | Some(PublicKeyUse::Signature) => true,
            Some(PublicKeyUse::Other(purpose)) => is_of_trust_domain && purpose == JWT_SVID,
            Some(PublicKeyUse::Encryption) => false,
        };
        let operations = jwk.common.key_operations.as_ref();
        let may_verify = operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        if !is_for_signatures || !may_verify {
            return None;
        }
        let mut algorithms = algorithms(&jwk.algorithm)?;
        if let Some(named) = jwk.common.key_algorithm {
            algorithms.retain(|algorithm| key_algorithm(*algorithm) == named);
        }
        let name = jwk.thumbprint(ThumbprintHash::SHA256).ok()?;
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        (!algorithms.is_empty()).then_some(Self { id: jwk.common.key_id, name, algorithms, key })
    }
}

/// The algorithms that a kind of key is for.
fn algorithms(parameters: &AlgorithmParameters) -> Option<BTreeSet<SigningAlgorithm>> {
    use SigningAlgorithm::{EdDsa, Es256, Es384, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    match parameters {
        AlgorithmParameters::RSA(key) => {
            let modulus = BASE64URL_NOPAD.decode(key.n.as_bytes()).ok()?;
            let bytes = modulus.iter().skip_while(|byte| **byte == 0).count();
            (bytes >= RSA_BYTES_MIN).then(|| [Rs256, Rs384, Rs512, Ps256, Ps384, Ps512].into())
        }
        AlgorithmParameters::EllipticCurve(key) => {
            let (bytes, algorithm) = match key.curve {
                EllipticCurve::P256 => (32, Es256),
                EllipticCurve::P384 => (48, Es384),
                _ => return None,
            };
            (has_bytes(&key.x, bytes) && has_bytes(&key.y, bytes)).then(|| [algorithm].into())
        }
        // The library that verifies takes 32 bytes for granted.
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            has_bytes(&key.x, 32).then(|| [EdDsa].into())
        }
        _ => None,
    }
}

fn has_bytes(text: &str, bytes: usize) -> bool {
    BASE64URL_NOPAD.decode(text.as_bytes()).is_ok_and(|decoded| decoded.len() == bytes)
}

/// An algorithm as the library that verifies names it.
fn library(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::Rs256 => Algorithm::RS256,
        SigningAlgorithm::Rs384 => Algorithm::RS384,
        SigningAlgorithm::Rs512 => Algorithm::RS512,
        SigningAlgorithm::Ps256 => Algorithm::PS256,
        SigningAlgorithm::Ps384 => Algorithm::PS384,
        SigningAlgorithm::Ps512 => Algorithm::PS512,
        SigningAlgorithm::Es256 => Algorithm::ES256,
        SigningAlgorithm::Es384 => Algorithm::ES384,
        SigningAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

/// An algorithm as the library that reads keys names it.
fn key_algorithm(algorithm: SigningAlgorithm) -> KeyAlgorithm {
    match algorithm {
        SigningAlgorithm::Rs256 => KeyAlgorithm::RS256,
        SigningAlgorithm::Rs384 => KeyAlgorithm::RS384,
        SigningAlgorithm::Rs512 => KeyAlgorithm::RS512,
        SigningAlgorithm::Ps256 => KeyAlgorithm::PS256,
        SigningAlgorithm::Ps384 => KeyAlgorithm::PS384,
        SigningAlgorithm::Ps512 => KeyAlgorithm::PS512,
        SigningAlgorithm::Es256 => KeyAlgorithm::ES256,
        SigningAlgorithm::Es384 => KeyAlgorithm::ES384,
        SigningAlgorithm::EdDsa => KeyAlgorithm::EdDSA,
    }
}
