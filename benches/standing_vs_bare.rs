//! How near an answer is to the wire: single questions over HTTP, each recorded before it is answered, beside an
//! endpoint of the same HTTP stack that parses the same body and answers a constant.
//!
//! `cargo bench --bench standing_vs_bare` fills stores by formula, starts the built server over each and the bare
//! endpoint, has `wrk` ask `questions.lua` of them in turn (bare, ours, bare), and prints a table. The load generator
//! shares the cores. The figures are of one run on one machine, to be compared with each other; `-- --help` says what
//! can be chosen.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Parser;
use serde::Deserialize;
use warp::Filter as _;
use warp::http::{Response, StatusCode};

/// What is measured.
#[derive(Parser)]
struct Settings {
    /// How many subscriptions the stores hold.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 1_000_000])]
    subscriptions: Vec<u64>,
    /// On how many connections is asked.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 32, 128])]
    connections: Vec<u64>,
    /// How many seconds each measurement takes.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many questions are in a batch.
    #[arg(long, default_value_t = 1_000)]
    batch: u64,
    /// Serves the bare endpoint and nothing else.
    #[arg(long, hide = true)]
    bare: bool,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let settings = Settings::parse();
    if settings.bare {
        return serve_bare();
    }
    if Command::new("wrk").arg("--version").output().is_err() {
        println!("`wrk` is not installed, and it asks the questions: install it and run this again");
        return;
    }
    let bare = Process::start(Command::new(std::env::current_exe().unwrap()).arg("--bare"));
    println!("{:>13} {:>5} {:>13} {HEAD}", "subscriptions", "", "");
    for &subscriptions in &settings.subscriptions {
        measure(&settings, &bare, subscriptions);
    }
}

const HEAD: &str = "answers/s     p50     p95     p99   p99.9 errors  of bare";

/// Measures a store of so many subscriptions.
fn measure(settings: &Settings, bare: &Process, subscriptions: u64) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let partners = (subscriptions / 1_000).max(10);
    let imported = fill(&data, subscriptions, partners);
    println!("{subscriptions:>13} subscriptions imported, {imported:.0} a second; {:.0} us a sync", sync(&data));
    let file = data.join("standing.redb");
    let (mut records, before) = (0, fs::metadata(&file).unwrap().len());
    for (asks, guarded) in [("without", false), ("a token", true)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standing"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
        let ours = Process::start(if guarded { &mut command } else { command.arg("--anonymous") });
        let token = guarded.then(|| fs::read_to_string(data.join("first-operator-token")).unwrap().trim().to_owned());
        let asking = Asking { subscriptions, partners, seconds: settings.seconds, token };
        for answer in ["yes", "no"] {
            asking.check(&ours, answer);
            for &connections in &settings.connections {
                let first = asking.ask(bare, answer, connections, 1);
                let measured = asking.ask(&ours, answer, connections, 1);
                let second = asking.ask(bare, answer, connections, 1);
                let limit = (first.rate() + second.rate()) / 2.0;
                records += measured.requests;
                println!(
                    "{subscriptions:>13} {answer:>5} {asks:>7} {connections:>5} {} {:>8.3}",
                    measured.line(),
                    measured.rate() / limit
                );
            }
        }
        let measured = asking.ask(&ours, "yes", 1, settings.batch);
        records += measured.requests * settings.batch;
        println!(
            "{subscriptions:>13} {:>5} {asks:>7} batch {}          {:.0} decisions a second; {} MiB of memory",
            "yes",
            measured.line(),
            measured.rate() * settings.batch as f64,
            ours.anonymous_memory() / 1_048_576
        );
    }
    // The file grows in steps, so this is said of all records at once.
    let grown = fs::metadata(&file).unwrap().len() - before;
    println!("{subscriptions:>13} {records} records, {:.0} bytes of the file each", grown as f64 / records as f64);
}

