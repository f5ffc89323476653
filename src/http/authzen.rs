//! The AuthZEN Authorization API 1.0: one question, many, and where to ask.
//!
//! `subject` and `resource` become Cedar's principal and resource, `action.name` its action, `context` its context.
//! Rules see `action.properties` as `context.action`, and nothing else under that name. `properties` of an entity are
//! read in a world of its own alone, as `decide/world/claims.rs` says.

mod answers;
mod options;
pub(super) mod search;
pub(super) mod interop;
mod wire;
mod question;
#[cfg(any(test, fuzzing))]
pub(super) mod agreement;

pub(super) use answers::{Evaluation, EvaluationsAnswer, SearchAnswer};
pub(super) use options::Asking;

use serde::Serialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::http::header::{CACHE_CONTROL, HeaderValue};
use warp::reply::Response;

use super::problem::Problem;
use super::request::Request;
use super::response::json_reply;
use crate::answer;
use crate::answer::past::ReadOptions;
use crate::question::Question;
use answers::{Evaluations, decided};
use options::read_options;
use wire::Asked;

/// Where questions are asked.
pub(super) const EVALUATIONS: [&str; 2] = ["/access/v1/evaluation", "/access/v1/evaluations"];

pub(super) async fn evaluation(mut request: Request) -> Result<Response, Problem> {
    let read_options = read_options(&mut request)?;
    let text = request.json_text().await?;
    let question = match question::plain(&text, &request.pdp.limits()) {
        Some(question) => question,
        None => wire::question(&wire::object(request.read_json(&text)?)?).map_err(wire::incomplete)?,
    };
    single(&request, question, &read_options).await
}

pub(super) async fn evaluations(mut request: Request) -> Result<Response, Problem> {
    let read_options = read_options(&mut request)?;
    let text = request.json_text().await?;
    let asked = match question::plain_batch(&text, &request.pdp.limits()) {
        Some(asked) => asked,
        None => wire::asked(&wire::object(request.read_json(&text)?)?, request.pdp.limits().evaluations)?,
    };
    drop(text);
    let batch = match asked {
        Asked::One(question) => return single(&request, *question, &read_options).await,
        Asked::Many(batch) => batch,
    };
    let answered = answer::batch::ask_all(&request.pdp, &request.call, batch, &read_options).await?;
    let is_hypothetical = answered.value.iter().flatten().any(|answer| answer.is_hypothetical);
    decided(
        &answered,
        &EvaluationsAnswer::Many(Evaluations::of(&answered.value, read_options.explain)),
        is_hypothetical,
    )
}

async fn single(request: &Request, question: Question, read_options: &ReadOptions) -> Result<Response, Problem> {
    let answered = answer::ask::ask(&request.pdp, &request.call, question, read_options).await?;
    decided(&answered, &EvaluationsAnswer::Single(Evaluation::of(&answered.value)), answered.value.is_hypothetical)
}

/// Where to ask.
#[derive(Serialize, ToSchema)]
pub(super) struct Configuration {
    policy_decision_point: String,
    access_evaluation_endpoint: String,
    access_evaluations_endpoint: String,
    search_subject_endpoint: String,
    search_resource_endpoint: String,
    search_action_endpoint: String,
}

pub(super) async fn configuration(request: Request) -> Result<Response, Problem> {
    let base = request.pdp.public_url();
    let body = Configuration {
        policy_decision_point: base.to_owned(),
        access_evaluation_endpoint: format!("{base}/access/v1/evaluation"),
        access_evaluations_endpoint: format!("{base}/access/v1/evaluations"),
        search_subject_endpoint: format!("{base}/access/v1/search/subject"),
        search_resource_endpoint: format!("{base}/access/v1/search/resource"),
        search_action_endpoint: format!("{base}/access/v1/search/action"),
    };
    let mut response = json_reply(StatusCode::OK, &body)?;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    Ok(response)
}
