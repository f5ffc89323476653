//! The server over TLS, as `curl` and others meet it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::SanType;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

use crate::authority::{Authority, Issued};
use crate::server::Server;

/// A server over TLS, and whose certificates it takes.
struct Served {
    folder: TempDir,
    authority: Authority,
    own: Issued,
    settings: PathBuf,
}

impl Served {
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path(), "authority");
        let own = authority.of_a_server(1);
        let settings = folder.path().join("standing.toml");
        let text = format!(
            "{more}\n[tls]\ncertificate = {:?}\nkey = {:?}\n",
            own.certificate.to_str().unwrap(),
            own.key.to_str().unwrap()
        );
        fs::write(&settings, text).unwrap();
        Self { folder, authority, own, settings }
    }

    fn and(self, key: &str, file: &Path) -> Self {
        let text = fs::read_to_string(&self.settings).unwrap();
        fs::write(&self.settings, format!("{text}{key} = {:?}\n", file.to_str().unwrap())).unwrap();
        self
    }

    fn start(&self, arguments: &[&str]) -> Server {
        let settings = self.settings.to_str().unwrap();
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--config", settings]).collect();
        Server::start(&self.folder.path().join("data"), &arguments)
    }

    /// What `curl` says of a call: its exit code, and what it printed.
    fn curl(&self, server: &Server, path: &str, arguments: &[&str]) -> (i32, String) {
        let output = Command::new("curl")
            .args(["-sS", "--cacert"])
            .arg(&self.authority.certificate)
            .args(arguments)
            .arg(format!("{}{path}", server.base))
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
    }
}

