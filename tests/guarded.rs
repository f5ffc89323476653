//! A running server that asks for credentials, and those who have some.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Answer, Server, standing};

/// A server with two partners, two customers and what contoso and fabrikam sold them.
pub struct Guarded {
    pub server: Server,
    pub data: TempDir,
    pub operator: String,
}

impl Guarded {
    /// Contoso sold three subscriptions to adatum and administers it, fabrikam sold one to each customer.
    pub fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path(), &[]);
        let operator = token(data.path(), &["--role", "operator"]);
        let guarded = Self { server, data, operator };
        for id in ["contoso", "fabrikam"] {
            guarded
                .tells(&format!("/v1/partners/{id}"), &json!({ "name": id, "kind": "directBill", "status": "active" }));
        }
        for id in ["adatum", "wingtip"] {
            guarded.tells(&format!("/v1/customers/{id}"), &json!({ "name": id }));
        }
        for (id, customer, seller) in [
            ("s-1", "adatum", "contoso"),
            ("s-2", "adatum", "contoso"),
            ("s-3", "adatum", "contoso"),
            ("s-4", "adatum", "fabrikam"),
            ("s-foreign", "wingtip", "fabrikam"),
        ] {
            let sold = json!({
                "customer": customer, "service": "office365", "originalReseller": seller, "quantity": 5,
                "status": "active",
            });
            guarded.tells(&format!("/v1/subscriptions/{id}"), &sold);
        }
        let path = "/v1/partners/contoso/relationship-request";
        let link = guarded.by(&guarded.operator, "GET", path, None).json()["token"].as_str().unwrap().to_owned();
        let accepting = json!({ "customer": "adatum", "services": ["office365", "mail"] });
        let path = format!("/v1/relationship-requests/{link}/acceptance");
        assert_eq!(guarded.by(&guarded.operator, "POST", &path, Some(&accepting)).status, 200);
        guarded
    }

    /// The same store, served anew.
    pub fn restarted(self) -> Self {
        let Self { server, data, operator } = self;
        assert!(server.terminate().success());
        Self { server: Server::start(data.path(), &[]), data, operator }
    }

    fn tells(&self, path: &str, body: &Value) {
        let answer = self.by(&self.operator, "PUT", path, Some(body));
        assert_eq!(answer.status, 201, "{path}: {}", answer.text);
    }

    /// A new token of a role.
    pub fn token(&self, arguments: &[&str]) -> String {
        token(self.data.path(), arguments)
    }

    /// The answer to a call by the bearer of a token.
    pub fn by(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(Value::to_string);
        self.with(token, method, path, &[("content-type", "application/json")], body.as_deref().map(str::as_bytes))
    }

    /// The answer to a call by the bearer of a token, with headers.
    pub fn with(&self, token: &str, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let credentials = format!("Bearer {token}");
        let headers = [&[("authorization", credentials.as_str())], headers].concat();
        self.server.send(method, path, &headers, body)
    }
}

fn token(data: &Path, arguments: &[&str]) -> String {
    let data = data.to_str().unwrap();
    let output = standing(&[&["token", "create", "--json", "--data", data], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let issued: Value = serde_json::from_slice(&output.stdout).unwrap();
    issued["token"].as_str().unwrap().to_owned()
}
