//! A proposal of rules as it is kept.

use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Person};
use crate::clock::Timestamp;
use crate::id::{DraftId, TokenId};

/// How far a proposal came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProposalState {
    /// It waits for somebody else to approve it.
    Open,
    /// It is approved and comes in force later.
    Scheduled,
    /// It came in force.
    Activated,
    /// It was taken back.
    Withdrawn,
    /// It was approved and did not come in force when its time had come.
    NotActivated,
    /// Somebody else said no to it.
    Refused,
}

/// Somebody who changed a draft of rules.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Editor {
    /// Whom they spoke for.
    pub by: Caller,
    /// The person behind it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// The token that proved who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
}

/// An approval of a proposal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub by: Caller,
    /// The person behind it; nothing in what was kept before there were persons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// The token that proved who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
    /// When.
    pub at: Timestamp,
    /// The rules that were in force then.
    pub base: String,
    /// What was said with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Why it is accepted without a proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproved: Option<String>,
}

/// How a proposal ended that was not activated.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Closed {
    /// Who ended it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A set of rules that somebody wants in force.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Proposal {
    /// Its number.
    pub id: u64,
    /// The digest of the rules.
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
    pub proposer: Caller,
    /// The person behind it; nothing for a command on the server's own machine, and before persons were recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// The token that proved who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
    /// When.
    pub at: Timestamp,
    /// When it is to be activated; at once when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activate_at: Option<Timestamp>,
    /// Does it go back to rules that were in force before?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rollback: bool,
    /// The draft it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<DraftId>,
    /// Who had changed that draft, the first first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub editors: Vec<Editor>,
    /// How far it came.
    pub state: ProposalState,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// How it ended, when it was not activated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
}
