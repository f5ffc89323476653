//! The document of this API, `/openapi.json`: generated from the wire types, the errors and the table of routes.

mod bodies;
mod filters;
mod operations;
mod parts;
mod publishing;

use std::sync::OnceLock;

use bytes::Bytes;
use utoipa::openapi::path::{PathItem, PathsBuilder};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{HttpMethod, InfoBuilder, LicenseBuilder, OpenApiBuilder, ServerBuilder, tag::TagBuilder};
use warp::http::Method;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use warp::reply::Response;

use super::exchange::Exchange;
use super::names::describe_names;
use super::problem::Problem;
use super::routes::{Access, ROUTES, Route};
pub(super) use bodies::TokenRole;
use operations::operations;
use parts::{BASIC, BEARER, parameters, responses};

/// The document over our own domain, and the one over a world of its own; built once.
static DOCUMENTS: [OnceLock<Bytes>; 2] = [OnceLock::new(), OnceLock::new()];

pub(super) async fn document(x: Exchange) -> Result<Response, Problem> {
    x.no_more_query()?;
    let is_world = x.pdp.has_world();
    let bytes = match DOCUMENTS[usize::from(is_world)].get() {
        Some(built) => built.clone(),
        None => {
            let mut built = serde_json::to_value(built(is_world)).map_err(|_| Problem::internal())?;
            describe_names(&mut built);
            let built = built.to_string().into_bytes();
            DOCUMENTS[usize::from(is_world)].get_or_init(|| built.into()).clone()
        }
    };
    let mut response = Response::new(bytes.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    Ok(response)
}

fn built(is_world: bool) -> utoipa::openapi::OpenApi {
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
        let route = ROUTES.iter().find(|route| is_of(route, &described.method, described.path));
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
