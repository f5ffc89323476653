//! Subscriptions.

use serde::Deserialize;
use utoipa::IntoParams;
use warp::http::StatusCode;
use warp::reply::Response;

use super::conditions::noun_reply;
use super::page::page_body;
use super::problem::Problem;
use super::request::Request;
use super::response::{change_response, read_response, tagged};
use crate::change;
use crate::change::registry::SubscriptionFilter;
use crate::domain::subscription::Subscription;
use crate::id::{CustomerId, PartnerId, SubscriptionId};

/// Which subscriptions are listed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Of {
    /// Those of this customer.
    #[param(inline)]
    customer: Option<CustomerId>,
    /// Those this partner sold.
    #[param(inline)]
    partner: Option<PartnerId>,
}

pub(super) async fn put(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id: SubscriptionId = request.param("subscription")?;
    let subscription: Subscription = request.noun("subscription", id.as_str()).await?;
    let done = change::selling::put_subscription(&request.pdp, &request.call, subscription).await?;
    let status = if done.value.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(tagged(change_response(status, &done, &done.value.noun)?, done.value.revision))
}

pub(super) async fn get(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id: SubscriptionId = request.param("subscription")?;
    let found = change::registry::subscription(&request.pdp, &request.call, &id).await?;
    match &found.value {
        Some(known) => noun_reply(request.known.as_ref(), &found, &known.noun, known.revision),
        None => Err(Problem::not_found(
            "unknown_subscription",
            format!("subscription `{id}` is not known; register it first"),
        )),
    }
}

pub(super) async fn list(mut request: Request) -> Result<Response, Problem> {
    let (limit, cursor) = request.paging()?;
    let Of { customer, partner } = request.query()?;
    let filter = SubscriptionFilter { customer, partner };
    request.no_more_query()?;
    let page =
        change::registry::list_subscriptions(&request.pdp, &request.call, &filter, limit, cursor.as_deref()).await?;
    read_response(&page, &page_body("subscriptions", &page.value)?)
}
