//! Why a call fails, each with a stable code.

use std::convert::Infallible;

use crate::audit::RecordError;
use crate::id::Revision;
use crate::pdp::refusal::Denied;
use crate::store::StoreError;

/// A failed precondition, or an idempotency key used twice.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PreconditionError {
    /// The noun moved.
    #[error("it is at revision {found} and not at {}; read it again and decide anew", listed(asked))]
    Moved {
        /// The revisions asked for.
        asked: Vec<Revision>,
        /// The revision it is at.
        found: Revision,
    },
    /// The noun is not there.
    #[error("it is not there, and `If-Match` changes only what is; leave the header out to register it")]
    Absent,
    /// The noun is there.
    #[error("it is there, at revision {0}, and `If-None-Match: *` only creates; read it, or leave the header out")]
    Present(Revision),
    /// The key was used for another request.
    #[error("idempotency key `{0}` was used for another request; take a new key")]
    KeyReused(String),
    /// The session it was asked in ended before its turn came.
    #[error("the session it was asked in ended before its turn came; sign in and send it again if it is still wanted")]
    SessionEnded,
    /// The token or certificate it was asked with was revoked or expired before its turn came.
    #[error(
        "the token or certificate it was asked with ended before its turn came; send it again with another if it is still wanted"
    )]
    TokenEnded,
}

impl PreconditionError {
    /// The code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Moved { .. } | Self::Absent => "revision_moved",
            Self::Present(_) => "already_registered",
            Self::KeyReused(_) => "idempotency_key_reused",
            Self::SessionEnded => "session_ended",
            Self::TokenEnded => "token_ended",
        }
    }
}

fn listed(revisions: &[Revision]) -> String {
    revisions.iter().map(Revision::to_string).collect::<Vec<_>>().join(" or ")
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError<E> {
    /// The rules do not allow it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A precondition failed.
    #[error(transparent)]
    Precondition(#[from] PreconditionError),
    /// Its record cannot be written or the facts cannot be read, so there is no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was allowed and cannot be done.
    #[error("{0}")]
    Refused(E),
}

impl<E> CallError<E> {
    /// Maps the error of what was allowed and cannot be done.
    pub(crate) fn map<F>(self, other: impl FnOnce(E) -> F) -> CallError<F> {
        match self {
            Self::Denied(denied) => CallError::Denied(denied),
            Self::Precondition(error) => CallError::Precondition(error),
            Self::Store(error) => CallError::Store(error),
            Self::Refused(error) => CallError::Refused(other(error)),
        }
    }
}

impl<E: Coded> CallError<E> {
    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Denied(denied) => denied.reason.as_str(),
            Self::Precondition(error) => error.code(),
            Self::Store(_) => "unavailable",
            Self::Refused(error) => error.code(),
        }
    }
}

impl<E: Coded> From<E> for CallError<E> {
    fn from(error: E) -> Self {
        Self::Refused(error)
    }
}

impl<E> From<RecordError> for CallError<E> {
    fn from(error: RecordError) -> Self {
        Self::Store(StoreError::Unusable(error.to_string()))
    }
}

/// An error that has a stable code, for the record of why something allowed was not done.
pub trait Coded {
    /// The code.
    fn code(&self) -> &'static str;
    /// The evidence about refused rules, if the error is about them.
    fn evidence(&self) -> Option<serde_json::Value> {
        None
    }
}

/// Reading one noun is never refused.
impl Coded for Infallible {
    fn code(&self) -> &'static str {
        match *self {}
    }
}
