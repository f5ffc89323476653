//! A page of a list as it is answered.

use serde::Serialize;
use serde_json::Value;

use super::problem::Problem;
use crate::pdp::page::Page;

/// A page of a list, its items under the name of the noun: complete, or with where to go on and what
/// is missing.
pub(super) fn page_body<T: Serialize>(noun: &str, page: &Page<T>) -> Result<Value, Problem> {
    let mut body = serde_json::Map::new();
    body.insert(noun.to_owned(), serde_json::to_value(&page.items).map_err(|_| Problem::internal())?);
    body.insert("complete".to_owned(), page.is_complete().into());
    if let Some(next) = &page.next {
        body.insert("next".to_owned(), next.clone().into());
    }
    if !page.missing.is_empty() {
        body.insert("missing".to_owned(), serde_json::to_value(&page.missing).map_err(|_| Problem::internal())?);
    }
    Ok(body.into())
}
