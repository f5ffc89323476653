//! Filling a page of a search, whatever is looked through for it.

use crate::answer::search::asked::QuestionDigest;
use crate::answer::search::digest::digest;
use crate::answer::search::page_builder::{Match, PageBuilder};
use crate::answer::search::target::{Search, SearchError, SearchPage};
use crate::answer::search::token::{Position, RequestedPage, SearchDigest};
use crate::audit::SearchKind;
use crate::pdp::call::CallError;
use crate::policy::Bundle;
use crate::store::StoreError;

/// The pages of a search that belong together: of the same question and target, over the same list.
fn digest_of(kind: SearchKind, asked: &QuestionDigest, list: &[u8]) -> SearchDigest {
    let kind: &[u8] = match kind {
        SearchKind::Subject => b"subject",
        SearchKind::Resource => b"resource",
        SearchKind::Action => b"action",
    };
    digest(&[kind, asked, list])
}

/// Fills a page, and seals it with the token of the next one.
pub(super) fn page_of(
    search: &Search,
    asked: &QuestionDigest,
    list: &[u8],
    explain: bool,
    fill: impl FnOnce(&Position, &mut PageBuilder) -> Result<(), CallError<SearchError>>,
) -> Result<SearchPage, CallError<SearchError>> {
    let search_digest = digest_of(search.target.kind(), asked, list);
    let asked = RequestedPage::read(search.page.as_ref(), &search_digest)?;
    let mut builder = PageBuilder::new(&asked, explain);
    fill(&asked.from, &mut builder)?;
    let next_token = builder.more_after.as_ref().map(|at| asked.token(at, &search_digest));
    let is_whole = next_token.is_none() && search.page.as_ref().is_none_or(|page| page.token.is_none());
    Ok(SearchPage {
        total: is_whole.then_some(builder.results.len()),
        results: builder.results,
        next_token,
        decisions: builder.decisions,
        is_hypothetical: false,
    })
}

/// Looks at the names of a list that is the same every time, from the one after those that were looked at.
pub(super) fn look_through(
    names: Vec<String>,
    from: &Position,
    builder: &mut PageBuilder,
    mut decide: impl FnMut(String) -> Result<Option<Match>, StoreError>,
) -> Result<(), CallError<SearchError>> {
    let passed = match from {
        Position::Start => 0,
        Position::Count(count) => *count,
        Position::Id(_) | Position::Reached(_) => return Err(SearchError::Token.into()),
    };
    for (index, name) in names.into_iter().enumerate().skip(passed) {
        if builder.look(Position::Count(index + 1), || decide(name))?.is_break() {
            break;
        }
    }
    Ok(())
}

/// The actions that can be asked about, in the order of their names.
pub(super) fn actions(rules: &Bundle) -> Vec<String> {
    rules.vocabulary().actions("").map(|(name, _)| name.to_owned()).collect()
}
