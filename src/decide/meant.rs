//! What was probably meant by a word of a question that the schema does not know.

use std::collections::BTreeSet;

use super::Namespace;
use super::reason::Reason;
use crate::policy::{Bundle, did_you_mean};
use crate::question::Question;

/// What a hint says to a refusal for a word that is not known; nothing for any other, or where no word is near.
pub(super) fn meant(
    bundle: &Bundle,
    namespace: Namespace,
    question: &Question,
    reason: Option<&Reason>,
) -> Option<String> {
    let vocabulary = bundle.vocabulary();
    let actions = || vocabulary.actions(namespace.as_str());
    let subjects = || actions().flat_map(|(_, action)| action.principals.iter().map(String::as_str));
    let resources = || actions().flat_map(|(_, action)| action.resources.iter().map(String::as_str));
    let near = |word: &str, known: BTreeSet<&str>| did_you_mean(word, known);
    let (subject, resource) = (question.subject.kind.as_str(), question.resource.kind.as_str());
    match reason? {
        reason if *reason == Reason::UNKNOWN_ACTION => {
            near(&question.action.name, actions().map(|(name, _)| name).collect())
        }
        reason if *reason == Reason::UNKNOWN_SUBJECT => near(subject, subjects().collect()),
        reason if *reason == Reason::UNKNOWN_RESOURCE => near(resource, resources().collect()),
        // In a world nothing is unknown; what no action is about cannot be judged.
        reason if *reason == Reason::ACTION_NOT_APPLICABLE && vocabulary.entity(subject).is_none() => {
            near(subject, subjects().collect())
        }
        reason if *reason == Reason::ACTION_NOT_APPLICABLE && vocabulary.entity(resource).is_none() => {
            near(resource, resources().collect())
        }
        _ => None,
    }
}
