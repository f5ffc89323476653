//! Times that come in with a fact: what is said to be so now became so at a time that has come.

use crate::clock::Timestamp;

/// Why the times of a fact are not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// It is said to be so since a time that has not come.
    #[error("`{member}` `{time}` has not come yet, it is `{now}`; give the time at which it came to be so")]
    NotYet {
        /// The member.
        member: &'static str,
        /// Its time.
        time: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// It is said to have happened before what it followed.
    #[error("`{member}` `{time}` is before `{former}` `{since}`; give a time that is not before it")]
    Before {
        /// The member.
        member: &'static str,
        /// Its time.
        time: Timestamp,
        /// The member whose time comes first.
        former: &'static str,
        /// That time.
        since: Timestamp,
    },
    /// It has ended, and nothing says when.
    #[error("`until` is missing where `delegatedAdministrator` is `false`; give the time at which it ended")]
    NoEnd,
    /// It has ended, and its end has not come.
    #[error(
        "`until` `{until}` has not come yet, it is `{now}`, and `delegatedAdministrator` is `false`; give the time at which it ended"
    )]
    EndNotYet {
        /// Its end.
        until: Timestamp,
        /// Now.
        now: Timestamp,
    },
}

/// Checks that a time has come.
pub(super) fn has_come(member: &'static str, time: Timestamp, now: Timestamp) -> Result<(), TimeError> {
    if time > now { Err(TimeError::NotYet { member, time, now }) } else { Ok(()) }
}

/// Checks that a time is not before the one of what it followed.
pub(super) fn not_before(
    member: &'static str,
    time: Timestamp,
    former: &'static str,
    since: Timestamp,
) -> Result<(), TimeError> {
    if time < since { Err(TimeError::Before { member, time, former, since }) } else { Ok(()) }
}
