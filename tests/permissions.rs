//! Who may make which call: every role on every route, asked of a real server, and what those who may not can learn.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use data_encoding::BASE64;
use serde_json::{Value, json};
use standing::caller::Caller;
use standing::change;
use standing::change::tokens::{NewToken, Speaker};
use standing::facts::Role;
use standing::http::{Access, Listener, ROUTES, Route, Shutdown, surface};
use standing::pdp::call::Call;
use standing::policy::RuleFiles;
use tempfile::TempDir;

use crate::server::{Answer, Server, call, question, standing};
use crate::stage::{Stage, shipped, time};

/// The calls that the schema names and no route makes: those of a command, and of the pages.
const NOT_SERVED: [&str; 3] = ["signIn", "signOut", "startAnyway"];

/// Who calls, as the table names them, and what their token is created with.
pub const ROLES: [(&str, &[&str]); 9] = [
    ("operator", &["--role", "operator"]),
    ("registrar", &["--role", "registrar"]),
    ("asker", &["--role", "asker"]),
    ("reviewer", &["--role", "reviewer"]),
    ("auditor", &["--role", "auditor"]),
    ("the partner itself", &["--role", "partner", "--for", "contoso"]),
    ("another partner", &["--role", "partner", "--for", "fabrikam"]),
    ("the customer itself", &["--role", "customer", "--for", "adatum"]),
    ("another customer", &["--role", "customer", "--for", "wingtip"]),
];

const SETTINGS: &str = r#"
rules_from = "publishing"
trusted_proxies = ["127.0.0.1"]

[forward_auth]
proxy = "nginx"
subject = "X-Partner"

[[forward_auth.routes]]
methods = ["DELETE"]
path = "/subscriptions/{subscription}/seats"
action = "removeSeats"
resource = "Subscription::{subscription}"
"#;

/// What a proxy says of a call that it passes on.
const PASSED_ON: [(&str, &str); 3] =
    [("x-original-method", "DELETE"), ("x-original-uri", "/subscriptions/s-adatum/seats"), ("x-partner", "contoso")];

/// A server with a small world and a token for everybody.
pub struct Town {
    pub server: Server,
    data: TempDir,
    pub tokens: BTreeMap<&'static str, String>,
    /// A proposal that is still open.
    open: RefCell<Option<String>>,
}

impl Town {
    /// Contoso sold to both customers and administers adatum's office365; fabrikam is a stranger to adatum.
    pub fn new() -> Self {
        Self::in_environment(&[])
    }

