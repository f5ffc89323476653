//! The only map from errors to statuses: problem details of RFC 9457 with a stable code.
//!
//! A new variant of an error does not compile until it has its status here and its code next to it.

mod codes;
mod proofs;
mod reached;

pub(super) use codes::ProblemCode;

use std::convert::Infallible;

use bytes::Bytes;
use serde::Serialize;
use warp::http::StatusCode;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use warp::reply::Response;

use crate::answer::ask::AskError;
use crate::answer::pages::PastError;
use crate::answer::search::SearchError;
use crate::answer::what_if::WhatIfError;
use crate::audit::ProofError;
use crate::change::acceptance::AcceptanceError;
use crate::change::import::ImportError;
use crate::change::open_sessions::EndError;
use crate::change::registration::{CustomerError, PartnerError, SubscriptionError};
use crate::change::relationship::{LinkError, RequestError};
use crate::change::removal::RemovalError;
use crate::change::renegotiation::RenegotiationError;
use crate::change::token_error::TokenError;
use crate::clock::OnceAMinute;
use crate::domain::invitation::LinkKeyError;
use crate::evidence::access_review::AccessReviewError;
use crate::evidence::changes::ChangesError;
use crate::evidence::ledger::LedgerError;
use crate::evidence::replay::ReplayError;
use crate::json::{JsonError, ShapeError};
use crate::pdp::call::{CallError, Coded, PreconditionError};
use crate::pdp::links::LinksError;
use crate::pdp::page::ListError;
use crate::publish::PublishError;
use crate::publish::draft_error::DraftError;
use crate::store::StoreError;

/// What is said while the store cannot be used, however many ask.
static UNAVAILABLE: OnceAMinute = OnceAMinute::new();

/// What went wrong, for the caller.
#[derive(Clone, Debug)]
pub struct Problem(Box<Details>);

/// The members of a problem, as RFC 9457 names them.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(super) struct Details {
    /// What kind of problem it is, as a URI.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// A stable code.
    #[schema(value_type = ProblemCode)]
    code: String,
    /// What went wrong and what to do next.
    detail: String,
    /// What is known of why: what was found in refused rules, or what a change was expected to do and would do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    evidence: Option<serde_json::Value>,
    #[serde(skip)]
    #[schema(ignore)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(super) fn of(status: StatusCode, code: impl Into<String>, detail: String) -> Self {
        let code = code.into();
        Self(Box::new(Details {
            kind: format!("urn:standing:problem:{code}"),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            code,
            detail,
            evidence: None,
            headers: Vec::new(),
        }))
    }

    pub(super) fn bad(code: &str, detail: String) -> Self {
        Self::of(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(super) fn not_found(code: &str, detail: String) -> Self {
        Self::of(StatusCode::NOT_FOUND, code, detail)
    }

    pub(super) fn internal() -> Self {
        Self::of(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong here; nothing was answered, and the log says more".to_owned(),
        )
    }

    pub(super) fn unavailable(error: &StoreError) -> Self {
        let mut problem = match error {
            StoreError::NotYet { .. } => Self::of(StatusCode::CONFLICT, "revision_not_reached", error.to_string()),
            StoreError::ClockJumped { .. } | StoreError::ClockAhead { .. } => {
                Self::of(StatusCode::SERVICE_UNAVAILABLE, "clock_disagrees", error.to_string())
            }
            // Nothing is wrong with the store.
            StoreError::Stopped(_) => Self::of(StatusCode::SERVICE_UNAVAILABLE, "took_too_long", error.to_string()),
            _ => {
                if let Some(earlier) = UNAVAILABLE.due() {
                    tracing::error!(%error, earlier, "the store cannot be used; said once a minute");
                }
                Self::of(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "the record of the answer cannot be written now, so there is no answer; try again".to_owned(),
                )
            }
        };
        problem.0.headers.push((RETRY_AFTER, HeaderValue::from_static("1")));
        problem
    }

    /// What is needed to answer cannot be used now, besides the store.
    pub(super) fn unusable(cause: &std::io::Error) -> Self {
        Self::unavailable(&StoreError::Unusable(cause.to_string()))
    }

    pub(super) fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = Response::new(Bytes::from(body).into());
        *response.status_mut() = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.0.headers {
            headers.append(name, value);
        }
        response
    }
}

impl From<JsonError> for Problem {
    fn from(error: JsonError) -> Self {
        Self::bad("invalid_json", error.to_string())
    }
}

impl From<ShapeError> for Problem {
    fn from(error: ShapeError) -> Self {
        Self::bad("invalid_body", error.to_string())
    }
}

/// An error that has a status.
pub(super) trait Status: Coded + std::fmt::Display {
    /// Every status it can have, for the document of this API.
    const STATUSES: &'static [StatusCode];

    fn status(&self) -> StatusCode;
}

