//! Access tokens.

use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use super::names::with_names;
use super::problem::Problem;
use super::request::{IDEMPOTENCY_KEY, Request};
use super::response::{change_response, json_reply, read_response, recorded};
use crate::change;
use crate::change::tokens::{NewToken, Speaker, TokenSummary};
use crate::clock::Timestamp;
use crate::domain::{WordError, words};
use crate::id::{IdError, TokenId};

words! {
    /// What an access token is created for.
    TokenRole {
        /// May do everything.
        Operator = "operator",
        /// Tells facts and reads them.
        Registrar = "registrar",
        /// Asks questions.
        Asker = "asker",
        /// Reads rules and tries changes.
        Reviewer = "reviewer",
        /// Reads everything.
        Auditor = "auditor",
        /// A partner, for itself; `for` says which.
        Partner = "partner",
        /// A customer, for itself; `for` says which.
        Customer = "customer",
    }
}

/// What a token is to be created for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenBody {
    /// What it is for.
    role: TokenRole,
    /// The partner or customer it speaks for.
    #[serde(rename = "for")]
    speaks_for: Option<String>,
    /// What people call it; the role and a number when nothing is said.
    name: Option<String>,
    /// Whose it is, for four eyes; a person of its own when nothing is said.
    person: Option<String>,
    /// When it ends by itself; after 90 days when nothing is said.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, deserialize_with = "crate::clock::optional_time")]
    expires: Option<Timestamp>,
}

/// Every access token, without its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenList {
    tokens: Vec<TokenSummary>,
    /// Is it all of them? It always is.
    complete: bool,
}

pub(super) async fn create(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    request.takes_no(&[IDEMPOTENCY_KEY])?;
    let TokenBody { role, speaks_for, name, person, expires } = request.body().await?;
    let speaks_for = speaker(role, speaks_for.as_deref()).map_err(|error| Problem::bad("invalid_body", error))?;
    let issued =
        change::tokens::create_token(&request.pdp, &request.call, NewToken { speaks_for, name, person, expires })
            .await?;
    Ok(recorded(json_reply(StatusCode::CREATED, &issued.value)?, &issued.seqs))
}

pub(super) async fn list(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let tokens = change::tokens::tokens(&request.pdp, &request.call).await?;
    read_response(&tokens, &with_names(&request.pdp, &TokenList { tokens: tokens.value.clone(), complete: true })?)
}

/// How a token is to be replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotationBody {
    /// For how long both tokens are good, for example `1h`; an hour when nothing is said.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "overlap")]
    overlap: Option<SignedDuration>,
}

fn overlap<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SignedDuration>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let span: Option<Span> = text.parse().ok();
    let overlap = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let invalid = || D::Error::custom(format!("`{text}` is no time; write hours or days, for example `1h`"));
    overlap.map(Some).ok_or_else(invalid)
}

pub(super) async fn rotate(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    // What is answered is shown only once, so it is not remembered.
    request.takes_no(&[IDEMPOTENCY_KEY])?;
    let id: TokenId = request.param("token")?;
    let RotationBody { overlap } = request.body_or_none().await?;
    let overlap = overlap.unwrap_or(SignedDuration::from_hours(1));
    let issued = change::rotation::rotate_token(&request.pdp, &request.call, &id, overlap).await?;
    Ok(recorded(json_reply(StatusCode::CREATED, &issued.value)?, &issued.seqs))
}

pub(super) async fn revoke(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id: TokenId = request.param("token")?;
    let revoked = change::tokens::revoke_token(&request.pdp, &request.call, &id).await?;
    change_response(StatusCode::OK, &revoked, &revoked.value)
}

/// Whom a role speaks for: `partner` and `customer` need somebody, the others must not have one.
fn speaker(role: TokenRole, speaks_for: Option<&str>) -> Result<Speaker, String> {
    match (role, speaks_for) {
        (TokenRole::Partner, Some(id)) => id.parse().map(Speaker::Partner).map_err(|error: IdError| error.to_string()),
        (TokenRole::Customer, Some(id)) => {
            id.parse().map(Speaker::Customer).map_err(|error: IdError| error.to_string())
        }
        (TokenRole::Partner | TokenRole::Customer, None) => {
            Err(format!("role `{role}` needs `for`: the id of the {role}"))
        }
        (role, None) => role.as_str().parse().map(Speaker::Role).map_err(|error: WordError| error.to_string()),
        (role, Some(_)) => Err(format!("role `{role}` speaks for nobody; leave `for` out")),
    }
}
