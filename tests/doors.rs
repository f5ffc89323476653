//! Who comes in and by what proof: guesses are told to wait, and the address that counts is the caller's own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use standing::change;
use standing::change::tokens::{NewToken, Speaker};
use standing::clock::Clock as _;
use standing::config::Settings;
use standing::config::pages::SessionSettings;
use standing::facts::Role;
use standing::http::waiting::Waiting;
use standing::http::{Connection, Listener, Shutdown, Site, service};
use standing::pages::sealed::Sealing;
use standing::pages::setting::Setting;
use standing::pages::site::Pages;
use standing::pdp::opening;
use standing::trust::Trust;

use crate::server::{Answer, call};
use crate::stage::{BEGIN, Stage, operator, time};

/// The header by which these tests say where a connection comes from.
pub const PEER: &str = "x-peer";
/// The header by which they say what certificate its other end has, as a listener would have verified it.
pub const CERTIFICATE: &str = "x-certificate";

/// A stage that is served on the network, to whoever says where it connects from.
pub struct House {
    pub stage: Stage,
    pub base: String,
    pub token: String,
    _stop: tokio::sync::watch::Sender<bool>,
}

/// Whom some settings trust.
pub async fn trusting(settings: &str) -> Trust {
    let settings: Settings = toml::from_str(settings).unwrap();
    Trust::open(&settings, time(BEGIN)).await.unwrap()
}

/// The pages of a stage, which whoever asks for one waits so long for.
pub fn pages(stage: &Stage, patience: Duration) -> Arc<dyn Site> {
    Arc::new(Pages::of(Setting {
        pdp: Arc::clone(&stage.pdp),
        listener: Listener::Guarded,
        is_demo: false,
        services: BTreeMap::new(),
        sessions: SessionSettings::default(),
        sealing: Sealing::new(&stage.pdp).unwrap(),
        waiting: Waiting::after(patience),
        closed: None,
    }))
}

impl House {
    pub async fn trusting(trust: Trust) -> Self {
        let Stage { pdp, clock, folder } = Stage::new();
        let pdp = Arc::into_inner(pdp).unwrap();
        Self::open(Stage::of(opening::trusting(pdp, Arc::new(trust)), clock, folder), None).await
    }

