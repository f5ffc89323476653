//! Sessions of people on the pages, for whoever runs the service.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warp::http::StatusCode;
use warp::reply::Response;

use super::problem::Problem;
use super::request::{IDEMPOTENCY_KEY, Request};
use super::response::{change_response, read_response};
use crate::caller::Person;
use crate::change::open_sessions::{OpenSessions, SessionSummary, end_session_of, end_sessions_of, open_sessions};
use crate::id::SessionId;

/// Every open session, without its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionList {
    sessions: Vec<SessionSummary>,
    /// The ids of those that were altered on disk, of which nobody can say whose they are: they open nothing.
    altered: Vec<String>,
    /// Is it all of them? It is, but for those that were altered.
    complete: bool,
}

/// Whose sessions are ended.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Whose {
    /// Who says who it is: `standing` for a person of a token.
    issuer: Option<String>,
    /// Who it is, as that issuer names them.
    subject: Option<String>,
}

pub(super) async fn list(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    let open = open_sessions(&request.pdp, &request.call).await?;
    let OpenSessions { sessions, altered } = open.value.clone();
    let complete = altered.is_empty();
    read_response(&open, &SessionList { sessions, altered, complete })
}

pub(super) async fn end(request: Request) -> Result<Response, Problem> {
    request.no_more_query()?;
    request.takes_no(&[IDEMPOTENCY_KEY])?;
    let id: SessionId = request.param("session")?;
    let ended = end_session_of(&request.pdp, &request.call, &id).await?;
    change_response(StatusCode::OK, &ended, &ended.value)
}

pub(super) async fn end_of_person(mut request: Request) -> Result<Response, Problem> {
    let Whose { issuer, subject } = request.query()?;
    request.no_more_query()?;
    let missing =
        || Problem::bad("missing_parameter", "say whose sessions are ended by `issuer` and `subject`".to_owned());
    let (issuer, subject) = issuer.zip(subject).ok_or_else(missing)?;
    request.takes_no(&[IDEMPOTENCY_KEY])?;
    let ended = end_sessions_of(&request.pdp, &request.call, Person { issuer, subject }).await?;
    change_response(StatusCode::OK, &ended, &ended.value)
}
