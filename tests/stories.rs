//! The scenes that tell a right implementation from a wrong one, each with the table before and after.

use standing::change::registration::SubscriptionError;
use standing::change::relationship::LinkError;
use standing::domain::commercial::{Outcome, Side};
use standing::domain::grant::Multichannel;
use standing::domain::partner::{PartnerKind, PartnerStatus};
use standing::evidence::changes::ChangeFilter;
use standing::id::Revision;
use standing::pdp::call::CallError;
use standing::{change, evidence};

use crate::stage::{Stage, as_customer, as_partner, operator, shipped, subscription, time};

/// P1 sold s-1 to customer c and administers office365 there; P2 is another transacting partner.
async fn scene() -> Stage {
    let stage = Stage::new();
    stage.partner("p1", PartnerKind::DirectBill).await;
    stage.partner("p2", PartnerKind::IndirectProvider).await;
    stage.partner("p3", PartnerKind::Advisor).await;
    stage.customer("c").await;
    stage.accepts("c", "p1", &["office365"]).await;
    stage.sold("s-1", "c", "office365", Some("p1")).await;
    stage.later();
    stage
}

/// What happened at each revision after `after`, one line each.
fn told(stage: &Stage, after: Revision) -> String {
    let page = evidence::changes::changes_page(&stage.pdp, after, 1_000, &ChangeFilter::default()).unwrap();
    page.changes.iter().map(|change| format!("{}\n", serde_json::to_string(change).unwrap())).collect()
}

