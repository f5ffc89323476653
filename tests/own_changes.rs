//! A customer and a partner read what happened to them, and how what ended came to its end.

use serde_json::{Value, json};
use standing::caller::Caller;
use standing::change;
use standing::domain::commercial::{Outcome, Side};
use standing::domain::partner::PartnerKind;
use standing::evidence::own_changes::{ChangesOf, own_changes};
use standing::pdp::call::{Call, CallError};
use standing::pdp::page::ListError;
use standing::{answer, evidence};

use crate::stage::{Stage, as_customer, as_partner, operator, subscription, time};

/// contoso sold to c and administered office365, until fabrikam was accepted for it; litware has to do with d alone.
async fn scene() -> Stage {
    let stage = Stage::new();
    for partner in ["contoso", "fabrikam", "litware"] {
        stage.partner(partner, PartnerKind::DirectBill).await;
    }
    for customer in ["c", "d"] {
        stage.customer(customer).await;
    }
    let sold = subscription("s-office", "c", "office365", Some("contoso"));
    change::selling::put_subscription(&stage.pdp, &operator(), sold.clone()).await.unwrap();
    stage.accepts("c", "contoso", &["office365", "azure"]).await;
    stage.accepts("d", "litware", &["crm"]).await;
    stage.later();
    stage.try_accept(as_customer("c"), "c", "fabrikam", &["office365"], None).await.unwrap();
    let mut more = sold;
    more.quantity += 1;
    change::selling::put_subscription(&stage.pdp, &as_partner("contoso"), more).await.unwrap();
    stage.renegotiates("c", "contoso", Side::Partner, Outcome::End).await;
    stage
}

async fn reads(stage: &Stage, call: &Call, of: &ChangesOf) -> Vec<Value> {
    let page = own_changes(&stage.pdp, call, of, 1000, None).await.unwrap().value;
    assert!(page.is_complete());
    page.items.iter().map(|change| serde_json::to_value(change).unwrap()).collect()
}

fn of_customer(id: &str) -> ChangesOf {
    ChangesOf::Customer(id.parse().unwrap())
}

fn of_partner(id: &str) -> ChangesOf {
    ChangesOf::Partner(id.parse().unwrap())
}

