//! The three searches.

use serde_json::{Map, Value};
use warp::reply::Response;

use super::super::problem::Problem;
use super::super::request::Request;
use super::answers::{SearchAnswer, decided};
use super::options::read_options;
use super::wire;
use crate::answer;
use crate::answer::search::{Search, SearchTarget};

pub(in super::super) async fn subject(request: Request) -> Result<Response, Problem> {
    search(request, |body| {
        let (action, resource) = (wire::action(body)?, wire::entity(body, "resource")?);
        Ok(SearchTarget::Subject { kind: wire::kind(body, "subject")?, action, resource })
    })
    .await
}

pub(in super::super) async fn resource(request: Request) -> Result<Response, Problem> {
    search(request, |body| {
        let (subject, action) = (wire::entity(body, "subject")?, wire::action(body)?);
        Ok(SearchTarget::Resource { subject, action, kind: wire::kind(body, "resource")? })
    })
    .await
}

pub(in super::super) async fn action(request: Request) -> Result<Response, Problem> {
    search(request, |body| {
        Ok(SearchTarget::Action { subject: wire::entity(body, "subject")?, resource: wire::entity(body, "resource")? })
    })
    .await
}

async fn search(
    mut request: Request,
    target: impl FnOnce(&Map<String, Value>) -> Result<SearchTarget, String>,
) -> Result<Response, Problem> {
    let read_options = read_options(&mut request)?;
    let body = wire::object(request.json().await?)?;
    let search = Search {
        target: target(&body).map_err(wire::incomplete)?,
        context: wire::optional_object(&body, "context", "context").map_err(wire::incomplete)?,
        page: wire::page(&body)?,
    };
    let is_paged = search.page.is_some();
    let answered = answer::search::search(&request.pdp, &request.call, search, &read_options).await?;
    decided(&answered, &SearchAnswer::of(&answered.value, is_paged), answered.value.is_hypothetical)
}
