//! The link a partner sends to ask for a reseller relationship, and the email it stands in.
//!
//! A link names the kind of relationship and the partner, nothing of any customer, and is the same every time. It
//! is signed, so an altered one is refused and names nobody else. Keys are handed in: nothing here draws a random
//! number, reads a clock or touches a file.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ed25519_dalek::{SIGNATURE_LENGTH, Signature, Signer, SigningKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::partner::Partner;
use crate::clock::Timestamp;
use crate::id::{IdError, PartnerId};
use crate::limits::{EMAIL_LENGTH_MAX, ID_LENGTH_MAX};

/// The path every link has before its token; a text that holds it elsewhere holds a link that is not ours.
pub const LINK_PATH: &str = "/relationship-requests/";
/// The longest token, in characters.
pub const TOKEN_LENGTH_MAX: usize = (HEAD_LENGTH + ID_LENGTH_MAX + SIGNATURE_LENGTH).div_ceil(3) * 4;
/// The most link keys kept at a time, retired ones included.
pub const LINK_KEYS_MAX: usize = 64;
/// The longest introductory paragraph, in bytes.
pub const PARAGRAPH_LENGTH_MAX: usize = 16_384;
/// The most introductory paragraphs.
pub const PARAGRAPHS_MAX: usize = 2;

/// Signed before every token and never sent, so that no signature made for another purpose is one of ours.
const SIGNED_PREFIX: &[u8] = b"standing relationship request\0";
const TOKEN_VERSION: u8 = 1;
/// The one kind of relationship there is to ask for.
const RESELLER: u8 = b'r';
const KEY_ID_LENGTH: usize = 8;
/// Version, kind and key id.
const HEAD_LENGTH: usize = 2 + KEY_ID_LENGTH;
const KEYS_VERSION: u64 = 1;
/// So many first characters of the token found elsewhere are a damaged link and no accident.
const TOKEN_PREFIX_LENGTH: usize = 16;

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
        let mut told = vec![TOKEN_VERSION, RESELLER];
        told.extend(self.newest.id.0);
        told.extend(partner.as_str().as_bytes());
        let signature = self.newest.key.sign(&signed(&told));
        told.extend(signature.to_bytes());
        Token(BASE64URL_NOPAD.encode(&told))
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
        let (told, signature) = bytes.split_last_chunk::<SIGNATURE_LENGTH>().ok_or(TokenError::Malformed)?;
        let (&[version, kind], rest) = told.split_first_chunk().ok_or(TokenError::Malformed)?;
        if (version, kind) != (TOKEN_VERSION, RESELLER) {
            return Err(TokenError::Kind);
        }
        let (id, partner) = rest.split_first_chunk().ok_or(TokenError::Malformed)?;
        let key = self.list().find(|key| key.id.0 == *id).ok_or(TokenError::UnknownKey)?;
        key.key
            .verifying_key()
            .verify_strict(&signed(told), &Signature::from_bytes(signature))
            .map_err(|_| TokenError::Altered)?;
        if key.retired.is_some() {
            return Err(TokenError::RetiredKey(key.id));
        }
        let partner = std::str::from_utf8(partner).map_err(|_| TokenError::Malformed)?;
        Ok(Invitation { partner: partner.parse().map_err(|_: IdError| TokenError::Malformed)? })
    }
}