/// Waits until a server counted so many handshakes that came to nothing, and no others.
fn until_failed(served: &Served, server: &Server, why: &str, times: usize) {
    let began = Instant::now();
    let figure = format!("standing_handshakes_failed_total{{why=\"{why}\"}} {times}\n");
    loop {
        let (code, text) = served.curl(server, "/metrics", &[]);
        assert_eq!(code, 0, "{text}");
        let others = text.lines().filter(|line| line.starts_with("standing_handshakes_failed_total{"));
        let others = others.filter(|line| !line.contains(why) && !line.ends_with(" 0")).count();
        if text.contains(&figure) && others == 0 {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{figure}{text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn address(server: &Server) -> SocketAddr {
    server.base.split("://").nth(1).unwrap().parse().unwrap()
}

#[test]
fn calls_go_over_https_in_both_versions_of_http_and_tls_and_say_so_for_a_year() {
    let served = Served::new("");
    let server = served.start(&["--demo"]);
    assert!(server.base.starts_with("https://"), "{}", server.base);
    for (arguments, expected) in
        [(vec!["--http1.1"], "1.1"), (vec!["--http2"], "2"), (vec!["--tls-max", "1.2"], "2"), (vec!["--tlsv1.3"], "2")]
    {
        let show = ["-D", "-", "-o", "/dev/null", "-w", "%{http_code} %{http_version}"];
        let (code, said) = served.curl(&server, "/healthz", &[&arguments[..], &show].concat());
        assert_eq!(code, 0, "{arguments:?}: {said}");
        assert!(said.ends_with(&format!("200 {expected}")), "{arguments:?}: {said}");
        assert!(said.to_lowercase().contains("strict-transport-security: max-age=31536000"), "{said}");
    }
    let (_, metadata) = served.curl(&server, "/.well-known/authzen-configuration", &[]);
    assert!(metadata.contains(&format!("\"policy_decision_point\":\"{}\"", server.base)), "{metadata}");
    let (code, _) = served.curl(&server, "/healthz", &["--tls-max", "1.1"]);
    assert_ne!(code, 0, "TLS 1.1 is not spoken");
    let stranger = Authority::new(served.folder.path(), "stranger");
    let output = Command::new("curl")
        .args(["-sS", "--cacert"])
        .arg(&stranger.certificate)
        .arg(format!("{}/healthz", server.base))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(60), "another authority vouches for nothing");
}

#[test]
fn whoever_speaks_plain_http_to_it_is_told_to_use_https() {
    let served = Served::new("");
    let server = served.start(&["--demo"]);
    let mut stream = TcpStream::connect(address(&server)).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{said}");
    assert!(said.contains("\"code\":\"not_tls\"") && said.contains("`https`"), "{said}");
    until_failed(&served, &server, "not_tls", 1);
}

/// A hello of TLS 1.2 to a name that is none.
fn hello_to(name: &[u8]) -> Vec<u8> {
    let sized = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    let names = sized(&[&[0_u8][..], &sized(name)].concat());
    let extensions = sized(&[&[0_u8, 0][..], &sized(&names)].concat());
    let hello = [&[3_u8, 3][..], &[7; 32], &[0], &[0, 2, 0xc0, 0x2b], &[1, 0], &extensions].concat();
    let handshake = [&[1_u8, 0][..], &sized(&hello)].concat();
    [&[0x16_u8, 3, 1][..], &sized(&handshake)].concat()
}

#[test]
fn what_anybody_says_in_a_handshake_is_counted_and_never_logged() {
    let served = Served::new("");
    let server = served.start(&["--demo"]);
    for times in 1..=3 {
        let mut stream = TcpStream::connect(address(&server)).unwrap();
        stream.write_all(&hello_to(&[b"a b ".as_slice(), &[b'Z'; 15_000]].concat())).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
        until_failed(&served, &server, "broken", times);
    }
    let printed = server.printed();
    assert!(!printed.contains("ZZZ") && !printed.contains("rustls"), "{printed}");
}

#[test]
fn a_handshake_that_somebody_leaves_is_counted_and_said_nowhere_else() {
    let served = Served::new("");
    let server = served.start(&["--demo"]);
    let mut left = TcpStream::connect(address(&server)).unwrap();
    left.write_all(&[0x16, 3, 1, 2, 0, 1]).unwrap();
    drop(left);
    // Nobody vouches for the certificate as this one sees it.
    let unbelieving = Command::new("curl").args(["-sS", &format!("{}/healthz", server.base)]).output().unwrap();
    assert!(!unbelieving.status.success());
    until_failed(&served, &server, "broken", 2);
    assert!(!server.printed().contains("ERROR"), "{}", server.printed());
}

#[test]
fn a_half_handshake_holds_a_connection_no_longer_than_a_head_may_take() {
    let served = Served::new("limits.head_seconds = 1");
    let server = served.start(&["--demo"]);
    let mut silent = TcpStream::connect(address(&server)).unwrap();
    let mut half = TcpStream::connect(address(&server)).unwrap();
    half.write_all(&[0x16, 3, 1, 2, 0, 1]).unwrap();
    for (what, stream) in [("nothing", &mut silent), ("half a hello", &mut half)] {
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        assert!(ended.is_err() || rest.is_empty(), "{what} is answered with the end of the connection: {rest:?}");
    }
    assert_eq!(served.curl(&server, "/healthz", &[]).0, 0);
}

#[test]
fn a_new_certificate_is_used_when_its_files_change_and_a_broken_one_changes_nothing() {
    let served = Served::new("");
    let server = served.start(&["--demo"]);
    let shown = |server: &Server| {
        let (code, said) = served.curl(server, "/healthz", &["-o", "/dev/null", "-w", "%{certs}"]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("BEGIN CERTIFICATE"), "{said}");
        said
    };
    let hang_up = || {
        let id = server.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    };
    let before = shown(&server);
    fs::write(&served.own.certificate, "no certificate").unwrap();
    hang_up();
    server.prints("cannot be used, so those from before stay");
    assert_eq!(shown(&server), before);
    let next = served.authority.of_a_server(2);
    fs::copy(&next.key, &served.own.key).unwrap();
    fs::copy(&next.certificate, &served.own.certificate).unwrap();
    hang_up();
    server.prints("new connections use what they hold");
    assert_ne!(shown(&server), before);
}

#[test]
fn a_certificate_of_a_caller_is_asked_for_and_only_one_of_the_authority_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let callers = Authority::new(folder.path(), "callers");
    let others = Authority::new(folder.path(), "others");
    let name = [SanType::DnsName("gateway.example".try_into().unwrap())];
    let (good, revoked) = (callers.issue("gateway", &name, 10), callers.issue("gateway", &name, 11));
    let foreign = others.issue("gateway", &name, 12);
    let served = Served::new("").and("client_ca", &callers.certificate).and("client_crl", &callers.revoke(&[&revoked]));
    let server = served.start(&["--demo"]);
    let asked = |issued: Option<&Issued>| {
        let files = issued.map(|issued| [issued.certificate.to_str().unwrap(), issued.key.to_str().unwrap()]);
        let arguments = files.map(|[certificate, key]| vec!["--cert", certificate, "--key", key]).unwrap_or_default();
        served.curl(&server, "/healthz", &[&arguments[..], &["-o", "/dev/null"]].concat()).0
    };
    assert_eq!(asked(None), 0, "without one there is a connection all the same");
    assert_eq!(asked(Some(&good)), 0);
    assert_ne!(asked(Some(&revoked)), 0, "it was revoked");
    assert_ne!(asked(Some(&foreign)), 0, "another authority vouches for nobody");
    until_failed(&served, &server, "certificate", 2);
}

#[test]
fn whoever_holds_a_certificate_calls_as_the_settings_say_and_the_record_says_by_which() {
    let folder = tempfile::tempdir().unwrap();
    let callers = Authority::new(folder.path(), "callers");
    let name = |uri: &str| [SanType::URI(uri.try_into().unwrap())];
    let gateway = callers.issue("gateway", &name("spiffe://example.org/gateway"), 20);
    let unnamed = callers.issue("unnamed", &name("spiffe://example.org/unnamed"), 21);
    let settings = "[[certificate]]\nuri = \"spiffe://example.org/gateway\"\nrole = \"auditor\"\n";
    let served = Served::new(settings).and("client_ca", &callers.certificate);
    let server = served.start(&[]);
    let status = |issued: Option<&Issued>, more: &[&str]| {
        let files = issued.map(|issued| [issued.certificate.to_str().unwrap(), issued.key.to_str().unwrap()]);
        let arguments = files.map(|[certificate, key]| vec!["--cert", certificate, "--key", key]).unwrap_or_default();
        let printed = ["-o", "/dev/null", "-w", "%{http_code}"];
        let (code, status) = served.curl(&server, "/v1/partners", &[&arguments[..], &printed, more].concat());
        assert_eq!(code, 0, "{status}");
        status
    };
    assert_eq!(status(None, &[]), "401");
    assert_eq!(status(Some(&unnamed), &[]), "401");
    assert_eq!(status(Some(&gateway), &[]), "200");
    assert_eq!(status(Some(&gateway), &["-H", "Authorization: Bearer x"]), "401");
    let files = ["--cert", gateway.certificate.to_str().unwrap(), "--key", gateway.key.to_str().unwrap()];
    let path = "/v1/decisions?action=Api::listPartners&order=newest&limit=1";
    let (_, listed) = served.curl(&server, path, &files);
    assert!(
        listed.contains("\"by\":\"certificate\"") && listed.contains("uri:spiffe://example.org/gateway"),
        "{listed}"
    );
}

/// A connection of a caller with a certificate, which asks one thing after the other.
fn kept_open(server: &Server, authority: &Authority, issued: &Issued) -> StreamOwned<ClientConnection, TcpStream> {
    let pem = |path: &Path| CertificateDer::from_pem_file(path).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(pem(&authority.certificate)).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![pem(&issued.certificate)], PrivateKeyDer::from_pem_file(&issued.key).unwrap())
        .unwrap();
    let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    StreamOwned::new(connection, TcpStream::connect(address(server)).unwrap())
}

#[test]
fn a_certificate_that_is_revoked_opens_nothing_on_a_connection_that_is_open_already() {
    let folder = tempfile::tempdir().unwrap();
    let callers = Authority::new(folder.path(), "callers");
    let name = |uri: &str| [SanType::URI(uri.try_into().unwrap())];
    let other = callers.issue("other", &name("spiffe://example.org/other"), 29);
    let gateway = callers.issue("gateway", &name("spiffe://example.org/gateway"), 30);
    let settings = "[[certificate]]\nuri = \"spiffe://example.org/gateway\"\nrole = \"auditor\"\n";
    let served =
        Served::new(settings).and("client_ca", &callers.certificate).and("client_crl", &callers.revoke(&[&other]));
    let server = served.start(&[]);
    let mut open = kept_open(&server, &served.authority, &gateway);
    let mut status = || {
        open.write_all(b"GET /v1/partners HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let (mut said, mut part) = (Vec::new(), [0; 4096]);
        // Every answer here ends with the end of an object.
        while !said.ends_with(b"}") {
            let read = open.read(&mut part).unwrap();
            assert_ne!(read, 0, "{}", String::from_utf8_lossy(&said));
            said.extend_from_slice(&part[..read]);
        }
        String::from_utf8_lossy(&said[9..12]).into_owned()
    };
    assert_eq!(status(), "200");
    let hang_up = |times: usize| {
        assert!(Command::new("kill").args(["-HUP", &server.id().to_string()]).status().unwrap().success());
        while server.printed().matches("new connections use what they hold").count() < times {
            std::thread::yield_now();
        }
    };
    // Another list that does not name it changes nothing.
    callers.revoke(&[&other, &other]);
    hang_up(1);
    assert_eq!(status(), "200");
    callers.revoke(&[&other, &gateway]);
    hang_up(2);
    assert_eq!(status(), "401");
    assert_eq!(status(), "401");
}

#[test]
fn credentials_go_over_the_network_in_the_clear_only_behind_a_proxy_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let Err(output) = Server::try_start(&data, &["--listen", "0.0.0.0:0"]) else { panic!("it is served") };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("in the clear") && said.contains("`proxy = true`"), "{said}");
    assert!(!data.exists(), "nothing is written");
    let server = Server::try_start_in(&data, &["--listen", "0.0.0.0:0"], &[("STANDING_PROXY", "true")]).unwrap();
    server.prints("only the proxy that speaks TLS");
}

