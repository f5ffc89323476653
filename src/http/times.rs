//! Times as callers say them: to the second, or as a day.
//!
//! A day without a time (`2026-11-01`) is a day in UTC. Where a span begins it stands for its first moment, where a
//! span ends for its end; what is asked about as of a day is asked as of its end, or of now while it lasts.

use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Problem;
use super::query::invalid;
use crate::answer::past::AsOf;
use crate::clock::{self, Timestamp, Written};
use crate::id::Revision;

/// How a day is written: nothing more and nothing less.
const DAY_LENGTH: usize = "2026-11-01".len();
const MILLISECOND: SignedDuration = SignedDuration::from_millis(1);

/// What is neither a time nor a day.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}; a day in UTC is written `2026-11-01`")]
pub(super) struct TimeError(#[from] clock::TimeError);

/// Where a span begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Begin(pub(super) Timestamp);

/// Where a span ends: the moment before which everything is in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct End(pub(super) Timestamp);

impl FromStr for Begin {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        match day(text) {
            Some(day) => first_moment(day).map(Self).ok_or_else(|| clock::TimeError::TooLate(text.to_owned()).into()),
            None => Ok(Self(text.parse::<Written>()?.into())),
        }
    }
}

impl FromStr for End {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        match day(text) {
            Some(day) => Ok(Self(after(day))),
            None => Ok(Self(text.parse::<Written>()?.into())),
        }
    }
}

/// The moment that is asked about.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Past {
    /// A moment in the past: an RFC 3339 time, a day (its end, in UTC) or a revision.
    #[param(example = "2026-01-01T00:00:00Z")]
    as_of: Option<String>,
}

impl Past {
    /// The moment; none for now.
    ///
    /// # Errors
    /// 400 `invalid_parameter`.
    pub(super) fn moment(&self, now: Timestamp) -> Result<Option<AsOf>, Problem> {
        self.as_of.as_deref().map(|text| moment(text, now)).transpose()
    }
}

/// The moment where a span begins, as it is written: a time, or a day; nothing for what is neither.
pub(crate) fn span_begin(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(|Begin(begin)| begin)
}

/// The moment where a span ends, as it is written: a time, or a day, which it ends with; nothing for what is neither.
pub(crate) fn span_end(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(|End(end)| end)
}

/// A moment in the past: a revision, a time, or a day.
///
/// # Errors
/// 400 `invalid_parameter`.
pub(crate) fn moment(text: &str, now: Timestamp) -> Result<AsOf, Problem> {
    if let Ok(revision) = text.parse::<Revision>() {
        return Ok(AsOf::Revision(revision));
    }
    if let Some(day) = day(text) {
        let last = after(day).checked_sub(MILLISECOND).unwrap_or(Timestamp::MAX);
        let has_begun = first_moment(day).is_some_and(|begin| begin <= now);
        return Ok(AsOf::Time(if has_begun { last.min(now) } else { last }));
    }
    let time = text.parse::<Written>().map(|time| AsOf::Time(time.into()));
    time.map_err(|error| invalid("as_of", text, &format!("it is no revision; {}", TimeError(error))))
}

fn day(text: &str) -> Option<Date> {
    let is_plain = text.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if text.len() == DAY_LENGTH && is_plain { text.parse().ok() } else { None }
}

fn first_moment(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|begin| begin.timestamp())
}

/// The first moment after a day; the last one there is after the last day.
fn after(day: Date) -> Timestamp {
    day.tomorrow().ok().and_then(first_moment).unwrap_or(Timestamp::MAX)
}
