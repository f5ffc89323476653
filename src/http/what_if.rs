//! What-if: the decisions that hypothetical changes would change.

use serde::Deserialize;
use utoipa::ToSchema;
use warp::reply::Response;

use super::problem::Problem;
use super::request::Request;
use super::response::read_response;
use crate::answer;
use crate::answer::what_if::Proposed;
use crate::answer::what_if::own::{CustomerChange, PartnerChange, what_if_customer, what_if_partner};
use crate::id::{CustomerId, PartnerId};

/// Changes to try, one after the other.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhatIfBody {
    /// The changes.
    changes: Vec<Proposed>,
}

/// Changes that a customer tries, one after the other.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerWhatIfBody {
    /// The changes.
    changes: Vec<CustomerChange>,
}

/// Changes that a partner tries, one after the other.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PartnerWhatIfBody {
    /// The changes.
    changes: Vec<PartnerChange>,
}

pub(super) async fn of_customer(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let customer: CustomerId = request.param("customer")?;
    let CustomerWhatIfBody { changes } = request.body().await?;
    let delta = what_if_customer(&request.pdp, &request.call, &customer, changes).await?;
    read_response(&delta, &delta.value)
}

pub(super) async fn of_partner(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let partner: PartnerId = request.param("partner")?;
    let PartnerWhatIfBody { changes } = request.body().await?;
    let delta = what_if_partner(&request.pdp, &request.call, &partner, changes).await?;
    read_response(&delta, &delta.value)
}

pub(super) async fn what_if(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let WhatIfBody { changes } = request.body().await?;
    let delta = answer::what_if::what_if(&request.pdp, &request.call, changes).await?;
    read_response(&delta, &delta.value)
}
