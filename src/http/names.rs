//! Names next to the ids of callers, wherever an answer shows one: `by` gets a `byName`.

use serde::Serialize;
use serde_json::{Value, json};

use super::problem::Problem;
use crate::pdp::Pdp;
use crate::pdp::names::{self, Names};

/// The members of answers that name a caller, and the members that say what it is called.
const NAMED: [(&str, &str); 4] =
    [("by", "byName"), ("caller", "callerName"), ("proposer", "proposerName"), ("madeBy", "madeByName")];

/// An answer with names next to the ids of callers; an id without a name has none.
pub(super) fn with_names<T: Serialize>(pdp: &Pdp, body: &T) -> Result<Value, Problem> {
    let mut value = serde_json::to_value(body).map_err(|_| Problem::internal())?;
    let mut names = names::names(pdp).map_err(|error| Problem::unavailable(&error))?;
    add(&mut names, &mut value)?;
    Ok(value)
}

fn add(names: &mut Names<'_>, value: &mut Value) -> Result<(), Problem> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| add(names, item)),
        Value::Object(members) => {
            for (member, named) in NAMED {
                let caller = members.get(member).and_then(caller_of);
                let name = caller.map(|caller| names.name(&caller)).transpose();
                if let Some(name) = name.map_err(|error| Problem::unavailable(&error))?.flatten() {
                    members.insert(named.to_owned(), name.into());
                }
            }
            members.values_mut().try_for_each(|member| add(names, member))
        }
        _ => Ok(()),
    }
}

/// How a caller is named in a member: as `role:id`, as the id of a token, or as a record has it.
fn caller_of(member: &Value) -> Option<String> {
    match member {
        Value::String(text) if text.contains(':') => Some(text.clone()),
        Value::String(id) => Some(format!("token:{id}")),
        Value::Object(caller) => {
            let kind = caller.get("type")?.as_str()?.to_lowercase();
            Some(format!("{kind}:{}", caller.get("id")?.as_str()?))
        }
        _ => None,
    }
}

/// Describes the names in the document of the API: each member that names a caller is followed by one that may say what
/// it is called.
pub(super) fn describe_names(document: &mut Value) {
    match document {
        Value::Array(items) => items.iter_mut().for_each(describe_names),
        Value::Object(members) => {
            if let Some(properties) = members.get_mut("properties").and_then(Value::as_object_mut) {
                for (member, named) in NAMED {
                    if properties.contains_key(member) {
                        let says = format!("What `{member}` is called, where it has a name");
                        properties.insert(named.to_owned(), json!({ "type": "string", "description": says }));
                    }
                }
            }
            members.values_mut().for_each(describe_names);
        }
        _ => {}
    }
}
