//! Whoever reads what a command prints may go away before its end: the command ends quietly, with the exit code it
//! would have had.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::server::{Server, question, standing};

const BINARY: &str = env!("CARGO_BIN_EXE_standing");

/// What a command ends with, and what it says to the standard error, when its output goes to `stdout`.
fn ended(arguments: &[&str], stdout: Stdio) -> (i32, String) {
    let output = Command::new(BINARY)
        .args(arguments)
        .env("CVC5", "/nowhere/cvc5")
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A pipe that nobody reads.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// A store with the cast of the demonstration, a few decisions and one token, with no server on it.
fn demonstration(data: &Path) {
    let server = Server::start(data, &["--demo"]);
    for action in ["removeSeats", "provision", "receiveBill"] {
        server.post("/access/v1/evaluation", &question("contoso", action, "Subscription", "s-office"));
    }
    assert!(server.terminate().success());
}

#[test]
fn a_closed_pipe_ends_every_command_quietly_and_changes_no_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    demonstration(&data);
    let data = data.to_str().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (everything, ledger) = (path("everything.ndjson"), path("ledger.ndjson"));
    let on_store: [&[&str]; 18] = [
        &["check", "Partner::contoso", "removeSeats", "Subscription::s-office"],
        &["check", "Partner::contoso", "provision", "Subscription::s-office", "--explain"],
        &["ledger", "verify"],
        &["ledger", "verify", "--json"],
        &["ledger", "export", &ledger],
        &["ledger", "show", "1"],
        &["ledger", "show", "1", "--json"],
        &["ledger", "replay", "1"],
        &["ledger", "replay", "--all"],
        &["ledger", "archive", "--older-than", "90d"],
        &["export", &everything],
        &["import", &everything],
        &["token", "create", "--role", "asker"],
        &["token", "list"],
        &["token", "list", "--json"],
        &["link-key", "list"],
        &["rules", "diff", "."],
        &["rules", "check"],
    ];
    let elsewhere: [&[&str]; 11] = [
        &["--help"],
        &["--version"],
        &["ledger", "--help"],
        &["nonsense"],
        &["tables"],
        &["tables", "--json"],
        &["tables", "--calls"],
        &["rules", "prove"],
        &["rules", "prove", "--json"],
        &["rules", "coverage"],
        &["rules", "format", "--check"],
    ];
    let on_store = on_store.iter().map(|arguments| [arguments, &["--data", data][..]].concat());
    for arguments in on_store.chain(elsewhere.iter().map(|arguments| arguments.to_vec())) {
        let (code, _) = ended(&arguments, Stdio::piped());
        let (unread, said) = ended(&arguments, unread());
        assert_eq!(unread, code, "{arguments:?}: {said}");
        for word in ["panicked", "roken pipe", "os error", "cannot write"] {
            // The log may say that there is no solver here.
            let mut printed = said.lines().filter(|line| !line.contains(" WARN "));
            assert!(!printed.any(|line| line.contains(word)), "{arguments:?}: {said}");
        }
    }
}

#[test]
fn an_output_that_cannot_be_written_is_a_failure_that_says_so() {
    let full = || Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
    for arguments in [&["tables"][..], &["tables", "--json"], &["tables", "--calls"], &["rules", "coverage"]] {
        let (code, said) = ended(arguments, full());
        assert_eq!(code, 1, "{arguments:?}: {said}");
        assert!(said.starts_with("standing: cannot write to the standard output: "), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn a_server_goes_on_when_nobody_reads_what_it_prints_and_logs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let mut server = Command::new(BINARY)
        .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--data", data])
        .env("CVC5", "/nowhere/cvc5")
        .env("RUST_LOG", "debug")
        .stdout(unread())
        .stderr(unread())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while !folder.path().join("standing.sock").exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not start");
        assert!(server.try_wait().unwrap().is_none(), "it ended");
        std::thread::sleep(Duration::from_millis(20));
    }
    // Asked through its socket: it answers, and goes on.
    for _ in 0..3 {
        let asked = ["check", "Partner::contoso", "removeSeats", "Subscription::s-office", "--data", data];
        let output = standing(&asked);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap().success());
    assert!(server.wait().unwrap().success());
}
