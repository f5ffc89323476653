//! A page of a list as it is answered.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::IntoParams;

use super::problem::Problem;
use crate::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::pdp::page::Page;

/// Which page of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// The most items on the page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<usize>,
    /// Where to go on: the `next` of the page before.
    pub(super) cursor: Option<String>,
}

impl Paging {
    /// How many items the page may hold.
    ///
    /// # Errors
    /// 400 `invalid_parameter` for none, and for more than there may be.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        limit(self.limit)
    }
}

/// The most items of a page, as many as are usual where nothing is said.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(PAGE_DEFAULT);
    if (1..=PAGE_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::bad("invalid_parameter", format!("`limit` is 1 to {PAGE_MAX}, not {limit}")))
}

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
