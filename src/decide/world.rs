//! A world of its own: another schema, other rules, and entities from a file; for conformance, and for reviewers who
//! want to try a rule on invented things.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use cedar_policy::{Entities, Entity, EntityUid, RestrictedExpression};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::entities::uid;
use crate::policy::{Bundle, InvalidProperty, convert, full};
use crate::question::{self, Question};

/// Why the entities of a world cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file does not hold entities of the world's schema.
    #[error("`{}` does not hold entities of the schema: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
}

/// The entities of a world.
#[derive(Clone, Debug)]
pub struct World {
    digest: String,
    entities: BTreeMap<EntityUid, Entity>,
    attributes: BTreeMap<EntityUid, Vec<String>>,
}

impl World {
    /// Reads `entities.json` (Cedar's JSON) from `dir` and checks it against the schema of `bundle`.
    ///
    /// # Errors
    /// A [`WorldError`] that names the file.
    pub fn read(dir: &Path, bundle: &Bundle) -> Result<Self, WorldError> {
        let path = dir.join("entities.json");
        let text = fs::read_to_string(&path).map_err(|cause| WorldError::Unreadable { path: path.clone(), cause })?;
        let entities = Entities::from_json_str(&text, Some(bundle.schema()))
            .map_err(|error| WorldError::Invalid { path, message: full(&error) })?;
        let mut world = Self {
            digest: HEXLOWER.encode(&Sha256::digest(text.as_bytes())),
            entities: BTreeMap::new(),
            attributes: BTreeMap::new(),
        };
        for entity in entities.iter() {
            let uid = entity.uid();
            let kind = uid.type_name().to_string();
            let declared = bundle.vocabulary().entity(&kind).into_iter().flatten().map(|(name, _)| name);
            let held = declared.filter(|name| entity.attr(name).is_some()).cloned().collect();
            world.attributes.insert(uid.clone(), held);
            world.entities.insert(uid, entity.clone());
        }
        Ok(world)
    }

    /// The SHA-256 of the entities, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The ids of the entities of a type, in order.
    pub fn ids<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = String> + 'a {
        let mut ids: Vec<String> = self
            .entities
            .keys()
            .filter(|uid| uid.type_name().to_string() == kind)
            .map(|uid| uid.id().unescaped().to_owned())
            .collect();
        ids.sort();
        ids.into_iter()
    }

    /// The entities for one question: all that are stored, and the subject and resource with what the caller claims
    /// about them under what is stored.
    pub(super) fn entities_for(&self, bundle: &Bundle, question: &Question) -> Result<Vec<Entity>, InvalidProperty> {
        let mut claimed = HashMap::new();
        for (path, entity) in [("subject", &question.subject), ("resource", &question.resource)] {
            if let Some((uid, entity)) = self.claimed(bundle, path, entity)? {
                // Subject and resource may be one entity; what is claimed of it in one place must not undo the other.
                if claimed.insert(uid, entity).is_some() && question.subject.properties != question.resource.properties
                {
                    return Err(InvalidProperty {
                        path: "subject".to_owned(),
                        expected: "what `resource` says of it".to_owned(),
                    });
                }
            }
        }
        let stored =
            self.entities.iter().filter(|(uid, _)| !claimed.contains_key(*uid)).map(|(_, stored)| stored.clone());
        let mut entities: Vec<Entity> = stored.collect();
        entities.retain(|entity| entity.uid().type_name().basename() != "Action");
        entities.extend(claimed.into_values());
        Ok(entities)
    }

    fn claimed(
        &self,
        bundle: &Bundle,
        path: &str,
        named: &question::Entity,
    ) -> Result<Option<(EntityUid, Entity)>, InvalidProperty> {
        let (Some(uid), Some(declared)) = (uid(&named.kind, &named.id), bundle.vocabulary().entity(&named.kind)) else {
            return Ok(None);
        };
        let path = format!("{path}.properties");
        let mut attributes: HashMap<String, RestrictedExpression> =
            convert(&path, declared, &named.properties)?.into_iter().collect();
        let invalid = || InvalidProperty { path: path.clone(), expected: "what the schema declares".to_owned() };
        let mut parents = HashSet::new();
        if let Some(stored) = self.entities.get(&uid) {
            for name in self.attributes.get(&uid).into_iter().flatten() {
                attributes.remove(name);
            }
            if attributes.is_empty() {
                return Ok(None);
            }
            let (_, held, above) = stored.clone().into_inner();
            attributes.extend(held);
            parents = above;
        } else if attributes.is_empty() {
            return Ok(None);
        }
        let entity = Entity::new(uid.clone(), attributes, parents).map_err(|_| invalid())?;
        Ok(Some((uid, entity)))
    }
}
