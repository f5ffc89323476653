//! The short way of a question: facts read in place and a record written straight are what the long way makes of the
//! same rows.

use std::collections::BTreeSet;

use standing::audit::{PlainRecord, Record, RecordKind};
use standing::caller::{Caller, Person, Proof};
use standing::clock::Timestamp;
use standing::decide::{Namespace, decide_by_cedar, decision_of_standing};
use standing::facts::Needs;
use standing::id::Revision;
use standing::policy::RuleId;
use standing::question::{Entity, Question};
use standing::standing::Standing;
use standing::store::{Listed, View};

use crate::difference::store_of_worlds;
use crate::shipped::shipped;

const SALT: [u8; 16] = [0xA5; 16];

/// Every question that can be asked plainly in a view, and some about what is not there or can be nothing.
fn questions(view: &View<'_>) -> Vec<Question> {
    let mut partners = vec!["nobody".to_owned(), "no such id".to_owned(), String::new(), "p1\0".to_owned()];
    let mut resources: Vec<Entity> = ["nobody", "s/1", "s1\0"].map(|id| Entity::new("Subscription", id)).into();
    resources.extend(["c1", "c1/", "/one", "c1/one/two", "nobody/one"].map(|id| Entity::new("Service", id)));
    resources.push(Entity::new("Customer", "c1"));
    let go_on = || Ok(Listed::Continue(()));
    view.partners(None, &mut |partner| {
        partners.push(partner.id.to_string());
        go_on()
    })
    .unwrap();
    view.subscriptions(None, &mut |subscription| {
        resources.push(Entity::new("Subscription", subscription.id.to_string()));
        go_on()
    })
    .unwrap();
    view.services(None, None, &mut |id, _| {
        resources.push(Entity::new("Service", id.to_string()));
        go_on()
    })
    .unwrap();
    let mut subjects: Vec<Entity> = partners.iter().map(|id| Entity::new("Partner", id)).collect();
    subjects.push(Entity::new("Customer", "c1"));
    let about = |subject: &Entity| {
        let question = |resource: &Entity| Question::new(subject.clone(), "addSeats", resource.clone());
        resources.iter().map(question).collect::<Vec<_>>()
    };
    subjects.iter().flat_map(about).collect()
}

/// Holds the short way against the long one; the standings that were seen.
fn compare(view: &View<'_>, at: Timestamp) -> BTreeSet<Standing> {
    let (rules, caller) = (shipped(), Caller::local());
    let (person, proof, admitted) = (Person::of_token("eve"), Proof::Socket, [RuleId::from("may/ask")]);
    let mut seen = BTreeSet::new();
    for question in questions(view) {
        let facts = view.facts(&Needs::of(&question.subject, &question.resource), at).unwrap();
        let standing = Standing::of(&question, &facts);
        let short = view.plain_facts(&question, at, |plain| {
            let of_plain = Standing::of_plain(plain);
            let record = of_plain.map(|standing| {
                let decision = decision_of_standing(rules, &question.action.name, standing).unwrap();
                let record = PlainRecord {
                    at,
                    caller: &caller,
                    person: Some(&person),
                    proof: &proof,
                    request_id: Some("a \"name\""),
                    trace: None,
                    question: &question,
                    facts: plain,
                    rules: rules.digest(),
                    admitted: &admitted,
                    decision,
                };
                record.recorded(&SALT).unwrap()
            });
            (of_plain, serde_json::to_string(plain).unwrap(), record)
        });
        let Some((of_plain, written, record)) = short.unwrap() else {
            assert_eq!(standing, None, "the long way has a standing for {question:?}");
            continue;
        };
        assert_eq!(of_plain, standing, "{question:?}");
        assert_eq!(written, serde_json::to_string(&facts).unwrap(), "{question:?}");
        let Some(standing) = standing else { continue };
        let decision = decide_by_cedar(rules, Namespace::Domain, &question, &facts);
        let (kind, digest) = (RecordKind::Evaluation, rules.digest().clone());
        let mut long = Record::of(caller.clone(), kind, question, facts, digest, &decision);
        long.salt(&SALT);
        (long.person, long.proof) = (Some(person.clone()), Some(proof.clone()));
        (long.request_id, long.admitted) = (Some("a \"name\"".to_owned()), admitted.to_vec());
        assert_eq!(record.unwrap(), long.recorded().unwrap(), "{long:?}");
        seen.insert(standing);
    }
    seen
}

#[tokio::test]
async fn a_plain_question_has_the_facts_the_standing_and_the_record_of_the_long_way_at_every_revision() {
    let folder = tempfile::tempdir().unwrap();
    let store = store_of_worlds(folder.path()).await;
    let mut seen = BTreeSet::new();
    for revision in (0..=store.revision().0).step_by(7).chain([store.revision().0]) {
        let snapshot = store.snapshot_at(Revision(revision)).unwrap();
        for at in ["2026-01-02T00:00:00Z", "2126-01-02T00:00:00Z"] {
            seen.extend(compare(&snapshot.view(), at.parse().unwrap()));
        }
    }
    assert!(seen.len() > 40, "only {} standings were seen", seen.len());
}
