//! A change that was shown before it is made does what was shown, or nothing.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Answer, Server};

/// Contoso administers adatum's office365, fabrikam its azure; both sell.
struct Scene {
    server: Server,
    _data: TempDir,
}

impl Scene {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let scene = Self { server: Server::start(data.path(), &["--anonymous"]), _data: data };
        for id in ["contoso", "fabrikam"] {
            let partner = json!({ "name": id, "kind": "directBill", "status": "active" });
            assert_eq!(scene.server.put(&format!("/v1/partners/{id}"), &partner).status, 201);
        }
        assert_eq!(scene.server.put("/v1/customers/adatum", &json!({ "name": "Adatum" })).status, 201);
        let sold = json!({ "customer": "adatum", "service": "crm", "originalReseller": "contoso", "quantity": 1, "status": "active" });
        assert_eq!(scene.server.put("/v1/subscriptions/s-1", &sold).status, 201);
        for (partner, service) in [("contoso", "office365"), ("fabrikam", "azure")] {
            assert_eq!(scene.accepts(partner, &[service], None).status, 200);
        }
        scene
    }

    fn accepts(&self, partner: &str, services: &[&str], expected: Option<Value>) -> Answer {
        let request = self.server.get(&format!("/v1/partners/{partner}/relationship-request")).json();
        let path = format!("/v1/relationship-requests/{}/acceptance", request["token"].as_str().unwrap());
        let mut body = json!({ "customer": "adatum", "services": services });
        body.as_object_mut().unwrap().extend(expected.map(|expected| ("expected".to_owned(), expected)));
        self.server.post(&path, &body)
    }

    fn removes(&self, partner: &str, query: &str) -> Answer {
        let of = if partner.is_empty() { String::new() } else { format!("/partners/{partner}") };
        self.server.send("DELETE", &format!("/v1/customers/adatum{of}/delegated-administration{query}"), &[], None)
    }

    fn says(&self, by: &str, outcome: &str, expected: &str) -> Answer {
        let body = json!({ "by": by, "outcome": outcome, "expected": expected });
        self.server.post("/v1/customers/adatum/partners/contoso/renegotiation", &body)
    }

    /// What the facts are, as the customer sees them, and the newest revision.
    fn facts(&self) -> (Value, String) {
        let page = self.server.get("/v1/customers/adatum/partners");
        (page.json(), page.header("standing-revision").unwrap().to_owned())
    }

    /// A call that would do something else is refused, changes nothing, and its record says why.
    #[track_caller]
    fn refuses(&self, action: &str, found: &Value, call: impl Fn() -> Answer) {
        let before = self.facts();
        let refused = call();
        assert_eq!((refused.status, refused.code().as_str()), (409, "not_as_expected"), "{}", refused.text);
        assert_eq!(&refused.json()["evidence"]["found"], found, "{}", refused.text);
        assert_eq!(self.facts(), before, "something was written");
        let listed = self.server.get(&format!("/v1/decisions?action=Api::{action}&order=newest&limit=1")).json();
        let record = &listed["decisions"][0];
        assert_eq!(record["outcome"], json!({ "refused": "not_as_expected" }), "{record:#}");
        assert_eq!(record["decision"], true, "{record:#}");
    }
}

fn displaced(service: &str, partner: &str) -> Value {
    json!({ "service": service, "partner": partner })
}

#[test]
fn an_acceptance_grants_and_displaces_what_was_shown_or_nothing() {
    let scene = Scene::new();
    let shown = json!({ "granted": ["crm", "azure"], "displaced": [displaced("azure", "fabrikam")] });
    let found = json!({ "granted": ["azure", "crm"], "displaced": [displaced("azure", "fabrikam")] });
    for other in [
        json!({ "granted": ["azure"], "displaced": [displaced("azure", "fabrikam")] }),
        json!({ "granted": ["azure", "crm"], "displaced": [] }),
        json!({ "granted": ["azure", "crm"], "displaced": [displaced("crm", "fabrikam")] }),
        json!({ "granted": ["azure", "crm", "crm"], "displaced": [displaced("azure", "fabrikam")] }),
    ] {
        scene
            .refuses("acceptRelationship", &found, || scene.accepts("contoso", &["azure", "crm"], Some(other.clone())));
    }
    let accepted = scene.accepts("contoso", &["azure", "crm"], Some(shown.clone()));
    assert_eq!(accepted.status, 200, "the order is no matter: {}", accepted.text);
    assert_eq!(accepted.json()["displaced"], found["displaced"]);
    let nothing = json!({ "granted": [], "displaced": [] });
    scene.refuses("acceptRelationship", &nothing, || scene.accepts("contoso", &["azure", "crm"], Some(shown.clone())));
    assert_eq!(scene.accepts("contoso", &["azure"], Some(nothing)).status, 200, "that nothing is new is expected, too");
}

