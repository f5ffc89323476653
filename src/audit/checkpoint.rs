//! Signed tree heads: a checkpoint as C2SP `tlog-checkpoint` has it, in a note as C2SP `signed-note` has it.
//!
//! The text of a checkpoint is three lines: the origin, the number of records, and the root in base64. The key has the
//! origin's name. Whoever has the public key can verify what the ledger was when a checkpoint was signed.

use data_encoding::BASE64;
use ed25519_dalek::SigningKey;
use signed_note::{Note, Signer as _, StandardSigner, StandardVerifier, Verifier as _, VerifierList, key_id};

use super::tree::{Hash, hash_text, parse_hash};

/// The type of an Ed25519 signature in a signed note.
const ED25519: u8 = 1;

/// Why a key of the ledger cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// It is not a private key of a signed note.
    #[error("it is not a signing key `PRIVATE+KEY+origin+id+key`: {0}")]
    NotPrivate(String),
    /// It is not a public key of a signed note.
    #[error("it is not a verifier key `origin+id+key`: {0}; copy the line of `ledger.pub`")]
    NotPublic(String),
    /// The name cannot be one.
    #[error("`{0}` cannot be an origin; leave out spaces and `+`")]
    Origin(String),
}

/// Why a checkpoint is not believed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It is not a signed note.
    #[error("it is not a signed note: {0}")]
    NotANote(String),
    /// The key did not sign it.
    #[error("it is not signed with the key of `{origin}`: {cause}")]
    NotSigned {
        /// Whose key it was held against.
        origin: String,
        /// What is wrong.
        cause: String,
    },
    /// The note says something else than a checkpoint says.
    #[error("its text is not a checkpoint: origin, number of records and root, one a line")]
    NotACheckpoint,
    /// It could not be signed.
    #[error("it cannot be signed: {0}")]
    Unsigned(String),
}

/// The size and root of a ledger at some moment, as they were signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Whose ledger it is.
    pub origin: String,
    /// How many records it had.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, hash_text(&self.root))
    }

    /// Lines after the third are extensions, which mean nothing here.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let number: u64 = size.parse().ok()?;
        (number.to_string() == size && !origin.is_empty()).then_some(())?;
        Some(Self { origin: origin.to_owned(), size: number, root: parse_hash(root)? })
    }
}

/// The public half of a ledger's key.
#[derive(Clone)]
pub struct VerifierKey {
    text: String,
    verifier: StandardVerifier,
}

impl VerifierKey {
    /// Reads a key as `ledger.pub` holds it.
    ///
    /// # Errors
    /// [`KeyError::NotPublic`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim().to_owned();
        let verifier = StandardVerifier::new(&text).map_err(|error| KeyError::NotPublic(error.to_string()))?;
        Ok(Self { text, verifier })
    }

    /// The key as `ledger.pub` holds it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whose key it is.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.verifier.name()
    }

    /// What a signed checkpoint says.
    ///
    /// # Errors
    /// A [`CheckpointError`] when this key did not sign it, or it is the checkpoint of another origin.
    pub fn open(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let not_signed = |cause: String| CheckpointError::NotSigned { origin: self.origin().to_owned(), cause };
        let signed = Note::from_bytes(note.as_bytes()).map_err(|error| CheckpointError::NotANote(error.to_string()))?;
        let known = VerifierList::new(vec![Box::new(self.verifier.clone())]);
        signed.verify(&known).map_err(|error| not_signed(error.to_string()))?;
        let text = std::str::from_utf8(signed.text()).map_err(|error| CheckpointError::NotANote(error.to_string()))?;
        let checkpoint = Checkpoint::parse(text).ok_or(CheckpointError::NotACheckpoint)?;
        if checkpoint.origin != self.origin() {
            return Err(not_signed(format!("it speaks of `{}`", checkpoint.origin)));
        }
        Ok(checkpoint)
    }
}

/// The key a ledger's checkpoints are signed with.
#[derive(Clone)]
pub struct LedgerKey {
    signer: StandardSigner,
    text: String,
    public: VerifierKey,
}

impl LedgerKey {
    /// A key made of random bytes, for the ledger named `origin`.
    ///
    /// # Errors
    /// [`KeyError::Origin`] for a name a key cannot have.
    pub fn of_seed(seed: &[u8; 32], origin: &str) -> Result<Self, KeyError> {
        if !signed_note::is_key_name_valid(origin) {
            return Err(KeyError::Origin(origin.to_owned()));
        }
        let public = SigningKey::from_bytes(seed).verifying_key().to_bytes();
        let id = key_id(origin, &[[ED25519].as_slice(), &public].concat());
        Self::parse(&format!("PRIVATE+KEY+{origin}+{id:08x}+{}", BASE64.encode(&[[ED25519].as_slice(), seed].concat())))
    }

    /// Reads a key as `ledger.key` holds it.
    ///
    /// # Errors
    /// [`KeyError::NotPrivate`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let not_private = |cause: &str| KeyError::NotPrivate(cause.to_owned());
        let text = text.trim().to_owned();
        let signer = StandardSigner::new(&text).map_err(|error| not_private(&error.to_string()))?;
        let secret = text.splitn(5, '+').nth(4).and_then(|key| BASE64.decode(key.as_bytes()).ok());
        let seed: Option<[u8; 32]> = secret.and_then(|bytes| bytes.get(1..)?.try_into().ok());
        let seed = seed.ok_or_else(|| not_private("its last part is no key"))?;
        let public = [[ED25519].as_slice(), &SigningKey::from_bytes(&seed).verifying_key().to_bytes()].concat();
        let public = format!("{}+{:08x}+{}", signer.name(), signer.key_id(), BASE64.encode(&public));
        Ok(Self { public: VerifierKey::parse(&public)?, signer, text })
    }

    /// The key as `ledger.key` holds it; whoever has it can sign in this ledger's name.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &VerifierKey {
        &self.public
    }

    /// Signs the size and the root of the ledger.
    ///
    /// # Errors
    /// [`CheckpointError::Unsigned`].
    pub fn sign(&self, size: u64, root: Hash) -> Result<String, CheckpointError> {
        let unsigned = |cause: String| CheckpointError::Unsigned(cause);
        let text = Checkpoint { origin: self.public.origin().to_owned(), size, root }.text();
        let mut note = Note::new(text.as_bytes(), &[]).map_err(|error| unsigned(error.to_string()))?;
        note.add_sigs(&[&self.signer]).map_err(|error| unsigned(error.to_string()))?;
        String::from_utf8(note.to_bytes()).map_err(|error| unsigned(error.to_string()))
    }
}
