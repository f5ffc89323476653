//! Claims proved for every possible input, and rules that a proof shows to be dead.
//!
//! The rules of each action and the claims about it are put to a solver in every request environment: each type of
//! principal with each type of resource. What is proved holds for everything the store can hold (`prove/possible.rs`); what
//! the solver does not decide is "not proved", never "holds"; what it refutes is decided again before it is shown.
//! A Cedar allow with an error in a rule is a refusal here, so a ceiling that is proved for Cedar holds for us, and a
//! floor does because every rule is proved never to err.

mod solver_diff;
pub(super) mod contexts;
mod environment;
mod expression;
mod idle;
mod possible;
mod simplest;
pub(super) mod shown;
mod solver;
mod solver_clock;
mod successor;
pub(super) mod unseen;

pub use shown::Shown;
pub use solver_diff::{Beyond, compare};

use std::collections::BTreeMap;
use std::path::Path;

use cedar_policy::{Effect, Policy, RequestEnv};
use cedar_policy_symcc::Env;

use super::counterexample::Counterexample;
use super::proof::{BUSY, ClaimProof, Proof, Proofs};
use crate::decide::Model;
use crate::policy::{Bundle, Claim, Finding, Rule, RuleId};
use crate::work::{Count, Counted};
use environment::{Environment, as_permit};
use possible::{Naming, names};
use solver::{Found, Query, Solver};

/// What the store holds of one subscription, its customer and whoever asks.
const OF_ONE: &str = "kind status role customer sale relationship originalReseller commercialRelationship";
/// The same with what it holds of a parent.
const OF_ADD_ONS: &str = "kind status role customer sale relationship originalReseller commercialRelationship parent";

/// What is known of one rule so far, over all environments.
#[derive(Default)]
struct Seen {
    /// There is an input on which it matches.
    matches: bool,
    /// There is an input on which the set answers otherwise without it.
    is_needed: bool,
    /// It can err, and how that was found.
    errs: bool,
    /// Something about it is not known.
    unknown: Option<String>,
    /// The rule because of which it changes no answer, and whether that one overrules it.
    because: Option<(RuleId, bool)>,
}

impl Seen {
    /// Does it match, and yet change no answer?
    fn is_dead(&self) -> bool {
        self.matches && !self.is_needed
    }
}

/// What is known of one claim so far.
#[derive(Default)]
struct Claimed {
    broken: Option<Counterexample>,
    unknown: Option<String>,
    /// There is an input on which its condition holds.
    can_hold: bool,
    errs: bool,
    /// It is not known to follow from the claim that stands in its place.
    is_weakened: bool,
}

/// Proves the claims of `bundle` and looks for dead rules with the solver `program`.
///
/// # Errors
/// A sentence: why the solver cannot be used. Then nothing is proved.
pub fn prove(bundle: &Bundle, program: &Path) -> Result<Proofs, String> {
    let version = Solver::version(program)?;
    // The order of the environments is the schema's; the report's is that of the names.
    let mut environments: Vec<RequestEnv> = bundle.schema().request_envs().collect();
    environments.sort_by_key(|env| (env.action().to_string(), env.principal().to_string(), env.resource().to_string()));
    let (first, second) = environments.split_at(environments.len() / 2);
    let each = environments.iter().map(|env| Environment::new(bundle, env)).map(|here| {
        let claims = bundle.claims().filter(|(rule, _)| here.covers(&rule.policy)).count();
        claims + bundle.deciders().filter(|rule| here.covers(&rule.policy)).count()
    });
    let count = Count::of(Counted::Proofs, each.sum());
    let look_at = |part: &[RequestEnv]| {
        let solver = Solver::start(program)?;
        let mut prover =
            Prover { bundle, solver, count: &count, asked_besides: 0, rules: BTreeMap::new(), claims: BTreeMap::new() };
        part.iter().try_for_each(|env| prover.look_at(env)).map(|()| prover)
    };
    // Two solvers, each for half of the environments.
    let (first, second) = std::thread::scope(|scope| {
        let second = scope.spawn(|| look_at(second));
        (look_at(first), second.join())
    });
    let mut prover = first?;
    prover.add(second.map_err(|_| "the proof stopped".to_owned())??);
    prover.explain_dead(&environments)?;
    Ok(prover.proofs(version))
}

