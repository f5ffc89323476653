//! What an import may change: whose lines are history, whose are judged as calls, and what the journal says of each.

use serde_json::{Value, json};
use standing::answer::what_if::Proposed;
use standing::caller::Caller;
use standing::domain::grant::Multichannel;
use standing::domain::partner::PartnerKind;
use standing::evidence::changes::ChangeFilter;
use standing::facts::Role;
use standing::id::Revision;
use standing::limits::IMPORT_RELATIONSHIPS_MAX;
use standing::pdp::call::{Call, CallError};
use standing::{answer, change, evidence};

use crate::stage::{Stage, operator, shipped, subscription, time};

fn registrar() -> Call {
    Call::of(Caller::Operator { id: "registrar".to_owned(), role: Role::Registrar })
}

/// p1 sold s-1 to c and administers office365 there; p2 transacts too, adv advises, and ind works with p2.
async fn scene() -> Stage {
    scene_with(Multichannel::Displace).await
}

async fn scene_with(multichannel: Multichannel) -> Stage {
    let stage = Stage::with(shipped(), multichannel);
    stage.partner("p1", PartnerKind::DirectBill).await;
    stage.partner("p2", PartnerKind::IndirectProvider).await;
    stage.partner("adv", PartnerKind::Advisor).await;
    stage.partner("ind", PartnerKind::IndirectReseller).await;
    stage.customer("c").await;
    stage.accepts("c", "p1", &["office365"]).await;
    stage.sold("s-1", "c", "office365", Some("p1")).await;
    stage.later();
    stage
}

fn lines(lines: &[Value]) -> Vec<u8> {
    lines.iter().map(|line| format!("{line}\n")).collect::<String>().into_bytes()
}

/// What came of an import: `done`, the code of why it was denied, or what is wrong with which line.
async fn imports(stage: &Stage, call: &Call, told: &[Value]) -> String {
    match change::import::import(&stage.pdp, call, std::io::Cursor::new(lines(told)), |_, _| ()).await {
        Ok(_) => "done".to_owned(),
        Err(CallError::Denied(denied)) => denied.reason.to_string(),
        Err(CallError::Refused(error)) => error.to_string(),
        Err(error) => panic!("{error:?}"),
    }
}

/// The same of supposing the lines, without the place of the line.
async fn supposes(stage: &Stage, told: &[Value]) -> String {
    let changes = told.iter().map(|line| serde_json::from_value::<Proposed>(json!({ "put": line })).unwrap());
    match answer::what_if::what_if(&stage.pdp, &operator(), changes.collect()).await {
        Ok(_) => "done".to_owned(),
        Err(CallError::Refused(error)) => error.to_string(),
        Err(error) => panic!("{error:?}"),
    }
}

fn grant(service: &str, partner: &str, rest: Value) -> Value {
    let mut line = json!({ "noun": "grant", "customer": "c", "service": service, "partner": partner,
        "delegatedAdministrator": true, "since": "2025-06-01T00:00:00Z" });
    line.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    line
}

fn relationship(partner: &str, state: &str, rest: Value) -> Value {
    let mut line = json!({ "noun": "commercialRelationship", "customer": "c", "partner": partner, "state": state,
        "since": "2025-06-01T00:00:00Z" });
    line.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    line
}

