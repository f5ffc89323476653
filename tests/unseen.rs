//! What a tenant may not see answers exactly as what is not there: status, headers and body, byte for byte.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Answer, Server, standing};

/// contoso sold s-hidden to adatum. fabrikam sells and administers at wingtip, litware advises there, tailspin works
/// with a provider, and proseware is suspended.
struct Town {
    server: Server,
    data: TempDir,
    tokens: BTreeMap<String, String>,
}

/// Who calls: nobody of them may see anything of contoso and adatum.
const WHO: [(&str, &str); 6] = [
    ("partner", "fabrikam"),
    ("partner", "litware"),
    ("partner", "tailspin"),
    ("partner", "proseware"),
    ("customer", "wingtip"),
    ("partner", "nothing-yet"),
];

impl Town {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path(), &[]);
        let mut town = Self { server, data, tokens: BTreeMap::new() };
        town.token("operator", &["--role", "operator"]);
        for (id, kind) in [
            ("contoso", "directBill"),
            ("fabrikam", "directBill"),
            ("litware", "advisor"),
            ("tailspin", "indirectReseller"),
            ("proseware", "directBill"),
            ("nothing-yet", "directBill"),
            ("gone", "directBill"),
            ("small", "indirectReseller"),
        ] {
            town.tells(&format!("/v1/partners/{id}"), json!({ "name": id, "kind": kind, "status": "active" }));
        }
        for id in ["adatum", "wingtip"] {
            town.tells(&format!("/v1/customers/{id}"), json!({ "name": id }));
        }
        town.accepts("contoso", "adatum", &["office365"]);
        town.accepts("fabrikam", "wingtip", &["office365"]);
        town.accepts("litware", "wingtip", &["office365"]);
        town.accepts("proseware", "wingtip", &["azure"]);
        town.tells("/v1/subscriptions/s-hidden", sold("adatum", "office365", Some("contoso")));
        town.tells("/v1/subscriptions/s-parent", sold("wingtip", "office365", Some("fabrikam")));
        town.tells("/v1/partners/proseware", json!({ "name": "P", "kind": "directBill", "status": "suspended" }));
        town.tells("/v1/partners/gone", json!({ "name": "G", "kind": "directBill", "status": "suspended" }));
        for (role, id) in WHO {
            town.token(id, &["--role", role, "--for", id]);
        }
        town
    }

    fn token(&mut self, name: &str, arguments: &[&str]) {
        let data = self.data.path().to_str().unwrap();
        let output = standing(&[&["token", "create", "--json", "--data", data], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let issued: Value = serde_json::from_slice(&output.stdout).unwrap();
        self.tokens.insert(name.to_owned(), issued["token"].as_str().unwrap().to_owned());
    }

    fn send(&self, who: &str, method: &str, path: &str, more: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {}", self.tokens[who]);
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend(body.is_some().then_some(("content-type", "application/json")));
        headers.extend(more);
        self.server.send(method, path, &headers, body.map(Value::to_string).as_deref().map(str::as_bytes))
    }

    fn tells(&self, path: &str, body: Value) {
        let answer = self.send("operator", "PUT", path, &[], Some(&body));
        assert!([200, 201].contains(&answer.status), "{path}: {}", answer.text);
    }

    fn accepts(&self, partner: &str, customer: &str, services: &[&str]) {
        let body = json!({ "customer": customer, "services": services });
        let path = format!("/v1/relationship-requests/{}/acceptance", self.link(partner));
        let answer = self.send("operator", "POST", &path, &[], Some(&body));
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    fn link(&self, partner: &str) -> String {
        let path = format!("/v1/partners/{partner}/relationship-request");
        let answer = self.send("operator", "GET", &path, &[], None);
        answer.json()["token"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
    }
}

fn sold(customer: &str, service: &str, seller: Option<&str>) -> Value {
    let mut body = json!({ "customer": customer, "service": service, "quantity": 5, "status": "active" });
    if let Some(seller) = seller {
        body["originalReseller"] = json!(seller);
    }
    body
}

/// Everything of an answer that says something, with the ids that were asked about put alike. A place in the ledger and
/// the time are another for each call.
fn said(answer: &Answer, named: &[&str]) -> (u16, BTreeMap<String, String>, String) {
    let alike = |text: &str| named.iter().fold(text.to_owned(), |text, id| text.replace(id, "ID"));
    let passing = ["date", "standing-decision", "content-length"];
    let headers = answer.headers.iter().filter(|(name, _)| !passing.contains(&name.to_lowercase().as_str()));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), alike(value))).collect();
    (answer.status, headers, alike(&answer.text))
}

