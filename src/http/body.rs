//! Whether a call may have a body, and in which form: a body that nobody reads says something that is not done.

use bytes::Bytes;
use futures_util::StreamExt as _;
use warp::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use warp::http::{HeaderMap, StatusCode};

use super::incoming::Incoming;
use super::problem::Problem;
use super::received::Received;

const LINES: &str = "application/x-ndjson";

/// What body a route takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    /// None: a call with one is refused before anything happens.
    None,
    /// JSON.
    Json,
    /// JSON, or none.
    JsonOrNone,
    /// JSON, one value a line.
    Lines,
}

impl Body {
    /// This, or the other where this is none.
    pub(super) const fn or(self, other: Self) -> Self {
        if matches!(self, Self::None) { other } else { self }
    }
}

/// Refuses a body that the call does not take, or takes in another form.
///
/// # Errors
/// 400 `body_not_taken`, 415 `content_encoding` or `content_type`.
pub(super) async fn taken(body: Body, received: &mut Received) -> Result<(), Problem> {
    if body == Body::None {
        return none(received).await;
    }
    plain(&received.headers)?;
    if body == Body::Lines {
        let given = content_type(&received.headers);
        if !media_type(given).eq_ignore_ascii_case(LINES) {
            return Err(Problem::of(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "content_type",
                format!("the content type is `{given}`; send `Content-Type: {LINES}`, one JSON object a line"),
            ));
        }
    }
    Ok(())
}

async fn none(received: &mut Received) -> Result<(), Problem> {
    let length = received.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let is_announced = length.is_some_and(|length| length.trim().parse::<u64>() != Ok(0));
    // What is sent in pieces does not say how long it is.
    if !is_announced && is_empty(&mut received.body).await? {
        return Ok(());
    }
    Err(Problem::bad(
        "body_not_taken",
        format!(
            "`{} {}` takes no body, and nothing was done; leave it out and say what is wanted in the path and the query",
            received.method, received.path
        ),
    ))
}

async fn is_empty(body: &mut Incoming) -> Result<bool, Problem> {
    while let Some(part) = next(body).await? {
        if !part.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// No coding of a body is undone here.
fn plain(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get_all(CONTENT_ENCODING).iter().map(|given| given.to_str().unwrap_or("?"));
    let mut codings = given.flat_map(|given| given.split(',')).map(str::trim);
    match codings.find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity")) {
        None => Ok(()),
        Some(coding) => Err(Problem::of(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content_encoding",
            format!("the body is in the coding `{coding}`, which is not undone here; send it as it is"),
        )),
    }
}

/// What the headers say a body is.
pub(super) fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|given| given.to_str().ok()).unwrap_or_default()
}

/// A content type without its parameters.
pub(super) fn media_type(given: &str) -> &str {
    given.split(';').next().unwrap_or_default().trim()
}

/// The next part of a body, if there is one.
///
/// # Errors
/// 408 for one that does not come in time, 400 for a body that breaks off.
pub(super) async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Problem> {
    let within = body.within.part;
    let Ok(part) = tokio::time::timeout(within, body.next()).await else {
        return Err(too_slow(&format!("no part of the body came for {} seconds", within.as_secs())));
    };
    part.transpose().map_err(|cause| Problem::bad("incomplete_body", format!("the body could not be read: {cause}")))
}

fn too_slow(says: &str) -> Problem {
    Problem::of(StatusCode::REQUEST_TIMEOUT, "body_too_slow", format!("{says}; send it again"))
}

/// Reads a body up to a limit.
///
/// # Errors
/// 408, 413, or 400 for one that breaks off.
pub(super) async fn collected(mut body: Incoming, limit: usize) -> Result<Bytes, Problem> {
    let too_large = || {
        let message = format!("the body has more than {limit} bytes; send less at once");
        Problem::of(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    };
    if body.is_longer_than(limit) {
        return Err(too_large());
    }
    if let Some(whole) = body.whole() {
        return if whole.len() > limit { Err(too_large()) } else { Ok(whole) };
    }
    let within = body.within.whole;
    let reading = async {
        let mut whole = Vec::new();
        while let Some(part) = next(&mut body).await? {
            if whole.len() + part.len() > limit {
                return Err(too_large());
            }
            whole.extend_from_slice(&part);
        }
        Ok(whole.into())
    };
    let read = tokio::time::timeout(within, reading).await;
    read.unwrap_or_else(|_| Err(too_slow(&format!("the body took more than {} seconds", within.as_secs()))))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use futures_util::stream;
    use warp::http::{HeaderMap, StatusCode};

    use super::super::incoming::BodyTimes;
    use super::*;

    #[tokio::test]
    async fn a_body_that_drips_for_ever_is_given_up() {
        let drops = stream::unfold((), |()| async {
            tokio::task::yield_now().await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b"x")), ()))
        });
        let within = BodyTimes { part: Duration::from_secs(60), whole: Duration::from_millis(20) };
        let body = Incoming::begun(Box::pin(drops), &HeaderMap::new(), within).await;
        let read = collected(body, usize::MAX).await;
        assert_eq!(read.map_err(|problem| problem.into_response().status()), Err(StatusCode::REQUEST_TIMEOUT));
    }
}