macro_rules! before_and_after {
    ($name:literal, $stage:expr, $partners:expr, $subscriptions:expr, $act:expr) => {{
        let before = $stage.table($partners, $subscriptions).await;
        let from = $stage.pdp.revision();
        $act;
        let after = $stage.table($partners, $subscriptions).await;
        let story = format!("before\n{before}\nwhat happens\n{}\nafter\n{after}", told(&$stage, from));
        insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!($name, story) });
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_another_partner_gives_it_support_and_provisioning_and_nothing_commercial() {
    let stage = scene().await;
    before_and_after!("scene 1 another partner is accepted", stage, &["p1", "p2"], &["s-1"], {
        stage.accepts("c", "p2", &["office365"]).await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_provisions_a_new_subscription_has_every_right_on_it_and_none_on_the_old_ones() {
    let stage = scene().await;
    stage.accepts("c", "p2", &["office365"]).await;
    before_and_after!("scene 2 the accepted partner sells", stage, &["p1", "p2"], &["s-1", "s-2"], {
        change::selling::put_subscription(&stage.pdp, &as_partner("p2"), subscription("s-2", "c", "office365", None))
            .await
            .unwrap();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_administration_leaves_the_bill_the_seats_and_the_duty() {
    let stage = scene().await;
    before_and_after!("scene 3 the customer removes administration", stage, &["p1"], &["s-1"], {
        stage.removes("c", Some("p1"), None).await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_again_restores_everything_and_leaves_the_seller_as_it_was() {
    let stage = scene().await;
    stage.removes("c", Some("p1"), None).await;
    stage.later();
    before_and_after!("scene 4 the partner is accepted again", stage, &["p1"], &["s-1"], {
        stage.accepts("c", "p1", &["office365"]).await;
    });
    let s1 =
        change::registry::subscription(&stage.pdp, &operator(), &"s-1".parse().unwrap()).await.unwrap().value.unwrap();
    assert_eq!(s1.noun.original_reseller, Some("p1".parse().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_partners_grant_lends_nothing_to_another() {
    let stage = scene().await;
    stage.removes("c", Some("p1"), None).await;
    stage.sold("s-2", "c", "office365", Some("p2")).await;
    before_and_after!("scene 5 rights are not lent", stage, &["p1", "p2", "p3"], &["s-1", "s-2"], {
        stage.accepts("c", "p3", &["office365"]).await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transacting_partner_displaces_another_and_an_advisor_displaces_nobody() {
    let stage = scene().await;
    before_and_after!("scene 6 displaced and still billed", stage, &["p1", "p2", "p3"], &["s-1"], {
        let accepted = stage.accepts("c", "p2", &["office365"]).await;
        assert_eq!(accepted.displaced.len(), 1, "p1 is displaced: {accepted:?}");
        let accepted = stage.accepts("c", "p3", &["office365"]).await;
        assert!(accepted.displaced.is_empty(), "an advisor displaces nobody: {accepted:?}");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_displaced_on_one_service_keeps_the_others() {
    let stage = scene().await;
    stage.accepts("c", "p1", &["azure"]).await;
    stage.sold("s-azure", "c", "azure", Some("p1")).await;
    before_and_after!("scene 7 displaced on one service", stage, &["p1", "p2"], &["s-1", "s-azure"], {
        stage.accepts("c", "p2", &["office365"]).await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn one_link_serves_two_customers_independently() {
    let stage = scene().await;
    stage.customer("d").await;
    stage.sold("s-d", "d", "office365", None).await;
    let request = || async {
        change::relationship::relationship_request(&stage.pdp, &operator(), &"p2".parse().unwrap()).await.unwrap().value
    };
    let (first, again) = (request().await, request().await);
    assert_eq!((&first.link, &first.token), (&again.link, &again.token));
    before_and_after!("scene 8 one link and two customers", stage, &["p2"], &["s-1", "s-d"], {
        stage.try_token(operator(), &first.token, "c", &["office365"], None).await.unwrap();
        stage.try_token(operator(), &first.token, "d", &["office365"], None).await.unwrap();
        stage.removes("c", Some("p2"), None).await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_or_foreign_link_and_somebody_elses_acceptance_are_refused_and_nothing_is_written() {
    let stage = scene().await;
    let token = change::relationship::links(&stage.pdp).token(&"p2".parse().unwrap()).to_string();
    let altered = format!("{}{}", &token[..token.len() - 1], if token.ends_with('A') { 'B' } else { 'A' });
    let unknown = change::relationship::links(&stage.pdp).token(&"nobody".parse().unwrap()).to_string();
    let elsewhere = Stage::new();
    elsewhere.partner("p2", PartnerKind::DirectBill).await;
    let before = stage.pdp.revision();
    for (what, token) in [("altered", &altered), ("unknown partner", &unknown)] {
        let refused = stage.try_token(operator(), token, "c", &["office365"], None).await;
        assert!(
            matches!(refused, Err(CallError::Refused(LinkError::Token(_) | LinkError::UnknownPartner))),
            "{what}: {refused:?}"
        );
    }
    stage.customer("d").await;
    let before = before.next();
    for call in [as_customer("d"), as_partner("p2"), as_partner("p1")] {
        let refused = stage.try_token(call.clone(), &token, "c", &["office365"], None).await;
        assert!(matches!(refused, Err(CallError::Denied(_))), "{call:?}: {refused:?}");
    }
    assert_eq!(stage.pdp.revision(), before, "nothing was written");
    stage.try_token(as_customer("c"), &token, "c", &["office365"], None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_from_all_partners_commercial_rights_stand_and_nobody_administers() {
    let stage = scene().await;
    stage.accepts("c", "p3", &["office365", "azure"]).await;
    before_and_after!("scene 10 removed from all partners", stage, &["p1", "p3"], &["s-1"], {
        stage.removes("c", None, None).await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn two_acceptances_at_the_same_moment_leave_exactly_one_transacting_holder() {
    for _ in 0..20 {
        let stage = std::sync::Arc::new(scene().await);
        stage.removes("c", None, None).await;
        let accepting = ["p1", "p2"].map(|partner| {
            let stage = std::sync::Arc::clone(&stage);
            tokio::spawn(async move { stage.accepts("c", partner, &["office365"]).await })
        });
        let mut answers = Vec::new();
        for answer in accepting {
            answers.push(answer.await.unwrap());
        }
        answers.sort_by_key(|accepted| accepted.revision);
        let [first, second] = answers.as_slice() else { panic!("two answers") };
        assert!(first.displaced.is_empty(), "the first displaced nobody: {first:?}");
        assert_eq!(second.displaced[0].partner, first.partner, "the second displaced the first");
        let holders = ["p1", "p2"].map(|partner| stage.ask(partner, "provideSupport", "Service", "c/office365"));
        let mut held = Vec::new();
        for holder in holders {
            held.push(holder.await.decision.is_allowed());
        }
        assert_eq!(held.iter().filter(|held| **held).count(), 1);
        assert_eq!(held[1], second.partner.as_str() == "p2");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_after_a_removal_was_answered_is_always_a_no() {
    let stage = std::sync::Arc::new(scene().await);
    for _ in 0..20 {
        stage.accepts("c", "p1", &["office365"]).await;
        assert!(stage.ask("p1", "provideSupport", "Subscription", "s-1").await.decision.is_allowed());
        let asking: Vec<_> = (0..8)
            .map(|_| {
                let stage = std::sync::Arc::clone(&stage);
                tokio::spawn(async move {
                    for _ in 0..5 {
                        stage.ask("p1", "provideSupport", "Subscription", "s-1").await;
                    }
                })
            })
            .collect();
        stage.removes("c", Some("p1"), None).await;
        assert!(!stage.ask("p1", "provideSupport", "Subscription", "s-1").await.decision.is_allowed());
        for asked in asking {
            asked.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relationship_ends_only_when_both_sides_say_so() {
    let stage = scene().await;
    stage.removes("c", Some("p1"), None).await;
    before_and_after!("renegotiated to an end", stage, &["p1"], &["s-1"], {
        stage.renegotiates("c", "p1", Side::Customer, Outcome::End).await;
        assert!(stage.ask("p1", "removeSeats", "Subscription", "s-1").await.decision.is_allowed(), "proposed only");
        stage.renegotiates("c", "p1", Side::Partner, Outcome::End).await;
    });
    let sale =
        change::selling::put_subscription(&stage.pdp, &operator(), subscription("s-9", "c", "office365", Some("p1")))
            .await;
    assert!(matches!(sale, Err(CallError::Refused(SubscriptionError::RelationshipEnded { .. }))), "{sale:?}");
    stage.renegotiates("c", "p1", Side::Partner, Outcome::Reinstate).await;
    stage.renegotiates("c", "p1", Side::Customer, Outcome::Reinstate).await;
    assert!(stage.ask("p1", "removeSeats", "Subscription", "s-1").await.decision.is_allowed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_ends_by_itself_at_its_end_date_without_any_job() {
    let stage = scene().await;
    let until = Some(time("2026-02-01T00:00:00Z"));
    stage.removes("c", None, None).await;
    stage.try_accept(as_customer("c"), "c", "p2", &["office365"], until).await.unwrap();
    for (now, allowed) in
        [("2026-01-31T23:59:59.999Z", true), ("2026-02-01T00:00:00Z", false), ("2026-03-01T00:00:00Z", false)]
    {
        stage.clock.set(time(now));
        let answer = stage.ask("p2", "provideSupport", "Subscription", "s-1").await.decision;
        assert_eq!(answer.is_allowed(), allowed, "at {now}");
    }
    // A holder whose time is over is nobody to displace.
    let accepted = stage.accepts("c", "p1", &["office365"]).await;
    assert!(accepted.displaced.is_empty(), "{accepted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_again_is_nothing_new_and_another_end_date_changes_only_that() {
    let stage = scene().await;
    let before = stage.pdp.revision();
    let again = stage.accepts("c", "p1", &["office365"]).await;
    assert_eq!((again.granted.len(), stage.pdp.revision()), (0, before));
    let until = Some(time("2027-01-01T00:00:00Z"));
    stage.try_accept(operator(), "c", "p1", &["office365"], until).await.unwrap();
    assert_eq!(told(&stage, before).lines().count(), 1, "one event, the end date: {}", told(&stage, before));
    let without = stage.accepts("c", "p1", &["office365"]).await;
    assert_eq!(without.revision, before.next(), "an end date is not taken away by leaving it out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_partner_and_an_indirect_reseller_cannot_be_accepted_not_even_with_an_old_link() {
    let stage = scene().await;
    stage.partner("reseller", PartnerKind::IndirectReseller).await;
    stage.partner_as("p2", PartnerKind::IndirectProvider, PartnerStatus::Suspended).await;
    let before = stage.pdp.revision();
    for (partner, reason) in [("p2", "partner_suspended"), ("reseller", "indirect_reseller_has_no_link")] {
        match stage.try_accept(as_customer("c"), "c", partner, &["office365"], None).await {
            Err(CallError::Denied(denied)) => assert_eq!(denied.reason.as_str(), reason),
            other => panic!("{partner}: {other:?}"),
        }
    }
    assert_eq!(stage.pdp.revision(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_refuse_in_the_settings_a_second_transacting_partner_has_to_wait_for_the_customer() {
    let stage = Stage::with(shipped(), Multichannel::Refuse);
    stage.partner("p1", PartnerKind::DirectBill).await;
    stage.partner("p2", PartnerKind::DirectBill).await;
    stage.customer("c").await;
    stage.accepts("c", "p1", &["office365", "azure"]).await;
    let before = stage.pdp.revision();
    let refused = stage.try_accept(operator(), "c", "p2", &["dynamics", "office365"], None).await;
    assert!(matches!(&refused, Err(CallError::Refused(LinkError::Acceptance(_)))), "{refused:?}");
    assert_eq!(stage.pdp.revision(), before, "several services are one step: none of them was granted");
    stage.removes("c", Some("p1"), Some("office365")).await;
    stage.accepts("c", "p2", &["dynamics", "office365"]).await;
}
