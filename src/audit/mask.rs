//! What an export leaves out of every record, so that it may be given away.
//!
//! A part is left out wherever the record names it: who asked is also the subject of a call of this service, and a
//! subject is also a key among the facts. The salt and the hash of the journal's entry go with whatever is left out, so
//! that the hash of the record, which stays, gives nobody a way to try candidates.

use std::collections::BTreeSet;
use std::str::FromStr;

use serde_json::{Map, Value};

/// What stands where something was masked.
const MASK: &str = "(masked)";

/// A part of a record that may be left out.
#[derive(Debug)]
struct Part {
    word: &'static str,
    /// Where it stands, as JSON pointers.
    at: &'static [&'static str],
    /// What else would give it away: digests and tokens of what was asked and answered, and sentences that may name it.
    with: &'static [&'static str],
}

/// What of a search says what was found, or lets a guess be tried.
const PAGE: [&str; 3] = ["/results/sha256", "/results/token", "/results/asked"];
/// These, and the sentences that may name what was asked about.
const ASKED: [&str; 5] = ["/results/sha256", "/results/token", "/results/asked", "/faults", "/invalid"];
/// What says which action it was besides its name.
const OF_ACTION: [&str; 8] =
    ["/results/sha256", "/results/token", "/results/asked", "/faults", "/invalid", "/deciding", "/admitted", "/reason"];

/// Who called, and whose sessions a call ended.
const OF_PERSON: [&str; 4] = ["/person", "/proof", "/question/context/issuer", "/question/context/subject"];

/// What a guess could be tried on: what salts the record's hash, and the hash of the journal's entry, which has no
/// salt.
const GUESSED: [&str; 2] = ["salt", "entry"];

const PARTS: [Part; 14] = [
    Part { word: "caller", at: &["/caller", "/person", "/proof"], with: &["/invalid"] },
    Part { word: "person", at: &OF_PERSON, with: &["/invalid"] },
    Part { word: "proof", at: &["/proof"], with: &[] },
    Part { word: "requestId", at: &["/requestId"], with: &[] },
    Part { word: "trace", at: &["/trace"], with: &[] },
    Part { word: "question", at: &["/question", "/about", "/claimed"], with: &OF_ACTION },
    Part { word: "about", at: &["/about"], with: &ASKED },
    Part { word: "facts", at: &["/facts"], with: &PAGE },
    Part { word: "results", at: &["/results"], with: &[] },
    Part { word: "subject", at: &["/question/subject"], with: &ASKED },
    Part { word: "action", at: &["/question/action"], with: &OF_ACTION },
    Part { word: "resource", at: &["/question/resource", "/about"], with: &ASKED },
    Part { word: "context", at: &["/question/context"], with: &ASKED },
    Part { word: "claimed", at: &["/claimed"], with: &ASKED },
];

/// Which parts of every record an export leaves out.
#[derive(Clone, Default, Debug)]
pub struct Mask(Vec<&'static Part>);

/// A word that names no part of a record.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{word}` cannot be masked; mask any of {}", PARTS.iter().map(|part| part.word).collect::<Vec<_>>().join(", "))]
pub struct Masked {
    /// The word.
    pub word: String,
}

/// What is left of a record.
pub(super) struct Left {
    /// The parts that were left out.
    pub(super) masked: Vec<&'static str>,
    /// The rest, as JSON.
    pub(super) record: String,
    /// Does the record's hash let a guess be tried?
    pub(super) is_guessable: bool,
}

impl FromStr for Mask {
    type Err = Masked;

    fn from_str(text: &str) -> Result<Self, Masked> {
        let mut mask = Self::default();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let part = PARTS.iter().find(|part| part.word == word).ok_or_else(|| Masked { word: word.to_owned() })?;
            if !mask.0.iter().any(|known| known.word == part.word) {
                mask.0.push(part);
            }
        }
        Ok(mask)
    }
}

impl Mask {
    /// Is nothing left out?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The record without what is masked, wherever it is named; nothing when it has none of it. Bytes in which
    /// nothing can be found are left out whole, for what is to be masked may be among them.
    pub(super) fn apply(&self, record: &[u8]) -> Option<Left> {
        if self.is_empty() {
            return None;
        }
        let Ok(mut value @ Value::Object(_)) = serde_json::from_slice::<Value>(record) else {
            let record = Value::from(MASK).to_string();
            return Some(Left { masked: vec!["record"], record, is_guessable: true });
        };
        let is_guessable = value.get("salt").is_none();
        let mut names = BTreeSet::new();
        let mut masked = Vec::new();
        for part in &self.0 {
            let found = part.at.iter().filter_map(|at| value.pointer(at));
            let before = masked.len();
            for found in found {
                named_in(found, &mut names);
                if masked.len() == before {
                    masked.push(part.word);
                }
            }
        }
        if masked.is_empty() {
            return None;
        }
        for part in &self.0 {
            for found in part.at.iter().chain(part.with) {
                if let Some(found) = value.pointer_mut(found) {
                    *found = MASK.into();
                }
            }
        }
        let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty() && name != MASK).collect();
        let mut value = without(value, &names);
        for guess in GUESSED {
            if let Some(found) = value.get_mut(guess) {
                *found = MASK.into();
            }
        }
        Some(Left { masked, record: value.to_string(), is_guessable })
    }
}

/// The names in a part of a record: ids and what else is free text. Types and roles, which are words of the schema, are
/// no names.
fn named_in(value: &Value, names: &mut BTreeSet<String>) {
    const WORDS: [&str; 4] = ["type", "role", "issuer", "by"];
    match value {
        Value::String(text) => {
            names.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| named_in(item, names)),
        Value::Object(members) => {
            let named = members.iter().filter(|(name, _)| !WORDS.contains(&name.as_str()));
            named.for_each(|(_, member)| named_in(member, names));
        }
        _ => {}
    }
}

/// The value with every text, and every member, that names one of `names` masked.
fn without(value: Value, names: &[String]) -> Value {
    match value {
        Value::String(text) if is_naming(&text, names) => MASK.into(),
        Value::Array(items) => items.into_iter().map(|item| without(item, names)).collect(),
        Value::Object(members) => {
            let mut left = Map::new();
            for (name, member) in members {
                let mut name = if is_naming(&name, names) { MASK.to_owned() } else { name };
                while left.contains_key(&name) {
                    name.push('+');
                }
                left.insert(name, without(member, names));
            }
            left.into()
        }
        other => other,
    }
}

/// Does a text name one of `names`: as it is, or as a part of a longer id, as `customer/service` and `Type::id` are?
fn is_naming(text: &str, names: &[String]) -> bool {
    names.iter().any(|name| {
        text.match_indices(name.as_str()).any(|(at, found)| {
            let is_edge =
                |c: Option<char>| c.is_none_or(|c| matches!(c, '/' | ':' | '"' | '`' | ' ' | ',' | '.' | '|'));
            is_edge(text[..at].chars().next_back()) && is_edge(text[at + found.len()..].chars().next())
        })
    })
}
