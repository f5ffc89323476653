//! Requesting, accepting, removing and renegotiating a relationship.

use std::str::FromStr;

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use warp::http::StatusCode;
use warp::reply::Response;

use super::problem::Problem;
use super::request::Request;
use super::response::{change_response, read_response};
use crate::change;
use crate::change::acceptance::{Acceptance, AcceptanceEffect, Displaced};
use crate::change::expected::Expecting;
use crate::change::relationship::Edit;
use crate::change::removal::{Removal, RemovalEffect};
use crate::change::renegotiation::{Renegotiation, RenegotiationEffect, Withdrawal};
use crate::clock::{Timestamp, to_millisecond};
use crate::domain::commercial::{Position, RenegotiationState, Side};
use crate::domain::invitation::EmailLanguage;
use crate::id::{CustomerId, IdError, PartnerId, ServiceName};

/// An edited email: the whole text, or the introduction alone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailBody {
    /// The whole text, with the link left as it is.
    text: Option<String>,
    /// The introduction: no, one or two paragraphs.
    #[schema(max_items = 2)]
    paragraphs: Option<Vec<String>>,
    /// The language of what stands round the paragraphs; English where nothing is said. A whole text says its own.
    #[serde(default)]
    language: Option<EmailLanguage>,
}

/// In which language an email is written.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WrittenIn {
    /// The language of the email; English where nothing is said.
    #[param(inline)]
    language: Option<EmailLanguage>,
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
    /// What it is to grant and whom to displace; where it would do anything else, nothing is done.
    #[serde(default)]
    expected: Option<AcceptanceEffect>,
}

/// What one side of a renegotiation says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RenegotiationBody {
    /// Who says it.
    by: Side,
    /// What it is to bring; `none` takes back what that side proposed.
    outcome: Position,
    /// How far it is to come with this; where it would come to anything else, nothing is done.
    #[serde(default)]
    expected: Option<RenegotiationState>,
}

/// Of which service delegated administration is removed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Within {
    /// For this service alone.
    #[param(inline)]
    service: Option<ServiceName>,
    /// What it is to remove, as `service/partner`, several of them with a comma between; where it would remove anything
    /// else, nothing is done.
    #[param(inline, value_type = Option<String>)]
    #[serde(default, deserialize_with = "super::query::parsed")]
    expected: Option<Expected>,
}

/// What a removal is expected to remove, as a parameter of a query says it.
struct Expected(RemovalEffect);

impl FromStr for Expected {
    type Err = ExpectedError;

    fn from_str(text: &str) -> Result<Self, ExpectedError> {
        let each = text.split(',').filter(|_| !text.is_empty()).map(|pair| {
            let (service, partner) = pair.split_once('/').ok_or_else(|| ExpectedError::NoPartner(pair.to_owned()))?;
            Ok(Displaced { service: service.parse()?, partner: partner.parse()? })
        });
        Ok(Self(RemovalEffect { removed: each.collect::<Result<_, ExpectedError>>()? }))
    }
}

/// Why a text does not say what is expected to be removed.
#[derive(Debug, thiserror::Error)]
enum ExpectedError {
    #[error("`{0}` names no partner; write `service/partner`")]
    NoPartner(String),
    #[error(transparent)]
    Id(#[from] IdError),
}

pub(super) async fn request(mut request: Request) -> Result<Response, Problem> {
    let WrittenIn { language } = request.query()?;
    request.no_more_query()?;
    let partner: PartnerId = request.param("partner")?;
    let mut request = change::relationship::relationship_request(&request.pdp, &request.call, &partner).await?;
    if let Some(language) = language {
        request.value.email = request.value.email.in_language(language);
    }
    read_response(&request, &request.value)
}

pub(super) async fn edit(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let partner: PartnerId = request.param("partner")?;
    let edit = match request.body::<EmailBody>().await? {
        EmailBody { text: Some(text), paragraphs: None, language: None } => Edit::Text(text),
        EmailBody { text: None, paragraphs: Some(paragraphs), language } => {
            Edit::Paragraphs(paragraphs, language.unwrap_or(EmailLanguage::English))
        }
        EmailBody { .. } => {
            return Err(Problem::bad(
                "invalid_body",
                "give either `text` or `paragraphs`, and not both; a `language` goes with `paragraphs`".to_owned(),
            ));
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
    let AcceptanceBody { customer, services, until, expected } = request.body().await?;
    let acceptance = |partner| {
        let change = Acceptance { partner, customer, services, until: until.map(to_millisecond) };
        Expecting { change, expected }
    };
    let done = change::relationship::accept(&request.pdp, &request.call, &token, acceptance).await?;
    change_response(StatusCode::OK, &done, &done.value)
}

pub(super) async fn remove(request: Request) -> Result<Response, Problem> {
    let partner: PartnerId = request.param("partner")?;
    remove_from(request, Some(partner)).await
}

pub(super) async fn remove_all(request: Request) -> Result<Response, Problem> {
    remove_from(request, None).await
}

async fn remove_from(mut request: Request, partner: Option<PartnerId>) -> Result<Response, Problem> {
    request.note_idempotency(&[])?;
    let customer = request.param("customer")?;
    let Within { service, expected } = request.query()?;
    request.no_more_query()?;
    let removal = Expecting {
        change: Removal { customer, partner, service },
        expected: expected.map(|Expected(expected)| expected),
    };
    let done = change::relationship::remove(&request.pdp, &request.call, removal).await?;
    change_response(StatusCode::OK, &done, &done.value)
}

pub(super) async fn renegotiate(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let RenegotiationBody { by, outcome, expected } = request.body().await?;
    let expected = expected.map(|state| RenegotiationEffect { state });
    let (customer, partner) = (request.param("customer")?, request.param("partner")?);
    let (pdp, call) = (&request.pdp, &request.call);
    let done = match outcome.outcome() {
        Some(outcome) => {
            let change = Renegotiation { customer, partner, by, outcome };
            change::relationship::renegotiate(pdp, call, Expecting { change, expected }).await?
        }
        None => {
            let change = Withdrawal { customer, partner, by };
            change::relationship::withdraw_renegotiation(pdp, call, Expecting { change, expected }).await?
        }
    };
    change_response(StatusCode::OK, &done, &done.value)
}
