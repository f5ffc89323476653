//! Behind proxies: which address counts for a call that comes over the network, by whom it is said and how.

use std::net::{IpAddr, SocketAddr, TcpListener};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

use crate::server::Server;

/// From where a call comes, and what it says of that.
#[derive(Clone, Copy, Debug)]
struct From<'a> {
    address: &'a str,
    headers: &'a [&'a str],
}

fn from<'a>(address: &'a str, headers: &'a [&'a str]) -> From<'a> {
    From { address, headers }
}

/// A server that listens to everybody, on both kinds of addresses where this machine has both.
struct Door {
    server: Server,
    _folder: tempfile::TempDir,
    has_ipv6: bool,
}

impl Door {
    /// One that trusts proxies with these addresses.
    fn trusting(proxies: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("standing.toml");
        std::fs::write(&settings, format!("proxy = true\ntrusted_proxies = [{proxies}]\n")).unwrap();
        let has_ipv6 = TcpListener::bind("[::1]:0").is_ok();
        let listen = if has_ipv6 { "[::]:0" } else { "0.0.0.0:0" };
        let arguments = ["--config", settings.to_str().unwrap(), "--listen", listen];
        let server = Server::start(&folder.path().join("data"), &arguments);
        Self { server, _folder: folder, has_ipv6 }
    }

