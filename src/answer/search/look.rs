//! A search for what somebody may do on one resource, on facts that were read for something else besides.

use crate::answer::search::candidates::Domain;
use crate::answer::search::{Search, SearchTarget, question_digest};
use crate::audit::{RecordError, Results};
use crate::clock::Timestamp;
use crate::facts::Facts;
use crate::pdp::call::CallError;
use crate::policy::Bundle;
use crate::question::{Entity, Members, Question};
use crate::store::{StoreError, View};

/// What such a search is recorded with.
pub(crate) struct Looked {
    pub(crate) question: Question,
    pub(crate) results: Results,
    pub(crate) facts: Facts,
}

/// Searches for every action that `subject` may do on `resource`.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn look_for_actions(
    rules: &Bundle,
    view: View<'_>,
    at: Timestamp,
    subject: Entity,
    resource: Entity,
) -> Result<Looked, StoreError> {
    let search = Search { target: SearchTarget::Action { subject, resource }, context: Members::new(), page: None };
    let question = search.target.filled("", &search.context);
    let asked = question_digest(&question)?;
    let found = Domain { rules, view, at, search: &search, asked, explain: false }.page();
    let (page, facts) = found.map_err(|error| match error {
        CallError::Store(error) => error,
        other => unusable(&other),
    })?;
    let results = Results {
        kind: search.target.kind(),
        count: page.results.len(),
        sha256: page.sha256().map_err(|error| unusable(&RecordError::Unwritable(error)))?,
        limit: None,
        token: None,
        properties: None,
        asked: None,
    };
    Ok(Looked { question, results, facts })
}

/// Without a page that is asked for there is none that could be wrong.
fn unusable(error: &impl std::fmt::Display) -> StoreError {
    StoreError::Unusable(error.to_string())
}
