//! A request environment: a type of principal, an action and a type of resource, and what is put to the solver there.

use cedar_policy::{
    Effect, EntityTypeName, Policy, PolicyId, PolicySet, PrincipalConstraint, RequestEnv, ResourceConstraint,
};
use cedar_policy_symcc::{CompiledPolicy, CompiledPolicySet};

use super::possible::possible;
use super::solver::{Found, Query, Solver};
use crate::policy::{Bundle, Rule, SaleWords};

/// One environment: the rules that decide there, and what may be assumed.
pub(super) struct Environment<'a> {
    bundle: &'a Bundle,
    pub(super) env: &'a RequestEnv,
}

impl<'a> Environment<'a> {
    pub(super) fn new(bundle: &'a Bundle, env: &'a RequestEnv) -> Self {
        Self { bundle, env }
    }

    /// How a sale is said here.
    pub(super) fn sale_words(&self) -> SaleWords {
        self.bundle.sale_words()
    }

    /// What is possible here, as far as that text speaks of it.
    pub(super) fn possible(&self, text: &str) -> String {
        possible(self.bundle.vocabulary(), &self.env.principal().to_string(), &self.env.resource().to_string(), text)
    }

    /// Compiles policies, with a forbid that leaves nothing unless the condition holds.
    pub(super) fn assuming(&self, policies: &[Policy], condition: &str) -> Result<CompiledPolicySet, String> {
        let text = format!("forbid (principal, action, resource) unless {{ {condition} }};");
        let assumed = Policy::parse(Some(PolicyId::new("(what is possible)")), text)
            .map_err(|error| format!("what is possible cannot be said: {error}"))?;
        self.set(policies.iter().chain([&assumed]))
    }

    pub(super) fn plainly(&self, policies: &[Policy]) -> Result<CompiledPolicySet, String> {
        self.set(policies)
    }

    /// Is everything that `left` allows allowed by `right`, for all that the store can hold? Asked for every input
    /// first, which is quicker where it is so.
    pub(super) fn implies(&self, solver: &mut Solver, left: &[Policy], right: &[Policy]) -> Result<Found, String> {
        match self.implies_for_any(solver, left, right)? {
            Found::Always => return Ok(Found::Always),
            Found::Not(_) | Found::Unknown(_) => {}
        }
        let text: String = left.iter().chain(right).map(ToString::to_string).collect();
        let possible = self.assuming(left, &self.possible(&text))?;
        Ok(solver.ask(&Query::Implies(&possible, &self.plainly(right)?)))
    }

    /// Is everything that `left` allows allowed by `right`, for every input of the schema?
    pub(super) fn implies_for_any(
        &self,
        solver: &mut Solver,
        left: &[Policy],
        right: &[Policy],
    ) -> Result<Found, String> {
        Ok(solver.ask(&Query::Implies(&self.plainly(left)?, &self.plainly(right)?)))
    }

    fn set<'p>(&self, policies: impl IntoIterator<Item = &'p Policy>) -> Result<CompiledPolicySet, String> {
        let set = PolicySet::from_policies(policies.into_iter().cloned()).map_err(|error| error.to_string())?;
        CompiledPolicySet::compile(&set, self.env, self.bundle.schema()).map_err(|error| error.to_string())
    }

    pub(super) fn one(&self, policy: &Policy) -> Result<CompiledPolicy, String> {
        CompiledPolicy::compile(policy, self.env, self.bundle.schema()).map_err(|error| error.to_string())
    }

    /// Can the scope of a rule be met here?
    pub(super) fn covers(&self, policy: &Policy) -> bool {
        let is = |named: &EntityTypeName, here: &EntityTypeName| named == here;
        let principal = match policy.principal_constraint() {
            PrincipalConstraint::Is(named) | PrincipalConstraint::IsIn(named, _) => is(&named, self.env.principal()),
            PrincipalConstraint::Eq(one) => is(one.type_name(), self.env.principal()),
            PrincipalConstraint::Any | PrincipalConstraint::In(_) => true,
        };
        let resource = match policy.resource_constraint() {
            ResourceConstraint::Is(named) | ResourceConstraint::IsIn(named, _) => is(&named, self.env.resource()),
            ResourceConstraint::Eq(one) => is(one.type_name(), self.env.resource()),
            ResourceConstraint::Any | ResourceConstraint::In(_) => true,
        };
        principal && resource && self.bundle.covers(&policy.action_constraint(), self.env.action())
    }
}

/// The same rule as a permit, so that it is asked where it matches.
pub(super) fn as_permit(rule: &Rule) -> Result<Policy, String> {
    if rule.policy.effect() == Effect::Permit {
        return Ok(rule.policy.clone());
    }
    let mut json = rule.policy.to_json().map_err(|error| error.to_string())?;
    json["effect"] = "permit".into();
    Policy::from_json(Some(rule.policy.id().clone()), json).map_err(|error| error.to_string())
}
