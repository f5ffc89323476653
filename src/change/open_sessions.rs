//! The sessions of others, for whoever runs the service: which are open, and their end.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sessions::{hand, is_over, put_end};
use crate::caller::{Caller, Person};
use crate::clock::Timestamp;
use crate::id::{SessionId, TokenId};
use crate::pdp::Pdp;
use crate::pdp::call::{self, Call, CallError, CallTarget, Coded, Committed, Done, Response};
use crate::store::{MetadataChanges, Session, StoreError};

/// An open session as it is listed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionSummary {
    /// Its public name.
    #[schema(value_type = String)]
    pub id: SessionId,
    /// Whom it speaks for.
    pub caller: String,
    /// What people call whom it speaks for.
    pub name: String,
    /// Who says who the person is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Who the person is, as that issuer names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The token it began with, and dies with.
    #[schema(value_type = Option<String>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub begun: Timestamp,
    /// When it was ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// The sessions that are open, and those of which nobody can say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenSessions {
    /// Those that are open, oldest first.
    pub sessions: Vec<SessionSummary>,
    /// The public names of those that were altered on disk: they open nothing.
    pub altered: Vec<String>,
}

/// Which sessions of a person were ended.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct EndedSessions {
    /// Their public names.
    #[schema(value_type = Vec<String>)]
    pub ended: Vec<SessionId>,
}

/// Why a session cannot be ended.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// There is no such session.
    #[error("there is no session `{0}`; list the sessions for their ids")]
    Unknown(SessionId),
}

impl Coded for EndError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_session",
        }
    }
}

fn summary(session: &Session) -> SessionSummary {
    let Session { id, caller, person, name, token, begun, ended, .. } = session.clone();
    let (issuer, subject) = person.map(|person| (person.issuer, person.subject)).unzip();
    SessionSummary { id, caller: caller.to_string(), name, issuer, subject, token, begun, ended }
}

/// Lists the sessions that are open, oldest first, and names those that were altered on disk.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not list sessions.
pub async fn open_sessions(pdp: &Pdp, call: &Call) -> Result<Response<OpenSessions>, CallError<EndError>> {
    call::read(pdp, call, "listSessions", &CallTarget::Installation, |_, _| {
        let (known, altered) = pdp.store.sessions()?;
        let mut sessions = Vec::new();
        for session in known {
            if !is_over(pdp, &session, pdp.settings.sessions)? {
                sessions.push(summary(&session));
            }
        }
        sessions.sort_by(|one, other| (one.begun, &one.id).cmp(&(other.begun, &other.id)));
        Ok(OpenSessions { sessions, altered })
    })
    .await
}

/// Ends a session of somebody; one that was ended stays so.
///
/// # Errors
/// [`EndError::Unknown`]; [`CallError::Denied`] when the caller may not end sessions.
pub async fn end_session_of(
    pdp: &Pdp,
    call: &Call,
    id: &SessionId,
) -> Result<Committed<SessionSummary>, CallError<EndError>> {
    let mut call = call.clone();
    call.said.insert("session".to_owned(), id.as_str().into());
    let id = id.clone();
    call::change(pdp, &call, "endSession", CallTarget::Installation, move |context, _| {
        let session = context.session(&id)?.ok_or_else(|| EndError::Unknown(id.clone()))?;
        let mut metadata = MetadataChanges::default();
        let session = put_end(context, &mut metadata, session)?;
        Ok(Done::metadata(metadata, summary(&session)))
    })
    .await
}

/// Ends every session of a person. One that was altered on disk opens nothing and cannot be ended: it is not among those
/// that were, and stays among the person's, so that ending them again finds it if it is put back. Nor does anything begin
/// that the person signed in for before.
///
/// # Errors
/// [`CallError::Denied`] when the caller may not end sessions.
pub async fn end_sessions_of(
    pdp: &Pdp,
    call: &Call,
    person: Person,
) -> Result<Committed<EndedSessions>, CallError<EndError>> {
    let mut call = call.clone();
    call.said.insert("issuer".to_owned(), person.issuer.as_str().into());
    call.said.insert("subject".to_owned(), person.subject.as_str().into());
    call::change(pdp, &call, "endSession", CallTarget::Installation, move |context, _| {
        let mut metadata = MetadataChanges::default();
        let hand = hand(&Caller::Visitor, Some(&person));
        let (mut ended, mut left) = (Vec::new(), Vec::new());
        for id in context.open_sessions(&hand)? {
            match context.session(&id) {
                Ok(Some(session)) => {
                    metadata.put_session(&Session { ended: Some(context.at), ..session })?;
                    ended.push(id);
                }
                Ok(None) | Err(StoreError::Altered(_)) => left.push(id),
                Err(error) => return Err(error.into()),
            }
        }
        metadata.put_sessions_ended(&hand, context.at)?;
        if !ended.is_empty() {
            metadata.put_open_sessions(&hand, &left)?;
        }
        Ok(Done::metadata(metadata, EndedSessions { ended }))
    })
    .await
}
