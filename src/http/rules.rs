//! The rules: what is and was in force, what is proposed, and how others come in force.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
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
use super::problem::Problem;
use super::request::{Request, STANDING_REVISION, changed, page_body, recorded, told, with_header};
use crate::answer::what_if::Named;
use crate::clock::Timestamp;
use crate::pdp::Pdp;
use crate::publish;
use crate::publish::approval::Approving;
use crate::publish::difference::{Subjects, Turn};
use crate::publish::proposal::{BegunReview, Proposing};
use crate::publish::review::Telling;
use crate::publish::rollback::{RolledBack, RollingBack};

/// By which rules something is decided.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Rules {
    /// The digest of the rules to decide by, `current`, or `then`.
    #[param(example = "current")]
    pub(super) rules: Option<String>,
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
    files: BTreeMap<String, String>,
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

/// Which rules to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RollbackBody {
    /// The digest of rules that were in force before, or its beginning.
    to: String,
    /// What is said with it, for the history.
    comment: Option<String>,
}

pub(super) async fn status(x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let status = publish::report::rules_status(&x.pdp, &x.call).await?;
    told(&status, &with_names(&x.pdp, &status.value)?)
}

pub(super) async fn kept(x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let kept = publish::report::rules_with(&x.pdp, &x.call, x.param_text("digest")).await?;
    told(&kept, &with_names(&x.pdp, &kept.value)?)
}

pub(super) async fn history(mut x: Request) -> Result<Response, Problem> {
    let (limit, cursor) = x.paging()?;
    x.no_more_query()?;
    let page = publish::report::rules_history(&x.pdp, &x.call, limit, cursor.as_deref()).await?;
    told(&page, &with_names(&x.pdp, &page_body("history", &page.value)?)?)
}

pub(super) async fn review(mut x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let form = chosen(&x.headers, &[JSON, NDJSON])?;
    let ReviewBody { files } = x.rules_body().await?;
    if form == NDJSON {
        let begun = publish::proposal::begin_review(&x.pdp, &x.call, files).await?;
        let lines = review_lines(Arc::clone(&x.pdp), begun.value);
        return Ok(recorded(with_header(lines, STANDING_REVISION, begun.revision), &begun.seqs));
    }
    let evidence = publish::proposal::review(&x.pdp, &x.call, files).await?;
    told(&evidence, &evidence.value)
}

/// How many lines may wait for whoever reads them; then the comparison waits too.
const LINES_WAITING: usize = 1_024;

/// A review in lines: how far it is, each answer that turns, and at last the evidence.
fn review_lines(pdp: Arc<Pdp>, begun: BegunReview) -> Response {
    let (lines, waiting) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(LINES_WAITING);
    let line = |value: Value| Bytes::from(format!("{value}\n"));
    let (progress, turned) = (lines.clone(), lines.clone());
    let said = move |to: &Sender<_>, value: Value| match to.blocking_send(Ok(line(value))) {
        Ok(()) => ControlFlow::Continue(()),
        // Nobody reads any more.
        Err(_) => ControlFlow::Break(()),
    };
    let telling = Telling {
        progress: Box::new(move |at| said(&progress, json!({ "progress": { "done": at.done, "of": at.all } }))),
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
        let last = match publish::proposal::review_telling(&pdp, begun, telling).await {
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

pub(super) async fn propose(mut x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let ProposalBody { files, title, why, activate_at } = x.rules_body().await?;
    let proposed = publish::proposal::propose(&x.pdp, &x.call, Proposing { files, title, why, activate_at }).await?;
    changed(StatusCode::CREATED, &proposed, &with_names(&x.pdp, &proposed.value)?)
}

pub(super) async fn proposals(mut x: Request) -> Result<Response, Problem> {
    let (limit, cursor) = x.paging()?;
    x.no_more_query()?;
    let page = publish::proposal::proposals(&x.pdp, &x.call, limit, cursor.as_deref()).await?;
    told(&page, &with_names(&x.pdp, &page_body("proposals", &page.value)?)?)
}

pub(super) async fn proposal(x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let proposal = publish::proposal::proposal(&x.pdp, &x.call, id(&x)?).await?;
    told(&proposal, &with_names(&x.pdp, &proposal.value)?)
}

pub(super) async fn withdraw(mut x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let id = id(&x)?;
    x.note_idempotency(&[])?;
    let withdrawn = publish::proposal::withdraw(&x.pdp, &x.call, id).await?;
    changed(StatusCode::OK, &withdrawn, &with_names(&x.pdp, &withdrawn.value)?)
}

pub(super) async fn approve(mut x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let id = id(&x)?;
    let ApprovalBody { unproved, activate_at, base, comment } = x.body_or_none().await?;
    let approved =
        publish::approval::approve(&x.pdp, &x.call, id, Approving { unproved, activate_at, base, comment }).await?;
    changed(StatusCode::OK, &approved, &with_names(&x.pdp, &approved.value)?)
}

pub(super) async fn roll_back(mut x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let RollbackBody { to, comment } = x.body().await?;
    let went = publish::rollback::roll_back(&x.pdp, &x.call, RollingBack { to, comment }).await?;
    let status = match &went.value {
        RolledBack::InForce(_) => StatusCode::OK,
        RolledBack::Proposed(_) => StatusCode::CREATED,
    };
    changed(status, &went, &with_names(&x.pdp, &went.value)?)
}

fn id(x: &Request) -> Result<u64, Problem> {
    let text = x.param_text("proposal");
    text.parse().map_err(|_| Problem::bad("invalid_id", format!("`{text}` is no proposal; its number is 1 or more")))
}