impl<E: Status> From<CallError<E>> for Problem {
    fn from(error: CallError<E>) -> Self {
        match error {
            CallError::Denied(denied) => {
                Self::of(StatusCode::FORBIDDEN, denied.reason.as_str(), denied.message.clone())
            }
            CallError::Precondition(error) => {
                let status = match &error {
                    PreconditionError::Moved { .. } | PreconditionError::Absent | PreconditionError::Present(_) => {
                        StatusCode::PRECONDITION_FAILED
                    }
                    PreconditionError::KeyReused(_) => StatusCode::UNPROCESSABLE_ENTITY,
                    PreconditionError::SessionEnded | PreconditionError::TokenEnded => {
                        return Self::unproved(error.code(), error.to_string());
                    }
                };
                Self::of(status, error.code(), error.to_string())
            }
            CallError::Store(error) => Self::unavailable(&error),
            CallError::Refused(error) => {
                let mut problem = Self::of(error.status(), error.code(), error.to_string());
                problem.0.evidence = error.evidence();
                problem
            }
        }
    }
}

macro_rules! statuses {
    ($($error:ident { $($($pattern:pat_param)|+ => $status:ident,)* })*) => {$(
        impl Status for $error {
            const STATUSES: &'static [StatusCode] = &[$(StatusCode::$status,)* StatusCode::SERVICE_UNAVAILABLE];

            fn status(&self) -> StatusCode {
                match self {
                    $($($pattern)|+ => StatusCode::$status,)*
                }
            }
        }
    )*};
}

statuses! {
    PartnerError {
        Self::Noun(_) => UNPROCESSABLE_ENTITY,
        Self::SecondTransacting { .. } | Self::HasSold { .. } => CONFLICT,
    }
    CustomerError {
        Self::Noun(_) => UNPROCESSABLE_ENTITY,
    }
    SubscriptionError {
        Self::Noun(_) | Self::UnknownCustomer(_) | Self::UnknownReseller(_) | Self::UnknownParent(_)
            | Self::ParentOfAnother { .. } | Self::ParentIsAddOn(_) | Self::DoesNotSell(_) => UNPROCESSABLE_ENTITY,
        Self::Fixed { .. } | Self::RelationshipEnded { .. } | Self::ParentNotActive { .. }
            | Self::StatusCannotBecome { .. } => CONFLICT,
        Self::NotItsSale(_) | Self::StatusNotItsOwn(_) => FORBIDDEN,
    }
    AcceptanceError {
        Self::UnknownCustomer(_) | Self::UnknownPartner(_) => NOT_FOUND,
        Self::NoService | Self::TooManyServices(_) | Self::EndPassed { .. } => UNPROCESSABLE_ENTITY,
        Self::Held { .. } | Self::TooManyAdministrators(_) => CONFLICT,
    }
    RemovalError {
        Self::UnknownCustomer(_) | Self::UnknownPartner { .. } | Self::UnknownService { .. } => NOT_FOUND,
        Self::NotAsExpected(_) => CONFLICT,
    }
    RenegotiationError {
        Self::NoRelationship { .. } => NOT_FOUND,
        Self::Impossible(_) | Self::NotAsExpected(_) => CONFLICT,
    }
    RequestError {
        Self::UnknownPartner(_) => NOT_FOUND,
        Self::Email(_) => UNPROCESSABLE_ENTITY,
    }
    ListError {
        Self::Cursor | Self::UnknownRules(_) | Self::Ambiguous(_) => BAD_REQUEST,
        Self::UnknownCustomer(_) | Self::UnknownPartner(_) => NOT_FOUND,
    }
    AskError {
        Self::Future { .. } | Self::UnknownRules(_) | Self::Ambiguous(_) | Self::NoHistory => BAD_REQUEST,
        Self::NotYet { .. } => CONFLICT,
        Self::TooMuch => PAYLOAD_TOO_LARGE,
    }
    ChangesError {
        Self::NotYet { .. } => CONFLICT,
    }
    ImportError {
        Self::Line { .. } => UNPROCESSABLE_ENTITY,
        Self::Unreadable { .. } => BAD_REQUEST,
    }
    WhatIfError {
        Self::Change { .. } | Self::TooManyChanges(_) | Self::TooManyFacts | Self::TooMuch => UNPROCESSABLE_ENTITY,
    }
    PublishError {
        Self::Ambiguous(_) => BAD_REQUEST,
        Self::UnknownProposal(_) | Self::UnknownRules(_) | Self::UnknownDraft(_) => NOT_FOUND,
        Self::SameIdentity { .. } | Self::SameHand { .. } | Self::Nobody { .. } | Self::PersonNeeded { .. } => FORBIDDEN,
        Self::File { .. } | Self::Text(_) | Self::Refused(_) | Self::Past { .. } => UNPROCESSABLE_ENTITY,
        Self::NothingUnproved => UNPROCESSABLE_ENTITY,
        Self::FromFiles | Self::NotProved(_) | Self::Closed { .. } | Self::Moved { .. } | Self::InForce(_)
            | Self::Scheduled(_) | Self::TooMany | Self::Lapsed { .. } | Self::Unloadable { .. } | Self::DraftChanged(_) => CONFLICT,
    }
    DraftError {
        Self::Ambiguous(_) => BAD_REQUEST,
        Self::Unknown(_) | Self::NoReview(_) | Self::UnknownFile { .. } | Self::UnknownRules(_) => NOT_FOUND,
        Self::File { .. } | Self::Name | Self::NoConflict(_) | Self::TooLarge => UNPROCESSABLE_ENTITY,
        Self::OtherBase { .. } | Self::TooMany | Self::TooManyEditors | Self::Conflicts(_) => CONFLICT,
    }
    ReplayError {
        Self::Unknown(_) => NOT_FOUND,
        Self::UnknownRules(_) | Self::Ambiguous(_) => BAD_REQUEST,
        Self::Candidate(_) => UNPROCESSABLE_ENTITY,
    }
    EndError {
        Self::Unknown(_) => NOT_FOUND,
    }
    TokenError {
        Self::Unknown(_) => NOT_FOUND,
        Self::Ended(_) => CONFLICT,
        Self::Expired { .. } | Self::Overlap | Self::UnknownSpeaker(_) | Self::Unreadable { .. } => UNPROCESSABLE_ENTITY,
        Self::NoRandomness(_) => SERVICE_UNAVAILABLE,
    }
}

