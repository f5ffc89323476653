//! Traces: what a collector receives of calls, and what a collector that does not answer costs them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{Server, question};

/// A collector: each request it received, as its head and its body.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<(String, Vec<u8>)>>>);

fn read(stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

impl Collector {
    /// Starts one that answers each request with a status; returns where it is.
    fn start(status: &'static str) -> (Self, String) {
        let (collector, listener) = (Self::default(), TcpListener::bind("127.0.0.1:0").unwrap());
        let address = format!("http://{}", listener.local_addr().unwrap());
        let received = collector.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(request) = read(&stream) else { continue };
                received.0.lock().unwrap().push(request);
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        (collector, address)
    }

    /// The spans it received, with the names of their services.
    fn spans(&self) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        for (head, body) in &*self.0.lock().unwrap() {
            assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
            assert!(head.to_lowercase().contains("content-type: application/json"), "{head}");
            let request: Value = serde_json::from_slice(body).unwrap();
            for of_service in items(&request["resourceSpans"]) {
                let service = attributes(&of_service["resource"]["attributes"])["service.name"].clone();
                let spans = items(&of_service["scopeSpans"]).iter().flat_map(|scope| items(&scope["spans"]));
                found.extend(spans.map(|span| (service.clone(), span.clone())));
            }
        }
        found
    }

    /// Waits until it has received so many spans.
    fn receives(&self, count: usize) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let spans = self.spans();
            if spans.len() >= count {
                assert!(spans.iter().all(|(service, _)| service == "standing"));
                return spans.into_iter().map(|(_, span)| span).collect();
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{} of {count} spans", spans.len());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// Attributes by their names, numbers as OTLP writes them.
fn attributes(found: &Value) -> BTreeMap<String, String> {
    let value = |attribute: &Value| {
        let value = &attribute["value"];
        text(if value["stringValue"].is_null() { &value["intValue"] } else { &value["stringValue"] })
    };
    items(found).iter().map(|attribute| (text(&attribute["key"]), value(attribute))).collect()
}

fn figure(server: &Server, name: &str) -> f64 {
    let text = server.get("/metrics").text;
    let line = text.lines().find(|line| line.rsplit_once(' ').is_some_and(|(named, _)| named == name));
    line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

#[test]
fn a_collector_receives_a_span_of_each_call_that_belongs_to_a_trace_and_nobody_is_named() {
    let (collector, endpoint) = Collector::start("200 OK");
    let data = tempfile::tempdir().unwrap();
    let environment = [("STANDING_TRACES_ENDPOINT", endpoint.as_str()), ("STANDING_TRACES_ONE_IN", "0")];
    let server = Server::try_start_in(data.path(), &["--demo"], &environment).unwrap();
    let asked = question("contoso", "removeSeats", "Subscription", "s-office").to_string();
    let ask = |traceparent: &str| {
        let headers = [("content-type", "application/json"), ("traceparent", traceparent)];
        let answer = server.send("POST", "/access/v1/evaluation", &headers, Some(asked.as_bytes()));
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.header("standing-revision").unwrap().to_owned()
    };
    let revision = ask(&format!("00-{TRACE}-{SPAN}-01"));
    // What its caller does not keep, and what is in no trace, is in none here.
    ask(&format!("00-{TRACE}-{SPAN}-00"));
    ask("00-nonsense-01");
    let many =
        serde_json::json!({ "evaluations": vec![question("fabrikam", "addSeats", "Subscription", "s-office"); 3] });
    let headers = [("content-type", "application/json"), ("traceparent", &format!("00-{TRACE}-{SPAN}-01") as &str)];
    server.send("POST", "/access/v1/evaluations", &headers, Some(many.to_string().as_bytes()));
    server.send("GET", "/v1/partners/nobody", &headers[1..], None);
    let spans = collector.receives(3);
    let mut shown = Vec::new();
    for span in &spans {
        assert_eq!((&span["traceId"], &span["parentSpanId"]), (&Value::from(TRACE), &Value::from(SPAN)));
        assert_eq!((text(&span["spanId"]).len(), &span["kind"]), (16, &Value::from(2)), "{span}");
        assert_ne!(span["spanId"], SPAN);
        let nanoseconds = |name: &str| text(&span[name]).parse::<u64>().unwrap();
        let took = Duration::from_nanos(nanoseconds("endTimeUnixNano") - nanoseconds("startTimeUnixNano"));
        assert!(took > Duration::ZERO && took < Duration::from_secs(60), "{took:?}");
        let found = attributes(&span["attributes"]);
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        let known = ["http.request.method", "http.response.status_code", "http.route", "standing.decisions"];
        assert!(names == known || names == [&known[..], &["standing.revision"]].concat(), "{names:?}");
        shown.push(format!(
            "{} {} {}",
            text(&span["name"]),
            found["http.response.status_code"],
            found["standing.decisions"]
        ));
        if span["name"] == "POST /access/v1/evaluation" {
            assert_eq!(found["standing.revision"], revision);
        }
    }
    shown.sort();
    assert_eq!(
        shown,
        ["GET /v1/partners/{partner} 404 0", "POST /access/v1/evaluation 200 1", "POST /access/v1/evaluations 200 3"]
    );
    let bodies: Vec<u8> = collector.0.lock().unwrap().iter().flat_map(|(_, body)| body.clone()).collect();
    for name in ["contoso", "fabrikam", "s-office", "nobody"] {
        assert!(!bodies.windows(name.len()).any(|window| window == name.as_bytes()), "{name}");
    }
    assert!((figure(&server, "standing_spans_sent_total") - 3.0).abs() < 0.5);
}

#[test]
fn a_call_without_a_trace_begins_one_which_its_record_names_and_a_stop_sends_what_waits() {
    let (collector, endpoint) = Collector::start("200 OK");
    let data = tempfile::tempdir().unwrap();
    let environment = [("STANDING_TRACES_ENDPOINT", endpoint.as_str())];
    let server = Server::try_start_in(data.path(), &["--demo"], &environment).unwrap();
    let answer = server.post("/access/v1/evaluation", &question("contoso", "removeSeats", "Subscription", "s-office"));
    let place = answer.header("standing-decision").unwrap().to_owned();
    let record = server.get(&format!("/v1/decisions/{place}")).json();
    assert!(server.terminate().success());
    let spans = collector.receives(2);
    let span = spans.iter().find(|span| span["name"] == "POST /access/v1/evaluation").unwrap();
    assert_eq!(record["trace"], span["traceId"], "{record}");
    assert_eq!(span["parentSpanId"], "");
}

#[test]
fn a_collector_that_is_not_there_or_takes_nothing_costs_spans_and_no_answer() {
    let (_refusing, refused) = Collector::start("503 Service Unavailable");
    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_at = format!("http://{}", silent.local_addr().unwrap());
    let nobody = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    for endpoint in [refused, silent_at, nobody] {
        let data = tempfile::tempdir().unwrap();
        let environment = [("STANDING_TRACES_ENDPOINT", endpoint.as_str())];
        let server = Server::try_start_in(data.path(), &["--demo"], &environment).unwrap();
        let asked = question("contoso", "removeSeats", "Subscription", "s-office");
        for _ in 0..50 {
            assert_eq!(server.post("/access/v1/evaluation", &asked).status, 200);
        }
        let began = Instant::now();
        while figure(&server, "standing_spans_dropped_total{why=\"not_sent\"}") < 50.0 {
            assert!(began.elapsed() < Duration::from_secs(30), "{endpoint}");
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(figure(&server, "standing_spans_sent_total").abs() < 0.5, "{endpoint}");
        server.prints("spans of calls were not sent");
        assert!(server.terminate().success());
    }
}

#[test]
fn plain_http_goes_to_this_machine_alone_and_without_an_endpoint_nothing_is_sent() {
    for (endpoint, says) in [
        ("http://collector.example:4318", "plain http"),
        ("https://user:word@collector.example", "names no host"),
        ("https://collector.example/?key=1", "query"),
        ("collector.example", "no URL"),
    ] {
        let data = tempfile::tempdir().unwrap();
        let refused = Server::try_start_in(data.path(), &["--demo"], &[("STANDING_TRACES_ENDPOINT", endpoint)]);
        let said = String::from_utf8_lossy(&refused.err().unwrap().stderr).into_owned();
        assert!(said.contains("traces.endpoint") && said.contains(says), "{endpoint}: {said}");
    }
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    let headers = [("traceparent", &format!("00-{TRACE}-{SPAN}-01") as &str)];
    let answer = server.send("GET", "/v1/partners/contoso", &headers, None);
    let record = server.get(&format!("/v1/decisions/{}", answer.header("standing-decision").unwrap())).json();
    assert_eq!(record["trace"], TRACE);
}
