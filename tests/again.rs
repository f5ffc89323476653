//! A change may be run again at any time: on the same facts it comes to the same. Here each one is worked out twice
//! before it is written, and refused where the two are not alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use standing::caller::Caller;
use standing::change::registry::Registered;
use standing::change::renegotiation::Withdrawal;
use standing::change::tokens::{NewToken, Speaker};
use standing::clock::{Clock as _, SharedClock, Stopped};
use standing::config::{RulesAt, RulesFrom};
use standing::domain::commercial::{Outcome, Side};
use standing::domain::invitation::LinkKeyId;
use standing::domain::partner::PartnerKind;
use standing::domain::subscription::{Subscription, SubscriptionStatus};
use standing::facts::Role;
use standing::id::{Revision, TokenId};
use standing::pdp::call::{Call, CallError, Committed, Idempotency};
use standing::pdp::opening::{self, Opening};
use standing::publish::approval::Approving;
use standing::publish::proposal::Proposing;
use standing::publish::rollback::{RolledBack, RollingBack};
use standing::store::{MetadataChanges, ProposalState, Store, StoreError, Token, Work};
use standing::{change, evidence, publish};

use crate::publishing::{Files, accepted, by, code, remarked, shipped, tightened};
use crate::stage::{BEGIN, Stage, as_customer, as_partner, operator, subscription, terms, time};

