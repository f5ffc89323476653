//! What two sets of rules answer differently, beyond any table: among everything the store can hold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cedar_policy::Policy;
use serde::{Deserialize, Serialize};

use super::environment::Environment;
use super::named;
use super::solver::{Found, Solver};
use crate::assure::counterexample::Counterexample;
use crate::policy::{Bundle, Claim};

/// What two sets of rules answer differently about an action, found by the solver among everything the store can hold.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Beyond {
    /// The action; a call of this service begins with `Api::`.
    pub action: String,
    /// A case that is a no and would be a yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loosened: Option<Counterexample>,
    /// A case that is a yes and would be a no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tightened: Option<Counterexample>,
    /// Why it is not known whether there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// What `new` answers otherwise than `old`, action by action; those that are proved to be answered alike are left out.
/// Both sets have the same schema.
///
/// # Errors
/// A sentence: why the solver cannot be used. Then nothing is known.
pub fn compare(old: &Bundle, new: &Bundle, program: &Path) -> Result<Vec<Beyond>, String> {
    let mut solver = Solver::start(program)?;
    let mut found: BTreeMap<String, Beyond> = BTreeMap::new();
    for env in new.schema().request_envs() {
        let policies = |bundle: &Bundle| -> Vec<Policy> {
            let here = Environment::new(bundle, &env);
            let deciders = bundle.deciders().filter(|rule| here.covers(&rule.policy));
            deciders.map(|rule| rule.policy.clone()).collect()
        };
        let (before, after) = (policies(old), policies(new));
        let text = |policies: &[Policy]| policies.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        if text(&before) == text(&after) {
            continue;
        }
        let here = Environment::new(new, &env);
        let name = env.action().id().unescaped();
        let action = match env.action().type_name().namespace().as_str() {
            "" => name.to_owned(),
            namespace => format!("{namespace}::{name}"),
        };
        let beyond = found.entry(action.clone()).or_insert_with(|| Beyond {
            action,
            loosened: None,
            tightened: None,
            unknown: None,
        });
        for (claim, sides) in [(Claim::OnlyWhen, (&after, &before)), (Claim::Whenever, (&before, &after))] {
            let slot = if claim == Claim::OnlyWhen { &mut beyond.loosened } else { &mut beyond.tightened };
            if slot.is_some() {
                continue;
            }
            match here.implies(&mut solver, sides.0, sides.1)? {
                Found::Always => {}
                Found::Unknown(why) => beyond.unknown = Some(why),
                Found::Not(raw) => match named(new, &mut solver, &here, claim, (sides.0, sides.1), raw)? {
                    Some(case) => *slot = Some(case),
                    None => beyond.unknown = Some("deciding did not find the solver's case again".to_owned()),
                },
            }
        }
    }
    let is_known =
        |beyond: &Beyond| beyond.loosened.is_none() && beyond.tightened.is_none() && beyond.unknown.is_none();
    Ok(found.into_values().filter(|beyond| !is_known(beyond)).collect())
}
