//! Somebody who has not said who they are reads who asks with a link, and nothing else.

use serde_json::json;
use standing::answer::what_if::own::what_if_customer;
use standing::assure::calls::{About, CallTable, Who};
use standing::caller::Identity;
use standing::change::relationship::{LinkError, offer};
use standing::domain::partner::{PartnerKind, PartnerStatus};
use standing::evidence::replay::{By, replay};
use standing::id::Seq;
use standing::pdp::call::{Call, CallError};
use standing::{change, evidence};

use crate::shipped::shipped;
use crate::stage::{Stage, operator};

fn visitor() -> Call {
    Call::by(Identity::visitor())
}

fn token(stage: &Stage, partner: &str) -> String {
    change::relationship::links(&stage.pdp).token(&partner.parse().unwrap()).to_string()
}

#[test]
fn of_all_calls_a_visitor_may_make_one_whatever_it_is_about() {
    let table = CallTable::of(shipped());
    let (mut allowed, mut refused) = (Vec::new(), 0);
    for (call, case, cell) in table.cells().filter(|(_, case, _)| case.who == Who::Visitor) {
        match cell.allowed {
            true => allowed.push((call.to_owned(), case.about)),
            false => refused += 1,
        }
    }
    assert!(allowed.iter().all(|(call, _)| call == "readRelationshipRequest"), "{allowed:?}");
    assert!(allowed.iter().any(|(_, about)| matches!(about, About::Partner(..))), "{allowed:?}");
    assert!(refused > 100, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_reads_who_asks_and_the_record_says_so_and_is_decided_alike_again() {
    let stage = Stage::new();
    stage.partner("contoso", PartnerKind::DirectBill).await;
    stage.customer("adatum").await;
    stage.accepts("adatum", "contoso", &["office365"]).await;
    let offered = offer(&stage.pdp, &visitor(), &token(&stage, "contoso")).await.unwrap();
    assert_eq!((offered.value.name.as_str(), offered.seqs.len()), ("Partner contoso", 1));
    assert!(!serde_json::to_string(&offered.value).unwrap().contains("adatum"));
    let found = evidence::ledger::decision(&stage.pdp, &operator(), offered.seqs[0]).await.unwrap().value;
    let record: serde_json::Value = serde_json::from_slice(&found.unwrap().record).unwrap();
    assert_eq!(record["question"]["subject"], json!({ "type": "Api::Visitor", "id": "visitor" }), "{record:#}");
    assert_eq!((&record["decision"], &record["caller"]["type"]), (&json!(true), &json!("Visitor")));
    assert!(record["facts"]["unknownSubject"].is_null(), "{record:#}");
    let again = replay(&stage.pdp, &operator(), offered.seqs[0], By::Then).await.unwrap();
    assert!(!again.value.is_finding(), "{:?}", again.value);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_none_is_refused_alike_and_fills_no_ledger() {
    let stage = Stage::new();
    stage.partner("contoso", PartnerKind::DirectBill).await;
    let link = token(&stage, "contoso");
    let altered = format!("{}{}", &link[..link.len() - 1], if link.ends_with('A') { 'B' } else { 'A' });
    let newest = async || evidence::ledger::checkpoint(&stage.pdp, &operator()).await.unwrap().seqs[0];
    let before = newest().await;
    for none in [altered.as_str(), "", "contoso", "a/b"] {
        let refused = offer(&stage.pdp, &visitor(), none).await;
        assert!(matches!(refused, Err(CallError::Refused(LinkError::Token(_)))), "{none}: {refused:?}");
    }
    assert_eq!(newest().await, Seq(before.0 + 1), "only the marker was recorded");
    // Of a partner that is gone or may not ask any more the link is whole, so that is decided and recorded.
    assert!(offer(&stage.pdp, &visitor(), &token(&stage, "nobody")).await.is_err());
    stage.partner_as("contoso", PartnerKind::DirectBill, PartnerStatus::Suspended).await;
    let refused = offer(&stage.pdp, &visitor(), &link).await;
    assert!(matches!(refused, Err(CallError::Refused(LinkError::MayNotRequest(_)))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_tries_and_accepts_nothing() {
    let stage = Stage::new();
    stage.partner("contoso", PartnerKind::DirectBill).await;
    stage.customer("adatum").await;
    let before = stage.pdp.revision();
    let link = token(&stage, "contoso");
    let accepted = stage.try_token(visitor(), &link, "adatum", &["office365"], None).await;
    assert!(matches!(accepted, Err(CallError::Denied(_))), "{accepted:?}");
    let change = json!([{ "accept": { "token": link, "services": ["office365"] } }]);
    let changes = serde_json::from_value(change).unwrap();
    let tried = what_if_customer(&stage.pdp, &visitor(), &"adatum".parse().unwrap(), changes).await;
    assert!(matches!(tried, Err(CallError::Denied(_))), "{tried:?}");
    assert_eq!(stage.pdp.revision(), before);
}
