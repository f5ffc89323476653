//! A proxy asks before it passes a call on: what it is answered, what is recorded, and that no call is read in two ways.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Answer, Server, call, standing};

const MANUAL: &str = include_str!("../src/manual/proxies.md");

/// The settings that the manual shows, for one of the proxies.
fn settings(proxy: &str) -> String {
    let shown = MANUAL.split("```toml\n").nth(1).unwrap().split("\n```").next().unwrap();
    shown.replace("proxy = \"nginx\"", &format!("proxy = \"{proxy}\""))
}

/// A server that answers a proxy, with one sale: contoso sold `s-adatum` to adatum.
struct Gate {
    server: Server,
    data: TempDir,
    tokens: BTreeMap<&'static str, String>,
}

impl Gate {
    fn before(proxy: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("standing.toml");
        fs::write(&file, settings(proxy)).unwrap();
        let server = Server::start(data.path(), &["--config", file.to_str().unwrap()]);
        let mut tokens = BTreeMap::new();
        for role in ["operator", "asker", "auditor", "registrar", "reviewer"] {
            tokens.insert(role, token(data.path(), &["--role", role]));
        }
        let gate = Self { server, data, tokens };
        let partner = json!({ "name": "Partner", "kind": "directBill", "status": "active" });
        for (path, body) in [
            ("/v1/partners/contoso", &partner),
            ("/v1/partners/fabrikam", &partner),
            ("/v1/customers/adatum", &json!({ "name": "Adatum" })),
            (
                "/v1/subscriptions/s-adatum",
                &json!({ "customer": "adatum", "service": "office365", "originalReseller": "contoso", "quantity": 5,
                    "status": "active" }),
            ),
        ] {
            let headers = [("content-type", "application/json"), ("authorization", gate.tokens["operator"].as_str())];
            let told = gate.server.send("PUT", path, &headers, Some(body.to_string().as_bytes()));
            assert_eq!(told.status, 201, "{}", told.text);
        }
        gate
    }

    fn asks(&self, who: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut headers = headers.to_vec();
        headers.push(("authorization", self.tokens[who].as_str()));
        self.server.send(method, path, &headers, None)
    }

    /// The answer to a proxy with these headers, and the record of it.
    fn asked(&self, headers: &[(&str, &str)]) -> (u16, Value) {
        self.recorded(self.asks("asker", "GET", "/v1/forward-auth", headers))
    }

    fn recorded(&self, answer: Answer) -> (u16, Value) {
        let place = answer.header("standing-decision").unwrap_or_else(|| panic!("no record: {answer:?}"));
        let headers = [("authorization", self.tokens["auditor"].as_str())];
        let record = self.server.send("GET", &format!("/v1/decisions/{place}"), &headers, None).json();
        assert_eq!(record["asked"], "evaluation", "{record}");
        assert_eq!(record["decision"], answer.status == 200, "{record}");
        if answer.status == 200 {
            assert_eq!(answer.text, "");
        } else {
            // Whoever called learns nothing of why.
            assert_eq!((answer.status, answer.code()), (403, "may_not_go_on".to_owned()), "{answer:?}");
            for word in ["contoso", "adatum", "subscription", "partner"] {
                assert!(!answer.text.contains(word), "{}", answer.text);
            }
        }
        (answer.status, record)
    }
}

