//! A renegotiation while it waits: both sides see it, and whoever proposed it may take it back.

use serde_json::{Value, json};
use standing::domain::commercial::{CommercialRelationship, Outcome, Side};
use standing::domain::partner::PartnerKind;
use standing::id::Revision;
use standing::{answer, change};
use tempfile::TempDir;

use crate::server::{Answer, Server};
use crate::stage::{Stage, operator};

/// A server of its own, on which contoso sold to adatum.
struct Scene {
    server: Server,
    _data: TempDir,
}

impl Scene {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let scene = Self { server: Server::start(data.path(), &["--anonymous"]), _data: data };
        for (path, body) in [
            ("/v1/partners/contoso", json!({ "name": "Contoso", "kind": "directBill", "status": "active" })),
            ("/v1/customers/adatum", json!({ "name": "Adatum" })),
            (
                "/v1/subscriptions/s-1",
                json!({ "customer": "adatum", "service": "crm", "originalReseller": "contoso", "quantity": 1, "status": "active" }),
            ),
        ] {
            assert_eq!(scene.server.put(path, &body).status, 201, "{path}");
        }
        scene
    }

    fn says(&self, by: &str, outcome: &str) -> Answer {
        let body = json!({ "by": by, "outcome": outcome });
        self.server.post("/v1/customers/adatum/partners/contoso/renegotiation", &body)
    }

    fn state(&self, by: &str, outcome: &str) -> String {
        let answer = self.says(by, outcome);
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["state"].as_str().unwrap().to_owned()
    }

    /// What waits, as both sides see it.
    fn waits(&self) -> Option<Value> {
        let page = self.server.get("/v1/customers/adatum/partners").json();
        let list = self.server.get("/v1/partners/contoso/customers").json();
        let of_customer = page["partners"][0].get("renegotiation").cloned();
        assert_eq!(list["customers"][0].get("renegotiation").cloned(), of_customer, "both sides see the same");
        of_customer
    }

    /// The newest event.
    fn last(&self) -> Value {
        let mut changes = self.server.get("/v1/changes?after=0&limit=1000").json();
        changes["changes"].as_array_mut().unwrap().pop().unwrap()
    }
}

#[test]
fn both_sides_see_what_is_proposed_and_since_when_and_whoever_proposed_it_takes_it_back() {
    let scene = Scene::new();
    assert_eq!(scene.waits(), None);
    for (by, other) in [("customer", "partner"), ("partner", "customer")] {
        assert_eq!(scene.state(by, "end"), "proposed");
        let proposed = scene.last();
        assert_eq!(proposed["event"], "commercial-relationship-renegotiation-proposed");
        let waits = scene.waits().unwrap();
        assert_eq!(waits, json!({ "by": by, "outcome": "end", "since": proposed["at"] }));
        // Saying it again is nothing new, and does not look younger than it is.
        assert_eq!(scene.state(by, "end"), "proposed");
        assert_eq!((scene.waits().unwrap(), scene.last()), (waits.clone(), proposed));
        let refused = scene.says(other, "none");
        assert_eq!((refused.status, refused.code().as_str()), (409, "nothing_proposed"), "{}", refused.text);
        assert_eq!(scene.waits(), Some(waits), "it is not the other side's to take back");
        assert_eq!(scene.state(by, "none"), "withdrawn");
        assert_eq!(scene.waits(), None);
        let withdrawn = scene.last();
        assert_eq!(withdrawn["event"], "commercial-relationship-renegotiation-withdrawn");
        assert_eq!((&withdrawn["side"], &withdrawn["outcome"]), (&json!(by), &json!("end")));
        let again = scene.says(by, "none");
        assert_eq!((again.status, again.code().as_str()), (409, "nothing_proposed"), "{}", again.text);
        // What was taken back is agreed on by nobody: the other side only proposes it.
        assert_eq!(scene.state(other, "end"), "proposed");
        assert_eq!(scene.state(other, "none"), "withdrawn");
    }
    let elsewhere = scene
        .server
        .post("/v1/customers/adatum/partners/nobody/renegotiation", &json!({ "by": "customer", "outcome": "none" }));
    assert_eq!((elsewhere.status, elsewhere.code().as_str()), (404, "no_commercial_relationship"));
    assert_eq!(scene.says("customer", "nothing").status, 400);
}

#[test]
fn an_ended_relationship_that_is_to_be_reinstated_is_on_the_partners_list() {
    let scene = Scene::new();
    scene.state("customer", "end");
    assert_eq!(scene.state("partner", "end"), "agreed");
    let list = || scene.server.get("/v1/partners/contoso/customers").json()["customers"].clone();
    assert_eq!(list(), json!([]));
    assert_eq!(scene.state("customer", "reinstate"), "proposed");
    assert_eq!(list()[0]["commercialRelationship"], "ended");
    assert_eq!(scene.waits().unwrap()["outcome"], "reinstate");
    assert_eq!(scene.state("customer", "none"), "withdrawn");
    assert_eq!(list(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_of_before_its_time_was_kept_is_shown_without_it_and_taken_back_all_the_same() {
    let stored = r#"{"customer":"c","partner":"p1","state":"active","since":"2025-06-01T00:00:00Z","proposal":{"by":"customer","outcome":"end"}}"#;
    let read: CommercialRelationship = serde_json::from_str(stored).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), stored, "and written as it was");
    assert!(read.withdraw(Side::Customer).unwrap().0.proposal.is_none());
    let stage = Stage::new();
    stage.partner("p1", PartnerKind::DirectBill).await;
    stage.customer("c").await;
    let line = stored.replacen('{', "{\"noun\":\"commercialRelationship\",", 1);
    change::import::import(&stage.pdp, &operator(), std::io::Cursor::new(line), |_, _| ()).await.unwrap();
    let page = answer::pages::customer_list(&stage.pdp, &operator(), &"p1".parse().unwrap(), None, 10, None)
        .await
        .unwrap()
        .value;
    let waits = page.items[0].renegotiation.unwrap();
    assert_eq!((waits.by, waits.outcome, waits.since), (Side::Customer, Outcome::End, None));
    assert!(stage.pdp.revision() > Revision(0));
}
