//! Every surface over HTTP: one file lists all routes, one file a noun, and one place where errors become statuses.
//!
//! Handlers know the decision point only: they read what was sent, call one function, and write its result.

mod connection;
mod connections;
mod watched;
mod tls;
mod problem;
mod long;
mod accept;
mod document;
mod incoming;
mod received;
pub mod waiting;
mod server;
mod body;
mod response;
mod conditions;
mod names;
mod origin;
mod head;
mod authenticate;
mod quotas;
mod page;
mod query;
mod streamed;
mod sheet;
mod times;
mod trace;
mod request;
mod site;
mod changes;
mod customers;
mod format;
mod access_review;
mod ledger;
mod link_keys;
mod partners;
mod relationships;
mod root;
mod rules;
mod drafts;
mod authzen;
mod decisions;
mod forward_auth;
mod health;
mod subscriptions;
mod tokens;
mod sessions;
mod transfer;
mod what_if;
mod routes;
mod openapi;
#[cfg(fuzzing)]
pub use authzen::agreement::agree as evaluation_readers_agree;

pub(crate) use access_review::spreadsheet as access_sheet;
pub use authenticate::Access;
pub use body::Body;
pub use connection::Connection;
pub use connections::ConnectionLimits;
pub(crate) use decisions::spreadsheet as decisions_sheet;
pub use long::Work;
pub(crate) use long::long;
pub use problem::Problem;
pub use quotas::{Quotas, Reached, Taking};
pub use received::{Listener, Shutdown};
pub use routes::{ROUTES, Route};
pub use server::{serve, serve_local};
pub(crate) use sheet::{MEDIA as CSV, row as csv_row};
pub use site::{Site, SiteResponse, StreamEvent, Streaming, Visit, event_stream};
pub(crate) use times::{moment as past_moment, span_begin, span_end};
pub use tls::{Tls, TlsError, TlsFiles};

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Buf;
use futures_util::future::Either;
use futures_util::{FutureExt as _, Stream};
use http_body_util::BodyDataStream;
use hyper::service::{Service, service_fn};
use hyper_util::service::TowerToHyperService;
use warp::http::header::{ALLOW, CONTENT_LENGTH, HeaderValue, STRICT_TRANSPORT_SECURITY};
use warp::http::{HeaderMap, Method, StatusCode};
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::caller::Identity;
use crate::limits::RULES_BODY_BYTES_MAX;
use crate::pdp::{Pdp, ready};
use crate::work::Owner;
use authenticate::{Entry, authenticate};
use authzen::interop;
use head::{RequestHead, head};
use incoming::{BodyTimes, Incoming};
use openapi::described;
use received::{Received, Serving};
use request::{REQUEST_ID, Request};
use routes::{Found, Routes};
use site::visited;

/// What every connection of one listener shares.
struct Surface {
    pdp: Arc<Pdp>,
    listener: Listener,
    routes: Routes,
    serving: Arc<Serving>,
    /// The pages for people, where there are any.
    site: Option<Arc<dyn Site>>,
    /// What each caller takes; none are held for callers without credentials, and none on the machine itself.
    quotas: Arc<Quotas>,
}

impl Surface {
    fn new(
        pdp: Arc<Pdp>,
        listener: Listener,
        shutdown: Shutdown,
        heartbeat: Duration,
        site: Option<Arc<dyn Site>>,
    ) -> Arc<Self> {
        let document = described(ROUTES, pdp.has_world());
        let serving = Arc::new(Serving { document, shutdown, heartbeat });
        let (routes, quotas) = (Routes::new(&pdp), Quotas::new(pdp.limits()));
        Arc::new(Self { routes, pdp, listener, serving, site, quotas })
    }
}

