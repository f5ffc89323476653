//! Whether a claim in force that a set has otherwise follows from the one that stands in its place there.

use super::Prover;
use super::environment::Environment;
use super::solver::Found;
use crate::policy::{Bundle, Claim, Rule, RuleId};

impl Prover<'_> {
    /// Asks whether a claim in force follows from the one of the set that has its name.
    pub(super) fn look_at_successor(
        &mut self,
        here: &Environment<'_>,
        rule: &Rule,
        claim: Claim,
    ) -> Result<(), String> {
        let Some(successor) = successor(self.bundle, rule, claim) else { return Ok(()) };
        let (own, old) = ([successor.policy.clone()], [rule.policy.clone()]);
        // Where a claim does not reach it says nothing: neither that nothing is allowed nor that anything is.
        let follows = here.covers(&successor.policy)
            && match claim {
                Claim::OnlyWhen => matches!(here.implies(&mut self.solver, &own, &old)?, Found::Always),
                Claim::Whenever => matches!(here.implies(&mut self.solver, &old, &own)?, Found::Always),
            };
        self.claims.entry(rule.id.clone()).or_default().is_weakened |= !follows;
        Ok(())
    }

    /// The claims in force that follow, by their own names.
    pub(super) fn implied(&self) -> Vec<RuleId> {
        let is_strong = |id: &RuleId| self.claims.get(id).is_some_and(|known| !known.is_weakened && !known.errs);
        let followed = self.bundle.claims().filter_map(|(rule, claim)| {
            let successor = successor(self.bundle, rule, claim)?;
            (is_strong(&rule.id) && is_strong(&successor.id)).then(|| successor.id.clone())
        });
        followed.collect()
    }
}

/// The claim of a set that stands in the place of one in force.
fn successor<'b>(bundle: &'b Bundle, rule: &Rule, claim: Claim) -> Option<&'b Rule> {
    bundle.rule(&rule.id.of_in_force()?).filter(|own| own.claim == Some(claim))
}
