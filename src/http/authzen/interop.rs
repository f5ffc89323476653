//! What the endpoints of AuthZEN do for callers they do not know: clients and gateways of others, who know the
//! specification and nothing of ours.

use warp::http::HeaderMap;
use warp::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, IF_MATCH};
use warp::reply::Response;

use super::super::accept::is_taken;
use super::super::received::Received;
use super::super::request::IDEMPOTENCY_KEY;

/// Where the metadata of this decision point is, before the path of its own URL.
pub(in super::super) const CONFIGURATION: &str = "/.well-known/authzen-configuration";

/// Is this the path of an endpoint of AuthZEN, where members, parameters and headers that are not ours are passed over?
pub(in super::super) fn is_endpoint(path: &str) -> bool {
    path.starts_with("/access/v1/")
        || path.strip_prefix(CONFIGURATION).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The parameters of a query that are ours, which say on what a question is answered.
const PARAMETERS: [&str; 4] = ["explain", "as_of", "rules", "at_least"];

/// The headers that mean something to calls of ours, and nothing where nothing can be changed.
const HEADERS: [HeaderName; 2] = [IF_MATCH, IDEMPOTENCY_KEY];

/// What came without the parameters and headers that are not ours. A gateway adds such things to every call, and they
/// are no part of a question; so they are passed over, as unknown members of a body are.
pub(in super::super) fn without_foreign(mut received: Received) -> Received {
    if !is_endpoint(&received.path) {
        return received;
    }
    let is_ours = |pair: &&str| {
        form_urlencoded::parse(pair.as_bytes()).next().is_some_and(|(name, _)| PARAMETERS.contains(&&*name))
    };
    received.query = received.query.split('&').filter(is_ours).collect::<Vec<_>>().join("&");
    for name in HEADERS {
        received.headers.remove(name);
    }
    received
}

/// Is a problem to be sent as plain JSON, to a caller of AuthZEN that does not take problems of RFC 9457?
pub(in super::super) fn wants_plain_json(path: &str, headers: &HeaderMap) -> bool {
    is_endpoint(path) && !is_taken(headers, "application/problem+json")
}

/// The same problem as plain JSON.
pub(in super::super) fn as_plain_json(mut response: Response) -> Response {
    let is_problem = response.headers().get(CONTENT_TYPE).is_some_and(|held| held == "application/problem+json");
    if is_problem {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}
