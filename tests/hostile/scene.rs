//! The server, what it holds, and who calls it.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How many subscriptions one partner sold.
pub const SOLD: usize = 10_000;
/// How many partners administer one service.
pub const ADMINISTRATORS: usize = 1_000;
/// How many subscriptions one customer has.
pub const OF_ONE: usize = 500;
/// How long anybody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server with something in it, and a token for each role.
pub struct Scene {
    child: Child,
    pub address: String,
    data: tempfile::TempDir,
    pub asker: String,
    pub other_asker: String,
    pub reviewer: String,
    pub auditor: String,
    pub operator: String,
    pub customer: String,
}

impl Scene {
    pub fn set() -> Self {
        let data = tempfile::tempdir().unwrap();
        let solver = data.path().join("cvc5");
        // Proofs are what a review takes: this one takes its whole time.
        std::fs::write(
            &solver,
            "#!/bin/sh\n[ \"$1\" = --version ] && echo 'This is cvc5 version 1.0' && exit\nexec sleep 1000\n",
        )
        .unwrap();
        std::fs::set_permissions(&solver, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_standing"))
            .args(["serve", "--listen", "127.0.0.1:0", "--rules", "built-in", "--data"])
            .arg(data.path().join("store"))
            .env("CVC5", &solver)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.by_ref().map(Result::unwrap).find(|line| line.contains("is ready at")).unwrap();
        let address = ready.split("http://").nth(1).unwrap().split(',').next().unwrap().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        let empty = String::new;
        let mut scene = Self {
            child,
            address,
            data,
            asker: empty(),
            other_asker: empty(),
            reviewer: empty(),
            auditor: empty(),
            operator: empty(),
            customer: empty(),
        };
        scene.operator = scene.token("operator", None);
        let lines = facts();
        let taken = scene.call(&scene.operator, "POST", "/v1/import", "application/x-ndjson", &lines);
        assert_eq!(taken.map(|(status, _)| status), Some(200));
        scene.asker = scene.token("asker", None);
        scene.other_asker = scene.token("asker", None);
        scene.reviewer = scene.token("reviewer", None);
        scene.auditor = scene.token("auditor", None);
        scene.customer = scene.token("customer", Some("many"));
        scene
    }

    fn token(&self, role: &str, of: Option<&str>) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standing"));
        command.args(["token", "create", "--json", "--role", role, "--data"]).arg(self.data.path().join("store"));
        command.args(of.map(|of| ["--for", of]).into_iter().flatten());
        let made = command.output().unwrap();
        let made: Value = serde_json::from_slice(&made.stdout).unwrap_or_else(|_| panic!("{made:?}"));
        made["token"].as_str().unwrap().to_owned()
    }

    /// Opens a connection that gives up at some time.
    pub fn connect(&self) -> Option<TcpStream> {
        let stream = TcpStream::connect(&self.address).ok()?;
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_write_timeout(Some(PATIENCE)).ok()?;
        Some(stream)
    }

    /// A call on a connection of its own: the status and the body.
    pub fn call(&self, token: &str, method: &str, path: &str, media: &str, body: &str) -> Option<(u16, String)> {
        let mut stream = self.connect()?;
        send(&mut stream, &self.request(token, method, path, media, body))?;
        answer(&mut BufReader::new(stream))
    }

    pub fn request(&self, token: &str, method: &str, path: &str, media: &str, body: &str) -> String {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n", self.address);
        if !body.is_empty() {
            let _ = write!(head, "content-type: {media}\r\ncontent-length: {}\r\n", body.len());
        }
        head + "\r\n" + body
    }

