//! The record of a decision: everything that is needed to decide it again.
//!
//! A record is one JSON document in UTF-8 without white space, its members in the order of the fields below; these
//! bytes are what is stored, hashed and exported. Its place in the ledger is not part of it. Version 2; a record of
//! version 1 lacks what is marked, and is read, verified and replayed as it is:
//!
//! | member | meaning |
//! |---|---|
//! | `v` | the version of the record's form: 2 |
//! | `salt` (2) | 128 random bits in hexadecimal, so that a record whose parts are masked cannot be guessed from its hash |
//! | `at` | when it was decided, RFC 3339 in UTC to the millisecond; the moment asked about is that of the facts |
//! | `caller` | whom the call spoke for |
//! | `person` (2) | who made it, `issuer` and `subject`, where that is known |
//! | `proof` (2) | how the caller was established: `by` a `token` (with its `id`), a `jwt` or a `signIn` at a provider (with its `issuer`), a `certificate` (with its `sha256`), the `socket`, the `service` itself, or `unasked` |
//! | `requestId` | the caller's own name for the call, when it gave one |
//! | `trace` (2) | the trace the call belongs to, when it came with one (W3C `traceparent`) |
//! | `asked` | `evaluation`, `search`, `look` (a search for the actions on one resource, by whoever looks how it stands itself) or `call` (a call of this service itself) |
//! | `question` | subject, action, resource and context as asked; a search has no id in its target; of a call about rules the context holds what it said: `proposal`, `digest`, `base`, `activateAt`, and as `unproved` why rules are accepted without a proof |
//! | `about` | what a call was about, where the rules were asked about the installation because it is not known |
//! | `facts` | what was found, with the revision it was found at; no names |
//! | `world` | the SHA-256 of the entities, when a world of its own was asked |
//! | `claimed` (2) | which attributes the caller claimed of entities of that world: `counted`, and `dropped` because the world itself says them |
//! | `rules` | the digest of the rules |
//! | `engine` | what evaluated them |
//! | `decision` | the answer |
//! | `deciding` | the rules that decided |
//! | `admitted` | the rules that let the caller ask |
//! | `refusal` | what kind of no it was: `forbidden`, `notPermitted`, `unknown` or `invalid`; older records have none |
//! | `reason` | why it was a no |
//! | `faults` | rules that could not be evaluated |
//! | `results` | of a search: what was searched, how many were found, the SHA-256 of the page that was answered, which page was asked for, and the digest of the question as it was asked when more was said than was read |
//! | `outcome` | of a call that would change something and was allowed: the revision it made, that it was done and changed no fact, that nothing had to change, or the code of why not |
//! | `entry` (2) | of what changed facts, tokens, keys or rules: the SHA-256 of the entry it made in the journal |
//! | `invalid` (2) | why nothing was decided: what is wrong with what came and was no question, or what this service did that nobody asked for |

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caller::{Caller, Person, Proof};
use crate::clock::Timestamp;
use crate::decide::{Decision, Reason, Refusal, RuleFault};
use crate::facts::Facts;
use crate::id::Revision;
use crate::policy::{Digest, RuleId};
use crate::question::{Entity, Question};

/// What evaluates the rules.
pub const ENGINE: &str = concat!("standing ", env!("CARGO_PKG_VERSION"), ", cedar-policy 4.14.1");

/// The form of the records this program writes, and the newest it reads.
pub(super) const VERSION: u8 = 2;
/// How many random bytes a salt has.
pub const SALT_BYTES: usize = 16;

/// What kind of question a record is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Asked)]
#[serde(rename_all = "lowercase")]
pub enum RecordKind {
    /// A single question, or one of a batch.
    Evaluation,
    /// A search.
    Search,
    /// A look at what one may do oneself: a search for the actions on one resource, which is no use of the answer.
    Look,
    /// A call of this service itself.
    Call,
}

impl RecordKind {
    /// The word as a record has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Evaluation => "evaluation",
            Self::Search => "search",
            Self::Look => "look",
            Self::Call => "call",
        }
    }
}

/// The outcome of a call that would change something.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallOutcome {
    /// It was done, and made this revision.
    Revision(Revision),
    /// It was done, and changed no fact: rules were proposed, approved, withdrawn or called back.
    Done,
    /// It was so already.
    Unchanged,
    /// It was allowed and could not be done, with the code of why.
    Refused(String),
}

/// Where the hole of a search is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Sought)]
#[serde(rename_all = "lowercase")]
pub enum SearchKind {
    /// Who may do it.
    Subject,
    /// What it may be done to.
    Resource,
    /// What may be done.
    Action,
}

