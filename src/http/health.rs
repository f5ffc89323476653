//! Is it alive, and is it ready?

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use warp::reply::Response;

use super::accept::{TEXT, chosen};
use super::problem::Problem;
use super::received::Listener;
use super::request::Request;
use super::response::{json_reply, recorded};
use crate::clock::ClockState;
use crate::pdp::figures::Format;
use crate::pdp::ready::IndexState;
use crate::pdp::{figures, ready, rules};

/// It is alive.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `alive`.
    status: &'static str,
}

/// It is ready.
#[derive(Serialize, ToSchema)]
pub(super) struct Readiness {
    /// `ready`.
    status: &'static str,
    /// The digest of the rules in force.
    rules: String,
    /// The newest revision of the facts.
    revision: u64,
    /// Whether the machine's clock can be true.
    clock: ReadinessClock,
    /// How far the ledger is indexed.
    index: ReadinessIndex,
}

/// How far the ledger is indexed. Lists have the records after that too, and take longer.
#[derive(Serialize, ToSchema)]
pub(super) struct ReadinessIndex {
    /// The last record that is indexed.
    to: u64,
    /// How many records come after it.
    lag: u64,
}

/// Whether the machine's clock can be true, as far as the store knows the time.
#[derive(Serialize, ToSchema)]
pub(super) struct ReadinessClock {
    /// `agrees`, `behind` where it was set back (the store's time goes on without it), or `ahead` where it was set ahead.
    state: &'static str,
    /// By how much.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<i64>,
}

pub(super) async fn healthz(_: Request) -> Result<Response, Problem> {
    json_reply(StatusCode::OK, &Health { status: "alive" })
}

pub(super) async fn readyz(request: Request) -> Result<Response, Problem> {
    ready::ready(&request.pdp).await.map_err(|error| Problem::unavailable(&error))?;
    let (state, by) = match request.pdp.clock_state() {
        ClockState::Agrees => ("agrees", None),
        ClockState::Behind { by } => ("behind", Some(by)),
        ClockState::Ahead { by } => ("ahead", Some(by)),
    };
    let clock = ReadinessClock { state, seconds: by.map(|by| by.as_secs()) };
    let IndexState { to, lag } = ready::index_state(&request.pdp).map_err(|error| Problem::unavailable(&error))?;
    let index = ReadinessIndex { to, lag };
    let (rules, revision) = (request.pdp.digest().to_string(), request.pdp.revision().0);
    json_reply(StatusCode::OK, &Readiness { status: "ready", rules, revision, clock, index })
}

/// What watches a service may call without credentials, where a listener of its own is there for it.
pub(super) const WATCHING: [&str; 3] = ["/metrics", "/healthz", "/readyz"];

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) async fn metrics(request: Request) -> Result<Response, Problem> {
    let (format, media) = match chosen(&request.headers, &["application/openmetrics-text", TEXT])? {
        TEXT => (Format::PlainText, PLAIN_TEXT),
        _ => (Format::OpenMetrics, OPEN_METRICS),
    };
    // Whoever watches without credentials is told also when no record can be written.
    let (figures, seqs) = if request.entry.listener == Listener::Watching {
        let figures = figures::figures(&request.pdp, format);
        (figures.map_err(|error| Problem::unavailable(&error))?, Vec::new())
    } else {
        let read = figures::read_figures(&request.pdp, &request.call, format).await?;
        (read.value, read.seqs)
    };
    let mut response = Response::new(figures.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(recorded(response, &seqs))
}

pub(super) async fn document(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let mut response = json_reply(StatusCode::OK, &request.serving.document.with(&rules::reasons(&request.pdp)))?;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    Ok(response)
}