    /// A stage that is served, with pages for people where there are some.
    pub async fn open(stage: Stage, site: Option<Arc<dyn Site>>) -> Self {
        let new = NewToken::of(Speaker::Role(Role::Auditor));
        let token = change::tokens::create_token(&stage.pdp, &operator(), new).await.unwrap().value.token;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let served = service(Arc::clone(&stage.pdp), Listener::Guarded, Shutdown::on(stopped), site);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let served = served.clone();
                let answer = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
                    let said = request.headers_mut().remove(PEER);
                    let peer: Option<SocketAddr> = said.map(|peer| peer.to_str().unwrap().parse().unwrap());
                    let said = request.headers_mut().remove(CERTIFICATE);
                    let certificate = said.map(|der| Arc::new(BASE64.decode(der.as_bytes()).unwrap().into()));
                    request.extensions_mut().insert(Connection { peer, certificate, ..Connection::default() });
                    served.call(request)
                });
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(async move { connection.await.map_or_else(|_| (), |()| ()) });
            }
        });
        Self { stage, base, token, _stop: stop }
    }

    /// The answer to whoever comes with these headers.
    pub async fn with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let (base, path) = (self.base.clone(), path.to_owned());
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers: Vec<(String, String)> = headers.iter().map(owned).collect();
        let called = tokio::task::spawn_blocking(move || {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
            call(&base, "GET", &path, &headers, None).unwrap()
        });
        called.await.unwrap()
    }

    /// The answer to whoever comes from an address with a bearer token.
    pub async fn get(&self, path: &str, peer: &str, bearer: &str, more: &[(&str, &str)]) -> Answer {
        let bearer = format!("Bearer {bearer}");
        self.with(path, &[&[(PEER, peer), ("authorization", &bearer)], more].concat()).await
    }

    async fn status(&self, peer: &str, bearer: &str, more: &[(&str, &str)]) -> u16 {
        self.get("/v1/partners", peer, bearer, more).await.status
    }

    /// So much time passes.
    pub fn passes(&self, time: Duration) {
        let now = self.stage.clock.now();
        self.stage.clock.set(now.checked_add(SignedDuration::try_from(time).unwrap()).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_guesses_is_told_to_wait_and_a_right_proof_never_is() {
    let house = House::trusting(Trust::default()).await;
    let guesser = "192.0.2.7:4711";
    for guess in 0..10 {
        let answer = house.get("/v1/partners", guesser, &format!("standing_0123456789abcdef_{guess}"), &[]).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "unauthenticated"), "{guess}: {}", answer.text);
        assert!(answer.header("www-authenticate").is_some() && answer.header("retry-after").is_none());
    }
    let answer = house.get("/v1/partners", "192.0.2.7:9", "standing_0123456789abcdef_x", &[]).await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "too_many_wrong_credentials"), "{}", answer.text);
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    // The same office, with the right token; another address; no proof at all, which is no wrong one.
    assert_eq!(house.status(guesser, &house.token.clone(), &[]).await, 200);
    assert_eq!(house.status("192.0.2.8:4711", "x", &[]).await, 401);
    for _ in 0..12 {
        assert_eq!(house.with("/v1/partners", &[(PEER, "192.0.2.9:1")]).await.status, 401);
    }
    // They are told to wait as long as they have to.
    house.passes(Duration::from_secs(wait));
    assert_eq!(house.status(guesser, "x", &[]).await, 401);
    assert_eq!(house.status(guesser, "x", &[]).await, 429);
    // Every one is counted, and the ledger does not grow with them.
    let records = house.stage.pdp.records().unwrap();
    for _ in 0..20 {
        assert_eq!(house.status(guesser, "x", &[]).await, 429);
    }
    assert_eq!(house.stage.pdp.records().unwrap(), records);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_of_ipv6_is_one_address_and_one_of_ipv4_is_many() {
    let house = House::trusting(Trust::default()).await;
    for number in 0..10 {
        assert_eq!(house.status(&format!("[2001:db8:1:2::{number:x}]:1"), "x", &[]).await, 401);
        assert_eq!(house.status(&format!("192.0.2.{number}:1"), "x", &[]).await, 401);
    }
    for (peer, status) in
        [("[2001:db8:1:2:ffff::1]:1", 429), ("[2001:db8:1:3::1]:1", 401), ("192.0.2.10:1", 401), ("192.0.2.1:2", 401)]
    {
        assert_eq!(house.status(peer, "x", &[]).await, status, "{peer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_that_counts_is_the_one_a_trusted_proxy_says_and_nobody_elses_word() {
    let house = House::trusting(trusting("trusted_proxies = [\"10.0.0.0/8\"]").await).await;
    let from = |address: &str| format!("for={address}");
    for number in 0..10 {
        // Behind the proxy each address counts alone, whatever its owner says of others before it.
        let said = format!("for=203.0.113.{number}, for=198.51.100.1");
        assert_eq!(house.status("10.0.0.1:1", "x", &[("forwarded", &said)]).await, 401);
        // What anybody else says of where it comes from counts for nothing.
        assert_eq!(
            house.status("192.0.2.1:1", "x", &[("forwarded", &from(&format!("203.0.113.{number}")))]).await,
            401
        );
    }
    for (peer, said, status) in [
        ("10.0.0.1:1", "198.51.100.1", 429),
        ("10.0.0.2:1", "198.51.100.1", 429),
        ("10.0.0.1:1", "198.51.100.2", 401),
        ("192.0.2.1:1", "203.0.113.99", 429),
        ("192.0.2.2:1", "198.51.100.1", 401),
    ] {
        assert_eq!(house.status(peer, "x", &[("forwarded", &from(said))]).await, status, "{peer} {said}");
    }
}
