//! Access tokens.

use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::http::header::IF_MATCH;
use warp::reply::Response;

use super::exchange::{Exchange, IDEMPOTENCY_KEY, json_reply, recorded, told};
use super::problem::Problem;
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::facts::Role;
use crate::id::{CustomerId, PartnerId, TokenId};

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
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Timestamp>,
}

pub(super) async fn create(mut x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    x.takes_no(&[IDEMPOTENCY_KEY, IF_MATCH])?;
    let TokenBody { role, speaks_for, expires } = x.body().await?;
    let speaks_for = speaker(&role, speaks_for.as_deref()).map_err(|error| Problem::bad("invalid_body", error))?;
    let issued = x.pdp.create_token(&x.call, speaks_for, expires).await?;
    Ok(recorded(json_reply(StatusCode::CREATED, &issued.value)?, &issued.seqs))
}

pub(super) async fn list(x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let tokens = x.pdp.tokens(&x.call).await?;
    told(&tokens, &json!({ "tokens": tokens.value, "complete": true }))
}

pub(super) async fn revoke(x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let id: TokenId = x.param("token")?;
    let revoked = x.pdp.revoke_token(&x.call, &id).await?;
    told(&revoked, &revoked.value)
}

/// What a role makes of a token's name: `partner` and `customer` need somebody to speak for, the others must not
/// have one.
fn speaker(role: &str, speaks_for: Option<&str>) -> Result<impl FnOnce(&TokenId) -> Caller + use<>, String> {
    enum Speaker {
        Role(Role),
        Partner(PartnerId),
        Customer(CustomerId),
    }
    let speaker = match (role, speaks_for) {
        ("partner", Some(id)) => Speaker::Partner(id.parse().map_err(|error: crate::id::IdError| error.to_string())?),
        ("customer", Some(id)) => Speaker::Customer(id.parse().map_err(|error: crate::id::IdError| error.to_string())?),
        ("partner" | "customer", None) => return Err(format!("role `{role}` needs `for`: the id of the {role}")),
        (other, None) => Speaker::Role(other.parse().map_err(|_| {
            format!("role `{other}` is not known; use `operator`, `registrar`, `asker`, `reviewer`, `auditor`, `partner` or `customer`")
        })?),
        (other, Some(_)) => return Err(format!("role `{other}` speaks for nobody; leave `for` out")),
    };
    Ok(move |id: &TokenId| match speaker {
        Speaker::Role(role) => Caller::Operator { id: id.to_string(), role },
        Speaker::Partner(id) => Caller::Partner { id },
        Speaker::Customer(id) => Caller::Customer { id },
    })
}
