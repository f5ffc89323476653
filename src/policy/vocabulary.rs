//! The words a schema declares, and how a caller's JSON becomes values of them.
//!
//! Values are converted here by hand and never through Cedar's JSON entity format: there `{"__entity": ...}` would
//! let a caller name entities in a property, here it is data like any other.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{EntityUid, RestrictedExpression, SchemaFragment};
use serde_json::Value;

use crate::question::Members;

/// The deepest nesting of a caller's value that is looked at.
const DEPTH_MAX: usize = 64;

/// The shape of a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A whole number of 64 bits.
    Long,
    /// A text.
    String,
    /// Values of one shape, each once.
    Set(Box<Shape>),
    /// Named values.
    Record(RecordShape),
    /// A reference to an entity; no caller may claim one.
    Entity(String),
    /// A value of one of Cedar's extensions: `decimal`, `ipaddr`, `datetime`, `duration`.
    Extension(String),
}

/// An attribute of a record or an entity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// The shape of its value.
    pub shape: Shape,
    /// Must it be there?
    pub required: bool,
    /// The only texts it may hold, where its schema says so with `@values("a b c")`.
    pub values: Option<BTreeSet<String>>,
    /// What its schema's `@claimable` says, which should be nothing: in a world of its own a caller may say it of an
    /// entity that is stored, where nothing is stored under it.
    pub claimable: Option<String>,
}

impl Attribute {
    /// May a caller say it of an entity that is stored without it?
    #[must_use]
    pub fn is_claimable(&self) -> bool {
        self.claimable.as_deref() == Some("")
    }
}

/// The attributes of a record or an entity, by name.
pub type RecordShape = BTreeMap<String, Attribute>;

/// What a schema says about one action.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ActionShape {
    /// The types that may be its principal.
    pub principals: BTreeSet<String>,
    /// The types that may be its resource.
    pub resources: BTreeSet<String>,
    /// The context it declares.
    pub context: RecordShape,
    /// What it does, in the schema's own words.
    pub doc: Option<String>,
}

/// The words of a schema.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Vocabulary {
    entities: BTreeMap<String, RecordShape>,
    actions: BTreeMap<(String, String), ActionShape>,
    enumerated: BTreeSet<String>,
}

/// A property or context member that is declared with another shape, by its path.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{path}` is not {expected}")]
pub struct InvalidProperty {
    /// Where it stands, for example `resource.properties.ownerID`.
    pub path: String,
    /// What it should be.
    pub expected: String,
}

impl Vocabulary {
    /// Reads the words of a schema from its fragments.
    ///
    /// # Errors
    /// A sentence, when a fragment cannot be written as JSON or names a type that is declared nowhere; a schema that
    /// Cedar accepted has neither.
    pub fn read(fragments: impl IntoIterator<Item = SchemaFragment>) -> Result<Self, String> {
        let mut namespaces = BTreeMap::new();
        for fragment in fragments {
            let Value::Object(read) = fragment.to_json_value().map_err(|error| error.to_string())? else { continue };
            for (namespace, declared) in read {
                let part: &mut Vec<Value> = namespaces.entry(namespace).or_default();
                part.push(declared);
            }
        }
        let reader = Reader { namespaces: &namespaces };
        let mut vocabulary = Self::default();
        for (namespace, parts) in &namespaces {
            for part in parts {
                for (name, declared) in members(part, "entityTypes") {
                    let shape = match declared.get("shape") {
                        Some(shape) => reader.record(namespace, shape, 0)?,
                        None => RecordShape::new(),
                    };
                    if declared.get("enum").is_some() {
                        vocabulary.enumerated.insert(qualified(namespace, name));
                    }
                    vocabulary.entities.insert(qualified(namespace, name), shape);
                }
                for (name, declared) in members(part, "actions") {
                    let applies = declared.get("appliesTo").unwrap_or(&Value::Null);
                    let types = |member| reader.types(namespace, applies.get(member));
                    let action = ActionShape {
                        principals: types("principalTypes"),
                        resources: types("resourceTypes"),
                        context: match applies.get("context") {
                            Some(context) => reader.record(namespace, context, 0)?,
                            None => RecordShape::new(),
                        },
                        doc: declared.pointer("/annotations/doc").and_then(Value::as_str).map(str::to_owned),
                    };
                    vocabulary.actions.insert((namespace.clone(), name.clone()), action);
                }
            }
        }
        Ok(vocabulary)
    }

    /// Does the schema list every entity there is of a type?
    #[must_use]
    pub fn is_enumerated(&self, kind: &str) -> bool {
        self.enumerated.contains(kind)
    }

    /// The attributes of an entity type, if the schema declares it.
    #[must_use]
    pub fn entity(&self, kind: &str) -> Option<&RecordShape> {
        self.entities.get(kind)
    }

    /// The entity types the schema declares, with their attributes.
    pub fn entities(&self) -> impl Iterator<Item = (&str, &RecordShape)> {
        self.entities.iter().map(|(kind, shape)| (kind.as_str(), shape))
    }

