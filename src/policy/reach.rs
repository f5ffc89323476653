//! What a rule may not read: attributes of a partner that it reaches through another entity, and of anything that is
//! reached otherwise than along a path from what takes part.
//!
//! Of the partners a thing names - who sold it, who administers it - a decision knows who they are and nothing else,
//! so a rule that reads more of them errs for everybody else, and refuses. Of an entity that a rule names by its id it
//! knows nothing at all, and `has` is false there though a proof takes it for true; the same goes for one that is
//! chosen by `if` or put into a record. A review says so before it is in force.

use serde_json::Value;

use super::vocabulary::{RecordShape, Shape, Vocabulary};
use crate::question::Kind;

/// An attribute that is read of an entity of which nothing but its name is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct OutOfReach {
    /// The attribute that leads to the entity; nothing when no path from what takes part does.
    pub(super) through: Option<String>,
    /// The attribute that is read.
    pub(super) attribute: String,
}

/// Everything a rule reads out of reach.
pub(super) fn out_of_reach(rule: &Value, vocabulary: &Vocabulary) -> Vec<OutOfReach> {
    let mut found = Vec::new();
    read(rule, vocabulary, &mut found);
    found
}

fn read(node: &Value, vocabulary: &Vocabulary, found: &mut Vec<OutOfReach>) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| read(item, vocabulary, found)),
        Value::Object(members) => {
            for access in [".", "has"] {
                let Some(inner) = members.get(access) else { continue };
                let Some(attribute) = inner.get("attr").and_then(Value::as_str) else { continue };
                let left = inner.get("left").unwrap_or(&Value::Null);
                let through = left.pointer("/./attr").and_then(Value::as_str);
                let is_path = through.is_some() || left.get("Var").is_some();
                if !is_path || through.is_some_and(|through| leads_to_partner(through, vocabulary)) {
                    let through = through.map(str::to_owned);
                    found.push(OutOfReach { through, attribute: attribute.to_owned() });
                }
            }
            members.values().for_each(|inner| read(inner, vocabulary, found));
        }
        _ => {}
    }
}

/// Does an attribute of that name hold a partner, in any type or record?
fn leads_to_partner(name: &str, vocabulary: &Vocabulary) -> bool {
    vocabulary.entities().any(|(_, attributes)| holds_partner(name, attributes))
}

fn holds_partner(name: &str, attributes: &RecordShape) -> bool {
    attributes.iter().any(|(found, attribute)| match &attribute.shape {
        Shape::Entity(kind) => found == name && kind == Kind::Partner.as_str(),
        Shape::Record(members) => holds_partner(name, members),
        _ => false,
    })
}
