//! The rules: what is and was in force, what is proposed, and how others are activated.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::unfold;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::Sender;
use utoipa::{IntoParams, ToSchema};
use warp::http::StatusCode;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use warp::reply::{Reply as _, Response};

use super::accept::{JSON, NDJSON, chosen};
use super::names::with_names;
use super::page::page_body;
use super::problem::Problem;
use super::request::Request;
use super::response::{at_revision, change_response, read_response, recorded};
use crate::answer::what_if::Named;
use crate::clock::Timestamp;
use crate::id::DraftId;
use crate::pdp::Pdp;
use crate::publish;
use crate::publish::approval::Approving;
use crate::publish::difference::{Subjects, Turn};
use crate::publish::proposal::{BegunReview, Proposing};
use crate::publish::review::ReviewCallbacks;
use crate::publish::rollback::{RolledBack, RollingBack};
use crate::work::{Come, Counted, Owner, aside};

/// By which rules something is decided.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Rules {
    /// The digest of the rules to decide by, `current`, or `then`.
    #[param(example = "current")]
    pub(super) rules: Option<String>,
}

/// Which two sets of rules are compared.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Between {
    /// The digest of the rules that are compared with, or its beginning; needed.
    #[param(example = "7bf31cfa9bba")]
    from: Option<String>,
    /// The digest of the rules that are compared, or its beginning; needed.
    #[param(example = "21d477d241bd")]
    to: Option<String>,
}

/// A set of rules to review.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewBody {
    /// The whole set: texts by path, as in the folder of rules; without schemas they are those in force.
    files: BTreeMap<String, String>,
}

/// A set of rules that somebody wants in force.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ProposalBody {
    /// The whole set: texts by path, as in the folder of rules; without schemas they are those in force.
    files: Option<BTreeMap<String, String>>,
    /// The draft it is made of, instead of `files`.
    draft: Option<DraftId>,
    /// The version of the draft that is meant, so that nobody proposes what another saved meanwhile.
    version: Option<u64>,
    /// What it does, in a few words.
    title: Option<String>,
    /// Why it is wanted.
    why: Option<String>,
    /// When it is to come in force; at once when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, deserialize_with = "crate::clock::optional_time")]
    activate_at: Option<Timestamp>,
}

/// Somebody's yes to a proposal.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ApprovalBody {
    /// Why rules that are not proved are accepted without a proof.
    unproved: Option<String>,
    /// When they are to come in force, instead of when the proposal says.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, deserialize_with = "crate::clock::optional_time")]
    activate_at: Option<Timestamp>,
    /// The digest of the rules in force, when they are others than the proposal was made over.
    base: Option<String>,
    /// What is said with it, for the history.
    comment: Option<String>,
}

/// Somebody's no to a proposal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefusalBody {
    /// Why.
    why: String,
}

/// Which rules to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RollbackBody {
    /// The digest of rules that were in force before, or its beginning.
    to: String,
    /// What is said with it, for the history.
    comment: Option<String>,
}

pub(super) async fn status(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let status = publish::report::rules_status(&request.pdp, &request.call).await?;
    read_response(&status, &with_names(&request.pdp, &status.value)?)
}

pub(super) async fn kept(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let kept = publish::report::rules_with(&request.pdp, &request.call, request.param_text("digest")).await?;
    read_response(&kept, &with_names(&request.pdp, &kept.value)?)
}

pub(super) async fn history(mut request: Request) -> Result<Response, Problem> {
    let (limit, cursor) = request.paging()?;
    request.no_more_query()?;
    let page = publish::report::rules_history(&request.pdp, &request.call, limit, cursor.as_deref()).await?;
    read_response(&page, &with_names(&request.pdp, &page_body("history", &page.value)?)?)
}

pub(super) async fn review(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let form = chosen(&request.headers, &[JSON, NDJSON])?;
    let ReviewBody { files } = request.rules_body().await?;
    if form == NDJSON {
        let begun = publish::proposal::begin_review(&request.pdp, &request.call, files).await?;
        let lines = review_lines(Arc::clone(&request.pdp), begun.value);
        return Ok(recorded(at_revision(lines, begun.revision), &begun.seqs));
    }
    let evidence = publish::proposal::review(&request.pdp, &request.call, files).await?;
    read_response(&evidence, &evidence.value)
}

pub(super) async fn difference(mut request: Request) -> Result<Response, Problem> {
    let Between { from, to } = request.query()?;
    request.no_more_query()?;
    let needed = |name: &str, digest: Option<String>| {
        let missing = || format!("`{name}` is missing in the query; give the digest of rules, or its beginning");
        digest.ok_or_else(|| Problem::bad("missing_parameter", missing()))
    };
    let (from, to) = (needed("from", from)?, needed("to", to)?);
    let difference = publish::rules_difference::rules_difference(&request.pdp, &request.call, &from, &to).await?;
    read_response(&difference, &difference.value)
}

/// How many lines may wait for whoever reads them; then the comparison waits too.
const LINES_WAITING: usize = 1_024;

