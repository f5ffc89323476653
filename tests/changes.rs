//! The journal of changes: each event once, in order, whatever the pages.

use std::sync::Arc;

use standing::caller::Caller;
use standing::domain::partner::{PartnerKind, PartnerStatus};
use standing::evidence;
use standing::evidence::changes::{Change, ChangeFilter, ChangesError};
use standing::facts::Role;
use standing::id::Revision;
use standing::pdp::call::{Call, CallError};

use crate::worlds::{World, operator, rules};

#[tokio::test]
async fn pages_of_any_size_tell_each_event_once_and_in_order() {
    for seed in 1..=4 {
        let world = World::made_up(rules(&[]), seed).await;
        let whole = evidence::changes::changes(&world.pdp, &operator(), Revision(0), 1_000).await.unwrap().value;
        assert!(whole.complete && whole.changes.len() > 30);
        assert_eq!(whole.next, world.pdp.revision());
        let revisions: Vec<u64> = whole.changes.iter().map(|change| change.revision.0).collect();
        assert!(revisions.is_sorted());
        assert_eq!(revisions.iter().collect::<std::collections::BTreeSet<_>>().len() as u64, world.pdp.revision().0);
        for limit in 1..=whole.changes.len() + 1 {
            let mut told: Vec<Change> = Vec::new();
            let mut after = Revision(0);
            loop {
                let page = evidence::changes::changes_page(&world.pdp, after, limit, &ChangeFilter::default()).unwrap();
                assert!(page.next > after, "it goes on");
                assert_eq!(page.changes.last().unwrap().revision, page.next);
                let last = page.changes.last().unwrap().revision;
                let before_last = page.changes.iter().filter(|change| change.revision < last).count();
                assert!(before_last < limit, "it stops with the revision that fills it");
                told.extend(page.changes);
                after = page.next;
                if page.complete {
                    break;
                }
            }
            assert_eq!(told, whole.changes, "limit {limit}");
        }
    }
}

#[tokio::test]
async fn a_page_always_says_where_to_go_on() {
    let world = World::empty(rules(&[]));
    let nothing = evidence::changes::changes(&world.pdp, &operator(), Revision(0), 10).await.unwrap().value;
    assert_eq!((nothing.changes.len(), nothing.next, nothing.complete), (0, Revision(0), true));
    world.partner("p1", PartnerKind::Advisor, PartnerStatus::Active).await;
    let none_wanted = evidence::changes::changes(&world.pdp, &operator(), Revision(0), 0).await.unwrap().value;
    assert_eq!((none_wanted.changes.len(), none_wanted.next, none_wanted.complete), (0, Revision(0), false));
    let told = evidence::changes::changes(&world.pdp, &operator(), Revision(0), 10).await.unwrap().value;
    let shown = serde_json::to_value(&told).unwrap();
    let expected = serde_json::json!({
        "changes": [{"revision": 1, "at": "2026-01-01T00:00:00Z", "by": "operator:local", "event": "partner-registered", "partner": "p1"}],
        "next": 1,
        "complete": true,
    });
    assert_eq!(shown, expected);
    match evidence::changes::changes(&world.pdp, &operator(), Revision(2), 10).await {
        Err(CallError::Refused(error @ ChangesError::NotYet { .. })) => {
            assert_eq!(
                error.to_string(),
                "`after` `2` is not there yet, the newest revision is 1; go on after one up to it"
            );
        }
        other => panic!("{other:?}"),
    }
    let asker = Call::of(Caller::Operator { id: "someone".to_owned(), role: Role::Asker });
    assert!(matches!(evidence::changes::changes(&world.pdp, &asker, Revision(0), 10).await, Err(CallError::Denied(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_hears_everything_once_while_it_is_written() {
    let world = Arc::new(World::empty(rules(&[])));
    let listening = Arc::clone(&world);
    let listener = tokio::spawn(async move {
        let mut watch = evidence::changes::watch(&listening.pdp);
        let (mut told, mut after) = (Vec::new(), Revision(0));
        while told.len() < 200 {
            watch.mark_unchanged();
            loop {
                let page = evidence::changes::changes_page(&listening.pdp, after, 3, &ChangeFilter::default()).unwrap();
                told.extend(page.changes.iter().map(|change| change.revision.0));
                after = page.next;
                if page.complete {
                    break;
                }
            }
            if told.len() < 200 {
                watch.changed().await.unwrap();
            }
        }
        told
    });
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200 {
        let world = Arc::clone(&world);
        tasks.spawn(async move {
            world.partner(&format!("p{number}"), PartnerKind::Advisor, PartnerStatus::Active).await;
        });
    }
    tasks.join_all().await;
    let told = tokio::time::timeout(std::time::Duration::from_secs(60), listener).await.unwrap().unwrap();
    assert_eq!(told, (1..=200).collect::<Vec<u64>>());
}
