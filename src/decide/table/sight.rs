//! Which rules see nothing but what a standing holds, read from the rules as JSON.
//!
//! Read by allowing: whatever is not known here is taken to see more.

use cedar_policy::Policy;
use serde_json::{Map, Value};

/// What a standing holds of the words: paths from the principal or the resource to a word.
const WORDS: &[&[&str]] = &[
    &["principal", "kind"],
    &["principal", "status"],
    &["resource", "status"],
    &["resource", "parent", "status"],
    &["resource", "commercialRelationship"],
    &["resource", "sale", "relationship"],
];

/// What a standing holds of the partners: paths to one that is the principal or another, as it says.
const PARTNERS: &[&[&str]] = &[&["principal"], &["resource", "originalReseller"], &["resource", "sale", "reseller"]];

/// Paths to what is no partner, and so is never one of those.
const NO_PARTNERS: &[&[&str]] = &[&["resource"], &["resource", "customer"], &["resource", "service"]];

/// Whose members a standing holds, as far as the principal is one of them or not.
const SETS: &[&[&str]] =
    &[&["resource", "delegatedAdministrators"], &["resource", "service", "delegatedAdministrators"]];

/// What a standing says there is or is not.
const OPTIONAL: &[&[&str]] = &[
    &["resource", "parent"],
    &["resource", "originalReseller"],
    &["resource", "commercialRelationship"],
    &["resource", "sale"],
];

/// Does a rule see nothing but what a standing holds?
pub(super) fn is_of_standings(policy: &Policy) -> bool {
    policy.to_json().is_ok_and(|json| read(&json, &|_| false).is_some())
}

/// Does a rule see nothing but what a standing holds and what the caller says?
pub(super) fn is_of_standings_and_context(policy: &Policy) -> bool {
    policy.to_json().is_ok_and(|json| read(&json, &is_said).is_some())
}

/// Does a rule see nothing of a call but the kind of its caller, where the call is about something of type `resource`
/// that has no attributes?
pub(super) fn is_of_callers(policy: &Policy, resource: &str) -> bool {
    let is_role = |expression: &Value| path(expression).is_some_and(|path| path == ["principal", "role"]);
    policy.to_json().is_ok_and(|rule| is_about_another(&rule, resource) || read(&rule, &is_role).is_some())
}

/// Is a rule about resources of another type, so that it never applies?
fn is_about_another(rule: &Value, resource: &str) -> bool {
    let scope = rule.get("resource");
    let of = |member: &str| scope.and_then(|scope| scope.get(member)).and_then(Value::as_str);
    of("op") == Some("is") && of("entity_type").is_some_and(|kind| kind != resource)
}

/// Is an expression made of what the caller says, and of nothing that is named?
fn is_said(expression: &Value) -> bool {
    match expression {
        Value::Object(members) => {
            let names = members.contains_key("__entity") || members.contains_key("Slot");
            let is_other = members.get("Var").is_some_and(|variable| variable != "context");
            !names && !is_other && members.values().all(is_said)
        }
        Value::Array(items) => items.iter().all(is_said),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// Reads a rule; what `besides` says of an expression is decided too.
fn read(rule: &Value, besides: &dyn Fn(&Value) -> bool) -> Option<()> {
    for variable in ["principal", "resource"] {
        // One that is named, or is in what is named, could be told from the others.
        let scope = rule.get(variable)?;
        let is_open = match scope.get("op")?.as_str()? {
            "All" => true,
            "is" => scope.get("in").is_none(),
            _ => false,
        };
        is_open.then_some(())?;
    }
    for condition in rule.get("conditions")?.as_array()? {
        is_decided(condition.get("body")?, besides).then_some(())?;
    }
    Some(())
}

/// Is an expression decided by the standing?
fn is_decided(expression: &Value, besides: &dyn Fn(&Value) -> bool) -> bool {
    if expression.get("Value").is_some_and(Value::is_boolean) || besides(expression) {
        return true;
    }
    let Some((operator, operands)) = operation(expression) else { return false };
    let operand = |name: &str| operands.get(name);
    let is_decided_at = |name: &str| operand(name).is_some_and(|operand| is_decided(operand, besides));
    let is_at = |name: &str, paths: &[&[&str]]| operand(name).and_then(path).is_some_and(|path| is_one(&path, paths));
    match operator {
        "&&" | "||" => is_decided_at("left") && is_decided_at("right"),
        "!" => is_decided_at("arg"),
        "if-then-else" => ["if", "then", "else"].into_iter().all(is_decided_at),
        "==" | "!=" => {
            let are_both = |is: &dyn Fn(&str) -> bool| is("left") && is("right");
            let is_word = |name: &str| {
                operand(name).is_some_and(|operand| is_literal(operand) || besides(operand)) || is_at(name, WORDS)
            };
            let is_partner = |name: &str| is_at(name, PARTNERS);
            let is_other = |name: &str| is_partner(name) || is_at(name, NO_PARTNERS);
            are_both(&is_word) || (is_partner("left") && is_other("right")) || (is_other("left") && is_partner("right"))
        }
        "contains" => is_at("left", SETS) && operand("right").and_then(path).is_some_and(|path| path == ["principal"]),
        "has" => {
            let of = operand("left").and_then(path);
            let (Some(mut of), Some(attribute)) = (of, operand("attr").and_then(Value::as_str)) else { return false };
            of.push(attribute);
            is_one(&of, OPTIONAL)
        }
        "is" => {
            let is_whole =
                operand("left").and_then(path).is_some_and(|path| path == ["principal"] || path == ["resource"]);
            is_whole && operand("in").is_none()
        }
        _ => false,
    }
}

fn is_one(path: &[&str], paths: &[&[&str]]) -> bool {
    paths.contains(&path)
}

fn is_literal(expression: &Value) -> bool {
    expression.get("Value").is_some_and(Value::is_string)
}

/// The path of attributes that an expression is.
fn path(expression: &Value) -> Option<Vec<&str>> {
    match (expression.get("Var"), expression.get(".")) {
        (Some(variable), None) => Some(vec![variable.as_str()?]),
        (None, Some(access)) => {
            let mut path = path(access.get("left")?)?;
            path.push(access.get("attr")?.as_str()?);
            Some(path)
        }
        _ => None,
    }
}

/// The one operator of an expression, and its operands.
fn operation(expression: &Value) -> Option<(&str, &Map<String, Value>)> {
    let members = expression.as_object().filter(|members| members.len() == 1)?;
    let (operator, operands) = members.iter().next()?;
    Some((operator, operands.as_object()?))
}
