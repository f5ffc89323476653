//! A partner asks how it stands itself: what it may do, why, and what would turn it, on what it sold or administers.

use std::collections::BTreeSet;

use serde_json::json;
use standing::answer::own_standing::{OwnStanding, OwnStandings, StandingFilter, own_standing, own_standing_as_of};
use standing::answer::pages::PastError;
use standing::answer::past::AsOf;
use standing::domain::commercial::{Outcome, Side};
use standing::domain::partner::PartnerKind;
use standing::evidence;
use standing::evidence::replay::{By, replay};
use standing::id::{PartnerId, Revision};
use standing::pdp::call::{Call, CallError, Response};
use standing::pdp::page::{ListError, Page};

use crate::stage::{Stage, as_customer, as_partner, operator};

/// contoso sold s-office, with the add-on s-more, and s-crm; fabrikam sold s-azure, and administers c's crm and office365.
/// contoso administers azure. litware has to do with d alone.
async fn scene() -> Stage {
    let stage = Stage::new();
    for (partner, kind) in
        [("contoso", PartnerKind::DirectBill), ("fabrikam", PartnerKind::DirectBill), ("litware", PartnerKind::Advisor)]
    {
        stage.partner(partner, kind).await;
    }
    for customer in ["c", "d"] {
        stage.customer(customer).await;
    }
    stage.sold("s-office", "c", "office365", Some("contoso")).await;
    stage.sold("s-crm", "c", "crm", Some("contoso")).await;
    stage.sold("s-azure", "c", "azure", Some("fabrikam")).await;
    stage.sold("s-direct", "c", "azure", None).await;
    stage.sold("s-d", "d", "crm", None).await;
    stage.accepts("c", "fabrikam", &["office365", "crm"]).await;
    stage.accepts("c", "contoso", &["azure"]).await;
    stage.accepts("d", "litware", &["crm"]).await;
    stage.later();
    stage
}

type Looked = Result<Response<OwnStandings>, CallError<ListError>>;

async fn looks(
    stage: &Stage,
    call: &Call,
    partner: &str,
    customer: Option<&str>,
    subscription: Option<&str>,
) -> Looked {
    let filter = StandingFilter {
        customer: customer.map(|id| id.parse().unwrap()),
        subscription: subscription.map(|id| id.parse().unwrap()),
    };
    own_standing(&stage.pdp, call, &partner.parse().unwrap(), &filter, 100, None).await
}

