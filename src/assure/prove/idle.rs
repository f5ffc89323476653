//! Why a rule changes no answer: which other rule implies or overrules it.

use cedar_policy::{Effect, RequestEnv};

use super::environment::{Environment, as_permit};
use super::solver::Found;
use super::{Prover, Seen};
use crate::policy::Rule;

impl Prover<'_> {
    /// Says of each rule that changes no answer which other rule is why.
    pub(super) fn explain_dead(&mut self, environments: &[RequestEnv]) -> Result<(), String> {
        let bundle = self.bundle;
        for rule in bundle.deciders() {
            if !self.rules.get(&rule.id).is_some_and(Seen::is_dead) {
                continue;
            }
            let others = bundle.deciders().filter(|other| other.id != rule.id);
            // A permit may be implied by a permit or overruled by a forbid; a forbid is implied by a forbid.
            let others = others
                .filter(|other| rule.policy.effect() == Effect::Permit || other.policy.effect() == Effect::Forbid);
            let mut why = None;
            for other in others {
                if self.implies(environments, rule, other)? {
                    why = Some((other.id.clone(), other.policy.effect() != rule.policy.effect()));
                    break;
                }
            }
            if let Some(seen) = self.rules.get_mut(&rule.id) {
                seen.because = why;
            }
        }
        Ok(())
    }

    /// Does one rule match only where another does, wherever both apply?
    fn implies(&mut self, environments: &[RequestEnv], one: &Rule, other: &Rule) -> Result<bool, String> {
        for env in environments {
            let here = Environment::new(self.bundle, env);
            if here.covers(&one.policy) {
                let found = here.implies(&mut self.solver, &[as_permit(one)?], &[as_permit(other)?])?;
                if !matches!(found, Found::Always) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}
