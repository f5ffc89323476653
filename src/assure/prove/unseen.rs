//! What no row of a table can show: what rules do that name somebody, and whether anybody at all may do something.

use std::collections::BTreeSet;
use std::path::Path;

use cedar_policy::{Effect, Policy, PolicyId, RequestEnv};

use super::environment::Environment;
use super::expression::{condition, holds};
use super::solver::{Found, Solver};
use crate::policy::{Bundle, Claim, Place, Rule, RuleId};

/// The rules that permit by name, each with the actions about which it does and that nothing bounds: no ceiling that
/// holds, names nobody, reads nothing that a caller says, and excludes something.
///
/// # Errors
/// A sentence: why the solver cannot be used. Then nothing is known.
pub(in crate::assure) fn unbounded<'b>(
    bundle: &'b Bundle,
    program: &Path,
    holding: impl Fn(&RuleId) -> bool,
) -> Result<Vec<(&'b Rule, BTreeSet<String>)>, String> {
    let mut solver = None;
    let environments: Vec<RequestEnv> = bundle.schema().request_envs().collect();
    let bounds = bundle.claims().filter(|(rule, claim)| {
        let reads = |rule: &Rule| rule.policy.to_json().is_ok_and(|json| holds(&condition(&json), "context"));
        *claim == Claim::OnlyWhen && rule.names().is_empty() && !reads(rule) && holding(&rule.id)
    });
    let bounds: Vec<&Rule> = bounds.map(|(rule, _)| rule).collect();
    let mut found = Vec::new();
    for rule in permitting(bundle) {
        let mut open = BTreeSet::new();
        for env in &environments {
            let here = Environment::new(bundle, env);
            let action = env.action().id().unescaped().to_owned();
            if !here.covers(&rule.policy) || open.contains(&action) {
                continue;
            }
            if solver.is_none() {
                solver = Some(Solver::start(program)?);
            }
            let Some(solver) = solver.as_mut() else { continue };
            let (mut is_bounded, mut unknown) = (false, None);
            for bound in bounds.iter().filter(|bound| here.covers(&bound.policy)) {
                match here.implies(solver, &[everything()?], std::slice::from_ref(&bound.policy))? {
                    Found::Always => {}
                    Found::Not(_) => is_bounded = true,
                    Found::Unknown(why) => unknown = Some(why),
                }
                if is_bounded {
                    break;
                }
            }
            match unknown {
                _ if is_bounded => {}
                Some(why) => return Err(why),
                None => drop(open.insert(action)),
            }
        }
        found.push((rule, open));
    }
    Ok(found)
}

/// The rules that decide and name an entity.
pub(in crate::assure) fn naming(bundle: &Bundle) -> impl Iterator<Item = &Rule> {
    bundle.deciders().filter(|rule| rule.place != Place::World && !rule.names().is_empty())
}

/// Those of them that permit: no ceiling bounds what a rule forbids.
pub(in crate::assure) fn permitting(bundle: &Bundle) -> impl Iterator<Item = &Rule> {
    naming(bundle).filter(|rule| rule.policy.effect() == Effect::Permit)
}

/// Is it proved that nobody may do this, whatever the store holds?
pub(in crate::assure) fn is_for_nobody(bundle: &Bundle, action: &str, program: &Path) -> bool {
    let is_it =
        |env: &RequestEnv| env.action().type_name().to_string() == "Action" && env.action().id().unescaped() == action;
    let Ok(mut solver) = Solver::start(program) else { return false };
    bundle.schema().request_envs().filter(is_it).all(|env| {
        let here = Environment::new(bundle, &env);
        let deciders = bundle.deciders().filter(|rule| here.covers(&rule.policy));
        let policies: Vec<Policy> = deciders.map(|rule| rule.policy.clone()).collect();
        matches!(here.implies(&mut solver, &policies, &[]), Ok(Found::Always))
    })
}

fn everything() -> Result<Policy, String> {
    let id = PolicyId::new("(everything)");
    Policy::parse(Some(id), "permit (principal, action, resource);").map_err(|error| error.to_string())
}
