//! The short way of a question: what most bodies are, a type and an id, a name, a type and an id, is read in place.
//!
//! Anything else, be it right or wrong, goes from its beginning to the strict reader, which alone refuses. So this one
//! only has to be right where it says yes, and then it says what the strict one would: the tests hold both to that.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::wire::Asked;
use crate::answer::batch::{Batch, Semantic};
use crate::limits::{BATCH_BYTES_MAX, Limits};
use crate::question::{Entity, Question};

/// How deep a plain question is, and one in a batch.
const DEPTH: usize = 2;
const BATCH_DEPTH: usize = 4;

/// The question that a body is; nothing where it is not a plain one.
pub(super) fn plain(text: &[u8], limits: &Limits) -> Option<Question> {
    let Object(PlainQuestion { subject, action, resource }) =
        serde_json::from_slice(text).ok().filter(|_| limits.depth >= DEPTH)?;
    Some(question(subject, action, resource))
}

/// What a body that may hold many questions asks; nothing where not all of it is plain.
pub(super) fn plain_batch(text: &[u8], limits: &Limits) -> Option<Asked> {
    let Object(PlainBatch { subject, action, resource, options, evaluations }) =
        serde_json::from_slice(text).ok().filter(|_| limits.depth >= BATCH_DEPTH)?;
    let semantic = match options.and_then(|Object(options)| options.evaluations_semantic) {
        None | Some("execute_all") => Semantic::ExecuteAll,
        Some("deny_on_first_deny") => Semantic::DenyOnFirstDeny,
        Some("permit_on_first_permit") => Semantic::PermitOnFirstPermit,
        Some(_) => return None,
    };
    let Some(elements) = evaluations else { return Some(Asked::One(Box::new(question(subject?, action?, resource?)))) };
    // The elements have their own copy of the defaults, as the strict reader counts them.
    let written = |entity: Option<Object<PlainEntity<'_>>>| entity.map_or(0, |Object(entity)| entity.written_length());
    let defaults = written(subject) + written(resource) + action.map_or(0, |Object(action)| action.written_length());
    let fits = defaults.saturating_mul(elements.len()) <= BATCH_BYTES_MAX;
    if elements.is_empty() || elements.len() > limits.evaluations || !fits {
        return None;
    }
    let merged = |Object(element): Object<PlainElement<'_>>| {
        let subject = element.subject.or(subject)?;
        Some(Ok(question(subject, element.action.or(action)?, element.resource.or(resource)?)))
    };
    let questions = elements.into_iter().map(merged).collect::<Option<_>>()?;
    Some(Asked::Many(Batch { questions, semantic }))
}

fn question(
    Object(subject): Object<PlainEntity<'_>>,
    Object(action): Object<PlainAction<'_>>,
    Object(resource): Object<PlainEntity<'_>>,
) -> Question {
    let entity = |PlainEntity { kind, id }: PlainEntity<'_>| Entity::new(kind, id);
    Question::new(entity(subject), action.name, entity(resource))
}

/// An object: a type whose members are named would be read from an array, too.
#[derive(Clone, Copy)]
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }

        given.deserialize_map(Members(PhantomData))
    }
}

/// A member that is there: one that is `null` is not plain.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(given: D) -> Result<Option<T>, D::Error> {
    T::deserialize(given).map(Some)
}

#[derive(Clone, Copy, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainEntity<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    id: &'a str,
}

impl PlainEntity<'_> {
    /// How many bytes it is long without blanks; nothing in it has to be escaped.
    fn written_length(self) -> usize {
        r#"{"id":"","type":""}"#.len() + self.kind.len() + self.id.len()
    }
}

#[derive(Clone, Copy, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainAction<'a> {
    name: &'a str,
}

