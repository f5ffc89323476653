//! A record as it is written, and what it is found by.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::record::{RecordKind, VERSION};
use super::term::{Field, Fingerprint, Term};
use super::tree::{Hash, leaf_hash};
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::decide::Reason;
use crate::policy::RuleId;

/// A record ready to be written: the bytes that are stored, hashed and exported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Its leaf in the tree: the hash of the bytes.
    pub leaf: Hash,
    /// What it is indexed by; nothing where that has to be read of the bytes.
    pub(crate) entry: Option<IndexEntry>,
}

impl Recorded {
    /// The record with these bytes.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        Self { leaf: leaf_hash(&bytes), bytes, entry: None }
    }

    /// The record with these bytes, and what it is found by.
    pub(super) fn found_by(bytes: Vec<u8>, findable: &Findable<'_>) -> Self {
        Self { entry: Some(findable.entry()), ..Self::of(bytes) }
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
        match serde_json::from_slice::<ReadRecord<'_>>(bytes) {
            Ok(record) if record.v <= VERSION => {
                let mut terms = Vec::with_capacity(10);
                record.findable().each_term(|term| terms.push(term));
                Self { at: Some(record.at), terms }
            }
            _ => Self::default(),
        }
    }
}

/// A record as the index holds it: [`Indexed`] with the fingerprints of its terms.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct IndexEntry {
    /// When it was decided; nothing where the bytes are no record.
    pub(crate) at: Option<Timestamp>,
    /// The fingerprints of its terms.
    pub(crate) terms: Vec<Fingerprint>,
}

impl IndexEntry {
    /// Reads it of the bytes of a record.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let Indexed { at, terms } = Indexed::read(bytes);
        Self { at, terms: terms.iter().map(Fingerprint::of).collect() }
    }
}

/// What a record can be found by, whether it is read or about to be written.
pub(super) struct Findable<'a> {
    pub(super) at: Timestamp,
    pub(super) caller: &'a Caller,
    pub(super) request_id: Option<&'a str>,
    pub(super) asked: RecordKind,
    /// Type and id.
    pub(super) subject: (&'a str, &'a str),
    pub(super) action: &'a str,
    /// Type and id.
    pub(super) resource: (&'a str, &'a str),
    pub(super) rules: &'a str,
    pub(super) decision: bool,
    pub(super) deciding: &'a [RuleId],
    pub(super) reason: Option<&'a Reason>,
    /// Was it refused before its question was understood?
    pub(super) is_invalid: bool,
}

impl Findable<'_> {
    fn each_term(&self, mut then: impl FnMut(Term)) {
        let (subject, resource) = ([self.subject.0, "::", self.subject.1], [self.resource.0, "::", self.resource.1]);
        if !self.is_invalid {
            then(Term::joined(Field::Subject, &subject));
            then(Term::joined(Field::Resource, &resource));
        }
        if !self.action.is_empty() || !self.is_invalid {
            then(Term::of(Field::Action, self.action));
        }
        then(Term::of(Field::Decision, if self.decision { "true" } else { "false" }));
        then(Term::of(Field::Caller, &self.caller.to_string()));
        then(Term::of(Field::Rules, self.rules));
        then(Term::of(Field::Kind, self.asked.as_str()));
        self.reason.iter().for_each(|reason| then(Term::of(Field::Reason, reason.as_str())));
        self.deciding.iter().for_each(|rule| then(Term::of(Field::Rule, rule.as_str())));
        self.request_id.iter().for_each(|id| then(Term::of(Field::RequestId, id)));
        if self.decision && self.asked == RecordKind::Evaluation {
            then(Term::of_use(&subject.concat(), self.action, &resource.concat()));
        }
    }

    fn entry(&self) -> IndexEntry {
        let mut terms = Vec::with_capacity(10);
        self.each_term(|term| terms.push(Fingerprint::of(&term)));
        IndexEntry { at: Some(self.at), terms }
    }
}

/// What is read of a record to find it by: every record of a store that was just opened is read for it, so nothing else
/// of it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadRecord<'a> {
    v: u8,
    at: Timestamp,
    caller: Caller,
    #[serde(default)]
    request_id: Option<String>,
    asked: RecordKind,
    #[serde(borrow)]
    question: ReadQuestion<'a>,
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
struct ReadQuestion<'a> {
    #[serde(borrow)]
    subject: ReadEntity<'a>,
    #[serde(borrow)]
    action: ReadAction<'a>,
    #[serde(borrow)]
    resource: ReadEntity<'a>,
}

#[derive(Deserialize)]
struct ReadEntity<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct ReadAction<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

impl ReadRecord<'_> {
    fn findable(&self) -> Findable<'_> {
        let ReadQuestion { subject, action, resource } = &self.question;
        Findable {
            at: self.at,
            caller: &self.caller,
            request_id: self.request_id.as_deref(),
            asked: self.asked,
            subject: (&subject.kind, &subject.id),
            action: &action.name,
            resource: (&resource.kind, &resource.id),
            rules: &self.rules,
            decision: self.decision,
            deciding: &self.deciding,
            reason: self.reason.as_ref(),
            is_invalid: self.invalid.is_some(),
        }
    }
}
