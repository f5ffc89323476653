//! How large a schema is once every type is written out where it is named. Cedar writes them out, so a few lines, each
//! a record of two of the type before, are a schema that no memory holds; they are counted here before it sees them.

use std::collections::BTreeMap;

use cedar_policy::SchemaFragment;
use serde_json::Value;

use super::vocabulary::{members, qualified};
use crate::limits::{SCHEMA_ACTIONS_MAX, SCHEMA_ENTITIES_MAX, SCHEMA_ENVIRONMENTS_MAX, SCHEMA_EXPANDED_MAX};

/// How deep types may be nested, once each is written out.
const DEPTH_MAX: usize = 64;

/// Why a schema is too large, in a sentence; nothing where it is not.
pub(super) fn too_large(fragments: &[SchemaFragment]) -> Result<(), String> {
    let mut counting = Counting::default();
    for fragment in fragments {
        let Value::Object(read) = fragment.clone().to_json_value().map_err(|error| error.to_string())? else {
            continue;
        };
        for (namespace, declared) in read {
            counting.namespaces.entry(namespace).or_default().push(declared);
        }
    }
    counting.count()
}

#[derive(Default)]
struct Counting {
    namespaces: BTreeMap<String, Vec<Value>>,
    /// How large each common type is, by its whole name; nothing while it is counted.
    sizes: BTreeMap<String, Option<u64>>,
}

impl Counting {
    fn count(&mut self) -> Result<(), String> {
        let namespaces = self.namespaces.clone();
        let (mut expanded, mut environments, mut entities, mut actions) = (0_u64, 0_usize, 0_usize, 0_usize);
        for (namespace, parts) in &namespaces {
            for part in parts {
                for (name, _) in members(part, "commonTypes") {
                    expanded = expanded.saturating_add(self.named(namespace, name, 0)?);
                }
                for (_, entity) in members(part, "entityTypes") {
                    entities += 1;
                    for declared in [entity.get("shape"), entity.get("tags")].into_iter().flatten() {
                        expanded = expanded.saturating_add(self.size(namespace, declared, 0)?);
                    }
                }
                for (_, action) in members(part, "actions") {
                    actions += 1;
                    let applies = action.get("appliesTo").unwrap_or(&Value::Null);
                    let types = |member| applies.get(member).and_then(Value::as_array).map_or(0, Vec::len);
                    environments =
                        environments.saturating_add(types("principalTypes").saturating_mul(types("resourceTypes")));
                    if let Some(context) = applies.get("context") {
                        expanded = expanded.saturating_add(self.size(namespace, context, 0)?);
                    }
                }
            }
        }
        let within = |what: &str, found: u64, most: u64| match found > most {
            true => Err(format!("the schema has more than {most} {what}")),
            false => Ok(()),
        };
        within("attributes and types once each type is written out where it is named", expanded, SCHEMA_EXPANDED_MAX)?;
        within("types of entities", entities as u64, SCHEMA_ENTITIES_MAX)?;
        within("actions", actions as u64, SCHEMA_ACTIONS_MAX)?;
        within("pairs of a principal and a resource over all actions", environments as u64, SCHEMA_ENVIRONMENTS_MAX)
    }

    /// The size of a type that is written out here.
    fn size(&mut self, namespace: &str, declared: &Value, depth: usize) -> Result<u64, String> {
        if depth > DEPTH_MAX {
            return Err(format!("the schema nests types more than {DEPTH_MAX} deep"));
        }
        let word = |member| declared.get(member).and_then(Value::as_str).unwrap_or_default();
        let within = match word("type") {
            "Set" => self.size(namespace, declared.get("element").unwrap_or(&Value::Null), depth + 1)?,
            "Record" => {
                let mut size = 0_u64;
                for (_, attribute) in members(declared, "attributes") {
                    size = size.saturating_add(self.size(namespace, attribute, depth + 1)?);
                }
                size
            }
            "Entity" | "Extension" => 0,
            "EntityOrCommon" => self.named(namespace, word("name"), depth)?,
            name => self.named(namespace, name, depth)?,
        };
        Ok(within.saturating_add(1))
    }

    /// The size of a common type where it is named; nothing of anything else.
    fn named(&mut self, namespace: &str, name: &str, depth: usize) -> Result<u64, String> {
        let (inner, simple) = name.rsplit_once("::").unwrap_or(("", name));
        let places = if inner.is_empty() { vec![namespace, ""] } else { vec![inner] };
        let found = places.into_iter().find_map(|place| {
            let declared = self.namespaces.get(place)?.iter().find_map(|part| part.get("commonTypes")?.get(simple))?;
            Some((place.to_owned(), declared.clone()))
        });
        let Some((place, declared)) = found else { return Ok(0) };
        let whole = qualified(&place, simple);
        match self.sizes.get(&whole) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Err(format!("the type `{whole}` of the schema is made of itself")),
            None => {}
        }
        self.sizes.insert(whole.clone(), None);
        let size = self.size(&place, &declared, depth + 1)?;
        self.sizes.insert(whole, Some(size));
        Ok(size)
    }
}