impl Status for SearchError {
    const STATUSES: &'static [StatusCode] = &[
        StatusCode::BAD_REQUEST,
        StatusCode::CONFLICT,
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::SERVICE_UNAVAILABLE,
    ];

    fn status(&self) -> StatusCode {
        match self {
            Self::Token => StatusCode::BAD_REQUEST,
            Self::ReadOptions(error) => error.status(),
        }
    }
}

impl Status for PastError {
    const STATUSES: &'static [StatusCode] =
        &[StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::CONFLICT, StatusCode::SERVICE_UNAVAILABLE];

    fn status(&self) -> StatusCode {
        match self {
            Self::List(error) => error.status(),
            Self::Moment(error) => error.status(),
        }
    }
}

impl Status for AccessReviewError {
    const STATUSES: &'static [StatusCode] =
        &[StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::CONFLICT, StatusCode::SERVICE_UNAVAILABLE];

    fn status(&self) -> StatusCode {
        match self {
            Self::List(error) => error.status(),
            Self::Moment(error) => error.status(),
            Self::OtherTypes(_) => StatusCode::CONFLICT,
        }
    }
}

impl Status for LinkError {
    const STATUSES: &'static [StatusCode] = &[
        StatusCode::NOT_FOUND,
        StatusCode::FORBIDDEN,
        StatusCode::CONFLICT,
        StatusCode::UNPROCESSABLE_ENTITY,
        StatusCode::SERVICE_UNAVAILABLE,
    ];

    fn status(&self) -> StatusCode {
        match self {
            Self::Token(_) | Self::UnknownPartner => StatusCode::NOT_FOUND,
            Self::MayNotRequest(_) => StatusCode::FORBIDDEN,
            Self::Acceptance(error) => error.status(),
            Self::NotAsExpected(_) => StatusCode::CONFLICT,
        }
    }
}

impl Status for LedgerError {
    const STATUSES: &'static [StatusCode] =
        &[StatusCode::NOT_FOUND, StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE];

    fn status(&self) -> StatusCode {
        match self {
            Self::Proof(ProofError::Zero(_) | ProofError::Backwards { .. }) => StatusCode::BAD_REQUEST,
            Self::Proof(ProofError::NotIn { .. } | ProofError::Beyond { .. }) => StatusCode::NOT_FOUND,
            Self::Damaged(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Checkpoint(_) | Self::Absent(_) | Self::NoFolder | Self::Archive { .. } | Self::Unverified { .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }
}

impl Status for LinksError {
    const STATUSES: &'static [StatusCode] =
        &[StatusCode::SERVICE_UNAVAILABLE, StatusCode::NOT_FOUND, StatusCode::CONFLICT];

    fn status(&self) -> StatusCode {
        match self {
            Self::Unusable { .. } | Self::Unreadable { .. } | Self::NoRandomness(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Key(LinkKeyError::Unknown(_)) => StatusCode::NOT_FOUND,
            Self::Key(_) => StatusCode::CONFLICT,
        }
    }
}

/// Reading one noun fails only with its store.
impl Status for Infallible {
    const STATUSES: &'static [StatusCode] = &[StatusCode::SERVICE_UNAVAILABLE];

    fn status(&self) -> StatusCode {
        match *self {}
    }
}
