//! What callers can say of an action, found by the solver with the context free.
//!
//! It is asked for an input whose answer no caller gets that says one of the things that are known already; what it finds
//! is said as simply as it can be and counts among them from then on, until there is none. So in the end no input is left,
//! in a row of a table or beyond, of which what is known does not show both answers if there are both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cedar_policy::{Policy, PolicyId, RequestEnv};
use serde_json::{Value, json};

use super::environment::Environment;
use super::expression::{all_of, any_of, condition, holds, literals, not, put, without_context};
use super::possible::names;
use super::simplest::{sayable, simplest};
use super::solver::{Found, Query, Solver};
use super::{OF_ADD_ONS, OF_ONE};
use crate::assure::context::{Contexts, Turning, least};
use crate::assure::counterexample::Counterexample;
use crate::decide::{Model, Namespace, Reproduced, reads_context};
use crate::policy::{Bundle, Claim, RecordShape, RuleId};
use crate::question::Members;

/// How many things that callers can say are told apart for one action; where there are more it is not known.
const SAID_MAX: usize = 24;

/// What callers can say of some actions of the first of these sets of rules, and of the others that it is compared with.
///
/// # Errors
/// A sentence: why the solver cannot be used. Then nothing is known.
pub(in crate::assure) fn find(
    bundles: &[&Bundle],
    names: &BTreeSet<&str>,
    program: &Path,
) -> Result<BTreeMap<String, Contexts>, String> {
    let mut solver = Solver::start(program)?;
    let found = names.iter().map(|name| ((*name).to_owned(), of_action(bundles, name, &mut solver)));
    Ok(found.collect())
}

fn of_action(bundles: &[&Bundle], name: &str, solver: &mut Solver) -> Contexts {
    let asked = Namespace::Domain;
    let declared =
        |bundle: &&Bundle| bundle.vocabulary().action(asked.as_str(), name).map(|shape| shape.context.clone());
    let Some(shape) = bundles.iter().find_map(declared) else { return Contexts::default() };
    let (mut said, mut turning, mut unknown) = (Vec::new(), Vec::new(), None);
    if bundles.iter().any(|bundle| reads_context(bundle, asked, name)) {
        for (env, sides) in environments(bundles, name) {
            let Some(home) = sides.first() else { continue };
            let mut search = Search {
                sides: &sides,
                here: Environment::new(home, &env),
                shape: &shape,
                said: vec![least(&shape)],
                solver,
            };
            match search.run() {
                Ok(found) => {
                    // What bounds a set is said of the one that is looked at, not of the one it is compared with.
                    let is_own = bundles.first().is_some_and(|own| std::ptr::eq(*own, *home));
                    turning.extend(found.filter(|_| is_own));
                    said.append(&mut search.said);
                }
                Err(why) => unknown = Some(why),
            }
        }
    }
    let mut contexts = Contexts::of(least(&shape), said, unknown);
    contexts.turning = turning;
    contexts
}

/// The types between which an action applies, each with the sets of rules in which it does.
fn environments<'b>(bundles: &[&'b Bundle], name: &str) -> Vec<(RequestEnv, Vec<&'b Bundle>)> {
    let mut found: BTreeMap<(String, String), (RequestEnv, Vec<&Bundle>)> = BTreeMap::new();
    for bundle in bundles {
        for env in bundle.schema().request_envs() {
            let action = env.action();
            if action.type_name().to_string() == "Action" && action.id().unescaped() == name {
                let kinds = (env.principal().to_string(), env.resource().to_string());
                found.entry(kinds).or_insert_with(|| (env, Vec::new())).1.push(bundle);
            }
        }
    }
    found.into_values().collect()
}

/// Whether something came of a question, as each set of rules decided it.
type Judge = dyn Fn(&[Reproduced]) -> bool;

/// Something that can come of a question, for the solver and as deciding finds it.
struct Outcome {
    says: Value,
    is_so: Box<Judge>,
}

