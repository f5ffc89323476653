//! What a browser is made to send from elsewhere is refused where no credentials are asked, however it is sent.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tempfile::TempDir;

use crate::guarded::Guarded;
use crate::server::Server;

fn demo() -> (Server, TempDir) {
    let data = tempfile::tempdir().unwrap();
    (Server::start(data.path(), &["--demo"]), data)
}

fn address(server: &Server) -> &str {
    server.base.strip_prefix("http://").unwrap()
}

/// The status and text of what is answered to lines sent as they are.
fn raw(server: &Server, lines: &[&str]) -> (u16, String) {
    let mut stream = TcpStream::connect(address(server)).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    stream.write_all((lines.join("\r\n") + "\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    (text.split(' ').nth(1).unwrap().parse().unwrap(), text)
}

#[test]
fn a_page_of_another_site_makes_no_call_of_any_method() {
    let (server, _data) = demo();
    let host = address(&server).to_owned();
    let own = format!("http://{host}");
    let port = host.rsplit(':').next().unwrap();
    let other_name = format!("http://localhost:{port}");
    let calls = [
        ("GET", "/v1/partners", None),
        ("GET", "/healthz", None),
        ("POST", "/v1/link-keys", None),
        ("DELETE", "/v1/customers/adatum/delegated-administration", None),
        ("POST", "/v1/rules/rollback", None),
        ("POST", "/v1/import", Some("text/plain")),
        ("POST", "/v1/import", Some("application/x-ndjson")),
        ("PUT", "/v1/customers/new", Some("application/json")),
        ("POST", "/access/v1/evaluation", Some("application/json")),
    ];
    let foreign: [&[(&str, &str)]; 14] = [
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
        &[("origin", "")],
        &[("origin", "http://localhost:1")],
        &[("origin", "http://127.0.0.1:1")],
        &[("origin", "http://127.0.0.1")],
        &[("origin", &other_name)],
        &[("origin", "file://")],
        &[("origin", &own), ("origin", "http://evil.example")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "something-new")],
        &[("origin", &own), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
    ];
    let before = server.get("/readyz").json()["revision"].clone();
    for (method, path, content) in calls {
        for headers in foreign {
            let content = content.map(|content| ("content-type", content));
            let body = content.map(|_| b"{\"noun\":\"customer\",\"id\":\"evil\",\"name\":\"Evil\"}".as_slice());
            let headers: Vec<_> = content.into_iter().chain(headers.iter().copied()).collect();
            let answer = server.send(method, path, &headers, body);
            assert_eq!((answer.status, answer.code().as_str()), (403, "foreign_origin"), "{method} {path} {headers:?}");
        }
    }
    assert_eq!(server.get("/readyz").json()["revision"], before);
    for headers in [
        &[][..],
        &[("origin", own.as_str())],
        &[("origin", &own.replace("http", "https"))],
        &[("origin", own.as_str()), ("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("host", "localhost"), ("origin", "http://LOCALHOST:80")],
        &[("host", "localhost:443"), ("origin", "https://localhost")],
        &[("host", "[::1]:8181"), ("origin", "http://[::1]:8181")],
    ] {
        assert_eq!(server.send("GET", "/v1/partners", headers, None).status, 200, "{headers:?}");
    }
}

#[test]
fn the_target_and_every_host_are_looked_at() {
    let (server, _data) = demo();
    let host = address(&server).to_owned();
    let own = format!("host: {host}");
    for (lines, status) in [
        (vec!["GET /v1/partners HTTP/1.1", &own], 200),
        (vec!["GET /v1/partners HTTP/1.0"], 200),
        (vec!["GET /v1/partners HTTP/1.1", "host: evil.example"], 403),
        (vec!["GET /v1/partners HTTP/1.1", &own, "host: evil.example"], 400),
        (vec!["GET /v1/partners HTTP/1.1", "host: evil.example", &own], 400),
        (vec!["GET /v1/partners HTTP/1.1", &own, &own], 400),
        (vec!["GET http://evil.example/v1/partners HTTP/1.1", "host: evil.example"], 403),
        (vec!["GET http://evil.example/v1/partners HTTP/1.0"], 403),
        (vec!["GET http://evil.example/v1/partners HTTP/1.1", &own], 400),
        (vec!["GET /v1/partners HTTP/1.1", "host: localhost:80@evil.example"], 400),
        (vec!["GET /v1/partners HTTP/1.1", "host: 127.0.0.1.evil.example"], 403),
        (vec!["GET /v1/partners HTTP/1.1", "host: no host"], 400),
        (vec!["GET /v1/partners HTTP/1.1", &own, "origin: http://evil.example"], 403),
    ] {
        let (answered, text) = raw(&server, &lines);
        assert_eq!(answered, status, "{lines:?}: {text}");
    }
    let own_target = format!("GET http://{host}/v1/partners HTTP/1.1");
    assert_eq!(raw(&server, &[&own_target, &own]).0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_authority_of_http_2_is_looked_at() {
    let (server, _data) = demo();
    let own = address(&server).to_owned();
    for (authority, host, status) in [
        (own.as_str(), None, 200),
        ("localhost", None, 200),
        ("evil.example", None, 403),
        ("evil.example", Some(own.as_str()), 400),
        (own.as_str(), Some("evil.example"), 400),
    ] {
        let stream = tokio::net::TcpStream::connect(&own).await.unwrap();
        let connected = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (mut sender, connection) = connected.await.unwrap();
        tokio::spawn(connection);
        let mut request = hyper::Request::builder().uri(format!("http://{authority}/v1/partners"));
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let request = request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
        let answer = sender.send_request(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{authority} {host:?}");
    }
}

#[test]
fn where_credentials_are_asked_a_token_counts_wherever_it_comes_from_and_basic_only_from_no_other_site() {
    let town = Guarded::new();
    let bearer = town.with(
        &town.operator,
        "GET",
        "/v1/partners",
        &[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")],
        None,
    );
    assert_eq!(bearer.status, 200, "a page that holds a token sends it on purpose: {}", bearer.text);
    let id = town.operator.split('_').nth(1).unwrap();
    let pair = format!("{id}:{}", town.operator);
    let basic = format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes()));
    for (headers, status) in
        [(&[][..], 200), (&[("sec-fetch-site", "same-origin")], 200), (&[("sec-fetch-site", "cross-site")], 403)]
    {
        let headers = [&[("authorization", basic.as_str())], headers].concat();
        let answer = town.server.send("GET", "/v1/partners", &headers, None);
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.text);
    }
    let body = json!({ "noun": "customer", "id": "evil", "name": "Evil" }).to_string();
    let headers = [("authorization", basic.as_str()), ("sec-fetch-site", "same-site"), ("content-type", "text/plain")];
    assert_eq!(town.server.send("POST", "/v1/import", &headers, Some(body.as_bytes())).status, 403);
}
