//! The trace a call belongs to, as `traceparent` of W3C Trace Context names it.

use warp::http::HeaderMap;
use warp::http::header::HeaderName;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The trace that a call names, 32 hexadecimal digits; nothing when it names none.
pub(super) fn trace(headers: &HeaderMap) -> Option<String> {
    let parent = headers.get(TRACEPARENT)?.to_str().ok()?;
    let mut parts = parent.trim().split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let is_named = |id: &str| id.bytes().any(|byte| byte != b'0');
    let is_one = is_hex(version, 2) && version != "ff" && is_hex(trace, 32) && is_hex(span, 16);
    (is_one && is_named(trace) && is_named(span)).then(|| trace.to_owned())
}
