//! What two sets of rules have to do with each other, as far as it can be read from the rules themselves.

use std::collections::BTreeSet;

use cedar_policy::PolicySet;

use super::Namespace;
use crate::policy::Bundle;

/// Do two sets of rules decide alike about an action that callers ask about, since the same is written in both? They
/// may decide alike though it is not.
#[must_use]
pub fn are_equivalent(one: &Bundle, other: &Bundle, action: &str) -> bool {
    let namespace = Namespace::Domain;
    let Some(uid) = namespace.action(action) else { return false };
    let shape = |bundle: &Bundle| {
        let shape = bundle.vocabulary().action(namespace.as_str(), action);
        shape.map(|shape| (shape.principals.clone(), shape.resources.clone(), shape.context.clone()))
    };
    if shape(one) != shape(other) {
        return false;
    }
    match (one.deciding(&uid), other.deciding(&uid)) {
        (Some(one), Some(other)) => {
            let (written, also) = (written(&one.rules), written(&other.rules));
            one.actions == other.actions && written.is_some() && written == also
        }
        (None, None) => true,
        _ => false,
    }
}

/// The rules, less what does not decide: their names, titles and sources, and how they are laid out.
fn written(rules: &PolicySet) -> Option<BTreeSet<String>> {
    let one = |policy: &cedar_policy::Policy| {
        let mut json = policy.to_json().ok()?;
        json.as_object_mut()?.remove("annotations");
        Some(json.to_string())
    };
    rules.policies().map(one).collect()
}

/// The entities that the rules about an action name by their types and ids.
#[must_use]
pub fn named_by(bundle: &Bundle, action: &str) -> BTreeSet<(String, String)> {
    let deciding = Namespace::Domain.action(action).and_then(|uid| bundle.deciding(&uid));
    let named = deciding.into_iter().flat_map(|deciding| deciding.mentions.iter().flat_map(|mention| mention.named()));
    named.map(|(kind, id)| (kind.to_owned(), id.to_owned())).collect()
}
