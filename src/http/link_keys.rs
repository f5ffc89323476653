//! The keys that links are signed with.

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use super::problem::Problem;
use super::request::{IDEMPOTENCY_KEY, Request, changed, told};
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

pub(super) async fn list(x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let keys = change::link_keys::link_keys(&x.pdp, &x.call).await?;
    told(&keys, &LinkKeyList::of(&keys.value))
}

pub(super) async fn rotate(x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    x.takes_no(&[IDEMPOTENCY_KEY])?;
    let keys = change::link_keys::rotate_link_key(&x.pdp, &x.call).await?;
    changed(StatusCode::OK, &keys, &LinkKeyList::of(&keys.value))
}

pub(super) async fn retire(x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let id: LinkKeyId = x.param("key")?;
    let keys = change::link_keys::retire_link_key(&x.pdp, &x.call, id).await?;
    changed(StatusCode::OK, &keys, &LinkKeyList::of(&keys.value))
}