/// The events since a revision, without when and by whom.
fn events(stage: &Stage, after: Revision) -> Vec<Value> {
    let page = evidence::changes::changes_page(&stage.pdp, after, 1_000, &ChangeFilter::default()).unwrap();
    page.changes.iter().map(|change| serde_json::to_value(&change.event).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_cannot_be_is_refused_with_its_line_into_an_empty_store_and_any_other_and_supposed() {
    let nobody = "it is `2026-01-01T01:00:00Z`";
    let table = [
        (
            grant("crm", "adv", json!({ "since": "2099-01-01T00:00:00Z" })),
            format!("`since` `2099-01-01T00:00:00Z` has not come yet, {nobody}; give the time at which it came to be so"),
        ),
        (
            grant("crm", "adv", json!({ "since": "2026-01-01T01:00:00.001Z" })),
            format!("`since` `2026-01-01T01:00:00.001Z` has not come yet, {nobody}; give the time at which it came to be so"),
        ),
        (
            grant("crm", "adv", json!({ "until": "2025-05-31T23:59:59Z" })),
            "`until` `2025-05-31T23:59:59Z` is before `since` `2025-06-01T00:00:00Z`; give a time that is not before it".to_owned(),
        ),
        (
            grant("crm", "adv", json!({ "delegatedAdministrator": false })),
            "`until` is missing where `delegatedAdministrator` is `false`; give the time at which it ended".to_owned(),
        ),
        (
            grant("crm", "adv", json!({ "delegatedAdministrator": false, "until": "2026-02-01T00:00:00Z" })),
            format!("`until` `2026-02-01T00:00:00Z` has not come yet, {nobody}, and `delegatedAdministrator` is `false`; give the time at which it ended"),
        ),
        (
            relationship("p2", "active", json!({ "since": "2099-01-01T00:00:00Z" })),
            format!("`since` `2099-01-01T00:00:00Z` has not come yet, {nobody}; give the time at which it came to be so"),
        ),
        (
            relationship("p2", "active", json!({ "proposal": { "by": "partner", "outcome": "end", "since": "2026-01-02T00:00:00Z" } })),
            format!("`proposal.since` `2026-01-02T00:00:00Z` has not come yet, {nobody}; give the time at which it came to be so"),
        ),
        (
            relationship("p2", "active", json!({ "proposal": { "by": "partner", "outcome": "end", "since": "2025-01-01T00:00:00Z" } })),
            "`proposal.since` `2025-01-01T00:00:00Z` is before `since` `2025-06-01T00:00:00Z`; give a time that is not before it".to_owned(),
        ),
    ];
    let stage = scene().await;
    let parties = [
        json!({ "noun": "partner", "id": "adv", "name": "A", "kind": "advisor", "status": "active" }),
        json!({ "noun": "partner", "id": "p2", "name": "P", "kind": "directBill", "status": "active" }),
        json!({ "noun": "customer", "id": "c", "name": "C" }),
    ];
    for (line, message) in table {
        let told = imports(&stage, &operator(), std::slice::from_ref(&line)).await;
        assert!(told.starts_with("line 1: ") && told.ends_with(&message), "{told}\n{message}");
        let supposed = supposes(&stage, std::slice::from_ref(&line)).await;
        assert_eq!(supposed.strip_prefix("`changes[0]`: "), told.strip_prefix("line 1: "));
        let empty = Stage::new();
        empty.later();
        let told = imports(&empty, &operator(), &[&parties[..], &[line]].concat()).await;
        assert!(told.starts_with("line 4: ") && told.ends_with(&message), "{told}\n{message}");
        assert_eq!(empty.pdp.revision(), Revision(0));
    }
    // What began just now, ends when it began, or has ended by itself can be.
    for line in [
        grant("crm", "adv", json!({ "since": "2026-01-01T01:00:00.000999Z" })),
        grant("crm", "adv", json!({ "until": "2025-06-01T00:00:00Z" })),
        grant("mail", "adv", json!({ "delegatedAdministrator": false, "until": "2026-01-01T01:00:00Z" })),
        relationship("p2", "active", json!({ "since": "2026-01-01T01:00:00Z" })),
    ] {
        assert_eq!(supposes(&stage, std::slice::from_ref(&line)).await, "done");
        assert_eq!(imports(&stage, &operator(), &[line]).await, "done");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registrar_imports_nouns_and_a_file_that_speaks_for_customers_is_denied_as_a_whole_and_recorded() {
    let stage = scene().await;
    let noun = json!({ "noun": "customer", "id": "d", "name": "D" });
    let before = stage.pdp.revision();
    for line in [
        grant("office365", "p2", json!({})),
        grant("office365", "p1", json!({ "delegatedAdministrator": false, "until": "2025-07-01T00:00:00Z" })),
        relationship("p1", "ended", json!({})),
        // What would change nothing, or cannot be, is no more a registrar's to tell.
        relationship("nobody", "ended", json!({})),
    ] {
        let records = stage.pdp.records().unwrap();
        assert_eq!(imports(&stage, &registrar(), &[noun.clone(), line]).await, "not_permitted");
        assert_eq!(stage.pdp.revision(), before, "nothing of it was written");
        assert_eq!(stage.pdp.records().unwrap(), records + 2, "the call, and the decision that denied it");
    }
    assert_eq!(imports(&stage, &registrar(), &[noun]).await, "done");
    // An empty store is no reason: a registrar tells no history.
    let empty = Stage::new();
    let seller = json!({ "noun": "partner", "id": "adv", "name": "A", "kind": "advisor", "status": "active" });
    let customer = json!({ "noun": "customer", "id": "c", "name": "C" });
    let told = imports(&empty, &registrar(), &[seller.clone(), customer.clone(), grant("crm", "adv", json!({}))]).await;
    assert_eq!((told.as_str(), empty.pdp.revision()), ("not_permitted", Revision(0)));
    assert_eq!(imports(&empty, &registrar(), &[seller, customer]).await, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_line_into_a_store_with_facts_is_judged_as_an_acceptance() {
    let stage = scene().await;
    stage.partner_as("gone", PartnerKind::DirectBill, standing::domain::partner::PartnerStatus::Suspended).await;
    for (partner, message) in [
        ("gone", "A partner suspended for non-payment may not request relationships"),
        ("ind", "An indirect reseller may not request relationships; its indirect provider does"),
    ] {
        let line = grant("crm", partner, json!({}));
        let told = imports(&stage, &operator(), std::slice::from_ref(&line)).await;
        assert_eq!(told, format!("line 1: grant of `c/crm` to `{partner}`: {message}"));
        let supposed = supposes(&stage, &[line]).await;
        assert_eq!(supposed, format!("`changes[0]`: grant of `c/crm` to `{partner}`: {message}"));
        // What has ended is told of anybody, and nobody gains anything by it.
        let past = grant("crm", partner, json!({ "delegatedAdministrator": false, "until": "2025-07-01T00:00:00Z" }));
        assert_eq!(imports(&stage, &operator(), &[past]).await, "done");
        assert!(!stage.ask(partner, "provideSupport", "Service", "c/crm").await.decision.is_allowed());
    }
    let refusing = scene_with(Multichannel::Refuse).await;
    let told = imports(&refusing, &operator(), &[grant("office365", "p2", json!({}))]).await;
    assert_eq!(
        told,
        "line 1: grant of `c/office365` to `p2`: partner `p1` holds delegated administration of service `c/office365` and transacts too; only one of them may stand"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_import_takes_from_whom_and_gives_to_whom_is_an_event_each() {
    let stage = scene().await;
    let before = stage.pdp.revision();
    let told = [
        grant("office365", "p2", json!({})),
        grant("office365", "adv", json!({ "until": "2026-06-01T00:00:00Z" })),
        relationship("p1", "ended", json!({})),
    ];
    assert_eq!(imports(&stage, &operator(), &told).await, "done");
    let imported = |grants: u64, relationships: u64| {
        json!({ "event": "imported", "partners": 0, "customers": 0, "subscriptions": 0, "grants": grants,
            "commercialRelationships": relationships })
    };
    assert_eq!(
        events(&stage, before),
        [
            imported(2, 1),
            json!({ "event": "dap-admin-relationship-terminated", "customer": "c", "service": "office365", "partner": "p1",
            "cause": "displaced", "displacedBy": "p2" }),
            json!({ "event": "dap-admin-relationship-approved", "customer": "c", "service": "office365", "partner": "p2" }),
            json!({ "event": "dap-admin-relationship-approved", "customer": "c", "service": "office365", "partner": "adv",
            "until": "2026-06-01T00:00:00Z" }),
            json!({ "event": "commercial-relationship-ended", "customer": "c", "partner": "p1" }),
        ]
    );
    assert!(!stage.ask("p1", "provideSupport", "Subscription", "s-1").await.decision.is_allowed());
    assert!(stage.ask("p2", "provideSupport", "Subscription", "s-1").await.decision.is_allowed());
    let before = stage.pdp.revision();
    assert_eq!(imports(&stage, &operator(), &told).await, "done");
    assert_eq!(stage.pdp.revision(), before, "the same again is nothing new");
    let back = [
        grant("office365", "p2", json!({ "delegatedAdministrator": false, "until": "2025-07-01T00:00:00Z" })),
        relationship("p1", "active", json!({ "proposal": { "by": "customer", "outcome": "end" } })),
        relationship("p2", "active", json!({})),
        relationship("p1", "active", json!({})),
    ];
    assert_eq!(imports(&stage, &operator(), &back).await, "done");
    assert_eq!(
        events(&stage, before),
        [
            imported(1, 3),
            json!({ "event": "dap-admin-relationship-terminated", "customer": "c", "service": "office365", "partner": "p2",
            "cause": "imported" }),
            json!({ "event": "commercial-relationship-reinstated", "customer": "c", "partner": "p1" }),
            json!({ "event": "commercial-relationship-renegotiation-proposed", "customer": "c", "partner": "p1",
            "side": "customer", "outcome": "end" }),
            json!({ "event": "commercial-relationship-began", "customer": "c", "partner": "p2" }),
            json!({ "event": "commercial-relationship-renegotiation-withdrawn", "customer": "c", "partner": "p1",
            "side": "customer", "outcome": "end" }),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn history_into_an_empty_store_is_one_event_and_keeps_one_transacting_holder_a_service() {
    let stage = Stage::new();
    let partner = |id: &str, kind: &str, status: &str| json!({ "noun": "partner", "id": id, "name": "P", "kind": kind, "status": status });
    let mut told = vec![
        partner("p1", "advisor", "active"),
        partner("p2", "directBill", "suspended"),
        json!({ "noun": "customer", "id": "c", "name": "C" }),
        // It sold before it became an advisor, and administers though it is suspended by now.
        json!({ "noun": "subscription", "id": "s-1", "customer": "c", "service": "crm", "originalReseller": "p1",
            "quantity": 1, "status": "active" }),
        grant("crm", "p2", json!({})),
        relationship("p1", "active", json!({})),
    ];
    assert_eq!(imports(&stage, &operator(), &told).await, "done");
    assert_eq!(events(&stage, Revision(0)).len(), 1, "history displaced nobody here");
    let two = Stage::new();
    told.insert(2, partner("p3", "indirectProvider", "active"));
    told.push(grant("crm", "p3", json!({})));
    assert_eq!(
        imports(&two, &operator(), &told).await,
        "line 8: grant of `c/crm` to `p3`: partner `p2` holds delegated administration of service `c/crm` and transacts too; only one of them may stand"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn more_lines_that_change_relationships_than_may_be_are_refused_and_none_is_written() {
    let stage = scene().await;
    let past = json!({ "delegatedAdministrator": false, "until": "2025-07-01T00:00:00Z" });
    let mut told: Vec<Value> =
        (0..IMPORT_RELATIONSHIPS_MAX).map(|number| grant(&format!("x{number}"), "adv", past.clone())).collect();
    let before = stage.pdp.revision();
    told.push(grant("one-more", "adv", past));
    let most = format!("more than {IMPORT_RELATIONSHIPS_MAX} lines change grants and commercial relationships");
    let refused = imports(&stage, &operator(), &told).await;
    assert_eq!(refused, format!("line {}: {most}; import them in several files", IMPORT_RELATIONSHIPS_MAX + 1));
    assert_eq!(stage.pdp.revision(), before);
    told.pop();
    assert_eq!(imports(&stage, &operator(), &told).await, "done");
    told.push(grant("one-more", "adv", json!({})));
    assert_eq!(imports(&stage, &operator(), &told).await, "done", "what is so already does not count");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_kind_that_transacts_can_be_told_as_original_reseller_whoever_tells_it() {
    let stage = scene().await;
    for (partner, kind) in [("adv", "advisor"), ("ind", "indirectReseller")] {
        let message = format!(
            "partner `{partner}` is of a kind that does not sell; a direct bill partner or an indirect provider does"
        );
        for call in [operator(), registrar()] {
            let told =
                change::selling::put_subscription(&stage.pdp, &call, subscription("s-9", "c", "crm", Some(partner)))
                    .await;
            assert!(
                matches!(&told, Err(CallError::Refused(error)) if error.to_string() == message),
                "{kind}: {told:?}"
            );
            let line = json!({ "noun": "subscription", "id": "s-9", "customer": "c", "service": "crm",
                "originalReseller": partner, "quantity": 1, "status": "active" });
            let told = imports(&stage, &call, std::slice::from_ref(&line)).await;
            assert_eq!(told, format!("line 1: subscription `s-9`: {message}"));
            assert_eq!(supposes(&stage, &[line]).await, format!("`changes[0]`: subscription `s-9`: {message}"));
        }
        let told = imports(&stage, &operator(), &[relationship(partner, "active", json!({}))]).await;
        assert_eq!(told, format!("line 1: commercial relationship of `c` and `{partner}`: {message}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kind_of_a_partner_that_has_sold_does_not_become_one_that_does_not_transact() {
    let stage = scene().await;
    let told =
        |kind: &str| json!({ "noun": "partner", "id": "p1", "name": "Partner p1", "kind": kind, "status": "active" });
    for kind in ["advisor", "indirectReseller"] {
        let message = format!(
            "partner `p1` has sold subscriptions, and a partner of kind `{kind}` does not sell; leave its kind as it is"
        );
        let mut partner = change::registry::partner(&stage.pdp, &operator(), &"p1".parse().unwrap())
            .await
            .unwrap()
            .value
            .unwrap()
            .noun;
        partner.kind = kind.parse().unwrap();
        let refused = change::registry::put_partner(&stage.pdp, &operator(), partner).await;
        assert!(matches!(&refused, Err(CallError::Refused(error)) if error.to_string() == message), "{refused:?}");
        assert_eq!(imports(&stage, &operator(), &[told(kind)]).await, format!("line 1: partner `p1`: {message}"));
        assert_eq!(supposes(&stage, &[told(kind)]).await, format!("`changes[0]`: partner `p1`: {message}"));
    }
    assert_eq!(imports(&stage, &operator(), &[told("indirectProvider")]).await, "done", "another kind that transacts");
    let export = answer::export::export(&stage.pdp, &operator()).await.unwrap().value;
    let exported: Vec<u8> = export.flat_map(|piece| piece.unwrap()).collect();
    let text = String::from_utf8(exported).unwrap().replace("\"kind\":\"indirectProvider\"", "\"kind\":\"advisor\"");
    let copy = Stage::new();
    copy.clock.set(time("2026-01-02T00:00:00Z"));
    let history = change::import::import(&copy.pdp, &operator(), std::io::Cursor::new(text), |_, _| ()).await;
    assert!(history.is_ok(), "an import takes such a sale as history: {history:?}");
}
