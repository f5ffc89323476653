//! Conditions of rules as Cedar writes them in JSON: joined, and said of a caller that says something in particular.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::policy::{RecordShape, Shape};
use crate::question::Members;

fn bool(value: bool) -> Value {
    json!({ "Value": value })
}

/// Whether a condition is known to hold, or not to.
fn known(says: &Value) -> Option<bool> {
    says.get("Value")?.as_bool()
}

/// All of some conditions.
pub(super) fn all_of(says: impl IntoIterator<Item = Value>) -> Value {
    says.into_iter().reduce(and).unwrap_or_else(|| bool(true))
}

/// Any of some conditions.
pub(super) fn any_of(says: impl IntoIterator<Item = Value>) -> Value {
    says.into_iter().reduce(or).unwrap_or_else(|| bool(false))
}

// No rule errs where this is used, so either side may be looked at first.
fn and(left: Value, right: Value) -> Value {
    match (known(&left), known(&right)) {
        (Some(false), _) | (_, Some(false)) => bool(false),
        (Some(true), _) => right,
        (_, Some(true)) => left,
        _ => json!({ "&&": { "left": left, "right": right } }),
    }
}

fn or(left: Value, right: Value) -> Value {
    match (known(&left), known(&right)) {
        (Some(true), _) | (_, Some(true)) => bool(true),
        (Some(false), _) => right,
        (_, Some(false)) => left,
        _ => json!({ "||": { "left": left, "right": right } }),
    }
}

/// The contrary of a condition.
pub(super) fn not(says: Value) -> Value {
    match known(&says) {
        Some(known) => bool(!known),
        None => json!({ "!": { "arg": says } }),
    }
}

/// When a rule matches in an environment that its scope covers.
pub(super) fn condition(rule: &Value) -> Value {
    all_of(scope(rule).into_iter().chain(clauses(rule)))
}

fn clauses(rule: &Value) -> Vec<Value> {
    let clauses = rule["conditions"].as_array().into_iter().flatten();
    let clause =
        |clause: &Value| if clause["kind"] == "when" { clause["body"].clone() } else { not(clause["body"].clone()) };
    clauses.map(clause).collect()
}

/// What the scope of a rule says of single entities; its types are those of the environment.
fn scope(rule: &Value) -> Vec<Value> {
    let mut says = Vec::new();
    for variable in ["principal", "resource"] {
        let scope = &rule[variable];
        let named = |entity: &Value| json!({ "Value": { "__entity": entity } });
        let left = json!({ "Var": variable });
        match scope["op"].as_str() {
            Some("==") => says.push(json!({ "==": { "left": left, "right": named(&scope["entity"]) } })),
            Some("in") => says.push(json!({ "in": { "left": left, "right": named(&scope["entity"]) } })),
            Some("is") if !scope["in"].is_null() => {
                says.push(json!({ "in": { "left": left, "right": named(&scope["in"]["entity"]) } }));
            }
            _ => {}
        }
    }
    says
}

/// What a claim says without the context: what it allows at most, whatever callers say.
pub(super) fn without_context(claim: &Value) -> Value {
    fn split(says: Value, found: &mut Vec<Value>) {
        if let Some(both) = says.get("&&") {
            split(both["left"].clone(), found);
            split(both["right"].clone(), found);
        } else if let Some(either) = says.get("!").and_then(|not| not["arg"].get("||")) {
            split(not(either["left"].clone()), found);
            split(not(either["right"].clone()), found);
        } else {
            found.push(says);
        }
    }
    let mut found = scope(claim);
    clauses(claim).into_iter().for_each(|clause| split(clause, &mut found));
    all_of(found.into_iter().filter(|says| !holds(says, "context")))
}

/// Does a variable stand in a condition?
pub(super) fn holds(says: &Value, variable: &str) -> bool {
    match says {
        Value::Object(members) => {
            members.get("Var").is_some_and(|var| var == variable)
                || members.values().any(|inner| holds(inner, variable))
        }
        Value::Array(items) => items.iter().any(|item| holds(item, variable)),
        _ => false,
    }
}

