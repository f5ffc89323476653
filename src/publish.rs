//! Publishing rules: one person proposes them, another approves them, and they are activated at once or later.
//!
//! Every activation is one commit: the set and its evidence are stored, the history has its entry, the proposal
//! says so and the record of the call stands in the ledger. If the process dies before, nothing of it happened; if
//! it dies after, all of it did, and the next start decides by what the store says.

pub mod difference;
pub mod editors;
mod four_eyes;
pub mod review;
pub mod reviewed_bundle;
pub mod watched;
pub mod approval;
pub mod refusal;
pub mod proposal;
pub mod schedule;
pub mod begin;
pub mod report;
pub mod tables;
pub mod rules_difference;
pub mod draft_error;
pub mod drafts;
pub mod draft_files;
pub mod draft_folder;
pub mod draft_base;
pub mod draft_review;
pub mod rollback;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::caller::{Caller, Person};
use crate::clock::Timestamp;
use crate::id::DraftId;
use crate::limits::{OPEN_PROPOSALS_MAX, TEXT_LENGTH_MAX};
use crate::pdp::call::{Call, Coded};
use crate::pdp::in_force::Current;
use crate::pdp::rules::AmbiguousDigest;
use crate::publish::editors::EditorReport;
use crate::publish::review::Evidence;
use crate::publish::watched::or_refused;
use crate::question::Members;
use crate::store::{Proposal, ProposalState, StoreError, WriteContext};

