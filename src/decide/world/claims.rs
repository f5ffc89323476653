//! What a caller claims of the entities of a world, and how far that counts.
//!
//! Of an entity that is not stored a caller may say whatever its type declares. Of one that is stored the world itself
//! says what it is: a claim neither changes nor completes it, unless the schema marks the attribute `@claimable` and
//! nothing is stored under it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use cedar_policy::{Entity, EntityUid};

use super::super::entities::uid;
use super::World;
use crate::policy::{Attribute, Bundle, InvalidProperty, convert};
use crate::question::{self, Members, Question};

/// The properties of a question by what became of them, each as `Type::id.attribute`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Properties {
    /// Rules saw these.
    pub counted: BTreeSet<String>,
    /// Rules did not see these: the entity is stored.
    pub dropped: BTreeSet<String>,
}

/// What an entity is with the claims of it that count, and what these are.
type Completed = (Entity, Members);

impl World {
    /// Takes those properties out of a question that do not count because their entity is stored, and says which of
    /// those its schema declares count and which do not.
    ///
    /// A question with a property of another type than declared is left as it is: it is refused for that.
    pub fn take_dropped(&self, bundle: &Bundle, question: &mut Question) -> Properties {
        let mut properties = Properties::default();
        if self.claimed(bundle, question).is_err() {
            return properties;
        }
        for question::Entity { kind, id, properties: given } in [&mut question.subject, &mut question.resource] {
            let Some(declared) = bundle.vocabulary().entity(kind) else { continue };
            let stored = uid(kind, id).and_then(|uid| self.entities.get(&uid));
            given.retain(|name, value| {
                let Some(attribute) = declared.get(name).filter(|_| !value.is_null()) else { return true };
                let is_counted = counts(stored, name, attribute);
                let claimed = if is_counted { &mut properties.counted } else { &mut properties.dropped };
                claimed.insert(format!("{kind}::{id}.{name}"));
                is_counted
            });
        }
        properties
    }

    /// The subject and the resource of a question, as far as the caller claims anything of them that counts.
    pub(super) fn claimed(
        &self,
        bundle: &Bundle,
        question: &Question,
    ) -> Result<BTreeMap<EntityUid, Entity>, InvalidProperty> {
        let mut claimed: BTreeMap<EntityUid, Completed> = BTreeMap::new();
        for (side, named) in [("subject", &question.subject), ("resource", &question.resource)] {
            let Some((entity, said)) = self.completed(bundle, side, named)? else { continue };
            // Subject and resource may be one entity; what is claimed of it in one place must not undo the other.
            if claimed.get(&entity.uid()).is_some_and(|(_, before)| *before != said) {
                return Err(InvalidProperty {
                    path: "subject".to_owned(),
                    expected: "what `resource` says of it".to_owned(),
                });
            }
            claimed.insert(entity.uid(), (entity, said));
        }
        Ok(claimed.into_iter().map(|(uid, (entity, _))| (uid, entity)).collect())
    }

    fn completed(
        &self,
        bundle: &Bundle,
        side: &str,
        named: &question::Entity,
    ) -> Result<Option<Completed>, InvalidProperty> {
        let (Some(uid), Some(declared)) = (uid(&named.kind, &named.id), bundle.vocabulary().entity(&named.kind)) else {
            return Ok(None);
        };
        let path = format!("{side}.properties");
        let stored = self.entities.get(&uid);
        let mut attributes = convert(&path, declared, &named.properties)?;
        attributes.retain(|name, _| declared.get(name).is_some_and(|attribute| counts(stored, name, attribute)));
        if attributes.is_empty() {
            return Ok(None);
        }
        let said = named.properties.iter().filter(|(name, _)| attributes.contains_key(*name));
        let said: Members = said.map(|(name, value)| (name.clone(), value.clone())).collect();
        let invalid = || InvalidProperty { path: path.clone(), expected: "what the schema declares".to_owned() };
        let claims = Entity::new(uid, attributes.into_iter().collect(), HashSet::new()).map_err(|_| invalid())?;
        let entity = match stored {
            None => claims,
            Some(stored) => with(stored, &claims).ok_or_else(invalid)?,
        };
        Ok(Some((entity, said)))
    }
}

/// Does it count what a caller says of an attribute?
fn counts(stored: Option<&Entity>, name: &str, attribute: &Attribute) -> bool {
    stored.is_none_or(|stored| attribute.is_claimable() && stored.attr(name).is_none())
}

/// An entity with the attributes of another beside its own. It goes through Cedar's own JSON, which alone carries tags;
/// the values of both are Cedar's already, so nothing in them is read as a name of an entity that was not one.
fn with(stored: &Entity, claims: &Entity) -> Option<Entity> {
    let (mut whole, claims) = (stored.to_json_value().ok()?, claims.to_json_value().ok()?);
    let attributes = whole.get_mut("attrs")?.as_object_mut()?;
    for (name, value) in claims.get("attrs")?.as_object()? {
        attributes.insert(name.clone(), value.clone());
    }
    Entity::from_json_value(whole, None).ok()
}