fn events(changes: &[Value]) -> Vec<&str> {
    changes.iter().map(|change| change["event"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_reads_what_happened_newest_first_and_by_whom() {
    let stage = scene().await;
    let changes = reads(&stage, &as_customer("c"), &of_customer("c")).await;
    assert_eq!(
        events(&changes),
        [
            "commercial-relationship-renegotiation-proposed",
            "subscription-changed",
            "dap-admin-relationship-approved",
            "dap-admin-relationship-terminated",
            "reseller-relationship-accepted-by-customer",
            "dap-admin-relationship-approved",
            "dap-admin-relationship-approved",
            "reseller-relationship-accepted-by-customer",
            "commercial-relationship-began",
            "subscription-provisioned",
            "customer-registered",
        ]
    );
    let by: Vec<&str> = changes.iter().map(|change| change["by"].as_str().unwrap()).collect();
    assert_eq!(by[..5], ["operator", "partner:contoso", "customer:c", "customer:c", "customer:c"]);
    assert_eq!(changes[3]["displacedBy"], "fabrikam");
    assert!(!json!(changes).to_string().contains("litware"));
    let full = reads(&stage, &operator(), &of_customer("c")).await;
    assert!(full[0]["by"].as_str().unwrap().starts_with("operator:"), "{}", full[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_reads_what_is_about_it_and_the_name_of_no_other() {
    let stage = scene().await;
    let partners = ["contoso", "fabrikam", "litware"];
    for partner in partners {
        let changes = reads(&stage, &as_partner(partner), &of_partner(partner)).await;
        let said = json!(changes).to_string();
        for other in partners.iter().filter(|other| **other != partner) {
            assert!(!said.contains(other), "{partner} hears of {other}: {said}");
        }
    }
    let contoso = reads(&stage, &as_partner("contoso"), &of_partner("contoso")).await;
    let lost = contoso.iter().find(|change| change["event"] == "dap-admin-relationship-terminated").unwrap();
    assert_eq!((&lost["cause"], &lost["displacedBy"]), (&json!("displaced"), &Value::Null));
    assert!(events(&contoso).contains(&"subscription-changed"), "of what it sold");
    let fabrikam = reads(&stage, &as_partner("fabrikam"), &of_partner("fabrikam")).await;
    assert!(!events(&fabrikam).contains(&"dap-admin-relationship-terminated"), "whom it displaced it does not hear");
    let full = reads(&stage, &operator(), &of_partner("contoso")).await;
    let lost = full.iter().find(|change| change["event"] == "dap-admin-relationship-terminated").unwrap();
    assert_eq!(lost["displacedBy"], "fabrikam", "whoever runs the service sees it");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_any_size_hold_the_same_once_and_in_order_and_nobody_reads_anothers() {
    let stage = scene().await;
    for (call, of) in [(as_customer("c"), of_customer("c")), (as_partner("contoso"), of_partner("contoso"))] {
        let whole = reads(&stage, &call, &of).await;
        for limit in [1, 2, 3, 7] {
            let (mut found, mut cursor) = (Vec::new(), None::<String>);
            loop {
                let page = own_changes(&stage.pdp, &call, &of, limit, cursor.as_deref()).await.unwrap().value;
                assert!(page.items.len() <= limit);
                found.extend(page.items.iter().map(|change| serde_json::to_value(change).unwrap()));
                match page.next {
                    Some(next) => cursor = Some(next),
                    None => break,
                }
            }
            assert_eq!(found, whole, "{limit}");
        }
    }
    for (call, of) in [
        (as_customer("d"), of_customer("c")),
        (as_partner("contoso"), of_customer("c")),
        (as_partner("fabrikam"), of_partner("contoso")),
        (as_customer("c"), of_partner("contoso")),
    ] {
        let read = own_changes(&stage.pdp, &call, &of, 10, None).await;
        assert!(matches!(read, Err(CallError::Denied(_))), "{of:?}");
    }
    let unknown = own_changes(&stage.pdp, &operator(), &of_customer("nobody"), 10, None).await;
    assert!(matches!(unknown, Err(CallError::Refused(ListError::UnknownCustomer(_)))));
}

/// Each service on the pages, as `service ended displacedBy`.
async fn ended(stage: &Stage, call: &Call, partner: &str) -> Vec<String> {
    let row = |held: &Value| {
        let word = |member: &str| held.get(member).and_then(Value::as_str).unwrap_or("-").to_owned();
        format!("{} {} {}", word("service"), word("ended"), word("displacedBy"))
    };
    let items = match &call.caller {
        Caller::Partner { .. } => {
            let of = partner.parse().unwrap();
            let page = answer::pages::customer_list(&stage.pdp, call, &of, None, 100, None).await.unwrap().value;
            serde_json::to_value(page.items).unwrap()
        }
        _ => {
            let of = "c".parse().unwrap();
            let span = jiff::Span::new().days(30);
            let page = answer::pages::partner_relationships(&stage.pdp, call, &of, None, span, 100, None).await;
            serde_json::to_value(page.unwrap().value.partners.items).unwrap()
        }
    };
    let own = items.as_array().unwrap().iter().find(|item| item["partner"] == partner || item["customer"] == "c");
    own.unwrap()["services"].as_array().unwrap().iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_say_how_a_grant_ended_and_to_the_partner_never_who_took_over() {
    let stage = scene().await;
    stage.try_accept(operator(), "c", "contoso", &["dynamics"], Some(time("2026-01-02T00:00:00Z"))).await.unwrap();
    stage.removes("c", Some("contoso"), Some("azure")).await;
    stage.clock.set(time("2026-01-03T00:00:00Z"));
    stage.accepts("c", "contoso", &["crm"]).await;
    let named = ["azure removed -", "crm - -", "dynamics over -", "office365 displaced fabrikam"];
    for call in [as_customer("c"), operator()] {
        assert_eq!(ended(&stage, &call, "contoso").await, named, "{call:?}");
    }
    assert_eq!(
        ended(&stage, &as_partner("contoso"), "contoso").await,
        ["azure removed -", "crm - -", "dynamics over -", "office365 displaced -"]
    );
    // What was given again has not ended, and what ended before it was is past.
    stage.accepts("c", "contoso", &["azure", "office365"]).await;
    assert_eq!(
        ended(&stage, &as_customer("c"), "contoso").await,
        ["azure - -", "crm - -", "dynamics over -", "office365 - -"]
    );
    assert_eq!(ended(&stage, &as_customer("c"), "fabrikam").await, ["office365 displaced contoso"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signed_heads_that_are_kept_are_listed_newest_first_and_believed_only_where_the_key_signed_them() {
    let stage = scene().await;
    let signed = async || evidence::ledger::checkpoint(&stage.pdp, &operator()).await.unwrap().value;
    let heads = [signed().await, signed().await];
    let list = async |limit, cursor: Option<&str>| {
        evidence::ledger::checkpoints::checkpoints(&stage.pdp, &operator(), limit, cursor).await.unwrap().value
    };
    let page = list(100, None).await;
    let kept: Vec<(u64, Option<&str>)> = page.items.iter().map(|kept| (kept.size, kept.root_hash.as_deref())).collect();
    let told: Vec<(u64, Option<&str>)> =
        heads.iter().rev().map(|head| (head.size, Some(head.root_hash.as_str()))).collect();
    assert_eq!(kept, told);
    assert!(page.items.iter().all(|kept| kept.wrong.is_none() && page.is_complete()));
    let first = list(1, None).await;
    let second = list(1, first.next.as_deref()).await;
    assert_eq!([&first.items[..], &second.items[..]].concat(), page.items);
    let denied = evidence::ledger::checkpoints::checkpoints(&stage.pdp, &as_customer("c"), 1, None).await;
    assert!(matches!(denied, Err(CallError::Denied(_))));
}
