//! What two sets of rules answer differently, beyond any table: among everything the store can hold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cedar_policy::{EntityUid, Policy, RequestEnv};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::environment::Environment;
use super::expression::{condition, holds};
use super::named;
use super::shown::{Shown, forbidding};
use super::solver::{Found, Solver};
use crate::assure::counterexample::Counterexample;
use crate::assure::proof::BUSY;
use crate::decide::{Namespace, Reproduced};
use crate::policy::{Bundle, Claim};

/// What two sets of rules answer differently about an action in no row of its table, found by the solver among
/// everything the store can hold.
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

/// What `new` answers otherwise than `old`, action by action, where `shown` has no row of it; those that are proved to be
/// answered alike are left out. Both are asked in the schema of `new`. Of what only one of them lets be asked the other
/// permits nothing.
///
/// # Errors
/// A sentence: why the solver cannot be used. Then nothing is known.
pub fn compare(
    old: &Bundle,
    new: &Bundle,
    program: &Path,
    shown: &dyn Fn(&str, Claim) -> Shown,
) -> Result<Vec<Beyond>, String> {
    let mut comparison = Comparison { old, new, shown, solver: Solver::start(program)?, found: BTreeMap::new() };
    let [before, after] = [old, new].map(|bundle| bundle.schema().request_envs().collect::<BTreeSet<RequestEnv>>());
    for env in &after {
        comparison.enter(env, |comparison, beyond| comparison.turns(env, before.contains(env), beyond));
    }
    for env in before.difference(&after) {
        comparison.enter(env, |comparison, beyond| comparison.goes(env, beyond));
    }
    let is_known =
        |beyond: &Beyond| beyond.loosened.is_none() && beyond.tightened.is_none() && beyond.unknown.is_none();
    Ok(comparison.found.into_values().filter(|beyond| !is_known(beyond)).collect())
}

struct Comparison<'a> {
    old: &'a Bundle,
    new: &'a Bundle,
    shown: &'a dyn Fn(&str, Claim) -> Shown,
    solver: Solver,
    found: BTreeMap<String, Beyond>,
}

/// The rules that decide in an environment, with their scope of actions left aside, since the groups of actions may be
/// others in another schema.
fn deciders(bundle: &Bundle, env: &RequestEnv) -> Result<Vec<Policy>, String> {
    let here = Environment::new(bundle, env);
    let deciders = bundle.deciders().filter(|rule| here.covers(&rule.policy));
    let plain = |policy: &Policy| {
        let mut json = policy.to_json().map_err(|error| error.to_string())?;
        json["action"] = json!({ "op": "All" });
        json.as_object_mut().map(|members| members.remove("annotations"));
        Policy::from_json(Some(policy.id().clone()), json).map_err(|error| error.to_string())
    };
    deciders.map(|rule| plain(&rule.policy)).collect()
}

/// Do these rules ask which group an action is in?
fn read_groups(policies: &[Policy]) -> bool {
    policies.iter().filter_map(|policy| policy.to_json().ok()).any(|json| holds(&condition(&json), "action"))
}

