//! The trace a call belongs to, as its headers name it, and the span of the call in it.

use std::time::Duration;

use warp::http::HeaderMap;
use warp::http::header::{HeaderName, HeaderValue};
use warp::reply::Response;

use super::response::{STANDING_DECISION, STANDING_REVISION};
use crate::pdp::Pdp;
use crate::pdp::spans::{self, Begun, Ended, Parent};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

fn parent(headers: &HeaderMap) -> Option<Parent> {
    Parent::read(headers.get(TRACEPARENT)?.to_str().ok()?)
}

/// The trace that a call names, 32 hexadecimal digits; nothing when it names none.
pub(super) fn trace(headers: &HeaderMap) -> Option<String> {
    parent(headers).map(|parent| parent.trace())
}

/// Begins the span of a call, if it is followed. A trace that it begins is one that the call names from then on, so that
/// its record does.
pub(super) fn begun(pdp: &Pdp, headers: &mut HeaderMap) -> Option<Begun> {
    let parent = parent(headers);
    let begun = spans::begun(pdp, parent.as_ref())?;
    if parent.is_none() {
        headers.insert(TRACEPARENT, HeaderValue::from_str(&begun.traceparent()).ok()?);
    }
    Some(begun)
}

/// Ends the span of a call with the answer of a route, by its method and its path.
pub(super) fn end(begun: Begun, pdp: &Pdp, route: (&'static str, &'static str), response: &Response, took: Duration) {
    let header = |name: &HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
    let number = |text: &str| text.parse::<u64>().ok();
    // The place of one record, or of the first and the last of several.
    let decisions = header(&STANDING_DECISION).map_or(0, |places| match places.split_once('-') {
        Some((first, last)) => {
            number(last).zip(number(first)).map_or(0, |(last, first)| last.saturating_sub(first) + 1)
        }
        None => 1,
    });
    let revision = header(&STANDING_REVISION).and_then(number);
    begun.end(pdp, Ended { route, status: response.status().as_u16(), revision, decisions, took });
}