fn signed(told: &[u8]) -> Vec<u8> {
    [SIGNED_PREFIX, told].concat()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysDocument {
    v: u64,
    keys: Vec<KeyDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyDocument {
    id: String,
    seed: String,
    created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired: Option<Timestamp>,
}

impl Serialize for LinkKeys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let keys = self.list().map(|key| KeyDocument {
            id: key.id.to_string(),
            seed: BASE64URL_NOPAD.encode(key.key.as_bytes()),
            created: key.created,
            retired: key.retired,
        });
        KeysDocument { v: KEYS_VERSION, keys: keys.collect() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LinkKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = serde_json::Value::deserialize(deserializer)?;
        Self::from_document(document).map_err(serde::de::Error::custom)
    }
}

impl LinkKeys {
    fn from_document(document: serde_json::Value) -> Result<Self, LinkKeyError> {
        // The version comes before the shape: a later version may have any shape.
        match document.get("v").and_then(serde_json::Value::as_u64) {
            Some(KEYS_VERSION) => {}
            Some(found) => return Err(LinkKeyError::Version { found }),
            None => return Err(unreadable("member `v` is no version")),
        }
        // The parser's own message could repeat a seed that stands in the wrong member.
        let document: KeysDocument = serde_json::from_value(document)
            .map_err(|_| unreadable("a member is missing, unknown or of another kind"))?;
        if document.keys.len() > LINK_KEYS_MAX {
            return Err(unreadable("there are too many keys"));
        }
        let mut keys: Vec<LinkKey> = Vec::new();
        for stored in document.keys {
            let id = stored.id.parse()?;
            let seed = BASE64URL_NOPAD
                .decode(stored.seed.as_bytes())
                .ok()
                .and_then(|seed| seed.try_into().ok())
                .ok_or_else(|| unreadable("a seed is not 32 bytes in base64url"))?;
            let key = LinkKey { retired: stored.retired, ..LinkKey::new(seed, stored.created) };
            if key.id != id {
                return Err(LinkKeyError::Mismatch { stored: id, derived: key.id });
            }
            if keys.iter().any(|known| known.id == id) {
                return Err(unreadable("a key stands there twice"));
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(unreadable("there is no key"));
        }
        let newest = keys.remove(0);
        if newest.retired.is_some() {
            return Err(unreadable("the newest key is retired and nothing else may sign"));
        }
        Ok(Self { newest, older: keys })
    }
}

fn unreadable(message: &str) -> LinkKeyError {
    LinkKeyError::Document { message: message.to_owned() }
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

/// The email a partner copies and sends to a customer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Email {
    subject: String,
    /// The introduction, at most two paragraphs, which the partner may edit or delete.
    #[schema(max_items = 2)]
    paragraphs: Vec<String>,
    /// The whole text: the introduction, then the link, which is left as it is.
    text: String,
    #[serde(skip)]
    link: String,
}

/// Why an edited email is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// A text longer than any may be.
    #[error("the email has {length} bytes; shorten it to at most {EMAIL_LENGTH_MAX}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// A paragraph longer than any may be.
    #[error("a paragraph has {length} bytes; shorten it to at most {PARAGRAPH_LENGTH_MAX}")]
    ParagraphTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// More paragraphs than the two that may be edited.
    #[error("{count} paragraphs stand before the link; leave at most {PARAGRAPHS_MAX}, without blank lines in them")]
    TooManyParagraphs {
        /// How many there are.
        count: usize,
    },
    /// A control character, which would corrupt the email.
    #[error("the text holds the control character `{}`; leave it out", code(*character))]
    ControlCharacter {
        /// Which.
        character: char,
    },
    /// A character that turns the direction of writing around, so that a text reads otherwise than it is.
    #[error("the text holds the direction control `{}`; leave it out", code(*character))]
    DirectionControl {
        /// Which.
        character: char,
    },
    /// No link.
    #[error("the link is missing; copy it from the original email, on a line of its own")]
    LinkMissing,
    /// Something that resembles the link and is not exactly it.
    #[error(
        "something in the text resembles the link but is not exactly it; \
         leave the link as it was, with nothing joined to it, and no other like it"
    )]
    LinkTouched,
    /// The link more than once.
    #[error("the link stands there more than once; leave it only where it was, after the introduction")]
    LinkRepeated,
    /// The text from the link's paragraph on is not as it was.
    #[error(
        "only the first two paragraphs may be edited; \
         leave the text from `{LINK_SENTENCE}` on as it was, after a blank line"
    )]
    EndingChanged,
}

