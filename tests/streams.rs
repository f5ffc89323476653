//! A stream that stays open belongs to a caller who may read it, for as long as that is so and no longer.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use data_encoding::BASE64;
use standing::change::tokens::{IssuedToken, NewToken, Speaker};
use standing::domain::partner::PartnerKind;
use standing::facts::Role;
use standing::http::{Listener, Shutdown, surface_with};
use standing::policy::{Bundle, RuleFiles, Rulebook};
use standing::publish::watched::Taken;
use standing::{change, evidence, publish};

use crate::stage::{Stage, operator, time};

const END: &str = "2026-02-01T00:00:00Z";
/// Longer than any heartbeat of these tests, and shorter than anybody's patience.
const PATIENCE: Duration = Duration::from_secs(60);

/// A stage that is served, and tells of changes to whoever follows them.
struct Served {
    stage: Stage,
    address: SocketAddr,
    _stop: tokio::sync::watch::Sender<bool>,
}

impl Served {
    async fn with(stage: Stage, heartbeat: Duration) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, told) = tokio::sync::watch::channel(false);
        let served = surface_with(Arc::clone(&stage.pdp), Listener::Guarded, Shutdown::on(told), heartbeat);
        tokio::spawn(warp::serve(served).incoming(listener).run());
        Self { stage, address, _stop: stop }
    }

    async fn auditor(&self, expires: Option<&str>) -> IssuedToken {
        let new = NewToken { expires: expires.map(time), ..NewToken::of(Speaker::Role(Role::Auditor)) };
        let issued = change::tokens::create_token(&self.stage.pdp, &operator(), new).await;
        issued.unwrap_or_else(|error| panic!("{error}")).value
    }

    /// The lines of a stream, as they come, until it ends.
    fn follow(&self, credentials: &str) -> Receiver<String> {
        let (address, credentials) = (self.address, credentials.to_owned());
        let (lines, coming) = channel();
        std::thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            write!(
                stream,
                "GET /v1/changes HTTP/1.1\r\nhost: {address}\r\nauthorization: {credentials}\r\naccept: text/event-stream\r\n\r\n"
            )
            .unwrap();
            for line in BufReader::new(stream).lines() {
                // A last chunk of no bytes ends it well; a connection that breaks is an error here.
                let line = line.unwrap();
                let is_last = line == "0";
                if lines.send(line).is_err() || is_last {
                    return;
                }
            }
        });
        coming
    }
}

/// Reads on until a line is as wanted; panics where the stream ends before it.
async fn until(coming: Receiver<String>, wanted: &'static str) -> Receiver<String> {
    tokio::task::spawn_blocking(move || {
        loop {
            let line = coming.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no `{wanted}` came"));
            if line.contains(wanted) {
                return coming;
            }
        }
    })
    .await
    .unwrap()
}

/// Reads on until the stream ends, and says what still came.
async fn rest(coming: Receiver<String>) -> Vec<String> {
    tokio::task::spawn_blocking(move || {
        let mut rest = Vec::new();
        loop {
            let line = coming.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it goes on: {rest:?}"));
            if line == "0" {
                return rest;
            }
            rest.push(line);
        }
    })
    .await
    .unwrap()
}

const SOON: Duration = Duration::from_millis(50);
const NEVER: Duration = Duration::from_secs(3_600);

fn basic(token: &IssuedToken) -> String {
    format!("Basic {}", BASE64.encode(format!("{}:{}", token.id, token.token).as_bytes()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_goes_on_with_heartbeats_and_ends_by_the_next_one_once_its_token_is_revoked() {
    let served = Served::with(Stage::new(), SOON).await;
    served.stage.customer("before").await;
    let token = served.auditor(None).await;
    for credentials in [format!("Bearer {}", token.token), basic(&token)] {
        let coming = until(served.follow(&credentials), "\"before\"").await;
        // Three heartbeats of a stream on which nothing happens.
        let mut coming = coming;
        for _ in 0..3 {
            coming = until(coming, ":").await;
        }
        drop(coming);
    }
    let coming = until(served.follow(&format!("Bearer {}", token.token)), "\"before\"").await;
    change::tokens::revoke_token(&served.stage.pdp, &operator(), &token.id)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    rest(coming).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_told_after_the_token_is_revoked_or_has_expired() {
    let served = Served::with(Stage::new(), NEVER).await;
    served.stage.customer("before").await;
    for is_revoked in [true, false] {
        let token = served.auditor((!is_revoked).then_some(END)).await;
        let coming = until(served.follow(&format!("Bearer {}", token.token)), "\"before\"").await;
        if is_revoked {
            change::tokens::revoke_token(&served.stage.pdp, &operator(), &token.id)
                .await
                .unwrap_or_else(|error| panic!("{error}"));
        } else {
            served.stage.clock.set(time(END));
        }
        let secret = if is_revoked { "secret-1" } else { "secret-2" };
        served.stage.customer(secret).await;
        let rest = rest(coming).await.join("\n");
        assert!(!rest.contains(secret), "{rest}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_by_its_next_heartbeat_once_its_token_has_expired() {
    let served = Served::with(Stage::new(), SOON).await;
    served.stage.customer("before").await;
    let token = served.auditor(Some(END)).await;
    let coming = until(served.follow(&format!("Bearer {}", token.token)), "\"before\"").await;
    served.stage.clock.set(time(END));
    rest(coming).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_by_its_next_event_or_heartbeat_once_the_rules_take_the_right_away() {
    // A set that promises the roles nothing, so that another may take something from them.
    let mut files: RuleFiles = RuleFiles::built_in();
    files.remove("policies/always/api/a-role-makes-its-calls.cedar").unwrap();
    let mut narrower = files.clone();
    let auditor = "policies/may/api/auditor.cedar";
    let text = files
        .get(auditor)
        .unwrap()
        .replace("Api::Action::\"readFacts\", Api::Action::\"audit\"", "Api::Action::\"readFacts\"");
    assert_ne!(text, files.get(auditor).unwrap());
    narrower.insert(auditor, text);
    for (heartbeat, is_event) in [(NEVER, true), (SOON, false)] {
        let rules = Bundle::load(files.clone(), Rulebook::Domain).unwrap();
        let stage = Stage::with(rules, standing::domain::grant::Multichannel::Displace);
        let served = Served::with(stage, heartbeat).await;
        served.stage.partner("before", PartnerKind::Advisor).await;
        let token = served.auditor(None).await;
        let coming = until(served.follow(&format!("Bearer {}", token.token)), "\"before\"").await;
        let taken = publish::watched::take_files(&served.stage.pdp, Ok(narrower.clone())).await.unwrap();
        assert_eq!(taken, Taken::InForce);
        if is_event {
            served.stage.customer("secret").await;
        }
        let rest = rest(coming).await.join("\n");
        assert!(!rest.contains("secret"), "{rest}");
        // That it was refused is recorded, as any refusal is.
        let filter = standing::evidence::decisions::DecisionFilter {
            decision: Some(false),
            action: Some("Api::readChanges".to_owned()),
            ..standing::evidence::decisions::DecisionFilter::default()
        };
        let found =
            evidence::decisions::decisions(&served.stage.pdp, &operator(), &filter, 10, None).await.unwrap().value;
        assert_eq!(found.items.len(), 1, "{:?}", found.items);
    }
}