    /// The same, with more in the environment of the server.
    pub fn in_environment(environment: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let settings = data.path().join("standing.toml");
        std::fs::write(&settings, SETTINGS).unwrap();
        let arguments = ["--config", settings.to_str().unwrap()];
        let server = Server::try_start_in(data.path(), &arguments, environment).unwrap();
        let town = Self { server, data, tokens: BTreeMap::new(), open: RefCell::default() };
        // Whoever a token speaks for has to be there first, and somebody has to tell of them.
        let issued = |town: &Self, of: &dyn Fn(&str) -> bool| -> BTreeMap<&'static str, String> {
            let roles = ROLES.iter().filter(|(name, _)| of(name));
            roles.map(|(name, arguments)| (*name, text(&town.token(arguments), "token"))).collect()
        };
        let tokens = issued(&town, &|name| name == "operator");
        let mut town = Self { tokens, ..town };
        for id in ["contoso", "fabrikam", "proseware", "tailspin"] {
            town.tells(&format!("/v1/partners/{id}"), &partner("directBill", "active"));
        }
        for id in ["adatum", "wingtip"] {
            town.tells(&format!("/v1/customers/{id}"), &json!({ "name": id }));
        }
        let others = issued(&town, &|name| name != "operator");
        town.tokens.extend(others);
        town.tells("/v1/subscriptions/s-adatum", &subscription("adatum", "contoso"));
        town.tells("/v1/subscriptions/s-wingtip", &subscription("wingtip", "contoso"));
        town.tells("/v1/subscriptions/s-other", &subscription("wingtip", "fabrikam"));
        let accepted = town.by("operator", "POST", &acceptance(&town.link("contoso")), Some(&accepting("adatum")));
        assert_eq!(accepted.status, 200, "{}", accepted.text);
        town
    }

    /// A token as `standing token create` shows it.
    fn token(&self, arguments: &[&str]) -> Value {
        let data = self.data.path().to_str().unwrap();
        let output = standing(&[&["token", "create", "--json", "--data", data], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// A session that somebody has just begun on the pages.
    fn session(&self) -> String {
        let issued = self.token(&["--role", "auditor"]);
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        let body = format!("token={}", text(&issued, "token"));
        assert_eq!(self.server.send("POST", "/sign-in/token", &headers, Some(body.as_bytes())).status, 303);
        let open = self.by("operator", "GET", "/v1/sessions", None).json()["sessions"].as_array().unwrap().clone();
        text(open.iter().find(|session| session["token"] == issued["id"]).unwrap(), "id")
    }

    fn tells(&self, path: &str, body: &Value) {
        let answer = self.by("operator", "PUT", path, Some(body));
        assert!([200, 201].contains(&answer.status), "{path}: {}", answer.text);
    }

    /// A proposal of somebody who is not in the table, over the rules of now.
    fn proposal(&self) -> String {
        let proposer = format!("Bearer {}", text(&self.token(&["--role", "reviewer"]), "token"));
        let body = candidate(&proposer);
        let proposed = self.with(Some(&proposer), "POST", "/v1/rules/proposals", Some(&body));
        assert_eq!(proposed.status, 201, "{}", proposed.text);
        proposed.json()["id"].to_string()
    }

    /// One that is open: a new one only where the last was closed, because each is proved.
    pub fn open_proposal(&self) -> String {
        let open = self.open.take().unwrap_or_else(|| self.proposal());
        self.open.replace(Some(open.clone()));
        open
    }

    /// A path with a proposal that is open, or a draft that is there, where it names one.
    pub fn ready(&self, path: &str) -> String {
        let mut path = path.to_owned();
        if path.contains("{proposal}") {
            path = path.replace("{proposal}", &self.open_proposal());
        }
        if path.contains("{draft}") {
            path = path.replace("{draft}", "a-draft");
            self.tells("/v1/rules/drafts/a-draft", &json!({}));
        }
        path
    }

    pub fn link(&self, partner: &str) -> String {
        let path = format!("/v1/partners/{partner}/relationship-request");
        text(&self.by("operator", "GET", &path, None).json(), "token")
    }

    /// The answer to a call by somebody of the table.
    pub fn by(&self, who: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let credentials = format!("Bearer {}", self.tokens[who]);
        let answer = self.with(Some(&credentials), method, path, body);
        // A proposal ends with it, or stands over other rules than those of now.
        if !path.starts_with("/v1/rules/drafts")
            && method != "GET"
            && path.starts_with("/v1/rules")
            && outcome(&answer) == "yes"
        {
            self.open.take();
        }
        answer
    }

    /// The answer to a call with some credentials, or none.
    pub fn with(&self, credentials: Option<&str>, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let lines = path == "/v1/import";
        let content = if lines { "application/x-ndjson" } else { "application/json" };
        let mut headers = vec![("content-type", content)];
        headers.extend(credentials.map(|credentials| ("authorization", credentials)));
        headers.extend((path == "/v1/forward-auth").then_some(PASSED_ON).into_iter().flatten());
        self.server.send(method, path, &headers, body.map(Value::to_string).as_deref().map(str::as_bytes))
    }
}

/// The shipped rules with a remark of their own.
fn candidate(remark: &str) -> Value {
    let mut files: BTreeMap<String, String> =
        RuleFiles::built_in().iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    files.insert(
        "policies/may/receive-bill.cedar".to_owned(),
        format!("{}// {remark}\n", files["policies/may/receive-bill.cedar"]),
    );
    json!({ "files": files })
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no `{member}` in {value}")).to_owned()
}

fn partner(kind: &str, status: &str) -> Value {
    json!({ "name": "Partner", "kind": kind, "status": status })
}

fn subscription(customer: &str, seller: &str) -> Value {
    json!({
        "customer": customer, "service": "office365", "originalReseller": seller, "quantity": 5, "status": "active",
    })
}

fn acceptance(link: &str) -> String {
    format!("/v1/relationship-requests/{link}/acceptance")
}

fn accepting(customer: &str) -> Value {
    json!({ "customer": customer, "services": ["office365"] })
}

/// A call of a route that succeeds for whoever may make it, however often it was made before.
pub struct Try {
    /// What tells it from the other calls of its route.
    label: &'static str,
    pub path: String,
    pub body: Option<Value>,
}

/// Every kind of call of a route, on contoso, adatum and what is theirs.
pub fn tries(town: &Town, route: &Route) -> Vec<Try> {
    let one = |path: &str, body: Option<Value>| vec![Try { label: "", path: path.to_owned(), body }];
    let path = route.path.replace("{partner}", "contoso").replace("{customer}", "adatum");
    let path = path.replace("{subscription}", "s-adatum").replace("{seq}", "1");
    match (route.method.as_str(), route.path) {
        ("POST", "/access/v1/evaluation") => {
            let asks = |label, query: &str| Try {
                label,
                path: format!("{path}{query}"),
                body: Some(question("contoso", "removeSeats", "Subscription", "s-adatum")),
            };
            vec![asks("", ""), asks("about the past", "?as_of=1"), asks("by rules that are named", "?rules=current")]
        }
        ("POST", "/access/v1/evaluations") => {
            let asked = question("contoso", "removeSeats", "Subscription", "s-adatum");
            one(&path, Some(json!({ "evaluations": [asked] })))
        }
        ("POST", "/access/v1/search/subject" | "/access/v1/search/resource" | "/access/v1/search/action") => {
            one(&path, Some(question("contoso", "removeSeats", "Subscription", "s-adatum")))
        }
        ("PUT", "/v1/partners/{partner}") => one(&path, Some(partner("directBill", "active"))),
        ("PUT", "/v1/customers/{customer}") => one(&path, Some(json!({ "name": "adatum" }))),
        ("PUT", "/v1/subscriptions/{subscription}") => one(&path, Some(subscription("adatum", "contoso"))),
        ("GET", "/v1/subscriptions") => {
            let of = |label, query: &str| Try { label, path: format!("{path}{query}"), body: None };
            vec![
                of("all", ""),
                of("of the customer", "?customer=adatum"),
                of("sold by the partner", "?partner=contoso"),
                of("of the customer, sold by the partner", "?customer=adatum&partner=contoso"),
            ]
        }
        ("POST", "/v1/partners/{partner}/relationship-request/email") => one(&path, Some(json!({ "paragraphs": [] }))),
        ("GET", "/v1/relationship-requests/{token}") => one(&path.replace("{token}", &town.link("contoso")), None),
        ("POST", "/v1/relationship-requests/{token}/acceptance") => {
            one(&path.replace("{token}", &town.link("contoso")), Some(accepting("adatum")))
        }
        ("POST", "/v1/customers/{customer}/partners/{partner}/renegotiation") => {
            // Each side speaks about another relationship, so that they never agree and end it.
            let says = |label, customer: &str| Try {
                label,
                path: path.replace("adatum", customer),
                body: Some(json!({ "by": label, "outcome": "end" })),
            };
            vec![says("customer", "adatum"), says("partner", "wingtip")]
        }
        ("POST", "/v1/what-if") => {
            let change = json!({ "remove": { "customer": "adatum", "partner": "contoso" } });
            one(&path, Some(json!({ "changes": [change] })))
        }
        ("POST", "/v1/customers/{customer}/what-if") => {
            one(&path, Some(json!({ "changes": [{ "remove": { "partner": "contoso" } }] })))
        }
        ("POST", "/v1/partners/{partner}/what-if") => {
            one(&path, Some(json!({ "changes": [{ "renegotiate": { "customer": "adatum", "outcome": "end" } }] })))
        }
        ("GET", "/v1/access-review") => {
            let of = |label, query: &str| Try { label, path: format!("{path}{query}"), body: None };
            vec![of("of the customer", "?customer=adatum"), of("of the partner", "?partner=contoso")]
        }
        ("POST", "/v1/decisions/{seq}/replay") => one(&path, None),
        ("POST", "/v1/decisions/replay") => one(&path, Some(json!({ "from": 1, "to": 1 }))),
        ("POST", "/v1/import") => {
            let of = |label, line| Try { label, path: path.clone(), body: Some(line) };
            let ended = json!({ "noun": "grant", "customer": "adatum", "service": "crm", "partner": "fabrikam",
                "delegatedAdministrator": false, "since": "2025-01-01T00:00:00Z", "until": "2025-02-01T00:00:00Z" });
            vec![
                of("a customer", json!({ "noun": "customer", "id": "adatum", "name": "adatum" })),
                of("a grant", ended),
            ]
        }
        ("GET", "/v1/rules/{digest}") => {
            one(&path.replace("{digest}", &text(&town.by("operator", "GET", "/v1/rules", None).json(), "digest")), None)
        }
        ("POST", "/v1/rules/review" | "/v1/rules/proposals") => one(&path, Some(candidate("a candidate"))),
        ("GET", "/v1/rules/proposals/{proposal}") => one(&path.replace("{proposal}", &town.open_proposal()), None),
        ("POST", "/v1/rules/proposals/{proposal}/approval") => one(&path, Some(json!({ "unproved": "a test" }))),
        ("POST", "/v1/rules/proposals/{proposal}/refusal") => one(&path, Some(json!({ "why": "a test" }))),
        ("DELETE", "/v1/rules/proposals/{proposal}") => one(&path, None),
        // To the first set, which is neither in force by then nor the one before.
        ("POST", "/v1/rules/rollback") => {
            let history = town.by("operator", "GET", "/v1/rules/history", None).json();
            one(&path, Some(json!({ "to": history["history"][0]["digest"] })))
        }
        ("PUT", "/v1/rules/drafts/{draft}") => one(&path, Some(json!({ "name": "A draft" }))),
        ("POST", "/v1/rules/drafts/{draft}/review") => one(&path, None),
        ("GET", "/v1/rules/drafts/{draft}/review") => {
            town.by("operator", "POST", &town.ready(&path), None);
            one(&path, None)
        }
        ("POST", "/v1/rules/drafts/{draft}/files") => {
            one(&path, Some(json!({ "files": { "policies/never/new.cedar": "// To be written.\n" } })))
        }
        (_, "/v1/rules/drafts/{draft}" | "/v1/rules/drafts/{draft}/base") => one(&path, None),
        (method, "/v1/rules/drafts/{draft}/files/{path}") => {
            let body = (method == "PUT").then(|| json!({ "text": "// To be written.\n" }));
            one(&path.replace("{path}", "policies/may/receive-bill.cedar"), body)
        }
        ("GET", "/v1/rules/difference") => {
            let digest = text(&town.by("operator", "GET", "/v1/rules", None).json(), "digest");
            one(&format!("{path}?from={digest}&to={digest}"), None)
        }
        ("GET", "/v1/ledger/proof") => one(&format!("{path}?seq=1"), None),
        ("GET", "/v1/ledger/consistency") => one(&format!("{path}?from=1"), None),
        // Nothing is so old.
        ("POST", "/v1/ledger/archive") => one(&format!("{path}?older_than=9000d"), None),
        ("POST", "/v1/tokens") => one(&path, Some(json!({ "role": "asker" }))),
        ("POST", "/v1/tokens/{token}/rotation") => {
            one(&path.replace("{token}", &text(&town.token(&["--role", "asker"]), "id")), None)
        }
        ("DELETE", "/v1/tokens/{token}") => {
            one(&path.replace("{token}", &text(&town.token(&["--role", "asker"]), "id")), None)
        }
        ("DELETE", "/v1/sessions") => one(&format!("{path}?issuer=standing&subject=nobody"), None),
        ("DELETE", "/v1/sessions/{session}") => one(&path.replace("{session}", &town.session()), None),
        ("DELETE", "/v1/link-keys/{key}") => {
            let rotated = town.by("operator", "POST", "/v1/link-keys", None).json();
            one(&path.replace("{key}", &text(&rotated["keys"][1], "id")), None)
        }
        _ => {
            assert!(!path.contains('{'), "say here how `{} {}` is called", route.method, route.path);
            assert!(
                ["GET", "DELETE"].contains(&route.method.as_str()) || path == "/v1/link-keys",
                "say here what body `{} {}` is called with",
                route.method,
                route.path
            );
            one(&path, None)
        }
    }
}

/// What came of a call: `yes`, or the status and why.
fn outcome(answer: &Answer) -> String {
    match answer.status {
        200..=202 => "yes".to_owned(),
        401 | 403 => format!("{} {}", answer.status, answer.code()),
        _ => panic!("a call that only the rules should refuse came to {answer:?}"),
    }
}

#[test]
fn every_role_on_every_route_is_as_reviewed() {
    let town = Town::new();
    let mut table = String::new();
    for route in ROUTES {
        for Try { label, path, body } in tries(&town, route) {
            let mut who_by_outcome: BTreeMap<String, Vec<&str>> = BTreeMap::new();
            for (who, _) in ROLES.iter().rev() {
                // Once it is approved a proposal is no more, and a draft once it is deleted.
                let path = town.ready(&path);
                let answer = town.by(who, route.method.as_str(), &path, body.as_ref());
                who_by_outcome.entry(outcome(&answer)).or_default().insert(0, who);
            }
            let nobody = town.with(None, route.method.as_str(), &path, body.as_ref());
            who_by_outcome.entry(outcome(&nobody)).or_default().push("no credentials");
            assert_eq!(outcome(&nobody) == "yes", route.access == Access::Public, "{} {}", route.method, route.path);
            table.push_str(format!("{} {} {label}", route.method, route.path).trim_end());
            table.push('\n');
            for (outcome, who) in who_by_outcome.iter().rev() {
                table.push_str(&format!("    {outcome:<20} {}\n", who.join(", ")));
            }
        }
    }
    insta::assert_snapshot!(table);
}

/// Calls that send a body and change nothing.
const READS: [&str; 7] = [
    "/v1/partners/{partner}/relationship-request/email",
    "/v1/what-if",
    "/v1/customers/{customer}/what-if",
    "/v1/partners/{partner}/what-if",
    "/v1/decisions/{seq}/replay",
    "/v1/decisions/replay",
    "/v1/rules/review",
];

#[test]
fn every_call_of_every_role_has_one_record_and_a_change_that_was_allowed_has_its_outcome() {
    let town = Town::new();
    // The place of the record of a call that everybody knows to have exactly one.
    let newest = || {
        let marker = town.by("operator", "GET", "/v1/customers/adatum", None);
        marker.header("standing-decision").unwrap().parse::<u64>().unwrap()
    };
    let record = |seq: u64| town.by("auditor", "GET", &format!("/v1/decisions/{seq}"), None).json();
    for route in ROUTES.iter().filter(|route| route.access != Access::Public) {
        for Try { label, path, body } in tries(&town, route) {
            // A candidate is proved each time it is proposed, so there the first and the last of them are enough.
            let callers = ["operator", "another customer", "reviewer", "the partner itself"];
            let callers = if route.path.starts_with("/v1/rules") { &callers[..2] } else { &callers[..] };
            for &who in callers {
                let path = town.ready(&path);
                let what = format!("{who}: {} {} {label}", route.method, route.path);
                let before = newest();
                let answer = town.by(who, route.method.as_str(), &path, body.as_ref());
                let is_allowed = outcome(&answer) == "yes";
                let records: Vec<Value> = (before + 1..newest()).map(record).collect();
                let (calls, decisions): (Vec<&Value>, Vec<&Value>) =
                    records.iter().partition(|record| record["asked"] == "call");
                if is_allowed && path.starts_with("/access/") {
                    assert_eq!((calls.len(), decisions.len()), (0, 1), "{what}: {records:#?}");
                    continue;
                }
                let is_own = |record: &&Value| {
                    let name = record["question"]["action"]["name"].as_str().unwrap();
                    route.calls.iter().any(|call| name == format!("Api::{call}"))
                };
                let (own, besides): (Vec<&Value>, Vec<&Value>) = calls.iter().copied().partition(is_own);
                // An import of grants is a call besides that of an import.
                let is_import = route.path == "/v1/import";
                assert!(own.len() == 1 || own.len() == 2 && is_import, "{what}: {records:#?}");
                // Whether the partner may still request a relationship is decided on the way; what the review of a draft
                // came to the service writes itself, whenever that is.
                let is_known = |record: &&Value| {
                    let name = record["question"]["action"]["name"].as_str().unwrap();
                    ["Api::requestRelationship", "Api::reviewDraft"].contains(&name)
                };
                assert!(besides.iter().all(is_known), "{what}: {besides:#?}");
                assert_eq!(own.iter().all(|record| record["decision"] == true), is_allowed, "{what}: {own:#?}");
                let may_change = route.method.as_str() != "GET" && !READS.contains(&route.path);
                let outcomes = own.iter().filter(|record| !record["outcome"].is_null()).count();
                assert_eq!(outcomes, usize::from(is_allowed && may_change), "{what}: {own:#?}");
            }
        }
    }
}

#[test]
fn an_acceptance_by_an_altered_link_is_recorded_as_one_and_refused_to_everybody_alike() {
    let town = Town::new();
    let link = town.link("contoso");
    let altered = format!("{}{}", &link[..link.len() - 1], if link.ends_with('A') { 'B' } else { 'A' });
    let body = accepting("adatum");
    let refused = |who| {
        let answer = town.by(who, "POST", &acceptance(&altered), Some(&body));
        (answer.status, answer.code())
    };
    for (who, outcome) in [("operator", true), ("the customer itself", false), ("the partner itself", false)] {
        assert_eq!(refused(who), refused("auditor"), "{who}");
        assert_eq!(refused(who).0, 404);
        let listed =
            town.by("auditor", "GET", "/v1/decisions?action=Api::acceptRelationship&order=newest&limit=1", None);
        let record = &listed.json()["decisions"][0];
        assert_eq!(record["outcome"].is_null(), !outcome, "{who}: {record:#}");
    }
}

#[test]
fn every_call_of_the_schema_is_made_by_a_route_or_is_known_not_to_be_served_yet() {
    let rules = shipped();
    let schema = rules.schema();
    let is_group = |action: &&_| schema.principals_for_action(action).is_none_or(|mut kinds| kinds.next().is_none());
    let in_schema: BTreeSet<String> = schema
        .actions()
        .filter(|action| action.type_name().to_string() == "Api::Action" && !is_group(action))
        .map(|action| action.id().unescaped().to_owned())
        .collect();
    let made: BTreeSet<String> =
        ROUTES.iter().flat_map(|route| route.calls.iter().map(|call| (*call).to_owned())).collect();
    let not_served: BTreeSet<String> = NOT_SERVED.map(str::to_owned).into();
    assert!(made.is_subset(&in_schema), "not in the schema: {:?}", made.difference(&in_schema));
    assert!(made.is_disjoint(&not_served), "served by now: {:?}", made.intersection(&not_served));
    let missing: BTreeSet<String> = in_schema.difference(&made).cloned().collect();
    assert_eq!(missing, not_served);
    for route in ROUTES {
        let asks = !route.calls.is_empty();
        assert_eq!(asks, route.access == Access::Caller, "{} {} asks {:?}", route.method, route.path, route.calls);
    }
}

#[test]
fn what_is_foreign_and_what_is_not_there_look_the_same_to_a_tenant() {
    let town = Town::new();
    let key = text(&town.by("operator", "GET", "/v1/link-keys", None).json()["keys"][0], "id");
    let token = text(&town.token(&["--role", "asker"]), "id");
    let calls: [(&str, &str, &str, Option<Value>); 23] = [
        ("GET", "/v1/partners/contoso", "/v1/partners/nobody", None),
        ("PUT", "/v1/partners/contoso", "/v1/partners/nobody", Some(partner("directBill", "active"))),
        ("GET", "/v1/partners/contoso/customers", "/v1/partners/nobody/customers", None),
        ("GET", "/v1/customers/adatum", "/v1/customers/nobody", None),
        ("PUT", "/v1/customers/adatum", "/v1/customers/nobody", Some(json!({ "name": "x" }))),
        ("GET", "/v1/customers/adatum/partners", "/v1/customers/nobody/partners", None),
        ("GET", "/v1/subscriptions?customer=adatum", "/v1/subscriptions?customer=nobody", None),
        ("GET", "/v1/subscriptions?partner=contoso", "/v1/subscriptions?partner=nobody", None),
        ("GET", "/v1/subscriptions/s-adatum", "/v1/subscriptions/nothing", None),
        ("GET", "/v1/partners/contoso/relationship-request", "/v1/partners/nobody/relationship-request", None),
        (
            "POST",
            "/v1/partners/contoso/relationship-request/email",
            "/v1/partners/nobody/relationship-request/email",
            Some(json!({ "paragraphs": [] })),
        ),
        (
            "DELETE",
            "/v1/customers/adatum/delegated-administration",
            "/v1/customers/nobody/delegated-administration",
            None,
        ),
        (
            "DELETE",
            "/v1/customers/adatum/partners/contoso/delegated-administration",
            "/v1/customers/nobody/partners/nobody/delegated-administration",
            None,
        ),
        (
            "POST",
            "/v1/customers/adatum/partners/contoso/renegotiation",
            "/v1/customers/nobody/partners/nobody/renegotiation",
            Some(json!({ "by": "customer", "outcome": "end" })),
        ),
        (
            "POST",
            "/v1/customers/adatum/partners/contoso/renegotiation",
            "/v1/customers/nobody/partners/nobody/renegotiation",
            Some(json!({ "by": "partner", "outcome": "end" })),
        ),
        (
            "POST",
            "/v1/customers/adatum/what-if",
            "/v1/customers/nobody/what-if",
            Some(json!({ "changes": [{ "remove": {} }] })),
        ),
        ("GET", "/v1/partners/contoso/changes", "/v1/partners/nobody/changes", None),
        ("GET", "/v1/customers/adatum/changes", "/v1/customers/nobody/changes", None),
        ("GET", "/v1/partners/contoso/standing", "/v1/partners/nobody/standing", None),
        ("POST", "/v1/partners/contoso/what-if", "/v1/partners/nobody/what-if", Some(json!({ "changes": [] }))),
        ("DELETE", &format!("/v1/tokens/{token}"), "/v1/tokens/nothing", None),
        ("DELETE", &format!("/v1/sessions/{}", town.session()), "/v1/sessions/0123456789abcdef", None),
        ("DELETE", &format!("/v1/link-keys/{key}"), "/v1/link-keys/0123456789abcdef", None),
    ];
    for who in ["another partner", "another customer"] {
        for (method, foreign, absent, body) in &calls {
            let foreign_answer = town.by(who, method, foreign, body.as_ref());
            let absent_answer = town.by(who, method, absent, body.as_ref());
            assert_eq!(foreign_answer.status, 403, "{who}: {method} {foreign}: {}", foreign_answer.text);
            assert_eq!(foreign_answer.text, absent_answer.text, "{who}: {method} {foreign} and {absent}");
            let names = |answer: &Answer| answer.headers.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>();
            assert_eq!(names(&foreign_answer), names(&absent_answer), "{who}: {method} {foreign} and {absent}");
        }
    }
}

#[test]
fn a_partner_sees_its_own_subscriptions_and_customers_and_no_other_partners() {
    let town = Town::new();
    let ids = |answer: Answer, noun: &str, member: &str| -> Vec<String> {
        let listed = answer.json()[noun].as_array().unwrap_or_else(|| panic!("{}", answer.text)).clone();
        listed.iter().map(|item| text(item, member)).collect()
    };
    let list = town.by("another partner", "GET", "/v1/subscriptions?partner=fabrikam", None);
    assert_eq!(ids(list, "subscriptions", "id"), ["s-other"]);
    // What contoso sold to the same customer stays out of it.
    let list = town.by("another partner", "GET", "/v1/subscriptions?partner=fabrikam&customer=wingtip", None);
    assert_eq!(ids(list, "subscriptions", "id"), ["s-other"]);
    let list = town.by("another partner", "GET", "/v1/subscriptions?partner=contoso&customer=wingtip", None);
    assert_eq!(list.status, 403, "{}", list.text);
    let list = town.by("another partner", "GET", "/v1/partners/fabrikam/customers", None);
    assert_eq!(ids(list, "customers", "customer"), ["wingtip"]);
    // A customer sees all of its own, whoever sold them.
    let list = town.by("another customer", "GET", "/v1/subscriptions?customer=wingtip", None);
    assert_eq!(ids(list, "subscriptions", "id"), ["s-other", "s-wingtip"]);
}

#[test]
fn a_customer_accepts_and_removes_for_itself_and_for_nobody_else() {
    let town = Town::new();
    let path = acceptance(&town.link("fabrikam"));
    let refused = town.by("another customer", "POST", &path, Some(&accepting("adatum")));
    assert_eq!((refused.status, refused.code().as_str()), (403, "not_permitted"), "{}", refused.text);
    let partners = town.by("the customer itself", "GET", "/v1/customers/adatum/partners", None).json();
    assert_eq!(partners["partners"].as_array().unwrap().len(), 1, "fabrikam was accepted: {partners}");
    let removal = "/v1/customers/adatum/partners/contoso/delegated-administration";
    assert_eq!(town.by("another customer", "DELETE", removal, None).status, 403);
    assert_eq!(town.by("the customer itself", "DELETE", removal, None).json()["removed"][0]["partner"], "contoso");
    assert_eq!(town.by("the customer itself", "POST", &path, Some(&accepting("adatum"))).status, 200);
}

#[test]
fn a_suspended_partner_and_an_indirect_reseller_have_no_link_and_an_old_one_of_theirs_is_refused() {
    let town = Town::new();
    let links = [("proseware", town.link("proseware")), ("tailspin", town.link("tailspin"))];
    town.tells("/v1/partners/proseware", &partner("directBill", "suspended"));
    town.tells("/v1/partners/tailspin", &partner("indirectReseller", "active"));
    let reasons = ["partner_suspended", "indirect_reseller_has_no_link"];
    for ((id, old), reason) in links.iter().zip(reasons) {
        let itself = format!("Bearer {}", text(&town.token(&["--role", "partner", "--for", id]), "token"));
        let own = format!("/v1/partners/{id}/relationship-request");
        let refused = town.with(Some(&itself), "GET", &own, None);
        assert_eq!((refused.status, refused.code().as_str()), (403, reason), "{id}: {}", refused.text);
        let edit = town.with(Some(&itself), "POST", &format!("{own}/email"), Some(&json!({ "paragraphs": [] })));
        assert_eq!((edit.status, edit.code().as_str()), (403, reason), "{id}: {}", edit.text);
        let offer = town.by("the customer itself", "GET", &format!("/v1/relationship-requests/{old}"), None);
        assert_eq!(offer.status, 403, "{id}: {}", offer.text);
        let accepted = town.by("the customer itself", "POST", &acceptance(old), Some(&accepting("adatum")));
        assert_eq!((accepted.status, accepted.code().as_str()), (403, reason), "{id}: {}", accepted.text);
    }
    let partners = town.by("the customer itself", "GET", "/v1/customers/adatum/partners", None).json();
    assert_eq!(partners["partners"].as_array().unwrap().len(), 1, "an old link was accepted: {partners}");
}

/// Basic credentials as RFC 6749 §2.3.1 has them, with every character that may be encoded encoded.
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    format!("Basic {}", BASE64.encode(format!("{}:{}", encoded(id), encoded(secret)).as_bytes()))
}

fn assert_unauthenticated(answer: &Answer, what: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (401, "unauthenticated"), "{what}: {}", answer.text);
    let asked: Vec<&str> = answer
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"))
        .map(|(_, value)| value.split(' ').next().unwrap())
        .collect();
    assert_eq!(asked, ["Bearer", "Basic"], "{what}");
}

