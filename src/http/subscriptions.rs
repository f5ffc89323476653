//! Subscriptions.

use serde::Deserialize;
use utoipa::IntoParams;
use warp::http::StatusCode;
use warp::reply::Response;

use super::conditions::noun_reply;
use super::problem::Problem;
use super::request::{Request, changed, page_body, tagged, told};
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

pub(super) async fn put(mut x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let id: SubscriptionId = x.param("subscription")?;
    let subscription: Subscription = x.noun("subscription", id.as_str()).await?;
    let done = change::selling::put_subscription(&x.pdp, &x.call, subscription).await?;
    let status = if done.value.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(tagged(changed(status, &done, &done.value.noun)?, done.value.revision))
}

pub(super) async fn get(x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let id: SubscriptionId = x.param("subscription")?;
    let found = change::registry::subscription(&x.pdp, &x.call, &id).await?;
    match &found.value {
        Some(known) => noun_reply(&x, &found, &known.noun, known.revision),
        None => Err(Problem::not_found(
            "unknown_subscription",
            format!("subscription `{id}` is not known; register it first"),
        )),
    }
}

pub(super) async fn list(mut x: Request) -> Result<Response, Problem> {
    let (limit, cursor) = x.paging()?;
    let Of { customer, partner } = x.query()?;
    let filter = SubscriptionFilter { customer, partner };
    x.no_more_query()?;
    let page = change::registry::list_subscriptions(&x.pdp, &x.call, &filter, limit, cursor.as_deref()).await?;
    told(&page, &page_body("subscriptions", &page.value)?)
}
