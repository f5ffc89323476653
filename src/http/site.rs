//! What a listener answers besides the routes of this service: pages for people, which stand in a room of their own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use warp::http::uri::Authority;
use warp::http::{HeaderMap, Method, StatusCode};

use super::body::collected;
use super::connection::Connection;
use super::incoming::Incoming;
use super::long::long;
use super::problem::Problem;
use super::quotas::Quotas;
use crate::pdp::Pdp;
use crate::pdp::guessing::holder;

/// The answer to a visit: whole, or made while it is sent.
pub type SiteResponse = warp::reply::Response;

/// A call of a page, whole.
#[derive(Clone)]
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
    /// The body, or why the page cannot be made: it cannot be read, or takes too long (503).
    pub body: Result<Bytes, StatusCode>,
}

/// Pages that are served beside the routes.
pub trait Site: Send + Sync {
    /// Is a call one of a page?
    fn serves(&self, method: &Method, path: &str, headers: &HeaderMap) -> bool;

    /// May a page look at everything, so that it has its turn aside?
    fn is_long(&self, path: &str) -> bool;

    /// How many bytes may be sent to a page.
    fn bytes_max(&self, path: &str) -> usize;

    /// The page.
    fn visit<'a>(&'a self, visit: Visit) -> Pin<Box<dyn Future<Output = SiteResponse> + Send + 'a>>;
}

/// Has a page answer a call whose body is still on its way; one that may look at everything has its turn.
pub(super) async fn visited(site: Arc<dyn Site>, mut visit: Visit, body: Incoming, pdp: &Pdp) -> warp::reply::Response {
    let read = collected(body, site.bytes_max(&visit.path)).await;
    visit.body = read.map_err(|problem: Problem| problem.into_response().status());
    if !site.is_long(&visit.path) {
        return site.visit(visit).await;
    }
    // Who visits is known to the page alone, so turns go round between addresses here.
    let address = visit.connection.client(pdp, &visit.headers).map(holder);
    let whose = address.map_or_else(String::new, |address| format!("page:{address}"));
    let budget = Duration::from_secs(pdp.limits().long_seconds as u64);
    let late = Visit { body: Err(StatusCode::SERVICE_UNAVAILABLE), ..visit.clone() };
    let page = {
        let site = Arc::clone(&site);
        Box::pin(async move { Ok(site.visit(visit).await) })
    };
    match long(&whose, Some(budget), page).await {
        Ok(page) => page,
        Err(_) => site.visit(late).await,
    }
}