/// A review in lines: how many wait before it begins, how far it is, each answer that turns, and at last the evidence.
fn review_lines(pdp: Arc<Pdp>, begun: BegunReview) -> Response {
    let (lines, waiting) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(LINES_WAITING);
    let line = |value: Value| Bytes::from(format!("{value}\n"));
    let (by, turned) = (Owner::of_current(), lines.clone());
    let mut progress = by.progress().follow();
    // Others have the turn until somebody reads.
    let said = move |to: &Sender<_>, value: Value| match aside(|| to.blocking_send(Ok(line(value)))) {
        Ok(()) => ControlFlow::Continue(()),
        // Nobody reads any more.
        Err(_) => ControlFlow::Break(()),
    };
    let callbacks = ReviewCallbacks {
        by,
        turned: Box::new(move |found| {
            let turn = if found.turn == Turn::Gained { "gained" } else { "lost" };
            let one = |subject: &Named| {
                let (action, resource) = (found.action, found.resource);
                let mut line = json!({ turn: { "subject": subject, "action": action, "resource": resource } });
                if let Some(said) = found.said {
                    line[turn]["said"] = json!(said);
                }
                said(&turned, line)
            };
            match &found.subjects {
                Subjects::One(subject) => one(subject),
                Subjects::Others(others) => others.each().try_for_each(|subject| one(&subject)),
            }
        }),
    };
    tokio::spawn(async move {
        let mut reviewing = pin!(publish::proposal::review_with(&pdp, begun, callbacks));
        let reviewed = loop {
            tokio::select! {
                reviewed = &mut reviewing => break reviewed,
                // What nobody reads is not examined to its end.
                () = lines.closed() => return,
                Ok(()) = progress.changed() => {
                    let Come { what, done, of, .. } = *progress.borrow_and_update();
                    let says = match what {
                        Counted::Steps | Counted::Place => continue,
                        Counted::Examinations => json!({ "waiting": done }),
                        what => json!({ "progress": { "what": what, "done": done, "of": of } }),
                    };
                    // One that finds no room is followed by others.
                    let _ = lines.try_send(Ok(line(says)));
                }
            }
        };
        let last = match reviewed {
            Ok(evidence) => json!({ "evidence": evidence }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        // Whoever went away does not need it.
        let _ = lines.send(Ok(line(last))).await;
    });
    let body = unfold(waiting, |mut waiting| async move { Some((waiting.recv().await?, waiting)) });
    let mut response = warp::reply::stream(body).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(NDJSON));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(super) async fn propose(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let ProposalBody { files, draft, version, title, why, activate_at } = request.rules_body().await?;
    if files.is_some() == draft.is_some() {
        let message = "a proposal is of `files` or of a `draft`; send one of them";
        return Err(Problem::bad("invalid_body", message.to_owned()));
    }
    if version.is_some() && draft.is_none() {
        return Err(Problem::bad("invalid_body", "`version` is of a `draft`; send both".to_owned()));
    }
    let proposing = Proposing { files: files.unwrap_or_default(), draft, version, title, why, activate_at };
    let proposed = publish::proposal::propose(&request.pdp, &request.call, proposing).await?;
    change_response(StatusCode::CREATED, &proposed, &with_names(&request.pdp, &proposed.value)?)
}

pub(super) async fn proposals(mut request: Request) -> Result<Response, Problem> {
    let (limit, cursor) = request.paging()?;
    request.no_more_query()?;
    let page = publish::proposal::proposals(&request.pdp, &request.call, limit, cursor.as_deref()).await?;
    read_response(&page, &with_names(&request.pdp, &page_body("proposals", &page.value)?)?)
}

pub(super) async fn proposal(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let proposal = publish::proposal::proposal(&request.pdp, &request.call, id(&request)?).await?;
    read_response(&proposal, &with_names(&request.pdp, &proposal.value)?)
}

pub(super) async fn withdraw(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id = id(&request)?;
    request.note_idempotency(&[])?;
    let withdrawn = publish::proposal::withdraw(&request.pdp, &request.call, id).await?;
    change_response(StatusCode::OK, &withdrawn, &with_names(&request.pdp, &withdrawn.value)?)
}

pub(super) async fn approve(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id = id(&request)?;
    let ApprovalBody { unproved, activate_at, base, comment } = request.body_or_none().await?;
    let approved =
        publish::approval::approve(&request.pdp, &request.call, id, Approving { unproved, activate_at, base, comment })
            .await?;
    change_response(StatusCode::OK, &approved, &with_names(&request.pdp, &approved.value)?)
}

pub(super) async fn refuse(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id = id(&request)?;
    let RefusalBody { why } = request.body().await?;
    let refused = publish::refusal::refuse(&request.pdp, &request.call, id, why).await?;
    change_response(StatusCode::OK, &refused, &with_names(&request.pdp, &refused.value)?)
}

pub(super) async fn roll_back(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let RollbackBody { to, comment } = request.body().await?;
    let went = publish::rollback::roll_back(&request.pdp, &request.call, RollingBack { to, comment }).await?;
    let status = match &went.value {
        RolledBack::InForce(_) => StatusCode::OK,
        RolledBack::Proposed(_) => StatusCode::CREATED,
    };
    change_response(status, &went, &with_names(&request.pdp, &went.value)?)
}

fn id(request: &Request) -> Result<u64, Problem> {
    let text = request.param_text("proposal");
    text.parse().map_err(|_| Problem::bad("invalid_id", format!("`{text}` is no proposal; its number is 1 or more")))
}
