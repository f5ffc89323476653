//! Texts a rule compares with an attribute that may hold only certain texts.
//!
//! Cedar's validator knows that `status` is a text, not which ones there are: `status == "suspnded"` would be valid
//! and never true, and a forbid that is never true lets through what it should refuse. The schema names the texts
//! with `@values("...")`, and a rule that compares with another is refused.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::vocabulary::{Attribute, RecordShape, Shape, Vocabulary};

/// Every closed attribute of the schema by name. Where two types close one name differently, either text is good.
pub(super) fn closed(vocabulary: &Vocabulary) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    let mut open = BTreeSet::new();
    let shapes = vocabulary.entities().map(|(_, shape)| shape);
    for shape in shapes {
        collect(shape, &mut found, &mut open);
    }
    found.retain(|name, _| !open.contains(name));
    found
}

fn collect(shape: &RecordShape, found: &mut BTreeMap<String, BTreeSet<String>>, open: &mut BTreeSet<String>) {
    for (name, Attribute { shape, values, .. }) in shape {
        match (values, shape) {
            (Some(values), _) => found.entry(name.clone()).or_default().extend(values.iter().cloned()),
            (None, Shape::Record(inner)) => collect(inner, found, open),
            (None, Shape::String) => {
                open.insert(name.clone());
            }
            (None, _) => {}
        }
    }
}

/// A text that no value of the attribute can be.
pub(super) struct Misspelt {
    /// The attribute.
    pub attribute: String,
    /// The text as written.
    pub text: String,
    /// The texts there are.
    pub known: Vec<String>,
}

/// The misspelt texts in a rule, given as Cedar's JSON.
pub(super) fn misspelt(rule: &Value, closed: &BTreeMap<String, BTreeSet<String>>) -> Vec<Misspelt> {
    let mut found = Vec::new();
    walk(rule, closed, &mut found);
    found
}

fn walk(node: &Value, closed: &BTreeMap<String, BTreeSet<String>>, found: &mut Vec<Misspelt>) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| walk(item, closed, found)),
        Value::Object(members) => {
            for (operator, operands) in members {
                if matches!(operator.as_str(), "==" | "!=" | "contains" | "containsAny" | "containsAll") {
                    let sides = [operands.get("left"), operands.get("right")];
                    for (attribute_side, text_side) in [(sides[0], sides[1]), (sides[1], sides[0])] {
                        let attribute = attribute_side.and_then(|side| side.pointer("/./attr")).and_then(Value::as_str);
                        if let (Some(attribute), Some(text_side)) = (attribute, text_side)
                            && let Some(known) = closed.get(attribute)
                        {
                            for text in texts(text_side).into_iter().filter(|text| !known.contains(*text)) {
                                found.push(Misspelt {
                                    attribute: attribute.to_owned(),
                                    text: text.to_owned(),
                                    known: known.iter().cloned().collect(),
                                });
                            }
                        }
                    }
                }
                walk(operands, closed, found);
            }
        }
        _ => {}
    }
}

/// The texts a literal holds: itself, or the members of a set of literals.
fn texts(literal: &Value) -> Vec<&str> {
    match (literal.get("Value"), literal.get("Set")) {
        (Some(Value::String(text)), _) => vec![text],
        (Some(Value::Array(items)), _) => items.iter().filter_map(Value::as_str).collect(),
        (_, Some(Value::Array(items))) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