/// Finds a counterexample again by deciding, with readable names where that can be; nothing when deciding finds none.
fn named(
    bundle: &Bundle,
    solver: &mut Solver,
    here: &Environment<'_>,
    claim: Claim,
    (left, right): (&[Policy], &[Policy]),
    raw: Box<Env>,
) -> Result<Option<Counterexample>, String> {
    let (principal, resource) = (here.env.principal().to_string(), here.env.resource().to_string());
    let reproduced = |env: Box<Env>| {
        let again = Model::new(env.request, env.entities).decide(bundle)?;
        (again.is_allowed == (claim == Claim::OnlyWhen)).then(|| Counterexample::of(bundle, again))
    };
    let right = here.plainly(right)?;
    for Naming { condition, has_no_parent } in names(here.sale_words(), &principal, &resource, claim == Claim::OnlyWhen)
    {
        // Everything that the store would have to hold, so that it can be said in its facts.
        let text = if has_no_parent { OF_ONE } else { OF_ADD_ONS };
        let left = here.assuming(left, &format!("{} && {condition}", here.possible(text)))?;
        if let Found::Not(env) = solver.ask(&Query::Implies(&left, &right))
            && let Some(counterexample) = reproduced(env)
        {
            return Ok(Some(counterexample));
        }
    }
    Ok(reproduced(raw))
}

struct Prover<'a> {
    bundle: &'a Bundle,
    solver: Solver,
    /// Each rule and each claim in each environment.
    count: &'a Count,
    /// How many questions another solver was asked.
    asked_besides: usize,
    rules: BTreeMap<RuleId, Seen>,
    claims: BTreeMap<RuleId, Claimed>,
}

