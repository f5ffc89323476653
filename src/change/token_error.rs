//! Why an access token cannot be created, replaced, listed or revoked.

use crate::clock::Timestamp;
use crate::id::TokenId;
use crate::limits::TOKEN_OVERLAP_DAYS_MAX;
use crate::pdp::call::Coded;
use crate::random::RandomError;

/// Why a token cannot be created, replaced, listed or revoked.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is no token with that id.
    #[error("token `{0}` is not known; list the tokens for their ids")]
    Unknown(TokenId),
    /// The end is not in the future.
    #[error("`expires` `{expires}` has passed, it is `{now}`; give a later one or none")]
    Expired {
        /// The end.
        expires: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// It ended already.
    #[error("token `{0}` has ended, so nothing can follow it; create another")]
    Ended(TokenId),
    /// The two tokens would be good for longer beside each other than they may.
    #[error("`overlap` is at most {TOKEN_OVERLAP_DAYS_MAX} days and not less than nothing; give a shorter one")]
    Overlap,
    /// There is no such partner or customer to speak for.
    #[error("`{0}` is not known, so nobody can speak for it; register it first, or check the id")]
    UnknownSpeaker(String),
    /// A name or person that nobody could read in a list.
    #[error("`{member}` is 1 to {most} characters and no control characters; choose another")]
    Unreadable {
        /// `name` or `person`.
        member: &'static str,
        /// The most characters it may have.
        most: usize,
    },
    /// The system gives no random bytes.
    #[error(transparent)]
    NoRandomness(#[from] RandomError),
}

impl Coded for TokenError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "unknown_token",
            Self::Expired { .. } => "end_date_passed",
            Self::Ended(_) => "token_ended",
            Self::Overlap => "invalid_overlap",
            Self::UnknownSpeaker(_) => "unknown_speaker",
            Self::Unreadable { .. } => "invalid_name",
            Self::NoRandomness(_) => "no_randomness",
        }
    }
}