#[test]
fn a_token_is_taken_as_bearer_and_as_basic_until_it_is_revoked() {
    let town = Town::new();
    let issued = town.token(&["--role", "auditor"]);
    let (id, token) = (text(&issued, "id"), text(&issued, "token"));
    let secret = token.strip_prefix(&format!("standing_{id}_")).unwrap();
    let plain = format!("Basic {}", BASE64.encode(format!("{id}:{secret}").as_bytes()));
    let good = [format!("Bearer {token}"), format!("bearer {token}"), basic(&id, secret), basic(&id, &token), plain];
    for credentials in &good {
        let answer = town.with(Some(credentials), "GET", "/v1/partners", None);
        assert_eq!(answer.status, 200, "{credentials}: {}", answer.text);
    }
    let other = if token.ends_with('A') { 'B' } else { 'A' };
    let altered = format!("{}{other}", &token[..token.len() - 1]);
    let bad = [
        format!("Bearer {altered}"),
        format!("Bearer {secret}"),
        format!("Bearer {token}x"),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        token.clone(),
        format!("Digest {token}"),
        basic(&id, "wrong"),
        basic("nobody", secret),
        basic(&id, ""),
        "Basic %%%".to_owned(),
        format!("Basic {}", BASE64.encode(id.as_bytes())),
        "undefined".to_owned(),
    ];
    for (number, credentials) in bad.iter().enumerate() {
        // Each from an address of its own: one that sends many wrong ones is told to wait.
        let from = format!("for=192.0.2.{number}");
        let headers = [("authorization", credentials.as_str()), ("forwarded", from.as_str())];
        assert_unauthenticated(&town.server.send("GET", "/v1/partners", &headers, None), credentials);
    }
    assert_unauthenticated(&town.with(None, "GET", "/v1/partners", None), "none");
    let twice = [("authorization", good[0].as_str()), ("authorization", good[0].as_str())];
    assert_unauthenticated(&town.server.send("GET", "/v1/partners", &twice, None), "twice");
    let revoked = town.by("operator", "DELETE", &format!("/v1/tokens/{id}"), None);
    assert_eq!(revoked.status, 200, "{}", revoked.text);
    for credentials in &good {
        assert_unauthenticated(&town.with(Some(credentials), "GET", "/v1/partners", None), "revoked");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_ends_by_itself_at_its_end() {
    let stage = Stage::new();
    let end = time("2026-02-01T00:00:00Z");
    let new = NewToken { expires: Some(end), ..NewToken::of(Speaker::Role(Role::Auditor)) };
    let issued = change::tokens::create_token(&stage.pdp, &Call::of(Caller::local()), new).await;
    let issued = issued.unwrap_or_else(|error| panic!("{error}")).value;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (_stop, told) = tokio::sync::watch::channel(false);
    let served = surface(Arc::clone(&stage.pdp), Listener::Guarded, Shutdown::on(told));
    tokio::spawn(warp::serve(served).incoming(listener).run());
    let bearer = format!("Bearer {}", issued.token);
    let ask = move |credentials: String| {
        let base = base.clone();
        tokio::task::spawn_blocking(move || {
            call(&base, "GET", "/v1/partners", &[("authorization", &credentials)], None).unwrap()
        })
    };
    stage.clock.set(time("2026-01-31T23:59:59.999Z"));
    assert_eq!(ask(bearer.clone()).await.unwrap().status, 200);
    stage.clock.set(end);
    assert_unauthenticated(&ask(bearer).await.unwrap(), "at its end");
    assert_unauthenticated(&ask(basic(issued.id.as_str(), &issued.token)).await.unwrap(), "at its end");
}