/// The numbers and texts that stand in some rules.
pub(super) fn literals(rules: impl Iterator<Item = Value>) -> BTreeSet<Literal> {
    fn read(node: &Value, found: &mut BTreeSet<Literal>) {
        match node {
            Value::Object(members) => {
                match members.get("Value") {
                    Some(Value::String(text)) => drop(found.insert(Literal::Text(text.clone()))),
                    Some(Value::Number(number)) => found.extend(number.as_i64().map(Literal::Number)),
                    _ => {}
                }
                members.values().for_each(|inner| read(inner, found));
            }
            Value::Array(items) => items.iter().for_each(|item| read(item, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    rules.for_each(|rule| read(&rule, &mut found));
    found
}

/// A value that stands in a rule.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Literal {
    Number(i64),
    Text(String),
}

/// A condition as it is where the caller says that.
pub(super) fn put(says: &Value, shape: &RecordShape, said: &Members) -> Value {
    replaced(says, &record(shape, said))
}

fn record(shape: &RecordShape, said: &Members) -> Value {
    let members = said.iter().filter_map(|(name, value)| Some((name.clone(), literal(&shape.get(name)?.shape, value))));
    json!({ "Record": members.collect::<Map<String, Value>>() })
}

fn literal(shape: &Shape, value: &Value) -> Value {
    match (shape, value) {
        (Shape::Record(inner), Value::Object(members)) => record(inner, members),
        (Shape::Set(element), Value::Array(items)) => {
            json!({ "Set": items.iter().map(|item| literal(element, item)).collect::<Vec<_>>() })
        }
        (Shape::Extension(name), value) => {
            let constructor = if name == "ipaddr" { "ip" } else { name };
            json!({ constructor: [{ "Value": value }] })
        }
        (_, value) => json!({ "Value": value }),
    }
}

fn replaced(says: &Value, context: &Value) -> Value {
    match says {
        Value::Object(members) if members.get("Var").is_some_and(|var| var == "context") => context.clone(),
        Value::Object(members) if members.contains_key("Value") => says.clone(),
        // The names in it are of members, and not of operators.
        Value::Object(members) if members.contains_key("Record") => {
            let inner = members["Record"].as_object().into_iter().flatten();
            let inner = inner.map(|(name, value)| (name.clone(), replaced(value, context)));
            json!({ "Record": inner.collect::<Map<String, Value>>() })
        }
        Value::Object(members) => {
            simpler(members.iter().map(|(name, inner)| (name.clone(), replaced(inner, context))).collect())
        }
        Value::Array(items) => items.iter().map(|item| replaced(item, context)).collect(),
        other => other.clone(),
    }
}

/// A condition with what is known of it carried out. An empty set is never left in it, since none can be typed.
fn simpler(says: Map<String, Value>) -> Value {
    let Some((operator, of)) = says.iter().next() else { return Value::Object(says) };
    let (left, right) = (&of["left"], &of["right"]);
    let member = || of["attr"].as_str().and_then(|name| left["Record"].get(name));
    let is_none = |set: &Value| set["Set"].as_array().is_some_and(Vec::is_empty);
    let is_empty = |set: &Value| if is_none(set) { bool(true) } else { json!({ "isEmpty": { "arg": set } }) };
    match operator.as_str() {
        "." if left.get("Record").is_some() => member().cloned().unwrap_or(Value::Object(says.clone())),
        "has" if left.get("Record").is_some() => bool(member().is_some()),
        "&&" => and(left.clone(), right.clone()),
        "||" => or(left.clone(), right.clone()),
        "!" => not(of["arg"].clone()),
        "if-then-else" => match known(&of["if"]) {
            Some(true) => of["then"].clone(),
            Some(false) => of["else"].clone(),
            None => Value::Object(says),
        },
        "contains" if is_none(left) => bool(false),
        "containsAny" if is_none(left) || is_none(right) => bool(false),
        "containsAll" if is_none(right) => bool(true),
        "containsAll" if is_none(left) => is_empty(right),
        "isEmpty" if is_none(&of["arg"]) => bool(true),
        "==" if is_none(left) => is_empty(right),
        "==" if is_none(right) => is_empty(left),
        "!=" if is_none(left) => not(is_empty(right)),
        "!=" if is_none(right) => not(is_empty(left)),
        _ => Value::Object(says),
    }
}
