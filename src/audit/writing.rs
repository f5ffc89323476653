//! How a record is written: the one order and form of its members, whoever holds them.

use std::cell::RefCell;

use data_encoding::HEXLOWER;
use serde::{Serialize, Serializer};

use super::record::{CallOutcome, Claimed, ENGINE, Record, RecordError, RecordKind, Results, SALT_BYTES, VERSION};
use super::recorded::{Findable, Recorded};
use crate::caller::{Caller, Person, Proof};
use crate::clock::Timestamp;
use crate::decide::{Decision, Reason, Refusal, RuleFault};
use crate::facts::{Facts, PlainFacts};
use crate::policy::{Digest, RuleId};
use crate::question::{Entity, Question};

/// How much of what records are written into a thread keeps for the next one, in bytes.
const KEPT_BYTES: usize = 64 * 1024;

thread_local! {
    /// What records are written into before their length is known.
    static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A record as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a, F> {
    v: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<&'a str>,
    at: Timestamp,
    caller: &'a Caller,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<&'a Person>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'a Proof>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'a str>,
    asked: RecordKind,
    question: &'a Question,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'a Entity>,
    facts: &'a F,
    #[serde(skip_serializing_if = "Option::is_none")]
    world: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<&'a Claimed>,
    rules: &'a Digest,
    engine: &'a str,
    decision: bool,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    deciding: &'a [RuleId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    admitted: &'a [RuleId],
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refusal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Reason>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    faults: &'a [RuleFault],
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<&'a Results>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a CallOutcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invalid: Option<&'a str>,
}

impl<F: Serialize> Written<'_, F> {
    fn recorded(&self) -> Result<Recorded, RecordError> {
        let Question { subject, action, resource, .. } = self.question;
        let findable = Findable {
            at: self.at,
            caller: self.caller,
            request_id: self.request_id,
            asked: self.asked,
            subject: (&subject.kind, &subject.id),
            action: &action.name,
            resource: (&resource.kind, &resource.id),
            rules: self.rules.as_str(),
            decision: self.decision,
            deciding: self.deciding,
            reason: self.reason,
            is_invalid: self.invalid.is_some(),
        };
        Ok(Recorded::found_by(bytes(self)?, &findable))
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written().serialize(serializer)
    }
}

impl Record {
    fn written(&self) -> Written<'_, Facts> {
        Written {
            v: self.v,
            salt: self.salt.as_deref(),
            at: self.at,
            caller: &self.caller,
            person: self.person.as_ref(),
            proof: self.proof.as_ref(),
            request_id: self.request_id.as_deref(),
            trace: self.trace.as_deref(),
            asked: self.asked,
            question: &self.question,
            about: self.about.as_ref(),
            facts: &self.facts,
            world: self.world.as_deref(),
            claimed: self.claimed.as_ref(),
            rules: &self.rules,
            engine: &self.engine,
            decision: self.decision,
            deciding: &self.deciding,
            admitted: &self.admitted,
            refusal: self.refusal,
            reason: self.reason.as_ref(),
            faults: &self.faults,
            results: self.results.as_ref(),
            outcome: self.outcome.as_ref(),
            entry: self.entry.as_deref(),
            invalid: self.invalid.as_deref(),
        }
    }

    /// The record ready to be written.
    ///
    /// # Errors
    /// [`RecordError::Unwritable`]; then nothing may be answered.
    pub fn recorded(&self) -> Result<Recorded, RecordError> {
        self.written().recorded()
    }

    /// The bytes that are stored, hashed and exported.
    ///
    /// # Errors
    /// [`RecordError::Unwritable`]; then nothing may be answered.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RecordError> {
        bytes(self)
    }
}

fn bytes(record: &impl Serialize) -> Result<Vec<u8>, RecordError> {
    WRITTEN.with_borrow_mut(|written| {
        // Whatever one before it came to.
        written.clear();
        let made = serde_json::to_writer(&mut *written, record);
        let bytes = written.as_slice().to_vec();
        written.shrink_to(KEPT_BYTES);
        made.map(|()| bytes).map_err(RecordError::Unwritable)
    })
}

/// What the record of a plain question is made of.
pub struct PlainRecord<'a> {
    /// When it was decided.
    pub at: Timestamp,
    /// Whom the call spoke for.
    pub caller: &'a Caller,
    /// Who made it.
    pub person: Option<&'a Person>,
    /// How the caller was established.
    pub proof: &'a Proof,
    /// The caller's own name for the call.
    pub request_id: Option<&'a str>,
    /// The trace the call belongs to.
    pub trace: Option<&'a str>,
    /// The question.
    pub question: &'a Question,
    /// What was found.
    pub facts: &'a PlainFacts<'a>,
    /// The digest of the rules.
    pub rules: &'a Digest,
    /// The rules that let the caller ask.
    pub admitted: &'a [RuleId],
    /// The decision.
    pub decision: &'a Decision,
}

impl PlainRecord<'_> {
    /// The record ready to be written: the same bytes that the [`Record`] of it has.
    ///
    /// # Errors
    /// [`RecordError::Unwritable`]; then nothing may be answered.
    pub fn recorded(&self, salt: &[u8; SALT_BYTES]) -> Result<Recorded, RecordError> {
        let salt = HEXLOWER.encode(salt);
        let written = Written {
            v: VERSION,
            salt: Some(&salt),
            at: self.at,
            caller: self.caller,
            person: self.person,
            proof: Some(self.proof),
            request_id: self.request_id,
            trace: self.trace,
            asked: RecordKind::Evaluation,
            question: self.question,
            about: None,
            facts: self.facts,
            world: None,
            claimed: None,
            rules: self.rules,
            engine: ENGINE,
            decision: self.decision.is_allowed(),
            deciding: self.decision.rules(),
            admitted: self.admitted,
            refusal: self.decision.refusal(),
            reason: self.decision.reason(),
            faults: self.decision.faults(),
            results: None,
            outcome: None,
            entry: None,
            invalid: None,
        };
        written.recorded()
    }
}
