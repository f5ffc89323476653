//! What is said of rules otherwise, though they may decide the same: their titles, and the reasons that callers see.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::policy::{Bundle, Rule, RuleId};

/// A rule of which something else is said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Retitled {
    /// The rule.
    #[schema(value_type = String)]
    pub rule: RuleId,
    /// What its title was and what it is; absent where it is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Reworded>,
    /// What the reason was and what it is; absent where it is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reworded>,
}

/// What was said, and what is said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Reworded {
    /// What was said; empty where nothing was.
    pub was: String,
    /// What is said; empty where nothing is.
    pub is: String,
}

fn reworded(was: &str, is: &str) -> Option<Reworded> {
    (was != is).then(|| Reworded { was: was.to_owned(), is: is.to_owned() })
}

/// The rules and claims that both sets have, and whose title or reason is another.
#[must_use]
pub fn retitled(old: &Bundle, new: &Bundle) -> Vec<Retitled> {
    let reason = |rule: &Rule| rule.reason.clone().unwrap_or_default();
    let both = new.rules().filter_map(|rule| Some((old.rule(&rule.id)?, rule)));
    let said = both.map(|(was, is)| Retitled {
        rule: is.id.clone(),
        title: reworded(&was.title, &is.title),
        reason: reworded(&reason(was), &reason(is)),
    });
    said.filter(|one| one.title.is_some() || one.reason.is_some()).collect()
}
