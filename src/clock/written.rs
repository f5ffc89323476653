//! A time as somebody wrote it.
//!
//! Times end a little before the year 9999 does, so that each has a local one everywhere. Many write the last second of
//! that year for "never"; it is taken as the latest time there is.

use std::str::FromStr;

use jiff::fmt::temporal::Pieces;
use jiff::{SignedDuration, Span, SpanRelativeTo, civil};
use serde::{Deserialize, Deserializer};

use super::Timestamp;

/// The latest time that can be named, as it is written.
pub const LATEST: &str = "9999-12-30T22:00:00.999Z";
/// What is written for a time that never comes.
pub const NEVER: &str = "9999-12-31T23:59:59Z";

/// Why a text is no time here.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TimeError {
    /// It is after the latest time that can be named.
    #[error(
        "`{0}` is later than `{LATEST}`, the latest time that can be named; give an earlier one, or `{NEVER}` for never"
    )]
    TooLate(String),
    /// It is no time.
    #[error(
        "`{0}` is not a time; write one as `2026-11-22T10:00:00Z`, at the latest `{LATEST}`, or `{NEVER}` for never"
    )]
    NotATime(String),
    /// It is no length of time, or one of nothing.
    #[error("`{0}` is not an age; write one longer than nothing, for example `90d`, `12h` or `5m` (minutes)")]
    NotAnAge(String),
}

/// How long ago something is, or for how long it holds, for example `90d`: longer than nothing, of days with 24 hours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Age(pub SignedDuration);

impl FromStr for Age {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let span: Option<Span> = text.parse().ok();
        let age = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
        age.filter(SignedDuration::is_positive).map(Self).ok_or_else(|| TimeError::NotAnAge(text.to_owned()))
    }
}

/// A time that was read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Written(Timestamp);

impl From<Written> for Timestamp {
    fn from(written: Written) -> Self {
        written.0
    }
}

impl FromStr for Written {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        if let Ok(time) = text.parse() {
            return Ok(Self(time));
        }
        let Ok(pieces) = Pieces::parse(text) else { return Err(TimeError::NotATime(text.to_owned())) };
        let (date, time) = (pieces.date(), pieces.time());
        // Without an offset it is no moment.
        if pieces.offset().is_none() || date < civil::date(9999, 12, 30) {
            return Err(TimeError::NotATime(text.to_owned()));
        }
        let is_last_second = time.is_some_and(|time| (time.hour(), time.minute(), time.second()) == (23, 59, 59));
        if date == civil::Date::MAX && is_last_second {
            return LATEST.parse().map(Self).map_err(|_| TimeError::NotATime(text.to_owned()));
        }
        Err(TimeError::TooLate(text.to_owned()))
    }
}

/// Reads an optional time of a JSON body; for `#[serde(default, deserialize_with)]`.
///
/// # Errors
/// A [`TimeError`] in the words of the deserializer.
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map(|Written(time)| time).map_err(serde::de::Error::custom)).transpose()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::{Age, LATEST, TimeError, Written};
    use crate::clock::{Timestamp, to_millisecond};

    #[test]
    fn an_age_is_longer_than_nothing_and_its_letters_mean_what_is_said_of_them() {
        let read = |text: &str| text.parse().map(|Age(age)| age);
        for (text, seconds) in [("90d", 90 * 86_400), ("12h", 43_200), ("5m", 300), ("1d 12h", 129_600)] {
            assert_eq!(read(text), Ok(SignedDuration::from_secs(seconds)), "{text}");
        }
        for none in ["0d", "-1d", "3", "", "1mo", "soon"] {
            assert_eq!(read(none), Err(TimeError::NotAnAge(none.to_owned())), "{none}");
        }
    }

    #[test]
    fn never_is_the_latest_time_and_what_lies_between_is_refused_by_its_name() {
        let read = |text: &str| text.parse::<Written>().map(Timestamp::from);
        let latest = to_millisecond(Timestamp::MAX);
        assert_eq!(latest.to_string(), LATEST);
        for never in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z", "9999-12-31t23:59:59+08:00", LATEST] {
            assert_eq!(read(never), Ok(latest), "{never}");
        }
        for late in ["9999-12-31T23:59:58Z", "9999-12-31T00:00:00Z", "9999-12-30T22:00:01Z"] {
            assert_eq!(read(late), Err(TimeError::TooLate(late.to_owned())), "{late}");
        }
        for none in ["never", "", "2026-01-01", "9999-12-31T23:59:59", "10000-01-01T00:00:00Z", "2026-13-01T00:00:00Z"]
        {
            assert_eq!(read(none), Err(TimeError::NotATime(none.to_owned())), "{none}");
        }
        assert!(read("2026-11-22T10:00:00+08:00").is_ok());
    }
}
