//! What a listener answers besides the routes of this service: pages for people, which stand in a room of their own.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;
use warp::Reply as _;
use warp::http::header::HeaderValue;
use warp::http::uri::Authority;
use warp::http::{HeaderMap, Method, StatusCode};
use warp::sse::Event;

use super::body::collected;
use super::connection::Connection;
use super::incoming::Incoming;
use super::problem::Problem;
use super::quotas::Quotas;
use super::received::Shutdown;

/// The answer to a visit: whole, or made while it is sent.
pub type SiteResponse = warp::reply::Response;

/// A call of a page, whole.
pub struct Visit {
    /// The method; a `HEAD` comes as a `GET`.
    pub method: Method,
    /// The path, as it was sent.
    pub path: String,
    /// The query, as it was sent.
    pub query: String,
    /// The host it names.
    pub host: Option<Authority>,
    /// The connection it came in by.
    pub connection: Connection,
    /// The headers.
    pub headers: HeaderMap,
    /// The quotas of callers; nothing where nobody proves who they are.
    pub quotas: Option<Arc<Quotas>>,
    /// How a stream is kept up.
    pub streaming: Streaming,
    /// The body, or the status that says why it cannot be read.
    pub body: Result<Bytes, StatusCode>,
}

/// How a stream to a browser is kept up.
#[derive(Clone, Debug)]
pub struct Streaming {
    /// Rings when the server stops, so that streams end.
    pub shutdown: Shutdown,
    /// How often a stream says that it is still there.
    pub heartbeat: Duration,
}

/// What a stream says: an event and its data, or nothing, so that whoever reads knows that it is still there.
pub type StreamEvent = Option<(&'static str, String)>;

/// An answer that tells each event as it comes, and that nothing on the way holds back.
#[must_use]
pub fn event_stream(events: mpsc::Receiver<StreamEvent>) -> SiteResponse {
    let events = stream::unfold(events, |mut events| async move {
        let event = match events.recv().await? {
            Some((event, data)) => Event::default().event(event).data(data),
            None => Event::default().comment(""),
        };
        Some((Ok::<_, Infallible>(event), events))
    });
    let mut response = warp::sse::reply(events).into_response();
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Pages that are served beside the routes.
pub trait Site: Send + Sync {
    /// Is a call one of a page?
    fn serves(&self, method: &Method, path: &str, headers: &HeaderMap) -> bool;

    /// How many bytes may be sent to a page.
    fn bytes_max(&self, path: &str) -> usize;

    /// The page.
    fn visit<'a>(&'a self, visit: Visit) -> Pin<Box<dyn Future<Output = SiteResponse> + Send + 'a>>;
}

/// Has a page answer a call whose body is still on its way.
pub(super) async fn visited(site: &dyn Site, mut visit: Visit, body: Incoming) -> SiteResponse {
    let read = collected(body, site.bytes_max(&visit.path)).await;
    visit.body = read.map_err(|problem: Problem| problem.into_response().status());
    site.visit(visit).await
}
