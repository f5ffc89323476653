//! What-if: the decisions that hypothetical changes would change.

use serde::Deserialize;
use utoipa::ToSchema;
use warp::reply::Response;

use super::problem::Problem;
use super::request::Request;
use super::response::read_response;
use crate::answer;
use crate::answer::what_if::Proposed;

/// Changes to try, one after the other.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhatIfBody {
    /// The changes.
    changes: Vec<Proposed>,
}

pub(super) async fn what_if(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let WhatIfBody { changes } = request.body().await?;
    let delta = answer::what_if::what_if(&request.pdp, &request.call, changes).await?;
    read_response(&delta, &delta.value)
}
