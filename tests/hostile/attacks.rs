//! What hostile callers do; each is bounded by the moment at which it ends.

use std::fmt::Write as _;
use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::scene::{Scene, answer, question, send};

/// An attack: how many do it at once, and what each does until a moment; how many calls it came to.
pub struct Attack {
    pub name: &'static str,
    pub at_once: usize,
    pub run: fn(&Scene, usize, Instant) -> usize,
}

const JSON: &str = "application/json";
const EACH: &[u8] = b"x";

pub const ATTACKS: &[Attack] = &[
    Attack { name: "what-ifs that touch everything", at_once: 2, run: what_ifs },
    Attack { name: "access reviews of a customer's own page", at_once: 4, run: access_reviews },
    Attack { name: "searches over 10,000 candidates", at_once: 4, run: resource_searches },
    Attack { name: "subject searches over 1,000 administrators", at_once: 4, run: subject_searches },
    Attack { name: "searches that are abandoned", at_once: 8, run: abandoned_searches },
    Attack { name: "pages of 1,000 records", at_once: 4, run: pages },
    Attack { name: "reviews of rules, abandoned", at_once: 16, run: reviews },
    Attack { name: "schemas that grow without end", at_once: 4, run: schemas },
    Attack { name: "imports in a loop", at_once: 1, run: imports },
    Attack { name: "batches of 10,000", at_once: 4, run: batches },
    Attack { name: "batches with a request id of 1 KiB", at_once: 2, run: named_batches },
    Attack { name: "a flood of single questions", at_once: 8, run: flood },
    Attack { name: "half heads", at_once: 4, run: half_heads },
    Attack { name: "bodies that come a byte at a time", at_once: 4, run: slow_bodies },
    Attack { name: "exports that nobody reads", at_once: 4, run: unread },
    Attack { name: "guessed tokens", at_once: 4, run: guesses },
    Attack { name: "forged cursors", at_once: 4, run: cursors },
    Attack { name: "connections that are aborted", at_once: 4, run: aborted },
];

/// Does one thing after the other until it is over; how often.
fn again(until: Instant, mut once: impl FnMut() -> Option<()>) -> usize {
    let mut times = 0;
    while Instant::now() < until {
        if once().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        times += 1;
    }
    times
}

/// Makes one call after the other, each on a connection that is kept while it can be.
fn calls(scene: &Scene, token: &str, method: &str, path: &str, body: &str, until: Instant) -> usize {
    let text = scene.request(token, method, path, JSON, body);
    let mut stream: Option<BufReader<TcpStream>> = None;
    again(until, || {
        if stream.is_none() {
            stream = Some(BufReader::new(scene.connect()?));
        }
        let held = stream.as_mut()?;
        // Nobody waits for an answer longer than the attack goes on.
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(10));
        let _ = held.get_ref().set_read_timeout(Some(left));
        let answered = send(held.get_mut(), &text).and_then(|()| answer(held));
        if answered.is_none() {
            stream = None;
        }
        answered.map(drop)
    })
}

fn what_ifs(scene: &Scene, _: usize, until: Instant) -> usize {
    let changes = json!({ "changes": [{ "put": { "noun": "partner", "id": "seller", "name": "Seller", "kind": "directBill", "status": "suspended" } }] });
    calls(scene, &scene.reviewer, "POST", "/v1/what-if", &changes.to_string(), until)
}

fn access_reviews(scene: &Scene, _: usize, until: Instant) -> usize {
    calls(scene, &scene.customer, "GET", "/v1/access-review?customer=many&limit=1000", "", until)
}

fn search() -> (&'static str, Value) {
    let body = json!({ "subject": { "type": "Partner", "id": "seller" }, "action": { "name": "removeSeats" }, "resource": { "type": "Subscription" } });
    ("/access/v1/search/resource", body)
}

fn resource_searches(scene: &Scene, _: usize, until: Instant) -> usize {
    let (path, body) = search();
    calls(scene, &scene.other_asker, "POST", path, &body.to_string(), until)
}

fn subject_searches(scene: &Scene, _: usize, until: Instant) -> usize {
    let body = json!({ "subject": { "type": "Partner" }, "action": { "name": "provision" }, "resource": { "type": "Subscription", "id": "s-crowded" } });
    calls(scene, &scene.other_asker, "POST", "/access/v1/search/subject", &body.to_string(), until)
}

fn abandoned_searches(scene: &Scene, _: usize, until: Instant) -> usize {
    let (path, body) = search();
    let text = scene.request(&scene.other_asker, "POST", path, JSON, &body.to_string());
    again(until, || {
        let mut stream = scene.connect()?;
        send(&mut stream, &text)?;
        std::thread::sleep(Duration::from_millis(20));
        Some(())
    })
}

fn pages(scene: &Scene, _: usize, until: Instant) -> usize {
    calls(scene, &scene.auditor, "GET", "/v1/decisions?limit=1000&order=newest", "", until)
}

/// A set of rules that nobody has seen.
fn candidate(nth: usize, schema: Option<String>) -> String {
    let mut files: serde_json::Map<String, Value> =
        standing::policy::RuleFiles::built_in().iter().map(|(path, text)| (path.to_owned(), text.into())).collect();
    files.insert("policies/NOTE.md".to_owned(), format!("{nth} {:?}", Instant::now()).into());
    if let Some(schema) = schema {
        files.insert("schemas/more.cedarschema".to_owned(), schema.into());
    }
    json!({ "files": files }).to_string()
}