/// A decision point on a folder, with rules from publishing.
async fn stage() -> Stage {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(Stopped::at(time(BEGIN))));
    let shared: SharedClock = Arc::<Stopped>::clone(&clock);
    let twice = Opening { each_change_twice: true, ..Opening::default() };
    let from = RulesFrom::Publishing;
    let pdp = publish::begin::begin_by(folder.path(), shared, RulesAt::BuiltIn.into(), from, terms(), twice).await;
    Stage::of(pdp.unwrap(), clock, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_relationships_comes_to_the_same_when_it_is_run_again() {
    let stage = stage().await;
    for (id, kind) in [("p1", PartnerKind::DirectBill), ("p2", PartnerKind::DirectBill), ("p3", PartnerKind::Advisor)] {
        stage.partner(id, kind).await;
    }
    stage.customer("c").await;
    // Told again it is so already.
    stage.customer("c").await;
    assert_eq!(stage.pdp.revision(), Revision(4));
    let accepted = stage.accepts("c", "p1", &["office365", "azure"]).await;
    assert_eq!(accepted.granted.len(), 2);
    stage.later();
    let displacing = stage.accepts("c", "p2", &["azure"]).await;
    assert_eq!(displacing.displaced.len(), 1);
    let until = stage.clock.now().checked_add(jiff::Span::new().hours(48)).unwrap();
    let token = change::relationship::links(&stage.pdp).token(&"p3".parse().unwrap());
    stage.try_token(as_customer("c"), token.as_str(), "c", &["office365"], Some(until)).await.unwrap();
    assert_eq!(code(stage.try_token(operator(), "no link", "c", &["office365"], None).await), "unknown_link");

    let sale = |id: &str, parent: Option<&str>| Subscription {
        parent: parent.map(|parent| parent.parse().unwrap()),
        ..subscription(id, "c", "office365", None)
    };
    let puts = async |call: Call, sold: Subscription| -> Committed<Registered<Subscription>> {
        change::selling::put_subscription(&stage.pdp, &call, sold).await.unwrap()
    };
    assert!(puts(as_partner("p1"), sale("s", None)).await.value.is_new);
    puts(as_partner("p1"), sale("s-more", Some("s"))).await;
    puts(operator(), subscription("s-direct", "c", "azure", None)).await;
    for status in [SubscriptionStatus::Suspended, SubscriptionStatus::Active] {
        puts(as_partner("p1"), Subscription { status, ..sale("s", None) }).await;
    }
    for quantity in [12, 3] {
        puts(as_partner("p1"), Subscription { quantity, ..sale("s", None) }).await;
    }
    puts(as_partner("p1"), Subscription { quantity: 3, offer: Some("e5".parse().unwrap()), ..sale("s", None) }).await;
    let foreign = change::selling::put_subscription(&stage.pdp, &as_partner("p2"), sale("s", None)).await;
    assert!(matches!(foreign, Err(CallError::Denied(_))), "{foreign:?}");

    let mut keyed = operator();
    keyed.idempotency = Some(Idempotency { key: "once".to_owned(), request: [1; 32] });
    let first = puts(keyed.clone(), subscription("s-once", "c", "azure", None)).await;
    let again = puts(keyed, subscription("s-once", "c", "azure", None)).await;
    assert_eq!((first.is_repeat, again.is_repeat, again.value), (false, true, first.value));

    stage.removes("c", Some("p1"), Some("office365")).await;
    stage.removes("c", None, None).await;
    stage.renegotiates("c", "p1", Side::Customer, Outcome::End).await;
    let withdrawal = Withdrawal { customer: "c".parse().unwrap(), partner: "p1".parse().unwrap(), by: Side::Customer };
    change::relationship::withdraw_renegotiation(&stage.pdp, &operator(), withdrawal).await.unwrap();
    for outcome in [Outcome::End, Outcome::Reinstate] {
        stage.renegotiates("c", "p1", Side::Customer, outcome).await;
        stage.renegotiates("c", "p1", Side::Partner, outcome).await;
    }
    let lines = "{\"noun\":\"customer\",\"id\":\"d\",\"name\":\"D\"}\n{\"noun\":\"grant\",\"customer\":\"d\",\"service\":\"azure\",\"partner\":\"p1\",\"delegatedAdministrator\":true,\"since\":\"2025-06-01T00:00:00Z\"}\n";
    let imported = change::import::import(&stage.pdp, &operator(), std::io::Cursor::new(lines), |_, _| ()).await;
    assert_eq!(imported.unwrap().value.lines, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_tokens_keys_and_the_ledger_comes_to_the_same_when_it_is_run_again() {
    let stage = stage().await;
    let new = NewToken::of(Speaker::Role(Role::Reviewer));
    let issued = change::tokens::create_token(&stage.pdp, &operator(), new).await.unwrap().value;
    assert!(change::tokens::authenticate(&stage.pdp, &issued.token).unwrap().is_some());
    for _ in 0..2 {
        change::tokens::revoke_token(&stage.pdp, &operator(), &issued.id).await.unwrap();
        assert!(change::tokens::authenticate(&stage.pdp, &issued.token).unwrap().is_none());
    }
    let unknown = change::tokens::revoke_token(&stage.pdp, &operator(), &"none".parse().unwrap()).await;
    assert_eq!(code(unknown), "unknown_token");

    let listed = change::link_keys::rotate_link_key(&stage.pdp, &operator()).await.unwrap().value;
    assert_eq!(listed.len(), 2);
    let older: LinkKeyId = listed[1].id.parse().unwrap();
    let listed = change::link_keys::retire_link_key(&stage.pdp, &operator(), older).await.unwrap().value;
    assert!(listed[1].retired.is_some());
    assert_eq!(change::link_keys::link_keys(&stage.pdp, &operator()).await.unwrap().value, listed);
    for key in [older, listed[0].id.parse().unwrap()] {
        assert_eq!(code(change::link_keys::retire_link_key(&stage.pdp, &operator(), key).await), "invalid_link_key");
    }

    // Of two at once neither is lost.
    let operator = operator();
    let rotate = || change::link_keys::rotate_link_key(&stage.pdp, &operator);
    let (one, other) = tokio::join!(rotate(), rotate());
    let listed = [one, other].map(|rotated| rotated.unwrap().value).into_iter().max_by_key(Vec::len).unwrap();
    assert_eq!(listed.len(), 4);

    let records = stage.pdp.records().unwrap();
    stage.later();
    let archived = evidence::ledger::archive::archive_ledger(&stage.pdp, &operator, stage.clock.now()).await.unwrap();
    assert_eq!(archived.value.records, records);
    // Nothing is opened by keys that the store does not know.
    let Stage { pdp, clock, folder } = stage;
    drop(Arc::into_inner(pdp).unwrap());
    let stage = Stage::of(
        publish::begin::begin(folder.path(), clock.clone(), RulesAt::BuiltIn.into(), RulesFrom::Publishing, terms())
            .await
            .unwrap(),
        clock,
        folder,
    );
    assert_eq!(change::link_keys::link_keys(&stage.pdp, &operator).await.unwrap().value, listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_rules_comes_to_the_same_when_it_is_run_again() {
    let stage = stage().await;
    let pdp = &stage.pdp;
    let first = pdp.digest().to_string();
    let proposes = async |files: Files| {
        let proposing = Proposing { files, title: Some("another".to_owned()), ..Proposing::default() };
        publish::proposal::propose(pdp, &by("ada"), proposing).await
    };
    assert_eq!(code(proposes(Files::from([("x".to_owned(), String::new())])).await), "invalid_rule_file");
    assert_eq!(code(proposes(shipped()).await), "already_in_force");
    let withdrawn = proposes(remarked("withdrawn")).await.unwrap().value.id;
    for _ in 0..2 {
        publish::proposal::withdraw(pdp, &by("ada"), withdrawn).await.unwrap();
    }
    let id = proposes(tightened()).await.unwrap().value.id;
    assert_eq!(code(publish::approval::approve(pdp, &by("ada"), id, accepted()).await), "same_identity");
    let second = publish::approval::approve(pdp, &by("bob"), id, accepted()).await.unwrap().value.digest;
    assert_eq!(pdp.digest().to_string(), second);

    let back = |to: &str| RollingBack { to: to.to_owned(), comment: Some("back".to_owned()) };
    assert_eq!(code(publish::rollback::roll_back(pdp, &by("cid"), back(&second)).await), "already_in_force");
    let went = publish::rollback::roll_back(pdp, &by("cid"), back(&first)).await.unwrap().value;
    assert!(matches!(went, RolledBack::InForce(_)) && pdp.digest().to_string() == first);
    let RolledBack::Proposed(proposed) =
        publish::rollback::roll_back(pdp, &by("cid"), back(&second)).await.unwrap().value
    else {
        panic!("it is in force")
    };
    assert_eq!(proposed.state, ProposalState::Open);

    // A reviewer whose token is kept may approve for later.
    let new = NewToken::of(Speaker::Role(Role::Reviewer));
    let issued = change::tokens::create_token(pdp, &operator(), new).await.unwrap().value;
    let reviewer = Call::by(change::tokens::authenticate(pdp, &issued.token).unwrap().unwrap());
    for (day, comes) in [("2026-01-02T00:00:00Z", true), ("2026-01-03T00:00:00Z", false)] {
        let id = proposes(remarked(day)).await.unwrap().value.id;
        let later = Approving { activate_at: Some(time(day)), ..accepted() };
        let approved = publish::approval::approve(pdp, &reviewer, id, later).await.unwrap().value;
        assert_eq!(approved.state, ProposalState::Scheduled);
        if !comes {
            change::tokens::revoke_token(pdp, &operator(), &issued.id).await.unwrap();
        }
        stage.clock.set(time(day));
        assert_eq!(publish::schedule::activate_due(pdp).await.unwrap(), Some((id, comes)));
    }
    let Stage { pdp, clock: _clock, folder: _folder } = stage;
    let pdp = Arc::into_inner(pdp).unwrap();
    opening::with_needs_persons(pdp, true).await.unwrap();
}

#[tokio::test]
async fn a_change_that_comes_to_something_else_is_refused_and_nothing_of_it_is_written() {
    let clock: SharedClock = Arc::new(Stopped::at(time(BEGIN)));
    let store = Store::over(redb::backends::InMemoryBackend::new, clock).unwrap().each_change_twice();
    let runs = Arc::new(AtomicU64::new(0));
    let put = |is_same: bool| {
        let runs = Arc::clone(&runs);
        store.change(move |context| {
            let run = runs.fetch_add(1, Ordering::SeqCst);
            let token = Token {
                id: "a".parse().unwrap(),
                caller: Caller::local(),
                name: Some(if is_same { "same".to_owned() } else { format!("run {run}") }),
                person: None,
                made_by: None,
                maker: None,
                created: context.at,
                expires: None,
                replaces: None,
                revoked: None,
                sha256: [1; 32],
            };
            let mut metadata = MetadataChanges::default();
            metadata.put_token(&token)?;
            Ok(Work { change: None, by: "x".to_owned(), records: Vec::new(), remember: None, metadata, value: () })
        })
    };
    let id: TokenId = "a".parse().unwrap();
    match put(false).await {
        Err(StoreError::Unusable(why)) => assert!(why.contains("the change by `x` came to something else"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!((store.token(&id).unwrap(), runs.load(Ordering::SeqCst)), (None, 2));
    put(true).await.unwrap();
    assert_eq!(store.token(&id).unwrap().unwrap().name.as_deref(), Some("same"));
    assert_eq!(runs.load(Ordering::SeqCst), 4);
}
