//! What a rule may not read: attributes of a partner that it reaches through another entity.
//!
//! Of the partners a thing names - who sold it, who administers it - a decision knows who they are and nothing else,
//! so a rule that reads more of them errs for everybody else, and refuses. A review says so before it is in force.

use serde_json::Value;

use super::vocabulary::{Shape, Vocabulary};
use crate::question::Kind;

/// An attribute that is read of an entity of which nothing but its name is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct OutOfReach {
    /// The attribute that leads to the entity.
    pub(super) through: String,
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
                let through = inner.pointer("/left/./attr").and_then(Value::as_str);
                let attribute = inner.get("attr").and_then(Value::as_str);
                if let (Some(through), Some(attribute)) = (through, attribute)
                    && leads_to_partner(through, vocabulary)
                {
                    found.push(OutOfReach { through: through.to_owned(), attribute: attribute.to_owned() });
                }
            }
            members.values().for_each(|inner| read(inner, vocabulary, found));
        }
        _ => {}
    }
}

/// Does an attribute of that name hold a partner, in any type?
fn leads_to_partner(name: &str, vocabulary: &Vocabulary) -> bool {
    let holds = |shape: &Shape| matches!(shape, Shape::Entity(kind) if kind == Kind::Partner.as_str());
    vocabulary.entities().any(|(_, attributes)| attributes.get(name).is_some_and(|found| holds(&found.shape)))
}