/// A search in one environment.
struct Search<'a, 's> {
    /// The set of rules that is looked at, and the one it is compared with.
    sides: &'a [&'a Bundle],
    here: Environment<'a>,
    shape: &'a RecordShape,
    /// What is known that callers can say.
    said: Vec<Members>,
    solver: &'s mut Solver,
}

impl Search<'_, '_> {
    /// Finds everything there is to say, and whether it turns an answer of the first set of rules.
    fn run(&mut self) -> Result<Option<Turning>, String> {
        let mut outcomes = Vec::new();
        let mut answers = Vec::new();
        for (side, bundle) in self.sides.iter().enumerate() {
            let (answer, rules) = self.answer(bundle)?;
            let allowed = move |found: &[Reproduced]| found.get(side).is_some_and(|found| found.is_allowed);
            outcomes.push(Outcome { says: answer.clone(), is_so: Box::new(allowed) });
            let refused = move |found: &[Reproduced]| !allowed(found);
            outcomes.push(Outcome { says: not(answer.clone()), is_so: Box::new(refused) });
            answers.push(answer);
            for (id, says) in rules {
                let decides =
                    move |found: &[Reproduced]| found.get(side).is_some_and(|found| found.rules.contains(&id));
                outcomes.push(Outcome { says, is_so: Box::new(decides) });
            }
        }
        if let [new, old] = answers.as_slice() {
            for (is, was, (one, other)) in [(new, old, (0, 1)), (old, new, (1, 0))] {
                let is = all_of([is.clone(), not(was.clone())]);
                let turns = move |found: &[Reproduced]| {
                    let is_yes = |side: usize| found.get(side).is_some_and(|found| found.is_allowed);
                    is_yes(one) && !is_yes(other)
                };
                outcomes.push(Outcome { says: is, is_so: Box::new(turns) });
            }
        }
        let mut turned: Option<Reproduced> = None;
        for (place, outcome) in outcomes.iter().enumerate() {
            while let Some(found) = self.another(outcome)? {
                // The first two are the answers of the set that is looked at.
                if place < 2 && turned.is_none() {
                    turned = found.into_iter().next();
                }
            }
        }
        let Some(turned) = turned else { return Ok(None) };
        let bounds = self.bounds()?;
        let sentence = self.sides.first().map(|bundle| Counterexample::of(bundle, turned).sentence).unwrap_or_default();
        Ok(Some(Turning { sentence, bounds }))
    }

    /// When a set of rules allows, and when each of its rules that reads the context decides.
    fn answer(&self, bundle: &Bundle) -> Result<(Value, Vec<(RuleId, Value)>), String> {
        let here = Environment::new(bundle, self.here.env);
        let (mut permits, mut forbids, mut readers) = (Vec::new(), Vec::new(), Vec::new());
        for rule in bundle.deciders().filter(|rule| here.covers(&rule.policy)) {
            // The set that is compared with may say a sale in other words.
            let policy = self.here.sale_words().restated(&rule.policy).unwrap_or_else(|| rule.policy.clone());
            let json = policy.to_json().map_err(|error| error.to_string())?;
            let says = condition(&json);
            let is_permit = json["effect"] == "permit";
            if holds(&says, "context") {
                readers.push((rule.id.clone(), is_permit, says.clone()));
            }
            if is_permit { permits.push(says) } else { forbids.push(says) }
        }
        let answer = all_of([any_of(permits), not(any_of(forbids))]);
        let decides = |(id, is_permit, says): (RuleId, bool, Value)| {
            (id, if is_permit { all_of([says, answer.clone()]) } else { says })
        };
        let readers = readers.into_iter().map(decides).collect();
        Ok((answer, readers))
    }