#[test]
fn a_put_of_a_foreign_subscription_answers_as_one_of_an_absent_whatever_it_says() {
    let town = Town::new();
    let mut bodies = Vec::new();
    for (customer, service) in
        [("adatum", "office365"), ("wingtip", "office365"), ("wingtip", "azure"), ("nobody", "office365")]
    {
        for seller in [None, Some("fabrikam"), Some("contoso")] {
            bodies.push(sold(customer, service, seller));
        }
    }
    let bodies: Vec<Value> = bodies
        .into_iter()
        .flat_map(|body| {
            let with = |member: &str, value: Value| {
                let mut body = body.clone();
                body[member] = value;
                body
            };
            let suspended = with("status", json!("suspended"));
            let (foreign, own, absent) =
                (with("parent", json!("s-hidden")), with("parent", json!("s-parent")), with("parent", json!("s-none")));
            [body, suspended, foreign, own, absent]
        })
        .collect();
    let preconditions: [&[(&str, &str)]; 4] =
        [&[], &[("if-match", "\"999\"")], &[("if-match", "nonsense")], &[("if-none-match", "*")]];
    let mut answers: BTreeMap<u16, usize> = BTreeMap::new();
    for (_, who) in WHO {
        for (number, body) in bodies.iter().enumerate() {
            for (place, headers) in preconditions.into_iter().enumerate() {
                // A sale that goes through is one, and its id is taken then.
                let absent = format!("s-none-{who}-{number}-{place}");
                let foreign = town.send(who, "PUT", "/v1/subscriptions/s-hidden", headers, Some(body));
                let answer = town.send(who, "PUT", &format!("/v1/subscriptions/{absent}"), headers, Some(body));
                *answers.entry(answer.status).or_default() += 1;
                if [200, 201].contains(&answer.status) {
                    assert_eq!((foreign.status, foreign.code().as_str()), (403, "not_permitted"), "{}", foreign.text);
                    continue;
                }
                let alike = |answer: &Answer| said(answer, &[&absent, "s-hidden"]);
                assert_eq!(alike(&foreign), alike(&answer), "{who} {headers:?} {body}");
            }
        }
    }
    for status in [201, 400, 403, 412] {
        assert!(answers.contains_key(&status), "no {status} among {answers:?}");
    }
}

#[test]
fn a_key_that_makes_a_retry_safe_tells_no_foreign_subscription_from_an_absent_one() {
    let town = Town::new();
    let body = sold("wingtip", "office365", None);
    let key = [("idempotency-key", "once")];
    let first = town.send("fabrikam", "PUT", "/v1/subscriptions/s-mine", &key, Some(&body));
    assert_eq!(first.status, 201, "{}", first.text);
    let foreign = town.send("fabrikam", "PUT", "/v1/subscriptions/s-hidden", &key, Some(&body));
    let absent = town.send("fabrikam", "PUT", "/v1/subscriptions/s-absent", &key, Some(&body));
    assert_eq!((absent.status, absent.code().as_str()), (422, "idempotency_key_reused"), "{}", absent.text);
    let alike = |answer: &Answer| said(answer, &["s-hidden", "s-absent"]);
    assert_eq!(alike(&foreign), alike(&absent));
}