fn token(data: &Path, arguments: &[&str]) -> String {
    let output = standing(&[&["token", "create", "--json", "--data", data.to_str().unwrap()], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    format!("Bearer {}", made["token"].as_str().unwrap())
}

const SEATS: &str = "/subscriptions/s-adatum/seats";

fn original<'a>(method: &'a str, uri: &'a str, partner: &'a str) -> [(&'a str, &'a str); 3] {
    [("x-original-method", method), ("x-original-uri", uri), ("x-partner", partner)]
}

#[test]
fn a_call_that_the_rules_allow_goes_on_and_every_other_is_refused_with_a_record() {
    let gate = Gate::before("nginx");
    let (status, record) = gate.asked(&original("DELETE", SEATS, "contoso"));
    assert_eq!(status, 200, "{record}");
    assert_eq!(
        (
            &record["question"]["subject"]["id"],
            &record["question"]["action"]["name"],
            &record["question"]["resource"]["id"]
        ),
        (&json!("contoso"), &json!("removeSeats"), &json!("s-adatum"))
    );
    for (partner, uri, reason) in [
        ("fabrikam", SEATS, "no_relationship"),
        ("nobody", SEATS, "unknown_partner"),
        ("contoso", "/subscriptions/s-nothing/seats", "unknown_subscription"),
    ] {
        let (status, record) = gate.asked(&original("DELETE", uri, partner));
        assert_eq!((status, record["reason"].as_str()), (403, Some(reason)), "{record}");
    }
    // A resource of two parts, and a query that does not matter.
    let tickets = "/customers/adatum/services/office365/tickets";
    let with_query = format!("{tickets}?page=2");
    for uri in [tickets, with_query.as_str()] {
        let (_, record) = gate.asked(&original("HEAD", uri, "contoso"));
        assert_eq!(record["question"]["resource"]["id"], "adatum/office365", "{record}");
    }
}

#[test]
fn a_call_that_could_be_read_in_two_ways_is_no_question() {
    let gate = Gate::before("nginx");
    assert_eq!(gate.asked(&original("DELETE", SEATS, "contoso")).0, 200);
    let refused = |headers: &[(&str, &str)]| {
        let (status, record) = gate.asked(headers);
        assert_eq!(status, 403, "{headers:?}: {record}");
        record["invalid"].as_str().unwrap_or_else(|| panic!("{headers:?}: {record}")).to_owned()
    };
    for uri in [
        "",
        "*",
        "/",
        "subscriptions/s-adatum/seats",
        "http://shop.example/subscriptions/s-adatum/seats",
        "//subscriptions/s-adatum/seats",
        "/subscriptions//s-adatum/seats",
        "/subscriptions/s-adatum//seats",
        "/subscriptions/s-adatum/seats/",
        "/subscriptions/s-adatum/seats//",
        "/./subscriptions/s-adatum/seats",
        "/subscriptions/s-adatum/./seats",
        "/subscriptions/s-other/../s-adatum/seats",
        "/subscriptions/s-adatum/seats/..",
        "/subscriptions/s-adatum/seats/.",
        "/subscriptions/.../seats",
        "/subscriptions/s%2Dadatum/seats",
        "/subscriptions/s-adatum%2Fseats",
        "/subscriptions/s-adatum%2fseats",
        "/subscriptions/s-adatum/seats%2F..%2F..",
        "/subscriptions/s-adatum/seats%00",
        "/subscriptions/s-adatum/%73eats",
        "/subscriptions/%2e%2e/subscriptions/s-adatum/seats",
        "/subscriptions/s-adatum/seats;v=1",
        "/subscriptions/s-adatum;v=1/seats",
        "/subscriptions\\s-adatum\\seats",
        "/subscriptions/s-adatum/seats\\",
        "/subscriptions/s-adatum/seats#end",
        "/subscriptions/s-adatum/seats?",
        "/subscriptions/s-adatum/seats?_method=GET",
        "/subscriptions/s-adatum/seats?a/../b",
        "/subscriptions/{subscription}/seats",
        "/subscriptions/s-adatum/seats,",
        "/SUBSCRIPTIONS/s-adatum/seats",
        "/subscriptions/s-adatum",
        "/subscriptions/s-adatum/seats/more",
        "/customers/adatum/services/office365/tickets",
    ] {
        refused(&original("DELETE", uri, "contoso"));
    }
    for method in ["", "GET", "POST", "delete", "DELETE, GET", "PURGE"] {
        refused(&original(method, SEATS, "contoso"));
    }
    for partner in ["", "..", "contoso fabrikam", "contoso,fabrikam", "con%74oso", "adatum/contoso"] {
        refused(&original("DELETE", SEATS, partner));
    }
    let good = original("DELETE", SEATS, "contoso");
    // What is said twice, even in the same words.
    for header in good {
        refused(&[&good[..], &[header]].concat());
    }
    for left_out in 0..good.len() {
        let rest: Vec<_> =
            good.iter().enumerate().filter(|(place, _)| *place != left_out).map(|(_, one)| *one).collect();
        refused(&rest);
    }
    // What else says which call it is.
    for other in [
        ("x-forwarded-uri", "/subscriptions/s-other/seats"),
        ("x-forwarded-method", "GET"),
        ("x-http-method-override", "GET"),
        ("x-method-override", "DELETE"),
        ("x-original-url", SEATS),
        ("x-rewrite-url", SEATS),
    ] {
        refused(&[&good[..], &[other]].concat());
    }
    let same = [&good[..], &[("x-forwarded-method", "DELETE"), ("x-forwarded-uri", SEATS)]].concat();
    assert_eq!(gate.asked(&same).0, 200, "both say the same");
    // A client of nginx may send what traefik would.
    refused(&[("x-forwarded-method", "DELETE"), ("x-forwarded-uri", SEATS), ("x-partner", "contoso")]);
}

#[test]
fn only_an_asker_asks_for_a_proxy() {
    let gate = Gate::before("nginx");
    let good = original("DELETE", SEATS, "contoso");
    for who in ["operator", "auditor", "registrar", "reviewer"] {
        let answer = gate.asks(who, "GET", "/v1/forward-auth", &good);
        assert_eq!((answer.status, answer.code()), (403, "not_permitted".to_owned()), "{who}: {}", answer.text);
    }
    for kind in ["partner", "customer"] {
        let id = if kind == "partner" { "contoso" } else { "adatum" };
        let own = token(gate.data.path(), &["--role", kind, "--for", id]);
        let headers = [&good[..], &[("authorization", own.as_str())]].concat();
        assert_eq!(gate.server.send("GET", "/v1/forward-auth", &headers, None).status, 403, "{kind}");
    }
    assert_eq!(gate.server.send("GET", "/v1/forward-auth", &good, None).status, 401);
    let answer = gate.asks("asker", "POST", "/v1/forward-auth", &good);
    assert_eq!(answer.status, 405, "{}", answer.text);
    // Without a table nothing is a question.
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    let asker = token(data.path(), &["--role", "asker"]);
    let headers = [&good[..], &[("authorization", asker.as_str())]].concat();
    let answer = server.send("GET", "/v1/forward-auth", &headers, None);
    assert_eq!((answer.status, answer.code()), (403, "may_not_go_on".to_owned()));
}

#[test]
fn traefik_sends_its_own_headers_and_envoy_the_call_itself() {
    let gate = Gate::before("traefik");
    let forwarded = [("x-forwarded-method", "DELETE"), ("x-forwarded-uri", SEATS), ("x-partner", "contoso")];
    assert_eq!(gate.asked(&forwarded).0, 200);
    assert_eq!(gate.asked(&original("DELETE", SEATS, "contoso")).0, 403);
    assert_eq!(gate.asked(&[&forwarded[..], &[("x-original-uri", "/elsewhere")]].concat()).0, 403);
    let below = format!("/v1/forward-auth{SEATS}");
    let partner = [("x-partner", "contoso")];
    assert_eq!(gate.recorded(gate.asks("asker", "DELETE", &below, &partner)).0, 403, "it is no envoy");

    let gate = Gate::before("envoy");
    let asked = |method: &str, path: &str, headers: &[(&str, &str)]| {
        gate.recorded(gate.asks("asker", method, &format!("/v1/forward-auth{path}"), headers)).0
    };
    assert_eq!(asked("DELETE", SEATS, &partner), 200);
    assert_eq!(asked("DELETE", SEATS, &[("x-partner", "fabrikam")]), 403);
    for (method, path) in [
        ("GET", SEATS),
        ("POST", SEATS),
        ("GET", ""),
        ("DELETE", "/"),
        ("DELETE", "//subscriptions/s-adatum/seats"),
        ("DELETE", "/subscriptions/s-adatum/seats?a=b&a=c"),
        ("DELETE", "/subscriptions/x/../s-adatum/seats"),
        ("DELETE", "/subscriptions/s-adatum/seats%2F"),
    ] {
        assert_eq!(asked(method, path, &partner), 403, "{method} {path}");
    }
    assert_eq!(asked("DELETE", SEATS, &[&partner[..], &[("x-original-uri", "/elsewhere")]].concat()), 403);
    assert_eq!(gate.asked(&original("DELETE", SEATS, "contoso")).0, 403, "a client may send these headers");
}

#[test]
fn a_table_that_cannot_be_meant_is_refused_with_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("standing.toml");
    let good = settings("nginx");
    let checked = |text: &str| {
        fs::write(&file, text).unwrap();
        let output = standing(&["config", "check", "--config", file.to_str().unwrap()]);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(checked(&good).0, Some(0), "{}", checked(&good).1);
    let path = "\"/subscriptions/{subscription}/seats\"";
    for (from, to, says) in [
        ("proxy = \"nginx\"", "proxy = \"apache\"", "apache"),
        ("subject = \"X-Partner\"", "subject = \"Authorization\"", "`subject` is `Authorization`"),
        ("subject = \"X-Partner\"", "subject = \"X Partner\"", "`subject` is `X Partner`"),
        ("methods = [\"DELETE\"]", "methods = []", "the methods of"),
        ("methods = [\"DELETE\"]", "methods = [\"delete\"]", "the methods of"),
        ("methods = [\"DELETE\"]", "method = \"DELETE\"", "method"),
        (path, "\"subscriptions\"", "is no path"),
        (path, "\"/subscriptions/{subscription}/seats/\"", "is no path"),
        (path, "\"/subscriptions/*\"", "is no path"),
        (path, "\"/subscriptions/{subscription}/%2e\"", "is no path"),
        (path, "\"/subscriptions/{*rest}\"", "is no path"),
        (path, "\"/{subscription}/{subscription}\"", "have one name"),
        (path, "\"/subscriptions/{id}/seats\"", "the resource of"),
        (path, "\"/customers/{subscription}/services/{x}/{y}\"", ""),
        ("\"Subscription::{subscription}\"", "\"{subscription}\"", "the resource of"),
        ("\"Subscription::{subscription}\"", "\"Subscription::\"", "the resource of"),
        ("action = \"removeSeats\"", "action = \"\"", "the action of"),
    ] {
        let text = good.replace(from, to);
        assert_ne!(text, good, "{from}");
        let (code, said) = checked(&text);
        if says.is_empty() {
            assert_eq!(code, Some(0), "{said}");
        } else {
            assert_eq!(code, Some(2), "{to}: {said}");
            assert!(said.contains(says), "{to}: {said}");
        }
    }
    // Neither of the two says more than the other.
    let route = |path: &str| {
        format!(
            "\n[[forward_auth.routes]]\nmethods = [\"DELETE\"]\npath = \"{path}\"\naction = \"removeSeats\"\nresource = \"Subscription::s\"\n"
        )
    };
    for (path, code) in [
        ("/subscriptions/{other}/seats", 2),
        ("/{any}/s-adatum/seats", 2),
        ("/subscriptions/s-adatum/seats", 0),
        ("/subscriptions/{other}/add-ons", 0),
        ("/{any}/{other}/{last}", 0),
    ] {
        let (found, said) = checked(&(good.clone() + &route(path)));
        assert_eq!(found, Some(code), "{path}: {said}");
    }
}

/// A service that says of each call which it was.
fn service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap_or_default();
            let line = String::from_utf8_lossy(&head[..read]).lines().next().unwrap_or_default().to_owned();
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{line}", line.len());
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn nginx_set_up_as_the_manual_says_passes_on_what_is_allowed_and_nothing_else() {
    let program = ["nginx", "/usr/sbin/nginx"].into_iter().find(|program| {
        Command::new(program).arg("-v").stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    });
    let Some(program) = program else {
        println!("skipped: there is no nginx");
        return;
    };
    let gate = Gate::before("nginx");
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let shown = MANUAL.split("```nginx\n").nth(1).unwrap().split("\n```").next().unwrap();
    let server = shown
        .replace("127.0.0.1:8080", &format!("127.0.0.1:{port}"))
        .replace("127.0.0.1:9000", &service())
        .replace("127.0.0.1:8181", gate.server.base.trim_start_matches("http://"))
        .replace("Bearer TOKEN", &gate.tokens["asker"]);
    let at = folder.path().display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("    {kind}_temp_path {at}/{kind};\n"))
        .concat();
    let user = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
    let file = folder.path().join("nginx.conf");
    let text = format!(
        "{user}daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log {at}/error.log;\nevents {{}}\nhttp {{\n    access_log off;\n{temporary}{server}\n}}\n"
    );
    fs::write(&file, text).unwrap();
    let _nginx = Nginx(Command::new(program).arg("-c").arg(&file).arg("-p").arg(folder.path()).spawn().unwrap());
    let base = format!("http://127.0.0.1:{port}");
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let log = fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
        assert!(began.elapsed() < Duration::from_secs(20), "nginx does not listen: {log}");
        std::thread::sleep(Duration::from_millis(20));
    }
    let passed = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let answer = call(&base, method, path, headers, None).unwrap();
        (answer.status, answer.text)
    };
    let contoso = [("x-api-key", "key-of-contoso")];
    assert_eq!(passed("DELETE", SEATS, &contoso), (200, format!("DELETE {SEATS} HTTP/1.0")));
    for (method, path, headers) in [
        ("GET", SEATS, &contoso[..]),
        ("DELETE", SEATS, &[("x-api-key", "key-of-fabrikam")]),
        ("DELETE", SEATS, &[]),
        // What a client says of itself and of the call is not passed on, or is refused.
        ("DELETE", SEATS, &[("x-partner", "contoso")]),
        ("DELETE", SEATS, &[("x-api-key", "key-of-fabrikam"), ("x-partner", "contoso")]),
        ("GET", SEATS, &[contoso[0], ("x-original-method", "DELETE")]),
        ("DELETE", "/subscriptions/s-other/seats", &[contoso[0], ("x-original-uri", SEATS)]),
        ("DELETE", "/subscriptions/s-adatum//seats", &contoso),
        ("DELETE", "/subscriptions/s-adatum%2Fseats", &contoso),
        ("DELETE", "/subscriptions/x/%2e%2e/s-adatum/seats", &contoso),
        ("DELETE", "/subscriptions/s-adatum/seats?a=b", &contoso),
        ("DELETE", "/standing", &contoso),
    ] {
        let (status, text) = passed(method, path, headers);
        assert!(
            [403, 404].contains(&status) && !text.contains("HTTP/1.0"),
            "{method} {path} {headers:?}: {status} {text}"
        );
    }
    // A condition of the client's is the service's matter.
    let conditional = [contoso[0], ("if-none-match", "\"1\""), ("x-http-method-override", "GET")];
    assert_eq!(passed("DELETE", SEATS, &conditional).0, 200);
    gate.server.kill();
    assert_eq!(passed("DELETE", SEATS, &contoso).0, 500, "nobody says yes any more");
}
