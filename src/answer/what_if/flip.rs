//! Decisions that would change, as they are reported.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who or what a decision is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
pub struct Named {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The id.
    pub id: String,
}

/// The action of a decision.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, ToSchema)]
pub struct NamedAction {
    /// The name.
    pub name: String,
}

/// A decision that would turn round.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, ToSchema)]
pub struct Flip {
    /// Who.
    pub subject: Named,
    /// On what.
    pub resource: Named,
    /// Does what.
    pub action: NamedAction,
}

/// Every decision that would turn round, by subject, resource and action.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delta {
    /// What would be allowed and is not.
    pub gained: Vec<Flip>,
    /// What is allowed and would not be.
    pub lost: Vec<Flip>,
    /// Always so: what is too much to compare is an error, never a part of the answer.
    pub complete: bool,
    /// The actions whose answers can turn on what the caller says besides: here it says nothing.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on_context: Vec<String>,
}
