//! Conditional headers: each is honoured, or the call that has one is refused; none is ignored.
//!
//! A noun has its revision as `ETag`. Reading it takes `If-None-Match`, so that what is known already is not sent
//! again; writing it takes `If-Match`, so that nothing is overwritten unseen, and `If-None-Match: *`, which only
//! creates. No other call has a use for a condition, and times are no revisions. AuthZEN endpoints pass all of them
//! over: gateways add such headers, and nothing there can be changed.

use serde::Serialize;
use warp::http::header::{IF_MATCH, IF_NONE_MATCH};
use warp::http::{HeaderMap, Method, StatusCode};
use warp::reply::Response;

use super::problem::Problem;
use super::response::{at_revision, read_response, recorded, tagged};
use crate::id::Revision;
use crate::pdp::call::{self, Condition};

/// What a call asks to be so.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    /// Of a noun that is to be written.
    pub(super) writing: Vec<Condition>,
    /// Of a noun that is read: what is known of it already.
    pub(super) known: Option<Known>,
}

/// The tags of what a reader knows.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// Whatever is there.
    Anything,
    /// It at these revisions.
    At(Vec<Revision>),
}

/// What of a route decides which conditions it takes.
pub(super) struct Conditional<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) is_authzen: bool,
    pub(super) is_noun: bool,
}

/// Reads the conditions of a call; one that its route has no use for is refused.
///
/// # Errors
/// 400 `header_not_taken`, `invalid_if_match` or `invalid_if_none_match`.
pub(super) fn conditions(route: &Conditional<'_>, headers: &HeaderMap) -> Result<Conditions, Problem> {
    let mut conditions = Conditions::default();
    if route.is_authzen {
        return Ok(conditions);
    }
    let is = |method: Method| route.is_noun && *route.method == method;
    let (reads, creates) = (is(Method::GET), is(Method::PUT));
    let writes = creates || is(Method::DELETE) || is(Method::POST);
    let is_condition = |name: &str| name == "if" || name.starts_with("if-");
    let is_used = |name: &str| name == IF_NONE_MATCH && (reads || creates) || name == IF_MATCH && writes;
    if let Some(name) = headers.keys().find(|name| is_condition(name.as_str()) && !is_used(name.as_str())) {
        return Err(Problem::bad(
            "header_not_taken",
            format!("`{} {}` does not take `{name}`; leave it out", route.method, route.path),
        ));
    }
    if headers.contains_key(IF_MATCH) {
        let invalid = |given: &str| {
            Problem::bad(
                "invalid_if_match",
                format!("`If-Match` is the revision of the `ETag` you read, for example `\"12\"`, not `{given}`"),
            )
        };
        conditions.writing.push(match tags(headers, &IF_MATCH).ok_or_else(|| invalid("?"))?.as_slice() {
            [Tag::Any] => Condition::Registered,
            tags => {
                let at = |tag: &Tag| match tag {
                    Tag::Strong(text) => revision(text).ok_or_else(|| invalid(text)),
                    // A weak tag promises less than a change has to know.
                    Tag::Weak(text) => Err(invalid(&format!("W/\"{text}\""))),
                    Tag::Any => Err(invalid("* beside others")),
                };
                Condition::At(tags.iter().map(at).collect::<Result<_, _>>()?)
            }
        });
    }
    if headers.contains_key(IF_NONE_MATCH) {
        let invalid = |says: &str| Problem::bad("invalid_if_none_match", format!("`If-None-Match` {says}"));
        let tags = tags(headers, &IF_NONE_MATCH)
            .ok_or_else(|| invalid("is `*` or the `ETag` you read, for example `\"12\"`; several go with commas"))?;
        match tags.as_slice() {
            [Tag::Any] if writes => conditions.writing.push(Condition::New),
            _ if writes => {
                return Err(invalid("of a change is `*`, which only creates; for a revision use `If-Match`"));
            }
            [Tag::Any] => conditions.known = Some(Known::Anything),
            tags if tags.contains(&Tag::Any) => return Err(invalid("has `*` beside others; give one or the other")),
            tags => {
                let known = tags.iter().filter_map(|tag| match tag {
                    Tag::Strong(text) | Tag::Weak(text) => revision(text),
                    Tag::Any => None,
                });
                conditions.known = Some(Known::At(known.collect()));
            }
        }
    }
    Ok(conditions)
}

/// An entity tag as a condition names it.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Tag {
    Any,
    Strong(String),
    Weak(String),
}

/// The tags of every line of a header; nothing where one is no tag, or there is none.
fn tags(headers: &HeaderMap, name: &warp::http::HeaderName) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    for line in headers.get_all(name) {
        // No revision holds a comma, so a tag that does is none of ours, however it is split.
        for given in line.to_str().ok()?.split(',').map(str::trim).filter(|given| !given.is_empty()) {
            let quoted = |text: &str| text.strip_prefix('"')?.strip_suffix('"').map(str::to_owned);
            tags.push(match given.strip_prefix("W/") {
                Some(weak) => Tag::Weak(quoted(weak)?),
                None if given == "*" => Tag::Any,
                // A revision is taken bare, too; what else may not be `If-Match` says itself.
                None if revision(given).is_some() || *name == IF_MATCH && !given.contains('"') => {
                    Tag::Strong(given.to_owned())
                }
                None => Tag::Strong(quoted(given)?),
            });
        }
    }
    (!tags.is_empty()).then_some(tags)
}

fn revision(text: &str) -> Option<Revision> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The answer to a read of a noun: the noun, or 304. The call is recorded in either case.
pub(super) fn noun_reply<T, N: Serialize>(
    known: Option<&Known>,
    found: &call::Response<T>,
    noun: &N,
    revision: Revision,
) -> Result<Response, Problem> {
    let is_known = match known {
        None => false,
        Some(Known::Anything) => true,
        Some(Known::At(revisions)) => revisions.contains(&revision),
    };
    if !is_known {
        return Ok(tagged(read_response(found, noun)?, revision));
    }
    let mut response = Response::new(bytes::Bytes::new().into());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    let response = at_revision(tagged(response, revision), found.revision);
    Ok(recorded(response, &found.seqs))
}
