//! Keys in a backup, sealed with a passphrase: Argon2id makes a key of it, XChaCha20-Poly1305 seals with that.
//!
//! What is sealed belongs to one store file: its SHA-256 is sealed with it, so that neither the keys nor the store of
//! another backup take the place of this one's.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::limits::{SEAL_MEMORY_KIB_MAX, SEAL_PASSES_MAX};
use crate::random::{Random, RandomError};

/// What the key is made with, as RFC 9106 recommends where memory is short: 64 MiB, three passes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
/// How keys are sealed.
const FORM: &str = "argon2id13+xchacha20poly1305";
/// What the seal is for.
const ABOUT: &str = "keys of a backup of standing, form 1, beside the store ";

/// The keys of a data directory.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Secrets {
    /// What `ledger.key` holds.
    pub(super) ledger_key: String,
    /// What `link-keys.json` holds.
    pub(super) link_keys: String,
}

/// Sealed keys as they are written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sealed {
    form: String,
    #[serde(rename = "memoryKiB")]
    memory_kib: u32,
    passes: u32,
    salt: String,
    nonce: String,
    sealed: String,
}

/// Why keys are not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The file holds no sealed keys.
    #[error("it holds no sealed keys: {0}")]
    NotSealed(&'static str),
    /// The passphrase is another one, or what is sealed was altered.
    #[error("the keys cannot be opened: the passphrase is another one, or they belong to another backup")]
    Wrong,
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The key cannot be made of the passphrase.
    #[error("no key can be made of the passphrase: {0}")]
    NoKey(String),
}

fn cipher(passphrase: &[u8], salt: &[u8], (memory, passes): (u32, u32)) -> Result<XChaCha20Poly1305, SealError> {
    let no_key = |error: argon2::Error| SealError::NoKey(error.to_string());
    let parameters = Params::new(memory, passes, 1, Some(32)).map_err(no_key)?;
    let mut key = [0; 32];
    let made = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    made.hash_password_into(passphrase, salt, &mut key).map_err(no_key)?;
    Ok(XChaCha20Poly1305::new(&key.into()))
}

/// Seals keys that belong to a store file.
pub(super) fn seal(
    secrets: &Secrets,
    store_sha256: &str,
    passphrase: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, SealError> {
    let (mut salt, mut nonce) = ([0; 16], [0; 24]);
    random.fill(&mut salt)?;
    random.fill(&mut nonce)?;
    let cipher = cipher(passphrase, &salt, (MEMORY_KIB, PASSES))?;
    let text = serde_json::to_vec(secrets).map_err(|error| SealError::NoKey(error.to_string()))?;
    let about = format!("{ABOUT}{store_sha256}");
    let sealed = cipher.encrypt(&nonce.into(), Payload { msg: &text, aad: about.as_bytes() });
    let sealed = Sealed {
        form: FORM.to_owned(),
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        salt: BASE64.encode(&salt),
        nonce: BASE64.encode(&nonce),
        sealed: BASE64.encode(&sealed.map_err(|_| SealError::Wrong)?),
    };
    serde_json::to_vec_pretty(&sealed).map_err(|error| SealError::NoKey(error.to_string()))
}

/// Opens the sealed keys of a store file.
pub(super) fn open(bytes: &[u8], store_sha256: &str, passphrase: &[u8]) -> Result<Secrets, SealError> {
    let sealed: Sealed = serde_json::from_slice(bytes).map_err(|_| SealError::NotSealed("it is not of that form"))?;
    if sealed.form != FORM {
        return Err(SealError::NotSealed("they are sealed in another way; use a newer standing"));
    }
    if sealed.memory_kib > SEAL_MEMORY_KIB_MAX || sealed.passes > SEAL_PASSES_MAX {
        return Err(SealError::NotSealed("to open them would take more than any that this program seals"));
    }
    let bytes = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| SealError::NotSealed("a part is no base64"));
    let nonce: [u8; 24] = bytes(&sealed.nonce)?.try_into().map_err(|_| SealError::NotSealed("its nonce is none"))?;
    let cipher = cipher(passphrase, &bytes(&sealed.salt)?, (sealed.memory_kib, sealed.passes))?;
    let about = format!("{ABOUT}{store_sha256}");
    let text = cipher.decrypt(&nonce.into(), Payload { msg: &bytes(&sealed.sealed)?, aad: about.as_bytes() });
    serde_json::from_slice(&text.map_err(|_| SealError::Wrong)?).map_err(|_| SealError::NotSealed("they are none"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::random::Same;

    #[test]
    fn sealed_keys_open_with_their_passphrase_and_their_store_alone() {
        let secrets = || Secrets { ledger_key: "a".to_owned(), link_keys: "b".to_owned() };
        let sealed = seal(&secrets(), "store", b"a long passphrase", &Same).unwrap();
        let opened = open(&sealed, "store", b"a long passphrase").unwrap();
        assert_eq!((opened.ledger_key.as_str(), opened.link_keys.as_str()), ("a", "b"));
        let text = String::from_utf8(sealed.clone()).unwrap();
        let altered = [
            (text.clone(), "store", "another passphrase"),
            (text.clone(), "another store", "a long passphrase"),
            (text.replace("\"passes\": 3", "\"passes\": 4"), "store", "a long passphrase"),
            (text.replace("\"sealed\": \"", "\"sealed\": \"AAAA"), "store", "a long passphrase"),
        ];
        for (text, store, passphrase) in altered {
            assert!(matches!(open(text.as_bytes(), store, passphrase.as_bytes()), Err(SealError::Wrong)), "{text}");
        }
        let greedy = text.replace("\"memoryKiB\": 65536", "\"memoryKiB\": 4000000000");
        assert!(matches!(open(greedy.as_bytes(), "store", b"a long passphrase"), Err(SealError::NotSealed(_))));
    }
}
