//! The keys that links are signed with.

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use super::problem::Problem;
use super::request::{IDEMPOTENCY_KEY, Request};
use super::response::{change_response, read_response};
use crate::change;
use crate::domain::invitation::LinkKeyId;
use crate::pdp::links::LinkKeySummary;

/// Every key that links are signed with.
#[derive(Serialize, ToSchema)]
pub(super) struct LinkKeyList {
    keys: Vec<LinkKeySummary>,
    /// Is it all of them? It always is.
    complete: bool,
}

impl LinkKeyList {
    fn of(keys: &[LinkKeySummary]) -> Self {
        Self { keys: keys.to_vec(), complete: true }
    }
}

pub(super) async fn list(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let keys = change::link_keys::link_keys(&request.pdp, &request.call).await?;
    read_response(&keys, &LinkKeyList::of(&keys.value))
}

pub(super) async fn rotate(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    request.takes_no(&[IDEMPOTENCY_KEY])?;
    let keys = change::link_keys::rotate_link_key(&request.pdp, &request.call).await?;
    change_response(StatusCode::OK, &keys, &LinkKeyList::of(&keys.value))
}

pub(super) async fn retire(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id: LinkKeyId = request.param("key")?;
    let keys = change::link_keys::retire_link_key(&request.pdp, &request.call, id).await?;
    change_response(StatusCode::OK, &keys, &LinkKeyList::of(&keys.value))
}