    /// The action of that name in a namespace (the empty one for what callers ask about), if anything can do it to
    /// anything: a group of actions is not one.
    #[must_use]
    pub fn action(&self, namespace: &str, name: &str) -> Option<&ActionShape> {
        self.actions
            .get(&(namespace.to_owned(), name.to_owned()))
            .filter(|action| !action.principals.is_empty() && !action.resources.is_empty())
    }

    /// Does the schema let a caller say anything about an action?
    #[must_use]
    pub(crate) fn lets_say(&self, action: &EntityUid) -> bool {
        let shape = self.action(&action.type_name().namespace(), action.id().unescaped());
        shape.is_some_and(|shape| !shape.context.is_empty())
    }

    /// The actions of a namespace that can be asked about, in the order of their names.
    pub fn actions(&self, namespace: &str) -> impl Iterator<Item = (&str, &ActionShape)> {
        self.actions
            .iter()
            .filter(move |((of, _), action)| {
                of == namespace && !action.principals.is_empty() && !action.resources.is_empty()
            })
            .map(|((_, name), action)| (name.as_str(), action))
    }
}

/// The first member that has to be there and is not given, at any depth, by its path below `path`.
pub(crate) fn missing(path: &str, declared: &RecordShape, given: &Members) -> Option<String> {
    declared.iter().find_map(|(name, attribute)| {
        let at = format!("{path}.{name}");
        match given.get(name).filter(|value| !value.is_null()) {
            Some(value) => missing_in(&at, &attribute.shape, value),
            None => attribute.required.then_some(at),
        }
    })
}

fn missing_in(path: &str, shape: &Shape, given: &Value) -> Option<String> {
    match (shape, given) {
        (Shape::Record(inner), Value::Object(members)) => missing(path, inner, members),
        (Shape::Set(element), Value::Array(items)) => {
            items.iter().filter(|item| !item.is_null()).find_map(|item| missing_in(path, element, item))
        }
        _ => None,
    }
}

pub(super) fn qualified(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}::{name}") }
}

pub(super) fn members<'a>(part: &'a Value, member: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    part.get(member).and_then(Value::as_object).into_iter().flatten()
}

struct Reader<'a> {
    namespaces: &'a BTreeMap<String, Vec<Value>>,
}

impl Reader<'_> {
    fn types(&self, namespace: &str, listed: Option<&Value>) -> BTreeSet<String> {
        let names = listed.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        names.map(|name| self.entity_named(namespace, name).unwrap_or_else(|| name.to_owned())).collect()
    }

    fn declared(&self, member: &str, namespace: &str, name: &str) -> Option<(String, &Value)> {
        let (inner, simple) = name.rsplit_once("::").unwrap_or(("", name));
        let places = if inner.is_empty() { vec![namespace, ""] } else { vec![inner] };
        places.into_iter().find_map(|place| {
            let parts = self.namespaces.get(place)?;
            parts.iter().find_map(|part| part.get(member)?.get(simple)).map(|found| (place.to_owned(), found))
        })
    }

    fn entity_named(&self, namespace: &str, name: &str) -> Option<String> {
        let simple = name.rsplit_once("::").map_or(name, |(_, simple)| simple);
        self.declared("entityTypes", namespace, name).map(|(place, _)| qualified(&place, simple))
    }

    fn record(&self, namespace: &str, declared: &Value, depth: usize) -> Result<RecordShape, String> {
        match self.shape(namespace, declared, depth)? {
            Shape::Record(attributes) => Ok(attributes),
            _ => Err("a shape or context of the schema is not a record".to_owned()),
        }
    }

    fn shape(&self, namespace: &str, declared: &Value, depth: usize) -> Result<Shape, String> {
        if depth > DEPTH_MAX {
            return Err("the schema nests types too deeply".to_owned());
        }
        let word = |member| declared.get(member).and_then(Value::as_str).unwrap_or_default();
        match word("type") {
            "Boolean" | "Bool" => Ok(Shape::Bool),
            "Long" => Ok(Shape::Long),
            "String" => Ok(Shape::String),
            "Set" => {
                let element = declared.get("element").unwrap_or(&Value::Null);
                Ok(Shape::Set(Box::new(self.shape(namespace, element, depth + 1)?)))
            }
            "Record" => members(declared, "attributes")
                .map(|(name, attribute)| {
                    let values = attribute.pointer("/annotations/values").and_then(Value::as_str);
                    let claimable = attribute.pointer("/annotations/claimable");
                    Ok((
                        name.clone(),
                        Attribute {
                            shape: self.shape(namespace, attribute, depth + 1)?,
                            required: attribute.get("required").and_then(Value::as_bool).unwrap_or(true),
                            values: values.map(|words| words.split_whitespace().map(str::to_owned).collect()),
                            claimable: claimable.map(|said| said.as_str().unwrap_or_default().to_owned()),
                        },
                    ))
                })
                .collect::<Result<_, String>>()
                .map(Shape::Record),
            "Entity" => Ok(Shape::Entity(word("name").to_owned())),
            "Extension" => Ok(Shape::Extension(word("name").to_owned())),
            "EntityOrCommon" => self.named(namespace, word("name"), depth),
            other => self.named(namespace, other, depth),
        }
    }

    fn named(&self, namespace: &str, name: &str, depth: usize) -> Result<Shape, String> {
        if let Some((place, declared)) = self.declared("commonTypes", namespace, name) {
            return self.shape(&place, declared, depth + 1);
        }
        if let Some(kind) = self.entity_named(namespace, name) {
            return Ok(Shape::Entity(kind));
        }
        match name.strip_prefix("__cedar::").unwrap_or(name) {
            "Bool" | "Boolean" => Ok(Shape::Bool),
            "Long" => Ok(Shape::Long),
            "String" => Ok(Shape::String),
            extension @ ("decimal" | "ipaddr" | "datetime" | "duration") => Ok(Shape::Extension(extension.to_owned())),
            other => Err(format!("the schema names the type `{other}`, which it does not declare")),
        }
    }
}

