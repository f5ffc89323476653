//! What would be otherwise if something changed.

use serde::Deserialize;
use utoipa::ToSchema;
use warp::reply::Response;

use super::problem::Problem;
use super::request::{Request, told};
use crate::answer;
use crate::answer::what_if::Proposed;

/// Changes to try, one after the other.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhatIfBody {
    /// The changes.
    changes: Vec<Proposed>,
}

pub(super) async fn what_if(mut x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let WhatIfBody { changes } = x.body().await?;
    let delta = answer::what_if::what_if(&x.pdp, &x.call, changes).await?;
    told(&delta, &delta.value)
}
