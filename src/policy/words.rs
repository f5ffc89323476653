//! The words that facts are said in, and which of them a schema leaves out.
//!
//! A proof takes the `@values` of a schema for all there are. A set of an earlier day, or a reviewer's own, may lack a
//! word that a fact holds all the same: whatever is asked of such a fact is refused, and nothing is proved of it.

use std::collections::BTreeSet;

use super::vocabulary::{Attribute, Shape, Vocabulary};
use crate::domain::commercial::RelationshipState;
use crate::domain::partner::{PartnerKind, PartnerStatus};
use crate::domain::subscription::SubscriptionStatus;
use crate::facts::Role;
use crate::question::Kind;

/// A word that a fact may hold and that the `@values` of a schema leave out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct MissingWord {
    /// The type of the entity.
    pub kind: Kind,
    /// The attribute that may hold the word; of a record, with the member after a `.`.
    pub attribute: &'static str,
    /// The word.
    pub word: &'static str,
}

impl std::fmt::Display for MissingWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, attribute, word } = self;
        write!(f, "`{}.{attribute}` can be `{word}`, which its `@values` leave out", kind.as_str())
    }
}

/// The words of a vocabulary.
pub(crate) type Words = fn() -> Vec<&'static str>;

/// The words that facts hold, by type and attribute, whichever way a schema says a sale.
pub(crate) const FACT_WORDS: &[(Kind, &str, Words)] = &[
    (Kind::Partner, "kind", || PartnerKind::ALL.iter().map(|word| word.as_str()).collect()),
    (Kind::Partner, "status", || PartnerStatus::ALL.iter().map(|word| word.as_str()).collect()),
    (Kind::Subscription, "status", || SubscriptionStatus::ALL.iter().map(|word| word.as_str()).collect()),
    (Kind::Subscription, "commercialRelationship", || {
        RelationshipState::ALL.iter().map(|word| word.as_str()).collect()
    }),
    (Kind::Subscription, "sale.relationship", || RelationshipState::ALL.iter().map(|word| word.as_str()).collect()),
    (Kind::Operator, "role", || Role::ALL.iter().map(|word| word.as_str()).collect()),
];

/// The words of facts that a schema leaves out.
pub(super) fn left_out(vocabulary: &Vocabulary) -> BTreeSet<MissingWord> {
    let mut missing = BTreeSet::new();
    for &(kind, attribute, words) in FACT_WORDS {
        let declared = declared(vocabulary, kind, attribute);
        let Some(values) = declared.and_then(|attribute| attribute.values.as_ref()) else { continue };
        let words = words().into_iter().filter(|word| !values.contains(*word));
        missing.extend(words.map(|word| MissingWord { kind, attribute, word }));
    }
    missing
}

/// What a schema declares of an attribute, or of a member of one.
fn declared<'a>(vocabulary: &'a Vocabulary, kind: Kind, attribute: &str) -> Option<&'a Attribute> {
    let mut path = attribute.split('.');
    let first = vocabulary.entity(kind.as_str())?.get(path.next()?)?;
    path.try_fold(first, |found, name| match &found.shape {
        Shape::Record(members) => members.get(name),
        _ => None,
    })
}
