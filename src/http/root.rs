//! The index of the service at `/`: what there is, and where.

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, VARY};
use warp::reply::Response;

use super::accept::{JSON, TEXT, chosen};
use super::problem::Problem;
use super::request::Request;
use super::response::{json_reply, with_header};

const SAYS: &str = "Decides what a reseller may do to a customer's subscriptions, and remembers every answer.";
const DOCUMENTATION: &str = "README.md of the sources for the service, policies/README.md for the rules and every reason of a no, \
    `standing --help` for the commands";

/// What there is here.
#[derive(Serialize, ToSchema)]
#[schema(as = FrontDoor)]
pub(super) struct Index {
    /// What this is.
    service: &'static str,
    /// Which version of it.
    version: &'static str,
    /// What it does.
    says: &'static str,
    /// Where things are.
    links: Links,
    /// Where it is written how to use it.
    documentation: &'static str,
}

/// Where things are.
#[derive(Serialize, ToSchema)]
pub(super) struct Links {
    /// Every call, in the words of OpenAPI.
    openapi: &'static str,
    /// Where to ask, in the words of AuthZEN.
    metadata: &'static str,
    /// One question.
    evaluation: &'static str,
    /// Is it alive?
    health: &'static str,
    /// Is it ready?
    readiness: &'static str,
    /// Figures.
    metrics: &'static str,
}

const LINKS: Links = Links {
    openapi: "/openapi.json",
    metadata: "/.well-known/authzen-configuration",
    evaluation: "/access/v1/evaluation",
    health: "/healthz",
    readiness: "/readyz",
    metrics: "/metrics",
};

pub(super) async fn index(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let version = env!("CARGO_PKG_VERSION");
    let response = if chosen(&request.headers, &[JSON, TEXT])? == JSON {
        let links = Index { service: "standing", version, says: SAYS, links: LINKS, documentation: DOCUMENTATION };
        json_reply(StatusCode::OK, &links)?
    } else {
        let Links { openapi, metadata, evaluation, health, readiness, metrics } = LINKS;
        let text = format!(
            "standing {version}\n{SAYS}\n\n\
             {openapi:<36} every call\n{metadata:<36} where to ask, in the words of AuthZEN\n\
             {evaluation:<36} one question (POST)\n{health:<36} is it alive?\n{readiness:<36} is it ready?\n\
             {metrics:<36} figures\n\n{DOCUMENTATION}\n"
        );
        let mut response = Response::new(bytes::Bytes::from(text).into());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    };
    Ok(with_header(response, VARY, "Accept"))
}
