//! Mechanical mutants of the rules: each is a mistake somebody could make, and something has to notice it.
//!
//! A mutant drops a condition, turns a comparison round, widens a scope or removes a rule. It is refused when the set
//! is read, breaks a claim, contradicts a signed row, or is proved to answer everything alike. One that does none of
//! these survives: a promise is missing.

use std::fmt;
use std::path::Path;

use cedar_policy::Policy;
use serde_json::{Value, json};

use super::context::Spoken;
use super::prove::{Proof, compare, prove};
use super::rows::rows;
use super::signed_tables::signed_rows;
use crate::decide::{Namespace, claimed, permits};
use crate::facts::Facts;
use crate::policy::{Bundle, Rule, RuleId, Rulebook, RulesError};
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

/// A mutant of one rule.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The rule.
    pub rule: RuleId,
    /// What was done to it.
    pub what: String,
    /// The file with it; nothing where the rule was removed.
    pub(super) text: Option<String>,
    /// The rule with it, under its own name.
    pub(super) policy: Option<Policy>,
}

impl Mutant {
    fn of(rule: &Rule, what: String, policy: Option<Policy>) -> Self {
        let policy = policy.map(|policy| policy.new_id(rule.policy.id().clone()));
        Self { rule: rule.id.clone(), what, text: policy.as_ref().and_then(Policy::to_cedar), policy }
    }
}

impl Mutant {
    /// The set of rules with this mutant in the place of its rule.
    ///
    /// # Errors
    /// A [`RulesError`] for a set that cannot be read with it.
    pub fn in_set(&self, bundle: &Bundle) -> Result<Bundle, RulesError> {
        let mut files = bundle.files().clone();
        if let Some(rule) = bundle.rule(&self.rule) {
            match &self.text {
                Some(text) => files.insert(rule.path.clone(), text.clone()),
                None => drop(files.remove(&rule.path)),
            }
        }
        Bundle::load(files, Rulebook::Domain)
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)?;
        match &self.text {
            Some(text) => write!(f, "\n{text}"),
            None => Ok(()),
        }
    }
}

/// Every mutant of a rule.
#[must_use]
pub fn mutants(rule: &Rule) -> Vec<Mutant> {
    let mut found = vec![Mutant::of(rule, "the rule is removed".to_owned(), None)];
    let Ok(json) = rule.policy.to_json() else { return found };
    let mut changes: Vec<(String, Value)> = Vec::new();
    for scope in ["principal", "action", "resource"] {
        for wider in widened(&json[scope]) {
            let mut mutant = json.clone();
            mutant[scope] = wider;
            changes.push((format!("the scope of its {scope} is widened"), mutant));
        }
    }
    for (place, condition) in json["conditions"].as_array().into_iter().flatten().enumerate() {
        let mut without = json.clone();
        without["conditions"].as_array_mut().map(|all| all.remove(place));
        changes.push(("a clause is dropped".to_owned(), without));
        let mut turned = json.clone();
        turned["conditions"][place]["kind"] = if condition["kind"] == "when" { "unless".into() } else { "when".into() };
        changes.push(("a clause is turned round".to_owned(), turned));
        for (what, body) in changed(&condition["body"]) {
            let mut mutant = json.clone();
            mutant["conditions"][place]["body"] = body;
            changes.push((what, mutant));
        }
    }
    for (what, json) in changes {
        let policy = Policy::from_json(None, json).ok();
        found.extend(policy.map(|policy| Mutant::of(rule, what, Some(policy))).filter(|mutant| mutant.text.is_some()));
    }
    found
}

/// A scope with less said.
fn widened(scope: &Value) -> Vec<Value> {
    match scope["op"].as_str() {
        Some("All") | None => Vec::new(),
        _ => vec![json!({ "op": "All" })],
    }
}

/// An expression with one thing about it changed, for each thing.
fn changed(node: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let Some(members) = node.as_object() else { return found };
    for (name, inner) in members {
        match name.as_str() {
            "&&" | "||" => {
                for kept in ["left", "right"] {
                    found.push(("a condition is dropped".to_owned(), inner[kept].clone()));
                }
                let other = if name == "&&" { "||" } else { "&&" };
                found.push((format!("`{name}` becomes `{other}`"), json!({ other: inner.clone() })));
            }
            "==" => found.push(("a comparison is flipped".to_owned(), json!({ "!=": inner.clone() }))),
            "!=" => found.push(("a comparison is flipped".to_owned(), json!({ "==": inner.clone() }))),
            "<" | "<=" | ">" | ">=" => {
                for other in ["<", "<=", ">", ">="].into_iter().filter(|other| other != name) {
                    found.push(("a comparison is flipped".to_owned(), json!({ other: inner.clone() })));
                }
            }
            "!" => found.push(("a negation is dropped".to_owned(), inner["arg"].clone())),
            "contains" | "containsAll" | "containsAny" | "in" | "is" | "like" | "has" => {
                found.push(("a comparison is flipped".to_owned(), json!({ "!": { "arg": node.clone() } })));
            }
            "if-then-else" => {
                for kept in ["then", "else"] {
                    found.push(("a condition is dropped".to_owned(), inner[kept].clone()));
                }
            }
            _ => {}
        }
        if let Some(parts) = inner.as_object() {
            for (part, value) in parts {
                for (what, changed) in changed(value) {
                    let mut whole = node.clone();
                    whole[name][part] = changed;
                    found.push((what, whole));
                }
            }
        }
    }
    found
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
        match compare(self.bundle, &changed, solver) {
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