#[test]
fn files_that_make_no_listener_are_named() {
    let served = Served::new("");
    let other = served.authority.of_a_server(3);
    let data = served.folder.path().join("data");
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let (own, key) = (path(&served.own.certificate), path(&served.own.key));
    let open = path(&served.folder.path().join("open.key"));
    fs::copy(&key, &open).unwrap();
    fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let foreign = path(&other.key);
    let nothing = path(&served.folder.path().join("nothing.pem"));
    for (certificate, key, expected) in [
        (own.as_str(), "", "`tls.certificate` is named and `tls.key` is not"),
        ("", key.as_str(), "`tls.key` is named and `tls.certificate` is not"),
        (nothing.as_str(), key.as_str(), "cannot read"),
        (key.as_str(), key.as_str(), "holds no certificate in PEM"),
        (own.as_str(), own.as_str(), "holds no private key in PEM"),
        (own.as_str(), foreign.as_str(), "cannot be used with the key"),
        (own.as_str(), open.as_str(), "chmod 600"),
    ] {
        let environment = [("STANDING_TLS_CERTIFICATE", certificate), ("STANDING_TLS_KEY", key)];
        let Err(output) = Server::try_start_in(&data, &["--demo"], &environment) else {
            panic!("served with {certificate} and {key}")
        };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(expected), "{expected}: {said}");
        assert!(!data.exists(), "nothing is written");
    }
}
