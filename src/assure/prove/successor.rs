//! Whether a claim in force that a set has otherwise follows from the one that stands in its place there.

use super::environment::Environment;
use super::solver::Found;
use super::{Claimed, Prover};
use crate::assure::proof::BUSY;
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
        let (left, right) = if claim == Claim::OnlyWhen { (&own, &old) } else { (&old, &own) };
        // Where a claim does not reach it says nothing: neither that nothing is allowed nor that anything is.
        let found = match here.covers(&successor.policy) {
            true => Some(here.implies(&mut self.solver, left, right)?),
            false => None,
        };
        self.claims.entry(rule.id.clone()).or_default().follows(found);
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

impl Claimed {
    /// Notes whether it follows from the claim that stands in its place. Where there was no time to find that out it is
    /// not proved, and no promise is said to go.
    fn follows(&mut self, found: Option<Found>) {
        match found {
            Some(Found::Always) => {}
            Some(Found::Unknown(why)) if why == BUSY => self.unknown = Some(why),
            Some(Found::Not(_) | Found::Unknown(_)) | None => self.is_weakened = true,
        }
    }
}

/// The claim of a set that stands in the place of one in force.
fn successor<'b>(bundle: &'b Bundle, rule: &Rule, claim: Claim) -> Option<&'b Rule> {
    bundle.rule(&rule.id.of_in_force()?).filter(|own| own.claim == Some(claim))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_does_not_go_since_the_machine_was_busy() {
        let of = |found: Option<Found>| {
            let mut claimed = Claimed::default();
            claimed.follows(found);
            (claimed.is_weakened, claimed.unknown)
        };
        assert_eq!(of(Some(Found::Always)), (false, None));
        assert_eq!(of(Some(Found::Unknown(BUSY.to_owned()))), (false, Some(BUSY.to_owned())));
        assert_eq!(of(Some(Found::Unknown("the solver came to no answer".to_owned()))), (true, None));
        assert_eq!(of(None), (true, None));
    }
}
