//! Answers a proxy: may the call go on that it passes on? The one place where a no is not 200, because proxies go by the
//! status. Why it is no stands in the ledger alone: a proxy passes the answer on to whoever made the call.

use warp::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use warp::http::{HeaderMap, Method, StatusCode};
use warp::reply::Response;

use super::problem::Problem;
use super::received::PassedOn;
use super::request::Request;
use super::response::{at_revision, decided_by, recorded};
use crate::answer::forward::{Forwarded, NoQuestion, ask_for_proxy, question_of, table};
use crate::config::Proxy;
use crate::question::Question;

/// The path of the route; whatever is below it is the path of a call that is asked about.
pub(super) const PATH: &str = "/v1/forward-auth";

const ORIGINAL: [HeaderName; 2] =
    [HeaderName::from_static("x-original-method"), HeaderName::from_static("x-original-uri")];
const FORWARDED: [HeaderName; 2] =
    [HeaderName::from_static("x-forwarded-method"), HeaderName::from_static("x-forwarded-uri")];
/// Headers by which some services take a call for one of another method or path.
const OVERRIDES: [HeaderName; 5] = [
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-method-override"),
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-rewrite-url"),
];

/// The call that a proxy asks about, where it asks with the method and below our path with the path of that call.
pub(super) fn passed_on(method: &Method, path: &str, query: &str) -> Option<PassedOn> {
    let below = path.strip_prefix(PATH).filter(|below| below.starts_with('/'))?;
    let uri = if query.is_empty() { below.to_owned() } else { format!("{below}?{query}") };
    Some(PassedOn { method: method.clone(), uri })
}

/// What a header says if it stands once; nothing if it does not stand at all.
fn once<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, NoQuestion> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| NoQuestion::Unclear),
        (Some(_), Some(_)) => Err(NoQuestion::Unclear),
    }
}

/// A method and a path as one of the ways to say them has them.
type Said<'a> = [Option<&'a str>; 2];

fn said<'a>(headers: &'a HeaderMap, [method, uri]: &[HeaderName; 2]) -> Result<Said<'a>, NoQuestion> {
    Ok([once(headers, method)?, once(headers, uri)?])
}

/// The question of a call that a proxy asks about. Only what its kind of proxy sets is believed, and nothing may say
/// otherwise.
fn asked(request: &Request) -> Result<Question, NoQuestion> {
    let table = table(&request.pdp).ok_or(NoQuestion::NoTable)?;
    let headers = &request.headers;
    if OVERRIDES.iter().any(|name| headers.contains_key(name)) {
        return Err(NoQuestion::Unclear);
    }
    let (original, forwarded) = (said(headers, &ORIGINAL)?, said(headers, &FORWARDED)?);
    let passed_on: Said<'_> = match &request.passed_on {
        Some(PassedOn { method, uri }) => [Some(method.as_str()), Some(uri.as_str())],
        None => [None, None],
    };
    let (believed, others) = match table.proxy {
        Proxy::Nginx => (original, [forwarded, passed_on]),
        Proxy::Traefik => (forwarded, [original, passed_on]),
        Proxy::Envoy => (passed_on, [original, forwarded]),
    };
    let [Some(method), Some(uri)] = believed else { return Err(NoQuestion::Unclear) };
    let differs = |[other_method, other_uri]: &Said<'_>| {
        other_method.is_some_and(|other| other != method) || other_uri.is_some_and(|other| other != uri)
    };
    if others.iter().any(differs) {
        return Err(NoQuestion::Unclear);
    }
    let subject = HeaderName::from_bytes(table.subject.as_bytes()).map_err(|_| NoQuestion::Unclear)?;
    let subject = once(headers, &subject)?.ok_or(NoQuestion::Unclear)?;
    question_of(table, Forwarded { method, uri, subject })
}

pub(super) async fn forward_auth(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let answered = ask_for_proxy(&request.pdp, &request.call, asked(&request)).await?;
    let is_yes = answered.value.as_ref().is_some_and(|answer| answer.decision.is_allowed());
    let mut response = if is_yes {
        Response::new(bytes::Bytes::new().into())
    } else {
        let says = "the call may not go on; the record that `Standing-Decision` names says why";
        Problem::of(StatusCode::FORBIDDEN, "may_not_go_on", says.to_owned()).into_response()
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let response = recorded(at_revision(response, answered.revision), &answered.seqs);
    Ok(decided_by(response, answered.rules.as_str()))
}
