//! A question as its record has it: without what was never read.

use crate::audit::Claimed;
use crate::decide::{Namespace, Properties, World};
use crate::policy::Bundle;
use crate::question::Question;

/// The question without what was never read, and of a world's entities what the caller claimed.
///
/// A caller may send whatever it likes in addition to what the schema declares, and none of that belongs in the ledger.
/// What it claims of an entity that is stored in a world is never read either, but was meant to be: it is named.
pub(crate) fn as_decided(world: Option<&World>, rules: &Bundle, mut question: Question) -> (Question, Option<Claimed>) {
    let vocabulary = rules.vocabulary();
    let context = vocabulary.action(Namespace::Domain.as_str(), &question.action.name).map(|action| &action.context);
    let is_declared = |name: &str| context.is_some_and(|context| context.contains_key(name));
    // A search for actions asks about all of them, and any may declare what is said.
    let is_about_all = question.action.name.is_empty();
    question.context.retain(|name, _| is_about_all || (name != "action" && is_declared(name)));
    if !is_declared("action") {
        question.action.properties.clear();
    }
    for entity in [&mut question.subject, &mut question.resource] {
        let attributes = world.and_then(|_| vocabulary.entity(&entity.kind));
        entity.properties.retain(|name, _| attributes.is_some_and(|attributes| attributes.contains_key(name)));
    }
    let claimed = world.map(|world| world.take_dropped(rules, &mut question)).and_then(|properties| {
        let Properties { counted, dropped } = properties;
        (!counted.is_empty() || !dropped.is_empty()).then_some(Claimed { counted, dropped })
    });
    (question, claimed)
}
