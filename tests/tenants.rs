//! What a partner or a customer may do for itself, and what it may not find out about others.

use standing::audit::Record;
use standing::change::registration::SubscriptionError;
use standing::change::registry::SubscriptionFilter;
use standing::change::removal::Removal;
use standing::change::renegotiation::{Renegotiation, RenegotiationError};
use standing::domain::commercial::{Outcome, Side};
use standing::domain::partner::{PartnerKind, PartnerStatus};
use standing::domain::subscription::{Subscription, SubscriptionStatus};
use standing::id::Seq;
use standing::pdp::call::CallError;
use standing::question::Entity;
use standing::{change, evidence};

use crate::stage::{Stage, as_customer, as_partner, operator, subscription};

/// p1 sold s-1 to c and administers it, adv only administers; p2 sold s-2 to d.
async fn scene() -> Stage {
    let stage = Stage::new();
    stage.partner("p1", PartnerKind::DirectBill).await;
    stage.partner("p2", PartnerKind::DirectBill).await;
    stage.partner("adv", PartnerKind::Advisor).await;
    stage.customer("c").await;
    stage.customer("d").await;
    stage.accepts("c", "p1", &["office365"]).await;
    stage.accepts("c", "adv", &["office365"]).await;
    stage.accepts("d", "p2", &["mail"]).await;
    stage.sold("s-1", "c", "office365", Some("p1")).await;
    stage.sold("s-2", "d", "mail", Some("p2")).await;
    stage
}

fn sold(change: impl FnOnce(&mut Subscription)) -> Subscription {
    let mut told = subscription("s-1", "c", "office365", Some("p1"));
    change(&mut told);
    told
}