impl Prover<'_> {
    /// Adds what was found in later environments.
    fn add(&mut self, later: Self) {
        self.asked_besides += later.solver.asked + later.asked_besides;
        for (id, found) in later.rules {
            let seen = self.rules.entry(id).or_default();
            seen.matches |= found.matches;
            seen.is_needed |= found.is_needed;
            seen.errs |= found.errs;
            seen.unknown = seen.unknown.take().or(found.unknown);
        }
        for (id, found) in later.claims {
            let claimed = self.claims.entry(id).or_default();
            claimed.can_hold |= found.can_hold;
            claimed.errs |= found.errs;
            claimed.unknown = claimed.unknown.take().or(found.unknown);
            claimed.broken = claimed.broken.take().or(found.broken);
            claimed.is_weakened |= found.is_weakened;
        }
    }

    /// Asks everything about one environment.
    fn look_at(&mut self, env: &RequestEnv) -> Result<(), String> {
        let here = Environment::new(self.bundle, env);
        let deciders: Vec<&Rule> = self.bundle.deciders().filter(|rule| here.covers(&rule.policy)).collect();
        let policies: Vec<Policy> = deciders.iter().map(|rule| rule.policy.clone()).collect();
        for rule in &deciders {
            self.look_at_rule(&here, rule, &policies)?;
            self.count.one();
        }
        for (rule, claim) in self.bundle.claims().filter(|(rule, _)| here.covers(&rule.policy)) {
            self.look_at_claim(&here, rule, claim, &policies)?;
            self.look_at_successor(&here, rule, claim)?;
            self.count.one();
        }
        Ok(())
    }

    fn look_at_rule(&mut self, here: &Environment<'_>, rule: &Rule, policies: &[Policy]) -> Result<(), String> {
        let seen = self.rules.entry(rule.id.clone()).or_default();
        match self.solver.ask(&Query::NeverErrs(&here.one(&rule.policy)?)) {
            Found::Always => {}
            Found::Not(_) => seen.errs = true,
            Found::Unknown(why) => seen.unknown = Some(why),
        }
        if !seen.matches {
            match here.implies_for_any(&mut self.solver, &[as_permit(rule)?], &[])? {
                Found::Always => return Ok(()),
                // What may match has nothing said against it.
                Found::Not(_) | Found::Unknown(_) => seen.matches = true,
            }
        }
        if !seen.is_needed {
            let without: Vec<Policy> =
                policies.iter().filter(|policy| policy.id() != rule.policy.id()).cloned().collect();
            let found = match rule.policy.effect() {
                Effect::Permit => here.implies_for_any(&mut self.solver, policies, &without)?,
                Effect::Forbid => here.implies_for_any(&mut self.solver, &without, policies)?,
            };
            seen.is_needed = !matches!(found, Found::Always);
        }
        Ok(())
    }

    fn look_at_claim(
        &mut self,
        here: &Environment<'_>,
        rule: &Rule,
        claim: Claim,
        policies: &[Policy],
    ) -> Result<(), String> {
        let own = std::slice::from_ref(&rule.policy);
        let claimed = self.claims.entry(rule.id.clone()).or_default();
        match self.solver.ask(&Query::NeverErrs(&here.one(&rule.policy)?)) {
            Found::Always => {}
            Found::Not(_) => claimed.errs = true,
            Found::Unknown(why) => claimed.unknown = Some(why),
        }
        if !claimed.can_hold {
            claimed.can_hold = !matches!(here.implies_for_any(&mut self.solver, own, &[])?, Found::Always);
        }
        if claimed.broken.is_some() {
            return Ok(());
        }
        let (left, right) = match claim {
            Claim::OnlyWhen => (policies, own),
            Claim::Whenever => (own, policies),
        };
        match here.implies(&mut self.solver, left, right)? {
            Found::Always => {}
            Found::Unknown(why) => claimed.unknown = Some(why),
            Found::Not(raw) => match named(self.bundle, &mut self.solver, here, claim, (left, right), raw)? {
                Some(counterexample) => claimed.broken = Some(counterexample),
                None => claimed.unknown = Some("deciding did not find the solver's counterexample again".to_owned()),
            },
        }
        Ok(())
    }

    fn proofs(self, version: String) -> Proofs {
        let unknown = self.rules.values().map(|seen| &seen.unknown);
        let mut unknown = unknown.chain(self.claims.values().map(|claimed| &claimed.unknown));
        let was_busy = unknown.any(|why| why.as_deref() == Some(BUSY));
        let mut findings = Vec::new();
        let mut never_errs = Some(true);
        for rule in self.bundle.deciders() {
            let at = |message: &str, hint: &str| Finding::of_rule(rule, message, hint);
            let Some(seen) = self.rules.get(&rule.id) else {
                let hint = "no action applies to what its scope names; mend the scope";
                findings.push(at("the rule can never match", hint).advising());
                continue;
            };
            if seen.errs {
                never_errs = Some(false);
                findings.push(at(
                    "the rule can err, and an error refuses everything",
                    "ask with `has` before an attribute is read, and keep numbers small",
                ));
            } else if seen.unknown.is_some() && never_errs == Some(true) {
                never_errs = None;
            }
            if !seen.matches {
                let hint = "its conditions exclude each other; mend them, or remove the rule";
                findings.push(at("the rule can never match", hint).advising());
            } else if seen.is_dead() {
                let message = match &seen.because {
                    Some((other, true)) => format!("the rule is always overruled by `{other}`"),
                    Some((other, false)) => format!("the rule is implied by `{other}`"),
                    None => "the rule changes no answer: the others together say the same".to_owned(),
                };
                findings.push(at(&message, "remove it, or mend what makes it idle").advising());
            }
        }
        let mut claims = Vec::new();
        for (rule, kind) in self.bundle.claims() {
            let claimed = self.claims.get(&rule.id);
            let at = |message: &str, hint: &str| Finding::of_rule(rule, message, hint);
            let proof = match claimed {
                None => {
                    findings.push(at(
                        "the claim covers nothing",
                        "no action applies to what its scope names; mend the scope",
                    ));
                    Proof::NotProved { why: "it covers nothing".to_owned() }
                }
                Some(claimed) => {
                    if claimed.errs {
                        findings.push(at("the claim can err", "ask with `has` before an attribute is read"));
                    }
                    if !claimed.can_hold && kind == Claim::Whenever {
                        findings.push(at(
                            "the claim claims nothing: its condition never holds",
                            "mend the condition, or remove the claim",
                        ));
                    }
                    match (&claimed.broken, &claimed.unknown) {
                        (Some(counterexample), _) => Proof::Broken { counterexample: Box::new(counterexample.clone()) },
                        (None, Some(why)) => Proof::NotProved { why: why.clone() },
                        (None, None) if claimed.errs => Proof::NotProved { why: "the claim can err".to_owned() },
                        (None, None) => Proof::Proved,
                    }
                }
            };
            claims.push(ClaimProof {
                claim: rule.id.clone(),
                title: rule.title.clone(),
                kind,
                proof,
                negative_control: None,
            });
        }
        findings.sort();
        Proofs {
            solver: Some(version),
            why: None,
            claims,
            never_errs,
            implied: self.implied(),
            findings,
            questions: self.solver.asked + self.asked_besides,
            was_busy,
        }
    }
}