    /// What the process holds in memory.
    pub fn memory_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or_default() / 1024.0
    }

    /// What the data directory takes on the disk.
    pub fn disk_mib(&self) -> f64 {
        fn blocks(path: &Path) -> u64 {
            let Ok(entries) = std::fs::read_dir(path) else { return 0 };
            entries
                .flatten()
                .map(|entry| {
                    entry
                        .metadata()
                        .map_or(0, |found| if found.is_dir() { blocks(&entry.path()) } else { found.blocks() })
                })
                .sum()
        }
        blocks(&self.data.path().join("store")) as f64 / 2048.0
    }

    /// Tells the server to stop; did it within ten seconds?
    pub fn stop(mut self) -> bool {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(10) {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn send(stream: &mut TcpStream, text: &str) -> Option<()> {
    stream.write_all(text.as_bytes()).ok()
}

/// Reads an answer: the status and the body.
pub fn answer(stream: &mut BufReader<TcpStream>) -> Option<(u16, String)> {
    let (mut line, mut length, mut is_chunked) = (String::new(), 0_usize, false);
    stream.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    loop {
        line.clear();
        stream.read_line(&mut line).ok()?;
        let head = line.trim().to_ascii_lowercase();
        if head.is_empty() {
            break;
        }
        if let Some(value) = head.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        is_chunked |= head == "transfer-encoding: chunked";
    }
    let mut body = Vec::new();
    loop {
        if is_chunked {
            line.clear();
            stream.read_line(&mut line).ok()?;
            length = usize::from_str_radix(line.trim(), 16).ok()?;
        }
        let mut part = vec![0; length];
        stream.read_exact(&mut part).ok()?;
        body.extend_from_slice(&part);
        if !is_chunked {
            break;
        }
        line.clear();
        stream.read_line(&mut line).ok()?;
        if length == 0 {
            break;
        }
    }
    Some((status, String::from_utf8_lossy(&body).into_owned()))
}

/// The good caller: one connection that is kept, and one question.
pub struct Good<'a> {
    scene: &'a Scene,
    stream: Option<BufReader<TcpStream>>,
}

impl<'a> Good<'a> {
    pub fn of(scene: &'a Scene) -> Self {
        Self { scene, stream: None }
    }

    /// How long an answer took; nothing where none came.
    pub fn ask(&mut self) -> Option<Duration> {
        let began = Instant::now();
        if self.stream.is_none() {
            self.stream = self.scene.connect().map(BufReader::new);
        }
        let stream = self.stream.as_mut()?;
        let text = self.scene.request(
            &self.scene.asker,
            "POST",
            "/access/v1/evaluation",
            "application/json",
            &question().to_string(),
        );
        let answered = send(stream.get_mut(), &text).and_then(|()| answer(stream));
        match answered {
            Some((200, body)) if body.contains("\"decision\":true") => Some(began.elapsed()),
            _ => {
                self.stream = None;
                None
            }
        }
    }
}

pub fn question() -> Value {
    json!({
        "subject": { "type": "Partner", "id": "seller" },
        "action": { "name": "removeSeats" },
        "resource": { "type": "Subscription", "id": "s-0" },
    })
}

/// A partner with many sales, a customer with many subscriptions, and a service with many administrators.
fn facts() -> String {
    let mut lines = String::new();
    let _ =
        writeln!(lines, r#"{{"noun":"partner","id":"seller","name":"Seller","kind":"directBill","status":"active"}}"#);
    for customer in ["many", "crowded"] {
        let _ = writeln!(lines, r#"{{"noun":"customer","id":"{customer}","name":"C"}}"#);
    }
    for nth in 0..ADMINISTRATORS {
        let _ = writeln!(lines, r#"{{"noun":"partner","id":"a-{nth}","name":"A","kind":"advisor","status":"active"}}"#);
    }
    for nth in 0..SOLD {
        let customer = if nth < OF_ONE { "many".to_owned() } else { format!("c-{}", nth / 10) };
        if nth >= OF_ONE && nth % 10 == 0 {
            let _ = writeln!(lines, r#"{{"noun":"customer","id":"{customer}","name":"C"}}"#);
        }
        let _ = writeln!(
            lines,
            r#"{{"noun":"subscription","id":"s-{nth}","customer":"{customer}","service":"office365","originalReseller":"seller","quantity":5,"status":"active"}}"#
        );
    }
    let _ = writeln!(
        lines,
        r#"{{"noun":"subscription","id":"s-crowded","customer":"crowded","service":"office365","originalReseller":"seller","quantity":5,"status":"active"}}"#
    );
    for (customer, most) in [("crowded", ADMINISTRATORS), ("many", 20)] {
        for nth in 0..most {
            let _ = writeln!(
                lines,
                r#"{{"noun":"grant","customer":"{customer}","service":"office365","partner":"a-{nth}","delegatedAdministrator":true,"since":"2025-06-01T00:00:00Z"}}"#
            );
        }
    }
    lines
}
