//! Asking about the past, and by other rules than those in force: who may, and what the answer says of itself.

use std::path::Path;

use serde_json::{Value, json};

use crate::in_force::Folder;
use crate::server::{Answer, Server, question, standing};
use crate::shipped::TIGHTER;

const ASKING: [&str; 5] = [
    "/access/v1/evaluation",
    "/access/v1/evaluations",
    "/access/v1/search/subject",
    "/access/v1/search/resource",
    "/access/v1/search/action",
];

fn token(data: &Path, role: &[&str]) -> String {
    let given = ["token", "create", "--json", "--data", data.to_str().unwrap(), "--role"];
    let output = standing(&[&given[..], role].concat());
    let created: Value = serde_json::from_slice(&output.stdout).unwrap();
    format!("Bearer {}", created["token"].as_str().unwrap())
}

fn send(server: &Server, who: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let headers = [("content-type", "application/json"), ("authorization", who)];
    server.send(method, path, &headers, body.map(Value::to_string).as_deref().map(str::as_bytes))
}

fn asked(path: &str) -> Value {
    let one = question("contoso", "removeSeats", "Subscription", "s-1");
    if path.ends_with("/evaluations") { json!({ "evaluations": [one, one] }) } else { one }
}

/// A server whose rules were changed once, with the digests of both sets and the moments they came in force.
fn changed_once(data: &Path, folder: &Folder) -> (Server, String, [(String, String); 2]) {
    let server = Server::start(data, &["--rules", folder.path().to_str().unwrap()]);
    let operator = token(data, &["operator"]);
    let of = |status: &Value| {
        let text = |member: &str| status[member].as_str().unwrap().to_owned();
        (text("digest"), text("since"))
    };
    let status = || of(&send(&server, &operator, "GET", "/v1/rules", None).json());
    let first = status();
    folder.write(TIGHTER.0, TIGHTER.1);
    let began = std::time::Instant::now();
    while status() == first {
        assert!(began.elapsed() < std::time::Duration::from_secs(240), "the rules stay as they are");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let second = status();
    (server, operator, [first, second])
}

#[test]
fn only_auditors_reviewers_and_operators_ask_about_the_past_and_a_refusal_is_recorded() {
    let (data, folder) = (tempfile::tempdir().unwrap(), Folder::shipped());
    let (server, operator, [(first, since), _]) = changed_once(data.path(), &folder);
    let contoso = json!({ "name": "Contoso", "kind": "directBill", "status": "active" });
    assert_eq!(send(&server, &operator, "PUT", "/v1/partners/contoso", Some(&contoso)).status, 201);
    let adatum = json!({ "name": "Adatum" });
    assert_eq!(send(&server, &operator, "PUT", "/v1/customers/adatum", Some(&adatum)).status, 201);
    let auditor = token(data.path(), &["auditor"]);
    let may = [auditor.clone(), token(data.path(), &["reviewer"]), operator];
    let may_not: [&[&str]; 4] =
        [&["asker"], &["registrar"], &["partner", "--for", "contoso"], &["customer", "--for", "adatum"]];
    let may_not = may_not.map(|role| token(data.path(), role));
    let queries =
        [format!("as_of={since}"), "as_of=1".to_owned(), format!("rules={first}"), "rules=current".to_owned()];
    for path in ASKING {
        for query in &queries {
            for who in &may {
                let answer = send(&server, who, "POST", &format!("{path}?{query}"), Some(&asked(path)));
                assert_eq!(answer.status, 200, "{path}?{query}: {}", answer.text);
            }
            for who in &may_not {
                let answer = send(&server, who, "POST", &format!("{path}?{query}"), Some(&asked(path)));
                assert_eq!(answer.status, 403, "{path}?{query}: {}", answer.text);
            }
        }
        // Whoever asks asks about now, and nobody else does.
        assert_eq!(send(&server, &may_not[0], "POST", path, Some(&asked(path))).status, 200, "{path}");
        assert_eq!(send(&server, &auditor, "POST", path, Some(&asked(path))).status, 403, "{path}");
    }
    let list = "/v1/decisions?action=Api::askAboutThePast&decision=false&limit=1000";
    let refused = send(&server, &auditor, "GET", list, None).json();
    let refusals = refused["decisions"].as_array().unwrap().len();
    assert_eq!(refusals, ASKING.len() * queries.len() * may_not.len(), "each has its record: {refused}");
}

#[test]
fn an_answer_by_rules_that_were_not_in_force_then_says_that_it_is_hypothetical() {
    let (data, folder) = (tempfile::tempdir().unwrap(), Folder::shipped());
    let (server, operator, [(first, then), (second, later)]) = changed_once(data.path(), &folder);
    let cases = [
        (String::new(), false),
        ("rules=current".to_owned(), false),
        ("rules=then".to_owned(), false),
        (format!("rules={second}"), false),
        (format!("rules={first}"), true),
        (format!("as_of={then}"), false),
        (format!("as_of={then}&rules=then"), false),
        (format!("as_of={then}&rules={first}"), false),
        (format!("as_of={then}&rules=current"), true),
        (format!("as_of={then}&rules={second}"), true),
        (format!("as_of={later}"), false),
        (format!("as_of={later}&rules={first}"), true),
        // Before the first rules there were none.
        ("as_of=1970-01-02T00:00:00Z".to_owned(), true),
    ];
    for (query, is_hypothetical) in cases {
        for path in ASKING {
            let answer = send(&server, &operator, "POST", &format!("{path}?{query}"), Some(&asked(path)));
            assert_eq!(answer.status, 200, "{path}?{query}: {}", answer.text);
            let said = answer.header("standing-hypothetical");
            assert_eq!(said, is_hypothetical.then_some("true"), "{path}?{query}");
            if path.ends_with("/evaluation") {
                let context = &answer.json()["context"];
                assert_eq!(
                    context.get("hypothetical"),
                    is_hypothetical.then(|| &Value::Bool(true)),
                    "{query}: {context}"
                );
            }
        }
    }
}