#[test]
fn of_two_that_were_shown_the_same_only_the_first_is_done() {
    let scene = Scene::new();
    // Each was shown that fabrikam would lose azure; the other one's acceptance makes that untrue.
    let partner = json!({ "name": "Litware", "kind": "directBill", "status": "active" });
    assert_eq!(scene.server.put("/v1/partners/litware", &partner).status, 201);
    let shown = json!({ "granted": ["azure"], "displaced": [displaced("azure", "fabrikam")] });
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let each = ["contoso", "litware"].map(|partner| {
            let (scene, shown) = (&scene, shown.clone());
            scope.spawn(move || scene.accepts(partner, &["azure"], Some(shown)).status)
        });
        each.map(|one| one.join().unwrap()).into()
    });
    assert!(statuses == [200, 409] || statuses == [409, 200], "{statuses:?}");
}

#[test]
fn a_removal_takes_what_was_shown_or_nothing() {
    let scene = Scene::new();
    let of =
        |pairs: &[(&str, &str)]| json!({ "removed": pairs.iter().map(|(s, p)| displaced(s, p)).collect::<Vec<_>>() });
    let both = of(&[("azure", "fabrikam"), ("office365", "contoso")]);
    for other in ["?expected=azure/fabrikam", "?expected=", "?expected=azure/contoso,office365/contoso"] {
        scene.refuses("removeDelegatedAdministration", &both, || scene.removes("", other));
    }
    let contoso = of(&[("office365", "contoso")]);
    scene.refuses("removeDelegatedAdministration", &contoso, || scene.removes("contoso", "?expected=azure/contoso"));
    for (unread, code) in
        [("office365", "invalid_parameter"), ("office365/", "invalid_parameter"), ("a/b/c", "invalid_parameter")]
    {
        let refused = scene.removes("contoso", &format!("?expected={unread}"));
        assert_eq!((refused.status, refused.code().as_str()), (400, code), "{}", refused.text);
    }
    let removed = scene.removes("contoso", "?service=office365&expected=office365/contoso");
    assert_eq!((removed.status, &removed.json()["removed"]), (200, &contoso["removed"]), "{}", removed.text);
    scene
        .refuses("removeDelegatedAdministration", &of(&[]), || scene.removes("contoso", "?expected=office365/contoso"));
    assert_eq!(scene.removes("contoso", "?expected=").status, 200);
    assert_eq!(scene.removes("", "?expected=azure/fabrikam").status, 200);
}

#[test]
fn a_word_in_a_renegotiation_brings_it_as_far_as_was_shown_or_nowhere() {
    let scene = Scene::new();
    scene
        .refuses("renegotiateForCustomer", &json!({ "state": "proposed" }), || scene.says("customer", "end", "agreed"));
    assert_eq!(scene.says("partner", "end", "proposed").json()["state"], "proposed");
    // The customer was shown that it would only propose: by now its word would end it.
    scene
        .refuses("renegotiateForCustomer", &json!({ "state": "agreed" }), || scene.says("customer", "end", "proposed"));
    scene
        .refuses("renegotiateForPartner", &json!({ "state": "withdrawn" }), || scene.says("partner", "none", "agreed"));
    assert_eq!(scene.says("customer", "end", "agreed").json()["commercialRelationship"], "ended");
}

#[test]
fn what_is_expected_is_read_strictly_and_an_answer_that_was_given_is_given_again() {
    let scene = Scene::new();
    for expected in [
        json!({ "granted": ["crm"] }),
        json!({ "granted": ["crm"], "displaced": [], "lost": [] }),
        json!({ "granted": ["crm"], "displaced": [{ "service": "crm", "partner": "fabrikam", "since": 1 }] }),
        json!("anything"),
    ] {
        let refused = scene.accepts("contoso", &["crm"], Some(expected));
        assert_eq!((refused.status, refused.code().as_str()), (400, "invalid_body"), "{}", refused.text);
    }
    let pressed = || {
        let path = "/v1/customers/adatum/delegated-administration?expected=azure/fabrikam,office365/contoso";
        scene.server.send("DELETE", path, &[("idempotency-key", "once")], None)
    };
    let (first, second) = (pressed(), pressed());
    assert_eq!((first.status, second.status), (200, 200), "{}", second.text);
    assert_eq!(first.text, second.text, "pressing twice is done once, and is not stale");
}
