//! Candidates are examined in processes of their own: limited, two at a time, and gone with whoever asked.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use standing::policy::RuleFiles;
use tempfile::TempDir;

use crate::server::Server;

/// The built-in set with a rule more, so that nothing is known of it before.
fn candidate(nth: usize) -> Value {
    let files = RuleFiles::built_in();
    let mut files: serde_json::Map<String, Value> =
        files.iter().map(|(path, text)| (path.to_owned(), text.into())).collect();
    let text = format!("// Candidate {nth}.\n{}", files["policies/may/receive-bill.cedar"].as_str().unwrap());
    files.insert("policies/may/receive-bill.cedar".to_owned(), text.into());
    json!({ "files": files })
}

/// A solver that never answers; it says who it is.
fn silent_solver(folder: &Path) -> PathBuf {
    let path = folder.join("cvc5");
    fs::write(&path, "#!/bin/sh\n[ \"$1\" = --version ] && echo 'This is cvc5 version 1.0' && exit\nexec sleep 1000\n")
        .unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// A server whose solver never answers.
fn silent(data: &TempDir, limits: &[(&str, &str)]) -> Server {
    let solver = silent_solver(data.path());
    let mut environment = vec![("CVC5", solver.to_str().unwrap())];
    environment.extend(limits);
    Server::try_start_in(&data.path().join("store"), &["--demo"], &environment)
        .unwrap_or_else(|output| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// The processes that examine for a server, and those that these started.
fn examining(server: u32) -> Vec<u32> {
    let parent = |id: u32| -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let (_, rest) = stat.rsplit_once(") ")?;
        // What has ended and is not waited for is no process any more.
        (!rest.starts_with('Z')).then_some(())?;
        rest.split(' ').nth(1)?.parse().ok()
    };
    let all: Vec<u32> =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok()).collect();
    let of =
        |known: &[u32]| all.iter().copied().filter(|id| parent(*id).is_some_and(|of| known.contains(&of))).collect();
    let children: Vec<u32> = of(&[server]);
    let further: Vec<u32> = of(&children);
    [children, further].concat()
}

/// Is that a process that examines, or a solver? What has ended and is not waited for says nothing of itself.
fn examines(id: u32) -> bool {
    let line = fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
    line.contains("examine") || line.contains("sleep")
}

/// Waits until something is so.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(120), "it never came to this: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Begins a review in lines, and leaves it to the caller to read them.
fn begin_review(server: &Server, nth: usize) -> TcpStream {
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).unwrap();
    let body = candidate(nth).to_string();
    let head = format!(
        "POST /v1/rules/review HTTP/1.1\r\nhost: localhost\r\naccept: application/x-ndjson\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    stream
}

#[test]
fn an_examination_that_takes_too_much_is_a_refusal_with_its_reason() {
    let cases = [
        (("STANDING_LIMITS_EXAMINE_MEMORY_BYTES", "4194304"), "could not be examined"),
        (("STANDING_LIMITS_EXAMINE_SECONDS", "1"), "which is `examine_seconds`"),
    ];
    for (limit, said) in cases {
        let data = tempfile::tempdir().unwrap();
        let server = silent(&data, &[limit]);
        let answer = server.post("/v1/rules/review", &candidate(1));
        assert_eq!(answer.status, 200, "{}", answer.text);
        let evidence = answer.json();
        assert_eq!(evidence["outcome"], "refused", "{limit:?}");
        let message = evidence["findings"][0]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(said), "{limit:?}: {message}");
        until("nothing examines any more", || examining(server.id()).is_empty());
        // A refused examination is no verdict: it is not remembered, and the server goes on.
        assert_eq!(server.get("/healthz").status, 200);
    }
}

#[test]
fn an_examination_ends_with_its_client_and_with_the_server() {
    let data = tempfile::tempdir().unwrap();
    let server = silent(&data, &[]);
    let review = begin_review(&server, 1);
    // The process, and both halves of what it proves with.
    until("a solver is asked", || examining(server.id()).len() >= 3);
    drop(review);
    until("nothing examines any more", || examining(server.id()).is_empty());

    let _review = begin_review(&server, 2);
    until("a solver is asked", || examining(server.id()).len() >= 3);
    let left = examining(server.id());
    server.kill();
    until("nothing examines any more", || left.iter().all(|id| !examines(*id)));
}

#[test]
fn two_are_examined_at_a_time_and_the_others_are_told_how_many_wait() {
    let data = tempfile::tempdir().unwrap();
    let server = silent(&data, &[]);
    let first = begin_review(&server, 1);
    let second = begin_review(&server, 2);
    until("two are at work", || examining(server.id()).len() >= 6);
    let third = begin_review(&server, 3);
    let waits = BufReader::new(third.try_clone().unwrap()).lines().map(Result::unwrap);
    let waits = waits.filter_map(|line| serde_json::from_str::<Value>(&line).ok()?["waiting"].as_u64());
    assert_eq!(waits.take(2).collect::<Vec<_>>(), [1, 1]);
    // One of those before goes, and the third is at work.
    let before = examining(server.id());
    drop(first);
    until("another is at work", || examining(server.id()).iter().filter(|id| !before.contains(id)).count() >= 3);
    drop((second, third));
}

#[test]
fn a_server_stops_within_ten_seconds_whatever_runs() {
    let data = tempfile::tempdir().unwrap();
    let server = silent(&data, &[]);
    let review = begin_review(&server, 1);
    until("a solver is asked", || examining(server.id()).len() >= 3);
    let left = examining(server.id());
    // An answer that nobody reads, and an import whose lines never end.
    let address = server.base.trim_start_matches("http://").to_owned();
    let mut unread = TcpStream::connect(&address).unwrap();
    unread.write_all(b"GET /v1/export HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut import = TcpStream::connect(&address).unwrap();
    import
        .write_all(b"POST /v1/import HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"nou\r\n")
        .unwrap();
    let mut search = TcpStream::connect(&address).unwrap();
    search.write_all(b"GET /v1/access-review?partner=contoso HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let asked = Instant::now();
    assert!(server.terminate().success());
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    until("nothing examines any more", || left.iter().all(|id| !examines(*id)));
    drop((review, unread, import, search));
}
