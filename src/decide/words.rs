//! Whether facts can be said in the words of a schema.

use super::Namespace;
use crate::facts::Facts;
use crate::policy::{Bundle, MissingWord};
use crate::question::Kind;
use crate::standing::Standing;

/// Can what is asked about an action be said in the words of the schema? A call of this service is judged all the same
/// where no rule about it reads the attribute whose word is missing.
#[must_use]
pub fn can_say(bundle: &Bundle, namespace: Namespace, action: &str, facts: &Facts) -> bool {
    let matters = |missing: &MissingWord| {
        // A rule reads a member of an attribute only by reading the attribute.
        let name = missing.attribute.split('.').next().unwrap_or(missing.attribute);
        namespace == Namespace::Domain
            || namespace
                .action(action)
                .and_then(|action| bundle.deciding(&action))
                .is_none_or(|deciding| deciding.mentions.iter().any(|mention| mention.has(name)))
    };
    !bundle.missing_words().iter().any(|missing| holds(facts, missing) && matters(missing))
}

/// Does one of the facts hold the word?
fn holds(facts: &Facts, MissingWord { kind, attribute, word }: &MissingWord) -> bool {
    match (kind, *attribute) {
        (Kind::Partner, "kind") => facts.partners.values().any(|partner| partner.kind.as_str() == *word),
        (Kind::Partner, _) => facts.partners.values().any(|partner| partner.status.as_str() == *word),
        (Kind::Subscription, "status") => facts.subscriptions.values().any(|sold| sold.status.as_str() == *word),
        (Kind::Subscription, _) => {
            facts.relationships.values().flat_map(|pairs| pairs.values()).any(|state| state.as_str() == *word)
        }
        (Kind::Operator, _) => facts.operators.values().any(|role| role.as_str() == *word),
        (Kind::Customer | Kind::Service, _) => false,
    }
}

/// Has the schema of a set the words for a standing? Of one that it has not, everything is refused.
#[must_use]
pub fn can_say_standing(bundle: &Bundle, action: &str, standing: &Standing) -> bool {
    bundle.missing_words().is_empty() || can_say(bundle, Namespace::Domain, action, &standing.facts())
}
