//! The report of what two sets of rules decide differently.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::what_if::Named;
use crate::assure::context::Said;
use crate::clock::Timestamp;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::id::Revision;
use crate::policy::Digest;

/// Everything that two sets of rules answer differently about everything that is registered. All counts are exact.
///
/// A question is one of a subject, an action and a resource. Where the rules about an action read what the caller says,
/// the counts are of one that says no more than it has to, and `ifSaid` counts what turns besides for one that says more.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorldDifference {
    /// The rules that are compared with.
    #[schema(value_type = String)]
    pub old: Digest,
    /// The rules that are compared.
    #[schema(value_type = String)]
    pub new: Digest,
    /// The revision of the facts.
    #[schema(value_type = u64)]
    pub revision: Revision,
    /// The moment for which end dates were judged.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How many answers become a yes.
    pub gained: u64,
    /// How many answers become a no.
    pub lost: u64,
    /// Who and what gains or loses anything.
    pub concerned: Concerned,
    /// The actions about which an answer differs, by name.
    pub actions: Vec<ActionDifference>,
    /// Is every answer that differs named here?
    pub complete: bool,
}

/// How many different ones there are.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Concerned {
    /// Partners that gain or lose something, or on which it is gained or lost.
    pub partners: u64,
    /// Customers on whom, or on whose services and subscriptions, it is gained or lost, or that do so themselves.
    pub customers: u64,
    /// Services on which, or on whose subscriptions, it is gained or lost.
    pub services: u64,
    /// Subscriptions on which it is gained or lost.
    pub subscriptions: u64,
}

/// What two sets of rules answer differently about one action.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionDifference {
    /// The action.
    pub action: String,
    /// What becomes allowed.
    pub gained: Turns,
    /// What is not allowed any more.
    pub lost: Turns,
    /// What the caller has to say, where the rules read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// What turns besides for a caller that says more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub if_said: Vec<IfSaid>,
    /// Why it is not known what else turns by what callers say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

impl ActionDifference {
    pub(super) fn is_complete(&self) -> bool {
        let others = self.if_said.iter().flat_map(|said| [&said.gained, &said.lost]);
        [&self.gained, &self.lost].into_iter().chain(others).all(|turns| turns.complete) && self.unknown.is_none()
    }
}

/// What turns for a caller that says something, beyond what turns for one that says less.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IfSaid {
    /// What it says.
    pub said: Said,
    /// What becomes allowed.
    pub gained: Turns,
    /// What is not allowed any more.
    pub lost: Turns,
    /// How many of the answers that a caller gains who says the least are not gained by this one.
    pub not_gained: u64,
    /// How many of those that it loses are not lost.
    pub not_lost: u64,
}

/// Answers that turn the same way.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Turns {
    /// How many: each is one subject with one resource.
    pub count: u64,
    /// Who and what they concern.
    pub concerned: Concerned,
    /// Those of them whose subject has nothing to do with the resource.
    #[serde(rename = "strangers", default, skip_serializing_if = "Vec::is_empty")]
    pub unrelated: Vec<UnrelatedTurned>,
    /// The first of them, one by one.
    pub named: Vec<TurnedPair>,
    /// Are they all named?
    pub complete: bool,
}

/// A subject and a resource about which an answer differs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TurnedPair {
    /// Who.
    pub subject: Named,
    /// On what.
    pub resource: Named,
}

/// Everybody of a sort, with everything they have nothing to do with of the resources that are concerned.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = StrangersTurned)]
#[serde(rename_all = "camelCase")]
pub struct UnrelatedTurned {
    /// The type of the subjects.
    #[serde(rename = "type")]
    pub subject_type: String,
    /// Which one it is, when rules name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How they take part, when they are partners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<PartnerKind>,
    /// Their standing, when they are partners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<PartnerStatus>,
    /// The type of the resources.
    pub resource_type: String,
    /// How many resources there are of which some of them are strangers and are answered differently.
    pub resources: u64,
    /// How many answers differ.
    pub pairs: u64,
}

impl fmt::Display for UnrelatedTurned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = self.subject_type.to_lowercase();
        match &self.id {
            Some(id) => write!(f, "{subject} `{id}`")?,
            None => write!(f, "every {subject}")?,
        }
        if let (Some(kind), Some(status), None) = (self.kind, self.status, &self.id) {
            write!(f, " that is `{kind}` and `{status}`")?;
        }
        let resource = self.resource_type.to_lowercase();
        write!(f, ", on each {resource} of {} it has nothing to do with", self.resources)
    }
}
