//! What becomes of a mutant of the rules: whether something notices it.

use std::path::Path;

use super::mutants::Mutant;
use super::proof::Proof;
use super::prove::{Shown, compare, prove};
use super::rows::rows;
use super::signed_tables::signed_rows;
use super::spoken::Spoken;
use crate::decide::{Namespace, claimed, permits};
use crate::facts::Facts;
use crate::policy::{Bundle, RuleId};
use crate::question::Question;

/// What became of a mutant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fate {
    /// The set with it cannot be read.
    Refused,
    /// It breaks that claim.
    BreaksClaim(RuleId),
    /// It contradicts a signed row of that action.
    ContradictsSigned(String),
    /// It is proved to answer everything as the rule does.
    Equivalent,
    /// Nothing noticed it.
    Survived,
}

/// The rules with every answer they give, against which mutants are held.
pub struct Original<'a> {
    bundle: &'a Bundle,
    solver: Option<&'a Path>,
    rows: Vec<(Namespace, Question, Facts, bool)>,
}

impl<'a> Original<'a> {
    /// Decides every row once.
    #[must_use]
    pub fn of(bundle: &'a Bundle, solver: Option<&'a Path>) -> Self {
        let decided = |(namespace, question, facts): (Namespace, Question, Facts)| {
            let is_allowed = permits(bundle, namespace, &question, &facts);
            (namespace, question, facts, is_allowed)
        };
        Self { bundle, solver, rows: rows(bundle, &Spoken::of(bundle, solver)).map(decided).collect() }
    }

    /// What becomes of a mutant. Without a solver none is proved equivalent.
    #[must_use]
    pub fn fate(&self, mutant: &Mutant) -> Fate {
        let Ok(changed) = mutant.in_set(self.bundle) else { return Fate::Refused };
        let mut has_turned = false;
        for (namespace, question, facts, before) in &self.rows {
            let now = permits(&changed, *namespace, question, facts);
            if now == *before {
                continue;
            }
            has_turned = true;
            let claims = claimed(&changed, *namespace, question, facts);
            if let Some(broken) = claims.iter().find(|claim| claim.is_broken_by(now)) {
                return Fate::BreaksClaim(broken.rule.clone());
            }
        }
        if has_turned {
            let signed = signed_rows(&changed);
            let contradicted =
                signed.iter().find(|(action, signed)| signed.iter().any(|row| row.is_contradicted(&changed, action)));
            return contradicted.map_or(Fate::Survived, |(action, _)| Fate::ContradictsSigned(action.clone()));
        }
        let Some(solver) = self.solver else { return Fate::Survived };
        match compare(self.bundle, &changed, solver, &|_, _| Shown::default()) {
            Ok(differs) if differs.is_empty() => Fate::Equivalent,
            _ => match prove(&changed, solver) {
                Ok(proofs) => proofs
                    .claims
                    .into_iter()
                    .find(|claim| matches!(claim.proof, Proof::Broken { .. }))
                    .map_or(Fate::Survived, |claim| Fate::BreaksClaim(claim.claim)),
                Err(_) => Fate::Survived,
            },
        }
    }
}