impl PlainAction<'_> {
    /// How many bytes it is long without blanks.
    fn written_length(self) -> usize {
        r#"{"name":""}"#.len() + self.name.len()
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainQuestion<'a> {
    #[serde(borrow)]
    subject: Object<PlainEntity<'a>>,
    #[serde(borrow)]
    action: Object<PlainAction<'a>>,
    #[serde(borrow)]
    resource: Object<PlainEntity<'a>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainElement<'a> {
    #[serde(borrow, default, deserialize_with = "given")]
    subject: Option<Object<PlainEntity<'a>>>,
    #[serde(borrow, default, deserialize_with = "given")]
    action: Option<Object<PlainAction<'a>>>,
    #[serde(borrow, default, deserialize_with = "given")]
    resource: Option<Object<PlainEntity<'a>>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainOptions<'a> {
    #[serde(borrow, default, deserialize_with = "given")]
    evaluations_semantic: Option<&'a str>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainBatch<'a> {
    #[serde(borrow, default, deserialize_with = "given")]
    subject: Option<Object<PlainEntity<'a>>>,
    #[serde(borrow, default, deserialize_with = "given")]
    action: Option<Object<PlainAction<'a>>>,
    #[serde(borrow, default, deserialize_with = "given")]
    resource: Option<Object<PlainEntity<'a>>>,
    #[serde(borrow, default, deserialize_with = "given")]
    options: Option<Object<PlainOptions<'a>>>,
    #[serde(borrow, default, deserialize_with = "given")]
    evaluations: Option<Vec<Object<PlainElement<'a>>>>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;
    use serde_json::json;

    use super::super::agreement::{agree, parts, strict_batch};
    use super::{plain, plain_batch};
    use crate::answer::batch::{Batch, Semantic};
    use crate::limits::Limits;
    use crate::question::{Entity, Question};

    /// The members of an object in one order or the other.
    fn object(members: &[String], reverse: bool) -> String {
        let mut members = members.to_vec();
        if reverse {
            members.reverse();
        }
        format!("{{{}}}", members.join(", "))
    }

    fn member(name: &str, value: impl std::fmt::Display) -> String {
        format!("\"{name}\": {value}")
    }

    /// An entity that needs no escapes, as it is sent.
    fn entity() -> impl Strategy<Value = (Entity, String)> {
        let id = "[ !#-\\[\\]-~\u{7f}é\u{2028}😀]{0,12}";
        (prop_oneof![Just("Partner".to_owned()), id], id, any::<bool>()).prop_map(|(kind, id, reverse)| {
            let written = object(&[member("type", json!(kind)), member("id", json!(id))], reverse);
            (Entity::new(kind, id), written)
        })
    }

    /// The members of a plain question, as they are sent.
    fn members() -> impl Strategy<Value = (Question, [String; 3])> {
        (entity(), "[a-zA-Z]{0,9}", entity()).prop_map(|((subject, first), action, (resource, last))| {
            let name = object(&[member("name", json!(action))], false);
            let members = [member("subject", first), member("action", name), member("resource", last)];
            (Question::new(subject, action, resource), members)
        })
    }

    fn body() -> impl Strategy<Value = (Question, String)> {
        (members(), any::<bool>()).prop_map(|((question, members), reverse)| (question, object(&members, reverse)))
    }

    /// A batch with some defaults, whose elements have what is their own; and what it asks.
    fn batch() -> impl Strategy<Value = (Batch, String)> {
        const WORDS: [(&str, Semantic); 4] = [
            ("{}", Semantic::ExecuteAll),
            (r#"{"evaluations_semantic":"execute_all"}"#, Semantic::ExecuteAll),
            (r#"{"evaluations_semantic":"deny_on_first_deny"}"#, Semantic::DenyOnFirstDeny),
            (r#"{"evaluations_semantic":"permit_on_first_permit"}"#, Semantic::PermitOnFirstPermit),
        ];
        let some = |members: [String; 3], has: [bool; 3]| -> Vec<String> {
            members.into_iter().zip(has).filter_map(|(member, has)| has.then_some(member)).collect()
        };
        let elements = prop::collection::vec((members(), any::<[bool; 3]>()), 1..4);
        let whole = (members(), any::<[bool; 3]>(), 0..5_usize, any::<bool>(), elements);
        whole.prop_map(move |((default, members), has, options, reverse, elements)| {
            let mut members = some(members, has);
            let (mut questions, mut written) = (Vec::new(), Vec::new());
            for ((own, element), wants) in elements {
                let is_own = [0, 1, 2].map(|at| wants[at] || !has[at]);
                written.push(object(&some(element, is_own), reverse));
                questions.push(Ok(Question {
                    subject: if is_own[0] { own.subject } else { default.subject.clone() },
                    action: if is_own[1] { own.action } else { default.action.clone() },
                    resource: if is_own[2] { own.resource } else { default.resource.clone() },
                    context: own.context,
                }));
            }
            members.push(member("evaluations", format!("[{}]", written.join(","))));
            members.extend(WORDS.get(options).map(|(said, _)| member("options", said)));
            let semantic = WORDS.get(options).map_or(Semantic::ExecuteAll, |(_, semantic)| *semantic);
            (Batch { questions, semantic }, object(&members, reverse))
        })
    }

    /// What is put in a place of a body: members added, renamed, named twice, nested, escaped, taken away.
    const CHANGES: [(&str, &str); 25] = [
        ("{", r#"{"context": {},"#),
        ("{", r#"{"context": null,"#),
        ("{", r#"{"properties": {"a": 1},"#),
        ("{", r#"{"id": "a","#),
        ("{", r#"{"type": null,"#),
        ("{", r#"{"subject": {"type": "a", "id": ""},"#),
        ("{", r#"{"resource": null,"#),
        ("{", r#"{"action": {},"#),
        ("{", r#"{"evaluations": [],"#),
        ("{", r#"{"evaluations": null,"#),
        ("{", r#"{"options": {"evaluations_semantic": null},"#),
        ("{", r#"{"$serde_json::private::RawValue": "1","#),
        ("{", "["),
        ("{", "[{"),
        ("}", "}]"),
        ("}", ",}"),
        ("}", r#", "more": 1e400}"#),
        ("\"", r#""\u0061"#),
        ("\"", r#""\ud800"#),
        ("\"", "\"\u{1}"),
        ("\"", "[\""),
        ("d", r"\u0064"),
        ("\"id\"", "\"name\""),
        (":", ": null,"),
        (" ", "\u{feff}"),
    ];

    type Changes = (Vec<(Index, Index)>, Vec<(Index, u8)>);

    fn changes() -> impl Strategy<Value = Changes> {
        let flips = prop::collection::vec((any::<Index>(), any::<u8>()), 0..2);
        (prop::collection::vec(any::<(Index, Index)>(), 0..3), flips)
    }

    fn changed(mut body: String, (changes, flips): &Changes) -> Vec<u8> {
        for (change, place) in changes {
            let (old, new) = change.get(&CHANGES);
            let places: Vec<usize> = body.match_indices(old).map(|(at, _)| at).collect();
            if !places.is_empty() {
                let at = *place.get(&places);
                body.replace_range(at..at + old.len(), new);
            }
        }
        let mut text = body.into_bytes();
        for (at, byte) in flips {
            let at = at.index(text.len());
            text[at] = *byte;
        }
        text
    }

    fn limits() -> impl Strategy<Value = Limits> {
        (0..6_usize, 0..4_usize).prop_map(|(depth, evaluations)| Limits { depth, evaluations, ..Limits::default() })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_plain_question_takes_the_short_way((question, text) in body()) {
            let limits = Limits::default();
            prop_assert_eq!(plain(text.as_bytes(), &limits), Some(question.clone()));
            let asked = plain_batch(text.as_bytes(), &limits).map(parts);
            prop_assert_eq!(asked, Some((vec![Ok(question)], None)));
            agree(text.as_bytes(), &limits);
        }

        #[test]
        fn a_plain_batch_takes_the_short_way((batch, text) in batch()) {
            let asked = plain_batch(text.as_bytes(), &Limits::default()).map(parts);
            prop_assert_eq!(asked, Some((batch.questions, Some(batch.semantic))), "{}", text);
            agree(text.as_bytes(), &Limits::default());
        }

        #[test]
        fn the_short_way_never_says_what_the_strict_reader_does_not(
            (_, question) in body(), (_, batch) in batch(), changes in changes(), small in limits(),
        ) {
            for body in [question, batch] {
                let text = changed(body, &changes);
                agree(&text, &Limits::default());
                agree(&text, &small);
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_strict_reader() {
        let limits = Limits::default();
        for text in [
            r#"[["P","a"],["x"],["S","b"]]"#,
            r#"{"subject":["P","a"],"action":["x"],"resource":["S","b"]}"#,
            r#"{"subject":{"type":"P","id":"a"},"action":{"name":"x"},"resource":{"type":"S","id":"b"}} x"#,
            r#"{"subject":{"type":"P","id":"a\u0062"},"action":{"name":"x"},"resource":{"type":"S","id":"b"}}"#,
            r#"{"subject":{"type":"P","id":"a"},"action":{"name":"x"},"resource":{"type":"S","id":"b"},"context":{}}"#,
            r#"{"subject":{"type":"P","id":"a"},"action":{"name":"x"},"resource":{"type":"S","id":"b"},"evaluations":[]}"#,
            r#"{"evaluations":[{"subject":{"type":"P","id":"a"},"action":{"name":"x"}}]}"#,
            r#"{"subject":null,"evaluations":[{"subject":{"type":"P","id":"a"},"action":{"name":"x"},"resource":{"type":"S","id":"b"}}]}"#,
        ] {
            assert_eq!(plain(text.as_bytes(), &limits), None, "{text}");
            assert!(plain_batch(text.as_bytes(), &limits).is_none(), "{text}");
        }
    }

    #[test]
    fn a_batch_that_is_too_large_with_its_defaults_is_left_to_the_strict_reader() {
        let body = |id: usize, elements: usize| {
            let subject = format!(r#"{{"type":"P","id":"{}"}}"#, "a".repeat(id));
            let one = r#"{"action":{"name":"x"},"resource":{"type":"S","id":"b"}}"#;
            format!(r#"{{"subject":{subject},"evaluations":[{}]}}"#, vec![one; elements].join(","))
        };
        let limits = Limits::default();
        // 16 MiB in 8 elements.
        let most = 2 * 1024 * 1024 - r#"{"id":"","type":"P"}"#.len();
        for (id, fits) in [(most, true), (most + 1, false)] {
            let text = body(id, 8);
            assert_eq!(plain_batch(text.as_bytes(), &limits).is_some(), fits);
            assert_eq!(strict_batch(text.as_bytes(), &limits).is_some(), fits);
        }
        for (elements, fits) in [(limits.evaluations, true), (limits.evaluations + 1, false)] {
            let text = body(1, elements);
            assert_eq!(plain_batch(text.as_bytes(), &limits).is_some(), fits);
            assert_eq!(strict_batch(text.as_bytes(), &limits).is_some(), fits);
        }
    }
}
