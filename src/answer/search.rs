//! Search: which subjects, resources or actions make a question a yes.
//!
//! Whatever leads to a candidate, each one is decided as a single check of it would be, so a search and the checks
//! cannot disagree. A page is complete or says where to go on, and it looks at a bounded number of candidates; so it
//! may hold fewer results than asked for and still say that there are more.
//!
//! | search | order |
//! |---|---|
//! | subjects, and resources other than subscriptions | their ids; a service's by customer and then name |
//! | subscriptions | those the partner sold by id, then those it administers by customer, service and id; by id alone where the rules make it necessary to look through all |
//! | actions | their names |

mod digest;
mod asked;
mod target;
mod token;
mod page_builder;
mod filling;
mod candidates;
mod look;
mod again;
#[cfg(fuzzing)]
pub use token::read_any as read_any_page_token;

use crate::answer;
use crate::answer::as_decided::as_decided;
use crate::answer::ask::EvaluationContext;
use crate::answer::past::ReadOptions;
use crate::audit::{Record, Recorded, Results};
use crate::decide::{World, decide_in};
use crate::facts::Facts;
use crate::id::Revision;
use crate::pdp::Pdp;
use crate::pdp::call::{Call, CallError, Response};
use crate::policy::Bundle;
pub(crate) use again::Replayable;
pub use asked::PageProperties;
use asked::{QuestionDigest, asked_digest, question_digest};
use candidates::Domain;
use digest::digest;
use filling::{actions, look_through, page_of};
pub(crate) use look::{Looked, look_for_actions};
use page_builder::Match;
pub use target::{Found, Pager, Search, SearchError, SearchPage, SearchTarget};

/// Searches for what makes the question a yes.
///
/// What is not known, or no type or action at all, finds nothing.
///
/// # Errors
/// [`SearchError::Token`] for a token that this search did not give; otherwise as [`ask`](crate::answer::ask::ask).
pub async fn search(
    pdp: &Pdp,
    call: &Call,
    search: Search,
    options: &ReadOptions,
) -> Result<Response<SearchPage>, CallError<SearchError>> {
    let context = answer::ask::context(pdp, call, options).map_err(|error| error.map(SearchError::ReadOptions))?;
    let context = answer::ask::admitted(pdp, context).await?;
    let rules = answer::ask::digest_of(pdp, &context);
    let (mut page, record, revision) = found(pdp, &context, call, &search, options)?;
    page.is_hypothetical = context.is_hypothetical;
    call.spent.add(page.results.len() as u64 + 1, record.bytes.len() as u64);
    let written = pdp.store.append(vec![record]).await?;
    Ok(Response { value: page, revision, seqs: written.seqs, rules })
}

/// The page of a search, the record, and the revision.
fn found(
    pdp: &Pdp,
    context: &EvaluationContext,
    call: &Call,
    search: &Search,
    options: &ReadOptions,
) -> Result<(SearchPage, Recorded, Revision), CallError<SearchError>> {
    let explain = options.explain;
    let view = context.snapshot.view();
    let revision = view.revision();
    let declaring = pdp.rules.world.as_ref().map_or(&*context.rules, |world| &world.0);
    let question = search.target.filled("", &search.context);
    let asked = asked_digest(&question, options)?;
    let (question, claimed) = as_decided(answer::ask::world(pdp), declaring, question);
    let is_as_asked = asked == question_digest(&question)?;
    let (page, facts, rules, world) = match &pdp.rules.world {
        None => {
            let domain = Domain { rules: &context.rules, view, at: context.at, search, asked, explain };
            let (page, facts) = domain.page()?;
            (page, facts, context.rules.digest().clone(), None)
        }
        Some(world) => {
            let (rules, world) = world.as_ref();
            let page = page_of_world(rules, world, search, &asked, explain)?;
            let facts = Facts { revision, at: context.at, ..Facts::default() };
            (page, facts, rules.digest().clone(), Some(world.digest().to_owned()))
        }
    };
    let results = Results {
        kind: search.target.kind(),
        count: page.results.len(),
        sha256: page.sha256().map_err(crate::audit::RecordError::Unwritable)?,
        limit: search.page.as_ref().and_then(|page| page.limit),
        token: search.page.as_ref().and_then(|page| page.token.clone()),
        properties: search.page.as_ref().and_then(|page| page.properties).map(PageProperties::text),
        asked: (!is_as_asked).then(|| data_encoding::HEXLOWER.encode(&asked)),
    };
    let mut record = Record::of_search(call.caller.clone(), question, facts, rules, results);
    record.claimed = claimed;
    record.at = context.now;
    record.admitted.clone_from(&context.admitted);
    call.stamp(&mut record);
    record.world = world;
    Ok((page, pdp.store.recorded(record)?, revision))
}

/// A world is entirely in memory, so everything of the searched type is tried.
fn page_of_world(
    rules: &Bundle,
    world: &World,
    search: &Search,
    asked: &QuestionDigest,
    explain: bool,
) -> Result<SearchPage, CallError<SearchError>> {
    let names = match &search.target {
        SearchTarget::Subject { kind, .. } | SearchTarget::Resource { kind, .. } => world.ids(kind).to_vec(),
        SearchTarget::Action { .. } => actions(rules),
    };
    let list = digest::<32>(&[world.digest().as_bytes(), names.join("\n").as_bytes()]);
    page_of(search, asked, &list, explain, |from, builder| {
        look_through(names, from, builder, |name| {
            let decision = decide_in(rules, &search.target.filled(&name, &search.context), world);
            Ok(decision
                .is_allowed()
                .then(|| Match { found: search.target.found(name), decision: explain.then_some(decision) }))
        })
    })
}
