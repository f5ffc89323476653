//! The three searches.

use serde_json::{Map, Value};
use warp::reply::Response;

use super::super::problem::Problem;
use super::super::request::Request;
use super::answers::SearchAnswer;
use super::{basis, decided, wire};
use crate::answer;
use crate::answer::search::{Search, SearchTarget};

pub(in super::super) async fn subject(x: Request) -> Result<Response, Problem> {
    search(x, |body| {
        let (action, resource) = (wire::action(body)?, wire::entity(body, "resource")?);
        Ok(SearchTarget::Subject { kind: wire::kind(body, "subject")?, action, resource })
    })
    .await
}

pub(in super::super) async fn resource(x: Request) -> Result<Response, Problem> {
    search(x, |body| {
        let (subject, action) = (wire::entity(body, "subject")?, wire::action(body)?);
        Ok(SearchTarget::Resource { subject, action, kind: wire::kind(body, "resource")? })
    })
    .await
}

pub(in super::super) async fn action(x: Request) -> Result<Response, Problem> {
    search(x, |body| {
        Ok(SearchTarget::Action { subject: wire::entity(body, "subject")?, resource: wire::entity(body, "resource")? })
    })
    .await
}

async fn search(
    mut x: Request,
    hole: impl FnOnce(&Map<String, Value>) -> Result<SearchTarget, String>,
) -> Result<Response, Problem> {
    let basis = basis(&mut x)?;
    let body = wire::object(x.json().await?)?;
    let search = Search {
        hole: hole(&body).map_err(wire::incomplete)?,
        context: wire::optional_object(&body, "context", "context").map_err(wire::incomplete)?,
        page: wire::page(&body)?,
    };
    let is_paged = search.page.is_some();
    let told = answer::search::search(&x.pdp, &x.call, search, &basis).await?;
    decided(&told, &SearchAnswer::of(&told.value, is_paged), told.value.is_hypothetical)
}