/// What came of a partner's telling: done, or the code of why not.
async fn tells(stage: &Stage, partner: &str, told: Subscription) -> String {
    match change::selling::put_subscription(&stage.pdp, &as_partner(partner), told).await {
        Ok(_) => "done".to_owned(),
        Err(CallError::Denied(denied)) => denied.reason.to_string(),
        Err(CallError::Refused(SubscriptionError::StatusNotItsOwn(_))) => "status_not_its_own".to_owned(),
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_difference_a_partner_tells_is_decided_as_its_own_action() {
    let stage = scene().await;
    let fewer = || sold(|told| told.quantity = 5);
    let more = || sold(|told| told.quantity = 15);
    let suspended = || sold(|told| told.status = SubscriptionStatus::Suspended);
    let offer = || sold(|told| told.offer = Some("e5".parse().unwrap()));
    let record = || sold(|told| told.partner_of_record = Some("mpn-1".parse().unwrap()));
    for (what, told, administrator) in [
        ("fewer seats", fewer(), "not_original_reseller"),
        ("more seats", more(), "not_original_reseller"),
        ("suspended", suspended(), "not_original_reseller"),
        ("another offer", offer(), "not_original_reseller"),
        ("another partner of record", record(), "not_original_reseller"),
    ] {
        assert_eq!(tells(&stage, "adv", told.clone()).await, administrator, "{what}");
        assert_eq!(tells(&stage, "p2", told.clone()).await, "not_permitted", "{what}");
        assert_eq!(tells(&stage, "p1", told).await, "done", "{what}");
        assert_eq!(tells(&stage, "p1", sold(|_| {})).await, "done", "and back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seller_suspends_and_reactivates_what_it_sold_and_tells_no_other_status() {
    use SubscriptionStatus::{Active, Deleted, Expired, Suspended};
    let stage = scene().await;
    let is = |status| sold(|told| told.status = status);
    for status in [Suspended, Expired, Deleted] {
        let mut new = subscription("s-new", "c", "office365", None);
        new.status = status;
        assert_eq!(tells(&stage, "p1", new).await, "status_not_its_own", "not even at first");
    }
    for status in [Expired, Deleted] {
        for partner in ["p1", "adv"] {
            assert_eq!(tells(&stage, partner, is(status)).await, "status_not_its_own", "{partner} {status}");
        }
    }
    assert_eq!(tells(&stage, "p1", is(Suspended)).await, "done");
    let fewer = sold(|told| {
        told.status = Suspended;
        told.quantity = 5;
    });
    assert_eq!(tells(&stage, "p1", fewer).await, "subscription_status_not_active");
    assert_eq!(tells(&stage, "adv", is(Active)).await, "not_original_reseller");
    let and_more = sold(|told| told.quantity = 15);
    assert_eq!(tells(&stage, "p1", and_more).await, "subscription_status_not_active", "each difference by itself");
    assert_eq!(tells(&stage, "p1", is(Active)).await, "done");
    for status in [Expired, Deleted] {
        change::selling::put_subscription(&stage.pdp, &operator(), is(status)).await.unwrap();
        for back in [Active, Suspended] {
            assert_eq!(tells(&stage, "p1", is(back)).await, "status_not_its_own", "{status} {back}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_suspended_for_non_payment_may_suspend_and_not_reactivate() {
    let stage = scene().await;
    stage.partner_as("p1", PartnerKind::DirectBill, PartnerStatus::Suspended).await;
    let is = |status| sold(|told| told.status = status);
    assert_eq!(tells(&stage, "p1", sold(|told| told.quantity = 15)).await, "partner_suspended");
    assert_eq!(tells(&stage, "p1", is(SubscriptionStatus::Suspended)).await, "done");
    assert_eq!(tells(&stage, "p1", is(SubscriptionStatus::Active)).await, "partner_suspended");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_foreign_and_what_is_not_there_look_the_same_to_a_partner() {
    let stage = scene().await;
    let new = |customer: &str, service: &str| subscription("s-new", customer, service, None);
    let mut add_on_of_foreign = subscription("s-add", "d", "mail", None);
    add_on_of_foreign.parent = Some("s-2".parse().unwrap());
    let mut add_on_of_nothing = add_on_of_foreign.clone();
    add_on_of_nothing.parent = Some("s-nothing".parse().unwrap());
    let mut said = Vec::new();
    for told in [
        new("d", "mail"),
        new("d", "nosuch"),
        new("nobody", "mail"),
        add_on_of_foreign,
        add_on_of_nothing,
        subscription("s-2", "d", "mail", None),
    ] {
        match change::selling::put_subscription(&stage.pdp, &as_partner("p1"), told).await {
            Err(CallError::Denied(denied)) => said.push((denied.reason, denied.message)),
            other => panic!("{other:?}"),
        }
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn renegotiating_and_removing_tell_nothing_of_who_is_known() {
    let stage = scene().await;
    for customer in ["d", "nobody"] {
        let renegotiation = Renegotiation {
            customer: customer.parse().unwrap(),
            partner: "p1".parse().unwrap(),
            by: Side::Partner,
            outcome: Outcome::End,
        };
        let said = change::relationship::renegotiate(&stage.pdp, &as_partner("p1"), renegotiation).await;
        assert!(
            matches!(said, Err(CallError::Refused(RenegotiationError::NoRelationship { .. }))),
            "{customer}: {said:?}"
        );
    }
    let mut said = Vec::new();
    for partner in ["p2", "p9"] {
        let removal =
            Removal { customer: "c".parse().unwrap(), partner: Some(partner.parse().unwrap()), service: None };
        match change::relationship::remove(&stage.pdp, &as_customer("c"), removal).await {
            Err(CallError::Refused(error)) => said.push(error.to_string().replace(partner, "a partner")),
            other => panic!("{partner}: {other:?}"),
        }
    }
    assert_eq!(said[0], said[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_leads_only_through_rows_that_are_the_callers_own() {
    let stage = scene().await;
    for (id, customer, seller) in
        [("a", "d", "p1"), ("b-secret", "d", "p1"), ("c", "c", "p1"), ("d-secret", "d", "p1"), ("e", "c", "p1")]
    {
        stage.sold(id, customer, "office365", Some(seller)).await;
    }
    let filter = SubscriptionFilter { customer: Some("c".parse().unwrap()), partner: Some("p1".parse().unwrap()) };
    for call in [as_customer("c"), as_partner("p1")] {
        let (mut found, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = change::registry::list_subscriptions(&stage.pdp, &call, &filter, 1, cursor.as_deref())
                .await
                .unwrap()
                .value;
            found.extend(page.items.into_iter().map(|item| item.id.to_string()));
            cursor = page.next;
            let Some(cursor) = &cursor else { break };
            let plain = data_encoding::BASE64URL_NOPAD.decode(cursor.as_bytes()).unwrap();
            assert!(!String::from_utf8_lossy(&plain).contains("secret"), "{cursor}");
        }
        found.sort();
        assert_eq!(found, ["c", "e", "s-1"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_tells_its_sale_again_and_nothing_changes() {
    let stage = scene().await;
    let told = subscription("s-9", "c", "office365", None);
    change::selling::put_subscription(&stage.pdp, &as_partner("p1"), told.clone()).await.unwrap();
    let before = stage.pdp.revision();
    let again = change::selling::put_subscription(&stage.pdp, &as_partner("p1"), told).await.unwrap();
    assert_eq!((again.value.noun.original_reseller, stage.pdp.revision()), (Some("p1".parse().unwrap()), before));
}

#[tokio::test(flavor = "multi_thread")]
async fn setting_the_clock_back_does_not_bring_back_a_grant_that_ended() {
    let stage = scene().await;
    let until = Some(crate::stage::time("2026-02-01T00:00:00Z"));
    stage.try_accept(operator(), "d", "adv", &["mail"], until).await.unwrap();
    stage.clock.set(crate::stage::time("2026-02-02T00:00:00Z"));
    stage.customer("later").await;
    stage.clock.set(crate::stage::time("2026-01-02T00:00:00Z"));
    assert!(!stage.ask("adv", "provideSupport", "Service", "d/mail").await.decision.is_allowed());
}

/// The action, resource and answer of each decision among some records.
async fn decided(stage: &Stage, seqs: &[Seq]) -> Vec<(String, Entity, bool)> {
    let mut decided = Vec::new();
    for seq in seqs {
        let kept = evidence::ledger::decision(&stage.pdp, &operator(), *seq).await.unwrap().value.unwrap();
        let record = Record::from_bytes(&kept.record).unwrap();
        decided.push((record.question.action.name.clone(), record.question.resource.clone(), record.decision));
    }
    decided
}

#[tokio::test(flavor = "multi_thread")]
async fn an_add_on_is_ordered_by_who_sold_its_parent_and_by_nobody_that_only_administers() {
    let stage = scene().await;
    // p3 could sell there itself: it administers the service in place of p1, which still sold what it sold.
    stage.partner("p3", PartnerKind::DirectBill).await;
    stage.accepts("c", "p3", &["office365"]).await;
    assert!(stage.ask("p3", "provision", "Service", "c/office365").await.decision.is_allowed());
    let add_on =
        || Subscription { parent: Some("s-1".parse().unwrap()), ..subscription("s-add", "c", "office365", None) };
    let before = stage.pdp.revision();
    for (partner, why) in [("adv", "not_original_reseller"), ("p3", "not_original_reseller"), ("p2", "not_permitted")] {
        assert_eq!(tells(&stage, partner, add_on()).await, why, "{partner}");
        let found =
            change::registry::subscription(&stage.pdp, &operator(), &"s-add".parse().unwrap()).await.unwrap().value;
        assert_eq!((found, stage.pdp.revision()), (None, before), "{partner}: nothing was written");
    }
    let told = change::selling::put_subscription(&stage.pdp, &as_partner("p1"), add_on()).await.unwrap();
    let ordered = ("orderAddOns".to_owned(), Entity::new("Subscription", "s-1"), true);
    let decided = decided(&stage, &told.seqs).await;
    assert!(decided.contains(&ordered), "{decided:?}");
}
