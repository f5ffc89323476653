//! Whether a schema declares what there is to know, and nothing else: what no fact fills is never there when a rule asks
//! for it, and a forbid that rests on it would let everything through.

use std::collections::BTreeMap;

use cedar_policy::{EntityTypeName, EvalResult};

use super::entities::{self, check_schema, specimen};
use super::{installation, visitor};
use crate::policy::{Attribute, Bundle, FACT_WORDS, Finding, RecordShape, Shape, finding_at};

const SHIPPED: &str = "keep the shipped attributes as they are";

/// An attribute as the facts have it.
struct Filled {
    shape: Option<Shape>,
    /// Does every entity of the type have it?
    always: bool,
}

/// Everything that a schema declares otherwise than the facts are, by file, line and column: types, attributes and
/// words that no fact fills, shapes that they do not have, and what they have and the schema lacks.
#[must_use]
pub fn schema_findings(bundle: &Bundle) -> Vec<Finding> {
    let filled = filled(bundle);
    let mut findings = Vec::new();
    for (kind, shape) in bundle.vocabulary().entities() {
        let mut say = |attribute: Option<&str>, message: String, hint: &str| {
            findings.push(finding_at(bundle.files(), kind, attribute, message, hint));
        };
        let Some(attributes) = filled.get(kind) else {
            say(None, format!("no fact is of the type `{kind}`"), "take it out, with what names it");
            continue;
        };
        let is_in = kind.parse::<EntityTypeName>().ok().and_then(|name| {
            let above = bundle.schema().ancestors(&name)?.next()?.to_string();
            Some(above)
        });
        if let Some(above) = is_in {
            say(None, format!("no fact puts a `{kind}` in a `{above}`"), "take the `in` of the type out");
        }
        attributes_of(kind, shape, attributes, &mut say);
    }
    if findings.is_empty() {
        findings.extend(check_schema(bundle).err());
    }
    findings.sort();
    findings
}

fn attributes_of(
    kind: &str,
    shape: &RecordShape,
    filled: &BTreeMap<String, Filled>,
    say: &mut dyn FnMut(Option<&str>, String, &str),
) {
    for (name, declared) in shape {
        let Some(known) = filled.get(name) else {
            let hint = "take it out: a rule that asks for it never finds it";
            say(Some(name), format!("no fact fills `{kind}.{name}`"), hint);
            continue;
        };
        match (&known.shape, &declared.shape) {
            (Some(Shape::Record(members)), Shape::Record(declared)) => {
                let member = |(name, known): (&String, &Attribute)| {
                    (name.clone(), Filled { shape: Some(known.shape.clone()), always: known.required })
                };
                attributes_of(&format!("{kind}.{name}"), declared, &members.iter().map(member).collect(), say);
            }
            (Some(known), declared) if known != declared => {
                let message = format!("`{kind}.{name}` is of another type in the facts");
                say(Some(name), message, SHIPPED);
            }
            _ => {}
        }
        if declared.required && !known.always {
            say(Some(name), format!("`{kind}.{name}` is not always there"), &format!("write `{name}?`"));
        }
        // What the `@values` leave out is another finding: a set of an earlier day may lack a word, and still decide.
        let place = format!("{kind}.{name}");
        let words = FACT_WORDS.iter().find(|(of, word, _)| format!("{}.{word}", of.as_str()) == place);
        let (Some((_, _, words)), Some(values)) = (words, &declared.values) else { continue };
        let words = words();
        if let Some(word) = values.iter().find(|word| !words.contains(&word.as_str())) {
            let hint =
                format!("it is one of {}", words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "));
            say(Some(name), format!("no fact says `{word}` for `{kind}.{name}`"), &hint);
        }
    }
    for name in filled.keys().filter(|name| !shape.contains_key(*name)) {
        say(None, format!("`{kind}` lacks `{name}`, which the facts have"), SHIPPED);
    }
}

/// What the facts fill, by type and attribute.
fn filled(bundle: &Bundle) -> BTreeMap<String, BTreeMap<String, Filled>> {
    let mut seen: BTreeMap<String, Vec<BTreeMap<String, Option<Shape>>>> = BTreeMap::new();
    for entity in entities::of(bundle, &specimen()).unwrap_or_default() {
        let attributes = entity.attrs().map(|(name, value)| (name.to_owned(), value.ok().as_ref().and_then(shape_of)));
        seen.entry(entity.uid().type_name().to_string()).or_default().push(attributes.collect());
    }
    seen.entry(installation().kind).or_default().push(BTreeMap::new());
    seen.entry(visitor().kind).or_default().push(BTreeMap::new());
    let attributes = |entities: Vec<BTreeMap<String, Option<Shape>>>| {
        let mut filled: BTreeMap<String, Filled> = BTreeMap::new();
        for (name, shape) in entities.iter().flatten() {
            let always = entities.iter().all(|entity| entity.contains_key(name));
            filled.insert(name.clone(), Filled { shape: shape.clone(), always });
        }
        filled
    };
    seen.into_iter().map(|(kind, entities)| (kind, attributes(entities))).collect()
}

/// The shape of a value of the facts; nothing for one that shows none.
fn shape_of(value: &EvalResult) -> Option<Shape> {
    match value {
        EvalResult::Bool(_) => Some(Shape::Bool),
        EvalResult::Long(_) => Some(Shape::Long),
        EvalResult::String(_) => Some(Shape::String),
        EvalResult::EntityUid(uid) => Some(Shape::Entity(uid.type_name().to_string())),
        EvalResult::Set(elements) => Some(Shape::Set(Box::new(elements.iter().next().and_then(shape_of)?))),
        EvalResult::Record(members) => {
            let member = |(name, value): (&String, &EvalResult)| {
                let shape = shape_of(value)?;
                Some((name.clone(), Attribute { shape, required: true, values: None, claimable: None }))
            };
            members.iter().map(member).collect::<Option<_>>().map(Shape::Record)
        }
        EvalResult::ExtensionValue(_) => None,
    }
}