impl Comparison<'_> {
    /// Looks at an environment; what cannot be asked there is not known.
    fn enter(&mut self, env: &RequestEnv, look: impl FnOnce(&mut Self, &mut Beyond) -> Result<(), String>) {
        let name = named_action(env.action());
        let nothing = Beyond { action: name.clone(), loosened: None, tightened: None, unknown: None };
        let mut beyond = self.found.remove(&name).unwrap_or(nothing);
        if let Err(why) = look(self, &mut beyond) {
            doubt(&mut beyond.unknown, why);
        }
        self.found.insert(name, beyond);
    }

    /// What turns in an environment of the new schema, which the old one has too or not.
    fn turns(&mut self, env: &RequestEnv, was_asked: bool, beyond: &mut Beyond) -> Result<(), String> {
        let (old, new) = (self.old, self.new);
        let here = Environment::new(new, env);
        let after = deciders(new, env)?;
        let before = if was_asked { deciders(old, env)? } else { Vec::new() };
        if was_asked && old.missing_words() != new.missing_words() {
            return Err("the schemas have other words for what is known".to_owned());
        }
        let groups = |bundle: &Bundle| bundle.deciding(env.action()).map(|deciding| deciding.actions.clone());
        if was_asked && (read_groups(&before) || read_groups(&after)) && groups(old) != groups(new) {
            return Err("the rules ask for the groups of the action, which are others".to_owned());
        }
        let restated = before.iter().map(|policy| here.sale_words().restated(policy)).collect::<Option<Vec<_>>>();
        let before = restated.ok_or("the schemas say a sale in other words")?;
        let text = |policies: &[Policy]| policies.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        if text(&before) == text(&after) {
            return Ok(());
        }
        for claim in [Claim::OnlyWhen, Claim::Whenever] {
            let (left, right) = if claim == Claim::OnlyWhen { (&after, &before) } else { (&before, &after) };
            let slot = if claim == Claim::OnlyWhen { &mut beyond.loosened } else { &mut beyond.tightened };
            if slot.is_some() {
                continue;
            }
            let shown = (self.shown)(&beyond.action, claim);
            let mut left = left.clone();
            left.extend(forbidding(here.sale_words(), env, &shown.rows, before.iter().chain(&after))?);
            match here.implies(&mut self.solver, &left, right)? {
                Found::Always => {}
                Found::Unknown(why) => doubt(&mut beyond.unknown, why),
                Found::Not(raw) => {
                    match named(new, &mut self.solver, &here, claim, (left.as_slice(), right.as_slice()), raw)? {
                        Some(case) if shown.others => doubt(&mut beyond.unknown, indistinct(&case)),
                        Some(case) => *slot = Some(case),
                        None => doubt(&mut beyond.unknown, NOT_FOUND_AGAIN.to_owned()),
                    }
                }
            }
        }
        Ok(())
    }

    /// What is a no for everybody since the new schema does not let it be asked.
    fn goes(&mut self, env: &RequestEnv, beyond: &mut Beyond) -> Result<(), String> {
        let (old, nothing): (_, &[Policy]) = (self.old, &[]);
        let here = Environment::new(old, env);
        let shown = (self.shown)(&beyond.action, Claim::Whenever);
        if beyond.tightened.is_some() {
            return Ok(());
        }
        let mut left = deciders(old, env)?;
        let rows = forbidding(here.sale_words(), env, &shown.rows, left.iter())?;
        left.extend(rows);
        match here.implies(&mut self.solver, &left, nothing)? {
            Found::Always => {}
            Found::Unknown(why) => doubt(&mut beyond.unknown, why),
            Found::Not(raw) => {
                match named(old, &mut self.solver, &here, Claim::OnlyWhen, (left.as_slice(), nothing), raw)? {
                    Some(Counterexample { question, facts, .. }) => {
                        let namespace =
                            if beyond.action.starts_with(CALL) { Namespace::Api } else { Namespace::Domain };
                        let (is_allowed, rules) = (false, Vec::new());
                        let found = Reproduced { namespace, question, facts, is_allowed, rules };
                        let case = Counterexample::of(self.new, found);
                        if shown.others {
                            doubt(&mut beyond.unknown, indistinct(&case));
                        } else {
                            beyond.tightened = Some(case);
                        }
                    }
                    None => doubt(&mut beyond.unknown, NOT_FOUND_AGAIN.to_owned()),
                }
            }
        }
        Ok(())
    }
}

const NOT_FOUND_AGAIN: &str = "deciding did not find the solver's case again";

/// Why it is not known what turns besides rows that cannot be left out of the question: the solver's case may be one of
/// them.
fn indistinct(case: &Counterexample) -> String {
    format!("what the rows show is not told apart from it: for example {}", case.sentence)
}

/// Notes why something is not known. That there was no time outlasts the rest, since it may be known the next time.
fn doubt(unknown: &mut Option<String>, why: String) {
    if unknown.as_deref() != Some(BUSY) {
        *unknown = Some(why);
    }
}

/// How the name of a call of this service begins.
const CALL: &str = "Api::";

fn named_action(action: &EntityUid) -> String {
    let name = action.id().unescaped();
    match action.type_name().namespace().as_str() {
        "" => name.to_owned(),
        namespace => format!("{namespace}::{name}"),
    }
}
