//! Partners.

use serde::Deserialize;
use utoipa::IntoParams;
use warp::http::StatusCode;
use warp::reply::Response;

use super::conditions::noun_reply;
use super::page::page_body;
use super::problem::Problem;
use super::request::Request;
use super::response::{change_response, read_response, tagged};
use super::times::Past;
use crate::answer;
use crate::answer::own_standing::{StandingFilter, own_standing_as_of};
use crate::change;
use crate::domain::partner::Partner;
use crate::evidence::own_changes::{ChangesOf, own_changes};
use crate::id::{CustomerId, PartnerId, SubscriptionId};

/// Of which of its subscriptions a partner asks how it stands.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StandingOf {
    /// Those of this customer.
    #[param(inline)]
    customer: Option<CustomerId>,
    /// This one.
    #[param(inline)]
    subscription: Option<SubscriptionId>,
}

pub(super) async fn put(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id: PartnerId = request.param("partner")?;
    let partner: Partner = request.noun("partner", id.as_str()).await?;
    let done = change::registry::put_partner(&request.pdp, &request.call, partner).await?;
    let status = if done.value.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(tagged(change_response(status, &done, &done.value.noun)?, done.value.revision))
}

pub(super) async fn get(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id: PartnerId = request.param("partner")?;
    let found = change::registry::partner(&request.pdp, &request.call, &id).await?;
    match &found.value {
        Some(known) => noun_reply(request.known.as_ref(), &found, &known.noun, known.revision),
        None => Err(Problem::not_found("unknown_partner", format!("partner `{id}` is not known; register it first"))),
    }
}

pub(super) async fn list(mut request: Request) -> Result<Response, Problem> {
    let (limit, cursor) = request.paging()?;
    request.no_more_query()?;
    let page = change::registry::list_partners(&request.pdp, &request.call, limit, cursor.as_deref()).await?;
    read_response(&page, &page_body("partners", &page.value)?)
}

pub(super) async fn customers(mut request: Request) -> Result<Response, Problem> {
    let (limit, cursor) = request.paging()?;
    let as_of = request.query::<Past>()?.moment(request.pdp.now())?;
    request.no_more_query()?;
    let id: PartnerId = request.param("partner")?;
    let page = answer::pages::customer_list(&request.pdp, &request.call, &id, as_of, limit, cursor.as_deref()).await?;
    read_response(&page, &page_body("customers", &page.value)?)
}

pub(super) async fn standing(mut request: Request) -> Result<Response, Problem> {
    let (limit, cursor) = request.paging()?;
    let StandingOf { customer, subscription } = request.query()?;
    let as_of = request.query::<Past>()?.moment(request.pdp.now())?;
    request.no_more_query()?;
    let id: PartnerId = request.param("partner")?;
    let filter = StandingFilter { customer, subscription };
    let (pdp, call) = (&request.pdp, &request.call);
    let standing = own_standing_as_of(pdp, call, &id, &filter, as_of, limit, cursor.as_deref()).await?;
    let mut body = page_body("subscriptions", &standing.value.subscriptions)?;
    if let Some(customer) = &standing.value.customer {
        body["customer"] = serde_json::to_value(customer).map_err(|_| Problem::internal())?;
    }
    read_response(&standing, &body)
}

pub(super) async fn changes(mut request: Request) -> Result<Response, Problem> {
    let (limit, cursor) = request.paging()?;
    request.no_more_query()?;
    let of = ChangesOf::Partner(request.param("partner")?);
    let page = own_changes(&request.pdp, &request.call, &of, limit, cursor.as_deref()).await?;
    read_response(&page, &page_body("changes", &page.value)?)
}
