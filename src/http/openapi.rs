//! The document of this API, `/openapi.json`: generated from the wire types, the errors and the table of routes.

mod problems;
mod operation;
mod drafts;
mod operations;
mod parameters;
mod publishing;
mod questions;
mod typed;

use utoipa::openapi::path::{PathItem, PathsBuilder};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{HttpMethod, InfoBuilder, LicenseBuilder, OpenApiBuilder, ServerBuilder, tag::TagBuilder};
use warp::http::Method;

use super::decisions::describe_place;
use super::document::Document;
use super::names::describe_names;
use super::routes::Route;
use operation::{BASIC, BEARER};
use operations::operations;
use problems::responses;

/// Describes routes: those over our own domain, or over a world of its own.
pub(super) fn described(routes: &[Route], is_world: bool) -> Document {
    let mut document = serde_json::to_value(built(routes, is_world)).unwrap_or_default();
    typed::typed(&mut document);
    describe_place(&mut document);
    describe_names(&mut document);
    Document::new(document)
}

fn built(routes: &[Route], is_world: bool) -> utoipa::openapi::OpenApi {
    let mut paths = PathsBuilder::new();
    let mut components = ComponentsBuilder::new();
    for (name, response) in responses() {
        components = components.response(name, response);
    }
    for described in operations() {
        let is_of = |route: &&Route| described.route == format!("{} {}", route.method, route.path);
        let Some(route) = routes.iter().find(is_of).filter(|route| route.in_worlds || !is_world) else { continue };
        let Some(method) = method(&route.method) else { continue };
        let (operation, schemas) = described.on(route);
        components = components.schemas_from_iter(schemas);
        paths = paths.path(route.path, PathItem::new(method, operation));
    }
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An access token, as `standing token create` shows it once"));
    let basic = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some("The id of an access token and the token, each URL-encoded as RFC 6749 §2.3.1 says"));
    let components = components
        .security_scheme(BEARER, SecurityScheme::Http(bearer.build()))
        .security_scheme(BASIC, SecurityScheme::Http(basic.build()));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Standing")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(DESCRIPTION))
                .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build())),
        )
        .servers(Some([ServerBuilder::new().url("/").build()]))
        .tags(Some(TAGS.map(|(name, says)| TagBuilder::new().name(name).description(Some(says)).build())))
        .paths(paths.build())
        .components(Some(components.build()))
        .build()
}

const TAGS: [(&str, &str); 7] = [
    ("asking", "Questions, as the AuthZEN Authorization API 1.0 has them"),
    ("telling", "Partners, customers and subscriptions"),
    ("relationships", "Requesting, accepting, removing and renegotiating a relationship"),
    ("remembering", "What was decided"),
    ("rules", "What decides, and how other rules come in force"),
    ("tokens", "Access tokens"),
    ("running", "The service itself"),
];

const DESCRIPTION: &str = "Decides what a reseller may do to a customer's subscriptions, and remembers every answer.\n\n\
    A refused question is an answer: 200 with `decision: false`. Every other failure is a problem of RFC 9457 with a \
    stable `code`. `HEAD` is answered wherever `GET` is; any other method is 405 with `Allow`, any other path 404. \
    `X-Request-ID` comes back as it was sent, errors too.";

fn method(method: &Method) -> Option<HttpMethod> {
    match method.as_str() {
        "GET" => Some(HttpMethod::Get),
        "PUT" => Some(HttpMethod::Put),
        "POST" => Some(HttpMethod::Post),
        "DELETE" => Some(HttpMethod::Delete),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::routes::ROUTES;
    use super::operations::operations;

    #[test]
    fn every_description_is_of_a_route() {
        for described in operations() {
            let is_of = ROUTES.iter().any(|route| described.route == format!("{} {}", route.method, route.path));
            assert!(is_of, "there is no route `{}`", described.route);
        }
    }
}
