//! The parameters that are no members of a query: parts of a path, and headers.

use utoipa::PartialSchema as _;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, Required, SchemaFormat};

use super::problems::text;
use crate::id::{CustomerId, DraftId, PartnerId, SessionId, SubscriptionId, TokenId};
use crate::limits::IDEMPOTENCY_KEY_LENGTH_MAX;

/// A part of a path.
pub(super) fn in_path(path: &str, name: &str) -> Parameter {
    let (schema, says): (RefOr<Schema>, _) = match name {
        "partner" => (PartnerId::schema(), "Which partner"),
        "customer" => (CustomerId::schema(), "Which customer"),
        "subscription" => (SubscriptionId::schema(), "Which subscription"),
        // A link's token and an access token's name stand at the same place of their paths.
        "token" if path.starts_with("/v1/relationship-requests/") => {
            (text().min_length(Some(1)).into(), "The token of a partner's link")
        }
        "token" => (TokenId::schema(), "Which access token: its public name"),
        "session" => (SessionId::schema(), "Which session: its public name"),
        "key" => (text().pattern(Some("^[0-9a-f]{16}$")).into(), "Which link key"),
        "digest" => (text().pattern(Some("^[0-9a-f]{8,64}$")).into(), "Which rules: their digest, or its beginning"),
        "draft" => (DraftId::schema(), "Which draft of rules"),
        "path" => (
            text().pattern(Some("^(policies|schemas)/.+$")).into(),
            "Which file: its path in the folder of rules, with its slashes as they are or encoded",
        ),
        "proposal" => (count(1).into(), "Which proposal: its number"),
        _ => (count(0).into(), "The place of the record in the ledger"),
    };
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
    parameter.schema(Some(schema)).description(Some(says)).build()
}

/// A header.
pub(super) fn header(name: &str) -> Parameter {
    let like = |pattern: &str, example: &str| text().pattern(Some(pattern)).examples([example]);
    let (schema, says) = match name {
        "If-Match" => (
            like("^(\"[0-9]+\"|[0-9]+|[*])$", "\"12\""),
            "The revision the noun must still have, as its `ETag` said, or `*`",
        ),
        "If-None-Match: *" => (like("^[*]$", "*"), "Registers, and changes nothing that is there"),
        "If-None-Match" => {
            (like("^((W/)?\"[^\"]*\"|[0-9]+|[*])$", "\"12\""), "The `ETag` of the noun as the caller has it")
        }
        "Idempotency-Key" => (
            like("^[!-~]+$", "c5f0-1").min_length(Some(1)).max_length(Some(IDEMPOTENCY_KEY_LENGTH_MAX)),
            "Makes a retry safe: the same key and request get the same answer",
        ),
        "Last-Event-ID" => (like("^[0-9]+([.][0-9]+)?$", "12"), "Where a stream goes on: the id of the last event"),
        _ => (text(), "The caller's own name for the call; it comes back as it is"),
    };
    let name = name.split(':').next().unwrap_or(name);
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).required(Required::False);
    parameter.schema(Some(schema)).description(Some(says)).build()
}

fn count(least: usize) -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
    ObjectBuilder::new().schema_type(Type::Integer).format(Some(format)).minimum(Some(least))
}
