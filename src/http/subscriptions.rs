//! Subscriptions.

use warp::http::StatusCode;
use warp::reply::Response;

use super::conditions::noun_reply;
use super::exchange::{Exchange, changed, page_body, tagged, told};
use super::problem::Problem;
use crate::change::registry::SubscriptionFilter;
use crate::domain::subscription::Subscription;
use crate::id::SubscriptionId;

pub(super) async fn put(mut x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let id: SubscriptionId = x.param("subscription")?;
    let subscription: Subscription = x.noun("subscription", id.as_str()).await?;
    let done = x.pdp.put_subscription(&x.call, subscription).await?;
    let status = if done.value.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(tagged(changed(status, &done, &done.value.noun)?, done.value.revision))
}

pub(super) async fn get(x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let id: SubscriptionId = x.param("subscription")?;
    let found = x.pdp.subscription(&x.call, &id).await?;
    match &found.value {
        Some(known) => noun_reply(&x, &found, &known.noun, known.revision),
        None => Err(Problem::not_found(
            "unknown_subscription",
            format!("subscription `{id}` is not known; register it first"),
        )),
    }
}

pub(super) async fn list(mut x: Exchange) -> Result<Response, Problem> {
    let (limit, cursor) = x.paging()?;
    let filter = SubscriptionFilter { customer: x.query("customer")?, partner: x.query("partner")? };
    x.no_more_query()?;
    let page = x.pdp.list_subscriptions(&x.call, &filter, limit, cursor.as_deref()).await?;
    told(&page, &page_body("subscriptions", &page.value)?)
}
