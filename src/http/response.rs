//! What answers are made of: JSON, the place of the record, the revision.

use std::cell::RefCell;

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
const STANDING_RULES: HeaderName = HeaderName::from_static("standing-rules");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// How much room an answer gets before it is written, in bytes: enough for most of one question.
const ANSWER_BYTES: usize = 512;

thread_local! {
    /// The digest of the rules that decided last on this thread: most answers share it.
    static RULES: RefCell<Option<HeaderValue>> = const { RefCell::new(None) };
}

/// A JSON answer.
pub(super) fn json_reply<T: Serialize>(status: StatusCode, body: &T) -> Result<Response, Problem> {
    let mut text = Vec::with_capacity(ANSWER_BYTES);
    serde_json::to_writer(&mut text, body).map_err(|_| Problem::internal())?;
    let mut response = Response::new(Bytes::from(text).into());
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

/// Adds a header whose value is a number.
fn with_number(mut response: Response, name: HeaderName, number: u64) -> Response {
    response.headers_mut().insert(name, HeaderValue::from(number));
    response
}

/// Adds the revision that an answer is of.
pub(super) fn at_revision(response: Response, revision: Revision) -> Response {
    with_number(response, STANDING_REVISION, revision.0)
}

/// Adds the digest of the rules that decided.
pub(super) fn decided_by(mut response: Response, digest: &str) -> Response {
    let value = RULES.with_borrow_mut(|last| {
        if last.as_ref().is_none_or(|last| last != digest) {
            *last = HeaderValue::from_str(digest).ok();
        }
        last.clone()
    });
    if let Some(value) = value {
        response.headers_mut().insert(STANDING_RULES, value);
    }
    response
}

/// Adds the header that says where the answer is recorded: one place, or the first and the last of several.
pub(super) fn recorded(response: Response, seqs: &[Seq]) -> Response {
    match (seqs.first(), seqs.last()) {
        (Some(first), Some(last)) if first != last => {
            with_header(response, STANDING_DECISION, format!("{first}-{last}"))
        }
        (Some(only), _) => with_number(response, STANDING_DECISION, only.0),
        _ => response,
    }
}

/// An answer that was read at a revision.
pub(super) fn read_response<T, B: Serialize>(read: &call::Response<T>, body: &B) -> Result<Response, Problem> {
    let response = json_reply(StatusCode::OK, body)?;
    Ok(recorded(at_revision(response, read.revision), &read.seqs))
}

/// An answer to a change.
pub(super) fn change_response<T, B: Serialize>(
    status: StatusCode,
    committed: &call::Committed<T>,
    body: &B,
) -> Result<Response, Problem> {
    let response = at_revision(json_reply(status, body)?, committed.revision);
    let response = if committed.is_repeat { with_header(response, IDEMPOTENCY_REPLAYED, true) } else { response };
    Ok(recorded(response, &committed.seqs))
}

/// The revision of a noun, for a later `If-Match`.
pub(super) fn tagged(response: Response, revision: Revision) -> Response {
    with_header(response, ETAG, format!("\"{revision}\""))
}