/// Converts a caller's members into values of what is declared.
///
/// What is not declared is dropped, at every depth, and so is `null`; what is declared and missing stays missing.
///
/// # Errors
/// [`InvalidProperty`] for a declared member of another shape, with its path below `path`.
pub fn convert(
    path: &str,
    declared: &RecordShape,
    given: &Members,
) -> Result<BTreeMap<String, RestrictedExpression>, InvalidProperty> {
    let mut converted = BTreeMap::new();
    for (name, attribute) in declared {
        let Some(value) = given.get(name).filter(|value| !value.is_null()) else { continue };
        let value = convert_value(&format!("{path}.{name}"), &attribute.shape, value, 0)?;
        converted.insert(name.clone(), value);
    }
    Ok(converted)
}

fn convert_value(
    path: &str,
    shape: &Shape,
    given: &Value,
    depth: usize,
) -> Result<RestrictedExpression, InvalidProperty> {
    let not = |expected: &str| InvalidProperty { path: path.to_owned(), expected: expected.to_owned() };
    if depth > DEPTH_MAX {
        return Err(not("nested less deeply"));
    }
    match (shape, given) {
        (Shape::Bool, Value::Bool(value)) => Ok(RestrictedExpression::new_bool(*value)),
        (Shape::Bool, _) => Err(not("a boolean")),
        (Shape::Long, Value::Number(number)) => {
            whole(number).map(RestrictedExpression::new_long).ok_or_else(|| not("a whole number of 64 bits"))
        }
        (Shape::Long, _) => Err(not("a whole number")),
        (Shape::String, Value::String(text)) => Ok(RestrictedExpression::new_string(text.clone())),
        (Shape::String, _) => Err(not("a string")),
        (Shape::Set(element), Value::Array(items)) => items
            .iter()
            .enumerate()
            .filter(|(_, item)| !item.is_null())
            .map(|(index, item)| convert_value(&format!("{path}[{index}]"), element, item, depth + 1))
            .collect::<Result<Vec<_>, _>>()
            .map(RestrictedExpression::new_set),
        (Shape::Set(_), _) => Err(not("an array")),
        (Shape::Record(attributes), Value::Object(members)) => {
            let mut fields = Vec::new();
            for (name, attribute) in attributes {
                if let Some(value) = members.get(name).filter(|value| !value.is_null()) {
                    let value = convert_value(&format!("{path}.{name}"), &attribute.shape, value, depth + 1)?;
                    fields.push((name.clone(), value));
                }
            }
            RestrictedExpression::new_record(fields).map_err(|_| not("a record with each member once"))
        }
        (Shape::Record(_), _) => Err(not("an object")),
        (Shape::Entity(_), _) => Err(not("something a caller may claim; entities come from the store alone")),
        (Shape::Extension(name), Value::String(text)) => extension(name, text).ok_or_else(|| not(&format!("a {name}"))),
        (Shape::Extension(name), Value::Number(number)) if name == "decimal" => {
            let text = number.to_string();
            let text = if text.contains('.') { text } else { format!("{text}.0") };
            extension(name, &text).ok_or_else(|| not("a decimal of at most four places"))
        }
        (Shape::Extension(name), _) => Err(not(&format!("a {name}"))),
    }
}

fn whole(number: &serde_json::Number) -> Option<i64> {
    /// Up to here every whole number is a double of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_i64().or_else(|| {
        let value = number.as_f64()?;
        #[expect(clippy::cast_possible_truncation, reason = "the guard leaves only whole numbers that fit")]
        (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
    })
}

fn extension(name: &str, text: &str) -> Option<RestrictedExpression> {
    let value = match name {
        "decimal" => RestrictedExpression::new_decimal(text),
        "ipaddr" => RestrictedExpression::new_ip(text),
        "datetime" => RestrictedExpression::new_datetime(text),
        "duration" => RestrictedExpression::new_duration(text),
        _ => return None,
    };
    // Cedar evaluates the constructor only when the value is put somewhere; ask now, so that the caller hears of it.
    cedar_policy::Context::from_pairs([("value".to_owned(), value.clone())]).ok().map(|_| value)
}