#[test]
fn on_every_other_route_of_a_noun_a_tenant_hears_the_same_of_what_is_foreign_and_what_is_absent() {
    let town = Town::new();
    let link = town.link("contoso");
    let acceptance = format!("/v1/relationship-requests/{link}/acceptance");
    let accepting = |customer: &str| json!({ "customer": customer, "services": ["office365"] });
    let says = |by: &str, outcome: &str| Some(json!({ "by": by, "outcome": outcome }));
    let renegotiates =
        |with: &str, id: &str| Some(json!({ "changes": [{ "renegotiate": { with: id, "outcome": "end" } }] }));
    let partner = || Some(json!({ "name": "P", "kind": "advisor", "status": "active" }));
    let mut calls: Vec<(&str, (String, Option<Value>, String, Option<Value>))> = Vec::new();
    // Each path with what is foreign to everybody who asks, and with what is not there.
    for (method, path, body) in [
        ("GET", "/v1/subscriptions/{s}", None),
        ("GET", "/v1/partners/{p}", None),
        ("PUT", "/v1/partners/{p}", partner()),
        ("GET", "/v1/partners/{p}/customers", None),
        ("GET", "/v1/partners/{p}/relationship-request", None),
        ("POST", "/v1/partners/{p}/relationship-request/email", Some(json!({ "paragraphs": [] }))),
        ("GET", "/v1/customers/{c}", None),
        ("PUT", "/v1/customers/{c}", Some(json!({ "name": "C" }))),
        ("GET", "/v1/customers/{c}/partners", None),
        ("DELETE", "/v1/customers/{c}/delegated-administration", None),
        ("DELETE", "/v1/customers/{c}/delegated-administration?service=office365", None),
        ("DELETE", "/v1/customers/{c}/partners/{p}/delegated-administration", None),
        ("DELETE", "/v1/customers/wingtip/partners/{p}/delegated-administration", None),
        ("DELETE", "/v1/customers/wingtip/partners/{p}/delegated-administration?service=office365", None),
        ("POST", "/v1/customers/{c}/partners/{p}/renegotiation", says("customer", "end")),
        ("POST", "/v1/customers/{c}/partners/fabrikam/renegotiation", says("partner", "end")),
        ("POST", "/v1/customers/{c}/partners/fabrikam/renegotiation", says("partner", "none")),
        ("POST", "/v1/customers/wingtip/partners/{p}/renegotiation", says("customer", "none")),
        ("POST", "/v1/customers/{c}/what-if", Some(json!({ "changes": [{ "remove": { "partner": "contoso" } }] }))),
        ("POST", "/v1/partners/{p}/what-if", renegotiates("customer", "adatum")),
        ("GET", "/v1/partners/{p}/changes", None),
        ("GET", "/v1/customers/{c}/changes", None),
        ("GET", "/v1/partners/{p}/standing", None),
        ("GET", "/v1/partners/fabrikam/standing?customer={c}", None),
        ("GET", "/v1/partners/fabrikam/standing?subscription={s}", None),
        ("GET", "/v1/partners/fabrikam/standing?customer=wingtip&subscription={s}", None),
        ("GET", "/v1/subscriptions?customer={c}", None),
        ("GET", "/v1/subscriptions?partner={p}", None),
        ("GET", "/v1/subscriptions?customer=wingtip&partner={p}", None),
        ("GET", "/v1/access-review?customer={c}", None),
        ("GET", "/v1/access-review?partner={p}", None),
    ] {
        let of = |c: &str, p: &str, s: &str| path.replace("{c}", c).replace("{p}", p).replace("{s}", s);
        let absent = of("nobody-c", "nobody-p", "s-absent");
        // Neither what a partner is nor how its account stands shows.
        for partner in ["contoso", "gone", "small"].into_iter().take(if path.contains("{p}") { 3 } else { 1 }) {
            calls.push((method, (of("adatum", partner, "s-hidden"), body.clone(), absent.clone(), body.clone())));
        }
    }
    calls.push(("POST", (acceptance.clone(), Some(accepting("adatum")), acceptance, Some(accepting("nobody-c")))));
    for (own, with, foreign, absent) in [
        ("/v1/partners/fabrikam/what-if", "customer", "adatum", "nobody-c"),
        ("/v1/customers/wingtip/what-if", "partner", "contoso", "nobody-p"),
    ] {
        let own = own.to_owned();
        calls.push(("POST", (own.clone(), renegotiates(with, foreign), own, renegotiates(with, absent))));
    }
    let preconditions: [&[(&str, &str)]; 3] = [&[], &[("if-match", "\"999\"")], &[("if-none-match", "*")]];
    let named = ["adatum", "contoso", "gone", "small", "s-hidden", "nobody-c", "nobody-p", "s-absent"];
    for (_, who) in WHO {
        for (method, (foreign, foreign_body, absent, absent_body)) in &calls {
            for headers in preconditions {
                let of_foreign = town.send(who, method, foreign, headers, foreign_body.as_ref());
                let of_absent = town.send(who, method, absent, headers, absent_body.as_ref());
                assert_eq!(
                    said(&of_foreign, &named),
                    said(&of_absent, &named),
                    "{who}: {method} {foreign} {headers:?}"
                );
            }
        }
    }
}
