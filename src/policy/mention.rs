//! What a rule speaks of, which bounds what it can tell apart.
//!
//! Cedar reaches an attribute only by a name that stands in the rule, and one entity among others of its type only by
//! an id that stands there or by comparing it with one it reaches. So a rule that lacks the words lacks the sight.

use std::collections::BTreeSet;

use cedar_policy::Policy;
use serde_json::Value;

/// The words of one rule, and the entities it names by their types and ids.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Mention {
    reads_context: bool,
    words: BTreeSet<String>,
    named: BTreeSet<(String, String)>,
}

impl Mention {
    /// What a rule mentions; nothing when it cannot be written as JSON.
    pub(super) fn of(policy: &Policy) -> Option<Self> {
        let mut mention = Self::default();
        mention.read(&policy.to_json().ok()?);
        Some(mention)
    }

    /// What the conditions of a rule mention, its scope left aside.
    pub(super) fn of_conditions(policy: &Policy) -> Option<Self> {
        let mut mention = Self::default();
        mention.read(policy.to_json().ok()?.get("conditions")?);
        Some(mention)
    }

    /// Does the word stand in the rule, as the name of an attribute or anything else?
    pub(crate) fn has(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// Does the rule read what the caller says?
    pub(crate) fn reads_context(&self) -> bool {
        self.reads_context
    }

    /// The entities the rule names, by their types and ids.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, &str)> {
        self.named.iter().map(|(kind, id)| (kind.as_str(), id.as_str()))
    }

    fn read(&mut self, node: &Value) {
        match node {
            Value::String(word) => {
                self.words.insert(word.clone());
            }
            Value::Array(items) => items.iter().for_each(|item| self.read(item)),
            Value::Object(members) => {
                // However the entity is wrapped, in a scope or in an expression, its name is a type and an id.
                if let (Some(Value::String(kind)), Some(Value::String(id))) = (members.get("type"), members.get("id")) {
                    self.named.insert((kind.clone(), id.clone()));
                }
                self.reads_context |= members.get("Var").is_some_and(|var| var == "context");
                for (word, inner) in members {
                    self.words.insert(word.clone());
                    self.read(inner);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
