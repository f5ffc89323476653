//! The three searches.

use serde_json::{Map, Value};
use warp::reply::Response;

use super::super::problem::Problem;
use super::super::request::Exchange;
use super::answers::SearchAnswer;
use super::{basis, decided, wire};
use crate::answer;
use crate::answer::search::{Hole, Search};

pub(in super::super) async fn subject(x: Exchange) -> Result<Response, Problem> {
    search(x, |body| {
        let (action, resource) = (wire::action(body)?, wire::entity(body, "resource")?);
        Ok(Hole::Subject { kind: wire::kind(body, "subject")?, action, resource })
    })
    .await
}

pub(in super::super) async fn resource(x: Exchange) -> Result<Response, Problem> {
    search(x, |body| {
        let (subject, action) = (wire::entity(body, "subject")?, wire::action(body)?);
        Ok(Hole::Resource { subject, action, kind: wire::kind(body, "resource")? })
    })
    .await
}

pub(in super::super) async fn action(x: Exchange) -> Result<Response, Problem> {
    search(x, |body| {
        Ok(Hole::Action { subject: wire::entity(body, "subject")?, resource: wire::entity(body, "resource")? })
    })
    .await
}

async fn search(
    mut x: Exchange,
    hole: impl FnOnce(&Map<String, Value>) -> Result<Hole, String>,
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
