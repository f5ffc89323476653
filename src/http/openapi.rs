//! The document of this API, `/openapi.json`: generated from the wire types, the errors and the table of routes.

mod bodies;
mod filters;
mod operations;
mod parts;
mod publishing;
mod typed;

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::ToSchema as _;
use utoipa::openapi::path::{PathItem, PathsBuilder};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{HttpMethod, InfoBuilder, LicenseBuilder, OpenApiBuilder, ServerBuilder, tag::TagBuilder};
use warp::http::Method;

use super::names::describe_names;
use super::problem::ProblemCode;
use super::routes::{Access, Route};
use crate::decide::Reason;
pub(super) use bodies::TokenRole;
use operations::operations;
use parts::{BASIC, BEARER, parameters, responses};

/// The document of an API, but for the codes that the rules in force bring.
pub(super) struct Document(Value);

impl Document {
    /// Describes routes: those over our own domain, or over a world of its own.
    pub(super) fn of(routes: &[Route], is_world: bool) -> Self {
        let mut document = serde_json::to_value(built(routes, is_world)).unwrap_or_default();
        typed::typed(&mut document);
        describe_names(&mut document);
        Self(document)
    }

    /// The document while refusals have these reasons.
    pub(super) fn with(&self, reasons: &BTreeSet<String>) -> Value {
        let mut document = self.0.clone();
        for name in [Reason::name(), ProblemCode::name()] {
            let words = document.pointer_mut(&format!("/components/schemas/{name}/enum"));
            let Some(words) = words.and_then(Value::as_array_mut) else { continue };
            let known: BTreeSet<&str> = words.iter().filter_map(Value::as_str).collect();
            let more: Vec<Value> =
                reasons.iter().filter(|code| !known.contains(code.as_str())).cloned().map(Value::from).collect();
            words.extend(more);
        }
        document
    }
}

fn built(routes: &[Route], is_world: bool) -> utoipa::openapi::OpenApi {
    let mut paths = PathsBuilder::new();
    let mut components = ComponentsBuilder::new();
    for (name, response) in responses() {
        components = components.response(name, response);
    }
    for (name, parameter) in parameters().into_iter().chain(filters::parameters()) {
        components = components.parameter(name, parameter);
    }
    for described in operations() {
        // What has no route is described all the same, so that comparing the document with the routes finds it.
        let route = routes.iter().find(|route| is_of(route, &described.method, described.path));
        if is_world && route.is_some_and(|route| !route.in_worlds) {
            continue;
        }
        let Some(method) = method(&described.method) else { continue };
        let path = described.path;
        let (operation, schemas) = described.built(route.map_or(Access::Public, |route| route.access));
        components = components.schemas_from_iter(schemas);
        paths = paths.path(path, PathItem::new(method, operation));
    }
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An access token, as `standing token create` shows it once"));
    let basic = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some("The name and the secret of an access token, each URL-encoded as RFC 6749 §2.3.1 says"));
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
        .tags(Some(parts::TAGS.map(|(name, says)| TagBuilder::new().name(name).description(Some(says)).build())))
        .paths(paths.build())
        .components(Some(components.build()))
        .build()
}

const DESCRIPTION: &str = "Decides what a reseller may do to a customer's subscriptions, and remembers every answer.\n\n\
    A refused question is an answer: 200 with `decision: false`. Every other failure is a problem of RFC 9457 with a \
    stable `code`. `HEAD` is answered wherever `GET` is; any other method is 405 with `Allow`, any other path 404. \
    `X-Request-ID` comes back as it was sent, errors too.";

fn is_of(route: &Route, method: &Method, path: &str) -> bool {
    route.method == *method && route.path == path
}

fn method(method: &Method) -> Option<HttpMethod> {
    match method.as_str() {
        "GET" => Some(HttpMethod::Get),
        "PUT" => Some(HttpMethod::Put),
        "POST" => Some(HttpMethod::Post),
        "DELETE" => Some(HttpMethod::Delete),
        _ => None,
    }
}
