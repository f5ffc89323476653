//! Requesting, accepting, removing and renegotiating a relationship.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use warp::http::StatusCode;
use warp::reply::Response;

use super::problem::Problem;
use super::request::Request;
use super::response::{change_response, read_response};
use crate::change;
use crate::change::acceptance::Acceptance;
use crate::change::relationship::Edit;
use crate::change::removal::Removal;
use crate::change::renegotiation::{Renegotiation, Withdrawal};
use crate::clock::{Timestamp, to_millisecond};
use crate::domain::commercial::{Position, Side};
use crate::id::{CustomerId, PartnerId, ServiceName};

/// An edited email: the whole text, or the introduction alone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailBody {
    /// The whole text, with the link left as it is.
    text: Option<String>,
    /// The introduction: no, one or two paragraphs.
    #[schema(max_items = 2)]
    paragraphs: Option<Vec<String>>,
}

/// What a customer accepts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptanceBody {
    /// Who accepts.
    customer: CustomerId,
    /// For which services.
    #[schema(min_items = 1)]
    services: Vec<ServiceName>,
    /// When it is to end by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, deserialize_with = "crate::clock::optional_time")]
    until: Option<Timestamp>,
}

/// What one side of a renegotiation says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RenegotiationBody {
    /// Who says it.
    by: Side,
    /// What it is to bring; `none` takes back what that side proposed.
    outcome: Position,
}

/// Of which service delegated administration is removed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Within {
    /// For this service alone.
    #[param(inline)]
    service: Option<ServiceName>,
}

pub(super) async fn request(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let partner: PartnerId = request.param("partner")?;
    let request = change::relationship::relationship_request(&request.pdp, &request.call, &partner).await?;
    read_response(&request, &request.value)
}

pub(super) async fn edit(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let partner: PartnerId = request.param("partner")?;
    let edit = match request.body::<EmailBody>().await? {
        EmailBody { text: Some(text), paragraphs: None } => Edit::Text(text),
        EmailBody { text: None, paragraphs: Some(paragraphs) } => Edit::Paragraphs(paragraphs),
        EmailBody { .. } => {
            return Err(Problem::bad("invalid_body", "give either `text` or `paragraphs`, and not both".to_owned()));
        }
    };
    let request = change::relationship::edited_request(&request.pdp, &request.call, &partner, edit).await?;
    read_response(&request, &request.value.email)
}

pub(super) async fn offer(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let offer = change::relationship::offer(&request.pdp, &request.call, request.param_text("token")).await?;
    read_response(&offer, &offer.value)
}

pub(super) async fn accept(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let token = request.param_text("token").to_owned();
    change::relationship::check_acceptance(&request.pdp, &request.call, &token).await?;
    let AcceptanceBody { customer, services, until } = request.body().await?;
    let acceptance = |partner| Acceptance { partner, customer, services, until: until.map(to_millisecond) };
    let done = change::relationship::accept(&request.pdp, &request.call, &token, acceptance).await?;
    change_response(StatusCode::OK, &done, &done.value)
}

pub(super) async fn remove(mut request: Request) -> Result<Response, Problem> {
    request.note_idempotency(&[])?;
    let partner: PartnerId = request.param("partner")?;
    let removal = Removal {
        customer: request.param("customer")?,
        partner: Some(partner),
        service: request.query::<Within>()?.service,
    };
    request.no_more_query()?;
    let done = change::relationship::remove(&request.pdp, &request.call, removal).await?;
    change_response(StatusCode::OK, &done, &done.value)
}

pub(super) async fn remove_all(mut request: Request) -> Result<Response, Problem> {
    request.note_idempotency(&[])?;
    let removal =
        Removal { customer: request.param("customer")?, partner: None, service: request.query::<Within>()?.service };
    request.no_more_query()?;
    let done = change::relationship::remove(&request.pdp, &request.call, removal).await?;
    change_response(StatusCode::OK, &done, &done.value)
}

pub(super) async fn renegotiate(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let RenegotiationBody { by, outcome } = request.body().await?;
    let (customer, partner) = (request.param("customer")?, request.param("partner")?);
    let done = match outcome.outcome() {
        Some(outcome) => {
            change::relationship::renegotiate(
                &request.pdp,
                &request.call,
                Renegotiation { customer, partner, by, outcome },
            )
            .await?
        }
        None => {
            change::relationship::withdraw_renegotiation(
                &request.pdp,
                &request.call,
                Withdrawal { customer, partner, by },
            )
            .await?
        }
    };
    change_response(StatusCode::OK, &done, &done.value)
}
