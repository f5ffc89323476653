//! A customer and a partner try what they may do themselves, before they do it.

use serde_json::{Value, json};
use standing::answer::what_if::WhatIfError;
use standing::answer::what_if::own::{OwnDelta, what_if_customer, what_if_partner};
use standing::change;
use standing::domain::commercial::{Outcome, Side};
use standing::domain::partner::{PartnerKind, PartnerStatus};
use standing::pdp::call::{Call, CallError};

use crate::shipped::candidate;
use crate::stage::{Stage, as_customer, as_partner, operator};

/// contoso sold s-office to c and administers its office365; fabrikam sold s-crm; litware has to do with d alone.
async fn scene() -> Stage {
    on(Stage::new()).await
}

async fn on(stage: Stage) -> Stage {
    for partner in ["contoso", "fabrikam", "litware"] {
        stage.partner(partner, PartnerKind::DirectBill).await;
    }
    stage.partner_as("proseware", PartnerKind::DirectBill, PartnerStatus::Suspended).await;
    for customer in ["c", "d"] {
        stage.customer(customer).await;
    }
    stage.sold("s-office", "c", "office365", Some("contoso")).await;
    stage.sold("s-crm", "c", "crm", Some("fabrikam")).await;
    stage.sold("s-d", "d", "crm", Some("litware")).await;
    stage.accepts("c", "contoso", &["office365"]).await;
    stage.later();
    stage
}

fn token(stage: &Stage, partner: &str) -> String {
    change::relationship::links(&stage.pdp).token(&partner.parse().unwrap()).to_string()
}

type Tried = Result<OwnDelta, CallError<WhatIfError>>;

async fn of_customer(stage: &Stage, call: &Call, changes: Value) -> Tried {
    let changes = serde_json::from_value(changes).unwrap();
    what_if_customer(&stage.pdp, call, &"c".parse().unwrap(), changes).await.map(|answer| answer.value)
}

async fn of_partner(stage: &Stage, call: &Call, partner: &str, changes: Value) -> Tried {
    let changes = serde_json::from_value(changes).unwrap();
    what_if_partner(&stage.pdp, call, &partner.parse().unwrap(), changes).await.map(|answer| answer.value)
}