/// What a search answered, and what besides its question is needed to make it again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = SearchResults)]
pub struct Results {
    /// Where its hole is.
    #[serde(rename = "sought")]
    pub kind: SearchKind,
    /// How many are on the page.
    pub count: usize,
    /// The SHA-256 of the page, `{"next_token":..,"results":[..]}` without white space, in hexadecimal; the token is
    /// empty on the last page.
    pub sha256: String,
    /// The most results that were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// The token of the page that was asked for, when it was not the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The digest of what the caller said in `page.properties`, in hexadecimal, when it said anything there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<String>,
    /// The digest of the question as it was asked, in hexadecimal, when the caller said more than was read and
    /// recorded; tokens hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
}

/// What a caller claimed of the entities of a world, each as `Type::id.attribute`, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Claimed {
    /// What the rules were told: the entity is not stored, or the attribute is one that callers may claim.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub counted: BTreeSet<String>,
    /// What they were not told: the world itself says what the entity is.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub dropped: BTreeSet<String>,
}

/// The record of one decision.
#[derive(Clone, PartialEq, Debug, Deserialize, ToSchema)]
#[schema(as = DecisionRecord)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The form of the record.
    pub(super) v: u8,
    /// 128 random bits in hexadecimal; a record of the first form has none.
    #[schema(nullable = false)]
    #[serde(default)]
    pub(super) salt: Option<String>,
    /// When it was decided.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Whom the call spoke for.
    #[schema(value_type = Object)]
    pub caller: Caller,
    /// Who made it.
    #[schema(value_type = Object)]
    #[serde(default)]
    pub person: Option<Person>,
    /// How the caller was established.
    #[schema(value_type = Object)]
    #[serde(default)]
    pub proof: Option<Proof>,
    /// The caller's own name for the call.
    #[schema(nullable = false)]
    #[serde(default)]
    pub request_id: Option<String>,
    /// The trace the call belongs to.
    #[schema(nullable = false)]
    #[serde(default)]
    pub trace: Option<String>,
    /// What kind of question it was.
    pub asked: RecordKind,
    /// The question.
    pub question: Question,
    /// What a call was about, where the rules were asked about the installation instead.
    #[schema(nullable = false)]
    #[serde(default)]
    pub about: Option<Entity>,
    /// What was found.
    #[schema(value_type = Object)]
    pub facts: Facts,
    /// The digest of the world's entities.
    #[schema(nullable = false)]
    #[serde(default)]
    pub world: Option<String>,
    /// What the caller claimed of the world's entities.
    #[schema(nullable = false)]
    #[serde(default)]
    pub claimed: Option<Claimed>,
    /// The digest of the rules.
    #[schema(value_type = String)]
    pub rules: Digest,
    /// What evaluated them.
    pub engine: String,
    /// The answer.
    pub decision: bool,
    /// The rules that decided.
    #[schema(value_type = Vec<String>)]
    #[serde(default)]
    pub deciding: Vec<RuleId>,
    /// The rules that let the caller ask.
    #[schema(value_type = Vec<String>)]
    #[serde(default)]
    pub admitted: Vec<RuleId>,
    /// What kind of no it was.
    #[schema(nullable = false)]
    #[serde(default)]
    pub refusal: Option<Refusal>,
    /// Why it was a no.
    #[schema(value_type = String)]
    #[serde(default)]
    pub reason: Option<Reason>,
    /// Rules that could not be evaluated.
    #[schema(value_type = Vec<Object>)]
    #[serde(default)]
    pub faults: Vec<RuleFault>,
    /// What a search answered.
    #[schema(nullable = false)]
    #[serde(default)]
    pub results: Option<Results>,
    /// What became of a change.
    #[schema(value_type = serde_json::Value)]
    #[serde(default)]
    pub outcome: Option<CallOutcome>,
    /// The SHA-256 of the journal's entry that the call made, in hexadecimal.
    #[schema(nullable = false)]
    #[serde(default)]
    pub(super) entry: Option<String>,
    /// What is wrong with what came, where it was no question; or what was done that nobody asked for.
    #[schema(nullable = false)]
    #[serde(default)]
    pub invalid: Option<String>,
}