fn code(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

const LINK_SENTENCE: &str = "To accept this request, follow this link:";
const CLOSING: &str = "Only a global administrator of your organization can accept. You can review your partners, \
                       and remove delegated administrative privileges from any of them, on your Partner Relationships \
                       page at any time.";

impl Email {
    /// The email of a partner, the same every time.
    #[must_use]
    pub fn of(partner: &Partner, link: &str) -> Self {
        let visible: String = partner.name.chars().filter(|&c| !turns_direction(c) && !c.is_control()).collect();
        let email = Self::naming(visible.trim(), link);
        // A name that shows nothing or poses as a link would make an email that nobody may send back.
        if visible.trim().is_empty() || email.count_links(&email.text) != Ok(1) {
            return Self::naming(partner.id.as_str(), link);
        }
        email
    }

    fn naming(name: &str, link: &str) -> Self {
        let introduction = vec![
            format!("{name} would like to work with your organization and requests a reseller relationship with you."),
            format!(
                "Accepting grants {name} delegated administrative privileges, so that {name} can provision your \
                 services and provide you with support. It changes nothing else: your subscriptions, who sold them \
                 to you and who bills you for them stay as they are."
            ),
        ];
        let subject = format!("{name} requests a reseller relationship with you");
        Self::assemble(subject, introduction, link.to_owned())
    }

    /// Its subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Its introduction: at most two paragraphs.
    #[must_use]
    pub fn paragraphs(&self) -> &[String] {
        &self.paragraphs
    }

    /// The whole text, the link in it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The email with another introduction of at most two paragraphs; empty ones are dropped.
    ///
    /// # Errors
    /// An [`EmailError`] that says what to change.
    pub fn with_paragraphs(&self, paragraphs: &[String]) -> Result<Self, EmailError> {
        let length = paragraphs.iter().map(String::len).sum();
        if length > EMAIL_LENGTH_MAX {
            return Err(EmailError::TooLong { length });
        }
        if paragraphs.len() > PARAGRAPHS_MAX {
            return Err(EmailError::TooManyParagraphs { count: paragraphs.len() });
        }
        let mut introduction = Vec::new();
        for paragraph in paragraphs {
            introduction.extend(paragraphs_of(&plain(paragraph)?));
        }
        self.with_introduction(introduction)
    }

    /// The email as a partner edited its whole text: accepted only with the link as it was, where it was.
    ///
    /// # Errors
    /// An [`EmailError`] that says what to change.
    pub fn edited(&self, text: &str) -> Result<Self, EmailError> {
        if text.len() > EMAIL_LENGTH_MAX {
            return Err(EmailError::TooLong { length: text.len() });
        }
        let text = plain(text)?;
        match self.count_links(&text)? {
            0 => return Err(EmailError::LinkMissing),
            1 => {}
            _ => return Err(EmailError::LinkRepeated),
        }
        let mut introduction = paragraphs_of(&text);
        let ending = paragraphs_of(&ending(&self.link));
        if !introduction.ends_with(&ending) {
            return Err(EmailError::EndingChanged);
        }
        introduction.truncate(introduction.len() - ending.len());
        self.with_introduction(introduction)
    }

    /// Takes paragraphs that were found in a [`plain`] text.
    fn with_introduction(&self, introduction: Vec<String>) -> Result<Self, EmailError> {
        if introduction.len() > PARAGRAPHS_MAX {
            return Err(EmailError::TooManyParagraphs { count: introduction.len() });
        }
        if let Some(length) = introduction.iter().map(String::len).find(|&length| length > PARAGRAPH_LENGTH_MAX) {
            return Err(EmailError::ParagraphTooLong { length });
        }
        // The regenerated text is what is sent, so that is what is searched for links.
        let email = Self::assemble(self.subject.clone(), introduction, self.link.clone());
        match email.count_links(&email.text)? {
            1 => Ok(email),
            _ => Err(EmailError::LinkRepeated),
        }
    }

    fn assemble(subject: String, paragraphs: Vec<String>, link: String) -> Self {
        let mut text = String::new();
        for paragraph in &paragraphs {
            text.push_str(paragraph);
            text.push_str("\n\n");
        }
        text.push_str(&ending(&link));
        Self { subject, paragraphs, text, link }
    }

    /// How often the untouched link stands in a text in which nothing else resembles it.
    fn count_links(&self, text: &str) -> Result<usize, EmailError> {
        let links: Vec<Range<usize>> =
            text.match_indices(&self.link).map(|(start, link)| start..start + link.len()).collect();
        if links.iter().any(|link| !stands_alone(text, link)) {
            return Err(EmailError::LinkTouched);
        }
        // ASCII only, so that places are the same in both texts.
        let folded = text.to_ascii_lowercase();
        let token = self.link.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        for likeness in [Some(LINK_PATH), token.get(..TOKEN_PREFIX_LENGTH)].into_iter().flatten() {
            let mut links = links.iter().peekable();
            for (place, _) in folded.match_indices(likeness) {
                while links.next_if(|link| link.end <= place).is_some() {}
                if links.peek().is_none_or(|link| place < link.start) {
                    return Err(EmailError::LinkTouched);
                }
            }
        }
        Ok(links.len())
    }
}

/// The part of the text that stays as it is.
fn ending(link: &str) -> String {
    format!("{LINK_SENTENCE}\n{link}\n\n{CLOSING}")
}

/// Is there white space, or nothing, on either side?
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let before = text.get(..range.start).and_then(|text| text.chars().next_back());
    let after = text.get(range.end..).and_then(|text| text.chars().next());
    before.is_none_or(char::is_whitespace) && after.is_none_or(char::is_whitespace)
}

/// A text with one kind of line end, in which every character is what it shows.
fn plain(text: &str) -> Result<String, EmailError> {
    let text = text.replace("\r\n", "\n");
    match text.chars().find(|&c| (c.is_control() && c != '\n' && c != '\t') || turns_direction(c)) {
        Some(character) if character.is_control() => Err(EmailError::ControlCharacter { character }),
        Some(character) => Err(EmailError::DirectionControl { character }),
        None => Ok(text),
    }
}

/// The paragraphs of a text: what stands between blank lines, without white space at the ends of lines.
fn paragraphs_of(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.split(|line| line.is_empty()).filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n")).collect()
}

/// Embeddings, overrides and isolates of writing direction.
fn turns_direction(character: char) -> bool {
    matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