/// Each turned answer, as `partner action resource`.
fn turned(delta: &OwnDelta) -> [Vec<String>; 2] {
    [&delta.gained, &delta.lost].map(|flips| {
        flips.iter().map(|flip| format!("{} {} {}", flip.subject.id, flip.action.name, flip.resource.id)).collect()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_sees_what_accepting_grants_displaces_gains_and_loses_and_doing_it_comes_to_that() {
    let stage = scene().await;
    let before = stage.pdp.revision();
    let change = json!({ "token": token(&stage, "fabrikam"), "services": ["office365", "crm"] });
    let tried = of_customer(&stage, &as_customer("c"), json!([{ "accept": change }])).await.unwrap();
    assert_eq!(
        serde_json::to_value(&tried.effects).unwrap(),
        json!([{ "accept": {
            "granted": ["crm", "office365"], "displaced": [{ "service": "office365", "partner": "contoso" }],
        } }])
    );
    let [gained, lost] = turned(&tried);
    let each = |partner: &str, resources: &[&str]| -> Vec<String> {
        let actions = ["provideSupport", "provision"];
        let of = |resource: &str| actions.map(|action| format!("{partner} {action} {resource}"));
        resources.iter().flat_map(|resource| of(resource)).collect()
    };
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    assert_eq!(sorted(gained), sorted(each("fabrikam", &["c/crm", "c/office365", "s-crm", "s-office"])));
    assert_eq!(sorted(lost), sorted(each("contoso", &["c/office365", "s-office"])));
    assert_eq!(stage.pdp.revision(), before, "nothing is written");
    let accepted = stage.try_accept(as_customer("c"), "c", "fabrikam", &["office365", "crm"], None).await.unwrap();
    assert_eq!(json!([{ "accept": accepted.effect() }]), serde_json::to_value(&tried.effects).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_says_what_it_takes_and_what_stays_to_the_seller() {
    let stage = scene().await;
    let tried = of_customer(&stage, &as_customer("c"), json!([{ "remove": { "partner": "contoso" } }])).await.unwrap();
    assert_eq!(
        serde_json::to_value(&tried.effects).unwrap(),
        json!([{ "remove": { "removed": [{ "service": "office365", "partner": "contoso" }] } }])
    );
    let [gained, lost] = turned(&tried);
    assert!(gained.is_empty());
    assert!(lost.iter().all(|lost| lost.contains("provision") || lost.contains("provideSupport")), "{lost:?}");
    assert_eq!(lost.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_in_a_renegotiation_is_tried_with_what_it_is_for() {
    let stage = scene().await;
    let end = json!([{ "renegotiate": { "customer": "c", "outcome": "end" } }]);
    let tried = of_partner(&stage, &as_partner("contoso"), "contoso", end.clone()).await.unwrap();
    assert_eq!(serde_json::to_value(&tried.effects).unwrap(), json!([{ "renegotiate": { "state": "proposed" } }]));
    let [gained, lost] = turned(&tried);
    assert!(gained.is_empty());
    assert!(lost.contains(&"contoso receiveBill s-office".to_owned()), "what it would come to shows: {lost:?}");
    stage.renegotiates("c", "contoso", Side::Customer, Outcome::End).await;
    let tried = of_partner(&stage, &as_partner("contoso"), "contoso", end).await.unwrap();
    assert_eq!(serde_json::to_value(&tried.effects).unwrap(), json!([{ "renegotiate": { "state": "agreed" } }]));
    assert_eq!(turned(&tried)[1], lost);
    let own = json!([{ "renegotiate": { "partner": "contoso", "outcome": "end" } }]);
    let tried = of_customer(&stage, &as_customer("c"), own).await.unwrap();
    assert_eq!(serde_json::to_value(&tried.effects).unwrap(), json!([{ "renegotiate": { "state": "proposed" } }]));
    assert_eq!(turned(&tried)[1], lost);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_tries_for_somebody_else_and_no_acceptance_without_its_link() {
    let stage = scene().await;
    for call in [as_customer("d"), as_partner("contoso")] {
        let tried = of_customer(&stage, &call, json!([{ "remove": {} }])).await;
        assert!(matches!(tried, Err(CallError::Denied(_))), "{call:?}: {tried:?}");
    }
    for call in [as_partner("fabrikam"), as_customer("c")] {
        let tried = of_partner(&stage, &call, "contoso", json!([])).await;
        assert!(matches!(tried, Err(CallError::Denied(_))), "{call:?}: {tried:?}");
    }
    let accept = |token: &str| json!([{ "accept": { "token": token, "services": ["crm"] } }]);
    let link = token(&stage, "fabrikam");
    let altered = format!("{}{}", &link[..link.len() - 1], if link.ends_with('A') { 'B' } else { 'A' });
    for (token, why) in [
        (altered.as_str(), "token"),
        ("fabrikam", "token"),
        (&token(&stage, "nobody"), "partner `nobody` is not known"),
        (&token(&stage, "proseware"), "suspended for non-payment"),
    ] {
        match of_customer(&stage, &as_customer("c"), accept(token)).await {
            Err(CallError::Refused(WhatIfError::Change { index: 0, message })) => {
                assert!(message.contains(why), "{token}: {message}");
            }
            other => panic!("{token}: {other:?}"),
        }
    }
    for change in [
        json!([{ "put": { "noun": "customer", "id": "x", "name": "x" } }]),
        json!([{ "accept": { "partner": "contoso", "services": ["crm"] } }]),
        json!([{ "remove": { "customer": "d" } }]),
    ] {
        let read = serde_json::from_value::<Vec<standing::answer::what_if::own::CustomerChange>>(change.clone());
        assert!(read.is_err(), "{change} is no change of a customer's own");
    }
    let accept = json!([{ "accept": { "token": link, "services": ["crm"] } }]);
    let read = serde_json::from_value::<Vec<standing::answer::what_if::own::PartnerChange>>(accept);
    assert!(read.is_err(), "no partner accepts");
    assert!(of_customer(&stage, &operator(), json!([{ "remove": {} }])).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_hears_of_no_other_partner_whatever_the_rules_are() {
    // Under these rules the end of one relationship lets everybody else have the subscription.
    let rule = r#"// Who takes over?
@id("may/taking-over")
@title("Whoever comes takes over")
@source("ours")
permit (principal is Partner, action == Action::"migrate", resource is Subscription)
when { resource has sale && resource.sale.relationship == "ended" };
"#;
    let stage = on(Stage::with(
        candidate(&[("policies/may/taking-over.cedar", rule)]),
        standing::domain::grant::Multichannel::Displace,
    ))
    .await;
    let end = json!([{ "renegotiate": { "customer": "c", "outcome": "end" } }]);
    let tried = of_partner(&stage, &as_partner("contoso"), "contoso", end).await.unwrap();
    let [gained, lost] = turned(&tried);
    assert!(!lost.is_empty());
    for said in gained.iter().chain(&lost) {
        assert!(said.starts_with("contoso "), "{said}");
    }
    let own = json!([{ "renegotiate": { "partner": "contoso", "outcome": "end" } }]);
    let tried = of_customer(&stage, &as_customer("c"), own).await.unwrap();
    assert!(turned(&tried)[0].contains(&"fabrikam migrate s-office".to_owned()), "the customer hears who would");
}
