//! What is said to whoever does not prove who they are, or may act as nobody.

use std::time::Duration;

use warp::http::StatusCode;
use warp::http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};

use super::Problem;
use crate::trust::JwtError;

/// The code where no proof comes, or a wrong one.
const UNAUTHENTICATED: &str = "unauthenticated";
/// The codes of a right proof by which nobody is let in.
const NO_ROLE: &str = "no_role";
const SEVERAL_ROLES: &str = "several_roles";

impl Problem {
    pub(in super::super) fn unauthenticated() -> Self {
        let says = "no valid credentials came with the call; send an access token as `Authorization: Bearer`";
        Self::unproved(UNAUTHENTICATED, says.to_owned())
    }

    /// Whoever calls has to prove who they are, for a reason of its own.
    pub(super) fn unproved(code: &str, says: String) -> Self {
        let mut problem = Self::of(StatusCode::UNAUTHORIZED, code, says);
        problem.0.headers.push((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"standing\"")));
        let basic = HeaderValue::from_static("Basic realm=\"standing\", charset=\"UTF-8\"");
        problem.0.headers.push((WWW_AUTHENTICATE, basic));
        problem
    }

    /// So many wrong proofs came from one address that whoever sends them has to wait so long.
    pub(in super::super) fn too_many_wrong_proofs(wait: Duration) -> Self {
        let seconds = wait.as_secs() + 1;
        let mut problem = Self::of(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_wrong_credentials",
            format!("too many wrong credentials came from your address; send right ones, or wait {seconds} s"),
        );
        problem.0.headers.push((RETRY_AFTER, seconds.into()));
        problem
    }

    /// Did a right proof come, of somebody who may act as nobody here, or as several?
    pub(in super::super) fn is_roleless(&self) -> bool {
        [NO_ROLE, SEVERAL_ROLES].contains(&self.0.code.as_str())
    }

    pub(in super::super) fn is_unauthenticated(&self) -> bool {
        self.0.status == StatusCode::UNAUTHORIZED.as_u16()
    }
}

impl From<JwtError> for Problem {
    fn from(error: JwtError) -> Self {
        let forbidden = |code: &str, says: String| Self::of(StatusCode::FORBIDDEN, code, says);
        match error {
            JwtError::Wrong => Self::unauthenticated(),
            JwtError::NoRole(person) => forbidden(
                NO_ROLE,
                format!(
                    "`{person}` is known, and may act as nobody here: no `acts_as` of the settings fits its claims"
                ),
            ),
            JwtError::SeveralRoles(person) => forbidden(
                SEVERAL_ROLES,
                format!(
                    "`{person}` might act as several here, and a token cannot say which: several `acts_as` of the settings fit its claims"
                ),
            ),
        }
    }
}
