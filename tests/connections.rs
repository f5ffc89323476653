//! Connections whose other end does nothing, or too much: each holds what it holds for a bounded time, and others are
//! served meanwhile.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use tempfile::TempDir;

use crate::server::Server;

fn start(limits: &[(&str, &str)]) -> (TempDir, Server) {
    let data = tempfile::tempdir().unwrap();
    let named: Vec<_> = limits.iter().map(|(name, value)| (format!("STANDING_LIMITS_{name}"), *value)).collect();
    let named: Vec<_> = named.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let server = Server::try_start_in(data.path(), &["--demo"], &named).map_err(|output| output.stderr).unwrap();
    (data, server)
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.base.strip_prefix("http://").unwrap()).unwrap();
    // Only so that a test that is to fail does: what is waited for comes long before.
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// Asks for the health of the server, and reads the whole answer.
fn healthy(stream: &mut TcpStream) -> bool {
    if stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").is_err() {
        return false;
    }
    let (mut said, mut part) = (Vec::new(), [0; 4096]);
    while !said.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return false,
            Ok(read) => said.extend_from_slice(&part[..read]),
        }
    }
    said.starts_with(b"HTTP/1.1 200")
}

/// Waits until the server counted that a limit was reached.
fn until_reached(server: &Server, limit: &str) {
    let began = std::time::Instant::now();
    while !server.get("/metrics").text.contains(&format!("standing_limits_reached_total{{limit=\"{limit}\"}} ")) {
        assert!(began.elapsed() < Duration::from_secs(30), "`{limit}` is not counted");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until the server ends a connection; whether it did.
fn is_ended(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

#[test]
fn a_connection_that_sends_no_whole_head_is_closed() {
    let (_data, server) = start(&[("HEAD_SECONDS", "1")]);
    let mut silent = connect(&server);
    let mut half = connect(&server);
    half.write_all(b"GET /healthz HTTP/1.1\r\nhost: loc").unwrap();
    let mut preface = connect(&server);
    preface.write_all(b"PRI * HTTP/2.0\r\n\r\nSM").unwrap();
    assert!(is_ended(&mut silent) && is_ended(&mut half) && is_ended(&mut preface));
    assert!(healthy(&mut connect(&server)));
    until_reached(&server, "head_seconds");
}

#[test]
fn a_connection_that_asks_nothing_more_is_closed_also_when_it_drips_a_head() {
    let (_data, server) = start(&[("IDLE_SECONDS", "1")]);
    let (mut quiet, mut dripping) = (connect(&server), connect(&server));
    assert!(healthy(&mut quiet) && healthy(&mut dripping));
    let mut writing = dripping.try_clone().unwrap();
    std::thread::spawn(move || {
        while writing.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    assert!(is_ended(&mut quiet) && is_ended(&mut dripping));
    assert!(!server.get("/metrics").text.contains("standing_limits_reached_total{"), "that is no limit that was met");
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

#[test]
fn an_answer_of_which_http2_takes_nothing_is_given_up_too() {
    let (_data, server) = start(&[("UNREAD_SECONDS", "1")]);
    let mut stream = connect(&server);
    let settings = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]); // A window of nothing.
    let path = b"/openapi.json";
    let length = u8::try_from(path.len()).unwrap();
    let head = [&[0x82, 0x86, 0x04, length][..], path, &[0x01, 9], b"localhost"].concat();
    let asked = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &settings, &frame(1, 5, 1, &head)].concat();
    stream.write_all(&asked).unwrap();
    assert!(is_ended(&mut stream));
    assert!(healthy(&mut connect(&server)));
}

#[test]
fn an_answer_that_nobody_reads_is_given_up() {
    let (_data, server) = start(&[("UNREAD_SECONDS", "1")]);
    let mut stream = connect(&server);
    stream.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
    // Many answers and none of them read: what is between the two ends fills up, and then the server waits.
    let call = b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let given_up = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let sent = stream.write_all(&call.repeat(10));
        sent.is_err_and(|error| matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe))
    });
    assert!(given_up, "the connection is closed");
    assert!(healthy(&mut connect(&server)));
    until_reached(&server, "unread_seconds");
}

#[test]
fn where_there_are_as_many_as_may_be_the_one_that_waits_longest_makes_room() {
    let (_data, server) = start(&[("CONNECTIONS", "3")]);
    let mut held: Vec<_> = (0..3).map(|_| connect(&server)).collect();
    for stream in &mut held {
        assert!(healthy(stream));
    }
    let mut more = connect(&server);
    assert!(healthy(&mut more), "a new one is served");
    assert!(is_ended(&mut held[0]), "the first made room for it");
    assert!(healthy(&mut held[1]) && healthy(&mut held[2]) && healthy(&mut more), "the others are as they were");
    until_reached(&server, "connections");
}