/// Why a record cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It cannot be put into bytes.
    #[error("the record of a decision cannot be written: {0}; nothing was answered")]
    Unwritable(serde_json::Error),
    /// Its bytes are not a record.
    #[error("these bytes are not a record: {0}; verify the ledger")]
    Unreadable(serde_json::Error),
    /// A newer program wrote it.
    #[error("the record has form {found}, and this program reads up to {VERSION}; use a newer one")]
    Newer {
        /// The form it has.
        found: u8,
    },
}

impl Record {
    /// The record of a decision about `question`, made by the rules with digest `rules` from `facts`.
    #[must_use]
    pub fn of(
        caller: Caller,
        asked: RecordKind,
        question: Question,
        facts: Facts,
        rules: Digest,
        decision: &Decision,
    ) -> Self {
        Self {
            decision: decision.is_allowed(),
            deciding: decision.rules().to_vec(),
            refusal: decision.refusal(),
            reason: decision.reason().cloned(),
            faults: decision.faults().to_vec(),
            ..Self::refused(caller, asked, question, facts, rules)
        }
    }

    /// The record of a search, which is a yes when anything is on the page; `question` is empty in its target, and
    /// `facts` are those of the sides that were given.
    #[must_use]
    pub fn of_search(caller: Caller, question: Question, facts: Facts, rules: Digest, results: Results) -> Self {
        Self {
            decision: results.count > 0,
            results: Some(results),
            ..Self::refused(caller, RecordKind::Search, question, facts, rules)
        }
    }

    /// The record of a look at what one may do on a resource: a search for the actions, as it is asked.
    #[must_use]
    pub fn of_look(caller: Caller, question: Question, facts: Facts, rules: Digest, results: Results) -> Self {
        Self { asked: RecordKind::Look, ..Self::of_search(caller, question, facts, rules, results) }
    }

    /// A record that says no until the decision is filled in.
    fn refused(caller: Caller, asked: RecordKind, question: Question, facts: Facts, rules: Digest) -> Self {
        Self {
            v: VERSION,
            salt: None,
            at: facts.at,
            caller,
            person: None,
            proof: None,
            request_id: None,
            trace: None,
            asked,
            question,
            about: None,
            facts,
            world: None,
            claimed: None,
            rules,
            engine: ENGINE.to_owned(),
            decision: false,
            deciding: Vec::new(),
            admitted: Vec::new(),
            refusal: None,
            reason: None,
            faults: Vec::new(),
            results: None,
            outcome: None,
            entry: None,
            invalid: None,
        }
    }

    /// The record of an invalid question: `message` says what is wrong with it.
    #[must_use]
    pub fn of_invalid(caller: Caller, asked: RecordKind, message: String, facts: Facts, rules: Digest) -> Self {
        let nobody = || Entity::new("", "");
        Self {
            invalid: Some(message),
            refusal: Some(Refusal::Invalid),
            ..Self::refused(caller, asked, Question::new(nobody(), "", nobody()), facts, rules)
        }
    }

    /// The record of something that this service did and nobody asked for, as `message` says, so that nothing was
    /// decided.
    #[must_use]
    pub fn of_own(action: &str, message: String, facts: Facts, rules: Digest) -> Self {
        let mut record = Self::of_invalid(Caller::local(), RecordKind::Call, message, facts, rules);
        record.question.action.name = format!("Api::{action}");
        record.proof = Some(Proof::Service);
        record.refusal = None;
        record.outcome = Some(CallOutcome::Done);
        record
    }

    /// Has the record a salt, so that its hash discloses nothing of what it holds?
    #[must_use]
    pub fn is_salted(&self) -> bool {
        self.salt.is_some()
    }

    /// Takes random bytes as its salt.
    pub fn salt(&mut self, random: &[u8; SALT_BYTES]) {
        self.salt = Some(HEXLOWER.encode(random));
    }

    /// The SHA-256 of the journal's entry that the call made, in hexadecimal.
    #[must_use]
    pub fn entry(&self) -> Option<&str> {
        self.entry.as_deref()
    }

    /// Sets the journal's entry that was made with it, by its SHA-256.
    pub fn belongs_to(&mut self, entry: &[u8; 32]) {
        self.entry = Some(HEXLOWER.encode(entry));
    }

    /// Reads a record from its bytes.
    ///
    /// # Errors
    /// [`RecordError::Newer`] for a form this program does not know, [`RecordError::Unreadable`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Version {
            v: u8,
        }
        let Version { v: found } = serde_json::from_slice(bytes).map_err(RecordError::Unreadable)?;
        if found > VERSION {
            return Err(RecordError::Newer { found });
        }
        serde_json::from_slice(bytes).map_err(RecordError::Unreadable)
    }
}
