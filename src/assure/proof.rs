//! What became of the claims about a set of rules, as it is told and kept.

use serde::{Deserialize, Serialize};

use super::counterexample::Counterexample;
use crate::policy::{Claim, Finding, RuleId};

/// Why it is not known what a solver would have found that had no turn on a busy machine.
pub const BUSY: &str = "the machine was busy, and the solver had no time to answer";

/// Is this why something is not known, or does it say so?
#[must_use]
pub fn is_busy(why: &str) -> bool {
    why.contains(BUSY)
}

/// What became of a claim.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "result")]
pub enum Proof {
    /// It holds for everything the store can hold.
    Proved,
    /// It holds on every row of the table; no solver was there to prove it.
    CheckedOnEveryRow,
    /// It is not known to hold, and why.
    NotProved {
        /// Why.
        why: String,
    },
    /// It does not hold.
    Broken {
        /// A case in which it does not.
        counterexample: Box<Counterexample>,
    },
}

/// A claim and what became of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimProof {
    /// The claim.
    pub claim: RuleId,
    /// What it says, in one sentence.
    pub title: String,
    /// A ceiling or a floor.
    pub kind: Claim,
    /// What became of it.
    #[serde(flatten)]
    pub proof: Proof,
    /// A mistake that would break it, so that it is seen to be able to fail; nothing where it is broken as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negative_control: Option<Control>,
}

/// What a proof of a whole set came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proofs {
    /// What proved it; nothing when no solver was there.
    pub solver: Option<String>,
    /// Why there was none, when one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Each claim, in the order of their names.
    pub claims: Vec<ClaimProof>,
    /// Can no rule err, whatever is asked? Nothing when it is not known.
    pub never_errs: Option<bool>,
    /// The claims in force that the set has otherwise and at least as strong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub implied: Vec<RuleId>,
    /// Rules that are dead or can err.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// How many questions the solver was asked.
    pub questions: usize,
    /// Is something not known only since the solver had no time on a busy machine?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_busy: bool,
}

/// A mistake that would break a claim, or that none was found.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "result")]
pub enum Control {
    /// With that mistake in a rule the claim would be broken.
    Broken {
        /// The rule.
        rule: RuleId,
        /// What the mistake is.
        mistake: String,
        /// The rule with it; nothing where the mistake is that it is gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mutant: Option<String>,
        /// A case in which the claim does not hold then.
        counterexample: Box<Counterexample>,
    },
    /// No mistake was found that would break it.
    NotFound {
        /// What was tried.
        why: String,
    },
}