/// How often a stream says that it is still there, and asks whether it still may be.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Everything that is served to callers who come in by `listener`.
pub fn surface(
    pdp: Arc<Pdp>,
    listener: Listener,
    shutdown: Shutdown,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone {
    surface_with(pdp, listener, shutdown, HEARTBEAT)
}

/// Like [`surface`], with streams that ask so often whether they may go on.
pub fn surface_with(
    pdp: Arc<Pdp>,
    listener: Listener,
    shutdown: Shutdown,
    heartbeat: Duration,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone {
    composed(Surface::new(pdp, listener, shutdown, heartbeat, None))
}

fn composed(
    surface: Arc<Surface>,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + Send + Sync + 'static {
    let tunnel =
        warp::method().and_then(|method| ready(if method == Method::CONNECT { Ok(()) } else { Err(warp::reject()) }));
    let tunnel = tunnel.untuple_one().map(|| {
        Problem::of(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "`CONNECT` opens a tunnel, and there is none here; see `/openapi.json` for what there is".to_owned(),
        )
        .into_response()
    });
    let answered = head().and(warp::body::stream()).then(move |head, body| answer(Arc::clone(&surface), head, body));
    answered.or(tunnel).recover(|_| async { Ok::<_, Infallible>(Problem::internal().into_response()) }).unify_reply()
}

/// The same as a service for [`serve`], with pages for people beside the routes. Questions are nearly all that is called,
/// so no filter is asked about them.
pub fn service(
    pdp: Arc<Pdp>,
    listener: Listener,
    shutdown: Shutdown,
    site: Option<Arc<dyn Site>>,
) -> impl Service<hyper::Request<hyper::body::Incoming>, Response = Response, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ Sync
+ 'static {
    let surface = Surface::new(pdp, listener, shutdown, HEARTBEAT, site);
    let filtered = TowerToHyperService::new(warp::service(composed(Arc::clone(&surface))));
    service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        if request.method() != Method::POST || !authzen::EVALUATIONS.contains(&request.uri().path()) {
            return Either::Left(filtered.call(request));
        }
        let (head, body) = request.into_parts();
        let answer = answer(Arc::clone(&surface), RequestHead::of(head), BodyDataStream::new(body));
        Either::Right(answer.map(Ok))
    })
}

/// Makes one reply type of an answer and of a recovered rejection.
trait UnifyReply: Filter {
    fn unify_reply(self) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone;
}

impl<F, R> UnifyReply for F
where
    F: Filter<Extract = (R,), Error = Infallible> + Clone + Send + Sync + 'static,
    R: Reply + Send + 'static,
{
    fn unify_reply(self) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone {
        self.map(Reply::into_response)
    }
}

