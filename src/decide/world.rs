//! A world of its own: another schema, other rules, and entities from a file; for conformance, and for reviewers who
//! want to try a rule on invented things.

mod world_error;
mod marks;
mod claims;
mod reach;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cedar_policy::{Entities, EntityUid};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::Namespace;
use super::entities::uid;
use crate::policy::{Bundle, InvalidProperty, full};
use crate::question::Question;

pub use claims::Properties;
pub use world_error::WorldError;

/// The entities of a world.
#[derive(Clone, Debug)]
pub struct World {
    digest: String,
    /// All that are stored, and the actions of the schema.
    entities: Entities,
    /// The ids of each type, in order.
    ids: BTreeMap<String, Vec<String>>,
    /// The entities that rules name themselves: a rule may look at them whatever is asked.
    named: BTreeSet<EntityUid>,
}

impl World {
    /// Reads `entities.json` (Cedar's JSON) from `dir` and checks it against the schema of `bundle`.
    ///
    /// # Errors
    /// A [`WorldError`] that names the file, or the attribute of the schema.
    pub fn read(dir: &Path, bundle: &Bundle) -> Result<Self, WorldError> {
        marks::check_marks(bundle)?;
        let path = dir.join("entities.json");
        let text = fs::read_to_string(&path).map_err(|cause| WorldError::Unreadable { path: path.clone(), cause })?;
        let entities = Entities::from_json_str(&text, Some(bundle.schema()))
            .map_err(|error| WorldError::Invalid { path, message: full(&error) })?;
        let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for uid in entities.iter().map(cedar_policy::Entity::uid) {
            ids.entry(uid.type_name().to_string()).or_default().push(uid.id().unescaped().to_owned());
        }
        ids.values_mut().for_each(|ids| ids.sort());
        let named = bundle.rules().flat_map(|rule| rule.policy.entity_literals()).collect();
        Ok(Self { digest: HEXLOWER.encode(&Sha256::digest(text.as_bytes())), entities, ids, named })
    }

    /// The SHA-256 of the entities, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The ids of the entities of a type, in order.
    #[must_use]
    pub fn ids(&self, kind: &str) -> &[String] {
        self.ids.get(kind).map_or(&[], Vec::as_slice)
    }

    /// The entities a question is decided on.
    ///
    /// Where the caller claims nothing that counts these are all there are, as they lie here. Else subject and resource
    /// are with what is claimed of them, beside what a rule can come to from them: making a copy of all there are would
    /// have every question cost as much as the world is large.
    pub(super) fn entities_for(
        &self,
        bundle: &Bundle,
        question: &Question,
    ) -> Result<Cow<'_, Entities>, InvalidProperty> {
        let claimed = self.claimed(bundle, question)?;
        if claimed.is_empty() {
            return Ok(Cow::Borrowed(&self.entities));
        }
        let asked = [
            uid(&question.subject.kind, &question.subject.id),
            uid(&question.resource.kind, &question.resource.id),
            Namespace::Domain.action(&question.action.name),
        ];
        let begin = asked.into_iter().flatten().chain(self.named.iter().cloned());
        let reached = reach::from(&self.entities, begin).into_iter();
        let stored = reached.filter(|entity| !claimed.contains_key(&entity.uid())).cloned();
        let entities: Vec<_> = stored.chain(claimed.values().cloned()).collect();
        Entities::from_entities(entities, None).map(Cow::Owned).map_err(|error| InvalidProperty {
            path: "properties".to_owned(),
            expected: format!("what entities can be: {}", full(&error)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::json;

    use super::World;
    use crate::policy::{Bundle, RuleFiles, Rulebook};
    use crate::question::{Entity, Question};

    /// A world of so many people, each in a team of its own and all in one company, and the rules of it.
    fn world(people: usize) -> Option<(Bundle, World)> {
        let mut files = RuleFiles::default();
        files.insert(
            "schemas/world.cedarschema",
            "entity Company; entity Team in [Company]; entity Person in [Team] = { lead?: Person, @claimable badge?: Bool };
             entity Door = { owner?: Person };
             action open appliesTo { principal: Person, resource: Door };",
        );
        files.insert(
            "policies/may/open.cedar",
            "@id(\"may/open\") @title(\"t\") @source(\"s\")
             permit (principal, action == Action::\"open\", resource)
             when { principal in Company::\"all\" && resource has owner && resource.owner == principal };",
        );
        let bundle = Bundle::load(files, Rulebook::World).ok()?;
        let entity = |kind: &str, id: String, attributes, parents: Vec<(&str, String)>| {
            let parents: Vec<_> = parents.iter().map(|(kind, id)| json!({ "type": kind, "id": id })).collect();
            json!({ "uid": { "type": kind, "id": id }, "attrs": attributes, "parents": parents })
        };
        let mut entities = vec![entity("Company", "all".to_owned(), json!({}), Vec::new())];
        for nth in 0..people {
            let company = vec![("Company", "all".to_owned())];
            entities.push(entity("Team", format!("t{nth}"), json!({}), company));
            let lead = json!({ "lead": { "__entity": { "type": "Person", "id": "p0" } } });
            entities.push(entity("Person", format!("p{nth}"), lead, vec![("Team", format!("t{nth}"))]));
        }
        let folder = tempfile::tempdir().ok()?;
        std::fs::write(folder.path().join("entities.json"), serde_json::Value::from(entities).to_string()).ok()?;
        let world = World::read(folder.path(), &bundle).ok()?;
        Some((bundle, world))
    }

    /// How many entities are put together for a question; nothing where those that lie there are used.
    fn put_together(people: usize, question: &Question) -> Option<Option<usize>> {
        let (bundle, world) = world(people)?;
        Some(match world.entities_for(&bundle, question).ok()? {
            Cow::Borrowed(_) => None,
            Cow::Owned(entities) => Some(entities.iter().count()),
        })
    }

    #[test]
    fn a_question_costs_what_it_reaches_however_large_the_world_is() {
        let asked = |badge: Option<bool>| {
            let mut question = Question::new(Entity::new("Person", "p7"), "open", Entity::new("Door", "front"));
            if let Some(badge) = badge {
                question.subject.properties.insert("badge".to_owned(), badge.into());
            }
            question
        };
        for people in [20, 2_000] {
            assert_eq!(put_together(people, &asked(None)), Some(None), "{people}");
            // Who asks, its lead, the team of each, their company, and the actions that are named.
            assert_eq!(put_together(people, &asked(Some(true))), put_together(20, &asked(Some(true))), "{people}");
        }
        assert!(put_together(20, &asked(Some(true))).flatten().is_some_and(|found| (5..=8).contains(&found)));
    }
}
