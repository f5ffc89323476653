//! What a rule can come to from an entity.

use std::collections::BTreeSet;

use cedar_policy::{Entities, Entity, EntityUid, EvalResult};

/// The entities that are there among `begin`, and all that these lead to: those above them, and those their attributes
/// and tags name, and so on.
pub(super) fn from(entities: &Entities, begin: impl Iterator<Item = EntityUid>) -> Vec<&Entity> {
    let mut waiting: Vec<EntityUid> = begin.collect();
    let mut seen = BTreeSet::new();
    let mut reached = Vec::new();
    while let Some(uid) = waiting.pop() {
        let Some(entity) = entities.get(&uid) else { continue };
        if !seen.insert(uid.clone()) {
            continue;
        }
        waiting.extend(entities.ancestors(&uid).into_iter().flatten().cloned());
        for (_, value) in entity.attrs().chain(entity.tags()) {
            // A value that is none yet would be a residue of partial evaluation, which nothing here asks for.
            if let Ok(value) = value {
                names(&value, &mut waiting);
            }
        }
        reached.push(entity);
    }
    reached
}

/// The entities a value names.
fn names(value: &EvalResult, found: &mut Vec<EntityUid>) {
    match value {
        EvalResult::EntityUid(uid) => found.push(uid.clone()),
        EvalResult::Set(items) => items.iter().for_each(|item| names(item, found)),
        EvalResult::Record(members) => members.iter().for_each(|(_, member)| names(member, found)),
        EvalResult::Bool(_) | EvalResult::Long(_) | EvalResult::String(_) | EvalResult::ExtensionValue(_) => {}
    }
}
