//! The report of a record that is decided again.

use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::{ENGINE, Record, Results};
use crate::decide::{Decision, Reason, RuleFault};
use crate::id::Seq;
use crate::policy::{Bundle, Digest, RuleId};
use crate::question::Question;

/// What was decided, then or now.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct Verdict {
    /// The answer.
    pub decision: bool,
    /// Why it was a no.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The rules that decided.
    #[schema(value_type = Vec<String>)]
    pub rules: Vec<RuleId>,
    /// Rules that could not be evaluated.
    #[schema(value_type = Vec<Object>)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<RuleFault>,
    /// Of a search: how many were found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// Of a search: the SHA-256 of the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The digest of the set of rules.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// What evaluated them.
    pub engine: String,
}

impl Verdict {
    pub(crate) fn then(record: &Record) -> Self {
        Self {
            decision: record.decision,
            reason: record.reason.clone(),
            rules: record.deciding.clone(),
            faults: record.faults.clone(),
            count: record.results.as_ref().map(|results| results.count),
            sha256: record.results.as_ref().map(|results| results.sha256.clone()),
            digest: record.rules.clone(),
            engine: record.engine.clone(),
        }
    }

    pub(crate) fn decided(decision: &Decision, rules: &Bundle) -> Self {
        Self {
            decision: decision.is_allowed(),
            reason: decision.reason().cloned(),
            rules: decision.rules().to_vec(),
            faults: decision.faults().to_vec(),
            ..Self::searched(None, rules)
        }
    }

    pub(crate) fn searched(results: Option<Results>, rules: &Bundle) -> Self {
        Self {
            decision: results.as_ref().is_some_and(|results| results.count > 0),
            reason: None,
            rules: Vec::new(),
            faults: Vec::new(),
            count: results.as_ref().map(|results| results.count),
            sha256: results.map(|results| results.sha256),
            digest: rules.digest().clone(),
            engine: ENGINE.to_owned(),
        }
    }

    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let said = |verdict: &Self| {
            let Self { decision, reason, rules, faults, count, sha256, .. } = verdict.clone();
            (decision, reason, rules, faults, count, sha256)
        };
        said(self) == said(other)
    }
}

/// Something that deciding again needs and that is not as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Ingredient {
    /// The record cannot be read, or its archive file is missing.
    Record,
    /// The set of rules is not kept, or does not load any more.
    Rules,
    /// The revision of its facts is not in this store, or cannot be read.
    Facts,
    /// It was about a world of its own that is not served.
    World,
    /// The token of the page that was asked for is not one of that search.
    PageToken,
    /// Another engine evaluated the rules; it is decided again by this one all the same.
    Engine,
}

/// What is missing, and what that means.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Missing {
    /// What.
    pub ingredient: Ingredient,
    /// What of it, in a sentence.
    pub message: String,
}

impl Missing {
    pub(crate) fn of(ingredient: Ingredient, message: impl Into<String>) -> Self {
        Self { ingredient, message: message.into() }
    }
}

/// A record, decided again.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// The place of the record in the ledger.
    #[schema(value_type = u64)]
    pub seq: Seq,
    /// Are decision, reason, deciding rules, faults, and of a search the page the same?
    pub same: bool,
    /// Whose question it was, and what it was.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// What was decided.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<Verdict>,
    /// What is decided now; absent when something that is needed is missing.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Verdict>,
    /// Does the store say of the revision what the record says was found?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts_agree: Option<bool>,
    /// What is not as it was then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
}

impl Replayed {
    /// Is there anything to report: another answer, facts the store does not have, or something missing?
    #[must_use]
    pub fn is_finding(&self) -> bool {
        !self.same || self.facts_agree == Some(false) || !self.missing.is_empty()
    }
}
