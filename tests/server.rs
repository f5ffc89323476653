//! The built binary as a process, and a plain HTTP client for it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_standing");

/// A running server; killed when it is dropped.
pub struct Server {
    child: Child,
    pub base: String,
    printed: Arc<Mutex<String>>,
    /// What it said when it was ready.
    pub ready: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// An argument that says nothing new, for a server that is to prove claims with the solver of this machine.
pub const PROVING: &str = "--rules=.";

impl Server {
    /// Starts `standing serve` on a free port with its data in `data`, and waits until it is ready.
    pub fn start(data: &Path, arguments: &[&str]) -> Self {
        Self::try_start(data, arguments)
            .unwrap_or_else(|output| panic!("the server did not start: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The same, started in a folder.
    pub fn start_in(folder: &Path, data: &Path, arguments: &[&str]) -> Self {
        Self::try_start_from(folder, data, arguments, &[])
            .unwrap_or_else(|output| panic!("the server did not start: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// Starts a server, or returns what it said when it stopped instead.
    pub fn try_start(data: &Path, arguments: &[&str]) -> Result<Self, Output> {
        Self::try_start_in(data, arguments, &[])
    }

    /// The same with more in the environment of the process.
    pub fn try_start_in(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Self, Output> {
        Self::try_start_from(Path::new(env!("CARGO_MANIFEST_DIR")), data, arguments, environment)
    }

    fn try_start_from(
        folder: &Path,
        data: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Self, Output> {
        let listen: &[&str] = if arguments.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        let mut child = Command::new(BINARY)
            .arg("serve")
            .current_dir(folder)
            .args(listen)
            .arg("--data")
            .arg(data)
            .args(arguments)
            // Proofs have tests of their own; elsewhere they would only take time.
            .envs((!arguments.contains(&PROVING)).then_some(("CVC5", "/nowhere/cvc5")))
            // Other tests keep the machine busy all the time, and what is examined is to come to an end.
            .env("STANDING_LIMITS_EXAMINE_NICE", "0")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let printed = Arc::new(Mutex::new(String::new()));
        let keep = |printed: &Arc<Mutex<String>>| {
            let printed = Arc::clone(printed);
            move |line: std::io::Result<String>| {
                let mut printed = printed.lock().unwrap();
                printed.push_str(&line.unwrap_or_default());
                printed.push('\n');
            }
        };
        for line in lines.by_ref() {
            let line = line.unwrap();
            keep(&printed)(Ok(line.clone()));
            if let Some(rest) = line.strip_prefix("standing is ready at ") {
                let base = rest.split(',').next().unwrap().to_owned();
                // What is printed further is read away, so that a full pipe never stops the server.
                let keep = (keep(&printed), keep(&printed));
                std::thread::spawn(move || lines.for_each(keep.0));
                let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
                std::thread::spawn(move || errors.by_ref().for_each(keep.1));
                return Ok(Self { child, base, ready: line, printed });
            }
        }
        Err(child.wait_with_output().unwrap())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], Some(body.to_string().as_bytes()))
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[("content-type", "application/json")], Some(body.to_string().as_bytes()))
    }

    /// Sends a call as it is; panics when there is no answer.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        self.try_send(method, path, headers, body).unwrap()
    }

    /// Sends a call as it is; nothing when the server goes away before it answers.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Answer, ureq::Error> {
        call(&self.base, method, path, headers, body)
    }

    /// What it has printed, to its log too, as far as it was read.
    pub fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    /// Waits until it has printed a line with something in it, and returns the line.
    pub fn prints(&self, part: &str) -> String {
        let began = Instant::now();
        loop {
            if let Some(line) = self.printed().lines().find(|line| line.contains(part)) {
                return line.to_owned();
            }
            assert!(began.elapsed() < Duration::from_secs(30), "`{part}` is not printed: {}", self.printed());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the process where it stands, as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Tells the process to stop, and waits for it.
    pub fn terminate(mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(asked.elapsed() < Duration::from_secs(30), "the server does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a call to wherever something listens; nothing when it goes away before it answers.
pub fn call(
    base: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Result<Answer, ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(Duration::from_secs(120)))
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", base));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = match body {
        Some(body) => agent.run(request.body(body.to_vec()).unwrap())?,
        None => agent.run(request.body(()).unwrap())?,
    };
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let headers = headers.collect();
    let status = response.status().as_u16();
    // A copy of the store is no text.
    let text = String::from_utf8_lossy(&response.body_mut().read_to_vec()?).into_owned();
    Ok(Answer { status, headers, text })
}

/// Runs `standing` with arguments and returns what came of it.
pub fn standing(arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).output().unwrap()
}

/// A question as the AuthZEN body of it.
pub fn question(partner: &str, action: &str, kind: &str, resource: &str) -> Value {
    serde_json::json!({
        "subject": { "type": "Partner", "id": partner },
        "action": { "name": action },
        "resource": { "type": kind, "id": resource },
    })
}
