//! What callers say of an action, as far as its answers turn on it: the second dimension of every answer.
//!
//! What is known of a partner and a resource is a standing; what a caller says besides is free. Of all that can be said
//! a few things stand for the others here: where any caller can be allowed something, one that says one of these is, and
//! where any is refused, so is one of these. A solver finds them; without one they are listed where there are nothing
//! but Booleans to say, and otherwise it is not known.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::policy::{RecordShape, RuleId, Shape};
use crate::question::{Members, Question};

/// One thing a caller can say of an action.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Said {
    /// It in words, for example "`context.emergency`".
    pub words: String,
    /// It as rules see it: the properties of the action stand under `action`.
    #[schema(value_type = Object)]
    pub context: Members,
}

impl Said {
    fn of(context: Members) -> Self {
        Self { words: words(&context), context }
    }

    /// Does the caller say nothing?
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.context.is_empty()
    }

    /// The question of a caller that says this.
    #[must_use]
    pub fn asks(&self, question: Question) -> Question {
        question.saying(self.context.clone())
    }
}

/// What a caller says, in words.
#[must_use]
pub fn words(context: &Members) -> String {
    let leaf = |(path, value): (&String, &Value)| match value {
        Value::Bool(true) => format!("`{path}`"),
        other => format!("`{path}` is `{other}`"),
    };
    let said: Vec<String> = leaves(context).iter().map(leaf).collect();
    if said.is_empty() { "nothing".to_owned() } else { said.join(" and ") }
}

/// The values of a context, by their paths.
fn leaves(context: &Members) -> BTreeMap<String, Value> {
    fn read(path: &str, members: &Members, found: &mut BTreeMap<String, Value>) {
        for (name, value) in members {
            let at = format!("{path}.{name}");
            match value {
                Value::Object(inner) if !inner.is_empty() => read(&at, inner, found),
                other => drop(found.insert(at, other.clone())),
            }
        }
    }
    let mut found = BTreeMap::new();
    read("context", context, &mut found);
    found
}

/// Where what a caller says turns an answer, and what bounds it there.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Turning {
    /// An answer that it turns.
    pub sentence: String,
    /// The ceilings that say without the context when it is allowed at most.
    pub bounds: Vec<RuleId>,
}

/// What callers can say of one action.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Contexts {
    /// The things that stand for all that can be said, the least first; never empty.
    said: Vec<Said>,
    /// For each of them those that say a part of it and nothing else, by their places.
    below: Vec<Vec<usize>>,
    /// Where it turns an answer of the rules, by the types of the principal and the resource.
    pub turning: Vec<Turning>,
    /// Why it is not known whether there is more to say; nothing where it is.
    pub unknown: Option<String>,
}

impl Contexts {
    /// What callers can say; `least` is what they have to.
    pub(super) fn of(least: Members, others: Vec<Members>, unknown: Option<String>) -> Self {
        let common: BTreeSet<_> = leaves(&least).into_iter().map(|leaf| said_of(&leaf)).collect();
        let more = |context: &Members| -> BTreeSet<String> {
            leaves(context)
                .iter()
                .map(|(path, value)| said_of(&(path.clone(), value.clone())))
                .filter(|leaf| !common.contains(leaf))
                .collect()
        };
        let mut all: Vec<(BTreeSet<String>, Members)> = vec![(BTreeSet::new(), least)];
        for context in others {
            if all.iter().all(|(_, known)| *known != context) {
                all.push((more(&context), context));
            }
        }
        all.sort_by_key(|(more, context)| (more.len(), Value::Object(context.clone()).to_string()));
        let is_below = |one: usize, other: usize| {
            let (Some((one, _)), Some((other, _))) = (all.get(one), all.get(other)) else { return false };
            one.len() < other.len() && one.is_subset(other)
        };
        let places = || 0..all.len();
        let below = places().map(|place| places().filter(|&other| is_below(other, place)).collect()).collect();
        let said = all.into_iter().map(|(_, context)| Said::of(context)).collect();
        Self { said, below, turning: Vec::new(), unknown }
    }

    /// The things that stand for all that can be said, the least first.
    #[must_use]
    pub fn said(&self) -> &[Said] {
        &self.said
    }

    /// What every caller has to say.
    #[must_use]
    pub fn least(&self) -> Said {
        self.said.first().cloned().unwrap_or_default()
    }

    /// The places at which something is so although it is not where less is said: `at` says of each whether it is.
    #[must_use]
    pub fn risen<T>(&self, at: &[T], is: impl Fn(&T) -> bool) -> Vec<usize> {
        let holds = |place: &usize| at.get(*place).is_some_and(&is);
        let below = |place: usize| self.below.get(place).into_iter().flatten();
        (0..at.len()).filter(|place| holds(place) && !below(*place).any(&holds)).collect()
    }
}

fn said_of((path, value): &(String, Value)) -> String {
    format!("{path} {value}")
}

/// The least that a caller has to say: what is not optional, as false, none or empty as it can be.
pub(super) fn least(shape: &RecordShape) -> Members {
    let required = shape.iter().filter(|(_, attribute)| attribute.required);
    required.filter_map(|(name, attribute)| Some((name.clone(), least_of(&attribute.shape)?))).collect()
}

fn least_of(shape: &Shape) -> Option<Value> {
    Some(match shape {
        Shape::Bool => false.into(),
        Shape::Long => 0.into(),
        Shape::String => "".into(),
        Shape::Set(_) => Value::Array(Vec::new()),
        Shape::Record(members) => Value::Object(least(members)),
        Shape::Extension(name) => match name.as_str() {
            "decimal" => "0.0",
            "ipaddr" => "0.0.0.0",
            "datetime" => "1970-01-01",
            _ => "0ms",
        }
        .into(),
        // Nobody can say it.
        Shape::Entity(_) => return None,
    })
}