fn ids(page: &Page<OwnStanding>) -> Vec<&str> {
    page.items.iter().map(|item| item.subscription.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_partner_hears_of_each_action_is_what_is_answered_to_it() {
    let stage = scene().await;
    stage.renegotiates("c", "fabrikam", Side::Customer, Outcome::End).await;
    stage.renegotiates("c", "fabrikam", Side::Partner, Outcome::End).await;
    let mut seen = 0;
    for partner in ["contoso", "fabrikam", "litware"] {
        let page = looks(&stage, &as_partner(partner), partner, None, None).await.unwrap().value.subscriptions;
        assert!(page.is_complete());
        for item in &page.items {
            for said in &item.actions {
                let answer =
                    stage.ask(partner, &said.action, "Subscription", item.subscription.as_str()).await.decision;
                assert_eq!(said.decision, answer.is_allowed(), "{partner} {} {}", said.action, item.subscription);
                assert_eq!(said.reason.as_ref(), answer.reason());
                assert_eq!((said.message.as_str(), said.rules.as_slice()), (answer.message(), answer.rules()));
                assert_eq!(item.duties, answer.duties());
                seen += 1;
            }
            assert!(item.actions.len() > 8, "{}", item.actions.len());
        }
    }
    assert!(seen > 60, "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_lists_what_was_sold_and_what_is_administered_once_each_with_the_facts() {
    let stage = scene().await;
    let of = async |partner: &str| {
        looks(&stage, &as_partner(partner), partner, None, None).await.unwrap().value.subscriptions
    };
    let (contoso, fabrikam, litware) = (of("contoso").await, of("fabrikam").await, of("litware").await);
    assert_eq!(ids(&contoso), ["s-crm", "s-office", "s-azure", "s-direct"]);
    assert_eq!(ids(&fabrikam), ["s-azure", "s-crm", "s-office"]);
    assert_eq!(ids(&litware), ["s-d"]);
    let facts = |item: &OwnStanding| {
        let json = serde_json::to_value(item).unwrap();
        json!([json["seller"], json["delegatedAdministrator"], json["commercialRelationship"], json["duties"]])
    };
    let duties = serde_json::to_value(&contoso.items[0].duties).unwrap();
    assert!(!duties.as_array().unwrap().is_empty());
    assert_eq!(facts(&contoso.items[1]), json!(["itself", false, "active", duties]));
    assert_eq!(facts(&contoso.items[2]), json!(["another", true, "active", duties]));
    assert_eq!(facts(&contoso.items[3]), json!(["nobody", true, "active", duties]));
    assert_eq!(facts(&litware.items[0]), json!(["nobody", true, null, []]));
    let support = contoso.items[1].actions.iter().find(|said| said.action == "provideSupport").unwrap();
    assert!(!support.decision);
    assert_eq!(support.nearest[0].how, "request a reseller relationship");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_it_names_another_partner() {
    let stage = scene().await;
    let partners = ["contoso", "fabrikam", "litware"];
    for partner in partners {
        let page = looks(&stage, &as_partner(partner), partner, None, None).await.unwrap().value.subscriptions;
        let said = serde_json::to_string(&page.items).unwrap();
        for other in partners.iter().filter(|other| **other != partner) {
            assert!(!said.contains(other), "{partner} hears of {other}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_asked_of_one_customer_or_subscription_and_what_is_foreign_is_as_what_is_not_there() {
    let stage = scene().await;
    let of = async |customer: Option<&str>, subscription: Option<&str>| {
        let looked = looks(&stage, &as_partner("contoso"), "contoso", customer, subscription).await.unwrap().value;
        let looked = looked.subscriptions;
        (ids(&looked).iter().map(|id| (*id).to_owned()).collect::<Vec<_>>(), looked.next)
    };
    assert_eq!(of(Some("c"), None).await.0, ["s-azure", "s-direct", "s-crm", "s-office"]);
    assert_eq!(of(None, Some("s-crm")).await.0, ["s-crm"]);
    assert_eq!(of(Some("c"), Some("s-crm")).await.0, ["s-crm"]);
    for (customer, subscription) in [
        (Some("d"), None),
        (Some("nobody"), None),
        (None, Some("s-d")),
        (None, Some("s-none")),
        (Some("d"), Some("s-crm")),
        (Some("nobody"), Some("s-crm")),
    ] {
        assert_eq!(of(customer, subscription).await, (Vec::new(), None), "{customer:?} {subscription:?}");
    }
    let named = async |customer: &str| {
        let looked = looks(&stage, &as_partner("contoso"), "contoso", Some(customer), None).await.unwrap().value;
        looked.customer.map(|item| (item.name, item.services.len(), item.responsible_for_support))
    };
    assert_eq!(named("c").await, Some(("Customer c".to_owned(), 1, true)));
    assert_eq!((named("d").await, named("nobody").await), (None, None));
    for call in [as_partner("fabrikam"), as_customer("c")] {
        let looked = looks(&stage, &call, "contoso", None, None).await;
        assert!(matches!(looked, Err(CallError::Denied(_))), "{looked:?}");
    }
    let unknown = looks(&stage, &operator(), "nobody", None, None).await;
    assert!(matches!(unknown, Err(CallError::Refused(ListError::UnknownPartner(_)))), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_together_everything_once_and_their_cursors_are_the_callers_own() {
    let stage = scene().await;
    for (filter, whole) in [
        (StandingFilter::default(), vec!["s-crm", "s-office", "s-azure", "s-direct"]),
        (
            StandingFilter { customer: Some("c".parse().unwrap()), subscription: None },
            vec!["s-azure", "s-direct", "s-crm", "s-office"],
        ),
    ] {
        for limit in 1..=5 {
            let (mut found, mut cursor) = (Vec::new(), None::<String>);
            loop {
                let (call, partner) = (as_partner("contoso"), "contoso".parse().unwrap());
                let page = own_standing(&stage.pdp, &call, &partner, &filter, limit, cursor.as_deref()).await;
                let page = page.unwrap().value.subscriptions;
                assert!(page.items.len() <= limit);
                found.extend(page.items.iter().map(|item| item.subscription.to_string()));
                if let Some(next) = &page.next {
                    let other = own_standing(&stage.pdp, &operator(), &partner, &filter, limit, Some(next)).await;
                    assert!(matches!(other, Err(CallError::Refused(ListError::Cursor))), "{other:?}");
                }
                match page.next {
                    Some(next) => cursor = Some(next),
                    None => break,
                }
            }
            assert_eq!(found, whole, "by {limit}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_resource_has_a_record_that_is_a_look_and_found_again_and_no_use() {
    let stage = scene().await;
    // Something was used before.
    stage.ask("contoso", "removeSeats", "Subscription", "s-crm").await;
    let review = async || {
        let of = evidence::access_review::AccessOf::Partner("contoso".parse().unwrap());
        let review = evidence::access_review::access_review(&stage.pdp, &operator(), of, None).await.unwrap().value;
        serde_json::to_value(review.page(100, None).unwrap().items).unwrap()
    };
    let before = review().await;
    stage.later();
    let looked = looks(&stage, &as_partner("contoso"), "contoso", None, None).await.unwrap();
    assert_eq!(looked.seqs.len(), 1 + looked.value.subscriptions.items.len());
    let mut kinds = Vec::new();
    for seq in &looked.seqs {
        let kept = evidence::ledger::decision(&stage.pdp, &operator(), *seq).await.unwrap().value;
        let json: serde_json::Value = serde_json::from_slice(&kept.unwrap().record).unwrap();
        kinds.push(json["asked"].as_str().unwrap().to_owned());
        if json["asked"] == "look" {
            assert_eq!(json["caller"], json!({ "type": "Partner", "id": "contoso" }));
            assert_eq!(json["question"]["subject"]["id"], "contoso");
            assert_eq!(json["results"]["sought"], "action");
            assert_eq!(json["admitted"], json!(["may/api/partner"]));
            let item = looked
                .value
                .subscriptions
                .items
                .iter()
                .find(|item| json["question"]["resource"]["id"] == item.subscription.as_str());
            let yes = item.unwrap().actions.iter().filter(|said| said.decision).count();
            assert_eq!(json["results"]["count"], yes);
        }
        let again = replay(&stage.pdp, &operator(), *seq, By::Then).await.unwrap().value;
        assert!(!again.is_finding(), "{again:?}");
    }
    assert_eq!(kinds, ["call", "look", "look", "look", "look"]);
    assert_eq!(review().await, before, "a look is no use");
    let used: BTreeSet<String> = before.as_array().unwrap().iter().map(|row| row["lastUsed"].to_string()).collect();
    assert!(used.len() > 1, "something was used: {used:?}");
    let filter = evidence::decisions::DecisionFilter {
        asked: Some(standing::audit::RecordKind::Look),
        ..evidence::decisions::DecisionFilter::default()
    };
    let found = evidence::decisions::decisions(&stage.pdp, &operator(), &filter, 100, None).await.unwrap().value;
    assert_eq!(found.items.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_in_the_past_is_looked_at_as_it_was_and_its_records_are_decided_alike_again() {
    let stage = scene().await;
    let contoso: PartnerId = "contoso".parse().unwrap();
    let filter = StandingFilter { customer: None, subscription: Some("s-azure".parse().unwrap()) };
    let before = AsOf::Revision(stage.pdp.revision());
    stage.later();
    stage.removes("c", Some("contoso"), Some("azure")).await;
    let then =
        async |call: &Call, as_of| own_standing_as_of(&stage.pdp, call, &contoso, &filter, Some(as_of), 10, None).await;
    let now = looks(&stage, &as_partner("contoso"), "contoso", None, Some("s-azure")).await.unwrap();
    assert!(now.value.subscriptions.items.is_empty(), "it neither sold nor administers it any more");
    let looked = then(&as_partner("contoso"), before).await.unwrap();
    assert_eq!((AsOf::Revision(looked.revision), looked.seqs.len()), (before, 2));
    let item = &looked.value.subscriptions.items[0];
    assert!(item.delegated_administrator && item.actions.iter().any(|said| said.decision));
    for seq in looked.seqs {
        let again = replay(&stage.pdp, &operator(), seq, By::Then).await.unwrap().value;
        assert!(!again.is_finding(), "{again:?}");
    }
    let first = then(&as_partner("contoso"), AsOf::Revision(Revision(1))).await.unwrap();
    assert!(first.value.subscriptions.items.is_empty());
    let denied = then(&as_partner("fabrikam"), before).await;
    assert!(matches!(denied, Err(CallError::Denied(_))), "{denied:?}");
    let future = then(&as_partner("contoso"), AsOf::Revision(Revision(9_999))).await;
    assert!(matches!(future, Err(CallError::Refused(PastError::Moment(_)))), "{future:?}");
}