async fn answer<B, E>(
    surface: Arc<Surface>,
    asked: RequestHead,
    body: impl Stream<Item = Result<B, E>> + Send + Unpin + 'static,
) -> Response
where
    B: Buf + Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    let request_id = asked.headers.get(REQUEST_ID).cloned();
    let wants_plain_json = interop::wants_plain_json(&asked.path, &asked.headers);
    let is_tls = asked.connection.is_tls;
    let body = Incoming::begun(body, &asked.headers, BodyTimes::of(&surface.pdp.limits())).await;
    let mut response = match dispatch(&surface, asked, body, request_id.as_ref()).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    };
    if wants_plain_json {
        response = interop::as_plain_json(response);
    }
    if let Some(request_id) = request_id {
        response.headers_mut().insert(REQUEST_ID, request_id);
    }
    if is_tls {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

async fn dispatch(
    surface: &Surface,
    asked: RequestHead,
    body: Incoming,
    request_id: Option<&HeaderValue>,
) -> Result<Response, Problem> {
    let RequestHead { method, path, query, named, mut headers, connection } = asked;
    let host = origin::host(named, &headers)?;
    let passed_on = forward_auth::passed_on(&method, &path, &query);
    let (method, query) = match &passed_on {
        Some(_) => (Method::GET, String::new()),
        None if method == Method::HEAD => (Method::GET, query),
        None => (method, query),
    };
    let site = surface.site.as_ref().filter(|site| site.serves(&method, &path, &headers));
    if let (Some(site), None) = (site, &passed_on) {
        let body_to_come = Ok(bytes::Bytes::new());
        let quotas = (surface.listener == Listener::Guarded).then(|| Arc::clone(&surface.quotas));
        let Serving { shutdown, heartbeat, .. } = &*surface.serving;
        let streaming = Streaming { shutdown: shutdown.clone(), heartbeat: *heartbeat };
        let visit = Visit { method, path, query, host, connection, headers, quotas, streaming, body: body_to_come };
        return Ok(visited(&**site, visit, body).await);
    }
    let at = if passed_on.is_some() { forward_auth::PATH } else { &path };
    let (served, params) = match surface.routes.find(&method, at)? {
        Found::Route(served, params) => (served, params),
        Found::OtherMethods(allowed) => {
            let mut response = Problem::of(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                format!("`{method}` is not one of the methods of `{path}`; use {allowed}"),
            )
            .into_response();
            if let Ok(allowed) = HeaderValue::from_str(&allowed) {
                response.headers_mut().insert(ALLOW, allowed);
            }
            return Ok(response);
        }
        Found::Nothing => {
            return Err(Problem::of(
                StatusCode::NOT_FOUND,
                "no_such_route",
                format!("there is nothing at `{path}`; see `/openapi.json` for what there is"),
            ));
        }
    };
    let began = Instant::now();
    let span = trace::begun(&surface.pdp, &mut headers);
    let serving = Arc::clone(&surface.serving);
    let received = Received { method, path, params, query, passed_on, host, headers, connection, body, serving };
    let answer = enter(surface, served.route, received).await;
    if let Some(limit) = answer.as_ref().err().and_then(Problem::limit) {
        surface.pdp.metrics.limit_reached(limit);
    }
    let response = answer.unwrap_or_else(Problem::into_response);
    let (status, took) = (response.status().as_u16(), began.elapsed());
    served.metrics.answered(status, took);
    // The route and never the path: a path may hold the secret of a link.
    let (method, route) = (served.route.method.as_str(), served.route.path);
    if let Some(span) = span {
        trace::end(span, &surface.pdp, (method, route), &response, took);
    }
    let request_id = || request_id.map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
    tracing::debug!(method, route, status, took_us = took.as_micros() as u64, request_id = request_id(), "answered");
    Ok(response)
}

/// Has a route answer.
async fn enter(surface: &Surface, route: &'static Route, mut received: Received) -> Result<Response, Problem> {
    if surface.pdp.has_world() && !route.in_worlds {
        return Err(Problem::of(
            StatusCode::NOT_FOUND,
            "no_such_route",
            "a world of its own is served, so there are no relationships here; ask it under `/access/v1`".to_owned(),
        ));
    }
    if surface.listener == Listener::Watching && !health::WATCHING.contains(&route.path) {
        return Err(Problem::of(
            StatusCode::NOT_FOUND,
            "no_such_route",
            format!("the figures are served here and nothing else; there is {}", health::WATCHING.join(", ")),
        ));
    }
    let (host, connection) = (received.host.take(), std::mem::take(&mut received.connection));
    let entry = Entry { listener: surface.listener, access: route.access, host, connection };
    let identity = authenticate(&surface.pdp, &entry, &received.headers).await?;
    let conditions = conditions::conditions(&route.conditional(), &received.headers)?;
    body::taken(route.body, &mut received).await?;
    if route.access == Access::Caller && !ready::has_room(&surface.pdp) {
        return Err(Problem::disk_full());
    }
    let taking = match (entry.listener, route.access) {
        (Listener::Guarded, Access::Caller) => Some(taken_by(surface, route.body, &identity, &received.headers)?),
        _ => None,
    };
    let whose = route.work.is_long(&received.headers).then(|| identity.caller.to_string());
    let received = interop::without_foreign(received);
    let request = Request::new(Arc::clone(&surface.pdp), entry, identity, conditions, received)?;
    // Until it is answered, or its client is gone.
    let _taking = taking.map(|mut taking| {
        taking.spends(&request.call.spent);
        taking
    });
    let answer = (route.run)(request);
    let Some(whose) = whose else { return answer.await };
    // Whoever can open the socket owns the machine, and its commands are as long as the ledger is.
    let is_local = surface.listener == Listener::Local;
    let budget = (!is_local).then(|| Duration::from_secs(surface.pdp.limits().long_seconds as u64));
    long(Owner::new(&whose, budget), answer).await
}

/// Lets a call of a caller in, as far as the caller's quotas go.
fn taken_by(surface: &Surface, body: Body, identity: &Identity, headers: &HeaderMap) -> Result<Taking, Problem> {
    let length = || headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse::<u64>().ok();
    let most = surface.pdp.limits().body_bytes as u64;
    let held = match body {
        // Lines are buffered in a file.
        Body::None | Body::Lines => 0,
        // What does not say how long it is may be as long as one may; what is longer than any is refused.
        Body::Json | Body::JsonOrNone => length().unwrap_or(most).min(most.max(RULES_BODY_BYTES_MAX as u64)),
    };
    surface.quotas.begin(&identity.caller.to_string(), held).map_err(|reached| {
        surface.pdp.metrics.limit_reached(reached.setting());
        Problem::quota_reached(reached.setting(), reached.retry_after())
    })
}
