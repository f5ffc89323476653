//! A record as it is written, and the terms by which it is found again.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::{Digest as _, Sha256};

use super::record::{Record, RecordError, RecordKind, VERSION};
use super::tree::{Hash, leaf_hash};
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::decide::Reason;
use crate::policy::RuleId;

/// The longest value that stands in a term as it is; of a longer one, its SHA-256 does.
const VALUE_LENGTH_MAX: usize = 96;
/// What stands before the SHA-256 of a value; no value that stands as it is begins with it.
const HASHED: u8 = 1;
/// How much of its SHA-256 stands for who did what to which resource.
const USE_BYTES: usize = 16;

/// What of a record it can be found by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Field {
    /// The subject, `Type::id`; of a search for subjects, `Type::`.
    Subject = b's',
    /// The action; that of a call of this service begins with `Api::`.
    Action = b'a',
    /// The resource, `Type::id`.
    Resource = b'r',
    /// The answer: `true` or `false`.
    Decision = b'd',
    /// Who asked, for example `partner:contoso` or `operator:local`.
    Caller = b'c',
    /// Why it was a no.
    Reason = b'n',
    /// The digest of the rules.
    Rules = b'b',
    /// A rule that decided.
    Rule = b'u',
    /// `evaluation`, `search` or `call`.
    Kind = b'k',
    /// The caller's own name for the call.
    RequestId = b'i',
    /// Subject, action and resource of an evaluation that was a yes.
    Use = b'y',
}

/// A field with a value: what a record is found by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Term(Vec<u8>);

impl Term {
    /// The records whose `field` is `value`.
    #[must_use]
    pub fn of(field: Field, value: &str) -> Self {
        Self::joined(field, &[value])
    }

    /// The evaluations that allowed a subject an action on a resource.
    #[must_use]
    pub fn of_use(subject: &str, action: &str, resource: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [subject, action, resource] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut term = vec![Field::Use as u8, HASHED];
        term.extend(hash.finalize().iter().take(USE_BYTES));
        Self(term)
    }

    fn joined(field: Field, parts: &[&str]) -> Self {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut term = Vec::with_capacity(1 + length.min(VALUE_LENGTH_MAX));
        term.push(field as u8);
        if length <= VALUE_LENGTH_MAX && parts.iter().all(|part| part.bytes().all(|byte| byte >= b' ')) {
            parts.iter().for_each(|part| term.extend_from_slice(part.as_bytes()));
            return Self(term);
        }
        let mut hash = Sha256::new();
        parts.iter().for_each(|part| hash.update(part));
        term.push(HASHED);
        term.extend_from_slice(&hash.finalize());
        Self(term)
    }

    /// Is it of a field that has the same few values in most records?
    #[must_use]
    pub fn is_shared(&self) -> bool {
        let own = [Field::Subject, Field::Resource, Field::RequestId, Field::Use];
        !self.0.first().is_some_and(|field| own.iter().any(|own| *own as u8 == *field))
    }

    /// The term as the index holds it: no zero byte but in a hash, and no term is the beginning of another that is
    /// followed by one.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A record ready to be written: the bytes that are stored, hashed and exported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Its leaf in the tree: the hash of the bytes.
    pub leaf: Hash,
}

impl Recorded {
    /// The record with these bytes.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        Self { leaf: leaf_hash(&bytes), bytes }
    }
}

/// What a record that was written is found by.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Indexed {
    /// When it was decided; nothing where the bytes are no record.
    pub at: Option<Timestamp>,
    /// Its terms; none where the bytes are no record.
    pub terms: Vec<Term>,
}

impl Indexed {
    /// Reads it of the bytes of a record.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        match serde_json::from_slice::<Findable<'_>>(bytes) {
            Ok(record) if record.v <= VERSION => Self { at: Some(record.at), terms: record.terms() },
            _ => Self::default(),
        }
    }
}

impl Record {
    /// The record ready to be written.
    ///
    /// # Errors
    /// [`RecordError::Unwritable`]; then nothing may be answered.
    pub fn recorded(&self) -> Result<Recorded, RecordError> {
        Ok(Recorded::of(self.to_bytes()?))
    }
}

/// What a record can be found by: every record is read for it, so nothing else of it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Findable<'a> {
    v: u8,
    at: Timestamp,
    caller: Caller,
    #[serde(default)]
    request_id: Option<String>,
    asked: RecordKind,
    #[serde(borrow)]
    question: FindableQuestion<'a>,
    #[serde(borrow)]
    rules: Cow<'a, str>,
    decision: bool,
    #[serde(default)]
    deciding: Vec<RuleId>,
    #[serde(default)]
    reason: Option<Reason>,
    #[serde(default)]
    invalid: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct FindableQuestion<'a> {
    #[serde(borrow)]
    subject: FindableEntity<'a>,
    #[serde(borrow)]
    action: FindableAction<'a>,
    #[serde(borrow)]
    resource: FindableEntity<'a>,
}

#[derive(Deserialize)]
struct FindableEntity<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct FindableAction<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

impl Findable<'_> {
    fn terms(&self) -> Vec<Term> {
        let FindableQuestion { subject, action, resource } = &self.question;
        let action = &action.name;
        let mut terms = Vec::with_capacity(10);
        if self.invalid.is_none() {
            terms.push(Term::joined(Field::Subject, &[&subject.kind, "::", &subject.id]));
            terms.push(Term::joined(Field::Resource, &[&resource.kind, "::", &resource.id]));
        }
        if !action.is_empty() || self.invalid.is_none() {
            terms.push(Term::of(Field::Action, action));
        }
        terms.push(Term::of(Field::Decision, if self.decision { "true" } else { "false" }));
        terms.push(Term::of(Field::Caller, &self.caller.to_string()));
        terms.push(Term::of(Field::Rules, &self.rules));
        terms.push(Term::of(Field::Kind, self.asked.as_str()));
        terms.extend(self.reason.iter().map(|reason| Term::of(Field::Reason, reason.as_str())));
        terms.extend(self.deciding.iter().map(|rule| Term::of(Field::Rule, rule.as_str())));
        terms.extend(self.request_id.iter().map(|id| Term::of(Field::RequestId, id)));
        if self.decision && self.asked == RecordKind::Evaluation {
            let subject = format!("{}::{}", subject.kind, subject.id);
            let resource = format!("{}::{}", resource.kind, resource.id);
            terms.push(Term::of_use(&subject, action, &resource));
        }
        terms
    }
}
