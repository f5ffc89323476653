//! The keys that links are signed with.

use serde_json::json;
use warp::http::StatusCode;
use warp::reply::Response;

use super::exchange::{Exchange, IDEMPOTENCY_KEY, changed, told};
use super::problem::Problem;
use crate::domain::invitation::LinkKeyId;

pub(super) async fn list(x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let keys = x.pdp.link_keys(&x.call).await?;
    told(&keys, &json!({ "keys": keys.value, "complete": true }))
}

pub(super) async fn rotate(x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    x.takes_no(&[IDEMPOTENCY_KEY])?;
    let keys = x.pdp.rotate_link_key(&x.call).await?;
    changed(StatusCode::OK, &keys, &json!({ "keys": keys.value, "complete": true }))
}

pub(super) async fn retire(x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let id: LinkKeyId = x.param("key")?;
    let keys = x.pdp.retire_link_key(&x.call, id).await?;
    changed(StatusCode::OK, &keys, &json!({ "keys": keys.value, "complete": true }))
}
