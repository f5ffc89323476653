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

mod again;
mod asked;
mod candidates;
mod look;
mod page_builder;
mod token;
#[cfg(fuzzing)]
pub use token::read_any as read_any_page_token;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::answer;
use crate::answer::as_decided::as_decided;
use crate::answer::ask::{AskError, EvaluationContext};
use crate::answer::past::ReadOptions;
use crate::audit::{Record, Recorded, Results, SearchKind};
use crate::decide::{Decision, World, decide_in};
use crate::facts::Facts;
use crate::id::Revision;
use crate::pdp::Pdp;
use crate::pdp::call::{Call, CallError, Coded, Response};
use crate::policy::Bundle;
use crate::question::{Action, Entity, Members, Question};
use crate::store::StoreError;
pub(crate) use again::Replayable;
pub use asked::PageProperties;
use asked::{QuestionDigest, asked_digest, question_digest};
use candidates::Domain;
pub(crate) use look::{Looked, look_for_actions};
use page_builder::{Match, PageBuilder};
use token::{Position, RequestedPage, SearchDigest, digest};

/// Which place of a question is open, and what stands in the others.
#[derive(Clone, PartialEq, Debug)]
pub enum SearchTarget {
    /// Which subjects of a type may do it?
    Subject {
        /// The type.
        kind: String,
        /// What they would do.
        action: Action,
        /// What they would do it to.
        resource: Entity,
    },
    /// To which resources of a type may it be done?
    Resource {
        /// Who would do it.
        subject: Entity,
        /// What they would do.
        action: Action,
        /// The type.
        kind: String,
    },
    /// Which actions may be done?
    Action {
        /// Who would do them.
        subject: Entity,
        /// What they would do them to.
        resource: Entity,
    },
}

impl SearchTarget {
    /// The question with this as the searched entity.
    fn filled(&self, with: &str, context: &Members) -> Question {
        let mut question = match self {
            Self::Subject { kind, action, resource } => {
                let mut question = Question::new(Entity::new(kind, with), "", resource.clone());
                question.action = action.clone();
                question
            }
            Self::Resource { subject, action, kind } => {
                let mut question = Question::new(subject.clone(), "", Entity::new(kind, with));
                question.action = action.clone();
                question
            }
            Self::Action { subject, resource } => Question::new(subject.clone(), with, resource.clone()),
        };
        question.context.clone_from(context);
        question
    }

    /// The result when this is the searched entity.
    fn found(&self, with: String) -> Found {
        match self {
            Self::Subject { kind, .. } | Self::Resource { kind, .. } => Found::Entity { kind: kind.clone(), id: with },
            Self::Action { .. } => Found::Action { name: with },
        }
    }

    fn kind(&self) -> SearchKind {
        match self {
            Self::Subject { .. } => SearchKind::Subject,
            Self::Resource { .. } => SearchKind::Resource,
            Self::Action { .. } => SearchKind::Action,
        }
    }
}

/// Which page of a search to show.
#[derive(Clone, PartialEq, Eq, Debug, Default, ToSchema)]
#[schema(as = SearchPageRequest)]
pub struct Pager {
    /// The token the page before gave; nothing for the first page.
    pub token: Option<String>,
    /// The most results it may hold; with a token, nothing for as many as before.
    pub limit: Option<usize>,
    /// What the caller said in `page.properties`; with a token, nothing for the same as before.
    #[schema(value_type = Option<Object>)]
    pub properties: Option<PageProperties>,
}

/// A search.
#[derive(Clone, PartialEq, Debug)]
pub struct Search {
    /// What is searched, and the other places of the question.
    pub target: SearchTarget,
    /// The circumstances.
    pub context: Members,
    /// Which page to show; nothing for everything at once.
    pub page: Option<Pager>,
}

/// Something that fills the hole of a search.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Found {
    /// A subject or a resource.
    #[schema(title = "Entity")]
    Entity {
        /// Its type.
        #[serde(rename = "type")]
        kind: String,
        /// Its id.
        id: String,
    },
    /// An action.
    #[schema(title = "Action")]
    Action {
        /// Its name.
        name: String,
    },
}

/// One page of what a search found.
#[derive(Clone, Debug)]
pub struct SearchPage {
    /// What is on it, in an order that stays.
    pub results: Vec<Found>,
    /// Where to go on; nothing when there is no more.
    pub next_token: Option<String>,
    /// How many there are in all, when the one page holds them.
    pub total: Option<usize>,
    /// What the rules said about each result, in their order, when that was asked for.
    pub decisions: Option<Vec<Decision>>,
    /// Was it decided by other rules than were in force at the moment it is about?
    pub is_hypothetical: bool,
}

impl SearchPage {
    /// The SHA-256 of the page as the record of a search has it.
    fn sha256(&self) -> Result<String, serde_json::Error> {
        #[derive(Serialize)]
        struct Page<'a> {
            next_token: &'a str,
            results: &'a [Found],
        }
        let page = Page { next_token: self.next_token.as_deref().unwrap_or_default(), results: &self.results };
        Ok(data_encoding::HEXLOWER.encode(&Sha256::digest(serde_json::to_vec(&page)?)))
    }
}

/// Why a search cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The token is none, or belongs to another search.
    #[error("`page.token` is not one that this search gave; repeat the search it was given for, or begin without one")]
    Token,
    /// The facts or rules asked for cannot be had.
    #[error(transparent)]
    ReadOptions(#[from] AskError),
}

impl Coded for SearchError {
    fn code(&self) -> &'static str {
        match self {
            Self::Token => "invalid_page_token",
            Self::ReadOptions(error) => error.code(),
        }
    }
}

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
fn page_of(
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
fn look_through(
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
fn actions(rules: &Bundle) -> Vec<String> {
    rules.vocabulary().actions("").map(|(name, _)| name.to_owned()).collect()
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
