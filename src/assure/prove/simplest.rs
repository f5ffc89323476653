//! What a caller says, said as simply as it can be.

use std::collections::BTreeSet;

use serde_json::Value;

use super::expression::Literal;
use crate::assure::context::least;
use crate::policy::{RecordShape, Shape};
use crate::question::Members;

/// A path into what a caller says, with what is declared there and whether it has to be there.
type Place<'a> = (Vec<String>, &'a Shape, bool);

/// The same with fewer members and plainer values, as long as it does what it does: first the members that are not
/// needed go, then each value becomes the first of those that come to mind.
pub(super) fn simplest(
    said: Members,
    shape: &RecordShape,
    constants: &BTreeSet<Literal>,
    does: impl Fn(&Members) -> bool,
) -> Members {
    let mut places = Vec::new();
    list(shape, &[], &mut places);
    let mut said = said;
    for (path, _, required) in &places {
        if !required && let Some(less) = with(&said, path, None).filter(|less| *less != said && does(less)) {
            said = less;
        }
    }
    for (path, shape, _) in &places {
        for value in plain(shape, constants) {
            match with(&said, path, Some(value)) {
                // It is as plain as it can be already.
                Some(same) if same == said => break,
                Some(plainer) if does(&plainer) => {
                    said = plainer;
                    break;
                }
                _ => {}
            }
        }
    }
    said
}

fn list<'a>(shape: &'a RecordShape, above: &[String], places: &mut Vec<Place<'a>>) {
    for (name, attribute) in shape {
        let path = [above, std::slice::from_ref(name)].concat();
        places.push((path.clone(), &attribute.shape, attribute.required));
        if let Shape::Record(inner) = &attribute.shape {
            list(inner, &path, places);
        }
    }
}

/// The same with another value at a place, or none; nothing where there is no such place.
fn with(said: &Members, path: &[String], value: Option<Value>) -> Option<Members> {
    let (name, below) = path.split_first()?;
    let mut said = said.clone();
    match (below.is_empty(), value) {
        (true, None) => drop(said.remove(name)?),
        (true, Some(value)) => *said.get_mut(name)? = value,
        (false, value) => {
            let member = said.get_mut(name)?;
            *member = Value::Object(with(member.as_object()?, below, value)?);
        }
    }
    Some(said)
}

/// The values that come to mind first: none, false or empty, and what stands in the rules.
fn plain(shape: &Shape, constants: &BTreeSet<Literal>) -> Vec<Value> {
    let texts = || {
        constants.iter().filter_map(|constant| match constant {
            Literal::Text(text) => Some(text.clone()),
            Literal::Number(_) => None,
        })
    };
    match shape {
        Shape::Bool => vec![false.into(), true.into()],
        Shape::Long => {
            let around = constants.iter().filter_map(|constant| match constant {
                Literal::Number(number) => Some([*number, number.saturating_sub(1), number.saturating_add(1)]),
                Literal::Text(_) => None,
            });
            std::iter::once(0).chain(around.flatten()).map(Value::from).collect()
        }
        Shape::String => std::iter::once(String::new()).chain(texts()).map(Value::from).collect(),
        Shape::Set(element) => {
            let single = plain(element, constants).into_iter().map(|item| Value::Array(vec![item]));
            std::iter::once(Value::Array(Vec::new())).chain(single).collect()
        }
        Shape::Record(members) => vec![Value::Object(least(members))],
        Shape::Extension(_) => texts().map(Value::from).collect(),
        Shape::Entity(_) => Vec::new(),
    }
}

/// The condition under which a caller can say what a schema lets be said: none can name an entity.
pub(super) fn sayable(shape: &RecordShape) -> String {
    fn conditions(path: &str, shape: &RecordShape, found: &mut Vec<String>) {
        for (name, attribute) in shape {
            let at = format!("{path}[{name:?}]");
            let mut inner = Vec::new();
            match &attribute.shape {
                Shape::Entity(_) => inner.push("false".to_owned()),
                Shape::Set(element) if names_entities(element) => inner.push(format!("{at}.isEmpty()")),
                Shape::Record(members) => conditions(&at, members, &mut inner),
                _ => {}
            }
            if !inner.is_empty() {
                let inner = inner.join(" && ");
                found.push(match attribute.required {
                    true => format!("({inner})"),
                    false => format!("(if {path} has {name:?} then ({inner}) else true)"),
                });
            }
        }
    }
    let mut found = vec!["true".to_owned()];
    conditions("context", shape, &mut found);
    found.join(" && ")
}

fn names_entities(shape: &Shape) -> bool {
    match shape {
        Shape::Entity(_) => true,
        Shape::Set(element) => names_entities(element),
        Shape::Record(members) => members.values().any(|attribute| names_entities(&attribute.shape)),
        _ => false,
    }
}
