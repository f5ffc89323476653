//! What makes types of the document in every language: each shape has a name of its own, and what is open says so.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";

/// Rewrites a document so that programs that write clients make of it what it means.
pub(super) fn typed(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    flatten(schemas);
    name_shapes(schemas);
    simplify(document);
}

/// A schema that is one of several shapes with common members becomes one of several whole shapes: hardly any
/// program reads `allOf` over `oneOf`.
fn flatten(schemas: &mut Map<String, Value>) {
    let mut merged = Vec::new();
    for (name, schema) in &*schemas {
        let parts = schema["allOf"].as_array().into_iter().flatten();
        let referred = |part: &Value| Some(part["$ref"].as_str()?.strip_prefix(SCHEMAS)?.to_owned());
        let (mut several, mut others) = (None, Vec::new());
        for part in parts {
            match referred(part).filter(|of| schemas.get(of).is_some_and(|of| of["oneOf"].is_array())) {
                Some(of) => several = Some(of),
                None => others.push(part),
            }
        }
        let Some(of) = several else { continue };
        let mut whole = schemas.get(&of).cloned().unwrap_or_default();
        for shape in shapes(&mut whole) {
            for part in &others {
                for (member, says) in part["properties"].as_object().into_iter().flatten() {
                    shape["properties"][member] = says.clone();
                }
                if let (Some(all), Some(more)) = (shape["required"].as_array_mut(), part["required"].as_array()) {
                    all.extend(more.iter().cloned());
                }
            }
        }
        whole["description"] = schema["description"].clone();
        merged.push((name.clone(), whole, of));
    }
    for (name, whole, of) in merged {
        // Only this schema refers to it: what is flattened is part of nothing else.
        schemas.remove(&of);
        schemas.insert(name, whole);
    }
}

/// Gives each of several shapes a name, after its title, or after the word or the member that distinguishes it.
fn name_shapes(schemas: &mut Map<String, Value>) {
    let mut named = BTreeMap::new();
    for (name, schema) in schemas.iter_mut() {
        for shape in shapes(schema) {
            let Some(own) = own_name(shape) else { continue };
            let own = format!("{name}{own}");
            // Its name says more.
            shape.as_object_mut().and_then(|shape| shape.remove("title"));
            let reference = json!({ "$ref": format!("{SCHEMAS}{own}") });
            named.insert(own, std::mem::replace(shape, reference));
        }
    }
    schemas.extend(named);
}

fn shapes(schema: &mut Value) -> impl Iterator<Item = &mut Value> {
    schema.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten()
}

fn own_name(shape: &Value) -> Option<String> {
    let members = shape["properties"].as_object()?;
    let word = members.values().find_map(|says| match says["enum"].as_array()?.as_slice() {
        [only] => only.as_str(),
        _ => None,
    });
    let only = members.keys().next().filter(|_| members.len() == 1).map(String::as_str);
    let own = shape["title"].as_str().or(word).or(only)?;
    let capital = |part: &str| part.chars().take(1).flat_map(char::to_uppercase).chain(part.chars().skip(1)).collect();
    Some(own.split('-').map(capital).collect::<Vec<String>>().concat())
}

/// An object whose members nobody names may have any; a word of a single one is a constant.
fn simplify(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(simplify),
        Value::Object(members) => {
            let is_object =
                |kind: &Value| kind == "object" || kind.as_array().is_some_and(|of| of.contains(&json!("object")));
            let says = ["properties", "additionalProperties"].iter().any(|member| members.contains_key(*member));
            if members.get("type").is_some_and(is_object) && !says {
                members.insert("additionalProperties".to_owned(), true.into());
            }
            let only = members.get("enum").and_then(Value::as_array).filter(|words| words.len() == 1).cloned();
            if let Some(word) = only.into_iter().flatten().next() {
                members.remove("enum");
                members.insert("const".to_owned(), word);
            }
            members.values_mut().for_each(simplify);
        }
        _ => {}
    }
}
