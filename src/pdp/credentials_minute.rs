//! The minute in which wrong credentials came: the first begins it, and those that follow are counted.

use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;

use crate::clock::Timestamp;
use crate::limits::WRONG_CREDENTIALS_WINDOW_SECONDS;

/// A minute in which wrong credentials came.
pub(super) struct Window {
    pub(super) began: Timestamp,
    /// How many came after the first, which has a record of its own.
    pub(super) counted: u64,
    pub(super) last: Timestamp,
}

/// The minute that goes on, if any does.
#[derive(Default)]
pub(crate) struct WrongCredentials(Mutex<Option<Window>>);

impl WrongCredentials {
    /// Records wrong credentials. The minute that is over, with how many it counted, and whether these are the
    /// first of a new one.
    pub(super) fn note(&self, now: Timestamp) -> (Option<Window>, bool) {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match window.as_mut().filter(|window| !window.is_over(now)) {
            Some(open) => {
                open.counted += 1;
                open.last = now;
                (None, false)
            }
            None => (window.replace(Window { began: now, counted: 0, last: now }), true),
        }
    }

    /// Ends the minute if it is over, or whatever it is with `all`.
    pub(super) fn end(&self, now: Timestamp, all: bool) -> Option<Window> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        window.take_if(|window| all || window.is_over(now))
    }
}

impl Window {
    fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.began) >= SignedDuration::from_secs(WRONG_CREDENTIALS_WINDOW_SECONDS)
    }
}
