//! What the endpoints of AuthZEN do for callers they do not know: clients and gateways of others, who know the
//! specification and nothing of ours.

use warp::http::HeaderMap;
use warp::http::header::{CONTENT_TYPE, HeaderValue};
use warp::reply::Response;

use super::super::media::is_taken;

/// Where the metadata of this decision point is, before the path of its own URL.
pub(in super::super) const CONFIGURATION: &str = "/.well-known/authzen-configuration";

/// Is this the path of an endpoint of AuthZEN, where members, parameters and headers that are not ours are passed over?
pub(in super::super) fn is_endpoint(path: &str) -> bool {
    path.starts_with("/access/v1/")
        || path.strip_prefix(CONFIGURATION).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Is a problem to be told as plain JSON, to a caller of AuthZEN that does not take problems of RFC 9457?
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
