//! A proposal of rules as it is kept.

use serde::{Deserialize, Serialize};

use crate::caller::Caller;
use crate::clock::Timestamp;

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
}

/// Somebody's yes to a proposal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub by: Caller,
    /// When.
    pub at: Timestamp,
    /// The rules that were in force then.
    pub base: String,
    /// Why it is accepted without a proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproved: Option<String>,
}

/// How a proposal ended, when it did not come in force.
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
    /// When.
    pub at: Timestamp,
    /// When it is to come in force; at once when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activate_at: Option<Timestamp>,
    /// How far it came.
    pub state: ProposalState,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// How it ended, when it did not come in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
}
