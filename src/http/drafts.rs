//! Drafts of rules: what is changed over a set that is kept, a file at a time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use super::conditions::noun_reply;
use super::names::with_names;
use super::problem::Problem;
use super::request::Request;
use super::response::{change_response, read_response, tagged};
use crate::id::{DraftId, Revision};
use crate::publish;
use crate::publish::draft_base::Rebasing;
use crate::publish::drafts::{DraftReport, PuttingDraft};

/// How a draft is begun, or what it is called from now on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DraftBody {
    /// What people call it; its id when nothing is said as it begins.
    name: Option<String>,
    /// The digest of the rules it changes, or its beginning; those in force when nothing is said as it begins.
    base: Option<String>,
}

/// The text of a file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DraftFileBody {
    /// The text; it is kept as it is, also where it is wrong.
    text: String,
}

/// Files of a draft that are written at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DraftFilesBody {
    /// Their texts by their paths, each kept as it is; the other files stay as they are.
    files: BTreeMap<String, String>,
}

/// Over which rules a draft is to stand.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DraftBaseBody {
    /// The digest of the rules, or its beginning; those in force when nothing is said.
    to: Option<String>,
    /// The paths of files that both sides changed at which the text of the draft stays.
    #[serde(default)]
    keep: Vec<String>,
    /// The paths of files that both sides changed at which the text of the rules is taken.
    #[serde(default)]
    take: Vec<String>,
}

/// Every draft.
#[derive(Serialize, ToSchema)]
pub(super) struct DraftList {
    /// The drafts in the order of their ids, without the texts of their files.
    drafts: Vec<DraftReport>,
    /// Is it all of them? It always is.
    complete: bool,
}

fn id(request: &Request) -> Result<DraftId, Problem> {
    request.param("draft")
}

pub(super) async fn list(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let drafts = publish::drafts::drafts(&request.pdp, &request.call).await?;
    let list = DraftList { drafts: drafts.value.clone(), complete: true };
    read_response(&drafts, &with_names(&request.pdp, &list)?)
}

pub(super) async fn get(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let found = publish::drafts::draft(&request.pdp, &request.call, &id(&request)?).await?;
    let version = Revision(found.value.version);
    noun_reply(request.known.as_ref(), &found, &with_names(&request.pdp, &found.value)?, version)
}

pub(super) async fn put(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id = id(&request)?;
    let DraftBody { name, base } = request.body_or_none().await?;
    let done = publish::drafts::put_draft(&request.pdp, &request.call, &id, PuttingDraft { name, base }).await?;
    let status = if done.value.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let response = change_response(status, &done, &with_names(&request.pdp, &done.value.draft)?)?;
    Ok(tagged(response, Revision(done.value.draft.version)))
}

pub(super) async fn delete(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id = id(&request)?;
    request.note_idempotency(&[])?;
    let deleted = publish::drafts::delete_draft(&request.pdp, &request.call, &id).await?;
    change_response(StatusCode::OK, &deleted, &with_names(&request.pdp, &deleted.value)?)
}

pub(super) async fn rebase(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id = id(&request)?;
    let DraftBaseBody { to, keep, take } = request.body_or_none().await?;
    let rebasing = Rebasing { to, keep, take };
    let done = publish::draft_base::rebase(&request.pdp, &request.call, &id, rebasing).await?;
    let response = change_response(StatusCode::OK, &done, &with_names(&request.pdp, &done.value)?)?;
    Ok(tagged(response, Revision(done.value.version)))
}

pub(super) async fn get_file(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let (id, path) = (id(&request)?, request.param_text("path"));
    let found = publish::draft_files::draft_file(&request.pdp, &request.call, &id, path).await?;
    noun_reply(request.known.as_ref(), &found, &found.value, Revision(found.value.version))
}

pub(super) async fn put_file(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let (id, path) = (id(&request)?, request.param_text("path").to_owned());
    let DraftFileBody { text } = request.rules_body().await?;
    let done = publish::draft_files::put_file(&request.pdp, &request.call, &id, &path, text).await?;
    let status = if done.value.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(tagged(change_response(status, &done, &done.value.file)?, Revision(done.value.file.version)))
}

pub(super) async fn put_files(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id = id(&request)?;
    let DraftFilesBody { files } = request.rules_body().await?;
    let done = publish::draft_files::put_files(&request.pdp, &request.call, &id, files).await?;
    let response = change_response(StatusCode::OK, &done, &with_names(&request.pdp, &done.value)?)?;
    Ok(tagged(response, Revision(done.value.version)))
}

pub(super) async fn delete_file(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let (id, path) = (id(&request)?, request.param_text("path").to_owned());
    request.note_idempotency(&[])?;
    let done = publish::draft_files::delete_file(&request.pdp, &request.call, &id, &path).await?;
    change_response(StatusCode::OK, &done, &done.value)
}

pub(super) async fn begin_review(mut request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let id = id(&request)?;
    request.note_idempotency(&[])?;
    let begun = publish::draft_review::begin_draft_review(&request.pdp, &request.call, &id).await?;
    change_response(StatusCode::ACCEPTED, &begun, &with_names(&request.pdp, &begun.value)?)
}

pub(super) async fn review(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let found = publish::draft_review::draft_review(&request.pdp, &request.call, &id(&request)?).await?;
    read_response(&found, &with_names(&request.pdp, &found.value)?)
}