    /// The status that whoever guesses a token is answered with.
    async fn guess(&self, from: From<'_>) -> u16 {
        let own: IpAddr = from.address.parse().unwrap();
        let port = self.server.base.rsplit_once(':').unwrap().1.parse().unwrap();
        let (socket, there) = match own {
            IpAddr::V4(_) => (TcpSocket::new_v4().unwrap(), SocketAddr::from(([127, 0, 0, 1], port))),
            IpAddr::V6(_) => (TcpSocket::new_v6().unwrap(), format!("[::1]:{port}").parse().unwrap()),
        };
        socket.bind(SocketAddr::new(own, 0)).unwrap();
        let mut stream = socket.connect(there).await.unwrap();
        let headers: String = from.headers.iter().map(|header| format!("{header}\r\n")).collect();
        let head = format!(
            "GET /v1/partners HTTP/1.1\r\nhost: standing.example\r\nauthorization: Bearer x\r\nconnection: close\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Do two callers count as one? Whoever has guessed until it is told to wait is told so as the other, too; several
    /// times, because after a while it may guess once more.
    async fn are_one(&self, one: From<'_>, other: From<'_>) -> bool {
        for _ in 0..5 {
            let mut guesses = 0;
            while self.guess(one).await != 429 {
                guesses += 1;
                assert!(guesses < 1_000, "{one:?} is never told to wait");
            }
            if self.guess(other).await == 429 {
                return true;
            }
        }
        false
    }
}

/// A network of IPv4 may be written as one of IPv6.
const TRUSTED: &str = r#""127.0.1.0/24", "::ffff:127.0.2.0/120", "::1/128""#;

#[tokio::test]
async fn what_a_stranger_says_of_where_it_comes_from_changes_nothing() {
    let door = Door::trusting(TRUSTED);
    let said: [&[&str]; 4] = [
        &["forwarded: for=198.51.100.1"],
        &["forwarded: for=127.0.1.1", "forwarded: for=127.0.1.2"],
        &["x-forwarded-for: 198.51.100.1"],
        &["x-real-ip: 198.51.100.1", "forwarded: for=\"[2001:db8::1]\""],
    ];
    for (number, headers) in said.into_iter().enumerate() {
        // An address of its own: one that has to wait already would do so whatever it says.
        let stranger = format!("127.0.0.{}", number + 20);
        assert!(door.are_one(from(&stranger, headers), from(&stranger, &[])).await, "{headers:?}");
    }
    // Nobody else has to wait for that: not whom it names, nor another address.
    assert_eq!(door.guess(from("127.0.1.1", &["forwarded: for=198.51.100.1"])).await, 401);
    assert_eq!(door.guess(from("127.0.1.1", &["forwarded: for=\"[2001:db8::1]\""])).await, 401);
    assert_eq!(door.guess(from("127.0.1.1", &[])).await, 401);
    assert_eq!(door.guess(from("127.0.0.10", &[])).await, 401);
}

#[tokio::test]
async fn the_nearest_address_that_a_proxy_says_and_that_is_none_of_ours_counts() {
    let door = Door::trusting(TRUSTED);
    let plain = "forwarded: for=198.51.100.1";
    for (proxy, headers) in [
        ("127.0.2.1", &["forwarded: for=\"198.51.100.1:4711\";proto=https"][..]),
        ("127.0.1.2", &["Forwarded: by=127.0.1.2;FOR=\"198.51.100.1:_port\""]),
        ("127.0.1.3", &["forwarded: for=203.0.113.1, for=198.51.100.1, for=127.0.2.9"]),
        ("127.0.1.4", &["forwarded: for=203.0.113.1", "forwarded: for=198.51.100.1", "forwarded: for=\"[::1]:1\""]),
        ("127.0.1.5", &["forwarded: for=\"[::ffff:198.51.100.1]:4711\""]),
        ("127.0.1.6", &["x-forwarded-for: 203.0.113.1", plain]),
        ("127.0.1.7", &["forwarded: for=203.0.113.1;x=\"", plain]),
    ] {
        assert!(door.are_one(from("127.0.1.1", &[plain]), from(proxy, headers)).await, "{headers:?}");
    }
    assert_eq!(door.guess(from("127.0.1.8", &["forwarded: for=203.0.113.1"])).await, 401, "it was only named");
    assert_eq!(door.guess(from("127.0.1.8", &[])).await, 401, "a proxy does not wait for those behind it");
}

#[tokio::test]
async fn where_a_proxy_says_nothing_that_is_an_address_its_own_counts() {
    let door = Door::trusting(TRUSTED);
    let said: [&[&str]; 10] = [
        &["x-forwarded-for: 198.51.100.1"],
        &["forwarded: for=unknown"],
        &["forwarded: for=198.51.100.1, for=_hidden"],
        &["forwarded: for=198.51.100.1;for=198.51.100.2"],
        &["forwarded: for=2001:db8::7"],
        &["forwarded: for=\"[198.51.100.1]\""],
        &["forwarded: for=198.51.100.1:port"],
        &["forwarded: for=198.51.100.999"],
        &["forwarded: for=203.0.113.1;x=\", for=198.51.100.1"],
        &["forwarded: "],
    ];
    for (number, headers) in said.into_iter().enumerate() {
        let proxy = format!("127.0.1.{}", number + 10);
        assert!(door.are_one(from(&proxy, headers), from(&proxy, &[])).await, "{headers:?}");
    }
    for named in ["198.51.100.1", "198.51.100.2", "203.0.113.1"] {
        let said = format!("forwarded: for={named}");
        assert_eq!(door.guess(from("127.0.1.1", &[&said])).await, 401, "{named} counts for nothing");
    }
}

#[tokio::test]
async fn a_network_of_ipv6_counts_as_one_however_its_addresses_are_written() {
    let door = Door::trusting(TRUSTED);
    let one = &["forwarded: for=\"[2001:db8:1:2::7]\""][..];
    for headers in [
        &["forwarded: for=\"[2001:db8:1:2::7]:4711\""][..],
        &["forwarded: for=\"[2001:DB8:1:2:ffff::8]:_port\""],
        &["forwarded: for=\"[2001:0db8:0001:0002:0000:0000:0000:0009]\""],
    ] {
        assert!(door.are_one(from("127.0.1.1", one), from("127.0.2.1", headers)).await, "{headers:?}");
    }
    let next = &["forwarded: for=\"[2001:db8:1:3::7]\""];
    assert_eq!(door.guess(from("127.0.1.1", next)).await, 401, "the network beside it");
    if !door.has_ipv6 {
        println!("left out: this machine has no address of IPv6");
        return;
    }
    assert!(door.are_one(from("127.0.1.1", one), from("::1", one)).await, "over IPv6, too");
    assert!(door.are_one(from("::1", &["forwarded: for=unknown"]), from("::1", &[])).await);
}