/// Why rules cannot be reviewed, proposed, approved, withdrawn or called back.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The files decide.
    #[error(
        "the rules come from files; change the files in the folder of rules, or start with `rules_from = \"publishing\"`"
    )]
    FromFiles,
    /// What was sent is no set of rules.
    #[error("`files` cannot hold `{path}`: {message}")]
    File {
        /// The path.
        path: String,
        /// Why not.
        message: String,
    },
    /// A text is too long or empty.
    #[error("`{0}` is 1 to {TEXT_LENGTH_MAX} bytes; say it in fewer words, or leave it out")]
    Text(&'static str),
    /// Something was found.
    #[error("the rules cannot be in force: {}", listed(.0))]
    Refused(Box<Evidence>),
    /// Nothing was found and nothing is proved.
    #[error("the rules are not proved; say as `unproved` why they are accepted without a proof, or have them proved")]
    NotProved(Box<Evidence>),
    /// Everything is proved, so there is nothing to accept without a proof.
    #[error("every claim is proved, so `unproved` accepts nothing; approve without it")]
    NothingUnproved,
    /// Nobody approves or refuses what the same person proposed.
    #[error("`{who}` is a person who made the proposal or edited its draft; have another person decide on it")]
    SameIdentity {
        /// Who.
        who: String,
    },
    /// One token was made with the other.
    #[error(
        "token `{made}` was made with token `{maker}`, so both are of one hand; have it approved with a token that neither made"
    )]
    SameHand {
        /// The token that was made.
        made: String,
        /// The token it was made with, perhaps over others.
        maker: String,
    },
    /// Nobody can say who it is.
    #[error("`{who}` is no person, and rules come in force by two; {}", hint(.who))]
    Nobody {
        /// As whom the call came.
        who: String,
    },
    /// A person of this service's own tokens where one of another issuer is asked for.
    #[error(
        "`{person}` is a person by the word of a token of this server, and the settings ask for one of another issuer (`approval_needs_person`); approve with credentials of that issuer"
    )]
    PersonNeeded {
        /// Who.
        person: String,
    },
    /// Who approved it is not allowed to any more.
    #[error("the approval of `{who}` does not count any more: {why}; propose it again, and have it approved")]
    Lapsed {
        /// Who.
        who: String,
        /// Why.
        why: String,
    },
    /// There is no such proposal.
    #[error("there is no proposal {0}; list the proposals for their numbers")]
    UnknownProposal(u64),
    /// There is no such draft.
    #[error("there is no draft `{0}`; list the drafts for their ids")]
    UnknownDraft(DraftId),
    /// It changed since it was read.
    #[error("draft `{0}` changed while it was reviewed; look at it, and propose it again")]
    DraftChanged(DraftId),
    /// It ended before.
    #[error("proposal {id} is `{}`; make another one", said(.state))]
    Closed {
        /// Which.
        id: u64,
        /// How far it came.
        state: ProposalState,
    },
    /// Other rules were activated since.
    #[error(
        "this was meant over rules `{base}`, and `{in_force}` are in force; look again, and say so with `base` `{in_force}`"
    )]
    Moved {
        /// What it was made or approved over.
        base: String,
        /// What is in force.
        in_force: String,
    },
    /// They are in force.
    #[error("the rules `{0}` are in force already; nothing has to change")]
    InForce(String),
    /// Another proposal is scheduled.
    #[error("proposal {0} is to come in force later; withdraw it first, or wait until it has")]
    Scheduled(u64),
    /// There are too many.
    #[error("{OPEN_PROPOSALS_MAX} proposals are open; withdraw some first")]
    TooMany,
    /// The moment has passed.
    #[error("`activateAt` `{at}` has passed, it is `{now}`; give a later one or none")]
    Past {
        /// The moment.
        at: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// No rules of that digest were ever in force here.
    #[error("no rules with digest `{0}` were ever in force here; see the history of the rules")]
    UnknownRules(String),
    /// Several sets of rules have digests that begin so.
    #[error(transparent)]
    Ambiguous(#[from] AmbiguousDigest),
    /// They were in force once and cannot be any more.
    #[error("the rules `{digest}` cannot be in force any more: {message}; name others")]
    Unloadable {
        /// Which.
        digest: String,
        /// Why not.
        message: String,
    },
}

/// How many findings an error lists; the evidence holds all.
const REPORTED_MAX: usize = 5;

fn listed(evidence: &Evidence) -> String {
    let findings = or_refused(evidence.findings.clone());
    let mut listed: Vec<String> = findings.iter().take(REPORTED_MAX).map(ToString::to_string).collect();
    if findings.len() > REPORTED_MAX {
        listed.push(format!("and {} more", findings.len() - REPORTED_MAX));
    }
    listed.join("; ")
}

fn hint(who: &str) -> &'static str {
    if who == Caller::anonymous().to_string() {
        "this server asks for no credentials, so all its callers are one: use `standing rules` beside it, with `--token-file`"
    } else {
        "say who you are with `--token-file FILE` or `STANDING_TOKEN`"
    }
}

fn said(state: &ProposalState) -> &'static str {
    match state {
        ProposalState::Open => "open",
        ProposalState::Scheduled => "scheduled",
        ProposalState::Activated => "activated",
        ProposalState::Withdrawn => "withdrawn",
        ProposalState::NotActivated => "notActivated",
        ProposalState::Refused => "refused",
    }
}

impl Coded for PublishError {
    fn code(&self) -> &'static str {
        match self {
            Self::FromFiles => "rules_come_from_files",
            Self::File { .. } => "invalid_rule_file",
            Self::Text(_) => "invalid_text",
            Self::Refused(_) => "rules_refused",
            Self::NotProved(_) => "not_proved",
            Self::NothingUnproved => "nothing_unproved",
            Self::SameIdentity { .. } => "same_identity",
            Self::SameHand { .. } => "same_hand",
            Self::Nobody { .. } => "no_person",
            Self::PersonNeeded { .. } => "person_needed",
            Self::Lapsed { .. } => "approval_lapsed",
            Self::UnknownProposal(_) => "unknown_proposal",
            Self::UnknownDraft(_) => "unknown_draft",
            Self::DraftChanged(_) => "draft_changed",
            Self::Closed { .. } => "proposal_closed",
            Self::Moved { .. } => "rules_moved",
            Self::InForce(_) => "already_in_force",
            Self::Scheduled(_) => "already_scheduled",
            Self::TooMany => "too_many_proposals",
            Self::Past { .. } => "activation_time_passed",
            Self::UnknownRules(_) => "unknown_rules",
            Self::Ambiguous(_) => "ambiguous_digest",
            Self::Unloadable { .. } => "rules_do_not_load",
        }
    }

    fn evidence(&self) -> Option<Value> {
        match self {
            Self::Refused(evidence) | Self::NotProved(evidence) => serde_json::to_value(evidence).ok(),
            _ => None,
        }
    }
}

