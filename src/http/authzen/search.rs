//! The three searches.

use serde_json::{Map, Value, json};
use warp::reply::Response;

use super::super::exchange::Exchange;
use super::super::problem::Problem;
use super::{basis, decided, decision_context, wire};
use crate::answer::search::{Hole, Search, SearchPage};

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
    let told = x.pdp.search(&x.call, search, &basis).await?;
    let answer = answer(&told.value, is_paged);
    decided(&told, &answer, told.value.is_hypothetical)
}

/// The answer: a page is told first and only where there is one to speak of, and the results last.
fn answer(found: &SearchPage, is_paged: bool) -> Value {
    let mut answer = Map::new();
    if is_paged || found.next_token.is_some() {
        let mut page = Map::new();
        page.insert("next_token".to_owned(), found.next_token.as_deref().unwrap_or_default().into());
        page.insert("count".to_owned(), found.results.len().into());
        if let Some(total) = found.total {
            page.insert("total".to_owned(), total.into());
        }
        answer.insert("page".to_owned(), page.into());
    }
    if let Some(decisions) = &found.decisions {
        let explained: Vec<Value> = decisions.iter().map(|decision| decision_context(decision, None)).collect();
        answer.insert("context".to_owned(), json!({ "decisions": explained }));
    }
    answer.insert("results".to_owned(), json!(found.results));
    answer.into()
}
