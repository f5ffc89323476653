//! The problems of whoever reached a limit of what may be taken.

use std::time::Duration;

use warp::http::StatusCode;
use warp::http::header::{HeaderValue, RETRY_AFTER};

use super::Problem;

impl Problem {
    /// A limit of the caller is reached.
    pub(in super::super) fn quota_reached(setting: &str, retry_after: u64) -> Self {
        let message = format!(
            "the caller took as much as one may, which is `{setting}` in the `[limits]` of the settings; nothing was done, come back in {retry_after} s"
        );
        let mut problem = Self::of(StatusCode::TOO_MANY_REQUESTS, "quota_reached", message);
        problem.0.headers.push((RETRY_AFTER, retry_after.into()));
        problem
    }

    /// The disk has as little left as is kept for what is written last.
    pub(in super::super) fn disk_full() -> Self {
        let mut problem = Self::of(
            StatusCode::INSUFFICIENT_STORAGE,
            "disk_full",
            "the disk is nearly full, and every answer needs a record; nothing was done, make room and try again"
                .to_owned(),
        );
        problem.0.headers.push((RETRY_AFTER, HeaderValue::from_static("10")));
        problem
    }

    /// A long call was at work for as long as one may be.
    pub(in super::super) fn took_too_long(budget: Option<Duration>) -> Self {
        let mut problem = Self::of(
            StatusCode::SERVICE_UNAVAILABLE,
            "took_too_long",
            format!(
                "the call was at work for {} seconds, which is all that one may take, so there is no answer; ask for less at once, or have `long_seconds` in the `[limits]` of the settings raised",
                budget.unwrap_or_default().as_secs()
            ),
        );
        problem.0.headers.push((RETRY_AFTER, HeaderValue::from_static("1")));
        problem
    }
}
