//! What may become of a subscription, whoever tells it, and what rules of an earlier day say of it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use SubscriptionStatus::{Active, Deleted, Expired, Suspended};
use standing::change;
use standing::change::registration::SubscriptionError;
use standing::domain::commercial::{Outcome, Side};
use standing::domain::grant::Multichannel;
use standing::domain::partner::PartnerKind;
use standing::domain::subscription::{Subscription, SubscriptionStatus};
use standing::pdp::call::CallError;
use standing::policy::{Bundle, RuleFiles, Rulebook};

use crate::shipped::shipped_files;
use crate::stage::{Stage, as_partner, operator, subscription};

/// p1 sold to c and administers its service.
async fn scene() -> Stage {
    filled(Stage::new()).await
}

async fn filled(stage: Stage) -> Stage {
    stage.partner("p1", PartnerKind::DirectBill).await;
    stage.customer("c").await;
    stage.accepts("c", "p1", &["office365"]).await;
    stage.sold("s-1", "c", "office365", Some("p1")).await;
    stage
}

/// The code of what an operator is refused; nothing for what it may tell.
async fn refusal(stage: &Stage, told: Subscription) -> Option<&'static str> {
    match change::selling::put_subscription(&stage.pdp, &operator(), told).await {
        Ok(_) => None,
        Err(CallError::Refused(SubscriptionError::StatusCannotBecome { .. })) => Some("status_cannot_become"),
        Err(CallError::Refused(SubscriptionError::ParentNotActive { .. })) => Some("parent_not_active"),
        Err(CallError::Refused(SubscriptionError::RelationshipEnded { .. })) => Some("commercial_relationship_ended"),
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_follows_only_one_that_it_can_follow_whoever_tells_it() {
    let stage = scene().await;
    let can = |from: SubscriptionStatus, to: SubscriptionStatus| match (from, to) {
        (Active | Suspended, _) | (_, Deleted) => true,
        (Expired, to) => to == Expired,
        (Deleted, _) => false,
    };
    for &from in SubscriptionStatus::ALL {
        for &to in SubscriptionStatus::ALL {
            let id = format!("s-{from}-{to}");
            let is = |status| Subscription { status, ..subscription(&id, "c", "office365", Some("p1")) };
            assert_eq!(refusal(&stage, is(from)).await, None, "{from}");
            let expected = (!can(from, to)).then_some("status_cannot_become");
            assert_eq!(refusal(&stage, is(to)).await, expected, "{from} to {to}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sold_once_the_relationship_has_ended_or_under_a_parent_that_is_not_active() {
    let stage = scene().await;
    let add_on = |id: &str, parent: &str| Subscription {
        parent: Some(parent.parse().unwrap()),
        ..subscription(id, "c", "office365", None)
    };
    for status in [Suspended, Expired, Deleted] {
        let parent = format!("s-{status}");
        let is = |status| Subscription { status, ..subscription(&parent, "c", "office365", Some("p1")) };
        assert_eq!(refusal(&stage, is(status)).await, None);
        assert_eq!(refusal(&stage, add_on("s-added", &parent)).await, Some("parent_not_active"), "{status}");
    }
    stage.sold("s-direct", "c", "office365", None).await;
    assert_eq!(refusal(&stage, add_on("s-added-direct", "s-direct")).await, None, "nobody sold it");
    for side in [Side::Customer, Side::Partner] {
        stage.renegotiates("c", "p1", side, Outcome::End).await;
    }
    let sale = subscription("s-2", "c", "office365", Some("p1"));
    assert_eq!(refusal(&stage, sale).await, Some("commercial_relationship_ended"));
    assert_eq!(refusal(&stage, add_on("s-added", "s-1")).await, Some("commercial_relationship_ended"));
    assert_eq!(refusal(&stage, subscription("s-3", "c", "office365", None)).await, None, "bought directly");
    assert!(change::selling::put_subscription(&stage.pdp, &as_partner("p1"), add_on("s-added", "s-1")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_add_on_of_another_service_than_its_parents_needs_the_right_to_provision_there() {
    let stage = scene().await;
    stage.partner("p2", PartnerKind::DirectBill).await;
    stage.accepts("c", "p1", &["crm"]).await;
    let add_on = |id: &str, service: &str| Subscription {
        parent: Some("s-1".parse().unwrap()),
        ..subscription(id, "c", service, None)
    };
    let orders = async |id: &str, service: &str| {
        let ordered = change::selling::put_subscription(&stage.pdp, &as_partner("p1"), add_on(id, service)).await;
        match ordered {
            Ok(_) => true,
            Err(CallError::Denied(_)) => false,
            Err(error) => panic!("{error:?}"),
        }
    };
    assert!(orders("s-own", "office365").await, "the service of its parent");
    assert!(orders("s-crm", "crm").await, "a service it administers");
    assert!(!orders("s-azure", "azure").await, "a service that nobody administers");
    // Whoever sold the parent may add to it whoever administers its service by now, and not beyond it.
    stage.accepts("c", "p2", &["office365", "crm"]).await;
    assert!(orders("s-own-2", "office365").await);
    assert!(!orders("s-crm-2", "crm").await, "another partner administers it now");
    // What an operator tells is told, and no partner's sale.
    assert_eq!(refusal(&stage, add_on("s-told", "azure")).await, None);
}

/// The shipped rules as they were before seats were added and subscriptions suspended, reactivated and expired.
fn of_an_earlier_day() -> RuleFiles {
    let mut files = shipped_files();
    let later: Vec<String> = files
        .iter()
        .filter(|(path, text)| {
            let is_named = ["addSeats", "suspend", "reactivate", "add-seats", "reactivat"];
            let file = path.rsplit('/').next().unwrap();
            path.starts_with("policies/")
                && (is_named.iter().any(|action| text.contains(&format!("Action::\"{action}\"")))
                    || is_named.iter().any(|action| file == format!("{action}.md")))
                && !path.ends_with("never/partner-suspended.cedar")
        })
        .map(|(path, _)| path.to_owned())
        .collect();
    assert!(later.len() >= 12, "{later:?}");
    for path in later {
        files.remove(&path);
    }
    let schema = files.get("schemas/standing.cedarschema").unwrap();
    let schema: Vec<&str> = schema
        .lines()
        .filter(|line| {
            !["action addSeats", "action suspend", "action reactivate"].iter().any(|of| line.starts_with(of))
        })
        .filter(|line| !line.starts_with("@doc(\"Add seats") && !line.starts_with("@doc(\"Switch "))
        .collect();
    let schema = schema.join("\n").replace("active suspended expired deleted", "active suspended deleted");
    files.insert("schemas/standing.cedarschema", schema);
    let forbid = files.get("policies/never/partner-suspended.cedar").unwrap().to_owned();
    files.insert("policies/never/partner-suspended.cedar", forbid.replace(", Action::\"reactivate\"", ""));
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_an_earlier_day_refuse_what_they_have_no_action_or_word_for_and_answer_the_rest() {
    let rules = Bundle::load(of_an_earlier_day(), Rulebook::Domain).unwrap();
    let stage = filled(Stage::with(rules, Multichannel::Displace)).await;
    let sold = || subscription("s-1", "c", "office365", Some("p1"));
    for told in [Subscription { quantity: 20, ..sold() }, Subscription { status: Suspended, ..sold() }] {
        match change::selling::put_subscription(&stage.pdp, &as_partner("p1"), told).await {
            Err(CallError::Denied(denied)) => assert_eq!(denied.reason.as_str(), "unknown_action"),
            other => panic!("{other:?}"),
        }
    }
    change::selling::put_subscription(&stage.pdp, &as_partner("p1"), Subscription { quantity: 5, ..sold() })
        .await
        .unwrap();
    assert!(stage.ask("p1", "removeSeats", "Subscription", "s-1").await.decision.is_allowed());
    change::selling::put_subscription(&stage.pdp, &operator(), Subscription { status: Expired, ..sold() })
        .await
        .unwrap();
    for action in ["receiveBill", "provideSupport", "removeSeats"] {
        let decision = stage.ask("p1", action, "Subscription", "s-1").await.decision;
        assert_eq!(decision.reason().map(|reason| reason.as_str()), Some("invalid_fact"), "{action}");
        assert!(!decision.is_allowed(), "{action}");
    }
    // No rule about the call reads a status.
    let read = change::registry::subscription(&stage.pdp, &operator(), &"s-1".parse().unwrap()).await.unwrap();
    assert_eq!(read.value.map(|found| found.noun.status), Some(Expired));
}

#[test]
fn a_server_starts_with_rules_of_an_earlier_day_and_says_once_what_they_lack() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (path, text) in of_an_earlier_day().iter() {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    for start in ["first", "again"] {
        let log = log_of_a_start(data.path(), folder.path());
        let said: Vec<&str> = log.lines().filter(|line| line.contains("addSeats, suspend, reactivate")).collect();
        assert_eq!(said.len(), 1, "{start}: {log}");
        assert!(log.contains("`Subscription.status` can be `expired`"), "{start}: {log}");
    }
}

/// What a server says on its way to being ready.
fn log_of_a_start(data: &Path, rules: &Path) -> String {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_standing"))
        .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .arg("--rules")
        .arg(rules)
        .env("CVC5", "/nowhere/cvc5")
        .stdout(Stdio::piped())
        .stderr(log.reopen().unwrap())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let is_ready = lines.any(|line| line.unwrap().starts_with("standing is ready at "));
    server.kill().unwrap();
    server.wait().unwrap();
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(is_ready, "{log}");
    log
}