#[test]
fn where_every_connection_is_being_answered_one_more_is_told_to_come_again() {
    let (_data, server) = start(&[("CONNECTIONS_PER_ADDRESS", "2")]);
    let mut streaming: Vec<_> = (0..2).map(|_| connect(&server)).collect();
    for stream in &mut streaming {
        let call = b"GET /v1/changes HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n";
        stream.write_all(call).unwrap();
        let mut part = [0; 12];
        stream.read_exact(&mut part).unwrap();
        assert_eq!(&part, b"HTTP/1.1 200");
    }
    let mut said = String::new();
    let mut more = connect(&server);
    let _ = more.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let _ = more.read_to_string(&mut said);
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{said}");
    assert!(said.is_empty() || said.contains("too_many_connections") && said.contains("retry-after: 1"), "{said}");
    drop(streaming);
    // The server sees that they are gone as soon as it reads or writes there.
    while !healthy(&mut connect(&server)) {
        std::thread::sleep(Duration::from_millis(20));
    }
    until_reached(&server, "connections_per_address");
}

#[test]
fn a_head_that_is_too_large_is_refused_as_such() {
    let (_data, server) = start(&[]);
    let mut stream = connect(&server);
    let head = format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-much: {}\r\n\r\n", "x".repeat(100_000));
    let _ = stream.write_all(head.as_bytes());
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&said));
    assert!(healthy(&mut connect(&server)));
}

#[test]
fn a_head_is_as_large_as_the_settings_say() {
    let (_data, server) = start(&[("HEAD_BYTES", "16384")]);
    for (length, status) in [(10_000, "HTTP/1.1 200"), (20_000, "HTTP/1.1 431")] {
        let mut stream = connect(&server);
        let much = "x".repeat(length);
        let head = format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-much: {much}\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let (mut said, mut part) = (Vec::new(), [0; 4096]);
        // What was not read of it may end the connection before its end.
        while let Ok(read @ 1..) = stream.read(&mut part) {
            said.extend_from_slice(&part[..read]);
        }
        let is_lost = said.is_empty() && length > 16_384;
        assert!(is_lost || said.starts_with(status.as_bytes()), "{length}: {}", String::from_utf8_lossy(&said));
    }
    until_reached(&server, "head_bytes");
}

#[test]
fn a_body_that_comes_too_slowly_is_given_up_as_the_settings_say() {
    for (limit, says) in [
        ("BODY_PART_SECONDS", "no part of the body came for 1 seconds"),
        ("BODY_SECONDS", "the body took more than 1 seconds"),
    ] {
        let (_data, server) = start(&[(limit, "1")]);
        let mut stream = connect(&server);
        let head = "POST /access/v1/evaluation HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\nconnection: close\r\n\r\n{";
        stream.write_all(head.as_bytes()).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert!(said.starts_with("HTTP/1.1 408") && said.contains(says), "{limit}: {said}");
    }
}

/// The most calls at a time that a server says it takes on a connection of HTTP/2.
fn streams(server: &Server) -> u32 {
    const MAX_CONCURRENT_STREAMS: u16 = 3;
    let mut stream = connect(server);
    // The preface, and settings that say nothing.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).unwrap();
    assert_eq!((head[0], head[3]), (0, 4), "its settings come first, and are short");
    let mut settings = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
    stream.read_exact(&mut settings).unwrap();
    let mut settings = settings.chunks(6);
    let found = settings.find(|setting| setting[..2] == MAX_CONCURRENT_STREAMS.to_be_bytes()).unwrap();
    u32::from_be_bytes(found[2..].try_into().unwrap())
}

#[test]
fn a_connection_of_http2_takes_as_many_calls_at_a_time_as_the_settings_say() {
    assert_eq!(streams(&start(&[]).1), 128);
    assert_eq!(streams(&start(&[("STREAMS", "7")]).1), 7);
}

#[test]
fn a_stop_waits_for_no_connection_that_asks_nothing() {
    let (_data, server) = start(&[]);
    let mut quiet = connect(&server);
    assert!(healthy(&mut quiet));
    let _silent = connect(&server);
    assert!(server.terminate().success());
    assert!(is_ended(&mut quiet));
}
