//! Is it alive, and is it ready?

use serde_json::json;
use warp::http::StatusCode;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use warp::reply::Response;

use super::exchange::{Exchange, json_reply};
use super::problem::Problem;

pub(super) async fn healthz(_: Exchange) -> Result<Response, Problem> {
    json_reply(StatusCode::OK, &json!({ "status": "alive" }))
}

pub(super) async fn readyz(x: Exchange) -> Result<Response, Problem> {
    x.pdp.ready().await.map_err(|error| Problem::unavailable(&error))?;
    json_reply(StatusCode::OK, &json!({ "status": "ready", "rules": x.pdp.digest(), "revision": x.pdp.revision() }))
}

pub(super) async fn metrics(x: Exchange) -> Result<Response, Problem> {
    let figures = x.pdp.figures().map_err(|error| Problem::unavailable(&error))?;
    let mut response = Response::new(figures.into());
    let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
