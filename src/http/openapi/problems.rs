//! The answers that operations share: every problem an operation can answer with, by its status.

use utoipa::ToSchema as _;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Content, ContentBuilder, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder};
use warp::http::StatusCode;

use super::super::accept::JSON;
use super::super::problem::Details;

pub(super) fn content(schema: impl Into<RefOr<Schema>>) -> Content {
    ContentBuilder::new().schema(Some(schema)).build()
}

pub(super) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// Every problem an operation can answer with, by status.
const PROBLEMS: &[(StatusCode, &str, &str)] = &[
    (StatusCode::BAD_REQUEST, "BadRequest", "The call is not well formed: its path, query, headers or body"),
    (StatusCode::UNAUTHORIZED, "Unauthorized", "No valid credentials came with the call"),
    (StatusCode::FORBIDDEN, "Forbidden", "The rules do not let the caller do this; `code` says why"),
    (StatusCode::NOT_FOUND, "NotFound", "Something that the call names is not there"),
    (StatusCode::NOT_ACCEPTABLE, "NotAcceptable", "`Accept` takes none of the forms the answer has"),
    (StatusCode::CONFLICT, "Conflict", "It cannot be as things stand; `code` says what stands against it"),
    (StatusCode::PRECONDITION_FAILED, "PreconditionFailed", "The noun is not as `If-Match` or `If-None-Match` says"),
    (StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLarge", "The body is larger than the settings allow"),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", "The body is in a form or a coding that is not read"),
    (StatusCode::UNPROCESSABLE_ENTITY, "UnprocessableEntity", "The body is well formed and says what cannot be"),
    (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "The caller took too much, or gave wrong credentials too often"),
    (StatusCode::INTERNAL_SERVER_ERROR, "Internal", "Something went wrong here; nothing was answered"),
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "Unavailable",
        "The record of the answer cannot be written now, so there is no answer",
    ),
    (StatusCode::INSUFFICIENT_STORAGE, "InsufficientStorage", "The disk is nearly full; every answer needs a record"),
];

/// The problems that no endpoint of AuthZEN answers with.
const NEVER_ASKING: [StatusCode; 4] = [
    StatusCode::NOT_FOUND,
    StatusCode::NOT_ACCEPTABLE,
    StatusCode::PRECONDITION_FAILED,
    StatusCode::UNPROCESSABLE_ENTITY,
];

pub(super) fn problem_name(status: StatusCode, is_of_authzen: bool) -> String {
    // A status without a name leaves a reference to nothing, which the tests find.
    let name = PROBLEMS.iter().find(|(named, ..)| *named == status).map_or("", |(_, name, _)| name);
    if is_of_authzen { format!("{name}Asking") } else { name.to_owned() }
}

/// The answers that operations share, by the names they are described under; what an endpoint of AuthZEN says of a
/// problem it says as plain JSON, too.
pub(super) fn responses() -> impl Iterator<Item = (String, Response)> {
    let described = |(status, says): (StatusCode, &'static str), is_of_authzen: bool| {
        let details = || content(Ref::from_schema_name(Details::name()));
        let mut response = ResponseBuilder::new().description(says).content("application/problem+json", details());
        if is_of_authzen {
            response = response.content(JSON, details());
        }
        let header = match status {
            StatusCode::UNAUTHORIZED => Some(("WWW-Authenticate", "The ways to prove who calls")),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE => {
                Some(("Retry-After", "Seconds after which to try again"))
            }
            _ => None,
        };
        if let Some((header, says)) = header {
            response =
                response.header(header, HeaderBuilder::new().schema(Some(text())).description(Some(says)).build());
        }
        (problem_name(status, is_of_authzen), response.build())
    };
    let both = PROBLEMS.iter().flat_map(|(status, _, says)| [(*status, *says, false), (*status, *says, true)]);
    let both = both.filter(|(status, _, is_of_authzen)| !(*is_of_authzen && NEVER_ASKING.contains(status)));
    both.map(move |(status, says, is_of_authzen)| described((status, says), is_of_authzen))
}