    /// Finds an input of which that can come, and of which it does not come for a caller that says what is known already;
    /// what the caller says of it is known from then on.
    fn another(&mut self, outcome: &Outcome) -> Result<Option<Vec<Reproduced>>, String> {
        let Some(model) = self.input(outcome)? else { return Ok(None) };
        let sides = self.sides;
        let decided = |said: &Members| -> Option<Vec<Reproduced>> {
            let found = sides.iter().map(|bundle| model.decide_saying(bundle, said)).collect::<Option<Vec<_>>>()?;
            (outcome.is_so)(&found).then_some(found)
        };
        let said = model.said().ok_or("the solver found what no caller can say")?;
        if decided(&said).is_none() {
            return Err("deciding did not find the solver's case again".to_owned());
        }
        let rules = self.sides.iter().flat_map(|bundle| bundle.deciders());
        let constants = literals(rules.filter_map(|rule| rule.policy.to_json().ok()));
        let said = simplest(said, self.shape, &constants, |said| decided(said).is_some());
        if self.said.contains(&said) {
            return Err("deciding did not find the solver's case again".to_owned());
        }
        if self.said.len() >= SAID_MAX {
            return Err(format!("the answers turn on more than {SAID_MAX} things that callers can say"));
        }
        let found = decided(&said);
        self.said.push(said);
        Ok(found.or_else(|| Some(Vec::new())))
    }

    fn input(&mut self, outcome: &Outcome) -> Result<Option<Model>, String> {
        let known = self.said.iter().map(|said| put(&outcome.says, self.shape, said));
        let left = [permit("(what can come)", &outcome.says)?];
        let right = [permit("(what is known)", &any_of(known))?];
        let right = self.here.plainly(&right)?;
        let text: String =
            self.sides.iter().flat_map(|bundle| bundle.deciders()).map(|rule| rule.policy.to_string()).collect();
        let sayable = sayable(self.shape);
        let mut ask = |condition: &str| -> Result<Found, String> {
            let left = self.here.assuming(&left, condition)?;
            Ok(self.solver.ask(&Query::Implies(&left, &right)))
        };
        let raw = match ask(&format!("{} && {sayable}", self.here.possible(&text)))? {
            Found::Always => return Ok(None),
            Found::Unknown(why) => return Err(why),
            Found::Not(raw) => raw,
        };
        let (principal, resource) = (self.here.env.principal().to_string(), self.here.env.resource().to_string());
        for named in names(self.here.sale_words(), &principal, &resource, true) {
            let text = if named.has_no_parent { OF_ONE } else { OF_ADD_ONS };
            let condition = format!("{} && {sayable} && {}", self.here.possible(text), named.condition);
            if let Found::Not(env) = ask(&condition)? {
                let model = Model::new(env.request, env.entities);
                if model.said().is_some() {
                    return Ok(Some(model));
                }
            }
        }
        Ok(Some(Model::new(raw.request, raw.entities)))
    }

    /// The ceilings that say here without the context when something is allowed at most, and that exclude something.
    fn bounds(&mut self) -> Result<Vec<RuleId>, String> {
        let Some(own) = self.sides.first() else { return Ok(Vec::new()) };
        let mut bounds = Vec::new();
        let ceilings = own.claims().filter(|(rule, claim)| *claim == Claim::OnlyWhen && self.here.covers(&rule.policy));
        for (rule, _) in ceilings {
            let json = rule.policy.to_json().map_err(|error| error.to_string())?;
            let (everything, ceiling) =
                (permit("(everything)", &json!({ "Value": true }))?, permit("(ceiling)", &without_context(&json))?);
            let possible = self.here.possible(&rule.policy.to_string());
            let (Ok(left), Ok(right)) = (self.here.assuming(&[everything], &possible), self.here.plainly(&[ceiling]))
            else {
                continue;
            };
            if matches!(self.solver.ask(&Query::Implies(&left, &right)), Found::Not(_)) {
                bounds.push(rule.id.clone());
            }
        }
        Ok(bounds)
    }
}

fn permit(id: &str, when: &Value) -> Result<Policy, String> {
    let any = json!({ "op": "All" });
    let policy = json!({
        "effect": "permit", "principal": any, "action": any, "resource": any,
        "conditions": [{ "kind": "when", "body": when }],
    });
    Policy::from_json(Some(PolicyId::new(id)), policy).map_err(|error| error.to_string())
}