/// Somebody's yes to a proposal, as it is told.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Approved {
    /// Who.
    pub by: String,
    /// The person behind it, and in brackets who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Why it is accepted without a proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproved: Option<String>,
    /// What was said with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// How a proposal ended, when it did not come in force.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Ended {
    /// Who ended it.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A proposal as it is told.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ProposalTold)]
#[serde(rename_all = "camelCase")]
pub struct ProposalReport {
    /// Its number.
    pub id: u64,
    /// How far it came.
    pub state: ProposalState,
    /// The digest of its rules.
    pub digest: String,
    /// The rules that were in force when it was made.
    pub base: String,
    /// What it does, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Why it is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Who made it.
    pub proposer: String,
    /// The person behind it, and in brackets who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The draft it was made of.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<DraftId>,
    /// Who had changed that draft; none of them may approve it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub editors: Vec<EditorReport>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// When it is to come in force; at once when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activate_at: Option<Timestamp>,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approved>,
    /// How it ended, when it did not come in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
    /// What is known of it; left out of lists.
    #[schema(value_type = Option<Object>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Value>,
    /// Its files, when one proposal is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<BTreeMap<String, String>>,
}

impl ProposalReport {
    /// How far it came, in the word of the wire.
    #[must_use]
    pub fn state_code(&self) -> &'static str {
        said(&self.state)
    }
}

impl From<Proposal> for ProposalReport {
    fn from(proposal: Proposal) -> Self {
        let Proposal { id, digest, base, title, why, proposer, person, at, activate_at, state, draft, .. } = proposal;
        let editors = proposal.editors.into_iter().map(EditorReport::from).collect();
        let said = |person: Option<Person>| person.map(|person| person.to_string());
        let approval = proposal.approval.map(|approval| Approved {
            by: approval.by.to_string(),
            person: said(approval.person),
            at: approval.at,
            unproved: approval.unproved,
            comment: approval.comment,
        });
        let ended = proposal.closed.map(|closed| Ended { by: closed.by, at: closed.at, message: closed.message });
        let (proposer, person) = (proposer.to_string(), said(person));
        let (evidence, files) = (None, None);
        Self {
            id,
            state,
            digest,
            base,
            title,
            why,
            proposer,
            person,
            draft,
            editors,
            at,
            activate_at,
            approval,
            ended,
            evidence,
            files,
        }
    }
}

impl ProposalReport {
    fn with(proposal: Proposal, evidence: &Evidence) -> Self {
        Self { evidence: serde_json::to_value(evidence).ok(), ..Self::from(proposal) }
    }
}

/// The call with what it says, for its record.
fn saying<const N: usize>(call: &Call, said: [(&str, Option<Value>); N]) -> Call {
    let said: Members =
        said.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_owned(), value))).collect();
    Call { said, ..call.clone() }
}

fn short(name: &'static str, text: Option<&str>) -> Result<(), PublishError> {
    match text {
        Some(text) if text.trim().is_empty() || text.len() > TEXT_LENGTH_MAX => Err(PublishError::Text(name)),
        _ => Ok(()),
    }
}

fn in_force(current: &Current, context: &WriteContext<'_>) -> Result<String, StoreError> {
    Ok(context.in_force()?.map_or_else(|| current.get().digest().to_string(), |(_, entry)| entry.digest))
}
