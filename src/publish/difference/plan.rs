//! Which decisions two sets of rules could answer differently, as far as it can be read from the rules.

use std::collections::{BTreeMap, BTreeSet};

use crate::assure::context::Contexts;
use crate::assure::spoken::Spoken;
use crate::decide::{Namespace, are_equivalent, named_by};
use crate::policy::Bundle;
use crate::publish::difference::progress::DifferenceError;
use crate::publish::difference::resource_signature::Names;
use crate::question::Kind;

/// The types the store holds.
const HELD: [Kind; 4] = [Kind::Partner, Kind::Customer, Kind::Service, Kind::Subscription];

/// The actions to compare.
pub(crate) struct Plan {
    /// The actions about which not the same is written in both sets.
    pub(crate) actions: Vec<String>,
    /// Them, by their place, for a type of subject and a type of resource.
    applying: BTreeMap<(Kind, Kind), Vec<usize>>,
    /// Whom and what their rules name.
    pub(crate) names: Names,
    /// What callers can say of each of them, where its rules read it.
    pub(crate) contexts: Vec<Option<Contexts>>,
}

impl Plan {
    /// What is to be compared of two sets of rules.
    pub(crate) fn of([old, new]: [&Bundle; 2], spoken: &Spoken) -> Result<Self, DifferenceError> {
        let asked = Namespace::Domain.as_str();
        let both = [old, new];
        let names: BTreeSet<&str> =
            both.iter().flat_map(|rules| rules.vocabulary().actions(asked)).map(|(name, _)| name).collect();
        let mut plan =
            Self { actions: Vec::new(), applying: BTreeMap::new(), names: Names::default(), contexts: Vec::new() };
        for name in names.into_iter().filter(|name| !are_equivalent(old, new, name)) {
            let action = plan.actions.len();
            plan.actions.push(name.to_owned());
            plan.contexts.push(both.iter().find_map(|rules| spoken.read_by_rules(rules, name)).cloned());
            for rules in both {
                for (kind, id) in named_by(rules, name) {
                    plan.names.add(&kind, id);
                }
                let Some(shape) = rules.vocabulary().action(asked, name) else { continue };
                // Nothing of another type is known, so with either set the answer about it is no.
                let held =
                    |kinds: &BTreeSet<String>| HELD.into_iter().filter(|kind| kinds.contains(kind.as_str())).collect();
                let (subjects, resources): (Vec<Kind>, Vec<Kind>) = (held(&shape.principals), held(&shape.resources));
                for &subject in &subjects {
                    for &resource in &resources {
                        if !matches!(subject, Kind::Partner | Kind::Customer) {
                            return Err(DifferenceError::Subject { action: name.to_owned(), kind: subject.as_str() });
                        }
                        let applying = plan.applying.entry((subject, resource)).or_default();
                        if !applying.contains(&action) {
                            applying.push(action);
                        }
                    }
                }
            }
        }
        Ok(plan)
    }

    /// The actions that something of one type may do to something of the other.
    pub(crate) fn applying(&self, subject: Kind, resource: Kind) -> &[usize] {
        self.applying.get(&(subject, resource)).map_or(&[], Vec::as_slice)
    }

    /// Is there anything to compare about resources of a type?
    pub(crate) fn is_about(&self, resource: Kind) -> bool {
        self.applying.keys().any(|(_, about)| *about == resource)
    }

    /// Is there anything to compare that something of a type does?
    pub(crate) fn is_by(&self, subject: Kind) -> bool {
        self.applying.keys().any(|(by, _)| *by == subject)
    }
}
