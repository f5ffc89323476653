//! Access tokens.

use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use super::exchange::{Exchange, IDEMPOTENCY_KEY, changed, json_reply, recorded, told};
use super::names::with_names;
use super::problem::Problem;
use crate::change::tokens::{NewToken, Speaker};
use crate::clock::Timestamp;
use crate::id::{IdError, TokenId};

/// What a token is to be created for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenBody {
    /// `operator`, `registrar`, `asker`, `reviewer`, `auditor`, `partner` or `customer`.
    #[schema(value_type = super::openapi::TokenRole)]
    role: String,
    /// The partner or customer it speaks for.
    #[serde(rename = "for")]
    speaks_for: Option<String>,
    /// What people call it; the role and a number when nothing is said.
    name: Option<String>,
    /// Whose it is, for four eyes; a person of its own when nothing is said.
    person: Option<String>,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, deserialize_with = "crate::clock::optional_time")]
    expires: Option<Timestamp>,
}

pub(super) async fn create(mut x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    x.takes_no(&[IDEMPOTENCY_KEY])?;
    let TokenBody { role, speaks_for, name, person, expires } = x.body().await?;
    let speaks_for = speaker(&role, speaks_for.as_deref()).map_err(|error| Problem::bad("invalid_body", error))?;
    let issued = x.pdp.create_token(&x.call, NewToken { speaks_for, name, person, expires }).await?;
    Ok(recorded(json_reply(StatusCode::CREATED, &issued.value)?, &issued.seqs))
}

pub(super) async fn list(x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let tokens = x.pdp.tokens(&x.call).await?;
    told(&tokens, &with_names(&x.pdp, &json!({ "tokens": tokens.value, "complete": true }))?)
}

pub(super) async fn revoke(x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let id: TokenId = x.param("token")?;
    let revoked = x.pdp.revoke_token(&x.call, &id).await?;
    changed(StatusCode::OK, &revoked, &revoked.value)
}

/// Whom a role speaks for: `partner` and `customer` need somebody, the others must not have one.
fn speaker(role: &str, speaks_for: Option<&str>) -> Result<Speaker, String> {
    match (role, speaks_for) {
        ("partner", Some(id)) => id.parse().map(Speaker::Partner).map_err(|error: IdError| error.to_string()),
        ("customer", Some(id)) => id.parse().map(Speaker::Customer).map_err(|error: IdError| error.to_string()),
        ("partner" | "customer", None) => Err(format!("role `{role}` needs `for`: the id of the {role}")),
        (other, None) => other.parse().map(Speaker::Role).map_err(|_| {
            format!("role `{other}` is not known; use `operator`, `registrar`, `asker`, `reviewer`, `auditor`, `partner` or `customer`")
        }),
        (other, Some(_)) => Err(format!("role `{other}` speaks for nobody; leave `for` out")),
    }
}