fn reviews(scene: &Scene, index: usize, until: Instant) -> usize {
    let text = scene.request(&scene.reviewer, "POST", "/v1/rules/review", JSON, &candidate(index, None));
    let Some(mut stream) = scene.connect() else { return 0 };
    let begun = send(&mut stream, &text).is_some();
    std::thread::sleep(until.saturating_duration_since(Instant::now()));
    usize::from(begun)
}

fn schemas(scene: &Scene, index: usize, until: Instant) -> usize {
    let mut schema = String::from("type T40 = String;\n");
    for nth in 0..40 {
        let _ = writeln!(schema, "type T{nth} = {{ a: T{next}, b: T{next} }};", next = nth + 1);
    }
    calls(scene, &scene.reviewer, "POST", "/v1/rules/review", &candidate(index, Some(schema)), until)
}

fn imports(scene: &Scene, _: usize, until: Instant) -> usize {
    let mut nth = 0;
    again(until, || {
        let mut lines = String::new();
        for _ in 0..1_000 {
            nth += 1;
            let _ = writeln!(lines, r#"{{"noun":"customer","id":"new-{nth}","name":"New"}}"#);
        }
        scene.call(&scene.operator, "POST", "/v1/import", "application/x-ndjson", &lines).map(drop)
    })
}

fn many(times: usize) -> String {
    let defaults = question();
    let each = vec![json!({}); times];
    let mut body = defaults.as_object().cloned().unwrap_or_default();
    body.insert("evaluations".to_owned(), each.into());
    Value::Object(body).to_string()
}

fn batches(scene: &Scene, _: usize, until: Instant) -> usize {
    calls(scene, &scene.other_asker, "POST", "/access/v1/evaluations", &many(10_000), until)
}

fn named_batches(scene: &Scene, _: usize, until: Instant) -> usize {
    let body = many(10_000);
    let text = scene.request(&scene.other_asker, "POST", "/access/v1/evaluations", JSON, &body);
    let text = text.replacen("\r\n", &format!("\r\nx-request-id: {}\r\n", "r".repeat(1_024)), 1);
    again(until, || {
        let mut stream = BufReader::new(scene.connect()?);
        send(stream.get_mut(), &text)?;
        answer(&mut stream).map(drop)
    })
}

fn flood(scene: &Scene, _: usize, until: Instant) -> usize {
    calls(scene, &scene.other_asker, "POST", "/access/v1/evaluation", &question().to_string(), until)
}

/// Connections that are held until it is over, each with the beginning of a call.
fn held(scene: &Scene, begun: &str, until: Instant, mut each: impl FnMut(&mut TcpStream) -> Option<()>) -> usize {
    let mut open = Vec::new();
    while open.len() < 200 && Instant::now() < until {
        let Some(mut stream) = scene.connect() else { break };
        if send(&mut stream, begun).is_none() {
            break;
        }
        open.push(stream);
    }
    while Instant::now() < until {
        open.retain_mut(|stream| each(stream).is_some());
        std::thread::sleep(Duration::from_millis(100));
    }
    open.len()
}

fn half_heads(scene: &Scene, _: usize, until: Instant) -> usize {
    held(scene, "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-a: ", until, |stream| stream.write_all(EACH).ok())
}

fn slow_bodies(scene: &Scene, _: usize, until: Instant) -> usize {
    let whole = scene.request(&scene.other_asker, "POST", "/access/v1/evaluations", JSON, &many(10_000));
    let head = whole.split_once("\r\n\r\n").map_or("", |(head, _)| head).to_owned() + "\r\n\r\n{";
    held(scene, &head, until, |stream| stream.write_all(b" ").ok())
}

fn unread(scene: &Scene, _: usize, until: Instant) -> usize {
    let text = scene.request(&scene.operator, "GET", "/v1/export", JSON, "");
    held(scene, &text, until, |_| Some(()))
}

fn guesses(scene: &Scene, index: usize, until: Instant) -> usize {
    let mut nth = 0;
    let body = question().to_string();
    again(until, || {
        nth += 1;
        let token = format!("st_{index:08x}{nth:08x}_{:064x}", nth);
        scene.call(&token, "POST", "/access/v1/evaluation", JSON, &body).map(drop)
    })
}

fn cursors(scene: &Scene, _: usize, until: Instant) -> usize {
    let path = format!("/v1/access-review?customer=many&cursor={}", "A".repeat(4_000));
    calls(scene, &scene.customer, "GET", &path, "", until)
}

fn aborted(scene: &Scene, _: usize, until: Instant) -> usize {
    let text = scene.request(&scene.other_asker, "POST", "/access/v1/evaluation", JSON, &question().to_string());
    again(until, || {
        let mut stream = scene.connect()?;
        send(&mut stream, &text)?;
        // What is not read when it is closed makes it a reset.
        let _ = stream.set_read_timeout(Some(Duration::from_millis(1)));
        let mut first = [0_u8; 1];
        let _ = stream.read(&mut first);
        Some(())
    })
}
