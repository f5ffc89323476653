//! Customers, and the page of their partners.

use jiff::{Span, ToSpan as _};
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
use crate::change;
use crate::domain::customer::Customer;
use crate::evidence::own_changes::{ChangesOf, own_changes};
use crate::id::CustomerId;

/// How far ahead the page looks for grants that end, when the caller does not say.
const ENDING_WITHIN_DAYS: i64 = 30;

/// How far ahead the page looks for grants that end.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Ending {
    /// How far ahead `ending` looks: days, or a duration.
    #[param(default = "30", example = "P30D")]
    ending_within: Option<String>,
}

pub(super) async fn put(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id: CustomerId = request.param("customer")?;
    let customer: Customer = request.noun("customer", id.as_str()).await?;
    let done = change::registry::put_customer(&request.pdp, &request.call, customer).await?;
    let status = if done.value.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(tagged(change_response(status, &done, &done.value.noun)?, done.value.revision))
}

pub(super) async fn get(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id: CustomerId = request.param("customer")?;
    let found = change::registry::customer(&request.pdp, &request.call, &id).await?;
    match &found.value {
        Some(known) => noun_reply(request.known.as_ref(), &found, &known.noun, known.revision),
        None => Err(Problem::not_found("unknown_customer", format!("customer `{id}` is not known; register it first"))),
    }
}

pub(super) async fn list(mut request: Request) -> Result<Response, Problem> {
    let (limit, cursor) = request.paging()?;
    request.no_more_query()?;
    let page = change::registry::list_customers(&request.pdp, &request.call, limit, cursor.as_deref()).await?;
    read_response(&page, &page_body("customers", &page.value)?)
}

pub(super) async fn partners(mut request: Request) -> Result<Response, Problem> {
    let (limit, cursor) = request.paging()?;
    let within = request.query::<Ending>()?.ending_within;
    let within = within.map_or(Ok(ENDING_WITHIN_DAYS.days()), |text| span(&text))?;
    let as_of = request.query::<Past>()?.moment(request.pdp.now())?;
    request.no_more_query()?;
    let id: CustomerId = request.param("customer")?;
    let page =
        answer::pages::partner_relationships(&request.pdp, &request.call, &id, as_of, within, limit, cursor.as_deref())
            .await?;
    let mut body = page_body("partners", &page.value.partners)?;
    body["ending"] = serde_json::to_value(&page.value.ending).map_err(|_| Problem::internal())?;
    read_response(&page, &body)
}

/// A length of time: days as a number, or a duration such as `P30D` or `30d`.
fn span(text: &str) -> Result<Span, Problem> {
    let invalid = || {
        Problem::bad(
            "invalid_parameter",
            format!("`ending_within` cannot be `{text}`; give days (`30`) or a duration (`P30D`)"),
        )
    };
    let span = match text.parse::<i64>() {
        Ok(days) => Span::new().try_days(days).map_err(|_| invalid())?,
        Err(_) => text.parse().map_err(|_| invalid())?,
    };
    if span.is_negative() { Err(invalid()) } else { Ok(span) }
}

pub(super) async fn changes(mut request: Request) -> Result<Response, Problem> {
    let (limit, cursor) = request.paging()?;
    request.no_more_query()?;
    let of = ChangesOf::Customer(request.param("customer")?);
    let page = own_changes(&request.pdp, &request.call, &of, limit, cursor.as_deref()).await?;
    read_response(&page, &page_body("changes", &page.value)?)
}
