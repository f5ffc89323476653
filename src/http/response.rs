//! What answers are made of: JSON, the place of the record, the revision.

use bytes::Bytes;
use serde::Serialize;
use warp::http::StatusCode;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue};
use warp::reply::Response;

use super::problem::Problem;
use crate::id::{Revision, Seq};
use crate::pdp::call;

pub(super) const STANDING_DECISION: HeaderName = HeaderName::from_static("standing-decision");
pub(super) const STANDING_REVISION: HeaderName = HeaderName::from_static("standing-revision");
pub(super) const STANDING_RULES: HeaderName = HeaderName::from_static("standing-rules");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A JSON answer.
pub(super) fn json_reply<T: Serialize>(status: StatusCode, body: &T) -> Result<Response, Problem> {
    let body = serde_json::to_vec(body).map_err(|_| Problem::internal())?;
    let mut response = Response::new(Bytes::from(body).into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

pub(super) fn with_header(mut response: Response, name: HeaderName, value: impl ToString) -> Response {
    if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Adds the header that says where the answer is recorded: one place, or the first and the last of several.
pub(super) fn recorded(response: Response, seqs: &[Seq]) -> Response {
    match (seqs.first(), seqs.last()) {
        (Some(first), Some(last)) if first != last => {
            with_header(response, STANDING_DECISION, format!("{first}-{last}"))
        }
        (Some(only), _) => with_header(response, STANDING_DECISION, only),
        _ => response,
    }
}

/// An answer that was read at a revision.
pub(super) fn read_response<T, B: Serialize>(read: &call::Response<T>, body: &B) -> Result<Response, Problem> {
    let response = json_reply(StatusCode::OK, body)?;
    Ok(recorded(with_header(response, STANDING_REVISION, read.revision), &read.seqs))
}

/// An answer to a change.
pub(super) fn change_response<T, B: Serialize>(
    status: StatusCode,
    committed: &call::Committed<T>,
    body: &B,
) -> Result<Response, Problem> {
    let response = with_header(json_reply(status, body)?, STANDING_REVISION, committed.revision);
    let response = if committed.is_repeat { with_header(response, IDEMPOTENCY_REPLAYED, true) } else { response };
    Ok(recorded(response, &committed.seqs))
}

/// The revision of a noun, for a later `If-Match`.
pub(super) fn tagged(response: Response, revision: Revision) -> Response {
    with_header(response, ETAG, format!("\"{revision}\""))
}