/// Fills a store by formula; how many subscriptions a second.
fn fill(data: &Path, subscriptions: u64, partners: u64) -> f64 {
    let path = data.with_extension("ndjson");
    let mut lines = BufWriter::new(File::create(&path).unwrap());
    for partner in 0..partners {
        writeln!(lines, r#"{{"noun":"partner","id":"p-{partner}","name":"P","kind":"directBill","status":"active"}}"#)
            .unwrap();
    }
    for subscription in 0..subscriptions {
        let (customer, seller) = (subscription / 4, subscription % partners);
        if subscription % 4 == 0 {
            writeln!(lines, r#"{{"noun":"customer","id":"c-{customer}","name":"C"}}"#).unwrap();
        }
        writeln!(
            lines,
            r#"{{"noun":"subscription","id":"s-{subscription}","customer":"c-{customer}","service":"office365","originalReseller":"p-{seller}","quantity":3,"status":"active"}}"#
        )
        .unwrap();
    }
    lines.flush().unwrap();
    let began = Instant::now();
    let done = Command::new(env!("CARGO_BIN_EXE_standing"))
        .args(["import", "--data"])
        .args([data, &path])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(done.success());
    subscriptions as f64 / began.elapsed().as_secs_f64()
}

/// How many microseconds a sync of a small write takes on the disk of a folder.
fn sync(folder: &Path) -> f64 {
    const SYNCS: u32 = 200;
    let path = folder.with_extension("sync");
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    let began = Instant::now();
    for _ in 0..SYNCS {
        file.write_all(&[0; 512]).unwrap();
        file.sync_data().unwrap();
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(SYNCS)
}

/// A server in a process of its own.
struct Process {
    child: Child,
    address: String,
}

impl Process {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("http://"))).unwrap().unwrap();
        let address = line.split("http://").nth(1).unwrap().split(',').next().unwrap().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// How much memory it has for itself, apart from pages of files.
    fn anonymous_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is asked, and for how long.
struct Asking {
    subscriptions: u64,
    partners: u64,
    seconds: u64,
    token: Option<String>,
}

impl Asking {
    /// Asks a few questions alone, to see that they are answered as they are meant to be.
    fn check(&self, server: &Process, answer: &str) {
        for subscription in (0..self.subscriptions).step_by((self.subscriptions / 10) as usize) {
            let partner = (subscription + u64::from(answer == "no")) % self.partners;
            let body = format!(
                r#"{{"subject":{{"type":"Partner","id":"p-{partner}"}},"action":{{"name":"addSeats"}},"resource":{{"type":"Subscription","id":"s-{subscription}"}}}}"#
            );
            let mut request = ureq::post(format!("http://{}/access/v1/evaluation", server.address))
                .header("content-type", "application/json");
            if let Some(token) = &self.token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let said = request.send(body).unwrap().body_mut().read_to_string().unwrap();
            assert!(said.contains(&format!("\"decision\":{}", answer == "yes")), "{said}");
        }
    }

    fn ask(&self, server: &Process, answer: &str, connections: u64, batch: u64) -> Measured {
        let threads = connections.min(2).to_string();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/questions.lua");
        let mut command = Command::new("wrk");
        command
            .args(["--threads", &threads, "--connections", &connections.to_string()])
            .args(["--duration", &format!("{}s", self.seconds), "--timeout", "30s", "--script", script])
            .arg(format!("http://{}", server.address))
            .args(["--", answer, &self.subscriptions.to_string(), &self.partners.to_string(), &batch.to_string()])
            .args(&self.token);
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let figures = said.lines().find_map(|line| line.strip_prefix("measured ")).unwrap_or_else(|| panic!("{said}"));
        let figures: Vec<u64> = figures.split(' ').map(|figure| figure.parse().unwrap()).collect();
        let [requests, micros, errors, waits @ ..] = figures.as_slice() else { panic!("{said}") };
        Measured { requests: *requests, took: Duration::from_micros(*micros), errors: *errors, waits: waits.to_vec() }
    }
}

struct Measured {
    requests: u64,
    took: Duration,
    errors: u64,
    /// p50, p95, p99 and p99.9, in microseconds.
    waits: Vec<u64>,
}

impl Measured {
    fn rate(&self) -> f64 {
        self.requests as f64 / self.took.as_secs_f64()
    }

    fn line(&self) -> String {
        let waits: String = self.waits.iter().map(|wait| format!(" {wait:>7}")).collect();
        format!("{:>9.0}{waits} {:>6}", self.rate(), self.errors)
    }
}

/// A question, as far as it has to be parsed.
#[derive(Deserialize)]
struct Question {
    subject: Entity,
    action: Action,
    resource: Entity,
}

#[derive(Deserialize)]
struct Entity {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

#[derive(Deserialize)]
struct Action {
    name: String,
}

impl Question {
    fn is_whole(&self) -> bool {
        let named = [&self.subject.kind, &self.subject.id, &self.action.name, &self.resource.kind, &self.resource.id];
        named.iter().all(|name| !name.is_empty())
    }
}

/// Parses each question and answers a constant.
fn serve_bare() {
    let answered =
        warp::post().and(warp::path!("access" / "v1" / "evaluation")).and(warp::body::bytes()).map(|body: Bytes| {
            match serde_json::from_slice::<Question>(&body) {
                Ok(question) if question.is_whole() => {
                    Response::builder().header("content-type", "application/json").body(r#"{"decision":true}"#)
                }
                _ => Response::builder().status(StatusCode::BAD_REQUEST).body(""),
            }
        });
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("the bare endpoint is at http://{}", listener.local_addr().unwrap());
        warp::serve(answered).incoming(listener).run().await;
    });
}
