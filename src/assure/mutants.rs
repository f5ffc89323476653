//! Mechanical mutants of the rules: each is a mistake somebody could make, and something has to notice it.
//!
//! A mutant drops a condition, turns a comparison round, widens a scope or removes a rule. It is refused when the set
//! is read, breaks a claim, contradicts a signed row, or is proved to answer everything alike. One that does none of
//! these survives: a promise is missing.

use std::fmt;

use cedar_policy::Policy;
use serde_json::{Value, json};

use crate::policy::{Bundle, Rule, RuleId, Rulebook, RulesError};

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
