//! What is known of a candidate before it is in force.

use serde::{Deserialize, Serialize};

use super::Pdp;
use crate::policy::{Digest, Finding, RuleFiles};
use crate::store::StoreError;

/// What a review came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Every claim is proved for every possible input, and nothing else was found.
    Proved,
    /// Nothing was found, but no solver was there: every claim was checked on every row, and not proved.
    NotProved,
    /// Something was found; it cannot be put in force.
    Refused,
}

/// Everything that is known of a candidate before it is in force.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// The candidate.
    pub candidate: Digest,
    /// The rules it is compared with.
    pub in_force: Digest,
    /// What it came to.
    pub outcome: Outcome,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

impl Pdp {
    /// Reviews a candidate against the rules in force and the present facts; nothing is written.
    ///
    /// # Errors
    /// [`StoreError`] when the facts cannot be read.
    pub async fn examine(&self, files: RuleFiles) -> Result<Evidence, StoreError> {
        let in_force = self.rules().digest().clone();
        let candidate = Digest::of(&files);
        let findings = match crate::policy::Bundle::load(files, crate::policy::Rulebook::Domain) {
            Ok(_) => Vec::new(),
            Err(error) => error.findings,
        };
        let outcome = if findings.is_empty() { Outcome::NotProved } else { Outcome::Refused };
        Ok(Evidence { candidate, in_force, outcome, findings })
    }
}
