//! Sealed cursors: where a list goes on, made and read by this store alone.
//!
//! A cursor names the last row that was looked at. Its bearer may not be one who may see that row, and whatever a
//! cursor names is looked up. So it is sealed for one caller, one list and its parameters, with a key of this store:
//! whoever makes one by hand, alters one, or uses one from elsewhere gains nothing, and gets the same answer each time.
//!
//! The seal is a synthetic IV, as in RFC 5297 with HMAC-SHA-256 in the place of the block cipher: a tag over all of it,
//! and the place under a stream of bytes that the tag begins. One place has one cursor and no random number is needed.
//! The keys are derived from the ledger's, which outlives a restart.

use std::fmt::{self, Debug};

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::audit::LedgerKey;
use crate::caller::Caller;
use crate::limits::CURSOR_LENGTH_MAX;

const HASH_BYTES: usize = 32;
const TAG_BYTES: usize = 16;

type Hash = [u8; HASH_BYTES];
type Tag = [u8; TAG_BYTES];

/// What the cursors of one list are sealed with, for one caller.
#[derive(Clone)]
pub(crate) struct Seal {
    tagging: Hash,
    covering: Hash,
}

impl Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    /// The seal of a list, named with all its parameters but where it goes on and how much of it is shown.
    pub(crate) fn of(key: &LedgerKey, caller: &Caller, list: &impl Debug) -> Self {
        let root = Sha256::digest(key.text().as_bytes()).into();
        let (caller, list) = (caller.to_string(), format!("{list:?}"));
        let derived = |purpose: &[u8]| keyed(&root, &[purpose, caller.as_bytes(), list.as_bytes()]);
        Self { tagging: derived(b"standing cursor 1: tag"), covering: derived(b"standing cursor 1: cover") }
    }

    /// The cursor to a place.
    pub(crate) fn seal(&self, place: &str) -> String {
        let tag = self.tag(place.as_bytes());
        let mut bytes = tag.to_vec();
        bytes.extend(self.covered(&tag, place.as_bytes()));
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The place of a cursor that was sealed so; nothing for any other text.
    pub(crate) fn open(&self, cursor: &str) -> Option<String> {
        if cursor.len() > CURSOR_LENGTH_MAX {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
        let (tag, covered) = bytes.split_first_chunk::<TAG_BYTES>()?;
        let place = self.covered(tag, covered);
        let is_ours: bool = self.tag(&place).ct_eq(tag).into();
        String::from_utf8(place).ok().filter(|_| is_ours)
    }

    fn tag(&self, place: &[u8]) -> Tag {
        let mut tag = [0; TAG_BYTES];
        tag.iter_mut().zip(keyed(&self.tagging, &[place])).for_each(|(to, from)| *to = from);
        tag
    }

    /// The bytes under the stream that a tag begins; covered twice, they are bare again.
    fn covered(&self, tag: &Tag, bytes: &[u8]) -> Vec<u8> {
        let mut covered = bytes.to_vec();
        for (part, number) in covered.chunks_mut(HASH_BYTES).zip(0_u64..) {
            let stream = keyed(&self.covering, &[tag, &number.to_be_bytes()]);
            part.iter_mut().zip(stream).for_each(|(byte, with)| *byte ^= with);
        }
        covered
    }
}

/// The HMAC-SHA-256 of parts, each with its length.
fn keyed(key: &Hash, parts: &[&[u8]]) -> Hash {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new(&block);
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
