//! Is it alive, and is it ready?

use serde_json::json;
use warp::http::StatusCode;
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
