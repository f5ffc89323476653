//! What asking costs: single questions, batches and searches over HTTP, each answer recorded before it is given.
//!
//! `cargo bench --bench asking` prints figures of one run on one machine; they are there to be compared with each
//! other. It starts the built server on an empty folder, fills it, and asks.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const SINGLE: usize = 2_000;
const CONNECTIONS: usize = 64;
const BATCH: usize = 1_000;

struct Server {
    child: Child,
    address: String,
    _data: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_standing"))
            .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let address = line.split("http://").nth(1).unwrap().split(',').next().unwrap().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, _data: data }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection that is kept alive.
struct Connection(BufReader<TcpStream>, String);

impl Connection {
    fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream), address.to_owned())
    }

    fn post(&mut self, path: &str, body: &str) -> String {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.1,
            body.len()
        );
        self.0.get_mut().write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }
}

fn question() -> Value {
    json!({
        "subject": { "type": "Partner", "id": "contoso" },
        "action": { "name": "removeSeats" },
        "resource": { "type": "Subscription", "id": "s-office" },
    })
}

fn each(took: Duration, answers: usize) -> f64 {
    took.as_secs_f64() * 1e6 / answers as f64
}

fn main() {
    let server = Server::start();
    let single = question().to_string();
    let batch = json!({ "evaluations": vec![question(); BATCH] }).to_string();

    let mut connection = Connection::open(&server.address);
    let mut waited = Vec::with_capacity(SINGLE);
    for _ in 0..SINGLE {
        let began = Instant::now();
        assert!(connection.post("/access/v1/evaluation", &single).contains("\"decision\":true"));
        waited.push(began.elapsed());
    }
    waited.sort();
    let one_by_one = each(waited.iter().sum(), SINGLE);

    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut connection = Connection::open(&server.address);
                for _ in 0..SINGLE / 4 {
                    connection.post("/access/v1/evaluation", &single);
                }
            });
        }
    });
    let side_by_side = each(began.elapsed(), CONNECTIONS * (SINGLE / 4));

    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(connection.post("/access/v1/evaluations", &batch).matches("\"decision\":true").count(), BATCH);
    }
    let in_batches = each(began.elapsed(), 20 * BATCH);

    println!("microseconds an answer, each recorded durably before it is given");
    println!(
        "  one by one on one connection    {one_by_one:9.1}   (p50 {} us, p99 {} us)",
        waited[SINGLE / 2].as_micros(),
        waited[SINGLE * 99 / 100].as_micros()
    );
    println!("  single on {CONNECTIONS} connections        {side_by_side:9.1}");
    println!("  in batches of {BATCH}             {in_batches:9.1}");
    println!(
        "a batched answer is {:.1} times cheaper than one by one, {:.1} times cheaper than on {CONNECTIONS} connections",
        one_by_one / in_batches,
        side_by_side / in_batches
    );
}
